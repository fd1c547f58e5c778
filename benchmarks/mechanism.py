"""Mechanism check: does a chain help a small model on sound tasks, and which part of it?

No more than that: a model of at most three million weights, made scenes, answers that the timeline gives. Five arms see
the same clips and questions in the same order for the same number of steps, and differ in the text they learn:

    answer               the response alone
    caption_answer       a caption, then the response
    caption_and_answer   caption and response as tasks of their own
    chain                the full chain
    foreign_reasoning    the full chain with the REASONING of another clip

Each is trained with several seeds and tested on questions about scenes of another seed: as they are, with silence, and
with another clip's sound. Two readings of an answer stand side by side: the *word* alone ("(d) dog" is right if dog
is), and the *option* (letter and word must agree), because a small model learns to name what it heard long before it
learns to copy the letter that stands before it. Prints both by question type with intervals over seeds beside the best
blind answer, the tokens each arm was supervised on, and its time. A finished part is not done twice, so it can be
stopped and started again.

    OMP_NUM_THREADS=1 python benchmarks/mechanism.py -o runs/mechanism [--seeds 5 --steps 400 --workers 2 --arms ARM …]
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, get_args

ARMS = ("answer", "caption_answer", "caption_and_answer", "chain", "foreign_reasoning")
CLASSES = ("bell", "clap", "dog", "rain", "siren", "whistle")
FAMILIES = ("first", "last", "before", "after", "count", "presence")
SCENES: dict[str, Any] = {
    "min_events": 1,
    "max_events": 3,
    "event_seconds": (0.3, 0.6),
    "min_gap_s": 0.1,
    "max_gap_s": 0.3,
    "classes": CLASSES,
}
READINGS = ("word", "option")
CONTROLS = ("as it is", "silence", "another clip")
T_975 = {2: 12.71, 3: 4.30, 4: 3.18, 5: 2.78, 6: 2.57, 7: 2.45, 8: 2.36, 9: 2.31, 10: 2.26}


def prepare(folder: Path, clips: int, questions: int) -> None:
    """The training run, built once, and the test of another seed."""
    from audio_reasoner.core.run import RunDir
    from audio_reasoner.cota import BuildSettings, build_sync
    from audio_reasoner.evaluation import make_benchmark
    from audio_reasoner.synth.job import plan_run

    run = folder / "run"
    if not (run / "dataset").is_dir():
        plan_run(run, clips, 1, **SCENES)
        settings = BuildSettings(style="brief", questions_per_clip=4, families=FAMILIES)
        build_sync(RunDir.open(run), settings, watch=lambda _: None)
    if not (folder / "test" / "benchmark.json").is_file():
        make_benchmark(questions, 9001, folder / "test", families=FAMILIES, **SCENES)


def train_one(folder: Path, arm: Any, seed: int, steps: int, samples: int) -> None:
    """One arm with one seed; resumes what was begun."""
    from audio_reasoner.models.nano import NanoSizes
    from audio_reasoner.training import recipe as r
    from audio_reasoner.training.sft import train

    # An arm with two tasks hears as many clips a step as the others and learns from two texts of each.
    tasks = 2 if arm == "caption_and_answer" else 1
    sizes = NanoSizes(audio_width=128, audio_layers=3, text_width=192, text_layers=4, text_heads=3, text_ffn=512)
    plan = r.Recipe(
        model=r.ModelPart(nano=sizes),
        optimiser=r.OptimiserPart(learning_rate=2e-3, warmup_steps=40),
        batch=r.BatchPart(samples=samples * tasks, questions_per_clip=tasks),
        budget=r.BudgetPart(steps=steps),
        data=r.DataPart(held_out=0.03, learn=arm, workers=0, ram_gb=4.0),
        watch=r.WatchPart(
            eval_samples=64,
            final_samples=0,
            eval_every_minutes=600,
            eval_every_steps=max(1, steps // 5),
            max_new_tokens=320,
            checkpoint_every_minutes=3,
        ),
        seed=seed,
        threads=1,
    )
    train(plan, folder / "run", folder / "models" / f"{arm}-{seed}", resume=True)


def answer_one(folder: Path, arm: str, seed: int) -> None:
    """What a trained model answers, read in both ways: as it is, to silence, and to another clip's sound."""
    import numpy as np

    from audio_reasoner.core.audio import load_mono
    from audio_reasoner.inference import Reasoner

    out = folder / "answers" / f"{arm}-{seed}.json"
    if out.is_file():
        return
    items = json.loads((folder / "test" / "mmau-test-mini.json").read_text(encoding="utf-8"))
    sounds = [load_mono(folder / "test" / i["audio_id"], 16_000) for i in items]
    reasoner = Reasoner.from_pretrained(folder / "models" / f"{arm}-{seed}")
    found: dict[str, dict[str, list[bool]]] = {reading: {c: [] for c in CONTROLS} for reading in READINGS}
    for control in CONTROLS:
        for start in range(0, len(items), 100):
            part = range(start, min(start + 100, len(items)))
            heard = [
                sounds[i]
                if control == "as it is"
                else np.zeros_like(sounds[i])
                if control == "silence"
                else sounds[(i + len(items) // 2) % len(items)]
                for i in part
            ]
            asked = [(x, items[i]["question"], items[i]["choices"]) for x, i in zip(heard, part, strict=True)]
            for i, a in zip(part, reasoner.ask_batch(asked, 320), strict=True):
                picked = None if a.option is None or a.option.index is None else items[i]["choices"][a.option.index]
                found["option"][control].append(picked == items[i]["answer"])
                said = re.sub(r"^\([a-z]\)", "", (a.parsed.response or "").strip()).strip()
                found["word"][control].append(said == items[i]["answer"])
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(found), encoding="utf-8")


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Mean and half width of the 95 % t interval over seeds."""
    if len(values) < 2:
        return values[0], float("nan")
    half = T_975.get(len(values), 2.0) * statistics.stdev(values) / len(values) ** 0.5
    return statistics.mean(values), half


def table(folder: Path, seeds: Sequence[int], arms: Sequence[str] = ARMS) -> dict[str, dict[str, tuple[float, float]]]:
    """Print the tables; accuracy by arm and reading, and by question type ("all" too)."""
    from audio_reasoner.evaluation.fair import blind

    items = json.loads((folder / "test" / "mmau-test-mini.json").read_text(encoding="utf-8"))
    guess = blind(items)
    families = sorted({i["sub-category"] for i in items})
    by_arm: dict[str, dict[str, tuple[float, float]]] = {}
    print(f"{'':22s}" + "".join(f"{f:>16s}" for f in [*families, "all"]))
    constant = [100 * guess[f]["best_constant"] for f in families]
    weight = [guess[f]["n"] for f in families]
    whole = sum(c * w for c, w in zip(constant, weight, strict=True)) / sum(weight)
    print(f"{'best blind answer':22s}" + "".join(f"{c:16.1f}" for c in [*constant, whole]))
    for reading in READINGS:
        print(f"\n{'right word' if reading == 'word' else 'right letter and word'}")
        for arm in arms:
            found = {s: json.loads((folder / "answers" / f"{arm}-{s}.json").read_text("utf-8"))[reading] for s in seeds}
            for control in CONTROLS:
                scores: defaultdict[str, list[float]] = defaultdict(list)
                for s in seeds:
                    right = found[s][control]
                    for f in families:
                        own = [r for r, i in zip(right, items, strict=True) if i["sub-category"] == f]
                        scores[f].append(100 * sum(own) / len(own))
                    scores["all"].append(100 * sum(right) / len(right))
                cells = {f: interval(scores[f]) for f in [*families, "all"]}
                if control == "as it is":
                    by_arm[f"{arm}/{reading}"] = cells
                name = arm if control == "as it is" else f"  {control}"
                print(f"{name:22s}" + "".join(f"{m:9.1f} ±{h:5.1f}" for m, h in cells.values()))
    print(f"\n{'':22s}{'weights':>12s}{'learned tokens':>16s}{'tokens read':>14s}{'minutes':>10s}")
    for arm in arms:
        made = [json.loads((folder / "models" / f"{arm}-{s}" / "metrics.json").read_text("utf-8")) for s in seeds]
        keys = ("parameters", "answer_tokens_seen", "tokens_seen", "minutes")
        size, learned, read, minutes = (statistics.mean(m[k] for m in made) for k in keys)
        print(f"{arm:22s}{size:12,.0f}{learned:16,.0f}{read:14,.0f}{minutes:10.1f}")
    return by_arm


def main() -> None:
    """Prepare, train, answer, tabulate; or one part of it in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--samples", type=int, default=16, help="clips a step")
    parser.add_argument("--arms", nargs="+", choices=ARMS, default=ARMS)
    parser.add_argument("--clips", type=int, default=5200)
    parser.add_argument("--questions", type=int, default=240)
    parser.add_argument("--workers", type=int, default=2, help="trainings side by side, one thread each")
    parser.add_argument("--draw", type=Path, help="also draw this SVG (benchmarks/mechanism_svg.py draws it later too)")
    parser.add_argument("--one", nargs=2, metavar=("ARM", "SEED"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        arm, seed = args.one[0], int(args.one[1])
        if not (args.out / "models" / f"{arm}-{seed}" / "metrics.json").is_file():
            train_one(args.out, arm, seed, args.steps, args.samples)
        answer_one(args.out, arm, seed)
        return
    from audio_reasoner.training.targets import Learn

    assert set(ARMS) == set(get_args(Learn))
    prepare(args.out, args.clips, args.questions)
    jobs = [(arm, seed) for seed in range(1, args.seeds + 1) for arm in args.arms]
    began = time.perf_counter()

    def start(job: tuple[str, int]) -> None:
        own = [
            sys.executable,
            __file__,
            "-o",
            str(args.out),
            "--steps",
            str(args.steps),
            "--samples",
            str(args.samples),
        ]
        done = subprocess.run([*own, "--one", job[0], str(job[1])], capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{job}: {done.stderr[-2000:]}")
        print(f"{job[0]} {job[1]} done after {(time.perf_counter() - began) / 60:.1f} min", file=sys.stderr, flush=True)

    with ThreadPoolExecutor(args.workers) as pool:
        list(pool.map(start, jobs))
    found = table(args.out, range(1, args.seeds + 1), args.arms)
    if args.draw is not None:
        import mechanism_svg

        mechanism_svg.draw(args.out, range(1, args.seeds + 1), args.draw)
    figures = " ".join(f"{arm}={cells['all'][0]:.1f}" for arm, cells in found.items())
    print(f"seeds={args.seeds} steps={args.steps} clips_a_step={args.samples} {figures}")


if __name__ == "__main__":
    main()
