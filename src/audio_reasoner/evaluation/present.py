"""A score as a terminal table and as Markdown: the same columns in both.

Decision: every accuracy stands beside its interval and beside the best constant answer of its group, because 30 % can
be a fine score or worse than always saying "two".
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from audio_reasoner.evaluation.intervals import wilson
from audio_reasoner.evaluation.mmau import Group, Report

if TYPE_CHECKING:
    from rich.console import Console

_HEAD = ("group", "items", "strict", "extracted", "option", "95 %", "unparsed", "constant", "chance")
_LEGEND = "In percent. 95 %: interval of option. constant: best answer without listening, a text or a (position)."
_LEGEND_CHANCE = " chance: expected of random choices."
_KIND_TITLES = {"task": "task", "difficulty": "difficulty", "sub_category": "sub-category"}
MOST_PROBLEMS = 20


def json_text(value: object, indent: int | None = None) -> str:
    """JSON that can be written as UTF-8: readable, unless a reply holds lone surrogates; then escaped."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(value, indent=indent)
    return text


def _printable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _percent(count: float, n: int) -> str:
    return f"{100 * count / n:.2f}" if n else "–"


def _short(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _cells(group: Group) -> tuple[str, ...]:
    low, high = wilson(group.option, group.predicted)
    return (
        group.name,
        str(group.n) if group.n == group.predicted else f"{group.predicted}/{group.n}",
        _percent(group.strict, group.predicted),
        _percent(group.extracted, group.predicted),
        _percent(group.option, group.predicted),
        f"{100 * low:.1f}–{100 * high:.1f}" if group.predicted else "–",
        _percent(group.unparsed, group.predicted),
        f"{_percent(group.constant.correct, group.n)} {_short(group.constant.answer, 24)}",
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

    # A narrow terminal gets the columns that decide; --json and --markdown hold them all.
    shown = len(_HEAD) if console.width >= 100 else len(_HEAD) - 1
    longest = 24 if console.width >= 120 else 12
    table = Table(box=None, pad_edge=False, padding=(0, 1))
    for i, name in enumerate(_HEAD[:shown]):
        table.add_column(name, justify="left" if i == 0 else "right", no_wrap=i > 0)

    def add(group: Group, style: str = "") -> None:
        cells = list(_cells(group))
        cells[7] = _short(cells[7], longest)
        table.add_row(*map(Text, cells[:shown]), style=style)

    add(report.overall, "bold")
    for kind, groups in report.groups.items():
        # One group that holds everything would only repeat the first line.
        if groups and not (len(groups) == 1 and groups[0].n == report.overall.n):
            table.add_row(Text(_KIND_TITLES[kind], style="dim italic"))
            for group in groups:
                add(group)
    console.print(Text(_title(report), style="bold"))
    console.print(table)
    console.print(Text(_LEGEND + (_LEGEND_CHANCE if shown == len(_HEAD) else ""), style="dim"))
    for note in _notes(report):
        console.print(Text(note))
    console.print(Text(_provenance(report), style="dim"))
    if report.problems:
        console.print(Text(f"problems: {len(report.problems)}", style="bold yellow"))
        for problem in report.problems[:MOST_PROBLEMS]:
            console.print(Text(f"  {_printable(problem)}"))
        if len(report.problems) > MOST_PROBLEMS:
            console.print(Text(f"  … and {len(report.problems) - MOST_PROBLEMS} more; --json holds them all"))


def to_markdown(report: Report) -> str:
    """The report as Markdown."""

    def cell(text: str) -> str:
        return " ".join(text.split()).replace("|", "\\|")

    lines = [f"# {cell(_title(report))}", "", cell(_provenance(report)), "", _LEGEND, ""]
    lines += ["| " + " | ".join(_HEAD) + " |", "|---" + "|---:" * (len(_HEAD) - 1) + "|"]
    lines.append("| " + " | ".join(f"**{cell(c)}**" for c in _cells(report.overall)) + " |")
    for kind, groups in report.groups.items():
        for group in groups:
            name, *cells = _cells(group)
            row = [f"{_KIND_TITLES[kind]}: {name}", *cells]
            lines.append("| " + " | ".join(cell(c) for c in row) + " |")
    lines += ["", *(f"- {cell(note)}" for note in _notes(report))]
    if report.problems:
        lines += ["", f"{len(report.problems)} problems:", "", *(f"- {cell(problem)}" for problem in report.problems)]
    return _printable("\n".join(lines)) + "\n"
