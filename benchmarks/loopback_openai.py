"""The OpenAI chat protocol of the loopback server: /v1/chat/completions and /v1/models."""

from __future__ import annotations

import base64
import binascii
import json
import math
from typing import Any

from aiohttp import web

from loopback_wire import Asked, BadRequest, Refused, Spoken, tokens_of_text, wav_seconds

MODELS = ("loopback", "loopback-mini")


def check_key(request: web.Request, key: str) -> None:
    """Refuse a request without the right bearer token."""
    if key and request.headers.get("Authorization") != f"Bearer {key}":
        raise Refused("auth")


def parse(body: bytes, _request: web.Request, _files: Any, strict: bool) -> Asked:
    """A chat completion request as understood.

    Raises:
        BadRequest: not a chat completion, or audio that cannot be heard.
        Refused: a model that does not exist.
    """
    try:
        data = json.loads(body)
        model, messages = data["model"], data["messages"]
    except (ValueError, KeyError, TypeError) as error:
        raise BadRequest(f"Could not parse the JSON body of your request: {error}") from error
    if model == "missing":
        raise Refused("model")
    if data.get("stream"):
        raise BadRequest("This server does not stream.")
    turns, audio = [], []
    for message in messages:
        text, sounds = _content(message["content"], strict)
        turns.append((str(message["role"]), text))
        audio += sounds
    form = data.get("response_format") or {}
    schema = (form.get("json_schema") or {}).get("schema") if form.get("type") == "json_schema" else None
    guided = data.get("structured_outputs") or {}
    rest = {k: data.get(k) for k in ("temperature", "top_p", "seed", "n")}
    return Asked(
        model=model,
        turns=tuple(turns),
        audio=tuple(audio),
        schema=schema or data.get("guided_json") or guided.get("json"),
        grammar=data.get("guided_regex") or guided.get("regex"),
        max_tokens=data.get("max_completion_tokens") or data.get("max_tokens"),
        sampling=json.dumps(rest, sort_keys=True),
    )


def _content(content: Any, strict: bool) -> tuple[str, list[tuple[str, float]]]:
    import hashlib

    if isinstance(content, str):
        return content, []
    if not isinstance(content, list):
        raise BadRequest("Invalid type for 'messages[0].content': expected a string or an array of parts.")
    texts: list[str] = []
    audio: list[tuple[str, float]] = []
    for part in content:
        kind = part.get("type")
        if kind == "text":
            texts.append(part["text"])
        elif kind == "input_audio":
            if texts and strict:
                raise BadRequest("Audio must come before the text of its message.", "not_first")
            sound = part["input_audio"]
            if sound.get("format") != "wav":
                raise BadRequest(f"Expected the format wav, found {sound.get('format')!r}.", "bad")
            try:
                data = base64.b64decode(sound["data"], validate=True)
            except (binascii.Error, ValueError) as error:
                raise BadRequest(f"The audio is not base64: {error}", "bad") from error
            audio.append((hashlib.sha256(data).hexdigest(), wav_seconds(data, strict)))
        else:
            raise BadRequest(f"Invalid value for a part's type: {kind!r}.")
    return "\n".join(texts), audio


def answer(asked: Asked, spoken: Spoken, reasoning: bool, headers: dict[str, str]) -> web.Response:
    """A completion, or what this service does where it does not complete."""
    if spoken.fault == "blocked":
        return _error(400, "Your request was rejected by our safety system.", "invalid_request_error", "content_filter")
    # Structured replies refuse in a field of their own, free ones in words.
    refused_in_field = spoken.fault == "refusal" and asked.schema is not None
    message: dict[str, Any] = {
        "role": "assistant",
        "content": None if refused_in_field else spoken.text,
        "refusal": spoken.text if refused_in_field else None,
    }
    if reasoning:
        message["reasoning_content"] = "First I listen, then I compare what I heard with what was asked."
    finish = "content_filter" if spoken.fault in ("safety", "recitation") else spoken.finish
    out = tokens_of_text(spoken.text) + (16 if reasoning else 0)
    body = {
        "id": f"chatcmpl-{asked.key[:24]}",
        "object": "chat.completion",
        "created": 1_790_000_000,
        "model": asked.model,
        "choices": [{"index": 0, "message": message, "finish_reason": finish, "logprobs": None}],
        "usage": {
            "prompt_tokens": asked.tokens_in,
            "completion_tokens": out,
            "total_tokens": asked.tokens_in + out,
            "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": asked.tokens_in - tokens_of_text(asked.text)},
            "completion_tokens_details": {"reasoning_tokens": 16 if reasoning else 0},
        },
        "service_tier": "default",
    }
    return web.json_response(body, headers=headers)


def refuse(refusal: Refused) -> web.Response:
    """429, 401 or 404 as the service says it."""
    if refusal.kind == "auth":
        return _error(401, "Incorrect API key provided.", "invalid_request_error", "invalid_api_key")
    if refusal.kind == "model":
        return _error(404, "The model `missing` does not exist.", "invalid_request_error", "model_not_found")
    headers = {}
    if refusal.say_when:
        headers = {
            "retry-after": str(max(1, math.ceil(refusal.wait_s))),
            "retry-after-ms": f"{refusal.wait_s * 1e3:.0f}",
        }
    kind = "tokens" if refusal.kind == "tokens" else "requests"
    return _error(429, f"Rate limit reached on {refusal.kind}.", kind, "rate_limit_exceeded", headers)


def broken(status: int) -> web.Response:
    """A server error."""
    return _error(status, "The server had an error while processing your request.", "server_error", None)


def bad_request(message: str) -> web.Response:
    """400."""
    return _error(400, message, "invalid_request_error", None)


def _error(
    status: int, message: str, kind: str, code: str | None, headers: dict[str, str] | None = None
) -> web.Response:
    body = {"error": {"message": message, "type": kind, "param": None, "code": code}}
    return web.json_response(body, status=status, headers=headers)


async def models(_: web.Request) -> web.Response:
    """The list of models."""
    data = [{"id": name, "object": "model", "created": 1_790_000_000, "owned_by": "loopback"} for name in MODELS]
    return web.json_response({"object": "list", "data": data})
