"""The header of a safetensors file: which weights it holds, in which form, and whether the file is all there.

Decision: a file that was cut short is found by its length alone, before anything is loaded: the header promises where
the last weight ends. A header is somebody else's text, so whatever it is not is one kind of error.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from audio_reasoner.core.errors import InputError

MAX_HEADER = 100_000_000
"""Bytes; the format's own limit."""


class Weight(NamedTuple):
    """Number format (F32, BF16, …) and shape of a weight in a file."""

    format: str
    shape: tuple[int, ...]


def read_header(file: Path) -> dict[str, Weight]:
    """Names, formats and shapes of a safetensors file's weights.

    Raises:
        InputError: ``model.truncated``: the file is shorter or longer than its header promises, or has no header.
    """
    size = file.stat().st_size
    with file.open("rb") as f:
        head = f.read(8)
        length = int.from_bytes(head, "little")
        if len(head) < 8 or not 2 <= length <= min(size - 8, MAX_HEADER):
            raise InputError(
                f"{file} is not a complete safetensors file ({size} bytes).",
                code="model.truncated",
                hint="The copy was cut short; copy or download it again.",
            )
        try:
            header = json.loads(f.read(length))
            found = {
                str(name): Weight(str(entry["dtype"]), tuple(int(n) for n in entry["shape"]))
                for name, entry in header.items()
                if name != "__metadata__"
            }
            data = max((int(e["data_offsets"][1]) for n, e in header.items() if n != "__metadata__"), default=0)
        except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
            raise InputError(
                f"{file} has a broken safetensors header: {error or type(error).__name__}.",
                code="model.truncated",
                hint="Copy or download it again.",
            ) from error
    if size != 8 + length + data:
        raise InputError(
            f"{file} is {size} bytes long; its header promises {8 + length + data}.",
            code="model.truncated",
            hint="The copy was cut short; copy or download it again.",
        )
    return found


@contextlib.contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Around whatever writes weight files into `folder`: safetensors has an error of its own for a full disk.

    Raises:
        OSError: they cannot be written.
    """
    from safetensors import SafetensorError

    try:
        yield
    except SafetensorError as error:
        number = re.search(r"\(os error (\d+)\)", str(error))  # the one place where it says what happened
        if number is None:
            raise
        raise OSError(int(number[1]), os.strerror(int(number[1])), str(folder)) from error


def readable_like(file: Path) -> None:
    """Give the weights beside `file` its access rights.

    safetensors (0.8) writes files that only their owner may read, whatever the umask says: on a machine shared by a
    group everything but the weights of a finished training could be read. `file` was written in the ordinary way.
    """
    for weights in file.parent.glob("*.safetensors"):
        shutil.copymode(file, weights)
