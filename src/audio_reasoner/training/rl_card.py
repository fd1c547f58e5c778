"""What reinforcement learning leaves beside its weights: the model card, and which weights it began with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from audio_reasoner.training.rl_recipe import RlRecipe


def weights_digest(model: Any) -> str:
    """A hash of the weights as they were loaded."""
    import hashlib

    h = hashlib.sha256()
    for name, weight in sorted(model.state_dict().items()):
        h.update(name.encode())
        h.update(weight.detach().cpu().float().numpy().tobytes())
    return h.hexdigest()


def model_card(recipe: RlRecipe, path: str, found: dict[str, Any]) -> str:
    """README.md of the model directory: what was rewarded, and the held-out questions before and after."""
    before, after = found["before"], found["held_out"]
    weighed = ", ".join(f"{name} {w:g}" for name, w in recipe.rewards.items() if w)
    scores = "No questions were held out, so nothing was measured."
    if after.get("samples"):
        lines = ["| question type | questions | before | after |", "|---|---:|---:|---:|"]
        for name, f in after["families"].items():
            was = before["families"].get(name, {}).get("accuracy", 0.0)
            lines.append(f"| {name} | {f['samples']} | {was:.1%} | {f['accuracy']:.1%} |")
        lines.append(f"| all | {after['samples']} | {before['accuracy']:.1%} | {after['accuracy']:.1%} |")
        scores = "\n".join(lines) + (
            f"\n\nWell-formed chains: {before['well_formed']:.1%} before, {after['well_formed']:.1%} after; tokens per "
            f"answer: {before['mean_answer_tokens']} and {after['mean_answer_tokens']}. Greedy, held-out clips."
        )
    return f"""---
library_name: transformers
pipeline_tag: audio-text-to-text
tags: [audio, reasoning, chain-of-thought, qwen2_audio, audio-reasoner, grpo]
---

# An audio reasoner after reinforcement learning

`{Path(path).name}` trained further by GRPO: {found["steps"]} steps, {found["chains"]} chains, {found["minutes"]:.1f}
minutes, {found["trained_parameters"] / 1e6:.2f} of {found["parameters"] / 1e6:.2f} million weights. Rewards: {weighed};
divergence from the model it began with weighed {recipe.beta:g}.

{scores}

`rl_recipe.yaml` holds every setting, `train_log.jsonl` the course, `metrics.json` all figures.
"""
