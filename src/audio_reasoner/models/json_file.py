"""Reading the JSON files of a model directory, which may come from anywhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from audio_reasoner.core.errors import InputError


def read_object(path: Path, code: str = "model.config") -> dict[str, Any]:
    """The JSON object in a file.

    Raises:
        InputError: with `code`: it cannot be read, is no JSON, or no object.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path} cannot be read as JSON: {error}.", code=code) from error
    if not isinstance(value, dict):
        raise InputError(f"{path} holds {type(value).__name__}, expected an object.", code=code)
    return value
