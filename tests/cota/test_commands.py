"""What the commands around a build say and note: usage mistakes in plain words, one log for all of a run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cota_runs import synthetic_run
from typer.testing import CliRunner

from audio_reasoner.cli import app
from audio_reasoner.core.errors import AudioReasonerError, ConfigError, InputError
from audio_reasoner.cota import BuildSettings, build_sync


def refused(*words: str) -> AudioReasonerError:
    done = CliRunner().invoke(app, list(words))
    assert isinstance(done.exception, AudioReasonerError), done.output
    return done.exception


def test_a_wrong_setting_is_named_in_our_words(tmp_path: Path) -> None:
    error = refused("build", str(tmp_path), "--style", "foo")
    assert isinstance(error, ConfigError)
    assert error.message == "command line: `style` is 'foo'; input should be 'full' or 'brief'."
    error = refused("build", str(tmp_path), "--keep", "max_blind=0.3")
    assert error.message == "command line: `keep` filters by what a solver finds: name one with `solver`."


@pytest.mark.parametrize("options", [("a dog", "A  dog"), ("a dog", " ")])
def test_options_that_cannot_be_told_apart_are_refused_before_a_model_is_loaded(options: tuple[str, str]) -> None:
    words = [w for option in options for w in ("--option", option)]
    error = refused("ask", "none.wav", "What is heard?", "--model", "nowhere", *words)
    assert isinstance(error, InputError)
    assert error.code == "question.options"


def test_exports_and_reports_stand_in_the_log_of_the_run(tmp_path: Path) -> None:
    run = synthetic_run(tmp_path / "r", 2)
    build_sync(run, BuildSettings(style="brief"), workers=0)
    for words in (("export", str(run.path), "--format", "ms-swift"), ("report", str(run.path))):
        done = CliRunner().invoke(app, list(words))
        assert done.exit_code == 0, done.output
    said = [json.loads(line)["message"] for line in run.log_path.read_text().splitlines()]
    assert any(line.startswith("exported ") for line in said)
    assert any(line.startswith("wrote the report ") for line in said)
