"""MMAU's test set: read without answers, never given an accuracy, written for submission."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from audio_reasoner.evaluation import mmau_test
from audio_reasoner.evaluation.base import Benchmark
from audio_reasoner.evaluation.predictions import Predictions
from audio_reasoner.evaluation.present import to_markdown


def made(folder: Path, n: int = 3, **more: Any) -> Benchmark:
    rows = [
        {
            "id": f"t{i}",
            "audio_id": f"./test-audios/t{i}.wav",
            "question": "What is heard?",
            "choices": ["dog", "bell"],
            "task": "sound",
            "difficulty": "easy",
            "sub-category": "Counting",
            **more,
        }
        for i in range(n)
    ]
    (folder / mmau_test.DATA_NAME).write_text(json.dumps(rows))
    return mmau_test.read(folder)


def test_no_answer_is_needed_and_none_is_used(tmp_path: Path) -> None:
    plain = made(tmp_path)
    assert plain.problems == []
    assert all(item.gold is None and item.answer == "" for item in plain.items)
    assert all(item.answer == "" for item in made(tmp_path, answer="bell").items)


def test_the_score_says_that_it_is_none(tmp_path: Path) -> None:
    benchmark = made(tmp_path)
    rows: list[dict[str, Any]] = []
    score = mmau_test.score(
        benchmark, Predictions({"t0": "(b)", "t1": "hm"}), "p.json", lambda r: rows.append(r.to_dict())
    )
    told = score.to_dict()
    assert list(told["overall"]["values"]) == ["named"]
    assert told["overall"]["values"]["named"]["value"] == 50.0
    assert "best_constant" not in told["overall"]
    assert told["overall"]["chance"] == 50.0
    assert "cannot be scored offline" in to_markdown(score)
    assert "1 of 3 items have no answer" in to_markdown(score)
    assert [(r["readings"], r["gold_index"], r["option_index"]) for r in rows] == [
        ({"named": 1}, None, 1),
        ({"named": 0}, None, None),
    ]
    assert rows[0]["why"]["strict"] == "the test set's answers are not public"


def test_the_submission_holds_both_names_and_only_what_was_answered(tmp_path: Path) -> None:
    benchmark = made(tmp_path)
    [path] = mmau_test.official_files(benchmark, {"t0": "bell", "t2": ""}, tmp_path / "out")
    rows = json.loads(path.read_text())
    assert [row.get("model_output") for row in rows] == ["bell", None, ""]
    assert rows[0]["model_prediction"] == "bell"
    assert "model_output" not in rows[1]
    assert all("answer" not in row for row in rows)
