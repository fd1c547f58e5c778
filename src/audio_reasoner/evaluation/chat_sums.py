"""Means of means for AIR-Bench chat, with bootstrap intervals over clips.

Decision: sums and counts by metric, order and category are all that any of its numbers needs. Clips are drawn once for
the whole score, as multinomial weights, and every number of every table is computed from the same rounds; one draw for
each of its 160 numbers took ten seconds on 600 rows, this takes a fraction of one on all 2,200.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isfinite
from typing import TYPE_CHECKING

from audio_reasoner.evaluation.base import Item, Metric, Value
from audio_reasoner.evaluation.statistics import LEVEL, ROUNDS

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from audio_reasoner.evaluation.air_chat import ChatRow

    Floats = npt.NDArray[np.float64]

_ONE_ORDER = {"reference_first": ("chat",), "response_first": ("chat_swapped",)}
_BOTH = ("chat", "chat_swapped")
_CELLS = 8_000_000
"""Weights held at a time."""


class Sums:
    """What was said of all items. `rows` are those with an answer, by id."""

    def __init__(self, items: Sequence[Item], rows: Mapping[str, ChatRow], metrics: Sequence[Metric]) -> None:
        import numpy as np

        self._metrics = metrics
        self._place = {item.id: i for i, item in enumerate(items)}
        names = {clip: i for i, clip in enumerate(dict.fromkeys(item.clip for item in items))}
        self._clip = np.array([names[item.clip] for item in items], dtype=np.intp)
        self._clips = len(names)
        self._cells: dict[tuple[str, str], Floats] = {}
        for metric in metrics:
            for order in _BOTH:
                column = [
                    v if (row := rows.get(item.id)) is not None and (v := row.reading(metric.name, order)) is not None
                    else np.nan
                    for item in items
                ]  # fmt: skip
                self._cells[metric.name, order] = np.array(column, dtype=np.float64)
        # An order that was never asked is none: one-order judging has a value, and the deviations say so. Without any
        # opinion nothing has a value, 0 least of all.
        self._asked = tuple(o for o in _BOTH if any(row.replies.get(o) is not None for row in rows.values()))

    def values(self, parts: Sequence[Sequence[Sequence[Item]]]) -> dict[str, Value]:
        """Every metric's value: the mean over parts of the mean over their sets of the mean over orders.

        Args:
            parts: lists of sets of items; a set in which nothing counts leaves no value.
        """
        import numpy as np

        places = [[np.array([self._place[item.id] for item in held], dtype=np.intp) for held in part] for part in parts]
        summed = [self._summed(metric.name, places) for metric in self._metrics]
        # The weights are the large thing here: they are gone through once for all metrics.
        matrix = np.concatenate([one.columns for one in summed], axis=1)
        drawn = np.concatenate([weights @ matrix for weights in self._weights])
        shape, at, values = [len(part) for part in parts], 0, {}
        for metric, one in zip(self._metrics, summed, strict=True):
            width = one.columns.shape[1]
            values[metric.name] = one.value(shape, drawn[:, at : at + width])
            at += width
        return values

    def _summed(self, metric: str, parts: Sequence[Sequence[npt.NDArray[np.intp]]]) -> _Summed:
        import numpy as np

        orders = [o for o in _ONE_ORDER.get(metric, _BOTH) if o in self._asked]
        counted: set[int] = set()
        columns: list[Floats] = []
        sizes: list[int] = []
        complete = True
        for part in parts:
            for places in part:
                for order in orders:
                    cells = self._cells[metric, order][places]
                    there = ~np.isnan(cells)
                    complete = complete and bool(there.all())
                    counted.update(places[there].tolist())
                    clips = self._clip[places][there]
                    sums = np.bincount(clips, weights=cells[there], minlength=self._clips)
                    columns.append(sums.astype(np.float64))
                    columns.append(np.bincount(clips, minlength=self._clips).astype(np.float64))
                    sizes.append(len(places))
        together = np.stack(columns, axis=1) if columns else np.zeros((self._clips, 0))
        return _Summed(together, len(counted), sizes, len(orders), complete)

    @cached_property
    def _weights(self) -> list[Floats]:
        """How often each clip is drawn in each round."""
        import numpy as np

        rng = np.random.default_rng(0)
        step = max(1, _CELLS // self._clips)
        even = np.full(self._clips, 1 / self._clips)
        return [
            rng.multinomial(self._clips, even, size=min(step, ROUNDS - done)).astype(np.float64)
            for done in range(0, ROUNDS, step)
        ]


@dataclass
class _Summed:
    """A metric in one group: by clip, sum and count of each set and order; how many there are; whether all count."""

    columns: Floats
    counted: int
    sizes: Sequence[int]
    orders: int
    complete: bool

    def value(self, shape: Sequence[int], drawn: Floats) -> Value:
        """The value of the columns' sums, with the interval of the drawn ones."""
        import numpy as np

        if not self.orders:
            return Value(None, 0)
        whole = self.columns.sum(axis=0, keepdims=True)
        value = float(_nested(whole[:, 0::2], whole[:, 1::2], shape, self.orders)[0])
        over_all = float(_nested(whole[:, 0::2], np.array([self.sizes], dtype=np.float64), shape, self.orders)[0])
        beside = None if self.complete or not isfinite(over_all) else over_all
        if not isfinite(value):
            return Value(None, self.counted, None, beside)
        found = _nested(drawn[:, 0::2], drawn[:, 1::2], shape, self.orders)
        low, high = np.nanquantile(found, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        # Drawing from equal numbers shows no spread, which is not to say that there is none.
        interval = (float(low), float(high)) if high > low else None
        return Value(value, self.counted, interval, beside)


def _nested(sums: Floats, counts: Floats, shape: Sequence[int], orders: int) -> Floats:
    """Mean over parts of the mean over sets of the mean over orders, row by row; NaN where one has no value."""
    import numpy as np

    with np.errstate(divide="ignore", invalid="ignore"):
        means = sums / counts
    total, at = np.zeros(len(means)), 0
    for size in shape:
        part = np.zeros(len(means))
        for _ in range(size):
            part += means[:, at : at + orders].sum(axis=1) / orders
            at += orders
        total += part / size
    return np.asarray(total / len(shape))
