# ruff: noqa: E501 -- a pattern is read as one sentence
"""Questions about what is said: the words, their neighbours, their number, whether something is mentioned, the language.

Decision: the transcript is worked through word by word, because that is what a listener does and what can be checked.
Questions that need to know a word's place are asked only of languages that write spaces between words; whether a word is
mentioned only of English, where we know words that are surely others.
"""

from __future__ import annotations

import re
from collections import Counter

import numpy as np

from audio_reasoner.core.chain import Chain
from audio_reasoner.core.records import Question, Style
from audio_reasoner.grounded import compose as c
from audio_reasoner.grounded import patterns_speech as ps
from audio_reasoner.grounded.desk import Asking
from audio_reasoner.grounded.feeling import speech_caption
from audio_reasoner.grounded.known import Known, Said
from audio_reasoner.grounded.language import number, ordinal
from audio_reasoner.grounded.languages import COMMON, alike, language_name
from audio_reasoner.grounded.patterns_tagged import OPTIONS_TAG
from audio_reasoner.grounded.questions import window
from audio_reasoner.grounded.quoting import pieces, quote_all
from audio_reasoner.grounded.writer import Writer

TEMPLATES: dict[str, tuple[str, ...]] = {
    "transcript": (
        "What does the speaker say?",
        "What is said in the clip?",
        "Write down what is said.",
        "Which words does the speaker say?",
    ),
    "mention": (
        'Does the speaker say the word "{x}"?',
        'Is the word "{x}" said in the clip?',
        'Does "{x}" come up in what is said?',
    ),
    "word_after": (
        'Which word does the speaker say right after "{x}"?',
        'Which word follows "{x}"?',
        'What is the next word after "{x}"?',
    ),
    "words": (
        "How many words does the speaker say?",
        "How many words are said in all?",
        "What is the number of words that are said?",
    ),
    "language": (
        "Which language is spoken?",
        "In which language does the person speak?",
        "What language is heard in the clip?",
    ),
}
OTHER_WORDS = "window river money doctor garden summer letter bridge kitchen market school winter engine island ticket village mountain coffee camera hospital station holiday paper sister teacher button orange".split()  # noqa: SIM905
_ENGLISH = frozenset(
    [
        "the",
        "is",
        "are",
        "you",
        "to",
        "and",
        "of",
        "in",
        "it",
        "that",
        "for",
        "this",
        "i",
        "not",
        "have",
        "was",
        "please",
        "your",
        "my",
        "we",
        "be",
        "an",
        "by",
        "has",
        "been",
        "with",
        "number",
        "press",
        "enter",
        "now",
    ]
)
_NO_SPACES = ("zh", "ja", "th", "lo", "km", "my")
_VERBS = frozenset(
    (
        "is",
        "has",
        "does",
        "comes",
        "stands",
        "follows",
        "agrees",
        "that",
        "this",
        "what",
        "word",
        "words",
        "next",
        "first",
        "find",
        "name",
        "take",
        "tell",
    )
)
"""Words that could be read as the verb after an option's letter."""
MOST_WORDS = 12
"""Longer speech is not counted word by word."""


def words_in(text: str) -> list[str]:
    """Words as they are counted, lower case.

    >>> words_in("Press one, or don't.")
    ['press', 'one', 'or', "don't"]
    """
    return [x.strip("'’-").casefold() for x in re.findall(r"[^\W_]+(?:['’-][^\W_]+)*", text)]


def chunks(text: str) -> list[str]:
    """Short pieces of even length: phrases where punctuation makes them, else runs of up to six words.

    >>> chunks("Please leave your message after the tone.")
    ['Please leave your message', 'after the tone.']
    """
    out: list[str] = []
    for part in re.split(r"(?<=[.!?,;:])\s+", text):
        words = part.split()
        n = -(-len(words) // 6) or 1
        size = -(-len(words) // n)
        out += [" ".join(words[i : i + size]) for i in range(0, len(words), size)]
    return out if 0 < len(out) <= 16 else pieces(text)


def english(said: Said) -> bool:
    """Whether the words are English: by their language, else by small words that only English has."""
    if said.language:
        return language_name(said.language) == "English"
    found = words_in(said.text)
    return len(_ENGLISH & set(found)) >= (2 if len(found) > 3 else 1)


def spaced(said: Said) -> bool:
    """Whether words can be told apart by spaces."""
    if said.language and said.language.casefold()[:2] in _NO_SPACES:
        return False
    return not re.search(r"[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]", said.text)


class Speech:
    """What is said."""

    tiers = (("mention", "language", "word_after"), ("word_after", "words"), ("transcript",))
    given = ()

    def ask(self, family: str, a: Asking) -> Question | None:
        """One of the families; None where the transcript cannot answer it."""
        said, rng = a.known.transcript, a.rng
        if said is None:
            return None
        if family == "transcript":
            return c.ask_open("speech_qa", family, c.template(rng, TEMPLATES, family), said.text, 3)
        if family == "language":
            name = language_name(said.language)
            others = [x for x in COMMON if name and not alike(x, name)]
            chosen = [others[int(i)] for i in rng.permutation(len(others))]
            if name is None:
                return None
            return c.ask(
                rng, "speech_qa", family, c.template(rng, TEMPLATES, family), name, _unlike(chosen), 1, least=3
            )
        words = words_in(said.text) if spaced(said) else []
        make = {"mention": self._mention, "word_after": self._after, "words": self._words}[family]
        return make(said, words, rng) if len(words) >= 2 else None

    @staticmethod
    def _mention(said: Said, words: list[str], rng: np.random.Generator) -> Question | None:
        inside = [x for x in dict.fromkeys(words) if len(x) >= 4 and x not in _ENGLISH]
        if not english(said) or not inside:
            return None
        yes = rng.random() < 0.5
        text = " ".join(words)
        outside = [x for x in OTHER_WORDS if x not in text]
        pool = inside if yes else outside
        x = pool[int(rng.integers(len(pool)))]
        return c.ask_yes_no(rng, "speech_qa", "mention", c.template(rng, TEMPLATES, "mention", x=x), yes, 1)

    @staticmethod
    def _after(_said: Said, words: list[str], rng: np.random.Generator) -> Question | None:
        counts = Counter(words)
        places = [
            i
            for i, x in enumerate(words[:-1])
            if counts[x] == 1 and len(x) > 2 and words[i + 1] not in _PLANNED and len(words[i + 1]) > 3
        ]
        if len(counts) < 5 or len(words) > 3 * MOST_WORDS or not places:
            return None
        i = places[int(rng.integers(len(places)))]
        gold = words[i + 1]
        others = [x for x in counts if x not in (gold, words[i], *_VERBS) and len(x) > 1]
        chosen = [others[int(k)] for k in rng.permutation(len(others))]
        text = c.template(rng, TEMPLATES, "word_after", x=words[i])
        return c.ask(rng, "speech_qa", "word_after", text, gold, chosen, 2, least=3)

    @staticmethod
    def _words(said: Said, words: list[str], rng: np.random.Generator) -> Question | None:
        if len(words) > MOST_WORDS or re.search(r"[\d'’-]", said.text):
            return None  # what is one word in "22" or "don't" is a matter of taste
        numbers = window(rng, len(words), 2, 6)
        return c.ask(
            rng, "speech_qa", "words", c.template(rng, TEMPLATES, "words"), numbers[0], numbers[1:], 2, least=3
        )

    def caption(self, known: Known, w: Writer) -> str:
        """Words, length, loudness."""
        return " ".join(speech_caption(known, w))

    def think(self, question: Question, known: Known, w: Writer, style: Style) -> Chain:
        """From the words to the answer."""
        said = known.transcript
        if said is None:
            raise ValueError("what is said is not known")
        family = question.family
        x = c.target(TEMPLATES, question.text)
        words = words_in(said.text)
        gold = question.gold_index
        slots = {
            "x": c.quoted(x),
            "L": c.letter(gold or 0),
            "n": number(len(words)),
            "v": "",
            "y": c.quoted(question.gold_text),
        }
        slots["v"] = "said" if question.gold_text == "yes" else "not said"
        if family == "language":
            slots["y"] = question.gold_text
        if style == "brief":
            told = _brief_steps(family, words, x, question)
            summary = {"transcript": "The words are written down.", "mention": f"The word is {slots['v']}."}.get(
                family, f"The answer is {question.gold_text}."
            )
            return c.brief(question, _BRIEF[family], f"A voice says {quote_all(said.text)}", told, summary)
        parts = pieces(said.text, 90)
        steps: list[str] = []
        if family == "transcript":
            phrases = chunks(said.text)
            steps = [w.say(ps.PART, k=ordinal(i), i=str(i), q=c.quoted(t)) for i, t in enumerate(phrases, 1)]
            steps.append(w.say(ps.WHOLE, q=quote_all(said.text)))
        elif family == "mention":
            for part in parts:
                hit = x in words_in(part)
                steps.append(w.say(ps.SEARCH_YES if hit else ps.SEARCH_NO, q=c.quoted(part), x=c.quoted(x)))
                if hit:
                    break
        elif family == "word_after":
            i = words.index(x) + 1
            near = list(enumerate(words, 1))[max(0, i - 4) : i + 3]
            steps.append(w.say(ps.AT, x=c.quoted(x), q=", ".join(f"{k} {c.quoted(t)}" for k, t in near)))
            steps.append(w.say(ps.NEXT, i=str(i), k=ordinal(i), j=str(i + 1), x=c.quoted(x), y=c.quoted(words[i])))
        elif family == "words":
            steps.append(w.say(ps.COUNT, q=", ".join(f"{c.quoted(t)} {k}" for k, t in enumerate(words, 1))))
            steps.append(w.say(ps.TOTAL, n=number(len(words))))
        else:
            steps.append(w.say(ps.TONGUE, q=c.quoted(parts[0]), y=question.gold_text))
        draft = c.Draft(planning=[w.say(ps.ASK[family], x=c.quoted(x)), w.say(ps.STEP[family])], caption=speech_caption(known, w) if family != "transcript" else _only_length(known, w), steps=steps, summary=w.say(ps.SUM[family], **slots))  # fmt: skip
        if gold is not None:
            draft.why = [w.clause(ps.YES[family] if i == gold else ps.NO[family]) for i in range(len(question.options))]
            draft.reason = w.say(ps.REASON[family], **slots)
        return draft.chain(question, w)


_BRIEF = {
    "transcript": "Write down the words.",
    "mention": "Go through the words.",
    "word_after": "Find the word and take the next.",
    "words": "Count the words.",
    "language": "Listen to the words.",
}


_PLANNED = (
    frozenset(
        w for t in (*ps.ASK["word_after"], *ps.STEP["word_after"], *OPTIONS_TAG) for w in re.findall(r"[a-z]+", t)
    )
    | _VERBS
)
"""Words that the planning may use; one of them as the answer would look known beforehand."""


def _brief_steps(family: str, words: list[str], x: str, question: Question) -> str:
    if family == "words":
        return ", ".join(f"{t} {k}" for k, t in enumerate(words, 1)) + "."
    if family == "word_after":
        i = words.index(x)
        return f"{x} is {i + 1}. {i + 2} is {words[i + 1]}."
    if family == "mention":
        return f"The word {c.quoted(x)} is {'' if question.gold_text == 'yes' else 'not '}there."
    return "" if family == "language" else "The words follow one another."


def _only_length(known: Known, w: Writer) -> list[str]:
    """A caption that leaves the words to the reasoning."""
    from dataclasses import replace

    return speech_caption(replace(known, transcript=None), w)


def _unlike(names: list[str]) -> list[str]:
    """Languages of which no two sound alike."""
    out: list[str] = []
    for x in names:
        if not any(alike(x, y) for y in out):
            out.append(x)
    return out
