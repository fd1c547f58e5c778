"""Export as WebDataset: tar shards with `<sample_id>.flac` and `<sample_id>.json` for each sample.

Decision: a tar's bytes depend on its members alone (GNU tar headers, time 0, owner 0, mode 644). The key is the
sample_id, which holds no dot; shards end at 256 MiB, so that a reader with many workers has many shards to divide.
"""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

from audio_reasoner.core.errors import ConfigError
from audio_reasoner.dataset.exports import common
from audio_reasoner.dataset.rows import Row

SHARD_BYTES = 256 << 20


class _Tars:
    """Tar shards of one split."""

    def __init__(self, folder: Path, split: str, limit: int) -> None:
        self._folder = folder
        self._split = split
        self._limit = limit
        self._tar: tarfile.TarFile | None = None
        self._bytes = 0
        self._number = 0

    def add(self, members: list[tuple[str, bytes]]) -> None:
        size = sum(len(data) for _, data in members)
        if self._tar is not None and self._bytes + size > self._limit:
            self.close()
        if self._tar is None:
            name = f"{self._split}-{self._number:06d}.tar"
            self._tar = tarfile.open(self._folder / name, "w", format=tarfile.GNU_FORMAT)  # noqa: SIM115
            self._number += 1
            self._bytes = 0
        for member, data in members:
            info = tarfile.TarInfo(member)  # time 0, uid 0, gid 0, mode 644 by default
            info.size = len(data)
            self._tar.addfile(info, io.BytesIO(data))
        self._bytes += size

    def close(self) -> None:
        if self._tar is not None:
            self._tar.close()
            self._tar = None


def export_webdataset(
    run_dir: Path,
    dataset_dir: Path,
    out: Path,
    audio: common.AudioOf,
    options: common.ExportOptions,
    progress: common.Progress | None = None,
    shard_bytes: int = SHARD_BYTES,
) -> common.ExportResult:
    """Write `<split>-000000.tar …` and `export.json`. See `exports.export_run`."""
    if options.audio == "reference":
        raise ConfigError(
            "a WebDataset shard carries its sound; it cannot refer to files elsewhere",
            code="config.audio_mode",
            hint="Use --audio embed (16 kHz mono FLAC) or --audio copy (original files).",
        )
    sounds = common.Sounds(run_dir, audio)
    with common.writing(out) as folder:
        selection = common.Selection(dataset_dir, options, folder, progress)

        def make(row: Row, split: str) -> list[tuple[str, bytes]]:
            fields = {"user": common.user_text(row), "assistant": common.assistant_text(row), **common.flat_fields(row)}
            fields["split"] = split
            text = json.dumps(fields, ensure_ascii=False).encode("utf-8")
            data, suffix = sounds.original(row) if options.audio == "copy" else (sounds.flac(row), "flac")
            return [(f"{row.sample_id}.{suffix}", data), (f"{row.sample_id}.json", text)]

        tars: dict[str, _Tars] = {}
        try:
            for split, _, members in selection.items(make):
                if split not in tars:
                    tars[split] = _Tars(folder, split, shard_bytes)
                tars[split].add(members)
        finally:
            for tar in tars.values():
                tar.close()
        common.write_manifest(folder, "webdataset", dataset_dir, options, selection)
    return common.result_of(out, selection)
