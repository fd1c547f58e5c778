"""Which sounds are alike: labels that must not stand against each other as options, and words that name sounds.

Decision: two labels are confusable when a careful listener could call one sound by either name: one is a kind of the
other (dog, animal), both are in one sounds-like group (bell, chime, phone), or they share a content word ("small
dog", "dog"). A question whose wrong option could be right teaches a model to guess, so a lost distractor is the
smaller loss. The groups are ours and small on purpose; a label nobody here has heard of is compared by its words
alone.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

GROUPS: tuple[frozenset[str], ...] = tuple(
    frozenset(g.split())
    for g in (
        "bell chime chimes phone telephone ringtone doorbell gong cymbal triangle glockenspiel xylophone ding ping "
        "alarm",
        "alarm siren ambulance police firetruck whistle buzzer horn beep",
        "rain water shower stream river waterfall waves wave sea ocean tap faucet pour pouring drip drop splash toilet "
        "flush bubbles boiling",
        "rain applause clapping frying fire crackling static hiss",
        "wind static noise hiss whoosh waves sea breath breathing blower",
        "dog wolf bark barking puppy howl howling fox seal coyote hound",
        "cat kitten meow meowing baby crying",
        "cow bull moo mooing ox horn",
        "sheep goat lamb bleat bleating",
        "horse donkey mule zebra neigh pony",
        "duck goose quack swan honk",
        "bird chirp chirping sparrow canary robin whistle songbird tweet birdsong finch",
        "chicken hen rooster cock turkey",
        "crow raven seagull gull",
        "lion tiger bear roar growl leopard panther",
        "frog toad croak cricket crickets cicada insect",
        "bee fly mosquito wasp buzz buzzing insect buzzer",
        "motor engine car truck bus motorcycle tractor vehicle traffic idling drone boat",
        "motor engine drill saw chainsaw vacuum mower blender fan machine hum drone",
        "helicopter airplane plane jet aircraft propeller",
        "train railway locomotive tram subway whistle horn",
        "door knock knocking slam footsteps steps step hammer hammering thump drum wood",
        "clock tick ticking click clicks clicking typing keyboard metronome woodblock",
        "glass shatter breaking smash dish dishes plate",
        "thunder explosion boom cannon fireworks gun gunshot shot",
        "drum drums kick snare percussion bongo conga tom tambourine hat hihat cymbal",
        "piano keyboard harpsichord celesta organ",
        "guitar banjo ukulele lute harp mandolin bass",
        "violin cello viola fiddle strings",
        "flute whistle recorder piccolo clarinet oboe",
        "trumpet trombone horn tuba brass saxophone bugle",
        "speech voice talking man woman speaker conversation person child children",
        "singing choir voice song vocals chant",
        "laughter laughing laugh giggle crying sobbing",
        "cough sneeze sneezing coughing",
        "beep tone sine sweep chirp buzzer ping ringtone",
        "noise static hiss white pink",
        "hiss hissing steam kettle boiling gas spray",
        "hum humming drone power line transformer motor electric buzz",
        "hornet bee wasp mosquito grasshopper cicada cricket",
        "whale orca dolphin seal walrus",
        "chimp chimpanzee gorilla monkey ape",
        "sheep ram goat",
        "pottery glass breaking dish plate",
        "blacksmith metal clang hammer anvil bell",
        "mine digging pick shovel gravel cart",
        "vulture eagle hawk crow owl",
        "songbird cuckoo bird owl pigeon",
        "farm cow hen rooster sheep goat pig horse duck goose tractor",
        "building site construction factory hammer drill saw digging mill machine engine excavator",
        "harbour port seagull ship boat horn wave lake water crane",
        "crowd market school university children speech voice people neighbourhood playground laughter applause",
        "hospital ambulance siren beep",
        "station siren engine train traffic",
        "mill water wind machine",
        "fireworks explosion rocket gun thunder",
        "rocket plane jet airplane explosion",
        "lava bubbles water fire",
    )
)
"""Sounds-like groups of single words."""

KINDS: dict[str, str] = {
    "animal": "dog wolf cat cow bull sheep goat horse donkey duck goose bird chicken hen rooster crow lion tiger bear "
    "frog bee fly monkey elephant pig seal whale dolphin mouse owl fox cricket insect",
    "bird": "duck goose chicken hen rooster crow owl parrot pigeon eagle hawk turkey penguin seagull",
    "vehicle": "car truck bus motorcycle tractor train tram airplane helicopter boat ship bicycle siren",
    "tool": "drill saw hammer chainsaw",
    "machine": "drill saw chainsaw vacuum blender fan mower washing engine motor",
    "music": "piano guitar drum violin flute trumpet organ harp bell",
    "instrument": "piano guitar drum violin flute trumpet organ harp bell cymbal",
    "water": "rain shower stream river waves splash drip",
}
"""Is-a: a general word and words for kinds of it."""

COMMON: tuple[str, ...] = tuple(
    """
    dog cat cow sheep horse rooster duck frog crow bee bell siren rain wind thunder fire door glass clock drum piano
    guitar violin trumpet train car helicopter drill laughter cough
    """.split()  # noqa: SIM905
)
"""Well-known sounds, drawn as wrong options when the user's own vocabulary is too small."""

_STOP = frozenset(
    """
    a an the of in on at to and or with by from sound sounds noise small big large loud soft short long old young
    """.split()  # noqa: SIM905
)


@lru_cache(maxsize=65536)
def words_of(label: str) -> frozenset[str]:
    """Content words of a label, lower case, plural s removed, digits dropped.

    >>> sorted(words_of("Small dogs_2"))
    ['dog']
    """
    text = unicodedata.normalize("NFKC", label).casefold()
    found = [w for w in re.findall(r"[^\W\d_]+", text) if w not in _STOP]
    return frozenset(
        w[:-1] if len(w) > 3 and w.endswith("s") and not w.endswith("ss") else w for w in found
    ) or frozenset({text})


def _stems(words: frozenset[str]) -> frozenset[str]:
    return frozenset(w[:-1] if len(w) > 3 and w.endswith("s") and not w.endswith("ss") else w for w in words)


_GROUPS = tuple(_stems(g) for g in GROUPS)
_KINDS = {k: _stems(frozenset(v.split())) for k, v in KINDS.items()}


@lru_cache(maxsize=262144)
def confusable(a: str, b: str) -> bool:
    """Whether a listener could rightly use either label for one sound.

    >>> confusable("small dog", "wolf"), confusable("dog", "piano")
    (True, False)
    """
    wa, wb = words_of(a), words_of(b)
    if wa & wb:
        return True
    if any(wa & g and wb & g for g in _GROUPS):
        return True
    return any((k in wa and wb & v) or (k in wb and wa & v) for k, v in _KINDS.items())


SOUND_WORDS: frozenset[str] = _stems(frozenset(COMMON).union(*(v.split() for v in KINDS.values()))) - frozenset(
    ["bear", "fly", "fire", "train", "organ", "ship", "fan", "saw", "hammer", "wave", "mouse", "washing", "crow"]
)
"""Nouns that in an account of a clip can hardly mean anything but a sound; words with a second sense left out."""


def similarity(a: str, b: str) -> int:
    """How alike two sounds are: 3 one could be called the other, 0 unrelated."""
    return 3 if confusable(a, b) else 0
