"""Who says what is heard in a recording: known corpora, a table, folder names or file names.

Decision: one place, named aloud, never a mixture; a wrong label then has one cause. A bank needs exactly one label per
recording, because a scene built from it must know what it holds: a recording with two labels is refused and shown.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, get_args

from audio_reasoner.core import names
from audio_reasoner.core.errors import ConfigError
from audio_reasoner.core.tables import (
    DEFAULT_COLUMNS,
    TABLE_SUFFIXES,
    Row,
    Table,
    cell_text,
    cell_texts,
    read_table,
)
from audio_reasoner.synth.recordings.corpora import (
    CORPUS_TABLES,
    FSD50K_TABLES,
    Collected,
    Entry,
    Labels,
    Layout,
    class_name,
    esc50,
    fsd50k,
    rows,
    several,
    urbansound8k,
)
from audio_reasoner.synth.recordings.tree import Reject, Tree

LAYOUTS: Final[tuple[Layout, ...]] = get_args(Layout)
Groups = Literal["series", "file"]
COLUMNS: Final = ("file", "label", "group", "licence", "source", "split")


@dataclass(frozen=True)
class Reading:
    """How to read a tree; the defaults are the command's.

    Args:
        layout: where labels come from; "auto" looks.
        table: the label table, relative to the folder or to here.
        columns: names of its columns by `COLUMNS`; "" says that there is none.
        groups: recordings without a group: "series" keeps takes that differ in their number together (dig1, dig2),
            "file" makes each file independent.
        licence: of everything that names none of its own.
        source: name of the corpus; the folder's name if None.
        drop_words: words left out of labels from names.
    """

    layout: Layout = "auto"
    table: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    groups: Groups = "series"
    licence: str | None = None
    source: str | None = None
    drop_words: tuple[str, ...] = ()


def label_tree(tree: Tree, reading: Reading) -> Labels:
    """Find out what is said about every recording of a tree.

    Raises:
        ConfigError: `reading` asks for what is not there (``bank.layout``, ``table.missing``, ``table.no_column``,
            ``table.several``).
        InputError: a table as a whole cannot be read.
    """
    layout, table = _choose(tree, reading)
    if layout == "fsd50k":
        out = fsd50k(tree)
    elif layout == "esc50":
        out = esc50(tree)
    elif layout == "urbansound8k":
        out = urbansound8k(tree)
    elif layout == "table":
        assert table is not None
        out = _table(tree, table, reading)
    else:
        out = _names(tree, layout, reading)
    unknown = [n for n in tree.sounds if n not in out.entries]
    refused = {r.path for r in out.rejects}
    reason = "no row names it" if layout not in ("folders", "names") else ""
    for name in unknown:
        if name not in refused:
            out.rejects.append(Reject(name, "", "bank.no_label", reason or _unnamed(layout)))
    return out


def _unnamed(layout: Layout) -> str:
    if layout == "folders":
        return "it lies in no folder whose name says what is heard; --layout names takes the file names"
    return "its name holds no word; a table (labels.csv) can say what is heard"


def _choose(tree: Tree, reading: Reading) -> tuple[Layout, Path | None]:
    if reading.layout not in LAYOUTS:
        raise ConfigError(f"there is no layout {reading.layout!r}.", code="bank.layout", hint=f"{', '.join(LAYOUTS)}.")
    wrong = sorted(set(reading.columns) - set(COLUMNS) - {"start", "end"})
    if wrong:
        raise ConfigError(
            f"--column {wrong[0]}=…: there is no such kind of column.",
            code="config.column",
            hint=f"Kinds: {', '.join(COLUMNS)}.",
        )
    if reading.table is not None:
        if reading.layout not in ("auto", "table"):
            raise ConfigError(f"--table and --layout {reading.layout} contradict each other.", code="bank.layout")
        for path in (tree.root / reading.table, Path(reading.table)):
            if path.is_file():
                return "table", path.resolve()
        raise ConfigError(f"{reading.table}: no such table in {tree.root} or here.", code="table.missing")
    if reading.layout == "auto":
        known = next((k for k, at in CORPUS_TABLES.items() if at in tree.others), None)
        if known is not None:
            return known, None
        if any(p in tree.others for p in FSD50K_TABLES):
            return "fsd50k", None
        found = _root_table(tree)
        if found is not None:
            return "table", found
        if reading.columns:
            raise ConfigError(
                f"--column was given, but {tree.root} has no table.",
                code="table.missing",
                hint="Name it with --table FILE.",
            )
        folders = _in_folders(tree, reading.drop_words)
        inside = sum(bool(folders[n.rpartition("/")[0]][0]) for n in tree.sounds)
        return ("folders" if inside * 2 > len(tree.sounds) else "names"), None
    needed = (
        FSD50K_TABLES
        if reading.layout == "fsd50k"
        else tuple(at for k, at in CORPUS_TABLES.items() if k == reading.layout)
    )
    if needed and not any(p in tree.others for p in needed):
        raise ConfigError(
            f"{tree.root} has no {' or '.join(needed)}, by which {reading.layout} is known.",
            code="bank.layout",
            hint="Give the corpus's own folder, or another --layout.",
        )
    if reading.layout == "table":
        found = _root_table(tree)
        if found is None:
            raise ConfigError(f"{tree.root} has no table.", code="table.missing", hint="Name it with --table FILE.")
        return "table", found
    return reading.layout, None


def _root_table(tree: Tree) -> Path | None:
    here = sorted(n for n in tree.others if "/" not in n and n.lower().endswith(TABLE_SUFFIXES))
    for stem in ("labels", "metadata", ""):
        found = [n for n in here if not stem or n.rpartition(".")[0].lower() == stem]
        if len(found) > 1:
            raise ConfigError(
                f"{tree.root} has {len(found)} tables ({', '.join(found[:4])}): which one holds the labels?",
                code="table.several",
                hint=f"Say it with --table {found[0]}, or use --layout folders or names.",
            )
        if found:
            return tree.root / tree.others[found[0]]
    return None


# --- names -----------------------------------------------------------------------------------------------------------


def _in_folders(tree: Tree, drop_words: tuple[str, ...]) -> dict[str, tuple[str, str | None]]:
    """(label, split) of every folder that holds recordings, by its path; worked out once, not once per file."""
    folders = {name.rpartition("/")[0] for name in tree.sounds}
    splits = names.split_folders(f"{f}/x" if f else "x" for f in folders)
    return {
        f: (names.folder_label(f"{f}/x", drop_words, splits), names.folder_split(f"{f}/x", splits)) for f in folders
    }


def _names(tree: Tree, layout: Layout, reading: Reading) -> Labels:
    folders = _in_folders(tree, reading.drop_words)
    out = Labels(layout, "labels are folder names" if layout == "folders" else "labels are file names without numbers")
    for name in tree.sounds:
        label, split = folders[name.rpartition("/")[0]]
        if layout == "names":
            label = names.name_label(name, reading.drop_words)
        if label:
            out.entries[name] = Entry(class_name(label), split=split)
    return out


# --- tables ----------------------------------------------------------------------------------------------------------


def _table(tree: Tree, path: Path, reading: Reading) -> Labels:
    table = read_table(path)
    used = _columns(table, reading.columns)
    out = Labels("table", f"{path.name}: " + ", ".join(f"{kind} ← {column}" for kind, column in used.items()))
    try:
        beside = path.parent.relative_to(tree.root.resolve()).as_posix()
    except ValueError:
        beside = "."
    finder = _Finder(tree, "" if beside == "." else f"{beside}/")
    collected = Collected(out)
    for row in rows(table, out):

        def text(kind: str, row: Row = row) -> str:
            return cell_text(row.cells.get(used[kind])) if kind in used else ""

        named = text("file")
        found = finder.find(named) if named else Reject("", "", "table.cell", "it names no file")
        if isinstance(found, Reject):
            where = f"{path.name}, line {row.line}"
            out.rejects.append(Reject(where, "", found.code, found.reason))
            continue
        labels = {class_name(x): None for v in cell_texts(row.cells.get(used["label"])) for x in names.split_labels(v)}
        if len(labels) != 1:
            out.rejects.append(
                several(found, list(labels))
                if labels
                else Reject(found, "", "bank.no_label", f"{path.name}, line {row.line}: {used['label']} is empty")
            )
            continue
        split = text("split")
        entry = Entry(
            next(iter(labels)), text("group"), names.SPLITS.get(split.lower(), split) or None,
            text("licence") or None, text("source") or None,
        )  # fmt: skip
        collected.add(found, entry)
    return collected.close()


def _columns(table: Table, asked: Mapping[str, str]) -> dict[str, str]:
    by_name = {c.casefold(): c for c in table.columns}
    out: dict[str, str] = {}
    for kind in (*COLUMNS, "start", "end"):
        if kind in asked:
            wanted = [asked[kind].casefold()] if asked[kind] else []
            if wanted and wanted[0] not in by_name:
                raise ConfigError(
                    f"{table.path}: there is no column {asked[kind]!r} (asked for as {kind}).",
                    code="table.no_column",
                    hint=f"Columns there: {', '.join(table.columns)}.",
                )
        else:
            known = {"file": "audio", "label": "tag"}.get(kind, kind)
            wanted = [kind, *DEFAULT_COLUMNS.get(known, ())]
        column = next((by_name[w] for w in wanted if w in by_name and by_name[w] not in out.values()), None)
        if column is not None:
            out[kind] = column
    for kind in ("file", "label"):
        if kind not in out:
            raise ConfigError(
                f"{table.path}: no column is known to hold the {kind}.",
                code="table.no_column",
                hint=f"Say it with --column {kind}=NAME. Columns there: {', '.join(table.columns)}.",
            )
    if "start" in out or "end" in out:
        column = out.get("start", out.get("end", ""))
        raise ConfigError(
            f"{table.path} labels parts of recordings (column {column!r}); a bank takes whole ones.",
            code="bank.spans",
            hint="Cut the recordings first; or, if the column means something else, say --column start= --column end=.",
        )
    return out


class _Finder:
    """From a table's cell to a recording of the tree: a path below the folder or the table, or a name that is alone."""

    def __init__(self, tree: Tree, beside: str) -> None:
        self._tree = tree
        self._beside = beside
        self._by_name: dict[str, list[str]] = defaultdict(list)
        for name in tree.sounds:
            last = name.rpartition("/")[2]
            for key in {last, last.rpartition(".")[0]}:
                self._by_name[key].append(name)

    def find(self, cell: str) -> str | Reject:
        named = unicodedata.normalize("NFC", cell.removeprefix("file://").replace("\\", "/"))
        named = named.removeprefix(f"{self._tree.root.as_posix()}/").removeprefix("./")
        for name in (named, self._beside + named):
            if name in self._tree.sounds:
                return name
        # A name without folders, or the path of another machine: its last part is enough if only one file has it.
        found = self._by_name.get(named.rpartition("/")[2], []) if "/" not in named or named.startswith("/") else []
        if len(found) == 1:
            return found[0]
        if found:
            return Reject(cell, "", "path.ambiguous", f"{cell!r} could be {found[0]} or {found[1]}")
        return Reject(cell, "", "audio.missing", f"{cell!r}: no such recording in {self._tree.root}")


def with_groups(labels: Labels, tree: Tree, groups: Groups) -> dict[str, str]:
    """The group of every labelled recording; where nobody says, by `Reading.groups`."""
    unsaid = [n for n, e in labels.entries.items() if not e.group]
    series = names.groups(unsaid) if groups == "series" else {n: n for n in unsaid}
    return {n: e.group or series[n] for n, e in labels.entries.items() if n in tree.sounds}
