"""Before a training: where it may write, and the data sets it reads."""

from __future__ import annotations

from pathlib import Path

from audio_reasoner.core import ids
from audio_reasoner.core.errors import ConfigError
from audio_reasoner.core.run import RunDir, storage_problem
from audio_reasoner.training import checkpoint, page
from audio_reasoner.training.progress import Progress, Watcher
from audio_reasoner.training.recipe import Recipe


def check_out(out: Path, resume: bool, overwrite: bool, base: str | None = None) -> None:
    """Refuse a place that holds other things, or a training that nobody asked to go on with or to replace.

    Args:
        out: the directory to write.
        resume: whether a training there is gone on with.
        overwrite: whether one there is replaced.
        base: the model that is trained, as the recipe names it. Never written over: an adapter needs it, and a training
            that was interrupted loads it again.

    Raises:
        ConfigError: `training.out_taken`; `training.out_is_base`.
        EnvironmentProblem: the directory cannot be made.
    """
    ours = {checkpoint.NAME, "train_log.jsonl", "recipe.yaml"}
    if out.is_file():
        raise ConfigError(f"{out} is a file; a model is written as a directory.", code="training.out_taken")
    if base is not None and out.is_dir() and Path(base).expanduser().resolve() == out.resolve():
        raise ConfigError(
            f"{out} is the model that the recipe trains (model.path); it would be lost.",
            code="training.out_is_base",
            hint="Name another directory with -o.",
        )
    found = {p.name for p in out.iterdir()} if out.is_dir() else set()
    if found and not (resume and found & ours):
        if not found & ours:
            raise ConfigError(
                f"{out} holds other things ({', '.join(sorted(found)[:3])}) and no training of ours.",
                code="training.out_taken",
                hint="Name a new or empty directory.",
            )
        if not overwrite:
            raise ConfigError(
                f"{out} already holds a training.",
                code="training.out_taken",
                hint="Go on with --resume, replace it with --overwrite, or name another directory.",
            )
        # What is shown of a training must not be that of the one before.
        for old in (checkpoint.NAME, "metrics.json", page.PAGE_NAME):
            (out / old).unlink(missing_ok=True)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise storage_problem(error, out) from error


def ensure_dataset(run: RunDir, recipe: Recipe, watch: Watcher) -> None:
    """Build the data set of a run that has clips but none yet; say so if the one there was built otherwise."""
    if run.dataset_dir.is_dir():
        from audio_reasoner.cota.plan import deciding
        from audio_reasoner.cota.statistics import status

        built = status(run).get("settings") or {}
        asked = deciding(recipe.build)
        other = [f"{k} {built[k]!r}, not {asked[k]!r}" for k in asked if k in built and built[k] != asked[k]]
        if other:
            note = f"{run.path} holds a data set built otherwise than the recipe would ({'; '.join(other)}): using it"
            watch(Progress("reading", note=note))
        return
    from audio_reasoner.cota import build_sync

    style = recipe.build.style
    note = f"{run.path} has no data set yet: building it ({recipe.build.teacher}, {style}) before training"
    watch(Progress("building", note=note))
    result = build_sync(run, recipe.build, watch=lambda p: watch(Progress("building", p.tally.clips, p.total)))
    if result.interrupted:
        raise KeyboardInterrupt


def together(digests: list[str]) -> str:
    """One digest of several data sets, in any order; that of a single one is its own."""
    return digests[0] if len(digests) == 1 else ids.digest({"data": sorted(digests)}).hex()
