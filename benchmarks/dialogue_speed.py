"""How fast dialogues are made, and how long a run of them is.

    python benchmarks/dialogue_speed.py -n 100 --workers 1 2

Embedded scripts, embedded voices, a third of the dialogues in rooms and a third with a background. Once from nothing
and once again with every turn spoken, which leaves planning, rendering twice and listening.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path

from audio_reasoner.synth.dialogue import Mixing
from audio_reasoner.synth.dialogue_run import make_dialogues
from audio_reasoner.synth.scripts.writer import write_embedded
from audio_reasoner.synth.voices.espeak import Espeak


def cpu_s() -> float:
    """Seconds of processor of this process and its children."""
    used = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(u.ru_utime + u.ru_stime for u in used)


def main() -> None:
    """Print a line per number of processes and the figures last."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", type=int, default=100)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--seed", type=int, default=5)
    options = parser.parse_args()
    told = []
    for workers in options.workers:
        with tempfile.TemporaryDirectory() as folder, Espeak(workers) as engine:
            for what in ("spoken", "again"):
                began, cpu = time.perf_counter(), cpu_s()
                scripts = enumerate(write_embedded(options.n, options.seed))
                made = make_dialogues(
                    Path(folder), scripts, engine, options.seed, {}, mixing=Mixing(rooms=0.33, background=0.33)
                )
                took, cpu = time.perf_counter() - began, cpu_s() - cpu
                c = made.composition
                size = sum(p.stat().st_size for p in Path(folder).rglob("*") if p.is_file())
                print(
                    f"{workers} process(es), {what}: {c.clips} dialogues of {c.seconds / max(c.clips, 1):.0f} s, "
                    f"{made.spoken} turns spoken, {len(made.left_out)} left out, {took:.1f} s "
                    f"({cpu:.1f} s of processor), {size / 1e6:.0f} MB"
                )
                if what == "spoken":
                    told.append(
                        f"{workers}: {3600 * c.clips / took:,.0f}/h ({3600 * c.clips / cpu:,.0f} per core-hour)"
                    )
    print("dialogues by processes: " + ", ".join(told))


if __name__ == "__main__":
    main()
