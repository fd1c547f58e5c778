"""Can the grounded teacher's questions about made clips be answered without hearing them?

Claim: over 10,000 questions, five-fold and grouped by clip (recipe), a text classifier and simple rules stay within 3
points of the best constant guess over all questions and within 5 in every family of 1,000 or more.

The classifier is a conditional logistic regression over a question's options: hashed words and letter groups of the
option, of option and question together, and where the option stands among the others (length, number, alphabet,
likeness). It is fitted at three strengths of regularisation; the best of them counts, and the rules of
`evaluation.fair` are judged as well. `learned` picks the option that was right most often when it was offered in the
other folds, `commonest` the one that was right most often.

    python benchmarks/no_leak.py [--questions 24000] [--seed 0] [--kinds temporal,composite,dialogue,music]
    python benchmarks/no_leak.py --kinds lists
    python benchmarks/no_leak.py --runs RUN [RUN ...]

Without --runs clips are planned here: scenes and music as `synth` plans them; dialogues with the embedded writer and
turns as long as their words take, because a question cannot know more than that. Exit code 1: the questions leak.
"""

from __future__ import annotations

import argparse
import itertools
import re
import sys
import time
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from audio_reasoner.core import ids
from audio_reasoner.core.errors import TeacherError
from audio_reasoner.core.records import AudioRef, Clip, Event, Fact, Question, Timeline
from audio_reasoner.evaluation.fair import RULES
from audio_reasoner.grounded import GroundedTeacher, words_of_clip
from audio_reasoner.synth.scripts.script import Script

FOLDS = 5
BITS = 17
STRENGTHS = (0.5, 4.0, 32.0)
OVER_ALL, IN_FAMILY, LEAST = 3.0, 5.0, 1000
RATE = 16_000
KINDS = ("temporal", "composite", "dialogue", "music")
LISTS = "lists"


@dataclass(frozen=True)
class Asked:
    """A question and the fold that its clip falls into; `sort` is family and number of options."""

    question: Question
    fold: int
    kind: str


# --- clips


def dialogues(n: int, seed: int) -> Iterator[Clip]:
    """Dialogues of the embedded writer."""
    from audio_reasoner.synth.scripts.writer import write_embedded

    return spoken(write_embedded(n, seed), seed)


def lists(n: int, seed: int) -> Iterator[Clip]:
    """Spoken lists as `synth lists` writes them."""
    from audio_reasoner.synth.scripts.lists import write_lists

    return spoken(write_lists(n, seed, turns=(1, 5), speakers=(1, 4), sorts=("digits", "names")), seed)


def spoken(scripts: Iterable[Script], seed: int) -> Iterator[Clip]:
    """Clips of scripts; a turn lasts as long as its words take."""
    from audio_reasoner.synth.dialogue import starts_of
    from audio_reasoner.synth.scripts.script import LIST

    styles = ("neutral", "calm", "lively", "low", "loud", "fast", "slow")
    for i, script in enumerate(scripts):
        rng = np.random.default_rng(ids.derive_seed(seed, "no-leak/dialogue", i))
        lengths = [int(RATE * (0.3 + 0.33 * len(x.text.split()) * rng.uniform(0.8, 1.25))) for x in script.lines]
        starts = [RATE // 3 + s for s in starts_of(script, lengths, rng, 0.5)]
        events = tuple(
            Event(start=s, end=s + k, label="speech", speaker=f"s{x.speaker}", text=x.text, style=x.prosody)
            for x, s, k in zip(script.lines, starts, lengths, strict=True)
            if x.prosody in styles
        )
        facts = script.facts
        if not any(f.kind in ("scenario", LIST) for f in facts):
            facts = (Fact(kind="scenario", value=script.scenario), *facts)
        length = max(e.end for e in events) + RATE // 3
        recipe = {"no-leak": i, "seed": seed}
        clip_id = ids.clip_id("no-leak", f"{seed}/{i}", 0, None)
        yield Clip(
            clip_id=clip_id, source="no-leak", source_id=f"{seed}/{i}", audio=AudioRef(recipe=recipe), group=clip_id,
            content_key=ids.content_key_of_recipe(recipe), duration_s=length / RATE, domains=("speech",),
            language=script.language,
            timeline=Timeline(sample_rate=RATE, length=length, events=events, facts=facts),
        )  # fmt: skip


def planned(kind: str, n: int, seed: int) -> Iterator[Clip]:
    """Clips of one kind."""
    from audio_reasoner.synth import plan_complex
    from audio_reasoner.synth.music.music import plan_music

    if kind == "dialogue":
        return dialogues(n, seed)
    if kind == LISTS:
        return lists(n, seed)
    if kind == "music":
        return plan_music(n, seed)
    return plan_complex(n, seed, kind=kind, crossfade_probability=0.3 if kind == "temporal" else 0.0)


def ask(clips: Sequence[Clip], kind: str, seed: int, per_clip: int = 3) -> list[Asked]:
    """The teacher's questions about clips that are one run, with the run's own vocabulary."""
    from audio_reasoner.cota.plan import WORDS_PER_KIND

    by_kind: defaultdict[str, set[str]] = defaultdict(set)
    for clip in clips:
        for word in words_of_clip(clip):
            by_kind[word.partition(": ")[0] if ": " in word else ""].add(word)
    # A build keeps so many entries of each kind.
    vocabulary: list[str] = []
    for k, found in by_kind.items():
        some = sorted(found, key=lambda word: zlib.crc32(word.encode("utf-8")))
        vocabulary += some[:WORDS_PER_KIND] if k else some
    teacher = GroundedTeacher(
        style="brief", vocabulary=tuple(sorted(vocabulary)), seed=seed, questions_per_clip=per_clip
    )
    out = []
    for clip in clips:
        try:
            questions = teacher.annotate(clip).questions
        except TeacherError:
            continue
        fold = zlib.crc32(clip.content_key.encode()) % FOLDS
        out += [Asked(q, fold, kind) for q in questions if q.options]
    return out


# --- guesses


def _hash(text: str) -> int:
    return zlib.crc32(text.encode("utf-8")) & ((1 << BITS) - 1)


_WORD = re.compile(r"\w+")


def features(q: Question, i: int) -> list[int]:
    """Numbers of what a reader of option `i` can see."""
    o, others = q.options[i], q.options
    sort = f"{q.family}/{len(others)}"
    words = _WORD.findall(o.casefold())
    asked = Counter(_WORD.findall(q.text.casefold()))
    found = [f"o={o}", f"{sort}|o={o}", f"n={len(others)}|place={i}", f"{sort}|place={i}"]
    found += [f"w={w}" for w in words] + [f"{sort}|w={w}" for w in words]
    found += [f"2={a}_{b}" for a, b in itertools.pairwise(words)]
    found += [f"{sort}|first={words[0] if words else ''}", f"{sort}|last={words[-1] if words else ''}"]
    text = f" {o.casefold()} "
    found += [f"3={text[k : k + 3]}" for k in range(len(text) - 2)]
    found += [f"4={text[k : k + 4]}" for k in range(len(text) - 3)]
    found += [f"{a}~{w}" for a in asked for w in dict.fromkeys(words[:6])] + [f"{a}~o={o}" for a in asked]
    found += [f"said={sum(w in asked for w in words)}", f"{sort}|said={sum(w in asked for w in words)}"]
    lengths = sorted(len(x) for x in others)
    found += [f"{sort}|long={lengths.index(len(o))}", f"long={lengths.index(len(o))}"]
    found += [f"{sort}|long<={len(others) - 1 - lengths[::-1].index(len(o))}", f"{sort}|abc={sorted(others).index(o)}"]
    numbers = [re.findall(r"\d+(?:\.\d+)?", x) for x in others]
    if all(len(x) == 1 for x in numbers):
        values = sorted(float(x[0]) for x in numbers)
        rank = values.index(float(numbers[i][0]))
        found += [f"{sort}|rank={rank}", f"{sort}|set={values}|rank={rank}", f"{sort}|v={values[rank]}"]
    items = [re.split(r"; |, | and ", x) for x in others]
    same = [sum(a == b for other in items for a, b in zip(one, other, strict=False)) for one in items]
    sharing = [sum(a in other for other in items for a in one) for one in items]
    for name, value in (("same", same), ("sharing", sharing), ("kinds", [len(set(x)) for x in items])):
        below, upto = sum(v < value[i] for v in value), sum(v <= value[i] for v in value)
        found += [f"{sort}|{name}={below}", f"{sort}|{name}<={upto}"]
    offered = sorted(x for x in others if x != o)
    found += [f"{sort}|{o}>{x}" for x in offered]
    return [_hash(x) for x in dict.fromkeys(found)]


class Table:
    """All options of all questions as one sparse matrix; `start` is where each question's options begin."""

    def __init__(self, asked: Sequence[Asked]) -> None:
        rows, lengths = [], []
        for a in asked:
            rows += [features(a.question, i) for i in range(len(a.question.options))]
            lengths.append(len(a.question.options))
        ends = np.cumsum([len(r) for r in rows])
        columns = np.fromiter((c for r in rows for c in r), dtype=np.int32, count=int(ends[-1]))
        values = np.repeat([1.0 / np.sqrt(len(r)) for r in rows], [len(r) for r in rows])
        self.x = csr_matrix((values, columns, np.concatenate([[0], ends])), shape=(len(rows), 1 << BITS))
        self.x.sum_duplicates()
        self.lengths = np.array(lengths)
        self.start = np.concatenate([[0], np.cumsum(lengths)])
        self.gold = np.array([a.question.gold_index for a in asked])
        self.fold = np.array([a.fold for a in asked])

    def rows(self, chosen: np.ndarray) -> np.ndarray:
        """The matrix rows of some questions."""
        return np.concatenate([np.arange(self.start[i], self.start[i + 1]) for i in chosen])

    def predict(self, strength: float) -> np.ndarray:
        """For each question the option that a model fitted on the other folds prefers."""
        out = np.zeros(len(self.lengths), dtype=int)
        for fold in range(FOLDS):
            train, test = np.flatnonzero(self.fold != fold), np.flatnonzero(self.fold == fold)
            if not len(train) or not len(test):
                continue
            x, lengths = self.x[self.rows(train)], self.lengths[train]
            used = np.unique(x.indices)  # the other columns stay at zero
            x = x[:, used]
            at = np.concatenate([[0], np.cumsum(lengths)])[:-1]
            right = np.zeros(x.shape[0])
            right[at + self.gold[train]] = 1.0

            def loss(w: np.ndarray, x=x, at=at, lengths=lengths, right=right) -> tuple[float, np.ndarray]:
                s = x @ w
                s -= np.repeat(np.maximum.reduceat(s, at), lengths)
                e = np.exp(s)
                total = np.add.reduceat(e, at)
                p = e / np.repeat(total, lengths)
                value = float(np.log(total).sum() - s @ right + 0.5 * strength * (w @ w))
                return value, x.T @ (p - right) + strength * w

            w = minimize(loss, np.zeros(len(used)), jac=True, method="L-BFGS-B", options={"maxiter": 60}).x
            s = self.x[self.rows(test)][:, used] @ w
            ends = np.cumsum(self.lengths[test])
            for i, a, b in zip(test, np.concatenate([[0], ends[:-1]]), ends, strict=True):
                out[i] = int(np.argmax(s[a:b]))
        return out


def _share(values: Sequence[float], gold: int) -> float:
    best = [i for i, v in enumerate(values) if v == max(values)]
    return 1.0 / len(best) if gold in best else 0.0


def middle(q: Question) -> list[float]:
    """A preference for the numbers in the middle."""
    found = [re.findall(r"\d+(?:\.\d+)?", x) for x in q.options]
    if not all(len(x) == 1 for x in found):
        return [0.0] * len(q.options)
    values = [float(x[0]) for x in found]
    return [-abs(sorted(values).index(v) - (len(values) - 1) / 2) for v in values]


def guesses(asked: Sequence[Asked]) -> dict[str, np.ndarray]:
    """For every rule how much of each question it wins, 0 to 1."""
    rules: dict[str, Callable[[Question], Sequence[float]]] = {
        name: (lambda q, rule=rule: rule(q.text, q.options)) for name, rule in RULES.items()
    }
    rules["the middle number"] = middle
    out = {}
    for name, rule in rules.items():
        # One that prefers nothing wins its share of chance.
        out[name] = np.array([_share(rule(a.question), a.question.gold_index or 0) for a in asked])
    out["commonest"], out["learned"] = _counted(asked)
    return out


def _counted(asked: Sequence[Asked]) -> tuple[np.ndarray, np.ndarray]:
    """Two guessers that know the other folds: the option right most often; the one most often right when offered."""
    right: list[Counter[tuple[str, str]]] = [Counter() for _ in range(FOLDS)]
    seen: list[Counter[tuple[str, str]]] = [Counter() for _ in range(FOLDS)]
    for a in asked:
        key = f"{a.question.family}/{len(a.question.options)}"
        right[a.fold][key, a.question.gold_text] += 1
        seen[a.fold].update((key, o) for o in a.question.options)
    all_right, all_seen = sum(right, Counter()), sum(seen, Counter())
    common, learned = [], []
    for a in asked:
        key = f"{a.question.family}/{len(a.question.options)}"
        k = len(a.question.options)
        r = [all_right[key, o] - right[a.fold][key, o] for o in a.question.options]
        s = [all_seen[key, o] - seen[a.fold][key, o] for o in a.question.options]
        common.append(_share(r, a.question.gold_index or 0))
        learned.append(_share([(x + 1) / (y + k) for x, y in zip(r, s, strict=True)], a.question.gold_index or 0))
    return np.array(common), np.array(learned)


def constant(asked: Sequence[Asked]) -> float:
    """The better of one place and one text, always."""
    places = Counter(a.question.gold_index for a in asked)
    texts = Counter(a.question.gold_text.casefold() for a in asked)
    return max(max(places.values()), max(texts.values())) / len(asked)


@dataclass(frozen=True)
class Line:
    """What blind guesses win in a family (or over all), as shares; `excess` in points over the best constant guess."""

    name: str
    n: int
    chance: float
    constant: float
    classifier: float
    rules: dict[str, float]

    @property
    def best_rule(self) -> tuple[str, float]:
        """The rule that wins most."""
        return max(self.rules.items(), key=lambda x: x[1])

    @property
    def excess(self) -> float:
        """By how many points the best guess is better than the best constant one."""
        return 100.0 * (max(self.classifier, self.best_rule[1]) - self.constant)

    @property
    def bound(self) -> float | None:
        """The most points allowed; None for a family too small to judge."""
        return OVER_ALL if self.name == "all" else IN_FAMILY if self.n >= LEAST else None

    @property
    def leaks(self) -> bool:
        """Whether the bound is broken."""
        return self.bound is not None and self.excess > self.bound


def measure(asked: Sequence[Asked], progress: Callable[[str], None] = lambda _: None) -> list[Line]:
    """The table: all questions first, then families by size."""
    progress("features")
    table = Table(asked)
    hits = []
    for strength in STRENGTHS:
        progress(f"classifier, strength {strength:g}")
        hits.append(table.predict(strength) == table.gold)
    progress("rules")
    rules = guesses(asked)
    chance = np.array([1.0 / len(a.question.options) for a in asked])
    families = Counter(a.question.family for a in asked)
    out = []
    for name in ("all", *(f for f, _ in families.most_common())):
        mask = np.array([name in ("all", a.question.family) for a in asked])
        out.append(
            Line(
                name=name,
                n=int(mask.sum()),
                chance=float(chance[mask].mean()),
                constant=constant([a for a, m in zip(asked, mask, strict=True) if m]),
                classifier=max(float(h[mask].mean()) for h in hits),
                rules={rule: float(won[mask].mean()) for rule, won in rules.items()},
            )
        )
    return out


def show(lines: Iterable[Line]) -> None:
    """Print the table."""
    print(
        f"{'family':16s} {'n':>6s} {'chance':>7s} {'constant':>8s} {'longest':>8s} {'middle':>7s} {'commonest':>9s} "
        f"{'learned':>8s} {'classifier':>10s}  best other rule"
    )
    for x in lines:
        named = ("the longest option", "the middle number", "commonest", "learned")
        rest = {k: v for k, v in x.rules.items() if k not in named}
        other = max(rest, key=lambda k: rest[k])
        verdict = "small" if x.bound is None else "LEAKS" if x.leaks else "ok"
        cells = " ".join(f"{x.rules[k]:{w}.1%}" for k, w in zip(named, (8, 7, 9, 8), strict=True))
        print(
            f"{x.name:16s} {x.n:6d} {x.chance:7.1%} {x.constant:8.1%} {cells} {x.classifier:10.1%}  "
            f"{rest[other]:.1%} {other}  {x.excess:+.1f} {verdict}"
        )


def main() -> int:
    """Ask, guess, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=24_000, help="least number of questions, if planned here")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--kinds", default=",".join(KINDS), help=f"of {', '.join((*KINDS, LISTS))}; default: the first four"
    )
    parser.add_argument("--per-clip", type=int, default=3, help="questions per clip, as in a build")
    parser.add_argument("--runs", type=Path, nargs="+", help="runs to read instead of planning clips")
    args = parser.parse_args()
    began = time.perf_counter()
    asked: list[Asked] = []
    if args.runs:
        from audio_reasoner.dataset import read_clips

        for run in args.runs:
            asked += ask(list(read_clips(run)), run.name, args.seed, args.per_clip)
    else:
        kinds = args.kinds.split(",")
        for kind in kinds:
            n = -(-args.questions // (len(kinds) * args.per_clip))
            found = ask(list(planned(kind, n, args.seed)), kind, args.seed, args.per_clip)
            # Clips that answer fewer questions than asked for: plan as many again as are missing.
            if len(found) * len(kinds) < args.questions and found:
                n = int(n * args.questions / (len(found) * len(kinds)) * 1.02) + 1
                found = ask(list(planned(kind, n, args.seed)), kind, args.seed, args.per_clip)
            print(f"{kind}: {len(found)} questions about {n} clips", file=sys.stderr)
            asked += found
    if not asked:
        print("no questions", file=sys.stderr)
        return 1
    lines = measure(asked, lambda what: print(f"{time.perf_counter() - began:6.1f} s  {what}", file=sys.stderr))
    show(lines)
    leaking = [x for x in lines if x.leaks]
    judged = [x for x in lines if x.bound is not None and x.name != "all"]
    worst = max(judged, key=lambda x: x.excess, default=lines[0])
    print(
        f"\nquestions={lines[0].n} over_all={lines[0].excess:+.1f} worst_family={worst.name}:{worst.excess:+.1f} "
        f"families_judged={len(judged)} leaking={','.join(x.name for x in leaking) or 'none'}"
    )
    return 1 if leaking else 0


if __name__ == "__main__":
    sys.exit(main())
