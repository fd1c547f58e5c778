"""How well does a small model answer each type of question, alone and by a vote of eight?

Benchmarks made with `synth benchmark` (other seeds than the training's) are put to a model: greedy, greedy without the
constraint that keeps it in the format, and as a vote of k sampled chains. Per question type: the share right with its
95 % interval (Wilson), beside the best blind answer (the best of the constant ones, the rules of `evaluation.fair`, and
what can be learned of the other questions' options). A type is advertised from 20 points above it on. What is done is
not done again, so it can be stopped and started.

    python benchmarks/nano_types.py --model MODEL -o OUT BENCHMARK [BENCHMARK ...] [--samples 8]
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from audio_reasoner.core.audio import load_mono
from audio_reasoner.evaluation.fair import blind
from audio_reasoner.inference import Reasoner, Sampling
from audio_reasoner.inference.votes import vote_batch

MARGIN = 20.0
BATCH = 64
MOST = 320
WAYS = ("greedy", "free", "vote")


def wilson(right: int, n: int) -> tuple[float, float]:
    """95 % interval of a share, per cent."""
    z, p = 1.96, right / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * (p * (1 - p) / n + z * z / (4 * n * n)) ** 0.5
    return 100 * (middle - half), 100 * (middle + half)


def answers(reasoner: Reasoner, bench: Path, way: str, k: int, temperature: float) -> list[dict[str, Any]]:
    """Every item of a benchmark answered in one way."""
    items = json.loads((bench / "mmau-test-mini.json").read_text(encoding="utf-8"))
    out: list[dict[str, Any]] = []
    for start in range(0, len(items), BATCH):
        part = items[start : start + BATCH]
        asked = [(load_mono(bench / i["audio_id"], 16_000), i["question"], i["choices"]) for i in part]
        if way == "vote":
            votes = vote_batch(reasoner, asked, k, Sampling(temperature=temperature, seed=1), max_new_tokens=MOST)
            found = [(v.winner, all(a.parsed.well_formed for a in v.answers), None) for v in votes]
        else:
            said = reasoner.ask_batch(asked, MOST, constrain=way == "greedy")
            found = [(None if a.option is None else a.option.index, a.parsed.well_formed, a) for a in said]
        for item, (index, well_formed, answer) in zip(part, found, strict=True):
            out.append(
                {
                    "id": item["id"],
                    "right": index is not None and item["choices"][index] == item["answer"],
                    "well_formed": well_formed,
                    "tokens": None if answer is None else answer.tokens,
                }
            )
    return out


def main() -> None:
    """Answer, tabulate."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("benchmarks", nargs="+", type=Path)
    parser.add_argument("--model", required=True, type=Path)
    parser.add_argument("-o", "--out", required=True, type=Path)
    parser.add_argument("--samples", type=int, default=8)
    parser.add_argument("--temperature", type=float, default=0.7)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    reasoner: Reasoner | None = None
    found: dict[str, list[dict[str, Any]]] = {w: [] for w in WAYS}
    items: list[dict[str, Any]] = []
    seconds: defaultdict[str, float] = defaultdict(float)
    for bench in args.benchmarks:
        items += json.loads((bench / "mmau-test-mini.json").read_text(encoding="utf-8"))
        for way in WAYS:
            file = args.out / f"{bench.name}-{way}.json"
            if not file.is_file():
                reasoner = reasoner or Reasoner.from_pretrained(args.model)
                began = time.perf_counter()
                rows = answers(reasoner, bench, way, args.samples, args.temperature)
                file.write_text(json.dumps({"seconds": time.perf_counter() - began, "rows": rows}), encoding="utf-8")
            done = json.loads(file.read_text(encoding="utf-8"))
            seconds[way] += done["seconds"]
            found[way] += done["rows"]
    figures = tabulate(items, found, args.samples)
    (args.out / "figures.json").write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    told = " ".join(f"{w}_s={seconds[w]:.0f}" for w in WAYS)
    share = figures["all"]
    print(
        f"questions={len(items)} advertised={len(figures['advertised'])} greedy={share['greedy']} "
        f"vote{args.samples}={share['vote']} well_formed={share['well_formed']} free={share['well_formed_free']} {told}"
    )


def tabulate(items: Sequence[dict[str, Any]], found: dict[str, list[dict[str, Any]]], k: int) -> dict[str, Any]:
    """Print the table; the same as plain values."""
    guess = blind(items)
    types: dict[str, Any] = {}
    print(
        f"{'type':18s}{'n':>6s}{'best blind':>12s}{'greedy':>9s}{'95 %':>16s}{f'vote of {k}':>12s}{'over blind':>12s}"
    )
    for family, g in guess.items():
        own = [n for n, i in enumerate(items) if i["sub-category"] == family]
        right = {w: sum(found[w][n]["right"] for n in own) for w in WAYS}
        best = 100 * max(g["best_constant"], g["value"], g["learned"])
        greedy, vote = 100 * right["greedy"] / len(own), 100 * right["vote"] / len(own)
        low, high = wilson(right["greedy"], len(own))
        types[family] = {
            "n": len(own),
            "blind": round(best, 1),
            "greedy": round(greedy, 1),
            "low": round(low, 1),
            "high": round(high, 1),
            "vote": round(vote, 1),
            "over": round(greedy - best, 1),
        }
        line = f"{low:.0f} to {high:.0f}"
        print(f"{family:18s}{len(own):6d}{best:12.1f}{greedy:9.1f}{line:>16s}{vote:12.1f}{greedy - best:+12.1f}")

    def share(way: str, what: str) -> float:
        return round(100 * sum(r[what] for r in found[way]) / len(items), 1)

    whole = {
        "greedy": share("greedy", "right"),
        "vote": share("vote", "right"),
        "free": share("free", "right"),
        "well_formed": share("greedy", "well_formed"),
        "well_formed_free": share("free", "well_formed"),
        "well_formed_vote": share("vote", "well_formed"),
    }
    print(f"{'all':18s}{len(items):6d}{'':12s}{whole['greedy']:9.1f}{'':16s}{whole['vote']:12.1f}")
    advertised = [f for f, t in types.items() if t["over"] >= MARGIN]
    print(f"advertised (from {MARGIN:g} points on): {', '.join(advertised) or 'none'}")
    return {"types": types, "all": whole, "advertised": advertised, "k": k, "margin": MARGIN}


if __name__ == "__main__":
    main()
