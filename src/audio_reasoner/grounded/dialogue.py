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
from audio_reasoner.core.records import Question, Style
from audio_reasoner.grounded import compose as c
from audio_reasoner.grounded.desk import Asking
from audio_reasoner.grounded.known import Known, Turn
from audio_reasoner.grounded.language import listed, number, ordinal, seconds, times
from audio_reasoner.grounded.questions import LONGEST_MARGIN_S, LONGEST_RATIO, window
from audio_reasoner.grounded.quoting import pieces
from audio_reasoner.grounded.scene import ORDER_GAP_S
from audio_reasoner.grounded.writer import Writer

MOST_TURNS = 12
"""Longer conversations are not told turn by turn."""
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
_ASK: dict[str, tuple[str, ...]] = {
    "voices": (
        "[The question asks|I am asked] [how many people take part|for the number of voices].",
        "[I have to|I need to|The task is to] count the [voices|speakers], [not|rather than] their turns.",
        "[Voices are to be counted|The count is of voices]: [a voice that comes back|somebody who speaks again] [adds nothing|counts once].",
    ),
    "last_voice": (
        "[The question asks|I am asked] [whose turn comes last|who starts to speak last].",
        "[I have to|I need to|The task is to] find the [last|final] turn and [tell|name] [whose it is|its speaker].",
        "[Only the end matters|It is the end that matters]: who [takes|has] the [last|final] turn?",
    ),
    "longest_voice": (
        "[The question asks|I am asked] who [speaks|talks] [longest|for the longest time], [all turns taken together|adding up the turns].",
        "[I have to|I need to|The task is to] add up the [time|speaking time] of each [speaker|voice] and [compare|take the greatest sum].",
        "[It is about speaking time|Speaking time is what matters]: [the sum of the turns|all turns together] [decides|counts] for each speaker.",
    ),
    "turns_of": (
        "[The question asks|I am asked] how [often|many times] {x} [speaks|takes a turn].",
        "[I have to|I need to|The task is to] count the turns of {x} [and of nobody else|alone].",
        "[One voice is to be followed|I follow one voice]: {x}, and how [often|many times] it [comes|has a turn].",
    ),
    "said_by": (
        "[The question asks|I am asked] [who says|which speaker says] [the words in question|certain words|the words given].",
        "[I have to|I need to|The task is to] [find|place] the [words asked about|words in question|given words] and [tell|name] [who says them|their speaker].",
        "[These words have to be given to|The words belong to] one of the [speakers|voices], [by the turn in which they stand|whose turn they stand in].",
    ),
    "says": (
        "[The question asks|I am asked] [what {x} says first|for the first words of {x}].",
        "[I have to|I need to|The task is to] find the first turn of {x} and [write down|give] [its words|what is said].",
        "[One voice matters|I need one voice]: {x}, and [what it says first|its first turn].",
    ),
}
_STEP = (
    "[I give|I will give|First I give] [each|every] turn to [a|its] speaker, [in order|one after another], and [then|after that] [answer|look at the question].",
    "[Turn by turn|Going turn by turn], I [note|write down] who [speaks|has the floor] and [from when to when|when].",
    "[Voices are named|I name the voices] by their first [appearance|turn], and every turn is [given to|put under] one of them.",
    "[The turns in their order come first|A list of the turns comes first|A list of the turns is the first step]; [the rest|the answer] [can be read from it|follows from that].",
)
_VOICE_OVERVIEW = (
    "[In|Over|Within] about {d}, [people|several voices|different speakers|several people] [take turns|talk to one another|speak|are heard].",
    "[The clip|The recording] [lasts|runs for|takes] about {d} and [holds|brings] [a conversation|speech of more than one person].",
    "[What I hear is|It is] a [conversation|talk] of about {d}.",
)
_TURN_FIRST = (
    "[From {a} to {b}|Between {a} and {b}] {x} [speaks|is heard|has the floor]{q}.",
    "{x} [starts|begins] at {a} and [speaks until|goes on to|stops at] {b}{q}.",
    "[It opens|The talk opens|It begins] with {x}, from {a} to {b}{q}.",
)
_TURN_NEW = (
    "[From {a} to {b}|Between {a} and {b}] {x} [speaks|is heard|has the floor]{q}.",
    "{x} [starts|comes in|sets in] at {a} and [speaks until|goes on to|stops at] {b}{q}.",
    "[At|Around] {a} {x} [comes in|begins|takes the floor], until {b}{q}.",
    "[Then|Next|Now], from {a} to {b}, {x} [speaks|is heard]{q}.",
)
_GIVE = (
    "[Turn {i}|The {k} turn], [from|starting at] {a}, [is|belongs to|goes to] {x}{q}.",
    "[At|Around] {a} [it is|I hear|comes] {x}{q}[ (turn {i})|].",
    "{x} [has|takes] [turn {i}|the {k} turn], [at|from] {a}{q}.",
    "[Then|Next|After that], [at|from] {a}, [it is|comes|I hear] {x}{q}.",
)
_NEW_VOICE = (
    "[Turn {i}|The {k} turn], at {a}, brings [a new voice|a voice not heard before]: {n} so far.",
    "[At|Around] {a} [a new voice|another voice] [comes in|is heard], [which makes|so there are] {n}.",
    "[A voice I have not heard yet|A new voice] [starts|comes in] at {a}: {n}.",
)
_OLD_VOICE = (
    "[Turn {i}|The {k} turn], at {a}, [is|belongs to] {x} [again|once more]; still {n}.",
    "[At|Around] {a} {x} [comes back|returns], so [it stays at|there are still] {n}.",
    "{x} [speaks again|is back] at {a}: [no new voice|nobody new], {n} as before.",
)
_ONE_VOICE = (
    "[Turn {i}|The {k} turn], at {a}, is [the opening one|the first voice I hear]: one.",
    "[At|Around] {a} the first voice [starts|comes in]: one.",
)
_SUMS = (
    "{x} [has|takes] {r}, [together|in all|in sum] {d}.",
    "[For|With] {x} [I add up|the turns are] {r}: {d}.",
)
_SUM_ONE = ("{x} [has|takes] [one turn|a single turn] of {d}.", "[For|With] {x} there is one turn, {d}.")
_COUNT = (
    "[The turns|Turns] of {x} [start at|are at] {r}, [which makes|so that is] {t}.",
    "{x} [speaks|takes the floor] at {r}: {t}.",
)
_FOUND = (
    "[The words|The passage] {q} [stand|are] in turn {i}, [which is that of|and that turn belongs to] {x}.",
    "[Turn {i}|In turn {i} I find these words, so it] [is the one|is what I look for]: {x} [says|speaks] {q}.",
)
_LAST = (
    "[The last turn|The final turn] [starts at|is the one at] {a}, and [it belongs to|its speaker is] {x}.",
    "[Nobody starts|No turn starts] [later than|after] {a}, [where|when] {x} [begins|comes in].",
)
_FIRST_WORDS = (
    "[The first turn|The earliest turn] of {x} is [turn {i}|number {i}], and [it goes|the words are] {q}.",
    "{x} [comes in with|begins in] turn {i}: {q}.",
)
_NO = (
    "[is out|does not fit|is wrong] [by|going by] the list",
    "[does not agree|disagrees] with [the turns|my list]",
    "[would need|asks for] [another list of turns|other turns than these]",
)
_YES = ("[fits|agrees with|matches] [the turns|my list]", "[follows from|can be read from] [the turns|my list]")
_SUM: dict[str, tuple[str, ...]] = {
    "voices": ("[In all|Altogether], {n} [voices|people] [can be told apart|take part], [so|and therefore] option ({L}) [is right|fits].", "[I tell|I can tell] {n} voices apart: option ({L})."),
    "last_voice": ("[The last turn|The final turn] [belongs to|is that of] {y}, [so|and therefore] option ({L}) [is right|fits].", "{y} [starts last|has the last turn]: option ({L})."),
    "longest_voice": ("{y} [speaks|talks] longest, [so|and therefore] option ({L}) [is right|fits].", "[The greatest sum|The most time] [belongs to|is that of] {y}: option ({L})."),
    "turns_of": ("{x} [speaks|takes the floor] {t}, [so|and therefore] option ({L}) [is right|fits].", "[The count|My count] for {x} is {n}: option ({L})."),
    "said_by": ("[The words|These words] [belong to|come from] {y}, [so|and therefore] option ({L}) [is right|fits].", "It is {y} who says [them|these words|this]: option ({L})."),
    "says": ("[The first words|The opening words] of {x} [are found|have been found][ and written down|].", "[I have|There are] the first words of {x}[, as they are said|]."),
}  # fmt: skip
_REASON: dict[str, tuple[str, ...]] = {
    "voices": (
        "[That is how many|So many|This many] voices [can be told apart|are heard|take part].",
        "[No further voice|No other voice] [comes in|is heard][ after that|].",
    ),
    "last_voice": (
        "[Nobody|No one else] [starts to speak|takes the floor|comes in] [later|after that].",
        "The [last|final] turn is [theirs|that of this speaker].",
        "[No later turn|No turn after that] [starts|follows].",
    ),
    "longest_voice": ("[Their turns add up to the most time|Nobody else speaks for so long in all].",),
    "turns_of": (
        "[I counted|I noted|I kept count of] [each|every] turn of {x}[ and of nobody else|].",
        "[That is|This is] the number of [turns that {x} takes|their turns].",
        "[So often|That often] {x} [speaks|takes the floor|has a turn].",
    ),
    "said_by": (
        "[These words|The words] [stand in|come in|belong to] a turn of theirs.",
        "[The turn with these words|That turn] is [theirs|one of theirs].",
    ),
}


def speaker(voice: int) -> str:
    """ "the first speaker"."""
    return f"the {ordinal(voice + 1)} speaker"


def _talk_time(turns: tuple[Turn, ...]) -> dict[int, float]:
    out: dict[int, float] = {}
    for t in turns:
        out[t.voice] = round(out.get(t.voice, 0.0) + t.end - t.start, 1)
    return out


class Dialogue:
    """Several speakers."""

    tiers = (("last_voice", "said_by"), ("voices", "longest_voice", "says"), ("turns_of",))
    given = ("last_voice", "said_by", "voices", "longest_voice", "says", "turns_of")

    def ask(self, family: str, a: Asking) -> Question | None:
        """One of the families; None where the turns do not answer it fairly."""
        turns, rng = a.known.turns, a.rng
        n = a.known.voices
        if n < 2 or len(turns) > MOST_TURNS or any(t.start - s.start < ORDER_GAP_S for s, t in pairwise(turns)):
            return None
        make = {
            "voices": self._voices,
            "last_voice": self._last,
            "longest_voice": self._longest,
            "turns_of": self._turns_of,
            "said_by": self._said_by,
            "says": self._says,
        }[family]
        return make(turns, n, rng)

    @staticmethod
    def _who(rng: np.random.Generator, family: str, text: str, gold: int, n: int, difficulty: int) -> Question | None:
        others = [speaker(v) for v in range(max(n, 3)) if v != gold]
        return c.ask(rng, "multi_speaker", family, text, speaker(gold), others, difficulty)

    def _voices(self, _turns: tuple[Turn, ...], n: int, rng: np.random.Generator) -> Question | None:
        numbers = window(rng, n, 1, 5)
        text = c.template(rng, TEMPLATES, "voices")
        return c.ask(rng, "multi_speaker", "voices", text, numbers[0], numbers[1:], 2, least=3)

    def _last(self, turns: tuple[Turn, ...], n: int, rng: np.random.Generator) -> Question | None:
        return self._who(rng, "last_voice", c.template(rng, TEMPLATES, "last_voice"), turns[-1].voice, n, 1)

    def _longest(self, turns: tuple[Turn, ...], n: int, rng: np.random.Generator) -> Question | None:
        ranked = sorted(_talk_time(turns).items(), key=lambda x: -x[1])
        (top, a), (_, b) = ranked[0], ranked[1]
        if a < LONGEST_RATIO * b or a - b < LONGEST_MARGIN_S:
            return None
        return self._who(rng, "longest_voice", c.template(rng, TEMPLATES, "longest_voice"), top, n, 2)

    def _turns_of(self, turns: tuple[Turn, ...], n: int, rng: np.random.Generator) -> Question | None:
        if any(s.voice == t.voice for s, t in pairwise(turns)):
            return None  # whether one person speaking twice in a row takes one turn or two is a matter of taste
        voice = int(rng.integers(n))
        numbers = window(rng, sum(t.voice == voice for t in turns), 1, 5)
        text = c.template(rng, TEMPLATES, "turns_of", x=speaker(voice))
        return c.ask(rng, "multi_speaker", "turns_of", text, numbers[0], numbers[1:], 3, least=3)

    def _said_by(self, turns: tuple[Turn, ...], n: int, rng: np.random.Generator) -> Question | None:
        texts = [t.text or "" for t in turns]
        good = [t for t in turns if t.text and sum(t.text in x for x in texts) == 1]
        if not good:
            return None
        turn = good[int(rng.integers(len(good)))]
        assert turn.text
        passage = pieces(turn.text, 60)[0]
        if sum(passage in x for x in texts) != 1:
            return None
        return self._who(rng, "said_by", c.template(rng, TEMPLATES, "said_by", x=passage), turn.voice, n, 1)

    def _says(self, turns: tuple[Turn, ...], n: int, rng: np.random.Generator) -> Question | None:
        voice = int(rng.integers(n))
        turn = next(t for t in turns if t.voice == voice)
        if not turn.text:
            return None
        return c.ask_open("multi_speaker", "says", c.template(rng, TEMPLATES, "says", x=speaker(voice)), turn.text, 2)

    def caption(self, known: Known, w: Writer) -> str:
        """Every turn with its speaker."""
        out = [w.say(_VOICE_OVERVIEW, d=seconds(known.facts.duration))]
        out += [
            w.say(
                _TURN_NEW if i else _TURN_FIRST, x=speaker(t.voice), a=seconds(t.start), b=seconds(t.end), q=_quote(t)
            )
            for i, t in enumerate(known.turns[:MOST_TURNS])
        ]
        return " ".join(out)

    def think(self, question: Question, known: Known, w: Writer, style: Style) -> Chain:
        """Every turn to its speaker, then the answer."""
        turns = known.turns
        if known.voices < 2:
            raise ValueError("who speaks when is not known")
        family, gold = question.family, question.gold_index
        x = c.target(TEMPLATES, question.text)
        voice = next((v for v in range(known.voices) if speaker(v) == x), 0)
        mine = [t for t in turns if t.voice == voice]
        if style == "brief":
            told = _brief_steps(family, turns, voice, x)
            line = ", ".join(f"{i} {ordinal(t.voice + 1)} speaker" for i, t in enumerate(turns, 1))
            return c.brief(
                question,
                _BRIEF[family],
                f"{line}.",
                told,
                f"The answer is {question.gold_text.rstrip('.')}." if gold is not None else "The words are found.",
            )
        steps = self._walk(family, turns, w)
        if family == "longest_voice":
            for v, total in _talk_time(turns).items():
                parts = [seconds(t.end - t.start) for t in turns if t.voice == v]
                steps.append(
                    w.say(_SUM_ONE if len(parts) == 1 else _SUMS, x=speaker(v), r=listed(parts), d=seconds(total))
                )
        elif family == "turns_of":
            steps.append(w.say(_COUNT, x=x, r=listed([seconds(t.start) for t in mine]), t=times(len(mine))))
        elif family == "said_by":
            i = next(k for k, t in enumerate(turns, 1) if t.text and x in t.text)
            steps.append(w.say(_FOUND, q=c.quoted(x), i=str(i), x=speaker(turns[i - 1].voice)))
        elif family == "last_voice":
            steps.append(w.say(_LAST, a=seconds(turns[-1].start), x=speaker(turns[-1].voice)))
        elif family == "says":
            steps.append(
                w.say(_FIRST_WORDS, x=x, i=str(turns.index(mine[0]) + 1), q=_quote(mine[0]).removeprefix(": "))
            )
        slots = {
            "x": c.quoted(x) if family == "said_by" else x,
            "y": question.gold_text,
            "L": c.letter(gold or 0),
            "n": number(known.voices if family == "voices" else len(mine)),
            "t": times(len(mine)),
        }
        draft = c.Draft(planning=[w.say(_ASK[family], **slots), w.say(_STEP)], caption=[self.caption(known, w)], steps=steps, summary=w.say(_SUM[family], **slots))  # fmt: skip
        if gold is not None:
            draft.why = [w.bit(c.one_of(w, _YES if i == gold else _NO)) for i in range(len(question.options))]
            draft.reason = w.say(_REASON[family], **slots)
        return draft.chain(question, w)

    @staticmethod
    def _walk(family: str, turns: tuple[Turn, ...], w: Writer) -> list[str]:
        out, seen = [], set()
        for i, t in enumerate(turns, 1):
            new = t.voice not in seen
            seen.add(t.voice)
            slots = {"i": str(i), "k": ordinal(i), "a": seconds(t.start), "x": speaker(t.voice), "n": number(len(seen))}
            if family == "voices":
                out.append(w.say(_ONE_VOICE if i == 1 else _NEW_VOICE if new else _OLD_VOICE, **slots))
            else:
                quote = _quote(t, short=True) if family in ("said_by", "says") else ""
                out.append(w.say(_GIVE if i > 1 else _GIVE[:3], q=quote, **slots))
        return out


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
        return ". ".join(f"{ordinal(v + 1)} speaker {seconds(d)}" for v, d in _talk_time(turns).items()) + "."
    if family == "turns_of":
        return ", ".join(f"{i} yes" if t.voice == voice else f"{i} no" for i, t in enumerate(turns, 1)) + "."
    if family == "said_by":
        i = next(k for k, t in enumerate(turns, 1) if t.text and x in t.text)
        return f"{c.quoted(x)} is in turn {i}."
    if family == "says":
        return f"The first turn of {x} is {next(i for i, t in enumerate(turns, 1) if t.voice == voice)}."
    return f"The last turn is {len(turns)}."
