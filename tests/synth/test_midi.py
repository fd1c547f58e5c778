"""Passages of MIDI files: what is taken, what is told, and what is refused with a reason."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import mido
import numpy as np
import pytest

from audio_reasoner.core.errors import InputError
from audio_reasoner.synth.audio import clip_audio
from audio_reasoner.synth.music.midi import Problem, passage_clip, plan_midi
from audio_reasoner.synth.music.midi_file import read_midi
from audio_reasoner.synth.recipes import check_recipe

SCALE = (60, 62, 64, 65, 67, 69, 71, 72)


def song(path: Path, *, bpm: int = 100, bars: int = 12, metre: tuple[int, int] | None = (3, 4), key: str | None = "C",
         program: int = 73, shift: int = 0, late: float = 0.0) -> Path:  # fmt: skip
    """A flute over a bass: accents on the first beat, C major (moved by `shift`), rising from bar to bar."""
    file = mido.MidiFile(ticks_per_beat=480)
    flute, bass = mido.MidiTrack(), mido.MidiTrack()
    file.tracks += [flute, bass]
    flute.append(mido.MetaMessage("set_tempo", tempo=round(60e6 / bpm)))
    top = 3
    if metre is not None:
        top = metre[0]
        flute.append(mido.MetaMessage("time_signature", numerator=metre[0], denominator=metre[1]))
    if key is not None:
        flute.append(mido.MetaMessage("key_signature", key=key))
    flute.append(mido.Message("program_change", channel=0, program=program))
    bass.append(mido.Message("program_change", channel=1, program=32))
    rng = random.Random(1)
    for bar in range(bars):
        for beat in range(top):
            pitch = SCALE[0] + shift + round(bar * 14 / bars) if beat else SCALE[0] + shift + 12 * (bar > bars // 2)
            pitch = min((p + shift + o for p in SCALE for o in (0, 12)), key=lambda p, x=pitch: abs(p - x))
            wait = int(480 * rng.uniform(-late, late)) if late else 0
            flute.append(
                mido.Message("note_on", channel=0, note=pitch, velocity=100 if beat == 0 else 60, time=max(wait, 0))
            )
            flute.append(mido.Message("note_off", channel=0, note=pitch, time=480 - max(wait, 0) + (max(-wait, 0))))
        root = (36, 43, 41, 36)[bar % 4] + shift
        bass.append(mido.Message("note_on", channel=1, note=root, velocity=110, time=0))
        bass.append(mido.Message("note_off", channel=1, note=root, time=480 * top))
    file.save(path)
    return path


def told(clip: Any) -> dict[str, str]:
    return {f.kind: f.value for f in clip.timeline.facts}


def test_a_passage_tells_what_file_and_notes_agree_on(tmp_path: Path) -> None:
    clip = passage_clip(read_midi(song(tmp_path / "a.mid")), 1, "a.mid")
    assert clip is not None
    assert {e.label for e in clip.timeline.events} == {"flute", "bass"}  # type: ignore[union-attr]
    facts = told(clip)
    assert facts["tempo"] == "100"
    assert facts["metre"] == "3/4"
    assert facts["key"] == "C major"
    assert clip.licence is None
    assert clip.group == "midi-" + read_midi(tmp_path / "a.mid").key[:20]
    check_recipe(clip.audio.recipe or {})
    x = clip_audio(clip)  # the file is not needed any more
    assert 0.05 < float(np.max(np.abs(x))) <= 0.9
    assert clip_audio(clip).tolist() == x.tolist()


def test_what_they_do_not_agree_on_is_not_told(tmp_path: Path) -> None:
    wrong_key = passage_clip(read_midi(song(tmp_path / "a.mid", key="F#")), 1, "a")
    no_meta = passage_clip(read_midi(song(tmp_path / "b.mid", key=None, metre=None)), 1, "b")
    other_metre = passage_clip(read_midi(song(tmp_path / "c.mid", metre=(7, 8))), 1, "c")
    assert wrong_key is not None
    assert no_meta is not None
    assert other_metre is not None
    assert "key" not in told(wrong_key)
    assert not {"key", "metre"} & set(told(no_meta))
    assert "metre" not in told(other_metre)
    played_freely = passage_clip(read_midi(song(tmp_path / "d.mid", late=0.4)), 1, "d")
    assert played_freely is not None
    assert "tempo" not in told(played_freely)


def test_instruments_that_we_do_not_have_are_not_replaced(tmp_path: Path) -> None:
    # Program 48, string ensemble: more than a third of the notes would be missing.
    assert passage_clip(read_midi(song(tmp_path / "a.mid", program=48)), 1, "a") is None


def test_a_folder_gives_clips_and_a_reason_for_each_file_without(tmp_path: Path) -> None:
    good = song(tmp_path / "good.mid").read_bytes()
    song(tmp_path / "наш ☃.mid", bpm=120, shift=2, key="D")
    (tmp_path / "copy.MID").write_bytes(good)
    (tmp_path / "empty.mid").write_bytes(b"")
    (tmp_path / "text.mid").write_text("no music")
    (tmp_path / "cut.mid").write_bytes(good[: len(good) // 2])
    (tmp_path / "type2.mid").write_bytes(good[:8] + b"\0\2" + good[10:])
    (tmp_path / "smpte.mid").write_bytes(good[:12] + b"\xe7\x28" + good[14:])
    at = good.find(b"\xff\x51\x03")
    (tmp_path / "tempo0.mid").write_bytes(good[: at + 3] + b"\0\0\0" + good[at + 6 :])
    (tmp_path / "huge.mid").write_bytes(good + bytes(4_000_001))
    file = mido.MidiFile()
    file.tracks.append(mido.MidiTrack())
    file.save(tmp_path / "silent.mid")
    (tmp_path / "link.mid").symlink_to(tmp_path / "nowhere.mid")
    with Path(os.fsdecode(os.fsencode(str(tmp_path)) + b"/bad\xff.mid")).open("wb") as f:
        f.write(song(tmp_path / "x.mid", shift=5, key="F").read_bytes())
    (tmp_path / "x.mid").unlink()
    problems: list[Problem] = []
    clips = list(plan_midi(tmp_path, 50, 3, licence="CC0-1.0", on_problem=problems.append))
    assert len(clips) == 3
    assert {c.licence for c in clips} == {"CC0-1.0"}
    codes = {p.name: p.code for p in problems}
    double = {"good.mid", "copy.MID"} & set(codes)
    assert len(double) == 1
    codes.pop(double.pop())
    assert codes == {
        "empty.mid": "midi.broken", "text.mid": "midi.broken", "cut.mid": "midi.broken", "type2.mid": "midi.type2",
        "smpte.mid": "midi.smpte", "tempo0.mid": "midi.tempo", "huge.mid": "midi.huge", "silent.mid": "midi.empty",
        "link.mid": "midi.unreadable",
    }  # fmt: skip
    assert list(plan_midi(tmp_path, 2, 3, licence="CC0-1.0")) == clips[:2]


def test_no_bytes_bring_the_reader_down(tmp_path: Path) -> None:
    good = song(tmp_path / "good.mid").read_bytes()
    rng = random.Random(0)
    read = 0
    for _ in range(80):
        raw = bytearray(good)
        for _ in range(rng.choice((1, 4, 40))):
            raw[rng.randrange(8, len(raw))] = rng.randrange(256)
        (tmp_path / "f.mid").write_bytes(raw)
        try:
            clip = passage_clip(read_midi(tmp_path / "f.mid"), 0, "f")
        except InputError:
            continue
        if clip is not None:
            check_recipe(clip.audio.recipe or {})
            read += 1
            if read % 12 == 0:
                clip_audio(clip)
    assert read > 5


def test_a_folder_without_files_is_an_error(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(InputError) as e:
            list(plan_midi(folder, 5, 0))
        assert e.value.code.startswith("midi.no_")
