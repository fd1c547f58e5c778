"""The Gemini protocol of the loopback server: generateContent, a model's description, and the Files API.

Decision: a file is PROCESSING until it was asked for `PROCESSING_ASKS` times, so that a client that does not wait for
ACTIVE is caught by the 400 that the service would give it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import math
import re
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from loopback_wire import Asked, BadRequest, Refused, Spoken, tokens_of_text, wav_seconds

PROCESSING_ASKS = 1
INLINE_LIMIT = 20 * 10**6
"""Bytes of a whole request that are accepted."""
VERSIONS = {"gemini-flash-latest": "gemini-loopback-flash-002", "gemini-pro-latest": "gemini-loopback-pro-001"}
"""What an alias stands for; the reply names it."""


def check_key(request: web.Request, key: str) -> None:
    """Refuse a request without the right API key."""
    if key and request.headers.get("x-goog-api-key") != key:
        raise Refused("auth")


def parse(body: bytes, request: web.Request, files: Files, strict: bool) -> Asked:
    """A generateContent request as understood.

    Raises:
        BadRequest: not such a request, too large, or audio that cannot be heard.
        Refused: a model that does not exist.
    """
    model = request.match_info["model"]
    if model == "missing":
        raise Refused("model")
    if len(body) > INLINE_LIMIT:
        raise BadRequest("Request payload size exceeds the limit: 20971520 bytes.")
    try:
        data = _camel(json.loads(body))
        contents = data["contents"]
    except (ValueError, KeyError, TypeError) as error:
        raise BadRequest(f"Invalid JSON payload received: {error}") from error
    turns: list[tuple[str, str]] = []
    audio: list[tuple[str, float]] = []
    by_file = 0
    system = data.get("systemInstruction")
    if system:
        turns.append(("system", "\n".join(p.get("text", "") for p in system.get("parts", []))))
    for content in contents:
        texts: list[str] = []
        for part in content.get("parts", []):
            if "text" in part:
                texts.append(part["text"])
                continue
            if texts and strict:
                raise BadRequest("Audio must come before the text of its message.", "not_first")
            sound, from_file = _sound(part, files)
            by_file += from_file
            audio.append((hashlib.sha256(sound).hexdigest(), wav_seconds(sound, strict)))
        turns.append((content.get("role", "user"), "\n".join(texts)))
    config = data.get("generationConfig") or {}
    rest = {k: config.get(k) for k in ("temperature", "topP", "seed", "thinkingConfig")}
    return Asked(
        model=model,
        turns=tuple(turns),
        audio=tuple(audio),
        by_file=by_file,
        schema=config.get("responseJsonSchema") or _lower(config.get("responseSchema")),
        max_tokens=config.get("maxOutputTokens"),
        sampling=json.dumps(rest, sort_keys=True),
    )


def _camel(value: Any) -> Any:
    """Keys as the documentation writes them: the service reads `inline_data`, as the SDK sends it, as `inlineData`."""
    if isinstance(value, list):
        return [_camel(item) for item in value]
    if not isinstance(value, dict):
        return value
    made = {}
    for key, item in value.items():
        name = re.sub(r"_([a-z])", lambda m: m.group(1).upper(), key)
        made[name] = item if "schema" in key.lower() else _camel(item)
    return made


def _lower(schema: Any) -> Any:
    """The OpenAPI form of a schema has its types in capitals."""
    if isinstance(schema, dict):
        return {
            k: v.lower() if k == "type" and isinstance(v, str) else int(v) if k == "minItems" else _lower(v)
            for k, v in schema.items()
        }
    return [_lower(item) for item in schema] if isinstance(schema, list) else schema


def _sound(part: dict[str, Any], files: Files) -> tuple[bytes, bool]:
    inline, by_name = part.get("inlineData"), part.get("fileData")
    kind = (inline or by_name or {}).get("mimeType")
    if kind not in ("audio/wav", "audio/x-wav"):
        raise BadRequest(f"Unsupported MIME type: {kind}", "bad")
    if inline:
        try:
            # The SDK writes the URL-safe alphabet, which the service reads as well as the usual one.
            return base64.b64decode(inline["data"].replace("-", "+").replace("_", "/"), validate=True), False
        except (binascii.Error, ValueError) as error:
            raise BadRequest(f"The audio is not base64: {error}", "bad") from error
    return files.content((by_name or {})["fileUri"]), True


def answer(asked: Asked, spoken: Spoken, reasoning: bool, headers: dict[str, str]) -> web.Response:
    """A reply with its candidate, or without where a safety filter spoke."""
    out = tokens_of_text(spoken.text)
    thoughts = 16 if reasoning else 0
    sound = asked.tokens_in - tokens_of_text(asked.text)
    details = [{"modality": "TEXT", "tokenCount": tokens_of_text(asked.text)}]
    if sound:
        details.append({"modality": "AUDIO", "tokenCount": sound})
    body: dict[str, Any] = {
        "usageMetadata": {
            "promptTokenCount": asked.tokens_in,
            "candidatesTokenCount": out,
            "totalTokenCount": asked.tokens_in + out + thoughts,
            "promptTokensDetails": details,
        }
        | ({"thoughtsTokenCount": thoughts} if thoughts else {}),
        "modelVersion": VERSIONS.get(asked.model, asked.model),
        "responseId": asked.key[:22],
    }
    if spoken.fault == "blocked":
        body["promptFeedback"] = {"blockReason": "PROHIBITED_CONTENT", "safetyRatings": []}
        return web.json_response(body, headers=headers)
    finish = {"safety": "SAFETY", "recitation": "RECITATION"}.get(spoken.fault)
    finish = finish or ("MAX_TOKENS" if spoken.finish == "length" else "STOP")
    candidate: dict[str, Any] = {"finishReason": finish, "index": 0}
    parts: list[dict[str, Any]] = []
    if thoughts and spoken.text:
        parts.append({"text": "First I listen, then I compare what I heard with what was asked.", "thought": True})
    if spoken.text:
        parts.append({"text": spoken.text})
    if finish not in ("SAFETY", "RECITATION"):
        candidate["content"] = {"role": "model"} | ({"parts": parts} if parts else {})
    else:
        rating = {"category": "HARM_CATEGORY_HARASSMENT", "probability": "HIGH", "blocked": True}
        candidate["safetyRatings"] = [rating]
    body["candidates"] = [candidate]
    return web.json_response(body, headers=headers)


def refuse(refusal: Refused) -> web.Response:
    """429, 400 (key) or 404 as the service says it; the delay stands in the details, not in a header."""
    if refusal.kind == "auth":
        info = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}
        return _error(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.", [info])
    if refusal.kind == "model":
        return _error(404, "NOT_FOUND", "models/missing is not found for API version v1beta.")
    metric = "input_token_count" if refusal.kind == "tokens" else "requests"
    violation = {
        "quotaMetric": f"generativelanguage.googleapis.com/generate_content_paid_tier_{metric}",
        "quotaId": f"GenerateContentPaidTier{metric.title().replace('_', '')}PerMinutePerProjectPerModel",
        "quotaDimensions": {"location": "global"},
    }
    details: list[dict[str, Any]] = [
        {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [violation]}
    ]
    if refusal.say_when:
        delay = f"{math.ceil(refusal.wait_s * 1000) / 1000:g}s"
        details.append({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay})
    return _error(429, "RESOURCE_EXHAUSTED", f"You exceeded your current quota: {refusal.kind}.", details)


def broken(status: int) -> web.Response:
    """A server error."""
    if status == 503:
        return _error(503, "UNAVAILABLE", "The model is overloaded. Please try again later.")
    return _error(status, "INTERNAL", "An internal error has occurred. Please retry.")


def bad_request(message: str) -> web.Response:
    """400."""
    return _error(400, "INVALID_ARGUMENT", message)


def _error(status: int, name: str, message: str, details: list[dict[str, Any]] | None = None) -> web.Response:
    body: dict[str, Any] = {"error": {"code": status, "message": message, "status": name}}
    if details:
        body["error"]["details"] = details
    return web.json_response(body, status=status)


async def model(request: web.Request) -> web.Response:
    """A model's description."""
    name = request.match_info["model"]
    if name == "missing":
        return refuse(Refused("model"))
    description = {"name": f"models/{name}", "version": "001", "displayName": name}
    return web.json_response(description | {"supportedGenerationMethods": ["generateContent"]})


# ------------------------------------------------------------------------------------------------ Files API


@dataclass
class _File:
    name: str
    mime_type: str
    size: int
    display_name: str
    data: bytes = b""
    asks: int = 0

    def to_json(self, root: str) -> dict[str, Any]:
        return {
            "name": f"files/{self.name}",
            "displayName": self.display_name,
            "mimeType": self.mime_type,
            "sizeBytes": str(self.size),
            "createTime": "2026-11-01T00:00:00.000000Z",
            "updateTime": "2026-11-01T00:00:00.000000Z",
            "expirationTime": "2026-11-03T00:00:00.000000Z",
            "sha256Hash": base64.b64encode(hashlib.sha256(self.data).hexdigest().encode()).decode(),
            "uri": f"{root}/v1/files/{self.name}",
            "state": "ACTIVE" if self.asks >= PROCESSING_ASKS else "PROCESSING",
            "source": "UPLOADED",
        }


class Files:
    """Files in memory: resumable upload, get, list, delete."""

    def __init__(self) -> None:
        self._files: dict[str, _File] = {}
        self._uploads: dict[str, tuple[_File, bytearray]] = {}
        self._uploaded = self._deleted = 0

    def routes(self) -> list[web.RouteDef]:
        """What the application has to serve."""
        return [
            web.post("/upload/{version:v1|v1beta}/files", self._begin),
            web.post("/upload/session/{session}", self._chunk),
            web.get("/{version:v1|v1beta}/files", self._list),
            web.get("/{version:v1|v1beta}/files/{name}", self._get),
            web.delete("/{version:v1|v1beta}/files/{name}", self._delete),
        ]

    def stats(self) -> dict[str, int]:
        """Counts."""
        return {"uploaded": self._uploaded, "deleted": self._deleted, "kept": len(self._files)}

    def content(self, uri: str) -> bytes:
        """The bytes of an active file.

        Raises:
            BadRequest: unknown, or still being processed.
        """
        file = self._files.get(uri.rsplit("/", 1)[-1])
        if file is None:
            raise BadRequest(f"You do not have permission to access the File {uri} or it may not exist.")
        if file.asks < PROCESSING_ASKS:
            raise BadRequest(f"The File {uri} is not in an ACTIVE state and usage is not allowed.")
        return file.data

    def forget(self) -> None:
        """All files are gone, as after 48 hours."""
        self._files.clear()

    async def _begin(self, request: web.Request) -> web.Response:
        if request.headers.get("X-Goog-Upload-Command") != "start":
            return bad_request("Expected the upload command start.")
        wanted = (await request.json()).get("file") or {}
        number = len(self._uploads) + self._uploaded + 1
        name = str(wanted.get("name", "")).removeprefix("files/") or f"f{number:08d}"
        if name in self._files:
            return _error(409, "ALREADY_EXISTS", "Requested entity already exists")
        kind = request.headers.get("X-Goog-Upload-Header-Content-Type") or str(wanted.get("mimeType"))
        size = int(request.headers["X-Goog-Upload-Header-Content-Length"])
        self._uploads[str(number)] = (_File(name, kind, size, str(wanted.get("displayName", ""))), bytearray())
        place = f"{request.url.origin()}/upload/session/{number}"
        return web.json_response({}, headers={"X-Goog-Upload-URL": place, "X-Goog-Upload-Status": "active"})

    async def _chunk(self, request: web.Request) -> web.Response:
        session = request.match_info["session"]
        file, data = self._uploads[session]
        if int(request.headers["X-Goog-Upload-Offset"]) != len(data):
            return bad_request("The offset does not follow what was received.")
        data += await request.read()
        if "finalize" not in request.headers["X-Goog-Upload-Command"]:
            return web.Response(headers={"X-Goog-Upload-Status": "active"})
        if len(data) != file.size:
            return bad_request("The size is not the announced one.")
        file.data = bytes(data)
        del self._uploads[session]
        self._files[file.name] = file
        self._uploaded += 1
        return web.json_response(
            {"file": file.to_json(str(request.url.origin()))}, headers={"X-Goog-Upload-Status": "final"}
        )

    async def _list(self, request: web.Request) -> web.Response:
        return web.json_response({"files": [f.to_json(str(request.url.origin())) for f in self._files.values()]})

    async def _get(self, request: web.Request) -> web.Response:
        file = self._files.get(request.match_info["name"])
        if file is None:
            return _error(403, "PERMISSION_DENIED", "You do not have permission to access the File.")
        file.asks += 1
        return web.json_response(file.to_json(str(request.url.origin())))

    async def _delete(self, request: web.Request) -> web.Response:
        if self._files.pop(request.match_info["name"], None) is None:
            return _error(403, "PERMISSION_DENIED", "You do not have permission to access the File.")
        self._deleted += 1
        return web.json_response({})
