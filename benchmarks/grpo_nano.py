"""A small GRPO on a trained small model, and what it did: held-out questions before and after, paired, by type.

    python benchmarks/grpo_nano.py --model models/demo --data runs/demo -o models/demo-grpo

Trains `--steps` steps (about 3 seconds of one core each with the demo's model), then lets both models answer the same
questions about held-out clips greedily; `--data` may be repeated. Run it again after an interruption: what is done is
not done twice. Intervals are 95 % bootstrap intervals of the difference over clips, p is the exact sign-flip test; with
many types one of them will be below 0.05 by chance, so Holm's correction over the types stands beside it.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path
from typing import Any

import torch
import yaml

from audio_reasoner.core.run import RunDir
from audio_reasoner.dataset import Row
from audio_reasoner.evaluation.statistics import holm, paired
from audio_reasoner.inference import Reasoner
from audio_reasoner.training import data, metrics
from audio_reasoner.training.grpo import RlProgress, train_rl
from audio_reasoner.training.place import LOG_NAME, METRICS_NAME, RL_RECIPE_NAME
from audio_reasoner.training.rl_recipe import RlRecipe

MOST = 384


def held_out(samples: data.Samples, share: float, per_type: int) -> list[Row]:
    """At most so many questions of each type about held-out clips, the same ones in every run."""
    apart = data.held_out(samples, share)
    rows = [r for clip, some in samples.rows.items() if clip in apart for r in some if not r.history]
    out: list[Row] = []
    for family in sorted({r.family for r in rows}):
        out += metrics.choose([r for r in rows if r.family == family], per_type)
    return out


def answers(model: Path, rows: list[Row], samples: data.Samples, file: Path, name: str) -> dict[str, dict[str, Any]]:
    """What a model says, by sample; read from `file` as far as it is there."""
    found: dict[str, dict[str, Any]] = {}
    if file.is_file():
        whole = [text for text in file.read_text("utf-8").splitlines() if text.endswith("}")]
        file.write_text("".join(text + "\n" for text in whole), "utf-8")  # a kill may have left half a line
        found = {line["sample"]: line for line in map(json.loads, whole)}
    todo = [r for r in rows if r.sample_id not in found]
    if not todo:
        return found
    reasoner = Reasoner.from_pretrained(model, "cpu")
    todo.sort(key=lambda r: (-r.duration_s, r.sample_id))
    for start in range(0, len(todo), metrics.BATCH):
        part = todo[start : start + metrics.BATCH]
        with file.open("a", encoding="utf-8") as f:
            for j in metrics.answer_rows(reasoner, part, samples.clips, MOST):
                line = {
                    "sample": j.row.sample_id,
                    "right": bool(j.right),
                    "well_formed": j.answer.parsed.well_formed,
                    "none": j.answer.option is not None and j.answer.option.index is None,
                    "tokens": j.answer.tokens,
                    "text": j.answer.text,
                }
                found[j.row.sample_id] = line
                f.write(json.dumps(line, ensure_ascii=False) + "\n")
        print(f"  {name}: {min(start + metrics.BATCH, len(todo))} of {len(todo)} questions", flush=True)
    return found


def mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True, action="append", help="a run it was trained on")
    parser.add_argument("-o", "--out", type=Path, required=True, help="model directory to write")
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--per-type", type=int, default=40, help="held-out questions of each type")
    parser.add_argument("--learning-rate", type=float, default=5e-5)
    parser.add_argument("--beta", type=float, default=0.02)
    parser.add_argument("--temperature", type=float, default=1.0)
    parser.add_argument("--held-out", type=float, help="as in the model's recipe; read from it if it is there")
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    began, cpu = time.perf_counter(), time.process_time()
    torch.set_num_threads(1)
    os.environ["OMP_NUM_THREADS"] = "1"
    share = args.held_out
    if share is None:
        trained = args.model / "recipe.yaml"
        share = float(yaml.safe_load(trained.read_text("utf-8"))["data"]["held_out"]) if trained.is_file() else 0.02
    recipe = RlRecipe.model_validate(
        {
            "steps": args.steps,
            "learning_rate": args.learning_rate,
            "beta": args.beta,
            "temperature": args.temperature,
            "max_new_tokens": MOST,
            "rewards": {"answer": 1.0, "format": 0.5, "consistency": 0.25},
            "held_out": share,
            "watch": {"final_samples": 0, "checkpoint_every_steps": 5},
            "workers": 0,
            "threads": 1,
            "seed": args.seed,
        }
    )

    def show(p: RlProgress) -> None:
        if p.line is not None:
            parts = ", ".join(f"{k} {v:.2f}" for k, v in p.line["parts"].items())
            print(
                f"  step {p.done} of {p.total}: reward {p.line['reward']:.3f} ({parts}), divergence {p.line['kl']:.4f}"
            )

    if not (args.out / METRICS_NAME).is_file():
        train_rl(recipe, args.data, args.model, args.out, resume=(args.out / RL_RECIPE_NAME).is_file(), watch=show)
    runs = [RunDir.open(d) for d in args.data]
    samples = data.joined([data.read_samples(r.path, r.dataset_dir) for r in runs])
    rows = held_out(samples, share, args.per_type)
    before = answers(args.model, rows, samples, args.out / "held_out_before.jsonl", "before")
    after = answers(args.out, rows, samples, args.out / "held_out_after.jsonl", "after")

    log = [json.loads(x) for x in (args.out / LOG_NAME).read_text("utf-8").splitlines()]
    course = [x for x in log if x["kind"] == "rl"]
    tenth = max(1, min(10, len(course) // 2))
    print(f"\n{len(course)} steps of {recipe.questions} questions and {recipe.chains} chains each")
    print(f"while training (temperature {recipe.temperature:g}), mean of the first and of the last {tenth} steps:")
    for key in ("reward", *course[0]["parts"]):
        values = [x["reward"] if key == "reward" else x["parts"][key] for x in course]
        print(f"  {key:12} {mean(values[:tenth]):.3f} -> {mean(values[-tenth:]):.3f}")
    print(
        f"  {'tokens':12} {mean([x['tokens_per_chain'] for x in course[:tenth]]):.1f} -> "
        f"{mean([x['tokens_per_chain'] for x in course[-tenth:]]):.1f}"
    )
    print(
        f"  groups whose chains all earned the same: {mean([x['even_groups'] for x in course]):.0%}; divergence at the "
        f"end {mean([x['kl'] for x in course[-tenth:]]):.4f}; sampler and forward pass apart by at most "
        f"{max(x['sampler_apart'] for x in course):.1e}"
    )

    families = sorted({r.family for r in rows})
    results = {}
    for family in [*families, "all"]:
        some = [r for r in rows if family in (r.family, "all")]
        a, b = ([float(x[r.sample_id]["right"]) for r in some] for x in (after, before))
        results[family] = (some, mean(b), mean(a), paired(a, b, [r.clip_id for r in some]))
    corrected = dict(zip(families, holm([results[f][3].p for f in families]), strict=True))
    print(
        "\ngreedy, held-out clips\n| type | questions | majority | before | after | difference (95 %) | p | p, Holm |"
    )
    print("|---|---:|---:|---:|---:|---|---:|---:|")
    for family, (some, was, now, pair) in results.items():
        base = f"{metrics.majority(some):.0%}" if family != "all" else ""
        low, high = pair.interval
        print(
            f"| {family} | {len(some)} | {base} | {was:.1%} | {now:.1%} | {100 * pair.difference:+.1f} "
            f"({100 * low:+.1f} to {100 * high:+.1f}) | {pair.p:.3f} | "
            f"{f'{corrected[family]:.3f}' if family in corrected else ''} |"
        )
    whole = results["all"]
    formed = [mean([float(x[r.sample_id]["well_formed"]) for r in rows]) for x in (before, after)]
    none = [mean([float(x[r.sample_id]["none"]) for r in rows]) for x in (before, after)]
    tokens = [mean([float(x[r.sample_id]["tokens"]) for r in rows]) for x in (before, after)]
    same = sum(before[r.sample_id]["text"] == after[r.sample_id]["text"] for r in rows)
    print(f"| well-formed | {len(rows)} | | {formed[0]:.1%} | {formed[1]:.1%} | | | |")
    print(f"| means no option | {len(rows)} | | {none[0]:.1%} | {none[1]:.1%} | | | |")
    print(f"| tokens per answer | {len(rows)} | | {tokens[0]:.1f} | {tokens[1]:.1f} | | | |")
    print(f"\n{same} of {len(rows)} answers are the same word for word.")
    print(
        json.dumps(
            {
                "steps": len(course),
                "questions": len(rows),
                "before": round(whole[1], 4),
                "after": round(whole[2], 4),
                "difference": round(whole[3].difference, 4),
                "interval_95": [round(x, 4) for x in whole[3].interval],
                "p": round(whole[3].p, 4),
                "types_changed_after_holm": [f for f in families if corrected[f] < 0.05],
                "well_formed": [round(x, 4) for x in formed],
                "tokens_per_answer": [round(x, 1) for x in tokens],
                "reward": [round(mean([x["reward"] for x in part]), 4) for part in (course[:tenth], course[-tenth:])],
                "train_minutes": round(course[-1]["seconds"] / 60, 2),
                "this_call_minutes": round((time.perf_counter() - began) / 60, 2),
                "this_call_processor_minutes": round((time.process_time() - cpu) / 60, 2),
                "seed": args.seed,
            }
        )
    )


if __name__ == "__main__":
    main()
