"""Deterministic judgements of a sample: structure, gold reached, leaks, claims against the timeline.

Decision: cheap, repeatable checks come before any opinion of a model. A chain with a finding is rejected; the
finding's code is the reason under which it is counted and stored.
"""

from __future__ import annotations

from audio_reasoner.checks.annotation import check_annotation
from audio_reasoner.checks.claims import claims_of
from audio_reasoner.checks.rules import all_findings
from audio_reasoner.core.chain import Chain
from audio_reasoner.core.records import Annotation, Clip, Evidence, Question, Verdict

__all__ = ["CHECKS_VERSION", "check_annotation", "check_sample", "claims_of"]

CHECKS_VERSION = "checks/4"
"""Goes up whenever a rule changes what it accepts."""


def check_sample(
    clip: Clip,
    evidence: Evidence | None,
    annotation: Annotation | None,
    question: Question,
    chain: Chain,
) -> Verdict:
    """Judge one sample.

    Returns:
        A verdict of judge "checks": accepted, or rejected with one finding per reason.
    """
    findings = all_findings(clip, evidence, annotation, question, chain)
    return Verdict(judge="checks", decision="rejected" if findings else "accepted", findings=findings)
