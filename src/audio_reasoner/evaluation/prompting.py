"""How a question is put to a model: our own form, and the forms benchmarks and papers use.

Decision: the wording of a prompt decides numbers by several points, so each style has a name, its texts have a hash in
every run, and `exact` says whether the wording is the published one to the letter. Where only the gist of a prompt is
public, the words are ours and `exact` is false. A style never looks at the answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from audio_reasoner.core import ids
from audio_reasoner.core.choices import LEAST_OPTIONS, MOST_OPTIONS, render_question
from audio_reasoner.core.errors import ConfigError, InputError
from audio_reasoner.evaluation.base import Benchmark, Item

VERSION = 1
"""Raised when a wording here changes: answers to two wordings are not mixed in one run."""
_ANSWER_TAG = re.compile(r"<answer>(.*?)</answer>")


@dataclass(frozen=True)
class Style:
    """A way of asking.

    Attributes:
        name: what `--prompt` takes.
        title: for people.
        exact: the wording is the published one to the letter.
        needs_choices: it only makes sense with options.
        render: (question, choices) to the text; choices may be empty unless `needs_choices`.
        take: what of a reply is the answer, where the style asks for a wrapping that scorers do not know; None: all.
    """

    name: str
    title: str
    exact: bool
    needs_choices: bool
    render: Callable[[str, Sequence[str]], str]
    take: Callable[[str], str] | None = None


def _mmau(question: str, choices: Sequence[str]) -> str:
    # The published form is an f-string with the list itself in it, so the options stand as a Python list.
    return f"{question}  Select one option from the provided choices.\n{list(choices)}."


def _mmar(question: str, choices: Sequence[str]) -> str:
    return f"{question}\nSelect one option from the provided choices:\n" + "\n".join(choices)


def _flamingo(question: str, choices: Sequence[str]) -> str:
    lettered = [f"({chr(65 + i)}) {choice}" for i, choice in enumerate(choices)]
    return f"{question}\nChoose the correct option from the following options:\n" + "\n".join(lettered)


def _air(question: str, choices: Sequence[str]) -> str:
    if len(choices) > 4:
        raise InputError(f"the AIR-Bench form has four options; here are {len(choices)}.", code="prompt.options")
    # Questions of two options are sent with two empty ones: so does the official script.
    four = [*choices, *["None"] * (4 - len(choices))]
    ask = (
        "Choose the most suitable answer from options A, B, C, and D to respond the question in next line, "
        "you may only choose A or B or C or D."
    )
    return "\n".join([ask, question, *(f"{mark}. {text}" for mark, text in zip("ABCD", four, strict=True))])


def _r1(question: str, choices: Sequence[str]) -> str:
    return (
        f"{question} Please choose the answer from the following options: {list(choices)}. "
        "Put your final answer into <answer> </answer>."
    )


def _answer_tag(reply: str) -> str:
    found = _ANSWER_TAG.search(reply)
    return found[1].strip() if found else reply


def _labels(question: str, choices: Sequence[str]) -> str:
    return f"{question} Answer with one of these words and nothing else: {', '.join(choices)}."


def _letters(question: str, choices: Sequence[str]) -> str:
    lettered = [f"{chr(65 + i)}. {choice}" for i, choice in enumerate(choices)]
    return "\n".join([question, *lettered, "Answer with the letter of the right option and nothing else."])


STYLES: Mapping[str, Style] = {
    style.name: style
    for style in (
        Style("ours", "question and lettered options, as in our training", True, False, render_question),
        Style("bare", "the question alone (AIR-Bench chat's form)", True, False, lambda question, _: question),
        Style("mmau", "the form MMAU's authors name as best", True, True, _mmau),
        Style("mmar", "the form MMAR suggests", True, True, _mmar),
        Style("air-foundation", "AIR-Bench foundation's inference script", True, True, _air),
        Style("audio-flamingo", "Audio Flamingo's; line breaks as we suppose them", False, True, _flamingo),
        Style("r1-aqa", "R1-AQA's options; the tag instruction in our words", False, True, _r1, _answer_tag),
        Style("labels", "question and a closed list of labels, our words", False, True, _labels),
        Style("letters", "lettered options, answer by letter, our words", False, True, _letters),
    )
}
"""The styles by name."""


def style_named(name: str) -> Style:
    """The style of a name.

    Raises:
        ConfigError: `eval.unknown_prompt`.
    """
    if (style := STYLES.get(name)) is None:
        known = "; ".join(f"{s.name} ({s.title})" for s in STYLES.values())
        raise ConfigError(f"there is no prompt style {name!r}.", code="eval.unknown_prompt", hint=f"Known: {known}.")
    return style


def official_style(benchmark: str, kind: str) -> str:
    """The style that comes closest to the official procedure of a benchmark."""
    named = {
        "mmau-mini": "mmau",
        "mmau-test": "mmau",
        "mmar": "mmar",
        "air-foundation": "air-foundation",
        "air-chat": "bare",
        "meld": "labels",
    }
    return named.get(benchmark, "bare" if kind in ("translation", "chat") else "ours")


def prompt_of(style: Style, item: Item, order: Sequence[int] | None = None) -> str:
    """The text that is sent for an item.

    Args:
        style: how to ask.
        item: what to ask.
        order: which official choice stands at each place; None for the official order.

    Raises:
        InputError: `prompt.no_question`, `question.options` (one option, more than 26, a blank one),
            `prompt.options` (the style cannot show so many), `prompt.no_options` (the style needs options),
            `prompt.not_text` (a lone surrogate).
    """
    if not item.question.strip():
        raise InputError(f"item {item.id} asks no question.", code="prompt.no_question")
    choices = item.choices if order is None else tuple(item.choices[i] for i in order)
    if not choices and style.needs_choices:
        raise InputError(
            f"item {item.id} has no options, and the style {style.name} shows options.", code="prompt.no_options"
        )
    if choices and not LEAST_OPTIONS <= len(choices) <= MOST_OPTIONS:
        raise InputError(
            f"item {item.id} has {len(choices)} options; {LEAST_OPTIONS} to {MOST_OPTIONS} can be asked.",
            code="question.options",
        )
    # Official scripts put the question in as it stands, with any space at its end.
    text = style.render(item.question, choices).strip()
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InputError(
            f"item {item.id} holds half a character ({text[error.start]!a}), which no model can be sent.",
            code="prompt.not_text",
        ) from None
    return text


def prompts_hash(style: Style, benchmark: Benchmark) -> str:
    """Hash over what makes the prompts of a run besides the data file: the style, and words of ours in the questions.

    Where official files ask no question the reader puts one, which the first item shows.
    """
    form = style.render("QUESTION", ("FIRST", "SECOND"))
    question = benchmark.items[0].question if benchmark.items else ""
    return ids.digest({"version": VERSION, "style": style.name, "form": form, "question": question}).hex()


def wording_is_published(style: Style, benchmark: Benchmark) -> bool:
    """Whether a prompt is published to the letter: the style's words, and the question itself."""
    return style.exact and style.name != "ours" and benchmark.kind in ("choice", "chat")
