"""Dialogues: where turns lie, what a timeline says of them, and who is really heard."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dialogue_scripts import hike

from audio_reasoner.core.errors import ConfigError
from audio_reasoner.core.records import Clip, Fact
from audio_reasoner.dataset import read_clips
from audio_reasoner.grounded.tasks import task_of
from audio_reasoner.synth import clip_audio
from audio_reasoner.synth.dialogue import ALONE, LEAST_START_APART_S, MOST_OVERLAP, Mixing, assemble, starts_of, unheard
from audio_reasoner.synth.dialogue_run import Made, make_dialogues
from audio_reasoner.synth.scripts.script import Line, Script
from audio_reasoner.synth.store import SourceStore
from audio_reasoner.synth.voices.espeak import Espeak
from audio_reasoner.synth.voices.take import Spoilt
from audio_reasoner.synth.voices.voices import Cast, Kept

FACTS = (
    Fact(kind="changed_mind", value="for turning back", subject="s0", events=(0, 3)),
    Fact(kind="answer_to", value="line 1 answers line 0", events=(1, 0)),
)


def make(run: Path, count: int = 2, seed: int = 3, workers: int = 2, **mixing: Any) -> Made:
    with Espeak(workers) as engine:
        scripts = [hike(i, facts=FACTS) for i in range(count)]
        return make_dialogues(run, enumerate(scripts), engine, seed, {"scripts": "test"}, mixing=Mixing(**mixing))


def random_script(rng: np.random.Generator) -> tuple[Script, list[int]]:
    speakers = int(rng.integers(2, 6))
    order = [*range(speakers), *(int(x) for x in rng.integers(speakers, size=int(rng.integers(0, 10))))]
    lines = tuple(
        Line(speaker=s, text="Words.", overlap=bool(i and order[i - 1] != s and rng.random() < 0.7))
        for i, s in enumerate(order)
    )
    script = Script(scenario="a talk", language="en", names=(None,) * speakers, lines=lines)
    return script, [int(x) for x in rng.integers(3_000, 90_000, len(lines))]


def test_turns_keep_the_order_of_the_script() -> None:
    rng = np.random.default_rng(4)
    overlapping = 0
    for _ in range(300):
        script, lengths = random_script(rng)
        starts = starts_of(script, lengths, rng, 1.0)
        ends = [a + n for a, n in zip(starts, lengths, strict=True)]
        assert starts == sorted(starts)
        assert ends == sorted(ends)
        for i, (a, b) in enumerate(pairwise(starts)):
            assert b - a >= LEAST_START_APART_S * 16_000 or b >= ends[i]
            over = ends[i] - b
            if over > 0:
                overlapping += 1
                assert script.lines[i + 1].overlap
                assert over <= MOST_OVERLAP * min(lengths[i], lengths[i + 1]) + 1
                assert i == 0 or b >= ends[i - 1]  # never three at once
            elif script.lines[i].speaker == script.lines[i + 1].speaker:
                assert -over >= 0.35 * 16_000 - 1
        for i in range(1, len(starts) - 1):
            assert max(ends[i - 1] - starts[i], 0) + max(ends[i] - starts[i + 1], 0) <= ALONE * lengths[i] + 1
    assert overlapping > 100


def test_overlap_obeys_its_probability() -> None:
    script = Script(
        scenario="a talk",
        language="en",
        names=(None, None),
        lines=tuple(Line(speaker=i % 2, text="Words.", overlap=i > 0) for i in range(40)),
    )
    shares = {}
    for p in (0.0, 0.5, 1.0):
        count = 0
        for k in range(50):
            starts = starts_of(script, [32_000] * 40, np.random.default_rng(k), p)
            count += sum(b < a + 32_000 for a, b in pairwise(starts))
        shares[p] = count / (50 * 39)
    assert shares[0.0] == 0.0
    assert shares[0.5] == pytest.approx(0.5, abs=0.04)
    assert shares[1.0] == 1.0


@pytest.mark.system
def test_a_dialogue_says_what_is_in_it(tmp_path: Path) -> None:
    made = make(tmp_path, 2, background=1.0)
    assert (made.composition.clips, made.left_out, made.spoken + made.found) == (2, [], 8)
    clips = list(read_clips(tmp_path))
    textures = 0
    for clip in clips:
        assert clip.timeline is not None
        turns = [e for e in clip.timeline.events if e.speaker]
        assert [e.speaker for e in turns] == ["s0", "s1", "s2", "s0"]
        assert [e.style for e in turns] == ["lively", "neutral", "calm", "low"]
        assert all(e.label == "speech" and e.text for e in turns)
        assert clip.labels_of("speaker") == ("s0", "s1", "s2")
        assert clip.labels_of("transcript")[0] == " ".join(e.text or "" for e in turns)
        assert (clip.licence, clip.language, clip.domains) == ("CC0-1.0", "en", ("speech",))
        assert task_of(clip) == "multi_speaker"
        changed = next(f for f in clip.timeline.facts if f.kind == "changed_mind")
        assert [clip.timeline.events[i].speaker for i in changed.events] == ["s0", "s0"]
        assert clip.timeline.events[changed.events[1]].text == "All right, you have convinced me."
        assert [f.value for f in clip.timeline.facts if f.kind == "scenario"] == ["a hike"]
        textures += any(e.role == "background" and e.label != "speech" for e in clip.timeline.events)
        audible(clip)
    assert textures or any(c.audio.recipe["background"] for c in clips if c.audio.recipe)


def audible(clip: Clip) -> None:
    """Each turn's first and last 50 ms are heard; the pauses between turns are far softer."""
    assert clip.timeline is not None
    x = clip_audio(clip)
    assert x.shape[0] == clip.timeline.length
    if clip.audio.recipe is None or clip.audio.recipe.get("room") or clip.audio.recipe["background"]:
        return
    if any(e.role == "background" for e in clip.timeline.events):
        return
    busy = np.zeros(x.shape[0], dtype=bool)
    for e in clip.timeline.events:
        busy[e.start : e.end] = True
        assert np.max(np.abs(x[e.start : e.start + 800])) > 1e-3
        assert np.max(np.abs(x[e.end - 800 : e.end])) > 1e-3
    assert np.max(np.abs(x[~busy]), initial=0.0) < 1e-4


@pytest.mark.system
def test_the_same_dialogue_comes_out_of_one_process_and_of_two(tmp_path: Path) -> None:
    make(tmp_path / "a", 2, workers=1)
    make(tmp_path / "b", 3, workers=2)
    a, b = list(read_clips(tmp_path / "a")), list(read_clips(tmp_path / "b"))
    for x, y in zip(sorted(a, key=lambda c: c.source_id), sorted(b, key=lambda c: c.source_id)[:2], strict=True):
        assert (x.clip_id, x.content_key, x.timeline) == (y.clip_id, y.content_key, y.timeline)
        np.testing.assert_array_equal(clip_audio(x), clip_audio(y))
    # And out of a fresh process that knows nothing but the run.
    code = (
        "import sys, hashlib; from pathlib import Path; from audio_reasoner.dataset import read_clips\n"
        "from audio_reasoner.synth import clip_audio\n"
        "print(*[hashlib.sha256(clip_audio(c).tobytes()).hexdigest() for c in read_clips(Path(sys.argv[1]))])"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "a")], capture_output=True, text=True, check=True)

    assert done.stdout.split() == [hashlib.sha256(clip_audio(c).tobytes()).hexdigest() for c in a]


def test_a_moved_run_still_sounds(tmp_path: Path) -> None:
    make(tmp_path / "here", 1)
    before = clip_audio(next(iter(read_clips(tmp_path / "here"))))
    (tmp_path / "here").rename(tmp_path / "there")
    np.testing.assert_array_equal(clip_audio(next(iter(read_clips(tmp_path / "there")))), before)


@pytest.mark.system
def test_another_seed_casts_and_mixes_anew(tmp_path: Path) -> None:
    make(tmp_path / "a", 2, seed=1)
    make(tmp_path / "b", 2, seed=2)
    assert [len(list(read_clips(tmp_path / r))) for r in "ab"] == [2, 2]
    keys = {c.content_key for r in "ab" for c in read_clips(tmp_path / r)}
    assert len(keys) == 4
    with pytest.raises(ConfigError) as e:
        make(tmp_path / "a", 2, seed=2)
    assert e.value.code == "synth.other_scenes"
    assert len(list(read_clips(tmp_path / "a"))) == 2


def test_who_cannot_be_heard_makes_no_dialogue(tmp_path: Path) -> None:
    make(tmp_path, 1)
    clip = next(iter(read_clips(tmp_path)))
    store = SourceStore.open(tmp_path / "sources.sqlite")
    assert unheard(clip, store) is None
    recipe = json.loads(json.dumps(clip.audio.recipe))
    recipe["background"] = {"colour": "white", "level_db": -45.0, "seed": 1}
    noisy = clip.model_copy(update={"audio": clip.audio.model_copy(update={"recipe": recipe})})
    assert unheard(noisy, store) is None
    recipe["events"][2]["gain_db"] = -50.0
    soft = clip.model_copy(update={"audio": clip.audio.model_copy(update={"recipe": recipe})})
    found = unheard(soft, store)
    assert isinstance(found, Spoilt)
    assert found.code == "dialogue.inaudible"
    assert "s2" in found.detail


def test_what_is_too_long_is_left_out_whole() -> None:
    script = hike()
    kept = [Kept("0" * 64, 16 * 16_000)] * 4
    found = assemble(script, Cast(()), kept, [None] * 4, seed=0, place="0", index=0, mixing=Mixing())
    assert isinstance(found, Spoilt)
    assert found.code == "dialogue.too_long"


def test_lines_no_voice_can_read_are_left_out_with_their_reason(tmp_path: Path) -> None:
    bad = hike(1)
    lines = (bad.lines[0].model_copy(update={"text": "你好 everybody."}), *bad.lines[1:])
    scripts = [hike(0), bad.model_copy(update={"lines": lines}), hike(2)]
    with Espeak(2) as engine:
        made = make_dialogues(tmp_path, enumerate(scripts), engine, 0, {})
    assert made.composition.clips == 2
    assert [(x.index, x.line, x.code) for x in made.left_out] == [(1, 0, "voice.unspeakable")]
    told = json.loads((tmp_path / "voices" / "left-out.jsonl").read_text())
    assert told["index"] == 1
    assert "你" in told["detail"]
    with Espeak(2) as engine, pytest.raises(ConfigError, match="tlh"):
        make_dialogues(tmp_path / "other", [(0, hike(0, language="tlh"))], engine, 0, {})


@pytest.mark.system
def test_rooms_keep_turns_where_they_are(tmp_path: Path) -> None:
    pytest.importorskip("pyroomacoustics")
    make(tmp_path / "dry", 1)
    make(tmp_path / "wet", 1, rooms=1.0)
    dry, wet = (next(iter(read_clips(tmp_path / r))) for r in ("dry", "wet"))
    assert dry.timeline is not None
    assert wet.timeline is not None
    assert [e.model_dump() for e in dry.timeline.events] == [e.model_dump() for e in wet.timeline.events]
    assert wet.audio.recipe is not None
    places = wet.audio.recipe["room"]["places_m"]
    assert places[0] == places[3] != places[1]
    assert np.max(np.abs(clip_audio(wet))) > 0.01
