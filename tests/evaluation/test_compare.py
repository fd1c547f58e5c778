"""Comparisons: what is read, what is refused to be compared, and that the figures are those of the runs."""

# ruff: noqa: E501 (made-up rows are easier to read unbroken)

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.evaluation.run_factory import replies, write_benchmark, write_other_score, write_run
from typer.testing import CliRunner

from audio_reasoner.cli import app
from audio_reasoner.core.errors import ConfigError, InputError
from audio_reasoner.evaluation.compare import compare_runs, run_names
from audio_reasoner.evaluation.compare_read import read_run
from audio_reasoner.evaluation.compare_text import to_markdown
from audio_reasoner.evaluation.pages import render
from audio_reasoner.evaluation.statistics import holm, mcnemar

Files = dict[str, Path]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """Three runs on one file, one of them with controls and samples, one on another file, two of other benchmarks."""
    root = tmp_path_factory.mktemp("runs")
    data = write_benchmark(root / "data", 90, sounds=3)
    other = write_benchmark(root / "other", 90, seed=2)
    found = {"data": data, "root": root}
    for i, (name, skill) in enumerate((("weak", 0.3), ("middle", 0.55), ("strong", 0.9))):
        judged = 0.8 if name == "middle" else None
        found[name] = write_run(root / name, data, replies(data, skill, seed=i), model=f"models/{name}", judged=judged)
    for control in ("no-audio", "silence", "shuffled"):
        texts = replies(data, 0.55 if control == "shuffled" else 0.3, seed=1 if control == "shuffled" else 7)
        write_run(found["middle"] / "controls" / control, data, texts, control=control)
    points = [
        {"n": n, "majority": 50.0 + n, "interval_95": [40.0, 70.0], "at_least_one_right": 60.0 + n, "tokens_per_question": 100.0 * n}
        for n in (1, 2, 3)
    ]  # fmt: skip
    (found["middle"] / "samples.json").write_text(
        json.dumps({"version": 1, "items": 90, "points": points, "how": "majority"})
    )
    found["half"] = write_run(root / "half", data, replies(data, 0.6, seed=5, n=40))
    found["elsewhere"] = write_run(root / "elsewhere", other, replies(other, 0.6, seed=6))
    found["meld"] = write_other_score(root / "meld-run", "meld", ua=41.5, wa=50.0)
    found["chat"] = write_other_score(root / "chat-run", "air-chat", score=6.25)
    return found


def _copy(made: Files, name: str, to: Path) -> Path:
    shutil.copytree(made[name], to)
    return to


def test_pairs_are_mcnemars_test_on_the_rows(made: Files) -> None:
    comparison = compare_runs([made["weak"], made["middle"], made["strong"]])
    (chapter,) = comparison.chapters
    (group,) = chapter.groups
    assert {(p.first, p.second) for p in group.pairs} == {("weak", "middle"), ("weak", "strong"), ("middle", "strong")}
    raw = []
    for pair in group.pairs:
        read = [
            {r["id"]: r["readings"]["extracted"] for r in map(json.loads, (made[n] / "rows.jsonl").open())}
            for n in (pair.first, pair.second)
        ]
        only_first = sum(read[0][i] > read[1][i] for i in read[0])
        only_second = sum(read[0][i] < read[1][i] for i in read[0])
        assert (pair.result.first_better, pair.result.second_better) == (only_first, only_second)
        assert pair.result.p == mcnemar(only_first, only_second)
        assert pair.result.difference == pytest.approx(100 * (only_first - only_second) / 90)
        raw.append(pair.result.p)
    assert [p.p_holm for p in group.pairs] == holm(raw)
    values = [run.value("extracted") for run in group.runs]
    assert values[2] is not None
    assert values[0] is not None
    strong_minus_weak = next(p for p in group.pairs if (p.first, p.second) == ("weak", "strong"))
    assert -strong_minus_weak.result.difference == pytest.approx(values[2]["value"] - values[0]["value"], abs=1e-3)
    assert strong_minus_weak.p_holm < 0.05


def test_other_data_is_never_tested_against(made: Files) -> None:
    comparison = compare_runs([made["weak"], made["elsewhere"], made["strong"]])
    (chapter,) = comparison.chapters
    assert [[r.name for r in g.runs] for g in chapter.groups] == [["weak", "strong"], ["elsewhere"]]
    assert [len(g.pairs) for g in chapter.groups] == [1, 0]
    assert "2 different data files" in chapter.warnings[0]
    page, text = render(comparison), to_markdown(comparison)
    for written in (page, text):
        assert "must not be compared with each other" in written
    assert "elsewhere (data 2)" in page
    assert "weak (data 1)" in page


def test_a_chapter_for_every_benchmark(made: Files) -> None:
    comparison = compare_runs([made["chat"], made["weak"], made["meld"]])
    assert [c.benchmark for c in comparison.chapters] == ["mmau-mini", "air-chat", "meld"]
    page = render(comparison)
    assert "columns: 61.69" in page
    assert page.count("△") > 10
    assert "measured here, 90/1,000 items, unknown revision of the data" in page
    for title in ("MMAU test-mini", "AIR-Bench chat", "MELD test", "Table 4: MMAU-mini", "Table 8: MELD"):
        assert title in page
    assert "The judge is another model than the official one." in page  # a deviation is repeated
    assert "It has no rows.jsonl" in page


def test_made_data_is_not_set_beside_published_figures(made: Files, tmp_path: Path) -> None:
    run = _copy(made, "weak", tmp_path / "ours")
    score = json.loads((run / "score.json").read_text())
    score["revision"] = "synthetic, seed 3, 90 items"
    (run / "score.json").write_text(json.dumps(score))
    comparison = compare_runs([run])
    page, text = render(comparison, entries=0), to_markdown(comparison)
    assert "No published figure is about it" in page
    assert "MMAU test-mini, made data" in page
    assert "best on MMAU test-mini, made data" in page
    assert "Table 4" not in text
    assert "61.71" not in text
    assert page.index("Tables without a run here") < page.index("Table 4: MMAU-mini")


def test_half_a_run_says_how_much_of_it_there_is(made: Files) -> None:
    comparison = compare_runs([made["half"], made["strong"]])
    (chapter,) = comparison.chapters
    assert any("40 of 90 items have an answer" in w for w in chapter.warnings)
    (pair,) = chapter.groups[0].pairs
    assert pair.result.n == 40
    page = render(comparison)
    assert "40/90" in page
    assert "all " in page
    # Beside published rows it is a part of the published set, in words too.
    assert "half (40/1,000)" in page
    assert "measured here, 40/1,000 items, unknown revision" in page
    assert "the data has 90 items, the published set 1,000" in page
    assert "| ● half (40/1,000 items) |" in to_markdown(comparison)


def test_half_a_run_is_never_the_best(made: Files, tmp_path: Path) -> None:
    lucky = write_run(tmp_path / "lucky", made["data"], replies(made["data"], 1.0, seed=8, n=12))
    page = render(compare_runs([lucky, made["weak"], made["middle"]]))
    top = page[page.index("best on MMAU test-mini") :][:400]
    assert "middle" in top
    assert "lucky" not in top
    assert "lucky (12/1,000)" in page
    cell = page[page.index(">By task<") :][:4000]
    assert "4 items" in cell  # a group's value says how few it rests on
    assert "<b>100.00" not in cell


@pytest.mark.parametrize(("runs", "expected"), [(1, [1]), (7, [7]), (8, [4, 4]), (15, [5, 5, 5]), (0, [])])
def test_many_runs_are_spread_evenly_over_tables(runs: int, expected: list[int]) -> None:
    from audio_reasoner.evaluation.pages_benchmark import _evenly

    assert [len(part) for part in _evenly([object()] * runs)] == expected  # type: ignore[list-item]


def test_controls_stand_beside_their_run(made: Files) -> None:
    (chapter,) = compare_runs([made["middle"], made["weak"]]).chapters
    lines = {line.name: line for line in chapter.controls["middle"]}
    assert set(lines) == {"no-audio", "silence", "shuffled"}
    shuffled, deaf = lines["shuffled"], lines["no-audio"]
    assert shuffled.consistency == 100.0
    assert shuffled.against is not None
    assert shuffled.against.p == 1.0
    own = chapter.runs[0].value("extracted")
    assert deaf.value is not None
    assert deaf.against is not None
    assert own is not None
    assert deaf.against.difference == pytest.approx(own["value"] - deaf.value["value"], abs=1e-3)
    assert "Does it listen?" in render(compare_runs([made["middle"]]))


def test_figures_in_json_and_markdown_are_those_of_the_score(made: Files) -> None:
    comparison = compare_runs([made["middle"], made["strong"]], baseline="strong")
    told = comparison.to_dict()
    json.dumps(told, allow_nan=False)
    (group,) = told["chapters"][0]["groups"]
    assert [r["name"] for r in group["runs"]] == ["strong", "middle"]  # the baseline first
    score = json.loads((made["middle"] / "score.json").read_text())
    assert group["runs"][1]["score"]["overall"] == score["overall"]
    value = score["overall"]["values"]["judged"]
    low, high = value["interval_95"]
    markdown = to_markdown(comparison)
    assert f"{value['value']:.2f} ({low:.1f}–{high:.1f})" in markdown
    assert "○ Audio-Reasoner | 60.06 | 64.30 | 60.70 | 61.71" in markdown
    assert f"● middle (90/1,000 items) | {score['paper']['Sound']:.2f}" in markdown


def test_judges_are_named_with_prompt_temperature_and_day(made: Files) -> None:
    run = read_run(made["middle"])
    (judge,) = run.judges
    assert judge["n"] == 90
    assert judge["model"] == "judge-1"
    assert judge["from"] == "2026-11-02"
    page = render(compare_runs([made["middle"]]))
    assert "abababababab…" in page
    assert "2026-11-02" in page


def test_chains_and_causal_test_are_shown_where_there_are_any(made: Files, tmp_path: Path) -> None:
    run = _copy(made, "weak", tmp_path / "weak")
    rate = {"value": 0.625, "n": 80, "interval_95": [0.5, 0.75]}
    chains = {
        "version": 1,
        "sections": {"planning": {"present": rate, "words": {"median": 12}}},
        "well_formed": rate,
        "agreement": {"rate": {"value": 0.875, "n": 64, "interval_95": [0.8, 0.9]}},
        "claims": {
            "by_section": {"caption": {"supported": 70, "contradicted": 9, "undecidable": 3, "rate": rate}},
            "chains": {"right": 41, "wrong": 7, "undecided": 2},
            "accuracy": {"right": rate, "wrong": rate},
        },
    }
    (run / "chains.json").write_text(json.dumps(chains))
    causal = {
        "version": 1,
        "interventions": {"caption-swap": {"place": "caption", "told": "another sound is named", "n": 80, "changed": rate, "followed": rate}},
        "not_shown": ["Changed text is text the model did not choose."],
        "reading": ["In words, 62 % of the answers changed."],
    }  # fmt: skip
    (run / "causal.json").write_text(json.dumps(causal))
    page = render(compare_runs([run]), entries=20)
    for part in (
        "62.5",
        "50.0–75.0",
        "of 80",
        "87.5",
        "caption-swap",
        "another sound is named",
        "the model did not choose",
    ):
        assert part in page
    # Files of another shape must not stop the page.
    for broken in ({"sections": 3, "claims": []}, {"claims": {"by_section": {"x": 1}}, "agreement": "no"}):
        (run / "chains.json").write_text(json.dumps(broken))
        (run / "causal.json").write_text(
            json.dumps({"interventions": {"x": 5, "y": {"changed": "?"}}, "not_shown": [1]})
        )
        render(compare_runs([run]), entries=20)


# ------------------------------------------------------------------------------------------------- what can go wrong


def test_a_score_of_version_1_is_still_read(made: Files, tmp_path: Path) -> None:
    run = tmp_path / "old"
    run.mkdir()
    rows = [
        {"id": f"i{i}", "task": "sound", "difficulty": "easy", "sub-category": "x", "question": "What?", "choices": ["a b", "c d"],
         "answer": "a b", "gold_index": 0, "body": "a b", "tagged": True, "well_formed": True, "defects": [], "strict": i % 3 == 0,
         "strict_reason": "holds all words", "option_index": 0, "option_rule": "text", "option_detail": "the text", "from_summary": False,
         "extracted": i % 2 == 0, "option": True}
        for i in range(12)
    ]  # fmt: skip
    (run / "rows.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    metric = {"correct": 6, "accuracy": 0.5, "interval_95": [0.25, 0.75], "accuracy_over_all_items": 0.5}
    group = {"name": "overall", "items": 12, "predicted": 12, "strict": metric, "extracted": metric, "option": metric, "chance": 0.5,
             "unparsed": {"count": 0, "rate": 0.0}, "best_constant": {"answer": "a b", "kind": "text", "accuracy": 1.0}}  # fmt: skip
    old = {
        "benchmark": "mmau-mini",
        "data": "d",
        "data_sha256": "f" * 64,
        "revision": "r",
        "overall": group,
        "task": [group],
        "problems": [],
    }
    (run / "score.json").write_text(json.dumps(old))
    found = read_run(run)
    assert found.value("extracted") == {"value": 50.0, "n": 12, "interval_95": [25.0, 75.0], "over_all_items": 50.0}
    assert found.overall["chance"] == 50.0
    assert found.overall["best_constant"]["value"] == 100.0
    assert sum(found.rows.value("strict").values()) == 4
    assert any("Wilson" in note for note in found.notes)
    assert "holds all words" not in render(compare_runs([run]), entries=0)
    render(compare_runs([run]))
    (run / "score.json").write_text(json.dumps({"version": 99, "benchmark": "mmau-mini", "overall": {}}))
    with pytest.raises(InputError, match=r"version 99.*score the run again"):
        compare_runs([run])


Break = Callable[[Path], Any]
BROKEN: dict[str, Break] = {
    "no rows": lambda run: (run / "rows.jsonl").unlink(),
    "no predictions": lambda run: (run / "predictions.jsonl").unlink(),
    "no header": lambda run: (run / "run.json").unlink(),
    "empty rows": lambda run: (run / "rows.jsonl").write_text(""),
    "cut off rows": lambda run: (run / "rows.jsonl").write_bytes((run / "rows.jsonl").read_bytes()[:5000]),
    "binary rows": lambda run: (run / "rows.jsonl").write_bytes(bytes(range(256)) * 40),
    "rows of other types": lambda run: (run / "rows.jsonl").write_text('[1]\n3\nnull\n{"id": 5}\n{"id": "a", "readings": 7, "groups": []}\n'),
    "rows twice": lambda run: (run / "rows.jsonl").write_text((run / "rows.jsonl").read_text() * 2),
    "wild rows": lambda run: (run / "rows.jsonl").write_text(
        json.dumps({"id": "a", "clip": 4, "choices": "abc", "option_index": True, "readings": {"extracted": "x", "strict": 1e999, "y": [1]},
                    "why": 3, "audio": {}, "defects": "no", "groups": {"task": None}, "body": 7, "answer": None}) + "\n"),
    "header of another type": lambda run: (run / "run.json").write_text("[1, 2]"),
    "judged of another type": lambda run: (run / "judged.jsonl").write_text('{"purpose": ["x"], "date": 4}\n"a"\n'),
    "samples of another type": lambda run: (run / "samples.json").write_text('{"points": [{"n": 1, "majority": 5}, 3, {"majority": "x"}]}'),
    "deep JSON": lambda run: (run / "chains.json").write_text("[" * 50_000),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_damaged_run_is_shown_as_far_as_it_goes(name: str, made: Files, tmp_path: Path) -> None:
    run = _copy(made, "weak", tmp_path / "damaged")
    BROKEN[name](run)
    comparison = compare_runs([run, made["strong"]])
    page = render(comparison, clips=0, entries=20)
    assert ">damaged<" in page
    assert "strong" in page
    to_markdown(comparison)
    json.dumps(comparison.to_dict(), allow_nan=False)


def test_a_run_without_a_score_is_named_and_left_aside(made: Files, tmp_path: Path) -> None:
    run = _copy(made, "weak", tmp_path / "unscored")
    (run / "score.json").unlink()
    (tmp_path / "empty").mkdir()
    comparison = compare_runs([run, made["strong"], tmp_path / "empty", tmp_path / "nowhere"])
    assert [r.name for r in comparison.runs] == ["strong"]
    why = dict(comparison.aside)
    assert "eval score" in why["unscored"]
    assert "90 answers" in why["unscored"]
    assert set(why) == {"unscored", "empty", "nowhere"}
    assert "unscored" in render(comparison)
    assert "unscored" in to_markdown(comparison)
    with pytest.raises(InputError) as error:
        compare_runs([run])
    assert error.value.code == "compare.no_run"


def test_hostile_text_stays_text(made: Files, tmp_path: Path) -> None:
    run = _copy(made, "weak", tmp_path / "evil <b>&\"'")
    evil = "</script></template><script>alert(1)</script><img src=x onerror=alert(2)>\u202egnp\u2066 \ud800 | \x1b[31m"
    lines = [json.loads(line) for line in (run / "rows.jsonl").read_text().splitlines()]
    for line in lines[:5]:
        line["body"] = line["question"] = line["option_detail"] = evil
        line["choices"] = [evil, *line["choices"][1:]]
        line["why"] = {"strict": evil, evil: evil}
        line["groups"] = {evil: evil, "task": evil}
        line["audio"] = ["../../../etc/passwd", evil]
        line["defects"] = [evil]
    (run / "rows.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    score = json.loads((run / "score.json").read_text())
    score["notes"] = score["deviations"] = score["problems"] = [evil]
    score["revision"] = evil
    score["overall"]["best_constant"]["answer"] = evil
    for metric in score["metrics"]:
        metric["title"] = metric["explained"] = evil
    (run / "score.json").write_text(json.dumps(score))
    comparison = compare_runs([run, made["strong"]], baseline="strong")
    page = render(comparison)
    assert "<script>alert" not in page
    assert "onerror=alert(2)>" not in page
    assert "<img src=x" not in page
    assert page.count("<script>") == 1
    page.encode("utf-8", "backslashreplace")
    markdown = to_markdown(comparison)
    assert "<script>" not in markdown
    assert "\x1b" not in markdown
    assert "\u202e" not in markdown


def test_a_baseline_nobody_has_is_refused(made: Files) -> None:
    with pytest.raises(ConfigError, match="no run is called 'x'") as error:
        compare_runs([made["weak"]], baseline="x")
    assert "weak" in error.value.hint


def test_names_tell_runs_apart(tmp_path: Path) -> None:
    assert run_names([Path("/a/tiny"), Path("/b/tiny"), Path("/c/large")]) == ["a/tiny", "b/tiny", "large"]
    assert run_names([Path("/a/x"), Path("/a/x"), Path("/b/x")]) == ["a/x", "a/x (2)", "b/x"]
    assert run_names([]) == []


def test_equal_input_gives_equal_pages(made: Files) -> None:
    runs = [made["weak"], made["middle"]]
    assert render(compare_runs(runs), entries=20) == render(compare_runs(runs), entries=20)


def test_too_many_answers_are_drawn_by_question_and_said(made: Files) -> None:
    from audio_reasoner.evaluation.pages_answers import choose, questions_of

    comparison = compare_runs([made["weak"], made["strong"]])
    questions = questions_of(comparison.chapters[0])
    assert len(questions) == 90
    assert all(len(q.rows) == 2 for q in questions)
    chosen = choose(questions, 40, 0)
    assert len(chosen) == 20
    assert sum(q.telling for q in chosen) >= 10  # half the room goes to questions on which somebody disagrees
    assert choose(questions, 40, 0) == chosen != choose(questions, 40, 1)
    page = render(comparison, entries=40)
    assert "40 of 180 replies, to 20 of 90 questions" in page
    assert "This page was made without answers" in render(comparison, entries=0)


def test_recordings_are_heard_up_to_a_number(made: Files) -> None:
    comparison = compare_runs([made["weak"]])
    page = render(comparison, clips=2)
    assert page.count("<audio") == 2
    assert "2 recordings can be heard here" in page
    assert "not found where the data lies" in render(comparison, clips=60)


@pytest.mark.system
def test_command_writes_page_markdown_and_json(made: Files, tmp_path: Path) -> None:
    out = tmp_path / "made" / "report.html"
    told = CliRunner().invoke(
        app,
        ["eval", "compare", *(str(made[n]) for n in ("weak", "middle", "meld")), "-o", str(out), "--baseline", "weak",
         "--markdown", str(tmp_path / "r.md"), "--json", str(tmp_path / "r.json")],
    )  # fmt: skip
    assert told.exit_code == 0, told.output
    assert "Are the differences more than luck?" in out.read_text(encoding="utf-8")
    assert json.loads((tmp_path / "r.json").read_text())["baseline"] == "weak"
    assert (tmp_path / "r.md").read_text().startswith("# Comparison of runs")
    failed = CliRunner().invoke(app, ["eval", "compare", str(tmp_path / "nowhere"), "-o", str(out)])
    assert failed.exit_code != 0


CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


@pytest.mark.system
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium")
def test_a_browser_shows_the_first_answer_and_runs_nothing_of_a_reply(made: Files, tmp_path: Path) -> None:
    import subprocess

    evil = "</template></script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
    run = _copy(made, "strong", tmp_path / "run")
    for name, keys in (("rows.jsonl", ("body", "question")), ("predictions.jsonl", ("raw",))):
        lines = [json.loads(line) for line in (run / name).read_text().splitlines()]
        for line in lines:
            for key in keys:
                line[key] = evil
            if isinstance(line.get("sections"), dict):
                line["sections"]["reasoning"] = evil
        (run / name).write_text("".join(json.dumps(line) + "\n" for line in lines))
    page = tmp_path / "page.html"
    page.write_bytes(render(compare_runs([run, made["weak"]])).encode("utf-8", "backslashreplace"))
    assert CHROMIUM is not None
    document = subprocess.run(
        [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}",
         "--virtual-time-budget=4000", "--dump-dom", page.as_uri()],
        capture_output=True, text=True, timeout=120, check=True,
    ).stdout  # fmt: skip
    assert "<title>Evaluation" in document
    assert "data-ready=" in document[:3000]
    shown = document[document.index('class="shown"') :]
    assert "Right or wrong, and why" in shown
    assert "REASONING" in shown
    assert "&lt;img src=x" in shown


def test_weighted_readings_are_values_and_no_verdicts(made: Files, tmp_path: Path) -> None:
    """Unweighted accuracy gives a right answer of a frequent class less than half a point; it is not wrong for that."""
    run = _copy(made, "strong", tmp_path / "weighted")
    rows = [json.loads(line) for line in (run / "rows.jsonl").read_text().splitlines()]
    for row in rows:
        row["readings"] = {"extracted": 1, "strict": 1, "ua": 0.297}
    (run / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    score = json.loads((run / "score.json").read_text())
    score["metrics"] += [{"name": "ua", "title": "UA", "unit": "percent", "official": True, "explained": ""}]
    score["metrics"] += [
        {"name": f"m{i}", "title": f"M{i}", "unit": "percent", "official": True, "explained": ""} for i in range(9)
    ]
    (run / "score.json").write_text(json.dumps(score))
    page = render(compare_runs([run]), entries=20)
    read = read_run(run)
    from audio_reasoner.evaluation.pages_answers import _deciding, _disagree

    assert "ua" not in _deciding(read)
    assert not any(_disagree(read, i) for i in range(90))
    assert "Further measures" in page


JUNK: tuple[Any, ...] = (
    None, True, -1, 1e308, "x", "", [], {}, [[1]], {"value": "x"}, "\ud800</script>", float("nan"), 10**40
)  # fmt: skip


def _mutated(value: Any, rng: random.Random, share: float) -> Any:
    if rng.random() < share:
        return rng.choice(JUNK)
    if isinstance(value, dict):
        return {k: _mutated(v, rng, share) for k, v in value.items() if rng.random() > share / 3}
    if isinstance(value, list):
        return [_mutated(v, rng, share) for v in value]
    return value


@pytest.mark.parametrize("seed", range(6))
def test_files_of_wrong_types_never_stop_a_comparison(seed: int, made: Files, tmp_path: Path) -> None:
    rng = random.Random(seed)
    run = _copy(made, "middle", tmp_path / "mutated")
    share = (0.003, 0.02, 0.1)[seed % 3]
    for path in sorted(run.rglob("*.json*")):
        if path.suffix == ".json":
            path.write_text(json.dumps(_mutated(json.loads(path.read_text()), rng, share)))
        else:
            lines = [json.loads(line) for line in path.read_text().splitlines()][:20]
            path.write_text("".join(json.dumps(_mutated(line, rng, share)) + "\n" for line in lines))
    comparison = compare_runs([run, made["strong"]])
    assert "strong" in render(comparison, entries=60, clips=1)
    to_markdown(comparison)
    json.dumps(comparison.to_dict())


def test_translations_are_compared_by_corpus_bleu(tmp_path: Path) -> None:
    import sacrebleu

    from audio_reasoner.evaluation.translation import bleu, counts

    rng = random.Random(3)
    words = ["the", "cat", "sat", "on", "a", "mat", "while", "dogs", "ran", "over", "hills", "and", "far", "away"]
    references = [" ".join(rng.choices(words, k=9)) for _ in range(60)]
    systems = {
        name: [" ".join(w if rng.random() > share else "zzz" for w in ref.split()) for ref in references]
        for name, share in (("good", 0.1), ("bad", 0.3))
    }
    for name, said in systems.items():
        run = write_other_score(tmp_path / name, "covost2-zh-en", strict=40.0)
        rows = []
        for i, (hyp, ref) in enumerate(zip(said, references, strict=True)):
            sums = counts(hyp.split(), ref.split())
            rows.append(
                {"id": str(i), "clip": str(i), "groups": {}, "question": "", "choices": [], "answer": ref, "audio": [], "body": hyp,
                 "readings": {"strict": bleu(sums, sentence=True)}, "statistics": {"strict": sums}}
            )  # fmt: skip
        (run / "rows.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    (chapter,) = compare_runs([tmp_path / "good", tmp_path / "bad"]).chapters
    (pair,) = chapter.groups[0].pairs
    corpus = [sacrebleu.corpus_bleu(systems[n], [references], tokenize="none").score for n in ("good", "bad")]
    assert pair.result.difference == pytest.approx(corpus[0] - corpus[1], abs=1e-6)
    assert pair.result.test.startswith("paired bootstrap")
    assert pair.p_holm < 0.01
    low, high = pair.result.interval
    assert low < pair.result.difference < high


def test_a_name_that_leads_out_of_the_data_is_not_followed(made: Files, tmp_path: Path) -> None:
    from audio_reasoner.evaluation.pages_sounds import find_recording

    sound = made["data"].parent / "test-mini-audios" / "clip-00000.wav"
    score = {"data": str(made["data"])}
    assert find_recording(score, "./test-mini-audios/clip-00000.wav", None) == sound
    assert find_recording({"data": "/nowhere/x.json"}, "a/clip-00000.wav", sound.parent) == sound
    assert find_recording(score, str(sound), None) is None
    assert find_recording(score, f"../{made['data'].parent.name}/test-mini-audios/clip-00000.wav", None) is None
    assert find_recording(score, "", None) is None
    assert find_recording({}, "clip-00000.wav", None) is None
