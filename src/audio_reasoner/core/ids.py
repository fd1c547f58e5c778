"""Identifiers and hashes: equal content gets equal names on every machine.

Decision: everything is sha256 over canonical JSON (UTF-8, sorted keys, no NaN, a version field), so that an id can be
recomputed from the record alone, in any language. 20 base32 characters carry 100 bits: a collision among a billion
clips has a chance of about 4e-13.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from pathlib import Path
from typing import Any

ID_VERSION = 1
_CANONICAL = json.JSONEncoder(ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))


def canonical_json(value: Any) -> bytes:
    """UTF-8 JSON with sorted keys and no spaces.

    Raises:
        ValueError: the value holds NaN or an infinity, which JSON has no word for.

    >>> canonical_json({"b": 1, "a": "é"})
    b'{"a":"\\xc3\\xa9","b":1}'
    """
    return _CANONICAL.encode(value).encode("utf-8", "surrogatepass")


def digest(fields: dict[str, Any]) -> bytes:
    """sha256 over the canonical JSON of `fields` with the id version added."""
    return hashlib.sha256(canonical_json({"v": ID_VERSION, **fields})).digest()


def _short(prefix: str, raw: bytes) -> str:
    return prefix + base64.b32encode(raw[:15]).decode("ascii").lower()[:20]  # 5 bytes are 8 characters


def clip_id(source: str, source_id: str, start_ms: int, end_ms: int | None) -> str:
    """Id of a clip: who made it and where it lies there, never where it is stored here.

    Args:
        source: name of the corpus.
        source_id: POSIX path relative to the corpus root, or the corpus's own id.
        start_ms: start of the span in milliseconds.
        end_ms: end of the span in milliseconds; None is the end of the file.
    """
    return _short("c", digest({"source": source, "source_id": source_id, "start_ms": start_ms, "end_ms": end_ms}))


def sample_id(clip: str, question: str, options: tuple[str, ...], plan_id: str, earlier: tuple[str, ...] = ()) -> str:
    """Id of a training sample: its clip, what is asked, and the plan that built it.

    Args:
        clip: its clip_id.
        question: text of the (last) question.
        options: options of that question.
        plan_id: the plan.
        earlier: texts of the questions asked before it, oldest first, for the row of a dialogue; that row's id then
            differs from the id of the row that asks the last question alone.
    """
    fields: dict[str, Any] = {"clip": clip, "question": question, "options": list(options), "plan": plan_id}
    if earlier:
        fields["earlier"] = list(earlier)
    return _short("s", digest(fields))


def plan_id(config: dict[str, Any]) -> str:
    """Id of a build plan: its teacher and every setting that can change a sample."""
    return _short("p", digest({"plan": config}))


def file_sha256(path: Path) -> str:
    """Hex sha256 of a file's bytes, read in pieces of at most 1 MiB.

    Raises:
        OSError: the file cannot be read.
    """
    h = hashlib.sha256()
    with path.open("rb", buffering=0) as f:
        # A read takes memory for as much as it asks: half the time of hashing 400,000 short recordings.
        piece = min(1 << 20, os.fstat(f.fileno()).st_size + 1)
        while block := f.read(piece):
            h.update(block)
    return h.hexdigest()


def content_key_of_span(file_digest: str, start_ms: int = 0, end_ms: int | None = None) -> str:
    """Content key (64 hex digits) of a span of a file whose bytes hash to `file_digest`."""
    return digest({"file": file_digest, "start_ms": start_ms, "end_ms": end_ms}).hex()


def content_key_of_recipe(recipe: dict[str, Any]) -> str:
    """Content key (64 hex digits) of a synthetic clip."""
    return digest({"recipe": recipe}).hex()


def derive_seed(seed: int, *names: str | int) -> int:
    """A 63-bit seed for one item, independent of the order in which items are made.

    >>> derive_seed(7, "c1") == derive_seed(7, "c1") != derive_seed(7, "c2")
    True
    """
    return int.from_bytes(digest({"seed": seed, "names": list(names)})[:8], "big") >> 1
