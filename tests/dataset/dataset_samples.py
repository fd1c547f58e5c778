"""Clips and samples for the data set tests: made here, never stored (but for the version-1 fixture)."""

from __future__ import annotations

import numpy as np

from audio_reasoner.core import ids
from audio_reasoner.core.chain import Chain
from audio_reasoner.core.records import (
    AudioRef,
    Clip,
    Event,
    Finding,
    Label,
    Provenance,
    Question,
    Sample,
    Timeline,
    Turn,
    Verdict,
)
from audio_reasoner.dataset import Row, row_of


def make_clip(n: int, source: str = "complex", path: str | None = None, content_key: str | None = None) -> Clip:
    """A one-second clip: synthetic unless a path is given."""
    recipe = {"kind": "beep", "hz": 200 + 10 * n, "gain": -6.5}
    source_id = f"{source}-{n:06d}"
    return Clip(
        clip_id=ids.clip_id(source, source_id, 0, None),
        source=source,
        source_id=source_id,
        audio=AudioRef(path=path) if path else AudioRef(recipe=recipe),
        content_key=content_key or ids.content_key_of_recipe(recipe),
        duration_s=1.0,
        domains=("sound",),
        labels=(Label(kind="tag", value="Hündin 🐕"), Label(kind="caption", value="ein Hund bellt", language="de")),
        licence="CC0-1.0",
        group=f"g{n // 2}",
        timeline=None
        if path
        else Timeline(sample_rate=16000, length=16000, events=(Event(start=0, end=8000, label="beep", gain_db=-3.0),)),
    )


def make_sample(
    n: int, clip: Clip | None = None, options: tuple[str, ...] = ("bell", "dog — Hündin", "siren"), text: str = ""
) -> Sample:
    clip = clip or make_clip(n)
    question = Question(
        task="sound_qa",
        family="first",
        text=text or f"Which sound comes first in clip {n}?",
        options=options,
        gold_text=options[n % len(options)] if options else "a bell",
        gold_index=n % len(options) if options else None,
        difficulty=1 + n % 3,
    )
    gold = f"({chr(97 + (question.gold_index or 0))}) {question.gold_text}" if options else question.gold_text
    return Sample(
        sample_id=ids.sample_id(clip.clip_id, question.text, options, "p1"),
        clip=clip,
        question=question,
        chain=Chain(
            planning="Listen in order.",
            caption="A beep sounds from 0.0 s to 0.5 s. 日本語",
            reasoning=f"Step {n}: the first sound decides.",
            summary="The first sound is clear.",
            response=gold,
        ),
        verdicts=(Verdict(judge="checks", decision="accepted", findings=(Finding(code="ok.é", detail="fine"),)),),
        provenance=Provenance(plan_id="p1", teacher="grounded", model="grounded/1", checks_version="checks/1"),
    )


def make_rows(n: int) -> list[Row]:
    return [row_of(make_sample(i)) for i in range(n)]


def make_dialogue(n: int) -> Row:
    """The row of a dialogue: two earlier turns, then the question of `make_sample(n)`."""
    sample = make_sample(n)
    turns = (
        Turn(question="Is it a bell?", options=("yes", "no"), response="(b) no"),
        Turn(question="How loud is it?", response="It is quiet."),
    )
    name = ids.sample_id(
        sample.clip.clip_id, sample.question.text, sample.question.options, "p1", tuple(t.question for t in turns)
    )
    return row_of(sample.model_copy(update={"sample_id": name, "history": turns}))


def beep(row: Row) -> np.ndarray:
    """What `cota.sample_audio` gives: 16 kHz mono float32; here a tone that depends on the clip."""
    hz = 200 + ids.derive_seed(1, row.clip_id) % 1000
    return (0.3 * np.sin(2 * np.pi * hz * np.arange(16000) / 16000)).astype(np.float32)
