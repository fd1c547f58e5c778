"""Runs EmoBox's scoring_metric.py on made predictions and writes its verdicts for the tests.

    git clone https://github.com/emo-box/EmoBox
    pip install scikit-learn numpy                     # run this script in an environment that has them
    python benchmarks/parity_emobox.py --official EmoBox/examples/sb/scoring_metric.py

The script scores class numbers of a classifier. Each made reply is therefore given to it as the number its generator
knows it to mean: a label's number if the reply is literally that label, else 7, a class that no utterance has. The
script knows sets only, so a prediction that is a set of its own gets a verdict of its own.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import importlib.util
import json
import random
import sys
import warnings
from pathlib import Path
from typing import Any

SEED, SINGLES, SETS = 31_500, 2_000, 150
LABELS = ("neutral", "joy", "sadness", "surprise", "disgust", "anger", "fear")
EMOBOX = ("Neutral", "Happy", "Sad", "Surprise", "Disgust", "Angry", "Fear")
NO_LABEL = 7
OUT = Path(__file__).parent.parent / "tests/evaluation/parity/emobox.json.gz"


def reply(r: random.Random, meant: int) -> tuple[str, int]:
    """A reply that means class `meant`, and the class EmoBox's rule can see in it."""
    if r.random() < 0.6:
        return r.choice([LABELS[meant], EMOBOX[meant], f" {LABELS[meant]}", f"\n{EMOBOX[meant]}"]), meant
    label = LABELS[meant]
    forms = [f"{label}.", f"{label}\n", label.upper(), f"The emotion is {label}.", "", " ", "开心", "(b)", f'"{label}"']
    return r.choice([*forms, "happy", "sad", "angry", f"{label}, {LABELS[meant - 1]}", f"not {label}"]), NO_LABEL


def one_set(r: random.Random, size: int) -> list[dict[str, Any]]:
    """Utterances with skewed classes, some of which may not occur, and replies of a model of some skill."""
    weights = [r.random() ** 3 for _ in LABELS]
    skill, rows = r.random(), []
    for _ in range(size):
        gold = r.choices(range(7), weights)[0]
        text, seen = reply(r, gold if r.random() < skill else r.randrange(7))
        rows.append({"gold": LABELS[gold], "reply": text, "seen": seen})
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--official", type=Path, required=True, help="your copy of scoring_metric.py")
    parser.add_argument("--commit", required=True, help="the commit it is of")
    args = parser.parse_args()
    spec = importlib.util.spec_from_file_location("scoring_metric", args.official)
    if spec is None or spec.loader is None:
        sys.exit(f"{args.official} cannot be loaded")
    official = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(official)
    import numpy as np
    import sklearn

    warnings.filterwarnings("ignore")  # scikit-learn remarks on classes that occur on one side only
    r = random.Random(SEED)
    sets = [one_set(r, 1) for _ in range(SINGLES)]
    sets += [one_set(r, r.choice([2, 5, 10, 30, 100])) for _ in range(SETS)]
    verdicts = []
    for rows in sets:
        gold = [LABELS.index(row["gold"]) for row in rows]
        seen = [row["seen"] for row in rows]
        scores = official.ComputePerformance(gold, seen)
        ua, wa, micro, macro = official.scoring_ua_wa([(0, np.eye(8)[seen], np.array(gold))])
        assert [ua, wa, micro, macro] == [scores[f"overall{k}"] for k in ("UA", "WA", "MicroF1", "MacroF1")]
        verdicts.append([float(wa), float(ua), float(micro), float(macro)])
    held = {
        "official": {
            "repository": "emo-box/EmoBox",
            "commit": args.commit,
            "script": "examples/sb/scoring_metric.py",
            "sha256": hashlib.sha256(args.official.read_bytes()).hexdigest(),
            "scikit-learn": sklearn.__version__,
        },
        "columns": ["WA", "UA", "micro-F1", "macro-F1"],
        "sets": [[[row["gold"], row["reply"]] for row in rows] for rows in sets],
        "verdicts": verdicts,
    }
    OUT.parent.mkdir(parents=True, exist_ok=True)
    data = json.dumps(held, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    OUT.write_bytes(gzip.compress(data, 9, mtime=0))
    print(f"{OUT.name}: {sum(map(len, sets)):,} predictions in {len(sets):,} sets, {OUT.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
