"""`audio-reasoner synth scripts`: the words of dialogues, before anybody speaks them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from audio_reasoner.core.errors import EXIT_QUARANTINED, ConfigError

if TYPE_CHECKING:
    from rich.console import Console

    from audio_reasoner.synth.scripts.llm import ScriptRun
    from audio_reasoner.synth.scripts.script import Script

_MODEL = "With a language model"
FEW = 8
"""Scripts that were set aside and are told one by one."""


def scripts(
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Directory for scripts.jsonl (and the ledger of a model's replies)."),
    ] = None,
    n: Annotated[int, typer.Option("-n", min=1, help="Number of scripts.")] = 100,
    seed: Annotated[int, typer.Option(min=0, help="Which scripts.")] = 0,
    speakers: Annotated[
        tuple[int, int], typer.Option(help="Fewest and most speakers of a dialogue.", metavar="LOW HIGH")
    ] = (2, 5),
    language: Annotated[str, typer.Option(help="Language spoken, as a tag such as en or pt-BR.")] = "en",
    scenario: Annotated[
        list[str] | None,
        typer.Option(help="Only this scenario; may be given again. Short names, or any noun phrase for a model."),
    ] = None,
    teacher: Annotated[
        str | None,
        typer.Option(
            help="Model that writes: openai:MODEL@URL, openai:MODEL, gemini:MODEL; ours if not given.",
            rich_help_panel=_MODEL,
        ),
    ] = None,
    max_cost: Annotated[
        float | None, typer.Option(help="Spend at most so many USD in this directory.", rich_help_panel=_MODEL)
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what it would need, and ask nobody.", rich_help_panel=_MODEL)
    ] = False,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Ask again for what was set aside.", rich_help_panel=_MODEL)
    ] = False,
    prices: Annotated[Path | None, typer.Option(help="YAML file with prices.", rich_help_panel=_MODEL)] = None,
    rpm: Annotated[float | None, typer.Option(help="Requests per minute, if known.", rich_help_panel=_MODEL)] = None,
    tpm: Annotated[float | None, typer.Option(help="Tokens per minute, if known.", rich_help_panel=_MODEL)] = None,
    max_in_flight: Annotated[
        int | None, typer.Option(min=1, help="Calls at the same time, if known.", rich_help_panel=_MODEL)
    ] = None,
    timeout: Annotated[
        float, typer.Option(min=1, help="Seconds until a call counts as lost.", rich_help_panel=_MODEL)
    ] = 300.0,
    patience: Annotated[
        float, typer.Option(min=0, help="Seconds to wait for a server that is down.", rich_help_panel=_MODEL)
    ] = 300.0,
    check: Annotated[
        Path | None, typer.Option(help="Read this file of scripts, say what is in it or what is wrong, write nothing.")
    ] = None,
    show: Annotated[int, typer.Option(min=0, help="Print the first so many scripts.")] = 0,
) -> None:
    """Write dialogues as text, with what is true of them; `synth dialogue --scripts` speaks them."""
    from rich.console import Console

    from audio_reasoner.cli.progress import stderr

    console, err = Console(emoji=False), stderr()
    if check is not None:
        from audio_reasoner.synth.scripts.script import read_scripts

        _tell(list(read_scripts(check)), show, console)
        return
    low, high = speakers
    if not 2 <= low <= high <= 5:
        raise ConfigError(
            f"{low} to {high} speakers; 2 to 5 are possible, the lower number first.", code="script.speakers"
        )
    settings: dict[str, Any] = {
        "language": language,
        "scenarios": tuple(scenario or ()),
        "speakers": tuple(range(low, high + 1)),
    }
    if out is None:
        raise ConfigError("Where the scripts are to go is not said.", code="config.usage", hint="Add -o DIRECTORY.")
    if teacher is None:
        if dry_run or retry_failed or max_cost is not None:
            raise ConfigError(
                "The embedded writer costs nothing and cannot fail.", code="config.usage", hint="Name a --teacher."
            )
        from audio_reasoner.synth.scripts.script import SCRIPTS_NAME, save_scripts
        from audio_reasoner.synth.scripts.writer import write_embedded

        written = list(write_embedded(n, seed, **settings))
        out.mkdir(parents=True, exist_ok=True)
        save_scripts(out / SCRIPTS_NAME, written)
        _tell(written, show, console)
        console.print(f"{len(written):,} scripts → {out / SCRIPTS_NAME}", highlight=False, soft_wrap=True)
        return
    from audio_reasoner.clients.prices import PriceTable

    table = PriceTable.load(prices)
    if dry_run:
        from audio_reasoner.synth.scripts.llm import forecast

        need = forecast(teacher, n, seed, out, prices=table, **settings)
        money = "no price is known for this model"
        if need.likely_micro is not None and need.most_micro is not None:
            money = f"about ${need.likely_micro / 1e6:.2f}, at most ${need.most_micro / 1e6:.2f}"
        console.print(
            f"{need.scripts:,} scripts, {need.known:,} in the ledger; {need.calls:,} calls (twice that if every reply "
            f"needs repair), {need.tokens_in:,} tokens in, about {need.likely_out:,} out: {money}.",
            highlight=False,
            soft_wrap=True,
        )
        return
    result = _asked(
        teacher, n, seed, out, err, settings
        | {
            "prices": table, "max_cost_usd": max_cost, "retry_failed": retry_failed, "timeout_s": timeout,
            "patience_s": patience, "limits": (rpm, tpm, max_in_flight),
        },
    )  # fmt: skip
    _tell(list(result.scripts.values()), show, console)
    told: dict[str, Any] = {"highlight": False, "soft_wrap": True}
    console.print(
        f"{len(result.scripts):,} scripts ({result.repaired:,} after a repair), {result.asked:,} calls now, "
        f"{result.cached:,} in the ledger, ${result.spent_micro / 1e6:.2f} in all → {out / 'scripts.jsonl'}",
        **told,
    )
    for aside in result.set_aside[:FEW]:
        err.print(f"set aside: script {aside.index} [{aside.code}] {aside.detail[:300]}", markup=False, **told)
    if result.set_aside:
        rest = len(result.set_aside) - FEW
        err.print(
            f"{len(result.set_aside):,} scripts were set aside{f' ({rest:,} not shown)' if rest > 0 else ''}, "
            f"{result.near:,} of them near duplicates. Ask again for them with --retry-failed.",
            **told,
        )
        raise typer.Exit(EXIT_QUARANTINED)


def _asked(teacher: str, n: int, seed: int, out: Path, err: Console, options: dict[str, Any]) -> ScriptRun:
    from audio_reasoner.cli.progress import bars
    from audio_reasoner.clients import CallerStats, Limits
    from audio_reasoner.synth.scripts.llm import write_scripts

    rpm, tpm, in_flight = options.pop("limits")
    with bars(err) as progress:
        task = progress.add_task("scripts", total=n)

        def on_progress(done: int, of: int, stats: CallerStats) -> None:
            spent = stats.spent_micro / 1e6
            progress.update(task, completed=done, total=of, description=f"scripts, ${spent:.2f}")

        return write_scripts(
            teacher, n, seed, out, on_progress=on_progress,
            limits=Limits(requests_per_minute=rpm, tokens_per_minute=tpm, max_in_flight=in_flight), **options,
        )  # fmt: skip


def _tell(written: list[Script], show: int, console: Console) -> None:
    """What the scripts consist of, and the first of them whole."""
    from audio_reasoner.synth.scripts.writer import composition, composition_text

    for k, script in enumerate(written[:show]):
        who = ", ".join(f"s{i} {name or '–'}" for i, name in enumerate(script.names))
        console.print(f"{k}: {script.scenario} ({who})", markup=False, highlight=False, soft_wrap=True)
        for i, line in enumerate(script.lines):
            console.print(f"  {i:>2} s{line.speaker} {line.text}", markup=False, highlight=False, soft_wrap=True)
        for fact in script.facts:
            console.print(
                f"     {fact.kind} {fact.subject or ''} {fact.value} {list(fact.events)}",
                markup=False, highlight=False, soft_wrap=True, style="dim",
            )  # fmt: skip
    console.print(composition_text(composition(written)), markup=False, highlight=False, soft_wrap=True)


def register(app: typer.Typer) -> None:
    """Add `synth scripts`."""
    app.command("scripts")(scripts)
