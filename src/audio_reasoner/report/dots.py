"""Charts that set values beside each other: dots with intervals on one scale, curves, and a matrix of differences.

Decision: dots instead of bars, because a scale need not begin at zero for them, an interval is drawn through them, and
five readings of one run fit on one line. Shape tells what a dot is (ring, disc, square, diamond, triangle, cross),
colour only repeats it, and every value is written: the charts say the same in grey, in the dark and to a screen reader.
"""

# ruff: noqa: E501 (markup is easier to read unbroken)

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from markupsafe import Markup

from audio_reasoner.report.charts import COLOURS, nice_ceiling
from audio_reasoner.report.text import shorten

Shape = Literal["disc", "ring", "square", "diamond", "triangle", "cross", "tick"]
_SHAPES = {
    "disc": Markup('<circle r="5"/>'),
    "ring": Markup('<circle class="hollow" r="4.5"/>'),
    "square": Markup('<rect x="-4.5" y="-4.5" width="9" height="9"/>'),
    "diamond": Markup('<path d="M0-6.5 6.5 0 0 6.5-6.5 0z"/>'),
    "triangle": Markup('<path d="M0-6 6 5-6 5z"/>'),
    "cross": Markup('<path class="hollow" d="M-4-4 4 4M4-4-4 4"/>'),
    "tick": Markup('<path class="hollow" d="M0-8 0 8"/>'),
}
ROW = 27
"""Pixels from one line to the next."""
_RIGHT = 17
"""Per cent of the width for numbers."""


@dataclass(frozen=True)
class Dot:
    """A value on a line, with its interval if it has one. `name` is told when it is pointed at."""

    value: float
    shape: Shape = "disc"
    colour: int = 4
    name: str = ""
    interval: tuple[float, float] | None = None


@dataclass(frozen=True)
class DotLine:
    """One line: `number` stands flush right; `strong` sets the label bold.

    `spread` sets dots a little above and below each other in the order given, so that their intervals can be told apart;
    ticks stay in the middle.
    """

    label: str
    dots: tuple[Dot, ...]
    number: str = ""
    strong: bool = False
    spread: bool = False


@dataclass(frozen=True)
class Curve:
    """Points (x, y, what to say about it) in order, with one shape and colour."""

    label: str
    points: tuple[tuple[float, float, str], ...]
    shape: Shape = "disc"
    colour: int = 4
    dashed: bool = field(default=False)


def mark(shape: Shape, colour: int) -> Markup:
    """A shape alone, for legends and tables."""
    return Markup('<svg class="sign" width="16" height="16" aria-hidden="true"><g class="mk k{}" transform="translate(8 8)">{}</g></svg>').format(
        colour % COLOURS, _SHAPES[shape]
    )  # fmt: skip


def signs(items: Sequence[tuple[Shape, int, str]]) -> Markup:
    """A legend: each shape with what it means."""
    return Markup('<ul class="legend">{}</ul>').format(
        Markup("").join([Markup("<li>{} {}</li>").format(mark(s, c), name) for s, c, name in items])
    )


def _pct(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") + "%"


def _placed(shape: Shape, colour: int, x: str, y: float, title: str) -> Markup:
    return Markup('<svg class="mk k{}" x="{}" y="{}" overflow="visible"><title>{}</title>{}</svg>').format(
        colour % COLOURS, x, y, title, _SHAPES[shape]
    )


def _steps(low: float, high: float) -> list[float]:
    step = nice_ceiling((high - low) / 6)
    first = -(-low // step) * step
    return [first + i * step for i in range(int((high - first) / step + 1e-9) + 1)]


def dot_plot(
    lines: Sequence[DotLine], title: str, *, low: float = 0.0, high: float = 100.0, unit: str = "", left: int = 38
) -> Markup:
    """Lines of dots over a common scale from `low` to `high`; what lies beyond stands at the edge.

    `left` is the room for labels, in per cent of the width.
    """
    span = (high - low) or 1.0
    inner = 100 - left - _RIGHT
    row = ROW + 9 * any(line.spread for line in lines)

    def x(value: float) -> float:
        return 100 * (min(max(value, low), high) - low) / span

    height = row * len(lines) + 22
    drawn = [
        Markup(
            '<line class="grid" x1="{}" x2="{}" y1="0" y2="{}"/><text class="axis mid" x="{}" y="{}">{}</text>'
        ).format(_pct(x(at)), _pct(x(at)), height - 18, _pct(x(at)), height - 4, f"{at:g}")
        for at in _steps(low, high)
    ]
    text: list[Markup] = []
    for i, line in enumerate(lines):
        y = row * i + row / 2
        text.append(
            Markup('<text class="lbl{}" x="0" y="{}"><title>{}</title>{}</text><text class="num" x="100%" y="{}">{}</text>').format(
                " strong" if line.strong else "", y + 4.5, line.label, shorten(line.label, 40), y + 4.5, line.number
            )
        )  # fmt: skip
        moving = [d for d in line.dots if d.shape != "tick"] if line.spread else []
        up = {id(d): 22 * ((k + 0.5) / len(moving) - 0.5) for k, d in enumerate(moving)}
        for d in line.dots:
            if d.interval is not None:
                a, b = (_pct(x(v)) for v in d.interval)
                at = f"{y + up.get(id(d), 0.0):.1f}"
                drawn.append(
                    Markup('<line class="whisker k{}" x1="{}" x2="{}" y1="{}" y2="{}"/>').format(
                        d.colour % COLOURS, a, b, at, at
                    )
                )
        for d in line.dots:
            told = f" ({d.interval[0]:.1f} to {d.interval[1]:.1f})" if d.interval is not None else ""
            drawn.append(
                _placed(
                    d.shape,
                    d.colour,
                    _pct(x(d.value)),
                    round(y + up.get(id(d), 0.0), 1),
                    f"{line.label}: {d.name} {d.value:.2f}{unit}{told}",
                )
            )
    spoken = f"{title}: " + "; ".join(f"{line.label} {line.number}" for line in lines)
    return Markup(
        '<svg class="chart dots" role="img" aria-label="{}" width="100%" height="{}"><svg x="{}" width="{}" height="{}" overflow="visible">{}</svg>{}</svg>'
    ).format(spoken, height, _pct(left), _pct(inner), height, Markup("").join(drawn), Markup("").join(text))


def curves(
    items: Sequence[Curve],
    title: str,
    *,
    x_label: str,
    y_label: str,
    low: float = 0.0,
    high: float = 100.0,
    height: int = 280,
) -> Markup:
    """Curves over a common x axis that begins at zero; labels stand in a legend with the shapes."""
    right = nice_ceiling(max((x for c in items for x, _, _ in c.points), default=1.0))
    room, ceiling = height - 52, 18
    span = (high - low) or 1.0

    def place(x: float, y: float) -> tuple[float, float]:
        return 100 * x / right, ceiling + room * (1 - (min(max(y, low), high) - low) / span)

    body: list[Markup] = []
    numbers: list[Markup] = []
    for at in _steps(low, high):
        _, y = place(0, at)
        body.append(Markup('<line class="grid" x1="0" x2="100%" y1="{}" y2="{}"/>').format(f"{y:.1f}", f"{y:.1f}"))
        numbers.append(Markup('<text class="axis end" x="34" y="{}">{}</text>').format(f"{y + 4:.1f}", f"{at:g}"))
    body += [
        Markup('<text class="axis {}" x="{}" y="{}">{}</text>').format(
            "start" if at == 0 else "end" if at >= right else "mid", _pct(100 * at / right), height - 18, f"{at:g}"
        )
        for at in _steps(0, right)
    ]
    body.append(Markup('<text class="axis end" x="100%" y="{}">{}</text>').format(height - 3, x_label))
    numbers.append(Markup('<text class="axis" x="0" y="10">{}</text>').format(y_label))
    for c in items:
        points = " ".join(f"{a:.2f},{100 * (b - ceiling) / room:.2f}" for a, b in (place(x, y) for x, y, _ in c.points))
        body.append(
            Markup(
                '<svg y="{}" height="{}" width="100%" viewBox="0 0 100 100" preserveAspectRatio="none" overflow="visible"><polyline class="curve k{}{}" points="{}" vector-effect="non-scaling-stroke"/></svg>'
            ).format(ceiling, room, c.colour % COLOURS, " dashed" if c.dashed else "", points)
        )
        for x, y, says in c.points:
            a, b = place(x, y)
            body.append(_placed(c.shape, c.colour, _pct(a), round(b, 1), f"{c.label}: {says}"))
    spoken = f"{title}: " + "; ".join(f"{c.label}: " + ", ".join(says for *_, says in c.points) for c in items)
    return Markup(
        '<div class="histogram" role="img" aria-label="{}"><svg class="chart" width="38" height="{}">{}</svg><svg class="chart" width="100%" height="{}">{}</svg></div>{}'
    ).format(
        spoken, height, Markup("").join(numbers), height, Markup("").join(body), signs([(c.shape, c.colour, c.label) for c in items])
    )  # fmt: skip


@dataclass(frozen=True)
class Cell:
    """A field of a matrix. `tone` -1 (lower) to 1 (higher) colours it; `strong` marks what is more than luck."""

    text: str
    tone: float = 0.0
    strong: bool = False
    title: str = ""


def matrix(names: Sequence[str], cells: Sequence[Sequence[Cell | None]], caption: str) -> Markup:
    """A square table: rows by name, columns by number (the same names), None is the diagonal."""
    head = Markup("").join(
        [Markup('<th scope="col"><abbr title="{}">{}</abbr></th>').format(n, i + 1) for i, n in enumerate(names)]
    )
    rows = []
    for i, (name, line) in enumerate(zip(names, cells, strict=True)):
        fields = []
        for cell in line:
            if cell is None:
                fields.append(Markup('<td class="self"></td>'))
                continue
            tone = "" if not cell.tone else " up" if cell.tone > 0 else " down"
            fields.append(
                Markup('<td class="{}{}" title="{}">{}</td>').format(
                    "sure" if cell.strong else "unsure", tone, cell.title, cell.text
                )
            )
        rows.append(
            Markup('<tr><th scope="row"><span>{}</span> {}</th>{}</tr>').format(
                i + 1, shorten(name, 28), Markup("").join(fields)
            )
        )
    return Markup(
        '<div class="scroll" tabindex="0" role="region" aria-label="{}"><table class="matrix{}"><caption>{}</caption><thead><tr><td></td>{}</tr></thead><tbody>{}</tbody></table></div>'
    ).format(caption, " dense" if len(names) > 12 else "", caption, head, Markup("").join(rows))
