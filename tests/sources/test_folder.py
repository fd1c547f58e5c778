"""A folder of recordings becomes clips; every trap in it has its own reason and harms nobody else."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import unicodedata
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from audio_reasoner.core.audio import encode_flac, encode_wav
from audio_reasoner.core.errors import ConfigError, InputError, LockedError
from audio_reasoner.core.records import Clip
from audio_reasoner.core.run import RunDir, run_lock
from audio_reasoner.dataset import read_clips
from audio_reasoner.sources import BadRow, FolderOptions, Notice, build_clips, read_folder
from audio_reasoner.sources.tables import parse_mapping


def sound(seed: int, seconds: float = 0.3) -> np.ndarray:
    return (np.random.default_rng(seed).standard_normal(round(seconds * 16_000)) * 0.1).astype(np.float32)


def put(path: Path, seed: int, seconds: float = 0.3) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes((encode_flac if path.suffix == ".flac" else encode_wav)(sound(seed, seconds)))
    return path


def read(root: Path, **options: object) -> tuple[dict[str, Clip], list[BadRow], list[Notice]]:
    items = list(read_folder(root, FolderOptions(**options), workers=0))  # type: ignore[arg-type]
    clips = [i for i in items if isinstance(i, Clip)]
    assert len({c.clip_id for c in clips}) == len(clips)
    return (
        {c.source_id: c for c in clips},
        [i for i in items if isinstance(i, BadRow)],
        [i for i in items if isinstance(i, Notice)],
    )


def tags(clip: Clip) -> tuple[str, ...]:
    return clip.labels_of("tag")


# --- labels from names -----------------------------------------------------------------------------------------------


def test_a_tree_of_folders_labels_by_folder_and_finds_its_splits(tmp_path: Path) -> None:
    put(tmp_path / "train/dog_bark/1.wav", 1)
    put(tmp_path / "train/dog_bark/audio/2.flac", 2)
    put(tmp_path / "dev/Church Bells/3.wav", 3)
    put(tmp_path / "fold1/test/001 - Rooster/4.wav", 4)
    clips, bad, _ = read(tmp_path)
    assert not bad
    assert {s: (tags(c), c.split) for s, c in clips.items()} == {
        "train/dog_bark/1.wav": (("dog bark",), "train"),
        "train/dog_bark/audio/2.flac": (("dog bark",), "train"),
        "dev/Church Bells/3.wav": (("church bells",), "validation"),
        "fold1/test/001 - Rooster/4.wav": (("rooster",), "test"),
    }


def test_a_folder_named_train_among_sounds_holds_trains(tmp_path: Path) -> None:
    for i, name in enumerate(("train", "tram", "bus")):
        put(tmp_path / name / "1.wav", i)
    clips, _, _ = read(tmp_path)
    assert (tags(clips["train/1.wav"]), clips["train/1.wav"].split) == (("train",), None)


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("dog_bark-03.wav", "dog bark"),
        ("drum_cymbal_closed.wav", "drum cymbal closed"),
        ("default_dig_crumbly.1.wav", "default dig crumbly"),
        ("CoalMine1.wav", "coal mine"),
        ("cow.wav", "cow"),
        ("Tür knarrt (2).wav", "tür knarrt"),
        ("rain 2024-05-01 48khz.wav", "rain"),
        ("bell_a1b2c3d4.wav", "bell"),
        ("TVnoise.wav", "tvnoise"),
        ("车站.wav", "车站"),
    ],
)
def test_a_flat_folder_labels_by_file_name(tmp_path: Path, name: str, label: str) -> None:
    put(tmp_path / name, 1)
    clips, bad, _ = read(tmp_path)
    assert not bad
    assert [tags(c) for c in clips.values()] == [(label,)]


def test_a_name_without_a_word_is_refused_not_guessed(tmp_path: Path) -> None:
    for i, name in enumerate(("1-100032-A-0.wav", "0042.wav", "a.wav", "owl.wav")):
        put(tmp_path / name, i)
    clips, bad, _ = read(tmp_path)
    assert list(clips) == ["owl.wav"]
    assert {b.code for b in bad} == {"label.none"}
    assert len(bad) == 3


def test_unwanted_words_can_be_dropped(tmp_path: Path) -> None:
    put(tmp_path / "default_dig_sand.1.wav", 1)
    clips, _, _ = read(tmp_path, drop_words=("Default",))
    assert tags(clips["default_dig_sand.1.wav"]) == ("dig sand",)


def test_takes_share_a_group_and_long_series_do_not(tmp_path: Path) -> None:
    for i in range(3):
        put(tmp_path / f"dig/dig.{i}.wav", i)
    for i in range(12):
        put(tmp_path / f"dog/dog_{i:03}.wav", 10 + i)
    clips, _, _ = read(tmp_path)
    groups = Counter(c.group for c in clips.values())
    assert sorted(groups.values()) == [1] * 12 + [3]


def test_folders_that_look_like_drawers_are_doubted_aloud(tmp_path: Path) -> None:
    for i, name in enumerate(("rooster", "owl", "crow", "duck", "lark")):
        put(tmp_path / f"birds/{name}.wav", i)
    clips, _, notices = read(tmp_path)
    assert {tags(c) for c in clips.values()} == {("birds",)}
    assert [n.code for n in notices] == ["labels.doubt"]
    assert "--labels-from name" in notices[0].detail
    assert tags(read(tmp_path, labels_from="name")[0]["birds/owl.wav"]) == ("owl",)


def test_content_decides_what_a_recording_is(tmp_path: Path) -> None:
    put(tmp_path / "dog/1.wav", 1)
    (tmp_path / "dog/noname").write_bytes(encode_wav(sound(2)))
    (tmp_path / "dog/cover.jpg").write_bytes(b"\xff\xd8\xff picture")
    (tmp_path / "dog/bad.wav").write_text("no sound")
    (tmp_path / "dog/.hidden.wav").write_bytes(b"")
    (tmp_path / "dog/._mac.wav").write_bytes(b"")
    clips, bad, _ = read(tmp_path)
    assert set(clips) == {"dog/1.wav", "dog/noname"}
    assert [(b.file, b.code) for b in bad] == [("dog/bad.wav", "audio.not_audio")]


def test_each_bad_file_has_its_reason_and_the_good_ones_go_on(tmp_path: Path) -> None:
    put(tmp_path / "dog/good.wav", 1)
    whole = put(tmp_path / "dog/cut.wav", 2).read_bytes()
    (tmp_path / "dog/cut.wav").write_bytes(whole[:3000])
    (tmp_path / "dog/zero.wav").touch()
    (tmp_path / "dog/gone.wav").symlink_to("nowhere")
    (tmp_path / "dog/silent.wav").write_bytes(encode_wav(np.zeros(8000, np.float32)))
    put(tmp_path / "dog/long.wav", 3, 2.0)
    clips, bad, _ = read(tmp_path, max_seconds=1.5)
    assert set(clips) == {"dog/good.wav"}
    assert {b.file.removeprefix("dog/"): b.code for b in bad} == {
        "cut.wav": "audio.truncated",
        "zero.wav": "audio.zero_bytes",
        "gone.wav": "audio.missing",
        "silent.wav": "audio.silent",
        "long.wav": "audio.too_long",
    }
    assert all(b.reason and str(tmp_path) not in b.reason for b in bad)
    assert set(read(tmp_path, max_seconds=1.5, keep_silent=True)[0]) == {"dog/good.wav", "dog/silent.wav"}


def test_long_files_can_be_cut_into_equal_parts_of_one_group(tmp_path: Path) -> None:
    put(tmp_path / "rain/long.wav", 1, 2.5)
    items = [i for i in read_folder(tmp_path, FolderOptions(max_seconds=1.0, split_long=True)) if isinstance(i, Clip)]
    assert [(c.start_ms, c.end_ms) for c in items] == [(0, 833), (833, 1667), (1667, 2500)]
    assert len({c.group for c in items}) == 1
    assert len({c.clip_id for c in items}) == len({c.content_key for c in items}) == 3
    assert sum(c.duration_s for c in items) == pytest.approx(2.5, abs=0.001)


def test_links_that_run_in_circles_end(tmp_path: Path) -> None:
    put(tmp_path / "dog/1.wav", 1)
    (tmp_path / "dog/again").symlink_to(tmp_path)
    clips, _, notices = read(tmp_path)
    assert set(clips) == {"dog/1.wav"}
    assert [n.code for n in notices] == ["folder.loop"]


def test_names_in_other_unicode_spellings_and_bytes(tmp_path: Path) -> None:
    put(tmp_path / unicodedata.normalize("NFD", "Küche/Löffel.wav"), 1)
    with open(os.fsencode(tmp_path) + b"/latin\xe9.wav", "wb") as f:  # noqa: PTH123
        f.write(encode_wav(sound(2)))
    clips, bad, _ = read(tmp_path)
    assert list(clips) == [unicodedata.normalize("NFC", "Küche/Löffel.wav")]
    assert tags(next(iter(clips.values()))) == ("küche",)
    assert [(b.code, b.file) for b in bad] == [("path.encoding", "latin\\udce9.wav")]


def test_duplicates_are_kept_once_and_contradicting_ones_not_at_all(tmp_path: Path) -> None:
    put(tmp_path / "dog/1.wav", 1)
    put(tmp_path / "dog/copy.wav", 1)
    put(tmp_path / "cat/x.wav", 2)
    put(tmp_path / "cow/x.wav", 2)
    put(tmp_path / "cow/y.wav", 3)
    clips, bad, notices = read(tmp_path)
    assert set(clips) == {"dog/1.wav", "cow/y.wav"}
    assert [(n.code, n.file) for n in notices] == [("duplicate", "dog/copy.wav")]
    assert {(b.code, b.file) for b in bad} == {("duplicate.conflict", "cat/x.wav"), ("duplicate.conflict", "cow/x.wav")}
    assert len(read(tmp_path, keep_duplicates=True)[0]) == 5


# --- labels from a table ---------------------------------------------------------------------------------------------


def table(tmp_path: Path, text: str | bytes, name: str = "labels.csv", files: int = 3) -> Path:
    for i in range(files):
        put(tmp_path / f"audio/{i}.wav", i)
    (tmp_path / name).write_bytes(text.encode() if isinstance(text, str) else text)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("labels.csv", "file,label\naudio/0.wav,dog\naudio/1.wav,church_bell\n"),
        ("labels.csv", "\ufefffilename,category\r\naudio/0.wav,dog\r\n\r\n1.wav,church bell\r\n"),
        ("labels.csv", 'path;class\n"audio/0.wav";dog\naudio\\1.wav;"church bell"\n'),
        ("labels.tsv", "Audio\tTags\naudio/0.wav\tdog\n./audio/1.wav\tchurch bell"),
        ("metadata.csv", 'file_name,label,note\naudio/0.wav,dog,"a, ""quoted""\nnote"\naudio/1.wav,church bell,\n'),
        (
            "labels.jsonl",
            '{"file":"audio/0.wav","tags":["dog"]}\n\n{"file":"audio/1.wav","tags":["church bell",null]}\n',
        ),
    ],
)
def test_tables_as_people_write_them(tmp_path: Path, name: str, text: str) -> None:
    clips, bad, notices = read(table(tmp_path, text, name))
    assert not bad
    assert {s: tags(c) for s, c in clips.items()} == {"audio/0.wav": ("dog",), "audio/1.wav": ("church bell",)}
    assert [(n.code, n.file) for n in notices] == [("file.not_in_table", "audio/2.wav")]


def test_a_parquet_table(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    root = table(tmp_path, "", "unused.txt")
    columns = {"file": ["audio/0.wav", "audio/1.wav"], "labels": [["dog", "bell"], ["cat"]], "start": [0.1, None]}
    pq.write_table(pa.table(columns), root / "labels.parquet")
    clips, bad, _ = read(root)
    assert not bad
    assert (tags(clips["audio/0.wav"]), clips["audio/0.wav"].start_ms) == (("dog", "bell"), 100)


def test_columns_by_flag_and_by_name(tmp_path: Path) -> None:
    text = (
        "Fundort,was,caption,split,licence,group,lang,domain,start,end\n"
        "audio/0.wav,dog|bell;dog,A dog and a bell.,train,CC0-1.0,g1,en,sound;speech,0.05,0.25\n"
    )
    clips, bad, _ = read(table(tmp_path, text), columns={"audio": ["Fundort"], "tag": ["was"]})
    assert not bad
    clip = clips["audio/0.wav"]
    assert tags(clip) == ("dog", "bell")
    assert clip.labels_of("caption") == ("A dog and a bell.",)
    assert (clip.split, clip.licence, clip.group, clip.language) == ("train", "CC0-1.0", "g1", "en")
    assert clip.domains == ("sound", "speech")
    assert (clip.start_ms, clip.end_ms, clip.duration_s) == (50, 250, 0.2)


def test_a_column_can_be_left_out(tmp_path: Path) -> None:
    """UrbanSound8K's start and end are times in another file."""
    root = table(tmp_path, "file,class,start,end\naudio/0.wav,dog,30.5,34.5\n")
    clips, bad, _ = read(root)
    assert not clips
    assert (bad[0].code, "--column start=" in bad[0].hint) == ("audio.span", True)
    clips, bad, _ = read(root, columns=parse_mapping(["start=", "end="]))
    assert (list(clips), bad) == (["audio/0.wav"], [])


def test_a_table_further_down_is_pointed_out(tmp_path: Path) -> None:
    root = table(tmp_path, "")
    (root / "meta").mkdir()
    (root / "meta/esc50.csv").write_text("filename,category\n0.wav,dog\n1.wav,cat\n2.wav,owl\n")
    (root / "labels.csv").unlink()
    _, bad, _ = read(root)
    assert {b.code for b in bad} == {"label.none"}
    assert "--table meta/esc50.csv" in bad[0].hint
    assert {tags(c) for c in read(root, table=Path("meta/esc50.csv"))[0].values()} == {("dog",), ("cat",), ("owl",)}


def test_what_text_means_depends_on_the_domain(tmp_path: Path) -> None:
    root = table(tmp_path, "file,text\naudio/0.wav,Hello there.\n")
    assert read(root)[0]["audio/0.wav"].labels_of("caption") == ("Hello there.",)
    assert read(root, domain="speech")[0]["audio/0.wav"].labels_of("transcript") == ("Hello there.",)


def test_every_bad_row_is_named_by_its_line(tmp_path: Path) -> None:
    outside = put(tmp_path / "elsewhere.wav", 9)
    text = (
        "file,label,start,end\n"
        "audio/0.wav,dog,,\n"  # 2: good
        "audio/9.wav,dog,,\n"
        "audio/1.wav,,,\n"
        ",dog,,\n"
        "audio/1.wav,dog\n"
        "audio/1.wav,dog,cat,,\n"
        "audio/1.wav,dog,later,\n"
        'audio/1.wav,dog,"0,5",\n'
        "audio/1.wav,dog,0.2,0.1\n"
        "audio/1.wav,dog,7,8\n"
        "../elsewhere.wav,dog,,\n"
        f"{outside},dog,,\n"
        "../../nowhere.wav,dog,,\n"
        "audio/1.wav,dog,-1,\n"
        "audio/1.wav,dog,nan,\n"
        "audio/2.wav,cat,0,0.3\n"  # 17: good
    )
    root = tmp_path / "root"
    clips, bad, _ = read(table(root, text))
    assert set(clips) == {"audio/0.wav", "audio/2.wav"}
    assert {b.row: b.code for b in bad} == {
        3: "audio.missing",
        4: "label.none",
        5: "row.no_file",
        6: "table.cells",
        7: "table.cells",
        8: "row.time",
        9: "row.time",
        10: "row.time",
        11: "audio.span",
        12: "path.outside",
        13: "path.outside",
        14: "path.outside",
        15: "row.time",
        16: "row.time",
    }
    assert all(b.table == str((root / "labels.csv").resolve()) for b in bad)
    assert "decimal comma" in next(b.reason for b in bad if b.row == 9)


def test_paths_of_another_machine_are_found_by_a_unique_name_only(tmp_path: Path) -> None:
    root = table(tmp_path, "file,label\n/home/ann/data/audio/0.wav,dog\n1,cat\nsame.wav,cow\n")
    put(root / "a/same.wav", 7)
    put(root / "b/same.wav", 8)
    clips, bad, _ = read(root)
    assert {s: tags(c) for s, c in clips.items()} == {"audio/0.wav": ("dog",), "audio/1.wav": ("cat",)}
    assert [(b.row, b.code) for b in bad] == [(4, "path.ambiguous")]


def test_several_rows_about_one_file(tmp_path: Path) -> None:
    text = (
        "file,caption,split\n"
        "audio/0.wav,A dog barks.,train\n"
        "audio/0.wav,Barking.,train\n"
        "audio/0.wav,A dog barks.,train\n"
        "audio/0.wav,A dog.,test\n"
    )
    clips, bad, notices = read(table(tmp_path, text))
    assert clips["audio/0.wav"].labels_of("caption") == ("A dog barks.", "Barking.")
    assert Counter(n.code for n in notices) == {"row.merged": 1, "row.repeated": 1, "file.not_in_table": 2}
    assert [(b.row, b.code) for b in bad] == [(5, "row.conflict")]


def test_spans_of_one_file_are_clips_of_one_group(tmp_path: Path) -> None:
    text = "file,start,end,label\naudio/0.wav,0,0.1,dog\naudio/0.wav,0.1,0.2,cat\naudio/0.wav,0.25,0.35,owl\n"
    root = table(tmp_path, text, files=1)
    items = [i for i in read_folder(root) if isinstance(i, Clip)]
    assert [(c.start_ms, c.end_ms, tags(c)) for c in items] == [
        (0, 100, ("dog",)),
        (100, 200, ("cat",)),
        (250, 350, ("owl",)),  # its end is within the tolerance for rounded times
    ]
    assert len({c.group for c in items}) == 1
    assert len({c.content_key for c in items}) == 3


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ("file,label\nKüche.wav,Löffel\n".encode("utf-16"), "table.encoding"),
        ("file,label\nKüche.wav,Löffel\n".encode("latin-1"), "table.encoding"),
        (b"file,label\na.wav,do\0g\n", "table.nul"),
        (b'file,label\n"a.wav,dog\nb.wav,cat\n', "table.quote"),
        (b"  \n", "table.empty"),
        (b"file,label,label\na.wav,x,y\n", "table.header"),
        (b"file,colour\na.wav,red\n", "table.no_column"),
        (b"colour,label\nred,dog\n", "table.no_column"),
    ],
)
def test_a_table_that_cannot_be_read_says_why(tmp_path: Path, data: bytes, code: str) -> None:
    with pytest.raises((InputError, ConfigError)) as caught:
        read(table(tmp_path, data))
    assert caught.value.code == code
    assert "labels.csv" in str(caught.value)
    assert caught.value.hint


def test_a_lone_quote_in_a_tsv_swallows_no_rows(tmp_path: Path) -> None:
    text = 'file\ttranscript\naudio/0.wav\t"he said\naudio/1.wav\tyes\naudio/2.wav\tno"\n'
    clips, bad, _ = read(table(tmp_path, text, "labels.tsv"))
    assert not bad
    assert clips["audio/0.wav"].labels_of("transcript") == ('"he said',)
    assert len(clips) == 3


def test_several_tables_ask_and_a_column_that_is_not_there_suggests(tmp_path: Path) -> None:
    root = table(tmp_path, "file,label\naudio/0.wav,dog\n", "a.csv")
    (root / "b.csv").write_text("file,category\naudio/1.wav,cat\n")
    with pytest.raises(ConfigError, match=r"a\.csv, b\.csv"):
        read(root)
    assert set(read(root, table=Path("b.csv"))[0]) == {"audio/1.wav"}
    with pytest.raises(ConfigError, match="did you mean 'category'"):
        read(root, table=Path("b.csv"), columns={"tag": ["categorie"]})


# --- into a run ------------------------------------------------------------------------------------------------------


def cli(*args: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from audio_reasoner.cli import main; main()", "clips", "folder", *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "COLUMNS": "200"})


def test_the_command_again_gives_the_same_clips_and_another_folder_adds_its_own(tmp_path: Path) -> None:
    one, two, run = tmp_path / "one", tmp_path / "two", tmp_path / "run"
    for i, name in enumerate(("dog", "cat")):
        put(one / name / "1.wav", i)
        put(two / name / "1.wav", 10 + i)
    (two / "dog/broken.wav").write_text("no")
    build_clips(one, run, workers=0)
    first = list(read_clips(run))
    build_clips(one, run, workers=0)
    assert list(read_clips(run)) == first
    build_clips(two, run, workers=0)
    assert Counter(c.source for c in read_clips(run)) == {"one": 2, "two": 2}
    assert [s["name"] for s in RunDir.open(run).sources] == ["one", "two"]
    shutil.rmtree(one / "cat")
    build_clips(one, run, workers=0)
    assert Counter(c.source for c in read_clips(run)) == {"one": 1, "two": 2}
    quarantined = [json.loads(x) for x in (run / "clips/quarantine.jsonl").read_text().splitlines()]
    assert [(q["source"], q["file"], q["code"]) for q in quarantined] == [("two", "dog/broken.wav", "audio.not_audio")]


def test_ids_survive_a_move_of_the_folder(tmp_path: Path) -> None:
    put(tmp_path / "one/corpus/dog/1.wav", 1)
    before = read(tmp_path / "one/corpus")[0]["dog/1.wav"]
    shutil.move(tmp_path / "one", tmp_path / "two")
    after = read(tmp_path / "two/corpus")[0]["dog/1.wav"]
    assert (before.clip_id, before.content_key) == (after.clip_id, after.content_key)


def test_two_folders_of_one_name_do_not_overwrite_each_other(tmp_path: Path) -> None:
    for i in range(2):
        put(tmp_path / str(i) / "data/dog/1.wav", i)
    build_clips(tmp_path / "0/data", tmp_path / "run", workers=0)
    with pytest.raises(ConfigError) as caught:
        build_clips(tmp_path / "1/data", tmp_path / "run", workers=0)
    assert caught.value.code == "source.name_taken"
    build_clips(tmp_path / "1/data", tmp_path / "run", FolderOptions(source="other"), workers=0)
    assert len(list(read_clips(tmp_path / "run"))) == 2


def test_a_run_inside_the_folder_is_not_read_as_recordings(tmp_path: Path) -> None:
    put(tmp_path / "dog/1.wav", 1)
    put(tmp_path / "runs/dog/2.wav", 2)
    (tmp_path / "runs/run.yaml").write_text("schema_version: 1\nsources: []\n")
    assert build_clips(tmp_path, tmp_path / "runs", workers=0).clips == 1


def test_strict_stops_and_changes_nothing(tmp_path: Path) -> None:
    put(tmp_path / "in/dog/1.wav", 1)
    (tmp_path / "in/dog/2.wav").write_text("no")
    with pytest.raises(InputError) as caught:
        build_clips(tmp_path / "in", tmp_path / "run", strict=True, workers=0)
    assert caught.value.code == "audio.not_audio"
    assert not list(read_clips(tmp_path / "run"))


def test_a_second_writer_is_refused(tmp_path: Path) -> None:
    put(tmp_path / "in/dog/1.wav", 1)
    run = RunDir.create(tmp_path / "run")
    with run_lock(run), pytest.raises(LockedError):
        build_clips(tmp_path / "in", run.path, workers=0)


def test_worker_processes_give_the_same_clips(tmp_path: Path) -> None:
    for i in range(60):
        put(tmp_path / f"dog/bark {i}.wav", i, 0.05)
    one = list(read_folder(tmp_path, workers=0))
    assert len(one) == 60
    assert list(read_folder(tmp_path, workers=2)) == one


def test_the_command_reports_what_became_of_every_file(tmp_path: Path) -> None:
    put(tmp_path / "in/dog/1.wav", 1)
    (tmp_path / "in/dog/2.wav").touch()
    done = cli(tmp_path / "in", "-o", tmp_path / "run")
    assert done.returncode == 4
    assert "audio.zero_bytes" in done.stdout
    assert "1 clips" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    column = cli(tmp_path / "in", "-o", tmp_path / "run", "--column", "tags=x")
    assert column.returncode == 2
    assert "did you mean 'tag'" in column.stderr


def test_a_label_of_any_kind_is_told_in_a_word_and_steers_no_terminal(tmp_path: Path) -> None:
    put(tmp_path / "in/1.wav", 1)
    put(tmp_path / "in/2.wav", 2)
    put(tmp_path / "in/3.wav", 3)
    long = "x" * 20_000
    (tmp_path / "in/labels.csv").write_text(
        f"file,label\n1.wav,{long}\n2.wav,a\u202ebell\n3.wav,red:dog:blue\n", "utf-8"
    )
    done = cli(tmp_path / "in", "-o", tmp_path / "run")
    assert done.returncode == 0, done.stderr
    assert len(done.stdout) < 500
    assert "a�bell 1" in done.stdout
    assert "red:dog:blue" in done.stdout


def test_a_translation_has_a_language_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text(
        "file,transcript,translation,language,target_lang\na.wav,Guten Tag.,Good day.,de,en\nb.wav,Hallo.,Hello.,de,\n"
    )
    put(tmp_path / "a.wav", 1)
    put(tmp_path / "b.wav", 2)

    def languages(clip: Clip) -> dict[str, str | None]:
        return {x.kind: x.language for x in clip.labels}

    clips, bad, notices = read(tmp_path)
    assert not bad
    assert languages(clips["a.wav"]) == {"transcript": "de", "translation": "en"}
    assert languages(clips["b.wav"]) == {"transcript": "de", "translation": None}
    assert [(n.code, n.file) for n in notices] == [("translation.language", "row 3")]
    clips, _, notices = read(tmp_path, translation_language="fr")
    assert languages(clips["b.wav"])["translation"] == "fr"
    assert not notices
