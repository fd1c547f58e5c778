"""What a model directory holds and where it will fail: the part of `doctor` that looks at a model without loading it.

Decision: weights are judged by their files' headers, a few hundred kilobytes of a checkpoint of sixteen gigabytes:
complete or cut short, every weight there in the right shape, in which number format. All problems are collected; the
loader stops at the first. Nothing is fetched: a hub name counts if its files are on this machine.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from audio_reasoner.core.chain import TAG_LITERALS
from audio_reasoner.core.errors import AudioReasonerError, InputError
from audio_reasoner.models import adapter
from audio_reasoner.models.chat import trained_system
from audio_reasoner.models.json_file import read_object
from audio_reasoner.models.layout import OLD, layout_of
from audio_reasoner.models.machine import Finding, Machine
from audio_reasoner.models.qwen2_audio import ARCHITECTURE, on_disk
from audio_reasoner.models.sizes import Sizes, part_of, plain_name, sizes_of_config
from audio_reasoner.models.weight_files import Weight, read_header

INDEX_NAME = "model.safetensors.index.json"
PICKLED = ("*.bin", "*.pt", "*.pth", "*.ckpt")
USUAL = ("F32", "F16", "BF16")
ANSWER_TOKENS = 4096
"""Tokens of prompt and answer that the memory for asking counts keys and values of."""
_LEAST_TEMPLATE = ("<|AUDIO|>", "<|im_start|>")


class Road(NamedTuple):
    """A program that might read the model: whether it will, and if not, or with what loss, why."""

    program: str
    works: bool
    why: str


@dataclass
class CheckUp:
    """What was found about a model.

    Attributes:
        weights: number of weights by part, as the files hold them; "other" are of no known part.
        formats: number of weights by number format of the files (F32, BF16, …).
        tags: pieces of the longest tag in the model's vocabulary; 1 if every tag is one token; None if unknown.
        memory: bytes to load it and answer one question, by number format.
        fits: by device of this machine, whether it can be loaded there in that device's number format.
    """

    path: Path
    architecture: str = "?"
    layout: str = "?"
    sizes: Sizes | None = None
    weights: dict[str, int] = field(default_factory=dict)
    formats: dict[str, int] = field(default_factory=dict)
    files: int = 0
    tags: int | None = None
    adapter_of: str | None = None
    memory: dict[str, int] = field(default_factory=dict)
    fits: dict[str, bool] = field(default_factory=dict)
    roads: list[Road] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def total(self) -> int:
        """Number of weights in the files."""
        return sum(self.weights.values())


def find_local(name: str) -> Path:
    """The directory of a model that is on this machine: a path, `nano` for the bundled model, or a hub name whose files
    are in the hub's cache.

    Raises:
        EnvironmentProblem: ``model.not_bundled``.
        InputError: ``model.empty_path``, ``model.missing``, ``model.not_a_model`` (a file), ``model.not_local``.
    """
    path = on_disk(name)
    if path is not None:
        return path
    try:
        from huggingface_hub import snapshot_download

        return Path(snapshot_download(name.strip(), local_files_only=True))
    except (ImportError, OSError, ValueError) as error:  # one that is not in the cache is an OSError too
        raise InputError(
            f"{name.strip()} is no directory here and not in the hub's cache; doctor fetches nothing.",
            code="model.not_local",
            hint=f"Fetch it first: hf download {name.strip()}",
        ) from error


def examine(path: Path, machine: Machine | None = None) -> CheckUp:
    """Look at a model directory without loading its weights.

    Args:
        path: model directory; see `find_local`.
        machine: what `machine.examine` found, to say what fits; None leaves that out.
    """
    if adapter.is_adapter(path):
        return _adapter(path, machine)
    report = CheckUp(path)
    config = _json(report, path / "config.json", needed="it is not a model directory")
    if config is None:
        return report
    report.architecture = str(config.get("model_type"))
    if report.architecture != ARCHITECTURE:
        _fail(
            report,
            "model.architecture",
            f"a {report.architecture!r} model; audio-reasoner loads {ARCHITECTURE!r} models.",
            "Give Qwen2-Audio-7B, Qwen2-Audio-7B-Instruct, Audio-Reasoner, or a model trained here.",
        )
        return report
    report.layout = layout_of(path)
    try:
        report.sizes = sizes_of_config(config, str(path / "config.json"))
    except InputError as error:
        _fail(report, error.code, error.message)
    _weights(report)
    _around(report, config)
    _vocabulary(report, config)
    report.roads = _roads(report, config)
    _memory(report, machine)
    return report


def _fail(report: CheckUp, code: str, text: str, hint: str = "") -> None:
    finding = Finding("fails", code, text, hint)
    if finding not in report.findings:  # a file may be read for two reasons
        report.findings.append(finding)


def _json(report: CheckUp, file: Path, needed: str = "") -> dict[str, Any] | None:
    """A JSON object, or None with a finding if it is damaged, or missing and needed."""
    if not file.is_file():
        if needed:
            _fail(report, "model.not_a_model", f"{file.name} is missing, so {needed}.", "Fetch or copy it again.")
        return None
    try:
        return read_object(file)
    except InputError as error:
        _fail(report, error.code, error.message, "Fetch or copy it again.")
        return None


def _adapter(path: Path, machine: Machine | None) -> CheckUp:
    report = CheckUp(path, architecture="adapter")
    try:
        name, _ = adapter.base_of(path)
        try:
            base = find_local(name)
        except InputError as error:
            raise InputError(f"its base is not there: {error.message}", code="adapter.no_base") from error
        if adapter.is_adapter(base):
            raise InputError(f"its base {base} is an adapter itself.", code="adapter.config")
        adapter.check_base(path, base)
    except AudioReasonerError as error:
        _fail(report, error.code, error.message, error.hint)
        return report
    report = examine(base, machine)
    report.adapter_of, report.path = str(base), path
    _settings(report, path)
    found: Mapping[str, Weight] = {}
    try:
        rank, _ = adapter.scale_of(path)
        found = read_header(path / adapter.WEIGHTS_NAME)
        if any(w.shape[:1] != (rank,) for name, w in found.items() if ".lora_A." in name):
            raise InputError(f"its matrices are not of rank {rank}, as {adapter.CONFIG_NAME} says.")
    except AudioReasonerError as error:
        code = error.code if error.code.startswith("adapter.") else "adapter.weights"
        _fail(report, code, error.message, error.hint)
    except OSError:
        _fail(report, "adapter.weights", f"{adapter.WEIGHTS_NAME} is missing.", "Copy the adapter again.")
    report.roads = _roads_of_adapter(report, adapter.is_of_5(found))
    return report


# ---------------------------------------------------------------------------------------------------------- weights


def _weights(report: CheckUp) -> None:
    path = report.path
    files = sorted(p for p in path.glob("*.safetensors") if p.is_file())
    report.files = len(files)
    index = _json(report, path / INDEX_NAME)
    listed = index.get("weight_map") if index is not None else None
    if index is not None and not isinstance(listed, dict):
        _fail(report, "model.config", f"{INDEX_NAME} has no weight_map.", "Fetch or copy it again.")
    elif isinstance(listed, dict):
        named = sorted({str(v) for v in listed.values()})
        missing = [n for n in named if not (path / n).is_file()]
        if missing:
            _fail(
                report,
                "model.no_weights",
                f"{len(missing)} of {len(named)} weight files are missing, first {missing[0]}.",
                "The download or copy was not finished; fetch it again.",
            )
    pickled = sorted({p.name for form in PICKLED for p in path.glob(form)} - {"checkpoint.pt", "training_args.bin"})
    if not files:
        only = f": only {', '.join(pickled[:3])}" if pickled else ""
        _fail(
            report,
            "model.pickled" if pickled else "model.no_weights",
            f"no .safetensors weights{only}.",
            "Pickled weights can run code when loaded and are refused; convert them to safetensors."
            if pickled
            else "The download or copy was not finished; fetch it again.",
        )
        return
    if pickled:
        text = f"{', '.join(pickled[:3])} beside the safetensors: never read here, and older programs may prefer it."
        report.findings.append(Finding("warning", "model.pickled", text, "Delete it if nothing of yours needs it."))
    shapes: dict[str, tuple[int, ...]] = {}
    broken = False
    formats: Counter[str] = Counter()
    for file in files:
        try:
            header = read_header(file)
        except InputError as error:
            _fail(report, error.code, error.message, error.hint)
            broken = True
            continue
        for name, (kind, shape) in header.items():
            shapes[plain_name(name)] = shape
            formats[kind] += math.prod(shape)
    report.formats = dict(formats.most_common())
    count: Counter[str] = Counter()
    for name, shape in shapes.items():
        count[part_of(name) or "other"] += math.prod(shape)
    report.weights = dict(count)
    strange = [kind for kind in formats if kind not in USUAL]
    if strange:
        text = f"weights in {', '.join(strange)}: quantized checkpoints are not loaded here."
        _fail(report, "model.format", text, "Fetch the checkpoint in bfloat16.")
    if not broken:
        _compare(report, shapes)


def _compare(report: CheckUp, found: dict[str, tuple[int, ...]]) -> None:
    if report.sizes is None:
        return
    wanted = report.sizes.weights()
    if "language_model.lm_head.weight" in found:  # a tied output layer may be written all the same
        wanted.setdefault("language_model.lm_head.weight", found["language_model.lm_head.weight"])
    lacking = [n for n in wanted if n not in found]
    if lacking:
        _fail(
            report,
            "model.incomplete",
            f"{len(lacking)} of {len(wanted)} weights are in no file, first {lacking[0]}.",
            "transformers would fill them with random numbers; here the model is refused. Fetch it again.",
        )
    other = [n for n in wanted if n in found and found[n] != wanted[n]]
    if other:
        n = other[0]
        _fail(
            report,
            "model.incomplete",
            f"{len(other)} weights have another shape than config.json says, first {n}: "
            f"{list(found[n])} instead of {list(wanted[n])}.",
            "config.json and the weights come from different models.",
        )
    more = [n for n in found if n not in wanted]
    if more:
        text = f"{len(more)} weights that this architecture does not have, first {more[0]}; they are ignored."
        report.findings.append(Finding("warning", "model.unknown_weights", text))


# ------------------------------------------------------------------------------------------------- files around them


def _around(report: CheckUp, config: dict[str, Any]) -> None:
    path = report.path
    extractor = path / ("preprocessor_config.json" if report.layout == OLD else "processor_config.json")
    held = _json(report, extractor)
    if held is None and not extractor.is_file():
        _fail(
            report,
            "model.processor",
            "neither preprocessor_config.json nor a processor_config.json with a feature extractor.",
            "Copy the file from the checkpoint that this model was made from.",
        )
    if not (path / "tokenizer.json").is_file() and not (path / "vocab.json").is_file():
        _fail(report, "model.tokenizer", "no tokenizer.json (nor vocab.json).", "Copy it from the same checkpoint.")
    _json(report, path / "tokenizer_config.json")
    _settings(report, path)
    template = _template(report)
    if template is None:
        _fail(
            report,
            "model.chat_template",
            "no chat template: neither chat_template.jinja, chat_template.json nor one in tokenizer_config.json.",
            "Copy it from Qwen2-Audio-7B-Instruct; the base model Qwen2-Audio-7B brings one too.",
        )
    elif any(mark not in template for mark in _LEAST_TEMPLATE):
        lacking = ", ".join(m for m in _LEAST_TEMPLATE if m not in template)
        report.findings.append(
            Finding("warning", "model.chat_template", f"the chat template never writes {lacking}: no model of ours.")
        )
    # What the classes of transformers 5 leave out of a fresh configuration.
    if "ignore_index" not in config:
        report.findings.append(
            Finding(
                "warning",
                "model.ignore_index",
                "config.json says no ignore_index: trainers that let transformers merge text and audio (ms-swift) end "
                "with an AttributeError at the first step.",
                'Add "ignore_index": -100, or write the model anew with `audio-reasoner convert`.',
            )
        )


def _settings(report: CheckUp, path: Path) -> None:
    try:
        trained_system(path, None)
    except InputError as error:
        _fail(report, error.code, error.message, error.hint)


def _template(report: CheckUp) -> str | None:
    file = report.path / "chat_template.jinja"
    if file.is_file():
        return file.read_text(encoding="utf-8", errors="replace")
    for name in ("chat_template.json", "tokenizer_config.json", "processor_config.json"):
        held = _json(report, report.path / name)
        found = (held or {}).get("chat_template")
        if isinstance(found, str):
            return found
    return None


def _vocabulary(report: CheckUp, config: dict[str, Any]) -> None:
    """How many tokens the tags are, and whether the audio token is where the configuration says."""
    file = report.path / "tokenizer.json"
    if not file.is_file():
        return
    try:
        from tokenizers import Tokenizer
    except ImportError:
        return
    try:
        tokenizer = Tokenizer.from_file(str(file))
    except Exception as error:  # the library raises bare Exception
        _fail(report, "model.tokenizer", f"tokenizer.json cannot be read: {str(error)[:200]}", "Copy it again.")
        return
    report.tags = max(len(tokenizer.encode(tag, add_special_tokens=False).ids) for tag in TAG_LITERALS)
    audio = tokenizer.token_to_id("<|AUDIO|>")
    said = config.get("audio_token_index", config.get("audio_token_id"))
    if audio is None:
        _fail(report, "model.tokenizer", "the tokenizer does not know <|AUDIO|>.", "It belongs to another model.")
    elif said is not None and said != audio:
        text = f"config.json says that <|AUDIO|> is token {said}, the tokenizer says {audio}."
        _fail(report, "model.tokenizer", text, "Tokenizer and weights come from different models.")
    if report.sizes is not None and tokenizer.get_vocab_size() > report.sizes.vocabulary:
        text = f"the tokenizer has {tokenizer.get_vocab_size()} pieces, the embeddings {report.sizes.vocabulary} rows."
        _fail(report, "model.tokenizer", text, "Tokenizer and weights come from different models.")


# ------------------------------------------------------------------------------------------------------------- roads


def _roads(report: CheckUp, config: dict[str, Any]) -> list[Road]:
    codes = {f.code for f in report.findings if f.level == "fails"}
    first = next((f.text for f in report.findings if f.level == "fails"), "")
    old = report.layout == OLD
    why_not_old = "" if old else "written for transformers 5: audio-reasoner convert --for transformers-4.48"
    swift = why_not_old or (
        "" if "ignore_index" in config else 'config.json lacks "ignore_index": -100: training ends at the first step'
    )
    vllm = "pads every clip to 30 s and cuts longer ones in silence"
    if report.tags is not None and report.tags > 1:
        vllm += "; its own reasoning parsers want tags of one token"
    if not old:
        vllm += "; a vLLM on transformers 4 needs the other layout (audio-reasoner convert)"
    if codes:
        return [
            Road(p, False, first) for p in ("audio-reasoner", "transformers 5", "transformers 4.48", "ms-swift", "vLLM")
        ]
    return [
        Road("audio-reasoner", True, ""),
        Road("transformers 5", True, "cuts clips over 30 s in silence"),
        Road("transformers 4.48", old, why_not_old or "cuts clips over 30 s in silence"),
        Road("ms-swift", not swift, swift),
        Road("vLLM", True, vllm),
    ]


def _roads_of_adapter(report: CheckUp, new: bool) -> list[Road]:
    """Who can read an adapter: names of layers differ between the two sides, and servers want a whole model."""
    first = next((f.text for f in report.findings if f.level == "fails"), "")
    if first:
        return [Road(road.program, False, first) for road in report.roads]
    whole = "an adapter: audio-reasoner convert writes the whole model"
    other = "names of layers of the other side; " + whole
    peft = "with peft, beside its base"
    return [
        Road("audio-reasoner", True, ""),
        Road("transformers 5", new, peft if new else other),
        Road("transformers 4.48", not new, other if new else peft),
        Road("ms-swift", not new, other if new else "as --adapters, beside its base"),
        Road("vLLM", False, whole),
    ]


def _memory(report: CheckUp, machine: Machine | None) -> None:
    if report.sizes is None or not report.total:
        return
    sizes = report.sizes
    for name, width in (("float32", 4), ("bfloat16", 2)):
        report.memory[name] = report.total * width + sizes.cache_bytes(ANSWER_TOKENS, width)
    if machine is None:
        return
    report.fits["cpu"] = report.memory["float32"] <= machine.memory_free
    for i, gpu in enumerate(machine.gpus):
        report.fits[f"cuda:{i}"] = report.memory["bfloat16"] <= gpu.free
    if not any(report.fits.values()):
        need = f"{report.memory['bfloat16'] / 1e9:.1f} GB in bfloat16, {report.memory['float32'] / 1e9:.1f} in float32"
        _fail(
            report,
            "model.memory",
            f"does not fit this machine: {need}; free: {machine.memory_free / 1e9:.1f} GB"
            + "".join(f", {g.free / 1e9:.1f} GB on {g.name}" for g in machine.gpus)
            + ".",
            "--dtype bfloat16 halves what the CPU needs."
            if report.memory["bfloat16"] <= machine.memory_free
            else "Ask a server that holds it, or a smaller model.",
        )
