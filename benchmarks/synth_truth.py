"""Claim: what a timeline says is what can be measured in the sound, from the samples alone.

Renders the clips of given runs and measures again, without looking at the recipe: where sound begins and ends in
scenes whose events stand apart, how loud each event is, how far a foreground sound rises above what goes on beneath it,
where somebody speaks, where turns begin, and whose turn it is (by the likeness of voices). Then holds the findings
against the timeline, prints agreement by kind of clip and the worst disagreements, for a person to look at.

    audio-reasoner synth complex  -n 1200 --seed 11 -o /tmp/truth/complex
    audio-reasoner synth dialogue -n 400 --seed 11 -o /tmp/truth/dialogue
    python benchmarks/synth_truth.py /tmp/truth/complex /tmp/truth/dialogue [--limit 2000] [--worst 5]

Music is measured by `benchmarks/music_truth.py`: pitch and pulse need means of their own.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np

from audio_reasoner import compute
from audio_reasoner.core.records import Clip, Event
from audio_reasoner.dataset import read_clips
from audio_reasoner.evidence.speech import probabilities
from audio_reasoner.evidence.speech import stretches as speech_stretches
from audio_reasoner.synth import RATE, clip_audio
from audio_reasoner.synth.bank.render import LEVEL_DBFS, MAX_INNER_GAP_S
from audio_reasoner.synth.recipes import source_audio
from audio_reasoner.synth.store import sources_at

HOP = 80
"""5 ms."""
ONSET_S = 0.05
LEVEL_DB = 1.5
RISE_DB = 3.0
TURN_S = 0.25
OWN_S = 0.6
"""From so much of a voice alone its likeness is measured."""
PAUSE_S = 0.5
"""After a shorter pause the detector of speech hears no new beginning."""
APART_S = 2 * MAX_INNER_GAP_S


@dataclass
class Found:
    """Measurements of one clip: name of the measure → list of (agrees, size of the difference, where)."""

    clip_id: str
    kind: str
    measures: dict[str, list[tuple[bool, float, str]]] = field(default_factory=lambda: defaultdict(list))

    def add(self, name: str, agrees: bool, difference: float, where: str) -> None:
        """Remember one comparison."""
        self.measures[name].append((bool(agrees), float(difference), where))


def frame_db(x: np.ndarray) -> np.ndarray:
    """Level of 5 ms frames in dBFS: [n // HOP]."""
    n = x.size // HOP
    power = np.mean(np.square(x[: n * HOP].astype(np.float64).reshape(n, HOP)), axis=1)
    return 10.0 * np.log10(power + 1e-12)


def stretches(x: np.ndarray) -> list[tuple[float, float]]:
    """Stretches of sound (seconds), joined over the pauses that one event may hold."""
    smooth = np.convolve(10.0 ** (frame_db(x) / 10.0), np.ones(4) / 4.0, mode="same")
    level = 10.0 * np.log10(smooth + 1e-12)
    # What lies beneath everything: the loudest moment of the quietest third of a second, as noise of its own moves too.
    width = min(60, level.size)
    windows = np.lib.stride_tricks.sliding_window_view(level, width)
    beneath = float(np.min(np.max(windows, axis=1)))
    top = float(np.max(level))
    if top - beneath < 12.0:
        return []
    loud = level > max(beneath + 5.0, top - 50.0)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], loud.astype(np.int8), [0]])))
    out: list[list[float]] = []
    for a, b in zip(edges[::2], edges[1::2], strict=True):
        start, end = a * HOP / RATE, b * HOP / RATE
        if out and start - out[-1][1] < MAX_INNER_GAP_S + 0.05:
            out[-1][1] = end
        else:
            out.append([start, end])
    return [(a, b) for a, b in out if b - a >= 0.03]


def active_db(x: np.ndarray, beneath: float = 0.0) -> float:
    """Level of the frames (25 ms) that carry at least a tenth of the mean power, less the power that lies beneath."""
    m = max(x.size // 400, 1)
    power = np.mean(np.square(x[: m * 400].astype(np.float64).reshape(m, -1)), axis=1)
    active = power[power >= 0.1 * np.mean(power)]
    return 10.0 * float(np.log10(max(float(np.mean(active)) - beneath, 1e-12)))


def alone(e: Event, events: list[Event]) -> bool:
    """Whether nothing else sounds while an event does."""
    return all(o is e or o.end <= e.start or o.start >= e.end for o in events)


def alone_part(e: Event, events: list[Event]) -> tuple[int, int]:
    """The longest part of an event during which nothing else of `events` sounds: start and end in samples."""
    busy = sorted((o.start, o.end) for o in events if o is not e and o.end > e.start and o.start < e.end)
    best, at = (e.start, e.start), e.start
    for start, end in [*busy, (e.end, e.end)]:
        if start - at > best[1] - best[0]:
            best = (at, start)
        at = max(at, end)
    return best


def measure_scene(clip: Clip, x: np.ndarray, found: Found) -> None:
    """Onsets, counts and levels of scenes of sounds."""
    assert clip.timeline is not None
    assert clip.audio.recipe is not None
    events = list(clip.timeline.events)
    beneath = [e for e in events if e.role == "background"]
    front = [e for e in events if e.role == "foreground"]
    dry = clip.audio.recipe.get("room") is None
    gaps = [b.start - max(e.end for e in front[: i + 1]) for i, b in enumerate(front[1:])]
    edges = (front[0].start, x.size - max(e.end for e in front)) if front else (0, 0)
    quiet_somewhere = max([*edges, *gaps]) >= 0.35 * RATE
    if not beneath and dry and quiet_somewhere and all(g >= APART_S * RATE for g in gaps):
        heard = stretches(x)
        found.add("count", len(heard) == len(front), abs(len(heard) - len(front)), f"{len(heard)} for {len(front)}")
        if len(heard) == len(front):
            for (a, _), e in zip(heard, front, strict=True):
                late = a - e.start / RATE
                found.add("onset", abs(late) <= ONSET_S, abs(late), f"{e.label} at {e.start / RATE:.2f} s")
    if not dry:
        return  # a room adds its own sound to every event
    # A scene whose sum would exceed the peak is turned down as a whole: only relations are promised then.
    quiet = clip.audio.recipe.get("background")
    noise = 10.0 ** (quiet["level_db"] / 10.0) if quiet else 0.0
    single = [e for e in events if alone(e, events) and not _fades(clip, e)]
    shift = 0.0 if np.max(np.abs(x)) < 0.899 else None
    measured = [(e, active_db(x[e.start : e.end], noise) - LEVEL_DBFS - e.gain_db) for e in single]
    if shift is None and measured:
        shift = float(np.median([d for _, d in measured]))
    for e, off in measured:
        off -= shift or 0.0
        found.add("level", abs(off) <= LEVEL_DB, abs(off), f"{e.label} {e.gain_db:+.1f} dB: {off:+.1f}")
    for e in front if beneath else []:
        _rise(clip, x, e, found)


def _fades(clip: Clip, e: Event) -> bool:
    recipe = clip.audio.recipe or {}
    return any(
        r["start"] == e.start and (r.get("fade_in", 0) > 400 or r.get("fade_out", 0) > 400) for r in recipe["events"]
    )


def _rise(clip: Clip, x: np.ndarray, e: Event, found: Found) -> None:
    """How far a sound rises above what goes on beneath it: the power during it against the power around it."""
    assert clip.timeline is not None
    events = clip.timeline.events
    others = [o for o in events if o is not e]
    around = [*range(max(e.start - RATE, 0), e.start, 400), *range(e.end, min(e.end + RATE, x.size - 400), 400)]
    same = [o for o in others if o.start <= e.start and o.end >= e.end]
    clean = [i for i in around if all((o in same) == (o.start < i + 400 and o.end > i) for o in others)]
    if len(clean) < 8 or any(o not in same and o.start < e.end and o.end > e.start for o in others):
        return
    beneath = float(np.mean([np.mean(np.square(x[i : i + 400].astype(np.float64))) for i in clean]))
    recipe = clip.audio.recipe or {}
    own = next(r for r in recipe["events"] if r["start"] == e.start and r["length"] == e.end - e.start)
    dry = source_audio(own["source"], own["length"], sources_at(clip.audio.sources))
    power = float(np.mean(np.square(dry.astype(np.float64)))) * 10.0 ** (e.gain_db / 10.0)
    planned = 10.0 * np.log10(power / beneath)
    if planned < 0.0 or not same or np.max(np.abs(x)) > 0.899:
        return  # below what is beneath it, a sound cannot be measured by its power
    more = float(np.mean(np.square(x[e.start : e.end].astype(np.float64)))) - beneath
    rise = 10.0 * np.log10(max(more, 1e-12) / beneath)
    off = abs(rise - planned)
    found.add("rise", off <= RISE_DB, off, f"{e.label}: {rise:.1f} for {planned:.1f} dB")


def measure_dialogue(clip: Clip, x: np.ndarray, found: Found) -> None:
    """Speech activity, turns and voices of dialogues."""
    assert clip.timeline is not None
    turns = [e for e in clip.timeline.events if e.speaker]
    grid = np.zeros(x.size // HOP, dtype=bool)
    for e in turns:
        grid[e.start // HOP : e.end // HOP] = True
    heard = np.zeros_like(grid)
    spoken, _ = speech_stretches(probabilities(x), x.size / RATE)
    for a, b in spoken:
        heard[int(a * RATE) // HOP : int(b * RATE) // HOP] = True
    share = float(np.mean(grid == heard))
    found.add("activity", share >= 0.9, 1.0 - share, f"{100 * share:.1f} % of the frames")
    starts = [a for a, _ in spoken]
    for i, e in enumerate(turns):
        before = max((o.end for o in turns[:i]), default=0)
        if e.start - before >= PAUSE_S * RATE and starts:
            late = min(abs(a - e.start / RATE) for a in starts)
            found.add("turn", late <= TURN_S, late, f"{e.speaker} at {e.start / RATE:.2f} s")
    voices = {e.speaker for e in turns}
    parts = [(e, alone_part(e, turns)) for e in turns]
    heard_alone = [(e, voice_of(x[a:b])) for e, (a, b) in parts if b - a > OWN_S * RATE]
    own = [(e.speaker, v) for e, v in heard_alone]
    if len(own) > len(voices):
        for i, (name, v) in enumerate(own):
            rest = [(float(np.linalg.norm(v - w)), n, j) for j, (n, w) in enumerate(own) if j != i]
            if any(n == name for _, n, _ in rest):
                _, near, j = min(rest)
                manners = heard_alone[i][0].style, heard_alone[j][0].style
                found.add("voice", near == name, 0.0, f"{name} ({manners[0]}) nearest to {near} ({manners[1]})")
    solo = {n for n, _ in own}
    found.add("speakers", solo == voices, len(voices - solo), f"{len(solo)} of {len(voices)} with a turn of their own")


def voice_of(x: np.ndarray) -> np.ndarray:
    """A few numbers about a voice: log spectrum in 32 mel-like bands, averaged over voiced frames, and its pitch."""
    frames = np.lib.stride_tricks.sliding_window_view(x.astype(np.float64), 512)[::160]
    power = np.abs(np.fft.rfft(frames * np.hanning(512), axis=1)) ** 2
    energy = power.sum(axis=1)
    power = power[energy > 0.2 * np.mean(energy)]
    edges = np.unique(np.round(np.geomspace(3, 256, 33)).astype(int))
    bands = np.log10(np.array([power[:, a:b].sum(axis=1) for a, b in pairwise(edges)]) + 1e-9)
    mean = bands.mean(axis=1)
    auto = np.fft.irfft(np.abs(np.fft.rfft(frames * np.hanning(512), 1024, axis=1)) ** 2, axis=1)[:, 40:230]
    pitch = float(np.median(np.log2(RATE / (40 + np.argmax(auto[energy > 0.5 * np.mean(energy)], axis=1)))))
    return np.concatenate([mean - mean.mean(), [3.0 * pitch]])


def measure(clip: Clip) -> Found:
    """All measures that suit a clip."""
    kind = (clip.audio.recipe or {}).get("kind", "recording")
    found = Found(clip.clip_id, kind)
    x = clip_audio(clip)
    (measure_dialogue if kind == "dialogue" else measure_scene)(clip, x, found)
    return found


def clips_of(runs: list[Path], limit: int) -> Iterator[Clip]:
    """The first clips of each run, evenly."""
    for run in runs:
        for i, clip in enumerate(read_clips(run)):
            if i >= limit // len(runs):
                break
            yield clip


def main() -> None:
    """Measure, print a table, the worst cases and one line of figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--limit", type=int, default=2000, help="clips in all")
    parser.add_argument("--worst", type=int, default=5, help="disagreements to print of each measure")
    parser.add_argument("--workers", type=int, default=None)
    args = parser.parse_args()
    all_found: dict[tuple[str, str], list[tuple[bool, float, str]]] = defaultdict(list)
    clips = 0
    for found in compute.map(measure, clips_of(args.runs, args.limit), args.workers, ordered=False, chunk=8):
        clips += 1
        for name, rows in found.measures.items():
            all_found[found.kind, name] += [(a, d, f"{found.clip_id} {w}") for a, d, w in rows]
    figures = [f"clips={clips}"]
    print(f"{'kind':20s} {'measure':10s} {'n':>7s} {'agree':>7s} {'median':>8s} {'95 %':>8s}")
    for (kind, name), rows in sorted(all_found.items()):
        off = np.array([d for _, d, _ in rows])
        agree = float(np.mean([a for a, _, _ in rows]))
        print(f"{kind:20s} {name:10s} {len(rows):7,d} {agree:7.1%} {np.median(off):8.3f} {np.percentile(off, 95):8.3f}")
        figures.append(f"{kind}/{name}={agree:.4f}")
    for (kind, name), rows in sorted(all_found.items()):
        bad = sorted((r for r in rows if not r[0]), key=lambda r: -r[1])[: args.worst]
        for _, off, where in bad:
            print(f"  {kind} {name}: {where} (off by {off:.3f})")
    print(" ".join(figures))


if __name__ == "__main__":
    main()
