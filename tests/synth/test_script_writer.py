"""The embedded writer: every script is good English, shows its facts, and gives nothing away by its shape."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from audio_reasoner.core.errors import ConfigError
from audio_reasoner.synth.scripts.scenarios_en import SCENARIOS
from audio_reasoner.synth.scripts.script import PROSODIES, problems_of, says, script_from_json, script_to_json, words_of
from audio_reasoner.synth.scripts.writer import (
    composition,
    composition_text,
    languages,
    scenario_names,
    write_embedded,
    write_script,
)

N = 432
"""Every scenario with every number of speakers three times."""


@pytest.fixture(scope="module")
def scripts():
    return list(write_embedded(N, 17))


def test_a_script_is_a_function_of_seed_and_index(scripts):
    assert write_script(17, 400) == scripts[400]
    assert list(write_embedded(3, 17, start=40)) == scripts[40:43]
    assert write_script(18, 400) != scripts[400]
    assert len({tuple(x.text for x in s.lines) for s in scripts}) == N
    assert script_from_json(script_to_json(scripts[5])) == scripts[5]


def test_every_script_is_usable_and_of_the_promised_size(scripts):
    for s in scripts:
        assert not problems_of(s)
        assert 2 <= s.speakers <= 5
        assert 6 <= len(s.lines) <= 14
        assert all(2 <= len(words_of(line.text)) <= 14 for line in s.lines)
        assert all(a.speaker != b.speaker for a, b in zip(s.lines, s.lines[1:], strict=False))


def test_the_english_is_clean(scripts):
    for line in (line for s in scripts for line in s.lines):
        text = line.text
        assert re.match(r"[A-Z]", text), text
        assert re.search(r"[.?!]$", text), text
        assert not re.search(r"[{}|\d]|\s[,.?!]|[.?!,]{2}|\bi\b", text), text
        assert not re.search(r"[.?!] [a-z]", text), text
        assert not re.search(r"\b(?!no\b)(\w+),? \1\b", text, re.IGNORECASE), text
        assert not re.search(
            r"\ba (?!us|one|uni)[aeiou]|\ban (?!hour)[^aeiou]|as well (?:too|as well)", text, re.IGNORECASE
        ), text


def test_what_a_listener_is_told_is_said_once_and_not_of_me_or_you(scripts):
    for s in scripts:
        assert s.of_kind("fact")
        for f in s.of_kind("fact"):
            assert sum(says(line.text, f.value) for line in s.lines) == 1
            assert not {"i", "you", "we", "my", "your", "our", "me", "us"} & set(words_of(f.value))
        # Everybody takes a side in words, once.
        assert sorted(f.subject for f in s.of_kind("opinion")) == [f"s{k}" for k in range(s.speakers)]


def test_opinions_fit_the_end(scripts):
    """All agree in the fact exactly when their last opinions are for the same option."""
    pairs = {o.doing: (a, b) for x in SCENARIOS for a, b in x.choices for o in (a, b)}
    for s in scripts:

        def option(value):
            verb, _, doing = value.partition(" ")
            a, b = pairs[doing]
            return a if (a.doing == doing) == (verb == "for") else b

        sides = {f.subject: option(f.value) for f in s.of_kind("opinion")}
        for f in s.of_kind("changed_mind"):
            assert sides[f.subject] is not option(f.value)
            sides[f.subject] = option(f.value)
            old, new = (s.lines[e] for e in f.events)
            assert f"s{old.speaker}" == f"s{new.speaker}" == f.subject
            assert option(f.value).do in new.text or option(f.value).doing in new.text
        ends = {o.do for o in sides.values()}
        assert [f.value for f in s.of_kind("agreed")] == ([f"to {ends.pop()}"] if len(ends) == 1 else [])


def test_names_are_said_to_the_last_or_the_next_speaker(scripts):
    named = 0
    for s in scripts:
        for f in s.of_kind("name"):
            named += 1
            for e in f.events:
                assert any(0 <= k < len(s.lines) and s.lines[k].speaker == int(f.subject[1:]) for k in (e - 1, e + 1))
        spoken = {n for n in s.names if n}
        assert len({n[0] for n in spoken}) == len(spoken)
    assert named > N


def test_nothing_is_given_away_by_the_shape(scripts):
    assert Counter(s.scenario for s in scripts).most_common()[-1][1] == N // len(scenario_names())
    assert set(Counter(s.speakers for s in scripts).values()) == {N // 4}
    for n in (2, 3, 4, 5):
        some = [s for s in scripts if s.speakers == n]
        changers = Counter(f.subject for s in some for f in s.of_kind("changed_mind"))
        tellers = Counter(f.subject for s in some for f in s.of_kind("fact"))
        for counts in (changers, tellers):
            even = sum(counts.values()) / n
            assert all(0.4 * even < counts[f"s{k}"] < 1.7 * even for k in range(n)), (n, counts)
        assert 0.4 < sum(changers.values()) / len(some) < 0.6
    assert set(Counter(line.prosody for s in scripts for line in s.lines)) == set(PROSODIES)


def test_no_line_that_shows_a_fact_is_talked_over(scripts):
    overlaps = 0
    for s in scripts:
        shown = {e for f in s.facts if f.kind != "answer_to" for e in f.events}
        for i, line in enumerate(s.lines):
            overlaps += line.overlap
            assert not (line.overlap and i - 1 in shown)
    assert overlaps > N / 5


def test_settings_choose(scripts):
    some = [write_script(1, i, scenarios=["zoo", "garage"], speakers=[3]) for i in range(20)]
    assert {s.speakers for s in some} == {3}
    assert len({s.scenario for s in some}) == 2
    assert write_script(1, 0, language="en-GB").language == "en-GB"
    assert len(scenario_names()) >= 28


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"language": "tlh"}, "script.language"),
        ({"language": "en-!!"}, "script.language"),
        ({"language": ""}, "script.language"),
        ({"scenarios": ["the moon"]}, "script.scenario"),
        ({"speakers": [1]}, "script.speakers"),
        ({"speakers": [6]}, "script.speakers"),
    ],
)
def test_wrong_settings_are_told_at_once(settings, code):
    with pytest.raises(ConfigError) as error:
        write_embedded(3, 0, **settings)
    assert error.value.code == code
    with pytest.raises(ConfigError):
        write_script(0, -1)


def test_spanish_talk_has_english_values():
    for s in write_embedded(84, 2, language="es-ES"):
        assert s.language == "es-ES"
        assert not problems_of(s)
        for line in s.lines:
            text = line.text
            assert re.match(r"¿?[A-ZÁÉÍÓÚ]", text), text
            assert re.search(r"[.?!]$", text), text
            assert text.count("¿") == text.count("?"), text
            assert not re.search(r"[{}|=\d]|\s[,.?!]|[.!,]{2}|, ?¿[A-Z]|\bde el\b|\ba el\b", text), text
            assert not re.search(r"\b(?!no\b)(\w+),? \1\b", text, re.IGNORECASE), text
            assert 2 <= len(words_of(text)) <= 14
        for f in s.facts:
            if f.kind in ("opinion", "changed_mind", "agreed", "intent", "scenario"):
                assert f.value.isascii() or "café" in f.value
            if f.kind == "fact":
                assert says(s.lines[f.events[0]].text, f.value)


def test_composition_counts_what_there_is(scripts):
    tables = composition(scripts[:144])
    assert sum(tables["speakers"].values()) == sum(tables["end"].values()) == 144
    assert sum(tables["words in a line"].values()) == sum(len(s.lines) for s in scripts[:144])
    text = composition_text(tables)
    assert "who changes their mind" in text
    assert "a hike in the mountains" in text
    assert composition_text(composition([]))
    assert "en" in languages()
