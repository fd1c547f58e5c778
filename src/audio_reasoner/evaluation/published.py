"""What the paper printed, and what of it can be computed again.

Decision: printed figures are kept digit by digit in `published.yaml` and never mixed with computed ones. What is said
about them (an average that is no average, a percentage that no count of right answers gives) is worked out here, in
fractions, so that a reader can follow it and a test can hold the page in docs/ to it.
"""

# ruff: noqa: E501 (sentences are easier to read unbroken)

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import cache
from math import floor, prod
from pathlib import Path
from typing import Any, Literal

PUBLISHED = Path(__file__).with_name("published.yaml")
MMAU_SIZES = {"Sound": 333, "Music": 334, "Speech": 333, "Avg": 1000}
"""Questions of each task in the official test-mini file."""
OURS = "Audio-Reasoner"

Access = Literal["closed", "open", "paper"]


@dataclass(frozen=True)
class PublishedRow:
    """One printed line; `values` as printed, None for a dash. `access` "paper" is the paper's own model."""

    model: str
    access: Access
    values: tuple[str | None, ...]
    size: str = ""
    trained_on: str = ""

    def number(self, place: int) -> Fraction | None:
        """A printed value as a number."""
        value = self.values[place]
        return None if value is None else Fraction(value)


@dataclass(frozen=True)
class PublishedTable:
    """One of the paper's tables; `unit` as in `base.Metric`."""

    number: int
    title: str
    measure: str
    unit: str
    benchmarks: tuple[str, ...]
    columns: tuple[str, ...]
    headline: str
    rows: tuple[PublishedRow, ...]

    def value(self, model: str, column: str) -> Fraction | None:
        """A printed value as a number."""
        row = next(r for r in self.rows if r.model == model)
        return row.number(self.columns.index(column))


@dataclass(frozen=True)
class Elsewhere:
    """A figure printed elsewhere about the same benchmark."""

    benchmark: str
    model: str
    kind: Literal["reproduction", "baseline", "prompt"]
    value: str
    source: str
    remark: str


@cache
def _content() -> dict[str, Any]:
    import yaml

    found: dict[str, Any] = yaml.safe_load(PUBLISHED.read_text(encoding="utf-8"))
    return found


def paper() -> str:
    """How the paper is called."""
    return str(_content()["paper"])


@cache
def published_tables() -> tuple[PublishedTable, ...]:
    """The paper's Tables 4 to 8."""
    tables = []
    for table in _content()["tables"]:
        rows = tuple(
            PublishedRow(
                r["model"],
                r["access"],
                tuple(None if v == "-" else v for v in r["values"].split()),
                r.get("size", ""),
                r.get("trained_on", ""),
            )
            for r in table["rows"]
        )
        tables.append(
            PublishedTable(
                table["number"],
                table["title"],
                table["measure"],
                table["unit"],
                tuple(table["benchmarks"]),
                tuple(table["columns"]),
                table["headline"],
                rows,
            )
        )
    return tuple(tables)


def published_table(number: int) -> PublishedTable:
    """A table by its number in the paper."""
    return next(t for t in published_tables() if t.number == number)


def table_for(benchmark: str) -> PublishedTable | None:
    """The paper's table about a benchmark; None where it has none."""
    return next((t for t in published_tables() if benchmark in t.benchmarks), None)


def elsewhere(benchmark: str | None = None) -> list[Elsewhere]:
    """Figures printed elsewhere, of one benchmark or of all."""
    return [Elsewhere(**e) for e in _content()["elsewhere"] if benchmark in (None, e["benchmark"])]


def cota() -> tuple[dict[str, tuple[Fraction, Fraction]], Fraction]:
    """Table 2: (thousand samples, printed share in per cent) by source; and the thousands that the text claims."""
    sizes = {}
    for name, line in _content()["cota"].items():
        thousands, share = line.split()
        sizes[name] = (Fraction(thousands), Fraction(share))
    return sizes, Fraction(_content()["cota_claimed"])


def foundation_leaderboard() -> list[dict[str, str]]:
    """AIR-Bench's leaderboard: `model`, `printed`, `mean_of_tasks`, `mean_of_domains`."""
    found: list[dict[str, str]] = _content()["air_foundation_leaderboard"]
    return found


# ------------------------------------------------------------------------------------------------------- recomputations

How = Literal["rounded", "cut"]


def written(printed: str, exact: Fraction) -> How | None:
    """How `exact` becomes the printed decimal: by rounding, by cutting digits off, or not at all (None).

    >>> written("0.67", Fraction(2, 3)), written("0.66", Fraction(2, 3)), written("0.65", Fraction(2, 3))
    ('rounded', 'cut', None)
    """
    unit = Decimal(1).scaleb(Decimal(printed).as_tuple().exponent)  # type: ignore[arg-type]
    value = Decimal(exact.numerator) / Decimal(exact.denominator)
    for how, rounding in (("rounded", ROUND_HALF_UP), ("cut", ROUND_DOWN)):
        if value.quantize(unit, rounding=rounding) == Decimal(printed):
            return "rounded" if how == "rounded" else "cut"
    return None


def possible_counts(printed: str, n: int) -> list[tuple[int, How]]:
    """The counts of right answers among `n` whose percentage is printed so; none if no count gives it.

    >>> possible_counts("60.06", 333), possible_counts("64.30", 334), possible_counts("60.77", 334)
    ([(200, 'rounded')], [], [(203, 'cut')])
    """
    near = floor(Fraction(printed) * n / 100)
    found = []
    for count in range(max(0, near - 1), min(n, near + 2) + 1):
        how = written(printed, Fraction(100 * count, n))
        if how is not None:
            found.append((count, how))
    return found


def nearest_counts(printed: str, n: int) -> tuple[Fraction, Fraction]:
    """The two percentages of `n` on either side of a printed one.

    >>> [f"{float(v):.2f}" for v in nearest_counts("64.30", 334)]
    ['64.07', '64.37']
    """
    below = floor(Fraction(printed) * n / 100)
    return Fraction(100 * below, n), Fraction(100 * (below + 1), n)


@dataclass(frozen=True)
class Average:
    """A printed average beside what the row's own columns give.

    `agrees` names the first way of averaging that gives the printed value (within one unit of the last printed digit,
    because the columns are rounded too), or is empty.
    """

    model: str
    column: str
    printed: str
    ways: tuple[tuple[str, Fraction], ...]
    agrees: str


def averages(table: PublishedTable) -> list[Average]:
    """Every printed average of a table, recomputed from its row."""
    found = []
    for row in table.rows:
        numbers = {c: v for i, c in enumerate(table.columns) if (v := row.number(i)) is not None}
        for column, ways in _ways(table.number, numbers):
            place = table.columns.index(column)
            printed = row.values[place]
            if printed is None or not ways:
                continue
            slack = Fraction(1, 10 ** len(printed.partition(".")[2]))
            agrees = next((name for name, value in ways if abs(value - Fraction(printed)) <= slack), "")
            found.append(Average(row.model, column, printed, tuple(ways), agrees))
    return found


def _ways(number: int, v: dict[str, Fraction]) -> Iterator[tuple[str, list[tuple[str, Fraction]]]]:
    """For each average column of a table: the ways in which it may have been averaged."""
    if number == 4:
        columns = ["Sound", "Music", "Speech"]
        yield "Avg", [("mean of the columns", mean([v[c] for c in columns]))]
    elif number == 5:
        yield "Average", [("mean of the columns", mean([x for c, x in v.items() if c != "Average"]))]
    elif number == 6:
        ways = [("mean of the columns", mean([x for c, x in v.items() if c != "Average"]))]
        if {"SoundAQA", "MusicAQA"} <= v.keys():
            speech = mean([v[c] for c in ("SER", "SIC", "SNV")])
            ways.append(("mean of the domain means", mean([v["SoundAQA"], v["MusicAQA"], speech])))
        yield "Average", ways
    elif number == 7:
        for direction in ("EN-ZN", "ZN-EN"):
            bleus = [v[f"{direction} BLEU{i}"] for i in range(1, 5)]
            yield f"{direction} Avg", [("mean of the columns", mean(bleus))]
        yield "Avg", [("mean of the two directions", mean([v["EN-ZN Avg"], v["ZN-EN Avg"]]))]


def mean(values: Sequence[Fraction]) -> Fraction:
    """The arithmetic mean."""
    return sum(values, Fraction(0)) / len(values)


@dataclass(frozen=True)
class Gain:
    """A claimed gain in per cent beside the difference and the ratio of the two table entries."""

    where: str
    claim: str
    printed: str
    better: Fraction
    than: Fraction
    than_model: str
    table: int

    @property
    def relative(self) -> Fraction:
        """Gain in per cent of the other model's value."""
        return 100 * (self.better / self.than - 1)

    @property
    def points(self) -> Fraction:
        """Gain in points."""
        return self.better - self.than

    @property
    def how(self) -> str:
        """What the printed figure is, in words."""
        how = written(self.printed, self.relative)
        if how is not None:
            return f"the ratio, {how}"
        return "the difference in points" if written(self.printed, self.points) else "neither ratio nor difference"


def gains() -> list[Gain]:
    """The gains that abstract, introduction and conclusion claim."""
    found = []
    for c in _content()["claims"]:
        table = published_table(c["table"])
        better, than = (table.value(c[k], table.headline) for k in ("better", "than"))
        if better is None or than is None:
            raise ValueError(f"{PUBLISHED.name}: a claim about a dash: {c}")
        found.append(Gain(c["where"], c["claim"], c["printed"], better, than, c["than"], c["table"]))
    return found


@dataclass(frozen=True)
class Fractions:
    """A row of Table 4 as counts of right answers: for each column the counts that give the printed figure."""

    model: str
    printed: tuple[str, ...]
    counts: tuple[tuple[tuple[int, How], ...], ...]
    micro: Fraction | None
    """What the average over all 1,000 would be if the first count of each column is right; None if one has none."""


def mmau_fractions() -> list[Fractions]:
    """Which figures of Table 4 are fractions of the official file's sizes."""
    table = published_table(4)
    found = []
    for row in table.rows:
        printed = tuple(v for v in row.values if v is not None)
        counts = tuple(tuple(possible_counts(p, MMAU_SIZES[c])) for p, c in zip(printed, table.columns, strict=True))
        parts = counts[:3]
        micro = Fraction(sum(c[0][0] for c in parts), 10) if all(parts) else None
        found.append(Fractions(row.model, printed, counts, micro))
    return found


def geometric_mean(values: Sequence[Fraction]) -> float:
    """The geometric mean: what BLEU makes of its four precisions, before the brevity penalty."""
    return float(prod(float(v) for v in values) ** (1 / len(values)))


def remarks(table: PublishedTable) -> list[str]:
    """What a page that repeats a table must say beside it, each a sentence with its own arithmetic."""
    found: list[str] = []
    wrong = [a for a in averages(table) if not a.agrees]
    for a in wrong:
        ways = ", ".join(f"{name} {float(value):.2f}" for name, value in a.ways)
        found.append(f"{a.model}: the printed {a.column} of {a.printed} is not what its columns give ({ways}).")
    if table.number == 4:
        for f in mmau_fractions():
            bad = [
                f"{p} ({c}, {MMAU_SIZES[c]} questions)"
                for p, c, k in zip(f.printed, table.columns, f.counts, strict=True)
                if not k
            ]
            if bad:
                found.append(f"{f.model}: no count of right answers in the official file gives {' or '.join(bad)}.")
    if table.number == 6:
        row = {a.model: dict(a.ways) for a in averages(table)}[OURS]
        found.append(
            f"The printed Average is the mean of the five columns; AIR-Bench's own average is the mean of domain means, "
            f"for {OURS} {float(row['mean of the domain means']):.2f}. The paper's text gives Qwen-Audio-Turbo 48.2 on music; "
            f"its table gives {_printed(table, 'Qwen-Audio-Turbo', 'MusicAQA')}, more than {OURS}'s {_printed(table, OURS, 'MusicAQA')}."
        )
    if table.number == 7:
        for direction in ("EN-ZN", "ZN-EN"):
            four = [v for i in range(1, 5) if (v := table.value(OURS, f"{direction} BLEU{i}")) is not None]
            found.append(
                f"{direction}: the four columns behave like single n-gram precisions. Their geometric mean for {OURS} is "
                f"{geometric_mean(four):.1f}, the size of an ordinary corpus BLEU; read as cumulative BLEU-4 it would be {float(four[3]):.2f}."
            )
    if table.number == 8:
        found.append("Table 3 of the paper names accuracy for MELD, Table 8 unweighted accuracy.")
    return found


def _printed(table: PublishedTable, model: str, column: str) -> str:
    row = next(r for r in table.rows if r.model == model)
    return row.values[table.columns.index(column)] or "–"
