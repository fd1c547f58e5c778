"""Means of means for AIR-Bench chat, with bootstrap intervals over clips.

Decision: sums and counts by clip, category and order are all that any of its numbers needs, so one vector per clip
serves the value, its interval and the version with failures as 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite, nan
from typing import TYPE_CHECKING, Any

from audio_reasoner.evaluation.base import Item, Value

if TYPE_CHECKING:
    from audio_reasoner.evaluation.air_chat import ChatRow

_ONE_ORDER = {"reference_first": ("chat",), "response_first": ("chat_swapped",)}
_BOTH = ("chat", "chat_swapped")


class Sums:
    """The items of one group and what was said of them."""

    def __init__(self, items: Sequence[Item], rows: Mapping[str, ChatRow]) -> None:
        self._items = items
        self._rows = rows

    def values(self, parts: Sequence[Sequence[str]]) -> dict[str, Value]:
        """Every metric's value.

        Args:
            parts: the mean is taken over these, and in each over its categories; a missing one leaves no value.
        """
        from audio_reasoner.evaluation.air_chat import METRICS

        return {metric.name: self._value(metric.name, parts) for metric in METRICS}

    def _value(self, metric: str, parts: Sequence[Sequence[str]]) -> Value:
        categories = [category for part in parts for category in part]
        orders = _ONE_ORDER.get(metric, _BOTH)
        # An order that was never asked is no order of this group: one-order judging has a value, and says so elsewhere.
        asked = [o for o in orders if any(row.replies.get(o) is not None for row in self._rows.values())] or list(
            orders
        )
        # For each category and order: sum, how many count, how many there are.
        width = 3 * len(asked)
        clips: dict[str, list[float]] = {}
        counted: set[str] = set()
        complete = True
        for item in self._items:
            vector = clips.setdefault(item.clip, [0.0] * (width * len(categories)))
            start = width * categories.index(item.groups["category"])
            row = self._rows.get(item.id)
            for place, order in enumerate(asked):
                at = start + 3 * place
                vector[at + 2] += 1
                value = None if row is None else row.reading(metric, order)
                if value is None:
                    complete = False
                    continue
                vector[at] += value
                vector[at + 1] += 1
                counted.add(item.id)
        shape = [len(part) for part in parts]

        def mean(over_all: bool) -> Any:
            return lambda vector: _nested(vector, shape, len(asked), over_all)

        whole = [sum(column) for column in zip(*clips.values(), strict=True)]
        value, over_all = mean(False)(whole), mean(True)(whole)
        if not isfinite(value):
            return Value(None, len(counted), None, None if complete or not isfinite(over_all) else over_all)
        return Value(value, len(counted), _interval(list(clips.values()), mean(False)), None if complete else over_all)


def _interval(clips: Sequence[Sequence[float]], statistic: Any) -> tuple[float, float]:
    from audio_reasoner.evaluation.statistics import bootstrap_statistic

    return bootstrap_statistic(clips, statistic)


def _nested(vector: Sequence[float], shape: Sequence[int], orders: int, over_all: bool) -> float:
    """Mean over parts of the mean over categories of the mean over orders; not finite if one of them has no value."""
    at, total = 0, 0.0
    for size in shape:
        part = 0.0
        for _ in range(size):
            category = 0.0
            for _ in range(orders):
                n = vector[at + 2] if over_all else vector[at + 1]
                if not n:
                    return nan
                category += vector[at] / n
                at += 3
            part += category / orders
        total += part / size
    return float(total / len(shape))
