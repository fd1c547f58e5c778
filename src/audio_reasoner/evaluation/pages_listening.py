"""Does the score rest on listening, and what do more replies buy: controls and votes of a chapter."""

# ruff: noqa: E501 (markup and sentences are easier to read unbroken)

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from audio_reasoner.evaluation.compare import Chapter
from audio_reasoner.evaluation.pages_values import DASH, constant_dot, interval_of, p_text, shown_value, value_cell
from audio_reasoner.report import Curve, Dot, DotLine, card, curves, disclosure, dot_plot, signs, table, text
from audio_reasoner.report.charts import nice_ceiling
from audio_reasoner.report.dots import Shape

CONTROL_MARKS: Mapping[str, tuple[Shape, int]] = {
    "no-audio": ("ring", 5),
    "silence": ("triangle", 3),
    "other-clip": ("square", 1),
    "shuffled": ("diamond", 2),
}


def controls_card(chapter: Chapter) -> Markup:
    """Every control beside its run, and the answers that need no listening."""
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
        dots = list(constant_dot(run))
        for line in held:
            if line.value is not None:
                shape, colour = CONTROL_MARKS.get(line.name, ("cross", 7))
                dots.append(Dot(line.value["value"], shape, colour, line.name, interval_of(line.value)))
        if own is not None:
            dots.append(Dot(own["value"], "disc", 4, "as asked", interval_of(own)))
        number = shown_value(own["value"], unit) if own is not None else ""
        lines.append(DotLine(chapter.label(run), tuple(dots), number, spread=True))
        rows.append([Markup("<b>{}</b>").format(chapter.label(run)), "as asked", value_cell(own, unit), "", "", "", ""])
        for line in held:
            against = line.against
            rows.append([
                "", line.name, value_cell(line.value, unit),
                f"{against.difference:+.2f}" if against is not None else DASH,
                f"{p_text(against.p)}" if against is not None else DASH,
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
    header = ["Run", "Condition", metric.get("title") or metric["name"], "As asked minus this", "p"]
    header += ["Explains above chance, %", "Same option, %"]
    kept = [i for i in range(len(header)) if i < 5 or any(row[i] for row in rows)]
    rows = [[row[i] for i in kept] for row in rows]
    numbers = table(
        [header[i] for i in kept], rows, numeric=tuple(range(2, len(kept))), caption="Controls beside the run as asked"
    )
    body = (
        dot_plot(lines, "Controls", high=high, left=24) + legend + Markup('<div class="below">{}</div>').format(numbers)
    )
    return card(
        "Does it listen?",
        body,
        "A model that scores as well without audio, on silence or on another clip’s audio does not answer from the recording. p is not corrected. “Explains above chance”: how much of the score above chance the condition reaches too. “Same option”: how often the same option was chosen after the options were put in another order.",
        wide=True,
    )


def samples_card(chapter: Chapter) -> Markup | None:
    """Accuracy of the majority against tokens; None if no run was asked several times."""
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
                run.name, str(p["n"]), f"{tokens:,.0f}" if isinstance(tokens, int | float) else DASH,
                value_cell({"value": p["majority"], "interval_95": p.get("interval_95")}, "percent"),
                f"{any_right:.2f}" if isinstance(any_right, int | float) else DASH,
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
