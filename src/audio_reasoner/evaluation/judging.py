"""Asks a language model for its opinion on many replies, so that nothing is judged or paid twice and nothing is lost.

Decision: an opinion is an ordinary call of the call ledger (`judge.sqlite`), found again by what was asked: the same
texts, prompt, model and parameters are never sent twice, anything edited is judged anew, and a run that was killed goes
on where it was. `judged.jsonl` is made from the ledger alone (dates too), so making it again gives the same bytes.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from audio_reasoner.clients.endpoints import Endpoint, parse_endpoint
from audio_reasoner.clients.messages import ChatRequest, Message, Sampling
from audio_reasoner.core.errors import (
    AudioReasonerError,
    ConfigError,
    EnvironmentProblem,
    QuotaError,
    TeacherError,
)
from audio_reasoner.evaluation.judged import JUDGED_NAME, count_lines, write_judged

if TYPE_CHECKING:
    from audio_reasoner.clients.caller import Caller, CallerStats
    from audio_reasoner.clients.ledger import Ledger
    from audio_reasoner.clients.limiter import Limits
    from audio_reasoner.clients.prices import PriceTable
    from audio_reasoner.clients.retry import RetryPolicy

Purpose = Literal["chat", "chat_swapped", "rubric", "mapper"]
LEDGER_NAME = "judge.sqlite"
WORKERS = 512
"""Opinions being formed at the same time at most; how many calls are really out is the limiter's business."""
IN_A_ROW = 30
"""So many opinions failing one after the other, none getting through, mean that the judge is out of order."""


@dataclass(frozen=True)
class Opinion:
    """What a judge's text says. `ok`: it can be used; else it is asked again while the task allows it."""

    ok: bool
    parsed: Mapping[str, Any]
    official: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class JudgeTask:
    """One opinion that is wanted.

    Attributes:
        id: the benchmark's item.
        purpose: what the opinion is for.
        n: which of several opinions on the same thing, from 0.
        request: what is asked; its `n` is set by the engine.
        read: what a text of the judge says; pure, never raises.
        of: fingerprint of the reply that is judged (`fingerprint`).
        attempts: texts asked for at most until one can be used.
    """

    id: str
    purpose: Purpose
    n: int
    request: ChatRequest
    read: Callable[[str], Opinion]
    of: str
    attempts: int = 1


@dataclass
class JudgeResult:
    """How it went.

    Attributes:
        lines: `judged.jsonl` of these tasks, in their order; what failed has none.
        asked, cached: calls answered by the judge now, and by the ledger.
        spent_micro: cost of all calls of this ledger so far, in micro-dollars.
        problems: (id, purpose, code, message) of every opinion that could not be had.
        left_out: parameters that the judge's server does not take, e.g. "temperature".
    """

    lines: list[dict[str, Any]] = field(default_factory=list)
    asked: int = 0
    cached: int = 0
    spent_micro: int = 0
    problems: list[tuple[str, str, str, str]] = field(default_factory=list)
    left_out: tuple[str, ...] = ()


LIKELY_TOKENS: dict[Purpose, int] = {"chat": 8, "chat_swapped": 8, "rubric": 450, "mapper": 4}
"""What a judge that does as it is told writes."""


@dataclass(frozen=True)
class Forecast:
    """What judging will need.

    Attributes:
        tasks, known, calls: opinions wanted, those in the ledger, calls to make.
        tokens_in: text that is sent, about four characters a token.
        likely_out, likely_micro: tokens and micro-dollars if the judge writes what it is asked for and no more.
        most_out, most_micro: if every reply is as long as it may be. Money is None without a price.
    """

    tasks: int
    known: int
    calls: int
    tokens_in: int
    likely_out: int
    most_out: int
    likely_micro: int | None
    most_micro: int | None


def ask(
    kind: str, user: str, *, system: str = "", sampling: Sampling, prompt_sha: str, audio: tuple[()] = ()
) -> ChatRequest:
    """A request in text; lone surrogates, which no server takes, become U+FFFD."""
    messages = [Message("system", _sendable(system))] if system else []
    messages.append(Message("user", _sendable(user), audio))
    return ChatRequest(kind=kind, messages=tuple(messages), sampling=sampling, prompt_sha=prompt_sha)


def _sendable(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8") if not _encodable(text) else text


def _encodable(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def judge_name(spec: str) -> str:
    """How a judge is called in lines and reports: provider and model, without the address."""
    endpoint = parse_endpoint(spec)
    return f"{endpoint.provider}:{endpoint.model}"


# ------------------------------------------------------------------------------------------------------------- asking


def judge_rows(
    tasks: Sequence[JudgeTask],
    directory: Path,
    spec: str,
    *,
    given: Sequence[Mapping[str, Any]] = (),
    purposes: Sequence[Purpose] = (),
    max_cost_usd: float | None = None,
    limits: Limits | None = None,
    prices: PriceTable | None = None,
    timeout_s: float = 300.0,
    patience_s: float = 300.0,
    retry: RetryPolicy | None = None,
    on_progress: Callable[[int, int, CallerStats], None] | None = None,
) -> JudgeResult:
    """Form every opinion that `directory`'s ledger does not hold yet and write `judged.jsonl` there.

    Lines of other purposes that the file holds stay. One opinion that fails costs no other; when no opinion can be had
    any more (spend cap, wrong key, a judge that is away), all that are paid are written down before the error is
    raised, unless the file holds more already.

    Args:
        tasks: what is wanted; equal requests share one call.
        directory: where `judge.sqlite` and `judged.jsonl` lie; made if absent.
        spec: the judge, as `clients.parse_endpoint` reads it.
        given: further lines for the file, which need no judge.
        purposes: lines of these are replaced even if no task is for them (one order instead of both).
        max_cost_usd: spend cap over all runs of this ledger, in dollars.
        limits: what is known about the account's limits.
        prices: what models cost.
        timeout_s: longest wait for one reply, in seconds.
        patience_s: how long one call is tried again, in seconds.
        retry: replaces the policy that `patience_s` makes.
        on_progress: told (done, of how many, figures).

    Raises:
        ConfigError: the judge cannot be used at all (teacher.auth, teacher.unknown_model, price.unknown, …).
        QuotaError: spend.cap, quota.exhausted, quota.rate_limited.
        EnvironmentProblem: judge.away: nothing but failures come back.
        LockedError: another process judges in this directory.
    """
    from audio_reasoner.clients.ledger import Ledger
    from audio_reasoner.clients.retry import RetryPolicy
    from audio_reasoner.core.run import RunDir, run_lock

    endpoint = parse_endpoint(spec)
    directory.mkdir(parents=True, exist_ok=True)
    with run_lock(RunDir(directory)), Ledger(directory / LEDGER_NAME) as ledger:
        engine = _Engine(
            ledger,
            endpoint,
            tasks,
            on_progress,
            {
                "limits": limits,
                "prices": prices,
                "max_cost_usd": max_cost_usd,
                "timeout_s": timeout_s,
                "retry": retry or RetryPolicy(max_total_s=patience_s),
            },
        )
        stopped: BaseException | None = None
        try:
            asyncio.run(engine.run())
        except (AudioReasonerError, KeyboardInterrupt) as error:
            stopped = error
            with contextlib.suppress(AudioReasonerError):  # what stopped the run is the error to tell
                asyncio.run(engine.recollect())
        result = engine.result()
        replaced = {*purposes, *(task.purpose for task in tasks), *(str(line["purpose"]) for line in given)}
        path = directory / JUDGED_NAME
        lines = [*given, *result.lines]
        if stopped is None:
            write_judged(path, lines, replaced)
        else:
            with contextlib.suppress(AudioReasonerError):
                if len(lines) >= count_lines(path, replaced):
                    write_judged(path, lines, replaced)
            raise stopped
    return result


_FINISHES = {
    "length": "teacher.length",
    "safety": "teacher.safety",
    "refusal": "teacher.refused",
    "recitation": "teacher.recitation",
}


class _Engine:
    """Works through the tasks with one caller."""

    def __init__(
        self,
        ledger: Ledger,
        endpoint: Endpoint,
        tasks: Sequence[JudgeTask],
        on_progress: Callable[[int, int, CallerStats], None] | None,
        options: dict[str, Any],
    ) -> None:
        self._ledger = ledger
        self._endpoint = endpoint
        self._tasks = tasks
        self._on_progress = on_progress
        self._options = options
        self._lines: dict[int, dict[str, Any]] = {}
        self._problems: dict[int, tuple[str, str, str, str]] = {}
        self._tally = (0, 0, 0)
        self._transports: list[Any] = []
        self._in_a_row = 0
        self._done = 0

    async def run(self) -> None:
        """Form all opinions."""
        from audio_reasoner.clients.caller import Caller
        from audio_reasoner.clients.transport import transport_of

        def connect(endpoint: Endpoint) -> Any:
            self._transports.append(transport_of(endpoint))
            return self._transports[-1]

        todo = iter(self._units())
        async with Caller(self._ledger, connect=connect, **self._options) as caller:
            try:
                async with asyncio.TaskGroup() as group:
                    for _ in range(min(WORKERS, len(self._units()))):
                        group.create_task(self._work(caller, todo))
            except BaseExceptionGroup as several:
                raise _worst(several) from None
            finally:
                stats = caller.stats()
                self._tally = (stats.calls, stats.cached, stats.spent_micro)
                left_out = sorted({name for t in self._transports for name in getattr(t, "left_out", ())})
                if left_out:
                    self._ledger.write([self._ledger.set_meta(self._meta_key, left_out)])

    def _units(self) -> list[list[int]]:
        """Places of tasks that are done one after the other: several opinions on one thing."""
        units: dict[tuple[str, str], list[int]] = {}
        for place, task in enumerate(self._tasks):
            units.setdefault((task.id, task.purpose), []).append(place)
        return list(units.values())

    async def _work(self, caller: Caller, todo: Iterator[list[int]]) -> None:
        for unit in todo:
            for place in unit:
                task = self._tasks[place]
                try:
                    line = await self._one(caller, task)
                    if line is not None:
                        self._lines[place] = line
                    self._in_a_row = 0
                except TeacherError as error:
                    line = None
                    self._problems[place] = (task.id, task.purpose, error.code, error.message)
                    self._count_failure(error)
                # A judge that has failed so often on one thing is not asked for the other opinions on it.
                given_up = line is not None and not line["parsed"] and task.attempts > 1
                self._done += len(unit) - unit.index(place) if given_up else 1
                if self._on_progress is not None:
                    self._on_progress(self._done, len(self._tasks), caller.stats())
                if given_up:
                    break

    def _count_failure(self, error: TeacherError) -> None:
        self._in_a_row += error.retryable  # a request that is refused for what it says is no sign of a judge in trouble
        if error.code == "teacher.unreachable" or self._in_a_row >= IN_A_ROW:
            raise EnvironmentProblem(
                f"The judge does not answer any more: {error.message}",
                code="judge.away",
                hint="Everything judged so far is kept. When it is back, run the same command again.",
            )

    async def recollect(self) -> None:
        """Take from the ledger what a run that was stopped had not come to; asks nobody."""
        for place, task in enumerate(self._tasks):
            if place not in self._lines and (line := await self._one(None, task)) is not None:
                self._lines[place] = line

    async def _one(self, caller: Caller | None, task: JudgeTask) -> dict[str, Any] | None:
        """The line of a task; the last text stands in it where none can be used. None: no caller, and not all paid."""
        line: dict[str, Any] = {}
        for attempt in range(task.attempts):
            request = replace(task.request, n=task.n * task.attempts + attempt)
            key = request.key(self._endpoint.provider, self._endpoint.model)
            said = self._stored(key) if caller is None else await self._asked(caller, request, task.id)
            if said is None:
                return None
            text, problem = said
            opinion = task.read(text)
            line = {
                "id": task.id,
                "purpose": task.purpose,
                "n": task.n,
                "text": text,
                "call_key": key,
                "model": f"{self._endpoint.provider}:{self._endpoint.model}",
                "version": "",
                "prompt_sha": task.request.prompt_sha,
                "temperature": task.request.sampling.temperature,
                "date": "",
                "parsed": dict(opinion.parsed) if opinion.ok else {},
                "official": None if opinion.official is None else dict(opinion.official),
                "attempts": attempt + 1,
                "of": task.of,
                "problem": None if opinion.ok else problem,
            }
            if opinion.ok:
                break
        return line

    async def _asked(self, caller: Caller, request: ChatRequest, item: str) -> tuple[str, str | None]:
        """(text, problem). A filter's or the model's refusal is a reply like any other: paid, and it says nothing."""
        from audio_reasoner.clients.caller import Spoilt

        try:
            reply = await caller.call(self._endpoint, request, parent_id=item)
        except Spoilt as spoilt:
            return "", spoilt.code
        return reply.text, "teacher.length" if reply.finish == "length" else None

    def _stored(self, key: str) -> tuple[str, str | None] | None:
        """The same from the ledger alone; None if it was not paid."""
        from audio_reasoner.clients.transport import CallFailed, read_reply

        stored = self._ledger.call(key)
        if stored is None or stored.state != "done":
            return None
        try:
            reply = read_reply(stored.provider, stored.raw or b"")
        except CallFailed:
            return None
        problem = _FINISHES.get(reply.finish)
        return ("" if problem not in (None, "teacher.length") else reply.text), problem

    def result(self) -> JudgeResult:
        """What there is so far."""
        left_out = tuple(self._ledger.meta(self._meta_key) or ())
        lines = []
        for _, line in sorted(self._lines.items()):
            key = line["call_key"]
            dated = line | {"date": (self._ledger.answered_at(key) or "")[:10], "version": self._version(key)}
            if "temperature" in left_out:
                dated["temperature"] = None  # the server's own, whatever it is
            lines.append(dated)
        calls, cached, spent = self._tally
        problems = [problem for _, problem in sorted(self._problems.items())]
        return JudgeResult(lines, calls, cached, spent, problems, left_out)

    def _version(self, key: str) -> str:
        """The model that answered, as the server names it: what an alias stood for on that day."""
        from audio_reasoner.clients.transport import CallFailed, read_reply

        stored = self._ledger.call(key)
        try:
            return "" if stored is None else read_reply(stored.provider, stored.raw or b"").version
        except CallFailed:
            return ""

    @property
    def _meta_key(self) -> str:
        return f"judge.left_out:{self._endpoint.spec}"


def _worst(several: BaseExceptionGroup[BaseException]) -> BaseException:
    """The error to show for a group: the first that explains itself."""
    flat: list[BaseException] = []
    stack: list[BaseException] = [several]
    while stack:
        error = stack.pop()
        if isinstance(error, BaseExceptionGroup):
            stack.extend(reversed(error.exceptions))
        else:
            flat.append(error)
    known = [e for e in flat if isinstance(e, ConfigError | QuotaError | EnvironmentProblem)]
    return next(iter(known or flat))


def forecast(tasks: Sequence[JudgeTask], directory: Path, spec: str, prices: PriceTable | None = None) -> Forecast:
    """What `judge_rows` will need: nothing is sent or written. Texts asked for once more are not foreseen."""
    from audio_reasoner.clients.ledger import LedgerReader
    from audio_reasoner.clients.prices import LONGEST_ANSWER, PriceTable

    endpoint = parse_endpoint(spec)
    table = prices or PriceTable({})
    priced = table.price(endpoint.model) is not None
    path = directory / LEDGER_NAME
    known: set[str] = set()
    if path.is_file():
        with LedgerReader.open(path) as reader:
            known = reader.done_keys()
    seen: set[str] = set()
    held = tokens_in = likely = most = likely_micro = most_micro = 0
    for task in tasks:
        request = replace(task.request, n=task.n * task.attempts)
        key = request.key(endpoint.provider, endpoint.model)
        held += key in known
        if key in known or key in seen:
            continue
        seen.add(key)
        characters = sum(len(m.text) for m in request.messages)
        out = LIKELY_TOKENS[task.purpose]
        found = table.estimate(endpoint.model, characters=characters, audio_seconds=0.0, tokens_out=out)
        tokens_in, likely, likely_micro = tokens_in + found.tokens_in, likely + out, likely_micro + found.cost_micro
        most += request.sampling.max_tokens or LONGEST_ANSWER
        most_micro += table.reserve_micro(endpoint.model, request)
    money = (likely_micro, most_micro) if priced else (None, None)
    return Forecast(len(tasks), held, len(seen), tokens_in, likely, most, *money)
