"""The data set: equal rows are equal bytes, half a data set is none, and every damage has a name."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from dataset_samples import make_clip, make_rows, make_sample
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audio_reasoner.core import ids
from audio_reasoner.core.errors import EnvironmentProblem, InputError, IntegrityError
from audio_reasoner.core.records import SolverResult, Turn
from audio_reasoner.dataset import (
    Row,
    count_rows,
    files,
    find_row,
    read_clips,
    read_rows,
    row_of,
    verify_dataset,
    write_clips,
    write_dataset,
)
from audio_reasoner.dataset.exports import export_run
from audio_reasoner.dataset.rows import COLUMNS, from_dict, to_dict
from audio_reasoner.dataset.store import read_columns

DESIGN_COLUMNS = [
    "sample_id",
    "clip_id",
    "group",
    "split",
    "audio",
    "content_key",
    "duration_s",
    "domains",
    "task",
    "family",
    "source",
    "source_id",
    "licence",
    "language",
    "history",
    "question",
    "options",
    "gold_text",
    "gold_index",
    "difficulty",
    "planning",
    "caption",
    "reasoning",
    "summary",
    "response",
    "teacher",
    "model",
    "prompt_sha",
    "verdicts",
    "checks_version",
    "solver_accuracy",
    "blind_accuracy",
    "audio_dependence",
    "label_noise",
]


def hashes(folder: Path) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.iterdir())}


def test_rows_come_back_equal_and_sorted(tmp_path: Path, rows: list[Row]) -> None:
    assert write_dataset(tmp_path / "d", rows) == len(rows)
    assert list(read_rows(tmp_path / "d")) == sorted(rows, key=lambda r: r.sample_id)
    assert count_rows(tmp_path / "d") == verify_dataset(tmp_path / "d") == len(rows)


def test_the_columns_are_the_documented_ones(tmp_path: Path, rows: list[Row]) -> None:
    write_dataset(tmp_path / "d", rows)
    schema = pq.read_schema(tmp_path / "d" / "part-00000.parquet")
    assert schema.names == DESIGN_COLUMNS == list(COLUMNS)
    assert schema.field("audio").type == pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    assert schema.field("options").type == pa.list_(pa.string())
    assert schema.metadata[b"audio_reasoner.schema_version"] == b"2"


def test_a_row_says_what_the_sample_said() -> None:
    sample = make_sample(4)
    row = row_of(sample)
    assert row.chain() == sample.chain
    assert (row.question, row.options, row.gold_text) == (
        sample.question.text,
        sample.question.options,
        sample.question.gold_text,
    )
    assert row.audio_path == f"recipe:{sample.clip.clip_id}"
    assert row.synthetic
    assert row.verdicts == sample.verdicts


def test_two_writes_and_a_shuffle_give_the_same_bytes(tmp_path: Path) -> None:
    rows = make_rows(300)
    write_dataset(tmp_path / "a", rows)
    write_dataset(tmp_path / "b", rows)
    shuffled = rows[:]
    random.Random(1).shuffle(shuffled)
    write_dataset(tmp_path / "c", (r for r in shuffled))
    write_dataset(tmp_path / "e", sorted(rows, key=lambda r: r.sample_id), is_sorted=True)
    assert hashes(tmp_path / "a") == hashes(tmp_path / "b") == hashes(tmp_path / "c") == hashes(tmp_path / "e")


def test_sorting_on_disk_gives_the_same_bytes_as_in_memory(tmp_path: Path) -> None:
    rows = make_rows(100)
    key = lambda r: r.sample_id  # noqa: E731
    assert list(files.sort_in_runs(rows, key, tmp_path, run=7)) == sorted(rows, key=key)
    assert list(tmp_path.iterdir()) == []


def test_shards_end_at_a_fixed_row_count_and_read_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = make_rows(25)
    monkeypatch.setattr(files.Shards.__init__, "__kwdefaults__", {
        "prefix": "part-", "shard_rows": 10, "shard_bytes": files.SHARD_BYTES
    })  # fmt: skip
    write_dataset(tmp_path / "d", rows)
    assert [p.name for p in sorted((tmp_path / "d").glob("part-*"))] == [f"part-0000{i}.parquet" for i in range(3)]
    assert list(read_rows(tmp_path / "d")) == sorted(rows, key=lambda r: r.sample_id)
    for row in rows:
        assert find_row(tmp_path / "d", row.sample_id) == row
        assert find_row(tmp_path / "d", row.sample_id[:6]) == row
    with pytest.raises(InputError) as caught:
        find_row(tmp_path / "d", "s")
    assert caught.value.code == "dataset.ambiguous_sample"
    for nowhere in ("a", "zzz", "smmmmm"):
        with pytest.raises(InputError) as caught:
            find_row(tmp_path / "d", nowhere)
        assert caught.value.code == "dataset.no_such_sample"
        assert "audio-reasoner show" in caught.value.hint  # nothing is near
    (tmp_path / "d" / "part-00001.parquet").unlink()
    with pytest.raises(IntegrityError, match=r"part-00001\.parquet is missing"):
        next(iter(read_rows(tmp_path / "d")))


def test_a_sample_given_twice_is_refused_and_the_old_data_set_stays(tmp_path: Path, rows: list[Row]) -> None:
    write_dataset(tmp_path / "d", rows)
    before = hashes(tmp_path / "d")
    with pytest.raises(InputError) as caught:
        write_dataset(tmp_path / "d", [*rows, rows[3]])
    assert caught.value.code == "dataset.duplicate"
    assert rows[3].sample_id in caught.value.message
    assert hashes(tmp_path / "d") == before
    assert [p.name for p in tmp_path.iterdir()] == ["d"]


def test_rows_said_to_be_sorted_are_checked(tmp_path: Path, rows: list[Row]) -> None:
    backwards = sorted(rows, key=lambda r: r.sample_id, reverse=True)
    with pytest.raises(InputError) as caught:
        write_dataset(tmp_path / "d", backwards, is_sorted=True)
    assert caught.value.code == "dataset.not_sorted"
    assert not (tmp_path / "d").exists()


def test_a_directory_with_other_things_is_never_replaced(tmp_path: Path, rows: list[Row]) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(InputError, match=r"thesis\.tex") as caught:
        write_dataset(tmp_path, rows)
    assert caught.value.code == "output.in_the_way"
    assert (tmp_path / "thesis.tex").read_text() == "years of work"


def test_a_reader_finishes_the_data_set_it_began(tmp_path: Path) -> None:
    """A build may replace the data set while a report or an export reads it."""
    old, new = make_rows(3000), make_rows(3010)[3000:]
    write_dataset(tmp_path / "d", old)
    reading = read_rows(tmp_path / "d")
    first = next(reading)
    write_dataset(tmp_path / "d", new)
    assert [first, *reading] == sorted(old, key=lambda r: r.sample_id)
    assert list(read_rows(tmp_path / "d")) == sorted(new, key=lambda r: r.sample_id)


def test_no_rows_are_a_data_set_too(tmp_path: Path) -> None:
    assert write_dataset(tmp_path / "d", []) == 0
    assert list(read_rows(tmp_path / "d")) == []
    with pytest.raises(InputError, match="no sample") as caught:
        find_row(tmp_path / "d", "s")
    assert "empty" in caught.value.hint


def test_no_data_set_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(IntegrityError) as caught:
        next(read_rows(tmp_path / "d"))
    assert caught.value.code == "dataset.missing"
    assert "audio-reasoner build" in caught.value.hint


@pytest.mark.parametrize("keep", [0, 3, 0.3, 0.7, -1])
def test_a_truncated_part_is_named(tmp_path: Path, keep: float) -> None:
    write_dataset(tmp_path / "d", make_rows(200))
    part = tmp_path / "d" / "part-00000.parquet"
    data = part.read_bytes()
    part.write_bytes(data[: int(keep * len(data)) if isinstance(keep, float) else keep])
    with pytest.raises(IntegrityError, match=r"part-00000\.parquet") as caught:
        list(read_rows(tmp_path / "d"))
    assert caught.value.code == "integrity.unreadable"
    assert "build" in caught.value.hint


def test_flipped_bytes_never_pass_unnoticed(tmp_path: Path) -> None:
    """Reading gives the rows as they were written or an IntegrityError; `verify_dataset` tells every change."""
    write_dataset(tmp_path / "d", make_rows(200))
    whole = list(read_rows(tmp_path / "d"))
    part = tmp_path / "d" / "part-00000.parquet"
    data = part.read_bytes()
    rng = random.Random(5)
    for _ in range(60):
        at = rng.randrange(4, len(data))
        part.write_bytes(data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :])
        try:
            assert list(read_rows(tmp_path / "d")) == whole  # a byte of the footer that carries no meaning
        except IntegrityError as error:
            assert "part-00000" in str(error)  # noqa: PT017
        with pytest.raises(IntegrityError):
            verify_dataset(tmp_path / "d")


def test_foreign_newer_and_thinner_files_each_have_their_reason(tmp_path: Path, rows: list[Row]) -> None:
    write_dataset(tmp_path / "d", rows)
    part = tmp_path / "d" / "part-00000.parquet"
    table = pq.read_table(part)

    def code() -> str:
        with pytest.raises(IntegrityError, match=r"part-00000\.parquet") as caught:
            list(read_rows(tmp_path / "d"))
        return caught.value.code

    pq.write_table(table.replace_schema_metadata(None), part)
    assert code() == "integrity.foreign"
    pq.write_table(table.drop_columns(["gold_text"]), part)
    assert code() == "integrity.columns"
    pq.write_table(table.slice(1), part)
    assert code() == "integrity.changed"
    kind = {**table.schema.metadata, b"audio_reasoner.kind": b"clips"}
    pq.write_table(table.replace_schema_metadata(kind), part)
    assert code() == "integrity.kind"
    newer = {**table.schema.metadata, b"audio_reasoner.schema_version": b"3"}
    pq.write_table(table.replace_schema_metadata(newer), part)
    assert code() == "integrity.newer"
    bad = table.set_column(table.schema.get_field_index("difficulty"), "difficulty", pa.array([9] * len(rows)))
    pq.write_table(bad.cast(table.schema), part)
    assert code() == "integrity.row"


def test_a_newer_manifest_is_refused_before_any_part_is_opened(tmp_path: Path, rows: list[Row]) -> None:
    write_dataset(tmp_path / "d", rows)
    manifest = tmp_path / "d" / "_manifest.json"
    manifest.write_text(manifest.read_text().replace('"schema_version": 2', '"schema_version": 7'))
    with pytest.raises(IntegrityError, match="version 7") as caught:
        next(read_rows(tmp_path / "d"))
    assert caught.value.code == "integrity.newer"
    manifest.write_text("{")
    with pytest.raises(IntegrityError, match="damaged"):
        next(read_rows(tmp_path / "d"))
    manifest.unlink()
    with pytest.raises(IntegrityError, match="not a whole data set"):
        next(read_rows(tmp_path / "d"))


def test_the_version_1_fixture_still_reads() -> None:
    """Written by the first release; later readers must take it."""
    rows = list(read_rows(Path(__file__).parent / "fixtures" / "dataset-v1"))
    assert [r.sample_id for r in rows] == sorted(r.sample_id for r in make_rows(5))
    assert {r.question for r in rows} == {f"Which sound comes first in clip {i}?" for i in range(5)}
    assert all(r.verdicts[0].findings[0].code == "ok.é" for r in rows)
    assert rows == sorted(make_rows(5), key=lambda r: r.sample_id)
    clips = list(read_clips(Path(__file__).parent / "fixtures" / "run-v1"))
    assert clips == sorted((make_clip(i) for i in range(5)), key=lambda c: c.clip_id)


def test_columns_that_version_1_lacks_have_their_defaults() -> None:
    folder = Path(__file__).parent / "fixtures" / "dataset-v1"
    assert verify_dataset(folder) == count_rows(folder) == 5
    fields = list(read_columns(folder, ["sample_id", "history", "label_noise", "blind_accuracy"]))
    assert [(f["history"], f["label_noise"], f["blind_accuracy"]) for f in fields] == [("[]", None, None)] * 5
    first = next(read_rows(folder))
    assert (first.history, first.solver_accuracy) == ((), None)
    assert find_row(folder, first.sample_id) == first


def test_a_dialogue_and_what_the_solver_found_come_back(tmp_path: Path) -> None:
    single = make_sample(3)
    turns = (
        Turn(question="Is it a bell?", options=("yes", "no"), response="(b) no"),
        Turn(question="Ö?", response="Ä"),
    )
    solve = SolverResult(
        accuracy=0.75,
        blind_text=0.25,
        blind_silence=0.5,
        audio_dependence=0.25,
        label_noise=False,
        difficulty=3,
        trials=4,
    )
    name = ids.sample_id(
        single.clip.clip_id, single.question.text, single.question.options, "p1", tuple(t.question for t in turns)
    )
    dialogue = single.model_copy(update={"sample_id": name, "history": turns, "solve": solve})
    assert name != single.sample_id
    write_dataset(tmp_path / "d", [row_of(single), row_of(dialogue)])
    back = {r.sample_id: r for r in read_rows(tmp_path / "d")}
    assert back == {r.sample_id: r for r in (row_of(single), row_of(dialogue))}
    row = back[name]
    assert row.history == turns
    assert (row.solver_accuracy, row.blind_accuracy, row.audio_dependence, row.label_noise) == (0.75, 0.5, 0.25, False)
    assert (row.difficulty, back[single.sample_id].difficulty) == (3, single.question.difficulty)


def test_an_earlier_response_cannot_hold_a_tag() -> None:
    with pytest.raises(ValueError, match="tag"):
        Turn(question="a", response="</response><THINK>")


def test_find_row_by_prefix(tmp_path: Path) -> None:
    rows = make_rows(60)
    write_dataset(tmp_path / "d", rows)
    target = rows[10]
    assert find_row(tmp_path / "d", target.sample_id) == target
    shortest = next(
        target.sample_id[:k]
        for k in range(1, 22)
        if sum(r.sample_id.startswith(target.sample_id[:k]) for r in rows) == 1
    )
    assert find_row(tmp_path / "d", shortest) == target
    assert find_row(tmp_path / "d", f" {target.sample_id}\n") == target
    with pytest.raises(InputError) as caught:
        find_row(tmp_path / "d", "s")
    assert caught.value.code == "dataset.ambiguous_sample"
    typo = target.sample_id[:-2] + "00"
    with pytest.raises(InputError) as caught:
        find_row(tmp_path / "d", typo)
    assert caught.value.code == "dataset.no_such_sample"
    assert target.sample_id in caught.value.hint
    beginning = target.sample_id[:6] + ("a" if target.sample_id[6] != "a" else "b")
    with pytest.raises(InputError) as caught:
        find_row(tmp_path / "d", beginning)
    assert target.sample_id in caught.value.hint
    with pytest.raises(InputError) as caught:
        find_row(tmp_path / "d", "bogus")
    assert "Near it" not in caught.value.hint
    with pytest.raises(InputError):
        find_row(tmp_path / "d", "")


@pytest.mark.parametrize(
    "options", [(), ("yes", "no"), tuple(f"choice {chr(97 + i)} ✓" for i in range(26))], ids=["open", "2", "26"]
)
def test_any_number_of_options_and_a_huge_text(tmp_path: Path, options: tuple[str, ...]) -> None:
    row = row_of(make_sample(1, options=options, text="Длинный вопрос 🎧 " * 20_000))
    write_dataset(tmp_path / "d", [row])
    assert list(read_rows(tmp_path / "d")) == [row]


text = st.text(min_size=1, max_size=40)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(question=text, group=text, licence=st.none() | text, data=st.none() | st.binary(max_size=20))
def test_any_text_survives_the_flat_form(question: str, group: str, licence: str | None, data: bytes | None) -> None:
    row = row_of(make_sample(0)).model_copy(
        update={"question": question, "group": group, "licence": licence, "audio_bytes": data}
    )
    assert from_dict(to_dict(row)) == row


def _run(code: str, *args: str) -> subprocess.CompletedProcess[str]:
    prelude = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
    return subprocess.run(
        [sys.executable, "-c", prelude + textwrap.dedent(code), *args], capture_output=True, text=True, check=False
    )


def test_kill_during_a_write_leaves_the_old_data_set_and_the_next_write_cleans_up(tmp_path: Path) -> None:
    write_dataset(tmp_path / "d", make_rows(10))
    before = hashes(tmp_path / "d")
    done = _run(
        """
        import os, signal, sys
        from dataset_samples import make_clip, make_rows
        from audio_reasoner.dataset import files, write_dataset
        def sync(root, real=files.sync_tree):
            real(root)
            os.kill(os.getpid(), signal.SIGKILL)  # all written, not yet renamed
        files.sync_tree = sync
        write_dataset(sys.argv[1], make_rows(20))
        """,
        str(tmp_path / "d"),
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert hashes(tmp_path / "d") == before
    assert len(list(tmp_path.iterdir())) == 2  # the killed process left its temporary directory
    write_dataset(tmp_path / "d", make_rows(20))
    assert [p.name for p in tmp_path.iterdir()] == ["d"]
    assert count_rows(tmp_path / "d") == 20


def test_a_swap_that_broke_off_is_mended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without renameat2 the old directory is moved aside first; a crash right then must not lose it."""
    monkeypatch.setattr(files, "_exchange", lambda a, b: False)
    write_dataset(tmp_path / "d", make_rows(3))
    write_dataset(tmp_path / "d", make_rows(4))
    assert count_rows(tmp_path / "d") == 4
    (tmp_path / "d").rename(tmp_path / ".d.old")
    with pytest.raises(RuntimeError), files.atomic_directory(tmp_path / "d"):
        raise RuntimeError("the next write fails too")
    assert count_rows(tmp_path / "d") == 4


@pytest.mark.system
@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small tmpfs needs root")
def test_a_full_disk_is_a_clear_error_and_the_old_data_set_stays(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(disk)], check=False)
    if mounted.returncode:
        pytest.skip("this container may not mount")
    try:
        write_dataset(disk / "d", make_rows(20))
        before = hashes(disk / "d")
        rng = random.Random(0)
        noise = [
            r.model_copy(update={"caption": f"{rng.getrandbits(8 * 2000):x}"}) for r in make_rows(400)
        ]  # cannot be compressed below 800 kB
        with pytest.raises(EnvironmentProblem) as caught:
            write_dataset(disk / "d", noise)
        assert caught.value.code == "environment.disk_full"
        assert hashes(disk / "d") == before
        assert [p.name for p in disk.iterdir()] == ["d"]
        write_clips(disk, [make_clip(i) for i in range(20)])
        write_dataset(disk / "dataset", make_rows(20))
        with pytest.raises(EnvironmentProblem) as caught:
            export_run(disk, "webdataset", lambda row: np.random.default_rng(1).uniform(-1, 1, 160_000), out=disk / "x")
        assert caught.value.code == "environment.disk_full"
        assert not (disk / "x").exists()
        write_dataset(disk / "d", make_rows(30))
        assert count_rows(disk / "d") == 30
    finally:
        subprocess.run(["umount", str(disk)], check=True)
