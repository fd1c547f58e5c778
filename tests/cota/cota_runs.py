"""Runs for the data engine's tests: made here, never stored."""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path

import numpy as np

from audio_reasoner.core import ids
from audio_reasoner.core.audio import encode_wav
from audio_reasoner.core.records import AudioRef, Clip, Label
from audio_reasoner.core.run import RunDir
from audio_reasoner.dataset import write_clips
from audio_reasoner.synth import plan_complex


def synthetic_run(path: Path, n: int = 6, seed: int = 7) -> RunDir:
    """A run of `n` synthetic scenes."""
    run = RunDir.create(path, source={"name": "complex"})
    write_clips(run.path, plan_complex(n, seed))
    return run


def recordings_run(path: Path, folder: Path, labels: tuple[str | None, ...] = ("dog", "bell", "rain")) -> RunDir:
    """A run of one short file per label; None leaves a file without any label."""
    folder.mkdir(parents=True, exist_ok=True)
    clips = []
    for k, label in enumerate(labels):
        file = folder / f"{k}.wav"
        tone = 0.3 * np.sin(2 * np.pi * (300 + 100 * k) * np.arange(32000) / 16000).astype(np.float32)
        file.write_bytes(encode_wav(tone, 16000))
        clips.append(
            Clip(
                clip_id=ids.clip_id("mine", file.name, 0, None),
                source="mine",
                source_id=file.name,
                audio=AudioRef(path=str(file.resolve())),
                content_key=ids.content_key_of_span(ids.file_sha256(file)),
                duration_s=2.0,
                domains=("sound",),
                labels=() if label is None else (Label(kind="tag", value=label),),
                group=file.name,
            )
        )
    run = RunDir.create(path, source={"name": "mine"})
    write_clips(run.path, clips)
    return run


def tree_digest(folder: Path) -> dict[str, str]:
    """sha256 of every file below `folder`."""
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


def ledger_rows(run: RunDir, table: str) -> list[tuple[object, ...]]:
    """All rows of a ledger table, sorted."""
    db = sqlite3.connect(f"file:{run.ledger_path}?mode=ro", uri=True)
    try:
        return sorted(db.execute(f"SELECT * FROM {table}").fetchall(), key=repr)
    finally:
        db.close()
