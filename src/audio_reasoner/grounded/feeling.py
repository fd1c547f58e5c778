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


_ASK_EMOTION = (
    "[The question asks|I am asked|What is wanted is] [how the speaker feels|which feeling the speaker shows|what mood is in the voice].",
    "[I have to|I need to|The task is to] [name|tell|find] the [feeling|emotion] [behind|in] [what is said|the voice|these words].",
    "[This is about|Here it is] the speaker's [feeling|mood], [not|rather than] [the facts that are told|the content alone].",
    "[A feeling is asked for|An emotion is asked for], [and it may lie|which may lie] [in the words|in what is said], [in the voice|in how it is said] or in both.",
)
_STEP_EMOTION = (
    "[I weigh|I will weigh|I want to weigh] [the words against the voice|what is said against how it is said]: [where they part, the voice decides|if they disagree, I trust the voice].",
    "[First the words|First come the words], [then the voice|after them the voice]; [the feeling must fit both|what fits both is kept][, or at least the voice|].",
    "[Words can mislead|Words alone can deceive], so I [take them first|look at them first] and [then hold them against|then compare them with] the [voice|way of speaking].",
    "[I look|I will look] [at the choice of words|at what is said], [then I listen to|and then I go by] [the way it is spoken|how it is said].",
)
_SAYS = (
    "[A person|A speaker|Somebody|A voice|Someone] [says|speaks|is heard saying]: {q}",
    "[The words|The speaker's words|The spoken words|The words that I hear] [are|run]: {q}",
    "[Word for word|Taken down|In words], [this is|it is|I hear|the clip has] {q}",
    "[I hear|What I hear is] [a person|somebody|a voice] [say|saying] {q}",
    "[In the clip|In the recording], [somebody|a speaker|a person] [says|speaks the words] {q}",
)
_LENGTH = (
    "[It takes|The clip lasts|The recording runs for|The clip takes|It lasts|It goes on for] [about|roughly] {d}[ in all| from start to end| altogether|].",
    "[All of it|The whole|Everything|The whole of it] [is over in|takes|fits into|is said within] [about|roughly] {d}.",
    "[It is|This is] a [clip|recording] of [about|roughly] {d}.",
    "[About|Roughly] {d} [pass|go by] from [start to end|the first moment to the last].",
)
_NO_WORDS = (
    "[A person|A speaker|Somebody] [speaks|is heard speaking] [for about|over about] {d}.",
    "[The clip|The recording] [holds|brings] about {d} of speech.",
)
_LOUD: dict[str, tuple[str, ...]] = {
    "rising": ("[The voice|It] [grows louder|gets louder] [towards the end|as it goes on].", "[Towards the end|As it goes on], [the voice|it] [grows|becomes] louder."),
    "falling": ("[The voice|It] [grows quieter|fades] [towards the end|as it goes on].", "[Towards the end|As it goes on], [the voice|it] [grows|becomes] quieter."),
    "steady": ("[The voice|It] [keeps|stays at] [about|more or less] one level.", "[Its|The] loudness [hardly changes|stays even][ all the way|]."),
    "rise_fall": ("[The voice|It] [swells and then sinks|rises and then fades|grows and then fades][ again|].", "[First|At first] [the voice|it] grows louder, [then|later] it sinks again.",),
    "fall_rise": ("[The voice|It] [sinks and then swells|fades and then comes back|drops and then rises][ again|].", "[First|At first] [the voice|it] grows quieter, [then|later] it rises again.",),
    "varying": ("[The voice|It] [goes|moves|runs] up and down in loudness[ as it goes on| more than once|].", "[Louder and quieter|Loud and quiet|Stronger and weaker] [moments|words|stretches] [alternate|take turns|follow one another][ in it| as it goes on|].", "[Several|A number of] [rises and falls|ups and downs] in loudness [can be followed|run through it]."),
}  # fmt: skip
_WORDS_GLAD = (
    "[The words|Taken alone, the words] [lean to the friendly side|sound friendly|are warm ones]: {w}.",
    "{w}: [that is friendly wording|such words are friendly|these words are friendly], [taken by themselves|as far as words go].",
    "[As far as words go|Going by the words], {w} [speaks for|points to] something [good|pleasant].",
)
_WORDS_SORE = (
    "[The words|Taken alone, the words] [are hard ones|lean to the dark side|sound heavy]: {w}.",
    "{w}: [that is hard wording|such words are hard|these words weigh heavily], [taken by themselves|as far as words go].",
    "[As far as words go|Going by the words], {w} [speaks for|points to] something [bad|unpleasant].",
)
_WORDS_BOTH = (
    "[The words|Taken alone, the words] [pull both ways|are mixed]: {w} on the friendly side, {v} on the hard one.",
    "{w} [is|sounds] friendly, {v} [is|sounds] hard, so the words [do not settle it|leave it open].",
)
_WORDS_NONE = (
    "[No word|None of the words] [carries a clear feeling|names a feeling|is charged by itself], so [the words leave it open|they decide nothing].",
    "[The words|By themselves the words] [are plain|tell little] and [could be said in any mood|would fit more than one mood].",
    "[Read on paper|Written down], [this|the sentence] [would give little away|could belong to several moods].",
)
_WORDS_UNKNOWN = (
    "[Which words are said|The words themselves] [does not matter here|is of less weight here], [the voice tells more|the voice decides].",
    "[Here I go|I go] by the voice alone.",
)
_VOICE = (
    "[The way it is said|How it is said|The voice] [is that of|belongs to|suits] {a} [person|speaker].",
    "[In the voice itself|In the way of speaking] I [hear|find|make out] {e}.",
    "[The voice|The tone|The way of speaking] [carries|shows|has|gives away|speaks of] {e}.",
    "[What the voice adds|What the tone adds|What I hear in the tone|What lies in the voice] is {e}.",
    "[Listening to|Going by] the [voice|tone] alone, I [hear|find|would say it is] {e}.",
    "[There is|I hear] {e} in [the voice|the tone|the way it is said|how it is spoken].",
)
_VOICE_FLAT = (
    "[The voice|The way of speaking] [stays level|is even], with no [strong feeling|emotion] [in it|to be heard].",
    "[In the voice itself|In the way of speaking] I [hear|find] no [strong feeling|emotion].",
    "[The tone|The voice] [shows|carries] nothing [but calm|that stands out].",
)
_AGREE = (
    "[Words and voice|What is said and how it is said|Wording and tone] [point the same way|agree|go together|say the same].",
    "[The voice|The tone] [bears out|confirms|supports] [the words|what is said].",
    "[So the two|Both] [agree|point in one direction], and [that settles it|nothing speaks against it].",
)
_PART = (
    "[Words and voice|What is said and how it is said|Wording and tone] [part here|do not agree|differ], [and the voice is what counts|so I go by the voice].",
    "[The words say one thing and the voice another|The voice does not follow the words]; [I trust the voice|the voice decides].",
)
_FILL = (
    "[Where the words are silent|Since the words leave it open], [the voice decides|it is the voice that counts].",
    "[That leaves the decision to|The decision is with|What decides is] the [voice|tone|way it is said].",
    "[The voice|The tone] has to [decide|settle it|give the answer], then.",
    "[So|Here] it is [the voice|the tone|how it is said] that [counts|matters|has to tell].",
)
_NO = (
    "[would sound different|would need another tone|asks for another tone]",
    "[is not what|does not fit what] [the voice carries|I hear in the voice|the voice shows]",
    "[finds no support|has nothing to rest on] in [the voice|the way it is said]",
    "[does not fit|does not go with] [the way this is said|this way of speaking]",
)
_YES = (
    "[is what|fits what] [the voice carries|I hear in the voice|the voice shows]",
    "[fits|goes with|suits] [the way this is said|this way of speaking]",
)
_SUM = (
    "[Taken together|All in all|On the whole], [the speaker shows|the voice shows|what I hear is] {e}: option ({L}).",
    "{e} [is what the voice shows|is the feeling I hear], [so|and therefore] option ({L}) [fits|is right].",
)
_REASON = (
    "[That is|This is] the [feeling|emotion] [in the voice|that the voice carries].",
    "[The way it is said|The voice] [leaves little doubt|speaks for it].",
)
_ASK_SARCASM = (
    "[The question asks|I am asked|What has to be decided is] whether the [remark|sentence] is [meant as it stands|sarcastic], yes or no.",
    "[I have to|I need to|The task is to] [decide|tell] whether the speaker [means the words|is sincere] or [mocks with them|is sarcastic].",
    "[Sarcasm or not|Meant as said or sarcastic]: [that is the question|this has to be decided].",
)
_STEP_SARCASM = (
    "[Sarcasm shows|It would show] in a [clash|gap] between [the words and the tone|what is said and how it is said], so I [look at both|compare the two].",
    "[I take the words first|First I take the words], then the tone, and [look for a clash between them|ask whether they agree].",
    "[If the tone works against the words|If words and tone clash], it is sarcasm; [if they go together|if not], [it is meant as said|the remark is sincere].",
)
_CLASH = (
    "[The tone|The voice] [does not go along with|works against|undercuts] [the words|what is said]: [they clash|here the two clash].",
    "[Between words and tone|Between what is said and how it is said] there is a [clash|gap]: [it is not meant as it stands|the speaker means something else].",
    "[Said in this tone|In this tone], the words [are not to be taken as they stand|turn into mockery|mean something other than they say].",
)
_NO_CLASH = (
    "[The tone|The voice] [goes along with|supports|fits] [the words|what is said]: [there is no clash|nothing clashes].",
    "[Between words and tone|Between what is said and how it is said] [there is no gap|I find no clash]: [it is meant as it stands|the speaker means it].",
    "[Said in this tone|In this tone], the words [mean what they say|can be taken as they stand].",
)
_SUM_SARCASM = {
    "yes": (
        "[Words and tone clash|The tone works against the words], [so|and therefore] the answer is yes, option ({L}).",
        "[The remark|It] is not meant as it stands, so the answer is yes, option ({L}).",
    ),
    "no": (
        "[Words and tone go together|Nothing clashes], [so|and therefore] the answer is no, option ({L}).",
        "[The remark|It] is meant as it stands, so the answer is no, option ({L}).",
    ),
}
_REASON_SARCASM = {
    "yes": (
        "[The words|What is said] and the tone [clash|work against each other].",
        "The remark is [not meant as it stands|meant as mockery].",
    ),
    "no": (
        "[The words|What is said] and the tone [go together|agree].",
        "The remark is meant [as it stands|sincerely].",
    ),
}


def _weigh(known: Known, w: Writer) -> tuple[list[str], int]:
    """What the words suggest, as a step; and +1 friendly, -1 hard, 0 open."""
    if known.transcript is None:
        return [w.say(_WORDS_UNKNOWN)], 0
    glad, sore = charged(known.transcript.text)
    left, right = listed([c.quoted(x) for x in glad[:3]] or [""]), listed([c.quoted(x) for x in sore[:3]] or [""])
    if glad and sore:
        return [w.say(_WORDS_BOTH, w=left, v=right)], 0
    if glad:
        return [w.say(_WORDS_GLAD, w=left)], 1
    if sore:
        return [w.say(_WORDS_SORE, w=right)], -1
    return [w.say(_WORDS_NONE)], 0


def speech_caption(known: Known, w: Writer) -> list[str]:
    """What a person says, how long it takes, how its loudness runs."""
    d = seconds(known.facts.duration)
    out = (
        [w.say(_SAYS, q=quote_all(known.transcript.text)), w.say(_LENGTH, d=d)]
        if known.transcript
        else [w.say(_NO_WORDS, d=d)]
    )
    if known.facts.course is not None:
        out.append(w.say(_LOUD[known.facts.course]))
    return out


def _noun(emotion: str) -> str:
    """A feeling as a thing: "joy"; "a happy mood"."""
    words = emotion.split()
    if emotion in _NOUNS or emotion.endswith(("ness", "ment", "tion", "iety", "sure", "pride", "grief", "sorrow")):
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
            steps.append(w.say(_VOICE_FLAT))
        else:
            patterns = _VOICE if adjective else _VOICE[1:]
            from audio_reasoner.grounded.language import article

            a = f"{article(adjective)} {adjective}" if adjective else ""
            steps.append(w.say(patterns, a=a, e=_noun(emotion)))
        good = group_of(emotion) == 0
        bad = group_of(emotion) in (1, 2, 3, 5)
        if known.transcript is not None:
            if lean == 0:
                steps.append(w.say(_FILL))
            else:
                steps.append(w.say(_AGREE if (lean > 0 and good) or (lean < 0 and bad) else _PART))
        gold = question.gold_index
        assert gold is not None
        if asked:
            fits = question.gold_text == "yes"
            say = (
                (
                    "[So|Thus|Then] {e} is what the voice [shows|carries|lets me hear], and {q} is [the feeling asked about|what is asked].",
                    "[The feeling asked about is|The question names|What is asked about is] {q}, and I hear {e}: [they are the same|both are one|that is the same feeling|these agree].",
                )
                if fits
                else (
                    "[I hear|The voice has|What comes across is] {e}, while the question [names|asks about] {q}: [another|a different] feeling.",
                    "[The feeling asked about is|The question names|What is asked about is] {q}, but [what I hear is|the voice carries|I hear] {e}.",
                )
            )
            steps.append(w.say(say, e=_noun(emotion), q=c.quoted(asked)))
            why = _yes_no_why(question, w)
        else:
            why = [w.bit(c.one_of(w, _YES if i == gold else _NO)) for i in range(len(question.options))]
        return c.Draft(
            planning=[w.say(_ASK_EMOTION), w.say(_STEP_EMOTION)],
            caption=speech_caption(known, w),
            steps=steps,
            why=why,
            summary=w.say(_SUM, e=_noun(emotion), L=c.letter(gold)),
            reason=w.say(_REASON) if not asked else w.say(_HEARD, e=_noun(emotion)),
        ).chain(question, w)


_HEARD = (
    "[The voice|The tone|The way of speaking] [shows|carries|has|gives away] {e}.",
    "What [I hear|can be heard|lies] in the [voice|tone] is {e}.",
    "[I hear|There is] {e} in the [voice|tone|way it is said].",
    "{e} is what the [voice|tone] [shows|carries].",
)
_ANSWER_YES = (
    "[is the answer that follows|follows from this|is what this leads to]",
    "[agrees with|fits] [what I found|these steps]",
)
_ANSWER_NO = (
    "[would contradict|goes against|does not agree with] [what I found|these steps|this]",
    "[is ruled out|cannot be kept] after this",
)


def _yes_no_why(question: Question, w: Writer) -> list[str]:
    return [
        w.bit(c.one_of(w, _ANSWER_YES if i == question.gold_index else _ANSWER_NO))
        for i in range(len(question.options))
    ]


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
        steps.append(w.say(_CLASH if known.sarcastic else _NO_CLASH))
        return c.Draft(
            planning=[w.say(_ASK_SARCASM), w.say(_STEP_SARCASM)],
            caption=speech_caption(known, w),
            steps=steps,
            why=_yes_no_why(question, w),
            summary=w.say(_SUM_SARCASM[answer], L=c.letter(gold)),
            reason=w.say(_REASON_SARCASM[answer]),
        ).chain(question, w)
