"""Says which recordings of a benchmark are missing or broken, before a model is asked about them.

Decision: the official loaders skip what they cannot open, so that denominators shrink unseen and two numbers rest on
different questions. Here every file is looked at first (its header, not its samples), each fault is named with the
questions it takes away, and more faults than were allowed stop everything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audio_reasoner.core.errors import AudioReasonerError, InputError
from audio_reasoner.evaluation.base import Benchmark, Item

NO_NAME = "benchmark.no_audio"
_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class AudioFault:
    """A recording that cannot be used.

    Attributes:
        name: as the benchmark calls it, relative to its root; empty where an item names none.
        path: where it was looked for.
        code: `audio.missing`, `audio.zero_bytes`, `audio.not_audio`, `audio.truncated` and the others of `core.audio`,
            or `benchmark.no_audio`.
        detail: what is wrong, in a sentence.
        items: ids of the questions about it.
    """

    name: str
    path: Path
    code: str
    detail: str
    items: tuple[str, ...]

    def __str__(self) -> str:
        more = f" and {len(self.items) - 3} more" if len(self.items) > 3 else ""
        return f"{self.detail}; needed by {', '.join(self.items[:3])}{more}"

    def to_dict(self) -> dict[str, Any]:
        """For reports."""
        return {"name": self.name, "path": str(self.path), "code": self.code, "detail": self.detail} | {
            "items": list(self.items)
        }


def check_audio(
    benchmark: Benchmark,
    allow_missing: int = 0,
    *,
    items: Sequence[Item] | None = None,
    on_file: Callable[[int, int], None] | None = None,
) -> list[AudioFault]:
    """Look at every recording of a benchmark once.

    Args:
        benchmark: what is to be heard.
        allow_missing: so many recordings may be missing or broken.
        items: only these of its items.
        on_file: told (files looked at, of how many).

    Returns:
        The faults, in the order of the data file.

    Raises:
        InputError: `benchmark.audio`: there are more faults than allowed; the message counts them by kind and folder.
    """
    wanted: dict[str, list[str]] = {}
    for item in benchmark.items if items is None else items:
        for name in item.audio or ("",):
            wanted.setdefault(name.strip(), []).append(item.id)
    faults: list[AudioFault] = []
    for done, (name, ids) in enumerate(wanted.items(), start=1):
        path = benchmark.root / name if name else benchmark.root
        found = _fault(name, path)
        if found is not None:
            faults.append(AudioFault(name, path, *found, tuple(ids)))
        if on_file is not None:
            on_file(done, len(wanted))
    if len(faults) > allow_missing:
        raise _too_many(benchmark, faults, allow_missing, len(wanted))
    return faults


def _fault(name: str, path: Path) -> tuple[str, str] | None:
    from audio_reasoner.core.audio import probe

    if not name:
        return NO_NAME, "no recording is named"
    try:
        probe(path)
    except AudioReasonerError as error:
        return error.code, error.message.rstrip(".")
    except (OSError, ValueError) as error:  # a name too long for the file system, or with a zero byte in it
        return "audio.unreadable", f"{name!r:.200} cannot be looked at: {error}"
    return None


def _too_many(benchmark: Benchmark, faults: Sequence[AudioFault], allowed: int, files: int) -> InputError:
    kinds = Counter(fault.code for fault in faults)
    told = ", ".join(f"{count} {code}" for code, count in kinds.most_common())
    folders = Counter(str(Path(fault.name).parent) if fault.name else "(no name)" for fault in faults)
    where = "; ".join(f"{count} in {folder}" for folder, count in folders.most_common(_MOST_NAMED))
    more = f"; {len(folders) - _MOST_NAMED} more folders" if len(folders) > _MOST_NAMED else ""
    questions = len({name for fault in faults for name in fault.items})
    first = "\n".join(f"  {fault}" for fault in faults[:_MOST_NAMED])
    rest = f"\n  … and {len(faults) - _MOST_NAMED} more" if len(faults) > _MOST_NAMED else ""
    return InputError(
        f"{len(faults)} of {files} recordings of {benchmark.name} are missing or broken ({told}), and {allowed} are "
        f"allowed; {questions} questions cannot be asked. By folder: {where}{more}.\n{first}{rest}",
        code="benchmark.audio",
        hint=f"Complete the download below {benchmark.root}, or say --allow-missing {len(faults)}; what is missing is "
        "then written into the score.",
    )
