"""MELD as it is downloaded: the authors' CSV, EmoBox's list, or Qwen's, and the video clips where they were unpacked.

Decision: the key is (dialogue, utterance) written as the clips are called, `dia0_utt0`, whatever list is read, so that
predictions move between lists. The same names occur in train, dev and test, so folders of another split are never
taken, however many of the wanted names lie there.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audio_reasoner.core.errors import InputError
from audio_reasoner.evaluation.base import Benchmark, Item
from audio_reasoner.evaluation.emotion import LABELS, class_of

NAMES = ("test_sent_emo.csv", "meld_test_fold_1.jsonl", "meld_test_fold_1.json", "meld_eval.jsonl", "meld.jsonl")
QUESTION = "Which emotion does the speaker express?"
PUBLISHED = {"test": 2610, "dev": 1109, "train": 9989}
MAIN_SPEAKERS = ("Joey", "Ross", "Rachel", "Phoebe", "Monica", "Chandler")
MOST_DEPTH = 2

_CLIP = re.compile(r"(?:final_videos_test)?(dia\d+_utt\d+)\.(mp4|wav|flac|mp3|m4a|ogg|mkv)", re.IGNORECASE)
_KEY = re.compile(r"dia(\d+)_utt(\d+)")
_TIME = re.compile(r"(\d+):(\d{1,2}):(\d{1,2})[.,](\d{1,3})")
_FORMATS = ("wav", "flac", "mp4", "mkv", "m4a", "mp3", "ogg")
_OTHER_SPLIT = {
    "test": re.compile(r"train|dev|valid", re.IGNORECASE),
    "dev": re.compile(r"train|test", re.IGNORECASE),
    "train": re.compile(r"dev|valid|test", re.IGNORECASE),
}


@dataclass(frozen=True, slots=True)
class _Row:
    where: str
    id: str
    label: str
    audio: str | None
    seconds: float | None
    groups: Mapping[str, str]
    extra: Mapping[str, Any]


def _folders(root: Path) -> Iterator[Path]:
    level = [root]
    for depth in range(MOST_DEPTH + 1):
        yield from level
        if depth < MOST_DEPTH:
            level = sorted(f for folder in level for f in folder.iterdir() if f.is_dir() and f.name[:1] != ".")


def find_data(path: Path) -> Path:
    """The data file in `path`.

    Raises:
        InputError: `benchmark.missing`.
    """
    if path.is_file():
        return path
    if path.is_dir():
        folders = list(_folders(path))
        for name in NAMES:
            for folder in folders:
                if (folder / name).is_file():
                    return folder / name
    raise InputError(
        f"there is no MELD test list at {path}.", code="benchmark.missing", hint=f"Looked for {', '.join(NAMES)}."
    )


def read(path: Path) -> Benchmark:
    """Read MELD's test split (or another one, if its file is named).

    Raises:
        InputError: `benchmark.missing`, `benchmark.unreadable`, `benchmark.no_items`.
    """
    file = find_data(path)
    try:
        data = file.read_bytes()
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error}.", code="benchmark.unreadable") from None
    problems: list[str] = []
    text = _decoded(file, data, problems)
    split = next((s for s in ("train", "dev") if s in file.name and "test" not in file.name), "test")
    if file.suffix == ".csv":
        form, rows = "the authors' table", _from_csv(file, text, problems)
    else:
        form, rows = "a list", _from_lists(file, text, split, problems)
    held = list(_unique(rows, problems))
    if not held:
        raise InputError(
            f"{file} holds no utterance with an emotion."
            + (f" First problem: {problems[0]}" if problems else " It should be MELD's test list."),
            code="benchmark.no_items",
        )
    vocabulary = _vocabulary(held, problems)
    root, found = _clips(path if path.is_dir() else file.parent, split, {row.id for row in held}, problems)
    items = [_item(row, vocabulary, found, root, file) for row in held]
    published = "" if len(items) == PUBLISHED[split] else f" (published: {PUBLISHED[split]:,})"
    revision = f"MELD {split}, {form}, {len(items):,} utterances{published}"
    return Benchmark("meld", "labels", file, root, hashlib.sha256(data).hexdigest(), revision, items, problems)


def _decoded(file: Path, data: bytes, problems: list[str]) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if b"\x00" in data:
            raise InputError(f"{file} is no text file.", code="benchmark.unreadable") from None
        problems.append(f"{file.name} is not UTF-8 ({error}); read as Windows-1252, as Excel writes it")
        return data.decode("cp1252", "replace")


def _unique(rows: Iterator[_Row], problems: list[str]) -> Iterator[_Row]:
    seen: set[str] = set()
    for row in rows:
        if class_of(row.label) is None:
            problems.append(f"{row.where}: emotion {row.label[:40]!r} is none of the seven; left out")
        elif row.id in seen:
            problems.append(f"{row.where}: {row.id} comes again; its first row is scored")
        else:
            seen.add(row.id)
            yield row


def _vocabulary(rows: list[_Row], problems: list[str]) -> tuple[str, ...]:
    """The seven labels in the words of this list (joy or happy), in the order of `LABELS`."""
    words: dict[int, Counter[str]] = {}
    for row in rows:
        number = class_of(row.label)
        assert number is not None
        words.setdefault(number, Counter())[row.label] += 1
    for number, found in words.items():
        if len(found) > 1:
            told = ", ".join(f"{word!r} ({n})" for word, n in found.most_common())
            problems.append(f"{LABELS[number]} goes by several names: {told}; the strict rule compares literally")
    return tuple(words[i].most_common(1)[0][0] if i in words else label for i, label in enumerate(LABELS))


# ---------------------------------------------------------------------------------------------------------- the lists


def _from_csv(file: Path, text: str, problems: list[str]) -> Iterator[_Row]:
    csv.field_size_limit(max(csv.field_size_limit(), len(text) + 1))
    table = csv.reader(io.StringIO(text, newline=""))
    header = [name.strip() for name in next(table, [])]
    missing = [name for name in ("Emotion", "Dialogue_ID", "Utterance_ID") if name not in header]
    if missing:
        raise InputError(
            f"{file} has no column {', '.join(missing)} (found: {', '.join(header)[:200]}).",
            code="benchmark.unreadable",
        )
    while True:
        try:
            cells = next(table)
        except StopIteration:
            return
        except csv.Error as error:
            problems.append(f"{file.name} line {table.line_num}: {error}")
            continue
        if not cells:
            continue
        where = f"{file.name} line {table.line_num}"
        row = dict(zip(header, cells, strict=False))
        dialogue, utterance = row.get("Dialogue_ID", "").strip(), row.get("Utterance_ID", "").strip()
        if len(cells) < len(header) or not all(n.isascii() and n.isdigit() for n in (dialogue, utterance)):
            problems.append(f"{where}: no whole row with a dialogue and an utterance number; left out")
            continue
        speaker = row.get("Speaker", "").strip()
        yield _Row(
            where,
            f"dia{int(dialogue)}_utt{int(utterance)}",
            row["Emotion"].strip(),
            None,
            _seconds(row.get("StartTime", ""), row.get("EndTime", "")),
            {
                **({"sentiment": row["Sentiment"].strip()} if row.get("Sentiment", "").strip() else {}),
                **({"speaker": speaker if speaker in MAIN_SPEAKERS else "others"} if speaker else {}),
            },
            {"utterance": row.get("Utterance", ""), "dialogue": int(dialogue)},
        )


def _seconds(start: str, end: str) -> float | None:
    times = [_TIME.search(t) for t in (start, end)]
    if times[0] is None or times[1] is None:
        return None
    first, last = (
        3600 * int(t[1]) + 60 * int(t[2]) + int(t[3]) + int(t[4].ljust(3, "0")) / 1000 for t in times if t is not None
    )
    return last - first if last > first else None


def _from_lists(file: Path, text: str, split: str, problems: list[str]) -> Iterator[_Row]:
    """EmoBox's rows {key, wav, emo, length} (lines, or a table by key), Qwen2-Audio's {audio, gt, source, prompt}."""
    for where, row in _objects(file, text, problems):
        key = row.get("key")
        label, audio = row.get("emo", row.get("gt")), row.get("wav", row.get("audio"))
        if not isinstance(label, str) or not isinstance(audio, str) or not (key is None or isinstance(key, str)):
            problems.append(f"{where}: no row with wav and emo, nor with audio and gt; left out")
            continue
        if isinstance(key, str) and key.endswith(("-train", "-dev", "-test")) and not key.endswith(f"-{split}"):
            continue  # EmoBox's whole list holds all splits
        found = _KEY.search(key or "") or _KEY.search(Path(audio).name)
        length = row.get("length")
        prompt = row.get("prompt")
        yield _Row(
            where,
            f"dia{int(found[1])}_utt{int(found[2])}" if found else key or audio,
            label,
            audio,
            float(length) if isinstance(length, int | float) and not isinstance(length, bool) else None,
            {},
            {
                **({"source": row["source"]} if isinstance(row.get("source"), str) else {}),
                **({"prompt": prompt} if isinstance(prompt, str) else {}),
            },
        )


def _objects(file: Path, text: str, problems: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    if file.suffix == ".json":
        try:
            whole = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise InputError(f"{file} is not JSON: {error}.", code="benchmark.unreadable") from None
        pairs = whole.items() if isinstance(whole, dict) else enumerate(whole) if isinstance(whole, list) else ()
        for key, row in pairs:
            if isinstance(row, dict):
                yield f"{file.name} {key}", {**({"key": key} if isinstance(key, str) else {}), **row}
            else:
                problems.append(f"{file.name} {key}: expected an object; left out")
        return
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            problems.append(f"{file.name} line {number}: not JSON ({error}); left out")
            continue
        if isinstance(row, dict):
            yield f"{file.name} line {number}", row
        else:
            problems.append(f"{file.name} line {number}: expected an object; left out")


# ---------------------------------------------------------------------------------------------------------- the clips


def _clips(root: Path, split: str, wanted: set[str], problems: list[str]) -> tuple[Path, dict[str, str]]:
    """(root, id → clip relative to it), from the folder below `root` that holds most of the wanted clips."""
    best: dict[str, str] = {}
    doubled = 0
    for folder in _folders(root):
        inside = folder.relative_to(root).as_posix()
        if _OTHER_SPLIT[split].search(inside):
            continue
        files: dict[str, list[str]] = {}
        for name in sorted(f.name for f in folder.iterdir()):
            match = _CLIP.fullmatch(name)
            if match is not None and match[1].lower() in wanted:
                files.setdefault(match[1].lower(), []).append(name)
        if len(files) > len(best):
            prefix = "" if inside == "." else f"{inside}/"
            best = {ident: prefix + min(names, key=_preference) for ident, names in files.items()}
            doubled = sum(len({n.startswith("final") for n in names}) > 1 for names in files.values())
    if doubled:
        problems.append(
            f"{doubled} clips lie there a second time as final_videos_test…; the files without that prefix are used"
        )
    return root, best


def _preference(name: str) -> tuple[bool, int, str]:
    return name.startswith("final"), _FORMATS.index(name.rpartition(".")[2].lower()), name


def _bucket(seconds: float) -> str:
    for low, high in ((0, 1), (1, 3), (3, 10), (10, 30)):
        if seconds < high:
            return f"{low}–{high} s"
    return "30+ s"


def _item(row: _Row, vocabulary: tuple[str, ...], found: Mapping[str, str], root: Path, file: Path) -> Item:
    number = class_of(row.label)
    assert number is not None
    audio = found.get(row.id)
    if audio is None and row.audio is not None:
        audio = _listed(row.audio, root, file)
    if audio is None:
        audio = f"output_repeated_splits_test/{row.id}.mp4"
    groups = {"emotion": LABELS[number], **row.groups}
    if row.seconds is not None:
        groups["length"] = _bucket(row.seconds)
    return Item(
        id=row.id,
        audio=(audio,),
        question=QUESTION,
        choices=vocabulary,
        answer=row.label,
        gold=vocabulary.index(row.label) if row.label in vocabulary else None,
        groups=groups,
        clip=row.id,
        extra={**row.extra, "class": number, "names": (f"meld-{row.id}-test", f"final_videos_test{row.id}")},
    )


def _listed(audio: str, root: Path, file: Path) -> str:
    """The path a list gives, relative to `root`: it counts from the folder the list's project was started in."""
    for base in (root, *file.resolve().parents[:5]):
        if (base / audio).is_file():
            return (base / audio).as_posix() if base != root else audio
    return audio
