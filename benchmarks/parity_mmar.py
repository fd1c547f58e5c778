"""Runs MMAR's official code/evaluation.py on made predictions and writes its verdicts for the tests.

    git clone https://github.com/ddlBoJack/MMAR
    python benchmarks/parity_mmar.py --official MMAR/code/evaluation.py

As for MMAU (`parity_mmau.py`): run unmodified within this process, row verdicts read from its own list.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from parity_choices import Case, cases, script_facts, write_verdicts
from parity_mmau import verdicts

N, SEED = 2_400, 20260216
MODALITIES = (
    "sound",
    "music",
    "speech",
    "mix-sound-music",
    "mix-sound-speech",
    "mix-music-speech",
    "mix-sound-music-speech",
)
LAYERS = ("Signal Layer", "Perception Layer", "Semantic Layer", "Cultural Layer")
SUBS = ("Counting and Statistics", "Imagination", "Spatial Analysis", None)
KEY = "answer_prediction"


def row(i: int, case: Case) -> dict[str, Any]:
    """One row of a prediction file in MMAR's form."""
    sub = SUBS[i % len(SUBS)]
    made: dict[str, Any] = {
        "id": f"m{i}",
        "audio_path": f"./audio/m{i}.wav",
        "question": "What is heard?",
        "choices": list(case.choices),
        "answer": case.answer,
        "modality": MODALITIES[i % 7],
        "category": LAYERS[(i // 7) % 4],
        **({} if sub is None else {"sub-category": sub}),
    }
    if case.kept != "missing":
        made[KEY] = case.reply if case.kept == "text" else None
    return made


def main() -> None:
    """Make the verdict file."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--official", type=Path, required=True, help="code/evaluation.py of MMAR")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    rows = [row(i, case) for i, case in enumerate(cases(N, SEED, most_options=6))]
    found, names = verdicts(given.official, rows, KEY, ".jsonl")
    content = {
        "official": script_facts(given.official, "ddlBoJack/MMAR", "3bce090"),
        "seed": SEED,
        "cases": [{**r, "verdict": found[r["id"]]} for r in rows],
        "sums": {
            "overall": [names["corr"], names["total"]],
            "modality": names["modality_metrics"],
            "category": names["category_metrics"],
            "sub-category": names["subcat_metrics"],
        },
    }
    write_verdicts("mmar", content, given.out)


if __name__ == "__main__":
    main()
