"""Scripts written by a language model: seeded orders out, checked scripts back, every call paid once.

Decision: a call is the whole unit. Its reply stands in the ledger before anybody reads it, and a script is made of the
ledger's reply every time; so a run that was killed goes on where it was, asks nobody twice, and a stricter check can be
applied to what was paid. A reply that cannot be used is answered with all its faults, once; what is still wrong then is
set aside with the reason. Near duplicates are set aside too, the later one of two.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audio_reasoner.clients.endpoints import Endpoint, api_key, parse_endpoint
from audio_reasoner.clients.messages import ChatRequest, Message, Sampling
from audio_reasoner.core.errors import AudioReasonerError, ConfigError, EnvironmentProblem, TeacherError
from audio_reasoner.core.ids import plan_id
from audio_reasoner.synth.scripts.near import near_duplicates
from audio_reasoner.synth.scripts.orders import Order, order, prompt, prompt_sha, repair_prompt
from audio_reasoner.synth.scripts.reply import SCHEMA, BadScript, script_of
from audio_reasoner.synth.scripts.script import SCRIPTS_NAME, Script, save_scripts

if TYPE_CHECKING:
    from audio_reasoner.clients.caller import Caller, CallerStats
    from audio_reasoner.clients.ledger import Ledger
    from audio_reasoner.clients.limiter import Limits
    from audio_reasoner.clients.prices import PriceTable
    from audio_reasoner.clients.retry import RetryPolicy

LEDGER_NAME = "scripts.sqlite"
STAGE = "script"
TOKENS = 4096
"""Room for one reply; the repair of one that was cut off gets twice that."""
LIKELY_TOKENS = 1100
"""What a script of ten turns with its facts takes."""
WORKERS = 256
IN_A_ROW = 20
"""So many calls that fail one after the other mean that the server is in trouble."""


@dataclass(frozen=True)
class SetAside:
    """A script that could not be had: number of the order, stable code, what was wrong."""

    index: int
    code: str
    detail: str


@dataclass
class ScriptRun:
    """How it went.

    Attributes:
        scripts: those that can be used, by number of their order.
        set_aside: what could not be had, near duplicates among them (``script.near_duplicate``).
        near: how many repeat an earlier one.
        asked, cached: calls answered by the server now, and by the ledger.
        repaired: scripts that came right at the second try.
        spent_micro: cost of all calls of this ledger so far, in micro-dollars.
    """

    scripts: dict[int, Script]
    set_aside: tuple[SetAside, ...] = ()
    near: int = 0
    asked: int = 0
    cached: int = 0
    repaired: int = 0
    spent_micro: int = 0


@dataclass(frozen=True)
class ScriptForecast:
    """What writing will need. Money in micro-dollars, None without a price; `most` if every reply is as long as it may
    be and every script is asked for twice."""

    scripts: int
    known: int
    calls: int
    tokens_in: int
    likely_out: int
    likely_micro: int | None
    most_micro: int | None


def check_writer(spec: str) -> Endpoint:
    """The endpoint of a script writer; `text:` in front is allowed, as for teachers.

    Raises:
        ConfigError: as `clients.parse_endpoint`.
    """
    return parse_endpoint(spec.removeprefix("text:"))


def forecast(
    spec: str,
    n: int,
    seed: int,
    directory: Path,
    *,
    language: str = "en",
    scenarios: Sequence[str] = (),
    speakers: Sequence[int] = (),
    prices: PriceTable | None = None,
) -> ScriptForecast:
    """What `write_scripts` with these arguments would need; asks nobody and writes nothing.

    Raises:
        ConfigError: as `write_scripts`.
        IntegrityError: the ledger is damaged or newer.
    """
    from audio_reasoner.clients.ledger import LedgerReader
    from audio_reasoner.clients.prices import PriceTable as Table

    endpoint, table = check_writer(spec), prices or Table.load()
    path = directory / LEDGER_NAME
    done: set[str] = set()
    if path.is_file():
        with LedgerReader.open(path) as ledger:
            done = ledger.done_keys()
    known = tokens = most = likely = 0
    for i in range(n):
        asked = _request(order(seed, i, language=language, scenarios=scenarios, speakers=speakers))
        if asked.key(endpoint.provider, endpoint.model) in done:
            known += 1
            continue
        guess = table.estimate(
            endpoint.model, characters=len(asked.messages[0].text), audio_seconds=0, tokens_out=LIKELY_TOKENS
        )
        tokens += guess.tokens_in
        likely += guess.cost_micro
        most += 2 * table.reserve_micro(endpoint.model, asked)
    priced = table.price(endpoint.model) is not None
    return ScriptForecast(
        scripts=n,
        known=known,
        calls=n - known,
        tokens_in=tokens,
        likely_out=(n - known) * LIKELY_TOKENS,
        likely_micro=likely if priced else None,
        most_micro=most if priced else None,
    )


def write_scripts(
    spec: str,
    n: int,
    seed: int,
    directory: Path,
    *,
    language: str = "en",
    scenarios: Sequence[str] = (),
    speakers: Sequence[int] = (),
    retry_failed: bool = False,
    max_cost_usd: float | None = None,
    limits: Limits | None = None,
    prices: PriceTable | None = None,
    timeout_s: float = 300.0,
    patience_s: float = 300.0,
    retry: RetryPolicy | None = None,
    on_progress: Callable[[int, int, CallerStats], None] | None = None,
) -> ScriptRun:
    """Have orders 0 to `n - 1` of a seed written and keep the good ones in `directory/scripts.jsonl`.

    What cannot be had costs no other script. When nothing can be had any more (spend cap, wrong key, server gone,
    Ctrl-C), all that is paid stands in the ledger, the file is written unless it holds more already, and the error is
    raised; the same call goes on from there.

    Args:
        spec: `openai:MODEL@URL`, `openai:MODEL`, `gemini:MODEL`.
        n: how many scripts.
        seed: which sequence of orders.
        directory: for `scripts.sqlite` (the ledger) and `scripts.jsonl`; made if absent.
        language: BCP-47 tag of the talk.
        scenarios: noun phrases; empty for ours.
        speakers: numbers of speakers to choose from; empty for 2 to 5.
        retry_failed: ask again for what was set aside in an earlier call.
        max_cost_usd: spend cap over all calls of this ledger, in dollars.
        limits: what is known about the account's limits.
        prices: what models cost; the embedded table where None.
        timeout_s: longest wait for one reply, in seconds.
        patience_s: how long one call is tried again, in seconds.
        retry: replaces the policy that `patience_s` makes.
        on_progress: told (scripts done, of how many, figures).

    Raises:
        ConfigError: the spec, scenarios or speakers are wrong, or no call can succeed (teacher.auth,
            teacher.unknown_model, teacher.unreachable, price.unknown, endpoint.no_key).
        QuotaError: spend.cap, quota.exhausted, quota.rate_limited.
        EnvironmentProblem: script.away: nothing but failures come back.
        LockedError: another process writes scripts there.
    """
    from audio_reasoner.clients.ledger import Ledger
    from audio_reasoner.clients.prices import PriceTable as Table
    from audio_reasoner.clients.retry import RetryPolicy as Policy
    from audio_reasoner.core.run import RunDir, run_lock

    endpoint, table = check_writer(spec), prices or Table.load()
    if n < 0:
        raise ConfigError(f"{n} scripts cannot be written.", code="script.number")
    orders = [order(seed, i, language=language, scenarios=scenarios, speakers=speakers) for i in range(n)]
    # Before anything is made on the disk: no key, no price.
    api_key(endpoint)
    if max_cost_usd is not None:
        table.must_price(endpoint.model)
    directory.mkdir(parents=True, exist_ok=True)
    settings = {"model": f"{endpoint.provider}:{endpoint.model}", "seed": seed, "language": language,
                "scenarios": list(scenarios), "speakers": sorted(set(speakers))}  # fmt: skip
    options = {
        "limits": limits,
        "prices": table,
        "max_cost_usd": max_cost_usd,
        "timeout_s": timeout_s,
        "retry": retry or Policy(max_total_s=patience_s),
    }
    with run_lock(RunDir(directory)), Ledger(directory / LEDGER_NAME) as ledger:
        writing = _Writing(
            ledger, endpoint, orders, plan_id({"scripts": settings}), settings, retry_failed, on_progress
        )
        try:
            asyncio.run(writing.run(options))
        except (AudioReasonerError, KeyboardInterrupt):
            with contextlib.suppress(AudioReasonerError):  # what stopped the run is the error to tell
                writing.keep(directory, whole=False)
            raise
        writing.keep(directory, whole=True)
    return writing.result


class _Writing:
    """Works through the orders with one caller."""

    def __init__(
        self,
        ledger: Ledger,
        endpoint: Endpoint,
        orders: Sequence[Order],
        plan: str,
        settings: dict[str, Any],
        retry_failed: bool,
        on_progress: Callable[[int, int, CallerStats], None] | None,
    ) -> None:
        self._ledger = ledger
        self._endpoint = endpoint
        self._orders = orders
        self._plan = plan
        self._on_progress = on_progress
        self._written_by = f"{endpoint.provider}:{endpoint.model}"
        self._in_a_row = 0
        self._aside: dict[int, SetAside] = {}
        self.result = ScriptRun({})
        # How often each order was begun again. A plain second call repeats these numbers, so it asks nobody.
        self._tries: dict[str, int] = dict(ledger.meta(f"tries:{plan}") or {})
        if retry_failed:
            for failed in ledger.quarantined(plan):
                self._tries[failed.unit_id] = self._tries.get(failed.unit_id, 0) + 1
        ledger.write([ledger.put_plan(plan, settings), ledger.set_meta(f"tries:{plan}", self._tries)])

    async def run(self, options: dict[str, Any]) -> None:
        """Have all scripts written."""
        from audio_reasoner.clients.caller import Caller

        todo = iter(self._orders)
        async with Caller(self._ledger, **options) as caller:
            try:
                async with asyncio.TaskGroup() as group:
                    for _ in range(min(WORKERS, len(self._orders))):
                        group.create_task(self._work(caller, todo))
            except BaseExceptionGroup as several:
                raise _first_told(several) from None
            finally:
                stats = caller.stats()
                self.result.asked, self.result.cached = stats.calls, stats.cached
                self.result.spent_micro = stats.spent_micro

    async def _work(self, caller: Caller, todo: Iterator[Order]) -> None:
        for asked in todo:
            unit = unit_of(asked.index)
            try:
                script = await self._one(caller, asked, self._tries.get(unit, 0))
            except BadScript as bad:
                self._aside[asked.index] = SetAside(asked.index, bad.code, str(bad))
                self._in_a_row = 0
            except TeacherError as error:
                self._aside[asked.index] = SetAside(asked.index, error.code, error.message)
                self._count_failure(error)
            else:
                self.result.scripts[asked.index] = script
                self._in_a_row = 0
            if self._on_progress is not None:
                self._on_progress(len(self.result.scripts) + len(self._aside), len(self._orders), caller.stats())

    def _count_failure(self, error: TeacherError) -> None:
        self._in_a_row += error.retryable
        if error.code == "teacher.unreachable" or self._in_a_row >= IN_A_ROW:
            raise EnvironmentProblem(
                f"The script writer does not answer any more: {error.message}",
                code="script.away",
                hint="Every script so far is kept. When it is back, run the same command again.",
            )

    async def _one(self, caller: Caller, asked: Order, again: int) -> Script:
        """The script of one order: asked for, and once more with all that was wrong.

        Raises:
            BadScript: neither reply can be used.
            TeacherError: a call failed.
        """
        request = _request(asked, n=2 * again)
        reply = await caller.call(self._endpoint, request, parent_id=unit_of(asked.index))
        bad = BadScript("reply.cut", [f"the reply was cut off at {TOKENS} tokens"])
        if reply.finish != "length":
            try:
                return script_of(reply.text, asked, self._written_by)
            except BadScript as problem:
                bad = problem
        if bad.code.startswith(("reply.", "json.")) or not reply.text.strip():
            # Nothing there to put right: the same question once more, with more room if that was the trouble.
            room = TOKENS * (2 if bad.code == "reply.cut" else 1)
            second = replace(request, n=2 * again + 1, sampling=Sampling(max_tokens=room))
        else:
            second = replace(
                request,
                messages=(
                    *request.messages,
                    Message("assistant", reply.text),
                    Message("user", repair_prompt(bad.problems)),
                ),
            )
        reply = await caller.call(self._endpoint, second, parent_id=unit_of(asked.index), priority=1)
        if reply.finish == "length":
            raise BadScript("reply.cut", ["the reply was cut off twice"])
        script = script_of(reply.text, asked, self._written_by)
        self.result.repaired += 1
        return script

    def keep(self, directory: Path, *, whole: bool) -> None:
        """Set near duplicates aside, write quarantine and file; half a run never replaces more than it has."""
        places = sorted(self.result.scripts)
        for place, (other, share) in near_duplicates([self.result.scripts[i] for i in places]).items():
            index = places[place]
            del self.result.scripts[index]
            detail = f"{share:.0%} of its runs of words stand in script {places[other]}"
            self._aside[index] = SetAside(index, "script.near_duplicate", detail)
            self.result.near += 1
        self.result.scripts = dict(sorted(self.result.scripts.items()))
        self.result.set_aside = tuple(self._aside[i] for i in sorted(self._aside))
        from audio_reasoner.clients.ledger import Quarantined

        writes = [self._ledger.clear_quarantine(self._plan, unit_of(i), STAGE) for i in self.result.scripts]
        for a in self.result.set_aside:
            row = Quarantined(unit_of(a.index), STAGE, a.code, a.detail, self._tries.get(unit_of(a.index), 0) + 1)
            writes.append(self._ledger.put_quarantine(self._plan, row))
        self._ledger.write(writes)
        path = directory / SCRIPTS_NAME
        if whole or len(self.result.scripts) >= _lines_of(path):
            save_scripts(path, self.result.scripts.values())


def _lines_of(path: Path) -> int:
    if not path.is_file():
        return 0
    with path.open("rb") as lines:
        return sum(1 for _ in lines)


def unit_of(index: int) -> str:
    """The ledger's name of an order."""
    return f"script-{index:07d}"


def _request(asked: Order, n: int = 0) -> ChatRequest:
    return ChatRequest(
        kind=STAGE,
        messages=(Message("user", prompt(asked)),),
        sampling=Sampling(max_tokens=TOKENS),
        schema=SCHEMA,
        prompt_sha=prompt_sha(),
        n=n,
    )


def _first_told(several: BaseExceptionGroup[BaseException]) -> BaseException:
    """The error to show for a group: the first that explains itself."""
    flat: list[BaseException] = []
    stack: list[BaseException] = [several]
    while stack:
        error = stack.pop()
        if isinstance(error, BaseExceptionGroup):
            stack += reversed(error.exceptions)
        else:
            flat.append(error)
    return next((e for e in flat if isinstance(e, AudioReasonerError)), flat[0])
