"""Plug-in for ms-swift: our rewards under the names audio_reasoner_answer, _format, _consistency, _claims, _length.

    swift rlhf --rlhf_type grpo --external_plugins "$(python -c 'import audio_reasoner.training.rewards as r, os;
        print(os.path.join(os.path.dirname(r.__file__), "rewards_swift.py"))')" \\
        --reward_funcs audio_reasoner_answer audio_reasoner_format --reward_weights 2 1 …

ms-swift executes the file it is given; importing it registers the rewards and does nothing else. The base class moved
between its versions, so both places are tried.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from audio_reasoner.core.errors import EnvironmentProblem
from audio_reasoner.training.rewards import REWARDS


def _registry() -> Any:
    for place in ("swift.rewards", "swift.plugin"):
        try:
            module = import_module(place)
        except ImportError:
            continue
        if hasattr(module, "ORM") and hasattr(module, "orms"):
            return module
    raise EnvironmentProblem(
        "ms-swift is not installed here, or its reward registry has moved.",
        code="rewards.no_swift",
        hint="Install ms-swift in this environment; its versions 3 and 4 are known.",
    )


def register() -> list[str]:
    """Add our rewards to ms-swift's table; returns their names there."""
    swift = _registry()
    names = []
    for name, function in REWARDS.items():

        def call(self: Any, completions: Any, _function: Any = function, **columns: Any) -> list[float]:  # noqa: ARG001
            return list(_function(completions, **columns))

        own = f"audio_reasoner_{name}"
        swift.orms[own] = type(f"AudioReasoner{name.capitalize()}", (swift.ORM,), {"__call__": call})
        names.append(own)
    return names


# What ms-swift runs by its path has another name than the module that tests and tools import.
if __name__ != "audio_reasoner.training.rewards_swift":
    register()
