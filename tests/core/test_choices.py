"""Options: shown in one form, read in many, and matched to replies without guessing."""

from __future__ import annotations

import time

import pytest
from choices_cases import ALL
from hypothesis import given, settings
from hypothesis import strategies as st

from audio_reasoner.core import matching
from audio_reasoner.core.choices import letter, match_option, render_question, split_question
from audio_reasoner.core.errors import InputError

ROWS = [(name, *case) for name, cases in ALL.items() for case in cases]


@pytest.mark.parametrize(
    ("category", "reply", "options", "expected"), ROWS, ids=[f"{name}: {reply[:50]!r}" for name, reply, *_ in ROWS]
)
def test_reply_means(category: str, reply: str, options: tuple[str, ...], expected: int | None) -> None:
    found = match_option(reply, options)
    assert found.index == expected, f"{category}: {found}"
    assert found.detail


def test_the_table_is_wide_enough() -> None:
    assert len(ROWS) >= 250
    assert sum(expected is None for *_, expected in ROWS) >= 100
    assert len({(reply, options) for _, reply, options, _ in ROWS}) == len(ROWS)


@pytest.mark.parametrize(
    ("reply", "rule"),
    [
        ("(b)", "letter"),
        ("bell", "text"),
        ("\\boxed{B}", "boxed"),
        ("The answer is B.", "conclusion"),
        ("(b) because it rings", "lead"),
        ("So it must be the bell.", "therefore"),
        ("I hear a bell ringing.", "mention"),
        ("", "empty"),
        ("No idea.", "nothing"),
        ("It is not the bell.", "negated"),
        ("bell or dog", "several"),
        ("(b) dog", "conflict"),
        ("(k)", "out_of_range"),
    ],
)
def test_every_mapping_names_its_rule(reply: str, rule: str) -> None:
    assert match_option(reply, ("dog", "bell", "siren")).rule == rule


WORDS = st.sampled_from(
    ["dog", "bell", "siren", "cat", "rain", "a loud horn", "two birds", "glass breaking", "C", "no"]
)
OPTIONS = st.lists(WORDS, min_size=2, max_size=8, unique=True)


@given(OPTIONS, st.data())
@settings(deadline=None)
def test_labelled_replies_reach_their_option(options: list[str], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(options) - 1))
    form = data.draw(
        st.sampled_from(
            [
                "({l}) {t}",
                "{L}. {t}",
                "{L}) {t}",
                "The answer is ({l}) {t}.",
                "I choose ({L}).",
                "Option ({l}) is correct.",
            ]
        )
    )
    reply = form.format(l=letter(index), L=letter(index).upper(), t=options[index])
    assert match_option(reply, options).index == index


@given(OPTIONS, st.data())
@settings(deadline=None)
def test_letter_and_text_of_different_options_mean_none(options: list[str], data: st.DataObject) -> None:
    i, j = data.draw(st.permutations(range(len(options))))[:2]
    assert match_option(f"({letter(i)}) {options[j]}", options).index is None
    assert match_option(f"The answer is ({letter(i)}) {options[j]}.", options).index is None


@given(OPTIONS)
@settings(deadline=None)
def test_repeating_all_options_means_none(options: list[str]) -> None:
    listed = "\n".join(f"({letter(i)}) {option}" for i, option in enumerate(options))
    assert match_option(listed, options).index is None
    assert match_option("Which one? " + listed, options).index is None


@given(st.text(max_size=200), st.lists(st.text(max_size=20), min_size=1, max_size=27))
@settings(deadline=None, max_examples=300)
def test_any_text_gives_an_answer_in_range_or_none(reply: str, options: list[str]) -> None:
    found = match_option(reply, options)
    assert found.index is None or 0 <= found.index < len(options)
    assert match_option(reply, options) == found


@pytest.mark.parametrize(
    "reply",
    [
        "not " * 30_000,
        "dog " * 30_000,
        "the answer is " * 15_000,
        "(" * 100_000,
        "A or " * 30_000,
        "dog, bell or " * 10_000,
        "so " * 40_000,
        "\\boxed{" * 20_000,
        "<answer>" * 15_000,
        "wait, " * 20_000,
        "B) " * 30_000,
    ],
    ids=lambda reply: repr(reply[:16]),
)
def test_long_hostile_replies_are_read_in_linear_time(reply: str) -> None:
    start = time.process_time()
    match_option(reply, ("dog", "bell", "siren"))
    assert time.process_time() - start < 5


# ------------------------------------------------------------------------------------------------- showing and reading

NICE_OPTION = st.text(
    st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs"), exclude_characters="\x85"),
    min_size=1,
    max_size=30,
).filter(lambda text: bool(text.split()))
STEM = st.sampled_from(
    ["What is heard?", "In which order (a) or (b)?", "Which one? A. Nobody knows", "声音是什么？", "Q:"]
)


@given(STEM, st.lists(NICE_OPTION, min_size=2, max_size=26))
@settings(deadline=None, max_examples=300)
def test_what_is_rendered_is_read_back(stem: str, options: list[str]) -> None:
    shown = render_question(stem, options)
    assert split_question(shown) == (stem, tuple(" ".join(option.split()) for option in options))
    assert len(shown.split("\n")) == 1 + len(options)


def test_rendering_uses_lower_case_letters_line_by_line() -> None:
    assert render_question(" Which sound? ", ("dog", "a\nbell")) == "Which sound?\n(a) dog\n(b) a bell"
    assert render_question("Describe it.", ()) == "Describe it."
    assert render_question("?", [str(i) for i in range(26)]).endswith("(z) 25")


@pytest.mark.parametrize("options", [("only",), tuple(str(i) for i in range(27)), ("dog", "  ")])
def test_impossible_options_are_refused(options: tuple[str, ...]) -> None:
    with pytest.raises(InputError) as caught:
        render_question("Which sound?", options)
    assert caught.value.code == "question.options"


@pytest.mark.parametrize(
    ("text", "stem", "options"),
    [
        ("What? (a) dog (b) cat", "What?", ("dog", "cat")),
        ("What? (A) dog (B) cat (C) a bell", "What?", ("dog", "cat", "a bell")),
        ("What? A. dog B. cat", "What?", ("dog", "cat")),
        ("What? A) dog B) cat C) cow", "What?", ("dog", "cat", "cow")),
        ("What? a: dog b: cat", "What?", ("dog", "cat")),
        ("What?\nA. dog\nB. cat", "What?", ("dog", "cat")),
        ("What?\nA) dog\nB) cat", "What?", ("dog", "cat")),
        ("What?\na: dog\nb: cat\n", "What?", ("dog", "cat")),
        ("What?\n- (a) dog\n- (b) cat", "What?", ("dog", "cat")),
        ("What? (a) dog, (b) cat, or (c) cow.", "What?", ("dog", "cat", "cow")),
        ("What? (a) dog; (b) cat; (c) cow", "What?", ("dog", "cat", "cow")),
        ("What?\n(a) a dog that\n  barks\n(b) cat", "What?", ("a dog that barks", "cat")),
        ("What?\n(a) dog\n(b) cat\n\nAnswer with a letter.", "What?\nAnswer with a letter.", ("dog", "cat")),
        ("哪个？（A）狗（B）猫", "哪个？", ("狗", "猫")),
        ("What is (a) here?\n(a) dog\n(b) cat", "What is (a) here?", ("dog", "cat")),
        ("Open question without options.", "Open question without options.", ()),
        ("A dog. B cat?", "A dog. B cat?", ()),
        ("Only one: (a) dog", "Only one: (a) dog", ()),
        ("Starts late: (b) dog (c) cat", "Starts late: (b) dog (c) cat", ()),
        ("", "", ()),
    ],
)
def test_options_are_read_in_all_common_forms(text: str, stem: str, options: tuple[str, ...]) -> None:
    assert split_question(text) == (stem, options)


@given(st.text(alphabet="(aAbB).: \n,;cC：）（", max_size=80))
@settings(deadline=None)
def test_reading_never_fails_and_never_gives_one_option(text: str) -> None:
    _, options = split_question(text)
    assert len(options) != 1
    assert len(options) <= 26


def test_letters() -> None:
    assert [letter(0), letter(25)] == ["a", "z"]
    for wrong in (-1, 26):
        with pytest.raises(ValueError, match="no letter"):
            letter(wrong)


@given(st.text(alphabet="aA bB1.,:-%#'_()\n\t9zZ0\\/&+\"?!<>\x00\x7f", max_size=20))
@settings(deadline=None, max_examples=500)
def test_the_quick_form_of_the_words_of_ascii_is_the_general_one(text: str) -> None:
    assert matching._ASCII_TOKEN.split(text) == matching._TOKEN.split(text)
