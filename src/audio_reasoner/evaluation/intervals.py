"""How far a proportion may be from the truth, given how few rows it stands on."""

from __future__ import annotations

from math import sqrt

Z_95 = 1.959963984540054


def wilson(successes: int, n: int) -> tuple[float, float]:
    """The 95 % Wilson score interval of a proportion, within 0..1; (0, 1) if nothing was counted.

    Wilson rather than the normal approximation, because sub-categories hold a dozen rows and scores near 0 or 1 occur.

    >>> low, high = wilson(5, 10)
    >>> round(low, 4), round(high, 4)
    (0.2366, 0.7634)
    """
    if n <= 0:
        return 0.0, 1.0
    p = successes / n
    scale = 1.0 + Z_95**2 / n
    centre = (p + Z_95**2 / (2 * n)) / scale
    spread = Z_95 / scale * sqrt(p * (1 - p) / n + Z_95**2 / (4 * n * n))
    return max(0.0, centre - spread), min(1.0, centre + spread)
