"""A small run with a data set, and a micro recipe: seconds on one core."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from audio_reasoner.core.run import RunDir
from audio_reasoner.cota import BuildSettings, build_sync
from audio_reasoner.dataset import write_clips
from audio_reasoner.synth import plan_complex
from audio_reasoner.training import Recipe

NANO = {
    "vocabulary": 500,
    "audio_width": 32,
    "audio_layers": 1,
    "audio_heads": 2,
    "audio_ffn": 64,
    "text_width": 32,
    "text_layers": 1,
    "text_heads": 2,
    "text_ffn": 64,
}


def recipe(**changes: Any) -> Recipe:
    plain: dict[str, Any] = {
        "model": {"nano": NANO},
        "optimiser": {"warmup_steps": 2},
        "batch": {"samples": 8},
        "budget": {"steps": 6},
        "data": {"held_out": 0.2, "workers": 0},
        "watch": {"eval_samples": 0, "final_samples": 0, "max_new_tokens": 16},
        "precision": "float32",
        "threads": 1,
    }
    for key, value in changes.items():
        plain[key] = {**plain.get(key, {}), **value} if isinstance(value, dict) and key != "budget" else value
    return Recipe.model_validate(plain)


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("training") / "run"
    directory = RunDir.create(path)
    clips = plan_complex(
        24, 5, max_events=3, event_seconds=(0.3, 0.4), max_gap_s=0.2, classes=("bell", "dog", "drum", "siren")
    )
    write_clips(path, clips)
    build_sync(directory, BuildSettings(style="brief", questions_per_clip=3), workers=0)
    return path
