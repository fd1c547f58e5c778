"""`judged.jsonl`: the opinions of a judge, one a line.

Decision: a line says who was asked, with which prompt, how and when, and carries a fingerprint of the reply it is
about: an opinion about another reply is never taken for one about this reply.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from audio_reasoner.core.errors import InputError

JUDGED_NAME = "judged.jsonl"


def fingerprint(*texts: str) -> str:
    """Names what was judged: 16 hexadecimal digits of a hash over the texts."""
    joined = "\x1f".join(texts).encode("utf-8", "surrogatepass")
    return hashlib.sha256(joined).hexdigest()[:16]


def judged_directory(predictions: Path) -> Path:
    """Where opinions on predictions lie: the run directory, or `NAME.judged/` beside a single prediction file."""
    if predictions.is_dir():
        return predictions
    if (predictions.parent / "run.json").is_file() and predictions.name == "predictions.jsonl":
        return predictions.parent
    return predictions.with_name(f"{predictions.stem}.judged")


def write_judged(path: Path, lines: Iterable[Mapping[str, Any]], purposes: Iterable[str]) -> None:
    """Replace the lines of these purposes in a `judged.jsonl` by `lines`; those of others stay in front of them."""
    from audio_reasoner.core.run import write_atomic
    from audio_reasoner.evaluation.present import json_text

    replaced = set(purposes)
    kept = [line for line in _lines_of(path) if line["purpose"] not in replaced] if path.exists() else []
    kept.sort(key=lambda line: str(line["purpose"]))
    text = "".join(json_text(line) + "\n" for line in [*kept, *lines])
    write_atomic(path, text.encode("utf-8"))


def count_lines(path: Path, purposes: set[str]) -> int:
    """How many lines of these purposes a file has; 0 if there is none."""
    return sum(line["purpose"] in purposes for line in _lines_of(path)) if path.exists() else 0


def read_judged(path: Path) -> dict[str, list[dict[str, Any]]]:
    """The lines of a `judged.jsonl` by item; empty if there is no such file.

    Raises:
        InputError: `judged.unreadable`, naming the line.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    if path.exists():
        for line in _lines_of(path):
            found.setdefault(line["id"], []).append(line)
    return found


_FIELDS: Mapping[str, tuple[type, ...]] = {
    "id": (str,),
    "purpose": (str,),
    "n": (int,),
    "text": (str,),
    "parsed": (dict,),
}


def _lines_of(path: Path) -> list[dict[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}.", code="judged.unreadable") from None
    lines = []
    for number, raw in enumerate(text.split("\n"), start=1):
        if not raw.strip():
            continue
        try:
            line = json.loads(raw)
        except (ValueError, RecursionError) as error:
            line = str(error)
        bad = (
            [k for k, types in _FIELDS.items() if not isinstance(line.get(k), types)] if isinstance(line, dict) else []
        )
        if not isinstance(line, dict) or bad:
            raise InputError(
                f"{path} line {number} is no opinion of a judge" + (f" (`{bad[0]}`)." if bad else "."),
                code="judged.unreadable",
                hint="`audio-reasoner eval judge` makes the file again from judge.sqlite, without asking anybody.",
            )
        lines.append(line)
    return lines


def opinions(
    judged: Mapping[str, Sequence[Mapping[str, Any]]] | None, item: str, purpose: str, of: str
) -> list[Mapping[str, Any]]:
    """An item's opinions for one purpose that are about the reply with this fingerprint, by `n`."""
    lines = [line for line in (judged or {}).get(item, ()) if line.get("purpose") == purpose]
    return sorted((line for line in lines if line.get("of") in (of, None)), key=lambda line: int(line["n"]))


def describe(lines: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Who judged, how and when: for reports. Lists, because lines of several judges can stand in one file."""
    lines = list(lines)

    def all_of(key: str) -> list[Any]:
        return sorted({line.get(key) for line in lines}, key=lambda v: (v is None, str(v)))

    dates = [d for d in all_of("date") if d]
    return {
        "models": all_of("model"),
        "versions": [v for v in all_of("version") if v],
        "prompts": all_of("prompt_sha"),
        "temperatures": all_of("temperature"),
        "dates": [dates[0], dates[-1]] if dates else [],
        "opinions": len(lines),
    }


def sentence(facts: Mapping[str, Any]) -> str:
    """`describe` as one sentence."""
    shown = ", ".join("the server's own" if t is None else f"{t:g}" for t in facts["temperatures"])
    dates = facts["dates"]
    when = "" if not dates else dates[0] if dates[0] == dates[1] else f"{dates[0]} to {dates[1]}"
    if facts["models"] and all(str(m).startswith("file:") for m in facts["models"]):
        files = ", ".join(str(m).removeprefix("file:") for m in facts["models"])
        return f"Judge: not known; {facts['opinions']} opinions were taken over from {files}."
    names = {str(m).partition(":")[2] for m in facts["models"]}
    other = [str(v) for v in facts.get("versions", ()) if v not in names]
    called = ", ".join(map(str, facts["models"])) + (f" (answered by {', '.join(other)})" if other else "")
    return (
        f"Judge: {called}; prompt {', '.join(str(p)[:12] for p in facts['prompts'])}; "
        f"temperature {shown}; {when or 'date unknown'}; {facts['opinions']} opinions."
    )
