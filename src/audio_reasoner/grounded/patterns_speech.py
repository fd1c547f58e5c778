# ruff: noqa: E501 -- a pattern is read as one sentence
"""Sentence patterns about what is said."""

from __future__ import annotations

ASK: dict[str, tuple[str, ...]] = {
    "transcript": (
        "[The question asks|I am asked] for the [words|wording] [of the speech|that are spoken|of the speaker][, as they are said|].",
        "[I have to|I need to|The task is to] [write down|take down|give] [what is said|the spoken words][, word for word|].",
        "[It is the wording that is asked for|The wording is what is asked for|What counts is the wording], [not the sense alone|so nothing may be left out|and every word of it].",
        "[What is wanted is|The task is] the speech [in writing|put down in full|word for word], [no more and no less|from start to end|with nothing left out].",
    ),
    "mention": (
        "[The question asks|I am asked|What has to be decided is] whether the word {x} [is said|comes up|occurs][ anywhere|].",
        "[I have to|I need to|The task is to] [listen for|look for] the word {x}[ in what is said|], [yes or no|and say yes or no].",
        "[One word matters here|It is all about one word|A single word is in question]: is {x} [said|spoken|to be heard][ or not|]?",
    ),
    "word_after": (
        "[The question asks|I am asked] [for|about] the word [right after|that follows|next to] {x}.",
        "[I have to|I need to|The task is to] find {x} in [what is said|the speech] and [name|take|tell] the [word after it|next word].",
        "{x} is [the landmark|my landmark|where I have to listen], and [the next word|the word behind it] is [what is wanted|the answer].",
        "[One place|A single place] in [what is said|the speech] matters: [where|that at which] {x} [is said|stands], [and what follows it|with the word behind it].",
    ),
    "words": (
        "[The question asks|I am asked] [how many words are spoken|for the number of words].",
        "[I have to|I need to|The task is to] [count|number] the words [as they come|from first to last|that are said].",
        "[A count is wanted|This calls for a count]: [every word|each word] [counts once|adds one], [also|even] a short one.",
        "[What matters is|It comes down to] the number of words[, long and short alike|, whatever they mean|], [so I count|so they must be counted|and nothing else].",
    ),
    "language": (
        "[The question asks|I am asked|What is wanted is] [which language is spoken|in which language the words are|what language this is].",
        "[I have to|I need to|The task is to] [recognise|tell|name] the language [of the speaker|that is spoken].",
        "[It is the language that matters|The language is what matters|What counts is the language], [not the message|whatever is said in it].",
    ),
}
STEP: dict[str, tuple[str, ...]] = {
    "transcript": (
        "[I listen|I will listen|I go through it] [piece by piece|phrase by phrase|bit by bit] and [write down|keep|take down] [each one|what I hear|every piece].",
        "[First the parts|I take the parts first|Part by part at first], then the whole [in one line|in one go|once more|at the end].",
        "[I take it|It is best taken] in [small pieces|parts|portions] [that can be kept in mind|that are easy to keep], and [join them|put them together] at the end.",
    ),
    "mention": (
        "[I go through|I will go through|I follow] the [words|speech] [piece by piece|from start to end|bit by bit] and [compare|look|check].",
        "[First I write down|I take down|To begin with I take down] [what is said|the words], then [I look for it|I search|I look through them] there.",
        "[Only the words|Nothing but the words] [can tell|matter here|will tell], so I [search|look through|go through] them [in order|from the first on|one part at a time].",
    ),
    "word_after": (
        "[I number|I will number] the words [as they come|in their order] [and read off|, then take] the one [behind it|that comes next].",
        "[With the words in a row|Once the words are in a row], it is [a matter of|only] one step [forward|on].",
        "[I put the words in a row|The words are put in a row|I line the words up], [look for it|find it there] and [go one place on|take the neighbour].",
    ),
    "words": (
        "[I write down|I take down] the [sentence|words] first and [then count|count then] [with a running number|one by one].",
        "[A running count|Counting along] keeps me from [missing|skipping] [a word|the short ones].",
        "[Each word gets|I give each word] [its number|a number], and the [last number|number of the last word] [is what I need|is the count|tells how many there are].",
    ),
    "language": (
        "[The words themselves|Single words|The forms of the words] [give it away|tell|will show it], so [I listen to the wording|I take down what is said|I listen for some of them].",
        "[I listen to|I go by] [the sound and the words|the words and how they are formed|the wording] and [compare|hold] the options [with|against] [that|them|it].",
    ),
}
PART = (
    "[The {k} piece|Piece {i}|Part {i}|The {k} part|Phrase {i}] [is|reads|goes|says|has|runs|holds]: {q}.",
    "[I hear|I note|I write down|I take down|I catch] {q}[ as number {i}| in {k} place| as piece {i}| for part {i}].",
    "[In {k} place|As piece {i}|As part {i}|For piece {i}|At place {i}] [I hear|comes|I note|I have|I write down] {q}.",
    "{q}[|, as I hear it|, taken down]: [that is|this is|so goes|that makes] [piece {i}|the {k} piece|part {i}|the {k} part].",
    "[Listening on|By ear|Going along], [piece {i}|part {i}|the {k} piece|the {k} part] [is|reads|goes]: {q}.",
)
WHOLE = (
    "[Put together|In one go|As a whole|Joined|In one line], [it says|the words are|I have|this gives|the speech is] {q}",
    "[What is said|The speech|The wording] [as a whole|in full|from start to end] [is|reads|runs]: {q}",
    "[The parts|The pieces|All pieces] [together|in a row|one after the other] [make|give|form] {q}",
)
SEARCH_YES = (
    "[In|Within] {q} [I find|there is|stands|I hear] {x}, so it is [said|spoken].",
    "{x} [comes up|is said|stands|can be heard] [here|in this part|in these words]: {q}.",
    "{q} [has|contains|holds] {x}[, so the word is said|, and that settles it|, the word in question].",
)
SEARCH_NO = (
    "[In|Within|Among the words] {q} [I find no|there is no|I hear no] {x}.",
    "[No|There is no|I find no] {x} in {q}.",
    "{q} [comes without|is without|has no|does not contain|leaves out] {x}.",
    "[Word by word|Going through it], {q} [has no|is without|does not contain] {x}.",
)
AT = (
    "[Word by word|One by one|Around the place|Numbered], it goes {q}.",
    "[The words in a row|In their order, the words|With their numbers, the words] [are|read|run]: {q}.",
    "[The words around it|Its neighbours|Those near it|The words at that place], with their [numbers|places]: {q}.",
    "[I count|I number|I line up] the words [there|around it|near it|in that part]: {q}.",
    "[Around {x}|Near {x}|Before and after {x}] [the words are|I count|I have|stand] {q}.",
)
NEXT = (
    "{x} is [word {i}|the {k} word|number {i}], so [word {j}|number {j}] is [wanted|what I need]: {y}.",
    "[At|In] place {i} [stands|comes|I find] {x}, and [behind it|at place {j}|one step on] [stands|comes] {y}.",
    "[With|Since] {x} at place {i}, [the next place holds|place {j} holds|the word behind it is] {y}.",
)
COUNT = (
    "[Counting along|With a running count|Word for word|With its number behind each word|Numbered one by one]: {q}.",
    "[I count|I get|I have|I go along]: {q}.",
    "[Counted one by one|Each with its number|Going through them|With a number for each], [the words are|I have|they run|this gives] {q}.",
    "[The words|All words|The words in their order], [numbered|counted along|each with its number], [are|run|read] {q}.",
)
TOTAL = (
    "[The last number|The count at the end|The number of the last word|Where the count stops] is {n}[, so {n} words are said|, and that is the total|].",
    "[With the last word|At the end|When the words are over] [I am at|the count stands at|the count reaches|I have] {n}.",
    "[That makes|Together that is|So there are|I arrive at] {n}[ words|][ in all| altogether|, the short ones included].",
)
TONGUE = (
    "[The wording|What is said|The speech], {q}, is {y}[ by its words|, as its words show|].",
    "{q}: [these are|that is made of|I recognise] {y} words.",
    "[Words such as|Words like|The words] {q} [belong to|are] {y}.",
    "[From|By|Going by] {q} I [recognise|can tell|know] [the language|what is spoken]: {y}.",
    "[To the ear|In sound and form|By their form], [the words|words like] {q} are {y}.",
)
NO: dict[str, tuple[str, ...]] = {
    "mention": ("[would contradict|goes against|does not agree with|would deny|does not fit] [what I found|the words|what is said|the wording]", "[is ruled out|cannot be kept|falls away|is out] by [the words|what is said|the wording]"),
    "word_after": ("[comes|stands|is found|belongs] [elsewhere|at another place|in another place]", "is not [the word at|what stands at|what comes at|the one at] that place", "[does not follow|is not next|is no neighbour|does not come next][ here| at this point|]"),
    "words": ("[is not|does not agree with|differs from|cannot be] [my count|the count|what I counted]", "[misses|does not meet|is off] [the count|what I counted|the number I reached]"),
    "language": ("[would have|has|is made of] [other words|another wording|other forms]", "[does not fit|does not go with|does not agree with] [these words|the wording|what is said]", "is not the language [of these words|that I hear|of what is said]"),
}  # fmt: skip
YES: dict[str, tuple[str, ...]] = {
    "mention": ("[agrees with|fits|matches] [what I found|the words|what is said|the wording]", "[follows from|is borne out by|rests on] [the words|what is said|the wording]"),
    "word_after": ("[is the word at|stands at|is what I find at|comes at] that place", "[follows at once|is the next word|comes right behind it|is the neighbour][ in what is said|]"),
    "words": ("[is|agrees with|equals|matches] [my count|the count|what I counted]", "[meets|hits] the [count|number I reached]"),
    "language": ("[fits|goes with|agrees with|matches] [these words|the wording|what is said]", "is the language [of these words|that I hear|of what is said]"),
}  # fmt: skip
SUM: dict[str, tuple[str, ...]] = {
    "transcript": (
        "[The words|All the words|The spoken words] [are written down|have been taken down|stand here|are put down] in [their|the right] order[, none left out|].",
        "[This is|That is|So I have] [the full wording|the whole of it|all that is said|the speech in full][, from the first word to the last|, piece by piece|, nothing left out|].",
        "[Nothing is missing|No word is missing|Nothing of it is left out], [and the order is that of the speech|so the wording is complete|and so it can be written down as a whole].",
        "[Taken down in parts|Piece by piece], the [speech|wording] is [complete|written down in full|all there].",
    ),
    "mention": (
        "{x} [is|was] {v} in [what is said|the clip|the speech], [so|and therefore|hence] option ({L}) is [right|the answer].",
        "[As|Since] {x} is {v}[ by the speaker|], [the answer is|I take|it must be] option ({L}).",
        "[Going by|By] the words, {x} is {v}: option ({L}).",
    ),
    "word_after": (
        "[After|Right after|Behind|Next to] {x} [comes|follows|stands] {y}, [so|and therefore|hence] option ({L}) [is right|fits|is the answer].",
        "{y} [follows|comes after|stands behind] {x}[ in what is said|]: option ({L}).",
        "[The neighbour of|The word behind|The word after] {x} is {y}, [which is|so it is|given as] option ({L}).",
    ),
    "words": (
        "[In all|Altogether|From first to last], {n} words are [said|spoken|counted]: option ({L}).",
        "[The count|My count|The running number] [ends at|comes to|stops at] {n}, [so|and therefore|hence] option ({L}) [is right|fits|is the answer].",
    ),
    "language": (
        "[The words|These words|The spoken words] are {y}, [so|and therefore|hence] option ({L}) [is right|fits|is the answer].",
        "[What is spoken|The language|The language of the speaker] is {y}[, going by the words|]: option ({L}).",
    ),
}  # fmt: skip
REASON: dict[str, tuple[str, ...]] = {
    "mention": (
        "The word {x} is {v}[ in the clip| here|].",
        "{x} is {v}[ in it| by the speaker|].",
        "[Going by|By|To judge by] the words, {x} is {v}.",
        "[The speaker's words|The words|What is said], [taken one by one|gone through in order], [show|tell] that {x} is {v}.",
    ),
    "word_after": (
        "[After|Right after|Directly after|Behind|Next to] {x} [comes|stands|follows] [this|the] word[ in the speech| in what is said|].",
        "[This word|It|This] [follows|stands right behind|comes right after|comes next to] {x}[ in the speech| in what is said| in the clip|].",
        "[It|This] is the [next word|word that comes next|neighbour] after {x}.",
    ),
    "words": (
        "[I counted|I numbered] [every|each] word[ from first to last| as it came| once|].",
        "[The count|My count|The running number] [covers|takes in|includes] all the words[, short ones as well|].",
        "[That is how many|So many] words [there are|are said|are spoken|can be counted].",
    ),
    "language": (
        "The words [tell|show|give away] it.",
        "[That is|This is] the language of [the words|what is said|the speaker|the speech].",
        "These are words of [that|this] language.",
        "[What is said|The speech|The sentence] [is made of|consists of] words of [that|this] language.",
    ),
}
