"""Reinforcement learning on a trained model: draw chains, reward them, push towards what was better than its group.

Decision: a small loop of our own, for models that fit one device, so that what happens can be read in four files
(`rl_recipe`, `policy`, `rl_step`, this one); an 8-billion-weight model goes to ms-swift or TRL with the same rewards
(docs/rewards.md). A training is a function of (recipe, model, data set, number of threads): questions and chains come
from seeds that name the step, so a checkpoint needs no random state, and N steps + kill + resume equals an
uninterrupted run. Held-out questions are answered greedily before the first step and after the last, because a reward
that rises says nothing about them.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from audio_reasoner.core import ids
from audio_reasoner.core.errors import InputError
from audio_reasoner.core.records import Clip
from audio_reasoner.core.run import RunDir
from audio_reasoner.dataset import Row
from audio_reasoner.models import qwen2_audio
from audio_reasoner.models.machine import threads_asked
from audio_reasoner.training import card, checkpoint, data, lora, metrics, page, place, rl_card
from audio_reasoner.training.progress import Interrupt
from audio_reasoner.training.rl_recipe import RlRecipe
from audio_reasoner.training.rl_step import RlStepper

FREE_TO_CHANGE: dict[str, bool | set[str]] = {
    **dict.fromkeys(("steps", "threads", "device", "rows", "ram_gb", "workers"), True),
    # Not final_samples: other questions after the last step than before the first compare nothing.
    "watch": {"eval_every_steps", "eval_samples", "checkpoint_every_steps"},
}
"""Settings that may be others when a training goes on."""


@dataclass(frozen=True)
class RlProgress:
    """Where it is: `done` of `total` clips, steps or questions of the phase; `line` is a step's line of the log."""

    phase: str
    done: int = 0
    total: int = 0
    seconds_left: float | None = None
    line: dict[str, Any] | None = None
    evaluation: dict[str, Any] | None = None
    note: str = ""


Watcher = Callable[[RlProgress], None]


@dataclass
class RlResult:
    """How it ended. `metrics` is empty after an interruption."""

    out: Path
    steps: int
    minutes: float
    interrupted: bool
    metrics: dict[str, Any] = field(default_factory=dict)


def train_rl(
    recipe: RlRecipe,
    data_run: Path | str | Sequence[Path | str],
    model: Path | str,
    out: Path | str,
    *,
    resume: bool = False,
    overwrite: bool = False,
    watch: Watcher = lambda _: None,
) -> RlResult:
    """Train a model further by GRPO and write it as a model directory.

    Args:
        recipe: what is rewarded, and how.
        data_run: a run directory with a data set, or several; only questions, golds and sounds are used, never chains.
        model: the model to begin with. It is also the reference that `beta` ties the policy to.
        out: the model directory to write; it also gets train_log.jsonl, metrics.json, training.html and
            rl_recipe.yaml.
        resume: go on from OUT/checkpoint.pt; if there is none yet, start. `steps` may have changed.
        overwrite: replace what an earlier training left in OUT.
        watch: told the progress.

    Raises:
        ConfigError: OUT is taken; the checkpoint belongs to another recipe, model or data set.
        InputError: no usable questions; a model that cannot be loaded; the training diverged (`rl.diverged`).
        EnvironmentProblem: the disk is full (the previous checkpoint stays), or the device does not exist.
    """
    given = [data_run] if isinstance(data_run, Path | str) else list(data_run)
    runs, folder = [RunDir.open(run) for run in given], Path(out)
    place.check_out(folder, place.RL_RECIPE_NAME, resume, overwrite, model)
    job = _Job(recipe, runs, str(model), folder, watch)
    job.prepare(resume and (folder / checkpoint.NAME).exists())
    return job.run()


class _Job:
    """One training, from reading the data to the saved model."""

    def __init__(self, recipe: RlRecipe, runs: list[RunDir], model: str, out: Path, watch: Watcher) -> None:
        self.recipe, self.runs, self.path, self.out, self.watch = recipe, runs, model, out, watch
        self.step, self.elapsed = 0, 0.0
        self.before: dict[str, Any] = {}
        self._shuffled: tuple[int, list[str]] = (-1, [])
        self._heard_well: dict[str, bool] = {}

    # ------------------------------------------------------------------------------------------------- preparation

    def prepare(self, resume: bool) -> None:
        """Load the model, read the questions, listen to the clips, restore the checkpoint."""
        import torch

        from audio_reasoner.inference import Reasoner

        recipe = self.recipe
        torch.set_num_threads(recipe.threads or threads_asked() or torch.get_num_threads())
        for run in self.runs:
            self.watch(RlProgress("reading", note=f"reading {run.dataset_dir}"))
        self.rows = {r.sample_id: r for r in self._rows()}
        self.order = sorted(self.rows)
        self.digest = {
            "recipe": ids.digest({"recipe": recipe.model_dump(mode="json", exclude=FREE_TO_CHANGE)}).hex(),
            "data": data.digest(self.runs),
        }
        self.reasoner = Reasoner.from_pretrained(self.path, qwen2_audio.pick_device(recipe.device), "float32")
        self.digest["model"] = rl_card.weights_digest(self.reasoner.model)
        # Only what will be asked: a large run's sounds would take longer than the steps.
        coming = [r for step in range(recipe.steps) for r in self._questions(step)]
        clips = {r.clip_id: self.clips[r.clip_id] for r in coming}
        self.hearing = data.Hearing(clips, recipe.ram_gb, recipe.workers)
        self.hearing.prepare(lambda done, total: self.watch(RlProgress("listening", done, total)))
        if not self.hearing.frames:
            raise InputError("no clip of the questions can be heard.", code="rl.no_questions")
        self.stepper = RlStepper(self.reasoner, self.path, recipe, self.clips, self.hearing)
        saved = checkpoint.load(self.out) if resume else None
        if saved is not None:
            self._restore(saved)
        else:
            place.write(self.out / place.RL_RECIPE_NAME, card.recipe_yaml(recipe))
            place.write(self.out / place.LOG_NAME, "")

    def _rows(self) -> list[Row]:
        recipe = self.recipe
        samples = data.joined([data.read_samples(run.path, run.dataset_dir) for run in self.runs])
        self.clips: dict[str, Clip] = samples.clips
        rows = [r for some in samples.rows.values() for r in some if not r.history]
        if recipe.families:
            lacking = sorted(set(recipe.families) - {r.family for r in rows})
            if lacking:
                raise InputError(
                    f"the data set has no questions of type {lacking[0]!r}.",
                    code="rl.no_questions",
                    hint="It has: " + ", ".join(sorted({r.family for r in rows})) + ".",
                )
            rows = [r for r in rows if r.family in recipe.families]
        held = data.held_out(samples, recipe.held_out)
        self.held_rows = [r for r in rows if r.clip_id in held]
        asked = [r for r in rows if r.clip_id not in held]
        if not asked:
            raise InputError("there is no question to learn from.", code="rl.no_questions")
        return asked

    def _restore(self, saved: dict[str, Any]) -> None:
        place.check_same(self.out, saved["digest"], self.digest)
        lora.restore(self.stepper.model, saved["model"])
        self.stepper.optimiser.load_state_dict(saved["optimiser"])
        self.step, self.elapsed, self.before = saved["step"], saved["elapsed"], json.loads(saved["before"])
        place.cut_log(self.out, saved["log_bytes"])

    def _save_checkpoint(self) -> None:
        checkpoint.save(
            self.out,
            {
                "digest": self.digest,
                "model": lora.learned_state(self.stepper.model),
                "optimiser": self.stepper.optimiser.state_dict(),
                "step": self.step,
                "elapsed": self.elapsed,
                "before": json.dumps(self.before),
                "log_bytes": place.log_bytes(self.out),
            },
        )

    # ------------------------------------------------------------------------------------------------------ training

    def run(self) -> RlResult:
        """Take the steps, look at the held-out questions before and after, save."""
        recipe, interrupt = self.recipe, Interrupt()
        with interrupt.listening():
            if not self.before:
                self.before = self._evaluate(recipe.watch.final_samples, "before")
                self._save_checkpoint()
            began, first = time.perf_counter() - self.elapsed, self.step
            since = time.perf_counter()
            while self.step < recipe.steps and not interrupt.asked():
                line = self.stepper.step(self._questions(self.step), self.step)
                self.step += 1
                self.elapsed = time.perf_counter() - began
                place.log(self.out, {"kind": "rl", "seconds": round(self.elapsed, 2), **line})
                left = (time.perf_counter() - since) / (self.step - first) * (recipe.steps - self.step)
                self.watch(RlProgress("training", self.step, recipe.steps, left, line))
                every = recipe.watch.eval_every_steps
                if every is not None and self.step % every == 0 and self.step < recipe.steps:
                    self._evaluate(recipe.watch.eval_samples, "training")
                if self.step % recipe.watch.checkpoint_every_steps == 0:
                    self._save_checkpoint()
            self._save_checkpoint()
            if interrupt.asked():
                self._draw()
                return RlResult(self.out, self.step, self.elapsed / 60, True)
            after = self._evaluate(recipe.watch.final_samples, "after")
            if interrupt.asked():
                return RlResult(self.out, self.step, self.elapsed / 60, True)
            found = self._metrics(after)
            self._save_model(found)
            self._draw()
        return RlResult(self.out, self.step, self.elapsed / 60, False, found)

    def _questions(self, step: int) -> list[Row]:
        """The questions of a step: every question once per round, in an order of the round's own."""
        count = self.recipe.questions
        out: list[Row] = []
        for turn in range(step * count, (step + 1) * count):
            number, at = divmod(turn, len(self.order))
            out.append(self.rows[self._round(number)[at]])
        return out

    def _round(self, number: int) -> list[str]:
        if self._shuffled[0] != number:
            seed = self.recipe.seed
            order = sorted(self.order, key=lambda name: ids.derive_seed(seed, "round", number, name))
            self._shuffled = (number, order)
        return self._shuffled[1]

    # ------------------------------------------------------------------------------------------------------- results

    def _evaluate(self, n: int, phase: str) -> dict[str, Any]:
        if not n or not self.held_rows:
            return {"samples": 0}
        heard = [r for r in metrics.choose(self.held_rows, n) if self._can_be_heard(r)]
        found = metrics.evaluate(
            self.reasoner,
            heard,
            self.clips,
            n,
            self.recipe.max_new_tokens,
            lambda done, total: self.watch(RlProgress(f"evaluating {phase}", done, total)),
        )
        place.log(self.out, {"kind": "eval", "step": self.step, "seconds_trained": round(self.elapsed, 2), **found})
        self.watch(RlProgress(phase, self.step, self.recipe.steps, evaluation=found))
        return found

    def _can_be_heard(self, row: Row) -> bool:
        known = self._heard_well
        if row.clip_id not in known:
            known[row.clip_id] = data.hear(self.clips[row.clip_id]).mel is not None
        return known[row.clip_id]

    def _metrics(self, after: dict[str, Any]) -> dict[str, Any]:
        return {
            "parameters": qwen2_audio.parameter_count(self.stepper.model),
            "trained_parameters": sum(p.numel() for p in self.stepper.trained),
            "steps": self.step,
            "minutes": round(self.elapsed / 60, 3),
            "chains": self.step * self.recipe.questions * self.recipe.chains,
            "questions": len(self.rows),
            "begun_with": self.path,
            "data": self.digest["data"],
            "before": self.before,
            "held_out": after,
        }

    def _draw(self) -> None:
        if why := page.redraw(self.out):
            self.watch(RlProgress("drawing", note=why))

    def _save_model(self, found: dict[str, Any]) -> None:
        import transformers

        from audio_reasoner.inference import SETTINGS_NAME

        transformers.utils.logging.disable_progress_bar()
        settings = qwen2_audio.resolve(self.path) / SETTINGS_NAME
        with place.saving(self.out) as folder:
            self.stepper.model.save_pretrained(str(folder), safe_serialization=True)
            self.reasoner.processor.save_pretrained(str(folder))
            if settings.is_file():
                kept = json.loads(settings.read_text("utf-8"))
                kept.pop("base_fingerprint", None)  # an adapter's; this is a whole model
                (folder / SETTINGS_NAME).write_text(json.dumps(kept, indent=2, ensure_ascii=False) + "\n", "utf-8")
            place.figures(folder, found)
            (folder / "README.md").write_text(rl_card.model_card(self.recipe, self.path, found), "utf-8")
