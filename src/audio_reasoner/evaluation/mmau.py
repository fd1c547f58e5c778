"""MMAU: its data file, and three readings of a reply side by side.

Decision: one number is never enough. *strict* is the official rule on the RESPONSE, *extracted* first maps the
RESPONSE to an option and then applies the official rule to that option's text, *option* asks whether that option is
the gold one. The file's SHA-256 stands in every report, because the file behind one version name changed many times
and numbers of two generations must not be compared.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from audio_reasoner.core.chain import ParsedChain, parse_chain, response_body
from audio_reasoner.core.choices import OptionMatch, match_option
from audio_reasoner.core.errors import InputError
from audio_reasoner.evaluation.intervals import wilson
from audio_reasoner.evaluation.official import OfficialVerdict, official_key
from audio_reasoner.evaluation.predictions import Predictions

DATA_NAME = "mmau-test-mini.json"
MANIFEST_NAME = "benchmark.json"

# SHA-256 of every revision of mmau-test-mini.json in Sakshi113/MMAU's history: (commit, date, generation). Between the
# two generations 106 of 1000 items were exchanged and 209 answers of the common ones changed.
_OLD, _NEW = "before v05.15.25", "v05.15.25"
KNOWN_REVISIONS: Mapping[str, tuple[str, str, str]] = {
    "bef649e4bdeb436779a929ccdb9caa3f5144899bd087fc05e23065268ba888cc": ("1c6af99", "2024-10-23", _OLD),
    "a5006730ccb3fbf1fc72016774413b9b4a596bb00ce8f37796d9d30979b46192": ("78fe032", "2024-10-25", _OLD),
    "1b6d31d0b70c2944a064a5de0147435427af0bcd3167eff175daa8bd5321e9d3": ("26d9342", "2024-10-29", _OLD),
    "850c2794664d53c1f7e7e2bcf35744b9ab4e60debad2156d67efd6956220affa": ("a8d61f7", "2024-12-09", _OLD),
    "ed2fd6b6c24ebec1a5a496de5d767e7ebfe79556044d8f0d8bd00ad0cf02d623": ("a5cd89a", "2025-01-28", _OLD),
    "e8cc09223b497191781756212cb616315690aaa6ea7ac359db1b65d97d1e2433": ("1f675a9", "2025-03-25", _OLD),
    "d35ec10bc3097fc605661b0eed00a487da74a6e7d9e23736567312c632347400": ("6674fa1", "2025-05-15", _NEW),
    "9da96f00e43890adfbac3628b7b0dab3a32a6d6ec2d0a800b892ee261d35b818": ("f2017e3", "2025-05-16", _NEW),
    "ea9f3f53085a2dfcf9ea7f5b2fca76a6634cd212af084bbb4cd8bf22c8903537": ("2dcf44d", "2025-05-16", _NEW),
    "cafecebbb4e48b9eb83fd88916911a853245379812e08f118984510340b2dc5b": ("77fbb89", "2025-05-18", _NEW),
    "cc59d9e3fad1a675f311f341b53b05079b94e735e5bc8992ac881ebeda2976f5": ("8f62d71", "2025-05-19", _NEW),
    "157f1968a686c9e7ffb3669e13296349af72afe78af19c049e5d459ccb59d402": ("65c0574", "2025-05-22", _NEW),
    "e0042de8b99492539b0a17997b6c12fff90a6d42a47ad5fd8801c80dcb52b405": ("8415fc1", "2025-05-24", _NEW),
    "0bbabee60dcbd76815948394ac2dd31c41d18ab1215fe6fd6f93e0e510f78d7a": ("0a30c30", "2025-05-30", _NEW),
    "5c63fe8f2de12e848be146e48436567c2022fe84ea0012da560003c30a24b2b7": ("b070fb3", "2025-06-23", _NEW),
    "3940399a013d5f6d528ad4f5d1701cce29cdb5b19ccd4e6ab2800e0665dd6ac9": ("82f34fd", "2025-06-23", _NEW),
    "9f18fda99f8dbc2bc5ecd6323fb5063309f54969810b5c6f1caeb3b8d904cf1c": ("f0a4a97", "2025-08-09", _NEW),
}
UNKNOWN_REVISION = "unknown revision"


@dataclass(frozen=True)
class Item:
    """One question of MMAU. `gold` is the index of the first choice that is literally the answer, None without one."""

    id: str
    audio_id: str
    question: str
    choices: tuple[str, ...]
    answer: str
    task: str
    difficulty: str
    sub_category: str | None
    gold: int | None


@dataclass
class Benchmark:
    """A data file: its items, what is wrong with the others, and which revision it is."""

    path: Path
    sha256: str
    revision: str
    items: list[Item]
    problems: list[str]

    def audio_path(self, item: Item) -> Path:
        """Where an item's recording lies: `audio_id` relative to the data file."""
        return self.path.parent / item.audio_id


def data_file(path: Path) -> Path:
    """The data file itself: `path`, or `mmau-test-mini.json` in the directory `path`.

    Raises:
        InputError: `benchmark.missing`.
    """
    found = path / DATA_NAME if path.is_dir() else path
    if not found.is_file():
        raise InputError(
            f"there is no {found}.",
            code="benchmark.missing",
            hint=f"Give {DATA_NAME} or its directory; `audio-reasoner synth benchmark` makes one in this format.",
        )
    return found


def read_benchmark(path: Path) -> Benchmark:
    """Read MMAU's file (a JSON array of objects) or a mirror of it.

    Understood besides the original: `choices` as a JSON string, choices and answer that carry a letter ("(A) dog").
    A row that cannot be scored is named in `problems` and left out.

    Raises:
        InputError: `benchmark.missing`, `benchmark.unreadable`, `benchmark.no_items`.
    """
    file = data_file(path)
    raw = file.read_bytes()
    try:
        rows = json.loads(raw.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{file} is not JSON: {error}.", code="benchmark.unreadable") from None
    if not isinstance(rows, list):
        raise InputError(
            f"{file} holds {type(rows).__name__}; expected a JSON array of questions.", code="benchmark.unreadable"
        )
    items: list[Item] = []
    problems: list[str] = []
    seen: set[str] = set()
    for number, row in enumerate(rows):
        try:
            item = _item(row)
        except _BadRow as bad:
            problems.append(f"{file.name} row {number}: {bad}")
            continue
        if item.id in seen:
            problems.append(f"{file.name} row {number}: id {item.id} occurs again; only its first row is scored")
            continue
        if item.gold is None:
            problems.append(
                f"{file.name} row {number}: the answer {item.answer!r} is none of the choices; no option can be right"
            )
        seen.add(item.id)
        items.append(item)
    if not items:
        raise InputError(
            f"{file} holds no question that can be scored. First problem: {problems[0] if problems else 'it is empty'}",
            code="benchmark.no_items",
        )
    sha = hashlib.sha256(raw).hexdigest()
    return Benchmark(file, sha, _revision(file, sha), items, problems)


class _BadRow(Exception):
    pass


def _text(row: dict[str, Any], key: str) -> str:
    value = row.get(key)
    if not isinstance(value, str) or not value.strip():
        found = "nothing" if value is None else repr(value)[:60]
        hint = " (the 9,000-item test set has no public answers)" if key == "answer" else ""
        raise _BadRow(f"`{key}` must be text, found {found}{hint}")
    return value


def _item(row: Any) -> Item:
    if not isinstance(row, dict):
        raise _BadRow(f"expected an object, found {type(row).__name__}")
    number = row.get("id")
    name = str(number) if isinstance(number, int) and not isinstance(number, bool) else _text(row, "id")
    choices: Any = row.get("choices")
    if isinstance(choices, str):
        try:
            choices = json.loads(choices)
        except ValueError:
            raise _BadRow(f"`choices` is text, and not a JSON list: {choices[:60]!r}") from None
    if not isinstance(choices, list) or not choices or not all(isinstance(c, str) for c in choices):
        raise _BadRow(f"`choices` must be a list of texts, found {repr(choices)[:60]}")
    answer = _text(row, "answer")
    unlettered = [bare for i, choice in enumerate(choices) if (bare := _unlettered(choice, i)) is not None]
    if len(unlettered) == len(choices):
        answer = next((new for new, old in zip(unlettered, choices, strict=True) if old == answer), answer)
        choices = unlettered
    sub = row.get("sub-category", row.get("sub_category"))
    return Item(
        id=name,
        audio_id=row["audio_id"] if isinstance(row.get("audio_id"), str) else "",
        question=_text(row, "question"),
        choices=tuple(choices),
        answer=answer,
        task=row["task"] if isinstance(row.get("task"), str) else "(none)",
        difficulty=row["difficulty"] if isinstance(row.get("difficulty"), str) else "(none)",
        sub_category=sub if isinstance(sub, str) else None,
        gold=choices.index(answer) if answer in choices else None,
    )


def _unlettered(choice: str, index: int) -> str | None:
    match = re.match(r"\(([A-Z])\)\s*(?=\S)", choice)
    return choice[match.end() :] if match and ord(match[1]) - ord("A") == index else None


def _revision(file: Path, sha: str) -> str:
    if sha in KNOWN_REVISIONS:
        commit, date, generation = KNOWN_REVISIONS[sha]
        return f"MMAU test-mini {generation}, commit {commit} of {date}"
    manifest = file.parent / MANIFEST_NAME
    if manifest.is_file():
        try:
            facts = json.loads(manifest.read_text(encoding="utf-8"))
            if facts["data_sha256"] == sha:
                return str(facts["revision"])
            return f"{UNKNOWN_REVISION} (changed since {MANIFEST_NAME} was written)"
        except (ValueError, KeyError, TypeError):
            pass
    return UNKNOWN_REVISION


# -------------------------------------------------------------------------------------------------------------- scoring


@dataclass(slots=True)
class RowVerdict:
    """How one reply was judged, and why."""

    item: Item
    body: str
    tagged: bool
    well_formed: bool
    defects: tuple[str, ...]
    official: OfficialVerdict
    match: OptionMatch
    from_summary: bool
    extracted: bool
    option: bool

    @property
    def strict(self) -> bool:
        """Whether the official matcher passes the body."""
        return self.official.correct

    def to_dict(self) -> dict[str, Any]:
        """A flat row for `--rows`."""
        item = self.item
        return {
            "id": item.id,
            "task": item.task,
            "difficulty": item.difficulty,
            "sub-category": item.sub_category,
            "question": item.question,
            "choices": list(item.choices),
            "answer": item.answer,
            "gold_index": item.gold,
            "body": self.body,
            "tagged": self.tagged,
            "well_formed": self.well_formed,
            "defects": list(self.defects),
            "strict": self.strict,
            "strict_reason": self.official.reason,
            "option_index": self.match.index,
            "option_rule": self.match.rule,
            "option_detail": self.match.detail,
            "from_summary": self.from_summary,
            "extracted": self.extracted,
            "option": self.option,
        }


def judge(item: Item, reply: str) -> RowVerdict:
    """Judge one reply. The SUMMARY is asked only if a tagged RESPONSE names no option, and that is flagged."""
    parsed: ParsedChain = parse_chain(reply)
    body = response_body(parsed, reply)
    key = official_key(item.answer, item.choices)
    official = key.judge(body)
    match = match_option(body, item.choices)
    from_summary = False
    if match.index is None and parsed.tagged and parsed.sections["summary"]:
        second = match_option(parsed.sections["summary"], item.choices)
        if second.index is not None:
            match, from_summary = second, True
    mapped = item.choices[match.index] if match.index is not None else None
    return RowVerdict(
        item=item,
        body=body,
        tagged=parsed.tagged,
        well_formed=parsed.well_formed,
        defects=tuple(dict.fromkeys([defect.code for defect in parsed.defects])),
        official=official,
        match=match,
        from_summary=from_summary,
        extracted=mapped in key.passing,
        # Two choices with literally the same text are one option: nobody could tell them apart.
        option=mapped is not None and mapped == item.answer,
    )


@dataclass(frozen=True)
class Constant:
    """The best answer one could give without listening, chosen with the gold answers in view."""

    answer: str
    correct: int
    kind: str


_COUNTS = ("predicted", "strict", "extracted", "option", "unparsed", "from_summary", "tagged", "well_formed")


@dataclass
class Group:
    """Counts over a set of items. `n` items, `predicted` of them with an answer key (MMAU's own denominator)."""

    name: str
    n: int = 0
    predicted: int = 0
    strict: int = 0
    extracted: int = 0
    option: int = 0
    unparsed: int = 0
    from_summary: int = 0
    tagged: int = 0
    well_formed: int = 0
    chance: float = 0.0
    constant: Constant = field(default_factory=lambda: Constant("", 0, "text"))

    def add(self, verdict: RowVerdict) -> None:
        """Count one judged reply."""
        self.predicted += 1
        self.strict += verdict.strict
        self.extracted += verdict.extracted
        self.option += verdict.option
        self.unparsed += verdict.match.index is None
        self.from_summary += verdict.from_summary
        self.tagged += verdict.tagged
        self.well_formed += verdict.well_formed

    def include(self, cell: Group) -> None:
        """Add the counts of a part of this group."""
        for name in _COUNTS:
            setattr(self, name, getattr(self, name) + getattr(cell, name))

    def to_dict(self) -> dict[str, Any]:
        """Counts, shares (0..1, four decimals) and 95 % intervals, over answered items and over all items."""
        out: dict[str, Any] = {"name": self.name, "items": self.n, "predicted": self.predicted}
        for metric in ("strict", "extracted", "option"):
            count = getattr(self, metric)
            low, high = wilson(count, self.predicted)
            out[metric] = {
                "correct": count,
                "accuracy": _share(count, self.predicted),
                "interval_95": [round(low, 4), round(high, 4)],
                "accuracy_over_all_items": _share(count, self.n),
            }
        out["unparsed"] = {"count": self.unparsed, "rate": _share(self.unparsed, self.predicted)}
        out["from_summary"] = self.from_summary
        out["tagged"] = {"count": self.tagged, "rate": _share(self.tagged, self.predicted)}
        out["well_formed"] = {"count": self.well_formed, "rate": _share(self.well_formed, self.predicted)}
        out["best_constant"] = {
            "answer": self.constant.answer,
            "kind": self.constant.kind,
            "accuracy": _share(self.constant.correct, self.n),
        }
        out["chance"] = round(self.chance, 4)
        return out


def _share(count: int, n: int) -> float | None:
    return round(count / n, 4) if n else None


@dataclass
class Report:
    """Everything a score says; `groups` are in order of first appearance within their kind."""

    benchmark: Benchmark
    predictions_file: str
    overall: Group
    groups: dict[str, list[Group]]
    problems: list[str]

    def to_dict(self) -> dict[str, Any]:
        """The content of `--json`."""
        return {
            "benchmark": "mmau-mini",
            "data": str(self.benchmark.path),
            "data_sha256": self.benchmark.sha256,
            "revision": self.benchmark.revision,
            "predictions": self.predictions_file,
            "overall": self.overall.to_dict(),
            **{kind: [group.to_dict() for group in groups] for kind, groups in self.groups.items()},
            "problems": self.problems,
        }


def _best_constant(items: Sequence[Item]) -> Constant:
    texts = Counter(item.answer for item in items)
    places = Counter(item.gold for item in items if item.gold is not None)
    text, text_count = texts.most_common(1)[0]
    place, place_count = places.most_common(1)[0] if places else (0, 0)
    if text_count >= place_count:
        return Constant(text, text_count, "text")
    return Constant(f"({chr(97 + place)})" if place < 26 else f"choice {place + 1}", place_count, "position")


_KINDS: Mapping[str, Callable[[Item], str | None]] = {
    "task": lambda item: item.task,
    "difficulty": lambda item: item.difficulty,
    "sub_category": lambda item: item.sub_category,
}


def score(
    benchmark: Benchmark,
    predictions: Predictions,
    predictions_file: str = "",
    on_row: Callable[[RowVerdict], None] | None = None,
) -> Report:
    """Judge every answered item, in the order of the data file.

    Args:
        benchmark: the questions.
        predictions: the replies; ids the benchmark does not know become problems.
        predictions_file: what the report calls them.
        on_row: told every verdict, for `--rows`.

    Raises:
        InputError: `predictions.foreign`: not one id belongs to this benchmark.
    """
    problems = [*benchmark.problems, *predictions.problems]
    known = {item.id for item in benchmark.items}
    foreign = [name for name in predictions.texts if name not in known]
    if foreign and len(foreign) == len(predictions.texts):
        raise InputError(
            f"none of the {len(foreign)} predicted ids (first: {foreign[0]!r}) is in {benchmark.path}.",
            code="predictions.foreign",
            hint="The predictions belong to another data file or another revision of it.",
        )
    problems += [f"id {name} is not in {benchmark.path.name}; not scored" for name in foreign]
    by_kind: dict[str, dict[str, list[Item]]] = {kind: {} for kind in _KINDS}
    for item in benchmark.items:
        for kind, name_of in _KINDS.items():
            name = name_of(item)
            if name is not None:
                by_kind[kind].setdefault(name, []).append(item)
    # Counted once per (task, difficulty, sub-category), then summed into every group a cell belongs to.
    cells: dict[tuple[str | None, ...], Group] = {}
    for item in benchmark.items:
        reply = predictions.texts.get(item.id)
        if reply is None:
            continue
        verdict = judge(item, reply)
        place: tuple[str | None, ...] = (item.task, item.difficulty, item.sub_category)
        if place not in cells:
            cells[place] = Group("")
        cells[place].add(verdict)
        if on_row is not None:
            on_row(verdict)
    overall = _group("overall", benchmark.items)
    groups = {kind: {name: _group(name, items) for name, items in found.items()} for kind, found in by_kind.items()}
    for where, cell in cells.items():
        overall.include(cell)
        for kind, name in zip(_KINDS, where, strict=True):
            if name is not None:
                groups[kind][name].include(cell)
    return Report(
        benchmark, predictions_file, overall, {kind: list(found.values()) for kind, found in groups.items()}, problems
    )


def _group(name: str, items: Iterable[Item]) -> Group:
    held = list(items)
    return Group(
        name=name,
        n=len(held),
        chance=sum(1 / len(item.choices) for item in held) / len(held),
        constant=_best_constant(held),
    )
