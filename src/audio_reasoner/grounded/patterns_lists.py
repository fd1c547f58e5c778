# ruff: noqa: E501 -- a pattern is read as one sentence
"""Sentence patterns about spoken lists."""

from __future__ import annotations

ASK: dict[str, tuple[str, ...]] = {
    "voices": (
        "[The question asks|I am asked|What is wanted is] [how many people speak|for the number of voices].",
        "[I have to|I need to|The task is to] count the [voices|speakers], [not|rather than] the words.",
        "[Voices are to be counted|The count is of voices]: [a voice that comes back|somebody who speaks again] [adds nothing|counts once].",
    ),
    "spoken_nth": (
        "[The question asks|I am asked|What is wanted is] which word [comes|is said|stands] {k}.",
        "[I have to|I need to|The task is to] go through the words [in their order|one after another] and take the {k} one.",
        "[A single place in the list matters|One place in the list is wanted]: the {k}.",
    ),
    "spoken_count": (
        "[The question asks|I am asked|What is wanted is] how many words [are said|are spoken|there are].",
        "[I have to|I need to|The task is to] count the words, [whoever says them|not the voices].",
        "[Words are to be counted|The count is of words], [and it does not matter whose they are|whoever says them].",
    ),
    "spoken_order": (
        "[The question asks|I am asked|What is wanted is] [in which order the words come|for the words in their order].",
        "[I have to|I need to|The task is to] note the words in their order and [compare|hold] them with [each|every] list.",
        "The order of the words [is what matters|decides][, which word follows which|].",
    ),
    "who_says": (
        "[The question asks|I am asked|What is wanted is] [whose word it is|which voice says a certain word].",
        "[I have to|I need to|The task is to] find one word and [tell|name] the voice [that says it|it belongs to].",
        "[One word has to be given to its voice|The voice of a single word is wanted].",
    ),
}
STEP = (
    "[I go|I will go|First I go] through the turns [one by one|in their order] and [then|after that] [answer|look at the question].",
    "[Turn by turn|Going turn by turn], I [note|write down] the word and [whose it is|its voice].",
    "Voices are named in the order in which they [come in|are first heard]; [the rest|the answer] [can be read from the turns|follows from that].",
    "[A list of the turns comes first|The turns come first]; [the rest|the answer] [can be read from it|follows from them].",
)
OVERVIEW = (
    "[In|Over|Within] about {d}, {s} are [spoken|said], [one at a time|one after another|with short pauses between them].",
    "[The clip|The recording] [lasts|runs for|takes] about {d} and [holds|brings|has] [spoken|a list of] {s}.",
    "[What I hear is|It is|This is] a [short|spoken] list of {s}, about {d} [long|in all].",
    "About {d} of spoken {s}, [one at a time|one after another].",
)
TURN_FIRST = (
    "[From {a} to {b}|Between {a} and {b}|At first, from {a} to {b},] {x} says {q}.",
    "{x} [starts|begins|opens] at {a} [with|by saying] {q}.",
    "[It opens|The list opens|It begins] at {a} with {x}, who says {q}.",
)
TURN = (
    "[From {a} to {b}|Between {a} and {b}|From {a} until {b}] {x} says {q}.",
    "{x} [comes in|is heard|follows|goes on] at {a} [with|and says|saying] {q}.",
    "[At|Around] {a} {x} says {q}[, until {b}|].",
    "[Then|Next|Now|After that], [at|from] {a}, {x} says {q}.",
)
FIRST_VOICE = (
    "[At|Around|From] {a} [the first voice|a voice|somebody] says {q}: one voice[ so far| for now|].",
    "{q} at {a} is [said by|from] [the first voice|a first voice]: one[ so far| for now|].",
)
NEW_VOICE = (
    "[At|Around|From] {a} [a new voice|another voice|a voice not heard so far] says {q}, [which makes|so there are|which brings it to] {n}.",
    "{q} at {a} is [said by|from] [a new voice|a voice I have not heard yet]: [that makes {n}|now {n}|{n}].",
)
OLD_VOICE = (
    "[At|Around|From] {a} {x} says {q}, a voice I know: [still {n}|{n} as before].",
    "{q} at {a} is [said by|from] {x} [again|once more], [so it stays at|so there are still] {n}.",
)
COUNTED = (
    "{q} at {a} [makes|brings it to|is number] {n}.",
    "[At|Around|From] {a} I hear {q}: {n}[ so far| now|].",
    "[Then|Now|Next] {q}, at {a}: {n}.",
)
TOTAL = (
    "[No further word|Nothing more] [follows|comes], so it stays at {n} word{s}.",
    "[That was all|This was the last one]: {n} word{s}.",
)
PLACE = (
    "The {k} word[, at {a},|] is {q}.",
    "[At|Around|From] {a} comes the {k} word: {q}.",
    "{q}, at {a}, is the {k} word.",
)
FOUND_NTH = (
    "The {k} word[, at {a},|] is {x}.",
    "[That leads to|Now comes] the {k} word, at {a}: {x}.",
)
GIVEN = (
    "{x} says {q} at {a}.",
    "[At|Around] {a} {x} says {q}.",
    "{q}, at {a}, [is said by|comes from|belongs to] {x}.",
)
FOUND_WHO = (
    "{x} is the word in turn {i}, [and that turn belongs to|a turn of] {v}.",
    "[The word asked about|The word in question], {x}, [comes|is said] in turn {i}, by {v}.",
)
NO = (
    "[is out|does not fit|is wrong|falls away] [by|going by|according to] [the list|the turns|what I noted]",
    "[does not agree|disagrees|is at odds] with [the turns|my list|what I noted]",
    "[is not what|differs from what] [the turns show|my list shows|I noted|I heard]",
)
YES = (
    "[fits|agrees with|matches|is in line with] [the turns|my list|what I noted|what I heard]",
    "[follows from|can be read from|rests on] [the turns|my list|what I noted]",
    "[is what|says what] [the turns show|my list shows|I noted|I heard]",
)
OTHER_AT = (
    "[has another word|differs|goes wrong] at the {k} place",
    "[fails|does not fit] at the {k} place[ already|]",
)
ELSEWHERE = (
    "[is said as well|does come up], but not [there|at that place]",
    "[stands|is] elsewhere in the list",
)
NOT_SAID = (
    "is not [said|heard|spoken][ at all| anywhere|]",
    "does not come up[ in the list| at all|]",
    "is [said|spoken] by nobody",
)
SUM: dict[str, tuple[str, ...]] = {
    "voices": (
        "[In all|Altogether|From first to last], I [can tell|tell] {n} voice{s} apart[, however often they speak|]: option ({L}).",
        "[The count of voices|My count of voices] [is|comes to|ends at] {n}, [so|and therefore] option ({L}) [is right|fits].",
    ),
    "spoken_nth": (
        "[The {k} word|The word that comes {k}] is {x}, [so|and therefore] option ({L}) [is right|fits].",
        "{x} [comes|is said] {k}: option ({L}).",
    ),
    "spoken_count": (
        "[In all|Altogether|From first to last], {n} word{s} [can be heard|came up]: option ({L}).",
        "[The count of words|My count of words] [is|comes to|ends at] {n}, [so|and therefore] option ({L}) [is right|fits].",
    ),
    "spoken_order": (
        "[The order is|The words come as|The list is] {y}, [so|and therefore] option ({L}) [is right|fits].",
        "[From first to last|One after another], I [heard|noted] {y}: option ({L}).",
    ),
    "who_says": (
        "[The word|The word in question] [belongs to|comes from|is said by] {v}, [so|and therefore] option ({L}) [is right|fits].",
        "It is {v} who says [it|this word]: option ({L}).",
    ),
}
REASON: dict[str, tuple[str, ...]] = {
    "voices": (
        "[That is how many|So many|This many] voices [can be told apart|are heard].",
        "[Somebody|A voice|A speaker] who [speaks again|comes back] [is counted once|adds nothing|counts only once].",
    ),
    "spoken_nth": (
        "[I went|I have gone] through the words in their order.",
        "[That is|This is] the word [at this place|in turn {i}].",
    ),
    "spoken_count": (
        "[I counted|I have counted] [each|every] word[ once|].",
        "[That is how many|So many|This many] words [are said|are heard].",
    ),
    "spoken_order": (
        "[The words follow|The words come after] one another [like this|in this way].",
        "[I held|I have held] [each|every] list against [the turns|what I noted].",
    ),
    "who_says": (
        "[The turn with this word|That turn] [is theirs|is that of this speaker].",
        "[This is|It is] the [voice|speaker] [that is heard|who speaks] [there|in turn {i}].",
    ),
}
