"""Crossfades, composite scenes, rooms: what the recipe says is what is heard."""

from __future__ import annotations

import math
from collections import Counter
from itertools import combinations, pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio_reasoner.checks.ontology import confusable, found_with
from audio_reasoner.core.errors import ConfigError, EnvironmentProblem
from audio_reasoner.core.records import Clip, Timeline
from audio_reasoner.synth import RATE, clip_audio, plan_complex, render
from audio_reasoner.synth.balance import Composition, scene_difficulty, snr_of
from audio_reasoner.synth.bank.render import TRACK_CLASSES, loudness_dbfs
from audio_reasoner.synth.recipes import faded, repeated
from audio_reasoner.synth.rooms import known_room, response


def timeline_of(clip: Clip) -> Timeline:
    assert clip.timeline is not None
    return clip.timeline


def recipe_of(clip: Clip) -> dict[str, Any]:
    assert clip.audio.recipe is not None
    return clip.audio.recipe


@settings(max_examples=40, deadline=None)
@given(
    kind=st.sampled_from(["temporal", "composite", "mixed"]),
    seed=st.integers(0, 10**9),
    low=st.floats(-10.0, 10.0),
    more=st.floats(0.0, 10.0),
    crossfade=st.floats(0.0, 1.0),
    tracks=st.integers(2, 6),
)
def test_every_scene_of_every_kind_is_possible(
    kind: str, seed: int, low: float, more: float, crossfade: float, tracks: int
) -> None:
    asked = {"snr_db": (low, low + more), "crossfade_probability": crossfade, "tracks": (2, tracks)}
    for clip in plan_complex(4, seed, kind=kind, **asked):  # type: ignore[arg-type]
        timeline, recipe = timeline_of(clip), recipe_of(clip)
        assert timeline.length <= 30 * RATE
        labels = {e.label for e in timeline.events}
        assert not any(confusable(a, b) for a, b in combinations(sorted(labels), 2))
        assert [(e["start"], e["start"] + e["length"], e["gain_db"]) for e in recipe["events"]] == [
            (e.start, e.end, e.gain_db) for e in timeline.events
        ]
        grounds = [e for e in timeline.events if e.role == "background"]
        if recipe["kind"] == "complex/composite":
            (ground,) = grounds
            assert (ground.start, ground.end) == (0, timeline.length)
            assert ground.label in TRACK_CLASSES
            front = [e for e, f in zip(timeline.events, recipe["events"], strict=True) if "fade_in" in f]
            assert 2 <= len(front) <= tracks
            assert len({e.label for e in front}) == len(front)
            assert all(10 * RATE <= e.end - e.start <= 25 * RATE for e in front)
            snr = snr_of(recipe, clip)
            assert snr is not None
            assert low - 0.02 <= snr <= low + more + 0.02
        else:
            assert not grounds
            for a, b in pairwise(timeline.events):
                assert a.end <= b.start or a.label != b.label
                assert b.start - a.start >= 0.15 * RATE
            assert all(a.end <= c.start for a, c in zip(timeline.events, timeline.events[2:], strict=False))
        assert Clip.model_validate_json(clip.model_dump_json()) == clip


def test_neighbours_fade_over_exactly_the_samples_they_share() -> None:
    blends = 0
    for clip in plan_complex(60, 5, min_events=4, crossfade_probability=0.6):
        for a, b in pairwise(recipe_of(clip)["events"]):
            shared = max(a["start"] + a["length"] - b["start"], 0)
            assert a.get("fade_out", 0) == b.get("fade_in", 0) == shared
            blends += shared > 0
    assert blends > 80


def test_a_crossfade_keeps_the_power() -> None:
    rng = np.random.default_rng(1)
    a, b = (rng.standard_normal(8000).astype(np.float32) for _ in range(2))
    mixed = faded(a, 0, 4000)[4000:] + faded(b, 4000, 0)[:4000]
    power = np.mean(np.square(mixed).reshape(10, -1), axis=1)
    assert np.all(np.abs(power - 1.0) < 0.25)
    assert float(np.mean(power)) == pytest.approx(1.0, abs=0.05)


def test_a_repeated_texture_has_no_dip_no_click_and_the_asked_length() -> None:
    x = np.random.default_rng(1).standard_normal(10_000).astype(np.float32)
    y = repeated(x, 1000, 55_555)
    assert y.shape == (55_555,)
    assert np.array_equal(y[:9000], x[:9000])
    power = np.mean(np.square(y[:55_000]).reshape(110, -1), axis=1)
    assert power.min() > 0.7
    assert power.max() < 1.4
    tone = np.sin(np.arange(10_000) * 0.1).astype(np.float32)
    assert np.max(np.abs(np.diff(repeated(tone, 2000, 60_000)))) < 0.2


def test_tracks_lie_at_the_planned_ratio_also_in_the_sound() -> None:
    for clip in plan_complex(6, 9, kind="composite", targets=(0, 0), background_db=None):
        recipe = recipe_of(clip)
        one = {i: {**recipe, "events": [e]} for i, e in enumerate(recipe["events"])}
        level = {i: loudness_dbfs(render(r)) for i, r in one.items()}
        roles = [e.role for e in timeline_of(clip).events]
        front = 10 * math.log10(sum(10 ** (level[i] / 10) for i, r in enumerate(roles) if r == "foreground"))
        ground = next(level[i] for i, r in enumerate(roles) if r == "background")
        assert front - ground == pytest.approx(snr_of(recipe, clip), abs=1.0)


def test_no_composite_or_blended_scene_is_turned_down() -> None:
    asked = {"crossfade_probability": 1.0, "gain_db": (6.0, 6.0), "snr_db": (-10.0, 20.0), "tracks": (4, 6)}
    for clip in plan_complex(16, 3, kind="mixed", **asked):  # type: ignore[arg-type]
        assert np.max(np.abs(clip_audio(clip))) < 0.9


def test_roles_and_classes_of_composite_scenes_are_balanced() -> None:
    made = Composition()
    for clip in plan_complex(2400, 3, kind="composite"):
        made.add(clip)
    assert set(made.backgrounds) == set(TRACK_CLASSES)
    assert max(made.backgrounds.values()) < 1.6 * min(made.backgrounds.values())
    tracks = Counter(
        sum("fade_in" in e for e in recipe_of(c)["events"]) for c in plan_complex(2400, 3, kind="composite")
    )
    assert set(tracks) == {2, 3, 4}
    assert max(tracks.values()) - min(tracks.values()) <= 24


def test_mixed_scenes_are_half_and_half_and_of_every_difficulty() -> None:
    made = Composition()
    for clip in plan_complex(400, 3, kind="mixed", min_events=3, max_events=8, rooms=0.3):
        made.add(clip)
        assert scene_difficulty(clip) in (1, 2, 3)
    assert made.kinds == {"complex/temporal": 200, "complex/composite": 200}
    assert min(made.difficulty.values()) > 40
    assert len(made.difficulty) == 3
    assert 80 < made.in_rooms < 160


def test_plausible_scenes_hold_what_is_found_with_their_background() -> None:
    def fitting(share: float) -> float:
        hits = total = 0
        for clip in plan_complex(300, 3, kind="composite", plausible_probability=share, targets=(0, 0)):
            ground = next(e.label for e in timeline_of(clip).events if e.role == "background")
            for e in timeline_of(clip).events:
                if e.role == "foreground":
                    hits += e.label in found_with(ground)
                    total += 1
        return hits / total

    assert fitting(1.0) > 0.95 > 0.8 > fitting(0.0)


def test_a_room_moves_no_start_and_keeps_the_level() -> None:
    room, places = known_room(3)
    base = {"v": 2, "kind": "complex/temporal", "rate": RATE, "length": 48_000, "seed": 0, "background": None}
    for name, seed in (("knock", 1), ("clap", 2), ("horn", 3), ("bird", 4)):
        event = {"source": {"class": name, "seed": seed}, "start": 9000, "length": 12_000, "gain_db": 0.0}
        dry = render({**base, "events": [event]})
        for place in places:
            wet = render({**base, "events": [event], "room": {**room, "places_m": [list(place)]}})
            assert not wet[:9000].any()
            heard = [int(np.flatnonzero(np.abs(x) > 0.02 * np.max(np.abs(x)))[0]) for x in (dry, wet)]
            assert abs(heard[1] - heard[0]) < 0.01 * RATE
            assert wet[21_000:24_000].any()
            assert loudness_dbfs(wet[9000:21_000]) == pytest.approx(loudness_dbfs(dry[9000:21_000]), abs=0.2)


def test_a_response_begins_with_the_direct_sound_and_is_computed_once() -> None:
    args = ((6.0, 5.0, 3.0), 0.4, (2.0, 2.0, 1.5), (4.0, 3.5, 1.2))
    h = response(*args)
    assert response(*args) is h
    assert float(np.sum(np.square(h))) == pytest.approx(1.0, abs=1e-3)
    assert abs(float(h[0])) > 0.1
    # Alone in a nearly dead room, the direct sound is all there is: cut at its peak.
    dead = response((6.0, 5.0, 3.0), 0.15, (2.0, 2.0, 1.5), (2.5, 2.0, 1.5))
    assert int(np.argmax(np.abs(dead))) == 0


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"t60_s": float("nan")}, "t60_s"),
        ({"t60_s": 0.01}, "t60_s"),
        ({"size_m": [1.0, 5.0, 3.0]}, "measures"),
        ({"size_m": [6.0, 5.0]}, "size_m"),
        ({"mic_m": [7.0, 1.0, 1.0]}, "does not contain"),
        ({"mic_m": ["1", 1.0, 1.0]}, "mic_m"),
        ({"places_m": []}, "one place for each"),
        ({"places_m": [[2.0, 2.0, 1.5]]}, "10 cm"),
        ({"places_m": [[2.0, float("inf"), 1.5]]}, "a place"),
        ({"colour": "red"}, "'colour'"),
        ({"size_m": [30.0, 30.0, 30.0], "t60_s": 0.05}, "cannot have"),
    ],
)
def test_an_impossible_room_is_refused_by_name(change: dict[str, Any], says: str) -> None:
    room = {"size_m": [6.0, 5.0, 3.0], "t60_s": 0.4, "mic_m": [2.0, 2.0, 1.5], "places_m": [[4.0, 3.5, 1.2]]}
    event = {"source": {"class": "dog", "seed": 1}, "start": 0, "length": 8000, "gain_db": 0.0}
    recipe = {"v": 2, "kind": "complex/temporal", "rate": RATE, "length": 8000, "seed": 0, "events": [event]}
    with pytest.raises(ConfigError, match="room") as caught:
        render({**recipe, "background": None, "room": {**room, **change}})
    assert caught.value.code == "synth.bad_room"
    assert says in caught.value.message


def test_rooms_without_their_package_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyroomacoustics", None)
    with pytest.raises(EnvironmentProblem) as caught:
        plan_complex(5, 1, rooms=0.5)
    assert caught.value.code == "environment.package"
    assert "[rooms]" in caught.value.hint
