"""What does it cost to keep an answer within the format? Processor time per token, with and without, in one run.

Two measurements. The first decodes with a small model (random weights, so that it never ends by itself), the same
number of tokens free and constrained, by turns. The second takes the model away: tokens are chosen from given random
log probabilities over a vocabulary of the size of released models (151,936 outputs; words of random syllables, tags in
several pieces), free and constrained, again by turns; what is built once per model is reported apart. Chains are
sampled, because a greedy babbler says the same for ever.

    python benchmarks/constrain_cost.py [--tokens 100] [--rounds 3]
"""

from __future__ import annotations

import argparse
import random
import statistics
import time

import numpy as np
import torch

from audio_reasoner.inference import Reasoner, Sampling
from audio_reasoner.inference.constrain import FormatGuide, Formats
from audio_reasoner.inference.generate import Prompt, _choose
from audio_reasoner.inference.prefix import Vocabulary
from audio_reasoner.models import nano

OUTPUTS = 151_936
ROWS = 16
TEXT = "<THINK>\n<PLANNING>List the sounds.</PLANNING>\n<CAPTION>1 dog, 2 bell.</CAPTION>"


def large_tokenizer(size: int, seed: int) -> object:
    """A byte-level tokenizer of `size` tokens: every one but the bytes is a pair of others, as in any BPE."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    rng = random.Random(seed)
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocab = {c: i for i, c in enumerate(letters)}
    merges: list[tuple[str, str]] = []
    words = [*"etaoinshrdlucmfwypvbgkTCPRSAINGOE", "Ġ", *"éåäö"]

    def join(a: str, b: str) -> None:
        if a + b not in vocab and len(a + b) <= 16:
            vocab[a + b] = len(vocab)
            merges.append((a, b))
            words.append(a + b)

    for a, b in (("<", "/"), (".", "<"), (">", "Ċ"), (">", "I"), (">", "("), (".", "</"), (")", "</"), ("Ġ", "<")):
        if a in vocab and b in vocab:
            join(a, b)
    while len(vocab) < size:
        join(rng.choice(words), words[rng.randrange(len(words) // 2 + 30) % len(words)])
    backend = Tokenizer(models.BPE(vocab=vocab, merges=merges))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(tokenizer_object=backend, eos_token="<|im_end|>")


def whole_model(tokens: int, rounds: int) -> tuple[list[float], list[float]]:
    """Milliseconds per token of a small model's decoding, free and constrained."""
    loaded = nano.create(nano.NanoSizes(), [TEXT] * 4, seed=1)
    with torch.no_grad():
        loaded.model.lm_head.weight.normal_(0.0, 0.2, generator=torch.Generator().manual_seed(1))
    loaded.model.eval()
    reasoner = Reasoner(loaded.model, loaded.processor)
    audio = (np.random.default_rng(0).standard_normal(16_000) * 0.1).astype(np.float32)
    sides: tuple[list[float], list[float]] = ([], [])
    for round_number in range(rounds + 1):
        for side, constrain in enumerate((False, True)):
            sampling = Sampling(1.0, 1.0, round_number)
            begun = time.process_time()
            answer = reasoner.ask(audio, "Which?", ["dog", "bell"], tokens, sampling=sampling, constrain=constrain)
            spent = time.process_time() - begun
            if round_number:  # the first round warms up
                sides[side].append(spent * 1000 / answer.tokens)
    return sides


def choosing(tokens: int, rounds: int) -> tuple[list[float], list[float], float, float]:
    """Microseconds per token of choosing among `OUTPUTS`, free and constrained; seconds of what is built once."""
    vocabulary = Vocabulary(large_tokenizer(OUTPUTS - 2_000, seed=2))
    begun = time.process_time()
    formats = Formats(vocabulary, OUTPUTS)
    grammar = formats.grammar()
    built = time.process_time() - begun
    logprobs = torch.log_softmax(torch.randn(ROWS, OUTPUTS, generator=torch.Generator().manual_seed(3)) * 3, dim=-1)
    sides: tuple[list[float], list[float]] = ([], [])
    first = 0.0
    for round_number in range(rounds + 1):
        for side in (0, 1):
            drawn = random.Random(round_number)
            guide = FormatGuide(grammar, tokens) if side else None
            prompt = Prompt([1], (), guide, Sampling(1.0, 1.0, 0), drawn)
            made = 0
            begun = time.process_time()
            while made < tokens and not (guide is not None and guide.over):
                (token,), _ = _choose(logprobs[made % ROWS][None], [prompt])
                if guide is not None:
                    guide.take(token)
                made += 1
            spent = time.process_time() - begun
            if round_number:
                sides[side].append(spent * 1e6 / made)
            elif side:
                first = spent
    return *sides, built, first - statistics.median(sides[1]) * made / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tokens", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    torch.set_num_threads(1)
    free, kept = map(statistics.median, whole_model(args.tokens, args.rounds))
    one, other, built, first = choosing(args.tokens, args.rounds)
    quick, slow = statistics.median(one), statistics.median(other)
    print(
        f"small model: {free:.2f} ms per token free, {kept:.2f} ms constrained ({(kept / free - 1) * 100:+.1f} %); "
        f"choosing among {OUTPUTS} outputs: {quick:.0f} µs free, {slow:.0f} µs constrained; built once per model: "
        f"{built:.2f} s, and {first:.2f} s more in the first chain"
    )


if __name__ == "__main__":
    main()
