"""Training speed of the small model: one row per question against one reading of the clip for all its questions.

    python benchmarks/train_speed.py [--threads 2] [--clips 4] [--questions 4] [--seconds 2.5]

Both ways do the same computation (tests/training/test_collate.py); both run here, alternating, the best round counts.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence

import numpy as np
import torch

from audio_reasoner.models import features, nano
from audio_reasoner.training.collate import Encoded, Unit, collate, summed_loss


def main() -> None:
    """Print a table and one line of figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--clips", type=int, default=4)
    parser.add_argument("--questions", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=2.5)
    parser.add_argument("--own", type=int, default=90, help="tokens of a question and its answer")
    parser.add_argument("--rounds", type=int, default=4)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    model, processor = nano.create(nano.NanoSizes(text_heads=3), [f"word{i} " * 3 for i in range(900)], seed=1)
    model.train()
    audio = int(processor.tokenizer.convert_tokens_to_ids("<|AUDIO|>"))
    frames = int(args.seconds * 100)
    heard = features.audio_tokens_of(frames)
    rng = np.random.default_rng(0)

    def unit(questions: int) -> Unit:
        head = [7] * 8 + [audio] * heard + [8] * 2
        own = [[int(x) for x in rng.integers(20, len(processor.tokenizer), args.own)] for _ in range(questions)]
        return Unit("c", frames, tuple(Encoded("s", (*head, *o), len(head), len(head) + 30) for o in own))

    ways = {
        "one row per question": [unit(1) for _ in range(args.clips * args.questions)],
        "clip read once": [unit(args.questions) for _ in range(args.clips)],
    }

    def step(units: Sequence[Unit], bf16: bool) -> float:
        mels = [torch.randn(128, features.kept_frames_of(frames)) for _ in units]
        began = time.perf_counter()
        batch = collate(units, mels, 0)
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            loss, _ = summed_loss(model, batch)
        (loss / batch.targets).backward()
        model.zero_grad(set_to_none=True)
        return time.perf_counter() - began

    samples = args.clips * args.questions
    print(f"{'way':24} {'precision':10} {'samples/s':>10}")
    speeds: dict[tuple[str, bool], float] = {}
    for bf16 in (False, True):
        for _ in range(args.rounds):
            for name, units in ways.items():
                speeds[name, bf16] = max(speeds.get((name, bf16), 0.0), samples / step(units, bf16))
        for name in ways:
            print(f"{name:24} {'bfloat16' if bf16 else 'float32':10} {speeds[name, bf16]:10.1f}")
    once, apart = speeds["clip read once", True], speeds["one row per question", True]
    print(
        f"train_speed threads={args.threads} questions={args.questions} once={once:.1f}/s apart={apart:.1f}/s "
        f"ratio={once / apart:.2f} bf16_over_fp32={once / speeds['clip read once', False]:.2f}"
    )


if __name__ == "__main__":
    main()
