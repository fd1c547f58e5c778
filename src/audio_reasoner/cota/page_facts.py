"""What a data report says about a run, as numbers: one pass over the rows, one over the clips.

Decision: everything is counted in counters while streaming, so a million rows need no more memory than their distinct
values; only the rows that will be shown are kept. Which ones is decided by a hash of (seed, sample id): the same run
shows the same samples, whatever order its rows came in.
"""

from __future__ import annotations

import heapq
import math
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from audio_reasoner.core.chain import SECTIONS
from audio_reasoner.core.ids import derive_seed
from audio_reasoner.core.records import Clip
from audio_reasoner.dataset import Row
from audio_reasoner.report.text import words


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

    def add(self, row: Row) -> None:
        """Count one question with options."""
        assert row.gold_index is not None
        lengths = [len(o) for o in row.options]
        gold = lengths[row.gold_index]
        self.n += 1
        self.chance += 1 / len(lengths)
        # Ties are broken by a coin: three options of the same length give a third of a hit.
        self.longest += 1 / lengths.count(gold) if gold == max(lengths) else 0.0
        self.shortest += 1 / lengths.count(gold) if gold == min(lengths) else 0.0
        self.letters[row.gold_index] += 1
        self.golds[row.gold_text] += 1

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
    """One line of the composition table (paper, Table 2)."""

    samples: int = 0
    clips: set[str] = field(default_factory=set)
    seconds: float = 0.0
    synthetic: bool = False
    domains: set[str] = field(default_factory=set)
    tasks: Counter[str] = field(default_factory=Counter)
    families: Counter[str] = field(default_factory=Counter)
    licences: set[str] = field(default_factory=set)
    models: set[str] = field(default_factory=set)


@dataclass
class RowFacts:
    """Everything counted over the rows of a data set."""

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
    letters: Counter[int] = field(default_factory=Counter)
    expected_letters: dict[int, float] = field(default_factory=lambda: defaultdict(float))
    open_questions: int = 0
    shortcuts: dict[str, Shortcuts] = field(default_factory=lambda: defaultdict(Shortcuts))
    sources: dict[str, SourceFacts] = field(default_factory=lambda: defaultdict(SourceFacts))
    chosen: list[Row] = field(default_factory=list)

    @property
    def all_words(self) -> Spread:
        """Words per chain over all tasks."""
        whole = Spread()
        for spread in self.words.values():
            whole.values.update(spread.values)
        return whole


def count_rows(rows: Iterable[Row], *, show: int, seed: int) -> RowFacts:
    """Count rows and choose `show` of them, drawn evenly over (task, question type)."""
    facts = RowFacts()
    kept: dict[tuple[str, str], list[tuple[int, str, Row]]] = defaultdict(list)
    for row in rows:
        _count(facts, row)
        if show > 0:
            heap = kept[row.task, row.family]
            # A heap of negated hashes keeps the `show` smallest ones.
            item = (-derive_seed(seed, "report", row.sample_id), row.sample_id, row)
            if len(heap) < show:
                heapq.heappush(heap, item)
            else:
                heapq.heappushpop(heap, item)
    strata = [[row for *_, row in sorted(kept[key], reverse=True)] for key in sorted(kept)]
    depth = 0
    while len(facts.chosen) < show and any(len(s) > depth for s in strata):
        facts.chosen.extend([s[depth] for s in strata if len(s) > depth][: show - len(facts.chosen)])
        depth += 1
    return facts


def _count(facts: RowFacts, row: Row) -> None:
    facts.n += 1
    facts.tasks[row.task] += 1
    facts.families[row.family] += 1
    facts.domains["+".join(row.domains)] += 1
    facts.difficulties[row.difficulty] += 1
    facts.teachers[row.model or row.teacher] += 1
    for v in row.verdicts:
        facts.verdicts[v.judge, v.decision] += 1
        if v.decision != "not_applicable":  # why a judge abstained is no remark on the sample
            facts.findings.update(f.code for f in v.findings)
    total = 0
    for section in SECTIONS:
        n = words(getattr(row, section))
        facts.sections[section].add(n)
        total += n
    facts.words[row.task].add(total)
    facts.seconds[row.task].add(round(row.duration_s, 1))
    if row.gold_index is None:
        facts.open_questions += 1
    else:
        facts.letters[row.gold_index] += 1
        for i in range(len(row.options)):
            facts.expected_letters[i] += 1 / len(row.options)
        facts.shortcuts[row.family].add(row)
    source = facts.sources[row.source]
    source.samples += 1
    if row.clip_id not in source.clips:
        source.clips.add(row.clip_id)
        source.seconds += row.duration_s
    source.synthetic |= row.synthetic
    source.domains.update(row.domains)
    source.tasks[row.task] += 1
    source.families[row.family] += 1
    source.licences.add(row.licence or "")
    source.models.add(row.model or row.teacher)


@dataclass
class ClipFacts:
    """Everything counted over the clips of a run."""

    n: int = 0
    seconds: float = 0.0
    durations: Spread = field(default_factory=Spread)
    labels: Counter[tuple[str, str]] = field(default_factory=Counter)
    unlabelled: int = 0
    sources: Counter[str] = field(default_factory=Counter)
    domains: Counter[str] = field(default_factory=Counter)
    licences: Counter[str] = field(default_factory=Counter)
    synthetic: int = 0
    events: Counter[int] = field(default_factory=Counter)
    kept: dict[str, Clip] = field(default_factory=dict)


def count_clips(clips: Iterable[Clip], *, keep: set[str], show: int = 0, seed: int = 0) -> ClipFacts:
    """Count clips, keeping those in `keep` and `show` more, drawn by hash."""
    facts = ClipFacts()
    heap: list[tuple[int, str, Clip]] = []
    for clip in clips:
        facts.n += 1
        facts.seconds += clip.duration_s
        facts.durations.add(round(clip.duration_s, 1))
        facts.labels.update({(x.kind, x.value) for x in clip.labels})
        facts.unlabelled += not clip.labels and clip.timeline is None
        facts.sources[clip.source] += 1
        facts.domains["+".join(clip.domains)] += 1
        facts.licences[clip.licence or ""] += 1
        facts.synthetic += clip.audio.recipe is not None
        if clip.timeline is not None:
            facts.events[len(clip.timeline.events)] += 1
            facts.labels.update({("sound", e.label) for e in clip.timeline.events})
        if clip.clip_id in keep:
            facts.kept[clip.clip_id] = clip
        elif show > 0:
            item = (-derive_seed(seed, "report", clip.clip_id), clip.clip_id, clip)
            (heapq.heappush if len(heap) < show else heapq.heappushpop)(heap, item)
    for *_, clip in sorted(heap, reverse=True):
        facts.kept[clip.clip_id] = clip
    return facts
