"""Chat completions of OpenAI and of every server that speaks its protocol (vLLM, SGLang, gateways).

Decision: the openai SDK on its aiohttp backend, with its retries switched off, and the reply read from the raw bytes by
our own reader, because those bytes are what the ledger keeps. What a server cannot do (a schema, a regular expression,
a sampling parameter) is learnt from its own 400, left out from then on, and said once in the log: a server without
grammars is worth using, a build that stops because of one is not.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import logging
import re
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any, Self

from audio_reasoner.clients.endpoints import Endpoint, api_key
from audio_reasoner.clients.messages import ChatRequest, Finish
from audio_reasoner.clients.transport import CallFailed, RawReply, rate_headers, retry_after, status_failure
from audio_reasoner.core.errors import EnvironmentProblem

if TYPE_CHECKING:
    from openai import AsyncOpenAI

    from audio_reasoner.clients.openai_stream import Piece

log = logging.getLogger(__name__)
CONNECT_S = 20.0
FINISH: dict[str | None, Finish] = {
    "stop": "stop",
    "eos": "stop",
    "end_turn": "stop",
    "length": "length",
    "max_tokens": "length",
    "content_filter": "safety",
}
_EXHAUSTED = ("insufficient_quota", "billing_hard_limit_reached", "credit")
# What a request may do without, and how a server's complaint about it reads.
_OPTIONAL = {
    "structured_outputs": r"structured[_ ]?outputs?|guided|grammar|regex",
    "guided_regex": r"guided|grammar|regex",
    "response_format": r"response[_ ]?format|json[_ ]?schema|schema|structured|guided|grammar",
    "max_completion_tokens": r"max_completion_tokens",
    "max_tokens": r"max_completion_tokens",
    "temperature": r"temperature",
    "top_p": r"top_p",
    "seed": r"\bseed\b",
    "stream_options": r"stream_options|include_usage",
}
_SAYS_UNSUPPORTED = re.compile(
    r"unsupported|not supported|does ?n.t support|not permitted|not allowed|unrecogni[sz]ed|unknown|unexpected|extra|"
    r"not available|not implemented|invalid schema|invalid_json_schema|cannot be used|not enabled|no longer",
    re.IGNORECASE,
)


class OpenAITransport:
    """One connection pool to one OpenAI-compatible endpoint."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._key = api_key(endpoint)
        self._official = endpoint.host == "api.openai.com"
        self._without: set[str] = {"structured_outputs", "guided_regex"} if self._official else set()
        self._limit_name = "max_completion_tokens" if self._official else "max_tokens"
        self._client: AsyncOpenAI | None = None

    @property
    def left_out(self) -> frozenset[str]:
        """Sampling parameters that the server turned out not to take."""
        return frozenset(self._without & {"temperature", "top_p", "seed"})

    @property
    def without_grammars(self) -> bool:
        """Whether the server turned out to take no regular expressions (the official one never does)."""
        return {"structured_outputs", "guided_regex"} <= self._without

    async def __aenter__(self) -> Self:
        try:
            import openai
        except ImportError as error:
            raise EnvironmentProblem(
                f"The package openai cannot be used: {error}.",
                code="environment.package",
                hint='pip install "openai[aiohttp]"',
            ) from error
        from openai import AsyncOpenAI, DefaultAioHttpClient

        # The limiter decides how many calls are in flight; a pool that queues would hide that from it.
        limits = type(openai.DEFAULT_CONNECTION_LIMITS)(max_connections=0, max_keepalive_connections=None)
        self._client = AsyncOpenAI(
            api_key=self._key or "none",
            base_url=self._endpoint.base_url or self._endpoint.url,
            max_retries=0,
            http_client=DefaultAioHttpClient(limits=limits),
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._client is not None:
            await self._client.close()
            self._client = None

    async def send(self, request: ChatRequest, timeout_s: float) -> RawReply:
        """Send once (again only without what the server says it cannot do) and wait at most `timeout_s`.

        Raises:
            CallFailed: codes of `transport.status_failure`, teacher.timeout, teacher.unreachable, teacher.reset,
                teacher.garbage, teacher.empty, teacher.error_reply, teacher.safety, teacher.quota_exhausted.
        """
        messages = await _messages(request)
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    body = self._body(request, messages)
                    try:
                        return await self._post(body, timeout_s)
                    except CallFailed as failure:
                        if not self._learn(failure, body):
                            raise
        except TimeoutError:
            raise CallFailed(
                "teacher.timeout",
                retryable=True,
                message=f"{self._endpoint.spec} did not answer within {timeout_s:g} s.",
                maybe_paid=True,
            ) from None

    async def _post(self, body: dict[str, Any], timeout_s: float) -> RawReply:
        import openai

        if self._client is None:
            raise RuntimeError("the transport is not open")
        timeout = openai.Timeout(timeout_s, connect=min(CONNECT_S, timeout_s))
        try:
            # Not the typed method: its models would be built, and the bytes thrown away.
            response = await self._client.with_options(timeout=timeout).chat.completions.with_raw_response.create(
                **body
            )
        except openai.APIStatusError as error:
            headers = {k.lower(): v for k, v in error.response.headers.items()}
            raise self._status(error.status_code, error.response.content, headers) from None
        except openai.APIConnectionError as error:
            raise self._lost(error) from None
        headers = {k.lower(): v for k, v in response.headers.items()}
        reply = read_reply(response.content)
        rate = rate_headers(headers)
        return reply if rate is None else _with_rate(reply, rate)

    async def stream(self, request: ChatRequest, timeout_s: float) -> AsyncGenerator[Piece | RawReply, None]:
        """Send once; the pieces of the answer as they come, then the whole reply.

        `timeout_s` is the longest wait for the next piece. A server that does not stream gives one piece.

        Raises:
            CallFailed: as `send`, and teacher.broken_stream.
        """
        messages = await _messages(request)
        while True:
            body = self._body(request, messages)
            if "stream_options" not in self._without:
                body["stream_options"] = {"include_usage": True}
            try:
                async with contextlib.aclosing(self._events(body, timeout_s)) as items:
                    async for item in items:
                        yield item
            except CallFailed as failure:
                if not self._learn(failure, body):
                    raise
            else:
                return

    async def _events(self, body: dict[str, Any], timeout_s: float) -> AsyncGenerator[Piece | RawReply, None]:
        import openai

        from audio_reasoner.clients.openai_stream import Events, Piece, Stream

        if self._client is None:
            raise RuntimeError("the transport is not open")
        timeout = openai.Timeout(timeout_s, connect=min(CONNECT_S, timeout_s))
        create = self._client.with_options(timeout=timeout).chat.completions.with_streaming_response.create
        events, stream = Events(), Stream()
        try:
            async with create(**body, stream=True) as response:
                if "json" in response.headers.get("content-type", ""):
                    reply = read_reply(await response.read())
                    yield Piece(reply.text, reply.reasoning)
                    yield reply
                    return
                chunks = response.iter_bytes()
                while not stream.done:
                    try:
                        chunk = await anext(chunks)
                    except StopAsyncIteration:
                        break
                    except Exception as error:  # whichever HTTP library it comes from: the connection broke
                        raise self._lost(error) from None
                    for data in events.feed(chunk):
                        if (piece := stream.take(data)) is not None:
                            yield piece
        except openai.APIStatusError as error:
            headers = {k.lower(): v for k, v in error.response.headers.items()}
            raise self._status(error.status_code, error.response.content, headers) from None
        except openai.APIConnectionError as error:
            raise self._lost(error) from None
        for data in events.finish():
            if (piece := stream.take(data)) is not None:
                yield piece
        yield stream.end()

    def _body(self, request: ChatRequest, messages: list[dict[str, Any]]) -> dict[str, Any]:
        sampling = request.sampling
        body: dict[str, Any] = {"model": self._endpoint.model, "messages": messages}
        extra: dict[str, Any] = {}
        if request.schema is not None:
            body["response_format"] = {
                "type": "json_schema",
                "json_schema": {
                    "name": _name(request.kind),
                    "schema": request.schema,
                    "strict": strict(request.schema),
                },
            }
        elif request.grammar is not None:
            # The first is what vLLM reads since 0.12, the second what it read before; each ignores the other.
            extra = {"structured_outputs": {"regex": request.grammar}, "guided_regex": request.grammar}
        wanted = {
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "seed": sampling.seed,
            self._limit_name: sampling.max_tokens,
        }
        body.update({name: value for name, value in wanted.items() if value is not None})
        extra = {name: value for name, value in extra.items() if name not in self._without}
        body = {name: value for name, value in body.items() if name not in self._without}
        return {**body, "extra_body": extra} if extra else body

    def _learn(self, failure: CallFailed, body: dict[str, Any]) -> bool:
        """Whether the server refused something that can be left out; from now on it is."""
        if failure.http_status not in (400, 422, 501) or not _SAYS_UNSUPPORTED.search(failure.message):
            return False
        sent = {*body, *body.get("extra_body", ())}
        for name, pattern in _OPTIONAL.items():
            if name not in sent or not re.search(pattern, failure.message, re.IGNORECASE):
                continue
            if name in ("max_tokens", "max_completion_tokens"):
                other = "max_completion_tokens" if name == "max_tokens" else "max_tokens"
                if self._limit_name != name:
                    return True  # another call has learnt it meanwhile
                if f"not {name}" in self._without:
                    return False
                self._without.add(f"not {other}")
                self._limit_name = other
                log.info("%s wants %s instead of %s.", self._endpoint.spec, other, name)
                return True
            if name not in self._without:
                self._without.add(name)
                log.warning("%s does not take %s; going on without it: %s", self._endpoint.spec, name, failure.message)
            return True
        return False

    def _status(self, status: int, content: bytes, headers: dict[str, str]) -> CallFailed:
        message, code = error_text(content)
        message = self._redacted(f"{self._endpoint.spec} answered {status}: {message}" if message else "") or (
            f"{self._endpoint.spec} answered {status}."
        )
        wait, rate = retry_after(headers), rate_headers(headers)
        if status in (402, 429) and any(word in f"{code} {message}".lower() for word in _EXHAUSTED):
            return CallFailed("teacher.quota_exhausted", retryable=False, http_status=status, message=message)
        if status == 400 and ("content_filter" in code or "content_policy" in code):
            return CallFailed("teacher.safety", retryable=False, http_status=status, message=message)
        return status_failure(status, message, retry_after_s=wait, rate=rate)

    def _lost(self, error: BaseException) -> CallFailed:
        import aiohttp

        where, cause = self._endpoint.spec, error
        chain: list[BaseException] = [error]
        while (cause := cause.__cause__ or cause.__context__) is not None and cause not in chain:  # type: ignore[assignment]
            chain.append(cause)
        # The innermost decides: the backend's translation calls a refused connection a timeout.
        if any(isinstance(e, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError) for e in chain):
            return CallFailed("teacher.unreachable", retryable=True, message=f"{where} cannot be reached: {chain[-1]}")
        if any(isinstance(e, TimeoutError) for e in chain):
            return CallFailed(
                "teacher.timeout", retryable=True, message=f"{where} did not answer in time.", maybe_paid=True
            )
        last = self._redacted(f"{type(chain[-1]).__name__}: {chain[-1]}")
        return CallFailed(
            "teacher.reset", retryable=True, message=f"{where} broke the connection ({last}).", maybe_paid=True
        )

    def _redacted(self, text: str) -> str:
        if self._key:
            text = text.replace(self._key, "…")
        return re.sub(r"\b(?:(?:sk|key)[-_]|Bearer )[A-Za-z0-9_\-*.]{6,}", "…", text)


def read_reply(raw: bytes) -> RawReply:
    """Read a chat completion.

    Raises:
        CallFailed: teacher.garbage (no JSON, no completion), teacher.empty, teacher.error_reply, or what an error
            object with a status in it means.
    """
    try:
        data = json.loads(raw)
    except (ValueError, UnicodeDecodeError, RecursionError):
        what = "an empty body" if not raw.strip() else f"no JSON: {raw[:80]!r}"
        code = "teacher.empty" if not raw.strip() else "teacher.garbage"
        raise CallFailed(code, retryable=True, message=f"The server sent {what}.", maybe_paid=True) from None
    if not isinstance(data, dict):
        raise _garbage("a JSON value that is no object")
    choices = data.get("choices")
    if data.get("error") and not choices:
        message, code = error_text(raw)
        if code.isdigit() and 400 <= int(code) < 600:
            raise status_failure(int(code), f"The server sent an error: {message}")
        raise CallFailed("teacher.error_reply", retryable=True, message=f"The server sent an error: {message}")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        raise _garbage("no choices")
    choice = choices[0]
    said = choice.get("message")
    if not isinstance(said, dict):
        raise _garbage("a choice without a message")
    reasoning = text_of(said.get("reasoning_content")) or text_of(said.get("reasoning"))
    text, inline = _split_think(text_of(said.get("content")))
    finish = FINISH.get(choice.get("finish_reason"), "other")
    if refusal := text_of(said.get("refusal")):
        text, finish = refusal, "refusal"
    if not text.strip() and finish in ("stop", "other"):
        raise CallFailed("teacher.empty", retryable=True, message="The reply holds no text.", maybe_paid=True)
    usage = data.get("usage")
    usage = usage if isinstance(usage, dict) else {}
    return RawReply(
        text=text,
        finish=finish,
        tokens_in=count_of(usage.get("prompt_tokens")),
        tokens_out=count_of(usage.get("completion_tokens")),
        reasoning=reasoning or inline,
        raw=raw,
        version=text_of(data.get("model")),
    )


def strict(schema: Any) -> bool:
    """Whether a JSON schema obeys the rules of strict mode: every object closed, every property required."""
    if isinstance(schema, list):
        return all(strict(item) for item in schema)
    if not isinstance(schema, dict):
        return True
    if schema.get("type") == "object" or "properties" in schema:
        properties = schema.get("properties", {})
        if schema.get("additionalProperties") is not False or set(schema.get("required", ())) != set(properties):
            return False
    return all(strict(value) for value in schema.values())


async def _messages(request: ChatRequest) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    for message in request.messages:
        if not message.audio:
            made.append({"role": message.role, "content": message.text})
            continue
        parts: list[dict[str, Any]] = []
        for audio in message.audio:
            data = base64.b64encode(await audio.wav()).decode("ascii")
            parts.append({"type": "input_audio", "input_audio": {"data": data, "format": "wav"}})
        if message.text:
            parts.append({"type": "text", "text": message.text})
        made.append({"role": message.role, "content": parts})
    return made


def _with_rate(reply: RawReply, rate: Any) -> RawReply:
    import dataclasses

    return dataclasses.replace(reply, rate=rate)


def _garbage(what: str) -> CallFailed:
    return CallFailed("teacher.garbage", retryable=True, message=f"The server sent {what}.", maybe_paid=True)


def _split_think(text: str) -> tuple[str, str]:
    """Answer and reasoning of servers that leave `<think>…</think>` in front of the answer (lower case: not ours)."""
    match = re.match(r"\s*<think>(.*?)</think>\s*", text, re.DOTALL)
    return (text[match.end() :], match.group(1).strip()) if match else (text, "")


def text_of(value: Any) -> str:
    """The text of a field that is a text or a list of parts; else nothing."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):  # some servers send parts
        return "".join(text_of(part.get("text")) for part in value if isinstance(part, dict))
    return ""


def count_of(value: Any) -> int:
    """A number of tokens; 0 where there is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else 0


def _name(kind: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "_", kind)[:64] or "reply"


def error_text(content: bytes) -> tuple[str, str]:
    """Message (at most 300 characters) and code of an error body."""
    try:
        data = json.loads(content)
    except (ValueError, UnicodeDecodeError, RecursionError):
        text = re.sub(r"<[^>]*>", " ", content[:4000].decode("utf-8", "replace"))
        return " ".join(text.split())[:300], ""
    error = data.get("error", data) if isinstance(data, dict) else data
    if isinstance(error, dict):
        message = error.get("message") or error.get("detail") or json.dumps(error)
        return str(message)[:300], f"{error.get('code') or ''}"
    return str(error)[:300], ""
