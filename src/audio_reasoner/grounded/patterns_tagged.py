# ruff: noqa: E501 -- a pattern is read as one sentence
"""Sentence patterns for clips of which only the sound and some measurements are known."""

from __future__ import annotations

# Clips of which only the sound and some measurements are known.
TAG_OVERVIEW = (
    "The [clip|recording] [lasts|runs for|takes] {c}, and {x} [is heard|can be heard] in it.",
    "[It|This] is a [clip|recording] of {c} [with|that holds|that brings|in which I hear] {x}.",
    "[Within|Over|In] {c}, {x} [can be heard|is heard|is what I hear][| in this clip| in the recording].",
    "{x} [can be heard|is heard|is what I hear] in [this clip|this recording|the clip], which [lasts|runs for|takes] {c}.",
    "[Over|For] {c} I [listen to|can hear] {x}[ in this clip| in a recording|].",
    "[The clip|The recording], {c} [long|in length], [holds|brings|contains|has] {x}.",
)
TAG_OVERVIEW_NO_TIME = (
    "[In the clip|In this recording|Here|In this clip], {x} [can be heard|is heard|is what I hear].",
    "{x} [can be heard|is heard|is what I hear] in [this clip|this recording|the clip|the recording].",
    "[What I hear|What the clip holds|What can be heard|What I listen to] is {x}[, to my ear|].",
    "[The clip|The recording|This clip|This recording] [holds|brings|has|contains] {x}.",
)
TAG_MORE = (
    "{x} [is part of it as well|can be heard as well|belongs to it too|is heard, too].",
    "[Besides|Apart from that|In addition|Along with it], {x} [can be heard|is heard|is there].",
)
STRETCH_ONE = (
    "[The sound|What I hear] [fills one stretch|comes in one piece|is heard in one go|makes one stretch], [from [about|roughly] {a} to {b}|between {a} and {b}].",
    "[There is one stretch of sound|One stretch of sound can be heard|The sound forms one stretch], [from about {a} to {b}|between {a} and {b}|starting at {a} and ending at {b}].",
    "[The sound|What I hear] [sets in|starts|begins] at [about|roughly] {a} and [is over|ends|stops] at {b}, [without a break|in one go|with no break][ in between|].",
    "[Before {a}|Up to {a}] [there is|I hear] [nothing|no sound]; [then the sound lasts|then it goes on|the sound then runs] until [about|roughly|] {b}.",
)
STRETCH_FROM_START = (
    "[The sound|What I hear] is [there|present|heard] from the [very beginning|first moment|very start] and [ends|stops|is over] at [about|roughly] {b}.",
    "[The sound|What I hear] [sets in|starts|begins] [at once|right away|without delay|with the clip itself] and [lasts|goes on|runs|can be followed] until [about|roughly] {b}.",
    "[Until|Up to] [about|roughly] {b} [there is sound|the sound goes on|the sound can be heard], [from the first moment on|right from the start|beginning with the clip].",
    "[Right from the start|From the first moment on|As soon as the clip begins] [there is sound|the sound is there|I hear it], [and it ends at|until|up to] [about|roughly] {b}.",
)
TAG_FROM_START = (
    "[The sound is|Sound is] there [at once|from the first moment|from the very start|right from the start] and [lasts|goes on|can be followed] until [about|roughly|] {b}.",
    "The sound [starts|begins|sets in|opens] [with|together with] the clip and [ends|stops|is over|has ended] at [about|roughly|] {b}.",
    "[From the first moment|From the very start|From the beginning] [until|up to] [about|roughly|] {b} [there is sound|the sound is there|I hear the sound].",
)
DESCRIBE_FROM_START = (
    "[Time|Its place in time|Then the timing|The timing|In time]: [the sound starts|it starts|it sets in|it begins] with the clip and [is over|ends|has ended|stops] at [about|roughly|] {b}.",
    "[It|The sound] [is there from the start|begins with the clip|opens the clip], [and it is over|and it ends|and stops] at [about|roughly] {b}.",
)
STRETCH_ALL = (
    "[The sound|What I hear] [fills|takes up|covers] [practically|nearly|almost] the whole [clip|recording], [without a clear break|with no real pause|with hardly a gap].",
    "[From start to end|All the way through|Throughout], [there is hardly a moment of silence|the sound does not stop for any length of time|sound is heard nearly all the time].",
)
STRETCH_SPAN = "[from {a} to {b}|{a} to {b}|between {a} and {b}]"
STRETCH_SOME = (
    "[The sound|What I hear] [comes in|falls into|makes] {n} [separate|distinct|] stretches: {r}.",
    "[There are|I hear|I can tell apart|I make out] {n} [separate|distinct|] stretches of sound: {r}.",
    "{n} [separate|distinct|] stretches of sound [can be told apart|follow one another|can be heard|stand out]: {r}.",
    "[In time, the sound|Over the clip, the sound] [falls into|makes|comes to] {n} stretches: {r}.",
)
STRETCH_MANY = (
    "[The sound|What I hear] [comes in|falls into|is broken into] {n} [separate|short|] stretches, [the first|starting] at {a} [and the last ending|and ending] at {b}.",
    "[There are|I can tell apart|I hear|I make out] {n} stretches of sound, [spread over the time|in the time|all of them] [from {a} to {b}|between {a} and {b}].",
)
STRETCH_LONGEST = (
    "The {e} of [these|them] [lasts|goes on for|takes] [about|roughly] {d}, [from {a} to {b}|between {a} and {b}].",
    "[Of these|Among them], the one from {a} to {b} is the {e}, [about|roughly|with about] {d}.",
    "[The {e} one|The {e} stretch], [from {a} to {b}|between {a} and {b}], [lasts|takes|goes on for|comes to] [about|roughly] {d}.",
    "[None of them|No stretch|No other one] [lasts longer|takes longer|goes on longer] than [the one from {a} to {b}|that between {a} and {b}], [about|roughly] {d}.",
)
PAUSE = (
    "The [longest|widest] pause between [them|the stretches] [is|takes|lasts] [about|roughly] {d}, [from {a} to {b}|between {a} and {b}].",
    "[Between|From] {a} and {b} it is [quiet|silent] [for about {d}|, about {d} in all].",
    "[The widest gap|The longest silence] [lies|comes] [from {a} to {b}|between {a} and {b}] and [takes|lasts] [about|roughly] {d}.",
)
TAG_LEAD = (
    "[About|Roughly] {d} of silence [come first|pass at the beginning|go by before it starts|open the clip|come before it].",
    "[It begins|The clip begins|It opens|The recording begins|The clip opens] with [about|roughly] {d} of [silence|quiet].",
    "The first {d}[ or so|] [are silent|hold no sound|bring nothing|are quiet|pass in silence].",
    "[It takes|I wait] [about|roughly] {d} [until the sound sets in|before anything is heard|for the first sound].",
)
TAG_TAIL = (
    "[About|Roughly] {d} of [silence|quiet] [come last|follow at the end|are left at the end|end the clip|remain|close the clip].",
    "[It ends|The clip ends|It closes|The recording ends|The clip closes] with [about|roughly] {d} of [silence|quiet].",
    "The last {d}[ or so|] [are silent|hold no sound|bring nothing more|are quiet|pass in silence].",
    "[After that|Then|When it is over], [about|roughly] {d} [of silence|without sound|of quiet] [follow|remain|are left][ before the clip ends| until the end|].",
)
TAG_HEAR = (
    "[I listen to|I consider|First I take] the sound as a whole: [what I hear is|it is|it comes across as] {x}.",
    "[The character of the sound|What the sound is like] [is clear enough|is easy to recognise|leaves little doubt|gives it away|speaks for itself]: {x}.",
    "[Listening|Going] through the [clip|recording], I [recognise|hear|make out] {x}[ by its sound|].",
    "[What I hear|What comes to the ear|What is heard|What the clip holds|What can be heard] is {x}[, from the way it sounds|, to judge by its character|].",
)
TAG_TIME = (
    "[It starts|It sets in|The sound begins|The sound starts] at [about|roughly|] {a} and [ends|stops|is over] at {b}.",
    "From [about|roughly|] {a} to {b} [it can be heard|the sound lasts|the sound is there|there is sound].",
    "[Between|In the time between] {a} and {b} [the sound can be heard|there is sound|I hear it].",
)
TAG_SUM = (
    "[The sound ends at|Sound until] {b}, [then|and then] {d} of [silence|quiet]: [together|in all|that makes] {t}.",
    "[After the sound|Once the sound is over], at {b}, {d} of [silence|quiet] [follow|are left]; [{b} and {d} make {t}|so the clip ends at {t}].",
    "{b} [to the end of the sound|until the sound ends] and {d} [of silence|of quiet] [make|come to] {t}.",
)
TAG_NEAR = (
    "[In round figures|Rounded|To a listener|Roughly speaking], [that is|this comes to|that means|it is] {c}.",
    "[A listener would call that|In words, this is|Put in words, that is|I would call that|For the answer this means] {c}.",
    "[So the clip is|So the length is|The clip thus takes|The whole is then] {c}[ long|].",
)
TAG_LENGTH = (
    "[Following the clip|Going along|Listening] to its end, I [get|note|arrive at|count] {c}.",
    "[From the first moment to the last|From start to end|Over the whole clip], [I count|I note|there are|I get] {c}.",
)
MATCH_TAG_NO = (
    "[What I hear is|What is heard is|It is|The clip has] {x}, [not {y}|which is something other than {y}|and that is not {y}|and {y} is another matter].",
    "{x} [is one thing|is what I hear], {y} [is another|would be something else|would sound different].",
    "[Held against|Compared with|Set beside] {y}, [what I hear|the sound] [differs|is something else|does not match]: {x}.",
)
MATCH_TAG_YES = (
    "[What I hear is|What is heard is|It is|The clip has] {x}, [the very sound in question|which is exactly what is asked about|and this is what the question is about|just what was asked for].",
    "{x} [is asked about|is in question|is named in the question], and {x} [is what I hear|can be heard|is there].",
    "[Sound asked about and sound heard|What is asked and what I hear|The question and the clip] [agree|name the same]: {x}.",
)
DESCRIBE_PLACE = (
    "[Source|What it is|The sound itself|What is heard|The sound, first of all|What makes the sound|What comes to the ear|The content of the clip|What there is to hear|In a word]: {x}.",
    "[First the sound itself|To begin with the sound|As to what it is|As for what is heard|Starting with the sound]: [I hear|it is|I recognise|what I hear is|I make out] {x}.",
    "What [I hear|comes to the ear|is heard|fills the clip|I listen to|can be heard|the clip holds|the clip brings] is {x}[, as it sounds|, going by the sound of it|].",
    "[Listening|Going by ear|By its character], I [hear|recognise|make out|name] {x}[ first of all| to begin with| as the sound|].",
)
DESCRIBE_TIME = (
    "[Time|Its place in time|Then the timing|The timing|In time]: [the sound starts|it starts|it sets in|it begins] at [about|roughly|] {a} and [is over|ends|has ended|stops] at {b}.",
    "[It|The sound] [can be heard|is there|lasts] [from about|from roughly|from] {a} [to|until] {b}[, no earlier and no later|].",
)
DESCRIBE_STRETCH = (
    "[The {k} stretch|Stretch {i}|Of the stretches, the {k}|The {k} part|The {k} of them|Stretch number {i}] [runs|goes|lasts|is heard] [from {a} to {b}|between {a} and {b}], [which is|so for|that is] [about|roughly] {d}.",
    "[From {a} to {b}|Between {a} and {b}] [there is sound|I hear the sound|there is something to hear|comes stretch {i}|comes the {k} stretch|the sound is there], for [about|roughly] {d}.",
    "[About|Roughly] {d} of sound [lie between|fill the time between|are heard between|come between] {a} and {b}[, the {k} stretch|, stretch {i}|].",
    "[At|Around] {a} [the sound starts|it sets in|stretch {i} starts|the {k} stretch sets in|the {k} stretch starts] and [goes on to|lasts until|runs to|is heard until] {b}, [about|roughly] {d} [in all|long].",
)
DESCRIBE_PAUSE = (
    "[Then|After that|Next|Now] [come|follow] [about|roughly] {d} [without it|of silence|of quiet|without sound].",
    "A [pause|gap|silence|rest] of [about|roughly] {d} [follows|comes next|separates it from the next|comes after it|lies before the next].",
    "[For|During|Over] [about|roughly] {d} [it is quiet|nothing is heard|there is silence|the sound is gone|the clip is silent].",
    "[It takes|I wait] [about|roughly] {d} [until the sound is back|before it is heard again|for the next stretch|until it sets in again].",
)
DESCRIBE_COURSE = (
    "[Loudness|As for loudness|The loudness, in short|What the loudness does|Loudness over time|In loudness|The volume|As to volume|How loud it is|Its strength]: {r}[ over the clip| as time passes|].",
    "[Put in words|In words|In one phrase|In short|So], [as for loudness|in loudness|as to how loud it is], {r}.",
)
DESCRIBE_END = (
    "[Put together|Together|Taken together|Side by side], [these observations|these points|these notes|these steps] [give|make|form|add up to] [the description|a full account|a description|an account of the clip].",
    "[This|That|What I noted] [covers|accounts for] [the whole clip|the clip from start to end|the clip], so [the description is complete|I can put it into words|it can be written down].",
    "[Nothing more|No more|Nothing else] [is needed|has to be said] [for a description|to describe the clip|for the account], [so I put it into words|and the parts can be joined|so I can write it down].",
    "[From|With|Out of] [these points|all this|these notes|these steps] [the description|the account|a description] [can be written|can be put together|follows].",
)
TAG_STEP = (
    "[I will listen|I listen|First I listen] to the [clip|recording] [from start to end|as a whole] and [set what I hear beside|hold what I hear against] {x}.",
    "[First|To begin with|Before deciding] I [name|identify|tell] what [can be heard|is heard] in the [clip|recording], then I [ask myself whether it is|set it beside|hold it against] {x}.",
    "[What is heard|The sound itself] [comes first|must be named first]; [after that|then] I [ask whether it is|set it beside|hold it against] {x}.",
)
STEP_TAG: dict[str, tuple[str, ...]] = {
    "sound": (
        "[I will listen to|I pay attention to|I go by|I listen to] [the character of the sound|what the sound is like as a whole|how it sounds] and [hold the options against it|go through the options one by one|compare the options with it].",
        "[First|To begin with|Before looking at the options] I [listen|want to listen] to [the clip|the recording] [as a whole|from start to end], then I [name|identify] [what it is|the sound].",
        "[The sound itself|What is heard|The ear] has to [come first|decide]; [the options|the names offered] [come after it|are held against it|follow].",
    ),
    "loudness": (
        "[I will compare|It helps to compare|I compare|I want to compare] the beginning, the middle and the end of the [clip|recording] [with one another|by ear|in turn|with each other].",
        "[I follow|I will follow|First I follow] [the loudness|how loud it is|the volume] from [the beginning to the end|the first moment to the last] and [note|keep in mind|watch for] [every turn|each rise and each fall|where it turns].",
        "[What counts|What matters] is [the way from start to end|the whole course|how it moves], [not a single moment|not one loud moment alone|more than any one moment].",
        "[Start, middle and end|Beginning, middle and close] [are to be|will be|must be] [compared|held against each other|set side by side], [by ear|one after the other].",
    ),
    "duration": (
        "[I will listen|I listen] [to the very end|until the clip stops|up to the last moment] and [judge|keep track of] the time that [passes|goes by].",
        "[The end of the clip|The moment at which the clip stops] is what I have to [listen for|find], [together with|and with it] the time that has passed by then.",
        "[From the start on|From the first moment on], I [keep track of|follow] the time [until the clip stops|to the very end|up to the end].",
    ),
}
OPTIONS_TAG = (
    "[At the end|Finally|Last of all|When that is done] I [hold|will hold|set] the {n} options against [what I heard|the result|what I found] and [keep the one that fits|see which one fits|take the one that agrees].",
    "[Each of the {n} options|All {n} options|Every one of the {n} options] will be [checked|looked at|put to the test], [also|even] when one [looks right early|seems right at once|fits from the start].",
    "[Then|After that|With that in hand,|Once this is clear,] the {n} options can be [judged|checked|gone through] one [by one|after another] [until only one is left|and the wrong ones dropped|and the right one kept].",
    "[The|All] {n} options [come|are taken up] [last|after that|then], [each on its own|one at a time|each with a reason for or against it].",
)
SUMMARY_TAG: dict[str, tuple[str, ...]] = {
    "presence_yes": (
        "{x} [is what I hear|is heard|can be heard|is there] in the [clip|recording], [so|and therefore|hence] [the answer is yes|it is yes], option ({L}).",
        "[As|Since|Because] {x} [is what I hear|is heard|can be heard|is there], [the answer is|I answer|it comes to] yes, option ({L}).",
    ),
    "presence_no": (
        "{x} [is not what I hear|is not heard|cannot be heard|is not there] in the [clip|recording], [so|and therefore|hence] [the answer is no|it is no], option ({L}).",
        "[As|Since|Because] {x} [is not what I hear|is not heard|cannot be heard|is not there], [the answer is|I answer|it comes to] no, option ({L}).",
    ),
}
RESPONSE_TAG: dict[str, tuple[str, ...]] = {
    "presence_yes": (
        "{x} [is heard|can be heard|occurs|is there] in the [clip|recording][ that I hear|].",
        "[In the clip|In the recording|Here], {x} [is heard|can be heard|is there].",
        "[The clip|The recording] [has|holds|brings] {x}.",
    ),
    "presence_no": (
        "{x} [is not heard|cannot be heard|does not occur|is not there] in the [clip|recording][, from start to end|].",
        "[Nowhere in the clip|At no point of the clip|At no moment] is {x} [heard|to be heard].",
        "[The clip|The recording] [has something else|holds another sound|brings another sound], not {x}.",
    ),
    "sound": (
        "[That|This|It] is [the sound|what is heard|what can be heard|what I hear] in [the clip|this clip|the recording].",
        "[The clip|The recording] [holds|has|brings] this sound[ and none of the others offered|].",
        "[Of the sounds offered|Among the options|Of these sounds], [only this one|this one|this one alone] [is heard|can be heard|fits].",
        "[By its character|To the ear|As it sounds], [it|the sound] is [this one|the one named here].",
    ),
}
MATCH_TAG_NOWHERE = (
    "[From start to end|All the way through|In the whole clip|At no moment], [nothing|no sound] [like|that could be] {y} [comes up|is heard|occurs].",
    "[I wait for|I listen for|I look for] {y} [until the end|to the very end|through the whole clip], [and it does not come|in vain|without finding it].",
    "[No part|No moment] of the [clip|recording] [brings|has|holds] {y}.",
)
YES_NO_OUT = (
    "{h} [does not agree with|goes against|is at odds with|cannot stand beside] [what I hear|the sound|the clip].",
    "{h} [is out|falls away|is wrong|cannot be right], [given|going by|in view of] [what I hear|the sound|the clip].",
)
YES_NO_IN = (
    "{h} [agrees with|fits|goes with|follows from] [what I hear|the sound|the clip|what was heard].",
    "{h} [is borne out by|rests on|is in line with] [what I hear|the sound|the clip].",
)
ONLY_TIME = (
    "The [clip|recording] [lasts|runs for|takes|goes on for] {c}[| from start to end| in all].",
    "[It|This|What I hear] is a [clip|recording] of {c}[ in all|].",
    "[The length of the clip|The length of the recording|Its length] is {c}.",
)
ONLY_LISTEN = (
    "I [listen|go] through the [clip|recording] [from start to end|from the first moment to the last|as a whole].",
    "[From start to end|From the beginning|As a whole], I [listen to|take in|follow] the [clip|recording].",
)
