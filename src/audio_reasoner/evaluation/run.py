"""Lets a backend answer a benchmark, so that a killed run goes on where it was and a mixed one cannot arise.

Decision: one JSON line per answer, written whole the moment it is known; `run.json` beside it says what was asked of
whom, with hashes of data, model and prompts. A second run with the same configuration skips what is answered; with
another configuration it is refused, because a file with the answers of two models is worth nothing. Every recording is
looked at before the first question is asked: what is missing is known before anything is paid.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from audio_reasoner.core import ids
from audio_reasoner.core.chain import parse_chain, response_body
from audio_reasoner.core.choices import match_option
from audio_reasoner.core.errors import AudioReasonerError, ConfigError, InputError
from audio_reasoner.evaluation.backends import GREEDY, Asked, Backend, Decoding, Meter, Said, model_hash
from audio_reasoner.evaluation.base import Benchmark, Item
from audio_reasoner.evaluation.hearing import (
    Control,
    Ear,
    Heard,
    LongAudio,
    other_items,
    shuffled_order,
    silence,
)
from audio_reasoner.evaluation.prompting import Style, prompt_of, prompts_hash, style_named, wording_is_published
from audio_reasoner.evaluation.rundir import PREDICTIONS_NAME, PROBLEMS_NAME, Writer, check_header, read_answered

HEADER_VERSION = 2


@dataclass(frozen=True)
class Plan:
    """How a benchmark is asked; all of it but `limit`, `shard` and `allow_missing` decides answers.

    Attributes:
        prompt: name of a style (`prompting.STYLES`).
        long_audio: what to do with recordings longer than 30 s.
        max_new_tokens: longest answer, in tokens.
        control: a control, or None for the real question.
        samples: answers per question.
        decoding: how tokens are drawn.
        seed: of samples and controls.
        limit: only the first so many items.
        shard: (i, n): only every n-th of them, from the i-th on, counted from 1.
        allow_missing: most recordings that may be missing, broken or too long; None for any number.
        only: ids of the items to ask; None for all.
    """

    prompt: str = "ours"
    long_audio: LongAudio = "refuse"
    max_new_tokens: int = 1024
    control: Control | None = None
    samples: int = 1
    decoding: Decoding = GREEDY
    seed: int = 0
    limit: int | None = None
    shard: tuple[int, int] | None = None
    allow_missing: int | None = None
    only: frozenset[str] | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Progress:
    """How far a run is: answers done (earlier ones included), of how many; questions that failed; made per second."""

    done: int
    total: int
    failed: int
    rate: float
    meter: Meter


@dataclass
class RunResult:
    """How a run went.

    Attributes:
        predictions: the file of answers.
        made, resumed: answers made now, and found from before.
        failed: questions without an answer and why; the first `not_asked` of them were named before the run and are no
            more than was allowed.
        seconds: wall time of answering.
        interrupted: a Ctrl-C ended it.
    """

    predictions: Path
    made: int = 0
    resumed: int = 0
    failed: list[str] = field(default_factory=list)
    not_asked: int = 0
    seconds: float = 0.0
    interrupted: bool = False


@dataclass(frozen=True)
class _About:
    """What a row needs to know of its question."""

    item: Item
    order: tuple[int, ...] | None
    heard: Heard


def answer_benchmark(
    backend: Backend,
    benchmark: Benchmark,
    out_dir: Path,
    plan: Plan | None = None,
    *,
    ear: Ear | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> RunResult:
    """Answer a benchmark into `out_dir/predictions.jsonl`, holding the directory's lock.

    Args:
        backend: who answers.
        benchmark: what is asked.
        out_dir: where answers go; made if absent.
        plan: how it is asked.
        ear: an ear that has looked at the recordings already.
        on_progress: told how far it is, after every answer.

    Raises:
        ConfigError: `eval.other_run`: the directory holds the answers of another model, data file or setting.
        InputError: `eval.missing_audio`: more recordings cannot be heard than `plan.allow_missing`.
        LockedError: another process writes there.
        EnvironmentProblem: the disk is full; what was answered is kept.
    """
    from audio_reasoner.core.run import RunDir, run_lock, storage_problem

    try:
        out_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise storage_problem(error, out_dir) from error
    with run_lock(RunDir(out_dir)):
        return answer_locked(backend, benchmark, out_dir, plan, ear=ear, on_progress=on_progress)


def answer_locked(
    backend: Backend,
    benchmark: Benchmark,
    out_dir: Path,
    plan: Plan | None = None,
    *,
    ear: Ear | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> RunResult:
    """`answer_benchmark` for a caller that holds the lock of the directory, or of one above it, already."""
    plan = plan or Plan()
    style = style_named(plan.prompt)
    out_dir.mkdir(parents=True, exist_ok=True)
    check_header(out_dir, config_of(backend, benchmark, plan), facts_of(backend, benchmark, plan))
    path = out_dir / PREDICTIONS_NAME
    answered = read_answered(path)
    items = chosen_items(benchmark, plan)
    todo = [(item, k) for item in items for k in range(plan.samples) if (item.id, k) not in answered]
    result = RunResult(path, resumed=len(items) * plan.samples - len(todo))
    if not todo:
        (out_dir / PROBLEMS_NAME).unlink(missing_ok=True)
        return result
    with Writer(out_dir) as writer:
        run = _Run(backend, benchmark, plan, style, ear or Ear(benchmark, plan.long_audio), result, writer, on_progress)
        run.total = len(items) * plan.samples
        run.ask(todo)
    return result


def chosen_items(benchmark: Benchmark, plan: Plan) -> list[Item]:
    """The items a plan asks, in the benchmark's order.

    Raises:
        ConfigError: `eval.shard`.
    """
    items = benchmark.items if plan.limit is None else benchmark.items[: plan.limit]
    if plan.shard is not None:
        i, n = plan.shard
        if not 1 <= i <= n:
            raise ConfigError(f"there is no shard {i} of {n}.", code="eval.shard", hint="Write --shard 1/4.")
        items = items[i - 1 :: n]
    return list(items) if plan.only is None else [item for item in items if item.id in plan.only]


def config_of(backend: Backend, benchmark: Benchmark, plan: Plan) -> dict[str, Any]:
    """All that decides the answers of a run, as JSON."""
    style = style_named(plan.prompt)
    sampled = plan.decoding.temperature > 0
    return {
        "version": HEADER_VERSION,
        "benchmark": benchmark.name,
        "data_sha256": benchmark.sha256,
        **backend.identity,
        "system_sha256": _sha(backend.system),
        "prompt": style.name,
        "prompts_sha256": prompts_hash(style, benchmark),
        "long_audio": plan.long_audio,
        "max_new_tokens": plan.max_new_tokens,
        "control": plan.control,
        "samples": plan.samples,
        "temperature": plan.decoding.temperature,
        "top_p": plan.decoding.top_p,
        # Where nothing is drawn by chance the seed decides nothing.
        "seed": plan.seed if sampled or plan.control in ("other-clip", "shuffled") else None,
    }


def facts_of(backend: Backend, benchmark: Benchmark, plan: Plan) -> dict[str, Any]:
    """What else `run.json` says: names, texts, dates; nothing of it decides whether two runs are one."""
    import datetime
    from importlib.metadata import version

    style = style_named(plan.prompt)
    published = wording_is_published(style, benchmark)
    return {
        "model": backend.name,
        "model_hash": model_hash(backend),
        "data": str(benchmark.path),
        "revision": benchmark.revision,
        "kind": benchmark.kind,
        "items": len(benchmark.items),
        "shard": None if plan.shard is None else f"{plan.shard[0]}/{plan.shard[1]}",
        "prompt": {
            "style": style.name,
            "title": style.title,
            "published_wording": published,
        },
        "system": backend.system,
        **getattr(backend, "facts", {}),
        "version": version("audio-reasoner"),
        "begun": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }


def _sha(text: str | None) -> str | None:
    import hashlib

    return None if text is None else hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class _Run:
    """The asking of one run."""

    def __init__(
        self,
        backend: Backend,
        benchmark: Benchmark,
        plan: Plan,
        style: Style,
        ear: Ear,
        result: RunResult,
        writer: Writer,
        on_progress: Callable[[Progress], None] | None,
    ) -> None:
        self.backend, self.benchmark, self.plan, self.style, self.ear = backend, benchmark, plan, style, ear
        self.result, self.writer, self.on_progress = result, writer, on_progress
        self.total = 0
        self.began = time.perf_counter()
        self.model_hash = model_hash(backend)
        self.system_sha = _sha(backend.system)
        self.others: dict[str, Item] = {}
        if plan.control == "other-clip":
            there = [i for i in benchmark.items if all(path.is_file() for path in benchmark.audio_paths(i))]
            self.others = other_items(there, plan.seed)

    def ask(self, todo: Sequence[tuple[Item, int]]) -> None:
        try:
            ready = self._look(todo)
            self.backend.answer(self._questions(ready), self.plan.decoding, self.plan.max_new_tokens, self._take)
        except KeyboardInterrupt:
            self.result.interrupted = True
        finally:
            self.result.seconds = time.perf_counter() - self.began

    def _look(self, todo: Sequence[tuple[Item, int]]) -> list[tuple[Item, int]]:
        """Look at all recordings; those that can be heard, in the order in which they are asked."""
        bad: set[str] = set()
        codes: Counter[str] = Counter()
        seconds: dict[str, float] = {}
        for item, _ in todo:
            if item.id in seconds or item.id in bad:
                continue
            try:
                seconds[item.id] = self._length(item)
                prompt_of(self.style, item)
            except AudioReasonerError as error:
                bad.add(item.id)
                codes[error.code] += 1
                self._problem(item.id, error)
        self.result.not_asked = len(bad)
        allowed = self.plan.allow_missing
        if allowed is not None and len(bad) > allowed:
            listed = ", ".join(f"{n} × {code}" for code, n in codes.most_common())
            raise InputError(
                f"{len(bad)} of {len({i.id for i, _ in todo})} questions cannot be asked ({listed}). "
                f"First: {self.result.failed[0]}",
                code="eval.missing_audio",
                hint=f"All are in {self.writer.problems}. --allow-missing {len(bad)} asks the others.",
            )
        ready = [(item, k) for item, k in todo if item.id not in bad]
        if self.backend.by_length:
            # Longest first: what does not fit into memory shows at once. Equal lengths keep the benchmark's order.
            ready.sort(key=lambda pair: -seconds[pair[0].id])
        return ready

    def _length(self, item: Item) -> float:
        if self.plan.control == "no-audio" or not self.backend.hears:
            return 0.0
        return self.ear.check(self.others.get(item.id, item))

    def _questions(self, todo: Sequence[tuple[Item, int]]) -> Iterator[Asked]:
        for item, sample in todo:
            try:
                yield self._asked(item, sample)
            except AudioReasonerError as error:  # a file that changed since it was looked at
                self._problem(item.id, error)
                self._tell()

    def _asked(self, item: Item, sample: int) -> Asked:
        plan = self.plan
        order = shuffled_order(item, plan.seed) if plan.control == "shuffled" else None
        if plan.control == "no-audio" or not self.backend.hears:
            heard = Heard((), "none", 0.0)
        else:
            heard = self.ear.hear(self.others.get(item.id, item))
            if plan.control == "silence":
                heard = silence(heard)
        return Asked(
            id=item.id,
            prompt=prompt_of(self.style, item, order),
            audio=heard.parts,
            seconds=heard.duration_s,
            sample=sample,
            seed=ids.derive_seed(plan.seed, "sample", item.id, sample),
            about=_About(item, order, heard),
        )

    def _take(self, asked: Asked, said: Said | AudioReasonerError) -> None:
        if isinstance(said, AudioReasonerError):
            self._problem(asked.id, said)
        else:
            self.writer.write(self._row(asked, said))
            self.result.made += 1
        self._tell()

    def _row(self, asked: Asked, said: Said) -> dict[str, Any]:
        about: _About = asked.about
        item, order = about.item, about.order
        parsed = parse_chain(said.text)
        taken = self.style.take(said.text) if self.style.take is not None else None
        option, rule = None, None
        if item.choices:
            shown = item.choices if order is None else tuple(item.choices[i] for i in order)
            body = response_body(parsed, said.text) if taken is None else taken
            match = match_option(body, shown)
            option, rule = match.index, match.rule
            if order is not None and option is not None:
                option = order[option]
        row: dict[str, Any] = {
            "id": item.id,
            "prompt": said.prompt or asked.prompt,
            "prompt_sha256": _sha(said.prompt or asked.prompt),
            "prompt_style": self.style.name,
            "system": self.backend.system,
            "system_sha256": self.system_sha,
            "raw": said.text,
            "sections": parsed.sections,
            "defects": [defect.code for defect in parsed.defects],
            "option": option,
            "option_rule": rule,
            "tokens": said.tokens,
            "audio_tokens": said.audio_tokens,
            "seconds": said.seconds,
            "first_token_seconds": said.first_token_seconds,
            "stopped": said.stopped,
            "model": self.backend.name,
            "model_hash": self.model_hash,
            "data_sha256": self.benchmark.sha256,
            "audio": [sound.key for sound in asked.audio],
            "audio_policy": about.heard.policy,
            "duration_s": round(about.heard.duration_s, 3),
            "control": self.plan.control,
            "options_order": None if order is None else list(order),
            "sample": asked.sample,
            **said.extra,
        }
        if taken is not None:
            row["model_output"] = taken  # scorers read this first
        return row

    def _problem(self, name: str, error: AudioReasonerError) -> None:
        self.result.failed.append(f"{name}: [{error.code}] {error.message}")
        self.writer.problem({"id": name, "code": error.code, "detail": error.message})

    def _tell(self) -> None:
        if self.on_progress is None:
            return
        made, failed = self.result.made, len(self.result.failed)
        rate = made / max(1e-6, time.perf_counter() - self.began)
        self.on_progress(Progress(self.result.resumed + made, self.total, failed, rate, self.backend.meter()))
