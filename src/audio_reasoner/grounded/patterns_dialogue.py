# ruff: noqa: E501 -- a pattern is read as one sentence
"""Sentence patterns about several speakers."""

from __future__ import annotations

ASK: dict[str, tuple[str, ...]] = {
    "voices": (
        "[The question asks|I am asked|What is wanted is] [how many people take part|for the number of voices].",
        "[I have to|I need to|The task is to] count the [voices|speakers], [not|rather than] their turns.",
        "[Voices are to be counted|The count is of voices]: [a voice that comes back|somebody who speaks again] [adds nothing|counts once].",
    ),
    "last_voice": (
        "[The question asks|I am asked|What is wanted is] [whose turn comes last|who starts to speak last].",
        "[I have to|I need to|The task is to] find the [last|final] turn and [tell|name] [whose it is|its speaker].",
        "[Only the end matters|It is the end that matters|The close of the talk decides]: who [takes|has] the [last|final] turn?",
    ),
    "longest_voice": (
        "[The question asks|I am asked|What is wanted is] who [speaks|talks] [longest|for the longest time], [all turns taken together|adding up the turns].",
        "[I have to|I need to|The task is to] add up the [time|speaking time] of each [speaker|voice] and [compare|take the greatest sum].",
        "[It is about speaking time|Speaking time is what matters]: [the sum of the turns|all turns together] [decides|counts] for each speaker.",
    ),
    "turns_of": (
        "[The question asks|I am asked|What is wanted is] how [often|many times] {x} [speaks|takes a turn|takes the floor|has a turn][ in this talk| in the clip|].",
        "[I have to|I need to|The task is to|My task is to] count the turns of {x} [and of nobody else|alone|and to leave out the others].",
        "[One voice is to be followed|I follow one voice|A single voice matters here|One speaker is to be kept in view]: {x}, and [how often|how many times] it [comes|has a turn|is heard].",
        "[Each time|Every time] {x} [speaks|takes the floor|comes in] [is to be counted|counts once|adds one to the count], [whatever the others do|and the others are left aside|nobody else matters].",
    ),
    "said_by": (
        "[The question asks|I am asked|What is wanted is] [who says|which speaker says] [the words in question|certain words|the words given].",
        "[I have to|I need to|The task is to] [find|place] the [words asked about|words in question|given words] and [tell|name] [who says them|their speaker].",
        "[These words have to be given to|The words belong to] one of the [speakers|voices], [by the turn in which they stand|whose turn they stand in].",
    ),
    "says": (
        "[The question asks|I am asked] [what {x} says first|for the first words of {x}].",
        "[I have to|I need to|The task is to] find the first turn of {x} and [write down|give] [its words|what is said].",
        "[One voice matters|I need one voice|A single voice matters]: {x}, and [what it says first|its first turn|the words it opens with].",
    ),
}
STEP = (
    "[I give|I will give|First I give] [each|every] turn to [a|its] speaker, [in order|one after another], and [then|after that] [answer|look at the question].",
    "[Turn by turn|Going turn by turn], I [note|write down] who [speaks|has the floor] and [from when to when|when].",
    "[Voices are named|I name the voices] by their first [appearance|turn], and every turn is [given to|put under] one of them.",
    "[The turns in their order come first|A list of the turns comes first|A list of the turns is the first step]; [the rest|the answer] [can be read from it|follows from that].",
    "[First it must be clear|To begin with it must be clear|What has to be clear first is] who [speaks|has the floor] when, [turn after turn|from the first turn to the last]; [the answer follows|then I can answer|the rest can be read off].",
)
VOICE_OVERVIEW = (
    "[In|Over|Within] about {d}, [people|several voices|different speakers|several people|more than one person] [take turns|talk to one another|speak|are heard|can be heard].",
    "[The clip|The recording] [lasts|runs for|takes] about {d} and [holds|brings|has] [a conversation|speech of more than one person|several voices in turn|people who take turns].",
    "[What I hear is|It is|This is] a [conversation|talk|clip of several voices|recording of people taking turns] of about {d}.",
    "[There are|About] {d} of talk, with [several voices|more than one voice|people taking turns].",
    "[Several voices|Different people|People taking turns|Several speakers] [fill|share|make up] [a clip|a recording] of about {d}.",
)
TURN_FIRST = (
    "[From {a} to {b}|Between {a} and {b}|At first, from {a} to {b},] {x} [speaks|is heard|has the floor|talks]{q}.",
    "{x} [starts|begins|opens|comes first] at {a} and [speaks until|goes on to|stops at|ends at] {b}{q}.",
    "[It opens|The talk opens|It begins|The talk begins] with {x}, [from {a} to {b}|between {a} and {b}|at {a}, ending at {b}]{q}.",
    "[The first voice|The voice that comes first|The opening voice], [from {a} to {b}|between {a} and {b}], is {x}{q}.",
)
TURN_NEW = (
    "[From {a} to {b}|Between {a} and {b}|From {a} on, until {b},|From {a} until {b}] {x} [speaks|is heard|has the floor|talks|can be heard|is speaking|has a turn|takes a turn]{q}.",
    "{x} [starts|comes in|sets in|begins|follows|takes over|takes the floor|is next] at {a} and [speaks until|goes on to|stops at|ends at|is done at|talks until|has finished by|keeps the floor until] {b}{q}.",
    "[At|Around] {a} {x} [comes in|begins|takes the floor|takes over|starts to speak|is heard|follows|sets in], [until {b}|up to {b}|and stops at {b}|and goes on to {b}|for a turn that ends at {b}|and has finished by {b}]{q}.",
    "[Then|Next|Now|After that|Following that], [from {a} to {b}|between {a} and {b}|at {a}, up to {b}], {x} [speaks|is heard|has the floor|takes a turn|can be heard|talks]{q}.",
    "[The turn|The time|The stretch|The next turn] from {a} to {b} [belongs to|is taken by|goes to] {x}{q}.",
    "[A turn of|The voice of] {x} [fills|takes up|covers] the time [from {a} to {b}|between {a} and {b}]{q}.",
)
GIVE = (
    "[Turn {i}|The {k} turn|Turn number {i}], [from|starting at|at|beginning at] {a}, [belongs to|goes to|is taken by|is that of] {x}{q}.",
    "[At {a}|Around {a}|From {a} on,] [it is|I hear|there is] {x}{q}[ (turn {i})| (the {k} turn)|].",
    "{x} [has|takes|speaks in|is heard in] [turn {i}|the {k} turn], [at|from|starting at|around] {a}{q}.",
    "I [give|assign] [turn {i}|the {k} turn], [at|from|starting at|around] {a}, to {x}{q}.",
    "The [turn at|turn that starts at|turn that begins at|voice at] {a} [is that of|belongs to] {x}{q}[ (turn {i})| (the {k} turn)|].",
    "[Then|Next|After that|Now], [at|from|around] {a}, [it is|comes|I hear|there is|follows] {x}{q}[ (turn {i})| (the {k} turn)|].",
    "[Going on|Moving on|Further on], {x} [has|takes] [turn {i}|the {k} turn], [at|from|around] {a}{q}.",
)
NEW_VOICE = (
    "[Turn {i}|The {k} turn], [at|starting at] {a}, brings [a new voice|a voice not heard before|one more voice]: {n} so far.",
    "[At|Around|From] {a} [a new voice|another voice|a voice not heard so far] [comes in|is heard|sets in], [which makes|so there are|which brings it to] {n}.",
    "[A voice I have not heard yet|A new voice|Somebody new] [starts|comes in|takes the floor] at {a}: [that makes {n}|now {n}|{n}].",
)
OLD_VOICE = (
    "[Turn {i}|The {k} turn], [at|starting at] {a}, [is|belongs to|is that of] {x} [again|once more], [so there are still {n}|and the count stays at {n}|which leaves {n} as before].",
    "[At|Around|From] {a} {x} [comes back|returns|is heard again], so [it stays at|there are still|the count remains] {n}.",
    "{x} [speaks again|is back|has another turn] at {a}: [no new voice|nobody new|a voice I know], [{n} as before|still {n}].",
)
BACK = (
    "In {r} only voices [I know|heard before|that I have counted] [come back|speak again|are heard]: [still {n}|the count stays at {n}].",
    "[Nobody new|No new voice] [comes in|is heard] in {r}, [so it stays at {n}|so there are still {n}].",
)
ONE_VOICE = (
    "[Turn {i}|The {k} turn], [at|starting at] {a}, [is the opening one|brings the first voice|is the first voice I hear|opens the talk]: one[ so far| for now|].",
    "[At|Around|From] {a} [the first voice|a voice|somebody] [starts|comes in|is heard|begins]: one[ so far| for now|].",
)
SUMS = (
    "{x} [has|takes|speaks for] {r}, [together|in all|in sum|which makes] {d}.",
    "[For|With] {x} [I add up|the turns are|I get] {r}: {d}[ in all| together|].",
    "[Adding up|Taking together] {r} [gives|makes] {d} for {x}.",
)
SUM_MANY = (
    "The {n} turns of {x} [add up to|make|come to] {d}.",
    "{x} [has|takes] {n} turns, {d} [together|in all|in sum].",
)
SUM_ONE = (
    "{x} [has|takes|gets] [one turn|a single turn|only one turn] of {d}.",
    "[For|With] {x} [there is|I have|I note] [one turn|a single turn], {d}[ long|].",
)
COUNT = (
    "[The turns|Turns] of {x} [start at|are at|begin at|lie at|can be found at] {r}, [which makes|so that is|that is|in all] {t}.",
    "{x} [speaks|takes the floor|comes in|has a turn|is heard] at {r}: [that is {t}|{t}|{t} in all|so {t}].",
    "[Picking out|Collecting|Taking only] [the turns of {x}|what belongs to {x}], I [have|get|find] {r}: [that is {t}|{t}|so {t}].",
    "[Only|Of the list, only|Of all turns, those at] {r} [belong to|go to|are given to] {x}: [that is {t}|{t}|so {t}].",
)
FOUND = (
    "[The words|The words asked about] {q} [are|are found|come|can be heard] in turn {i}, [which is that of|and that turn belongs to|a turn of] {x}.",
    "[The passage|The sentence] {q} [is found|comes|can be heard] in turn {i}, [which is that of|and that turn belongs to|a turn of] {x}.",
    "[Turn {i} is the one|In turn {i} I find these words|The words are in turn {i}]: {x} [says|speaks] {q}.",
)
LAST = (
    "[The last turn|The final turn|The turn that comes last] [starts at|is the one at|begins at] {a}, and [it belongs to|its speaker is|it is that of] {x}.",
    "[Nobody starts|No turn starts|No one comes in] [later than|after] {a}, [where|when] {x} [begins|comes in|starts].",
)
FIRST_WORDS = (
    "[The first turn|The earliest turn|The opening turn] of {x} is [turn {i}|number {i}], and [it goes|the words are|it reads] {q}.",
    "{x} [comes in with|begins in|first speaks in] turn {i}: {q}.",
    "[In|With] turn {i} {x} [comes in|begins|speaks for the first time], [with the words|saying] {q}.",
)
NO = (
    "[is out|does not fit|is wrong|falls away] [by|going by|according to] [the list|the turns|what I noted]",
    "[does not agree|disagrees|does not go together|is at odds] with [the turns|my list|what I noted|the talk as I heard it]",
    "would need [another list of turns|other turns than these|a different talk|turns that are not there]",
    "[is not what|differs from what] [the turns show|my list shows|I noted|I heard]",
    "[finds no support|has no basis] in [the turns|my list|what I noted]",
)
YES = (
    "[fits|agrees with|matches|goes with|is in line with] [the turns|my list|what I noted|the talk as I heard it]",
    "[follows from|can be read from|rests on|comes from] [the turns|my list|what I noted]",
    "[is what|says what] [the turns show|my list shows|I noted|I found]",
)
SUM: dict[str, tuple[str, ...]] = {
    "voices": ("[In all|Altogether|From first to last], {n} [voices|people|speakers] [can be told apart|take part|are heard], [so|and therefore] option ({L}) [is right|fits].", "[I tell|I can tell] {n} [voices|speakers] apart[, however often they speak|]: option ({L})."),
    "last_voice": ("[The last turn|The final turn|The closing turn] [belongs to|is that of] {y}, [so|and therefore] option ({L}) [is right|fits].", "{y} [starts last|has the last turn|is the last to come in]: option ({L}).", "[Nobody comes in|No turn starts] after {y}[ does|], [so|which makes it] option ({L})."),
    "longest_voice": ("{y} [speaks|talks] longest, [so|and therefore] option ({L}) [is right|fits].", "[The greatest sum|The most time] [belongs to|is that of] {y}: option ({L})."),
    "turns_of": (
        "{x} [speaks|takes the floor|comes in|has a turn] {t}[ in all| from start to end|], [so|and therefore|hence] option ({L}) [is right|fits|is the answer].",
        "[The count|My count|The number of turns] for {x} [is|comes to|ends at] {n}: [that is |]option ({L}).",
        "[With|Having] {n} [turns in the list|turns counted|turns to be found] for {x}, [I take|the answer is|it must be] option ({L}).",
    ),
    "said_by": ("[The words|These words|The words in question] [belong to|come from|are said by] {y}, [so|and therefore|hence] option ({L}) [is right|fits].", "It is {y} who says [them|these words|this]: option ({L})."),
    "says": ("[The first words|The opening words] of {x} are [found|clear now|in the list].", "[I have|Those are|That gives] the [first|opening] words of {x}[, as they are said| in full|]."),
}  # fmt: skip
REASON: dict[str, tuple[str, ...]] = {
    "voices": (
        "[That is how many|So many|This many] voices [can be told apart|are heard|take part].",
        "[No further voice|No other voice] [comes in|is heard][ after that|].",
        "[Somebody|A voice|A speaker] who [speaks again|comes back] [is counted once|adds nothing|counts only once].",
    ),
    "last_voice": (
        "[Nobody|No one else] [starts to speak|takes the floor|comes in] [later|after that].",
        "The [last|final|closing] turn is [theirs|that of this speaker].",
        "[No later turn|No turn after that] [starts|follows|comes].",
    ),
    "longest_voice": (
        "[Their turns|All their turns together|The turns of this speaker] [add up to|make|take] the most time.",
        "[Nobody else|No one else] [speaks|talks] [for so long|as long] in all.",
    ),
    "turns_of": (
        "[I counted|I noted|I kept count of|I added up] [each|every] turn of {x}[ and of nobody else|].",
        "[That is|This is] the number of [turns that {x} takes|their turns|times {x} takes the floor].",
        "{x} [speaks|takes the floor|has a turn|comes in] [that often|this many times|that many times].",
        "In [the list of turns|my list] {x} [comes up|is found|stands] [that often|this many times].",
    ),
    "said_by": (
        "[These words|The words|The words in question] [stand in|come in|belong to] one of their turns.",
        "[The turn with these words|That turn|The turn in question] is [theirs|one of theirs|that of this speaker].",
        "[This is|It is] the [voice|speaker] [that is heard|who has the floor] [at these words|when they are said].",
    ),
}
