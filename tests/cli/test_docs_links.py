"""What README and the guides link to exists: pages, their headings, files of this repository."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CARD = ROOT / "src/audio_reasoner/assets/nano/README.md"
GUIDES = sorted((ROOT / "docs").glob("*.md"))
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *GUIDES, *sorted((ROOT / "recipes").glob("*.md")), CARD]
LINK = re.compile(r"\]\(([^)\s]+)\)")
FILE = re.compile(r"(?:`|python |bash )((?:docs|benchmarks|recipes|tests)/[\w./-]+\.(?:md|py|sh|yaml|svg))")


def headings(text: str) -> set[str]:
    """The anchors of a page, as GitHub makes them."""
    lines = re.sub(r"```.*?```", "", text, flags=re.DOTALL).splitlines()
    titles = [line.lstrip("#").strip().lower() for line in lines if re.match(r"#+ ", line)]
    return {re.sub(r"[^\w\- ]", "", t).replace(" ", "-") for t in titles}


def dead(page: Path) -> list[str]:
    """Links and names of files on a page that lead nowhere."""
    text = page.read_text(encoding="utf-8")
    found = [f for f in FILE.findall(text) if not (ROOT / f).exists()]
    for link in LINK.findall(text):
        if link.startswith(("http://", "https://")):
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        if not target.exists() or (anchor and anchor not in headings(target.read_text(encoding="utf-8"))):
            found.append(link)
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda p: f"{p.parent.name}-{p.name}")
def test_nothing_on_a_page_leads_nowhere(page: Path) -> None:
    assert not dead(page)


def test_readme_leads_to_every_guide() -> None:
    linked = set(LINK.findall((ROOT / "README.md").read_text(encoding="utf-8")))
    assert [g.name for g in GUIDES if f"docs/{g.name}" not in linked] == []


def test_a_dead_link_is_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# One `thing`\n[a](#one-thing) [b](#two) [c](no.md)\n`python benchmarks/none.py`\n", encoding="utf-8"
    )
    assert dead(page) == ["benchmarks/none.py", "#two", "no.md"]
