"""Clips over 30 seconds: refused, split without losing a sample, or cut because the caller said so."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_reasoner.core.errors import ConfigError, InputError
from audio_reasoner.inference import hearing
from audio_reasoner.models.features import RATE, audio_tokens_of, check_pcm, frames_of


def ramp(samples: int) -> np.ndarray:
    return np.linspace(-0.5, 0.5, samples, dtype=np.float32)


@pytest.mark.parametrize("policy", hearing.POLICIES)
def test_a_clip_of_at_most_30_s_is_itself(policy: hearing.Over30) -> None:
    for samples in (641, RATE, 30 * RATE):
        pcm = ramp(samples)
        [piece] = hearing.cut(pcm, policy)
        assert piece is pcm


def test_refusal_names_both_other_policies() -> None:
    with pytest.raises(InputError) as caught:
        hearing.cut(ramp(30 * RATE + 1))
    assert caught.value.code == "audio.too_long"
    assert "split" in caught.value.hint
    assert "truncate30" in caught.value.hint


def test_truncate30_hears_the_beginning() -> None:
    pcm = ramp(95 * RATE)
    [piece] = hearing.cut(pcm, "truncate30")
    assert np.array_equal(piece, pcm[: 30 * RATE])


def test_ten_minutes_are_20_pieces_of_30_s() -> None:
    pieces = hearing.cut(ramp(600 * RATE), "split")
    assert [p.shape[0] for p in pieces] == [30 * RATE] * 20
    assert hearing.tokens_of(pieces) == [750] * 20


@given(
    extra=st.integers(1, 3 * 30 * RATE),
    whole=st.integers(1, 3),
)
def test_split_loses_no_sample_and_no_token_and_leaves_no_scrap(extra: int, whole: int) -> None:
    pcm = np.zeros(whole * 30 * RATE + extra, dtype=np.float32)
    pieces = hearing.cut(pcm, "split")
    assert sum(p.shape[0] for p in pieces) == pcm.shape[0]
    starts = np.cumsum([0, *(p.shape[0] for p in pieces)])[:-1]
    assert all(start % hearing.TOKEN_SAMPLES == 0 for start in starts)
    assert all(p.base is pcm for p in pieces)
    assert len(pieces) == -(-pcm.shape[0] // (30 * RATE))
    for piece in pieces:
        check_pcm(piece)
        assert piece.shape[0] >= hearing.SHORTEST_S * RATE
    assert sum(hearing.tokens_of(pieces)) == audio_tokens_of(frames_of(pcm.shape[0]))


def test_one_sample_too_much_shares_the_time() -> None:
    pieces = hearing.cut(ramp(30 * RATE + 1), "split")
    assert [round(p.shape[0] / RATE, 1) for p in pieces] == [15.0, 15.0]


def test_what_does_not_fit_is_refused_before_it_is_heard() -> None:
    with pytest.raises(InputError, match="21 pieces") as caught:
        hearing.cut(ramp(601 * RATE), "split")
    assert caught.value.code == "audio.too_many_pieces"
    room = hearing.room_for_audio(SimpleNamespace(text_config=SimpleNamespace(max_position_embeddings=8192)))
    assert len(hearing.cut(ramp(9 * 30 * RATE), "split", room)) == 9
    with pytest.raises(InputError, match="room for 7168") as caught:
        hearing.cut(ramp(10 * 30 * RATE), "split", room)
    assert caught.value.code == "audio.too_many_pieces"
    assert "286 s" in caught.value.hint
    hearing.cut(ramp(int(286.7 * RATE)), "split", room)
    assert len(hearing.cut(ramp(601 * RATE), "truncate30", room)) == 1


@pytest.mark.parametrize("policy", hearing.POLICIES)
@pytest.mark.parametrize(
    ("pcm", "code"),
    [
        (np.zeros((2, 40 * RATE), dtype=np.float32), "audio.shape"),
        (np.zeros((), dtype=np.float32), "audio.shape"),
        (np.zeros(0, dtype=np.float32), "audio.too_short"),
        (np.zeros(160, dtype=np.float32), "audio.too_short"),
        (np.full(RATE, np.nan, dtype=np.float32), "audio.not_finite"),
    ],
)
def test_bad_samples_have_their_code_with_every_policy(pcm: np.ndarray, code: str, policy: hearing.Over30) -> None:
    with pytest.raises(InputError) as caught:
        hearing.cut(pcm, policy)
    assert caught.value.code == code


def test_a_broken_sample_in_a_long_clip_is_found_where_it_would_be_heard() -> None:
    pcm = ramp(50 * RATE)
    pcm[45 * RATE] = np.inf
    with pytest.raises(InputError) as caught:
        hearing.cut(pcm, "split")
    assert caught.value.code == "audio.not_finite"
    assert len(hearing.cut(pcm, "truncate30")) == 1


def test_an_unknown_policy_is_named() -> None:
    with pytest.raises(ConfigError, match="truncate40") as caught:
        hearing.cut(ramp(RATE), "truncate40")  # type: ignore[arg-type]
    assert caught.value.code == "audio.policy"
