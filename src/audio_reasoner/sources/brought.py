"""Evidence that users bring: ASR transcripts, tags, speaker turns (RTTM), beats and whatever else they know of a clip.

Decisions:

* It comes as columns of the label table, as JSON lines beside the recordings, or as RTTM files. Every value is checked
  and brought into one shape here, so that nobody further on meets a list of dictionaries where a list of triples was
  meant.
* Times are seconds in the *file*, as everywhere in a table; a clip that is a span of it gets its own part, counted from
  the clip's start. What describes a whole file (a transcript) does not hold for its parts and is left out there.
* The user vouches for it as for a label. A known error rate may be given; from 5 % on the grounded teacher stays
  silent about the item, as about our own estimators.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audio_reasoner.core.errors import InputError
from audio_reasoner.core.records import EvidenceItem
from audio_reasoner.sources import tables

KINDS = ("asr", "tags", "rttm", "beats", "tempo_bpm", "key", "chords")
"""Names with a fixed shape; others are kept as they are."""
_RESERVED = frozenset({"file", "start", "end", "by", "error"})
_TIMED = frozenset({"rttm", "beats", "chords"})
_WHOLE = frozenset({"asr"})
_UNITS = {"beats": "s", "rttm": "s", "tempo_bpm": "bpm"}
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
EDGE_S = 0.05
"""A time this much beyond the clip's end is its end: annotation tools round."""


@dataclass(frozen=True)
class Brought:
    """What one line says about one file. `start_s`, `end_s` restrict it to clips of that span; None: the whole file."""

    file: str
    items: tuple[EvidenceItem, ...]
    where: str
    line: int
    start_s: float | None = None
    end_s: float | None = None


@dataclass(frozen=True)
class BroughtFault:
    """A line that cannot be used."""

    where: str
    line: int
    file: str
    code: str
    reason: str


# --- one value -------------------------------------------------------------------------------------------------------


def item(name: str, value: Any, *, by: str | None = None, error: float | None = None) -> EvidenceItem:
    """One brought item in its fixed shape.

    Args:
        name: one of `KINDS`, or a name of the user's own (lower case, digits, underscores).
        value: as found in the file; text cells may hold JSON.
        by: who found it out, e.g. "whisper-large-v3".
        error: its known error rate, 0 to 1.

    Raises:
        ValueError: what is wrong with the value, in a sentence.
    """
    from audio_reasoner.evidence import ERRORS

    if name in ERRORS:
        raise ValueError(f"{name!r} is measured by audio-reasoner itself; give yours another name, e.g. user_{name}")
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name for evidence: expected lower-case letters, digits and underscores")
    if error is not None and not (isinstance(error, int | float) and 0 <= error <= 1):
        raise ValueError(f"the error of {name} is {error!r}, expected a share from 0 to 1")
    shape = _SHAPES.get(name)
    value = _parsed(value) if shape is not _text else value
    return EvidenceItem(
        name=name,
        value=shape(name, value) if shape else _plain(name, value),
        unit=_UNITS.get(name, ""),
        source=f"user:{by or name}",
        error=error,
    )


def _parsed(value: Any) -> Any:
    """A cell of a CSV table may hold a list as JSON."""
    if isinstance(value, str) and value.lstrip()[:1] in ("[", "{"):
        try:
            return json.loads(value)
        except json.JSONDecodeError as error:
            raise ValueError(f"not JSON: {error.msg} at character {error.pos + 1}") from None
    return value


def _plain(name: str, value: Any) -> Any:
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError):
        raise ValueError(f"{name} holds a value that JSON cannot hold") from None
    if len(text) > 20_000:
        raise ValueError(f"{name} has {len(text):,} characters, at most 20,000 are useful")
    return value


def _number(name: str, value: Any, low: float, high: float, unit: str) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise ValueError(f"{name} is {value!r}, expected a number of {unit}") from None
    if not low <= number <= high:
        raise ValueError(f"{name} is {number:g}, expected {low:g} to {high:g} {unit}")
    return number


def _seconds(name: str, value: Any) -> float:
    return _number(name, value, 0.0, 1e6, "seconds")


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{name} is {type(value).__name__}, expected text")
    return " ".join(value.split())


def _key_of(name: str, value: Any) -> str:
    text = _text(name, value)
    if not re.fullmatch(r"[A-Ga-g](?:#|b|♯|♭|[ -]?sharp|[ -]?flat)?(?:[ :-]?(?:maj(?:or)?|min(?:or)?|m))?", text):
        raise ValueError(f"{name} is {text!r}, expected a key such as 'C major', 'F#m' or 'B flat minor'")
    return text


def _tempo(name: str, value: Any) -> float:
    return round(_number(name, value, 20.0, 400.0, "beats per minute"), 2)


def _tags(name: str, value: Any) -> list[Any]:
    if isinstance(value, str):
        value = [x.strip() for x in re.split(r"[;|,]", value) if x.strip()]
    if isinstance(value, Mapping):
        value = list(value.items())
    if not isinstance(value, list | tuple):
        raise ValueError(f"{name} is {type(value).__name__}, expected a list of tags")
    out: list[Any] = []
    for entry in value:
        if isinstance(entry, str) and entry.strip():
            out.append(entry.strip())
        elif isinstance(entry, list | tuple) and len(entry) == 2 and isinstance(entry[0], str):
            out.append([entry[0].strip(), _number(f"{name}: the score of {entry[0]}", entry[1], 0.0, 1.0, "(a share)")])
        elif isinstance(entry, Mapping) and isinstance(entry.get("label"), str) and "score" in entry:
            out.append([entry["label"].strip(), _number(f"{name}: a score", entry["score"], 0.0, 1.0, "(a share)")])
        else:
            raise ValueError(f"{name}: {entry!r} is neither a tag nor a pair of tag and score")
    return out


def _beats(name: str, value: Any) -> list[float]:
    if isinstance(value, str):
        value = value.replace(",", " ").replace(";", " ").split()
    if not isinstance(value, list | tuple):
        raise ValueError(f"{name} is {type(value).__name__}, expected a list of seconds")
    times = [round(_seconds(f"{name}, beat {i}", x), 3) for i, x in enumerate(value, start=1)]
    if any(b <= a for a, b in itertools.pairwise(times)):
        raise ValueError(f"{name}: the times do not rise")
    return times


def _chords(name: str, value: Any) -> Any:
    if isinstance(value, str):
        return _text(name, value)
    if not isinstance(value, list | tuple):
        raise ValueError(f"{name} is {type(value).__name__}, expected text or a list of [start, chord]")
    if all(isinstance(x, str) for x in value):
        return ", ".join(x.strip() for x in value)
    out = []
    for entry in value:
        if not (isinstance(entry, list | tuple) and len(entry) == 2 and isinstance(entry[1], str)):
            raise ValueError(f"{name}: {entry!r} is no pair of start and chord")
        out.append([round(_seconds(name, entry[0]), 3), entry[1].strip()])
    return sorted(out, key=lambda x: float(x[0]))


def _turns(name: str, value: Any) -> list[list[Any]]:
    """Speaker turns as [start, end, speaker], from triples, from dictionaries, or from RTTM text."""
    if isinstance(value, str):
        lines = [x for x in value.splitlines() if x.strip()]
        value = [turn for line in lines if (turn := _rttm_line(line)) is not None]
        value = [[start, start + length, speaker] for _, start, length, speaker in value]
    if not isinstance(value, list | tuple):
        raise ValueError(f"{name} is {type(value).__name__}, expected a list of [start, end, speaker]")
    out = []
    for i, entry in enumerate(value, start=1):
        if isinstance(entry, Mapping):
            entry = [entry.get("start"), entry.get("end"), entry.get("speaker")]
        if not (isinstance(entry, list | tuple) and len(entry) == 3 and str(entry[2] or "").strip()):
            raise ValueError(f"{name}, turn {i}: {entry!r}, expected [start, end, speaker]")
        start, end = _seconds(f"{name}, turn {i}", entry[0]), _seconds(f"{name}, turn {i}", entry[1])
        if end <= start:
            raise ValueError(f"{name}, turn {i}: ends at {end:g} s, not after its start {start:g} s")
        out.append([round(start, 3), round(end, 3), str(entry[2]).strip()])
    return sorted(out, key=lambda t: (t[0], t[1], t[2]))


_SHAPES = {
    "asr": _text, "tags": _tags, "rttm": _turns, "beats": _beats, "tempo_bpm": _tempo, "key": _key_of,
    "chords": _chords,
}  # fmt: skip


# --- files -----------------------------------------------------------------------------------------------------------


def _rttm_line(line: str) -> tuple[str, float, float, str] | None:
    """(file id, start, length, speaker) of a SPEAKER line; None for the other kinds of line that RTTM has.

    Raises:
        ValueError: a SPEAKER line that is none.
    """
    fields = line.split()
    if not fields or fields[0].startswith(";"):
        return None
    if fields[0] != "SPEAKER":
        if fields[0].isupper() and len(fields) >= 8:
            return None
        raise ValueError(f"not an RTTM line: {line[:60]!r}")
    if len(fields) < 8:
        raise ValueError(f"{len(fields)} fields, expected SPEAKER id 1 start duration <NA> <NA> name <NA> <NA>")
    start, length = _seconds("the start", fields[3]), _seconds("the duration", fields[4])
    if length == 0:
        return None  # diarisers write empty turns; they say nothing
    return fields[1], start, length, fields[7]


def read_rttm(path: Path) -> Iterator[Brought | BroughtFault]:
    """The turns of an RTTM file (NIST Rich Transcription), one item per file id in it."""
    turns: dict[str, list[list[Any]]] = {}
    first: dict[str, int] = {}
    for number, line in enumerate(_read(path).splitlines(), start=1):
        try:
            turn = _rttm_line(line)
        except ValueError as error:
            yield BroughtFault(str(path), number, path.name, "evidence.rttm", str(error))
            continue
        if turn is not None:
            name, start, length, speaker = turn
            turns.setdefault(name, []).append([start, start + length, speaker])
            first.setdefault(name, number)
    for name, found in turns.items():
        yield Brought(name, (item("rttm", found, by="rttm"),), str(path), first[name])


def read_jsonl(path: Path) -> Iterator[Brought | BroughtFault]:
    """JSON lines ``{"file": …, "asr": …, "rttm": […], "by": "whisper", "error": {"asr": 0.08}}``."""
    for number, line in enumerate(_read(path).split("\n"), start=1):
        if not line.strip():
            continue

        def fault(code: str, reason: str, file: str = "", at: int = number) -> BroughtFault:
            return BroughtFault(str(path), at, file or path.name, code, reason)

        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            yield fault("evidence.json", f"not JSON: {error.msg} at character {error.pos + 1}")
            continue
        if not isinstance(row, dict) or not isinstance(row.get("file"), str) or not row["file"].strip():
            yield fault("evidence.no_file", 'expected an object with "file"')
            continue
        errors = row.get("error") or {}
        if not isinstance(errors, dict) or set(errors) - set(row):
            yield fault("evidence.error", 'expected "error" to be {name: share} for names of this line', row["file"])
            continue
        try:
            start, end = (None if row.get(k) is None else _seconds(k, row[k]) for k in ("start", "end"))
            items = tuple(
                item(name, value, by=row.get("by"), error=errors.get(name))
                for name, value in row.items()
                if name not in _RESERVED and value is not None
            )
        except ValueError as error:
            yield fault("evidence.value", str(error), row["file"])
            continue
        if items:
            yield Brought(row["file"], items, str(path), number, start, end)
        else:
            yield fault("evidence.empty", f"says nothing; expected one of {', '.join(KINDS)}", row["file"])


def read_file(path: Path) -> Iterator[Brought | BroughtFault]:
    """Read an evidence file by its suffix.

    Raises:
        InputError: evidence.missing, evidence.encoding, evidence.format.
    """
    suffix = path.suffix.lower()
    if suffix == ".rttm":
        return read_rttm(path)
    if suffix in (".jsonl", ".ndjson"):
        return read_jsonl(path)
    raise InputError(
        f"{path}: evidence comes as .jsonl or .rttm, not as {suffix or 'a file without suffix'}.",
        code="evidence.format",
        hint="Columns of the label table work too: --evidence-column asr=whisper_text.",
    )


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}", code="evidence.missing") from None
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path}: byte {error.start} is not UTF-8.",
            code="evidence.encoding",
            hint=f"Convert it: iconv -f WINDOWS-1252 -t UTF-8 {path.name}",
        ) from None


def of_cells(cells: Mapping[str, Any], columns: Mapping[str, str]) -> tuple[EvidenceItem, ...]:
    """Evidence from a table row; `columns` maps names to column names.

    Raises:
        ValueError: a cell cannot be used.
    """
    items = []
    for name, column in columns.items():
        value = cells.get(column)
        if not tables.cell_text(value if not isinstance(value, list | tuple | dict) else "x"):
            continue
        try:
            items.append(item(name, value, by=column))
        except ValueError as error:
            raise ValueError(f"{column}: {error}") from None
    return tuple(items)


# --- from a file's evidence to a clip's ------------------------------------------------------------------------------


def for_span(
    items: tuple[EvidenceItem, ...], start_s: float, duration_s: float, *, whole: bool, is_span: bool
) -> tuple[EvidenceItem, ...]:
    """What of a file's evidence holds for a clip of it, times counted from the clip's start.

    Args:
        items: evidence in file time.
        start_s: where the clip begins in the file.
        duration_s: how long it is.
        whole: the items were given for this very span (a table row with start and end).
        is_span: the clip is not the whole file.

    Raises:
        ValueError: a time lies outside a whole file.
    """
    out = []
    for x in items:
        if is_span and not whole and x.name in _WHOLE:
            continue
        value = x.value
        if x.name in _TIMED and isinstance(value, list):
            if not is_span:
                last = max((_last(x.name, v) for v in value), default=0.0)
                if last > duration_s + max(EDGE_S, 0.02 * duration_s):
                    raise ValueError(f"{x.name} speaks of {last:g} s, the recording lasts {duration_s:.2f} s")
            value = _cut(x.name, value, start_s, duration_s)
            if not value:
                continue
        out.append(x.model_copy(update={"value": value}))
    return tuple(out)


def _last(name: str, value: Any) -> float:
    """The latest time that one entry speaks of."""
    return float(value[1] if name == "rttm" else value[0] if name == "chords" else value)


def _cut(name: str, value: list[Any], start: float, duration: float) -> list[Any]:
    if name == "rttm":
        turns = [[max(0.0, a - start), min(duration, b - start), who] for a, b, who in value]
        return [[round(a, 3), round(b, 3), who] for a, b, who in turns if b - a > EDGE_S]
    if name == "beats":
        return [round(t - start, 3) for t in value if 0 <= t - start <= duration]
    # A chord goes on until the next one: the last before the clip sounds at its start.
    before = [c for t, c in value if t <= start]
    inside = [[round(t - start, 3), c] for t, c in value if 0 < t - start < duration]
    return [[0.0, before[-1]], *inside] if before else inside


def union(known: tuple[EvidenceItem, ...], new: tuple[EvidenceItem, ...]) -> tuple[EvidenceItem, ...]:
    """Both together, each item once.

    Raises:
        ValueError: two values for one name.
    """
    names = {x.name: x for x in known}
    for x in new:
        if x.name in names and names[x.name].value != x.value:
            raise ValueError(f"two different values for {x.name} ({names[x.name].source} and {x.source})")
        names.setdefault(x.name, x)
    return tuple(names.values())
