"""Run directories as `eval run` and `eval score` leave them, made without a model: for tests and benchmarks of the
comparison. Replies are chains; who answers is a set of chances (right, unparsed, letter only, no RESPONSE)."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from audio_reasoner.evaluation.base import SCORE_VERSION
from audio_reasoner.evaluation.predictions import Predictions
from audio_reasoner.evaluation.registry import benchmark_module

SOUNDS = ("dog barking", "car horn", "church bell", "door knock", "rain", "bird song", "engine", "footsteps", "siren")
INSTRUMENTS = ("piano", "violin", "drums", "flute", "electric guitar", "cello", "trumpet", "harp", "saxophone")
WORDS = ("station", "letter", "doctor", "weekend", "garden", "ticket", "meeting", "lesson", "holiday")
SUBS = {
    "sound": ("Event-Based Sound Reasoning", "Temporal Event Reasoning", "Acoustic Scene Reasoning"),
    "music": ("Instrumentation", "Rhythm and Tempo Understanding", "Musical Genre Reasoning"),
    "speech": ("Emotion State summarisation", "Speaker Number", "Key highlight Extraction"),
}
LEVELS = ("easy", "medium", "hard")


def write_benchmark(root: Path, n: int = 120, seed: int = 1, sounds: int = 0) -> Path:
    """A data file in MMAU's format, `sounds` of its recordings (two seconds each), and its path."""
    rng = random.Random(seed)
    root.mkdir(parents=True, exist_ok=True)
    items = []
    for i in range(n):
        task = ("sound", "music", "speech")[i % 3]
        pool = {"sound": SOUNDS, "music": INSTRUMENTS, "speech": WORDS}[task]
        choices = rng.sample(pool, 4)
        items.append(
            {
                "id": f"item-{seed}-{i:05d}",
                "audio_id": f"./test-mini-audios/clip-{i:05d}.wav",
                "question": {
                    "sound": "Which sound is heard first?",
                    "music": "Which instrument carries the melody from the second bar on?",
                    "speech": "What do the two speakers talk about?",
                }[task],
                "choices": choices,
                "answer": rng.choice(choices),
                "task": task,
                "difficulty": LEVELS[rng.randrange(3)],
                "sub-category": SUBS[task][rng.randrange(3)],
                "category": "Reasoning",
                "split": "test-mini",
            }
        )
    path = root / "mmau-test-mini.json"
    path.write_text(json.dumps(items, ensure_ascii=False), encoding="utf-8")
    if sounds:
        import numpy as np
        import soundfile

        (root / "test-mini-audios").mkdir(exist_ok=True)
        for i in range(sounds):
            t = np.arange(32_000) / 16_000
            tone = 0.3 * np.sin(2 * np.pi * (220 + 35 * i) * t) * (np.sin(2 * np.pi * (1 + i % 4) * t) > 0)
            noise = np.random.default_rng(i).normal(0, 0.01, len(t))
            soundfile.write(root / "test-mini-audios" / f"clip-{i:05d}.wav", (tone + noise).astype("float32"), 16_000)
    return path


def chain(question: str, option: str, response: str, summary: str | None = None, words: int = 40) -> str:
    """A reply in the form of the paper."""
    filler = " ".join(f"Step {k}: compare what is heard with the option named “{option}”." for k in range(words // 10))
    return (
        f"<THINK>\n<PLANNING>The question asks: {question} I will listen for each option in turn.</PLANNING>\n"
        f"<CAPTION>The recording begins with {option}, then grows quieter towards the end.</CAPTION>\n"
        f"<REASONING>{filler} Only {option} fits.</REASONING>\n"
        f"<SUMMARY>{summary or f'It is {option}.'}</SUMMARY>\n</THINK>\n<RESPONSE>{response}</RESPONSE>"
    )


def replies(
    data: Path,
    skill: float,
    *,
    seed: int = 0,
    unparsed: float = 0.03,
    letters: float = 0.1,
    broken: float = 0.03,
    n: int | None = None,
    words: int = 40,
) -> dict[str, str]:
    """Replies of somebody who is right with chance `skill`; a part of them in forms that readings disagree about."""
    rng = random.Random(f"{seed}-{skill}")
    found = {}
    for item in json.loads(data.read_text(encoding="utf-8"))[:n]:
        # How hard an item is belongs to the item, so that runs are right on the same items more often than by luck.
        hard = random.Random(item["id"]).random() * 0.5
        right = rng.random() < skill + 0.25 - hard
        wrong = [c for c in item["choices"] if c != item["answer"]]
        option = item["answer"] if right else rng.choice(wrong)
        kind = rng.random()
        letter = "ABCD"[item["choices"].index(option)]
        if kind < unparsed:
            text = chain(item["question"], option, "I cannot tell from this recording.", "Nothing is certain.", words)
        elif kind < unparsed + letters:
            text = chain(item["question"], option, f"The answer is ({letter}).", words=words)
        elif kind < unparsed + letters + broken:
            text = chain(item["question"], option, option, words=words).partition("<RESPONSE>")[0]
        else:
            text = chain(item["question"], option, option, words=words)
        found[item["id"]] = text
    return found


def write_run(
    directory: Path,
    data: Path,
    texts: Mapping[str, str],
    *,
    model: str = "models/tiny",
    control: str | None = None,
    judged: float | None = None,
    samples: Sequence[Mapping[str, str]] = (),
    benchmark: str = "mmau-mini",
) -> Path:
    """Score the replies with the real scorer and write the whole run directory."""
    from audio_reasoner.core.chain import parse_chain
    from audio_reasoner.core.choices import match_option

    directory.mkdir(parents=True, exist_ok=True)
    module = benchmark_module(benchmark)
    read = module.read(data)
    by_id = {item.id: item for item in read.items}
    lines: dict[str, list[dict[str, Any]]] | None = None
    if judged is not None:
        rng = random.Random(5)
        lines = {}
        for ident in texts:
            item = by_id[ident]
            index = item.gold if rng.random() < judged else rng.randrange(len(item.choices))
            lines[ident] = [_judged_line(ident, index)]
        _write_lines(directory / "judged.jsonl", [line for found in lines.values() for line in found])
    rows: list[dict[str, Any]] = []
    score = module.score(
        read, Predictions(texts=dict(texts)), "predictions.jsonl", lambda row: rows.append(row.to_dict()), lines
    )
    (directory / "score.json").write_text(json.dumps(score.to_dict(), ensure_ascii=False), encoding="utf-8")
    _write_lines(directory / "rows.jsonl", rows)
    predictions = []
    for k, drawn in enumerate((texts, *samples)):
        for ident, text in drawn.items():
            parsed = parse_chain(text)
            option = match_option(parsed.sections["response"] or "", by_id[ident].choices)
            predictions.append(
                {
                    "id": ident,
                    "raw": text,
                    "sections": parsed.sections,
                    "defects": [d.code for d in parsed.defects],
                    "option": option.index,
                    "option_rule": option.rule,
                    "tokens": len(text.split()),
                    "seconds": 0.25,
                    "stopped": "end",
                    "model": model,
                    "audio_policy": "whole",
                    "duration_s": 2.0,
                    "control": control,
                    "sample": k,
                }
            )
    _write_lines(directory / "predictions.jsonl", predictions)
    header = {
        "config": {
            "benchmark": benchmark,
            "data_sha256": read.sha256,
            "prompt": "ours",
            "max_new_tokens": 1024,
            "control": control,
            "temperature": 0.0 if not samples else 1.0,
            "system_sha256": hashlib.sha256(b"system").hexdigest(),
        },
        "model": model,
        "model_hash": hashlib.sha256(model.encode()).hexdigest(),
        "data": str(data),
        "version": "0.4.0",
    }
    (directory / "run.json").write_text(json.dumps(header), encoding="utf-8")
    return directory


def _judged_line(ident: str, index: int | None) -> dict[str, Any]:
    return {
        "id": ident,
        "purpose": "mapper",
        "n": 0,
        "text": f"({index})",
        "call_key": hashlib.sha256(ident.encode()).hexdigest(),
        "model": "judge-1",
        "prompt_sha": "ab" * 32,
        "temperature": 0.0,
        "date": "2026-11-02T10:00:00+00:00",
        "parsed": {"index": index},
        "official": None,
    }


def _write_lines(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    # Escaped, because replies may hold lone surrogates.
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def write_other_score(directory: Path, benchmark: str, **values: float) -> Path:
    """A run of another benchmark with a score alone, as an older or a foreign tool might leave it."""
    directory.mkdir(parents=True, exist_ok=True)
    metrics = [
        {"name": name, "title": name, "unit": "score" if value <= 10 else "percent", "official": True, "explained": ""}
        for name, value in values.items()
    ]
    score = {
        "version": SCORE_VERSION,
        "benchmark": benchmark,
        "kind": "labels",
        "data": "/data/elsewhere",
        "data_sha256": hashlib.sha256(benchmark.encode()).hexdigest(),
        "revision": "test set as downloaded",
        "predictions": "predictions.jsonl",
        "headline": next(iter(values)),
        "metrics": metrics,
        "overall": {
            "name": "overall",
            "items": 2610,
            "answered": 2610,
            "values": {
                k: {"value": v, "n": 2610, "interval_95": [v - 2, v + 2], "over_all_items": None}
                for k, v in values.items()
            },
        },
        "tables": {},
        "paper": {},
        "notes": [],
        "deviations": ["The judge is another model than the official one."],
        "problems": [],
    }
    (directory / "score.json").write_text(json.dumps(score), encoding="utf-8")
    return directory
