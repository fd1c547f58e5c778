"""Missing and broken recordings are named, counted and, beyond what is allowed, stop everything."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from audio_reasoner.cli.evaluate import app
from audio_reasoner.core.audio import encode_flac, encode_wav
from audio_reasoner.core.errors import InputError
from audio_reasoner.evaluation.audio_files import check_audio
from audio_reasoner.evaluation.base import Benchmark, Item

WHOLE = encode_wav(np.zeros(8000, dtype=np.float32))


def benchmark(root: Path, *names: tuple[str, ...]) -> Benchmark:
    items = [Item(f"i{k}", audio, "?", ("a", "b"), "a", 0, {}, f"c{k}") for k, audio in enumerate(names)]
    return Benchmark("made", "choice", root / "data.json", root, "", "", items, [])


def codes(root: Path, *names: tuple[str, ...]) -> dict[str, str]:
    return {fault.name: fault.code for fault in check_audio(benchmark(root, *names), 1_000)}


def test_every_kind_of_fault_is_told_apart(tmp_path: Path) -> None:
    (tmp_path / "good.wav").write_bytes(WHOLE)
    (tmp_path / "good.flac").write_bytes(encode_flac(np.zeros(8000, dtype=np.float32)))
    (tmp_path / "zero.wav").touch()
    (tmp_path / "page.wav").write_text("<html><body>404</body></html>")
    (tmp_path / "cut.wav").write_bytes(WHOLE[: len(WHOLE) // 2])
    (tmp_path / "headless.wav").write_bytes(WHOLE[:30])
    (tmp_path / "folder.wav").mkdir()
    (tmp_path / "link.wav").symlink_to(tmp_path / "gone.wav")
    names = ["good.wav", "good.flac", "zero.wav", "page.wav", "cut.wav", "headless.wav", "folder.wav", "link.wav"]
    names += ["none.wav", "x" * 5000 + ".wav", "nul\0.wav"]
    found = codes(tmp_path, *((name,) for name in names), (), (" ",))
    assert "good.wav" not in found
    assert "good.flac" not in found
    assert found["zero.wav"] == "audio.zero_bytes"
    assert found["page.wav"] == "audio.not_audio"
    assert found["cut.wav"] == "audio.truncated"
    assert found["folder.wav"] == "audio.is_directory"
    assert found["link.wav"] == found["none.wav"] == "audio.missing"
    assert found[""] == "benchmark.no_audio"
    assert len(found) == 10
    assert all(code.startswith(("audio.", "benchmark.")) for code in found.values())


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "secret.wav").write_bytes(WHOLE)
    (tmp_path / "secret.wav").chmod(0)
    assert codes(tmp_path, ("secret.wav",)) == {"secret.wav": "audio.unreadable"}


def test_a_recording_counts_once_and_names_all_its_questions(tmp_path: Path) -> None:
    data = benchmark(tmp_path, ("gone.wav",), ("gone.wav", "also.wav"), ("gone.wav",), ("gone.wav",), ("gone.wav",))
    faults = check_audio(data, 2)
    assert [(fault.name, len(fault.items)) for fault in faults] == [("gone.wav", 5), ("also.wav", 1)]
    assert "i0, i1, i2 and 2 more" in str(faults[0])
    assert check_audio(data, 1, items=data.items[:1])[0].items == ("i0",)
    with pytest.raises(InputError) as caught:
        check_audio(data, 1)
    assert caught.value.code == "benchmark.audio"
    assert "2 of 2 recordings" in caught.value.message
    assert "2 audio.missing" in caught.value.message
    assert "5 questions" in caught.value.message
    assert "--allow-missing 2" in caught.value.hint


def test_a_hundred_missing_files_are_counted_by_folder_not_listed(tmp_path: Path) -> None:
    names = [(f"f{k % 9}/{k}.wav",) for k in range(100)]
    with pytest.raises(InputError) as caught:
        check_audio(benchmark(tmp_path, *names))
    assert "12 in f0" in caught.value.message
    assert "4 more folders" in caught.value.message
    assert "95 more" in caught.value.message
    assert len(caught.value.message) < 2_000


def test_progress_is_told(tmp_path: Path) -> None:
    seen: list[Any] = []
    check_audio(benchmark(tmp_path, ("a.wav",), ("b.wav",)), 9, on_file=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 2), (2, 2)]


def test_scoring_can_look_too(tmp_path: Path) -> None:
    rows = [
        {"id": str(k), "audio_id": f"{k}.wav", "question": "?", "choices": ["dog", "bell"], "answer": "dog"}
        for k in range(3)
    ]
    (tmp_path / "mmau-test-mini.json").write_text(json.dumps(rows))
    (tmp_path / "0.wav").write_bytes(WHOLE)
    (tmp_path / "1.wav").touch()
    (tmp_path / "p.json").write_text(json.dumps({str(k): "dog" for k in range(3)}))
    words = f"score mmau-mini {tmp_path / 'p.json'} --data {tmp_path} --json {tmp_path / 's.json'}".split()
    refused = CliRunner().invoke(app, [*words, "--check-audio", "--allow-missing", "1"])
    assert isinstance(refused.exception, InputError)
    assert not (tmp_path / "s.json").exists()
    assert CliRunner().invoke(app, [*words, "--check-audio", "--allow-missing", "2"]).exit_code == 0
    problems = json.loads((tmp_path / "s.json").read_text())["problems"]
    assert ["1.wav" in problems[0], "2.wav" in problems[1]] == [True, True]
    assert CliRunner().invoke(app, words).exit_code == 0
