"""Two measures a report needs: whether counts are even, and whether two judges agree beyond chance.

Decision: exact formulas in a few lines, because a statistics library costs a second at every start.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence


def chi_square_p(statistic: float, freedom: int) -> float:
    """Chance that a chi-square variable with `freedom` degrees exceeds `statistic`.

    >>> round(chi_square_p(3.841, 1), 3), round(chi_square_p(7.815, 3), 3), round(chi_square_p(9.488, 4), 3)
    (0.05, 0.05, 0.05)
    """
    h = statistic / 2
    if h <= 0:
        return 1.0
    if freedom % 2:
        terms = (math.exp(-h + (j - 0.5) * math.log(h) - math.lgamma(j + 0.5)) for j in range(1, freedom // 2 + 1))
        return min(1.0, math.erfc(math.sqrt(h)) + sum(terms))
    return min(1.0, sum(math.exp(-h + j * math.log(h) - math.lgamma(j + 1)) for j in range(freedom // 2)))


def evenness(counts: Sequence[int]) -> tuple[float, float]:
    """Pearson's test that all `counts` come with equal chance: (p, largest deviation of a share from an even one).

    Needs some five expected in each place; with fewer p is 1 (nothing can be said).

    >>> evenness([50, 50, 50, 50])
    (1.0, 0.0)
    """
    whole, n = sum(counts), len(counts)
    if n < 2 or not whole:
        return 1.0, 0.0
    expected = whole / n
    deviation = max(abs(c / whole - 1 / n) for c in counts)
    if expected < 5:
        return 1.0, deviation
    return chi_square_p(sum((c - expected) ** 2 / expected for c in counts), n - 1), deviation


def kappa(table: Mapping[tuple[bool, bool], int]) -> float | None:
    """Cohen's kappa of two judges' yes and no: 1 full agreement, 0 what chance gives, None where chance says all.

    Args:
        table: how often (first judge, second judge) said so.

    >>> kappa({(True, True): 20, (True, False): 5, (False, True): 10, (False, False): 15})
    0.4
    """
    n = sum(table.values())
    if not n:
        return None
    first = sum(v for (a, _), v in table.items() if a) / n
    second = sum(v for (_, b), v in table.items() if b) / n
    chance = first * second + (1 - first) * (1 - second)
    if chance >= 1 - 1e-12:
        return None  # both said the same about everything: there is nothing that chance could not explain
    seen = sum(v for (a, b), v in table.items() if a == b) / n
    return round((seen - chance) / (1 - chance), 6)
