"""What to do with a clip that is longer than the 30 seconds the model hears at once.

Decision: refuse, unless the caller says which of two other questions is meant: `split` asks about the whole clip, heard
as several recordings in order, `truncate30` asks about its first 30 seconds. Nothing is cut in silence, as the model's
own processor does. A cut lies on the border of an audio token (40 ms), so no sound is lost between two pieces and their
tokens add up to those of the clip. Every piece is 30 seconds long, so that piece k starts at 30·(k-1) seconds; only
where less than `SHORTEST_S` would be left over do the last two pieces share their time, because an encoder trained on
whole sounds makes little of half a second.

Pieces cost context: 750 tokens each. The models were trained for 8,192 positions, and past those they give no error but
words without sense, so what does not fit is refused here.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from audio_reasoner.core.errors import ConfigError, InputError
from audio_reasoner.models.features import (
    HOP,
    MAX_FRAMES,
    MAX_SECONDS,
    RATE,
    audio_tokens_of,
    check_pcm,
    frames_of,
)

if TYPE_CHECKING:
    import numpy as np

Over30 = Literal["refuse", "split", "truncate30"]
POLICIES: tuple[Over30, ...] = get_args(Over30)
MAX_SAMPLES = MAX_FRAMES * HOP
TOKEN_SAMPLES = 4 * HOP
"""Samples of one audio token: 40 ms."""
SHORTEST_S = 5.0
"""A last piece shorter than this shares time with the one before it."""
MAX_PIECES = 20
"""Pieces per clip where the caller does not say how much context there is: ten minutes."""
RESERVED = 1024
"""Positions that `room_for_audio` leaves to the question and the answer."""


def room_for_audio(config: Any, reserved: int = RESERVED) -> int:
    """Audio tokens that fit a model's context beside `reserved` tokens for question and answer.

    Args:
        config: a Qwen2AudioConfig.
        reserved: tokens of the prompt's text and of the longest answer.
    """
    return max(0, int(config.text_config.max_position_embeddings) - reserved)


def cut(pcm: np.ndarray, policy: Over30 = "refuse", room: int | None = None, what: str = "audio") -> list[np.ndarray]:
    """The pieces of a clip that the model hears one after the other; a clip of at most 30 s is one piece, itself.

    Args:
        pcm: mono samples at 16 kHz. The pieces are views of it, not copies.
        policy: for a clip over 30 s: `refuse`; `split` into pieces of at most 30 s, each of at least one audio token;
            `truncate30` keeps the first 30 seconds.
        room: most audio tokens in all, see `room_for_audio`; None allows `MAX_PIECES` pieces.
        what: how to call the clip in a message, for example its path.

    Raises:
        InputError: not one-dimensional, not finite, too short (``audio.shape``, ``audio.not_finite``,
            ``audio.too_short``); over 30 s with `refuse` (``audio.too_long``); pieces that do not fit
            (``audio.too_many_pieces``).
        ConfigError: ``audio.policy``: no such policy.
    """
    import numpy as np

    if policy not in POLICIES:
        raise ConfigError(
            f"unknown policy {policy!r} for audio over {MAX_SECONDS:.0f} s; expected {', '.join(POLICIES)}.",
            code="audio.policy",
        )
    length = pcm.shape[0] if pcm.ndim == 1 else 0
    if pcm.ndim != 1 or length <= MAX_SAMPLES:
        check_pcm(pcm, what)
        pieces = [pcm]
    elif policy == "refuse":
        raise _too_long(length / RATE, what)
    else:
        heard = pcm[:MAX_SAMPLES] if policy == "truncate30" else pcm
        # Looked at before the work is planned, so that a broken sample is not reported as one of piece 17.
        if not bool(np.isfinite(heard).all()):
            raise InputError(f"{what} holds values that are not numbers.", code="audio.not_finite")
        pieces = _split(heard)
    _check_room(pieces, length, room)
    return pieces


def look_at(path: Path, policy: Over30) -> None:
    """Refuse a file that is missing, broken or too long by what it says of itself: before a model is loaded for it,
    which takes minutes where the model is large.

    Raises:
        InputError: the codes of `core.audio.probe`; ``audio.too_long``.
    """
    from audio_reasoner.core.audio import probe

    seconds = probe(path).duration_s
    # Resampling may round a sample up: what is decoded decides in the end.
    if policy == "refuse" and seconds > MAX_SAMPLES / RATE + 0.01:
        raise _too_long(seconds, str(path))


def _too_long(seconds: float, what: str) -> InputError:
    return InputError(
        f"{what} is {seconds:.1f} s long; the model hears at most {MAX_SECONDS:.0f} s.",
        code="audio.too_long",
        hint="Choose what is meant: `split` hears it as several recordings in one prompt, `truncate30` only its "
        "first 30 seconds; or cut it yourself.",
    )


def tokens_of(pieces: list[np.ndarray]) -> list[int]:
    """Audio tokens of each piece."""
    return [audio_tokens_of(frames_of(piece.shape[0])) for piece in pieces]


def _split(pcm: np.ndarray) -> list[np.ndarray]:
    starts = list(range(0, pcm.shape[0], MAX_SAMPLES))
    left = pcm.shape[0] - starts[-1]
    if len(starts) > 1 and left < SHORTEST_S * RATE:
        both = pcm.shape[0] - starts[-2]
        # Rounded up, so that the last piece is never the longer one.
        starts[-1] = starts[-2] + -(-both // 2 // TOKEN_SAMPLES) * TOKEN_SAMPLES
    return [pcm[start:end] for start, end in zip(starts, [*starts[1:], pcm.shape[0]], strict=True)]


def _check_room(pieces: list[np.ndarray], length: int, room: int | None) -> None:
    if room is None:
        if len(pieces) <= MAX_PIECES:
            return
        limit = f"at most {MAX_PIECES} are heard in one prompt"
        fits = MAX_PIECES * MAX_SECONDS
    else:
        if sum(tokens_of(pieces)) <= room:
            return
        limit = f"of {sum(tokens_of(pieces))} tokens, and the model's context has room for {room}"
        fits = room * TOKEN_SAMPLES / RATE
    raise InputError(
        f"audio is {length / RATE:.1f} s long: {len(pieces)} pieces of at most {MAX_SECONDS:.0f} s, {limit}.",
        code="audio.too_many_pieces",
        hint=f"Cut it to at most {int(fits)} s, or ask with `truncate30` about its first 30 seconds.",
    )
