"""Dialogues as they are shown on a page: who says what, when and how, and what their words show.

Decision: a fact stands beside the turn that shows it, because a fact without its turn is what a listener could not
check. Speakers are numbered from 1 in the order in which they are first heard, with the name that is said in the clip.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise

from markupsafe import Markup

from audio_reasoner import report
from audio_reasoner.core.records import Clip, Event, Fact, Timeline

_KNOWN = {
    "name": "names",
    "opinion": "views",
    "intent": "wishes",
    "fact": "details",
    "answer_to": "questions answered",
    "corrected": "mistakes corrected",
    "changed_mind": "changes of mind",
    "agreed": "agreements",
}


def people(timeline: Timeline) -> dict[str, str]:
    """By speaker of the timeline how a page calls them: a number, and the name that is said."""
    ids = dict.fromkeys(e.speaker for e in timeline.events if e.speaker)
    names = {f.subject: f.value for f in timeline.facts if f.kind == "name"}
    return {s: f"Speaker\u00a0{i}{f' ({names[s]})' if s in names else ''}" for i, s in enumerate(ids, 1)}


def turns_of(timeline: Timeline) -> list[tuple[int, Event]]:
    """The turns, with their places in the timeline's events: a background texture is none."""
    return [(i, e) for i, e in enumerate(timeline.events) if e.speaker is not None]


def talk_title(clip: Clip) -> str:
    """What a conversation is about, or how many speak in it."""
    assert clip.timeline is not None
    about = next((f.value for f in clip.timeline.facts if f.kind == "scenario"), None)
    return about[:1].upper() + about[1:] if about else f"{len(people(clip.timeline))} speakers"


def talk_table(timeline: Timeline) -> Markup:
    """Turn by turn: time, speaker, manner, words, and the facts that the turn shows."""
    who = people(timeline)
    turns = turns_of(timeline)
    number = {i: k for k, (i, _) in enumerate(turns, 1)}
    shown: dict[int, list[str]] = {}
    for fact in timeline.facts:
        if at := [i for i in fact.events if i in number]:
            # An answer points to its question as well, and a correction or a change of mind to what it changes.
            shown.setdefault(at[0] if fact.kind == "answer_to" else at[-1], []).append(_told(fact, at, number, who))
    rows = [
        (
            str(number[i]),
            f"{timeline.seconds(e.start):.1f}\u202f–\u2060\u202f{timeline.seconds(e.end):.1f}\u00a0s",
            who[e.speaker or ""],
            e.style or "",
            e.text or "",
            "; ".join(shown.get(i, [])),
        )
        for i, e in turns
    ]
    return report.table(
        ("turn", "time", "speaker", "manner", "words", "what it shows"), rows, numeric=(0,), caption="Turns and facts"
    )


def _told(fact: Fact, at: list[int], number: dict[int, int], who: dict[str, str]) -> str:
    before = f"turn {number[at[0]]}" if len(at) > 1 else ""
    match fact.kind:
        case "name":
            return f"{who.get(fact.subject or '', 'somebody').split(' (')[0]} is called {fact.value}"
        case "opinion":
            return f"view: {fact.value}"
        case "intent":
            return f"wants {fact.value}"
        case "fact":
            return f"detail: {fact.value}"
        case "agreed":
            return f"agreed: {fact.value}"
        case "answer_to":
            return f"answers turn {number[at[1]]}" if len(at) > 1 else f"answers {who.get(fact.value, fact.value)}"
        case "corrected":
            return f"corrects {before or 'a mistake'}: {fact.value}"
        case "changed_mind":
            return f"changes their mind{f' since {before}' if before else ''}: {fact.value}"
        case _:
            return f"{fact.kind.replace('_', ' ')}: {fact.value}"


@dataclass
class Talks:
    """What a set of dialogues consists of."""

    dialogues: int = 0
    overlapping: int = 0
    turns: Counter[int] = field(default_factory=Counter)
    """Dialogues by number of turns."""
    speakers: Counter[int] = field(default_factory=Counter)
    about: Counter[str] = field(default_factory=Counter)
    manners: Counter[str] = field(default_factory=Counter)
    """Turns by manner."""
    known: Counter[str] = field(default_factory=Counter)
    """Facts by kind."""
    holding: Counter[str] = field(default_factory=Counter)
    """Dialogues by the kinds of fact that they hold."""

    def add(self, clip: Clip) -> None:
        """Count one dialogue."""
        assert clip.timeline is not None
        turns = [e for _, e in turns_of(clip.timeline)]
        facts = clip.timeline.facts
        self.dialogues += 1
        self.overlapping += any(a.end > b.start for a, b in pairwise(turns))
        self.turns[len(turns)] += 1
        self.speakers[len({e.speaker for e in turns})] += 1
        self.about.update(f.value for f in facts if f.kind == "scenario")
        self.manners.update(e.style for e in turns if e.style)
        self.known.update(f.kind for f in facts)
        self.holding.update({f.kind for f in facts})

    def tiles(self) -> list[Markup]:
        """Headline numbers."""
        spoken = sum(n * k for n, k in self.turns.items())
        low, high = min(self.speakers), max(self.speakers)
        share = [
            report.tile(label, report.text.share(count, self.dialogues))
            for label, count in (
                ("with turns at once", self.overlapping),
                ("with a change of mind", self.holding["changed_mind"]),
                ("that agree in the end", self.holding["agreed"]),
            )
        ]
        return [
            report.tile("turns", report.text.count(spoken), f"{spoken / self.dialogues:.1f} in a dialogue"),
            report.tile("speakers", f"{low} to {high}" if low < high else str(low), "in a dialogue"),
            *share,
        ]

    def charts(self) -> list[Markup]:
        """Cards of the balance."""

        def bars(title: str, counts: Counter[str], lead: str = "") -> Markup:
            drawn = [report.Bar(k, v) for k, v in sorted(counts.items(), key=lambda x: (-x[1], x[0]))]
            return report.card(title, report.bars(drawn, title, limit=60), lead)

        def numbers(title: str, counts: Counter[int]) -> Markup:
            return report.card(title, report.bars([report.Bar(str(k), v) for k, v in sorted(counts.items())], title))

        facts = Counter({_KNOWN.get(k, k.replace("_", " ")): v for k, v in self.known.items() if k != "scenario"})
        return [
            numbers("Speakers in a dialogue", self.speakers),
            numbers("Turns in a dialogue", self.turns),
            *([bars("Manner of the turns", self.manners)] if self.manners else []),
            *([bars("What is known", facts, "facts, each with the turns that show it")] if facts else []),
            *([bars("Situations", self.about, f"{len(self.about)} different ones")] if self.about else []),
        ]
