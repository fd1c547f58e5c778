"""The card of a trained model: what it is, what it saw, how well it does, how to repeat it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audio_reasoner.core.run import RunDir
from audio_reasoner.training import lora

if TYPE_CHECKING:
    from audio_reasoner.training.recipe import Part, Recipe


def recipe_yaml(recipe: Part) -> str:
    """The resolved recipe, defaults included, as YAML."""
    import yaml

    plain: dict[str, Any] = recipe.model_dump(mode="json", exclude_none=True)
    return str(yaml.safe_dump(plain, sort_keys=False, allow_unicode=True))


def differing(file: Path, recipe: Recipe, apart: Collection[str]) -> str:
    """Which values of a recipe are others than in a resolved recipe's file, in words; "" if the file does not say.

    Args:
        file: what `recipe_yaml` wrote.
        recipe: the recipe now.
        apart: keys at the top that may differ.
    """
    import yaml

    try:
        before = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return ""
    if not isinstance(before, dict):
        return ""
    was, now = (
        dict(_flat({k: v for k, v in plain.items() if k not in apart}))
        for plain in (before, recipe.model_dump(mode="json", exclude_none=True))
    )
    found = [k for k in sorted({*was, *now}) if was.get(k) != now.get(k)]
    told = [f"{k} is {_shown(now.get(k))}, was {_shown(was.get(k))}" for k in found[:5]]
    return "; ".join(told) + (f"; and {len(found) - 5} more" if len(found) > 5 else "")


def _flat(plain: dict[str, Any], head: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in plain.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{head}{key}.")
        else:
            yield f"{head}{key}", value


def _shown(value: Any) -> str:
    words = "not given" if value is None else str(value)
    return words if len(words) <= 60 else words[:60] + "…"


def family_table(found: dict[str, Any]) -> str:
    """Markdown table of accuracy per question family beside the majority answer."""
    lines = [
        "| question family | samples | accuracy | majority answer | difference |",
        "|---|---:|---:|---:|---:|",
    ]
    for name, f in found.get("families", {}).items():
        gain = f["accuracy"] - f["majority"]
        lines.append(
            f"| {name} | {f['samples']} | {f['accuracy']:.1%} | {f['majority']:.1%} | {gain * 100:+.0f} points |"
        )
    return "\n".join(lines)


def model_card(recipe: Recipe, runs: Sequence[RunDir], found: dict[str, Any]) -> str:
    """README.md of a model directory."""
    names = ", ".join(f"`{run.path.name}`" for run in runs)
    where = f"the run {names}" if len(runs) == 1 else f"the runs {names}"
    held = found.get("held_out", {})
    kind = "trained from scratch" if recipe.model.nano is not None else f"fine-tuned from `{recipe.model.path}`"
    learned = lora.described(recipe.model, found.get("trained_parameters", found["parameters"]), found["parameters"])
    scores = "No samples were held out, so nothing was measured."
    if held.get("samples"):
        scores = (
            f"On {held['samples']} questions about {held['clips']} held-out clips of the same data (greedy decoding): "
            f"{held['well_formed']:.1%} of the answers are well-formed chains, {held['accuracy']:.1%} choose the right "
            f"option, {held['no_option_meant']:.1%} mean none of the options.\n\n{family_table(held)}\n\n"
            "*Majority answer*: the better of always giving the commonest answer and always choosing the commonest "
            "letter, counted on these same questions."
        )
    return f"""---
library_name: transformers
pipeline_tag: audio-text-to-text
tags: [audio, reasoning, chain-of-thought, qwen2_audio, audio-reasoner]
---

# An audio reasoner

A Qwen2-Audio model of {found["parameters"] / 1e6:.2f} million weights, {kind} by audio-reasoner to answer questions
about audio with a structured chain: planning, caption, reasoning, summary, response.

    audio-reasoner ask clip.wav "Which sound comes first?" --model THIS_DIRECTORY --option dog --option bell

## What it saw

{found["training_samples"]} samples about {found["training_clips"]} clips of {where} (data set
`{str(found["data"])[:16]}…`); {found["left_out"]} samples were left out (`left_out.jsonl` says why).
{learned}
Trained for {found["steps"]} steps, {found["samples_seen"]} samples, {found["tokens_seen"]} tokens in
{found["minutes"]:.1f} minutes ({found["tokens_per_second"]:.0f} tokens/s, {found["precision"]}).

## How well it does

{scores}

## What it cannot do

It knows the sounds and questions it was trained on. Clips are at most 30 seconds long. Its reasoning is learned text:
it can be wrong with confidence.

## How to repeat it

    audio-reasoner train recipe.yaml --data RUN -o MODEL

`recipe.yaml` holds every setting, `train_log.jsonl` the course of the training, `metrics.json` all figures.
"""
