"""Votes and batches: our sampler against transformers' own `generate`, same model, same prompts, one run.

    python benchmarks/vote_speed.py                         a fresh small model, answers of a fixed length
    python benchmarks/vote_speed.py --model models/demo --audio runs/demo-bench   a trained one, answers as they come

Both sides go from 16 kHz samples to text: plain means `Qwen2AudioProcessor` (which pads each clip to 30 seconds) and
`model.generate`, with `num_return_sequences=k` for the k chains of one question. Sides take turns after a warm-up;
figures are medians of processor time (wall time beside it), because the machine may have other work. Greedy answers are
compared token by token; how often the encoder ran is counted on both sides.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from audio_reasoner.core.audio import load_mono
from audio_reasoner.core.chain import SectionDelta
from audio_reasoner.core.choices import render_question
from audio_reasoner.core.errors import InputError
from audio_reasoner.inference import Reasoner, Sampling, vote
from audio_reasoner.models import nano

TEXTS = [f"Which sound comes {w}?\n(a) dog\n(b) bell\n(c) rain" for w in ("first", "last", "after the bell")]
SAMPLING = Sampling(temperature=0.8, seed=1)
Request = tuple[np.ndarray, str, tuple[str, ...]]


def fresh() -> Reasoner:
    """A small model with random weights that never ends an answer by itself."""
    loaded = nano.create(nano.NanoSizes(), TEXTS, seed=1)
    tokenizer = loaded.processor.tokenizer
    with torch.no_grad():
        loaded.model.lm_head.weight.normal_(0.0, 0.3, generator=torch.Generator().manual_seed(1))
        for i in {*tokenizer.all_special_ids, *tokenizer.get_added_vocab().values()}:
            loaded.model.lm_head.weight[i] = 0.0
    loaded.model.eval()
    return Reasoner(loaded.model, loaded.processor)


def asked(folder: Path | None, n: int, seconds: float) -> list[Request]:
    """Questions about recordings of a benchmark folder, or about noise."""
    if folder is None:
        rng = np.random.default_rng(1)
        sounds = [(0.1 * rng.standard_normal(int(seconds * 16_000))).astype(np.float32) for _ in range(n)]
        return [
            (s, f"Which sound comes {'first' if i % 2 else 'last'}?", ("dog", "bell")) for i, s in enumerate(sounds)
        ]
    items = json.loads((folder / "mmau-test-mini.json").read_text("utf-8"))[:n]
    return [(load_mono(folder / i["audio_id"], 16_000), i["question"], tuple(i["choices"])) for i in items]


class Plain:
    """transformers as its documentation shows it."""

    def __init__(self, reasoner: Reasoner) -> None:
        self.model, self.processor, self.system = reasoner.model, reasoner.processor, reasoner.system
        self.processor.tokenizer.padding_side = "left"

    def inputs(self, requests: list[Request]) -> Any:
        """What `generate` takes."""
        texts = []
        for _, question, options in requests:
            parts = [{"type": "audio", "audio": None}, {"type": "text", "text": render_question(question, options)}]
            turns: list[dict[str, Any]] = [{"role": "system", "content": self.system}] if self.system else []
            turns.append({"role": "user", "content": parts})
            texts.append(self.processor.apply_chat_template(turns, tokenize=False, add_generation_prompt=True))
        return self.processor(
            text=texts, audio=[r[0] for r in requests], sampling_rate=16_000, return_tensors="pt", padding=True
        )

    def __call__(self, requests: list[Request], most: int, **how: Any) -> list[list[int]]:
        inputs = self.inputs(requests)
        with torch.inference_mode():
            out = self.model.generate(**inputs, max_new_tokens=most, **how)
        end = {self.processor.tokenizer.eos_token_id, self.processor.tokenizer.pad_token_id}
        rows = out[:, inputs["input_ids"].shape[1] :].tolist()
        return [[t for t in row if t not in end] for row in rows]


class Clock:
    """A streamer for `generate`: when the first token came, and when the first section was closed."""

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer, self.ids, self.first, self.section = tokenizer, [], 0.0, 0.0
        self.prompt = True

    def put(self, value: Any) -> None:
        if self.prompt:
            self.prompt = False
            return
        self.ids += value.flatten().tolist()
        self.first = self.first or time.process_time()
        if not self.section and "</PLANNING>" in self.tokenizer.decode(self.ids):
            self.section = time.process_time()

    def end(self) -> None:
        return


def timed(sides: dict[str, Callable[[], Any]], repeats: int) -> dict[str, tuple[float, float, Any]]:
    """Median processor time and wall time of each side, taking turns, and what it gave last."""
    out: dict[str, list[tuple[float, float]]] = {name: [] for name in sides}
    last: dict[str, Any] = {name: run() for name, run in sides.items()}
    for _ in range(repeats):
        for name, run in sides.items():
            cpu, wall = time.process_time(), time.perf_counter()
            last[name] = run()
            out[name].append((time.process_time() - cpu, time.perf_counter() - wall))
    return {
        n: (statistics.median(c for c, _ in t), statistics.median(w for _, w in t), last[n]) for n, t in out.items()
    }


def heard(model: Any, run: Callable[[], Any]) -> tuple[int, int]:
    """Clips and frames that went through the encoder during a call."""
    rows: list[tuple[int, int]] = []
    hook = model.model.audio_tower.layers[0].register_forward_pre_hook(
        lambda _module, args: rows.append((args[0].shape[0], args[0].shape[0] * args[0].shape[1]))
    )
    run()
    hook.remove()
    return sum(r for r, _ in rows), sum(f for _, f in rows)


def first_section(reasoner: Reasoner, plain: Plain, request: Request, most: int) -> dict[str, tuple[float, float]]:
    """(processor seconds to the first token, to the end of the first section or 0 if there is none) of each side."""
    began = time.process_time()
    first = section = 0.0
    for piece in reasoner.stream(*request, max_new_tokens=most):
        if isinstance(piece, SectionDelta):
            if piece.section == "planning":
                first = first or time.process_time() - began
            elif not section:
                section = time.process_time() - began
    clock = Clock(plain.processor.tokenizer)
    start = time.process_time()
    plain([request], most, do_sample=False, streamer=clock)
    other = (clock.first - start, clock.section - start if clock.section else 0.0)
    return {"ours": (first, section), "plain": other}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, help="a trained model; else a fresh one")
    parser.add_argument("--audio", type=Path, help="folder of `audio-reasoner synth benchmark`; else noise")
    parser.add_argument("--seconds", type=float, default=3.0, help="length of the noise")
    parser.add_argument("--rows", type=int, default=16, help="questions in a batch")
    parser.add_argument("--k", type=int, default=8)
    parser.add_argument("--tokens", type=int, default=60, help="new tokens (a trained model: at most 256)")
    parser.add_argument("--repeats", type=int, default=5)
    args = parser.parse_args()
    torch.set_num_threads(1)
    if args.model is not None and args.audio is None:
        raise InputError("--model needs --audio: noise tells nothing about a trained model.", code="benchmark.audio")
    reasoner = fresh() if args.model is None else Reasoner.from_pretrained(args.model, "cpu")
    most = args.tokens if args.model is None else 256
    requests = asked(args.audio, args.rows, args.seconds)
    plain = Plain(reasoner)
    ids = [[i for i in row if i != reasoner.pad_id] for row in plain.inputs(requests)["input_ids"].tolist()]
    if ids != [list(r.prompt.ids) for r in reasoner._rows(requests)]:
        raise SystemExit("the two sides do not ask the same: their prompts differ")

    tokenizer = reasoner.processor.tokenizer
    batch = timed(
        {
            "plain": lambda: plain(requests, most, do_sample=False),
            "ours": lambda: reasoner.ask_batch(requests, most),
        },
        args.repeats,
    )
    theirs = [str(tokenizer.decode(row, skip_special_tokens=True)) for row in batch["plain"][2]]
    equal = sum(a == b.text for a, b in zip(theirs, batch["ours"][2], strict=True))

    one = requests[0]
    drawn = {"do_sample": True, "temperature": SAMPLING.temperature, "top_k": 0, "num_return_sequences": args.k}
    sides: dict[str, Callable[[], Any]] = {
        "plain": lambda: plain([one], most, **drawn),
        "ours": lambda: vote(reasoner, *one, args.k, SAMPLING, most, stop_early=False),
        "early": lambda: vote(reasoner, *one, args.k, SAMPLING, most),
    }
    votes = timed(sides, args.repeats)
    clips = {name: heard(reasoner.model, sides[name]) for name in ("plain", "ours")}
    starts = [first_section(reasoner, plain, one, most) for _ in range(args.repeats)]
    first = {side: [statistics.median(s[side][k] for s in starts) for k in (0, 1)] for side in ("plain", "ours")}

    print(f"{args.rows} questions side by side, greedy: {equal} of {args.rows} answers equal")
    for name in ("plain", "ours"):
        print(f"  {name:6} {batch[name][0]:.3f} s processor, {batch[name][1]:.3f} s wall")
    print(f"k = {args.k} chains of one question, sampled")
    for name in ("plain", "ours", "early"):
        more = f", encoder: {clips[name][0]} clips, {clips[name][1]} frames" if name in clips else ""
        if name != "plain":
            found = votes[name][2]
            more += f", {found.tokens} tokens, decided after {found.decided_after}"
        else:
            more += f", {sum(map(len, votes[name][2]))} tokens"
        print(f"  {name:6} {votes[name][0]:.3f} s processor, {votes[name][1]:.3f} s wall{more}")
    shown = bool(first["ours"][1] and first["plain"][1])
    if shown:
        print("one question, processor time to the end of PLANNING")
        for name in ("plain", "ours"):
            print(f"  {name:6} {first[name][1]:.3f} s (first token of plain: {first['plain'][0]:.3f} s)")
    figures = {
        "batch_rows": args.rows,
        "batch_times_faster": round(batch["plain"][0] / batch["ours"][0], 2),
        "greedy_equal": f"{equal}/{args.rows}",
        "k": args.k,
        "vote_times_faster": round(votes["plain"][0] / votes["ours"][0], 2),
        "vote_early_times_faster": round(votes["plain"][0] / votes["early"][0], 2),
        "clips_encoded": f"{clips['plain'][0]} and {clips['ours'][0]}",
        "first_section_times_faster": round(first["plain"][1] / first["ours"][1], 2) if shown else None,
        "cores": 1,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
