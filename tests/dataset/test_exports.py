"""Exports as a trainer meets them: they open with the tools they are for, leak nothing, drop nothing silently."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
import yaml
from dataset_samples import beep, make_clip, make_dialogue, make_rows, make_sample

from audio_reasoner.core import ids
from audio_reasoner.core.chain import Chain
from audio_reasoner.core.choices import render_question
from audio_reasoner.core.errors import AudioReasonerError, ConfigError, InputError, IntegrityError
from audio_reasoner.core.records import Clip
from audio_reasoner.dataset import Row, row_of, write_clips, write_dataset
from audio_reasoner.dataset.exports import FORMATS, export_run
from audio_reasoner.dataset.exports.common import ExportOptions
from audio_reasoner.dataset.exports.splits import assign_splits
from audio_reasoner.dataset.exports.webdataset import export_webdataset


def tree(folder: Path) -> dict[str, str]:
    return {
        p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


def file_clip(path: Path, n: int = 0, start_ms: int = 0, end_ms: int | None = None, hz: int = 44100) -> Clip:
    """A stereo recording on disk and its clip."""
    if not path.exists():
        t = np.arange(hz) / hz
        sf.write(path, 0.2 * np.stack([np.sin(2 * np.pi * (300 + n) * t), np.cos(2 * np.pi * 500 * t)], axis=1), hz)
    clip = make_clip(n, "folder", path=str(path))
    source_id = f"{path.name}@{start_ms}"
    return clip.model_copy(
        update={
            "clip_id": ids.clip_id("folder", source_id, start_ms, end_ms),
            "source_id": source_id,
            "start_ms": start_ms,
            "end_ms": end_ms,
            "group": path.name,
            "content_key": ids.content_key_of_span(ids.file_sha256(path), start_ms, end_ms),
        }
    )


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """24 synthetic clips with a question each."""
    place = tmp_path / "run"
    write_clips(place, [make_clip(i) for i in range(24)])
    write_dataset(place / "dataset", make_rows(24))
    return place


@pytest.fixture
def mixed(tmp_path: Path) -> tuple[Path, dict[str, Clip]]:
    """A whole recording, a span of another, and a synthetic clip; two questions about the first."""
    (tmp_path / "rec").mkdir()
    clips = {
        "whole": file_clip(tmp_path / "rec" / "Grün 1.wav", 0),
        "span": file_clip(tmp_path / "rec" / "b.wav", 1, 250, 750),
        "synthetic": make_clip(7),
    }
    place = tmp_path / "run"
    write_clips(place, clips.values())
    rows = [row_of(make_sample(i, clip)) for i, clip in enumerate(clips.values())]
    rows.append(row_of(make_sample(50, clips["whole"], options=())))
    write_dataset(place / "dataset", rows)
    return place, clips


# --- all formats ---


@pytest.mark.parametrize("fmt", FORMATS)
def test_an_export_repeats_byte_for_byte(run: Path, tmp_path: Path, fmt: str) -> None:
    first = export_run(run, fmt, beep, val_fraction=0.3)
    assert first.out == run / "export" / fmt
    before = tree(first.out)
    assert export_run(run, fmt, beep, val_fraction=0.3) == first
    assert tree(first.out) == before
    listed = json.loads((first.out / "export.json").read_text())
    for entry in listed["files"]:
        assert before[entry["name"]] == entry["sha256"]
    assert set(before) - {e["name"] for e in listed["files"]} == {"export.json"} | {
        n for n in before if n.startswith("audio/")
    }
    assert listed["rows"] == 24 == sum(listed["splits"].values())


@pytest.mark.parametrize("fmt", FORMATS)
def test_a_directory_that_is_no_export_is_never_replaced(run: Path, tmp_path: Path, fmt: str) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "precious.txt").write_text("x")
    for out in (tmp_path / "out", run, run / "dataset", run / "clips" / "x", tmp_path):
        before = tree(tmp_path)
        with pytest.raises(InputError) as caught:
            export_run(run, fmt, beep, out=out)
        assert caught.value.code == "output.in_the_way"
        assert tree(tmp_path) == before


@pytest.mark.parametrize("fmt", FORMATS)
def test_a_failing_export_leaves_the_earlier_one(run: Path, fmt: str) -> None:
    out = export_run(run, fmt, beep).out
    before = tree(out)
    calls = 0

    def breaks(row: Row) -> np.ndarray:
        nonlocal calls
        calls += 1
        if calls > 5:
            raise RuntimeError("power cut")
        return beep(row)

    with pytest.raises(RuntimeError):
        export_run(run, fmt, breaks, out=out, val_fraction=0.5)
    assert tree(out) == before
    assert [p.name for p in out.parent.iterdir()] == [fmt]


@pytest.mark.parametrize("fmt", FORMATS)
def test_changed_and_missing_recordings_are_quarantined_not_dropped(
    mixed: tuple[Path, dict[str, Clip]], fmt: str
) -> None:
    run, clips = mixed
    Path(str(clips["span"].audio.path)).unlink()
    changed = Path(str(clips["whole"].audio.path))
    data = bytearray(changed.read_bytes())
    data[-1] ^= 1
    changed.write_bytes(data)
    result = export_run(run, fmt, beep)
    assert (result.rows, result.quarantined) == (1, 3)
    assert result.reasons == {"export.audio_changed": 2, "export.audio_missing": 1}
    lines = [json.loads(x) for x in (result.out / "quarantine.jsonl").read_text().splitlines()]
    assert {x["clip_id"] for x in lines} == {clips["span"].clip_id, clips["whole"].clip_id}
    assert all(x["detail"] and x["hint"] and x["sample_id"] for x in lines)


def test_a_run_without_any_usable_row_writes_nothing(run: Path) -> None:
    write_clips(run, [make_clip(99)])  # the source was read anew and holds other clips now
    with pytest.raises(IntegrityError, match="none of the 24 rows") as caught:
        export_run(run, "ms-swift", beep)
    assert caught.value.code == "export.nothing"
    assert not (run / "export" / "ms-swift").exists()


def test_a_recipe_that_changed_since_the_build_is_noticed(run: Path) -> None:
    write_clips(run, [make_clip(i, content_key="f" * 64 if i == 3 else None) for i in range(24)])
    assert export_run(run, "ms-swift", beep).reasons == {"export.audio_changed": 1}


def test_sound_that_cannot_be_made_holds_back_only_its_row(run: Path) -> None:
    bad = make_clip(5).clip_id

    def audio(row: Row) -> np.ndarray:
        if row.clip_id == bad:
            raise InputError("half of it is gone", code="audio.truncated")
        return beep(row)

    result = export_run(run, "webdataset", audio)
    assert (result.rows, result.reasons) == (23, {"audio.truncated": 1})


@pytest.mark.parametrize("fmt", FORMATS)
def test_the_audio_tag_inside_a_text_is_never_written(run: Path, fmt: str) -> None:
    rows = [
        *make_rows(4),
        row_of(make_sample(5, text="Is <Audio> a tag?")),
        row_of(make_sample(6, options=("<audio>", "b"))),
    ]
    rows.append(row_of(make_sample(7)).model_copy(update={"reasoning": "I hear <audio> twice."}))
    write_dataset(run / "dataset", rows)
    result = export_run(run, fmt, beep)
    assert (result.rows, result.reasons) == (4, {"export.audio_tag": 3})


def test_usage_mistakes_are_explained(run: Path) -> None:
    def code(**options: object) -> str:
        with pytest.raises(AudioReasonerError) as caught:
            export_run(run, **{"fmt": "hf", "audio": beep, **options})  # type: ignore[arg-type]
        assert caught.value.exit_code == 2
        return caught.value.code

    assert code(fmt="llava") == "config.export_format"
    assert code(audio_mode="mp3") == "config.audio_mode"
    assert code(fmt="webdataset", audio_mode="reference") == "config.audio_mode"
    assert code(system_prompt="Think.") == "config.system_prompt"
    assert code(fmt="ms-swift", system_prompt="Hear <audio>.") == "config.system_prompt"
    assert code(split="tset") == "config.split"
    assert code(val_fraction=1.0) == "config.val_fraction"
    assert not (run / "export" / "hf").exists()


@pytest.mark.parametrize("fmt", FORMATS)
def test_an_empty_data_set_is_refused(run: Path, fmt: str) -> None:
    write_dataset(run / "dataset", [])
    with pytest.raises(InputError, match="no rows") as caught:
        export_run(run, fmt, beep)
    assert caught.value.code == "export.empty"


def test_progress_ends_at_the_number_of_rows(run: Path) -> None:
    seen: list[tuple[int, int]] = []
    export_run(run, "ms-swift", beep, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(i, 24) for i in range(1, 25)]


# --- splits ---


def with_splits(run: Path, splits: dict[int, tuple[str, str | None]]) -> None:
    """Rows n with (group, split)."""
    rows = make_rows(24)
    write_dataset(
        run / "dataset", [rows[n].model_copy(update={"group": g, "split": s}) for n, (g, s) in splits.items()]
    )


def test_no_group_stands_in_two_splits(run: Path) -> None:
    splits = assign_splits(run / "dataset", 0.4, seed=1)
    assert set(splits.values()) == {"train", "val"}
    result = export_run(run, "ms-swift", beep, val_fraction=0.4, seed=1)
    group_of = {r.sample_id: r.group for r in make_rows(24)}
    sides = {s: {group_of[x] for x in (result.out / "ids" / f"{s}.txt").read_text().split()} for s in ("train", "val")}
    assert sides["train"]
    assert sides["val"]
    assert not sides["train"] & sides["val"]


def test_a_group_keeps_its_side_when_the_data_set_grows(run: Path) -> None:
    small = assign_splits(run / "dataset", 0.3, seed=0)
    write_dataset(run / "dataset", make_rows(200))
    large = assign_splits(run / "dataset", 0.3, seed=0)
    assert {g: large[g] for g in small} == small
    assert 0.15 < sum(s == "val" for s in large.values()) / len(large) < 0.45
    assert assign_splits(run / "dataset", 0.3, seed=5) != large


def test_stored_splits_that_divide_a_group_are_refused(run: Path) -> None:
    with_splits(run, {0: ("alice", "train"), 1: ("bob", "test"), 2: ("alice", "test")})
    with pytest.raises(InputError, match="'alice'") as caught:
        export_run(run, "hf", beep)
    assert caught.value.code == "export.split_leak"


def test_the_same_sound_under_two_names_is_refused_across_splits_and_held_out_together(run: Path) -> None:
    rows = make_rows(24)
    twin = rows[1].model_copy(update={"content_key": rows[0].content_key, "group": "copy", "split": "test"})
    write_dataset(run / "dataset", [rows[0], twin])
    with pytest.raises(InputError, match="the sound") as caught:
        export_run(run, "hf", beep)
    assert caught.value.code == "export.split_leak"
    pairs = [
        r.model_copy(update={"group": f"g{n}", "content_key": rows[n - n % 2].content_key}) for n, r in enumerate(rows)
    ]
    write_dataset(run / "dataset", pairs)
    splits = assign_splits(run / "dataset", 0.5, seed=0)
    assert set(splits.values()) == {"train", "val"}
    assert all(splits[f"g{n}"] == splits[f"g{n + 1}"] for n in range(0, 24, 2))


def test_stored_splits_stay_and_one_can_be_chosen(run: Path) -> None:
    with_splits(run, {n: (f"g{n}", "test" if n < 4 else None) for n in range(24)})
    result = export_run(run, "ms-swift", beep, val_fraction=0.3)
    assert result.splits["test"] == 4
    assert set(result.splits) == {"train", "val", "test"}
    only = export_run(run, "ms-swift", beep, split="test")
    assert only.splits == {"test": 4}
    assert not (only.out / "train.jsonl").exists()


def test_a_hold_out_of_a_single_group_is_refused(run: Path) -> None:
    with_splits(run, dict.fromkeys(range(5), ("one", None)))
    with pytest.raises(ConfigError, match="one group"):
        export_run(run, "hf", beep, val_fraction=0.1)


def test_even_a_tiny_fraction_holds_something_out(run: Path) -> None:
    assert export_run(run, "ms-swift", beep, val_fraction=1e-9).splits["val"] >= 1


# --- conditions ---


@pytest.fixture
def solved(run: Path) -> Path:
    """24 rows; the even ones were solved: blind accuracy 0, 0.1, …, every fourth of them suspicious."""
    rows = [
        r.model_copy(
            update={"solver_accuracy": 0.9, "blind_accuracy": n / 20, "audio_dependence": 0.9 - n / 20}
            | {"label_noise": n % 8 == 0, "task": "ser" if n < 12 else "sound_qa"}
        )
        if n % 2 == 0
        else r
        for n, r in enumerate(make_rows(24))
    ]
    write_dataset(run / "dataset", rows)
    return run


@pytest.mark.parametrize(
    ("conditions", "kept"),
    [
        (["blind_accuracy<0.5"], {n for n in range(24) if n % 2 == 0 and n / 20 < 0.5}),
        (["label_noise=false"], {n for n in range(24) if n % 2 == 0 and n % 8}),
        (["label_noise=false,unknown"], {n for n in range(24) if n % 2 or n % 8}),
        (["label_noise != true"], {n for n in range(24) if n % 2 or n % 8}),
        (["task=ser"], {n for n in range(12) if n % 2 == 0}),
        (["difficulty >= 2", "task=sound_qa, s2tt"], {n for n in range(24) if n % 3 and (n % 2 or n >= 12)}),
        (["options=3", "turns=1", "domain=sound", "duration_s<=1"], set(range(24))),
        (["licence!=CC0-1.0,unknown", "difficulty=1"], None),
    ],
)
@pytest.mark.parametrize("fmt", FORMATS)
def test_only_rows_that_satisfy_all_conditions_go_out(
    solved: Path, fmt: str, conditions: list[str], kept: set[int] | None
) -> None:
    if kept is None:
        with pytest.raises(ConfigError, match="unknown leaves out 24") as caught:
            export_run(solved, fmt, beep, where=conditions)
        assert caught.value.code == "config.where"
        assert not (solved / "export" / fmt).exists()
        return
    result = export_run(solved, fmt, beep, where=conditions)
    assert result.rows == len(kept)
    assert result.rows + sum(result.left_out.values()) == 24
    manifest = json.loads((result.out / "export.json").read_text())
    assert manifest["left_out"] == result.left_out
    assert [c.replace(" ", "") for c in conditions] == manifest["options"]["where"][: len(conditions)]
    if fmt == "ms-swift":
        number = {r.sample_id: n for n, r in enumerate(make_rows(24))}
        assert {number[x] for x in (result.out / "ids" / "train.txt").read_text().split()} == kept
    if fmt != "webdataset" and result.left_out:
        readme = (result.out / "README.md").read_text()
        assert f"`{conditions[0].replace(' ', '')}`" in readme
        assert f"{24 - len(kept)} rows were left out" in readme


def test_a_condition_does_not_move_the_hold_out(solved: Path) -> None:
    everything = assign_splits(solved / "dataset", 0.3, seed=0)
    out = export_run(solved, "ms-swift", beep, val_fraction=0.3, where=["task=sound_qa"]).out
    group_of = {r.sample_id: r.group for r in make_rows(24)}
    for split in ("train", "val"):
        assert {everything[group_of[x]] for x in (out / "ids" / f"{split}.txt").read_text().split()} == {split}


@pytest.mark.parametrize(
    "condition",
    ["", "difficulty", "level=3", "task=singing", "task<ser", "difficulty=high", "label_noise=1", "task=",
     "options<2,3", "blind_accuracy<unknown"],
)  # fmt: skip
def test_a_condition_that_cannot_be_read_is_refused(run: Path, condition: str) -> None:
    with pytest.raises(ConfigError) as caught:
        export_run(run, "hf", beep, where=[condition])
    assert caught.value.code == "config.where"
    assert "NAME=VALUE" in caught.value.hint
    assert not (run / "export").exists() or not (run / "export" / "hf").exists()


# --- dialogues ---


@pytest.fixture
def talk(run: Path) -> Path:
    write_dataset(run / "dataset", [*make_rows(24), make_dialogue(2)])
    return run


def test_ms_swift_learns_only_the_last_answer_of_a_dialogue(talk: Path, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    out = export_run(talk, "ms-swift", beep).out
    lines = dict(zip((out / "ids" / "train.txt").read_text().split(), swift_rows(out / "train.jsonl"), strict=True))
    messages = lines[make_dialogue(2).sample_id]["messages"]
    assert [m["role"] for m in messages] == ["user", "assistant"] * 3  # type: ignore[attr-defined]
    assert [m.get("loss") for m in messages] == [None, False, None, False, None, True]  # type: ignore[attr-defined]
    texts = [m["content"] for m in messages]  # type: ignore[attr-defined]
    assert texts[0] == "<audio>Is it a bell?\n(a) yes\n(b) no"
    assert texts[1] == "<RESPONSE>(b) no</RESPONSE>"
    assert texts[2] == "How loud is it?"
    assert "".join(texts).count("<audio>") == 1
    assert "".join(texts).count("<THINK>") == 1
    # A block of plain rows must not fix the keys of the messages before the first dialogue comes.
    assert all("loss" in x["messages"][1] for x in lines.values())  # type: ignore[index]
    loaded = datasets.load_dataset("json", data_files=str(out / "train.jsonl"), cache_dir=str(tmp_path / "c"))["train"]
    assert sum(m.get("loss") is False for x in loaded for m in x["messages"]) == 2
    assert "Some rows are dialogues" in (out / "README.md").read_text()


def test_hf_and_webdataset_keep_the_history_beside_the_last_turn(talk: Path) -> None:
    import pyarrow.parquet as pq

    out = export_run(talk, "hf", beep).out
    table = {x["sample_id"]: x for x in pq.read_table(out / "data" / "train-00000.parquet").to_pylist()}
    row = make_dialogue(2)
    assert [t["question"] for t in json.loads(table[row.sample_id]["history"])] == ["Is it a bell?", "How loud is it?"]
    assert table[row.sample_id]["user"] == "<audio>" + render_question(row.question, row.options)
    card = (out / "README.md").read_text()
    assert "| 3 | 1 | 4.0% |" in card
    assert "last turn of a dialogue" in card
    out = export_run(talk, "webdataset", beep).out
    with tarfile.open(out / "train-000000.tar") as tar:
        stored = tar.extractfile(f"{row.sample_id}.json")
        assert stored is not None
        assert [t["response"] for t in json.load(stored)["history"]] == ["(b) no", "It is quiet."]


def test_the_audio_tag_in_an_earlier_turn_is_never_written(talk: Path) -> None:
    bad = make_dialogue(3)
    bad = bad.model_copy(update={"history": (bad.history[0].model_copy(update={"response": "an <Audio>"}),)})
    write_dataset(talk / "dataset", [*make_rows(5), bad])
    assert export_run(talk, "ms-swift", beep).reasons == {"export.audio_tag": 1}


def test_the_card_tells_what_a_solver_found(solved: Path) -> None:
    card = (export_run(solved, "hf", beep).out / "README.md").read_text()
    assert "| right answers of the solver hearing the clip | 12 | 90.0% |" in card
    assert "| right answers without hearing it | 12 | 55.0% |" in card


# --- CoTA ---


def test_cota_has_one_configuration_per_source_and_its_three_columns(talk: Path, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    clips = [make_clip(i) for i in range(12)] + [make_clip(i, "Küche & Bad") for i in range(12, 24)]
    write_clips(talk, [])
    for part in (talk / "clips").glob("part-*"):
        part.unlink()
    write_clips(talk, clips)
    rows = [row_of(make_sample(n, clip)) for n, clip in enumerate(clips)]
    write_dataset(talk / "dataset", [*rows, make_dialogue(2)])
    result = export_run(talk, "cota", beep)
    assert result.rows == 24
    assert result.left_out == {"turns=1": 1}
    header = yaml.safe_load((result.out / "README.md").read_text().split("---")[1])
    names = [x["config_name"] for x in header["configs"]]
    assert len(names) == 2
    by_id = {r.sample_id: r for r in rows}
    for name in names:
        loaded = datasets.load_dataset(str(result.out), name, split="train", cache_dir=str(tmp_path / "cache"))
        assert loaded.column_names == ["audio", "user", "assistant"]
        order = (result.out / "ids" / f"{name}.train.txt").read_text().split()
        for x, sample_id in zip(loaded.cast_column("audio", datasets.Audio(decode=False)), order, strict=True):
            row = by_id[sample_id]
            assert x["user"] == "<audio>" + render_question(row.question, row.options)
            assert x["assistant"] == row.chain().to_text()
            assert x["audio"]["bytes"][:4] == b"fLaC"


# --- Hugging Face ---


def test_hf_opens_with_datasets(run: Path, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    out = export_run(run, "hf", beep, val_fraction=0.3).out
    loaded = datasets.load_dataset(str(out), cache_dir=str(tmp_path / "cache"))
    assert set(loaded) == {"train", "validation"}
    assert isinstance(loaded["train"].features["audio"], datasets.Audio)
    back = {}
    for name in loaded:
        for x in loaded[name].cast_column("audio", datasets.Audio(decode=False)):
            back[x["sample_id"]] = x
    rows = {r.sample_id: r for r in make_rows(24)}
    assert set(back) == set(rows)
    for key, x in back.items():
        row = rows[key]
        assert list(x)[:3] == ["audio", "user", "assistant"]
        assert x["user"] == "<audio>" + render_question(row.question, row.options)
        assert x["assistant"] == row.chain().to_text()
        assert (x["options"], x["gold_index"], x["licence"]) == (list(row.options), row.gold_index, row.licence)
        pcm, rate = sf.read(io.BytesIO(x["audio"]["bytes"]), dtype="float32")
        assert rate == 16000
        np.testing.assert_allclose(pcm, beep(row), atol=1e-4)
    direct = datasets.load_dataset(
        "parquet", data_files=str(out / "data" / "train-*.parquet"), cache_dir=str(tmp_path / "cache")
    )["train"]
    assert isinstance(direct.features["audio"], datasets.Audio)


def test_the_card_counts_what_is_there(run: Path) -> None:
    out = export_run(run, "hf", beep, val_fraction=0.3).out
    card = (out / "README.md").read_text()
    header = yaml.safe_load(card.split("---")[1])
    assert header["license"] == "cc0-1.0"
    assert header["size_categories"] == ["n<1K"]
    paths = [x["path"] for x in header["configs"][0]["data_files"]]
    assert all(list(out.glob(p)) for p in paths)
    assert "24 questions about 24 audio clips (0.4 minutes)" in card
    assert "| CC0-1.0 | 24 | 100.0% |" in card
    assert "| (b) | 8 | 33.3% |" in card  # where the right option stands: a reader sees an imbalance at once


def test_the_card_does_not_hide_unknown_licences(run: Path) -> None:
    rows = [r.model_copy(update={"licence": None if n < 3 else "CC-BY-4.0"}) for n, r in enumerate(make_rows(6))]
    write_dataset(run / "dataset", rows)
    card = (export_run(run, "hf", beep).out / "README.md").read_text()
    assert "| not stated | 3 | 50.0% |" in card
    assert yaml.safe_load(card.split("---")[1])["license"] == "other"


def test_hf_copy_keeps_the_original_file(mixed: tuple[Path, dict[str, Clip]], tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    run, clips = mixed
    out = export_run(run, "hf", beep, audio_mode="copy").out
    table = pq.read_table(out / "data" / "train-00000.parquet").to_pylist()
    by_clip = {x["clip_id"]: x["audio"] for x in table}
    assert by_clip[clips["whole"].clip_id]["bytes"] == Path(str(clips["whole"].audio.path)).read_bytes()
    assert by_clip[clips["whole"].clip_id]["path"].endswith(".wav")
    assert by_clip[clips["span"].clip_id]["bytes"][:4] == b"fLaC"


def test_hf_reference_names_files_that_exist(mixed: tuple[Path, dict[str, Clip]]) -> None:
    import pyarrow.parquet as pq

    run, _clips = mixed
    out = export_run(run, "hf", beep, audio_mode="reference").out
    table = pq.read_table(out / "data" / "train-00000.parquet").to_pylist()
    assert all(x["audio"]["bytes"] is None and Path(x["audio"]["path"]).is_file() for x in table)


# --- ms-swift ---


def swift_rows(path: Path) -> list[dict[str, object]]:
    return [json.loads(x) for x in path.read_text(encoding="utf-8").splitlines()]


def test_ms_swift_rows_have_the_documented_form(mixed: tuple[Path, dict[str, Clip]]) -> None:
    run, _clips = mixed
    out = export_run(run, "ms-swift", beep, system_prompt="Think first.\n").out
    lines = swift_rows(out / "train.jsonl")
    names = (out / "ids" / "train.txt").read_text().split()
    assert len(lines) == len(names) == 4
    for line in lines:
        assert set(line) == {"messages", "audios"}
        system, user, assistant = line["messages"]  # type: ignore[misc]
        assert system == {"role": "system", "content": "Think first."}
        assert (user["role"], assistant["role"]) == ("user", "assistant")
        everything = "".join(m["content"] for m in (system, user, assistant))
        assert everything.count("<audio>") == len(line["audios"]) == 1  # type: ignore[arg-type]
        assert user["content"].startswith("<audio>")
        assert assistant["content"].startswith("<THINK>\n<PLANNING>")
        (path,) = line["audios"]  # type: ignore[misc]
        assert Path(path).is_absolute()
        assert sf.info(path).frames > 0


def test_ms_swift_refers_to_whole_files_and_renders_the_rest(mixed: tuple[Path, dict[str, Clip]]) -> None:
    run, clips = mixed
    out = export_run(run, "ms-swift", beep).out
    paths = {str(x["audios"][0]) for x in swift_rows(out / "train.jsonl")}  # type: ignore[index]
    assert paths == {
        str(clips["whole"].audio.path),
        str(out.resolve() / "audio" / f"{clips['span'].clip_id}.flac"),
        str(out.resolve() / "audio" / f"{clips['synthetic'].clip_id}.flac"),
    }
    assert sorted(p.name for p in (out / "audio").iterdir()) == sorted(
        f"{clips[x].clip_id}.flac" for x in ("span", "synthetic")
    )
    copied = export_run(run, "ms-swift", beep, audio_mode="copy").out
    assert (copied / "audio" / f"{clips['whole'].clip_id}.wav").read_bytes() == Path(
        str(clips["whole"].audio.path)
    ).read_bytes()


def test_ms_swift_loads_as_json_with_one_schema(run: Path, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    out = export_run(run, "ms-swift", beep, val_fraction=0.3).out
    loaded = datasets.load_dataset(
        "json",
        data_files={"train": str(out / "train.jsonl"), "val": str(out / "val.jsonl")},
        cache_dir=str(tmp_path / "cache"),
    )
    assert loaded["train"].column_names == loaded["val"].column_names == ["messages", "audios"]
    assert loaded["train"].num_rows + loaded["val"].num_rows == 24


def test_the_readme_command_names_the_files(run: Path) -> None:
    out = export_run(run, "ms-swift", beep, val_fraction=0.3).out
    text = (out / "README.md").read_text()
    assert f"--dataset {out.resolve()}/train.jsonl" in text
    assert f"--val_dataset {out.resolve()}/val.jsonl" in text


def test_a_relative_place_still_gives_absolute_paths(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    export_run(Path("run"), "ms-swift", beep, out=Path("here"))
    for line in swift_rows(tmp_path / "here" / "train.jsonl"):
        assert Path(str(line["audios"][0])).is_file()  # type: ignore[index]
        assert str(line["audios"][0]).startswith(str(tmp_path))  # type: ignore[index]


# --- WebDataset ---


def test_webdataset_opens_with_webdataset(run: Path) -> None:
    wds = pytest.importorskip("webdataset")
    out = export_run(run, "webdataset", beep).out
    samples = list(wds.WebDataset(str(out / "train-000000.tar"), shardshuffle=False))
    rows = sorted(make_rows(24), key=lambda r: r.sample_id)
    assert [s["__key__"] for s in samples] == [r.sample_id for r in rows]
    for sample, row in zip(samples, rows, strict=True):
        fields = json.loads(sample["json"])
        assert Chain(**{k: fields[k] for k in Chain.model_fields}) == row.chain()
        assert fields["user"].startswith("<audio>")
        pcm, rate = sf.read(io.BytesIO(sample["flac"]), dtype="float32")
        assert rate == 16000
        np.testing.assert_allclose(pcm, beep(row), atol=1e-4)


def test_webdataset_shards_are_limited_and_carry_no_traces_of_this_machine(run: Path) -> None:
    out = run / "export" / "small"
    export_webdataset(
        run, run / "dataset", out, beep, ExportOptions("embed"), shard_bytes=60_000
    )  # about two samples each
    tars = sorted(out.glob("train-*.tar"))
    assert len(tars) > 3
    names: list[str] = []
    for path in tars:
        with tarfile.open(path) as tar:
            for info in tar:
                assert (info.mtime, info.uid, info.gid, info.uname, info.gname) == (0, 0, 0, "", "")
                assert info.name.count(".") == 1
                names.append(info.name)
    assert names == sorted(names)
    assert len(names) == 48


def test_webdataset_copy_keeps_the_suffix(mixed: tuple[Path, dict[str, Clip]]) -> None:
    run, _clips = mixed
    out = export_run(run, "webdataset", beep, audio_mode="copy").out
    with tarfile.open(out / "train-000000.tar") as tar:
        suffixes = sorted(x.name.split(".")[1] for x in tar if not x.name.endswith(".json"))
    assert suffixes == ["flac", "flac", "wav", "wav"]


def test_rows_of_clips_that_a_model_hears_in_part_are_counted(run: Path) -> None:
    rows = [r.model_copy(update={"duration_s": 45.0 if n < 5 else 30.0}) for n, r in enumerate(make_rows(24))]
    write_dataset(run / "dataset", rows)
    assert export_run(run, "hf", beep).long == 5
    assert export_run(run, "hf", beep, where=["duration_s<=30"]).long == 0
