"""Our verdicts against the official scripts, row by row (made by benchmarks/parity_{qwen2_audio,emobox}.py)."""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from audio_reasoner.evaluation import covost2_en_zh, covost2_zh_en, emotion, meld
from audio_reasoner.evaluation.base import Item
from audio_reasoner.evaluation.covost2 import judge as judge_translation
from audio_reasoner.evaluation.predictions import Predictions
from audio_reasoner.evaluation.translation import bleu, counts, tokenize

HERE = Path(__file__).parent / "parity"


def verdicts(name: str) -> dict[str, Any]:
    return json.loads(gzip.decompress((HERE / name).read_bytes()))


def by_source(rows: list[dict[str, str]]) -> dict[str, list[dict[str, str]]]:
    found: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in rows:
        found[row["source"]].append(row)
    return found


def test_every_source_of_evaluate_st_has_the_score_the_script_printed() -> None:
    held = verdicts("qwen2_audio_st.json.gz")
    old, now = held["verdicts"]["1.5.1"], held["verdicts"]["2.6.0"]
    sources = by_source(held["rows"])
    assert len(held["rows"]) >= 2000
    assert sum(len(rows) == 1 for rows in sources.values()) >= 2000
    differ = []
    for source, rows in sources.items():
        how = "zh" if source.split("_")[-2] == "zh" else "13a"
        sums = [0] * 10
        for row in rows:
            item = Item("x", ("x",), "", (), row["gt"], None, {}, "x")
            sums = [a + b for a, b in zip(sums, judge_translation(item, row["response"], how).strict, strict=True)]
        assert f"{bleu(sums):.4f}" == f"{now[source]:.4f}", (source, rows)
        if now[source] != old[source]:
            differ.append(sums)
    # The only difference between the pinned and today's sacrebleu: no n-gram matches at all.
    assert differ
    assert all(sums[2] == 0 for sums in differ)


@pytest.mark.parametrize(("module", "pair"), [(covost2_en_zh, "en_zh"), (covost2_zh_en, "zh_en")])
def test_a_whole_file_through_reader_and_score(tmp_path: Path, module: Any, pair: str) -> None:
    held = verdicts("qwen2_audio_st.json.gz")
    sources = by_source(held["rows"])
    for number in range(3):
        source = f"corpus{number}_{pair}_test"
        rows = [row | {"audio": f"a/{i}.mp3"} for i, row in enumerate(sources[source])]
        file = tmp_path / "covost2_eval.jsonl"
        file.write_text("".join(json.dumps(row) + "\n" for row in rows))
        score = module.score(module.read(tmp_path), Predictions({row["audio"]: row["response"] for row in rows}))
        value = score.overall.values["strict"].value
        assert f"{value:.4f}" == f"{held['verdicts']['2.6.0'][source]:.4f}"


def test_every_row_of_evaluate_emotion(tmp_path: Path) -> None:
    held = verdicts("qwen2_audio_emotion.json.gz")
    rows = [row | {"audio": f"ser/{i}.wav"} for i, row in enumerate(held["rows"])]
    assert len(rows) >= 2000
    (tmp_path / "meld_eval.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    benchmark = meld.read(tmp_path)
    assert len(benchmark.items) == len(rows)
    right: dict[str, list[bool]] = defaultdict(list)
    for item, row in zip(benchmark.items, rows, strict=True):
        right[row["source"]].append(meld.judge(item, row["response"]).strict)
    for source, hits in right.items():
        assert sum(hits) / len(hits) == pytest.approx(held["verdicts"][source], abs=1e-12), source
    singles = {s: v for s, v in right.items() if len(v) == 1}
    assert len(singles) >= 2000
    assert 0.2 < sum(v[0] for v in singles.values()) / len(singles) < 0.8


def test_every_set_of_emobox() -> None:
    held = verdicts("emobox.json.gz")
    assert sum(map(len, held["sets"])) >= 2000
    for rows, expected in zip(held["sets"], held["verdicts"], strict=True):
        gold, seen = [], []
        for label, reply in rows:
            number = emotion.LABELS.index(label)
            item = Item("x", (), "", emotion.LABELS, label, number, {}, "x", {"class": number})
            gold.append(number)
            seen.append(meld.judge(item, reply).predicted["emobox"])
        matrix = emotion.matrix_of(gold, seen)
        ours = [
            emotion.weighted(matrix),
            emotion.unweighted(matrix),
            emotion.weighted(matrix),
            emotion.macro_f1(matrix),
        ]
        assert [float(v) for v in ours] == pytest.approx(expected, abs=1e-12), rows


def test_tokens_and_scores_are_sacrebleus_own_on_hostile_text() -> None:
    import random

    from sacrebleu.metrics import BLEU, CHRF
    from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a
    from sacrebleu.tokenizers.tokenizer_zh import TokenizerZh

    from audio_reasoner.evaluation.translation import chrf, chrf_counts, precisions

    r = random.Random(5)
    alphabet = "ab1.,-&;'\"<>()中文。，！“”…—Ａ１ é\n\t\u2028\u00a0 ～@[]{}^_`|\\$%+=/:?*#9,.5-３𠮷\x1c"
    texts = [
        "".join(r.choice(alphabet) for _ in range(r.randrange(30))) + r.choice(["", "&amp;", "<skipped>", "-\n"])
        for _ in range(3000)
    ]
    theirs = {"zh": TokenizerZh(), "13a": Tokenizer13a()}
    for how, tokenizer in theirs.items():
        for text in texts:
            assert tokenize(text, how) == tokenizer(text.rstrip()).split(), text
        for i in range(0, 0x30000, 11):
            assert tokenize(f"a{chr(i)}b", how) == tokenizer(f"a{chr(i)}b").split(), hex(i)
    for how in ("zh", "13a", "char"):
        for _ in range(150):
            n = r.randrange(1, 6)
            hyps = [r.choice(texts) for _ in range(n)]
            refs = [h if r.random() < 0.4 else r.choice(texts) for h in hyps]
            rows = [counts(tokenize(h, how), tokenize(f, how)) for h, f in zip(hyps, refs, strict=True)]
            sums = [sum(column) for column in zip(*rows, strict=True)]
            known = BLEU(tokenize=how).corpus_score(hyps, [refs])
            assert (bleu(sums), precisions(sums)) == (known.score, known.precisions)
            one = BLEU(tokenize=how, effective_order=True).sentence_score(hyps[0], [refs[0]])
            assert bleu(rows[0], sentence=True) == one.score
            for order in (1, 2, 3):
                assert bleu(sums, order) == BLEU(tokenize=how, max_ngram_order=order).corpus_score(hyps, [refs]).score
            chars = [sum(c) for c in zip(*map(chrf_counts, hyps, refs), strict=True)]
            assert chrf(chars) == pytest.approx(CHRF().corpus_score(hyps, [refs]).score, abs=1e-9)
