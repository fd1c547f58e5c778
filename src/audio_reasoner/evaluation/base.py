"""What every benchmark is made of: items, a data set with its hash, and the one form in which scores are written.

Decision: a benchmark module reads the official files into `Item`s and judges replies; everything after that (tables,
intervals, comparison, pages) sees only `score.json` and `rows.jsonl`, whose shapes stand here. So a new benchmark is
one module, and an old score can be compared without the data it was made from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from audio_reasoner.core.errors import InputError

SCORE_VERSION = 2
"""Version of `score.json` and `rows.jsonl`."""

Kind = Literal["choice", "labels", "translation", "chat"]


@dataclass(frozen=True, slots=True)
class Item:
    """One question of a benchmark.

    Attributes:
        id: unique within the benchmark; the key predictions are matched by.
        audio: recordings it is about, relative to `Benchmark.root`; usually one.
        question: the official question without its options; empty where the task itself is the question.
        choices: options in official order; empty for open tasks.
        answer: gold text (an option, a label, a reference translation, a reference answer); empty if it is not public.
        gold: index of the first choice that is literally the answer; None without one.
        groups: what tables are made by, in the order of the tables: {"task": "sound", "difficulty": "hard", …}.
        clip: which recording it belongs to; the bootstrap draws clips, because questions about one are not independent.
        extra: further official fields that a scorer or an official file needs (`meta_info`, `rubric`, the whole row).
    """

    id: str
    audio: tuple[str, ...]
    question: str
    choices: tuple[str, ...]
    answer: str
    gold: int | None
    groups: Mapping[str, str]
    clip: str
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Benchmark:
    """A data set as read: `root` is where recordings are looked for, `sha256` is over the official data file(s)."""

    name: str
    kind: Kind
    path: Path
    root: Path
    sha256: str
    revision: str
    items: list[Item]
    problems: list[str]
    prepared: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    """What scorers have worked out from the items alone, kept because many runs are scored on one benchmark."""

    def audio_paths(self, item: Item) -> tuple[Path, ...]:
        """Where an item's recordings lie."""
        return tuple(self.root / name for name in item.audio)


@dataclass(frozen=True, slots=True)
class Value:
    """One number of one group.

    Attributes:
        value: None where nothing could be counted.
        n: its denominator (answers, or sentences).
        interval: 95 % bootstrap interval over clips; None where it was not computed.
        over_all: the same with every item of the group in the denominator, missing ones as wrong; None if n is already
            that, or where it has no meaning (BLEU).
    """

    value: float | None
    n: int
    interval: tuple[float, float] | None = None
    over_all: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """As `score.json` holds it; four decimals."""
        return {
            "value": _round(self.value),
            "n": self.n,
            "interval_95": None if self.interval is None else [_round(v) for v in self.interval],
            "over_all_items": _round(self.over_all),
        }


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


@dataclass(frozen=True, slots=True)
class Metric:
    """What a column means. `unit`: "percent" (values 0..100), "bleu" (0..100), "score" (1..10), "share" (0..1)."""

    name: str
    title: str
    unit: Literal["percent", "bleu", "score", "share"]
    official: bool
    explained: str


@dataclass
class GroupScore:
    """A line of a table: `items` in the group, `answered` of them with an answer; values by metric name."""

    name: str
    items: int
    answered: int
    values: dict[str, Value]
    facts: dict[str, Any] = field(default_factory=dict)
    """Beside the metrics: `unparsed` {"count", "rate"}, `best_constant` {"answer", "kind", "value"}, `majority`,
    `chance` (percent), `from_summary`, `tagged`, `well_formed`…"""

    def to_dict(self) -> dict[str, Any]:
        """As `score.json` holds it."""
        return {
            "name": self.name,
            "items": self.items,
            "answered": self.answered,
            "values": {name: value.to_dict() for name, value in self.values.items()},
            **self.facts,
        }


class Row(Protocol):
    """How one reply was judged; a benchmark may have its own class, the written form is common.

    `to_dict()` must hold: `id`, `clip`, `groups`, `question`, `choices`, `answer`, `gold_index`, `audio` (list of
    relative names), `body` (what was judged), `readings` (metric name → number, or null where the official rule leaves
    the row out), `why` (metric name → one sentence), `option_index`, `option_rule`, `option_detail`, `from_summary`,
    `tagged`, `well_formed`, `defects`. What does not apply is null.
    """

    def to_dict(self) -> dict[str, Any]:
        """A line of `rows.jsonl`."""


@dataclass
class Score:
    """Everything a score says about one prediction file; `to_dict` is `score.json`."""

    benchmark: Benchmark
    predictions_file: str
    metrics: list[Metric]
    headline: str
    overall: GroupScore
    tables: dict[str, list[GroupScore]]
    problems: list[str]
    notes: list[str] = field(default_factory=list)
    deviations: list[str] = field(default_factory=list)
    """Where this differs from the official procedure, each a sentence."""
    paper: dict[str, float | None] = field(default_factory=dict)
    """The columns of the paper's table for this benchmark, by the paper's column names."""

    def to_dict(self) -> dict[str, Any]:
        """The content of `score.json`."""
        b = self.benchmark
        return {
            "version": SCORE_VERSION,
            "benchmark": b.name,
            "kind": b.kind,
            "data": str(b.path),
            "data_sha256": b.sha256,
            "revision": b.revision,
            "predictions": self.predictions_file,
            "headline": self.headline,
            "metrics": [
                {"name": m.name, "title": m.title, "unit": m.unit, "official": m.official, "explained": m.explained}
                for m in self.metrics
            ],
            "overall": self.overall.to_dict(),
            "tables": {kind: [g.to_dict() for g in groups] for kind, groups in self.tables.items()},
            "paper": {name: _round(value) for name, value in self.paper.items()},
            "notes": self.notes,
            "deviations": self.deviations,
            "problems": self.problems,
        }


class Module(Protocol):
    """What a benchmark module offers (see `registry`)."""

    def read(self, path: Path) -> Benchmark:
        """Read the official layout as downloaded; rows that cannot be scored are named in `problems`."""

    def score(
        self,
        benchmark: Benchmark,
        predictions: Any,
        predictions_file: str = "",
        on_row: Callable[[Row], None] | None = None,
        judged: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
    ) -> Score:
        """Judge every answered item, offline. `judged`: verdicts of a language model by item id, if there are any."""

    def official_files(self, benchmark: Benchmark, answers: Mapping[str, str], out: Path) -> Iterable[Path]:
        """Write the files the official scorer reads, with its field names; `answers` are RESPONSE bodies by id."""


def foreign_ids(benchmark: Benchmark, texts: Mapping[str, str]) -> list[str]:
    """A problem for each predicted id the benchmark does not know.

    Raises:
        InputError: `predictions.foreign`: not one id belongs to this benchmark.
    """
    known = {item.id for item in benchmark.items}
    foreign = [name for name in texts if name not in known]
    if foreign and len(foreign) == len(texts):
        raise InputError(
            f"none of the {len(foreign)} predicted ids (first: {foreign[0]!r}) is in {benchmark.path}.",
            code="predictions.foreign",
            hint="The predictions belong to another data file or another revision of it.",
        )
    return [f"id {name} is not in {benchmark.path.name}; not scored" for name in foreign]
