"""What the steps of a clip compute, in the processes of the pool: listening, checking, weighing chains.

Decision: plain functions of plain values, which is what a worker process can be sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from audio_reasoner.core import ids
from audio_reasoner.core.chain import Chain
from audio_reasoner.core.errors import InputError
from audio_reasoner.core.records import Annotation, Clip, Evidence, Finding, Question, Verdict


@dataclass(frozen=True)
class Asked:
    """A question on its way to a sample. `k` is its place in the annotation; -1 for the caption."""

    unit: str
    clip: Clip
    evidence: Evidence
    annotation: Annotation
    question: Question
    k: int


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


def listen(item: tuple[Clip, bool]) -> Evidence | None:
    """What is measured of a clip that still sounds as when it was listed; nothing if that is not wanted.

    Raises:
        InputError: as `verify_clip`.
    """
    clip, measure = item
    verify_clip(clip)
    if not measure:
        return None
    from audio_reasoner import evidence, synth

    # A timeline tells better who speaks and how the beat goes.
    return evidence.measure(synth.clip_audio(clip), clip.content_key, speech=clip.timeline is None)


def question_findings(asked: Asked) -> tuple[Finding, ...]:
    """What is wrong with a question before anybody answers it (for the caption's, with the caption)."""
    from audio_reasoner import checks

    alone = () if asked.k < 0 else (asked.question,)
    annotation = Annotation(caption=asked.annotation.caption if asked.k < 0 else "-", questions=alone)
    return checks.check_annotation(asked.clip, asked.evidence, annotation)


def check(item: tuple[Asked, Chain]) -> Verdict:
    """The word of the deterministic checks."""
    from audio_reasoner import checks

    asked, chain = item
    return checks.check_sample(asked.clip, asked.evidence, asked.annotation, asked.question, chain)


@dataclass(frozen=True)
class Weight:
    """What speaks for one of several chains."""

    verdict: Verdict
    supported: int
    contradicted: int
    words: int

    def rank(self, style: str) -> tuple[int, int, int, int]:
        """The smaller the better: checks, then claims, then how far the length is from what the style aims at."""
        aim = 350 if style == "full" else 60
        rejected = self.verdict.decision != "accepted"
        return (
            len(self.verdict.findings) + 1 if rejected else 0,
            self.contradicted,
            -self.supported,
            abs(self.words - aim),
        )


def weigh(item: tuple[Asked, Chain]) -> Weight:
    """The word of the checks on one of several chains, and what else speaks for it."""
    from audio_reasoner import checks

    asked, chain = item
    claims = checks.claims_of(asked.clip, asked.question, chain, asked.evidence)
    return Weight(
        verdict=check(item),
        supported=sum(c.status == "supported" for c in claims),
        contradicted=sum(c.status == "contradicted" for c in claims),
        words=sum(len(str(text).split()) for text in chain.model_dump().values()),
    )
