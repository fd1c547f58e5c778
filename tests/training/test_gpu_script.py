"""The benchmark for a GPU where memory runs out: what it tries next, and how many layers it lets learn."""

from __future__ import annotations

import argparse
import json
import sys
from types import SimpleNamespace
from typing import Any

import pytest
import torch

import gpu_8b


def test_a_step_that_does_not_fit_is_tried_smaller(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tried: list[tuple[int, bool, bool]] = []
    errors = [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        torch.OutOfMemoryError("CUDA out of memory."),
    ]

    def step(model: Any, _processor: Any, asked: list[Any], *_: Any) -> Any:
        learned = [p for p in model.parameters() if p.requires_grad]
        left = any(p.grad is not None for p in learned)
        tried.append((len(asked), bool(model.model.language_model.gradient_checkpointing), left))
        learned[0].grad = torch.zeros_like(learned[0])  # what a step that ends half-way leaves behind
        if len(tried) != 4:
            raise errors[len(tried) % 3]
        return SimpleNamespace(times=[0.5, 0.25], peak=lambda: 1.5), 2.0

    monkeypatch.setattr(gpu_8b, "ours", step)
    made = gpu_8b.build(gpu_8b.TINY, "cpu")
    monkeypatch.setattr(gpu_8b, "build", lambda *_: made)
    asked = argparse.Namespace(
        tiny=True, part=("layers", "ours"), samples=4, seconds=[1.0, 0.5], words=4, steps=2, layers=2
    )
    gpu_8b.run_part(asked)
    first, second = (json.loads(x) for x in capsys.readouterr().out.splitlines() if x.startswith("{"))
    ladder = [(4, False, False), (4, True, False), (2, True, False), (1, True, False)]
    assert tried == [*ladder, *ladder], "every length begins anew, with nothing left of the step before"
    assert (first["samples"], first["checkpointing"], first["step"]) == (1, True, 0.25)
    assert first["learned"] == 2 * (gpu_8b.TINY.layer + 5 * gpu_8b.TINY.width), "products, three biases, two norms"
    assert second["seconds"] == 0.5
    assert "no step of one sample fits" in second["skipped"]

    def wrong(*_: Any) -> Any:
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    monkeypatch.setattr(gpu_8b, "ours", wrong)
    with pytest.raises(RuntimeError, match="mat1"):
        gpu_8b.run_part(asked)


@pytest.mark.parametrize(
    ("fits", "said", "layers"),
    [
        (4, "torch.OutOfMemoryError: CUDA out of memory.", [12, 8, 4]),
        (12, "", [12]),
        (4, "", [12, 8, 4]),  # no step fits, which the part says itself and ends well
        (0, "torch.OutOfMemoryError: CUDA out of memory.", [12, 8, 4]),
        (0, "ModuleNotFoundError: No module named 'peft'", [12]),
    ],
)
def test_layers_become_fewer_until_a_step_fits(
    fits: int, said: str, layers: list[int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tried: list[tuple[str, str, int]] = []

    def start(own: list[str], _until: float, take: Any) -> str:
        method, side, count = own[1], own[2], int(own[own.index("--layers") + 1])
        tried.append((method, side, count))
        if method == "layers" and count > fits:
            return said
        take(
            {"seconds": 1.0, "samples": 2, "checkpointing": False, "step": 0.5, "peak": 1.0, "loss": 2.0,
             "tokens": 100, "flops": 1e9, "total": 10, "learned": 5}
        )  # fmt: skip
        return ""

    monkeypatch.setattr(gpu_8b, "start", start)
    monkeypatch.setattr(sys, "argv", ["gpu_8b.py", "--tiny", "--layers", "12"])
    gpu_8b.main()
    assert [n for m, s, n in tried if (m, s) == ("layers", "ours")] == layers
    assert [n for m, s, n in tried if (m, s) == ("layers", "Trainer")] == layers[-1:]
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("gpu_8b device=")
    assert ("layers 1s: ours=200tok/s" in last) == (fits > 0)


def test_layers_that_fit_are_computed_from_free_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def with_free(gigabytes: float) -> int:
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda: (int(gigabytes * 1e9), 0))
        return gpu_8b.layers_that_fit(gpu_8b.Sizes(), tiny=False)

    layer = 16 * gpu_8b.Sizes().layer / 1e9
    assert [with_free(x) for x in (24, 80, 1000)] == [0, int((0.95 * 80 - 31.5) / layer), 32]
    assert 10 < with_free(80) < 20
