"""The embedded speaker: espeak-ng out of the wheel `espeakng-loader`, one process for each turn, several at a time.

Decision: it needs no network, no key, no system package and no GPU, and the same turn always sounds the same, so a
dialogue spoken here can be made again from its recipe, its seed or its script alike. The library is asked for 22 kHz
speech by `voice_child.py` in a process of its own; pitch, formants and tilt are set by `voice_presets.py`.
"""

from __future__ import annotations

import concurrent.futures
import json
import subprocess
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Final, Self

import numpy as np

from audio_reasoner.core.errors import ConfigError, EnvironmentProblem
from audio_reasoner.synth.voices.presets import (
    LEAST_APART,
    PRESETS,
    PROSODY,
    Jitter,
    Preset,
    cast,
    colour,
    draw_jitter,
    parameters,
)
from audio_reasoner.synth.voices.take import Spoilt, Take, take_of
from audio_reasoner.synth.voices.text import base_of
from audio_reasoner.synth.voices.voices import Cast, Utterance, Voice

ENGINE: Final = "espeak-ng"
LICENCE: Final = "CC0-1.0"
"""Nobody owns the sound that the program makes of a text; its own licence (GPL-3) is about the program."""
_CHILD: Final = Path(__file__).with_name("child.py")
TIMEOUT_S: Final = 60.0
_VERSION: Final = 1
"""Raised whenever a turn would sound different."""
_INSTALL: Final = 'pip install "audio-reasoner[voices]"'


def _paths() -> tuple[str, Path]:
    """Library and data of espeak-ng.

    Raises:
        EnvironmentProblem: ``environment.package``.
    """
    try:
        import espeakng_loader
    except ImportError as error:
        raise EnvironmentProblem(
            "The embedded voices need espeak-ng, and the package espeakng-loader is not installed.",
            code="environment.package",
            hint=f"{_INSTALL} (or name a server: --tts openai:MODEL@URL)",
        ) from error
    library, data = Path(espeakng_loader.get_library_path()), Path(espeakng_loader.get_data_path())
    if not library.is_file() or not data.is_dir():
        raise EnvironmentProblem(
            f"The package espeakng-loader is damaged: {library} or {data} is missing.",
            code="environment.package",
            hint=f"Reinstall it: {_INSTALL}",
        )
    return str(library), data


@lru_cache(maxsize=4)
def _languages(data: Path) -> dict[str, str]:
    """Language tags, in lower case, and the name of the voice that speaks each best."""
    best: dict[str, tuple[int, str]] = {}
    for path in sorted((data / "lang").rglob("*")):
        if not path.is_file():
            continue
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            words = line.split()
            if len(words) >= 2 and words[0] == "language":
                rank = int(words[2]) if len(words) > 2 and words[2].isdigit() else 5
                tag = words[1].lower()
                if tag not in best or rank < best[tag][0]:
                    best[tag] = (rank, path.name.lower())
    return {tag: name for tag, (_, name) in best.items()}


class Espeak:
    """The embedded voices; `workers` processes at a time (None: one per core)."""

    name = ENGINE

    def __init__(self, workers: int | None = None) -> None:
        self._library, self._data = _paths()
        self.version = f"{metadata.version('espeakng-loader')}/{_VERSION}"
        self._workers = workers
        self._pool: concurrent.futures.ThreadPoolExecutor | None = None

    def __enter__(self) -> Self:
        from audio_reasoner.compute.pool import default_workers

        self._pool = concurrent.futures.ThreadPoolExecutor(self._workers or default_workers())
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None

    def check_language(self, language: str) -> None:
        """Refuse a language that espeak-ng does not speak."""
        self._voice_of(language)

    def _voice_of(self, language: str) -> str:
        known = _languages(self._data)
        for tag in (language.lower(), base_of(language)):
            if tag in known:
                return known[tag]
        raise ConfigError(
            f"The embedded voices do not speak {language!r}.",
            code="voice.language",
            hint=f"They speak {len(known)} languages, among them {', '.join(sorted(x for x in known if len(x) == 2))}.",
        )

    def cast(self, rng: np.random.Generator, wishes: Sequence[str | None], language: str) -> Cast:
        """Presets at least `LEAST_APART` places apart, each slightly varied."""
        most = (len(PRESETS) + LEAST_APART - 1) // LEAST_APART
        if len(wishes) > most:
            raise ConfigError(
                f"{len(wishes)} speakers; at most {most} of the embedded voices differ clearly.", code="voice.too_few"
            )
        english = base_of(language) == "en"
        spoken = self._voice_of(language)
        voices = []
        for place in cast(rng, wishes):
            preset = PRESETS[place]
            jitter = self.jitter(preset, rng)
            asked = {
                "preset": preset.name,
                "language_voice": preset.accent if english else spoken,
                "semitones": jitter.semitones,
                "tract": jitter.tract,
                "pace": jitter.pace,
            }
            voices.append(Voice(preset.name, ENGINE, asked, LICENCE))
        return Cast(tuple(voices))

    def jitter(self, preset: Preset, rng: np.random.Generator) -> Jitter:  # noqa: ARG002
        """How a voice of one dialogue differs from its preset."""
        return draw_jitter(rng)

    def refuses(self, text: str, language: str) -> str | None:
        """Japanese in kanji: espeak-ng reads kana only and calls the rest "Chinese letter"."""
        kanji = next((c for c in text if unicodedata.name(c, "").startswith("CJK")), None)
        if base_of(language) == "ja" and kanji is not None:
            return f"the embedded voices read Japanese in kana, not {kanji!r}"
        return None

    def performs(self, prosody: str) -> str | None:
        """Every class: pitch, range, pace and tilt are ours to set, the level is set when the turn is mixed."""
        return prosody

    def speak(self, wanted: Sequence[Utterance]) -> Iterator[tuple[Utterance, Take | Spoilt]]:
        """Speak each turn in a process of its own."""
        if self._pool is None:
            raise RuntimeError("the voices are not open")
        futures = {self._pool.submit(self._one, u): u for u in wanted}
        try:
            for future in concurrent.futures.as_completed(futures):
                yield futures[future], future.result()
        finally:
            for future in futures:
                future.cancel()

    def _one(self, u: Utterance) -> Take | Spoilt:
        asked = u.voice.asked
        preset = next(p for p in PRESETS if p.name == asked["preset"])
        prosody = PROSODY[u.prosody]
        jitter = Jitter(asked["semitones"], asked["tract"], asked["pace"])
        job = parameters(preset, jitter, prosody, asked["language_voice"])
        pcm, rate = self._run({**job, "text": u.text})
        if not pcm.size:
            return Spoilt("voice.silent", "espeak-ng gave no sound for this text")
        return take_of(colour(pcm, rate, job["tract"], job["tilt_db"]), 16_000, u.text, prosody.pace)

    def _run(self, job: dict[str, object]) -> tuple[np.ndarray, int]:
        data = json.dumps({**job, "library": self._library, "data": str(self._data)}).encode()
        # -I and -S: no user's site, no .pth files; half the time of a plain start.
        command = [sys.executable, "-I", "-S", str(_CHILD)]
        try:
            # A group of its own: Ctrl-C is for us to handle, a child must not fail because of it.
            done = subprocess.run(
                command, input=data, capture_output=True, timeout=TIMEOUT_S, check=False, process_group=0
            )
        except subprocess.TimeoutExpired:
            return np.zeros(0, dtype=np.float32), 16_000
        except OSError as error:
            raise EnvironmentProblem(f"espeak-ng cannot be run: {error}.", code="environment.process") from error
        if done.returncode != 0 or len(done.stdout) < 4:
            told = done.stderr.decode(errors="replace").strip()[-300:] or f"it ended with status {done.returncode}"
            raise EnvironmentProblem(
                f"espeak-ng failed: {told}.", code="environment.espeak", hint=f"Reinstall it: {_INSTALL}"
            )
        rate = int.from_bytes(done.stdout[:4], "little")
        samples = np.frombuffer(done.stdout[4 : 4 + (len(done.stdout) - 4) // 2 * 2], dtype="<i2")
        return samples.astype(np.float32) / np.float32(32768.0), rate
