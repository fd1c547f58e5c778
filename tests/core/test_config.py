"""Configuration: precedence and messages."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, Field

from audio_reasoner.core.config import load, resolve
from audio_reasoner.core.errors import ConfigError


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")
    rate: float = 1.0


class Settings(BaseModel):
    model_config = ConfigDict(extra="forbid")
    seed: int = Field(default=0, ge=0)
    style: str = "full"
    inner: Inner | None = None


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "my.yaml"
    path.write_text(text)
    return path


def test_flag_over_environment_over_recipe_over_default(tmp_path: Path) -> None:
    recipe = write(tmp_path, "build:\n  seed: 1\n")
    env = {"AUDIO_REASONER_BUILD_SEED": "2"}

    def seed(flag: int | None, environment: dict[str, str], path: Path | None) -> int:
        found = resolve(Settings, flags={"seed": flag}, recipe=path, section="build", environment=environment)
        assert found.style == "full"
        return found.seed

    assert seed(3, env, recipe) == 3
    assert seed(None, env, recipe) == 2
    assert seed(None, {}, recipe) == 1
    assert seed(None, {}, None) == 0
    assert seed(0, env, recipe) == 0, "a flag of 0 is given"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("sead: 3\n", ["my.yaml", "`sead`", "Did you mean `seed`"]),
        ("inner:\n  rat: 3\n", ["my.yaml", "`inner.rat`", "Did you mean `rate`"]),
        ("seed: many\n", ["my.yaml", "`seed`", "'many'"]),
        ("seed: -1\n", ["my.yaml", "`seed`", "-1"]),
        ("- a\n- b\n", ["my.yaml", "a list"]),
        ("seed: [1\n", ["my.yaml", "line 2"]),
    ],
)
def test_messages_name_file_and_key(tmp_path: Path, text: str, parts: list[str]) -> None:
    with pytest.raises(ConfigError) as error:
        load(write(tmp_path, text), Settings)
    for part in parts:
        assert part in error.value.message


def test_an_empty_file_means_all_defaults(tmp_path: Path) -> None:
    assert load(write(tmp_path, ""), Settings) == Settings()


def test_a_bad_environment_value_names_the_variable() -> None:
    with pytest.raises(ConfigError, match="AUDIO_REASONER_BUILD_SEED"):
        resolve(Settings, flags={}, section="build", environment={"AUDIO_REASONER_BUILD_SEED": "x"})


def test_a_recipe_without_the_section(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Did you mean `biuld`"):
        resolve(Settings, flags={}, recipe=write(tmp_path, "biuld: {}\n"), section="build", environment={})


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        load(tmp_path / "no.yaml", Settings)
