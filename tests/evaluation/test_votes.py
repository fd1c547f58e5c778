"""The vote's curve is the mean over all subsets: compared with going through them one by one."""

from __future__ import annotations

import itertools
import random
from collections import Counter

import pytest

from audio_reasoner.core.errors import ConfigError
from audio_reasoner.evaluation.base import Item
from audio_reasoner.evaluation.votes import at_least_one, samples_summary, vote_curve


def by_hand(votes: list[int | None], gold: int, n: int) -> float:
    """Mean over all subsets of n; a tie is worth its share."""
    total, subsets = 0.0, list(itertools.combinations(votes, n))
    for subset in subsets:
        counts = Counter(v for v in subset if v is not None)
        most = max(counts.values(), default=0)
        winners = [v for v, c in counts.items() if c == most]
        total += (1 / len(winners)) if gold in winners else 0.0
    return total / len(subsets)


@pytest.mark.parametrize("seed", range(40))
def test_the_curve_equals_all_subsets(seed: int) -> None:
    rng = random.Random(seed)
    k = rng.randint(1, 9)
    votes: list[int | None] = [rng.choice([None, 0, 0, 1, 2, 3]) for _ in range(k)]
    counts = Counter(votes)
    silent, gold = counts.pop(None, 0), counts.pop(0, 0)
    curve = vote_curve(gold, tuple(sorted(counts.values())), silent)
    assert curve == pytest.approx([by_hand(votes, 0, n) for n in range(1, k + 1)])
    some = [any(v == 0 for v in s) for s in itertools.combinations(votes, min(3, k))]
    assert at_least_one(gold, k, min(3, k)) == pytest.approx(sum(some) / len(some))


def item(name: str, gold: int | None = 0, choices: tuple[str, ...] = ("x", "y", "z")) -> Item:
    return Item(name, (), "?", choices, "x", gold, {}, name)


def rows(name: str, options: list[int | None], tokens: int | None = 10) -> list[dict[str, object]]:
    return [{"id": name, "sample": s, "option": o, "tokens": tokens} for s, o in enumerate(options)]


def test_a_summary_counts_tokens_ties_and_silence() -> None:
    made = [*rows("a", [0, 0, 1]), *rows("b", [1, 1, 2]), *rows("c", [None, None, 0]), *rows("d", [0, 0])]
    told = samples_summary([item(n) for n in "abcd"], made, 3)
    assert (told["items"], told["left_out"]) == (3, 1)
    points = told["points"]
    assert points[0]["majority"] == pytest.approx(100 * (2 / 3 + 0 + 1 / 3) / 3, abs=1e-3)
    assert points[2]["majority"] == pytest.approx(100 * 2 / 3, abs=1e-3)
    assert points[2]["at_least_one_right"] == pytest.approx(100 * 2 / 3, abs=1e-3)
    assert [p["tokens_per_question"] for p in points] == [10.0, 20.0, 30.0]
    assert told["unparsed_share"] == pytest.approx(2 / 9, abs=1e-4)


def test_equal_choices_are_one_option_and_odd_values_are_no_votes() -> None:
    twins = item("a", gold=1, choices=("y", "x", "x"))
    told = samples_summary([twins], rows("a", [2, 1, 0]), 3)
    assert told["points"][2]["majority"] == 100.0
    odd = samples_summary([item("a")], rows("a", [99, -1, "0"], tokens=None), 3)  # type: ignore[list-item]
    assert odd["points"][0]["majority"] == 0.0
    assert odd["points"][0]["tokens_per_question"] is None


def test_there_must_be_something_to_vote_on() -> None:
    for one in (item("a", None), item("a", None, ())):
        with pytest.raises(ConfigError) as caught:
            samples_summary([one], rows("a", [0]), 1)
        assert caught.value.code == "eval.samples_open"


def test_many_answers_are_quick() -> None:
    assert vote_curve(20, (5, 6, 13, 18), 2)[-1] == 1.0
    assert len(vote_curve(20, (5, 6, 13, 18), 2)) == 64
