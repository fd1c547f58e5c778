"""Intervals against plain resampling and scipy, tests against their exact definitions."""

from __future__ import annotations

import itertools
import math
import random
import time

import numpy as np
import pytest

from audio_reasoner.evaluation import statistics
from audio_reasoner.evaluation.statistics import (
    bootstrap_mean,
    bootstrap_statistic,
    holm,
    mcnemar,
    paired,
    paired_statistic,
    sum_by_clip,
)


def _plain_bootstrap(values: list[float], clusters: list[str], rounds: int) -> tuple[float, float]:
    rng = np.random.default_rng(99)
    held: dict[str, list[float]] = {}
    for v, c in zip(values, clusters, strict=True):
        held.setdefault(c, []).append(v)
    groups = list(held.values())
    means = []
    for _ in range(rounds):
        drawn = [groups[i] for i in rng.integers(0, len(groups), len(groups))]
        means.append(sum(map(sum, drawn)) / sum(map(len, drawn)))
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


@pytest.mark.parametrize(("n", "per_clip", "share"), [(300, 1, 0.7), (300, 4, 0.3), (60, 7, 0.5)])
def test_interval_equals_plain_resampling_of_clips(n: int, per_clip: int, share: float) -> None:
    rng = random.Random(3)
    clusters = [str(i // rng.randint(1, per_clip)) for i in range(n)]
    values = [float(rng.random() < share) for _ in range(n)]
    low, high = bootstrap_mean(values, clusters, rounds=4000)
    plain_low, plain_high = _plain_bootstrap(values, clusters, 4000)
    width = plain_high - plain_low
    assert abs(low - plain_low) < 0.12 * width
    assert abs(high - plain_high) < 0.12 * width


def test_interval_of_many_different_values_equals_plain_resampling() -> None:
    rng = random.Random(4)
    values = [rng.gauss(5, 2) for _ in range(200)]
    clusters = [str(i // 2) for i in range(200)]
    low, high = bootstrap_mean(values, clusters, rounds=4000)
    plain_low, plain_high = _plain_bootstrap(values, clusters, 4000)
    assert (low, high) == pytest.approx((plain_low, plain_high), abs=0.06)


def test_interval_agrees_with_scipy() -> None:
    from scipy.stats import bootstrap

    rng = np.random.default_rng(1)
    values = (rng.random(400) < 0.6).astype(float)
    scipys = bootstrap((values,), np.mean, method="percentile", n_resamples=2000, rng=rng).confidence_interval
    found = bootstrap_mean(values.tolist(), [str(i) for i in range(400)], rounds=4000)
    assert found == pytest.approx((scipys.low, scipys.high), abs=0.006)


def test_questions_about_one_clip_widen_the_interval() -> None:
    values = [float(i // 10 % 2) for i in range(400)]  # ten questions a clip, all right or all wrong
    alone = bootstrap_mean(values, [str(i) for i in range(400)])
    together = bootstrap_mean(values, [str(i // 10) for i in range(400)])
    assert together[1] - together[0] > 2.5 * (alone[1] - alone[0])


def test_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    rng = random.Random(11)
    hits = 0
    for trial in range(300):
        values, clusters = [], []
        for clip in range(60):
            skill = rng.choice((0.3, 0.9))  # clips differ, so answers about one clip are alike
            for _ in range(3):
                values.append(float(rng.random() < skill))
                clusters.append(str(clip))
        low, high = bootstrap_mean(values, clusters, seed=trial, rounds=500)
        hits += low <= 0.6 <= high
    assert 0.90 <= hits / 300 <= 0.985


def test_all_right_is_not_certain() -> None:
    from scipy.stats import binomtest

    for n in (1, 3, 12, 333):
        clips = [str(i) for i in range(n)]
        exact = binomtest(n, n).proportion_ci(method="exact")
        assert bootstrap_mean([1.0] * n, clips) == pytest.approx((exact.low, 1.0))
        assert bootstrap_mean([0.0] * n, clips) == pytest.approx((0.0, 1 - exact.low))
    assert bootstrap_mean([10.0] * 3, ["a", "b", "c"], bounds=(1.0, 10.0))[0] == pytest.approx(
        10 - 9 * 0.7076, abs=1e-3
    )
    assert bootstrap_mean([0.5] * 3, ["a", "b", "c"]) == (0.5, 0.5)


def test_equal_seeds_give_equal_intervals() -> None:
    rng = random.Random(2)
    values, clips = [rng.random() for _ in range(80)], [str(i) for i in range(80)]
    assert bootstrap_mean(values, clips, seed=7) == bootstrap_mean(values, clips, seed=7)
    assert bootstrap_mean(values, clips, seed=7) != bootstrap_mean(values, clips, seed=8)


@pytest.mark.parametrize("values", [[], [1.0, math.nan], [math.inf]])
def test_what_has_no_mean_is_refused(values: list[float]) -> None:
    with pytest.raises(ValueError):
        bootstrap_mean(values, ["a"] * len(values))
    with pytest.raises(ValueError):
        bootstrap_mean([1.0, 0.0], ["a"])


def test_a_hundred_thousand_answers_are_quick() -> None:
    rng = random.Random(5)
    values = [float(rng.random() < 0.6) for _ in range(100_000)]
    clusters = [str(i // 3) for i in range(100_000)]
    bootstrap_mean(values[:100], clusters[:100])
    began = time.process_time()
    low, high = bootstrap_mean(values, clusters)
    assert time.process_time() - began < 0.3
    assert low < 0.6 < high
    assert high - low < 0.008


# ----------------------------------------------------------------------------------------------------------- statistics


def test_a_statistic_that_is_a_mean_gets_the_interval_of_the_mean() -> None:
    rng = random.Random(6)
    values = [float(rng.random() < 0.4) for _ in range(500)]
    clusters = [str(i // 2) for i in range(500)]
    sums = sum_by_clip([[v, 1.0] for v in values], clusters)
    assert len(sums) == 250
    found = bootstrap_statistic(sums, lambda s: s[0] / s[1])
    assert found == pytest.approx(bootstrap_mean(values, clusters), abs=0.008)


def test_rounds_without_a_value_are_left_out() -> None:
    # The second class is so rare that some rounds hold none of it.
    clips = [[1.0, 1.0, 0.0, 0.0]] * 30 + [[0.0, 0.0, 1.0, 1.0]]

    def unweighted(s: np.ndarray) -> float:
        return float((s[0] / s[1] + s[2] / s[3]) / 2) if s[1] and s[3] else math.nan

    assert bootstrap_statistic(clips, unweighted) == (1.0, 1.0)
    with pytest.raises(ValueError):
        bootstrap_statistic(clips, lambda s: math.nan)
    with pytest.raises(ValueError):
        bootstrap_statistic([], lambda s: 1.0)


def test_paired_statistic_sees_what_is_common() -> None:
    rng = np.random.default_rng(2)
    b = [[float(x), 1.0] for x in rng.random(200)]
    a = [[x + 0.01, 1.0] for x, _ in b]
    result = paired_statistic(a, b, lambda s: float(s[0] / s[1]))
    assert result.difference == pytest.approx(0.01)
    assert result.p < 0.01
    assert result.interval == pytest.approx((0.01, 0.01))  # unpaired it would be some 0.08 wide
    noisy = [[x + 0.05 + 0.05 * rng.normal(), 1.0] for x, _ in b]
    far = paired_statistic(noisy, b, lambda s: float(s[0] / s[1]))
    assert far.test == "paired bootstrap, normal tail"
    assert (
        far.p < 1e-20
    )  # the difference lies some 14 standard errors off; 2,000 rounds alone cannot say less than 1/1000
    near = paired_statistic([[x + 0.3 * rng.normal(), 1.0] for x, _ in b], b, lambda s: float(s[0] / s[1]))
    assert near.test == "paired bootstrap"
    assert 0.01 < near.p <= 1
    same = paired_statistic(b, b, lambda s: float(s[0] / s[1]))
    assert same.p == 1.0
    assert same.difference == 0


# -------------------------------------------------------------------------------------------------------- paired tests


def test_mcnemar_agrees_with_the_binomial_test() -> None:
    from scipy.stats import binomtest

    for b, c in itertools.product((0, 1, 3, 10, 40, 200, 1500), repeat=2):
        expected = binomtest(b, b + c).pvalue if b + c else 1.0
        assert mcnemar(b, c) == pytest.approx(expected, rel=1e-9, abs=1e-300)


def _all_flips(sums: list[float]) -> float:
    seen = abs(sum(sums))
    hits = [
        abs(sum(s * f for s, f in zip(sums, flips, strict=True))) >= seen - 1e-9
        for flips in itertools.product((1, -1), repeat=len(sums))
    ]
    return sum(hits) / len(hits)


@pytest.mark.parametrize("unit", [1.0, 0.5, 1 / 3])
def test_clip_test_equals_trying_every_flip(unit: float) -> None:
    rng = random.Random(8)
    for _ in range(40):
        n = rng.randint(1, 11)
        a, b, clips = [], [], []
        for clip in range(n):
            for _ in range(rng.randint(1, 3)):
                a.append(unit * rng.randint(0, 4))
                b.append(unit * rng.randint(0, 4))
                clips.append(str(clip))
        sums: dict[str, float] = {}
        for x, y, clip in zip(a, b, clips, strict=True):
            sums[clip] = sums.get(clip, 0) + x - y
        result = paired(a, b, clips)
        assert result.test.endswith(", exact")
        assert result.p == pytest.approx(_all_flips(list(sums.values())), abs=1e-9)


def test_one_answer_per_clip_is_mcnemar() -> None:
    rng = random.Random(9)
    a = [float(rng.random() < 0.6) for _ in range(500)]
    b = [float(rng.random() < 0.5) for _ in range(500)]
    result = paired(a, b, [str(i) for i in range(500)])
    wins, losses = sum(x > y for x, y in zip(a, b, strict=True)), sum(x < y for x, y in zip(a, b, strict=True))
    assert result.test == "McNemar, exact"
    assert (result.first_better, result.second_better) == (wins, losses)
    assert result.p == mcnemar(wins, losses)
    assert result.difference == pytest.approx((wins - losses) / 500)
    low, high = result.interval
    assert low < result.difference < high


def test_answers_alike_within_a_clip_are_no_evidence_each() -> None:
    # Ten questions a clip, all decided alike: 6 clips to 2 is nothing, though 60 answers to 20 would look like a lot.
    a = [1.0] * 60 + [0.0] * 20
    b = [1 - x for x in a]
    result = paired(a, b, [str(i // 10) for i in range(80)])
    assert result.p == pytest.approx(mcnemar(6, 2))
    assert mcnemar(60, 20) < 1e-4


def test_values_without_a_common_step_are_drawn_or_normal() -> None:
    rng = random.Random(10)
    b = [rng.random() for _ in range(12)]
    a = [x + rng.gauss(0.3, 0.4) for x in b]
    clips = [str(i) for i in range(12)]
    drawn = paired(a, b, clips)
    assert drawn.test == "sign flips, drawn"
    exact = _all_flips([x - y for x, y in zip(a, b, strict=True)])
    assert drawn.p == pytest.approx(exact, abs=4 * math.sqrt(exact / statistics.FLIPS) + 1e-3)
    n = statistics.MOST_FLIPPED + 1
    many = paired([rng.random() + 0.02 for _ in range(n)], [rng.random() for _ in range(n)], [str(i) for i in range(n)])
    assert many.test == "normal"
    assert many.p < 0.05


def test_p_is_even_when_runs_are_of_equal_worth() -> None:
    rng = random.Random(12)
    ps = []
    for trial in range(200):
        a = [float(rng.random() < 0.5) for _ in range(90)]
        b = [float(rng.random() < 0.5) for _ in range(90)]
        ps.append(paired(a, b, [str(i // 3) for i in range(90)], seed=trial, rounds=50).p)
    assert sum(p <= 0.05 for p in ps) / 200 <= 0.09
    assert 0.35 < sum(p <= 0.5 for p in ps) / 200 < 0.6


def test_equal_runs_do_not_differ() -> None:
    result = paired([1.0, 0.0], [1.0, 0.0], ["a", "b"])
    assert (result.difference, result.interval, result.p) == (0.0, (0.0, 0.0), 1.0)
    with pytest.raises(ValueError):
        paired([], [], [])
    with pytest.raises(ValueError):
        paired([1.0], [1.0, 0.0], ["a", "b"])


def test_holm_agrees_with_its_definition() -> None:
    assert holm([]) == []
    ps = [0.01, 0.02, 0.03, 0.005, 1.0, 0.02]
    ordered = sorted(ps)
    expected = {p: min(1.0, max((len(ps) - j) * ordered[j] for j in range(i + 1))) for i, p in enumerate(ordered)}
    assert holm(ps) == pytest.approx([expected[p] for p in ps])
