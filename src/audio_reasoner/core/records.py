"""The records that travel through the system (the words of the project, one class each).

Decision: frozen pydantic models that refuse unknown fields. A record read from disk is validated once, at the border;
inside it is a plain value. Every method returns a new value. `Chain` lives in `chain.py`, because its text form has
rules of its own.
"""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from audio_reasoner.core.chain import TAG_LITERALS, Chain

Domain = Literal["sound", "speech", "music"]
Task = Literal[
    "sound_qa", "speech_qa", "ser", "s2tt", "music_qa", "sarcasm", "multi_speaker", "complex_audio", "caption"
]
LabelKind = Literal[
    "tag",
    "caption",
    "transcript",
    "translation",
    "emotion",
    "sarcasm",
    "speaker",
    "tempo",
    "key",
    "chords",
    "genre",
    "instrument",
]
Decision = Literal["accepted", "rejected", "not_applicable"]
ClaimKind = Literal["count", "order", "time", "duration", "silence", "speech", "speakers", "overlap", "loudness"]
ClaimStatus = Literal["supported", "contradicted", "undecidable"]
Style = Literal["full", "brief"]
Role = Literal["foreground", "background"]


class Record(BaseModel):
    """Base of all records: immutable, strict about unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Label(Record):
    """A simple annotation: what somebody said about a clip ("original data item" in the paper's Figure 3)."""

    kind: LabelKind
    value: str = Field(min_length=1)
    language: str | None = None


class Event(Record):
    """One sound in a synthetic clip.

    `start` and `end` are sample offsets, half-open; `gain_db` is relative to the bank level. `role` tells a sound that
    goes on beneath the others from those that are to be counted and ordered; `style` is the prosody class of a turn or
    the manner in which a phrase is played.
    """

    start: int = Field(ge=0)
    end: int
    label: str = Field(min_length=1)
    speaker: str | None = None
    text: str | None = None
    gain_db: float = 0.0
    role: Role = "foreground"
    style: str | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.end <= self.start:
            raise ValueError(f"event {self.label!r} ends at {self.end}, not after its start {self.start}")
        return self


class Fact(Record):
    """Something true of a made clip that no single event says: a key, a speaker's opinion, a change of mind.

    `subject` is whom or what it is about (a speaker, an instrument), `events` are the places in the timeline's events
    that show it.
    """

    kind: str = Field(min_length=1)
    value: str = Field(min_length=1)
    subject: str | None = None
    events: tuple[int, ...] = ()


class Timeline(Record):
    """What really happens in a synthetic clip (paper, appendix B): events in order of their start.

    `length` is the clip's length in samples at `sample_rate` Hz; `facts` is what its maker knows beyond the events.
    """

    sample_rate: int = Field(gt=0)
    length: int = Field(gt=0)
    events: tuple[Event, ...]
    facts: tuple[Fact, ...] = ()

    @model_validator(mode="after")
    def _inside(self) -> Self:
        starts = [e.start for e in self.events]
        if starts != sorted(starts):
            raise ValueError("events must be in order of their start")
        for e in self.events:
            if e.end > self.length:
                raise ValueError(f"event {e.label!r} ends at sample {e.end}, after the clip's end {self.length}")
        for f in self.facts:
            if not all(0 <= i < len(self.events) for i in f.events):
                raise ValueError(f"the fact {f.kind!r} points to events {f.events} of {len(self.events)}")
        return self

    def seconds(self, samples: int) -> float:
        """Sample offset to seconds."""
        return samples / self.sample_rate


class AudioRef(Record):
    """Where a clip's sound comes from: a file on disk (with a member for archives) or a recipe that renders it.

    `sources` is the file in which the recordings that a recipe names by content key are found; no hash depends on it.
    """

    path: str | None = None
    member: str | None = None
    recipe: dict[str, Any] | None = None
    sources: str | None = None

    @model_validator(mode="after")
    def _one_home(self) -> Self:
        if (self.path is None) == (self.recipe is None):
            raise ValueError("an audio reference has either a path or a recipe")
        return self


class EvidenceItem(Record):
    """One thing known about a clip besides its labels.

    `source` says who knows it ("measured:loudness/1", "user:asr"); `error` is the estimator's measured error rate in
    0..1 (None: not measured, so the grounded teacher must not speak of it).
    """

    name: str
    value: Any
    unit: str = ""
    source: str
    error: float | None = None


class Clip(Record):
    """A span of an audio file, or a recipe, with what is known about it.

    Units: `duration_s` seconds; `start_ms`, `end_ms` milliseconds, `end_ms` None for the end of the file. `group` names
    what must stay on one side of a split (recording, speaker, dialogue). `evidence` is what the user brought (ASR,
    tags, RTTM, beats); what we measure stands in the ledger.
    """

    clip_id: str
    source: str
    source_id: str
    audio: AudioRef
    content_key: str = Field(min_length=64, max_length=64)
    duration_s: float = Field(gt=0)
    start_ms: int = Field(default=0, ge=0)
    end_ms: int | None = None
    domains: tuple[Domain, ...] = Field(min_length=1)
    labels: tuple[Label, ...] = ()
    licence: str | None = None
    language: str | None = None
    group: str
    split: str | None = None
    timeline: Timeline | None = None
    evidence: tuple[EvidenceItem, ...] = ()

    def labels_of(self, kind: LabelKind) -> tuple[str, ...]:
        """Values of all labels of one kind, in their order."""
        return tuple(x.value for x in self.labels if x.kind == kind)


class Evidence(Record):
    """All evidence about one clip, by content key; `version` names the estimators."""

    content_key: str
    version: str
    items: tuple[EvidenceItem, ...] = ()

    def get(self, name: str) -> EvidenceItem | None:
        """The item of that name, or None."""
        return next((i for i in self.items if i.name == name), None)


class Question(Record):
    """A question about a clip. `options` is empty for an open question; then `gold_index` is None.

    `family` is the question type ("order", "count", …) by which accuracy is reported.
    """

    task: Task
    family: str
    text: str = Field(min_length=1)
    options: tuple[str, ...] = ()
    gold_text: str = Field(min_length=1)
    gold_index: int | None = None
    difficulty: int = Field(ge=1, le=3)

    @model_validator(mode="after")
    def _gold_is_an_option(self) -> Self:
        if not self.options:
            if self.gold_index is not None:
                raise ValueError("an open question has no gold_index")
            return self
        if not 2 <= len(self.options) <= 26:
            raise ValueError(f"{len(self.options)} options; 2 to 26 are possible")
        if self.gold_index is None or not 0 <= self.gold_index < len(self.options):
            raise ValueError(f"gold_index {self.gold_index} names none of {len(self.options)} options")
        if self.options[self.gold_index] != self.gold_text:
            raise ValueError(
                f"gold_text {self.gold_text!r} is not option {self.gold_index} ({self.options[self.gold_index]!r})"
            )
        return self


class Annotation(Record):
    """Stage 1 (Annotator): a detailed caption and the questions of one clip."""

    caption: str = Field(min_length=1)
    questions: tuple[Question, ...]


class Finding(Record):
    """One reason of a judge: a stable code and a sentence."""

    code: str
    detail: str


class Verdict(Record):
    """Stage 3 (Discriminator): who judged, how, and why."""

    judge: str
    decision: Decision
    findings: tuple[Finding, ...] = ()


class Claim(Record):
    """One checkable statement of a caption or chain and what the truth says of it. `section` is where it stands."""

    kind: ClaimKind
    section: str
    text: str
    status: ClaimStatus
    detail: str = ""


class Turn(Record):
    """An earlier turn of a dialogue row: the question as asked and the RESPONSE given; its THINK part is not kept."""

    question: str = Field(min_length=1)
    options: tuple[str, ...] = ()
    response: str = Field(min_length=1)

    @field_validator("response")
    @classmethod
    def _untagged(cls, text: str) -> str:
        if any(literal in text.upper() for literal in TAG_LITERALS):
            raise ValueError("a response must not contain a tag of the chain")
        return text

    def to_text(self) -> str:
        """What the assistant said: the text of a chain (`Chain.to_text`) without its THINK part."""
        return f"<RESPONSE>{self.response}</RESPONSE>"


class SolverResult(Record):
    """What a Solver, which does not know the gold answer, made of one question.

    Shares of right answers in 0..1 over `trials` tries each: `accuracy` hearing the clip, `blind_text` with the
    question alone, `blind_silence` with silence in the clip's place; None where that was not tried.
    `audio_dependence` says how far the answer needs the sound (1: fully, 0: not at all); `label_noise` that the
    solver agrees with itself on another answer than the gold one; `difficulty` is 1 (easy) to 3.
    """

    accuracy: float | None = Field(default=None, ge=0, le=1)
    blind_text: float | None = Field(default=None, ge=0, le=1)
    blind_silence: float | None = Field(default=None, ge=0, le=1)
    audio_dependence: float | None = Field(default=None, ge=-1, le=1)
    label_noise: bool | None = None
    difficulty: int | None = Field(default=None, ge=1, le=3)
    trials: int = Field(default=1, ge=1)

    @property
    def blind(self) -> float | None:
        """The better of the two blind shares; None where neither was tried."""
        tried = [x for x in (self.blind_text, self.blind_silence) if x is not None]
        return max(tried) if tried else None


class Provenance(Record):
    """How a sample came to be. `prompt_sha` is empty for a teacher that reads no prompt."""

    plan_id: str
    teacher: str
    model: str
    prompt_sha: str = ""
    checks_version: str


class Sample(Record):
    """One training sample (A, Q, C, R): equation 5 of the paper.

    `history` holds the earlier turns of a dialogue about the same clip, oldest first; `question` and `chain` are its
    last turn. `solve` is None where no solver was asked.
    """

    sample_id: str
    clip: Clip
    question: Question
    chain: Chain
    history: tuple[Turn, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    solve: SolverResult | None = None
    provenance: Provenance
