"""MMAU test-mini: its data file with all its revisions, and its official rules.

Decision: the file's SHA-256 stands in every score, because the file behind one version name changed many times and
numbers of two generations must not be compared. Beside the script's rule of today stands the substring rule of
October 2024, which early published numbers may rest on.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from audio_reasoner.evaluation.base import Benchmark, Metric, Row, Score
from audio_reasoner.evaluation.choice import EXTRACTED, OPTION, Scheme, score_choices
from audio_reasoner.evaluation.choice_rows import find_file, make_item, read_items, read_rows, rows_with_answers
from audio_reasoner.evaluation.official import official_key, substring_match
from audio_reasoner.evaluation.predictions import Predictions

NAME = "mmau-mini"
DATA_NAME = "mmau-test-mini.json"
MANIFEST_NAME = "benchmark.json"
AUDIO_KEY = "audio_id"
GROUPS: Mapping[str, str | None] = {"task": "(none)", "difficulty": "(none)", "sub-category": None}

# SHA-256 of every revision of mmau-test-mini.json in Sakshi113/MMAU's history: (commit, date, generation). Between the
# two generations 106 of 1000 items were exchanged and 209 answers of the common ones changed.
_OLD, _NEW = "before v05.15.25", "v05.15.25"
KNOWN_REVISIONS: Mapping[str, tuple[str, str, str]] = {
    "bef649e4bdeb436779a929ccdb9caa3f5144899bd087fc05e23065268ba888cc": ("1c6af99", "2024-10-23", _OLD),
    "a5006730ccb3fbf1fc72016774413b9b4a596bb00ce8f37796d9d30979b46192": ("78fe032", "2024-10-25", _OLD),
    "1b6d31d0b70c2944a064a5de0147435427af0bcd3167eff175daa8bd5321e9d3": ("26d9342", "2024-10-29", _OLD),
    "850c2794664d53c1f7e7e2bcf35744b9ab4e60debad2156d67efd6956220affa": ("a8d61f7", "2024-12-09", _OLD),
    "ed2fd6b6c24ebec1a5a496de5d767e7ebfe79556044d8f0d8bd00ad0cf02d623": ("a5cd89a", "2025-01-28", _OLD),
    "e8cc09223b497191781756212cb616315690aaa6ea7ac359db1b65d97d1e2433": ("1f675a9", "2025-03-25", _OLD),
    "d35ec10bc3097fc605661b0eed00a487da74a6e7d9e23736567312c632347400": ("6674fa1", "2025-05-15", _NEW),
    "9da96f00e43890adfbac3628b7b0dab3a32a6d6ec2d0a800b892ee261d35b818": ("f2017e3", "2025-05-16", _NEW),
    "ea9f3f53085a2dfcf9ea7f5b2fca76a6634cd212af084bbb4cd8bf22c8903537": ("2dcf44d", "2025-05-16", _NEW),
    "cafecebbb4e48b9eb83fd88916911a853245379812e08f118984510340b2dc5b": ("77fbb89", "2025-05-18", _NEW),
    "cc59d9e3fad1a675f311f341b53b05079b94e735e5bc8992ac881ebeda2976f5": ("8f62d71", "2025-05-19", _NEW),
    "157f1968a686c9e7ffb3669e13296349af72afe78af19c049e5d459ccb59d402": ("65c0574", "2025-05-22", _NEW),
    "e0042de8b99492539b0a17997b6c12fff90a6d42a47ad5fd8801c80dcb52b405": ("8415fc1", "2025-05-24", _NEW),
    "0bbabee60dcbd76815948394ac2dd31c41d18ab1215fe6fd6f93e0e510f78d7a": ("0a30c30", "2025-05-30", _NEW),
    "5c63fe8f2de12e848be146e48436567c2022fe84ea0012da560003c30a24b2b7": ("b070fb3", "2025-06-23", _NEW),
    "3940399a013d5f6d528ad4f5d1701cce29cdb5b19ccd4e6ab2800e0665dd6ac9": ("82f34fd", "2025-06-23", _NEW),
    "9f18fda99f8dbc2bc5ecd6323fb5063309f54969810b5c6f1caeb3b8d904cf1c": ("f0a4a97", "2025-08-09", _NEW),
}
UNKNOWN_REVISION = "unknown revision"


def read(path: Path) -> Benchmark:
    """Read MMAU's file (a JSON array of objects) or a mirror of it.

    A row that cannot be scored is named in `problems` and left out.

    Raises:
        InputError: `benchmark.missing`, `benchmark.unreadable`, `benchmark.no_items`.
    """
    file = find_file(
        path,
        DATA_NAME,
        f"Give {DATA_NAME} or its directory; `audio-reasoner synth benchmark` makes one in this format.",
    )
    rows, sha = read_rows(file)
    items, problems = read_items(file, rows, lambda row: make_item(row, AUDIO_KEY, GROUPS))
    return Benchmark(NAME, "choice", file, file.parent, sha, _revision(file, sha), items, problems)


def is_made(revision: str) -> bool:
    """Whether data of this revision only has MMAU's format: a manifest beside it says where it comes from."""
    return bool(revision) and not revision.startswith(("MMAU test-mini", UNKNOWN_REVISION))


def _revision(file: Path, sha: str) -> str:
    if sha in KNOWN_REVISIONS:
        commit, date, generation = KNOWN_REVISIONS[sha]
        return f"MMAU test-mini {generation}, commit {commit} of {date}"
    manifest = file.parent / MANIFEST_NAME
    if manifest.is_file():
        try:
            facts = json.loads(manifest.read_text(encoding="utf-8"))
            if facts["data_sha256"] == sha:
                return str(facts["revision"])
            return f"{UNKNOWN_REVISION} (changed since {MANIFEST_NAME} was written)"
        except (ValueError, KeyError, TypeError):
            pass
    return UNKNOWN_REVISION


# -------------------------------------------------------------------------------------------------------------- scoring

STRICT = Metric("strict", "strict", "percent", True, "The matcher of MMAU's evaluation.py (since 29 January 2025).")
# Not marked official: for today's data it is not, and a file of unknown revision must not look as if it were.
STRICT_2024 = Metric(
    "strict_2024",
    "Oct 2024",
    "percent",
    False,
    "MMAU's substring rule of October 2024; official for the data of that time, and for no other.",
)
SCHEME = Scheme(
    key=lambda item: official_key(item.answer, item.choices),
    metrics=(STRICT, STRICT_2024, EXTRACTED, OPTION),
    tables=tuple(GROUPS),
    rule="MMAU's script",
    further={"strict_2024": lambda item, body: substring_match(item.answer, body, item.choices)},
)
ANSWER_KEYS = ("model_output", "model_prediction")
PAPER_COLUMNS = {"Sound": "sound", "Music": "music", "Speech": "speech"}


def score(
    benchmark: Benchmark,
    predictions: Predictions,
    predictions_file: str = "",
    on_row: Callable[[Row], None] | None = None,
    judged: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
) -> Score:
    """Judge every answered item; see `score_choices`. `paper`: the columns of the paper's Table 4, by *extracted*.

    Data made in this format (`synth benchmark`) has no published figure to agree with, so its headline is *option*:
    where options are the same words in another order, the official rule passes all of them.
    """
    made = is_made(benchmark.revision)
    scheme = replace(SCHEME, headline="option") if made else SCHEME
    found = score_choices(scheme, benchmark, predictions, predictions_file, on_row, judged)
    if made:
        return found
    tasks = {group.name: group.values[found.headline].value for group in found.tables["task"]}
    found.paper = {column: tasks.get(task) for column, task in PAPER_COLUMNS.items()}
    found.paper["Avg"] = found.overall.values[found.headline].value
    return found


def official_files(benchmark: Benchmark, answers: Mapping[str, str], out: Path) -> Iterable[Path]:
    """Write what `evaluation.py --input` reads: the data file's rows with `model_output`.

    `model_prediction` stands beside it, because the README and the revision before ask for that name.
    """
    from audio_reasoner.core.run import write_atomic

    out.mkdir(parents=True, exist_ok=True)
    rows = rows_with_answers(benchmark.items, answers, ANSWER_KEYS)
    path = out / f"{benchmark.path.stem}-predictions.json"
    write_atomic(path, (json.dumps(rows, ensure_ascii=True, indent=1) + "\n").encode())
    return [path]
