"""What a judge is asked for each benchmark, and doing it: the work behind `audio-reasoner eval judge`.

Decision: the purpose follows from the benchmark (AIR-Bench chat: scores in both orders; MMAR: rubrics, or options if
asked; other questions with options: the option a reply means), so that one command serves them all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from audio_reasoner.core.chain import parse_chain, response_body
from audio_reasoner.core.errors import ConfigError
from audio_reasoner.evaluation.base import Benchmark
from audio_reasoner.evaluation.judging import Forecast, JudgeResult, JudgeTask, forecast, judge_rows
from audio_reasoner.evaluation.predictions import Predictions

if TYPE_CHECKING:
    from audio_reasoner.clients.caller import CallerStats
    from audio_reasoner.clients.limiter import Limits
    from audio_reasoner.clients.prices import PriceTable

What = Literal["chat", "rubric", "mapper"]
PROBLEMS_NAME = "judge_problems.jsonl"


@dataclass(frozen=True)
class JudgeSettings:
    """How to judge.

    Attributes:
        judge: spec of the judge's endpoint.
        what: the purpose; None for the benchmark's own.
        temperature: a number, or "official" (AIR-Bench chat only): 1.0 or 2.0, as the official script draws it.
        prompt: file with a prompt that replaces ours.
        max_tokens: longest reply; None for the purpose's own limit.
        which: replies the option mapper is asked about, "all" or "unparsed".
        swap: AIR-Bench chat in both orders.
        limit: only the first so many items.
    """

    judge: str
    what: What | None = None
    temperature: float | str = 0.0
    prompt: Path | None = None
    max_tokens: int | None = None
    which: str = "all"
    swap: bool = True
    limit: int | None = None


@dataclass
class JudgePlan:
    """What will be asked, and the lines that need nobody."""

    what: What
    directory: Path
    tasks: list[JudgeTask]
    given: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def plan(benchmark: Benchmark, predictions: Predictions, directory: Path, settings: JudgeSettings) -> JudgePlan:
    """Make the tasks.

    Raises:
        ConfigError: judge.purpose (nothing of this benchmark is judged that way), judge.temperature, judge.prompt.
    """
    what = settings.what or _own(benchmark)
    _check(benchmark, what, settings)
    if settings.limit is not None:
        known = {item.id for item in benchmark.items[: settings.limit]}
        texts = {name: text for name, text in predictions.texts.items() if name in known}
        predictions = replace(predictions, texts=texts)
    made = JudgePlan(what, directory, [])
    if what == "chat":
        _plan_chat(made, benchmark, predictions, settings)
    elif what == "rubric":
        _plan_rubric(made, benchmark, predictions, settings)
    else:
        _plan_mapper(made, benchmark, predictions, settings)
    missing = len(benchmark.items) - sum(item.id in predictions.texts for item in benchmark.items)
    if missing:
        made.notes.append(f"{missing} of {len(benchmark.items)} items have no answer and are not judged.")
    return made


def _own(benchmark: Benchmark) -> What:
    if benchmark.kind == "chat":
        return "chat"
    if benchmark.name == "mmar" and any(item.extra.get("rubric") for item in benchmark.items):
        return "rubric"
    return "mapper"


def _check(benchmark: Benchmark, what: What, settings: JudgeSettings) -> None:
    fits = {"chat": benchmark.kind == "chat", "rubric": benchmark.name == "mmar", "mapper": benchmark.kind == "choice"}
    if not fits[what]:
        raise ConfigError(
            f"{benchmark.name} has nothing for a judge to do as {what}.",
            code="judge.purpose",
            hint="air-chat is judged as chat, mmar as rubric or mapper, other questions with options as mapper.",
        )
    if settings.which not in ("all", "unparsed"):
        raise ConfigError(f"--map is all or unparsed, not {settings.which!r}.", code="judge.map")
    if settings.temperature == "official":
        if what != "chat":
            raise ConfigError(
                "Only AIR-Bench chat's script draws its temperatures.",
                code="judge.temperature",
                hint="Give a number; MMAR's rubrics use 0.",
            )
    elif not isinstance(settings.temperature, int | float) or not 0 <= settings.temperature <= 2:
        raise ConfigError(
            f"{settings.temperature!r} is no temperature.", code="judge.temperature", hint="Give a number from 0 to 2."
        )


def _plan_chat(made: JudgePlan, benchmark: Benchmark, predictions: Predictions, settings: JudgeSettings) -> None:
    from audio_reasoner.evaluation.chat_judge import OFFICIAL_TOKENS, chat_tasks, prompt_of

    made.tasks = chat_tasks(
        benchmark,
        {name: response_body(parse_chain(text), text) for name, text in predictions.texts.items()},
        prompt=prompt_of(settings.prompt),
        temperature=settings.temperature,
        max_tokens=settings.max_tokens or OFFICIAL_TOKENS,
        swap=settings.swap,
    )


def _plan_rubric(made: JudgePlan, benchmark: Benchmark, predictions: Predictions, settings: JudgeSettings) -> None:
    from audio_reasoner.evaluation.rubrics import RATERS, prompt_of, rubric_of, rubric_tasks

    made.tasks = rubric_tasks(
        benchmark,
        predictions,
        prompt=prompt_of(settings.prompt),
        temperature=float(settings.temperature),
        max_tokens=settings.max_tokens,
    )
    right = len(made.tasks) // RATERS
    without = sum(not rubric_of(item) for item in benchmark.items)
    having = " and have a rubric" if without else ""
    made.notes.append(
        f"{right} answers are right by the official rule{having}; wrong ones score 0 without being judged."
    )
    if without:
        made.notes.append(f"{without} items have no usable rubric (files older than February 2026 have none).")


def _plan_mapper(made: JudgePlan, benchmark: Benchmark, predictions: Predictions, settings: JudgeSettings) -> None:
    from audio_reasoner.evaluation.mapper import MAX_TOKENS, Which, mapper_tasks, prompt_of

    made.tasks, made.given = mapper_tasks(
        benchmark,
        predictions,
        which=cast("Which", settings.which),
        prompt=prompt_of(settings.prompt),
        temperature=float(settings.temperature),
        max_tokens=settings.max_tokens or MAX_TOKENS,
    )
    if made.given:
        made.notes.append(f"{len(made.given)} replies are not asked about: empty, or read by the rules.")


def foresee(made: JudgePlan, settings: JudgeSettings, prices: PriceTable | None) -> Forecast:
    """What the plan will need; nothing is sent."""
    return forecast(made.tasks, made.directory, settings.judge, prices)


def carry_out(
    made: JudgePlan,
    settings: JudgeSettings,
    *,
    prices: PriceTable | None = None,
    max_cost_usd: float | None = None,
    limits: Limits | None = None,
    timeout_s: float = 300.0,
    patience_s: float = 300.0,
    on_progress: Callable[[int, int, CallerStats], None] | None = None,
) -> JudgeResult:
    """Judge (see `judge_rows`), and write what could not be had into `judge_problems.jsonl`.

    Raises:
        AudioReasonerError: as `judge_rows`.
    """
    from audio_reasoner.core.run import write_atomic
    from audio_reasoner.evaluation.present import json_text

    result = judge_rows(
        made.tasks,
        made.directory,
        settings.judge,
        given=made.given,
        purposes=("chat", "chat_swapped") if made.what == "chat" else (made.what,),
        max_cost_usd=max_cost_usd,
        limits=limits,
        prices=prices,
        timeout_s=timeout_s,
        patience_s=patience_s,
        on_progress=on_progress,
    )
    path = made.directory / PROBLEMS_NAME
    path.unlink(missing_ok=True)
    if result.problems:
        lines = [dict(zip(("id", "purpose", "code", "detail"), problem, strict=True)) for problem in result.problems]
        write_atomic(path, "".join(json_text(line) + "\n" for line in lines).encode("utf-8"))
    return result


def take_over_official(
    files: Sequence[Path], directory: Path, benchmark: Benchmark, predictions: Predictions
) -> list[str]:
    """Make `judged.jsonl` from what AIR-Bench's judge script wrote; returns what did not fit.

    Raises:
        ConfigError: judge.purpose: another benchmark.
        InputError: judged.unreadable.
    """
    from audio_reasoner.core.run import RunDir, run_lock
    from audio_reasoner.evaluation.chat_import import take_over
    from audio_reasoner.evaluation.judged import JUDGED_NAME, write_judged

    if benchmark.kind != "chat":
        raise ConfigError(f"--from is for AIR-Bench chat, not for {benchmark.name}.", code="judge.purpose")
    answers = {name: response_body(parse_chain(text), text) for name, text in predictions.texts.items()}
    lines, problems = take_over(files, benchmark, answers)
    directory.mkdir(parents=True, exist_ok=True)
    with run_lock(RunDir(directory)):
        write_judged(directory / JUDGED_NAME, lines, ("chat", "chat_swapped"))
    return problems


def write_official(made: JudgePlan, benchmark: Benchmark, predictions: Predictions) -> list[Path]:
    """Official files, into `official/`: AIR-Bench chat's answers and scores, the input of MMAR's rubric script."""
    if made.what == "rubric":
        from audio_reasoner.evaluation.rubrics import official_file

        return [official_file(benchmark, predictions, made.directory / "official")]
    if made.what != "chat":
        return []
    from audio_reasoner.evaluation.air_chat import official_files
    from audio_reasoner.evaluation.judged import JUDGED_NAME, read_judged

    answers = {name: response_body(parse_chain(text), text) for name, text in predictions.texts.items()}
    judged = read_judged(made.directory / JUDGED_NAME)
    return list(official_files(benchmark, answers, made.directory / "official", judged))


def unusable(lines: Sequence[dict[str, Any]]) -> int:
    """Opinions that were given and cannot be used."""
    return sum(not line["parsed"] for line in lines)
