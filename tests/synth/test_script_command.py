"""`synth scripts`: words without sound."""

from __future__ import annotations

import pytest
from script_model import good_text, running
from typer.testing import CliRunner

from audio_reasoner.cli import app
from audio_reasoner.core.errors import ConfigError, InputError
from audio_reasoner.synth.scripts.orders import order, prompt
from audio_reasoner.synth.scripts.script import read_scripts


def scripts(*arguments):
    result = CliRunner().invoke(app, ["synth", "scripts", *map(str, arguments)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_written_by_ourselves_shown_and_checked(tmp_path):
    out = tmp_path / "new"
    told = scripts("-n", 12, "--seed", 4, "-o", out, "--speakers", 2, 3, "--scenario", "zoo", "--show", 1)
    assert told.exit_code == 0
    assert "a visit to the zoo" in told.output
    assert "12 scripts →" in told.output
    found = list(read_scripts(out / "scripts.jsonl"))
    assert len(found) == 12
    assert {s.speakers for s in found} == {2, 3}
    assert "speakers (12)" in scripts("--check", out / "scripts.jsonl").output
    (out / "mine.jsonl").write_text('{"scenario": "x"}\n')
    with pytest.raises(InputError, match=r"mine.jsonl, line 1"):
        scripts("--check", out / "mine.jsonl")


@pytest.mark.parametrize("arguments", [("-n", 3), ("-o", "x", "--speakers", 3, 2), ("-o", "x", "--dry-run")])
def test_what_cannot_be_done_is_told(arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError):
        scripts(*arguments)
    assert not list(tmp_path.iterdir())


def test_written_by_a_model(tmp_path):
    known = {prompt(o): o for o in (order(9, i) for i in range(3))}
    sick = prompt(order(9, 1))
    with running(
        lambda first, messages, before: "no" if first == sick and before < 2 else good_text(known[first])
    ) as m:
        common = ("-n", 3, "--seed", 9, "-o", tmp_path, "--teacher", f"openai:w@{m.url}")
        need = scripts(*common, "--dry-run")
        assert "3 scripts, 0 in the ledger; 3 calls" in need.output
        assert not m.asked
        first = scripts(*common)
        assert first.exit_code == 4
        assert "set aside: script 1 [json.syntax]" in first.output
        again = scripts(*common, "--retry-failed")
        assert again.exit_code == 0
        assert "3 scripts (0 after a repair), 1 calls now, 2 in the ledger" in again.output
    assert len(list(read_scripts(tmp_path / "scripts.jsonl"))) == 3
