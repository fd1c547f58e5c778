"""Small English: articles, numbers, lists, and a way to speak of any label as one sound.

Decision: every phrase for a sound is grammatically singular, so that one sentence pattern fits all labels. Known
nouns are named like things ("a dog", "the sound of rain"); a label nobody here has heard of becomes "a dig crumbly
sound", and one that is long, has commas or is not written in Latin letters is quoted.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from audio_reasoner.core.chain import TAG_LITERALS

MAX_LABEL_CHARS = 120
"""A longer label is a description, not a name."""
_COUNT = frozenset(
    """
    dog cat cow bull sheep goat lamb horse donkey pony pig duck goose swan turkey chicken hen rooster crow
    raven owl parrot bird pigeon eagle hawk seagull gull penguin peacock robin sparrow canary chick lion tiger
    bear wolf fox monkey gorilla elephant zebra camel deer moose seal whale dolphin walrus mouse rat squirrel
    frog toad snake cricket cicada bee fly mosquito wasp bat puppy kitten baby bell chime gong doorbell phone
    telephone siren alarm whistle horn foghorn buzzer beep clock watch metronome door gate window key drum
    cymbal tambourine triangle xylophone glockenspiel piano keyboard organ harpsichord guitar banjo ukulele
    lute harp mandolin violin cello viola fiddle flute recorder piccolo clarinet oboe bassoon trumpet trombone
    tuba saxophone bugle accordion harmonica train locomotive tram car truck bus motorcycle tractor bicycle
    helicopter airplane plane jet rocket boat ship engine motor drill saw chainsaw hammer vacuum blender mower
    fan kettle toilet shower faucet tap sprinkler camera printer typewriter computer robot cannon gun firework
    firecracker explosion splash waterfall stream river cough sneeze laugh scream yawn snore kiss clap knock
    step click
    """.split()  # noqa: SIM905
)
_MASS = frozenset(
    """
    rain wind thunder water fire glass speech music laughter applause traffic noise static typing singing
    barking crying clapping knocking whistling breathing snoring coughing chewing frying drumming hammering
    sawing ticking ringing cheering thunderstorm surf wood gravel sand snow grass metal breaking
    """.split()  # noqa: SIM905
)
_PLURAL = frozenset(
    """
    footsteps steps bells chimes waves birds dogs bubbles children people drums keys dishes coins fireworks insects
    crickets
    """.split()  # noqa: SIM905
)
_VOWEL_SOUND_EXCEPTIONS = re.compile(r"(?i)^(uni|use|usu|eu|one\b|once|ukulele|ufo)")
_SILENT_H = re.compile(r"(?i)^(hour|honest|heir|honou?r)")
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_TIMES = ("never", "once", "twice")


def article(word: str) -> str:
    """ "a" or "an", by sound as far as spelling tells.

    >>> article("engine"), article("ukulele"), article("hour")
    ('an', 'a', 'an')
    """
    bare = word.lstrip("\"'“‘(")
    if _SILENT_H.match(bare):
        return "an"
    return (
        "an"
        if bare[:1].casefold() in "aeiouàáâäæèéêëìíîïòóôöøùúûü" and bare and not _VOWEL_SOUND_EXCEPTIONS.match(bare)
        else "a"
    )


def ordinal(n: int) -> str:
    """1 → "first"; above ten "11th"."""
    if n <= len(_ORDINALS):
        return _ORDINALS[n - 1]
    suffix = "th" if 10 < n % 100 < 14 else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n}{suffix}"


def number(n: int) -> str:
    """0 → "no", 3 → "three"; above twelve digits."""
    return _NUMBERS[n] if n < len(_NUMBERS) else str(n)


def times(n: int) -> str:
    """How often: "never", "once", "twice", "three times"."""
    return _TIMES[n] if n < len(_TIMES) else f"{number(n)} times"


def listed(items: Sequence[str], word: str = "and") -> str:
    """A list in words.

    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    if len(items) == 1:
        return items[0]
    return f"{', '.join(items[:-1])} {word} {items[-1]}"


def clean_label(label: str) -> str:
    """A label as it is shown: NFC, underscores and runs of space as one space, double quotes as single ones.

    A chain quotes labels and options in double quotes, so these must not stand inside one.

    >>> clean_label(" glass_breaking ")
    'glass breaking'
    """
    plain = re.sub(r"[\"“”„«»]", "'", unicodedata.normalize("NFC", label).replace("_", " "))
    return " ".join(plain.split())


def why_unusable(label: str, passage: bool = False) -> str | None:
    """Why a label (or a passage of speech) cannot stand in a chain, or None."""
    upper = label.upper()
    if not any(c.isalnum() for c in label):
        return "has no letter or digit"
    if any(t in upper for t in TAG_LITERALS):
        return "contains a tag of the chain"
    if any(unicodedata.category(c) in ("Cc", "Cs", "Co", "Cn") for c in label):
        return "contains a control character"
    if passage:
        return None
    if len(label) > MAX_LABEL_CHARS:
        return f"has {len(label)} characters; at most {MAX_LABEL_CHARS} are a name"
    if label.casefold() in ("yes", "no"):
        return "cannot be told from an answer"
    return None


@dataclass(frozen=True)
class Phrase:
    """One sound as a noun phrase, always singular: `new` on first mention, `known` afterwards."""

    new: str
    known: str


@lru_cache(maxsize=65536)
def phrase(label: str) -> Phrase:
    """How to speak of a label.

    >>> phrase("dog"), phrase("heavy rain").new, phrase("dig crumbly").new
    (Phrase(new='a dog', known='the dog'), 'the sound of heavy rain', 'a dig crumbly sound')
    """
    words = label.split()
    if len(words) > 1 and words[0].lower() in ("a", "an", "the"):
        words = words[1:]
    plain = re.fullmatch(r"[A-Za-z][A-Za-z' -]*", label) is not None and len(words) <= 4
    if not plain:
        shown = label if any(c in label for c in '"“”') else f'"{label}"'
        return Phrase(f"{article(label)} {shown} sound", f"the {shown} sound")
    # "Fire Engine" in a file name is no proper name.
    text = " ".join(w if w.isupper() and len(w) > 1 else w.lower() for w in words)
    head = text.split()[-1]
    if head in _COUNT:
        return Phrase(f"{article(text)} {text}", f"the {text}")
    if head in _MASS:
        return Phrase(f"the sound of {text}", f"the {text}")
    if head in _PLURAL:
        return Phrase(f"the sound of {text}", f"the sound of {text}")
    if head in ("sound", "noise"):
        return Phrase(f"{article(text)} {text}", f"the {text}")
    return Phrase(f"{article(text)} {text} sound", f"the {text} sound")


def capital(text: str) -> str:
    """The text with a capital first letter; text that starts with a quotation or digit stays."""
    return text[:1].upper() + text[1:]


def seconds(value: float) -> str:
    """Seconds to 0.1 s as a listener writes them: "0.4 s", "2 s"."""
    return f"{round(value, 1):g} s"
