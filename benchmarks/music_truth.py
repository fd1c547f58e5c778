"""Is what the timeline of a made piece says true of its sound? Measured again from the audio alone.

Measured: note onsets (spectral flux); tempo (autocorrelation of the flux: the free estimate, and the best of the
tempi a question would offer); metre (the period of the accents on the beats); key (Krumhansl's profiles on a chroma);
instrument (a linear classifier on log spectra, fitted on other seeds); dynamics (course of the level); direction of the
melody (fundamental frequency of its part); tuning. Only numpy and scipy; nothing of the planner's knowledge but the
answer to compare with.

Run: python benchmarks/music_truth.py [--clips 300] [--seed 5] [--show 3]
"""

from __future__ import annotations

import argparse
import time
from collections import Counter, defaultdict
from itertools import pairwise
from typing import Any

import numpy as np

from audio_reasoner.core.harmony import direction_of, estimate_key
from audio_reasoner.core.records import Clip
from audio_reasoner.synth.audio import clip_audio
from audio_reasoner.synth.dsp import RATE
from audio_reasoner.synth.music.instruments import INSTRUMENTS, hertz, render_notes
from audio_reasoner.synth.music.music import plan_music
from audio_reasoner.synth.recipes import source_audio

HOP = 80
WIN = 512


def spectra(x: np.ndarray, win: int = WIN, hop: int = HOP) -> np.ndarray:
    """Magnitudes, shape [frames, win // 2 + 1]."""
    from scipy.fft import rfft

    x = np.concatenate([np.zeros(win // 2, np.float32), x.astype(np.float32), np.zeros(win, np.float32)])
    frames = np.lib.stride_tricks.sliding_window_view(x, win)[::hop]
    return np.abs(rfft(frames * np.hanning(win).astype(np.float32), axis=1))


def flux(x: np.ndarray) -> np.ndarray:
    """Onset strength in steps of 5 ms."""
    bands = np.log1p(300.0 * spectra(x)[:, 2:])
    rise = np.maximum(bands[4:] - bands[:-4], 0.0).mean(axis=1)
    return np.concatenate([np.zeros(4), rise])


def peaks(strength: np.ndarray) -> np.ndarray:
    """Times of onsets in seconds."""
    from scipy.ndimage import maximum_filter1d, median_filter

    floor = median_filter(strength, 61) + 0.12 * np.percentile(strength, 98)
    top = (strength == maximum_filter1d(strength, 13)) & (strength > floor)
    return np.flatnonzero(top) * HOP / RATE


def onset_agreement(found: np.ndarray, true: np.ndarray) -> tuple[float, float]:
    """Share of true onsets found and of found ones that are true, within 50 ms."""
    if not len(found) or not len(true):
        return 0.0, 0.0
    near = np.min(np.abs(true[:, None] - found[None, :]), axis=1) < 0.05
    right = np.min(np.abs(found[:, None] - true[None, :]), axis=1) < 0.05
    return float(np.mean(near)), float(np.mean(right))


def beat_score(strength: np.ndarray, bpm: float) -> float:
    """How well the onset strength repeats after one, two and four beats."""
    y = strength - strength.mean()
    out = 0.0
    for beats, weight in ((1, 1.0), (2, 0.6), (4, 0.4)):
        lag = 60.0 / bpm * beats * RATE / HOP
        if lag < y.size - 100:
            around = [int(lag) + d for d in (-1, 0, 1, 2)]
            out += weight * max(float(np.dot(y[:-k], y[k:])) / (y.size - k) for k in around)
    return out


def free_tempo(strength: np.ndarray) -> float:
    """The tempo of the highest score between 40 and 220 beats a minute, with a preference for about 100."""
    bpms = np.exp(np.linspace(np.log(40), np.log(220), 200))
    scores = [beat_score(strength, b) * np.exp(-0.5 * (np.log2(b / 95) / 1.1) ** 2) for b in bpms]
    return float(bpms[int(np.argmax(scores))])


def key_of(x: np.ndarray) -> str:
    """The key of the best profile on a chroma of peaks, each freed from what lower peaks explain as partials."""
    size = 4096
    mags = spectra(x, size, 1024)
    chroma = np.zeros(12)
    bins = np.arange(int(75 * size / RATE), int(1100 * size / RATE))
    for frame in mags:
        y = np.array(frame)
        floor = 0.05 * y[bins].max()
        if floor < 1e-3:
            continue
        for k in bins:
            if y[k] > floor and y[k] >= y[k - 1] and y[k] >= y[k + 1]:
                a, b, c = np.log(y[k - 1 : k + 2] + 1e-9)
                at = k + 0.5 * (a - c) / min(a - 2 * b + c, -1e-9)
                chroma[round(69 + 12 * np.log2(at * RATE / size / 440)) % 12] += np.sqrt(y[k])
                for partial in (3, 5, 6, 7, 9):
                    j = round(partial * at)
                    if j + 3 < y.size:
                        y[j - 2 : j + 3] = np.maximum(y[j - 2 : j + 3] - 1.2 * y[k], 0.0)
    return estimate_key(chroma)[0].name


def pitches(x: np.ndarray, low: float, high: float) -> np.ndarray:
    """Fundamental frequency in MIDI numbers every 20 ms (YIN), NaN where it is quiet or unclear."""
    from scipy.fft import irfft, rfft
    from scipy.ndimage import median_filter

    win, hop = 1024, 320
    frames = np.lib.stride_tricks.sliding_window_view(np.asarray(x, np.float64), win)[::hop]
    a, b = int(RATE / high), min(int(RATE / low) + 2, win // 2)
    half = win // 2
    ac = irfft(rfft(frames, 2 * win) * np.conj(rfft(frames[:, :half], 2 * win)), axis=1)[:, : b + 1]
    power = np.cumsum(np.pad(frames**2, ((0, 0), (1, 0))), axis=1)
    energy = power[:, half : half + b + 1] - power[:, : b + 1]
    d = np.maximum(energy[:, :1] + energy - 2 * ac, 0.0)
    norm = d[:, 1:] * np.arange(1, b + 1) / np.maximum(np.cumsum(d[:, 1:], axis=1), 1e-12)
    level = np.sqrt(energy[:, 0] / half)
    out = np.full(len(frames), np.nan)
    for i, row in enumerate(norm):
        if level[i] < 0.1 * np.percentile(level, 90):
            continue
        part = row[a - 1 :]
        under = np.flatnonzero(part < max(0.15, part.min() * 1.5))
        if not under.size or part.min() > 0.4:
            continue
        k = int(under[0])
        while k + 1 < part.size and part[k + 1] < part[k]:
            k += 1
        out[i] = 69 + 12 * np.log2(RATE / (a + k) / 440)
    kept = ~np.isnan(out)
    if kept.sum() > 9:
        out[kept] = median_filter(out[kept], 9)
    return out


def direction(x: np.ndarray, instrument: str) -> str | None:
    """Direction of a melody played alone."""
    kind = INSTRUMENTS[instrument]
    y = pitches(x, hertz(kind.low - 1), hertz(kind.high + 1))
    kept = np.flatnonzero(~np.isnan(y))
    if kept.size < 20:
        return None
    return direction_of([*kept.tolist(), int(kept[-1]) + 1], y[kept].tolist())


def dynamics(x: np.ndarray) -> str:
    """Course of the level at the onsets: a line, a step or neither, whichever fits best."""
    at = peaks(flux(x))
    if at.size < 6:
        return "unclear"
    m = RATE // 50
    rms = 10 * np.log10(np.mean(x[: x.size // m * m].reshape(-1, m).astype(np.float64) ** 2, axis=1) + 1e-12)
    times = np.arange(rms.size) / 50
    # The loudest sixth of the moments in each of 16 stretches between the first and the last onset.
    edges = np.linspace(at[0], at[-1] + 0.2, 17)
    y = np.array([np.percentile(rms[(times >= a) & (times < b)], 85) for a, b in pairwise(edges)])
    t = np.linspace(0, 1, 16)
    line = np.polyfit(t, y, 1)
    fits = [(float(np.var(y - np.polyval(line, t))), "line", line[0])]
    for k in range(4, 13):
        low, high = float(np.mean(y[:k])), float(np.mean(y[k:]))
        fits.append((float(np.var(y - np.where(np.arange(16) < k, low, high))), "step", high - low))
    _, shape, size = min(fits)
    if abs(line[0]) < 6 and abs(size) < 6:
        return "steady"
    return "sudden" if shape == "step" else "crescendo" if size > 0 else "diminuendo"


def metre(x: np.ndarray, bpm: float, first: float) -> str:
    """Beats from accent to accent, on the beats of a known tempo: which period explains their strength best.

    Before that: whether a beat is divided by two or by three.
    """
    mags = spectra(x)
    low = np.log1p(300 * mags[:, 1:9]).mean(axis=1)
    both = np.stack([low, np.log1p(300 * mags[:, 9:]).mean(axis=1)])
    rise = np.maximum(both[:, 4:] - both[:, :-4], 0.0)

    def at(beat: float) -> np.ndarray:
        k = int((first + beat * 60.0 / bpm) * RATE / HOP)
        return rise[:, max(k - 8, 0) : k + 6].max(axis=1, initial=0.0)

    beats = int((x.size / RATE - first) * bpm / 60.0) - 1
    if beats < 6:
        return "unclear"
    thirds = np.mean([at(b + t).sum() for b in range(beats) for t in (1 / 3, 2 / 3)])
    halves = np.mean([at(b + 0.5).sum() for b in range(beats)])
    if thirds > 1.4 * halves:
        return "6/8"
    y = np.array([at(b) for b in range(beats)])
    y = (y - y.mean(0)) / (y.std(0) + 1e-6)
    scores = {}
    for n in (3, 4, 5):
        groups = [y[np.arange(beats) % n == k] for k in range(n)]
        rest = sum(float(((g - g.mean(0)) ** 2).sum()) for g in groups)
        scores[f"{n}/4"] = rest / max(y.size - 2 * n, 1)
    return min(scores, key=lambda m: scores[m])


def features(x: np.ndarray) -> np.ndarray:
    """Log energies of bands relative to the lowest strong partial, and how a tone begins and dies away."""
    mags = spectra(x, 1024, 160)
    level = np.log(mags.mean(axis=1) + 1e-5)
    loud = level > np.percentile(level, 30)
    mean = mags[loud].mean(axis=0)
    edges = np.unique(np.round(np.geomspace(2, 512, 33)).astype(int))
    bands = np.log(np.stack([mags[:, a:b].mean(axis=1) for a, b in pairwise(edges)], axis=1) + 1e-5)
    whole = bands[loud] - bands[loud].mean(axis=1, keepdims=True)
    move = np.diff(bands, axis=0)
    after = np.array([np.percentile(move[:, k], [2, 25, 50, 98]) for k in range(0, bands.shape[1], 4)]).ravel()
    flat = np.exp(np.mean(np.log(mags[loud] + 1e-6), axis=1)) / mags[loud].mean(axis=1)
    centre = (mean * np.arange(mean.size)).sum() / mean.sum()
    return np.concatenate([whole.mean(0), whole.std(0), after, np.percentile(flat, [10, 50, 90]), [np.log(centre)]])


def classify(train: list[tuple[np.ndarray, str]], test: list[tuple[np.ndarray, str]]) -> list[str]:
    """Ridge regression on one-hot targets with a Gaussian kernel."""
    names = sorted({y for _, y in train})
    a = np.stack([f for f, _ in train])
    mean, spread = a.mean(0), a.std(0) + 1e-6
    a = (a - mean) / spread
    b = (np.stack([f for f, _ in test]) - mean) / spread

    def kernel(u: np.ndarray, v: np.ndarray) -> np.ndarray:
        apart = (u**2).sum(1)[:, None] + (v**2).sum(1)[None, :] - 2 * u @ v.T
        return np.exp(-apart / (1.0 * a.shape[1]))

    target = np.array([[float(y == n) for n in names] for _, y in train])
    w = np.linalg.solve(kernel(a, a) + 0.003 * np.eye(len(a)), target)
    return [names[int(k)] for k in np.argmax(kernel(b, a) @ w, axis=1)]


def parts_of(clip: Clip) -> list[tuple[str, np.ndarray]]:
    """Each instrument of a clip alone."""
    recipe: Any = clip.audio.recipe
    return [(e["source"]["instrument"], source_audio(e["source"], e["length"], None)) for e in recipe["events"]]


def main() -> None:
    """Print agreement by trait and some disagreements; the last line holds the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=300)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--show", type=int, default=3)
    args = parser.parse_args()
    right: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    wrong: dict[str, list[str]] = defaultdict(list)

    def compare(trait: str, clip: Clip, true: str, found: object) -> None:
        asked[trait] += 1
        right[trait] += true == found
        if true != found:
            who = "+".join(e.label for e in clip.timeline.events) if clip.timeline else ""
            wrong[trait].append(f"{clip.source_id} ({who}): {true}, measured {found}")

    test: list[tuple[np.ndarray, str]] = []
    recall, precision, late = [], [], []
    spent = seconds = 0.0
    for clip in plan_music(args.clips, args.seed):
        began = time.process_time()
        x = clip_audio(clip)
        spent += time.process_time() - began
        seconds += clip.duration_s
        assert clip.timeline is not None
        facts = {f.kind: f for f in clip.timeline.facts}
        recipe: Any = clip.audio.recipe
        strength = flux(x)
        true = np.unique([(e["start"] + n[0]) / RATE for e in recipe["events"] for n in e["source"]["notes"]])
        found = peaks(strength)
        r, p = onset_agreement(found, true)
        recall.append(r)
        precision.append(p)
        if found.size:
            gap = true - found[np.argmin(np.abs(true[:, None] - found[None, :]), axis=1)]
            late.extend(gap[np.abs(gap) < 0.05].tolist())
        bpm = float(facts["tempo"].value)
        free = free_tempo(strength)
        near = any(abs(np.log(free / bpm * k)) < 0.06 for k in (1.0, 0.5, 2.0, 3.0, 1 / 3, 1.5, 2 / 3))
        compare("tempo, free", clip, "right", "right" if near else f"{free:.0f} for {bpm:.0f}")
        ratio = 3.6 ** (1 / 3)
        low = bpm / ratio ** int(np.floor(np.log(bpm / 50.0) / np.log(ratio) + 1e-9))
        offered = [low * ratio**k for k in range(3)]
        best = max(offered, key=lambda b: beat_score(strength, b))
        compare("tempo, offered", clip, f"{bpm:.0f}", f"{best:.0f}")
        if "metre" in facts:
            compare("metre, tempo known", clip, facts["metre"].value, metre(x, bpm, float(true[0])))
        if "key" in facts:
            compare("key", clip, facts["key"].value, key_of(x))
        if "dynamics" in facts:
            compare("dynamics", clip, facts["dynamics"].value, dynamics(x))
        for i, (name, y) in enumerate(parts_of(clip)):
            test.append((features(y), name))
            if "direction" in facts and facts["direction"].events == (i,):
                e = recipe["events"][i]
                if "chords" not in facts or i not in facts["chords"].events:
                    compare("direction", clip, facts["direction"].value, direction(y, e["source"]["instrument"]))
    train = [(features(y), name) for c in plan_music(400, args.seed + 1000) for name, y in parts_of(c)]
    guessed = classify(train, test)
    hits = sum(g == y for g, (_, y) in zip(guessed, test, strict=True))
    by_name = {n: [g == y for g, (_, y) in zip(guessed, test, strict=True) if y == n] for n in INSTRUMENTS}
    worst = min((float(np.mean(v)), n) for n, v in by_name.items() if v)
    confused = Counter((y, g) for g, (_, y) in zip(guessed, test, strict=True) if g != y)

    cents: list[tuple[float, str, int]] = []
    for name, kind in INSTRUMENTS.items():
        found_off = range(kind.low, kind.high + 1, 5) if name != "drums" else ()
        cents += [(abs(cents_off(name, pitch)), name, pitch) for pitch in found_off]

    print(
        f"{args.clips} clips, {seconds / 60:.0f} minutes, rendered at {seconds / spent:.0f} x real time on one core\n"
    )
    n, share = len(test), hits / len(test)
    shift = float(np.median(late)) * 1e3
    print(f"onsets: found {np.mean(recall):.1%}, right {np.mean(precision):.1%} within 50 ms; shift {shift:+.1f} ms")
    for trait, count in asked.items():
        print(f"{trait:28s} {right[trait]:4d} of {count:4d}  {right[trait] / count:6.1%}")
        for line in wrong[trait][: args.show]:
            print(f"    {line}")
    print(f"{'instrument, other seeds':28s} {hits:4d} of {n:4d}  {share:6.1%}; worst {worst[1]} {worst[0]:.1%}")
    for (a, b), count in confused.most_common(args.show):
        print(f"    {a} taken for {b}: {count}")
    off = max(cents)
    print(f"tuning: largest deviation {off[0]:.2f} cents ({off[1]}, {off[2]})")
    figures = " ".join(f"{t.replace(',', '').replace(' ', '_')}={right[t] / asked[t]:.3f}" for t in asked)
    print(f"\n{figures} instrument={share:.3f} cents={off[0]:.2f} onsets={np.mean(recall):.3f}")


def cents_off(name: str, pitch: int) -> float:
    """Deviation of a held note from its pitch: the mean slope of its fundamental's phase."""
    f = hertz(pitch)
    n = 16_000
    x = render_notes(name, [[0, n, pitch, 0.0]], n + 1000, seed=pitch)[800 : n - 800].astype(np.float64)
    from scipy.signal import fftconvolve

    base = x * np.exp(-2j * np.pi * f * np.arange(x.size) / RATE)
    window = np.hanning(int(6 * RATE / f) | 1)
    z = fftconvolve(base, window / window.sum(), "same")[window.size : -window.size]
    # Weighted by power, so that a beating pair of reeds counts where it sounds.
    turn = np.angle(np.sum(z[1:] * np.conj(z[:-1])))
    return float(1200 * np.log2(1 + turn * RATE / (2 * np.pi) / f))


if __name__ == "__main__":
    main()
