"""Adapter directories: low-rank changes (LoRA) to a base model, loaded by adding them to the base's weights.

Decision: what is loaded is an ordinary model: ``W + scale · B·A`` is computed once, in 32 bits, and nothing behind it
knows of adapters. That needs no peft, and reads adapters of both module trees (transformers 4.48, as ms-swift writes
them, and 5.x, as we do). Forms that this product does not describe are refused by name. Our adapters remember a
fingerprint of the weights they were trained on: another base of the same name would answer, and answer wrongly.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from audio_reasoner.core.errors import InputError
from audio_reasoner.models.json_file import read_object

CONFIG_NAME = "adapter_config.json"
WEIGHTS_NAME = "adapter_model.safetensors"
SETTINGS_NAME = "audio_reasoner.json"
_PREFIX = "base_model.model."
_BLOCKS, _BLOCK = 64, 4096
_PLAIN: Mapping[str, tuple[Any, ...]] = {
    "peft_type": ("LORA",),
    "bias": ("none",),
    "use_dora": (False, None),
    "fan_in_fan_out": (False, None),
    "modules_to_save": (None, []),
    "rank_pattern": (None, {}),
    "alpha_pattern": (None, {}),
    "lora_bias": (False, None),
}
"""Values for which an adapter is nothing but W + scale · B·A."""


def is_adapter(path: Path) -> bool:
    """Whether a directory holds an adapter and not a model of its own."""
    return (path / CONFIG_NAME).is_file() and not (path / "config.json").is_file()


def fingerprint(model: Path) -> str:
    """A hash of a model's weight files that reads a few hundred kilobytes of them: lengths, headers, spread blocks.

    Not a proof against a forger; it tells two trainings of one architecture apart, and a copy is equal to its original.
    """
    digest = hashlib.sha256()
    for file in sorted(model.glob("*.safetensors")):
        size = file.stat().st_size
        digest.update(size.to_bytes(8, "little"))
        with file.open("rb") as f:
            length = int.from_bytes(f.read(8), "little")
            digest.update(f.read(min(length, size)))
            for i in range(_BLOCKS):
                f.seek(max(0, (size - _BLOCK) * i // (_BLOCKS - 1)))
                digest.update(f.read(_BLOCK))
    return digest.hexdigest()


def base_of(path: Path) -> tuple[str, str | None]:
    """The base model that an adapter was trained on, by name, and its fingerprint if we wrote the adapter.

    Raises:
        InputError: ``adapter.config``: the file that says so is damaged or says nothing.
    """
    name = read_object(path / CONFIG_NAME, "adapter.config").get("base_model_name_or_path")
    if not isinstance(name, str) or not name:
        raise InputError(f"{path / CONFIG_NAME} names no base model.", code="adapter.config")
    file = path / SETTINGS_NAME
    known: Any = None
    if file.is_file():
        try:
            known = json.loads(file.read_text(encoding="utf-8"))
        except ValueError as error:
            raise InputError(f"{file} cannot be read: {error}", code="model.settings") from error
    found = known.get("base_fingerprint") if isinstance(known, dict) else None
    return name, found if isinstance(found, str) else None


def check_base(path: Path, base: Path) -> None:
    """Refuse a base with other weights than the ones that the adapter changes.

    Raises:
        InputError: ``adapter.other_base``.
    """
    name, known = base_of(path)
    if known is not None and known != fingerprint(base):
        raise InputError(
            f"{base} holds other weights than the base that the adapter {path} was trained on ({name}).",
            code="adapter.other_base",
            hint="Give it the same files again; a copy or a link will do, weights saved anew in other files will not.",
        )


def scale_of(path: Path) -> tuple[int, float]:
    """An adapter's rank, and what its product B·A is multiplied by.

    Raises:
        InputError: ``adapter.form``: not plain LoRA; ``adapter.config``: its configuration is damaged.
    """
    config = read_object(path / CONFIG_NAME, "adapter.config")
    for key, allowed in _PLAIN.items():
        if config.get(key, allowed[0]) not in allowed:
            raise InputError(
                f"the adapter {path} has {key} = {config[key]!r}; only plain LoRA can be loaded.",
                code="adapter.form",
                hint="Merge it into its base with the program that made it, and load the merged model.",
            )
    rank, alpha = config.get("r"), config.get("lora_alpha")
    if not isinstance(rank, int) or rank < 1 or not isinstance(alpha, int | float):
        raise InputError(f"{path / CONFIG_NAME} lacks r or lora_alpha.", code="adapter.config")
    return rank, alpha / (rank**0.5 if config.get("use_rslora") else rank)


def is_of_5(names: Iterable[str]) -> bool:
    """Whether an adapter's matrices are named as in the module tree of transformers 5, and not of 4.48."""
    return any(name.startswith((f"{_PREFIX}model.", f"{_PREFIX}lm_head.")) for name in names)


def apply(model: Any, path: Path) -> int:
    """Add an adapter to a model's weights, in place.

    Args:
        model: the base, a Qwen2AudioForConditionalGeneration of transformers 5.
        path: adapter directory of either module tree.

    Returns:
        Number of weight matrices changed.

    Raises:
        InputError: as `scale_of`; ``adapter.weights``: matrices that are missing, damaged, or fit no
            layer of this base.
    """
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    rank, scale = scale_of(path)
    file = path / WEIGHTS_NAME
    if not file.is_file():
        raise InputError(f"{path} holds no {WEIGHTS_NAME}.", code="adapter.weights")
    try:
        found = load_file(str(file))
    except (OSError, SafetensorError) as error:
        raise InputError(f"{file} cannot be read: {error}", code="adapter.weights") from error
    layers = dict(model.named_modules())
    pairs: dict[str, dict[str, Any]] = {}
    for key, value in found.items():
        name, half = _place(key)
        if half is None or name not in layers:
            raise InputError(
                f"{file} holds {key!r}, which is no part of plain LoRA on this base.", code="adapter.weights"
            )
        pairs.setdefault(name, {})[half] = value
    for name, halves in pairs.items():
        weight = getattr(layers[name], "weight", None)
        if (
            weight is None
            or set(halves) != {"A", "B"}
            or halves["B"].shape != (weight.shape[0], rank)
            or halves["A"].shape != (rank, *weight.shape[1:])
        ):
            raise InputError(f"{file}: the matrices of {name} do not fit this base.", code="adapter.weights")
        with torch.no_grad():
            delta = halves["B"].to(weight.device, torch.float32) @ halves["A"].to(weight.device, torch.float32)
            weight.copy_((weight.float() + scale * delta).to(weight.dtype))
    if not pairs:
        raise InputError(f"{file} holds no matrices.", code="adapter.weights")
    return len(pairs)


def _place(key: str) -> tuple[str, str | None]:
    """The layer that an adapter's matrix belongs to in the module tree of transformers 5, and which of the two it is.

    >>> _place("base_model.model.language_model.model.layers.0.mlp.up_proj.lora_A.weight")
    ('model.language_model.layers.0.mlp.up_proj', 'A')
    """
    name = key.removeprefix(_PREFIX)
    for half in ("A", "B"):
        end = f".lora_{half}.weight"
        if name.endswith(end):
            name = name.removesuffix(end)
            break
    else:
        return name, None
    if name.startswith("language_model.lm_head"):
        name = name.removeprefix("language_model.")
    elif name.startswith("language_model.model."):
        name = "model.language_model." + name.removeprefix("language_model.model.")
    elif name.startswith(("audio_tower.", "multi_modal_projector.")):
        name = "model." + name
    return name, half
