"""Prompt styles: published wordings to the letter, ours stable, and nothing shown that is not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from audio_reasoner.core.errors import ConfigError, InputError
from audio_reasoner.evaluation.base import Benchmark, Item
from audio_reasoner.evaluation.prompting import (
    STYLES,
    official_style,
    prompt_of,
    prompts_hash,
    style_named,
    wording_is_published,
)
from audio_reasoner.evaluation.registry import BENCHMARKS


def item(question: str = "Which comes first?", choices: tuple[str, ...] = ("dog", "bell")) -> Item:
    return Item("i", ("a.wav",), question, choices, choices[0] if choices else "x", 0, {}, "a.wav")


def bench(name: str = "mmau-mini", kind: str = "choice") -> Benchmark:
    return Benchmark(name, kind, Path("x"), Path(), "0" * 64, "r", [], [])  # type: ignore[arg-type]


def text(style: str, one: Item | None = None, order: tuple[int, ...] | None = None) -> str:
    return prompt_of(style_named(style), one or item(), order)


def test_published_forms_stand_to_the_letter() -> None:
    assert text("ours") == "Which comes first?\n(a) dog\n(b) bell"
    assert text("mmau") == "Which comes first?  Select one option from the provided choices.\n['dog', 'bell']."
    assert text("mmar") == "Which comes first?\nSelect one option from the provided choices:\ndog\nbell"
    assert text("bare") == "Which comes first?"
    assert text("air-foundation") == (
        "Choose the most suitable answer from options A, B, C, and D to respond the question in next line, you may "
        "only choose A or B or C or D.\nWhich comes first?\nA. dog\nB. bell\nC. None\nD. None"
    )
    assert text("audio-flamingo").endswith("\n(A) dog\n(B) bell")
    assert "following options: ['dog', 'bell']. " in text("r1-aqa")
    assert text("mmau", item("Which? ")).startswith("Which?   Select")
    assert text("ours", item(" Which? ")).startswith("Which?\n(a)")
    assert text("mmau", item(choices=("it's", 'a "b"'))).endswith("""["it's", 'a "b"'].""")


def test_a_given_order_shows_the_options_in_it() -> None:
    three = item(choices=("dog", "bell", "rain"))
    assert text("ours", three, (2, 0, 1)) == "Which comes first?\n(a) rain\n(b) dog\n(c) bell"
    assert text("mmar", three, (1, 2, 0)).endswith(":\nbell\nrain\ndog")


def test_what_cannot_be_shown_is_an_error_of_that_item() -> None:
    for style, one, code in (
        ("air-foundation", item(choices=tuple("abcde")), "prompt.options"),
        ("ours", item(choices=("only",)), "question.options"),
        ("ours", item(choices=("a", "  ")), "question.options"),
        ("mmau", item(choices=()), "prompt.no_options"),
        ("mmar", item(choices=tuple(map(str, range(27)))), "question.options"),
        ("bare", item(question=" \n"), "prompt.no_question"),
        ("ours", item(question="half \ud800 of it"), "prompt.not_text"),
    ):
        with pytest.raises(InputError) as caught:
            text(style, one)
        assert caught.value.code == code


def test_labels_are_a_closed_list() -> None:
    assert text("labels", item("Which emotion?", ("joy", "anger"))).endswith("nothing else: joy, anger.")
    assert text("letters").endswith("A. dog\nB. bell\nAnswer with the letter of the right option and nothing else.")


def test_only_published_words_are_called_published() -> None:
    assert wording_is_published(style_named("mmau"), bench())
    assert wording_is_published(style_named("bare"), bench("air-chat", "chat"))
    for style, one in (("ours", bench()), ("r1-aqa", bench()), ("bare", bench("covost2-en-zh", "translation"))):
        assert not wording_is_published(style_named(style), one)


def test_the_answer_tag_is_taken_as_the_style_asks() -> None:
    take = style_named("r1-aqa").take
    assert take is not None
    assert take("<think>dog?</think><answer> bell </answer><answer>x</answer>") == "bell"
    assert take("no tag") == "no tag"
    assert take("<answer>two\nlines</answer>") == "<answer>two\nlines</answer>"


def test_every_benchmark_has_an_official_style_and_hashes_tell_styles_apart() -> None:
    assert all(official_style(name, "choice") in STYLES for name in BENCHMARKS)
    assert official_style("air-chat", "chat") == "bare"
    hashes = {prompts_hash(style, bench()) for style in STYLES.values()}
    assert len(hashes) == len(STYLES)
    other = bench()
    other.items.append(item("Our words for the task"))
    assert prompts_hash(style_named("ours"), bench()) != prompts_hash(style_named("ours"), other)
    with pytest.raises(ConfigError) as caught:
        style_named("theirs")
    assert caught.value.code == "eval.unknown_prompt"
