"""Memory and time of training the 8.4 B model, computed by what `audio-reasoner doctor --plan` uses; and that held
against reality.

    python benchmarks/memory_plan.py             # the tables of docs/hardware.md
    python benchmarks/memory_plan.py --measure   # steps of small models: peak memory measured and computed

A measured step runs in a process of its own: a real model, AdamW's states in place, two accumulated batches of random
tokens and log-mels through our loss, and the optimiser's step. Measured is how far the process's peak memory (VmHWM,
set back before the step) stands above what it held before; blocks over 64 kB go back to the system when they are
freed, so that the allocator keeps nothing. Computed is the same from the sizes alone: gradients and the step's own
bytes, without the allowances for CUDA. Ends with one line: the mean and the largest error.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
RECIPES = ("qwen2-audio-7b-full.yaml", "qwen2-audio-7b-lora.yaml")
AUDIO = {"audio_width": 256, "audio_layers": 4, "audio_heads": 4, "audio_ffn": 1024}
TEXT = {"text_width": 384, "text_layers": 6, "text_heads": 6, "text_ffn": 1024}
BASE: dict[str, Any] = {
    "sizes": {**AUDIO, **TEXT},
    "clips": 4,
    "questions": 1,
    "seconds": 5.0,
    "text": 250,
    "way": "rows",
    "mixed": False,
    "checkpointing": False,
    "chunk": None,
    "train": ("tower", "projector", "language"),
    "lora": None,
}
WIDE = {**AUDIO, **TEXT, "vocabulary": 30_000}
CASES: dict[str, dict[str, Any]] = {
    "float32": {},
    "bfloat16": {"mixed": True},
    "packed, checkpointing, bfloat16": {"way": "packed", "checkpointing": True, "mixed": True},
    "large vocabulary": {"sizes": WIDE, "clips": 3},
    "large vocabulary, chunks of 128": {"sizes": WIDE, "clips": 3, "chunk": 128},
    "tower frozen, long clips": {"train": ("projector", "language"), "seconds": 20.0, "text": 120},
    "LoRA, packed, bfloat16": {"lora": 8, "mixed": True, "way": "packed"},
    "small model": {"sizes": {}, "clips": 12, "seconds": 3.0, "text": 150},
}


def case(name: str) -> dict[str, Any]:
    """A case by name, with what it leaves out."""
    return {**BASE, **CASES[name]}


def work_of_case(c: dict[str, Any], vocabulary: int) -> Any:
    """The case as the plan sees it."""
    from audio_reasoner.models.nano import NanoSizes
    from audio_reasoner.models.sizes import sizes_of_nano
    from audio_reasoner.training import costs
    from audio_reasoner.training.plan import lora_weights
    from audio_reasoner.training.recipe import LoraPart, Recipe

    nano = NanoSizes(**{**c["sizes"], "vocabulary": max(300, vocabulary)})
    sizes = sizes_of_nano(nano)
    shared, rows = round(c["seconds"] * 25) + 20, c["clips"] * c["questions"]
    own = c["text"] - 20
    learned = {p: n for p, n in costs.own_weights(sizes).items() if p in c["train"]}
    adapted = frozenset()
    if c["lora"]:
        recipe = Recipe.model_validate({"model": {"path": "x", "lora": {"rank": c["lora"]}}, "budget": {"steps": 1}})
        learned = lora_weights(sizes, recipe, LoraPart(rank=c["lora"]))
        adapted = frozenset(learned)
    return costs.Work(
        sizes=sizes,
        learned=learned,
        adapted=adapted,
        frozen_bytes=2 if c["lora"] and c["mixed"] else 4,
        mixed=c["mixed"],
        tokens=c["clips"] * shared + rows * own,
        clips=c["clips"],
        targets=rows * round(c["text"] * 0.8),
        repeated=rows * shared if c["way"] == "rows" else 0,
        seconds=c["seconds"],
        checkpointing=c["checkpointing"],
        chunk=c["chunk"],
        mask=4 if c["lora"] else 0,
    )


def _status(key: str) -> int:
    line = next(x for x in Path("/proc/self/status").read_text().splitlines() if x.startswith(key + ":"))
    return int(line.split()[1]) * 1024


def _held() -> int:
    """Bytes this process holds now, and its peak set back to them."""
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS")


def run_case(name: str) -> dict[str, float]:
    """Measure one case in this process."""
    import numpy as np
    import torch

    from audio_reasoner.models import nano
    from audio_reasoner.training import collate, costs, lora, packing
    from audio_reasoner.training.loss import Objective
    from audio_reasoner.training.recipe import LoraPart, TrainedParts
    from audio_reasoner.training.stepper import checkpoint_layers

    torch.set_num_threads(1)
    c = case(name)
    rng = np.random.default_rng(1)
    sizes = nano.NanoSizes(**{**c["sizes"], "vocabulary": 400})
    loaded = nano.create(sizes, ["a b c"] * 4, 1)
    model, tokenizer = loaded.model, loaded.processor.tokenizer
    wanted = c["sizes"].get("vocabulary")
    if wanted:
        model.resize_token_embeddings(wanted, mean_resizing=False)
    vocabulary = model.get_input_embeddings().weight.shape[0]
    audio_id = int(tokenizer.convert_tokens_to_ids("<|AUDIO|>"))
    trained = TrainedParts(**{p: p in c["train"] for p in ("tower", "projector", "language")})
    if c["lora"]:
        if c["mixed"]:
            model.to(torch.bfloat16)
        lora.wrap(model, LoraPart(rank=c["lora"]), trained, 1)
    else:
        for n, w in model.named_parameters():
            w.requires_grad_(getattr(trained, lora.part_of(n)))
    if c["checkpointing"]:
        checkpoint_layers(model)
    model.train()
    learned = [p for p in model.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(learned, fused=True)
    for p in learned:
        p.grad = torch.zeros_like(p)
    optimiser.step()
    optimiser.zero_grad(set_to_none=True)

    frames = round(c["seconds"] * 100)
    heard = round(c["seconds"] * 25)

    def units(clips: int, text: int) -> list[collate.Unit]:
        found = []
        for i in range(clips):
            head = (*rng.integers(10, 200, 20).tolist(), *[audio_id] * heard)
            samples = [
                collate.Encoded(
                    f"{i}-{q}",
                    (*head, *rng.integers(10, 200, text - 20).tolist()),
                    len(head),
                    len(head) + text - 20 - round(text * 0.8),
                )
                for q in range(c["questions"])
            ]
            found.append(collate.Unit(str(i), frames, tuple(samples)))
        return found

    objective = Objective(model, c["chunk"])

    def step(clips: int, text: int) -> None:
        for _ in range(2):  # the second time the first one's gradients are there
            some = units(clips, text)
            mels = [torch.randn(128, 2 * ((frames - 1) // 2 + 1) + 2) for _ in some]
            batch = collate.collate(some, mels, 0) if c["way"] == "rows" else packing.pack(some, mels, 0)
            with torch.autocast("cpu", torch.bfloat16, enabled=c["mixed"]):
                loss, _ = objective(batch)
            (loss / 100).backward()
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)

    step(1, 110)  # libraries and their buffers
    before = _held()
    step(c["clips"], c["text"])
    measured = _status("VmHWM") - before
    work = work_of_case(c, vocabulary)
    computed = costs.step_bytes(work) + 4.0 * sum(work.learned.values())
    weights = sum(p.numel() for p in model.parameters())
    return {"weights": weights, "tokens": work.tokens, "measured": measured, "computed": computed}


def forked(name: str) -> dict[str, float]:
    """Measure one case in a process of its own, which has the libraries already."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(write, json.dumps(run_case(name)).encode())
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    os.close(write)
    with os.fdopen(read) as pipe:
        said = pipe.read()
    if os.waitpid(child, 0)[1] or not said:
        sys.exit(f"{name} failed")
    found: dict[str, float] = json.loads(said)
    return found


def measure(only: str | None) -> None:
    """All cases, a process each, as a table and a line."""
    if os.environ.get("MALLOC_MMAP_THRESHOLD_") is None:
        # What the C library reads once, when a process begins.
        os.environ.update(
            OMP_NUM_THREADS="1", MALLOC_ARENA_MAX="1", MALLOC_MMAP_THRESHOLD_="65536", MALLOC_TRIM_THRESHOLD_="65536"
        )
        os.execv(sys.executable, [sys.executable, *sys.argv])
    import transformers  # noqa: F401  (before the cases, so that each need not)

    from audio_reasoner.models import nano  # noqa: F401
    from audio_reasoner.training import costs, lora, packing, plan  # noqa: F401

    errors = []
    print("| case | weights | tokens | measured | computed | error |\n|---|---:|---:|---:|---:|---:|")
    for name in CASES:
        if only and only not in name:
            continue
        r = forked(name)
        errors.append(r["computed"] / r["measured"] - 1)
        print(
            f"| {name} | {r['weights'] / 1e6:.1f} M | {r['tokens']:.0f} | {r['measured'] / 1e6:.0f} MB "
            f"| {r['computed'] / 1e6:.0f} MB | {errors[-1]:+.0%} |",
            flush=True,
        )
    mean = sum(abs(e) for e in errors) / len(errors)
    print(f"{len(errors)} cases: mean error {mean:.0%}, from {min(errors):+.0%} to {max(errors):+.0%} of the measured")


def main() -> None:
    """Print the tables, or measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--measure", action="store_true")
    parser.add_argument("--only", help="measure cases whose name holds this")
    args = parser.parse_args()
    if args.measure or args.only:
        measure(args.only)
    else:
        tables()


def tables() -> None:
    """What docs/hardware.md shows."""
    from audio_reasoner.training.plan import Expected, plan_recipe

    last = ""
    for name in RECIPES:
        plan = plan_recipe(ROOT / "recipes" / name)
        w, needs = plan.work, plan.needs
        print(
            f"\n{name}: {sum(w.learned.values()) / 1e6:,.1f} M of {plan.sizes.total / 1e6:,.1f} M weights learn; "
            f"{w.tokens:,} tokens at once, activation checkpointing {'on' if w.checkpointing else 'off'}, "
            f"logits of {w.chunk or 'all'} targets; checkpoint {plan.checkpoint / 1e9:.1f} GB\n"
        )
        print("| GB per GPU | " + " | ".join(n.gpus.name for n in needs) + " |\n|---" + "|---:" * len(needs) + "|")
        for row in needs[0].memory:
            print(f"| {row} | " + " | ".join(f"{n.memory[row] / 1e9:.1f}" for n in needs) + " |")
        print(
            "| **sum** | " + " | ".join(f"**{n.total / 1e9:.1f}** of {n.gpus.memory / 1e9:.1f}" for n in needs) + " |"
        )
        print("| fits | " + " | ".join("yes" if n.fits else "no" for n in needs) + " |")
        print("| hours | " + " | ".join(hours(n.hours) if n.fits else "—" for n in needs) + " |")
        for n in needs:
            for r in n.remedies:
                print(f"\n{n.gpus.name}: fits with {r.text} ({r.total / 1e9:.1f} GB)")
        last = (
            f"{name} on {needs[-1].gpus.name}: {needs[-1].total / 1e9:.1f} GB per GPU, {hours(needs[-1].hours)} hours"
        )
    print("\n| clips | operations per sample | padded to 30 s | saved | 8 × 80 GB, hours | padded |")
    print("|---|---:|---:|---:|---:|---:|")
    for seconds in (3.0, 10.0, 30.0):
        plan = plan_recipe(ROOT / "recipes" / RECIPES[0], Expected(seconds=seconds))
        ours, padded = sum(plan.operations.values()), sum(plan.operations_padded.values())
        n = plan.needs[-1]
        print(
            f"| {seconds:.0f} s | {ours / 1e12:.1f} T | {padded / 1e12:.1f} T | {1 - ours / padded:.0%} "
            f"| {hours(n.hours)} | {hours(n.hours_padded)} |"
        )
    print(f"\nall computed, {last}")


def hours(span: tuple[float, float]) -> str:
    """Best and worst."""
    return f"{span[0]:.0f}–{span[1]:.0f}" if span[0] >= 10 else f"{span[0]:.1f}–{span[1]:.1f}"


if __name__ == "__main__":
    main()
