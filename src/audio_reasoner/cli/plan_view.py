"""A training's needs as tables on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from audio_reasoner.training.plan import Need, Plan

BAR = 28


def show_plan(console: Console, plan: Plan) -> None:
    """Print what a recipe needs; every figure is computed."""
    from rich.table import Table
    from rich.text import Text

    w = plan.work
    learned = sum(w.learned.values())
    how = "adapters in " if w.adapted else ""
    console.print(Text(f"Plan for {plan.recipe} (all figures computed)", "bold"))
    rows = [
        ("model", f"{plan.model}: {plan.sizes.total / 1e6:,.1f} M weights; sizes from {plan.sizes_from}"),
        ("learns", f"{learned / 1e6:,.1f} M weights: {how}{', '.join(w.learned)}"),
        ("precision", "bfloat16 products, 32-bit sums" if w.mixed else "float32"),
        (
            "at once",
            f"{w.tokens:,} tokens of {w.clips:.1f} samples; "
            f"activation checkpointing {'on' if w.checkpointing else 'off'}, "
            f"logits of {'all' if w.chunk is None else w.chunk} targets",
        ),
        ("samples", f"{plan.samples:,.0f} of {plan.tokens_per_sample:,.0f} tokens"),
        (
            "operations",
            f"{sum(plan.operations.values()) / 1e12:.3g} T per sample "
            f"(clips padded to 30 s: {sum(plan.operations_padded.values()) / 1e12:.3g} T)",
        ),
        ("checkpoint", f"{plan.checkpoint / 1e9:.1f} GB on disk"),
    ]
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(name, Text(value))
    console.print(table)
    console.print()
    _memory(console, plan)
    for need in plan.needs:
        _verdict(console, need)
    console.print()
    for note in plan.notes:
        console.print(Text(note, "dim"))


def _memory(console: Console, plan: Plan) -> None:
    from rich.table import Table

    table = Table("GB per GPU", box=None, pad_edge=False)
    for need in plan.needs:
        table.add_column(need.gpus.name, justify="right")
    for name in plan.needs[0].memory:
        table.add_row(name, *(f"{need.memory[name] / 1e9:.1f}" for need in plan.needs))
    table.add_row("sum", *(f"{n.total / 1e9:.1f} of {n.gpus.memory / 1e9:.1f}" for n in plan.needs), style="bold")
    table.add_row("", *(_bar(n) for n in plan.needs))
    table.add_row("sum, clips padded to 30 s", *(f"{n.total_padded / 1e9:.1f}" for n in plan.needs))
    table.add_row("hours", *(_hours(n.hours, n.fits) for n in plan.needs))
    table.add_row("hours, clips padded to 30 s", *(_hours(n.hours_padded, n.fits) for n in plan.needs))
    table.add_row(
        "GPU hours", *(_hours((n.hours[0] * n.gpus.count, n.hours[1] * n.gpus.count), n.fits) for n in plan.needs)
    )
    console.print(table)
    console.print()


def _bar(need: Need) -> str:
    """How full the GPU is; what does not fit runs over with arrows."""
    filled = round(BAR / 2 * min(1.0, need.total / need.gpus.memory))
    return "█" * filled + "░" * (BAR // 2 - filled) + (" " if need.fits else "▶")


def _hours(hours: tuple[float, float], fits: bool = True) -> str:
    """Best and worst; in brackets where it would take so long if it fitted."""
    low, high = hours
    text = f"{low:,.0f}–{high:,.0f}" if low >= 10 else f"{low:.2g}–{high:.2g}"
    return text if fits else f"({text})"


def _verdict(console: Console, need: Need) -> None:
    from rich.padding import Padding
    from rich.text import Text

    head = f"{need.gpus.name} ({need.gpus.kind}): "
    if need.fits:
        console.print(Text.assemble(head, ("fits", "green"), f", {_hours(need.hours)} hours"))
        return
    over = (need.total - need.gpus.memory) / 1e9
    console.print(Text.assemble(head, ("does not fit", "bold red"), f": {over:.1f} GB too much per GPU"))
    if not need.remedies:
        console.print(
            Padding(Text("nothing that was tried fits (less at once, adapters, up to 64 GPUs)"), (0, 0, 0, 2))
        )
    for r in need.remedies:
        console.print(
            Padding(Text.assemble(("fits with ", "bold"), f"{r.text} ({r.total / 1e9:.1f} GB)"), (0, 0, 0, 2))
        )
