"""Every command and every flag that README and the guides show exists."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest
import typer

from audio_reasoner.cli import app

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "recipes").glob("*.md"))]
SHOWN = re.compile(r"audio-reasoner ((?:[a-z][a-z0-9-]* ?){1,3})([^`#|]*)")
FLAG = re.compile(r"(?<![\w-])(--[a-z][a-z0-9-]+)")
COMMANDS = typer.main.get_command(app)


def _found(words: list[str]) -> click.Command | None:
    """The command that the words begin with, or None."""
    command = COMMANDS
    for word in words:
        children = getattr(command, "commands", None)
        if children is None:
            break
        if word not in children:
            return None
        command = children[word]
    return command


def _flags(command: click.Command) -> set[str]:
    return {"--help", *(o for p in command.params for o in (*p.opts, *p.secondary_opts))}


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_what_a_page_shows_exists(page: Path) -> None:
    missing = []
    # A command may go on in the next line.
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    for number, line in enumerate(text.split("\n"), start=1):
        if line.lstrip().startswith(("│", "<")):
            continue
        for words, rest in SHOWN.findall(line):
            command = _found(words.split())
            if command is None:
                # Prose: "audio-reasoner carries licence and source".
                if "`" in line or line.startswith(("    ", "audio-reasoner")):
                    missing.append(f"{page.name}:{number}: {words}")
                continue
            missing += [f"{page.name}:{number}: {words}{f}" for f in FLAG.findall(rest) if f not in _flags(command)]
    assert not missing


def test_a_command_that_is_none_is_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("`audio-reasoner synth complex --unicorns 3`\n`audio-reasoner sing`\n", encoding="utf-8")
    with pytest.raises(AssertionError, match="--unicorns"):
        test_what_a_page_shows_exists(page)
