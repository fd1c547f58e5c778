"""The benchmark that tries to guess answers: it finds what leaks, and our questions do not."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from audio_reasoner.core.records import Question


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    path = Path(__file__).parents[2] / "benchmarks" / "no_leak.py"
    spec = importlib.util.spec_from_file_location("no_leak", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["no_leak"] = module
    spec.loader.exec_module(module)
    return module


def made(bench: ModuleType, n: int, leak: bool) -> list[object]:
    """Questions of one family; if they leak, one sound is right whenever it is offered."""
    rng = np.random.default_rng(5)
    sounds = ["dog", "bell", "rain", "frog", "drum", "glass", "train", "cough"]
    out = []
    for i in range(n):
        options = [sounds[int(k)] for k in rng.permutation(8)[:4]]
        gold = options.index("dog") if leak and "dog" in options else int(rng.integers(4))
        q = Question(
            task="complex_audio",
            family="first",
            text="Which sound comes first?",
            options=tuple(options),
            gold_text=options[gold],
            gold_index=gold,
            difficulty=1,
        )
        out.append(bench.Asked(q, i % bench.FOLDS, "made"))
    return out


@pytest.mark.system
def test_a_leak_is_found_and_evenly_drawn_questions_pass(bench: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "STRENGTHS", (4.0,))
    lines = {x.name: x for x in bench.measure(made(bench, 1000, leak=True))}
    assert lines["first"].leaks
    assert lines["first"].classifier > 0.5  # dog is offered every second time
    assert lines["first"].rules["learned"] > 0.5
    fair = {x.name: x for x in bench.measure(made(bench, 1000, leak=False))}
    assert not fair["first"].leaks
    assert fair["first"].bound == bench.IN_FAMILY


def test_small_families_are_shown_but_not_judged(bench: ModuleType) -> None:
    line = bench.Line("first", 300, 0.25, 0.25, 0.9, {"x": 0.25})
    assert line.bound is None
    assert not line.leaks
    assert bench.Line("all", 300, 0.25, 0.25, 0.29, {"x": 0.25}).leaks
    assert not bench.Line("first", 1000, 0.25, 0.25, 0.29, {"x": 0.25}).leaks


@pytest.mark.system
@pytest.mark.parametrize("kind", ["temporal", "composite"])
def test_questions_about_scenes_do_not_leak(bench: ModuleType, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "STRENGTHS", (4.0,))
    asked = bench.ask(list(bench.planned(kind, 200, 11)), kind, 1)
    lines = {x.name: x for x in bench.measure(asked)}
    assert lines["all"].n > 450
    # With so few questions a guess is off by 4 points by chance alone.
    assert lines["all"].excess < 8.0, lines["all"]


def test_folds_keep_the_questions_of_a_clip_together(bench: ModuleType) -> None:
    clips = list(bench.planned("temporal", 20, 3))
    one, two = bench.ask(clips, "temporal", 1), bench.ask(clips, "temporal", 1)
    assert one == two
    folds = {x.fold for x in one}
    assert folds <= set(range(bench.FOLDS))
    assert len(folds) > 2


def test_the_command_says_where_it_leaks(
    bench: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["no_leak.py", "--questions", "60", "--kinds", "temporal"])
    code = bench.main()
    last = capsys.readouterr().out.strip().splitlines()[-1]
    assert last.startswith("questions=")
    assert (code == 1) == ("leaking=none" not in last)
