# ruff: noqa: E501 -- a pattern is read as one sentence
"""Emotion and sarcasm: what the words alone suggest, what the voice does, and whether the two agree.

Decision: the voice's feeling is the label's; of its sound only what may be spoken of is told (how loud it runs, where it
pauses). Words are weighed by a short list of words whose charge is beyond doubt ("great", "hate"), and silent words are
called what they are: they leave it open. A sarcastic remark is a clash between the two, a plain one has none.
"""

from __future__ import annotations

import re

import numpy as np

from audio_reasoner.core.chain import Chain
from audio_reasoner.core.records import Question, Style
from audio_reasoner.grounded import compose as c
from audio_reasoner.grounded import patterns_feeling as p
from audio_reasoner.grounded.desk import Asking
from audio_reasoner.grounded.known import Known
from audio_reasoner.grounded.language import listed, seconds
from audio_reasoner.grounded.quoting import quote_all
from audio_reasoner.grounded.vocabulary import of_kind
from audio_reasoner.grounded.writer import Writer

TEMPLATES: dict[str, tuple[str, ...]] = {
    "emotion": (
        "Which emotion does the speaker show?",
        "How does the speaker feel?",
        "What emotion can be heard in the speaker's voice?",
        "Which of these emotions fits the speaker best?",
        "In what mood is the person speaking?",
    ),
    "emotion_is": (
        "Is {x} the emotion that can be heard here?",
        "Is {x} the emotion that the speaker shows?",
    ),
    "sarcasm": (
        "Is the speaker being sarcastic?",
        "Is this remark meant sarcastically?",
        "Does the speaker mean the opposite of the words, in a sarcastic way?",
        "Is there sarcasm in what the speaker says?",
    ),
}
GROUPS: tuple[tuple[str, ...], ...] = (
    ("happy", "happiness", "joy", "joyful", "amused", "amusement", "excited", "excitement", "cheerful", "pleasure", "proud", "pride", "delighted"),
    ("sad", "sadness", "sorrow", "grief", "disappointed", "disappointment", "depressed", "sorrowful"),
    ("angry", "anger", "frustrated", "frustration", "annoyed", "annoyance", "irritated", "rage", "furious"),
    ("afraid", "fear", "fearful", "scared", "anxious", "anxiety", "nervous", "worried"),
    ("surprised", "surprise", "astonished", "astonishment", "amazed"),
    ("disgusted", "disgust", "contempt"),
    ("neutral", "calm", "relaxed", "boredom", "bored", "calmness"),
)  # fmt: skip
"""Feelings that may be taken for one another; wrong options come from other groups."""
_CLOSE = (("angry", "disgusted"), ("afraid", "surprised"), ("happy", "surprised"))
_ADJECTIVES = ("happy", "sad", "angry", "afraid", "surprised", "disgusted", "neutral")
_NOUNS = ("joy", "sadness", "anger", "fear", "surprise", "disgust", "neutral")
GLAD = frozenset(
    [
        "great",
        "wonderful",
        "love",
        "loved",
        "lovely",
        "perfect",
        "amazing",
        "brilliant",
        "fantastic",
        "nice",
        "beautiful",
        "happy",
        "glad",
        "thanks",
        "thank",
        "awesome",
        "excellent",
        "delighted",
        "fun",
        "enjoy",
        "best",
        "congratulations",
        "yay",
        "pleased",
        "charming",
        "terrific",
        "superb",
    ]
)
SORE = frozenset(
    [
        "hate",
        "hated",
        "awful",
        "terrible",
        "horrible",
        "worst",
        "sad",
        "cry",
        "sorry",
        "lost",
        "dead",
        "died",
        "miss",
        "alone",
        "hurt",
        "angry",
        "stupid",
        "damn",
        "hell",
        "shut",
        "idiot",
        "furious",
        "scared",
        "afraid",
        "fear",
        "disgusting",
        "gross",
        "ugly",
        "pain",
        "bad",
        "wrong",
        "never",
        "unfortunately",
        "annoying",
    ]
)


def group_of(emotion: str) -> int | None:
    """Index of the group that a feeling belongs to, or None."""
    words = set(re.findall(r"[a-z]+", emotion.casefold()))
    return next((i for i, g in enumerate(GROUPS) if words & set(g)), None)


def charged(text: str) -> tuple[list[str], list[str]]:
    """Words of a clear charge, friendly and hard, in their order and without doubles.

    >>> charged("Oh great, I love this awful thing")
    (['great', 'love'], ['awful'])
    """
    words = list(dict.fromkeys(re.findall(r"[a-z']+", text.casefold())))
    return [x for x in words if x in GLAD], [x for x in words if x in SORE]


def _weigh(known: Known, w: Writer) -> tuple[list[str], int]:
    """What the words suggest, as a step; and +1 friendly, -1 hard, 0 open."""
    if known.transcript is None:
        return [w.say(p.WORDS_UNKNOWN)], 0
    glad, sore = charged(known.transcript.text)
    left, right = listed([c.quoted(x) for x in glad[:3]] or [""]), listed([c.quoted(x) for x in sore[:3]] or [""])
    if glad and sore:
        return [w.say(p.WORDS_BOTH, w=left, v=right)], 0
    if glad:
        return [w.say(p.WORDS_GLAD, w=left)], 1
    if sore:
        return [w.say(p.WORDS_SORE, w=right)], -1
    return [w.say(p.WORDS_NONE)], 0


def speech_caption(known: Known, w: Writer) -> list[str]:
    """What a person says, how long it takes, how its loudness runs."""
    d = seconds(known.facts.duration)
    out = (
        [w.say(p.SAYS, q=quote_all(known.transcript.text)), w.say(p.LENGTH, d=d)]
        if known.transcript
        else [w.say(p.NO_WORDS, d=d)]
    )
    if known.facts.course is not None:
        out.append(w.say(p.LOUD[known.facts.course]))
    return out


def _noun(emotion: str) -> str:
    """A feeling as a thing: "joy"; "a happy mood"."""
    words = emotion.split()
    if emotion in _NOUNS[:-1] or emotion.endswith(("ness", "ment", "tion", "iety", "sure", "pride", "grief", "sorrow")):
        return emotion
    from audio_reasoner.grounded.language import article

    return f"{article(emotion)} {emotion} mood" if len(words) < 3 else c.quoted(emotion)


def _adjective(emotion: str) -> str | None:
    if emotion in _NOUNS[:-1]:
        return dict(zip(_NOUNS, _ADJECTIVES, strict=True))[emotion]
    return emotion if emotion in _ADJECTIVES and emotion != "neutral" else None


class Feeling:
    """Speech emotion recognition."""

    tiers = (("emotion_is",), ("emotion",), ())
    given = ("emotion", "emotion_is")

    def ask(self, family: str, a: Asking) -> Question | None:
        """Which feeling, or whether it is a certain one."""
        gold, rng = a.known.emotion, a.rng
        if gold is None:
            return None
        others = self._others(gold, a.vocabulary, rng)
        if family == "emotion":
            return c.ask(rng, "ser", family, c.template(rng, TEMPLATES, family), gold, others, 2, least=2)
        yes = rng.random() < 0.5
        if not yes and not others:
            return None
        text = c.template(rng, TEMPLATES, family, x=gold if yes else others[0])
        return c.ask_yes_no(rng, "ser", family, text, yes, 1)

    @staticmethod
    def _others(gold: str, vocabulary: tuple[str, ...], rng: np.random.Generator) -> list[str]:
        """Feelings of other groups, one per group: the run's own words first, in the form of the right one."""
        mine = group_of(gold)
        own = [x.lower() for x in of_kind(vocabulary, "emotion")]
        fixed = _ADJECTIVES if gold in _ADJECTIVES and gold not in _NOUNS else _NOUNS
        if gold == "neutral":
            fixed = (_NOUNS, _ADJECTIVES)[int(rng.integers(2))]
        close = {group_of(b if mine == group_of(a) else a) for a, b in _CLOSE if mine in (group_of(a), group_of(b))}
        if mine is None:
            close = {group_of("neutral")}
        out: list[str] = []
        used = {mine, *close}
        for pool in (own, fixed):
            for i in rng.permutation(len(pool)):
                x = pool[int(i)]
                g = group_of(x)
                if x != gold and g is not None and g not in used:
                    used.add(g)
                    out.append(x)
        return out

    def caption(self, known: Known, w: Writer) -> str:
        """Words, length, loudness."""
        return " ".join(speech_caption(known, w))

    def think(self, question: Question, known: Known, w: Writer, style: Style) -> Chain:
        """Words, voice, both together, the options."""
        emotion = known.emotion
        if emotion is None:
            raise ValueError("no emotion is known")
        asked = c.target(TEMPLATES, question.text)
        if style == "brief":
            words = f"A voice says {quote_all(known.transcript.text)}" if known.transcript else "A voice speaks."
            glad, sore = charged(known.transcript.text) if known.transcript else ([], [])
            told = f"Words: {'friendly' if glad and not sore else 'hard' if sore and not glad else 'open'}. Voice: {emotion}."
            return c.brief(question, "Weigh the words against the voice.", words, told, f"The emotion is {emotion}.")
        steps, lean = _weigh(known, w)
        flat = group_of(emotion) == group_of("neutral") and emotion not in ("bored", "boredom")
        adjective = _adjective(emotion)
        if flat:
            steps.append(w.say(p.VOICE_FLAT))
        else:
            patterns = p.VOICE if adjective else p.VOICE[1:]  # the first one needs an adjective
            from audio_reasoner.grounded.language import article

            a = f"{article(adjective)} {adjective}" if adjective else ""
            steps.append(w.say(patterns, a=a, e=_noun(emotion)))
        good = group_of(emotion) == 0
        bad = group_of(emotion) in (1, 2, 3, 5)
        if known.transcript is not None:
            if lean == 0:
                steps.append(w.say(p.FILL))
            else:
                steps.append(w.say(p.AGREE if (lean > 0 and good) or (lean < 0 and bad) else p.PART))
        gold = question.gold_index
        assert gold is not None
        if asked:
            say = p.IS_SAME if question.gold_text == "yes" else p.IS_OTHER
            steps.append(w.say(say, e=_noun(emotion), q=c.quoted(asked)))
            why = _yes_no_why(question, w)
        else:
            why = [w.clause(p.YES if i == gold else p.NO) for i in range(len(question.options))]
        return c.Draft(
            planning=[w.say(p.ASK_EMOTION_IS if asked else p.ASK_EMOTION, x=c.quoted(asked)), w.say(p.STEP_EMOTION)],
            caption=speech_caption(known, w),
            steps=steps,
            why=why,
            summary=w.say(
                p.SUM_IS[question.gold_text] if asked else p.SUM,
                e=_noun(emotion),
                q=c.quoted(asked),
                L=c.letter(gold),
            ),
            reason=w.say(p.REASON) if not asked else w.say(p.HEARD, e=_noun(emotion)),
        ).chain(question, w)


def _yes_no_why(question: Question, w: Writer) -> list[str]:
    return [w.clause(p.ANSWER_YES if i == question.gold_index else p.ANSWER_NO) for i in range(len(question.options))]


class Sarcasm:
    """Whether words and tone clash."""

    tiers = (("sarcasm",), (), ())
    given = ("sarcasm",)

    def ask(self, family: str, a: Asking) -> Question | None:
        """Yes or no."""
        if a.known.sarcastic is None:
            return None
        return c.ask_yes_no(a.rng, "sarcasm", family, c.template(a.rng, TEMPLATES, family), a.known.sarcastic, 3)

    def caption(self, known: Known, w: Writer) -> str:
        """Words, length, loudness."""
        return " ".join(speech_caption(known, w))

    def think(self, question: Question, known: Known, w: Writer, style: Style) -> Chain:
        """Words, tone, clash."""
        gold = question.gold_index
        if known.sarcastic is None or gold is None:
            raise ValueError("whether it is sarcastic is not known")
        answer = "yes" if known.sarcastic else "no"
        if style == "brief":
            words = f"A voice says {quote_all(known.transcript.text)}" if known.transcript else "A voice speaks."
            told = f"Words and tone {'clash' if known.sarcastic else 'agree'}."
            return c.brief(question, "Look for a clash of words and tone.", words, told, f"Sarcastic: {answer}.")
        steps = _weigh(known, w)[0] if known.transcript is not None else []
        steps.append(w.say(p.CLASH if known.sarcastic else p.NO_CLASH))
        return c.Draft(
            planning=[w.say(p.ASK_SARCASM), w.say(p.STEP_SARCASM)],
            caption=speech_caption(known, w),
            steps=steps,
            why=_yes_no_why(question, w),
            summary=w.say(p.SUM_SARCASM[answer], L=c.letter(gold)),
            reason=w.say(p.REASON_SARCASM[answer]),
        ).chain(question, w)
