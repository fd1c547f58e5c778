"""Questions asked side by side, and in smaller parts where that fails: for the batches of `ask` and of evaluation.

Decision: a bad question must not take its neighbours with it, and a batch that does not fit into memory is halved
rather than given up; what every question shares (no memory for one alone) ends the work. The smaller parts are asked
after the error has gone, because it holds on to the memory that the batch had taken.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from audio_reasoner.core.errors import AudioReasonerError, InputError

T = TypeVar("T")
R = TypeVar("R")

log = logging.getLogger(__name__)


def in_parts(
    items: Sequence[T], ask: Callable[[Sequence[T]], Sequence[R]], too_large: Callable[[T], AudioReasonerError]
) -> Iterator[tuple[Sequence[T], Sequence[R | InputError]]]:
    """Ask about some items together; yields each part that was answered, in order, with its answers.

    Args:
        items: what is asked, at least one.
        ask: answers some of them, in order; an `InputError` is about one of them.
        too_large: the error to raise for an item that does not fit into memory even alone.

    Yields:
        The items of a part and an answer for each. The answer to a bad item is its error.
    """
    try:
        answers = ask(items)
    except InputError as error:
        if len(items) == 1:
            yield items, [error]
            return
        parts = [items[i : i + 1] for i in range(len(items))]
    except (RuntimeError, MemoryError) as error:
        if not out_of_memory(error):
            raise
        if len(items) == 1:
            raise too_large(items[0]) from None
        half = len(items) // 2
        log.warning("a batch of %d does not fit into memory; going on with halves of it.", len(items))
        parts = [items[:half], items[half:]]
    else:
        yield items, answers
        return
    for part in parts:
        yield from in_parts(part, ask, too_large)


def out_of_memory(error: BaseException) -> bool:
    """Whether torch (of any device) or Python has found no memory."""
    name = type(error).__name__
    return isinstance(error, MemoryError) or name == "OutOfMemoryError" or "can't allocate memory" in str(error)
