"""The small model that comes with the package: small, whole, ours, and able to do what its card says."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from audio_reasoner.core.errors import EnvironmentProblem
from audio_reasoner.inference import Reasoner
from audio_reasoner.models import bundled, qwen2_audio
from audio_reasoner.models.weight_files import read_header
from audio_reasoner.synth import clip_audio, plan_complex

CLASSES = ("bell", "bird", "clap", "dog", "drum", "engine", "glass", "rain", "siren", "whistle")


@pytest.fixture(scope="module")
def nano() -> Reasoner:
    return Reasoner.from_pretrained(bundled.NAME)


def facts() -> dict[str, dict[str, dict[str, float]]]:
    found: dict[str, dict[str, dict[str, float]]] = json.loads((bundled.path() / bundled.FACTS_NAME).read_text())
    return found


def test_it_is_small_and_in_16_bits() -> None:
    file = bundled.path() / "model.safetensors"
    assert file.stat().st_size < 10_000_000
    assert {w.format for w in read_header(file).values()} == {"F16"}
    assert qwen2_audio.parameter_count(qwen2_audio.load(bundled.NAME).model) <= 5_000_000


def test_its_card_advertises_only_what_is_far_above_blind() -> None:
    told = facts()
    card = (bundled.path() / "README.md").read_text(encoding="utf-8")
    can, cannot = card.split("## Real recordings")[0].split("## What it has learned too little of")
    assert told["advertised"]
    for family, t in told["types"].items():
        assert (family in told["advertised"]) == (t["over"] >= 20)
        assert (f"`{family}`" in can) == (family in told["advertised"])
        assert (f"`{family}`" in cannot) == (family not in told["advertised"])


def test_it_answers_what_it_advertises(nano: Reasoner) -> None:
    asked, gold = [], []
    plan = plan_complex(40, 77_001, min_events=2, max_events=3, classes=CLASSES, repeat_probability=0.0, max_gap_s=0.3)
    for clip in plan:
        assert clip.timeline is not None
        labels = [e.label for e in clip.timeline.events]
        others = [c for c in CLASSES if c not in labels][: 4 - len(labels)]
        options = sorted([*labels, *others])
        asked.append((clip_audio(clip), "Which sound comes first?", options))
        gold.append(options.index(labels[0]))
    answers = nano.ask_batch(asked, 256, constrain=True)
    right = sum(a.option is not None and a.option.index == g for a, g in zip(answers, gold, strict=True))
    assert all(a.parsed.well_formed for a in answers)
    # Far below what its card says, far above a guess (10 of 40).
    assert right >= 26


def test_ask_needs_no_model(tmp_path: Path) -> None:
    sf.write(tmp_path / "clip.wav", 0.1 * np.random.default_rng(0).standard_normal(16_000), 16_000)
    code = "from audio_reasoner.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "ask", str(tmp_path / "clip.wav"), "How many speakers are there?", "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["well_formed"] is True


def test_a_package_without_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundled, "NAME", "not-there")
    with pytest.raises(EnvironmentProblem, match="without its small model") as caught:
        bundled.path()
    assert caught.value.code == "model.not_bundled"
