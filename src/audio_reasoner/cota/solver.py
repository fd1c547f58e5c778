"""What a solver's answers say about a question: how hard it is, whether its gold answer is in doubt, whether it needs
its audio.

Decision: shares are set against guessing. Of n options one is right by chance c = 1/n, so an answer counts on the scale
(share - c) / (1 - c), where 0 is guessing and 1 is always right; else a question with two options would look easier,
and less dependent on its audio, than the same question with four.
- `audio_dependence` = (accuracy with audio - max(best blind accuracy, c)) / (1 - c), where blind means the question
  alone, and silence in the clip's place. The better of two blind shares errs towards less dependence.
- `difficulty`: 1 from 2/3 of that scale on, 2 from 1/3 on, else 3.
- `label_noise`: hearing the clip, the solver gives one option other than the gold one in at least three quarters of at
  least two trials.
Open questions have no options to count; they get no figures.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from audio_reasoner.core.records import Question, SolverResult
from audio_reasoner.teachers import Hearing, Solved

AGREEMENT = 0.75
LEAST_TRIALS = 2
EASY, MEDIUM = 2 / 3, 1 / 3


def above_chance(share: float, options: int) -> float:
    """A share of right answers on the scale where 0 is guessing among `options` and 1 always right.

    >>> above_chance(0.25, 4), above_chance(1.0, 4)
    (0.0, 1.0)
    """
    return (share * options - 1) / (options - 1)


def result_of(question: Question, answers: Sequence[Solved], trials: int) -> SolverResult:
    """Figures of one question from all its answers."""
    n = len(question.options)
    if not n:
        return SolverResult(trials=trials)

    def share(hearing: Hearing) -> float | None:
        tried = [a for a in answers if a.hearing == hearing]
        return sum(a.index == question.gold_index for a in tried) / len(tried) if tried else None

    heard, text, silence = share("audio"), share("text"), share("silence")
    blind = [x for x in (text, silence) if x is not None]
    dependence = difficulty = None
    if heard is not None:
        scaled = above_chance(heard, n)
        difficulty = 1 if scaled >= EASY else 2 if scaled >= MEDIUM else 3
        if blind:
            dependence = round(max(-1.0, scaled - max(0.0, above_chance(max(blind), n))), 6)
    return SolverResult(
        accuracy=heard,
        blind_text=text,
        blind_silence=silence,
        audio_dependence=dependence,
        label_noise=_noise(question, [a for a in answers if a.hearing == "audio"]),
        difficulty=difficulty,
        trials=trials,
    )


def _noise(question: Question, heard: Sequence[Solved]) -> bool | None:
    if len(heard) < LEAST_TRIALS:
        return None
    index, times = Counter(a.index for a in heard).most_common(1)[0]
    return index is not None and index != question.gold_index and times / len(heard) >= AGREEMENT


async def ask_all(ask: Callable[[Hearing, int], Awaitable[Solved]], trials: int, *, hears: bool) -> tuple[Solved, ...]:
    """All answers about one question, at the same time; blind ones only where the solver is given no sound."""
    ways: tuple[Hearing, ...] = ("text", "silence", "audio") if hears else ("text",)
    tasks = [asyncio.ensure_future(ask(way, k)) for way in ways for k in range(trials)]
    try:
        return tuple(await asyncio.gather(*tasks))
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise


def to_json(result: SolverResult, answers: Sequence[Solved], solver: str) -> str:
    """The row of the `solve` stage: the figures, and what was answered."""
    stored: dict[str, Any] = {
        "decision": "solved",  # every stage that judges has one, so that the ledger can count it
        "solver": solver,
        "blind": {"text": result.blind_text, "silence": result.blind_silence},
        "audio": {"accuracy": result.accuracy},
        "difficulty": result.difficulty,
        "label_noise": result.label_noise,
        "audio_dependence": result.audio_dependence,
        "trials": result.trials,
        "answers": [{"hearing": a.hearing, "trial": a.trial, "index": a.index, "text": a.text} for a in answers],
    }
    return json.dumps(stored, ensure_ascii=False, sort_keys=True)


def from_json(text: str) -> SolverResult:
    """The figures of a `solve` row."""
    stored = json.loads(text)
    return SolverResult(
        accuracy=stored["audio"]["accuracy"],
        blind_text=stored["blind"]["text"],
        blind_silence=stored["blind"]["silence"],
        audio_dependence=stored["audio_dependence"],
        label_noise=stored["label_noise"],
        difficulty=stored["difficulty"],
        trials=stored["trials"],
    )
