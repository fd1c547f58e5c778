"""The caption of a full chain about a scene: every sound with its times, how they lie over one another, what is sure.

Decision: sounds that come one after the other are told as a sequence, layers of a mix as layers; a scene whose order
cannot be heard gets no ordinals. What the question asks for is left to the reasoning.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from audio_reasoner.grounded import patterns as p
from audio_reasoner.grounded import patterns_mix as pm
from audio_reasoner.grounded.facts import Facts
from audio_reasoner.grounded.language import listed, ordinal, phrase, seconds, times
from audio_reasoner.grounded.questions_mix import LOUDER_DB
from audio_reasoner.grounded.scene import Scene, Sound, overlapping, together
from audio_reasoner.grounded.writer import Writer

AT_ONCE_S = 0.25
"""A shorter gap is told as "almost at once"."""


def clip_length(value: float) -> str:
    """The clip's length in the caption: "about 4.2 s"."""
    return f"about {seconds(value)}"


def scene_caption(scene: Scene) -> str:
    """The plain caption of an annotation: every sound with its times, the backgrounds last."""
    parts = [f"{phrase(s.label).new} from {seconds(s.start)} to {seconds(s.end)}" for s in scene.sounds]
    text = f"In {clip_length(scene.duration)}, {listed(parts)}."
    if scene.beneath:
        under = [f"{phrase(s.label).new} from {seconds(s.start)} to {seconds(s.end)}" for s in scene.beneath]
        text += f" In the background, {listed(under)}."
    return text


def scene_sentences(scene: Scene, facts: Facts, w: Writer, family: str, extras: int) -> list[str]:
    """The sentences of the caption, with up to `extras` further facts."""
    return _Caption(scene, facts, w, family).sentences(extras)


Told = list[tuple[Sequence[str], dict[str, str]]]
"""Facts that may be told: the patterns and what they need."""


class _Caption:
    def __init__(self, scene: Scene, facts: Facts, w: Writer, family: str) -> None:
        self.scene, self.facts, self.w, self.family = scene, facts, w, family
        self.seen: set[str] = set()
        self.layered = bool(scene.beneath or (scene.tracks and scene.mixed))
        sounds = scene.sounds
        self.overlaps = any(b.start < end for end, b in zip(_running_end(sounds), sounds[1:], strict=False))

    def sentences(self, extras: int) -> list[str]:
        """Overview, sounds in time, relations."""
        w, scene = self.w, self.scene
        sounds = scene.sounds
        parts = []
        if self.family != "duration":
            overview: Sequence[str] = pm.OVERVIEW_MIX
            if not self.layered:
                overview = p.OVERVIEW_ONE if len(sounds) == 1 else p.OVERVIEW_OVERLAP if self.overlaps else p.OVERVIEW
            parts.append(w.say(overview, c=clip_length(scene.duration)))
        if not self.layered and sounds[0].start >= 0.2:
            parts.append(w.say(p.LEAD, d=seconds(sounds[0].start)))
        told = self._layers() if self.layered else self._in_time()
        parts = self._joined([*parts, *told])
        return parts + self._extras(extras)

    def _name(self, label: str) -> str:
        """ "a dog" at its first mention, "the dog" afterwards."""
        new = label not in self.seen
        self.seen.add(label)
        return phrase(label).new if new else phrase(label).known

    def _slots(self, s: Sound, i: int = 0) -> dict[str, str]:
        return {"a": seconds(s.start), "b": seconds(s.end), "d": seconds(s.length), "i": str(i), "k": ordinal(i)}

    def _layers(self) -> list[str]:
        out = []
        for s in self.scene.sounds:
            again = s.label in self.seen
            patterns = pm.TRACK if self.scene.throughout(s) else p.AGAIN if again else pm.LAYER
            out.append(self.w.say(patterns, x=self._name(s.label), **self._slots(s)))
        out += [self.w.say(pm.BENEATH, x=self._name(s.label), **self._slots(s)) for s in self.scene.beneath]
        return out

    def _in_time(self) -> list[str]:
        w, sounds, out = self.w, self.scene.sounds, []
        end = 0.0
        for i, s in enumerate(sounds, 1):
            again = s.label in self.seen
            slots = {"x": self._name(s.label), **self._slots(s, i)}
            gap = round(s.start - end, 1)
            if not self.scene.ordered and len(sounds) > 1:
                out.append(w.say(p.AGAIN if again else pm.LAYER, **slots))
            elif i == 1:
                out.append(w.say(p.FIRST_EVENT, **slots))
            elif again and w.chance(0.7):
                out.append(w.say(p.AGAIN, **slots))
            elif i == len(sounds) and w.chance(0.7):
                out.append(w.say(p.LAST_EVENT, **slots))
            elif s.start < end - 0.1:
                out.append(w.say(p.NEXT_OVER, **slots))
            elif w.chance(0.4):
                out.append(w.say(p.NEXT_ANY, **slots))
            elif gap < AT_ONCE_S:
                out.append(w.say(p.NEXT_SMALL, **slots))
            else:
                out.append(w.say(p.NEXT_GAP, g=seconds(gap), **slots))
            end = max(end, s.end)
        return out

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

    def _extras(self, n: int) -> list[str]:
        """Further true facts, in random choice."""
        w, scene = self.w, self.scene
        found = [*self._of_kinds(), *self._of_lengths(), *self._of_loudness(), *self._of_time()]
        if self.facts.course is not None and self.family != "loudness":
            found.append((p.COURSE[self.facts.course], {}))
        chosen = sorted(range(len(found)), key=lambda _: w.draw(1 << 20))[:n]
        out = [w.say(found[i][0], **found[i][1]) for i in chosen]
        end = max(s.end for s in scene.all)
        tail = round(scene.duration, 1) - end
        if tail >= 0.2 and self.family != "duration":
            out.append(w.say(p.TAIL, b=seconds(end), d=seconds(tail)))
        return out

    def _of_kinds(self) -> Told:
        scene = self.scene
        if len(scene.sounds) < 2 or scene.beneath:
            return []
        repeated = [x for x in scene.labels if scene.counts[x] > 1]
        if not repeated:
            return [(p.ALL_DIFFERENT, {})]
        if len(repeated) == 1 and self.family not in ("count_of", "target") and scene.countable:
            return [(p.REPEATED, {"x": phrase(repeated[0]).known, "t": times(scene.counts[repeated[0]])})]
        return []

    def _of_lengths(self) -> Told:
        scene = self.scene
        found: Told = []
        if len(scene.sounds) < 2 or scene.beneath:
            return []
        by_length = sorted(scene.sounds, key=lambda s: s.length)
        top, low = by_length[-1], by_length[0]
        if self.family != "longest" and top.length >= 1.25 * by_length[-2].length and scene.counts[top.label] == 1:
            found.append((p.LONGEST_FACT, {"x": phrase(top.label).known, "d": seconds(top.length)}))
        if low.length * 1.25 <= by_length[1].length and scene.counts[low.label] == 1:
            found.append((p.SHORTEST, {"x": phrase(low.label).known, "d": seconds(low.length)}))
        return found

    def _of_loudness(self) -> Told:
        scene = self.scene
        found: Told = []
        for label in (x for x in scene.labels if scene.counts[x] == 2):
            pair = [s for s in scene.sounds if s.label == label]
            if abs(pair[0].gain_db - pair[1].gain_db) >= 6.0:
                k = 1 if pair[0].gain_db > pair[1].gain_db else 2
                found.append((p.SAME_LOUDER, {"x": phrase(label).known, "k": ordinal(k)}))
        if self.family == "loudest":
            return []
        if scene.beneath and all(
            s.gain_db - b.gain_db >= LOUDER_DB for s in scene.sounds for b in scene.beneath if overlapping(s, b)
        ):
            found.append((pm.BELOW_FRONT, {}))
        if len(scene.heard) > 1:
            best = {x: max(s.gain_db for s in scene.all if s.label == x) for x in scene.heard}
            first, second = sorted(best, key=lambda x: -best[x])[:2]
            if best[first] - best[second] >= LOUDER_DB:
                found.append((pm.LOUDEST_FACT, {"x": phrase(first).known}))
        return found

    def _of_time(self) -> Told:
        scene, counts = self.scene, self.scene.counts
        sounds = scene.sounds
        found: Told = []
        if self.layered:
            pass
        elif len(sounds) > 1 and all(b.start > e for e, b in zip(_running_end(sounds), sounds[1:], strict=False)):
            found.append((p.NO_OVERLAP, {}))
        if len(sounds) > 2 and not self.overlaps and not scene.beneath:
            gaps = sorted(((round(b.start - a.end, 1), a, b) for a, b in pairwise(sounds)), key=lambda g: g[0])
            widest, left, right = gaps[-1]
            if widest >= 0.3 and widest >= 1.4 * gaps[-2][0] and counts[left.label] == counts[right.label] == 1:
                slots = {"x": phrase(left.label).known, "y": phrase(right.label).known, "d": seconds(widest)}
                found.append((p.SPACING, slots))
        if self.family != "overlap":
            single = [s for s in scene.all if sum(o.label == s.label for o in scene.all) == 1]
            both = [
                (a, b)
                for i, a in enumerate(single)
                for b in single[i + 1 :]
                if overlapping(a, b) and not (scene.throughout(a) and scene.throughout(b))
            ]
            for a, b in both[:2]:
                slots = {"x": phrase(a.label).known, "y": phrase(b.label).known, "d": seconds(round(together(a, b), 1))}
                found.append((pm.BOTH, slots))
        return found


def _running_end(sounds: Sequence[Sound]) -> list[float]:
    out, end = [], 0.0
    for s in sounds:
        end = max(end, s.end)
        out.append(end)
    return out
