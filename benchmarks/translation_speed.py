"""How long a score of translations takes: everything of ours beside sacrebleu's corpus BLEU alone, in one run.

    python benchmarks/translation_speed.py [-n 100000]

Ours counts the raw and the unwrapped hypotheses, character BLEU (for Chinese), makes 95 % intervals over clips for
every group of a table by length; sacrebleu computes one number. Seconds are processor time of one core.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from itertools import pairwise
from pathlib import Path

from audio_reasoner.evaluation import covost2_en_zh, covost2_zh_en
from audio_reasoner.evaluation.predictions import read_predictions

EN = ("the", "a", "of", "to", "in", "was", "he", "she", "film", "team", "river", "city", "year", "old", "first", "when")


def sentence(r: random.Random, chinese: bool) -> str:
    if chinese:
        return "".join(chr(r.randrange(0x4E00, 0x5000)) for _ in range(r.randrange(5, 40))) + "。"
    words = [r.choice(EN) + r.choice(["", "s", "ing"]) for _ in range(r.randrange(3, 18))]
    return " ".join(words).capitalize() + "."


def near(r: random.Random, text: str, chinese: bool) -> str:
    pieces = list(text) if chinese else text.split(" ")
    for _ in range(len(pieces) // 4):
        pieces[r.randrange(len(pieces))] = sentence(r, chinese)[0]
    made = ("" if chinese else " ").join(pieces)
    return f'Translation: "{made}"' if r.random() < 0.1 else made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", type=int, default=100_000)
    n = parser.parse_args().n
    import sacrebleu

    figures = []
    for module, stem, how in ((covost2_en_zh, "en_zh-CN", "zh"), (covost2_zh_en, "zh-CN_en", "13a")):
        r = random.Random(n)
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            refs = [sentence(r, how == "zh") for _ in range(n)]
            hyps = [near(r, ref, how == "zh") for ref in refs]
            rows = "".join(f"{i}.mp3\tx\t{ref}\tc\n" for i, ref in enumerate(refs))
            (root / f"covost_v2.{stem}.test.tsv").write_text(f"path\tsentence\ttranslation\tclient_id\n{rows}")
            with (root / "p.jsonl").open("w") as f:
                f.writelines(json.dumps({"id": f"{i}.mp3", "response": h}) + "\n" for i, h in enumerate(hyps))
            marks = [time.process_time()]
            benchmark = module.read(root)
            marks.append(time.process_time())
            predictions = read_predictions(root / "p.jsonl")
            marks.append(time.process_time())
            score = module.score(benchmark, predictions)
            marks.append(time.process_time())
            known = sacrebleu.corpus_bleu(hyps, [refs], tokenize=how).score
            marks.append(time.process_time())
        if score.overall.values["strict"].value != known:
            raise SystemExit(f"{score.overall.values['strict'].value} is not sacrebleu's {known}")
        data, answers, ours, theirs = (b - a for a, b in pairwise(marks))
        print(f"{score.benchmark.name}  {n:,} sentences, BLEU {known:.2f}, equal to sacrebleu's")
        print(
            f"  read data {data:.2f} s, read predictions {answers:.2f} s, score {ours:.2f} s; sacrebleu {theirs:.2f} s"
        )
        figures.append(f"{how}_score_s={ours:.2f} {how}_sacrebleu_s={theirs:.2f} {how}_ratio={theirs / ours:.2f}")
    print(f"translation_speed n={n} " + " ".join(figures))


if __name__ == "__main__":
    main()
