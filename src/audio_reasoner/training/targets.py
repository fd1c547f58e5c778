"""What of a chain is learned: the whole of it, or less, for comparisons that ask what each part is worth.

Decision: an ablation changes the target texts and nothing else, so that its arms share clips, questions, order, model
and loop. `chain` is the method; the other forms are its controls: the answer alone, a caption before the answer
(perception without reasoning), caption and answer as tasks of their own (the same supervision, not in one chain), and a
chain whose REASONING belongs to another clip (the same form, the wrong content).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final, Literal, NamedTuple

from audio_reasoner.core import ids
from audio_reasoner.core.choices import render_question
from audio_reasoner.dataset import Row
from audio_reasoner.grounded.brief import option_letter, scan

Learn = Literal["chain", "answer", "caption_answer", "caption_and_answer", "foreign_reasoning"]
_NAMES_OPTIONS: Final = re.compile(r"\b(these|options?|following)\b", re.IGNORECASE)
_ONE_OF_SEVERAL: Final = frozenset({"instrument"})
"""Question types whose answer is one of several true ones: without options nobody can know which is meant."""
_LETTER: Final = re.compile(r"\([a-z]\)")
DESCRIBE: Final = "Describe what is heard in this clip."
"""What is asked where the caption is a task of its own."""


class Target(NamedTuple):
    """What a sample asks and what is learned as its answer."""

    sample_id: str
    question: str
    answer: str


def targets(rows: Mapping[str, Sequence[Row]], learn: Learn, open_share: float = 0.0) -> dict[str, list[Target]]:
    """The targets of each clip, in order of its rows.

    With `caption_and_answer` each answer is followed by the caption, so that a turn of two holds both tasks. With
    `open_share` so many of the whole chains whose question can stand alone are learned without options, drawn by a hash
    of the sample's id.
    """
    foreign = _foreign(rows) if learn == "foreign_reasoning" else {}

    def of(row: Row) -> list[Target]:
        if learn == "chain" and open_share and ids.derive_seed(0, "open", row.sample_id) / 2**63 < open_share:
            target = without_options(row)
            if target is not None:
                return [target]
        return _of(row, learn, foreign)

    return {clip: [t for row in some for t in of(row)] for clip, some in rows.items()}


def without_options(row: Row) -> Target | None:
    """A question without its options, and its brief chain without the walk through them.

    None where the question speaks of options, or the chain does in another way than brief chains do.

    >>> without_options(row)  # doctest: +SKIP
    Target(sample_id='…', question='How many sounds are there?', answer='<THINK>…<RESPONSE>2</RESPONSE>')
    """
    if row.gold_index is None or row.history or row.family in _ONE_OF_SEVERAL or _NAMES_OPTIONS.search(row.question):
        return None
    letter = option_letter(row.gold_index)
    if row.response != f"{letter} {row.gold_text}":
        return None
    walk = scan(row.options, row.gold_index)
    if row.reasoning.endswith(walk):
        reasoning = row.reasoning.removesuffix(walk).strip()
    elif _LETTER.match(row.reasoning):  # orders: nothing but options held against what is heard
        reasoning = ""
    else:
        reasoning = row.reasoning.replace(f"So {letter} ", "So ")
    chain = row.chain().replace(
        planning=row.planning.replace(", then check each order", " in order").replace(" and check each option", ""),
        reasoning=reasoning or f"It is {row.gold_text}.",
        summary=row.summary.replace(letter, row.gold_text),
        response=row.gold_text,
    )
    if any(_LETTER.search(text) for text in (chain.planning, chain.reasoning, chain.summary)):
        return None
    return Target(row.sample_id, row.question, chain.to_text())


def _of(row: Row, learn: Learn, foreign: Mapping[str, str]) -> list[Target]:
    asked = render_question(row.question, row.options)
    answer = f"<RESPONSE>{row.response}</RESPONSE>"
    caption = f"<CAPTION>{row.caption}</CAPTION>"
    match learn:
        case "chain":
            return [Target(row.sample_id, asked, row.chain().to_text())]
        case "answer":
            return [Target(row.sample_id, asked, answer)]
        case "caption_answer":
            return [Target(row.sample_id, asked, f"{caption}\n{answer}")]
        case "caption_and_answer":
            return [Target(row.sample_id, asked, answer), Target(f"{row.sample_id}/caption", DESCRIBE, caption)]
        case "foreign_reasoning":
            chain = row.chain().replace(reasoning=foreign[row.sample_id])
            return [Target(row.sample_id, asked, chain.to_text())]


def _foreign(rows: Mapping[str, Sequence[Row]]) -> dict[str, str]:
    """For each sample the REASONING of another clip's sample of the same type, each used once as far as possible."""
    by_family: defaultdict[str, list[Row]] = defaultdict(list)
    for some in rows.values():
        for row in some:
            by_family[row.family].append(row)
    out: dict[str, str] = {}
    for found in by_family.values():
        ordered = sorted(found, key=lambda r: ids.derive_seed(0, "foreign", r.sample_id))
        for i, row in enumerate(ordered):
            others = (ordered[(i + k) % len(ordered)] for k in range(1, len(ordered)))
            other = next((o for o in others if o.clip_id != row.clip_id), row)
            out[row.sample_id] = other.reasoning
    return out
