"""A made benchmark is in MMAU's format, balanced, repeatable, and its answers are true of its recordings."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from audio_reasoner.core.audio import load_mono, probe
from audio_reasoner.core.errors import ConfigError, InputError
from audio_reasoner.evaluation.make import make_benchmark
from audio_reasoner.evaluation.mmau import MANIFEST_NAME, read, score
from audio_reasoner.evaluation.predictions import Predictions
from audio_reasoner.synth import CLASSES, plan_complex


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bench")
    make_benchmark(44, 5, folder)
    return folder


def test_it_is_read_as_a_benchmark_and_gold_scores_full(made: Path) -> None:
    benchmark = read(made)
    assert len(benchmark.items) == 44
    assert benchmark.problems == []
    assert benchmark.revision == "synthetic, seed 5, 44 items"
    report = score(benchmark, Predictions({item.id: item.answer for item in benchmark.items}))
    assert [report.overall.values[name].value for name in ("strict", "option")] == [100.0, 100.0]
    # No published figure is about it, and the rule that takes words in any order would flatter it.
    assert (report.headline, report.paper) == ("option", {})
    random = 100 * sum(1 / len(item.choices) for item in benchmark.items) / len(benchmark.items)
    assert report.overall.facts["chance"] == pytest.approx(random, abs=0.01), "chance is that of the headline"
    families = Counter(item.groups["sub-category"] for item in benchmark.items)
    assert len(families) >= 8
    assert max(families.values()) - min(families.values()) <= 3
    # No constant answer must come near a listener.
    assert report.overall.facts["best_constant"]["value"] <= 50


def test_recordings_are_16_khz_mono_and_hold_what_the_question_says(made: Path) -> None:
    benchmark = read(made)
    clips = {clip.clip_id: clip for clip in plan_complex(200, 5)}
    for item in benchmark.items:
        found = probe(benchmark.audio_paths(item)[0])
        assert (found.rate, found.channels) == (16_000, 1)
        timeline = clips[item.id].timeline
        assert timeline is not None
        assert len(load_mono(benchmark.audio_paths(item)[0])) == timeline.length
        labels = [event.label for event in timeline.events]
        if item.groups["sub-category"] == "first":
            assert item.answer == labels[0]
        if item.groups["sub-category"] == "last":
            assert item.answer == labels[-1]
        if item.groups["sub-category"] == "presence":
            assert [choice for choice in item.choices if choice in labels] == [
                item.answer
            ] or item.answer not in CLASSES
        if item.groups["sub-category"] == "order":
            assert item.answer == ", ".join(labels)


def test_the_same_seed_gives_the_same_bytes(made: Path, tmp_path: Path) -> None:
    make_benchmark(44, 5, tmp_path / "again")
    for file in sorted(made.rglob("*")):
        if file.is_file():
            assert (tmp_path / "again" / file.relative_to(made)).read_bytes() == file.read_bytes(), file
    make_benchmark(8, 6, tmp_path / "other")
    assert not {i.id for i in read(tmp_path / "other").items} & {i.id for i in read(made).items}


def test_a_changed_file_is_no_longer_the_made_one(made: Path, tmp_path: Path) -> None:
    rows = json.loads((made / "mmau-test-mini.json").read_text())
    rows[0]["answer"] = rows[0]["choices"][0]
    (tmp_path / "mmau-test-mini.json").write_text(json.dumps(rows))
    (tmp_path / MANIFEST_NAME).write_bytes((made / MANIFEST_NAME).read_bytes())
    assert "changed since" in read(tmp_path).revision


def test_an_existing_benchmark_and_an_empty_one_are_refused(made: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        make_benchmark(3, 1, made)
    assert caught.value.code == "benchmark.exists"
    with pytest.raises(ConfigError) as caught:
        make_benchmark(0, 1, tmp_path / "x")
    assert caught.value.code == "benchmark.bad_size"


def test_wrong_options_are_sounds_of_these_scenes_and_types_can_be_chosen(tmp_path: Path) -> None:
    classes = ("bell", "dog", "drum", "rain", "siren")
    data = make_benchmark(12, 5, tmp_path / "bench", families=("first", "order"), classes=classes, max_events=3)
    items = json.loads(data.read_text(encoding="utf-8"))
    assert {i["sub-category"] for i in items} == {"first", "order"}
    assert {word for i in items for choice in i["choices"] for word in choice.split(", ")} <= set(classes)


def test_a_benchmark_from_the_clips_of_a_run(tmp_path: Path) -> None:
    """One question per clip at most, the recordings, and timelines that carry everything the clips' timelines say."""
    from audio_reasoner.core.records import Event, Fact, Timeline
    from audio_reasoner.evaluation.make import make_benchmark_from_clips, timeline_fields
    from audio_reasoner.evaluation.timelines import read_timelines
    from audio_reasoner.synth import plan_complex
    from audio_reasoner.synth.job import plan_run

    plan_run(tmp_path / "run", 60, 2)
    data = make_benchmark_from_clips(tmp_path / "run", tmp_path / "bench")
    rows = json.loads(data.read_text(encoding="utf-8"))
    assert 20 <= len(rows) <= 60
    assert all((tmp_path / "bench" / r["audio_id"]).is_file() for r in rows)
    clips = {c.clip_id: c for c in plan_complex(60, 2)}
    for name, found in read_timelines(tmp_path / "bench" / "timelines.jsonl").items():
        assert found.timeline == clips[name].timeline

    line = Timeline(
        sample_rate=16000,
        length=32000,
        events=(
            Event(start=0, end=9000, label="rain", role="background", gain_db=-3.0),
            Event(start=8000, end=20000, label="speech", speaker="s0", text="Yes.", style="calm"),
        ),
        facts=(Fact(kind="opinion", value="for trains", subject="s0", events=(1,)),),
    )
    (tmp_path / "lines.jsonl").write_text(json.dumps({"id": "a", **timeline_fields(line)}) + "\n", encoding="utf-8")
    assert read_timelines(tmp_path / "lines.jsonl")["a"].timeline == line

    with pytest.raises(InputError, match="3 were asked for"):
        make_benchmark_from_clips(tmp_path / "run", tmp_path / "none", 3, families=("loudness",))
