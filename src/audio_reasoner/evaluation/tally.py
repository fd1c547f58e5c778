"""Counts judged replies into groups: values with intervals, and what could be scored without listening.

Decision: numbers are kept by item and summed by group at the end, because one item stands in several tables and the
bootstrap needs to know which answers are about the same recording.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from audio_reasoner.core.choices import letter
from audio_reasoner.evaluation.base import GroupScore, Item, Value

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Places = NDArray[np.intp]

_NAN = float("nan")
FACTS = ("unparsed", "from_summary", "tagged", "well_formed")


class Tally:
    """Readings (0..1, or None for a row that is left out) and facts of a benchmark's items."""

    def __init__(self, items: Sequence[Item], names: Sequence[str]) -> None:
        self.items = items
        self.names = tuple(names)
        self._cells = {name: [_NAN] * len(items) for name in names}
        self._answered = [False] * len(items)
        self._facts = {name: [False] * len(items) for name in FACTS}

    def add(self, place: int, readings: Mapping[str, float | None], facts: tuple[bool, bool, bool, bool]) -> None:
        """Count the answer to item number `place`; `facts` in the order of `FACTS`."""
        self._answered[place] = True
        for name in self.names:
            value = readings[name]
            if value is not None:
                self._cells[name][place] = value
        for column, fact in zip(self._facts.values(), facts, strict=True):
            column[place] = fact

    def finish(self, kinds: Sequence[str]) -> tuple[GroupScore, dict[str, list[GroupScore]]]:
        """All items as one group, and a table for each of `kinds`, in order of first appearance."""
        import numpy as np

        summed = _Sums(self)
        overall = summed.group("overall", np.arange(len(self.items)))
        tables = {}
        for kind in kinds:
            places: dict[str, list[int]] = {}
            for i, item in enumerate(self.items):
                name = item.groups.get(kind)
                if name is not None:
                    places.setdefault(name, []).append(i)
            tables[kind] = [summed.group(name, np.array(held)) for name, held in places.items()]
        return overall, tables


class _Sums:
    def __init__(self, tally: Tally) -> None:
        import numpy as np

        self.items = tally.items
        self.cells = {name: np.array(values) for name, values in tally._cells.items()}
        self.answered = np.array(tally._answered)
        self.facts = {name: np.array(values) for name, values in tally._facts.items()}
        numbers: dict[str, int] = {}
        self.clips = np.array([numbers.setdefault(item.clip, len(numbers)) for item in tally.items])
        self.single = len(numbers) == len(self.clips)  # the common case: one question per recording

    def group(self, name: str, places: Places) -> GroupScore:
        import numpy as np

        held = [self.items[i] for i in places]
        answered = int(self.answered[places].sum())
        values = {}
        for metric, column in self.cells.items():
            cells = column[places]
            counted = ~np.isnan(cells)
            n, total = int(counted.sum()), float(cells[counted].sum())
            values[metric] = Value(
                value=100 * total / n if n else None,
                n=n,
                interval=self._interval(cells[counted], places[counted]) if n else None,
                over_all=100 * total / len(held) if n < len(held) else None,
            )
        facts: dict[str, Any] = {}
        for fact, flags in self.facts.items():
            count = int(flags[places].sum())
            facts[fact] = {"count": count, "rate": round(count / answered, 4) if answered else None}
        return GroupScore(name, len(held), answered, values, facts | without_listening(held))

    def _interval(self, values: NDArray[np.float64], places: Places) -> tuple[float, float]:
        import numpy as np

        from audio_reasoner.evaluation.statistics import bootstrap_counts

        if self.single:
            distinct, counts = np.unique(values, return_counts=True)
            pairs = {(value, 1): n for value, n in zip(distinct.tolist(), counts.tolist(), strict=True)}
        else:
            _, clips = np.unique(self.clips[places], return_inverse=True)
            # Sums of thirds in another order differ in the last bit; they must not count as different clips.
            sums = np.bincount(clips, weights=values).round(9)
            pairs = Counter(zip(sums.tolist(), np.bincount(clips).tolist(), strict=True))
        low, high = bootstrap_counts(pairs)
        return 100 * low, 100 * high


def without_listening(items: Sequence[Item]) -> dict[str, Any]:
    """What answers score that need no audio, in percent of all items; without gold answers only `chance`.

    `best_constant` is the better of always the same text and always the same position, chosen with the gold answers in
    view; `majority` the most frequent gold text alone; `chance` what random choices are expected to score.
    """
    n = len(items)
    facts: dict[str, Any] = {"chance": round(sum(100 / len(item.choices) for item in items) / n, 4)}
    texts = Counter(item.answer for item in items if item.answer)
    if texts:
        places = Counter(item.gold for item in items if item.gold is not None)
        text, text_count = texts.most_common(1)[0]
        place, place_count = places.most_common(1)[0] if places else (0, 0)
        by_text = text_count >= place_count
        facts["best_constant"] = {
            "answer": text if by_text else f"({letter(place)})" if place < 26 else f"choice {place + 1}",
            "kind": "text" if by_text else "position",
            "value": round(100 * max(text_count, place_count) / n, 4),
        }
        facts["majority"] = {"answer": text, "value": round(100 * text_count / n, 4)}
    return facts
