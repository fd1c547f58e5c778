"""Spoken lists into a run: lists, voices that say the same words again, short pauses, the machinery of dialogues.

Decision: a run has `VARIANTS` versions of each embedded voice, each with pitch, tract and pace of its own. All words
are spoken once by each version and then put together as often as one likes, so thousands of clips cost little more than
their mixing; another seed has other versions, so that no take of a test set is one of the training set. All pauses come
from one distribution: a longer pause before the same speaker would tell who speaks without any voice being heard.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from audio_reasoner.core.errors import ConfigError
from audio_reasoner.core.ids import derive_seed
from audio_reasoner.synth.dialogue import MAX_SECONDS, Mixing
from audio_reasoner.synth.dialogue_run import Made, make_dialogues
from audio_reasoner.synth.scripts.lists import WRITER, check_lists, write_lists
from audio_reasoner.synth.voices.espeak import Espeak
from audio_reasoner.synth.voices.presets import Jitter, Preset, draw_jitter

SOURCE: Final = "synth-lists"
VARIANTS: Final = 6
"""Versions of each voice in one run."""
PAUSE: Final = (4.0, 0.35, 0.15)
"""Between any two turns: shape and mean of the Gamma distribution, shortest; seconds."""
LEAST_SECONDS: Final = 1.0


class ListVoices(Espeak):
    """The embedded voices in `VARIANTS` fixed versions each.

    Args:
        seed: which versions.
        workers: processes that speak; one per core if not given.
    """

    def __init__(self, seed: int, workers: int | None = None) -> None:
        super().__init__(workers)
        self._seed = seed

    def jitter(self, preset: Preset, rng: np.random.Generator) -> Jitter:
        """One of the versions."""
        which = int(rng.integers(VARIANTS))
        return draw_jitter(np.random.default_rng(derive_seed(self._seed, "lists/voice", preset.name, which)))


def make_lists(
    run: Path,
    n: int,
    seed: int,
    *,
    turns: tuple[int, int] = (1, 5),
    speakers: tuple[int, int] = (1, 4),
    sorts: Sequence[str] = ("digits", "names"),
    max_seconds: float = 10.0,
    rooms: float = 0.0,
    background: float = 0.0,
    workers: int | None = None,
    on_turn: Callable[[], None] | None = None,
    on_list: Callable[[], None] | None = None,
) -> Made:
    """Speak `n` lists and store them as the run's clips.

    Args:
        run: the run directory; it is made.
        n: how many lists; `n` more begin with the same ones.
        seed: decides words, speakers, voices, pauses and levels.
        turns: fewest and most words of a list.
        speakers: fewest and most speakers.
        sorts: what is listed: "digits", "names" or both.
        max_seconds: longest clip; a longer one is left out.
        rooms: share of lists that are spoken in a room.
        background: share of lists with a sound beneath the voices.
        workers: processes that speak.
        on_turn: told each turn that was spoken.
        on_list: told each list that was dealt with.

    Raises:
        ConfigError: impossible settings, or the run holds lists of other settings.
        EnvironmentProblem: the embedded voices are not installed, the disk is full.
    """
    check_lists(turns, speakers, sorts)
    if not LEAST_SECONDS <= max_seconds <= MAX_SECONDS:
        raise ConfigError(
            f"lists of at most {max_seconds:g} s; {LEAST_SECONDS:g} to {MAX_SECONDS:g} s are possible.",
            code="synth.bad_range",
        )
    lists = write_lists(n, seed, turns=turns, speakers=speakers, sorts=sorts)
    told = {
        "lists": WRITER,
        "turns": list(turns),
        "speakers": list(speakers),
        "words": list(dict.fromkeys(sorts)),
        "seconds": max_seconds,
    }
    mixing = Mixing(rooms=rooms, background=background, max_seconds=max_seconds, pause=PAUSE)
    with ListVoices(seed, workers) as voices:
        return make_dialogues(
            run, enumerate(lists), voices, seed, told, name=SOURCE, mixing=mixing, on_turn=on_turn, on_script=on_list
        )
