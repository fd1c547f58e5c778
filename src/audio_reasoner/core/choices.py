"""Multiple-choice questions: the one way options are shown, and the option a free reply means.

Decision: options are rendered in exactly one form, "(a) option" line by line, and read in all the common ones. The
mapping from a reply to an option lives in `matching.py` and is published here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from audio_reasoner.core.errors import InputError
from audio_reasoner.core.matching import OptionMatch, match_option

__all__ = ["OptionMatch", "letter", "match_option", "render_question", "split_question"]

LEAST_OPTIONS = 2
MOST_OPTIONS = 26


def letter(index: int) -> str:
    """The letter of an option: 0 is "a", 25 is "z".

    Raises:
        ValueError: there is no such letter.
    """
    if not 0 <= index < MOST_OPTIONS:
        raise ValueError(f"option {index} has no letter; 0 to {MOST_OPTIONS - 1} have one")
    return chr(ord("a") + index)


def render_question(text: str, options: Sequence[str]) -> str:
    """The question as teachers, models and exports see it: the text, then one "(a) option" line per option.

    White space inside an option (line breaks too) becomes single spaces, so that an option is always one line. Without
    options the text stands alone.

    Raises:
        InputError: `question.options`: there are 1 or more than 26 options, or one of them is blank.

    >>> print(render_question("What is heard?", ["dog", "bell"]))
    What is heard?
    (a) dog
    (b) bell
    """
    stem = text.strip()
    if not options:
        return stem
    if not LEAST_OPTIONS <= len(options) <= MOST_OPTIONS:
        raise InputError(
            f"the question {stem[:60]!r} has {len(options)} options; {LEAST_OPTIONS} to {MOST_OPTIONS} are possible.",
            code="question.options",
        )
    lines = [stem]
    for i, option in enumerate(options):
        words = " ".join(option.split())
        if not words:
            raise InputError(f"option {i} of the question {stem[:60]!r} is blank.", code="question.options")
        lines.append(f"({letter(i)}) {words}")
    return "\n".join(lines)


# The ways options are lettered, as (name, what stands before and after the letter). A plain letter needs something
# after it; "(a)" is unmistakable and may also stand in the middle of a line.
_MARKERS = {
    "(a)": r"[(（\[]\s?([A-Za-zＡ-Ｚａ-ｚ])\s?[)）\]]",
    "a)": r"([A-Za-zＡ-Ｚａ-ｚ])[)）]",
    "a.": r"([A-Za-zＡ-Ｚａ-ｚ])[.．、](?=\s|[^\w\s]|[^\W\d_a-zA-Z]|$)",
    "a:": r"([A-Za-zＡ-Ｚａ-ｚ])[:：](?!\S*//)",
}
_LINE = {style: re.compile(rf"^[ \t]*(?:[-*•][ \t]+)?{body}[ \t]*", re.MULTILINE) for style, body in _MARKERS.items()}
_INLINE = {style: re.compile(rf"(?<![^\s,;:.?!，；：。？！]){body}[ \t]*") for style, body in _MARKERS.items()}
# Chinese and Japanese put no space before a bracket.
_INLINE["(a)"] = re.compile(rf"(?<![A-Za-z0-9]){_MARKERS['(a)']}[ \t]*")


def _run(found: list[re.Match[str]]) -> list[re.Match[str]]:
    """The last unbroken run a, b, c, … among the markers (in one case), or an empty list."""
    best: list[re.Match[str]] = []
    run: list[re.Match[str]] = []
    for match in found:
        # NFKC would do for full-width letters; their code points lie a fixed distance from ASCII.
        char = match[1] if match[1].isascii() else chr(ord(match[1]) - 0xFEE0)
        if run and char == chr(ord(run[0][1] if run[0][1].isascii() else chr(ord(run[0][1]) - 0xFEE0)) + len(run)):
            run.append(match)
        elif char in "aA":
            run = [match]
        elif run and len(run) >= LEAST_OPTIONS:
            run = []
        if len(run) >= LEAST_OPTIONS:
            best = list(run)
    return best


def split_question(text: str) -> tuple[str, tuple[str, ...]]:
    """Take a question with its options written out apart into stem and options.

    Options may be written (a), a), A., A) or A:, one per line or all in one line; the last unbroken run that starts at
    "a" counts. Text after a blank line behind the last option belongs to the stem again. Without such a run the whole
    text is the stem.

    >>> split_question("What is heard? (a) a dog (b) a bell")
    ('What is heard?', ('a dog', 'a bell'))
    """
    for pattern in _LINE.values():
        run = _run(list(pattern.finditer(text)))
        if run:
            return _split_lines(text, run)
    for pattern in _INLINE.values():
        run = _run(list(pattern.finditer(text)))
        if run:
            return _split_inline(text, run)
    return text.strip(), ()


def _split_lines(text: str, run: list[re.Match[str]]) -> tuple[str, tuple[str, ...]]:
    ends = [match.start() for match in run[1:]] + [len(text)]
    bodies = [text[match.end() : end] for match, end in zip(run, ends, strict=True)]
    last, _, after = bodies[-1].partition("\n\n")
    stem = "\n".join(part for part in (text[: run[0].start()].strip(), after.strip()) if part)
    return stem, tuple(" ".join(body.split()) for body in [*bodies[:-1], last])


def _split_inline(text: str, run: list[re.Match[str]]) -> tuple[str, tuple[str, ...]]:
    ends = [match.start() for match in run[1:]] + [len(text)]
    options = [" ".join(text[match.end() : end].split()) for match, end in zip(run, ends, strict=True)]
    # "(a) x, (b) y, or (c) z." — separators belong to the list, not to the options.
    parts = [re.sub(r"\s*[,;，；]?\s*(?:\b(?:or|and))?$", "", option) for option in options[:-1]]
    if all(option[-1:] in ",;，；" for option in options[:-2]) and (
        len(options) > 2 or re.search(r"[,;，；]|\bor$", options[0])
    ):
        options[:-1] = parts
    if options[-1][-1:] in ".?。？" and not any(option.endswith(options[-1][-1]) for option in options[:-1]):
        options[-1] = options[-1][:-1].rstrip()
    return text[: run[0].start()].strip(), tuple(options)
