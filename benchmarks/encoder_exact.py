"""The exact short-clip encoder against transformers' 30-second padding: are they equal, and what is saved?

    python benchmarks/encoder_exact.py [--seconds 3 10 29] [--batch 4] [--threads 1]

Both sides run in this process, alternating, on the same random small model; the best of several rounds counts.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np
import torch

from audio_reasoner.models import features, nano, qwen2_audio


def padded(model: Any, extractor: Any, clips: list[np.ndarray]) -> torch.Tensor:
    """transformers' way: 30 seconds of mel and of encoder for every clip."""
    found = extractor(
        clips, sampling_rate=16_000, return_attention_mask=True, return_tensors="pt", padding="max_length"
    )
    conv, tokens = model.model.audio_tower._get_feat_extract_output_lengths(found["attention_mask"].sum(-1))
    alive = torch.arange(1500)[None, :] < conv[:, None]
    mask = torch.where(alive, 0.0, torch.finfo(torch.float32).min)[:, None, None, :].expand(-1, 1, 1500, -1)
    states = model.model.audio_tower(found["input_features"], attention_mask=mask).last_hidden_state
    states = model.model.multi_modal_projector(states)
    return torch.cat([s[:n] for s, n in zip(states, tokens.tolist(), strict=True)])


def short(model: Any, clips: list[np.ndarray]) -> torch.Tensor:
    """Our way: the clip's own frames."""
    frames = [features.frames_of(len(c)) for c in clips]
    return qwen2_audio.encode(model, features.pad_mels([features.log_mel(c) for c in clips]), frames)[0]


def main() -> None:
    """Print a table and one line of figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, nargs="+", default=[1.0, 3.0, 10.0, 29.0])
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    model, processor = nano.create(nano.NanoSizes(), ["a b c"] * 4, seed=1)
    model.eval()
    rng = np.random.default_rng(0)
    print(f"{'clip':>8} {'padded':>10} {'short':>10} {'ratio':>7} {'largest difference':>20}")
    ratios, worst = [], 0.0
    for seconds in args.seconds:
        n = int(seconds * 16_000)
        clips = [(rng.standard_normal(n - 777 * i) * 0.1).astype(np.float32) for i in range(args.batch)]
        best = [float("inf"), float("inf")]
        with torch.no_grad():
            for _ in range(args.rounds):
                out = []
                for k, way in enumerate(
                    (lambda c: padded(model, processor.feature_extractor, c), lambda c: short(model, c))
                ):
                    began = time.perf_counter()
                    out.append(way(clips))
                    best[k] = min(best[k], time.perf_counter() - began)
        difference = float((out[0] - out[1]).abs().max())
        worst = max(worst, difference)
        ratios.append(best[0] / best[1])
        print(f"{seconds:7.1f}s {best[0] * 1e3:8.1f}ms {best[1] * 1e3:8.1f}ms {ratios[-1]:7.1f} {difference:20.1e}")
    shown = " ".join(f"{s:g}s:x{r:.1f}" for s, r in zip(args.seconds, ratios, strict=True))
    print(f"encoder_exact batch={args.batch} threads={args.threads} {shown} max_diff={worst:.1e}")


if __name__ == "__main__":
    main()
