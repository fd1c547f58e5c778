"""What `doctor` found, as tables on a terminal or as plain values."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from audio_reasoner.models.check_up import CheckUp
    from audio_reasoner.models.machine import Finding, Machine
    from audio_reasoner.training.plan import Plan

_COLOURS = {"fails": "bold red", "warning": "yellow", "note": "cyan"}


def as_plain(machine: Machine, report: CheckUp | None, plan: Plan | None) -> dict[str, Any]:
    """Values that JSON can hold: `machine`, and `model` and `plan` or None; `ok` is whether nothing will fail."""
    findings = [*machine.findings, *(report.findings if report is not None else [])]
    model = None
    if report is not None:
        model = {**dataclasses.asdict(report), "path": str(report.path), "total": report.total}
        model["roads"] = [road._asdict() for road in report.roads]
    return {
        "ok": not any(f.level == "fails" for f in findings),
        "machine": dataclasses.asdict(machine),
        "model": model,
        "plan": plan.as_plain() if plan is not None else None,
    }


def show(machine: Machine, report: CheckUp | None, plan: Plan | None) -> None:
    """Print what was found on stdout."""
    from rich.console import Console

    console = Console(emoji=False, highlight=False, markup=False, soft_wrap=False)
    _machine(console, machine)
    if report is not None:
        _model(console, report)
    if plan is not None:
        from audio_reasoner.cli.plan_view import show_plan

        show_plan(console, plan)


def _rows(console: Console, title: str, rows: list[tuple[str, str]]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, title=Text(title, style="bold"), title_justify="left", pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(name, Text(value))
    console.print(table)


def _findings(console: Console, findings: list[Finding]) -> None:
    from rich.padding import Padding
    from rich.text import Text

    for f in findings:
        console.print(Text.assemble((f"{f.level} ", _COLOURS[f.level]), (f"[{f.code}] ", "dim"), f.text))
        if f.hint:
            console.print(Padding(Text.assemble(("→ ", "bold"), f.hint), (0, 0, 0, 2)))
    console.print()


def _gb(size: float) -> str:
    return f"{size / 1e9:.1f} GB"


def _machine(console: Console, m: Machine) -> None:
    have = " · ".join(f"{name} {v}" for name, v in m.versions.items() if v is not None)
    none = ", ".join(name for name, v in m.versions.items() if v is None)
    threads = f", OMP_NUM_THREADS={m.threads}" if m.threads else ""
    bf16 = "in hardware" if m.bfloat16 else "imitated, slower than float32"
    rows = [
        ("python", f"{m.python}, {m.system}"),
        ("packages", have or "none of those that models need"),
        ("not installed", none or "—"),
        ("processor", f"{m.cores} cores{threads}, load {m.load:.1f}; bfloat16 {bf16}"),
        ("memory", f"{_gb(m.memory)}, {_gb(m.memory_free)} free"),
        ("disk", f"{_gb(m.disk_free)} free here"),
    ]
    if m.versions.get("torch") is None:
        rows[3] = ("processor", f"{m.cores} cores{threads}, load {m.load:.1f}")
    for i, g in enumerate(m.gpus):
        rows.append((f"cuda:{i}", f"{g.name}, {_gb(g.total)}, {_gb(g.free)} free"))
    if not m.gpus:
        rows.append(("GPU", "Apple (mps)" if m.mps else "none that torch sees"))
    ours = [x for x in m.models if x.architecture == "qwen2_audio"]
    rows += [("in hub cache", f"{x.name}, {_gb(x.bytes)}") for x in ours]
    if len(m.models) > len(ours):
        rows.append(("", f"{len(m.models) - len(ours)} models of other architectures"))
    _rows(console, "This machine", rows)
    _findings(console, m.findings)


def _model(console: Console, r: CheckUp) -> None:
    from rich.table import Table
    from rich.text import Text

    from audio_reasoner.models.sizes import PARTS

    rows = [("architecture", r.architecture), ("files", f"{r.files} safetensors, layout of {r.layout}")]
    if r.adapter_of is not None:
        rows.append(("adapter of", r.adapter_of))
    if r.weights:
        parts = " · ".join(f"{name} {_count(r.weights[name])}" for name in (*PARTS, "other") if name in r.weights)
        rows.append(("weights", f"{_count(r.total)}: {parts}"))
        rows.append(
            ("format", ", ".join(f"{k} {n / max(1, sum(r.formats.values())):.0%}" for k, n in r.formats.items()))
        )
    if r.tags is not None:
        rows.append(("tags", "one token each" if r.tags == 1 else f"spelled with up to {r.tags} tokens each"))
    if r.sizes is not None:
        rows.append(("context", f"{r.sizes.context:,} positions"))
    if r.memory:
        rows.append(("to answer", " · ".join(f"{_size(n)} in {name}" for name, n in r.memory.items()) + " (computed)"))
    if r.fits:
        rows.append(("fits", " · ".join(f"{name} {'yes' if ok else 'no'}" for name, ok in r.fits.items())))
    _rows(console, f"Model {r.path}", rows)
    if r.roads:
        table = Table("read by", "", "", box=None, pad_edge=False, show_header=False)
        for program, works, why in r.roads:
            table.add_row(Text(program, "dim"), Text("yes", "green") if works else Text("no", "bold red"), Text(why))
        console.print(table)
    _findings(console, r.findings)


def _count(n: int) -> str:
    for size, unit in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if n >= size:
            return f"{n / size:.3f} {unit}" if unit == "B" else f"{n / size:.1f} {unit}"
    return str(n)


def _size(n: float) -> str:
    return _gb(n) if n >= 1e9 else f"{n / 1e6:.0f} MB"
