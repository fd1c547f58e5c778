"""recipes/README.md says what there is: every file, every key of both kinds of recipe."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from audio_reasoner.cota import BuildSettings
from audio_reasoner.training.recipe import Recipe, load_recipe
from audio_reasoner.training.rl_recipe import RlRecipe

RECIPES = Path(__file__).parents[2] / "recipes"
GUIDE = (RECIPES / "README.md").read_text(encoding="utf-8")
PARTS = GUIDE.split("\n## ")


def keys(model: type[BaseModel]) -> Iterator[str]:
    """Names of all fields of a model and of the models in it."""
    for name, field in model.model_fields.items():
        yield name
        kinds = (field.annotation, *getattr(field.annotation, "__args__", ()))
        for kind in kinds:
            if isinstance(kind, type) and issubclass(kind, BaseModel) and kind is not BuildSettings:
                yield from keys(kind)


@pytest.mark.parametrize(("title", "model"), [("Keys of a training recipe", Recipe), ("Keys of a recipe", RlRecipe)])
def test_every_key_stands_in_the_guide(title: str, model: type[BaseModel]) -> None:
    part = next(p for p in PARTS if p.startswith(title))
    told = set(re.findall(r"\w+", " ".join(re.findall(r"`([^`]+)`", part))))
    names = set(keys(model))
    assert len(names) > 25
    assert not names - told


def test_every_file_stands_in_the_guide_and_loads() -> None:
    files = {p.name for p in RECIPES.iterdir() if p.is_file()} - {"README.md"}
    assert files == {n for n in re.findall(r"`([\w.-]+)`", PARTS[0]) if (RECIPES / n).suffix and n != "recipe.yaml"}
    for name in ("tiny.yaml", "nano.yaml", "qwen2-audio-7b-full.yaml", "qwen2-audio-7b-lora.yaml"):
        load_recipe(RECIPES / name)
