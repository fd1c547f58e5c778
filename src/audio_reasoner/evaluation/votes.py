"""What more answers per question buy: accuracy of the majority against the number of answers, and their tokens.

Decision: the accuracy of a vote of n is the mean over *all* ways to take n of the k answers, computed exactly from the
counts of each option (hypergeometric), so the curve has no luck of the draw in it. A tie is worth its share: a fair
coin would decide it. An answer that names no option abstains; where all abstain, the vote is wrong.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from math import comb
from typing import Any

from audio_reasoner.core.errors import ConfigError
from audio_reasoner.evaluation.base import Item

SAMPLES_VERSION = 1


@lru_cache(maxsize=65536)
def vote_curve(gold: int, others: tuple[int, ...], silent: int) -> tuple[float, ...]:
    """Chance that the majority of n answers is right, for n = 1 … k.

    Args:
        gold: how many of the k answers name the right option.
        others: how many name each other option (sorted; zeros left out).
        silent: how many name none.

    >>> [round(x, 3) for x in vote_curve(2, (1,), 0)]
    [0.667, 0.667, 1.0]
    """
    k = gold + sum(others) + silent
    won = [0.0] * (k + 1)
    for g in range(1, gold + 1):
        # ways[u][t]: choices of u answers from the others, none above g, t of them at exactly g.
        ways: dict[tuple[int, int], int] = {(0, 0): 1}
        for count in others:
            after: dict[tuple[int, int], int] = {}
            for (used, ties), n in ways.items():
                for x in range(min(count, g) + 1):
                    place = (used + x, ties + (x == g))
                    after[place] = after.get(place, 0) + n * comb(count, x)
            ways = after
        for (used, ties), n in ways.items():
            for s in range(silent + 1):
                won[g + used + s] += comb(gold, g) * n * comb(silent, s) / (ties + 1)
    return tuple(won[n] / comb(k, n) for n in range(1, k + 1))


def at_least_one(right: int, k: int, n: int) -> float:
    """Chance that among n of k answers, `right` of them right, there is a right one."""
    return 1.0 - comb(k - right, n) / comb(k, n)


def must_have_votes(items: Iterable[Item]) -> None:
    """Refuse samples where nothing could be voted on, before they are paid for.

    Raises:
        ConfigError: `eval.samples_open`.
    """
    if not any(item.choices and item.gold is not None for item in items):
        raise ConfigError(
            "no question has options and a public answer, so there is nothing to vote on.",
            code="eval.samples_open",
            hint="--samples is for multiple choice and labels.",
        )


def samples_summary(items: Iterable[Item], rows: Iterable[Mapping[str, Any]], k: int, seed: int = 0) -> dict[str, Any]:
    """The content of `samples.json`.

    Args:
        items: the benchmark's items.
        rows: prediction rows with `sample` 0 … k-1.
        k: answers per question; items that lack one are left out and counted.
        seed: of the intervals.

    Raises:
        ConfigError: `eval.samples_open`: no item has options to vote on.
    """
    from audio_reasoner.evaluation.statistics import bootstrap_mean

    known = {item.id: item for item in items}
    by_item: dict[str, dict[int, Mapping[str, Any]]] = {}
    for row in rows:
        if row["id"] in known:
            by_item.setdefault(row["id"], {})[row["sample"]] = row
    must_have_votes(known[i] for i in by_item)
    voted = [i for i in by_item if known[i].choices and known[i].gold is not None]
    whole = [i for i in voted if len(by_item[i]) == k]
    curves: list[tuple[float, ...]] = []
    right: list[int] = []
    clips: list[str] = []
    unparsed = 0
    agree = 0.0
    for name in whole:
        item = known[name]
        votes = Counter(_option(item, row) for row in by_item[name].values())
        silent = votes.pop(None, 0)
        gold_votes = votes.pop(_first(item, item.gold), 0)
        curves.append(vote_curve(gold_votes, tuple(sorted(votes.values())), silent))
        right.append(gold_votes)
        clips.append(item.clip)
        unparsed += silent
        agree += max([gold_votes, *votes.values()], default=0) / k
    tokens = [_number(row, "tokens") for name in whole for row in by_item[name].values()]
    counted = [t for t in tokens if t is not None]
    mean_tokens = sum(counted) / len(counted) if counted else None
    points = []
    for n in range(1, k + 1):
        values = [curve[n - 1] for curve in curves]
        low, high = bootstrap_mean(values, clips, seed=seed) if values else (0.0, 0.0)
        points.append(
            {
                "n": n,
                "majority": _percent(values),
                "interval_95": [round(100 * low, 4), round(100 * high, 4)] if values else None,
                "at_least_one_right": _percent([at_least_one(r, k, n) for r in right]),
                "tokens_per_question": None if mean_tokens is None else round(n * mean_tokens, 1),
            }
        )
    return {
        "version": SAMPLES_VERSION,
        "samples": k,
        "items": len(whole),
        "left_out": len(voted) - len(whole),
        "points": points,
        "unparsed_share": round(unparsed / (k * len(whole)), 4) if whole else None,
        "agreement": round(agree / len(whole), 4) if whole else None,
        "tokens_per_answer": None if mean_tokens is None else round(mean_tokens, 2),
        "how": "majority over the options that the RESPONSEs name; mean over all subsets of n of the k answers "
        "(exact); ties worth their share; answers without an option abstain",
    }


def _number(row: Mapping[str, Any], key: str) -> float | None:
    value = row.get(key)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _option(item: Item, row: Mapping[str, Any]) -> int | None:
    option = row.get("option")
    if not isinstance(option, int) or not 0 <= option < len(item.choices):
        return None
    return _first(item, option)


def _first(item: Item, option: int | None) -> int | None:
    """Choices with the same text are one option: the first of them stands for all."""
    return None if option is None else item.choices.index(item.choices[option])


def _percent(values: Sequence[float]) -> float | None:
    return round(100 * sum(values) / len(values), 4) if values else None
