"""Full chains: a listener's account in prose, 200 to 500 words for a scene.

Decision: the caption tells every sound with its times and what else is certain about them; the reasoning walks
through the sounds, then through all options with a reason for each, then checks the result by a second route. The
length follows from what there is to say: six sounds need more words than one, and nothing is padded to reach a
number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from audio_reasoner.core.chain import Chain
from audio_reasoner.core.records import Question
from audio_reasoner.grounded import patterns as p
from audio_reasoner.grounded import patterns_mix as pm
from audio_reasoner.grounded import patterns_options as po
from audio_reasoner.grounded.facts import Facts
from audio_reasoner.grounded.full_caption import clip_length as clip_length
from audio_reasoner.grounded.full_caption import scene_caption as scene_caption
from audio_reasoner.grounded.full_caption import scene_sentences
from audio_reasoner.grounded.full_mix import MixSteps, kind_of
from audio_reasoner.grounded.language import listed, number, ordinal, phrase, seconds, times
from audio_reasoner.grounded.questions import COURSE_TEXT, sequence_items, sequence_text, target_of
from audio_reasoner.grounded.scene import Scene, Sound
from audio_reasoner.grounded.templates import FRONT, pair_of
from audio_reasoner.grounded.writer import Writer

MAX_WORDS = 480
"""Optional sentences of the caption are left out when a chain would grow beyond this."""


def letter(i: int) -> str:
    """a, b, …"""
    return chr(97 + i)


class SceneChain:
    """Writes the full chain for one question about a scene."""

    def __init__(self, question: Question, scene: Scene, facts: Facts, writer: Writer) -> None:
        self.q, self.scene, self.facts, self.w = question, scene, facts, writer
        self.target = target_of(question.text)
        self.family = question.family
        self.kind = kind_of(self.family, question.text, question.options)
        assert question.gold_index is not None
        self.gold = question.gold_index
        self.letter = letter(self.gold)
        self.mix = MixSteps(self) if self.kind in pm.ASK else None

    # --- pieces

    def _slots(self, s: Sound, i: int) -> dict[str, str]:
        return {"a": seconds(s.start), "b": seconds(s.end), "d": seconds(s.length), "i": str(i), "k": ordinal(i)}

    def planning(self) -> str:
        """What is asked, how to listen, how to decide."""
        x = phrase(self.target).new if self.target else ""
        if self.family in ("before", "after", "background") and self.target:
            x = phrase(self.target).known
        pair = pair_of(self.q.text, self.scene.heard)
        slots = {"x": phrase(pair[0]).known, "y": phrase(pair[1]).known} if pair else {"x": x}
        ask, step = (pm.ASK, pm.STEP) if self.mix else (p.ASK, p.STEP)
        parts = [self.w.say(ask[self.kind], **slots), self.w.say(p.LISTEN), self.w.say(step[self.kind], **slots)]
        if self.scene.beneath and self.family in FRONT:
            parts.insert(1, self.w.say(pm.ASIDE_PLAN))
        if len(self.q.options) > 2:
            parts.append(self.w.say(p.OPTIONS, n=number(len(self.q.options))))
        return " ".join(parts)

    def caption(self, extras: int) -> str:
        """All sounds with their times, and up to `extras` further facts."""
        return " ".join(scene_sentences(self.scene, self.facts, self.w, self.family, extras))

    # --- reasoning

    def _head(self, i: int) -> str:
        return self.w.bit(po.HEAD[0], L=letter(i), o=self.q.options[i])

    def _option(self, i: int, patterns: Sequence[str], /, **slots: str) -> str:
        return self.w.say(patterns, h=self._head(i), **slots)

    def _places(self) -> list[str]:
        if not self.scene.ordered or self.scene.beneath:
            return MixSteps(self).noted()
        return [
            self.w.say(p.PLACE_ON if i > 1 else p.PLACE, x=phrase(s.label).known, **self._slots(s, i))
            for i, s in enumerate(self.scene.sounds, 1)
        ]

    def steps(self) -> list[str]:
        """The numbered steps: the sounds, the options, a check."""
        walk: dict[str, Callable[[], list[str]]] = {
            "order": self._order,
            "count": self._count,
            "count_of": self._count_of,
            "first": lambda: self._end_of(0),
            "last": lambda: self._end_of(len(self.scene.sounds) - 1),
            "before": lambda: self._neighbour(-1),
            "after": lambda: self._neighbour(1),
            "presence": self._which,
            "presence_is": self._is,
            "longest": self._longest,
            "duration": self._duration,
            "loudness": lambda: loudness_steps(self.q, self.facts, self.w),
        }
        out = self.mix.steps() if self.mix is not None else walk[self.kind]()
        if self.kind not in ("presence_is", "overlap_is", "target_is"):
            out.append(self.w.say(po.CONCLUDE, L=letter(self.gold)))
        return out

    def _order(self) -> list[str]:
        sounds, w = self.scene.sounds, self.w
        out = self._places()
        for i, option in enumerate(self.q.options):
            if i == self.gold:
                out.append(self._option(i, po.ORDER_FIT))
                continue
            items = sequence_items(option)
            k = next(j for j, (item, s) in enumerate(zip(items, sounds, strict=True)) if item != s.label)
            out.append(
                self._option(i, po.ORDER_OUT, i=str(k + 1), q=phrase(items[k]).known, x=phrase(sounds[k].label).known)
            )
        back = ", ".join(phrase(s.label).known for s in reversed(sounds))
        starts = listed([seconds(s.start) for s in sounds])
        out.append(w.say(po.CHECK["order"], r=back, s=starts))
        return out

    def _numbers(self, n: int) -> list[str]:
        out = []
        for i, option in enumerate(self.q.options):
            value = int(option)
            if value == n:
                out.append(self._option(i, po.NUMBER_FIT))
            elif value < n:
                out.append(self._option(i, po.NUMBER_LOW, n=number(n), m=number(n - value)))
            else:
                # "only no can be heard" is no English.
                patterns = po.NUMBER_HIGH if n else po.NUMBER_HIGH[:2]
                out.append(self._option(i, patterns, n=number(n) if n else "zero", m=number(value - n)))
        return out

    def _count(self) -> list[str]:
        scene = self.scene
        out = []
        for i, s in enumerate(scene.sounds, 1):
            out.append(self.w.say(p.TALLY, x=phrase(s.label).known, n=number(i), **self._slots(s, i)))
        out += self._numbers(len(scene.sounds))
        if len(scene.sounds) > 1:
            kinds = [f"{phrase(x).known} {times(c)}" for x, c in scene.counts.items()]
            out.append(self.w.say(po.CHECK["count"], r=listed(kinds), n=number(len(scene.sounds))))
        return out

    def _count_of(self) -> list[str]:
        assert self.target is not None
        n, out = 0, []
        for i, s in enumerate(self.scene.sounds, 1):
            hit = s.label == self.target
            n += hit
            slots = {"x": phrase(s.label).known, "n": number(n) if n else "zero", **self._slots(s, i)}
            out.append(self.w.say(p.TALLY_YES if hit else p.TALLY_NO, **slots))
        out += self._numbers(n)
        if n > 1:
            at = listed([seconds(s.start) for s in self.scene.sounds if s.label == self.target])
            out.append(self.w.say(po.CHECK["count_of"], x=phrase(self.target).known, r=at, t=times(n)))
        return out

    def _labels(self) -> list[str]:
        """Options that are labels, judged by whether and where they are heard."""
        out = []
        sequence = self.scene.sequence
        for i, option in enumerate(self.q.options):
            if i == self.gold:
                out.append(self._option(i, po.THIS_ONE))
            elif option in sequence:
                k = sequence.index(option)
                out.append(self._option(i, po.ELSEWHERE, **self._slots(self.scene.sounds[k], k + 1)))
            else:
                out.append(self._option(i, po.NEVER))
        return out

    def _end_of(self, place: int) -> list[str]:
        sounds = self.scene.sounds
        out = [*self._places(), *self._labels()]
        other = sounds[1] if place == 0 else sounds[place - 1]
        this = sounds[place]
        out.append(
            self.w.say(
                po.CHECK[self.family],
                x=phrase(this.label).known,
                y=phrase(other.label).known,
                a=seconds(this.start),
                b=seconds(other.start),
            )
        )
        return out

    def _neighbour(self, step: int) -> list[str]:
        assert self.target is not None
        sounds = self.scene.sounds
        at = self.scene.sequence.index(self.target)
        other, here = sounds[at + step], sounds[at]
        out = self._places()
        out.append(
            self.w.say(
                po.STEP_BACK if step < 0 else po.STEP_ON,
                x=phrase(self.target).known,
                y=phrase(other.label).known,
                i=str(at + 1),
                j=str(at + 1 + step),
            )
        )
        out += self._labels()
        out.append(
            self.w.say(
                po.CHECK["neighbour"],
                x=phrase(self.target).known,
                y=phrase(other.label).known,
                a=seconds(here.start),
                b=seconds(other.start),
            )
        )
        return out

    def _which(self) -> list[str]:
        out = self._places()
        for i, option in enumerate(self.q.options):
            if i == self.gold:
                s = next(s for s in self.scene.all if s.label == option)
                out.append(self._option(i, po.HEARD, a=seconds(s.start)))
            else:
                out.append(self._option(i, po.NEVER))
        return out

    def _is(self) -> list[str]:
        assert self.target is not None
        out = []
        for i, s in enumerate((*self.scene.sounds, *self.scene.beneath), 1):
            slots = {"x": phrase(s.label).known, "y": phrase(self.target).known, **self._slots(s, i)}
            out.append(self.w.say(p.MATCH_YES if s.label == self.target else p.MATCH_NO, **slots))
            if s.label == self.target:
                break
        out.append(self.w.say(po.YES_NO_FIT, o=self.q.gold_text, L=letter(self.gold)))
        return out

    def _longest(self) -> list[str]:
        sounds = self.scene.sounds
        out = [self.w.say(p.LENGTH, x=phrase(s.label).known, **self._slots(s, i)) for i, s in enumerate(sounds, 1)]
        best = {x: max((s for s in sounds if s.label == x), key=lambda s: s.length) for x in self.scene.labels}
        for i, option in enumerate(self.q.options):
            if option not in best:
                out.append(self._option(i, po.NEVER))
            else:
                patterns = po.IS_LONGEST if i == self.gold else po.SHORTER
                out.append(self._option(i, patterns, d=seconds(best[option].length)))
        ranked = sorted(best.values(), key=lambda s: -s.length)
        out.append(
            self.w.say(
                po.CHECK["longest"],
                y=phrase(ranked[1].label).known,
                b=seconds(ranked[1].length),
                a=seconds(ranked[0].length),
            )
        )
        return out

    def _duration(self) -> list[str]:
        out = self._places()
        final = max(self.scene.all, key=lambda s: s.end)
        tail = self.scene.duration - final.end
        out += duration_options(self.q, self.w)
        if self.scene.beneath or not self.scene.ordered:
            return out
        patterns = po.CHECK["duration"][:1] if tail >= 0.2 else po.CHECK["duration"][1:]
        out.append(self.w.say(patterns, x=phrase(final.label).known, b=seconds(final.end), d=seconds(tail)))
        return out

    # --- the end

    def summary(self) -> str:
        """The result in one sentence, with the option's letter."""
        scene, w, gold = self.scene, self.w, self.gold
        if self.mix is not None:
            return self.mix.summary()
        sounds = scene.sounds
        slots = {"L": letter(gold), "x": phrase(self.target).known if self.target else ""}
        match self.kind:
            case "order":
                slots["r"] = sequence_text(scene.sequence)
            case "count":
                kinds = [f"{phrase(x).known} {times(c)}" for x, c in scene.counts.items()]
                slots |= {"r": listed(kinds), "n": number(len(sounds)), "z": ""}
                if len(sounds) == 1:
                    return w.say(po.ONE_SOUND, x=phrase(sounds[0].label).known, L=letter(gold))
            case "count_of":
                assert self.target is not None
                n = scene.counts[self.target]
                slots["t"] = times(n)
                if n == 0:
                    return w.say(po.NO_SUCH_SOUND, **slots)
            case "first" | "last":
                s = sounds[0] if self.kind == "first" else sounds[-1]
                slots |= {"x": phrase(s.label).known, "a": seconds(s.start)}
            case "before" | "after":
                slots["y"] = phrase(self.q.gold_text).known
            case "presence":
                s = next(s for s in scene.all if s.label == self.q.gold_text)
                slots |= {"x": phrase(s.label).known, "a": seconds(s.start)}
            case "presence_is":
                if self.q.gold_text == "yes":
                    s = next(s for s in scene.all if s.label == self.target)
                    slots["a"] = seconds(s.start)
            case "longest":
                s = max(sounds, key=lambda s: s.length)
                slots |= {"x": phrase(s.label).known, "d": seconds(s.length)}
            case "duration":
                slots["c"] = self.q.gold_text
            case "loudness":
                slots["r"] = self.q.gold_text
            case _:
                raise ValueError(f"no full chain for family {self.family!r}")
        key = self.kind if self.kind != "presence_is" else f"presence_{self.q.gold_text}"
        return w.say(po.SUMMARY[key], **slots)

    def response(self) -> str:
        """One or two sentences that end in "The answer is (b) option text."."""
        end = f"The answer is ({letter(self.gold)}) {self.q.gold_text}."
        if self.mix is not None:
            return f"{self.mix.reason()} {end}"
        key = self.kind if self.kind != "presence_is" else f"presence_{self.q.gold_text}"
        slots = {"x": phrase(self.target).known if self.target else "", "a": "", "d": ""}
        if self.kind == "presence_is" and self.q.gold_text == "yes":
            slots["a"] = seconds(next(s.start for s in self.scene.all if s.label == self.target))
        if self.kind == "longest":
            slots["d"] = seconds(max(s.length for s in self.scene.sounds))
        reason = self.w.say(po.RESPONSE[key], **slots)
        return f"{reason} {end}"

    def write(self) -> Chain:
        """The whole chain."""
        planning = self.planning()
        reasoning = "\n".join(f"{i}. {s}" for i, s in enumerate(self.steps(), 1))
        summary, response = self.summary(), self.response()
        if self.scene.beneath and self.family in FRONT:
            summary = summary[:-1] + self.w.bit(pm.ASIDE_END)
        rest = sum(len(x.split()) for x in (planning, reasoning, summary, response))
        room = MAX_WORDS - rest - 16 * len(self.scene.all) - 40
        extras = max(1, min(4, room // 12))
        return Chain(
            planning=planning, caption=self.caption(extras), reasoning=reasoning, summary=summary, response=response
        )


def duration_options(question: Question, w: Writer) -> list[str]:
    """The options of a duration question, judged one by one."""

    def value(text: str) -> float:
        return float(text.split()[1])

    out = []
    for i, option in enumerate(question.options):
        head = w.bit(po.HEAD[0], L=letter(i), o=option)
        if i == question.gold_index:
            out.append(w.say(po.LENGTH_FIT, h=head))
        else:
            out.append(w.say(po.TOO_SHORT if value(option) < value(question.gold_text) else po.TOO_LONG, h=head))
    return out


def loudness_steps(question: Question, facts: Facts, w: Writer) -> list[str]:
    """The course of the loudness, then the options."""
    assert facts.course is not None
    first, second = po.COURSE_STEPS[facts.course]
    out = [w.say(first), w.say(second), w.say(po.COURSE_HEARD, r=COURSE_TEXT[facts.course])]
    courses = {text: course for course, text in COURSE_TEXT.items()}
    heard = po.COURSE_SHAPE[facts.course][1]
    for i, option in enumerate(question.options):
        head = w.bit(po.HEAD[0], L=letter(i), o=option)
        if i == question.gold_index:
            out.append(w.say(po.COURSE_YES, h=head))
        else:
            needed = po.COURSE_SHAPE[courses[option]][0]
            out.append(w.say(po.COURSE_NEEDS, h=head, g=needed, v=heard))
    return out


def full_scene_chain(question: Question, scene: Scene, facts: Facts, writer: Writer) -> Chain:
    """The full chain of a question about a scene."""
    return SceneChain(question, scene, facts, writer).write()
