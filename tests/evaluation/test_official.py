"""The official matcher against a second implementation written from its description, and on its documented quirks."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio_reasoner.evaluation.official import official_key, official_match, substring_match, words


def second_tokens(text: str) -> set[str]:
    """Maximal runs of word characters, found without a regular expression."""
    found, run = set(), ""
    for char in [*text.lower(), " "]:
        # Python's \\w is exactly: alphanumeric or underscore.
        if char.isalnum() or char == "_":
            run += char
        elif run:
            found.add(run)
            run = ""
    return found


def second_opinion(answer: str, prediction: str, choices: list[str]) -> bool:
    said, wanted = second_tokens(prediction), second_tokens(answer)
    if len(said) == 0:
        return False
    for token in wanted:
        if token not in said:
            return False
    for choice in choices:
        tokens = second_tokens(choice)
        if tokens == wanted:
            continue
        for token in tokens:
            if token in said and token not in wanted:
                return False
    return True


BITS = [
    "dog",
    "Bell",
    "a",
    "A",
    "the",
    "don't",
    "ninety",
    "ninety-one",
    "one",
    "C#",
    "_x",
    "3",
    "é",
    "!!!",
    "...",
    "狗",
]
BITS += ["İ", "ǅ", "and", "bell", "DOG"]


def test_two_implementations_agree() -> None:
    rng = random.Random(20_000)

    def phrase() -> str:
        return rng.choice([" ", ", ", "-", ""]).join(rng.choices(BITS, k=rng.randrange(5)))

    correct = 0
    for _ in range(20_000):
        choices = [phrase() for _ in range(rng.randint(1, 6))]
        answer = rng.choice(choices)
        prediction = rng.choice([answer, answer + " " + phrase(), rng.choice(choices), phrase(), answer.upper()])
        verdict = official_match(answer, prediction, choices)
        assert verdict.correct == second_opinion(answer, prediction, choices), (answer, prediction, choices)
        correct += verdict.correct
        passing = official_key(answer, choices).passing
        assert passing == {choice for choice in choices if second_opinion(answer, choice, choices)}
    assert 4_000 < correct < 16_000  # both outcomes are well covered


@given(st.text(max_size=80))
@settings(deadline=None)
def test_tokens_agree(text: str) -> None:
    assert set(words(text)) == second_tokens(text)


CHOICES = ["a dog", "bell", "siren sound"]


@pytest.mark.parametrize(
    ("answer", "prediction", "choices", "correct"),
    [
        ("bell", "bell", CHOICES, True),
        ("bell", "BELL!", CHOICES, True),
        ("bell", "The answer is bell.", CHOICES, True),
        ("bell", "B", CHOICES, False),  # letters are never right
        ("bell", "(b) bell", CHOICES, True),
        ("bell", "(a) bell", CHOICES, False),  # unless the letter is a word of another choice
        ("bell", "a bell", CHOICES, False),
        ("bell", "I hear the sound of a bell", CHOICES, False),  # filler words of other choices
        ("bell", "bell, not siren", CHOICES, False),
        ("a dog", "dog", CHOICES, False),
        ("a dog", "dog dog a", CHOICES, True),  # a set: order and repetition vanish
        ("bell", "", CHOICES, False),
        ("bell", "...", CHOICES, False),
        ("don't", "don t", ["don't", "do"], True),  # apostrophes split
        ("ninety-one", "one ninety", ["ninety-one", "ninety"], True),
        ("ninety", "ninety-one", ["ninety-one", "ninety"], False),
        ("first: neutral, second: anger", "first: anger, second: neutral",
         ["first: neutral, second: anger", "first: anger, second: neutral"], True),  # the documented false positive
        ("dog", "dog", ["dog", "Dog!"], True),  # a duplicate forbids nothing
        ("!!!", "anything", ["!!!", "dog"], True),  # no words are always contained
        ("!!!", "dog", ["!!!", "dog"], False),
        ("x_1", "x 1", ["x_1", "y"], False),  # the underscore is a word character
    ],
)  # fmt: skip
def test_documented_quirks(answer: str, prediction: str, choices: list[str], correct: bool) -> None:
    verdict = official_match(answer, prediction, choices)
    assert verdict.correct is correct, verdict.reason
    assert second_opinion(answer, prediction, choices) is correct


def test_the_reason_names_the_words() -> None:
    assert official_match("bell", "a siren", CHOICES).reason == ("lacks bell; holds words of other choices: a, siren")


@pytest.mark.parametrize(
    ("answer", "prediction", "choices", "correct"),
    [
        ("bell", "the BELL rings", ["dog", "bell"], True),
        ("bell", "bell, not dog", ["dog", "bell"], False),
        ("bell", "", ["dog", "bell"], False),
        ("a", "cat", ["a", "b"], True),  # any text that holds the letters
        ("Bell", "bell", ["Bell", "bell"], False),  # a choice that differs in case only makes every reply wrong
        ("bell", "bell", ["bell", "bell"], True),
        ("bell tower", "bell tower", ["bell", "bell tower"], False),  # the other choice lies within the answer
        ("dog", " ", ["dog"], False),
    ],
)
def test_the_rule_of_october_2024(answer: str, prediction: str, choices: list[str], correct: bool) -> None:
    assert substring_match(answer, prediction, choices) is correct
