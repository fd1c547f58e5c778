# ruff: noqa: E501 -- a pattern is read as one sentence
"""Several speakers: who speaks when, how often, how long, and who says what.

Decision: nobody hears a name, so voices are called by the order in which they are first heard: the first speaker, the
second speaker. Every turn is attributed before a question is answered. Lengths are compared only where the margin is
audible, as with sounds.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from audio_reasoner.core.chain import Chain
from audio_reasoner.core.ids import derive_seed
from audio_reasoner.core.records import Question, Style
from audio_reasoner.grounded import compose as c
from audio_reasoner.grounded import patterns_dialogue as p
from audio_reasoner.grounded import patterns_talk as pt
from audio_reasoner.grounded import talk, talk_chain, talk_rates
from audio_reasoner.grounded.desk import Asking
from audio_reasoner.grounded.known import Known, Turn
from audio_reasoner.grounded.language import listed, number, ordinal, seconds, times
from audio_reasoner.grounded.options import window
from audio_reasoner.grounded.quoting import pieces
from audio_reasoner.grounded.scene import ORDER_GAP_S
from audio_reasoner.grounded.story import LETTER, Story, passage, story_of
from audio_reasoner.grounded.talk import speaker
from audio_reasoner.grounded.talk_rates import Rates
from audio_reasoner.grounded.talk_words import Pool, pool_of
from audio_reasoner.grounded.writer import Writer

TURN_BY_TURN = 12
"""Longer conversations are told voice by voice, not turn by turn."""
MOST_SUMMED = 5
"""Of more turns only their sum is told."""
TEMPLATES: dict[str, tuple[str, ...]] = {
    "voices": (
        "How many people speak?",
        "How many different voices are heard?",
        "How many speakers take part?",
    ),
    "last_voice": (
        "Who is the last to start speaking?",
        "Whose turn comes last?",
        "Which speaker has the final turn?",
    ),
    "longest_voice": (
        "Who speaks longest in all?",
        "Which speaker takes up the most time?",
        "Who talks for the longest time altogether?",
    ),
    "turns_of": (
        "How many turns does {x} take?",
        "How many times does {x} take the floor?",
    ),
    "said_by": (
        'Who says "{x}"?',
        'Which speaker says "{x}"?',
        'Which of the speakers says "{x}"?',
    ),
    "says": (
        "What does {x} say first?",
        "What are the first words of {x}?",
        "With which words does {x} begin?",
    ),
}


class Dialogue:
    """Several speakers."""

    tiers = (
        ("last_voice", "said_by", "named", "topic", "agreed"),
        (
            "voices",
            "longest_voice",
            "says",
            "opinion_of",
            "intent",
            "who_mentions",
            "overlap_talk",
            "prosody",
            "corrects",
        ),
        ("turns_of", "changed_mind", "answers", "says_nth"),
    )
    given = tuple(family for tier in tiers for family in tier)

    def ask(self, family: str, a: Asking) -> Question | None:
        """One of the families; None where the turns do not answer it fairly."""
        # The same draws however often a clip is looked at: a question left out to keep the answers even stays out.
        rng = np.random.default_rng(derive_seed(0, "dialogue", family, a.caption))
        if family in talk.FAMILIES:
            return self._told(family, a, rng)
        turns = a.known.turns
        n = a.known.voices
        if n < 2 or len(turns) > talk.MOST_TURNS or any(t.start - s.start < ORDER_GAP_S for s, t in pairwise(turns)):
            return None
        if family == "said_by":
            return self._said_by(story_of(a.known), rng, talk_rates.rates_of(_pool(a).talks))
        make = {
            "voices": self._voices,
            "last_voice": self._last,
            "longest_voice": self._longest,
            "turns_of": self._turns_of,
            "says": self._says,
        }[family]
        return make(turns, n, rng, talk_rates.rates_of(_pool(a).talks))

    @staticmethod
    def _told(family: str, a: Asking, rng: np.random.Generator) -> Question | None:
        """What the words say."""
        story = story_of(a.known)
        if len(story.turns) > talk.MOST_TURNS or not talk.ordered(story):
            return None
        pool, found = _pool(a), talk.cases(story, family)
        rates = talk_rates.rates_of(pool.talks)
        for case in talk.drawn(found, rng):
            answer = case.gold if case.voice is None else str(case.voice)
            closed = case.voice is not None or case.form == "overlap_talk" or case.gold == talk.NOBODY
            if closed and not rates.fair(case.kind, story.voices, answer, rng):
                return None
            others = talk.options_of(case, story, pool, rng)
            if others is None:
                continue
            gold, others = talk.called(case, others, story, rng)
            text = c.template(rng, talk.TEMPLATES, case.form, x=case.x)
            difficulty = talk.DIFFICULTY[case.form]
            question = c.ask(rng, "multi_speaker", family, text, gold, others, difficulty)
            if question is not None:
                return question
        return None

    @staticmethod
    def _who(rng: np.random.Generator, family: str, text: str, gold: int, n: int, difficulty: int) -> Question | None:
        # All who speak and nobody else: one who never speaks would never be right.
        others = [speaker(int(v)) for v in rng.permutation(n) if v != gold]
        return c.ask(rng, "multi_speaker", family, text, speaker(gold), others, difficulty)

    def _voices(self, _turns: tuple[Turn, ...], n: int, rng: np.random.Generator, rates: Rates) -> Question | None:
        if not rates.fair("voices", n, str(n), rng):
            return None
        numbers = window(rng, n, 2, 4)
        text = c.template(rng, TEMPLATES, "voices")
        return c.ask(rng, "multi_speaker", "voices", text, numbers[0], numbers[1:], 2, least=3)

    def _last(self, turns: tuple[Turn, ...], n: int, rng: np.random.Generator, rates: Rates) -> Question | None:
        voice = turns[-1].voice
        if not rates.fair("last_voice", n, str(voice), rng):
            return None
        return self._who(rng, "last_voice", c.template(rng, TEMPLATES, "last_voice"), voice, n, 1)

    def _longest(self, turns: tuple[Turn, ...], n: int, rng: np.random.Generator, rates: Rates) -> Question | None:
        top = talk_rates.longest(turns)
        if top is None or not rates.fair("longest_voice", n, str(top), rng):
            return None
        return self._who(rng, "longest_voice", c.template(rng, TEMPLATES, "longest_voice"), top, n, 2)

    def _turns_of(self, turns: tuple[Turn, ...], n: int, rng: np.random.Generator, rates: Rates) -> Question | None:
        counts = talk_rates.turn_counts(turns)
        if not counts:
            return None  # whether one person speaking twice in a row takes one turn or two is a matter of taste
        voice = int(rng.integers(n))
        # By voice, because a fourth speaker has fewer turns than a first one.
        gold, form = counts[voice], f"turns_of{voice}"
        among = rates.common(form)
        if not rates.fair(form, n, str(gold), rng) or (among and str(gold) not in among):
            return None
        numbers = window(rng, gold, 1, 5)
        if among:
            numbers = [str(gold), *(x for x in rng.permutation(among).tolist() if x != str(gold))][:4]
        text = c.template(rng, TEMPLATES, "turns_of", x=speaker(voice))
        return c.ask(rng, "multi_speaker", "turns_of", text, numbers[0], numbers[1:], 3, least=2)

    def _said_by(self, s: Story, rng: np.random.Generator, rates: Rates) -> Question | None:
        by_sort = talk.lines_by_sort(s)
        for sort in rng.permutation(sorted(by_sort)).tolist():
            voices = sorted(by_sort[sort])
            voice = voices[int(rng.integers(len(voices)))]
            if not rates.fair(f"said_by/{sort}", s.voices, str(voice), rng):
                continue
            places = by_sort[sort][voice]
            words = passage(s.turns[places[int(rng.integers(len(places)))]].text or "")
            return self._who(rng, "said_by", c.template(rng, TEMPLATES, "said_by", x=words), voice, s.voices, 1)
        return None

    def _says(self, turns: tuple[Turn, ...], n: int, rng: np.random.Generator, _rates: Rates) -> Question | None:
        voice = int(rng.integers(n))
        turn = next(t for t in turns if t.voice == voice)
        if not turn.text or LETTER.search(turn.text):
            return None
        return c.ask_open("multi_speaker", "says", c.template(rng, TEMPLATES, "says", x=speaker(voice)), turn.text, 2)

    def caption(self, known: Known, w: Writer) -> str:
        """Who says what, and what it is about."""
        story = story_of(known)
        if story.voices < 2:
            return self._heard(known, w)
        return " ".join(talk_chain.story_caption(story, known, w))

    @staticmethod
    def _heard(known: Known, w: Writer) -> str:
        """Every turn with its speaker; how many there are is left to whom it matters."""
        if len(known.turns) > TURN_BY_TURN:
            return " ".join(talk_chain.story_caption(story_of(known), known, w, count=False))
        out = [w.say(p.VOICE_OVERVIEW, d=seconds(known.facts.duration))]
        out += [
            w.say(
                p.TURN_NEW if i else p.TURN_FIRST, x=speaker(t.voice), a=seconds(t.start), b=seconds(t.end), q=_quote(t)
            )
            for i, t in enumerate(known.turns)
        ]
        return " ".join(out)

    def think(self, question: Question, known: Known, w: Writer, style: Style) -> Chain:
        """Every turn to its speaker, then the answer."""
        turns = known.turns
        if question.family in talk.FAMILIES:
            return talk_chain.think(question, known, w, style)
        if known.voices < 2:
            raise ValueError("who speaks when is not known")
        family, gold = question.family, question.gold_index
        x = c.target(TEMPLATES, question.text)
        voice = next((v for v in range(known.voices) if speaker(v) == x), 0)
        mine = [t for t in turns if t.voice == voice]
        if style == "brief":
            told = _brief_steps(family, turns, voice, x)
            line = ", ".join(f"{i} {ordinal(t.voice + 1)} speaker" for i, t in enumerate(turns, 1))
            if len(turns) > TURN_BY_TURN:
                line = talk_chain.turns_by_voice(story_of(known))
            return c.brief(
                question,
                _BRIEF[family],
                f"{line.rstrip('.')}.",
                told,
                f"The answer is {question.gold_text.rstrip('.')}." if gold is not None else "The words are found.",
            )
        steps = self._walk(family, turns, w)
        if family == "longest_voice":
            for v, total in talk_rates.talk_times(turns).items():
                parts = [seconds(t.end - t.start) for t in turns if t.voice == v]
                steps.append(
                    w.say(
                        p.SUM_ONE if len(parts) == 1 else p.SUMS if len(parts) <= MOST_SUMMED else p.SUM_MANY,
                        x=speaker(v),
                        r=listed(parts),
                        n=number(len(parts)),
                        d=seconds(total),
                    )
                )
        elif family == "turns_of":
            steps.append(w.say(p.COUNT, x=x, r=listed([seconds(t.start) for t in mine]), t=times(len(mine))))
        elif family == "said_by":
            i = next(k for k, t in enumerate(turns, 1) if t.text and x in t.text)
            steps.append(w.say(p.FOUND, q=c.quoted(x), i=str(i), x=speaker(turns[i - 1].voice)))
        elif family == "last_voice":
            steps.append(w.say(p.LAST, a=seconds(turns[-1].start), x=speaker(turns[-1].voice)))
        elif family == "says":
            steps.append(
                w.say(p.FIRST_WORDS, x=x, i=str(turns.index(mine[0]) + 1), q=_quote(mine[0]).removeprefix(": "))
            )
        slots = {
            "x": c.quoted(x) if family == "said_by" else x,
            "y": question.gold_text,
            "L": c.letter(gold or 0),
            "n": number(known.voices if family == "voices" else len(mine)),
            "t": times(len(mine)),
        }
        draft = c.Draft(planning=[w.say(p.ASK[family], **slots), w.say(p.STEP)], caption=[self._heard(known, w)], steps=steps, summary=w.say(p.SUM[family], **slots))  # fmt: skip
        if gold is not None:
            draft.why = [w.clause(p.YES if i == gold else p.NO) for i in range(len(question.options))]
            draft.reason = w.say(p.REASON[family], **slots)
        return draft.chain(question, w)

    @staticmethod
    def _walk(family: str, turns: tuple[Turn, ...], w: Writer) -> list[str]:
        out: list[str] = []
        seen: set[int] = set()
        known: list[int] = []
        if len(turns) > TURN_BY_TURN and family != "voices":
            voices = sorted({t.voice for t in turns})
            mine = {v: tuple(i for i, t in enumerate(turns) if t.voice == v) for v in voices}
            return [w.say(pt.HAS, x=speaker(v), r=talk_chain.places(mine[v])) for v in voices]
        for i, t in enumerate(turns, 1):
            new = t.voice not in seen
            seen.add(t.voice)
            slots = {"i": str(i), "k": ordinal(i), "a": seconds(t.start), "x": speaker(t.voice), "n": number(len(seen))}
            if family == "voices":
                if len(turns) > TURN_BY_TURN and not new:
                    known.append(i - 1)
                    continue
                out += _back(known, len(seen) - new, w)
                known = []
                out.append(w.say(p.ONE_VOICE if i == 1 else p.NEW_VOICE if new else p.OLD_VOICE, **slots))
            else:
                quote = _quote(t, short=True) if family in ("said_by", "says") else ""
                out.append(w.say(p.GIVE if i > 1 else p.GIVE[:5], q=quote, **slots))
        return out + _back(known, len(seen), w)


def _back(known: list[int], n: int, w: Writer) -> list[str]:
    """A row of turns that bring nobody new, in one step."""
    return [w.say(p.BACK, r=talk_chain.places(tuple(known)), n=number(n))] if known else []


def _pool(a: Asking) -> Pool:
    """What the other conversations of the run offer, in the language of this one."""
    said = a.known.transcript
    return pool_of(a.vocabulary, said.language if said is not None else None)


def _quote(t: Turn, short: bool = False) -> str:
    """The words of a turn after a colon; `short` keeps its first words, where the whole has been told before."""
    if not t.text:
        return ""
    text = pieces(t.text)[0].rstrip(" .")
    words = text.split()
    return f': "{" ".join(words[:5])} …"' if short and len(words) > 6 else f': "{text}"'


_BRIEF = {
    "voices": "Give each turn to a speaker and count them.",
    "last_voice": "Give each turn to a speaker and take the last.",
    "longest_voice": "Add up the time of each speaker.",
    "turns_of": "Count the turns of one speaker.",
    "said_by": "Find the words and their speaker.",
    "says": "Find the first turn of the speaker.",
}


def _brief_steps(family: str, turns: tuple[Turn, ...], voice: int, x: str) -> str:
    if family == "voices":
        seen: list[int] = []
        words = []
        for i, t in enumerate(turns, 1):
            if t.voice not in seen:
                seen.append(t.voice)
            words.append(f"{i} {len(seen)}")
        return f"{', '.join(words)}. {len(seen)} speakers."
    if family == "longest_voice":
        return (
            ". ".join(f"{ordinal(v + 1)} speaker {seconds(d)}" for v, d in talk_rates.talk_times(turns).items()) + "."
        )
    if family == "turns_of":
        return ", ".join(f"{i} yes" if t.voice == voice else f"{i} no" for i, t in enumerate(turns, 1)) + "."
    if family == "said_by":
        i = next(k for k, t in enumerate(turns, 1) if t.text and x in t.text)
        return f"{c.quoted(x)} is in turn {i}."
    if family == "says":
        return f"The first turn of {x} is {next(i for i, t in enumerate(turns, 1) if t.voice == voice)}."
    return f"The last turn is {len(turns)}."
