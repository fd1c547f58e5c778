"""The figures that guide, README and card give of the bundled model are those of its `nano.json`."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from audio_reasoner.models import bundled

ROOT = Path(__file__).parents[2]
FACTS: dict[str, Any] = json.loads((bundled.path() / bundled.FACTS_NAME).read_text(encoding="utf-8"))
TYPES, ALL = FACTS["types"], FACTS["all"]
GUIDE = (ROOT / "docs/nano.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
CARD = (bundled.path() / "README.md").read_text(encoding="utf-8")


def cells(line: str) -> list[str]:
    return [c.strip().replace("*", "") for c in line.strip("|").split("|")]


def rows(page: str) -> dict[str, list[str]]:
    """The cells behind each question type, of the table that asks with options."""
    found = {}
    for line in page.split("## Real recordings")[0].splitlines():
        if line.startswith("| ") and (name := re.search(r"\(`(\w+)`\)", line)):
            found[name[1]] = cells(line)[1:]
    return found


def right(t: dict[str, float]) -> str:
    return f"{t['greedy']:.0f} ({t['low']:.0f} to {t['high']:.0f})"


def test_the_guide_has_every_type() -> None:
    told = {
        family: [
            str(t["n"]),
            f"{t['blind']:.0f}",
            right(t),
            f"{t['over']:+.0f}",
            *(f"{t[way]:.0f}" for way in ("open", "vote", "vote_greedy")),
        ]
        for family, t in TYPES.items()
    }
    assert rows(GUIDE) == told
    for line in GUIDE.splitlines():
        if name := re.search(r"^\| .*\(`(\w+)`\)", line):
            assert ("not advertised" in line) == (name[1] not in FACTS["advertised"])


def test_the_card_has_every_type() -> None:
    told = {
        family: [
            str(t["n"]),
            f"{t['blind']:.0f}",
            right(t),
            f"{t['open']:.0f}",
            f"{t['vote']:.0f} ({t['vote_greedy']:.0f})",
            f"{t['over']:+.0f}",
        ]
        for family, t in TYPES.items()
    }
    assert rows(CARD) == told


def test_readme_has_every_type() -> None:
    """Its table has two types to a line, named as in the guide."""
    names = {
        cells(line)[0].split(" (`")[0]: m[1]
        for line in GUIDE.splitlines()
        if (m := re.search(r"^\| .*\(`(\w+)`\)", line))
    }
    found = {}
    for line in README.splitlines():
        part = cells(line)
        if len(part) == 6 and part[0] in names:
            found |= {names[part[i]]: (part[i + 1], part[i + 2]) for i in (0, 3)}
    assert found == {family: (f"{t['greedy']:.0f} %", f"{t['blind']:.0f} %") for family, t in TYPES.items()}
    for family, t in TYPES.items():
        bold = f"**{t['greedy']:.0f} %**"
        name = next(n for n, f in names.items() if f == family)
        assert (re.search(rf"\| {re.escape(name)} \| {re.escape(bold)}", README) is not None) == (
            family in FACTS["advertised"]
        )


@pytest.mark.parametrize("page", [GUIDE, README, CARD], ids=["guide", "readme", "card"])
def test_what_is_said_of_all_questions(page: str) -> None:
    text = " ".join(page.split())
    digits = 0 if page is README else 1
    for figure in (ALL["greedy"], ALL["vote"], ALL["vote_greedy"]):
        assert f"{figure:.{digits}f} %" in text
    assert f"{ALL['vote_n']}" in text
    assert ALL["well_formed"] == ALL["well_formed_free"] == ALL["well_formed_vote"] == 100.0


def test_the_guide_tells_how_it_was_trained() -> None:
    text = " ".join(GUIDE.split())
    for part in FACTS["trainings"]:
        assert f"{part['steps']:,} steps" in text
        assert f"{part['samples_seen']:,} samples" in text
    assert f"{FACTS['parameters'] / 1e6:.2f} million weights" in text
    for at in FACTS["course"]:
        assert f"| {at['samples_seen']:,} | {at['right']:.0f} | {at['captions_exact']:.0f} |" in GUIDE
    for kind in ("real", "made"):
        asked = sum(t[kind]["n"] for t in FACTS["real"]["types"].values() if kind in t)
        assert f"{asked} questions" in text
        assert f"{FACTS['real'][f'{kind}_right']:.0f} %" in text
