"""Earlier turns of a dialogue about the same recording, as the model reads them: questions and responses.

Decision: what the model thought in an earlier turn never goes back into the prompt. Samples with a history were trained
so (`core.records.Turn`), and the same record writes the turn here. Whatever the caller passes, a whole chain or the
`Answer` itself, only the text of RESPONSE is read; a reply that has none is refused, because leaving the turn out or
showing the thoughts in its place would both be another dialogue than the caller's.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import TypeAlias

from audio_reasoner.core.chain import parse_chain, response_body
from audio_reasoner.core.choices import render_question
from audio_reasoner.core.errors import InputError
from audio_reasoner.core.records import Turn
from audio_reasoner.inference.answer import Answer

Earlier: TypeAlias = "tuple[str, Sequence[str] | None, Answer | str]"
"""An earlier turn: the question, its options, and what was answered: an `Answer`, a whole chain, or a response."""


def earlier_turns(history: Sequence[Earlier] | None) -> list[tuple[str, str]]:
    """(question as asked, what the assistant said) of each earlier turn, oldest first, for `ChatFormat.prompt`.

    Raises:
        InputError: an empty question (``question.empty``), options that cannot be asked (``question.options``), an
            answer without a RESPONSE, or one that cannot be shown (``history.response``).
    """
    turns: list[tuple[str, str]] = []
    for number, (question, options, said) in enumerate(history or (), 1):
        if not question.strip():
            raise InputError(f"the question of the earlier turn {number} is empty.", code="question.empty")
        asked = render_question(question, tuple(options or ()))
        check_text(asked, f"the question of the earlier turn {number}")
        turns.append((asked, _shown(response_text(said, number), number)))
    return turns


def response_text(said: Answer | str, number: int = 1) -> str:
    """The RESPONSE of an earlier answer: the text itself if it has no tags at all.

    Args:
        said: the answer, its whole text, or only its response.
        number: which turn it is, for the error.

    Raises:
        InputError: ``history.response``: it has tags and no RESPONSE, or says nothing.
    """
    text = said.text if isinstance(said, Answer) else said
    response = response_body(parse_chain(text), text).strip()
    if not response:
        raise InputError(
            f"the answer of the earlier turn {number} has no RESPONSE.",
            code="history.response",
            hint="Leave the turn out, or give the response that was shown.",
        )
    return unicodedata.normalize("NFC", response)


def check_text(text: str, what: str) -> None:
    """Refuse what cannot be written as UTF-8.

    Raises:
        InputError: ``question.bad_text``.
    """
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InputError(
            f"{what} is no valid text: it holds a lone surrogate at sign {error.start + 1}.", code="question.bad_text"
        ) from error


def _shown(response: str, number: int) -> str:
    check_text(response, f"the response of the earlier turn {number}")
    try:
        return Turn(question="?", response=response).to_text()
    except ValueError as error:
        raise InputError(
            f"the response of the earlier turn {number} holds a tag of the chain.", code="history.response"
        ) from error
