"""The page of a training: what the log says is drawn, what it does not say is not made up, and a broken log is told."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from tests.training.conftest import recipe
from typer.testing import CliRunner

from audio_reasoner.cli import app
from audio_reasoner.core.errors import ConfigError, InputError
from audio_reasoner.training import Progress, history, page, train

EVIL = "<script>alert(1)</script>"


def look(step: int, right: float, n: int = 8, family: str = "count") -> dict[str, Any]:
    parts = {family: {"samples": n, "accuracy": right, "majority": 0.25}}
    return {
        "kind": "eval", "step": step, "samples": n, "clips": 3, "accuracy": right, "well_formed": 1.0,
        "families": parts,
    }  # fmt: skip


def model_dir(path: Path, lines: Sequence[Any], metrics: Any = None) -> Path:
    path.mkdir(parents=True)
    text = "\n".join(x if isinstance(x, str) else json.dumps(x) for x in lines)
    (path / "train_log.jsonl").write_text(text + "\n", encoding="utf-8")
    if metrics is not None:
        (path / "metrics.json").write_text(json.dumps(metrics), encoding="utf-8")
    return path


def steps(n: int, loss: float = 2.0, **more: Any) -> list[dict[str, Any]]:
    return [
        {
            "kind": "train", "step": i, "loss": loss / i, "token_accuracy": 0.5, "learning_rate": 1e-3,
            "tokens_per_second": 4000.0, "seconds": float(i), "samples": 8 * i, **more,
        }
        for i in range(1, n + 1)
    ]  # fmt: skip


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def words(html: str) -> str:
    parser = _Text()
    parser.feed(html)
    return " ".join(" ".join(parser.words).split())


def test_figures_of_the_log_and_metrics_stand_on_the_page(tmp_path: Path) -> None:
    held = {k: v for k, v in look(40, 0.75, 32).items() if k != "kind"}
    metrics = {"parameters": 2_900_000, "steps": 40, "minutes": 2.0, "tokens_per_second": 5123.0, "held_out": held}
    folder = model_dir(tmp_path / "one", [*steps(40), look(20, 0.5), look(40, 0.75, 32)], metrics)
    (folder / "recipe.yaml").write_text("seed: 7  # <b>&\n", encoding="utf-8")
    written = page.write_page([folder])
    assert written == folder / "training.html"
    html = written.read_text(encoding="utf-8")
    shown = words(html)
    for figure in (
        "2.90 M",
        "5,123",
        "2 min 00 s",
        "75.0 %",
        "25.0 %",
        "+50 points",
        "8 questions each time, 32 at the end",
    ):
        assert figure in shown
    assert "seed: 7 # <b>&" in shown
    assert "Padding" not in shown  # the log has no padding_share, so nothing is drawn of it
    assert "Not finished" not in shown
    assert html == page.training_page([history.read_training(folder)])


def test_a_padding_share_is_drawn_where_the_log_has_one(tmp_path: Path) -> None:
    folder = model_dir(tmp_path / "one", steps(5, padding_share=0.125))
    assert 'aria-label="Padding: one from 12.5 to 12.5"' in page.training_page([history.read_training(folder)])


def test_repetitions_become_one_line_with_a_band_and_others_stay_apart(tmp_path: Path) -> None:
    made = [("chain-1", 0.4), ("chain-2", 0.6), ("answer-1", 0.3), ("v10", 0.2)]
    folders = [model_dir(tmp_path / name, [*steps(3), look(2, right), look(4, right)]) for name, right in made]
    found = page.grouped([history.read_training(f) for f in folders])
    assert [(g.label, len(g.members)) for g in found] == [("chain", 2), ("answer-1", 1), ("v10", 1)]
    out = page.write_page(folders, tmp_path / "all.html")
    html = out.read_text(encoding="utf-8")
    assert "chain (2) from 50 to 50" in html
    assert 'class="band k4"' in html
    assert re.search(r"50\.0 %<small class=\"ci\">40\.0 to 60\.0</small>", html)


def test_a_mean_is_taken_only_where_all_repetitions_have_got_to() -> None:
    points, band = page.merged([[(0.0, 0.0), (10.0, 10.0)], [(5.0, 1.0), (20.0, 4.0)]])
    assert points == [(5.0, 3.0), (10.0, 6.0)]
    assert band == [(1.0, 5.0), (2.0, 10.0)]


def test_directories_of_one_name_are_told_apart(tmp_path: Path) -> None:
    a, b = (model_dir(tmp_path / x / "tiny", [*steps(2), look(2, 0.5)]) for x in ("mine", "yours"))
    html = page.write_page([a, b], tmp_path / "p.html").read_text(encoding="utf-8")
    assert "mine/tiny" in html
    assert "yours/tiny" in html


@pytest.mark.parametrize(
    ("line", "lost"),
    [
        ('{"kind": "train", "step": 7, "lo', 1),
        ("[1, 2]", 1),
        ('{"kind": "other"}', 1),
        ("\x00\ufffd", 1),
        ('{"kind": "train", "step": 9, "loss": NaN, "tokens_per_second": Infinity}', 0),
        ('{"kind": "train", "step": "nine", "loss": [2]}', 0),
        ('{"kind": "eval", "step": 9, "families": [1], "accuracy": null, "samples": 8}', 0),
        ('{"kind": "eval", "families": {"count": 3}}', 0),
        ("", 0),
    ],
)
def test_a_broken_line_is_counted_and_the_rest_is_drawn(tmp_path: Path, line: str, lost: int) -> None:
    folder = model_dir(tmp_path / "one", [*steps(4), look(4, 0.5), line])
    shown = words(page.write_page([folder]).read_text(encoding="utf-8"))
    assert ("1 lines of the log could not be read" in shown) == bool(lost)
    assert "Loss" in shown
    assert "Not finished" in shown


def test_an_empty_log_gives_a_page_that_says_so(tmp_path: Path) -> None:
    shown = words(page.write_page([model_dir(tmp_path / "one", [])]).read_text(encoding="utf-8"))
    assert "Not finished" in shown
    assert "Nothing was asked while it trained" in shown


def test_hostile_names_stay_words(tmp_path: Path) -> None:
    folder = model_dir(tmp_path / "<img src=x>", [*steps(3), look(1, 0.5, family=EVIL), look(2, 0.5, family=EVIL)])
    html = page.write_page([folder, folder], tmp_path / "p.html").read_text(encoding="utf-8")
    assert EVIL not in html
    assert "<img" not in html


def test_what_cannot_be_drawn_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    folder = model_dir(tmp_path / "one", steps(2))
    with pytest.raises(InputError, match="train_log") as caught:
        page.write_page([tmp_path])
    assert caught.value.code == "report.no_training"
    with pytest.raises(ConfigError, match="2 trainings") as refused:
        page.write_page([folder, folder])
    assert refused.value.code == "report.out"


def test_a_page_that_cannot_be_written_does_not_end_a_training(tmp_path: Path) -> None:
    folder = model_dir(tmp_path / "one", steps(2))
    assert page.redraw(folder) == ""
    (folder / "training.html").unlink()
    (folder / "training.html").mkdir()
    assert "training.html was not drawn" in page.redraw(folder)


def test_the_command_tells_runs_and_trainings_apart(tmp_path: Path) -> None:
    call = CliRunner()
    folder = model_dir(tmp_path / "one", [*steps(3), look(3, 0.5)])
    done = call.invoke(app, ["report", str(folder)])
    assert done.exit_code == 0, done.output
    assert Path(done.stdout.strip()) == folder / "training.html"
    both = call.invoke(app, ["report", str(folder), str(folder), "-o", str(tmp_path / "p.html")])
    assert both.exit_code == 0
    assert (tmp_path / "p.html").is_file()
    neither = call.invoke(app, ["report", str(tmp_path), str(tmp_path)])
    assert isinstance(neither.exception, ConfigError)
    assert neither.exception.code == "report.one_run"


@pytest.mark.system
def test_a_training_leaves_its_page_and_a_new_one_does_not_show_the_old(run: Path, tmp_path: Path) -> None:
    out = tmp_path / "model"
    watch = {"eval_samples": 4, "eval_every_steps": 2, "final_samples": 6, "max_new_tokens": 8}
    seen: list[str] = []

    def look(p: Progress) -> None:
        if p.evaluation is not None:
            seen.append(words((out / "training.html").read_text(encoding="utf-8")))

    train(recipe(budget={"steps": 4}, watch=watch), run, out, watch=look)
    done = words((out / "training.html").read_text(encoding="utf-8"))
    assert "Padding" in done
    assert "Greedy answers to 6 questions" in done
    assert ["Not finished" in s for s in seen] == [True, True]  # after two steps, and at the end before it was saved
    assert "Not finished" not in done
    seen.clear()
    train(recipe(budget={"steps": 4}, watch=watch), run, out, overwrite=True, watch=look)
    assert "Not finished" in seen[0]


def test_a_training_by_reward_shows_what_was_rewarded(tmp_path: Path) -> None:
    rl = [
        {"kind": "rl", "step": i, "reward": 0.5 + i / 20, "parts": {"answer": 0.4, "format": 1.0}, "loss": -1e-9,
         "kl": 0.001 * i, "tokens_per_chain": 80.0 - i, "even_groups": 0.25, "learning_rate": 1e-5, "seconds": 2.0 * i}
        for i in range(1, 6)
    ]  # fmt: skip
    folder = model_dir(tmp_path / "rl", [look(0, 0.5), *rl, look(5, 0.75)])
    (folder / "rl_recipe.yaml").write_text("chains: 8\n", encoding="utf-8")
    shown = words(page.write_page([folder]).read_text(encoding="utf-8"))
    for title in ("What it was rewarded for", "Reward: answer", "Reward: format", "Divergence", "tokens per chain"):
        assert title in shown
    assert "Loss" not in shown
    assert "could not be read" not in shown
    assert "chains: 8" in shown
    assert "What it was rewarded for" not in words(
        page.training_page([history.read_training(model_dir(tmp_path / "b", steps(3)))])
    )
