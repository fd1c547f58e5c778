"""What people say in every scenario, in one language: the frames that a scenario's clauses are put into.

Decision: a frame is a whole line with named slots, and every frame of a list fits every clause of its kind, so that a
language is two files of data (its frames, its scenarios) and the way a dialogue goes is written once.

Slots: `{do}`, `{doing}` the option spoken of, `{reason}`, `{clause}`, `{question}`, `{want}`, `{name}`, `{heard}`,
`{misheard}`; with a capital (`{Clause}`) where a sentence begins.
"""

from __future__ import annotations

from dataclasses import dataclass

Frames = tuple[str, ...]


@dataclass(frozen=True)
class Phrases:
    """Frames of one language; names tell what they are for.

    Attributes:
        raise_choice: asks which of two options (`{do}`, `{other}`).
        propose, state: the first opinion; an opinion somebody was asked for.
        oppose, against: another opinion than the line before; `against` names the option that is refused.
        support, side: the same opinion as the line before; as somebody earlier.
        ask_opinion_name: end of a line that hands over to somebody.
        why, why_do, because: asks for a reason, also some lines later; gives it.
        argue: a reason, from somebody who wants to convince.
        change, firm: answers to a reason: convinced (names the new opinion), or not.
        agreed, agreed_reply, open, open_reply: how it ends; `agreed_later`, `open_later` after talk of something else.
        ask, ask_name, answer, tell, ack: something is asked, told, taken in.
        mishear, correct, sorted_out: a misunderstanding about a number or a day.
        ask_want, ask_want_name, want, ack_want: what somebody wants.
        arrive, arrived: somebody comes in and is named; what they say.
        thank_name: takes something in and names who said it.
        hello_name, hello_reply: a first line that names the other, and its answer.
        all, both: "we all" and "we both", as `agreed` needs them in `{all}`.
    """

    raise_choice: Frames
    propose: Frames
    state: Frames
    oppose: Frames
    against: Frames
    support: Frames
    side: Frames
    ask_opinion_name: Frames
    why: Frames
    why_do: Frames
    because: Frames
    argue: Frames
    change: Frames
    firm: Frames
    agreed: Frames
    agreed_later: Frames
    agreed_reply: Frames
    open: Frames
    open_later: Frames
    open_reply: Frames
    ask: Frames
    ask_name: Frames
    answer: Frames
    tell: Frames
    ack: Frames
    mishear: Frames
    correct: Frames
    sorted_out: Frames
    ask_want: Frames
    ask_want_name: Frames
    want: Frames
    ack_want: Frames
    arrive: Frames
    arrived: Frames
    thank_name: Frames
    hello_name: Frames
    all: str
    both: str
