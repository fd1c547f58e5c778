"""Gemini through the real SDK and real sockets, and its replies read from stored bytes."""

from __future__ import annotations

import asyncio
import io
import json
import wave
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from audio_reasoner.clients import gemini
from audio_reasoner.clients.endpoints import parse_endpoint
from audio_reasoner.clients.gemini_model import split_model, thought_room
from audio_reasoner.clients.messages import AudioPart, ChatRequest, Message, Sampling
from audio_reasoner.clients.transport import CallFailed, RawReply, transport_of
from audio_reasoner.core.errors import ConfigError

if TYPE_CHECKING:
    from loopback import Running

Start = Callable[..., "Running"]
SCHEMA = {
    "type": "object",
    "properties": {"reasons": {"type": "array", "items": {"type": "string"}}, "verdict": {"type": "boolean"}},
    "required": ["reasons", "verdict"],
    "additionalProperties": False,
}


def sound(seconds: float = 1.0, key: str = "k1") -> AudioPart:
    """A part of silence with the given content key."""

    async def wav() -> bytes:
        data = io.BytesIO()
        with wave.open(data, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(16000)
            file.writeframes(bytes(round(seconds * 16000) * 2))
        return data.getvalue()

    return AudioPart(key, seconds, wav)


def request(text: str = "What is heard? <THINK>", *audio: AudioPart, **more: Any) -> ChatRequest:
    messages = (Message("system", "You listen."), Message("user", text, audio))
    return ChatRequest(more.pop("kind", "think"), messages, **more)


def ask(running: Running, *requests: ChatRequest, model: str = "gemini-x", timeout_s: float = 10.0) -> list[Any]:
    """Send all at once over one transport; failures come back as values."""

    async def run() -> list[Any]:
        async with transport_of(parse_endpoint(f"gemini:{model}@{running.gemini_url}", {})) as transport:
            assert isinstance(transport, gemini.GeminiTransport)
            return await asyncio.gather(*(transport.send(r, timeout_s) for r in requests), return_exceptions=True)

    return asyncio.run(run())


def failure(reply: object) -> CallFailed:
    assert isinstance(reply, CallFailed), reply
    return reply


def test_a_clip_and_a_question_are_answered(loopback: Start) -> None:
    running = loopback(reasoning=True)
    (reply,) = ask(running, request("What? <THINK>", sound(2.0)), model="gemini-flash-latest")
    assert isinstance(reply, RawReply)
    assert reply.finish == "stop"
    assert reply.text.startswith("<THINK>")
    assert "First I listen" in reply.reasoning
    assert "First I listen, then I compare" not in reply.text
    assert reply.tokens_in >= 64
    assert reply.tokens_out == json.loads(reply.raw)["usageMetadata"]["candidatesTokenCount"] + 16
    assert reply.version == "gemini-loopback-flash-002"
    assert gemini.read_reply(reply.raw) == reply
    stats = running.stats()
    assert (stats["audio"]["parts"], stats["audio"]["by_file"]) == (1, 0)


def test_schema_sampling_and_thinking_reach_the_service(loopback: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    import loopback_gemini

    seen: list[dict[str, Any]] = []
    parse = loopback_gemini.parse

    def spy(body: bytes, *rest: Any) -> Any:
        seen.append(loopback_gemini._camel(json.loads(body)))
        return parse(body, *rest)

    monkeypatch.setattr(loopback_gemini, "parse", spy)
    running = loopback()
    asked = request("Judge.", schema=SCHEMA, sampling=Sampling(temperature=0.5, top_p=0.9, max_tokens=500, seed=7))
    (reply,) = ask(running, asked, model="gemini-2.5-flash?thinking=0")
    assert json.loads(reply.text) == {"reasons": ["The steps follow from what is heard."], "verdict": True}
    ask(running, asked, model="gemini-3.8-flash?thinking=low")
    first, second = (body["generationConfig"] for body in seen)
    assert first["responseJsonSchema"] == SCHEMA
    assert first["thinkingConfig"] == {"thinkingBudget": 0}
    assert (first["temperature"], first["topP"], first["seed"], first["maxOutputTokens"]) == (0.5, 0.9, 7, 500)
    assert second["thinkingConfig"] == {"thinkingLevel": "LOW"}
    assert second["maxOutputTokens"] == 500 + 8192
    assert seen[0]["systemInstruction"]["parts"] == [{"text": "You listen."}]


def test_many_calls_share_one_client(loopback: Start) -> None:
    running = loopback(latency=1.0, sigma=0.01)
    replies = ask(running, *(request(f"{i} <THINK>") for i in range(130)))
    assert all(isinstance(r, RawReply) for r in replies)
    assert running.stats()["peak_in_flight"] > 100  # no pool of a hundred in between


def test_large_sound_is_uploaded_once_used_twice_and_deleted(loopback: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gemini, "INLINE_BYTES", 50_000)
    monkeypatch.setattr(gemini, "_POLL_S", 0.01)
    running = loopback()
    big = sound(3.0)
    replies = ask(running, request("one <THINK>", big), request("two <THINK>", big), request("three <THINK>"))
    assert [r.finish for r in replies] == ["stop"] * 3
    stats = running.stats()
    assert stats["audio"]["by_file"] == 2
    assert stats["files"] == {"uploaded": 1, "deleted": 1, "kept": 0}


@pytest.mark.system
def test_a_request_over_the_services_limit_goes_through_the_files(loopback: Start) -> None:
    running = loopback()
    (reply,) = ask(running, request("what? <THINK>", sound(500.0)), timeout_s=30)
    assert reply.finish == "stop"
    assert running.stats()["files"]["uploaded"] == 1


def test_a_file_that_the_service_forgot_is_uploaded_again(loopback: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    import urllib.request

    monkeypatch.setattr(gemini, "INLINE_BYTES", 1000)
    monkeypatch.setattr(gemini, "_POLL_S", 0.01)
    running = loopback()
    asked = request("one <THINK>", sound())

    async def run() -> tuple[str, str]:
        async with gemini.GeminiTransport(parse_endpoint(f"gemini:m@{running.gemini_url}", {})) as transport:
            await transport.send(asked, 10)
            (uploaded,) = (task.result() for task in transport._files.values())
            gone = urllib.request.Request(f"{running.root}/v1/{uploaded.name}", method="DELETE")
            await asyncio.to_thread(lambda: urllib.request.urlopen(gone).close())
            with pytest.raises(CallFailed) as caught:
                await transport.send(asked, 10)
            assert caught.value.retryable
            return caught.value.code, (await transport.send(asked, 10)).finish

    assert asyncio.run(run()) == ("teacher.file", "stop")
    assert running.stats()["files"]["uploaded"] == 2


@pytest.mark.parametrize(
    ("fault", "codes", "retryable"),
    [
        ("429", {"teacher.rate_limited"}, True),
        ("429_bare", {"teacher.rate_limited"}, True),
        ("500", {"teacher.http_500"}, True),
        ("503", {"teacher.http_503"}, True),
        ("reset", {"teacher.reset"}, True),
        ("garbage", {"teacher.garbage"}, True),
        ("html", {"teacher.garbage", "teacher.http_502"}, True),
        ("error_200", {"teacher.http_503"}, True),
        ("empty", {"teacher.empty"}, True),
    ],
)
def test_faults_become_failures_after_one_attempt(
    loopback: Start, fault: str, codes: set[str], retryable: bool
) -> None:
    running = loopback(faults=f"{fault}=1")
    failures = [failure(r) for r in ask(running, *(request(f"{i}") for i in range(4)))]
    assert {f.code for f in failures} <= codes
    assert {f.retryable for f in failures} == {retryable}
    assert running.stats()["requests"] == 4  # nothing is tried again behind our back
    waits = [f.retry_after_s for f in failures]
    assert all(0.05 <= w <= 0.3 for w in waits if w is not None)
    assert (None not in waits) == (fault == "429")


def test_a_stalled_call_ends_in_time(loopback: Start) -> None:
    running = loopback(faults="stall=1")
    caught = failure(ask(running, request(), timeout_s=0.3)[0])
    assert (caught.code, caught.maybe_paid) == ("teacher.timeout", True)


def test_a_server_that_is_not_there() -> None:
    from loopback import Running

    caught = failure(ask(Running("http://127.0.0.1:9"), request())[0])
    assert (caught.code, caught.maybe_paid) == ("teacher.unreachable", False)


@pytest.mark.parametrize(
    ("fault", "finish"),
    [("safety", "safety"), ("blocked", "safety"), ("recitation", "recitation"), ("length", "length")],
)
def test_finishes_are_told_apart(loopback: Start, fault: str, finish: str) -> None:
    (reply,) = ask(loopback(faults=f"{fault}=1"), request())
    assert reply.finish == finish
    assert reply.tokens_in > 0


def test_keys_and_models_that_do_not_exist(loopback: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    running = loopback(key="secret-key")
    caught = failure(ask(running, request())[0])
    assert (caught.code, caught.retryable) == ("teacher.auth", False)
    assert failure(ask(loopback(), request(), model="missing")[0]).code == "teacher.unknown_model"

    async def run() -> RawReply:
        endpoint = parse_endpoint(f"gemini:m@{running.gemini_url}", {"GEMINI_API_KEY": "secret-key"})
        monkeypatch.setenv("GEMINI_API_KEY", "secret-key")
        async with gemini.GeminiTransport(endpoint) as transport:
            return await transport.send(request(), 10)

    assert asyncio.run(run()).finish == "stop"


def test_a_daily_quota_is_not_waited_for() -> None:
    class Error:
        code = 429
        message = "You exceeded your current quota. key=AIzaSyA1234567890abcdef"
        response = None
        details: dict[str, Any] = {  # noqa: RUF012
            "error": {
                "details": [
                    {"violations": [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel"}]},
                    {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.07s"},
                ]
            }
        }

    transport = gemini.GeminiTransport(parse_endpoint("gemini:m@http://127.0.0.1:9", {}))
    caught = transport._status(Error())
    assert (caught.code, caught.retryable) == ("teacher.quota_exhausted", False)
    assert "AIza" not in str(caught)
    assert gemini.delay_of(Error.details["error"]) == 34.07


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "teacher.empty"),
        (b"<html>", "teacher.garbage"),
        (b"[1]", "teacher.garbage"),
        (b"{}", "teacher.garbage"),
        (b'{"candidates": [3]}', "teacher.garbage"),
        (b'{"candidates": []}', "teacher.empty"),
        (b'{"candidates": [{"finishReason": "STOP"}]}', "teacher.empty"),
        (b'{"candidates": [{"finishReason": "STOP", "content": {"parts": [{"text": 3}]}}]}', "teacher.empty"),
        (b'{"error": {"message": "no"}}', "teacher.error_reply"),
        (b'{"error": {"code": 429, "message": "no"}}', "teacher.rate_limited"),
    ],
)
def test_what_is_no_reply_is_named(raw: bytes, code: str) -> None:
    with pytest.raises(CallFailed) as caught:
        gemini.read_reply(raw)
    assert caught.value.code == code


def test_thinking_stands_in_the_name() -> None:
    assert split_model("models/gemini-2.5-flash")[0] == "gemini-2.5-flash"
    assert thought_room("m?thinking=0") == 0
    assert thought_room("m?thinking=-1") == thought_room("m") == thought_room("m?thinking=low") == 8192
    for wrong in ("m?thinking=", "m?thinking=much", "m?thinking=-2"):
        with pytest.raises(ConfigError, match="thinking"):
            split_model(wrong)
