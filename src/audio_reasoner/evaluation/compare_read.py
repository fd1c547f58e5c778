"""Reads a run directory as far as it goes: a comparison must show a half-finished or damaged run, not stop at it.

Decision: what is compared is held by column (one list per reading), and a full row is read again from its place in the
file only when the page shows it. So twenty runs of fifteen thousand answers fit in memory. Everything that is missing
or cannot be read becomes a sentence in `RunData.notes`; nothing is filled in.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from sys import intern
from typing import Any

from audio_reasoner.core.errors import InputError
from audio_reasoner.evaluation.base import SCORE_VERSION

SCORE_NAME, ROWS_NAME, PREDICTIONS_NAME, HEADER_NAME = "score.json", "rows.jsonl", "predictions.jsonl", "run.json"
CONTROLS = ("no-audio", "silence", "other-clip", "shuffled")
MOST_BAD_LINES = 3
"""Unreadable lines of one file that are named; the others are counted."""


@dataclass
class Columns:
    """The rows of a run by column; `places` are byte offsets in `rows.jsonl`.

    `said` is the text of the option that was understood, "" where none was; `readings` hold None where the official
    rule leaves a row out; `statistics` the sums a corpus measure is made of, by metric, where rows have them.
    """

    ids: list[str] = field(default_factory=list)
    clips: list[str] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    readings: dict[str, list[float | None]] = field(default_factory=dict)
    groups: dict[str, list[str]] = field(default_factory=dict)
    statistics: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    facts: Counter[str] = field(default_factory=Counter)
    graded: set[str] = field(default_factory=set)
    """Readings that are more than right or wrong somewhere (shares, weights, scores)."""

    def value(self, metric: str) -> dict[str, float]:
        """A reading by item id, without the rows it leaves out."""
        column = self.readings.get(metric, [])
        return {i: v for i, v in zip(self.ids, column, strict=True) if v is not None} if column else {}


@dataclass
class Effort:
    """What `predictions.jsonl` says: tokens and seconds of each answer, sections found, and where each line stands."""

    tokens: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    sections: Counter[str] = field(default_factory=Counter)
    stopped: Counter[str] = field(default_factory=Counter)
    policies: Counter[str] = field(default_factory=Counter)
    n: int = 0
    places: dict[str, int] = field(default_factory=dict)


@dataclass
class RunData:
    """One run directory. `name` is how the page calls it."""

    name: str
    path: Path
    header: dict[str, Any] = field(default_factory=dict)
    score: dict[str, Any] = field(default_factory=dict)
    rows: Columns = field(default_factory=Columns)
    effort: Effort = field(default_factory=Effort)
    judges: list[dict[str, Any]] = field(default_factory=list)
    chains: dict[str, Any] = field(default_factory=dict)
    causal: dict[str, Any] = field(default_factory=dict)
    controls: dict[str, RunData] = field(default_factory=dict)
    control_facts: dict[str, Any] = field(default_factory=dict)
    samples: dict[str, Any] = field(default_factory=dict)
    problems: int = 0
    notes: list[str] = field(default_factory=list)

    @property
    def benchmark(self) -> str:
        """Which benchmark it is about, "" if nothing says so."""
        return _text(self.score.get("benchmark")) or _text(self.config.get("benchmark"))

    @property
    def config(self) -> dict[str, Any]:
        """What decided the answers, from `run.json`."""
        found = self.header.get("config")
        return found if isinstance(found, dict) else {}

    @property
    def sha256(self) -> str:
        """Hash of the data it was scored on."""
        return str(self.score.get("data_sha256") or self.config.get("data_sha256") or "")

    @property
    def model(self) -> str:
        """What answered, "" if nothing says so."""
        return str(self.header.get("model") or self.config.get("model") or "")

    @property
    def metrics(self) -> list[dict[str, Any]]:
        """The columns of its score."""
        return list(self.score.get("metrics") or [])

    @property
    def headline(self) -> str:
        """The metric that stands for the run."""
        return str(self.score.get("headline") or "")

    @property
    def overall(self) -> dict[str, Any]:
        """The first line of its table."""
        return dict(self.score.get("overall") or {})

    def value(self, metric: str, group: Mapping[str, Any] | None = None) -> dict[str, Any] | None:
        """`Value.to_dict()` of a metric, overall or in a group; None where it has no number."""
        values = (self.overall if group is None else group).get("values")
        found = values.get(metric) if isinstance(values, dict) else None
        return found if isinstance(found, dict) and isinstance(found.get("value"), int | float) else None


def read_run(path: Path, name: str = "", *, control: bool = False) -> RunData:
    """Read a run directory.

    Raises:
        InputError: `compare.no_run`: there is no such directory, or nothing in it belongs to a run.
    """
    if not path.is_dir():
        raise InputError(f"there is no directory {path}.", code="compare.no_run", hint="Give run directories.")
    known = (SCORE_NAME, ROWS_NAME, PREDICTIONS_NAME, HEADER_NAME)
    if not any((path / n).is_file() for n in known):
        raise InputError(
            f"{path} holds none of {', '.join(known)}.",
            code="compare.no_run",
            hint="Give the directories that `eval run --out` wrote.",
        )
    run = RunData(name or path.resolve().name, path)
    run.header = _object(run, HEADER_NAME)
    run.score = _score(run, _object(run, SCORE_NAME))
    if not run.score:
        run.notes.append(f"It has no score that can be read: `audio-reasoner eval score` writes {SCORE_NAME}.")
    run.rows = _rows(run)
    if run.score and not run.rows.ids:
        run.notes.append(
            f"It has no {ROWS_NAME}, so it takes no part in the paired comparison and in the list of answers: "
            "`audio-reasoner eval score --rows` writes it."
        )
    run.effort = _effort(run)
    run.problems = sum(1 for _ in _lines(run, "problems.jsonl"))
    run.judges = _judges(run)
    run.chains, run.causal = _object(run, "chains.json"), _object(run, "causal.json")
    run.samples, run.control_facts = _clean_samples(_object(run, "samples.json")), _object(run, "controls.json")
    answered, items = run.overall.get("answered"), run.overall.get("items")
    if isinstance(answered, int) and isinstance(items, int) and answered < items:
        run.notes.append(f"It is not finished: {answered:,} of {items:,} items have an answer.")
    if not control and (path / "controls").is_dir():
        for inner in sorted((path / "controls").iterdir()):
            if not inner.is_dir():
                continue
            try:
                run.controls[inner.name] = read_run(inner, inner.name, control=True)
            except InputError as error:
                run.notes.append(f"Control {inner.name}: {error.message}")
    return run


def _object(run: RunData, name: str) -> dict[str, Any]:
    path = run.path / name
    if not path.is_file():
        return {}
    try:
        found = json.loads(path.read_bytes().decode("utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        run.notes.append(f"{name} cannot be read: {error}.")
        return {}
    if not isinstance(found, dict):
        run.notes.append(f"{name} holds {type(found).__name__} where an object was expected.")
        return {}
    return found


def _lines(run: RunData, name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """(byte offset, object) of each line of a JSON-lines file; what is no object is counted in the notes."""
    path = run.path / name
    if not path.is_file():
        return
    bad: list[int] = []
    offset = 0
    with path.open("rb") as f:
        for number, line in enumerate(f, start=1):
            if line.strip():
                try:
                    found = json.loads(line)
                except (ValueError, RecursionError):
                    found = None
                if isinstance(found, dict):
                    yield offset, found
                else:
                    bad.append(number)
            offset += len(line)
    if bad:
        which = ", ".join(map(str, bad[:MOST_BAD_LINES])) + (" …" if len(bad) > MOST_BAD_LINES else "")
        run.notes.append(f"{name}: {len(bad)} line{'s' * (len(bad) != 1)} cannot be read ({which}).")


def line_at(path: Path, offset: int) -> dict[str, Any]:
    """One line of a JSON-lines file again; {} if the file changed meanwhile."""
    try:
        with path.open("rb") as f:
            f.seek(offset)
            found = json.loads(f.readline())
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _rows(run: RunData) -> Columns:
    columns = Columns()
    seen: set[str] = set()
    again = 0
    for offset, row in _lines(run, ROWS_NAME):
        row = upgrade_row(row)
        ident = row.get("id")
        if not isinstance(ident, str):
            continue
        if ident in seen:
            again += 1
            continue
        seen.add(ident)
        n = len(columns.ids)
        columns.ids.append(ident)
        columns.clips.append(intern(str(row.get("clip") or ident)))
        columns.places.append(offset)
        columns.said.append(intern(_said(row)))
        numbers = _numbers(row.get("readings"))
        columns.graded.update(name for name, v in numbers.items() if v not in (None, 0.0, 1.0))
        _column(columns.readings, numbers, n, None)
        _column(columns.groups, _texts(row.get("groups")), n, "")
        held = row.get("statistics")
        for metric, sums in held.items() if isinstance(held, dict) else ():
            if isinstance(sums, list) and all(isinstance(x, int | float) for x in sums):
                columns.statistics.setdefault(str(metric), {})[ident] = sums
        for fact in ("from_summary", "tagged", "well_formed"):
            columns.facts[fact] += row.get(fact) is True
        columns.facts["unparsed"] += row.get("option_index") is None and bool(row.get("choices"))
    if again:
        run.notes.append(f"{ROWS_NAME}: {again} ids occur again; the first row of each counts.")
    return columns


def _column(columns: dict[str, list[Any]], found: Mapping[str, Any], n: int, empty: Any) -> None:
    for name in found:
        if name not in columns:
            columns[name] = [empty] * n
    for name, column in columns.items():
        column.append(found.get(name, empty))


def _numbers(found: object) -> dict[str, float | None]:
    if not isinstance(found, dict):
        return {}
    return {
        intern(str(k)): float(v) if isinstance(v, int | float) and v == v and abs(v) < 1e300 else None
        for k, v in found.items()
    }


def _texts(found: object) -> dict[str, str]:
    return {intern(str(k)): intern(str(v)) for k, v in found.items()} if isinstance(found, dict) else {}


def _said(row: Mapping[str, Any]) -> str:
    index, choices = row.get("option_index"), row.get("choices")
    if isinstance(index, int) and isinstance(choices, list) and 0 <= index < len(choices):
        return str(choices[index])
    return ""


def _effort(run: RunData) -> Effort:
    effort = Effort()
    for offset, line in _lines(run, PREDICTIONS_NAME):
        ident = line.get("id")
        if not isinstance(ident, str):
            continue
        if line.get("sample"):
            continue
        tokens = line.get("tokens")
        effort.n += 1
        effort.places.setdefault(ident, offset)
        if isinstance(tokens, int):
            effort.tokens.append(tokens)
        if isinstance(line.get("seconds"), int | float):
            effort.seconds.append(float(line["seconds"]))
        sections = line.get("sections")
        if isinstance(sections, dict):
            effort.sections.update(k for k, v in sections.items() if v)
        for name, counter in (("stopped", effort.stopped), ("audio_policy", effort.policies)):
            if isinstance(line.get(name), str):
                counter[line[name]] += 1
    return effort


def _judges(run: RunData) -> list[dict[str, Any]]:
    """Who judged: purpose, model, prompt, temperature, how often, how often without a readable verdict, and when."""
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    for _, line in _lines(run, "judged.jsonl"):
        if not line.get("model"):  # a reply that the rules could read: nobody was asked
            continue
        key = tuple(str(line.get(k, "")) for k in ("purpose", "model", "prompt_sha", "temperature"))
        entry = found.setdefault(
            key,
            {
                **dict(zip(("purpose", "model", "prompt_sha", "temperature"), key, strict=True)),
                "n": 0,
                "unparsed": 0,
                "from": "",
                "to": "",
            },
        )
        entry["n"] += 1
        entry["unparsed"] += not line.get("parsed")
        day = str(line.get("date") or "")[:10]
        if day:
            entry["from"] = min(entry["from"] or day, day)
            entry["to"] = max(entry["to"], day)
    return list(found.values())


# ------------------------------------------------------------------------------------------------------- older versions

_V1_METRICS = ("strict", "extracted", "option")
_V1_TABLES = {"task": "task", "difficulty": "difficulty", "sub_category": "sub-category"}


def _score(run: RunData, found: dict[str, Any]) -> dict[str, Any]:
    if not found:
        return {}
    version = found.get("version", 1)
    if version == SCORE_VERSION:
        if isinstance(found.get("overall"), dict) and isinstance(found.get("metrics"), list):
            return _clean_score(found)
        run.notes.append(f"{SCORE_NAME} has no overall line or no metrics; score the run again.")
        return {}
    if version != 1 or not isinstance(found.get("overall"), dict):
        run.notes.append(
            f"{SCORE_NAME} is of version {version}, and this program reads {SCORE_VERSION} and 1: "
            "score the run again with `audio-reasoner eval score`."
        )
        return {}
    run.notes.append(
        f"{SCORE_NAME} is of version 1: its intervals are Wilson's, which take every answer as independent."
    )
    return {
        **{k: found.get(k) for k in ("data", "data_sha256", "revision", "predictions", "problems")},
        "version": 1,
        "benchmark": found.get("benchmark") or "mmau-mini",
        "kind": "choice",
        "headline": "extracted",
        "metrics": [
            {"name": m, "title": m, "unit": "percent", "official": m == "strict", "explained": ""} for m in _V1_METRICS
        ],
        "overall": _upgrade_group(found["overall"]),
        "tables": {
            new: [_upgrade_group(g) for g in _list(found.get(old)) if isinstance(g, dict)]
            for old, new in _V1_TABLES.items()
        },
        "paper": {},
        "notes": [],
        "deviations": [],
    }


def _clean_score(found: dict[str, Any]) -> dict[str, Any]:
    """The score with everything in it of the type the page expects; what is of another type is left out."""
    metrics = [m for m in found["metrics"] if isinstance(m, dict) and isinstance(m.get("name"), str)]
    tables = found.get("tables")
    paper = found.get("paper")
    clean = {
        **{k: found.get(k) for k in ("version", "kind")},
        **{k: _text(found.get(k)) for k in ("benchmark", "data", "data_sha256", "revision", "predictions", "headline")},
        "metrics": [
            {
                "name": m["name"],
                "title": _text(m.get("title")) or m["name"],
                "unit": _text(m.get("unit")),
                "official": m.get("official") is True,
                "explained": _text(m.get("explained")),
            }
            for m in metrics
        ],
        "overall": _clean_group(found["overall"]),
        "tables": {
            str(kind): [_clean_group(g) for g in groups if isinstance(g, dict)]
            for kind, groups in (tables.items() if isinstance(tables, dict) else ())
            if isinstance(groups, list)
        },
        "paper": {str(k): v for k, v in paper.items() if _finite(v)} if isinstance(paper, dict) else {},
    }
    for name in ("notes", "deviations", "problems"):
        clean[name] = [line for line in _list(found.get(name)) if isinstance(line, str)]
    return clean


def _clean_group(group: Mapping[str, Any]) -> dict[str, Any]:
    values = group.get("values")
    return {
        **group,
        "name": str(group.get("name", "")),
        "items": _whole(group.get("items")),
        "answered": _whole(group.get("answered")),
        "values": {
            str(metric): {**v, "over_all_items": o if _finite(o := v.get("over_all_items")) else None}
            for metric, v in (values.items() if isinstance(values, dict) else ())
            if isinstance(v, dict) and _finite(v.get("value"))
        },
    }


def _text(found: object) -> str:
    return found if isinstance(found, str) else ""


def _clean_samples(found: dict[str, Any]) -> dict[str, Any]:
    points = [
        {**p, "tokens_per_question": t if _finite(t := p.get("tokens_per_question")) else None}
        for p in _list(found.get("points"))
        if isinstance(p, dict) and _whole(p.get("n")) and _finite(p.get("majority"))
    ]
    return {"points": points, "items": _whole(found.get("items")), "how": _text(found.get("how"))} if points else {}


def _whole(found: object) -> int | None:
    return found if isinstance(found, int) and not isinstance(found, bool) and 0 <= found < 1 << 53 else None


def _finite(found: object) -> bool:
    return isinstance(found, int | float) and not isinstance(found, bool) and abs(found) < 1e12


def _list(found: object) -> Iterable[Any]:
    return found if isinstance(found, list) else []


def _upgrade_group(old: Mapping[str, Any]) -> dict[str, Any]:
    def percent(value: object) -> float | None:
        return round(100 * value, 4) if isinstance(value, int | float) else None

    values = {}
    for metric in _V1_METRICS:
        held = old.get(metric)
        if isinstance(held, dict):
            ends = [percent(v) for v in _list(held.get("interval_95"))]
            values[metric] = {
                "value": percent(held.get("accuracy")),
                "n": old.get("predicted"),
                "interval_95": ends if len(ends) == 2 and None not in ends else None,
                "over_all_items": percent(held.get("accuracy_over_all_items")),
            }
    facts = {k: old[k] for k in ("unparsed", "tagged", "well_formed") if k in old}
    if isinstance(constant := old.get("best_constant"), dict):
        facts["best_constant"] = {**constant, "value": percent(constant.get("accuracy"))}
    return {
        "name": old.get("name"),
        "items": old.get("items"),
        "answered": old.get("predicted"),
        "values": values,
        **facts,
        "chance": percent(old.get("chance")),
    }


def upgrade_row(row: dict[str, Any]) -> dict[str, Any]:
    """A line of `rows.jsonl` in today's form; version 1 had its readings and groups side by side."""
    if "readings" in row or "strict" not in row:
        return row
    return {
        **row,
        "clip": row.get("id"),
        "groups": {k: row[k] for k in ("task", "difficulty", "sub-category") if isinstance(row.get(k), str)},
        "readings": {m: float(row[m]) for m in _V1_METRICS if isinstance(row.get(m), bool | int)},
        "why": {"strict": row.get("strict_reason"), "extracted": row.get("option_detail")},
        "audio": [],
    }
