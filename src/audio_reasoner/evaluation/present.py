"""A score as a terminal table and as Markdown: the same columns in both.

Decision: every accuracy stands beside its interval and beside the best constant answer of its group, because 30 % can
be a fine score or worse than always saying "two".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from audio_reasoner.evaluation.intervals import wilson
from audio_reasoner.evaluation.mmau import Group, Report

if TYPE_CHECKING:
    from rich.console import Console

_HEAD = ("group", "items", "strict %", "extracted %", "option %", "95 %", "unparsed %", "best constant %", "chance %")
_KIND_TITLES = {"task": "by task", "difficulty": "by difficulty", "sub_category": "by sub-category"}
MOST_PROBLEMS = 20


def _percent(count: float, n: int) -> str:
    return f"{100 * count / n:.2f}" if n else "–"


def _cells(group: Group) -> tuple[str, ...]:
    low, high = wilson(group.option, group.predicted)
    return (
        group.name,
        str(group.n) if group.n == group.predicted else f"{group.predicted} of {group.n}",
        _percent(group.strict, group.predicted),
        _percent(group.extracted, group.predicted),
        _percent(group.option, group.predicted),
        f"{100 * low:.1f}–{100 * high:.1f}" if group.predicted else "–",
        _percent(group.unparsed, group.predicted),
        f"{_percent(group.constant.correct, group.n)} ({group.constant.answer[:24]})",
        f"{100 * group.chance:.1f}",
    )


def _notes(report: Report) -> list[str]:
    all_, notes = report.overall, []
    if all_.predicted < all_.n:
        notes.append(
            f"{all_.n - all_.predicted} of {all_.n} items have no answer. The columns count answered items, as MMAU's "
            f"script does; over all items: strict {_percent(all_.strict, all_.n)}, extracted "
            f"{_percent(all_.extracted, all_.n)}, option {_percent(all_.option, all_.n)} %."
        )
    if all_.from_summary:
        notes.append(
            f"{all_.from_summary} options were found in the SUMMARY, because the RESPONSE named none (extracted and "
            "option only)."
        )
    notes.append(
        f"{_percent(all_.well_formed, all_.predicted)} % of the replies are well-formed chains, "
        f"{_percent(all_.tagged, all_.predicted)} % use any tag."
    )
    return notes


def _title(report: Report) -> str:
    return f"{report.predictions_file or 'predictions'} on {report.benchmark.path.name}"


def _provenance(report: Report) -> str:
    return f"data: {report.benchmark.revision}, sha256 {report.benchmark.sha256}"


def print_report(report: Report, console: Console) -> None:
    """Write the tables, notes and problems to a terminal."""
    from rich.table import Table
    from rich.text import Text

    table = Table(title=_title(report), title_justify="left", box=None, pad_edge=False)
    for i, name in enumerate(_HEAD):
        table.add_column(name, justify="left" if i == 0 else "right", overflow="fold")
    table.add_row(*map(Text, _cells(report.overall)), style="bold")
    for kind, groups in report.groups.items():
        if groups:
            table.add_section()
            table.add_row(Text(_KIND_TITLES[kind], style="dim"))
            for group in groups:
                table.add_row(*map(Text, _cells(group)))
    console.print(table)
    for note in _notes(report):
        console.print(Text(note))
    console.print(Text(_provenance(report), style="dim"))
    if report.problems:
        console.print(Text(f"{len(report.problems)} problems:", style="bold yellow"))
        for problem in report.problems[:MOST_PROBLEMS]:
            console.print(Text(f"  {problem}"))
        if len(report.problems) > MOST_PROBLEMS:
            console.print(Text(f"  … and {len(report.problems) - MOST_PROBLEMS} more; --json holds them all"))


def to_markdown(report: Report) -> str:
    """The report as Markdown."""

    def cell(text: str) -> str:
        return " ".join(text.split()).replace("|", "\\|")

    lines = [f"# {cell(_title(report))}", "", cell(_provenance(report)), ""]
    lines += ["| " + " | ".join(_HEAD) + " |", "|---" + "|---:" * (len(_HEAD) - 1) + "|"]
    lines.append("| " + " | ".join(f"**{cell(c)}**" for c in _cells(report.overall)) + " |")
    for kind, groups in report.groups.items():
        for group in groups:
            name, *cells = _cells(group)
            row = [f"{_KIND_TITLES[kind].removeprefix('by ')}: {name}", *cells]
            lines.append("| " + " | ".join(cell(c) for c in row) + " |")
    lines += ["", *(f"- {cell(note)}" for note in _notes(report))]
    if report.problems:
        lines += ["", f"{len(report.problems)} problems:", "", *(f"- {cell(problem)}" for problem in report.problems)]
    return "\n".join(lines) + "\n"
