"""Lets a Reasoner answer a benchmark, so that a killed run goes on where it was and a mixed one cannot arise.

Decision: one JSON line per answer, appended and flushed batch by batch; `run.json` beside it says what was asked of
whom, with hashes of data and model. A second run with the same configuration skips what is answered; with another
configuration it is refused, because a file with the answers of two models is worth nothing.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from audio_reasoner.core import ids
from audio_reasoner.core.chain import ParsedChain, parse_chain, response_body
from audio_reasoner.core.choices import LEAST_OPTIONS, MOST_OPTIONS, match_option, render_question
from audio_reasoner.core.errors import AudioReasonerError, ConfigError, InputError
from audio_reasoner.evaluation.mmau import Benchmark, Item
from audio_reasoner.evaluation.present import json_text

PREDICTIONS_NAME = "predictions.jsonl"
HEADER_NAME = "run.json"
PROBLEMS_NAME = "problems.jsonl"
HEADER_VERSION = 1


class AnswerLike(Protocol):
    """What an answer must offer."""

    @property
    def text(self) -> str:
        """The raw output."""

    @property
    def tokens(self) -> int:
        """How many tokens were generated."""


class ReasonerLike(Protocol):
    """Whatever answers questions about audio: 16 kHz mono samples, a question, its options."""

    def ask_batch(
        self, requests: Sequence[tuple[Any, str, Sequence[str] | None]], max_new_tokens: int
    ) -> Sequence[AnswerLike]:
        """One answer per request, in order."""


@dataclass
class RunResult:
    """How a run went: answers made now, answers found from before, items that could not be asked."""

    predictions: Path
    made: int = 0
    resumed: int = 0
    failed: list[str] = field(default_factory=list)
    seconds: float = 0.0


def fingerprint(model: Path) -> dict[str, str]:
    """SHA-256 of each file of a model directory that can change an answer, by relative path.

    Raises:
        InputError: `model.missing`: there is no such directory, or it is empty.
    """
    files = sorted(
        p
        for p in model.rglob("*")
        if p.is_file() and p.suffix in (".json", ".safetensors", ".bin", ".txt", ".model", ".jinja")
    )
    if not files:
        raise InputError(
            f"{model} is no model directory.", code="model.missing", hint="A model is never replaced by another one."
        )
    return {p.relative_to(model).as_posix(): ids.file_sha256(p) for p in files}


def run_predictions(
    reasoner: ReasonerLike,
    benchmark: Benchmark,
    out_dir: Path,
    *,
    model: str,
    model_files: dict[str, str],
    batch_size: int = 8,
    limit: int | None = None,
    max_new_tokens: int = 1024,
    on_progress: Callable[[int, int], None] | None = None,
) -> RunResult:
    """Answer every item of a benchmark into `out_dir/predictions.jsonl`.

    Args:
        reasoner: what answers.
        benchmark: what is asked.
        out_dir: where answers go; made if absent.
        model: how the model is called in the rows (its path).
        model_files: `fingerprint` of it.
        batch_size: questions answered side by side.
        limit: only the first so many items; a later run without limit goes on from there.
        max_new_tokens: longest answer, in tokens.
        on_progress: told (done, of how many).

    Raises:
        ConfigError: `eval.other_run`: the directory holds the answers of another model, data file or setting.
        LockedError: another process writes there.
        IntegrityError: a prediction file that is no file of ours.
    """
    from audio_reasoner.core.run import RunDir, run_lock

    if batch_size < 1:
        raise ConfigError(f"a batch of {batch_size}; at least 1 is needed.", code="eval.batch_size")
    out_dir.mkdir(parents=True, exist_ok=True)
    with run_lock(RunDir(out_dir)):
        config = {
            "version": HEADER_VERSION,
            "benchmark": "mmau-mini",
            "data_sha256": benchmark.sha256,
            "model_files": model_files,
            "max_new_tokens": max_new_tokens,
        }
        model_hash = ids.digest({"model_files": model_files}).hex()
        _check_header(out_dir, config, {"model": model, "data": str(benchmark.path), "batch_size": batch_size})
        path = out_dir / PREDICTIONS_NAME
        answered = _answered(path)
        wanted = benchmark.items[:limit] if limit is not None else benchmark.items
        todo = [item for item in wanted if item.id not in answered]
        result = RunResult(path, resumed=len(wanted) - len(todo))
        started = time.perf_counter()
        (out_dir / PROBLEMS_NAME).unlink(missing_ok=True)
        with path.open("a", encoding="utf-8") as lines:
            for batch in _batches(todo, batch_size):
                heard = list(_hear(benchmark, batch, result, out_dir))
                if heard:
                    for row in _ask(reasoner, heard, max_new_tokens, model, model_hash):
                        lines.write(json_text(row) + "\n")
                        result.made += 1
                    lines.flush()
                if on_progress is not None:
                    on_progress(result.resumed + result.made + len(result.failed), len(wanted))
        result.seconds = time.perf_counter() - started
    return result


def _batches(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    for i in range(0, len(items), size):
        yield items[i : i + size]


def _hear(benchmark: Benchmark, items: Sequence[Item], result: RunResult, out_dir: Path) -> Iterator[tuple[Item, Any]]:
    from audio_reasoner.core.audio import load_mono

    for item in items:
        try:
            if not item.audio_id:
                raise InputError(f"item {item.id} names no audio file.", code="benchmark.no_audio")
            if len(item.choices) > 1 and not LEAST_OPTIONS <= len(item.choices) <= MOST_OPTIONS:
                raise InputError(f"item {item.id} has {len(item.choices)} choices.", code="question.options")
            yield item, load_mono(benchmark.audio_path(item))
        except AudioReasonerError as error:
            result.failed.append(f"{item.id}: [{error.code}] {error.message}")
            with (out_dir / PROBLEMS_NAME).open("a", encoding="utf-8") as f:
                row = {"id": item.id, "code": error.code, "detail": error.message}
                f.write(json.dumps(row, ensure_ascii=False) + "\n")


def _ask(
    reasoner: ReasonerLike, heard: Sequence[tuple[Item, Any]], max_new_tokens: int, model: str, model_hash: str
) -> Iterator[dict[str, Any]]:
    began = time.perf_counter()
    answers = reasoner.ask_batch([(pcm, item.question, item.choices) for item, pcm in heard], max_new_tokens)
    each = (time.perf_counter() - began) / len(heard)
    for (item, _), answer in zip(heard, answers, strict=True):
        parsed: ParsedChain = parse_chain(answer.text)
        match = match_option(response_body(parsed, answer.text), item.choices)
        yield {
            "id": item.id,
            "prompt": render_question(item.question, item.choices),
            "raw": answer.text,
            "sections": parsed.sections,
            "defects": [defect.code for defect in parsed.defects],
            "option": match.index,
            "option_rule": match.rule,
            "tokens": answer.tokens,
            "seconds": round(each, 4),  # the batch's time, shared equally
            "model": model,
            "model_hash": model_hash,
        }


def _check_header(out_dir: Path, config: dict[str, Any], facts: dict[str, Any]) -> None:
    from audio_reasoner.core.run import write_atomic

    path = out_dir / HEADER_NAME
    if path.exists():
        try:
            before = json.loads(path.read_text(encoding="utf-8"))["config"]
        except (ValueError, KeyError, TypeError):
            raise ConfigError(
                f"{path} is not the header of an evaluation run.",
                code="eval.other_run",
                hint="Choose another directory.",
            ) from None
        if before != config:
            changed = sorted(k for k in config.keys() | before.keys() if config.get(k) != before.get(k))
            raise ConfigError(
                f"{out_dir} holds answers made with another {', '.join(changed)}.",
                code="eval.other_run",
                hint="Answers of two configurations are not mixed: choose another output directory.",
            )
        return
    if (out_dir / PREDICTIONS_NAME).exists():
        raise ConfigError(
            f"{out_dir / PREDICTIONS_NAME} exists without {HEADER_NAME}, so nobody knows who made it.",
            code="eval.other_run",
            hint="Choose another output directory.",
        )
    write_atomic(path, (json.dumps({"config": config, **facts}, ensure_ascii=False, indent=1) + "\n").encode())


def _answered(path: Path) -> set[str]:
    """Ids answered so far. A last line cut off by a kill is removed: its item is asked again."""
    if not path.exists():
        return set()
    data = path.read_bytes()
    whole = data[: data.rfind(b"\n") + 1]
    if len(whole) < len(data):
        with path.open("r+b") as f:
            f.truncate(len(whole))
    found: set[str] = set()
    for number, line in enumerate(whole.split(b"\n"), start=1):
        if line.strip():
            try:
                found.add(json.loads(line)["id"])
            except (ValueError, KeyError, TypeError):
                raise InputError(
                    f"{path} line {number} is no prediction of ours.",
                    code="eval.bad_predictions",
                    hint="Remove the line.",
                ) from None
    return found
