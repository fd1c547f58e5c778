"""Configuration: YAML into pydantic models, with errors that name file and key.

Decision: flag > environment > recipe > default, decided here and nowhere else. Environment names are
`AUDIO_REASONER_<SECTION>_<FIELD>`. An unknown key is an error, with the nearest known one, because a misspelt setting
that is silently ignored costs a whole run.
"""

from __future__ import annotations

import difflib
import os
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from audio_reasoner.core.errors import ConfigError

ENV_PREFIX = "AUDIO_REASONER"
M = TypeVar("M", bound=BaseModel)


def read_yaml(path: Path) -> dict[str, Any]:
    """A YAML file that holds a mapping.

    Raises:
        ConfigError: not there (config.missing), not YAML or not a mapping (config.syntax).
    """
    import yaml

    try:
        raw = yaml.safe_load(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(f"{path} does not exist.", code="config.missing") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}.", code="config.missing") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}, line {mark.line + 1}" if mark is not None else str(path)
        what = getattr(error, "problem", None) or "not YAML"
        raise ConfigError(f"{where}: {what}.", code="config.syntax") from error
    if raw is None:
        return {}
    if not isinstance(raw, dict):
        raise ConfigError(
            f"{path}: expected keys with values, found {'a list' if isinstance(raw, list) else repr(raw)[:60]}.",
            code="config.syntax",
        )
    return {str(k): v for k, v in raw.items()}


def load(path: Path, model: type[M]) -> M:
    """A YAML file as `model`."""
    return parse(read_yaml(path), model, str(path))


def parse(raw: Mapping[str, Any], model: type[M], where: str) -> M:
    """`raw` as `model`.

    Args:
        raw: plain values, e.g. from YAML.
        model: a pydantic model; keys that it does not have are refused.
        where: what messages call the origin, e.g. the file's path.

    Raises:
        ConfigError: naming origin, key, what was expected and what was found.
    """
    _refuse_unknown(raw, model, where, "")
    try:
        return model.model_validate(dict(raw))
    except ValidationError as error:
        raise ConfigError("; ".join(_explain(e, where) for e in error.errors()), code="config.value") from error


def resolve(
    model: type[M],
    *,
    flags: Mapping[str, Any],
    recipe: Path | None = None,
    section: str = "",
    environment: Mapping[str, str] | None = None,
) -> M:
    """Settings from flags, environment, recipe and defaults, in this order of strength.

    Args:
        model: what to fill.
        flags: by field; None means "not given".
        recipe: a YAML file, or None.
        section: the recipe's key that holds the settings ("" for the whole file); part of the environment names.
        environment: defaults to `os.environ`.

    Raises:
        ConfigError: an unknown key or an impossible value, naming where it came from.
    """
    environment = os.environ if environment is None else environment
    values: dict[str, Any] = {}
    if recipe is not None:
        raw: Any = read_yaml(recipe)
        where = str(recipe)
        if section:
            if section not in raw:
                near = _nearest(section, list(raw))
                raise ConfigError(f"{recipe} has no section `{section}`.{near}", code="config.unknown_key")
            raw, where = raw[section] or {}, f"{recipe}, section {section}"
            if not isinstance(raw, dict):
                raise ConfigError(f"{where}: expected keys with values, found {raw!r}.", code="config.syntax")
        values.update(parse(raw, model, where).model_dump(exclude_unset=True))
    for field in model.model_fields:
        name = "_".join(p for p in (ENV_PREFIX, section, field) if p).upper()
        if flags.get(field) is not None:
            values[field] = flags[field]
        elif name in environment:
            one = {**values, field: environment[name]}
            values[field] = getattr(parse(one, model, f"environment variable {name}"), field)
    return parse(values, model, "command line")


def _refuse_unknown(raw: Mapping[str, Any], model: type[BaseModel], where: str, above: str) -> None:
    known = dict(model.model_fields)
    for key, value in raw.items():
        path = f"{above}{key}"
        field = known.get(str(key))
        if field is None:
            raise ConfigError(
                f"{where}: unknown key `{path}`.{_nearest(str(key), list(known))}",
                code="config.unknown_key",
                hint=f"Known here: {', '.join(known)}.",
            )
        inner = _inner_model(field.annotation)
        if inner is not None and isinstance(value, Mapping):
            _refuse_unknown(value, inner, where, f"{path}.")


def _inner_model(annotation: Any) -> type[BaseModel] | None:
    """The model that a field holds, also where it may be None."""
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        found = [m for a in typing.get_args(annotation) if (m := _inner_model(a)) is not None]
        return found[0] if len(found) == 1 else None
    return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None


def _nearest(key: str, known: list[str]) -> str:
    near = difflib.get_close_matches(key, known, n=1)
    return f" Did you mean `{near[0]}`?" if near else ""


def _explain(error: Any, where: str) -> str:
    key = ".".join(str(p) for p in error["loc"])
    found = error.get("input")
    message = error["msg"].removeprefix("Value error, ")
    if not key:  # about several keys together
        return f"{where}: {message}."
    if error["type"] == "missing":
        return f"{where}: `{key}` is missing."
    return f"{where}: `{key}` is {found!r}; {message[0].lower()}{message[1:]}."
