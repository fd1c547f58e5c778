"""`audio-reasoner ask` as a user calls it: shown, as JSON, as a dialogue, as a vote, over files of questions."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.inference.chat_server import CHAIN, Said, chatting, sounds_of, text_of
from tests.models.conftest import MICRO, TEXTS
from typer.testing import CliRunner

from audio_reasoner.cli import app
from audio_reasoner.core.audio import encode_wav
from audio_reasoner.core.errors import AudioReasonerError, ConfigError, InputError
from audio_reasoner.models import bundled, nano

pytestmark = pytest.mark.usefixtures("no_keys")

OPTIONS = ("--option", "dog", "--option", "bell")


@pytest.fixture
def clip(tmp_path: Path) -> str:
    path = tmp_path / "clip.wav"
    path.write_bytes(encode_wav(0.1 * np.random.default_rng(1).standard_normal(8_000).astype(np.float32), 16_000))
    return str(path)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A micro model with its settings, as training leaves one."""
    path = tmp_path_factory.mktemp("micro")
    loaded = nano.create(MICRO, TEXTS, seed=3)
    loaded.model.save_pretrained(path)
    loaded.processor.save_pretrained(path)
    (path / "audio_reasoner.json").write_text('{"system": null}')
    return path


def call(*words: str, **more: Any) -> Any:
    return CliRunner().invoke(app, ["ask", *words], **more)


def shown(*words: str, **more: Any) -> str:
    done = call(*words, **more)
    assert done.exit_code == 0, done.output + repr(done.exception)
    return str(done.stdout)


def refused(*words: str) -> AudioReasonerError:
    done = call(*words)
    assert isinstance(done.exception, AudioReasonerError), done.output + repr(done.exception)
    return done.exception


# --- a server ---------------------------------------------------------------------------------------------------------


def test_a_server_is_named_like_a_teacher_and_everything_reaches_it(clip: str, tmp_path: Path) -> None:
    system = tmp_path / "system.txt"
    system.write_bytes(b"\xef\xbb\xbfThink in sections.\r\n")  # as some editors write it
    with chatting() as server:
        words = (
            clip,
            "Which?",
            *OPTIONS,
            "--audio",
            clip,
            "-m",
            f"openai:m@{server.url}",
            "--system-prompt",
            str(system),
        )
        told = json.loads(shown(*words, "--json", "--temperature", "0.5", "--top-p", "0.9", "--seed", "3"))
        screen = shown(*words)
    body = server.bodies[0]
    assert (body["messages"][0]["content"], body["temperature"], body["top_p"]) == ("Think in sections.", 0.5, 0.9)
    assert len(sounds_of(body["messages"][1])) == 2
    assert (told["option"], told["well_formed"]) == ({"index": 0, "text": "dog"}, True)
    assert told["system_sha256"] == hashlib.sha256(b"Think in sections.").hexdigest()
    assert told["timings"]["total"] >= told["timings"]["hearing"] > 0
    for words_there in ("PLANNING", "größer 犬", "→ (a) dog", "first token after", told["system_sha256"][:12]):
        assert words_there in screen
    assert "<PLANNING>" not in screen


def test_follow_ups_are_about_the_same_clip_without_earlier_thoughts(clip: str) -> None:
    with chatting() as server:
        words = (clip, "Which?", *OPTIONS, "-m", f"openai:m@{server.url}")
        told = json.loads(shown(*words, "--json", "--follow-up", "And then?", "--follow-up", "Why?"))
        screen = shown(*words, "--chat", input="And then?\nWhy?\n\nnot asked\n")
    assert [turn["question"] for turn in told["follow_ups"]] == ["And then?", "Why?"]
    assert len(server.bodies) == 6
    for asked in (server.bodies[2], server.bodies[5]):
        assert [len(sounds_of(m)) for m in asked["messages"]] == [1, 0, 0, 0, 0]
        assert text_of(asked["messages"][-1]) == "Why?"
        assert not any("THINK" in text_of(m) for m in asked["messages"])
    assert screen.count("RESPONSE") == 3


def test_a_question_that_fails_in_a_chat_leaves_the_dialogue(clip: str) -> None:
    def say(_n: int, body: dict[str, Any]) -> Said:
        return Said(status=400, error="no") if "bad" in text_of(body["messages"][-1]) else Said()

    with chatting(say) as server:
        screen = shown(clip, "Which?", "-m", f"openai:m@{server.url}", "--chat", input="bad one\ngood one\n")
        assert [text_of(m) for m in server.bodies[2]["messages"] if m["role"] == "user"] == ["Which?", "good one"]
    assert "teacher.bad_request" in screen


def test_an_answer_without_a_response_does_not_end_a_dialogue(clip: str) -> None:
    with chatting(lambda n, _body: Said("<THINK>\n<PLANNING>x</PLANNING>\n</THINK>") if n == 0 else Said()) as server:
        screen = shown(clip, "Which?", "-m", f"openai:m@{server.url}", "--chat", input="And now?\nAnd then?\n")
    assert screen.count("this turn is no part of the dialogue") == 1
    asked = [[text_of(m) for m in body["messages"] if m["role"] == "user"] for body in server.bodies]
    assert asked == [["Which?"], ["And now?"], ["And now?", "And then?"]]


def test_samples_vote_and_the_vote_is_shown(clip: str) -> None:
    def say(n: int, _body: dict[str, Any]) -> Said:
        return Said(CHAIN.replace("(a) dog", "(b) bell") if n % 5 == 1 else CHAIN)

    with chatting(say) as server:
        words = (clip, "Which?", *OPTIONS, "-m", f"openai:m@{server.url}", "--samples", "5", "--max-in-flight", "1")
        told = json.loads(shown(*words, "--json"))
        assert {body["temperature"] for body in server.bodies} == {0.7}
        assert len({body["seed"] for body in server.bodies}) == len(server.bodies) == 4
        screen = shown(*words)
    assert (told["option"]["index"], told["vote"]["winner"], told["vote"]["decided_after"]) == (0, 0, 4)
    assert [v["votes"] for v in told["vote"]["votes"]] == [3, 1]
    assert len(told["samples"]) == 4
    assert "(a) dog" in screen
    assert "█" in screen
    assert "→ (a) dog" in screen.partition("decided")[0]
    assert "decided after 4 of 5 chains; 1 stopped, because they could change nothing" in screen
    assert "5 chains wrote" in screen
    with chatting(lambda _n, _body: Said(CHAIN.replace("(a) dog", "a cat"))) as server:
        words = (clip, "Which?", *OPTIONS, "-m", f"openai:m@{server.url}", "--samples", "2")
        screen = shown(*words)
        assert "no option won: no chain means an option; the first one is shown" in screen
        assert "decided after 2 of 2 chains" in screen
        assert "none of them" in screen
        assert json.loads(shown(*words, "--json"))["option"] is None


def test_what_a_model_writes_cannot_command_the_terminal(clip: str) -> None:
    with chatting(lambda _n, _body: Said(CHAIN.replace("Listen.", "\x1b[31m\x07[red]:dog:"))) as server:
        screen = shown(clip, "Which?", "-m", f"openai:m@{server.url}")
    assert "\x1b" not in screen
    assert "\x07" not in screen
    assert "[red]:dog:" in screen


def test_the_response_can_be_read_on_a_terminal_of_any_colour(clip: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    with chatting() as server:
        screen = shown(clip, "Which?", *OPTIONS, "-m", f"openai:m@{server.url}")
    assert "\x1b[1mRESPONSE\x1b[0m" in screen
    assert not re.search(r"\x1b\[[0-9;]*\b(30|37|90|97)m", screen)  # black and white


# --- a model here -----------------------------------------------------------------------------------------------------


@pytest.mark.system
def test_without_a_name_the_model_of_the_package_answers(
    clip: str, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundled, "path", lambda: model)
    told = json.loads(shown(clip, "Which?", "--json", "--max-new-tokens", "60"))
    # Constrained, because the model says that it was trained here.
    assert told["well_formed"], told
    assert told["audio_tokens"] > 0
    freely = json.loads(shown(clip, "Which?", "--json", "--max-new-tokens", "5", "--free"))
    assert not freely["well_formed"]
    monkeypatch.undo()
    if not (Path(bundled.__file__).parent.parent / "assets" / bundled.NAME / "model.safetensors").is_file():
        assert refused(clip, "Which?").code == "model.not_bundled"


def test_budgets_close_sections(clip: str, model: Path) -> None:
    few = (clip, "Which?", "-m", str(model), "--max-new-tokens", "110")
    told = json.loads(shown(*few, "--json", "--budget", "planning=12,caption=14"))
    assert {"planning", "caption"} <= set(told["shortened"])
    assert told["well_formed"]
    screen = shown(*few, "--budget", "planning=12")
    assert "PLANNING was closed at its limit of tokens" in screen


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ((), "ask.arguments"),
        (("clip.wav",), "ask.arguments"),
        (("--resume", "clip.wav", "Which?"), "ask.arguments"),
        (("clip.wav", "Which?", "-o", "x.jsonl"), "ask.arguments"),
        (("--batch", "q.jsonl"), "ask.arguments"),
        (("clip.wav", "Which?", "--batch", "q.jsonl", "-o", "a.jsonl"), "ask.arguments"),
        (("--batch", "q.jsonl", "-o", "a.jsonl", "--json"), "ask.arguments"),
        (("clip.wav", "Which?", "--chat", "--json"), "ask.arguments"),
        (("clip.wav", "Which?", "--top-p", "0.5"), "ask.arguments"),
        (("clip.wav", "Which?", "--option", "dog"), "question.options"),
        (("clip.wav", "Which?", "--budget", "planning"), "ask.budget"),
        (("clip.wav", "Which?", "--budget", "planing=4"), "ask.budget"),
        (("clip.wav", "Which?", "--budget", "planning=4,planning=5"), "ask.budget"),
        (("clip.wav", "Which?", "--budget", "planning=0"), "budgets.bad_value"),
        (("clip.wav", "Which?", "--samples", "4", "--temperature", "0"), "ask.samples"),
        (("clip.wav", "Which?", "--system-prompt", "none.txt"), "ask.system_prompt"),
        (("clip.wav", "Which?", "--free", "--budget", "planning=4"), "ask.arguments"),
        (("clip.wav", "Which?", "--api-key-env", "NOT_SET"), "endpoint.no_key"),
        (("clip.wav", "Which?", "--budget", "planning=4"), "remote.budgets"),
        (("none.wav", "Which?"), "audio.missing"),
        (("", "Which?"), "audio.missing"),
        (("clip.wav", "Which?", "--audio", " "), "audio.missing"),
        (("clip.wav", ""), "question.empty"),
    ],
)
def test_what_cannot_be_done_is_refused(words: tuple[str, ...], code: str) -> None:
    assert refused(*words, "-m", "openai:m@http://127.0.0.1:9/v1").code == code


def test_long_clips_are_refused_unless_it_is_said_what_is_meant(tmp_path: Path) -> None:
    long = tmp_path / "long.wav"
    long.write_bytes(encode_wav(np.zeros(40 * 16_000, dtype=np.float32), 16_000))
    with chatting() as server:
        words = (str(long), "Which?", "-m", f"openai:m@{server.url}")
        assert isinstance(refused(*words), InputError)
        shown(*words, "--over-30s", "split")
        shown(*words, "--over-30s", "truncate30")
    assert [[s for _, s in sounds_of(body["messages"][0])] for body in server.bodies] == [[30.0, 10.0], [30.0]]


# --- files of questions -----------------------------------------------------------------------------------------------


def questions(folder: Path, clip: str, n: int) -> Path:
    rows = ({"id": f"q{i}", "audio": clip, "question": f"number {i}", "options": ["dog", "bell"]} for i in range(n))
    (folder / "q.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder / "q.jsonl"


def test_bad_rows_are_listed_before_a_model_is_loaded(clip: str, tmp_path: Path) -> None:
    asked, out = questions(tmp_path, clip, 2), tmp_path / "a.jsonl"
    with asked.open("a") as file:
        file.write('{"audio": "none.wav", "question": "x"}\n{"audio": null}\n')
    error = refused("--batch", str(asked), "-o", str(out), "-m", "openai:m@http://127.0.0.1:9/v1")
    assert error.code == "batch.bad_rows"
    assert "line 3: [audio.missing]" in error.message
    assert "line 4: [batch.question]" in error.message
    assert not out.exists()
    with chatting() as server:
        done = call("--batch", str(asked), "-o", str(out), "-m", f"openai:m@{server.url}", "--skip-bad")
    assert done.exit_code == 4
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [("error" in row) for row in rows] == [False, False, True, True]
    assert "2 answers in" in done.stderr


@pytest.mark.system
def test_a_model_here_answers_a_file_and_other_settings_are_refused(clip: str, model: Path, tmp_path: Path) -> None:
    asked, out = questions(tmp_path, clip, 3), tmp_path / "a.jsonl"
    words = ("--batch", str(asked), "-o", str(out), "-m", str(model), "--max-new-tokens", "60")
    assert call(*words).exit_code == 0
    before = out.read_bytes()
    assert len(before.splitlines()) == 3
    assert refused(*words).code == "batch.out_exists"
    assert refused(*words, "--resume", "--temperature", "1").code == "batch.other_run"
    assert isinstance(refused(*words, "--resume", "--system-prompt", "sections"), ConfigError)
    again = call(*words, "--resume")
    assert again.exit_code == 0, again.output
    assert "3 from before" in again.stderr
    assert out.read_bytes() == before


@pytest.fixture
def server_in_turn() -> Iterator[Callable[[Path], str]]:
    """Starts a server that gives as many answers as a file says."""
    running: list[subprocess.Popen[str]] = []

    def start(allowed: Path) -> str:
        words = [sys.executable, "-m", "tests.inference.chat_server", str(allowed)]
        running.append(subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]))
        assert running[-1].stdout is not None
        return running[-1].stdout.readline().strip()

    yield start
    for process in running:
        process.kill()
        process.wait()


@pytest.mark.system
def test_a_file_goes_on_after_ctrl_c_and_after_a_kill_and_has_one_writer(
    clip: str, tmp_path: Path, server_in_turn: Callable[[Path], str]
) -> None:
    asked, out = questions(tmp_path, clip, 12), tmp_path / "a.jsonl"
    allowed = tmp_path / "allowed"
    allowed.write_text("2")
    url = server_in_turn(allowed)
    # A test worker may ignore Ctrl-C, and its children would inherit that.
    heard = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    program = [sys.executable, "-c", f"{heard}; from audio_reasoner.cli import main; main()"]
    words = [*program, "ask", "--batch", str(asked), "-o", str(out), "-m", f"openai:m@{url}", "--max-in-flight", "1"]
    env = {**os.environ, "OMP_NUM_THREADS": "1"}

    def start(*more: str) -> subprocess.Popen[str]:
        return subprocess.Popen([*words, *more], stderr=subprocess.PIPE, text=True, env=env)

    def until(n: int) -> None:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and (not out.exists() or out.read_bytes().count(b"\n") < n):
            time.sleep(0.02)
        assert out.read_bytes().count(b"\n") >= n

    first = start()
    until(2)
    second = subprocess.run([*words, "--resume"], capture_output=True, text=True, env=env, timeout=120, check=False)
    assert second.returncode == 3, second.stderr
    first.send_signal(signal.SIGINT)
    _, told = first.communicate(timeout=60)
    assert first.returncode == 130, told
    assert "--resume" in told
    assert "Traceback" not in told
    allowed.write_text("5")
    killed = start("--resume")
    until(5)
    killed.kill()
    killed.communicate()
    with out.open("ab") as file:
        file.write(b'{"id": "q5", "asked": "12')
    allowed.write_text("1000")
    done = subprocess.run([*words, "--resume"], capture_output=True, text=True, env=env, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [row["id"] for row in rows] == [f"q{i}" for i in range(12)]
    assert [row["summary"] for row in rows] == [f"About number {i}." for i in range(12)]
