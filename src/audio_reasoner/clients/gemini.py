"""Gemini: generateContent with sound inline or through the Files API.

Decision: the google-genai SDK with one client and one session of its own per transport, opened and closed in one event
loop, with every retry of the SDK switched off (it has one built in that waits up to ten seconds in silence). The reply
is read from the raw JSON by our own reader, because that JSON is what the ledger keeps. Sound goes inline while the
request stays well below the service's limit of 20 MB, else it is uploaded once per content and used again while the
service keeps it (48 hours); what this transport uploaded it deletes when it closes.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import logging
import re
import time
from typing import TYPE_CHECKING, Any, Self

from audio_reasoner.clients.endpoints import Endpoint, api_key
from audio_reasoner.clients.gemini_model import split_model, thought_room
from audio_reasoner.clients.messages import AudioPart, ChatRequest, Finish
from audio_reasoner.clients.transport import CallFailed, RawReply, duration_s, retry_after, status_failure
from audio_reasoner.core.errors import EnvironmentProblem

if TYPE_CHECKING:
    from google.genai.client import AsyncClient

log = logging.getLogger(__name__)
INLINE_BYTES = 18 * 10**6
"""Bytes of a request (sound as base64) up to which sound goes inline; the service's limit is 20 MB."""
FILE_LIFE_S = 46 * 3600.0
"""How long an uploaded file is used again; the service keeps it for 48 hours."""
_POLL_S = 0.2
_CLOSE_S = 10.0
_FINISH: dict[str, Finish] = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "CONTINUATION": "length",
    "SAFETY": "safety",
    "BLOCKLIST": "safety",
    "PROHIBITED_CONTENT": "safety",
    "SPII": "safety",
    "LANGUAGE": "safety",
    "ESCALATION": "safety",
    "MODEL_ARMOR": "safety",
    "RECITATION": "recitation",
}
_FILE_GONE = re.compile(
    r"\bfiles?\b.*(permission|not exist|not found|expired|ACTIVE)|permission to access the file", re.I
)


class GeminiTransport:
    """One client to one Gemini model."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._key = api_key(endpoint)
        self._model, self._thinking = split_model(endpoint.model)
        self._files: dict[str, asyncio.Task[_Uploaded]] = {}
        self._client: AsyncClient | None = None
        self._stack = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        try:
            from google import genai
            from google.genai import types
        except ImportError as error:
            raise EnvironmentProblem(
                f"The package google-genai cannot be used: {error}.",
                code="environment.package",
                hint="pip install google-genai",
            ) from error
        import aiohttp

        # The limiter decides how many calls are in flight; a pool that queues would hide that from it.
        session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), trust_env=True)
        await self._stack.enter_async_context(session)
        try:
            client = genai.Client(
                vertexai=False,
                api_key=self._key or "none",
                http_options=types.HttpOptions(
                    base_url=self._endpoint.url,
                    aiohttp_client=session,
                    retry_options=types.HttpRetryOptions(attempts=1),
                ),
            )
            self._stack.callback(client.close)
            self._client = await self._stack.enter_async_context(client.aio)
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        try:
            await self._delete_files()
        finally:
            self._client = None
            await self._stack.aclose()

    async def send(self, request: ChatRequest, timeout_s: float) -> RawReply:
        """Send once and wait at most `timeout_s`, uploads included.

        Raises:
            CallFailed: codes of `transport.status_failure`, teacher.timeout, teacher.unreachable, teacher.reset,
                teacher.garbage, teacher.empty, teacher.error_reply, teacher.quota_exhausted, teacher.file.
        """
        if self._client is None:
            raise RuntimeError("the transport is not open")
        import aiohttp
        from google.genai import errors

        where = self._endpoint.spec
        try:
            async with asyncio.timeout(timeout_s):
                contents = await self._contents(request, timeout_s)
                response = await self._client.models.generate_content(
                    model=self._model, contents=contents, config=self._config(request, timeout_s)
                )
        except errors.APIError as error:
            failure = self._status(error)
            if failure.http_status in (400, 403, 404) and _FILE_GONE.search(failure.message):
                self._forget(request)
                raise CallFailed(
                    "teacher.file", retryable=True, http_status=failure.http_status, message=failure.message
                ) from None
            raise failure from None
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise CallFailed(
                "teacher.unreachable", retryable=True, message=f"{where} cannot be reached: {error}"
            ) from None
        except TimeoutError:
            message = f"{where} did not answer within {timeout_s:g} s."
            raise CallFailed("teacher.timeout", retryable=True, message=message, maybe_paid=True) from None
        except (aiohttp.ClientError, ConnectionError, EOFError) as error:
            what = self._redacted(f"{type(error).__name__}: {error}")
            message = f"{where} broke the connection ({what})."
            raise CallFailed("teacher.reset", retryable=True, message=message, maybe_paid=True) from None
        except ValueError as error:  # a body in no known encoding, an error that is no JSON
            what = self._redacted(f"{type(error).__name__}: {error}")[:200]
            message = f"{where} sent what cannot be read ({what})."
            raise CallFailed("teacher.garbage", retryable=True, message=message, maybe_paid=True) from None
        body = response.sdk_http_response.body if response.sdk_http_response is not None else ""
        return read_reply((body or "").encode("utf-8", "replace"))

    # ------------------------------------------------------------------------------------------ request

    def _config(self, request: ChatRequest, timeout_s: float) -> Any:
        from google.genai import types

        sampling, thinking = request.sampling, self._thinking
        system = "\n\n".join(m.text for m in request.messages if m.role == "system")
        most = sampling.max_tokens
        if most is not None and _may_think(self._model):
            most += thought_room(self._endpoint.model)
        config: dict[str, Any] = {
            "system_instruction": system or None,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "seed": sampling.seed,
            "max_output_tokens": most,
            "should_return_http_response": True,
            "automatic_function_calling": types.AutomaticFunctionCallingConfig(disable=True),
            # A client that has gone away is worth no answer: the service is told how long we wait.
            "http_options": types.HttpOptions(timeout=max(1, round(timeout_s * 1000))),
        }
        if thinking.budget is not None:
            config["thinking_config"] = types.ThinkingConfig(thinking_budget=thinking.budget)
        elif thinking.level is not None:
            config["thinking_config"] = types.ThinkingConfig(thinking_level=types.ThinkingLevel(thinking.level.upper()))
        if request.schema is not None:
            config |= {"response_mime_type": "application/json", "response_json_schema": request.schema}
        return types.GenerateContentConfig(**{k: v for k, v in config.items() if v is not None})

    async def _contents(self, request: ChatRequest, timeout_s: float) -> list[Any]:
        """The turns; their sound inline or, where that would be too much, as references to uploaded files."""
        from google.genai import types

        parts = [audio for m in request.messages for audio in m.audio]
        sounds = {audio.content_key: await audio.wav() for audio in parts}
        size = sum(4 * len(sounds[a.content_key]) // 3 for a in parts) + sum(
            len(m.text.encode("utf-8", "replace")) for m in request.messages
        )
        by_file = bool(parts) and size > INLINE_BYTES
        made: list[Any] = []
        for message in request.messages:
            if message.role == "system":
                continue
            turn: list[Any] = []
            for audio in message.audio:
                data = sounds[audio.content_key]
                if by_file:
                    uri = (await self._file(audio, data, timeout_s)).uri
                    turn.append(types.Part.from_uri(file_uri=uri, mime_type="audio/wav"))
                else:
                    turn.append(types.Part.from_bytes(data=data, mime_type="audio/wav"))
            if message.text:
                turn.append(types.Part(text=message.text))
            made.append(types.Content(role="model" if message.role == "assistant" else "user", parts=turn))
        return made

    # ------------------------------------------------------------------------------------------ files

    async def _file(self, audio: AudioPart, data: bytes, timeout_s: float) -> _Uploaded:
        """The uploaded sound: one upload per content, shared by all calls that need it at the same time."""
        key = audio.content_key
        task = self._files.get(key)
        if task is not None and task.done() and (task.cancelled() or task.exception() or task.result().is_old()):
            task = None
        if task is None:
            task = self._files[key] = asyncio.create_task(self._upload(key, data, timeout_s))
        # A call that is given up must not take the upload away from the others that wait for it.
        return await asyncio.shield(task)

    async def _upload(self, key: str, data: bytes, timeout_s: float) -> _Uploaded:
        from google.genai import types

        assert self._client is not None
        async with asyncio.timeout(timeout_s):
            file = await self._client.files.upload(
                file=io.BytesIO(data), config=types.UploadFileConfig(mime_type="audio/wav", display_name=key[:64])
            )
            began, wait = time.monotonic(), _POLL_S
            name, uri = file.name or "", file.uri or ""
            while str(getattr(file.state, "value", file.state)) not in ("ACTIVE", "FAILED"):
                await asyncio.sleep(wait)
                wait = min(2.0, wait * 1.5)
                file = await self._client.files.get(name=name)
        if str(getattr(file.state, "value", file.state)) == "FAILED" or not uri:
            raise CallFailed("teacher.file", retryable=False, message="The service could not process the sound.")
        return _Uploaded(name, uri, began)

    def _forget(self, request: ChatRequest) -> None:
        for message in request.messages:
            for audio in message.audio:
                self._files.pop(audio.content_key, None)

    async def _delete_files(self) -> None:
        """Delete what was uploaded; what cannot be deleted the service forgets by itself after 48 hours."""
        for task in self._files.values():
            task.cancel()
        ended = await asyncio.gather(*self._files.values(), return_exceptions=True)
        self._files.clear()
        client, files = self._client, [f for f in ended if isinstance(f, _Uploaded)]
        if client is None or not files:
            return
        try:
            async with asyncio.timeout(_CLOSE_S):
                gone = await asyncio.gather(*(client.files.delete(name=f.name) for f in files), return_exceptions=True)
        except TimeoutError:
            gone = [TimeoutError()]
        if failed := [e for e in gone if isinstance(e, BaseException)]:
            log.info("%d of %d uploaded files were not deleted; they expire in 48 hours.", len(failed), len(files))

    # ------------------------------------------------------------------------------------------ failures

    def _status(self, error: Any) -> CallFailed:
        details = error.details if isinstance(error.details, dict) else {}
        body = details.get("error") if isinstance(details.get("error"), dict) else details
        said = re.sub(r"<[^>]*>", " ", str(error.message or ""))
        said = " ".join(said.split())[:300]
        status = int(error.code or 500)
        message = self._redacted(f"{self._endpoint.spec} answered {status}: {said}")
        wait = delay_of(body)
        headers = getattr(error.response, "headers", None)
        if wait is None and headers is not None:
            wait = retry_after({str(k).lower(): str(v) for k, v in headers.items()})
        reasons = {d.get("reason") for d in _details(body)}
        if reasons & {"API_KEY_INVALID", "API_KEY_SERVICE_BLOCKED", "API_KEY_EXPIRED"} or "API key not valid" in said:
            return CallFailed("teacher.auth", retryable=False, http_status=status, message=message)
        if status == 429 and _per_day(body):
            return CallFailed("teacher.quota_exhausted", retryable=False, http_status=status, message=message)
        return status_failure(status, message, retry_after_s=wait)

    def _redacted(self, text: str) -> str:
        if self._key:
            text = text.replace(self._key, "…")
        return re.sub(r"\bAIza[A-Za-z0-9_-]{10,}|\bkey=[^&\s'\"]+", "…", text)


class _Uploaded:
    """A file that the service keeps for a while."""

    def __init__(self, name: str, uri: str, began: float) -> None:
        self.name = name
        self.uri = uri
        self.began = began

    def is_old(self) -> bool:
        return time.monotonic() - self.began > FILE_LIFE_S


def read_reply(raw: bytes) -> RawReply:
    """Read a generateContent reply.

    Raises:
        CallFailed: teacher.garbage (no JSON, no such reply), teacher.empty, teacher.error_reply, or what an error
            object with a status in it means.
    """
    try:
        data = json.loads(raw)
    except (ValueError, RecursionError):
        name = "teacher.garbage" if raw.strip() else "teacher.empty"
        message = f"The server sent no JSON: {raw[:80]!r}" if raw.strip() else "The server sent an empty body."
        raise CallFailed(name, retryable=True, message=message, maybe_paid=True) from None
    if not isinstance(data, dict):
        raise _garbage("a JSON value that is no object")
    error = data.get("error")
    if isinstance(error, dict) and not data.get("candidates"):
        code, said = error.get("code"), str(error.get("message") or error)[:300]
        if isinstance(code, int) and 400 <= code < 600:
            raise status_failure(code, f"The server sent an error: {said}", retry_after_s=delay_of(error))
        raise CallFailed("teacher.error_reply", retryable=True, message=f"The server sent an error: {said}")
    tokens_in, tokens_out = _usage(data.get("usageMetadata"))
    candidates = data.get("candidates")
    feedback = data.get("promptFeedback")
    if not candidates:
        if isinstance(feedback, dict) and feedback.get("blockReason"):
            return RawReply("", "safety", tokens_in, tokens_out, "", raw, version=_version(data))
        if isinstance(candidates, list) or "usageMetadata" in data:
            message = "The reply holds no candidate."
            raise CallFailed("teacher.empty", retryable=True, message=message, maybe_paid=True)
        raise _garbage("no candidates")
    candidate = candidates[0] if isinstance(candidates, list) else None
    if not isinstance(candidate, dict):
        raise _garbage("a candidate that is none")
    finish = _FINISH.get(str(candidate.get("finishReason") or "OTHER").upper(), "other")
    content = candidate.get("content")
    parts = content.get("parts") if isinstance(content, dict) else None
    spoken = [p for p in parts or [] if isinstance(p, dict) and isinstance(p.get("text"), str)]
    text = "".join(p["text"] for p in spoken if not p.get("thought"))
    if not text.strip() and finish in ("stop", "other"):
        reason = candidate.get("finishReason") or "no reason"
        message = f"The reply holds no text ({reason})."
        raise CallFailed("teacher.empty", retryable=True, message=message, maybe_paid=True)
    return RawReply(
        text=text,
        finish=finish,
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        reasoning="".join(p["text"] for p in spoken if p.get("thought")),
        raw=raw,
        version=_version(data),
    )


def _version(data: dict[str, Any]) -> str:
    """What an alias like gemini-flash-latest stood for."""
    version = data.get("modelVersion")
    return version if isinstance(version, str) else ""


def delay_of(error: Any) -> float | None:
    """Seconds to wait by an error's RetryInfo, or None."""
    for detail in _details(error):
        if str(detail.get("@type", "")).endswith("google.rpc.RetryInfo"):
            return duration_s(str(detail.get("retryDelay", "")))
    return None


def _details(error: Any) -> list[dict[str, Any]]:
    details = error.get("details") if isinstance(error, dict) else None
    return [d for d in details if isinstance(d, dict)] if isinstance(details, list) else []


def _per_day(error: Any) -> bool:
    """Whether a quota per day is used up: waiting a minute does not help."""
    for detail in _details(error):
        violations = detail.get("violations")
        for violation in violations if isinstance(violations, list) else []:
            if isinstance(violation, dict) and "PerDay" in str(violation.get("quotaId", "")):
                return True
    return False


def _usage(usage: Any) -> tuple[int, int]:
    """Tokens in and out; thoughts are paid as output."""

    def count(name: str) -> int:
        value = usage.get(name) if isinstance(usage, dict) else None
        return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else 0

    return count("promptTokenCount"), count("candidatesTokenCount") + count("thoughtsTokenCount")


def _may_think(model: str) -> bool:
    """Models before 2.5 do not think, and refuse a limit above 8192."""
    return not re.match(r"gemini-(1|2\.0)", model)


def _garbage(what: str) -> CallFailed:
    return CallFailed("teacher.garbage", retryable=True, message=f"The server sent {what}.", maybe_paid=True)
