"""Claim: the classes of the procedural bank can be told apart from renders nobody has heard before.

A regularised linear discriminant (numpy, no deep model) is fitted on log-mel statistics of renders from one seed and
tested on renders from another. Four tables:

    events      every class at 0.3 to 1.2 s, each with its own gain and background noise, as in a temporal scene
    tracks      the classes that can be tracks, at 3 to 8 s
    in scenes   events cut out of whole rendered scenes (`plan_complex`, default settings)
    over tracks an event over a running track of a class it is not alike to, 6 to 12 dB above it: the hard case; the
                track is fitted with as well

    python benchmarks/bank_separation.py [--train 120] [--test 60] [--seed 1]
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from audio_reasoner.checks.ontology import similarity
from audio_reasoner.core import ids
from audio_reasoner.synth import RATE, clip_audio, plan_complex
from audio_reasoner.synth.bank.render import CLASSES, EVENT_CLASSES, TRACK_CLASSES, render_event
from audio_reasoner.synth.dsp import coloured_noise

_WINDOW, _HOP, _BANDS = 400, 160, 40
EVENT_S = (0.3, 1.2)
TRACK_S = (3.0, 8.0)
Sample = Callable[[str, np.random.Generator], np.ndarray]
Data = tuple[np.ndarray, np.ndarray]


def mel_filters() -> np.ndarray:
    """Triangular filters, equally wide on the mel scale from 40 Hz to 8 kHz: [bands, 201]."""
    mel = np.linspace(2595 * np.log10(1 + 40 / 700), 2595 * np.log10(1 + 8000 / 700), _BANDS + 2)
    edges = 700 * (10 ** (mel / 2595) - 1)
    f = np.arange(_WINDOW // 2 + 1) * RATE / _WINDOW
    low, mid, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    return np.maximum(0.0, np.minimum((f - low) / (mid - low), (high - f) / (high - mid)))


FILTERS = mel_filters()


def features(x: np.ndarray) -> np.ndarray:
    """Log-mel statistics, blind to level: the spectrum, its spread, its movement, the rhythm of the envelope."""
    x = x * (0.05 / max(float(np.sqrt(np.mean(np.square(x, dtype=np.float64)))), 1e-9))
    frames = np.lib.stride_tricks.sliding_window_view(x.astype(np.float64), _WINDOW)[::_HOP]
    power = np.abs(np.fft.rfft(frames * np.hanning(_WINDOW), axis=1)) ** 2
    mel = np.log10(power @ FILTERS.T + 1e-5)
    loud = np.log10(power.sum(axis=1) + 1e-5)
    weight = power.sum(axis=1) / power.sum()
    mean = weight @ mel
    step = np.abs(np.diff(mel, axis=0))
    rhythm = np.abs(np.fft.rfft((loud - loud.mean())[:128], 128))[:40] / np.sqrt(min(len(loud), 128))
    shape = [float(np.std(loud)), float(np.mean(np.abs(np.diff(loud)))), float(np.mean(loud > loud.max() - 1.0))]
    peaks = mel.max(axis=0) - mel.max()
    return np.concatenate([mean - mean.max(), mel.std(axis=0), step.mean(axis=0), peaks, rhythm, shape])


def _backed(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """`x` with its own gain over a quiet noise, as in a scene."""
    noise = coloured_noise(rng, x.size, float(rng.integers(3))) * 10 ** (rng.uniform(-70.0, -50.0) / 20)
    return np.asarray(x * 10 ** (rng.uniform(-6.0, 6.0) / 20) + noise)


def single(name: str, rng: np.random.Generator, lengths: tuple[float, float] = EVENT_S) -> np.ndarray:
    """One render of `name` of a length drawn from `lengths`, in seconds, over quiet noise."""
    return _backed(render_event(name, int(rng.integers(1 << 48)), int(rng.uniform(*lengths) * RATE)), rng)


def track(name: str, rng: np.random.Generator) -> np.ndarray:
    """One track of `name`."""
    return single(name, rng, TRACK_S)


def over_track(name: str, rng: np.random.Generator) -> np.ndarray:
    """An event of `name` 6 to 12 dB above a running track of an unlike class."""
    under = [t for t in TRACK_CLASSES if t != name and similarity(t, name) < 2]
    x = single(name, rng)
    other = render_event(under[int(rng.integers(len(under)))], int(rng.integers(1 << 48)), max(x.size, 3 * RATE))
    at = int(rng.integers(other.size - x.size + 1))
    return np.asarray(x + other[at : at + x.size] * 10 ** (rng.uniform(-12.0, -6.0) / 20))


def samples(classes: Sequence[str], per_class: int, seed: int, make: Sample) -> Data:
    """Features [n, d] and class numbers [n] of `per_class` samples of each class, each with its own generator."""
    xs, ys = [], []
    for label, name in enumerate(classes):
        for i in range(per_class):
            xs.append(features(make(name, np.random.default_rng(ids.derive_seed(seed, "separation", name, i)))))
            ys.append(label)
    return np.array(xs), np.array(ys)


def scene_events(classes: Sequence[str], scenes: int, seed: int) -> Data:
    """Features and class numbers of every event of `scenes` planned scenes, cut out by the timeline."""
    xs, ys = [], []
    for clip in plan_complex(scenes, seed):
        pcm = clip_audio(clip)
        assert clip.timeline is not None
        for event in clip.timeline.events:
            if event.label in classes:
                xs.append(features(pcm[event.start : event.end]))
                ys.append(classes.index(event.label))
    return np.array(xs), np.array(ys)


def fit(x: np.ndarray, y: np.ndarray, shrink: float = 0.05) -> Data:
    """Linear discriminant with a shrunk common covariance: weights [d, classes], offsets [classes]."""
    means = np.array([x[y == k].mean(axis=0) for k in range(int(y.max()) + 1)])
    inner = x - means[y]
    covariance = inner.T @ inner / len(x)
    covariance += shrink * np.diag(np.diag(covariance)) + 1e-6 * np.eye(x.shape[1])
    weights = np.linalg.solve(covariance, means.T)
    return weights, -0.5 * np.sum(means.T * weights, axis=0)


def told_apart(train: Data, test: Data) -> tuple[float, np.ndarray, np.ndarray]:
    """Accuracy, accuracy of each class and guesses [n] of a discriminant fitted on `train`, heard on `test`."""
    weights, offsets = fit(*train)
    x, y = test
    guess = np.argmax(x @ weights + offsets, axis=1)
    each = np.array([np.mean(guess[y == k] == k) if np.any(y == k) else np.nan for k in range(int(train[1].max()) + 1)])
    return float(np.mean(guess == y)), each, guess


def main() -> None:
    """Fit, test, print the accuracy of each table, its worst classes and its confused pairs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", type=int, default=120, help="renders of each class for fitting")
    parser.add_argument("--test", type=int, default=60, help="renders of each class for testing")
    parser.add_argument("--seed", type=int, default=1, help="seed of the renders for fitting; the next one tests")
    args = parser.parse_args()
    one, two = args.seed, args.seed + 1
    fitted = samples(CLASSES, args.train, one, single)
    own = samples(EVENT_CLASSES, args.train, one, single)
    # Half the fitting samples of the last table lie over tracks, half alone: the place of an event is not told.
    both = samples(EVENT_CLASSES, args.train, one + 1000, over_track)
    mixed = (np.concatenate([own[0], both[0]]), np.concatenate([own[1], both[1]]))
    tables: list[tuple[str, Sequence[str], Data, Data]] = [
        ("events", CLASSES, fitted, samples(CLASSES, args.test, two, single)),
        (
            "tracks",
            TRACK_CLASSES,
            samples(TRACK_CLASSES, args.train, one, track),
            samples(TRACK_CLASSES, args.test, two, track),
        ),
        ("in scenes", CLASSES, fitted, scene_events(CLASSES, 5 * args.test, two)),
        ("over tracks", EVENT_CLASSES, mixed, samples(EVENT_CLASSES, args.test, two, over_track)),
    ]
    figures = []
    for title, classes, train, test in tables:
        accuracy, each, guess = told_apart(train, test)
        order = np.argsort(np.nan_to_num(each, nan=2.0))
        print(f"{title}: {len(classes)} classes, {len(test[1])} renders, {accuracy:.2%} right")
        print("  worst:   ", ", ".join(f"{classes[k]} {each[k]:.1%}" for k in order[:5]))
        wrong = Counter((classes[a], classes[b]) for a, b in zip(test[1], guess, strict=True) if a != b)
        print("  confused:", ", ".join(f"{a} as {b} x{n}" for (a, b), n in wrong.most_common(12)) or "none")
        key = title.replace(" ", "_")
        figures.append(f"{key}={accuracy:.4f} {key}_worst={np.nanmin(each):.4f}")
    print(f"classes={len(CLASSES)} train={args.train} test={args.test} seed={args.seed}", *figures)


if __name__ == "__main__":
    main()
