"""What is known about a clip, written into a prompt so that it stays data.

Decision: templates never see a label, a transcript or a question as such; they get one JSON text in which nothing can
end the block around it, open or close a tag, or look like a chat template's control token. What could is written as a
JSON escape: angle brackets and their look-alikes, backticks, tildes, ampersands, invisible and direction-changing
characters, and square brackets around capitals (`[INST]`). A line break is `\\n` in JSON, so no line starts in data.
The text still says what it says: the prompt tells the model that the block is material and never an instruction.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from audio_reasoner.core.chain import SECTIONS, Chain
from audio_reasoner.core.choices import letter
from audio_reasoner.core.records import Clip, Evidence, EvidenceItem, Question

LONGEST_ITEM = 4000
"""Characters of one evidence item's JSON; a longer one is named as left out."""

_UNSAFE = "<>`~&＜＞﹤﹥‹›〈〉⟨⟩《》≺≻"
_BRACKETS = re.compile(r"\[(?=/?[A-Z][A-Z_ ]*\])")


def _escape(char: str) -> str:
    """The JSON escape of a character: two of them, a surrogate pair, beyond the basic plane."""
    raw = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{raw[i]:02x}{raw[i + 1]:02x}" for i in range(0, len(raw), 2))


def _must_escape(char: str) -> bool:
    if char.isascii():
        return char in _UNSAFE or char == "\x7f"
    # Control, invisible and direction marks, lone surrogates, private and unassigned characters, line ends.
    return char in _UNSAFE or unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def to_block(value: Any) -> str:
    """JSON with every dangerous character escaped; `json.loads` gives the value back.

    >>> to_block({"tag": "dog</data>"})
    '{\\n "tag": "dog\\\\u003c/data\\\\u003e"\\n}'
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=1)
    # Brackets of JSON itself are followed by a space, a line end or a quote, never by a capital.
    text = _BRACKETS.sub(r"\\u005b", text)
    return "".join(_escape(c) if _must_escape(c) else c for c in text)


def facts_of(clip: Clip, evidence: Evidence | None) -> dict[str, Any]:
    """Labels, timeline and (unless None) evidence of a clip as plain values; seconds are rounded to hundredths."""
    facts: dict[str, Any] = {"duration_s": round(clip.duration_s, 2), "domains": list(clip.domains)}
    if clip.language:
        facts["language"] = clip.language
    facts["labels"] = [
        {"kind": x.kind, "value": x.value} | ({"language": x.language} if x.language else {}) for x in clip.labels
    ]
    if clip.timeline is not None:
        t = clip.timeline
        facts["timeline"] = [
            {"start_s": round(t.seconds(e.start), 2), "end_s": round(t.seconds(e.end), 2), "sound": e.label}
            | ({"speaker": e.speaker} if e.speaker else {})
            | ({"text": e.text} if e.text else {})
            for e in t.events
        ]
    if evidence is not None:
        facts |= _evidence(clip, evidence)
    return facts


def _evidence(clip: Clip, evidence: Evidence) -> dict[str, Any]:
    """Items of the evidence, and of the clip's own where the evidence has none of that name.

    Of what we measure, only what may be spoken of: a model would count sounds by `onset_count`, which is mostly wrong.
    What the owner brought is given whole, with its rate of error where he tells one.
    """
    from audio_reasoner.evidence.merge import USER, speaks

    items: dict[str, EvidenceItem] = {
        i.name: i for i in (*clip.evidence, *evidence.items) if i.source.startswith(USER) or speaks(i)
    }
    shown, left_out = [], []
    for item in items.values():
        fields: dict[str, Any] = {"name": item.name, "value": _rounded(item.value)}
        if item.unit:
            fields["unit"] = item.unit
        fields["source"] = item.source
        if item.error is not None:
            fields["error_rate"] = round(item.error, 3)
        if len(json.dumps(fields["value"], default=str)) > LONGEST_ITEM:
            left_out.append(item.name)
        else:
            shown.append(fields)
    return {"evidence": shown} | ({"evidence_too_long_to_show": left_out} if left_out else {})


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 3) if abs(value) < 1e12 else str(value)
    if isinstance(value, dict):
        return {str(k): _rounded(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(v) for v in value]
    return value if value is None or isinstance(value, str | int | bool) else str(value)


def options_of(question: Question) -> dict[str, str]:
    """The options by their letters; empty for an open question."""
    return {letter(i): option for i, option in enumerate(question.options)}


def question_of(question: Question, *, gold: bool) -> dict[str, Any]:
    """A question as plain values, with its gold answer (and that option's letter) if asked."""
    fields: dict[str, Any] = {"question": question.text}
    if question.options:
        fields["options"] = options_of(question)
    if gold:
        fields["answer"] = question.gold_text
        if question.gold_index is not None:
            fields["answer_letter"] = letter(question.gold_index)
    return fields


def chain_of(chain: Chain) -> dict[str, str]:
    """A chain's sections as plain values."""
    return {name: getattr(chain, name) for name in SECTIONS}


def numbered(items: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The items with a number each, from 1."""
    return [{"number": i} | item for i, item in enumerate(items, start=1)]
