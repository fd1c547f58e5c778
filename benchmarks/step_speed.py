"""A decoding step the short way and transformers' way: same model, same cache, taking turns; are they equal?

    python benchmarks/step_speed.py [--rows 1 8 64] [--steps 40]

Processor time per step of a fresh small model on one core, median of several rounds.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from typing import Any

import torch

from audio_reasoner.inference import step
from audio_reasoner.inference.cache import roomy_cache
from audio_reasoner.models import nano


def walk(model: Any, take: Any, rows: int, steps: int) -> tuple[float, torch.Tensor]:
    """Seconds per step, and the last states."""
    text = model.model.language_model
    ids = torch.arange(rows * 150).view(rows, 150) % 250
    cache, at = roomy_cache(steps), torch.full((rows,), 149)
    with torch.inference_mode():
        text(inputs_embeds=model.get_input_embeddings()(ids), past_key_values=cache, use_cache=True)
        began = time.process_time()
        for number in range(steps):
            at = at + 1
            states = take(torch.full((rows,), number % 250), at, None, cache)
    return (time.process_time() - began) / steps, states


def main() -> None:
    """Print a table and one line of figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, nargs="+", default=[1, 8, 64])
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    torch.set_num_threads(1)
    model, _ = nano.create(nano.NanoSizes(), ["a b c"] * 4, seed=1)
    model.eval()
    short = step.stepper(model)
    plain, step.is_plain = step.is_plain, lambda _model: False
    ways = {"transformers": step.stepper(model), "ours": short}
    step.is_plain = plain
    found, apart = {}, 0.0
    print(f"{'rows':>5} {'transformers':>13} {'ours':>8}   ms of processor time per step")
    for rows in args.rows:
        took: dict[str, list[float]] = {name: [] for name in ways}
        last = {}
        for number in range(args.rounds + 1):
            for name, take in ways.items():
                seconds, last[name] = walk(model, take, rows, args.steps)
                if number:  # the first round warms up
                    took[name].append(1000 * seconds)
        middle = {name: statistics.median(t) for name, t in took.items()}
        apart = max(apart, float((last["ours"] - last["transformers"]).abs().max()))
        found[str(rows)] = round(middle["transformers"] / middle["ours"], 2)
        print(f"{rows:>5} {middle['transformers']:>13.2f} {middle['ours']:>8.2f}")
    print(json.dumps({"times_faster_by_rows": found, "largest_difference": apart, "cores": 1}))


if __name__ == "__main__":
    main()
