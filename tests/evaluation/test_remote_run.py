"""Servers and cascades answer benchmarks: through the ledger, paid once, heard, resumed after Ctrl-C and kill -9."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ear_server import LOUD, QUIET, EarServer, serving
from test_eval_run import make

from audio_reasoner.core.errors import ConfigError, QuotaError, TeacherError
from audio_reasoner.evaluation.mmau import read
from audio_reasoner.evaluation.remote import LEDGER_NAME, CallOptions, Lines, audio_tokens_of
from audio_reasoner.evaluation.run import Plan
from audio_reasoner.evaluation.session import SessionResult, Wanted, run_session
from audio_reasoner.evaluation.specs import open_backend, parse_spec

MAIN = "from audio_reasoner.cli import main; main()"


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "GEMINI_API_KEY", "GOOGLE_API_KEY"):
        monkeypatch.delenv(name, raising=False)


def session(word: str, data: Path, out: Path, wanted: Wanted | None = None, **plan: Any) -> SessionResult:
    options = CallOptions(**{k: plan.pop(k) for k in list(plan) if k in CallOptions.__dataclass_fields__})
    lines = Lines(out / LEDGER_NAME, options)
    try:
        backend = open_backend(parse_spec(word), lines, batch_size=4, system=None, own_system=True)
        return run_session(backend, read(data), out, Plan(long_audio="whole", **plan), wanted)
    finally:
        lines.close()


def rows_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (path / "predictions.jsonl").read_text().splitlines()]


def right(rows: list[dict[str, Any]]) -> int:
    """In `make`, clips 0, 3, 6, … are loud, and even questions name that option first."""
    golds = {f"q{i}": (int(i % 3 != 0) if i % 2 == 0 else int(i % 3 == 0)) for i in range(100)}
    return sum(row["option"] == golds[row["id"]] for row in rows)


def test_a_server_hears_and_its_rows_say_all(tmp_path: Path) -> None:
    data, out = make(tmp_path / "data", 9), tmp_path / "out"
    with serving() as server:
        result = session(f"openai:ear@{server.url}", data, out)
        asked = len(server.chats)
        again = session(f"openai:ear@{server.url}", data, out)
        assert len(server.chats) == asked  # neither questions nor the probe are asked again
    assert (result.main.made, result.main.failed, again.main.resumed) == (9, [], 9)
    assert result.reached is not None
    assert result.reached["heard"]
    assert result.reached["items"][0]["audio_tokens"]["own"] == 30
    rows = rows_of(out)
    assert right(rows) == 9
    row = next(r for r in rows if r["id"] == "q1")
    assert row["prompt"] == f"How loud is tone 1?\n(a) {QUIET}\n(b) {LOUD}"
    assert (row["system"], row["audio_policy"], row["control"], row["sample"]) == (None, "whole", None, 0)
    assert (row["tokens"], row["audio_tokens"], row["duration_s"], row["stopped"]) == (7, 30, 0.5, "end")
    assert len(row["audio"][0]) == len(row["calls"][0]) == 64
    assert json.loads((out / "run.json").read_text())["audio_reached"]["heard"] is True


def test_controls_and_samples_share_the_ledger_and_are_paid_once(tmp_path: Path) -> None:
    data, out = make(tmp_path / "data", 6), tmp_path / "out"
    wanted = Wanted(controls=("no-audio", "silence", "other-clip", "shuffled"), samples=2)
    with serving() as server:
        result = session(f"openai:ear@{server.url}", data, out, wanted)
        asked = len(server.chats)
        session(f"openai:ear@{server.url}", data, out, wanted)
        assert len(server.chats) == asked
        temperatures = [chat["body"].get("temperature") for chat in server.chats]
    assert sorted(result.after) == ["no-audio", "other-clip", "samples", "shuffled", "silence"]
    assert temperatures.count(0.8) == 12
    assert all(row["audio"] == [] and row["audio_policy"] == "none" for row in rows_of(out / "controls/no-audio"))
    assert all(row["option"] is not None for row in rows_of(out / "controls/no-audio"))
    assert right(rows_of(out / "controls/shuffled")) == 6
    own = {row["id"]: row["audio"] for row in rows_of(out)}
    lent = {row["id"]: row["audio"] for row in rows_of(out / "controls/other-clip")}
    assert any(own[name] != lent[name] for name in own)  # there are only two sounds in this data
    assert {row["sample"] for row in rows_of(out / "samples")} == {0, 1}


@pytest.mark.parametrize("counts", [True, False])
def test_a_deaf_server_is_found_out_before_the_run(tmp_path: Path, counts: bool) -> None:
    data, out = make(tmp_path / "data", 9), tmp_path / "out"
    with serving(deaf=True, counts=counts) as server:
        with pytest.raises(ConfigError) as caught:
            session(f"openai:ear@{server.url}", data, out)
        assert caught.value.code == "eval.deaf"
        assert not (out / "predictions.jsonl").exists()
        assert len(server.chats) <= 12
        with pytest.raises(ConfigError):  # it is remembered, and not asked again
            session(f"openai:ear@{server.url}", data, out)
        assert len(server.chats) <= 12
        result = session(f"openai:ear@{server.url}", data, out, Wanted(allow_deaf=True))
        assert result.main.made == 9
    with serving(counts=False) as server:
        assert session(f"openai:ear@{server.url}", data, tmp_path / "hears").main.made == 9


def test_money_keys_and_refusals_end_a_run_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, out = make(tmp_path / "data", 30), tmp_path / "out"
    prices = tmp_path / "prices.yaml"
    prices.write_text("version: 1\nmodels:\n  ear: {input: 100.0, output: 100.0}\n")
    with serving() as server:
        word = f"openai:ear@{server.url}"
        with pytest.raises(QuotaError) as capped:
            session(word, data, out, prices=prices, max_cost_usd=0.12, max_new_tokens=100)
        assert capped.value.code == "spend.cap"
        with sqlite3.connect(out / LEDGER_NAME) as db:
            assert 0 < db.execute("SELECT sum(cost_micro) FROM calls").fetchone()[0] <= 120_000
        assert session(word, data, out, prices=prices, max_cost_usd=50, max_new_tokens=100).main.made > 0
        assert len(server.chats) == len({json.dumps(c["body"], sort_keys=True) for c in server.chats})
        with pytest.raises(ConfigError, match="price"):
            session(word, data, tmp_path / "other", max_cost_usd=1.0)
        with pytest.raises(ConfigError) as no_key:
            session("gemini:gemini-2.5-flash", data, tmp_path / "third")
        assert no_key.value.code == "endpoint.no_key"
    with serving(refuse_all=True) as server, pytest.raises((TeacherError, ConfigError)):
        session(f"openai:ear@{server.url}", data, tmp_path / "refused", Wanted(allow_deaf=True))


@pytest.mark.parametrize("first", ["transcript:openai:ear@{url}", "caption:openai:ear@{url}", "whisper:w@{url}"])
def test_a_cascade_hears_once_per_clip_and_reads(tmp_path: Path, first: str) -> None:
    data, out = make(tmp_path / "data", 9), tmp_path / "out"
    rows = json.loads((data / "mmau-test-mini.json").read_text())
    rows += [{**row, "id": row["id"] + "b", "question": "And now?"} for row in rows]
    (data / "mmau-test-mini.json").write_text(json.dumps(rows))
    with serving() as server:
        word = f"cascade:{first.format(url=server.url)}+openai:reader@{server.url}"
        result = session(word, data, out)
        hearing = [c for c in server.chats if c["sounds"]]
        heard = server.transcriptions or len(hearing)
        reading = [c for c in server.chats if c["body"]["model"] == "reader"]
    assert result.main.made == 18
    assert all(c["sounds"] == 0 for c in reading)
    assert heard <= 2 + 3  # two different sounds (files repeat), the probe's silences and other clips
    answers = rows_of(out)
    assert right([row for row in answers if not row["id"].endswith("b")]) == 9
    row = answers[0]
    assert row["stages"][0]["text"] in row["prompt"]
    assert LOUD in row["stages"][0]["text"] or QUIET in row["stages"][0]["text"]
    assert len(row["calls"]) == 2


def test_measurements_are_a_first_stage_too(tmp_path: Path) -> None:
    data, out = make(tmp_path / "data", 4), tmp_path / "out"
    with serving() as server:
        result = session(f"cascade:evidence+openai:reader@{server.url}", data, out)
        assert all(c["sounds"] == 0 for c in server.chats)
    assert result.reached is not None
    assert result.reached["heard"]
    assert "duration: 0.5" in rows_of(out)[0]["stages"][0]["text"]


@pytest.mark.parametrize(
    "word",
    [
        "",
        "local:",
        "https://host/v1",
        "cascade:",
        "cascade:caption:openai:a",
        "cascade:smell:openai:a@http://h/v1+openai:b@http://h/v1",
        "cascade:caption:openai:a@http://h/v1+openai:b@http://h/v1+openai:c@http://h/v1",
        "cascade:evidence+models/demo",
        "openai:",
        "anthropic:x",
    ],
)
def test_a_word_that_names_no_model_is_refused(word: str) -> None:
    with pytest.raises(ConfigError):
        parse_spec(word)


def test_words_of_models_are_read() -> None:
    spec = parse_spec("cascade:caption:openai:a+b@http://h:1/v1+gemini:gemini-2.5-flash@http://h:2")
    assert (spec.kind, spec.first, spec.hearing and spec.hearing.model) == ("cascade", "caption", "a+b")
    assert spec.reading is not None
    assert spec.reading.model == "gemini-2.5-flash"
    assert parse_spec("local:openai-like/dir").path == "openai-like/dir"
    assert parse_spec("models/demo").path == "models/demo"


def test_audio_tokens_are_read_where_the_server_says_them() -> None:
    assert audio_tokens_of("openai", b'{"usage": {"prompt_tokens_details": {"audio_tokens": 12}}}') == 12
    gemini = {"usageMetadata": {"promptTokensDetails": [{"modality": "AUDIO", "tokenCount": 9}, {"modality": "TEXT"}]}}
    assert audio_tokens_of("gemini", json.dumps(gemini).encode()) == 9
    for raw in (None, b"", b"[]", b'{"usage": null}', b'{"usage": {"prompt_tokens_details": {"audio_tokens": "x"}}}'):
        assert audio_tokens_of("openai", raw) is None


@pytest.mark.system
@pytest.mark.parametrize("provider", ["openai", "gemini"])
def test_faults_of_real_services_cost_no_answer(
    tmp_path: Path, loopback: Callable[..., Any], provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", "k" * 20)
    data, out = make(tmp_path / "data", 12), tmp_path / "out"
    server = loopback(faults="429=0.1,500=0.1,reset=0.05,garbage=0.05,refusal=0.1", fault_attempts=1, seed=3)
    url = server.openai_url if provider == "openai" else server.gemini_url
    result = session(f"{provider}:{'loopback' if provider == 'openai' else 'gemini-2.5-flash'}@{url}", data, out)
    assert (result.main.made, result.main.failed) == (12, [])
    assert result.reached is not None
    assert result.reached["how"].startswith("tokens_in")
    stats = server.stats()
    assert sum(stats["faults"].values()) > 0
    rows = rows_of(out)
    assert {row["stopped"] for row in rows} <= {"end", "safety", "refused"}
    assert all(row["audio"] for row in rows)


# ----------------------------------------------------------------------------------------------------- interruptions


def command(*words: object) -> list[str]:
    return [sys.executable, "-c", MAIN, *map(str, words)]


def wait_for_rows(process: subprocess.Popen[Any], file: Path, more_than: int) -> None:
    deadline = time.monotonic() + 90
    while not file.exists() or file.read_bytes().count(b"\n") <= more_than:
        assert time.monotonic() < deadline
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)


@pytest.mark.system
def test_an_interrupted_run_pays_nothing_twice(tmp_path: Path) -> None:
    data, out, n = make(tmp_path / "data", 24), tmp_path / "out", 24
    file = out / "predictions.jsonl"
    with serving(delay_s=0.2) as server:
        words = command(
            "eval", "run", "mmau-mini", "-d", data, "-m", f"openai:ear@{server.url}", "-o", out, "--max-in-flight", 2
        )
        for how in (signal.SIGKILL, signal.SIGINT):
            before = file.read_bytes().count(b"\n") if file.exists() else 0
            process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            wait_for_rows(process, file, before + 2)
            os.kill(process.pid, how)
            _, err = process.communicate(timeout=60)
            assert "Traceback" not in err
        assert process.returncode == 130, err
        assert "Go on with" in err
        assert file.read_bytes().count(b"\n") < n
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        asked = [json.dumps(c["body"]["messages"], sort_keys=True) for c in server.chats]
    assert sorted(row["id"] for row in rows_of(out)) == sorted(f"q{i}" for i in range(n))
    # Only what was in flight at the kill may have been asked a second time; a Ctrl-C waits for it.
    assert len(asked) - len(set(asked)) <= 2


def test_a_server_object_counts(tmp_path: Path) -> None:
    server = EarServer()
    assert server.said("x\n(a) loud tone\n(b) a quiet tone", [0.0]) == "(b) a quiet tone"
    assert server.said("x", [0.9]) == f"It is {LOUD}."
