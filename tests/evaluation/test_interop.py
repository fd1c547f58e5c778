"""Predictions in every form they are passed around in, read and written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from audio_reasoner.core.errors import InputError
from audio_reasoner.evaluation import covost2_en_zh, mmau
from audio_reasoner.evaluation.base import Benchmark
from audio_reasoner.evaluation.interop import bodies, write_sample_log
from audio_reasoner.evaluation.predictions import ANSWER_KEYS, Predictions, fit, read_predictions

MAIN = "from audio_reasoner.cli import main; main()"
CHAIN = "<THINK><PLANNING>p</PLANNING></THINK><RESPONSE>dog</RESPONSE>"


def command(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", MAIN, *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "160"},
    )


def write(path: Path, rows: list[Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def small(root: Path) -> Benchmark:
    root.mkdir(parents=True, exist_ok=True)
    rows = [
        {
            "id": f"q{i}",
            "audio_id": f"./test-mini-audios/rec{i}.wav",
            "question": "What barks?",
            "choices": ["dog", "bell", "cat"],
            "answer": answer,
            "task": "sound",
            "difficulty": "easy",
        }
        for i, answer in enumerate(["dog", "bell", "cat"])
    ]
    (root / "mmau-test-mini.json").write_text(json.dumps(rows))
    return mmau.read(root)


@pytest.mark.parametrize("key", ANSWER_KEYS)
def test_every_official_field_name_is_read(tmp_path: Path, key: str) -> None:
    for rows in ([{"id": "a", key: "x"}, {"id": 7, key: ""}], [{"uniq_id": "a", key: "x"}, {"key": "7", key: ""}]):
        if key in rows[1] and "key" in rows[1] and len(rows[1]) < 2:
            continue
        file = write(tmp_path / "p.jsonl", rows)
        assert read_predictions(file).texts == {"a": "x", "7": ""}
        file.write_text(json.dumps(rows))
        assert read_predictions(file).texts == {"a": "x", "7": ""}


def test_a_judges_file_is_read_by_its_response_not_by_its_verdict(tmp_path: Path) -> None:
    file = write(tmp_path / "p.jsonl", [{"uniq_id": 3, "path": "x.wav", "gen": "8 7", "response": "A dog."}])
    assert read_predictions(file).texts == {"3": "A dog."}


def test_other_fields_are_named_by_the_user(tmp_path: Path) -> None:
    rows = [
        {"meta": {"utt": "a"}, "result": {"text": "x"}},
        {"meta": {}, "result": {"text": "y"}},
        {"meta": {"utt": "c"}},
    ]
    found = read_predictions(write(tmp_path / "p.jsonl", rows), key="result.text", id_key="meta.utt")
    assert found.texts == {"a": "x"}
    assert found.skipped == ["c"]
    assert ["no `meta.utt`" in p for p in found.problems] == [True, False]
    with pytest.raises(InputError) as error:
        read_predictions(tmp_path / "p.jsonl")
    assert error.value.code == "predictions.empty"
    assert "--key" in error.value.hint


def test_damage_and_repetition_are_named(tmp_path: Path) -> None:
    text = '{"id": "a", "raw": "x"}\n{"id": "a", "raw": "y"}\nbroken\n[1]\n'
    text += '{"id": "b", "raw": null}\n{"raw": "z"}\n{"id": "c"}\n'
    file = tmp_path / "p.jsonl"
    file.write_text(text + '{"id": "d", "raw": ["one", "two"]}\n{"id": "e", "raw": [["one"]]}\n' + "9" * 5000)
    found = read_predictions(file)
    assert found.texts == {"a": "y", "b": "", "d": "one", "e": "one"}
    told = [p.split("p.jsonl ", 1)[1][:40] for p in found.problems]
    assert [t.split(":")[0] for t in told] == [f"line {i}" for i in (2, 3, 4, 5, 6, 7, 8, 10)]
    assert found.skipped == ["c"]


def test_a_recordings_name_is_as_good_as_an_id_if_only_one_item_has_it(tmp_path: Path) -> None:
    benchmark = small(tmp_path)
    found = fit(benchmark, Predictions({"/home/x/rec0.wav": "dog", "rec1": "bell", "q2": "cat", "rec9.wav": "?"}))
    assert found.texts == {"q0": "dog", "q1": "bell", "q2": "cat", "rec9.wav": "?"}
    assert found.notes == ["2 answers were matched by the name of the recording instead of the id"]
    twice = fit(benchmark, Predictions({"q0": "dog", "rec0.wav": "bell"}))
    assert twice.texts == {"q0": "dog"}
    assert "q0, which has an answer already" in twice.problems[0]
    assert fit(benchmark, found) is not None
    assert fit(benchmark, found).texts == found.texts
    for item in benchmark.items:
        object.__setattr__(item, "audio", ("same.wav",))
    assert "same.wav" in fit(benchmark, Predictions({"same.wav": "dog"})).texts  # whose is it? nobody's


def test_a_sample_log_of_lmms_eval_is_read_by_place_and_checked_by_target(tmp_path: Path) -> None:
    benchmark = small(tmp_path)
    today = [
        {"doc_id": 0, "target": "dog", "filtered_resps": "A", "resps": ["<think>x</think>A"], "input": "?"},
        {"doc_id": 1, "target": "B", "filtered_resps": ["bell"], "input": "?"},
        {"doc_id": 2, "target": "A. dog", "filtered_resps": "dog"},
        {"doc_id": 9, "target": "dog", "filtered_resps": "dog"},
    ]
    found = fit(benchmark, read_predictions(write(tmp_path / "s.jsonl", today)))
    assert found.texts == {"q0": "A", "q1": "bell"}
    assert "doc_id 2: the log's target 'A. dog' is not" in found.problems[0]
    assert "doc_id 9" in found.problems[1]
    with_ids = [
        {"doc_id": 0, "target": "x", "filtered_resps": "cat", "submission": {"id": "q2", "task": "sound"}},
        {"doc_id": 1, "target": "x", "filtered_resps": "bell", "mmar_accuracy": {"id": "q1", "score": 0.0}},
        {"doc_id": 2, "doc": {"id": "q0"}, "target": "x", "resps": [["dog"]]},
    ]
    assert read_predictions(write(tmp_path / "t.jsonl", with_ids)).texts == {"q2": "cat", "q1": "bell", "q0": "dog"}
    older = tmp_path / "older.json"
    older.write_text(json.dumps({"args": {}, "logs": [{"doc_id": 0, "target": "dog", "resps": [["dog"]]}]}))
    assert fit(benchmark, read_predictions(older)).texts == {"q0": "dog"}
    foreign = [{"doc_id": i, "target": "rain", "filtered_resps": "rain"} for i in range(3)]
    with pytest.raises(InputError) as error:
        fit(benchmark, read_predictions(write(tmp_path / "u.jsonl", foreign)))
    assert error.value.code == "predictions.other_order"


def test_a_sample_log_written_and_read_scores_the_same(tmp_path: Path) -> None:
    benchmark = small(tmp_path)
    replies = {"q0": CHAIN, "q1": "the bell\u2028rings", "q2": "<THINK>never answered"}
    file = write_sample_log(benchmark, replies, tmp_path / "log")
    assert "_samples_mmau_test_mini.jsonl" in file.name
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").split("\n") if line]
    assert rows[0]["filtered_resps"] == "dog"
    assert rows[0]["resps"] == [CHAIN]
    assert "resps" not in rows[1]
    assert rows[2]["filtered_resps"] == ""
    back = read_predictions(file)
    assert back.texts == bodies(replies)
    for row in rows:
        del row["id"]
    assert fit(benchmark, read_predictions(write(tmp_path / "x.jsonl", rows))).texts == bodies(replies)


@pytest.mark.system
def test_eval_official_from_the_command_line(tmp_path: Path) -> None:
    small(tmp_path / "d")
    file = write(
        tmp_path / "p.jsonl", [{"utt": "q0", "said": CHAIN}, {"utt": "q1", "said": "bell"}, {"utt": "zz", "said": "?"}]
    )
    words = ["eval", "official", "mmau-mini", file, "--data", tmp_path / "d", "-o", tmp_path / "o"]
    done = command(*words, "--key", "said", "--id-key", "utt")
    assert done.returncode == 4, done.stderr  # one id is foreign
    assert "id zz is not in" in done.stderr
    assert "1 items have no answer" in done.stderr
    made = [Path(line) for line in done.stdout.split()]
    assert [p.parent for p in made] == [tmp_path / "o"]
    assert {r["id"]: r["model_output"] for r in json.loads(made[0].read_text()) if "model_output" in r} == {
        "q0": "dog",
        "q1": "bell",
    }
    log = command(*words, "--key", "said", "--id-key", "utt", "--format", "lmms-eval")
    assert Path(log.stdout.strip()).name.endswith("_samples_mmau_test_mini.jsonl")
    for bad in (
        words,
        [*words[:3], tmp_path / "none", *words[4:]],
        [*words[:2], "mmoo", *words[3:]],
        [*words[:-1], file],
    ):
        failed = command(*bad)
        assert failed.returncode == 2
        assert "Traceback" not in failed.stderr


def test_translations_leave_as_lines_that_stay_aligned(tmp_path: Path) -> None:
    (tmp_path / "covost_v2.en_zh-CN.test.tsv").write_text(
        "path\tsentence\ttranslation\tclient_id\n1.mp3\ta\t一。\tc\n2.mp3\tb\t二。\tc\n3.mp3\tc\t三。\tc\n"
    )
    benchmark = covost2_en_zh.read(tmp_path)
    replies = {"1.mp3": "一\n。\u2028x", "3.mp3": "\ud800三"}
    files = {p.name: p for p in covost2_en_zh.official_files(benchmark, replies, tmp_path / "o")}
    assert files["references.txt"].read_text(encoding="utf-8") == "一。\n三。\n"
    assert files["hypotheses.txt"].read_text(encoding="utf-8") == "一 。 x\n?三\n"
    back = read_predictions(files["results.json"])
    assert fit(benchmark, back).texts == replies


@pytest.mark.system
def test_a_hundred_thousand_rows_are_read_about_as_fast_as_json_is_parsed(tmp_path: Path) -> None:
    file = tmp_path / "p.jsonl"
    row = '{{"id": "common_voice_en_{}.mp3", "response": "今天天气很好，我们去公园吧。", "source": "x"}}\n'
    file.write_text("".join(row.format(i) for i in range(100_000)), encoding="utf-8")
    ours = theirs = 99.0
    for _ in range(3):  # the best of three, because other work on the machine doubles any single time
        started = time.process_time()
        found = read_predictions(file)
        ours = min(ours, time.process_time() - started)
        started = time.process_time()
        parsed = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        theirs = min(theirs, time.process_time() - started)
    assert len(found.texts) == len(parsed) == 100_000
    assert ours < 4 * theirs


def test_a_file_of_one_line_with_fields_of_its_own_is_a_row(tmp_path: Path) -> None:
    file = tmp_path / "one.jsonl"
    file.write_text('{"utt": "a", "said": "bell"}\n')
    assert read_predictions(file, key="said", id_key="utt").texts == {"a": "bell"}
