"""The 8.4 B configuration on one GPU, our step against plain Trainer: tokens/s, model FLOP utilisation, peak memory.

    python benchmarks/gpu_8b.py [--minutes 8] [--seconds 3 10 30] [--samples 8]
    python benchmarks/gpu_8b.py --tiny      # the same way through on a CPU, two short samples; figures mean nothing

The sizes are exactly Qwen2-Audio-7B's (8.397 billion weights), the weights random, in bfloat16; the tokenizer is our
own byte-level BPE with the vocabulary padded to 156,032, the sounds are noise: nothing is downloaded. Two methods:

    lora    adapters of rank 16 on the language model's linear layers; everything else frozen in bfloat16
    layers  the last N decoder layers learn in full (float32 weights, gradients and AdamW states, 16 bytes a weight, in
            bfloat16 autocast), the rest frozen; N is what fits: the memory that weights and activations leave, and four
            fewer if that was too many, at most twice

Ours packs samples without padding, encodes a clip's own frames and computes logits of 1,024 answer tokens at a time;
Trainer gets batches of `Qwen2AudioProcessor` (30 s of frames for every clip, logits everywhere), made once, so that
making them costs it nothing. Both see equal weights and samples. If a step does not fit, activation checkpointing is
tried, then half the samples, and so on; the table says what it was, and what did not fit or was not reached in time.

Tokens (audio and text) are counted without padding. Model FLOPs of a step, for samples of T tokens, A of them answer, n
frames of 20 ms; h, f, V, L width, inner width, vocabulary and layers of the language model; d, g, E of the encoder:

    layer   2 T (4 h^2 + 3 h f) + 2 T^2 h         matrix products; causal attention
    head    2 A h V                               only where something is learned
    audio   E (2 n (4 d^2 + 2 d g) + 4 n^2 d) + 2 n (768 d + 3 d^2) + n d h       layers; two convolutions; projector
    lora    forward of all, backward of layers and head: products once (no gradient of frozen weights), attention twice
    layers  forward of all, backward of N layers: products and attention twice; of the head once

Recomputation and padding are work but not model FLOPs, so they lower the utilisation, which is model FLOPs a second
over the device's dense bfloat16 peak (a table here, by name; an unknown device shows no utilisation).
"""

from __future__ import annotations

import argparse
import gc
import json
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from train_speed import Sample, our_units, processor_batch, samples, sounds

PEAKS = {  # dense bfloat16 with 32-bit sums, FLOP/s, the makers' data sheets; the first name that fits counts
    "H100 PCIe": 756e12,
    "H100 NVL": 835e12,
    "H100": 989.4e12,
    "H200": 989.4e12,
    "B200": 2250e12,
    "A100": 312e12,
    "L40S": 362e12,
    "L40": 181e12,
    "L4": 121e12,
    "RTX 4090": 165.2e12,
    "RTX 3090": 71e12,
    "A10G": 70e12,
    "A10": 125e12,
}
GIB = 2**30
USUAL = {"seconds": [10.0, 3.0, 30.0], "samples": 8, "words": 64, "steps": 4, "minutes": 8.0}
PARTS = (("lora", "ours"), ("lora", "Trainer"), ("layers", "ours"), ("layers", "Trainer"))


@dataclass(frozen=True)
class Sizes:
    """Sizes of a Qwen2-Audio model."""

    width: int = 4096
    layers: int = 32
    heads: int = 32
    inner: int = 11_008
    vocabulary: int = 156_032
    audio_width: int = 1280
    audio_layers: int = 32
    audio_heads: int = 20
    audio_inner: int = 5120

    @property
    def layer(self) -> int:
        """Weights in the linear layers of one decoder layer."""
        return 4 * self.width**2 + 3 * self.width * self.inner


TINY = Sizes(64, 4, 4, 128, 2048, 32, 2, 2, 64)


def config_of(sizes: Sizes, tokenizer: Any) -> Any:
    """The model's configuration around a tokenizer."""
    from transformers import Qwen2AudioConfig, Qwen2AudioEncoderConfig, Qwen2Config

    return Qwen2AudioConfig(
        audio_config=Qwen2AudioEncoderConfig(
            num_mel_bins=128,
            d_model=sizes.audio_width,
            encoder_layers=sizes.audio_layers,
            encoder_attention_heads=sizes.audio_heads,
            encoder_ffn_dim=sizes.audio_inner,
            max_source_positions=1500,
        ).to_dict(),
        text_config=Qwen2Config(
            vocab_size=sizes.vocabulary,
            hidden_size=sizes.width,
            num_hidden_layers=sizes.layers,
            num_attention_heads=sizes.heads,
            num_key_value_heads=sizes.heads,
            intermediate_size=sizes.inner,
            max_position_embeddings=8192,
            rms_norm_eps=1e-5,
            rope_parameters={"rope_type": "default", "rope_theta": 10_000.0},
            tie_word_embeddings=False,
            pad_token_id=tokenizer.pad_token_id,
            eos_token_id=tokenizer.eos_token_id,
            bos_token_id=None,
        ).to_dict(),
        audio_token_index=tokenizer.convert_tokens_to_ids("<|AUDIO|>"),
        ignore_index=-100,
    )


def build(sizes: Sizes, device: str) -> tuple[Any, Any]:
    """The model with random weights, made in bfloat16 on the device, and its processor."""
    import torch
    from transformers import Qwen2AudioForConditionalGeneration, Qwen2AudioProcessor, WhisperFeatureExtractor

    from audio_reasoner.models import nano

    texts = [t for s in samples(4, 2, 30) for t in (s.question, s.answer)]
    tokenizer = nano.train_tokenizer(texts, 1024)
    torch.manual_seed(1)
    torch.set_default_dtype(torch.bfloat16)
    try:
        with torch.device(device):
            model = Qwen2AudioForConditionalGeneration(config_of(sizes, tokenizer))
    finally:
        torch.set_default_dtype(torch.float32)
    positions = model.model.audio_tower.embed_positions.weight
    with torch.no_grad():
        positions.copy_(nano.sinusoids(*positions.shape))
    model.set_attn_implementation("sdpa")
    model.train()
    extractor = WhisperFeatureExtractor(feature_size=128)
    template = nano.CHAT_TEMPLATE
    return model, Qwen2AudioProcessor(feature_extractor=extractor, tokenizer=tokenizer, chat_template=template)


def prepare(model: Any, method: str, layers: int) -> None:
    """Freeze what does not learn."""
    if method == "lora":
        from audio_reasoner.training import lora
        from audio_reasoner.training.recipe import LoraPart, TrainedParts

        lora.wrap(model, LoraPart(dropout=0.0), TrainedParts(tower=False, projector=False), seed=1)
        return
    for weight in model.parameters():
        weight.requires_grad_(False)
    for layer in model.model.language_model.layers[-layers:]:
        layer.float()
        for weight in layer.parameters():
            weight.requires_grad_(True)


def model_flops(sizes: Sizes, rows: list[tuple[int, int, int]], method: str, layers: int, adapters: int) -> float:
    """Model FLOPs of a step (the formula above). `rows`: tokens, answer tokens and conv frames of each sample."""
    h, d = sizes.width, sizes.audio_width
    whole = 0.0
    for tokens, answer, frames in rows:
        products, attention = 2.0 * tokens * sizes.layer, 2.0 * tokens**2 * h
        head = 2.0 * answer * h * sizes.vocabulary
        audio = sizes.audio_layers * (2.0 * frames * (4 * d**2 + 2 * d * sizes.audio_inner) + 4.0 * frames**2 * d)
        audio += 2.0 * frames * (768 * d + 3 * d**2) + 1.0 * frames * d * h
        whole += audio + sizes.layers * (products + attention) + head
        if method == "lora":
            whole += sizes.layers * (products + 2 * attention) + head + 6.0 * adapters * tokens
        else:
            whole += layers * 2 * (products + attention) + head
    return whole


class Gauge:
    """Seconds of steps and the peak of memory, on a GPU or a CPU."""

    def __init__(self, device: str) -> None:
        import torch

        self.cuda = device.startswith("cuda")
        self.times: list[float] = []
        self._then: float | None = None
        if self.cuda:
            torch.cuda.reset_peak_memory_stats()
        else:
            Path("/proc/self/clear_refs").write_text("5")

    def step(self) -> None:
        """A step is over."""
        import torch

        if self.cuda:
            torch.cuda.synchronize()
        now = time.perf_counter()
        if self._then is not None:
            self.times.append(now - self._then)
        self._then = now

    def peak(self) -> float:
        """GiB: allocated on the GPU, resident on a CPU."""
        import torch

        if self.cuda:
            return float(torch.cuda.max_memory_allocated()) / GIB
        status = Path("/proc/self/status").read_text("utf-8").splitlines()
        return next(int(x.split()[1]) for x in status if x.startswith("VmHWM:")) * 1024 / GIB


def checkpointing(model: Any, on: bool) -> None:
    """Compute activations again in the backward pass, or keep them."""
    from audio_reasoner.training.stepper import checkpoint_layers

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # transformers 5 is about to give these another name
        if on:
            checkpoint_layers(model)
        else:
            model.gradient_checkpointing_disable()


def ours(model: Any, processor: Any, asked: list[Sample], wave: list[np.ndarray], device: str, steps: int) -> Any:
    """Our step: pack, loss in chunks, clip, AdamW. Returns the gauge, the first loss."""
    import torch

    from audio_reasoner.models import features
    from audio_reasoner.training.loss import Objective
    from audio_reasoner.training.packing import pack

    units = our_units(asked, wave, processor, shared=False)
    targets = sum(len(s.ids) - s.answer for u in units for s in u.samples)
    mels = [features.log_mel(wave[int(u.clip)]) for u in units]
    learned = [p for p in model.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(learned, lr=1e-5, fused=True)
    objective = Objective(model, chunk=1024)
    gauge, first = Gauge(device), float("nan")
    for number in range(steps + 1):
        batch = pack(units, mels, int(processor.tokenizer.pad_token_id)).to(device)
        with torch.autocast(device.split(":")[0], torch.bfloat16):
            loss, _ = objective(batch)
        (loss / targets).backward()
        torch.nn.utils.clip_grad_norm_(learned, 1.0)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        first = float(loss.detach()) / targets if number == 0 else first
        gauge.step()
    return gauge, first


def plain(
    model: Any, processor: Any, asked: list[Sample], wave: list[np.ndarray], device: str, steps: int, again: bool
) -> Any:
    """transformers' Trainer as it comes. Returns the gauge, the first loss."""
    import torch
    from transformers import PrinterCallback, Trainer, TrainerCallback, TrainingArguments

    made = dict(processor_batch(processor, asked, wave))
    gauge = Gauge(device)

    class Clock(TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, *_: Any, **__: Any) -> None:
            gauge.step()

    class Same(torch.utils.data.Dataset):  # type: ignore[type-arg]
        def __len__(self) -> int:
            return len(asked) * (steps + 1)

        def __getitem__(self, i: int) -> int:
            return i

    with tempfile.TemporaryDirectory() as folder:
        settings = TrainingArguments(
            output_dir=folder,
            max_steps=steps + 1,
            per_device_train_batch_size=len(asked),
            learning_rate=1e-5,
            bf16=True,
            use_cpu=not device.startswith("cuda"),
            gradient_checkpointing=again,
            gradient_checkpointing_kwargs={"use_reentrant": False} if again else None,
            report_to=[],
            save_strategy="no",
            logging_steps=1,
            disable_tqdm=True,
            remove_unused_columns=False,
            dataloader_pin_memory=False,
        )
        # The same batch at every step, made once; Trainer moves it to the device.
        trainer = Trainer(
            model=model,
            args=settings,
            train_dataset=Same(),
            data_collator=lambda _: {k: v.clone() for k, v in made.items()},
            callbacks=[Clock()],
        )
        trainer.remove_callback(PrinterCallback)
        trainer.train()
    losses = [x["loss"] for x in trainer.state.log_history if "loss" in x]
    return gauge, losses[0]


def run_part(args: argparse.Namespace) -> None:
    """One method by one side, in this process: prints a line of JSON per length of clip."""
    import torch

    from audio_reasoner.models.features import conv_frames_of, frames_of

    sizes = TINY if args.tiny else Sizes()
    device = "cpu" if args.tiny else "cuda"
    method, side = args.part
    model, processor = build(sizes, device)
    total = sum(p.numel() for p in model.parameters())
    prepare(model, method, args.layers)
    learned = sum(p.numel() for p in model.parameters() if p.requires_grad)
    for seconds in args.seconds:
        found: dict[str, Any] = {"seconds": seconds, "skipped": "no step of one sample fits, even with checkpointing"}
        for number, again in attempts(args.samples):
            asked, wave = samples(number, 1, args.words), sounds(number, seconds)
            try:
                checkpointing(model, again)
                if side == "ours":
                    gauge, loss = ours(model, processor, asked, wave, device, args.steps)
                else:
                    gauge, loss = plain(model, processor, asked, wave, device, args.steps, again)
            except RuntimeError as error:
                if not lacks_memory(repr(error)):
                    raise
            else:
                units = our_units(asked, wave, processor, shared=False)
                rows = [
                    (len(s.ids), len(s.ids) - s.answer, conv_frames_of(frames_of(len(wave[int(u.clip)]))))
                    for u in units
                    for s in u.samples
                ]
                found = {
                    "seconds": seconds, "samples": number, "checkpointing": again, "step": min(gauge.times),
                    "peak": gauge.peak(), "loss": loss, "tokens": sum(t for t, _, _ in rows),
                    "flops": model_flops(sizes, rows, method, args.layers, learned if method == "lora" else 0),
                }  # fmt: skip
            model.zero_grad(set_to_none=True)
            gc.collect()
            if device == "cuda":
                torch.cuda.empty_cache()
            if "step" in found:
                break
        print(json.dumps(found | {"total": total, "learned": learned}), flush=True)


def lacks_memory(error: str) -> bool:
    """Whether an error says that memory ran out. The libraries of CUDA say it in their own words.

    >>> lacks_memory("RuntimeError: CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`")
    True
    """
    return any(x in error for x in ("OutOfMemoryError", "out of memory", "ALLOC_FAILED"))


def attempts(most: int) -> list[tuple[int, bool]]:
    """Samples a step and whether activations are computed again, in the order in which they are tried.

    >>> attempts(4)
    [(4, False), (4, True), (2, True), (1, True)]
    """
    out, number = [(most, False), (most, True)], most // 2
    while number:
        out.append((number, True))
        number //= 2
    return out


def layers_that_fit(sizes: Sizes, tiny: bool) -> int:
    """Decoder layers whose weights can learn: 16 bytes a weight in what frozen weights and a step leave free."""
    if tiny:
        return sizes.layers // 2
    import torch

    free = torch.cuda.mem_get_info()[0] * 0.95 - 17.5e9 - 14e9
    return max(0, min(sizes.layers, int(free / (16 * sizes.layer))))


def start(own: list[str], until: float, take: Callable[[dict[str, Any]], None]) -> str:
    """A part in a process of its own; `take` gets its lines as they come. Returns why it ended early, or ""."""
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen([sys.executable, __file__, *own], stdout=subprocess.PIPE, stderr=errors, text=True)
        timer = threading.Timer(max(1.0, until - time.monotonic()), process.kill)
        timer.start()
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith('{"seconds"'):
                take(json.loads(line))
        process.wait()
        timer.cancel()
        if process.returncode == 0:
            return ""
        if time.monotonic() >= until:
            return "the minutes are over"
        errors.seek(0)
        said = errors.read().strip().splitlines()
        return said[-1] if said else f"it ended with status {process.returncode}"


def main() -> None:
    """Run all parts within the minutes; print a table and one line of figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, nargs="+", help="lengths of the clips, default 10 3 30; tiny: 1")
    parser.add_argument("--samples", type=int, help="samples a step to try first, default 8; tiny: 2")
    parser.add_argument("--words", type=int, help="sounds a chain lists twice, default 64; tiny: 8")
    parser.add_argument("--steps", type=int, help="measured steps after one to warm up, default 4; tiny: 1")
    parser.add_argument("--minutes", type=float, help="after so many no step begins, default 8; tiny: 90")
    parser.add_argument("--tiny", action="store_true", help="small sizes on the CPU: proves the way, measures nothing")
    parser.add_argument("--part", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--layers", type=int, default=0, help="decoder layers that learn; 0: as many as fit")
    args = parser.parse_args()
    usual = {"seconds": [1.0], "samples": 2, "words": 8, "steps": 1, "minutes": 90.0} if args.tiny else USUAL
    for option, value in usual.items():
        if getattr(args, option) is None:
            setattr(args, option, value)
    if args.part:
        run_part(args)
        return
    import torch

    if not args.tiny and not torch.cuda.is_available():
        raise SystemExit("no CUDA GPU here; --tiny goes the same way on a CPU, in small")
    name = "CPU, tiny sizes" if args.tiny else torch.cuda.get_device_name()
    peak = None if args.tiny else next((p for n, p in PEAKS.items() if n in name), None)
    layers = args.layers or layers_that_fit(TINY if args.tiny else Sizes(), args.tiny)
    until = time.monotonic() + 60 * args.minutes
    print(f"{name}; peak {'unknown' if peak is None else f'{peak / 1e12:.0f} TFLOP/s (dense bfloat16)'}")
    head = ("samples", "again", "tokens", "s/step", "tokens/s", "TFLOP/s", "MFU", "peak GiB", "loss")
    print(f"{'method':12}{'side':9}{'clip':>6}" + "".join(f"{h:>10}" for h in head))
    found: dict[tuple[str, str, float], dict[str, Any]] = {}
    total = 0

    def take(line: dict[str, Any]) -> None:
        nonlocal total
        total = line["total"]
        label = f"layers:{layers}" if method == "layers" else method
        seconds = line["seconds"]
        if "skipped" in line:
            print(f"{label:12}{side:9}{seconds:5g}s  {line['skipped']}", flush=True)
            return
        found[method, side, seconds] = line
        speed = line["flops"] / line["step"]
        used = "–" if peak is None else f"{100 * speed / peak:.1f}%"
        print(
            f"{label:12}{side:9}{seconds:5g}s{line['samples']:10d}{'yes' if line['checkpointing'] else 'no':>10}"
            f"{line['tokens']:10d}{line['step']:10.3f}{line['tokens'] / line['step']:10,.0f}{speed / 1e12:10.2f}"
            f"{used:>10}{line['peak']:10.2f}{line['loss']:10.4f}",
            flush=True,
        )

    for method, side in PARTS:
        for again in (True, True, False):
            own = ["--part", method, side, "--layers", str(layers), "--seconds", *map(str, args.seconds)]
            for option in ("samples", "words", "steps"):
                own += [f"--{option}", str(getattr(args, option))]
            if method == "layers" and layers < 1:
                why = "no decoder layer fits"
            elif time.monotonic() >= until:
                why = "the minutes are over"
            else:
                why = start([*own, *(["--tiny"] if args.tiny else [])], until, take)
            done = any(k[:2] == (method, side) for k in found)
            fewer = again and method == "layers" and side == "ours" and not done and layers > 4
            if fewer and (not why or lacks_memory(why)):
                layers -= 4
                continue
            break
        if why:
            print(f"{method:12}{side:9} skipped: {why}", flush=True)
    told = []
    for method in ("lora", "layers"):
        for seconds in args.seconds:
            pair = [found.get((method, side, seconds)) for side in ("ours", "Trainer")]
            if pair[0] is None:
                continue
            mine, them = pair
            use = "" if peak is None else f" mfu={100 * mine['flops'] / mine['step'] / peak:.1f}%"
            words = f"{method} {seconds:g}s: ours={mine['tokens'] / mine['step']:.0f}tok/s{use} {mine['peak']:.1f}GiB"
            if them is not None:
                speed = them["tokens"] / them["step"]
                words += f" Trainer={speed:.0f}tok/s {them['peak']:.1f}GiB x{mine['tokens'] / mine['step'] / speed:.2f}"
                if mine["samples"] == them["samples"] and abs(mine["loss"] - them["loss"]) > 0.02 * them["loss"]:
                    words += " LOSSES DIFFER"
            told.append(words)
    print(f"gpu_8b device={name!r} weights={total / 1e9:.3f}B layers={layers} " + " | ".join(told))


if __name__ == "__main__":
    main()
