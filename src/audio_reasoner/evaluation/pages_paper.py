"""Published figures and ours side by side: the paper's Figure 1 as dots, and its Tables 4 to 8.

Decision: a published row is hollow, soft and tagged wherever it appears, and never sorted as if it had been measured
under the same conditions without saying so: the remarks under each table say what does not add up in it.
"""

# ruff: noqa: E501 (markup and sentences are easier to read unbroken)

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from audio_reasoner.evaluation.compare import Chapter, Comparison
from audio_reasoner.evaluation.compare_read import RunData
from audio_reasoner.evaluation.pages_values import interval_of, shown_value
from audio_reasoner.evaluation.published import (
    Average,
    PublishedTable,
    averages,
    elsewhere,
    mmau_fractions,
    paper,
    published_tables,
    remarks,
)
from audio_reasoner.report import Dot, DotLine, Section, card, disclosure, dot_plot, mark, signs, table, text
from audio_reasoner.report.charts import nice_ceiling

_DASH = "–"
ACCESS = {"closed": "closed", "open": "open", "paper": "the paper's"}
_PREFIXES = {"covost2-en-zh": "EN-ZN ", "covost2-zh-en": "ZN-EN "}


def paper_value(run: RunData, column: str) -> float | None:
    """A run's value for a column of the paper's table, None where its score has none."""
    held = run.score.get("paper")
    if not isinstance(held, dict):
        return None
    prefix = _PREFIXES.get(run.benchmark, "")
    if prefix and not column.startswith(prefix):
        return None
    wanted = {column.casefold(), column.removeprefix(prefix).casefold()}
    for name, value in held.items():
        if str(name).casefold() in wanted and isinstance(value, int | float):
            return float(value)
    return None


def _scale(unit: str, values: Sequence[float]) -> tuple[float, float]:
    if unit == "score":
        return (0.0, 10.0)
    if unit == "percent" or not values:
        return (0.0, 100.0)
    return (0.0, nice_ceiling(max(values)))


def glance_section(comparison: Comparison) -> Section:
    """Where the runs stand: one panel per benchmark, in the spirit of the paper's Figure 1."""
    panels = [
        panel
        for chapter in comparison.chapters
        for made in (False, True)
        if (panel := _panel(chapter, [r for r in chapter.runs if chapter.made(r) == made], made)) is not None
    ]
    legend = signs(
        [
            ("disc", 4, "measured here"),
            ("ring", 7, "published in the paper"),
            ("cross", 7, "published elsewhere"),
            ("tick", 6, "best constant answer"),
        ]
    )
    body = legend + Markup('<div class="panels below">{}</div>').format(Markup("").join(panels))
    lead = (
        f"The benchmarks of the runs, sorted by value, with the rows of {paper()}. The line through a dot is its 95 % interval. "
        "Published rows were measured by others, with other prompts and often on another version of the data."
    )
    return Section("glance", "At a glance", body, lead)


def _column(chapter: Chapter) -> str:
    """The published column that stands for the benchmark; "" without a table."""
    t = chapter.published
    if t is None:
        return ""
    prefix = _PREFIXES.get(chapter.benchmark, "")
    return prefix + "Avg" if prefix else t.headline


def _panel(chapter: Chapter, runs: Sequence[RunData], made: bool) -> Markup | None:
    metric = chapter.metric(chapter.headline)
    unit = metric.get("unit", "")
    t, column = chapter.published, _column(chapter)
    # Ours and theirs stand on one scale only by the paper's own column; without it in a score the panel is ours alone.
    beside = t is not None and not made and any(paper_value(run, column) is not None for run in runs)
    lines: list[tuple[float, DotLine]] = []
    for run in runs:
        held = run.value(chapter.headline)
        value = paper_value(run, column) if beside else None if held is None else held["value"]
        if value is None:
            continue
        interval = interval_of(held) if held is not None and abs(held["value"] - value) < 0.005 else None
        dots = [Dot(value, "disc", 4, column if beside else metric["title"], interval)]
        constant = run.overall.get("best_constant")
        if isinstance(constant, dict) and isinstance(constant.get("value"), int | float) and unit == "percent":
            dots.insert(0, Dot(constant["value"], "tick", 6, f"best constant answer “{constant.get('answer')}”"))
        part = chapter.part(run)
        name = chapter.label(run) + (f" ({part})" if part else "")
        lines.append((value, DotLine(name, tuple(dots), shown_value(value, unit), strong=True)))
    if not lines:
        return None
    if beside and t is not None:
        place = t.columns.index(column)
        for row in t.rows:
            if (number := row.number(place)) is not None:
                label = row.model + (" (the paper)" if row.access == "paper" else "")
                dot = Dot(float(number), "ring", 7, f"published, {column}")
                lines.append((float(number), DotLine(label, (dot,), row.values[place] or "")))
        if len(t.benchmarks) == 1:
            for e in elsewhere(chapter.benchmark):
                dot = Dot(float(e.value), "cross", 7, f"{e.source}: {e.remark}")
                lines.append((float(e.value), DotLine(f"{e.model}, {e.kind}", (dot,), e.value)))
    lines.sort(key=lambda pair: -pair[0])
    low, high = _scale(unit, [v for v, _ in lines])
    what = f"{t.measure}, column {column}" if beside and t is not None else metric["title"]
    note = f"Ours by the reading “{metric['title']}”. {metric.get('explained') or ''}"
    if beside and unit == "bleu":
        # The paper's column is no corpus BLEU, and neither is what stands beside it here.
        what = f"mean n-gram precision, column {column}"
        note = "Ours is the mean of the four n-gram precisions, which is what the paper's BLEU columns behave like. Corpus BLEU, the headline, stands in the chapter."
    if made:
        revisions = dict.fromkeys(str(r.score.get("revision")) for r in runs)
        note += f" Data in the benchmark's format, not its content: {'; '.join(revisions)}. No published figure is about it."
    elif t is not None and not beside:
        note += f" The score names no value for the paper's column {column}, so its rows are not drawn here."
    return card(
        f"{chapter.title + ', made data' if made else chapter.title}: {what}",
        dot_plot([line for _, line in lines], f"{chapter.title}, {what}", low=low, high=high),
        note,
    )


def paper_section(comparison: Comparison) -> Section:
    """Tables 4 to 8: those with runs of ours first and open, the others folded."""
    ours: list[Markup] = []
    others: list[Markup] = []
    for t in published_tables():
        runs = [
            (c.label(r), c.part(r), r)
            for c in comparison.chapters
            if c.benchmark in t.benchmarks
            for r in c.runs
            if not c.made(r)
        ]
        (ours if runs else others).append(_table(t, runs))
    parts = list(ours)
    if others:
        parts.append(
            disclosure(
                "Tables without a run here",
                Markup('<div class="stack">{}</div>').format(Markup("").join(others)),
                colour=5,
                aside=f"{len(others)} of 5",
                opened=False,
            )
        )
    lead = Markup("Rows marked {} <span class='tag'>published</span> repeat {} digit by digit; rows marked {} were measured here, with 95 % intervals where the score has them. {} marks an average that its own columns do not give, △ a percentage that no count of right answers in the official file gives.").format(
        mark("ring", 7), paper(), mark("disc", 4), Markup('<b class="flag">▲</b>')
    )  # fmt: skip
    return Section(
        "paper", "The paper’s tables", Markup('<div class="stack">{}</div>').format(Markup("").join(parts)), lead
    )


def _table(t: PublishedTable, runs: Sequence[tuple[str, str, RunData]]) -> Markup:
    lines: list[list[str | Markup]] = []
    doubted = {(a.model, a.column): a for a in averages(t) if not a.agrees}
    impossible = _impossible(t)
    trained = any(row.trained_on for row in t.rows)
    for row in t.rows:
        cells: list[str | Markup] = []
        for column, value in zip(t.columns, row.values, strict=True):
            cells.append(_published(value, doubted.get((row.model, column)), (row.model, column) in impossible))
        extra: list[str | Markup] = [row.trained_on or _DASH] if trained else []
        name = Markup('{} <span class="published run">{}</span>').format(mark("ring", 7), row.model)
        lines.append(
            [
                name,
                Markup('<span class="tag">published</span> {}').format(ACCESS[row.access]),
                row.size or _DASH,
                *extra,
                *cells,
            ]
        )
    for label, part, run in runs:
        cells = [_ours(run, t, column) for column in t.columns]
        own: list[str | Markup] = [_DASH] if trained else []
        unknown = (
            ", unknown revision of the data" if str(run.score.get("revision")).startswith("unknown revision") else ""
        )
        name = Markup('<span class="run" title="{}">{} <b>{}</b></span>').format(
            label, mark("disc", 4), text.shorten(label, 30)
        )
        few = f", {part} items" if part else ""
        lines.append([name, f"measured here{few}{unknown}", text.shorten(run.model, 24) or _DASH, *own, *cells])
    header = ["Model", "Row", "Size or model", *(["{so, mu, sp}"] if trained else []), *t.columns]
    first = 4 if trained else 3
    body = table(
        header,
        lines,
        numeric=tuple(range(first, len(header))),
        caption=f"Table {t.number} of the paper and the runs of this page",
    )
    said = remarks(t)
    notes = (
        Markup('<ul class="remarks">{}</ul>').format(Markup("").join([Markup("<li>{}</li>").format(r) for r in said]))
        if said
        else Markup("")
    )
    folded = (
        disclosure(
            "What does not add up in the published rows",
            notes,
            colour=1,
            aside=f"{len(said)} remark{'s' * (len(said) != 1)}",
            opened=len(said) <= 3,
        )
        if said
        else Markup("")
    )
    return card(
        f"Table {t.number}: {t.title}", body + folded, f"{t.measure}. Columns as the paper names them.", wide=True
    )


def _impossible(t: PublishedTable) -> set[tuple[str, str]]:
    """Cells of Table 4 that no count of right answers in the official file gives."""
    if t.number != 4:
        return set()
    return {
        (f.model, column)
        for f in mmau_fractions()
        for column, counts in zip(t.columns, f.counts, strict=True)
        if not counts
    }


def _published(value: str | None, doubt: Average | None, impossible: bool) -> Markup:
    """A printed figure with what speaks against it, in words too, so that it stays on paper."""
    flags = Markup("")
    below = Markup("")
    if impossible:
        flags += Markup(' <span class="flag" title="no count of right answers in the official file gives it">△</span>')
    if doubt is not None:
        flags += Markup(' <b class="flag" title="not what its columns give">▲</b>')
        below = Markup('<small class="ci">columns: {}</small>').format(f"{float(doubt.ways[0][1]):.2f}")
    return Markup('<span class="published">{}{}{}</span>').format(value or _DASH, flags, below)


def _ours(run: RunData, t: PublishedTable, column: str) -> str | Markup:
    value = paper_value(run, column)
    if value is None:
        return _DASH
    interval = None
    headline = run.value(run.headline)
    if headline is not None and abs(headline["value"] - value) < 0.005 and column == t.headline:
        interval = interval_of(headline)
    else:
        interval = _group_interval(run, column, value)
    ci = (
        Markup('<small class="ci">{}</small>').format(f"{interval[0]:.1f}–{interval[1]:.1f}")
        if interval
        else Markup("")
    )
    return Markup("<b>{}</b>{}").format(shown_value(value, t.unit), ci)


def _group_interval(run: RunData, column: str, value: float) -> tuple[float, float] | None:
    """The interval of the group that a column is: the one with that name and value."""
    for groups in (run.score.get("tables") or {}).values():
        for group in groups if isinstance(groups, list) else []:
            if isinstance(group, dict) and str(group.get("name", "")).casefold() == column.casefold():
                found = run.value(run.headline, group)
                if found is not None and abs(found["value"] - value) < 0.005:
                    return interval_of(found)
    return None
