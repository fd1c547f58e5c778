"""Random models asked under constraints: every answer is well-formed, whoever asks, however it is drawn."""

from __future__ import annotations

import random
import time
from collections import Counter
from itertools import pairwise

import pytest
import torch
from tests.inference.writers import CHAIN, babbler, noise

from audio_reasoner.core.chain import SECTIONS, SectionDelta
from audio_reasoner.core.errors import ConfigError, InputError
from audio_reasoner.inference import Answer, Budgets, Reasoner, Sampling
from audio_reasoner.inference import generate as g

OPTIONS = ["dog", "bell", "你好"]
HOT = Sampling(2.0, 1.0, 7)


@pytest.fixture(scope="module", params=[True, False], ids=["tags are tokens", "tags are pieces"])
def reasoner(request: pytest.FixtureRequest) -> Reasoner:
    loaded = babbler(request.param)
    return Reasoner(loaded.model, loaded.processor)


def questions(count: int) -> list[tuple[object, str, list[str]]]:
    return [(noise(3_200, i), f"Which sound comes first, the {i}th?", OPTIONS) for i in range(count)]


@pytest.mark.parametrize("sampling", [None, HOT, Sampling(2.0, 0.9, 8)], ids=["greedy", "hot", "top p"])
def test_every_answer_of_a_random_model_is_well_formed(reasoner: Reasoner, sampling: Sampling | None) -> None:
    free = reasoner.ask_batch(questions(5), 70, sampling=sampling)
    assert not any(a.parsed.well_formed for a in free), "a model that keeps to the form by itself tests nothing"
    for answer in reasoner.ask_batch(questions(5), 70, sampling=sampling, constrain=True):
        assert answer.parsed.well_formed, answer.parsed.defects
        assert answer.parsed.chain is not None
        assert answer.text.startswith("<THINK>\n<PLANNING>")
        assert answer.text.endswith("</RESPONSE>")
        assert answer.tokens <= 70
        assert set(answer.timings.sections) == set(SECTIONS)
    named = reasoner.ask_batch(questions(5), 90, sampling=sampling, constrain="option")
    assert all(a.parsed.well_formed for a in named)
    assert all(a.option is not None and a.option.index is not None for a in named)
    assert all(a.parsed.response == f"({'abc'[a.option.index]}) {OPTIONS[a.option.index]}" for a in named if a.option)  # type: ignore[index]


def test_sections_end_at_their_budgets(reasoner: Reasoner) -> None:
    tight = Budgets(planning=3, caption=1, reasoning=6, summary=2, response=2)
    roomy = Budgets(planning=30, caption=1, reasoning=6, summary=2, response=2)
    asked = questions(4)
    short, long = (reasoner.ask_batch(asked, 200, sampling=HOT, budgets=b) for b in (tight, roomy))
    for brief, lengthy in zip(short, long, strict=True):
        assert brief.parsed.well_formed
        assert lengthy.parsed.well_formed
        assert {"planning", "caption"} <= set(brief.shortened)
        assert brief.stopped == "end", "a budget is no want of tokens"
        assert len(brief.parsed.sections["planning"] or "") < len(lengthy.parsed.sections["planning"] or "")
        assert lengthy.text.startswith(brief.text[: len("<THINK>\n<PLANNING>") + 1])


def test_an_answer_that_had_to_hurry_says_so(reasoner: Reasoner) -> None:
    least = reasoner.least_new_tokens()
    (answer,) = reasoner.ask_batch(questions(1), least, constrain=True)
    assert answer.parsed.well_formed
    assert answer.stopped == "length"
    assert answer.shortened == SECTIONS
    assert answer.tokens <= least
    with pytest.raises(ConfigError) as caught:
        reasoner.ask_batch(questions(1), least - 1, constrain=True)
    assert caught.value.code == "ask.too_few_tokens"
    assert reasoner.least_new_tokens(OPTIONS) > least
    (answer,) = reasoner.ask_batch(questions(1), reasoner.least_new_tokens(OPTIONS), constrain="option")
    assert answer.option is not None
    assert answer.option.index is not None


def test_a_stream_says_what_ask_says(reasoner: Reasoner) -> None:
    for more in (
        {"constrain": True},
        {"constrain": "option", "sampling": HOT},
        {"budgets": Budgets(planning=4, reasoning=2), "sampling": Sampling(1.5, 0.95, 2)},
        {"sampling": HOT},
    ):
        audio, question, options = questions(1)[0]
        *pieces, final = reasoner.stream(audio, question, options, 70, **more)  # type: ignore[arg-type]
        whole = reasoner.ask(audio, question, options, 70, **more)  # type: ignore[arg-type]
        assert isinstance(final, Answer)
        assert (final.text, final.tokens, final.shortened) == (whole.text, whole.tokens, whole.shortened)
        for name in SECTIONS:
            said = "".join(p.text for p in pieces if isinstance(p, SectionDelta) and p.section == name)
            assert said == (final.parsed.sections[name] or "")


def test_rows_of_a_batch_have_constraints_of_their_own(reasoner: Reasoner) -> None:
    asked = questions(6)
    own = [Sampling(1.0, 0.95, i) for i in range(6)]
    kinds = [None, True, "option", False, True, "option"]
    limits = [None, Budgets(planning=2), None, None, None, Budgets(summary=1)]
    begins = ["", "", CHAIN[:25], "<THINK>", CHAIN[:40], ""]
    together = reasoner.ask_batch(asked, 70, sampling=own, constrain=kinds, budgets=limits, prefixes=begins)  # type: ignore[arg-type]
    for i, answer in enumerate(together):
        alone = reasoner.ask_batch(
            asked[i : i + 1],
            70,
            sampling=own[i : i + 1],
            constrain=[kinds[i]],
            budgets=[limits[i]],
            prefixes=[begins[i]],  # type: ignore[list-item]
        )[0]
        assert alone.text == answer.text
        assert alone.tokens == answer.tokens <= 70
        assert answer.text.startswith(begins[i])
        assert answer.parsed.well_formed == bool(kinds[i])
    assert together[0].text == reasoner.ask_batch(asked[:1], 70, sampling=own[:1])[0].text


def test_equal_seeds_give_equal_chains(reasoner: Reasoner) -> None:
    asked = [questions(1)[0]] * 3
    first = [a.text for a in reasoner.ask_batch(asked, 60, sampling=HOT, constrain=True)]
    assert first == [a.text for a in reasoner.ask_batch(asked, 60, sampling=HOT, constrain=True)]
    assert len(set(first)) == 3
    assert first != [a.text for a in reasoner.ask_batch(asked, 60, sampling=Sampling(2.0, 1.0, 8), constrain=True)]


def test_a_beginning_is_continued_within_the_form(reasoner: Reasoner) -> None:
    begins = [CHAIN[:cut] for cut in (1, 7, 12, 25, 40, 75, len(CHAIN) - 3)]
    asked = questions(1) * len(begins)
    answers = reasoner.ask_batch(asked, 80, prefixes=begins, constrain=True, sampling=HOT)
    for begun, answer in zip(begins, answers, strict=True):
        assert answer.text.startswith(begun)
        assert answer.parsed.well_formed
        assert answer.tokens <= 80
    (done,) = reasoner.ask_batch(questions(1), 80, prefixes=[CHAIN], constrain=True)
    assert (done.text, done.tokens) == (CHAIN, 0)
    for wrong in ("Well,", CHAIN.replace("<CAPTION>", ""), CHAIN + "!"):
        with pytest.raises(InputError) as caught:
            reasoner.ask_batch(questions(1), 80, prefixes=[wrong], constrain=True)
        assert caught.value.code == "prefix.bad_form"


class Only:
    """A guide of fixed words."""

    def __init__(self, allowed: list[int] | None, banned: list[int] | None) -> None:
        self._sets = allowed, banned

    def allowed(self) -> list[int] | None:
        return self._sets[0]

    def banned(self) -> list[int] | None:
        return self._sets[1]

    def take(self, token: int) -> bool:
        return False


def test_what_is_left_keeps_its_odds() -> None:
    """Under a guide the model draws from its own distribution, as if the other tokens were not there."""
    shares = torch.tensor([0.4, 0.3, 0.2, 0.1])
    for guide, odds in ((Only(None, [0]), [0, 3 / 6, 2 / 6, 1 / 6]), (Only([1, 3], None), [0, 0.75, 0, 0.25])):
        prompts = [g.Prompt([1], (), guide, Sampling(1.0, 1.0, 0), random.Random(i)) for i in range(3000)]
        logprobs = torch.log(shares).repeat(len(prompts), 1)
        chosen, values = g._choose(logprobs, prompts)
        seen = Counter(chosen)
        for token, share in enumerate(odds):
            assert seen[token] / len(prompts) == pytest.approx(share, abs=0.04)
        assert values[0] == pytest.approx(float(torch.log(shares[chosen[0]])), abs=1e-6)


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"constrain": "sections"}, "ask.constrain"),
        ({"constrain": False, "budgets": Budgets(planning=3)}, "ask.constrain"),
        ({"constrain": [True, True]}, "ask.lengths"),
    ],
)
def test_constraints_that_are_none_are_refused(reasoner: Reasoner, more: dict[str, object], code: str) -> None:
    with pytest.raises(ConfigError) as caught:
        reasoner.ask_batch(questions(1), 80, **more)  # type: ignore[arg-type]
    assert caught.value.code == code


@pytest.mark.parametrize("most", [0, -1, 1.5, True])
def test_impossible_budgets_are_refused(most: object) -> None:
    with pytest.raises(ConfigError) as caught:
        Budgets(caption=most)  # type: ignore[arg-type]
    assert caught.value.code == "budgets.bad_value"


def test_taking_the_vocabulary_apart_is_no_hearing(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = babbler(True)
    first = Reasoner(loaded.model, loaded.processor)
    plan = first._format

    def slowly() -> object:
        time.sleep(0.5)
        return plan()

    monkeypatch.setattr(first, "_format", slowly)
    times = first.ask(noise(3_200), "Which?", None, 70, constrain=True).timings
    assert times.format >= 0.5
    assert times.hearing <= times.total - 0.5


def test_times_are_in_order(reasoner: Reasoner) -> None:
    (answer,) = reasoner.ask_batch(questions(1), 80, constrain=True)
    times = answer.timings
    assert times.first_token is not None
    assert times.format > 0
    assert 0 < times.hearing < times.hearing + times.format + times.prefill <= times.first_token <= times.total
    assert list(times.sections) == list(SECTIONS)
    assert all(a >= 0 for a in times.sections.values())
    assert sum(times.sections.values()) <= times.total
    assert (answer.seconds, answer.first_token_seconds) == (times.total, times.first_token)
    assert all(a < b for a, b in pairwise([0.0, times.hearing, times.total]))
