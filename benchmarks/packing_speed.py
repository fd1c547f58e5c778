"""Training speed of the small model: clips grouped by length against units packed into rows, on one mixed set.

    python benchmarks/packing_speed.py [--threads 1] [--units 96] [--seconds 0.5 10] [--rounds 3]

Clips last between the two bounds, are asked one to four questions; a question with its answer has 40 to 200 tokens.
A step is 16 samples. Five ways take the same steps, alternating: grouped and packed, each with and without sorting by
length, and packed in rows twice as wide. Time is the processor's, so that a busy machine counts for little; the best
round counts.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence

import numpy as np
import torch

from audio_reasoner.models import features, nano
from audio_reasoner.training import data
from audio_reasoner.training.collate import Encoded, Unit, collate
from audio_reasoner.training.loss import Objective
from audio_reasoner.training.packing import pack


def main() -> None:
    """Print a table and one line of figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--units", type=int, default=96)
    parser.add_argument("--questions", type=int, default=4, help="most questions of a clip")
    parser.add_argument("--seconds", type=float, nargs=2, default=(0.5, 10.0))
    parser.add_argument("--own", type=int, nargs=2, default=(40, 200), help="tokens of a question and its answer")
    parser.add_argument("--samples", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--bf16", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    sizes = nano.NanoSizes(audio_width=128, audio_layers=3, text_width=192, text_layers=4, text_heads=3, text_ffn=512)
    model, processor = nano.create(sizes, [f"word{i} " * 3 for i in range(900)], seed=1)
    objective = Objective(model)
    model.train()
    audio = int(processor.tokenizer.convert_tokens_to_ids("<|AUDIO|>"))
    rng = np.random.default_rng(0)

    def unit(number: int) -> Unit:
        frames = int(rng.uniform(*args.seconds) * 100)
        head = [7] * 8 + [audio] * features.audio_tokens_of(frames) + [8] * 2
        own = [
            [int(x) for x in rng.integers(20, len(processor.tokenizer), int(rng.integers(*args.own)))]
            for _ in range(int(rng.integers(1, args.questions + 1)))
        ]
        return Unit(
            f"c{number}", frames, tuple(Encoded("s", (*head, *o), len(head), len(head) + len(o) // 3) for o in own)
        )

    units = [unit(i) for i in range(args.units)]
    mels = {u.clip: torch.randn(128, features.kept_frames_of(u.frames)) for u in units}
    sorted_plan = data.plan_epoch(units, 0, 7, args.samples, by_length=True)
    mixed_plan = data.plan_epoch(units, 0, 7, args.samples, by_length=False)

    def run(plan: Sequence[Sequence[Unit]], how: str) -> tuple[float, float, float, int]:
        began, tokens, positions, heard, computed = time.process_time(), 0, 0, 0, 0
        for step in plan:
            sounds = [mels[u.clip] for u in step]
            wide = 2 * max(u.tokens for u in step) if how == "wide" else None
            batch = collate(step, sounds, 0) if how == "grouped" else pack(step, sounds, 0, wide)
            with torch.autocast("cpu", torch.bfloat16, enabled=args.bf16):
                loss, _ = objective(batch)
            (loss / batch.sizes.targets).backward()
            model.zero_grad(set_to_none=True)
            tokens += batch.sizes.tokens
            positions += batch.sizes.positions
            heard += batch.sizes.audio
            computed += batch.sizes.audio_positions
        return time.process_time() - began, 1 - tokens / positions, 1 - heard / computed, tokens

    ways = {
        "grouped, by length": (sorted_plan, "grouped"),
        "grouped, mixed": (mixed_plan, "grouped"),
        "packed, by length": (sorted_plan, "packed"),
        "packed, mixed": (mixed_plan, "packed"),
        "packed wide, mixed": (mixed_plan, "wide"),
    }
    best: dict[str, tuple[float, float, float, int]] = {}
    for _ in range(args.rounds):
        for name, (plan, how) in ways.items():
            found = run(plan, how)
            if name not in best or found[0] < best[name][0]:
                best[name] = found
    print(f"{'way':22} {'tokens/s':>9} {'padding':>8} {'encoder padding':>16}")
    for name, (seconds, padding, silent, tokens) in best.items():
        print(f"{name:22} {tokens / seconds:9.0f} {padding:8.1%} {silent:16.1%}")
    speed = {name: tokens / seconds for name, (seconds, _, _, tokens) in best.items()}
    print(
        f"packing_speed threads={args.threads} bf16={args.bf16} grouped={speed['grouped, by length']:.0f}/s "
        f"packed={speed['packed, by length']:.0f}/s mixed_grouped={speed['grouped, mixed']:.0f}/s "
        f"mixed_packed={speed['packed, mixed']:.0f}/s "
        f"packed_over_grouped={speed['packed, by length'] / speed['grouped, by length']:.2f}"
    )


if __name__ == "__main__":
    main()
