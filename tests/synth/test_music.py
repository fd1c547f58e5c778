"""Composed pieces: who they are, what is told of them, and that their sound shows it."""

from __future__ import annotations

import json
from collections import Counter
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from audio_reasoner.core.errors import ConfigError
from audio_reasoner.core.harmony import PROGRESSIONS, Key, direction_of, estimate_key, key_named
from audio_reasoner.core.records import Clip
from audio_reasoner.grounded.pieces import MELODIC as OFFERED
from audio_reasoner.synth.audio import clip_audio
from audio_reasoner.synth.dsp import RATE
from audio_reasoner.synth.music.compose import BEATS, DIRECTIONS, DYNAMICS, METRES
from audio_reasoner.synth.music.instruments import INSTRUMENTS, MELODIC
from audio_reasoner.synth.music.music import ENTRY_GAP_S, plan_music
from audio_reasoner.synth.recipes import check_recipe

CLIPS = list(plan_music(240, 5))


def facts(clip: Clip) -> dict[str, str]:
    assert clip.timeline is not None
    return {f.kind: f.value for f in clip.timeline.facts}


def notes(clip: Clip) -> list[tuple[str, int, int, int, float]]:
    """Instrument, start and length in samples of the clip, pitch, level."""
    recipe: Any = clip.audio.recipe
    return [
        (e["source"]["instrument"], e["start"] + a, n, p, db)
        for e in recipe["events"]
        for a, n, p, db in e["source"]["notes"]
    ]


def test_an_item_depends_on_seed_and_number_alone() -> None:
    assert list(plan_music(7, 5)) == CLIPS[:7]
    assert list(plan_music(3, 5, start=100)) == CLIPS[100:103]
    other = {c.clip_id for c in plan_music(240, 6)}
    assert not other & {c.clip_id for c in CLIPS}
    some = list(plan_music(20, 5, instruments=["piano", "violin", "drums"]))
    assert {e.label for c in some for e in c.timeline.events} == {"piano", "violin", "drums"}  # type: ignore[union-attr]
    assert not {c.clip_id for c in some} & {c.clip_id for c in CLIPS}


def test_recipes_are_whole_json_and_lengths_are_as_promised() -> None:
    for clip in CLIPS:
        recipe: Any = clip.audio.recipe
        assert json.loads(json.dumps(recipe)) == recipe
        check_recipe(recipe)
        assert 6.0 <= clip.duration_s <= 27.0
        assert clip.timeline is not None
        for event, row in zip(clip.timeline.events, recipe["events"], strict=True):
            assert (event.start, event.end) == (row["start"], row["start"] + row["length"])
            assert row["source"]["notes"][0][0] == 0
            assert event.label == row["source"]["instrument"]
            kind = INSTRUMENTS[event.label]
            assert all(kind.low <= p <= kind.high for _, _, p, _ in row["source"]["notes"])


def test_traits_are_drawn_evenly() -> None:
    assert Counter(len(c.timeline.events) for c in CLIPS) == {1: 60, 2: 60, 3: 60, 4: 60}  # type: ignore[union-attr]
    told = [facts(c) for c in CLIPS]
    for kind, values in (("metre", METRES), ("direction", DIRECTIONS), ("dynamics", DYNAMICS)):
        found = Counter(t[kind] for t in told if kind in t)
        assert set(found) == set(values)
        assert max(found.values()) < 1.6 * min(found.values()), (kind, found)
    modes = Counter(t["key"].split()[1] for t in told if "key" in t)
    assert abs(modes["major"] - modes["minor"]) < 25
    leads = Counter(t["melody"] for t in told if "melody" in t)
    assert set(leads) <= set(MELODIC)
    assert set(OFFERED) == set(MELODIC)


def test_who_comes_in_first_is_drawn_by_lot() -> None:
    firsts: Counter[bool] = Counter()
    for clip in plan_music(300, 9):
        assert clip.timeline is not None
        events = clip.timeline.events
        starts = [e.start for e in events]
        if len(set(starts)) > 1:
            assert all(b - a >= ENTRY_GAP_S * RATE * 0.99 for a, b in pairwise(starts))
            if len(events) == 2:
                firsts[events[0].label == facts(clip).get("melody", events[0].label)] += 1
    assert 0.3 < firsts[True] / firsts.total() < 0.8


def test_notes_show_what_is_told() -> None:
    keys_right = keys = 0
    for clip in CLIPS:
        told, played = facts(clip), notes(clip)
        first = min(a for _, a, _, _, _ in played)
        beat = 60.0 / float(told["tempo"]) * RATE
        # Every note starts on the grid of eighths or thirds of a beat.
        places = np.array([(a - first) / beat for _, a, _, _, _ in played])
        grid = min(float(np.max(np.abs(places * k - np.round(places * k)))) for k in (2, 3))
        assert grid < 0.01, clip.source_id
        if "metre" in told:
            bars = (max(a + n for _, a, n, _, _ in played) - first) / beat / BEATS[told["metre"]]
            assert abs(bars / 4 - round(bars / 4)) < 0.03, clip.source_id
        if "key" in told:
            key = key_named(told["key"])
            assert key is not None
            weights = np.zeros(12)
            for name, _, n, p, _ in played:
                weights[p % 12] += n if name != "drums" else 0
            keys += 1
            keys_right += estimate_key(weights.tolist())[0] == key
            ends = max(a for _, a, _, _, _ in played)
            last = [p for name, a, _, p, _ in played if a == ends and name != "drums"]
            if last:
                assert min(last) % 12 == key.tonic, clip.source_id
        if "chords" in told:
            key = key_named(told["key"])
            assert key is not None
            rows = [", ".join(key.chord(d) for d in row) for row in PROGRESSIONS[key.mode]]
            assert told["chords"] in rows
    assert keys_right / keys > 0.85


def test_the_melody_goes_the_way_that_is_told() -> None:
    for clip in CLIPS:
        assert clip.timeline is not None
        for fact in clip.timeline.facts:
            if fact.kind == "direction":
                event = clip.timeline.events[fact.events[0]]
                assert event.label == fact.subject
                recipe: Any = clip.audio.recipe
                rows = recipe["events"][fact.events[0]]["source"]["notes"]
                if len({a for a, *_ in rows}) == len(rows):  # one note at a time
                    times = [a for a, *_ in rows] + [rows[-1][0] + rows[-1][1]]
                    assert direction_of(times, [p for _, _, p, _ in rows]) == fact.value


def test_the_sound_shows_loudness_and_entries() -> None:
    seen: Counter[str] = Counter()
    for clip in CLIPS[:40]:
        told = facts(clip)
        assert clip.timeline is not None
        value = told.get("dynamics")
        if value in ("crescendo", "diminuendo") and seen[value] < 3:
            x = clip_audio(clip)
            m = x.size // 5
            start, end = (float(np.sqrt(np.mean(x[a : a + m] ** 2))) for a in (m // 2, 3 * m))
            assert (end > 1.5 * start) == (value == "crescendo"), clip.source_id
            seen[value] += 1
        events = clip.timeline.events
        if len(events) > 1 and events[1].start - events[0].start > RATE and seen["entry"] < 3:
            x = clip_audio(clip)
            assert np.max(np.abs(x[: max(events[0].start - 200, 1)])) < 0.01
            assert np.max(np.abs(x[events[0].start : events[0].start + RATE // 2])) > 0.01
            seen["entry"] += 1
    assert min(seen[k] for k in ("crescendo", "diminuendo", "entry")) >= 3


@pytest.mark.parametrize(
    ("names", "code"),
    [(["kazoo"], "synth.unknown_instrument"), (["drums", "bass"], "synth.no_melody"), ([], "synth.no_melody")],
)
def test_impossible_instruments_are_refused_by_name(names: list[str], code: str) -> None:
    with pytest.raises(ConfigError) as e:
        plan_music(3, 0, instruments=names)
    assert e.value.code == code


def test_any_choice_with_one_melodic_instrument_works() -> None:
    for names in (["flute"], ["flute", "drums"], ["bass", "organ"], ["guitar", "violin"], ["piano", "bass", "drums"]):
        for clip in plan_music(12, 1, instruments=names):
            assert {e.label for e in clip.timeline.events} <= set(names)  # type: ignore[union-attr]


def test_chords_and_notes_are_spelled_in_their_key() -> None:
    assert [Key(5, "major").chord(d) for d in (1, 2, 3, 4, 5, 6)] == ["F", "Gm", "Am", "Bb", "C", "Dm"]
    assert [Key(8, "minor").chord(d) for d in (1, 3, 4, 5, 6, 7)] == ["G#m", "B", "C#m", "D#", "E", "F#"]
    assert Key(3, "minor").chord(6) == "Cb"
    assert Key(3, "minor").note(59) == "Cb4"
    for mode in ("major", "minor"):
        for tonic in range(12):
            key = Key(tonic, mode)
            names = [key.degree(d) for d in range(1, 8)]
            assert len({n[0] for n in names}) == 7, key.name
            assert key_named(key.name) == key
    assert key_named("H minor") is None
    assert key_named("") is None


def test_a_melody_over_a_bass_tells_its_key_only_where_its_notes_show_it() -> None:
    silent = told = 0
    for clip in plan_music(150, 5, instruments=["violin", "bass"]):
        played = notes(clip)
        if len({x for x, *_ in played}) < 2:
            continue
        weights = [0.0] * 12
        for _, _, length, pitch, _ in played:
            weights[pitch % 12] += length
        key = facts(clip).get("key")
        told += key is not None
        silent += key is None
        assert key is None or estimate_key(weights)[0].name == key
    assert told > 5 * silent > 0


def test_the_leading_note_keeps_its_letter() -> None:
    # D minor is written with flats, its leading note is C sharp all the same.
    assert [Key(2, "minor").note(73), Key(8, "minor").note(67), Key(10, "minor").note(69)] == ["C#5", "F##4", "A4"]


def test_short_pieces_keep_tempi_even() -> None:
    clips = list(plan_music(240, 5, max_seconds=12.0))
    assert max(c.duration_s for c in clips) <= 12.0
    tempi = [float(facts(c)["tempo"]) for c in clips]
    slow = sum(t < 77 for t in tempi)
    assert len(tempi) == 240
    assert 70 <= slow <= 90  # a third
    assert not {c.clip_id for c in clips} & {c.clip_id for c in plan_music(240, 5)}
    with pytest.raises(ConfigError, match="at most 5 s"):
        plan_music(1, 5, max_seconds=5.0)
