"""What every command prints with."""

from __future__ import annotations

import re
from pathlib import Path

import audio_reasoner


def test_no_command_turns_text_into_emoji() -> None:
    """`text:gemini:MODEL` and labels hold what rich takes for names of emoji; a printed command must stay as typed."""
    folder = Path(audio_reasoner.__file__).parent
    made = [
        (path.name, call)
        for path in sorted(folder.rglob("*.py"))
        for call in re.findall(r"\bConsole\([^)]*\)", path.read_text(encoding="utf-8"))
    ]
    assert made
    assert not [m for m in made if "emoji=False" not in m[1]]
