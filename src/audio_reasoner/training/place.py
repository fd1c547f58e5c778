"""The directory that a training writes: whether it may, what stands in it meanwhile, how the model gets there at last.

Decision: one set of rules for supervised training and reinforcement learning. Nothing of anybody else's is touched, and
a model appears whole: it is written beside, then moved in place file by file, the weights late and the figures last, so
a directory with metrics.json is complete.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from audio_reasoner.core.errors import ConfigError
from audio_reasoner.core.run import storage_problem
from audio_reasoner.models.weight_files import readable_like, writing
from audio_reasoner.training import checkpoint, lora

LOG_NAME = "train_log.jsonl"
METRICS_NAME = "metrics.json"
PAGE_NAME = "training.html"
RECIPE_NAME = "recipe.yaml"
RL_RECIPE_NAME = "rl_recipe.yaml"
SAVING_NAME = ".saving"


def check_out(out: Path, recipe: str, resume: bool, overwrite: bool, base: Path | str | None = None) -> None:
    """Refuse a place that holds other things, or a training that nobody asked to go on with or to replace.

    Args:
        out: the directory to write.
        recipe: name of the resolved recipe's file; with the name of the other kind of training's, `out` is not gone on
            with.
        resume: whether a training there is gone on with.
        overwrite: whether one there is replaced.
        base: the model that is trained. Never written over: an adapter needs it, and a training that was interrupted
            loads it again.

    Raises:
        ConfigError: `training.out_taken`; `training.out_is_base`.
        EnvironmentProblem: the directory cannot be made.
    """
    if out.is_file():
        raise ConfigError(f"{out} is a file; a model is written as a directory.", code="training.out_taken")
    if base is not None and out.is_dir() and Path(base).expanduser().resolve() == out.resolve():
        raise ConfigError(
            f"{out} is the model that the training begins with; it would be lost.",
            code="training.out_is_base",
            hint="Name another directory with -o.",
        )
    other = {RECIPE_NAME, RL_RECIPE_NAME} - {recipe}
    found = {p.name for p in out.iterdir()} if out.is_dir() else set()
    ours = found & {checkpoint.NAME, LOG_NAME, RECIPE_NAME, RL_RECIPE_NAME}
    if found and not (resume and ours and not found & other):
        if not ours:
            raise ConfigError(
                f"{out} holds other things ({', '.join(sorted(found)[:3])}) and no training of ours.",
                code="training.out_taken",
                hint="Name a new or empty directory.",
            )
        if not overwrite:
            raise ConfigError(
                f"{out} already holds a training{' of another kind' if found & other else ''}.",
                code="training.out_taken",
                hint="Go on with --resume, replace it with --overwrite, or name another directory."
                if not found & other
                else "Replace it with --overwrite, or name another directory.",
            )
        # What is shown of a training must not be that of the one before.
        for old in (checkpoint.NAME, METRICS_NAME, PAGE_NAME, *other):
            (out / old).unlink(missing_ok=True)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise storage_problem(error, out) from error


def check_same(out: Path, saved: Mapping[str, str], now: Mapping[str, str], recipe: str = "") -> None:
    """Refuse to go on from the checkpoint of another training.

    Args:
        out: the training's directory.
        saved: digests of what the checkpoint's training was made of, by name.
        now: those of this one.
        recipe: in which settings the recipes differ, if that is known.

    Raises:
        ConfigError: `checkpoint.other_run`.
    """
    for what, digest in now.items():
        if saved.get(what) != digest:
            how = f" ({recipe})" if what == "recipe" and recipe else ""
            raise ConfigError(
                f"{out / checkpoint.NAME} belongs to another {what}{how}; going on would mix two trainings.",
                code="checkpoint.other_run",
                hint=f"Use the {what} that it was started with, or start anew with --overwrite.",
            )


def write(path: Path, text: str) -> None:
    """Write a small file.

    Raises:
        EnvironmentProblem: it cannot be written.
    """
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise storage_problem(error, path) from error


def log(out: Path, line: Mapping[str, Any]) -> None:
    """Add a line to the training's log.

    Raises:
        EnvironmentProblem: it cannot be written.
    """
    path = out / LOG_NAME
    try:
        with path.open("a", encoding="utf-8") as f:
            f.write(json.dumps(line, ensure_ascii=False) + "\n")
    except OSError as error:
        raise storage_problem(error, path) from error


def log_bytes(out: Path) -> int:
    """The log's length, for a checkpoint."""
    return (out / LOG_NAME).stat().st_size


def cut_log(out: Path, length: int) -> None:
    """Take back what was logged after the checkpoint that knew this length: it will happen again."""
    path = out / LOG_NAME
    if path.is_file():
        os.truncate(path, min(length, path.stat().st_size))


@contextlib.contextmanager
def saving(out: Path) -> Iterator[Path]:
    """A folder to write a model in. At the block's end its files move to `out`, and what an earlier model left there
    and this one does not replace goes.

    Raises:
        EnvironmentProblem: the disk is full, or `out` cannot be written.
    """
    place = out / SAVING_NAME
    try:
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        with writing(place):
            yield place
        readable_like(place / METRICS_NAME)
        lora.clear_stale(place, out)
        for file in sorted(place.iterdir(), key=lambda p: (p.name == METRICS_NAME, p.suffix == ".safetensors")):
            file.replace(out / file.name)
        place.rmdir()
    except OSError as error:
        shutil.rmtree(place, ignore_errors=True)
        raise storage_problem(error, out) from error


def figures(place: Path, found: Mapping[str, Any]) -> None:
    """Write metrics.json."""
    (place / METRICS_NAME).write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", "utf-8")
