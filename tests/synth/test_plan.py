"""The planner: what every plan promises, whatever the settings."""

from __future__ import annotations

from collections import Counter
from itertools import islice, pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio_reasoner.core import ids
from audio_reasoner.core.errors import ConfigError
from audio_reasoner.core.records import Clip
from audio_reasoner.synth import CLASSES, RATE, plan_complex
from audio_reasoner.synth.bank.render import EVENT_CLASSES
from audio_reasoner.synth.scenes.complex_audio import SAME_CLASS_GAP_S


@st.composite
def plans(draw: st.DrawFn) -> dict[str, Any]:
    low_events = draw(st.integers(1, 4))
    low = draw(st.floats(0.2, 1.0))
    gap = draw(st.floats(0.1, 0.5))
    return {
        "min_events": low_events,
        "max_events": low_events + draw(st.integers(0, 4)),
        "classes": draw(st.none() | st.lists(st.sampled_from(EVENT_CLASSES), min_size=1, max_size=5)),
        "event_seconds": (low, low + draw(st.floats(0.0, 0.6))),
        "min_gap_s": gap,
        "max_gap_s": gap + draw(st.floats(0.0, 0.8)),
        "repeat_probability": draw(st.floats(0.0, 1.0)),
    }


@settings(max_examples=60, deadline=None)
@given(plan=plans(), seed=st.integers(-(2**40), 2**40), start=st.integers(0, 10**7))
def test_every_scene_is_possible(plan: dict[str, Any], seed: int, start: int) -> None:
    for clip in plan_complex(3, seed, start=start, **plan):
        timeline, recipe = clip.timeline, clip.audio.recipe
        assert timeline is not None
        assert recipe is not None
        events = timeline.events
        assert plan["min_events"] <= len(events) <= plan["max_events"]
        assert {e.label for e in events} <= set(plan["classes"] or EVENT_CLASSES)
        low, high = plan["event_seconds"]
        for e in events:
            assert low * RATE <= e.end - e.start <= high * RATE + 1
        for a, b in pairwise(events):
            gap = (b.start - a.end) / RATE
            assert gap >= plan["min_gap_s"]
            assert gap >= SAME_CLASS_GAP_S or a.label != b.label
            assert gap <= plan["max_gap_s"] + 1 / RATE or a.label == b.label
        assert events[0].start >= 0
        assert events[-1].end <= timeline.length <= 30 * RATE
        # Timeline, recipe, labels and duration tell one story.
        assert [
            (e["start"], e["start"] + e["length"], e["source"]["class"], e["gain_db"]) for e in recipe["events"]
        ] == [(e.start, e.end, e.label, e.gain_db) for e in events]
        assert clip.duration_s == timeline.length / RATE == recipe["length"] / recipe["rate"]
        assert clip.labels_of("tag") == tuple(sorted({e.label for e in events}))
        assert clip.content_key == ids.content_key_of_recipe(recipe)
        assert clip.clip_id == ids.clip_id(clip.source, clip.source_id, 0, None)
        assert Clip.model_validate_json(clip.model_dump_json()) == clip


def test_a_plan_is_a_prefix_of_a_longer_one_and_can_be_entered_anywhere() -> None:
    longer = list(plan_complex(100, 7))
    assert list(plan_complex(40, 7)) == longer[:40]
    assert list(plan_complex(10, 7, start=60)) == longer[60:70]


def test_planning_is_lazy() -> None:
    assert len(list(islice(plan_complex(10**12, 7), 5))) == 5


def test_no_scenes_are_no_scenes() -> None:
    assert list(plan_complex(0, 7)) == []


def test_two_seeds_share_neither_a_scene_nor_a_sound() -> None:
    def sounds(seed: int) -> set[tuple[str, int]]:
        recipes = [c.audio.recipe for c in plan_complex(300, seed)]
        return {(e["source"]["class"], e["source"]["seed"]) for r in recipes if r is not None for e in r["events"]}

    train, test = sounds(1), sounds(2)
    assert len(train) > 900
    assert not train & test
    keys = [c.content_key for seed in (1, 2) for c in plan_complex(300, seed)]
    assert len(set(keys)) == 600


def test_numbers_of_events_are_balanced_exactly_and_classes_roughly() -> None:
    clips = list(plan_complex(3600, 3))
    timelines = [c.timeline for c in clips if c.timeline is not None]
    assert set(Counter(len(t.events) for t in timelines).values()) == {600}
    classes = Counter(e.label for t in timelines for e in t.events)
    assert set(classes) == set(EVENT_CLASSES)
    mean = classes.total() / len(EVENT_CLASSES)
    assert min(classes.values()) > 0.8 * mean
    assert max(classes.values()) < 1.2 * mean
    # Not always the same number at the same place of a block.
    assert len({len(t.events) for t in timelines[::6]}) == 6


def repeated(**plan: Any) -> float:
    labels = [[e.label for e in c.timeline.events] for c in plan_complex(400, 3, **plan) if c.timeline is not None]
    return sum(len(set(x)) < len(x) for x in labels) / len(labels)


def test_repeats_come_at_the_asked_rate() -> None:
    assert repeated(repeat_probability=0.0) == 0.0
    assert 0.35 < repeated() < 0.55
    assert repeated(repeat_probability=1.0, min_events=2) == 1.0


def test_a_bank_of_one_class_repeats_it() -> None:
    for clip in plan_complex(30, 3, classes=["bell"], repeat_probability=0.0):
        assert clip.timeline is not None
        assert {e.label for e in clip.timeline.events} == {"bell"}


def test_the_order_in_which_classes_are_given_does_not_matter() -> None:
    assert list(plan_complex(20, 3, classes=["dog", "bell"])) == list(
        plan_complex(20, 3, classes=["bell", "dog", "dog"])
    )


def test_other_settings_make_other_names() -> None:
    """Otherwise two runs of one seed would hold different audio under equal clip ids."""
    usual = {c.clip_id for c in plan_complex(20, 3)}
    assert usual == {c.clip_id for c in plan_complex(20, 3, classes=CLASSES, max_events=6)}
    assert next(plan_complex(1, 3)).source_id == "3/0000000"
    for other in ({"classes": ["dog"]}, {"max_events": 5}, {"background_db": None}, {"gain_db": (0.0, 0.0)}):
        assert not usual & {c.clip_id for c in plan_complex(20, 3, **other)}  # type: ignore[arg-type]


def test_gains_differ_within_a_scene() -> None:
    gains = [
        [e.gain_db for e in c.timeline.events] for c in plan_complex(50, 3, min_events=3) if c.timeline is not None
    ]
    assert all(len(set(g)) > 1 for g in gains)
    assert all(-6.0 <= x <= 6.0 for g in gains for x in g)


@pytest.mark.parametrize(
    ("plan", "code"),
    [
        ({"min_events": 0}, "synth.bad_range"),
        ({"min_events": 4, "max_events": 3}, "synth.bad_range"),
        ({"min_gap_s": 0.05}, "synth.bad_range"),
        ({"min_gap_s": 0.5, "max_gap_s": 0.4}, "synth.bad_range"),
        ({"event_seconds": (0.1, 0.5)}, "synth.bad_range"),
        ({"event_seconds": (0.5, float("nan"))}, "synth.bad_range"),
        ({"event_seconds": (0.8, 0.5)}, "synth.bad_range"),
        ({"edge_seconds": (-0.1, 0.5)}, "synth.bad_range"),
        ({"gain_db": (0.0, 60.0)}, "synth.bad_range"),
        ({"background_db": (-40.0, 10.0)}, "synth.bad_range"),
        ({"repeat_probability": 1.5}, "synth.bad_range"),
        ({"max_events": 20}, "synth.too_long"),
        ({"classes": ["dog", "dgo"]}, "synth.unknown_class"),
        ({"classes": []}, "synth.no_class"),
        ({"classes": ["dog", "wind"]}, "synth.no_event"),
        ({"kind": "spatial"}, "synth.bad_kind"),
        ({"crossfade_probability": float("nan")}, "synth.bad_range"),
        ({"crossfade_seconds": (0.0, 0.1)}, "synth.bad_range"),
        ({"rooms": -0.1}, "synth.bad_range"),
        ({"kind": "composite", "snr_db": (float("nan"), 3.0)}, "synth.bad_range"),
        ({"kind": "composite", "snr_db": (5.0, -5.0)}, "synth.bad_range"),
        ({"kind": "composite", "tracks": (1, 4)}, "synth.bad_range"),
        ({"kind": "composite", "track_seconds": (10.0, 40.0)}, "synth.bad_range"),
        ({"kind": "composite", "classes": ["rain", "stream"]}, "synth.too_few_tracks"),
        ({"kind": "composite", "classes": ["dog"]}, "synth.too_few_tracks"),
        ({"split": "train "}, "synth.no_split"),
        ({"banks": []}, "synth.empty_bank"),
    ],
)
def test_impossible_settings_are_refused_before_the_first_scene(plan: dict[str, Any], code: str) -> None:
    with pytest.raises(ConfigError) as caught:
        plan_complex(5, 1, **plan)
    assert caught.value.code == code


def test_a_negative_number_of_scenes_is_refused() -> None:
    with pytest.raises(ConfigError, match="-1"):
        plan_complex(-1, 1)
