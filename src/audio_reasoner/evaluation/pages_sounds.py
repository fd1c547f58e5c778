"""The recordings of a page: which can be heard, where they lie, and what is heard in them when."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from markupsafe import Markup

from audio_reasoner.core.errors import AudioReasonerError
from audio_reasoner.core.records import Clip
from audio_reasoner.cota.page_samples import spans_of
from audio_reasoner.report import encode_listening, player, text

LONGEST_S = 30.0
"""Seconds of a recording that can be heard in the page; longer ones are cut there, and say so."""


@dataclass
class Sounds:
    """Players by name, and how many recordings are heard, named only, or not found."""

    parts: dict[str, Markup] = field(default_factory=dict)
    heard: int = 0
    named: int = 0
    missing: int = 0
    timelines: dict[Path, dict[str, Clip]] = field(default_factory=dict)


@dataclass(frozen=True)
class Wanted:
    """A clip that entries show: the name of its player, and the item and row that lead to it."""

    name: str
    score: Mapping[str, Any]
    ident: str
    row: Mapping[str, Any]


def find_recording(score: Mapping[str, Any], name: str, audio: Path | None) -> Path | None:
    """Where a recording lies: below `audio`, else below the data file's directory or one of the two above it.

    A name that leads out of there is not followed: a page that is passed on must hold nothing else of the disk.
    """
    if not name or Path(name).is_absolute() or ".." in Path(name).parts:
        return None
    data = Path(str(score.get("data") or ""))
    roots = [audio] if audio is not None else []
    if str(data) not in ("", "."):
        start = data if data.is_dir() else data.parent
        roots += [start, start.parent, start.parent.parent]
    for root in roots:
        for candidate in (root / name, root / Path(name).name):
            if candidate.is_file():
                return candidate
    return None


def fill_sounds(sounds: Sounds, wanted: Sequence[Wanted], clips: int, audio: Path | None, seed: int) -> None:
    """Make the players of the clips that are wanted, at most `clips` of them with sound.

    Args:
        sounds: filled.
        wanted: in the order of the page.
        clips: most recordings that can be heard.
        audio: a directory to look for recordings in.
        seed: draws which.
    """
    first = {w.name: w for w in reversed(wanted)}
    names = list(dict.fromkeys(w.name for w in wanted))
    order = names[:]
    random.Random(seed).shuffle(order)
    # The first entry is what one sees on opening: it should play.
    order = names[:1] + [n for n in order if n != names[0]] if names else []
    for name in order:
        of = first[name]
        recordings = [str(a) for a in held] if isinstance(held := of.row.get("audio"), list) else []
        listed = ", ".join(recordings) or "no recording is named"
        if not recordings or sounds.heard >= clips:
            sounds.named += bool(recordings)
            sounds.parts[name] = Markup('<p class="note">Recording: <code>{}</code></p>').format(text.printable(listed))
            continue
        path = find_recording(of.score, recordings[0], audio)
        if path is None:
            sounds.missing += 1
            sounds.parts[name] = Markup(
                '<p class="note">Recording: <code>{}</code>, not found where the data lies.</p>'
            ).format(text.printable(listed))
            continue
        sounds.parts[name] = _player(path, sounds, len(recordings), truth_of(sounds, of.score, of.ident))


def truth_of(sounds: Sounds, score: Mapping[str, Any], ident: str) -> Clip | None:
    """The clip with its timeline, where a file beside the data tells what is heard when."""
    from audio_reasoner.evaluation.timelines import TIMELINES_NAME, read_timelines

    path = Path(str(score.get("data") or "")).parent / TIMELINES_NAME
    if path not in sounds.timelines:
        try:
            sounds.timelines[path] = read_timelines(path) if path.is_file() else {}
        except AudioReasonerError:
            sounds.timelines[path] = {}  # `eval run` and the chains' analysis name what is wrong with it
    return sounds.timelines[path].get(ident)


def _player(path: Path, sounds: Sounds, recordings: int, truth: Clip | None) -> Markup:
    from audio_reasoner.core.audio import load_mono

    try:
        pcm = load_mono(path)
    except AudioReasonerError as error:
        sounds.missing += 1
        return Markup('<p class="note">The recording cannot be played: {} [{}]</p>').format(
            text.shorten(error.message, 300), error.code
        )
    sounds.heard += 1
    duration = len(pcm) / 16_000
    notes = []
    if duration > LONGEST_S:
        pcm = pcm[: int(LONGEST_S * 16_000)]
        notes.append(f"The first {LONGEST_S:.0f} of {duration:.0f} seconds.")
    if recordings > 1:
        notes.append(f"The first of {recordings} recordings.")
    spans, title = spans_of(truth) if truth is not None else ([], "")
    return player(
        len(pcm) / 16_000, sound=encode_listening(pcm), pcm=pcm, spans=spans, spans_title=title, note=" ".join(notes)
    )
