"""From one clip to its samples: the steps, in the order in which they happen.

Decision: one coroutine per clip walks the steps; each step's result is committed to the ledger before the next begins,
and a step whose result stands there already is not done again. Nothing waits for other clips. Checks come before
opinions: what they reject is shown to no judge, and what a judge rejects to no solver. A step that fails puts its unit
(the clip, or one question of it) into quarantine with code and reason; the other questions go on.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from audio_reasoner.clients.ledger import Ledger, Quarantined, Write
from audio_reasoner.compute import Batcher, WorkerDied
from audio_reasoner.core.chain import Chain
from audio_reasoner.core.errors import (
    AudioReasonerError,
    ConfigError,
    EnvironmentProblem,
    QuotaError,
    TeacherError,
)
from audio_reasoner.core.records import Annotation, Clip, Evidence, Finding, Verdict
from audio_reasoner.cota import clipwork
from audio_reasoner.cota import solver as solving
from audio_reasoner.cota.clipwork import Asked
from audio_reasoner.cota.outage import Outage
from audio_reasoner.cota.plan import DERIVED_VERSION, FACTS, Plan, facts_of
from audio_reasoner.cota.progress import Tally
from audio_reasoner.cota.units import CAPTION, Roles, caption_question, outcome, unit_of
from audio_reasoner.teachers import Hearing, Judge, Solved, Solver, Teacher

log = logging.getLogger(__name__)
STEPS = ("evidence", "annotate", "think", "check", "judge", "solve")
T = TypeVar("T")
Stored = dict[tuple[str, str], str]


class Stopped(Exception):
    """The build is ending (Ctrl-C, or the spend cap): no further step is begun. What is committed stays."""


@dataclass
class Pipeline:
    """The steps with what they need.

    `retry`: quarantined units may be tried once more. `remote`: the teacher is a language model. `capped`: the error
    that said that the money, or the account's quota, is spent; then no clip is begun, and what still fits goes on.
    """

    plan: Plan
    teacher: Teacher
    ledger: Ledger
    batcher: Batcher
    judge: Judge | None = None
    solver: Solver | None = None
    solver_hears: bool = True
    remote: bool = False
    quarantine: dict[tuple[str, str], Quarantined] = field(default_factory=dict)
    retry: bool = False
    tally: Tally = field(default_factory=Tally)
    stopping: bool = False
    capped: QuotaError | None = None
    outages: dict[str, Outage] = field(default_factory=dict)

    @property
    def roles(self) -> Roles:
        """Who must have spoken before a sample is one."""
        return Roles(judged=self.judge is not None, solved=self.solver is not None)

    async def clip_to_samples(self, clip: Clip, seq: int) -> None:
        """All steps of one clip.

        Raises:
            Stopped: `stopping` was set meanwhile, or the money is spent.
            EnvironmentProblem: the machine or the teacher cannot go on (a full disk, a dead server).
            ConfigError: a teacher refuses everybody (a wrong key, no such model).
        """
        unit = clip.clip_id
        stored = self.ledger.derived(self.plan.plan_id, unit)
        try:
            evidence = await self._evidence(clip)
            annotation = await self._annotate(clip, evidence, stored)
        except _SetAside:
            pass
        else:
            asked = [
                Asked(unit_of(clip.clip_id, k), clip, evidence, annotation, question, k)
                for k, question in enumerate(annotation.questions)
            ]
            before = {x.unit: outcome(stored, x.unit, self.roles) for x in asked}
            if self.plan.settings.one_call and self.judge is not None and self.plan.settings.best_of == 1:
                aside = await self._judge_together(asked, stored)
                asked = [x for x in asked if x.unit not in aside]
            results = await asyncio.gather(
                *(self._question(x, stored, before[x.unit]) for x in asked), return_exceptions=True
            )
            for result in results:
                if isinstance(result, BaseException):
                    raise result
            if self.plan.settings.captions and "accepted" in results:
                question = caption_question(clip, annotation, self.plan.settings.seed)
                if question is not None:
                    unit_caption = unit_of(clip.clip_id, CAPTION)
                    asked_caption = Asked(unit_caption, clip, evidence, annotation, question, -1)
                    await self._question(asked_caption, stored, outcome(stored, unit_caption, self.roles))
        await self.ledger.commit([self.ledger.put_done(unit, seq, self.plan.plan_id)])
        self.tally.clips += 1

    # --- the clip ---

    async def _evidence(self, clip: Clip) -> Evidence:
        from audio_reasoner import evidence

        version = self.plan.evidence_version
        known = self.ledger.evidence(clip.content_key, version)

        def listen() -> Awaitable[Evidence | None]:
            return self.batcher.run(clipwork.listen, (clip, known is None), stage=0)

        measured = await self._step(clip.clip_id, "evidence", listen)
        if known is not None:
            await self._commit(clip.clip_id, {}, "evidence")
            return evidence.merge(Evidence.model_validate_json(known), clip)
        assert measured is not None
        write = self.ledger.put_evidence(clip.content_key, version, measured.model_dump_json())
        await self._commit(clip.clip_id, {"evidence": write})
        return evidence.merge(measured, clip)

    async def _annotate(self, clip: Clip, evidence: Evidence, stored: Stored) -> Annotation:
        unit = clip.clip_id
        if text := stored.get((unit, "annotate")):
            return Annotation.model_validate_json(text)

        async def annotate() -> Annotation:
            annotation = await self.teacher.annotate(clip, evidence)
            if not annotation.questions:
                raise TeacherError(f"The teacher asked nothing about clip {unit}.", code="teacher.no_questions")
            return annotation

        annotation = await self._step(unit, "annotate", annotate, "teacher")
        facts = self._derived(unit, FACTS, json.dumps(facts_of(clip).hex()))
        await self._commit(
            unit, {"annotate": self._derived(unit, "annotate", annotation.model_dump_json()), FACTS: facts}
        )
        return annotation

    # --- a question ---

    async def _question(self, asked: Asked, stored: Stored, before: str | None) -> str | None:
        """All steps of one question: "accepted", "rejected", or None if it is in quarantine; `before`: as it was."""
        if before is not None:
            return before
        try:
            decision = await self._decided(asked, stored)
        except _SetAside:
            return None
        if decision == "accepted":
            self.tally.accepted += 1
        else:
            self.tally.rejected += 1
        return decision

    async def _decided(self, asked: Asked, stored: Stored) -> str:
        if self.plan.settings.best_of > 1 and self.remote and (asked.unit, "think") not in stored:
            decision = await self._early(asked, stored) or await self._best_take(asked, stored)
        else:
            decision, chain = await self._checked(asked, stored)
            if decision == "accepted" and chain is not None and self.judge is not None:
                decision = await self._judge(asked, chain, stored)
        if decision == "accepted" and self.solver is not None:
            await self._solve(asked, stored)
        return decision

    async def _checked(self, asked: Asked, stored: Stored) -> tuple[str, Chain | None]:
        """The decision of the checks, and the chain unless the question alone was reason enough."""
        if early := await self._early(asked, stored):
            return early, None
        chain = await self._think(asked, stored)
        return await self._check(asked, chain, stored), chain

    async def _early(self, asked: Asked, stored: Stored) -> str | None:
        """ "rejected" if the question alone cannot become a sample: then no chain is paid for. Else None."""
        unit = asked.unit
        if not self.remote or (unit, "think") in stored:
            return None
        if (unit, "check") in stored:
            return "rejected"
        findings = await self._step(unit, "check", lambda: self.batcher.run(clipwork.question_findings, asked, stage=3))
        if not findings:
            return None
        verdict = Verdict(judge="checks", decision="rejected", findings=findings)
        await self._commit(unit, {"check": self._judged(unit, "check", [verdict])}, "think")
        return "rejected"

    async def _judge_together(self, asked: list[Asked], stored: Stored) -> set[str]:
        """Judge all chains of a clip in one call. Returns the units that were set aside before they could be judged."""
        judge = self.judge
        aside: set[str] = set()

        async def until_checked(x: Asked) -> tuple[str, Chain | None]:
            try:
                return await self._checked(x, stored)
            except _SetAside:
                aside.add(x.unit)
                return "aside", None

        results = await asyncio.gather(*(until_checked(x) for x in asked), return_exceptions=True)
        pairs: list[tuple[Asked, Chain]] = []
        for x, result in zip(asked, results, strict=True):
            if isinstance(result, BaseException):
                raise result
            decision, chain = result
            waits = (x.unit, "judge") in self.quarantine and not self.retry
            if decision == "accepted" and chain is not None and (x.unit, "judge") not in stored and not waits:
                pairs.append((x, chain))
        if judge is None or len(pairs) < 2:
            return aside
        first = pairs[0][0]
        with contextlib.suppress(TeacherError):  # then each is judged, or set aside, alone
            verdicts = await self._ask(
                "judge",
                first.clip.clip_id,
                lambda: judge.judge_all(
                    first.clip, first.evidence, first.annotation, [(x.question, chain) for x, chain in pairs]
                ),
            )
            writes = []
            for (x, _), verdict in zip(pairs, verdicts, strict=True):
                write = self._judged(x.unit, "judge", [verdict])
                stored[x.unit, "judge"] = write[1][-1]
                writes.append(write)
                if self.quarantine.pop((x.unit, "judge"), None):
                    writes.append(self._cleared(x.unit, "judge"))
                self.tally.step("judge")
            await self.ledger.commit(writes)
        return aside

    async def _think(self, asked: Asked, stored: Stored) -> Chain:
        unit = asked.unit
        if text := stored.get((unit, "think")):
            return Chain.model_validate_json(text)
        chain = await self._step(unit, "think", lambda: self._chain(asked, 0), "teacher")
        text = stored[unit, "think"] = chain.model_dump_json()
        await self._commit(unit, {"think": self._derived(unit, "think", text)})
        return chain

    async def _chain(self, asked: Asked, take: int) -> Chain:
        question = asked.question
        before = asked.annotation.questions[: max(0, asked.k)]
        if any((q.text, q.options) == (question.text, question.options) for q in before):
            raise TeacherError(f"The teacher asked {question.text!r} twice.", code="teacher.duplicate_question")
        return await self.teacher.think(asked.clip, asked.evidence, asked.annotation, question, take)

    async def _check(self, asked: Asked, chain: Chain, stored: Stored) -> str:
        if text := stored.get((asked.unit, "check")):
            return str(json.loads(text)["decision"])
        verdict = await self._step(
            asked.unit, "check", lambda: self.batcher.run(clipwork.check, (asked, chain), stage=3)
        )
        verdicts = [verdict, *self._own()]
        write = self._judged(asked.unit, "check", verdicts)
        stored[asked.unit, "check"] = write[1][-1]
        await self._commit(asked.unit, {"check": write})
        return decide(verdicts)

    def _own(self) -> list[Verdict]:
        """The word of a teacher that cannot judge itself, where nobody else judges."""
        if self.judge is not None or self.teacher.judges_itself:
            return []
        own = Finding(code="judge.own_sample", detail=f"{self.teacher.name} does not judge its own samples")
        return [Verdict(judge=self.teacher.name, decision="not_applicable", findings=(own,))]

    async def _judge(self, asked: Asked, chain: Chain, stored: Stored, stage: str = "judge") -> str:
        if text := stored.get((asked.unit, stage)):
            return str(json.loads(text)["decision"])
        judge = self.judge
        assert judge is not None

        def ask() -> Awaitable[Verdict]:
            return judge.judge(asked.clip, asked.evidence, asked.annotation, asked.question, chain)

        verdict = await self._step(asked.unit, "judge", ask, "judge")
        write = self._judged(asked.unit, stage, [verdict])
        await self._commit(asked.unit, {"judge": write})
        stored[asked.unit, stage] = write[1][-1]
        return decide([verdict])

    async def _solve(self, asked: Asked, stored: Stored) -> None:
        solver, trials, question = self.solver, self.plan.settings.trials, asked.question
        if (asked.unit, "solve") in stored:
            return
        assert solver is not None

        async def one(way: Hearing, trial: int) -> Solved:
            return await self._ask(
                "solver", f"{asked.unit} {way} {trial}", lambda: solver.solve(asked.clip, question, way, trial)
            )

        async def answers() -> tuple[Solved, ...]:
            if not question.options:
                return ()
            return await solving.ask_all(one, trials, hears=self.solver_hears)

        given = await self._step(asked.unit, "solve", answers)
        text = solving.to_json(solving.result_of(question, given, trials), given, f"{solver.name}:{solver.model}")
        await self._commit(asked.unit, {"solve": self._derived(asked.unit, "solve", text)})

    # --- the best of several chains ---

    async def _best_take(self, asked: Asked, stored: Stored) -> str:
        """Write several chains and keep one: checks decide first, then the judge, then supported claims and length.

        The judge reads them in the order of the last two, and the first that it accepts is kept: the same choice as if
        it had read all, with fewer calls. The chosen chain and its verdicts are committed together.
        """
        unit = asked.unit
        chains = await self._step(unit, "think", lambda: self._takes(asked, stored))
        weighed = await asyncio.gather(
            *(
                self._step(unit, "check", lambda c=c: self.batcher.run(clipwork.weigh, (asked, c), stage=3))  # type: ignore[misc]
                for c in chains.values()
            )
        )
        style = self.plan.settings.style
        order = sorted(zip(weighed, chains.items(), strict=True), key=lambda x: (*x[0].rank(style), x[1][0]))
        chosen = 0
        if self.judge is not None:
            for i, (weight, (take, chain)) in enumerate(order):
                if weight.verdict.decision != "accepted":
                    break
                if await self._judge(asked, chain, stored, f"judge/{take}") == "accepted":
                    chosen = i
                    break
        weight, (take, chain) = order[chosen]
        verdicts = [weight.verdict, *self._own()]
        writes = {
            "think": self._derived(unit, "think", chain.model_dump_json()),
            "check": self._judged(unit, "check", verdicts),
        }
        decision = decide(verdicts)
        if text := stored.get((unit, f"judge/{take}")):
            writes["judge"] = self._derived(unit, "judge", text)
            decision = str(json.loads(text)["decision"])
        await self._commit(unit, writes)
        return decision

    async def _takes(self, asked: Asked, stored: Stored) -> dict[int, Chain]:
        """The different chains by number of the take; a take that failed is noted, and is not tried again alone."""

        async def take(t: int) -> Chain | TeacherError:
            text = stored.get((asked.unit, f"think/{t}"))
            if text is not None:
                found = json.loads(text)
                if "failed" not in found:
                    return Chain.model_validate(found)
                if not self.retry:
                    return TeacherError(found["detail"], code=found["failed"])
            result: Chain | TeacherError
            try:
                result = await self._ask("teacher", f"{asked.unit} take {t}", lambda: self._chain(asked, t))
                text = result.model_dump_json()
            except TeacherError as error:
                result, text = error, json.dumps({"failed": error.code, "detail": error.message})
            await self.ledger.commit([self._derived(asked.unit, f"think/{t}", text)])
            return result

        results = await asyncio.gather(*(take(t) for t in range(self.plan.settings.best_of)), return_exceptions=True)
        chains: dict[int, Chain] = {}
        failed: TeacherError | None = None
        for t, result in enumerate(results):
            if isinstance(result, TeacherError):
                failed = result
            elif isinstance(result, BaseException):
                raise result
            elif result not in chains.values():
                chains[t] = result
        if not chains:
            assert failed is not None
            raise failed
        return chains

    # --- what all steps share ---

    async def _step(self, unit: str, stage: str, work: Callable[[], Awaitable[T]], role: str | None = None) -> T:
        """Do a step's work, or set its unit aside. `role` names whose answer the work waits for."""
        before = self.quarantine.get((unit, stage))
        if self.stopping:
            raise Stopped
        if before is not None and not self.retry:
            raise _SetAside
        try:
            return await (work() if role is None else self._ask(role, unit, work))
        except (asyncio.CancelledError, Stopped, StopsBuild):
            raise
        except Exception as error:
            if isinstance(error, EnvironmentProblem) and not isinstance(error, WorkerDied):
                raise  # a full disk, a missing package or a dead server is not this clip's fault
            if isinstance(error, AudioReasonerError):
                code, detail = error.code, error.message
            else:
                code, detail = f"internal.{type(error).__name__}", str(error)
                log.exception("unexpected error at %s, stage %s", unit, stage)
            attempt = 1 if before is None else before.attempt + 1
            out = Quarantined(unit, stage, code, detail, attempt)
            log.info("quarantined %s at %s: [%s] %s", unit, stage, code, detail)
            await self.ledger.commit([self.ledger.put_quarantine(self.plan.plan_id, out)])
            self.tally.quarantined += before is None
            raise _SetAside from error

    async def _ask(self, role: str, unit: str, work: Callable[[], Awaitable[T]]) -> T:
        """Ask a model, waiting through an outage; what concerns everybody stops the build.

        Raises:
            Stopped: the spend cap leaves no money for this call.
            StopsBuild: the model refuses everybody, or does not answer any more.
        """
        outage = self.outages.get(role)
        if self.stopping:
            raise Stopped
        try:
            return await (work() if outage is None else outage.ask(unit, work))
        except QuotaError as error:
            if self.capped is None:
                log.warning("no more calls: %s", error.message)
            self.capped = self.capped or error
            raise Stopped from error
        except ConfigError as error:
            if not self._is_model(role):
                raise
            if error.code == "teacher.unreachable":  # the command was right: trying it again later may help
                raise StopsBuild(EnvironmentProblem(error.message, code=error.code, hint=error.hint)) from error
            raise StopsBuild(error) from error

    def _is_model(self, role: str) -> bool:
        """Whether a role is played by a language model; the grounded teacher's errors concern one clip."""
        return role != "teacher" or self.remote

    async def _commit(self, unit: str, writes: dict[str, Write], *through: str) -> None:
        """Commit a step's results by stage; what had been set aside at these stages, or at `through`, got through."""
        stages = (*writes, *through)
        cleared = [self._cleared(unit, stage) for stage in stages if self.quarantine.pop((unit, stage), None)]
        if writes or cleared:
            await self.ledger.commit([*writes.values(), *cleared])
        for stage in writes:
            if stage != FACTS:
                self.tally.step(stage)

    def _cleared(self, unit: str, stage: str) -> Write:
        self.tally.quarantined -= 1
        return self.ledger.clear_quarantine(self.plan.plan_id, unit, stage)

    def _derived(self, unit: str, stage: str, text: str) -> Write:
        return self.ledger.put_derived(self.plan.plan_id, unit, stage, text, parser_version=DERIVED_VERSION)

    def _judged(self, unit: str, stage: str, verdicts: list[Verdict]) -> Write:
        found = {"decision": decide(verdicts), "verdicts": [v.model_dump(mode="json") for v in verdicts]}
        return self._derived(unit, stage, json.dumps(found))


class StopsBuild(Exception):
    """An error that is no clip's fault; `error` is what the user is told."""

    def __init__(self, error: AudioReasonerError) -> None:
        super().__init__(str(error))
        self.error = error


class _SetAside(Exception):
    """The unit is in quarantine; its remaining steps are left out."""


def decide(verdicts: list[Verdict]) -> str:
    """'accepted' if no judge rejects and one accepts."""
    decisions = {v.decision for v in verdicts}
    return "accepted" if "accepted" in decisions and "rejected" not in decisions else "rejected"
