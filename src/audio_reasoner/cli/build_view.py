"""What a build shows while it runs: a bar on a terminal, plain lines elsewhere, a table at the end."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from audio_reasoner.cli.progress import BarView, time_text
from audio_reasoner.core.run import RunDir

if TYPE_CHECKING:
    from rich.progress import TaskID

    from audio_reasoner.cota import BuildResult, BuildSettings, Progress
    from audio_reasoner.cota.dry_run import Estimate, Forecast
    from audio_reasoner.cota.statistics import Loss


def rate_text(rate: float) -> str:
    """Clips per second, or per minute where a second is too short."""
    return f"{rate:.1f} clips/s" if rate >= 1 else f"{rate * 60:.1f} clips/min"


def count_text(n: float) -> str:
    """A count that fits into a line: 950, 12.3k, 4.56M."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if n >= size:
            return f"{n / (1e3 if unit == 'k' else size):.3g}{unit}"
    return f"{n:.0f}"


def calls_text(calls: dict[str, Any]) -> str:
    """What `Progress.calls_noted` noted, in one line: speed, places, refusals, tokens, money."""
    allowed = sum(calls["limits"].values())
    parts = [f"{calls['per_s']:.1f} calls/s", f"{calls['in_flight']}/{allowed} in flight"]
    if calls["refused"]:
        parts.append(f"{calls['refused']} × 429")
    if calls["failed"]:
        parts.append(f"{calls['failed']} failed attempts")
    parts.append(f"{count_text(calls['tokens_in'])} tokens in, {count_text(calls['tokens_out'])} out")
    if calls["spent_usd"] or calls["max_cost_usd"] is not None:
        cap = "" if calls["max_cost_usd"] is None else f" of ${calls['max_cost_usd']:.2f}"
        parts.append(f"${calls['spent_usd']:.4f}{cap}")
    if calls["waiting"]:
        parts.append("the teacher does not answer: waiting")
    return ", ".join(parts)


class View(BarView):
    """Shows the progress on stderr, the summary on stdout."""

    def __init__(self) -> None:
        super().__init__("clips · ")
        self._task: TaskID | None = None
        self._phase = ""

    def watch(self, progress: Progress) -> None:
        """Show how far the build is."""
        tally = progress.tally
        left = progress.total - tally.clips
        figures = f"{tally.accepted} samples"
        if tally.rejected:
            figures += f", {tally.rejected} rejected"
        if tally.quarantined:
            figures += f", {tally.quarantined} quarantined"
        if (calls := progress.calls_noted()) is not None:
            steps = ", ".join(f"{n} {stage}" for stage, n in tally.stages.items() if "/" not in stage)
            figures += "".join(f" · {part}" for part in (steps, calls_text(calls)) if part)
        if progress.rate > 0 and progress.phase == "clips":
            figures += f" · {rate_text(progress.rate)} · {time_text(left / progress.rate)} left"
        if self.bar is not None:
            if self._task is None:
                self._task = self.bar.add_task("building", total=progress.total, figures=figures)
            name = "building" if progress.phase == "clips" else "writing the data set"
            self.bar.update(self._task, completed=tally.clips, description=name, figures=figures)
            return
        changed = progress.phase != self._phase
        self._phase = progress.phase
        if progress.phase == "data set":
            self.line(f"writing the data set ({figures})", now=changed)
        elif progress.phase == "clips":
            start = "" if not changed or not tally.clips else ", going on"
            self.line(f"{tally.clips}/{progress.total} clips{start} · {figures}", now=changed)

    def stopping(self) -> None:
        """The first Ctrl-C."""
        self.say("stopping: finishing what is in flight (Ctrl-C again stops at once, and loses nothing stored)")

    def summary(
        self, run: RunDir, settings: BuildSettings, result: BuildResult, lost: list[Loss], **options: int | None
    ) -> None:
        """The end of a build: what came out, what did not and why, what to do next. `options`: as for `command`."""
        from rich.console import Console
        from rich.markup import escape
        from rich.table import Table

        again = command(run.path, settings, **options)
        if result.interrupted:
            self.say(
                f"interrupted after {result.clips_done} of {result.clips} clips; everything so far is stored.\n"
                f"go on with: {again}"
            )
            return
        out = Console(highlight=False, emoji=False)
        if result.capped:
            self.say(
                f"{result.capped}\nspent on this run: ${result.spent_usd:.4f}; what is finished is in the data set"
            )
        out.print(f"{run.path} · {settings.teacher}, {settings.style}", markup=False, soft_wrap=True, style="italic")
        table = Table(show_header=False)
        table.add_column()
        table.add_column(justify="right")
        of_all = "" if result.clips_done == result.clips else f" of {result.clips}"
        table.add_row("clips finished" if of_all else "clips", f"{result.clips_done}{of_all}")
        table.add_row("samples accepted", str(result.accepted))
        table.add_row("samples rejected" if settings.judge else "samples rejected by checks", str(result.rejected))
        table.add_row("quarantined", str(result.quarantined))
        for loss in lost:
            table.add_row(f"  {escape(loss.reason)}", str(loss.count), style="dim")
        finished = "in the data set (finished clips)" if of_all else "samples in the data set"
        table.add_row(finished, str(result.rows))
        if result.spent_usd:
            table.add_row("spent on this run", f"${result.spent_usd:.4f}")
        table.add_row("time", time_text(result.seconds))
        out.print(table)
        for loss in lost:
            if loss.example:
                out.print(f"{loss.reason}, for example: {loss.example}", markup=False, soft_wrap=True)
        steps = [f"audio-reasoner report {run.path}", f"audio-reasoner export {run.path} --format ms-swift"]
        if result.capped:
            cap = settings.max_cost
            steps.insert(0, f"{again}   # goes on" + ("" if cap is None else f"; with --max-cost above {cap:g}"))
        if result.quarantined:
            steps.insert(0, f"{again} --retry-failed   # after mending what is named above")
        out.print("next:", *(f"  {s}" for s in steps), sep="\n", markup=False, soft_wrap=True)


_FLAGS = (
    ("--discriminator", "discriminator"),
    ("--solver", "solver"),
    ("--trials", "trials"),
    ("--prompts", "prompts"),
    ("--give-evidence", "give_evidence"),
    ("--one-call", "one_call"),
    ("--style", "style"),
    ("--questions", "questions_per_clip"),
    ("--seed", "seed"),
    ("--best-of", "best_of"),
    ("--captions", "captions"),
    ("--dialogues", "dialogues"),
    ("--max-cost", "max_cost"),
    ("--prices", "prices"),
    ("--rpm", "rpm"),
    ("--tpm", "tpm"),
    ("--max-in-flight", "max_in_flight"),
    ("--timeout", "timeout_s"),
    ("--patience", "patience_s"),
)
"""Flags of `build` and the settings they set."""


def _estimate_text(estimate: Estimate, money: bool = False) -> str:
    def one(value: float) -> str:
        return f"{value:.2f}" if money else count_text(value)

    return f"{one(estimate.value)} ({one(estimate.low)} to {one(estimate.high)})"


def forecast_table(run: RunDir, settings: BuildSettings, found: Forecast, **options: int | None) -> None:
    """Print what a dry run found. `options`: as for `command`."""
    from rich.console import Console
    from rich.table import Table

    out = Console(highlight=False, emoji=False)
    out.print(
        f"{run.path}: {found.clips} clips, {found.left} left to do; figures from a pilot of {found.pilot}"
        + (f" (${found.spent_usd:.4f}, stored, not paid again)" if found.spent_usd else ""),
        markup=False,
        soft_wrap=True,
    )
    if found.total is not None:
        table = Table(title="the clips that are left (90 % interval)", title_justify="left")
        for name in ("stage", "calls", "tokens in", "tokens out", *(("USD",) if found.priced else ())):
            table.add_column(name, justify="left" if name == "stage" else "right")
        for stage in (*found.stages, found.total):
            money = (_estimate_text(stage.cost_usd, True),) if found.priced else ()
            table.add_row(
                stage.kind,
                _estimate_text(stage.calls),
                _estimate_text(stage.tokens_in),
                _estimate_text(stage.tokens_out),
                *money,
                end_section=stage is found.stages[-1],
            )
        out.print(table)
        if not found.priced:
            out.print("money: a model here has no price; add it with --prices FILE (a local server costs 0)")
    elif found.clips_per_s:
        out.print(f"speed: {rate_text(found.clips_per_s)}; no calls, no money")
    if found.seconds is not None:
        out.print(f"time: about {time_text(found.seconds)} at {found.limit}", markup=False)
    out.print(f"next:\n  {command(run.path, settings, **options)}", markup=False, soft_wrap=True)


def command(run: Path, settings: BuildSettings, **options: int | None) -> str:
    """The command that builds with these settings. `options`: `limit` and `workers`, where they were given.

    A limit left out would turn "go on" into a build, and a bill, over all clips.
    """
    import shlex

    from audio_reasoner.cota import BuildSettings as Defaults

    words = ["audio-reasoner", "build", str(run), "--teacher", settings.teacher]
    default = Defaults()
    for flag, field in _FLAGS:
        value = getattr(settings, field)
        if value == getattr(default, field):
            continue
        if isinstance(value, bool):
            words.append(flag)
        else:
            words += [flag, f"{value:g}" if isinstance(value, float) else str(value)]
    if settings.families:
        words += ["--families", ",".join(settings.families)]
    if not settings.keep.everything:
        chosen = settings.keep.model_dump(exclude_defaults=True)
        words += ["--keep", ",".join(k if v is True else f"{k}={v:g}" for k, v in chosen.items())]
    for name, number in options.items():
        if number is not None:
            words += [f"--{name}", str(number)]
    return shlex.join(words)


def status_table(found: dict[str, Any]) -> None:
    """Print what `cota.statistics.status` found."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=escape(str(found["run"])), title_justify="left", show_header=False)
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    table.add_row("state", f"[bold]{found['state']}[/bold]")
    writer = found["writer"]
    table.add_row(
        "written by",
        "nobody"
        if writer is None
        else escape(f"{writer['command']} (process {writer['pid']} on {writer['host']}, since {writer['since']})"),
    )
    if "clips" in found:
        table.add_row("clips", str(found["clips"]))
    if "plan" in found:
        settings = found["settings"]
        shown = {k: ", ".join(v) if isinstance(v, list) else v for k, v in settings.items()}
        words = "; ".join(f"{k} {v}" for k, v in shown.items() if v not in ("", None, False))
        table.add_row("plan", escape(f"{found['plan']} ({words})"))
        done, total = found["done"], found["total"]
        share = f" ({100 * done / total:.0f} %)" if total else ""
        table.add_row("clips done", f"{done} of {total}{share}")
        if found.get("clips_added"):
            table.add_row("", f"[bold]{found['clips_added']} more clips listed since: build again[/bold]")
        if found.get("rate"):
            left = f", {time_text(found['seconds_left'])} left" if "seconds_left" in found else ""
            table.add_row("rate", f"{rate_text(found['rate'])}{left}")
        if found.get("calls"):
            table.add_row("calls", escape(calls_text(found["calls"])))
        funnel = found["funnel"]
        and_more = f" and {funnel['descriptions']} descriptions" if funnel["descriptions"] else ""
        table.add_row("questions", f"{funnel['questions']}{and_more}")
        table.add_row("samples", f"{funnel['accepted']} accepted, {funnel['rejected']} rejected")
        for code, count in funnel["rejections"].items():
            table.add_row("", escape(f"{count} × {code}"), style="dim")
        for code, count in funnel["filtered"].items():
            table.add_row("", escape(f"{count} accepted, left out by {code}"), style="dim")
        table.add_row("quarantined", str(funnel["quarantined"]))
        for code, count in funnel["quarantine"].items():
            table.add_row("", escape(f"{count} × {code}"), style="dim")
        table.add_row("time", f"{time_text(found['build_s'])}, noted {found['updated']}")
    if found.get("set_aside"):
        table.add_row("set aside when listed", f"{found['set_aside']} (clips/quarantine.jsonl)")
    Console(highlight=False, emoji=False).print(table)
