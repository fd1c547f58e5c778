"""The probe on real weights: a model whose audio is lost on the way is found out by its first logits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from test_eval_run import make
from tests.models.conftest import MICRO

from audio_reasoner.core.errors import ConfigError
from audio_reasoner.evaluation import mmau
from audio_reasoner.evaluation.backends import Local
from audio_reasoner.evaluation.run import Plan
from audio_reasoner.evaluation.session import Wanted, run_session
from audio_reasoner.inference import Reasoner
from audio_reasoner.models import nano


@pytest.mark.system
def test_a_projector_of_zeros_makes_a_model_deaf(tmp_path: Path) -> None:
    import torch

    made = nano.create(MICRO, ["How loud is tone 1?\n(a) loud tone\n(b) a quiet tone"] * 8, seed=1)
    reasoner = Reasoner(made.model.eval(), made.processor)
    data = mmau.read(make(tmp_path / "data", 6))

    def run(name: str, wanted: Wanted | None = None) -> object:
        backend = Local(reasoner, name="nano", files={"w": name}, batch_size=6)
        return run_session(backend, data, tmp_path / name, Plan(max_new_tokens=4), wanted).reached

    hears = run("hears", Wanted(controls=("no-audio",), samples=2))
    assert isinstance(hears, dict)
    assert hears["heard"]
    assert all(np.isfinite(i["silence"]) and i["largest"] > 0 for i in hears["items"])
    with torch.no_grad():
        for weight in made.model.model.multi_modal_projector.parameters():
            weight.zero_()
    with pytest.raises(ConfigError) as caught:
        run("deaf")
    assert caught.value.code == "eval.deaf"
    assert "logits" in caught.value.message
