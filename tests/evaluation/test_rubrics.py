"""MMAR's rubrics: whom they are asked about, how opinions are read and dropped, and how they join a score."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from audio_reasoner.evaluation import rubrics
from audio_reasoner.evaluation.base import Benchmark, Item
from audio_reasoner.evaluation.predictions import Predictions
from audio_reasoner.evaluation.registry import benchmark_module

CRITERIA = [{"name": f"c{i}", "scoring_point": "p", "note": "", "choices": [0, 1]} for i in range(5)]
CHAIN = (
    "<THINK>\n<PLANNING>Listen.</PLANNING>\n<CAPTION>A dog.</CAPTION>\n<REASONING>It barks.</REASONING>\n"
    "<SUMMARY>A dog.</SUMMARY>\n</THINK>\n<RESPONSE>a dog</RESPONSE>"
)


def item(i: int = 0, rubric: Any = CRITERIA) -> Item:
    extra = {"rubric": rubric, "thinking": "Barking is heard."}
    return Item(f"m{i}", (), "What is it?", ("a dog", "a cat"), "a dog", 0, {"modality": "sound"}, f"c{i}", extra)


def a_benchmark(*items: Item) -> Benchmark:
    return Benchmark("mmar", "choice", Path("MMAR-meta.jsonl"), Path(), "", "", list(items), [])


def opinion(*scores: Any) -> str:
    return json.dumps([{"name": f"c{i}", "score": s, "justification": "j"} for i, s in enumerate(scores)])


def lines(given: rubrics.Submission, *texts: str, name: str = "m0") -> list[dict[str, Any]]:
    base = {"id": name, "purpose": "rubric", "of": given.of, "model": "openai:j", "prompt_sha": "p", "temperature": 0.0}
    return [base | {"n": n, "text": text, "parsed": {}, "date": "2026-01-02"} for n, text in enumerate(texts)]


def test_only_right_answers_are_asked_about_five_times_each() -> None:
    broken = [item(4 + i, rubric=rubric) for i, rubric in enumerate(([], [7], [{"name": "c", "choices": []}], "x"))]
    benchmark = a_benchmark(item(0), item(1), item(2, rubric=None), item(3), *broken)
    predictions = Predictions({"m0": CHAIN, "m1": "a cat", "m2": "a dog"} | {x.id: "a dog" for x in broken})
    tasks = rubrics.rubric_tasks(benchmark, predictions)
    assert [(t.id, t.n, t.purpose) for t in tasks] == [("m0", n, "rubric") for n in range(5)]
    sampling = tasks[0].request.sampling
    assert (sampling.temperature, sampling.seed, sampling.max_tokens) == (0.0, 42, None)
    system, user = tasks[0].request.messages
    assert (system.role, user.role) == ("system", "user")
    assert "Listen.\nA dog.\nIt barks.\nA dog. The answer is a dog." in user.text
    assert all(f"### c{i}\n- Rule: p\n- Possible scores: [0, 1]" in user.text for i in range(5))
    keys = {t.request.key("openai", "j") for t in tasks}
    assert len(keys) == 1, "the engine numbers them"


def test_a_reply_without_tags_is_its_own_answer() -> None:
    assert rubrics.submission("It barks, so a dog.") == rubrics.Submission("It barks, so a dog.", "")
    assert rubrics.submission("a dog", "It barks.") == rubrics.Submission("a dog", "It barks.")


@pytest.mark.parametrize(
    ("text", "share"),
    [
        (opinion(1, 1, 0, 0, 0), 0.4),
        (f"Sure [here]:\n```json\n{opinion(1, 1, 1, 1, 1)}\n```\n[done]", 1.0),
        (opinion(True, 1.0, 0, 0, 0), 0.4),
        (opinion(1, 1, 0, 0), None),
        (opinion(1, 1, 0, 0, 2), None),
        (opinion(1, 1, 0, 0, "1"), None),
        (opinion(1, 1, 0, 0, None), None),
        (opinion(1, 1, 0, 0, float("nan")), None),
        (opinion(1, 1, 1, 1, 1) + opinion(1, 1, 1, 1, 1), None),
        ("", None),
        ("I cannot grade this.", None),
        ("[" * 100_000, None),
    ],
)
def test_an_opinion_is_read_by_the_official_rule(text: str, share: float | None) -> None:
    assert rubrics.official_share(text, CRITERIA) == share


def test_a_hostile_reply_is_read_quickly() -> None:
    began = time.perf_counter()
    for text in ("[{" * 100_000, "[ {" + "}" * 100_000, "} ]" * 100_000, "[" + " " * 300_000, "}" + " " * 100_000):
        assert rubrics.official_share(text, CRITERIA) is None
    assert time.perf_counter() - began < 2


def test_the_lowest_and_the_highest_are_dropped() -> None:
    given = rubrics.submission(CHAIN)
    texts = [opinion(*([1] * k + [0] * (5 - k))) for k in (5, 0, 3, 2, 3)]
    found = rubrics.rubric_score(item(), given, lines(given, *texts))
    assert found.score == (0.4 + 0.6 + 0.6) / 3
    assert rubrics.rubric_score(item(), given, lines(given, *texts[:4])).score is None
    assert rubrics.rubric_score(item(), given, lines(given, *texts[:4], "broken")).score is None
    wrong = rubrics.submission("a cat")
    assert rubrics.rubric_score(item(), wrong, []).score == 0.0


def test_rubrics_join_the_score_with_both_denominators(tmp_path: Path) -> None:
    rows = [
        {"id": f"m{i}", "audio_path": f"./audio/{i}.wav", "question": "What is it?", "choices": ["a dog", "a cat"],
         "answer": "a dog", "modality": "sound" if i < 2 else "music", "category": "c", "sub-category": "s",
         "rubric": CRITERIA, "thinking": "Barking.", "cue": []}
        for i in range(4)
    ]  # fmt: skip
    (tmp_path / "MMAR-meta.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    module = benchmark_module("mmar")
    benchmark = module.read(tmp_path)
    predictions = Predictions({"m0": CHAIN, "m1": "a cat", "m2": CHAIN})
    given = rubrics.submission(CHAIN)
    judged = {"m0": lines(given, *[opinion(1, 1, 1, 1, 0)] * 5), "m2": lines(given, opinion(1, 1, 1, 1, 1), name="m2")}
    assert len(rubrics.rubric_tasks(benchmark, predictions)) == 10, "the reader keeps the rubrics"
    found: list[dict[str, Any]] = []
    score = module.score(benchmark, predictions, "p", lambda r: found.append(r.to_dict()), judged)
    value = score.overall.values["rubric"]
    assert value.value == pytest.approx(100 * 0.8 / 2)
    assert (value.n, value.over_all) == (2, pytest.approx(100 * 0.8 / 4))
    groups = {g.name: g.values["rubric"] for g in score.tables["modality"]}
    assert (groups["sound"].value, groups["music"].value, groups["music"].n) == (pytest.approx(40.0), None, 0)
    assert "gpt-4o-2024-11-20" in " ".join(score.deviations)
    assert "1 right answers have no rubric score" in " ".join(score.notes)
    assert [r["readings"].get("rubric") for r in found] == [pytest.approx(0.8), 0.0, None]
    json.dumps(score.to_dict())
    edited = Predictions({"m0": CHAIN.replace("barks", "roars")})
    score = module.score(benchmark, edited, "p", None, judged)
    assert score.overall.values["rubric"].value is None
    assert "opinions on 1 items are about other answers" in " ".join(score.problems)


def test_what_is_said_beforehand_counts_only_those_that_can_be_graded(tmp_path: Path) -> None:
    from audio_reasoner.evaluation.judge_run import JudgeSettings, plan

    benchmark = a_benchmark(item(0), item(1, None), item(2))
    predictions = Predictions({"m0": "a dog", "m1": "a dog", "m2": "a cat"})
    notes = " ".join(plan(benchmark, predictions, tmp_path, JudgeSettings("openai:j@http://localhost:1/v1")).notes)
    assert "1 answers are right by the official rule and have a rubric; wrong ones score 0" in notes
    assert "1 items have no usable rubric" in notes
