"""Calls to a server that answers questions about sound: many at once, tried again where that may help.

Decision: the calls live in an event loop of their own thread, so that a reasoner works in a script, in a notebook
(which has a running loop) and in several threads alike, and keeps its connections between questions. What may be out at
once and when a failure is tried again is decided by the same limiter and the same policy as everywhere; nothing is
stored, because whoever asks many questions writes the answers down (`inference.batch`).
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Iterable, Iterator
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, TypeVar

from audio_reasoner.clients.endpoints import Endpoint
from audio_reasoner.clients.messages import ChatRequest
from audio_reasoner.clients.retry import RetryPolicy
from audio_reasoner.clients.transport import CallFailed, RawReply
from audio_reasoner.core.errors import AudioReasonerError

if TYPE_CHECKING:
    from audio_reasoner.clients.limiter import Limiter
    from audio_reasoner.clients.openai_stream import Piece
    from audio_reasoner.clients.transport import Transport

T = TypeVar("T")
R = TypeVar("R")
NEVER_REACHED_S = 5.0
"""How long a server that has never answered is waited for: somebody sits and waits."""


class Loop:
    """An event loop in a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="audio-reasoner-remote", daemon=True)
        self._thread.start()

    def start(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Begin something; `cancel()` of the future cancels it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something and wait; a Ctrl-C cancels it."""
        future = self.start(work)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def each(self, items: Iterable[T], one: Callable[[T], Awaitable[R]], wide: int) -> Iterator[tuple[int, R]]:
        """Do `one` for each item, `wide` of them at a time; (place, result) in the order in which they are done.

        Raises:
            Exception: what the first failed one raised; the others are cancelled.
        """
        told: queue.SimpleQueue[tuple[int, R] | BaseException | None] = queue.SimpleQueue()
        numbered = enumerate(items)

        async def worker() -> None:
            for place, item in numbered:
                told.put((place, await one(item)))

        async def work() -> None:
            try:
                async with asyncio.TaskGroup() as group:
                    for _ in range(wide):
                        group.create_task(worker())
            except BaseExceptionGroup as errors:
                told.put(errors.exceptions[0])
            except BaseException as error:
                told.put(error)
                raise
            else:
                told.put(None)

        future = self.start(work())
        try:
            while (said := told.get()) is not None:
                if isinstance(said, BaseException):
                    raise said
                yield said
        finally:
            future.cancel()

    def pieces(self, source: Callable[[], AsyncGenerator[T, None]]) -> Iterator[T]:
        """What an asynchronous generator gives, here."""
        told: queue.SimpleQueue[tuple[bool, Any]] = queue.SimpleQueue()

        async def work() -> None:
            try:
                async with contextlib.aclosing(source()) as items:
                    async for item in items:
                        told.put((True, item))
            except BaseException as error:
                told.put((False, error))
                raise
            told.put((False, None))

        future = self.start(work())
        try:
            while True:
                more, said = told.get()
                if more:
                    yield said
                elif said is None:
                    return
                else:
                    raise said
        finally:
            future.cancel()

    def stop(self) -> None:
        """End the thread; what is going on is cancelled."""

        async def cancel() -> None:
            others = [t for t in asyncio.all_tasks() if t is not asyncio.current_task()]
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        if self._thread.is_alive():
            with contextlib.suppress(TimeoutError):
                self.start(cancel()).result(5)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(5)


class Line:
    """The calls to one endpoint. Belongs to one event loop.

    Args:
        endpoint: whom to ask.
        max_in_flight: calls at the same time, if known; else found out.
        timeout_s: longest wait for a reply, or for the next piece of one.
        retry: when to try again.
    """

    def __init__(self, endpoint: Endpoint, max_in_flight: int | None, timeout_s: float, retry: RetryPolicy) -> None:
        self.endpoint = endpoint
        self._most = max_in_flight
        self._timeout_s = timeout_s
        self._retry = retry
        self._opened: tuple[Transport, Limiter] | None = None
        self._opening = asyncio.Lock()
        self._answered = False

    async def _open(self) -> tuple[Transport, Limiter]:
        async with self._opening:
            if self._opened is None:
                from audio_reasoner.clients.limiter import Limiter
                from audio_reasoner.clients.limits import Limits
                from audio_reasoner.clients.transport import transport_of

                transport = await transport_of(self.endpoint).__aenter__()
                self._opened = transport, Limiter(Limits(max_in_flight=self._most), name=self.endpoint.model)
            return self._opened

    async def close(self) -> None:
        """Close the connections."""
        if self._opened is not None:
            transport, limiter = self._opened
            self._opened = None
            limiter.close()
            await transport.__aexit__(None, None, None)

    @property
    def without_grammars(self) -> bool:
        """Whether the server is known to take no regular expressions."""
        return self._opened is not None and bool(getattr(self._opened[0], "without_grammars", True))

    async def call(self, request: ChatRequest, key: str) -> RawReply:
        """The reply to a request; `key` seeds the waits between attempts.

        Raises:
            AudioReasonerError: as `clients.caller.final_error`.
        """
        # To the end, not only to the reply: a generator left in the middle keeps what it holds.
        replies = [item async for item in self._tried(request, key, stream=False)]
        assert isinstance(replies[-1], RawReply)
        return replies[-1]

    async def stream(self, request: ChatRequest, key: str) -> AsyncGenerator[Piece | RawReply, None]:
        """The pieces of a reply, then the whole of it. It is tried again only while nothing has come.

        Raises:
            AudioReasonerError: as `call`.
        """
        async with contextlib.aclosing(self._tried(request, key, stream=True)) as items:
            async for item in items:
                yield item

    async def _tried(self, request: ChatRequest, key: str, stream: bool) -> AsyncGenerator[Piece | RawReply, None]:
        from audio_reasoner.clients.caller import final_error, tell_limiter

        transport, limiter = await self._open()
        began = time.monotonic()
        attempt = counted = 0
        while True:
            slot = await limiter.acquire()
            begun = False
            try:
                async with contextlib.aclosing(_sent(transport, request, self._timeout_s, stream)) as items:
                    async for item in items:
                        self._answered = begun = True
                        if isinstance(item, RawReply):
                            slot.served(item.tokens_in + item.tokens_out, item.rate, work=100.0 + item.tokens_out)
                        yield item
                return
            except CallFailed as failure:
                tell_limiter(slot, failure)
                attempt += 1
                self._answered = self._answered or failure.http_status is not None
                counted += failure.code not in ("teacher.rate_limited", "teacher.unreachable")
                elapsed = time.monotonic() - began
                wait = self._retry.wait_s(key, attempt, counted, elapsed, failure)
                nobody = failure.code == "teacher.unreachable" and not self._answered
                if nobody and elapsed + (wait or 0.0) > NEVER_REACHED_S:
                    wait = None
                if wait is None or begun:
                    raise final_error(failure, self.endpoint, nobody) from None
            finally:
                slot.dropped()
            await asyncio.sleep(wait)


async def _sent(
    transport: Any, request: ChatRequest, timeout_s: float, stream: bool
) -> AsyncGenerator[Piece | RawReply, None]:
    if stream and hasattr(transport, "stream"):
        async with contextlib.aclosing(transport.stream(request, timeout_s)) as items:
            async for item in items:
                yield item
        return
    reply = await transport.send(request, timeout_s)
    if stream:
        from audio_reasoner.clients.openai_stream import Piece

        yield Piece(reply.text, reply.reasoning)
    yield reply


def is_fatal(error: AudioReasonerError) -> bool:
    """Whether no further question can be answered either."""
    from audio_reasoner.core.errors import ConfigError, EnvironmentProblem, IntegrityError, QuotaError

    return isinstance(error, ConfigError | QuotaError | EnvironmentProblem | IntegrityError)
