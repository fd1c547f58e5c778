"""Qwen2-Audio as transformers has it, with an encoder that costs what the clip costs.

Decision: the weights, names and configuration are transformers' own, so a released 8.4 B checkpoint and our small model
load the same way, and what we save others can load. Only the way through the encoder is ours: transformers pads each
clip to 30 seconds, ours encodes the clip's own frames with the same result (logits and gradients within 1e-5, see
``tests/models/test_encoder.py`` and ``benchmarks/encoder_exact.py``). For a 3 s clip that is a tenth of the work.

A path that is missing or empty is an error that names it. Nothing is ever loaded in its place: users of the released
model had an empty path load the *base* model, which answers without structure and looks merely bad.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from audio_reasoner.core.errors import EnvironmentProblem, InputError
from audio_reasoner.models import adapter, bundled
from audio_reasoner.models.features import conv_frames_of
from audio_reasoner.models.json_file import read_object
from audio_reasoner.models.weight_files import read_header

if TYPE_CHECKING:
    import torch

ARCHITECTURE = "qwen2_audio"
HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
HOW_TO_GET = (
    "Train one with `audio-reasoner train recipes/tiny.yaml --data RUN -o MODEL`; `nano` is the one that comes "
    "with the package."
)


class Loaded(NamedTuple):
    """A model with its processor (tokenizer, feature extractor, chat template)."""

    model: Any
    processor: Any


def pick_device(device: str | None = None) -> str:
    """The device to compute on: what was asked for, else a CUDA GPU if there is one, else the CPU.

    Raises:
        EnvironmentProblem: the asked device does not exist here.
    """
    import torch

    cuda = torch.cuda.is_available()
    if device is None:
        return "cuda" if cuda else "cpu"
    kind = device.split(":")[0]
    if kind not in ("cpu", "cuda", "mps"):
        raise EnvironmentProblem(
            f"unknown device {device!r}; expected cpu, cuda, cuda:N or mps.", code="device.unknown"
        )
    if (kind == "cuda" and not cuda) or (kind == "mps" and not torch.backends.mps.is_available()):
        raise EnvironmentProblem(f"device {device!r} was asked for, but this machine has none.", code="device.missing")
    return device


def pick_dtype(dtype: str | None, device: str) -> torch.dtype:
    """The number format of the weights: what was asked for, else bfloat16 on a GPU and float32 on the CPU."""
    import torch

    names = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
    if dtype is None:
        return torch.float32 if device == "cpu" else torch.bfloat16
    if dtype not in names:
        raise EnvironmentProblem(f"unknown dtype {dtype!r}; expected one of {', '.join(names)}.", code="dtype.unknown")
    return names[dtype]


def check_model_dir(path: Path) -> None:
    """Refuse a directory that is not a complete Qwen2-Audio model in safetensors form, saying what is wrong with it.

    Raises:
        InputError: codes model.not_a_model, model.config, model.architecture, model.no_weights, model.truncated,
        model.tokenizer.
    """
    config_file = path / "config.json"
    if not config_file.is_file():
        raise InputError(
            f"{path} holds no config.json, so it is not a model directory.",
            code="model.not_a_model",
            hint="Give the directory that `audio-reasoner train … -o DIR` wrote, or a downloaded checkpoint.",
        )
    found = read_object(config_file).get("model_type")
    if found != ARCHITECTURE:
        raise InputError(
            f"{path} is a {found!r} model; audio-reasoner loads {ARCHITECTURE!r} models.", code="model.architecture"
        )
    weights = sorted(path.glob("*.safetensors"))
    index = path / "model.safetensors.index.json"
    if index.is_file():
        try:
            named = sorted({str(v) for v in json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()})
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(f"{index} cannot be read: {error!r}.", code="model.config") from error
        missing = [n for n in named if not (path / n).is_file()]
        if missing:
            raise InputError(
                f"{path} lacks {len(missing)} of {len(named)} weight files, first {missing[0]}.",
                code="model.no_weights",
                hint="The download or copy was not finished; fetch it again.",
            )
    if not weights:
        others = [p.name for p in path.glob("*.bin")]
        raise InputError(
            f"{path} holds no .safetensors weights" + (f" (only {', '.join(others)})." if others else "."),
            code="model.no_weights",
            hint="Pickled weights can run code when loaded and are refused; convert them to safetensors."
            if others
            else "",
        )
    for file in weights:
        read_header(file)
    # transformers would make an empty tokenizer of nothing and say no word.
    if not any((path / name).is_file() for name in ("tokenizer.json", "vocab.json")):
        raise InputError(
            f"{path} holds no tokenizer.json (nor vocab.json).",
            code="model.tokenizer",
            hint="Copy the tokenizer from the checkpoint that this model was made from.",
        )


def on_disk(name: str | Path) -> Path | None:
    """The directory of a model that is here: a path, or `nano` for the bundled model; None for a name of the form
    `org/name`, which the Hugging Face hub or its cache may hold.

    Raises:
        EnvironmentProblem: ``model.not_bundled``.
        InputError: ``model.empty_path``; ``model.not_a_model``: a file; ``model.missing``: nothing is there.
    """
    text = str(name).strip()
    # Path("") is the current directory, so an empty argument that went through Path must not pass for one.
    if not text or text == ".":
        raise InputError(
            "the model path is empty.",
            code="model.empty_path",
            hint="Name a model directory; there is no default model and none is loaded in its place.",
        )
    try:
        path = Path(text).expanduser()
    except RuntimeError as error:  # ~somebody without a home
        raise InputError(f"the model {text!r} does not exist: {error}", code="model.missing") from error
    if path.is_dir():
        return path
    if text == bundled.NAME and not path.exists():
        return bundled.path()
    if path.exists():
        raise InputError(f"{path} is a file; a model is a directory with a config.json.", code="model.not_a_model")
    # "models/tiny" before its training has the form of a hub name: where its folder is here, a path was meant.
    if HUB_NAME.fullmatch(text) and not path.parent.is_dir():
        return None
    raise InputError(f"the model {text!r} does not exist ({path.absolute()}).", code="model.missing", hint=HOW_TO_GET)


def resolve(name: str | Path) -> Path:
    """The local directory of a model: see `on_disk`; an `org/name` is fetched from the hub, or its cache.

    Raises:
        EnvironmentProblem: as `on_disk`.
        InputError: as `on_disk`; ``model.missing``: no reachable hub holds it.
    """
    path = on_disk(name)
    if path is not None:
        return path
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    text = str(name).strip()
    try:
        return Path(snapshot_download(text, allow_patterns=["*.json", "*.safetensors", "*.jinja", "*.txt"]))
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError) as error:
        raise InputError(
            f"{text!r} is no directory here ({Path(text).absolute()}), and the Hugging Face hub did not give it: "
            f"{str(error).splitlines()[0].removeprefix('Got: ')}",
            code="model.missing",
            hint=HOW_TO_GET,
        ) from error


def load(name: str | Path, device: str | None = None, dtype: str | None = None) -> Loaded:
    """Load a Qwen2-Audio model and its processor.

    Args:
        name: model directory in Hugging Face form, or `org/name` on the hub.
        device: cpu, cuda, cuda:N or mps; None picks a GPU if there is one.
        dtype: float32, bfloat16 or float16; None is bfloat16 on a GPU and float32 on the CPU.

    Raises:
        InputError: the model is missing, incomplete, damaged, pickled or of another architecture.
        EnvironmentProblem: the device does not exist here.
    """
    path = resolve(name)
    if adapter.is_adapter(path):
        return _load_adapter(path, device, dtype)
    check_model_dir(path)
    place = pick_device(device)
    import transformers
    from transformers import AutoProcessor, Qwen2AudioForConditionalGeneration

    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    try:
        processor = AutoProcessor.from_pretrained(str(path), local_files_only=True)
    except Exception as error:  # damaged files end it in many ways
        raise InputError(f"the processor in {path} cannot be loaded: {error}", code="model.processor") from error
    number_format = pick_dtype(dtype, place)
    try:
        # transformers would fill weights that the file lacks with random numbers and only warn about it.
        model, info = Qwen2AudioForConditionalGeneration.from_pretrained(
            str(path),
            dtype=number_format,
            use_safetensors=True,
            local_files_only=True,
            output_loading_info=True,
            ignore_mismatched_sizes=True,  # they are named below; transformers' own error is no sentence
            attn_implementation="sdpa",
        )
    except (MemoryError, RuntimeError):
        raise  # no room for it: nothing is wrong with the model
    except Exception as error:
        raise InputError(
            f"no model can be made of what the configuration in {path} says: {error or type(error).__name__}",
            code="model.config",
            hint="`audio-reasoner doctor` looks at all of its files; copy or download the damaged one again.",
        ) from error
    lacking = sorted(info["missing_keys"]) + sorted(str(k) for k in info.get("mismatched_keys", ()))
    if lacking:
        raise InputError(
            f"{path} lacks {len(lacking)} weights or has them in another shape, first {lacking[0]}.",
            code="model.incomplete",
        )
    model.to(place)
    model.eval()
    return Loaded(model, processor)


def base_of_adapter(path: Path) -> Path:
    """The local directory of the model that an adapter changes.

    Raises:
        InputError: ``adapter.no_base``; ``adapter.other_base``; ``adapter.config``.
    """
    name, _ = adapter.base_of(path)
    try:
        base = resolve(name)
    except InputError as error:
        raise InputError(
            f"the adapter {path} changes the model {name!r}, which is not there: {error.message}",
            code="adapter.no_base",
            hint=f"Put the base back, or name its new place as base_model_name_or_path in {adapter.CONFIG_NAME}.",
        ) from error
    if base.resolve() == path.resolve():
        raise InputError(f"the adapter {path} names itself as its base.", code="adapter.config")
    adapter.check_base(path, base)
    return base


def _load_adapter(path: Path, device: str | None, dtype: str | None) -> Loaded:
    """The base that an adapter names, with the adapter added to its weights, and the base's processor."""
    loaded = load(base_of_adapter(path), device, dtype)
    adapter.apply(loaded.model, path)
    return loaded


def encode(model: Any, mels: torch.Tensor, frames: list[int]) -> tuple[torch.Tensor, list[int]]:
    """Audio tokens of a batch of clips, as the language model sees them.

    Args:
        model: a Qwen2AudioForConditionalGeneration.
        mels: log-mels [clips, mels, kept frames of the longest], see `features.log_mel` and `features.pad_mels`.
        frames: each clip's own number of mel frames (without the two kept past its end).

    Returns:
        The projected features of all clips one after another [tokens, hidden], and each clip's number of tokens.
    """
    import torch
    from torch.nn import functional
    from transformers.masking_utils import create_bidirectional_mask

    tower = model.model.audio_tower
    weight = tower.conv1.weight
    valid = [conv_frames_of(f) for f in frames]
    longest = max(valid)
    x = mels.to(device=weight.device, dtype=weight.dtype)
    x = functional.gelu(tower.conv1(x))
    x = functional.gelu(tower.conv2(x))
    # The stem's outputs past the longest clip have done their work: nothing after it reads them.
    x = x[:, :, :longest].permute(0, 2, 1) + tower.embed_positions.weight[:longest]
    x = functional.dropout(x, p=tower.dropout, training=tower.training)
    mask = None
    if min(valid) < longest:
        lengths = torch.tensor(valid, device=x.device)
        alive = (torch.arange(longest, device=x.device)[None, :] < lengths[:, None]).long()
        mask = create_bidirectional_mask(config=tower.config, inputs_embeds=x, attention_mask=alive)
    for layer in tower.layers:
        x = layer(x, mask)
    x = tower.avg_pooler(x.permute(0, 2, 1)).permute(0, 2, 1)
    tokens = [v // 2 for v in valid]
    x = torch.cat([row[:n] for row, n in zip(x, tokens, strict=True)])
    projected: torch.Tensor = model.model.multi_modal_projector(tower.layer_norm(x))
    return projected, tokens


def embed(model: Any, input_ids: torch.Tensor, audio: torch.Tensor | None) -> torch.Tensor:
    """Token embeddings [rows, length, hidden] with the audio placeholders replaced by `audio` [tokens, hidden], in
    order.

    Raises:
        ValueError: the number of placeholders is not the number of audio tokens.
    """
    embeds: torch.Tensor = model.get_input_embeddings()(input_ids)
    places = input_ids == model.config.audio_token_id
    count = int(places.sum())
    given = 0 if audio is None else audio.shape[0]
    if count != given:
        raise ValueError(f"{count} audio placeholders in the text, {given} audio tokens from the encoder")
    if audio is None:
        return embeds
    return embeds.masked_scatter(places.unsqueeze(-1), audio.to(embeds.dtype))


def parameter_count(model: Any) -> int:
    """Number of weights."""
    return sum(p.numel() for p in model.parameters())
