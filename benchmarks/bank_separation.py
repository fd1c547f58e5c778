"""Claim: the classes of the procedural bank can be told apart from renders nobody has heard before.

A regularised linear discriminant (numpy, no deep model) is fitted on log-mel statistics of events from one seed and
tested on events from another, each with its own gain, length and background noise, as they stand in scenes.

    python benchmarks/bank_separation.py [--train 120] [--test 60]
"""

from __future__ import annotations

import argparse
from collections import Counter

import numpy as np

from audio_reasoner.synth import CLASSES, RATE, clip_audio, plan_complex

_WINDOW, _HOP, _BANDS = 400, 160, 40


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
    frames = np.lib.stride_tricks.sliding_window_view(x.astype(np.float64), _WINDOW)[::_HOP]
    power = np.abs(np.fft.rfft(frames * np.hanning(_WINDOW), axis=1)) ** 2
    mel = np.log10(power @ FILTERS.T + 1e-5)
    loud = np.log10(power.sum(axis=1) + 1e-5)
    weight = power.sum(axis=1) / power.sum()
    mean = weight @ mel
    step = np.abs(np.diff(mel, axis=0))
    rhythm = np.abs(np.fft.rfft(loud - loud.mean(), 128))[:40] / np.sqrt(len(loud))
    shape = [float(np.std(loud)), float(np.mean(np.abs(np.diff(loud)))), float(np.mean(loud > loud.max() - 1.0))]
    peaks = mel.max(axis=0) - mel.max()
    return np.concatenate([mean - mean.max(), mel.std(axis=0), step.mean(axis=0), peaks, rhythm, shape])


def events(per_class: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Features [n, d] and class numbers [n] of single events cut out of scenes with background."""
    xs, ys = [], []
    for label, name in enumerate(CLASSES):
        for clip in plan_complex(per_class, seed, min_events=1, max_events=1, classes=[name]):
            assert clip.timeline is not None
            event = clip.timeline.events[0]
            xs.append(features(clip_audio(clip)[event.start : event.end]))
            ys.append(label)
    return np.array(xs), np.array(ys)


def fit(x: np.ndarray, y: np.ndarray, shrink: float = 0.05) -> tuple[np.ndarray, np.ndarray]:
    """Linear discriminant with a shrunk common covariance: weights [d, classes], offsets [classes]."""
    means = np.array([x[y == k].mean(axis=0) for k in range(len(CLASSES))])
    inner = x - means[y]
    covariance = inner.T @ inner / len(x)
    covariance += shrink * np.diag(np.diag(covariance)) + 1e-6 * np.eye(x.shape[1])
    weights = np.linalg.solve(covariance, means.T)
    return weights, -0.5 * np.sum(means.T * weights, axis=0)


def main() -> None:
    """Fit, test, print accuracy per class and the confused pairs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", type=int, default=120, help="events of each class for fitting")
    parser.add_argument("--test", type=int, default=60, help="events of each class for testing")
    args = parser.parse_args()
    weights, offsets = fit(*events(args.train, seed=1))
    x, y = events(args.test, seed=2)
    guess = np.argmax(x @ weights + offsets, axis=1)
    for k, name in enumerate(CLASSES):
        print(f"{name:10s} {np.mean(guess[y == k] == k):7.1%}")
    wrong = Counter((CLASSES[a], CLASSES[b]) for a, b in zip(y, guess, strict=True) if a != b)
    print("confused:", ", ".join(f"{a} heard as {b} x{n}" for (a, b), n in wrong.most_common()) or "none")
    worst = min(float(np.mean(guess[y == k] == k)) for k in range(len(CLASSES)))
    sizes = f"classes={len(CLASSES)} train={args.train * len(CLASSES)} test={len(y)}"
    print(f"{sizes} accuracy={np.mean(guess == y):.4f} worst={worst:.4f}")


if __name__ == "__main__":
    main()
