"""Questions per second of `eval run`: a local model alone and in batches, and a server against what it can do.

    python benchmarks/eval_run.py --data runs/demo-bench --model models/demo --limit 100
    python benchmarks/eval_run.py --data runs/demo-bench --calls 2000 --limit-in-flight 64 --latency 0.5

The second figure of a server is what its limit and latency allow (limit / mean latency); everything below is ours.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from audio_reasoner.clients.endpoints import parse_endpoint
from audio_reasoner.evaluation.backends import load_local
from audio_reasoner.evaluation.base import Benchmark
from audio_reasoner.evaluation.registry import benchmark_module
from audio_reasoner.evaluation.remote import CallOptions, Lines, Remote
from audio_reasoner.evaluation.run import Plan, answer_benchmark
from loopback import in_process


def many(benchmark: Benchmark, n: int) -> Benchmark:
    """The benchmark's questions again and again under new ids and wordings, so that no two calls are equal."""
    items = benchmark.items
    made = [
        dataclasses.replace(items[i % len(items)], id=f"q{i}", question=f"{items[i % len(items)].question} ({i})")
        for i in range(n)
    ]
    return dataclasses.replace(benchmark, items=made)


def local(benchmark: Benchmark, model: str, limit: int, folder: Path) -> list[tuple[str, float]]:
    """Questions per second of a model directory, one by one and eight side by side."""
    backend = load_local(model, batch_size=8, system=None, own_system=True)
    answer_benchmark(backend, benchmark, folder / "warm", Plan(limit=8))
    made = []
    for size in (1, 8):
        backend.batch_size = size
        result = answer_benchmark(backend, benchmark, folder / f"batch{size}", Plan(limit=limit))
        made.append((f"local, batch of {size}", result.made / result.seconds))
    return made


def remote(benchmark: Benchmark, calls: int, in_flight: int, latency: float, folder: Path) -> list[tuple[str, float]]:
    """Questions per second against a server of known limit and latency, which we must find out, then know."""
    made = []
    for known in (False, True):
        with in_process(limit=in_flight, latency=latency, seed=1) as server:
            options = CallOptions(max_in_flight=in_flight if known else None)
            lines = Lines(folder / f"calls{known}.sqlite", options)
            backend = Remote(parse_endpoint(f"openai:loopback@{server.openai_url}"), lines)
            began, worked = time.perf_counter(), time.process_time()
            plan = Plan(long_audio="whole")
            result = answer_benchmark(backend, many(benchmark, calls), folder / f"remote{known}", plan)
            seconds, worked = time.perf_counter() - began, time.process_time() - worked
            lines.close()
            stats = server.stats()
        assert result.made == calls, result.failed[:3]
        assert stats["served_more_than_once"] == 0
        possible = in_flight / (stats["latency_s"] / stats["admitted"])
        name = f"server, {in_flight} in flight" + ("" if known else " (found out)")
        made += [(name, calls / seconds), ("  what it can do", possible), ("  one core of ours", calls / worked)]
    return made


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--benchmark", default="mmau-mini")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", help="also measure this model directory")
    parser.add_argument("--limit", type=int, default=100, help="questions for the local model")
    parser.add_argument("--calls", type=int, default=1000, help="questions for the server")
    parser.add_argument("--limit-in-flight", type=int, default=64)
    parser.add_argument("--latency", type=float, default=1.0, help="mean seconds of a reply")
    words = parser.parse_args()
    benchmark = benchmark_module(words.benchmark).read(words.data)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made = local(benchmark, words.model, words.limit, folder) if words.model else []
        if words.calls:
            made += remote(benchmark, words.calls, words.limit_in_flight, words.latency, folder)
    for what, speed in made:
        print(f"{what:<40} {speed:8.1f} questions/s")
    by = dict(made)
    figures = [f"{what.strip()}={speed:.1f}/s" for what, speed in made if not what.startswith("  ")]
    if words.model:
        figures.append(f"batching={by['local, batch of 8'] / by['local, batch of 1']:.2f}x")
    print("; ".join(figures))


if __name__ == "__main__":
    main()
