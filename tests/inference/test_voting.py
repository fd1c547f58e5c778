"""Votes: the rule that decides, that stopping early changes nothing, and that nothing is computed for nothing."""

from __future__ import annotations

import random
from collections.abc import Iterator

import numpy as np
import pytest

from audio_reasoner.core.chain import parse_chain, response_body
from audio_reasoner.core.choices import match_option
from audio_reasoner.core.errors import ConfigError, InputError
from audio_reasoner.inference import Answer, Reasoner, Sampling
from audio_reasoner.inference import votes as v
from audio_reasoner.models.qwen2_audio import Loaded

OPTIONS = ("dog", "bell", "rain")
HOT = Sampling(1.0, 1.0, 3)


def answer(said: str, logprob: float | None = -0.5, options: tuple[str, ...] = OPTIONS, tokens: int = 10) -> Answer:
    text = f"<THINK>…</THINK><RESPONSE>{said}</RESPONSE>"
    parsed = parse_chain(text)
    option = match_option(response_body(parsed, text), options) if options else None
    return Answer(text, parsed, option, tokens, 25, "end", 0.1, 0.0, response_logprob=logprob)


def counted(answers: list[Answer], k: int, weight: v.Weight = "one", options: tuple[str, ...] = OPTIONS) -> v.Vote:
    count = v._Count(options, k, weight, True)
    for number, one in enumerate(answers):
        count.take(number, one)
    return count.result(answers, 1.0)


def test_most_answers_win_and_none_is_counted_as_none() -> None:
    found = counted([answer(x) for x in ("(b) bell", "no idea", "dog", "bell", "a dog or a bell")], 5)
    assert (found.counts, found.none, found.winner, found.tied) == ((1, 2, 0), 2, 1, False)
    assert (found.share, found.agreement) == (2 / 5, 2 / 3)
    assert found.answer is not None
    assert found.answer.parsed.response == "(b) bell"
    assert found.report()["votes"][1] == {"text": "bell", "votes": 2, "weight": 2.0}
    nobody = counted([answer("hm"), answer("")], 2)
    assert (nobody.winner, nobody.none, nobody.share, nobody.answer, nobody.report()["text"]) == (
        None,
        2,
        0,
        None,
        None,
    )


def test_ties_go_to_the_likelier_response_then_to_the_first_option() -> None:
    likelier = counted([answer("dog", -0.9), answer("bell", -0.2), answer("bell", -0.6), answer("dog", -0.1)], 4)
    assert (likelier.winner, likelier.tied) == (1, True)  # -0.4 beats -0.5
    first = counted([answer("rain", -0.5), answer("bell", -0.5)], 2)
    assert (first.winner, first.tied) == (1, True)
    unknown = counted([answer("rain", None), answer("bell", None)], 2)
    assert unknown.winner == 1


def test_weights_are_probabilities() -> None:
    said = [answer("dog", -3.0), answer("dog", -3.0), answer("bell", -0.1)]
    assert counted(said, 3).winner == 0
    weighted = counted(said, 3, "logprob")
    assert weighted.winner == 1
    assert weighted.weights == pytest.approx((2 * np.exp(-3.0), np.exp(-0.1), 0.0))
    assert counted([answer("dog", None), answer("bell", -9.0)], 2, "logprob").winner == 1


def test_open_questions_are_voted_on_by_words() -> None:
    said = ["Two dogs.", "ein Glöckchen", "two  DOGS", "ein Glo\u0308ckchen!", "two dogs", "…"]
    found = counted([answer(x, options=()) for x in said], 6, options=())
    assert (found.choices, found.counts, found.none, found.winner) == (("Two dogs.", "ein Glöckchen"), (3, 2), 1, 0)


@pytest.mark.parametrize("weight", ["one", "logprob"])
def test_stopping_early_never_changes_the_winner(weight: v.Weight) -> None:
    rng = random.Random(5)
    stopped = 0
    for _ in range(400):
        k, shares = rng.randrange(1, 10), [rng.random() ** 3 for _ in range(4)]
        said = rng.choices(["dog", "bell", "rain", "nothing"], shares, k=k)
        answers = [answer(x, -rng.random() * 2) for x in said]
        whole = v._Count(OPTIONS, k, weight, False)
        early = v._Count(OPTIONS, k, weight, True)
        for number in rng.sample(range(k), k):
            whole.take(number, answers[number])
            if early.open:
                early.take(number, answers[number])
        a, b = whole.result(answers, 0.0), early.result(answers, 0.0)
        assert a.winner == b.winner
        assert a.decided_after == b.decided_after <= k
        stopped += b.decided_after < k
        if b.decided_after < k:
            rest = [n for n in range(k) if n not in early.answers]
            for choice in OPTIONS:  # whatever the others had said
                other = v._Count(OPTIONS, k, weight, False)
                for n in range(k):
                    other.take(n, answer(choice, 0.0) if n in rest else answers[n])
                assert other.result(answers, 0.0).winner == b.winner
    assert stopped > 100


def test_what_was_saved_is_estimated_from_the_finished() -> None:
    count = v._Count(OPTIONS, 7, "one", True)
    for number in range(4):
        count.take(number, answer("dog", tokens=8 + number))
    found = count.result([*count.answers.values(), *(answer("", tokens=2) for _ in range(3))], 0.0)
    assert (found.decided_after, found.tokens, found.saved_tokens) == (4, 44, 22)  # 3 chains of 9.5 less 6 of them


# --- with a model


@pytest.fixture(scope="module")
def reasoner(micro: Loaded) -> Reasoner:
    return Reasoner(micro.model, micro.processor)


def noise(samples: int, seed: int = 0) -> np.ndarray:
    return (np.random.default_rng(samples + seed).standard_normal(samples) * 0.1).astype(np.float32)


def test_a_vote_asked_beside_others_is_the_vote_asked_alone(reasoner: Reasoner) -> None:
    requests = [(noise(16_000), "Which?", None), (noise(24_000), "How many?", None), (noise(16_000, 2), "Which?", None)]
    told: list[int] = []
    together = v.vote_batch(reasoner, requests, 3, HOT, 6, rows=6, done=lambda n, _: told.append(n))
    assert told == [0, 1, 2]
    for found, (audio, question, options) in zip(together, requests, strict=True):
        alone = v.vote(reasoner, audio, question, options, 3, HOT, 6)
        assert [a.text for a in alone.answers] == [a.text for a in found.answers]
        assert len({a.text for a in found.answers}) == 3
        assert found.tokens == sum(a.tokens for a in found.answers) > 0


def test_chains_that_cannot_matter_are_abandoned(reasoner: Reasoner, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every answer means the same here: once four of seven have ended the others need not."""
    monkeypatch.setattr(v._Count, "_choice", lambda _self, _answer: 0)
    stops = frozenset(range(0, 300, 4))
    monkeypatch.setattr(reasoner, "stop_ids", stops)
    audio, most = noise(16_000), 60
    whole = v.vote(reasoner, audio, "Which?", ["a", "b"], 7, HOT, most, stop_early=False)
    early = v.vote(reasoner, audio, "Which?", ["a", "b"], 7, HOT, most)
    lengths = sorted(a.tokens for a in whole.answers)
    assert len(set(lengths)) > 3, "chains of one length test nothing"
    assert whole.winner == early.winner == 0
    assert len(whole.answers) == 7
    assert early.decided_after == whole.decided_after == 4
    assert len(early.answers) < 7
    assert early.tokens < whole.tokens
    assert {a.text for a in early.answers} <= {a.text for a in whole.answers}


@pytest.mark.parametrize(
    ("k", "sampling", "code"),
    [(0, HOT, "vote.bad_k"), (True, HOT, "vote.bad_k"), (4, Sampling(0.0), "vote.greedy")],
)
def test_votes_that_are_none_are_refused(reasoner: Reasoner, k: int, sampling: Sampling, code: str) -> None:
    with pytest.raises(ConfigError) as caught:
        v.vote(reasoner, noise(16_000), "Which?", None, k, sampling, 4)
    assert caught.value.code == code


def test_bad_input_is_refused_as_for_a_single_question(reasoner: Reasoner) -> None:
    with pytest.raises(InputError) as caught:
        v.vote(reasoner, noise(16_000), " ", None, 2, HOT, 4)
    assert caught.value.code == "question.empty"
    assert v.vote_batch(reasoner, [], 2, HOT, 4) == []
    single = v.vote(reasoner, noise(16_000), "Which?", None, 1, Sampling(0.0), 4)
    assert (single.k, len(single.answers), single.decided_after) == (1, 1, 1)


class _Far:
    """A server: answers come in an order of its own; none says how likely it was."""

    def __init__(self, said: list[str]) -> None:
        self.said, self.seeds, self.told = said, [], 0  # type: ignore[var-annotated]

    def ask_each(self, requests: list[object], most: int, *, sampling: list[Sampling]) -> Iterator[tuple[int, Answer]]:
        assert most == 9
        self.seeds = [s.seed for s in sampling]
        for number in reversed(range(len(requests))):
            self.told += 1
            yield number, answer(self.said[number], None)


def test_a_server_is_asked_until_it_is_decided() -> None:
    far = _Far(["dog", "dog", "bell", "bell", "rain", "bell", "bell", "bell"])
    found = v.vote(far, None, "Which?", OPTIONS, 8, HOT, 9)  # type: ignore[arg-type]
    assert found.winner == 1
    assert far.told == len(found.answers) == found.decided_after == 6
    assert len(set(far.seeds)) == 8
    with pytest.raises(ConfigError) as caught:
        v.vote(far, None, "Which?", OPTIONS, 8, HOT, 9, weight="logprob")  # type: ignore[arg-type]
    assert caught.value.code == "vote.no_logprobs"
