"""An embedded dialogue while it is written: who may speak, what is said, which facts it shows.

Decision: everything that must hold for every dialogue is held here, so that no move of the plan can break it: nobody
speaks twice in a row, somebody new is always the next number, no frame is used twice while another fits, and a line in
front of an overlap shows no fact.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from audio_reasoner.core.records import Fact
from audio_reasoner.synth.scripts.phrases import Frames, Phrases
from audio_reasoner.synth.scripts.scenarios import Pools, Scenario
from audio_reasoner.synth.scripts.script import Line, Prosody, Script, words_of

MAX_WORDS = 14
"""Words in one line."""
_OVERLAPS = ("ack", "argue", "reply", "oppose", "close")
# Every class can occur in every kind of line, so that the words do not give the prosody away.
_LEAN: dict[str, tuple[Prosody, ...]] = {
    "open": ("lively", "calm", "neutral"),
    "ack": ("lively", "low", "fast"),
    "argue": ("loud", "slow", "calm"),
    "oppose": ("loud", "fast", "low"),
    "change": ("calm", "slow", "low"),
    "close": ("lively", "calm", "loud"),
}
_ALL: tuple[Prosody, ...] = ("neutral", "neutral", "neutral", "calm", "lively", "low", "loud", "fast", "slow")


@dataclass
class Talk:
    """A dialogue while it is written."""

    scenario: Scenario
    phrases: Phrases
    pools: Pools
    n: int
    names: list[str]
    rng: random.Random
    lines: list[Line] = field(default_factory=list)
    moves: list[str] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    named: dict[int, list[int]] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    fixed: set[int] = field(default_factory=set)
    """Lines whose end must be heard whole, because a fact stands in it."""

    def clear(self) -> None:
        """Begin again, with the same people."""
        for part in (self.lines, self.moves, self.facts, self.named, self.used, self.fixed):
            part.clear()

    # --- who may speak ---

    @property
    def last(self) -> int:
        """Who spoke last, -1 before the first line."""
        return self.lines[-1].speaker if self.lines else -1

    @property
    def spoken(self) -> int:
        """How many have spoken."""
        return len({line.speaker for line in self.lines})

    def may(self, *but: int) -> list[int]:
        """Who can speak now: everybody who has, and the next new one, except the last and `but`."""
        known = range(min(self.spoken + 1, self.n))
        return [k for k in known if k != self.last and k not in but]

    def pick(self, among: list[int]) -> int:
        """One of them; mostly somebody who has said little, so that all take part."""
        if self.rng.random() < 0.6:
            turns = [line.speaker for line in self.lines]
            few = min(turns.count(k) for k in among)
            among = [k for k in among if turns.count(k) == few]
        return self.rng.choice(among)

    # --- lines ---

    def frame(self, frames: Frames, **values: str) -> str:
        """A frame filled with values: if possible of at most `MAX_WORDS` words, and one that nobody has used yet."""
        order = sorted(self.rng.sample(frames, len(frames)), key=lambda f: f in self.used)
        length = {f: len(words_of(_filled(f, values))) for f in order}
        frame = next((f for f in order if length[f] <= MAX_WORDS), min(order, key=lambda f: length[f]))
        self.used.add(frame)
        return _filled(frame, values)

    def say(self, who: int, text: str, move: str, reply_to: int | None = None, name: int | None = None) -> int:
        """Add a line; returns its index. `name` is whose name the line says."""
        if who == self.last:
            raise AssertionError(f"{who} would speak twice in a row: {text!r}")
        lean = _LEAN.get(move, ())
        prosody = self.rng.choice((*_ALL, *lean))
        self.lines.append(Line(speaker=who, text=text, prosody=prosody, reply_to=reply_to))
        self.moves.append(move)
        if name is not None:
            self.named.setdefault(name, []).append(len(self.lines) - 1)
            self.fixed.add(len(self.lines) - 1)
        return len(self.lines) - 1

    def fact(self, kind: str, value: str, who: int | None, *events: int) -> None:
        """Note a fact; its lines are kept free of overlaps."""
        self.facts.append(Fact(kind=kind, value=value, subject=None if who is None else f"s{who}", events=events))
        if kind != "answer_to":
            self.fixed.update(events)

    def answers(self, answer: int, question: int) -> None:
        """Note that one line answers another."""
        asked, answered = self.lines[question].speaker, self.lines[answer].speaker
        self.facts.append(Fact(kind="answer_to", value=f"s{asked}", subject=f"s{answered}", events=(answer, question)))

    def script(self, language: str, written_by: str) -> Script:
        """The finished script."""
        lines = []
        for i, (line, move) in enumerate(zip(self.lines, self.moves, strict=True)):
            # Where it may; how often it does is a matter of the assembly.
            overlaps = (
                move in _OVERLAPS and i > 0 and i - 1 not in self.fixed and not self.lines[i - 1].text.endswith("?")
            )
            lines.append(line.model_copy(update={"overlap": overlaps}))
        names = [
            Fact(kind="name", value=self.names[k], subject=f"s{k}", events=tuple(self.named[k]))
            for k in sorted(self.named)
        ]
        return Script(
            scenario=self.scenario.about,
            language=language,
            names=tuple(self.names[k] if k in self.named else None for k in range(self.n)),
            lines=tuple(lines),
            facts=(Fact(kind="scenario", value=self.scenario.about), *names, *self.facts),
            written_by=written_by,
        )


def _filled(frame: str, values: dict[str, str]) -> str:
    capital = {k.capitalize(): v[:1].upper() + v[1:] for k, v in values.items()}
    return frame.format_map({**values, **capital})
