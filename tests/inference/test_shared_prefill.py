"""Equal prompts are heard and read once, and nobody can tell from the answers; rows leave without disturbing others."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
import torch

from audio_reasoner.inference import Reasoner, Sampling
from audio_reasoner.inference import generate as g
from audio_reasoner.inference.cache import moves
from audio_reasoner.models import features, qwen2_audio
from audio_reasoner.models.qwen2_audio import Loaded

HOT = Sampling(0.9, 0.95, 5)


def sound(samples: int, seed: int = 0) -> g.Heard:
    pcm = (np.random.default_rng(samples + seed).standard_normal(samples) * 0.1).astype(np.float32)
    return g.Heard(features.log_mel(pcm), features.frames_of(samples))


@pytest.fixture(scope="module")
def reasoner(micro: Loaded) -> Reasoner:
    return Reasoner(micro.model, micro.processor)


def prompt(reasoner: Reasoner, heard: g.Heard, question: str = "Which?", seed: int | None = None) -> g.Prompt:
    ids = reasoner.format.prompt(question, [features.audio_tokens_of(heard.frames)])
    return g.Prompt(ids, (heard,), None, HOT if seed is not None else None, random.Random(seed))


def said(
    reasoner: Reasoner,
    prompts: list[g.Prompt],
    *,
    most: int = 12,
    stop: frozenset[int] = frozenset(),
    wanted: Callable[[int], bool] = lambda _row: True,
) -> list[list[int]]:
    out: list[list[int]] = [[] for _ in prompts]
    found = g.decode(reasoner.model, prompts, stop_ids=stop, max_new_tokens=most, pad_id=0, wanted=wanted)
    for token in found:
        out[token.row].append(token.id)
    return out


@contextmanager
def counted(reasoner: Reasoner, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, list[tuple[int, int]]]]:
    """(rows, length) of every call of the encoder and of the language model."""
    calls: dict[str, list[tuple[int, int]]] = {"encoder": [], "text": []}
    real = qwen2_audio.encode

    def encode(model: object, mels: torch.Tensor, frames: list[int]) -> object:
        calls["encoder"].append((mels.shape[0], mels.shape[2]))
        return real(model, mels, frames)

    def note(_module: object, _args: object, kwargs: dict[str, torch.Tensor]) -> None:
        calls["text"].append((kwargs["inputs_embeds"].shape[0], kwargs["inputs_embeds"].shape[1]))

    monkeypatch.setattr(qwen2_audio, "encode", encode)
    handle = reasoner.model.model.language_model.register_forward_pre_hook(note, with_kwargs=True)
    try:
        yield calls
    finally:
        handle.remove()
        monkeypatch.undo()


def test_equal_prompts_are_heard_and_read_once(reasoner: Reasoner, monkeypatch: pytest.MonkeyPatch) -> None:
    heard = sound(16_000)
    prompts = [prompt(reasoner, heard, seed=i) for i in range(8)]
    with counted(reasoner, monkeypatch) as calls:
        together = said(reasoner, prompts)
    assert [rows for rows, _ in calls["encoder"]] == [1]
    assert calls["text"][0] == (1, len(prompts[0].ids)), "one row is prefilled"
    assert calls["text"][1:] == [(8, 1)] * 11
    alone = [said(reasoner, [prompt(reasoner, heard, seed=i)])[0] for i in range(8)]
    assert together == alone, "each row draws from its own random numbers"
    assert len({tuple(x) for x in together}) == 8


def test_several_questions_with_several_samples_each(reasoner: Reasoner, monkeypatch: pytest.MonkeyPatch) -> None:
    """Prompts of different lengths, mixed: what is shared is told by content, and padding follows the right rows."""
    one, other, same_length = sound(16_000), sound(40_123), sound(16_000, 9)
    kinds = [(one, "Which?"), (other, "Which sound comes first, I wonder?"), (same_length, "Which?"), (one, "How?")]
    order = [0, 1, 0, 2, 3, 1, 1, 0, 2, 3]
    prompts = [prompt(reasoner, *kinds[k]) for k in order]
    with counted(reasoner, monkeypatch) as calls:
        together = said(reasoner, prompts)
    assert [rows for rows, _ in calls["encoder"]] == [3]
    assert calls["text"][0][0] == 4
    alone = [said(reasoner, [prompt(reasoner, *kind)])[0] for kind in kinds]
    assert together == [alone[k] for k in order]
    assert len({tuple(x) for x in alone}) > 1


def test_sounds_are_told_by_what_they_are(reasoner: Reasoner, monkeypatch: pytest.MonkeyPatch) -> None:
    heard = sound(16_000)
    copy = replace(heard, mel=heard.mel.clone())
    almost = replace(heard, mel=heard.mel.clone())
    almost.mel[3, 7] += 1e-3
    with counted(reasoner, monkeypatch) as calls:
        said(reasoner, [prompt(reasoner, h) for h in (heard, copy, almost)])
    assert [rows for rows, _ in calls["encoder"]] == [2]
    assert calls["text"][0][0] == 2


def test_rows_that_end_leave_the_others_as_they_are(reasoner: Reasoner) -> None:
    """Rows stop at different places, so gaps are closed again and again, with and without padding."""
    for lengths in ([16_000] * 12, [16_000 + 1_600 * (i % 4) for i in range(12)]):
        prompts = [prompt(reasoner, sound(n, i % 3), seed=i) for i, n in enumerate(lengths)]
        alone = [said(reasoner, [prompt(reasoner, sound(n, i % 3), seed=i)], most=40)[0] for i, n in enumerate(lengths)]
        common = sorted({t for ids in alone for t in ids}, key=lambda t: sum(t in ids for ids in alone))
        stop = frozenset(common[-3:])
        cut = [next((ids[:k] for k, t in enumerate(ids) if t in stop), ids) for ids in alone]
        assert len({len(c) for c in cut}) > 4, "rows that all end together test nothing"
        assert said(reasoner, prompts, most=40, stop=stop) == cut


def test_rows_nobody_wants_are_abandoned(reasoner: Reasoner, monkeypatch: pytest.MonkeyPatch) -> None:
    heard = sound(16_000)
    steps = 0

    def wanted(row: int) -> bool:
        nonlocal steps
        steps += row == 0
        return row == 0 or steps < 3

    with counted(reasoner, monkeypatch) as calls:
        found = said(reasoner, [prompt(reasoner, heard, seed=i) for i in range(5)], wanted=wanted)
    assert [len(x) for x in found] == [12, 3, 3, 3, 3]
    assert calls["text"][1:] == [(5, 1)] * 2 + [(1, 1)] * 9
    assert found[0] == said(reasoner, [prompt(reasoner, heard, seed=0)])[0]


class _Guide:
    """Bans some tokens for ever and forces two tokens at the third place."""

    def __init__(self, bans: list[int], forces: list[int]) -> None:
        self.bans, self.forces, self.place = bans, forces, 0

    def allowed(self) -> list[int] | None:
        return self.forces if self.place == 2 else None

    def banned(self) -> list[int] | None:
        return self.bans

    def take(self, token: int) -> bool:
        self.place += 1
        return self.place == 3 and token in self.forces


@pytest.mark.parametrize("seed", [None, 4])
def test_a_guide_allows_and_bans(reasoner: Reasoner, seed: int | None) -> None:
    heard = sound(16_000)
    (free,) = said(reasoner, [prompt(reasoner, heard, seed=seed)])
    bans, forces = sorted(set(free)), [t for t in range(300, 320) if t not in free][:2]
    rows = [replace(prompt(reasoner, heard, seed=seed), guide=_Guide(bans, forces)), prompt(reasoner, heard, seed=seed)]
    guided, beside = said(reasoner, rows)
    assert beside == free
    assert not set(guided) & set(bans)
    assert guided[2] in forces
    assert len(guided) == 13, "the forced token does not count"


def test_gaps_are_closed_by_the_last_rows() -> None:
    rng = random.Random(1)
    for _ in range(300):
        n = rng.randrange(1, 12)
        gone = [i for i in range(n) if rng.random() < rng.random()]
        rows = list(range(n))
        pairs = moves(n, gone)
        for to, source in pairs:
            rows[to] = rows[source]
        assert sorted(rows[: n - len(gone)]) == [i for i in range(n) if i not in gone]
        assert len(pairs) <= len(gone)
