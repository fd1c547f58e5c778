"""Export for ms-swift: `train.jsonl` (and one file per further split) with absolute audio paths.

Decision: rows have exactly the documented keys, `messages` and `audios`, because ms-swift treats any other key as its
own. Which sample a line came from is in `ids/<split>.txt`, line for line. Of a dialogue only the last answer is
learned: ms-swift reads a boolean `loss` from assistant messages. As soon as one row is a dialogue, every assistant
message of the export carries it, because readers of JSON lines take the keys of the first block of rows for all.
"""

from __future__ import annotations

import contextlib
import json
import shlex
from pathlib import Path
from typing import IO, Any

from audio_reasoner.core.errors import ConfigError
from audio_reasoner.dataset.exports import common
from audio_reasoner.dataset.rows import Row


def _readme(out: Path, selection: common.Selection, options: common.ExportOptions) -> str:
    def name(split: str) -> str:
        return shlex.quote(str(out / f"{split}.jsonl"))

    train = "train" if "train" in selection.counts else min(selection.counts)
    val = next((s for s in ("val", "validation", "dev") if s in selection.counts), None)
    flags = [f"--dataset {name(train)}"] + ([f"--val_dataset {name(val)}"] if val else [])
    command = " \\\n    ".join(
        [
            "swift sft",
            "--model Qwen/Qwen2-Audio-7B-Instruct",
            *flags,
            "--torch_dtype bfloat16",
            "--max_length 4096",
            "--num_train_epochs 1",
            "--per_device_train_batch_size 1",
            "--gradient_accumulation_steps 16",
            "--learning_rate 1e-5",
            "--output_dir output",
        ]
    )
    counts = "\n".join(f"| {s}.jsonl | {n:,} |" for s, n in sorted(selection.counts.items()))
    note = common.omissions(selection)
    dialogues = (
        "Some rows are dialogues: `<audio>` stands in the first question only, earlier answers come without their\n"
        "THINK part, and `loss` says that only the last answer is learned.\n"
        if selection.dialogues
        else ""
    )
    where = {
        "reference": "Whole files are named where they lie; spans and synthetic clips are in `audio/` (16 kHz mono).",
        "copy": "`audio/` holds a copy of every whole file, and spans and synthetic clips as 16 kHz mono FLAC.",
        "embed": "`audio/` holds every clip as 16 kHz mono FLAC.",
    }[options.audio]
    return f"""# Structured audio reasoning samples for ms-swift

| file | rows |
|---|---:|
{counts}

{note}
Each line: `messages` (user: `<audio>` and the question; assistant: the tagged chain) and `audios` (one absolute path).
{dialogues}{where}
Paths are absolute: after moving this directory, export again.
`ids/<split>.txt` names the sample of each line.

Train (LoRA is ms-swift's default; its options change between versions, `swift sft --help` lists yours):

```sh
{command}
```
"""


def export_ms_swift(
    run_dir: Path,
    dataset_dir: Path,
    out: Path,
    audio: common.AudioOf,
    options: common.ExportOptions,
    progress: common.Progress | None = None,
) -> common.ExportResult:
    """Write `<split>.jsonl`, `ids/<split>.txt`, `audio/`, `README.md` and `export.json`. See `exports.export_run`."""
    out = out.resolve()
    system = (options.system_prompt or "").strip()
    if common.AUDIO_TAG in system.lower():
        raise ConfigError(
            f"the system prompt holds the literal {common.AUDIO_TAG}, which ms-swift would replace by sound",
            code="config.system_prompt",
            hint="Reword the prompt.",
        )
    sounds = common.Sounds(run_dir, audio)
    with common.writing(out) as folder, contextlib.ExitStack() as stack:
        selection = common.Selection(dataset_dir, options, folder, progress)
        sound_files = common.AudioFolder(folder, out, sounds, options.audio)

        def make(row: Row, _split: str) -> dict[str, Any]:
            messages: list[dict[str, Any]] = [{"role": "system", "content": system}] if system else []
            turns = common.turns_of(row)
            for number, (question, answer) in enumerate(turns, 1):
                loss = {"loss": number == len(turns)} if selection.dialogues else {}
                messages.append({"role": "user", "content": question})
                messages.append({"role": "assistant", "content": answer, **loss})
            return {"messages": messages, "audios": [sound_files.path_of(row)]}

        (folder / "ids").mkdir()
        lines: dict[str, tuple[IO[str], IO[str]]] = {}

        def files_of(split: str) -> tuple[IO[str], IO[str]]:
            if split not in lines:
                lines[split] = (
                    stack.enter_context((folder / f"{split}.jsonl").open("w", encoding="utf-8")),
                    stack.enter_context((folder / "ids" / f"{split}.txt").open("w", encoding="utf-8")),
                )
            return lines[split]

        for split, row, fields in selection.items(make):
            data, names = files_of(split)
            data.write(json.dumps(fields, ensure_ascii=False) + "\n")
            names.write(row.sample_id + "\n")
        for data, names in lines.values():
            data.close()
            names.close()
        (folder / "README.md").write_text(_readme(out, selection, options), encoding="utf-8")
        common.write_manifest(folder, "ms-swift", dataset_dir, options, selection)
    return common.result_of(out, selection)
