"""What is heard when, for benchmarks that know it: `timelines.jsonl` beside the data, as clips that claims are held
against.

Decision: the file is a sidecar and not part of the data, so that MMAU's own reader and anybody else's see a benchmark
in MMAU's format; a hand-made benchmark may bring one too. A line that is none is an error that names it: a claim held
against a wrong truth would be worse than no claim.
"""

from __future__ import annotations

import hashlib
import json
from math import isfinite
from pathlib import Path
from typing import Any

from audio_reasoner.core import ids
from audio_reasoner.core.errors import InputError
from audio_reasoner.core.records import AudioRef, Clip, Event, Fact, Timeline
from audio_reasoner.evaluation.base import Benchmark

TIMELINES_NAME = "timelines.jsonl"
RATE = 16_000
MANIFEST_NAME = "benchmark.json"


def find_timelines(benchmark: Benchmark) -> Path | None:
    """The file beside a benchmark's data, None if there is none."""
    found = benchmark.root / TIMELINES_NAME
    return found if found.is_file() else None


def read_timelines(path: Path) -> dict[str, Clip]:
    """Clips by item id.

    Raises:
        InputError: `timelines.missing`, `timelines.bad_line`, or `timelines.changed`: a made benchmark's file is not
            the one its manifest names.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"the timelines {path} cannot be read: {error}.", code="timelines.missing") from error
    _check_manifest(path, data)
    out: dict[str, Clip] = {}
    for number, line in enumerate(data.split(b"\n"), start=1):
        if line.strip():
            name, clip = _clip(line, f"{path} line {number}")
            if name in out:
                raise InputError(f"{path} line {number}: id {name} comes again.", code="timelines.bad_line")
            out[name] = clip
    return out


def _check_manifest(path: Path, data: bytes) -> None:
    try:
        manifest = json.loads((path.parent / MANIFEST_NAME).read_text(encoding="utf-8"))
        named = manifest["timelines"]
        wanted = named["sha256"] if named["file"] == path.name else None
    except (OSError, ValueError, KeyError, TypeError):
        return  # a benchmark made by hand
    if wanted is not None and wanted != hashlib.sha256(data).hexdigest():
        raise InputError(
            f"{path} was changed since the benchmark was made.",
            code="timelines.changed",
            hint="Make the benchmark again, or remove the file if its claims are not to be checked.",
        )


def _clip(line: bytes, where: str) -> tuple[str, Clip]:
    try:
        row = json.loads(line)
        name = row["id"]
        length = _samples(row["duration_s"])
        events = [
            Event(
                start=_samples(e["start_s"]),
                end=min(_samples(e["end_s"]), length),
                label=e["label"],
                **{k: e[k] for k in ("speaker", "text", "role", "style", "gain_db") if k in e},
            )
            for e in row["events"]
        ]
        # Facts name events by their place, so only a file of our own order may bring them.
        ordered = sorted(events, key=lambda e: e.start)
        facts = tuple(Fact(**f) for f in row.get("facts", ())) if ordered == events else ()
        timeline = Timeline(sample_rate=RATE, length=length, events=tuple(ordered), facts=facts)
        if not isinstance(name, str) or not name:
            raise ValueError("`id` must be text")
        return name, Clip(
            clip_id=name,
            source="timelines",
            source_id=name,
            audio=AudioRef(path=name),
            content_key=ids.digest({"timeline": name}).hex(),
            duration_s=timeline.seconds(length),
            domains=("sound",),
            group=name,
            timeline=timeline,
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        what = f"lacks {error}" if isinstance(error, KeyError) else " ".join(str(error).split())[:200]
        raise InputError(
            f"{where} is no timeline: {what}.",
            code="timelines.bad_line",
            hint='Expected {"id", "duration_s", "events": [{"label", "start_s", "end_s"}]}, times in seconds.',
        ) from error


def _samples(seconds: Any) -> int:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not isfinite(seconds):
        raise ValueError(f"{seconds!r} is no number of seconds")
    return round(seconds * RATE)
