"""What file and folder names say: a label, a split, and which recordings are takes of one.

Decision: simple rules that a user can predict from one sentence. Numbers, hashes and separators go, CamelCase is cut
into words, everything else stays as it was written; nothing is translated or looked up.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

GENERIC_FOLDERS = frozenset(
    {
        "audio", "audios", "wav", "wavs", "mp3", "ogg", "flac", "m4a", "clip", "clips", "sound", "sounds",
        "recording", "recordings", "sample", "samples", "file", "files", "data", "dataset",
        "train", "training", "val", "valid", "validation", "dev", "test", "testing", "eval", "evaluation",
        "raw", "processed", "misc", "other", "unsorted", "segments",
    }
)  # fmt: skip
"""Folder names that say how files are kept and not what is heard."""

AUDIO_SUFFIXES = frozenset(
    {
        ".wav", ".wave", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".mp2", ".m4a", ".m4b", ".mp4", ".m4v", ".mov",
        ".mkv", ".webm", ".avi", ".aac", ".ac3", ".aif", ".aiff", ".aifc", ".au", ".snd",
        ".caf", ".wma", ".wv", ".ape", ".amr", ".3gp", ".w64", ".rf64", ".tta", ".mpg", ".mpeg",
    }
)  # fmt: skip
"""Names that promise sound: a file so named that holds none is quarantined, not passed over."""

IGNORED_FOLDERS = frozenset({"__MACOSX", "@eaDir", "$RECYCLE.BIN", "System Volume Information"})
"""Folders that systems and archivers leave behind."""

SPLITS = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
    "eval": "test",
    "evaluation": "test",
}
MOST_TAKES = 8
"""Names that differ only in their number are takes of one recording up to this many; more are a numbered collection."""

_HASH = re.compile(r"(?=.*\d)[0-9a-f]{6,}", re.IGNORECASE)
_NUMBER = re.compile(r"\d+([.,]\d+)?[a-z]?|\d+(hz|khz|bpm|db|s|sec|ms|bit|kbps)|v\d+|nohash", re.IGNORECASE)
_PART = re.compile(r"(fold|split|part|disc|cd)[ _-]?\d+", re.IGNORECASE)
_LABEL_SEPARATORS = re.compile(r"[;|]")


def tidy(label: str) -> str:
    """A label as it is stored: NFC, underscores as spaces, no double spaces.

    >>> tidy(" crying_baby ")
    'crying baby'
    """
    return " ".join(unicodedata.normalize("NFC", label).replace("_", " ").split())


def split_labels(cell: str, separators: str | None = None) -> list[str]:
    """The labels of one table cell: ``dog;bell`` and ``dog|bell`` are two. Commas separate only if asked for.

    >>> split_labels("dog; church_bell;dog")
    ['dog', 'church bell']
    """
    pattern = re.compile(f"[{re.escape(separators)}]") if separators else _LABEL_SEPARATORS
    out: dict[str, str] = {}
    for part in pattern.split(cell):
        label = tidy(part)
        if label:
            out.setdefault(label.casefold(), label)
    return list(out.values())


def _words(text: str) -> list[str]:
    text = unicodedata.normalize("NFC", text)
    text = re.sub(r"(?<=[a-zà-ÿ0-9])(?=[A-ZÀ-Þ][a-zà-ÿ])|(?<=[a-zà-ÿ])(?=[A-ZÀ-Þ])", " ", text)
    return [w for w in re.split(r"[\s_\-.,()\[\]{}+~#@&!]+", text) if w]


def words_of(text: str, drop: Sequence[str] = ()) -> str:
    """The words in a name, lower case, without numbers, hashes and the words in `drop`; "" if none is left.

    >>> words_of("dog_bark-03"), words_of("CoalMine1"), words_of("default_dig_crumbly.1", ["default"])
    ('dog bark', 'coal mine', 'dig crumbly')
    """
    unwanted = {d.casefold() for d in drop}
    kept = []
    for word in _words(text):
        if _NUMBER.fullmatch(word) or _HASH.fullmatch(word):
            continue
        bare = re.sub(r"^\d+|\d+$", "", word)
        if not any(c.isalpha() for c in bare) or bare.casefold() in unwanted:
            continue
        kept.append(bare if bare.isupper() and len(bare) <= 3 else bare.lower())
    if len(kept) == 1 and len(kept[0]) == 1 and kept[0].isascii():
        return ""  # "a.wav", "B-03.wav": a letter names a take, not a sound
    return " ".join(kept)


def name_label(source_id: str, drop: Sequence[str] = ()) -> str:
    """The label in a file's name; "" if it has none.

    >>> name_label("misc/drum_cymbal_closed.flac"), name_label("1-100032-A-0.wav")
    ('drum cymbal closed', '')
    """
    return words_of(_stem(source_id), drop)


def _generic(folder: str) -> bool:
    return folder.casefold() in GENERIC_FOLDERS or _PART.fullmatch(folder) is not None


def split_folders(source_ids: Iterable[str]) -> frozenset[str]:
    """The folders that name a split: ``train/`` beside ``test/``, but not ``train/`` beside ``bus/`` and ``tram/``.

    >>> sorted(split_folders(["train/dog/1.wav", "test/dog/2.wav"])), sorted(split_folders(["train/1.wav", "bus/1"]))
    (['test', 'train'], [])
    """
    children: dict[str, set[str]] = {}
    for source_id in source_ids:
        parts = PurePosixPath(source_id).parent.parts
        for i, part in enumerate(parts):
            children.setdefault("/".join(parts[:i]), set()).add(part)
    found = set()
    for parent, folders in children.items():
        if all(_generic(f) for f in folders):
            found |= {f"{parent}/{f}".lstrip("/") for f in folders if f.casefold() in SPLITS}
    return frozenset(found)


def folder_label(source_id: str, drop: Sequence[str] = (), splits: frozenset[str] = frozenset()) -> str:
    """The label in the name of the deepest folder that says something; "" if there is none.

    `splits` are the folders that name a split (`split_folders`).

    >>> folder_label("train/church_bells/audio/17.wav")
    'church bells'
    """
    for folder in PurePosixPath(source_id).parents:
        name = folder.name
        if _generic(name) and (name.casefold() not in SPLITS or folder.as_posix() in splits):
            continue
        # ESC-50's tree says "001 - Dog", UrbanSound's "3_dog_bark".
        label = words_of(name, drop)
        if label:
            return label
    return ""


def folder_split(source_id: str, splits: frozenset[str]) -> str | None:
    """train, validation or test if a folder on the way is one of `splits`.

    >>> folder_split("dev/dog/1.wav", frozenset({"dev"}))
    'validation'
    """
    for folder in PurePosixPath(source_id).parents:
        if folder.as_posix() in splits:
            return SPLITS[folder.name.casefold()]
    return None


def _stem(source_id: str) -> str:
    name = PurePosixPath(source_id).name
    stem, dot, suffix = name.rpartition(".")
    return stem if dot and 1 <= len(suffix) <= 5 and stem else name


def _series(source_id: str) -> str:
    path = PurePosixPath(source_id)
    base = re.sub(r"[\s_\-.(\[]*\d+[\s)\]]*$", "", _stem(source_id))
    return str(path.parent / base) if any(c.isalpha() for c in base) else source_id


def groups(source_ids: Iterable[str]) -> dict[str, str]:
    """Which recordings must stay on one side of a split: takes of one (``dig.1.ogg``, ``dig.2.ogg``) share a group.

    A series of more than `MOST_TAKES` is a numbered collection, each file its own group: otherwise every dog of a
    folder ``dog_001 … dog_400`` would land on one side.

    >>> groups(["dig.1.ogg", "dig.2.ogg", "cow.ogg"])
    {'dig.1.ogg': 'dig', 'dig.2.ogg': 'dig', 'cow.ogg': 'cow.ogg'}
    """
    series = {s: _series(s) for s in source_ids}
    sizes = Counter(series.values())
    return {s: base if 2 <= sizes[base] <= MOST_TAKES else s for s, base in series.items()}
