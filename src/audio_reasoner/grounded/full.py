"""Full chains: a listener's account in prose, 200 to 500 words for a scene.

Decision: the caption tells every sound with its times and what else is certain about them; the reasoning walks
through the sounds, then through all options with a reason for each, then checks the result by a second route. The
length follows from what there is to say: six sounds need more words than one, and nothing is padded to reach a
number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from audio_reasoner.core.chain import Chain
from audio_reasoner.core.records import Question
from audio_reasoner.grounded import patterns as p
from audio_reasoner.grounded import patterns_options as po
from audio_reasoner.grounded.facts import Facts
from audio_reasoner.grounded.language import listed, number, ordinal, phrase, seconds, times
from audio_reasoner.grounded.questions import COURSE_TEXT, sequence_items, sequence_text, target_of
from audio_reasoner.grounded.scene import Scene, Sound
from audio_reasoner.grounded.writer import Writer

AT_ONCE_S = 0.25
"""A shorter gap is told as "almost at once"."""
MAX_WORDS = 480
"""Optional sentences of the caption are left out when a chain would grow beyond this."""


def letter(i: int) -> str:
    """a, b, …"""
    return chr(97 + i)


def clip_length(value: float) -> str:
    """The clip's length in the caption: "about 4.2 s"."""
    return f"about {seconds(value)}"


class SceneChain:
    """Writes the full chain for one question about a scene."""

    def __init__(self, question: Question, scene: Scene, facts: Facts, writer: Writer) -> None:
        self.q, self.scene, self.facts, self.w = question, scene, facts, writer
        self.target = target_of(question.text)
        self.family = question.family
        self.kind = self.family
        if self.family == "presence" and self.target is not None:
            self.kind = "presence_is"
        assert question.gold_index is not None
        self.gold = question.gold_index
        self.seen: set[str] = set()

    # --- pieces

    def name(self, label: str) -> str:
        """ "a dog" at its first mention in the caption, "the dog" afterwards."""
        new = label not in self.seen
        self.seen.add(label)
        return phrase(label).new if new else phrase(label).known

    def _slots(self, s: Sound, i: int) -> dict[str, str]:
        return {"a": seconds(s.start), "b": seconds(s.end), "d": seconds(s.length), "i": str(i), "k": ordinal(i)}

    def planning(self) -> str:
        """What is asked, how to listen, how to decide."""
        x = phrase(self.target).new if self.target else ""
        if self.family in ("before", "after") and self.target:
            x = phrase(self.target).known
        parts = [self.w.say(p.ASK[self.kind], x=x), self.w.say(p.LISTEN), self.w.say(p.STEP[self.kind], x=x)]
        if len(self.q.options) > 2:
            parts.append(self.w.say(p.OPTIONS, n=number(len(self.q.options))))
        return " ".join(parts)

    def caption(self, extras: int) -> str:
        """All sounds with their times, and up to `extras` further facts."""
        w, scene = self.w, self.scene
        sounds = scene.sounds
        overlaps = any(b.start < a_end for a_end, b in zip(_running_end(sounds), sounds[1:], strict=False))
        overview = p.OVERVIEW_ONE if len(sounds) == 1 else p.OVERVIEW_OVERLAP if overlaps else p.OVERVIEW
        c = "a clip" if self.family == "duration" else clip_length(scene.duration)
        parts = [] if self.family == "duration" else [w.say(overview, c=c)]
        if sounds[0].start >= 0.2:
            parts.append(w.say(p.LEAD, d=seconds(sounds[0].start)))
        end = 0.0
        for i, s in enumerate(sounds, 1):
            again = s.label in self.seen
            slots = {"x": self.name(s.label), **self._slots(s, i)}
            gap = round(s.start - end, 1)
            if i == 1:
                parts.append(w.say(p.FIRST_EVENT, **slots))
            elif again and w.chance(0.7):
                parts.append(w.say(p.AGAIN, **slots))
            elif i == len(sounds) and w.chance(0.7):
                parts.append(w.say(p.LAST_EVENT, **slots))
            elif s.start < end - 0.1:
                parts.append(w.say(p.NEXT_OVER, **slots))
            elif w.chance(0.4):
                parts.append(w.say(p.NEXT_ANY, **slots))
            elif gap < AT_ONCE_S:
                parts.append(w.say(p.NEXT_SMALL, **slots))
            else:
                parts.append(w.say(p.NEXT_GAP, g=seconds(gap), **slots))
            end = max(end, s.end)
        parts = self._joined(parts)
        parts += self._extras(extras, overlaps, end)
        return " ".join(parts)

    def _joined(self, parts: list[str]) -> list[str]:
        """Some neighbouring sentences made one, with a semicolon: a listener does not tell all in one rhythm."""
        out: list[str] = []
        joined = False
        for part in parts:
            # Never three in one sentence, and none that starts with a quotation or a digit.
            if out and not joined and part[0].isalpha() and self.w.chance(0.22) and out[-1].endswith("."):
                out[-1] = f"{out[-1][:-1]}; {part[:1].lower()}{part[1:]}"
                joined = True
            else:
                out.append(part)
                joined = False
        return out

    def _extras(self, n: int, overlaps: bool, end: float) -> list[str]:
        """Further true facts, in random choice: what the question asks for is left to the reasoning."""
        w, scene = self.w, self.scene
        sounds, counts = scene.sounds, scene.counts
        found: list[tuple[Sequence[str], dict[str, str]]] = []
        if len(sounds) > 1:
            if all(b.start > a_end for a_end, b in zip(_running_end(sounds), sounds[1:], strict=False)):
                found.append((p.NO_OVERLAP, {}))
            repeated = [x for x in scene.labels if counts[x] > 1]
            if not repeated:
                found.append((p.ALL_DIFFERENT, {}))
            elif len(repeated) == 1 and self.family != "count_of" and scene.countable:
                found.append((p.REPEATED, {"x": phrase(repeated[0]).known, "t": times(counts[repeated[0]])}))
            by_length = sorted(sounds, key=lambda s: s.length)
            top = by_length[-1]
            if self.family != "longest" and top.length >= 1.25 * by_length[-2].length and counts[top.label] == 1:
                found.append((p.LONGEST_FACT, {"x": phrase(top.label).known, "d": seconds(top.length)}))
            if by_length[0].length * 1.25 <= by_length[1].length and counts[by_length[0].label] == 1:
                low = by_length[0]
                found.append((p.SHORTEST, {"x": phrase(low.label).known, "d": seconds(low.length)}))
            for label in repeated:
                pair = [s for s in sounds if s.label == label]
                if len(pair) == 2 and abs(pair[0].gain_db - pair[1].gain_db) >= 6.0:
                    k = 1 if pair[0].gain_db > pair[1].gain_db else 2
                    found.append((p.SAME_LOUDER, {"x": phrase(label).known, "k": ordinal(k)}))
        if len(sounds) > 2 and not overlaps:
            gaps = sorted(((round(b.start - a.end, 1), a, b) for a, b in pairwise(sounds)), key=lambda g: g[0])
            widest, left, right = gaps[-1]
            if widest >= 0.3 and widest >= 1.4 * gaps[-2][0] and counts[left.label] == counts[right.label] == 1:
                found.append(
                    (p.SPACING, {"x": phrase(left.label).known, "y": phrase(right.label).known, "d": seconds(widest)})
                )
        if self.facts.course is not None and self.family != "loudness":
            found.append((p.COURSE[self.facts.course], {}))
        chosen = sorted(range(len(found)), key=lambda _: w.draw(1 << 20))[:n]
        out = [w.say(found[i][0], **found[i][1]) for i in chosen]
        tail = round(scene.duration, 1) - end
        if tail >= 0.2 and self.family != "duration":
            out.append(w.say(p.TAIL, b=seconds(end), d=seconds(tail)))
        return out

    # --- reasoning

    def _head(self, i: int) -> str:
        return self.w.bit(po.HEAD[0], L=letter(i), o=self.q.options[i])

    def _option(self, i: int, patterns: Sequence[str], /, **slots: str) -> str:
        return self.w.say(patterns, h=self._head(i), **slots)

    def _places(self) -> list[str]:
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
        out = walk[self.kind]()
        if self.kind != "presence_is":
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
                k = self.scene.sequence.index(option)
                out.append(self._option(i, po.HEARD, **self._slots(self.scene.sounds[k], k + 1)))
            else:
                out.append(self._option(i, po.NEVER))
        return out

    def _is(self) -> list[str]:
        assert self.target is not None
        out = []
        for i, s in enumerate(self.scene.sounds, 1):
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
        final = max(self.scene.sounds, key=lambda s: s.end)
        tail = self.scene.duration - final.end
        out += duration_options(self.q, self.w)
        patterns = po.CHECK["duration"][:1] if tail >= 0.2 else po.CHECK["duration"][1:]
        out.append(self.w.say(patterns, x=phrase(final.label).known, b=seconds(final.end), d=seconds(tail)))
        return out

    # --- the end

    def summary(self) -> str:
        """The result in one sentence, with the option's letter."""
        scene, w, gold = self.scene, self.w, self.gold
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
                s = next(s for s in sounds if s.label == self.q.gold_text)
                slots |= {"x": phrase(s.label).known, "a": seconds(s.start)}
            case "presence_is":
                if self.q.gold_text == "yes":
                    s = next(s for s in sounds if s.label == self.target)
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
        key = self.kind if self.kind != "presence_is" else f"presence_{self.q.gold_text}"
        slots = {"x": phrase(self.target).known if self.target else "", "a": "", "d": ""}
        if self.kind == "presence_is" and self.q.gold_text == "yes":
            slots["a"] = seconds(next(s.start for s in self.scene.sounds if s.label == self.target))
        if self.kind == "longest":
            slots["d"] = seconds(max(s.length for s in self.scene.sounds))
        reason = self.w.say(po.RESPONSE[key], **slots)
        return f"{reason} The answer is ({letter(self.gold)}) {self.q.gold_text}."

    def write(self) -> Chain:
        """The whole chain."""
        planning = self.planning()
        reasoning = "\n".join(f"{i}. {s}" for i, s in enumerate(self.steps(), 1))
        summary, response = self.summary(), self.response()
        rest = sum(len(x.split()) for x in (planning, reasoning, summary, response))
        room = MAX_WORDS - rest - 16 * len(self.scene.sounds) - 40
        extras = max(1, min(4, room // 12))
        return Chain(
            planning=planning, caption=self.caption(extras), reasoning=reasoning, summary=summary, response=response
        )


def _running_end(sounds: Sequence[Sound]) -> list[float]:
    out, end = [], 0.0
    for s in sounds:
        end = max(end, s.end)
        out.append(end)
    return out


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


def scene_caption(scene: Scene) -> str:
    """The plain caption of an annotation: every sound with its times."""
    parts = [f"{phrase(s.label).new} from {seconds(s.start)} to {seconds(s.end)}" for s in scene.sounds]
    return f"In {clip_length(scene.duration)}, {listed(parts)}."
