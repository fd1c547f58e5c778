"""Spoken lists: which words, in which order, how many, said by how many voices and by whom.

Decision: what a model must hear is asked apart: the words (`spoken_nth`, `spoken_order`, `spoken_count`), the voices
(`voices`), both together (`who_says`). Wrong orders are drawn so that each of the four options could be the right one
for all that their words tell: four orders of the same words, or two orders with and without one other word. The brief
chains name voice and word turn by turn and then take one small step for each turn or option.
"""

from __future__ import annotations

from itertools import pairwise, permutations

import numpy as np

from audio_reasoner.core.chain import Chain
from audio_reasoner.core.ids import derive_seed
from audio_reasoner.core.records import Question, Style
from audio_reasoner.grounded import compose as c
from audio_reasoner.grounded import patterns_lists as p
from audio_reasoner.grounded.brief import option_letter, order_steps
from audio_reasoner.grounded.desk import Asking
from audio_reasoner.grounded.known import Known, Turn, sort_of
from audio_reasoner.grounded.language import capital, listed, number, ordinal, seconds
from audio_reasoner.grounded.list_rates import VOICES, WORDS, ListRates, rates_of
from audio_reasoner.grounded.options import N_OPTIONS, numbers, sequence_items, sequence_text, window
from audio_reasoner.grounded.scene import ORDER_GAP_S
from audio_reasoner.grounded.story import LETTER
from audio_reasoner.grounded.talk import speaker
from audio_reasoner.grounded.writer import Writer

MOST_WORDS = 12
"""Longer lists are not asked about."""
MOST_CHARS = 30
LAST = "last"
TEMPLATES: dict[str, tuple[str, ...]] = {
    "voices": (
        "How many people speak?",
        "How many different voices are heard?",
        "How many speakers are there?",
    ),
    "spoken_nth": (
        "Which word is said {x}?",
        "Which word comes {x}?",
        "What is the {x} word?",
    ),
    "spoken_count": (
        "How many words are said?",
        "How many words are spoken in all?",
        "How many spoken words are heard?",
    ),
    "spoken_order": (
        "In which order are the words said?",
        "Which list of words is heard?",
        "What is said, from first to last?",
    ),
    "who_says": (
        'Which speaker says "{x}"?',
        'Who says the word "{x}"?',
        'Whose word is "{x}"?',
    ),
}
DIFFICULTY = {"spoken_nth": 1, "voices": 2, "spoken_count": 2, "who_says": 2, "spoken_order": 3}


def words_of(known: Known) -> tuple[str, ...]:
    """The words of a list in their order; empty where it is no list that can be asked about: words that are not known,
    come twice or run into each other."""
    turns = known.turns
    words = tuple((t.text or "").strip() for t in turns)
    plain = (
        0 < len(words) <= MOST_WORDS
        and all(w and len(w) <= MOST_CHARS and not LETTER.search(w) and ", " not in w and "; " not in w for w in words)
        and len({w.casefold() for w in words}) == len(words)
        and all(b.start - a.start >= ORDER_GAP_S for a, b in pairwise(turns))
    )
    return words if plain else ()


class Lists:
    """A few words, one each turn."""

    tiers = (("spoken_nth", "who_says"), ("voices", "spoken_count"), ("spoken_order",))
    given = tuple(family for tier in tiers for family in tier)

    def ask(self, family: str, a: Asking) -> Question | None:
        """One of the families; None where the list does not answer it fairly."""
        words = words_of(a.known)
        if not words:
            return None
        # The same draws however often a clip is looked at: a question left out to keep the answers even stays out.
        rng = np.random.default_rng(derive_seed(0, "lists", family, a.caption))
        rates = rates_of(a.vocabulary)
        pool = [w for w in rates.said.get(sort_of(a.known), ()) if w.casefold() not in {x.casefold() for x in words}]
        match family:
            case "voices":
                return self._number(rng, family, a.known.voices, VOICES, rates)
            case "spoken_count":
                return self._number(rng, family, len(words), WORDS, rates)
            case "spoken_nth":
                return self._nth(rng, words, pool)
            case "spoken_order":
                return self._order(rng, words, pool)
            case _:
                return self._who(rng, words, a.known)

    @staticmethod
    def _number(rng: np.random.Generator, family: str, gold: int, of: str, rates: ListRates) -> Question | None:
        if not rates.fair(of, gold, rng):
            return None
        usual = rates.usual(of)
        options = (
            numbers(rng, gold, usual) if len(usual) >= N_OPTIONS else window(rng, gold, 1, 5 if of == WORDS else 4)
        )
        text = c.template(rng, TEMPLATES, family)
        return c.ask(rng, "multi_speaker", family, text, options[0], options[1:], DIFFICULTY[family], least=3)

    @staticmethod
    def _nth(rng: np.random.Generator, words: tuple[str, ...], pool: list[str]) -> Question | None:
        k = int(rng.integers(len(words)))
        others = [w for i, w in enumerate(words) if i != k]
        # Two that are heard elsewhere in the list, as far as there are any, and others that are not heard at all.
        heard = [others[int(i)] for i in rng.permutation(len(others))]
        unheard = [pool[int(i)] for i in rng.permutation(len(pool))]
        wrong = [*heard[:2], *unheard, *heard[2:]][: N_OPTIONS - 1]
        last = k == len(words) - 1 and len(words) > 1 and bool(rng.random() < 0.5)
        text = c.template(rng, TEMPLATES, "spoken_nth", x=LAST if last else ordinal(k + 1))
        return c.ask(rng, "multi_speaker", "spoken_nth", text, words[k], wrong, DIFFICULTY["spoken_nth"])

    @staticmethod
    def _order(rng: np.random.Generator, words: tuple[str, ...], pool: list[str]) -> Question | None:
        n = len(words)
        if n < 2:
            return None
        square = bool(rng.random() < 0.5) or n == 2
        if square and pool:
            at, other = int(rng.integers(n)), pool[int(rng.integers(len(pool)))]
            orders = _orders(rng, n, 2)
            with_other = tuple(other if i == at else w for i, w in enumerate(words))
            wrong = [[w[i] for i in order] for order in orders for w in (words, with_other)]
        else:
            wrong = [[words[i] for i in order] for order in _orders(rng, n, N_OPTIONS)]
        texts = [sequence_text(x) for x in wrong if tuple(x) != words]
        text = c.template(rng, TEMPLATES, "spoken_order")
        return c.ask(
            rng, "multi_speaker", "spoken_order", text, sequence_text(words), texts, DIFFICULTY["spoken_order"]
        )

    @staticmethod
    def _who(rng: np.random.Generator, words: tuple[str, ...], known: Known) -> Question | None:
        if known.voices < 2:
            return None
        # The voice first: the one that is heard first mostly says more words.
        voice = int(rng.integers(known.voices))
        mine = [w for w, t in zip(words, known.turns, strict=True) if t.voice == voice]
        word = mine[int(rng.integers(len(mine)))]
        others = [speaker(v) for v in range(known.voices) if v != voice]
        text = c.template(rng, TEMPLATES, "who_says", x=word)
        return c.ask(rng, "multi_speaker", "who_says", text, speaker(voice), others, DIFFICULTY["who_says"])

    def caption(self, known: Known, w: Writer) -> str:
        """Every word with its voice."""
        return " ".join(_told(known, w))

    def think(self, question: Question, known: Known, w: Writer, style: Style) -> Chain:
        """Every word to its voice, then the answer; raises ValueError where what is asked is not known."""
        words, family = words_of(known), question.family
        if not words or family not in TEMPLATES or question.gold_index is None:
            raise ValueError("what is asked about the list is not known")
        k = _place(question, words)
        if style == "brief":
            return _brief(question, known, words, k)
        gold = question.gold_index
        turn = known.turns[k]
        slots = {
            "x": c.quoted(words[k]),
            "k": LAST if _asks_last(question) else ordinal(k + 1),
            "i": str(k + 1),
            "a": seconds(turn.start),
            "v": speaker(turn.voice),
            "n": number(known.voices if family == "voices" else len(words)),
            "s": "" if (known.voices if family == "voices" else len(words)) == 1 else "s",
            "y": listed([c.quoted(x) for x in words]),
            "L": c.letter(gold),
        }
        return c.Draft(
            planning=[w.say(p.ASK[family], **slots), w.say(p.STEP)],
            caption=_told(known, w),
            steps=_steps(question, known, words, k, slots, w),
            why=[_why(question, i, words, w) for i in range(len(question.options))],
            summary=w.say(p.SUM[family], **slots),
            reason=w.say(p.REASON[family], **slots),
        ).chain(question, w)


def _orders(rng: np.random.Generator, n: int, most: int) -> list[tuple[int, ...]]:
    """The order as it is and other ones, up to `most` in all, each as likely as the others."""
    if n <= 5:
        found = list(permutations(range(n)))[1:]
        return [tuple(range(n)), *(found[int(i)] for i in rng.permutation(len(found))[: most - 1])]
    drawn = {tuple(range(n)): None}
    while len(drawn) < most:
        drawn[tuple(int(i) for i in rng.permutation(n))] = None
    return list(drawn)


def _asks_last(question: Question) -> bool:
    return question.family == "spoken_nth" and c.target(TEMPLATES, question.text) == LAST


def _place(question: Question, words: tuple[str, ...]) -> int:
    """The place in the list, from 0, that a question is about; 0 where it is about the whole list."""
    x = c.target({question.family: TEMPLATES[question.family]}, question.text)
    if question.family == "spoken_nth":
        places = [LAST if _asks_last(question) else x]
        found = len(words) - 1 if places[0] == LAST else next((i for i in range(len(words)) if ordinal(i + 1) == x), -1)
    elif question.family == "who_says":
        found = next((i for i, word in enumerate(words) if word == x), -1)
    else:
        return 0
    if found < 0:
        raise ValueError("what is asked about is not in the list")
    return found


def _told(known: Known, w: Writer) -> list[str]:
    """The list turn by turn; how many words and voices there are is left to whom it matters."""
    out = [w.say(p.OVERVIEW, d=seconds(known.facts.duration), s=sort_of(known))]
    for i, t in enumerate(known.turns):
        slots = {"x": speaker(t.voice), "a": seconds(t.start), "b": seconds(t.end), "q": c.quoted(t.text or "")}
        out.append(w.say(p.TURN if i else p.TURN_FIRST, **slots))
    return out


def _steps(
    question: Question, known: Known, words: tuple[str, ...], k: int, slots: dict[str, str], w: Writer
) -> list[str]:
    match question.family:
        case "voices":
            return _voices(known.turns, w)
        case "spoken_count":
            said = [w.say(p.COUNTED, q=c.quoted(x), a=seconds(t.start), n=number(i))
                    for i, (x, t) in enumerate(zip(words, known.turns, strict=True), 1)]  # fmt: skip
            return [*said, w.say(p.TOTAL, **slots)]
        case "spoken_order":
            return [
                w.say(p.PLACE, k=ordinal(i), q=c.quoted(x), a=seconds(t.start))
                for i, (x, t) in enumerate(zip(words, known.turns, strict=True), 1)
            ]
        case "spoken_nth":
            before = [w.say(p.PLACE, k=ordinal(i + 1), q=c.quoted(words[i]), a=seconds(known.turns[i].start))
                      for i in range(k)]  # fmt: skip
            return [*before, w.say(p.FOUND_NTH, **slots)]
        case _:
            given = [w.say(p.GIVEN, x=speaker(t.voice), q=c.quoted(t.text or ""), a=seconds(t.start))
                     for t in known.turns]  # fmt: skip
            return [*given, w.say(p.FOUND_WHO, **slots)]


def _voices(turns: tuple[Turn, ...], w: Writer) -> list[str]:
    out: list[str] = []
    seen: set[int] = set()
    for t in turns:
        new = t.voice not in seen
        seen.add(t.voice)
        pattern = p.FIRST_VOICE if len(out) == 0 else p.NEW_VOICE if new else p.OLD_VOICE
        slots = {"x": speaker(t.voice), "a": seconds(t.start), "q": c.quoted(t.text or ""), "n": number(len(seen))}
        out.append(w.say(pattern, **slots))
    return out


def _why(question: Question, i: int, words: tuple[str, ...], w: Writer) -> str:
    """The rest of a sentence whose subject is the option."""
    if i == question.gold_index:
        return w.clause(p.YES)
    option = question.options[i]
    if question.family == "spoken_order":
        items = sequence_items(option)
        at = next(
            (j for j, (x, y) in enumerate(zip(items, words, strict=False)) if x != y), min(len(items), len(words))
        )
        return w.clause(p.OTHER_AT, k=ordinal(at + 1))
    if question.family == "spoken_nth":
        return w.clause(p.ELSEWHERE if option in words else p.NOT_SAID)
    return w.clause(p.NO)


_BRIEF = {
    "voices": "Give each word to a speaker and count the speakers.",
    "spoken_nth": "List the words and take the {x}.",
    "spoken_count": "List the words and count them.",
    "spoken_order": "List the words, then check each order.",
    "who_says": "List the words and find the speaker of {x}.",
}


def _brief(question: Question, known: Known, words: tuple[str, ...], k: int) -> Chain:
    turns, gold = known.turns, question.gold_text
    caption = ", ".join(
        f"{i} {x} {ordinal(t.voice + 1)} speaker" for i, (t, x) in enumerate(zip(turns, words, strict=True), 1)
    )
    x = words[k]
    match question.family:
        case "voices":
            steps, summary = f"{_seen(turns)}.", f"The number of speakers is {gold}."
        case "spoken_count":
            steps = ", ".join(f"{word} {i}" for i, word in enumerate(words, 1)) + "."
            summary = f"The number of words is {gold}."
        case "spoken_nth":
            x = LAST if _asks_last(question) else ordinal(k + 1)
            steps, summary = f"{capital(x)} is {k + 1}. {k + 1} is {words[k]}.", f"The {x} word is {gold}."
        case "who_says":
            steps, summary = f"{x} is {k + 1}. {k + 1} is {gold}.", f"The word is from {gold}."
        case _:
            # The options are held against the list one by one already.
            return Chain(
                planning=_BRIEF["spoken_order"],
                caption=f"{caption}.",
                reasoning=order_steps(question, words),
                summary=f"The order is {option_letter(question.gold_index or 0)}.",
                response=f"{option_letter(question.gold_index or 0)} {gold}",
            )
    return c.brief(question, _BRIEF[question.family].format(x=x), f"{caption}.", steps, summary)


def _seen(turns: tuple[Turn, ...]) -> str:
    """ "first speaker new 1, second speaker new 2, first speaker again 2"."""
    seen: set[int] = set()
    out = []
    for t in turns:
        new = t.voice not in seen
        seen.add(t.voice)
        out.append(f"{ordinal(t.voice + 1)} speaker {'new' if new else 'again'} {len(seen)}")
    return ", ".join(out)
