"""Which questions a made benchmark may ask, so that nothing can be guessed from their words.

Decision: what a blind guesser could use is counted while the benchmark is made, and a question that would make a rule
better than chance is passed over: which option is longest, alphabetically first, smallest, most like the others, and
how often each option is right when it is offered. Scenes cost nothing before they are rendered, so there are always
others. What the rules earn in the end is measured again and stands in the manifest.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from audio_reasoner.core.ids import derive_seed
from audio_reasoner.core.records import Question

BOUND = 1.5
"""By how many right answers a rule may be better or worse than chance within a family of up to 75 questions."""
SHARE = 0.02
"""The same as a share of larger families."""
PATIENCE = 50
"""After so many questions of a family that were passed over its bounds are widened by one answer."""
RARE = 0.03
"""A family that fewer of the scenes can be asked is not waited for; it has fewer questions in the end."""


def _items(option: str) -> list[str]:
    return re.split(r"; |, ", option)


def _likeness(options: Sequence[str]) -> list[int]:
    lists = [_items(o) for o in options]
    return [sum(x == y for other in lists for x, y in zip(one, other, strict=False)) for one in lists]


def _common(options: Sequence[str], place: int) -> list[int]:
    at = [_items(o)[place] for o in options]
    return [at.count(x) for x in at]


def _smallest(rank: int) -> Callable[[str, Sequence[str]], list[float]]:
    def rule(_: str, options: Sequence[str]) -> list[float]:
        if not all(o.isdigit() for o in options):
            return [0.0] * len(options)
        ranked = sorted(range(len(options)), key=lambda i: int(options[i]))
        return [float(len(ranked) > rank and ranked[rank] == i) for i in range(len(options))]

    return rule


Rule = Callable[[str, Sequence[str]], Sequence[float]]
RULES: Mapping[str, Rule] = {
    "the longest option": lambda _, o: [len(x) for x in o],
    "the shortest option": lambda _, o: [-len(x) for x in o],
    "the first in the alphabet": lambda _, o: [float(x == min(o)) for x in o],
    "the last in the alphabet": lambda _, o: [float(x == max(o)) for x in o],
    "an option the question names": lambda q, o: [float(re.search(rf"\b{re.escape(x)}\b", q) is not None) for x in o],
    "the smallest number": _smallest(0),
    "the second smallest number": _smallest(1),
    "the third smallest number": _smallest(2),
    "the largest number": _smallest(3),
    "most like the others": lambda _, o: _likeness(o),
    "least like the others": lambda _, o: [-x for x in _likeness(o)],
    "the commonest beginning": lambda _, o: _common(o, 0),
    "the commonest end": lambda _, o: _common(o, -1),
    "the most different words": lambda _, o: [len(set(_items(x))) for x in o],
    "the fewest different words": lambda _, o: [-len(set(_items(x))) for x in o],
}
"""What a guesser who hears nothing can prefer: a value for each option, the greatest wins, equals share."""


def gain(rule: Rule, question: str, options: Sequence[str], gold: int) -> float:
    """How much likelier than chance a rule is right: from -1 to 1; 0 where it prefers nothing."""
    values = rule(question, options)
    best = [i for i, v in enumerate(values) if v == max(values)]
    return (1.0 / len(best) if gold in best else 0.0) - 1.0 / len(options)


class Balance:
    """Accepts questions so that families, places of the right answer and blind rules stay even. Deterministic."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._asked: Counter[str] = Counter()
        self._excess: defaultdict[tuple[str, str], float] = defaultdict(float)
        self._places: defaultdict[tuple[str, int], list[int]] = defaultdict(list)
        self._offered: Counter[str] = Counter()
        self._passed: Counter[str] = Counter()
        self._scenes = 0

    def choose(self, questions: Iterable[Question]) -> Question | None:
        """The question of a scene to ask, with its options in the order to show them; None to pass the scene over."""
        offered = [q for q in questions if q.options]
        self._scenes += 1
        self._offered.update({q.family for q in offered})
        least = min((self._asked[f] for f, n in self._offered.items() if n >= RARE * self._scenes), default=0)
        for q in sorted(offered, key=lambda q: self._asked[q.family]):
            if self._asked[q.family] > least + 1:
                continue
            changes = self._changes(q)
            bound = max(BOUND, SHARE * self._asked[q.family]) + self._passed[q.family] // PATIENCE
            if all(
                abs(self._excess[key] + by) <= bound or abs(self._excess[key] + by) <= abs(self._excess[key])
                for key, by in changes
            ):
                for key, by in changes:
                    self._excess[key] += by
                self._asked[q.family] += 1
                self._passed[q.family] = 0
                return self._placed(q)
            self._passed[q.family] += 1
        return None

    def _changes(self, q: Question) -> list[tuple[tuple[str, str], float]]:
        assert q.gold_index is not None
        # Within a family questions of two options and of four are two tasks: a mixture would hide what each gives away.
        family = f"{q.family}/{len(q.options)}"
        out = [((family, name), gain(rule, q.text, q.options, q.gold_index)) for name, rule in RULES.items()]
        if q.family != "order":  # whose options hardly ever come again
            out += [
                ((family, f"= {o}"), float(i == q.gold_index) - 1.0 / len(q.options)) for i, o in enumerate(q.options)
            ]
        return out

    def _placed(self, q: Question) -> Question:
        """The right answer moved to the place whose turn it is; the others keep their order."""
        assert q.gold_index is not None
        n = len(q.options)
        turn = self._places[q.family, n]
        if not turn:
            block = self._asked[q.family]
            turn += sorted(range(n), key=lambda i: derive_seed(self._seed, "places", q.family, n, block, i))
        at = turn.pop()
        options = [o for i, o in enumerate(q.options) if i != q.gold_index]
        options.insert(at, q.gold_text)
        return q.model_copy(update={"options": tuple(options), "gold_index": at})


def blind(rows: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """What can be won without hearing, by family.

    Args:
        rows: MMAU rows with `sub-category`, `question`, `choices` and `answer`.

    Returns:
        By family: `n`, `chance`, `best_constant` (the better of one place and one text; shares), `best_rule` and its
        `value`, `learned` (which option is right how often when offered, learned from the other questions), and
        `worth`: how much the best of these is better than the best constant, in points.
    """
    families: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        families[row["sub-category"]].append(row)
    return {name: _family(found) for name, found in sorted(families.items())}


def _family(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    n = len(rows)
    golds = [list(r["choices"]).index(r["answer"]) for r in rows]
    chance = sum(1.0 / len(r["choices"]) for r in rows) / n
    constant = max(max(Counter(golds).values()), max(Counter(r["answer"] for r in rows).values())) / n
    rules = {
        name: chance + sum(gain(rule, r["question"], r["choices"], g) for r, g in zip(rows, golds, strict=True)) / n
        for name, rule in RULES.items()
    }
    best = max(rules, key=lambda name: rules[name])
    learned = _learned(rows, golds)
    return {
        "n": n,
        "chance": round(chance, 4),
        "best_constant": round(constant, 4),
        "best_rule": best,
        "value": round(rules[best], 4),
        "learned": round(learned, 4),
        "worth": round(100 * (max(rules[best], learned) - constant), 1),
    }


def _learned(rows: Sequence[Mapping[str, Any]], golds: Sequence[int]) -> float:
    """Right answers of a guesser who knows of all other questions how often each option was right when offered."""
    right: Counter[tuple[int, str]] = Counter()
    seen: Counter[tuple[int, str]] = Counter()
    for r in rows:
        right[len(r["choices"]), r["answer"]] += 1
        seen.update((len(r["choices"]), c) for c in r["choices"])
    hits = 0.0
    for r, gold in zip(rows, golds, strict=True):
        k = len(r["choices"])
        values = [(right[k, c] - (i == gold) + 1) / (seen[k, c] - 1 + k) for i, c in enumerate(r["choices"])]
        best = [i for i, v in enumerate(values) if v == max(values)]
        hits += gold in best and 1.0 / len(best)
    return hits / len(rows)
