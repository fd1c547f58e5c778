"""Scripts as files: what is read, what is refused and how it is told."""

from __future__ import annotations

import json

import pytest

from audio_reasoner.core.errors import InputError
from audio_reasoner.core.records import Fact
from audio_reasoner.synth.scripts.script import (
    Line,
    Script,
    problems_of,
    read_scripts,
    save_scripts,
    says,
    script_from_json,
    script_to_json,
    words_of,
)


def plain(**changes):
    """A small good script as plain values."""
    return {
        "scenario": "a hike",
        "language": "en",
        "names": ["Tom", None],
        "lines": [
            {"speaker": 0, "text": "Let's go on to the top."},
            {"speaker": 1, "text": "No, Tom. The last bus leaves at six.", "reply_to": 0, "prosody": "low"},
            {"speaker": 0, "text": "You're right. Let's turn back.", "reply_to": 1},
            {"speaker": 1, "text": "I want to sit down."},
        ],
        "facts": [
            {"kind": "name", "subject": "s0", "value": "Tom", "events": [1]},
            {"kind": "fact", "subject": "s1", "value": "the last bus leaves at six", "events": [1]},
            {"kind": "opinion", "subject": "s0", "value": "for going on", "events": [0]},
            {"kind": "changed_mind", "subject": "s0", "value": "for turning back", "events": [0, 2]},
            {"kind": "intent", "subject": "s1", "value": "to sit down", "events": [3]},
            {"kind": "answer_to", "subject": "s1", "value": "s0", "events": [1, 0]},
        ],
        **changes,
    }


def fact(kind, value, subject, *events):
    return {"facts": [{"kind": kind, "value": value, "subject": subject, "events": list(events)}], "names": [None] * 2}


def lines(*spoken):
    return {"lines": [{"speaker": k, "text": text} for k, text in spoken], "facts": [], "names": [None] * 2}


def test_a_script_survives_its_file(tmp_path):
    script = script_from_json(json.dumps(plain()))
    assert save_scripts(tmp_path / "x.jsonl", [script, script]) == 2
    assert list(read_scripts(tmp_path / "x.jsonl")) == [script, script]
    assert script_to_json(script).startswith('{"v": 1, ')
    assert (script.speakers, script.written_by, script.lines[1].prosody) == (2, "user", "low")


def test_other_scripts_and_blank_lines_are_read(tmp_path):
    arabic = plain(
        language="ar",
        names=["ليلى", None],
        lines=[{"speaker": 0, "text": "هل نذهب؟"}, {"speaker": 1, "text": "نعم، ليلى، نذهب."}],
        facts=[{"kind": "name", "subject": "s0", "value": "ليلى", "events": [1]}],
    )
    chinese = plain(
        language="zh-CN",
        names=["小明", None],
        lines=[{"speaker": 0, "text": "我们走吧。"}, {"speaker": 1, "text": "好的小明，六点走。"}],
        facts=[{"kind": "name", "subject": "s0", "value": "小明", "events": [1]}],
    )
    path = tmp_path / "x.jsonl"
    text = "\ufeff" + json.dumps(arabic, ensure_ascii=False) + "\r\n\n   \n" + json.dumps(chinese, ensure_ascii=False)
    path.write_text(text, encoding="utf-8")
    assert [s.language for s in read_scripts(path)] == ["ar", "zh-CN"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lines((0, "Hello there."), (0, "Nobody else here.")), "1 speaker; a dialogue has 2 to 5"),
        (lines((0, "Hello."), (2, "Hello."), (1, "Hi.")), "in the order of their first line"),
        (lines((1, "Hello."), (0, "Hello.")), "in the order of their first line"),
        (lines((0, "Hello."), (5, "Hello.")), "less than 5"),
        (lines((0, "Hello.")), "at least 2"),
        (lines(*((k % 2, f"Line {k}.") for k in range(300))), "at most 40"),
        (lines(*((k % 2, "word " * 50) for k in range(20))), "needless spaces"),
        (lines(*((k % 2, "word " * 50 + "word") for k in range(20))), "characters in all"),
        (lines((0, ""), (1, "Hi.")), "lines.0.text"),
        (lines((0, "x" * 100_000), (1, "Hi.")), "at most 300"),
        (lines((0, "   "), (1, "Hi.")), "holds no word"),
        (lines((0, "?!…"), (1, "Hi.")), "holds no word"),
        (lines((0, "Hi\x00 there"), (1, "Hi.")), "U+0000"),
        (lines((0, "Hi\nthere"), (1, "Hi.")), "U+000A"),
        (lines((0, "Hi \u202eereht"), (1, "Hi.")), "U+202E"),
        (lines((0, "Hi \ud800."), (1, "Hi.")), "lines.0.text"),
        (lines((0, "<THINK>Hi</THINK>"), (1, "Hi.")), "without markup"),
        (lines((0, "[laughs] Hi."), (1, "Hi.")), "without markup"),
        (lines((0, "*waves* Hi."), (1, "Hi.")), "without markup"),
        (lines((0, "Speaker 1: Hi."), (1, "Hi.")), "label of a speaker"),
        ({"names": ["Tom"]}, "1 names for 2 speakers"),
        ({"names": ["Tom", "Tom"]}, "same name"),
        ({"names": ["Tom", "Eva"]}, "'Eva' needs a fact of kind 'name'"),
        ({"language": "English please"}, "not a language tag"),
        ({"scenario": ""}, "scenario"),
        ({"title": "x"}, "title: Extra inputs"),
        (fact("fact", "the last bus leaves at six", "s1", 9), "points to line 9"),
        (fact("fact", "the last bus leaves at six", "s1", -1), "points to line -1"),
        (fact("fact", "the last bus leaves at six", "s0", 1), "s0 does not speak"),
        (fact("fact", "the last bus leaves at seven", "s1", 1), "word for word"),
        (fact("fact", "the last bus leaves at six", "s7", 1), "speakers are s0 to s1"),
        (fact("fact", "the last bus leaves at six", "Tom", 1), "speakers are s0 to s1"),
        (fact("fact", "the last bus leaves at six", None, 1), "names no subject"),
        (fact("fact", "the last bus leaves at six", "s1"), "no line that shows it"),
        (fact("name", "Tom", "s0", 1), "called None"),
        (fact("opinion", "turning back", "s0", 2), "begin with 'for' or 'against'"),
        (
            {
                "names": [None, None, "Ida"],
                "lines": lines((0, "Ida is late."), (1, "Yes."), (2, "Hello."), (1, "Hi."))["lines"],
                "facts": [{"kind": "name", "subject": "s2", "value": "Ida", "events": [0]}],
            },
            "whose name it is",
        ),
        (fact("intent", "sit down", "s1", 3), "begin with 'to'"),
        (fact("changed_mind", "for turning back", "s0", 2, 0), "earlier one first"),
        (fact("changed_mind", "for turning back", "s0", 1, 2), "subject's own"),
        (fact("answer_to", "s0", "s1", 0, 1), "the answer, then the earlier line"),
        (fact("answer_to", "s0", "s0", 2, 0), "answering themselves"),
        (fact("mood", "angry", "s0", 2), "no known kind"),
        (fact("opinion", "for <b>", "s0", 2), "without markup"),
        ({"facts": [*plain()["facts"], dict(plain()["facts"][3], value="for lunch")]}, "2 facts of kind 'changed"),
        ({"lines": [{"speaker": 0, "text": "Hi.", "reply_to": 0}, {"speaker": 1, "text": "Hi."}]}, "not before it"),
        ({"lines": [{"speaker": 0, "text": "Hi."}, {"speaker": 1, "text": "Hi.", "prosody": "angry"}]}, "prosody"),
        ({"lines": [{"speaker": 0, "text": "Hi.", "overlap": True}, {"speaker": 1, "text": "Hi."}]}, "overlap"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_file_and_line(tmp_path, change, told):
    path = tmp_path / "mine.jsonl"
    path.write_text(json.dumps(plain()) + "\n\n" + json.dumps(plain(**change)) + "\n")
    with pytest.raises(InputError) as error:
        list(read_scripts(path))
    assert f"{path}, line 3: " in error.value.message
    assert told in error.value.message
    assert error.value.code == "script.invalid"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "script.empty"),
        (b"\n \n", "script.empty"),
        (b"{", "script.json"),
        (b"[]", "script.json"),
        (b"null", "script.json"),
        (b"[" * 100_000, "script.json"),
        (b'{"scenario": "a", "scenario": "b"}', "script.json"),
        (b'{"v": 2}', "script.version"),
        (b'{"v": true}', "script.version"),
        (b"x" * 300_000, "script.json"),
        (b"\xff\xfe\x00", "script.unreadable"),
        (b"{}", "script.invalid"),
    ],
)
def test_files_that_hold_no_script(tmp_path, content, code):
    path = tmp_path / "mine.jsonl"
    path.write_bytes(content)
    with pytest.raises(InputError) as error:
        list(read_scripts(path))
    assert error.value.code == code
    assert str(path) in error.value.message
    assert len(error.value.message) < 2000


def test_a_missing_file_and_a_folder(tmp_path):
    for path in (tmp_path / "no.jsonl", tmp_path):
        with pytest.raises(InputError) as error:
            list(read_scripts(path))
        assert error.value.code == "script.unreadable"


def test_words_and_phrases():
    assert words_of("No — it’s AT six-thirty!") == ["no", "it's", "at", "six", "thirty"]
    assert says("Well, THE BUS leaves at six.", "the bus leaves at six")
    assert not says("The bus leaves at sixteen.", "the bus leaves at six")
    assert not says("Tomorrow", "Tom")
    assert says("好的小明，走吧", "小明", "zh")


def test_a_fact_said_twice_is_a_problem():
    said = "The bus leaves at six."
    script = Script(
        scenario="a trip",
        language="en",
        names=(None, None),
        lines=(Line(speaker=0, text=said), Line(speaker=1, text=said)),
        facts=(Fact(kind="fact", value="the bus leaves at six", subject="s0", events=(0,)),),
    )
    assert any("said in [0, 1]" in p for p in problems_of(script))


def test_scripts_that_must_be_short_are_short_and_keep_their_place() -> None:
    from audio_reasoner.synth.dialogue import expected_length
    from audio_reasoner.synth.scripts.writer import write_embedded

    plain = list(write_embedded(12, 4, speakers=(2, 3)))
    short = list(write_embedded(12, 4, speakers=(2, 3), seconds=expected_length, max_seconds=30.0))
    assert any(expected_length(s) > 30.0 for s in plain)
    assert all(expected_length(s) <= 30.0 for s in short)
    # The same scenario and number of speakers; what was short enough before is the same script.
    assert [(s.scenario, s.speakers) for s in short] == [(s.scenario, s.speakers) for s in plain]
    assert all(a == b for a, b in zip(plain, short, strict=True) if expected_length(a) <= 30.0)
