"""What a model directory tells of its training: its log, its figures and its recipe, supervised or by reward.

Decision: no line is trusted. A training that was killed leaves half a line, one that goes on leaves
the figures of an earlier end; what cannot be read as it was meant is counted or left out.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from audio_reasoner.core.errors import InputError
from audio_reasoner.training.place import LOG_NAME, METRICS_NAME, RECIPE_NAME, RL_RECIPE_NAME

REWARD = "reward: "
"""Before the names of a reward's parts among the values of a step."""

Points = list[tuple[float, float]]


@dataclass(frozen=True)
class Training:
    """What a model directory tells of its training, supervised or by reward. `unreadable` counts log lines that are no
    JSON objects."""

    name: str
    train: list[dict[str, Any]]
    evals: list[dict[str, Any]]
    metrics: dict[str, Any] = field(default_factory=dict)
    recipe: str = ""
    unreadable: int = 0

    def course(self, key: str, kind: str = "train") -> Points:
        """A value of the log over steps, in order of steps; lines without it are left out."""
        lines = {"train": self.train, "eval": self.looks, "last": self.last}[kind]
        found = [(number(x.get("step")), number(x.get(key))) for x in lines]
        return sorted((s, v) for s, v in found if s is not None and v is not None)

    def family(self, name: str, key: str, kind: str = "eval") -> Points:
        """A value of one question type over steps."""
        lines = self.last if kind == "last" else self.looks
        found = [(number(x.get("step")), number(part(part(x, "families"), name).get(key))) for x in lines]
        return sorted((s, v) for s, v in found if s is not None and v is not None)

    @property
    def looks(self) -> list[dict[str, Any]]:
        """Looks at the same held-out questions, which a line may join."""
        return [x for x in self.evals if x.get("samples") == self.evals[0].get("samples")]

    @property
    def last(self) -> list[dict[str, Any]]:
        """The last look if it asked another number of questions: it cannot be joined with the others by a line."""
        return [x for x in self.evals[-1:] if x.get("samples") != self.evals[0].get("samples")]

    @property
    def final(self) -> dict[str, Any]:
        """The last look at the held-out samples: that of the metrics, else the log's last."""
        held = part(self.metrics, "held_out")
        return held if held.get("samples") else (self.evals[-1] if self.evals else {})


def is_training(folder: Path) -> bool:
    """Whether a directory holds the log of a training."""
    return (folder / LOG_NAME).is_file()


def read_training(folder: Path | str) -> Training:
    """Read a model directory's log, metrics and recipe.

    A line that is no JSON object (a training was killed while it wrote) is counted, not drawn.

    Raises:
        InputError: there is no log (``report.no_training``), or a file cannot be read (``report.unreadable``).
    """
    folder = Path(folder)
    path = folder / LOG_NAME
    if not path.is_file():
        what = f"holds no {LOG_NAME}" if folder.is_dir() else "does not exist"
        raise InputError(
            f"{folder} is no directory of a training: it {what}.",
            code="report.no_training",
            hint="Name the directory that `audio-reasoner train … -o DIR` writes.",
        )
    lines: dict[str, list[dict[str, Any]]] = {"train": [], "eval": []}
    unreadable = 0
    for line in _read(path).splitlines():
        if not line.strip():
            continue
        found = _json(line)
        kind = str(found.get("kind"))
        if kind == "rl":
            lines["train"].append(_rewarded(found))
        elif kind in lines:
            lines[kind].append(found)
        else:
            unreadable += 1
    metrics = folder / METRICS_NAME
    recipe = next((p for name in (RECIPE_NAME, RL_RECIPE_NAME) if (p := folder / name).is_file()), folder / RECIPE_NAME)
    figures = _json(_read(metrics)) if metrics.is_file() else {}
    reached = max((n for kind in lines.values() for x in kind if (n := number(x.get("step"))) is not None), default=0)
    if reached > (number(figures.get("steps")) or 0):
        figures = {}  # of an earlier end: the training goes on
    return Training(
        folder.resolve().name,
        lines["train"],
        lines["eval"],
        figures,
        _read(recipe) if recipe.is_file() else "",
        unreadable,
    )


def _rewarded(line: dict[str, Any]) -> dict[str, Any]:
    """A step of reinforcement learning with the parts of its reward beside its other values. Its loss is left out: it
    is about 0 whatever is learned, because what the chains of a group are worth sums to 0."""
    parts = {f"{REWARD}{name}": value for name, value in part(line, "parts").items()}
    return {k: v for k, v in line.items() if k != "loss"} | parts


def read_trainings(folders: Sequence[Path]) -> list[Training]:
    """Read all; two directories of one name are told apart by the folder they lie in."""
    found = [read_training(f) for f in folders]
    names = [t.name for t in found]
    out = []
    for folder, t in zip(folders, found, strict=True):
        name = t.name
        if names.count(name) > 1:
            where = folder.resolve()
            name = f"{where.parent.name}/{name}"
            if sum(f.resolve().parent.name == where.parent.name and f.resolve().name == t.name for f in folders) > 1:
                name = str(folder)
        out.append(Training(name, t.train, t.evals, t.metrics, t.recipe, t.unreadable))
    return out


def number(value: Any) -> float | None:
    """A value as a number; None if it is none, or not finite."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < 1e300 else None  # false for NaN and infinities too


def part(found: dict[str, Any], key: str) -> dict[str, Any]:
    """A mapping within a mapping; empty if there is none."""
    value = found.get(key)
    return value if isinstance(value, dict) else {}


def _json(words: str) -> dict[str, Any]:
    try:
        found = json.loads(words)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.", code="report.unreadable") from error
