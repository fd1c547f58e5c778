"""What every protocol client promises: one request out, one reply or one classified failure back.

Decision: a transport sends exactly once. It never retries, never waits, and knows neither ledger nor prices: a refusal
must reach the limiter, and what is tried again is decided in one place. Whatever goes wrong becomes `CallFailed` with a
stable code. A reply is read from its stored bytes by a pure function (`read_reply` of the protocol's module), so that a
call that was paid once can be read again after a restart, and a better reader never costs a call.
"""

from __future__ import annotations

import email.utils
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, Self

from audio_reasoner.clients.endpoints import Endpoint
from audio_reasoner.clients.messages import ChatRequest, Finish


@dataclass(frozen=True)
class RateHeaders:
    """What a server says about its quota with a reply or a refusal; None where it says nothing. Resets in seconds."""

    requests_limit: int | None = None
    requests_left: int | None = None
    requests_reset_s: float | None = None
    tokens_limit: int | None = None
    tokens_left: int | None = None
    tokens_reset_s: float | None = None


@dataclass(frozen=True)
class RawReply:
    """A reply as the protocol's module reads it.

    Attributes:
        text: the answer; may be empty when `finish` is not "stop".
        finish: "safety" and "refusal" are replies too: they were paid.
        tokens_in, tokens_out: usage as the server counts it (reasoning included in out); 0 where it says nothing.
        reasoning: the model's hidden reasoning where the server shows it.
        raw: the server's JSON, as received; goes into the ledger.
        rate: quota headers of this reply.
        version: the model that answered, as the server names it (what an alias stood for), or "".
    """

    text: str
    finish: Finish
    tokens_in: int
    tokens_out: int
    reasoning: str
    raw: bytes
    rate: RateHeaders | None = None
    version: str = ""


class CallFailed(Exception):
    """One attempt failed.

    Args:
        code: stable, e.g. "teacher.timeout", "teacher.http_500", "teacher.rate_limited", "teacher.auth".
        retryable: whether the same request may succeed later.
        http_status: the server's status, if it answered.
        retry_after_s: how long the server asks to wait, in seconds.
        message: what happened, without secrets.
        maybe_paid: the server may have worked (a timeout, a lost connection, a broken reply), so it may charge.
        rate: quota headers of the refusal.
    """

    def __init__(
        self,
        code: str,
        *,
        retryable: bool,
        http_status: int | None = None,
        retry_after_s: float | None = None,
        message: str = "",
        maybe_paid: bool = False,
        rate: RateHeaders | None = None,
    ) -> None:
        super().__init__(message or code)
        self.code = code
        self.retryable = retryable
        self.http_status = http_status
        self.retry_after_s = retry_after_s
        self.message = message or code
        self.maybe_paid = maybe_paid
        self.rate = rate


class Transport(Protocol):
    """A connection to one endpoint, used as `async with`."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *_: object) -> None: ...

    async def send(self, request: ChatRequest, timeout_s: float) -> RawReply:
        """Send once and wait at most `timeout_s`.

        Raises:
            CallFailed: whatever went wrong.
        """


def transport_of(endpoint: Endpoint) -> Transport:
    """The transport that speaks the endpoint's protocol; opens with `async with`.

    Raises:
        ConfigError: endpoint.no_key.
    """
    if endpoint.provider == "gemini":
        from audio_reasoner.clients.gemini import GeminiTransport

        return GeminiTransport(endpoint)
    from audio_reasoner.clients.openai_chat import OpenAITransport

    return OpenAITransport(endpoint)


def read_reply(provider: str, raw: bytes) -> RawReply:
    """Read a stored reply again.

    Raises:
        CallFailed: teacher.garbage, teacher.empty, teacher.error_reply.
    """
    if provider == "gemini":
        from audio_reasoner.clients import gemini

        return gemini.read_reply(raw)
    from audio_reasoner.clients import openai_chat

    return openai_chat.read_reply(raw)


def status_failure(
    status: int, message: str, *, retry_after_s: float | None = None, rate: RateHeaders | None = None
) -> CallFailed:
    """The failure that an HTTP status means when nothing more precise is known.

    400 and 422 teacher.bad_request, 401 and 403 teacher.auth, 404 teacher.unknown_model, 429 teacher.rate_limited
    (retryable), 408, 409, 425 and 5xx teacher.http_N (retryable), others teacher.http_N (not retryable).
    """
    known = {
        400: "teacher.bad_request",
        401: "teacher.auth",
        403: "teacher.auth",
        404: "teacher.unknown_model",
        422: "teacher.bad_request",
        429: "teacher.rate_limited",
    }
    return CallFailed(
        known.get(status, f"teacher.http_{status}"),
        retryable=status in (408, 409, 425, 429) or status >= 500,
        http_status=status,
        retry_after_s=retry_after_s,
        message=message,
        maybe_paid=status in (408, 504),
        rate=rate,
    )


def retry_after(headers: Mapping[str, str], now: float | None = None) -> float | None:
    """Seconds to wait by `retry-after-ms` or `Retry-After` (seconds or an HTTP date); None if absent or unreadable."""
    if (ms := _number(headers.get("retry-after-ms"))) is not None:
        return max(0.0, ms / 1000)
    value = headers.get("retry-after")
    if value is None:
        return None
    if (seconds := _number(value)) is not None:
        return max(0.0, seconds)
    try:
        at = email.utils.parsedate_to_datetime(value).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
    return max(0.0, at - (time.time() if now is None else now))


def rate_headers(headers: Mapping[str, str]) -> RateHeaders | None:
    """The `x-ratelimit-*` headers (keys in lower case), or None if there are none."""
    if not any(name.startswith("x-ratelimit-") for name in headers):
        return None

    def whole(name: str) -> int | None:
        value = _number(headers.get(f"x-ratelimit-{name}"))
        return None if value is None else int(value)

    return RateHeaders(
        requests_limit=whole("limit-requests"),
        requests_left=whole("remaining-requests"),
        requests_reset_s=duration_s(headers.get("x-ratelimit-reset-requests")),
        tokens_limit=whole("limit-tokens"),
        tokens_left=whole("remaining-tokens"),
        tokens_reset_s=duration_s(headers.get("x-ratelimit-reset-tokens")),
    )


def duration_s(text: str | None) -> float | None:
    """Seconds of "12", "1.5s", "6m0s", "120ms", "1h2m3s"; None if it is none of these."""
    if text is None:
        return None
    if (plain := _number(text)) is not None:
        return plain
    units = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|[smhd])", text.strip())
    if not parts or "".join(a + b for a, b in parts) != text.strip():
        return None
    return sum(float(number) * units[unit] for number, unit in parts)


def _number(text: str | None) -> float | None:
    try:
        value = float(text) if text is not None else None
    except ValueError:
        return None
    return value if value is not None and 0 <= value < 1e9 else None
