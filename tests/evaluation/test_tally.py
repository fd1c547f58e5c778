"""Counts by group against sums done by hand, and their intervals against the plain bootstrap."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from audio_reasoner.evaluation.base import Benchmark, Item
from audio_reasoner.evaluation.statistics import bootstrap_counts, bootstrap_mean
from audio_reasoner.evaluation.tally import Tally, without_listening


def item(k: int, clip: str, group: str, gold: int | None = 0) -> Item:
    return Item(str(k), (), "?", ("a", "b"), "ab"[gold or 0], gold, {"g": group}, clip)


def of(items: list[Item]) -> Benchmark:
    return Benchmark("made", "choice", Path("x"), Path(), "", "", items, [])


@pytest.mark.parametrize("per_clip", [1, 3])
def test_groups_agree_with_sums_by_hand(per_clip: int) -> None:
    rng = random.Random(per_clip)
    items = [item(k, f"clip{k // per_clip}", rng.choice("xyz")) for k in range(300)]
    tally = Tally(of(items), ["r"])
    held: dict[str, list[tuple[float, str]]] = {"x": [], "y": [], "z": []}
    answered = {"x": 0, "y": 0, "z": 0}
    for k, one in enumerate(items):
        value = rng.choice([0, 1, 1, None, "missing"])
        if value == "missing":
            continue
        answered[one.groups["g"]] += 1
        tally.add(k, {"r": value}, (value is None, False, True, value == 1))  # type: ignore[dict-item]
        if value is not None:
            held[one.groups["g"]].append((float(value), one.clip))
    overall, tables = tally.finish(["g"])
    assert overall.answered == sum(answered.values())
    for group in tables["g"]:
        rows = held[group.name]
        value = group.values["r"]
        assert value.n == len(rows)
        assert value.value == pytest.approx(100 * sum(v for v, _ in rows) / len(rows))
        assert value.over_all == pytest.approx(100 * sum(v for v, _ in rows) / group.items)
        assert group.facts["unparsed"]["count"] == answered[group.name] - len(rows)
        low, high = bootstrap_mean([v for v, _ in rows], [clip for _, clip in rows])
        assert value.interval == (pytest.approx(100 * low), pytest.approx(100 * high))


def test_intervals_do_not_depend_on_the_order_of_rows() -> None:
    values = [1.0, 0.0, 1.0, 1.0, 0.0, 1.0, 0.5]
    clips = ["a", "a", "b", "c", "d", "e", "e"]
    order = [3, 1, 6, 0, 5, 2, 4]
    assert bootstrap_mean(values, clips) == bootstrap_mean([values[i] for i in order], [clips[i] for i in order])
    assert bootstrap_counts({(1.0, 1): 4}) == (pytest.approx(1 - (1 - 0.025 ** (1 / 4))), 1.0)
    assert bootstrap_counts({(1.0, 2): 7}) == (0.5, 0.5)


def test_an_empty_group_of_answers_has_no_value() -> None:
    overall, _ = Tally(of([item(0, "c", "x")]), ["r"]).finish([])
    assert (overall.values["r"].value, overall.values["r"].interval, overall.values["r"].over_all) == (None, None, 0.0)
    assert overall.facts["unparsed"] == {"count": 0, "rate": None}


def test_what_needs_no_listening() -> None:
    facts = without_listening([item(0, "c", "x", 1), item(1, "c", "x", 1), item(2, "c", "x", 0), item(3, "c", "x", 1)])
    assert facts["best_constant"] == {"answer": "b", "kind": "text", "value": 75.0}
    assert facts["majority"] == {"answer": "b", "value": 75.0}
    assert facts["chance"] == 50.0


def test_what_is_remembered_is_forgotten_when_items_change() -> None:
    benchmark = of([item(0, "a", "x"), item(1, "b", "x")])

    def sizes(of_benchmark: Benchmark) -> list[tuple[str, int]]:
        return [(g.name, g.items) for g in Tally(of_benchmark, ["r"]).finish(["g"])[1]["g"]]

    assert sizes(benchmark) == sizes(benchmark) == [("x", 2)]
    assert sizes(replace(benchmark, items=[item(0, "a", "y")])) == [("y", 1)]
    benchmark.items.append(item(2, "c", "z"))
    assert sizes(benchmark) == [("x", 2), ("z", 1)]
    benchmark.items = [item(0, "a", "q")]
    assert sizes(benchmark) == [("q", 1)]


def test_what_needs_no_listening_is_counted_by_the_rule_of_the_score() -> None:
    # MMAU's rule takes any order of the same words for right, so there "always the first option" is right.
    from audio_reasoner.evaluation import mmau
    from audio_reasoner.evaluation.predictions import Predictions

    orders = ("dog, cat", "cat, dog")
    items = [
        Item(str(i), (f"{i}.wav",), "?", orders, orders[i % 2], i % 2, {"task": "sound"}, str(i)) for i in range(6)
    ]
    items += [Item(str(i), (f"{i}.wav",), "?", ("a dog", "bell"), "bell", 1, {"task": "sound"}, str(i)) for i in (6, 7)]
    facts = mmau.score(of(items), Predictions({"0": "(a)"}), "p").overall.facts
    assert facts["chance"] == 100 * (6 + 2 * 0.5) / 8
    assert facts["best_constant"] == {"answer": "(b)", "kind": "position", "value": 100.0}
    assert facts["majority"] == {"answer": "dog, cat", "value": 75.0}
    again = of(items)
    mmau.score(again, Predictions({"0": "(a)"}), "p")
    assert mmau.score(again, Predictions({"1": "(a)"}), "p").overall.facts["chance"] == facts["chance"]


def test_replies_that_name_no_option_are_pointed_at() -> None:
    from audio_reasoner.evaluation import mmau
    from audio_reasoner.evaluation.predictions import Predictions

    items = [Item(str(i), (), "?", ("dog", "cat"), "dog", 0, {"task": "sound"}, str(i)) for i in range(5)]

    def notes(said: list[str]) -> str:
        return " ".join(mmau.score(of(items), Predictions(dict(zip("01234", said, strict=True))), "p").notes)

    assert "3 of 5 replies name no option" in notes(["(a)", "(b)", "I cannot tell", "The recording is clear.", ""])
    assert "name no option" not in notes(["(a)", "(b)", "dog", "The recording is clear.", ""])
