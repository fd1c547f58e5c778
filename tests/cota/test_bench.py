"""The bench plants what it says it plants, counts what is found, and says the same twice."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from audio_reasoner.checks.plant import CONTROLLED, KINDS
from audio_reasoner.cli import app
from audio_reasoner.cota import bench

ITEMS = bench.pool(7, 24)


@pytest.mark.system
def test_every_kind_can_be_planted_and_most_is_found() -> None:
    result = bench.measure(12, 7, items=ITEMS)
    checks = result.scores["checks"]
    assert set(checks) == set(KINDS)
    assert all(score.planted.total() >= 3 for score in checks.values())
    assert result.clean["checks"].alarms.total() == 0
    assert result.traps["checks"].alarms["seen"] == 0
    recalls = [score.recall() or 0.0 for score in checks.values()]
    assert sum(recalls) / len(recalls) > 0.8
    for kind in CONTROLLED:
        assert checks[kind].controls.total() > 0, kind
    again = bench.measure(12, 7, kinds=("wrong_count",), items=ITEMS)
    assert again.scores["checks"]["wrong_count"] == checks["wrong_count"]


def test_a_defect_changes_the_sample_and_names_its_words() -> None:
    for kind in KINDS:
        for planted in bench.defects(kind, ITEMS, 3, 1):
            assert planted.kind == kind
            assert planted.text or planted.half is None


@pytest.mark.system
def test_command_writes_page_and_json(tmp_path: Path) -> None:
    page, data = tmp_path / "page.html", tmp_path / "bench.json"
    run = CliRunner().invoke(
        app,
        ["bench", "discriminator", "-n", "4", "--kinds", "wrong_count,refusal", "-o", str(page), "--json", str(data)],
    )
    assert run.exit_code == 0, run.output
    assert "wrong_count" in run.output
    found = json.loads(data.read_text())
    assert found["kinds"]["checks"]["wrong_count"]["planted"] == 4
    assert not re.search(r"https?://(?!www\.w3\.org)", page.read_text())


@pytest.mark.parametrize("arguments", [["--kinds", "nonsense"], ["--teacher", "grounded"]])
def test_bad_arguments_are_config_errors(arguments: list[str]) -> None:
    from audio_reasoner.core.errors import ConfigError

    run = CliRunner().invoke(app, ["bench", "discriminator", *arguments])
    assert isinstance(run.exception, ConfigError)
