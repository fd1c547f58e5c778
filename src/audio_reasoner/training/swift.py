"""Everything that ms-swift needs to train what a recipe says: data, commands, environment.

Decision: for the 8.4-billion-weight model ms-swift is the main road, and it must do what our own loop would do. So the
samples go through the same code (the same clips held out, the same ids counted, the same samples left out): ms-swift
does not count audio tokens in `max_length`, so what is too long is left out here and reported. The chat template of the
model is compared with what ms-swift will write; where they differ, nothing is written. `benchmarks/swift_parity.py`
compares token ids, label masks and the first loss sample by sample.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from audio_reasoner.core.errors import AudioReasonerError, ConfigError, EnvironmentProblem, InputError
from audio_reasoner.core.records import Clip
from audio_reasoner.core.run import RunDir
from audio_reasoner.cota import sample_audio
from audio_reasoner.dataset import Row
from audio_reasoner.dataset.exports.common import AudioFolder, Sounds, writing
from audio_reasoner.models import adapter, layout, qwen2_audio
from audio_reasoner.models.chat import ChatFormat
from audio_reasoner.training import card, data, sft, swift_scripts
from audio_reasoner.training.place import RECIPE_NAME
from audio_reasoner.training.progress import Progress, Watcher
from audio_reasoner.training.recipe import Recipe
from audio_reasoner.training.targets import targets

MARKER: Final = "swift.json"
TAGS: Final = ("<audio>", "<image>", "<video>", "<bbox>", "<ref-object>", "<cot-process>")
"""What ms-swift replaces wherever it stands in a text."""
_SYSTEM = ("<|im_start|>system\n", "<|im_end|>\n")
_HEAD = "<|im_start|>user\nAudio 1: <|audio_bos|><|AUDIO|><|audio_eos|>\n"
_TAIL = "<|im_end|>\n<|im_start|>assistant\n"


@dataclass(frozen=True)
class Written:
    """What was written: rows per file, samples left out (see left_out.jsonl), and the script that trains."""

    out: Path
    rows: dict[str, int]
    left_out: int
    script: Path


def system_of(fmt: ChatFormat) -> str:
    """The system message that a model's chat template puts before a question; empty if there is none.

    Raises:
        InputError: ``swift.template``: the template does not write what ms-swift's template for this model writes.
    """
    head, system = fmt.head, ""
    if head.startswith(_SYSTEM[0]) and _SYSTEM[1] in head:
        system, _, head = head.removeprefix(_SYSTEM[0]).partition(_SYSTEM[1])
    if head != _HEAD or fmt.tail != _TAIL:
        raise InputError(
            f"the model's chat template writes {head + '…' + fmt.tail!r}, ms-swift {_HEAD + '…' + _TAIL!r}.",
            code="swift.template",
            hint="Train this model with our own loop: leave out --engine.",
        )
    return system


def write(
    recipe: Recipe,
    data_runs: Sequence[Path | str],
    out: Path | str,
    *,
    overwrite: bool = False,
    watch: Watcher = lambda _: None,
) -> Written:
    """Write a directory from which `bash OUT/sft.sh` trains what the recipe says with ms-swift.

    It holds train.jsonl and val.jsonl (the held-out samples), grpo.jsonl with the columns of our rewards, audio/ for
    sound that is no whole file, sft.sh and grpo.sh, requirements.txt, left_out.jsonl, recipe.yaml and a README. A model
    in the layout of transformers 5 is written again in that of 4.48 (its weights are linked).

    Args:
        recipe: with `model.path`; what only our own loop knows (packing, budgets in minutes) is refused or named in
            the README.
        data_runs: run directories; a data set that is missing is built first.
        out: directory to make.
        overwrite: replace an earlier one. Trained weights in OUT/output are never replaced.
        watch: told the progress.

    Raises:
        ConfigError: ``training.out_taken``; ``swift.recipe``: the recipe cannot be said in ms-swift's terms.
        InputError: no usable samples; the model or its tokenizer is missing; ``swift.template``.
    """
    folder = Path(out).resolve()
    _check_recipe(recipe)
    _check_out(folder, overwrite)
    runs = [RunDir.open(r) for r in data_runs]
    for run in runs:
        data.ensure_dataset(run, recipe, watch)
    assert recipe.model.path is not None
    source = qwen2_audio.resolve(recipe.model.path)
    fmt = ChatFormat(_processor(source), recipe.model.system)
    system = system_of(fmt)
    parts = [data.read_samples(run.path, run.dataset_dir) for run in runs]
    samples = data.joined(parts)
    hearing = data.Hearing(samples.clips, 0.0, recipe.data.workers)
    hearing.prepare(lambda done, total: watch(Progress("listening", done, total)))
    units, left = data.encode_units(
        samples,
        hearing.frames,
        hearing.failed,
        fmt,
        recipe.data.max_tokens,
        recipe.data.learn,
        recipe.data.open_share,
    )
    fits = {s.sample_id for u in units for s in u.samples}
    with writing(folder) as place:
        sounds = {
            clip: AudioFolder(place, folder, Sounds(run.path, sample_audio(run)), "reference")
            for run, part in zip(runs, parts, strict=True)
            for clip in part.clips
        }
        rows, more = _write_rows(place, recipe, samples, fits, sounds, system, watch)
        left = sorted([*left, *more])
        if not rows.get("train.jsonl"):
            first = f"; the first: {left[0].detail}" if left else ""
            raise InputError(
                f"none of the samples can be used for training{first}.",
                code="training.no_samples",
                hint="A smaller data.held_out or a larger data.max_tokens keeps more.",
            )
        lines = "".join(json.dumps(x._asdict(), ensure_ascii=False) + "\n" for x in left)
        (place / sft.LEFT_OUT_NAME).write_text(lines, encoding="utf-8")
        (place / RECIPE_NAME).write_text(card.recipe_yaml(recipe), encoding="utf-8")
        settings = {"system": system or None, "style": recipe.build.style}
        (place / adapter.SETTINGS_NAME).write_text(json.dumps(settings, indent=2, ensure_ascii=False) + "\n", "utf-8")
        model = _model_for(recipe.model.path, source, place)
        for name, text in swift_scripts.files(recipe, model, rows, len(left)).items():
            (place / name).write_text(text, encoding="utf-8")
            if name.endswith(".sh"):
                (place / name).chmod(0o755)
        (place / MARKER).write_text(json.dumps({"kind": "ms-swift", "rows": rows}, indent=1) + "\n", encoding="utf-8")
    return Written(folder, rows, len(left), folder / "sft.sh")


def run(written: Written) -> int:
    """Run the training script; returns its exit status. What it prints goes to this terminal.

    Raises:
        EnvironmentProblem: ``swift.missing``: there is no `swift` on PATH.
    """
    if shutil.which("swift") is None:
        raise EnvironmentProblem(
            "there is no `swift` on PATH, so the training cannot be started here.",
            code="swift.missing",
            hint=f"Install {written.out / 'requirements.txt'} into an environment of its own, activate it, and run "
            f"{written.script}.",
        )
    return subprocess.run(["bash", str(written.script)], check=False).returncode


def _check_recipe(recipe: Recipe) -> None:
    if recipe.model.path is None:
        raise ConfigError(
            "the recipe makes a new small model (`model.nano`); ms-swift trains an existing one.",
            code="swift.recipe",
            hint="Name a model as model.path, or leave out --engine.",
        )
    if recipe.budget.minutes is not None:
        raise ConfigError(
            "ms-swift trains for epochs or steps; the recipe's budget is in minutes.",
            code="swift.recipe",
            hint="Give budget.epochs or budget.steps.",
        )
    path = Path(recipe.model.path).expanduser()
    if path.is_dir() and adapter.is_adapter(path):
        raise ConfigError(
            f"{path} holds an adapter; ms-swift is given a whole model here.",
            code="swift.recipe",
            hint="Train it with lora.merge: true, and name that model.",
        )


def _check_out(out: Path, overwrite: bool) -> None:
    if not out.exists():
        return
    if not out.is_dir():
        raise ConfigError(f"{out} is a file; a directory is written.", code="training.out_taken")
    found = {p.name for p in out.iterdir()}
    if not found:
        return
    ours = MARKER in found
    if ours and overwrite and "output" not in found:
        return
    what = "holds what ms-swift trained" if "output" in found else "is written already" if ours else "is not empty"
    raise ConfigError(
        f"{out} {what}.",
        code="training.out_taken",
        hint="Replace it with --overwrite, or name another directory."
        if ours and "output" not in found
        else "Name another directory.",
    )


def _processor(source: Path) -> Any:
    """Tokenizer, feature extractor and chat template; the weights may be elsewhere."""
    from transformers import AutoProcessor

    try:
        return AutoProcessor.from_pretrained(str(source), local_files_only=True)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"the processor in {source} cannot be loaded: {error}",
            code="model.processor",
            hint="Tokens are counted with the model's own tokenizer: its small files must be here, not its weights.",
        ) from error


def _model_for(named: str, source: Path, place: Path) -> str:
    """What the script names as the model: a hub name as it is, a directory in the layout that ms-swift reads."""
    if not Path(named).expanduser().is_dir():
        return named
    if layout.layout_of(source) == layout.OLD:
        return str(source.resolve())
    layout.convert(source, place / "model", layout.OLD)
    return "model"


def _write_rows(
    place: Path,
    recipe: Recipe,
    samples: data.Samples,
    fits: set[str],
    sounds: dict[str, AudioFolder],
    system: str,
    watch: Watcher,
) -> tuple[dict[str, int], list[data.LeftOut]]:
    """Write the data files; returns rows per file and the samples that ms-swift could not take."""
    counts: dict[str, int] = {}
    left: list[data.LeftOut] = []
    wanted = targets(samples.rows, recipe.data.learn, recipe.data.open_share)
    apart = data.held_out(samples, recipe.data.held_out)
    # Readers of JSON lines take the keys of the first block of rows for all: one dialogue, and every answer says it.
    loss = {"loss": True} if any(row.history for some in samples.rows.values() for row in some) else {}
    files: dict[str, IO[str]] = {}
    try:
        for done, clip_id in enumerate(sorted(samples.rows), 1):
            clip = samples.clips[clip_id]
            held = clip_id in apart
            asked = {row.sample_id: row for row in samples.rows[clip_id]}
            for name, question, answer in wanted[clip_id]:
                if name not in fits:
                    continue
                row = asked[name.removesuffix("/caption")]
                try:
                    audio = sounds[clip_id].path_of(row)
                    prompt = _prompt(system, data.earlier_turns(row), question)
                    _no_tags(answer)
                except AudioReasonerError as error:
                    left.append(data.LeftOut(name, error.code, error.message))
                    continue
                line = {"messages": [*prompt, {"role": "assistant", "content": answer, **loss}], "audios": [audio]}
                lines = [("val.jsonl" if held else "train.jsonl", line, name)]
                if name == row.sample_id and not held:
                    lines.append(("grpo.jsonl", _grpo(row, clip, prompt, audio), name))
                for file, fields, own in lines:
                    if file not in files:
                        files[file] = (place / file).open("w", encoding="utf-8")
                        files[f"{file}.ids"] = (place / f"{Path(file).stem}.ids.txt").open("w", encoding="utf-8")
                    files[file].write(json.dumps(fields, ensure_ascii=False) + "\n")
                    files[f"{file}.ids"].write(own + "\n")
                    counts[file] = counts.get(file, 0) + 1
            watch(Progress("writing", done, len(samples.rows)))
    finally:
        for handle in files.values():
            handle.close()
    return counts, left


def _prompt(system: str, earlier: Iterator[tuple[str, str]], question: str) -> list[dict[str, Any]]:
    """The messages before the answer: the clip is heard in the first question, earlier answers are not learned."""
    turns: list[tuple[str, str | None]] = [*earlier, (question, None)]
    messages: list[dict[str, Any]] = [{"role": "system", "content": system}] if system else []
    for number, (text, reply) in enumerate(turns):
        _no_tags(text)
        messages.append({"role": "user", "content": ("" if number else "<audio>") + text})
        if reply is not None:
            _no_tags(reply)
            messages.append({"role": "assistant", "content": reply, "loss": False})
    return messages


def _no_tags(text: str) -> None:
    for tag in TAGS:
        if tag in text:
            raise InputError(f"the text holds the literal {tag}, which ms-swift replaces.", code="swift.tag")


def _grpo(row: Row, clip: Clip, prompt: list[dict[str, Any]], audio: str) -> dict[str, Any]:
    """A line for reinforcement learning: the prompt, and the columns that our rewards read. Lists go as JSON text,
    because readers of JSON lines make a column of empty lists a column of nothing."""
    return {
        "messages": prompt,
        "audios": [audio],
        "solution": row.gold_text,
        "options": json.dumps(list(row.options), ensure_ascii=False),
        "question": row.question,
        "family": row.family,
        "clip": clip.model_dump_json(),
    }
