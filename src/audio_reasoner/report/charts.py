"""Charts as plain functions that return SVG.

Decision: no chart library and no canvas. Positions across are percentages and heights are pixels, so a chart fills its
card at any width while its text keeps its size, on a phone and on paper. Colours are Okabe and Ito's, which colour-blind
readers can tell apart, and every number is also written next to its mark: colour is never the only carrier. All functions
return `Markup`: whatever a caller passes in is escaped.
"""

# ruff: noqa: E501 (markup is easier to read unbroken)

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil, floor, log10

from markupsafe import Markup

from audio_reasoner.report.text import count, share, shorten

COLOURS = 8  # classes c0 … c7 of assets/page.css


@dataclass(frozen=True)
class Bar:
    """One bar: `note` stands after its number; `colour` is a palette index."""

    label: str
    value: float
    note: str = ""
    colour: int = 0


@dataclass(frozen=True)
class Stage:
    """One step of a funnel: what came through (`count` things called `unit`) and what was lost on the way, by reason."""

    label: str
    count: int
    unit: str
    losses: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Span:
    """Something heard from `start_s` to `end_s` (seconds). `lane` groups spans on one line."""

    start_s: float
    end_s: float
    lane: str
    text: str = ""
    attributes: dict[str, str] = field(default_factory=dict)


def _pct(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".") + "%"


def _svg(height: int, title: str, body: Markup, extra: str = "") -> Markup:
    return Markup('<svg class="chart {}" role="img" aria-label="{}" width="100%" height="{}">{}</svg>').format(
        extra, title, height, body
    )


def _join(parts: Sequence[Markup]) -> Markup:
    return Markup("").join(parts)


def bars(items: Sequence[Bar], title: str, *, limit: int = 12, whole: float | None = None) -> Markup:
    """Horizontal bars, longest value = full width; each has its label and number above it.

    Args:
        items: in the order they are drawn; those after `limit` are summed in one last line without a bar.
        whole: what a bar's share is of (written as a percentage); None writes no share.
    """
    shown = list(items[:limit])
    top = max((b.value for b in shown), default=0) or 1
    if rest := items[limit:]:
        shown.append(Bar(f"{count(len(rest))} more", sum(b.value for b in rest)))
    rows: list[Markup] = []
    for i, b in enumerate(shown):
        y = 34 * i
        number = (
            count(b.value)
            + (f" · {share(b.value, whole)}" if whole is not None else "")
            + (f" · {b.note}" if b.note else "")
        )
        mark = Markup("")
        if i < limit:
            mark = Markup(
                '<rect class="rail" x="0" y="{}" width="100%" height="8" rx="2"/><rect class="c{}" x="0" y="{}" width="{}" height="8" rx="2"/>'
            ).format(y + 20, b.colour % COLOURS, y + 20, _pct(100 * b.value / top))
        rows.append(
            Markup(
                '<g><title>{}: {}</title><text class="lbl" x="0" y="{}">{}</text><text class="num" x="100%" y="{}">{}</text>{}</g>'
            ).format(b.label, number, y + 14, shorten(b.label, 38), y + 14, number, mark)
        )
    spoken = f"{title}: " + "; ".join(f"{b.label} {count(b.value)}" for b in shown)
    return _svg(max(34 * len(shown), 1), spoken, _join(rows))


def share_bar(parts: Sequence[tuple[str, float]], title: str) -> Markup:
    """One bar divided by share, with a legend in the same order that writes every number."""
    whole = sum(v for _, v in parts)
    cells: list[Markup] = []
    legend: list[Markup] = []
    at = 0.0
    for i, (label, value) in enumerate(parts):
        width = 100 * value / whole if whole else 0
        colour = i % COLOURS
        inside = (
            Markup('<text class="on c{}t" x="6" y="17">{}</text>').format(colour, shorten(label, 18))
            if width >= 14
            else Markup("")
        )
        cells.append(
            Markup(
                '<svg x="{}" width="{}" height="24"><title>{}: {} ({})</title>'
                '<rect class="c{}" width="100%" height="24"/>{}<rect class="gap" x="100%" width="2" height="24" transform="translate(-2)"/></svg>'
            ).format(_pct(at), _pct(width), label, count(value), share(value, whole), colour, inside)
        )
        legend.append(
            Markup('<li><i class="key c{}"></i><span>{}</span> <b>{}</b> <small>{}</small></li>').format(
                colour, label, count(value), share(value, whole)
            )
        )
        at += width
    spoken = f"{title}: " + "; ".join(f"{label} {share(value, whole)}" for label, value in parts)
    return _svg(24, spoken, _join(cells), "sharebar") + Markup('<ul class="legend">{}</ul>').format(_join(legend))


def moving_average(values: Sequence[float], window: int = 3) -> list[float]:
    """Centred moving average; at the ends over the neighbours that exist.

    >>> moving_average([0, 3, 6])
    [1.5, 3.0, 4.5]
    """
    half = window // 2
    return [sum(part := values[max(0, i - half) : i + half + 1]) / len(part) for i in range(len(values))]


def nice_ceiling(value: float) -> float:
    """The next of 1, 2, 2.5, 5 times a power of ten: the top of an axis.

    >>> nice_ceiling(37), nice_ceiling(0.21), nice_ceiling(100)
    (50.0, 0.25, 100.0)
    """
    if value <= 0:
        return 1.0
    power = 10.0 ** floor(log10(value))
    return float(next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= value * (1 - 1e-9)))


def histogram(
    counts: Sequence[int], edges: Sequence[float], title: str, *, x_label: str = "", colour: int = 0, height: int = 150
) -> Markup:
    """Columns in per cent of all, over bins `edges[i] … edges[i+1]`, with a moving-average line (paper, Figure 4).

    Every column that holds something writes its percentage; hovering tells the count.
    """
    whole = sum(counts)
    percents = [100 * c / whole if whole else 0.0 for c in counts]
    trend = moving_average(percents)
    top = nice_ceiling(max([*percents, 1.0]))
    n = len(counts)
    base, ceiling = height - 30, 16
    room = base - ceiling
    lines: list[Markup] = []
    numbers: list[Markup] = []
    for part in (0.0, 0.5, 1.0):
        y = base - room * part
        lines.append(Markup('<line class="grid" x1="0" x2="100%" y1="{}" y2="{}"/>').format(y, y))
        numbers.append(Markup('<text class="axis end" x="34" y="{}">{}%</text>').format(y + 4, f"{top * part:g}"))
    columns: list[Markup] = []
    for i, (number, percent) in enumerate(zip(counts, percents, strict=True)):
        tall = room * percent / top
        columns.append(
            Markup(
                '<g><title>{}–{} {}: {} ({})</title><rect class="c{}" x="{}" width="{}" y="{}" height="{}" rx="1"/></g>'
            ).format(
                f"{edges[i]:g}",
                f"{edges[i + 1]:g}",
                x_label,
                count(number),
                share(number, whole),
                colour,
                _pct(100 * (i + 0.12) / n),
                _pct(76 / n),
                f"{base - tall:.1f}",
                f"{tall:.1f}",
            )
        )
        if number:
            written = f"{percent:.0f}" if percent >= 1 else "<1"
            columns.append(
                Markup('<text class="axis mid" x="{}" y="{}">{}</text>').format(
                    _pct(100 * (i + 0.5) / n), f"{base - tall - 4:.1f}", written
                )
            )
    step = max(1, ceil(n / 6))
    for i in range(0, n + 1, step):
        anchor = "start" if i == 0 else "end" if i == n else "mid"
        columns.append(
            Markup('<text class="axis {}" x="{}" y="{}">{}</text>').format(
                anchor, _pct(100 * i / n), base + 14, f"{edges[i]:g}"
            )
        )
    points = " ".join(f"{100 * (i + 0.5) / n:.2f},{100 * (1 - v / top):.2f}" for i, v in enumerate(trend))
    line = Markup(
        '<svg y="{}" height="{}" width="100%" viewBox="0 0 100 100" preserveAspectRatio="none" overflow="visible">'
        '<polyline class="trend" points="{}" vector-effect="non-scaling-stroke"/></svg>'
    ).format(ceiling, room, points)
    label = Markup('<text class="axis end" x="100%" y="{}">{}</text>').format(height - 2, x_label)
    spoken = f"{title}: " + ", ".join(
        f"{edges[i]:g} to {edges[i + 1]:g}: {share(c, whole)}" for i, c in enumerate(counts) if c
    )
    # Two pictures side by side, because an inner svg cannot be "all but 40 pixels" wide.
    return Markup(
        '<div class="histogram" role="img" aria-label="{}"><svg class="chart" width="38" height="{}">{}</svg><svg class="chart" width="100%" height="{}">{}{}{}{}</svg></div>'
    ).format(spoken, height, _join(numbers), height, _join(lines), _join(columns), line, label)


def ranges(items: Sequence[tuple[str, float, float, float]], title: str, *, unit: str = "") -> Markup:
    """Minimum, mean and maximum of each item on one common scale (paper, Figure 6). Items are (label, min, mean, max)."""
    top = nice_ceiling(max((high for *_, high in items), default=1.0))
    rows: list[Markup] = []
    for i, (label, low, mean, high) in enumerate(items):
        y = 40 * i
        rows.append(
            Markup(
                '<g><title>{}: min {}, mean {}, max {} {}</title><text class="lbl" x="0" y="{}">{}</text>'
                '<text class="num" x="100%" y="{}">{} – <tspan class="strong">{}</tspan> – {}{}</text>'
                '<rect class="rail" x="0" y="{}" width="100%" height="8" rx="4"/>'
                '<rect class="c1" x="{}" y="{}" width="{}" height="8" rx="4"/><circle class="c4 ring" cx="{}" cy="{}" r="6"/></g>'
            ).format(
                label,
                f"{low:g}",
                f"{mean:.1f}",
                f"{high:g}",
                unit,
                y + 14,
                shorten(label, 30),
                y + 14,
                f"{low:,g}",
                f"{mean:,.1f}",
                f"{high:,g}",
                f" {unit}" if unit else "",
                y + 22,
                _pct(100 * low / top),
                y + 22,
                _pct(max(100 * (high - low) / top, 0.8)),
                _pct(100 * mean / top),
                y + 26,
            )
        )
    spoken = f"{title}: " + "; ".join(
        f"{label} from {low:g} to {high:g}, mean {mean:.1f} {unit}" for label, low, mean, high in items
    )
    return _svg(max(40 * len(items), 1), spoken, _join(rows))


def funnel(stages: Sequence[Stage], title: str) -> Markup:
    """What came through each step and why the rest did not. Bars of one unit share one scale."""
    tops: dict[str, int] = {}
    for s in stages:
        tops[s.unit] = max(tops.get(s.unit, 1), s.count + sum(n for _, n in s.losses))
    rows: list[Markup] = []
    for i, s in enumerate(stages):
        top = tops[s.unit]
        previous = stages[i - 1] if i else None
        ratio = share(s.count, s.count + sum(n for _, n in s.losses)) if s.losses else ""
        if previous is not None and previous.count:
            ratio = (
                share(s.count, previous.count)
                if previous.unit == s.unit
                else f"{s.count / previous.count:.1f} per {previous.unit.removesuffix('s')}"
            )
        lost = sum(n for _, n in s.losses)
        svg = _svg(
            16,
            f"{s.label}: {count(s.count)} {s.unit}" + (f", {count(lost)} lost" if lost else ""),
            Markup(
                '<rect class="rail" x="0" width="100%" height="16" rx="3"/><rect class="c4" x="0" width="{}" height="16" rx="3"/>'
                '<rect class="lost" x="{}" width="{}" height="16"/>'
            ).format(_pct(100 * s.count / top), _pct(100 * s.count / top), _pct(100 * lost / top)),
        )
        reasons = _join(
            [Markup("<li><b>−{}</b> <code>{}</code></li>").format(count(n), code) for code, n in s.losses if n]
        )
        rows.append(
            Markup(
                '<li class="stage"><div class="what"><span>{}</span> <b>{}</b> <small>{}</small> <small class="ratio">{}</small></div>{}{}</li>'
            ).format(
                s.label,
                count(s.count),
                s.unit,
                ratio,
                svg,
                Markup('<ul class="reasons">{}</ul>').format(reasons) if reasons else "",
            )
        )
    return Markup('<ol class="funnel" aria-label="{}">{}</ol>').format(title, _join(rows))


def timeline(spans: Sequence[Span], duration_s: float, title: str) -> Markup:
    """Lanes of what is heard over time, one lane per name in order of first appearance; names stand in the lanes.

    Times outside 0 … `duration_s` are cut at the edge. Each rectangle carries its times as `data-start`, `data-end`, so that
    a player can light it up while it sounds.
    """
    duration = max(duration_s, 1e-3)
    lanes = list(dict.fromkeys(s.lane for s in spans))
    rows: list[Markup] = []
    for i, lane in enumerate(lanes):
        y = 26 * i
        mine = [s for s in spans if s.lane == lane]
        rows.append(Markup('<rect class="lane" x="0" y="{}" width="100%" height="24"/>').format(y))
        first = min(min(max(s.start_s, 0.0), duration) for s in mine)
        for s in mine:
            start, end = (min(max(t, 0.0), duration) for t in (s.start_s, s.end_s))
            rows.append(
                Markup(
                    '<rect class="span c{}" data-start="{}" data-end="{}" x="{}" y="{}" width="{}" height="18" rx="3"><title>{}</title></rect>'
                ).format(
                    i % COLOURS,
                    f"{start:.3f}",
                    f"{end:.3f}",
                    _pct(100 * start / duration),
                    y + 3,
                    _pct(max(100 * (end - start) / duration, 0.4)),
                    f"{s.text or s.lane}: {start:.2f} – {end:.2f} s",
                )
            )
        # The name stands before its first span if there is room, else after it starts; a halo keeps it readable on any colour.
        at_right = first / duration > 0.55
        rows.append(
            Markup('<text class="name {}" x="{}" y="{}" {}>{}</text>').format(
                "end" if at_right else "start",
                _pct(100 * first / duration),
                y + 16,
                Markup('dx="-6"') if at_right else Markup('dx="6"'),
                shorten(lane, 40),
            )
        )
    spoken = f"{title}: " + "; ".join(f"{s.text or s.lane} {s.start_s:.1f} to {s.end_s:.1f} seconds" for s in spans)
    return _svg(max(26 * len(lanes), 1), spoken, _join(rows), "lanes")


def time_axis(duration_s: float) -> Markup:
    """Seconds under a player: about five round numbers and the end."""
    duration = max(duration_s, 1e-3)
    step = nice_ceiling(duration / 5)
    ticks = [i * step for i in range(int(duration / step + 1e-9) + 1)]
    body = _join(
        [
            Markup(
                '<line class="grid" x1="{}" x2="{}" y1="0" y2="4"/><text class="axis {}" x="{}" y="15">{}</text>'
            ).format(
                _pct(100 * t / duration),
                _pct(100 * t / duration),
                "start" if i == 0 else "end" if t / duration > 0.96 else "mid",
                _pct(100 * t / duration),
                f"{t:g} s" if i == len(ticks) - 1 else f"{t:g}",
            )
            for i, t in enumerate(ticks)
        ]
    )
    return Markup('<svg class="chart timeaxis" aria-hidden="true" width="100%" height="18">{}</svg>').format(body)
