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
from audio_reasoner.report import (
    Cell,
    Curve,
    Dot,
    DotLine,
    Section,
    card,
    curves,
    disclosure,
    dot_plot,
    matrix,
    signs,
    table,
    text,
)
from audio_reasoner.report.charts import nice_ceiling
from audio_reasoner.report.dots import Shape

_DASH = "–"
LADDER: Mapping[str, tuple[Shape, int]] = {
    "strict": ("ring", 1),
    "extracted": ("disc", 4),
    "judged": ("diamond", 2),
    "option": ("tick", 6),
}
"""Readings that are drawn, by metric name; others stand in the table."""
PER_TABLE = 7
"""Runs that stand side by side in one table of groups: more do not fit on paper."""
CONTROL_MARKS: Mapping[str, tuple[Shape, int]] = {
    "no-audio": ("ring", 5),
    "silence": ("triangle", 3),
    "other-clip": ("square", 1),
    "shuffled": ("diamond", 2),
}
MOST_PAIRS = 28


def shown_value(value: float, unit: str) -> str:
    """A value with the decimals of its unit."""
    return f"{value:.3f}" if unit == "share" else f"{value:.2f}"


def interval_of(value: Mapping[str, Any]) -> tuple[float, float] | None:
    """The interval of a `Value.to_dict()`."""
    ends = value.get("interval_95")
    if isinstance(ends, list) and len(ends) == 2 and all(isinstance(e, int | float) for e in ends):
        return float(ends[0]), float(ends[1])
    return None


def p_text(p: float) -> str:
    """A p-value for reading.

    >>> p_text(0.0304), p_text(0.00004), p_text(1.0)
    ('0.030', '< 0.001', '1')
    """
    return "< 0.001" if p < 0.001 else "1" if p > 0.9995 else f"{p:.3f}"


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
        parts.append(_controls(chapter))
    if (drawn := _samples(chapter)) is not None:
        parts.append(drawn)
    lead = "; ".join(
        dict.fromkeys(f"data {g.revision}, sha256 {g.sha256[:16] or 'not recorded'}" for g in chapter.groups)
    )
    return Section(
        f"b-{chapter.benchmark}",
        chapter.title,
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
            dots.append(Dot(value["value"], shape, colour, name, interval_of(value) if name != "option" else None))
            if name != "option":
                said.append(f"{value['value']:.1f}")
        if dots:
            lines.append(DotLine(run.name, tuple(dots), " → ".join(said), joined=True))
    shown = [n for n in names if any(d.name == n for line in lines for d in line.dots)]
    legend = signs([(*LADDER[n], n) for n in shown])
    explained = {m["name"]: m.get("explained", "") for m in chapter.metrics}
    notes = Markup('<ul class="remarks">{}</ul>').format(
        Markup("").join([Markup("<li><b>{}</b>: {}</li>").format(n, explained[n]) for n in shown if explained.get(n)])
    )
    return card(
        "How much depends on reading the reply",
        dot_plot(lines, "Accuracy by reading", unit=" %") + legend + notes,
        "Per cent right on the same replies. A wide gap between strict and extracted means that the model answers in a form the official rule does not take.",
        wide=True,
    )


def _scores(chapter: Chapter) -> Markup:
    metrics = chapter.metrics
    lines: list[list[str | Markup]] = []
    for run in chapter.runs:
        overall = run.overall
        answered, items = overall.get("answered"), overall.get("items")
        part = (
            f"{answered:,}"
            if answered == items
            else f"{answered:,}/{items:,}"
            if isinstance(answered, int) and isinstance(items, int)
            else _DASH
        )
        cells: list[str | Markup] = [run.name, part]
        cells += [value_cell(run.value(m["name"]), m.get("unit", "")) for m in metrics]
        cells += [_rate(overall.get("unparsed")), _constant(overall), _share_of(overall.get("chance"))]
        tokens = run.effort.tokens
        cells.append(f"{sum(tokens) / len(tokens):,.0f}" if tokens else _DASH)
        seconds = run.effort.seconds
        cells.append(f"{sum(seconds) / len(seconds):.2f}" if seconds else _DASH)
        lines.append(cells)
    header = [
        "Run",
        "Answers",
        *[m.get("title") or m["name"] for m in metrics],
        "Unparsed, %",
        "Best constant, %",
        "Chance, %",
        "Tokens a reply",
        "Seconds a reply",
    ]
    official = ", ".join(m.get("title") or m["name"] for m in metrics if m.get("official"))
    note = f"Official rules: {official}. " if official else ""
    note += "Small figures are 95 % intervals over clips; “all” counts items without an answer as wrong. Best constant: the best answer one could always give, chosen with the right answers in view."
    return card(
        "Scores",
        table(header, lines, numeric=tuple(range(1, len(header))), caption=f"Scores on {chapter.title}"),
        note,
        wide=True,
    )


def value_cell(value: Mapping[str, Any] | None, unit: str, *, best: bool = False) -> str | Markup:
    """A value with its interval below it."""
    if value is None:
        return _DASH
    number = shown_value(value["value"], unit)
    interval = interval_of(value)
    below = f"{interval[0]:.1f}–{interval[1]:.1f}" if interval else ""
    over = value.get("over_all_items")
    if isinstance(over, int | float) and abs(over - value["value"]) > 0.005:
        below += f"{' · ' if below else ''}all {shown_value(over, unit)}"
    return Markup("{}{}").format(
        Markup("<b>{}</b>").format(number) if best else number,
        Markup('<small class="ci">{}</small>').format(below) if below else "",
    )


def _rate(found: object) -> str:
    if isinstance(found, dict) and isinstance(found.get("rate"), int | float):
        return f"{100 * found['rate']:.1f}"
    return _DASH


def _share_of(found: object) -> str:
    return f"{found:.1f}" if isinstance(found, int | float) else _DASH


def _constant(overall: Mapping[str, Any]) -> str | Markup:
    found = overall.get("best_constant")
    if not isinstance(found, dict) or not isinstance(found.get("value"), int | float):
        return _DASH
    return Markup('{}<small class="ci">{}</small>').format(
        f"{found['value']:.1f}", text.shorten(str(found.get("answer", "")), 18)
    )


def _groups(chapter: Chapter) -> list[Markup]:
    metric = chapter.metric(chapter.headline)
    parts = []
    for kind in dict.fromkeys(k for run in chapter.runs for k in (run.score.get("tables") or {})):
        held = {run.name: _by_name(run, kind) for run in chapter.runs}
        names = list(dict.fromkeys(name for groups in held.values() for name in groups))
        if not names or names == ["overall"]:
            continue
        blocks = []
        runs = [run for run in chapter.runs if held[run.name]]
        for at in range(0, len(runs), PER_TABLE):
            some = runs[at : at + PER_TABLE]
            lines: list[list[str | Markup]] = []
            for name in names:
                values = [
                    run.value(metric["name"], held[run.name][name]) if name in held[run.name] else None for run in some
                ]
                best = max((v["value"] for v in values if v is not None), default=None)
                sizes = {g.get("items") for run in some if (g := held[run.name].get(name)) is not None}
                n = "/".join(f"{s:,}" for s in sorted(s for s in sizes if isinstance(s, int)))
                row: list[str | Markup] = [name, n or _DASH]
                row += [
                    value_cell(v, metric.get("unit", ""), best=len(some) > 1 and v is not None and v["value"] == best)
                    for v in values
                ]
                lines.append(row)
            header = [kind.replace("_", " ").capitalize(), "Items", *[run.name for run in some]]
            blocks.append(
                table(header, lines, numeric=tuple(range(1, len(header))), caption=f"{chapter.title} by {kind}")
            )
        note = f"{metric.get('title') or metric['name']}, with 95 % intervals; the highest of a line is bold, whether or not it is more than luck."
        parts.append(card(f"By {kind.replace('_', ' ')}", Markup("<br>").join(blocks), note, wide=True))
    return parts


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
    cells: list[list[Cell | None]] = []
    for i, row in enumerate(names):
        line: list[Cell | None] = []
        for j, column in enumerate(names):
            pair = found.get((row, column)) or found.get((column, row))
            if i == j:
                line.append(None)
            elif pair is None:
                line.append(Cell(_DASH, title="no common items"))
            elif i < j:
                sign = 1 if pair.first == row else -1
                line.append(_difference(pair, sign, row, column))
            else:
                line.append(
                    Cell(
                        p_text(pair.p_holm),
                        title=f"{row} and {column}: p {pair.result.p:.3g}, corrected {pair.p_holm:.3g}",
                    )
                )
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
        "Only first right",
        "Only second right",
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
        aside=f"{len(shown[:MOST_PAIRS])} pairs",
        opened=len(shown) <= 6,
    )
    note = (
        f"Above the diagonal: row minus column, in {unit}, ▲ or ▼ where the corrected p is below 0.05. Below it: p, corrected by Holm for {len(group.pairs)} pairs. "
        "Tested on the items both answered, item by item, by flipping the sign of whole clips (with one item per clip: McNemar’s exact test)."
        f"{more}{' ' + group.untested if group.untested else ''}"
    )
    heading = "Are the differences more than luck?" + (f" {group.revision}" if len(chapter.groups) > 1 else "")
    return card(heading, body + detail, note, wide=True)


def _difference(pair: Pair, sign: int, row: str, column: str) -> Cell:
    value = sign * pair.result.difference
    sure = pair.p_holm < 0.05
    arrow = (" ▲" if value > 0 else " ▼") if sure else ""
    low, high = sorted(sign * v for v in pair.result.interval)
    title = f"{row} minus {column}: {value:+.2f} ({low:+.2f} to {high:+.2f}), corrected p {pair.p_holm:.3g}, {pair.result.n} items"
    return Cell(f"{value:+.1f}{arrow}", value, sure, title)


def _pair_line(p: Pair, baseline: str) -> list[str | Markup]:
    first, second, r, sign = p.first, p.second, p.result, 1
    if baseline and p.first == baseline:
        first, second, sign = p.second, p.first, -1
    low, high = sorted(sign * v for v in r.interval)
    better = (r.first_better, r.second_better)[::sign]
    told = f"{p_text(p.p_holm)}" + (" ▲" if p.p_holm < 0.05 else "")
    return [
        first,
        second,
        f"{sign * r.difference:+.2f}",
        f"{low:+.2f} to {high:+.2f}",
        text.count(better[0]),
        text.count(better[1]),
        text.count(r.n),
        p_text(r.p),
        told,
        r.test,
    ]


def _controls(chapter: Chapter) -> Markup:
    metric = chapter.metric(chapter.headline)
    unit = metric.get("unit", "")
    lines: list[DotLine] = []
    rows: list[list[str | Markup]] = []
    for run in chapter.runs:
        held = chapter.controls.get(run.name)
        if not held:
            continue
        own = run.value(chapter.headline)
        constant = run.overall.get("best_constant")
        dots: list[Dot] = []
        if isinstance(constant, dict) and isinstance(constant.get("value"), int | float):
            dots.append(Dot(constant["value"], "tick", 6, "best constant answer"))
        for line in held:
            if line.value is not None:
                shape, colour = CONTROL_MARKS.get(line.name, ("cross", 7))
                dots.append(Dot(line.value["value"], shape, colour, line.name, interval_of(line.value)))
        if own is not None:
            dots.append(Dot(own["value"], "disc", 4, "as asked", interval_of(own)))
        lines.append(DotLine(run.name, tuple(dots), shown_value(own["value"], unit) if own is not None else ""))
        rows.append([Markup("<b>{}</b>").format(run.name), "as asked", value_cell(own, unit), "", "", "", ""])
        for line in held:
            against = line.against
            rows.append([
                "", line.name, value_cell(line.value, unit),
                f"{against.difference:+.2f}" if against is not None else _DASH,
                f"{p_text(against.p)}" if against is not None else _DASH,
                f"{line.explained:.1f}" if line.explained is not None else "",
                f"{line.consistency:.1f}" if line.consistency is not None else "",
            ])  # fmt: skip
        majority = run.overall.get("majority")
        if isinstance(majority, dict) and isinstance(majority.get("value"), int | float):
            rows.append(
                [
                    "",
                    f"always “{text.shorten(str(majority.get('answer')), 30)}” (majority)",
                    f"{majority['value']:.2f}",
                    "",
                    "",
                    "",
                    "",
                ]
            )
        if isinstance(constant, dict) and isinstance(constant.get("value"), int | float):
            rows.append(
                [
                    "",
                    f"always “{text.shorten(str(constant.get('answer')), 30)}” (best constant)",
                    f"{constant['value']:.2f}",
                    "",
                    "",
                    "",
                    "",
                ]
            )
    names = list(dict.fromkeys(line.name for held in chapter.controls.values() for line in held))
    legend = signs(
        [
            ("disc", 4, "as asked"),
            *[(*CONTROL_MARKS.get(n, ("cross", 7)), n) for n in names],
            ("tick", 6, "best constant"),
        ]
    )
    high = (
        100.0 if unit == "percent" else nice_ceiling(max((d.value for line in lines for d in line.dots), default=1.0))
    )
    header = [
        "Run",
        "Condition",
        metric.get("title") or metric["name"],
        "As asked minus this",
        "p",
        "Explains above chance, %",
        "Same option, %",
    ]
    body = (
        dot_plot(lines, "Controls", high=high)
        + legend
        + Markup('<div class="below">{}</div>').format(
            table(header, rows, numeric=(2, 3, 4, 5, 6), caption="Controls beside the run as asked")
        )
    )
    return card(
        "Does it listen?",
        body,
        "A model that scores as well without audio, on silence or on another clip’s audio does not answer from the recording. p is not corrected. “Explains above chance”: how much of the score above chance the condition reaches too. “Same option”: how often the same option was chosen after the options were put in another order.",
        wide=True,
    )


def _samples(chapter: Chapter) -> Markup | None:
    items: list[Curve] = []
    rows: list[list[str | Markup]] = []
    shapes: Sequence[Shape] = ("disc", "square", "triangle", "diamond", "ring", "cross")
    for run in chapter.runs:
        points = [
            p
            for p in run.samples.get("points") or []
            if isinstance(p, dict) and isinstance(p.get("majority"), int | float)
        ]
        if not points:
            continue
        i = len(items)
        shape, colour = shapes[i % len(shapes)], (4, 1, 2, 3, 5, 0, 7)[i % 7]
        spent = [(p.get("tokens_per_question") or p["n"], p["majority"], p["n"]) for p in points]
        items.append(
            Curve(
                run.name, tuple((x, y, f"{n} replies, {x:.0f} tokens: {y:.1f} %") for x, y, n in spent), shape, colour
            )
        )
        for p in points:
            any_right = p.get("at_least_one_right")
            tokens = p.get("tokens_per_question")
            rows.append([
                run.name, str(p["n"]), f"{tokens:,.0f}" if isinstance(tokens, int | float) else _DASH,
                value_cell({"value": p["majority"], "interval_95": p.get("interval_95")}, "percent"),
                f"{any_right:.2f}" if isinstance(any_right, int | float) else _DASH,
                text.count(run.samples.get("items") or 0),
            ])  # fmt: skip
    if not items:
        return None
    chart = curves(items[:7], "Accuracy against tokens", x_label="tokens spent per question", y_label="% right")
    header = ["Run", "Replies", "Tokens per question", "Majority right, %", "Any right, %", "Items"]
    how = next((str(run.samples["how"]) for run in chapter.runs if run.samples.get("how")), "")
    return card(
        "Accuracy against tokens",
        chart
        + disclosure(
            "The numbers",
            table(header, rows, numeric=(1, 2, 3, 4, 5), caption="Accuracy by number of replies"),
            colour=5,
            opened=len(rows) <= 10,
        ),
        f"The majority of n replies to each question ({how}). “Any right” is what a perfect chooser among them could reach."
        + (f" The chart shows the first 7 of {len(items)} runs." if len(items) > 7 else ""),
        wide=True,
    )
