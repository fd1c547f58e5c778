"""Counts judged replies into groups: values with intervals, and what could be scored without listening.

Decision: numbers are kept by item and summed by group at the end, all groups of a table at once, because one item
stands in several tables and the bootstrap needs to know which answers are about the same recording. What depends on the
items alone (who is in which group, the best constant answer) is worked out once for all runs on a benchmark.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from audio_reasoner.core.choices import letter
from audio_reasoner.evaluation.base import Benchmark, GroupScore, Item, Value

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Codes = NDArray[np.int64]
    Flags = NDArray[np.bool_]

_NAN = float("nan")
FACTS = ("unparsed", "from_summary", "tagged", "well_formed")


class Tally:
    """Readings (0..1, or None for a row that is left out) and facts of a benchmark's items."""

    def __init__(self, benchmark: Benchmark, names: Sequence[str]) -> None:
        self.benchmark = benchmark
        self.names = tuple(names)
        n = len(benchmark.items)
        self._cells = {name: [_NAN] * n for name in names}
        self._answered = [False] * n
        self._facts = {name: [False] * n for name in FACTS}
        self._right: list[Sequence[int]] = [()] * n
        self._told = 0

    def add(self, place: int, readings: Mapping[str, float | None], facts: tuple[bool, bool, bool, bool]) -> None:
        """Count the answer to item number `place`; `facts` in the order of `FACTS`."""
        self._answered[place] = True
        for name in self.names:
            value = readings[name]
            if value is not None:
                self._cells[name][place] = value
        for column, fact in zip(self._facts.values(), facts, strict=True):
            if fact:
                column[place] = True

    def count_as_right(self, place: int, choices: Sequence[int]) -> None:
        """Say which choices of item number `place` the headline counts as right, where these are not the gold one.

        Once said for a benchmark, it holds for every run on it (`knows_right`).
        """
        self._right[place] = choices
        self._told += 1

    @property
    def knows_right(self) -> bool:
        """Whether `count_as_right` need not be called again for this benchmark."""
        return _prepared(self.benchmark, "gold") is not None

    def finish(self, kinds: Sequence[str]) -> tuple[GroupScore, dict[str, list[GroupScore]]]:
        """All items as one group, and a table for each of `kinds`, in order of first appearance."""
        import numpy as np

        cells = {name: np.array(values) for name, values in self._cells.items()}
        answered = np.array(self._answered)
        facts = {name: np.array(values) for name, values in self._facts.items()}
        overall, *tables = (
            _table(groups, cells, answered, facts, _clips(self.benchmark))
            for groups in [_groups(self.benchmark, kind, self._right if self._told else None) for kind in ("", *kinds)]
        )
        return overall[0], dict(zip(kinds, tables, strict=True))


# ------------------------------------------------------------------------------------------- known from the items alone


@dataclass(frozen=True)
class _Groups:
    """The groups of one table: `codes[i]` is the group of item i, -1 for none."""

    names: list[str]
    codes: Codes
    sizes: list[int]
    facts: list[dict[str, Any]]


@dataclass(frozen=True)
class _Clips:
    """`numbers[i]` is the recording of item i; `single`: no two items share one, which is the common case."""

    numbers: Codes
    single: bool


def _prepared(benchmark: Benchmark, name: str) -> Any:
    """What was worked out before, unless the items are others now."""
    items, n, made = benchmark.prepared.get(name, (None, 0, None))
    return made if items is benchmark.items and n == len(items) else None


def _groups(benchmark: Benchmark, kind: str, right: Sequence[Sequence[int]] | None) -> _Groups:
    """The table `kind`, "" for all items as one group."""
    import numpy as np

    items = benchmark.items
    held = _prepared(benchmark, f"groups {kind}")
    if isinstance(held, _Groups):
        return held
    places: dict[str, list[int]] = {}
    if kind:
        for i, item in enumerate(items):
            name = item.groups.get(kind)
            if name is not None:
                places.setdefault(name, []).append(i)
    else:
        places["overall"] = list(range(len(items)))
    gold = _prepared(benchmark, "gold")
    if not isinstance(gold, _Gold):
        gold = _Gold(items, right)
        benchmark.prepared["gold"] = (items, len(items), gold)
    codes = np.full(len(items), -1, dtype=np.int64)
    for code, found in enumerate(places.values()):
        codes[found] = code
    made = _Groups(
        list(places),
        codes,
        [len(found) for found in places.values()],
        [gold.facts(np.array(found, dtype=np.int64)) for found in places.values()],
    )
    benchmark.prepared[f"groups {kind}"] = (items, len(items), made)
    return made


def _clips(benchmark: Benchmark) -> _Clips:
    import numpy as np

    items = benchmark.items
    held = _prepared(benchmark, "clips")
    if isinstance(held, _Clips):
        return held
    numbers: dict[str, int] = {}
    codes = np.array([numbers.setdefault(item.clip, len(numbers)) for item in items], dtype=np.int64)
    made = _Clips(codes, len(numbers) == len(items))
    benchmark.prepared["clips"] = (items, len(items), made)
    return made


class _Gold:
    """What could be answered without listening, for any part of the items; texts and places as numbers.

    `right` are the places of each item's choices that count as right; without it, the gold one.
    """

    def __init__(self, items: Sequence[Item], right: Sequence[Sequence[int]] | None = None) -> None:
        import numpy as np

        numbers: dict[str, int] = {}
        self.answers = np.array(
            [numbers.setdefault(item.answer, len(numbers)) if item.answer else -1 for item in items], dtype=np.int64
        )
        texts: list[tuple[int, int]] = []
        places: list[tuple[int, int]] = []
        chances: list[float] = []
        for i, item in enumerate(items):
            good: Sequence[int]
            if right is None:
                good = () if item.gold is None else (item.gold,)
                said = {item.answer} if item.answer else set()
                chances.append(100 / len(item.choices) if item.choices else 0.0)
            else:
                good = right[i]
                said = {item.choices[k] for k in good}
                chances.append(100 * len(good) / len(item.choices) if item.choices else 0.0)
            texts += [(i, numbers.setdefault(text, len(numbers))) for text in said]
            places += [(i, place) for place in good]
        self.texts = list(numbers)
        self.chances = np.array(chances)
        self.right_texts = np.array(texts, dtype=np.int64).reshape(-1, 2)
        self.right_places = np.array(places, dtype=np.int64).reshape(-1, 2)

    def facts(self, of: Codes) -> dict[str, Any]:
        """`chance`, and with gold answers `best_constant` and `majority`, of the items at `of`; see below."""
        import numpy as np

        n = len(of)
        found: dict[str, Any] = {"chance": round(float(self.chances[of].sum()) / n, 4)}
        gold, gold_count = _most(self.answers[of])
        if gold_count:
            inside = np.zeros(len(self.chances), dtype=bool)
            inside[of] = True
            texts = self.right_texts[inside[self.right_texts[:, 0]], 1]
            text, text_count = _most(texts)
            place, place_count = _most(self.right_places[inside[self.right_places[:, 0]], 1])
            by_text = text_count >= place_count
            where = f"({letter(place)})" if place < 26 else f"choice {place + 1}"
            found["best_constant"] = {
                "answer": self.texts[text] if by_text else where,
                "kind": "text" if by_text else "position",
                "value": round(100 * max(text_count, place_count) / n, 4),
            }
            found["majority"] = {"answer": self.texts[gold], "value": round(100 * int((texts == gold).sum()) / n, 4)}
        return found


def _most(numbers: Codes) -> tuple[int, int]:
    """The most frequent number from 0 up (the smallest of several) and how often it occurs."""
    import numpy as np

    known = numbers[numbers >= 0]
    if not len(known):
        return 0, 0
    counts = np.bincount(known)
    most = int(counts.argmax())
    return most, int(counts[most])


def without_listening(items: Sequence[Item]) -> dict[str, Any]:
    """What answers score that need no audio, in percent of all items; without gold answers only `chance`.

    `best_constant` is the better of always the same text and always the same position, chosen with the gold answers in
    view; `majority` the most frequent gold text alone; `chance` what random choices are expected to score. In a score
    they are counted by the same rule as *extracted*: where a rule takes any order of the same words for right, silence
    scores more than one in four.
    """
    import numpy as np

    return _Gold(items).facts(np.arange(len(items)))


# ----------------------------------------------------------------------------------------------------- summing by group


def _table(
    groups: _Groups, cells: Mapping[str, Floats], answered: Flags, facts: Mapping[str, Flags], clips: _Clips
) -> list[GroupScore]:
    """All groups of one table."""
    import numpy as np

    k = len(groups.names)
    inside = groups.codes >= 0

    def count(flags: Flags) -> list[int]:
        counted: list[int] = np.bincount(groups.codes[inside & flags], minlength=k).tolist()
        return counted

    given = count(answered)
    counts = {name: count(flags) for name, flags in facts.items()}
    values: list[dict[str, Value]] = [{} for _ in range(k)]
    for metric, column in cells.items():
        counted = inside & ~np.isnan(column)
        codes, held = groups.codes[counted], column[counted]
        ns = np.bincount(codes, minlength=k).tolist()
        totals = np.bincount(codes, weights=held, minlength=k).tolist()
        intervals = _intervals(codes, held, clips.numbers[counted], clips.single, k)
        for g in range(k):
            n, total, size = ns[g], totals[g], groups.sizes[g]
            values[g][metric] = Value(
                value=100 * total / n if n else None,
                n=n,
                interval=intervals[g],
                over_all=100 * total / size if n < size else None,
            )
    return [
        GroupScore(
            name=groups.names[g],
            items=groups.sizes[g],
            answered=given[g],
            values=values[g],
            facts={
                **{
                    fact: {"count": each[g], "rate": round(each[g] / given[g], 4) if given[g] else None}
                    for fact, each in counts.items()
                },
                **groups.facts[g],
            },
        )
        for g in range(k)
    ]


def _intervals(codes: Codes, values: Floats, clips: Codes, single: bool, k: int) -> list[tuple[float, float] | None]:
    """95 % intervals of the means by group, in percent; None for an empty group."""
    import numpy as np

    from audio_reasoner.evaluation.statistics import bootstrap_counts

    if single:
        owner, sums, sizes = codes, values, np.ones(len(codes), dtype=np.intp)
    else:
        # A clip may have questions in several groups; within a group they are drawn together.
        width = int(clips.max(initial=0)) + 1
        places, cluster = np.unique(codes * width + clips, return_inverse=True)
        owner = places // width
        # Sums of thirds in another order differ in the last bit; they must not count as different clips.
        sums = np.bincount(cluster, weights=values).round(9).astype(np.float64)
        sizes = np.bincount(cluster)
    pairs: list[dict[tuple[float, int], int]] = [{} for _ in range(k)]
    if len(owner):
        levels, level = np.unique(sums, return_inverse=True)
        span = int(sizes.max()) + 1
        found, multiplicity = np.unique((owner * len(levels) + level) * span + sizes, return_counts=True)
        for code, many in zip(found.tolist(), multiplicity.tolist(), strict=True):
            rest, size = divmod(code, span)
            group, which = divmod(rest, len(levels))
            pairs[group][float(levels[which]), size] = many
    out: list[tuple[float, float] | None] = []
    for held in pairs:
        if held:
            low, high = bootstrap_counts(held)
            out.append((100 * low, 100 * high))
        else:
            out.append(None)
    return out
