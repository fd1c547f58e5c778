"""BLEU, chrF and their intervals, from counts kept sentence by sentence.

Decision: sacrebleu defines the numbers (its tokenizers, its smoothing, its signature); the counting is done here, once
per sentence, because the counts are what a bootstrap, a table by length and a paired test all need, and because
sacrebleu counts 100,000 sentences several times more slowly. The tests hold tokens, counts and scores equal to
sacrebleu's on generated and hostile text.

A sentence is a vector of ten numbers, in sacrebleu's order: length of the hypothesis and of the reference, n-grams
that match for n = 1 to 4, n-grams of the hypothesis for n = 1 to 4.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from itertools import chain
from math import exp, log
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    IntArray = NDArray[np.int64]

Tokens = Literal["13a", "zh", "char"]
ORDER = 4
WIDTH = 2 + 2 * ORDER
CHRF_ORDER = 6
_BITS = 10
_CHUNK = 1 << 17
_LOG_ZERO = -9999999999.0
LARGE = 2000
"""From so many clips on, sums over drawn clips are taken as normally distributed (see `interval`)."""

_COMMA_AFTER = re.compile(r"([^0-9])([\.,])")
_COMMA_BEFORE = re.compile(r"([\.,])([^0-9])")
_DASH = re.compile(r"([0-9])(-)")
_ENTITIES = (("&quot;", '"'), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">"))


@cache
def _spaced(chinese: bool) -> dict[int, str]:
    """What `str.translate` puts spaces around: ASCII punctuation, and for Chinese every character sacrebleu splits off.

    The range is asked of sacrebleu itself: by a slip in its table nearly all of U+2001 to U+2A6D counts as Chinese,
    and scores that are to be compared must have that too.
    """
    table = {ord(c): f" {c} " for c in '{|}~[\\]^_` !"#$%&()*+:;<=>?@/'}
    if chinese:
        from sacrebleu.tokenizers.tokenizer_zh import TokenizerZh

        split_off = TokenizerZh._is_chinese_char
        table |= {i: f" {chr(i)} " for i in range(0x80, 0x10000) if split_off(chr(i))}
    return table


def tokenize(line: str, how: Tokens) -> list[str]:
    """The tokens sacrebleu's tokenizer `how` finds, those of a corpus score: white space at the end goes first."""
    line = line.rstrip()
    if how == "char":
        return list("".join(line.split()))
    if how == "zh":
        line = line.strip()
    else:
        line = line.replace("<skipped>", "").replace("-\n", "").replace("\n", " ")
        if "&" in line:
            for entity, char in _ENTITIES:
                line = line.replace(entity, char)
        line = f" {line} "
    line = line.translate(_spaced(how == "zh"))
    if "." in line or "," in line:
        # Functions, because a template is expanded by a slow path up to Python 3.11.
        line = _COMMA_AFTER.sub(lambda m: f"{m[1]} {m[2]} ", line)
        line = _COMMA_BEFORE.sub(lambda m: f" {m[1]} {m[2]}", line)
    if "-" in line:
        line = _DASH.sub(r"\1 \2 ", line)
    return line.split()


def _matches(hyp: list[Any], ref: list[Any]) -> int:
    """How many n-grams are in both, each as often as in the one that has fewer."""
    said = set(hyp)
    if len(said) == len(hyp):
        return len(said.intersection(ref))
    asked = set(ref)
    both = said & asked
    if not both or len(asked) == len(ref):
        return len(both)
    have, want = Counter(hyp), Counter(ref)
    return sum([min(have[g], want[g]) for g in both])


def _grams(tokens: Sequence[str], n: int) -> list[Any]:
    if n == 1:
        return list(tokens)
    return list(zip(*(tokens[i:] for i in range(n)), strict=False))


def counts(hyp: Sequence[str], ref: Sequence[str]) -> list[int]:
    """The vector of a sentence pair given as tokens.

    >>> counts("the cat sat".split(), "the cat is here".split())
    [3, 4, 2, 1, 0, 0, 3, 2, 1, 0]
    """
    found = [len(hyp), len(ref)]
    alive = True
    for n in range(1, ORDER + 1):
        # Without a common bigram there is no common trigram.
        match = _matches(_grams(hyp, n), _grams(ref, n)) if alive and min(len(hyp), len(ref)) >= n else 0
        alive = match > 0
        found.append(match)
    return found + [max(0, len(hyp) - n) for n in range(ORDER)]


def count_all(hyps: Sequence[Sequence[str]], refs: Sequence[Sequence[str]]) -> IntArray:
    """`counts` of many pairs at once, [pairs, 10]: two to four times as fast, because sorting numbers is.

    A token becomes its number within its sentence, an n-gram one whole number (sentence and tokens side by side, ten
    bits a token). A sentence of more different tokens than fit is counted by itself.
    """
    import numpy as np

    parts = [_count_chunk(hyps[at : at + _CHUNK], refs[at : at + _CHUNK]) for at in range(0, len(hyps), _CHUNK)]
    return np.concatenate(parts) if parts else np.zeros((0, WIDTH), dtype=np.int64)


def _count_chunk(hyps: Sequence[Sequence[str]], refs: Sequence[Sequence[str]]) -> IntArray:
    import numpy as np

    large = [i for i, (h, r) in enumerate(zip(hyps, refs, strict=True)) if len(h) + len(r) > 1 << _BITS]
    if large:
        apart = set(large)
        found = _count_chunk(
            [() if i in apart else h for i, h in enumerate(hyps)], [() if i in apart else r for i, r in enumerate(refs)]
        )
        for i in large:
            found[i] = counts(hyps[i], refs[i])
        return found
    numbers: dict[str, int] = {}
    h_len, h, h_of = _numbered(hyps, numbers)
    r_len, r, r_of = _numbered(refs, numbers)
    n, width = len(hyps), max(1, len(numbers))
    found = np.zeros((n, WIDTH), dtype=np.int64)
    found[:, 0], found[:, 1] = h_len, r_len
    for k in range(ORDER):
        found[:, 2 + ORDER + k] = np.maximum(0, h_len - k)
    # Order 1 gives the numbers within the sentence as well: the place among the sentence's different tokens.
    seen, place = np.unique(np.concatenate([h_of * width + h, r_of * width + r]), return_inverse=True)
    owner = seen // width
    both = np.minimum(
        np.bincount(place[: len(h)], minlength=len(seen)), np.bincount(place[len(h) :], minlength=len(seen))
    )
    found[:, 2] = np.bincount(owner, weights=both, minlength=n)
    first = np.searchsorted(owner, np.arange(n))
    h, r = place[: len(h)] - first[h_of], place[len(h) :] - first[r_of]
    h_key, r_key = (h_of << _BITS) | h, (r_of << _BITS) | r
    for k in range(1, ORDER):
        h_key = (h_key[: max(0, len(h) - k)] << _BITS) | h[k:]
        r_key = (r_key[: max(0, len(r) - k)] << _BITS) | r[k:]
        # Two neighbours of different sentences are no n-gram.
        h_seen, h_n = np.unique(h_key[h_of[: len(h_key)] == h_of[k:]], return_counts=True)
        r_seen, r_n = np.unique(r_key[r_of[: len(r_key)] == r_of[k:]], return_counts=True)
        if not len(h_seen) or not len(r_seen):
            break
        at = np.minimum(np.searchsorted(r_seen, h_seen), len(r_seen) - 1)
        hit = r_seen[at] == h_seen
        owner = h_seen[hit] >> (_BITS * (k + 1))
        found[:, 2 + k] = np.bincount(owner, weights=np.minimum(h_n[hit], r_n[at[hit]]), minlength=n)
    return found


def _numbered(sentences: Sequence[Sequence[str]], numbers: dict[str, int]) -> tuple[IntArray, IntArray, IntArray]:
    """(lengths, all tokens as numbers, the sentence of each); new tokens get new numbers."""
    import numpy as np

    lengths = np.fromiter(map(len, sentences), dtype=np.int64, count=len(sentences))
    for token in dict.fromkeys(chain.from_iterable(sentences)):
        numbers.setdefault(token, len(numbers))
    flat = np.fromiter(
        map(numbers.__getitem__, chain.from_iterable(sentences)), dtype=np.int64, count=int(lengths.sum())
    )
    return lengths, flat, np.repeat(np.arange(len(sentences)), lengths)


def chrf_counts(hyp: str, ref: str) -> list[int]:
    """For n = 1 to 6 (hypothesis, reference, match) of character n-grams without white space."""
    h, r = "".join(hyp.split()), "".join(ref.split())
    found: list[int] = []
    for n in range(1, CHRF_ORDER + 1):
        hyp_grams = [h[i : i + n] for i in range(len(h) - n + 1)]
        ref_grams = [r[i : i + n] for i in range(len(r) - n + 1)]
        # Where the reference has none, sacrebleu does not count the hypothesis's either.
        found += [len(hyp_grams) if ref_grams else 0, len(ref_grams), _matches(hyp_grams, ref_grams)]
    return found


def precisions(sums: Sequence[float], order: int = ORDER, sentence: bool = False) -> list[float]:
    """The n-gram precisions (0..100), without brevity penalty; exponential smoothing as in sacrebleu's `precisions`.

    An order for which the hypotheses have no n-gram at all stays 0; with `sentence` it and those above are left out.
    """
    found = [0.0] * order
    if not any(sums[2 : 2 + order]):
        return found
    smooth = 1.0
    for n in range(order):
        correct, total = sums[2 + n], sums[2 + ORDER + n]
        if total <= 0:
            return found[:n] if sentence else found
        if correct > 0:
            found[n] = 100.0 * correct / total
        else:
            smooth *= 2
            found[n] = 100.0 / (smooth * total)
    return found


def bleu(sums: Sequence[float], order: int = ORDER, sentence: bool = False) -> float:
    """BLEU (0..100) of summed vectors: cumulative up to `order`, sacrebleu's defaults (exponential smoothing).

    Args:
        sums: a vector, or the sum of several.
        order: longest n-gram; BLEU-1..4.
        sentence: for one sentence: only the orders the hypothesis is long enough for (`effective_order`).
    """
    if not any(sums[2 : 2 + order]):
        return 0.0
    found = precisions(sums, order, sentence)
    penalty = exp(1 - sums[1] / sums[0]) if sums[0] < sums[1] else 1.0
    # An order without any n-gram makes the mean, taken as sacrebleu takes it, all but zero.
    return penalty * exp(sum([log(p) if p else _LOG_ZERO for p in found]) / len(found))


def chrf(sums: Sequence[float], beta: int = 2) -> float:
    """chrF2 (0..100) of summed `chrf_counts`, as sacrebleu computes it."""
    precision = recall = 0.0
    orders = 0
    for i in range(CHRF_ORDER):
        hyp, ref, match = sums[3 * i : 3 * i + 3]
        if hyp > 0 and ref > 0:
            precision += match / hyp
            recall += match / ref
            orders += 1
    if not orders or not precision + recall:
        return 0.0
    precision, recall = precision / orders, recall / orders
    return 100 * (1 + beta**2) * precision * recall / (beta**2 * precision + recall)


def signature(how: Tokens) -> str:
    """sacrebleu's own signature of the score, with its version."""
    from sacrebleu.metrics import BLEU

    metric = BLEU(tokenize=how)
    metric.corpus_score(["a b c d"], [["a b c d"]])
    return str(metric.get_signature())


def interval(vectors: Any, statistic: Callable[[Any], float], seed: int = 0) -> tuple[float, float] | None:
    """The 95 % bootstrap interval over clips of a statistic of summed vectors; None with fewer than two clips.

    From `LARGE` clips on the sum over drawn clips is normal to within what 2,000 rounds can tell, so it is drawn from
    the normal distribution with the same mean and covariance: 100,000 clips take milliseconds instead of seconds.

    Args:
        vectors: an array of one row per clip.
        statistic: from a summed vector to the number.
        seed: of the draws.
    """
    from audio_reasoner.evaluation.statistics import ROUNDS, bootstrap_statistic

    if len(vectors) < 2:
        return None
    if len(vectors) < LARGE:
        return bootstrap_statistic(vectors, lambda sums: statistic(sums.tolist()), seed=seed)
    import numpy as np

    held = np.asarray(vectors, dtype=np.float64)
    draws = np.random.default_rng(seed).multivariate_normal(
        held.sum(axis=0),
        np.cov(held, rowvar=False, bias=True) * len(held),
        size=ROUNDS,
        method="eigh",
        # Counts hang together (bigrams are one fewer than words), so some eigenvalues are 0, or a rounding error below.
        check_valid="ignore",
    )
    low, high = np.quantile([statistic(d) for d in np.maximum(draws, 0).tolist()], [0.025, 0.975])
    return float(low), float(high)
