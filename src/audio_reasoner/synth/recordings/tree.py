"""What lies in a folder tree: every file once, with what tells whether it was changed.

Decision: only names and sizes are looked at, so that a tree of 100,000 files that was read before is compared in about
a second. Links are followed and each folder is entered once, so that a loop of links ends.
"""

from __future__ import annotations

import os
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from audio_reasoner.core.names import AUDIO_SUFFIXES, IGNORED_FOLDERS


@dataclass(frozen=True, slots=True)
class Found:
    """A file: its path below the root as the system spells it, its bytes and when it was last written."""

    path: str
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Reject:
    """A file (or folder) that a bank cannot use: why, and what may be done about it."""

    path: str
    label: str
    code: str
    reason: str


@dataclass
class Tree:
    """The recordings below `root` by name (POSIX, NFC), tables beside them, and what was passed over by suffix."""

    root: Path
    sounds: dict[str, Found] = field(default_factory=dict)
    others: dict[str, str] = field(default_factory=dict)
    rejects: list[Reject] = field(default_factory=list)
    passed_over: Counter[str] = field(default_factory=Counter)


def readable(name: str) -> str:
    """A file name that can be printed and stored: bytes that are no UTF-8 are written out."""
    return name.encode("utf-8", "backslashreplace").decode()


def suffix_of(name: str) -> str:
    """The suffix in lower case, with its dot; "" if there is none."""
    stem, dot, suffix = name.rpartition(".")
    return f".{suffix.lower()}" if dot and stem else ""


def look(root: Path) -> Tree:
    """Walk through a tree in a stable order. Files with an unknown suffix count as sound if their first bytes do."""
    from audio_reasoner.core.audio import sniff

    tree = Tree(root)
    visited: set[tuple[int, int]] = set()

    def walk(folder: str, prefix: str) -> None:
        try:
            info = os.stat(folder)  # noqa: PTH116
            entries = sorted(os.scandir(folder), key=lambda e: e.name)
        except OSError as error:
            tree.rejects.append(Reject(readable(prefix) or ".", "", "folder.unreadable", str(error.strerror or error)))
            return
        if (info.st_dev, info.st_ino) in visited:
            tree.passed_over["link to a folder read already"] += 1
            return
        visited.add((info.st_dev, info.st_ino))
        for entry in entries:
            if entry.name.startswith(".") or entry.name in IGNORED_FOLDERS:
                tree.passed_over["hidden"] += 1
                continue
            raw = prefix + entry.name
            try:
                raw.encode("utf-8")
            except UnicodeEncodeError:
                tree.rejects.append(
                    Reject(readable(raw), "", "path.encoding", "its name is not UTF-8; rename it (convmv does it)")
                )
                continue
            try:
                if entry.is_dir():
                    walk(entry.path, raw + "/")
                    continue
                facts = entry.stat()
            except OSError as error:
                tree.rejects.append(
                    Reject(raw, "", "audio.missing", f"a link that leads nowhere: {error.strerror or error}")
                )
                continue
            name, suffix = unicodedata.normalize("NFC", raw), suffix_of(entry.name)
            if suffix not in AUDIO_SUFFIXES and sniff(entry.path) is None:
                tree.others[name] = raw
                tree.passed_over[suffix or "without suffix"] += 1
            elif name in tree.sounds:
                tree.rejects.append(
                    Reject(raw, "", "path.twice", "two files have this name in different Unicode spellings")
                )
            else:
                tree.sounds[name] = Found(raw, facts.st_size, facts.st_mtime_ns)

    walk(str(root), "")
    return tree
