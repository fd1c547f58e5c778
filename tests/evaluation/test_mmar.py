"""MMAR's file, its accuracy, and where rubrics and opinions of a language model join."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from audio_reasoner.core.errors import InputError
from audio_reasoner.evaluation import mmar
from audio_reasoner.evaluation.base import Benchmark
from audio_reasoner.evaluation.judged import fingerprint
from audio_reasoner.evaluation.predictions import Predictions, read_predictions
from audio_reasoner.evaluation.present import to_markdown

RUBRIC = [{"name": f"r{i}", "scoring_point": "x", "note": "", "choices": [0, 1]} for i in range(5)]


def row(name: str, **more: Any) -> dict[str, Any]:
    return {
        "id": name,
        "audio_path": f"./audio/{name}.wav",
        "question": "What is heard?",
        "choices": ["dog", "bell", "cat"],
        "answer": "bell",
        "modality": "mix-sound-music",
        "category": "Signal Layer",
        "sub-category": "Imagination",
        "language": "en",
        "thinking": "A bell rings.",
        "rubric": RUBRIC,
        **more,
    }


def made(folder: Path, rows: list[Any]) -> Benchmark:
    (folder / mmar.DATA_NAME).write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
    return mmar.read(folder)


def test_lines_and_arrays_are_the_same_benchmark(tmp_path: Path) -> None:
    by_lines = made(tmp_path, [row("1"), row("2")])
    array = tmp_path / "array.json"
    array.write_text(json.dumps([row("1"), row("2")]))
    assert mmar.read(array).items == by_lines.items
    assert made(tmp_path, [row("1")]).items == by_lines.items[:1]
    (tmp_path / mmar.DATA_NAME).write_text('{"id": "1"}\n{cut')
    with pytest.raises(InputError) as caught:
        mmar.read(tmp_path)
    assert caught.value.code == "benchmark.unreadable"


def test_tables_are_the_official_ones(tmp_path: Path) -> None:
    benchmark = made(tmp_path, [row("1"), row("2", modality="speech", **{"sub-category": None}), row("3")])
    score = mmar.score(benchmark, Predictions({"1": "bell", "2": "(b)", "3": "a bell"}))
    assert {kind: [g.name for g in groups] for kind, groups in score.tables.items()} == {
        "modality": ["mix-sound-music", "speech"],
        "category": ["Signal Layer"],
        "sub-category": ["Imagination"],
    }
    assert score.overall.values["strict"].value == pytest.approx(200 / 3)
    assert score.overall.values["extracted"].value == 100.0


def opinion(item: str, body: str, purpose: str, **more: Any) -> dict[str, Any]:
    return {
        "id": item,
        "purpose": purpose,
        "n": 0,
        "text": "(b)",
        "model": "openai:m",
        "prompt_sha": "0" * 64,
        "temperature": 0.0,
        "date": "2026-01-02",
        "parsed": {"index": 1},
        "official": None,
        "of": fingerprint(body),
        **more,
    }


def test_an_opinion_adds_a_column_and_one_about_another_reply_does_not_count(tmp_path: Path) -> None:
    benchmark = made(tmp_path, [row("1"), row("2"), row("3")])
    replies = Predictions({"1": "the ringing one", "2": "the ringing one", "3": "hm"})
    judged = {
        "1": [opinion("1", "the ringing one", "mapper")],
        "2": [opinion("2", "something else", "mapper")],
        "3": [opinion("3", "hm", "mapper", parsed={"index": None})],
    }
    rows: list[dict[str, Any]] = []
    score = mmar.score(benchmark, replies, "p", lambda r: rows.append(r.to_dict()), judged)
    assert [r["readings"]["judged"] for r in rows] == [1, None, 0]
    assert (score.overall.values["judged"].value, score.overall.values["judged"].n) == (50.0, 2)
    assert score.overall.values["extracted"].value == 0.0
    assert "openai:m" in to_markdown(score)
    assert any("prompt" in text for text in score.deviations)
    assert "judged" not in mmar.score(benchmark, replies).overall.values


def test_rubrics_join_score_and_rows(tmp_path: Path) -> None:
    benchmark = made(tmp_path, [row("1"), row("2")])
    reply = "<THINK><PLANNING>p</PLANNING></THINK><RESPONSE>bell</RESPONSE>"
    of = fingerprint("bell", "p")
    text = json.dumps([{"name": c["name"], "score": 1 if i < 4 else 0} for i, c in enumerate(RUBRIC)])
    lines = [opinion("1", "", "rubric", n=n, text=text, of=of, parsed={}) for n in range(5)]
    rows: list[dict[str, Any]] = []
    score = mmar.score(
        benchmark, Predictions({"1": reply, "2": "dog"}), "p", lambda r: rows.append(r.to_dict()), {"1": lines}
    )
    assert [r["readings"]["rubric"] for r in rows] == [pytest.approx(0.8), 0.0]
    assert rows[0]["why"]["rubric"]
    assert score.overall.values["rubric"].value == pytest.approx(40.0)
    assert "judged" not in score.overall.values


def test_the_official_file_is_read_back(tmp_path: Path) -> None:
    benchmark = made(tmp_path, [row("1"), row("2")])
    [path] = mmar.official_files(benchmark, {"1": "bell"}, tmp_path / "out")
    first, second = (json.loads(line) for line in path.read_text().splitlines())
    assert first == row("1") | {"answer_prediction": "bell"}
    assert "answer_prediction" not in second
    assert read_predictions(path).texts == {"1": "bell"}


def test_the_file_of_another_benchmark_is_not_taken_in_silence(tmp_path: Path) -> None:
    rows = [{k: v for k, v in row("1").items() if k != "audio_path"} | {"audio_id": "1.wav"}]
    assert "is it the data file of this benchmark?" in made(tmp_path, rows).problems[0]
