"""Measures how often each estimator of `audio_reasoner.evidence` is wrong, on rendered clips whose truth is known.

    python benchmarks/evidence_errors.py [--clips 2600] [--seed 77] [--only voice] [--write]

Kinds of clips, so many of each:

* scenes: the planner's scenes over background noise, three times: events at least 0.7 s apart, events as dense as the
  planner likes, one event. Truth: the timeline, each event as far as it is heard.
* mixes: tracks of ten seconds and more over one another, some with short sounds in them. Truth: the same; no voice.
* music: composed pieces. Truth: their tempo; no voice.
* unbroken: one sound over the whole clip; in some a second of near silence. Truth: where the silence was put.
* courses: sounds without a course of their own (noise, tones, hums, and thirteen classes of the bank) under a known
  loudness course, with and without silence around it. Truth: the course.
* tones: harmonic tones and noise bands. Truth: the fundamental frequency or its absence, and the spectrum's centre.
* speech and pulse: see `evidence_voice.py`.

A row counts the clips in which the estimator speaks (its error would be attached), the share of those in which it is
wrong, and the share of all clips in which it speaks. docs/evidence.md says what wrong means. `--write` puts each item's
worst kind into src/audio_reasoner/evidence/errors.py.
"""

from __future__ import annotations

import argparse
import functools
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import evidence_voice
from audio_reasoner import compute, synth
from audio_reasoner.core.ids import derive_seed
from audio_reasoner.core.records import Clip, Evidence
from audio_reasoner.evidence import estimators
from audio_reasoner.synth.music.music import plan_music

RATE = 16_000
ITEMS = (
    "duration_s", "segments", "leading_silence_s", "trailing_silence_s", "silence_share", "onset_count", "level_dbfs",
    "loudness_course", "brightness_hz", "pitch_hz", "speech", "speech_segments", "speech_share", "pulse_bpm",
)  # fmt: skip
KEY = "0" * 64
RARELY = 0.2
"""On a kind of clip in fewer of which it speaks, an estimator's error is counted and not published."""
ERRORS_FILE = Path(__file__).parents[1] / "src/audio_reasoner/evidence/errors.py"


@dataclass
class Count:
    """What one estimator did on one kind of clip."""

    seen: int = 0
    spoken: int = 0
    wrong: int = 0
    cases: list[str] = field(default_factory=list)

    @property
    def error(self) -> float:
        """Share of wrong among spoken."""
        return self.wrong / max(self.spoken, 1)

    @property
    def told(self) -> bool:
        """Whether it speaks often enough on this kind of clip for its error there to be known."""
        return self.spoken >= RARELY * self.seen

    def add(self, other: Count) -> None:
        """What another part of the measurement counted."""
        self.seen += other.seen
        self.spoken += other.spoken
        self.wrong += other.wrong
        self.cases += other.cases


class Tally:
    """Counts by (item, kind of clip)."""

    def __init__(self) -> None:
        self.counts: dict[tuple[str, str], Count] = defaultdict(Count)
        self.kind = ""

    def check(self, evidence: Evidence, name: str, right: Callable[[Any], bool], about: str) -> None:
        """Count one item of one clip."""
        count = self.counts[name, self.kind]
        count.seen += 1
        item = evidence.get(name)
        if item is None or item.error is None:
            return
        count.spoken += 1
        if not right(item.value):
            count.wrong += 1
            count.cases.append(f"{item.value} {about}")

    def of(self, name: str) -> dict[str, Count]:
        """The kinds on which an item was measured."""
        return {kind: c for (n, kind), c in self.counts.items() if n == name}

    def worst(self, name: str) -> Count:
        """The kind with the highest error, of those in which it speaks: what is published."""
        return max((c for c in self.of(name).values() if c.told), key=lambda c: c.error, default=Count())


# --- scenes ----------------------------------------------------------------------------------------------------------


def heard_span(event: dict[str, Any]) -> tuple[float, float]:
    """Start and end in seconds of what can be heard of an event: its 10 ms frames within 30 dB of its loudest."""
    source = event["source"]
    x = synth.render_event(source["class"], source["seed"], event["length"]).astype(np.float64)
    m = x.size // 160
    level = 10 * np.log10(np.maximum(np.mean(x[: m * 160].reshape(m, 160) ** 2, axis=1), 1e-12))
    loud = np.flatnonzero(level > level.max() - 30.0)
    return (event["start"] + loud[0] * 160) / RATE, (event["start"] + (loud[-1] + 1) * 160) / RATE


def bridged(spans: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Spans with pauses under the estimator's stated `MIN_PAUSE_S` joined: what "a stretch of sound" means."""
    out = spans[:1]
    for a, b in spans[1:]:
        if a - out[-1][1] < estimators.MIN_PAUSE_S:
            out[-1] = (out[-1][0], max(b, out[-1][1]))
        else:
            out.append((a, b))
    return out


def scene(clip: Clip, tally: Tally) -> None:
    """One scene of events, one after the other."""
    assert clip.audio.recipe is not None
    events = clip.audio.recipe["events"]
    spans = bridged(sorted(heard_span(e) for e in events))
    evidence = estimators.measure(synth.render(clip.audio.recipe), KEY, speech=False)
    told = [(round(float(a), 2), round(float(b), 2)) for a, b in spans]
    about = f"truth {[e['source']['class'] for e in events]} {told}"
    judge(evidence, spans, clip.duration_s, tally, about)
    if tally.kind != "mixes":  # how many sounds begin within a mix is no question for an estimator of this kind
        tally.check(evidence, "onset_count", lambda v: v == len(events), about)
    if tally.kind == "one event":
        level = -24.0 + events[0]["gain_db"]
        tally.check(evidence, "level_dbfs", lambda v: abs(v - level) <= 3.0, f"{level:.1f} {about}")


def judge(evidence: Evidence, spans: list[tuple[float, float]], duration: float, tally: Tally, about: str) -> None:
    """Everything that the true spans decide, seconds."""

    def same(value: list[list[float]]) -> bool:
        return len(value) == len(spans) and all(
            abs(v[0] - t[0]) <= 0.2 and abs(v[1] - t[1]) <= 0.2 for v, t in zip(value, spans, strict=True)
        )

    silence = 1.0 - sum(b - a for a, b in spans) / duration
    end = duration - spans[-1][1]
    tally.check(evidence, "duration_s", lambda v: abs(v - duration) <= 0.051, about)
    tally.check(evidence, "segments", same, about)
    tally.check(evidence, "leading_silence_s", lambda v: abs(v - spans[0][0]) <= 0.15, f"{spans[0][0]:.2f} {about}")
    tally.check(evidence, "trailing_silence_s", lambda v: abs(v - end) <= 0.15, f"{end:.2f} {about}")
    tally.check(evidence, "silence_share", lambda v: abs(v - silence) <= 0.1, f"{silence:.2f} {about}")


def unbroken(rng: np.random.Generator, tally: Tally) -> None:
    """One sound over the whole clip, or (one time in three) with a second of near silence somewhere in it."""
    n = int(rng.uniform(0.3, 10.0) * RATE)
    x = carrier(rng, n) * 10.0 ** (rng.uniform(-32.0, -14.0) / 20.0)
    spans = [(0.0, n / RATE)]
    if rng.random() < 1 / 3 and n > 2.5 * RATE:
        at = int(rng.uniform(0.7, n / RATE - 1.7) * RATE)
        x[at : at + RATE] *= 10.0 ** (-rng.uniform(35.0, 60.0) / 20.0)
        spans = [(0.0, at / RATE), (at / RATE + 1.0, n / RATE)]
    x += rng.standard_normal(n) * 10.0 ** (rng.uniform(-80.0, -60.0) / 20.0)
    evidence = estimators.measure(x, KEY, speech=False)
    judge(evidence, spans, n / RATE, tally, f"truth {spans}")


# --- courses ---------------------------------------------------------------------------------------------------------


EVEN = ("rain", "engine", "siren", "horn", "phone", "alarm", "clock", "knock", "clap", "saw", "drum", "frog", "bird")
"""Bank sounds whose loudness has no course of its own at any length."""


def carrier(rng: np.random.Generator, n: int) -> np.ndarray:
    """A sound without a course of its own, [n], root mean square 1."""
    t = np.arange(n) / RATE
    kind = int(rng.integers(10))
    if kind >= 5:  # half of them from the bank
        x = synth.render_event(EVEN[int(rng.integers(len(EVEN)))], int(rng.integers(1 << 40)), n)
    elif kind == 0:  # coloured noise
        spectrum = np.fft.rfft(rng.standard_normal(n))
        f = np.fft.rfftfreq(n, 1 / RATE)
        x = np.fft.irfft(spectrum * np.maximum(f, 60.0) ** -rng.uniform(0.0, 1.0), n)
    elif kind == 1:  # tone with overtones
        f0 = rng.uniform(110.0, 900.0)
        x = sum(np.sin(2 * np.pi * f0 * k * t + rng.uniform(0, 6.28)) * rng.uniform(0.2, 1.0) / k for k in range(1, 7))
    elif kind == 2:  # an engine: a pulse train of 20 to 60 Hz with noise
        f0 = rng.uniform(25.0, 60.0)
        x = sum(np.sin(2 * np.pi * f0 * k * t + rng.uniform(0, 6.28)) for k in range(2, 16)) + rng.standard_normal(n)
    elif kind == 3:  # a wailing tone of even loudness
        sweep = np.sin(2 * np.pi * rng.uniform(0.2, 3.0) * t + rng.uniform(0, 6.28))
        x = np.sin(2 * np.pi * np.cumsum(rng.uniform(500, 900) * 2.0 ** (0.4 * sweep)) / RATE)
    else:  # rain: noise and drops
        x = rng.standard_normal(n) + np.where(rng.random(n) < 0.02, rng.standard_normal(n) * 5.0, 0.0)
    x = np.asarray(x, dtype=np.float64)
    return x / np.sqrt(np.mean(x**2))


def course(rng: np.random.Generator, tally: Tally) -> None:
    """One sound with a loudness course."""
    n = int(rng.uniform(1.0, 10.0) * RATE)
    x = carrier(rng, n)
    u = np.linspace(0.0, 1.0, n)
    depth = float(rng.uniform(10.0, 35.0))
    bend = float(rng.uniform(0.7, 1.5))
    name = ("rising", "falling", "steady", "rise_fall", "fall_rise", "varying")[int(rng.integers(6))]
    turn = float(rng.uniform(0.35, 0.65))
    if name == "rising":
        gain = depth * (u**bend - 1.0)
    elif name == "falling":
        gain = depth * ((1.0 - u) ** bend - 1.0)
    elif name == "steady":
        gain = np.zeros(n)
    elif name == "rise_fall":
        gain = -depth * np.abs(u - turn) / max(turn, 1 - turn)
    elif name == "fall_rise":
        gain = depth * (np.abs(u - turn) / max(turn, 1 - turn) - 1.0)
    else:  # up and down several times
        gain = 0.5 * depth * (np.sin(2 * np.pi * (rng.uniform(1.75, 4.0) * u + rng.uniform(0, 1))) - 1.0)
    x = x * 10.0 ** ((gain + rng.uniform(-32.0, -18.0)) / 20.0)
    edge = [int(rng.uniform(0.0, 0.3) * RATE) * int(rng.random() < 0.5) for _ in range(2)]
    x = np.concatenate([np.zeros(edge[0]), x, np.zeros(edge[1])])
    x += rng.standard_normal(x.size) * 10.0 ** (rng.uniform(-80.0, -60.0) / 20.0)
    evidence = estimators.measure(x, KEY, speech=False)
    about = f"truth {name} depth {depth:.0f} turn {turn:.2f} {n / RATE:.1f} s edges {edge}"
    tally.check(evidence, "loudness_course", lambda v: v == name, about)


# --- tones -----------------------------------------------------------------------------------------------------------


def tone(rng: np.random.Generator, tally: Tally) -> None:
    """A tone or a noise band with known pitch and brightness."""
    n = int(rng.uniform(0.5, 5.0) * RATE)
    t = np.arange(n) / RATE
    noise = rng.standard_normal(n) * 10.0 ** (rng.uniform(-75.0, -55.0) / 20.0)
    if rng.random() < 0.5:
        f0 = float(np.exp(rng.uniform(np.log(80.0), np.log(2500.0))))
        count = min(int(rng.integers(1, 9)), int(7500.0 / f0))
        amps = np.array([rng.uniform(0.3, 1.0) / (k ** rng.uniform(0, 1.5)) for k in range(1, count + 1)])
        vibrato = 1.0 + rng.uniform(0, 0.01) * np.sin(2 * np.pi * 5 * t)
        phase = 2 * np.pi * np.cumsum(f0 * vibrato) / RATE
        x = sum(a * np.sin(k * phase + rng.uniform(0, 6.28)) for k, a in enumerate(amps, start=1))
        centre = float(np.sum(amps**2 * f0 * np.arange(1, count + 1)) / np.sum(amps**2))
        pitch: float | None = f0
    else:
        low = float(rng.uniform(100.0, 4000.0))
        high = min(low * rng.uniform(1.8, 6.0), 7500.0)
        f = np.fft.rfftfreq(n, 1 / RATE)
        x = np.fft.irfft(np.fft.rfft(rng.standard_normal(n)) * ((f >= low) & (f <= high)), n)
        centre, pitch = (low + high) / 2, None
    x = np.asarray(x, dtype=np.float64)
    x = x / np.sqrt(np.mean(x**2)) * 10.0 ** (rng.uniform(-30.0, -15.0) / 20.0) + noise
    evidence = estimators.measure(x, KEY, speech=False)
    about = f"truth pitch {pitch and round(pitch)} centre {centre:.0f}"
    tally.check(evidence, "brightness_hz", lambda v: abs(v / centre - 1.0) <= 0.1, about)

    def right(value: float | None) -> bool:
        if value is None or pitch is None:
            return value is None and pitch is None
        return abs(value / pitch - 1.0) <= 0.06  # a semitone, rounding to two digits included

    tally.check(evidence, "pitch_hz", right, about)


# --- speech and pulse -------------------------------------------------------------------------------------------------


def spoken(rng: np.random.Generator, tally: Tally, pool: list[np.ndarray], over: bool) -> None:
    """Speech alone, or over softer sounds of the bank."""
    x, spans = evidence_voice.spoken_clip(rng, pool, over)
    duration = x.size / RATE
    evidence = estimators.measure(x, KEY)
    about = f"truth {[[round(a, 1), round(b, 1)] for a, b in spans]} of {duration:.1f} s"
    share = sum(b - a for a, b in spans) / duration

    def same(value: list[list[float]]) -> bool:
        return len(value) == len(spans) and all(
            abs(a - c) <= 0.3 and abs(b - d) <= 0.3 for (a, b), (c, d) in zip(value, spans, strict=True)
        )

    tally.check(evidence, "speech", lambda v: v is True, about)
    tally.check(evidence, "speech_segments", same, about)
    tally.check(evidence, "speech_share", lambda v: abs(v - share) <= 0.1, about)


def speechless(x: np.ndarray, tally: Tally) -> None:
    """No voice and no pulse."""
    evidence = estimators.measure(x, KEY)
    tally.check(evidence, "speech", lambda v: v is False, "no voice")
    tally.check(evidence, "speech_segments", lambda v: v == [], "no voice")
    tally.check(evidence, "speech_share", lambda v: v == 0.0, "no voice")


def voices(clips: int, seed: int, tally: Tally) -> None:
    """Speech alone and over sounds; among the clips for pulse, some that have none."""
    pool = evidence_voice.voices(max(40, clips // 4), seed)
    for tally.kind, over in (("speech", False), ("over sounds", True)):
        for i in range(clips):
            spoken(np.random.default_rng(derive_seed(seed, tally.kind, i)), tally, pool, over)
    tally.kind = "pulse"
    for i in range(clips):
        x, _ = evidence_voice.spoken_clip(np.random.default_rng(derive_seed(seed, "no pulse", i)), pool, i % 2 == 0)
        tally.check(estimators.measure(x, KEY), "pulse_bpm", lambda _: False, "speech has no pulse")


def no_voice(clips: int, seed: int, tally: Tally) -> None:
    """Scenes without a voice."""
    tally.kind = "no speech"
    for clip in synth.plan_complex(clips, seed + 3, kind="mixed"):
        speechless(synth.clip_audio(clip), tally)


def pulse(clips: int, seed: int, tally: Tally) -> None:
    """A plain pulse."""
    tally.kind = "pulse"
    for i in range(3 * clips):
        x, bpm = evidence_voice.pulse_clip(np.random.default_rng(derive_seed(seed, "pulse", i)))
        evidence = estimators.measure(x, KEY)
        tally.check(evidence, "pulse_bpm", lambda v, bpm=bpm: abs(v / bpm - 1) <= 0.03, f"truth {bpm:.1f}")


def music(clips: int, seed: int, tally: Tally) -> None:
    """Composed pieces: no voice, and a tempo that is known."""
    tally.kind = "music"
    for clip in plan_music(clips, seed + 5):
        x = synth.clip_audio(clip)
        speechless(x, tally)
        assert clip.timeline is not None
        bpm = next(float(f.value) for f in clip.timeline.facts if f.kind == "tempo")
        evidence = estimators.measure(x, KEY)
        tally.check(evidence, "pulse_bpm", lambda v, bpm=bpm: abs(v / bpm - 1) <= 0.03, f"truth {bpm:.1f}")


def voice(clips: int, seed: int, tally: Tally) -> None:
    """Speech, its absence, and pulse."""
    for part in (voices, no_voice, pulse, music):
        part(clips, seed, tally)


def one_by_one(kind: str, make: Callable[[np.random.Generator, Tally], None], count: int, seed: int) -> Tally:
    """Clips that are made from a generator each."""
    tally = Tally()
    tally.kind = kind
    for i in range(count):
        make(np.random.default_rng(derive_seed(seed, kind.removesuffix("s"), i)), tally)
    return tally


def part_of(name: str, clips: int, seed: int) -> Tally:
    """One part of the measurement; runs in a process of its own."""
    # Speak wherever the kind allows it, whatever errors.py says now.
    estimators.ERRORS = dict.fromkeys(ITEMS, 0.0)
    makers = {"unbroken": (unbroken, 3 * clips // 2), "courses": (course, 3 * clips // 2), "tones": (tone, 2 * clips)}
    if name in makers:
        return one_by_one(name, *makers[name], seed)
    tally = Tally()
    if name in SCENES:
        for tally.kind, clip in scenes(clips, seed, name):
            scene(clip, tally)
    else:
        {"voices": voices, "no voice": no_voice, "pulse": pulse, "music": music}[name](clips, seed, tally)
    return tally


# --- together --------------------------------------------------------------------------------------------------------


SCENES: dict[str, tuple[int, int, dict[str, Any]]] = {
    "separated": (1, 0, {"min_gap_s": 0.7, "max_gap_s": 1.6, "edge_seconds": (0.05, 1.0)}),
    "dense": (3, 1, {}),
    "one event": (1, 2, {"min_events": 1, "max_events": 1, "edge_seconds": (0.05, 1.0)}),
    "mixes": (1, 4, {"kind": "composite"}),
}
"""By kind: how many times as many clips, what is added to the seed, settings of the planner."""
PARTS = (
    "voices",
    "music",
    "dense",
    "mixes",
    "no voice",
    "pulse",
    "separated",
    "one event",
    "courses",
    "unbroken",
    "tones",
)


def scenes(clips: int, seed: int, only: str | None = None) -> Iterator[tuple[str, Clip]]:
    """Separated events, the planner's density (more: there the estimators often keep silent), one event, mixes."""
    for name, (times, add, settings) in SCENES.items():
        if only in (None, name):
            yield from ((name, c) for c in synth.plan_complex(times * clips, seed + add, **settings))


def write(tally: Tally) -> None:
    """Put the figures into the package."""
    lines = []
    for name in ITEMS:
        kinds = tally.of(name)
        enough = all(c.seen >= 2000 for c in kinds.values() if c.told)
        worst = tally.worst(name)
        value = f"{worst.error:.4f}" if enough else "None"
        told = ", ".join(f"{kind} {c.wrong:,} of {c.spoken:,}" for kind, c in kinds.items())
        lines.append(f'    # wrong: {told}\n    "{name}": {value},\n')
    head, _, _ = ERRORS_FILE.read_text("utf-8").partition("ERRORS: dict")
    body = "".join(lines)
    ERRORS_FILE.write_text(f"{head}ERRORS: dict[str, float | None] = {{\n{body}}}\n", "utf-8")
    print(f"written to {ERRORS_FILE}")


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=2600, help="clips of each kind")
    parser.add_argument("--seed", type=int, default=77, help="77 was not looked at while the estimators were tuned")
    parser.add_argument("--write", action="store_true", help="update errors.py")
    parser.add_argument("--only", choices=("voice",), help="speech and pulse alone; not with --write")
    parser.add_argument("--workers", type=int, default=None)
    parser.add_argument("--show", metavar="ITEM", help="print wrong cases of one item")
    args = parser.parse_args()
    if args.only and args.write:
        parser.error("--write needs all kinds of clips")
    tally = Tally()
    started = time.perf_counter()
    wanted = [p for p in PARTS if args.only != "voice" or p in ("voices", "no voice", "pulse", "music")]
    run = functools.partial(part_of, clips=args.clips, seed=args.seed)
    for found in compute.map(run, wanted, args.workers, ordered=False, chunk=1):
        for key, count in found.counts.items():
            tally.counts[key].add(count)
    print(f"{'item':18} {'kind':10} {'wrong':>7} {'spoken':>7} {'error':>8} {'speaks':>7}")
    for name in ITEMS:
        for kind, c in tally.of(name).items():
            speaks = c.spoken / max(c.seen, 1)
            print(f"{name:18} {kind:10} {c.wrong:7,} {c.spoken:7,} {c.error:8.2%} {speaks:7.1%}")
    if args.show:
        for kind, c in tally.of(args.show).items():
            print(f"wrong in {kind}:", *c.cases[:12], sep="\n  ")
    if args.write:
        write(tally)
    figures = " ".join(f"{n}={tally.worst(n).error:.4f}" for n in ITEMS)
    print(f"evidence_errors clips={args.clips} seconds={time.perf_counter() - started:.0f} {figures}")


if __name__ == "__main__":
    main()
