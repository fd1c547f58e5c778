"""What of a recording a model gets to hear: whole, split or cut, or, as a control, silence or another recording.

Decision: sound is a promise with a key, made when a call really goes out, so that a resumed run decodes nothing it does
not need. Nothing is cut silently: a recording longer than the model hears is refused unless the user has said what to
do, and every row says what was done. The key of a whole recording is the SHA-256 of its file.
"""

from __future__ import annotations

import math
import random
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from audio_reasoner.core import ids
from audio_reasoner.core.errors import ConfigError, InputError
from audio_reasoner.evaluation.base import Benchmark, Item

if TYPE_CHECKING:
    import numpy as np

RATE = 16_000
WINDOW_S = 30.0
"""What Whisper-style encoders hear."""
ROUNDING = 32
"""Samples by which resampling may lengthen a recording of exactly one window."""
KEPT = 192 << 20
"""Most bytes of decoded sound held at once; 30 s are 1.9 MB."""

LongAudio = Literal["refuse", "split", "truncate30", "whole"]
Control = Literal["no-audio", "silence", "other-clip", "shuffled"]
CONTROLS: tuple[Control, ...] = ("no-audio", "silence", "other-clip", "shuffled")


@dataclass(frozen=True)
class Sound:
    """One part of a prompt: `load()` gives float32 mono samples at 16 kHz, `seconds` long; `key` names the content."""

    key: str
    seconds: float
    load: Callable[[], np.ndarray] = field(compare=False, repr=False)


@dataclass(frozen=True)
class Heard:
    """What is heard of an item: its parts, how it was treated, and how long the recording is (seconds)."""

    parts: tuple[Sound, ...]
    policy: str
    duration_s: float


class Ear:
    """Looks recordings up, probes them once, keeps the last decoded ones.

    Args:
        benchmark: whose recordings.
        long_audio: what to do with recordings longer than `WINDOW_S`; "whole" hands them on as they are.
    """

    def __init__(self, benchmark: Benchmark, long_audio: LongAudio) -> None:
        self.benchmark = benchmark
        self.long_audio = long_audio
        self._seconds: dict[Path, float] = {}
        self._keys: dict[Path, str] = {}
        self._made: OrderedDict[str, Any] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def check(self, item: Item) -> float:
        """Seconds of all recordings of an item, as their files say; nothing is decoded.

        Raises:
            InputError: as `hear`.
        """
        paths = self._paths(item)
        if self.long_audio == "refuse":
            for path in paths:
                self._refuse(path, self._probe(path))
        return sum(self._probe(path) for path in paths)

    def hear(self, item: Item) -> Heard:
        """What is heard of an item.

        Raises:
            InputError: `benchmark.no_audio`, `audio.too_long` (by the policy), or the codes of `core.audio.probe`.
        """
        parts: list[Sound] = []
        pieces = 0
        policy = "whole"
        total = 0.0
        for path in self._paths(item):
            seconds = self._probe(path)
            total += seconds
            key = self._key(path)
            if seconds <= WINDOW_S or self.long_audio == "whole":
                parts.append(self._whole(path, key, seconds))
                pieces += 1
            elif self.long_audio == "refuse":
                self._refuse(path, seconds)
            elif self.long_audio == "truncate30":
                policy = "truncate30"
                parts.append(self._span(path, key, 0.0, WINDOW_S))
            else:
                count = math.ceil(seconds / WINDOW_S - 1e-9)
                each = seconds / count
                parts += [self._span(path, key, i * each, (i + 1) * each) for i in range(count)]
                pieces += count
                policy = "split"
        if policy == "split":
            policy = f"split:{pieces}"
        return Heard(tuple(parts), policy, total)

    def _refuse(self, path: Path, seconds: float) -> None:
        if seconds > WINDOW_S:
            raise InputError(
                f"{path} is {seconds:.2f} s long; the model hears {WINDOW_S:.0f} s.",
                code="audio.too_long",
                hint="--long-audio split or truncate30 says what to do; truncate30 is what Whisper-style models do.",
            )

    def _paths(self, item: Item) -> tuple[Path, ...]:
        paths = self.benchmark.audio_paths(item)
        if not paths or not all(name.strip() for name in item.audio):
            raise InputError(f"item {item.id} names no audio file.", code="benchmark.no_audio")
        return paths

    def _probe(self, path: Path) -> float:
        if path not in self._seconds:
            from audio_reasoner.core.audio import probe

            self._seconds[path] = probe(path).duration_s
        return self._seconds[path]

    def _key(self, path: Path) -> str:
        if path not in self._keys:
            self._keys[path] = ids.file_sha256(path)
        return self._keys[path]

    def _load(self, path: Path, key: str) -> np.ndarray:
        with self._lock:
            if key in self._made:
                self._made.move_to_end(key)
                found: np.ndarray = self._made[key]
                return found
        from audio_reasoner.core.audio import load_mono

        pcm = load_mono(path, RATE)
        with self._lock:
            if key not in self._made:
                self._made[key] = pcm
                self._size += pcm.nbytes
            while self._size > KEPT and len(self._made) > 1:
                self._size -= self._made.popitem(last=False)[1].nbytes
        return pcm

    def _whole(self, path: Path, key: str, seconds: float) -> Sound:
        window = round(WINDOW_S * RATE)

        def load() -> np.ndarray:
            pcm = self._load(path, key)
            # Another rate can round 30 s up by a sample or two: that is no cut.
            return pcm[:window] if self.long_audio != "whole" and window < len(pcm) <= window + ROUNDING else pcm

        return Sound(key, seconds, load)

    def _span(self, path: Path, key: str, start_s: float, end_s: float) -> Sound:
        a, b = round(start_s * RATE), round(end_s * RATE)

        def load() -> np.ndarray:
            return self._load(path, key)[a:b]

        return Sound(ids.digest({"file": key, "rate": RATE, "samples": [a, b]}).hex(), (b - a) / RATE, load)


def silence(heard: Heard) -> Heard:
    """The same parts, every sample zero."""

    def quiet(part: Sound) -> Sound:
        samples = max(1, round(part.seconds * RATE))

        def load() -> np.ndarray:
            import numpy as np

            return np.zeros(samples, dtype=np.float32)

        return Sound(ids.digest({"silence": samples, "rate": RATE}).hex(), samples / RATE, load)

    return Heard(tuple(quiet(part) for part in heard.parts), heard.policy, heard.duration_s)


def other_items(items: Sequence[Item], seed: int) -> dict[str, Item]:
    """For each item another one, of another recording, to lend its sound; the same for the same seed.

    Every clip lends and gets exactly once (a cyclic shift of the shuffled clips), so that all sounds occur as often as
    in the real run.

    Raises:
        ConfigError: `control.one_clip`: there is only one clip.
    """
    by_clip: dict[str, Item] = {}
    for item in items:
        by_clip.setdefault(item.clip, item)
    clips = sorted(by_clip)
    if len(clips) < 2:
        raise ConfigError(
            "all questions are about one clip, so no other clip's audio can be played.", code="control.one_clip"
        )
    random.Random(ids.derive_seed(seed, "other-clip")).shuffle(clips)
    after = {clip: clips[(i + 1) % len(clips)] for i, clip in enumerate(clips)}
    return {item.id: by_clip[after[item.clip]] for item in items}


def shuffled_order(item: Item, seed: int) -> tuple[int, ...]:
    """Which official choice stands at each place in the control `shuffled`.

    It is not the official order, if there is another.
    """
    places = list(range(len(item.choices)))
    if len(places) < 2:
        return tuple(places)
    rng = random.Random(ids.derive_seed(seed, "shuffled", item.id))
    while places == sorted(places):
        rng.shuffle(places)
    return tuple(places)
