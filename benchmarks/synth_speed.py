"""Claim: scenes render many times faster than Scaper makes the same ones, and two workers are nearly twice one.

Scaper gets the same recordings (16 kHz WAV files), offsets, lengths and gains as our recipes, five events to a scene of
ten seconds; what both make is compared sample by sample before any time is told. Beside it stand planning and rendering
of many procedural scenes, with FLAC files and without, with one worker and with two. Processor time of all processes is
printed beside wall time, because a machine may be shared.

    python -m venv scaper && scaper/bin/pip install scaper      (needs the headers of libsox)
    OMP_NUM_THREADS=1 python benchmarks/synth_speed.py --scaper scaper/bin/python [--scenes 300] [--clips 10000]
    OMP_NUM_THREADS=1 python benchmarks/synth_speed.py --plans 1000000
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from audio_reasoner.core.audio import encode_flac, encode_wav
from audio_reasoner.synth import RATE, clip_audio, plan_complex, render, render_event
from audio_reasoner.synth.bank.render import EVENT_CLASSES
from audio_reasoner.synth.store import SourceInfo, SourceStore, StoreWriter

SECONDS = 10.0
EVENTS = 5
REF_DB = -50.0
FADE = RATE // 100
GRID = RATE // 128
"""Samples. Scaper cuts seconds down to samples; times that a float holds exactly lose none."""


def used() -> float:
    """Processor seconds of this process and of its children that ended."""
    mine, theirs = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return mine.ru_utime + mine.ru_stime + theirs.ru_utime + theirs.ru_stime


def timed(work: Callable[[], Any]) -> tuple[float, float, Any]:
    """Wall seconds, processor seconds, result."""
    begun, before = time.perf_counter(), used()
    result = work()
    return time.perf_counter() - begun, used() - before, result


def told(name: str, audio_s: float, wall: float, cpu: float) -> None:
    """One line of the table."""
    print(f"{name:44s} {wall:8.1f} s wall {cpu:8.1f} s cpu {audio_s / cpu:8.0f} x realtime per core", flush=True)


def asked(python: str, job: dict[str, Any]) -> Any:
    """What the Scaper side answers."""
    script = Path(__file__).with_name("synth_speed_scaper.py")
    done = subprocess.run(
        [python, str(script)], input=json.dumps(job), capture_output=True, text=True, check=False, env=os.environ
    )
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    return json.loads(done.stdout.strip().splitlines()[-1])


def against_scaper(python: str, scenes: int, folder: Path) -> None:
    """The same scenes on both sides."""
    foreground, background = folder / "fg", folder / "bg"
    rng = np.random.default_rng(1)
    plans: list[dict[str, Any]] = []
    for i in range(scenes):
        events = []
        for k in range(EVENTS):
            label = EVENT_CLASSES[int(rng.integers(len(EVENT_CLASSES)))]
            length = GRID * int(rng.integers(64, 192))
            path = foreground / label / f"{i}_{k}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encode_wav(render_event(label, 1000 * i + k, length), RATE))
            start = GRID * (25 + 243 * k + int(rng.integers(32)))
            events.append({"label": label, "path": str(path), "start": start, "length": length})
        plans.append({"seconds": SECONDS, "events": events})
    (background / "none").mkdir(parents=True)
    everything = [e for s in plans for e in s["events"]]
    lufs = asked(python, {"what": "lufs", "rate": RATE, "paths": [e["path"] for e in everything]})
    recipes = []
    with StoreWriter(folder / "events.bank") as store:
        for scene in plans:
            fields = []
            for e in scene["events"]:
                e["time"], e["seconds"] = e["start"] / RATE, e["length"] / RATE
                e["snr"] = round(float(rng.uniform(5.0, 20.0)), 2)
                key = hashlib.sha256(e["path"].encode()).hexdigest()
                store.add(
                    SourceInfo(key, e["path"], 0, e["length"], 0.0, e["label"], key, "CC0-1.0", "benchmark", e["path"])
                )
                gain = REF_DB + e["snr"] - lufs[e["path"]]
                source = {"key": key, "from": 0}
                fades = {"fade_in": FADE, "fade_out": FADE}
                fields.append({"source": source, "start": e["start"], "length": e["length"], "gain_db": gain, **fades})
            recipes.append(
                {"v": 2, "kind": "complex/temporal", "rate": RATE, "length": int(SECONDS * RATE), "seed": 0,
                 "events": fields, "background": None}
            )  # fmt: skip
    out = folder / "out"
    out.mkdir()
    base = {"rate": RATE, "ref_db": REF_DB, "foreground": str(foreground), "background": str(background)}
    job = {**base, "scenes": plans, "out": str(out), "keep": 20}
    theirs = asked(python, {**job, "what": "memory"})
    recordings = SourceStore.open(folder / "events.bank")
    render(recipes[0], recordings)  # imports
    wall, cpu, _ = timed(lambda: [render(r, recordings) for r in recipes])
    worst, level = 0.0, 0.0
    for i in range(min(20, scenes)):
        heard, made = np.load(out / f"{i}.npy")[:, 0], render(recipes[i], recordings)
        worst = max(worst, float(np.max(np.abs(heard - made))))
        level = max(level, float(np.max(np.abs(made))))
    print(f"the same scenes: greatest difference of two samples {worst:.1e}, loudest sample {level:.2f}")
    audio_s = scenes * SECONDS
    told(f"Scaper {theirs['version']}, into memory", audio_s, theirs["wall"], theirs["cpu"])
    told("ours, the same recordings, into memory", audio_s, wall, cpu)
    ratio = theirs["cpu"] / cpu
    files = asked(python, {**job, "what": "files"})
    fresh = SourceStore.open(folder / "events.bank")

    def write() -> None:
        for i, r in enumerate(recipes):
            (out / f"{i}.flac").write_bytes(encode_flac(render(r, fresh)))

    wall, cpu, _ = timed(write)
    told("Scaper, WAV and JAMS files", audio_s, files["wall"], files["cpu"])
    told("ours, FLAC files", audio_s, wall, cpu)
    print(f"scaper_ratio_memory={ratio:.1f} scaper_ratio_files={files['cpu'] / cpu:.1f}")


def many(clips: int, folder: Path) -> None:
    """Planning and rendering of procedural scenes of 3 to 8 events, the same with one worker and with two.

    Of a few hundred scenes the start of the worker processes is most of the time: ask for 10,000.
    """
    from audio_reasoner.dataset import read_clips
    from audio_reasoner.synth.job import plan_run, render_files

    asked_for: dict[str, Any] = {"min_events": 3, "max_events": 8, "crossfade_probability": 0.15}
    wall, cpu, made = timed(lambda: plan_run(folder / "run", clips, 7, **asked_for))
    print(f"planned {clips:,} scenes into a run: {wall:.1f} s wall, {cpu:.1f} s cpu, {clips / cpu:.0f} scenes/s of cpu")
    planned = list(read_clips(folder / "run"))
    part = planned[: max(clips // 5, 1)]
    seconds = sum(c.duration_s for c in part)
    wall, cpu, _ = timed(lambda: sum(len(clip_audio(c)) for c in part))
    told(f"{len(part):,} scenes rendered, no files", seconds, wall, cpu)
    start, _, _ = timed(lambda: sum(render_files(folder / "start", iter(planned[:2]), 2)))
    walls = []
    for workers in (1, 2):
        out = folder / f"run{workers}"
        wall, cpu, _ = timed(lambda w=workers, p=out: sum(render_files(p, iter(planned), w)))
        size = sum(f.stat().st_size for f in out.rglob("*.flac"))
        told(f"{clips:,} scenes as FLAC ({size / 1e6:.0f} MB), {workers} worker(s)", made.seconds, wall, cpu)
        walls.append(wall)
        shutil.rmtree(out)
    print(
        f"two_workers_speedup={walls[0] / walls[1]:.2f} (wall, the same {clips:,} scenes; {start:.1f} s until 2 start)"
    )


def plans(n: int) -> None:
    """Planning alone: scenes per second and memory."""
    from audio_reasoner.synth.balance import Composition

    for kind in ("temporal", "composite", "mixed"):
        made = Composition()

        def count(kind: str = kind, made: Composition = made) -> None:
            for clip in plan_complex(n, 7, kind=kind, min_events=3, max_events=8, crossfade_probability=0.15):
                made.add(clip)

        wall, cpu, _ = timed(count)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{kind:10s} {n:,} plans, balanced: {wall:.1f} s wall, {n / cpu:.0f} plans/s of cpu, peak {peak:.0f} MB",
            flush=True,
        )


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scaper", help="interpreter that has scaper")
    parser.add_argument("--scenes", type=int, default=300)
    parser.add_argument("--clips", type=int, default=0)
    parser.add_argument("--plans", type=int, default=0)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if args.scaper:
            against_scaper(args.scaper, args.scenes, Path(folder) / "scaper")
        if args.clips:
            many(args.clips, Path(folder))
    if args.plans:
        plans(args.plans)


if __name__ == "__main__":
    main()
