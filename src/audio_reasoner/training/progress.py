"""What a training says while it runs, and what of it changes: shared by the loop and by those who watch it."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from audio_reasoner.training.collate import Sizes


@dataclass(frozen=True)
class Progress:
    """Where a training is. `done` of `total` counts what the phase counts (clips, steps, seconds of the budget).

    `padding_share` is the part of the computed token positions that hold no token.
    """

    phase: str
    done: float = 0.0
    total: float = 0.0
    step: int = 0
    epoch: float = 0.0
    loss: float | None = None
    token_accuracy: float | None = None
    samples_per_second: float = 0.0
    tokens_per_second: float = 0.0
    padding_share: float | None = None
    seconds_left: float | None = None
    evaluation: dict[str, Any] | None = None
    note: str = ""


Watcher = Callable[[Progress], None]


@dataclass
class TrainResult:
    """How a training ended. `left_out_codes` counts the samples left out by the reason's code."""

    out: Path
    steps: int
    samples: int
    tokens: int
    minutes: float
    left_out: int
    interrupted: bool
    metrics: dict[str, Any] = field(default_factory=dict)
    left_out_codes: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Sums:
    """What one step did, over all processes: `loss` in nats summed over the targets, of which `right` were right."""

    loss: float
    right: int
    sizes: Sizes


@dataclass
class State:
    """What changes while training and goes into the checkpoint besides weights and optimiser."""

    step: int = 0
    epoch: int = 0
    place: int = 0
    elapsed: float = 0.0
    samples: int = 0
    tokens: int = 0
    targets: int = 0
    positions: int = 0
    audio: int = 0
    audio_positions: int = 0

    def add(self, sizes: Sizes) -> None:
        """Count a step's batch."""
        self.samples += sizes.samples
        self.tokens += sizes.tokens
        self.targets += sizes.targets
        self.positions += sizes.positions
        self.audio += sizes.audio
        self.audio_positions += sizes.audio_positions


class Window:
    """Sums since the last log line."""

    def __init__(self) -> None:
        self._began = time.perf_counter()
        self._steps = 0
        self._loss, self._right = 0.0, 0
        self._state = State()

    def add(self, done: Sums) -> None:
        """Count a step."""
        self._steps += 1
        self._loss += done.loss
        self._right += done.right
        self._state.add(done.sizes)

    def due(self, seconds: float) -> bool:
        """Whether the window is so many seconds old."""
        return time.perf_counter() - self._began >= seconds

    def steps_per_second(self) -> float:
        """Steps per second."""
        return self._steps / max(time.perf_counter() - self._began, 1e-9)

    def figures(self) -> dict[str, float]:
        """Loss per token, accuracy, speed and padding of this window."""
        took, s = max(time.perf_counter() - self._began, 1e-9), self._state
        return {
            "loss": self._loss / max(1, s.targets),
            "token_accuracy": self._right / max(1, s.targets),
            "samples_per_second": round(s.samples / took, 2),
            "tokens_per_second": round(s.tokens / took, 1),
            **padding(s),
        }


def padding(state: State) -> dict[str, float]:
    """The share of computed positions that hold nothing: of the language model, and of the encoder."""
    return {
        "padding_share": round(1 - state.tokens / max(1, state.positions), 4),
        "audio_padding_share": round(1 - state.audio / max(1, state.audio_positions), 4),
    }


class Interrupt:
    """Turns the first Ctrl-C into a flag, so that the step in progress is saved; the second one ends at once.

    A polite request to end is the flag too (SIGTERM, from a scheduler or from a launcher that ends its processes).
    """

    def __init__(self) -> None:
        self._asked = False

    def asked(self) -> bool:
        """Whether somebody asked to stop."""
        return self._asked

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Listen while the block runs; only a process's main thread can."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def note(number: int, _frame: Any) -> None:
            self._asked = True
            if number == signal.SIGINT:
                signal.signal(signal.SIGINT, before[signal.SIGINT])

        before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
