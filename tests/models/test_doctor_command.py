"""`audio-reasoner doctor` as it is typed: what it prints, and with which status it ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.models.conftest import MICRO, TEXTS

from audio_reasoner.models import nano

pytestmark = pytest.mark.system
MAIN = "from audio_reasoner.cli import main; main()"


def doctor(*words: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", MAIN, "doctor", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "200", "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", **environment},
    )


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("command") / "modèle [bold]"
    loaded = nano.create(MICRO, TEXTS, seed=1)
    loaded.model.save_pretrained(path)
    loaded.processor.save_pretrained(path)
    return path


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("plan") / "recipe.yaml"
    path.write_text("model: {path: Qwen/Qwen2-Audio-7B-Instruct}\nbudget: {epochs: 1}\n")
    return path


def test_a_whole_model_and_a_plan_as_tables(model: Path, recipe: Path) -> None:
    shown = doctor(model, "--plan", recipe)
    assert shown.returncode == 0, shown.stderr
    for text in ("modèle [bold]", "one token each", "torch", "8,397.1 M weights", "does not fit", "8 × 80 GB"):
        assert text in shown.stdout


def test_what_will_fail_ends_with_1_also_as_json(model: Path, recipe: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    for file in model.iterdir():
        (broken / file.name).write_bytes(file.read_bytes()[: -9 if file.suffix == ".safetensors" else None])
    plain = doctor(broken, "--plan", recipe, "--samples", 1000, "--json")
    assert plain.returncode == 1
    assert plain.stderr == ""
    found = json.loads(plain.stdout)
    assert found["ok"] is False
    assert [f["code"] for f in found["model"]["findings"]] == ["model.truncated"]
    assert found["plan"]["samples"] == 1000
    assert found["machine"]["cores"] >= 1


def test_what_is_not_there_ends_with_2(model: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("model: {path: x}\nbudget: {epochs: 1}\nbatch: {tokns: 5}\n")
    cases = (
        ((tmp_path / "nothing",), "model.missing"),
        (("",), "model.empty_path"),
        (("--plan", tmp_path / "no.yaml"), "config.missing"),
        ((model, "--plan", wrong), "config.unknown_key"),
    )
    for words, code in cases:
        found = doctor(*words)
        assert found.returncode == 2
        assert code in found.stderr
        assert "Traceback" not in found.stderr
        assert found.stdout == ""


def test_a_torchaudio_of_another_torch_is_named(tmp_path: Path) -> None:
    package = tmp_path / "torchaudio"
    package.mkdir()
    (package / "__init__.py").write_text('raise OSError("libc10_cuda.so: cannot open shared object file")\n')
    info = tmp_path / "torchaudio-2.11.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: torchaudio\nVersion: 2.11.0\n")
    found = doctor(PYTHONPATH=str(tmp_path))
    assert "torchaudio 2.11.0" in found.stdout
    assert "libc10_cuda.so" in found.stdout
    assert "pip uninstall torchaudio" in found.stdout
    said = "transformers.broken" in found.stdout
    assert found.returncode == (1 if said else 0)
    assert said or "torchaudio.broken" in found.stdout


def test_without_torch_it_says_what_is_missing(recipe: Path, tmp_path: Path) -> None:
    """As after an install without the extra: the packages are hidden from the import system."""
    hide = tmp_path / "sitecustomize.py"
    hide.write_text(
        "import importlib.metadata as m, sys\n"
        "real = m.version\n"
        "hidden = {'torch', 'transformers', 'tokenizers', 'safetensors'}\n"
        "def version(name):\n"
        "    if name in hidden:\n"
        "        raise m.PackageNotFoundError(name)\n"
        "    return real(name)\n"
        "m.version = version\n"
        "for name in hidden:\n"
        "    sys.modules[name] = None\n"
    )
    found = doctor("--plan", recipe, PYTHONPATH=str(tmp_path))
    assert found.returncode == 0, found.stderr
    assert "package.missing" in found.stdout
    assert "audio-reasoner[model]" in found.stdout
    assert "8 × 80 GB" in found.stdout
