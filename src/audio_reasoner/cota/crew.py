"""Who works on a build: teacher, judge and solver with the one caller that asks for them, and what their calls cost.

Decision: all calls of a build go through one caller, because a quota and a spend cap belong to an account and not to a
role. The meter around it counts them by kind, from the network and from the ledger alike: a pilot's figures are those
of the calls it needed, whoever paid them.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from audio_reasoner import teachers
from audio_reasoner.clients import Caller, ChatRequest, Endpoint, Ledger, Limits, Reply, RetryPolicy
from audio_reasoner.compute import Batcher
from audio_reasoner.cota.hear import Ear
from audio_reasoner.cota.outage import Outage
from audio_reasoner.cota.plan import BuildSettings, Plan
from audio_reasoner.teachers import Judge, Solver, Teacher


@dataclass
class Used:
    """Calls of one kind about one clip. Cost in micro-dollars; `seconds` sums the waits of those that went out."""

    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost_micro: int = 0
    seconds: float = 0.0
    timed: int = 0


@dataclass
class Meter:
    """The caller as teachers see it. `used` is kept only for the clips that are watched."""

    caller: Caller
    outages: dict[str, Outage]
    watched: frozenset[str] = frozenset()
    used: dict[tuple[str, str], Used] = field(default_factory=dict)

    async def call(self, endpoint: Endpoint, request: ChatRequest, *, parent_id: str, priority: int = 0) -> Reply:
        """As `Caller.call`."""
        begun = time.monotonic()
        reply = await self.caller.call(endpoint, request, parent_id=parent_id, priority=priority)
        if not reply.cached and (outage := self.outages.get(endpoint.spec)) is not None:
            outage.answered()
        clip_id = parent_id.split("/", 1)[0]
        if clip_id in self.watched:
            used = self.used.setdefault((clip_id, request.kind), Used())
            used.calls += 1
            used.tokens_in += reply.tokens_in
            used.tokens_out += reply.tokens_out
            used.cost_micro += reply.cost_micro
            if not reply.cached:
                used.seconds += time.monotonic() - begun
                used.timed += 1
        return reply


@dataclass(frozen=True)
class Crew:
    """Who plays which role. `caller` and `meter` are None where nobody calls; `outages` by role."""

    teacher: Teacher
    judge: Judge | None
    solver: Solver | None
    caller: Caller | None
    meter: Meter | None
    outages: dict[str, Outage]


@contextlib.asynccontextmanager
async def crew_of(
    settings: BuildSettings,
    plan: Plan,
    ledger: Ledger,
    batcher: Batcher,
    watched: frozenset[str] = frozenset(),
    retry: bool = False,
) -> AsyncIterator[Crew]:
    """Everybody whom the settings name, connected. With `retry`, useless replies in the ledger are asked for anew.

    Raises:
        ConfigError: prompts or prices that cannot be used; a missing key as soon as it is needed.
    """
    async with contextlib.AsyncExitStack() as stack:
        remote = [spec for spec in settings.specs if teachers.is_remote(spec)]
        caller = await stack.enter_async_context(_caller(settings, ledger)) if remote else None
        by_spec = {spec: Outage(patience_s=settings.patience_s) for spec in remote}
        meter = None
        if caller is not None:
            endpoints = {spec: teachers.base.endpoint_of(spec) for spec in remote}
            meter = Meter(caller, {endpoints[spec].spec: by_spec[spec] for spec in remote}, watched)
        ear = Ear(batcher)
        teacher = teachers.make(
            settings.teacher,
            style=settings.style,
            vocabulary=plan.vocabulary,
            seed=settings.seed,
            questions_per_clip=settings.questions_per_clip,
            families=settings.families,
            run=batcher.run,
            caller=meter,
            hear=ear.hear,
            prompts=settings.prompts,
            give_evidence=settings.give_evidence,
            one_call=settings.one_call,
            retry=retry,
        )
        judge = solver = None
        if settings.judge is not None:
            judge = teachers.make_judge(
                settings.judge,
                seed=settings.seed,
                caller=meter,
                hear=ear.hear,
                prompts=settings.prompts,
                give_evidence=settings.give_evidence,
                one_call=settings.one_call,
                retry=retry,
            )
        if settings.solver is not None:
            solver = teachers.make_solver(
                settings.solver, seed=settings.seed, caller=meter, hear=ear.hear, prompts=settings.prompts, retry=retry
            )
        roles = {"teacher": settings.teacher, "judge": settings.judge, "solver": settings.solver}
        outages = {role: by_spec[spec] for role, spec in roles.items() if spec is not None and spec in by_spec}
        yield Crew(teacher, judge, solver, caller, meter, outages)


def check_calls(settings: BuildSettings) -> None:
    """Refuse what would stop a build at its first call, before the run knows of the plan.

    Raises:
        ConfigError: endpoint.no_key, price.unknown, price.file, price.entry.
    """
    from audio_reasoner.clients.endpoints import api_key
    from audio_reasoner.clients.prices import PriceTable

    prices = PriceTable.load(settings.prices)
    for spec in settings.specs:
        if not teachers.is_remote(spec):
            continue
        endpoint = teachers.base.endpoint_of(spec)
        api_key(endpoint)
        if settings.max_cost is not None:
            prices.must_price(endpoint.model)


def _caller(settings: BuildSettings, ledger: Ledger) -> Caller:
    from audio_reasoner.clients.prices import PriceTable

    return Caller(
        ledger,
        limits=Limits(
            requests_per_minute=settings.rpm, tokens_per_minute=settings.tpm, max_in_flight=settings.max_in_flight
        ),
        prices=PriceTable.load(settings.prices),
        max_cost_usd=settings.max_cost,
        timeout_s=settings.timeout_s,
        retry=RetryPolicy(max_total_s=settings.patience_s),
    )
