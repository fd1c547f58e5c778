# ruff: noqa: E501 -- a pattern is read as one sentence
"""Sentence patterns about feelings and sarcasm; `speech_qa` shares those of its captions."""

from __future__ import annotations

ASK_EMOTION = (
    "[The question asks|I am asked|What is wanted is] [how the speaker feels|which feeling the speaker shows|what mood is in the voice].",
    "[I have to|I need to|The task is to] [name|tell|find] the [feeling|emotion] [behind|in] [what is said|the voice|these words].",
    "[This is about|Here it is] the speaker's [feeling|mood], [not|rather than] [the facts that are told|the content alone].",
    "[A feeling is asked for|An emotion is asked for], [and it may lie|which may lie] [in the words|in what is said], [in the voice|in how it is said] or in both.",
)
STEP_EMOTION = (
    "[I weigh|I will weigh|I want to weigh] [the words against the voice|what is said against how it is said]: [where they part, the voice decides|if they disagree, I trust the voice].",
    "[First the words|First come the words], [then the voice|after them the voice]; [the feeling must fit both|what fits both is kept][, or at least the voice|].",
    "[Words can mislead|Words alone can deceive], so I [take them first|look at them first] and [then hold them against|then compare them with] the [voice|way of speaking].",
    "[I look|I will look] [at the choice of words|at what is said], [then I listen to|and then I go by] [the way it is spoken|how it is said|the tone].",
    "[The wording|What is said|The choice of words] [gives|may give] a first [hint|idea], [but|and yet] [the voice|the tone|how it is said] [has the last word|is what decides|counts for more].",
)
SAYS = (
    "[A person|A speaker|Somebody|A voice|Someone] [says|speaks|is heard saying][| in the clip]: {q}",
    "[The words|The speaker's words|The spoken words|The words that I hear] [are|run][| in full|, as I hear them]: {q}",
    "[Word for word|Taken down|In words], [this is|it is|I hear|the clip has] {q}",
    "[I hear|What I hear is] [a person|somebody|a voice] [say|saying] {q}",
    "[In the clip|In the recording|Here], [somebody|a speaker|a person] [says|speaks the words|can be heard saying] {q}",
    "[The clip|The recording] [holds|has|brings] [one remark|the words of one person|a short speech]: {q}",
)
LENGTH = (
    "[It takes|The clip lasts|The recording runs for|The clip takes|It lasts|It goes on for|The recording lasts] [about|roughly] {d}[ in all| from start to end| altogether|].",
    "[All of it|The whole|Everything|The whole of it|The speech] [is over in|takes|fits into|is said within] [about|roughly] {d}.",
    "[It is|This is] a [clip|recording] of [about|roughly] {d}.",
    "[About|Roughly] {d} [pass|go by] from [start to end|the first moment to the last].",
    "[Its length|The length of it|The length of the clip] is [about|roughly] {d}.",
    "[The clip|The recording] is [about|roughly] {d} [long|in length].",
)
NO_WORDS = (
    "[A person|A speaker|Somebody|Someone|A voice] [speaks|is heard speaking|talks|can be heard] [for about|over about|for roughly] {d}.",
    "[The clip|The recording] [holds|brings|contains|has] [about|roughly] {d} of speech.",
    "[About|Roughly] {d} of speech [can be heard|are heard|make up the clip|fill the clip].",
    "[It is|This is|I hear] a [clip|recording] of [about|roughly] {d}[ with speech in it|, with somebody speaking| in which somebody speaks].",
)
LOUD: dict[str, tuple[str, ...]] = {
    "rising": ("[The voice|The speech|The speaker's voice] [grows louder|gets louder] [towards the end|as it goes on].", "[Towards the end|As it goes on], [the voice|the speaker's voice] [grows|becomes] louder."),
    "falling": ("[The voice|The speech|The speaker's voice] [grows quieter|fades] [towards the end|as it goes on].", "[Towards the end|As it goes on], [the voice|the speaker's voice] [grows|becomes] quieter."),
    "steady": ("[The voice|The speech|The speaker's voice] [keeps|stays at] [about|more or less] one level.", "[Its|The] loudness [hardly changes|stays even][ all the way|]."),
    "rise_fall": ("[The voice|The speech|The speaker's voice] [swells and then sinks|rises and then fades|grows and then fades][ again|].", "[First|At first] [the voice|the speaker's voice] grows louder, [then|later] it sinks again.",),
    "fall_rise": ("[The voice|The speech|The speaker's voice] [sinks and then swells|fades and then comes back|drops and then rises][ again|].", "[First|At first] [the voice|the speaker's voice] grows quieter, [then|later] it rises again.",),
    "varying": ("[The voice|The speech|The speaker's voice] [goes|moves|runs] up and down in loudness[ as it goes on| more than once|].", "[Louder and quieter|Loud and quiet|Stronger and weaker] [moments|words|stretches] [alternate|take turns|follow one another][ in it| as it goes on|].", "[Several|A number of] [rises and falls|ups and downs] in loudness [can be followed|run through it]."),
}  # fmt: skip
WORDS_GLAD = (
    "[The words|Taken alone, the words|On their own, the words] [lean to the friendly side|sound friendly|are warm ones|promise something good]: {w}.",
    "{w}: [that is friendly wording|such words are friendly|these words are friendly|that sounds warm], [taken by themselves|as far as words go|on paper].",
    "[As far as words go|Going by the words|On paper|By the wording alone], {w} [would suit|could go with|would go with] something [good|pleasant|friendly].",
    "[In the wording|Among the words|In what is said], [I notice|I note|what catches the ear is] {w}, [and that is friendly|a friendly choice|on the warm side].",
)
WORDS_SORE = (
    "[The words|Taken alone, the words|On their own, the words] [are hard ones|lean to the dark side|sound heavy|tell of something bad]: {w}.",
    "{w}: [that is hard wording|such words are hard|these words weigh heavily|that sounds heavy], [taken by themselves|as far as words go|on paper].",
    "[As far as words go|Going by the words|On paper|By the wording alone], {w} [would suit|could go with|would go with] something [bad|unpleasant|hard].",
    "[In the wording|Among the words|In what is said], [I notice|I note|what catches the ear is] {w}, [and that is hard|a hard choice|on the dark side].",
)
WORDS_BOTH = (
    "[The words|Taken alone, the words|On paper, the words] [pull both ways|are mixed|point in two directions]: {w} on the friendly side, {v} on the hard one.",
    "[On the friendly side|As friendly words|On the one side, the friendly one,] I [note|find|count] {w}, on the [hard|other] side {v}, so [the words|by themselves they] [do not settle it|leave it open|decide nothing].",
    "[Against|Beside] the friendly side ({w}) stands the hard one ({v}): [the words alone|words alone|the wording] [cannot decide|leave it open|do not settle it].",
)
WORDS_NONE = (
    "[No word|None of the words|No single word|Nothing in the wording] [carries a clear feeling|names a feeling|is charged by itself|gives a feeling away], so [the words leave it open|they decide nothing|the wording does not help|I learn little from them].",
    "[The words|By themselves the words|On their own, the words] [are plain|tell little|stay matter-of-fact] and [could be said in any mood|would fit more than one mood|leave the mood open].",
    "[Read on paper|Written down|Without the sound of it], [this|the sentence|what is said] [would give little away|could belong to several moods|might be said in any mood].",
    "[From the wording|From the words alone|From what is said] [I cannot tell|nobody could tell|it cannot be told] [how the speaker feels|which mood it is|what lies behind it].",
    "[As to wording|As for the words|The wording first]: [plain words|nothing charged|no word of praise or blame|all plain].",
)
WORDS_UNKNOWN = (
    "[Which words are said|The words themselves|What exactly is said] [does not matter here|is of less weight here|can stay aside], [the voice tells more|the voice decides|I listen to the tone].",
    "[Here I go|I go|I will go|This time I go] by the [voice|tone|way of speaking] alone[, not by the words|, whatever is said|].",
    "[I leave the words aside|The words can wait|I pay no heed to the words] and [listen to the tone|keep to the voice|follow the voice].",
)
VOICE = (
    "[The way it is said|How it is said|The voice|The tone] [is that of|belongs to|suits|comes from] {a} [person|speaker].",
    "[In the voice itself|In the way of speaking|In the tone|In how it is said] I [hear|find|make out|recognise] {e}.",
    "[The voice|The tone|The way of speaking|The way it is said] [carries|shows|has|gives away|speaks of|lets me hear] {e}[| from the start| all the way].",
    "[What the voice adds|What the tone adds|What I hear in the tone|What lies in the voice|What comes across|What the tone carries] is {e}[, whatever the words may say|].",
    "[Listening to|Going by|Following] the [voice|tone] alone, I [hear|find|would say it is|recognise] {e}.",
    "[There is|I hear|I find] {e} in [the voice|the tone|the way it is said|how it is spoken].",
)
VOICE_FLAT = (
    "[The voice|The way of speaking|The tone] [stays level|is even|remains calm], with no [strong feeling|emotion|marked feeling] [in it|to be heard|behind it].",
    "[In the voice itself|In the way of speaking|In how it is said] I [hear|find|notice] no [strong feeling|emotion|marked mood].",
    "[The tone|The voice|How it is said] [shows|carries|has] [nothing but calm|no strong colour|nothing that stands out].",
    "[Listening to|Going by] the [voice|tone] alone, I [hear|find] [nothing that stirs|no strong feeling|an even, plain way of speaking].",
)
AGREE = (
    "[Words and voice|What is said and how it is said|Wording and tone] [point the same way|agree|go together|say the same|do not part].",
    "[The voice|The tone|How it is said] [bears out|confirms|supports|goes along with] [the words|what is said|the wording].",
    "[So the two|Both|Words and tone, then,] [agree|point in one direction|say one thing], and [that settles it|nothing speaks against it|I can rely on it].",
)
PART = (
    "[Words and voice|What is said and how it is said|Wording and tone] [part here|do not agree|differ|go separate ways], [and the voice is what counts|so I go by the voice|and I follow the voice].",
    "[The words say one thing and the voice another|The voice does not follow the words|The words alone would mislead here]; [I trust the voice|the voice decides|I keep to the voice|the voice has the last word].",
    "[Against|In spite of] [the words|the wording|what is said], [I go by the voice|the voice decides|I hold to what the voice shows].",
)
FILL = (
    "[Where the words are silent|Since the words leave it open|With the words undecided], [the voice decides|it is the voice that counts|I go by the voice|the tone has to tell].",
    "[That leaves the decision to|The decision is with|What decides is|It is left to] the [voice|tone|way it is said].",
    "[The voice|The tone|How it is said] has to [decide|settle it|give the answer|tell], then.",
    "[So|Here|Thus] it is [the voice|the tone|how it is said] that [counts|matters|has to tell|decides].",
    "[I rely|So I rely|Here I rely] on [the voice|the tone|how it is said], [not on the wording|since the words leave it open|as the words do not help].",
)
NO = (
    "[would sound different|would need another tone|asks for another tone|would have another ring|is heard otherwise]",
    "[is not what|does not fit what|differs from what|does not agree with what] [the voice carries|I hear in the voice|the voice shows|comes across]",
    "[finds no support|has nothing to rest on|has no basis] in [the voice|the way it is said|the tone]",
    "[does not fit|does not go with|does not suit|is at odds with] [the way this is said|this way of speaking|this tone|this voice]",
    "[cannot be heard|is not to be heard|is missing] in [the voice|the tone|the way it is said]",
)
YES = (
    "[is what|fits what|names what|agrees with what] [the voice carries|I hear in the voice|the voice shows|comes across]",
    "[fits|goes with|suits|agrees with] [the way this is said|this way of speaking|this tone|the voice]",
    "[can be heard|is to be heard|lies] in [the voice|the tone|the way it is said]",
)
SUM = (
    "[Taken together|All in all|On the whole|In short], [the speaker shows|the voice shows|what I hear is|what comes across is|the tone carries] {e}: option ({L}).",
    "{e} [is what the voice shows|is the feeling I hear|is what comes across|can be heard in the tone|is in the voice], [so|and therefore|hence] option ({L}) [fits|is right|is the one|can be kept].",
    "[Words weighed and voice heard|After words and voice|Going by words and voice|With the voice as guide], [I hear|I find|it is] {e}[, and that is option ({L})|, which is option ({L})|: option ({L})].",
    "[What the voice shows|What comes across|The feeling that I hear|What the tone carries] is {e}, [which is|so it is|given by|and so I take] option ({L}).",
)
REASON = (
    "[That is|This is] the [feeling|emotion|mood] [in the voice|that the voice carries|that comes across|I hear|behind the words].",
    "[The way it is said|The voice|The tone|The way of speaking] [leaves little doubt|speaks for it|shows it|gives it away|tells as much].",
    "[It is|This is] what [the voice shows|can be heard in the voice|the tone carries|comes across in the tone|I hear when I listen to the tone].",
    "[Of all the feelings offered|Among the options|Of these], [it|this one] [suits|fits|agrees with] the [voice|tone|way of speaking] best.",
)
ASK_SARCASM = (
    "[The question asks|I am asked|What has to be decided is] whether the [remark|sentence] is [meant as it stands|sarcastic|meant sincerely or not], yes or no.",
    "[I have to|I need to|The task is to] [decide|tell] whether the speaker [means the words|is sincere|is in earnest] or [mocks|is sarcastic|speaks in mockery].",
    "[Sarcasm or not|Meant as said or sarcastic|In earnest or in mockery|Sincere or sarcastic]: [that is the question|this has to be decided|which of the two is it|that is what I have to tell].",
    "[Are these words|Are the words] [meant|to be taken] as [they are said|they stand|spoken], or [is there mockery in them|are they sarcastic|do they mean the opposite]?",
)
STEP_SARCASM = (
    "[Sarcasm shows|It would show|Mockery shows] in a [clash|gap|break] between [the words and the tone|what is said and how it is said], so I [look at both|compare the two|hold one against the other].",
    "[I take the words first|First I take the words|I begin with the words], then the tone, and [look for a clash between them|ask whether they agree|see whether one follows the other].",
    "[If the tone works against the words|If words and tone clash|Where the tone mocks the words], it is sarcasm; [if they go together|if not|where they agree], [it is meant as said|the remark is sincere].",
    "[What decides is|The point is] whether the tone [follows|bears out|supports] the words or [mocks|undercuts|works against] them.",
    "[The words by themselves|Words alone|The wording] [cannot tell|do not tell|will not show it], [the tone must be heard with them|so I listen for the tone as well|they have to be held against the tone].",
)
CLASH = (
    "[The tone|The voice|The way it is said|How it is said] [does not go along with|works against|undercuts|does not bear out|is at odds with] [the words|what is said]: [they clash|here the two clash|the one mocks the other].",
    "[Between words and tone|Between what is said and how it is said] [there is|I hear|I find] a [clash|gap]: [it is not meant as it stands|the speaker means something else|the words are not meant in earnest].",
    "[Said in this tone|In this tone|Said like this], the words [are not to be taken as they stand|turn into mockery|mean something other than they say|cannot be meant in earnest].",
)
NO_CLASH = (
    "[The tone|The voice|The way it is said] [goes along with|supports|fits|bears out] [the words|what is said]: [there is no clash|nothing clashes|the two agree].",
    "[Between words and tone|Between what is said and how it is said] [there is no gap|I find no clash|I hear no clash]: [it is meant as it stands|the speaker means it|the words are meant in earnest].",
    "[Said in this tone|In this tone|Said like this], the words [mean what they say|can be taken as they stand|are meant in earnest|hold no mockery].",
)
SUM_SARCASM = {
    "yes": (
        "[Words and tone clash|The tone works against the words|The tone mocks the words|The words say one thing and the tone another], [so|and therefore|hence] [the answer is yes, option ({L})|option ({L}) is right: yes|it is yes, option ({L})].",
        "[The remark|It|What is said|The sentence] is [not meant as it stands|meant as mockery|not meant in earnest|sarcastic], [so the answer is|which makes it] yes, option ({L}).",
        "[With words and tone at odds|Since words and tone clash|As the tone does not follow the words], [the answer is|I answer|it comes to] yes, option ({L}).",
    ),
    "no": (
        "[Words and tone go together|Nothing clashes|The tone bears out the words|Words and tone say the same], [so|and therefore|hence] [the answer is no, option ({L})|option ({L}) is right: no|it is no, option ({L})].",
        "[The remark|It|What is said|The sentence] is [meant as it stands|meant sincerely|meant in earnest|not sarcastic], [so the answer is|which makes it] no, option ({L}).",
        "[With words and tone in agreement|Since nothing clashes|As the tone follows the words], [the answer is|I answer|it comes to] no, option ({L}).",
    ),
}
REASON_SARCASM = {
    "yes": (
        "[The words|What is said|The wording] and the [tone|voice] [clash|work against each other|do not agree|pull in two directions].",
        "[The remark|The sentence|What is said] is [not meant as it stands|meant as mockery|not meant in earnest|said in mockery].",
        "[The tone|The voice|The way it is said] [works against|mocks|undercuts|does not bear out] the words.",
    ),
    "no": (
        "[The words|What is said|The wording] and the [tone|voice] [go together|agree|say the same|fit each other].",
        "[The remark|The sentence|What is said] is [meant as it stands|meant sincerely|meant in earnest|said in earnest].",
        "[The tone|The voice|The way it is said] [goes along with|bears out|follows|supports] the words.",
    ),
}
HEARD = (
    "What [lies|sounds|comes across] in the [voice|tone|way it is said] is {e}.",
    "{e} is what the [voice|tone|way of speaking] [shows|carries|gives away].",
    "It is {e} that [the voice shows|the tone carries|I hear in the voice|comes across in the tone|lies in the way it is said].",
    "[By its tone|By the tone of it|Going by how it is said], [the voice|the speech|the remark] [shows|carries|gives away|speaks of] {e}.",
    "[The feeling|The emotion|The mood] [in the voice|that I hear|behind the words|that comes across] is {e}.",
)
ANSWER_YES = (
    "[is the answer that follows|follows from this|is what this leads to|is what this comes to|is the answer]",
    "[agrees with|fits|matches|rests on] [what I found|these steps|what I heard|all this]",
)
ANSWER_NO = (
    "[would contradict|goes against|does not agree with|would deny|does not fit] [what I found|these steps|this|what I heard]",
    "[is ruled out|cannot be kept|falls away|is out] [after this|by this|then|on these grounds]",
)
ASK_EMOTION_IS = (
    "[The question asks|I am asked|What has to be decided is] whether [{x} is what|it is {x} that] [the speaker shows|can be heard here|the voice shows|is in the voice][, yes or no|].",
    "[I have to|I need to|The task is to] [decide|tell|find out] whether [the feeling in the voice|the speaker's feeling|the emotion that I hear] is {x}[, yes or no| or another one| or something else|].",
    "[One feeling is named|A feeling is offered|The question names one feeling]: {x}, [and I have to tell whether it fits|to be held against|to be compared with] [the voice|the speaker's tone|the way this is said].",
    "[It is a yes or no question|A yes or a no is wanted]: is {x} [what the voice carries|in the voice|the feeling of the speaker], [or is it something else|or another feeling|or not]?",
)
SUM_IS = {
    "yes": (
        "[The voice shows|What I hear is|The speaker shows|What comes across is] {e}, [the feeling asked about|as the question has it|just what is asked], [so the answer is|hence] yes, option ({L}).",
        "[Feeling asked about and feeling heard|The feeling asked about and the one I hear|What is asked and what I hear] [are one|agree|are the same]: [yes, option ({L})|option ({L}), yes|the answer is yes, option ({L})].",
        "{e} [is asked about|is in question|is the feeling named] and {e} [is heard|is what I hear|is in the voice]: [yes, option ({L})|the answer is yes, option ({L})].",
    ),
    "no": (
        "[The voice shows|What I hear is|The speaker shows|What comes across is] {e}, [not the feeling asked about|and another feeling was asked about|not {q}], [so the answer is|hence] no, option ({L}).",
        "[Feeling asked about and feeling heard|The feeling asked about and the one I hear|What is asked and what I hear] [are two|differ|do not agree]: [no, option ({L})|option ({L}), no|the answer is no, option ({L})].",
        "{q} [is asked about|is in question|is the feeling named], but {e} [is heard|is what I hear|is in the voice]: [no, option ({L})|the answer is no, option ({L})].",
    ),
}
IS_SAME = (
    "[So|Thus|Then] {e} is what the voice [shows|carries|lets me hear], and {q} is [the feeling asked about|what is asked|the one in question].",
    "[The feeling asked about is|The question names|What is asked about is] {q}, and I hear {e}: [they are the same|both are one|that is the same feeling|these agree].",
    "[Setting|Holding] {q} beside what I hear, {e}, I find [no difference|that they agree|one and the same feeling].",
)
IS_OTHER = (
    "[I hear|The voice has|What comes across is] {e}, while the question [names|asks about] {q}: [another|a different] feeling.",
    "[The feeling asked about is|The question names|What is asked about is] {q}, but [what I hear is|the voice carries|I hear] {e}.",
    "[Setting|Holding] {q} beside what I hear, {e}, I find [two feelings|that they differ|no agreement].",
)
