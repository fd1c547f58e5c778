"""What every test may use: the loopback teacher of `benchmarks/`."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "benchmarks"))

if TYPE_CHECKING:
    from loopback import Running


@pytest.fixture
def loopback() -> Iterator[Callable[..., Running]]:
    """Start loopback teachers: `loopback(limit=8, faults="429=0.1")`; they end with the test."""
    from loopback import in_thread

    with contextlib.ExitStack() as stack:
        yield lambda **options: stack.enter_context(in_thread(**options))
