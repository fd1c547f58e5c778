"""Specs, headers, replies, and what servers cannot do: against a small server of every fault of that kind."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from audio_reasoner.clients import AudioPart, ChatRequest, Ledger, Message, Sampling, parse_endpoint
from audio_reasoner.clients.endpoints import api_key
from audio_reasoner.clients.openai_chat import OpenAITransport, read_reply, strict
from audio_reasoner.clients.transport import CallFailed, RawReply, duration_s, rate_headers, retry_after
from audio_reasoner.core.errors import ConfigError


def test_specs_name_model_address_and_key() -> None:
    env = {"OPENAI_API_KEY": "a", "GOOGLE_API_KEY": "b", "AUDIO_REASONER_API_KEY_GPU_8000": "c"}
    local = parse_endpoint("openai:org/Model-7B@http://gpu:8000/v1/", env)
    assert (local.model, local.base_url, api_key(local, env)) == ("org/Model-7B", "http://gpu:8000/v1", "c")
    assert parse_endpoint("openai:m@http://gpu:8000", env).base_url == "http://gpu:8000/v1"
    other = parse_endpoint("openai:m@http://other:8000/v1", env)
    assert api_key(other, env) == "a"
    assert api_key(other, {}) is None
    assert api_key(parse_endpoint("openai:m@http://h/v1", {**env, "AUDIO_REASONER_API_KEY_H": ""}), env) is None
    assert parse_endpoint("openai:m", env).base_url is None
    assert parse_endpoint("openai:m", {**env, "OPENAI_BASE_URL": "http://x/v1"}).base_url == "http://x/v1"
    gemini = parse_endpoint("gemini:gemini-2.5-flash", env)
    assert (gemini.provider, api_key(gemini, env)) == ("gemini", "b")
    assert parse_endpoint("openai:m@v2@http://h/v1", env).model == "m@v2"
    assert len({local.account, other.account, gemini.account}) == 3
    assert parse_endpoint(local.spec, env) == local


@pytest.mark.parametrize(
    ("spec", "code"),
    [
        ("qwen", "endpoint.spec"),
        ("azure:m", "endpoint.spec"),
        ("openai:", "endpoint.spec"),
        ("openai:@http://h/v1", "endpoint.spec"),
        ("openai:http://h/v1", "endpoint.spec"),
        ("openai:m@http://h:port/v1", "endpoint.url"),
        ("openai:m@http://user:hunter2@h/v1", "endpoint.secret"),
    ],
)
def test_specs_that_name_nothing_are_refused(spec: str, code: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse_endpoint(spec, {})
    assert error.value.code == code
    assert "hunter2" not in str(error.value)


def test_an_official_address_needs_a_key() -> None:
    with pytest.raises(ConfigError, match="OPENAI_API_KEY"):
        api_key(parse_endpoint("openai:m", {}), {})


def test_headers_are_read() -> None:
    assert retry_after({"retry-after": "7"}) == 7
    assert retry_after({"retry-after-ms": "1500", "retry-after": "7"}) == 1.5
    assert retry_after({"retry-after": "Sat, 21 Nov 2026 10:00:30 GMT"}, now=1795255200.0) == 30
    assert retry_after({"retry-after": "soon"}) is None
    assert [duration_s(t) for t in ("1s", "6m0s", "120ms", "1h2m3.5s", "12", "1s later", None)] == [
        1, 360, 0.12, 3723.5, 12, None, None,
    ]  # fmt: skip
    rate = rate_headers({"x-ratelimit-limit-requests": "60", "x-ratelimit-reset-tokens": "6m0s"})
    assert rate is not None
    assert (rate.requests_limit, rate.requests_left, rate.tokens_reset_s) == (60, None, 360)
    assert rate_headers({"server": "x"}) is None


def completion(content: Any, finish: str | None = "stop", **message: Any) -> bytes:
    choice = {"message": {"role": "assistant", "content": content, **message}, "finish_reason": finish}
    return json.dumps({"choices": [choice], "usage": {"prompt_tokens": 3, "completion_tokens": 2}}).encode()


def test_replies_are_read() -> None:
    reply = read_reply(completion("yes", reasoning_content="hm"))
    assert (reply.text, reply.finish, reply.tokens_in, reply.tokens_out, reply.reasoning) == ("yes", "stop", 3, 2, "hm")
    assert read_reply(completion("yes", reasoning="hm")).reasoning == "hm"
    assert read_reply(completion("<think>hm</think>\nyes")).text == "yes"
    assert read_reply(completion("<THINK>ours</THINK>")).text == "<THINK>ours</THINK>"
    assert read_reply(completion([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}])).text == "ab"
    assert read_reply(completion("cut", "length")).finish == "length"
    assert read_reply(completion("", "length")).finish == "length"
    assert read_reply(completion(None, "content_filter")).finish == "safety"
    assert read_reply(completion(None, refusal="I will not")).finish == "refusal"


@pytest.mark.parametrize(
    ("raw", "code", "retryable"),
    [
        (b"", "teacher.empty", True),
        (b"<html>busy</html>", "teacher.garbage", True),
        (b'{"choices": [{"mess', "teacher.garbage", True),
        (b"[1]", "teacher.garbage", True),
        (b'{"choices": []}', "teacher.garbage", True),
        (b'{"choices": [{"message": null}]}', "teacher.garbage", True),
        (completion(""), "teacher.empty", True),
        (completion(None, None), "teacher.empty", True),
        (b'{"error": {"message": "overloaded"}}', "teacher.error_reply", True),
        (b'{"error": {"message": "slow down", "code": 429}}', "teacher.rate_limited", True),
        (b'{"error": {"message": "no such model", "code": 404}}', "teacher.unknown_model", False),
    ],
)
def test_what_is_no_reply_has_a_code(raw: bytes, code: str, retryable: bool) -> None:
    with pytest.raises(CallFailed) as error:
        read_reply(raw)
    assert (error.value.code, error.value.retryable) == (code, retryable)


def test_strict_mode_is_asked_for_only_where_the_schema_obeys_its_rules() -> None:
    closed = {
        "type": "object",
        "properties": {"a": {"type": "string"}},
        "required": ["a"],
        "additionalProperties": False,
    }
    assert strict(closed)
    assert not strict({**closed, "required": []})
    assert not strict({"type": "array", "items": {"type": "object", "properties": {}}})


def serving(handle: Callable[[dict[str, Any]], tuple[int, Any]], *requests: ChatRequest) -> list[RawReply]:
    """Send requests to a server that answers with what `handle` makes of each body."""

    async def made() -> list[RawReply]:
        async def answer(request: web.Request) -> web.Response:
            status, body = handle(await request.json())
            if isinstance(body, bytes):
                return web.Response(status=status, body=body, content_type="application/json")
            return web.json_response(body, status=status)

        app = web.Application(client_max_size=1 << 26)
        app.router.add_post("/v1/chat/completions", answer)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        try:
            async with OpenAITransport(parse_endpoint(f"openai:m@http://127.0.0.1:{port}/v1", {})) as transport:
                return [await transport.send(request, 10) for request in requests]
        finally:
            await runner.cleanup()

    return asyncio.run(made())


def test_sound_goes_first_and_schema_and_grammar_where_they_belong() -> None:
    bodies: list[dict[str, Any]] = []

    def handle(body: dict[str, Any]) -> tuple[int, Any]:
        bodies.append(body)
        return 200, completion("fine")

    async def wav() -> bytes:
        return b"RIFFwave"

    message = Message("user", "What is heard?", (AudioPart("k", 1.0, wav),))
    schema = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
    serving(
        handle,
        ChatRequest("annotate", (message,), Sampling(temperature=0.5, max_tokens=9, seed=3), schema=schema),
        ChatRequest("think", (message,), grammar="<THINK>.*"),
    )
    first, second = bodies
    audio, text = first["messages"][0]["content"]
    assert audio == {"type": "input_audio", "input_audio": {"data": "UklGRndhdmU=", "format": "wav"}}
    assert text == {"type": "text", "text": "What is heard?"}
    assert first["response_format"]["json_schema"]["schema"] == schema
    assert (first["temperature"], first["max_tokens"], first["seed"]) == (0.5, 9, 3)
    assert second["structured_outputs"] == {"regex": "<THINK>.*"}
    assert "response_format" not in second


def test_what_a_server_cannot_do_is_left_out_and_said_once(caplog: pytest.LogCaptureFixture) -> None:
    seen: list[set[str]] = []

    def handle(body: dict[str, Any]) -> tuple[int, Any]:
        seen.append(set(body))
        if "response_format" in body:
            return 400, {"error": {"message": "response_format of type json_schema is not supported"}}
        if "temperature" in body:
            return 400, {"error": {"message": "Unsupported value: 'temperature' does not support 0.5"}}
        if "max_tokens" in body:
            return 400, {"error": {"message": "max_tokens is not supported, use max_completion_tokens"}}
        return 200, completion("fine")

    ask = ChatRequest("annotate", (Message("user", "x"),), Sampling(temperature=0.5, max_tokens=9), schema={"a": 1})
    replies = serving(handle, ask, ask)
    assert [reply.text for reply in replies] == ["fine", "fine"]
    assert len(seen) == 5  # three lessons, then it is known
    assert "max_completion_tokens" in seen[-1]
    assert caplog.text.count("response_format") == 2  # one line: its name, and in the server's words


@pytest.mark.parametrize(
    ("status", "body", "code", "retryable"),
    [
        (400, {"error": {"message": "prompt too long"}}, "teacher.bad_request", False),
        (400, {"error": {"message": "filtered", "code": "content_filter"}}, "teacher.safety", False),
        (401, {"error": {"message": "Incorrect API key provided: sk-abcdefgh123"}}, "teacher.auth", False),
        (404, {"error": {"message": "no model"}}, "teacher.unknown_model", False),
        (429, {"error": {"message": "slow"}}, "teacher.rate_limited", True),
        (429, {"error": {"message": "pay", "code": "insufficient_quota"}}, "teacher.quota_exhausted", False),
        (500, b"<html><b>oops</b></html>", "teacher.http_500", True),
        (503, {"detail": "loading"}, "teacher.http_503", True),
    ],
)
def test_refusals_have_codes(status: int, body: Any, code: str, retryable: bool) -> None:
    with pytest.raises(CallFailed) as error:
        serving(lambda _: (status, body), ChatRequest("think", (Message("user", "x"),)))
    assert (error.value.code, error.value.retryable, error.value.http_status) == (code, retryable, status)
    assert "sk-abcdefgh" not in error.value.message
    assert "<b>" not in error.value.message


def test_a_ledger_of_version_1_is_taken_along(tmp_path: Path) -> None:
    path = tmp_path / "l"
    with Ledger(path) as ledger:
        ledger.write([Ledger.set_meta("a", 1)])
    db = sqlite3.connect(path)
    db.executescript("DROP INDEX calls_bill; PRAGMA user_version = 1;")
    db.close()
    with Ledger(path) as ledger:
        assert ledger.meta("a") == 1
        assert ledger.spent_micro() == 0
    db = sqlite3.connect(path)
    assert db.execute("PRAGMA user_version").fetchone() == (2,)
    assert db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'calls_bill'").fetchone() == (1,)
    db.close()
