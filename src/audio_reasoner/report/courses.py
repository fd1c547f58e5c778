"""How something went: lines over steps, with a band where several runs are one line.

Decision: a training writes thousands of points, so a line is thinned to what a screen can show (each shown point is the mean
of its neighbours, none is left out), and signs stand only where a reader needs them: at every point of a short line, at a
few places of a long one. The scale fits the data unless it is given: a loss between 0.10 and 0.12 is not a flat line.
"""

# ruff: noqa: E501 (markup is easier to read unbroken)

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from audio_reasoner.report.charts import COLOURS, nice_ceiling
from audio_reasoner.report.dots import Shape, mark

SHOWN = 240
"""Most points drawn of one line."""
_SIGNS = 7


@dataclass(frozen=True)
class Course:
    """A line (x, y) in order of x. `band` gives least and most at the same places; `shape` None draws no signs."""

    label: str
    points: tuple[tuple[float, float], ...]
    colour: int = 4
    shape: Shape | None = None
    dashed: bool = False
    band: tuple[tuple[float, float], ...] = ()


def thinned(points: Sequence[tuple[float, ...]], most: int = SHOWN) -> list[tuple[float, ...]]:
    """At most `most` points, each the mean of neighbours; the last stays where it is in x.

    >>> thinned([(0, 1.0), (1, 3.0), (2, 5.0), (3, 7.0)], 2)
    [(1.0, 2.0), (3.0, 6.0)]
    """
    if len(points) <= most:
        return [tuple(map(float, p)) for p in points]
    out: list[tuple[float, ...]] = []
    for i in range(most):
        some = points[i * len(points) // most : (i + 1) * len(points) // most]
        means = [sum(column) / len(some) for column in zip(*some, strict=True)]
        out.append((float(some[-1][0]), *means[1:]))
    return out


def number(value: float) -> str:
    """A number for an axis.

    >>> number(12500), number(0.25), number(0)
    ('12.5k', '0.25', '0')
    """
    if abs(value) >= 10_000_000:
        return f"{value / 1e6:g}M"
    return f"{value / 1000:g}k" if abs(value) >= 10_000 else f"{value:g}"


def scale(values: Sequence[float], low: float | None = None, high: float | None = None) -> tuple[float, float, float]:
    """Bottom, top and step of an axis with about four lines that holds all finite values.

    >>> scale([0.12, 0.48])
    (0.1, 0.5, 0.1)
    """
    found = [v for v in values if math.isfinite(v)] or [0.0]
    bottom, top = min(found) if low is None else low, max(found) if high is None else high
    if not top > bottom:
        top = bottom + (abs(bottom) * 0.1 or 1.0)
    step = nice_ceiling((top - bottom) / 4)
    first = bottom if low is not None else math.floor(bottom / step + 1e-9) * step
    last = top if high is not None else math.ceil(top / step - 1e-9) * step
    return round(first, 12), round(last, 12), step


def _evenly(bottom: float, top: float, step: float) -> list[float]:
    return [bottom + i * step for i in range(int((top - bottom) / step + 1e-6) + 1)] or [bottom, top]


def _powers(values: Sequence[float]) -> list[float]:
    """Marks 1, 2, 5 of each power of ten (only 1 where there are many powers) around all values.

    >>> _powers([0.03, 4.0])
    [0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0]
    """
    found = [v for v in values if v > 0] or [1.0]
    first, last = math.floor(math.log10(min(found)) + 1e-9), math.ceil(math.log10(max(found)) - 1e-9)
    steps = (1, 2, 5) if last - first <= 3 else (1,)
    marks = [round(m * 10.0**p, 12) for p in range(first, max(last, first + 1) + 1) for m in steps]
    begin = max(i for i, m in enumerate(marks) if m <= min(found) * (1 + 1e-9))
    end = min(i for i, m in enumerate(marks) if m >= max(found) * (1 - 1e-9))
    return marks[begin : max(end, begin + 1) + 1]


def course_chart(
    items: Sequence[Course],
    title: str,
    *,
    x_label: str,
    y_label: str,
    low: float | None = None,
    high: float | None = None,
    right: float | None = None,
    height: int = 200,
    legend: bool = True,
    log: bool = False,
) -> Markup:
    """Lines over a common x axis from zero to `right` (None: what the points need).

    Points that are not finite are not drawn. `low` and `high` fix the y axis, None fits it to the points. `log` draws
    the y axis by powers of ten (values up to zero are not drawn then, and `low` and `high` do not count).
    """
    drawn = [d for d in (_Drawn.of(c, log) for c in items) if d.points]
    kept = [d.course for d in drawn]
    values = [v for d in drawn for v in d.heights()]
    marks = _powers(values) if log else _evenly(*scale(values, low, high))
    bottom, top = marks[0], marks[-1]
    widest = max((x for d in drawn for x, *_ in d.points), default=1.0)
    edge = max(widest if right is None else right, 1e-9)
    room, ceiling = height - 50, 20

    def across(x: float) -> float:
        return 100 * min(max(x, 0.0), edge) / edge

    height_of = math.log10 if log else float

    def down(y: float) -> float:
        inside = height_of(min(max(y, bottom), top))
        return 100 * (1 - (inside - height_of(bottom)) / (height_of(top) - height_of(bottom)))

    numbers = [Markup('<text class="axis" x="0" y="10">{}</text>').format(y_label)]
    body: list[Markup] = []
    for at in marks:
        line = f"{ceiling + room * down(at) / 100:.1f}"
        body.append(Markup('<line class="grid" x1="0" x2="100%" y1="{}" y2="{}"/>').format(line, line))
        numbers.append(
            Markup('<text class="axis end" x="36" y="{}">{}</text>').format(float(line) + 4, number(round(at, 10)))
        )
    x_step = nice_ceiling(edge / 4)
    ticks = [i * x_step for i in range(int(edge / x_step + 1e-9) + 1)]
    for at in ticks:
        anchor = "start" if at == 0 else "end" if at >= 0.97 * edge else "mid"
        body.append(
            Markup('<text class="axis {}" x="{:.2f}%" y="{}">{}</text>').format(
                anchor, across(at), height - 16, number(round(at, 10))
            )
        )
    body.append(Markup('<text class="axis end" x="100%" y="{}">{}</text>').format(height - 2, x_label))
    strokes: list[Markup] = []
    for d in drawn:
        colour = d.course.colour % COLOURS
        if d.band:
            edges = [(x, h) for x, _, h in d.band] + [(x, lo) for x, lo, _ in reversed(d.band)]
            strokes.append(
                Markup('<polygon class="band k{}" points="{}"/>').format(
                    colour, " ".join(f"{across(x):.2f},{down(y):.2f}" for x, y in edges)
                )
            )
        strokes.append(
            Markup('<polyline class="curve k{}{}" points="{}" vector-effect="non-scaling-stroke"/>').format(
                colour,
                " dashed" if d.course.dashed else "",
                " ".join(f"{across(x):.2f},{down(y):.2f}" for x, y in d.points),
            )
        )
    body.append(
        Markup(
            '<svg y="{}" height="{}" width="100%" viewBox="0 0 100 100" preserveAspectRatio="none" overflow="visible">{}</svg>'
        ).format(ceiling, room, Markup("").join(strokes))
    )
    for d in drawn:
        if d.course.shape is None:
            continue
        every = max(1, round(len(d.points) / _SIGNS))
        for x, y in d.points[::-1][::every]:
            told = f"{d.course.label}: {number(float(f'{y:.4g}'))} at {number(float(f'{x:.6g}'))}"
            body.append(
                Markup('<svg class="at" x="{:.2f}%" y="{:.1f}" overflow="visible"><title>{}</title>{}</svg>').format(
                    across(x), ceiling + room * down(y) / 100, told, _sign(d.course.shape, colour=d.course.colour)
                )
            )
    spoken = f"{title}: " + "; ".join(
        f"{d.course.label} from {number(float(f'{d.points[0][1]:.4g}'))} to {number(float(f'{d.points[-1][1]:.4g}'))}"
        for d in drawn
    )
    chart = Markup(
        '<div class="histogram" role="img" aria-label="{}"><svg class="chart" width="38" height="{}">{}</svg><svg class="chart" width="100%" height="{}">{}</svg></div>'
    ).format(spoken, height, Markup("").join(numbers), height, Markup("").join(body))
    return chart + (course_legend(kept) if legend and len(kept) > 1 else Markup(""))


def course_legend(items: Sequence[Course]) -> Markup:
    """What each line is, with its sign or a piece of it."""
    return Markup('<ul class="legend">{}</ul>').format(
        Markup("").join(
            [
                Markup("<li>{} {}</li>").format(
                    mark(c.shape, c.colour)
                    if c.shape is not None
                    else Markup(
                        '<svg class="sign" width="22" height="10" aria-hidden="true"><path class="curve k{}{}" d="M0 6H22"/></svg>'
                    ).format(c.colour % COLOURS, " dashed" if c.dashed else ""),
                    c.label,
                )
                for c in items
            ]
        )
    )


def _sign(shape: Shape, colour: int) -> Markup:
    # A sign of the legend is drawn around (8, 8); here its middle must be the point.
    return Markup('<g transform="translate(-8 -8)">{}</g>').format(mark(shape, colour))


@dataclass(frozen=True)
class _Drawn:
    course: Course
    points: list[tuple[float, float]]
    band: list[tuple[float, float, float]]

    @classmethod
    def of(cls, course: Course, log: bool) -> _Drawn:
        spread = course.band or tuple((y, y) for _, y in course.points)
        rows = [
            (x, y, lo, hi)
            for (x, y), (lo, hi) in zip(course.points, spread, strict=True)
            if all(map(math.isfinite, (x, y, lo, hi))) and (lo > 0 or not log)
        ]
        few = thinned(rows)
        band = [(r[0], r[2], r[3]) for r in few] if course.band else []
        return cls(course, [(r[0], r[1]) for r in few], band)

    def heights(self) -> list[float]:
        return [y for _, y in self.points] + [v for _, lo, hi in self.band for v in (lo, hi)]
