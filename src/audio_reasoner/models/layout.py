"""A model directory in the layout of transformers 4.48 or of 5.x, whichever side a program lives on.

Decision: the weights are the same on both sides, name by name, and are linked or copied, never read (an adapter's base
is, to add the adapter to it). What differs are the small files around them: 5.x keeps the feature extractor inside
``processor_config.json``, the chat template in a file of its own, rotary settings under one name and the number format
under another; 4.48 and its contemporaries (ms-swift's supported range for this model, older vLLM, the released
checkpoints) look for the older names and stop at the first one they miss. A file that neither side knows is carried
over as it is.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any, Literal, get_args

from audio_reasoner.core.errors import ConfigError, EnvironmentProblem, InputError
from audio_reasoner.core.run import disk_full
from audio_reasoner.models import adapter
from audio_reasoner.models.json_file import read_object
from audio_reasoner.models.qwen2_audio import base_of_adapter, check_model_dir, load, resolve
from audio_reasoner.models.weight_files import readable_like, writing

Layout = Literal["transformers-4.48", "transformers-5"]
LAYOUTS: tuple[Layout, ...] = get_args(Layout)
OLD, NEW = LAYOUTS
_NOT_CARRIED = frozenset({"checkpoint.pt"})
"""The state of a training belongs to the directory it was trained in."""
_REWRITTEN = frozenset(
    {
        "config.json",
        "generation_config.json",
        "preprocessor_config.json",
        "processor_config.json",
        "tokenizer_config.json",
        "chat_template.json",
        "chat_template.jinja",
    }
)
_PROCESSOR_TOKENS = {
    "audio_token": "<|AUDIO|>",
    "audio_bos_token": "<|audio_bos|>",
    "audio_eos_token": "<|audio_eos|>",
}


def layout_of(path: Path) -> Layout:
    """Which side a model directory is written for: what holds the feature extractor decides."""
    return OLD if (path / "preprocessor_config.json").is_file() else NEW


def convert(model: str | Path, out: Path, layout: Layout) -> Path:
    """Write a copy of a model in another layout; its weights are hard links where the file system allows.

    An adapter (LoRA) is added to its base, and the whole model is written.

    Args:
        model: model directory in either layout, or a hub name.
        out: directory to write; must not exist or be empty.
        layout: for whom.

    Returns:
        `out`.

    Raises:
        ConfigError: ``model.layout``, ``model.out_exists``.
        InputError: the model is missing, incomplete or of another architecture; ``model.config``: a file around the
            weights is missing or damaged.
        EnvironmentProblem: the disk is full; nothing is left at `out` then.
    """
    if layout not in LAYOUTS:
        raise ConfigError(f"unknown layout {layout!r}; expected {' or '.join(LAYOUTS)}.", code="model.layout")
    source = resolve(model)
    merged = adapter.is_adapter(source)
    if not merged:
        check_model_dir(source)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ConfigError(f"{out} exists already.", code="model.out_exists", hint="Choose another directory.")
    if merged:
        return _merged(source, out, layout)
    files = _small_files(source, layout)
    out.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        for name, value in files.items():
            text = value if isinstance(value, str) else _pretty(value)
            (aside / name).write_text(text, encoding="utf-8")
        for file in sorted(source.iterdir()):
            if file.is_file() and file.name not in _REWRITTEN | _NOT_CARRIED:
                _carry(file, aside / file.name)
        aside.chmod(0o755)
        if out.is_dir():
            out.rmdir()
        aside.rename(out)
    except OSError as error:
        shutil.rmtree(aside, ignore_errors=True)
        if error.errno == 28:
            raise disk_full(out) from error
        raise EnvironmentProblem(f"{out} cannot be written: {error}.", code="environment.write") from error
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    return out


def _merged(source: Path, out: Path, layout: Layout) -> Path:
    """Write an adapter as a whole model, in the number format of its base's file."""
    config = _read(base_of_adapter(source) / "config.json", needed=True)
    dtype = config.get("dtype") or config.get("torch_dtype")
    loaded = load(source, "cpu", dtype if isinstance(dtype, str) else None)
    out.parent.mkdir(parents=True, exist_ok=True)
    whole = Path(tempfile.mkdtemp(prefix=f".{out.name}-whole-", dir=out.parent))
    try:
        with writing(whole):
            loaded.model.save_pretrained(str(whole))
        loaded.processor.save_pretrained(str(whole))
        settings = _read(source / adapter.SETTINGS_NAME)
        settings.pop("base_fingerprint", None)
        if settings:
            (whole / adapter.SETTINGS_NAME).write_text(_pretty(settings), encoding="utf-8")
        readable_like(whole / "config.json")
        return convert(whole, out, layout)
    except OSError as error:
        if error.errno == 28:
            raise disk_full(out) from error
        raise EnvironmentProblem(f"{out} cannot be written: {error}.", code="environment.write") from error
    finally:
        shutil.rmtree(whole, ignore_errors=True)


def _pretty(value: dict[str, Any]) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def _carry(file: Path, to: Path) -> None:
    if file.suffix == ".safetensors":
        try:
            os.link(file.resolve(), to)
            return
        except OSError:
            pass  # another file system, or one without links
    shutil.copyfile(file, to)


def _read(path: Path, needed: bool = False) -> dict[str, Any]:
    if not path.is_file():
        if needed:
            raise InputError(
                f"{path} is missing, so the model cannot be written in another layout.",
                code="model.config",
                hint="Fetch the whole checkpoint: besides the weights it holds the tokenizer and the processor.",
            )
        return {}
    return read_object(path)


def _small_files(source: Path, layout: Layout) -> dict[str, Any]:
    config = _read(source / "config.json", needed=True)
    tokenizer = _read(source / "tokenizer_config.json", needed=True)
    processor = _read(source / "processor_config.json")
    extractor = _read(source / "preprocessor_config.json") or processor.get("feature_extractor")
    if not isinstance(extractor, dict):
        raise InputError(
            f"{source} says nothing about its feature extractor: neither preprocessor_config.json nor a "
            "processor_config.json with one in it.",
            code="model.config",
            hint="Copy the file from the checkpoint that this model was made from.",
        )
    template = _template(source, tokenizer)
    generation = _read(source / "generation_config.json")
    write = _old if layout == OLD else _new
    files = write(config, tokenizer, extractor, processor, template)
    if generation:
        files["generation_config.json"] = generation
    return files


def _template(source: Path, tokenizer: dict[str, Any]) -> str | None:
    own = source / "chat_template.jinja"
    if own.is_file():
        return own.read_text(encoding="utf-8")
    found = _read(source / "chat_template.json").get("chat_template") or tokenizer.get("chat_template")
    return found if isinstance(found, str) else None


def _old(
    config: dict[str, Any],
    tokenizer: dict[str, Any],
    extractor: dict[str, Any],
    processor: dict[str, Any],
    template: str | None,
) -> dict[str, Any]:
    config = {**config, "ignore_index": config.get("ignore_index", -100)}
    if "dtype" in config:
        config["torch_dtype"] = config.pop("dtype")
    config["text_config"] = text = dict(config.get("text_config") or {})
    rope = text.pop("rope_parameters", None)
    if isinstance(rope, dict):
        text["rope_theta"] = rope.get("rope_theta", 10_000.0)
        scaling = {k: v for k, v in rope.items() if k != "rope_theta"}
        text["rope_scaling"] = None if scaling.get("rope_type", "default") == "default" else scaling
    tokenizer = {k: v for k, v in tokenizer.items() if k != "backend"}
    # 5.x names its classes by what they are made of; 4.48 knows the plain fast tokenizer by its own name.
    if tokenizer.get("tokenizer_class") == "TokenizersBackend":
        tokenizer["tokenizer_class"] = "PreTrainedTokenizerFast"
        # Its default names also token types, which the model's forward refuses.
        tokenizer.setdefault("model_input_names", ["input_ids", "attention_mask"])
    more = tokenizer.pop("extra_special_tokens", None)
    if isinstance(more, list):
        tokenizer["additional_special_tokens"] = more
    elif more:
        tokenizer["extra_special_tokens"] = more
    if template is not None:
        tokenizer["chat_template"] = template
    kept = {k: v for k, v in processor.items() if k in (*_PROCESSOR_TOKENS, "processor_class")}
    old_processor = {**_PROCESSOR_TOKENS, **kept, "processor_class": "Qwen2AudioProcessor"}
    files: dict[str, Any] = {
        "config.json": config,
        "tokenizer_config.json": tokenizer,
        "preprocessor_config.json": {**extractor, "processor_class": "Qwen2AudioProcessor"},
        "processor_config.json": old_processor,
    }
    if template is not None:
        files["chat_template.json"] = {"chat_template": template}
    return files


def _new(
    config: dict[str, Any],
    tokenizer: dict[str, Any],
    extractor: dict[str, Any],
    processor: dict[str, Any],
    template: str | None,
) -> dict[str, Any]:
    config = {**config, "ignore_index": config.get("ignore_index", -100)}
    if "torch_dtype" in config:
        config["dtype"] = config.pop("torch_dtype")
    config["text_config"] = text = dict(config.get("text_config") or {})
    if "rope_parameters" not in text:
        scaling = text.pop("rope_scaling", None) or {"rope_type": "default"}
        text["rope_parameters"] = {**scaling, "rope_theta": text.pop("rope_theta", 10_000.0)}
    tokenizer = dict(tokenizer)
    if tokenizer.get("tokenizer_class") == "PreTrainedTokenizerFast":
        tokenizer |= {"tokenizer_class": "TokenizersBackend", "backend": "tokenizers"}
    more = tokenizer.pop("additional_special_tokens", None)
    if more and "extra_special_tokens" not in tokenizer:
        tokenizer["extra_special_tokens"] = more
    tokenizer.pop("chat_template", None)
    kept = {k: v for k, v in processor.items() if k in _PROCESSOR_TOKENS}
    inner = {k: v for k, v in extractor.items() if k != "processor_class"}
    files: dict[str, Any] = {
        "config.json": config,
        "tokenizer_config.json": tokenizer,
        "processor_config.json": {
            **_PROCESSOR_TOKENS,
            **kept,
            "feature_extractor": inner,
            "processor_class": "Qwen2AudioProcessor",
        },
    }
    if template is not None:
        files["chat_template.jinja"] = template
    return files
