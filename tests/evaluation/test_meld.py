"""MELD: its lists and clips as unpacked, the label a reply means, and the figures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from audio_reasoner.core.errors import InputError
from audio_reasoner.evaluation import emotion, meld
from audio_reasoner.evaluation.emotion import LABELS, UNPARSED, match_label, matrix_of
from audio_reasoner.evaluation.predictions import Predictions, read_predictions

HEADER = "Sr No.,Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID,Season,Episode,StartTime,EndTime\r\n"


def table(root: Path, *rows: tuple[int, int, str]) -> Path:
    """The authors' table: CRLF, quotes, curly quotes, times with commas."""
    lines = [
        f'{i},"Well, he’s ""here"".",Joey,{label},neutral,{d},{u},8,21,"00:16:16,059","00:16:{17 + i % 40},731"\r\n'
        for i, (d, u, label) in enumerate(rows)
    ]
    root.mkdir(parents=True, exist_ok=True)
    (root / "test_sent_emo.csv").write_bytes((HEADER + "".join(lines)).encode("utf-8"))
    return root


def clip(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")


def test_clips_are_found_as_unpacked_and_never_in_another_split(tmp_path: Path) -> None:
    table(tmp_path / "MELD.Raw", (0, 0, "joy"), (0, 1, "anger"), (3, 0, "neutral"))
    test = "MELD.Raw/output_repeated_splits_test/"
    clip(tmp_path, f"{test}dia0_utt0.mp4", f"{test}final_videos_testdia0_utt0.mp4", f"{test}._dia0_utt0.mp4")
    clip(tmp_path, f"{test}final_videos_testdia0_utt1.mp4")
    clip(tmp_path, *(f"MELD.Raw/train_splits/dia{d}_utt{u}.mp4" for d in range(4) for u in range(2)))
    clip(tmp_path, *(f"MELD.Raw/dev_splits_complete/dia{d}_utt{u}.mp4" for d in range(4) for u in range(2)))
    benchmark = meld.read(tmp_path)
    assert [item.id for item in benchmark.items] == ["dia0_utt0", "dia0_utt1", "dia3_utt0"]
    assert [benchmark.audio_paths(item)[0].relative_to(tmp_path).as_posix() for item in benchmark.items] == [
        f"{test}dia0_utt0.mp4",
        f"{test}final_videos_testdia0_utt1.mp4",
        "output_repeated_splits_test/dia3_utt0.mp4",  # is not there; whoever asks for it will say so
    ]
    assert "1 clips lie there a second time" in benchmark.problems[0]
    assert benchmark.items[0].extra["utterance"] == 'Well, he’s "here".'
    assert benchmark.items[0].groups == {"emotion": "joy", "sentiment": "neutral", "speaker": "Joey", "length": "1–3 s"}


def test_a_folder_of_wav_files_is_taken(tmp_path: Path) -> None:
    table(tmp_path, (0, 0, "joy"), (0, 1, "anger"))
    clip(tmp_path, "audio/dia0_utt0.wav", "audio/dia0_utt1.wav", "audio/dia0_utt1.mp4")
    assert [item.audio for item in meld.read(tmp_path).items] == [("audio/dia0_utt0.wav",), ("audio/dia0_utt1.wav",)]


def test_emoboxs_and_qwens_lists_have_the_same_ids(tmp_path: Path) -> None:
    wav = "downloads/meld/output_repeated_splits_test/dia7_utt2.mp4"
    box = [
        {"key": "meld-dia7_utt2-test", "dataset": "meld", "wav": wav, "length": 304.96, "emo": "sadness", "channel": 3},
        {"key": "meld-dia7_utt2-train", "dataset": "meld", "wav": wav, "length": 1.0, "emo": "joy", "channel": 1},
    ]
    for name, text in (
        ("meld_test_fold_1.jsonl", "".join(json.dumps(row) + "\n" for row in box)),
        ("meld_test_fold_1.json", json.dumps({str(row.pop("key")): row for row in [dict(b) for b in box]})),
        ("meld_eval.jsonl", json.dumps({"audio": "ser/dia7_utt2.wav", "gt": "sad", "source": "meld_test"})),
    ):
        folder = tmp_path / name
        folder.mkdir()
        (folder / name).write_text(text)
        benchmark = meld.read(folder)
        assert [item.id for item in benchmark.items] == ["dia7_utt2"]
        assert benchmark.items[0].groups["emotion"] == "sadness"
    assert benchmark.items[0].choices == ("neutral", "joy", "sad", "surprise", "disgust", "anger", "fear")
    assert meld.judge(benchmark.items[0], "sad").strict
    assert not meld.judge(benchmark.items[0], "sadness").strict
    assert meld.judge(benchmark.items[0], "sadness").predicted["extracted"] == 2


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "benchmark.unreadable"),
        (b"a,b\r\n1,2\r\n", "benchmark.unreadable"),
        (HEADER.encode(), "benchmark.no_items"),
        (b"\x00\xff\x00", "benchmark.unreadable"),
        (HEADER.encode() + b'0,"unclosed,Joey,joy,neutral,0,0', "benchmark.no_items"),
        (HEADER.encode() + b"0,x,Joey,bored,neutral,0,0,1,1,,\r\n", "benchmark.no_items"),
    ],
)
def test_broken_tables_are_errors_with_a_code(tmp_path: Path, data: bytes, code: str) -> None:
    (tmp_path / "test_sent_emo.csv").write_bytes(data)
    with pytest.raises(InputError) as error:
        meld.read(tmp_path)
    assert error.value.code == code


def test_bad_rows_are_named_and_left_out(tmp_path: Path) -> None:
    table(tmp_path, (0, 0, "joy"), (0, 0, "anger"), (1, 0, "bored"), (2, 0, "fear"))
    with (tmp_path / "test_sent_emo.csv").open("a") as f:
        f.write("9,x,Joey,joy,neutral,ten,0,1,1,,\r\n9,x\r\n")
    benchmark = meld.read(tmp_path)
    assert [item.id for item in benchmark.items] == ["dia0_utt0", "dia2_utt0"]
    assert len(benchmark.problems) == 4
    assert "'bored' is none of the seven" in benchmark.problems[1]


@pytest.mark.parametrize(
    ("reply", "label"),
    [
        ("joy", "joy"),
        ("Happy.", "joy"),
        ("**Angry**", "anger"),
        ("The speaker sounds sad.", "sadness"),
        ("She is surprised, not scared.", "surprise"),
        ("Emotion: disgusted", "disgust"),
        ("说话人很生气。", "anger"),
        ("情绪：高兴", "joy"),
        ("I'm afraid the speaker is angry.", "anger"),
        ("I am happy to help! The emotion is neutral.", "neutral"),
        ("(d)", "surprise"),
        ("<answer>fear</answer>", "fear"),
        # No guess: several labels, none, only rejected ones, moods that are no label.
        ("happy or surprised", None),
        ("not happy", None),
        ("I'm afraid I cannot tell.", None),
        ("She is upset.", None),
        ("calm", None),
        ("unhappy", None),
        ("fearless", None),
        ("", None),
        ("joy joy sadness", None),
    ],
)
def test_the_label_a_reply_means(reply: str, label: str | None) -> None:
    found = match_label(reply).index
    assert (None if found is None else LABELS[found]) == label


def test_figures_are_scikit_learns() -> None:
    """Worked by hand: gold n n n j s, predicted n n j j unparsed."""
    matrix = matrix_of([0, 0, 0, 1, 2], [0, 0, 1, 1, UNPARSED])
    assert float(emotion.weighted(matrix)) == pytest.approx(3 / 5)
    assert float(emotion.unweighted(matrix)) == pytest.approx((2 / 3 + 1 + 0) / 3)
    # F1: neutral 4/5, joy 2/3, sadness 0, and unparsed 0 is a fourth label.
    assert float(emotion.macro_f1(matrix)) == pytest.approx((4 / 5 + 2 / 3) / 4)
    assert float(emotion.weighted_f1(matrix)) == pytest.approx((3 * 4 / 5 + 2 / 3) / 5)


def test_a_score_with_missing_answers_baselines_and_confusion(tmp_path: Path) -> None:
    rows = [(d, 0, label) for d, label in enumerate(["neutral"] * 4 + ["joy"] * 2 + ["anger", "fear"])]
    benchmark = meld.read(table(tmp_path, *rows))
    replies = {
        "dia0_utt0": "neutral",
        "dia1_utt0": " neutral",
        "dia2_utt0": "neutral\n",
        "dia3_utt0": "Neutral",
        "dia4_utt0": "happy",
        "dia5_utt0": "no idea",
        "dia6_utt0": "<THINK><SUMMARY>It is anger.</SUMMARY></THINK><RESPONSE>as said</RESPONSE>",
    }
    seen = []
    score = meld.score(benchmark, Predictions(replies), "p", lambda row: seen.append(row.to_dict()))
    values = score.overall.values
    assert values["strict"].value == pytest.approx(100 * 2 / 7)  # white space in front passes, behind it does not
    assert values["emobox"].value == pytest.approx(100 * 3 / 7)  # "Neutral" is EmoBox's own word
    assert values["extracted"].value == pytest.approx(100 * 6 / 7)
    assert values["extracted_ua"].value == pytest.approx(100 * (1 + 1 / 2 + 1) / 3)
    assert values["extracted_ua"].over_all == pytest.approx(100 * (1 + 1 / 2 + 1 + 0) / 4)
    assert values["emobox_micro_f1"] == values["emobox"]
    assert score.paper == {"Unweighted_ACC": values["extracted_ua"].value}
    # The mean over rows of the headline's reading is the headline, so runs can be tested row by row.
    assert 100 * sum(row["readings"]["extracted_ua"] for row in seen) / len(seen) == pytest.approx(
        values["extracted_ua"].value, abs=1e-3
    )
    facts = score.overall.facts
    assert facts["unparsed"] == {"count": 1, "rate": 0.1429}
    assert facts["from_summary"]["count"] == 1
    assert facts["majority"] == {"answer": "neutral", "value": 50.0, "ua": 25.0}
    assert facts["confusion"]["counts"][1] == [0, 1, 0, 0, 0, 0, 0, 1]
    assert facts["recall"]["joy"] == {"n": 2, "value": 50.0}
    assert [g.name for g in score.tables["emotion"]] == ["neutral", "joy", "anger", "fear"]
    assert any("1 of 8 utterances have no answer" in note for note in score.notes)
    json.dumps(score.to_dict())


def test_always_neutral_is_told_by_unweighted_accuracy(tmp_path: Path) -> None:
    sizes = {"neutral": 1256, "joy": 402, "sadness": 208, "surprise": 281, "disgust": 68, "anger": 345, "fear": 50}
    benchmark = meld.read(table(tmp_path, *((d, 0, label) for d, label in enumerate(_spread(sizes)))))
    score = meld.score(benchmark, Predictions({item.id: "neutral" for item in benchmark.items}))
    assert score.benchmark.revision == "MELD test, the authors' table, 2,610 utterances"
    assert round(score.overall.values["extracted"].value or 0, 2) == 48.12
    assert round(score.overall.values["extracted_ua"].value or 0, 2) == 14.29
    assert score.overall.facts["majority"]["value"] == pytest.approx(48.1226)


def _spread(sizes: dict[str, int]) -> list[str]:
    return [label for label, n in sizes.items() for _ in range(n)]


def test_official_files_read_back_to_the_same_score(tmp_path: Path) -> None:
    benchmark = meld.read(table(tmp_path / "d", (0, 0, "joy"), (0, 1, "anger"), (1, 0, "neutral")))
    replies = {"dia0_utt0": "joy", "dia0_utt1": "Angry", "dia1_utt0": "hm"}
    files = {path.name: path for path in meld.official_files(benchmark, replies, tmp_path / "o")}
    back = read_predictions(files["results.json"])
    assert meld.score(benchmark, back).overall.values == meld.score(benchmark, Predictions(replies)).overall.values
    predicted = [json.loads(line) for line in files["emobox_predictions.jsonl"].read_text().splitlines()]
    labels = [json.loads(line) for line in files["emobox_labels.jsonl"].read_text().splitlines()]
    assert [row["pred"] for row in predicted] == [1, 5, 7]
    assert [row["label"] for row in labels] == [1, 5, 0]
    assert [row["key"] for row in labels] == [row["key"] for row in predicted]
