"""Searching for cyclic garbage seldom, for a while."""

from __future__ import annotations

import gc

import pytest

from audio_reasoner.core.memory import SELDOM, rare_collections


def _fail() -> None:
    assert gc.get_threshold() == SELDOM
    raise RuntimeError


def test_thresholds_come_back_also_after_an_error() -> None:
    before, frozen = gc.get_threshold(), gc.get_freeze_count()
    with pytest.raises(RuntimeError), rare_collections():
        _fail()
    assert (gc.get_threshold(), gc.get_freeze_count()) == (before, frozen)
