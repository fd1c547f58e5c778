"""How a training looks in a terminal: one live line, evaluations as they come, a table at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audio_reasoner.cli.progress import PhaseView, time_text

if TYPE_CHECKING:
    from audio_reasoner.training import Progress, TrainResult


class View(PhaseView):
    """Shows a training on stderr."""

    def watch(self, p: Progress) -> None:
        """Take one report."""
        if p.note:
            self.say(p.note)
        if p.evaluation is not None:
            self.say(self._evaluation(p))
            return
        figures = f"{p.done:,.0f} of {p.total:,.0f}" if p.total else ""
        if p.loss is not None and p.seconds_left is not None:
            figures = (
                f"step {p.step} · epoch {p.epoch:.2f} · loss {p.loss:.3f} · tokens right {p.token_accuracy or 0:.1%} · "
                f"{p.samples_per_second:.0f} samples/s · {p.tokens_per_second:,.0f} tokens/s · "
                f"{p.padding_share or 0:.0%} padding · {time_text(p.seconds_left)} left"
            )
        self.show(p.phase, p.done, p.total, figures)

    def _evaluation(self, p: Progress) -> str:
        e: dict[str, Any] = p.evaluation or {}
        families = " · ".join(
            f"{name} {f['accuracy']:.0%} ({f['majority']:.0%})" for name, f in e.get("families", {}).items()
        )
        return (
            f"  held out after step {p.step}, {e.get('samples', 0)} questions: "
            f"well-formed {e.get('well_formed', 0):.0%}, right {e.get('accuracy', 0):.0%} | {families} (majority)"
        )

    def summary(self, result: TrainResult) -> None:
        """The end: accuracy per family, and what to do next."""
        from rich.table import Table

        if result.interrupted:
            self.interrupted(result.steps)
            return
        found = result.metrics
        self.say(
            f"Trained {found['parameters'] / 1e6:.2f} M weights for {result.minutes:.1f} minutes: "
            f"{result.steps} steps, {result.samples:,} samples, "
            f"{found['tokens_per_second']:,.0f} tokens/s, {found['precision']}."
        )
        if result.left_out:
            codes = ", ".join(f"{code} {count:,}" for code, count in result.left_out_codes.items())
            self.say(f"{result.left_out:,} samples were left out ({codes}); {result.out / 'left_out.jsonl'} says why.")
        held = found["held_out"]
        if held.get("samples"):
            self.say(
                f"On {held['samples']} held-out questions: {held['well_formed']:.1%} well-formed chains, "
                f"{held['accuracy']:.1%} right."
            )
            table = Table("question family", "samples", "accuracy", "majority answer", "difference")
            for column in table.columns[1:]:
                column.justify = "right"
            for name, f in held["families"].items():
                gain = f"{(f['accuracy'] - f['majority']) * 100:+.0f} points"
                table.add_row(name, str(f["samples"]), f"{f['accuracy']:.1%}", f"{f['majority']:.1%}", gain)
            self.console.print(table)
        self.say(f"The model is in {result.out}.")
