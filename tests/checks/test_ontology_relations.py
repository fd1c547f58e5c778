"""Relations of sounds: consistent with one another, and every class of the sound bank has its place in them."""

from __future__ import annotations

from itertools import combinations, product

import pytest

from audio_reasoner.checks.ontology import (
    COMMON,
    KINDS,
    confusable,
    confusable_pairs,
    found_with,
    is_a,
    kinds,
    places_of,
    rivals,
    similarity,
    sounds_like,
    words_of,
)
from audio_reasoner.checks.ontology_tables import FAMILIES, FORMS, PLACES, TRAITS
from audio_reasoner.synth.bank.render import CLASSES, TRACK_CLASSES

WORDS = sorted({*COMMON, *CLASSES, *(w for table in (TRAITS, PLACES) for line in table.values() for w in line.split())})


def test_relations_that_hold_both_ways_do() -> None:
    for a, b in product(WORDS, WORDS):
        assert sounds_like(a, b) == sounds_like(b, a), (a, b)
        assert confusable(a, b) == confusable(b, a), (a, b)
        assert similarity(a, b) == similarity(b, a), (a, b)
        assert (b in found_with(a)) == (a in found_with(b)) or words_of(a) == words_of(b), (a, b)


def test_similarity_follows_from_the_relations() -> None:
    for a, b in combinations(WORDS, 2):
        level = similarity(a, b)
        assert (level == 3) == confusable(a, b), (a, b)
        assert (level >= 2) == sounds_like(a, b), (a, b)
    assert {similarity(a, b) for a, b in combinations(CLASSES, 2)} == {0, 1, 2, 3}


def test_is_a_is_an_order() -> None:
    names = sorted({*WORDS, *KINDS, *FAMILIES})
    for a, b in product(names, names):
        if is_a(a, b) and is_a(b, a):
            assert words_of(a) == words_of(b), f"{a} and {b} are kinds of each other"
        if b in kinds(a):
            assert confusable(a, b), f"{b} could be a wrong option where {a} is right"
    for a in names:
        assert is_a(a, a)
        for b in kinds(a):
            assert set(kinds(b)) <= set(kinds(a)), (a, b)


@pytest.mark.parametrize(
    ("a", "b", "true"),
    [
        ("dog", "animal", True),
        ("duck", "bird", True),
        ("duck", "animal", True),
        ("animal", "dog", False),
        ("siren", "signal", True),
        ("siren", "vehicle", False),
        ("bell", "music", False),
        ("small dogs", "Dog", True),
        ("dog", "small poodle", False),
        ("unicorn", "animal", False),
    ],
)
def test_is_a(a: str, b: str, true: bool) -> None:
    assert is_a(a, b) is true


@pytest.mark.parametrize("name", CLASSES)
def test_every_class_of_the_bank_is_known(name: str) -> None:
    assert kinds(name), f"{name} belongs to no family"
    assert len(places_of(name)) >= 2, name
    assert any(similarity(name, other) == 2 for other in CLASSES), f"{name} has no hard wrong option"
    assert sum(similarity(name, other) == 0 for other in CLASSES) >= 5, f"{name} has no easy wrong options"
    company = [other for other in found_with(name) if other in CLASSES]
    assert len(company) >= 5, name
    tracks = [t for t in company if t in TRACK_CLASSES and not confusable(t, name)]
    assert len(tracks) >= 2, f"no plausible background for {name}: {tracks}"


@pytest.mark.parametrize("name", CLASSES)
def test_what_is_confusable_is_never_offered(name: str) -> None:
    offered = rivals([name], CLASSES)
    assert set(offered) | {c for c in CLASSES if confusable(c, name)} == set(CLASSES)
    assert not any(confusable(name, other) for other in offered)
    levels = [similarity(name, other) for other in offered]
    assert levels == sorted(levels, reverse=True)
    assert len(offered) >= 15
    assert not confusable_pairs([name, offered[0]])


def test_confusable_pairs_and_rivals_of_hostile_input() -> None:
    assert confusable_pairs([]) == ()
    assert confusable_pairs(["bell", "BELL", "dog"]) == (("BELL", "bell"),)
    assert rivals([], ["rain", "dog"]) == ("dog", "rain")
    assert rivals(["dog"], []) == ()
    for odd in ("", " ", "🐶", "犬の声", "\x00", "x" * 10_000, "12"):
        assert found_with(odd) == ()
        assert kinds(odd) == ()
        assert is_a(odd, odd)
        assert similarity(odd, odd) == 3
        assert similarity(odd, "dog") == 0


@pytest.mark.parametrize(
    ("corpus", "ours"),
    [
        ("thunderstorm", "thunder"),
        ("sneezing", "sneeze"),
        ("keyboard typing", "typing"),
        ("dog_bark", "dog"),
        ("air conditioner", "fan"),
        ("drilling", "drill"),
        ("hand clapping", "clap"),
    ],
)
def test_labels_of_corpora_are_known_in_their_own_forms(corpus: str, ours: str) -> None:
    assert confusable(corpus, ours)
    assert places_of(corpus) == places_of(ours)
    assert set(kinds(ours)) <= set(kinds(corpus))


def test_a_family_is_no_word_of_other_labels() -> None:
    assert not confusable("hand saw", "keyboard typing")
    assert not confusable("hand saw", "clap")


def test_no_word_stands_twice_on_a_line_of_the_tables() -> None:
    for table in (FAMILIES, TRAITS, PLACES, FORMS):
        for name, line in table.items():
            words = line.split()
            assert len(words) == len(set(words)), name
            assert len(words) >= 2 or table is FORMS, name
    forms = [w for line in FORMS.values() for w in line.split()]
    assert len(forms) == len(set(forms)), "a form means one word"
    assert not set(forms) & set(FORMS), "forms lead to words, not to other forms"
