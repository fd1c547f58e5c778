"""Servers that speak: CosyVoice's own runtime and OpenAI's `/v1/audio/speech`, as many other servers have it.

Decision: a turn of speech is a call like any other: one limiter finds out how many the server takes at once, one policy
says what is tried again. What differs is the reply: sound has no error field, so it is looked at before it is believed.
A page, a JSON text, a compressed file, a sample rate below 16 kHz or half a sample is named for what it is. What would
go wrong with every call (a wrong key, an unknown model or path, another audio format) ends the work at once.

`cosyvoice@URL` posts a form (tts_text, prompt_text, prompt_wav) to `/inference_zero_shot`, or with an instruction to
`/inference_instruct2`, and reads raw 16-bit samples. `openai:MODEL@URL` posts JSON (model, input, voice, …) and asks
for WAV.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, Self

import numpy as np

from audio_reasoner.clients.endpoints import Endpoint, api_key, host_key_env, key_hint, parse_endpoint
from audio_reasoner.clients.limiter import Limiter, Limits, Slot
from audio_reasoner.clients.retry import RetryPolicy
from audio_reasoner.clients.transport import CallFailed, retry_after, status_failure
from audio_reasoner.core.errors import ConfigError, TeacherError

if TYPE_CHECKING:
    import aiohttp

COSYVOICE_RATE: Final = 24_000
"""CosyVoice 2 and later; the first CosyVoice speaks at 22,050 Hz."""
PCM_RATE: Final = 24_000
LEAST_RATE: Final = 16_000
CONNECT_S: Final = 20.0
NEVER_REACHED_S: Final = 10.0
"""How long a server that has never answered is waited for."""
MAX_BYTES: Final = 32 << 20
MOST: Final = 64.0
"""Full scale is 1; some servers go a little beyond."""
_COSYVOICE = re.compile(r"cosyvoice(?::(?P<model>[^@\s]+))?@(?P<url>https?://\S+)")
_STOPS: Final = {
    "teacher.auth": "Check the key.",
    "teacher.unknown_model": "Check the model's name and the address (OpenAI-compatible servers answer under /v1).",
    "voice.format": "Set the server up to send WAV or raw 16-bit samples.",
    "voice.rate": "Use a model that speaks at 16 kHz or more.",
    "teacher.quota_exhausted": "Add credit, then run the same command again: what was spoken is kept.",
}
_MAGIC: Final = ((b"ID3", "MP3"), (b"OggS", "Ogg"), (b"\x1aE\xdf\xa3", "WebM"), (b"ADIF", "AAC"))


@dataclass(frozen=True)
class SpeechEndpoint:
    """Where voices are reached.

    Attributes:
        protocol: which form is spoken.
        model: the model's name; for CosyVoice a label of your own.
        endpoint: address and key, as for chat servers.
        rate: sample rate of raw samples that come without a header.
    """

    protocol: Literal["cosyvoice", "openai"]
    model: str
    endpoint: Endpoint
    rate: int

    @property
    def spec(self) -> str:
        """How it was named."""
        return self.endpoint.spec if self.protocol == "openai" else f"cosyvoice@{self.endpoint.base_url}"


def parse_speech(spec: str, rate: int | None = None) -> SpeechEndpoint:
    """The endpoint that `cosyvoice@URL`, `cosyvoice:LABEL@URL`, `openai:MODEL@URL` or `openai:MODEL` names.

    Raises:
        ConfigError: voice.spec, endpoint.url, endpoint.secret.
    """
    spec = spec.strip()
    if found := _COSYVOICE.fullmatch(spec):
        # The address goes through the checks that every address goes through.
        parsed = parse_endpoint(f"openai:cosyvoice@{found['url'].rstrip('/')}/")
        base = (
            (parsed.base_url or "").removesuffix("/v1")
            if not found["url"].rstrip("/").endswith("/v1")
            else parsed.base_url
        )
        key = host_key_env(parsed.host)
        endpoint = Endpoint("openai", "cosyvoice", base, key if os.environ.get(key) else "", f"speech|{parsed.host}")
        return SpeechEndpoint("cosyvoice", found["model"] or "CosyVoice2", endpoint, rate or COSYVOICE_RATE)
    if spec.startswith("openai:"):
        endpoint = parse_endpoint(spec)
        return SpeechEndpoint("openai", endpoint.model, endpoint, rate or PCM_RATE)
    raise ConfigError(
        f"{spec!r} names no speech server.",
        code="voice.spec",
        hint="Write espeak, cosyvoice@http://HOST:PORT, openai:MODEL@http://HOST:PORT/v1 or openai:MODEL.",
    )


@dataclass(frozen=True)
class SpeechRequest:
    """One turn. `key` names it (it seeds the waits); `voice` is OpenAI's, the prompt is CosyVoice's.

    `instructions` and `speed` are sent only where they say something.
    """

    key: str
    text: str
    voice: str = ""
    prompt_text: str = ""
    prompt_wav: bytes = b""
    instructions: str = ""
    speed: float = 1.0


@dataclass(frozen=True)
class Sound:
    """What came back: float32 [n], one channel, at `rate` Hz."""

    pcm: np.ndarray
    rate: int


class SpeechClient:
    """One server, its limiter and its connection pool; used as `async with`, by one event loop.

    Args:
        server: where.
        limits: what is known of what it takes at once.
        retry: what is tried again, and how long.
        timeout_s: for one call.
    """

    def __init__(
        self, server: SpeechEndpoint, limits: Limits, *, retry: RetryPolicy | None = None, timeout_s: float = 120.0
    ) -> None:
        self.server = server
        self._limits = limits
        self._retry = retry or RetryPolicy(max_attempts=4, max_total_s=120.0)
        self._timeout_s = timeout_s
        self._key = api_key(server.endpoint)
        self._session: aiohttp.ClientSession | None = None
        self._limiter: Limiter | None = None
        self.answered = False
        """Whether the server has ever sent a good sound."""
        self._heard_from = False

    async def __aenter__(self) -> Self:
        import aiohttp

        headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        timeout = aiohttp.ClientTimeout(total=self._timeout_s, sock_connect=min(CONNECT_S, self._timeout_s))
        self._session = aiohttp.ClientSession(
            headers=headers, timeout=timeout, connector=aiohttp.TCPConnector(limit=0), trust_env=True
        )
        self._limiter = Limiter(self._limits, name=self.server.spec)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._limiter is not None:
            self._limiter.close()
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def say(self, request: SpeechRequest) -> Sound:
        """Have one turn spoken; failures that may pass are tried again.

        Raises:
            CallFailed: this turn could not be had; others may.
            ConfigError: no turn can be had: key, model, address, format.
            TeacherError: ``voice.server_gone``: a server that has answered does so no longer.
        """
        assert self._limiter is not None
        began, attempt, counted = time.monotonic(), 0, 0
        while True:
            slot = await self._limiter.acquire()
            try:
                sound = await self._send(request)
                slot.served(work=1.0 + sound.pcm.shape[0] / sound.rate)
                self.answered = self._heard_from = True
                return sound
            except CallFailed as failure:
                _tell(slot, failure)
                self._heard_from = self._heard_from or failure.http_status is not None
                attempt += 1
                counted += failure.code not in ("teacher.rate_limited", "teacher.unreachable")
                elapsed = time.monotonic() - began
                wait = self._retry.wait_s(request.key, attempt, counted, elapsed, failure)
                gone = failure.code == "teacher.unreachable"
                if gone and not self._heard_from and elapsed + (wait or 0.0) > NEVER_REACHED_S:
                    wait = None
                if wait is None:
                    raise self._final(failure) from None
            finally:
                slot.dropped()
            await asyncio.sleep(wait)

    def _final(self, failure: CallFailed) -> Exception:
        """What a failure that is not tried again means."""
        code = failure.code.replace("teacher.", "voice.")
        if failure.code in _STOPS:
            hint = _STOPS[failure.code]
            if failure.code == "teacher.auth":
                hint = f"{key_hint(self.server.endpoint)} {hint}"
            return ConfigError(failure.message, code=code, hint=hint)
        if failure.code in ("teacher.unreachable", "teacher.rate_limited"):
            if not self._heard_from:
                return ConfigError(failure.message, code=code, hint="Is the server running, and is the address right?")
            return TeacherError(
                f"{self.server.spec} answers no longer: {failure.message}",
                code="voice.server_gone",
                hint="Everything spoken so far is kept; start the server again and run the same command.",
            )
        return CallFailed(code, retryable=False, http_status=failure.http_status, message=failure.message)

    # ------------------------------------------------------------------------------------------------ one call

    async def _send(self, request: SpeechRequest) -> Sound:
        import aiohttp

        assert self._session is not None
        where, spec = (self.server.endpoint.url or "").rstrip("/"), self.server.spec
        path, body = _form(self.server, request)
        try:
            async with self._session.post(where + path, **body) as response:
                data = await _read(response, spec)
                headers = {k.lower(): v for k, v in response.headers.items()}
                if response.status >= 400:
                    raise self._status(response.status, data, headers)
        except TimeoutError as error:
            if isinstance(error, aiohttp.ConnectionTimeoutError):
                raise CallFailed("teacher.unreachable", retryable=True, message=f"{spec}: {error}") from None
            message = f"{spec} did not finish within {self._timeout_s:g} s."
            raise CallFailed("teacher.timeout", retryable=True, message=message) from None
        except aiohttp.ClientConnectorError as error:
            message = f"{spec} cannot be reached: {error}"
            raise CallFailed("teacher.unreachable", retryable=True, message=message) from None
        except (aiohttp.ClientError, OSError) as error:
            message = f"{spec} broke the connection ({type(error).__name__}: {error})"[:300]
            raise CallFailed("teacher.reset", retryable=True, message=message) from None
        self._heard_from = True
        return sound_of(data, headers, self.server)

    def _status(self, status: int, data: bytes, headers: dict[str, str]) -> CallFailed:
        said = data[:300].decode("utf-8", "replace").strip()
        if self._key:
            said = said.replace(self._key, "…")
        message = f"{self.server.spec} answered {status}: {said}".rstrip(": ")
        if status in (402, 429) and re.search(r"insufficient_quota|billing|credit", said):
            return CallFailed("teacher.quota_exhausted", retryable=False, http_status=status, message=message)
        return status_failure(status, message, retry_after_s=retry_after(headers))


def _form(server: SpeechEndpoint, request: SpeechRequest) -> tuple[str, dict[str, Any]]:
    """Path and body of a call."""
    import aiohttp

    if server.protocol == "openai":
        body: dict[str, Any] = {
            "model": server.model, "input": request.text, "voice": request.voice, "response_format": "wav"
        }  # fmt: skip
        if request.instructions:
            body["instructions"] = request.instructions
        if request.speed != 1.0:
            body["speed"] = request.speed
        return "/audio/speech", {"json": body}
    form = aiohttp.FormData()
    form.add_field("tts_text", request.text)
    if request.instructions:
        form.add_field("instruct_text", request.instructions)
    else:
        form.add_field("prompt_text", request.prompt_text)
    form.add_field("prompt_wav", request.prompt_wav, filename="prompt.wav", content_type="audio/wav")
    return "/inference_instruct2" if request.instructions else "/inference_zero_shot", {"data": form}


async def _read(response: aiohttp.ClientResponse, spec: str) -> bytes:
    """The whole body, but not an endless one."""
    data = bytearray()
    async for piece in response.content.iter_chunked(1 << 16):
        data += piece
        if len(data) > MAX_BYTES:
            response.close()
            message = f"{spec} went on speaking after {MAX_BYTES >> 20} MB."
            raise CallFailed("voice.endless", retryable=True, message=message)
    return bytes(data)


def _tell(slot: Slot, failure: CallFailed) -> None:
    """Let the limiter learn from a failure."""
    if failure.code == "teacher.rate_limited":
        slot.refused(failure.retry_after_s, failure.rate)
    elif failure.retryable:
        overload = failure.code in ("teacher.timeout", "teacher.http_503", "teacher.http_504", "teacher.http_529")
        slot.failed(unreachable=failure.code == "teacher.unreachable", overload=overload)
    else:
        slot.dropped()


# ---------------------------------------------------------------------------------------------------- the reply


def sound_of(data: bytes, headers: dict[str, str], server: SpeechEndpoint) -> Sound:
    """The samples of a reply.

    Args:
        data: its body.
        headers: its headers, names in lower case.
        server: where it came from.

    Raises:
        CallFailed: voice.empty, voice.garbage (a text, a damaged file: may pass), voice.error_reply, voice.format
            (another container), voice.rate, voice.cut (half a sample).
    """
    if not data:
        raise CallFailed("voice.empty", retryable=True, message=f"{server.spec} sent no sound.")
    kind = headers.get("content-type", "").split(";")[0].strip().lower()
    text = _text_in(data, kind)
    if text is not None:
        code = "voice.error_reply" if text[:1] in "{[" else "voice.garbage"
        what = "a JSON text" if text[:1] in "{[" else "a page" if text[:1] == "<" else "a text"
        message = f"{server.spec} sent {what} instead of sound: {text[:200]}"
        raise CallFailed(code, retryable=True, message=message)
    if data[:4] in (b"RIFF", b"RF64", b"fLaC"):
        return _decoded(data, server)
    found = next((name for magic, name in _MAGIC if data.startswith(magic)), None)
    if found is None and kind in ("audio/mpeg", "audio/mp3", "audio/ogg", "audio/opus", "audio/aac", "audio/webm"):
        found = kind
    if found is None and server.protocol == "openai" and data[0] == 0xFF and data[1] & 0xE0 == 0xE0:
        found = "MP3"
    if found is not None:
        message = f"{server.spec} sent {found}; WAV or raw 16-bit samples are needed."
        raise CallFailed("voice.format", retryable=False, message=message)
    if len(data) % 2:
        message = f"{server.spec} sent {len(data)} bytes, half a sample at the end: the reply was cut off."
        raise CallFailed("voice.cut", retryable=True, message=message)
    rate = _told_rate(headers) or server.rate
    return _checked(Sound(np.frombuffer(data, dtype="<i2").astype(np.float32) / np.float32(32768.0), rate), server)


def _text_in(data: bytes, kind: str) -> str | None:
    """The text that a reply really is, or None: it is no text."""
    head = data[:4096].lstrip()
    texty = kind.startswith("text/") or kind.endswith("json") or head[:1] in (b"{", b"[", b"<")
    if not texty:
        return None
    try:
        text = data[:100_000].decode("utf-8").strip()
    except UnicodeDecodeError:
        return None
    if not kind and head[:1] in (b"{", b"["):  # raw samples may begin with any byte, but are no JSON
        try:
            json.loads(text)
        except (ValueError, RecursionError):
            return None
    return text or "(nothing)"


def _decoded(data: bytes, server: SpeechEndpoint) -> Sound:
    import soundfile as sf

    from audio_reasoner.core.audio import to_mono

    try:
        pcm, rate = sf.read(io.BytesIO(data), dtype="float32", always_2d=True)
    except (sf.SoundFileError, RuntimeError, ValueError) as error:
        message = f"{server.spec} sent a damaged sound file: {error}"
        raise CallFailed("voice.garbage", retryable=True, message=message) from None
    if not pcm.shape[0]:
        raise CallFailed("voice.empty", retryable=True, message=f"{server.spec} sent a sound without samples.")
    return _checked(Sound(to_mono(pcm), int(rate)), server)


def _checked(sound: Sound, server: SpeechEndpoint) -> Sound:
    if not LEAST_RATE <= sound.rate <= 192_000:
        message = f"{server.spec} speaks at {sound.rate:,} Hz; {LEAST_RATE:,} Hz or more are needed."
        raise CallFailed("voice.rate", retryable=False, message=message)
    if not bool(np.all(np.abs(sound.pcm) < MOST)):  # false for NaN, too
        raise CallFailed("voice.garbage", retryable=True, message=f"{server.spec} sent samples beyond all measure.")
    return sound


def _told_rate(headers: dict[str, str]) -> int | None:
    """The sample rate that a header tells: `audio/pcm;rate=24000`, or one with "sample" and "rate" in its name."""
    found = re.search(r"rate=(\d{4,6})\b", headers.get("content-type", ""))
    if found:
        return int(found[1])
    for name, value in headers.items():
        if "sample" in name and "rate" in name and value.strip().isdigit():
            return int(value)
    return None
