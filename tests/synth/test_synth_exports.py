"""Timelines for other programs: RTTM, JAMS, Lhotse."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audio_reasoner.core import ids
from audio_reasoner.core.errors import EnvironmentProblem, InputError
from audio_reasoner.core.records import AudioRef, Clip, Event, Fact, Label, Timeline
from audio_reasoner.synth import RATE, clip_audio, plan_complex
from audio_reasoner.synth.exports import export_jams, export_lhotse, export_rttm, jams_of, rttm_lines, token
from audio_reasoner.synth.job import plan_run


def dialogue() -> Clip:
    """Two speakers who overlap; sounds of the bank stand for their voices."""
    spans = [
        (0, 16_001, "s0", "Hello there."),
        (15_000, 40_000, "s1", "Wie geht's?\n<NA>"),
        (48_000, 64_000, "s0", "Ça va ☃"),
    ]
    recipe = {
        "v": 2,
        "kind": "dialogue",
        "rate": RATE,
        "length": 70_000,
        "seed": 0,
        "events": [
            {"source": {"class": "dog", "seed": i}, "start": a, "length": b - a, "gain_db": 0.0}
            for i, (a, b, _, _) in enumerate(spans)
        ],
        "background": None,
    }
    events = tuple(Event(start=a, end=b, label="speech", speaker=s, text=t, style="calm") for a, b, s, t in spans)
    return Clip(
        clip_id=ids.clip_id("d", "1", 0, None),
        source="d",
        source_id="1",
        audio=AudioRef(recipe=recipe),
        content_key=ids.content_key_of_recipe(recipe),
        duration_s=70_000 / RATE,
        domains=("speech",),
        labels=(Label(kind="tag", value="speech"),),
        language="en",
        group="g",
        timeline=Timeline(
            sample_rate=RATE,
            length=70_000,
            events=events,
            facts=(Fact(kind="name", value="Zoë", subject="s0", events=(1,)),),
        ),
    )


def test_rttm_has_a_line_for_each_turn_to_the_sample() -> None:
    clip = dialogue()
    lines = [line.split(" ") for line in rttm_lines(clip)]
    assert all(len(x) == 10 for x in lines)
    assert clip.timeline is not None
    for x, e in zip(lines, clip.timeline.events, strict=True):
        assert x[0] == "SPEAKER"
        assert x[1] == clip.clip_id
        assert (round(float(x[3]) * RATE), round(float(x[4]) * RATE)) == (e.start, e.end - e.start)
        assert x[7] == e.speaker


def test_rttm_of_scenes_has_events_only_where_they_are_asked_for(tmp_path: Path) -> None:
    clips = list(plan_complex(5, 3, min_events=2))
    assert export_rttm(clips, tmp_path).turns == 0
    assert (tmp_path / "turns.rttm").read_text() == ""
    done = export_rttm([*clips, dialogue()], tmp_path, events=True)
    lines = (tmp_path / "events.rttm").read_text().splitlines()
    assert done.events == len(lines) == sum(len(c.timeline.events) for c in clips if c.timeline) + 3


@pytest.mark.parametrize("name", ["glass, breaking", " ", "a\tb\nc", "\u2028x", "\ud800", "été", "x" * 5000])
def test_any_label_is_one_field(name: str) -> None:
    assert len(f"a {token(name)} b".split()) == 3
    token(name).encode("utf-8")


def test_jams_says_what_happens_and_how_to_make_it_again(tmp_path: Path) -> None:
    clip = next(plan_complex(1, 3, kind="composite"))
    document = jams_of(clip)
    (annotation,) = document["annotations"]
    assert clip.timeline is not None
    assert [x["value"]["label"] for x in annotation["data"]] == [e.label for e in clip.timeline.events]
    assert {x["value"]["role"] for x in annotation["data"]} == {"background", "foreground"}
    assert document["sandbox"]["recipe"] == clip.audio.recipe
    assert document["file_metadata"]["duration"] == clip.duration_s
    export_jams([clip, dialogue()], tmp_path)
    read = json.loads((tmp_path / f"{dialogue().clip_id}.jams").read_text())
    assert read["sandbox"]["facts"][0]["value"] == "Zoë"
    assert read["annotations"][0]["data"][1]["value"]["speaker"] == "s1"


def test_a_run_without_synthetic_clips_is_said_and_nothing_is_written(tmp_path: Path) -> None:
    recorded = dialogue().model_copy(update={"audio": AudioRef(path="x.wav"), "timeline": None})
    with pytest.raises(InputError, match="no synthetic clip"):
        export_rttm([recorded], tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_place_that_cannot_be_written_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EnvironmentProblem):
        export_rttm([dialogue()], tmp_path / "file" / "under")


@pytest.mark.system
def test_lhotse_opens_the_cuts_and_hears_our_render(tmp_path: Path) -> None:
    lhotse: Any = pytest.importorskip("lhotse")
    clips = [*plan_complex(2, 3), next(plan_complex(1, 3, kind="composite")), dialogue()]
    done = export_lhotse(lambda: clips, tmp_path, workers=1)
    assert (done.clips, done.audio, done.turns) == (4, 4, 3)
    cuts = {c.id: c for c in lhotse.CutSet.from_file(tmp_path / "cuts.jsonl.gz")}
    recordings = lhotse.RecordingSet.from_file(tmp_path / "recordings.jsonl.gz")
    supervisions = lhotse.SupervisionSet.from_file(tmp_path / "supervisions.jsonl.gz")
    lhotse.validate(recordings)
    lhotse.validate(supervisions)
    lhotse.validate_recordings_and_supervisions(recordings, supervisions)
    for clip in clips:
        cut = cuts[clip.clip_id]
        lhotse.validate(cut)
        assert clip.timeline is not None
        heard = cut.load_audio()
        assert heard.shape == (1, clip.timeline.length)
        assert np.max(np.abs(heard[0] - clip_audio(clip))) <= 2**-15
        for s, e in zip(cut.supervisions, clip.timeline.events, strict=True):
            assert (round(s.start * RATE), round(s.end * RATE)) == (e.start, e.end)
            piece = cut.truncate(offset=s.start, duration=s.duration)
            assert piece.load_audio().shape == (1, e.end - e.start)
    talk = cuts[dialogue().clip_id]
    assert [s.text for s in talk.supervisions][1] == "Wie geht's?\n<NA>"
    assert len({s.speaker for s in talk.supervisions}) == 2
    assert talk.custom["facts"][0]["value"] == "Zoë"
    # Again: nothing is rendered twice, and the manifests are the same bytes.
    before = (tmp_path / "cuts.jsonl.gz").read_bytes()
    assert export_lhotse(lambda: clips, tmp_path, workers=1).audio == 0
    assert (tmp_path / "cuts.jsonl.gz").read_bytes() == before


@pytest.mark.system
def test_export_and_show_as_a_user_runs_them(tmp_path: Path) -> None:
    run = tmp_path / "run"
    plan_run(run, 4, 7, kind="mixed")

    def synth(*args: str | Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", "from audio_reasoner.cli import main; main()", "synth", *map(str, args)]
        return subprocess.run(command, capture_output=True, text=True, timeout=120)

    done = synth("export", run, "--format", "lhotse", "-o", tmp_path / "cuts", "--workers", "1")
    assert done.returncode == 0, done.stderr
    with gzip.open(tmp_path / "cuts" / "cuts.jsonl.gz", "rt") as f:
        assert len(f.readlines()) == 4
    assert len(list((tmp_path / "cuts" / "audio").glob("*.flac"))) == 4
    done = synth("show", run, "--players", "1")
    assert done.returncode == 0, done.stderr
    html = (run / "scenes.html").read_text()
    assert html.count("<audio") == 1
    assert html.count('class="player"') == 4
    for args, says in (
        (("export", run, "--format", "textgrid", "-o", tmp_path / "x"), "textgrid"),
        (("export", run, "--format", "jams", "--events", "-o", tmp_path / "x"), "--events"),
    ):
        refused = synth(*args)
        assert refused.returncode != 0
        assert says in refused.stderr
        assert "Traceback" not in refused.stderr
        assert not (tmp_path / "x").exists()
