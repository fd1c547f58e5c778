"""What every test may use: the loopback teacher of `benchmarks/`, and an environment without keys."""

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


@pytest.fixture
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of this machine's environment reaches a client: no key, no other address, no proxy."""
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
