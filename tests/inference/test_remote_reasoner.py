"""Questions answered by a server: what is sent, how replies are put together, what happens when something breaks."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.inference.chat_server import CHAIN, ChatServer, Said, chatting, sounds_of, text_of

from audio_reasoner.core.audio import encode_wav
from audio_reasoner.core.chain import SectionDelta, parse_chain, response_body
from audio_reasoner.core.errors import AudioReasonerError, ConfigError, InputError, TeacherError
from audio_reasoner.inference import Sampling
from audio_reasoner.inference.answer import Answer, Budgets
from audio_reasoner.inference.history import response_text
from audio_reasoner.inference.joining import Joiner, join
from audio_reasoner.inference.remote import RemoteReasoner
from audio_reasoner.models.qwen2_audio import Loaded

pytestmark = pytest.mark.usefixtures("no_keys")

SOUND = np.zeros(16_000, dtype=np.float32)
OPTIONS = ["dog", "bell"]
INSIDE = CHAIN[len("<THINK>\n") : CHAIN.index("\n</THINK>")]
THOUGHTS = "They want the answer inside <RESPONSE>, so <response>(a) dog</response>? No, I hear a bell."


def fixed(**what: Any) -> Callable[[int, dict[str, Any]], Said]:
    return lambda _n, _body: Said(**what)


def refused(server: ChatServer, **more: Any) -> AudioReasonerError:
    with (
        RemoteReasoner(server.url, "m", patience_s=0.5, **more) as reasoner,
        pytest.raises(AudioReasonerError) as raised,
    ):
        reasoner.ask(SOUND, "Which?", OPTIONS)
    return raised.value


def last(pieces: Iterator[SectionDelta | Answer]) -> tuple[dict[str, str], Answer]:
    """The texts of the sections as they were streamed, and the answer at the end."""
    texts: dict[str, str] = {}
    for piece in pieces:
        if isinstance(piece, Answer):
            return texts, piece
        texts[piece.section] = texts.get(piece.section, "") + piece.text
    raise AssertionError("no answer at the end")


def test_the_clip_goes_as_wav_before_the_question_and_the_chain_comes_back(tmp_path: Path) -> None:
    clip = tmp_path / "clip.wav"
    clip.write_bytes(encode_wav(np.full((8_820, 2), 0.1, dtype=np.float32), 44_100))
    with chatting() as server, RemoteReasoner(server.url, "m", system="Be brief.") as reasoner:
        answer = reasoner.ask(clip, "Which?", OPTIONS, 99)
        answers = reasoner.ask_batch([([SOUND, clip], "Two?", None), (None, "None?", None)])
    system, user = server.bodies[0]["messages"]
    assert (system["role"], system["content"]) == ("system", "Be brief.")
    assert sounds_of(user) == [(16_000, 0.2)]
    assert user["content"][-1]["text"] == "Which?\n(a) dog\n(b) bell"
    assert (server.bodies[0]["max_tokens"], server.bodies[0]["temperature"], "seed" in server.bodies[0]) == (
        99,
        0.0,
        False,
    )
    assert sorted(len(sounds_of(body["messages"][1])) for body in server.bodies[1:]) == [0, 2]
    assert (answer.text, answer.stopped, answer.audio_tokens) == (CHAIN, "end", 25)
    assert answer.option is not None
    assert answer.option.index == 0
    assert answer.parsed.well_formed
    assert answer.system_sha is not None
    assert [a.audio_tokens for a in answers] == [50, 0]


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
@pytest.mark.parametrize("content", ["(a) dog", "<RESPONSE>(a) dog</RESPONSE>"])
@pytest.mark.parametrize("thoughts", [INSIDE, f"\n{INSIDE}\n", f"<THINK>\n{INSIDE}\n</THINK>"])
def test_reasoning_and_content_are_one_chain(name: str, content: str, thoughts: str) -> None:
    say = fixed(content=content, reasoning=thoughts, field_name=name)
    with chatting(say) as server, RemoteReasoner(server.url, "m") as reasoner:
        whole = reasoner.ask(SOUND, "Which?", OPTIONS)
        texts, streamed = last(reasoner.stream(SOUND, "Which?", OPTIONS))
    assert whole.text == streamed.text == CHAIN
    assert texts == whole.parsed.sections
    assert streamed.option == whole.option
    assert set(streamed.timings.sections) == set(texts)


@pytest.mark.parametrize("content", ["(b) bell", "<RESPONSE>(b) bell</RESPONSE>", f"<think>{THOUGHTS}</think>(b) bell"])
def test_thoughts_that_speak_of_the_answer_are_not_the_answer(content: str) -> None:
    """A model that is told to answer inside <RESPONSE> says so to itself, and what followed was read as its answer."""
    thoughts = "" if "think" in content else THOUGHTS
    text = join(thoughts, content)
    assert response_body(parse_chain(text), text) == "(b) bell"
    assert response_text(text) == "(b) bell", "nor do the thoughts go back into the dialogue"
    assert "I hear a bell" in text


def test_replies_in_any_pieces_are_joined_alike() -> None:
    rng = random.Random(5)
    cases = [
        ("", CHAIN),
        ("", "It is a dog."),
        ("", "  <think>\nhm, a dog\n</think>\n\nIt is a dog."),
        ("", "<think>never ends"),
        ("", "<thin ice"),
        ("", ""),
        (INSIDE, "(a) dog"),
        (f"<THINK>\n{INSIDE}\n</THINK>\n", "\n<RESPONSE>(a) dog</RESPONSE>"),
        ("Let me see. \n", CHAIN),
        ("Let me see. \n", "a dog < a horse"),
        (INSIDE + "\n", ""),
        ("cut in the midd", ""),
        (" \n", "<RESP"),
        ("x", "<RESP"),
        (THOUGHTS, "(b) bell"),
        (THOUGHTS, "<RESPONSE>(b) bell</RESPONSE>"),
        ("", f"<think>{THOUGHTS}</think>(b) bell"),
    ]
    for reasoning, content in cases:
        for _ in range(60):
            joiner, out = Joiner(), ""
            for text, first in ((reasoning, True), (content, False)):
                while text:
                    n = rng.randint(1, 1 + len(text) // 2)
                    piece, text = text[:n], text[n:]
                    out += joiner.feed(piece, "") if first else joiner.feed("", piece)
            assert out + joiner.finish() == join(reasoning, content), (reasoning, content)
    assert join("Let me see. \n", CHAIN) == CHAIN
    assert (
        join("", cases[2][1])
        == join("hm, a dog", "It is a dog.")
        == ("<THINK>\nhm, a dog\n</THINK>\n<RESPONSE>It is a dog.</RESPONSE>")
    )


def test_a_cut_reply_says_so_whole_and_streamed() -> None:
    say = fixed(content=CHAIN[:60], finish="length")
    with chatting(say) as server, RemoteReasoner(server.url, "m") as reasoner:
        whole = reasoner.ask(SOUND, "Which?", OPTIONS)
        _, streamed = last(reasoner.stream(SOUND, "Which?", OPTIONS))
    assert whole.stopped == streamed.stopped == "length"
    assert whole.text == streamed.text == CHAIN[:60]


def test_what_might_have_become_a_tag_is_shown_when_a_stream_ends() -> None:
    say = fixed(content="<RESPONSE>smaller is written <", finish="length")
    with chatting(say) as server, RemoteReasoner(server.url, "m") as reasoner:
        texts, answer = last(reasoner.stream(SOUND, "Which?"))
    assert texts["response"] == answer.parsed.response == "smaller is written <"


def test_earlier_thoughts_never_go_back() -> None:
    with chatting() as server, RemoteReasoner(server.url, "m") as reasoner:
        first = reasoner.ask(SOUND, "Which?", OPTIONS)
        reasoner.ask(SOUND, "And then?", history=[("Which?", OPTIONS, first), ("Sure?", None, "Yes.")])
    messages = server.bodies[1]["messages"]
    assert [m["role"] for m in messages] == ["user", "assistant", "user", "assistant", "user"]
    assert [len(sounds_of(m)) for m in messages] == [1, 0, 0, 0, 0]
    assert "dog" in text_of(messages[1])
    assert not any(word in text_of(m) for m in messages for word in ("THINK", "Listen.", "barks"))
    assert text_of(messages[4]) == "And then?"


def test_samples_have_seeds_of_their_own() -> None:
    with chatting() as server, RemoteReasoner(server.url, "m") as reasoner:
        asked = [(SOUND, "Which?", OPTIONS)] * 3
        reasoner.ask_batch(asked, sampling=Sampling(0.8, 0.9, 7))
        reasoner.ask_batch(asked[:1], sampling=[Sampling(0.8, 0.9, 7)])
        with pytest.raises(ConfigError, match=r"2 samplings for 1 requests"):
            reasoner.ask_batch(asked[:1], sampling=[Sampling(), Sampling()])
    seeds = [body["seed"] for body in server.bodies]
    assert len(set(seeds[:3])) == 3
    assert seeds[3] in seeds[:3]
    assert {(body["temperature"], body["top_p"]) for body in server.bodies} == {(0.8, 0.9)}


def test_a_batch_is_concurrent_within_its_limit_and_in_order() -> None:
    def say(_n: int, body: dict[str, Any]) -> Said:
        return Said(content="about " + text_of(body["messages"][-1]), delay_s=0.05)

    with chatting(say) as server, RemoteReasoner(server.url, "m", max_in_flight=3) as reasoner:
        answers = reasoner.ask_batch([(SOUND, f"question {i}", None) for i in range(12)])
    assert [a.text for a in answers] == [f"about question {i}" for i in range(12)]
    assert server.most_out == 3


def test_one_bad_question_does_not_take_the_others_with_it(tmp_path: Path) -> None:
    def say(_n: int, body: dict[str, Any]) -> Said:
        return Said(status=400, error="no such sound") if "bad" in text_of(body["messages"][-1]) else Said()

    requests: list[Any] = [
        (SOUND, "good", None),
        (SOUND, "bad", None),
        (tmp_path / "none.wav", "?", None),
        (SOUND, " ", None),
    ]
    with chatting(say) as server, RemoteReasoner(server.url, "m") as reasoner:
        told = dict(reasoner.ask_each(requests))
    assert isinstance(told[0], Answer)
    codes = [told[i].code for i in (1, 2, 3) if isinstance(told[i], AudioReasonerError)]  # type: ignore[union-attr]
    assert codes == ["teacher.bad_request", "audio.missing", "question.empty"]
    assert "no such sound" in str(told[1])


def test_errors_of_the_server_are_tried_again_within_limits() -> None:
    with chatting(lambda n, _body: Said(status=500, error="boom") if n < 2 else Said()) as server:
        with RemoteReasoner(server.url, "m") as reasoner:
            assert reasoner.ask(SOUND, "Which?").text == CHAIN
        assert len(server.bodies) == 3
    with chatting(fixed(status=503, error="overloaded")) as server:
        error = refused(server, attempts=2)
        assert isinstance(error, TeacherError)
        assert error.code == "teacher.http_503"
        assert "overloaded" in error.message
        assert len(server.bodies) in (1, 2)


@pytest.mark.parametrize(
    ("what", "code"),
    [
        ({"status": 404, "error": "no such model"}, "teacher.unknown_model"),
        ({"status": 401, "error": "who are you"}, "teacher.auth"),
        ({"status": 400, "error": "audio input is not taken here"}, "teacher.bad_request"),
        ({"raw": b"<html>gateway</html>"}, "teacher.garbage"),
        ({"raw": b'{"choices": [{"mess'}, "teacher.garbage"),
        ({"raw": b""}, "teacher.empty"),
        ({"raw": b'{"choices": []}'}, "teacher.garbage"),
        ({"content": " "}, "teacher.empty"),
        ({"content": "", "finish": "content_filter"}, "teacher.safety"),
    ],
)
def test_what_a_server_may_do_wrong(what: dict[str, Any], code: str) -> None:
    with chatting(fixed(**what)) as server:
        assert refused(server, attempts=1).code == code


def test_a_dead_server_and_one_that_never_answers() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    with RemoteReasoner(url, "m", patience_s=0.1) as reasoner, pytest.raises(ConfigError) as dead:
        reasoner.ask(SOUND, "Which?")
    assert dead.value.code == "teacher.unreachable"
    assert "running" in dead.value.hint
    with chatting(fixed(delay_s=30)) as server:
        assert refused(server, attempts=1, timeout_s=0.2).code == "teacher.timeout"
        with (
            RemoteReasoner(server.url, "m", attempts=1, timeout_s=0.2) as reasoner,
            pytest.raises(TeacherError) as late,
        ):
            list(reasoner.stream(SOUND, "Which?"))
        assert late.value.code == "teacher.timeout"


@pytest.mark.parametrize("clean", [True, False])
def test_a_stream_that_breaks_off_halfway_is_an_error(clean: bool) -> None:
    with chatting(fixed(break_after=4, done=clean)) as server:
        with RemoteReasoner(server.url, "m") as reasoner, pytest.raises(TeacherError) as broken:
            list(reasoner.stream(SOUND, "Which?"))
        assert broken.value.code in ("teacher.broken_stream", "teacher.reset")
        assert len(server.bodies) == 1


def test_a_stream_that_fails_before_its_first_piece_is_begun_again() -> None:
    with chatting(lambda n, _body: Said(status=500) if n == 0 else Said()) as server:
        with RemoteReasoner(server.url, "m") as reasoner:
            assert last(reasoner.stream(SOUND, "Which?"))[1].text == CHAIN
        assert len(server.bodies) == 2


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"data: {broken\n\n", "teacher.garbage"),
        (b"data: 5\n\n", "teacher.garbage"),
        (b'data: {"error": {"message": "CUDA out of memory"}}\n\n', "teacher.error_reply"),
        (b"", "teacher.broken_stream"),
        (b"data: [DONE]\n\n", "teacher.empty"),
    ],
)
def test_events_that_are_none(raw: bytes, code: str) -> None:
    with chatting(fixed(raw=raw)) as server:
        with RemoteReasoner(server.url, "m", attempts=1) as reasoner, pytest.raises(TeacherError) as raised:
            list(reasoner.stream(SOUND, "Which?"))
        assert raised.value.code == code


def test_unusual_line_ends_inside_a_text_are_text() -> None:
    text = CHAIN.replace("Listen.", "Listen\u2028well\u0085now.")
    with chatting(fixed(content=text, piece=3)) as server, RemoteReasoner(server.url, "m") as reasoner:
        assert last(reasoner.stream(SOUND, "Which?"))[1].text == text


def test_a_stream_left_halfway_lets_the_server_go() -> None:
    with chatting(fixed(content=CHAIN * 3, piece=1)) as server, RemoteReasoner(server.url, "m") as reasoner:
        pieces = reasoner.stream(SOUND, "Which?")
        next(pieces)
        pieces.close()  # type: ignore[attr-defined]
        assert reasoner.ask(SOUND, "Which?").text == CHAIN * 3


def test_a_format_that_is_not_kept_is_an_error() -> None:
    with chatting() as server, RemoteReasoner(server.url, "m") as reasoner:
        assert reasoner.ask(SOUND, "Which?", constrain=True).text == CHAIN
    import re

    assert re.fullmatch(server.bodies[0]["structured_outputs"]["regex"], CHAIN)
    assert not re.fullmatch(server.bodies[0]["structured_outputs"]["regex"], CHAIN.replace("<CAPTION>", "<PLANNING>"))
    for say in (
        fixed(content="It is a dog."),
        lambda _n, body: Said(status=400, error="structured_outputs is not supported") if "structured_outputs" in body
        else Said(status=400, error="guided_regex is not supported") if "guided_regex" in body else Said(),
    ):  # fmt: skip
        with chatting(say) as server, RemoteReasoner(server.url, "m") as reasoner, pytest.raises(ConfigError) as raised:
            reasoner.ask(SOUND, "Which?", constrain=True)
        assert raised.value.code == "remote.constrain"


def test_what_a_server_cannot_do_is_refused_before_it_is_asked() -> None:
    with chatting() as server, RemoteReasoner(server.url, "m") as reasoner:
        for arguments, code in (
            ({"budgets": Budgets(planning=4)}, "remote.budgets"),
            ({"prefixes": ["<THINK>"]}, "remote.prefix"),
            ({"constrain": "option"}, "remote.option"),
            ({"constrain": [True]}, "ask.constrain"),
        ):
            with pytest.raises(ConfigError) as raised:
                reasoner.ask_batch([(SOUND, "Which?", None)], **arguments)  # type: ignore[arg-type]
            assert raised.value.code == code
        with pytest.raises(InputError) as long:
            reasoner.ask(np.zeros(31 * 16_000, dtype=np.float32), "Which?")
        assert long.value.code == "audio.too_long"
        with pytest.raises(InputError) as half:
            reasoner.ask(SOUND, "half \ud800")
        assert half.value.code == "question.bad_text"
        with pytest.raises(ConfigError) as kept:
            reasoner.vote(SOUND, "Which?", ["dog", "bell"], constrain="option")
        assert kept.value.code == "remote.option"
        assert server.bodies == []
        reasoner.ask(np.zeros(40 * 16_000, dtype=np.float32), "Which?", over_30s="split")
        reasoner.ask(np.zeros(40 * 16_000, dtype=np.float32), "Which?", over_30s="truncate30")
    assert [[s for _, s in sounds_of(b["messages"][0])] for b in server.bodies] == [[30.0, 10.0], [30.0]]


def test_keys_come_from_the_environment_and_are_never_shown(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "audio_reasoner")
    monkeypatch.setenv("MY_KEY", "sk-secret-123456")
    with chatting(fixed(status=401, error="the key sk-secret-123456 is wrong")) as server:
        with RemoteReasoner(server.url, "m", "MY_KEY") as reasoner, pytest.raises(ConfigError) as raised:
            reasoner.ask(SOUND, "Which?")
        assert server.keys == ["Bearer sk-secret-123456"]
    assert "secret" not in f"{raised.value} {raised.value.hint} {caplog.text} {reasoner.endpoint}"
    for name, code in (("NOT_SET", "endpoint.no_key"), ("sk-secret-123456", "endpoint.key_name")):
        with pytest.raises(ConfigError) as wrong:
            RemoteReasoner(server.url, "m", name)
        assert wrong.value.code == code
        assert "secret" not in str(wrong.value)


def test_it_works_in_several_threads_and_inside_a_running_loop() -> None:
    async def inside() -> str:
        return reasoner.ask(SOUND, "Which?").text

    with chatting(fixed(delay_s=0.02)) as server, RemoteReasoner(server.url, "m") as reasoner:
        assert asyncio.run(inside()) == CHAIN
        threads = [threading.Thread(target=reasoner.ask, args=(SOUND, "Which?")) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(server.bodies) == 5


def test_closing_ends_calls_that_are_out() -> None:
    with chatting(fixed(delay_s=20)) as server:
        reasoner = RemoteReasoner(server.url, "m")
        each = reasoner.ask_each([(SOUND, "Which?", None)] * 2)

        def read() -> None:
            with contextlib.suppress(asyncio.CancelledError):
                list(each)

        thread = threading.Thread(target=read, daemon=True)
        thread.start()
        deadline = time.monotonic() + 10
        while len(server.bodies) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        reasoner.close()
        while server.cancelled < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert server.cancelled == 2


def test_audio_tokens_are_unknown_where_a_server_does_not_say() -> None:
    raw = b'{"choices": [{"message": {"content": "a dog"}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 9}}'
    with chatting(fixed(raw=raw)) as server, RemoteReasoner(server.url, "m") as reasoner:
        assert reasoner.ask(SOUND, "Which?").audio_tokens is None
        assert reasoner.ask(None, "Which?").audio_tokens == 0


@pytest.mark.slow
def test_transformers_serve_gives_the_words_of_the_model_here(micro: Loaded, tmp_path: Path) -> None:
    """Needs the packages of `transformers[serving]`."""
    pytest.importorskip("fastapi")
    pytest.importorskip("uvicorn")
    from audio_reasoner.inference import Reasoner

    micro.model.save_pretrained(tmp_path)
    micro.processor.save_pretrained(tmp_path)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    program = "import sys; from transformers.cli.transformers import main; sys.argv[0] = 'transformers'; main()"
    words = ["serve", str(tmp_path), "--host", "127.0.0.1", "--port", port, "--device", "cpu", "--dtype", "float32"]
    server = subprocess.Popen([sys.executable, "-c", program, *words], stderr=subprocess.DEVNULL)
    sounds = [0.1 * np.random.default_rng(i).standard_normal(8_000 + 3_000 * i).astype(np.float32) for i in range(3)]
    requests: list[Any] = [(sound, "Which sound comes first?", OPTIONS) for sound in sounds]
    # The WAV has 16 bits, so the model here hears the same.
    heard = [(np.rint(sound * 32768.0) / 32768.0).astype(np.float32) for sound in sounds]
    here = Reasoner(micro.model, micro.processor).ask_batch(
        [(s, *rest) for s, (_, *rest) in zip(heard, requests, strict=True)], 16
    )
    try:
        with RemoteReasoner(f"http://127.0.0.1:{port}/v1", str(tmp_path), max_in_flight=1) as reasoner:
            deadline = time.monotonic() + 300
            while True:
                try:
                    there = reasoner.ask_batch(requests, 16)
                    break
                except ConfigError as error:
                    if error.code != "teacher.unreachable" or time.monotonic() > deadline:
                        raise
            _, streamed = last(reasoner.stream(*requests[0], 16))
    finally:
        server.kill()
        server.wait()
    assert [a.text for a in there] == [a.text for a in here]
    assert streamed.text == here[0].text
