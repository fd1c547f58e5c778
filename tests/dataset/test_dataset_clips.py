"""What a user of `clips/` relies on: nothing lost, sources add up, damage has a name."""

from __future__ import annotations

import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from dataset_samples import make_clip

from audio_reasoner.core import ids
from audio_reasoner.core.errors import InputError, IntegrityError
from audio_reasoner.core.records import AudioRef, Clip, Event, EvidenceItem, Label, Timeline
from audio_reasoner.dataset import ClipLookup, count_clips, find_clip, part_name, read_clips, write_clips
from audio_reasoner.dataset.clips import clip_places


def test_clips_come_back_equal_in_order_of_clip_id(tmp_path: Path) -> None:
    clips = [make_clip(i) for i in range(50)]
    random.Random(3).shuffle(clips)
    assert write_clips(tmp_path, clips) == {"complex": 50}
    back = list(read_clips(tmp_path))
    assert back == sorted(clips, key=lambda c: c.clip_id)
    assert count_clips(tmp_path) == 50


def test_every_field_survives(tmp_path: Path) -> None:
    full = Clip(
        clip_id="c1",
        source="Küche & Bad",
        source_id="ordner/日本 語.wav",
        audio=AudioRef(path="/audio/日本 語.zip", member="a/b.wav"),
        content_key="0" * 64,
        duration_s=1 / 3,
        start_ms=250,
        end_ms=583,
        domains=("speech", "sound", "music"),
        labels=(Label(kind="transcript", value='Zeile "eins"\nZeile\tzwei \x00 👩‍👩‍👧', language="de"),),
        licence="CC-BY-4.0",
        language="de",
        group="Sprecherin 7",
        split="test",
        timeline=Timeline(
            sample_rate=48000,
            length=48000,
            events=(Event(start=0, end=10, label="knock", speaker="A", text="hm", gain_db=-1.1),),
        ),
        evidence=(
            EvidenceItem(name="asr", value="zwei Wörter", source="user:asr"),
            EvidenceItem(name="rttm", value=[[0.0, 0.2, "A"]], unit="s", source="user:rttm", error=0.04),
        ),
    )
    bare = Clip(
        clip_id="c2",
        source="Küche & Bad",
        source_id="x",
        audio=AudioRef(recipe={"nested": [{"a": 0.1, "b": None}, [1, 2.5, "é"]]}),
        content_key="1" * 64,
        duration_s=2.0,
        domains=("sound",),
        group="g",
    )
    write_clips(tmp_path, [bare, full])
    assert list(read_clips(tmp_path)) == [full, bare]


def test_sources_add_up_and_a_source_rewrites_only_its_own_part(tmp_path: Path) -> None:
    write_clips(tmp_path, [make_clip(i, "a") for i in range(5)])
    before = (tmp_path / "clips" / part_name("a")).read_bytes()
    write_clips(tmp_path, [make_clip(i, "b") for i in range(3)])
    assert count_clips(tmp_path) == 8
    write_clips(tmp_path, [make_clip(0, "b")])
    assert sorted(c.source for c in read_clips(tmp_path)) == ["a"] * 5 + ["b"]
    assert (tmp_path / "clips" / part_name("a")).read_bytes() == before


def test_sources_that_differ_only_in_unsafe_characters_do_not_overwrite_each_other(tmp_path: Path) -> None:
    write_clips(tmp_path, [make_clip(0, "a/b"), make_clip(1, "a:b"), make_clip(2, "../a b"), make_clip(3, "日本")])
    assert count_clips(tmp_path) == 4
    assert all(p.parent == tmp_path / "clips" for p in tmp_path.rglob("*.parquet"))


def test_equal_clips_give_equal_bytes_in_any_order(tmp_path: Path) -> None:
    clips = [make_clip(i) for i in range(100)]
    write_clips(tmp_path / "1", clips)
    write_clips(tmp_path / "2", iter(reversed(clips)))
    one, two = (next((tmp_path / x / "clips").glob("*")).read_bytes() for x in "12")
    assert one == two


def test_a_clip_given_twice_is_refused_and_the_old_part_stays(tmp_path: Path) -> None:
    write_clips(tmp_path, [make_clip(i) for i in range(4)])
    with pytest.raises(InputError, match="comes twice") as caught:
        write_clips(tmp_path, [make_clip(1), make_clip(2), make_clip(1)])
    assert caught.value.code == "clips.duplicate"
    assert count_clips(tmp_path) == 4
    assert not [p for p in (tmp_path / "clips").iterdir() if p.name.startswith(".")]


def test_a_failing_source_leaves_every_part_as_it_was(tmp_path: Path) -> None:
    write_clips(tmp_path, [make_clip(0, "a"), make_clip(0, "b")])

    def broken():  # type: ignore[no-untyped-def]
        yield make_clip(1, "a")
        yield make_clip(1, "b")
        raise RuntimeError("the source broke")

    with pytest.raises(RuntimeError):
        write_clips(tmp_path, broken())
    assert {c.source_id for c in read_clips(tmp_path)} == {"a-000000", "b-000000"}


def test_the_same_clip_in_two_parts_is_named_with_both_files(tmp_path: Path) -> None:
    write_clips(tmp_path, [make_clip(0)])
    part = tmp_path / "clips" / part_name("complex")
    (part.parent / "part-copy.parquet").write_bytes(part.read_bytes())
    with pytest.raises(IntegrityError, match=r"part-copy\.parquet") as caught:
        list(read_clips(tmp_path))
    assert caught.value.code == "integrity.duplicate_clip"
    assert part.name in str(caught.value)


def test_truncated_foreign_and_newer_parts_each_have_their_reason(tmp_path: Path) -> None:
    write_clips(tmp_path, [make_clip(i) for i in range(20)])
    part = tmp_path / "clips" / part_name("complex")
    whole = part.read_bytes()

    part.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(IntegrityError, match=part.name) as caught:
        list(read_clips(tmp_path))
    assert caught.value.code == "integrity.unreadable"
    assert "audio-reasoner" in caught.value.hint

    part.write_bytes(b"")
    with pytest.raises(IntegrityError, match="0 bytes"):
        list(read_clips(tmp_path))

    pq.write_table(pa.table({"x": [1]}), part)
    with pytest.raises(IntegrityError) as caught:
        list(read_clips(tmp_path))
    assert caught.value.code == "integrity.foreign"

    part.write_bytes(whole)
    table = pq.read_table(part)
    meta = {**table.schema.metadata, b"audio_reasoner.schema_version": b"99"}
    pq.write_table(table.replace_schema_metadata(meta), part)
    with pytest.raises(IntegrityError, match="version 99") as caught:
        list(read_clips(tmp_path))
    assert caught.value.code == "integrity.newer"
    assert "upgrade" in caught.value.hint


def test_places_tell_whole_files_from_spans(tmp_path: Path) -> None:
    whole = make_clip(0, path="/x/a.wav")
    span = whole.model_copy(update={"clip_id": ids.clip_id("s", "y", 0, 900), "source_id": "y", "end_ms": 900})
    write_clips(tmp_path, [whole, span, make_clip(1)])
    places = clip_places(tmp_path)
    found = [places.get(clip.clip_id) for clip in (whole, span, make_clip(1))]
    assert [p and p.whole_file for p in found] == ["/x/a.wav", None, None]
    assert [p and (p.path, p.end_ms, p.content_key) for p in found] == [
        (c.audio.path, c.end_ms, c.content_key) for c in (whole, span, make_clip(1))
    ]
    assert places.get("c") is None


def test_single_clips_are_found_in_any_part(tmp_path: Path) -> None:
    clips = [*(make_clip(i, "a") for i in range(30)), *(make_clip(i, "b") for i in range(30))]
    write_clips(tmp_path, clips)
    look = ClipLookup(tmp_path)
    for clip in reversed(clips):
        assert find_clip(tmp_path, clip.clip_id) == look.get(clip.clip_id) == clip
    for nobody in ("", "a", "zzz"):
        assert find_clip(tmp_path, nobody) is None
        assert look.get(nobody) is None


def test_clips_without_the_evidence_column_still_read() -> None:
    """Files of earlier versions have no such column."""
    old = Path(__file__).parent / "fixtures" / "run-v1"
    assert "evidence" not in pq.read_schema(next((old / "clips").glob("*.parquet"))).names
    assert all(c.evidence == () for c in read_clips(old))


def test_no_clips_yet_is_an_empty_run(tmp_path: Path) -> None:
    assert list(read_clips(tmp_path)) == []
    assert write_clips(tmp_path, []) == {}
