"""Claim: a spoken list holds as many words, at the times and by as many voices, as its timeline says.

Renders the clips of a run and measures again from the samples alone: stretches of sound that stand apart by `GAP_S` are
held against the turns (number, start, end), and the pitch of every two words of a clip against whether one speaker says
both: embedded voices of one list lie 4.4 semitones apart or more. Of the run itself it tells how numbers of words and
of speakers go together, how long lists of so many words are, and how often each word is said.

    audio-reasoner synth lists -n 1000 --seed 11 -o RUN
    python benchmarks/list_truth.py RUN [--limit 500]
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from itertools import combinations
from pathlib import Path

import numpy as np

from audio_reasoner.dataset import read_clips
from audio_reasoner.synth import RATE, clip_audio
from synth_truth import frame_db

GAP_S = 0.11
"""Shorter silence is inside a word (the stop of "six" or "eight")."""
NEAR_S = 0.06
ABOVE_DB, BELOW_TOP_DB = 9.0, 36.0
HOP_S = 0.005
APART_SEMITONES = 3.0
FRAME, HOP, FFT = 800, 160, 2048
SHORTEST, LONGEST = 40, 260
"""Periods in samples: 400 to 62 Hz."""


def stretches(x: np.ndarray) -> list[tuple[float, float]]:
    """Stretches of sound in seconds; the rumble of brown noise is taken out first."""
    level = frame_db(np.append(x[:1], x[1:] - np.float32(0.95) * x[:-1]))
    beneath, top = float(np.percentile(level, 5)), float(np.max(level))
    loud = np.flatnonzero(level > max(beneath + ABOVE_DB, top - BELOW_TOP_DB))
    out: list[list[float]] = []
    for i in loud:
        a = float(i) * HOP_S
        if out and a - out[-1][1] < GAP_S:
            out[-1][1] = a + HOP_S
        else:
            out.append([a, a + HOP_S])
    return [(a, b) for a, b in out if b - a >= 0.04]


def pitch_of(x: np.ndarray) -> float:
    """Median pitch of the loud frames in semitones: the first high peak of the autocorrelation."""
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(x.astype(np.float64), FRAME // 2), FRAME)[::HOP]
    energy = np.sum(np.square(frames), axis=1)
    window = np.hanning(FRAME)

    def correlation(y: np.ndarray) -> np.ndarray:
        return np.asarray(np.fft.irfft(np.abs(np.fft.rfft(y, FFT, axis=-1)) ** 2, axis=-1)[..., :LONGEST])

    own = correlation(window)
    found = []
    for row in correlation(frames[energy > 0.15 * energy.max()] * window):
        r = (row / (row[0] + 1e-12) / (own / own[0]))[SHORTEST:]
        peaks = np.flatnonzero((r[1:-1] >= r[:-2]) & (r[1:-1] >= r[2:]) & (r[1:-1] > max(0.4, 0.9 * r.max())))
        if peaks.size:
            found.append(12.0 * np.log2(RATE / (SHORTEST + 1 + peaks[0])))
    return float(np.median(found)) if found else float("nan")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--limit", type=int, default=500, help="clips to listen to")
    args = parser.parse_args()
    table: Counter[tuple[int, int]] = Counter()
    words: Counter[str] = Counter()
    long: defaultdict[int, list[float]] = defaultdict(list)
    same, other = [], []
    clips = counted = turns = at_start = at_end = 0
    wrong = []
    for clip in read_clips(args.run):
        assert clip.timeline is not None
        events = [e for e in clip.timeline.events if e.speaker]
        table[len(events), len({e.speaker for e in events})] += 1
        words.update(e.text or "" for e in events)
        long[len(events)].append(clip.duration_s)
        if clips == args.limit:
            continue
        clips += 1
        x = clip_audio(clip)
        found = stretches(x)
        counted += len(found) == len(events)
        if len(found) != len(events):
            wrong.append(f"{clip.source_id}: {len(found)} of {[e.text for e in events]}")
        else:
            for (a, b), e in zip(found, events, strict=True):
                turns += 1
                at_start += abs(a - e.start / RATE) <= NEAR_S
                at_end += abs(b - e.end / RATE) <= NEAR_S
        pitch = [pitch_of(x[e.start : e.end]) for e in events]
        for (i, e), (k, f) in combinations(enumerate(events), 2):
            (same if e.speaker == f.speaker else other).append(abs(pitch[i] - pitch[k]))
    for n in sorted({t for t, _ in table}):
        row = {k: table[n, k] for k in sorted({k for _, k in table})}
        low, high = np.percentile(long[n], (10, 90))
        shares = ", ".join(f"{k} speaker{'s' * (k > 1)} {v}" for k, v in row.items())
        print(f"{n} words: {shares}; 8 of 10 last {low:.1f} to {high:.1f} s")
    print("words:", ", ".join(f"{w} {n}" for w, n in sorted(words.items())))
    for line in wrong[:5]:
        print("differs:", line)
    print(
        f"clips={clips} number_of_words={counted / max(clips, 1):.3f} starts={at_start / max(turns, 1):.3f} "
        f"ends={at_end / max(turns, 1):.3f} pairs_same={len(same)} pairs_other={len(other)} "
        f"same_voice_near={np.mean(np.array(same) < APART_SEMITONES):.3f} "
        f"other_voice_apart={np.mean(np.array(other) >= APART_SEMITONES):.3f}"
    )


if __name__ == "__main__":
    main()
