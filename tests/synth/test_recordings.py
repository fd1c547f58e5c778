"""Folders of recordings become banks: labels, single events, levels, refusals, resuming, and the command."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from audio_reasoner.core.audio import encode_flac, encode_wav
from audio_reasoner.core.errors import ConfigError, EnvironmentProblem, InputError, IntegrityError, LockedError
from audio_reasoner.synth import store as stores
from audio_reasoner.synth.bank.render import EVENT_CLASSES, EVENT_PEAK, LEVEL_DBFS, loudness_dbfs, render_event
from audio_reasoner.synth.dsp import coloured_noise
from audio_reasoner.synth.recordings import bank as recordings
from audio_reasoner.synth.recordings import takes
from audio_reasoner.synth.recordings.bank import make_bank, move_bank, open_bank
from audio_reasoner.synth.recordings.layouts import Reading
from audio_reasoner.synth.recordings.takes import Limits, envelope_db, firm_stretch, measure, shape_of
from audio_reasoner.synth.store import SourceStore

RATE = 16_000
Write = Callable[..., Path]


def burst(seconds: float, seed: int = 0, amplitude: float = 0.3) -> np.ndarray:
    """Noise that begins and ends at once."""
    x = np.random.default_rng(seed).standard_normal(int(seconds * RATE))
    return (amplitude * x / np.abs(x).max()).astype(np.float32)


def silence(seconds: float, noise_dbfs: float | None = None) -> np.ndarray:
    x = np.zeros(int(seconds * RATE), dtype=np.float32)
    if noise_dbfs is not None:
        x += np.random.default_rng(9).standard_normal(x.size).astype(np.float32) * 10 ** (noise_dbfs / 20)
    return x


def together(*parts: np.ndarray) -> np.ndarray:
    return np.concatenate(parts).astype(np.float32)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def _write(name: str, x: np.ndarray | bytes, rate: int = RATE) -> Path:
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(x if isinstance(x, bytes) else encode_wav(x, rate))
        return path

    return _write


def classes(root: Path, count: int = 2, per: int = 3) -> Path:
    """A small tree, a folder per class, of the procedural sounds."""
    for name in ("dog", "bell", "rain", "saw")[:count]:
        (root / name).mkdir(parents=True)
        for i in range(per):
            (root / name / f"{chr(97 + i)}_{name}.wav").write_bytes(encode_wav(render_event(name, i, 8000 + 800 * i)))
    return root


def codes(store: SourceStore) -> dict[str, str]:
    return {r.path: r.code for r in store.refused()}


# --- one recording ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("floor", [None, -70.0, -45.0])
def test_silence_is_trimmed_in_studio_and_garden(write: Write, floor: float | None) -> None:
    x = together(silence(0.5), burst(0.4), silence(0.7))
    path = write("a.wav", x if floor is None else x + silence(1.6, floor))
    take = measure(path, Limits())
    assert take.kind == "single"
    assert abs(take.start / RATE - 0.49) < 0.021  # 10 ms are kept before it
    assert abs((take.start + take.length) / RATE - 0.95) < 0.031  # and 50 ms after it
    assert take.start % 16 == take.length % 16 == 0


@pytest.mark.parametrize(("gap", "kind"), [(0.25, "single"), (0.34, "several"), (1.0, "several")])
def test_two_bursts_are_two_events_from_a_third_of_a_second_on(write: Write, gap: float, kind: str) -> None:
    take = measure(write("a.wav", together(burst(0.3), silence(gap), burst(0.3, 1))), Limits())
    assert take.kind == kind
    assert (f"pauses of {gap:.2f} s" in take.note) == (kind == "several")


def test_bursts_in_noise_are_found_and_steady_sounds_are_one(write: Write) -> None:
    noisy = together(silence(0.5), burst(0.3), silence(0.8), burst(0.3, 2), silence(0.5)) + silence(2.4, -40.0)
    assert measure(write("noisy.wav", noisy), Limits()).kind == "several"
    swell = burst(4.0) * (0.6 + 0.4 * np.sin(np.linspace(0, 20, 4 * RATE))).astype(np.float32)
    take = measure(write("rain.wav", swell), Limits())
    assert (take.kind, take.length) == ("single", 4 * RATE)


def test_rumbling_noise_does_not_join_two_events(write: Write) -> None:
    """Pink noise swings by 10 dB from one hundredth of a second to the next."""
    kinds = []
    for seed in range(12):
        x = together(silence(0.4), burst(0.5, seed), silence(0.5), burst(0.5, seed + 50), silence(0.3))
        x = x + coloured_noise(np.random.default_rng(seed), x.size, 1.0) * np.float32(10 ** (-45 / 20))
        take = measure(write(f"{seed}.wav", x), Limits())
        kinds.append(take.kind)
        assert abs(take.start / RATE - 0.39) < 0.03
    assert kinds == ["several"] * 12


def test_a_fading_tail_is_kept(write: Write) -> None:
    t = np.arange(3 * RATE) / RATE
    bell = (0.5 * np.sin(2 * np.pi * 700 * t) * 10 ** (-10 * t / 20)).astype(np.float32)  # 30 dB in 3 s, then cut
    take = measure(write("bell.wav", bell), Limits())
    assert take.length > 2.9 * RATE


def test_where_a_sound_is_as_loud_as_the_whole() -> None:
    steady, fading = burst(4.0), burst(4.0) * np.exp(-np.arange(4 * RATE) / (0.5 * RATE)).astype(np.float32)
    assert firm_stretch(steady) == (0, 4 * RATE)
    first, end = firm_stretch(fading)
    assert first == 0
    assert 0.4 * RATE <= end <= 1.2 * RATE
    ticks = np.tile(together(burst(0.02), silence(0.28)), 12)
    assert firm_stretch(ticks)[1] > 3 * RATE
    late = together(burst(1.0, amplitude=0.02), burst(2.0), burst(1.0, amplitude=0.02))
    first, end = firm_stretch(late)
    assert 0.6 * RATE <= first <= RATE
    assert 3 * RATE <= end <= 3.4 * RATE
    assert firm_stretch(burst(0.1)) == (0, 1600)


def test_every_event_of_the_procedural_bank_is_one_event() -> None:
    shapes = {name: shape_of(envelope_db(render_event(name, 5, 16_000))) for name in EVENT_CLASSES}
    assert {name: s.gaps_s() for name, s in shapes.items() if s.gaps_s()} == {}


@pytest.mark.parametrize(
    ("sound", "code"),
    [
        (silence(1.0), "bank.silent"),
        (burst(1.0, amplitude=0.0005), "bank.silent"),
        (together(silence(0.5), burst(0.03), silence(0.5)), "bank.too_short"),
        (np.clip(burst(1.0, amplitude=8.0), -1, 1), "bank.clipped"),
        (burst(61.0), "bank.too_long"),
        (b"", "audio.zero_bytes"),
        (b"this is a text that somebody named .wav\n" * 9, "audio.not_audio"),
        (encode_wav(burst(1.0))[:9000], "audio.truncated"),
    ],
)
def test_what_a_bank_has_no_use_for(write: Write, sound: np.ndarray | bytes, code: str) -> None:
    with pytest.raises(InputError) as caught:
        measure(write("x.wav", sound), Limits())
    assert caught.value.code == code


@pytest.mark.parametrize("name", ["clock", "rain", "bell", "knock"])
@pytest.mark.parametrize("gain", [0.05, 2.0])
def test_recordings_come_out_as_loud_as_the_procedural_bank(write: Write, name: str, gain: float) -> None:
    path = write(f"{name}/a.wav", together(silence(0.3), render_event(name, 3, 12_000) * np.float32(gain)))
    store = SourceStore.open(make_bank(path.parents[1], path.parents[2] / "b.bank", workers=0).path)
    x = store.pcm(next(iter(store)).key)
    assert abs(loudness_dbfs(x) - LEVEL_DBFS) < 1.0
    assert float(np.abs(x).max()) <= EVENT_PEAK + 1e-6
    assert x.dtype == np.float32
    assert abs(float(x[0])) < 1e-3  # faded in: no click where the trim cut


# --- labels ----------------------------------------------------------------------------------------------------------


def labelled(store: SourceStore) -> dict[str, tuple[str, str]]:
    return {i.source_id: (i.label, i.group) for i in store}


def test_esc50(write: Write, tmp_path: Path) -> None:
    for i, name in enumerate(("1-10-A-0", "1-10-B-0", "2-77-A-36")):
        write(f"audio/{name}.wav", burst(0.5, i))
    write(
        "meta/esc50.csv",
        b"filename,fold,target,category,esc10,src_file,take\n1-10-A-0.wav,1,0,dog,True,10,A\n1-10-B-0.wav,1,0,dog,True,10,B\n"
        b"2-77-A-36.wav,2,36,vacuum_cleaner,False,77,A\n3-1-A-1.wav,3,1,rooster,False,1,A\n",
    )
    (tmp_path / "unpacked").mkdir()
    (tmp_path / "in").rename(tmp_path / "unpacked" / "ESC-50-master")
    made = make_bank(tmp_path / "unpacked", tmp_path / "b.bank", workers=0)
    assert "ESC-50" in made.said
    assert made.root.name == "ESC-50-master"
    store = SourceStore.open(made.path)
    assert labelled(store) == {
        "1-10-A-0.wav": ("dog", "freesound:10"),
        "1-10-B-0.wav": ("dog", "freesound:10"),
        "2-77-A-36.wav": ("vacuum cleaner", "freesound:77"),
    }
    assert {i.licence for i in store} == {"CC-BY-NC-3.0"}
    assert codes(store) == {"audio/3-1-A-1.wav": "audio.missing"}


def test_urbansound8k_keeps_what_stands_alone(write: Write, tmp_path: Path) -> None:
    write("audio/fold1/7-3-0-0.wav", burst(0.5, 1))
    write("audio/fold2/8-3-0-0.wav", burst(0.5, 2))
    write(
        "metadata/UrbanSound8K.csv",
        b"slice_file_name,fsID,start,end,salience,fold,classID,class\n"
        b"7-3-0-0.wav,7,0.0,0.5,1,1,3,dog_bark\n8-3-0-0.wav,8,0.0,0.5,2,2,3,dog_bark\n",
    )
    store = SourceStore.open(make_bank(tmp_path / "in", tmp_path / "b.bank", workers=0).path)
    assert labelled(store) == {"7-3-0-0.wav": ("dog bark", "freesound:7")}
    assert codes(store) == {"audio/fold2/8-3-0-0.wav": "bank.not_alone"}


def test_fsd50k_takes_the_lowest_class(write: Write, tmp_path: Path) -> None:
    for i, name in enumerate(("dev_audio/1", "dev_audio/2", "dev_audio/3", "eval_audio/4")):
        write(f"FSD50K.{name}.wav", burst(0.5, i))
    write(
        "FSD50K.ground_truth/dev.csv",
        b'fname,labels,mids,split\n1,"Bark,Dog,Animal","/m/a,/m/b,/m/c",train\n2,"Meow,Cat,Animal","/m/d,/m/e,/m/c",val\n'
        b'3,"Bark,Dog,Meow,Cat,Animal","/m/a,/m/b,/m/d,/m/e,/m/c",train\n',
    )
    write("FSD50K.ground_truth/eval.csv", b'fname,labels,mids\n4,"Dog,Animal","/m/b,/m/c"\n')
    write(
        "FSD50K.metadata/dev_clips_info_FSD50K.json",
        json.dumps({"1": {"uploader": "ann", "license": "http://creativecommons.org/licenses/by/3.0/"}}).encode(),
    )
    store = SourceStore.open(make_bank(tmp_path / "in", tmp_path / "b.bank", workers=0).path)
    assert labelled(store) == {
        "1": ("bark", "freesound user:ann"), "2": ("meow", "freesound:2"), "4": ("dog", "freesound:4"),
    }  # fmt: skip
    assert {i.source_id: i.split for i in store} == {"1": "train", "2": "validation", "4": "test"}
    assert codes(store) == {"FSD50K.dev_audio/3.wav": "bank.several_labels"}


def test_a_table_with_groups_and_licences(write: Write, tmp_path: Path) -> None:
    for i, name in enumerate(("a", "b", "c", "d", "Hündchen/ñ 犬")):
        write(f"{name}.wav", burst(0.5, i))
    rows = [
        "file,label,group,license,split",
        "a.wav,Dog\x1b,r1,CC0-1.0,train",
        "b,dog,r1,,test",
        "c.wav,cat;dog,,,",
        "gone.wav,cat,,,",
    ]
    write("labels.csv", "\n".join([*rows, "ñ 犬.wav,犬,,,", "a.wav,dog,r1,,", "d.wav,,,,", "x"]).encode())
    store = SourceStore.open(make_bank(tmp_path / "in", tmp_path / "b.bank", workers=0).path)
    assert labelled(store) == {
        "a.wav": ("dog", "r1"), "b.wav": ("dog", "r1"), "Hündchen/ñ 犬.wav": ("犬", "Hündchen/ñ 犬.wav"),
    }  # fmt: skip
    assert codes(store) == {
        "c.wav": "bank.several_labels", "labels.csv, line 5": "audio.missing", "d.wav": "bank.no_label",
        "labels.csv, line 9": "table.cells",
    }  # fmt: skip
    infos = {i.source_id: i for i in store}
    assert (infos["a.wav"].licence, infos["a.wav"].split) == ("CC0-1.0", "train")


def test_folders_names_and_what_nobody_labelled(write: Write, tmp_path: Path) -> None:
    write("dog/1.wav", burst(0.5, 1))
    write("Church_Bells/2.wav", burst(0.5, 2))
    write("3.wav", burst(0.5, 3))
    write("dog/readme.txt", b"hello")
    made = make_bank(tmp_path / "in", tmp_path / "b.bank", workers=0)
    assert made.said == "labels are folder names"
    store = SourceStore.open(made.path)
    assert store.labels() == {"church bells": 1, "dog": 1}
    assert codes(store) == {"3.wav": "bank.no_label"}
    assert store.meta("passed_over") == {".txt": 1}
    for i, name in enumerate(("dog_01.wav", "dog_02.wav", "owl-3.wav", "17.wav")):
        (tmp_path / "flat").mkdir(exist_ok=True)
        (tmp_path / "flat" / name).write_bytes(encode_wav(burst(0.5, i)))
    flat = make_bank(tmp_path / "flat", tmp_path / "f.bank", workers=0)
    assert labelled(SourceStore.open(flat.path)) == {
        "dog_01.wav": ("dog", "dog"), "dog_02.wav": ("dog", "dog"), "owl-3.wav": ("owl", "owl-3.wav"),
    }  # fmt: skip
    make_bank(tmp_path / "flat", flat.path, Reading(groups="file"), workers=0)
    assert labelled(SourceStore.open(flat.path))["dog_01.wav"] == ("dog", "dog_01.wav")


@pytest.mark.parametrize(
    ("reading", "code"),
    [
        (Reading(layout="esc50"), "bank.layout"),
        (Reading(layout="nonsense"), "bank.layout"),  # type: ignore[arg-type]
        (Reading(layout="table"), "table.missing"),
        (Reading(table="no.csv"), "table.missing"),
        (Reading(columns={"label": "x"}), "table.missing"),
        (Reading(columns={"colour": "x"}), "config.column"),
    ],
)
def test_labels_that_cannot_be_found_as_asked(tmp_path: Path, reading: Reading, code: str) -> None:
    classes(tmp_path / "in", 1, 1)
    with pytest.raises(ConfigError) as caught:
        make_bank(tmp_path / "in", tmp_path / "b.bank", reading, workers=0)
    assert caught.value.code == code
    assert not (tmp_path / "b.bank").exists()


@pytest.mark.parametrize(
    ("table", "code"),
    [
        (b"name,what\na.wav,dog\n", "table.no_column"),
        (b"file,label,start,end\na.wav,dog,0,1\n", "bank.spans"),
        (b"file,label\xff\n", "table.encoding"),
        (b"", "table.empty"),
    ],
)
def test_tables_that_are_of_no_use(write: Write, tmp_path: Path, table: bytes, code: str) -> None:
    write("a.wav", burst(0.5))
    write("labels.csv", table)
    with pytest.raises((ConfigError, InputError)) as caught:
        make_bank(tmp_path / "in", tmp_path / "b.bank", workers=0)
    assert caught.value.code == code


# --- the bank as a whole ---------------------------------------------------------------------------------------------


def test_copies_are_found_by_their_sound(write: Write, tmp_path: Path) -> None:
    x = together(silence(0.2), burst(0.5))
    write("dog/a.wav", x)
    write("dog/b.wav", x)
    write("dog/c.flac", encode_flac(x))
    write("owl/d.wav", burst(0.5, 4))
    write("cat/e.flac", encode_flac(burst(0.5, 4)))
    write("cat/f.wav", burst(0.5, 5))
    store = SourceStore.open(make_bank(tmp_path / "in", tmp_path / "b.bank", workers=0).path)
    assert sorted(i.path for i in store) == ["cat/f.wav", "dog/a.wav"]
    assert codes(store) == {
        "dog/b.wav": "bank.duplicate", "dog/c.flac": "bank.duplicate", "owl/d.wav": "bank.two_labels",
        "cat/e.flac": "bank.two_labels",
    }  # fmt: skip


def test_nothing_is_left_of_a_folder_without_sound(write: Write, tmp_path: Path) -> None:
    write("notes.txt", b"nothing")
    with pytest.raises(InputError) as caught:
        make_bank(tmp_path / "in", tmp_path / "b.bank", workers=0)
    assert (caught.value.code, "1 .txt" in caught.value.hint) == ("bank.empty", True)
    write("dog/a.wav", silence(1.0))
    with pytest.raises(InputError, match=r"1 bank\.silent"):
        make_bank(tmp_path / "in", tmp_path / "b.bank", workers=0)
    with pytest.raises(ConfigError):
        make_bank(tmp_path / "nowhere", tmp_path / "b.bank")


def test_only_what_changed_is_listened_to_again(tmp_path: Path) -> None:
    root = classes(tmp_path / "in")
    out = tmp_path / "b.bank"
    assert make_bank(root, out, workers=0).heard == 6
    before = list(SourceStore.open(out))
    assert make_bank(root, out, workers=0).heard == 0
    assert list(SourceStore.open(out)) == before
    (root / "dog" / "a_dog.wav").write_bytes(encode_wav(burst(0.7)))
    (root / "dog" / "new.wav").write_bytes(encode_wav(burst(0.8, 2)))
    (root / "bell" / "a_bell.wav").unlink()
    again = make_bank(root, out, workers=0)
    assert (again.heard, again.used) == (2, 6)
    afresh = make_bank(root, tmp_path / "c.bank", workers=0)
    assert list(SourceStore.open(out)) == list(SourceStore.open(afresh.path))
    assert make_bank(root, out, limits=Limits(min_seconds=0.2), workers=0).heard == 6


def test_runs_of_an_earlier_state_of_a_bank_are_still_heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "in"
    for i, name in enumerate(("dog/a_dog.wav", "dog/b_dog.wav", "dog/c_dog.wav", "bell/a.wav", "bell/b.wav")):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(encode_wav(together(silence(0.3), burst(0.5 + 0.1 * i, i), silence(0.3))))
    out = make_bank(root, tmp_path / "b.bank", workers=0).path
    old = {i.key: SourceStore.open(out).pcm(i.key) for i in SourceStore.open(out)}
    shutil.copy(root / "dog" / "b_dog.wav", root / "dog" / "a0.wav")  # the same bytes and span have the same key
    make_bank(root, out, workers=0)
    assert set(old) == {i.key for i in SourceStore.open(out)}
    # A version that trims otherwise, a class that has another name, and a recording that is left out.
    monkeypatch.setattr(takes, "AFTER", 160)
    (root / "bell").rename(root / "chime")
    make_bank(root, out, limits=Limits(min_seconds=0.55), workers=0)
    store = SourceStore.open(out)
    assert not set(old) & {i.key for i in store}
    assert len(store) == 4
    for key, x in old.items():
        if "bell" not in (path := store.info(key).path):  # type: ignore[union-attr]
            assert np.array_equal(store.pcm(key), x)
        else:
            with pytest.raises(InputError, match=path):
                store.pcm(key)
    (root / "dog" / "a_dog.wav").write_bytes(encode_wav(burst(0.7)))
    gone = next(k for k in old if store.info(k).path == "dog/a_dog.wav")  # type: ignore[union-attr]
    make_bank(root, out, workers=0)
    with pytest.raises(IntegrityError, match=r"a_dog\.wav was changed"):
        SourceStore.open(out).pcm(gone)
    monkeypatch.undo()
    monkeypatch.setattr(recordings, "TAKES_VERSION", 99)
    (root / "chime").rename(root / "bell")
    make_bank(root, out, workers=0)
    assert set(old) - {gone} <= {i.key for i in SourceStore.open(out)}


def test_links_loops_and_names_that_are_no_text(write: Write, tmp_path: Path) -> None:
    write("dog/a.wav", burst(0.5))
    root = tmp_path / "in"
    (root / "dog" / "loop").symlink_to(root, target_is_directory=True)
    (root / "dog" / "gone.wav").symlink_to(root / "nothing.wav")
    Path(os.fsdecode(os.fsencode(root / "dog") + b"/\xff\xfe.wav")).write_bytes(encode_wav(burst(0.5, 2)))
    write("dog/übel\n\x1b[31m.wav", burst(0.5, 3))
    store = SourceStore.open(make_bank(root, tmp_path / "b.bank", workers=0).path)
    assert len(store) == 2
    assert sorted(codes(store).values()) == ["audio.missing", "path.encoding"]


def test_a_folder_is_a_bank_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = classes(tmp_path / "in")
    told: list[tuple[int, int]] = []
    store = open_bank(root, lambda done, total: told.append((done, total)), workers=0)
    assert len(store) == 6
    assert told[-1] == (6, 6)
    assert store.path.is_relative_to(tmp_path / "cache")
    (root / "dog" / "new.wav").write_bytes(encode_wav(burst(0.8, 2)))
    assert len(open_bank(root, workers=0)) == 7
    assert len(open_bank(store.path)) == 7
    with pytest.raises(InputError):
        open_bank(tmp_path / "nowhere")


def test_a_moved_folder_is_compared_before_it_is_believed(tmp_path: Path) -> None:
    root = classes(tmp_path / "in")
    out = make_bank(root, tmp_path / "b.bank", workers=0).path
    key = next(iter(SourceStore.open(out))).key
    there = SourceStore.open(out).pcm(key)
    root.rename(tmp_path / "moved")
    with pytest.raises(InputError, match="synth bank move"):
        SourceStore.open(out).pcm(key)
    assert np.array_equal(SourceStore.open(out, tmp_path / "moved").pcm(key), there)
    assert move_bank(out, tmp_path / "moved") == 6
    assert np.array_equal(SourceStore.open(out).pcm(key), there)
    shutil.copytree(tmp_path / "moved", tmp_path / "other")
    (tmp_path / "other" / "dog" / "a_dog.wav").write_bytes(encode_wav(burst(0.7)))
    with pytest.raises(InputError) as caught:
        move_bank(out, tmp_path / "other")
    assert caught.value.code == "bank.moved"


def test_one_maker_at_a_time(tmp_path: Path) -> None:
    root = classes(tmp_path / "in", 1, 1)
    out = tmp_path / "b.bank"
    with recordings._lock(out, wait=False), pytest.raises(LockedError) as caught:
        make_bank(root, out, workers=0)
    assert caught.value.code == "bank.locked"
    assert make_bank(root, out, workers=0).used == 1


# --- processes -------------------------------------------------------------------------------------------------------


def command(*args: str | Path) -> list[str]:
    return [sys.executable, "-c", "from audio_reasoner.cli import main; main()", "synth", "bank", *map(str, args)]


@pytest.mark.system
def test_killed_and_made_again(tmp_path: Path) -> None:
    root = tmp_path / "in" / "noise"
    root.mkdir(parents=True)
    for i in range(300):
        name = "".join("abcdefghij"[i // k % 10] for k in (1, 10, 100))
        (root / f"{name}q.wav").write_bytes(encode_wav(burst(0.5, i)))
    out = tmp_path / "b.bank"
    # A machine on which every recording takes its time, so that the kill falls among them on any machine.
    slow = (
        "import sys, time; from pathlib import Path; from audio_reasoner.synth.recordings import bank\n"
        "bank._GROUP_S = 0.0\n"
        "bank.make_bank(Path(sys.argv[1]), Path(sys.argv[2]), workers=0, progress=lambda _, of: time.sleep(0.02))"
    )
    process = subprocess.Popen([sys.executable, "-c", slow, str(tmp_path / "in"), str(out)])
    done = 0
    while process.poll() is None and done == 0:
        time.sleep(0.002)
        if out.exists():
            try:
                db = sqlite3.connect(f"file:{out}?mode=ro", uri=True)
                done = db.execute("SELECT count(*) FROM files").fetchone()[0]
                db.close()
            except sqlite3.Error:
                continue
    process.kill()
    process.wait()
    assert done > 0
    with pytest.raises(InputError) as caught:
        SourceStore.open(out)
    assert caught.value.code == "synth.unfinished_store"
    made = make_bank(tmp_path / "in", out, workers=0)
    assert 0 < made.heard < made.seen == made.used == 300
    afresh = make_bank(tmp_path / "in", tmp_path / "c.bank", workers=0)
    assert list(SourceStore.open(out)) == list(SourceStore.open(afresh.path))


@pytest.mark.system
def test_two_processes_use_one_folder_at_once(tmp_path: Path) -> None:
    root = classes(tmp_path / "in", 4, 3)
    script = (
        "import sys; from audio_reasoner.synth.recordings.bank import open_bank\n"
        "if __name__ == '__main__':\n"
        "    s = open_bank(sys.argv[1], workers=0); print(len(s), sum(float(abs(s.pcm(i.key)).sum()) for i in s))"
    )
    env = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    both = [
        subprocess.Popen([sys.executable, "-c", script, str(root)], stdout=subprocess.PIPE, text=True, env=env)
        for _ in range(2)
    ]
    said = [p.communicate(timeout=120)[0] for p in both]
    assert [p.returncode for p in both] == [0, 0]
    assert said[0] == said[1]
    assert said[0].startswith("12 ")


def test_files_and_folders_that_may_not_be_read(tmp_path: Path) -> None:
    """As somebody who is not root: root may read everything."""
    root = classes(tmp_path / "in", 2, 2)
    (root / "dog" / "b_dog.wav").chmod(0)
    (root / "bell").chmod(0)
    (tmp_path / "out").mkdir()
    # With several workers the folder lies one deeper.
    above = [
        p for p in tmp_path.parents if p.is_relative_to(tempfile.gettempdir()) and p != Path(tempfile.gettempdir())
    ]
    for folder in (tmp_path, tmp_path / "out", *above):
        folder.chmod(0o777)
    script = (
        "import os, sys; from pathlib import Path\n"
        "from audio_reasoner.synth.recordings.bank import make_bank\n"
        "make_bank(Path(sys.argv[1], 'dog'), Path(sys.argv[2], 'all.bank'), workers=0)\n"  # everything is imported now
        "if os.geteuid() == 0:\n    os.setegid(65534); os.seteuid(65534)\n"
        "b = make_bank(Path(sys.argv[1]), Path(sys.argv[2], 'out', 'b.bank'), workers=0); print(b.used, b.refused)\n"
        "try:\n    make_bank(Path(sys.argv[1]), Path('/b.bank'), workers=0)\n"
        "except Exception as e:\n    print(e.code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(root), str(tmp_path)], capture_output=True, text=True, check=False
    )
    (root / "bell").chmod(0o755)
    said = "1 {'audio.unreadable': 1, 'folder.unreadable': 1}\nenvironment.not_writable\n"
    assert done.stdout == said, done.stderr
    # Once they may be read, they are: nothing was written that says otherwise.
    (root / "dog" / "b_dog.wav").chmod(0o644)
    assert make_bank(root, tmp_path / "out" / "b.bank", workers=0).used == 4


def test_a_full_disk_stops_it_and_room_lets_it_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = classes(tmp_path / "in", 4, 24)
    real = stores.create

    def narrow(path: Path, more: Sequence[str] = ()) -> sqlite3.Connection:
        db = real(path, more)
        db.execute("PRAGMA max_page_count = 9")
        return db

    monkeypatch.setattr(stores, "create", narrow)
    with pytest.raises(EnvironmentProblem) as caught:
        make_bank(root, tmp_path / "b.bank", workers=0)
    assert caught.value.code == "environment.disk_full"
    monkeypatch.undo()
    assert make_bank(root, tmp_path / "b.bank", workers=0).used == 96


@pytest.mark.system
def test_the_command(tmp_path: Path) -> None:
    root = classes(tmp_path / "in <b>", 2, 2)
    (root / "dog" / "text [red].wav").write_bytes(b"no sound")
    out, page = tmp_path / "b.bank", tmp_path / "b.html"
    made = subprocess.run(
        command("make", root, "-o", out, "--workers", "0"), capture_output=True, text=True, check=False
    )
    assert made.returncode == 4, made.stderr
    assert "4 recordings in 2 classes" in made.stdout
    assert "1 audio.not_audio" in made.stdout
    shown = subprocess.run(command("show", out, "--html", page), capture_output=True, text=True, check=False)
    assert shown.returncode == 0, shown.stderr
    assert "dog/text [red].wav  [audio.not_audio]" in shown.stdout
    html = page.read_text("utf-8")
    assert html.count("<audio") == 4
    assert "text [red].wav" in html
    wrong = subprocess.run(command("show", root / "dog" / "a_dog.wav"), capture_output=True, text=True, check=False)
    assert (wrong.returncode, "synth.no_store" in wrong.stderr, "Traceback" in wrong.stderr) == (2, True, False)
