"""All English scenarios, their slots and the names of people."""

from __future__ import annotations

from audio_reasoner.synth.scripts.scenarios import Pools, Scenario
from audio_reasoner.synth.scripts.scenarios_en_friends import FRIENDS
from audio_reasoner.synth.scripts.scenarios_en_home import HOME
from audio_reasoner.synth.scripts.scenarios_en_out import OUTDOORS
from audio_reasoner.synth.scripts.scenarios_en_stage import STAGE
from audio_reasoner.synth.scripts.scenarios_en_town import TOWN
from audio_reasoner.synth.scripts.scenarios_en_trips import TRIPS
from audio_reasoner.synth.scripts.scenarios_en_visits import VISITS
from audio_reasoner.synth.scripts.scenarios_en_work import WORK

SCENARIOS: tuple[Scenario, ...] = (*OUTDOORS, *TRIPS, *HOME, *FRIENDS, *TOWN, *VISITS, *WORK, *STAGE)

# Pairs that ears confuse; each may be taken for the other.
_TEENS = ("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen")
_TENS = ("thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_HOURS = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven")
_MINUTES = (("fifteen", "fifty"), ("forty", "fourteen"), ("thirty", "thirteen"))
_MONEY = ("euros", "dollars", "pounds")
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def _both(pairs: list[tuple[str, str]]) -> dict[str, str]:
    return {**dict(pairs), **{b: a for a, b in pairs}}


_TIMES = _both([(f"{h} {a}", f"{h} {b}") for h in _HOURS for a, b in _MINUTES])
_MANY = _both(list(zip(_TEENS, _TENS, strict=True)))
_PRICES = _both([(f"{a} {m}", f"{b} {m}") for a, b in zip(_TEENS, _TENS, strict=True) for m in _MONEY])

POOLS = Pools(
    values={
        "time": (*_TIMES, *(f"half past {h}" for h in _HOURS), *(f"quarter to {h}" for h in _HOURS)),
        "price": (*_PRICES, *(f"{n} {m}" for n in ("twelve", "twenty-four", "thirty-five") for m in _MONEY)),
        "many": (*_MANY, "twenty", "twenty-two", "thirty-six", "forty-five"),
        "count": ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
        "day": _DAYS,
    },
    alike={**_TIMES, **_MANY, **_PRICES, **_both([("Tuesday", "Thursday"), ("Saturday", "Sunday")])},
)

# First names from many places, easy to say and to tell apart by ear. Grouped so that a voice can be chosen to fit.
WOMEN = (
    "Maya", "Olivia", "Fatima", "Greta", "Priya", "Rosa", "Ingrid", "Naomi", "Zofia", "Amara",
    "Lucia", "Hannah", "Yuki", "Chloe", "Esther", "Leila", "Bianca", "Tamara", "Wanda", "Jasmine",
)  # fmt: skip
MEN = (
    "Tom", "David", "Omar", "Carlos", "Henrik", "Kenji", "Pavel", "Samuel", "Victor", "Felix",
    "Ravi", "Oscar", "Bruno", "George", "Malik", "Peter", "Diego", "Anton", "Walter", "Jacob",
)  # fmt: skip
EITHER = ("Alex", "Robin", "Kim", "Charlie", "Noor", "Sasha", "Quinn", "Jordan")
