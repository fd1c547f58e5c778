"""Do our own loop and ms-swift learn the same? Token ids, label masks and the first step's loss, sample by sample.

    python benchmarks/swift_parity.py --python swift-env/bin/python -o runs/swift-parity

`swift-env` is an environment with what `audio-reasoner train … --engine ms-swift` writes into requirements.txt; without
`--python` one is made under -o (pip, about a minute, 1.5 GB). A small run is synthesised and built, a small model is
made from it (random weights: what is compared does not depend on them), written for ms-swift, and then
  1. each line is encoded by ms-swift's own template, and compared with our ids (audio placeholders expanded) and mask;
  2. the loss of some samples is computed by transformers 4.48 on ms-swift's batch, and by our loop;
  3. with --train, sft.sh itself runs one step over all samples (CPU), in full and with adapters, and its logged loss is
     compared with ours; the checkpoints are loaded by our Reasoner.
The last line is the figures.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

CHILD = """
import json, sys
from pathlib import Path
import torch
from swift.model import get_model_processor
from swift.template import get_template
folder, k = Path(sys.argv[1]), int(sys.argv[2])
model, processor = get_model_processor(
    str(folder / "model"), torch_dtype=torch.float32, model_type="qwen2_audio", download_model=False,
    device_map="cpu", attn_impl="sdpa")
template = get_template(processor, default_system="", max_length=int(sys.argv[3]), template_type="qwen2_audio")
template.set_mode("train")
rows = [json.loads(x) for x in (folder / "train.jsonl").read_text(encoding="utf-8").splitlines()]
out, encoded = [], []
for row in rows:
    e = template.encode(dict(row))
    if len(encoded) < k:
        encoded.append(e)
    heard = int(e["feature_attention_mask"].sum())
    out.append({"ids": list(map(int, e["input_ids"])), "labels": list(map(int, e["labels"])), "frames": heard})
batch = template.data_collator(encoded)
keys = ("input_ids", "attention_mask", "labels", "input_features", "feature_attention_mask")
losses = []
with torch.no_grad():
    model.eval()
    losses.append(float(model(**{n: batch[n] for n in keys}).loss))
    # The same without what stands behind the end of the message.
    end = processor.tokenizer.convert_tokens_to_ids("<|im_end|>")
    behind = (batch["labels"] == end).long().cumsum(1) - (batch["labels"] == end).long()
    batch["labels"][behind > 0] = -100
    losses.append(float(model(**{n: batch[n] for n in keys}).loss))
(folder / "parity.json").write_text(json.dumps({"rows": out, "losses": losses}))
"""

REGISTRY = """
import json, sys
from pathlib import Path
import audio_reasoner.training as ours
from swift.utils import import_external_file
import_external_file(ours.__path__[0] + "/rewards_swift.py")
from swift.dataset import load_dataset
from swift.rewards import orms
folder = Path(sys.argv[1])
data, _ = load_dataset([str(folder / "grpo.jsonl")], split_dataset_ratio=0, remove_unused_columns=False)
rows = [data[i] for i in range(len(data))]
lines = (folder / "train.jsonl").read_text(encoding="utf-8").splitlines()
names = (folder / "train.ids.txt").read_text().split()
gold = {n: json.loads(x)["messages"][-1]["content"] for n, x in zip(names, lines)}
replies = [gold[n] for n in (folder / "grpo.ids.txt").read_text().split()]
columns = {k: [r[k] for r in rows] for k in rows[0] if k != "messages"}
found = {}
for name in sorted(k for k in orms if k.startswith("audio_reasoner_")):
    reward = orms[name](args=None)
    both = [reward(replies, **columns), reward(["no chain"] * len(replies), **columns)]
    found[name] = [round(sum(x) / len(x), 4) for x in both]
(folder / "registry.json").write_text(json.dumps(found))
"""
"""Needs the base install of audio-reasoner in ms-swift's environment."""


def environment(out: Path) -> Path:
    """Python of an environment with what our requirements.txt names, made if it is not there."""
    from audio_reasoner.training.swift_scripts import VERSIONS

    place = out / "env"
    python = place / "bin" / "python"
    if not (place / "bin" / "swift").is_file():
        venv.create(place, with_pip=True)
        pip = [str(python), "-m", "pip", "install", "--quiet"]
        subprocess.run([*pip, f"torch=={VERSIONS['torch']}"], check=True)
        pins = [f"{n}=={VERSIONS[n]}" for n in ("ms-swift", "transformers")]
        subprocess.run([*pip, *pins, "librosa", "soundfile"], check=True)
    return python


def make(out: Path, clips: int) -> tuple[Path, Path]:
    """A small run with a data set, and a small model with its tokenizer."""
    from audio_reasoner.core.run import RunDir
    from audio_reasoner.cota import BuildSettings, build_sync
    from audio_reasoner.dataset import read_rows, write_clips
    from audio_reasoner.models import nano
    from audio_reasoner.synth import plan_complex
    from audio_reasoner.training.data import training_texts

    run, model = out / "run", out / "model"
    if not run.exists():
        directory = RunDir.create(run)
        write_clips(run, plan_complex(clips, 5, max_events=3, event_seconds=(0.3, 0.6), max_gap_s=0.3))
        build_sync(directory, BuildSettings(style="brief", questions_per_clip=3), workers=0)
    if not model.exists():
        sizes = nano.NanoSizes(audio_width=64, audio_layers=2, text_width=96, text_layers=2, text_heads=3)
        made = nano.create(sizes, list(training_texts(read_rows(run / "dataset"))), seed=1)
        made.model.save_pretrained(model)
        made.processor.save_pretrained(model)
    return run, model


def recipe_of(model: Path, samples: int, low_rank: dict[str, Any] | None) -> Any:
    """A recipe of one step that holds all samples."""
    from audio_reasoner.training import Recipe

    return Recipe.model_validate(
        {
            "model": {
                "path": str(model),
                "train": {"tower": False, "projector": True, "language": True},
                "lora": low_rank,
            },
            "optimiser": {"learning_rate": 1e-3, "warmup_steps": 0, "final_share": 0.0},
            "batch": {"samples": samples},
            "budget": {"steps": 1},
            "data": {"held_out": 0.1, "workers": 0},
            "precision": "float32",
            "threads": 1,
        }
    )


def our_samples(recipe: Any, run: Path) -> tuple[dict[str, Any], Any, Any]:
    """Our training samples by name as (unit, encoded), the model, and the clips' log-mels."""
    from audio_reasoner.models import qwen2_audio
    from audio_reasoner.models.chat import ChatFormat
    from audio_reasoner.training import data

    loaded = qwen2_audio.load(recipe.model.path, device="cpu")
    samples = data.read_samples(run, run / "dataset")
    apart = data.held_out(samples, recipe.data.held_out)
    seen = {c: rows for c, rows in samples.rows.items() if c not in apart}
    hearing = data.Hearing({c: samples.clips[c] for c in seen}, 1.0, 0)
    hearing.prepare(lambda *_: None)
    units, _ = data.encode_units(
        data.Samples(seen, samples.clips),
        hearing.frames,
        hearing.failed,
        ChatFormat(loaded.processor, recipe.model.system),
        recipe.data.max_tokens,
    )
    return {s.sample_id: (u, s) for u in units for s in u.samples}, loaded, hearing


def our_loss(names: list[str], ours: dict[str, Any], loaded: Any, hearing: Any) -> float:
    """The mean loss over the answer tokens of some samples, through the loop's own functions."""
    import torch

    from audio_reasoner.training.collate import Unit, collate, summed_loss

    summed, count = 0.0, 0
    for name in names:
        unit, sample = ours[name]
        batch = collate([Unit(unit.clip, unit.frames, (sample,))], [hearing.mel(unit.clip)], 0)
        with torch.no_grad():
            loss, _ = summed_loss(loaded.model, batch)
        summed += float(loss)
        count += len(sample.ids) - sample.answer
    return summed / count


def expanded(row: dict[str, Any], audio_id: int) -> tuple[list[int], list[int]]:
    """ms-swift's ids and labels with the one placeholder repeated as often as the model will."""
    from audio_reasoner.models.features import audio_tokens_of

    ids: list[int] = []
    labels: list[int] = []
    for token, label in zip(row["ids"], row["labels"], strict=True):
        times = audio_tokens_of(row["frames"]) if token == audio_id else 1
        ids += [token] * times
        labels += [label] * times
    return ids, labels


def compare(theirs: dict[str, Any], names: list[str], ours: dict[str, Any], fmt: Any) -> dict[str, Any]:
    """How many samples have the same ids and mask; what stands in theirs and not in ours is named."""
    newline = fmt.tokenizer("\n", add_special_tokens=False)["input_ids"]
    same = masks = after = 0
    for name, row in zip(names, theirs["rows"], strict=True):
        _, sample = ours[name]
        ids, labels = expanded(row, fmt.audio_id)
        tail = ids[len(sample.ids) :]
        same += ids[: len(sample.ids)] == list(sample.ids) and tail in ([], newline)
        wanted = [-100] * sample.answer + list(sample.ids[sample.answer :])
        masks += labels[: len(sample.ids)] == wanted
        after += any(x != -100 for x in labels[len(sample.ids) :])
    n = len(names)
    return {"samples": n, "same_ids": same, "same_masks": masks, "learned_after_the_end": after}


def start_script(folder: Path, python: Path, script: str, *more: str) -> subprocess.CompletedProcess[str]:
    """Run a script that we wrote, on the CPU, in ms-swift's environment."""
    env = {
        **os.environ,
        "PATH": f"{python.parent}:{os.environ['PATH']}",
        "GPUS": "1",
        "AT_ONCE": os.environ.get("AT_ONCE", "1"),
        "DEEPSPEED": "none",
        "DTYPE": "float32",
        "LOGGING_STEPS": "1",
        "SAVE_STEPS": "1",
        "OMP_NUM_THREADS": "1",
        "CUDA_VISIBLE_DEVICES": "",
        "HF_HUB_OFFLINE": "1",
    }
    env.pop("PYTHONPATH", None)
    return subprocess.run(
        ["bash", str(folder / script), "--use_cpu", "true", "--gradient_checkpointing", "false", *more],
        env=env,
        capture_output=True,
        text=True,
        timeout=1500,
    )


def main() -> None:
    """Measure, print, and end with one line of figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--python", type=Path, help="Python of an environment with ms-swift")
    parser.add_argument("-o", "--out", type=Path, default=Path("runs/swift-parity"))
    parser.add_argument("--clips", type=int, default=24)
    parser.add_argument("--loss-samples", type=int, default=8)
    parser.add_argument("--train", action="store_true", help="also run sft.sh for one step, in full and with adapters")
    parser.add_argument("--rewards", action="store_true", help="also call our rewards through ms-swift's registry")
    args = parser.parse_args()
    out = args.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    python = args.python.absolute() if args.python else environment(out)
    figures = parity(out, python, args.clips, args.loss_samples, args.train)
    if args.rewards:
        folder = out / "full"
        subprocess.run([str(python), "-c", REGISTRY, str(folder)], check=True, stdout=subprocess.DEVNULL)
        figures["rewards_gold_and_none"] = json.loads((folder / "registry.json").read_text())
    print(json.dumps(figures))
    bad = figures["same_ids"] != figures["samples"] or figures["same_masks"] != figures["samples"]
    sys.exit(bad or abs(figures["loss_ours"] - figures["loss_theirs"]) > 1e-4)


def parity(out: Path, python: Path, clips: int, loss_samples: int, train: bool) -> dict[str, Any]:
    """All comparisons; see the module's docstring."""
    from audio_reasoner.models.chat import ChatFormat
    from audio_reasoner.training import swift

    run, model = make(out, clips)
    ours, loaded, hearing = our_samples(recipe_of(model, 1, None), run)
    recipe = recipe_of(model, len(ours), None)
    written = swift.write(recipe, [run], out / "full")
    names = (written.out / "train.ids.txt").read_text().splitlines()
    if set(names) != set(ours):
        raise SystemExit(f"the sample lists differ: {len(set(names) ^ set(ours))} names")
    subprocess.run(
        [str(python), "-c", CHILD, str(written.out), str(loss_samples), str(recipe.data.max_tokens)],
        check=True,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "HF_HUB_OFFLINE": "1", "CUDA_VISIBLE_DEVICES": ""},
    )
    theirs = json.loads((written.out / "parity.json").read_text())
    figures = compare(theirs, names, ours, ChatFormat(loaded.processor, recipe.model.system))
    figures["loss_theirs_with_newline"], figures["loss_theirs"] = (round(x, 6) for x in theirs["losses"])
    figures["loss_ours"] = round(our_loss(names[:loss_samples], ours, loaded, hearing), 6)
    if train:
        whole = round(our_loss(names, ours, loaded, hearing), 6)
        swift.write(recipe_of(model, len(ours), {"rank": 4, "alpha": 8}), [run], out / "lora")
        figures["step_loss_ours"] = whole
        for kind in ("full", "lora"):
            figures |= trained(out / kind, python, kind)
    return figures


def trained(folder: Path, python: Path, kind: str) -> dict[str, Any]:
    """One step of sft.sh: its logged loss, and whether our Reasoner loads the checkpoint."""
    from audio_reasoner.inference import Reasoner

    done = start_script(folder, python, "sft.sh")
    (folder / "sft.log").write_text(done.stdout + done.stderr, encoding="utf-8")
    if done.returncode:
        raise SystemExit(f"{folder / 'sft.sh'} ended with status {done.returncode}; see {folder / 'sft.log'}")
    log = [json.loads(x) for x in (folder / "output" / "logging.jsonl").read_text().splitlines()]
    loss = next(x["loss"] for x in log if "loss" in x)
    checkpoint = folder / "output" / "checkpoint-1"
    Reasoner.from_pretrained(checkpoint, device="cpu")
    return {f"step_loss_{kind}": round(float(loss), 6), f"loads_{kind}": True}


if __name__ == "__main__":
    main()
