"""A training sample as one flat row, the shape in which data sets are stored, counted and exported.

Decision: the columns are a public format (docs/data-format.md). A row carries everything a trainer or an auditor needs
except the sound itself, which stays where it is: `audio_path` names the file, or ``recipe:<clip_id>`` for a synthetic
clip whose recipe stands in run/clips. The row of a dialogue is the row of its last turn; what was said before stands in
`history`, as the model will have seen it: questions and responses, without the earlier THINK parts.
"""

from __future__ import annotations

import json
from typing import Any, Self

from pydantic import Field, model_validator

from audio_reasoner.core.chain import Chain
from audio_reasoner.core.ids import canonical_json
from audio_reasoner.core.records import Domain, Question, Record, Sample, Task, Turn, Verdict

SCHEMA_VERSION = 2
RECIPE_PREFIX = "recipe:"


class Row(Record):
    """One row of a data set. Units: `duration_s` seconds; `difficulty` 1 to 3; `gold_index` counts from 0.

    `audio_bytes` is set only where the sound travels with the row (an import); `split` is None until somebody splits.
    `solver_accuracy` (hearing the clip), `blind_accuracy` (not hearing it) and `audio_dependence` are shares in 0..1,
    None where no solver was asked; then `difficulty` is what the question's author meant, else what the solver found.
    """

    sample_id: str
    clip_id: str
    group: str
    split: str | None = None
    audio_bytes: bytes | None = None
    audio_path: str
    content_key: str
    duration_s: float = Field(gt=0)
    domains: tuple[Domain, ...]
    task: Task
    family: str
    source: str
    source_id: str
    licence: str | None = None
    language: str | None = None
    history: tuple[Turn, ...] = ()
    question: str
    options: tuple[str, ...] = ()
    gold_text: str
    gold_index: int | None = None
    difficulty: int = Field(ge=1, le=3)
    planning: str
    caption: str
    reasoning: str
    summary: str
    response: str
    teacher: str
    model: str
    prompt_sha: str = ""
    verdicts: tuple[Verdict, ...] = ()
    checks_version: str
    solver_accuracy: float | None = None
    blind_accuracy: float | None = None
    audio_dependence: float | None = None
    label_noise: bool | None = None

    @model_validator(mode="after")
    def _gold_is_an_option(self) -> Self:
        at = self.gold_index
        if at is not None and not (0 <= at < len(self.options) and self.options[at] == self.gold_text):
            raise ValueError(f"gold_index {at} does not name {self.gold_text!r} among {len(self.options)} options")
        return self

    @property
    def asked(self) -> Question:
        """The question with its gold answer, as the engine knew it."""
        return Question(
            task=self.task,
            family=self.family,
            text=self.question,
            options=self.options,
            gold_text=self.gold_text,
            gold_index=self.gold_index,
            difficulty=self.difficulty,
        )

    @property
    def synthetic(self) -> bool:
        """Whether the clip is rendered from a recipe rather than read from a file."""
        return self.audio_path.startswith(RECIPE_PREFIX)

    def chain(self) -> Chain:
        """The five sections as a chain (validated again: a stored section with a tag in it raises ValueError)."""
        return Chain(
            planning=self.planning,
            caption=self.caption,
            reasoning=self.reasoning,
            summary=self.summary,
            response=self.response,
        )


COLUMNS = tuple("audio" if name == "audio_path" else name for name in Row.model_fields if name != "audio_bytes")
SINCE_VERSION_2 = frozenset({"history", "solver_accuracy", "blind_accuracy", "audio_dependence", "label_noise"})
"""Columns that data of version 1 lacks; a row read from it has the field's default."""
REQUIRED = tuple(name for name in COLUMNS if name not in SINCE_VERSION_2)
"""Columns that every version has."""


def row_of(sample: Sample) -> Row:
    """Flatten a sample. Nothing is lost but the clip's labels and timeline, which stay in run/clips under `clip_id`."""
    clip, question, chain, made, solve = sample.clip, sample.question, sample.chain, sample.provenance, sample.solve
    return Row(
        sample_id=sample.sample_id,
        clip_id=clip.clip_id,
        group=clip.group,
        split=clip.split,
        audio_path=clip.audio.path if clip.audio.path is not None else f"{RECIPE_PREFIX}{clip.clip_id}",
        content_key=clip.content_key,
        duration_s=clip.duration_s,
        domains=clip.domains,
        task=question.task,
        family=question.family,
        source=clip.source,
        source_id=clip.source_id,
        licence=clip.licence,
        language=clip.language,
        history=sample.history,
        question=question.text,
        options=question.options,
        gold_text=question.gold_text,
        gold_index=question.gold_index,
        difficulty=question.difficulty if solve is None or solve.difficulty is None else solve.difficulty,
        planning=chain.planning,
        caption=chain.caption,
        reasoning=chain.reasoning,
        summary=chain.summary,
        response=chain.response,
        teacher=made.teacher,
        model=made.model,
        prompt_sha=made.prompt_sha,
        verdicts=sample.verdicts,
        checks_version=made.checks_version,
        solver_accuracy=None if solve is None else solve.accuracy,
        blind_accuracy=None if solve is None else solve.blind,
        audio_dependence=None if solve is None else solve.audio_dependence,
        label_noise=None if solve is None else solve.label_noise,
    )


def arrow_fields(audio: Any = None) -> list[Any]:
    """The columns as Arrow fields, in their documented order."""
    import pyarrow as pa

    text = pa.string()
    types: dict[str, Any] = dict.fromkeys(COLUMNS, text)
    types |= {
        "audio": audio or pa.struct([pa.field("bytes", pa.binary()), pa.field("path", text)]),
        "duration_s": pa.float64(),
        "domains": pa.list_(text),
        "options": pa.list_(text),
        "gold_index": pa.int32(),
        "difficulty": pa.int32(),
        "solver_accuracy": pa.float64(),
        "blind_accuracy": pa.float64(),
        "audio_dependence": pa.float64(),
        "label_noise": pa.bool_(),
    }
    optional = {"split", "licence", "language", "gold_index", *(SINCE_VERSION_2 - {"history"})}
    return [pa.field(name, types[name], nullable=name in optional) for name in COLUMNS]


def to_dict(row: Row) -> dict[str, Any]:
    """The row as it goes into Parquet."""
    fields: dict[str, Any] = {name: getattr(row, name) for name in COLUMNS if name != "audio"}
    fields["audio"] = {"bytes": row.audio_bytes, "path": row.audio_path}
    fields["domains"] = list(row.domains)
    fields["options"] = list(row.options)
    fields["history"] = canonical_json([t.model_dump() for t in row.history]).decode("utf-8") if row.history else "[]"
    fields["verdicts"] = canonical_json([v.model_dump() for v in row.verdicts]).decode("utf-8")
    return fields


def from_dict(fields: dict[str, Any]) -> Row:
    """The opposite of `to_dict`.

    Raises:
        ValueError: the stored fields are no valid row.
    """
    audio = fields.pop("audio")
    fields["audio_bytes"] = audio["bytes"]
    fields["audio_path"] = audio["path"]
    fields["verdicts"] = json.loads(fields["verdicts"])
    fields["history"] = json.loads(fields.get("history", "[]"))  # version 1 knew no dialogues
    return Row(**fields)
