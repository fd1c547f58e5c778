"""`audio-reasoner eval run`: let a model answer a benchmark, then score it."""

from __future__ import annotations

import json
import shlex
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from audio_reasoner.cli.eval_options import Data, JsonOut, MarkdownOut, Name, RowsOut, score_file, writable
from audio_reasoner.core.errors import EXIT_INTERRUPTED, EXIT_QUARANTINED, ConfigError

if TYPE_CHECKING:
    from audio_reasoner.evaluation.base import Benchmark
    from audio_reasoner.evaluation.session import Wanted

_WHO, _HOW, _MORE, _LIMITS, _PARTS = (
    "Who answers", "How it is asked", "What else is asked", "Limits and money", "Parts of a benchmark",
)  # fmt: skip


class _LongAudio(StrEnum):
    refuse = "refuse"
    parts = "split"  # `split` itself is a method of every string
    truncate30 = "truncate30"
    whole = "whole"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("run")(run_)


def run_(
    benchmark: Name,
    data: Data,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Directory for everything; an interrupted run goes on there.")
    ],
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            "-m",
            help="Model directory or org/name; openai:MODEL@URL; gemini:MODEL; cascade:FIRST+openai:MODEL with FIRST "
            "transcript:SERVER, caption:SERVER, both:SERVER, whisper:MODEL@URL or evidence.",
            rich_help_panel=_WHO,
        ),
    ] = None,
    batch_size: Annotated[
        int, typer.Option(min=1, help="Questions a local model answers side by side.", rich_help_panel=_WHO)
    ] = 8,
    prompt: Annotated[
        str,
        typer.Option(
            help="ours; official (the benchmark's own form); or mmau, mmar, air-foundation, bare, audio-flamingo, "
            "r1-aqa, labels, letters.",
            rich_help_panel=_HOW,
        ),
    ] = "ours",
    system_prompt: Annotated[
        Path | None,
        typer.Option(
            help="File with the system message, instead of the model's own. An empty file: none.", rich_help_panel=_HOW
        ),
    ] = None,
    max_new_tokens: Annotated[int, typer.Option(min=1, help="Longest answer.", rich_help_panel=_HOW)] = 1024,
    long_audio: Annotated[
        _LongAudio | None,
        typer.Option(
            help="Recordings over 30 s: refuse them (default for local models), split them into parts of one prompt, "
            "truncate30 (what Whisper-style models do officially), or send them whole (default for servers).",
            rich_help_panel=_HOW,
        ),
    ] = None,
    allow_missing: Annotated[
        int, typer.Option(min=0, help="Go on if so many recordings cannot be heard.", rich_help_panel=_HOW)
    ] = 0,
    allow_deaf: Annotated[
        bool, typer.Option("--allow-deaf", help="Run even if sound makes no difference.", rich_help_panel=_HOW)
    ] = False,
    controls: Annotated[
        str,
        typer.Option(
            help="all, or some of no-audio,silence,other-clip,shuffled: the same questions again.",
            rich_help_panel=_MORE,
        ),
    ] = "",
    samples: Annotated[
        int,
        typer.Option(min=0, help="Besides the one answer, N drawn ones, for majority votes.", rich_help_panel=_MORE),
    ] = 0,
    temperature: Annotated[float, typer.Option(min=0, help="Of the samples.", rich_help_panel=_MORE)] = 0.8,
    top_p: Annotated[float, typer.Option(min=0.01, max=1.0, help="Of the samples.", rich_help_panel=_MORE)] = 0.95,
    seed: Annotated[int, typer.Option(min=0, help="Of samples and controls.", rich_help_panel=_MORE)] = 0,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Only the first N questions.", rich_help_panel=_PARTS)
    ] = None,
    shard: Annotated[
        str | None, typer.Option(help="I/N: every N-th question from the I-th on.", rich_help_panel=_PARTS)
    ] = None,
    merge: Annotated[
        list[Path] | None,
        typer.Option(help="Run directory of a shard to put into --out; give it for each.", rich_help_panel=_PARTS),
    ] = None,
    max_cost: Annotated[
        float | None, typer.Option(min=0, help="Spend at most so many USD here.", rich_help_panel=_LIMITS)
    ] = None,
    prices: Annotated[Path | None, typer.Option(help="YAML file with prices.", rich_help_panel=_LIMITS)] = None,
    rpm: Annotated[float | None, typer.Option(help="Requests per minute, if known.", rich_help_panel=_LIMITS)] = None,
    tpm: Annotated[float | None, typer.Option(help="Tokens per minute, if known.", rich_help_panel=_LIMITS)] = None,
    max_in_flight: Annotated[
        int | None, typer.Option(min=1, help="Calls at the same time, if known.", rich_help_panel=_LIMITS)
    ] = None,
    timeout: Annotated[
        float, typer.Option(min=0.1, help="Seconds until a call counts as lost.", rich_help_panel=_LIMITS)
    ] = 300.0,
    patience: Annotated[
        float, typer.Option(min=0, help="Seconds to wait for a server that is down.", rich_help_panel=_LIMITS)
    ] = 900.0,
    json_out: JsonOut = None,
    markdown: MarkdownOut = None,
    rows: RowsOut = None,
) -> None:
    """Let a model answer a benchmark, then score it.

    Run it again after an interruption: it goes on where it stopped, and nothing is paid twice. OUT holds run.json (what
    was asked of whom, with hashes), predictions.jsonl, problems.jsonl, score.json, rows.jsonl, and where wanted
    controls/ with controls.json and samples/ with samples.json.
    """
    from audio_reasoner.evaluation.registry import benchmark_module
    from audio_reasoner.evaluation.session import merge_runs

    if merge:
        if model is not None or controls or samples:
            raise ConfigError(
                "--merge puts finished shards together and asks nothing.",
                code="eval.merge",
                hint="Leave out --model, --controls and --samples.",
            )
        items = benchmark_module(benchmark).read(data)
        count = merge_runs(merge, out)
        print(f"{count:,} answers → {out}", file=sys.stderr)
        _score(benchmark, items, data, out, json_out, markdown, rows, seed)
        return
    if model is None:
        raise ConfigError("no model is named.", code="eval.no_model", hint="Give --model, or --merge with shards.")
    from audio_reasoner.cli.eval_view import View
    from audio_reasoner.evaluation.backends import Decoding
    from audio_reasoner.evaluation.controls import parse_controls
    from audio_reasoner.evaluation.hearing import LongAudio
    from audio_reasoner.evaluation.prompting import official_style, style_named
    from audio_reasoner.evaluation.remote import LEDGER_NAME, CallOptions, Lines
    from audio_reasoner.evaluation.run import Plan
    from audio_reasoner.evaluation.session import Wanted, run_session
    from audio_reasoner.evaluation.specs import open_backend, parse_spec

    spec = parse_spec(model)
    wanted = Wanted(
        controls=parse_controls(controls),
        samples=samples,
        sampling=Decoding(temperature, top_p),
        allow_deaf=allow_deaf,
    )
    _check_samples(wanted)
    items = benchmark_module(benchmark).read(data)
    named = official_style(benchmark, items.kind) if prompt == "official" else prompt
    style_named(named)
    chosen = long_audio.value if long_audio is not None else "refuse" if spec.kind == "local" else "whole"
    if chosen == "whole" and spec.kind == "local":
        raise ConfigError(
            "a local model hears 30 seconds at most.", code="eval.long_audio", hint="Use split, truncate30 or refuse."
        )
    plan = Plan(
        prompt=named,
        long_audio=cast(LongAudio, chosen),
        max_new_tokens=max_new_tokens,
        seed=seed,
        limit=limit,
        shard=_shard(shard),
        allow_missing=allow_missing,
    )
    lines = Lines(out / LEDGER_NAME, CallOptions(max_cost, rpm, tpm, max_in_flight, timeout, patience, prices))
    try:
        backend = open_backend(
            spec,
            lines,
            batch_size=batch_size,
            system=_system(system_prompt),
            own_system=system_prompt is None,
        )
        with View(max_cost) as view:
            result = run_session(backend, items, out, plan, wanted, on_progress=view.watch)
    finally:
        lines.close()
    view.ended(result, out, shlex.join(["audio-reasoner", *sys.argv[1:]]))
    if result.interrupted:
        raise typer.Exit(EXIT_INTERRUPTED)
    if result.main.made or result.main.resumed:
        _score(benchmark, items, data, out, json_out, markdown, rows, seed)
    if result.unanswered:
        raise typer.Exit(EXIT_QUARANTINED)


def _score(
    benchmark: str,
    items: Benchmark,
    data: Path,
    out: Path,
    json_out: Path | None,
    markdown: Path | None,
    rows: Path | None,
    seed: int,
) -> None:
    """Score what a run directory holds, and print it."""
    from audio_reasoner.cli.eval_view import controls_lines, samples_lines
    from audio_reasoner.evaluation.registry import benchmark_module
    from audio_reasoner.evaluation.session import SCORE_NAME, score_beside

    own = {"json": out / SCORE_NAME, "rows": out / "rows.jsonl"}
    score_file(benchmark, out, data, own["json"], markdown, own["rows"])
    for wanted, there in ((json_out, own["json"]), (rows, own["rows"])):
        if wanted is not None and wanted.resolve() != there.resolve():
            writable(wanted).write_bytes(there.read_bytes())
    for path in score_beside(benchmark_module(benchmark), items, out, seed):
        told = json.loads(path.read_text(encoding="utf-8"))
        for line in (controls_lines if "controls" in told else samples_lines)(told):
            typer.echo(line)


def _shard(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    i, slash, n = text.partition("/")
    if not slash or not i.strip().isdecimal() or not n.strip().isdecimal() or not 1 <= int(i) <= int(n):
        raise ConfigError(f"{text!r} is no shard.", code="eval.shard", hint="Write 1/4 to 4/4.")
    return int(i), int(n)


def _system(path: Path | None) -> str | None:
    if path is None:
        return None
    try:
        return path.read_text(encoding="utf-8").strip() or None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"the system prompt {path} cannot be read: {error}.", code="eval.system_prompt") from None


def _check_samples(wanted: Wanted) -> None:
    if wanted.samples and not wanted.sampling.temperature:
        raise ConfigError(
            "samples at temperature 0 are all the same.", code="eval.samples", hint="Give --temperature above 0."
        )
