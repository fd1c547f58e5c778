"""`audio-reasoner rl`: a recipe, a run and a model in, the model after reinforcement learning out."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from audio_reasoner.core.errors import EXIT_INTERRUPTED

if TYPE_CHECKING:
    from audio_reasoner.training.grpo import RlProgress, RlResult

PLAIN_EVERY_S = 15.0


def rl(
    recipe: Annotated[Path, typer.Argument(help="YAML file; recipes/grpo.yaml is a start.")],
    data: Annotated[list[Path], typer.Option("--data", "-d", help="Run directory with a data set; may be repeated.")],
    model: Annotated[str, typer.Option("--model", "-m", help="Model directory to begin with.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Model directory to write.")],
    resume: Annotated[bool, typer.Option("--resume", help="Go on from OUT/checkpoint.pt.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the training that is there.")] = False,
    steps: Annotated[int | None, typer.Option(min=1, help="So many steps instead of the recipe's.")] = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, cuda:N; the recipe's, else a GPU if any.")] = None,
) -> None:
    """Train a model further by reward: draw chains, compare them, push towards the better ones (GRPO).

    Ctrl-C saves a checkpoint; --resume goes on from it.
    """
    from audio_reasoner.core.log import setup_logging
    from audio_reasoner.training.grpo import train_rl
    from audio_reasoner.training.rl_recipe import load_rl_recipe

    setup_logging()
    settings = load_rl_recipe(recipe)
    changes = {k: v for k, v in (("steps", steps), ("device", device)) if v is not None}
    view = _View()
    with view.bars:
        result = train_rl(
            settings.model_copy(update=changes), data, model, out, resume=resume, overwrite=overwrite, watch=view.watch
        )
    view.summary(result)
    if result.interrupted:
        raise typer.Exit(EXIT_INTERRUPTED)


class _View:
    """One live line on stderr where it is a terminal, a line every 15 seconds where it is not."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        self._console = Console(stderr=True, emoji=False)
        self.bars = Progress(
            TextColumn("[bold]{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[figures]}"),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        self._task = self.bars.add_task("starting", total=None, figures="")
        self._phase, self._last = "", 0.0

    def watch(self, p: RlProgress) -> None:
        """Take one report."""
        if p.note:
            self._console.print(p.note, highlight=False)
        if p.evaluation is not None:
            self._console.print(_evaluation(p.phase, p.evaluation), highlight=False)
            return
        figures = f"{p.done:,} of {p.total:,}" if p.total else ""
        if p.line is not None:
            parts = " · ".join(f"{name} {value:.2f}" for name, value in p.line["parts"].items())
            figures += (
                f" · reward {p.line['reward']:.3f} ({parts}) · {p.line['tokens_per_chain']:.0f} tokens a chain · "
                f"divergence {p.line['kl']:.4f}"
            )
            if p.seconds_left is not None:
                minutes, seconds = divmod(int(p.seconds_left), 60)
                figures += f" · {minutes}:{seconds:02d} left"
        self.bars.update(self._task, description=p.phase, completed=p.done, total=p.total or None, figures=figures)
        now = time.monotonic()
        if not self._console.is_terminal and (p.phase != self._phase or now - self._last >= PLAIN_EVERY_S):
            self._console.print(f"{p.phase} {figures}".rstrip(), highlight=False)
            self._last = now
        self._phase = p.phase

    def summary(self, result: RlResult) -> None:
        """The end: held-out questions before and after."""
        from rich.table import Table

        console = self._console
        if result.interrupted:
            console.print(
                f"Interrupted after step {result.steps}; the checkpoint is saved. Go on with --resume.", highlight=False
            )
            return
        found = result.metrics
        console.print(
            f"{result.steps} steps, {found['chains']:,} chains, {result.minutes:.1f} minutes of training.",
            highlight=False,
        )
        before, after = found["before"], found["held_out"]
        if after.get("samples"):
            table = Table("held-out questions", "number", "before", "after")
            for column in table.columns[1:]:
                column.justify = "right"
            for name, f in after["families"].items():
                was = before["families"][name]["accuracy"]
                table.add_row(name, str(f["samples"]), f"{was:.1%}", f"{f['accuracy']:.1%}")
            for title, key in (("all", "accuracy"), ("well-formed", "well_formed")):
                table.add_row(title, str(after["samples"]), f"{before[key]:.1%}", f"{after[key]:.1%}")
            lengths = (str(x["mean_answer_tokens"]) for x in (before, after))
            table.add_row("tokens per answer", str(after["samples"]), *lengths)
            console.print(table)
        console.print(f"The model is in {result.out}.", highlight=False)


def _evaluation(phase: str, e: dict[str, Any]) -> str:
    families = " · ".join(f"{name} {f['accuracy']:.0%}" for name, f in e.get("families", {}).items())
    return (
        f"  held out, {phase}, {e.get('samples', 0)} questions: well-formed {e.get('well_formed', 0):.0%}, "
        f"right {e.get('accuracy', 0):.0%} | {families}"
    )
