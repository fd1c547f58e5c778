"""Servers that answer: calls through the ledger of the run, many in flight, each paid once.

Decision: all of a run (its probe, its controls, its samples) shares one ledger, `calls.sqlite`, so that a call that was
paid for is found again whatever is asked next, and one spend cap holds for everything. A refusal of the model is an
answer (without text, hence wrong), a call that failed for good is a problem of that question, and what no call can
survive (a key, money, a wrong address) ends the run with everything answered kept.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audio_reasoner.clients.endpoints import Endpoint
from audio_reasoner.clients.messages import AudioPart, ChatRequest, Message, Reply, Sampling
from audio_reasoner.core import ids
from audio_reasoner.core.errors import (
    AudioReasonerError,
    ConfigError,
    EnvironmentProblem,
    IntegrityError,
    QuotaError,
    TeacherError,
)
from audio_reasoner.evaluation.backends import Asked, Decoding, Felt, Meter, Said, Take, Trio
from audio_reasoner.evaluation.hearing import RATE, Sound
from audio_reasoner.inference.remote import audio_tokens_of

if TYPE_CHECKING:
    from audio_reasoner.clients.caller import Caller
    from audio_reasoner.clients.ledger import Ledger
    from audio_reasoner.clients.transport import Transport

LEDGER_NAME = "calls.sqlite"
WIDEST = 512
"""Most questions on their way at once; how many calls are out is decided by the limiter."""
GRACE_S = 4.0
"""How long a Ctrl-C waits for calls in flight, which are paid."""
IN_A_ROW = 20
"""Failures before the first answer after which the rest is not tried: it would fail the same way."""
_FATAL = (ConfigError, QuotaError, EnvironmentProblem, IntegrityError)


@dataclass(frozen=True)
class CallOptions:
    """Limits and money of the calls.

    Attributes:
        max_cost_usd: spend cap over everything this ledger has ever paid; None for none.
        rpm, tpm, max_in_flight: known limits of the account; None is found out.
        timeout_s: longest wait for one reply.
        patience_s: how long a server that is down is waited for.
        prices: a price file, laid over the known prices.
    """

    max_cost_usd: float | None = None
    rpm: float | None = None
    tpm: float | None = None
    max_in_flight: int | None = None
    timeout_s: float = 300.0
    patience_s: float = 900.0
    prices: Path | None = None


class Lines:
    """The calls of one run: makes callers on its ledger and runs questions through them.

    Args:
        ledger: path of `calls.sqlite`; opened when the first call is made, while the run's lock is held.
        options: limits and money.
    """

    def __init__(self, ledger: Path, options: CallOptions | None = None) -> None:
        self.path = ledger
        self.options = options or CallOptions()
        self._ledger: Ledger | None = None
        self._caller: Caller | None = None
        self._spent = 0.0

    def check(self, endpoints: Sequence[Endpoint]) -> None:
        """Refuse what would stop a run at its first call.

        Raises:
            ConfigError: endpoint.no_key, price.unknown, price.file, price.entry.
        """
        from audio_reasoner.clients.endpoints import api_key
        from audio_reasoner.clients.prices import PriceTable

        prices = PriceTable.load(self.options.prices)
        for endpoint in endpoints:
            api_key(endpoint)
            if self.options.max_cost_usd is not None:
                prices.must_price(endpoint.model)

    def close(self) -> None:
        """Close the ledger."""
        if self._ledger is not None:
            self._ledger.close()
            self._ledger = None

    def ledger(self) -> Ledger:
        """The open ledger."""
        if self._ledger is None:
            from audio_reasoner.clients.ledger import Ledger

            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._ledger = Ledger(self.path)
        return self._ledger

    def meter(self) -> Meter:
        """Figures of this moment."""
        if self._caller is None:
            return Meter(spent_usd=self._spent)
        stats = self._caller.stats()
        self._spent = stats.spent_micro / 1e6
        return Meter(stats.in_flight, max(stats.limits.values(), default=None), self._spent)

    def run(self, questions: Iterable[Asked], one: Callable[[Caller, Asked], Any], take: Take) -> None:
        """Run all questions, `one` making the calls of each; returns when all are told.

        Raises:
            KeyboardInterrupt: Ctrl-C; what was paid for has been told.
            AudioReasonerError: no further call can succeed.
        """
        asyncio.run(self._run(iter(questions), one, take))

    async def _run(self, questions: Iterator[Asked], one: Callable[[Caller, Asked], Any], take: Take) -> None:
        state = _State()
        loop = asyncio.get_running_loop()
        options = self.options
        wide = WIDEST if options.max_in_flight is None else min(WIDEST, options.max_in_flight + 8)

        async def work() -> None:
            while not state.stopped:
                try:
                    asked = next(questions)
                except StopIteration:
                    return
                try:
                    said = await one(caller, asked)
                except TeacherError as error:
                    state.failed(error)
                    take(asked, error)
                except _FATAL as error:
                    state.fatal = state.fatal or error
                    state.stopped = True
                except AudioReasonerError as error:  # sound that cannot be read
                    take(asked, error)
                else:
                    state.worked = True
                    take(asked, said)

        async with self._open() as caller:
            tasks = [asyncio.create_task(work()) for _ in range(wide)]

            def interrupt() -> None:
                if state.interrupted:  # a second time: at once
                    for task in tasks:
                        task.cancel()
                state.interrupted = state.stopped = True
                loop.call_later(GRACE_S, lambda: [task.cancel() for task in tasks])

            with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
                loop.add_signal_handler(signal.SIGINT, interrupt)
            try:
                ended = await asyncio.gather(*tasks, return_exceptions=True)
            finally:
                with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
                    loop.remove_signal_handler(signal.SIGINT)
        for result in ended:
            if isinstance(result, BaseException) and not isinstance(result, asyncio.CancelledError):
                raise result
        if state.fatal is not None:
            raise state.fatal
        if state.interrupted:
            raise KeyboardInterrupt

    @contextlib.asynccontextmanager
    async def _open(self) -> Any:
        from audio_reasoner.clients.caller import Caller
        from audio_reasoner.clients.limiter import Limits
        from audio_reasoner.clients.prices import PriceTable
        from audio_reasoner.clients.retry import RetryPolicy

        options = self.options
        async with Caller(
            self.ledger(),
            limits=Limits(options.rpm, options.tpm, options.max_in_flight),
            prices=PriceTable.load(options.prices),
            max_cost_usd=options.max_cost_usd,
            timeout_s=options.timeout_s,
            retry=RetryPolicy(max_total_s=options.patience_s),
            connect=_connect,
        ) as caller:
            self._caller = caller
            try:
                yield caller
            finally:
                self.meter()
                self._caller = None


@dataclass
class _State:
    """How a run of calls goes."""

    stopped: bool = False
    interrupted: bool = False
    worked: bool = False
    in_a_row: int = 0
    fatal: AudioReasonerError | None = None

    def failed(self, error: TeacherError) -> None:
        """Count a failure; too many before anything has worked end the run."""
        self.in_a_row += 1
        if not self.worked and self.in_a_row >= IN_A_ROW and self.fatal is None:
            self.stopped = True
            self.fatal = TeacherError(
                f"The first {self.in_a_row} questions have all failed, the last with [{error.code}] {error.message}",
                code="eval.all_fail",
                hint="Nothing is lost. Check that the model takes audio, then run the same command again.",
            )


def _connect(endpoint: Endpoint) -> Transport:
    from audio_reasoner.clients.transcribe import TranscriptionTransport, transcribes
    from audio_reasoner.clients.transport import transport_of

    return TranscriptionTransport(endpoint) if transcribes(endpoint) else transport_of(endpoint)


def audio_part(sound: Sound) -> AudioPart:
    """Sound as calls carry it: 16 kHz mono 16-bit WAV, made when a call goes out, off the event loop."""

    async def wav() -> bytes:
        from audio_reasoner.core.audio import encode_wav

        return await asyncio.to_thread(lambda: encode_wav(sound.load(), RATE))

    return AudioPart(content_key=sound.key, seconds=sound.seconds, wav=wav)


class Remote:
    """One endpoint that hears.

    Args:
        endpoint: whom to ask.
        lines: the calls of the run.
        system: the system message, or None.
    """

    window_s: float | None = None
    hears = True
    by_length = False

    def __init__(self, endpoint: Endpoint, lines: Lines, system: str | None = None) -> None:
        self.endpoint = endpoint
        self.lines = lines
        self.system = system
        self.name = endpoint.spec
        # Not the address: a server that moves to another node of a cluster is still the same model.
        self.identity: Mapping[str, Any] = {"kind": "remote", "endpoint": f"{endpoint.provider}:{endpoint.model}"}

    def meter(self) -> Meter:
        """Figures of this moment."""
        return self.lines.meter()

    def answer(self, questions: Iterable[Asked], decoding: Decoding, max_new_tokens: int, take: Take) -> None:
        """As `Backend.answer`."""

        async def one(caller: Caller, asked: Asked) -> Said:
            return await self.say(caller, asked, decoding, max_new_tokens)

        self.lines.run(questions, one, take)

    async def say(self, caller: Caller, asked: Asked, decoding: Decoding, max_new_tokens: int) -> Said:
        """The answer to one question."""
        request = chat(
            "answer",
            asked.prompt,
            system=self.system,
            audio=tuple(audio_part(sound) for sound in asked.audio),
            decoding=decoding,
            max_tokens=max_new_tokens,
            seed=asked.seed,
            n=asked.sample,
        )
        return await said_by(caller, self.lines, self.endpoint, request, asked.id)

    def feel(self, trios: Sequence[Trio], max_new_tokens: int) -> Felt:
        """By the server's count of input tokens with and without sound; where it counts nothing, by the answers."""
        return feel_by_calls(self, trios, max_new_tokens)


def chat(
    kind: str,
    prompt: str,
    *,
    system: str | None,
    audio: tuple[AudioPart, ...],
    decoding: Decoding,
    max_tokens: int,
    seed: int = 0,
    n: int = 0,
) -> ChatRequest:
    """A request with one user turn."""
    user = Message("user", prompt, audio)
    messages = (user,) if system is None else (Message("system", system), user)
    drawn = decoding.temperature > 0
    return ChatRequest(
        kind=kind,
        messages=messages,
        sampling=Sampling(
            temperature=decoding.temperature,
            top_p=decoding.top_p if drawn and decoding.top_p < 1 else None,
            max_tokens=max_tokens,
            seed=seed % 2**31 if drawn else None,
        ),
        prompt_sha=ids.digest({"system": system, "prompt": prompt}).hex(),
        n=n,
    )


async def said_by(caller: Caller, lines: Lines, endpoint: Endpoint, request: ChatRequest, parent: str) -> Said:
    """Make the call; a refusal or a filtered reply is an answer without text."""
    from audio_reasoner.clients.caller import Spoilt

    began = time.perf_counter()
    try:
        reply = await caller.call(endpoint, request, parent_id=parent)
    except Spoilt as spoilt:
        seconds = round(time.perf_counter() - began, 4)
        extra = {"calls": [request.key(endpoint.provider, endpoint.model)], "refusal": spoilt.message}
        return Said("", None, stopped=spoilt.code.removeprefix("teacher."), seconds=seconds, extra=extra)
    return _said(reply, lines, endpoint, time.perf_counter() - began)


def _said(reply: Reply, lines: Lines, endpoint: Endpoint, seconds: float) -> Said:
    stored = lines.ledger().call(reply.call_key)
    extra: dict[str, Any] = {
        "calls": [reply.call_key],
        "tokens_in": reply.tokens_in or None,
        "cost_usd": round(reply.cost_micro / 1e6, 6),
        "cached": reply.cached,
    }
    if reply.reasoning:
        extra["hidden_reasoning"] = reply.reasoning
    return Said(
        text=reply.text,
        tokens=reply.tokens_out or None,
        audio_tokens=audio_tokens_of(endpoint.provider, stored.raw if stored is not None else None),
        stopped={"stop": "end", "length": "length"}.get(reply.finish, reply.finish),
        seconds=round(seconds, 4),
        extra=extra,
    )


def feel_by_calls(backend: Any, trios: Sequence[Trio], max_new_tokens: int) -> Felt:
    """Whether sound reaches a backend of calls, by its input tokens or else by its answers."""
    told: dict[tuple[str, str], Said | AudioReasonerError] = {}
    asked = [(name, question) for trio in trios for name, question in trio.named()]
    where = {id(question): (question.id, name) for name, question in asked}

    def take(question: Asked, said: Said | AudioReasonerError) -> None:
        told[where[id(question)]] = said

    backend.answer([question for _, question in asked], Decoding(), max_new_tokens, take)
    items: list[dict[str, Any]] = []
    for trio in trios:
        said = {name: told.get((trio.own.id, name)) for name, _ in trio.named()}
        good = {name: s for name, s in said.items() if isinstance(s, Said)}
        bad = next((s for s in said.values() if isinstance(s, AudioReasonerError)), None)
        items.append(
            {
                "id": trio.own.id,
                "tokens_in": {name: s.extra.get("tokens_in") for name, s in good.items()},
                "audio_tokens": {name: s.audio_tokens for name, s in good.items()},
                "answers_differ": len({s.text for name, s in good.items() if name != "none"}) > 1,
                **({"problem": f"[{bad.code}] {bad.message}"} if bad is not None else {}),
            }
        )
    return felt_by_tokens(items)


def felt_by_tokens(items: list[dict[str, Any]]) -> Felt:
    """The verdict on what the calls of a probe said."""
    counted = [
        (t["own"], t["none"])
        for i in items
        if (t := i["tokens_in"]).get("own") is not None and t.get("none") is not None
    ]
    if counted:
        more = [own - none for own, none in counted]
        return Felt(all(m > 0 for m in more), "tokens_in with audio minus without", items)
    return Felt(any(i["answers_differ"] for i in items), "answers to own audio, silence and another clip", items)
