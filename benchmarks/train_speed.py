"""Training speed and memory: transformers' Trainer with Qwen2AudioProcessor against our way, same model, same samples.

    python benchmarks/train_speed.py [--seconds 3 10] [--clips 4 --questions 2] [--rounds 3] [--threads 1] [--bf16]

Three ways of one optimiser step over clips x questions samples:

    Trainer        `Trainer` as it comes with `Qwen2AudioProcessor`: every clip padded to 30 s, logits everywhere
    row by row     ours with a row per question: the clip's own frames, logits where something is learned
    clip read once ours as it trains: the questions about a clip continue from one reading of it

Every way runs in a process of its own (its peak memory is its own), alternating, on equal weights and samples: token
ids are compared sample by sample, and the loss of the first step must agree (within 1e-3 in float32). Features are
computed in every step on all sides; our loop does it once before training, so it is a little faster than shown. Tokens
are counted without padding, the same on all sides. The machine may be shared, so processor time stands beside wall
time; the best round counts.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

WAYS = ("Trainer", "row by row", "clip read once")
RATE = 16_000
WORDS = ("dog", "bell", "rain", "siren", "clap", "bird", "drum", "glass", "train", "door", "wind", "horn", "cat", "saw")


class Sample(NamedTuple):
    """A clip's number, a question about it and its chain."""

    clip: int
    question: str
    answer: str


def samples(clips: int, questions: int, words: int = 8) -> list[Sample]:
    """Questions with four options and chains about `words` sounds, the same in every process."""
    rng = np.random.default_rng(7)
    out = []
    for clip in range(clips):
        for _ in range(questions):
            heard = [str(w) for w in rng.permutation(WORDS)]
            options = "\n".join(f"({'abcd'[i]}) {w}" for i, w in enumerate(heard[:4]))
            steps = " ".join(f"{i} is {heard[i % len(heard)]}." for i in range(1, words + 1))
            parts = {
                "PLANNING": "List the sounds in order, then find the one asked for.",
                "CAPTION": steps,
                "REASONING": f"{steps} After {heard[5]} comes {heard[6]}; (b) is {heard[1]}, so (b) fits.",
                "SUMMARY": f"{heard[1]} it is.",
            }
            inner = "\n".join(f"<{name}>{text}</{name}>" for name, text in parts.items())
            answer = f"<THINK>\n{inner}\n</THINK>\n<RESPONSE>(b) {heard[1]}</RESPONSE>"
            out.append(Sample(clip, f"Which sound comes after the {heard[5]}?\n{options}", answer))
    return out


def sounds(clips: int, seconds: float) -> list[np.ndarray]:
    """Noise; no two clips are equally long."""
    rng = np.random.default_rng(8)
    full = int(seconds * RATE)
    return [(rng.standard_normal(full - 400 * i) * 0.1).astype(np.float32) for i in range(clips)]


def model_and_processor(asked: list[Sample]) -> Any:
    """The small model as recipes train it."""
    from audio_reasoner.models import nano

    sizes = nano.NanoSizes(audio_width=128, audio_layers=3, text_width=192, text_layers=4, text_heads=3, text_ffn=512)
    loaded = nano.create(sizes, [t for s in asked for t in (s.question, s.answer)], seed=1)
    loaded.model.train()
    return loaded


def our_units(asked: list[Sample], wave: list[np.ndarray], processor: Any, shared: bool) -> list[Any]:
    """The samples as our collation takes them."""
    from audio_reasoner.models import features
    from audio_reasoner.models.chat import ChatFormat
    from audio_reasoner.training.collate import Encoded, Unit

    fmt = ChatFormat(processor)
    by_clip: dict[int, list[Any]] = {}
    for i, s in enumerate(asked):
        frames = features.frames_of(len(wave[s.clip]))
        prompt = fmt.prompt(s.question, features.audio_tokens_of(frames))
        ids = (*prompt, *fmt.answer(s.answer))
        by_clip.setdefault(s.clip, []).append(Encoded(str(i), ids, fmt.shared_length(prompt), len(prompt)))
    frames_of = {c: features.frames_of(len(w)) for c, w in enumerate(wave)}
    if shared:
        return [Unit(str(c), frames_of[c], tuple(some)) for c, some in by_clip.items()]
    return [Unit(str(c), frames_of[c], (one,)) for c, some in by_clip.items() for one in some]


def run_ours(args: argparse.Namespace, shared: bool) -> dict[str, Any]:
    """Our step: collate, summed loss, clip, AdamW."""
    import torch

    from audio_reasoner.models import features
    from audio_reasoner.training.collate import collate, summed_loss

    asked, wave = samples(args.clips, args.questions), sounds(args.clips, args.length)
    model, processor = model_and_processor(asked)
    units = our_units(asked, wave, processor, shared)
    targets = sum(len(s.ids) - s.answer for u in units for s in u.samples)
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-4, fused=True)
    watch = Watch()

    def step() -> float:
        mels = [features.log_mel(wave[int(u.clip)]) for u in units]
        batch = collate(units, mels, int(processor.tokenizer.pad_token_id))
        with torch.autocast("cpu", torch.bfloat16, enabled=args.bf16):
            loss, _ = summed_loss(model, batch)
        (loss / targets).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        return float(loss.detach()) / targets

    first = 0.0
    for number in range(args.steps + 1):
        loss = step()
        if number == 0:
            first = loss
            watch.begin()
        else:
            watch.step()
    flat = sorted((int(s.sample_id), list(s.ids)) for u in units for s in u.samples)
    return watch.found() | {"loss": first, "ids": [ids for _, ids in flat]}


def processor_batch(processor: Any, part: list[Sample], wave: list[np.ndarray]) -> Any:
    """A batch as transformers' own processor makes it, with labels on the answers."""
    import torch

    texts = []
    for s in part:
        content = [{"type": "audio", "audio": None}, {"type": "text", "text": s.question}]
        turns = [{"role": "user", "content": content}]
        prompt = processor.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
        texts.append(prompt + s.answer + "<|im_end|>")
    sound = [wave[s.clip] for s in part]
    batch = processor(text=texts, audio=sound, sampling_rate=RATE, return_tensors="pt", padding=True)
    labels = torch.full_like(batch["input_ids"], -100)
    for row, s in enumerate(part):
        own = len(processor.tokenizer(s.answer + "<|im_end|>", add_special_tokens=False)["input_ids"])
        length = int(batch["attention_mask"][row].sum())
        labels[row, length - own : length] = batch["input_ids"][row, length - own : length]
    batch["labels"] = labels
    return batch


def real_ids(batch: Any) -> list[list[int]]:
    """Token ids of a batch's rows without padding."""
    return [i[m.bool()].tolist() for i, m in zip(batch["input_ids"], batch["attention_mask"], strict=True)]


def run_trainer(args: argparse.Namespace) -> dict[str, Any]:
    """transformers' Trainer with its own defaults."""
    import torch
    from transformers import Trainer, TrainerCallback, TrainingArguments

    asked, wave = samples(args.clips, args.questions), sounds(args.clips, args.length)
    model, processor = model_and_processor(asked)
    seen: dict[str, Any] = {}

    def collator(part: list[Sample]) -> Any:
        batch = processor_batch(processor, part, wave)
        seen["ids"] = real_ids(batch)
        return batch

    watch = Watch()

    class Clock(TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, _args: Any, state: Any, _control: Any, **_: Any) -> None:
            if state.global_step == 1:
                watch.begin()
            else:
                watch.step()

    class Same(torch.utils.data.Dataset):  # type: ignore[type-arg]
        """The same samples in the same order at every step."""

        def __len__(self) -> int:
            return len(asked) * (args.steps + 1)

        def __getitem__(self, i: int) -> Sample:
            return asked[i % len(asked)]

    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(
            model=model,
            args=TrainingArguments(
                output_dir=folder,
                max_steps=args.steps + 1,
                per_device_train_batch_size=len(asked),
                learning_rate=1e-4,
                bf16=args.bf16,
                use_cpu=True,
                report_to=[],
                save_strategy="no",
                logging_steps=1,
                disable_tqdm=True,
                remove_unused_columns=False,
                dataloader_pin_memory=False,
                train_sampling_strategy="sequential",
            ),
            train_dataset=Same(),
            data_collator=collator,
            callbacks=[Clock()],
        )
        trainer.train()
    losses = [x["loss"] for x in trainer.state.log_history if "loss" in x]
    return watch.found() | {"loss": losses[0], "ids": seen["ids"]}


class Watch:
    """Wall time, processor time and memory of the steps after the first."""

    def __init__(self) -> None:
        self.wall: list[float] = []
        self.busy: list[float] = []
        # The peak so far is that of imports and of making the model; Linux lets a process begin anew.
        self.before = _memory("VmRSS")
        Path("/proc/self/clear_refs").write_text("5")

    def begin(self) -> None:
        """The warm-up is over."""
        self._then = time.perf_counter(), time.process_time()

    def step(self) -> None:
        """A step is over."""
        now = time.perf_counter(), time.process_time()
        self.wall.append(now[0] - self._then[0])
        self.busy.append(now[1] - self._then[1])
        self._then = now

    def found(self) -> dict[str, Any]:
        """Seconds of the best step; MiB of the whole process at its peak, and of them what training added."""
        peak = _memory("VmHWM")
        whole = max(peak, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        return {"wall": min(self.wall), "busy": min(self.busy), "peak": whole, "added": peak - self.before}


def _memory(key: str) -> float:
    for line in Path("/proc/self/status").read_text("utf-8").splitlines():
        if line.startswith(key + ":"):
            return int(line.split()[1]) / 1024
    return float("nan")


def measure(way: str, seconds: float, args: argparse.Namespace) -> dict[str, Any]:
    """One way in a process of its own."""
    own = [sys.executable, __file__, "--way", way, "--length", str(seconds)]
    for name in ("clips", "questions", "steps", "threads"):
        own += [f"--{name}", str(getattr(args, name))]
    done = subprocess.run([*own, *(["--bf16"] if args.bf16 else [])], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{way}: {done.stderr[-3000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def compare(seconds: float, args: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """Best of the rounds of every way; raises if they did not compute the same."""
    best: dict[str, dict[str, Any]] = {}
    for _ in range(args.rounds):
        for way in WAYS:
            found = measure(way, seconds, args)
            old = best.setdefault(way, found)
            # Time only ever gets longer by what else the machine does; memory is much the same in every round.
            best[way] = found | {k: min(found[k], old[k]) for k in ("wall", "busy", "peak", "added")}
    reference = best["Trainer"]
    for way, found in best.items():
        if found["ids"] != reference["ids"]:
            raise SystemExit(f"{way} saw other tokens than Trainer")
        if abs(found["loss"] - reference["loss"]) > (0.05 if args.bf16 else 1e-3):
            raise SystemExit(f"{way}: loss {found['loss']} of the first step, Trainer has {reference['loss']}")
    return best


def main() -> None:
    """Print a table and one line of figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, nargs="+", default=[3.0, 10.0])
    parser.add_argument("--clips", type=int, default=4)
    parser.add_argument("--questions", type=int, default=2)
    parser.add_argument("--steps", type=int, default=4, help="measured steps of a round, after one to warm up")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--bf16", action="store_true", help="bfloat16 autocast on all sides")
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--length", type=float, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.way:
        import torch

        torch.set_num_threads(args.threads)
        found = run_trainer(args) if args.way == "Trainer" else run_ours(args, args.way == "clip read once")
        print(json.dumps(found))
        return
    print(f"{args.clips} clips x {args.questions} questions a step, {'bfloat16' if args.bf16 else 'float32'}")
    head = ("clip", "way", "tokens", "tokens/s", "tokens/cpu-s", "s a step", "peak MiB", "added MiB", "loss")
    print(f"{head[0]:>6} {head[1]:16}" + "".join(f"{h:>13}" for h in head[2:]))
    told = []
    for seconds in args.seconds:
        best = compare(seconds, args)
        for way, f in best.items():
            tokens = sum(map(len, f["ids"]))
            print(
                f"{seconds:5g}s {way:16}{tokens:13d}{tokens / f['wall']:13,.0f}{tokens / f['busy']:13,.0f}"
                f"{f['wall']:13.3f}{f['peak']:13.0f}{f['added']:13.0f}{f['loss']:13.4f}"
            )
        them, once, apart = best["Trainer"], best["clip read once"], best["row by row"]
        told.append(
            f"{seconds:g}s: row_by_row x{them['busy'] / apart['busy']:.1f} "
            f"read_once x{them['busy'] / once['busy']:.1f} "
            f"(wall x{them['wall'] / once['wall']:.1f}) added_memory x{them['added'] / max(once['added'], 1):.1f}"
        )
    print(f"train_speed threads={args.threads} samples={args.clips * args.questions} " + " | ".join(told))


if __name__ == "__main__":
    main()
