"""From the ledger to the rows of the data set.

Decision: a pure function of (clips, ledger, plan). Only clips that the plan has finished count, so an interrupted clip
gives all of its samples or none; only accepted samples become rows, the others stay in the ledger with their reasons.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from audio_reasoner.clients.ledger import LedgerReader
from audio_reasoner.core import ids
from audio_reasoner.core.chain import Chain
from audio_reasoner.core.errors import IntegrityError
from audio_reasoner.core.records import Annotation, Clip, Provenance, Sample, Verdict
from audio_reasoner.core.run import RunDir
from audio_reasoner.cota.pipeline import unit_of
from audio_reasoner.dataset import Row, read_clips, row_of


def samples_of_plan(run: RunDir, ledger: LedgerReader, plan_id: str) -> Iterator[tuple[Sample, str]]:
    """All judged samples of a plan's finished clips with their decision, in order of clip_id.

    Raises:
        IntegrityError: the ledger knows no such plan.
    """
    config = ledger.plan(plan_id)
    if config is None:
        raise IntegrityError(f"{ledger.path} knows no plan {plan_id}.", code="ledger.no_plan")
    made = Provenance(
        plan_id=plan_id,
        teacher=config["settings"]["teacher"],
        model=config["versions"]["teacher"],
        prompt_sha=config.get("prompt_sha", ""),
        checks_version=config["versions"]["checks"],
    )
    done = ledger.done_clips(plan_id)
    for clip in read_clips(run.path):
        if clip.clip_id in done:
            yield from _samples_of_clip(clip, ledger.derived(plan_id, clip.clip_id), made)


def _samples_of_clip(clip: Clip, stored: dict[tuple[str, str], str], made: Provenance) -> Iterator[tuple[Sample, str]]:
    text = stored.get((clip.clip_id, "annotate"))
    if text is None:
        return
    for k, question in enumerate(Annotation.model_validate_json(text).questions):
        unit = unit_of(clip, k)
        if (unit, "check") not in stored:
            continue
        judged = json.loads(stored[unit, "check"])
        sample = Sample(
            sample_id=ids.sample_id(clip.clip_id, question.text, question.options, made.plan_id),
            clip=clip,
            question=question,
            chain=Chain.model_validate_json(stored[unit, "think"]),
            verdicts=tuple(Verdict.model_validate(v) for v in judged["verdicts"]),
            provenance=made,
        )
        yield sample, judged["decision"]


def rows_of_plan(run: RunDir, ledger: LedgerReader, plan_id: str) -> Iterator[Row]:
    """The rows of the data set: the accepted samples."""
    for sample, decision in samples_of_plan(run, ledger, plan_id):
        if decision == "accepted":
            yield row_of(sample)
