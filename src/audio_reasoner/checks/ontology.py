"""Which sounds are alike: labels that must not stand against each other as options, and words that name sounds.

Three relations and what follows from them: `is_a` (a dog is an animal), `sounds_like` (a saw and a vacuum cleaner both
hum), `found_with` (what one hears where a dog barks), `confusable` (could rightly be called by either name) and
`similarity`, which orders wrong options from easy to hard.

Decision: two labels are confusable when a careful listener could call one sound by either name: one is a kind of the
other (dog, animal), both are in one sounds-like group (bell, chime, phone), or they share a content word ("small
dog", "dog"). A question whose wrong option could be right teaches a model to guess, so a lost distractor is the
smaller loss. The groups are ours and small on purpose; a label nobody here has heard of is compared by its words
alone.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

from audio_reasoner.checks.ontology_tables import FAMILIES, FORMS, PLACES, TRAITS

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
        "helicopter engine motor",
        "wind fan blower",
        "clap clapping applause",
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
_GENERAL = tuple(
    (name, words_of(name), _stems(frozenset(members.split())))
    for table in (KINDS, FAMILIES)
    for name, members in table.items()
)
_FORMS = {form: words_of(word) for word, forms in FORMS.items() for form in _stems(frozenset(forms.split()))}
_LOOSE = {"music": KINDS["music"], "vehicle": "siren"}
"""What of KINDS only keeps two labels apart: a bell is not music, a siren is no vehicle."""
_STRICT = tuple((n, own, members - _stems(frozenset(_LOOSE.get(n, "").split()))) for n, own, members in _GENERAL)
_TRAITS = tuple(_stems(frozenset(v.split())) for v in TRAITS.values())
_PLACES = {name: tuple(v.split()) for name, v in PLACES.items()}


@lru_cache(maxsize=65536)
def _named(label: str) -> frozenset[str]:
    """Content words of a label, and the words the tables have for them."""
    words = words_of(label)
    return words.union(*(_FORMS[w] for w in words if w in _FORMS))


@lru_cache(maxsize=262144)
def confusable(a: str, b: str) -> bool:
    """Whether a listener could rightly use either label for one sound.

    >>> confusable("small dog", "wolf"), confusable("dog", "piano"), confusable("rain", "weather")
    (True, False, True)
    """
    wa, wb = _named(a), _named(b)
    if wa & wb:
        return True
    if any(wa & g and wb & g for g in _GROUPS):
        return True
    if any((name <= wa and wb & v) or (name <= wb and wa & v) for _, name, v in _GENERAL):
        return True
    return any(words_of(k) <= wb for k in kinds(a)) or any(words_of(k) <= wa for k in kinds(b))


@lru_cache(maxsize=65536)
def kinds(label: str) -> tuple[str, ...]:
    """The general names of a sound, nearest first: its families, then theirs; empty for an unknown label.

    >>> kinds("dog"), kinds("cricket")
    (('animal',), ('animal', 'insect'))
    """
    found: list[str] = []
    todo = [_named(label)]
    while todo:
        words = todo.pop(0)
        for name, own, members in _STRICT:
            if words & members and name not in found and not own <= _named(label):
                found.append(name)
                todo.append(own)
    return tuple(found)


@lru_cache(maxsize=262144)
def is_a(a: str, b: str) -> bool:
    """Whether every `a` is a `b`: the same label, a narrower one, or a kind of it over any number of steps.

    >>> is_a("duck", "animal"), is_a("animal", "duck"), is_a("small dog", "dog")
    (True, False, True)
    """
    return words_of(b) <= _named(a) or any(words_of(b) == words_of(name) for name in kinds(a))


@lru_cache(maxsize=262144)
def sounds_like(a: str, b: str) -> bool:
    """Whether two sounds share something one can hear (a hum, a glide, a row of blows), or are confusable.

    >>> sounds_like("saw", "vacuum"), sounds_like("knock", "clock"), sounds_like("bell", "rain")
    (True, True, False)
    """
    wa, wb = _named(a), _named(b)
    return confusable(a, b) or any(wa & t and wb & t for t in _TRAITS)


def similarity(a: str, b: str) -> int:
    """How hard two sounds are to tell apart by name: 3 confusable, 2 alike, 1 of one family, 0 unrelated.

    Two labels of similarity 3 may never stand against each other as options; 2 makes a hard wrong option, 0 an easy
    one.

    >>> similarity("dog", "wolf"), similarity("dog", "frog"), similarity("bird", "cat"), similarity("dog", "rain")
    (3, 2, 1, 0)
    """
    if confusable(a, b):
        return 3
    if sounds_like(a, b):
        return 2
    return int(bool(set(kinds(a)) & set(kinds(b))))


@lru_cache(maxsize=65536)
def places_of(label: str) -> tuple[str, ...]:
    """The places of the table in which a sound may well be heard; empty for an unknown label."""
    words = _named(label)
    return tuple(place for place, sounds in _PLACES.items() if words & _stems(frozenset(sounds)))


@lru_cache(maxsize=65536)
def found_with(label: str) -> tuple[str, ...]:
    """Sounds one may well hear where this one is heard, those of most common places first; empty for an unknown label.

    >>> found_with("dog")[:3], found_with("unicorn")
    (('bird', 'footsteps', 'wind'), ())
    """
    words = _named(label)
    shared = Counter(sound for place in places_of(label) for sound in _PLACES[place] if not _named(sound) & words)
    return tuple(sorted(shared, key=lambda sound: (-shared[sound], sound)))


def rivals(known: Iterable[str], vocabulary: Iterable[str]) -> tuple[str, ...]:
    """What of `vocabulary` may stand as a wrong option beside the `known` sounds, hardest to tell apart first.

    Nothing confusable with a known sound is among them; two of them may be confusable with each other.

    >>> rivals(["dog"], ["wolf", "rain", "frog", "cat"])
    ('cat', 'frog', 'rain')
    """
    told = tuple(known)
    found = {word: max((similarity(word, k) for k in told), default=0) for word in vocabulary}
    return tuple(sorted((w for w in found if found[w] < 3), key=lambda w: (-found[w], w)))


def confusable_pairs(labels: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """The pairs of different labels that must not stand in one counting question.

    >>> confusable_pairs(["bell", "dog", "phone", "dog"])
    (('bell', 'phone'),)
    """
    names = sorted(set(labels))
    return tuple((a, b) for i, a in enumerate(names) for b in names[i + 1 :] if confusable(a, b))


SOUND_WORDS: frozenset[str] = _stems(frozenset(COMMON).union(*(v.split() for v in KINDS.values()))) - frozenset(
    ["bear", "fly", "fire", "train", "organ", "ship", "fan", "saw", "hammer", "wave", "mouse", "washing", "crow"]
)
"""Nouns that in an account of a clip can hardly mean anything but a sound; words with a second sense left out."""
