"""A score as a terminal table and as Markdown: the same columns in both, for every kind of benchmark.

Decision: built from `Score` alone, so a benchmark gets its tables for nothing. Every accuracy stands beside its
interval and beside the best constant answer of its group, because 30 % can be a fine score or worse than always
saying "two".
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from audio_reasoner.evaluation.base import GroupScore, Metric, Score

if TYPE_CHECKING:
    from rich.console import Console

MOST_PROBLEMS = 20
_SHORTEST_NAME = 16
_MAIN = ("strict", "extracted", "option", "judged")
_DECIMALS = {"percent": 2, "bleu": 2, "score": 2, "share": 3}
_UNITS = {"percent": "percent", "bleu": "BLEU, 0 to 100", "score": "points from 1 to 10", "share": "share, 0 to 1"}


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


def _short(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _number(value: float | None, metric: Metric) -> str:
    return "–" if value is None else f"{value:.{_DECIMALS[metric.unit]}f}"


def _interval(group: GroupScore, metric: Metric) -> str:
    value = group.values.get(metric.name)
    if value is None or value.interval is None:
        return "–"
    low, high = value.interval
    decimals = _DECIMALS[metric.unit] - 1
    return f"{low:.{decimals}f}–{high:.{decimals}f}"


def _headline(score: Score) -> Metric:
    return next((m for m in score.metrics if m.name == score.headline), score.metrics[0])


class _Columns:
    """What a score's tables show, from left to right: names, numbers, and what they are to be held against."""

    def __init__(self, score: Score, longest_constant: int) -> None:
        self.score = score
        self.longest = longest_constant
        self.head = _headline(score)
        facts = score.overall.facts
        self.has = {name: name in facts for name in ("unparsed", "best_constant", "chance")}
        # An official rule that leaves answers out of its count gets a second column with all items in it.
        self.dropping = {
            m.name
            for m in score.metrics
            if m.official
            and (m is self.head or m.name in _MAIN)
            and (v := score.overall.values.get(m.name)) is not None
            and v.n < score.overall.answered
            and (v.value is not None or v.over_all is not None)
        }
        self.titles = ["group", "items"]
        for m in score.metrics:
            self.titles += [m.title, f"{m.title} of all"] if m.name in self.dropping else [m.title]
        self.titles.append("95 %")
        self.titles += [
            title
            for title, name in (("unparsed", "unparsed"), ("constant", "best_constant"), ("chance", "chance"))
            if self.has[name]
        ]

    def cells(self, group: GroupScore) -> list[str]:
        """One line of a table."""
        row = [group.name, str(group.items) if group.items == group.answered else f"{group.answered}/{group.items}"]
        for metric in self.score.metrics:
            value = group.values.get(metric.name)
            row.append("–" if value is None else _number(value.value, metric))
            if metric.name in self.dropping:
                whole = None if value is None else value.over_all if value.over_all is not None else value.value
                row.append(_number(whole, metric))
        row.append(_interval(group, self.head))
        if self.has["unparsed"]:
            row.append(_rate(group.facts.get("unparsed")))
        if self.has["best_constant"]:
            best = group.facts.get("best_constant")
            row.append("–" if best is None else f"{best['value']:.2f} {_short(str(best['answer']), self.longest)}")
        if self.has["chance"]:
            chance = group.facts.get("chance")
            row.append("–" if chance is None else f"{chance:.1f}")
        return row

    def fitting(self, width: int, rows: list[list[str]]) -> list[int]:
        """The columns that fit into `width` characters; those that decide are kept longest."""
        widest = [max(len(row[i]) for row in rows) for i in range(len(self.titles))]
        least = [min(_SHORTEST_NAME, widest[0]), *widest[1:]]
        kept = list(range(len(self.titles)))
        spare = [m for m in reversed(self.score.metrics) if m is not self.head]
        # Beside a headline like "UA extracted" the same reading stays longest, so that no two rules stand side by side
        # as if they were two measures of one.
        spare.sort(key=lambda m: self.head.name.startswith(f"{m.name}_"))
        further = [m.title for m in spare if m.name not in _MAIN]
        for title in ("chance", *further, "constant", *(m.title for m in spare if m.name in _MAIN)):
            if sum(least[i] + 2 for i in kept) <= width:
                break
            kept = [i for i in kept if self.titles[i] != title]
        return kept

    def legend(self, shown: list[int]) -> str:
        """What the columns mean."""
        units = sorted({_UNITS[m.unit] for m in self.score.metrics})
        said = [f"In {units[0]}." if len(units) == 1 else f"Units: {'; '.join(units)}."]
        said.append(f"95 %: interval of {self.head.title}, bootstrap over recordings.")
        if self.dropping:
            nothing = "as 0" if self.head.unit == "score" else "as wrong"
            said.append(f"of all: every item counts, answers the official rule leaves out {nothing}.")
        if self.has["best_constant"]:
            said.append("constant: best answer without listening, a text or a (position).")
        if self.has["chance"]:
            said.append("chance: expected of random choices.")
        if hidden := [title for i, title in enumerate(self.titles) if i not in shown]:
            said.append(f"Not shown for lack of room: {', '.join(hidden)}; --json and --markdown hold all.")
        return " ".join(said)


def _rate(fact: Any) -> str:
    if not isinstance(fact, dict) or fact.get("rate") is None:
        return "–"
    return f"{100 * fact['rate']:.2f}"


def _title(score: Score) -> str:
    return f"{score.predictions_file or 'predictions'} on {score.benchmark.path.name} ({score.benchmark.name})"


def _provenance(score: Score) -> str:
    return f"data: {score.benchmark.revision}, sha256 {score.benchmark.sha256}"


def _paper(score: Score) -> str:
    if not any(value is not None for value in score.paper.values()):
        return ""
    head = _headline(score)
    cells = ", ".join(f"{name} {_number(value, head)}" for name, value in score.paper.items())
    # The paper's BLEU1 to BLEU4 are no BLEU: see `covost2`.
    rule = "n-gram precision" if score.benchmark.kind == "translation" else head.title
    return f"the paper's columns, by {rule}: {cells}"


def _metrics(score: Score) -> list[str]:
    return [f"{m.title}{' (official)' if m.official else ''}: {m.explained}" for m in score.metrics]


def print_score(score: Score, console: Console) -> None:
    """Write the tables, notes and problems to a terminal."""
    from rich.table import Table
    from rich.text import Text

    columns = _Columns(score, 24 if console.width >= 130 else 12)
    lines: list[tuple[list[str], str]] = [(columns.cells(score.overall), "bold")]
    for kind, groups in score.tables.items():
        # One group that holds everything would only repeat the first line.
        if groups and not (len(groups) == 1 and groups[0].items == score.overall.items):
            lines.append(([kind, *[""] * (len(columns.titles) - 1)], "dim italic"))
            lines += [(columns.cells(group), "") for group in groups]
    shown = columns.fitting(console.width, [columns.titles, *(cells for cells, _ in lines)])
    table = Table(box=None, pad_edge=False, padding=(0, 1))
    for i in shown:
        table.add_column(columns.titles[i], justify="left" if i == 0 else "right", no_wrap=i > 0)
    for cells, style in lines:
        table.add_row(*(Text(_printable(cells[i])) for i in shown), style=style)
    console.print(Text(_printable(_title(score)), style="bold"))
    console.print(table)
    console.print(Text(columns.legend(shown), style="dim"))
    if paper := _paper(score):
        console.print(Text(paper))
    for note in score.notes:
        console.print(Text(_printable(note)))
    for deviation in score.deviations:
        console.print(Text(f"differs from the official procedure: {_printable(deviation)}"))
    console.print(Text(_provenance(score), style="dim"))
    if score.problems:
        console.print(Text(f"problems: {len(score.problems)}", style="bold yellow"))
        for problem in score.problems[:MOST_PROBLEMS]:
            console.print(Text(f"  {_printable(problem)}"))
        if len(score.problems) > MOST_PROBLEMS:
            console.print(Text(f"  … and {len(score.problems) - MOST_PROBLEMS} more; --json holds them all"))


def to_markdown(score: Score) -> str:
    """The score as Markdown."""

    def cell(text: str) -> str:
        return " ".join(text.split()).replace("|", "\\|")

    columns = _Columns(score, 24)
    lines = [
        f"# {cell(_title(score))}",
        "",
        cell(_provenance(score)),
        "",
        columns.legend(list(range(len(columns.titles)))),
        "",
    ]
    lines += ["| " + " | ".join(map(cell, columns.titles)) + " |", "|---" + "|---:" * (len(columns.titles) - 1) + "|"]
    lines.append("| " + " | ".join(f"**{cell(c)}**" for c in columns.cells(score.overall)) + " |")
    for kind, groups in score.tables.items():
        for group in groups:
            name, *cells = columns.cells(group)
            row = [f"{kind}: {name}", *cells]
            lines.append("| " + " | ".join(cell(c) for c in row) + " |")
    if paper := _paper(score):
        lines += ["", cell(paper[0].upper() + paper[1:])]
    lines += ["", *(f"- {cell(text)}" for text in _metrics(score))]
    if score.notes:
        lines += ["", *(f"- {cell(note)}" for note in score.notes)]
    if score.deviations:
        lines += ["", "Differs from the official procedure:", "", *(f"- {cell(text)}" for text in score.deviations)]
    if score.problems:
        lines += ["", f"{len(score.problems)} problems:", "", *(f"- {cell(problem)}" for problem in score.problems)]
    return _printable("\n".join(lines)) + "\n"
