"""One presentation for every kind of benchmark, on wide and narrow terminals, for hostile texts."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from audio_reasoner.evaluation.base import Benchmark, GroupScore, Metric, Score, Value
from audio_reasoner.evaluation.present import json_text, print_score, to_markdown

OF_BLEU = Metric("strict", "BLEU", "bleu", True, "corpus BLEU")
OF_POINTS = Metric("strict", "points", "score", True, "the judge's points")
OF_SHARE = Metric("wins", "wins", "share", False, "how often the model wins")


def score(metrics: list[Metric], values: dict[str, Value], name: str = "overall", **facts: object) -> Score:
    benchmark = Benchmark("made", "translation", Path("data.tsv"), Path(), "0" * 64, "revision 1", [], [])
    group = GroupScore(name, 10, 8, values, dict(facts))
    return Score(
        benchmark, "p.jsonl", metrics, metrics[0].name, group, {"task": [group]}, [], ["a note"], ["a deviation"]
    )


def printed(what: Score, width: int) -> str:
    out = io.StringIO()
    print_score(what, Console(file=out, width=width))
    return out.getvalue()


def test_each_unit_is_named_and_rounded_its_way() -> None:
    values = {"strict": Value(41.2345, 8, (40.0, 42.5)), "wins": Value(0.51234, 8)}
    markdown = to_markdown(score([OF_BLEU, OF_SHARE], values))
    assert "| **overall** | **8/10** | **41.23** | **0.512** | **40.0–42.5** |" in markdown
    assert "Units: BLEU, 0 to 100; share, 0 to 1." in markdown
    assert "unparsed" not in markdown  # no such fact, no such column
    points = to_markdown(score([OF_POINTS], {"strict": Value(7.184, 8, (7.0, 7.3))}))
    assert "| **overall** | **8/10** | **7.18** | **7.0–7.3** |" in points
    assert "In points from 1 to 10." in points


def test_what_is_unknown_is_a_dash() -> None:
    assert "| **overall** | **8/10** | **–** | **–** |" in to_markdown(score([OF_BLEU], {"strict": Value(None, 0)}))
    assert "| **overall** | **8/10** | **–** | **–** |" in to_markdown(score([OF_BLEU], {}))


def test_notes_deviations_and_provenance_are_everywhere() -> None:
    made = score([OF_BLEU], {"strict": Value(1.0, 8)})
    made.paper = {"BLEU4": 1.0, "Avg": None}
    for text in (to_markdown(made), printed(made, 200)):
        for said in ("a note", "a deviation", "revision 1", "0" * 64, "BLEU4 1.00, Avg –", "p.jsonl on data.tsv"):
            assert said in text


@pytest.mark.parametrize("width", [40, 60, 80, 100, 160])
def test_a_narrow_terminal_keeps_the_official_number_whole(width: int) -> None:
    metrics = [
        Metric("strict", "strict", "percent", True, ""),
        Metric("further", "further", "percent", True, ""),
        Metric("extracted", "extracted", "percent", False, ""),
    ]
    values = {m.name: Value(10.0 + i, 8, (1.0, 2.0)) for i, m in enumerate(metrics)}
    made = score(
        metrics,
        values,
        name="a very long name of a sub-category of a benchmark",
        unparsed={"count": 1, "rate": 0.125},
        best_constant={"answer": "x" * 100, "kind": "text", "value": 30.0},
        chance=25.0,
    )
    text = printed(made, width)
    assert "10.00" in text
    assert max(map(len, text.splitlines())) <= width
    if width >= 100:
        assert "30.00" in text
    else:
        assert "Not shown for lack of room" in " ".join(text.split())


@pytest.mark.parametrize("width", [80, 100])
def test_many_official_columns_leave_room_for_the_names(width: int) -> None:
    # As AIR-Bench chat: eight columns by the official parse, each over the replies that it survives.
    metrics = [Metric(f"m{i}", f"quite long title {i}", "score", True, "") for i in range(8)]
    made = score(metrics, {m.name: Value(5.0 + i, 6, (4.0, 6.0), 2.0) for i, m in enumerate(metrics)}, name="sound_QA")
    text = printed(made, width)
    assert "sound_QA" in text
    assert "quite long title 0 of all" in " ".join(text.split())
    assert "5.00" in text
    assert "2.00" in text
    assert "leaves out as 0" in " ".join(text.split())
    assert "m1 of all" not in to_markdown(made)


def test_a_headline_keeps_its_own_reading_beside_it() -> None:
    # As MELD: accuracy by one rule must not stand alone beside balanced accuracy by another.
    titles = {
        "strict": "WA strict",
        "strict_ua": "UA strict",
        "extracted": "WA extracted",
        "extracted_ua": "UA extracted",
    }
    metrics = [Metric(name, title, "percent", name == "strict", "") for name, title in titles.items()]
    made = score(metrics, {m.name: Value(50.0 + i, 8, (40.0, 60.0)) for i, m in enumerate(metrics)}, name="x" * 30)
    made.headline = "extracted_ua"
    first = printed(made, 68).splitlines()[1]
    assert "UA extracted" in first
    assert "WA extracted" in first
    assert "strict" not in first


def test_the_papers_columns_of_translation_are_not_called_bleu() -> None:
    made = score([OF_BLEU], {"strict": Value(1.0, 8)})
    made.paper = {"BLEU1": 80.0}
    assert "columns, by n-gram precision: BLEU1 80.00" in to_markdown(made)


def test_hostile_names_neither_break_tables_nor_crash() -> None:
    made = score([OF_BLEU], {"strict": Value(1.0, 8)}, name="a|b\nc\ud800 [red]x[/red]")
    made.problems = [f"problem {i} [/nonsense]" for i in range(30)]
    markdown = to_markdown(made)
    assert "a\\|b c\\ud800" in markdown
    markdown.encode("utf-8")
    text = printed(made, 120)
    assert "[red]x[/red]" in text  # not read as markup
    assert "and 10 more" in text
    assert json_text({"x": "\ud800"}) == '{"x": "\\ud800"}'
