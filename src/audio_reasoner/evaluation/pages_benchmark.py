"""A chapter of the comparison: one benchmark, everything that its runs can be asked.

Decision: the questions come in the order in which a number falls apart: does it depend on how replies are read (the
ladder), on which items (groups), on luck (pairs), on listening at all (controls), on how often one asks (samples), and
does the chain that stands before the answer mean anything (chains, causal test).
"""

# ruff: noqa: E501 (markup and sentences are easier to read unbroken)

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from audio_reasoner.evaluation.compare import Chapter, Group, Pair
from audio_reasoner.evaluation.compare_read import RunData
from audio_reasoner.evaluation.pages_chains import chains_cards
from audio_reasoner.evaluation.pages_listening import controls_card, samples_card
from audio_reasoner.evaluation.pages_values import (
    DASH,
    answered_of,
    constant_dot,
    interval_of,
    p_text,
    partly,
    run_name,
    value_cell,
)
from audio_reasoner.report import (
    Cell,
    Dot,
    DotLine,
    Section,
    card,
    disclosure,
    dot_plot,
    matrix,
    signs,
    table,
    text,
)
from audio_reasoner.report.dots import Shape

LADDER: Mapping[str, tuple[Shape, int]] = {
    "strict": ("ring", 1),
    "extracted": ("disc", 4),
    "judged": ("diamond", 2),
}
"""Readings that are drawn, by metric name; others stand in the table."""
PER_TABLE = 7
"""Runs that stand side by side in one table of groups: more do not fit on paper."""
MOST_PAIRS = 28
DENSE = 12
"""More runs than this make a matrix of short numbers."""


def benchmark_section(chapter: Chapter, baseline: str = "") -> Section:
    """The chapter of one benchmark."""
    parts: list[Markup] = []
    if chapter.warnings:
        items = Markup("").join([Markup("<li>{}</li>").format(w) for w in chapter.warnings])
        parts.append(Markup('<div class="warn"><b>Before you compare</b><ul>{}</ul></div>').format(items))
    if (ladder := _ladder(chapter)) is not None:
        parts.append(ladder)
    parts.append(_scores(chapter))
    parts += _groups(chapter)
    for group in chapter.groups:
        if group.pairs or group.untested:
            parts.append(_pairs(chapter, group, baseline))
    if chapter.controls:
        parts.append(controls_card(chapter))
    if (drawn := samples_card(chapter)) is not None:
        parts.append(drawn)
    parts += chains_cards(chapter)
    several = len(chapter.groups) > 1
    lead = "; ".join(
        f"Data{f' {i}' * several}: {g.revision}, sha256 {g.sha256[:16] or 'not recorded'}"
        for i, g in enumerate(chapter.groups, 1)
    )
    return Section(
        f"b-{chapter.benchmark}",
        chapter.title + (", made data" if all(group.made for group in chapter.groups) else ""),
        Markup('<div class="stack">{}</div>').format(Markup("").join(parts)),
        text.shorten(lead, 400),
    )


def _ladder(chapter: Chapter) -> Markup | None:
    units = {m["name"]: m.get("unit") for m in chapter.metrics}
    names = [n for n in LADDER if units.get(n) == "percent"]
    if len(names) < 2:
        return None
    lines = []
    for run in chapter.runs:
        dots, said = [], []
        for name in names:
            value = run.value(name)
            if value is None:
                continue
            shape, colour = LADDER[name]
            dots.append(Dot(value["value"], shape, colour, name, interval_of(value)))
            said.append(f"{value['value']:.1f}")
        if dots:
            lines.append(DotLine(chapter.label(run), (*constant_dot(run), *dots), " → ".join(said), spread=True))
    shown = [n for n in names if any(d.name == n for line in lines for d in line.dots)]
    legend = signs([*((*LADDER[n], n) for n in shown), ("tick", 6, "best constant answer")])
    explained = {m["name"]: m.get("explained", "") for m in chapter.metrics}
    notes = Markup('<ul class="remarks">{}</ul>').format(
        Markup("").join([Markup("<li><b>{}</b>: {}</li>").format(n, explained[n]) for n in shown if explained.get(n)])
    )
    return card(
        "How much depends on reading the reply",
        dot_plot(lines, "Accuracy by reading", unit=" %", left=24) + legend + notes,
        "Per cent right on the same replies. A wide gap between strict and extracted means that the model answers in a form the official rule does not take.",
        wide=True,
    )


def _scores(chapter: Chapter) -> Markup:
    metrics, further = _main_metrics(chapter)
    lines: list[list[str | Markup]] = []
    for run in chapter.runs:
        overall = run.overall
        part = answered_of(overall)
        cells: list[str | Markup] = [run_name(chapter.label(run)), part]
        cells += [value_cell(run.value(m["name"]), m.get("unit", "")) for m in metrics]
        cells += [_rate(overall.get("unparsed")), _constant(overall), _effort(run)]
        lines.append(cells)
    header = [
        "Run",
        "Answers",
        *[m.get("title") or m["name"] for m in metrics],
        "Unparsed, %",
        "Best constant, %",
        "Tokens a reply",
    ]
    last = len(header) - 3  # what no run has is no column
    kept = [i for i in range(len(header)) if i < last or any(row[i] != DASH for row in lines)]
    header, lines = [header[i] for i in kept], [[row[i] for i in kept] for row in lines]
    more = Markup("").join(
        [_further(chapter, further[at : at + PER_TABLE]) for at in range(0, len(further), PER_TABLE)]
    )
    if more:
        more = disclosure("Further measures", more, colour=5, aside=f"{len(further)} columns", opened=False)
    official = ", ".join(m.get("title") or m["name"] for m in metrics if m.get("official"))
    note = f"Official rules: {official}. " if official else ""
    lost = "what the official parse loses as 0" if chapter.headline == "score" else "items without an answer as wrong"
    note += f"Small figures are 95 % intervals over clips; “all” counts {lost}."
    if "Best constant, %" in header:
        note += " Best constant: the best answer one could always give, chosen with the right answers in view; chance: expected of random choices; both by the rule of the headline."
    return card(
        "Scores",
        table(header, lines, numeric=tuple(range(1, len(header))), caption=f"Scores on {chapter.title}") + more,
        note,
        wide=True,
    )


def _main_metrics(chapter: Chapter) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The metrics that fit beside each other, and the others: readings and headline first, in the scorer's order."""
    metrics = chapter.metrics
    wanted = {chapter.headline, *LADDER}
    chosen = [m["name"] for m in metrics if m["name"] in wanted]
    chosen += [m["name"] for m in metrics if m["name"] not in wanted][: max(0, PER_TABLE - len(chosen))]
    return [m for m in metrics if m["name"] in chosen], [m for m in metrics if m["name"] not in chosen]


def _further(chapter: Chapter, metrics: Sequence[dict[str, Any]]) -> Markup:
    rows: list[list[str | Markup]] = [
        [run_name(chapter.label(run)), *(value_cell(run.value(m["name"]), m.get("unit", "")) for m in metrics)]
        for run in chapter.runs
    ]
    header = ["Run", *[m.get("title") or m["name"] for m in metrics]]
    return table(header, rows, numeric=tuple(range(1, len(header))), caption=f"Further measures on {chapter.title}")


def _rate(found: object) -> str:
    if isinstance(found, dict) and isinstance(found.get("rate"), int | float):
        return f"{100 * found['rate']:.1f}"
    return DASH


def _constant(overall: Mapping[str, Any]) -> str | Markup:
    found, chance = overall.get("best_constant"), overall.get("chance")
    below = f"chance {chance:.1f}" if isinstance(chance, int | float) else ""
    if not below and (not isinstance(found, dict) or not isinstance(found.get("value"), int | float)):
        return DASH
    if not isinstance(found, dict) or not isinstance(found.get("value"), int | float):
        return Markup('{}<small class="ci">{}</small>').format(DASH, below)
    answer = text.shorten(str(found.get("answer", "")), 14)
    return Markup('{}<small class="ci">{}</small>').format(f"{found['value']:.1f} {answer}", below)


def _effort(run: RunData) -> str | Markup:
    tokens, seconds = run.effort.tokens, run.effort.seconds
    if not tokens:
        return DASH
    below = f"{sum(seconds) / len(seconds):.2f} s" if seconds else ""
    return Markup('{}<small class="ci">{}</small>').format(f"{sum(tokens) / len(tokens):,.0f}", below)


def _groups(chapter: Chapter) -> list[Markup]:
    metric = chapter.metric(chapter.headline)
    parts = []
    first = chapter.groups[0].sha256
    for kind in dict.fromkeys(k for run in chapter.runs for k in (run.score.get("tables") or {})):
        held = {run.name: _by_name(run, kind) for run in chapter.runs}
        names = list(dict.fromkeys(name for groups in held.values() for name in groups))
        if not names or all(len(held[run.name]) <= 1 and _holds_all(run, held[run.name]) for run in chapter.runs):
            continue  # one group that holds everything would only repeat the scores
        blocks = []
        runs = [run for run in chapter.runs if held[run.name]]
        for some in _evenly(runs):
            lines: list[list[str | Markup]] = []
            for name in names:
                values = [
                    run.value(metric["name"], held[run.name][name]) if name in held[run.name] else None for run in some
                ]
                # The highest among all finished runs on the first data file: others answered other questions.
                rivals = [
                    v["value"]
                    for run in runs
                    if run.sha256 == first
                    and name in held[run.name]
                    and not partly(held[run.name][name])
                    and (v := run.value(metric["name"], held[run.name][name])) is not None
                ]
                best = max(rivals) if len(rivals) > 1 else None
                sizes = {g.get("items") for run in some if (g := held[run.name].get(name)) is not None}
                n = "/".join(f"{s:,}" for s in sorted(s for s in sizes if isinstance(s, int)))
                row: list[str | Markup] = [name, n or DASH]
                row += [
                    value_cell(
                        v,
                        metric.get("unit", ""),
                        best=v is not None
                        and v["value"] == best
                        and run.sha256 == first
                        and not partly(held[run.name][name]),
                        every=False,
                        note=f"{g.get('answered')} items" if (g := held[run.name].get(name)) and partly(g) else "",
                    )
                    for v, run in zip(values, some, strict=True)
                ]
                lines.append(row)
            header = [kind.replace("_", " ").capitalize(), "Items", *[chapter.label(run) for run in some]]
            blocks.append(
                table(header, lines, numeric=tuple(range(1, len(header))), caption=f"{chapter.title} by {kind}")
            )
        note = f"{metric.get('title') or metric['name']}, with 95 % intervals"
        note += "; the highest of a line is bold, whether or not it is more than luck." if len(runs) > 1 else "."
        parts.append(card(f"By {kind.replace('_', ' ')}", Markup("<br>").join(blocks), note, wide=True))
    return parts


def _evenly(runs: Sequence[RunData]) -> list[Sequence[RunData]]:
    """Runs by table: as few tables as fit, none of them nearly empty."""
    tables = -(-len(runs) // PER_TABLE)
    each = -(-len(runs) // tables) if tables else 1
    return [runs[at : at + each] for at in range(0, len(runs), each)]


def _holds_all(run: RunData, groups: Mapping[str, Mapping[str, Any]]) -> bool:
    return all(g.get("items") == run.overall.get("items") for g in groups.values())


def _by_name(run: RunData, kind: str) -> dict[str, dict[str, Any]]:
    groups = (run.score.get("tables") or {}).get(kind)
    return {str(g.get("name")): g for g in groups if isinstance(g, dict)} if isinstance(groups, list) else {}


def _pairs(chapter: Chapter, group: Group, baseline: str) -> Markup:
    metric = chapter.metric(group.metric)
    if not group.pairs:
        return card(
            "Are the differences more than luck?", Markup('<p class="note">{}</p>').format(group.untested), wide=True
        )
    names = [r.name for r in group.runs if any(r.name in (p.first, p.second) for p in group.pairs)]
    found = {(p.first, p.second): p for p in group.pairs}
    dense = len(names) > DENSE
    cells: list[list[Cell | None]] = []
    for i, row in enumerate(names):
        line: list[Cell | None] = []
        for j, column in enumerate(names):
            pair = found.get((row, column)) or found.get((column, row))
            if i == j:
                line.append(None)
            elif pair is None:
                line.append(Cell(DASH, title="no common items"))
            elif i < j:
                sign = 1 if pair.first == row else -1
                line.append(_difference(pair, sign, row, column, dense))
            else:
                told = f"{row} and {column}: p {pair.result.p:.3g}, corrected {pair.p_holm:.3g}"
                line.append(Cell(_short_p(pair.p_holm) if dense else p_text(pair.p_holm), title=told))
        cells.append(line)
    unit = "points" if metric.get("unit") == "percent" else metric.get("unit", "")
    body = matrix(names, cells, f"Differences on {chapter.title}, {metric.get('title') or group.metric}")
    shown = (
        [p for p in group.pairs if baseline in (p.first, p.second)]
        if baseline and any(baseline in (p.first, p.second) for p in group.pairs)
        else group.pairs
    )
    lines: list[list[str | Markup]] = [_pair_line(p, baseline) for p in shown[:MOST_PAIRS]]
    header = [
        "First",
        "Second",
        "Difference",
        "95 % interval",
        "First better on",
        "Second better on",
        "Items",
        "p",
        "p, corrected",
        "Test",
    ]
    more = f" {len(shown) - MOST_PAIRS} more pairs stand in the JSON file." if len(shown) > MOST_PAIRS else ""
    detail = disclosure(
        "Pair by pair",
        table(header, lines, numeric=tuple(range(2, 9)), caption="Pairs of runs"),
        colour=5,
        aside=f"{len(shown[:MOST_PAIRS])} pair{'s' * (len(shown) != 1)}",
        opened=len(shown) <= 6,
    )
    note = (
        f"Above the diagonal: row minus column, in {unit}, ▲ or ▼ where the corrected p is below 0.05. Below it: p, corrected by Holm for {len(group.pairs)} pair{'s' * (len(group.pairs) != 1)}. "
        "Tested on the items both answered, item by item, by flipping the sign of whole clips (with one item per clip: McNemar’s exact test)."
        f"{more}{' ' + group.untested if group.untested else ''}"
    )
    heading = "Are the differences more than luck?" + (
        f" (data {1 + chapter.groups.index(group)})" if len(chapter.groups) > 1 else ""
    )
    return card(heading, body + detail, note, wide=True)


def _difference(pair: Pair, sign: int, row: str, column: str, dense: bool) -> Cell:
    value = sign * pair.result.difference
    sure = pair.p_holm < 0.05
    arrow = ("▲" if value > 0 else "▼") if sure else ""
    low, high = sorted(sign * v for v in pair.result.interval)
    title = f"{row} minus {column}: {value:+.2f} ({low:+.2f} to {high:+.2f}), corrected p {pair.p_holm:.3g}, {pair.result.n} items"
    number = (
        f"{value:+.0f}{arrow}"
        if dense and abs(value) >= 10
        else f"{value:+.1f}{arrow}"
        if dense
        else f"{value:+.1f} {arrow}"
    )
    return Cell(number.strip().replace("-", "−"), value, sure, title)


def _short_p(p: float) -> str:
    """A p-value in three characters, for a matrix of many runs."""
    return "<.01" if p < 0.01 else "1" if p > 0.995 else f"{p:.2f}".lstrip("0")


def _pair_line(p: Pair, baseline: str) -> list[str | Markup]:
    first, second, r, sign = p.first, p.second, p.result, 1
    if baseline and p.first == baseline:
        first, second, sign = p.second, p.first, -1
    low, high = sorted(sign * v for v in r.interval)
    better = (r.first_better, r.second_better)[::sign]
    counted = r.first_better + r.second_better > 0 or not r.test.startswith("paired bootstrap")
    told = f"{p_text(p.p_holm)}" + (" ▲" if p.p_holm < 0.05 else "")
    return [
        first,
        second,
        f"{sign * r.difference:+.2f}",
        f"{low:+.2f} to {high:+.2f}",
        text.count(better[0]) if counted else DASH,
        text.count(better[1]) if counted else DASH,
        text.count(r.n),
        p_text(r.p),
        told,
        r.test,
    ]
