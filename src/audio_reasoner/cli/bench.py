"""`audio-reasoner bench`: measures parts of the package on known cases."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Measure the parts of the data engine on known cases.")


@app.callback()
def _root() -> None: ...


@app.command("discriminator")
def discriminator(
    teacher: Annotated[str | None, typer.Option(help="Also measure this language model as a judge.")] = None,
    n: Annotated[int, typer.Option("-n", min=2, help="Defects of each kind.")] = 1000,
    teacher_n: Annotated[int, typer.Option(min=2, help="Defects of each kind for the teacher (one call each).")] = 20,
    seed: Annotated[int, typer.Option(min=0, help="Decides clips, sentences, values and places.")] = 0,
    kinds: Annotated[str | None, typer.Option(help="Only these kinds, separated by commas.")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write a page; a ledger lies beside.")] = None,
    json_out: Annotated[Path | None, typer.Option("--json", help="Write the result as JSON.")] = None,
    max_cost: Annotated[float | None, typer.Option(min=0, help="Spend cap for the teacher in US dollars.")] = None,
    prompts: Annotated[Path | None, typer.Option(help="Folder with prompt templates that replace ours.")] = None,
) -> None:
    """Plant known defects in sound samples and count which are found by the checks, the claims and a teacher.

    A teacher's calls are stored beside the page (or in bench.ledger.sqlite): the same run again costs nothing.
    """
    import json

    from rich.console import Console

    from audio_reasoner.checks.plant import KINDS
    from audio_reasoner.core.errors import ConfigError
    from audio_reasoner.cota import bench, bench_view

    names = tuple(k.strip() for k in (kinds or "").split(",") if k.strip())
    if unknown := sorted(set(names) - set(KINDS)):
        raise ConfigError(
            f"There is no kind of defect {', '.join(unknown)}.",
            code="bench.unknown_kind",
            hint=f"Known: {', '.join(KINDS)}.",
        )
    if teacher is not None:
        from audio_reasoner import teachers

        if not teachers.is_remote(teacher):
            raise ConfigError(
                f"The teacher {teacher!r} cannot judge.",
                code="judge.offline",
                hint="Name a language model, e.g. openai:MODEL@http://host:8000/v1 or gemini:MODEL.",
            )
    for path in (out, json_out):
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
    console, errors = Console(emoji=False), Console(stderr=True, emoji=False)
    with errors.status("Making sound samples") as status:

        def watch(what: str, done: int, of: int) -> None:
            status.update(f"{what} ({done} of {of})")

        items = bench.pool(seed)
        result = bench.measure(n, seed, kinds=names, items=items, watch=watch)
        if teacher is not None:
            from audio_reasoner.cota.bench_judge import JudgeSettings, judge_bench

            ledger = out.with_suffix(".ledger.sqlite") if out is not None else Path("bench.ledger.sqlite")
            settings = JudgeSettings(teacher, teacher_n, ledger, max_cost, prompts)
            judge_bench(result, items, settings, watch)
    bench_view.print_bench(result, console)
    if json_out is not None:
        json_out.write_text(json.dumps(result.to_dict(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if out is not None:
        from audio_reasoner.report import write_text

        write_text(out, bench_view.bench_page(result))
        errors.print(f"Wrote {out}.")
