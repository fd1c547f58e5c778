"""The seven emotions of MELD: the words they go by, the label a reply means, and the figures of a confusion matrix.

Decision: a word counts as a label only if it is the label itself in another form or language ("angry", "生气") or one
of the names other label lists use for the same class (happy for joy, scared for fear). Moods near a label (calm, upset,
excited) are no label: to count them would be a guess. A reply that names two labels means none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from audio_reasoner.core.choices import OptionMatch, match_option

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float64]

LABELS = ("neutral", "joy", "sadness", "surprise", "disgust", "anger", "fear")
"""In the order in which they are offered as options."""
UNPARSED = len(LABELS)
"""The column of replies that name no label, or several."""

EMOBOX = ("Neutral", "Happy", "Sad", "Surprise", "Disgust", "Angry", "Fear")
"""How EmoBox calls them, in the same order."""

_WORDS = {
    "neutral": "neutral neutrality 中性 中立",
    "joy": "joy joyful joyous joyfulness happy happiness 高兴 高興 开心 開心 快乐 快樂 喜悦 喜悅",
    "sadness": "sadness sad saddened sorrow sorrowful 悲伤 悲傷 伤心 傷心 难过 難過",
    "surprise": "surprise surprised suprise suprised astonished astonishment 惊讶 驚訝 吃惊 吃驚",
    "disgust": "disgust disgusted 厌恶 厭惡",
    "anger": "anger angry angered 愤怒 憤怒 生气 生氣",
    "fear": "fear fearful scared afraid frightened fright 恐惧 恐懼 害怕",
}
_CLASS = {word: label for label, words in _WORDS.items() for word in words.split()}
_ASCII = "|".join(sorted((w for w in _CLASS if w.isascii()), key=len, reverse=True))
_OTHER = "|".join(sorted((w for w in _CLASS if not w.isascii()), key=len, reverse=True))
_WORD = re.compile(rf"(?<![\w'’])(?:{_ASCII})(?![\w'’-])|{_OTHER}", re.IGNORECASE)
# "I'm afraid I cannot tell" and "happy to help" are manners, not emotions of the speaker.
_MANNERS = re.compile(
    r"\b(?:I['’]m|I am|we['’]re|we are)\s+(?:sorry,?\s+(?:but\s+)?)?(?:afraid|sad to say)\b"
    r"|\b(?:happy|glad)\s+to\s+(?:help|assist|answer)\b",
    re.IGNORECASE,
)


def class_of(word: str) -> int | None:
    """The class a single label word stands for, in any of its forms and in any case; None for any other text.

    >>> class_of("Happy"), class_of("anger"), class_of("calm")
    (1, 5, None)
    """
    label = _CLASS.get(word.strip().casefold())
    return None if label is None else LABELS.index(label)


@lru_cache(maxsize=1 << 16)
def match_label(reply: str) -> OptionMatch:
    """The label a reply means, found by the same rules as any option once every form of a label is one word.

    A letter alone counts by the order of `LABELS`: (a) neutral, (b) joy, …; its rule is then "letter".

    >>> match_label("She sounds angry, not sad.").index
    5
    >>> match_label("happy or surprised").index is None
    True
    """
    plain = _MANNERS.sub(" ", reply)
    return match_option(_WORD.sub(lambda m: f" {_CLASS[m[0].casefold()]} ", plain).strip(), LABELS)


# ------------------------------------------------------------------------------------------------------------ figures
# Everything below takes confusion matrices [..., 7 gold classes, 7 labels and unparsed] and works on a stack of them.


def unweighted(matrix: Matrix) -> Matrix:
    """UA (0..1): the mean recall of the classes that occur, scikit-learn's balanced accuracy."""
    import numpy as np

    support = matrix.sum(axis=-1)
    hits = np.diagonal(matrix, axis1=-2, axis2=-1)
    recall = np.divide(hits, support, out=np.zeros_like(hits, dtype=np.float64), where=support > 0)
    classes = (support > 0).sum(axis=-1)
    mean: Matrix = np.divide(recall.sum(axis=-1), classes, out=np.full(np.shape(classes), np.nan), where=classes > 0)
    return mean


def weighted(matrix: Matrix) -> Matrix:
    """WA (0..1): plain accuracy. EmoBox calls it weighted, because large classes weigh more; it is no weighted mean."""
    import numpy as np

    n = matrix.sum(axis=(-2, -1))
    hits = np.diagonal(matrix, axis1=-2, axis2=-1).sum(axis=-1)
    share: Matrix = np.divide(hits, n, out=np.full(np.shape(n), np.nan), where=n > 0)
    return share


def _f1(matrix: Matrix) -> tuple[Matrix, Matrix, Matrix]:
    """F1 of the eight labels, whether each occurs (as gold or as prediction), and the gold counts."""
    import numpy as np

    predicted = matrix.sum(axis=-2)
    support = np.concatenate([matrix.sum(axis=-1), np.zeros((*matrix.shape[:-2], 1))], axis=-1)
    hits = np.concatenate([np.diagonal(matrix, axis1=-2, axis2=-1), np.zeros((*matrix.shape[:-2], 1))], axis=-1)
    both = predicted + support
    return np.divide(2 * hits, both, out=np.zeros_like(both), where=both > 0), both > 0, support


def macro_f1(matrix: Matrix) -> Matrix:
    """Macro-F1 (0..1) over the labels that occur as gold or as prediction.

    "Unparsed" is a label like any other there, and its F1 is 0, so a single unparsed reply costs up to an eighth.
    """
    f1, present, _ = _f1(matrix)
    mean: Matrix = f1.sum(axis=-1) / present.sum(axis=-1)
    return mean


def weighted_f1(matrix: Matrix) -> Matrix:
    """F1 averaged with the gold counts as weights (0..1), as MELD's own baseline prints it."""
    f1, _, support = _f1(matrix)
    mean: Matrix = (f1 * support).sum(axis=-1) / support.sum(axis=-1)
    return mean


def matrix_of(gold: Sequence[int], predicted: Sequence[int]) -> Matrix:
    """The confusion matrix of class numbers; `predicted` may hold `UNPARSED`."""
    import numpy as np

    held = np.zeros((len(LABELS), len(LABELS) + 1))
    np.add.at(held, (np.asarray(gold, dtype=np.intp), np.asarray(predicted, dtype=np.intp)), 1)
    return held


def drawn(matrix: Matrix, seed: int = 0) -> Matrix:
    """Confusion matrices of bootstrap rounds over clips.

    Every clip holds one utterance, so clips with the same gold and predicted label are exchangeable and a round is one
    multinomial draw over the cells.
    """
    import numpy as np

    from audio_reasoner.evaluation.statistics import ROUNDS

    n = int(matrix.sum())
    shares = (matrix / n).ravel()
    rounds = np.random.default_rng(seed).multinomial(n, shares, size=ROUNDS)
    return rounds.reshape(ROUNDS, *matrix.shape).astype(np.float64)
