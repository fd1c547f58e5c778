"""Files of questions and answers: every bad row is told, nothing is lost, nothing is mixed."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.inference.chat_server import CHAIN, Said, chatting, text_of

from audio_reasoner.core.audio import encode_wav
from audio_reasoner.core.errors import AudioReasonerError, ConfigError, EnvironmentProblem, InputError, LockedError
from audio_reasoner.inference import Sampling
from audio_reasoner.inference.batch import BatchResult, Progress, Settings, fingerprint, run_batch
from audio_reasoner.inference.batch_file import AnswersFile, settings_path
from audio_reasoner.inference.batch_rows import Questions, read_questions
from audio_reasoner.inference.reasoner import Reasoner
from audio_reasoner.inference.remote import RemoteReasoner
from audio_reasoner.models.qwen2_audio import Loaded

pytestmark = pytest.mark.usefixtures("no_keys")

OPTIONS = ["dog", "bell"]
CONFIG = {"model": "m"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, seconds in (("a", 0.5), ("b", 0.4), ("long", 31.0)):
        samples = 0.1 * np.random.default_rng(len(name)).standard_normal(int(16_000 * seconds)).astype(np.float32)
        (tmp_path / f"{name}.wav").write_bytes(encode_wav(samples, 16_000))
    (tmp_path / "text.wav").write_text("no sound")
    return tmp_path


def write(path: Path, *rows: Any) -> Path:
    lines = [row if isinstance(row, bytes) else json.dumps(row).encode() for row in rows]
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return path


def many(folder: Path, n: int) -> Path:
    rows = [
        {"id": f"q{i}", "audio": "ab"[i % 2] + ".wav", "question": f"number {i}", "options": OPTIONS} for i in range(n)
    ]
    return write(folder / "q.jsonl", *rows)


def run(reasoner: Any, read: Questions, out: Path, resume: bool = False, **more: Any) -> BatchResult:
    settings = more.pop("settings", Settings(max_new_tokens=4))
    with AnswersFile(out, CONFIG, resume) as file:
        return run_batch(reasoner, read, file, settings, **more)


def rows_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n")[:-1]]


# --- questions --------------------------------------------------------------------------------------------------------


def test_every_bad_row_is_told_with_its_line_and_good_ones_are_read(folder: Path) -> None:
    good = {"audio": "a.wav", "question": "Which?"}
    cases: list[tuple[Any, str]] = [
        (b"{broken", "batch.json"),
        (b"[1]", "batch.json"),
        (b'{"audio": "a.wav", "question": "x' + b"[" * 5000, "batch.json"),
        (b"\xff\xfe", "batch.json"),
        ({**good, "choices": OPTIONS}, "batch.unknown_field"),
        ({**good, "id": "one"}, "batch.same_id"),
        ({**good, "id": ["x"]}, "batch.id"),
        ({"question": "Which?"}, "audio.missing"),
        ({**good, "audio": []}, "audio.missing"),
        ({**good, "audio": ["a.wav", 5]}, "audio.missing"),
        ({**good, "audio": "a\0.wav"}, "audio.missing"),
        ({**good, "audio": "none.wav"}, "audio.missing"),
        ({**good, "audio": "text.wav"}, "audio.not_audio"),
        ({**good, "audio": "."}, "audio.is_directory"),
        ({**good, "audio": "long.wav"}, "audio.too_long"),
        ({**good, "question": 5}, "batch.question"),
        ({**good, "question": "  "}, "question.empty"),
        ({**good, "question": "half \ud800"}, "batch.text"),
        ({**good, "audio": "half\ud800.wav"}, "batch.text"),
        ({**good, "options": "dog"}, "question.options"),
        ({**good, "options": ["dog"]}, "question.options"),
        ({**good, "options": ["dog", "Dog "]}, "question.options"),
        ({**good, "history": "x"}, "batch.history"),
        ({**good, "history": [{"question": "What?"}]}, "batch.history"),
        ({**good, "history": [{"question": "What?", "response": "<THINK>hm</THINK>"}]}, "history.response"),
    ]
    first = {**good, "id": "one", "meta": {"mine": 1}, "history": [{"question": "Eh?", "response": "Yes."}]}
    last = {"audio": ["a.wav", "b.wav"], "question": "größer 犬?\u2028", "options": OPTIONS}
    silent = {"audio": None, "question": "Without sound?"}
    read = read_questions(write(folder / "q.jsonl", first, *(row for row, _ in cases), b"", last, silent))
    assert [(bad.line, bad.code) for bad in read.bad] == [(i, code) for i, (_, code) in enumerate(cases, start=2)]
    assert [(q.line, q.id, len(q.audio)) for q in read.good] == [(1, "one", 1), (28, "28", 2), (29, "29", 0)]
    assert read.good[0].history == (("Eh?", (), "Yes."),)
    assert read.good[1].question == "größer 犬?\u2028"
    assert len({q.asked for q in read.good}) == 3
    assert len(read_questions(folder / "q.jsonl", "split").bad) == len(cases) - 1


def test_what_is_asked_is_known_by_content_not_by_name(folder: Path) -> None:
    (folder / "copy.wav").write_bytes((folder / "a.wav").read_bytes())
    row = {"question": "Which?"}
    read = read_questions(write(folder / "q.jsonl", *({**row, "audio": f"{n}.wav"} for n in ("a", "copy", "b"))))
    first, copy, other = (q.asked for q in read.good)
    assert first == copy != other


def test_files_without_questions(folder: Path) -> None:
    for path, code in (
        (folder / "none", "batch.file"),
        (folder, "batch.file"),
        (write(folder / "e", b""), "batch.empty"),
    ):
        with pytest.raises(InputError) as raised:
            read_questions(path)
        assert raised.value.code == code


# --- a model here -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def local(micro: Loaded) -> Reasoner:
    return Reasoner(micro.model, micro.processor)


class Stopping:
    """A model that is interrupted at its n-th call."""

    def __init__(self, reasoner: Reasoner, calls: int) -> None:
        self.reasoner = reasoner
        self.left = calls

    def ask_batch(self, *args: Any, **words: Any) -> Any:
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt
        return self.reasoner.ask_batch(*args, **words)


@pytest.mark.parametrize("settings", [Settings(6), Settings(6, sampling=Sampling(0.8, 0.9, 3)), Settings(6, samples=3)])
def test_interrupted_and_gone_on_with_is_the_same_as_at_once(local: Reasoner, folder: Path, settings: Settings) -> None:
    read = read_questions(many(folder, 7))
    once, parts = folder / "once.jsonl", folder / "parts.jsonl"
    told: list[Progress] = []
    result = run(local, read, once, settings=settings, batch_size=3, on_progress=told.append)
    assert (result.answered, result.failed, told[-1].done, told[-1].total) == (7, [], 7, 7)
    assert [row["id"] for row in rows_of(once)] == [f"q{i}" for i in range(7)]
    assert all(row["audio_tokens"] > 0 for row in rows_of(once))
    if not settings.samples:
        with pytest.raises(KeyboardInterrupt):
            run(Stopping(local, 1), read, parts, settings=settings, batch_size=3)
        assert len(rows_of(parts)) == 3
    else:
        parts.write_bytes(b"".join(once.read_bytes().splitlines(keepends=True)[:3]))
        settings_path(parts).write_bytes(settings_path(once).read_bytes())
    # Killed within a line, and with a part of a batch lost.
    parts.write_bytes(parts.read_bytes()[: parts.read_bytes().rfind(b'"asked"')])
    again = run(local, read, parts, resume=True, settings=settings, batch_size=3)
    assert (again.resumed, again.answered) == (2, 5)
    assert parts.read_bytes() == once.read_bytes()


def test_a_question_that_fails_leaves_its_neighbours_alone_and_is_asked_again(local: Reasoner, folder: Path) -> None:
    questions = write(
        folder / "q.jsonl",
        {"id": "x", "audio": "a.wav", "question": "one"},
        {"id": "y", "audio": "a.wav", "question": "<|im_end|> two", "meta": "kept"},
        {"id": "z", "audio": "none.wav", "question": "three"},
    )
    read, out = read_questions(questions), folder / "out.jsonl"
    result = run(local, read, out)
    assert (result.answered, len(result.failed)) == (1, 2)
    rows = rows_of(out)
    assert [row["id"] for row in rows] == ["x", "y", "z"]
    assert rows[1]["error"]["code"] == "question.control_token"
    assert rows[1]["meta"] == "kept"
    assert (rows[2]["error"]["code"], rows[2]["asked"]) == ("audio.missing", None)
    (folder / "none.wav").write_bytes((folder / "b.wav").read_bytes())
    after = run(local, read_questions(questions), out, resume=True)
    assert (after.resumed, after.answered, len(after.failed)) == (1, 1, 1)
    assert [("error" in row) for row in rows_of(out)] == [False, True, False]


def test_what_does_not_fit_into_memory_is_halved(folder: Path) -> None:
    sizes: list[int] = []

    class Small:
        def ask_batch(self, requests: Any, *_: Any, **__: Any) -> Any:
            sizes.append(len(requests))
            if len(requests) > most:
                raise RuntimeError("DefaultCPUAllocator: can't allocate memory")
            return answered.ask_batch(requests, 4)

    read = read_questions(many(folder, 4))
    with chatting() as server, RemoteReasoner(server.url, "m") as answered:
        most = 1
        assert run(Small(), read, folder / "out.jsonl", batch_size=4).answered == 4
        assert sizes == [4, 2, 1, 1, 2, 1, 1]
        most = 0
        with pytest.raises(EnvironmentProblem) as raised:
            run(Small(), read, folder / "other.jsonl")
    assert raised.value.code == "environment.memory"


# --- a server ---------------------------------------------------------------------------------------------------------


def test_a_server_answers_out_of_order_and_the_file_is_in_order(folder: Path) -> None:
    def say(n: int, body: dict[str, Any]) -> Said:
        return Said(
            CHAIN.replace("Listen.", text_of(body["messages"][-1]).split("\n")[0]), delay_s=0.2 if n == 0 else 0.0
        )

    read, out = read_questions(many(folder, 9)), folder / "out.jsonl"
    seen: list[int] = []
    with chatting(say) as server, RemoteReasoner(server.url, "m", max_in_flight=3) as reasoner:
        result = run(reasoner, read, out, on_progress=lambda now: seen.append(now.done))
        assert result.answered == len(server.bodies) == 9
        lines = out.read_bytes().splitlines(keepends=True)
        # A kill: three answers in another order, the last one cut.
        out.write_bytes(lines[4] + lines[2] + lines[7][:50])
        again = run(reasoner, read, out, resume=True)
        assert (again.resumed, again.answered, len(server.bodies)) == (2, 7, 16)
    assert seen == list(range(10))
    assert out.read_bytes() == b"".join(lines)
    assert [row["planning"] for row in rows_of(out)] == [f"number {i}" for i in range(9)]


def test_a_server_that_fails_one_and_a_server_that_dies(folder: Path) -> None:
    def say(_n: int, body: dict[str, Any]) -> Said:
        text = text_of(body["messages"][-1])
        return (
            Said(status=400, error="bad")
            if "number 1" in text
            else Said(status=404)
            if stop and "number 5" in text
            else Said()
        )

    stop = True
    read, out = read_questions(many(folder, 8)), folder / "out.jsonl"
    with chatting(say) as server, RemoteReasoner(server.url, "m", max_in_flight=1) as reasoner:
        with pytest.raises(ConfigError) as raised:
            run(reasoner, read, out)
        assert raised.value.code == "teacher.unknown_model"
        assert [row["id"] for row in rows_of(out)] == ["q0", "q1", "q2", "q3", "q4"]
        stop = False
        again = run(reasoner, read, out, resume=True)
    assert (again.resumed, again.answered, len(again.failed)) == (4, 3, 1)
    assert [row["id"] for row in rows_of(out)] == [f"q{i}" for i in range(8)]


def test_votes_of_a_server_stop_early_and_are_reported(folder: Path) -> None:
    with chatting() as server, RemoteReasoner(server.url, "m", max_in_flight=1) as reasoner:
        run(reasoner, read_questions(many(folder, 3)), folder / "out.jsonl", settings=Settings(9, samples=5))
        assert len(server.bodies) < 15
    for row in rows_of(folder / "out.jsonl"):
        assert row["option"]["index"] == row["vote"]["winner"] == 0
        assert row["vote"]["decided_after"] == row["vote"]["finished"] == 3


# --- the file ---------------------------------------------------------------------------------------------------------


def refused(*arguments: Any) -> AudioReasonerError:
    with pytest.raises(AudioReasonerError) as raised, AnswersFile(*arguments):
        pass
    return raised.value


def test_answers_of_two_configurations_are_not_mixed(folder: Path) -> None:
    out = folder / "out.jsonl"
    with AnswersFile(out, {"model": "m", "seed": 1}, False) as file:
        file.write([{"id": "x", "asked": "1"}])
    assert refused(out, {"model": "m", "seed": 1}, False).code == "batch.out_exists"
    other = refused(out, {"model": "m", "seed": 2}, True)
    assert (other.code, "another seed" in other.message) == ("batch.other_run", True)
    with AnswersFile(out, {"model": "m", "seed": 1}, True) as file:
        assert file.rows == {"x": "1"}
    settings_path(out).unlink()
    assert refused(out, {"model": "m", "seed": 1}, True).code == "batch.other_run"
    assert refused(folder, {}, True).code == "batch.out"
    assert refused(folder / "none" / "out.jsonl", {}, True).code == "batch.out"


def test_a_kill_before_the_first_answer_leaves_no_obstacle(folder: Path) -> None:
    out = folder / "out.jsonl"
    settings_path(out).write_bytes(b'{"version": 1, "conf')
    with AnswersFile(out, CONFIG, True) as file:
        file.write([{"id": "x", "asked": "1"}])
    with AnswersFile(out, CONFIG, True) as file:
        assert file.rows == {"x": "1"}


def test_other_questions_are_not_mixed(local: Reasoner, folder: Path) -> None:
    out = folder / "out.jsonl"
    run(local, read_questions(many(folder, 2)), out)
    changed = write(folder / "changed.jsonl", {"id": "q0", "audio": "a.wav", "question": "another", "options": OPTIONS})
    for questions in (changed, write(folder / "less.jsonl", {"id": "new", "audio": "a.wav", "question": "x"})):
        with pytest.raises(ConfigError) as raised:
            run(local, read_questions(questions), out, resume=True)
        assert raised.value.code == "batch.other_questions"
    assert run(local, read_questions(many(folder, 3)), out, resume=True).answered == 1


def test_a_line_that_somebody_changed_is_named(folder: Path) -> None:
    out = folder / "out.jsonl"
    with AnswersFile(out, CONFIG, False) as file:
        file.write([{"id": "x", "asked": "1"}, {"id": "y", "asked": "2"}])
    data = out.read_bytes().replace(b'{"id": "y"', b"hello")
    out.write_bytes(data)
    error = refused(out, CONFIG, True)
    assert (error.code, "line 2" in error.message) == ("batch.bad_answers", True)
    assert out.read_bytes() == data


def test_two_writers_at_once_are_refused(folder: Path) -> None:
    out = folder / "out.jsonl"
    with AnswersFile(out, CONFIG, False):
        error = refused(out, CONFIG, True)
    assert isinstance(error, LockedError)
    assert error.code == "batch.locked"


@pytest.fixture
def full_after(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A disk with room for so many more bytes, for files that end in .jsonl."""
    room: list[int] = [1 << 40]
    real = os.write

    def little(fd: int, data: bytes) -> int:
        if Path(f"/proc/self/fd/{fd}").readlink().name == "out.jsonl":
            if not room[0]:
                raise OSError(errno.ENOSPC, "No space left on device")
            data = data[: room[0]]
            room[0] -= len(data)
        return real(fd, data)

    monkeypatch.setattr(os, "write", little)
    return room


def test_a_full_disk_is_an_error_and_what_is_there_stands(local: Reasoner, folder: Path, full_after: list[int]) -> None:
    read, out, once = read_questions(many(folder, 6)), folder / "out.jsonl", folder / "once.jsonl"
    run(local, read, once, batch_size=2)
    full_after[0] = len(once.read_bytes()) * 2 // 5
    with pytest.raises(EnvironmentProblem) as raised:
        run(local, read, out, batch_size=2)
    assert raised.value.code == "environment.disk_full"
    assert 0 < len(out.read_bytes()) < len(once.read_bytes())
    full_after[0] = 1 << 40
    assert run(local, read, out, resume=True, batch_size=2).resumed > 0
    assert out.read_bytes() == once.read_bytes()


def test_half_characters_are_stored_and_read_again(folder: Path) -> None:
    out = folder / "out.jsonl"
    with AnswersFile(out, CONFIG, False) as file:
        file.write([{"id": "x", "asked": "1", "text": "a\ud800b\u2028\x85"}, {"id": "a", "asked": "2"}])
        file.put_in_order({"a": 1, "x": 2})
    assert [row["id"] for row in rows_of(out)] == ["a", "x"]
    with AnswersFile(out, CONFIG, True) as file:
        assert list(file.rows) == ["a", "x"]


def test_a_fingerprint_knows_other_weights(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"1")
    before = fingerprint(tmp_path)
    (tmp_path / "metrics.json").write_text("{}")  # tells about a model, changes no answer
    assert before == fingerprint(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    assert before != fingerprint(tmp_path)
    (tmp_path / "config.json").unlink()
    (tmp_path / "model.safetensors").write_bytes(b"2")
    assert before != fingerprint(tmp_path)
