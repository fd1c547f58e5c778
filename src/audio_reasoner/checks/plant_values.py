"""True and false values for the sentences of `plant_texts`, by a clip's timeline.

Decision: a false value is false beyond argument (a moment off by more than a second, a count off by one or more of
events that never touch), and a true one is rounded as a listener would round it. Where a clip does not allow either,
there is no value, and nothing is planted.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from typing import Any

from audio_reasoner.checks.ontology import confusable
from audio_reasoner.checks.plant_texts import INVENTED, SURFACE, Half
from audio_reasoner.checks.text import NUMBER_WORDS
from audio_reasoner.core.records import Clip, Question

FALSE, TRUE = "false", "true"
_WORD = {v: k for k, v in NUMBER_WORDS.items() if k.isalpha() and k not in ("no", "zero")}
Event = tuple[str, float, float]


def surface(label: str, half: Half, rng: random.Random) -> str:
    """How a teacher may name a sound."""
    return rng.choice(SURFACE.get(label, {half: (label,)})[half])


def _number(n: int, rng: random.Random) -> str:
    return _WORD[n] if n in _WORD and rng.random() < 0.6 else str(n)


def _times(n: int, rng: random.Random) -> str:
    return {1: "once", 2: "twice"}.get(n, f"{_number(n, rng)} times")


def _seconds(value: float, rng: random.Random) -> str:
    return f"{value:.1f}" if rng.random() < 0.8 or value < 1.5 else f"{value:.2f}"


def _other_number(n: int, rng: random.Random) -> int:
    return rng.choice([k for k in (n - 2, n - 1, n + 1, n + 2) if k >= 1])


def joined(items: Sequence[str]) -> str:
    """ "a", "a and b", "a, b, and c"."""
    if len(items) < 3:
        return " and ".join(items)
    return ", ".join(items[:-1]) + ", and " + items[-1]


def fields(
    kind: str, want: str, clip: Clip, question: Question, half: Half, rng: random.Random
) -> dict[str, Any] | None:
    """The fields of a sentence of this kind, true or false of the clip; None where the clip allows none."""
    if clip.timeline is None:
        return {"d": f"{_length(clip.duration_s, want, rng):.1f}"} if kind == "clip_length" else None
    line = clip.timeline
    if any(e.speaker for e in line.events):
        return _speakers(len({e.speaker for e in line.events}), want, rng) if kind == "speakers" else None
    events: list[Event] = [(e.label, line.seconds(e.start), line.seconds(e.end)) for e in line.events]
    make = _MAKERS.get(kind)
    values: dict[str, Any] | None = None if make is None else make(events, clip, want, half, rng)
    if values is None:
        return None
    if "w" in values and any(confusable(values["w"], o) for o in (*question.options, question.text)):
        return None
    return values


def _length(true: float, want: str, rng: random.Random) -> float:
    if want == TRUE:
        return true
    # Never near the truth: half of 2.2 s and one more would be true again.
    far = [true * k + c for k in (0.4, 0.55, 1.7, 2.2) for c in (0.0, 1.0) if abs(true * k + c - true) >= 1.0]
    return rng.choice(far)


def _speakers(n: int, want: str, rng: random.Random) -> dict[str, Any]:
    said = n if want == TRUE else rng.choice([k for k in (2, 3, 4, 5) if k != n])
    return {"n": _number(said, rng), "N": _WORD[said].capitalize()}


def _pair(events: list[Event], _clip: Clip, want: str, half: Half, rng: random.Random) -> dict[str, Any] | None:
    names = [e[0] for e in events]
    pairs = [
        (a, b)
        for a in set(names)
        for b in set(names)
        if a != b and not confusable(a, b) and names.index(b) > max(i for i, x in enumerate(names) if x == a)
    ]
    if not pairs:
        return None
    a, b = rng.choice(sorted(pairs))
    if want == FALSE:
        a, b = b, a
    return {"a": surface(a, half, rng), "b": surface(b, half, rng)}


def _next(events: list[Event], _clip: Clip, want: str, half: Half, rng: random.Random) -> dict[str, Any] | None:
    names = [e[0] for e in events]
    near = set(itertools.pairwise(names))
    every = {(a, b) for a in names for b in names if a != b and not confusable(a, b)}
    chosen = sorted(near & every if want == TRUE else every - near)
    if not chosen:
        return None
    a, b = rng.choice(chosen)
    return {"a": surface(a, half, rng), "b": surface(b, half, rng)}


def _edge(place: int) -> Any:
    def make(events: list[Event], _clip: Clip, want: str, half: Half, rng: random.Random) -> dict[str, Any] | None:
        right = events[place][0]
        if len(events) < 2 or (place == -1 and events[-1][2] < max(e[2] for e in events)):
            return None
        wrong = sorted({e[0] for e in events if e[0] != right and not confusable(e[0], right)})
        if want == FALSE and not wrong:
            return None
        return {"a": surface(right if want == TRUE else rng.choice(wrong), half, rng)}

    return make


def _list(events: list[Event], _clip: Clip, want: str, half: Half, rng: random.Random) -> dict[str, Any] | None:
    names = [e[0] for e in events]
    if len(set(names)) < 2 or any(confusable(a, b) for a in names for b in names if a != b):
        return None
    said = list(names)
    while want == FALSE and said == names:
        rng.shuffle(said)
    return {"list": joined([surface(x, half, rng) for x in said])}


def _count(events: list[Event], _clip: Clip, want: str, _half: Half, rng: random.Random) -> dict[str, Any] | None:
    names = [e[0] for e in events]
    n = len(names)
    said = n if want == TRUE else rng.choice([k for k in (n - 2, n - 1, n + 1, n + 2) if k > 1])
    if want == FALSE and said == len(set(names)):
        return None  # it might be a count of the kinds
    if said < 2:
        return None  # "1 sounds" is not how anybody writes
    word = _number(said, rng)
    return {"n": word, "N": word.capitalize()}


def _count_of(events: list[Event], _clip: Clip, want: str, half: Half, rng: random.Random) -> dict[str, Any] | None:
    names = [e[0] for e in events]
    label = rng.choice(names)
    n = names.count(label)
    if any(confusable(label, x) for x in names if x != label):
        return None
    said = n if want == TRUE else _other_number(n, rng)
    return (
        {"a": surface(label, half, rng), "times": _times(said, rng), "n": _number(said, rng)}
        if (said > 1 or (want == TRUE and n > 1))
        else None
    )


def _one(events: list[Event], rng: random.Random) -> Event | None:
    names = [e[0] for e in events]
    single = [e for e in events if not any(confusable(e[0], x) for x in names if x is not e[0])]
    single = [e for e in single if names.count(e[0]) == 1]
    return rng.choice(single) if single else None


def _moved(true: float, length: float, taken: float, rng: random.Random) -> float | None:
    """A moment inside the clip that is at least 1.2 s before the start or `taken` + 1.2 s after it."""
    found = [x / 10 for x in range(0, int(length * 10)) if x / 10 < true - 1.2 or x / 10 > true + taken + 1.2]
    return rng.choice(found) if found else None


def _time(events: list[Event], clip: Clip, want: str, half: Half, rng: random.Random) -> dict[str, Any] | None:
    event = _one(events, rng)
    if event is None:
        return None
    label, a, b = event
    said = a if want == TRUE else _moved(a, clip.duration_s, b - a, rng)
    return None if said is None else {"a": surface(label, half, rng), "t": _seconds(said, rng)}


def _span(events: list[Event], clip: Clip, want: str, half: Half, rng: random.Random) -> dict[str, Any] | None:
    event = _one(events, rng)
    if event is None:
        return None
    label, a, b = event
    start = a if want == TRUE else _moved(a, clip.duration_s - (b - a), b - a, rng)
    if start is None:
        return None
    return {"a": surface(label, half, rng), "t": f"{start:.1f}", "u": f"{start + b - a:.1f}"}


def _duration(events: list[Event], _clip: Clip, want: str, half: Half, rng: random.Random) -> dict[str, Any] | None:
    event = _one(events, rng)
    if event is None:
        return None
    label, a, b = event
    said = b - a if want == TRUE else (b - a) * rng.choice((2.2, 3.0)) + 1.0
    return {"a": surface(label, half, rng), "d": f"{said:.1f}"}


def _clip_length(_e: list[Event], clip: Clip, want: str, _half: Half, rng: random.Random) -> dict[str, Any] | None:
    return {"d": f"{_length(clip.duration_s, want, rng):.1f}"}


def _silence(events: list[Event], _clip: Clip, want: str, _half: Half, rng: random.Random) -> dict[str, Any] | None:
    if want == TRUE:
        gaps = [(x[2], y[1]) for x, y in itertools.pairwise(events) if y[1] - x[2] >= 0.4]
    else:
        gaps = [(e[1], e[2]) for e in events if e[2] - e[1] >= 0.7]
    if not gaps:
        return None
    a, b = rng.choice(gaps)
    return {"t": f"{a:.1f}", "u": f"{b:.1f}"}


def _leading(events: list[Event], clip: Clip, want: str, _half: Half, rng: random.Random) -> dict[str, Any] | None:
    true = events[0][1]
    if want == TRUE:
        return {"d": f"{true:.1f}"} if true >= 0.15 else None
    said = true + rng.uniform(1.2, 3.0)
    return {"d": f"{said:.1f}"} if said < clip.duration_s - 0.5 else None


def _denied(events: list[Event], _clip: Clip, want: str, half: Half, rng: random.Random) -> dict[str, Any] | None:
    return {"a": surface(rng.choice(events)[0], half, rng)} if want == FALSE else None


def _only(events: list[Event], _clip: Clip, want: str, half: Half, rng: random.Random) -> dict[str, Any] | None:
    names = list(dict.fromkeys(e[0] for e in events))
    if want == FALSE:
        alone = [x for x in names if not any(confusable(x, y) for y in names if x != y)]
        if len(names) < 2 or not alone:
            return None
        names.remove(rng.choice(alone))
    return {"set": joined([f"the {surface(x, half, rng)}" for x in names])}


def _absent(events: list[Event], half: Half, rng: random.Random) -> str | None:
    free = [w for w in INVENTED[half] if not any(confusable(w, e[0]) for e in events)]
    return rng.choice(free) if free else None


def _invented(events: list[Event], _clip: Clip, want: str, half: Half, rng: random.Random) -> dict[str, Any] | None:
    word = _absent(events, half, rng)
    return {"w": word} if word and want == FALSE else None


def _speech(_events: list[Event], _clip: Clip, want: str, _half: Half, _rng: random.Random) -> dict[str, Any] | None:
    return {} if want == FALSE else None


def _trap(events: list[Event], clip: Clip, _want: str, half: Half, rng: random.Random) -> dict[str, Any] | None:
    pair = _pair(events, clip, TRUE, half, rng)
    word = _absent(events, half, rng)
    if pair is None or word is None or len(events) < 2:
        return None
    n = len(events) + rng.choice((1, 2))
    return {**pair, "w": word, "n": _number(n, rng), "m": str(n + 2), "d": f"{clip.duration_s * 1.5:.1f}"}


_MAKERS: dict[str, Any] = {
    "order_pair": _pair, "order_next": _next, "first": _edge(0), "last": _edge(-1), "order_list": _list,
    "count": _count, "count_of": _count_of, "time": _time, "time_range": _span, "duration": _duration,
    "clip_length": _clip_length, "silence": _silence, "leading_silence": _leading, "denied": _denied, "only": _only,
    "invented": _invented, "speech": _speech, "trap": _trap,
}  # fmt: skip
