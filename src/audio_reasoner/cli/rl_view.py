"""How reinforcement learning looks in a terminal: one live line, held-out questions before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audio_reasoner.cli.progress import PhaseView, time_text

if TYPE_CHECKING:
    from audio_reasoner.training.grpo import RlProgress, RlResult


class View(PhaseView):
    """Shows a training on stderr."""

    def watch(self, p: RlProgress) -> None:
        """Take one report."""
        if p.note:
            self.say(p.note)
        if p.evaluation is not None:
            self.say(_evaluation(p.phase, p.evaluation))
            return
        figures = f"{p.done:,} of {p.total:,}" if p.total else ""
        if p.line is not None:
            parts = " · ".join(f"{name} {value:.2f}" for name, value in p.line["parts"].items())
            figures += (
                f" · reward {p.line['reward']:.3f} ({parts}) · {p.line['tokens_per_chain']:.0f} tokens a chain · "
                f"divergence {p.line['kl']:.4f}"
            )
            if p.seconds_left is not None:
                figures += f" · {time_text(p.seconds_left)} left"
        self.show(p.phase, p.done, p.total, figures)

    def summary(self, result: RlResult) -> None:
        """The end: held-out questions before and after."""
        from rich.table import Table

        if result.interrupted:
            self.interrupted(result.steps)
            return
        found = result.metrics
        self.say(f"{result.steps} steps, {found['chains']:,} chains, {result.minutes:.1f} minutes of training.")
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
            self.console.print(table)
        self.say(f"The model is in {result.out}.")


def _evaluation(phase: str, e: dict[str, Any]) -> str:
    families = " · ".join(f"{name} {f['accuracy']:.0%}" for name, f in e.get("families", {}).items())
    return (
        f"  held out, {phase}, {e.get('samples', 0)} questions: well-formed {e.get('well_formed', 0):.0%}, "
        f"right {e.get('accuracy', 0):.0%} | {families}"
    )
