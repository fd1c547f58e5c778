"""How values, intervals and p-values are written on the page of a comparison."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from audio_reasoner.evaluation.compare_read import RunData
from audio_reasoner.report import Dot, text

DASH = "–"


def shown_value(value: float, unit: str) -> str:
    """A value with the decimals of its unit."""
    return f"{value:.3f}" if unit == "share" else f"{value:.2f}"


def answered_of(overall: Mapping[str, Any]) -> str:
    """How many items have an answer: a number, or "40/90" where some have none."""
    answered, items = overall.get("answered"), overall.get("items")
    if not isinstance(answered, int):
        return DASH
    return f"{answered:,}" if answered == items or not isinstance(items, int) else f"{answered:,}/{items:,}"


def partly(overall: Mapping[str, Any]) -> str:
    """ " (40/90)" behind the name of a run that is not finished, else nothing."""
    shown = answered_of(overall)
    return f" ({shown})" if "/" in shown else ""


def interval_of(value: Mapping[str, Any]) -> tuple[float, float] | None:
    """The interval of a `Value.to_dict()`."""
    ends = value.get("interval_95")
    if isinstance(ends, list) and len(ends) == 2 and all(isinstance(e, int | float) and abs(e) < 1e12 for e in ends):
        return float(ends[0]), float(ends[1])
    return None


def p_text(p: float) -> str:
    """A p-value for reading.

    >>> p_text(0.0304), p_text(0.00004), p_text(1.0)
    ('0.030', '< 0.001', '1')
    """
    return "< 0.001" if p < 0.001 else "1" if p > 0.9995 else f"{p:.3f}"


def run_name(name: str) -> Markup:
    """A run's name on one line."""
    return Markup('<span class="run" title="{}">{}</span>').format(name, text.shorten(name, 36))


def value_cell(
    value: Mapping[str, Any] | None, unit: str, *, best: bool = False, every: bool = True, note: str = ""
) -> str | Markup:
    """A value with its interval below it; `every` adds the value over all items where that is another one."""
    if value is None:
        return DASH
    number = shown_value(value["value"], unit)
    interval = interval_of(value)
    below = [f"{interval[0]:.1f}–{interval[1]:.1f}"] if interval else []
    over = value.get("over_all_items")
    if every and isinstance(over, int | float) and abs(over - value["value"]) > 0.005:
        below.append(f"all {shown_value(over, unit)}")
    if note:
        below.append(note)
    return Markup("{}{}").format(
        Markup("<b>{}</b>").format(number) if best else number,
        Markup("").join([Markup('<small class="ci">{}</small>').format(b) for b in below]),
    )


def constant_dot(run: RunData) -> tuple[Dot, ...]:
    """The best constant answer of a run's data as a tick; nothing if its score has none."""
    held = run.overall.get("best_constant")
    if isinstance(held, dict) and isinstance(held.get("value"), int | float):
        return (Dot(held["value"], "tick", 6, f"best constant answer “{held.get('answer')}”"),)
    return ()
