"""Passages of speech as they stand in a chain: in double quotes, in pieces that the checks can tell from prose."""

from __future__ import annotations

import re

LONGEST = 180
"""A longer passage is quoted in pieces."""


def pieces(text: str, longest: int = LONGEST) -> list[str]:
    """The text in pieces of at most `longest` characters, cut at sentence ends, else at spaces.

    >>> pieces("One two. Three.", 9)
    ['One two.', 'Three.']
    """
    out: list[str] = []
    for part in re.split(r"(?<=[.!?。！？])\s+", text):
        while len(part) > longest:
            cut = part.rfind(" ", 1, longest)
            cut = cut if cut > 0 else longest
            out.append(part[:cut].strip())
            part = part[cut:].strip()
        if out and len(out[-1]) + len(part) + 1 <= longest:
            out[-1] = f"{out[-1]} {part}"
        elif part:
            out.append(part)
    return out


def quote_all(text: str) -> str:
    """The passage in double quotes, a long one in several pairs of them; it ends a sentence."""
    quoted = " ".join(f'"{x}"' for x in pieces(text))
    return quoted if text[-1:] in ".!?…。！？" else f"{quoted}."
