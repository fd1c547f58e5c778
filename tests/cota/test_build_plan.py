"""What a run's labels give to its plan: the words from which wrong options are drawn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from cota_runs import recordings_run

from audio_reasoner.core.audio import encode_wav
from audio_reasoner.core.records import Clip, Label
from audio_reasoner.core.run import RunDir
from audio_reasoner.cota import BuildSettings, build_sync, plan
from audio_reasoner.cota.plan import survey
from audio_reasoner.dataset import read_clips, read_rows, write_clips
from audio_reasoner.sources import FolderOptions, read_folder

SAID = (
    ("Guten Tag, Herr Wolf.", "Good afternoon, Mister Wolf."),
    ("Der Laden ist zu.", "They closed that shop."),
    ("Niemand war da.", "Nobody came to the meeting."),
    ("Es regnet seit Tagen.", "It has been raining for days."),
)


def translated_run(path: Path, folder: Path) -> RunDir:
    """Four short files with a table of what is said in them and what it means."""
    folder.mkdir()
    rng = np.random.default_rng(5)
    for k in range(len(SAID)):
        noise = (0.1 * rng.standard_normal(24_000)).astype(np.float32)
        (folder / f"{k}.wav").write_bytes(encode_wav(noise, 16_000))
    rows = [f"{k}.wav\t{said}\t{meant}\tde\ten" for k, (said, meant) in enumerate(SAID)]
    (folder / "labels.tsv").write_text("\n".join(["file\ttranscript\ttranslation\tlanguage\ttarget_language", *rows]))
    run = RunDir.create(path, source={"name": "mine"})
    clips = [c for c in read_folder(folder, FolderOptions(domain="speech"), workers=0) if isinstance(c, Clip)]
    write_clips(run.path, clips)
    return run


def test_other_clips_translations_are_wrong_options(tmp_path: Path) -> None:
    run = translated_run(tmp_path / "r", tmp_path / "files")
    labels = [x for clip in read_clips(run.path) for x in clip.labels if x.kind == "translation"]
    assert {x.language for x in labels} == {"en"}, "a translation has a language of its own"
    assert {w for w in survey(run).vocabulary if w.startswith("translation")} == {
        f"translation[en]: {meant}" for _, meant in SAID
    }
    build_sync(run, BuildSettings(), workers=0)
    chosen = [r for r in read_rows(run.dataset_dir) if r.family == "translation_choice"]
    assert chosen
    for row in chosen:
        assert row.gold_text in row.options
        assert set(row.options) <= {meant for _, meant in SAID}


def test_sentences_are_capped_and_sounds_are_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "WORDS_PER_KIND", 5)
    run = recordings_run(tmp_path / "r", tmp_path / "files", tuple(f"sound {k}" for k in range(40)))
    clips = [
        c.model_copy(
            update={
                "labels": (
                    *c.labels,
                    Label(kind="transcript", value=f"Satz {k}."),
                    Label(kind="translation", value=f"Sentence {k}."),
                )
            }
        )
        for k, c in enumerate(read_clips(run.path))
    ]
    found = []
    for name, order in (("a", clips), ("b", clips[:3] + clips[20:] + clips[3:20])):
        other = RunDir.create(tmp_path / name, source={"name": "mine"})
        write_clips(other.path, order)
        found.append(survey(other).vocabulary)
    assert found[0] == found[1], "whatever the order"
    assert sum(w.startswith("translation: ") for w in found[0]) == 5
    assert not any(w.startswith("transcript: ") for w in found[0]), "no question draws on them"
    assert sum(w.startswith("sound ") for w in found[0]) == 40
