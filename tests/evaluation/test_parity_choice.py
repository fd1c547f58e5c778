"""Ours against the official scripts, row by row, on made predictions of every shape.

The verdict files were made by `benchmarks/parity_*.py` with the authors' unmodified scripts. Here the same rows go the
whole way of a user: a data file, a prediction file, reading, scoring.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from audio_reasoner.evaluation.base import Score
from audio_reasoner.evaluation.predictions import read_predictions
from audio_reasoner.evaluation.registry import benchmark_module

PARITY = Path(__file__).parent / "parity"


def verdicts(name: str) -> dict[str, Any]:
    with gzip.open(PARITY / f"{name}.json.gz", "rt", encoding="utf-8") as f:
        found: dict[str, Any] = json.load(f)
    return found


def scored(
    benchmark: str, data: Path, cases: list[dict[str, Any]], id_key: str, key: str, predictions: Path
) -> tuple[Score, dict[str, dict[str, Any]]]:
    """Score the replies the way a user does; readings of each answered row by id."""
    module = benchmark_module(benchmark)
    lines = [{"id": str(row[id_key]), **({key: row[key]} if key in row else {})} for row in cases]
    predictions.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    rows: dict[str, dict[str, Any]] = {}

    def keep(row: Any) -> None:
        told = row.to_dict()
        rows[told["id"]] = told["readings"]

    return module.score(module.read(data), read_predictions(predictions), "p", keep), rows


def without(cases: list[dict[str, Any]], key: str) -> list[dict[str, Any]]:
    return [{k: v for k, v in row.items() if k != key and not k.startswith("verdict")} for row in cases]


@pytest.mark.parametrize(
    ("name", "benchmark", "file", "key"),
    [
        ("mmau", "mmau-mini", "mmau-test-mini.json", "model_output"),
        ("mmar", "mmar", "MMAR-meta.jsonl", "answer_prediction"),
    ],
)
def test_every_row_agrees_with_the_official_matcher(
    tmp_path: Path, name: str, benchmark: str, file: str, key: str
) -> None:
    made = verdicts(name)
    cases = made["cases"]
    assert len(cases) >= 2_000
    data = tmp_path / file
    rows = without(cases, key)
    text = json.dumps(rows) if file.endswith("json") else "".join(json.dumps(row) + "\n" for row in rows)
    data.write_text(text, encoding="utf-8")
    score, readings = scored(benchmark, data, cases, "id", key, tmp_path / "p.jsonl")
    wrong = []
    seen = {0: 0, 1: 0, "skipped": 0}
    for row in cases:
        verdict, ours = row["verdict"], readings.get(row["id"])
        if isinstance(verdict, str) and verdict != "skipped":
            # The script crashes on null; ours counts an empty answer and says so.
            assert row[key] is None
            assert ours is not None
            assert ours["strict"] == 0
            continue
        seen[verdict] += 1
        if (ours is None) != (verdict == "skipped") or (ours is not None and ours["strict"] != verdict):
            wrong.append((row, ours))
        if "verdict_2024" in row and ours is not None and ours["strict_2024"] != row["verdict_2024"]:
            wrong.append((row, ours))
    assert wrong == []
    assert min(seen[0], seen[1]) > 400
    assert seen["skipped"] > 40
    # The sums that the script prints, by every table; it never saw the rows with null.
    nulls = [row["id"] for row in cases if key in row and row[key] is None]
    for kind, groups in made["sums"].items():
        ours_by_name = {"": score.overall} if kind == "overall" else {g.name: g for g in score.tables[kind]}
        for group, (correct, total) in ({"": groups} if kind == "overall" else groups).items():
            value = ours_by_name[group].values["strict"]
            without_null = sum(1 for row in cases if row["id"] in nulls and (not group or row.get(kind) == group))
            assert value.value is not None
            assert (round(value.value * value.n / 100), value.n - without_null) == (correct, total), (kind, group)


def test_every_row_agrees_with_air_bench(tmp_path: Path) -> None:
    made = verdicts("air_foundation")
    cases = made["cases"]
    assert len(cases) >= 2_000
    folder = tmp_path / "Foundation"
    folder.mkdir()
    (folder / "Foundation_meta.json").write_text(json.dumps(without(cases, "response")), encoding="utf-8")
    score, readings = scored("air-foundation", tmp_path, cases, "uniq_id", "response", tmp_path / "p.jsonl")
    wrong = []
    seen = {0: 0, 1: 0, "dropped": 0}
    for row in cases:
        verdict, ours = row["verdict"], readings.get(str(row["uniq_id"]))
        if verdict in ("KeyError", "AttributeError"):  # no response, or null: the script crashes
            assert row.get("response") is None
            assert ours is None or ours["strict"] is None
        elif verdict == "SystemExit":  # the answer is none of the choices: the script gives up
            assert ours is not None
            assert ours["strict"] == 0
        else:
            seen[verdict] += 1
            expected = None if verdict == "dropped" else verdict
            if ours is None or ours["strict"] != expected:
                wrong.append((row, ours))
    assert wrong == []
    assert min(seen.values()) > 300
    # Sums by pair; a row without a right choice ended the script, so it is not in its sums.
    for group in score.tables["pair"]:
        lost = sum(
            row["verdict"] == "SystemExit" for row in cases if f"{row['task_name']}_{row['dataset_name']}" == group.name
        )
        value = group.values["strict"]
        correct, total = made["sums"]["pair"][group.name]
        assert value.value is not None
        assert (round(value.value * value.n / 100), value.n - lost) == (correct, total)
    assert made["sums"]["dropped"] == seen["dropped"]
