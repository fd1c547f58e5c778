"""What a page of made clips tells: dialogues turn by turn, music by its traits, scenes by their events."""

from __future__ import annotations

import re

from audio_reasoner.core import ids
from audio_reasoner.core.records import AudioRef, Clip, Event, Fact, Timeline
from audio_reasoner.synth.recipes import KIND_DIALOGUE, KIND_MUSIC, KIND_TEMPORAL
from audio_reasoner.synth.scenes.page import scenes_page

RATE = 16_000


def _clip(kind: str, events: list[Event], facts: list[Fact] | None = None) -> Clip:
    length = max(e.end for e in events) + RATE
    recipe = {"kind": kind, "background": {"colour": "pink"} if kind == KIND_DIALOGUE else None}
    return Clip(
        clip_id=ids.clip_id("made", kind, 0, None),
        source="made",
        source_id=kind,
        audio=AudioRef(recipe=recipe),
        content_key=ids.content_key_of_recipe(recipe),
        duration_s=length / RATE,
        domains=("sound",),
        labels=(),
        group=kind,
        timeline=Timeline(sample_rate=RATE, length=length, events=tuple(events), facts=tuple(facts or ())),
    )


def _talk() -> Clip:
    said = (
        ("s0", "Hello <Ana>, we should go by bus.", "loud"),
        ("s1", "No, by train.", None),
        ("s0", "By train then.", "slow"),
    )
    events = [
        Event(start=2 * i * RATE, end=(2 * i + 1) * RATE, label="speech", speaker=who, text=text, style=style)
        for i, (who, text, style) in enumerate(said)
    ]
    rain = Event(start=0, end=5 * RATE, label="rain", role="background")
    return _clip(
        KIND_DIALOGUE,
        [rain, *events],
        [
            Fact(kind="scenario", value="a trip to the sea"),
            Fact(kind="name", value="Ana", subject="s1", events=(1,)),
            Fact(kind="opinion", value="for going by bus", subject="s0", events=(1,)),
            Fact(kind="answer_to", value="s0", subject="s1", events=(2, 1)),
            Fact(kind="changed_mind", value="for going by train", subject="s0", events=(1, 3)),
        ],
    )


def _piece() -> Clip:
    return _clip(
        KIND_MUSIC,
        [
            Event(start=0, end=4 * RATE, label="bass", style="crescendo"),
            Event(start=0, end=4 * RATE, label="violin", style="crescendo"),
        ],
        [
            Fact(kind="tempo", value="155", events=(0, 1)),
            Fact(kind="metre", value="5/4", events=(0,)),
            Fact(kind="key", value="F major", events=(0, 1)),
            Fact(kind="chords", value="Dm, C, F", events=(0,)),
            Fact(kind="direction", value="falling", subject="violin", events=(1,)),
            Fact(kind="melody", value="violin", events=(1,)),
            Fact(kind="change", value="louder 2.5", events=(0, 1)),
        ],
    )


def _text(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html.split("<main", 1)[1]))


def test_a_dialogue_is_shown_turn_by_turn_with_its_facts() -> None:
    html, made = scenes_page([_talk()], "run", players=0)
    text = _text(html)
    assert made.clips == 1
    assert "A trip to the sea" in text
    assert "2 speakers, 3 turns, pink noise beneath" in text  # the rain is no turn
    assert "Speaker 2 (Ana)" in text
    for row in (
        r"1 0\.0.–.+?1\.0.s Speaker 1 loud Hello &lt;Ana&gt;, we should go by bus\. Speaker 2 is called Ana; view: for",
        r"2 2\.0.–.+?3\.0.s Speaker 2 \(Ana\) No, by train\. answers turn 1",
        r"3 4\.0.–.+?5\.0.s Speaker 1 slow By train then\. changes their mind since turn 1: for going by train",
    ):
        assert re.search(row, text), row
    assert "repeated class" not in html
    assert "Manner of the turns" in text


def test_music_is_shown_by_its_traits() -> None:
    text = _text(scenes_page([_piece()], "run", players=0)[0])
    assert "F major, 5/4, 155 bpm: bass, violin" in text
    assert "155 bpm 5/4 F major Dm, C, F louder from 2.5 s on" in text
    assert re.search(r"violin \(melody\) 0\.0.–.+?4\.0.s falling", text)
    assert "difficulty" not in text


def test_a_run_of_several_kinds_has_a_chapter_for_each() -> None:
    scene = _clip(
        KIND_TEMPORAL, [Event(start=0, end=RATE, label="bell"), Event(start=RATE, end=2 * RATE, label="bell")]
    )
    html, made = scenes_page([scene, _talk(), _piece()], "run", players=0)
    assert made.clips == 3
    for ident in ("scenes", "balance-scenes", "dialogues", "balance-dialogues", "music", "balance-music"):
        assert html.count(f'id="{ident}"') == 1
    assert "with a repeated class" in html  # of the one scene, not of turns
    assert len(re.findall(r"<dd[^>]*>100%", html)) >= 1


def test_a_dialogue_without_facts_or_words_is_shown_as_well() -> None:
    events = [Event(start=i * RATE, end=(i + 1) * RATE, label="speech", speaker=f"s{i}") for i in range(2)]
    text = _text(scenes_page([_clip(KIND_DIALOGUE, events)], "run", players=0)[0])
    assert "2 speakers" in text
    assert re.search(r"2 1\.0.–.+?2\.0.s Speaker 2", text)
