"""Nothing can be guessed from the words of a made benchmark, and a benchmark that gives itself away is found out."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from audio_reasoner.core.records import Question
from audio_reasoner.evaluation.fair import RULES, Balance, blind, gain
from audio_reasoner.evaluation.make import TIMELINES_NAME, make_benchmark
from audio_reasoner.synth import plan_complex


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fair")
    make_benchmark(120, 3, folder, max_events=4)
    return folder


@pytest.mark.system
def test_families_places_and_answers_are_even_and_no_rule_is_worth_anything(made: Path) -> None:
    rows = json.loads((made / "mmau-test-mini.json").read_text(encoding="utf-8"))
    families = Counter(row["sub-category"] for row in rows)
    assert len(families) == 11
    assert max(families.values()) - min(families.values()) <= 3
    for family in families:
        places = Counter(
            row["choices"].index(row["answer"])
            for row in rows
            if row["sub-category"] == family and len(row["choices"]) == 4
        )
        assert max(places.values()) - min(places[i] for i in range(4)) <= 1
    manifest = json.loads((made / "benchmark.json").read_text(encoding="utf-8"))
    assert manifest["blind"] == blind(rows)
    for found in manifest["blind"].values():
        assert found["worth"] / 100 * found["n"] <= 2.6, "more than two or three answers can be won without hearing"


@pytest.mark.system
def test_timelines_are_those_of_the_recordings_and_answer_the_questions(made: Path) -> None:
    rows = json.loads((made / "mmau-test-mini.json").read_text(encoding="utf-8"))
    lines = {x["id"]: x for x in map(json.loads, (made / TIMELINES_NAME).read_text(encoding="utf-8").splitlines())}
    planned = {c.clip_id: c for c in plan_complex(5200, 3, max_events=4)}
    assert set(lines) == {row["id"] for row in rows}
    for row in rows:
        line, clip = lines[row["id"]], planned[row["id"]]
        assert clip.timeline is not None
        assert [e["label"] for e in line["events"]] == [e.label for e in clip.timeline.events]
        assert line["duration_s"] == pytest.approx(clip.duration_s, abs=1e-4)
        assert all(0 <= e["start_s"] < e["end_s"] <= line["duration_s"] for e in line["events"])
        if row["sub-category"] == "count":
            assert row["answer"] == str(len(line["events"]))
        if row["sub-category"] == "longest":
            assert row["answer"] == max(line["events"], key=lambda e: e["end_s"] - e["start_s"])["label"]


def test_a_benchmark_that_gives_itself_away_is_found_out() -> None:
    rows = [
        {"sub-category": "count", "question": "How many?", "choices": c.split(), "answer": max(c.split(), key=int)}
        for c in ("1 2 4 3", "2 1 3 4", "3 14 15 2", "12 2 3 1", "11 5 13 2", "2 4 15 1")
    ]
    found = blind(rows)["count"]
    assert found["best_rule"] == "the largest number"
    assert found["value"] == 1.0
    assert found["worth"] >= 30
    biased = [
        {"sub-category": "first", "question": "Which?", "choices": c.split(), "answer": "dog"}
        for c in ("dog cow", "cow dog", "dog owl", "owl dog")
    ]
    assert blind(biased)["first"]["learned"] == 1.0


def test_rules_share_what_they_cannot_tell_apart() -> None:
    same = RULES["the longest option"]
    assert gain(same, "?", ["ab", "cd", "e", "f"], 0) == pytest.approx(0.25)
    assert gain(same, "?", ["ab", "cd", "e", "f"], 2) == pytest.approx(-0.25)
    assert gain(RULES["the smallest number"], "?", ["dog", "bell"], 1) == 0.0
    like = RULES["most like the others"]
    assert gain(like, "?", ["a, b, c", "a, b, d", "a, x, c", "y, z, w"], 0) == pytest.approx(0.75)


def test_a_setting_that_allows_no_balance_still_yields_questions() -> None:
    balance = Balance(1)
    only = Question(
        task="complex_audio", family="count", text="How many?", options=("1", "2"), gold_text="1", gold_index=0,
        difficulty=1,
    )  # fmt: skip
    chosen = [q for q in (balance.choose([only]) for _ in range(3000)) if q is not None]
    assert 3 < len(chosen) < 30
    assert abs(sum(q.gold_index == 0 for q in chosen) * 2 - len(chosen)) <= 1
    assert balance.choose([]) is None
