"""Brief chains (under about 80 words) for small models: fixed wording within a family, few distinct words, small steps.

Decision: every leap is spelled out. The caption numbers the sounds, so a count is its last number and a neighbour its
next line; the reasoning compares option after option, event after event, with yes or no, until one fits. A
1.6M-parameter model learned ordering and counting from steps like these and not from a leap to the answer. Times are
given only where the question is about length, because a small model learns a list of sounds better without them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from audio_reasoner.core.chain import Chain
from audio_reasoner.core.records import Question
from audio_reasoner.grounded.facts import Facts
from audio_reasoner.grounded.full_mix import asked_pair, common, companion, in_time, kind_of, one
from audio_reasoner.grounded.language import capital, seconds
from audio_reasoner.grounded.questions import COURSE_TEXT, sequence_items, target_of
from audio_reasoner.grounded.questions_mix import pair_in
from audio_reasoner.grounded.scene import Scene
from audio_reasoner.grounded.templates import pair_of

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
    "loudest": "List the sounds and keep the loudest so far.",
    "overlap_is": "List the sounds with times and compare {x} and {y}.",
    "overlap_which": "List the sounds with times and compare each with {x}.",
    "overlap_pair": "List the sounds with times and compare each pair.",
    "interval": "List the starts and take the time between {x} and {y}.",
    "target_which": "List the sounds of the mix and look for each option.",
    "target_is": "List the sounds of the mix and look for {x}.",
    "target_count": "List the sounds of the mix and count {x}.",
    "background": "List what is in front, then what is beneath.",
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


def order_steps(question: Question, sequence: Sequence[str]) -> str:
    """Orders one by one, item by item with yes or no, up to the one that fits."""
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


def timed(scene: Scene) -> str:
    """The numbered list with start and end of every sound."""
    return ", ".join(f"{i} {s.label} {s.start:.1f}-{s.end:.1f} s" for i, s in enumerate(scene.sounds, 1)) + "."


def _mix(question: Question, scene: Scene, kind: str) -> tuple[str, str, str]:
    """Caption, reasoning and summary of a question about sounds that lie over one another."""
    assert question.gold_index is not None
    caption, options, gold = numbered(scene.sequence), question.options, question.gold_index
    target = target_of(question.text) or ""
    steps = scan(options, gold)
    match kind:
        case "loudest":
            best, words = -math.inf, []
            for s in scene.sounds:
                words.append(f"{s.label} {'yes' if s.gain_db > best else 'no'}")
                best = max(best, s.gain_db)
            return caption, f"{', '.join(words)}. {steps}", f"The loudest is {question.gold_text}."
        case "overlap_is":
            a, b = in_time(*asked_pair(question.text, scene))
            yes = question.gold_text == "yes"
            steps = f"{b.label} starts at {seconds(b.start)}. {a.label} ends at {seconds(a.end)}. "
            steps += f"{b.start:.1f} before {a.end:.1f} {'yes' if yes else 'no'}. "
            end = f"{a.label} and {b.label} {'' if yes else 'do not '}overlap."
            return timed(scene), f"{steps}So {option_letter(gold)} {question.gold_text}.", end
        case "overlap_which":
            x, y = companion(scene, target, question.gold_text)
            words = []
            for s in scene.sounds:
                if s is not x:
                    low, high = common(x, s)
                    words.append(f"{s.label} {'yes' if high > low else 'no'}")
            first = f"{x.label} is {x.start:.1f} to {x.end:.1f}. {', '.join(words)}."
            return timed(scene), f"{first} {steps}", f"With {x.label} is {y.label}."
        case "overlap_pair":
            words = []
            for i, option in enumerate(options[: gold + 1]):
                pair = pair_in(option, scene.heard)
                if pair is None:
                    raise ValueError(f"the option {option!r} names no two sounds of the scene")
                a, b = in_time(one(scene, pair[0]), one(scene, pair[1]))
                meet = "yes" if i == gold else "no"
                words.append(f"{option_letter(i)} {option} {b.start:.1f} before {a.end:.1f} {meet}.")
            return timed(scene), " ".join(words), f"The two are {question.gold_text}."
        case "interval":
            a, b = asked_pair(question.text, scene)
            caption = ", ".join(f"{i} {s.label} at {s.start:.1f} s" for i, s in enumerate(scene.sounds, 1)) + "."
            first = f"{a.label} {a.start:.1f}. {b.label} {b.start:.1f}. "
            first += f"{b.start:.1f} minus {a.start:.1f} is {b.start - a.start:.1f}."
            return caption, f"{first} {steps}", f"The time is {question.gold_text}."
        case "target_is":
            words = []
            for s in (*scene.sounds, *scene.beneath):
                words.append(f"{s.label} {'yes' if s.label == target else 'no'}")
                if s.label == target:
                    break
            end = f"{target} is {'' if question.gold_text == 'yes' else 'not '}in the mix."
            return caption, f"{', '.join(words)}. So {option_letter(gold)} {question.gold_text}.", end
        case "target_count":
            return caption, f"{_running(scene.sequence, target)} {steps}", f"The count is {question.gold_text}."
        case "background":
            front = ", ".join(scene.labels)
            return (
                caption,
                f"In front: {front}. Beneath: {question.gold_text}. {steps}",
                f"Beneath is {question.gold_text}.",
            )
        case _:
            return caption, steps, f"The mix has {question.gold_text}."


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
    kind = kind_of(family, question.text, options)
    pair = pair_of(question.text, scene.heard) or ("", "")
    match family:
        case "loudest" | "overlap" | "interval" | "target" | "background":
            caption, reasoning, summary = _mix(question, scene, kind)
        case "order":
            reasoning = order_steps(question, seq)
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
            for x in (*seq, *(s.label for s in scene.beneath)):
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
    if scene.beneath:
        caption += f" Beneath: {', '.join(dict.fromkeys(s.label for s in scene.beneath))}."
    return Chain(
        planning=BRIEF_PLANNING[kind].format(x=target or pair[0], y=pair[1]),
        caption=caption,
        reasoning=reasoning,
        summary=summary,
        response=f"{option_letter(gold)} {question.gold_text}",
    )
