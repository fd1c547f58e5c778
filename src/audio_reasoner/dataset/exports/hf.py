"""Export for Hugging Face `datasets`: Parquet shards whose footer declares the `Audio` feature, and a data-set card.

Decision: the first three columns are those of the published CoTA data (`audio`, `user`, `assistant`), so that code
written for it reads ours; all flat columns follow, which CoTA lacks. The footer's feature description uses the older
list form, which `datasets` 2 to 5 all read.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from audio_reasoner.dataset import files
from audio_reasoner.dataset.exports import common
from audio_reasoner.dataset.exports.card import Composition, render_card
from audio_reasoner.dataset.rows import COLUMNS, SCHEMA_VERSION, Row, arrow_fields, to_dict

NOTES = {
    "embed": "`audio.bytes` holds 16 kHz mono FLAC.",
    "copy": "`audio.bytes` holds the original file where a clip is a whole file, else 16 kHz mono FLAC.",
    "reference": "`audio.path` names a file on the machine that made this export; `audio.bytes` is empty.",
}
HUB_NAMES = {"val": "validation", "dev": "validation"}


def _features() -> dict[str, Any]:
    def value(kind: str) -> dict[str, Any]:
        return {"dtype": kind, "_type": "Value"}

    kinds: dict[str, dict[str, Any] | list[dict[str, Any]]] = dict.fromkeys(COLUMNS, value("string"))
    kinds |= {
        "duration_s": value("float64"),
        "domains": [value("string")],
        "options": [value("string")],
        "gold_index": value("int32"),
        "difficulty": value("int32"),
        "solver_accuracy": value("float64"),
        "blind_accuracy": value("float64"),
        "audio_dependence": value("float64"),
        "label_noise": value("bool"),
    }
    flat = {name: kinds[name] for name in COLUMNS if name != "audio"}
    return {"audio": {"_type": "Audio"}, "user": value("string"), "assistant": value("string"), **flat}


def _schema() -> Any:
    import pyarrow as pa

    by_name = {field.name: field for field in arrow_fields()}
    text = [pa.field("user", pa.string()), pa.field("assistant", pa.string())]
    # `datasets` takes a declared feature only if the field equals its own, and its fields are all nullable.
    fields = [x.with_nullable(True) for x in (by_name.pop("audio"), *text, *by_name.values())]
    schema = pa.schema(fields)
    ours = files.with_version(schema, "export-hf", SCHEMA_VERSION)
    hub = json.dumps({"info": {"features": _features()}}, sort_keys=False).encode()
    return ours.with_metadata({**ours.metadata, b"huggingface": hub})


def export_hf(
    run_dir: Path,
    dataset_dir: Path,
    out: Path,
    audio: common.AudioOf,
    options: common.ExportOptions,
    progress: common.Progress | None = None,
) -> common.ExportResult:
    """Write `data/<split>-00000.parquet …`, `README.md` and `export.json`. See `exports.export_run`."""
    sounds = common.Sounds(run_dir, audio)
    composition = Composition()
    with common.writing(out) as folder:
        selection = common.Selection(dataset_dir, options, folder, progress)
        by_reference = common.AudioFolder(folder, out.resolve(), sounds, options.audio)

        def make(row: Row, split: str) -> dict[str, Any]:
            fields = to_dict(row)
            fields["split"] = split
            fields["user"] = common.user_text(row)
            fields["assistant"] = common.assistant_text(row)
            fields["audio"] = common.audio_field(row, sounds, by_reference, options.audio)
            return fields

        (folder / "data").mkdir()
        shards: dict[str, files.Shards] = {}
        try:
            for split, row, fields in selection.items(make):
                if split not in shards:
                    shards[split] = files.Shards(folder / "data", _schema(), prefix=f"{split}-")
                shards[split].add(fields)
                composition.add(row, split)
            for writer in shards.values():
                writer.close()
        finally:
            for writer in shards.values():
                writer.abandon()
        names = {ours: HUB_NAMES.get(ours, ours) for ours in sorted(shards)}
        if len(set(names.values())) < len(names):  # "val" and "validation" side by side keep their own names
            names = {ours: ours for ours in names}
        places = {"default": {theirs: f"data/{ours}-*.parquet" for ours, theirs in names.items()}}
        card = render_card(composition, places, NOTES[options.audio], common.omissions(selection))
        (folder / "README.md").write_text(card, encoding="utf-8")
        common.write_manifest(folder, "hf", dataset_dir, options, selection)
    return common.result_of(out, selection)
