"""Several sampled chains for one question, and what most of them say.

Decision: the k chains start from one shared prefill and run side by side; as soon as the rows that still run could no
longer change who wins, they are abandoned. "Could not change" is strict: the leader must be ahead by more votes than
are still out, so the vote that stops early names the option that the whole vote would have named. Every rule that
decides is here and can be read: what counts as an answer, how it is weighted, what breaks a tie.

Open questions are voted on by the text of the RESPONSE: NFKC, lower case, words only ("The Bell." and "the bell" are
one answer, "bell" is another). What belongs to a word or a number stays: "C#" is not "C", -3 not 3, and a vowel that
Hindi writes as a mark is a vowel. Nothing cleverer, because a cleverer rule would decide who wins.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from audio_reasoner.core import ids
from audio_reasoner.core.chain import response_body
from audio_reasoner.core.errors import AudioReasonerError, ConfigError
from audio_reasoner.inference.generate import Sampling
from audio_reasoner.inference.reasoner import MAX_NEW_TOKENS, Reasoner, Request

if TYPE_CHECKING:
    from audio_reasoner.inference.answer import Answer
    from audio_reasoner.inference.remote import RemoteReasoner

Weight = Literal["one", "logprob"]
K = 8
DRAWN = Sampling(temperature=0.7, top_p=0.95)
"""How the chains of a vote are drawn unless it is said."""
MOST_ROWS = 64
"""Chains computed side by side by `vote_batch`."""


@dataclass(frozen=True)
class Vote:
    """What k chains said.

    Attributes:
        k: how many chains were asked for.
        answers: those that were finished, in order of their numbers.
        choices: the options; of an open question the different answers, in the order of their first chain.
        counts: how many of `answers` mean each choice.
        weights: what they count for: `counts` again, or the sums of their weights.
        none: how many of `answers` mean none of the options (or say nothing).
        winner: the place of the winning choice in `choices`; None if no answer means any.
        answer: the answer that stands for the winner: of those that mean it the one whose RESPONSE was likeliest.
        tied: the winner was found by the rule for ties: the higher mean log probability of the RESPONSE over the
            answers that mean it, then the earlier choice.
        decided_after: how many answers were finished when the outcome could no longer change; `k` if all were needed.
            Chains that ended in the same step as the deciding one are in `answers` too.
        tokens: generated in all, abandoned chains included.
        saved_tokens: estimate of what stopping early saved: abandoned chains at the mean length of finished ones.
        seconds: wall time; in a batch, that of the batch.
    """

    k: int
    answers: tuple[Answer, ...]
    choices: tuple[str, ...]
    counts: tuple[int, ...]
    weights: tuple[float, ...]
    none: int
    winner: int | None
    answer: Answer | None
    tied: bool
    decided_after: int
    tokens: int
    saved_tokens: int
    seconds: float

    @property
    def share(self) -> float:
        """The winner's share of all finished answers; 0 without a winner."""
        return 0.0 if self.winner is None or not self.answers else self.counts[self.winner] / len(self.answers)

    @property
    def agreement(self) -> float:
        """The winner's share of the answers that mean any choice; 0 without a winner."""
        named = sum(self.counts)
        return 0.0 if self.winner is None or not named else self.counts[self.winner] / named

    def report(self) -> dict[str, Any]:
        """The vote as plain JSON, without the chains."""
        return {
            "k": self.k,
            "finished": len(self.answers),
            "decided_after": self.decided_after,
            "winner": self.winner,
            "text": None if self.winner is None else self.choices[self.winner],
            "tied": self.tied,
            "share": round(self.share, 4),
            "agreement": round(self.agreement, 4),
            "votes": [
                {"text": text, "votes": n, "weight": round(w, 6)}
                for text, n, w in zip(self.choices, self.counts, self.weights, strict=True)
            ],
            "none": self.none,
            "tokens": self.tokens,
            "saved_tokens": self.saved_tokens,
        }


_WORD = re.compile(r"(?<![^\W_])-?\d+(?:[.:]\d+)*%?|[^\W_]+[#\u266d+]*")
"""A number with its sign, its point and its per cent; a word with what makes it another note, mark or language."""


def normalised(text: str) -> str:
    """The form in which answers to open questions are compared; empty for a text that says nothing.

    >>> normalised(" The  Bell. "), normalised("C\u266f minor"), normalised("-4.5 dB")
    ('the bell', 'c# minor', '-4.5 db')
    """
    folded = unicodedata.normalize("NFKC", text).casefold().translate({0x266F: "#", 0x2212: "-"})
    # Marks are part of the sign before them, but to a regular expression they are no letters: they stand aside.
    bare: list[str] = []
    marks: list[str] = []
    for sign in folded:
        if bare and unicodedata.category(sign)[0] == "M":
            marks[-1] += sign
        else:
            bare.append(sign)
            marks.append("")
    found = [range(*m.span()) for m in _WORD.finditer("".join(bare))]
    words = ["".join(bare[i] + marks[i] for i in word) for word in found]
    if words:
        return " ".join(words)
    # An answer of nothing but a note, an arrow or a face is an answer, too.
    return "".join(sign for sign in folded if unicodedata.category(sign) in ("So", "Sm", "Sc"))


@dataclass
class _Count:
    """The votes of one question as they come in."""

    options: tuple[str, ...]
    k: int
    weight: Weight
    stop_early: bool
    answers: dict[int, Answer] = field(default_factory=dict)
    meant: dict[int, int] = field(default_factory=dict)
    texts: dict[str, int] = field(default_factory=dict)
    decided_after: int | None = None

    def take(self, number: int, answer: Answer) -> None:
        """Count an answer that is over."""
        self.answers[number] = answer
        choice = self._choice(answer)
        if choice is not None:
            self.meant[number] = choice
        if self.decided_after is None and self._settled():
            self.decided_after = len(self.answers)

    @property
    def open(self) -> bool:
        """Whether chains that still run are needed."""
        return self.decided_after is None or not self.stop_early

    def _choice(self, answer: Answer) -> int | None:
        if self.options:
            return answer.option.index if answer.option is not None else None
        name = normalised(response_body(answer.parsed, answer.text))
        return self.texts.setdefault(name, len(self.texts)) if name else None

    def _worth(self, answer: Answer) -> float:
        return 1.0 if self.weight == "one" else math.exp(_likely(answer))

    def _weights(self) -> dict[int, float]:
        out: dict[int, float] = {}
        for number in sorted(self.meant):
            choice = self.meant[number]
            out[choice] = out.get(choice, 0.0) + self._worth(self.answers[number])
        return out

    def _settled(self) -> bool:
        first, second, *_ = [*sorted(self._weights().values(), reverse=True), 0.0, 0.0]
        # A chain that is still out adds at most 1, to whichever choice.
        return first - second > self.k - len(self.answers)

    def result(self, asked: Sequence[Answer], seconds: float) -> Vote:
        """The vote as it stands; `asked` are all k chains, abandoned ones too."""
        # In order of the chains' numbers, so that choices of open questions do not depend on who was done first.
        order = sorted(self.answers)
        names = list(self.options)
        place = {i: i for i in range(len(names))}
        if not self.options:
            for number in order:
                if number in self.meant and self.meant[number] not in place:
                    place[self.meant[number]] = len(names)
                    first = self.answers[number]
                    names.append(response_body(first.parsed, first.text).strip())
        sums = {place[c]: w for c, w in self._weights().items()}
        meant = {n: place[c] for n, c in self.meant.items()}
        counts = [sum(c == i for c in meant.values()) for i in range(len(names))]
        most = max(sums.values(), default=0.0)
        leaders = [i for i in range(len(names)) if sums.get(i, 0.0) == most and counts[i]]
        of = {i: [self.answers[n] for n in order if meant.get(n) == i] for i in leaders}
        winner = max(leaders, key=lambda i: (_mean([_likely(a) for a in of[i]]), -i), default=None)
        finished = tuple(self.answers[n] for n in order)
        tokens = sum(a.tokens for a in asked)
        spent = tokens - sum(a.tokens for a in finished)
        usual = sum(a.tokens for a in finished) / len(finished) if finished else 0.0
        return Vote(
            k=self.k,
            answers=finished,
            choices=tuple(names),
            counts=tuple(counts),
            weights=tuple(sums.get(i, 0.0) for i in range(len(names))),
            none=len(finished) - sum(counts),
            winner=winner,
            answer=None if winner is None else max(of[winner], key=_likely),
            tied=len(leaders) > 1,
            decided_after=self.k if self.decided_after is None else self.decided_after,
            tokens=tokens,
            saved_tokens=max(0, round((self.k - len(finished)) * usual - spent)),
            seconds=seconds,
        )


def _likely(answer: Answer) -> float:
    return -math.inf if answer.response_logprob is None else answer.response_logprob


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else -math.inf


def vote(
    reasoner: Reasoner | RemoteReasoner,
    audio: Any,
    question: str,
    options: Sequence[str] | None = None,
    k: int = K,
    sampling: Sampling | None = None,
    max_new_tokens: int = MAX_NEW_TOKENS,
    *,
    weight: Weight = "one",
    stop_early: bool = True,
    **asking: Any,
) -> Vote:
    """Ask one question k times and count what the answers mean.

    Args:
        reasoner: a model here or behind a URL.
        audio: as `Reasoner.ask`; question and options too.
        k: how many chains, from 1.
        sampling: how their tokens are drawn, `DRAWN` by default; chain j draws from random numbers of its own that
            depend on the seed and on j alone.
        max_new_tokens: most tokens per chain; one that is cut counts for what it has said by then.
        weight: "one": every answer counts 1; "logprob": the geometric mean probability of its RESPONSE's tokens (0 if
            it has no RESPONSE).
        stop_early: abandon chains that cannot change the outcome.
        asking: more keyword arguments of `Reasoner.ask`: history, over_30s, constrain, budgets.

    Raises:
        ConfigError: `vote.bad_k`; `vote.greedy`: k chains that are all the same; `vote.no_logprobs`.
        InputError: as `Reasoner.ask`.
    """
    if (history := asking.pop("history", None)) is not None:
        asking["histories"] = [history]
    return vote_batch(
        reasoner,
        [(audio, question, options)],
        k,
        sampling,
        max_new_tokens,
        weight=weight,
        stop_early=stop_early,
        **asking,
    )[0]


def vote_batch(
    reasoner: Reasoner | RemoteReasoner,
    requests: Sequence[Request],
    k: int = K,
    sampling: Sampling | None = None,
    max_new_tokens: int = MAX_NEW_TOKENS,
    *,
    weight: Weight = "one",
    stop_early: bool = True,
    rows: int = MOST_ROWS,
    done: Callable[[int, Vote], None] = lambda _number, _vote: None,
    **asking: Any,
) -> list[Vote]:
    """`vote` for many questions, several of them side by side; each comes out as if it were asked alone.

    Args:
        requests: as `Reasoner.ask_batch`.
        rows: most chains computed at once (at least one question's k).
        done: told the number of each request and its vote.
        asking: more keyword arguments of `ask_batch`; `histories` is one per request.

    The others, and the errors: as `vote`.
    """
    if isinstance(k, bool) or not isinstance(k, int) or k < 1:
        raise ConfigError(f"a vote of {k!r} chains; expected a whole number from 1.", code="vote.bad_k")
    drawn = DRAWN if sampling is None else sampling
    if drawn.temperature == 0.0 and k > 1:
        raise ConfigError(
            f"at temperature 0 all {k} chains are the same, so there is nothing to vote on.",
            code="vote.greedy",
            hint="Give a temperature above 0, for example 0.7.",
        )
    local = isinstance(reasoner, Reasoner)
    if weight == "logprob" and not local:
        raise ConfigError(
            "a server's answers cannot be weighted: it does not say how likely they were.",
            code="vote.no_logprobs",
            hint='Vote with weight "one".',
        )
    settings = [replace(drawn, seed=ids.derive_seed(drawn.seed, "vote", j)) for j in range(k)]
    at_once = max(1, rows // k) if local else 1
    histories = asking.pop("histories", None)
    votes: list[Vote] = []
    for start in range(0, len(requests), at_once):
        part = requests[start : start + at_once]
        counts = [_Count(tuple(options or ()), k, weight, stop_early) for _, _, options in part]
        if histories is not None:
            asking["histories"] = [h for h in histories[start : start + at_once] for _ in range(k)]
        chains = [request for request in part for _ in range(k)]
        ask = _ask_here if local else _ask_there
        answers, seconds = ask(reasoner, chains, max_new_tokens, settings * len(part), counts, asking)
        for i, count in enumerate(counts):
            votes.append(count.result(answers[i * k : (i + 1) * k], seconds))
            done(len(votes) - 1, votes[-1])
    return votes


def _ask_here(
    reasoner: Any,
    chains: Sequence[Request],
    most: int,
    settings: Sequence[Sampling],
    counts: Sequence[_Count],
    asking: dict[str, Any],
) -> tuple[list[Answer], float]:
    k = counts[0].k
    answers = reasoner.ask_batch(
        chains,
        most,
        sampling=settings,
        finished=lambda n, answer: counts[n // k].take(n % k, answer),
        wanted=lambda n: counts[n // k].open,
        **asking,
    )
    return answers, max(a.seconds for a in answers)


def _ask_there(
    reasoner: Any,
    chains: Sequence[Request],
    most: int,
    settings: Sequence[Sampling],
    counts: Sequence[_Count],
    asking: dict[str, Any],
) -> tuple[list[Answer], float]:
    """A server tells its answers as they come; those no longer needed are not waited for."""
    import time

    (count,) = counts
    began = time.perf_counter()
    coming = reasoner.ask_each(chains, most, sampling=settings, **asking)
    try:
        for number, answer in coming:
            if isinstance(answer, AudioReasonerError):
                raise answer
            count.take(number, answer)
            if not count.open:
                break
    finally:
        coming.close()
    return [count.answers[n] for n in sorted(count.answers)], time.perf_counter() - began
