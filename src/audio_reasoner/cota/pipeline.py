"""From one clip to its samples: the steps, in the order in which they happen.

Decision: one coroutine per clip walks the steps; each step's result is committed to the ledger before the next begins,
and a step whose result stands there already is not done again. Nothing waits for other clips. A step that fails puts
its unit (the clip, or one question of it) into quarantine with code and reason; the other questions go on.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from audio_reasoner.clients.ledger import Ledger, Quarantined, Write
from audio_reasoner.compute import Batcher, WorkerDied
from audio_reasoner.core import ids
from audio_reasoner.core.chain import Chain
from audio_reasoner.core.errors import AudioReasonerError, EnvironmentProblem, InputError, TeacherError
from audio_reasoner.core.records import Annotation, Clip, Evidence, Finding, Question, Verdict
from audio_reasoner.cota.plan import DERIVED_VERSION, Plan
from audio_reasoner.teachers import Teacher

log = logging.getLogger(__name__)
STEPS = ("evidence", "annotate", "think", "check")
T = TypeVar("T")


class Stopped(Exception):
    """The user wants to stop: no further step is begun. What is committed stays."""


@dataclass
class Tally:
    """What became of the clips and questions of a plan so far; equal to what the ledger holds."""

    clips: int = 0
    accepted: int = 0
    rejected: int = 0
    quarantined: int = 0


@dataclass
class Pipeline:
    """The steps with what they need. `retry` holds the quarantined units that may be tried once more."""

    plan: Plan
    teacher: Teacher
    ledger: Ledger
    batcher: Batcher
    quarantine: dict[tuple[str, str], Quarantined] = field(default_factory=dict)
    retry: bool = False
    tally: Tally = field(default_factory=Tally)
    stopping: bool = False

    async def clip_to_samples(self, clip: Clip, seq: int) -> None:
        """All steps of one clip.

        Raises:
            Stopped: `stopping` was set meanwhile.
            EnvironmentProblem: the machine cannot go on (a full disk).
        """
        unit = clip.clip_id
        stored = self.ledger.derived(self.plan.plan_id, unit)
        try:
            evidence = await self._evidence(clip)
            annotation = await self._annotate(clip, evidence, stored)
        except _SetAside:
            pass
        else:
            asked = [self._question(clip, evidence, annotation, k, stored) for k in range(len(annotation.questions))]
            for result in await asyncio.gather(*asked, return_exceptions=True):
                if isinstance(result, BaseException):
                    raise result
        await self.ledger.commit([self.ledger.put_done(unit, seq, self.plan.plan_id)])
        self.tally.clips += 1

    async def _evidence(self, clip: Clip) -> Evidence:
        version = self.plan.evidence_version
        known = self.ledger.evidence(clip.content_key, version)
        measured = await self._step(clip.clip_id, "evidence", self.batcher.run(_listen, (clip, known is None), stage=0))
        if known is not None:
            if (clip.clip_id, "evidence") in self.quarantine:
                await self.ledger.commit([self._cleared(clip.clip_id, "evidence")])
            return Evidence.model_validate_json(known)
        assert measured is not None
        await self._commit(
            clip.clip_id, "evidence", self.ledger.put_evidence(clip.content_key, version, measured.model_dump_json())
        )
        return measured

    async def _annotate(self, clip: Clip, evidence: Evidence, stored: dict[tuple[str, str], str]) -> Annotation:
        if text := stored.get((clip.clip_id, "annotate")):
            return Annotation.model_validate_json(text)
        annotation = await self._step(clip.clip_id, "annotate", self._checked_annotation(clip, evidence))
        await self._commit(
            clip.clip_id, "annotate", self._derived(clip.clip_id, "annotate", annotation.model_dump_json())
        )
        return annotation

    async def _checked_annotation(self, clip: Clip, evidence: Evidence) -> Annotation:
        annotation = await self.teacher.annotate(clip, evidence)
        if not annotation.questions:
            raise TeacherError(f"The teacher asked nothing about clip {clip.clip_id}.", code="teacher.no_questions")
        return annotation

    async def _question(
        self, clip: Clip, evidence: Evidence, annotation: Annotation, k: int, stored: dict[tuple[str, str], str]
    ) -> None:
        unit = unit_of(clip, k)
        question = annotation.questions[k]
        try:
            chain = await self._think(unit, clip, evidence, annotation, question, k, stored)
            await self._check(unit, clip, evidence, annotation, question, chain, stored)
        except _SetAside:
            pass

    async def _think(
        self,
        unit: str,
        clip: Clip,
        evidence: Evidence,
        annotation: Annotation,
        question: Question,
        k: int,
        stored: dict[tuple[str, str], str],
    ) -> Chain:
        if text := stored.get((unit, "think")):
            return Chain.model_validate_json(text)

        async def think() -> Chain:
            same = [q for q in annotation.questions[:k] if (q.text, q.options) == (question.text, question.options)]
            if same:
                raise TeacherError(f"The teacher asked {question.text!r} twice.", code="teacher.duplicate_question")
            return await self.teacher.think(clip, evidence, annotation, question)

        chain = await self._step(unit, "think", think())
        await self._commit(unit, "think", self._derived(unit, "think", chain.model_dump_json()))
        return chain

    async def _check(
        self,
        unit: str,
        clip: Clip,
        evidence: Evidence,
        annotation: Annotation,
        question: Question,
        chain: Chain,
        stored: dict[tuple[str, str], str],
    ) -> None:
        text = stored.get((unit, "check"))
        if text is None:
            item = (clip, evidence, annotation, question, chain)
            verdict = await self._step(unit, "check", self.batcher.run(_check, item, stage=3))
            verdicts = [verdict]
            if not self.teacher.judges_itself:
                own = Finding(code="judge.own_sample", detail=f"{self.teacher.name} does not judge its own samples")
                verdicts.append(Verdict(judge=self.teacher.name, decision="not_applicable", findings=(own,)))
            decision = decide(verdicts)
            text = json.dumps({"decision": decision, "verdicts": [v.model_dump(mode="json") for v in verdicts]})
            await self._commit(unit, "check", self._derived(unit, "check", text))
            if decision == "accepted":
                self.tally.accepted += 1
            else:
                self.tally.rejected += 1

    # --- what all steps share ---

    async def _step(self, unit: str, stage: str, work: Awaitable[T]) -> T:
        """Do a step's work, or set its unit aside."""
        before = self.quarantine.get((unit, stage))
        if self.stopping or (before is not None and not self.retry):
            if asyncio.iscoroutine(work):
                work.close()
            if self.stopping:
                raise Stopped
            raise _SetAside
        try:
            return await work
        except (asyncio.CancelledError, Stopped):
            raise
        except Exception as error:
            if isinstance(error, EnvironmentProblem) and not isinstance(error, WorkerDied):
                raise  # a full disk or a missing package is not this clip's fault
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

    async def _commit(self, unit: str, stage: str, write: Write) -> None:
        writes = [write]
        if (unit, stage) in self.quarantine:
            writes.append(self._cleared(unit, stage))
        await self.ledger.commit(writes)

    def _cleared(self, unit: str, stage: str) -> Write:
        self.tally.quarantined -= 1
        return self.ledger.clear_quarantine(self.plan.plan_id, unit, stage)

    def _derived(self, unit: str, stage: str, text: str) -> Write:
        return self.ledger.put_derived(self.plan.plan_id, unit, stage, text, parser_version=DERIVED_VERSION)


class _SetAside(Exception):
    """The unit is in quarantine; its remaining steps are left out."""


def unit_of(clip: Clip, k: int) -> str:
    """Ledger unit of a clip's question number k."""
    return f"{clip.clip_id}/{k}"


def decide(verdicts: list[Verdict]) -> str:
    """'accepted' if no judge rejects and one accepts."""
    decisions = {v.decision for v in verdicts}
    return "accepted" if "accepted" in decisions and "rejected" not in decisions else "rejected"


# --- what runs in the workers ---


def verify_clip(clip: Clip) -> None:
    """Make sure that the clip still sounds as it did when it was listed.

    Raises:
        InputError: audio.missing, clip.changed.
    """
    if clip.audio.path is None:
        assert clip.audio.recipe is not None
        key = ids.content_key_of_recipe(clip.audio.recipe)
        where = f"the recipe of {clip.source_id}"
    else:
        path = Path(clip.audio.path)
        where = str(path)
        try:
            key = ids.content_key_of_span(ids.file_sha256(path), clip.start_ms, clip.end_ms)
        except FileNotFoundError as error:
            raise InputError(f"{path} is not there any more.", code="audio.missing") from error
        except OSError as error:
            raise InputError(f"{path} cannot be read: {error.strerror}.", code="audio.unreadable") from error
    if key != clip.content_key:
        raise InputError(
            f"{where} has changed since the clips were listed.",
            code="clip.changed",
            hint="List the clips again with `audio-reasoner clips`.",
        )


def _listen(item: tuple[Clip, bool]) -> Evidence | None:
    clip, measure = item
    verify_clip(clip)
    if not measure:
        return None
    from audio_reasoner import evidence, synth

    return evidence.measure(synth.clip_audio(clip), clip.content_key)


def _check(item: tuple[Clip, Evidence, Annotation, Question, Chain]) -> Verdict:
    from audio_reasoner import checks

    return checks.check_sample(*item)
