"""The policy: sampler and forward pass agree, advantages and gradients are those of the formulas, reward rises."""

from __future__ import annotations

import copy
import math
import random

import numpy as np
import pytest
import torch
from tests.models.conftest import MICRO, TEXTS

from audio_reasoner.inference.generate import Heard
from audio_reasoner.models import features, nano
from audio_reasoner.models.chat import ChatFormat
from audio_reasoner.models.qwen2_audio import Loaded
from audio_reasoner.training.policy import SPREAD_FLOOR, Asked, Drawn, advantages, draw, likelihood, push


@pytest.fixture(scope="module")
def babbler() -> Loaded:
    loaded = nano.create(MICRO, TEXTS, seed=3)
    with torch.no_grad():
        loaded.model.lm_head.weight.normal_(0.0, 0.3, generator=torch.Generator().manual_seed(3))
    loaded.model.eval()
    return loaded


def asked(loaded: Loaded, samples: int, question: str) -> Asked:
    pcm = (np.random.default_rng(samples).standard_normal(samples) * 0.1).astype(np.float32)
    frames = features.frames_of(samples)
    ids = ChatFormat(loaded.processor).prompt(question, features.audio_tokens_of(frames))
    return Asked(question, tuple(ids), Heard(features.log_mel(pcm), frames))


def drawn(
    loaded: Loaded, questions: list[Asked], chains: int, *, seed: int = 1, most: int = 12, temperature: float = 1.0
) -> list[list[Drawn]]:
    tokenizer = loaded.processor.tokenizer
    return draw(
        loaded.model,
        tokenizer,
        questions,
        chains,
        temperature=temperature,
        max_new_tokens=most,
        stop_ids=frozenset({tokenizer.eos_token_id, *range(300, 330)}),
        pad_id=tokenizer.pad_token_id,
        seed=seed,
    )


@pytest.mark.parametrize("temperature", [1.0, 0.7])
def test_the_sampler_and_the_forward_pass_agree(babbler: Loaded, temperature: float) -> None:
    """The classic trap: a gradient of something that was not done."""
    questions = [asked(babbler, 16_000, "Which?"), asked(babbler, 24_000, "How many sounds are there?")]
    groups = drawn(babbler, questions, 6, temperature=temperature)
    lengths = {len(c.ids) for g in groups for c in g}
    assert len(lengths) > 2, "chains of one length test no mask"
    for question, group in zip(questions, groups, strict=True):
        found = likelihood(babbler.model, question, [c.ids for c in group], temperature, 0)
        assert found.mask.sum(1).tolist() == [len(c.ids) for c in group]
        for row, mask, chain in zip(found.plain, found.mask, group, strict=True):
            assert row[mask].tolist() == pytest.approx(chain.logprobs, abs=1e-4)
        alone = [likelihood(babbler.model, question, [c.ids], temperature, 0).policy[0] for c in group]
        for row, mask, one in zip(found.policy, found.mask, alone, strict=True):
            assert torch.allclose(row[mask], one, atol=1e-5)
        hot = found.policy[found.mask]
        assert (temperature == 1.0) == bool(torch.equal(hot, found.plain[found.mask]))


def test_a_whole_forward_pass_of_transformers_says_the_same(babbler: Loaded) -> None:
    """Against the model as transformers runs it: whole rows, padded audio, no cache, no code of ours."""
    question = asked(babbler, 16_000, "Which?")
    (group,) = drawn(babbler, [question], 3)
    found = likelihood(babbler.model, question, [c.ids for c in group], 1.0, 0)
    pcm = (np.random.default_rng(16_000).standard_normal(16_000) * 0.1).astype(np.float32)
    heard = babbler.processor.feature_extractor(
        pcm, sampling_rate=16_000, return_tensors="pt", padding="max_length", return_attention_mask=True
    )
    for row, mask, chain in zip(found.plain, found.mask, group, strict=True):
        ids = torch.tensor([[*question.ids, *chain.ids]])
        with torch.no_grad():
            logits = babbler.model(
                input_ids=ids,
                attention_mask=torch.ones_like(ids),
                input_features=heard["input_features"],
                feature_attention_mask=heard["attention_mask"],
            ).logits[0]
        said = torch.log_softmax(logits[len(question.ids) - 1 : -1], -1).gather(1, torch.tensor(chain.ids)[:, None])
        assert torch.allclose(row[mask], said[:, 0], atol=1e-4)


def test_chains_depend_on_seed_question_and_number_alone(babbler: Loaded) -> None:
    questions = [asked(babbler, 16_000, "Which?"), asked(babbler, 24_000, "How many?")]
    both = drawn(babbler, questions, 4)
    assert [c.ids for c in drawn(babbler, questions[1:], 4)[0]] == [c.ids for c in both[1]]
    assert [c.ids for c in drawn(babbler, questions, 2)[0]] == [c.ids for c in both[0][:2]]
    assert len({c.ids for g in both for c in g}) == 8
    assert drawn(babbler, questions, 4, seed=2) != both


def test_a_stop_token_is_part_of_the_chain(babbler: Loaded) -> None:
    stops = {babbler.processor.tokenizer.eos_token_id, *range(300, 330)}
    chains = [c for g in drawn(babbler, [asked(babbler, 16_000, "Which?")], 16) for c in g]
    assert {c.ended for c in chains} == {True, False}
    for chain in chains:
        assert chain.ended == (chain.ids[-1] in stops)
        assert len(chain.ids) == len(chain.logprobs) <= 12
        assert chain.ended or len(chain.ids) == 12
        told = [i for i in chain.ids if i not in stops]
        assert chain.text == babbler.processor.tokenizer.decode(told, skip_special_tokens=True)


def test_advantages() -> None:
    assert advantages([2.0, 0.0, 1.0, 1.0], False) == [1.0, -1.0, 0.0, 0.0]
    spread = math.sqrt(0.5) + SPREAD_FLOOR
    assert advantages([2.0, 0.0, 1.0, 1.0]) == pytest.approx([1 / spread, -1 / spread, 0.0, 0.0])
    assert advantages([0.5] * 4) == [0.0] * 4
    rng = random.Random(1)
    for _ in range(50):
        assert sum(advantages([rng.random() for _ in range(8)])) == pytest.approx(0.0, abs=1e-9)


def test_the_gradient_is_the_one_computed_by_hand() -> None:
    """Two chains, of two tokens and of one, over a vocabulary of two; logits [a, 0], so p(0) = 1 / (1 + e^-a)."""
    a = torch.tensor([0.3, -0.8, 0.5], requires_grad=True)  # chain 0: a0, a1; chain 1: a2
    picked = [0, 1, 1]
    own = torch.stack([torch.log_softmax(torch.stack([x, x * 0]), 0)[t] for x, t in zip(a, picked, strict=True)])
    mask = torch.tensor([[True, True], [True, False]])
    policy = torch.zeros(2, 2).masked_scatter(mask, own)
    shift = torch.tensor([[0.1, -0.05], [0.5, 9.0]])  # how much likelier now than when they were drawn
    reference = policy.detach() + torch.tensor([[0.2, -0.4], [0.3, 9.0]])
    worth, beta, clip = [1.5, -0.7], 0.1, 0.2
    found = push(policy, (policy - shift).detach(), reference, torch.tensor(worth), mask, clip=clip, beta=beta)
    found.loss.backward(retain_graph=True)  # type: ignore[no-untyped-call]
    hand, loss, kl = [], 0.0, 0.0
    for x, t, s, w, d in zip(
        [0.3, -0.8, 0.5], picked, [0.1, -0.05, 0.5], [1.5, 1.5, -0.7], [0.2, -0.4, 0.3], strict=True
    ):
        p0 = 1 / (1 + math.exp(-x))
        slope = (1 - p0) if t == 0 else -p0  # d log p / d a
        ratio = math.exp(s)
        bounded = min(max(ratio, 1 - clip), 1 + clip)
        loss += -min(ratio * w, bounded * w) + beta * (math.exp(d) - d - 1)
        kl += math.exp(d) - d - 1
        moved = ratio * w <= bounded * w  # a ratio above 1 + clip of a bad chain is still pushed back
        hand.append((-ratio * w * moved + beta * (1 - math.exp(d))) * slope)
    assert a.grad is not None
    assert a.grad.tolist() == pytest.approx(hand, abs=1e-6)
    assert float(found.loss.detach()) == pytest.approx(loss, abs=1e-6)
    assert found.kl == pytest.approx(kl, abs=1e-6)
    assert found.clipped == 0
    good = push(policy, policy.detach() - 0.5, None, torch.tensor([1.0, 1.0]), mask, clip=0.2, beta=0.0)
    assert good.clipped == 3
    (gradient,) = torch.autograd.grad(good.loss, a)
    assert gradient.abs().sum() == 0, "what is likely enough is pushed no further"


def test_reward_rises_on_a_toy_task(babbler: Loaded) -> None:
    """Say tokens of even number: about half at first, nearly all after some steps; the leash holds it back."""
    start = copy.deepcopy(babbler.model)
    question = asked(babbler, 8_000, "Which?")

    def play(beta: float) -> list[float]:
        loaded = Loaded(copy.deepcopy(start), babbler.processor)
        loaded.model.eval()
        optimiser = torch.optim.Adam(loaded.model.parameters(), lr=5e-3)
        course = []
        for step in range(25):
            (group,) = drawn(loaded, [question], 16, seed=step, most=6)
            rewards = [sum(t % 2 == 0 for t in c.ids) / len(c.ids) for c in group]
            course.append(sum(rewards) / len(rewards))
            chains = [c.ids for c in group]
            now = likelihood(loaded.model, question, chains, 1.0, 0)
            with torch.no_grad():
                reference = likelihood(start, question, chains, 1.0, 0).policy
            worth = torch.tensor(advantages(rewards))
            done = push(now.policy, now.policy.detach(), reference, worth, now.mask, clip=0.2, beta=beta)
            (done.loss / int(now.mask.sum())).backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            optimiser.zero_grad()
        return course

    free, held = play(0.0), play(20.0)
    assert 0.3 < free[0] == held[0] < 0.7
    assert sum(free[-3:]) / 3 > 0.9
    assert sum(held[-3:]) / 3 < sum(free[-3:]) / 3 - 0.1
