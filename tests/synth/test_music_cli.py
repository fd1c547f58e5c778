"""`audio-reasoner synth music` as a user runs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import mido
import numpy as np
import pytest

from audio_reasoner.core.audio import load_mono
from audio_reasoner.dataset import read_clips
from audio_reasoner.synth import clip_audio
from audio_reasoner.synth.job import audio_path

pytestmark = pytest.mark.system


def music(*args: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from audio_reasoner.cli import main; main()", "synth", "music", *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def test_music_writes_a_run_and_says_what_is_in_it(tmp_path: Path) -> None:
    run = tmp_path / "music"
    done = music("-n", 6, "--seed", 7, "-o", run, "--instruments", "piano, violin,drums", "--audio")
    assert done.returncode == 0, done.stderr
    assert "6 clips of music" in done.stdout
    assert "direction: " in done.stdout
    assert f"audio-reasoner build {run}" in done.stdout
    clips = list(read_clips(run))
    assert len(clips) == 6
    for clip in clips[:2]:
        heard, planned = load_mono(audio_path(run, clip)), clip_audio(clip)
        assert np.max(np.abs(heard - planned)) < 1e-4
    other = music("-n", 6, "--seed", 8, "-o", run)
    assert other.returncode == 2
    assert "synth.other_scenes" in other.stderr


def test_midi_files_without_a_clip_are_named(tmp_path: Path) -> None:
    folder = tmp_path / "songs"
    folder.mkdir()
    (folder / "broken.mid").write_bytes(b"MThd and nothing more")
    nothing = music("--midi", folder, "-o", tmp_path / "none")
    assert nothing.returncode == 2
    assert "midi.nothing_usable" in nothing.stderr
    assert "broken.mid" in nothing.stderr
    assert "Traceback" not in nothing.stderr
    assert not (tmp_path / "none").exists()

    file = mido.MidiFile()
    track = mido.MidiTrack()
    file.tracks.append(track)
    track.append(mido.Message("program_change", program=0))
    for i in range(48):
        track.append(mido.Message("note_on", note=60 + i % 7, velocity=90, time=0))
        track.append(mido.Message("note_off", note=60 + i % 7, time=240))
    file.save(folder / "fine.mid")
    run = tmp_path / "some"
    done = music("-n", 5, "--midi", folder, "-o", run, "--licence", "CC-BY-4.0")
    assert done.returncode == 0, done.stderr
    assert "1 clip of music" in done.stdout
    assert "midi.broken 1" in done.stdout
    assert "broken.mid" in (run / "midi-problems.jsonl").read_text()
    (clip,) = read_clips(run)
    assert clip.licence == "CC-BY-4.0"


def test_wrong_flags_are_refused(tmp_path: Path) -> None:
    for flags, code in (
        (("--instruments", "kazoo"), "synth.unknown_instrument"),
        (("--licence", "x"), "synth.bad_licence"),
    ):
        done = music("-o", tmp_path / "run", *flags)
        assert done.returncode == 2
        assert code in done.stderr
    assert not (tmp_path / "run").exists()
