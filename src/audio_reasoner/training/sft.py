"""Supervised fine-tuning: teach a model to answer with chains (paper, equation 6).

Decision: our own loop. transformers' Trainer multiplies this model's loss by the accumulation steps
(huggingface/transformers #47688) and pads each clip to 30 seconds; what is left of it is a page. The loss of a step
is the summed cross entropy over the answers' tokens divided by their number in the *whole* step, so splitting a step
to save memory changes nothing.

A training is a function of (recipe, data set, number of threads): the order of samples comes from hashes, the state of
optimiser and random numbers stands in the checkpoint, and N steps + kill + resume equals an uninterrupted run. Only a
budget in minutes makes the schedule depend on the machine's speed.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from audio_reasoner.core import ids
from audio_reasoner.core.errors import ConfigError, InputError
from audio_reasoner.core.run import RunDir, storage_problem
from audio_reasoner.dataset import Row
from audio_reasoner.dataset.store import dataset_sha256
from audio_reasoner.models import nano, qwen2_audio
from audio_reasoner.models.chat import ChatFormat
from audio_reasoner.training import card, checkpoint, data, lora, metrics
from audio_reasoner.training.collate import Unit, collate, summed_loss
from audio_reasoner.training.recipe import Recipe

LOG_NAME = "train_log.jsonl"
METRICS_NAME = "metrics.json"
RECIPE_NAME = "recipe.yaml"
LEFT_OUT_NAME = "left_out.jsonl"
SAVING_NAME = ".saving"
LOG_EVERY_S = 5.0
FREE_TO_CHANGE = {"budget", "watch", "threads", "device"}


@dataclass(frozen=True)
class Progress:
    """Where a training is. `done` of `total` counts what the phase counts (clips, steps, seconds of the budget)."""

    phase: str
    done: float = 0.0
    total: float = 0.0
    step: int = 0
    epoch: float = 0.0
    loss: float | None = None
    token_accuracy: float | None = None
    samples_per_second: float = 0.0
    tokens_per_second: float = 0.0
    seconds_left: float | None = None
    evaluation: dict[str, Any] | None = None
    note: str = ""


Watcher = Callable[[Progress], None]


@dataclass
class TrainResult:
    """How a training ended."""

    out: Path
    steps: int
    samples: int
    tokens: int
    minutes: float
    left_out: int
    interrupted: bool
    metrics: dict[str, Any] = field(default_factory=dict)


@dataclass
class _State:
    """What changes while training and goes into the checkpoint besides weights and optimiser."""

    step: int = 0
    epoch: int = 0
    place: int = 0
    elapsed: float = 0.0
    samples: int = 0
    tokens: int = 0
    targets: int = 0


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
    _check_out(folder, resume, overwrite)
    if resume and not (folder / checkpoint.NAME).exists():
        watch(Progress("reading", note=f"{folder} holds no checkpoint yet: starting from the beginning"))
        resume = False
    for run in runs:
        _ensure_dataset(run, recipe, watch)
    job = _Job(recipe, runs, folder, watch)
    job.prepare(resume)
    return job.run()


def _check_out(out: Path, resume: bool, overwrite: bool) -> None:
    ours = {checkpoint.NAME, LOG_NAME, RECIPE_NAME}
    if out.is_file():
        raise ConfigError(f"{out} is a file; a model is written as a directory.", code="training.out_taken")
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
        (out / checkpoint.NAME).unlink(missing_ok=True)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise storage_problem(error, out) from error


def _ensure_dataset(run: RunDir, recipe: Recipe, watch: Watcher) -> None:
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


def _together(digests: list[str]) -> str:
    """One digest of several data sets, in any order; that of a single one is its own."""
    return digests[0] if len(digests) == 1 else ids.digest({"data": sorted(digests)}).hex()


class _Interrupt:
    """Turns the first Ctrl-C into a flag, so that the step in progress is saved; the second one ends at once."""

    def __init__(self) -> None:
        self._asked = False

    def asked(self) -> bool:
        """Whether Ctrl-C was pressed."""
        return self._asked

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def note(_number: int, _frame: Any) -> None:
            self._asked = True
            signal.signal(signal.SIGINT, before)

        before = signal.signal(signal.SIGINT, note)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)


class _Job:
    """One training, from reading the data to the saved model."""

    def __init__(self, recipe: Recipe, runs: list[RunDir], out: Path, watch: Watcher) -> None:
        self.recipe, self.runs, self.out, self.watch = recipe, runs, out, watch
        self.state = _State()

    # ------------------------------------------------------------------------------------------------- preparation

    def prepare(self, resume: bool) -> None:
        """Read the data, listen to every clip, make or load the model, and restore the checkpoint."""
        import torch

        recipe = self.recipe
        torch.set_num_threads(recipe.threads or int(os.environ.get("OMP_NUM_THREADS", 0)) or torch.get_num_threads())
        self.device = qwen2_audio.pick_device(recipe.device)
        for run in self.runs:
            self.watch(Progress("reading", note=f"reading {run.dataset_dir}"))
        samples = data.joined([data.read_samples(run.path, run.dataset_dir) for run in self.runs])
        self.clips = samples.clips
        held = {g for g in {c.group for c in samples.clips.values()} if data.is_held_out(g, recipe.data.held_out)}
        seen = {c: rows for c, rows in samples.rows.items() if samples.clips[c].group not in held}
        self.held_rows: list[Row] = [r for c, rows in samples.rows.items() if c not in seen for r in rows]
        if not seen:
            raise InputError("every sample is held out; nothing is left to train on.", code="training.no_samples")
        self.digest = {
            # What only decides when to stop or look may change between two parts of a training.
            "recipe": ids.digest({"recipe": recipe.model_dump(mode="json", exclude=FREE_TO_CHANGE)}).hex(),
            "data": _together([dataset_sha256(run.dataset_dir) for run in self.runs]),
        }
        self.digest |= lora.base_digest(recipe.model)
        saved = checkpoint.load(self.out) if resume else None
        if saved is not None:
            for what, now in self.digest.items():
                if saved["digest"].get(what) != now:
                    raise ConfigError(
                        f"{self.out / checkpoint.NAME} belongs to another {what}; going on would mix two trainings.",
                        code="checkpoint.other_run",
                        hint=f"Use the {what} that it was started with, or start anew with --overwrite.",
                    )
        self.bf16 = recipe.precision == "bfloat16" or (recipe.precision == "auto" and _bf16_pays(self.device))
        self._model(seen)
        self.hearing = data.Hearing({c: samples.clips[c] for c in seen}, recipe.data.ram_gb, recipe.data.workers)
        self.hearing.prepare(lambda done, total: self.watch(Progress("listening", done, total)))
        fmt = ChatFormat(self.processor, recipe.model.system)
        self.units, self.left = data.encode_units(
            data.Samples(seen, samples.clips),
            self.hearing.frames,
            self.hearing.failed,
            fmt,
            recipe.data.max_tokens,
            recipe.data.learn,
        )
        if not self.units:
            raise InputError(
                f"none of the {sum(map(len, seen.values()))} samples can be used; the first: {self.left[0].detail}.",
                code="training.no_samples",
                hint=f"{self.out / LEFT_OUT_NAME} lists them all.",
            )
        self._write(LEFT_OUT_NAME, "".join(json.dumps(x._asdict(), ensure_ascii=False) + "\n" for x in self.left))
        self._write(RECIPE_NAME, card.recipe_yaml(recipe))
        self.by_clip = {u.clip: u for u in self.units}
        self.optimiser = self._optimiser()
        if saved is not None:
            self._restore(saved)
        else:
            torch.manual_seed(ids.derive_seed(recipe.seed, "torch"))
            self._write(LOG_NAME, "")

    def _model(self, seen: dict[str, list[Row]]) -> None:
        part = self.recipe.model
        if part.nano is not None:
            self.watch(Progress("reading", note="learning a tokenizer from the training text"))
            texts = list(data.training_texts(r for rows in seen.values() for r in rows))
            self.model, self.processor = nano.create(part.nano, texts, ids.derive_seed(self.recipe.seed, "weights"))
        else:
            assert part.path is not None
            dtype = lora.base_dtype(part, self.bf16)
            self.model, self.processor = qwen2_audio.load(part.path, self.device, dtype)
        lora.prepare(self.model, part, self.recipe.seed)
        self.model.to(self.device)

    def _optimiser(self) -> Any:
        import torch

        part = self.recipe.optimiser
        trained = [(n, p) for n, p in self.model.named_parameters() if p.requires_grad]
        # Gains, biases and embeddings have no reason to be small.
        plain = [p for n, p in trained if p.ndim < 2 or "embed_tokens" in n]
        decayed = [p for n, p in trained if not (p.ndim < 2 or "embed_tokens" in n)]
        return torch.optim.AdamW(
            [{"params": decayed, "weight_decay": part.weight_decay}, {"params": plain, "weight_decay": 0.0}],
            lr=part.learning_rate,
            betas=part.betas,
            fused=True,
        )

    # -------------------------------------------------------------------------------------------------- checkpoints

    def _save_checkpoint(self) -> None:
        import torch

        checkpoint.save(
            self.out,
            {
                "digest": self.digest,
                "state": dict(self.state.__dict__),
                "model": lora.learned_state(self.model) if self.recipe.model.partial else self.model.state_dict(),
                "optimiser": self.optimiser.state_dict(),
                "torch_rng": torch.get_rng_state(),
                "cuda_rng": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
                "log_bytes": (self.out / LOG_NAME).stat().st_size,
            },
        )

    def _restore(self, saved: dict[str, Any]) -> None:
        import torch

        if self.recipe.model.partial:
            lora.restore(self.model, saved["model"])
        else:
            self.model.load_state_dict(saved["model"])
        self.optimiser.load_state_dict(saved["optimiser"])
        torch.set_rng_state(saved["torch_rng"])
        if saved["cuda_rng"] and torch.cuda.is_available():
            torch.cuda.set_rng_state_all(saved["cuda_rng"])
        self.state = _State(**saved["state"])
        # What was logged after the checkpoint will happen again.
        log = self.out / LOG_NAME
        if log.is_file():
            os.truncate(log, min(saved["log_bytes"], log.stat().st_size))

    # ------------------------------------------------------------------------------------------------------ training

    def run(self) -> TrainResult:
        """Train until the budget is used, evaluate, save."""
        interrupt = _Interrupt()
        with interrupt.listening():
            self._loop(interrupt)
            if interrupt.asked():
                self._save_checkpoint()
                return self._result(interrupted=True)
            self.watch(Progress("saving"))
            self._save_checkpoint()
            found = self._evaluate(self.recipe.watch.final_samples, "evaluating")
            if interrupt.asked():
                return self._result(interrupted=True)
            result = self._result(interrupted=False)
            result.metrics = self._metrics(found)
            self._save_model(result.metrics)
        return result

    def _result(self, interrupted: bool) -> TrainResult:
        s = self.state
        return TrainResult(self.out, s.step, s.samples, s.tokens, s.elapsed / 60, len(self.left), interrupted)

    def _total_steps(self, per_epoch: int) -> int | None:
        budget = self.recipe.budget
        if budget.steps is not None:
            return budget.steps
        return max(1, round(budget.epochs * per_epoch)) if budget.epochs is not None else None

    def _loop(self, interrupt: _Interrupt) -> None:
        state, recipe = self.state, self.recipe
        plan = self._plan_epoch()
        total = self._total_steps(len(plan))
        seconds = None if recipe.budget.minutes is None else recipe.budget.minutes * 60
        began = time.perf_counter() - state.elapsed
        self.model.train()
        watch = recipe.watch
        next_eval = state.elapsed + watch.eval_every_minutes * 60
        next_save = state.elapsed + watch.checkpoint_every_minutes * 60
        window = _Window(state)
        while not interrupt.asked():
            state.elapsed = time.perf_counter() - began
            share = state.step / total if total is not None else state.elapsed / (seconds or 1.0)
            if share >= 1.0:
                break
            if state.place >= len(plan):
                state.epoch, state.place = state.epoch + 1, 0
                plan = self._plan_epoch()
            loss, right, targets = self._step(plan[state.place], share)
            state.place += 1
            state.step += 1
            state.elapsed = time.perf_counter() - began
            window.add(loss, right, targets)
            last = total is not None and state.step == total
            if window.due(LOG_EVERY_S) or last:
                self._report(window, len(plan), total, seconds)
                window = _Window(state)
            asked = watch.eval_every_steps is not None and state.step % watch.eval_every_steps == 0
            if (asked or state.elapsed >= next_eval) and watch.eval_samples and not last:
                self._evaluate(watch.eval_samples, "training")
                self.model.train()
                next_eval = time.perf_counter() - began + watch.eval_every_minutes * 60
                window = _Window(state)
            every = watch.checkpoint_every_steps
            if time.perf_counter() - began >= next_save or (every is not None and state.step % every == 0):
                state.elapsed = time.perf_counter() - began
                self._save_checkpoint()
                next_save = time.perf_counter() - began + watch.checkpoint_every_minutes * 60

    def _plan_epoch(self) -> list[list[Unit]]:
        batch, seed = self.recipe.batch, self.recipe.seed
        return data.plan_epoch(
            self.units,
            self.state.epoch,
            seed,
            batch.samples,
            self.recipe.data.short_first,
            batch.questions_per_clip,
        )

    def _rate(self, share: float) -> float:
        part = self.recipe.optimiser
        warm = min(1.0, (self.state.step + 1) / max(1, part.warmup_steps))
        cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, share)))
        return part.learning_rate * warm * (part.final_share + (1 - part.final_share) * cosine)

    def _step(self, units: list[Unit], share: float) -> tuple[float, int, int]:
        """One optimiser step. Returns the summed loss, tokens predicted right, tokens predicted."""
        import torch

        batch_part = self.recipe.batch
        for group in self.optimiser.param_groups:
            group["lr"] = self._rate(share)
        batches = [
            collate(part, [self.hearing.mel(u.clip) for u in part], self._pad_id(), batch_part.rows_per_group)
            for part in data.split_by_tokens(units, batch_part.tokens)
        ]
        targets = sum(b.targets for b in batches)
        summed, right = 0.0, 0
        for batch in batches:
            with torch.autocast(self.device.split(":")[0], torch.bfloat16, enabled=self.bf16):
                loss, hits = summed_loss(self.model, batch.to(self.device))
            (loss / targets).backward()  # type: ignore[no-untyped-call]
            summed += float(loss.detach())
            right += hits
            self.state.samples += batch.samples
            self.state.tokens += batch.tokens
        self.state.targets += targets
        trained = [p for p in self.model.parameters() if p.requires_grad]
        torch.nn.utils.clip_grad_norm_(trained, self.recipe.optimiser.gradient_clip)
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        if not math.isfinite(summed):
            raise InputError(
                f"the loss is {summed} at step {self.state.step + 1}.",
                code="training.diverged",
                hint="Lower optimiser.learning_rate, or resume from the checkpoint with a lower one.",
            )
        return summed, right, targets

    def _pad_id(self) -> int:
        return int(self.processor.tokenizer.pad_token_id or 0)

    # ------------------------------------------------------------------------------------------------------- reports

    def _report(self, window: _Window, per_epoch: int, total: int | None, seconds: float | None) -> None:
        state = self.state
        speed = window.speed()
        if total is not None:
            left = (total - state.step) / max(speed["steps"], 1e-9)
            done, of = float(state.step), float(total)
        else:
            of = seconds or 0.0
            left, done = max(0.0, of - state.elapsed), state.elapsed
        line = {
            "kind": "train",
            "step": state.step,
            "epoch": round(state.epoch + state.place / per_epoch, 4),
            "seconds": round(state.elapsed, 2),
            "samples": state.samples,
            "loss": window.loss / max(1, window.targets),
            "token_accuracy": window.right / max(1, window.targets),
            "learning_rate": self.optimiser.param_groups[0]["lr"],
            "samples_per_second": round(speed["samples"], 2),
            "tokens_per_second": round(speed["tokens"], 1),
        }
        self._log(line)
        self.watch(
            Progress(
                "training",
                done,
                of,
                step=state.step,
                epoch=line["epoch"],
                loss=line["loss"],
                token_accuracy=line["token_accuracy"],
                samples_per_second=speed["samples"],
                tokens_per_second=speed["tokens"],
                seconds_left=left,
            )
        )

    def _evaluate(self, n: int, phase: str) -> dict[str, Any]:
        from audio_reasoner.inference import Reasoner

        if not n or not self.held_rows:
            return {}
        self.model.eval()
        found = metrics.evaluate(
            Reasoner(self.model, self.processor, self.recipe.model.system),
            self.held_rows,
            self.clips,
            n,
            self.recipe.watch.max_new_tokens,
            (lambda done, total: self.watch(Progress(phase, done, total))) if phase == "evaluating" else _ignore,
        )
        self._log({"kind": "eval", "step": self.state.step, "seconds_trained": round(self.state.elapsed, 2), **found})
        self.watch(Progress(phase, step=self.state.step, evaluation=found))
        return found

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
            "precision": "bfloat16" if self.bf16 else "float32",
            "data": self.digest["data"],
            "held_out": held_out,
        }

    def _log(self, line: dict[str, Any]) -> None:
        path = self.out / LOG_NAME
        try:
            with path.open("a", encoding="utf-8") as f:
                f.write(json.dumps(line, ensure_ascii=False) + "\n")
        except OSError as error:
            raise storage_problem(error, path) from error

    def _write(self, name: str, text: str) -> None:
        try:
            (self.out / name).write_text(text, encoding="utf-8")
        except OSError as error:
            raise storage_problem(error, self.out / name) from error

    def _save_model(self, found: dict[str, Any]) -> None:
        """Write the model beside and move it in place file by file, the weights last."""
        import transformers

        from audio_reasoner.inference import SETTINGS_NAME

        transformers.utils.logging.disable_progress_bar()
        place = self.out / SAVING_NAME
        try:
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir()
            lora.save_model(self.model, self.recipe.model, place)
            self.processor.save_pretrained(str(place))
            settings = {"system": self.recipe.model.system, "style": self.recipe.build.style}
            settings |= lora.settings(self.recipe.model)
            (place / SETTINGS_NAME).write_text(json.dumps(settings, indent=2, ensure_ascii=False) + "\n", "utf-8")
            (place / METRICS_NAME).write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", "utf-8")
            (place / "README.md").write_text(card.model_card(self.recipe, self.runs, found), "utf-8")
            lora.clear_other_form(self.recipe.model, self.out)
            for file in sorted(place.iterdir(), key=lambda p: p.suffix == ".safetensors"):
                file.replace(self.out / file.name)
            place.rmdir()
        except OSError as error:
            shutil.rmtree(place, ignore_errors=True)
            raise storage_problem(error, self.out) from error


class _Window:
    """Sums since the last log line."""

    def __init__(self, state: _State) -> None:
        self._state = state
        self._then = (state.step, state.samples, state.tokens)
        self._began = time.perf_counter()
        self.loss, self.right, self.targets = 0.0, 0, 0

    def add(self, loss: float, right: int, targets: int) -> None:
        self.loss += loss
        self.right += right
        self.targets += targets

    def due(self, seconds: float) -> bool:
        return time.perf_counter() - self._began >= seconds

    def speed(self) -> dict[str, float]:
        """Steps, samples and tokens per second in this window."""
        took = max(time.perf_counter() - self._began, 1e-9)
        now = (self._state.step, self._state.samples, self._state.tokens)
        return {
            name: (b - a) / took for name, a, b in zip(("steps", "samples", "tokens"), self._then, now, strict=True)
        }


def _ignore(_done: int, _total: int) -> None:
    return


def _bf16_pays(device: str) -> bool:
    """Whether 16-bit products are done in hardware here; emulated ones are slower than 32-bit."""
    import torch

    if device.startswith("cuda"):
        return bool(torch.cuda.is_bf16_supported())
    if device != "cpu":
        return False
    has = getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)()
    return bool(has or getattr(torch.cpu, "_is_amx_tile_supported", lambda: False)())
