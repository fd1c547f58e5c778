"""Voices: who can be asked to say something, and how every spoken turn is kept.

Decision: an utterance is paid or computed once. What is asked (engine and its version, voice, words, language, prosody)
is hashed into a key; the sound lies in RUN/voices under that key and in the store of sources that recipes draw on. So a
server that dies half-way or a `kill -9` costs the turns in flight and no more, and the next call speaks only what is
missing. A recipe names a turn by a key over what was asked and the samples that came back: a server that speaks
differently the next time cannot change a clip that exists.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Protocol, Self

import numpy as np

from audio_reasoner.core import ids
from audio_reasoner.core.run import storage_problem, write_atomic
from audio_reasoner.synth.bank.render import LEVEL_DBFS, loudness_dbfs
from audio_reasoner.synth.dsp import RATE
from audio_reasoner.synth.store import SourceInfo, SourceStore, StoreWriter
from audio_reasoner.synth.voices.take import Spoilt, Take

STORE_NAME: Final = "sources.sqlite"
FOLDER: Final = "voices"
LABEL: Final = "speech"


@dataclass(frozen=True)
class Voice:
    """Somebody who speaks.

    Attributes:
        name: unique among the voices of its engine.
        engine: name of the engine.
        asked: what decides how it sounds (plain JSON values); part of the key of its utterances.
        licence: of what it says, or None where nobody said.
    """

    name: str
    engine: str
    asked: dict[str, Any] = field(default_factory=dict, hash=False)
    licence: str | None = None


@dataclass(frozen=True)
class Cast:
    """The voices of one dialogue, by speaker.

    `group` is what must stay on one side of a split (None: the dialogue itself), `split` the side their corpus puts
    them on.
    """

    voices: tuple[Voice, ...]
    group: str | None = None
    split: str | None = None


@dataclass(frozen=True)
class Utterance:
    """One turn to be spoken."""

    voice: Voice
    text: str
    language: str
    prosody: str


class Engine(Protocol):
    """What speaks. Belongs to one thread; used as a context manager."""

    name: str
    version: str

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def check_language(self, language: str) -> None:
        """Refuse a language that none of the voices speaks.

        Raises:
            ConfigError: ``voice.language``.
        """

    def cast(self, rng: np.random.Generator, wishes: Sequence[str | None], language: str) -> Cast:
        """Voices for the speakers of a dialogue, every two of them clearly different.

        `wishes` says for each "f", "m" or None: what goes with the speaker's name. Met as far as possible.

        Raises:
            ConfigError: ``voice.too_few``.
        """

    def refuses(self, text: str, language: str) -> str | None:
        """Why its voices cannot read a text that is written in the letters of its language; None if they can."""

    def performs(self, prosody: str) -> str | None:
        """The prosody class that a turn of this class is really spoken in; None where nobody can say."""

    def speak(self, wanted: Sequence[Utterance]) -> Iterator[tuple[Utterance, Take | Spoilt]]:
        """Speak, in any order.

        Raises:
            AudioReasonerError: nobody can speak any longer: the server is gone, refuses the key, a package is missing.
        """


def utterance_key(engine: Engine, u: Utterance) -> str:
    """What is asked, as 64 hexadecimal digits."""
    asked = {"engine": engine.name, "version": engine.version, "voice": u.voice.name, **u.voice.asked}
    return ids.digest({"say": u.text, "language": u.language, "prosody": u.prosody, "by": asked}).hex()


@dataclass(frozen=True)
class Kept:
    """A turn in the store: its source key and its length in samples."""

    source_key: str
    length: int


class VoiceCache:
    """What was spoken for a run: sounds in RUN/voices, their places in RUN/sources.sqlite. One writer.

    Raises (all methods that write):
        EnvironmentProblem: the disk is full or not writable.
    """

    def __init__(self, run: Path) -> None:
        self.run = run
        self.store_path = run / STORE_NAME
        self._kept: dict[str, Kept] = {}
        self.found = 0
        self._writer = StoreWriter(self.store_path)
        for info in SourceStore.open(self.store_path):
            if info.label == LABEL:
                self._kept[info.source_id] = Kept(info.key, info.length)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._writer.__exit__(kind, error, tb)

    def __len__(self) -> int:
        return len(self._kept)

    def _path(self, key: str) -> Path:
        return self.run / FOLDER / key[:2] / f"{key}.flac"

    def get(self, key: str, u: Utterance) -> Kept | None:
        """The turn of that key, if it was spoken before; also where only its file outlived a crash."""
        kept = self._kept.get(key)
        if kept is not None:
            if self._path(key).is_file():
                return kept
            del self._kept[key]
        elif self._path(key).is_file():
            from audio_reasoner.core.audio import load_mono
            from audio_reasoner.core.errors import InputError

            try:
                return self._note(key, u, load_mono(self._path(key), rate=RATE))
            except InputError:
                self._path(key).unlink()
        return None

    def put(self, key: str, u: Utterance, take: Take) -> Kept:
        """Keep a spoken turn."""
        from audio_reasoner.core.audio import encode_flac, load_mono

        path = self._path(key)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise storage_problem(error, path) from error
        write_atomic(path, encode_flac(take.pcm))
        # Read back: the level and the key are those of the 16 bits that a renderer will read.
        return self._note(key, u, load_mono(path, rate=RATE))

    def _note(self, key: str, u: Utterance, pcm: np.ndarray) -> Kept:
        samples = hashlib.sha256(np.asarray(pcm, dtype="<f4").tobytes()).hexdigest()
        kept = Kept(ids.digest({"utterance": key, "samples": samples}).hex(), int(pcm.shape[0]))
        info = SourceInfo(
            key=kept.source_key,
            path=self._path(key).relative_to(self.run).as_posix(),
            start=0,
            length=kept.length,
            gain_db=round(LEVEL_DBFS - loudness_dbfs(pcm), 3),
            label=LABEL,
            group=u.voice.name,
            licence=u.voice.licence,
            source=u.voice.engine,
            source_id=key,
            extra={"text": u.text, "language": u.language, "prosody": u.prosody},
        )
        self._writer.add(info)
        self._kept[key] = kept
        return kept

    def commit(self) -> None:
        """Make what was kept visible to other processes."""
        self._writer.commit()
