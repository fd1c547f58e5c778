"""What a language model is asked to write: a seeded order for each script, and the prompt made of it.

Decision: a model left alone writes the same three scenes about the same two people. So scenario, number of speakers,
what happens, mood, an object and the names are drawn here, evenly and by seed, and the model only fills them with talk.
Order `index` of a seed depends on nothing else.
"""

from __future__ import annotations

import functools
import hashlib
import random
import string
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from audio_reasoner.core.errors import ConfigError
from audio_reasoner.core.ids import derive_seed
from audio_reasoner.synth.scripts.script import MAX_SPEAKERS, MIN_SPEAKERS, check_language, text_problems

PROMPT = Path(__file__).with_name("prompt.txt")
MOST_WORDS = 25
"""Words in one turn of a script that is accepted."""
_MOODS = (
    "relaxed", "hurried", "playful", "polite and careful", "tired", "cheerful", "a little tense", "curious", "dry",
    "warm", "matter-of-fact", "excited",
)  # fmt: skip
_OBJECTS = (
    "an umbrella", "a lost key", "a phone call", "the weather", "a sandwich", "a map", "a birthday", "a broken chair",
    "a photo", "a letter", "the bus", "an old song", "a noise next door", "a coat", "a cup of tea", "a cousin", "a cat",
    "a shopping bag", "a clock", "a neighbour", "a pair of glasses", "a bill", "a ticket", "last summer", "a bicycle",
    "a newspaper", "a pair of shoes", "a calendar", "a window", "a dream", "a bag of apples", "a password",
)  # fmt: skip
_MORE_SCENARIOS = (
    "planning a wedding dinner", "a night shift in a bakery", "repairing a roof after a storm", "a language class",
    "an allotment meeting", "a lost dog in the park", "a car ride in heavy rain", "a call centre break", "a chess club",
    "a village council", "packing for a ski trip", "an escape room", "a hospital ward in the morning",
    "a swimming lesson", "a pottery course", "a radio studio before the show", "a farm at harvest time",
    "a bookshop reading",
    "sharing a taxi from the airport", "a neighbourhood clean-up", "a fishing trip", "a choir rehearsal",
    "choosing a school for a child", "a fire drill at the office", "the last day of a holiday", "a museum at night",
    "an antique shop", "a power tool rental", "a blood donation", "waiting for a late ferry",
)  # fmt: skip


@dataclass(frozen=True)
class Order:
    """What one script shall be.

    Attributes:
        index: which order of the seed.
        scenario: noun phrase.
        language: BCP-47 tag.
        speakers: how many.
        turns: about how many.
        mood, thing: colour of the talk.
        names: first names to choose from, none for languages we know no names of.
        facts: how many told facts at least.
        changer: number of the speaker, from 0, who changes their mind; None for nobody.
        agreed: all agree at the end; None leaves it to the writer.
        intent, corrected: whether somebody wants something, misunderstands something.
    """

    index: int
    scenario: str
    language: str
    speakers: int
    turns: int
    mood: str
    thing: str
    names: tuple[str, ...]
    facts: int
    changer: int | None
    agreed: bool | None
    intent: bool
    corrected: bool

    @property
    def least(self) -> int:
        """Turns at least."""
        return max(5, self.turns - 3)

    @property
    def most(self) -> int:
        """Turns at most."""
        return self.turns + 4


def order(
    seed: int, index: int, *, language: str = "en", scenarios: Sequence[str] = (), speakers: Sequence[int] = ()
) -> Order:
    """Order number `index` of a seed.

    Args:
        seed: which sequence of orders.
        index: from 0.
        language: BCP-47 tag of the talk.
        scenarios: noun phrases, or short names of the embedded writer's scenarios; empty for those and thirty more.
        speakers: numbers of speakers to choose from; empty for 2 to 5.

    Raises:
        ConfigError: script.scenario, script.speakers, script.language.
    """
    check_language(language)
    about = tuple(dict.fromkeys(_named().get(s, s) for s in scenarios)) or _scenarios()
    for text in about:
        if (wrong := text_problems(text)) or len(text) > 120:
            raise ConfigError(
                f"The scenario {text[:60]!r} cannot be used: {'; '.join(wrong) or 'it is longer than 120 characters'}.",
                code="script.scenario",
                hint="Write a short noun phrase, such as 'a hike in the mountains'.",
            )
    counts = tuple(sorted(set(speakers))) or tuple(range(MIN_SPEAKERS, MAX_SPEAKERS + 1))
    if not all(MIN_SPEAKERS <= n <= MAX_SPEAKERS for n in counts):
        raise ConfigError(f"{MIN_SPEAKERS} to {MAX_SPEAKERS} people can speak, not {counts}.", code="script.speakers")
    cells = [(s, n) for s in about for n in counts]
    deal, place = divmod(index, len(cells))
    random.Random(derive_seed(seed, "order deal", deal)).shuffle(cells)
    scenario, n = cells[place]
    rng = random.Random(derive_seed(seed, "order", index, scenario, n, language))
    changer = rng.randrange(n) if rng.random() < 0.5 else None
    facts, intent, corrected = rng.randint(1, 3), rng.random() < 0.5, rng.random() < 0.25
    # Room for everything that is wished for, so that no model is asked for the impossible.
    need = min(n + facts + intent + 2 * corrected + 2 * (changer is not None) + 1, 14)
    return Order(
        index=index,
        scenario=scenario,
        language=language,
        speakers=n,
        turns=rng.randint(max(6, need), max(12, need)),
        mood=rng.choice(_MOODS),
        thing=rng.choice(_OBJECTS),
        names=_names(rng, n) if language.split("-")[0].lower() == "en" else (),
        facts=facts,
        changer=changer,
        agreed=True if changer is not None and n == 2 else rng.choice((True, False, None)),
        intent=intent,
        corrected=corrected,
    )


@functools.cache
def _named() -> dict[str, str]:
    from audio_reasoner.synth.scripts.writer import scenario_about

    return scenario_about()


@functools.cache
def _scenarios() -> tuple[str, ...]:
    return (*_named().values(), *_MORE_SCENARIOS)


def _names(rng: random.Random, n: int) -> tuple[str, ...]:
    from audio_reasoner.synth.scripts.writer import distinct_names

    return tuple(distinct_names("en", n + 1, rng))


def prompt(order: Order) -> str:
    """The text that asks a model for the script of an order."""
    wishes = [
        f"Somebody tells at least {order.facts} checkable fact{'s' * (order.facts > 1)} (a time, a price, a place)."
    ]
    if order.changer is not None:
        wishes.append(f"Speaker {order.changer + 1} states an opinion and later changes it, because of an argument.")
        wishes.append("Nobody else changes their mind.")
    else:
        wishes.append("Nobody changes their mind; different opinions may stand at the end.")
    if order.agreed is not None:
        wishes.append("At the end all agree on one thing." if order.agreed else "At the end they do not all agree.")
    if order.intent:
        wishes.append("Somebody says what they personally want to do.")
    if order.corrected:
        wishes.append("Somebody misunderstands something and is corrected.")
    return string.Template(_template()).substitute(
        speakers=order.speakers,
        scenario=order.scenario,
        language=order.language,
        turns=order.turns,
        least=order.least,
        most=order.most,
        words=MOST_WORDS,
        mood=order.mood,
        object=order.thing,
        names=", ".join(order.names) or "any that are common in that language",
        wishes="\n".join(f"- {w}" for w in wishes),
    )


def repair_prompt(problems: Sequence[str]) -> str:
    """The text that asks for a better reply."""
    listed = "\n".join(f"- {p}" for p in problems)
    return (
        "That cannot be used, because of this (lines and speakers are counted from 0 here):\n"
        f"{listed}\n"
        "Write the whole JSON object again with all of it put right, and nothing else."
    )


@functools.cache
def _template() -> str:
    return PROMPT.read_text(encoding="utf-8")


@functools.cache
def prompt_sha() -> str:
    """Hash of the prompt's template."""
    return hashlib.sha256(_template().encode()).hexdigest()
