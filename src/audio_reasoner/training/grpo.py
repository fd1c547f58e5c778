"""Reinforcement learning on a trained model: draw chains, reward them, push towards what was better than its group.

Decision: a small loop of our own, for models that fit one device, so that what happens can be read in three files
(`rl_recipe`, `policy`, this one); an 8-billion-weight model goes to ms-swift or TRL with the same rewards
(docs/rewards.md). A training is a function of (recipe, model, data set, number of threads): questions and chains come
from seeds that name the step, so a checkpoint needs no random state, and N steps + kill + resume equals an
uninterrupted run. Held-out questions are answered greedily before the first step and after the last, because a reward
that rises says nothing about them.
"""

from __future__ import annotations

import contextlib
import copy
import json
import math
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audio_reasoner.core import ids
from audio_reasoner.core.choices import render_question
from audio_reasoner.core.errors import AudioReasonerError, ConfigError, InputError
from audio_reasoner.core.records import Clip, Question
from audio_reasoner.core.run import RunDir, storage_problem
from audio_reasoner.dataset import Row
from audio_reasoner.dataset.store import dataset_sha256
from audio_reasoner.models import qwen2_audio
from audio_reasoner.models.features import audio_tokens_of
from audio_reasoner.training import checkpoint, data, lora, metrics, page, rewards, rl_card
from audio_reasoner.training.place import together
from audio_reasoner.training.policy import Asked, Drawn, advantages, draw, likelihood, push
from audio_reasoner.training.progress import Interrupt
from audio_reasoner.training.recipe import ModelPart
from audio_reasoner.training.rl_recipe import RlRecipe

if TYPE_CHECKING:
    import torch

LOG_NAME = "train_log.jsonl"
METRICS_NAME = "metrics.json"
RECIPE_NAME = "rl_recipe.yaml"
SAVING_NAME = ".saving"
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
    _check_out(folder, Path(model), resume, overwrite)
    job = _Job(recipe, runs, str(model), folder, watch)
    job.prepare(resume and (folder / checkpoint.NAME).exists())
    return job.run()


def _check_out(out: Path, model: Path, resume: bool, overwrite: bool) -> None:
    if out.exists() and model.exists() and out.resolve() == model.resolve():
        raise ConfigError(
            f"{out} is the model to begin with; the new one needs a directory of its own.", code="training.out_taken"
        )
    if out.is_file():
        raise ConfigError(f"{out} is a file; a model is written as a directory.", code="training.out_taken")
    found = {p.name for p in out.iterdir()} if out.is_dir() else set()
    ours = found & {checkpoint.NAME, LOG_NAME, RECIPE_NAME}
    if found and not (resume and RECIPE_NAME in found):
        if not ours or not overwrite:
            raise ConfigError(
                f"{out} already holds {'a training' if ours else 'other things'}.",
                code="training.out_taken",
                hint="Go on with --resume, replace it with --overwrite, or name another directory."
                if ours
                else "Name a new or empty directory.",
            )
        # What is shown of a training must not be that of the one before.
        for old in (checkpoint.NAME, METRICS_NAME, page.PAGE_NAME):
            (out / old).unlink(missing_ok=True)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise storage_problem(error, out) from error


@dataclass
class _Sums:
    """What one update did."""

    loss: float = 0.0
    kl: float = 0.0
    clipped: int = 0
    apart: float = 0.0
    """Summed distance between the sampler's log probabilities and the forward pass's."""


class _Job:
    """One training, from reading the data to the saved model."""

    def __init__(self, recipe: RlRecipe, runs: list[RunDir], model: str, out: Path, watch: Watcher) -> None:
        self.recipe, self.runs, self.path, self.out, self.watch = recipe, runs, model, out, watch
        self.step, self.elapsed = 0, 0.0
        self.before: dict[str, Any] = {}

    # ------------------------------------------------------------------------------------------------- preparation

    def prepare(self, resume: bool) -> None:
        """Load the model, read the questions, listen to the clips, restore the checkpoint."""
        import torch

        from audio_reasoner.inference import Reasoner

        recipe = self.recipe
        torch.set_num_threads(recipe.threads or int(os.environ.get("OMP_NUM_THREADS", 0)) or torch.get_num_threads())
        for run in self.runs:
            self.watch(RlProgress("reading", note=f"reading {run.dataset_dir}"))
        self.rows = {r.sample_id: r for r in self._rows()}
        self.order = sorted(self.rows)
        self.digest = {
            "recipe": ids.digest({"recipe": recipe.model_dump(mode="json", exclude=FREE_TO_CHANGE)}).hex(),
            "data": together([dataset_sha256(run.dataset_dir) for run in self.runs]),
        }
        self.reasoner = Reasoner.from_pretrained(self.path, qwen2_audio.pick_device(recipe.device), "float32")
        self.model, tokenizer = self.reasoner.model, self.reasoner.processor.tokenizer
        self.digest["model"] = rl_card.weights_digest(self.model)
        end = self.reasoner.format.end_id
        self.stop = frozenset(i for i in (end, tokenizer.eos_token_id, tokenizer.pad_token_id) if i is not None)
        self.pad = end if tokenizer.pad_token_id is None else int(tokenizer.pad_token_id)
        # One reference for all steps; dropout, if the model has any, stays off, or the policy would not be what it was
        # when its chains were drawn.
        self.reference = copy.deepcopy(self.model).requires_grad_(False) if recipe.beta else None
        lora.prepare(self.model, ModelPart(path=self.path, train=recipe.train), recipe.seed)
        self.trained = [p for p in self.model.parameters() if p.requires_grad]
        self.optimiser = torch.optim.AdamW(
            self.trained, lr=recipe.learning_rate, betas=recipe.betas, weight_decay=recipe.weight_decay
        )
        # Only what will be asked: a large run's sounds would take longer than the steps.
        coming = [r for step in range(recipe.steps) for r in self._questions(step)]
        clips = {r.clip_id: self.clips[r.clip_id] for r in coming}
        self.hearing = data.Hearing(clips, recipe.ram_gb, recipe.workers)
        self.hearing.prepare(lambda done, total: self.watch(RlProgress("listening", done, total)))
        if not self.hearing.frames:
            raise InputError("no clip of the questions can be heard.", code="rl.no_questions")
        saved = checkpoint.load(self.out) if resume else None
        if saved is not None:
            self._restore(saved)
        else:
            self._write(RECIPE_NAME, rl_card.recipe_yaml(recipe))
            self._write(LOG_NAME, "")

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
        held = {r.group for r in rows if data.is_held_out(r.group, recipe.held_out)}
        self.held_rows = [r for r in rows if r.group in held]
        asked = [r for r in rows if r.group not in held]
        if not asked:
            raise InputError("there is no question to learn from.", code="rl.no_questions")
        return asked

    def _restore(self, saved: dict[str, Any]) -> None:
        for what, now in self.digest.items():
            if saved["digest"].get(what) != now:
                raise ConfigError(
                    f"{self.out / checkpoint.NAME} belongs to another {what}; going on would mix two trainings.",
                    code="checkpoint.other_run",
                    hint=f"Use the {what} that it was started with, or start anew with --overwrite.",
                )
        lora.restore(self.model, saved["model"])
        self.optimiser.load_state_dict(saved["optimiser"])
        self.step, self.elapsed, self.before = saved["step"], saved["elapsed"], json.loads(saved["before"])
        log = self.out / LOG_NAME
        if log.is_file():
            os.truncate(log, min(saved["log_bytes"], log.stat().st_size))

    def _save_checkpoint(self) -> None:
        checkpoint.save(
            self.out,
            {
                "digest": self.digest,
                "model": lora.learned_state(self.model),
                "optimiser": self.optimiser.state_dict(),
                "step": self.step,
                "elapsed": self.elapsed,
                "before": json.dumps(self.before),
                "log_bytes": (self.out / LOG_NAME).stat().st_size,
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
                line = self._step()
                self.elapsed = time.perf_counter() - began
                self._log({"kind": "rl", "seconds": round(self.elapsed, 2), **line})
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
        for place in range(step * count, (step + 1) * count):
            number, at = divmod(place, len(self.order))
            out.append(self.rows[self._round(number)[at]])
        return out

    def _round(self, number: int) -> list[str]:
        if getattr(self, "_known_round", None) != number:
            seed = self.recipe.seed
            self._known_round = number
            self._shuffled = sorted(self.order, key=lambda name: ids.derive_seed(seed, "round", number, name))
        return self._shuffled

    def _asked(self, row: Row) -> Asked | None:
        """A row as the model reads it; None if its clip cannot be heard or its text holds a control token."""
        from audio_reasoner.inference.generate import Heard

        frames = self.hearing.frames.get(row.clip_id)
        if frames is None:
            return None
        try:
            prompt = self.reasoner.format.prompt(render_question(row.question, row.options), audio_tokens_of(frames))
        except InputError:
            return None
        return Asked(row.sample_id, tuple(prompt), Heard(self.hearing.mel(row.clip_id), frames))

    def _step(self) -> dict[str, Any]:
        """One step. Returns its line of the log."""
        import torch

        recipe = self.recipe
        planned = self._questions(self.step)
        ready = [(r, a) for r in planned if (a := self._asked(r)) is not None]
        if not ready:
            raise InputError(f"no question of step {self.step + 1} can be asked.", code="rl.no_questions")
        rows, asked = [r for r, _ in ready], [a for _, a in ready]
        began = time.perf_counter()
        drawn: list[list[Drawn]] = []
        at_once = max(1, recipe.rows // recipe.chains)
        for start in range(0, len(asked), at_once):
            drawn += draw(
                self.model,
                self.reasoner.processor.tokenizer,
                asked[start : start + at_once],
                recipe.chains,
                temperature=recipe.temperature,
                max_new_tokens=recipe.max_new_tokens,
                stop_ids=self.stop,
                pad_id=self.pad,
                seed=ids.derive_seed(recipe.seed, "step", self.step),
            )
        sampling = time.perf_counter() - began
        judged = [[self._judge(chain, row) for chain in group] for group, row in zip(drawn, rows, strict=True)]
        earned = [[rewards.combined(parts, recipe.rewards) for parts in group] for group in judged]
        worth = [advantages(group, recipe.divide_by_spread) for group in earned]
        tokens = sum(len(c.ids) for group in drawn for c in group)
        olds: list[torch.Tensor | None] = [None] * len(asked)
        sums, norm = _Sums(), 0.0
        rate = self._rate()
        for _ in range(recipe.updates):
            sums = self._update(asked, drawn, worth, olds, tokens, sums.apart)
            norm = float(torch.nn.utils.clip_grad_norm_(self.trained, recipe.gradient_clip))
            if not math.isfinite(norm) or not math.isfinite(sums.loss):
                raise InputError(
                    f"the gradient is {norm} at step {self.step + 1}.",
                    code="rl.diverged",
                    hint="Lower learning_rate or raise beta; --resume goes on from the last checkpoint.",
                )
            for group in self.optimiser.param_groups:
                group["lr"] = rate
            self.optimiser.step()
            self.optimiser.zero_grad(set_to_none=True)
        self.step += 1
        everything = [parts for group in judged for parts in group]
        flat = [r for group in earned for r in group]
        chains = [c for group in drawn for c in group]
        return {
            "step": self.step,
            "reward": round(sum(flat) / len(flat), 5),
            "parts": {k: round(sum(p[k] for p in everything) / len(everything), 5) for k in everything[0]},
            "left_out": len(planned) - len(rows),
            "even_groups": round(sum(not any(w) for w in worth) / len(worth), 4),
            "tokens_per_chain": round(tokens / len(chains), 2),
            "ended": round(sum(c.ended for c in chains) / len(chains), 4),
            "loss": round(sums.loss / tokens, 6),
            "kl": round(sums.kl / tokens, 6),
            "clipped": round(sums.clipped / tokens, 5),
            "gradient": round(norm, 5),
            "sampler_apart": round(sums.apart / tokens, 9),
            "learning_rate": rate,
            "sampling_seconds": round(sampling, 3),
            "tokens_per_second": round(tokens / max(sampling, 1e-9), 1),
        }

    def _update(
        self,
        asked: Sequence[Asked],
        drawn: Sequence[Sequence[Drawn]],
        worth: Sequence[Sequence[float]],
        olds: list[torch.Tensor | None],
        tokens: int,
        apart: float,
    ) -> _Sums:
        """Gradients of one update over all chains of the step, one question at a time."""
        import torch

        recipe, sums = self.recipe, _Sums(apart=apart)
        for number, (question, group, values) in enumerate(zip(asked, drawn, worth, strict=True)):
            chains = [c.ids for c in group]
            now = likelihood(self.model, question, chains, recipe.temperature, self.pad)
            old = olds[number]
            if old is None:
                old = olds[number] = now.policy.detach()
                sampled = torch.cat([torch.tensor(c.logprobs) for c in group]).to(now.plain.device)
                sums.apart += float((now.plain[now.mask] - sampled).abs().sum())
            reference = None
            if self.reference is not None:
                with torch.no_grad():
                    reference = likelihood(self.reference, question, chains, recipe.temperature, self.pad).policy
            done = push(
                now.policy,
                old,
                reference,
                torch.tensor(values, device=old.device),
                now.mask,
                clip=recipe.clip,
                beta=recipe.beta,
            )
            (done.loss / tokens).backward()  # type: ignore[no-untyped-call]
            sums.loss += float(done.loss.detach())
            sums.kl += done.kl
            sums.clipped += done.clipped
        return sums

    def _rate(self) -> float:
        recipe = self.recipe
        warm = min(1.0, (self.step + 1) / max(1, recipe.warmup_steps))
        cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, self.step / recipe.steps)))
        return recipe.learning_rate * warm * (recipe.final_share + (1 - recipe.final_share) * cosine)

    def _judge(self, chain: Drawn, row: Row) -> dict[str, float]:
        """The rewards of one chain, by name."""
        recipe = self.recipe
        found = rewards.parts(
            chain.text, row.gold_text, row.options, target=recipe.length.target, most=recipe.length.most
        )
        if recipe.rewards.get("claims", 0.0) > 0:
            question = Question(
                task=row.task,
                family=row.family,
                text=row.question,
                options=row.options,
                gold_text=row.gold_text,
                gold_index=row.gold_index,
                difficulty=row.difficulty,
            )
            found["claims"] = rewards.claims_reward(chain.text, self.clips[row.clip_id], question)
        return found

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
        self._log({"kind": "eval", "step": self.step, "seconds_trained": round(self.elapsed, 2), **found})
        self.watch(RlProgress(phase, self.step, self.recipe.steps, evaluation=found))
        return found

    def _can_be_heard(self, row: Row) -> bool:
        known: dict[str, bool] = self.__dict__.setdefault("_heard_well", {})
        if row.clip_id not in known:
            known[row.clip_id] = data.hear(self.clips[row.clip_id]).mel is not None
        return known[row.clip_id]

    def _metrics(self, after: dict[str, Any]) -> dict[str, Any]:
        return {
            "parameters": qwen2_audio.parameter_count(self.model),
            "trained_parameters": sum(p.numel() for p in self.trained),
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

    def _log(self, line: dict[str, Any]) -> None:
        with _disk(self.out / LOG_NAME) as path, path.open("a", encoding="utf-8") as f:
            f.write(json.dumps(line, ensure_ascii=False) + "\n")

    def _write(self, name: str, text: str) -> None:
        with _disk(self.out / name) as path:
            path.write_text(text, encoding="utf-8")

    def _save_model(self, found: dict[str, Any]) -> None:
        """Write the model beside and move it in place file by file, the weights last."""
        import transformers

        from audio_reasoner.inference import SETTINGS_NAME

        transformers.utils.logging.disable_progress_bar()
        place = self.out / SAVING_NAME
        settings = qwen2_audio.resolve(self.path) / SETTINGS_NAME
        try:
            with _disk(place):
                shutil.rmtree(place, ignore_errors=True)
                place.mkdir()
                self.model.save_pretrained(str(place), safe_serialization=True)
                self.reasoner.processor.save_pretrained(str(place))
                if settings.is_file():
                    shutil.copyfile(settings, place / SETTINGS_NAME)
                (place / METRICS_NAME).write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", "utf-8")
                (place / "README.md").write_text(rl_card.model_card(self.recipe, self.path, found), "utf-8")
                for file in sorted(place.iterdir(), key=lambda p: p.suffix == ".safetensors"):
                    file.replace(self.out / file.name)
                place.rmdir()
        except AudioReasonerError:
            shutil.rmtree(place, ignore_errors=True)
            raise


@contextlib.contextmanager
def _disk(path: Path) -> Iterator[Path]:
    try:
        yield path
    except OSError as error:
        raise storage_problem(error, path) from error
