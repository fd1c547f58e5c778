"""The base install: no torch, every base room imports, and `--help` answers in under 0.4 s.

Run it with the Python of an environment that has only `pip install audio-reasoner`. It measures the help of a whole new
process, several times, and compares the best run with that of an interpreter that does nothing, because on a busy
machine the rest is other people's time. Exits with 1 if a promise is broken.
"""

from __future__ import annotations

import importlib
import importlib.util
import subprocess
import sys
import time
from pathlib import Path

LIMIT_S = 0.4
RUNS = 9
ROOMS = (
    "core.audio",
    "core.choices",
    "core.records",
    "dataset",
    "evidence",
    "checks",
    "grounded",
    "sources.folder",
    "synth",
    "teachers",
    "cota",
    "cota.pages",
    "evaluation.mmau",
    "cli",
)
HEAVY = ("torch", "transformers", "pyarrow", "scipy", "librosa", "openai", "google.genai", "ray", "gradio")


def seconds(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> int:
    failures = []
    if importlib.util.find_spec("torch"):
        failures.append("torch is installed in this environment")
    for room in ROOMS:
        importlib.import_module(f"audio_reasoner.{room}")
    if "torch" in sys.modules:
        failures.append("importing the base rooms imported torch")
    loaded = subprocess.run(
        [sys.executable, "-c", "import sys, audio_reasoner.cli; print(*sys.modules)"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    failures += [f"importing the command line imports {name}" for name in HEAVY if name in loaded]

    command = str(Path(sys.executable).parent / "audio-reasoner")
    helps = sorted(seconds([command, "--help"]) for _ in range(RUNS))
    empty = sorted(seconds([sys.executable, "-c", "pass"]) for _ in range(RUNS))
    if helps[0] >= LIMIT_S:
        failures.append(f"--help took {helps[0]:.3f} s at best, the limit is {LIMIT_S} s")
    for failure in failures:
        print("FAILED:", failure)
    print(
        f"base_install help_min_s={helps[0]:.3f} help_median_s={helps[RUNS // 2]:.3f} "
        f"python_min_s={empty[0]:.3f} limit_s={LIMIT_S} failures={len(failures)}"
    )
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
