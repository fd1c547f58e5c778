"""Where the sound of exported rows comes from, and the proof that it is the sound they were built on.

Decision: a file that is missing or whose hash differs raises, which puts its rows into `quarantine.jsonl`; the others
are exported. Several rows hear one clip, in no particular order, so encoded sound is kept for a while.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from audio_reasoner.core import ids
from audio_reasoner.core.errors import InputError
from audio_reasoner.dataset.clips import ClipPlace, clip_places
from audio_reasoner.dataset.rows import Row

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

AudioMode = Literal["embed", "reference", "copy"]
AudioOf = Callable[[Row], "NDArray[np.float32]"]
RATE = 16_000
CACHE_BYTES = 256 << 20


def _unreadable(path: str, error: OSError) -> InputError:
    return InputError(
        f"{path} cannot be read: {error.strerror}",
        code="export.audio_missing",
        hint="Bring the file back, or read the source again and build again.",
    )


class Sounds:
    """The encoded sound of rows, checked against what the samples were built on.

    Several rows hear one clip, in no particular order, so up to 256 MiB of encoded sound is kept.
    """

    def __init__(self, run_dir: Path, audio: AudioOf) -> None:
        self._audio = audio
        self._places = clip_places(run_dir)
        self._digests: dict[str, str] = {}  # of files of which several spans may be asked for
        self._right: set[str] = set()  # clips whose file is the one that the samples were built on
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._kept_bytes = 0

    def place(self, row: Row) -> ClipPlace:
        """Where the row's clip lies.

        Raises:
            InputError: ``export.clip_missing``, ``export.audio_missing``, ``export.audio_changed``.
        """
        place = self._places.get(row.clip_id)
        if place is None:
            raise InputError(
                f"clip {row.clip_id} is no longer in run/clips",
                code="export.clip_missing",
                hint=f"Read the source {row.source!r} into the run again.",
            )
        if place.content_key != row.content_key:
            raise InputError(
                f"clip {row.clip_id} was changed in run/clips after this sample was built",
                code="export.audio_changed",
                hint="Build again: only what changed is made anew.",
            )
        if place.path is not None and place.member is None and row.clip_id not in self._right:
            digest = self._digest(place)
            if ids.content_key_of_span(digest, place.start_ms, place.end_ms) != row.content_key:
                raise InputError(
                    f"{place.path} is not the file this sample was built on (its content hash differs)",
                    code="export.audio_changed",
                    hint="Restore the file, or read the source again and build again.",
                )
            self._right.add(row.clip_id)
        return place

    def _digest(self, place: ClipPlace) -> str:
        path = str(place.path)
        known = self._digests.get(path)
        if known is None:
            try:
                known = ids.file_sha256(Path(path))
            except OSError as error:
                raise _unreadable(path, error) from error
            if place.whole_file is None:
                self._digests[path] = known
        return known

    def flac(self, row: Row) -> bytes:
        """16 kHz mono FLAC of the row's clip."""
        self.place(row)
        kept = self._kept.get(row.clip_id)
        if kept is not None:
            self._kept.move_to_end(row.clip_id)
            return kept
        from audio_reasoner.core.audio import encode_flac

        data = encode_flac(self._audio(row), RATE)
        self._kept[row.clip_id] = data
        self._kept_bytes += len(data)
        while self._kept_bytes > CACHE_BYTES and len(self._kept) > 1:
            self._kept_bytes -= len(self._kept.popitem(last=False)[1])
        return data

    def original(self, row: Row) -> tuple[bytes, str]:
        """(bytes, suffix): the file as it is for a clip that is a whole file, else its 16 kHz mono FLAC."""
        place = self.place(row)
        if place.whole_file is None:
            return self.flac(row), "flac"
        try:
            return Path(place.whole_file).read_bytes(), suffix_of(place.whole_file)
        except OSError as error:
            raise _unreadable(place.whole_file, error) from error


def suffix_of(path: str) -> str:
    """A file's suffix in lower case without its dot, "bin" if it has none that is safe in a tar key."""
    suffix = Path(path).suffix.lower().lstrip(".")
    return suffix if re.fullmatch(r"[a-z0-9]{1,8}", suffix) else "bin"


class AudioFolder:
    """`OUT/audio/`: one file per clip, written once; paths are absolute and name the final place, not the temporary."""

    def __init__(self, writing: Path, final: Path, sounds: Sounds, mode: AudioMode) -> None:
        self._writing = writing / "audio"
        self._final = final / "audio"
        self._sounds = sounds
        self._mode = mode
        self._made: dict[str, str] = {}

    def path_of(self, row: Row) -> str:
        """Absolute path of a file that holds exactly the row's clip; it is written if there is none yet."""
        place = self._sounds.place(row)
        if self._mode == "reference" and place.whole_file is not None:
            return place.whole_file
        if row.clip_id not in self._made:
            if self._mode == "copy":
                data, suffix = self._sounds.original(row)
            else:
                data, suffix = self._sounds.flac(row), "flac"
            name = f"{row.clip_id}.{suffix}"
            self._writing.mkdir(exist_ok=True)
            (self._writing / name).write_bytes(data)
            self._made[row.clip_id] = name
        return str(self._final / self._made[row.clip_id])


def audio_field(row: Row, sounds: Sounds, folder: AudioFolder, mode: AudioMode) -> dict[str, Any]:
    """The Audio struct of Hugging Face: a path by reference, else the bytes under a name that tells their format."""
    if mode == "reference":
        return {"bytes": None, "path": folder.path_of(row)}
    data, suffix = sounds.original(row) if mode == "copy" else (sounds.flac(row), "flac")
    return {"bytes": data, "path": f"{row.clip_id}.{suffix}"}
