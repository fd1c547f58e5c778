"""Plants known defects in sound samples, to learn what a judge finds.

Decision: a defect is one change to a sample that was sound before, of a named kind, at a place drawn by the seed. Most
are sentences of `plant_texts` filled with values that are false of the clip; the same sentences filled with true
values (`control`) and sentences that only look false (`trap`) tell how often a judge cries wolf.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from audio_reasoner.checks import plant_replies as replies
from audio_reasoner.checks import plant_texts as texts
from audio_reasoner.checks.plant_texts import Half
from audio_reasoner.checks.plant_values import FALSE, TRUE, fields
from audio_reasoner.core.chain import SECTIONS, Chain
from audio_reasoner.core.records import Annotation, Clip, Evidence, Question

__all__ = ["CONTROLLED", "KINDS", "Item", "Planted", "control", "plant", "trap"]


@dataclass(frozen=True)
class Item:
    """A sample before any verdict: what a judge is shown."""

    clip: Clip
    evidence: Evidence | None
    annotation: Annotation | None
    question: Question
    chain: Chain


@dataclass(frozen=True)
class Planted:
    """An item with one defect (or a control, or a trap). `half` is None where no sentence was planted."""

    kind: str
    half: Half | None
    section: str
    text: str
    item: Item


def _letters(item: Item, index: int) -> dict[str, str]:
    letter = chr(97 + index)
    return {"x": letter, "X": letter.upper(), "o": item.question.options[index]}


def _insert(chain: Chain, section: str, sentence: str, rng: random.Random) -> Chain:
    """The sentence between two others (or before or after all) of a section, on a line of its own in a list."""
    body = getattr(chain, section)
    if "\n" in body:
        lines = body.split("\n")
        lines.insert(rng.randint(1, len(lines)), sentence)
        return chain.replace(**{section: "\n".join(lines)})
    parts = re.split(r"(?<=[.!?]) +(?=[A-Z])", body)
    if not parts[-1].endswith((".", "!", "?")):
        parts[-1] += "."
    parts.insert(rng.randint(0 if section == "summary" else 1, len(parts)), sentence)
    return chain.replace(**{section: " ".join(parts)})


def _upper(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def _state(kind: str, want: str, item: Item, half: Half, rng: random.Random) -> tuple[str, str] | None:
    """(section, sentence) of a statement filled with true or false values."""
    values = fields(kind, want, item.clip, item.question, half, rng)
    if values is None:
        return None
    section = rng.choice(("caption", "caption", "reasoning", "summary"))
    return section, _upper(rng.choice(texts.STATEMENTS[kind][half]).format(**values))


def _statement(kind: str) -> Callable[[Item, Half, random.Random, Item], Planted | None]:
    statement = STATEMENT_OF.get(kind, kind)

    def make(item: Item, half: Half, rng: random.Random, _other: Item) -> Planted | None:
        found = _state(statement, FALSE, item, half, rng)
        if found is None:
            return None
        section, sentence = found
        chain = _insert(item.chain, section, sentence, rng)
        return Planted(kind, half, section, sentence, replace(item, chain=chain))

    return make


STATEMENT_OF = {
    "swapped_order": "order_pair",
    "wrong_neighbour": "order_next",
    "wrong_first": "first",
    "wrong_last": "last",
    "wrong_sequence": "order_list",
    "wrong_count": "count",
    "wrong_count_of": "count_of",
    "wrong_time": "time",
    "wrong_span": "time_range",
    "wrong_duration": "duration",
    "wrong_clip_length": "clip_length",
    "false_silence": "silence",
    "false_leading_silence": "leading_silence",
    "denied_sound": "denied",
    "removed_sound": "only",
    "invented_sound": "invented",
    "invented_speech": "speech",
    "wrong_speakers": "speakers",
}
"""Kind of defect → kind of statement that is planted with false values."""
CONTROLLED = tuple(k for k in STATEMENT_OF if k not in ("denied_sound", "invented_sound", "invented_speech"))
"""Kinds whose sentences can also be filled with true values."""


def _leak(kind: str) -> Callable[[Item, Half, random.Random, Item], Planted | None]:
    def make(item: Item, half: Half, rng: random.Random, _other: Item) -> Planted | None:
        values = {"x": "", "X": "", "o": item.question.gold_text}
        if item.question.gold_index is not None:
            values = _letters(item, item.question.gold_index)
        elif kind == "answer_leak":
            return None
        template = rng.choice(replies.LEAKS[kind][half])
        sentence = template.format(**values) if kind == "answer_leak" else template
        section = "planning" if kind == "answer_leak" else rng.choice(("planning", "reasoning", "summary"))
        if kind in ("error_json", "refusal") and rng.random() < 0.4:
            chain = item.chain.replace(**{section: sentence})
        else:
            chain = _insert(item.chain, section, sentence, rng)
        return Planted(kind, half, section, sentence, replace(item, chain=chain))

    return make


def _wrong_index(question: Question, rng: random.Random) -> int | None:
    if question.gold_index is None:
        return None
    return rng.choice([i for i in range(len(question.options)) if i != question.gold_index])


def _wrong_letter(item: Item, half: Half, rng: random.Random, _other: Item) -> Planted | None:
    wrong = _wrong_index(item.question, rng)
    if wrong is None:
        return None
    said = rng.choice(replies.LETTERS[half]).format(**_letters(item, wrong))
    return Planted("wrong_letter", half, "response", said, replace(item, chain=item.chain.replace(response=said)))


def _letter_word_clash(item: Item, half: Half, rng: random.Random, _other: Item) -> Planted | None:
    wrong = _wrong_index(item.question, rng)
    if wrong is None or item.question.gold_index is None:
        return None
    pair = [wrong, item.question.gold_index]
    rng.shuffle(pair)
    said = rng.choice(replies.CLASHES[half]).format(**_letters(item, pair[0]), other=item.question.options[pair[1]])
    return Planted("letter_word_clash", half, "response", said, replace(item, chain=item.chain.replace(response=said)))


def _summary_against_response(item: Item, half: Half, rng: random.Random, _other: Item) -> Planted | None:
    wrong = _wrong_index(item.question, rng)
    if wrong is None:
        return None
    said = rng.choice(replies.SUMMARIES[half]).format(**_letters(item, wrong))
    chain = item.chain.replace(summary=said)
    return Planted("summary_against_response", half, "summary", said, replace(item, chain=chain))


def _wrong_gold(item: Item, _half: Half, rng: random.Random, _other: Item) -> Planted | None:
    wrong = _wrong_index(item.question, rng)
    if wrong is None:
        return None
    q = item.question
    question = Question(**{**q.model_dump(), "gold_index": wrong, "gold_text": q.options[wrong]})
    return Planted("wrong_gold", None, "response", q.options[wrong], replace(item, question=question))


def _wrong_gold_followed(item: Item, half: Half, rng: random.Random, _other: Item) -> Planted | None:
    """The gold answer is wrong, and summary and response say it too: only the facts speak against it."""
    planted = _wrong_gold(item, half, rng, item)
    if planted is None or planted.item.question.gold_index is None:
        return None
    letters = _letters(planted.item, planted.item.question.gold_index)
    summary = rng.choice(replies.SUMMARIES[half]).format(**letters)
    response = rng.choice(replies.LETTERS[half]).format(**letters)
    reasoning = "\n".join(item.chain.reasoning.split("\n")[:-1]) or item.chain.reasoning
    chain = item.chain.replace(summary=summary, response=response, reasoning=reasoning)
    return Planted("wrong_gold_followed", half, "summary", summary, replace(planted.item, chain=chain))


def _foreign_chain(item: Item, _half: Half, _rng: random.Random, other: Item) -> Planted | None:
    if other.clip.clip_id == item.clip.clip_id or _alike(item, other):
        return None
    return Planted("foreign_chain", None, "caption", other.chain.caption[:80], replace(item, chain=other.chain))


def _foreign_caption(item: Item, _half: Half, _rng: random.Random, other: Item) -> Planted | None:
    if other.clip.clip_id == item.clip.clip_id or _alike(item, other):
        return None
    chain = item.chain.replace(caption=other.chain.caption)
    return Planted("foreign_caption", None, "caption", other.chain.caption[:80], replace(item, chain=chain))


def _alike(item: Item, other: Item) -> bool:
    def heard(x: Item) -> list[str]:
        line = x.clip.timeline
        return [e.label for e in line.events] if line else sorted(label.value for label in x.clip.labels)

    return heard(item) == heard(other)


def _foreign_question(item: Item, _half: Half, rng: random.Random, _other: Item) -> Planted | None:
    questions = item.annotation.questions if item.annotation else ()
    others = [q for q in questions if q.text != item.question.text and q.family != item.question.family]
    if not others:
        return None
    question = rng.choice(others)
    return Planted("foreign_question", None, "planning", question.text, replace(item, question=question))


def _time_outside(item: Item, _half: Half, rng: random.Random, _other: Item) -> Planted | None:
    """A time of the caption is moved beyond the end."""
    found = list(re.finditer(r"(?<![\w.])(\d+(?:\.\d+)?) s\b", item.chain.caption))
    if not found:
        return None
    m = rng.choice(found)
    late = f"{item.clip.duration_s * rng.uniform(1.3, 2.5) + 1:.1f} s"
    caption = item.chain.caption[: m.start()] + late + item.chain.caption[m.end() :]
    return Planted("time_outside", None, "caption", late, replace(item, chain=item.chain.replace(caption=caption)))


def _swapped_names(item: Item, _half: Half, rng: random.Random, _other: Item) -> Planted | None:
    """Two sounds of the caption change places everywhere."""
    line = item.clip.timeline
    labels = list(dict.fromkeys(e.label for e in line.events)) if line else []
    if len(labels) < 2 or line is None:
        return None
    a, b = rng.sample(labels, 2)
    pattern = re.compile(rf"\b({re.escape(a)}|{re.escape(b)})\b", re.IGNORECASE)
    caption = pattern.sub(lambda m: b if m[0].casefold() == a.casefold() else a, item.chain.caption)
    if caption == item.chain.caption:
        return None
    chain = item.chain.replace(caption=caption)
    return Planted("swapped_names", None, "caption", f"{a} ↔ {b}", replace(item, chain=chain))


def _repetition(item: Item, half: Half, rng: random.Random, _other: Item) -> Planted | None:
    section = rng.choice(("caption", "reasoning"))
    body = getattr(item.chain, section)
    parts = re.split(r"(?<=[.!?])\s+", body)
    if half == "seen":  # one sentence over and over, or its last words
        text = body + " " + " ".join([parts[-1]] * rng.randint(4, 12))
    else:  # the loop that a decoder falls into: a few words, or a line with only its number changing
        words = " ".join(parts[-1].split()[-rng.randint(2, 4) :]).rstrip(".")
        numbered = "\n".join(f"{k}. I listen again to be sure." for k in range(20, 20 + rng.randint(5, 12)))
        text = body + (f" {words}" * rng.randint(8, 30) if rng.random() < 0.5 else f"\n{numbered}")
    return Planted("repetition", half, section, text[-60:], replace(item, chain=item.chain.replace(**{section: text})))


def _truncated(item: Item, _half: Half, rng: random.Random, _other: Item) -> Planted | None:
    """A section stops in the middle of a sentence."""
    section = rng.choice(("caption", "reasoning", "summary"))
    words = getattr(item.chain, section).split(" ")
    if len(words) < 6:
        return None
    text = " ".join(words[: rng.randint(len(words) // 2, len(words) - 1)]).rstrip(".,;:!?\n ")
    return Planted("truncated", None, section, text[-60:], replace(item, chain=item.chain.replace(**{section: text})))


def _other_language(item: Item, half: Half, rng: random.Random, _other: Item) -> Planted | None:
    section = rng.choice(("planning", "reasoning", "caption"))
    said = rng.choice(replies.OTHER_LANGUAGES[half])
    return Planted("other_language", half, section, said, replace(item, chain=item.chain.replace(**{section: said})))


def _two_chains(item: Item, half: Half, rng: random.Random, _other: Item) -> Planted | None:
    """What is left when a reply with two chains is squeezed into one."""
    c = item.chain
    section = rng.choice(("reasoning", "summary"))
    if half == "seen":
        extra = f"PLANNING: {c.planning}\nCAPTION: {c.caption}\nREASONING: {c.reasoning}"
    else:
        extra = f"**Planning**\n{c.planning}\n\n**Caption**\n{c.caption}\n\n**Summary**\n{c.summary}"
    chain = c.replace(**{section: f"{getattr(c, section)}\n{extra}"})
    return Planted("two_chains", half, section, extra[:60], replace(item, chain=chain))


Maker = Callable[[Item, Half, random.Random, Item], Planted | None]
KINDS: dict[str, Maker] = {
    **{kind: _statement(kind) for kind in STATEMENT_OF},
    "swapped_names": _swapped_names,
    "foreign_chain": _foreign_chain,
    "foreign_caption": _foreign_caption,
    "foreign_question": _foreign_question,
    "wrong_letter": _wrong_letter,
    "letter_word_clash": _letter_word_clash,
    "wrong_gold": _wrong_gold,
    "wrong_gold_followed": _wrong_gold_followed,
    "summary_against_response": _summary_against_response,
    **{kind: _leak(kind) for kind in replies.LEAKS},
    "time_outside": _time_outside,
    "repetition": _repetition,
    "truncated": _truncated,
    "other_language": _other_language,
    "two_chains": _two_chains,
}
"""Every kind of defect and what makes it."""


def plant(kind: str, item: Item, half: Half, rng: random.Random, other: Item) -> Planted | None:
    """One defect in a sound item, or None where this item cannot hold one of the kind.

    Args:
        kind: a key of `KINDS`.
        item: the sound sample.
        half: which half of the templates to draw from.
        rng: decides template, values and place.
        other: another sample, for foreign parts.
    """
    found = KINDS[kind](item, half, rng, other)
    return None if found is None or _same(found.item, item) else found


def _same(a: Item, b: Item) -> bool:
    return a.question == b.question and all(getattr(a.chain, s) == getattr(b.chain, s) for s in SECTIONS)


def control(kind: str, item: Item, half: Half, rng: random.Random) -> Planted | None:
    """A sentence of the same kind filled with true values; None where the kind or the item has none."""
    if kind not in CONTROLLED:
        return None
    found = _state(STATEMENT_OF[kind], TRUE, item, half, rng)
    if found is None:
        return None
    section, sentence = found
    return Planted(kind, half, section, sentence, replace(item, chain=_insert(item.chain, section, sentence, rng)))


def trap(item: Item, half: Half, rng: random.Random) -> Planted | None:
    """A sentence that looks like a false statement and is none."""
    values = fields("trap", FALSE, item.clip, item.question, half, rng)
    wrong = _wrong_index(item.question, rng)
    if values is None or wrong is None:
        return None
    sentence = _upper(rng.choice(texts.TRAPS[half]).format(**values, **_letters(item, wrong)))
    section: str = rng.choice(("caption", "reasoning", "reasoning"))
    if re.search(r"[Oo]ption|[Cc]hoice|answer", sentence):
        section = "reasoning"
    return Planted("trap", half, section, sentence, replace(item, chain=_insert(item.chain, section, sentence, rng)))


def kinds_of(names: Sequence[str] = ()) -> tuple[str, ...]:
    """All kinds, or those named.

    Raises:
        KeyError: there is no such kind.
    """
    for name in names:
        KINDS[name]
    return tuple(names) or tuple(KINDS)
