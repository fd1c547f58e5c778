"""Rendered clips with known speech and known pulse, for `evidence_errors.py`.

Speech: utterances of espeak-ng (from the wheel `espeakng-loader`, a development dependency) in eleven voices and five
languages' accents, alone over faint noise, or over sounds of the bank 5 to 20 dB softer; and scenes without any voice.
Truth: where the utterance stands, from its first to its last 10 ms within 30 dB of its loudest.

Pulse: drum patterns of a bass drum, a snare and a hi-hat at 60 to 180 beats per minute, with and without eighths, plus
tones on the beat; and clips without a pulse (scenes, noise, speech), where every statement is wrong.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from audio_reasoner import synth
from audio_reasoner.core.audio import resample
from audio_reasoner.core.ids import derive_seed

RATE = 16_000
VOICES = ("en", "en+f2", "en+m3", "en-us", "en-us+f4", "de", "fr", "es", "it+f3", "en+f5", "en-gb-x-rp+m7")
WORDS = (
    "morning", "seven", "window", "the", "train", "is", "late", "again", "we", "met", "near", "river", "and", "talked",
    "about", "winter", "nobody", "knew", "where", "small", "boats", "came", "from", "please", "bring", "nine", "apples",
    "tomorrow", "she", "never", "answers", "her", "letters", "what", "a", "quiet", "house",
)  # fmt: skip
Render = Callable[[], Iterator[np.ndarray]]


def voices(count: int, seed: int) -> list[np.ndarray]:
    """Utterances of 3 to 9 words, trimmed, 16 kHz, root mean square 1. One process: the order decides the details."""
    import espeakng_loader

    lib = ctypes.CDLL(espeakng_loader.get_library_path())
    rate = lib.espeak_Initialize(2, 0, espeakng_loader.get_data_path().encode(), 0)
    pieces: list[np.ndarray] = []
    callback_type = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)

    def keep(wave: Any, n: int, _: Any) -> int:
        if wave and n > 0:
            pieces.append(np.ctypeslib.as_array(wave, (n,)).astype(np.float64) / 32768)
        return 0

    callback = callback_type(keep)
    lib.espeak_SetSynthCallback(callback)
    out = []
    for i in range(count):
        rng = np.random.default_rng(derive_seed(seed, "voice", i))
        lib.espeak_SetVoiceByName(VOICES[i % len(VOICES)].encode())
        lib.espeak_SetParameter(1, int(rng.integers(120, 210)), 0)
        lib.espeak_SetParameter(3, int(rng.integers(25, 75)), 0)
        text = " ".join(WORDS[int(k)] for k in rng.integers(0, len(WORDS), int(rng.integers(3, 10)))).encode()
        pieces.clear()
        lib.espeak_Synth(text, len(text) + 1, 0, 1, 0, 1, None, None)
        lib.espeak_Synchronize()
        x = resample(np.concatenate(pieces).astype(np.float32), rate, RATE).astype(np.float64)
        a, b = sounding(x)
        x = x[a:b]
        out.append(x / np.sqrt(np.mean(x**2)))
    return out


def sounding(x: np.ndarray) -> tuple[int, int]:
    """First and last sample within 30 dB of the loudest 10 ms."""
    m = x.size // 160
    power = (x[: m * 160].reshape(m, 160) ** 2).mean(axis=1)
    loud = np.flatnonzero(power > power.max() / 1000)
    return int(loud[0]) * 160, int(loud[-1] + 1) * 160


def spoken_clip(rng: np.random.Generator, pool: list[np.ndarray], over: bool) -> tuple[np.ndarray, list[list[float]]]:
    """One to three utterances, 0.8 to 2 s apart; samples and their spans in seconds."""
    parts, spans, at = [], [], 0
    for _ in range(int(rng.integers(1, 4))):
        gap = int(rng.uniform(0.8, 2.0) * RATE) if parts else int(rng.uniform(0.0, 1.5) * RATE)
        x = pool[int(rng.integers(len(pool)))] * 10 ** (rng.uniform(-3, 3) / 20)
        parts += [np.zeros(gap), x]
        spans.append([(at + gap) / RATE, (at + gap + x.size) / RATE])
        at += gap + x.size
    y = np.concatenate([*parts, np.zeros(int(rng.uniform(0.0, 1.5) * RATE))])
    if over:
        names = sorted(n for n in synth.CLASSES if n not in ("cat", "dog", "crow", "frog", "bird", "cow", "rooster"))
        back = synth.render_event(names[int(rng.integers(len(names)))], int(rng.integers(1 << 40)), y.size)
        back = np.asarray(back, dtype=np.float64)
        y = y + back / np.sqrt(np.mean(back**2) + 1e-12) * 10 ** (-rng.uniform(5, 20) / 20)
    y = y * 10 ** (rng.uniform(-32, -18) / 20)
    return y + rng.standard_normal(y.size) * 10 ** (rng.uniform(-75, -55) / 20), spans


def _hit(rng: np.random.Generator, kind: str) -> np.ndarray:
    n = int({"bass": 0.18, "snare": 0.14, "hat": 0.05, "tone": 0.3}[kind] * RATE)
    t = np.arange(n) / RATE
    fall = np.exp(-t * {"bass": 22, "snare": 35, "hat": 90, "tone": 10}[kind])
    if kind == "bass":
        return np.sin(2 * np.pi * np.cumsum(55 + 90 * np.exp(-t * 40)) / RATE) * fall
    if kind == "tone":
        f = 220 * 2 ** (int(rng.integers(0, 13)) / 12)
        return 0.5 * (np.sin(2 * np.pi * f * t) + 0.4 * np.sin(4 * np.pi * f * t)) * fall
    noise = rng.standard_normal(n)
    return (0.5 * noise if kind == "snare" else 0.25 * np.diff(noise, prepend=0)) * fall


def pulse_clip(rng: np.random.Generator) -> tuple[np.ndarray, float]:
    """A drum or tone pattern of 6 to 15 s and its beats per minute."""
    bpm = float(rng.uniform(60, 180))
    beat = 60 / bpm
    seconds = float(rng.uniform(6, 15))
    y = np.zeros(int(seconds * RATE) + RATE)
    eighths, melody = rng.random() < 0.5, rng.random() < 0.4
    offset = float(rng.uniform(0, beat))
    for i in range(int((seconds - offset) / beat)):
        for kind, on, late in (
            ("bass", i % 2 == 0, 0.0),
            ("snare", i % 2 == 1, 0.0),
            ("hat", True, 0.0),
            ("hat", eighths, 0.5),
            ("tone", melody and rng.random() < 0.8, 0.0),
        ):
            if on:
                hit = _hit(rng, kind) * rng.uniform(0.7, 1.0)
                at = int((offset + (i + late) * beat + rng.normal(0, 0.004)) * RATE)
                at = max(at, 0)
                y[at : at + hit.size] += hit[: y.size - at]
    y = y[: int(seconds * RATE)]
    y = y / (np.abs(y).max() + 1e-9) * 10 ** (rng.uniform(-20, -3) / 20)
    return y + rng.standard_normal(y.size) * 10 ** (rng.uniform(-70, -45) / 20), bpm
