"""The texts that ms-swift is started with: shell scripts, environment, README.

Decision: scripts that a person can read and change, with paths relative to themselves; what differs between machines
(number of GPUs, samples at once) is an environment variable. Every option that decides what is learned is written out,
even where it is ms-swift's default, because defaults move between versions.
"""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Final

from audio_reasoner.training.lora import target_regex
from audio_reasoner.training.recipe import Recipe

VERSIONS: Final = {
    "ms-swift": "4.6.0",
    "transformers": "4.48.3",
    "torch": "2.13.0",
}
"""What the parity was measured with; ms-swift's own range for this model is transformers >=4.45,<4.49."""


def files(recipe: Recipe, model: str, rows: dict[str, int], left_out: int) -> dict[str, str]:
    """Names and texts of the files beside the data."""
    return {
        "sft.sh": _script(recipe, model, sft_options(recipe, bool(rows.get("val.jsonl"))), "sft"),
        "grpo.sh": _script(recipe, model, grpo_options(recipe), "rlhf"),
        "requirements.txt": _requirements(),
        "README.md": _readme(recipe, model, rows, left_out),
    }


def sft_options(recipe: Recipe, val: bool) -> list[str]:
    """The options of `swift sft` that decide what is learned."""
    budget = recipe.budget
    length = (
        ["--max_steps", str(budget.steps)] if budget.steps is not None else ["--num_train_epochs", f"{budget.epochs:g}"]
    )
    data = ["--dataset", "train.jsonl", *(["--val_dataset", "val.jsonl"] if val else ["--split_dataset_ratio", "0"])]
    return [
        *data,
        *length,
        # Audio tokens are not in this count: the data was counted with them, and what is longer is not in it.
        *("--max_length", str(recipe.data.max_tokens)),
        *_schedule(recipe),
        *_parts(recipe),
    ]


def grpo_options(recipe: Recipe) -> list[str]:
    """The options of `swift rlhf --rlhf_type grpo` on grpo.jsonl with our rewards."""
    return [
        *("--rlhf_type", "grpo"),
        *("--dataset", "grpo.jsonl"),
        *("--split_dataset_ratio", "0"),
        *("--num_train_epochs", "1"),
        *("--reward_funcs", "audio_reasoner_answer", "audio_reasoner_format"),
        *("--reward_weights", "2", "1"),
        *("--num_generations", "8"),
        *("--temperature", "1.0"),
        *("--beta", "0.01"),
        *("--max_length", str(recipe.data.max_tokens)),
        *("--max_completion_length", str(recipe.watch.max_new_tokens)),
        *("--learning_rate", "1e-6"),
        *("--log_completions", "true"),
        *_parts(recipe),
    ]


def _schedule(recipe: Recipe) -> list[str]:
    part = recipe.optimiser
    cosine = ["--lr_scheduler_type", "cosine"]
    if part.final_share:
        kwargs = json.dumps({"min_lr_rate": part.final_share})
        cosine = ["--lr_scheduler_type", "cosine_with_min_lr", "--lr_scheduler_kwargs", kwargs]
    return [
        *("--learning_rate", f"{part.learning_rate:g}"),
        *cosine,
        *("--warmup_steps", str(part.warmup_steps)),
        *("--weight_decay", f"{part.weight_decay:g}"),
        *("--adam_beta1", f"{part.betas[0]:g}"),
        *("--adam_beta2", f"{part.betas[1]:g}"),
        *("--max_grad_norm", f"{part.gradient_clip:g}"),
        *("--seed", str(recipe.seed)),
        # Every token of a step counts alike on however many devices, as in our own loop.
        *("--average_tokens_across_devices", "true"),
    ]


def _parts(recipe: Recipe) -> list[str]:
    """Which parts learn, in ms-swift's words: it calls the audio tower `vit` and the projector `aligner`."""
    train, lora = recipe.model.train, recipe.model.lora
    if lora is None:
        return [
            *("--tuner_type", "full"),
            *("--freeze_vit", _word(not train.tower)),
            *("--freeze_aligner", _word(not train.projector)),
            *("--freeze_llm", _word(not train.language)),
        ]
    return [
        *("--tuner_type", "lora"),
        *("--lora_rank", str(lora.rank)),
        *("--lora_alpha", f"{lora.alpha:g}"),
        *("--lora_dropout", f"{lora.dropout:g}"),
        # A list of names would also mean the tower's layers of the same names.
        *("--target_regex", f"^({target_regex(lora, train)})$"),
    ]


def _word(value: bool) -> str:
    return "true" if value else "false"


def _script(recipe: Recipe, model: str, options: list[str], command: str) -> str:
    sharded = recipe.model.lora is None
    hub = model != "model" and not Path(model).is_absolute()
    pairs: list[str] = []
    for option in options:
        if option.startswith("--"):
            pairs.append(option)
        else:
            pairs[-1] += f" {shlex.quote(option)}"
    lines = " \\\n    ".join(pairs)
    grpo = command == "rlhf"
    plugin = (
        "PLUGIN=\"$(python -c 'import audio_reasoner.training as t; print(t.__path__[0])')/rewards_swift.py\"\n"
        if grpo
        else ""
    )
    samples = recipe.batch.samples
    return f"""#!/usr/bin/env bash
# Written by audio-reasoner. GPUS and AT_ONCE (samples computed at once on one GPU) may be set from outside:
#   GPUS=8 AT_ONCE=2 bash {"grpo" if grpo else "sft"}.sh
set -euo pipefail
cd "$(dirname "$0")"
GPUS="${{GPUS:-{8 if sharded else 1}}}"
AT_ONCE="${{AT_ONCE:-{8 if grpo else 1}}}"
BASE={shlex.quote(model)}
MODEL="${{MODEL:-$BASE}}"
OUTPUT="${{OUTPUT:-output{"-grpo" if grpo else ""}}}"
SAMPLES={samples}   # per step, on all GPUs together
if [ $((SAMPLES % (GPUS * AT_ONCE))) -ne 0 ]; then
    echo "$SAMPLES samples a step cannot be divided among $GPUS GPUs with $AT_ONCE at once." >&2
    exit 2
fi
SHARDING=()
# {_sharding_note(sharded)}
{_sharding(sharded)}
export {"USE_HF=1 " if hub else ""}NPROC_PER_NODE="$GPUS"
{plugin}swift {command} \\
    --model "$MODEL" --model_type qwen2_audio --template qwen2_audio --system '' \\
    --check_model false --torch_dtype "${{DTYPE:-bfloat16}}" \\
    {lines} \\
    --per_device_train_batch_size "$AT_ONCE" \\
    --gradient_accumulation_steps $((SAMPLES / (GPUS * AT_ONCE))) \\
    --gradient_checkpointing true --add_version false --output_dir "$OUTPUT" \\
    {'--external_plugins "$PLUGIN" ' if grpo else ""}--save_strategy steps --save_steps "${{SAVE_STEPS:-500}}" \\
    --save_total_limit 2 --logging_steps "${{LOGGING_STEPS:-5}}" \\
    "${{SHARDING[@]}}" "$@"
# How the model was prompted goes with every checkpoint: `audio-reasoner ask --model` reads it.
for checkpoint in "$OUTPUT"/checkpoint-*; do
    cp audio_reasoner.json "$checkpoint/"
done
"""


def _sharding_note(sharded: bool) -> str:
    if sharded:
        return "DeepSpeed keeps 32-bit weights beside the 16-bit ones: at 1e-5 a step is smaller than 16 bits resolve."
    return "The frozen weights are 16-bit; only the adapters are trained."


def _sharding(sharded: bool) -> str:
    if sharded:
        return (
            'if [ "${DEEPSPEED:-auto}" = auto ]; then\n'
            '    if [ "$GPUS" -gt 1 ]; then DEEPSPEED=zero3; else DEEPSPEED=zero3_offload; fi\n'
            "fi\n"
            'if [ "$DEEPSPEED" != none ]; then SHARDING=(--deepspeed "$DEEPSPEED"); fi'
        )
    return 'if [ "${DEEPSPEED:-none}" != none ]; then SHARDING=(--deepspeed "$DEEPSPEED"); fi'


def _requirements() -> str:
    pins = "\n".join(f"{name}=={version}" for name, version in VERSIONS.items())
    return f"""# An environment of its own: our loop needs transformers 5, ms-swift here one before 4.49.
#   python3.11 -m venv swift-env && swift-env/bin/pip install -r requirements.txt
{pins}
librosa
soundfile
# For full-parameter training on GPUs:
#   pip install deepspeed
# For the rewards of grpo.sh, the base install of audio-reasoner (no extra) in this environment:
#   pip install audio-reasoner
"""


def _readme(recipe: Recipe, model: str, rows: dict[str, int], left_out: int) -> str:
    train = recipe.model.train
    learned = ", ".join(n for n in ("tower", "projector", "language") if getattr(train, n))
    how = "adapters in" if recipe.model.lora is not None else "all weights of"
    table = "\n".join(f"| {name} | {n:,} |" for name, n in sorted(rows.items()))
    return f"""# Training with ms-swift

| file | rows |
|---|---:|
{table}

{left_out} samples were left out; `left_out.jsonl` says why. What is too long was counted with its audio tokens (25 per
second), which ms-swift's `--max_length` does not count. `*.ids.txt` names the sample of each line.

    python3.11 -m venv swift-env
    swift-env/bin/pip install -r requirements.txt
    source swift-env/bin/activate
    GPUS=8 bash sft.sh

trains {how}: {learned}, from `{model}`. The command stands in `sft.sh`; options given to the script are added to it.
`val.jsonl` holds the samples that our own loop would hold out, `grpo.jsonl` the training prompts with what the rewards
read; `GPUS=8 bash grpo.sh` goes on with reinforcement learning (`MODEL=output/checkpoint-N` from a trained model).

A checkpoint is asked with `audio-reasoner ask clip.wav "Question?" --model output/checkpoint-N`.
Paths in the data are absolute: after moving this directory, write it again.

What ms-swift does otherwise than our own loop: it shuffles by its own random numbers, pads every clip to 30 seconds,
and does not pack samples of this model.{_not_followed(recipe)}
"""


def _not_followed(recipe: Recipe) -> str:
    """What this recipe says about the order of samples and ms-swift has no word for."""
    told = []
    if recipe.batch.questions_per_clip is not None:
        told.append(f"`batch.questions_per_clip: {recipe.batch.questions_per_clip}` (an epoch asks every question)")
    if recipe.data.short_first:
        told.append(f"`data.short_first: {recipe.data.short_first:g}` (short clips do not come first)")
    return f" Of the recipe it does not follow {' and '.join(told)}." if told else ""
