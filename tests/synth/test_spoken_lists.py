"""Spoken lists: what is written, what is spoken, and that the words in the sound are those of the timeline."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from audio_reasoner.core.errors import ConfigError
from audio_reasoner.core.records import Clip
from audio_reasoner.dataset import read_clips
from audio_reasoner.synth import RATE, clip_audio
from audio_reasoner.synth.dialogue import starts_of
from audio_reasoner.synth.lists import PAUSE, VARIANTS, ListVoices, make_lists
from audio_reasoner.synth.scripts.lists import WORDS, SpokenList, write_lists
from audio_reasoner.synth.scripts.script import Line, script_from_plain
from audio_reasoner.synth.voices.presets import PRESETS

COMMAND = (sys.executable, "-c", "from audio_reasoner.cli import main; main()", "synth", "lists")
EVERY = {"turns": (1, 5), "speakers": (1, 4), "sorts": ("digits", "names")}


def synth(*args: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *map(str, args)], capture_output=True, text=True, timeout=500, env={**os.environ}, check=False
    )


def test_every_pair_of_words_and_speakers_comes_equally_often() -> None:
    found = list(write_lists(28 * 20, 3, turns=(1, 5), speakers=(1, 4), sorts=("digits", "names")))
    pairs = Counter((s.of_kind("list")[0].value, len(s.lines), s.speakers) for s in found)
    assert len(pairs) == 28
    assert set(pairs.values()) == {20}
    for script in found:
        words = [line.text for line in script.lines]
        assert len(set(words)) == len(words)
        assert set(words) <= set(WORDS[script.of_kind("list")[0].value])
    # Who speaks is drawn anew: the last of four words is not always that of the same speaker.
    last = Counter(s.lines[-1].speaker for s in found if len(s.lines) == 5 and s.speakers == 2)
    assert min(last.values()) > 8


def test_a_list_depends_on_its_number_alone() -> None:
    few, many = (list(write_lists(n, 5, **EVERY)) for n in (9, 60))  # type: ignore[arg-type]
    assert many[:9] == few
    assert list(write_lists(9, 6, **EVERY)) != few  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"turns": (0, 5)}, "synth.bad_range"),
        ({"turns": (4, 2)}, "synth.bad_range"),
        ({"turns": (1, 11)}, "synth.bad_range"),
        ({"speakers": (1, 5)}, "synth.bad_range"),
        ({"turns": (1, 2), "speakers": (3, 4)}, "synth.bad_range"),
        ({"sorts": ("digits", "colours")}, "synth.unknown_words"),
        ({"sorts": ()}, "synth.unknown_words"),
    ],
)
def test_impossible_settings_leave_nothing_behind(tmp_path: Path, changed: dict[str, object], code: str) -> None:
    with pytest.raises(ConfigError) as told:
        make_lists(tmp_path / "run", 3, 1, **{**EVERY, **changed})  # type: ignore[arg-type]
    assert told.value.code == code
    assert not (tmp_path / "run").exists()


def test_a_script_of_a_user_still_needs_two_speakers() -> None:
    one = {"scenario": "x", "language": "en", "names": [None], "lines": [{"speaker": 0, "text": "three"}]}
    assert SpokenList.model_validate(one).speakers == 1
    with pytest.raises(Exception, match="lines"):
        script_from_plain(one)
    with pytest.raises(Exception, match="2 to 5"):
        script_from_plain({**one, "lines": [{"speaker": 0, "text": "three"}] * 2})


def test_a_pause_does_not_tell_who_speaks_next() -> None:
    lengths = [RATE // 2] * 8
    gaps = {}
    for n in (1, 2):
        script = SpokenList(
            scenario="a list",
            language="en",
            names=(None,) * n,
            lines=tuple(Line(speaker=i % n, text="three") for i in range(8)),
        )
        starts = [starts_of(script, lengths, np.random.default_rng([k, n]), 0.5, PAUSE) for k in range(300)]
        gaps[n] = np.diff(starts, axis=1) / RATE - 0.5
    assert min(x.min() for x in gaps.values()) >= PAUSE[2] - 1e-3
    # The same speaker goes on after as long as another one begins: means of 2,100 pauses, each with 0.15 s of spread.
    assert abs(gaps[1].mean() - gaps[2].mean()) < 0.025


def test_a_run_has_few_versions_of_a_voice_and_another_seed_has_others() -> None:
    rng = np.random.default_rng(0)
    one, same, other = ({ListVoices(seed, 1).jitter(PRESETS[0], rng) for _ in range(100)} for seed in (1, 1, 2))
    assert len(one) == VARIANTS
    assert one == same
    assert not one & other


def _stretches(x: np.ndarray) -> list[tuple[float, float]]:
    """Sound that stands apart by 0.11 s, without the rumble of brown noise."""
    y = np.append(x[:1], x[1:] - 0.95 * x[:-1])
    level = 10 * np.log10(np.mean(np.square(y[: y.size // 80 * 80].reshape(-1, 80)), axis=1) + 1e-12)
    loud = np.flatnonzero(level > max(np.percentile(level, 5) + 9.0, level.max() - 36.0)) * 0.005
    out: list[list[float]] = []
    for t in loud:
        if out and t - out[-1][1] < 0.11:
            out[-1][1] = t
        else:
            out.append([t, t])
    return [(a, b) for a, b in out if b - a > 0.04]


@pytest.mark.system
def test_the_words_in_the_sound_are_those_of_the_timeline(tmp_path: Path) -> None:
    done = synth("-n", 14, "-o", tmp_path / "run", "--seed", 8, "--words", "digits", "--workers", 2)
    assert done.returncode == 0, done.stderr
    clips = list(read_clips(tmp_path / "run"))
    assert sorted(_sizes(c) for c in clips) == sorted((t, k) for t in range(1, 6) for k in range(1, min(t, 4) + 1))
    for clip in clips:
        assert clip.source == "synth-lists"
        assert clip.timeline is not None
        assert clip.duration_s < 10
        assert [f.kind for f in clip.timeline.facts] == ["list"]
        found = _stretches(clip_audio(clip))
        assert len(found) == len(clip.timeline.events)
        for (a, b), e in zip(found, clip.timeline.events, strict=True):
            assert abs(a - e.start / RATE) < 0.1
            assert abs(b - e.end / RATE) < 0.1
    # Once more, and more of them: what was spoken is not spoken again, and the clips are the same.
    again = make_lists(tmp_path / "run", 16, 8, sorts=["digits"], workers=1)
    assert again.found >= sum(len(c.timeline.events) for c in clips if c.timeline)
    before = {c.source_id: c.content_key for c in clips}
    after = {c.source_id: c.content_key for c in read_clips(tmp_path / "run")}
    assert len(after) == 16
    assert before.items() <= after.items()


def _sizes(clip: Clip) -> tuple[int, int]:
    assert clip.timeline is not None
    return len(clip.timeline.events), len({e.speaker for e in clip.timeline.events})


@pytest.mark.system
def test_other_settings_in_the_same_place_and_nonsense_are_refused_in_a_sentence(tmp_path: Path) -> None:
    one = {"turns": (1, 2), "speakers": (1, 1), "sorts": ["names"], "workers": 1}
    assert make_lists(tmp_path / "run", 2, 0, **one).composition.clips == 2  # type: ignore[arg-type]
    with pytest.raises(ConfigError) as told:
        make_lists(tmp_path / "run", 2, 4, **one)  # type: ignore[arg-type]
    assert told.value.code == "synth.other_scenes"
    done = synth("-n", 2, "-o", tmp_path / "run", "--words", "x")
    assert done.returncode == 2, done.stderr
    assert "there are no lists of 'x'" in " ".join(done.stderr.split())
    # Nothing is cut to fit, and what is left out is told.
    long = make_lists(tmp_path / "short", 2, 0, max_seconds=1.0, **{**one, "turns": (4, 4)})  # type: ignore[arg-type]
    assert [x.code for x in long.left_out] == ["dialogue.too_long"] * 2
