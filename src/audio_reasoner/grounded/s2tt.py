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
from audio_reasoner.grounded import patterns_translation as p
from audio_reasoner.grounded.desk import Asking
from audio_reasoner.grounded.known import Known, Said
from audio_reasoner.grounded.language import number, ordinal, seconds
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
            parts.append(w.say(p.SAYS, q=quote_all(known.transcript.text)))
        return " ".join(parts)

    def _voice(self, known: Known, w: Writer) -> str:
        x = _tongue(known.transcript, "a foreign language") if known.transcript is not None else "another language"
        n = seconds(known.facts.duration)
        return w.say(p.VOICE, x=x, d=f"about {n}", n=n)

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
        slots = {"x": x, "y": y, "v": x.removeprefix("the ")}
        steps = []
        if heard is not None:
            if len(pairs) > 1:
                steps += [
                    w.say(p.PHRASE, k=ordinal(i), i=str(i), q=_end(a), r=c.quoted(_bare(a)))
                    for i, (a, _) in enumerate(pairs, 1)
                ]
            else:
                # Several sentences in one piece are not quoted again: three times the same words make no step.
                long = len(_parts(heard.text)) > 1
                steps.append(w.say(p.WHOLE_BEFORE if long else p.WHOLE_HEARD, q=quote_all(heard.text), **slots))
            steps += [w.say(p.PUT, q=c.quoted(_bare(a)), r=c.quoted(_bare(b)), **slots) + "." for a, b in pairs]
        else:
            steps += [w.say(p.PUT_BLIND, k=ordinal(i), i=str(i), r=_end(b), y=y) for i, (_, b) in enumerate(pairs, 1)]
        steps.append(w.say(p.JOIN if len(pairs) > 1 else p.JOIN_ONE, **slots))
        n = f"in {number(len(pairs))} pieces" if len(pairs) > 1 else "as one piece"
        draft = c.Draft(
            planning=[w.say(p.ASK, **slots), w.say(p.STEP if heard is not None else p.STEP_BLIND, **slots)],
            caption=[self.caption(known, w)],
            steps=steps,
            why=[w.clause(p.YES if i == question.gold_index else p.NO, **slots) for i in range(len(question.options))],
            summary=w.say(p.SUM if heard is not None else p.SUM_BLIND, n=n, **slots),
            reason=w.say(p.REASON, **slots) if question.options else "",
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
