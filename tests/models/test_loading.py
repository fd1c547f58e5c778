"""A model that cannot be loaded is an error that says why; nothing is ever loaded in its place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from audio_reasoner.core.errors import EnvironmentProblem, InputError
from audio_reasoner.models import qwen2_audio
from audio_reasoner.models.chat import ChatFormat
from audio_reasoner.models.qwen2_audio import Loaded


@pytest.fixture
def saved(micro: Loaded, tmp_path: Path) -> Path:
    path = tmp_path / "model"
    micro.model.save_pretrained(path)
    micro.processor.save_pretrained(path)
    return path


def code_of(path: str | Path) -> str:
    with pytest.raises(InputError) as caught:
        qwen2_audio.load(path, "cpu")
    assert str(path) in caught.value.message or not str(path).strip(" .")
    return caught.value.code


@pytest.mark.parametrize("empty", ["", "  ", Path()])
def test_an_empty_path_is_an_error(empty: str | Path) -> None:
    assert code_of(empty) == "model.empty_path"


def test_a_missing_path_is_an_error_that_names_it(tmp_path: Path) -> None:
    assert code_of(tmp_path / "nothing") == "model.missing"
    assert code_of("models/does-not-exist/deeper") == "model.missing"


def test_a_directory_without_config_is_no_model(tmp_path: Path) -> None:
    assert code_of(tmp_path) == "model.not_a_model"


def test_a_file_is_no_model(saved: Path) -> None:
    assert code_of(saved / "config.json") == "model.not_a_model"


def test_another_architecture_is_refused_by_name(saved: Path) -> None:
    config = json.loads((saved / "config.json").read_text())
    (saved / "config.json").write_text(json.dumps({**config, "model_type": "whisper"}))
    with pytest.raises(InputError, match="whisper") as caught:
        qwen2_audio.load(saved, "cpu")
    assert caught.value.code == "model.architecture"


def test_broken_config_json_is_named(saved: Path) -> None:
    (saved / "config.json").write_text("{")
    with pytest.raises(InputError, match=r"config\.json") as caught:
        qwen2_audio.load(saved, "cpu")
    assert caught.value.code == "model.config"


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("tokenizer_config.json", "[]", "model.processor"),
        ("processor_config.json", "[1]", "model.processor"),
        ("tokenizer.json", "[1]", "model.processor"),
        ("generation_config.json", "[]", "model.config"),
        ("chat_template.jinja", "{% for %}", "model.chat_template"),
        ("chat_template.jinja", "{{ nobody.says.so }}", "model.chat_template"),
    ],
)
def test_a_damaged_file_around_the_weights_is_named(saved: Path, name: str, text: str, code: str) -> None:
    (saved / name).write_text(text)
    with pytest.raises(InputError) as caught:
        ChatFormat(qwen2_audio.load(saved, "cpu").processor)
    assert caught.value.code == code


@pytest.mark.parametrize(
    "text",
    [
        {"hidden_act": "nobody"},
        {"hidden_size": "wide"},
        {"num_hidden_layers": -1},
        {"rope_parameters": {"rope_type": "?"}},
    ],
)
def test_a_configuration_of_which_no_model_can_be_made(saved: Path, text: dict[str, object]) -> None:
    config = json.loads((saved / "config.json").read_text())
    config["text_config"] |= text
    (saved / "config.json").write_text(json.dumps(config))
    with pytest.raises(InputError) as caught:
        qwen2_audio.load(saved, "cpu")
    assert caught.value.code in ("model.config", "model.processor")  # the processor reads the configuration, too
    assert str(saved) in caught.value.message


@pytest.mark.parametrize("keep", [0, 4, 100, -1])
def test_truncated_weights_are_noticed(saved: Path, keep: int) -> None:
    file = saved / "model.safetensors"
    file.write_bytes(file.read_bytes()[:keep])
    assert code_of(saved) == "model.truncated"


def test_pickled_weights_are_refused(saved: Path) -> None:
    (saved / "model.safetensors").rename(saved / "pytorch_model.bin")
    assert code_of(saved) == "model.no_weights"


def test_a_missing_shard_is_named(saved: Path) -> None:
    index = {"weight_map": {"lm_head.weight": "model-00002-of-00002.safetensors"}}
    (saved / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(InputError, match="model-00002-of-00002") as caught:
        qwen2_audio.load(saved, "cpu")
    assert caught.value.code == "model.no_weights"


def test_lacking_weights_are_not_filled_with_random_numbers(saved: Path) -> None:
    from safetensors.torch import load_file, save_file

    weights = load_file(saved / "model.safetensors")
    del weights["multi_modal_projector.linear.weight"]
    save_file(weights, saved / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(InputError, match="projector") as caught:
        qwen2_audio.load(saved, "cpu")
    assert caught.value.code == "model.incomplete"


def test_a_device_that_is_not_there_is_an_error() -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    for device in ("cuda", "cuda:1"):
        with pytest.raises(EnvironmentProblem) as caught:
            qwen2_audio.pick_device(device)
        assert caught.value.code == "device.missing"
    with pytest.raises(EnvironmentProblem, match="tpu"):
        qwen2_audio.pick_device("tpu")
    assert qwen2_audio.pick_device() == "cpu"
