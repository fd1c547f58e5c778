"""`audio-reasoner eval causal`: change a chain in one place, let the model go on, see whether the answer follows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from audio_reasoner.cli.eval_options import Data, Name
from audio_reasoner.core.errors import EXIT_QUARANTINED, ConfigError

if TYPE_CHECKING:
    from rich.console import Console

    from audio_reasoner.evaluation.base import Benchmark
    from audio_reasoner.evaluation.causal import Settings


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("causal")(causal)


def causal(
    benchmark: Name,
    data: Data,
    model: Annotated[
        str, typer.Option("--model", "-m", help="Model directory or org/name, or openai:MODEL@URL of a vLLM server.")
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            "-o",
            help="Directory for causal.json and causal_rows.jsonl; may be the run's. A stopped test goes on there.",
        ),
    ],
    n: Annotated[int, typer.Option("-n", min=1, help="Number of questions, spread over the families.")] = 200,
    run: Annotated[
        Path | None,
        typer.Option("--run", help="Directory of an `eval run` of this model: its answers are taken, not made again."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Which questions and which changes.")] = 0,
    only: Annotated[
        str, typer.Option("--only", help="Some interventions, separated by commas; their placebos come along.")
    ] = "",
    batch_size: Annotated[int, typer.Option(min=1, help="Answers a local model continues side by side.")] = 16,
    max_new_tokens: Annotated[int, typer.Option(min=1, help="Longest answer, in tokens.")] = 1024,
) -> None:
    """Does the answer follow from the chain? Change one thing in it and let the model continue.

    CAPTION: two sounds exchanged, one more or less, one renamed, or the truth instead. REASONING: cut, emptied, or
    taken from another question. Beside each change stands a placebo at the same place, and a repetition without any
    change.
    """
    from rich.console import Console

    from audio_reasoner.cli.progress import bars, stderr
    from audio_reasoner.evaluation.causal import Settings, own_rows, run_causal
    from audio_reasoner.evaluation.rundir import PREDICTIONS_NAME
    from audio_reasoner.evaluation.specs import parse_spec

    wanted = tuple(name.strip() for name in only.split(",") if name.strip())
    settings = Settings(n, seed, max_new_tokens, wanted)
    items = _benchmark(benchmark, data)
    if run is None and (out / PREDICTIONS_NAME).is_file():
        run = out
    err, console = stderr(), Console(emoji=False)
    spec = parse_spec(model)
    if spec.kind == "cascade":
        raise ConfigError(
            "a cascade has no chain of its own to continue.",
            code="causal.no_continuation",
            hint="Test the model that hears.",
        )
    continuer, backend, identity = _who(spec, run, batch_size)
    if run is None:
        run = _answers(backend, items, out / "own", settings, err)
    rows = own_rows(run, items, identity)
    with bars(err) as progress:
        task = progress.add_task("continuing", total=None)
        told = run_causal(
            continuer,
            items,
            rows,
            out,
            settings,
            model=model,
            identity=identity,
            long_audio=_long_audio(run),
            on_progress=lambda now: progress.update(task, completed=now.done, total=now.total),
        )
    show(told, console)
    console.print(f"→ {out / 'causal.json'}, {out / 'causal_rows.jsonl'}", highlight=False, soft_wrap=True)
    if told["problems"]:
        err.print(f"{told['problems']} continuations failed; they are in causal_rows.jsonl.", style="yellow")
        raise typer.Exit(EXIT_QUARANTINED)


def _benchmark(name: str, data: Path) -> Benchmark:
    from audio_reasoner.evaluation.registry import benchmark_module

    found = benchmark_module(name).read(data)
    if found.kind != "choice":
        raise ConfigError(
            f"{name} asks no questions with options, so nothing tells whether an answer changed.",
            code="causal.no_options",
        )
    return found


def _who(spec: Any, run: Path | None, batch_size: int) -> tuple[Any, Any, dict[str, Any]]:
    """Who continues, who answers if that is still to be done, and what decides its answers."""
    from audio_reasoner.evaluation.continuing import LocalContinuer, ServerContinuer
    from audio_reasoner.evaluation.rundir import read_header

    header = (read_header(run) or {}) if run is not None else {}
    if spec.kind == "local":
        from audio_reasoner.evaluation.backends import load_local

        # The answers of a run are continued under the system message they were given under.
        own = "system" not in header
        local = load_local(spec.path, batch_size=batch_size, system=header.get("system"), own_system=own)
        return LocalContinuer(local.reasoner, batch_size), local, dict(local.identity)
    from audio_reasoner.evaluation.remote import LEDGER_NAME, Lines, Remote

    continuer = ServerContinuer(spec.reading, header.get("system"))
    remote = Remote(spec.reading, Lines(Path(LEDGER_NAME)), header.get("system"))
    return continuer, remote, dict(remote.identity)


def _answers(backend: Any, items: Benchmark, out: Path, settings: Settings, err: Console) -> Path:
    """The model's own answers to the questions of the test, made now."""
    from audio_reasoner.evaluation.causal import pick_items
    from audio_reasoner.evaluation.remote import LEDGER_NAME, Lines, Remote
    from audio_reasoner.evaluation.run import Plan, answer_benchmark

    if isinstance(backend, Remote):
        backend.lines = Lines(out / LEDGER_NAME)
    chosen = frozenset(item.id for item in pick_items(items, settings.items, settings.seed))
    plan = Plan(
        long_audio="whole" if isinstance(backend, Remote) else "refuse",
        max_new_tokens=settings.max_new_tokens,
        only=chosen,
        allow_missing=None,
    )
    err.print(f"{len(chosen)} questions are answered first → {out}", highlight=False, soft_wrap=True)
    try:
        result = answer_benchmark(backend, items, out, plan)
    finally:
        if isinstance(backend, Remote):
            backend.lines.close()
    for problem in result.failed[:10]:
        err.print(f"not asked: {problem}", style="yellow", highlight=False, soft_wrap=True, markup=False)
    return out


def _long_audio(run: Path) -> Any:
    from audio_reasoner.evaluation.rundir import read_header

    return ((read_header(run) or {}).get("config") or {}).get("long_audio") or "refuse"


def _cell(found: Any) -> str:
    if not found or found.get("value") is None:
        return "–"
    low, high = found["interval_95"]
    return f"{100 * found['value']:.1f} ({100 * low:.0f}–{100 * high:.0f})"


def show(told: dict[str, Any], console: Console) -> None:
    """The figures as tables, and what they say."""
    from rich.table import Table

    table = Table(box=None, title="in percent, with 95 % intervals over recordings", title_justify="left")
    heads = (
        "intervention", "n", "changed", "beyond repeat", "beyond irrelevant", "implied answer", "by repeat", "right",
    )  # fmt: skip
    for name in heads:
        table.add_column(name, justify="left" if name == "intervention" else "right", no_wrap=name == "intervention")
    for name, found in told["interventions"].items():
        right = f"{_short(found['accuracy_before'])} → {_short(found['accuracy_after'])}"
        table.add_row(
            name,
            str(found["n"]),
            _cell(found["changed"]),
            _cell(found["beyond_placebo"]),
            _cell(found["beyond_irrelevant"]),
            _cell(found["followed"]),
            _cell(found["followed_by_placebo"]),
            right,
        )
    console.print(table)
    families = Table(box=None, title="implied answer given, by family (n)", title_justify="left")
    names = [n for n, f in told["interventions"].items() if f["followed"]["n"]]
    families.add_column("family", no_wrap=True)
    for name in names:
        families.add_column(name, justify="right")
    for family, found in told["families"].items():
        cells = [found.get(name, {}).get("followed") for name in names]
        families.add_row(family or "–", *(f"{_short(c)} ({c['n']})" if c and c["n"] else "–" for c in cells))
    if names:
        console.print(families)
    for line in (*told["reading"], *told["not_shown"]):
        console.print(f"· {line}", highlight=False, soft_wrap=True)
    if told["left_out"]:
        reasons = ", ".join(f"{why} {n}" for why, n in told["left_out"].items())
        console.print(f"left out: {reasons}", highlight=False, soft_wrap=True)


def _short(found: Any) -> str:
    return "–" if not found or found.get("value") is None else f"{100 * found['value']:.1f}"
