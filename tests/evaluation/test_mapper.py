"""The option a language model reads in a reply: what is asked, what counts as said, and agreement with the rules."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from audio_reasoner.evaluation import mapper
from audio_reasoner.evaluation.base import Benchmark, Item
from audio_reasoner.evaluation.judged import fingerprint
from audio_reasoner.evaluation.predictions import Predictions

CHOICES = ("a dog", "a cat", "a bell")


def a_benchmark(n: int, choices: tuple[str, ...] = CHOICES) -> Benchmark:
    items = [Item(f"q{i}", (), "What is it?", choices, choices[0], 0, {}, f"c{i}") for i in range(n)]
    return Benchmark("mmau-mini", "choice", Path("m.json"), Path(), "", "", items, [])


@pytest.mark.parametrize(
    ("text", "index", "usable"),
    [
        ("b", 1, True),
        ("(B)", 1, True),
        ("B.", 1, True),
        ("**b**", 1, True),
        ("The answer is (c).", 2, True),
        ("(b) a cat", 1, True),
        ("b) A cat.", 1, True),
        ('{"option": "b"}', 1, True),
        ("Let me see. It says cat.\nb", 1, True),
        ("none", None, True),
        ("None.", None, True),
        ("(b) a dog", None, False),
        ("d", None, False),
        ("a or b", None, False),
        ("a cat", None, False),
        ("", None, False),
        ("I would say it is the second.", None, False),
        ("Sorry, I cannot do that.", None, False),
        ("<html>502</html>", None, False),
        ('{"error": "b", "code": 500}', None, False),
        ("b" * 100_000, None, False),
    ],
)
def test_what_counts_as_an_option(text: str, index: int | None, usable: bool) -> None:
    opinion = mapper.read_letter(text, CHOICES)
    assert (opinion.parsed["index"], opinion.ok) == (index, usable)


def test_who_is_asked_about_and_who_is_not() -> None:
    benchmark = a_benchmark(5)
    texts = {
        "q0": "It is the one that barks",
        "q1": "(b)",
        "q2": "<RESPONSE></RESPONSE>",
        "q3": "a dog or a cat",
        "foreign": "x",
    }
    tasks, given = mapper.mapper_tasks(benchmark, Predictions(texts))
    assert [t.id for t in tasks] == ["q0", "q1", "q3"]
    assert [(x["id"], x["parsed"]["index"], x["model"]) for x in given] == [("q2", None, None)]
    tasks, given = mapper.mapper_tasks(benchmark, Predictions(texts), which="unparsed")
    assert [t.id for t in tasks] == ["q0", "q3"]
    assert [(x["id"], x["parsed"]["index"]) for x in given] == [("q1", 1), ("q2", None)]
    text = tasks[0].request.messages[0].text
    assert "(a) a dog\n(b) a cat\n(c) a bell" in text
    assert "It is the one that barks" in text


def test_more_options_than_letters_are_left_to_the_rules() -> None:
    many = tuple(f"sound number {i}" for i in range(27))
    tasks, given = mapper.mapper_tasks(a_benchmark(1, many), Predictions({"q0": "sound number 20"}))
    assert not tasks
    assert given[0]["parsed"]["index"] == 20


def test_agreement_is_counted_by_kind_and_only_where_a_model_was_asked() -> None:
    benchmark = a_benchmark(6)
    texts = {"q0": "(a)", "q1": "(b)", "q2": "It barks", "q3": "(c)", "q4": "(a)", "q5": "(a)"}
    said = {"q0": "a", "q1": "c", "q2": "a", "q3": "none", "q4": "no idea"}

    def line(name: str, text: str, **changes: Any) -> dict[str, Any]:
        of = fingerprint(texts[name])
        return {"id": name, "purpose": "mapper", "n": 0, "text": text, "model": "openai:j", "of": of} | changes

    judged = {name: [line(name, text)] for name, text in said.items()} | {"q5": [line("q5", "", model=None)]}
    found = mapper.agreement(benchmark, Predictions(texts), judged)
    counts = {k: found[k] for k in ("asked", "same", "differ", "only_judge", "only_rules", "unusable")}
    assert counts == {"asked": 5, "same": 1, "differ": 1, "only_judge": 1, "only_rules": 2, "unusable": 1}
    assert found["examples"] == ["q1", "q2", "q3", "q4"]
    assert "(20.0 %)" in mapper.agreement_sentence(found)
