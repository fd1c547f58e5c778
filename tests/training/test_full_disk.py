"""A disk that is really full while a checkpoint is written: the one before survives, and training goes on from it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from tests.training.conftest import recipe

from audio_reasoner import cli
from audio_reasoner.training import checkpoint, history

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small tmpfs needs root"),
]


def mount(where: Path, size: int, *, again: bool = False) -> None:
    options = f"size={size}" + (",remount" if again else "")
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(where)], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip("this container may not mount")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    where = tmp_path / "disk"
    where.mkdir()
    mount(where, 64 << 20)
    try:
        yield where
    finally:
        subprocess.run(["umount", str(where)], check=True)


@pytest.fixture
def command(
    run: Path, disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[object, str]]:
    """A training of some steps into a directory on that disk; its status and what it said."""

    def go(steps: int, *more: str) -> tuple[object, str]:
        file = tmp_path / "r.yaml"
        often = {"eval_samples": 0, "final_samples": 0, "checkpoint_every_steps": 2}
        settings = recipe(budget={"steps": steps}, watch=often)
        file.write_text(yaml.safe_dump(settings.model_dump(mode="json", exclude_none=True)))
        args = ["audio-reasoner", "train", str(file), "--data", str(run), "-o", str(disk / "model"), *more]
        monkeypatch.setattr(sys, "argv", args)
        code: object = 0
        try:
            cli.main()
        except SystemExit as end:
            code = end.code
        return code or 0, capsys.readouterr().err

    return go


def test_the_previous_checkpoint_survives_and_is_gone_on_from(
    disk: Path, command: Callable[..., tuple[object, str]]
) -> None:
    out = disk / "model"
    # How large a checkpoint is: the first one of a training that is stopped by its budget.
    code, errors = command(6)
    assert code == 0, errors
    size = (out / checkpoint.NAME).stat().st_size
    for old in out.iterdir():
        old.unlink()
    # Room for one checkpoint and half of the next.
    mount(disk, int(1.5 * size), again=True)
    code, errors = command(6)
    assert code == 1, errors
    assert "[environment.disk_full]" in errors
    assert str(out / checkpoint.NAME) in errors.replace("\n", "")
    assert "Traceback" not in errors
    assert checkpoint.load(out)["state"]["step"] == 2
    assert [p.name for p in out.glob("*.tmp")] == []
    mount(disk, 64 << 20, again=True)
    code, errors = command(6, "--resume")
    assert code == 0, errors
    assert [s for s, _ in history.read_training(out).course("step")][-1] == 6
    assert (out / "model.safetensors").is_file()


def test_a_model_for_which_there_is_no_space_is_written_later(
    disk: Path, command: Callable[..., tuple[object, str]]
) -> None:
    out = disk / "model"
    code, errors = command(1)
    assert code == 0, errors
    state, weights = ((out / name).stat().st_size for name in (checkpoint.NAME, "model.safetensors"))
    for old in out.iterdir():
        old.unlink()
    # Room for the checkpoint of the end and the small files, and for half of the weights.
    mount(disk, state + weights // 2 + (32 << 10), again=True)
    code, errors = command(1)
    assert code == 1, errors
    assert "[environment.disk_full]" in errors
    assert "Traceback" not in errors
    assert not (out / "model.safetensors").exists()
    mount(disk, 64 << 20, again=True)
    code, errors = command(1, "--resume")
    assert code == 0, errors
    assert (out / "model.safetensors").stat().st_size == weights
