"""What doctor says about a model is what the loader does with it, and about a machine what its packages do."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.models.conftest import MICRO, TEXTS

from audio_reasoner.core.errors import InputError
from audio_reasoner.inference import Reasoner
from audio_reasoner.models import check_up, machine, nano, qwen2_audio
from audio_reasoner.models.layout import NEW, OLD, convert
from audio_reasoner.models.qwen2_audio import Loaded


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model in several files, as large ones come."""
    path = tmp_path_factory.mktemp("doctor") / "model"
    loaded = nano.create(MICRO, TEXTS, seed=5)
    loaded.model.save_pretrained(path, max_shard_size="150KB")
    loaded.processor.save_pretrained(path)
    assert len(list(path.glob("*.safetensors"))) > 2
    return path


@pytest.fixture
def model(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "model"))


def failures(report: check_up.CheckUp) -> list[str]:
    return [f.code for f in report.findings if f.level == "fails"]


def works(report: check_up.CheckUp) -> set[str]:
    return {road.program for road in report.roads if road.works}


def test_a_whole_model(whole: Path) -> None:
    report = check_up.examine(whole)
    loaded = qwen2_audio.load(whole, "cpu")
    assert report.findings == []
    assert report.total == qwen2_audio.parameter_count(loaded.model)
    tower = sum(p.numel() for n, p in loaded.model.named_parameters() if "audio_tower" in n)
    assert report.weights["audio tower"] == tower
    assert report.formats == {"F32": report.total}
    assert report.tags == 1
    assert report.files == len(list(whole.glob("*.safetensors")))
    assert report.layout == NEW
    assert works(report) == {"audio-reasoner", "transformers 5", "vLLM"}
    assert report.memory["float32"] == 2 * report.memory["bfloat16"] > 4 * report.total


def test_the_layout_of_4_48_opens_the_other_roads(whole: Path, tmp_path: Path) -> None:
    report = check_up.examine(convert(whole, tmp_path / "old", OLD))
    assert report.layout == OLD
    assert failures(report) == []
    assert works(report) == {"audio-reasoner", "transformers 5", "transformers 4.48", "ms-swift", "vLLM"}


def break_shard(model: Path) -> None:
    file = sorted(model.glob("*.safetensors"))[1]
    file.write_bytes(file.read_bytes()[:-7])


def lose_shard(model: Path) -> None:
    sorted(model.glob("*.safetensors"))[1].unlink()


def break_header(model: Path) -> None:
    file = sorted(model.glob("*.safetensors"))[0]
    body = file.read_bytes()
    file.write_bytes(body[:8] + b"{" * 40 + body[48:])


def pickled_only(model: Path) -> None:
    for file in sorted(model.glob("*.safetensors*")):
        file.unlink()
    (model / "pytorch_model.bin").write_bytes(b"\x80\x04.")


def other_architecture(model: Path) -> None:
    change(model / "config.json", model_type="qwen2_vl")


def other_width(model: Path) -> None:
    config = json.loads((model / "config.json").read_text())
    config["text_config"]["intermediate_size"] = 96
    (model / "config.json").write_text(json.dumps(config))


def more_layers(model: Path) -> None:
    config = json.loads((model / "config.json").read_text())
    config["audio_config"]["encoder_layers"] = 3
    (model / "config.json").write_text(json.dumps(config))


def no_config(model: Path) -> None:
    (model / "config.json").unlink()


def broken_config(model: Path) -> None:
    (model / "config.json").write_text('{"model_type": ')


def no_tokenizer(model: Path) -> None:
    for file in model.glob("tokenizer*"):
        file.unlink()


def no_extractor(model: Path) -> None:
    (model / "processor_config.json").unlink()


def broken_tokenizer_config(model: Path) -> None:
    (model / "tokenizer_config.json").write_text("[1]")


def change(file: Path, **values: object) -> None:
    file.write_text(json.dumps({**json.loads(file.read_text()), **values}))


@pytest.mark.parametrize(
    ("harm", "code", "named"),
    [
        (break_shard, "model.truncated", "-00002-of-"),
        (lose_shard, "model.no_weights", "-00002-of-"),
        (break_header, "model.truncated", "header"),
        (pickled_only, "model.pickled", "pytorch_model.bin"),
        (other_architecture, "model.architecture", "qwen2_vl"),
        (other_width, "model.incomplete", "gate_proj"),
        (more_layers, "model.incomplete", "audio_tower.layers.2"),
        (no_config, "model.not_a_model", "config.json"),
        (broken_config, "model.config", "config.json"),
        (no_tokenizer, "model.tokenizer", "tokenizer.json"),
        (no_extractor, "model.processor", "processor_config.json"),
        (broken_tokenizer_config, "model.config", "tokenizer_config.json"),
    ],
)
def test_what_doctor_calls_broken_does_not_load(
    model: Path, harm: Callable[[Path], None], code: str, named: str
) -> None:
    harm(model)
    report = check_up.examine(model)
    assert code in failures(report)
    assert any(named in f.text for f in report.findings if f.code == code)
    assert works(report) == set()
    with pytest.raises(InputError):
        qwen2_audio.load(model, "cpu")


def test_all_that_is_broken_is_said_at_once(model: Path) -> None:
    break_shard(model)
    (model / "processor_config.json").write_text("[1]")
    (model / "tokenizer.json").write_text("{}")
    assert {"model.truncated", "model.config", "model.tokenizer"} <= set(failures(check_up.examine(model)))


@pytest.mark.parametrize("said", ['{"system": 5}', "[]", '{"system": '])
def test_settings_that_no_model_could_be_asked_with(model: Path, said: str) -> None:
    (model / "audio_reasoner.json").write_text(said)
    assert failures(check_up.examine(model)) == ["model.settings"]
    with pytest.raises(InputError) as caught:
        Reasoner.from_pretrained(model, "cpu")
    assert caught.value.code == "model.settings"


def test_a_chat_template_that_is_missing(model: Path) -> None:
    (model / "chat_template.jinja").unlink()
    assert "model.chat_template" in failures(check_up.examine(model))


def test_a_pickle_beside_whole_weights_is_only_a_warning(model: Path) -> None:
    (model / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    report = check_up.examine(model)
    assert [f.level for f in report.findings] == ["warning"]
    qwen2_audio.load(model, "cpu")


def test_what_ends_ms_swift_at_its_first_step(model: Path, tmp_path: Path) -> None:
    old = convert(model, tmp_path / "old", OLD)
    config = json.loads((old / "config.json").read_text())
    del config["ignore_index"]
    (old / "config.json").write_text(json.dumps(config))
    report = check_up.examine(old)
    assert "model.ignore_index" in [f.code for f in report.findings]
    assert "ms-swift" not in works(report)
    assert "transformers 4.48" in works(report)


def test_tokenizer_and_weights_of_different_models(model: Path) -> None:
    change(model / "config.json", audio_token_index=7, audio_token_id=7)
    assert "model.tokenizer" in failures(check_up.examine(model))


def test_tags_that_are_several_tokens(micro: Loaded, model: Path) -> None:
    tokenizer = json.loads((model / "tokenizer.json").read_text())
    tokenizer["added_tokens"] = [t for t in tokenizer["added_tokens"] if t["content"] != "</REASONING>"]
    (model / "tokenizer.json").write_text(json.dumps(tokenizer))
    tags = check_up.examine(model).tags
    assert tags is not None
    assert tags > 1


def test_what_does_not_fit_is_said(whole: Path) -> None:
    here = machine.examine()
    assert check_up.examine(whole, here).fits["cpu"]
    here.memory_free = 10_000
    report = check_up.examine(whole, here)
    assert failures(report) == ["model.memory"]
    assert not report.fits["cpu"]


@pytest.mark.parametrize("name", ["", " ", "."])
def test_an_empty_name(name: str) -> None:
    with pytest.raises(InputError) as caught:
        check_up.find_local(name)
    assert caught.value.code == "model.empty_path"


def test_names_that_are_not_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, code in (
        (str(tmp_path / "nothing"), "model.missing"),
        ("nobody/has-this-model", "model.not_local"),
        (str(Path(__file__)), "model.not_a_model"),
    ):
        with pytest.raises(InputError) as caught:
            check_up.find_local(name)
        assert caught.value.code == code


def test_a_hub_name_whose_files_are_here(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    snapshot = tmp_path / "models--someone--model" / "snapshots" / ("a" * 40)
    shutil.copytree(whole, snapshot)
    refs = tmp_path / "models--someone--model" / "refs"
    refs.mkdir()
    (refs / "main").write_text("a" * 40)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    found = check_up.find_local("someone/model")
    assert failures(check_up.examine(found)) == []
    assert [(m.name, m.architecture) for m in machine.cached_models()] == [("someone/model", "qwen2_audio")]


def test_versions_that_stand_in_the_way() -> None:
    have = {"torch": "2.13.0+cpu", "transformers": "5.23.0", "tokenizers": "0.23", "safetensors": "0.8"}
    assert machine.version_findings(have) == []

    def codes(**changes: str | None) -> list[tuple[str, str]]:
        return [(f.level, f.code) for f in machine.version_findings({**have, **changes})]

    assert codes(torch=None) == [("warning", "package.missing")]
    assert codes(transformers="4.57.1") == [("fails", "package.too_old")]
    assert codes(torch="2.4.1") == [("fails", "package.too_old")]
    assert codes(transformers="6.1.0") == [("note", "package.untried")]
    assert codes(transformers="5.23.9") == []
    assert codes(**{"ms-swift": "4.6.0"}) == [("warning", "package.swift")]
    assert codes(**{"ms-swift": "4.6.0", "transformers": "4.48.3"}) == [("fails", "package.too_old")]


def test_this_machine(tmp_path: Path) -> None:
    import torch

    here = machine.examine(tmp_path / "not" / "there" / "yet")
    assert here.versions["torch"] == torch.__version__
    assert here.cores >= 1
    assert 0 < here.memory_free <= here.memory
    assert here.disk_free > 0
    assert len(here.gpus) == torch.cuda.device_count()


def test_files_that_were_read_leave_memory_free(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a container: 8 GB allowed, 7 in use, of which 5 are copies of files that give way."""
    files = {
        "/proc/meminfo": "MemTotal: 64000000 kB\nMemAvailable:   32000000 kB\n",
        "/sys/fs/cgroup/memory.max": "8000000000\n",
        "/sys/fs/cgroup/memory.current": "7000000000\n",
        "/sys/fs/cgroup/memory.stat": "anon 2000000000\ninactive_file 4000000000\nactive_file 1000000000\n",
    }
    monkeypatch.setattr(machine, "_read", lambda path: files.get(path, ""))
    total, free = machine.memory()
    assert total <= 8_000_000_000
    assert free == min(6_000_000_000, total)
    del files["/sys/fs/cgroup/memory.stat"]
    assert machine.memory()[1] == 1_000_000_000
    files["/sys/fs/cgroup/memory.max"] = "max\n"
    assert machine.memory()[1] == 32_000_000 * 1024


@pytest.mark.parametrize(("said", "threads"), [("4", 4), ("4,2", 4), ("", None), ("0", None), ("many", None)])
def test_threads_are_read_as_openmp_reads_them(said: str, threads: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", said)
    assert machine.threads_asked() == threads


@pytest.mark.parametrize(
    ("weights", "asked", "left"), [(3_600_000, None, 1), (3_600_000, "2", 2), (8 * 10**9, None, 2)]
)
def test_a_small_model_decodes_on_one_thread(
    monkeypatch: pytest.MonkeyPatch, weights: int, asked: str | None, left: int
) -> None:
    import torch

    if asked is None:
        monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    else:
        monkeypatch.setenv("OMP_NUM_THREADS", asked)
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        machine.one_thread_if_small(weights)
        assert torch.get_num_threads() == left
    finally:
        torch.set_num_threads(before)
