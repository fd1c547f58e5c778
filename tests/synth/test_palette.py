"""Banks of recordings in plans: splits that share nothing, licences, what is left out, what is refused."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audio_reasoner.core.audio import encode_flac
from audio_reasoner.core.errors import ConfigError
from audio_reasoner.core.records import Clip
from audio_reasoner.dataset import read_clips
from audio_reasoner.synth import RATE, clip_audio, plan_complex, render_event
from audio_reasoner.synth.bank.render import LEVEL_DBFS, loudness_dbfs
from audio_reasoner.synth.scenes.scene import joint_licence
from audio_reasoner.synth.store import SourceInfo

LABELS = ("dog", "rooster", "rain", "sea waves", "door", "clock alarm", "glass", "cow", "engine", "laughing")


def recording(label: str, i: int, seconds: float = 1.0, **more: Any) -> SourceInfo:
    key = hashlib.sha256(f"{label} {i}".encode()).hexdigest()
    fields = {"group": f"{label}-{i // 2}", "licence": "CC-BY-4.0", "extra": {"kind": "single"}, **more}
    return SourceInfo(
        key=key, path=f"{label}/{i}.flac", start=0, length=int(seconds * RATE), gain_db=0.0, label=label, source="test",
        source_id=f"{label}/{i}", **fields,
    )  # fmt: skip


@pytest.fixture
def bank() -> list[SourceInfo]:
    """Ten classes of twelve recordings, two to a group, of 0.4 to 5.7 s."""
    return [recording(x, i, 0.4 + (0.35 * i if i % 2 else 0.5 * i)) for x in LABELS for i in range(12)]


def keys_of(clips: list[Clip]) -> set[str]:
    return {
        e["source"]["key"] for c in clips if c.audio.recipe for e in c.audio.recipe["events"] if "key" in e["source"]
    }


def test_a_recording_never_sounds_on_both_sides_of_a_split(bank: list[SourceInfo]) -> None:
    group_of = {i.key: i.group for i in bank}
    clips = list(plan_complex(600, 7, banks=[bank], kind="mixed", event_seconds=(0.3, 2.5)))
    assert Counter(c.split for c in clips) == {"train": 480, "test": 120}
    heard: dict[str, set[str]] = defaultdict(set)
    by_group: dict[str, set[str]] = defaultdict(set)
    for c in clips:
        used = {group_of[k] for k in keys_of([c])}
        heard[str(c.split)] |= used
        by_group[c.group] |= used
    assert not heard["train"] & heard["test"]
    groups = list(by_group.values())
    assert 2 <= len(groups) <= 6
    assert sum(len(g) for g in groups) == len(set().union(*groups)) == len(set(group_of.values()))
    train, test = (list(plan_complex(300, 7, banks=[bank], split=x)) for x in ("train", "test"))
    assert {c.split for c in train} == {"train"}
    assert not keys_of(train) & keys_of(test)
    assert {c.clip_id for c in train}.isdisjoint({c.clip_id for c in test})


def test_most_recordings_of_a_small_bank_are_for_training() -> None:
    infos = [recording(x, i, group=f"{x}{i}") for x in LABELS for i in range(2 if x == "cow" else 10)]
    side: dict[str, str] = {}
    for c in plan_complex(1500, 7, banks=[infos], min_events=4):
        side |= dict.fromkeys(keys_of([c]), str(c.split))
    counts = Counter((i.label, side[i.key]) for i in infos)
    assert counts["cow", "train"] == counts["cow", "test"] == 1
    assert all(counts[x, "test"] == 2 for x in LABELS if x != "cow")


def test_classes_of_recordings_come_equally_often(bank: list[SourceInfo]) -> None:
    counts: Counter[str] = Counter()
    for c in plan_complex(2000, 7, banks=[bank], min_events=3, max_events=6):
        counts.update(e.label for e in c.timeline.events if c.timeline is not None)
    assert set(counts) == set(LABELS)
    assert max(counts.values()) < 1.3 * min(counts.values())


def test_recordings_are_whole_where_they_fit_and_lie_inside_where_not(bank: list[SourceInfo]) -> None:
    length = {i.key: i.length for i in bank}
    whole = cut = looped = 0
    for c in plan_complex(400, 7, banks=[bank], kind="mixed", event_seconds=(0.3, 2.5)):
        assert c.audio.recipe is not None
        for e in c.audio.recipe["events"]:
            s = e["source"]
            if "loop" in s:
                looped += 1
                assert s["from"] + s["loop"]["length"] <= length[s["key"]]
                assert length[s["key"]] >= 4 * RATE
            else:
                assert s["from"] + e["length"] <= length[s["key"]]
                whole += e["length"] == length[s["key"]]
                cut += e["length"] < length[s["key"]]
    assert whole > 500
    assert looped > 100


def test_what_holds_several_events_is_never_counted(bank: list[SourceInfo]) -> None:
    several = [recording("crow", i, 5.0, extra={"kind": "several"}) for i in range(6)]
    short = [recording("owl", i, 1.0, extra={"kind": "several"}) for i in range(6)]
    clips = list(plan_complex(300, 7, banks=[[*bank, *several, *short]]))
    assert not {e.label for c in clips if c.timeline for e in c.timeline.events} & {"crow", "owl"}
    mixed = list(plan_complex(300, 7, kind="composite", banks=[[*bank, *several, *short]]))
    crows = [e for c in mixed if c.timeline for e in c.timeline.events if e.label == "crow"]
    assert crows
    assert all(e.end - e.start >= 10 * RATE for e in crows)


def test_banks_mix_and_each_class_keeps_its_makers(bank: list[SourceInfo]) -> None:
    clips = list(plan_complex(400, 7, banks=[bank, None]))
    makers: dict[str, set[str]] = defaultdict(set)
    for c in clips:
        assert c.audio.recipe is not None
        assert c.timeline is not None
        for e, f in zip(c.timeline.events, c.audio.recipe["events"], strict=True):
            makers[e.label] |= set(f["source"]) & {"key", "class"}
    assert makers["dog"] == {"key", "class"}
    assert makers["rooster"] == {"key"}
    assert makers["saw"] == {"class"}


def test_instruments_play_as_tracks_among_other_sounds() -> None:
    players: Counter[str] = Counter()
    for c in plan_complex(60, 7, kind="composite", banks=[None, "instruments"], targets=(0, 0)):
        assert c.audio.recipe is not None
        playing = [e["source"]["instrument"] for e in c.audio.recipe["events"] if "instrument" in e["source"]]
        players.update(playing)
        assert c.domains == (("sound", "music") if playing else ("sound",))
    assert len(players) == 12
    clips = plan_complex(4, 7, kind="composite", banks=["instruments"], targets=(0, 0), background_db=None)
    for c in clips:
        x = clip_audio(c)
        assert c.timeline is not None
        assert 0.0 < np.max(np.abs(x)) <= 0.9
        # A track is heard from its first to its last second.
        for e in c.timeline.events:
            assert np.max(np.abs(x[e.start : e.start + RATE])) > 0.001
    with pytest.raises(ConfigError, match="short event"):
        plan_complex(4, 7, banks=["instruments"])


def test_the_owners_split_is_kept() -> None:
    said = {0: "train", 1: "test", 2: "val"}
    bank = [recording(x, i, group=f"{x}{i}", extra={"split": said[i % 3]}) for x in LABELS for i in range(6)]
    side = {i.key: i.extra["split"] for i in bank}
    for c in plan_complex(90, 7, banks=[bank]):
        assert {side[k] for k in keys_of([c])} == {c.split}
    assert {c.split for c in plan_complex(20, 7, banks=[bank], split="val")} == {"val"}
    torn = [recording("dog", i, group="one", extra={"split": said[i % 2]}) for i in range(4)]
    with pytest.raises(ConfigError, match="'one'"):
        plan_complex(5, 7, banks=[torn])


def test_licences_are_joined() -> None:
    bank = [
        *(recording("dog", i, licence="CC-BY-4.0") for i in range(4)),
        *(recording("rain", i, licence=None) for i in range(4)),
        *(recording("glass", i, licence="CC0-1.0") for i in range(4)),
    ]
    seen = {c.licence for c in plan_complex(200, 7, banks=[bank])}
    assert seen == {"CC0-1.0", "CC-BY-4.0", "LicenseRef-unknown", "CC-BY-4.0 AND LicenseRef-unknown"}
    assert joint_licence({"MIT OR GPL-3.0", "CC0-1.0", "CC-BY-4.0"}) == "(MIT OR GPL-3.0) AND CC-BY-4.0"


def test_names_of_scenes_follow_the_banks_content_and_not_its_place(bank: list[SourceInfo]) -> None:
    usual = [c.clip_id for c in plan_complex(10, 7, banks=[bank], sources="/a")]
    assert usual == [c.clip_id for c in plan_complex(10, 7, banks=[bank[::-1]], sources="/b")]
    assert not set(usual) & {c.clip_id for c in plan_complex(10, 7, banks=[bank[1:]])}
    first, other = (next(plan_complex(1, 7, banks=[bank], sources=x)) for x in ("/a", "/b"))
    assert first.content_key == other.content_key
    assert (first.audio.sources, other.audio.sources) == ("/a", "/b")


@pytest.mark.parametrize(
    ("infos", "plan", "code"),
    [
        ([], {}, "synth.empty_bank"),
        ([recording("dog", i, 0.1) for i in range(9)], {}, "synth.empty_bank"),
        ([recording("dog", 1)], {"split": "test"}, "synth.no_split"),
        ([recording("dog", i) for i in range(9)], {"kind": "composite"}, "synth.too_few_tracks"),
        ([recording("dog", i) for i in range(9)], {"classes": ["cat"]}, "synth.unknown_class"),
        ([recording("sea", i, 9.0, extra={"kind": "several"}) for i in range(9)], {}, "synth.no_event"),
    ],
)
def test_banks_that_cannot_be_used_are_refused_by_name(
    infos: list[SourceInfo], plan: dict[str, Any], code: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        plan_complex(5, 7, banks=[infos], **plan)
    assert caught.value.code == code


def test_a_bank_of_one_class_repeats_it_at_a_distance() -> None:
    for c in plan_complex(30, 7, banks=[[recording("dog", i) for i in range(9)]], min_events=2):
        assert c.timeline is not None
        assert {e.label for e in c.timeline.events} == {"dog"}
        events = c.timeline.events
        assert all(b.start - a.end >= 0.6 * RATE for a, b in pairwise(events))


def test_one_class_that_is_left_alone_is_told() -> None:
    told: list[str] = []
    dogs = [recording("dog", i) for i in range(9)]
    plan_complex(3, 7, banks=[[*dogs, *(recording("cat", i, 0.1) for i in range(9))]], told=told.append)
    assert "9 shorter than 0.3 s" in told[0]
    assert "only one class is left, 'dog'" in told[1]
    told.clear()
    plan_complex(3, 7, banks=[[*dogs, recording("cat", 1), recording("cat", 4)]], told=told.append)
    plan_complex(3, 7, classes=["rain", "dog"], told=told.append)
    assert not told
    plan_complex(3, 7, classes=["bell"], told=told.append)
    assert "'bell'" in told[0]
    told.clear()
    plan_complex(3, 7, kind="composite", classes=["rain", "dog", "train", "saw"], told=told.append)
    assert not told
    plan_complex(3, 7, kind="composite", classes=["rain", "dog", "bell"], told=told.append)
    assert "only 2 classes can be long tracks, dog, rain" in told[0]


def test_parts_are_cut_where_a_recording_is_loud_and_do_not_click() -> None:
    firm = {"kind": "single", "firm": (8000, 24_000)}
    bells = [recording("bell", i, 9.0, extra=firm) for i in range(6)]
    rains = [recording("rain", i, 9.0, extra={"kind": "single", "firm": (0, 9 * RATE)}) for i in range(6)]
    winds = [recording("wind", i, 9.0, extra={"kind": "several", "firm": (0, 400)}) for i in range(6)]
    cuts, looped = 0, set()
    for c in plan_complex(60, 7, kind="mixed", event_seconds=(0.3, 2.0), banks=[[*bells, *rains, *winds]]):
        assert c.timeline is not None
        assert c.audio.recipe is not None
        for e, f in zip(c.timeline.events, c.audio.recipe["events"], strict=True):
            first = f["source"]["from"]
            if f["length"] > 2.0 * RATE:  # a track: no bell, although it lasts long enough
                looped.add(e.label)
                continue
            cuts += 1
            assert f["fade_out"] >= 320
            assert f.get("fade_in", 0) >= (80 if first else 0)
            if e.label == "bell":
                assert 8000 <= first <= max(8000, 24_000 - f["length"])
    assert looped == {"rain", "wind"}
    assert cuts > 60


@pytest.mark.parametrize("label", ["\u202edog\u0000", "x" * 4000, "  ", "狗", "<script>alert(1)</script>", "a/../../b"])
def test_hostile_labels_stay_labels(label: str) -> None:
    infos = [recording(x, i) for x in (label, "rain") for i in range(4)]
    clips = list(plan_complex(20, 7, banks=[infos]))
    assert {e.label for c in clips if c.timeline for e in c.timeline.events} == {label, "rain"}
    assert all(Clip.model_validate_json(c.model_dump_json()) == c for c in clips)


@pytest.mark.system
def test_scenes_of_a_folder_of_recordings_are_planned_rendered_and_split(tmp_path: Path) -> None:
    for label in ("dog", "bell", "rain", "glass"):
        for i in range(4):
            path = tmp_path / "my sounds" / label / f"{i}.flac"
            path.parent.mkdir(parents=True, exist_ok=True)
            silence = np.zeros(3000, dtype=np.float32)
            path.write_bytes(encode_flac(np.concatenate([silence, render_event(label, i, 14_000 + 1000 * i), silence])))
    run = tmp_path / "run"
    command = [
        sys.executable, "-c", "from audio_reasoner.cli import main; main()", "synth", "complex", "-n", "12", "-o",
        str(run), "--bank", str(tmp_path / "my sounds"), "--seed", "7", "--max-events", "4",
    ]  # fmt: skip
    env = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=env)
    assert done.returncode == 0, done.stderr
    assert "split: test" in done.stdout
    clips = list(read_clips(run))
    assert len(clips) == 12
    for clip in clips:
        x = clip_audio(clip)
        assert clip.timeline is not None
        assert x.shape == (clip.timeline.length,)
        for e in clip.timeline.events:
            assert loudness_dbfs(x[e.start : e.end]) == pytest.approx(LEVEL_DBFS + e.gain_db, abs=1.5)
