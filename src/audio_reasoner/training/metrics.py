"""Accuracy on held-out samples, per question family, beside what a deaf guesser would get.

Decision: one number over all questions hides a model that answers "no" to everything, so families are reported apart,
each beside its *majority*: the better of always giving the commonest answer and always choosing the commonest letter,
both counted on the very samples evaluated, which is the hardest such baseline.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from audio_reasoner.core import ids
from audio_reasoner.core.errors import AudioReasonerError
from audio_reasoner.core.records import Clip
from audio_reasoner.dataset import Row

if TYPE_CHECKING:
    import numpy as np

    from audio_reasoner.inference import Answer, Reasoner
    from audio_reasoner.training.distributed import World

BATCH = 64


@dataclass(frozen=True)
class Judged:
    """One held-out sample and what the model made of it."""

    row: Row
    answer: Answer

    @property
    def right(self) -> bool:
        """Whether the answer means the gold option; an answer that means none is wrong. Open questions: equal text."""
        if self.answer.option is not None:
            return self.row.gold_index is not None and self.answer.option.index == self.row.gold_index
        return (self.answer.parsed.response or "").strip() == self.row.response.strip()


def choose(rows: Sequence[Row], n: int) -> list[Row]:
    """At most `n` rows, the same ones in every run: those with the smallest hash of their id."""
    return sorted(rows, key=lambda r: ids.derive_seed(0, "evaluate", r.sample_id))[:n]


def answer_rows(
    reasoner: Reasoner,
    rows: Sequence[Row],
    clips: dict[str, Clip],
    max_new_tokens: int,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> list[Judged]:
    """Let the model answer rows, many side by side, longest clips first so that a batch holds clips of one length.

    A follow-up question is asked after its earlier turns, as it is learned. Rows whose clip cannot be heard are left
    out: one file that is damaged or over 30 seconds must not end a training.
    """
    ordered = sorted(rows, key=lambda r: (-r.duration_s, r.sample_id))
    judged: list[Judged] = []
    for start in range(0, len(ordered), BATCH):
        part = ordered[start : start + BATCH]
        sounds = {c: _sound(clips[c]) for c in sorted({r.clip_id for r in part})}
        asked = [(r, pcm) for r in part if (pcm := sounds[r.clip_id]) is not None]
        answers = reasoner.ask_batch(
            [(pcm, r.question, r.options) for r, pcm in asked],
            max_new_tokens,
            histories=[[(t.question, t.options, t.response) for t in r.history] for r, _ in asked],
        )
        judged += [Judged(row, answer) for (row, _), answer in zip(asked, answers, strict=True)]
        progress(min(start + BATCH, len(ordered)), len(ordered))
    return judged


def _sound(clip: Clip) -> np.ndarray | None:
    """A clip's samples; None if the model cannot hear it."""
    from audio_reasoner.models.features import check_pcm
    from audio_reasoner.synth import clip_audio

    try:
        pcm = clip_audio(clip)
        check_pcm(pcm)
    except AudioReasonerError:
        return None
    return pcm


def majority(rows: Sequence[Row]) -> float:
    """Share right of the better deaf guesser: always the commonest answer, or always the commonest letter."""
    texts = Counter(r.gold_text for r in rows)
    letters = Counter(r.gold_index for r in rows if r.gold_index is not None)
    return max((*texts.values(), *letters.values())) / len(rows)


def summarise(judged: Sequence[Judged]) -> dict[str, Any]:
    """Accuracy and majority over all samples and per family, and the share of well-formed chains. Plain JSON values."""
    if not judged:
        return {"samples": 0, "clips": 0, "families": {}}
    families: dict[str, list[Judged]] = {}
    for j in judged:
        families.setdefault(j.row.family, []).append(j)
    rows = [j.row for j in judged]
    return {
        "samples": len(judged),
        "clips": len({r.clip_id for r in rows}),
        "accuracy": _share(j.right for j in judged),
        "well_formed": _share(j.answer.parsed.well_formed for j in judged),
        "caption_exact": _share((j.answer.parsed.sections["caption"] or "") == j.row.caption for j in judged),
        "no_option_meant": _share(j.answer.option is not None and j.answer.option.index is None for j in judged),
        "cut_at_length": _share(j.answer.stopped == "length" for j in judged),
        "mean_answer_tokens": round(sum(j.answer.tokens for j in judged) / len(judged), 1),
        "families": {
            name: {
                "samples": len(some),
                "accuracy": _share(j.right for j in some),
                "majority": round(majority([j.row for j in some]), 4),
            }
            for name, some in sorted(families.items())
        },
    }


def _share(values: Any) -> float:
    found = [bool(v) for v in values]
    return round(sum(found) / len(found), 4)


def evaluate(
    reasoner: Reasoner,
    rows: Sequence[Row],
    clips: dict[str, Clip],
    n: int,
    max_new_tokens: int,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
    world: World | None = None,
) -> dict[str, Any]:
    """`summarise` over at most `n` of the rows, with the seconds it took and the generated tokens per second; and, if
    there were any, how many of them were `unheard`: their clips could not be heard.

    With several processes each answers its part, and all get the whole.
    """
    rank, size = (world.rank, world.size) if world is not None else (0, 1)
    chosen = choose(rows, n)
    started = time.perf_counter()
    judged = answer_rows(reasoner, chosen[rank::size], clips, max_new_tokens, progress)
    if world is not None:
        judged = [j for part in world.gather(judged) for j in part]
    seconds = time.perf_counter() - started
    tokens = sum(j.answer.tokens for j in judged)
    found = {**summarise(judged), "seconds": round(seconds, 2), "tokens_per_second": round(tokens / max(seconds, 1e-9))}
    return found | ({"unheard": len(chosen) - len(judged)} if len(judged) < len(chosen) else {})
