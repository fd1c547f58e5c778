"""Export in the layout of the published CoTA data: one configuration per source, columns `audio`, `user`, `assistant`.

Decision: exactly these three columns, so that code and mixtures written for CoTA take our rows beside its own. What
that layout has no place for is not lost: `ids/` names the sample of every row, and dialogues (CoTA has none) are left
out and counted. Who wants the other columns exports to `hf`.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import re
from pathlib import Path
from typing import IO, Any

from audio_reasoner.dataset import files
from audio_reasoner.dataset.exports import common
from audio_reasoner.dataset.exports.card import Composition, render_card
from audio_reasoner.dataset.exports.hf import HUB_NAMES, NOTES
from audio_reasoner.dataset.rows import SCHEMA_VERSION, Row, arrow_fields

SINGLE = "turns=1"
_IDS = "`ids/<configuration>.<split>.txt` names the sample of each row, line for line."


def _schema() -> Any:
    import pyarrow as pa

    audio = next(f for f in arrow_fields() if f.name == "audio").with_nullable(True)
    ours = files.with_version(
        pa.schema([audio, pa.field("user", pa.string()), pa.field("assistant", pa.string())]),
        "export-cota",
        SCHEMA_VERSION,
    )
    text = {"dtype": "string", "_type": "Value"}
    features = {"audio": {"_type": "Audio"}, "user": text, "assistant": text}
    hub = json.dumps({"info": {"features": features}}).encode()
    return ours.with_metadata({**ours.metadata, b"huggingface": hub})


class _Configs:
    """Source → name of its configuration: letters, digits, _ and -, distinct for any two sources."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}

    def of(self, source: str) -> str:
        if source not in self.names:
            name = re.sub(r"[^A-Za-z0-9_-]+", "_", source).strip("_")[:60] or "source"
            if name != source:  # two sources that differ in other signs only must not meet
                name += "_" + hashlib.sha256(source.encode()).hexdigest()[:6]
            self.names[source] = name
        return self.names[source]


def export_cota(
    run_dir: Path,
    dataset_dir: Path,
    out: Path,
    audio: common.AudioOf,
    options: common.ExportOptions,
    progress: common.Progress | None = None,
) -> common.ExportResult:
    """Write `data/<config>/<split>-00000.parquet …`, `ids/`, `README.md`, `export.json`. See `exports.export_run`."""
    if SINGLE not in options.where:
        options = dataclasses.replace(options, where=(*options.where, SINGLE))
    sounds = common.Sounds(run_dir, audio)
    composition = Composition()
    configs = _Configs()
    with common.writing(out) as folder, contextlib.ExitStack() as stack:
        selection = common.Selection(dataset_dir, options, folder, progress)
        by_reference = common.AudioFolder(folder, out.resolve(), sounds, options.audio)

        def make(row: Row, _split: str) -> dict[str, Any]:
            fields: dict[str, Any] = {"user": common.user_text(row), "assistant": common.assistant_text(row)}
            fields["audio"] = common.audio_field(row, sounds, by_reference, options.audio)
            return fields

        (folder / "ids").mkdir()
        open_files: dict[tuple[str, str], tuple[files.Shards, IO[str]]] = {}
        try:
            for split, row, fields in selection.items(make):
                key = (configs.of(row.source), split)
                if key not in open_files:
                    (folder / "data" / key[0]).mkdir(parents=True, exist_ok=True)
                    names = (folder / "ids" / f"{key[0]}.{split}.txt").open("w", encoding="utf-8")
                    open_files[key] = (
                        files.Shards(folder / "data" / key[0], _schema(), prefix=f"{split}-"),
                        stack.enter_context(names),
                    )
                shards, ids_file = open_files[key]
                shards.add(fields)
                ids_file.write(row.sample_id + "\n")
                composition.add(row, split)
            for shards, ids_file in open_files.values():
                shards.close()
                ids_file.close()
        finally:
            for shards, _ in open_files.values():
                shards.abandon()
        places: dict[str, dict[str, str]] = {}
        for config, split in sorted(open_files):
            places.setdefault(config, {})[HUB_NAMES.get(split, split)] = f"data/{config}/{split}-*.parquet"
        note = f"{NOTES[options.audio]} {_IDS}"
        card = render_card(composition, places, note, common.omissions(selection), all_columns=False)
        (folder / "README.md").write_text(card, encoding="utf-8")
        common.write_manifest(folder, "cota", dataset_dir, options, selection)
    return common.result_of(out, selection)
