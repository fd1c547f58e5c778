"""Supervised fine-tuning: teach a model to answer with chains (paper, equation 6).

Decision: our own loop. transformers' Trainer multiplies this model's loss by the accumulation steps
(huggingface/transformers #47688) and pads each clip to 30 seconds; what is left of it is a page. The loss of a step
is the summed cross entropy over the answers' tokens divided by their number in the *whole* step, so splitting a step
to save memory changes nothing.

A training is a function of (recipe, data set, number of threads and processes): the order of samples and every random
number come from hashes, weights and optimiser stand in the checkpoint, and N steps + kill + resume equals an
uninterrupted run. Only a budget in minutes makes the schedule depend on the machine's speed.

Several processes take the same way side by side (`distributed.World`): what is written is written by the first, what is
decided by a clock is decided by the first, and whatever all must do together stands outside of any condition that could
differ between them.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from audio_reasoner.core import ids
from audio_reasoner.core.errors import ConfigError, InputError
from audio_reasoner.core.run import RunDir
from audio_reasoner.dataset import Row
from audio_reasoner.models import nano, qwen2_audio
from audio_reasoner.models.chat import ChatFormat
from audio_reasoner.models.machine import bfloat16_in_hardware, threads_asked
from audio_reasoner.training import card, checkpoint, data, lora, metrics, page, place
from audio_reasoner.training.collate import Unit
from audio_reasoner.training.distributed import World, assemble
from audio_reasoner.training.progress import Interrupt, Progress, State, TrainResult, Watcher, Window, padding
from audio_reasoner.training.recipe import Recipe
from audio_reasoner.training.stepper import Stepper, rate_at

LEFT_OUT_NAME = "left_out.jsonl"
LOG_EVERY_S = 5.0
FREE_TO_CHANGE = {"budget", "watch", "threads", "device", "memory"}


def train(
    recipe: Recipe,
    data_run: Path | str | Sequence[Path | str],
    out: Path | str,
    *,
    resume: bool = False,
    overwrite: bool = False,
    watch: Watcher = lambda _: None,
) -> TrainResult:
    """Train a model on a run's data set and write it as a Hugging Face model directory.

    Args:
        recipe: what to train and how.
        data_run: a run directory, or several whose data sets are learned together. If one has clips but no data set,
            the data set is built first with `recipe.build`.
        out: the model directory to write; it also gets train_log.jsonl, metrics.json, recipe.yaml and a card.
        resume: go on from OUT/checkpoint.pt; if there is none yet, start, saying so. The budget may have changed.
        overwrite: replace a model that is already there.
        watch: told the progress.

    Returns:
        The result; after a Ctrl-C with `interrupted` set, the checkpoint written and no metrics.

    Raises:
        ConfigError: OUT is taken; the checkpoint belongs to another recipe or data set.
        InputError: no usable samples, or a model path that cannot be loaded.
        EnvironmentProblem: the disk is full (the previous checkpoint stays), or the device does not exist.
    """
    given = [data_run] if isinstance(data_run, str | Path) else list(data_run)
    if not given:
        raise ConfigError("no run to train on was given.", code="training.no_data")
    runs, folder = [RunDir.open(run) for run in given], Path(out)
    world = World(recipe.device)
    try:
        say: Watcher = watch if world.first else _silent
        resume = world.once(lambda: _begin(recipe, runs, folder, resume, overwrite, say))
        job = _Job(recipe, runs, folder, world, say)
        job.prepare(resume)
        return job.run()
    finally:
        world.close()


def _begin(recipe: Recipe, runs: list[RunDir], out: Path, resume: bool, overwrite: bool, watch: Watcher) -> bool:
    """Check the place and make the data sets that are missing; returns whether there is something to go on from."""
    place.check_out(out, place.RECIPE_NAME, resume, overwrite, recipe.model.path)
    if resume and not (out / checkpoint.NAME).exists():
        watch(Progress("reading", note=f"{out} holds no checkpoint yet: starting from the beginning"))
        resume = False
    for run in runs:
        data.ensure_dataset(run, recipe, watch)
    return resume


class _Job:
    """One training, from reading the data to the saved model."""

    def __init__(self, recipe: Recipe, runs: list[RunDir], out: Path, world: World, watch: Watcher) -> None:
        self.recipe, self.runs, self.out, self.world, self.watch = recipe, runs, out, world, watch
        self.state = State()
        self.interrupt = Interrupt()

    # ------------------------------------------------------------------------------------------------- preparation

    def prepare(self, resume: bool) -> None:
        """Read the data, listen to every clip, make or load the model, and restore the checkpoint."""
        import torch

        recipe = self.recipe
        torch.set_num_threads(recipe.threads or threads_asked() or torch.get_num_threads())
        self.device = self.world.device
        for run in self.runs:
            self.watch(Progress("reading", note=f"reading {run.dataset_dir}"))
        samples = data.joined([data.read_samples(run.path, run.dataset_dir) for run in self.runs])
        self.clips = samples.clips
        held = data.held_out(samples, recipe.data.held_out)
        seen = {c: rows for c, rows in samples.rows.items() if c not in held}
        self.held_rows: list[Row] = [r for c, rows in samples.rows.items() if c in held for r in rows]
        if not seen:
            raise InputError(
                "every sample is held out; nothing is left to train on.",
                code="training.no_samples",
                hint="Nothing is learned from clips whose labels put them into another split than train.",
            )
        self.digest = {
            # What only decides when to stop or look may change between two parts of a training.
            "recipe": ids.digest({"recipe": recipe.model_dump(mode="json", exclude=FREE_TO_CHANGE)}).hex(),
            "data": data.digest(self.runs),
        }
        self.digest |= lora.base_digest(recipe.model)
        saved = checkpoint.load(self.out) if resume else None
        if saved is not None:
            other = card.differing(self.out / place.RECIPE_NAME, recipe, FREE_TO_CHANGE)
            place.check_same(self.out, saved["digest"], self.digest, other)
        auto = recipe.precision == "auto"
        self.bf16 = recipe.precision == "bfloat16" or (auto and bfloat16_in_hardware(self.device))
        self.hearing = data.Hearing({c: samples.clips[c] for c in seen}, recipe.data.ram_gb, self._workers())
        if self.world.sharded:
            # A process holds the whole model until it is divided: one after the other.
            self.world.in_turns(lambda: self._model(seen))
        else:
            self._model(seen)
        self.hearing.prepare(
            lambda done, total: self.watch(Progress("listening", done, total)), self.world.rank, self.world.size
        )
        self.hearing.merge(self.world.gather((self.hearing.frames, self.hearing.failed)))
        fmt = ChatFormat(self.processor, recipe.model.system)
        self.units, self.left = data.encode_units(
            data.Samples(seen, samples.clips),
            self.hearing.frames,
            self.hearing.failed,
            fmt,
            recipe.data.max_tokens,
            recipe.data.learn,
            recipe.data.open_share,
        )
        if not self.units:
            raise InputError(
                f"none of the {sum(map(len, seen.values()))} samples can be used; the first: {self.left[0].detail}.",
                code="training.no_samples",
                hint=f"{self.out / LEFT_OUT_NAME} lists them all.",
            )
        self._write(LEFT_OUT_NAME, "".join(json.dumps(x._asdict(), ensure_ascii=False) + "\n" for x in self.left))
        self._write(place.RECIPE_NAME, card.recipe_yaml(recipe))
        if saved is not None:
            self._restore(saved)
        else:
            self._write(place.LOG_NAME, "")

    def _workers(self) -> int | None:
        """Processes that listen, of each process that trains."""
        asked = self.recipe.data.workers
        if asked is not None or self.world.size == 1:
            return asked
        return max(1, (os.cpu_count() or 1) // self.world.neighbours)

    def _model(self, seen: dict[str, list[Row]]) -> None:
        part = self.recipe.model
        if part.nano is not None:
            self.watch(Progress("reading", note="learning a tokenizer from the training text"))
            texts = list(data.training_texts(r for rows in seen.values() for r in rows))
            self.model, self.processor = nano.create(part.nano, texts, ids.derive_seed(self.recipe.seed, "weights"))
        else:
            assert part.path is not None
            dtype = lora.base_dtype(part, self.bf16)
            device = "cpu" if self.world.sharded else self.device
            self.model, self.processor = qwen2_audio.load(part.path, device, dtype)
        lora.prepare(self.model, part, self.recipe.seed)
        if not self.world.sharded:
            self.model.to(self.device)
        pad = int(self.processor.tokenizer.pad_token_id or 0)
        self.stepper = Stepper(self.model, self.recipe, self.world, self.hearing.mel, pad, self.bf16)

    # -------------------------------------------------------------------------------------------------- checkpoints

    def _save_checkpoint(self) -> None:
        found = checkpoint.collect(self.model, self.stepper.optimiser, self.recipe.model.partial, keep=self.world.first)

        def write() -> None:
            state = {"digest": self.digest, "state": dict(self.state.__dict__), "log_bytes": place.log_bytes(self.out)}
            checkpoint.save(self.out, {**state, **found})

        self.world.once(write)

    def _restore(self, saved: dict[str, Any]) -> None:
        checkpoint.put_back(saved, self.model, self.stepper.optimiser, self.recipe.model.partial)
        self.state = State(**saved["state"])
        if self.world.first:
            place.cut_log(self.out, saved["log_bytes"])

    # ------------------------------------------------------------------------------------------------------ training

    def run(self) -> TrainResult:
        """Train until the budget is used, evaluate, save."""
        self._began = time.perf_counter() - self.state.elapsed
        with self.interrupt.listening():
            stopped = self._loop()
            if not stopped:
                self.watch(Progress("saving"))
            self._save_checkpoint()
            if stopped:
                return self._result(interrupted=True)
            found = self._evaluate(self.recipe.watch.final_samples, "evaluating")
            if self._stop():
                return self._result(interrupted=True)
            result = self._result(interrupted=False)
            result.metrics = self._metrics(found)
            self._save_model(result.metrics)
            self._draw("saving")
        return result

    def _result(self, interrupted: bool) -> TrainResult:
        s = self.state
        codes = dict(Counter(x.code for x in self.left).most_common())
        return TrainResult(
            self.out,
            s.step,
            s.samples,
            s.tokens,
            s.elapsed / 60,
            len(self.left),
            interrupted,
            left_out_codes=codes,
        )

    def _stop(self) -> bool:
        """Whether somebody asked any of the processes to stop."""
        return bool(self.world.most([float(self.interrupt.asked())])[0])

    def _tick(self) -> bool:
        """`_stop`, and the first process's clock for all."""
        now = time.perf_counter() - self._began if self.world.first else 0.0
        asked, self.state.elapsed = self.world.most([float(self.interrupt.asked()), now])
        return bool(asked)

    def _total_steps(self) -> int | None:
        """Steps of the budget; None for one in minutes.

        Where the shortest clips come first, the first epoch may have a step less than others. Epochs are counted as so
        many first ones, also by a training that goes on in a later one.
        """
        budget = self.recipe.budget
        if budget.epochs is None:
            return budget.steps
        return max(1, round(budget.epochs * len(self._plan_epoch(0))))

    def _loop(self) -> bool:
        """Take steps until the budget is used; returns whether somebody asked to stop before."""
        state, watch = self.state, self.recipe.watch
        plan = self._plan_epoch()
        total = self._total_steps()
        seconds = None if self.recipe.budget.minutes is None else self.recipe.budget.minutes * 60
        self.model.train()
        next_eval = state.elapsed + watch.eval_every_minutes * 60
        next_save = state.elapsed + watch.checkpoint_every_minutes * 60
        window = Window()
        stop = self._tick()
        while not stop:
            share = state.step / total if total is not None else state.elapsed / (seconds or 1.0)
            if share >= 1.0:
                break
            if state.place >= len(plan):
                state.epoch, state.place = state.epoch + 1, 0
                plan = self._plan_epoch()
            rate = rate_at(self.recipe.optimiser, state.step, share)
            done = self.stepper.step(plan[state.place], rate, state.step)
            state.place += 1
            state.step += 1
            state.add(done.sizes)
            window.add(done)
            stop = self._tick()
            last = total is not None and state.step == total
            if self.world.first and (window.due(LOG_EVERY_S) or last):
                self._report(window, rate, len(plan), total, seconds)
                window = Window()
            asked = watch.eval_every_steps is not None and state.step % watch.eval_every_steps == 0
            if (asked or state.elapsed >= next_eval) and watch.eval_samples and not last:
                self._evaluate(watch.eval_samples, "training")
                self.model.train()
                stop = self._tick()
                next_eval = state.elapsed + watch.eval_every_minutes * 60
                window = Window()
            every = watch.checkpoint_every_steps
            if state.elapsed >= next_save or (every is not None and state.step % every == 0):
                self._save_checkpoint()
                stop = self._tick()
                next_save = state.elapsed + watch.checkpoint_every_minutes * 60
        return stop

    def _plan_epoch(self, epoch: int | None = None) -> list[list[Unit]]:
        batch = self.recipe.batch
        return data.plan_epoch(
            self.units,
            self.state.epoch if epoch is None else epoch,
            self.recipe.seed,
            batch.samples,
            self.recipe.data.short_first,
            batch.questions_per_clip,
            batch.group_by_length,
        )

    # ------------------------------------------------------------------------------------------------------- reports

    def _report(self, window: Window, rate: float, per_epoch: int, total: int | None, seconds: float | None) -> None:
        state = self.state
        figures = window.figures()
        if total is not None:
            left = (total - state.step) / max(window.steps_per_second(), 1e-9)
            done, of = float(state.step), float(total)
        else:
            of = seconds or 0.0
            left, done = max(0.0, of - state.elapsed), state.elapsed
        epoch = round(state.epoch + state.place / per_epoch, 4)
        place.log(
            self.out,
            {
                "kind": "train",
                "step": state.step,
                "epoch": epoch,
                "seconds": round(state.elapsed, 2),
                "seconds_left": round(left, 1),
                "samples": state.samples,
                "learning_rate": rate,
                **figures,
            },
        )
        self.watch(
            Progress(
                "training",
                done,
                of,
                step=state.step,
                epoch=epoch,
                loss=figures["loss"],
                token_accuracy=figures["token_accuracy"],
                samples_per_second=figures["samples_per_second"],
                tokens_per_second=figures["tokens_per_second"],
                padding_share=figures["padding_share"],
                seconds_left=left,
            )
        )

    def _evaluate(self, n: int, phase: str) -> dict[str, Any]:
        """Answer held-out samples, each process its part of them, with a whole model also where weights are divided."""
        import torch

        from audio_reasoner.inference import Reasoner

        if not n or not self.held_rows:
            return {}
        model = self.model
        if self.stepper.outline is not None:
            dtype = torch.bfloat16 if self.bf16 and self.device != "cpu" else None
            model = assemble(self.model, self.stepper.outline, self.device, dtype)
        model.eval()
        found = metrics.evaluate(
            Reasoner(model, self.processor, self.recipe.model.system),
            self.held_rows,
            self.clips,
            n,
            self.recipe.watch.max_new_tokens,
            (lambda done, total: self.watch(Progress(phase, done, total))) if phase == "evaluating" else _ignore,
            self.world,
        )
        if unheard := found.get("unheard"):
            self.watch(Progress(phase, note=f"{unheard} held-out samples were not asked: their clips cannot be heard"))
        if self.world.first:
            line = {"kind": "eval", "step": self.state.step, "seconds_trained": round(self.state.elapsed, 2), **found}
            place.log(self.out, line)
            self._draw(phase)
        self.watch(Progress(phase, step=self.state.step, evaluation=found))
        return found

    def _draw(self, phase: str) -> None:
        """Draw the page of the training so far. One that cannot be drawn is told of and ends nothing."""
        if self.world.first and (note := page.redraw(self.out)):
            self.watch(Progress(phase, note=note))

    def _metrics(self, held_out: dict[str, Any]) -> dict[str, Any]:
        s = self.state
        return {
            "parameters": qwen2_audio.parameter_count(self.model),
            "trained_parameters": sum(p.numel() for p in self.model.parameters() if p.requires_grad),
            "steps": s.step,
            "epochs": round(s.samples / sum(len(u.samples) for u in self.units), 3),
            "minutes": round(s.elapsed / 60, 3),
            "samples_seen": s.samples,
            "tokens_seen": s.tokens,
            "answer_tokens_seen": s.targets,
            "tokens_per_second": round(s.tokens / max(s.elapsed, 1e-9), 1),
            "samples_per_second": round(s.samples / max(s.elapsed, 1e-9), 2),
            "training_samples": sum(len(u.samples) for u in self.units),
            "training_clips": len(self.units),
            "left_out": len(self.left),
            "left_out_codes": dict(Counter(x.code for x in self.left).most_common()),
            **padding(s),
            "packing": bool(self.stepper.packing),
            "processes": self.world.size,
            "divided_weights": self.world.sharded,
            "precision": "bfloat16" if self.bf16 else "float32",
            "data": self.digest["data"],
            "held_out": held_out,
        }

    def _write(self, name: str, text: str) -> None:
        if self.world.first:
            place.write(self.out / name, text)

    def _save_model(self, found: dict[str, Any]) -> None:
        model = self.model
        if self.stepper.outline is not None:
            model = assemble(self.model, self.stepper.outline, "cpu", None, wanted=self.world.first)
        self.world.once(lambda: self._write_model(model, found))

    def _write_model(self, model: Any, found: dict[str, Any]) -> None:
        import transformers

        from audio_reasoner.inference import SETTINGS_NAME

        transformers.utils.logging.disable_progress_bar()
        settings = {"system": self.recipe.model.system, "style": self.recipe.build.style}
        settings |= lora.settings(self.recipe.model)
        with place.saving(self.out) as folder:
            lora.save_model(model, self.recipe.model, folder)
            self.processor.save_pretrained(str(folder))
            (folder / SETTINGS_NAME).write_text(json.dumps(settings, indent=2, ensure_ascii=False) + "\n", "utf-8")
            place.figures(folder, found)
            (folder / "README.md").write_text(card.model_card(self.recipe, self.runs, found), "utf-8")


def _ignore(_done: int, _total: int) -> None:
    return


def _silent(_: Progress) -> None:
    return
