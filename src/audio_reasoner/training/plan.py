"""What a recipe needs before anybody pays for it: memory on usual GPUs, whether it fits and what would, and hours.

Decision: every figure is computed from the recipe and the model's sizes (`costs`); nothing is looked up from somebody's
run. Hours are a range, between 25 and 40 % of the device's 16-bit peak, where trainings of this kind of model end up
that are neither careless nor tuned by hand. Where the model of a recipe is not on this machine, it is taken to be
Qwen2-Audio-7B, and the plan says so. "Does not fit" is followed by what was tried and fits.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from audio_reasoner.core.errors import ConfigError, InputError
from audio_reasoner.models import check_up
from audio_reasoner.models.features import MAX_SECONDS
from audio_reasoner.models.sizes import Sizes, sizes_of_nano
from audio_reasoner.training import costs
from audio_reasoner.training.costs import Work
from audio_reasoner.training.lora import target_regex
from audio_reasoner.training.recipe import LoraPart, Recipe, load_recipe

UTILISATION = (0.25, 0.40)
ANSWER_SHARE = 0.8
"""Share of a sample's text that is its answer, and so is learned."""
PROMPT_TOKENS = 20
"""Text before the audio, shared by a clip's questions."""
SHORT_CHUNK = 1024
LEAST_TOKENS = 1024
MOST_GPUS = 64
SMALL = 100_000_000
"""Below so many weights a GPU waits for its next kernel most of the time."""


@dataclass(frozen=True)
class Gpus:
    """Some GPUs of a kind: memory in bytes as the driver reports it, dense peaks in operations per second."""

    name: str
    count: int
    kind: str
    memory: float
    peak: float
    peak32: float


MACHINES = (
    Gpus("1 × 24 GB", 1, "RTX 4090", 24_564 * 2**20, 165.2e12, 82.6e12),
    Gpus("1 × 80 GB", 1, "H100 SXM", 81_559 * 2**20, 989.4e12, 66.9e12),
    Gpus("8 × 80 GB", 8, "H100 SXM", 81_559 * 2**20, 989.4e12, 66.9e12),
)


@dataclass(frozen=True)
class Expected:
    """What the data will be like, in the mean.

    Attributes:
        samples: samples of one epoch. The default is the size of the paper's data set.
        seconds: length of a clip.
        text_tokens: tokens of a sample's question and answer.
    """

    samples: int = 1_200_000
    seconds: float = 10.0
    text_tokens: int = 620

    def __post_init__(self) -> None:
        if not (self.samples >= 1 and 0.04 <= self.seconds <= MAX_SECONDS and self.text_tokens >= 2):
            raise ConfigError(
                f"{self.samples} samples of {self.seconds} s and {self.text_tokens} text tokens cannot be planned for.",
                code="plan.expected",
                hint=f"A clip has 0.04 to {MAX_SECONDS:.0f} s, a sample at least 2 tokens of text.",
            )


@dataclass(frozen=True)
class Remedy:
    """A change with which it fits."""

    text: str
    total: float


@dataclass(frozen=True)
class Need:
    """What a training takes on some GPUs. `memory` is per GPU in bytes; `hours` the best and the worst."""

    gpus: Gpus
    memory: dict[str, float]
    fits: bool
    hours: tuple[float, float]
    hours_padded: tuple[float, float]
    total_padded: float
    remedies: tuple[Remedy, ...] = ()

    @property
    def total(self) -> float:
        """Bytes per GPU."""
        return sum(self.memory.values())


@dataclass(frozen=True)
class Plan:
    """A recipe's needs. Everything in it is computed, nothing measured."""

    recipe: str
    model: str
    sizes_from: str
    sizes: Sizes
    expected: Expected
    work: Work
    samples: float
    tokens_per_sample: float
    operations: dict[str, float]
    operations_padded: dict[str, float]
    checkpoint: float
    needs: tuple[Need, ...]
    notes: tuple[str, ...] = field(default=())

    def as_plain(self) -> dict[str, Any]:
        """Values that JSON can hold; bytes, hours, operations per sample."""
        return {
            "recipe": self.recipe,
            "model": self.model,
            "sizes_from": self.sizes_from,
            "weights": self.sizes.total,
            "learned": self.work.learned,
            "adapters": sorted(self.work.adapted),
            "tokens_at_once": self.work.tokens,
            "activation_checkpointing": self.work.checkpointing,
            "samples": self.samples,
            "tokens_per_sample": self.tokens_per_sample,
            "operations_per_sample": self.operations,
            "operations_per_sample_padded": self.operations_padded,
            "checkpoint_bytes": self.checkpoint,
            "utilisation": UTILISATION,
            "computed": True,
            "machines": [
                {
                    "name": n.gpus.name,
                    "gpu": n.gpus.kind,
                    "gpus": n.gpus.count,
                    "gpu_bytes": n.gpus.memory,
                    "bytes_per_gpu": n.memory,
                    "total_bytes_per_gpu": n.total,
                    "total_bytes_padded": n.total_padded,
                    "fits": n.fits,
                    "hours": n.hours,
                    "hours_padded": n.hours_padded,
                    "gpu_hours": tuple(h * n.gpus.count for h in n.hours),
                    "would_fit": [{"change": r.text, "total_bytes_per_gpu": r.total} for r in n.remedies],
                }
                for n in self.needs
            ],
            "notes": list(self.notes),
        }


def plan_recipe(path: Path | str, expected: Expected | None = None) -> Plan:
    """Read a recipe and compute what it needs.

    Raises:
        ConfigError: the recipe is missing or wrong; see `load_recipe`.
        InputError: the model that it names is here, but its config.json is damaged or of another architecture.
    """
    return plan(load_recipe(path), expected or Expected(), str(path))


def plan(recipe: Recipe, expected: Expected, name: str = "recipe") -> Plan:
    """Compute what a recipe needs; see `plan_recipe`."""
    sizes, source, broken = _sizes(recipe)
    work = work_of(recipe, sizes, expected)
    samples = _samples(recipe, expected)
    per_sample = {p: n / max(work.clips, 1e-9) for p, n in costs.operations(work).items()}
    padded = {p: n / max(work.clips, 1e-9) for p, n in costs.operations(work, padded=True).items()}
    needs = tuple(_need(recipe, work, g, samples, per_sample, padded, expected) for g in MACHINES)
    notes = [
        f"Hours: {UTILISATION[1]:.0%} to {UTILISATION[0]:.0%} of the peak are reached; evaluations not counted.",
        f"Data as expected: {expected.seconds:g} s and {expected.text_tokens} text tokens per sample, "
        f"{ANSWER_SHARE:.0%} of them answer.",
    ]
    if recipe.budget.minutes is not None:
        notes.append(f"The recipe's budget is {recipe.budget.minutes:g} minutes; hours are those of one epoch.")
    if (longest := recipe.data.max_tokens) < work.tokens / work.clips:
        notes.append(f"Such samples are longer than data.max_tokens ({longest}): most would be left out.")
    if sizes.total < SMALL:
        notes.append("So small a model leaves a GPU idle most of the time: hours are a lower bound, use a CPU.")
    return Plan(
        recipe=name,
        model="a new small model" if recipe.model.nano is not None else str(recipe.model.path),
        sizes_from=source,
        sizes=sizes,
        expected=expected,
        work=work,
        samples=samples,
        tokens_per_sample=work.tokens / max(work.clips, 1e-9),
        operations=per_sample,
        operations_padded=padded,
        checkpoint=costs.checkpoint_bytes(work, recipe.model.partial),
        needs=needs,
        notes=(*notes, *broken),
    )


def _sizes(recipe: Recipe) -> tuple[Sizes, str, list[str]]:
    """Sizes of the model, where they are from, and why its directory will not load, if it will not."""
    if recipe.model.nano is not None:
        return sizes_of_nano(recipe.model.nano), "the recipe", []
    assert recipe.model.path is not None
    try:
        path = check_up.find_local(recipe.model.path)
    except InputError as error:
        if error.code not in ("model.missing", "model.not_local"):
            raise
        return Sizes(), "Qwen2-Audio-7B's published sizes, because the model is not on this machine", []
    file = path / "config.json"
    report = check_up.examine(path)
    if report.sizes is None:
        first = next((f for f in report.findings if f.level == "fails"), None)
        why = first.text if first is not None else "no config.json of a model"
        raise InputError(f"{path}: {why}", code=first.code if first is not None else "model.config")
    broken = [f"{path} will not load ({f.code}): {f.text}" for f in report.findings if f.level == "fails"]
    return report.sizes, str(file), broken


def lora_weights(sizes: Sizes, recipe: Recipe, lora: LoraPart) -> dict[str, int]:
    """Weights of the adapters by part."""
    form = re.compile(target_regex(lora, recipe.model.train))
    out: dict[str, int] = {}
    for name, shape in sizes.weights().items():
        if name.endswith(".weight") and len(shape) == 2 and form.fullmatch(name.removesuffix(".weight")):
            part = {"audio_tower": "tower", "multi_modal_projector": "projector"}.get(name.split(".")[0], "language")
            out[part] = out.get(part, 0) + lora.rank * sum(shape)
    return out


def work_of(recipe: Recipe, sizes: Sizes, expected: Expected) -> Work:
    """The recipe as its costs see it: as many mean samples at once as `batch.tokens` holds, or its longest sample."""
    model, memory = recipe.model, recipe.memory
    mixed = recipe.precision != "float32"
    if model.lora is not None:
        learned = lora_weights(sizes, recipe, model.lora)
        adapted = frozenset(learned)
    else:
        learned = {p: n for p, n in costs.own_weights(sizes).items() if getattr(model.train, p)}
        adapted = frozenset()
    per_sample = expected.seconds * 25 + expected.text_tokens
    # A sample as long as the recipe allows is computed alone, whatever batch.tokens says.
    clips = max(1.0, max(recipe.batch.tokens, recipe.data.max_tokens) / per_sample)
    shared = expected.seconds * 25 + PROMPT_TOKENS
    return Work(
        sizes=sizes,
        learned=learned,
        adapted=adapted,
        frozen_bytes=2 if mixed and model.lora is not None else 4,
        mixed=mixed,
        tokens=round(per_sample * clips),
        clips=clips,
        targets=expected.text_tokens * ANSWER_SHARE * clips,
        repeated=0.0 if recipe.batch.packing or memory.activation_checkpointing else shared * clips,
        seconds=expected.seconds,
        checkpointing=memory.activation_checkpointing,
        chunk=memory.loss_chunk,
        mask=1 if model.lora is not None and model.lora.dropout else 0,
    )


def _samples(recipe: Recipe, expected: Expected) -> float:
    budget = recipe.budget
    if budget.steps is not None:
        return float(budget.steps * recipe.batch.samples)
    return expected.samples * (budget.epochs if budget.epochs is not None else 1.0)


def _hours(operations: dict[str, float], samples: float, gpus: Gpus, mixed: bool) -> tuple[float, float]:
    peak = (gpus.peak if mixed else gpus.peak32) * gpus.count
    worst, best = (samples * sum(operations.values()) / (peak * u) / 3600 for u in UTILISATION)
    return best, worst


def _need(
    recipe: Recipe,
    work: Work,
    gpus: Gpus,
    samples: float,
    per_sample: dict[str, float],
    padded: dict[str, float],
    expected: Expected,
) -> Need:
    memory = costs.memory(work, gpus.count)
    fits = sum(memory.values()) <= gpus.memory
    return Need(
        gpus=gpus,
        memory=memory,
        fits=fits,
        hours=_hours(per_sample, samples, gpus, work.mixed),
        hours_padded=_hours(padded, samples, gpus, work.mixed),
        total_padded=sum(costs.memory(work, gpus.count, padded=True).values()),
        remedies=() if fits else tuple(_remedies(recipe, work, gpus, expected)),
    )


def _remedies(recipe: Recipe, work: Work, gpus: Gpus, expected: Expected) -> list[Remedy]:
    """Changes with which it fits, the mildest first: less at once, then adapters, then more GPUs."""
    out: list[Remedy] = []

    def try_(text: str, changed: Work, count: int = gpus.count) -> bool:
        total = sum(costs.memory(changed, count).values())
        if total <= gpus.memory:
            out.append(Remedy(text, total))
        return total <= gpus.memory

    lean, changes = work, []
    if not work.checkpointing:
        lean, changes = lean.with_(checkpointing=True, repeated=0.0), ["memory.activation_checkpointing: true"]
    if work.chunk is None or work.chunk > SHORT_CHUNK:
        lean = lean.with_(chunk=SHORT_CHUNK)
        changes.append(f"memory.loss_chunk: {SHORT_CHUNK}")
    found, smallest = _less_at_once(lean, changes, recipe, try_)
    if found:
        return out
    if recipe.model.lora is None and recipe.model.path is not None:
        part = recipe.model.model_copy(update={"lora": LoraPart()})
        adapted = work_of(recipe.model_copy(update={"model": part}), work.sizes, expected)
        adapted = adapted.with_(checkpointing=True, repeated=0.0, chunk=SHORT_CHUNK)
        _less_at_once(adapted, [f"model.lora (rank {LoraPart().rank})", *changes], recipe, try_)
    count = gpus.count * 2
    while count <= MOST_GPUS:
        text = f"{count} such GPUs that share the states"
        if try_(", ".join([text, *changes]), lean, count) or try_(
            ", ".join([text, *changes, _at_once(smallest, recipe)]), smallest, count
        ):
            break
        count *= 2
    return out


def _at_once(work: Work, recipe: Recipe) -> str:
    both = "batch.tokens and data.max_tokens" if work.tokens < recipe.data.max_tokens else "batch.tokens"
    return f"{both}: {work.tokens}"


def _less_at_once(
    work: Work, changes: list[str], recipe: Recipe, try_: Callable[[str, Work], bool]
) -> tuple[bool, Work]:
    """Halve what is computed at once until it fits or one sample is left. Returns whether it fits, and the last try."""
    if changes and try_(", ".join(changes), work):
        return True, work
    while work.tokens > LEAST_TOKENS and work.clips > 1:
        share = max(0.5, 1 / work.clips)
        work = replace(
            work,
            tokens=round(work.tokens * share),
            clips=work.clips * share,
            targets=work.targets * share,
            repeated=work.repeated * share,
        )
        if try_(", ".join([*changes, _at_once(work, recipe)]), work):
            return True, work
    return False, work
