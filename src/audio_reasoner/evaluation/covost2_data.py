"""CoVoST 2 as it is downloaded: the translation table joined with Common Voice, the authors' split, or Qwen's list.

Decision: the tables are written without quoting and with backslash escapes, so they are read in exactly that way: a
csv reader would swallow rows at a quotation mark, a plain split would leave backslashes in the references, and pandas'
defaults would turn the sentence "NA" into nothing. Each of these lowers a score without an error.
"""

from __future__ import annotations

import hashlib
import json
import re
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from audio_reasoner.core.errors import InputError
from audio_reasoner.evaluation.base import Benchmark, Item

JSONL_NAME = "covost2_eval.jsonl"
MOST_DEPTH = 2


@dataclass(frozen=True)
class Direction:
    """One direction: Common Voice's language codes, sacrebleu's tokenizer, published number of test sentences."""

    benchmark: str
    title: str
    source: str
    target: str
    tokens: Literal["zh", "13a"]
    published: int
    question: str
    buckets: tuple[int, ...]

    @property
    def stem(self) -> str:
        """How the authors' files begin."""
        return f"covost_v2.{self.source}_{self.target}"


EN_ZH = Direction(
    "covost2-en-zh",
    "CoVoST 2 English to Chinese",
    "en",
    "zh-CN",
    "zh",
    15_531,
    "Translate the English speech into Chinese.",
    (10, 20, 40),
)
ZH_EN = Direction(
    "covost2-zh-en",
    "CoVoST 2 Chinese to English",
    "zh-CN",
    "en",
    "13a",
    4_898,
    "Translate the Chinese speech into English.",
    (5, 10, 20),
)


def length_bucket(reference: str, direction: Direction) -> str:
    """The length class of a reference: characters for Chinese, words for English."""
    chinese = direction.tokens == "zh"
    length, unit = (len("".join(reference.split())), "characters") if chinese else (len(reference.split()), "words")
    low = 1
    for high in direction.buckets:
        if length <= high:
            return f"{low}–{high} {unit}"
        low = high + 1
    return f"{low}+ {unit}"


# --------------------------------------------------------------------------------------------------------- the tables


def fields(line: str) -> list[str]:
    """The fields of a line: tabs part them, a backslash makes the next character plain, quotes mean nothing.

    >>> fields('a.mp3\\tHe said \\\\"no\\\\".')
    ['a.mp3', 'He said "no".']
    """
    if "\\" not in line:
        return line.split("\t")
    found: list[str] = []
    field: list[str] = []
    chars = iter(line)
    for char in chars:
        if char == "\t":
            found.append("".join(field))
            field = []
        else:
            field.append(next(chars, "") if char == "\\" else char)
    return [*found, "".join(field)]


def lines(text: str) -> Iterator[tuple[int, str]]:
    """Numbered lines; one that ends in an escaped line break goes on in the next. Empty lines are left out."""
    whole, first = "", 0
    for number, line in enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), start=1):
        first = first or number
        if line.endswith("\\") and (len(line) - len(line.rstrip("\\"))) % 2:
            whole += line + "\n"
            continue
        if whole or line:
            yield first, whole + line
        whole, first = "", 0
    if whole:
        yield first, whole.removesuffix("\n")


class Table:
    """A table with a header line; `rows` yields (line number, row) and names damaged lines in `problems`."""

    def __init__(self, path: Path, data: bytes, problems: list[str]) -> None:
        self.path, self.problems = path, problems
        try:
            self._lines = lines(data.decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            raise InputError(f"{path} is not UTF-8: {error}.", code="benchmark.unreadable") from None
        _, header = next(self._lines, (0, ""))
        self.columns = fields(header)

    def need(self, *columns: str) -> None:
        """Raises: InputError: `benchmark.unreadable`, naming the columns that are missing."""
        missing = [c for c in columns if c not in self.columns]
        if missing:
            raise InputError(
                f"{self.path} has no column {', '.join(missing)} (found: {', '.join(self.columns)[:200]}).",
                code="benchmark.unreadable",
                hint="Expected a tab-separated table with a header line, as the authors publish it.",
            )

    def rows(self, *columns: str) -> Iterator[tuple[int, list[str]]]:
        """The given columns of every whole line."""
        at = [self.columns.index(c) for c in columns]
        width = len(self.columns)
        for number, line in self._lines:
            row = fields(line)
            if len(row) != width:
                self.problems.append(f"{self.path.name} line {number}: {len(row)} fields instead of {width}; left out")
                continue
            yield number, [row[i] for i in at]


def read_bytes(path: Path) -> bytes:
    """A table's bytes; of a downloaded `.tar.gz` those of its only table.

    Raises:
        InputError: `benchmark.unreadable`.
    """
    try:
        if not path.name.endswith((".tar.gz", ".tgz")):
            return path.read_bytes()
        with tarfile.open(path) as archive:
            for member in archive:
                if member.isfile() and member.name.endswith(".tsv") and not Path(member.name).name.startswith("."):
                    held = archive.extractfile(member)
                    return held.read() if held is not None else b""
    except (OSError, tarfile.TarError, EOFError) as error:
        raise InputError(f"{path} cannot be read: {error}.", code="benchmark.unreadable") from None
    raise InputError(f"{path} holds no .tsv file.", code="benchmark.unreadable")


# ---------------------------------------------------------------------------------------------------------- the layout


def _folders(root: Path, source: str) -> Iterator[Path]:
    """Where files may lie below the directory the user named; clip folders are not walked through."""
    level = [root]
    for depth in range(MOST_DEPTH + 1):
        for folder in level:
            yield folder
            if (folder / source).is_dir() and depth == MOST_DEPTH:
                yield folder / source
        if depth < MOST_DEPTH:
            below = (f for folder in level for f in folder.iterdir() if f.name not in ("clips", ".git"))
            level = sorted(f for f in below if f.is_dir())


def find_data(path: Path, direction: Direction) -> Path:
    """The data file in `path`: the authors' test split, else their table, else Qwen's list.

    Raises:
        InputError: `benchmark.missing`, or `benchmark.other_direction`.
    """
    if path.is_file():
        other = re.match(r"covost_v2\.([A-Za-z-]+)_([A-Za-z-]+)\.", path.name)
        if other and other.groups() != (direction.source, direction.target):
            raise InputError(
                f"{path.name} is {other[1]} to {other[2]}, not {direction.source} to {direction.target}.",
                code="benchmark.other_direction",
            )
        return path
    names = (
        f"{direction.stem}.test.tsv",
        f"{direction.stem}.tsv",
        f"{direction.stem}.tsv.tar.gz",
        JSONL_NAME,
    )
    if path.is_dir():
        folders = list(_folders(path, direction.source))
        for name in names:
            for folder in folders:
                if (folder / name).is_file():
                    return folder / name
    raise InputError(
        f"there is no CoVoST 2 data for {direction.source} to {direction.target} at {path}.",
        code="benchmark.missing",
        hint=f"Looked for {', '.join(names)}.",
    )


def _validated(path: Path, given: Path, direction: Direction) -> Path:
    roots = [path.parent, *(_folders(given, direction.source) if given.is_dir() else [])]
    own = re.compile(rf"(^|[^a-zA-Z]){re.escape(direction.source)}($|[^a-zA-Z-])")
    found = list(dict.fromkeys(f / "validated.tsv" for f in roots if (f / "validated.tsv").is_file()))
    # Common Voice keeps each language in a folder of its name; take this language's if both lie there.
    found.sort(key=lambda f: own.search(f.parent.name) is None)
    if found:
        return found[0]
    raise InputError(
        f"{path.name} must be joined with Common Voice 4's validated.tsv, which is not near {path}.",
        code="benchmark.missing",
        hint=f"Put validated.tsv of {direction.source} and clips/ beside it, or give {direction.stem}.test.tsv.",
    )


def _clips(folders: list[Path], direction: Direction) -> tuple[Path, str]:
    """(root, prefix) of the clips: `clips/` beside the tables, or in Common Voice's folder of the language."""
    for folder in folders:
        for inner in (folder, folder / direction.source):
            if (inner / "clips").is_dir():
                return inner, "clips/"
    return folders[0], "clips/"


def read(path: Path, direction: Direction) -> Benchmark:
    """Read the test split of one direction.

    Raises:
        InputError: `benchmark.missing`, `benchmark.unreadable`, `benchmark.other_direction`, `benchmark.no_items`.
    """
    file = find_data(path, direction)
    data = read_bytes(file)
    sha = hashlib.sha256(data)
    problems: list[str] = []
    if file.suffix == ".jsonl":
        root, items = file.parent, list(_from_jsonl(file, data, direction, problems))
        form = "Qwen2-Audio's list"
    else:
        table = Table(file, data, problems)
        folders = [file.parent, *([path] if path.is_dir() else [])]
        if "split" in table.columns:
            other = _validated(file, path, direction)
            more = read_bytes(other)
            sha.update(more)
            folders.insert(0, other.parent)
            rows = _joined(table, Table(other, more, problems), problems)
            form = "test split, joined with Common Voice"
        else:
            table.need("path", "sentence", "translation")
            rows = ((n, p, s, t, c) for n, (p, s, t, c) in _ready(table))
            form = "test split"
        root, prefix = _clips(folders, direction)
        items = list(_items(file, rows, prefix, direction, problems))
    if not items:
        raise InputError(
            f"{file} holds no test sentence of {direction.source} to {direction.target}."
            + (f" First problem: {problems[0]}" if problems else ""),
            code="benchmark.no_items",
        )
    whole = "" if len(items) == direction.published else f" (published: {direction.published:,})"
    revision = f"CoVoST 2 {direction.source} to {direction.target}, {form}, {len(items):,} sentences{whole}"
    return Benchmark(direction.benchmark, "translation", file, root, sha.hexdigest(), revision, items, problems)


def _ready(table: Table) -> Iterator[tuple[int, list[str]]]:
    if "client_id" in table.columns:
        yield from table.rows("path", "sentence", "translation", "client_id")
    else:
        for number, row in table.rows("path", "sentence", "translation"):
            yield number, [*row, ""]


def _joined(table: Table, validated: Table, problems: list[str]) -> Iterator[tuple[int, str, str, str, str]]:
    """The inner join on `path`, in the order of the validated list, as the authors' script makes it."""
    table.need("path", "translation", "split")
    validated.need("path", "sentence", "client_id")
    wanted: dict[str, tuple[int, str]] = {}
    for number, (name, text, split) in table.rows("path", "translation", "split"):
        if split != "test":
            continue
        if name in wanted:
            problems.append(f"{table.path.name} line {number}: {name} comes again; its first row is scored")
            continue
        wanted[name] = (number, text)
    left = dict(wanted)
    for _, (name, sentence, client) in validated.rows("path", "sentence", "client_id"):
        if name in wanted:
            left.pop(name, None)
            number, text = wanted[name]
            yield number, name, sentence, text, client
    problems += [
        f"{table.path.name} line {number}: {name} is not in {validated.path.name}; left out, as in the authors' join"
        for name, (number, _) in left.items()
    ]


def _items(
    file: Path,
    rows: Iterator[tuple[int, str, str, str, str]],
    prefix: str,
    direction: Direction,
    problems: list[str],
) -> Iterator[Item]:
    seen: set[str] = set()
    for number, name, sentence, translation, client in rows:
        if not name:
            problems.append(f"{file.name} line {number}: no path; left out")
            continue
        if name in seen:
            problems.append(f"{file.name} line {number}: {name} comes again; its first row is scored")
            continue
        seen.add(name)
        if not translation.strip():
            problems.append(f"{file.name} line {number}: {name} has an empty reference; scored as it is")
        # Common Voice names files with .mp3; some early tables leave it out.
        audio = name if "." in name.rpartition("/")[2] else f"{name}.mp3"
        yield _item(name, prefix + audio, translation, direction, {"sentence": sentence, "client_id": client})


def _item(name: str, audio: str, translation: str, direction: Direction, extra: Mapping[str, Any]) -> Item:
    return Item(
        id=name,
        audio=(audio,),
        question=direction.question,
        choices=(),
        answer=translation,
        gold=None,
        groups={"length": length_bucket(translation, direction)},
        clip=name,
        extra=extra,
    )


def _from_jsonl(file: Path, data: bytes, direction: Direction, problems: list[str]) -> Iterator[Item]:
    """Qwen2-Audio's list: rows {audio, source, prompt, gt}; the language is the last but one piece of `source`."""
    seen: set[str] = set()
    source, target = direction.source.partition("-")[0], direction.target.partition("-")[0]
    for number, line in enumerate(data.decode("utf-8-sig", "replace").split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            audio, origin, gold = row["audio"], row["source"], row["gt"]
            if not all(isinstance(v, str) for v in (audio, origin, gold)) or not audio:
                raise TypeError
        except (ValueError, RecursionError, KeyError, TypeError):
            problems.append(f"{file.name} line {number}: no row with audio, source and gt; left out")
            continue
        pieces = origin.split("_")
        if len(pieces) < 2 or pieces[-2].partition("-")[0] != target:
            continue
        if not any(piece.partition("-")[0] == source for piece in pieces[:-2]):
            continue
        if audio in seen:
            problems.append(f"{file.name} line {number}: {audio} comes again; its first row is scored")
            continue
        seen.add(audio)
        prompt = row.get("prompt")
        extra = {"source": origin, **({"prompt": prompt} if isinstance(prompt, str) else {})}
        yield _item(audio, audio, gold, direction, extra)
