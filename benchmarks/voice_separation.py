"""How well the embedded voices, and the prosody classes, are told apart; and how fast they speak.

    python benchmarks/voice_separation.py --texts 24 --workers 2

Voices: a linear classifier (Gaussian, one covariance) on mean and spread of 20 cepstra and on the median pitch. It
learns on lines of one seed and is tested on lines of another, both with the small variations that dialogues draw and in
all prosody classes. Asked twice: which of all voices, and which of the voices of one dialogue (sets drawn as dialogues
draw them). Prosody: what each class changes against the same voice saying the same words neutrally.
"""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np

from audio_reasoner.synth.scripts.writer import write_embedded
from audio_reasoner.synth.voices.espeak import ENGINE, Espeak
from audio_reasoner.synth.voices.pitch import median_pitch_hz, pitches_hz
from audio_reasoner.synth.voices.presets import LEAST_APART, PRESETS, PROSODY, cast, draw_jitter
from audio_reasoner.synth.voices.take import Take
from audio_reasoner.synth.voices.voices import Utterance, Voice

RATE = 16_000


def lines(seed: int, count: int) -> list[str]:
    """Lines of at least 30 letters out of the embedded scripts of a seed."""
    found = [x.text for s in write_embedded(count, seed) for x in s.lines if 30 <= len(x.text) <= 120]
    return list(dict.fromkeys(found))[:: max(1, len(found) // count)][:count]


def cepstra(x: np.ndarray) -> np.ndarray:
    """20 cepstra of 24 mel bands per frame of 25 ms: float64 [frames, 20], loud frames only."""
    n, hop, bands = 400, 160, 24
    at = np.arange((x.shape[0] - n) // hop + 1)[:, None] * hop + np.arange(n)[None, :]
    frames = x.astype(np.float64)[at] * np.hanning(n)
    power = np.abs(np.fft.rfft(frames, 512)) ** 2
    power = power[power.sum(axis=1) > 0.01 * power.sum(axis=1).max()]
    mel = np.linspace(0, 2595 * np.log10(1 + 8000 / 700), bands + 2)
    edges = 700 * (10 ** (mel / 2595) - 1) / 8000 * 256
    k = np.arange(257)[None, :]
    a, b, c = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    bank = np.clip(np.minimum((k - a) / (b - a), (c - k) / (c - b)), 0, None)
    log = np.log(power @ bank.T + 1e-9)
    basis = np.cos(np.pi * np.arange(1, 21)[:, None] * (np.arange(bands) + 0.5)[None, :] / bands)
    return log @ basis.T


def features(x: np.ndarray) -> np.ndarray:
    """41 numbers of an utterance."""
    c = cepstra(x)
    return np.concatenate([c.mean(axis=0), c.std(axis=0), [12 * np.log2((median_pitch_hz(x) or 150.0) / 100)]])


def speak(engine: Espeak, wanted: list[tuple[int, str, str, int]]) -> dict[tuple[int, str, str, int], np.ndarray]:
    """(preset, text, prosody, jitter) -> samples."""
    asked = {}
    for item in wanted:
        place, text, prosody, k = item
        j = draw_jitter(np.random.default_rng(k))
        told = {
            "preset": PRESETS[place].name,
            "language_voice": PRESETS[place].accent,
            "semitones": j.semitones,
            "tract": j.tract,
            "pace": j.pace,
        }
        u = Utterance(Voice(PRESETS[place].name, ENGINE, told), text, "en", prosody)
        asked[id(u)] = (item, u)
    out = {}
    for u, take in engine.speak([u for _, u in asked.values()]):
        if not isinstance(take, Take):
            raise SystemExit(f"{u.text!r}: {take.detail}")
        out[asked[id(u)][0]] = take.pcm
    return out


class Linear:
    """Gaussian classes with one covariance."""

    def __init__(self, x: np.ndarray, y: np.ndarray) -> None:
        self.means = np.stack([x[y == c].mean(axis=0) for c in range(int(y.max()) + 1)])
        rest = x - self.means[y]
        cov = rest.T @ rest / len(x)
        self.precision = np.linalg.inv(cov + 0.05 * np.diag(np.diag(cov)))

    def distances(self, x: np.ndarray) -> np.ndarray:
        """Squared Mahalanobis distances [n, classes]."""
        d = x[:, None, :] - self.means[None]
        return np.asarray(np.einsum("nci,ij,ncj->nc", d, self.precision, d))


def voices(engine: Espeak, texts: int) -> str:
    """Table and figures of the voices."""
    manners = tuple(PROSODY)
    sets = []
    for seed in (11, 12):
        said = lines(seed, texts)
        wanted = [(p, t, manners[(p + i) % 7], 100 * seed + i) for p in range(len(PRESETS)) for i, t in enumerate(said)]
        heard = speak(engine, wanted)
        sets.append((np.stack([features(heard[w]) for w in wanted]), np.array([w[0] for w in wanted]), heard, wanted))
    (x, y, _, _), (xt, yt, heard, wanted) = sets
    d = Linear(x, y).distances(xt)
    print(f"{'voice':10s} {'planned':>8s} {'median':>8s} {'right':>7s}   nearest other (right among all)")
    right = d.argmin(axis=1) == yt
    for p, preset in enumerate(PRESETS):
        rows = yt == p
        hz = [median_pitch_hz(heard[w]) for w in wanted if w[0] == p and w[2] in ("neutral", "fast", "slow")]
        mistaken = np.bincount(d[rows].argmin(axis=1)[~right[rows]], minlength=len(PRESETS))
        other = PRESETS[int(mistaken.argmax())].name if mistaken.any() else "-"
        median = float(np.median([h for h in hz if h]))
        print(f"{preset.name:10s} {preset.pitch_hz:6.0f}Hz {median:6.0f}Hz {100 * right[rows].mean():6.1f}%   {other}")
    rng = np.random.default_rng(5)
    among: list[bool] = []
    for i in range(len(yt)):
        while yt[i] not in (places := cast(rng, [None] * int(rng.integers(2, 6)))):
            pass
        among.append(places[int(d[i, places].argmin())] == yt[i])
    least = min(12 * np.log2(b.pitch_hz / a.pitch_hz) for a, b in zip(PRESETS, PRESETS[LEAST_APART:], strict=False))
    return (
        f"voices: {100 * right.mean():.1f} % of {len(yt)} right among {len(PRESETS)}, {100 * np.mean(among):.1f} % "
        f"among the voices of a dialogue; at least {least:.1f} semitones between two of them"
    )


def manners(engine: Espeak, texts: int) -> str:
    """Table and figures of the prosody classes, against the same words spoken neutrally by the same voice."""
    said = lines(13, texts)
    wanted = [(p, t, m, 7) for p in range(len(PRESETS)) for t in said for m in PROSODY]
    heard = speak(engine, wanted)
    rows: dict[str, list[tuple[float, float, float, float]]] = {m: [] for m in PROSODY}
    for p in range(len(PRESETS)):
        for t in said:
            plain = heard[p, t, "neutral", 7]
            for m in PROSODY:
                x = heard[p, t, m, 7]
                f, g = pitches_hz(x), pitches_hz(plain)
                level = PROSODY[m].level_db
                rows[m].append(
                    (
                        12 * np.log2(np.median(f) / np.median(g)),
                        _range(f) / _range(g),
                        plain.shape[0] / x.shape[0],
                        level - PROSODY["neutral"].level_db,
                    )
                )
    print(
        f"\n{'class':8s} {'pitch':>10s} {'range':>8s} {'pace':>8s} {'level':>8s}   (medians over {len(rows['calm'])})"
    )
    for m, found in rows.items():
        a = np.median(np.array(found), axis=0)
        print(f"{m:8s} {a[0]:+7.1f} st {a[1]:7.2f}x {a[2]:7.2f}x {a[3]:+5.1f} dB")
    x = np.array([r for m in PROSODY for r in rows[m]])
    x[:, 1] = np.log(x[:, 1])
    x[:, 3] += np.random.default_rng(0).normal(0, 0.5, len(x))  # the level as well as a listener knows it
    y = np.repeat(np.arange(len(PROSODY)), len(rows["calm"]))
    odd = np.arange(len(y)) % 2 == 1
    right = Linear(x[~odd], y[~odd]).distances(x[odd]).argmin(axis=1) == y[odd]
    share = f"{100 * right.mean():.1f} % of {odd.sum()}"
    return f"prosody: {share} right among {len(PROSODY)} against the same voice's neutral"


def _range(hz: np.ndarray) -> float:
    """Semitones between the 15th and the 85th percentile, octave errors apart."""
    st = 12 * np.log2(hz / np.median(hz))
    low, high = np.percentile(st[np.abs(st) < 9], [15, 85])
    return max(float(high - low), 0.2)


def _cpu_s() -> float:
    """Seconds of processor of this process and its children: what a busy machine does not change much."""
    return sum(
        u.ru_utime + u.ru_stime for u in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def speed(count: int) -> str:
    """Utterances a second with one process and with two."""
    said = lines(14, count)
    told = []
    for workers in (1, 2):
        with Espeak(workers) as engine:
            began, cpu = time.perf_counter(), _cpu_s()
            heard = speak(engine, [(i % len(PRESETS), t, "neutral", i) for i, t in enumerate(said)])
            took, cpu = time.perf_counter() - began, _cpu_s() - cpu
        seconds = sum(x.shape[0] for x in heard.values()) / RATE
        name = "process" if workers == 1 else "processes"
        each = 1000 * cpu / len(heard)
        told.append(
            f"{workers} {name} {len(heard) / took:.1f}/s "
            f"({seconds / took:.0f} x real time, {each:.0f} ms of processor a turn)"
        )
    return f"speed: {', '.join(told)}"


def main() -> None:
    """Print the tables, and the figures last."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=24)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    with Espeak(options.workers) as engine:
        told = [voices(engine, options.texts), manners(engine, max(4, options.texts // 3))]
    print("\n" + "\n".join([*told, speed(4 * options.texts)]))


if __name__ == "__main__":
    main()
