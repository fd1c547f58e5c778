"""Checkpoints: everything a training needs to go on as if nothing had happened, in one file that is whole or not there.

Decision: written beside, flushed, then renamed over the old one, so a full disk or a kill leaves the previous
checkpoint. Read with `weights_only`, so a foreign checkpoint cannot run code. Weights and the optimiser's state stand
in it whole and by name, whatever number of processes they were divided among; so that number may change.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from audio_reasoner.core.errors import InputError
from audio_reasoner.core.run import storage_problem
from audio_reasoner.training.distributed import part_like, whole

NAME = "checkpoint.pt"
VERSION = 2


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
        state = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except Exception as error:  # torch raises half a dozen kinds for a damaged file
        raise InputError(f"{path} cannot be read: {error}", code="checkpoint.damaged") from error
    if not isinstance(state, dict) or state.get("version") != VERSION:
        raise InputError(f"{path} was not written by this version of audio-reasoner.", code="checkpoint.version")
    return state


def collect(model: Any, optimiser: Any, partial: bool, keep: bool = True) -> dict[str, Any]:
    """Weights and optimiser state by name, whole. Every process must call this, in the same step.

    Args:
        model: the model.
        optimiser: its optimiser.
        partial: only the weights that learn (the others are in the base).
        keep: whether this process needs the result; it helps the others in any case.
    """
    weights: dict[str, Any] = {}
    moments: dict[str, dict[str, Any]] = {}
    for name, weight in model.named_parameters():
        if weight.requires_grad or not partial:
            found = whole(weight.detach())
            if keep:
                weights[name] = _kept(found, weight)
        for key, value in optimiser.state.get(weight, {}).items():
            found = whole(value)
            if keep:
                moments.setdefault(name, {})[key] = _kept(found, value)
    return {"model": weights, "optimiser": moments}


def _kept(found: Any, part: Any) -> Any:
    """A gathered tensor waits in main memory until all are there; one that was whole anyway stays where it is."""
    return found if found is part or part.device.type == "cpu" else found.cpu()


def put_back(saved: dict[str, Any], model: Any, optimiser: Any, partial: bool) -> None:
    """Restore what `collect` gave, divided as the model is now.

    Raises:
        InputError: ``checkpoint.weights``: it holds other weights than the model.
    """
    import torch

    mine = {n: p for n, p in model.named_parameters() if p.requires_grad or not partial}
    found = saved["model"]
    if set(mine) != set(found) or any(mine[n].shape != found[n].shape for n in mine):
        raise InputError(
            "the checkpoint holds other weights than the ones that the recipe trains.", code="checkpoint.weights"
        )
    names = {id(p): n for n, p in model.named_parameters()}
    with torch.no_grad():
        for name, weight in mine.items():
            weight.copy_(part_like(found[name], weight))
    order = [p for group in optimiser.param_groups for p in group["params"]]
    state: dict[int, dict[str, Any]] = {}
    for i, weight in enumerate(order):
        moments = saved["optimiser"].get(names[id(weight)])
        if moments:
            state[i] = {k: part_like(v, weight) if v.ndim else v for k, v in moments.items()}
    plan = optimiser.state_dict()["param_groups"]
    optimiser.load_state_dict({"state": state, "param_groups": plan})
