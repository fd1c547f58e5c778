"""Stores of recordings: what a reader gets, what it refuses, and who may read at once."""

from __future__ import annotations

import os
import sqlite3
import threading
from pathlib import Path

import numpy as np
import pytest

from audio_reasoner.core import ids
from audio_reasoner.core.audio import encode_wav
from audio_reasoner.core.errors import EnvironmentProblem, InputError, IntegrityError
from audio_reasoner.synth import render
from audio_reasoner.synth import store as stores
from audio_reasoner.synth.bank.render import render_event
from audio_reasoner.synth.store import SourceInfo, SourceStore, StoreWriter, sources_at


def filled(folder: Path, count: int = 3, length: int = 8000) -> tuple[Path, list[SourceInfo]]:
    """A store of `count` sounds, the files beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    infos = []
    for i in range(count):
        file = folder / f"{i} é.wav"
        file.write_bytes(encode_wav(render_event("dog", i, length)))
        digest = ids.file_sha256(file)
        infos.append(
            SourceInfo(
                key=ids.content_key_of_span(digest, 100, 400), path=file.name, start=1600, length=4800, gain_db=-6.0,
                label="dog", group=f"g{i}", licence=None, source="me", source_id=str(i), extra={"digest": digest},
            )
        )  # fmt: skip
    with StoreWriter(folder / "s.store") as writer:
        for info in infos:
            writer.add(info)
    return folder / "s.store", sorted(infos, key=lambda i: i.key)


def test_what_was_added_comes_back(tmp_path: Path) -> None:
    path, infos = filled(tmp_path, 5)
    store = SourceStore.open(path)
    assert (list(store), len(store), store.labels()) == (infos, 5, {"dog": 5})
    assert store.info(infos[0].key) == infos[0]
    assert store.info("0" * 64) is None
    assert (store.meta("root"), store.refused()) == (None, [])
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith("s.")] == ["s.store"]  # one file, nothing beside it


def test_iterating_is_complete_beyond_one_page(tmp_path: Path) -> None:
    with StoreWriter(tmp_path / "s.store") as writer:
        for i in range(10_000):
            writer.add(SourceInfo(f"{i:064x}", "x.wav", 0, 800, 0.0, "dog", str(i), None, "me", str(i)))
    keys = [i.key for i in SourceStore.open(tmp_path / "s.store")]
    assert keys == [f"{i:064x}" for i in range(10_000)]


def test_pcm_is_the_span_at_its_gain_and_belongs_to_everybody(tmp_path: Path) -> None:
    path, infos = filled(tmp_path)
    store = SourceStore.open(path)
    info = infos[0]
    from audio_reasoner.core.audio import load_mono

    expected = load_mono(tmp_path / info.path)[1600:6400] * np.float32(10 ** (-6 / 20))
    assert np.allclose(store.pcm(info.key), expected, atol=1e-7)
    assert store.pcm(info.key) is store.pcm(info.key)
    with pytest.raises(ValueError, match="read-only"):
        store.pcm(info.key)[0] = 1.0


def test_the_cache_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, infos = filled(tmp_path, 4)
    monkeypatch.setattr(stores, "CACHED_SECONDS", 0.7)
    store = SourceStore.open(path)
    first = store.pcm(infos[0].key)
    for info in infos[1:]:
        store.pcm(info.key)
    assert store.pcm(infos[3].key) is store.pcm(infos[3].key)
    again = store.pcm(infos[0].key)
    assert again is not first
    assert np.array_equal(again, first)


def test_a_changed_file_is_named(tmp_path: Path) -> None:
    path, infos = filled(tmp_path)
    file = tmp_path / infos[0].path
    before = file.stat()
    data = bytearray(file.read_bytes())
    data[-1] ^= 1  # one bit, the same size, the same time
    file.write_bytes(data)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(IntegrityError, match=infos[0].path) as caught:
        SourceStore.open(path).pcm(infos[0].key)
    assert caught.value.code == "synth.source_changed"
    file.unlink()
    with pytest.raises(InputError, match=infos[0].path):
        SourceStore.open(path).pcm(infos[0].key)


def test_what_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no database, but longer than the header of one " * 20)
    (tmp_path / "empty").write_bytes(b"")
    sqlite3.connect(tmp_path / "other.db").execute("CREATE TABLE t (x)").connection.close()
    for name in ("text", "empty", "other.db", "missing"):
        with pytest.raises(InputError) as caught:
            SourceStore.open(tmp_path / name)
        assert caught.value.code == "synth.no_store"
    for name in ("text", "other.db"):
        with pytest.raises(IntegrityError) as damaged:
            StoreWriter(tmp_path / name)
        assert damaged.value.code == "synth.store_damaged"
    path, _ = filled(tmp_path / "new")
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 99")
    db.close()
    for use in (SourceStore.open, StoreWriter):
        with pytest.raises(IntegrityError, match="version 99"):
            use(path)
    with pytest.raises(EnvironmentProblem):
        StoreWriter(tmp_path / "text" / "x.store")


def test_a_damaged_store_is_an_error_and_no_traceback(tmp_path: Path) -> None:
    path, infos = filled(tmp_path, 200)
    data = bytearray(path.read_bytes())
    data[5000:] = os.urandom(len(data) - 5000)
    path.write_bytes(data)
    with pytest.raises((IntegrityError, InputError)):
        list(SourceStore.open(path))
    path.write_bytes(bytes(data[:3000]))
    with pytest.raises((IntegrityError, InputError)):
        SourceStore.open(path).pcm(infos[0].key)


def test_recipes_find_their_recordings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, infos = filled(tmp_path / "there")
    recipe = {
        "v": 2, "kind": "complex/temporal", "rate": 16_000, "length": 16_000, "seed": 0, "background": None,
        "events": [{"source": {"key": infos[0].key, "from": 800}, "start": 4000, "length": 4000, "gain_db": 0.0}],
    }  # fmt: skip
    x = render(recipe, sources_at(str(path)))
    assert np.array_equal(x[4000:8000], SourceStore.open(path).pcm(infos[0].key)[800:4800])
    assert not x[:4000].any()
    with pytest.raises(IntegrityError, match=infos[0].key[:16]) as caught:
        render(recipe, sources_at(None))
    assert caught.value.code == "synth.no_source"
    with pytest.raises(IntegrityError, match=r"Not there any more: /nowhere/moved\.bank") as caught:
        render(recipe, sources_at("/nowhere/moved.bank"))
    assert "synth bank make" in str(caught.value.hint)
    monkeypatch.setenv("AUDIO_REASONER_SOURCES", os.pathsep.join([str(tmp_path), str(path)]))
    assert np.array_equal(render(recipe, sources_at("/nowhere/moved.bank")), x)


def test_files_of_a_moved_store_are_found_by_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, infos = filled(tmp_path / "a")
    expected = SourceStore.open(path).pcm(infos[1].key)
    (tmp_path / "alone").mkdir()
    moved = path.rename(tmp_path / "alone" / "s.store")
    monkeypatch.setenv("AUDIO_REASONER_SOURCES", str(tmp_path / "a"))
    assert np.array_equal(SourceStore.open(moved).pcm(infos[1].key), expected)


def test_threads_and_forks_read_one_store(tmp_path: Path) -> None:
    path, infos = filled(tmp_path, 8)
    store = SourceStore.open(path)
    expected = {i.key: SourceStore.open(path).pcm(i.key).sum() for i in infos}
    wrong: list[str] = []

    def read() -> None:
        for _ in range(20):
            wrong.extend(i.key for i in store if store.pcm(i.key).sum() != expected[i.key])

    threads = [threading.Thread(target=read) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert wrong == []
    child = os.fork()
    if child == 0:
        os._exit(0 if [i.key for i in store] == [i.key for i in infos] else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert len(store) == 8
