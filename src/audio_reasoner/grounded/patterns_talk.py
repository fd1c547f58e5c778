# ruff: noqa: E501 -- a pattern is read as one sentence
"""Sentence patterns about what a conversation says: names, views, wishes, answers, manners of speaking."""

from __future__ import annotations

_WANTED = "[The question asks|I am asked|What is wanted is]"
_TASK = "[I have to|I need to|The task is to]"
ASK: dict[str, tuple[str, ...]] = {
    "named": (
        f"{_WANTED} [how {{x}} is called|for the name of {{x}}], [which has to be said|so a name must be heard] [somewhere in the talk|by somebody].",
        f"{_TASK} find the [turn|words] in which {{x}} is [named|called by name].",
    ),
    "named/who": (
        f"{_WANTED} [which voice|which speaker] the name {{x}} belongs to.",
        f"{_TASK} find where {{x}} is [said|heard] and [whom it means|to whom it is said].",
    ),
    "topic": (
        f"{_WANTED} [the situation|what it is all about], [which nobody announces|which the words must show].",
        f"{_TASK} [gather|collect] the words that [tell|show] [what the talk is about|what goes on].",
    ),
    "opinion_of": (
        f"{_WANTED} [the view|the opinion] of {{x}}, [as their own words show it|by what they say].",
        f"{_TASK} [follow|listen to] {{x}} and [note|find] which side [they take|their words take].",
    ),
    "opinion_of/who": (
        f"{_WANTED} [which voice|which speaker] [holds|takes|has] the view [in question|asked about].",
        f"{_TASK} compare the views of all speakers and find [the one|who holds the one] [in question|asked about].",
    ),
    "changed_mind": (
        f"{_WANTED} whether somebody [ends with another view|takes another side] than at first, and [who|which voice].",
        f"{_TASK} note the [view|side] of each speaker [early and late|at first and in the end] and compare.",
    ),
    "changed_mind/to": (
        f"{_WANTED} the view that [is held|remains] after a change of mind.",
        f"{_TASK} find the speaker whose view [turns|changes] and [note|take] the later one.",
    ),
    "intent": (
        f"{_WANTED} what {{x}} [is after|wants to reach|is there for].",
        f"{_TASK} [follow|listen to] {{x}} and find [the words that tell the purpose|what they are after].",
    ),
    "intent/who": (
        f"{_WANTED} [which voice|which speaker] [has|tells] the wish [in question|asked about].",
        f"{_TASK} find the words that [mean|tell] this wish and [give them to a voice|tell who speaks them].",
    ),
    "who_mentions": (
        f"{_WANTED} [which voice|which speaker] mentions [this detail|the detail in question].",
        f"{_TASK} find the turn with [these words|this detail] and [give it to a voice|tell whose it is].",
    ),
    "who_mentions/what": (
        f"{_WANTED} a detail that {{x}} [mentions|names].",
        f"{_TASK} go through the turns of {{x}} and look for [one of the details|a detail] offered.",
    ),
    "answers": (
        f"{_WANTED} the reply to {{x}}.",
        f"{_TASK} find {{x}} first and then [the turn that answers it|who answers and how].",
    ),
    "answers/who": (
        f"{_WANTED} who replies to {{x}}.",
        f"{_TASK} find {{x}} and [see|note] whose turn answers it.",
    ),
    "corrects": (
        f"{_WANTED} who [takes up|notices] a mistake of somebody else and [puts it right|says how it is].",
        f"{_TASK} find the turn that [sets|puts] right what [somebody else|another voice] has said, and its speaker.",
    ),
    "says_nth": (
        f"{_WANTED} the words of {{x}}.",
        f"{_TASK} count the turns of one voice: {{x}}.",
    ),
    "overlap_talk": (
        f"{_WANTED} whether [two voices sound|two people speak] [together|at once] [at any moment|anywhere].",
        f"{_TASK} compare the end of each turn with the start of the next.",
    ),
    "prosody": (
        f"{_WANTED} [which voice|which speaker] speaks {{x}} [somewhere|in a turn].",
        f"{_TASK} compare the manner of all [turns|voices]: who speaks {{x}}?",
    ),
    "prosody/how": (
        f"{_WANTED} how two turns of {{v}} differ in manner, [not in words|whatever they say].",
        f"{_TASK} hold two turns of {{v}} against each other and [hear|tell] how the manner changes.",
    ),
    "agreed": (
        f"{_WANTED} [what is settled|the outcome], which [comes|stands] [late in a talk|after the proposals] as a rule.",
        f"{_TASK} find the point [at which they agree|where it is settled] and what it is.",
    ),
}
STEP = (
    "[I give|I will give|First I give] [each|every] turn to its speaker and [then|after that] look at [what it says|the words].",
    "[Turn by turn|Going turn by turn], I [note|keep] who [speaks|has the floor] and [what is said|the words that matter].",
    "Voices are named by their first turn; [the words come next|then the words decide].",
    "[Who speaks when comes first|First it must be clear who speaks when]; [the words that carry the answer|the words in question] come [next|after that].",
)
TALK_OVERVIEW = (
    "[In|Over|Within] about {d}, {n} people [take turns|talk to one another|can be heard], {t} turns [in all|altogether].",
    "[The clip|The recording] [lasts|runs for|takes] about {d} and [holds|brings|has] a conversation of {n} people with {t} turns.",
    "[What I hear is|It is|This is] a conversation of {n} people, {t} turns in about {d}.",
)
ABOUT = (
    "[The talk|Their talk|The conversation|All of it|What they say] is about {v}.",
    "[What they talk about|The situation|The subject|The subject of the talk|What goes on] is {v}.",
    "[The words|Their words|The turns|All turns together] [point to|tell of|fit|speak of] {v}.",
    "{v} is [the situation|the subject|what they talk about|what it is about|what goes on].",
    "[Judging by their words|From what they say|By what is said], [it is|this is|the situation is] {v}.",
)
LINES_OF = (
    "{x} [has|takes|speaks in] {r}, [with the words|and says|saying] {q}.",
    "{x}, [heard in|who has|who takes] {r}, says {q}.",
    "In {r} {x} [says|speaks the words|is heard with] {q}.",
    "[The words of {x}|What {x} says|The voice of {x}], in {r}: {q}.",
    "[In {r} I hear {x}|{x} can be heard in {r}|{x} speaks in {r}|The words of {r} are those of {x}]: {q}.",
    "{x} [has the floor|comes in|is heard|talks] in {r}, [saying|with the words|and says] {q}.",
)
MANNER = (
    "{x} [speaks|talks|can be heard to speak] {m}.",
    "As for the manner, {x} [speaks|talks] {m}.",
    "{x} is heard [speaking|talking] {m}.",
)
PAUSE = (
    "[The longest pause|The widest gap|The longest break] [lies|comes|is] before turn {i}, about {d}.",
    "[Before turn {i}|Just before turn {i}] there is a [pause|gap|break] of about {d}.",
    "The [longest pause|longest break|widest gap], [about|some] {d}, [lies|comes|is] before turn {i}.",
    "[They|The speakers|The voices] pause [longest|the longest] before turn {i}, [for about|about] {d}.",
    "[Turn {i} comes|Turn {i} begins] after [a pause|a gap|a break|the longest pause] of about {d}.",
)
TOGETHER = (
    "In turn {i} {x} [comes in|starts] before {y} has [finished|ended].",
    "{x} [begins|starts] turn {i} while {y} is still [speaking|talking].",
    "{x} and {y} [speak|talk] at once [for a moment|for a while] as turn {i} [begins|starts].",
)
HAS = (
    "{x} [has|takes|speaks in|is heard in] {r}.",
    "I [give {r} to|assign {r} to|note {r} for|write down {r} for|put down {r} for] {x}.",
    "[For|From] {x} I [note|count|have] {r}.",
    "{x} [can be heard|has the floor|comes in|talks] in {r}.",
    "In {r} [it is {x} who speaks|I hear {x}|{x} has the floor|{x} speaks].",
    "[What {x} says is|The words of {x} are|All that {x} says is|The voice of {x} is heard] in {r}.",
)
SAYS = (
    "In turn {i} {x} [says|speaks the words|is heard with|has the words] {q}.",
    "[Turn {i}|The words of turn {i}], [from|spoken by|by] {x}: {q}.",
    "{x} [says|speaks] [in turn {i}|at {a}, in turn {i}]: {q}.",
    "[At {a}|Around {a}], in turn {i}, {x} [says|speaks the words|is heard with] {q}.",
    "What {x} says in turn {i}[, at {a},|] is {q}.",
    "[Turn {i} holds|In turn {i} there are] the words of {x}: {q}.",
)
NAME_OWN = (
    "[There|In these words|With that] {x} [tells|gives] the name: {v}.",
    "{x} [uses|says] {v} as their own name[ there|].",
)
NAME_NEXT = (
    "[The name {v} is said|{v} is heard] there [to|and means] {x}, who {h}.",
    "[That is how|With {v}] {x}, who {h}, is [called|spoken to][ there|].",
)
NAME_TWO = (
    "[Only two people talk|There are two people], so {v} [said by one|from the mouth of one] means the other, {x}.",
    "{v} is [how one of the two|the name by which one of the two] calls the other: {x}.",
)
KEYS = (
    "[Words like|The words|Such words as] {k} [belong to|fit|point to] one situation: {v}.",
    "{k} [are|make up] the words that [tell|show] the situation: {v}.",
)
KEY = (
    "[The word|A word like] {k} [belongs to|fits|points to] one situation: {v}.",
    "[Going by|Judging by] the word {k}, the talk is about {v}.",
)
SITUATION = (
    "[Taken together|Put together], these turns [tell of|are about|show] {v}.",
    "[What they speak of|All of it] [comes to|amounts to] {v}.",
)
VIEW = (
    "[That is|This is] [a view|an opinion]: {v}.",
    "[With that|So|Accordingly] {x} is {v}.",
    "[Whoever says so|Somebody who says this] is {v}.",
)
VIEW_FIRST = (
    "At first, then, {x} is [of another mind|on the other side].",
    "[That is the view|That is what {x} thinks] [at first|to begin with].",
)
VIEW_LATER = (
    "[Later|By then|After that] the view of {x} is another: {v}.",
    "[With these words|There] {x} [turns|changes sides] and is {v} [from then on|now].",
)
VIEW_STAYS = (
    "[Nothing later|No later turn] [takes this back|says otherwise].",
    "[The view stays|They stay with it] [to the end|until the end].",
    "[It is not taken back|Nobody takes it back] [later|afterwards].",
)
PURPOSE = (
    "[That tells|This tells|These words tell] [what {x} is after|the purpose]: {v}.",
    "[So|It follows that] {x} wants {v}.",
)
DETAIL = (
    "[There it is|That is the detail]: {v}.",
    "The words {v} [stand|are|come|are heard] in this turn[ and in no other|].",
)
QUESTION = (
    "[Turn {i} is|The question in turn {i} is|In turn {i} comes] {z}: {q}.",
    "{z} [is heard|stands|comes] in turn {i}: {q}.",
)
REPLY = (
    "[The answer comes|It is answered] in turn {i}, [by|from] {x}: {q}.",
    "{x} [answers|replies] in turn {i}: {q}.",
)
WRONG = ("[That is|This is] what [needs|gets] correcting.", "[There|In these words] [lies|is] the mistake.")
RIGHT = ("[With that|There] {x} puts it right.", "[So|That way] the mistake is corrected by {x}.")
NTH = (
    "[The turns of {x} are|{x} has turns] {r}; the {k} [of them|one] is turn {i}: {q}.",
    "[Counting the turns of {x} alone|Of the turns of {x}], {r}, the {k} is turn {i}: {q}.",
)
ENDS = (
    "Turn {i} ends at {b} and turn {j} starts at {a}: {v}.",
    "[From turn {i} (end {b}) to|Turn {i} (end {b}) and] turn {j} (start {a}): {v}.",
    "Turn {j} starts at {a}, turn {i} is over at {b}: {v}.",
    "[Turn {i} lasts until|Turn {i} goes on to|The end of turn {i} is at] {b}, [turn {j} begins at|the start of turn {j} is at|turn {j} starts at] {a}: {v}.",
)
SOUNDS = (
    "[I hear {x} in {r}|{x} is heard in {r}]: {m}.",
    "{x}, {r}: [spoken {m}|{m}].",
    "In {r} {x} [speaks|talks] {m}.",
)
BESIDE = (
    "Turn {i} is [heard|spoken] {m}, turn {j} {o}.",
    "[Held against|Beside] turn {j}, which is spoken {o}, turn {i} is [heard|spoken] {m}.",
)
SETTLED = (
    "[That settles|This settles] it: {v}.",
    "[From there on|With that] it is [settled|agreed]: {v}.",
    "[So they|With this they] [agree|settle on it]: {v}.",
)
# The rest of a sentence whose subject is an option.
WHO_NO = (
    "[has|takes|speaks in] {r}, and nothing of the kind [is said|stands] there",
    "[is heard in|can be heard in] {r}, [without these words|with other words]",
    "[does not fit|is out|falls away], [with|having] other things to say in {r}",
)
OTHER_VIEW = (
    "[holds|has] another view, {v}, [going by|judging by] {r}",
    "is {v}[ instead|], [as can be heard in|by the words of] {r}",
)
WHO_YES = (
    "[is the one who speaks in|speaks in|has] {r}, [where the words are|where it is said]",
    "[fits|agrees|is right], [as can be heard in|going by] {r}",
)
ELSEWHERE = (
    "[is heard as well|does come up], but from {x} in {r}",
    "[belongs to|comes from] {x}, in {r}, [so not here|and is not what is asked]",
    "[stands in|can be found in] {r} and [belongs to|comes from] {x}",
)
SAME_OTHER = (
    "[is heard as well|does come up], but in {r}, [which is not the place asked about|so not here]",
    "is said in {r}, [which is another turn|but not in the turn asked about]",
)
NOWHERE = (
    "[is said by nobody|is not said by anybody|does not come up]",
    "comes up in no turn[ of this talk| at all|]",
    "[belongs|would belong] to another conversation[ than this one|]",
    "is not [spoken of|heard|to be heard] [anywhere|in any turn]",
)
VIEW_BEFORE = (
    "is the view [before the change|at first|to begin with], in {r}",
    "is what the same speaker thinks [at first|before the change], in {r}",
)
CONTRARY = (
    "[is the contrary of|says the contrary of|goes against] what {r} [says|shows]",
    "[is the other side|takes the other side], [against|unlike] {r}",
)
GOLD = (
    "[is what|says what] [is heard|can be heard] in {r}",
    "[fits|agrees with|matches] {r}",
    "[follows from|can be read from|rests on] {r}",
)
NOBODY_NO = (
    "[is out|cannot be], [since|because] one view [turns|changes] in {r}",
    "[does not hold|fails]: {r} shows a change",
)
NOBODY_YES = (
    "[fits|is right]: no view [turns|changes] from first to last",
    "[holds|stands], [since|because] each speaker [stays with|keeps] [one view|their view]",
)
KEEPS = ("[keeps|stays with] [one view|the same view] in {r}", "[does not turn|stays the same] in {r}")
NO_VIEW = (
    "[takes no side|states no view] that could change",
    "[has no turn|speaks no words] that [takes|changes] a side",
)
OTHER_MANNER = ("[speaks|talks] {m} [instead|here]", "[is heard speaking|is heard to speak] {m}")
THAT_MANNER = (
    "[speaks|talks] {m}, [as no other voice does|unlike the others]",
    "is the [voice|one] that [speaks|is heard to speak] {m}",
)
YES_NO_OUT = (
    "[disagrees with|goes against] [the times of the turns|what I noted]",
    "[is not what|differs from what] [the times show|I noted]",
)
YES_NO_FIT = (
    "[agrees with|follows from] [the times of the turns|what I noted]",
    "[is what|says what] [the times show|I noted]",
)

SUM: dict[str, tuple[str, ...]] = {
    "who": (
        "[It is {y}|The answer is {y}|The voice in question is {y}][, judging by {r}|, going by {r}|]: option ({L}).",
        "[Judging by|Going by|From] {r}, {y} is the [voice|speaker] [asked for|in question]: option ({L}).",
    ),
    "what": (
        "[Judging by|Going by|From] {r}, [it is|the answer is|what fits is] {y}: option ({L}).",
        "[What fits|What the words show|What agrees with {r}|What can be heard in {r}] is {y}, option ({L}).",
    ),
    "nobody": (
        "[All views stay the same|Each view stays as it is] [from first to last|to the end], so nobody changes sides: option ({L}).",
    ),
    "yes": (
        "[Two voices are heard together|One turn starts before another is over] [in the clip|here], so option ({L}) is right.",
    ),
    "no": ("[Each turn is over before the next one starts|One voice at a time is heard], so option ({L}) is right.",),
}
REASON: dict[str, tuple[str, ...]] = {
    "named": ("The name is [said|heard] in {r}.", "[In {r}|There, in {r},] the name [can be heard|is heard]."),
    "named/who": ("The name is [said|heard] in {r} and [means|belongs to] this voice.",),
    "topic": (
        "[The words in {r} show|What is said in {r} shows] it.",
        "[What is said|The talk] in {r} [is about that|points to it].",
    ),
    "opinion_of": ("[The words|Their words] in {r} [show|tell] the view.", "[That is|This is] the side taken in {r}."),
    "opinion_of/who": ("[The words in {r} come|What is said in {r} comes|The view in {r} comes] from this voice.",),
    "changed_mind": (
        "The [first and last|early and late] words, in {r}, [settle it|decide].",
        "[I compared|The comparison is of] what is said in {r}.",
    ),
    "changed_mind/to": ("[The later words|The words after the change] are in {r}.",),
    "intent": ("[The purpose|The wish] is told in {r}.", "[The words|Their words] in {r} [tell|show] it."),
    "intent/who": ("[The wish|The purpose] is told in {r}, by this voice.",),
    "who_mentions": ("The words are in {r}, [a turn of this voice|which this voice speaks].",),
    "who_mentions/what": ("[It is|The detail is] [named|mentioned] in {r}.",),
    "answers": ("[Question and answer|The question and its answer] are {r}.",),
    "answers/who": ("[Question and answer|The question and its answer] are {r}.",),
    "corrects": (
        "[Mistake and correction|The mistake and its correction] are in {r}.",
        "[I compared|The comparison is of] what is said in {r}.",
    ),
    "says_nth": ("[That is|These words are|This is what is said in] {r}[ of the talk|, counting all turns].",),
    "overlap_talk": (
        "I compared the [end|ends] of [each turn|the turns] with the [start|starts] of the [next|next ones].",
    ),
    "prosody": (
        "I compared the [voices|manner of all voices].",
        "[The manner|How they speak] [decides|tells], not the words.",
    ),
    "prosody/how": ("I listened to {r}[ for it|].",),
    "agreed": ("It is settled in {r}.", "[The words in {r} settle|What is said in {r} settles] it."),
}
