"""A model in the layout of transformers 4.48 and of 5.x is the same model, and each side reads its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.models.conftest import MICRO, TEXTS

from audio_reasoner.core.errors import ConfigError, InputError
from audio_reasoner.models import nano, qwen2_audio
from audio_reasoner.models.layout import NEW, OLD, convert, layout_of

ASK = """
import sys, numpy as np, torch, transformers
from transformers import AutoProcessor, Qwen2AudioForConditionalGeneration
transformers.utils.logging.set_verbosity_error()
processor = AutoProcessor.from_pretrained(sys.argv[1])
model, info = Qwen2AudioForConditionalGeneration.from_pretrained(sys.argv[1], output_loading_info=True)
assert not info["missing_keys"] and not info["unexpected_keys"], info
x = (0.2 * np.sin(np.arange(48000) * 0.05)).astype(np.float32)
parts = [{"type": "audio", "audio": "x", "audio_url": "x"}, {"type": "text", "text": "Which sound comes first?"}]
text = processor.apply_chat_template([{"role": "user", "content": parts}], tokenize=False, add_generation_prompt=True)
name = "audios" if transformers.__version__.startswith("4.") else "audio"
inputs = processor(text=[text], **{name: [x]}, sampling_rate=16000, return_tensors="pt", padding=True)
with torch.no_grad():
    logits = model.eval()(**inputs).logits[0]
torch.save((transformers.__version__, inputs["input_ids"], logits[-8:]), sys.argv[2])
"""


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("layout") / "model"
    loaded = nano.create(MICRO, TEXTS, seed=1)
    loaded.model.save_pretrained(path)
    loaded.processor.save_pretrained(path)
    return path


def _ask(python: str, model: Path, out: Path, **more: str) -> tuple[str, torch.Tensor, torch.Tensor]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", **more}
    done = subprocess.run(
        [python, "-c", ASK, str(model), str(out)], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    version, ids, logits = torch.load(out)
    return version, ids, logits


def test_there_and_back_is_the_same_model(saved: Path, tmp_path: Path) -> None:
    assert layout_of(saved) == NEW
    old = convert(saved, tmp_path / "old", OLD)
    assert layout_of(old) == OLD
    assert (old / "model.safetensors").samefile(saved / "model.safetensors")
    config = json.loads((old / "config.json").read_text(encoding="utf-8"))
    assert config["ignore_index"] == -100
    assert "rope_theta" in config["text_config"]
    assert "rope_parameters" not in config["text_config"]
    back = convert(old, tmp_path / "back", NEW)
    for name in ("config.json", "tokenizer_config.json", "processor_config.json"):
        there, here = (json.loads((p / name).read_text(encoding="utf-8")) for p in (back, saved))
        # 4.48 must be told what a forward takes; 5.x knows.
        there.pop("model_input_names", None)
        assert there == here, name
    assert (back / "chat_template.jinja").read_text() == (saved / "chat_template.jinja").read_text()


def test_transformers_5_and_our_loader_read_both_layouts(saved: Path, tmp_path: Path) -> None:
    x = (0.2 * np.sin(np.arange(32000) * 0.05)).astype(np.float32)
    logits = []
    for path in (saved, convert(saved, tmp_path / "old", OLD)):
        loaded = qwen2_audio.load(path, device="cpu")
        inputs = loaded.processor(
            text=["<|audio_bos|><|AUDIO|><|audio_eos|>What?"], audio=[x], sampling_rate=16000, return_tensors="pt"
        )
        with torch.no_grad():
            logits.append(loaded.model(**inputs).logits)
    assert torch.equal(*logits)


@pytest.mark.slow
def test_transformers_4_48_reads_it_and_answers_alike(saved: Path, tmp_path: Path) -> None:
    """Needs pip and an index: the older transformers is installed into an environment of its own."""
    venv.create(tmp_path / "env", with_pip=True)
    python = tmp_path / "env" / "bin" / "python"
    wanted = ["transformers==4.48.3", "tokenizers<0.22", "huggingface_hub<1", "numpy<2.4"]
    subprocess.run([python, "-m", "pip", "install", "--quiet", *wanted], check=True)
    # torch comes from here; what the environment itself holds goes first.
    site = next((tmp_path / "env" / "lib").iterdir()) / "site-packages"
    (site / "zz.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    old = convert(saved, tmp_path / "old", OLD)
    there = _ask(str(python), old, tmp_path / "there.pt")
    here = _ask(sys.executable, saved, tmp_path / "here.pt")
    assert there[0] == "4.48.3"
    assert here[0].startswith("5.")
    assert torch.equal(there[1], here[1])
    assert float((there[2] - here[2]).abs().max()) < 1e-5


def test_what_cannot_be_converted_is_said(saved: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="unknown layout"):
        convert(saved, tmp_path / "x", "vllm")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="exists already"):
        convert(saved, saved, OLD)
    with pytest.raises(InputError, match="does not exist"):
        convert("./nowhere", tmp_path / "x", OLD)
    broken = convert(saved, tmp_path / "broken", OLD)
    (broken / "preprocessor_config.json").unlink()
    with pytest.raises(InputError, match="feature extractor"):
        convert(broken, tmp_path / "x", NEW)
    (broken / "tokenizer_config.json").write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match=r"tokenizer_config\.json cannot be read"):
        convert(broken, tmp_path / "x", NEW)
    assert [p.name for p in tmp_path.iterdir()] == ["broken"]
