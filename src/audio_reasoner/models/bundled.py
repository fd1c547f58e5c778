"""The small model that comes with the package, so that `ask` answers on a machine that has nothing else.

Decision: it lies inside the wheel (7 MB in 16-bit floats), because a download at the first question would need a
network, a hub account's rate limit and a place to cache. It is loaded like any other model directory: nothing in the
code knows that it is this one. Where somebody names a model that cannot be found, that stays an error; this one is
only taken when no model is named.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from audio_reasoner.core.errors import EnvironmentProblem

NAME: Final = "nano"
FACTS_NAME: Final = "nano.json"
"""Beside the weights: which question types it answers how well, as `benchmarks/nano_types.py` measured them."""


def path() -> Path:
    """The directory of the bundled model.

    Raises:
        EnvironmentProblem: `model.not_bundled`: this installation lacks it.
    """
    place = Path(__file__).resolve().parent.parent / "assets" / NAME
    if not (place / "model.safetensors").is_file():
        raise EnvironmentProblem(
            "this installation of audio-reasoner comes without its small model.",
            code="model.not_bundled",
            hint="Name a model with --model, or install audio-reasoner from a wheel.",
        )
    return place
