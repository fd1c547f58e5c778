"""Timelines for other programs: RTTM, JAMS, and a CutSet that Lhotse opens.

Decision: we write the files ourselves and import none of those programs: their formats are text, and Lhotse would bring
torch. What they make of our files is tested with them. Everything is written beside its place first and moved there
when it is whole; audio is written clip by clip under a name that holds the recipe's hash, so that an interrupted export
goes on with what is missing and never takes an old sound for a new one.
"""

from __future__ import annotations

import functools
import gzip
import io
import json
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from audio_reasoner.core.errors import InputError
from audio_reasoner.core.records import Clip, Event, Timeline
from audio_reasoner.core.run import storage_problem
from audio_reasoner.synth.job import write_sound

FORMATS: Final = ("rttm", "lhotse", "jams")
JAMS_VERSION: Final = "0.3.4"


@dataclass
class Exported:
    """What was written."""

    clips: int = 0
    turns: int = 0
    events: int = 0
    audio: int = 0
    passed_over: int = 0
    """Clips without a timeline: recordings, about whose moments nothing is known."""


@contextmanager
def _atomic_text(path: Path, *, packed: bool = False) -> Iterator[IO[str]]:
    """A text file that is there when it is whole, or not at all.

    Raises:
        EnvironmentProblem: ``environment.disk_full``, ``environment.not_writable``.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as raw:
                if packed:
                    # No name and no time in the header: equal content gives equal bytes.
                    with (
                        gzip.GzipFile(filename="", mode="wb", fileobj=raw, compresslevel=6, mtime=0) as squeezed,
                        io.TextIOWrapper(squeezed, encoding="utf-8", newline="\n") as text,
                    ):
                        yield text
                else:
                    with io.TextIOWrapper(raw, encoding="utf-8", newline="\n") as text:
                        yield text
            temporary.chmod(0o644)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise storage_problem(error, path) from error


def token(name: str) -> str:
    """A name as one field of a format that separates fields by blanks: blanks and control characters become ``_``.

    >>> token("glass, breaking"), token(" "), token("été")
    ('glass,_breaking', '_', 'été')
    """
    return re.sub(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+", "_", name) or "_"


def rttm_lines(clip: Clip, *, events: bool = False) -> Iterator[str]:
    """Lines of one clip: a turn per line, or with `events` every event under its label (or speaker)."""
    timeline = _timeline(clip)
    for e in timeline.events:
        name = e.speaker if not events else (e.speaker or e.label)
        if name is not None:
            begin, length = e.start / timeline.sample_rate, (e.end - e.start) / timeline.sample_rate
            yield f"SPEAKER {clip.clip_id} 1 {begin:.6f} {length:.6f} <NA> <NA> {token(name)} <NA> <NA>"


def export_rttm(
    clips: Iterable[Clip], out: Path, *, events: bool = False, told: Callable[[], None] | None = None
) -> Exported:
    """``OUT/turns.rttm`` with the speakers' turns of all clips, or ``OUT/events.rttm`` with every event.

    A file id is the clip's id, times are in seconds with six digits: to the sample.
    """
    done = Exported()
    with _atomic_text(out / ("events.rttm" if events else "turns.rttm")) as f:
        for clip in _made(clips, done, told):
            lines = list(rttm_lines(clip, events=events))
            done.turns += 0 if events else len(lines)
            done.events += len(lines) if events else 0
            f.writelines(line + "\n" for line in lines)
    return done


def jams_of(clip: Clip) -> dict[str, Any]:
    """One clip as a JAMS document: its events in the namespace of soundscapes, everything else in the sandbox."""
    timeline, recipe = _timeline(clip), clip.audio.recipe or {}
    fields = recipe.get("events") or [{}] * len(timeline.events)
    ground = next((e.gain_db for e in timeline.events if e.role == "background"), 0.0)
    data = []
    for e, f in zip(timeline.events, fields, strict=True):
        begin, length = e.start / timeline.sample_rate, (e.end - e.start) / timeline.sample_rate
        source = f.get("source", {})
        value = {
            "label": e.label,
            "source_file": str(source.get("key") or source.get("class") or source.get("instrument") or ""),
            "source_time": source.get("from", 0) / timeline.sample_rate,
            "event_time": begin,
            "event_duration": length,
            "snr": round(e.gain_db - ground, 2),
            "role": e.role,
            "pitch_shift": None,
            "time_stretch": None,
            "gain_db": e.gain_db,
        }
        value |= {k: v for k, v in (("speaker", e.speaker), ("text", e.text), ("style", e.style)) if v is not None}
        data.append({"time": begin, "duration": length, "value": value, "confidence": 1.0})
    seconds = timeline.length / timeline.sample_rate
    origin = {
        "annotation_tools": "audio-reasoner",
        "data_source": clip.source,
        "curator": {"name": "", "email": ""},
        "annotator": {},
        "version": "1",
        "corpus": clip.source,
        "annotation_rules": "planned, to the sample",
        "validation": "",
    }
    return {
        "annotations": [
            {
                "namespace": "scaper",
                "annotation_metadata": origin,
                "data": data,
                "sandbox": {},
                "time": 0.0,
                "duration": seconds,
            }
        ],
        "file_metadata": {
            "title": clip.clip_id,
            "artist": "",
            "release": "",
            "duration": seconds,
            "identifiers": {},
            "jams_version": JAMS_VERSION,
        },
        "sandbox": {
            "clip_id": clip.clip_id,
            "source_id": clip.source_id,
            "group": clip.group,
            "split": clip.split,
            "licence": clip.licence,
            "recipe": recipe or None,
            "facts": [x.model_dump(mode="json") for x in timeline.facts],
        },
    }


def export_jams(clips: Iterable[Clip], out: Path, *, told: Callable[[], None] | None = None) -> Exported:
    """``OUT/<clip id>.jams``, one file per clip."""
    done = Exported()
    for clip in _made(clips, done, told):
        document = jams_of(clip)
        done.events += len(document["annotations"][0]["data"])
        with _atomic_text(out / f"{clip.clip_id}.jams") as f:
            f.write(_json(document) + "\n")
    return done


def export_audio_path(out: Path, clip: Clip) -> Path:
    """Where the audio of an exported clip lies: ``OUT/audio/<clip id>-<start of its content key>.flac``."""
    return out / "audio" / f"{clip.clip_id}-{clip.content_key[:8]}.flac"


def _write_audio(out: Path, clip: Clip) -> bool:
    return write_sound(export_audio_path(out, clip), clip)


def recording_of(clip: Clip, out: Path) -> dict[str, Any]:
    """A Lhotse Recording: the clip's FLAC file."""
    timeline = _timeline(clip)
    source = {"type": "file", "channels": [0], "source": str(export_audio_path(out, clip).absolute())}
    return {
        "id": clip.clip_id,
        "sources": [source],
        "sampling_rate": timeline.sample_rate,
        "num_samples": timeline.length,
        "duration": timeline.length / timeline.sample_rate,
        "channel_ids": [0],
    }


def supervisions_of(clip: Clip) -> list[dict[str, Any]]:
    """Lhotse SupervisionSegments: one per event, with the text and speaker of a turn or the label of a sound."""
    timeline = _timeline(clip)
    return [_supervision(clip, timeline, i, e) for i, e in enumerate(timeline.events)]


def _supervision(clip: Clip, timeline: Timeline, i: int, e: Event) -> dict[str, Any]:
    custom: dict[str, Any] = {"label": e.label, "gain_db": e.gain_db, "role": e.role}
    if e.style is not None:
        custom["style"] = e.style
    fields: dict[str, Any] = {
        "id": f"{clip.clip_id}-{i}",
        "recording_id": clip.clip_id,
        "start": e.start / timeline.sample_rate,
        "duration": (e.end - e.start) / timeline.sample_rate,
        "channel": 0,
        "text": e.text if e.text is not None else e.label,
    }
    if e.speaker is not None:
        # Speakers of two dialogues are two people, and Lhotse counts speakers over the whole set.
        fields["speaker"] = f"{clip.clip_id}-{e.speaker}"
    if clip.language is not None:
        fields["language"] = clip.language
    return {**fields, "custom": custom}


def cut_of(clip: Clip, out: Path) -> dict[str, Any]:
    """A Lhotse MonoCut over the whole clip."""
    recording = recording_of(clip, out)
    facts = [x.model_dump(mode="json") for x in _timeline(clip).facts]
    custom = {
        "source": clip.source,
        "group": clip.group,
        "split": clip.split,
        "licence": clip.licence,
        "content_key": clip.content_key,
        "facts": facts,
    }
    return {
        "id": clip.clip_id,
        "start": 0.0,
        "duration": recording["duration"],
        "channel": 0,
        "supervisions": supervisions_of(clip),
        "recording": recording,
        "custom": custom,
        "type": "MonoCut",
    }


def export_lhotse(
    clips: Callable[[], Iterable[Clip]],
    out: Path,
    *,
    workers: int | None = None,
    told: Callable[[], None] | None = None,
) -> Exported:
    """``OUT/cuts.jsonl.gz``, ``recordings.jsonl.gz``, ``supervisions.jsonl.gz`` and the audio as FLAC.

    The audio comes first: the manifests appear when every file they name is there.

    Args:
        clips: gives the run's clips; called twice.
        out: the folder to write; its absolute path stands in the manifests.
        workers: processes that render; None is one per core.
        told: called after each clip rendered.

    Raises:
        EnvironmentProblem: the disk is full or not writable.
    """
    from audio_reasoner import compute

    done = Exported()
    made = _made(clips(), Exported(), None)
    for new in compute.map(functools.partial(_write_audio, out), made, workers, ordered=False, chunk=16):
        done.audio += new
        if told is not None:
            told()
    with (
        _atomic_text(out / "cuts.jsonl.gz", packed=True) as cuts,
        _atomic_text(out / "recordings.jsonl.gz", packed=True) as recordings,
        _atomic_text(out / "supervisions.jsonl.gz", packed=True) as supervisions,
    ):
        for clip in _made(clips(), done, None):
            cut = cut_of(clip, out)
            cuts.write(_json(cut) + "\n")
            recordings.write(_json(cut["recording"]) + "\n")
            supervisions.writelines(_json(s) + "\n" for s in cut["supervisions"])
            done.events += len(cut["supervisions"])
            done.turns += sum("speaker" in s for s in cut["supervisions"])
    return done


def _json(value: Any) -> str:
    # Escaped where a lone surrogate (an undecodable file name as a label) could not be written as UTF-8.
    return json.dumps(value, ensure_ascii=True, allow_nan=False, sort_keys=False)


def _timeline(clip: Clip) -> Timeline:
    assert clip.timeline is not None
    return clip.timeline


def _made(clips: Iterable[Clip], done: Exported, told: Callable[[], None] | None) -> Iterator[Clip]:
    """Those clips whose moments are known; an error if there are none."""
    for clip in clips:
        if clip.timeline is None or clip.audio.recipe is None:
            done.passed_over += 1
            continue
        done.clips += 1
        yield clip
        if told is not None:
            told()
    if not done.clips:
        raise InputError(
            "the run holds no synthetic clip.",
            code="synth.nothing_to_export",
            hint="Make some with 'audio-reasoner synth complex|dialogue|music'.",
        )
