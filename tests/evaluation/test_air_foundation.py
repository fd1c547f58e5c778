"""AIR-Bench foundation: the layout as downloaded, the letter rule, dropped answers, and the averages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from audio_reasoner.core.errors import InputError
from audio_reasoner.evaluation import air_foundation as air
from audio_reasoner.evaluation.base import Benchmark, Score
from audio_reasoner.evaluation.predictions import Predictions, read_predictions
from audio_reasoner.evaluation.present import to_markdown


def row(number: int, task: str = "Sound_AQA", dataset: str = "avqa", **more: Any) -> dict[str, Any]:
    return {
        "path": f"{number}.wav",
        "question": "What is heard?",
        "choice_a": "dog",
        "choice_b": "bell",
        "choice_c": "cat",
        "choice_d": "cow",
        "answer_gt": "bell",
        "task_name": task,
        "dataset_name": dataset,
        "uniq_id": number,
        **more,
    }


def made(root: Path, rows: list[Any]) -> Benchmark:
    folder = root / "Foundation"
    folder.mkdir(exist_ok=True)
    (folder / "Foundation_meta.json").write_text(json.dumps(rows), encoding="utf-8")
    return air.read(root)


def scored(root: Path, rows: list[Any], replies: dict[str, str]) -> Score:
    return air.score(made(root, rows), Predictions(replies))


def test_the_three_ways_to_name_the_data_and_what_is_refused(tmp_path: Path) -> None:
    benchmark = made(tmp_path, [row(1)])
    for path in (tmp_path / "Foundation", tmp_path / "Foundation/Foundation_meta.json"):
        assert air.read(path) == benchmark
    assert benchmark.audio_paths(benchmark.items[0]) == (tmp_path / "Foundation/Sound_AQA_avqa/1.wav",)
    with pytest.raises(InputError, match=r"Foundation_meta\.json"):
        air.read(tmp_path / "nowhere")


def test_two_options_gaps_duplicates_and_bad_rows(tmp_path: Path) -> None:
    two = {k: v for k, v in row(2).items() if k not in ("choice_c", "choice_d")}
    rows = [
        two,
        row(3, choice_c=None, choice_d=None),
        row(4, choice_c=None, answer_gt="cow"),
        row(5, choice_a="bell"),
        row(6, answer_gt="horse"),
        row(7, choice_b=None),
        row(8, task_name=None),
        "text",
        {k: v for k, v in row(9).items() if k != "uniq_id"},
        row(10, uniq_id=[1]),
        row(11, choice_c=None, answer_gt="None"),
    ]
    benchmark = made(tmp_path, rows)
    by_id = {item.id: item for item in benchmark.items}
    assert list(by_id) == ["2", "3", "4", "5", "6", "11"]
    assert by_id["2"].choices == by_id["3"].choices == ("dog", "bell")
    assert by_id["4"].choices == ("dog", "bell", "None", "cow")  # letters keep their places
    assert (by_id["4"].gold, by_id["5"].gold, by_id["6"].gold, by_id["11"].gold) == (3, 0, None, None)
    for number in range(4, 11):
        assert any(f"row {number}:" in problem for problem in benchmark.problems), (number, benchmark.problems)


def test_grounding_recordings_are_flac_unless_only_the_named_file_is_there(tmp_path: Path) -> None:
    rows = [row(1, "Audio_Grounding", "AudioGrounding"), row(2, "Audio_Grounding", "AudioGrounding")]
    folder = tmp_path / "Foundation/Audio_Grounding_AudioGrounding"
    folder.mkdir(parents=True)
    (folder / "2.wav").touch()
    assert [item.audio for item in made(tmp_path, rows).items] == [
        ("Audio_Grounding_AudioGrounding/1.flac",),
        ("Audio_Grounding_AudioGrounding/2.wav",),
    ]


def test_ids_that_repeat_between_pairs_get_their_pair(tmp_path: Path) -> None:
    benchmark = made(tmp_path, [row(1), row(1, dataset="clothoaqa")])
    assert [item.id for item in benchmark.items] == ["Sound_AQA_avqa:1", "Sound_AQA_clothoaqa:1"]
    assert any("uniq_id" in problem for problem in benchmark.problems)


@pytest.mark.parametrize(
    ("reply", "strict", "extracted"),
    [
        ("B", 1, 1),
        ("B. bell", 1, 1),
        ("Bell", 1, 1),
        ("Both of them", 1, 0),  # a letter by accident
        ("Cat", 0, 0),
        ("Dog barks", 0, 0),
        ("The answer is B.", 1, 1),
        ("(B)", 1, 1),
        ("(B) bell", None, 1),  # a right answer that the official script leaves out
        ("The answer is B", None, 1),
        ("bell", None, 1),
        ("Answer: B", 0, 1),  # read as A
        ("Any of them", 0, 0),
        ("b", None, 1),
        ("", None, 0),
        ("None", None, 0),
        ("\n B\n", 1, 1),
        ("x\nB\n.", 1, None),
        ("<THINK>B.</THINK>", None, 0),
        ("<THINK><SUMMARY>It is the bell.</SUMMARY></THINK><RESPONSE>B.</RESPONSE>", 1, 1),
    ],
)
def test_the_letter_rule(tmp_path: Path, reply: str, strict: int | None, extracted: int | None) -> None:
    rows: list[Any] = []
    air.score(made(tmp_path, [row(1)]), Predictions({"1": reply}), "p", rows.append)
    told = rows[0].to_dict()
    assert told["readings"]["strict"] == strict
    if extracted is not None:
        assert told["readings"]["extracted"] == extracted
    assert ("leaves the row out" in told["why"]["strict"]) == (strict is None)


def test_dropped_answers_leave_one_denominator_and_stay_in_the_other(tmp_path: Path) -> None:
    replies = {"0": "B.", "1": "(B) bell", "2": "(B) bell", "3": "A."}
    score = scored(tmp_path, [row(i) for i in range(5)], replies)
    strict, extracted = (score.overall.values[name] for name in ("strict", "extracted"))
    assert (strict.value, strict.n, strict.over_all) == (50.0, 2, 20.0)
    assert (extracted.value, extracted.n, extracted.over_all) == (75.0, 4, 60.0)
    markdown = to_markdown(score)
    assert "strict of all" in markdown
    assert "leaves 2 answers out" in markdown
    assert "| **overall** | **4/5** | **50.00** | **20.00** | **75.00** |" in markdown


def test_a_pair_without_any_letter_has_no_value(tmp_path: Path) -> None:
    score = scored(tmp_path, [row(1), row(2, "Music_AQA", "music_avqa")], {"1": "hm", "2": "B"})
    pair = next(g for g in score.tables["pair"] if g.name == "Sound_AQA_avqa")
    assert pair.values["strict"].value is None
    assert json.loads(json.dumps(score.to_dict()))["tables"]["pair"]


def test_averages_are_of_domain_means_and_the_papers_columns_of_its_five_tasks(tmp_path: Path) -> None:
    plan = {
        ("Sound_AQA", "avqa"): 4,
        ("Sound_AQA", "clothoaqa"): 2,
        ("Audio_Grounding", "AudioGrounding"): 1,
        ("Music_AQA", "music_avqa"): 3,
        ("Speaker_Emotion_Recontion", "meld"): 1,
        ("Speaker_Emotion_Recontion", "iemocap"): 0,
        ("Speaker_Intent_Classification", "slurp"): 4,
        ("Speaker_Number_Verification", "voxceleb1"): 2,
        ("Unheard_Of", "x"): 0,
    }
    rows, replies = [], {}
    for (task, dataset), right in plan.items():
        for k in range(4 if dataset != "clothoaqa" else 8):
            rows.append(row(len(rows), task, dataset))
            replies[str(len(rows) - 1)] = "B." if k < right else "A."
    score = scored(tmp_path, rows, replies)
    assert score.paper == {
        "SoundAQA": (100 + 25) / 2,
        "MusicAQA": 75.0,
        "SER": 12.5,
        "SIC": 100.0,
        "SNV": 50.0,
        "Average": pytest.approx((62.5 + 75 + 12.5 + 100 + 50) / 5),
    }
    lines = {g.name: g.values["strict"].value for g in score.tables["leaderboard"]}
    speech, sound, music = (12.5 + 100 + 50) / 3, (62.5 + 25) / 2, 75.0
    assert lines["speech, mean over tasks"] == pytest.approx(speech)
    assert lines["sound, mean over tasks"] == pytest.approx(sound)
    assert lines["Average (mean of domain means)"] == pytest.approx((speech + sound + music) / 3)
    pooled_sound = (50 + 25) / 2  # 6 of 12 in Sound_AQA
    assert lines["Average, data sets of a task pooled"] == pytest.approx((speech + pooled_sound + music) / 3)
    assert any("Unheard_Of" in problem for problem in score.problems)
    assert any("no leaderboard figures" in note for note in score.notes)


def test_intervals_draw_recordings_not_questions(tmp_path: Path) -> None:
    """Twenty questions about one recording are one draw: the interval must be as wide as that of two recordings."""
    rows = [row(i, path=f"{i // 20}.wav") for i in range(40)]
    score = scored(tmp_path, rows, {str(i): "B." if i < 20 else "A." for i in range(40)})
    assert score.overall.values["strict"].interval == (0.0, 100.0)
    alone = scored(tmp_path, [row(i) for i in range(40)], {str(i): "B." if i < 20 else "A." for i in range(40)})
    low, high = alone.overall.values["strict"].interval or (0.0, 0.0)
    assert 30 < low < 40 < 60 < high < 70


def test_the_official_file_is_what_its_script_reads(tmp_path: Path) -> None:
    benchmark = made(tmp_path, [row(1), row(2)])
    [path] = air.official_files(benchmark, {"1": "B.\u2028x"}, tmp_path / "out")
    assert path.name == "Foundation_result_modelx.jsonl"
    [line] = [json.loads(line) for line in path.read_text().splitlines()]
    assert line == row(1) | {"response": "B.\u2028x"}
    assert read_predictions(path).texts == {"1": "B.\u2028x"}


def test_a_real_file_is_not_guessed_from_names(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        scored(tmp_path, [row(1)], {"zzz": "B"})
    assert caught.value.code == "predictions.foreign"


def test_averages_have_intervals_of_their_parts_together(tmp_path: Path) -> None:
    pairs = [("Sound_AQA", "avqa", 100), ("Music_AQA", "music_avqa", 400)]
    rows, replies = [], {}
    for task, dataset, n in pairs:
        for k in range(n):
            rows.append(row(len(rows), task, dataset))
            replies[str(len(rows) - 1)] = "B." if k % 2 else "A."
    score = scored(tmp_path, rows, replies)
    half = [0.98 / 10 * 100, 0.98 / 20 * 100]  # 1.96 standard errors of 50 % of 100 and of 400
    low, high = score.tables["leaderboard"][0].values["strict"].interval or (0.0, 0.0)
    assert (high - low) / 2 == pytest.approx((half[0] ** 2 + half[1] ** 2) ** 0.5 / 2, rel=0.1)
    assert (high + low) / 2 == pytest.approx(50, abs=1.0)
    [sound] = [g for g in score.tables["leaderboard"] if g.name.startswith("sound")]
    [alone] = [g for g in score.tables["pair"] if g.name == "Sound_AQA_avqa"]
    assert sound.values["strict"].interval == pytest.approx(alone.values["strict"].interval, abs=1.5)
    assert all(g.values["strict"].interval is None for g in score.tables["leaderboard"] if g.name.startswith("speech"))
