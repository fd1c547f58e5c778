"""Full chains about sounds that lie over one another: the steps, the summary and the response of each family.

Decision: what decides is put into numbers a listener can follow: the later start against the earlier end, one start
minus the other, the loudest sound so far. Options are judged one by one with the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from audio_reasoner.grounded import patterns as p
from audio_reasoner.grounded import patterns_mix as pm
from audio_reasoner.grounded import patterns_options as po
from audio_reasoner.grounded.language import listed, number, phrase, seconds, times
from audio_reasoner.grounded.questions_mix import pair_in
from audio_reasoner.grounded.scene import Scene, Sound, overlapping
from audio_reasoner.grounded.templates import pair_of, target_of

if TYPE_CHECKING:
    from audio_reasoner.grounded.full import SceneChain


def kind_of(family: str, text: str, options: tuple[str, ...]) -> str:
    """Which form of a family a question has; the family itself where it has only one."""
    named = target_of(text) is not None
    yes_no = {o.casefold() for o in options} == {"yes", "no"}
    match family:
        case "presence":
            return "presence_is" if named else "presence"
        case "overlap":
            return "overlap_is" if yes_no else "overlap_which" if named else "overlap_pair"
        case "target":
            return "target_is" if yes_no else "target_count" if named else "target_which"
        case _:
            return family


def one(scene: Scene, label: str) -> Sound:
    """The first sound of that name; raises ValueError where there is none."""
    found = next((s for s in scene.all if s.label == label), None)
    if found is None:
        raise ValueError(f"no {label!r} is heard in the scene")
    return found


def in_time(a: Sound, b: Sound) -> tuple[Sound, Sound]:
    """The two in order of their start."""
    return (a, b) if a.exact[0] <= b.exact[0] else (b, a)


def common(a: Sound, b: Sound) -> tuple[float, float]:
    """The stretch that two sounds share, to 0.1 s; its length is negative where they stay apart."""
    return max(a.start, b.start), min(a.end, b.end)


def shared(a: Sound, b: Sound) -> str:
    """For how long, in words."""
    low, high = common(a, b)
    return seconds(max(round(high - low, 1), 0.1))


def asked_pair(text: str, scene: Scene) -> tuple[Sound, Sound]:
    """The two sounds of a question about two; raises ValueError where they are not heard."""
    pair = pair_of(text, scene.heard)
    if pair is None:
        raise ValueError("the question names no two sounds of the scene")
    return one(scene, pair[0]), one(scene, pair[1])


def loudest_by_label(scene: Scene) -> dict[str, Sound]:
    """Of every label the loudest sound."""
    best: dict[str, Sound] = {}
    for s in scene.all:
        if s.label not in best or s.gain_db > best[s.label].gain_db:
            best[s.label] = s
    return best


def companion(scene: Scene, label: str, gold: str) -> tuple[Sound, Sound]:
    """The named sound and the one of the right name that is heard together with it."""
    x = one(scene, label)
    found = next((s for s in scene.all if s.label == gold and s is not x and overlapping(x, s)), None)
    if found is None:
        raise ValueError(f"{gold!r} is not heard together with {label!r}")
    return x, found


class MixSteps:
    """Writes steps, summary and response with the tools of a scene's chain."""

    def __init__(self, chain: SceneChain) -> None:
        self.c, self.q, self.scene, self.w = chain, chain.q, chain.scene, chain.w

    def _times(self, s: Sound) -> dict[str, str]:
        return {"a": seconds(s.start), "b": seconds(s.end), "d": seconds(s.length)}

    def noted(self) -> list[str]:
        """Every sound with its times, the backgrounds last."""
        out = [self.w.say(pm.NOTED, x=phrase(s.label).known, **self._times(s)) for s in self.scene.sounds]
        return out + self._beneath()

    def _beneath(self) -> list[str]:
        return [self.w.say(pm.NOTED_BENEATH, x=phrase(s.label).known, **self._times(s)) for s in self.scene.beneath]

    def steps(self) -> list[str]:
        """The steps up to the conclusion."""
        walk: dict[str, Callable[[], list[str]]] = {
            "loudest": self._loudest,
            "overlap_is": self._overlap_is,
            "overlap_which": self._overlap_which,
            "overlap_pair": self._overlap_pair,
            "interval": self._interval,
            "target_which": self._target_which,
            "target_is": self._target_is,
            "target_count": self._target_count,
            "background": self._background,
        }
        return walk[self.c.kind]()

    def _loudest(self) -> list[str]:
        w, out = self.w, []
        lead: Sound | None = None
        for s in self.scene.sounds:
            slots = {"x": phrase(s.label).known, "a": seconds(s.start), "y": phrase(lead.label).known if lead else ""}
            if lead is None:
                out.append(w.say(pm.LOUD_FIRST, **slots))
                lead = s
            elif s.gain_db > lead.gain_db:
                out.append(w.say(pm.LOUD_AGAIN if s.label == lead.label else pm.LOUD_MORE, **slots))
                lead = s
            else:
                out.append(w.say(pm.LOUD_SAME if s.label == lead.label else pm.LOUD_LESS, **slots))
        assert lead is not None
        y = phrase(lead.label).known
        out += [w.say(pm.LOUD_BENEATH, x=phrase(s.label).known, y=y) for s in self.scene.beneath]
        best = loudest_by_label(self.scene)
        for i, option in enumerate(self.q.options):
            if i == self.c.gold:
                out.append(self.c._option(i, pm.IS_LOUDEST))
            elif option in best:
                out.append(self.c._option(i, pm.LESS_LOUD, y=phrase(lead.label).known))
            else:
                out.append(self.c._option(i, po.NEVER))
        second = sorted((s for x, s in best.items() if x != lead.label), key=lambda s: -s.gain_db)[0]
        out.append(w.say(pm.CHECK["loudest"], x=phrase(lead.label).known, y=phrase(second.label).known))
        return out

    def _overlap_is(self) -> list[str]:
        x, y = in_time(*asked_pair(self.q.text, self.scene))
        slots = {"x": phrase(x.label).known, "y": phrase(y.label).known, "b": seconds(y.start), "e": seconds(x.end)}
        yes = self.q.gold_text.casefold() == "yes"
        end = seconds(min(x.end, y.end)) if yes else slots["e"]
        out = [*self.noted(), self.w.say(pm.PAIR_TIMES, **slots), self.w.say(pm.PAIR_ENDS, **slots)]
        out.append(self.w.say(pm.PAIR_YES if yes else pm.PAIR_NO, d=shared(x, y), **slots))
        out.append(self.w.say(po.YES_NO_FIT, o=self.q.gold_text, L=self.c.letter, e=end))
        return out

    def _overlap_which(self) -> list[str]:
        assert self.c.target is not None
        x, gold = companion(self.scene, self.c.target, self.q.gold_text)
        out = [self.w.say(pm.SPAN, x=phrase(x.label).known, a=seconds(x.start), e=seconds(x.end))]
        for s in self.scene.sounds:
            if s is not x:
                low, high = common(x, s)
                meets = high > low
                slots = {"y": phrase(s.label).known, "b": seconds(s.start), "f": seconds(s.end), "d": shared(x, s)}
                out.append(self.w.say(pm.MEETS if meets else pm.MISSES, **slots))
        for i, option in enumerate(self.q.options):
            if i == self.c.gold:
                out.append(self.c._option(i, pm.WITH_IT, x=phrase(x.label).known))
            elif option in self.scene.heard:
                out.append(self.c._option(i, pm.NOT_WITH_IT, x=phrase(x.label).known))
            else:
                out.append(self.c._option(i, po.NEVER))
        low, high = common(x, gold)
        slots = {"x": phrase(x.label).known, "y": phrase(gold.label).known, "e": seconds(low), "f": seconds(high)}
        out.append(self.w.say(pm.CHECK["overlap_which"], **slots))
        return out

    def _overlap_pair(self) -> list[str]:
        out = self.noted()
        for i, option in enumerate(self.q.options):
            pair = pair_in(option, self.scene.heard)
            if pair is None:
                raise ValueError(f"the option {option!r} names no two sounds of the scene")
            x, y = in_time(one(self.scene, pair[0]), one(self.scene, pair[1]))
            slots = {"x": phrase(x.label).known, "y": phrase(y.label).known, "b": seconds(y.start), "e": seconds(x.end)}
            out.append(self.c._option(i, pm.PAIR_OPTION_YES if i == self.c.gold else pm.PAIR_OPTION_NO, **slots))
        return out

    def _interval(self) -> list[str]:
        x, y = asked_pair(self.q.text, self.scene)
        gap = seconds(y.start - x.start)
        out = self.noted()
        for s in (x, y):
            out.append(self.w.say(pm.START_OF, x=phrase(s.label).known, a=seconds(s.start)))
        out.append(self.w.say(pm.DIFFERENCE, a=seconds(x.start), b=seconds(y.start), d=gap))
        gold = _seconds_in(self.q.gold_text)
        for i, option in enumerate(self.q.options):
            low = _seconds_in(option) < gold
            patterns = pm.INTERVAL_FIT if i == self.c.gold else pm.INTERVAL_LOW if low else pm.INTERVAL_HIGH
            out.append(self.c._option(i, patterns, d=gap))
        return out

    def _target_which(self) -> list[str]:
        out = self.noted()
        for i, option in enumerate(self.q.options):
            if i == self.c.gold:
                s = one(self.scene, option)
                out.append(self.c._option(i, pm.IN_MIX, a=seconds(s.start), b=seconds(s.end)))
            else:
                out.append(self.c._option(i, po.NEVER))
        return out

    def _target_is(self) -> list[str]:
        out = []
        for s in (*self.scene.sounds, *self.scene.beneath):
            slots = {"x": phrase(s.label).known, "y": phrase(self.c.target or "").known, "a": seconds(s.start)}
            out.append(self.w.say(p.MATCH_YES if s.label == self.c.target else p.MATCH_NO, **slots))
            if s.label == self.c.target:
                break
        out.append(self.w.say(po.YES_NO_FIT, o=self.q.gold_text, L=self.c.letter))
        return out

    def _target_count(self) -> list[str]:
        n, out = 0, []
        for i, s in enumerate(self.scene.sounds, 1):
            hit = s.label == self.c.target
            n += hit
            slots = {"x": phrase(s.label).known, "n": number(n) if n else "zero", **self.c._slots(s, i)}
            out.append(self.w.say(p.TALLY_YES if hit else p.TALLY_NO, **slots))
        out += self._beneath()
        out += self.c._numbers(n)
        if n > 1:
            at = listed([seconds(s.start) for s in self.scene.sounds if s.label == self.c.target])
            out.append(self.w.say(po.CHECK["count_of"], x=phrase(self.c.target or "").known, r=at, t=times(n)))
        return out

    def _background(self) -> list[str]:
        out = self.noted()
        (under,) = self.scene.beneath
        for i in range(len(self.q.options)):
            out.append(self.c._option(i, pm.UNDER if i == self.c.gold else po.NEVER))
        slots = {"x": phrase(under.label).known, "y": phrase(self.c.target or "").known}
        out.append(self.w.say(pm.CHECK["background"], **slots))
        return out

    def slots(self) -> tuple[str, dict[str, str]]:
        """The key of the summary's and the response's patterns, and what they need."""
        kind, gold = self.c.kind, self.q.gold_text
        slots = {"L": self.c.letter, "x": phrase(self.c.target).known if self.c.target else "", "a": "", "d": ""}
        match kind:
            case "loudest":
                s = loudest_by_label(self.scene)[gold]
                slots |= {"x": phrase(gold).known, "a": seconds(s.start)}
            case "overlap_is":
                x, y = asked_pair(self.q.text, self.scene)
                kind = f"overlap_{gold.casefold()}"
                slots |= {"x": phrase(x.label).known, "y": phrase(y.label).known, "d": shared(x, y)}
            case "overlap_which":
                slots["y"] = phrase(gold).known
            case "overlap_pair":
                pair = pair_in(gold, self.scene.heard) or ("", "")
                slots |= {"x": phrase(pair[0]).known, "y": phrase(pair[1]).known}
            case "interval":
                x, y = asked_pair(self.q.text, self.scene)
                slots |= {"x": phrase(x.label).known, "y": phrase(y.label).known, "c": gold}
            case "target_which":
                slots["x"] = phrase(gold).known
            case "target_is":
                kind = f"target_{gold.casefold()}"
                if kind == "target_yes":
                    slots["a"] = seconds(one(self.scene, self.c.target or "").start)
            case "target_count":
                slots["t"] = times(self.scene.counts[self.c.target or ""])
            case "background":
                slots |= {"x": phrase(gold).known, "y": phrase(self.c.target or "").known}
        return kind, slots

    def summary(self) -> str:
        """The result in one sentence, with the option's letter."""
        kind, slots = self.slots()
        return self.w.say(pm.SUMMARY[kind], **slots)

    def reason(self) -> str:
        """The first sentence of the response."""
        kind, slots = self.slots()
        if kind == "background":
            slots["x"] = slots["y"]
        return self.w.say(pm.RESPONSE[kind], **slots)


def _seconds_in(option: str) -> float:
    return float(option.split()[1])
