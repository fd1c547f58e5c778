"""How far a score may be from the truth, and whether two runs differ.

Decision: questions about one clip are not independent, so everything here draws or flips whole clips. The interval of
a mean is the percentile interval of 2,000 bootstrap rounds; clips with the same (sum, size) are exchangeable, so a
round is one multinomial draw over the distinct pairs and 100,000 answers cost milliseconds. Two runs are compared by
the exact sign-flip test over clips: with one right-or-wrong answer per clip that is McNemar's exact test, with several
it stays right where McNemar's is too sure. Being exact, it has no smallest p-value, so Holm's correction over hundreds
of pairs of runs still leaves something to find.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import erfc, exp, fsum, isfinite, lgamma, log, sqrt
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

ROUNDS = 2000
LEVEL = 0.95
MOST_FLIPPED = 5000
"""Above this many clips that differ, sums of values that fit no common step are taken as normally distributed."""
FLIPS = 20_000
MOST_PLACES = 2_000_000
FEWEST_IN_TAIL = 10
"""Rounds beyond zero below which a bootstrap's tail is taken from the normal distribution of its spread."""


@dataclass(frozen=True, slots=True)
class Paired:
    """Two runs on the same items.

    Attributes:
        difference: mean of the first minus mean of the second, in the unit of the values.
        interval: 95 % bootstrap interval of the difference, over clips.
        p: two-sided, that a difference as large arises between runs of equal worth.
        n: items both have.
        clips: clips these belong to.
        first_better: items on which the first has the higher value; `second_better` the reverse.
        test: how `p` was found: "McNemar, exact" (one item per clip, values 0 and 1), "sign flips, exact", "sign flips,
            drawn", "normal", "paired bootstrap" or "paired bootstrap, normal tail".
    """

    difference: float
    interval: tuple[float, float]
    p: float
    n: int
    clips: int
    first_better: int
    second_better: int
    test: str


def bootstrap_mean(
    values: Sequence[float],
    clusters: Sequence[str],
    *,
    seed: int = 0,
    rounds: int = ROUNDS,
    bounds: tuple[float, float] | None = (0.0, 1.0),
) -> tuple[float, float]:
    """The 95 % percentile interval of the mean of `values`, over clips.

    Args:
        values: one per item, for example 0.0 and 1.0.
        clusters: the clip of each item; whole clips are drawn.
        seed: equal seeds give equal intervals.
        rounds: bootstrap rounds.
        bounds: the smallest and largest value possible. If every value lies on one of them, resampling can show no
            spread; then the end of the exact binomial interval for that many clips stands on the open side, so that 3
            right of 3 is not "100 to 100". None leaves such an interval without width.

    Raises:
        ValueError: no values, a value that is not finite, or lengths that differ.

    >>> bootstrap_mean([1, 0, 1, 1], ["a", "b", "c", "d"])
    (0.25, 1.0)
    >>> [round(v, 3) for v in bootstrap_mean([1, 1, 1], ["a", "b", "c"])]
    [0.292, 1.0]
    """
    sums, sizes = _clips(values, clusters)
    return bootstrap_counts(Counter(zip(sums, sizes, strict=True)), seed=seed, rounds=rounds, bounds=bounds)


def bootstrap_counts(
    pairs: Mapping[tuple[float, int], int],
    *,
    seed: int = 0,
    rounds: int = ROUNDS,
    bounds: tuple[float, float] | None = (0.0, 1.0),
) -> tuple[float, float]:
    """As `bootstrap_mean`, for clips already summed: how many clips have each (sum of values, number of values).

    The interval depends on these counts alone, not on their order, and is remembered: tables of many runs over one
    benchmark meet the same counts again and again.

    >>> bootstrap_counts({(1.0, 1): 3, (0.0, 1): 1}) == bootstrap_mean([1, 0, 1, 1], ["a", "b", "c", "d"])
    True
    """
    return _of_counts(tuple(sorted((pair, n) for pair, n in pairs.items() if n)), seed, rounds, bounds)


def bootstrap_draws(pairs: Mapping[tuple[float, int], int], *, seed: int = 0, rounds: int = ROUNDS) -> Floats:
    """[rounds, 2] (sum of values, number of values) of clips drawn with replacement.

    For averages of means: draw each part with a seed of its own, combine round by round, take `percentiles`.
    """
    import numpy as np

    held = sorted((pair, n) for pair, n in pairs.items() if n)
    return _drawn_sums(np.array([pair for pair, _ in held], dtype=np.float64), [n for _, n in held], seed, rounds)


@lru_cache(maxsize=65536)
def _of_counts(
    pairs: tuple[tuple[tuple[float, int], int], ...], seed: int, rounds: int, bounds: tuple[float, float] | None
) -> tuple[float, float]:
    import numpy as np

    clips = sum(n for _, n in pairs)
    if bounds is not None and clips:
        for end, towards in (bounds, bounds[::-1]):
            if all(total == end * size for (total, size), _ in pairs):
                reach = (towards - end) * (1.0 - ((1.0 - LEVEL) / 2) ** (1.0 / clips))
                return min(end, end + reach), max(end, end + reach)
    if len(pairs) == 1:
        ((total, size), _) = pairs[0]
        return total / size, total / size
    vectors = np.array([pair for pair, _ in pairs], dtype=np.float64)
    totals = _drawn_sums(vectors, [n for _, n in pairs], seed, rounds)
    return percentiles(totals[:, 0] / totals[:, 1])


def bootstrap_statistic(
    clusters: Sequence[Sequence[float]],
    statistic: Callable[[Any], float],
    *,
    seed: int = 0,
    rounds: int = ROUNDS,
) -> tuple[float, float]:
    """The 95 % percentile interval of a statistic of sums, over clips.

    Args:
        clusters: the sufficient statistics of each clip, summed over its items (see `sum_by_clip`): n-gram counts and
            lengths for BLEU, hits and items by class for unweighted accuracy.
        statistic: from their sum over the drawn clips (a one-dimensional float array) to a number; a round for which it
            is not finite (a class that was not drawn) is left out.

    Raises:
        ValueError: no clips, or the statistic is finite in no round.
    """
    import numpy as np

    if not len(clusters):
        raise ValueError("no clips to draw from")
    distinct = Counter(tuple(map(float, c)) for c in clusters)
    drawn = _drawn_sums(np.array(list(distinct), dtype=np.float64), list(distinct.values()), seed, rounds)
    found = [v for v in (float(statistic(row)) for row in drawn) if isfinite(v)]
    if not found:
        raise ValueError("the statistic has a value in no round")
    return percentiles(np.array(found))


def sum_by_clip(rows: Sequence[Sequence[float]], clusters: Sequence[str]) -> list[list[float]]:
    """Sufficient statistics of items summed by clip, in order of first appearance.

    >>> sum_by_clip([[1, 2], [3, 4], [5, 6]], ["a", "b", "a"])
    [[6, 8], [3, 4]]
    """
    sums: dict[str, list[float]] = {}
    for row, clip in zip(rows, clusters, strict=True):
        held = sums.get(clip)
        sums[clip] = list(row) if held is None else [x + y for x, y in zip(held, row, strict=True)]
    return list(sums.values())


def paired(
    a: Sequence[float], b: Sequence[float], clusters: Sequence[str], *, seed: int = 0, rounds: int = ROUNDS
) -> Paired:
    """Compare two runs item by item; `a[i]` and `b[i]` are about the same item.

    Raises:
        ValueError: no items, a value that is not finite, or lengths that differ.

    >>> result = paired([1, 1, 1, 0], [0, 0, 1, 0], ["w", "x", "y", "z"])
    >>> result.difference, result.p, result.test
    (0.5, 0.5, 'McNemar, exact')
    """
    differences = [float(x) - float(y) for x, y in zip(a, b, strict=True)]
    sums, sizes = _clips(differences, clusters)
    low, high = bootstrap_mean(differences, clusters, seed=seed, rounds=rounds, bounds=None)
    p, test = _flip_test([s for s in sums if s], seed)
    if test == "sign flips, exact" and len(sums) == len(differences) and {*a, *b} <= {0, 1}:
        test = "McNemar, exact"
    return Paired(
        difference=fsum(differences) / len(differences),
        interval=(low, high),
        p=p,
        n=len(differences),
        clips=len(sizes),
        first_better=sum(d > 0 for d in differences),
        second_better=sum(d < 0 for d in differences),
        test=test,
    )


def paired_statistic(
    a: Sequence[Sequence[float]],
    b: Sequence[Sequence[float]],
    statistic: Callable[[Any], float],
    *,
    seed: int = 0,
    rounds: int = ROUNDS,
) -> Paired:
    """Compare two runs by a statistic of sums (BLEU, unweighted accuracy) with the paired bootstrap over clips.

    Args:
        a: sufficient statistics of each clip for the first run (`sum_by_clip`); `b` the same clips for the second.
        statistic: as in `bootstrap_statistic`.

    Raises:
        ValueError: no clips, lengths that differ, or no round has a value.
    """
    import numpy as np

    width = len(a[0]) if a else 0
    both = Counter((*map(float, x), *map(float, y)) for x, y in zip(a, b, strict=True))
    if not both:
        raise ValueError("no clips to compare")
    vectors = np.array(list(both), dtype=np.float64)
    whole = np.array(list(both.values()), dtype=np.float64) @ vectors
    drawn = _drawn_sums(vectors, list(both.values()), seed, rounds)
    found = [d for d in (float(statistic(r[:width])) - float(statistic(r[width:])) for r in drawn) if isfinite(d)]
    if not found:
        raise ValueError("the statistic has a value in no round")
    differences = np.array(found)
    difference = float(statistic(whole[:width])) - float(statistic(whole[width:]))
    # Twice the smaller tail; one more round in every tail, because a p-value of 0 cannot be had from finite draws.
    tail = 1 + min(int((differences <= 0).sum()), int((differences >= 0).sum()))
    p, test = min(1.0, 2 * tail / (len(found) + 1)), "paired bootstrap"
    spread = float(differences.std())
    if tail < FEWEST_IN_TAIL and spread > 0:
        # Too few rounds lie there to count them, and a correction for many pairs would swallow what they can show.
        p, test = min(p, float(erfc(abs(difference) / (spread * sqrt(2))))), "paired bootstrap, normal tail"
    return Paired(
        difference=difference,
        interval=percentiles(differences),
        p=p,
        n=len(a),
        clips=len(a),
        first_better=0,
        second_better=0,
        test=test,
    )


def mcnemar(first_only: int, second_only: int) -> float:
    """McNemar's exact two-sided p-value from the items that only the first, or only the second, got right.

    >>> mcnemar(10, 2), mcnemar(3, 3)
    (0.03857421875, 1.0)
    """
    n, least = first_only + second_only, min(first_only, second_only)
    if n <= 60:
        from math import comb

        return min(1.0, 2 * sum(comb(n, i) for i in range(least + 1)) / (1 << n))
    if first_only == second_only:
        return 1.0
    whole = lgamma(n + 1) - n * log(2)
    terms = [exp(whole - lgamma(i + 1) - lgamma(n - i + 1)) for i in range(least + 1)]
    return min(1.0, 2 * fsum(terms))


def holm(ps: Sequence[float]) -> list[float]:
    """P-values corrected for their number by Holm's step-down rule, in the order given.

    >>> [round(p, 3) for p in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    order = sorted(range(len(ps)), key=lambda i: ps[i])
    adjusted = [0.0] * len(ps)
    before = 0.0
    for rank, i in enumerate(order):
        before = max(before, min(1.0, (len(ps) - rank) * ps[i]))
        adjusted[i] = before
    return adjusted


# ------------------------------------------------------------------------------------------------------------ the work


def _clips(values: Sequence[float], clusters: Sequence[str]) -> tuple[list[float], list[int]]:
    """Sum and number of the values of each clip."""
    if not len(values):
        raise ValueError("no values")
    sums: dict[str, float] = {}
    sizes: dict[str, int] = {}
    for value, clip in zip(values, clusters, strict=True):
        sums[clip] = sums.get(clip, 0.0) + value
        sizes[clip] = sizes.get(clip, 0) + 1
    if not all(map(isfinite, sums.values())):
        raise ValueError("a value is not finite")
    # Sums of thirds in another order differ in the last bit; they must not count as different clips.
    return [round(s, 9) for s in sums.values()], list(sizes.values())


def _drawn_sums(vectors: Floats, multiplicity: Sequence[int], seed: int, rounds: int) -> Floats:
    """[rounds, width] sums over clips drawn with replacement; `multiplicity[i]` clips have the vector `vectors[i]`."""
    import numpy as np

    rng = np.random.default_rng(seed)
    held = np.array(multiplicity)
    clips, distinct = int(held.sum()), len(held)
    # A multinomial draw costs some 50 ns for each distinct vector, drawing clips one by one some 5 ns for each clip.
    if distinct * 8 < clips:
        step = max(1, 4_000_000 // distinct)
        parts = [
            rng.multinomial(clips, held / clips, size=min(step, rounds - done)) @ vectors
            for done in range(0, rounds, step)
        ]
        return np.concatenate(parts)
    owner = np.repeat(np.arange(distinct), held)
    out = np.empty((rounds, vectors.shape[1]))
    for i in range(rounds):
        out[i] = np.bincount(owner[rng.integers(0, clips, clips)], minlength=distinct) @ vectors
    return out


def percentiles(found: Floats) -> tuple[float, float]:
    """The 95 % percentile interval of bootstrap rounds."""
    import numpy as np

    low, high = np.quantile(found, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def _flip_test(sums: Sequence[float], seed: int) -> tuple[float, str]:
    """Two-sided p-value of |sum| when every clip's difference could as well have had the other sign."""
    if not sums:
        return 1.0, "sign flips, exact"
    seen = abs(fsum(sums))
    step = next((k for k in (1, 2, 3, 4, 5, 6, 8, 10, 12, 20, 60, 100) if _all_whole(sums, k)), None)
    if step is not None:
        sizes = Counter(round(abs(s) * step) for s in sums)
        if sum(size * n for size, n in sizes.items()) <= MOST_PLACES:
            return _exact_flips(sizes, round(seen * step)), "sign flips, exact"
    if len(sums) > MOST_FLIPPED:
        return float(erfc(seen / sqrt(2 * fsum(s * s for s in sums)))), "normal"
    import numpy as np

    rng = np.random.default_rng(seed)
    size = np.abs(np.array(sums))
    at_least = 0
    for _ in range(0, FLIPS, 500):
        signs = rng.integers(0, 2, (500, len(sums))) * 2 - 1
        at_least += int((np.abs(signs @ size) >= seen - 1e-9).sum())
    return (1 + at_least) / (FLIPS + 1), "sign flips, drawn"


def _all_whole(sums: Sequence[float], step: int) -> bool:
    return all(abs(s * step - round(s * step)) < 1e-6 for s in sums)


def _exact_flips(sizes: Counter[int], seen: int) -> float:
    """Exact p-value; `sizes` counts the clips by the size of their difference in whole steps."""
    if len(sizes) == 1:
        size, n = next(iter(sizes.items()))
        behind = (n - seen // size) // 2
        return mcnemar(n - behind, behind)
    import numpy as np

    # The sum of n flips of size m lies at m·(2·Binomial(n, ½) − n); one factor per size, multiplied by FFT. Positions
    # count how many steps above the smallest possible sum, halved: two neighbouring sums differ by 2.
    total = sum(size * n for size, n in sizes.items())
    length = 1 << int(total + 1).bit_length()
    spectrum = np.ones(length // 2 + 1, dtype=np.complex128)
    for size, n in sizes.items():
        k = np.arange(n + 1)
        logs = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, n + 1)))])
        factor = np.zeros(length)
        factor[k * size] = np.exp(logs[n] - logs[k] - logs[n - k] - n * log(2))
        spectrum *= np.fft.rfft(factor)
    chance = np.clip(np.fft.irfft(spectrum, length)[: total + 1], 0.0, None)
    at = 2 * np.arange(total + 1) - total
    return min(1.0, max(float(chance[np.abs(at) >= seen].sum()), 2.0**-50))
