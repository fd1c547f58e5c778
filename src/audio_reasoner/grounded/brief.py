"""Brief chains (under about 80 words) for small models: fixed wording within a family, few distinct words, small steps.

Decision: every leap is spelled out. The caption numbers the sounds, so a count is its last number and a neighbour its
next line; the reasoning compares option after option, event after event, with yes or no, until one fits. A
1.6M-parameter model learned ordering and counting from steps like these and not from a leap to the answer. Times are
given only where the question is about length, because a small model learns a list of sounds better without them.
"""

from __future__ import annotations

from collections.abc import Sequence

from audio_reasoner.core.chain import Chain
from audio_reasoner.core.records import Question
from audio_reasoner.grounded.facts import Facts
from audio_reasoner.grounded.language import capital, seconds
from audio_reasoner.grounded.questions import COURSE_TEXT, sequence_items, target_of
from audio_reasoner.grounded.scene import Scene

BRIEF_PLANNING: dict[str, str] = {
    "order": "List the sounds, then check each order.",
    "count": "List the sounds and count them.",
    "count_of": "List the sounds and count {x}.",
    "first": "List the sounds and take the first.",
    "last": "List the sounds and take the last.",
    "before": "List the sounds, find {x}, take the one before.",
    "after": "List the sounds, find {x}, take the one after.",
    "presence": "List the sounds and look for each option.",
    "presence_is": "List the sounds and look for {x}.",
    "longest": "List the sounds with lengths and take the longest.",
    "duration": "Hear how long the clip is.",
    "loudness": "Follow the loudness from start to end.",
    "sound": "Hear the sound and check each option.",
}


def option_letter(index: int) -> str:
    """(a), (b), …"""
    return f"({chr(97 + index)})"


def scan(options: Sequence[str], gold_index: int) -> str:
    """Options one by one with yes or no, up to the one that fits."""
    steps = [f"{option_letter(i)} {options[i]} no." for i in range(gold_index)]
    return " ".join([*steps, f"{option_letter(gold_index)} {options[gold_index]} yes."])


def numbered(labels: Sequence[str]) -> str:
    """The numbered list of a caption."""
    return ", ".join(f"{i} {x}" for i, x in enumerate(labels, 1)) + "."


def _order_steps(question: Question, sequence: Sequence[str]) -> str:
    steps = []
    assert question.gold_index is not None
    for i, option in enumerate(question.options[: question.gold_index + 1]):
        items = sequence_items(option)
        words = []
        for item, true in zip(items, sequence, strict=False):
            words.append(f"{item} {'yes' if item == true else 'no'}")
            if item != true:
                break
        steps.append(f"{option_letter(i)} {', '.join(words)}.")
    return " ".join(steps)


def _running(labels: Sequence[str], target: str | None) -> str:
    total, words = 0, []
    for x in labels:
        total += target is None or x == target
        words.append(f"{x} {total}")
    return ", ".join(words) + "."


def brief_chain(question: Question, scene: Scene, facts: Facts) -> Chain:
    """The brief chain of a scene question; its response is exactly "(b) option text"."""
    assert question.gold_index is not None
    seq = scene.sequence
    target = target_of(question.text)
    family = question.family
    options, gold = question.options, question.gold_index
    caption = numbered(seq)
    match family:
        case "order":
            reasoning = _order_steps(question, seq)
            summary = f"The order is {option_letter(gold)}."
        case "count" | "count_of":
            reasoning = f"{_running(seq, target)} {scan(options, gold)}"
            summary = f"The count is {question.gold_text}."
        case "first":
            reasoning = f"1 is {seq[0]}. {scan(options, gold)}"
            summary = f"The first is {seq[0]}."
        case "last":
            reasoning = f"Last is {len(seq)}. {len(seq)} is {seq[-1]}. {scan(options, gold)}"
            summary = f"The last is {seq[-1]}."
        case "before" | "after":
            assert target is not None
            at = seq.index(target) + 1
            other = at - 1 if family == "before" else at + 1
            reasoning = f"{target} is {at}. {other} is {seq[other - 1]}. {scan(options, gold)}"
            summary = f"The one {family} is {seq[other - 1]}."
        case "presence" if target is None:
            reasoning = scan(options, gold)
            summary = f"The clip has {question.gold_text}."
        case "presence":
            words = []
            for x in seq:
                words.append(f"{x} {'yes' if x == target else 'no'}")
                if x == target:
                    break
            reasoning = f"{', '.join(words)}. So {option_letter(gold)} {question.gold_text}."
            summary = f"{target} is {'' if question.gold_text == 'yes' else 'not '}in the clip."
        case "longest":
            caption = ", ".join(f"{i} {s.label} {s.length:.1f} s" for i, s in enumerate(scene.sounds, 1)) + "."
            best, words = 0.0, []
            for s in scene.sounds:
                words.append(f"{s.label} {s.length:.1f} {'yes' if s.length > best else 'no'}")
                best = max(best, s.length)
            reasoning = f"{', '.join(words)}. {scan(options, gold)}"
            summary = f"The longest is {question.gold_text}."
        case "duration":
            caption = f"{caption} The clip ends at {seconds(scene.duration)}."
            reasoning = scan(options, gold)
            summary = f"The clip lasts {question.gold_text}."
        case "loudness":
            assert facts.course is not None
            caption = f"{caption} {capital(COURSE_TEXT[facts.course])}."
            reasoning = scan(options, gold)
            summary = f"The loudness: {question.gold_text}."
        case _:
            raise ValueError(f"no brief chain for family {family!r}")
    plan = BRIEF_PLANNING["presence_is" if family == "presence" and target else family]
    return Chain(
        planning=plan.format(x=target) if target else plan,
        caption=caption,
        reasoning=reasoning,
        summary=summary,
        response=f"{option_letter(gold)} {question.gold_text}",
    )
