"""A comparison as Markdown: the tables of the page that stand well in a text file or a pull request."""

# ruff: noqa: E501 (tables are easier to read unbroken)

from __future__ import annotations

from collections.abc import Sequence

from audio_reasoner.evaluation.compare import Chapter, Comparison
from audio_reasoner.evaluation.compare_read import RunData
from audio_reasoner.evaluation.pages_paper import paper_value
from audio_reasoner.evaluation.pages_values import interval_of, p_text, shown_value
from audio_reasoner.evaluation.published import paper, published_tables, remarks
from audio_reasoner.report import text

_DASH = "–"


def to_markdown(comparison: Comparison) -> str:
    """The whole text; ends with a line feed."""
    lines = ["# Comparison of runs", ""]
    for name, why in comparison.aside:
        lines.append(f"- left aside: **{_cell(name)}**: {_cell(why)}")
    lines += _paper_tables(comparison)
    for chapter in comparison.chapters:
        lines += _chapter(chapter)
    return "\n".join(lines).rstrip() + "\n"


def _cell(value: object) -> str:
    return " ".join(text.printable(str(value)).split()).replace("|", "\\|").replace("<", "&lt;")


def _table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    return [
        "| " + " | ".join(map(_cell, header)) + " |",
        "|---" + "|---:" * (len(header) - 1) + "|",
        *("| " + " | ".join(map(_cell, row)) + " |" for row in rows),
        "",
    ]


def _paper_tables(comparison: Comparison) -> list[str]:
    lines: list[str] = []
    for t in published_tables():
        runs = [
            (c.label(r), c.part(r), r)
            for c in comparison.chapters
            if c.benchmark in t.benchmarks
            for r in c.runs
            if not c.made(r)
        ]
        if not runs:
            continue
        lines += [
            "",
            f"## Table {t.number} of the paper: {t.title}",
            "",
            f"{t.measure}. ○ published in {paper()}, ● measured here.",
            "",
        ]
        rows: list[list[object]] = [[f"○ {row.model}", *(v or _DASH for v in row.values)] for row in t.rows]
        for label, part, run in runs:
            values = [paper_value(run, column) for column in t.columns]
            rows.append(
                [
                    f"● {label}{f' ({part} items)' if part else ''}",
                    *(_DASH if v is None else shown_value(v, t.unit) for v in values),
                ]
            )
        lines += _table(["model", *t.columns], rows)
        lines += [f"- {_cell(remark)}" for remark in remarks(t)]
    return lines


def _chapter(chapter: Chapter) -> list[str]:
    lines = ["", f"## {_cell(chapter.title)}", ""]
    lines += [f"Data: {_cell(group.revision)}, sha256 `{_cell(group.sha256)}`." for group in chapter.groups]
    lines += ["", *(f"- **{_cell(warning)}**" for warning in chapter.warnings), ""]
    metrics = chapter.metrics
    rows: list[list[object]] = []
    for run in chapter.runs:
        answered, items = run.overall.get("answered"), run.overall.get("items")
        unparsed = run.overall.get("unparsed")
        rate = unparsed.get("rate") if isinstance(unparsed, dict) else None
        constant = run.overall.get("best_constant")
        best = constant.get("value") if isinstance(constant, dict) else None
        rows.append(
            [
                run.name,
                answered if answered == items else f"{answered}/{items}",
                *(_value(run, m["name"], m.get("unit", "")) for m in metrics),
                f"{100 * rate:.1f}" if isinstance(rate, int | float) else _DASH,
                f"{best:.1f}" if isinstance(best, int | float) else _DASH,
            ]
        )
    lines += _table(
        ["run", "answers", *(m.get("title") or m["name"] for m in metrics), "unparsed %", "best constant %"], rows
    )
    for group in chapter.groups:
        if not group.pairs:
            continue
        title = chapter.metric(group.metric).get("title") or group.metric
        lines += [f"Pairs by {_cell(title)}; p is corrected by Holm for {len(group.pairs)} pairs.", ""]
        lines += _table(
            ["first", "second", "difference", "95 %", "items", "p corrected"],
            [
                [p.first, p.second, f"{p.result.difference:+.2f}", "{:+.2f} to {:+.2f}".format(*p.result.interval), p.result.n, p_text(p.p_holm)]
                for p in group.pairs
            ],
        )  # fmt: skip
    for name, held in chapter.controls.items():
        lines += [f"Controls of {_cell(name)}, as asked minus the condition:", ""]
        lines += _table(
            ["condition", "value", "difference", "p", "same option %"],
            [
                [
                    c.name,
                    _DASH if c.value is None else f"{c.value['value']:.2f}",
                    _DASH if c.against is None else f"{c.against.difference:+.2f}",
                    _DASH if c.against is None else p_text(c.against.p),
                    _DASH if c.consistency is None else f"{c.consistency:.1f}",
                ]
                for c in held
            ],
        )
    return lines


def _value(run: RunData, metric: str, unit: str) -> str:
    value = run.value(metric)
    if value is None:
        return _DASH
    interval = interval_of(value)
    return shown_value(value["value"], unit) + (f" ({interval[0]:.1f}–{interval[1]:.1f})" if interval else "")
