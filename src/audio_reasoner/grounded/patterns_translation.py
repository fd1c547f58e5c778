# ruff: noqa: E501 -- a pattern is read as one sentence
"""Sentence patterns of speech translation.

Slots: {x} the language of the speech ("French", "the original"), {v} the same before a noun ("French", "original"), {y}
the language to translate into, {q} {r} quotations, {n} in how many pieces.
"""

from __future__ import annotations

ASK = (
    "[I am asked for|The question asks for|What is wanted is] [the meaning of the speech|what is said|the sense of what is said], [put into|rendered in|given in] {y}.",
    "[The task is|My task is|What I have to do is] to [translate|render|carry over] [what is said|the speech|the spoken words] [from {x} into {y}|into {y}].",
    "[What is spoken|The speech|What the speaker says] [has to become|must be turned into|is to be given as] {y}[ text|, in writing|].",
    "[This is|It is] a [task of translation|translation task|matter of translating]: {x} goes in[ by ear|], {y} comes out[ in writing|].",
)
STEP = (
    "[First I write down|To begin with, I write down|I will first write down] [what I hear|the words as I hear them|the words], then [I translate|I turn to the meaning|I go on to translate] [phrase by phrase|piece by piece][, and at the end I join the pieces|].",
    "[Before translating|Before any translation], [the words themselves must be clear|I need the words themselves], so I [transcribe|take down] the speech [first|before I go on] and [translate it|turn to the translation] [afterwards|after that].",
    "[Two passes will do|Two passes are enough|I will go in two passes]: [one|a first] to take down the {v} words, [one|a second] to [translate|carry over] [each phrase|every phrase].",
    "[I split the work|The work falls into two]: [the words in|what is said in] {x}, then the [meaning|sense] in {y}[, phrase after phrase|, piece after piece|].",
)
STEP_BLIND = (
    "[I listen for|I follow|I try to catch] the meaning [phrase by phrase|as the speech goes on|piece by piece] and [put|give|write] [it|each piece|what I have understood] in {y}[ at once|].",
    "[While listening|As I listen|Listening closely], I [take in|follow|gather] [the sense|the meaning|what is meant] [and|, then] [write|put|set] it down in {y}.",
)
VOICE = (
    "A [voice|speaker|person] [speaks|is heard speaking|talks|can be heard] in {x} [for|over] {d}.",
    "[The clip|The recording] [holds|contains|brings] [speech in {x}|someone speaking in {x}|a voice that speaks in {x}], [about|roughly] {n} [long|in all|in length].",
    "[What I hear|What can be heard|The content of the clip] is speech in {x}; [the clip|it|all of it] [lasts|runs for|takes] {d}.",
    "[Over|Within|In] {d}, a [person|voice|speaker] [says something|speaks|talks|can be heard speaking] in {x}.",
    "[Somebody|Someone] [speaks|talks|is speaking] in {x}, [for {d}|and the clip lasts {d}|and it takes {d}|over {d} in all].",
)
SAYS = (
    "[The words are|What is said is|The voice says|I make out|I can make out|What I make out is][, as far as I hear|, from start to end|, word for word|]: {q}",
    "[I hear|I can hear|Listening, I hear] [the words|these words|this|the following]: {q}",
    "[Word for word|Taken down word for word|Written down|In the original wording], [the speech is|it is|I hear|what is said is|the words are]: {q}",
    "[This is|Here is] what [is said|the voice says|the speaker says|I hear][, word for word|, in the original wording|, before any translation|]: {q}",
)
PHRASE = (
    "[The {k} phrase|Phrase {i}|The {k} piece|Piece {i}|Part {i}|The {k} part] [is|reads|goes|says|runs]: {q}",
    "[In {k} place|As piece {i}|As the {k} piece|As part {i}|For piece {i}|At place {i}] [I hear|I note|I have|comes|I write down] {q}",
    "[I take down|I write down|I note|I catch|I hear] [piece {i}|phrase {i}|the {k} phrase|part {i}|the {k} piece]: {q}",
    "{r}[|, as I hear it|, taken down]: [that is|this is|so goes|so runs|that makes] [piece {i}|phrase {i}|the {k} phrase|the {k} piece|part {i}].",
    "[From the speech|By ear|Listening on], [piece {i}|phrase {i}|the {k} phrase|part {i}] [is|reads|gives|goes]: {q}",
)
WHOLE_HEARD = (
    "[I take down|I write down|First I note|To begin with I note|First I write down] [what I hear|the words|the whole of it|the speech as it is|all that is said]: {q}",
    "[Transcribed|Taken down|Written down|Word for word], [the speech is|it reads|it says|the words are|I have]: {q}",
    "[The {v} words|The words in {x}|The words as I hear them|The spoken words] [are|read|run|go]: {q}",
    "[Down on paper|Put on paper|In writing], [the {v} words|the spoken words|the words that I hear] [are|read|run]: {q}",
)
WHOLE_BEFORE = (
    "[The {v} words|The words in {x}|The spoken words] [have been taken down|stand there already|are written down] [word for word|in full|as a whole], [so I can go on to|which leaves|and what remains is] [the meaning|the translation|their meaning in {y}].",
    "[With|Having] the {v} words [in front of me|written down|taken down], I [take them as a whole|go on to the meaning|turn to the translation], [because|since] [the sense runs through all of it|it is best put into {y} in one go|the whole is easier to carry over].",
)
PUT = (
    "{q} [becomes|turns into|is rendered as|comes out as|is|gives] {r}[ in {y}| in the {y} text| on the {y} side| in the translation|]",
    "[In {y}|Put into {y}|Turned into {y}|Rendered in {y}|Translated], {q} [is|becomes|reads|gives|comes out as] {r}",
    "For {q} [I write|I put|I get|I set down|{y} has|I have|the translation has|the {y} text has] {r}[, which keeps the sense|, word and sense|, no more and no less|]",
    "From {q} [I get|comes|I make|I arrive at] {r}[ in {y}| in the {y} text|]",
    "{r} [is how {y} says|is what {y} has for|renders|gives the sense of|stands for|translates|carries over|says in {y} what is meant by|keeps the sense of|answers to] {q}[| here| in this place]",
    "[{q} means|The meaning of {q} is|The sense of {q} is|What {q} says is|What is meant by {q} is] {r}[| in {y}| when put into {y}]",
    "[The translation of|The rendering of|The {y} version of|The {y} wording of|The counterpart of] {q} [is|reads|runs|would be] {r}",
    "[I translate|I render|I carry over|I give] {q} as {r}[| in {y}|, keeping its sense|, with nothing added|, leaving nothing out]",
    "{q} in [{x}|the speech] [answers to|corresponds to|goes with|is matched by] {r} in [{y}|the translation|the {y} text]",
)
PUT_BLIND = (
    "[The {k} piece|Piece {i}|The {k} part|Part {i}] [means|comes to|gives|says in {y}|is in {y}]: {r}",
    "[For part {i}|In {k} place|For piece {i}|As piece {i}|As the {k} part] [I write|I put down|I get|I have|I note] {r}",
    "[In {y}|Put into {y}|Rendered in {y}], [the {k} piece|piece {i}|the {k} part|part {i}] [is|reads|becomes|gives] {r}",
    "[What is said|What the voice says|The sense] [in piece {i}|in the {k} piece|in part {i}|in the {k} part] is {r}",
)
JOIN = (
    "[Joined|Put together|Read in one go], [this gives|the pieces give|I get] [the full sentence|the whole text|the translation] in {y}.",
    "[Nothing is left out|No piece is missing|Every piece has been carried over|All the pieces are there], so the {y} text [is complete|can stand as it is|needs nothing more|says all that was said].",
    "[The pieces in their order|The pieces, one after the other,|All pieces together] [make up|form|give] the [whole|full|complete] [translation|{y} text].",
)
JOIN_ONE = (
    "[The {y} sentence|The {y} text|The translation] [says all that was said|keeps all of it|leaves nothing out|adds nothing and leaves nothing out|covers the whole speech].",
    "[Nothing of the words|None of what was said|No part of the speech|Nothing that was said] is [lost|left out|missing|dropped] in the {y} [text|version|wording].",
)
SUM = (
    "[The speech|What is said|The whole of the speech|All that was said] [has been taken down|was written down|was taken down] in {x} and [carried over|translated|put|turned] into {y}[, {n}|].",
    "[From {x} to {y}|Going from {x} to {y}|Out of {x} and into {y}], [the speech|what is said|all of it] [has been rendered|was translated|has been carried over] {n}.",
    "[I took down|I wrote down|I noted] the {v} words and [rendered|translated|gave] them in {y}[, {n}|].",
    "[The {y} text|The translation|The {y} version] [is ready|is complete|stands], [rendered|worked out|carried over] {n}[ from what I heard|].",
)
SUM_BLIND = (
    "[The meaning|The sense|The message] of [the speech|what is said|the spoken words] [stands|is now|has been put down|has been given] in {y}[ text|, piece by piece|, from start to end|].",
    "[I have|There is now|What I have written is|That gives] the {y} text of [the speech|what is said|the spoken words|all that was said].",
)
NO = (
    "[does not say|does not tell|leaves out] [what was said|this|what I took down|the message that I heard]",
    "[says something else|means something else|carries another message|speaks of something else|tells of other things][ than the speaker| than what I heard|]",
    "[has|gives|carries] [another|a different] [meaning|sense|message] than [the {v} words|the speech|what I took down]",
    "[is|would be] the translation of [other words|some other sentence|another speech|something that is not said here]",
    "[goes back to|belongs to|would fit] [other words|another sentence|a different sentence] than [those I heard|the ones in the clip|what is said here]",
    "[does not agree|does not go together|has little in common] with [the {v} words|the words I took down|what is said]",
)
YES = (
    "[says just what|says exactly what|carries over what|keeps all of what|gives in {y} what] [was said|I took down|the speaker says|is said in the clip]",
    "[agrees with|is the same as|matches|says the same as] [my translation|the pieces put together|the {v} words|what I worked out]",
    "[renders|translates|keeps the sense of] [the speech|the {v} words|what is said|the words I took down][ piece for piece| as a whole|]",
)
REASON = (
    "[This option|It|This text|This sentence] [carries over|says|renders|keeps the sense of|gives in {y}] [what is said|what the speaker says|the words of the speaker|the spoken words].",
    "[This is|That is] how [the speech|what is said|what the speaker says] [reads|runs|would be said] in {y}.",
    "[In {y}|Put into {y}|Translated into {y}], [the speech|what is said|what the speaker says] [reads like this|reads so|comes to this|has this form].",
)
