"""Which weights learn, and how: whole parts of the model, or low-rank adapters on their linear layers (LoRA).

Decision: `model.train` names the parts that learn (tower, projector, language); with `model.lora` each of them learns
through adapters instead of its own weights. Layers are named one by one, never "all linear": the tower has layers of
the same names as the language model. The adapters are put into the model in place, so loop, loss and evaluation see an
ordinary Qwen2-Audio; only what is saved differs. The start of the adapters is a function of the seed alone.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audio_reasoner.core import ids
from audio_reasoner.core.errors import InputError
from audio_reasoner.models import adapter, qwen2_audio

if TYPE_CHECKING:
    from audio_reasoner.training.recipe import LoraPart, ModelPart, TrainedParts

_WHERE = {
    "tower": r"(model\.)?audio_tower\.layers\.\d+\.(self_attn\.)?",
    "projector": r"(model\.)?multi_modal_projector\.",
    "language": r"(model\.)?language_model\.(model\.)?layers\.\d+\.(self_attn|mlp)\.",
}
"""Where each part's layers stand, in the module trees of transformers 5 and of 4.48 (which ms-swift trains with)."""


def part_of(name: str) -> str:
    """The part of the model that a weight belongs to.

    >>> part_of("model.audio_tower.conv1.weight"), part_of("lm_head.weight")
    ('tower', 'language')
    """
    if "audio_tower." in name:
        return "tower"
    return "projector" if "multi_modal_projector." in name else "language"


def target_regex(lora: LoraPart, train: TrainedParts) -> str:
    """The layers that get adapters, as one expression that must match a layer's whole name."""
    names = {"tower": lora.tower, "projector": lora.projector, "language": lora.language}
    return "|".join(
        f"{_WHERE[part]}({'|'.join(re.escape(n) for n in names[part])})"
        for part in ("tower", "projector", "language")
        if getattr(train, part)
    )


def base_dtype(part: ModelPart, bf16: bool) -> str:
    """The number format in which a base is loaded: frozen weights need no 32 bits where products are done in 16."""
    return "bfloat16" if bf16 and part.lora is not None else "float32"


def prepare(model: Any, part: ModelPart, seed: int) -> Any:
    """Freeze what is not to learn, and put adapters in place if the recipe asks for them. Returns the same model.

    Raises:
        InputError: ``lora.targets``: a named layer exists nowhere in this model.
    """
    for name, weight in model.named_parameters():
        # The encoder's positions are fixed. transformers freezes them in a model made from a configuration, but loading
        # weights puts new parameters in place, and those learn.
        if not getattr(part.train, part_of(name)) or name.endswith("audio_tower.embed_positions.weight"):
            weight.requires_grad_(False)
    return model if part.lora is None else wrap(model, part.lora, part.train, seed)


def wrap(model: Any, lora: LoraPart, train: TrainedParts, seed: int) -> Any:
    """Put adapters into a model, in place; from then on nothing but them learns. They change nothing at the start.

    Raises:
        InputError: ``lora.targets``: a named layer exists nowhere in this model.
    """
    import torch
    from peft import LoraConfig, inject_adapter_in_model

    layers = [n for n, m in model.named_modules() if isinstance(m, torch.nn.Linear)]
    for part in ("tower", "projector", "language"):
        for target in getattr(lora, part) if getattr(train, part) else ():
            form = re.compile(_WHERE[part] + re.escape(target))
            if not any(form.fullmatch(n) for n in layers):
                raise InputError(
                    f"model.lora.{part} names {target!r}, but no linear layer of that part has this name.",
                    code="lora.targets",
                    hint="It has: " + ", ".join(sorted({n.rpartition(".")[2] for n in layers if part_of(n) == part})),
                )
    config = LoraConfig(
        r=lora.rank, lora_alpha=lora.alpha, lora_dropout=lora.dropout, target_modules=target_regex(lora, train)
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(ids.derive_seed(seed, "lora") % 2**63)
        model = inject_adapter_in_model(config, model)
    for name, weight in model.named_parameters():
        weight.requires_grad_(".lora_" in name)
        if ".lora_" in name:
            # Their steps are smaller than what 16 bits resolve.
            weight.data = weight.data.float()
    return model


def learned_state(model: Any) -> dict[str, Any]:
    """The weights that a checkpoint must hold: those that learn. The others are in the base."""
    return {name: weight.detach() for name, weight in model.named_parameters() if weight.requires_grad}


def restore(model: Any, state: dict[str, Any]) -> None:
    """Put a checkpoint's weights back.

    Raises:
        InputError: ``checkpoint.weights``: it holds other weights than the ones that learn here.
    """
    mine = learned_state(model)
    if set(mine) != set(state) or any(mine[n].shape != state[n].shape for n in mine):
        raise InputError(
            "the checkpoint holds other weights than the ones that the recipe trains.", code="checkpoint.weights"
        )
    model.load_state_dict(state, strict=False)


def save(model: Any, place: Path, base: str) -> None:
    """Write the adapters in peft's form: adapter_config.json and adapter_model.safetensors.

    Args:
        model: a model that `wrap` changed.
        place: directory to write into.
        base: the base as the recipe names it; a local directory is written with its absolute path.
    """
    from safetensors.torch import save_file

    config = model.peft_config["default"]
    local = Path(base).expanduser()
    config.base_model_name_or_path = str(local.resolve()) if local.is_dir() else base
    config.inference_mode = True
    config.save_pretrained(str(place))
    weights = {
        f"base_model.model.{name.replace('.default.', '.')}": weight.detach().cpu().contiguous()
        for name, weight in model.named_parameters()
        if ".lora_" in name
    }
    save_file(weights, str(place / adapter.WEIGHTS_NAME), metadata={"format": "pt"})


def merge(model: Any) -> Any:
    """Add the adapters to the weights and take them out, in place: an ordinary model again."""
    from peft.tuners.lora import LoraLayer

    for name, layer in list(model.named_modules()):
        if isinstance(layer, LoraLayer):
            layer.merge()
            parent, _, own = name.rpartition(".")
            setattr(model.get_submodule(parent), own, layer.get_base_layer())
    if hasattr(model, "peft_config"):
        del model.peft_config
    return model


def save_model(model: Any, part: ModelPart, place: Path) -> None:
    """Write what was trained: the whole model, or its adapters alone (`lora.merge` false)."""
    if part.lora is not None and not part.lora.merge:
        assert part.path is not None
        save(model, place, part.path)
        return
    if part.lora is not None:
        merge(model)
    model.save_pretrained(str(place), safe_serialization=True)


def clear_stale(new: Path, out: Path) -> None:
    """Remove what an earlier training left in `out` and the model in `new` does not replace.

    A directory is a model or an adapter, never both; and of two sets of weight files a loader would take one silently.
    """
    for pattern in (
        "config.json",
        "generation_config.json",
        "model*.safetensors",
        "model.safetensors.index.json",
        adapter.CONFIG_NAME,
        adapter.WEIGHTS_NAME,
    ):
        for file in out.glob(pattern):
            if not (new / file.name).exists():
                file.unlink()


def base_digest(part: ModelPart) -> dict[str, str]:
    """What a checkpoint without the frozen weights must remember of them; empty where it holds every weight."""
    if not part.partial:
        return {}
    assert part.path is not None
    return {"base": adapter.fingerprint(qwen2_audio.resolve(part.path))}


def settings(part: ModelPart) -> dict[str, str | None]:
    """What audio_reasoner.json remembers of an adapter's base; empty for a whole model."""
    if part.lora is None or part.lora.merge:
        return {}
    return {"base_fingerprint": base_digest(part)["base"]}


def described(part: ModelPart, trained: int, total: int) -> str:
    """Which parts learned, in a sentence for the model card."""
    on = [n for n in ("tower", "projector", "language") if getattr(part.train, n)]
    off = [n for n in ("tower", "projector", "language") if n not in on]
    how = f"{', '.join(on)} learned" + (f"; {', '.join(off)} stayed as loaded" if off else "")
    if part.lora is not None:
        how += f"; through adapters of rank {part.lora.rank} (alpha {part.lora.alpha:g})"
    return f"{how}: {trained / 1e6:.2f} of {total / 1e6:.2f} million weights."
