"""What does it cost to keep an answer within the format? Processor time per token, with and without, in one run.

Two measurements. The first decodes with a small model (random weights, so that it never ends by itself), the same
number of tokens free and constrained, by turns. The second takes the model away: tokens are chosen from given random
log probabilities over a vocabulary of the size of released models (151,936 outputs; words of random syllables, tags in
several pieces), free and constrained, again by turns; what is built once per model, or when a chain first comes to a
place in the form, is reported apart. Chains are sampled, because a greedy babbler says the same for ever.

    python benchmarks/constrain_cost.py [--tokens 200] [--rounds 3]
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
    words = [*"etaoinshrdlucmfwypvbgkTCPRSAINGOE", "Ġ", *"éåäö"]  # those short enough to be joined again

    def join(a: str, b: str) -> None:
        if a + b not in vocab:
            vocab[a + b] = len(vocab)
            merges.append((a, b))
            if len(a + b) <= 6:
                words.append(a + b)

    for a, b in (("<", "/"), (".", "<"), (">", "Ċ"), (">", "I"), (">", "("), (".", "</"), (")", "</"), ("Ġ", "<")):
        if a in vocab and b in vocab:
            join(a, b)
    while len(vocab) < size:
        join(words[int(rng.random() * len(words))], words[int(rng.random() * len(words))])
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


def choosing(tokens: int, rounds: int) -> tuple[float, float, float, float, int]:
    """Choosing among `OUTPUTS`: microseconds per token free and constrained, where every state was seen before; seconds
    of what is built once per model; seconds that the first chains took more, and how many states they met.
    """
    vocabulary = Vocabulary(large_tokenizer(OUTPUTS - 2_000, seed=2))
    begun = time.process_time()
    formats = Formats(vocabulary, OUTPUTS)
    grammar = formats.grammar()
    built = time.process_time() - begun
    logprobs = torch.log_softmax(torch.randn(ROWS, OUTPUTS, generator=torch.Generator().manual_seed(3)) * 3, dim=-1)

    def chain(number: int, constrain: bool) -> tuple[int, float]:
        guide = FormatGuide(grammar, tokens) if constrain else None
        prompt = Prompt([1], (), guide, Sampling(1.0, 1.0, 0), random.Random(number))
        made = 0
        begun = time.process_time()
        while made < tokens and not (guide is not None and guide.over):
            (token,), _ = _choose(logprobs[made % ROWS][None], [prompt])
            if guide is not None:
                guide.take(token)
            made += 1
        return made, time.process_time() - begun

    chain(0, False)  # warms up
    free, kept, first = [], [], 0.0
    for number in range(rounds):
        made, spent = chain(number, False)
        free.append(spent / made)
        _, met = chain(number, True)
        made, again = chain(number, True)
        kept.append(again / made)
        first += met - again
    states = len(grammar.classes.sets) + len(grammar._sets)
    return statistics.median(free) * 1e6, statistics.median(kept) * 1e6, built, first, states


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tokens", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    torch.set_num_threads(1)
    free, kept = map(statistics.median, whole_model(args.tokens, args.rounds))
    quick, slow, built, first, states = choosing(args.tokens, args.rounds)
    print(
        f"small model: {free:.2f} ms per token free, {kept:.2f} ms constrained ({(kept / free - 1) * 100:+.1f} %); "
        f"choosing among {OUTPUTS} outputs: {quick:.0f} µs free, {slow:.0f} µs constrained; once per model: "
        f"{built:.2f} s, and {first:.2f} s in the first {args.rounds} chains, which met {states} states"
    )


if __name__ == "__main__":
    main()
