"""How varied, how balanced and how guessable are the grounded teacher's questions and chains?

Claims measured: the commonest sentence skeleton (labels, numbers and quotations masked) stands in at most 2 % of full
chains; blind guesses stay near chance; gold positions are even; the checks accept every chain; speed per clip.

Run: python benchmarks/grounded_variety.py [--chains 10000] [--seed 0]
"""

from __future__ import annotations

import argparse
import re
import time
from collections import Counter
from collections.abc import Callable

from audio_reasoner.checks import check_sample
from audio_reasoner.core.records import Question
from audio_reasoner.grounded import GroundedTeacher
from audio_reasoner.synth import CLASSES, plan_complex

_LABELS = re.compile(
    r"\b(?:a|an|the) (?:sound of )?(?:" + "|".join(CLASSES) + r")\b|\b(?:" + "|".join(CLASSES) + r")\b"
)
_NUMBERS = re.compile(
    r"\b\d+(?:\.\d+)?\b|\b(?:zero|one|two|three|four|five|six|once|twice|first|second|third|fourth|fifth|sixth)\b"
)


def skeletons(text: str) -> set[str]:
    """The sentences of a chain with labels, numbers, option letters and quotations masked."""
    text = re.sub(r'"[^"]*"', "Q", text)
    text = re.sub(r"\([a-d]\)", "(L)", text)
    out = set()
    for line in text.splitlines():
        bare = re.sub(r"^\d+\. ", "", re.sub(r"</?[A-Z]+>", "", line))
        for sentence in re.split(r"(?<=[.?])\s+(?=[A-Z0-9\"(])", bare):
            masked = _NUMBERS.sub("N", _LABELS.sub("X", sentence[:1].lower() + sentence[1:])).strip()
            # The answer itself ("The answer is (b) …") is a fixed form on purpose.
            if len(masked.split()) > 2 and not masked.startswith("the answer is"):
                out.add(masked)
    return out


def by_place(q: Question) -> int:
    """Majority vote per place over the orderings."""
    rows = [o.split(", ") for o in q.options]
    votes = [Counter(r[i] for r in rows if len(r) > i) for i in range(max(map(len, rows)))]
    return max(range(len(rows)), key=lambda k: sum(votes[i][x] for i, x in enumerate(rows[k])))


def common_first(q: Question) -> int:
    """The ordering with the commonest first sound."""
    firsts = Counter(o.split(", ")[0] for o in q.options)
    return max(range(len(q.options)), key=lambda k: firsts[q.options[k].split(", ")[0]])


def rank(k: int) -> Callable[[Question], int]:
    """The k-th smallest number."""
    return lambda q: sorted(range(len(q.options)), key=lambda i: float(re.findall(r"[\d.]+", q.options[i])[0]))[k]


def longest_text(q: Question) -> int:
    """The option with the most characters."""
    return max(range(len(q.options)), key=lambda k: len(q.options[k]))


def main() -> None:
    """Print the tables; the last line holds the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chains", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()

    teacher = GroundedTeacher(style="full", vocabulary=CLASSES, seed=args.seed)
    seen: Counter[str] = Counter()
    words: Counter[int] = Counter()
    questions: list[Question] = []
    chains = clips = rejected = 0
    spent = checked = 0.0
    for clip in plan_complex(args.chains, args.seed):
        if chains >= args.chains:
            break
        clips += 1
        began = time.process_time()
        annotation = teacher.annotate(clip)
        made = [(q, teacher.think(clip, None, annotation, q)) for q in annotation.questions]
        spent += time.process_time() - began
        for question, chain in made:
            chains += 1
            questions.append(question)
            seen.update(skeletons(chain.to_text()))
            words[len(re.sub(r"</?[A-Z]+>", " ", chain.to_text()).split()) // 50 * 50] += 1
            began = time.process_time()
            rejected += check_sample(clip, None, annotation, question, chain).decision != "accepted"
            checked += time.process_time() - began

    print(f"{chains} full chains of {clips} clips; {rejected} rejected by the checks")
    print("\nthe twenty commonest sentence skeletons (share of chains)")
    for skeleton, n in seen.most_common(20):
        print(f"  {n / chains:6.2%}  {skeleton[:110]}")
    print(f"  {len(seen)} different skeletons in all")
    print("\nwords per chain")
    for start in sorted(words):
        print(f"  {start:4d}–{start + 49:<4d} {words[start] / chains:6.1%}")

    four = [q for q in questions if len(q.options) == 4]
    positions = Counter(q.gold_index for q in four)
    yes = Counter(q.gold_text for q in questions if len(q.options) == 2)
    print("\ngold positions", {i: f"{positions[i] / len(four):.1%}" for i in range(4)}, "yes/no", dict(yes))
    print("\nquestions and majority answer")
    for family, n in Counter(q.family for q in questions).most_common():
        top, k = Counter(q.gold_text for q in questions if q.family == family).most_common(1)[0]
        print(f"  {family:9s} {n:6d}   {k / n:6.1%} {top!r}")

    guesses: list[tuple[str, tuple[str, ...], Callable[[Question], int]]] = [
        ("order: vote per place", ("order",), by_place),
        ("order: commonest first sound", ("order",), common_first),
        *((f"count, count_of: number of rank {k + 1}", ("count", "count_of"), rank(k)) for k in range(4)),
        *((f"duration: length of rank {k + 1}", ("duration",), rank(k)) for k in range(4)),
        ("labels: longest option", ("first", "last", "before", "after", "longest", "presence"), longest_text),
    ]
    print("\nblind guesses (chance 25 %)")
    worst = 0.0
    for name, families, guess in guesses:
        pool = [q for q in four if q.family in families]
        if pool:
            rate = sum(guess(q) == q.gold_index for q in pool) / len(pool)
            worst = max(worst, rate)
            print(f"  {rate:6.1%} of {len(pool):5d}  {name}")
    top = seen.most_common(1)[0][1] / chains
    print(
        f"\ntop_skeleton={top:.4f} distinct={len(seen)} rejected={rejected} best_blind={worst:.3f} "
        f"ms_per_clip={spent / clips * 1e3:.2f} ms_per_check={checked / chains * 1e3:.2f}"
    )


if __name__ == "__main__":
    main()
