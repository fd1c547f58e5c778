"""Evidence that users bring reaches the clips in one shape, in the clip's own time, or is refused with its line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audio_reasoner.core.audio import encode_wav
from audio_reasoner.core.errors import ConfigError, InputError
from audio_reasoner.core.records import Clip, Evidence
from audio_reasoner.dataset import read_clips
from audio_reasoner.evidence import merge, speaks
from audio_reasoner.sources import BadRow, FolderOptions, build_clips, read_folder
from audio_reasoner.sources.brought import item


def put(path: Path, seconds: float = 2.0, seed: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng([seed, len(path.name), *path.name.encode()]).standard_normal(round(seconds * 16_000))
    path.write_bytes(encode_wav((noise * 0.1).astype(np.float32)))


def read(root: Path, **options: Any) -> tuple[dict[tuple[str, int], Clip], list[BadRow]]:
    items = list(read_folder(root, FolderOptions(**options), workers=0))
    return (
        {(c.source_id, c.start_ms): c for c in items if isinstance(c, Clip)},
        [b for b in items if isinstance(b, BadRow)],
    )


def known(clip: Clip) -> dict[str, Any]:
    return {i.name: i.value for i in clip.evidence}


RTTM = """\
;; made by a diariser
SPKR-INFO talk 1 <NA> <NA> <NA> unknown A <NA> <NA>
SPEAKER talk 1 0.20 0.70 <NA> <NA> A <NA> <NA>
SPEAKER talk 1 1.10 0.80 <NA> <NA> Zoë <NA> <NA>
SPEAKER talk 1 1.90 0.00 <NA> <NA> A <NA> <NA>
"""


def test_rttm_and_json_lines_are_found_beside_the_recordings(tmp_path: Path) -> None:
    put(tmp_path / "meeting/talk.wav")
    put(tmp_path / "meeting/beat.wav")
    (tmp_path / "meeting/talk.rttm").write_text(RTTM, "utf-8")
    lines = [
        {"file": "meeting/talk.wav", "asr": " good\nmorning  Zoë ", "by": "whisper", "error": {"asr": 0.2}},
        {"file": "beat", "beats": [0.5, 1.0, 1.5], "tempo_bpm": 120, "tags": {"drum": 0.9}, "mood": "calm"},
    ]
    (tmp_path / "evidence.jsonl").write_text("\n".join(json.dumps(x) for x in lines), "utf-8")
    clips, bad = read(tmp_path)
    assert not bad
    talk, beat = clips["meeting/talk.wav", 0], clips["meeting/beat.wav", 0]
    assert known(talk) == {"asr": "good morning Zoë", "rttm": [[0.2, 0.9, "A"], [1.1, 1.9, "Zoë"]]}
    assert known(beat) == {"beats": [0.5, 1.0, 1.5], "tempo_bpm": 120.0, "tags": [["drum", 0.9]], "mood": "calm"}
    by = {i.name: i for i in talk.evidence}
    assert by["asr"].source == "user:whisper"
    assert not speaks(by["asr"])  # a fifth of it is wrong, its owner says
    assert speaks(by["rttm"])
    measured = Evidence(content_key=talk.content_key, version="x")
    assert [i.name for i in merge(measured, talk).items] == ["asr", "rttm"]


def test_table_columns_carry_evidence_and_spans_get_their_own_part(tmp_path: Path) -> None:
    put(tmp_path / "a.wav", 4.0)
    rows = ["file,start,end,label,asr,beats,diarization", 'a.wav,0,2,x,one two,"0.5 1.0 1.9",']
    turns = json.dumps([[1.0, 3.0, "B"], {"start": 3.2, "end": 3.8, "speaker": "C"}]).replace('"', '""')
    rows.append(f'a.wav,2,4,y,three,,"{turns}"')
    (tmp_path / "labels.csv").write_text("\n".join(rows), "utf-8")
    (tmp_path / "more.jsonl").write_text('{"file": "a.wav", "asr_model": "m", "chords": [[0, "C"], [3, "G"]]}', "utf-8")
    clips, bad = read(tmp_path, table=Path("labels.csv"), evidence=(Path("more.jsonl"),))
    assert not bad
    assert known(clips["a.wav", 0]) == {
        "asr": "one two", "beats": [0.5, 1.0, 1.9], "chords": [[0.0, "C"]], "asr_model": "m",
    }  # fmt: skip
    assert known(clips["a.wav", 2000]) == {
        "asr": "three", "rttm": [[0.0, 1.0, "B"], [1.2, 1.8, "C"]], "chords": [[0.0, "C"], [1.0, "G"]],
        "asr_model": "m",
    }  # fmt: skip


def test_a_transcript_of_the_whole_is_not_given_to_its_parts(tmp_path: Path) -> None:
    put(tmp_path / "dog/long.wav", 4.0)
    (tmp_path / "evidence.jsonl").write_text('{"file": "long", "asr": "all of it", "beats": [0.5, 2.5]}', "utf-8")
    clips, bad = read(tmp_path, max_seconds=2.0, split_long=True)
    assert not bad
    assert [known(c) for c in clips.values()] == [{"beats": [0.5]}, {"beats": [0.5]}]


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("{broken", "evidence.json", "not JSON"),
        ('{"asr": "x"}', "evidence.no_file", "file"),
        ('{"file": "nowhere.wav", "asr": "x"}', "audio.missing", "nowhere.wav"),
        ('{"file": "a.wav"}', "evidence.empty", "says nothing"),
        ('{"file": "a.wav", "silence_share": 0.5}', "evidence.value", "measured by audio-reasoner itself"),
        ('{"file": "a.wav", "Tempo!": 5}', "evidence.value", "no name"),
        ('{"file": "a.wav", "tempo_bpm": 1200}', "evidence.value", "expected 20 to 400"),
        ('{"file": "a.wav", "beats": [1.0, 0.5]}', "evidence.value", "do not rise"),
        ('{"file": "a.wav", "rttm": [[1.0, 0.5, "A"]]}', "evidence.value", "not after its start"),
        ('{"file": "a.wav", "rttm": [[0.0, 0.5, ""]]}', "evidence.value", "turn 1"),
        ('{"file": "a.wav", "tags": [["dog", 7]]}', "evidence.value", "score"),
        ('{"file": "a.wav", "key": "H sharp"}', "evidence.value", "C major"),
        ('{"file": "a.wav", "asr": ["x"]}', "evidence.value", "expected text"),
        ('{"file": "a.wav", "asr": "x", "error": {"asr": 7}}', "evidence.value", "from 0 to 1"),
        ('{"file": "a.wav", "asr": "x", "error": 0.1}', "evidence.error", "{name: share}"),
        ('{"file": "a.wav", "start": 1, "end": 2, "asr": "x"}', "evidence.no_clip", "spans"),
        ('{"file": "a.wav", "beats": [0.5, 9.0]}', "evidence.time", "lasts 2.00 s"),
    ],
)
def test_what_cannot_be_used_is_named_with_its_line(tmp_path: Path, line: str, code: str, said: str) -> None:
    put(tmp_path / "dog/a.wav")
    (tmp_path / "evidence.jsonl").write_text(f'{{"file": "a.wav", "mood": "calm"}}\n{line}\n', "utf-8")
    clips, bad = read(tmp_path)
    assert [b.code for b in bad] == [code]
    assert said in bad[0].reason
    if code != "evidence.time":  # times are known to be wrong only when the recording was read
        assert (bad[0].row, Path(bad[0].table or "").name) == (2, "evidence.jsonl")
        assert known(clips["dog/a.wav", 0]) == {"mood": "calm"}


def test_two_opinions_on_one_thing_are_a_conflict(tmp_path: Path) -> None:
    put(tmp_path / "dog/a.wav")
    (tmp_path / "evidence.jsonl").write_text('{"file":"a","asr":"x"}\n{"file":"a","asr":"y"}\n{"file":"a","asr":"x"}')
    clips, bad = read(tmp_path)
    assert [(b.code, b.row) for b in bad] == [("evidence.conflict", 2)]
    assert known(clips["dog/a.wav", 0]) == {"asr": "x"}


def test_bad_rttm_line_keeps_the_good_ones(tmp_path: Path) -> None:
    put(tmp_path / "x/talk.wav")
    (tmp_path / "talk.rttm").write_text(RTTM + "SPEAKER talk 1 zero 1\nhello\n", "utf-8")
    clips, bad = read(tmp_path)
    assert [(b.code, b.row) for b in bad] == [("evidence.rttm", 6), ("evidence.rttm", 7)]
    assert len(known(clips["x/talk.wav", 0])["rttm"]) == 2


def test_files_and_columns_that_are_not_there_are_named(tmp_path: Path) -> None:
    put(tmp_path / "dog/a.wav")
    with pytest.raises(InputError, match=r"nothing\.jsonl"):
        read(tmp_path, evidence=(Path("nothing.jsonl"),))
    with pytest.raises(InputError, match=r"jsonl or \.rttm"):
        read(tmp_path, evidence=(Path("notes.txt"),))
    with pytest.raises(ConfigError, match="no table"):
        read(tmp_path, evidence_columns={"asr": "x"})
    (tmp_path / "labels.csv").write_text("file,label,whisper_text\ndog/a.wav,dog,hello\n")
    with pytest.raises(ConfigError, match="did you mean 'whisper_text'"):
        read(tmp_path, evidence_columns={"asr": "whisper_txt"})
    clips, bad = read(tmp_path, evidence_columns={"asr": "whisper_text"})
    assert not bad
    assert known(clips["dog/a.wav", 0]) == {"asr": "hello"}
    assert clips["dog/a.wav", 0].evidence[0].source == "user:whisper_text"


def test_it_survives_the_run_directory(tmp_path: Path) -> None:
    put(tmp_path / "in/dog/a.wav")
    (tmp_path / "in/evidence.jsonl").write_text('{"file": "a", "rttm": [[0, 1, "</caption>"]]}', "utf-8")
    build_clips(tmp_path / "in", tmp_path / "run", workers=0)
    (clip,) = read_clips(tmp_path / "run")
    assert known(clip) == {"rttm": [[0.0, 1.0, "</caption>"]]}


def test_a_cell_of_json_and_a_dictionary_of_turns_mean_the_same() -> None:
    text = '[{"start": 0, "end": 1.5, "speaker": 2}]'
    assert item("rttm", text).value == item("rttm", [[0, 1.5, "2"]]).value == [[0.0, 1.5, "2"]]
    assert item("tags", "dog; bell|cat").value == ["dog", "bell", "cat"]
