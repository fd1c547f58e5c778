"""Which task a clip belongs to: decided by what is known about it, not by what somebody would like to ask.

Decision: the rarest label decides. A translation says more about why a clip was collected than its transcript does, an
emotion more than the words; only where no such label stands do voices, a timeline and at last the domain decide.
"""

from __future__ import annotations

from typing import Any

from audio_reasoner.core.records import Clip, Domain, Task

_BY_DOMAIN: dict[Domain, Task] = {"sound": "sound_qa", "speech": "speech_qa", "music": "music_qa"}
LIST = "list"
"""Kind of the fact of a clip whose turns are a list of words; its value says of which."""
_MUSIC_KINDS = ("tempo", "key", "chords", "genre")


def rttm_of(clip: Clip) -> list[tuple[float, float, str]]:
    """The speaker turns that the clip's owner brought (start and end in seconds, name), in order of their start."""
    for item in clip.evidence:
        if item.name == "rttm":
            return sorted(turns_in(item.value, clip.duration_s))
    return []


def turns_in(value: Any, duration_s: float) -> list[tuple[float, float, str]]:
    """Well-formed turns of an RTTM value; a row of another form, or beyond the clip, makes the whole value unusable."""
    out = []
    try:
        for start, end, name in value:
            a, b = float(start), float(end)
            if not (0.0 <= a < b <= duration_s + 0.5) or not str(name).strip():
                return []
            out.append((a, min(b, duration_s), str(name).strip()))
    except (TypeError, ValueError):
        return []
    return out


def speakers_of(clip: Clip) -> tuple[str, ...]:
    """Names of the clip's speakers in order of first mention: timeline, else RTTM, else labels."""
    if clip.timeline is not None and (named := [e.speaker for e in clip.timeline.events if e.speaker]):
        return tuple(dict.fromkeys(named))
    if turns := rttm_of(clip):
        return tuple(dict.fromkeys(name for _, _, name in turns))
    return tuple(dict.fromkeys(clip.labels_of("speaker")))


def is_list(clip: Clip) -> bool:
    """Whether the maker of a clip says that its turns are a list of words; such a list may have one speaker."""
    line = clip.timeline
    return line is not None and any(f.kind == LIST for f in line.facts) and any(e.speaker for e in line.events)


def task_of(clip: Clip) -> Task:
    """The task whose questions suit a clip.

    >>> from audio_reasoner.synth import plan_complex
    >>> task_of(next(plan_complex(1, 0)))
    'complex_audio'
    """
    if clip.labels_of("translation"):
        return "s2tt"
    if clip.labels_of("emotion"):
        return "ser"
    if clip.labels_of("sarcasm"):
        return "sarcasm"
    if len(speakers_of(clip)) >= 2 or is_list(clip):
        return "multi_speaker"
    if clip.timeline is not None and clip.timeline.events:
        return "music_qa" if clip.domains == ("music",) else "complex_audio"
    if len(clip.domains) > 1:
        # Of several domains the one that the labels speak of.
        if "speech" in clip.domains and clip.labels_of("transcript"):
            return "speech_qa"
        if "music" in clip.domains and any(x.kind in _MUSIC_KINDS for x in clip.labels):
            return "music_qa"
    return _BY_DOMAIN[clip.domains[0]]
