"""`eval score` on files and run directories: what it writes, and that it never leaves half a file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from audio_reasoner.cli.evaluate import app
from audio_reasoner.core.errors import InputError
from audio_reasoner.evaluation.judged import fingerprint


@pytest.fixture
def data(tmp_path: Path) -> Path:
    rows = [
        {"id": str(k), "audio_id": f"{k}.wav", "question": "?", "choices": ["dog", "bell"], "answer": "dog"}
        for k in range(4)
    ]
    (tmp_path / "mmau-test-mini.json").write_text(json.dumps(rows))
    return tmp_path


def score(*words: object) -> str:
    result = CliRunner().invoke(app, ["score", "mmau-mini", *map(str, words)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def test_a_run_directory_is_scored_where_it_lies(data: Path) -> None:
    run = data / "run"
    run.mkdir()
    (run / "predictions.jsonl").write_text('{"id": "0", "raw": "dog"}\n{"id": "1", "raw": "the barking one"}\n')
    score(run, "--data", data)
    before = json.loads((run / "score.json").read_text())
    assert (before["version"], before["kind"], before["overall"]["answered"]) == (2, "choice", 2)
    rows = [json.loads(line) for line in (run / "rows.jsonl").read_text().splitlines()]
    assert [row["id"] for row in rows] == ["0", "1"]
    wanted = {"id", "clip", "groups", "question", "choices", "answer", "gold_index", "audio", "body", "readings", "why"}
    wanted |= {"option_index", "option_rule", "option_detail", "from_summary", "tagged", "well_formed", "defects"}
    assert wanted <= rows[0].keys()
    opinion = {"id": "1", "purpose": "mapper", "n": 0, "text": "a", "parsed": {"index": 0}, "model": "openai:m"}
    opinion |= {"of": fingerprint("the barking one"), "prompt_sha": "0", "temperature": 0.0, "date": ""}
    (run / "judged.jsonl").write_text(json.dumps(opinion) + "\n")
    score(run, "--data", data)
    after = json.loads((run / "score.json").read_text())
    assert after["overall"]["values"]["judged"]["value"] == 100.0
    assert not list(run.glob("*.tmp"))


def test_a_refused_file_leaves_the_old_rows_alone(data: Path) -> None:
    good, bad, rows = data / "good.json", data / "bad.json", data / "rows.jsonl"
    good.write_text('{"0": "dog"}')
    bad.write_text('{"of another benchmark": "dog"}')
    score(good, "--data", data, "--rows", rows)
    before = rows.read_text()
    with pytest.raises(InputError) as caught:
        score(bad, "--data", data, "--rows", rows)
    assert caught.value.code == "predictions.foreign"
    assert rows.read_text() == before
    assert not list(data.glob("*.tmp"))


def test_fields_of_other_names_are_named(data: Path) -> None:
    file = data / "p.jsonl"
    file.write_text(
        "".join(f'{{"question_id": "{k}", "said": "bell"}}\n' for k in range(3))
        + '{"question_id": "3", "said": "dog"}\n'
    )
    with pytest.raises(InputError):
        score(file, "--data", data)
    assert "25.00" in score(file, "--data", data, "--key", "said", "--id-key", "question_id")


def test_rows_may_go_to_a_pipe(data: Path) -> None:
    (data / "p.json").write_text('{"0": "dog"}')
    score(data / "p.json", "--data", data, "--rows", "/dev/null")
    assert Path("/dev/null").exists()
    assert not Path("/dev/null").is_file()
