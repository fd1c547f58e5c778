"""Fixtures of the data set tests."""

from __future__ import annotations

import pytest
from dataset_samples import make_rows

from audio_reasoner.dataset import Row


@pytest.fixture
def rows() -> list[Row]:
    return make_rows(12)
