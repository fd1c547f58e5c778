"""How often Python looks for cyclic garbage while millions of records go by.

Decision: our records hold no cycles, so reference counting frees them; each search of the collector only walks through
them again. While an export of 1,200,000 rows runs, searching seldom saves a tenth of its time (`benchmarks/scale.py`).
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

SELDOM = (50_000, 50, 100)
"""New objects before a search, and searches of a generation before one of the next; Python's own: 700, 10, 10."""


@contextmanager
def rare_collections() -> Iterator[None]:
    """Search for cyclic garbage seldom within the block; the thresholds of before come back afterwards.

    >>> import gc
    >>> before = gc.get_threshold()
    >>> with rare_collections():
    ...     gc.get_threshold()[0]
    50000
    >>> gc.get_threshold() == before
    True
    """
    before = gc.get_threshold()
    gc.freeze()  # what is imported by now stays
    gc.set_threshold(*SELDOM)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
