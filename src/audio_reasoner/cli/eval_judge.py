"""`audio-reasoner eval judge`: let a language model judge replies, then score with its opinions."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from audio_reasoner.cli.eval_options import PREDICTIONS_NAME, Data, JsonOut, MarkdownOut, Name, RowsOut, score_file
from audio_reasoner.core.errors import EXIT_QUARANTINED, ConfigError

if TYPE_CHECKING:
    from rich.console import Console

    from audio_reasoner.clients.caller import CallerStats
    from audio_reasoner.clients.prices import PriceTable
    from audio_reasoner.evaluation.judge_run import JudgePlan, JudgeSettings
    from audio_reasoner.evaluation.judging import JudgeResult


class _What(StrEnum):
    chat = "chat"
    rubric = "rubric"
    mapper = "mapper"


class _Map(StrEnum):
    all = "all"
    unparsed = "unparsed"


_JUDGE, _LIMITS, _OUT = "The judge", "Limits and money", "Output"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("judge")(judge_)


def judge_(
    benchmark: Name,
    predictions: Annotated[Path, typer.Argument(help="Prediction file, or the directory of an `eval run`.")],
    data: Data,
    judge: Annotated[
        str | None,
        typer.Option("--judge", help="openai:MODEL@URL, openai:MODEL or gemini:MODEL.", rich_help_panel=_JUDGE),
    ] = None,
    taken: Annotated[
        list[Path] | None,
        typer.Option(
            "--from",
            help="Instead of a judge: what AIR-Bench's own scripts wrote (`gen` or `gpt-score`); once for each order.",
            rich_help_panel=_JUDGE,
        ),
    ] = None,
    what: Annotated[
        _What | None,
        typer.Option(
            help="chat: AIR-Bench's scores in both orders; rubric: MMAR's rubrics; mapper: the option a reply means. "
            "The benchmark's own if not given.",
            rich_help_panel=_JUDGE,
        ),
    ] = None,
    temperature: Annotated[
        str,
        typer.Option(
            "--judge-temperature",
            help="A number; or `official` for AIR-Bench chat: 1.0 or 2.0, as its script draws it.",
            rich_help_panel=_JUDGE,
        ),
    ] = "0",
    prompt: Annotated[
        Path | None,
        typer.Option("--judge-prompt", help="File with a prompt that replaces ours.", rich_help_panel=_JUDGE),
    ] = None,
    max_tokens: Annotated[
        int | None,
        typer.Option("--judge-max-tokens", min=1, help="Longest reply of the judge.", rich_help_panel=_JUDGE),
    ] = None,
    which: Annotated[
        _Map, typer.Option("--map", help="mapper: which replies the model is asked about.", rich_help_panel=_JUDGE)
    ] = _Map.all,
    one_order: Annotated[
        bool, typer.Option("--one-order", help="chat: only with the reference first.", rich_help_panel=_JUDGE)
    ] = False,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Only the first N items of the benchmark.", rich_help_panel=_LIMITS)
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say how many calls, tokens and dollars; ask nobody.")
    ] = False,
    max_cost: Annotated[
        float | None, typer.Option(min=0, help="Spend at most so many USD in this directory.", rich_help_panel=_LIMITS)
    ] = None,
    prices: Annotated[Path | None, typer.Option(help="YAML file with prices.", rich_help_panel=_LIMITS)] = None,
    rpm: Annotated[
        float | None, typer.Option(min=0.001, help="Requests per minute, if known.", rich_help_panel=_LIMITS)
    ] = None,
    tpm: Annotated[
        float | None, typer.Option(min=0.001, help="Tokens per minute, if known.", rich_help_panel=_LIMITS)
    ] = None,
    max_in_flight: Annotated[
        int | None, typer.Option(min=1, help="Calls at the same time, if known.", rich_help_panel=_LIMITS)
    ] = None,
    timeout: Annotated[
        float, typer.Option(min=1, help="Seconds until a call counts as lost.", rich_help_panel=_LIMITS)
    ] = 300.0,
    patience: Annotated[
        float, typer.Option(min=0, help="Seconds for which one call is tried again.", rich_help_panel=_LIMITS)
    ] = 300.0,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            help="Where judge.sqlite and judged.jsonl lie; the run's directory, or NAME.judged beside a file.",
            rich_help_panel=_OUT,
        ),
    ] = None,
    json_out: JsonOut = None,
    markdown: MarkdownOut = None,
    rows: RowsOut = None,
    key: Annotated[str | None, typer.Option("--key", help="Field with the answer, if it has no usual name.")] = None,
    id_key: Annotated[str | None, typer.Option("--id-key", help="Field with the id, if it has no usual name.")] = None,
) -> None:
    """Let a language model judge replies, then score with its opinions.

    Nothing is judged twice: run it again after an interruption and it goes on; run it again with nothing to do and it
    makes the same files without a call.
    """
    from rich.console import Console

    from audio_reasoner.cli.progress import stderr
    from audio_reasoner.clients.prices import PriceTable
    from audio_reasoner.evaluation.base import foreign_ids
    from audio_reasoner.evaluation.judge_run import JudgeSettings, plan, take_over_official, write_official
    from audio_reasoner.evaluation.judged import JUDGED_NAME, judged_directory
    from audio_reasoner.evaluation.predictions import fit, read_predictions
    from audio_reasoner.evaluation.registry import benchmark_module

    if (judge is None) == (not taken):
        raise ConfigError("Give either --judge or --from.", code="judge.who", hint="--judge openai:MODEL@URL")
    settings = JudgeSettings(
        judge=judge or "",
        what=None if what is None else what.value,
        temperature=_temperature(temperature),
        prompt=prompt,
        max_tokens=max_tokens,
        which=which.value,
        swap=not one_order,
        limit=limit,
    )
    file = predictions / PREDICTIONS_NAME if predictions.is_dir() else predictions
    items = benchmark_module(benchmark).read(data)
    replies = fit(items, read_predictions(file, key=key, id_key=id_key))
    foreign = foreign_ids(items, replies.texts)  # before anything is paid
    directory = out or judged_directory(predictions)
    err = stderr()

    def say(*notes: str) -> None:
        for note in notes:
            err.print(note, highlight=False, soft_wrap=True, markup=False)

    if taken:
        problems = take_over_official(taken, directory, items, replies)
        say(*problems[:10], *([f"{len(problems)} rows were not taken over."] if problems else []))
        failed = len(problems)
    else:
        made = plan(items, replies, directory, settings)
        say(*replies.notes, *made.notes, *foreign[:10])
        table = PriceTable.load(prices)
        if dry_run:
            _forecast(made, settings, table, Console(emoji=False))
            return
        limits = {"requests_per_minute": rpm, "tokens_per_minute": tpm, "max_in_flight": max_in_flight}
        result = _judge(made, settings, table, max_cost, limits, (timeout, patience), err)
        say(*_summary(made, result))
        write_official(made, items, replies)
        failed = len(result.problems)
    score_file(
        benchmark,
        file,
        data,
        json_out or directory / "score.json",
        markdown,
        rows or directory / "rows.jsonl",
        directory / JUDGED_NAME,
        key=key,
        id_key=id_key,
    )
    if failed:
        raise typer.Exit(EXIT_QUARANTINED)


def _temperature(text: str) -> float | str:
    if text == "official":
        return text
    try:
        return float(text)
    except ValueError:
        raise ConfigError(
            f"{text!r} is no temperature.", code="judge.temperature", hint="Give a number, or official."
        ) from None


def _forecast(made: JudgePlan, settings: JudgeSettings, prices: PriceTable, console: Console) -> None:
    from audio_reasoner.evaluation.judge_run import foresee

    found = foresee(made, settings, prices)
    money = "no price is known for it (--prices)"
    if found.likely_micro is not None and found.most_micro is not None:
        money = f"${found.likely_micro / 1e6:,.2f}, at most ${found.most_micro / 1e6:,.2f}"
    console.print(
        f"{found.tasks:,} opinions ({made.what}) by {settings.judge}: {found.known:,} are known already, "
        f"{found.calls:,} calls are needed, with about {found.tokens_in:,} tokens in and {found.likely_out:,} out "
        f"(at most {found.most_out:,}): {money}.",
        highlight=False,
        soft_wrap=True,
        markup=False,
    )


def _judge(
    made: JudgePlan,
    settings: JudgeSettings,
    prices: PriceTable,
    max_cost: float | None,
    limits: dict[str, float | int | None],
    waits: tuple[float, float],
    err: Console,
) -> JudgeResult:
    from audio_reasoner.cli.progress import bars
    from audio_reasoner.clients.limiter import Limits
    from audio_reasoner.evaluation.judge_run import carry_out

    with bars(err) as progress:
        bar = progress.add_task("judging", total=len(made.tasks))

        def tell(done: int, total: int, stats: CallerStats) -> None:
            paid = f", ${stats.spent_micro / 1e6:.2f}" if stats.spent_micro else ""
            progress.update(bar, completed=done, total=total, description=f"judging ({stats.in_flight} out{paid})")

        return carry_out(
            made,
            settings,
            prices=prices,
            max_cost_usd=max_cost,
            limits=Limits(**limits),  # type: ignore[arg-type]
            timeout_s=waits[0],
            patience_s=waits[1],
            on_progress=tell,
        )


def _summary(made: JudgePlan, result: JudgeResult) -> list[str]:
    from audio_reasoner.evaluation.judge_run import unusable

    paid = f", ${result.spent_micro / 1e6:.2f} spent in all" if result.spent_micro else ""
    lines = [
        f"{len(result.lines):,} opinions: {result.asked:,} calls now, {result.cached:,} known from before{paid} "
        f"→ {made.directory / 'judged.jsonl'}"
    ]
    if bad := unusable(result.lines):
        lines.append(f"{bad:,} opinions cannot be used.")
    if result.left_out:
        lines.append(f"The judge's server does not take {', '.join(result.left_out)}; its own values were used.")
    lines += [f"not judged: {item} ({purpose}): [{code}] {text}" for item, purpose, code, text in result.problems[:10]]
    if len(result.problems) > 10:
        lines.append(f"{len(result.problems)} opinions could not be had; all are in judge_problems.jsonl")
    return lines
