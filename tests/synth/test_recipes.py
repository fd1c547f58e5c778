"""Recipes: the sound is where the timeline says, the same recipe sounds the same, nonsense is refused."""

from __future__ import annotations

import copy
import hashlib
import json
import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from audio_reasoner.core.errors import ConfigError, IntegrityError
from audio_reasoner.core.records import Clip
from audio_reasoner.synth import RATE, clip_audio, plan_complex, render
from audio_reasoner.synth.bank.render import EVENT_CLASSES


def recipe_of(clip: Clip) -> dict[str, Any]:
    assert clip.audio.recipe is not None
    return clip.audio.recipe


@pytest.fixture
def recipe() -> dict[str, Any]:
    return copy.deepcopy(recipe_of(next(plan_complex(1, 11, min_events=3, max_events=3))))


def test_energy_lies_inside_the_events_and_nowhere_else() -> None:
    for clip in plan_complex(80, 5, background_db=None):
        x = clip_audio(clip)
        assert clip.timeline is not None
        assert x.shape == (clip.timeline.length,)
        inside = np.zeros(len(x), dtype=bool)
        for event in clip.timeline.events:
            inside[event.start : event.end] = True
            part = np.abs(x[event.start : event.end])
            loud = np.flatnonzero(part > 0.01 * part.max())
            assert loud[0] <= 0.02 * RATE, f"{clip.source_id}: {event.label} begins {loud[0]} samples late"
            assert len(part) - loud[-1] <= 0.12 * RATE, f"{clip.source_id}: {event.label} ends early"
        assert not x[~inside].any(), f"{clip.source_id}: sound outside of the events"


def test_an_event_is_moved_by_exactly_the_samples_its_start_is(recipe: dict[str, Any]) -> None:
    recipe |= {"background": None, "events": recipe["events"][:1], "length": 60_000}
    recipe["events"][0]["start"] = 1000
    early = render(recipe)
    recipe["events"][0]["start"] = 1777
    assert np.array_equal(render(recipe)[777:], early[:-777])


def test_gain_is_in_decibels(recipe: dict[str, Any]) -> None:
    recipe |= {"background": None, "events": recipe["events"][:1]}
    recipe["events"][0]["gain_db"] = -6.0
    quiet = render(recipe)
    recipe["events"][0]["gain_db"] = 0.0
    assert np.allclose(render(recipe), quiet * 10 ** (6 / 20), atol=1e-6)


@pytest.mark.parametrize("colour", ["white", "pink", "brown"])
def test_background_has_the_planned_level_everywhere(recipe: dict[str, Any], colour: str) -> None:
    recipe |= {"background": {"colour": colour, "level_db": -40.0, "seed": 9}, "events": [], "length": 80_001}
    x = render(recipe)
    assert 20 * np.log10(np.sqrt(np.mean(x.astype(np.float64) ** 2))) == pytest.approx(-40.0, abs=0.2)
    assert x[:100].any()
    assert x[-100:].any()


def test_colours_order_the_highs(recipe: dict[str, Any]) -> None:
    share = []
    for colour in ("white", "pink", "brown"):
        recipe |= {"background": {"colour": colour, "level_db": -40.0, "seed": 9}, "events": [], "length": 80_000}
        power = np.abs(np.fft.rfft(render(recipe))) ** 2
        share.append(power[len(power) // 2 :].sum() / power.sum())
    assert share[0] > 0.4 > share[1] > 0.05 > share[2]


_SHA = """
import hashlib, json, sys
from audio_reasoner.synth import render
for recipe in json.load(sys.stdin):
    print(hashlib.sha256(render(recipe).tobytes()).hexdigest())
"""


@pytest.mark.system
def test_same_recipe_same_samples_in_other_processes_orders_and_numbers_of_threads() -> None:
    clips = [
        *plan_complex(6, 11, crossfade_probability=0.5),
        *plan_complex(3, 11, kind="composite"),
        *plan_complex(3, 11, kind="mixed", rooms=1.0),
    ]
    recipes = [recipe_of(c) for c in clips]
    here = [hashlib.sha256(render(r).tobytes()).hexdigest() for r in recipes]
    for threads, order in (("1", 1), ("3", -1)):
        there = subprocess.run(
            [sys.executable, "-c", _SHA],
            input=json.dumps(recipes[::order]),
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads, "PRA_NUM_THREADS": threads},
        )
        assert there.stdout.split()[::order] == here


def test_render_leaves_the_recipe_alone(recipe: dict[str, Any]) -> None:
    before = copy.deepcopy(recipe)
    render(recipe)
    assert recipe == before


def test_no_scene_is_louder_than_the_peak_and_loud_ones_keep_their_proportions(recipe: dict[str, Any]) -> None:
    recipe |= {"background": None}
    plain = render(recipe)
    for event in recipe["events"]:
        event["gain_db"] += 30.0
    loud = render(recipe)
    assert 0.899 < np.max(np.abs(loud)) <= 0.9
    assert np.allclose(loud / np.max(np.abs(loud)), plain / np.max(np.abs(plain)), atol=1e-5)


def test_planned_scenes_are_never_turned_down() -> None:
    """A scene that had to be turned down would make a planned gain untrue."""
    for clip in plan_complex(60, 3, gain_db=(6.0, 6.0)):
        assert np.max(np.abs(clip_audio(clip))) < 0.9


def test_a_silent_scene_renders(recipe: dict[str, Any]) -> None:
    recipe |= {"background": None, "events": []}
    assert not render(recipe).any()


@pytest.mark.parametrize(
    ("change", "code", "says"),
    [
        ({"v": 1}, "synth.recipe_version", "version is 1"),
        ({"v": None}, "synth.recipe_version", "version is None"),
        ({"kind": "complex/spatial"}, "synth.recipe_kind", "complex/spatial"),
        ({"rate": 44100}, "synth.bad_recipe", "44100"),
        ({"length": 0}, "synth.bad_recipe", "0 samples"),
        ({"length": 31 * RATE}, "synth.bad_recipe", "496000"),
        ({"length": 1.5}, "synth.bad_recipe", "1.5"),
        ({"events": None}, "synth.bad_recipe", "NoneType"),
        ({"events": ["dog"]}, "synth.bad_recipe", "list of objects"),
        ({"background": {"colour": "green", "level_db": -50, "seed": 1}}, "synth.bad_recipe", "green"),
        ({"background": {"colour": "pink", "level_db": float("nan"), "seed": 1}}, "synth.bad_recipe", "level_db"),
        ({"background": {"colour": ["pink"], "level_db": -50, "seed": 1}}, "synth.bad_recipe", "colours"),
        ({"speed": 2}, "synth.bad_recipe", "'speed'"),
        ({"room": {}}, "synth.bad_room", "size_m"),
        ({"room": "large"}, "synth.bad_room", "str"),
        ({"background": {"colour": "pink", "level_db": -50, "seed": -1}}, "synth.bad_recipe", "negative seed"),
    ],
)
def test_a_bad_recipe_is_refused_by_name(recipe: dict[str, Any], change: dict[str, Any], code: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        render({**recipe, **change})
    assert caught.value.code == code
    assert says in caught.value.message


@pytest.mark.parametrize(
    ("change", "code", "says"),
    [
        ({"source": {"class": "unicorn", "seed": 1}}, "synth.unknown_class", "unicorn"),
        ({"source": {"class": "\u202eevil\n", "seed": 1}}, "synth.unknown_class", "evil"),
        ({"source": {"class": None, "seed": 1}}, "synth.bad_recipe", "None"),
        ({"source": {"class": "dog", "seed": -1}}, "synth.bad_recipe", "negative seed"),
        ({"source": {"class": "dog", "seed": True}}, "synth.bad_recipe", "'seed'"),
        ({"source": {"class": "dog", "key": "0" * 64, "seed": 1}}, "synth.bad_recipe", "none or several"),
        ({"source": {"class": "dog", "seed": 1, "pitch": 2}}, "synth.bad_recipe", "'pitch'"),
        ({"source": {"instrument": "piano", "seed": 1}}, "synth.bad_recipe", "no notes"),
        ({"source": {"key": "0" * 64, "from": -1}}, "synth.bad_recipe", "before its recording"),
        ({"source": {"key": "0" * 64, "from": 0, "loop": {"length": 800, "fade": 401}}}, "synth.bad_recipe", "401"),
        ({"source": {"key": "0" * 64, "from": 0}}, "synth.no_source", "no store at all"),
        ({"source": None}, "synth.bad_recipe", "None"),
        ({"fade_in": -1}, "synth.bad_recipe", "fades"),
        ({"fade_in": 10**6}, "synth.bad_recipe", "fades"),
        ({"gain_db": float("nan")}, "synth.bad_recipe", "gain_db"),
        ({"pan": 0.5}, "synth.bad_recipe", "'pan'"),
        ({"start": -1}, "synth.bad_recipe", "-1"),
        ({"start": 10**6}, "synth.bad_recipe", "1000000"),
        ({"length": 10}, "synth.bad_recipe", "event 0"),
        ({"gain_db": "loud"}, "synth.bad_recipe", "loud"),
        ({"gain_db": 500.0}, "synth.bad_recipe", "500"),
    ],
)
def test_a_bad_event_is_refused_by_name(recipe: dict[str, Any], change: dict[str, Any], code: str, says: str) -> None:
    recipe["events"][0] |= change
    with pytest.raises((ConfigError, IntegrityError)) as caught:
        render(recipe)
    assert caught.value.code == code
    assert says in caught.value.message


def test_every_class_renders_in_a_scene() -> None:
    for name in EVENT_CLASSES:
        clip = next(plan_complex(1, 2, classes=[name], min_events=1, max_events=1, background_db=None))
        assert np.max(np.abs(clip_audio(clip))) > 0.01


def test_a_file_clip_is_heard_through_the_same_door(tmp_path: Any) -> None:
    from audio_reasoner.core.audio import encode_wav
    from audio_reasoner.core.records import AudioRef

    planned = next(plan_complex(1, 4))
    pcm = clip_audio(planned)
    path = tmp_path / "a.wav"
    path.write_bytes(encode_wav(pcm, RATE))
    filed = planned.model_copy(update={"audio": AudioRef(path=str(path)), "start_ms": 100, "end_ms": 400})
    heard = clip_audio(filed)
    assert heard.shape == (4800,)
    assert np.allclose(heard, pcm[1600:6400], atol=1e-4)
