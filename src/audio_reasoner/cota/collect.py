"""From the ledger to the rows of the data set.

Decision: a pure function of (clips, ledger, plan, filter). Only clips that the plan has finished count, so an
interrupted clip gives all of its samples or none; only accepted samples that the filter keeps become rows, the others
stay in the ledger with their reasons. A dialogue is made of a clip's kept questions, in their order: the earlier ones
with their responses alone, the last one with its chain.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from audio_reasoner.clients.ledger import LedgerReader
from audio_reasoner.core import ids
from audio_reasoner.core.chain import Chain
from audio_reasoner.core.errors import IntegrityError
from audio_reasoner.core.records import Annotation, Clip, Provenance, Question, Sample, Turn, Verdict
from audio_reasoner.core.run import RunDir
from audio_reasoner.cota import solver
from audio_reasoner.cota.keep import keep_of, why_left_out
from audio_reasoner.cota.plan import Keep
from audio_reasoner.cota.units import CAPTION, Roles, caption_question, outcome, roles_of, unit_of
from audio_reasoner.dataset import Row, read_clips, row_of


@dataclass(frozen=True)
class _Of:
    """What all samples of a plan have in common."""

    made: Provenance
    roles: Roles
    keep: Keep
    captions: bool
    dialogues: bool
    seed: int


def samples_of_plan(run: RunDir, ledger: LedgerReader, plan_id: str) -> Iterator[tuple[Sample, str]]:
    """All judged samples of a plan's finished clips with what became of them, in order of clip_id.

    That is "accepted", "rejected", or "filtered" for an accepted one that the filter leaves out.

    Raises:
        IntegrityError: the ledger knows no such plan.
    """
    config = ledger.plan(plan_id)
    if config is None:
        raise IntegrityError(f"{ledger.path} knows no plan {plan_id}.", code="ledger.no_plan")
    settings = config["settings"]
    of = _Of(
        made=Provenance(
            plan_id=plan_id,
            teacher=config.get("teacher", settings["teacher"]),
            model=config["versions"]["teacher"],
            prompt_sha=config.get("prompt_sha", ""),
            checks_version=config["versions"]["checks"],
        ),
        roles=roles_of(config),
        keep=keep_of(ledger, plan_id),
        captions=settings.get("captions", False),
        dialogues=settings.get("dialogues", False),
        seed=settings["seed"],
    )
    done = ledger.done_clips(plan_id)
    for clip in read_clips(run.path):
        if clip.clip_id in done:
            yield from _samples_of_clip(clip, ledger.derived(plan_id, clip.clip_id), of)


def _samples_of_clip(clip: Clip, stored: dict[tuple[str, str], str], of: _Of) -> Iterator[tuple[Sample, str]]:
    text = stored.get((clip.clip_id, "annotate"))
    if text is None:
        return
    annotation = Annotation.model_validate_json(text)
    kept: list[Sample] = []
    for k, question in enumerate(annotation.questions):
        found = _sample(clip, question, unit_of(clip.clip_id, k), stored, of)
        if found is not None:
            yield found
            if found[1] == "accepted" and question.task != CAPTION:
                kept.append(found[0])
    if of.captions:
        question_caption = caption_question(clip, annotation, of.seed)
        if question_caption is not None:
            found = _sample(clip, question_caption, unit_of(clip.clip_id, CAPTION), stored, of)
            if found is not None:
                yield found
    if of.dialogues and len(kept) > 1:
        yield _dialogue(kept, of), "accepted"


def _sample(
    clip: Clip, question: Question, unit: str, stored: dict[tuple[str, str], str], of: _Of
) -> tuple[Sample, str] | None:
    decision = outcome(stored, unit, of.roles)
    if decision is None or (unit, "think") not in stored:  # a question that was rejected before it had a chain
        return None
    verdicts = [
        Verdict.model_validate(v)
        for stage in ("check", "judge")
        if (unit, stage) in stored
        for v in json.loads(stored[unit, stage])["verdicts"]
    ]
    solved = stored.get((unit, "solve"))
    sample = Sample(
        sample_id=ids.sample_id(clip.clip_id, question.text, question.options, of.made.plan_id),
        clip=clip,
        question=question,
        chain=Chain.model_validate_json(stored[unit, "think"]),
        verdicts=tuple(verdicts),
        solve=None if solved is None or not question.options else solver.from_json(solved),
        provenance=of.made,
    )
    if decision == "accepted" and why_left_out(of.keep, sample.solve) is not None:
        decision = "filtered"
    return sample, decision


def _dialogue(samples: list[Sample], of: _Of) -> Sample:
    """One row for all of a clip's kept questions; it has no solver's figures, which were found without history."""
    last = samples[-1]
    earlier = samples[:-1]
    question = last.question
    return last.model_copy(
        update={
            "sample_id": ids.sample_id(
                last.clip.clip_id,
                question.text,
                question.options,
                of.made.plan_id,
                tuple(s.question.text for s in earlier),
            ),
            "history": tuple(
                Turn(question=s.question.text, options=s.question.options, response=s.chain.response) for s in earlier
            ),
            "solve": None,
        }
    )


def rows_of_plan(run: RunDir, ledger: LedgerReader, plan_id: str) -> Iterator[Row]:
    """The rows of the data set: the accepted samples that the filter keeps."""
    for sample, decision in samples_of_plan(run, ledger, plan_id):
        if decision == "accepted":
            yield row_of(sample)
