"""Chains for recordings of which only the sound and some measurements are known.

Decision: shorter rather than padded. Without a timeline there is one sound to name, perhaps a few stretches with
their times and a course of loudness; a full chain then has about 100 to 350 words. What is not certain is not
mentioned.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from audio_reasoner.core.chain import Chain
from audio_reasoner.core.records import Question, Style, Task
from audio_reasoner.grounded import compose as c
from audio_reasoner.grounded import patterns as p
from audio_reasoner.grounded import patterns_options as po
from audio_reasoner.grounded import patterns_tagged as pt
from audio_reasoner.grounded import questions as q
from audio_reasoner.grounded.brief import BRIEF_PLANNING, numbered, option_letter, scan
from audio_reasoner.grounded.desk import Asking
from audio_reasoner.grounded.facts import Facts
from audio_reasoner.grounded.full import clip_length, duration_options, letter, loudness_steps
from audio_reasoner.grounded.known import Known
from audio_reasoner.grounded.language import capital, listed, number, ordinal, phrase, seconds
from audio_reasoner.grounded.questions import COURSE_TEXT, target_of
from audio_reasoner.grounded.writer import Writer

SHOWN_STRETCHES = 4
"""More stretches than this are told by their number alone."""
SILENCE_S = 0.2
"""A shorter silence at the edges is not worth a sentence."""


def brief_tag_chain(question: Question, tags: Sequence[str], facts: Facts) -> Chain:
    """The brief chain of a question about a clip without timeline."""
    assert question.gold_index is not None
    gold, target = question.gold_index, target_of(question.text)
    caption = numbered(tags) if tags else "A clip."
    reasoning = scan(question.options, gold)
    match question.family:
        case "presence":
            words = []
            for x in tags:
                words.append(f"{x} {'yes' if x == target else 'no'}")
                if x == target:
                    break
            reasoning = f"{', '.join(words)}. So {option_letter(gold)} {question.gold_text}."
            summary = f"{target} is {'' if question.gold_text == 'yes' else 'not '}in the clip."
        case "duration":
            caption = f"{caption} The clip ends at {seconds(facts.duration)}."
            summary = f"The clip lasts {question.gold_text}."
        case "loudness":
            assert facts.course is not None
            caption = f"{caption} {capital(COURSE_TEXT[facts.course])}."
            summary = f"The loudness: {question.gold_text}."
        case _:
            summary = f"The clip has {question.gold_text}."
    plan = BRIEF_PLANNING["presence_is" if question.family == "presence" else question.family]
    return Chain(
        planning=plan.format(x=target),
        caption=caption,
        reasoning=reasoning,
        summary=summary,
        response=f"{option_letter(gold)} {question.gold_text}",
    )


def _stretches(facts: Facts, w: Writer) -> list[str]:
    found = facts.stretches
    if found is None:
        return []
    spans = [(seconds(a), seconds(b)) for a, b in found]
    if len(found) == 1:
        a, b = found[0]
        if b - a >= 0.93 * facts.duration:
            return [w.say(pt.STRETCH_ALL)]
        return [w.say(pt.STRETCH_ONE if a >= 0.1 else pt.STRETCH_FROM_START, a=spans[0][0], b=spans[0][1])]
    out = []
    n = number(len(found))
    if len(found) <= SHOWN_STRETCHES:
        # One way of writing a span per list: a list that changes its form reads badly.
        form = w.bit(pt.STRETCH_SPAN, a="{a}", b="{b}")
        r = listed([form.format(a=a, b=b) for a, b in spans])
        out.append(w.say(pt.STRETCH_SOME, n=n, r=r))
    else:
        out.append(w.say(pt.STRETCH_MANY, n=n, a=spans[0][0], b=spans[-1][1]))
    by_length = sorted(found, key=lambda s: s[1] - s[0])
    (a, b), (c, d) = by_length[-1], by_length[-2]
    if b - a >= 1.25 * (d - c) and b - a - (d - c) >= 0.2:
        e = "longest" if len(found) > 2 else "longer"
        out.append(w.say(pt.STRETCH_LONGEST, a=seconds(a), b=seconds(b), d=seconds(b - a), e=e))
    pauses = sorted(((y[0] - x[1], x[1], y[0]) for x, y in pairwise(found)), reverse=True)
    if len(found) > 2 and pauses[0][0] >= 0.3 and pauses[0][0] >= 1.25 * pauses[1][0]:
        length, a, b = pauses[0]
        out.append(w.say(pt.PAUSE, a=seconds(a), b=seconds(b), d=seconds(length)))
    return out


def _when(
    stretches: Sequence[tuple[float, float]], w: Writer, between: Sequence[str], from_start: Sequence[str]
) -> str:
    """When the sound is heard; a sound that is there at once does not "start at 0 s"."""
    a, b = stretches[0][0], stretches[-1][1]
    return w.say(between if a >= 0.1 else from_start, a=seconds(a), b=seconds(b))


def tag_caption(tags: Sequence[str], facts: Facts, w: Writer, family: str) -> str:
    """What is heard in a clip without timeline."""
    parts = []
    c = clip_length(facts.duration)
    if tags:
        x = phrase(tags[0]).new
        if family == "duration":
            parts.append(w.say(pt.TAG_OVERVIEW_NO_TIME, x=x))
        else:
            parts.append(w.say(pt.TAG_OVERVIEW, c=c, x=x))
        parts += [w.say(pt.TAG_MORE, x=phrase(t).new) for t in tags[1:]]
    elif family != "duration":
        parts.append(w.say(pt.ONLY_TIME, c=c))
    if facts.leading is not None and facts.leading >= SILENCE_S:
        parts.append(w.say(pt.TAG_LEAD, d=seconds(facts.leading)))
    parts += _stretches(facts, w)
    if facts.trailing is not None and facts.trailing >= SILENCE_S:
        parts.append(w.say(pt.TAG_TAIL, d=seconds(facts.trailing)))
    if facts.course is not None and family != "loudness":
        parts.append(w.say(p.COURSE[facts.course]))
    if not parts:
        parts.append(w.say(pt.ONLY_LISTEN))
    return " ".join(parts)


def _steps(question: Question, tags: Sequence[str], facts: Facts, w: Writer) -> list[str]:
    gold = question.gold_index
    assert gold is not None
    target = target_of(question.text)
    out: list[str] = []
    if question.family == "loudness":
        out = loudness_steps(question, facts, w)
    elif question.family == "duration":
        if facts.stretches:
            out.append(_when(facts.stretches, w, pt.TAG_TIME, pt.TAG_FROM_START))
        tail = facts.trailing if facts.stretches else None
        if facts.stretches and tail is not None and tail >= SILENCE_S:
            total = seconds(facts.stretches[-1][1] + tail)
            out.append(w.say(pt.TAG_SUM, b=seconds(facts.stretches[-1][1]), d=seconds(tail), t=total))
            out.append(w.say(pt.TAG_NEAR, c=question.gold_text))
        else:
            out.append(w.say(pt.TAG_LENGTH, c=question.gold_text))
        out += duration_options(question, w)
    elif question.family == "presence":
        assert target is not None
        out.append(w.say(pt.TAG_HEAR, x=listed([phrase(t).new for t in tags])))
        if facts.stretches:
            out.append(_when(facts.stretches, w, pt.TAG_TIME, pt.TAG_FROM_START))
        here = target in tags
        other = phrase(target if here else tags[0])
        match = pt.MATCH_TAG_YES if here else pt.MATCH_TAG_NO
        out.append(w.say(match, x=other.new if here else other.known, y=phrase(target).new))
        if not here:
            out += [w.say(pt.MATCH_TAG_NO, x=phrase(t).known, y=phrase(target).new) for t in tags[1:3]]
            out.append(w.say(pt.MATCH_TAG_NOWHERE, y=phrase(target).new))
        for i, option in enumerate(question.options):
            head = w.bit(po.HEAD[0], L=letter(i), o=option)
            out.append(w.say(pt.YES_NO_IN if i == gold else pt.YES_NO_OUT, h=head))
        return [*out, w.say(po.YES_NO_FIT, o=question.gold_text, L=letter(gold))]
    else:
        out.append(w.say(pt.TAG_HEAR, x=listed([phrase(t).new for t in tags])))
        if facts.stretches:
            out.append(_when(facts.stretches, w, pt.TAG_TIME, pt.TAG_FROM_START))
        for i, option in enumerate(question.options):
            head = w.bit(po.HEAD[0], L=letter(i), o=option)
            out.append(w.say(po.SOUND_YES if i == gold else po.SOUND_NO, h=head))
    return [*out, w.say(po.CONCLUDE, L=letter(gold))]


def full_tag_chain(question: Question, tags: Sequence[str], facts: Facts, w: Writer) -> Chain:
    """The full chain of a question about a clip without timeline."""
    assert question.gold_index is not None
    target = target_of(question.text)
    kind = "presence_is" if question.family == "presence" else question.family
    x = ""
    if target is not None:
        # A long quoted label with its article would repeat a piece of the caption word for word.
        x = phrase(target).known if '"' in phrase(target).new else phrase(target).new
    planning = [w.say(p.ASK[kind], x=x), w.say(pt.TAG_STEP if kind == "presence_is" else pt.STEP_TAG[kind], x=x)]
    if len(question.options) > 2:
        planning.append(w.say(pt.OPTIONS_TAG, n=number(len(question.options))))
    key = kind if kind != "presence_is" else f"presence_{question.gold_text}"
    slots = {"L": letter(question.gold_index), "x": phrase(target or question.gold_text).new, "c": question.gold_text}
    slots |= {"r": question.gold_text, "a": "", "d": ""}
    summary = w.say(pt.SUMMARY_TAG.get(key) or po.SUMMARY[key], **slots)
    reason = w.say(pt.RESPONSE_TAG.get(key) or po.RESPONSE[key], **slots)
    steps = _steps(question, tags, facts, w)
    return Chain(
        planning=" ".join(planning),
        caption=tag_caption(tags, facts, w, question.family),
        reasoning="\n".join(f"{i}. {s}" for i, s in enumerate(steps, 1)),
        summary=summary,
        response=f"{reason} The answer is ({letter(question.gold_index)}) {question.gold_text}.",
    )


def description(tags: Sequence[str], facts: Facts, w: Writer) -> str:
    """One to three sentences that describe a clip: the gold text of an open question."""
    out = [w.say(pt.TAG_OVERVIEW, c=clip_length(facts.duration), x=phrase(tags[0]).new)]
    out += [w.say(pt.TAG_MORE, x=phrase(t).new) for t in tags[1:]]
    out += _stretches(facts, w)[:1]
    if facts.course is not None:
        out.append(w.say(p.COURSE[facts.course]))
    return " ".join(out)


def describe_chain(question: Question, tags: Sequence[str], facts: Facts, w: Writer) -> Chain:
    """The chain of an open question; its response is the gold text."""
    response = question.gold_text
    planning = " ".join(
        [w.say(p.ASK["describe"]), w.say(p.STEP["describe_course" if facts.stretches is None else "describe"])]
    )
    caption = response
    for _ in range(4):  # by chance its sentences may be those of the answer
        if caption in response:
            caption = tag_caption(tags, replace(facts, course=None), w, "describe")
    names = listed([phrase(t).new for t in tags])
    steps = [w.say(pt.DESCRIBE_PLACE, x=names)]
    found = facts.stretches or ()
    if 1 < len(found) <= SHOWN_STRETCHES:
        for i, (a, b) in enumerate(found, 1):
            steps.append(
                w.say(pt.DESCRIBE_STRETCH, i=str(i), k=ordinal(i), a=seconds(a), b=seconds(b), d=seconds(b - a))
            )
            if i < len(found):
                steps.append(w.say(pt.DESCRIBE_PAUSE, d=seconds(found[i][0] - b)))
    elif found:
        steps.append(_when(found, w, pt.DESCRIBE_TIME, pt.DESCRIBE_FROM_START))
    if facts.course is not None:
        first, second = po.COURSE_STEPS[facts.course]
        steps += [w.say(first), w.say(second), w.say(pt.DESCRIBE_COURSE, r=COURSE_TEXT[facts.course])]
    steps.append(w.say(pt.DESCRIBE_END))
    reasoning = "\n".join(f"{i}. {s}" for i, s in enumerate(steps, 1))
    summary = w.say(po.SUMMARY["describe"], x=names, c=clip_length(facts.duration))
    return Chain(planning=planning, caption=caption, reasoning=reasoning, summary=summary, response=response)


@dataclass(frozen=True)
class Recordings:
    """Questions about a recording of which a tag and some measurements are known.

    Args:
        task: what its questions count as.
    """

    task: Task = "sound_qa"
    tiers = (("sound", "presence"), ("duration", "loudness"), ("describe",))
    given = ()

    def ask(self, family: str, a: Asking) -> Question | None:
        """One of the tag families."""
        tags, facts, rng = tags_of(a.known), a.known.facts, a.rng
        if family == "duration":
            return q.duration(facts.duration, rng, self.task)
        if family == "loudness":
            return q.loudness(facts.course, rng, self.task) if facts.course is not None else None
        if not tags:
            return None
        if family == "describe":
            # Only where more than the sound's name is known.
            if a.style == "brief" or (facts.stretches is None and facts.course is None):
                return None
            text = q.pick(rng, q.TEMPLATES["describe"])
            return c.ask_open("caption", family, text, a.caption, 3)
        return (q.sound if family == "sound" else q.tag_presence)(tags, a.sounds, rng, self.task)

    def caption(self, known: Known, w: Writer) -> str:
        """What is heard, and when."""
        tags = tags_of(known)
        return description(tags, known.facts, w) if tags else tag_caption(tags, known.facts, w, "describe")

    def think(self, question: Question, known: Known, w: Writer, style: Style) -> Chain:
        """From what is heard to the option."""
        tags, facts = tags_of(known), known.facts
        if question.family not in ("sound", "presence", "duration", "loudness", "describe"):
            raise ValueError(f"a question of family {question.family!r} needs a timeline")
        if question.family == "loudness" and facts.course is None:
            raise ValueError("the course of its loudness is not known")
        if style == "brief" and question.options:
            return brief_tag_chain(question, tags, facts)
        if question.family == "describe":
            return describe_chain(question, tags, facts, w)
        return full_tag_chain(question, tags, facts, w)


def tags_of(known: Known) -> tuple[str, ...]:
    """Sounds and instruments that are heard."""
    return tuple(dict.fromkeys((*known.tags, *known.instruments)))
