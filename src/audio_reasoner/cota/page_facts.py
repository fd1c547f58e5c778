"""What a data report says about the rows of a data set, as numbers: one pass that chooses, one that counts.

Decision: rows are read as columns and counted in counters while streaming; no row is kept but those that will be shown.
Which ones is decided by a hash of (seed, sample id), evenly over tasks and, inside a task, over question types: the
same run shows the same samples, whatever order its rows came in.
"""

from __future__ import annotations

import functools
import hashlib
import heapq
import json
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from audio_reasoner.core.chain import SECTIONS
from audio_reasoner.core.errors import IntegrityError
from audio_reasoner.dataset import Row
from audio_reasoner.dataset.rows import COLUMNS, RECIPE_PREFIX, from_dict
from audio_reasoner.dataset.store import read_columns
from audio_reasoner.report.text import words

BATCH = 2048
"""Rows in memory at once; a row of long chains is some 10 kB."""
DISTINCT = 50_000
"""Most different answers remembered per question type; a rarer one cannot be the commonest."""


def draw(seed: int, ident: str) -> int:
    """A number for a thing, even over all things and fixed by the seed."""
    return int.from_bytes(
        hashlib.blake2b(f"{seed} {ident}".encode("utf-8", "backslashreplace"), digest_size=8).digest()
    )


@dataclass
class Spread:
    """Minimum, mean and maximum of what was added, and how often each value came."""

    values: Counter[float] = field(default_factory=Counter)

    def add(self, value: float) -> None:
        """Count one value."""
        self.values[value] += 1

    @property
    def n(self) -> int:
        """How many values were added."""
        return self.values.total()

    @property
    def total(self) -> float:
        """Their sum."""
        return float(sum(v * n for v, n in self.values.items()))

    @property
    def low(self) -> float:
        """The smallest."""
        return min(self.values, default=0.0)

    @property
    def high(self) -> float:
        """The largest."""
        return max(self.values, default=0.0)

    @property
    def mean(self) -> float:
        """The mean, 0 of nothing."""
        return self.total / self.n if self.n else 0.0

    def quantile(self, q: float) -> float:
        """The smallest value that at least a share `q` of all values does not exceed."""
        rest = q * self.n
        for value in sorted(self.values):
            rest -= self.values[value]
            if rest <= 1e-9:
                return value
        return self.high

    def bins(self, width: float, number: int) -> list[int]:
        """How many values fall into each of `number` bins; the last one also takes everything above."""
        counts = [0] * number
        for value, n in self.values.items():
            counts[min(int(value / width + 1e-9), number - 1)] += n
        return counts


@dataclass
class Shortcuts:
    """How well one question type can be answered without listening: expected numbers of right answers out of `n`."""

    n: int = 0
    chance: float = 0.0
    longest: float = 0.0
    shortest: float = 0.0
    letters: Counter[int] = field(default_factory=Counter)
    golds: Counter[str] = field(default_factory=Counter)

    def add(self, options: Sequence[str], gold_index: int, gold_text: str) -> None:
        """Count one question with options."""
        lengths = [len(o) for o in options]
        gold = lengths[gold_index]
        self.n += 1
        self.chance += 1 / len(lengths)
        # Ties are broken by a coin: three options of the same length give a third of a hit.
        self.longest += 1 / lengths.count(gold) if gold == max(lengths) else 0.0
        self.shortest += 1 / lengths.count(gold) if gold == min(lengths) else 0.0
        self.letters[gold_index] += 1
        self.golds[gold_text] += 1
        if len(self.golds) > DISTINCT:
            self.golds = Counter({k: v for k, v in self.golds.items() if v > 1})

    @property
    def letter(self) -> int:
        """Right answers of somebody who always says the commonest letter."""
        return max(self.letters.values(), default=0)

    @property
    def majority(self) -> int:
        """Right answers of somebody who always says the commonest answer."""
        return max(self.golds.values(), default=0)


def is_shortcut(right: float, by_lot: float, n: int) -> bool:
    """Whether a guess is right so often that chance does not explain it: 10 points and 3 standard errors above it."""
    if not n:
        return False
    p = by_lot / n
    error = math.sqrt(p * (1 - p) / n)
    return right / n - p > max(0.10, 3 * error)


@dataclass
class SourceFacts:
    """One line of the composition table (paper, Table 2). `clips` holds hashes of clip ids, to save memory."""

    samples: int = 0
    clips: set[int] = field(default_factory=set)
    seconds: float = 0.0
    synthetic: bool = False
    domains: set[str] = field(default_factory=set)
    tasks: Counter[str] = field(default_factory=Counter)
    families: Counter[str] = field(default_factory=Counter)
    licences: set[str] = field(default_factory=set)
    models: set[str] = field(default_factory=set)
    words: Spread = field(default_factory=Spread)
    audio: Spread = field(default_factory=Spread)


@dataclass
class RowFacts:
    """Everything counted over the rows of a data set. `letters` is by number of options."""

    n: int = 0
    tasks: Counter[str] = field(default_factory=Counter)
    families: Counter[str] = field(default_factory=Counter)
    domains: Counter[str] = field(default_factory=Counter)
    difficulties: Counter[int] = field(default_factory=Counter)
    teachers: Counter[str] = field(default_factory=Counter)
    verdicts: Counter[tuple[str, str]] = field(default_factory=Counter)
    findings: Counter[str] = field(default_factory=Counter)
    words: dict[str, Spread] = field(default_factory=lambda: defaultdict(Spread))
    sections: dict[str, Spread] = field(default_factory=lambda: {s: Spread() for s in SECTIONS})
    seconds: dict[str, Spread] = field(default_factory=lambda: defaultdict(Spread))
    letters: dict[int, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    open_questions: int = 0
    dialogues: int = 0
    shortcuts: dict[str, Shortcuts] = field(default_factory=lambda: defaultdict(Shortcuts))
    sources: dict[str, SourceFacts] = field(default_factory=lambda: defaultdict(SourceFacts))
    accuracy: Spread = field(default_factory=Spread)
    blind: Spread = field(default_factory=Spread)
    dependence: Spread = field(default_factory=Spread)
    noise: Counter[bool] = field(default_factory=Counter)
    chosen: list[Row] = field(default_factory=list)

    @property
    def all_words(self) -> Spread:
        """Words per chain over all tasks."""
        whole = Spread()
        for spread in self.words.values():
            whole.values.update(spread.values)
        return whole

    @property
    def closed(self) -> int:
        """Questions with options."""
        return sum(c.total() for c in self.letters.values())


@dataclass(frozen=True)
class Selection:
    """What is looked at closely: samples to show, in order, some drawn from all alike, and the clips of both."""

    shown: tuple[str, ...] = ()
    clip_ids: frozenset[str] = frozenset()
    drawn: frozenset[str] = frozenset()


def choose(dataset: Path, *, show: int, drawn: int, seed: int) -> Selection:
    """Choose `show` samples evenly over tasks and question types, and `drawn` from all alike."""
    kept: dict[tuple[str, str], list[tuple[int, str, str]]] = defaultdict(list)
    some: list[tuple[int, str, str]] = []
    for fields in read_columns(dataset, ["sample_id", "clip_id", "task", "family"], 16_384):
        # Heaps of negated hashes keep the smallest ones.
        rank = -draw(seed, fields["sample_id"])
        keep_smallest(some, (rank, fields["sample_id"], fields["clip_id"]), drawn)
        keep_smallest(kept[fields["task"], fields["family"]], (rank, fields["sample_id"], fields["clip_id"]), show)
    by_task: dict[str, list[list[tuple[str, str]]]] = defaultdict(list)
    for task, family in sorted(kept):
        by_task[task].append([(name, clip) for _, name, clip in sorted(kept[task, family], reverse=True)])
    order = _by_turns([_by_turns(strata) for _, strata in sorted(by_task.items())])[:show]
    return Selection(
        tuple(name for name, _ in order),
        frozenset([clip for _, clip in order] + [clip for *_, clip in some]),
        frozenset(name for _, name, _ in some),
    )


def keep_smallest(heap: list[Any], item: Any, limit: int) -> None:
    """Keep at most `limit` items in a heap, the largest; with negated hashes those of the smallest hashes."""
    if len(heap) < limit:
        heapq.heappush(heap, item)
    elif limit and item > heap[0]:
        heapq.heapreplace(heap, item)


def _by_turns(strata: Sequence[Sequence[Any]]) -> list[Any]:
    """One of each, then the second of each, …"""
    deepest = max((len(s) for s in strata), default=0)
    return [s[depth] for depth in range(deepest) for s in strata if len(s) > depth]


def count_rows(dataset: Path, chosen: Selection, look: Callable[[dict[str, Any]], None] = lambda _: None) -> RowFacts:
    """Count all rows and keep the chosen ones; `look` is called with the columns of each drawn one.

    Raises:
        IntegrityError: a chosen row is damaged.
    """
    facts = RowFacts()
    wanted = {name: place for place, name in enumerate(chosen.shown)}
    found: list[tuple[int, Row]] = []
    for fields in read_columns(dataset, list(COLUMNS), BATCH):
        _count(facts, fields)
        name = fields["sample_id"]
        if name in chosen.drawn:
            look(fields)
        if name in wanted:
            try:
                found.append((wanted[name], from_dict(fields)))
            except (ValueError, TypeError) as error:
                raise IntegrityError(
                    f"{dataset}, sample {name!r}: the stored row is no valid sample: {str(error).splitlines()[0]}",
                    code="integrity.row",
                    hint="Run 'audio-reasoner build' again: it rewrites the data set from the ledger at no cost.",
                ) from error
    facts.chosen = [row for _, row in sorted(found, key=lambda x: x[0])]
    return facts


@functools.lru_cache(maxsize=4096)
def _verdicts(text: str) -> tuple[tuple[tuple[str, str], ...], frozenset[str]]:
    """((judge, decision), …) and the codes of the findings. Most rows carry one of a few texts."""
    verdicts = json.loads(text)
    remarks = (f["code"] for v in verdicts if v["decision"] != "not_applicable" for f in v.get("findings", ()))
    return tuple((v["judge"], v["decision"]) for v in verdicts), frozenset(remarks)


def _count(facts: RowFacts, row: dict[str, Any]) -> None:
    task, family, model = row["task"], row["family"], row["model"] or row["teacher"]
    domains = row["domains"]
    facts.n += 1
    facts.tasks[task] += 1
    facts.families[family] += 1
    facts.domains["+".join(domains)] += 1
    facts.difficulties[row["difficulty"]] += 1
    facts.teachers[model] += 1
    judged, remarks = _verdicts(row["verdicts"])
    for pair in judged:
        facts.verdicts[pair] += 1
    for code in remarks:
        facts.findings[code] += 1
    total = 0
    for section in SECTIONS:
        n = words(row[section])
        facts.sections[section].add(n)
        total += n
    length = row["duration_s"]
    facts.words[task].add(total)
    facts.seconds[task].add(round(length, 1))
    facts.dialogues += (row.get("history") or "[]") != "[]"
    gold, options = row["gold_index"], row["options"]
    if gold is None:
        facts.open_questions += 1
    else:
        facts.letters[len(options)][gold] += 1
        facts.shortcuts[family].add(options, gold, row["gold_text"])
    for spread, name in (
        (facts.accuracy, "solver_accuracy"), (facts.blind, "blind_accuracy"), (facts.dependence, "audio_dependence"),
    ):  # fmt: skip
        if row.get(name) is not None:
            spread.add(round(row[name], 3))
    if row.get("label_noise") is not None:
        facts.noise[row["label_noise"]] += 1
    source = facts.sources[row["source"]]
    source.samples += 1
    clip = hash(row["clip_id"])
    if clip not in source.clips:
        source.clips.add(clip)
        source.seconds += length
    source.synthetic |= (row["audio"]["path"] or "").startswith(RECIPE_PREFIX)
    source.domains.update(domains)
    source.tasks[task] += 1
    source.families[family] += 1
    source.licences.add(row["licence"] or "")
    source.models.add(model)
    source.words.add(total)
    source.audio.add(round(length, 1))
