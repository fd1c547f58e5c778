"""Questions asked side by side: what one of them cannot do to the others."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import pytest

from audio_reasoner.core.errors import EnvironmentProblem, InputError
from audio_reasoner.inference.parts import in_parts


def full(item: int) -> EnvironmentProblem:
    return EnvironmentProblem(f"{item} does not fit.", code="environment.memory")


def test_a_bad_one_is_told_in_its_place_and_the_others_are_answered_in_order() -> None:
    def ask(items: Sequence[int]) -> list[int]:
        if 3 in items:
            raise InputError("three is bad.", code="question.empty")
        if len(items) > 2:
            raise MemoryError
        return [10 * i for i in items]

    told = [pair for part, said in in_parts(range(6), ask, full) for pair in zip(part, said, strict=True)]
    assert [item for item, _ in told] == list(range(6))
    assert [said for item, said in told if item != 3] == [0, 10, 20, 40, 50]
    assert isinstance(told[3][1], InputError)
    halves = [list(part) for part, _ in in_parts([1, 2, 4, 5], ask, full)]
    assert halves == [[1, 2], [4, 5]]


def test_the_halves_are_asked_when_the_error_that_holds_the_memory_has_gone() -> None:
    def ask(items: Sequence[int]) -> list[int]:
        assert sys.exc_info() == (None, None, None)
        if len(items) > 1:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory")
        return list(items)

    assert [list(said) for _, said in in_parts([1, 2, 3], ask, full)] == [[1], [2], [3]]


def test_one_that_does_not_fit_alone_and_other_errors_end_the_work() -> None:
    def ask(items: Sequence[int]) -> list[int]:
        raise MemoryError if items[0] else RuntimeError("a bug")

    with pytest.raises(EnvironmentProblem, match=r"1 does not fit"):
        list(in_parts([1, 2], ask, full))
    with pytest.raises(RuntimeError, match="a bug"):
        list(in_parts([0, 1], ask, full))
