"""Wrong options from the run's own labels, by kind.

Decision: a plain entry of the vocabulary is a sound. An entry of another kind carries it in front, "genre: jazz", so
that one list serves all tasks and a sentence is never offered as a sound. A translation also carries its language,
"translation[en]: See you.", because an option in another language than the others would give the answer away.
`words_of_clip` writes such entries; a run may keep as many of them as it likes.
"""

from __future__ import annotations

from functools import lru_cache

from audio_reasoner.core.records import Clip
from audio_reasoner.grounded.known import plain_text

KINDS = ("translation", "genre", "emotion", "transcript")


def words_of_clip(clip: Clip) -> set[str]:
    """What a clip adds to the vocabulary: tags and event labels as they are, other kinds with the kind in front."""
    words = set(clip.labels_of("tag"))
    if clip.timeline is not None:
        words.update(e.label for e in clip.timeline.events)
    for x in clip.labels:
        if x.kind in KINDS and x.value.strip():
            words.add(_head(x.kind, x.language) + x.value.strip())
    return words


def kind_of(word: str) -> str:
    """What an entry is offered among: "" for sounds, else its kind, with the language of a translation.

    >>> kind_of("dog"), kind_of("genre: jazz"), kind_of("translation[en]: See you.")
    ('', 'genre', 'translation[en]')
    """
    head, found, _ = word.partition(": ")
    return head if found and head.partition("[")[0] in KINDS else ""


def _head(kind: str, language: str | None) -> str:
    return f"{kind}[{language}]: " if kind == "translation" and language else f"{kind}: "


@lru_cache(maxsize=64)
def of_kind(vocabulary: tuple[str, ...], kind: str, language: str | None = None) -> tuple[str, ...]:
    """Entries of one kind (translations: of one language), without the kind, cleaned and without doubles."""
    head = _head(kind, language)
    found = (plain_text(x.removeprefix(head)) for x in vocabulary if x.startswith(head))
    return tuple(dict.fromkeys(x for x in found if x))


@lru_cache(maxsize=16)
def sounds(vocabulary: tuple[str, ...]) -> tuple[str, ...]:
    """The plain entries."""
    heads = (*(f"{k}: " for k in KINDS), "translation[")
    return tuple(x for x in vocabulary if not x.startswith(heads))
