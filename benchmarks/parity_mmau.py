"""Runs MMAU's official evaluation.py on made predictions and writes its verdicts for the tests.

    git clone https://github.com/Sakshi113/MMAU; git -C MMAU show 229babc:evaluation.py > evaluation_2024.py
    python benchmarks/parity_mmau.py --official MMAU/evaluation.py --official-2024 evaluation_2024.py

The script prints only sums, but marks every row it has judged in its own list `new_data`. It is run unmodified, as
`python evaluation.py --input FILE` would, within this process (`runpy`), and that list is read afterwards. A row with
null makes it crash, so each of those has a run of its own.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import runpy
import sys
import tempfile
from pathlib import Path
from typing import Any

from parity_choices import Case, cases, script_facts, write_verdicts

N, SEED = 2_600, 20250809
TASKS = ("sound", "music", "speech")
LEVELS = ("easy", "medium", "hard")
SUBS = ("Counting", "Instrumentation", "Emotion Flip Detection", "Temporal Reasoning", None)


def row(i: int, case: Case, key: str) -> dict[str, Any]:
    """One row of a prediction file in MMAU's form; the reply under `key`."""
    sub = SUBS[i % len(SUBS)]
    made: dict[str, Any] = {
        "id": f"p{i}",
        "audio_id": f"./audio/p{i}.wav",
        "question": "What is heard?",
        "choices": list(case.choices),
        "answer": case.answer,
        "dataset": "made",
        "task": TASKS[i % 3],
        "split": "test-mini",
        "category": "Reasoning",
        "difficulty": LEVELS[(i // 3) % 3],
        **({} if sub is None else {"sub-category": sub}),
    }
    if case.kept != "missing":
        made[key] = case.reply if case.kept == "text" else None
    return made


def run_script(script: Path, rows: list[dict[str, Any]], suffix: str = ".json") -> dict[str, Any]:
    """The script's own names after it has run on `rows`.

    Raises:
        Exception: whatever the script raises.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"input{suffix}"
        text = json.dumps(rows) if suffix == ".json" else "".join(json.dumps(r) + "\n" for r in rows)
        file.write_text(text, encoding="utf-8")
        argv, sys.argv = sys.argv, [str(script), "--input", str(file)]
        try:
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                return runpy.run_path(str(script), run_name="__main__")
        finally:
            sys.argv = argv


def verdicts(script: Path, rows: list[dict[str, Any]], key: str, suffix: str = ".json") -> tuple[dict[str, Any], Any]:
    """Per id: 1, 0, "skipped" or the name of the error; and the script's names after the common run."""
    whole = [r for r in rows if not (key in r and r[key] is None)]
    names = run_script(script, whole, suffix)
    found: dict[str, Any] = {r["id"]: "skipped" for r in whole}
    found |= {r["id"]: r["match"] for r in names["new_data"]}
    for r in rows:
        if key in r and r[key] is None:
            try:
                found[r["id"]] = run_script(script, [r], suffix)["new_data"][0]["match"]
            except Exception as error:  # whatever it is, its name is the verdict
                found[r["id"]] = type(error).__name__
    return found, names


def main() -> None:
    """Make the verdict file."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--official", type=Path, required=True, help="evaluation.py of 29 January 2025 or later")
    parser.add_argument("--official-2024", type=Path, required=True, help="evaluation.py of commit 229babc")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    made = list(cases(N, SEED, most_options=8))
    today, names = verdicts(given.official, [row(i, c, "model_output") for i, c in enumerate(made)], "model_output")
    first, _ = verdicts(
        given.official_2024, [row(i, c, "model_prediction") for i, c in enumerate(made)], "model_prediction"
    )
    content = {
        "official": script_facts(given.official, "Sakshi113/MMAU", "7468292"),
        "official_2024": script_facts(given.official_2024, "Sakshi113/MMAU", "229babc"),
        "seed": SEED,
        "cases": [
            {**row(i, case, "model_output"), "verdict": today[f"p{i}"], "verdict_2024": first[f"p{i}"]}
            for i, case in enumerate(made)
        ],
        "sums": {
            "overall": [names["corr"], names["total"]],
            "task": names["task_metrics"],
            "difficulty": names["diff_metrics"],
            "sub-category": names["subcat_metrics"],
        },
    }
    write_verdicts("mmau", content, given.out)


if __name__ == "__main__":
    main()
