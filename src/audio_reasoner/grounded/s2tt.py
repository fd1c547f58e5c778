# ruff: noqa: E501 -- a pattern is read as one sentence
"""Speech translation: transcribe, split into phrases, translate; the answer is the translation that the data gives.

Decision: the chain aligns only what can be aligned without knowing either language: sentences with sentences, and
clauses with clauses where both sides have equally many. Where the numbers differ the whole is translated at once,
because a wrong pairing would teach a wrong translation.
"""

from __future__ import annotations

import re

from audio_reasoner.core.chain import Chain
from audio_reasoner.core.records import Question, Style
from audio_reasoner.grounded import compose as c
from audio_reasoner.grounded.desk import Asking
from audio_reasoner.grounded.known import Known, Said
from audio_reasoner.grounded.language import number, ordinal
from audio_reasoner.grounded.languages import language_name
from audio_reasoner.grounded.quoting import quote_all
from audio_reasoner.grounded.speech import english
from audio_reasoner.grounded.vocabulary import of_kind
from audio_reasoner.grounded.writer import Writer

TEMPLATES: dict[str, tuple[str, ...]] = {
    "translation": (
        "What does the speaker say, translated into {x}?",
        "Translate what is said into {x}.",
        "Give the speech in {x}.",
        "How would you say in {x} what the speaker says?",
        "Please translate the speech into {x}.",
    ),
    "translation_choice": (
        "Which option is the translation of the speech into {x}?",
        "Which of these says in {x} what the speaker says?",
        "What is said, put into {x}?",
    ),
}
_WHOLE = re.compile(r"(?<=[.!?。！？…])(?![.!?。！？…])\s*(?=\S)")
_PART = re.compile(r"(?<=[,;:，、；：])\s*(?=\S)")
MAX_PARTS = 8


def _tongue(said: Said | None, other: str) -> str:
    return (language_name(said.language) if said is not None else None) or other


def target_language(known: Known) -> str | None:
    """The language to translate into: the label's, if it is not that of the speech; else English if it reads so."""
    gold, heard = known.translation, known.transcript
    if gold is None:
        return None
    name = language_name(gold.language)
    if name is not None and (heard is None or language_name(heard.language) != name):
        return name
    return "English" if english(Said(gold.text)) and not (heard is not None and english(heard)) else None


def _parts(text: str) -> list[str]:
    """Sentences; what holds no letter or digit ("...") stays with its neighbour."""
    out: list[str] = []
    for part in _WHOLE.split(text):
        if out and (not any(ch.isalnum() for ch in part) or not any(ch.isalnum() for ch in out[-1])):
            out[-1] = f"{out[-1]} {part}"
        else:
            out.append(part)
    return out


def pairs_of(source: str, target: str) -> list[tuple[str, str]]:
    """Phrases side by side, as far as both texts fall into the same number of them; else the whole.

    >>> pairs_of("Oui. Merci bien.", "Yes. Thank you.")
    [('Oui.', 'Yes.'), ('Merci bien.', 'Thank you.')]
    >>> pairs_of("Oui, merci.", "Yes.")
    [('Oui, merci.', 'Yes.')]
    """
    a, b = _parts(source), _parts(target)
    if len(a) != len(b) or len(a) > MAX_PARTS:
        return [(source, target)]
    out: list[tuple[str, str]] = []
    for x, y in zip(a, b, strict=True):
        xs, ys = _PART.split(x), _PART.split(y)
        out += zip(xs, ys, strict=True) if len(xs) == len(ys) and len(xs) <= 3 else [(x, y)]
    return out if len(out) <= MAX_PARTS else list(zip(a, b, strict=True))


_ASK = (
    "[I am asked for|The question asks for|What is wanted is] [the meaning of the speech|what is said], [put into|rendered in|given in] {y}.",
    "[The task is|My task is|What I have to do is] to [translate|render|carry over] [what is said|the speech] [from {x} into {y}|into {y}].",
    "[What is spoken|The speech] [has to become|must be turned into|is to be given as] {y}[ text|, in writing|].",
    "[This is|It is] a [task of translation|translation task]: {x} goes in[ by ear|], {y} comes out[ in writing|].",
)
_STEP = (
    "[First I write down|To begin with, I write down|I will first write down] [what I hear|the words as I hear them|the words], then [I translate|I go through them] [phrase by phrase|piece by piece][, and at the end I join the pieces|].",
    "[Before translating|Before any translation], [the words themselves must be clear|I need the words themselves], so I [transcribe|take down] the speech [first|before I go on] and [translate it|turn to the translation] [afterwards|after that].",
    "[Two passes will do|Two passes are enough|I will go in two passes]: [one|a first] to take down the {x} words, [one|a second] to [translate|carry over] [each phrase|every phrase].",
    "[I split the work|The work falls into two]: [the words in|what is said in] {x}, then [its|the] meaning in {y}[, phrase after phrase|, piece after piece|].",
)
_STEP_BLIND = (
    "[I listen for|I follow] the meaning [phrase by phrase|as the speech goes on] and [put|give] [it|each piece] in {y}.",
    "[While listening|As I listen], I [take in|follow] [the sense|the meaning] [and|, then] [write|put] it down in {y}.",
)
_VOICE = (
    "{a} [voice|speaker|person] [speaks|is heard speaking|talks] in {x} [for|over] {d}.",
    "[The clip|The recording] [holds|contains|brings] [speech in {x}|{x} speech], [about|roughly] {n} long.",
    "[What I hear|What can be heard] is speech in {x}; [the clip|it] [lasts|runs for|takes] {d}.",
    "[Over|Within|In] {d}, {b} [person|voice|speaker] [says something|speaks] in {x}.",
)
_SAYS = (
    "[The words are|What is said is|It says|I make out]: {q}",
    "[I hear|I can hear|I understand] [the words|this]: {q}",
    "[Word for word|Taken down word for word], [the speech is|it is|I hear]: {q}",
)
_PHRASE = (
    "[The {k} phrase|Phrase {i}|The {k} piece|Piece {i}] [is|reads|goes|says] {q}",
    "[In {k} place|As piece {i}|As the {k} piece] [I hear|I note|I have] {q}",
    "[I take down|I write down|I note] [piece {i}|phrase {i}|the {k} phrase]: {q}",
)
_WHOLE_HEARD = (
    "[I take down|I write down|First I note] [what I hear|the words|the whole of it]: {q}",
    "[Transcribed|Taken down], [the speech is|it reads|it says] {q}",
    "[The {x} words|The words in {x}] [are|read] {q}",
)
_PUT = (
    "{q} [becomes|turns into|is] {r}",
    "[In {y}|Put into {y}], {q} [is|becomes|reads] {r}",
    "[For|From] {q} [I get|comes|I make] {r}",
    "{r} [is how {y} says|is what {y} has for|renders|gives the sense of] {q}",
)
_PUT_BLIND = (
    "[The {k} piece|Piece {i}|The {k} part] [means|comes to|gives] {r}",
    "[Part {i}|In {k} place], [I write|I put down|I get] {r}",
)
_JOIN = (
    "[Joined|Put together|Read in one go], [this gives|the pieces give|I get] [the full sentence|the whole text|the translation] in {y}.",
    "[Nothing is left out|No piece is missing], so the {y} text [is complete|can stand as it is].",
    "[The pieces in their order|The pieces, one after the other,] [make up|form|give] the [whole|full] translation.",
)
_JOIN_ONE = (
    "[The {y} sentence|The {y} text] [says all that was said|keeps all of it|leaves nothing out].",
    "[Nothing of the words|None of what was said] is [lost|left out] in the {y} text.",
)
_SUM = (
    "[The speech|What is said] [has been taken down|was written down] in {x} and [carried over|translated] into {y}, {n}.",
    "[From {x} to {y}|Going from {x} to {y}], [the speech|what is said] [has been rendered|was translated] {n}.",
    "[I took down|I wrote down] the {x} words and [rendered|translated] them in {y}, {n}.",
)
_SUM_BLIND = (
    "[The meaning|The sense] of the speech [stands|is now] in {y}.",
    "[I have|There is now] the {y} text of [the speech|what is said].",
)
_NO = (
    "does not say [what was said|this|what I took down]",
    "[says something else|means something else|carries another message]",
    "[has|gives] another meaning than the {x} words",
    "[is|would be] the translation of [other words|some other sentence]",
)
_YES = (
    "[says just what|says exactly what|carries over what] [was said|I took down]",
    "[agrees with|is the same as|matches] [my translation|the pieces put together]",
)


class SpeechTranslation:
    """Chains that transcribe and then translate."""

    tiers = (("translation_choice",), ("translation",), ())
    given = ("translation",)

    def ask(self, family: str, a: Asking) -> Question | None:
        """The open question, or four translations where the run's vocabulary has others."""
        gold, rng = a.known.translation, a.rng
        if gold is None:
            return None
        name = target_language(a.known)
        if name is None:
            return None  # a request for a translation must say into what
        text = c.template(rng, TEMPLATES, family, x=name)
        if family == "translation":
            return c.ask_open("s2tt", family, text, gold.text, 3)
        others = [x for x in of_kind(a.vocabulary, "translation", gold.language) if _far(x, gold.text)]
        near = sorted(others, key=lambda x: abs(len(x) - len(gold.text)))[: max(12, len(others) // 4)]
        chosen = [near[int(i)] for i in rng.permutation(len(near))[:3]]
        return c.ask(rng, "s2tt", family, text, gold.text, chosen, 2, least=3)

    def caption(self, known: Known, w: Writer) -> str:
        """The language, the length and the words, as far as they are known."""
        parts = [self._voice(known, w)]
        if known.transcript is not None:
            parts.append(w.say(_SAYS, q=quote_all(known.transcript.text)))
        return " ".join(parts)

    def _voice(self, known: Known, w: Writer) -> str:
        from audio_reasoner.grounded.language import article, seconds

        x = _tongue(known.transcript, "a foreign language")
        if known.transcript is None:
            x = "another language"
        d = f"about {seconds(known.facts.duration)}"
        return w.say(_VOICE, x=x, d=d, n=seconds(known.facts.duration), a=article("voice").upper(), b="a")

    def think(self, question: Question, known: Known, w: Writer, style: Style) -> Chain:
        """Transcribe, then translate."""
        gold, heard = known.translation, known.transcript
        if gold is None:
            raise ValueError("no translation is known")
        y = target_language(known) or "the other language"
        x = _tongue(heard, "the original")
        pairs = pairs_of(heard.text, gold.text) if heard is not None else [("", t) for t in _parts(gold.text)]
        if style == "brief":
            words = quote_all(heard.text) if heard is not None else "A voice speaks."
            told = " ".join(
                f"{c.quoted(a)} is {c.quoted(b)}." if a else f"{i} {c.quoted(b)}." for i, (a, b) in enumerate(pairs, 1)
            )
            return c.brief(
                question, f"Write the words down, then put them into {y}.", words, told, f"The {y} text is ready."
            )
        slots = {"x": x, "y": y}
        steps = []
        if heard is not None:
            if len(pairs) > 1:
                steps += [w.say(_PHRASE, k=ordinal(i), i=str(i), q=_end(a)) for i, (a, _) in enumerate(pairs, 1)]
            else:
                steps.append(w.say(_WHOLE_HEARD, q=quote_all(heard.text), x=x))
            steps += [w.say(_PUT, q=c.quoted(_bare(a)), r=c.quoted(_bare(b)), **slots) + "." for a, b in pairs]
        else:
            steps += [w.say(_PUT_BLIND, k=ordinal(i), i=str(i), r=_end(b)) for i, (_, b) in enumerate(pairs, 1)]
        steps.append(w.say(_JOIN if len(pairs) > 1 else _JOIN_ONE, **slots))
        n = f"in {number(len(pairs))} pieces" if len(pairs) > 1 else "as one piece"
        draft = c.Draft(
            planning=[w.say(_ASK, **slots), w.say(_STEP if heard is not None else _STEP_BLIND, **slots)],
            caption=[self.caption(known, w)],
            steps=steps,
            why=[
                w.bit(c.one_of(w, _YES if i == question.gold_index else _NO), **slots)
                for i in range(len(question.options))
            ],
            summary=w.say(_SUM if heard is not None else _SUM_BLIND, n=n, **slots),
            reason="This option carries over what is said.",
        )
        return draft.chain(question, w)


def _bare(text: str) -> str:
    """A phrase without the punctuation at its end, so that it can be quoted within a sentence."""
    return text.rstrip(" ,;:.!?。，、；：！？…") or text


def _end(text: str) -> str:
    """A quotation that ends a sentence."""
    return f'"{_bare(text)}".'


def _far(a: str, b: str) -> bool:
    """Whether two sentences share little enough that one cannot pass for the other."""
    left, right = set(a.casefold().split()), set(b.casefold().split())
    return len(left & right) <= 0.5 * max(1, min(len(left), len(right)))
