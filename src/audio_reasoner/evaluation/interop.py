"""Writes predictions in the forms other tools read: lmms-eval's sample logs, and the official scripts' own files.

Decision: what is handed over is the RESPONSE body, the text our *strict* reading judges, so that both score the same
thing. A sample log keeps the full reply beside it (`resps`), as lmms-eval itself does when it strips reasoning.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from audio_reasoner.core.chain import parse_chain, response_body
from audio_reasoner.evaluation.base import Benchmark, Item
from audio_reasoner.evaluation.present import json_text

TASKS = {
    "mmau-mini": "mmau_test_mini",
    "mmau-test": "mmau_test",
    "mmar": "mmar",
    "air-foundation": "air_bench_foundation",
    "air-chat": "air_bench_chat",
    "covost2-en-zh": "covost2_en_zh_test",
    "covost2-zh-en": "covost2_zh_en_test",
}
"""lmms-eval's names of our benchmarks; it has no task for the others, which keep ours."""


def bodies(replies: Mapping[str, str]) -> dict[str, str]:
    """The RESPONSE bodies of full replies by id: a tagged reply without RESPONSE has answered nothing."""
    return {name: response_body(parse_chain(reply), reply) for name, reply in replies.items()}


def write_sample_log(benchmark: Benchmark, replies: Mapping[str, str], out: Path, when: datetime | None = None) -> Path:
    """Write `DATE_samples_TASK.jsonl` as lmms-eval 0.6 does, one line per answered item.

    `doc_id` is the item's place in the data file, `target` its gold text, `filtered_resps` the RESPONSE body and
    `resps` the full reply where it says more. `id` is added, so that a reader need not rely on the place. `doc_hash` is
    over our item, not over the mirror's row, whose hash cannot be known here.

    Args:
        benchmark: whose items were answered.
        replies: full replies by id.
        out: directory; made if absent.
        when: the date in the file's name; now if not given.
    """
    from audio_reasoner.core.run import write_atomic

    date = (when or datetime.now(UTC)).strftime("%Y%m%d_%H%M%S")
    path = out / f"{date}_samples_{TASKS.get(benchmark.name, benchmark.name.replace('-', '_'))}.jsonl"
    lines: list[str] = []
    for place, item in enumerate(benchmark.items):
        reply = replies.get(item.id)
        if reply is None:
            continue
        body = response_body(parse_chain(reply), reply)
        row = {
            "doc_id": place,
            "target": item.answer,
            "filtered_resps": body,
            **({"resps": [reply]} if reply != body else {}),
            "token_counts": [None],
            "doc_hash": _hash(item),
            "input": item.question,
            "id": item.id,
        }
        lines.append(json_text(row) + "\n")
    out.mkdir(parents=True, exist_ok=True)
    write_atomic(path, "".join(lines).encode("utf-8"))
    return path


def _hash(item: Item) -> str:
    doc = {"id": item.id, "question": item.question, "choices": list(item.choices), "answer": item.answer}
    return hashlib.sha256(json_text(doc, indent=2).encode("utf-8")).hexdigest()
