"""How good a judge is: plants known defects in sound samples and counts which are found.

Decision: everything is a function of the seed. Every kind gets `n` defects, half of them in the half of the sentences
that rules were mended with, half in the held-out one, and both are reported. Precision is what a user meets when
every second sample is defective: found defects over found defects plus false alarms among equally many sound samples,
which are the same sentences with true values where a kind has them, and untouched samples where it has none.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from audio_reasoner.checks import CHECKS_VERSION, check_sample, claims_of
from audio_reasoner.checks.plant import KINDS, Item, Planted, control, plant, trap
from audio_reasoner.core import ids
from audio_reasoner.core.chain import Chain
from audio_reasoner.core.records import AudioRef, Clip, Event, Label, Question, Timeline, Verdict

HALVES = ("seen", "held_out")
POOL = 300
"""Clips per style of which the sound samples are made."""
KEEP_MISSED = 12
"""Examples of missed defects and false alarms that are shown per kind (of the seen half only)."""


@dataclass
class Score:
    """What one judge did with one kind of defect, by half ("all": no sentence was planted)."""

    planted: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    controls: Counter[str] = field(default_factory=Counter)
    alarms: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)
    cried: list[str] = field(default_factory=list)

    def recall(self, half: str | None = None) -> float | None:
        """Found of planted; None where nothing was planted."""
        keys = [half] if half else list(self.planted)
        whole = sum(self.planted[k] for k in keys)
        return sum(self.found[k] for k in keys) / whole if whole else None

    def alarm_rate(self) -> float | None:
        """False alarms among the true twins of this kind; None where it has none."""
        whole = self.controls.total()
        return self.alarms.total() / whole if whole else None


@dataclass
class Bench:
    """The result of one run. `scores` is by judge, then kind."""

    seed: int
    n: int
    scores: dict[str, dict[str, Score]]
    clean: dict[str, Score]
    traps: dict[str, Score]
    cost_ms: float
    claims: Counter[str]
    judge: str | None = None
    notes: list[str] = field(default_factory=list)

    def precision(self, judge: str, kind: str) -> float | None:
        """Found defects over all alarms where sound and defective samples are equally many."""
        score = self.scores[judge][kind]
        recall = score.recall()
        false = score.alarm_rate()
        if false is None:
            false = self.clean[judge].alarm_rate()
        if recall is None or false is None or recall + false == 0:
            return None
        return recall / (recall + false)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""

        def numbers(judge: str, kind: str, s: Score) -> dict[str, Any]:
            return {
                "planted": s.planted.total(),
                "found": s.found.total(),
                "recall": s.recall(),
                "recall_seen": s.recall("seen"),
                "recall_held_out": s.recall("held_out"),
                "precision": self.precision(judge, kind),
                "controls": s.controls.total(),
                "control_alarms": s.alarms.total(),
                "reasons": dict(s.reasons.most_common()),
                "missed_examples": s.missed,
                "false_alarm_examples": s.cried,
            }

        return {
            "version": 1,
            "seed": self.seed,
            "n": self.n,
            "checks_version": CHECKS_VERSION,
            "judge": self.judge,
            "check_ms_per_sample": round(self.cost_ms, 3),
            "claims_in_clean_samples": dict(self.claims),
            "kinds": {j: {k: numbers(j, k, s) for k, s in by.items()} for j, by in self.scores.items()},
            "clean": {j: _rates(s) for j, s in self.clean.items()},
            "traps": {j: _rates(s) for j, s in self.traps.items()},
            "notes": self.notes,
        }


def _rates(s: Score) -> dict[str, Any]:
    return {
        "samples": s.controls.total(),
        "false_alarms": s.alarms.total(),
        "by_half": {k: [s.alarms[k], n] for k, n in s.controls.items()},
        "reasons": dict(s.reasons.most_common()),
        "examples": s.cried,
    }


def pool(seed: int, clips: int = POOL) -> list[Item]:
    """Sound samples: scenes in both styles, recordings of which only the label is known, and dialogues."""
    from audio_reasoner.grounded import GroundedTeacher
    from audio_reasoner.synth import CLASSES, plan_complex

    items: list[Item] = []
    for style in ("full", "brief"):
        teacher = GroundedTeacher(style=style, vocabulary=CLASSES, seed=seed)
        for clip in plan_complex(clips, seed, max_events=6):
            items += _of(teacher, clip)
        for clip in plan_complex(clips // 4, seed + 1, max_events=1):
            tags = tuple(Label(kind="tag", value=e.label) for e in (clip.timeline.events if clip.timeline else ()))
            items += _of(teacher, clip.model_copy(update={"timeline": None, "labels": tags}))
    rng = random.Random(f"dialogues/{seed}")
    items += [dialogue(rng, k) for k in range(clips // 4)]
    return items


def _of(teacher: Any, clip: Clip) -> Iterator[Item]:
    annotation = teacher.annotate(clip)
    for question in annotation.questions:
        yield Item(clip, None, annotation, question, teacher.think(clip, None, annotation, question))


_LINES = (
    "Did you see the news?",
    "Not yet, I was busy.",
    "We should leave soon.",
    "I will get my coat.",
    "It is raining again.",
    "Then take an umbrella.",
    "Where is the key?",
    "On the table, as always.",
)


def dialogue(rng: random.Random, k: int) -> Item:
    """A dialogue of two to four speakers as a timeline, with a plain chain; nothing is rendered."""
    n, rate = rng.randint(2, 4), 16_000
    turns = [*range(n), *(rng.randrange(n) for _ in range(rng.randint(0, 3)))]
    at, events, said = 0.3, [], []
    for turn in turns:
        end = at + rng.uniform(1.0, 2.5)
        line = rng.choice(_LINES)
        events.append(Event(start=int(at * rate), end=int(end * rate), label="speech", speaker=f"s{turn}", text=line))
        said.append(f'Speaker {turn + 1} says: "{line}"')
        at = end + rng.uniform(0.2, 0.6)
    recipe = {"dialogue": k, "turns": turns, "lines": said}
    clip = Clip(
        clip_id=ids.clip_id("bench", f"dialogue/{k}", 0, None), source="bench", source_id=f"dialogue/{k}",
        audio=AudioRef(recipe=recipe), content_key=ids.content_key_of_recipe(recipe), duration_s=at,
        domains=("speech",), group=f"dialogue/{k}",
        timeline=Timeline(sample_rate=rate, length=int(at * rate), events=tuple(events)),
    )  # fmt: skip
    word = ("two", "three", "four")[n - 2]
    question = Question(
        task="multi_speaker", family="speakers", text="How many speakers take part in the conversation?",
        options=("2", "3", "4", "5"), gold_text=str(n), gold_index=n - 2, difficulty=1,
    )  # fmt: skip
    chain = Chain(
        planning="I need to tell the voices apart and count them, then match the number with the options.",
        caption="The recording is a conversation. " + " ".join(f"{x}." for x in said),
        reasoning=f"1. I follow the voices from turn to turn.\n2. They belong to {word} different speakers.\n"
        f"3. That is option ({'abc'[n - 2]}).",
        summary=f"The conversation has {word} speakers, which is option ({'abc'[n - 2]}).",
        response=f"The answer is ({'abc'[n - 2]}).",
    )
    return Item(clip, None, None, question, chain)


def defects(kind: str, items: list[Item], n: int, seed: int) -> Iterator[Planted]:
    """`n` defects of one kind, the halves in turn; fewer where the pool cannot hold that many."""
    rng = random.Random(f"{seed}/{kind}")
    made = 0
    for trial in range(12 * n):
        if made == n:
            return
        item, other = rng.choice(items), rng.choice(items)
        found = plant(kind, item, HALVES[trial % 2], rng, other)  # type: ignore[arg-type]
        if found is not None:
            made += 1
            yield found


def controls(kind: str, items: list[Item], n: int, seed: int) -> Iterator[Planted]:
    """Up to `n` true twins of one kind ("trap": sentences that only look false)."""
    rng = random.Random(f"{seed}/{kind}/control")
    made = 0
    for trial in range(12 * n):
        if made == n:
            return
        item, half = rng.choice(items), HALVES[trial % 2]
        found = trap(item, half, rng) if kind == "trap" else control(kind, item, half, rng)  # type: ignore[arg-type]
        if found is None:
            if trial > 200 and not made:
                return
            continue
        made += 1
        yield found


Watch = Callable[[str, int, int], None]


def measure(
    n: int = 1000,
    seed: int = 0,
    *,
    kinds: tuple[str, ...] = (),
    items: list[Item] | None = None,
    watch: Watch | None = None,
) -> Bench:
    """Plant `n` defects of every kind and score the checks and, apart from them, the claims.

    Args:
        n: defects per kind.
        seed: decides clips, templates, values and places.
        kinds: only these kinds; empty for all.
        items: the sound samples; made from `seed` if not given.
        watch: called with (kind, how many kinds are done, how many there are).
    """
    items = pool(seed) if items is None else items
    names = kinds or tuple(KINDS)
    out = Bench(seed, n, {"checks": {}, "claims": {}}, {}, {}, 0.0, Counter())
    spent, judged = 0.0, 0
    out.clean = {"checks": Score(), "claims": Score()}
    out.traps = {"checks": Score(), "claims": Score()}
    rng = random.Random(f"{seed}/clean")
    for item in rng.sample(items, min(n, len(items))):
        began = time.perf_counter()
        verdict = _checks(item)
        spent += time.perf_counter() - began
        judged += 1
        out.claims.update(c.status for c in claims_of(item.clip, item.question, item.chain, item.evidence))
        _alarm(out.clean, Planted("clean", None, "", "", item), verdict)
    for done, kind in enumerate(names):
        if watch:
            watch(kind, done, len(names))
        by = {judge: Score() for judge in ("checks", "claims")}
        for judge, score in by.items():
            out.scores[judge][kind] = score
        for planted in defects(kind, items, n, seed):
            verdict = _checks(planted.item)
            half = planted.half or "all"
            for judge, score in by.items():
                codes = _codes(verdict, judge)
                score.planted[half] += 1
                score.found[half] += bool(codes)
                score.reasons.update(set(codes))
                if not codes and planted.half != "held_out" and len(score.missed) < KEEP_MISSED:
                    score.missed.append(f"{planted.section}: {planted.text}")
        for planted in controls(kind, items, n, seed):
            _alarm(by, planted, _checks(planted.item), count_reasons=False)
    for planted in controls("trap", items, n, seed):
        _alarm(out.traps, planted, _checks(planted.item))
    out.cost_ms = 1e3 * spent / max(judged, 1)
    return out


def _checks(item: Item) -> Verdict:
    return check_sample(item.clip, item.evidence, item.annotation, item.question, item.chain)


def _codes(verdict: Verdict, judge: str) -> list[str]:
    return [f.code for f in verdict.findings if judge == "checks" or f.code == "claim.contradicted"]


def _alarm(scores: dict[str, Score], planted: Planted, verdict: Verdict, count_reasons: bool = True) -> None:
    half = planted.half or "all"
    for judge, score in scores.items():
        codes = _codes(verdict, judge)
        score.controls[half] += 1
        score.alarms[half] += bool(codes)
        if count_reasons:
            score.reasons.update(set(codes))
        if codes and planted.half != "held_out" and len(score.cried) < KEEP_MISSED:
            detail = verdict.findings[0].detail
            score.cried.append(f"{planted.section}: {planted.text} → {codes[0]}: {detail}")
