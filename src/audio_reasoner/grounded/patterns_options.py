# ruff: noqa: E501 -- a pattern is read as one sentence
"""Sentence patterns for options, checks at the end and results."""

from __future__ import annotations

# Reasoning: options. The head names the option, the rest says why.
HEAD = (
    '[Option ({L}), "{o}",|({L}) "{o}"|"{o}", option ({L}),|Option ({L}) with "{o}"|"{o}" ({L})|Option ({L}), which says "{o}",|"{o}", offered as ({L}),|"{o}", listed as option ({L}),|Option ({L}), that is "{o}",|"{o}" in option ({L})]',
)
"""An option named as the subject of a sentence; the word after it is a verb."""
HEAD_LONG = (
    "[Option ({L})|What option ({L}) says|The text of option ({L})|What stands in option ({L})|The wording of option ({L})|The passage in option ({L})]",
)
ORDER_OUT = (
    "{h} [goes wrong|fails|breaks down] at place {i}: it [has|puts|names] {q} there, [while I hear|but the clip has|where I hear] {x}.",
    "{h} [puts|has] {q} at place {i}, [but|whereas] {x} [comes there|is heard there|is what I hear there], so it [is out|can be dropped|does not fit].",
    "{h} [is wrong|cannot be right], [since|because] {x}, not {q}, [comes|is heard] at place {i}.",
    "{h} [does not match|is out|is ruled out]: place {i} [belongs to|is taken by] {x}, not {q}.",
)
ORDER_FIT = (
    "{h} [fits|agrees with what I hear|matches] [at every place|from the first sound to the last|all the way].",
    "{h} [names|has|gives] the same sound as my list at [every place|each place], [so it stands|so it is kept|which is what I need].",
    "{h} [agrees with|matches] [the sequence I heard|my list] [from first to last|without exception|at each place].",
)
NUMBER_LOW = (
    "{h} is too [few|low]: [I counted {n}|my count came to {n}|the count is {n}].",
    "{h} [would leave out|misses|falls short by] {m} of [the sounds I counted|what I counted].",
    "{h} [cannot be right|is out|does not fit], [since|because] {n} [is more than that|were counted].",
)
NUMBER_HIGH = (
    "{h} is too [many|high]: [I counted {n}|my count came to {n}|the count is {n}].",
    "{h} [would need|asks for] {m} more than [I heard|I counted|can be heard].",
    "{h} [cannot be right|is out|does not fit], [since|because] [only {n} can be heard|the count stops at {n}].",
)
NUMBER_FIT = (
    "{h} [agrees with|equals|is exactly] [my count|the count|what I counted].",
    "{h} [is the number I reached|is where the count ended|matches the count].",
)
NEVER = (
    "{h} [is not heard|does not occur|never comes up] [at any point|anywhere|at all] in the clip.",
    "{h} [is out|can be dropped|falls away]: [nothing like it|no such sound] [is heard|occurs|turns up].",
    "{h} [has no counterpart|is not to be found] among the sounds [I noted|in the clip|I heard].",
    "{h} [cannot be right|does not fit|is ruled out], [since|because] [no such sound occurs|the clip has no such sound|it is missing from the clip].",
)
ELSEWHERE = (
    "{h} [is heard|does occur|is part of the clip], but [at about|at|around] {a}, [as the {k} sound|in {k} place|as number {i}], [which is not what is asked|so not at the place in question|so it does not fit].",
    "{h} [comes up|is heard] [at about|at|around] {a} and [is|stands as|counts as] [the {k} sound|number {i}], [not the one wanted|so it is the wrong one|which rules it out].",
    "{h} [belongs to the clip|occurs], [yet|but] its place is number {i}, [at about|at|around] {a}, [so it is out|which does not fit].",
)
THIS_ONE = (
    "{h} [is the sound|names the sound] [I found|in question|I arrived at].",
    "{h} [fits|agrees|matches]: [that is what I hear at this place|this is the sound I noted there|it is the one at this place].",
    "{h} [is exactly that sound|says just this|agrees with my list].",
)
HEARD = (
    "{h} [is heard|does occur|can be heard] [at about|at|around] {a}.",
    "{h} [is among the sounds|can be found in my list|is there]: it [starts|sets in] at [about|roughly|] {a}.",
    "{h} [fits|matches], [since|because] I [hear|noted] it at [about|roughly|] {a}.",
)
SHORTER = (
    "{h} [lasts|takes] [only|about|no more than] {d}, [which is shorter|so it is not the longest|less than the longest].",
    "{h} [is over after|ends after] [about|roughly] {d} [and so falls short|and cannot be it|and is out].",
    "{h} [stays behind|falls short|is beaten], with [its|only|about] {d}.",
)
IS_LONGEST = (
    "{h} [goes on for|lasts|takes] about {d}, [more than any other|the greatest length of all|longer than the rest].",
)
TOO_SHORT = (
    "{h} is too short: [the clip goes on well beyond that|at that time the clip is still running|much more time passes|the end comes much later].",
    "{h} [would mean|means|would have it] that the clip [stops|ends] [long before|well before] [it does|the moment I hear it end].",
    "{h} [falls short|is not enough|leaves too little time]: [the clip lasts longer|more time than that goes by].",
)
TOO_LONG = (
    "{h} is too long: [the clip is over well before|the clip has ended by then|not nearly so much time passes|the end comes much earlier].",
    "{h} [would need|asks for|calls for] much more time than [passes|the clip takes|there is].",
    "{h} [goes too far|is too much|gives too much time]: [the clip is over sooner|less time than that goes by].",
)
LENGTH_FIT = (
    "{h} [agrees with|fits|comes close to|matches] [the time I noted|the time that passes|what I hear|the length of the clip].",
    "{h} [is about|names about|gives about] [the time that passes|the length that I noted|what I counted].",
)
COURSE_YES = (
    "{h} [describes|is|names|puts into words] [the course I hear|what I hear|just how the loudness moves|this course].",
    "{h} [fits|agrees with|matches|goes with] [both steps|what I noted|this course|both points].",
)
SOUND_NO = (
    "{h} [would sound different|has another character|is a different kind of sound|would have another ring][, so it is out|, so it can be dropped|].",
    "{h} [does not fit|does not agree with|does not go with|differs from] [what I hear|what is heard|what can be heard|the sound in the clip].",
    "{h} is not [what I hear|what is heard here|what the clip holds|the sound in question|this sound].",
    "{h} [cannot be meant|can be left aside|is out]: [the sound is another one|what I hear is something else|the clip sounds different].",
)
SOUND_YES = (
    "{h} [fits|agrees with|matches|goes with] [what I hear|what is heard|what can be heard|the sound in the clip].",
    "{h} [is the sound|names the sound|gives the sound] [I hear|that is heard|in the clip|in question].",
)
YES_NO_FIT = (
    '[So|Therefore|It follows that|From this it follows that|This means that] the answer [to the question|] is "{o}", [which is option ({L})|option ({L})|and that is option ({L})|as option ({L}) has it].',
    '[This leads to|That leaves|What follows is|Hence|The answer must be|This makes the answer|The answer can only be] "{o}"[, option ({L})|, which is option ({L})|: option ({L})|, given as option ({L})].',
    '[Hence|With this|After this|On these grounds|With that settled,] option ({L}), "{o}", [is the answer|is right|holds|can be given|remains|is the one to take].',
    '[The right option is|The option to take is|The answer is found in option|What I choose is] ({L}), "{o}"[, after this|, for these reasons|, going by what is heard|].',
)
STEP_BACK = (
    "{x} [has|is at] place {i}, so the sound [in question|I need|wanted] [has|is at] place {j}: {y}.",
    "{x} is number {i} [in my list|in the sequence|]; [one place|one step] [earlier|back] is {y}.",
)
STEP_ON = (
    "{x} [has|is at] place {i}, so the sound [in question|I need|wanted] [has|is at] place {j}: {y}.",
    "{x} is number {i} [in my list|in the sequence|]; [one place|one step] [later|further on] is {y}.",
)
ONE_SOUND = (
    "[Only|Just] {x} [is heard|can be heard|occurs], one [separate|single] sound, [so|and therefore] option ({L}) [is right|fits].",
)
NO_SUCH_SOUND = (
    "{x} [is not heard|does not occur] [at all|anywhere|at any point], so the count is zero, option ({L}).",
)
# Checks at the end of the reasoning, by family.
CHECK: dict[str, tuple[str, ...]] = {
    "order": (
        "[As a check, I go backwards|Checking from the end|Read backwards]: {r}[, which agrees|, the same again|, as in the option].",
        "[As a check|To be sure], I compare the starting times: {s}, [each later than the one before|which only grow|always later].",
    ),
    "count": (
        "[As a check, by kind|Counted by kind|Sorted by kind as a check]: {r}, [together|which gives|in sum] {n}.",
        "[A second count, by kind,|Counting once more, by kind,] [gives|finds] {r}[, again {n}|: {n} again|, which makes {n}].",
    ),
    "count_of": ("[As a check|To be sure], [the moments of {x} are|{x} stands at] {r}, [which is|that is|again] {t}.",),
    "first": (
        "[As a check|To be sure]: [the next start|the following start|the second start] is {y} at [about|] {b}, [later|clearly later] than {a}.",
    ),
    "last": (
        "[As a check|To be sure]: [the start before it|the sound before it] is {y} at [about|] {b}, [earlier|clearly earlier] than {a}.",
    ),
    "neighbour": (
        "[As a check|To be sure|For safety], I compare the [times|starts|moments]: {y} [starts|sets in|begins] at {b} and {x} at {a}, [with nothing between|and no other sound starts between them|so they are neighbours].",
        "[The times agree|The times confirm it|The starts confirm it]: {b} for {y} and {a} for {x}, [with nothing between|and no other start between them|one next to the other].",
    ),
    "longest": (
        "[As a check|To be sure], the [next longest|runner-up], {y}, [has|takes] about {b}, [clearly less than|well below] {a}.",
    ),
    "duration": (
        "[As a check|To be sure]: the last sound ends at [about|] {b}, [and the clip stops {d} later|and {d} later the clip is over].",
        "[As a check|To be sure]: {x}, the last sound, [is over|has ended] at [about|] {b}, [which agrees|and that fits].",
    ),
}
CONCLUDE = (
    "[So|Therefore|This means that|It follows that|In the end|For these reasons|On these grounds|Taking it all together,|With the others gone,] option ({L}) [is the only one that fits|is the one to keep|remains|is the answer|stands|is right|can be kept|holds].",
    "[That leaves|This leaves|What remains is|What is left is|So I am left with|So I keep] option ({L}), [since|because|as] [the others|all the others|the other options|the rest] [have been ruled out|fail|do not fit|fall away|do not hold].",
    "[The comparison|Going through the options|This|All of this|Step by step, it|Everything here|The reasoning so far] [leads to|points to|speaks for|leaves me with|is in favour of|argues for] option ({L})[ alone| and no other|].",
    "[Only|Of all the options, only|In the end only|After this, only|Among the options, only] option ({L}) [stands up to the comparison|is left|agrees with what I heard|passes every test|fits the clip|can be kept|holds|has nothing against it].",
    "[Nothing|No point|Not a single point] [speaks against|stands against|counts against] option ({L}), [and|while] [something does against each of the others|the others have all been ruled out|each of the rest has failed|the others do not fit].",
)
COURSE_STEPS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "rising": (
        ("[The beginning|The opening|The first part] is [clearly|plainly|audibly] quieter than the [end|close|last part].", "[Set against|Compared with|Next to] the [beginning|opening], the [end|close] is [clearly|plainly|audibly] louder.", "[From beginning to end|Start against end], [it is|I hear] [a climb|a gain in loudness|a rise]."),
        ("[On the way|In between|Between the two] [it does not fall back|there is no drop|it never sinks back][ that I could hear|].", "[At no point on the way|Nowhere in between|Nowhere on the way] does it [grow|get|become] [clearly|noticeably] quieter[ again|].", "[The way up|The climb|The rise] has no [setback|clear drop|dip] [in it|on the way|in between]."),
    ),
    "falling": (
        ("[The beginning|The opening|The first part] is [clearly|plainly|audibly] louder than the [end|close|last part].", "[Set against|Compared with|Next to] the [beginning|opening], the [end|close] is [clearly|plainly|audibly] quieter.", "[From beginning to end|Start against end], [it is|I hear] [a decline|a loss of loudness|a fall]."),
        ("[On the way|In between|Between the two] [it does not come up again|there is no second rise|it never swells again][ that I could hear|].", "[At no point on the way|Nowhere in between|Nowhere on the way] does it [grow|get|become] [clearly|noticeably] louder[ again|].", "[The way down|The decline|The fall] has no [new rise|clear swell|upturn] [in it|on the way|in between]."),
    ),
    "steady": (
        ("[Beginning and end|The opening and the close|Start and end] are [about|more or less|roughly] [equally loud|of one level|the same in loudness].", "[Set against|Compared with|Next to] the [beginning|opening], the [end|close] is [neither louder nor quieter|about as loud|no different in loudness]."),
        ("[In between|On the way|Between the two] [nothing stands out|no part stands out|nothing breaks away], [neither louder nor quieter|up or down|in either direction].", "[The parts in between|The middle parts|What lies between] [keep|stay at|hold] [that level too|about the same level|that loudness].".replace("What lies between] [keep|stay at|hold]", "The moments between] [keep|stay at|hold]")),
    ),
    "rise_fall": (
        ("[It starts|The clip starts|It sets out|The sound starts] [low|rather quietly|more quietly] and [climbs|grows|rises] up to a [peak|loudest moment] [inside|within the clip].", "[The loudest moment|The peak|The high point] lies [inside the clip|between start and end|within the clip], not at either end."),
        ("[From that peak|After the peak|From there|Past the high point] it [comes down|sinks|falls|fades] again [to|towards] the end.", "[The rest|What follows|What comes after] goes [down|downwards] again, [to|towards] the end."),
    ),
    "fall_rise": (
        ("[It starts|The clip starts|It sets out|The sound starts] [high|rather loudly|more loudly] and [sinks|drops|falls] to a [low point|quietest moment] [inside|within the clip].", "[The quietest moment|The low point|The lowest level] lies [inside the clip|between start and end|within the clip], not at either end."),
        ("[From that low point|After the low point|From there|Past the low point] it [comes up|rises|grows|swells] again [to|towards] the end.", "[The rest|What follows|What comes after] goes [up|upwards] again, [to|towards] the end."),
    ),
    "varying": (
        ("[The first loud moment|A loud moment|The first loud part] [does not last|is soon over|does not stay]: [a quieter one follows|it gives way to a quieter one|something quieter comes next].", "[Loud moments|The louder moments|Loud parts] [are followed by|give way to|are relieved by] quieter ones[ along the way| in turn|]."),
        ("[Then|Later|After that|In time] the [loudness|volume] [comes back|returns|rises again], [so there is more than one rise|and so there is no single direction|so it moves in both directions].", "[The quieter ones|The quieter moments|The quieter parts] [are followed by|give way to] louder ones [again|in their turn|once more]."),
    ),
}  # fmt: skip
"""What is certain about each course, in two steps, before it is put into words."""
COURSE_SHAPE = {
    "rising": ("a climb to the end", "grows louder to the end"),
    "falling": ("a fall to the end", "grows quieter to the end"),
    "steady": ("an even level", "keeps its level"),
    "rise_fall": ("a single peak inside", "has one peak inside"),
    "fall_rise": ("a single dip inside", "has one dip inside"),
    "varying": ("several ups and downs", "goes up and down"),
}
"""What an option would need, and what is heard instead."""
COURSE_NEEDS = (
    "{h} [would need|asks for|calls for|would mean] {g}, [but here|while in fact|whereas|and yet] [it|the sound|what I hear] {v}.",
    "{h} [is out|does not fit|fails|cannot be right]: it [would need|asks for|calls for] {g}, [but|whereas|while] here [it|the sound] {v}.",
    "{h} [does not fit|does not agree|is at odds] with a sound that {v}[: it would need {g}|; {g} would be needed|].",
)
COURSE_HEARD = (
    "[Comparing|When I compare|Holding together] the [beginning|opening|start], the middle and the [end|close], [I find|I notice|I hear] that {r}.",
    "[Listening|Going|Following it] [from the beginning to the end|through the clip|from start to end], [I notice|I find|I hear] that {r}.",
    "[Put in words|So, over the clip|In short|On the whole|Taken as a whole|Over its length]: {r}.",
    "[This means that|So|It follows that|In other words,] {r}[ over the clip| from start to end|].",
)
SUMMARY: dict[str, tuple[str, ...]] = {
    "order": (
        "[The sounds come in the order|From first to last, I hear|In sequence, the clip has|One after the other come|The list reads] {r}, [which is|and that is|as given by|just as in] option ({L}).",
        "{r}: [that is the order|this is the sequence|so the sounds follow one another|in this order they come], [as in|and it is that of|given by] option ({L}).",
        "[The order that I noted|The sequence of the clip|My list, read from the top,] [is|agrees with|matches] that of option ({L}): {r}.",
    ),
    "count": ("[Counting|Adding up] {r}, [I arrive at|the total is|I get] {n} [sounds|separate sounds]{z}, [which is|so it is|and that is] option ({L}).",),
    "count_of": ("{x} [is heard|occurs|comes up] {t} [in the clip|in all|from start to end], [which is|so it is|and that points to] option ({L}).",),
    "first": ("{x}, [starting at|from|at] {a}, [comes before every other sound|is the earliest sound|opens the clip], [so|and therefore] option ({L}) [is right|is the right one|fits].",),
    "last": ("{x}, [starting at|from|at] {a}, [comes after every other sound|is the latest sound|is the last to come in], [so|and therefore] option ({L}) [is right|fits|is the one].",),
    "before": ("[Directly|Right|Just] before {x} [I hear|comes|there is] {y}, [so|and therefore] option ({L}) [is right|fits|is the one].",),
    "after": ("[Directly|Right|Just] after {x} [I hear|comes|there is] {y}, [so|and therefore] option ({L}) [is right|fits|is the one].",),
    "presence": ("Of the options, only {x} [is heard|occurs|is part of the clip], [at about|around] {a}, [so|and therefore] option ({L}) [is right|fits|is the one].",),
    "presence_yes": ("{x} [is heard|occurs|does turn up], at [about|roughly] {a}, [so|and therefore] the answer is yes, option ({L}).",),
    "presence_no": ("[I went through all the sounds|All the sounds are accounted for], and {x} [is not among them|does not occur|never turns up], [so|and therefore] the answer is no, option ({L}).",),
    "longest": ("{x} [goes on for|lasts|takes] about {d}, [longer than any other sound|more than the rest], [so|and therefore] option ({L}) [is right|fits|is the one].",),
    "duration": ("[From start to end|In all|All in all|Altogether] the [clip|recording] [takes|lasts|runs for] {c}, [so|and therefore|hence] option ({L}) [is right|fits|is the one].", "[The length of the clip|Its length|The whole length] [is|comes to] {c}, [which is|so it is|given by] option ({L})."),
    "loudness": ('[On the whole|All in all|Taken together|From start to end|Over the clip], [the words that fit are|the loudness fits the words|the course of the loudness is|the volume goes as in the words|it comes to] "{r}"[, which is option ({L})|, option ({L})|: option ({L})|, so option ({L}) fits].', '[The course of the loudness|What the loudness does|The way it goes|The movement of the volume] is [given by|put into words by|that of] "{r}", [option ({L})|which is option ({L})|and that is option ({L})].', '"{r}" [says|describes|puts into words|sums up] [what the loudness does|the course I heard|how loud it is over time]: option ({L})[ is right| fits|].'),
    "sound": ("[What I hear is|The clip holds|What the clip brings is|The recording has|The ear finds] {x}, [so|and therefore|hence] option ({L}) [is right|fits|is the answer|is the one].", "[With|Having heard] {x} [in the clip|in the recording], [I take|the answer is|it must be] option ({L}).", "{x} [is what I hear|is heard here|is in the clip|can be heard]: option ({L})[ fits| is right|]."),
    "describe": ("[In short|Taken together|All in all|Summed up|On the whole], the [clip|recording] [contains|holds|brings|has] {x} [within|over|in] {c}.", "[In|Over|Within] {c}, [this is what is heard|the clip brings|the recording brings|I hear|there is]: {x}[, as described|].", "[What has to be described|What there is to describe] is {x}, [over|within] {c}[ in all|].", "[The clip|The recording], {c} [long|in length|in all], [brings|holds|has] {x}[, and the points above describe it|, as noted above|].", "[So much for|That is all there is to|This covers] {x} [in|over] {c}[ of sound| of audio|].", "[With|Having] the sound, {x}, and the length, {c}, [the account is complete|nothing is missing|I can describe the clip]."),
}  # fmt: skip
RESPONSE: dict[str, tuple[str, ...]] = {
    "order": ("[From start to end|From the first sound to the last], this is the sequence [that is heard|I hear|of the sounds|in the clip].", "[Every place|Each place] of [this|the] sequence [agrees with|matches] [the clip|what I heard].", "[The starting times of the sounds|The moments at which the sounds start|The times at which they start] [settle the order|leave only one order|allow no other order]."),
    "count": ("[I counted|I added up|I went through] [every separate sound|each separate sound|all the separate sounds] [from start to end|of the clip|from the first to the last|in the clip].", "[The running count|My count|The tally] [covered|took in|went through] [the whole clip|every sound of the clip|all the sounds]."),
    "count_of": ("[I counted|I noted|I kept count of|I added up] [each time|every time|each occasion on which|every occasion on which] {x} is heard[ from start to end| in the clip| and nothing else|].", "[From start to end|Through the whole clip|Over the whole clip], [I counted only|the count was of|I kept count of] {x}."),
    "first": ("[No other sound|None of the other sounds|Nothing else] [starts|sets in|begins|comes in] earlier[ in the clip|].", "[It is|This is] the [earliest sound|sound that opens the clip|sound with the earliest start][ of all|]."),
    "last": ("[No other sound|None of the other sounds|Nothing else] [starts|sets in|begins|comes in] later[ in the clip|].", "[It is|This is] the [latest sound|last sound to come in|sound with the latest start][ of all|]."),
    "before": ("[It|This sound|The sound in question] [stands|comes|is heard] [directly|right|just|immediately] before {x}[, with nothing in between|].", "[No other sound|Nothing else] [lies between it and|comes between it and|separates it from] {x}."),
    "after": ("[It|This sound|The sound in question] [stands|comes|is heard] [directly|right|just|immediately] after {x}[, with nothing in between|].", "[No other sound|Nothing else] [lies between it and|comes between it and|separates it from] {x}."),
    "presence": ("[Of|Among] the [sounds offered|options|four options|sounds listed], [this one|just this one|only this one] [occurs|is heard|can be heard|is part of the clip].", "[None of the other options|None of the other sounds|Not one of the others|None of the rest] [can be heard|is heard|occurs|turns up][ in it| in the clip|]."),
    "presence_yes": ("{x} [is heard|can be heard|occurs] in the clip[| at about {a}].",),
    "presence_no": ("{x} [is not heard|cannot be heard|does not occur] [in the clip|at any point of the clip].",),
    "longest": ("[It goes on|This one goes on|It lasts] longer than [every other sound|all the others|any other][, about {d}|].", "[No other sound|None of the others] [lasts|goes on] as long.", "[Its|The] length, about {d}, is the greatest[ of all|]."),
    "duration": ("[That is|This is] the [time|length] from [the beginning to the end|the first moment to the last|start to end][ of the clip|].", "[That much|About that much] time passes [from start to end|from the first moment to the last|before the clip ends].", "[The clip|The recording] [is over|ends|stops] [after this time|when this much time has passed]."),
    "loudness": ("[That is|This is] how the [loudness|volume|level] [moves|goes|behaves] [from start to end|over the clip|through the clip].", "[This describes|These words describe|This gives|This option gives] the [course|movement] of the loudness [best|as I hear it].", "[The loudness|The volume|The level] [follows|takes] this course[ from start to end| through the clip|]."),
    "sound": ("[That is the sound heard in the clip|This is what can be heard|It is the sound that the clip holds].",),
}  # fmt: skip
