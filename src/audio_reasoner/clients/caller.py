"""One call from request to reply: the ledger asked first, the price reserved, the limiter obeyed, failures tried again.

Decision: what is on the disk before a request leaves this machine is its row with the price it may cost, and what is on
the disk before anybody sees a reply is the reply. So a crash loses at most the calls in flight, those count at their
reserved price (they may have been paid), and no key is ever paid twice. A call that does not fit under the spend cap
waits while cheaper ends of other calls may still make room, and is refused when nothing can.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from audio_reasoner.clients.endpoints import Endpoint, key_hint
from audio_reasoner.clients.ledger import Ledger, Write
from audio_reasoner.clients.limiter import Limiter, Limits, Slot
from audio_reasoner.clients.messages import ChatRequest, Reply
from audio_reasoner.clients.retry import RetryPolicy
from audio_reasoner.clients.transport import CallFailed, RawReply, Transport, read_reply, transport_of
from audio_reasoner.core.errors import AudioReasonerError, ConfigError, QuotaError, TeacherError

if TYPE_CHECKING:
    from audio_reasoner.clients.prices import Price, PriceTable

log = logging.getLogger(__name__)
RETRY_FIRST = 1_000
"""Added to the priority of a call that was refused or failed: it has waited already."""
NEVER_REACHED_S = 30.0
"""How long a server that has never answered is waited for."""
_RATE_WINDOW_S = 60.0
_SPOILT = {
    "safety": ("teacher.safety", "The provider's safety filter withheld the reply."),
    "refusal": ("teacher.refused", "The model refused to answer."),
    "recitation": ("teacher.recitation", "The provider withheld a reply that recites protected text."),
}


class Spoilt(TeacherError):
    """A reply that a filter or a refusal took the place of. `cached`: the ledger holds it and nothing was asked now."""

    def __init__(self, message: str, *, code: str, cached: bool) -> None:
        super().__init__(message, code=code)
        self.cached = cached


_STOPS = {
    "teacher.auth": "Check that it is right and may use this model.",
    "teacher.unknown_model": "Check the model's name and the address (OpenAI-compatible servers answer under /v1).",
}


@dataclass(frozen=True)
class CallerStats:
    """For a progress view. Money in micro-dollars, of all runs of this ledger; the rest since this caller opened.

    Attributes:
        spent_micro: what is paid, or may be.
        reserved_micro: what calls in progress may cost at most.
        calls, cached: calls answered by a server, and by the ledger.
        refused, failed: attempts that got 429, and that failed otherwise.
        in_flight, queued: calls at the servers and in front of the limiters.
        limits: calls in flight now allowed, by "MODEL (ACCOUNT'S HOST)".
        tokens_in, tokens_out: as the servers count them.
        tokens_per_s: both, over the last minute.
    """

    spent_micro: int
    reserved_micro: int
    calls: int
    cached: int
    refused: int
    failed: int
    in_flight: int
    queued: int
    limits: dict[str, int]
    tokens_in: int
    tokens_out: int
    tokens_per_s: float


@dataclass
class _Line:
    """What is open towards one endpoint."""

    endpoint: Endpoint
    transport: Transport
    limiter: Limiter
    price: Price | None
    answered: bool = False


@dataclass
class _Job:
    """One call in progress. `lost`: what its failed attempts may have cost; `price`: of the next attempt."""

    key: str
    request: ChatRequest
    parent_id: str
    price: int
    lost: int
    attempt: int
    began: float
    counted: int = 0
    out: bool = False  # the request may have reached the server
    reserved: bool = False


@dataclass
class _Tally:
    calls: int = 0
    cached: int = 0
    refused: int = 0
    failed: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    recent: deque[tuple[float, int]] = field(default_factory=deque)


class Caller:
    """Makes calls; use it as `async with`, in one event loop, while the run's lock is held.

    Args:
        ledger: the open ledger of the run.
        limits: what is known about each account's limits; the rest is found out.
        prices: what models cost.
        max_cost_usd: spend cap over all runs of this ledger, in dollars; None for none.
        timeout_s: longest wait for one reply, in seconds.
        retry: when to try again.
        connect: makes the transport of an endpoint.
    """

    def __init__(
        self,
        ledger: Ledger,
        *,
        limits: Limits | None = None,
        prices: PriceTable | None = None,
        max_cost_usd: float | None = None,
        timeout_s: float = 300.0,
        retry: RetryPolicy | None = None,
        connect: Callable[[Endpoint], Transport] = transport_of,
    ) -> None:
        self._ledger = ledger
        self._limits = limits or Limits()
        self._prices = prices
        self._cap = None if max_cost_usd is None else round(max_cost_usd * 1e6)
        self._timeout_s = timeout_s
        self._retry = retry or RetryPolicy()
        self._connect = connect
        self._lines: dict[tuple[str, str, str], _Line] = {}
        self._limiters: dict[tuple[str, str], Limiter] = {}
        self._flying: dict[str, asyncio.Future[Reply]] = {}
        self._stack = contextlib.AsyncExitStack()
        self._opening = asyncio.Lock()
        self._settled = 0
        self._reserved = 0
        self._room = asyncio.Event()
        self._tally = _Tally()
        self._answered: dict[Endpoint, set[str]] = {}

    async def __aenter__(self) -> Self:
        self._settled = self._ledger.spent_micro()
        return self

    async def __aexit__(self, *_: object) -> None:
        for limiter in self._limiters.values():
            limiter.close()
        await self._stack.aclose()

    async def call(self, endpoint: Endpoint, request: ChatRequest, *, parent_id: str, priority: int = 0) -> Reply:
        """The reply to a request: from the ledger if it was ever paid, else from the server.

        Args:
            endpoint: whom to ask.
            request: what to ask; equal requests in progress share one call.
            parent_id: the unit the call is made for.
            priority: higher goes first.

        Returns:
            The reply; `finish` may be "length" (it was cut), which the teacher has to judge.

        Raises:
            TeacherError: this call failed for good; `code` says why.
            ConfigError: no call can succeed (teacher.auth, teacher.unknown_model, teacher.unreachable, price.unknown,
                endpoint.no_key).
            QuotaError: spend.cap, quota.exhausted, quota.rate_limited.
        """
        key = request.key(endpoint.provider, endpoint.model)
        while (flying := self._flying.get(key)) is not None:
            await asyncio.wait([flying])
            if not flying.cancelled():  # else its caller was cancelled, and it is our turn
                return flying.result()
        mine: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._flying[key] = mine
        try:
            reply = await self._call(endpoint, request, key, parent_id, priority)
        except asyncio.CancelledError:
            mine.cancel()
            raise
        except BaseException as error:
            mine.set_exception(error)
            mine.exception()  # nobody else may be waiting: that is no reason to complain
            raise
        else:
            mine.set_result(reply)
            return reply
        finally:
            del self._flying[key]

    def stats(self) -> CallerStats:
        """Figures of this moment."""
        tally, now = self._tally, time.monotonic()
        while tally.recent and tally.recent[0][0] < now - _RATE_WINDOW_S:
            tally.recent.popleft()
        passed = max(1.0, now - tally.recent[0][0]) if tally.recent else 1.0
        return CallerStats(
            spent_micro=self._settled,
            reserved_micro=self._reserved,
            calls=tally.calls,
            cached=tally.cached,
            refused=tally.refused,
            failed=tally.failed,
            in_flight=sum(limiter.in_flight for limiter in self._limiters.values()),
            queued=sum(limiter.queued for limiter in self._limiters.values()),
            limits={limiter.name: int(limiter.limit) for limiter in self._limiters.values()},
            tokens_in=tally.tokens_in,
            tokens_out=tally.tokens_out,
            tokens_per_s=sum(tokens for _, tokens in tally.recent) / passed,
        )

    # ------------------------------------------------------------------------------------------------ one call

    async def _call(self, endpoint: Endpoint, request: ChatRequest, key: str, parent_id: str, priority: int) -> Reply:
        stored = self._ledger.call(key)
        if stored is not None and stored.state == "done":
            self._tally.cached += 1
            try:
                raw = read_reply(stored.provider, stored.raw or b"")
            except CallFailed as failure:
                raise TeacherError(failure.message, code=failure.code) from None
            return _reply(key, raw, stored.cost_micro, cached=True)
        line = await self._line(endpoint)
        job = _Job(
            key=key,
            request=request,
            parent_id=parent_id,
            price=self._estimate(line, request),
            # An earlier run sent it and never learnt the end: that may have been paid, and so may this.
            lost=stored.cost_micro if stored is not None else 0,
            attempt=self._ledger.attempts_of(key) if stored is not None else 0,
            began=time.monotonic(),
        )
        while True:
            try:
                return await self._attempt(line, job, priority)
            except CallFailed as failure:
                wait = await self._after_failure(line, job, failure)
            await asyncio.sleep(wait)
            priority += RETRY_FIRST if priority < RETRY_FIRST else 0

    async def _attempt(self, line: _Line, job: _Job, priority: int) -> Reply:
        await self._reserve(line, job)
        slot: Slot | None = None
        try:
            async with line.limiter.next_up(priority):
                await self._ledger.commit([self._sent(line, job)])
                slot = await line.limiter.acquire(_weight(job.request), priority)
            job.out = True
            raw = await line.transport.send(job.request, self._timeout_s)
            # The slot is free as soon as the server is: writing the reply down takes none of its time.
            tokens = raw.tokens_in + raw.tokens_out
            slot.served(tokens, raw.rate, work=100.0 + raw.tokens_out)
            line.answered = True
            cost = self._cost(line, job, raw)
            await self._ledger.commit(
                [
                    Ledger.put_reply(
                        job.key,
                        raw.raw,
                        finish=raw.finish,
                        tokens_in=raw.tokens_in,
                        tokens_out=raw.tokens_out,
                        cost_micro=job.lost + cost,
                    ),
                    *self._noted(line.endpoint, raw.version),
                ]
            )
            self._settle(job, cost)
            self._count(raw)
            return _reply(job.key, raw, job.lost + cost, cached=False)
        except CallFailed as failure:
            if slot is not None:
                tell_limiter(slot, failure)
            line.answered = line.answered or failure.http_status is not None
            cost = job.price if failure.maybe_paid else 0
            job.lost += cost
            self._settle(job, cost)
            raise
        finally:
            if slot is not None:
                slot.dropped()
            # Cancelled or broken on the way: what is out may be paid.
            self._settle(job, job.price if job.out else 0)
            job.out = False

    async def _after_failure(self, line: _Line, job: _Job, failure: CallFailed) -> float:
        """Note the failure and return how long to wait, or raise what it means."""
        job.attempt += 1
        if failure.code == "teacher.rate_limited":
            self._tally.refused += 1
        else:
            self._tally.failed += 1
        if failure.code not in ("teacher.rate_limited", "teacher.unreachable"):
            job.counted += 1
        elapsed = time.monotonic() - job.began
        wait = self._retry.wait_s(job.key, job.attempt, job.counted, elapsed, failure)
        nobody = failure.code == "teacher.unreachable" and not line.answered
        if nobody and elapsed + (wait or 0.0) > NEVER_REACHED_S:
            wait = None
        writes = [Ledger.put_attempt(job.key, job.attempt, failure.code, failure.http_status)]
        if wait is None:
            writes.append(Ledger.put_call_failed(job.key, cost_micro=job.lost))
        await self._ledger.commit(writes)
        log.debug("%s: attempt %d failed: %s", line.endpoint.spec, job.attempt, failure.message)
        if wait is None:
            raise final_error(failure, line.endpoint, nobody) from None
        return wait

    # ------------------------------------------------------------------------------------------------ money

    async def _reserve(self, line: _Line, job: _Job) -> None:
        if self._cap is not None:
            while self._settled + self._reserved + job.price > self._cap:
                if not self._reserved or self._settled + job.price > self._cap:
                    others = f", ${self._reserved / 1e6:.4f} more may be by calls in progress" if self._reserved else ""
                    raise QuotaError(
                        f"The next call to {line.endpoint.spec} may cost ${job.price / 1e6:.4f}; of the "
                        f"${self._cap / 1e6:.2f} allowed, ${self._settled / 1e6:.4f} are spent{others}.",
                        code="spend.cap",
                        hint="Everything paid so far is kept. Raise --max-cost to go on.",
                    )
                self._room.clear()
                await self._room.wait()
        self._reserved += job.price
        job.reserved = True

    def _settle(self, job: _Job, cost: int) -> None:
        """The reservation of the job's attempt becomes what it cost."""
        if not job.reserved:
            return
        job.reserved = False
        self._reserved -= job.price
        self._settled += cost
        self._room.set()

    def _sent(self, line: _Line, job: _Job) -> Any:
        return Ledger.put_sent(
            job.key,
            kind=job.request.kind,
            parent_id=job.parent_id,
            provider=line.endpoint.provider,
            model=line.endpoint.model,
            prompt_sha=job.request.prompt_sha,
            cost_micro=job.lost + job.price,
        )

    def _price_of(self, endpoint: Endpoint) -> Price | None:
        if self._cap is None:
            return None if self._prices is None else self._prices.price(endpoint.model)
        from audio_reasoner.clients.prices import PriceTable

        return (self._prices or PriceTable({})).must_price(endpoint.model)

    def _estimate(self, line: _Line, request: ChatRequest) -> int:
        """The most a call is likely to cost, in micro-dollars."""
        if line.price is None or self._prices is None:
            return 0
        return self._prices.reserve_micro(line.endpoint.model, request)

    def _cost(self, line: _Line, job: _Job, raw: RawReply) -> int:
        if line.price is None or self._prices is None:
            return 0
        if not raw.tokens_in and not raw.tokens_out:
            return job.price  # the server does not say: assume the worst
        return self._prices.cost_micro(line.endpoint.model, raw.tokens_in, raw.tokens_out, job.request)

    def _noted(self, endpoint: Endpoint, version: str) -> list[Write]:
        """What to write of the model that answered: an alias stands for another one tomorrow."""
        if (seen := self._answered.get(endpoint)) is None:
            known = self._ledger.answered().get((endpoint.provider, endpoint.model), ())
            seen = self._answered[endpoint] = set(known)
        if not version or version in seen:
            return []
        seen.add(version)
        return [Ledger.put_answered(endpoint.provider, endpoint.model, seen)]

    def _count(self, raw: RawReply) -> None:
        tally = self._tally
        tally.calls += 1
        tally.tokens_in += raw.tokens_in
        tally.tokens_out += raw.tokens_out
        tally.recent.append((time.monotonic(), raw.tokens_in + raw.tokens_out))
        if len(tally.recent) > 100_000:
            tally.recent.popleft()

    # ------------------------------------------------------------------------------------------------ lines

    async def _line(self, endpoint: Endpoint) -> _Line:
        key = (endpoint.account, endpoint.model, endpoint.url)
        if key in self._lines:
            return self._lines[key]
        async with self._opening:
            if key not in self._lines:
                price = self._price_of(endpoint)
                transport = await self._stack.enter_async_context(self._connect(endpoint))
                # Quotas belong to the account and the model, however many lines lead there.
                limiter = self._limiters.get((endpoint.account, endpoint.model))
                if limiter is None:
                    limiter = Limiter(self._limits, name=f"{endpoint.model} ({endpoint.host})")
                    self._limiters[endpoint.account, endpoint.model] = limiter
                self._lines[key] = _Line(endpoint, transport, limiter, price)
        return self._lines[key]


def _weight(request: ChatRequest) -> int:
    """About how many tokens a call weighs in a quota of tokens per minute."""
    text = sum(len(m.text) for m in request.messages)
    return int(text / 3.5 + 32 * request.audio_seconds + min(request.sampling.max_tokens or 500, 500))


def _reply(key: str, raw: RawReply, cost_micro: int, *, cached: bool) -> Reply:
    """The reply as a value, or the error that its finish means."""
    if raw.finish in _SPOILT:
        code, what = _SPOILT[raw.finish]
        raise Spoilt(f"{what} {raw.text[:200]}".strip(), code=code, cached=cached)
    return Reply(
        call_key=key,
        text=raw.text,
        finish=raw.finish,
        tokens_in=raw.tokens_in,
        tokens_out=raw.tokens_out,
        cost_micro=cost_micro,
        cached=cached,
        reasoning=raw.reasoning,
    )


def tell_limiter(slot: Slot, failure: CallFailed) -> None:
    """Let the limiter learn from a failure."""
    if failure.code == "teacher.rate_limited":
        slot.refused(failure.retry_after_s, failure.rate)
    elif failure.code == "teacher.unreachable":
        slot.failed(unreachable=True)
    elif failure.code in ("teacher.timeout", "teacher.http_503", "teacher.http_529", "teacher.http_504"):
        slot.failed(overload=True)
    elif failure.retryable:
        slot.failed()
    else:
        slot.dropped()


def final_error(failure: CallFailed, endpoint: Endpoint, nobody: bool) -> AudioReasonerError:
    """What a failure that is not tried again means to the caller; `nobody`: the server has never answered."""
    if failure.code in _STOPS:
        hint = _STOPS[failure.code]
        if failure.code == "teacher.auth":
            hint = f"{key_hint(endpoint)} {hint}"
        return ConfigError(failure.message, code=failure.code, hint=hint)
    if nobody:
        return ConfigError(failure.message, code=failure.code, hint="Is the server running, and is the address right?")
    if failure.code == "teacher.quota_exhausted":
        return QuotaError(failure.message, code="quota.exhausted", hint="Add credit, then run the same command again.")
    if failure.code == "teacher.rate_limited":
        return QuotaError(
            f"{endpoint.spec} has refused every call for too long: {failure.message}",
            code="quota.rate_limited",
            hint="A daily quota may be used up. Everything paid so far is kept; run the same command again later.",
        )
    return TeacherError(failure.message, code=failure.code, retryable=failure.retryable)
