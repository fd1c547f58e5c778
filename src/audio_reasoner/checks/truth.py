"""What is surely true of a clip, as plain values that claims are held against.

Decision: the timeline is exact; what a user brought (speaker turns) is taken at its word; a measured item counts only
where its published error is below `MAX_ERROR`. What has no source here is None, and claims about it are undecidable.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from audio_reasoner.core.records import Clip, Evidence

_FOLD = re.compile(r"[_\"“”„«»]")
MAX_ERROR = 0.05
OVERLAP_S = 0.05
_VOICES = re.compile(
    r"\b(?:speech|speak\w*|talk\w*|voices?|m[ae]n|wom[ae]n|person|people|child(?:ren)?|boys?|girls?|baby|crowd|conversation|dialogue|"
    r"narrat\w*|sing\w*|vocals?|choir|laugh\w*|shout\w*|whisper\w*|cough\w*|human|radio|television|tv)\b",
    re.IGNORECASE,
)
_SPEECH_LABELS = frozenset(("transcript", "translation", "emotion", "sarcasm", "speaker"))


@dataclass(frozen=True)
class Truth:
    """The timeline as plain values: label (case folded), start and end in seconds, in order of start.

    `beneath` are the backgrounds: they are heard, but neither counted nor ordered. Of a clip that consists of
    backgrounds alone they are the events. `gains` are the levels of `heard` in dB.
    """

    duration: float
    events: tuple[tuple[str, float, float], ...]
    beneath: tuple[tuple[str, float, float], ...] = ()
    gains: tuple[float, ...] = ()

    @property
    def sequence(self) -> list[str]:
        """Labels in order."""
        return [e[0] for e in self.events]

    @property
    def heard(self) -> tuple[tuple[str, float, float], ...]:
        """Events and backgrounds."""
        return (*self.events, *self.beneath)

    def spans(self, label: str) -> list[tuple[float, float]]:
        """When a sound is heard, as start and end in seconds."""
        return [(a, b) for x, a, b in self.heard if x == label]

    @property
    def apart(self) -> bool:
        """Whether no event begins before the one before it has ended."""
        ends = 0.0
        for _, a, b in self.events:
            if a < ends - OVERLAP_S:
                return False
            ends = max(ends, b)
        return True


@dataclass(frozen=True)
class Facts:
    """Everything known for sure.

    `sounding` are stretches of sound in seconds, with `margin` seconds of doubt at their edges; `speech` whether
    somebody speaks; `speakers` how many, `least_speakers` at least how many. None: not known.
    """

    duration: float
    truth: Truth | None
    sounding: tuple[tuple[float, float], ...] | None
    margin: float
    speech: bool | None
    speakers: int | None
    least_speakers: int


def folded(label: str) -> str:
    """A label as claims are compared: case folded, underscores and runs of space as one space, quotes alike."""
    return " ".join(_FOLD.sub(lambda m: " " if m[0] == "_" else "'", label).casefold().split())


def truth_of(clip: Clip) -> Truth | None:
    """The truth a clip's timeline gives, else None."""
    line = clip.timeline
    if line is None:
        return None
    front = [e for e in line.events if e.role == "foreground"]
    under = [e for e in line.events if e.role == "background"]
    if not front:
        front, under = under, []
    events, beneath = (
        tuple((folded(e.label), line.seconds(e.start), line.seconds(e.end)) for e in part) for part in (front, under)
    )
    return Truth(line.seconds(line.length), events, beneath, tuple(e.gain_db for e in (*front, *under)))


def _item(clip: Clip, evidence: Evidence | None, name: str) -> tuple[Any, bool] | None:
    """(value, brought by the user) of an evidence item that may speak, else None."""
    for item in (*clip.evidence, *(evidence.items if evidence else ())):
        if item.name == name and (
            item.source.startswith("user:") or (item.error is not None and item.error < MAX_ERROR)
        ):
            return item.value, item.source.startswith("user:")
    return None


def _turns(clip: Clip, evidence: Evidence | None) -> list[Sequence[Any]] | None:
    found = _item(clip, evidence, "rttm")
    if found is None or not isinstance(found[0], list):
        return None
    return [x for x in found[0] if isinstance(x, (list, tuple)) and len(x) >= 3]


def facts_of(clip: Clip, evidence: Evidence | None) -> Facts:
    """What labels, timeline and evidence say for sure."""
    truth = truth_of(clip)
    line, turns = clip.timeline, _turns(clip, evidence)
    sounding: tuple[tuple[float, float], ...] | None = None
    margin = 0.0
    if truth is not None:
        sounding = tuple((a, b) for _, a, b in truth.heard)
    elif (found := _item(clip, evidence, "segments")) is not None and isinstance(found[0], list):
        sounding, margin = tuple((float(x[0]), float(x[1])) for x in found[0] if len(x) == 2), 0.3
    speech: bool | None = None
    voices = {e.speaker for e in line.events if e.speaker} if line else set()
    kinds = {x.kind for x in clip.labels}
    if (turns is not None and turns) or voices or kinds & _SPEECH_LABELS or (line and any(e.text for e in line.events)):
        speech = True
    elif line is not None and not any(_VOICES.search(x.value) for x in clip.labels):
        speech = True if any(e.label.casefold() == "speech" for e in line.events) else None
        if not any(_VOICES.search(e.label) for e in line.events):
            speech = False
    speakers: int | None = None
    if turns:
        speakers = len({str(x[2]) for x in turns})
    elif line is not None and voices and all(e.speaker for e in line.events if e.text or _VOICES.search(e.label)):
        speakers = len(voices)
    least = len({x.value.casefold() for x in clip.labels if x.kind == "speaker"})
    return Facts(clip.duration_s, truth, sounding, margin, speech, speakers, least)
