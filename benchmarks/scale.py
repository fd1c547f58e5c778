"""Does a run of 1,200,000 samples still start, write, export and report in minutes, in little memory?

Claim under test: with 400,000 recordings of three questions each, every step below takes less than 5 minutes and less
than 1 GB of resident memory (all processes of the step together), audio by reference.

    resume    `build` on a run with nothing left to do, until it begins to write: survey, plan, done scan
    data set  the rest of that build: 1,200,000 rows out of the ledger, sorted and written
    ms-swift, hf   exports by reference; the hash of every recording is checked, so every file is read
    report    `report` with its default of 200 samples
    status, show, verify   what one looks up in between

How the run is made: the real engine builds some clips first; the rows it left in the ledger are then repeated for every
clip under its own id, with a number in every text so that no two are equal, and 150 random words more in every
reasoning, so that chains are as long as a language model's and compress as badly. The recordings are distinct, but
short (some 250 bytes): reading 400,000 real ones of 10 s, about 130 GB, would take as long as the disk needs for that.
A paid teacher leaves its replies in the ledger too: `--calls` of them per clip, 500 bytes each.

    python benchmarks/scale.py                      # 1,200,000 samples; some 10 GB below --work
    python benchmarks/scale.py --samples 120000
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import sqlite3
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from audio_reasoner.clients.ledger import Ledger, LedgerReader
from audio_reasoner.core import ids
from audio_reasoner.core.records import AudioRef, Clip, Label
from audio_reasoner.core.run import RunDir
from audio_reasoner.cota import BuildSettings, build_sync
from audio_reasoner.cota.engine import current_plan
from audio_reasoner.cota.plan import FACTS, facts_of
from audio_reasoner.dataset import count_clips, count_rows, read_clips, read_rows, verify_dataset, write_clips

QUESTIONS = 3
TAGS = (
    "dog bark", "church bell", "rain", "siren", "footsteps", "door", "crowd", "thunder", "engine", "keyboard typing",
    "rooster", "frog", "glass", "saw", "kettle", "wind", "train", "harbour", "applause", "clock",
)  # fmt: skip
PLACES = ("in a yard", "beside a road", "in a small room", "near the water", "at a station", "in a kitchen", "at night")
STEPS = ("resume", "data set", "ms-swift", "hf", "report", "status", "show", "verify")


def wav(number: int, samples: int) -> bytes:
    """A valid 16 kHz mono WAV file that differs from that of every other number."""
    rng = random.Random(number)
    data = struct.pack("<Q", number) + bytes(rng.getrandbits(8) // 16 if k % 2 else 0 for k in range(2 * samples - 8))
    head = struct.pack("<4sI4s", b"RIFF", 36 + len(data), b"WAVE")
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, 16000, 32000, 2, 16)
    return head + form + struct.pack("<4sI", b"data", len(data)) + data


def recordings(folder: Path, n: int, samples: int) -> Iterator[Clip]:
    """Write n recordings and give their clips."""
    import hashlib

    for i in range(n):
        rng = random.Random(f"clip {i}")
        tags = rng.sample(TAGS, rng.randint(1, 3))
        path = folder / f"{i // 1000:04d}" / f"recording-{i:07d}.wav"
        if i % 1000 == 0:
            path.parent.mkdir(parents=True, exist_ok=True)
        data = wav(i, samples)
        path.write_bytes(data)
        source_id = path.relative_to(folder).as_posix()
        caption = f"{tags[0].capitalize()} {rng.choice(PLACES)}, recorded with take number {i}."
        yield Clip(
            clip_id=ids.clip_id("field", source_id, 0, None),
            source="field",
            source_id=source_id,
            audio=AudioRef(path=str(path)),
            content_key=ids.content_key_of_span(hashlib.sha256(data).hexdigest()),
            duration_s=10.0,
            domains=("sound",),
            labels=(*(Label(kind="tag", value=t) for t in tags), Label(kind="caption", value=caption, language="en")),
            licence="CC-BY-4.0",
            language="en",
            group=source_id,
        )


def patterns(work: Path, clips: int) -> list[list[tuple[str, str, str]]]:
    """What the engine leaves in the ledger for a clip: (rest of the unit's id, stage, JSON) for some real ones."""
    run = RunDir.create(work / "pattern")
    write_clips(run.path, recordings(work / "pattern-audio", clips, 16000))
    build_sync(run, BuildSettings(questions_per_clip=QUESTIONS), workers=2)
    with LedgerReader.open(run.ledger_path) as ledger:
        plan = current_plan(ledger)
        assert plan is not None
        found = []
        for clip in read_clips(run.path):
            rows = ledger.derived(plan, clip.clip_id)
            if sum(stage == "check" for _, stage in rows) == QUESTIONS:
                found.append([(unit[len(clip.clip_id) :], stage, text) for (unit, stage), text in sorted(rows.items())])
    with sqlite3.connect(run.ledger_path) as db:
        config = db.execute("SELECT count(*), avg(length(json)) FROM derived").fetchone()
    print(f"pattern: {len(found)} clips, {config[0]} ledger rows, {config[1]:.0f} bytes each", flush=True)
    return found


def make(work: Path, samples: int, calls: int) -> None:
    """The run, as a build would have left it before it wrote the data set."""
    began = time.monotonic()
    found = patterns(work, 600)
    run = RunDir.create(work / "run", source={"name": "folder", "path": str(work / "audio")})
    write_clips(run.path, recordings(work / "audio", samples // QUESTIONS, 100))
    print(f"clips: {count_clips(run.path):,} after {time.monotonic() - began:.0f} s", flush=True)
    # The plan of this run is made by the engine itself: a build of one clip, whose rows are replaced below.
    build_sync(run, BuildSettings(questions_per_clip=QUESTIONS), limit=1, workers=0)
    with LedgerReader.open(run.ledger_path) as ledger:
        plan = current_plan(ledger)
        assert plan is not None
        (evidence,) = ledger._all("SELECT version, json FROM evidence LIMIT 1")
    Ledger(run.ledger_path).close()
    fill(run, plan, found, evidence, calls)
    shutil.rmtree(run.dataset_dir)
    size = sum(p.stat().st_size for p in run.path.glob("ledger.sqlite*"))
    print(f"ledger: {size / 1e9:.2f} GB after {time.monotonic() - began:.0f} s", flush=True)


def fill(
    run: RunDir, plan: str, found: list[list[tuple[str, str, str]]], evidence: tuple[str, str], calls: int
) -> None:
    """Write all rows at once; only here is the ledger written by hand, because 5 million commits would take a day."""
    db = sqlite3.connect(run.ledger_path, isolation_level=None)
    db.execute("PRAGMA journal_mode = DELETE")  # all in one transaction would pass through the write-ahead log twice
    db.execute("PRAGMA synchronous = OFF")
    db.execute("PRAGMA cache_size = -200000")
    db.execute("BEGIN")
    db.execute("DELETE FROM derived")
    db.execute("DELETE FROM clips")
    version, measured = evidence
    texts = re.compile(r'("(?:planning|caption|summary)": ?")')
    reasoning = re.compile(r'("reasoning": ?")')
    rng = random.Random(0)
    vocabulary = ["".join(rng.choices("aeioudnrstlkm", k=rng.randint(2, 9))) for _ in range(2000)]
    prose = " ".join(vocabulary[min(int(rng.expovariate(0.004)), 1999)] for _ in range(400_000))
    keys: list[str] = []
    for seq, clip in enumerate(read_clips(run.path)):
        rows = []
        for rest, stage, text in found[seq % len(found)]:
            if stage == FACTS:  # of this clip: with another's it would count as listed again with other labels
                text = json.dumps(facts_of(clip).hex())
            elif stage != "check":
                at = rng.randrange(len(prose) - 1000)
                text = reasoning.sub(rf"\g<1>{prose[at : at + 1000]}. ", texts.sub(rf"\g<1>No. {seq}: ", text))
            rows.append((plan, clip.clip_id + rest, stage, None, "2", text))
        db.executemany("INSERT INTO derived VALUES (?, ?, ?, ?, ?, ?)", rows)
        db.execute("INSERT INTO clips VALUES (?, ?, ?)", (clip.clip_id, seq, plan))
        keys.append(clip.content_key)
        for k in range(calls):
            kind = "annotate" if k == 0 else "think" if k % 2 else "judge"
            db.execute(
                "INSERT INTO calls (call_key, kind, parent_id, provider, model, prompt_sha, state, raw, finish,"
                " tokens_in, tokens_out, cost_micro, started_at, ended_at)"
                " VALUES (?, ?, ?, 'openai', 'some-model', ?, 'done', ?, 'stop', 700, 450, 310, ?, ?)",
                (f"{seq * calls + k:064x}", kind, clip.clip_id, "0" * 64, random.Random(seq + k).randbytes(500),
                 "2026-01-01T00:00:00+00:00", "2026-01-01T00:00:01+00:00"),
            )  # fmt: skip
    for key in sorted(keys):  # in the order of the index, which would else be rewritten again and again
        mine = json.loads(measured) | {"content_key": key}
        db.execute("INSERT OR REPLACE INTO evidence VALUES (?, ?, ?)", (key, version, json.dumps(mine)))
    db.execute("COMMIT")
    db.close()


# --- the steps, each in a process of its own ---


def build_step(run: RunDir) -> None:
    """Build with nothing to do; tells when writing began and how much memory had been needed until then."""
    began = time.monotonic()
    mark: dict[str, float] = {}

    def watch(progress: object) -> None:
        if getattr(progress, "phase", "") == "data set" and "resume_s" not in mark:
            mark["resume_s"] = time.monotonic() - began
            # Not ru_maxrss: that counts what the parent held when it forked.
            mark["resume_mib"] = int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024

    result = build_sync(run, BuildSettings(questions_per_clip=QUESTIONS), watch=watch)
    assert not result.interrupted
    print(json.dumps(mark | {"rows": result.rows, "clips": result.clips_done}))


def resident_kib(pid: int) -> int:
    """VmRSS of a process and all its descendants, from /proc; 0 when it is gone."""
    total, waiting = 0, [pid]
    while waiting:
        p = waiting.pop()
        try:
            status = Path(f"/proc/{p}/status").read_text()
            total += int(status.split("VmRSS:")[1].split()[0])
            for task in Path(f"/proc/{p}/task").iterdir():
                waiting += [int(x) for x in (task / "children").read_text().split()]
        except (OSError, IndexError, ValueError):
            continue
    return total


def measured(command: list[str]) -> tuple[str, float, float]:
    """Run a command; its output, seconds, and peak resident memory (MiB) of the process with its children."""
    began = time.monotonic()
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        process = subprocess.Popen(command, stdout=out, stderr=err, env={**os.environ, "OMP_NUM_THREADS": "1"})
        peak = 0
        ended = threading.Event()

        def look() -> None:
            nonlocal peak
            while not ended.wait(0.05):
                peak = max(peak, resident_kib(process.pid))

        watcher = threading.Thread(target=look)
        watcher.start()
        status = process.wait()
        ended.set()
        watcher.join()
        seconds = time.monotonic() - began
        out.seek(0)
        err.seek(0)
        text = out.read()
        if status:
            raise SystemExit(f"{' '.join(command)} ended with {status}: {err.read()[-2000:]}")
    return text, seconds, peak / 1024


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=1_200_000)
    parser.add_argument("--calls", type=int, default=7, help="replies of a paid teacher per clip in the ledger")
    parser.add_argument("--work", type=Path, help="directory to work in; kept if it is given, and its run used again")
    parser.add_argument("--steps", default=",".join(STEPS), help=f"which to measure: {', '.join(STEPS)}")
    parser.add_argument("--only-build", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.only_build:
        build_step(RunDir.open(args.only_build))
        return
    work = args.work or Path(tempfile.mkdtemp(prefix="scale-"))
    run = work / "run"
    results: dict[str, tuple[float, float]] = {}

    def note(step: str, seconds: float, mib: float, more: str = "") -> None:
        results[step] = (seconds, mib)
        print(f"{step:10} {seconds:8.1f} s  {mib:7.0f} MiB  {more}", flush=True)

    try:
        if not (run / "made").exists():
            shutil.rmtree(work, ignore_errors=True)
            work.mkdir(parents=True)
            make(work, args.samples, args.calls)
            (run / "made").write_text("")
        steps = [s.strip() for s in args.steps.split(",")]
        cli = [sys.executable, "-c", "from audio_reasoner.cli import main; main()"]
        if {"resume", "data set"} & set(steps):
            text, seconds, mib = measured([sys.executable, __file__, "--only-build", str(run)])
            told = json.loads(text.splitlines()[-1])
            note("resume", told["resume_s"], told["resume_mib"], f"{told['clips']:,} clips done")
            note("data set", seconds - told["resume_s"], mib, f"{told['rows']:,} rows")
        for fmt in ("ms-swift", "hf"):
            if fmt in steps:
                text, seconds, mib = measured([*cli, "export", str(run), "-f", fmt, "--audio", "reference"])
                note(fmt, seconds, mib, text.strip().split(" → ")[0])
        if "report" in steps:
            text, seconds, mib = measured([*cli, "report", str(run)])
            note("report", seconds, mib, f"{(run / 'report.html').stat().st_size / 1e6:.1f} MB")
        if "status" in steps:
            note("status", *measured([*cli, "status", str(run)])[1:])
        if "show" in steps:
            row = next(read_rows(run / "dataset"))
            note("show", *measured([*cli, "show", str(run), row.sample_id[:12]])[1:])
        if "verify" in steps:
            began = time.monotonic()
            rows = verify_dataset(run / "dataset")
            assert rows == count_rows(run / "dataset")
            note("verify", time.monotonic() - began, 0.0, f"{rows:,} rows, in this process")
    finally:
        if args.work is None:
            shutil.rmtree(work, ignore_errors=True)
    slow = max((s for s, _ in results.values()), default=0.0)
    large = max((m for _, m in results.values()), default=0.0)
    figures = " ".join(f"{k.replace(' ', '_')}={s:.0f}s/{m:.0f}MiB" for k, (s, m) in results.items())
    print(f"scale: samples={args.samples} {figures} slowest={slow:.0f}s largest={large:.0f}MiB")


if __name__ == "__main__":
    main()
