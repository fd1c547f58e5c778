"""CoVoST 2: the layouts as downloaded, what a hypothesis scores, and what is said about it."""

from __future__ import annotations

import json
import tarfile
import time
from pathlib import Path

import pytest

from audio_reasoner.core.errors import InputError
from audio_reasoner.evaluation import covost2_en_zh, covost2_zh_en
from audio_reasoner.evaluation.covost2_data import fields
from audio_reasoner.evaluation.predictions import Predictions
from audio_reasoner.evaluation.unwrap import quoted, unwrap

# As the authors' script writes it: no quoting, quotes and backslashes escaped, "NA" is a sentence.
READY = (
    "path\tsentence\ttranslation\tclient_id\n"
    'common_voice_en_1.mp3\tHe said \\"no\\".\t他说\\"不\\"。\tc1\n'
    "common_voice_en_2.mp3\tNA\tNA\tc1\n"
    'common_voice_en_3.mp3\t\\"\t“\tc2\n'
    "common_voice_en_4.mp3\ta\\\tb\t甲\\\\乙\tc2\n"
)


def ready(root: Path) -> Path:
    (root / "covost_v2.en_zh-CN.test.tsv").write_text(READY, encoding="utf-8")
    return root


def test_references_are_read_as_the_authors_wrote_them(tmp_path: Path) -> None:
    benchmark = covost2_en_zh.read(ready(tmp_path))
    assert [item.answer for item in benchmark.items] == ['他说"不"。', "NA", "“", "甲\\乙"]
    assert benchmark.items[3].extra["sentence"] == "a\tb"
    assert benchmark.items[0].audio == ("clips/common_voice_en_1.mp3",)
    assert "4 sentences (published: 15,531)" in benchmark.revision
    assert benchmark.problems == []


def test_tables_are_read_exactly_as_pandas_reads_them(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    import csv
    import random

    r = random.Random(7)
    told = {"sep": "\t", "encoding": "utf-8", "escapechar": "\\", "quoting": csv.QUOTE_NONE}
    file = tmp_path / "covost_v2.en_zh-CN.test.tsv"
    for _ in range(60):
        rows = {"path": [f"p{i}.mp3" for i in range(5)]}
        for column in ("sentence", "translation", "client_id"):
            rows[column] = [
                "".join(r.choice("ab \"'\\\t\n中,NA\u2028") for _ in range(r.randrange(8))) for _ in range(5)
            ]
        pandas.DataFrame(rows).to_csv(file, header=True, index=False, **told)
        known = pandas.read_csv(file, header=0, na_filter=False, **told)
        ours = {item.id: item.answer for item in covost2_en_zh.read(tmp_path).items}
        assert ours == dict(zip(known["path"], known["translation"].astype(str), strict=True))


def test_the_translation_table_is_joined_with_common_voice(tmp_path: Path) -> None:
    table = "path\ttranslation\tsplit\nb.mp3\tTwo.\ttest\na.mp3\tOne.\ttest\nc.mp3\tThree.\tdev\nlost.mp3\tX\ttest\n"
    with tarfile.open(tmp_path / "covost_v2.zh-CN_en.tsv.tar.gz", "w:gz") as archive:
        (tmp_path / "t.tsv").write_text(table)
        archive.add(tmp_path / "t.tsv", "covost_v2.zh-CN_en.tsv")
    with pytest.raises(InputError, match=r"validated\.tsv") as missing:
        covost2_zh_en.read(tmp_path)
    assert missing.value.code == "benchmark.missing"
    for language, sentence in (("en", "wrong language"), ("zh-CN", "一")):
        folder = tmp_path / "cv-corpus-4" / language
        (folder / "clips").mkdir(parents=True)
        rows = "".join(f"c{p}\t{p}.mp3\t{sentence}\t2\t0\n" for p in "abc")
        (folder / "validated.tsv").write_text(f"client_id\tpath\tsentence\tup_votes\tdown_votes\n{rows}broken\tline\n")
    benchmark = covost2_zh_en.read(tmp_path)
    assert [(i.id, i.answer, i.extra["sentence"]) for i in benchmark.items] == [
        ("a.mp3", "One.", "一"),
        ("b.mp3", "Two.", "一"),
    ]
    assert benchmark.audio_paths(benchmark.items[0]) == (tmp_path / "cv-corpus-4/zh-CN/clips/a.mp3",)
    assert any("lost.mp3" in p for p in benchmark.problems)
    assert any("line 5: 2 fields instead of 5" in p for p in benchmark.problems)


def test_qwens_list_is_parted_by_its_sources(tmp_path: Path) -> None:
    rows = [
        {"audio": "st/1.mp3", "source": "covost_en_zh_test", "gt": "一。", "prompt": "Translate"},
        {"audio": "st/2.mp3", "source": "covost_zh_en_test", "gt": "One."},
        {"audio": "st/3.mp3", "source": "covost_de_en_test", "gt": "Two."},
        {"audio": "st/1.mp3", "source": "covost_en_zh_test", "gt": "二。"},
    ]
    text = "".join(json.dumps(row) + "\n" for row in rows) + "{broken\n"
    (tmp_path / "covost2_eval.jsonl").write_text(text)
    to_chinese = covost2_en_zh.read(tmp_path)
    assert [(i.id, i.answer, i.extra["prompt"]) for i in to_chinese.items] == [("st/1.mp3", "一。", "Translate")]
    assert [p.split(": ", 1)[1] for p in to_chinese.problems] == [
        "st/1.mp3 comes again; its first row is scored",
        "no row with audio, source and gt; left out",
    ]
    assert [i.answer for i in covost2_zh_en.read(tmp_path).items] == ["One."]


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("covost_v2.en_zh-CN.test.tsv", b"", "benchmark.unreadable"),
        ("covost_v2.en_zh-CN.test.tsv", b"a\tb\n1\t2\n", "benchmark.unreadable"),
        ("covost_v2.en_zh-CN.test.tsv", b"\xff\xfe\x00", "benchmark.unreadable"),
        ("covost_v2.en_zh-CN.test.tsv", b"path\tsentence\ttranslation\n", "benchmark.no_items"),
        ("covost_v2.en_zh-CN.tsv.tar.gz", b"no archive", "benchmark.unreadable"),
        ("covost2_eval.jsonl", b"{}\n[]\n", "benchmark.no_items"),
        ("nothing", b"", "benchmark.missing"),
    ],
)
def test_broken_data_is_an_error_with_a_code(tmp_path: Path, name: str, data: bytes, code: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InputError) as error:
        covost2_en_zh.read(tmp_path)
    assert error.value.code == code


def test_a_table_of_the_other_direction_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        covost2_zh_en.read(ready(tmp_path) / "covost_v2.en_zh-CN.test.tsv")
    assert error.value.code == "benchmark.other_direction"


def test_strict_reads_the_response_as_it_is_and_extracted_without_wrapping(tmp_path: Path) -> None:
    (tmp_path / "covost_v2.zh-CN_en.test.tsv").write_text(
        "path\tsentence\ttranslation\tclient_id\n"
        "1.mp3\t一\tThe cat sat on the mat today.\tc\n"
        "2.mp3\t“二”\t“We will see about that now.”\tc\n"
        "3.mp3\t三\tNobody came to the station.\tc\n"
        "4.mp3\t四\tIt was very late already then.\tc\n"
    )
    benchmark = covost2_zh_en.read(tmp_path)
    rows = {}
    replies = {
        "1.mp3": "<THINK><SUMMARY>x</SUMMARY></THINK>"
        "<RESPONSE>The translation is: The cat sat on the mat today.</RESPONSE>",
        "2.mp3": "“We will see about that now.”",
        "3.mp3": "<THINK><SUMMARY>Nobody came to the station.</SUMMARY></THINK>",
    }
    score = covost2_zh_en.score(
        benchmark, Predictions(replies), "p", lambda row: rows.update({row.to_dict()["id"]: row})
    )
    first, second, third = (rows[f"{i}.mp3"].to_dict() for i in (1, 2, 3))
    assert first["readings"]["extracted"] == pytest.approx(100)
    assert first["readings"]["strict"] < 80
    assert first["why"]["extracted"] == "taken off first: label"
    assert second["readings"] == {
        "strict": pytest.approx(100),
        "extracted": pytest.approx(100),
    }  # the quotes belong to it
    assert third["body"] == ""
    assert third["readings"] == {"strict": 0.0, "extracted": 0.0}
    overall = score.overall
    assert (overall.items, overall.answered) == (4, 3)
    assert overall.facts["unparsed"] == {"count": 1, "rate": 0.3333}
    assert overall.facts["unwrapped"] == {"count": 1, "by_rule": {"label": 1}}
    strict = overall.values["strict"]
    assert strict.over_all is not None
    assert strict.value is not None
    assert strict.over_all < strict.value  # the missing one counts as an empty hypothesis: shorter, so a penalty
    assert any("1 hypotheses are empty: 3.mp3" in p for p in score.problems)
    assert any("1 of 4 sentences have no hypothesis" in n for n in score.notes)
    assert "char_bleu" not in overall.values
    json.dumps(score.to_dict())


def test_the_papers_columns_are_the_precisions_and_their_mean(tmp_path: Path) -> None:
    import sacrebleu

    (tmp_path / "covost_v2.zh-CN_en.test.tsv").write_text(
        "path\tsentence\ttranslation\tclient_id\n"
        "1.mp3\t一\tThe cat sat on the red mat.\tc\n2.mp3\t二\tNobody came to the old station.\tc\n"
    )
    benchmark = covost2_zh_en.read(tmp_path)
    hyps = ["The cat sat on a red mat.", "Nobody went to the old station today."]
    score = covost2_zh_en.score(benchmark, Predictions(dict(zip(["1.mp3", "2.mp3"], hyps, strict=True))))
    known = sacrebleu.corpus_bleu(hyps, [[i.answer for i in benchmark.items]], tokenize="13a")
    assert [score.paper[f"BLEU{n}"] for n in (1, 2, 3, 4)] == known.precisions
    assert score.paper["Avg"] == pytest.approx(sum(known.precisions) / 4)
    assert score.overall.values["strict"].value == known.score
    assert score.overall.values["bleu_4"].value == known.score
    chrf = sacrebleu.corpus_chrf(hyps, [[i.answer for i in benchmark.items]]).score
    assert score.overall.values["chrf"].value == pytest.approx(chrf)
    assert "tok:13a" in score.metrics[0].explained
    low, high = score.overall.values["strict"].interval or (0, 0)
    assert low <= known.score <= high


@pytest.mark.parametrize(
    ("reply", "text", "rules"),
    [
        ("  我喜欢狗。 ", "我喜欢狗。", ()),
        ('"我喜欢狗。"', "我喜欢狗。", ("quotes",)),
        ("The translation is: 我喜欢狗。", "我喜欢狗。", ("label",)),
        ("Sure! Here is the Chinese translation:\n\n“我喜欢狗。”", "我喜欢狗。", ("label", "quotes")),
        ("译文：我喜欢狗。", "我喜欢狗。", ("label",)),
        ("以下是中文翻译：\n我喜欢狗。", "我喜欢狗。", ("label",)),
        ("```text\nI like dogs.\n```", "I like dogs.", ("fence",)),
        ("**Translation:** I like dogs.", "I like dogs.", ("label",)),
        ("<|zh|>我喜欢狗。", "我喜欢狗。", ("token",)),
        ("**I like dogs.**", "I like dogs.", ("bold",)),
        ("**Translation**: I like dogs.", "I like dogs.", ("label",)),
        ("**Translation: I like dogs.**", "I like dogs.", ("bold", "label")),
        ("**Note:** I like dogs.", "**Note:** I like dogs.", ()),
        ("English: I like dogs.", "I like dogs.", ("label",)),
        # What only looks like wrapping stays.
        ('"Yes," he said, "no."', '"Yes," he said, "no."', ()),
        ("The translation of the book took years.", "The translation of the book took years.", ()),
        ("He gave this answer: no.", "He gave this answer: no.", ()),
        ("Translation:", "Translation:", ()),
        ("", "", ()),
        ('""', '""', ()),
        ("'tis the season's", "'tis the season's", ()),
    ],
)
def test_only_wrapping_is_taken_off(reply: str, text: str, rules: tuple[str, ...]) -> None:
    assert unwrap(reply) == (text, rules)


def test_wrapping_never_takes_everything_and_ends() -> None:
    for reply in (
        "Translation: " * 50,
        '"' * 40,
        "```\n" * 30,
        "<|a|>" * 5000,
        "译文：" * 100,
        "sure " * 20000,
        "**" * 999,
    ):
        started = time.perf_counter()
        text, _ = unwrap(reply)
        assert text
        assert time.perf_counter() - started < 1
    assert quoted("“二”")
    assert not quoted("“二”和“三”")


def test_escapes_at_the_end_of_a_line() -> None:
    assert fields("a\\") == ["a"]
    assert fields("a\\\\\tb") == ["a\\", "b"]


def test_counting_many_sentences_at_once_is_counting_each(monkeypatch: pytest.MonkeyPatch) -> None:
    import random

    from audio_reasoner.evaluation import translation

    r = random.Random(9)

    def said(longest: int, words: int) -> list[str]:
        return [f"w{r.randrange(words)}" for _ in range(r.randrange(longest))]

    for chunk in (7, 1 << 17):
        monkeypatch.setattr(translation, "_CHUNK", chunk)
        for words in (2, 5, 50):
            refs = [said(30, words) for _ in range(300)]
            hyps = [ref if r.random() < 0.2 else said(30, words) for ref in refs]
            found = translation.count_all(hyps, refs).tolist()
            assert found == [translation.counts(h, f) for h, f in zip(hyps, refs, strict=True)]
    long = [[f"w{i % 1500}" for i in range(3000)], ["a"] * 2000, []]
    assert translation.count_all(long, long[::-1]).tolist() == [
        translation.counts(h, f) for h, f in zip(long, long[::-1], strict=True)
    ]
    assert translation.count_all([], []).shape == (0, 10)


def test_large_sets_have_the_interval_of_the_bootstrap(tmp_path: Path) -> None:
    """From 2,000 clips on sums are drawn from a normal distribution: it must be the bootstrap's interval."""
    import random

    from audio_reasoner.evaluation.statistics import bootstrap_statistic
    from audio_reasoner.evaluation.translation import bleu, counts, interval

    r = random.Random(3)
    rows = []
    for _ in range(2500):
        ref = [r.choice("abcdefghij") for _ in range(r.randrange(3, 25))]
        rows.append(counts([w if r.random() < 0.8 else "x" for w in ref], ref))
    import numpy as np

    ours, theirs = interval(np.array(rows), bleu), bootstrap_statistic(rows, bleu)
    width = theirs[1] - theirs[0]
    assert ours is not None
    assert abs(ours[0] - theirs[0]) < 0.1 * width
    assert abs(ours[1] - theirs[1]) < 0.1 * width
