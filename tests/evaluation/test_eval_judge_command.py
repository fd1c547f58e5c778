"""`audio-reasoner eval judge` from the command line, against a scripted judge."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from audio_reasoner.core.errors import AudioReasonerError
from scripted_judge import scripted_judge

TASKS = (
    "speech_QA", "sound_QA", "music_QA", "speech_and_sound_QA", "speech_and_music_QA",
)  # fmt: skip
CRITERIA = [{"name": f"c{i}", "scoring_point": "p", "note": "", "choices": [0, 1]} for i in range(5)]


def invoke(*words: object) -> Any:
    from audio_reasoner.cli import app

    result = CliRunner(env={"COLUMNS": "200"}).invoke(app, ["eval", "judge", *map(str, words)])
    if result.exception is not None and not isinstance(result.exception, SystemExit | AudioReasonerError):
        raise result.exception
    return result


def code_of(result: Any) -> str:
    assert isinstance(result.exception, AudioReasonerError)
    return result.exception.code


def chat_data(tmp_path: Path, n: int = 10) -> tuple[Path, Path]:
    rows = [
        {"path": f"{i}.wav", "question": f"What is heard in {i}?", "meta_info": "m", "answer_gt": "g", "uniq_id": i,
         "task_name": TASKS[i % 5], "dataset_name": "d"}
        for i in range(n)
    ]  # fmt: skip
    (tmp_path / "Chat").mkdir()
    (tmp_path / "Chat" / "Chat_meta.json").write_text(json.dumps(rows))
    predictions = tmp_path / "ours.jsonl"
    predictions.write_text(
        "".join(json.dumps(r | {"response": f"<RESPONSE>{i}</RESPONSE>"}) + "\n" for i, r in enumerate(rows))
    )
    return predictions, tmp_path


def test_air_chat_from_a_prediction_file_to_a_score(tmp_path: Path) -> None:
    predictions, data = chat_data(tmp_path)
    with scripted_judge(lambda *_: "6 4") as judge:
        words = ("air-chat", predictions, "--data", data, "--judge", f"openai:j@{judge.url}")
        foreseen = invoke(*words, "--dry-run")
        assert "20 calls are needed" in foreseen.stdout
        assert not judge.requests
        assert not (tmp_path / "ours.judged").exists()
        first = invoke(*words)
        assert (first.exit_code, len(judge.requests)) == (0, 20)
        out = tmp_path / "ours.judged"
        score = json.loads((out / "score.json").read_text())
        assert score["overall"]["values"]["score"]["value"] == 5.0
        assert score["paper"]["Average"] == 5.0
        assert "the official one is gpt-4-0125-preview" in " ".join(score["deviations"])
        assert score["overall"]["judge"]["models"] == ["openai:j"]
        assert (out / "official" / "chat_score_cir.json").is_file()
        before = {p.name: p.read_bytes() for p in out.iterdir() if p.suffix in (".json", ".jsonl")}
        again = invoke(*words)
        assert (again.exit_code, len(judge.requests)) == (0, 20)
        assert {p.name: p.read_bytes() for p in out.iterdir() if p.suffix in (".json", ".jsonl")} == before
        # Another prompt is another judge.
        prompt = tmp_path / "p.txt"
        prompt.write_text("XAudioX XQuestionX XAssistant1X XAssistant2X")
        invoke(*words, "--judge-prompt", prompt, "--one-order", "--limit", 5, "--judge-temperature", "official")
        assert len(judge.requests) == 25
        assert {body["temperature"] for body in judge.requests[20:]} <= {1.0, 2.0}
        kept = [json.loads(x) for x in (out / "judged.jsonl").read_text().splitlines()]
        assert [x["purpose"] for x in kept] == ["chat"] * 5, "opinions of two judges are not mixed"
        assert kept[0]["version"] == "j"


def test_what_the_official_scripts_wrote_is_taken_over(tmp_path: Path) -> None:
    predictions, data = chat_data(tmp_path)
    with scripted_judge(lambda *_: "6 4") as judge:
        words = ("air-chat", predictions, "--data", data)
        invoke(*words, "--judge", f"openai:j@{judge.url}")
    ours = tmp_path / "ours.judged"
    first = json.loads((ours / "score.json").read_text())
    files = [ours / "official" / name for name in ("chat_score.json", "batch_run_output_cir.jsonl")]
    result = invoke(*words, "--from", files[0], "--from", files[1], "-o", tmp_path / "taken")
    assert result.exit_code == 0, result.output
    taken = json.loads((tmp_path / "taken" / "score.json").read_text())
    assert taken["paper"] == first["paper"]
    assert taken["overall"]["values"] == first["overall"]["values"]
    assert taken["deviations"] == [
        "Opinions were taken over: which model judged, how it was asked and when is not known here."
    ]
    assert "Judge: not known; 20 opinions were taken over from" in " ".join(taken["notes"])
    # Rows about other answers, or about nothing, are named; a file without any is refused.
    rows = json.loads(files[0].read_text())
    rows[0]["Audio-LLM-response"], rows[1]["path"] = "another answer", "elsewhere.wav"
    (tmp_path / "odd.json").write_text(json.dumps([*rows, 7, {"gen": None}]))
    result = invoke(*words, "--from", tmp_path / "odd.json", "-o", tmp_path / "odd")
    assert result.exit_code == 4
    assert "4 rows were not taken over" in result.stderr
    assert json.loads((tmp_path / "odd" / "score.json").read_text())["overall"]["reference_first"]["judged"] == 8
    (tmp_path / "none.json").write_text("[]")
    assert code_of(invoke(*words, "--from", tmp_path / "none.json")) == "judged.unreadable"
    assert code_of(invoke(*words)) == "judge.who"


def test_one_hopeless_row_ends_in_status_4_and_is_named(tmp_path: Path) -> None:
    predictions, data = chat_data(tmp_path)

    def script(body: dict[str, Any], _: int) -> Any:
        hopeless = "heard in 3?" in body["messages"][0]["content"]
        return {"status": 400, "body": '{"error": {"message": "context length"}}'} if hopeless else "6 4"

    with scripted_judge(script) as judge:
        result = invoke("air-chat", predictions, "--data", data, "--judge", f"openai:j@{judge.url}")
    assert result.exit_code == 4
    problems = [json.loads(x) for x in (tmp_path / "ours.judged" / "judge_problems.jsonl").read_text().splitlines()]
    assert [(p["id"], p["code"]) for p in problems] == [("3", "teacher.bad_request")] * 2
    score = json.loads((tmp_path / "ours.judged" / "score.json").read_text())
    assert "2 opinions are missing" in " ".join(score["notes"])


def test_what_cannot_be_judged_is_refused_before_anything_is_paid(tmp_path: Path) -> None:
    predictions, data = chat_data(tmp_path)
    with scripted_judge(lambda *_: "6 4") as judge:
        words = ("air-chat", predictions, "--data", data, "--judge", f"openai:j@{judge.url}")
        assert code_of(invoke(*words, "--what", "rubric")) == "judge.purpose"
        assert code_of(invoke(*words, "--judge-temperature", "hot")) == "judge.temperature"
        assert code_of(invoke(*words, "--judge-temperature", "3")) == "judge.temperature"
        assert code_of(invoke(*words, "--judge-prompt", tmp_path / "none")) == "judge.prompt"
        assert code_of(invoke(*words[:-1], "judge")) == "endpoint.spec"
        assert code_of(invoke(*words, "--max-cost", "1")) == "price.unknown"
        (tmp_path / "foreign.json").write_text('{"somebody": "else"}')
        assert code_of(invoke("air-chat", tmp_path / "foreign.json", *words[2:])) == "predictions.foreign"
        assert not judge.requests


def mmar_data(tmp_path: Path) -> tuple[Path, Path]:
    rows = [
        {"id": f"m{i}", "audio_path": f"./audio/{i}.wav", "question": f"Item {i}?", "choices": ["a dog", "a cat"],
         "answer": "a dog", "modality": "sound", "category": "c", "sub-category": "s", "rubric": CRITERIA,
         "thinking": "Barking.", "cue": []}
        for i in range(6)
    ]  # fmt: skip
    (tmp_path / "MMAR-meta.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    predictions = tmp_path / "p.json"
    texts = ["a dog", "a dog", "a cat", "it barks", "a dog", "(b)"]
    predictions.write_text(json.dumps({f"m{i}": text for i, text in enumerate(texts)}))
    return predictions, tmp_path


def test_reasoning_in_a_field_of_its_own_is_what_is_graded(tmp_path: Path) -> None:
    _, data = mmar_data(tmp_path)
    predictions = tmp_path / "official.jsonl"
    row = {"id": "m0", "answer_prediction": "a dog", "thinking_prediction": "Paws are heard."}
    predictions.write_text(json.dumps(row) + "\n")
    with scripted_judge(lambda *_: json.dumps([{"name": "c", "score": 1}] * 5)) as judge:
        result = invoke("mmar", predictions, "--data", data, "--judge", f"openai:j@{judge.url}")
    assert result.exit_code == 0, result.output
    assert len(judge.requests) == 5
    assert all("Paws are heard. The answer is a dog." in text for text in judge.texts)
    written = tmp_path / "official.judged" / "official" / "mmar-rubrics-input.jsonl"
    assert [json.loads(x) for x in written.read_text().splitlines()] == [row]


def test_mmar_rubrics_and_mapper_share_one_file(tmp_path: Path) -> None:
    predictions, data = mmar_data(tmp_path)

    def script(body: dict[str, Any], before: int) -> Any:
        text = body["messages"][-1]["content"]
        if "Write only the letter" in text:
            return "a" if "it barks" in text else "(b)" if "(b)\n[Reply ends]" in text else "a"
        if before == 0:
            return "I have to think."  # asked again
        return json.dumps([{"name": "c", "score": 1, "justification": ""}] * 5)

    with scripted_judge(script) as judge:
        words = ("mmar", predictions, "--data", data, "--judge", f"openai:j@{judge.url}")
        result = invoke(*words)
        assert result.exit_code == 0, result.output
        score = json.loads((tmp_path / "p.judged" / "score.json").read_text())
        assert score["overall"]["values"]["rubric"]["value"] == 50.0
        assert score["overall"]["values"]["strict"]["value"] == 50.0
        result = invoke(*words, "--what", "mapper", "--map", "unparsed")
        assert result.exit_code == 0, result.output
        score = json.loads((tmp_path / "p.judged" / "score.json").read_text())
        assert score["overall"]["values"]["judged"]["value"] == pytest.approx(66.6667)
        assert score["overall"]["values"]["judged"]["n"] == 6, "replies the rules read stand beside those asked about"
        assert score["overall"]["values"]["rubric"]["value"] == 50.0, "the rubrics are still there"
        assert score["overall"]["mapper"]["only_judge"] == 1
        assert sum("Write only the letter" in text for text in judge.texts) == 1


@pytest.mark.system
def test_ctrl_c_keeps_what_is_paid(tmp_path: Path) -> None:
    predictions, data = chat_data(tmp_path, 200)
    with scripted_judge(lambda *_: "6 4", delay_s=0.05) as judge:
        words = ["eval", "judge", "air-chat", predictions, "--data", data, "--judge", f"openai:j@{judge.url}"]
        words += ["--max-in-flight", 4]
        command = [sys.executable, "-c", "from audio_reasoner.cli import main; main()", *map(str, words)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        deadline = time.monotonic() + 60
        while len(judge.requests) < 40 and time.monotonic() < deadline:
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGINT)
        said = process.communicate(timeout=60)[0]
        assert process.returncode == 130, said
        assert "Traceback" not in said
        kept = (tmp_path / "ours.judged" / "judged.jsonl").read_text().count("\n")
        assert 30 <= kept <= len(judge.requests)
