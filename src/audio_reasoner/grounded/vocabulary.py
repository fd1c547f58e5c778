"""Wrong options from the run's own labels, by kind.

Decision: a plain entry of the vocabulary is a sound. An entry of another kind carries it in front, "genre: jazz", so
that one list serves all tasks and a sentence is never offered as a sound. A translation also carries its language,
"translation[en]: See you.", because an option in another language than the others would give the answer away.
`words_of_clip` writes such entries; a run may keep as many of them as it likes.

A sound that lies beneath a scene is offered among such sounds ("background: rain"), one that goes on throughout among
those ("track: engine"): beside the barks and knocks of other clips it would be known for what it is without listening.
"""

from __future__ import annotations

from functools import lru_cache

from audio_reasoner.core.records import Clip
from audio_reasoner.grounded import list_rates, talk_words
from audio_reasoner.grounded.known import known_of, plain_text, sort_of
from audio_reasoner.grounded.scene import scene_of
from audio_reasoner.grounded.story import story_of
from audio_reasoner.grounded.talk_rates import entry_of
from audio_reasoner.grounded.tasks import is_list

KINDS = (
    "translation",
    "genre",
    "emotion",
    "transcript",
    "background",
    "track",
    "count",
    list_rates.KIND,
    *talk_words.KINDS,
)


def words_of_clip(clip: Clip) -> set[str]:
    """What a clip adds to the vocabulary: tags and event labels as they are, other kinds with the kind in front."""
    words = set(clip.labels_of("tag"))
    scene = scene_of(clip)
    if scene is not None:
        tracks = scene.tracks
        front = {s.label for s in scene.sounds if s not in tracks}
        under = {(k, s.label) for k, found in (("background", scene.beneath), ("track", tracks)) for s in found}
        words = {w for w in words if plain_text(w) in front or plain_text(w) not in {x for _, x in under}}
        words.update(front, (f"{k}: {x}" for k, x in under))
        spoken = clip.timeline is not None and any(e.speaker for e in clip.timeline.events)
        if not spoken and scene.audible and scene.ordered and scene.countable:
            words.add(f"count: {len(scene.sounds)}")
    for x in clip.labels:
        if x.kind in KINDS and x.value.strip():
            words.add(_head(x.kind, x.language) + x.value.strip())
    return words | _words_of_talk(clip)


def _words_of_talk(clip: Clip) -> set[str]:
    """What a conversation adds, of what its turns show."""
    if clip.timeline is None or not any(e.speaker and e.text for e in clip.timeline.events):
        return set()
    known = known_of(clip, None)
    if is_list(clip):
        return {list_rates.entry_of(clip.clip_id, known.turns, sort_of(known))}
    language = known.transcript.language if known.transcript is not None else None
    story = story_of(known)
    return set(talk_words.entries_of(clip.clip_id, story, language, entry_of(story)))


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
    return tuple(x for x in vocabulary if not kind_of(x))
