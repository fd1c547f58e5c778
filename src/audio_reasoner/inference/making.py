"""An answer in the making: what is known of it while its tokens come, and what a request holds before they do."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from audio_reasoner.core.errors import ConfigError, InputError
from audio_reasoner.inference import hearing
from audio_reasoner.inference.answer import SectionClock
from audio_reasoner.inference.generate import Prompt
from audio_reasoner.models import features

if TYPE_CHECKING:
    import numpy as np

Audio: TypeAlias = "np.ndarray | Path | str"
"""Mono samples at 16 kHz, or a file."""
LOUDEST = 64.0
"""Samples beyond this (36 dB over full scale) are integers that somebody stored as floats: the model would hear them
at a loudness it has never met, and answer."""


@dataclass
class Row:
    """An answer in the making."""

    prompt: Prompt
    audio_tokens: int
    options: tuple[str, ...]
    ids: list[int] = field(default_factory=list)
    fed: int = 0
    """How many of `ids` were given; the others were generated."""
    finished: bool = False
    """The forced beginning is a whole answer already."""
    ended: bool = False
    forced: int = 0
    """How many of the generated tokens only spelled what was forced."""
    logprobs: list[float] = field(default_factory=list)
    """Of the generated tokens."""
    abandoned: bool = False
    first: float | None = None
    clock: SectionClock = field(default_factory=SectionClock)


class Watch:
    """Where the time of one call goes, from its beginning on."""

    def __init__(self) -> None:
        self.started = time.perf_counter()
        self.heard = self.read = self.planned = 0.0

    def now(self) -> float:
        return time.perf_counter() - self.started

    def reached(self, stage: str) -> None:
        if stage == "heard":
            self.heard = self.now()
        elif stage == "read":
            self.read = self.now()


class Words:
    """Token ids to text, piece by piece. A character whose bytes are spread over tokens comes when it is complete."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._ids: list[int] = []
        self._shown = 0

    def _text(self) -> str:
        return str(self._tokenizer.decode(self._ids, skip_special_tokens=True))

    def feed(self, token: int) -> str:
        self._ids.append(token)
        text = self._text()
        if text.endswith("\ufffd"):
            return ""
        piece = text[self._shown :]
        self._shown = len(text)
        # A fresh line is a safe place to forget the past, which keeps the work linear in the length.
        if text.endswith("\n") and len(self._ids) > 64:
            self._ids, self._shown = [], 0
        return piece

    def finish(self) -> str:
        return self._text()[self._shown :]


def each(given: Any, one: Any, count: int, name: str) -> list[Any]:
    """What each of `count` requests is given: the one for all (an instance of `one`, or None), or the list itself."""
    if given is None or isinstance(given, one):
        return [given] * count
    if len(given) != count:
        raise ConfigError(f"{len(given)} {name} for {count} requests.", code="ask.lengths")
    return list(given)


def samples_of(audio: Audio) -> np.ndarray:
    """The recording as float32 samples at 16 kHz, of whatever length.

    Raises:
        InputError: as `load_mono` and `check_pcm`; ``audio.scale``: integers stored as floats.
    """
    import numpy as np

    if isinstance(audio, str | Path):
        from audio_reasoner.core.audio import load_mono

        if not str(audio).strip():
            raise InputError("no audio was given: the path is empty.", code="audio.missing")
        pcm, what = load_mono(Path(audio), features.RATE), str(audio)
    else:
        pcm, what = np.asarray(audio), "the audio"
        if not np.issubdtype(pcm.dtype, np.floating):
            raise InputError(
                f"{what} holds {pcm.dtype} values; expected floating point samples between -1 and 1.",
                code="audio.shape",
                hint="Divide 16-bit samples by 32768.",
            )
    if pcm.ndim != 1 or pcm.shape[0] <= hearing.MAX_SAMPLES:
        features.check_pcm(pcm, what)
    peak = max(float(pcm.max(initial=0.0)), -float(pcm.min(initial=0.0)))
    if LOUDEST < peak < float("inf"):  # what is not finite is refused as such
        raise InputError(
            f"{what} holds samples up to {peak:g}; expected floating point samples between -1 and 1.",
            code="audio.scale",
            hint="Divide 16-bit samples by 32768.",
        )
    return pcm.astype(np.float32, copy=False)
