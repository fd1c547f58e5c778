"""Keys and values of a batch that loses rows while it grows: room ahead, rows moved instead of copied.

Decision: transformers' dynamic cache copies all keys and values at every token and whenever a row leaves; with a
hundred rows on a CPU that was half of the decoding time. Here a layer has room for the next tokens, rows with the same
prompt are spread from one row once, and a row that ends is overwritten by the last one: one row is copied, not all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

STRIDE = 128
"""Room for so many tokens is made at a time."""


def moves(rows: int, gone: Sequence[int]) -> list[tuple[int, int]]:
    """How to close the gaps when rows leave a batch: (to, from) pairs, after which the first rows are those that stay.

    >>> moves(5, [1, 3])
    [(1, 4)]
    """
    left = rows - len(gone)
    holes = [g for g in gone if g < left]
    movers = sorted(set(range(left, rows)) - set(gone))
    return list(zip(sorted(holes), movers, strict=True))


def roomy_cache(most: int) -> Any:
    """A cache for `most` new tokens with `spread` and `close_gaps`; otherwise transformers' own.

    Args:
        most: no more tokens than this will follow the prompt, so no more room is made at once.
    """
    from transformers.cache_utils import Cache, DynamicLayer

    stride = max(1, min(STRIDE, most))

    class RoomyLayer(DynamicLayer):  # type: ignore[misc]
        def update(self, key_states: Any, value_states: Any, *_: Any, **__: Any) -> tuple[Any, Any]:
            if not self.is_initialized:
                self.lazy_initialization(key_states, value_states)
                self.room: tuple[torch.Tensor, torch.Tensor] | None = None
                self.used = 0
            end = self.used + key_states.shape[-2]
            if self.room is None or end > self.room[0].shape[-2]:
                self.room = (self._wider(0, key_states, end), self._wider(1, value_states, end))
            for room, states in zip(self.room, (key_states, value_states), strict=True):
                room[:, :, self.used : end] = states
            self.used = end
            return self._show()

        def _wider(self, which: int, states: Any, end: int) -> torch.Tensor:
            rows, heads, _, width = states.shape
            fresh: torch.Tensor = states.new_empty(rows, heads, end + stride, width)
            if self.room is not None:
                fresh[:, :, : self.used] = self.room[which][:, :, : self.used]
            return fresh

        def _show(self) -> tuple[Any, Any]:
            assert self.room is not None
            self.keys, self.values = (room[:, :, : self.used] for room in self.room)
            return self.keys, self.values

        def spread(self, index: torch.Tensor) -> None:
            assert self.room is not None
            self.room = (self.room[0].index_select(0, index), self.room[1].index_select(0, index))
            self._show()

        def close_gaps(self, pairs: Sequence[tuple[int, int]], left: int) -> None:
            assert self.room is not None
            for room in self.room:
                for to, source in pairs:
                    room[to, :, : self.used] = room[source, :, : self.used]
            self.room = (self.room[0][:left], self.room[1][:left])
            self._show()

    class RoomyCache(Cache):  # type: ignore[misc]
        def spread(self, index: torch.Tensor) -> None:
            """Row i becomes a copy of the present row `index[i]`."""
            for layer in self.layers:
                layer.spread(index)

        def close_gaps(self, pairs: Sequence[tuple[int, int]], left: int) -> None:
            """Move rows as `moves` says and keep the first `left`."""
            for layer in self.layers:
                layer.close_gaps(pairs, left)

    return RoomyCache(layer_class_to_replicate=RoomyLayer)
