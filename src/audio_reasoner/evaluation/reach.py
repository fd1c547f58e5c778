"""Does the sound reach the model? Asked before a run, because a deaf model's score looks like any other.

Decision: a few items are asked with their own audio, with silence as long, with another clip's audio and with none. A
model loaded here is judged by its first logits, a server by its count of input tokens (or, where it counts nothing, by
its answers). If nothing ever differs the run stops before it has cost anything: evaluation kits have published scores
of models whose audio was dropped on the way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from audio_reasoner.core import ids
from audio_reasoner.core.errors import AudioReasonerError, ConfigError
from audio_reasoner.evaluation.backends import Asked, Backend, Trio
from audio_reasoner.evaluation.base import Item
from audio_reasoner.evaluation.hearing import Ear, Heard, Sound, silence
from audio_reasoner.evaluation.prompting import Style, prompt_of

ITEMS = 3
"""Questions asked in a probe, of as many clips."""
TRIED = 50
"""Items looked at to find them: some recordings may be missing."""
SHORT_S = 0.25
"""Recordings below this are asked about only if there are no others."""


def probe(
    backend: Backend, ear: Ear, style: Style, items: Sequence[Item], max_new_tokens: int
) -> dict[str, Any] | None:
    """Ask a few items with their own, no and other sound; what was found, as `run.json` keeps it.

    None if there is no recording to try with (all missing, broken or silent): the run itself says which.

    The questions are those of the run and its controls to the letter, so that what a server is paid for here need not
    be paid again there.

    Raises:
        AudioReasonerError: the backend cannot answer at all.
    """
    heard = _some(ear, style, items)
    if not heard:
        return None
    trios = []
    for i, (item, own) in enumerate(heard):
        other = heard[(i + 1) % len(heard)][1] if len(heard) > 1 else _backwards(own)
        ways = [_asked(style, item, h) for h in (own, silence(own), other, Heard((), "none", 0.0))]
        trios.append(Trio(*ways))
    felt = backend.feel(trios, max_new_tokens)
    return {"heard": felt.heard, "how": felt.how, "items": [dict(i) for i in felt.items]}


def must_hear(found: Mapping[str, Any], name: str) -> None:
    """Refuse a deaf model.

    Raises:
        ConfigError: `eval.deaf`.
    """
    if not found["heard"]:
        raise ConfigError(
            f"the sound does not reach {name}: with its own audio, with silence and with another clip's audio "
            f"{len(found['items'])} questions gave the same result (judged by: {found['how']}).",
            code="eval.deaf",
            hint="Check that the server or model takes audio. --allow-deaf runs it all the same; "
            "--control no-audio asks without sound on purpose.",
        )


def _some(ear: Ear, style: Style, items: Sequence[Item]) -> list[tuple[Item, Heard]]:
    """A few items of different clips, spread over the benchmark, whose recordings can be read and are not silent.

    Very short ones are taken only where there are no others: a model may be unable to hear them, which shows nothing.
    """
    found: list[tuple[Item, Heard]] = []
    short: list[tuple[Item, Heard]] = []
    clips: set[str] = set()
    step = max(1, len(items) // TRIED)
    for item in items[::step][:TRIED]:
        if item.clip in clips:
            continue
        try:
            heard = ear.hear(item)
            prompt_of(style, item)
            if all(not sound.load().any() for sound in heard.parts):
                continue  # real silence differs from silence for no model
        except AudioReasonerError:
            continue  # the run itself names what is wrong with it
        clips.add(item.clip)
        if heard.duration_s < SHORT_S:
            short.append((item, heard))
            continue
        found.append((item, heard))
        if len(found) == ITEMS:
            break
    return found or short[:ITEMS]


def _backwards(heard: Heard) -> Heard:
    """With a single clip there is no other: it is played backwards instead."""

    def turned(sound: Sound) -> Sound:
        key = ids.digest({"backwards": sound.key}).hex()
        return Sound(key, sound.seconds, lambda: sound.load()[::-1].copy())

    return Heard(tuple(turned(sound) for sound in heard.parts), heard.policy, heard.duration_s)


def _asked(style: Style, item: Item, heard: Heard) -> Asked:
    return Asked(item.id, prompt_of(style, item), heard.parts, heard.duration_s)
