"""Runs AIR-Bench's official score_foundation.py on made predictions and writes its verdicts for the tests.

    git clone https://github.com/OFA-Sys/AIR-Bench
    python benchmarks/parity_air_foundation.py --official AIR-Bench/score_foundation.py

The script keeps no row verdicts and crashes if a pair has no row it can read. Each case is therefore run on its own,
unmodified, within this process (`runpy`), together with one row of the same pair that is certainly right; what the
sums hold beyond that row is the verdict. The whole file is run once more for its sums by pair.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import runpy
import tempfile
from pathlib import Path
from typing import Any

from parity_choices import Case, cases, script_facts, write_verdicts

N, SEED = 2_600, 19025
PAIRS = (
    ("Sound_AQA", "avqa"),
    ("Sound_AQA", "clothoaqa"),
    ("Music_AQA", "music_avqa"),
    ("Speaker_Emotion_Recontion", "meld"),
    ("Audio_Grounding", "AudioGrounding"),
)
INPUT = "Foundation_result_modelx.jsonl"


def row(i: int, case: Case) -> dict[str, Any]:
    """One row of the result file; two-option questions have no choices C and D, or null ones."""
    task, dataset = PAIRS[i % len(PAIRS)]
    letters = {f"choice_{'abcd'[k]}": choice for k, choice in enumerate(case.choices)}
    if i % 2:
        letters = {f"choice_{x}": letters.get(f"choice_{x}") for x in "abcd"}  # as the official inference writes it
    made: dict[str, Any] = {
        "path": f"{i}.wav",
        "question": "What is heard?",
        **letters,
        "answer_gt": case.answer,
        "task_name": task,
        "dataset_name": dataset,
        "uniq_id": i,
    }
    if case.kept != "missing":
        made["response"] = case.reply if case.kept == "text" else None
    return made


def run_script(script: Path, rows: list[dict[str, Any]], folder: Path) -> dict[str, Any]:
    """The script's own names after it has run in `folder` on `rows`."""
    (folder / INPUT).write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
    with contextlib.redirect_stdout(io.StringIO()):
        return runpy.run_path(str(script), run_name="__main__")


def verdict(script: Path, made: dict[str, Any], folder: Path) -> Any:
    """1, 0, "dropped", or the name of the error."""
    sure = made | {"choice_a": "yes", "choice_b": "no", "answer_gt": "yes", "response": "A"}
    try:
        names = run_script(script, [sure, made], folder)
    except (Exception, SystemExit) as error:  # whatever it is, its name is the verdict
        return type(error).__name__
    pair = f"{made['task_name']}_{made['dataset_name']}"
    total, correct, failed = names["total_num_dict"][pair], names["correct_num_dict"][pair], names["fail_num"]
    if failed:
        return "dropped" if (total, correct) == (1, 1) else "?"
    return correct - 1 if total == 2 else "?"


def main() -> None:
    """Make the verdict file."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--official", type=Path, required=True, help="score_foundation.py of AIR-Bench")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    script = given.official.resolve()
    rows = [row(i, case) for i, case in enumerate(cases(N, SEED, most_options=4, lettered=0.5))]
    with tempfile.TemporaryDirectory() as name:
        before = Path.cwd()
        os.chdir(name)
        try:
            found = [verdict(script, r, Path(name)) for r in rows]
            whole = [r for r, v in zip(rows, found, strict=True) if v in (0, 1, "dropped")]
            names = run_script(script, whole, Path(name))
        finally:
            os.chdir(before)
    content = {
        "official": script_facts(script, "OFA-Sys/AIR-Bench", "9832476"),
        "seed": SEED,
        "cases": [{**r, "verdict": v} for r, v in zip(rows, found, strict=True)],
        "sums": {
            "pair": {p: [names["correct_num_dict"][p], names["total_num_dict"][p]] for p in names["task_id_list"]},
            "dropped": names["fail_num"],
        },
    }
    write_verdicts("air_foundation", content, given.out)


if __name__ == "__main__":
    main()
