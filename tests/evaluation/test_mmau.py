"""MMAU's file with all its traps, the prediction forms, and the numbers a score reports."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from audio_reasoner.core.errors import InputError
from audio_reasoner.evaluation.base import Score
from audio_reasoner.evaluation.choice import ChoiceRow
from audio_reasoner.evaluation.mmau import (
    DATA_NAME,
    KNOWN_REVISIONS,
    UNKNOWN_REVISION,
    read,
    score,
)
from audio_reasoner.evaluation.predictions import read_predictions
from audio_reasoner.evaluation.present import to_markdown


def row(name: str, choices: Any = ("dog", "bell", "siren", "cat"), gold: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "id": name,
        "audio_id": f"./test-mini-audios/{name}.wav",
        "question": "Which sound is heard?",
        "choices": list(choices) if isinstance(choices, tuple) else choices,
        "answer": choices[gold] if isinstance(choices, tuple) else "bell",
        "dataset": "made",
        "task": "sound",
        "split": "test-mini",
        "category": "['Reasoning']",
        "sub-category": "presence",
        "difficulty": "easy",
        **more,
    }


def write(folder: Path, rows: Any) -> Path:
    file = folder / DATA_NAME
    file.write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    return file


def scored(tmp_path: Path, rows: list[dict[str, Any]], replies: dict[str, str]) -> tuple[Score, list[ChoiceRow]]:
    file = write(tmp_path, rows)
    answers = tmp_path / "answers.json"
    answers.write_text(json.dumps(replies, ensure_ascii=False), encoding="utf-8")
    verdicts: list[Any] = []
    return score(read(file), read_predictions(answers), answers.name, verdicts.append), verdicts


# ----------------------------------------------------------------------------------------------------------- data file


def test_the_file_and_its_directory_are_both_accepted_and_hashed(tmp_path: Path) -> None:
    file = write(tmp_path, [row("1")])
    by_file, by_folder = read(file), read(tmp_path)
    assert by_file == by_folder
    assert by_file.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert by_file.revision == UNKNOWN_REVISION
    assert by_file.audio_paths(by_file.items[0]) == (tmp_path / "test-mini-audios/1.wav",)


def test_known_revisions_are_two_generations_of_seventeen_files() -> None:
    assert len(KNOWN_REVISIONS) == 17
    assert all(len(sha) == 64 for sha in KNOWN_REVISIONS)
    assert {generation for _, _, generation in KNOWN_REVISIONS.values()} == {"before v05.15.25", "v05.15.25"}


def test_dirty_rows_are_read_and_bad_ones_named(tmp_path: Path) -> None:
    rows = [
        row("letters", ("(A) dog", "(B) bell"), 1),
        row("string", '["dog", "bell"]'),
        row("eight", tuple("abcdefgh"), 7),
        row("twins", ("dog", "bell", "dog"), 2),
        row("odd", answer="horse"),
        row("noanswer", answer=None),
        row("nochoices", []),
        row("badstring", "dog, bell"),
        row("letters"),
        "text",
        row(""),
        row("bare", ("A", "(B) bell"), 1),
        {k: v for k, v in row("nosub").items() if k != "sub-category"},
        row("5") | {"id": 5},
    ]
    benchmark = read(write(tmp_path, rows))
    by_id = {item.id: item for item in benchmark.items}
    assert list(by_id) == ["letters", "string", "eight", "twins", "odd", "bare", "nosub", "5"]
    assert by_id["letters"].choices == ("dog", "bell")
    assert by_id["letters"].answer == "bell"
    assert by_id["string"].choices == ("dog", "bell")
    assert by_id["twins"].gold == 0
    assert by_id["odd"].gold is None
    assert by_id["bare"].choices == ("A", "(B) bell")
    assert "sub-category" not in by_id["nosub"].groups
    for number in (4, 5, 6, 7, 8, 9, 10):
        assert any(f"row {number}:" in problem for problem in benchmark.problems), (number, benchmark.problems)
    assert len(benchmark.problems) == 7


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("{", "benchmark.unreadable"),
        ("{}", "benchmark.unreadable"),
        ("[]", "benchmark.no_items"),
        ('[{"id": "1", "question": "?", "choices": ["a", "b"]}]', "benchmark.no_items"),
        ("[" * 100_000, "benchmark.unreadable"),
    ],
)
def test_useless_files_are_refused_by_name(tmp_path: Path, content: str, code: str) -> None:
    file = tmp_path / DATA_NAME
    file.write_text(content)
    with pytest.raises(InputError) as caught:
        read(file)
    assert caught.value.code == code
    assert str(file) in caught.value.message
    with pytest.raises(InputError, match="there is no"):
        read(tmp_path / "elsewhere")


# --------------------------------------------------------------------------------------------------------- predictions


@pytest.mark.parametrize(
    "content",
    [
        '[{"id": "1", "model_output": "bell"}, {"id": "2", "model_output": "dog"}]',
        '[{"id": "1", "model_prediction": "bell"}, {"id": "2", "model_prediction": "dog"}]',
        '[{"id": "1", "model_output": "bell", "model_prediction": "cat"}, {"id": "2", "answer_prediction": "dog"}]',
        '{"id": "1", "raw": "bell", "response": "x"}\n{"id": "2", "response": "dog"}\n',
        '{"id": "1", "text": "bell"}\r\n\r\n{"id": "2", "model_output": "dog"}',
        '{"1": "bell", "2": "dog"}',
        '{\n "1": "bell",\n "2": "dog"\n}',
        '\ufeff[{"id": 1, "model_output": "bell"}, {"id": 2, "model_output": "dog"}]',
    ],
)
def test_every_form_of_predictions_is_read(tmp_path: Path, content: str) -> None:
    file = tmp_path / "p"
    file.write_bytes(content.encode())
    found = read_predictions(file)
    assert found.texts == {"1": "bell", "2": "dog"}
    assert not found.problems


def test_a_single_line_of_json_is_a_row_and_line_separators_stay_in_text(tmp_path: Path) -> None:
    file = tmp_path / "p.jsonl"
    file.write_text('{"id": "1", "text": "be\u2028ll"}', encoding="utf-8")
    assert read_predictions(file).texts == {"1": "be\u2028ll"}


def test_bad_rows_are_named_and_the_good_ones_kept(tmp_path: Path) -> None:
    file = tmp_path / "p.jsonl"
    lines = [
        '{"id": "1", "text": "bell"}',
        '{"id": "2", "text": null}',
        '{"id": "3"}',
        '{"text": "x"}',
        "[1]",
        '{"id": "4", "text": "cut',
        '{"id": "1", "text": "dog"}',
    ]
    file.write_text("\n".join(lines))
    found = read_predictions(file)
    assert found.texts == {"1": "dog", "2": ""}
    assert found.skipped == ["3"]
    assert len(found.problems) == 6
    for number in range(2, 8):
        assert any(f"line {number}:" in problem for problem in found.problems)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("", "predictions.empty"),
        ("[", "predictions.unreadable"),
        ("[]", "predictions.empty"),
        ("{}", "predictions.empty"),
    ],
)
def test_files_without_answers_are_refused(tmp_path: Path, content: str, code: str) -> None:
    file = tmp_path / "p"
    file.write_text(content)
    with pytest.raises(InputError) as caught:
        read_predictions(file)
    assert caught.value.code == code
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError):
        read_predictions(file)
    with pytest.raises(InputError, match="no prediction file"):
        read_predictions(tmp_path / "none")


# ------------------------------------------------------------------------------------------------------------- scoring

CHAIN = (
    "<THINK>\n<PLANNING>p</PLANNING>\n<CAPTION>a dog, a siren</CAPTION>\n<REASONING>dog? no.</REASONING>\n"
    "<SUMMARY>{summary}</SUMMARY>\n</THINK>\n<RESPONSE>{response}</RESPONSE>"
)


@pytest.mark.parametrize(
    ("reply", "strict", "extracted", "option", "from_summary"),
    [
        ("bell", True, True, True, False),
        ("B", False, True, True, False),
        ("The answer is B.", False, True, True, False),
        ("It is the bell, not the dog.", False, True, True, False),
        ("dog", False, False, False, False),
        ("", False, False, False, False),
        ("bell or dog", False, False, False, False),
        (CHAIN.format(summary="x", response="(b) bell"), True, True, True, False),
        (CHAIN.format(summary="x", response="The answer is B."), False, True, True, False),
        (CHAIN.format(summary="It is the bell.", response="I am sure."), False, True, True, True),
        (CHAIN.format(summary="It is the bell.", response="dog"), False, False, False, False),
        ("<THINK>the answer is (b) bell</THINK>", False, False, False, False),
        ("<THINK><SUMMARY>The answer is (b) bell.</SUMMARY></THINK>", False, True, True, True),
        # the official rule reads a rejection of the others as an error, and of the gold as right
        ("It is not bell.", True, False, False, False),
    ],
)
def test_the_three_readings(
    tmp_path: Path, reply: str, strict: bool, extracted: bool, option: bool, from_summary: bool
) -> None:
    report, [verdict] = scored(tmp_path, [row("1")], {"1": reply})
    read_as = [bool(verdict.readings[name]) for name in ("strict", "extracted", "option")]
    assert [*read_as, verdict.from_summary] == [strict, extracted, option, from_summary]
    assert report.overall.values["strict"].value == 100 * strict
    assert report.overall.facts["unparsed"]["count"] == (verdict.match.index is None)
    told = verdict.to_dict()
    assert told["why"]["strict"]
    assert told["why"]["extracted"]
    assert told["option_rule"]
    json.dumps(told)


def test_permuted_words_fool_the_official_matcher_but_not_option(tmp_path: Path) -> None:
    choices = ("first: neutral, second: anger", "first: anger, second: neutral")
    _, [verdict] = scored(tmp_path, [row("1", choices, 0)], {"1": choices[1]})
    assert verdict.readings == {"strict": 1, "strict_2024": 0, "extracted": 1, "option": 0}


def test_the_same_text_twice_is_one_option(tmp_path: Path) -> None:
    _, [verdict] = scored(tmp_path, [row("1", ("dog", "bell", "dog"), 0)], {"1": "(c) dog"})
    assert verdict.match.index == 2
    assert verdict.readings["option"] == 1


def test_both_denominators_and_missing_rows(tmp_path: Path) -> None:
    rows = [row(str(i)) for i in range(10)]
    answers = [{"id": str(i), "model_output": "bell"} for i in range(3)]
    answers += [{"id": "3", "model_output": ""}, {"id": "4"}, {"id": "foreign", "model_output": "bell"}]
    file, predictions = write(tmp_path, rows), tmp_path / "p.json"
    predictions.write_text(json.dumps(answers))
    report = score(read(file), read_predictions(predictions), "p.json")
    told = report.to_dict()["overall"]
    assert (told["items"], told["answered"]) == (10, 4)
    strict = told["values"]["strict"]
    assert (strict["value"], strict["n"], strict["over_all_items"]) == (75.0, 4, 30.0)
    assert told["unparsed"] == {"count": 1, "rate": 0.25}
    assert any("foreign" in problem for problem in report.problems)
    assert any("id 4" in problem for problem in report.problems)
    assert "6 of 10 items have no answer" in to_markdown(report)


def test_predictions_of_another_benchmark_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        scored(tmp_path, [row("1")], {"x": "bell", "y": "dog"})
    assert caught.value.code == "predictions.foreign"


def test_groups_baselines_and_unheard_of_tasks(tmp_path: Path) -> None:
    rows = [
        row("1", ("2", "3", "4"), 0, **{"sub-category": "count"}),
        row("2", ("3", "2", "5"), 1, **{"sub-category": "count"}),
        row("3", ("4", "2", "3"), 1, **{"sub-category": "count"}, difficulty="hard"),
        row("4", ("dog", "cat"), 1, task="music", difficulty=None, **{"sub-category": "presence"}),
        row("5", ("cow", "pig"), 1, task="opera", **{"sub-category": "presence"}),
    ]
    report, _ = scored(tmp_path, rows, {"1": "2", "2": "3", "3": "2", "4": "cat", "5": "pig"})
    told = report.to_dict()
    tables = told["tables"]
    assert [group["name"] for group in tables["task"]] == ["sound", "music", "opera"]
    assert [group["name"] for group in tables["difficulty"]] == ["easy", "hard", "(none)"]
    count, presence = tables["sub-category"]
    assert count["best_constant"] == {"answer": "2", "kind": "text", "value": 100.0}
    assert count["majority"] == {"answer": "2", "value": 100.0}
    assert presence["best_constant"] == {"answer": "(b)", "kind": "position", "value": 100.0}
    assert presence["majority"]["value"] == 50.0
    assert count["values"]["option"]["value"] == pytest.approx(66.6667)
    # Two of three right: resampled means are 0, 1/3, 2/3, 1; each tail below 0 and 1 holds 1/27 and 8/27 of the rounds.
    assert count["values"]["option"]["interval_95"] == [0.0, 100.0]
    assert count["chance"] == pytest.approx(33.3333)
    assert told["overall"]["values"]["strict"]["value"] == 80.0
    assert told["paper"] == {"Sound": 66.6667, "Music": 100.0, "Speech": None, "Avg": 80.0}
    markdown = to_markdown(report)
    assert "opera" in markdown
    assert report.benchmark.sha256 in markdown


def test_a_micro_average_is_not_an_average_of_groups(tmp_path: Path) -> None:
    rows = [row(str(i)) for i in range(9)] + [row("m", task="music")]
    report, _ = scored(tmp_path, rows, {**{str(i): "dog" for i in range(9)}, "m": "bell"})
    assert report.to_dict()["overall"]["values"]["strict"]["value"] == 10.0
