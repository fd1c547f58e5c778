"""Claim: `kill -9` at any moment, against a teacher that fails in all known ways, loses nothing and pays nothing twice.

A server on this machine refuses (429 with and without Retry-After), answers 500 and 503, resets connections, stalls,
and sends garbage, HTML, error JSON, refusals, two chains in one reply, unclosed tags, cut and empty replies. One run is
built against it without interruption. Then the same clips are built by processes that are killed at random moments and
started again. In the end
- every question has ended once: as a sample, rejected with a reason, or in quarantine with a code;
- data set, exports and ledger are, byte for byte, those of the uninterrupted run;
- the server has answered at most those calls twice that were in flight at the kills: sent, by the ledger, and not
  stored. (The server knows of fewer: what it has answered may still be on its way to the disk.)

    python benchmarks/faults.py [--kills 100] [--clips 40] [--share 0.01] [--latency 0.3] [--seed 1]
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from kill_build import CLI, Build, call, digest, freeze
from loopback import Running, in_process

FORMATS = ("ms-swift", "hf")
FINISHED = (0, 4)
"""Exit codes of a build that is through: done, done with quarantined items."""


@dataclass
class Outcome:
    """Everything that must be equal."""

    dataset: dict[str, str]
    exports: dict[str, dict[str, str]]
    ledger: dict[str, str]


def outcome(run: Path, out: Path) -> Outcome:
    """Export the built run and hash everything."""
    exports = {}
    for name in FORMATS:
        call("export", run, "--format", name, "-o", out / name)
        exports[name] = digest(out / name)
    shutil.rmtree(out)
    return Outcome(digest(run / "dataset"), exports, tables(run / "ledger.sqlite"))


def tables(path: Path) -> dict[str, str]:
    """Hash of every table that a plan's results stand in."""
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    found = {
        table: hashlib.sha256(
            repr(sorted(db.execute(f"SELECT * FROM {table}").fetchall(), key=repr)).encode()
        ).hexdigest()
        for table in ("plans", "derived", "evidence", "clips", "quarantine")
    }
    db.close()
    return found


def ends(run: Path) -> tuple[Counter[str], int]:
    """How every unit ended, and how many ended not exactly once."""
    db = sqlite3.connect(f"file:{run / 'ledger.sqlite'}?mode=ro", uri=True)
    clips = {row[0] for row in db.execute("SELECT clip_id FROM clips")}
    rows = db.execute("SELECT unit_id, stage, json FROM derived").fetchall()
    derived = {(unit, stage): json.loads(text) for unit, stage, text in rows}
    aside: dict[str, list[str]] = {}
    for unit, code in db.execute("SELECT unit_id, code FROM quarantine"):
        aside.setdefault(unit, []).append(code)
    db.close()
    how: Counter[str] = Counter()
    wrong = 0
    for clip in clips:
        annotation = derived.get((clip, "annotate"))
        if annotation is None:
            wrong += len(aside.get(clip, [])) != 1
            how.update(f"quarantine {code}" for code in aside.get(clip, ["NOWHERE"]))
            continue
        wrong += clip in aside
        for k in range(len(annotation["questions"])):
            unit = f"{clip}/{k}"
            found = [f"quarantine {code}" for code in aside.get(unit, [])]
            check, judge = derived.get((unit, "check")), derived.get((unit, "judge"))
            if check is not None and check["decision"] == "rejected":
                found.append("rejected by checks")
            elif judge is not None:
                found.append("accepted" if judge["decision"] == "accepted" else "rejected by the judge")
            wrong += len(found) != 1
            how.update(found or ["NOWHERE"])
    return how, wrong


def command(run: Path, url: str) -> list[str]:
    """The build, with few places and short waits, so that faults do not take hours."""
    return [
        "build", str(run), "--teacher", f"openai:omni@{url}", "--workers", "1", "--timeout", "3", "--patience", "120",
        "--best-of", "2", "--captions", "--dialogues", "--max-in-flight", "32",
    ]  # fmt: skip


def answered(run: Path) -> int:
    """Replies in the ledger."""
    db = sqlite3.connect(f"file:{run / 'ledger.sqlite'}?mode=ro", uri=True)
    count = int(db.execute("SELECT count(*) FROM calls WHERE state = 'done'").fetchone()[0])
    db.close()
    return count


def sent(run: Path) -> set[tuple[str, str]]:
    """Calls that the ledger knows as sent and not as answered, each with its time: some may be of an earlier kill."""
    if not (run / "ledger.sqlite").exists():
        return set()
    db = sqlite3.connect(f"file:{run / 'ledger.sqlite'}?mode=ro", uri=True)
    try:
        return set(db.execute("SELECT call_key, started_at FROM calls WHERE state = 'sent'").fetchall())
    except sqlite3.OperationalError:  # killed before there was a table
        return set()
    finally:
        db.close()


def build_once(run: Path, server: Running) -> float:
    """Build without interruption; seconds."""
    begun = time.monotonic()
    done = subprocess.run([*CLI, *command(run, server.openai_url)], capture_output=True, text=True)
    if done.returncode not in FINISHED:
        sys.exit(f"a build ended with {done.returncode}:\n{done.stderr}")
    return time.monotonic() - begun


def main() -> int:
    """Run the comparison; 0 if everything is equal."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--clips", type=int, default=40)
    parser.add_argument("--share", type=float, default=0.01, help="share of replies with each kind of fault")
    parser.add_argument("--faults", default="", help="kind=share,… instead of all kinds with `--share`")
    parser.add_argument("--latency", type=float, default=0.3, help="mean seconds of a reply")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep-in", type=Path, help="copy runs that differ into this folder")
    args = parser.parse_args()
    rng = random.Random(args.seed)
    options = {
        "faults": args.faults or f"all={args.share}", "fault_attempts": 2, "stall_s": 30.0,
        "latency": args.latency, "limit": 64, "answers": "mixed",
    }  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="faults-") as folder, in_process(**options) as server:
        freeze(Path(folder) / "code")
        run, fresh, out = Path(folder) / "run", Path(folder) / "fresh", Path(folder) / "export"
        call("synth", "complex", "-n", str(args.clips), "--seed", "7", "-o", fresh)
        shutil.copytree(fresh, run)
        straight_s = build_once(run, server)
        expected, needed, stats = outcome(run, out), answered(run), server.stats()
        how, wrong = ends(run)
        shutil.copytree(run, Path(folder) / "straight")
        faults = {**stats["faults"], **{f"429 {k}": v for k, v in stats["refused"].items()}}
        print(
            f"uninterrupted: {args.clips} clips in {straight_s:.1f} s, {needed} replies, {stats['requests']} requests"
        )
        print("  faults:", ", ".join(f"{n} {kind}" for kind, n in sorted(faults.items())))
        print("  ends:  ", ", ".join(f"{n} {kind}" for kind, n in sorted(how.items())))

        kills = rounds = unequal = orphans = extra = in_flight = 0
        phases: Counter[str] = Counter()
        while True:
            shutil.rmtree(run)
            shutil.copytree(fresh, run)
            server.reset()
            round_kills, out_then = 0, set[tuple[str, str]]()
            while True:
                build = Build(run, 1, command(run, server.openai_url))
                aim = "none" if kills >= args.kills else rng.choice(("start", "clips", "clips", "clips", "write"))
                begun = time.monotonic()
                if aim == "write":
                    while not build.writing.wait(0.01) and build.process.poll() is None:
                        pass
                    time.sleep(rng.uniform(0.0, 0.1))
                else:
                    wait = {
                        "start": rng.uniform(0.2, 1.5),
                        "clips": rng.uniform(1.0, 1.0 + straight_s / 3),
                        "none": 900,
                    }
                    try:
                        build.process.wait(wait[aim])
                    except subprocess.TimeoutExpired:
                        if aim == "none":
                            sys.exit("a build did not end within 15 minutes")
                if build.process.poll() is not None:
                    break
                build.kill()
                out_then |= sent(run)  # may be answered for nobody
                kills, round_kills = kills + 1, round_kills + 1
                phase = "data set" if build.writing.is_set() else "clips" if build.lines else "start"
                phases[phase] += 1
                orphans += build.survivors()
                print(f"kill {kills:>3} after {time.monotonic() - begun:5.2f} s ({phase})", flush=True)
            if build.process.returncode not in FINISHED:
                sys.exit(f"a build ended with {build.process.returncode}:\n{''.join(build.lines)}")
            rounds += 1
            found, (how, bad) = outcome(run, out), ends(run)
            wrong += bad
            served = server.stats()["served"]
            differing = [
                name
                for name, ours, theirs in (
                    ("data set", found.dataset, expected.dataset),
                    *((f"table {t}", found.ledger[t], expected.ledger[t]) for t in expected.ledger),
                    *((f, found.exports[f], expected.exports[f]) for f in FORMATS),
                )
                if ours != theirs
            ]
            unequal += len(differing)
            if differing and args.keep_in is not None:
                shutil.copytree(folder, args.keep_in, dirs_exist_ok=True)
            flying = len(out_then)
            over = served - stats["served"]  # other replies than those needed: asked again after a kill
            extra, in_flight = extra + max(0, over), in_flight + flying
            print(
                f"round {rounds}: {round_kills} kills, {', '.join(differing) or 'everything'} "
                f"{'DIFFERS' if differing else 'equal'}; served {served}, {over:+} against {stats['served']} "
                f"uninterrupted, {flying} in flight at the kills",
                flush=True,
            )
            if over > flying:
                unequal += 1
                print("  more replies than needed + in flight")
            if kills >= args.kills:
                break
        print(
            f"kills={kills} ({', '.join(f'{n} in {p}' for p, n in sorted(phases.items()))}) rounds={rounds} "
            f"clips={args.clips} unequal={unequal} not_ended_once={wrong} orphans={orphans} "
            f"extra_replies={extra} in_flight_at_kills={in_flight}"
        )
    return 1 if unequal or wrong or orphans else 0


if __name__ == "__main__":
    sys.exit(main())
