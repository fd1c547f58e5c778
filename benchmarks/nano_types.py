"""How well does a small model answer each type of question, alone and by a vote of eight?

Benchmarks made with `synth benchmark` (other seeds than the training's) are put to a model: greedy, greedy without the
constraint that keeps it in the format, without its options (right is then only the gold answer word by word; types that
speak of "these" cannot be asked so), and as a vote of k chains drawn as `ask --samples` draws them (on the first few of
each type, because a vote costs k answers; beside it stands greedy on the same questions). Per question type: the share
right with its 95 % interval (Wilson), beside the best blind answer (the best of the constant ones, the rules of
`evaluation.fair`, and what can be learned of the other questions' options). A type is advertised from 20 points above
it on, if the interval is above it, too. What is done is not done again, so it can be stopped and started.

    python benchmarks/nano_types.py --model MODEL -o OUT BENCHMARK [BENCHMARK ...] [--samples 8] [--votes 60]
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from audio_reasoner.core.audio import load_mono
from audio_reasoner.core.ids import derive_seed
from audio_reasoner.evaluation.fair import blind
from audio_reasoner.inference import Reasoner
from audio_reasoner.inference.votes import DRAWN, vote

MARGIN = 20.0
BATCH = 64
MOST = 320
WAYS = ("greedy", "free", "open", "vote")


def wilson(right: int, n: int) -> tuple[float, float]:
    """95 % interval of a share, per cent."""
    z, p = 1.96, right / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * (p * (1 - p) / n + z * z / (4 * n * n)) ** 0.5
    return 100 * (middle - half), 100 * (middle + half)


def chosen(bench: Path, most: int | None) -> list[dict[str, Any]]:
    """The items of a benchmark, or the first `most` of each type."""
    items: list[dict[str, Any]] = json.loads((bench / "mmau-test-mini.json").read_text(encoding="utf-8"))
    seen: Counter[str] = Counter()
    out = []
    for item in items:
        seen[item["sub-category"]] += 1
        if most is None or seen[item["sub-category"]] <= most:
            out.append(item)
    return out


def _same(response: str | None, item: dict[str, Any]) -> int | None:
    """Which option an answer without options spells, letter by letter."""
    said = (response or "").strip().rstrip(".").casefold()
    return next((n for n, c in enumerate(item["choices"]) if c.casefold() == said), None)


def answers(reasoner: Reasoner, bench: Path, items: list[dict[str, Any]], way: str, k: int) -> list[dict[str, Any]]:
    """Items of a benchmark answered in one way."""
    out: list[dict[str, Any]] = []
    for start in range(0, len(items), BATCH):
        part = items[start : start + BATCH]
        asked = [(load_mono(bench / i["audio_id"], 16_000), i["question"], i["choices"]) for i in part]
        if way == "vote":
            # A vote draws the same numbers for every question under one seed, and what they do to one question of a
            # type they do to its neighbours: a whole type moves by ten points and more from seed to seed.
            drawn = [replace(DRAWN, seed=derive_seed(1, bench.name, i["id"])) for i in part]
            votes = [
                vote(reasoner, *question, k, how, MOST, constrain=True)
                for question, how in zip(asked, drawn, strict=True)
            ]
            found = [(v.winner, all(a.parsed.well_formed for a in v.answers), None) for v in votes]
        elif way == "open":
            said = reasoner.ask_batch([(sound, question, None) for sound, question, _ in asked], MOST, constrain=True)
            found = [(_same(a.parsed.response, i), a.parsed.well_formed, a) for a, i in zip(said, part, strict=True)]
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
    parser.add_argument("--votes", type=int, default=60, help="questions of each type that are voted on")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    reasoner: Reasoner | None = None
    found: dict[str, list[dict[str, Any]]] = {w: [] for w in WAYS}
    items: list[dict[str, Any]] = []
    seconds: defaultdict[str, float] = defaultdict(float)
    for bench in args.benchmarks:
        items += [i | {"id": f"{bench.name}/{i['id']}"} for i in chosen(bench, None)]
        for way in WAYS:
            file = args.out / f"{bench.name}-{way}.json"
            if not file.is_file():
                reasoner = reasoner or Reasoner.from_pretrained(args.model)
                began = time.perf_counter()
                part = chosen(bench, args.votes if way == "vote" else None)
                rows = answers(reasoner, bench, part, way, args.samples)
                file.write_text(json.dumps({"seconds": time.perf_counter() - began, "rows": rows}), encoding="utf-8")
            done = json.loads(file.read_text(encoding="utf-8"))
            seconds[way] += done["seconds"]
            found[way] += [r | {"id": f"{bench.name}/{r['id']}"} for r in done["rows"]]
    figures = tabulate(items, found, args.samples)
    (args.out / "figures.json").write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    told = " ".join(f"{w}_s={seconds[w]:.0f}" for w in WAYS)
    share = figures["all"]
    print(
        f"questions={len(items)} advertised={len(figures['advertised'])} greedy={share['greedy']} "
        f"vote{args.samples}={share['vote']} greedy_there={share['vote_greedy']} "
        f"well_formed={share['well_formed']} free={share['well_formed_free']} {told}"
    )


def tabulate(items: Sequence[dict[str, Any]], found: dict[str, list[dict[str, Any]]], k: int) -> dict[str, Any]:
    """Print the table; the same as plain values."""
    guess = blind(items)
    by_id = {w: {r["id"]: r for r in found[w]} for w in WAYS}

    def share(way: str, ids: Sequence[str], what: str = "right") -> float:
        return round(100 * sum(bool(by_id[way][i][what]) for i in ids) / max(1, len(ids)), 1)

    types: dict[str, Any] = {}
    print(
        f"{'type':14s}{'n':>6s}{'best blind':>12s}{'greedy':>8s}{'95 %':>12s}{'over blind':>12s}{'open':>8s}"
        f"{f'vote of {k}':>12s}{'greedy there':>14s}{'n':>6s}"
    )
    for family, g in guess.items():
        own = [i["id"] for i in items if i["sub-category"] == family]
        voted = [i for i in own if i in by_id["vote"]]
        best = 100 * max(g["best_constant"], g["value"], g["learned"])
        greedy = share("greedy", own)
        low, high = wilson(sum(by_id["greedy"][i]["right"] for i in own), len(own))
        types[family] = {
            "n": len(own),
            "blind": round(best, 1),
            "greedy": greedy,
            "low": round(low, 1),
            "high": round(high, 1),
            "over": round(greedy - best, 1),
            "open": share("open", own),
            "vote": share("vote", voted),
            "vote_greedy": share("greedy", voted),
            "vote_n": len(voted),
        }
        t = types[family]
        line = f"{low:.0f} to {high:.0f}"
        print(
            f"{family:14s}{len(own):6d}{best:12.1f}{greedy:8.1f}{line:>12s}{t['over']:+12.1f}{t['open']:8.1f}"
            f"{t['vote']:12.1f}{t['vote_greedy']:14.1f}{len(voted):6d}"
        )
    every, voted = list(by_id["greedy"]), list(by_id["vote"])
    whole = {
        "n": len(every),
        "greedy": share("greedy", every),
        "free": share("free", every),
        "open": share("open", every),
        "well_formed": share("greedy", every, "well_formed"),
        "well_formed_free": share("free", every, "well_formed"),
        "vote": share("vote", voted),
        "vote_greedy": share("greedy", voted),
        "vote_n": len(voted),
        "well_formed_vote": share("vote", voted, "well_formed"),
    }
    print(
        f"{'all':14s}{len(every):6d}{'':12s}{whole['greedy']:8.1f}{'':24s}{whole['open']:8.1f}{whole['vote']:12.1f}"
        f"{whole['vote_greedy']:14.1f}{len(voted):6d}"
    )
    # Few questions can stand far above blind by chance.
    advertised = [f for f, t in types.items() if t["over"] >= MARGIN and t["low"] > t["blind"]]
    print(f"advertised (from {MARGIN:g} points on): {', '.join(advertised) or 'none'}")
    return {"types": types, "all": whole, "advertised": advertised, "k": k, "margin": MARGIN}


if __name__ == "__main__":
    main()
