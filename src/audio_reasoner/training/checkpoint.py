"""Checkpoints: everything a training needs to go on as if nothing had happened, in one file that is whole or not there.

Decision: written beside, flushed, then renamed over the old one, so a full disk or a kill leaves the previous
checkpoint. Read with `weights_only`, so a foreign checkpoint cannot run code.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from audio_reasoner.core.errors import InputError
from audio_reasoner.core.run import storage_problem

NAME = "checkpoint.pt"
VERSION = 1


def save(out: Path, state: dict[str, Any]) -> None:
    """Write OUT/checkpoint.pt atomically.

    Raises:
        EnvironmentProblem: no space left or no permission; the previous checkpoint is untouched.
    """
    import torch

    path = out / NAME
    tmp = out / (NAME + ".tmp")
    try:
        with tmp.open("wb") as f:
            torch.save({"version": VERSION, **state}, f)
            f.flush()
            os.fsync(f.fileno())
        tmp.replace(path)
    except OSError as error:
        tmp.unlink(missing_ok=True)
        raise storage_problem(error, path) from error
    except RuntimeError as error:  # torch's zip writer turns a failed write into this
        tmp.unlink(missing_ok=True)
        if isinstance(error.__context__, OSError):
            raise storage_problem(error.__context__, path) from error
        raise


def load(out: Path) -> dict[str, Any]:
    """Read OUT/checkpoint.pt.

    Raises:
        InputError: there is none, it is damaged, or another version wrote it.
    """
    import torch

    path = out / NAME
    if not path.is_file():
        raise InputError(
            f"{out} holds no {NAME} to resume from.",
            code="checkpoint.missing",
            hint="Leave out --resume to start from the beginning.",
        )
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises half a dozen kinds for a damaged file
        raise InputError(f"{path} cannot be read: {error}", code="checkpoint.damaged") from error
    if not isinstance(state, dict) or state.get("version") != VERSION:
        raise InputError(f"{path} was not written by this version of audio-reasoner.", code="checkpoint.version")
    return state
