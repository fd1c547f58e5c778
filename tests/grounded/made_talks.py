# ruff: noqa: E501 -- an entry is read in one piece
"""Conversations made by hand for the tests: turns, and the facts that their maker knows."""

from __future__ import annotations

from grounded_scenes import RATE

from audio_reasoner.core import ids
from audio_reasoner.core.records import AudioRef, Clip, Event, Fact, Timeline

HIKE = (
    (0, "Hello Anna, this climb is steeper than I thought."),
    (1, "It is, Ben. I am starting to think we should turn back, the sky looks dark."),
    (0, "Turn back? But the summit is so close, let's go on."),
    (1, "When does the last bus leave the valley?"),
    (0, "The last bus leaves at half past six."),
    (1, "Then we should really go down now, the ranger warned of storms."),
    (0, "Storms, you say. You are right, let's go down."),
    (1, "Good, down we go."),
)
HIKE_FACTS = (
    Fact(kind="scenario", value="a hike in the mountains"),
    Fact(kind="name", subject="s0", value="Ben", events=(1,)),
    Fact(kind="name", subject="s1", value="Anna", events=(0,)),
    Fact(kind="opinion", subject="s0", value="for going on", events=(2,)),
    Fact(kind="opinion", subject="s1", value="against going on", events=(1, 5)),
    Fact(kind="changed_mind", subject="s0", value="against going on", events=(2, 6)),
    Fact(kind="intent", subject="s0", value="to reach the summit", events=(2,)),
    Fact(kind="intent", subject="s1", value="to catch the bus", events=(3,)),
    Fact(kind="fact", subject="s0", value="the last bus leaves at half past six", events=(4,)),
    Fact(kind="answer_to", value="question", subject=None, events=(4, 3)),
    Fact(kind="agreed", value="to go down", events=(6,)),
)
SHOP = (
    (0, "Good morning, do you sell bread without salt?"),
    (1, "We do, it is on the top shelf next to the flour."),
    (2, "I would like two kilos of your red apples, please."),
    (1, "Certainly, the apples cost three euros."),
    (2, "How long does the shop stay open today?"),
    (0, "My neighbour told me it shuts at noon on Saturdays."),
    (1, "That is right, we shut at noon."),
    (2, "Then I should pay now, thank you all."),
)
SHOP_FACTS = (
    Fact(kind="scenario", value="shopping at a grocery"),
    Fact(kind="opinion", subject="s0", value="for paying by card", events=(0,)),
    Fact(kind="opinion", subject="s1", value="for paying by card", events=(1,)),
    Fact(kind="opinion", subject="s2", value="against paying by card", events=(2,)),
    Fact(kind="intent", subject="s0", value="to buy bread without salt", events=(0,)),
    Fact(kind="intent", subject="s2", value="to take home red apples", events=(2,)),
    Fact(kind="fact", subject="s1", value="the apples cost three euros", events=(3,)),
    Fact(kind="fact", subject="s0", value="it shuts at noon on Saturdays", events=(5,)),
    Fact(kind="answer_to", value="question", events=(1, 0)),
    Fact(kind="answer_to", value="question", events=(5, 4)),
)
VOCABULARY = (
    *(f"topic: {x}" for x in ("a visit to the dentist", "the repair of a bicycle", "plans for a birthday", "a lost wallet")),
    *(f"name: {x}" for x in ("Clara", "David", "Elif", "Farid")),
    *(f"agreed: to {x}" for x in ("meet again on Sunday", "order a cake", "call the police", "wait for the doctor")),
    "opinion[3]: x1 ‖ against=for ‖ for a new kitchen ‖ against a new kitchen",
    "intent[3]: x2 ‖ + ‖ to sell a boat ‖ to repaint the garage",
    *(f"fact[1]: x ‖ time ‖ the {x}" for x in ("museum opens at half past nine", "film starts at a quarter to eight", "ferry sails at five o'clock")),
    "fact[1]: x3 ‖ price+time ‖ the lamp costs forty euros ‖ the ferry sails at five o'clock",
    *(f"reply[2]: x4 ‖ {k} ‖ Nobody has seen it since Monday. ‖ In the blue drawer upstairs." for k in (1, 2)),
    *(f"line[2]: x5 ‖ {k} ‖ The chain keeps falling off. ‖ Bring the other wheel as well." for k in (2, 3)),
)  # fmt: skip


def conversation(
    lines: tuple[tuple[int, str], ...],
    facts: tuple[Fact, ...] = (),
    name: str = "talk",
    gap: float = 0.4,
    length: float = 2.0,
    styles: dict[int, str] | None = None,
) -> Clip:
    """A clip of turns of `length` seconds, `gap` seconds apart (below zero: over one another)."""
    events, at = [], 0.3
    for i, (voice, text) in enumerate(lines):
        style = None if styles is None else styles.get(i, "neutral")
        gain = {"loud": 6.0, "low": -7.0}.get(style or "", 0.0)
        events.append(
            Event(
                start=int(at * RATE),
                end=int((at + length) * RATE),
                label="speech",
                speaker=f"s{voice}",
                text=text,
                style=style,
                gain_db=gain,
            )
        )
        at += length + gap
    samples = events[-1].end + RATE // 2 if events else RATE
    line = Timeline(sample_rate=RATE, length=samples, events=tuple(events), facts=facts)
    recipe = {"name": name, "lines": [list(x) for x in lines]}
    clip_id = ids.clip_id("test", name, 0, None)
    return Clip(
        clip_id=clip_id,
        source="test",
        source_id=name,
        audio=AudioRef(recipe=recipe),
        content_key=ids.content_key_of_recipe(recipe),
        duration_s=samples / RATE,
        domains=("speech",),
        group=clip_id,
        language="en",
        timeline=line,
    )


def hike(name: str = "hike", **more: object) -> Clip:
    return conversation(HIKE, HIKE_FACTS, name, **more)  # type: ignore[arg-type]


def shop(name: str = "shop", **more: object) -> Clip:
    return conversation(SHOP, SHOP_FACTS, name, **more)  # type: ignore[arg-type]
