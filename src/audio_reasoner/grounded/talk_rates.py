"""How often which answer is right in a run, so that each can be asked for equally often.

Decision: a conversation cannot tell whether its answer is the common one, the run can. Each clip adds one entry to the
vocabulary that says which answers its questions could have; from a sample of these a question is asked with a
probability that makes all its answers equally likely ("nobody" is right in most talks, so it is asked for less often).
Without such entries every question is asked. Smoothed by `PRIOR`, because a small run tells little.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise

import numpy as np

from audio_reasoner.grounded.known import Turn
from audio_reasoner.grounded.story import Story
from audio_reasoner.grounded.talk import FAMILIES, MOST_TURNS, NOBODY, cases, lines_by_sort, ordered

LONGEST_RATIO, LONGEST_MARGIN_S = 1.25, 0.5
"""How much longer than anybody else the one who speaks longest must speak."""
PRIOR = 2.0
"""So many talks for each answer are added to what was seen."""
LEAST_SHARE = 0.06
"""A number that is right less often is not offered."""
_PART = re.compile(r"([^\s=]+)=(\S+)")
_WHO = frozenset(
    ("named/who", "opinion_of/who", "changed_mind", "intent/who", "who_mentions", "answers/who", "prosody", "said_by")
) | {"last_voice", "longest_voice", "corrects"}
"""Forms whose options are the speakers."""
_BASE = re.compile(r"(said_by)/\w+|(answers/who)(\d+)")
_ALL = "*"


def talk_times(turns: tuple[Turn, ...]) -> dict[int, float]:
    """Seconds of speech of each voice."""
    out: dict[int, float] = {}
    for t in turns:
        out[t.voice] = round(out.get(t.voice, 0.0) + t.end - t.start, 1)
    return out


def longest(turns: tuple[Turn, ...]) -> int | None:
    """Who plainly speaks longest in all; nobody where somebody is said to speak twice at once."""
    ends: dict[int, float] = {}
    for t in turns:
        if t.start < ends.get(t.voice, 0.0):
            return None
        ends[t.voice] = t.end
    (top, a), (_, b) = sorted(talk_times(turns).items(), key=lambda x: -x[1])[:2]
    return top if a >= LONGEST_RATIO * b and a - b >= LONGEST_MARGIN_S else None


def turn_counts(turns: tuple[Turn, ...]) -> dict[int, int]:
    """How often each voice has the floor; empty where somebody goes on after a pause, which one may count twice."""
    if any(a.voice == b.voice for a, b in pairwise(turns)):
        return {}
    return {v: sum(t.voice == v for t in turns) for v in {t.voice for t in turns}}


def answers_of(s: Story) -> dict[str, tuple[tuple[str, ...], int]]:
    """By form the answers that its questions about one conversation could have, and how many forms its family has."""
    turns = s.turns
    if s.voices < 2 or len(turns) > MOST_TURNS or not ordered(s):
        return {}
    out: dict[str, set[str]] = defaultdict(set)
    forms: dict[str, int] = {}
    for family in FAMILIES:
        found = cases(s, family)
        of_family = {case.form for case in found}
        for case in found:
            if case.voice is not None or case.gold in (NOBODY, "yes", "no"):
                out[case.kind].add(case.gold if case.voice is None else str(case.voice))
                # As `talk.drawn` draws: a form, and one of its kinds.
                forms[case.kind] = len(of_family) * len({x.kind for x in found if x.form == case.form})
    out["voices"].add(str(s.voices))
    out["last_voice"].add(str(turns[-1].voice))
    if (top := longest(turns)) is not None:
        out["longest_voice"].add(str(top))
    for voice, n in turn_counts(turns).items():
        out[f"turns_of{voice}"].add(str(n))
    by_sort = lines_by_sort(s)
    for sort, voices in by_sort.items():
        out[f"said_by/{sort}"].update(map(str, voices))
        forms[f"said_by/{sort}"] = len(by_sort)
    return {form: (tuple(sorted(answers)), forms.get(form, 1)) for form, answers in out.items() if answers}


def entry_of(s: Story) -> str:
    """What is to be known of one conversation; empty if nothing can be asked about it."""
    found = answers_of(s)
    # An underscore would be read as a space.
    parts = " ".join(
        f"{form.replace('_', '-')}={','.join(answers)}:{k}" for form, (answers, k) in sorted(found.items())
    )
    return f"speakers={s.voices} {parts}" if parts else ""


@dataclass(frozen=True)
class Rates:
    """Shares of answers by form and number of speakers (`*` where the number does not matter)."""

    shares: dict[tuple[str, str], dict[str, float]] = field(default_factory=dict)

    def fair(self, form: str, voices: int, answer: str, rng: np.random.Generator) -> bool:
        """Whether to ask a question with this answer; draws once."""
        drawn = float(rng.random())
        shares = self.shares.get((form, str(voices) if _who(form) else _ALL))
        if not shares:
            return True
        least = min(x for x in shares.values() if _who(form) or x >= LEAST_SHARE or x == max(shares.values()))
        return drawn * shares.get(answer, 1.0) < least

    def common(self, form: str) -> tuple[str, ...]:
        """Answers that are right often enough to be offered."""
        return tuple(sorted(k for k, x in self.shares.get((form, _ALL), {}).items() if x >= LEAST_SHARE))


@lru_cache(maxsize=8)
def rates_of(talks: tuple[str, ...]) -> Rates:
    """The rates of a run, from what its conversations say of themselves (`entry_of`)."""
    sums: dict[tuple[str, str], dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for entry in talks:
        parts = {key.replace("-", "_"): value for key, value in _PART.findall(entry)}
        n = parts.pop("speakers", "")
        for form, listed in parts.items():
            told, _, forms = listed.partition(":")
            answers = told.split(",")
            weight = len(answers) * (int(forms) if forms.isdigit() and int(forms) else 1)
            if form.startswith("turns_of") and n.isdigit():
                weight *= max(int(n), 1)  # one of so many voices is drawn
            for answer in answers:
                sums[form, n if _who(form) else _ALL][answer] += 1.0 / weight
    out = {}
    for (form, n), found in sums.items():
        every = _every(form, n, found)
        total = sum(found.values()) + PRIOR * len(every)
        out[form, n] = {x: (found.get(x, 0.0) + PRIOR) / total for x in every}
    return Rates(out)


def _who(form: str) -> bool:
    m = _BASE.fullmatch(form)
    return (form if m is None else m[1] or m[2]) in _WHO


def _every(form: str, n: str, found: dict[str, float]) -> list[str]:
    """All answers that a form has."""
    if _who(form) and n.isdigit():
        asks = m[3] if (m := _BASE.fullmatch(form)) is not None else None
        return [*(str(v) for v in range(int(n)) if str(v) != asks), *([NOBODY] if form == "changed_mind" else [])]
    if form == "voices":
        return [str(k) for k in range(2, 6)]
    return ["yes", "no"] if form == "overlap_talk" else sorted(found)
