"""Memory of the loss with and without `memory.loss_chunk`: all 32-bit logits at once against a few targets at a time.

    python benchmarks/loss_memory.py [--targets 2048] [--hidden 256] [--vocabulary 16000] [--chunks 64 256 1024]

Peaks are what torch's allocator held during forward and backward, states and weights apart. Loss and gradients are
compared with those of the whole.
"""

from __future__ import annotations

import argparse
import time

import torch
from torch.profiler import ProfilerActivity, profile

from audio_reasoner.training.loss import cross_entropy


def main() -> None:
    """Print a table and one line of figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--targets", type=int, default=2048)
    parser.add_argument("--hidden", type=int, default=256)
    parser.add_argument("--vocabulary", type=int, default=16_000)
    parser.add_argument("--chunks", type=int, nargs="+", default=[64, 256, 1024])
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    head = torch.nn.Linear(args.hidden, args.vocabulary, bias=False)
    labels = torch.randint(0, args.vocabulary, (args.targets,))
    given = torch.randn(args.targets, args.hidden)

    def run(chunk: int | None) -> tuple[float, torch.Tensor, torch.Tensor]:
        states = given.clone().requires_grad_(True)
        head.zero_grad(set_to_none=True)
        loss, _ = cross_entropy(head, states, labels, chunk)
        (loss / args.targets).backward()
        assert states.grad is not None
        assert head.weight.grad is not None
        return float(loss.detach()), states.grad, head.weight.grad

    def peak(chunk: int | None) -> float:
        with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as seen:
            run(chunk)
        held = most = 0
        for event in seen.profiler.kineto_results.events():
            if event.name() == "[memory]":
                held += event.nbytes()
                most = max(most, held)
        return most / 2**20

    whole = run(None)
    print(f"{'targets at once':>16} {'peak MiB':>9} {'seconds':>8} {'loss differs by':>16} {'gradients by':>13}")
    peaks: dict[int | None, float] = {}
    for chunk in (None, *args.chunks):
        began = time.process_time()
        found = run(chunk)
        took = time.process_time() - began
        peaks[chunk] = peak(chunk)
        loss = abs(found[0] - whole[0]) / whole[0]
        gradient = max(float((a - b).abs().max()) for a, b in zip(found[1:], whole[1:], strict=True))
        print(f"{chunk or 'all':>16} {peaks[chunk]:9.1f} {took:8.2f} {loss:16.1e} {gradient:13.1e}")
    first = args.chunks[0]
    print(
        f"loss_memory targets={args.targets} vocabulary={args.vocabulary} all={peaks[None]:.0f}MiB "
        f"chunk{first}={peaks[first]:.0f}MiB ratio={peaks[None] / peaks[first]:.1f}"
    )


if __name__ == "__main__":
    main()
