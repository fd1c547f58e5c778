"""The wording of questions about sounds, and how to read the sounds a question names back out of its text.

Decision: a question carries no hidden fields. What it asks about stands in its text, and the text is one of a few
templates per family, so that a chain (and whoever checks it) finds the named sounds again. Where a background lies
beneath a scene, a question about first, last or how many says that the background does not count.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from audio_reasoner.grounded.language import capital

TEMPLATES: dict[str, tuple[str, ...]] = {
    "order": (
        "In which order do the sounds occur?",
        "What is the order of the sounds?",
        "Which option lists the sounds in the order they are heard?",
        "Which sequence matches the clip from start to end?",
        "How do the sounds follow one another?",
    ),
    "count": (
        "How many separate sounds are there in all?",
        "How many separate sounds are heard in total?",
        "What is the total number of separate sounds?",
        "How many separate sounds does the clip hold?",
    ),
    "count_of": (
        "How many separate times does the {x} sound occur?",
        "On how many separate occasions is the {x} sound heard?",
        "How many separate times does the clip bring the {x} sound?",
        "How many separate times can the {x} sound be heard?",
    ),
    "first": (
        "Which sound comes first?",
        "What is the first sound?",
        "Which sound opens the clip?",
        "With which sound does the clip begin?",
    ),
    "last": (
        "Which sound comes last?",
        "What is the last sound?",
        "Which sound starts last?",
        "Which sound is the final one to come in?",
    ),
    "before": (
        "Which sound comes right before the {x} sound?",
        "What is heard just before the {x} sound?",
        "Which sound directly precedes the {x} sound?",
    ),
    "after": (
        "Which sound comes right after the {x} sound?",
        "What is heard just after the {x} sound?",
        "Which sound directly follows the {x} sound?",
    ),
    "presence_which": (
        "Which of these sounds is heard?",
        "Which of these sounds occurs in the clip?",
        "Which one of these can be heard?",
    ),
    "presence_is": (
        "Is the {x} sound heard?",
        "Does the {x} sound occur in the clip?",
        "Can the {x} sound be heard?",
    ),
    "longest": (
        "Which sound lasts longest?",
        "Which sound is the longest?",
        "What is the longest sound in the clip?",
    ),
    "loudest": (
        "Which sound is the loudest?",
        "Which sound is louder than all the others?",
        "What is the loudest sound in the clip?",
        "Which of the sounds stands out as the loudest?",
    ),
    "overlap_is": (
        "Do the {x} sound and the {y} sound overlap?",
        "Can the {x} sound and the {y} sound be heard at the same time?",
        "Are the {x} sound and the {y} sound heard together at any moment?",
        "Is there a moment at which the {x} sound and the {y} sound are both heard?",
    ),
    "overlap_which": (
        "Which sound is heard at the same time as the {x} sound?",
        "Which sound overlaps with the {x} sound?",
        "What else can be heard while the {x} sound lasts?",
        "Together with which sound is the {x} sound heard?",
    ),
    "overlap_pair": (
        "Which two sounds overlap?",
        "Which two sounds are heard at the same time?",
        "Which pair of sounds is heard together?",
        "Which two of the sounds run into each other?",
    ),
    "interval": (
        "How much time passes between the start of the {x} sound and the start of the {y} sound?",
        "How far apart are the starts of the {x} sound and the {y} sound?",
        "About how long is it from the start of the {x} sound to the start of the {y} sound?",
        "By how much does the {y} sound start after the {x} sound?",
    ),
    "target_which": (
        "Which of these sounds is part of the mix?",
        "Which of these sounds is mixed in here?",
        "Which one of these can be picked out of the mix?",
        "Of these sounds, which one is in the mix?",
    ),
    "target_is": (
        "Is the {x} sound part of the mix?",
        "Does the {x} sound occur in the mix?",
        "Can the {x} sound be heard within the mix?",
        "Is the {x} sound one of those in the mix?",
    ),
    "target_count": (
        "How often does the {x} sound occur within the mix?",
        "How many separate times is the {x} sound heard in the mix?",
        "In this mix, how many separate times can the {x} sound be heard?",
    ),
    "background": (
        "Given that the {x} sound is heard, which sound goes on in the background?",
        "You hear the {x} sound; which sound lies in the background?",
        "Beneath the {x} sound, which sound goes on in the background?",
        "Which sound forms the background to the {x} sound?",
        "With the {x} sound in front, what is in the background?",
    ),
    "duration": (
        "How long is the clip?",
        "About how long does the clip last?",
        "What is the length of the clip?",
    ),
    "loudness": (
        "How does the loudness change over the clip?",
        "What course does the loudness take?",
        "How does the volume develop from start to end?",
    ),
    "describe": (
        "Describe what is heard and how it unfolds over time.",
        "What can be heard in this clip, and how does it develop from start to end?",
        "Give an account of the sound in this clip and its course over time.",
        "Put into words what is heard and when.",
    ),
    "sound": (
        "Which sound is heard in the clip?",
        "What sound can be heard?",
        "What makes the sound in this clip?",
        "Which of these is the sound in the recording?",
    ),
}


ASIDE = (
    "Leaving the background aside, ",
    "Apart from the background, ",
    "Not counting the background, ",
    "The background aside, ",
)
"""Put before a question of `FRONT` where a background lies beneath the scene."""
FRONT = frozenset(("order", "count", "first", "last", "before", "after", "longest", "loudest"))
"""Families whose answer a background would change."""


@lru_cache(maxsize=256)
def _pattern(template: str) -> re.Pattern[str]:
    head, _, tail = template.partition("{x}")
    return re.compile(re.escape(head) + "(.+)" + re.escape(tail), re.DOTALL)


def bare_text(text: str) -> str:
    """A question without the words that put the background aside.

    >>> bare_text("The background aside, which sound comes first?")
    'Which sound comes first?'
    """
    for aside in ASIDE:
        if text.startswith(aside):
            return capital(text.removeprefix(aside))
    return text


def target_of(text: str) -> str | None:
    """The sound that a question's text names, or None if it names none (or two).

    >>> target_of("Which sound comes right after the bell sound?")
    'bell'
    """
    plain = bare_text(text)
    for templates in TEMPLATES.values():
        for t in templates:
            if "{y}" not in t and (x := named_by(t, plain)) is not None:
                return x
    return None


def pair_of(text: str, labels: Sequence[str]) -> tuple[str, str] | None:
    """The two sounds that a question's text names, in the order in which the templates have them.

    Args:
        text: the question.
        labels: the sounds that it may name; only among these can two names be told apart for sure.

    >>> pair_of("Do the dog sound and the bell sound overlap?", ["bell", "dog"])
    ('dog', 'bell')
    """
    for family in ("overlap_is", "interval"):
        for t in TEMPLATES[family]:
            head = t.partition("{")[0]
            if text.startswith(head):
                for x in labels:
                    for y in labels:
                        if t.format(x=x, y=y) == text:
                            return x, y
    return None


def named_by(template: str, text: str) -> str | None:
    """What stands in `text` where the template has its {x}; None if the text is not made from it."""
    if "{x}" not in template:
        return None
    m = _pattern(template).fullmatch(text)
    return m.group(1) if m is not None else None
