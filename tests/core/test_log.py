"""Logging: what reaches people and files, and what must not."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from audio_reasoner.core.log import REDACTED, redact, setup_logging


@pytest.fixture(autouse=True)
def _quiet_afterwards() -> object:
    yield
    logger = logging.getLogger("audio_reasoner")
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
        handler.close()
    logger.setLevel(logging.NOTSET)


@pytest.mark.parametrize(
    "secret",
    [
        "sk-proj-AbC123_xyz-987654",
        "AIzaSyA-1234567890abcdefghij",
        "hf_abcdefghijklmnop",
        "Bearer eyJhbGciOi.JIUzI1NiJ9",
    ],
)
def test_keys_are_recognised_by_their_shape(secret: str) -> None:
    out = redact(f"request failed: {secret} was refused")
    assert secret.split()[-1] not in out
    assert out.startswith("request failed:")
    assert out.endswith("was refused")


def test_ordinary_words_stay() -> None:
    text = "the bearer of a sk-8 skate and risk-averse AI, file=/data/key=1.wav?x=2"
    assert redact(text) == text


def test_secrets_of_the_environment_reach_neither_stderr_nor_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = 'open"sesame\\now'
    monkeypatch.setenv("MY_SERVER_TOKEN", secret)
    monkeypatch.setenv("DEBUG_KEY", "1")
    log = setup_logging(tmp_path / "run.log.jsonl")
    try:
        raise RuntimeError(f"the server said: {secret} is wrong")
    except RuntimeError:
        log.exception('with %s and {"x": 1}', secret, extra={"fields": {"header": secret, "n": 1}})
    stderr = capsys.readouterr().err
    lines = (tmp_path / "run.log.jsonl").read_text().splitlines()
    entry = json.loads(lines[0])
    for text in (stderr, *entry.values()):
        assert "sesame" not in str(text)
    assert entry["message"] == f'with {REDACTED} and {{"x": 1}}'
    assert entry["n"] == 1
    assert "RuntimeError" in entry["exception"]


def test_levels_and_calling_it_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "run.log.jsonl"
    setup_logging(path)
    log = setup_logging(path)
    log.info("for the file")
    log.warning("for both")
    assert [json.loads(x)["message"] for x in path.read_text().splitlines()] == ["for the file", "for both"]
    assert capsys.readouterr().err.splitlines() == ["WARNING audio_reasoner: for both"]
    log = setup_logging(None, verbose=True)
    log.info("now seen")
    assert "now seen" in capsys.readouterr().err
    assert len(path.read_text().splitlines()) == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's /dev/full")
def test_a_log_that_cannot_be_written_says_so_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "run.log.jsonl"
    path.symlink_to("/dev/full")
    log = setup_logging(path)
    log.info("one")
    log.info("two")
    setup_logging(None)
    err = capsys.readouterr().err
    assert err.count("cannot be written") == 1
    assert "Traceback" not in err
