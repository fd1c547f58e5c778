"""What the commands around a build say and note: usage mistakes in plain words, one log for all of a run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cota_runs import synthetic_run
from typer.testing import CliRunner

from audio_reasoner.cli import app
from audio_reasoner.core.errors import EXIT_SPEND_CAP, AudioReasonerError, ConfigError, InputError
from audio_reasoner.cota import BuildSettings, build_sync

if TYPE_CHECKING:
    from loopback import Running


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


def test_what_to_run_next_is_what_was_run(tmp_path: Path) -> None:
    run, say = synthetic_run(tmp_path / "r", 3), CliRunner().invoke
    words = ["build", str(run.path), "--style", "brief", "--limit", "2", "--workers", "0"]
    told = say(app, [*words, "--dry-run"]).output
    assert "not used" not in told
    assert told.rstrip().endswith("--style brief --limit 2 --workers 0")  # the price of two clips, not of all


def test_a_build_that_hits_its_cap_says_how_much_is_finished(tmp_path: Path, loopback: Callable[..., Running]) -> None:
    run = synthetic_run(tmp_path / "r", 6)
    (tmp_path / "p.yaml").write_text("version: 1\nmodels:\n  m: {input: 1, output: 4}\n")
    words = ["build", str(run.path), "--teacher", f"openai:m@{loopback().openai_url}", "--workers", "0", "--limit", "5"]
    done = CliRunner().invoke(app, [*words, "--max-cost", "0.03", "--prices", str(tmp_path / "p.yaml")])
    assert done.exit_code == EXIT_SPEND_CAP, done.output
    assert " of 5 │" in done.output
    assert "in the data set (finished clips)" in done.output
    assert "--limit 5 --workers 0   # goes on; with --max-cost above 0.03" in done.output


def test_flags_that_nobody_reads_are_named(tmp_path: Path) -> None:
    run = synthetic_run(tmp_path / "r", 1)
    words = ["build", str(run.path), "--workers", "0", "--best-of", "3", "--one-call", "--captions"]
    assert "not used: --one-call, --best-of\n" in CliRunner().invoke(app, words).output


def test_a_spec_is_never_read_as_an_emoji(tmp_path: Path, loopback: Callable[..., Running]) -> None:
    server = loopback()
    run = synthetic_run(tmp_path / "r", 2)
    spec = f"text:gemini:m@{server.gemini_url}"
    done = CliRunner().invoke(app, ["build", str(run.path), "--teacher", spec, "--dry-run", "--workers", "0"])
    assert done.exit_code == 0, done.output
    assert f"audio-reasoner build {run.path} --teacher {spec} " in done.output
    built = CliRunner().invoke(app, ["build", str(run.path), "--teacher", spec, "--limit", "1", "--workers", "0"])
    assert f"{run.path} · {spec}, full\n" in built.output
    assert "♊" not in built.output + CliRunner().invoke(app, ["status", str(run.path)]).output
