"""Corpora whose layout is known: ESC-50, UrbanSound8K, FSD50K; and what any reader of labels needs.

Decision: a corpus's own table says more than names do (what a clip was cut from, what its makers hear behind other
sounds), so it is read as its makers meant it, columns by name, and anything else is refused by name.
"""

from __future__ import annotations

import json
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Final, Literal

from audio_reasoner.core import names
from audio_reasoner.core.errors import InputError
from audio_reasoner.core.tables import Row, RowFault, Table, cell_text, read_table
from audio_reasoner.synth.recordings.tree import Reject, Tree

Layout = Literal["auto", "esc50", "urbansound8k", "fsd50k", "table", "folders", "names"]
CORPUS_TABLES: Final[dict[Layout, str]] = {"esc50": "meta/esc50.csv", "urbansound8k": "metadata/UrbanSound8K.csv"}
FSD50K_TABLES: Final = ("FSD50K.ground_truth/dev.csv", "FSD50K.ground_truth/eval.csv")


@dataclass(frozen=True, slots=True)
class Entry:
    """What is said about one recording. `group` is "" where nobody says what it was cut from; `fold` is a corpus's own
    part for cross-validation, `split` is "train", "validation" or "test" where its owner decided."""

    label: str
    group: str = ""
    split: str | None = None
    licence: str | None = None
    source: str | None = None
    source_id: str | None = None
    fold: str | None = None


@dataclass
class Labels:
    """Labels of a tree: `said` tells a person where they came from, `entries` are by name."""

    layout: Layout
    said: str
    entries: dict[str, Entry] = field(default_factory=dict)
    rejects: list[Reject] = field(default_factory=list)


def class_name(label: str) -> str:
    """A label as a class: lower case, spaces for underscores, NFC, nothing that cannot be printed.

    >>> class_name("Crying_baby")
    'crying baby'
    """
    return names.tidy("".join(c if c.isprintable() else " " for c in label)).lower()


def corpus_inside(tree: Tree) -> str | None:
    """The one folder right below the root that holds a known corpus, as unpacking makes it (``ESC-50-master``).

    None if the root is the corpus itself, or no folder or several hold one: reading the parent would make the
    archive's name a class.
    """
    marks = (*CORPUS_TABLES.values(), *FSD50K_TABLES)
    if any(m in tree.others for m in marks):
        return None
    found = {raw.partition("/")[0] for name, raw in tree.others.items() if name.partition("/")[2] in marks}
    return found.pop() if len(found) == 1 else None


class Collected:
    """Entries row by row; a file that gets two labels is refused."""

    def __init__(self, out: Labels) -> None:
        self.out = out
        self.said: dict[str, dict[str, None]] = defaultdict(dict)

    def add(self, name: str, entry: Entry) -> None:
        """Take a row in."""
        self.said[name][entry.label] = None
        self.out.entries.setdefault(name, entry)

    def close(self) -> Labels:
        """Refuse what has several labels."""
        for name, labels in self.said.items():
            if len(labels) > 1:
                del self.out.entries[name]
                self.out.rejects.append(several(name, list(labels)))
        return self.out


def several(name: str, labels: list[str]) -> Reject:
    more = f" and {len(labels) - 4} more" if len(labels) > 4 else ""
    return Reject(
        name, "", "bank.several_labels", f"{len(labels)} labels ({', '.join(labels[:4])}{more}); a bank needs one"
    )


def rows(table: Table, out: Labels) -> Iterator[Row]:
    for row in table.rows:
        if isinstance(row, RowFault):
            out.rejects.append(Reject(f"{table.path.name}, line {row.line}", "", row.code, row.reason))
        else:
            yield row


def _known_table(tree: Tree, path: str, columns: tuple[str, ...]) -> Table:
    table = read_table(tree.root / tree.others[path])
    lacking = [c for c in columns if c not in table.columns]
    if lacking:
        raise InputError(
            f"{table.path} has no column {lacking[0]!r}, which this corpus's table has.",
            code="table.no_column",
            hint=f"Columns there: {', '.join(table.columns)}. --table and --column read any other table.",
        )
    return table


def _corpus(
    tree: Tree, out: Labels, table: Table, where: Callable[[Mapping[str, Any]], str],
    entry: Callable[[Mapping[str, Any]], Entry],
) -> Labels:  # fmt: skip
    collected = Collected(out)
    for row in rows(table, out):
        name = unicodedata.normalize("NFC", where(row.cells))
        if name in tree.sounds:
            collected.add(name, entry(row.cells))
        else:
            out.rejects.append(Reject(name, "", "audio.missing", f"line {row.line} names it, but it is not there"))
    return collected.close()


def esc50(tree: Tree) -> Labels:
    table = _known_table(tree, CORPUS_TABLES["esc50"], ("filename", "fold", "category", "src_file"))
    out = Labels("esc50", "ESC-50: label ← category, group ← src_file (freesound), fold kept; meta/esc50.csv")
    return _corpus(
        tree,
        out,
        table,
        lambda c: f"audio/{cell_text(c['filename'])}",
        lambda c: Entry(
            class_name(cell_text(c["category"])),
            f"freesound:{cell_text(c['src_file'])}",
            None,
            "CC-BY-NC-3.0",
            "ESC-50",
            cell_text(c["filename"]),
            cell_text(c["fold"]),
        ),
    )


def urbansound8k(tree: Tree) -> Labels:
    table = _known_table(tree, CORPUS_TABLES["urbansound8k"], ("slice_file_name", "fsID", "salience", "fold", "class"))
    out = Labels(
        "urbansound8k", "UrbanSound8K: label ← class, group ← fsID (freesound), fold kept; salience 2 is refused"
    )
    _corpus(
        tree,
        out,
        table,
        lambda c: f"audio/fold{cell_text(c['fold'])}/{cell_text(c['slice_file_name'])}",
        lambda c: Entry(
            class_name(cell_text(c["class"])),
            f"freesound:{cell_text(c['fsID'])}",
            None,
            "CC-BY-NC-3.0",
            "UrbanSound8K",
            cell_text(c["slice_file_name"]),
            cell_text(c["fold"]),
        ),
    )
    for row in table.rows:
        if isinstance(row, Row) and cell_text(row.cells["salience"]) == "2":
            name = f"audio/fold{cell_text(row.cells['fold'])}/{cell_text(row.cells['slice_file_name'])}"
            entry = out.entries.pop(unicodedata.normalize("NFC", name), None)
            if entry is not None:
                reason = "its makers hear it behind other sounds (salience 2)"
                out.rejects.append(Reject(name, entry.label, "bank.not_alone", reason))
    return out


def fsd50k(tree: Tree) -> Labels:
    """FSD50K names a class together with all classes above it ("Bark,Dog,Animal"): the lowest one is the label.

    Which class lies above which is read off the table itself: X lies below Y where every clip with X also has Y.
    """
    out = Labels("fsd50k", "FSD50K: label ← lowest of the classes in FSD50K.ground_truth, group ← uploader or clip")
    clips: dict[str, tuple[str, tuple[str, ...]]] = {}
    info: dict[str, Any] = {}
    for path in FSD50K_TABLES:
        if path not in tree.others:
            continue
        part = PurePosixPath(path).stem
        table = _known_table(tree, path, ("fname", "labels"))
        for row in rows(table, out):
            name = f"FSD50K.{part}_audio/{cell_text(row.cells['fname'])}.wav"
            labels = tuple(dict.fromkeys(class_name(x) for x in cell_text(row.cells["labels"]).split(",") if x.strip()))
            if name not in tree.sounds:
                out.rejects.append(Reject(name, "", "audio.missing", f"{path} names it, but it is not there"))
            elif not labels:
                out.rejects.append(Reject(name, "", "bank.no_label", f"{path} gives no class"))
            else:
                clips[name] = ("test" if part == "eval" else cell_text(row.cells.get("split")) or "train", labels)
        about = f"FSD50K.metadata/{part}_clips_info_FSD50K.json"
        if about in tree.others:
            try:
                info.update(json.loads((tree.root / tree.others[about]).read_text("utf-8")))
            except (OSError, ValueError, TypeError) as error:
                raise InputError(f"{tree.root / about} cannot be read: {error}", code="table.damaged") from None
    size = Counter(x for _, labels in clips.values() for x in labels)
    both = Counter((a, b) for _, labels in clips.values() for a in labels for b in labels if a != b)
    for name, (split, labels) in clips.items():
        # Two classes that always come together imply each other; the one named first stays.
        lowest = [
            a
            for i, a in enumerate(labels)
            if not any(
                both[b, a] == size[b] and (both[a, b] < size[a] or j < i) for j, b in enumerate(labels) if a != b
            )
        ]
        if len(lowest) > 1:
            out.rejects.append(several(name, lowest))
            continue
        clip = PurePosixPath(name).stem
        facts = info.get(clip)
        facts = facts if isinstance(facts, dict) else {}
        uploader = facts.get("uploader")
        out.entries[name] = Entry(
            lowest[0],
            f"freesound user:{uploader}" if uploader else f"freesound:{clip}",
            names.SPLITS.get(split, split),
            str(facts.get("license") or "CC-BY-4.0"),
            "FSD50K",
            clip,
        )
    return out
