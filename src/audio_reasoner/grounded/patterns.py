# ruff: noqa: E501 -- a pattern is read as one sentence; broken lines would hide its alternatives
"""Sentence patterns of full chains: alternatives in brackets, values in braces.

Decision: the chain speaks as a listener. No pattern mentions labels, data or knowing the answer; none fills space
without saying something about the clip, the question or the next step. Slots: {x} {y} sounds as noun phrases, {a} {b}
times, {d} a length, {n} a number word, {L} an option's letter, {o} its text, {k} an ordinal, {c} a clip length in
words.
"""

# What is asked, by family.
ASK: dict[str, tuple[str, ...]] = {
    "order": (
        "[The question asks for|I am asked for|What is wanted is|The task is to find] the order in which the sounds [occur|are heard|follow one another|come in].",
        "[I have to|The task is to|I need to] put the sounds [of the clip|of this recording|that are heard] [in their order|into sequence] [and find the option that says the same|and choose the matching option].",
        "[This is a question about sequence|Here the sequence matters]: which sound comes first, which next, and so on to the [end|last one].",
        "[Only one option|One of the options] gives the sounds in [the right|their true] order, and I have to [find it|tell which one it is|work out which] by ear.",
    ),
    "count": (
        "[The question asks|I am asked|What is wanted is] how many separate sounds [there are in all|the clip holds|are heard altogether].",
        "[The task is to count|I need to count|I have to count] [every sound|all the sounds] [in the clip|in this recording|from start to end], [repeats included|including those that come more than once].",
        "[This calls for a total|A total is wanted]: [each separate sound counts once|every separate sound counts], [whatever its kind|no matter of what kind it is].",
    ),
    "count_of": (
        "[The question asks|I am asked|What is wanted is] how [often|many times] {x} [occurs|is heard|comes up], [whatever else is heard|not how many sounds there are in all|without regard to other sounds].",
        "[The task is to count|I need to count|I have to count] only {x}[ and to leave the other sounds aside| and let every other sound pass|, whatever else is going on].",
        "[One kind of sound matters here|Only one sound is of interest|All depends on one sound|A single sound is to be followed|There is one sound to wait for]: {x}. [I need|I have to find|What counts is|The question asks for] the number of separate [times it is heard|times I hear it|occasions on which it comes up].",
    ),
    "first": (
        "[The question asks|I am asked|What is wanted is] which sound [comes first|opens the clip|is heard before all the others].",
        "[I need to|The task is to|I have to] find the sound [with which the clip begins|that starts earliest|that sets in before any other].",
        "[Only the beginning decides here|The beginning of the clip decides|It is the opening that matters]: which sound [starts|sets in] before [all others|every other]?",
    ),
    "last": (
        "[The question asks|I am asked|What is wanted is] which sound [comes last|is the final one|comes in after all the others].",
        "[I need to|The task is to|I have to] find the sound [that starts latest|that sets in after every other|with which the sequence ends].",
        "[Only the end decides here|The end of the clip decides|It is the close of the clip that matters]: which sound [comes in|sets in] after [all others|every other]?",
    ),
    "before": (
        "[The question asks|I am asked|What is wanted is] which sound [comes directly before|stands right before|is heard just ahead of] {x}.",
        "[I need to|The task is to|I have to] find {x} [in the clip|in the sequence] and [name|tell] the sound [right before it|that directly precedes it].",
        "{x} is the [reference point|landmark] here, and [the neighbour before it|the sound one place earlier] is [what I need|what is wanted|what the question is about].",
    ),
    "after": (
        "[The question asks|I am asked|What is wanted is] which sound [comes directly after|stands right after|is heard just behind] {x}.",
        "[I need to|The task is to|I have to] find {x} [in the clip|in the sequence] and [name|tell] the sound [right after it|that directly follows it].",
        "{x} is the [reference point|landmark] here, and [the neighbour after it|the sound one place later] is [what I need|what is wanted|what the question is about].",
    ),
    "presence": (
        "[The question asks|I am asked|What is wanted is] which of the [four|listed] sounds [is really heard|occurs in the clip|can be heard here].",
        "[I need to|The task is to|I have to] find out which [one of the options|option] [is part of this clip|names a sound that occurs]; [the others should be absent|the others must be missing].",
        "[Several sounds are offered|The options offer several sounds], [but only one of them|of which only one] [occurs|is heard|can be found] in [the clip|this recording].",
    ),
    "presence_is": (
        "[The question asks|I am asked|What has to be decided is] whether {x} [is heard|occurs|can be heard] [anywhere|at all|at any point] in the clip.",
        "[I need to|The task is to|I have to] decide whether {x} [occurs|is heard|turns up] [in the clip|in this recording], yes or no.",
        "[It is a yes or no question|This needs a yes or a no]: does {x} [occur|turn up|come up] [at any moment|anywhere] [of the clip|in the clip]?",
    ),
    "longest": (
        "[The question asks|I am asked|What is wanted is] which sound [lasts longest|goes on for the longest time|takes up the most time in one go].",
        "[I need to|The task is to|I have to] compare the lengths of the sounds and [find|pick out] the [longest|one that goes on longest].",
        "[Length decides here|The length of each sound matters here]: [which one goes on|which of them lasts] longer than [all the others|every other]?",
    ),
    "duration": (
        "[The question asks|I am asked|What is wanted is] [how long the clip is|how long the whole clip lasts|the length of the clip from start to end].",
        "[I need to|The task is to|I have to] judge [how much time passes between the beginning and the end of the clip|the length of the clip as a whole].",
        "[This is about time|Time is the matter here]: how many seconds [pass|go by] from the [start|beginning] of the clip to its [end|last moment]?",
    ),
    "loudness": (
        "[The question asks|I am asked|What is wanted is] how the loudness [develops|changes|behaves] [over the clip|from the beginning to the end].",
        "[I need to|The task is to|I have to] follow [the loudness|how loud it is] [through the clip|from start to end] and [put its course into words|find the option that describes its course].",
        "[The matter here is volume|Volume is what counts here]: does it [grow, fade|rise, fall], stay [even|level] or [go up and down|change back and forth]?",
    ),
    "sound": (
        "[The question asks|I am asked|What is wanted is] [which sound is heard in the clip|what it is that can be heard|what makes the sound in this clip].",
        "[I need to|The task is to|I have to] [recognise|identify|name] the sound [in the clip|of this recording] [among the options|and find it among the options].",
        "[Several sounds are offered|The options name several sounds], and [the clip holds|the recording fits|what I hear fits] [one of them|just one of them]; I have to [tell which|find out which].",
    ),
    "describe": (
        "[The request is|I am asked] to [describe|put into words] [what is heard|what can be heard] and how it [unfolds|develops] over time.",
        "[I need to|The task is to|I have to] [describe|give an account of] the [clip|recording]: what [can be heard|is heard], when, and for how long.",
        "[A description is wanted|What is wanted is a description]: the sound itself, [and then|together with] the way it [takes up|fills] the time of the clip.",
    ),
}

# How to go about it, by family.
STEP: dict[str, tuple[str, ...]] = {
    "order": (
        "[Then I can|After that I will|Next I will] walk through [each option|every option] [place by place|position by position] and [drop it|reject it|strike it out] at the first place that does not fit.",
        "With the [list|sequence] in hand, I will [test|check] [each option|the options one at a time] and [stop at|note] the first [sound|place] where it [goes wrong|differs].",
    ),
    "count": (
        "[Then I can|After that I will|Next I will] [add them up|keep a running count], one sound at a time, and [compare|check] the total with the [options|numbers offered].",
        "I will [keep a running count|count aloud, so to speak], [adding one for|raising it by one at] [every new sound|each sound that sets in], and [look for|find] the total among the options.",
    ),
    "count_of": (
        "I will [go through|walk through] the [sounds|sequence] with a running count that [grows|goes up] only when {x} [is heard|comes up].",
        "[Then I can|After that I will|Next I will] [decide for each sound|check sound by sound] whether it is {x}, and [add one|count it] only then.",
    ),
    "first": (
        "[It is enough to|I only need to] compare the [starting times|moments at which they start] and [take|keep] the [earliest|smallest one].",
        "[Once the starting times are clear|With the starting times noted], the earliest one [gives|settles] the answer.",
    ),
    "last": (
        "[It is enough to|I only need to] compare the [starting times|moments at which they start] and [take|keep] the latest.",
        "[Once the starting times are clear|With the starting times noted], the latest one [gives|settles] the answer.",
    ),
    "before": (
        "[Then I can|After that I will|Next I will] [locate|look for] {x} in my list and [go back one place|step back by one sound].",
    ),
    "after": (
        "[Then I can|After that I will|Next I will] [locate|look for] {x} in my list and [go on one place|step forward by one sound].",
    ),
    "presence": (
        "[Then I can|After that I will|Next I will] [look for|search for] [each of the options|every option] among the sounds I [noted|heard].",
    ),
    "presence_is": (
        "[Then I can|After that I will|Next I will] [hold|compare] each sound I [noted|heard] [against|with] {x}.",
    ),
    "longest": (
        "For [each|every] sound I need both its [start|beginning] and its end, [so that|because then] the lengths can be [compared|put side by side].",
    ),
    "duration": (
        "[The last sound|Where the last sound ends] and [what follows it|the time after it] [tell|show] where the clip [stops|ends].",
        "[I will use the sounds as marks in time|The sounds serve as marks in time] and [follow them|read off how far they reach].",
    ),
    "loudness": (
        "[I will compare|It helps to compare] the beginning, the middle and the end of the clip [with one another|by ear].",
    ),
    "sound": (
        "[I will listen to|I pay attention to] [the character of the sound|what the sound is like as a whole] and [hold the options against it|go through the options one by one].",
    ),
    "describe": (
        "[I will name the sound first|First comes the sound itself], then [where it sets in and where it stops|the times at which it sets in and stops], [and then|and last] the clip as a whole.",
    ),
    # Where no times are known, none are promised.
    "describe_course": (
        "[I will name the sound first|First comes the sound itself], then [how its loudness moves|whether it grows louder or quieter], [and then|and last] the clip as a whole.",
    ),
}

LISTEN = (
    "[I will|First I will|To begin with, I will|My plan is to|I want to] [listen|go] through the [clip|recording] [from start to end|from the beginning|in one pass] and [note|write down|keep track of] [each sound|every separate sound] [with the time at which it starts|and when it starts|together with its time].",
    "[First|To start with|As a first step], I [make|draw up|need] a list of [the sounds|everything that is heard], [each with its time|in the order of their starts|with the moments at which they start].",
    "[A clear list of the sounds|A list of sounds with their times] [comes first|is the first step|is the basis], [since|because] [everything else|the rest] [rests on it|follows from it].",
    "[The safest way|A good way|The simple way] is to [listen|go] through the [clip|recording] once and [write down|note] [what sounds when|each sound and its moment].",
)

OPTIONS = (
    "[At the end|Finally|Last of all] I [hold|will hold] the {n} options against [what I heard|that list|the result] and [keep the one that fits|see which one fits].",
    "[Each of the {n} options|All {n} options|Every one of the {n} options] will be [checked|looked at|put to the test], [also|even] when one [looks right early|seems right at once|fits from the start].",
    "[I will not stop at|I do not want to stop at|It would be rash to stop at] the first option that [looks right|seems to fit|sounds right]: all {n} [get|deserve] a [check|look|test].",
    "[Then|After that|With that done,] the {n} options can be [judged|checked|tested] one [by one|after another] [until only one is left|and the wrong ones dropped|and one of them kept].",
    "[Last come|In the end come|What remains are|After that come|Then come] the {n} options, [each with a reason|each to be kept or dropped|of which one must agree|to be tried in turn|and each is tested|to be gone through one by one].",
)

# Caption.
OVERVIEW = (
    "The [clip|recording] [lasts|runs for|takes] {c} and [holds|contains] [sounds that follow one another|a series of separate sounds|several sounds in a row].",
    "[Within|Over] {c}, [several|a number of] [separate sounds|sounds] [can be heard|follow one another|come and go].",
    "[There are {c} of audio|The audio lasts {c}|The audio runs for {c}], [made up of|with|consisting of] [separate|single|distinct] sounds [and short gaps between them|and some space between them|and pauses between them].",
    "[It|This|What I hear] is a [clip|recording] of {c} in which [one sound follows another|the sounds come one by one|several sounds take turns|separate sounds follow one another|the sounds come in one after another].",
)
OVERVIEW_ONE = (
    "The [clip|recording] [lasts|runs for|takes] {c} and [holds|contains] [a single sound|only one sound|just one sound].",
    "[In|Within|Over] {c}, [only one sound|a single sound] [can be heard|occurs|stands out].",
    "[It is a [clip|recording] of {c}|What I hear is a clip of {c}] with [only one|a single] sound in it.",
)
OVERVIEW_OVERLAP = (
    "The [clip|recording] [lasts|runs for|takes] {c} and [holds|contains] sounds that [partly overlap|run into one another in places].",
    "[In|Within|Over] {c}, [several|a number of] sounds [come in|are heard], [some of them|in part] at the same time.",
)
LEAD = (
    "[Nothing happens|There is no event|No sound stands out|Nothing is heard|All is quiet|No sound is heard] [for|during|in] [the first|the opening|an opening stretch of] {d}.",
    "[About|Roughly] {d} [pass|go by] before [anything|the first sound] [happens|sets in|is heard].",
    "[It takes|I wait] about {d} [until|before] the first sound [comes|sets in|begins].",
)
_WHEN = (
    "[from about {a} to {b}|from {a} to about {b}|between {a} and {b}|at about {a}, ending at {b}|at {a}, for about {d}"
    "|from {a} on, for roughly {d}|starting at {a} and ending at {b}|from roughly {a} until {b}]"
)
FIRST_EVENT = (
    "[First|To begin with|At the start|As the first sound], {x} [is heard|comes in|can be heard|occurs] " + _WHEN + ".",
    "[The first thing to be heard|The first sound|What comes first|The opening sound] is {x}, " + _WHEN + ".",
    "[It opens|The clip opens|It begins|The sequence begins] with {x}, " + _WHEN + ".",
)
_GAP_SMALL = "[Almost at once|Right after that|Hardly a moment later|Close behind|Without much of a gap|Shortly after]"
_GAP = "[After a pause of {g}|About {g} later|After a gap of {g}|After a short wait of {g}|{g} later|After {g}]"
_OVER = "[While that is still going on|Before that has ended|Into that sound|Partly on top of it]"
_MID = "{x} [is heard|comes in|sets in|can be heard|follows] " + _WHEN
NEXT_SMALL = (f"{_GAP_SMALL}, {_MID}.",)
NEXT_GAP = (f"{_GAP}, {_MID}.",)
NEXT_OVER = (f"{_OVER}, {_MID}.",)
NEXT_ANY = (
    "[Then|Next|After that|Now|Going on], " + _MID + ".",
    "[The {k} sound|Sound number {i}|In {k} place|Number {i}] is {x}, " + _WHEN + ".",
)
AGAIN = (
    "[Then|Next|After that|Now], {x} [is heard again|comes back|returns|can be heard again|comes up again] "
    + _WHEN
    + ".",
    "{x} [is heard again|comes back|returns|can be heard again|comes up again], " + _WHEN + ".",
    "[Once more|Again|Another time], {x} [is heard|comes up|can be heard] " + _WHEN + ".",
)
LAST_EVENT = (
    "[Finally|At the end|Last of all|To finish|As the last sound], {x} [is heard|sets in|comes in|can be heard] "
    + _WHEN
    + ".",
    "[The last sound|The final sound|What comes last|The closing sound] is {x}, " + _WHEN + ".",
    "[It ends|The sequence ends|It closes|The series closes] with {x}, " + _WHEN + ".",
)
TAIL = (
    "[After that|From there on|From {b} on], [nothing more happens|nothing else is heard|no further sound comes] until the [end|clip ends].",
    "[The remaining|The last|The final] {d} [hold|bring|have|contain] no further [event|sound].",
    "[About|Roughly|Some] {d} [pass|go by|are left] [after the last sound|after that|at the end] [before the clip ends|without a further sound|until the clip is over].",
    "[The clip|The recording] [ends|stops|is over] [about|roughly] {d} [later|after the last sound].",
)
NO_OVERLAP = (
    "[No two of the sounds|None of the sounds] [overlap|run into each other|are heard at the same time]; [each|every one] [stands alone|can be heard on its own].",
    "[Each sound|Every sound|Each one of them] [has ended|is over|has stopped] before the next one [begins|sets in|starts], [so they are easy to keep apart|which makes them easy to separate|so nothing is blurred|so each can be told from the next].",
    "[They come singly|They come one at a time|They take turns|The sounds keep apart], [never|and never|at no point] [two at once|two together|one over another].",
    "[There is a gap|A gap lies|There is some space|A pause lies] between [each sound and the next|every two neighbours|one sound and the next], so [nothing is covered|nothing is masked|none hides another].",
)
ALL_DIFFERENT = (
    "[No sound|None of them|Not one of them] [comes twice|is repeated|returns later|is heard again]; [all are of different kinds|every one is of its own kind|each is of another kind].",
    "[They are all different|All of them differ|They all differ|Each differs from the others][ in kind|], [without any repeat|and none returns|and none comes twice|so there is no repeat].",
    "[Each|Every one] of them [is heard|occurs|comes] [only once|just once|a single time].",
)
REPEATED = (
    "[Only {x}|Of these, only {x}] [is heard more than once|returns|comes more than once]: {t}[ in all|].",
    "{x} [is the one that returns|is what comes back], [being heard|coming up] {t}[ in all| altogether|].",
)
SPACING = (
    "The [widest|longest] gap [between two sounds|between neighbours|without a sound] [is|lies] between {x} and {y}, [about|roughly] {d}.",
    "[The longest pause|The greatest distance] [separates|lies between] {x} and {y}: [about|roughly] {d}.",
)
SHORTEST = (
    "[The shortest of them|The briefest of them|The sound that is over soonest|The shortest sound] is {x}[, with|, lasting] [about|roughly|only about] {d}.",
    "{x} is the [shortest|briefest] [sound|of them|of all], [lasting|taking] only [about|roughly] {d}.",
    "[None is|No sound is|Nothing else is] [shorter|briefer|over sooner] than {x}, [with|which takes|which lasts] [about|roughly] {d}.",
)
LONGEST_FACT = (
    "[The longest of them|The sound that goes on longest|The longest sound|The most extended sound] is {x}[, with|, lasting] [about|roughly] {d}.",
    "{x} [takes the most time|goes on longest|lasts longest][ of all|], [about|roughly|for about] {d}.",
    "[None is|No sound is|Nothing else is] [longer|more extended] than {x}, [with|which takes|which lasts] [about|roughly] {d}.",
)
SAME_LOUDER = (
    "[Of the two|Comparing the two], {x} [is louder|comes across louder|is the stronger one] [the {k} time|when it comes the {k} time].",
)
_WHOLE = "[Over the clip|From start to end|On the whole|Taken as a whole|All in all|Over its length]"
_MOVES = "[The loudness|The volume|The level|How loud it is|The strength of the sound]"
COURSE: dict[str, tuple[str, ...]] = {
    "rising": (
        _WHOLE + ", [it|the sound] [grows louder|gets louder|becomes louder|gains in strength].",
        _MOVES + " [rises|grows|increases|climbs] [towards the end|from start to end|over the clip|as time goes on].",
        "[Towards the end|Later on|As it goes on], [the sound|it] [is louder|gets louder|has grown louder][ than at the start| than in the beginning|].",
        "[The quieter part|What is quieter] comes [first|at the start], [the louder one|what is louder] [later|towards the end].",
    ),
    "falling": (
        _WHOLE + ", [it|the sound] [grows quieter|gets quieter|fades|loses strength].",
        _MOVES + " [falls|drops|fades|decreases] [towards the end|from start to end|over the clip|as time goes on].",
        "[Towards the end|Later on|As it goes on], [the sound|it] [is quieter|gets quieter|has grown quieter][ than at the start| than in the beginning|].",
        "[The louder part|What is louder] comes [first|at the start], [the quieter one|what is quieter] [later|towards the end].",
    ),
    "steady": (
        _WHOLE + ", [it|the sound] [stays|remains|keeps] [about equally loud|at about one level|close to one level].",
        _MOVES + " [stays about the same|hardly changes|keeps one level|barely moves] [throughout|from start to end|all along].",
        "[No part|No stretch] [is much louder|stands out as much louder] than [the rest|another][ of the clip|].",
        "[In loudness|As for loudness|In strength], [little|hardly anything] [changes|happens][ along the way| from start to end|].",
    ),
    "rise_fall": (
        "[It|The sound] [grows louder|swells|gains strength] [at first|in the beginning] and [then fades|grows quieter again|dies down] [towards the end|later on].",
        _MOVES + " [rises|swells|climbs] and then [falls again|fades again|drops back|sinks].",
        "[It|The sound] is [loudest|strongest] [somewhere in the middle|neither at the start nor at the end|between start and end].",
        "[Up|Louder] at first, [down|quieter] [later|afterwards]: [so goes|that is] [the loudness|the volume|the level].",
    ),
    "fall_rise": (
        "[It|The sound] [grows quieter|fades|loses strength] [at first|in the beginning] and [then becomes louder again|swells again|comes back] [towards the end|later on].",
        _MOVES + " [falls|drops|sinks] at first and then [rises again|comes back|climbs again].",
        "[It|The sound] is [quietest|weakest] [somewhere in the middle|neither at the start nor at the end|between start and end].",
        "[Down|Quieter] at first, [up|louder] [later|afterwards]: [so goes|that is] [the loudness|the volume|the level].",
    ),
    "varying": (
        _MOVES + " [goes up and down|changes back and forth|rises and falls|moves up and down] [several times|more than once|again and again].",
        "[Louder and quieter moments|Loud and quiet stretches|Stronger and weaker moments|Loud parts and quiet ones] [alternate|take turns|follow one another|come by turns][ several times| along the way| in this clip|].",
        "[It|The sound] [swells and fades|grows and sinks|gets louder and quieter] [several times|more than once|again and again].",
        "[Several|A number of] [rises and falls|ups and downs] [can be followed|are to be heard] in [the loudness|the volume|the level].",
    ),
}  # fmt: skip

# Reasoning: going through the sounds.
PLACE = (
    "[Place|Position|Number] {i}[:| is| goes to| belongs to| is taken by] {x}[ at about {a}|, starting at {a}|, which sets in at {a}|, from {a}|, beginning at {a}|, at roughly {a}|, with its start at {a}|, heard from {a} on].",
    "[As the {k} sound|In {k} place|As number {i}] I [hear|have|note] {x}[ at about {a}|, starting at {a}|, from {a}|, at {a}].",
    "[At about|At|Around|At roughly] {a} [comes|there is|I hear|I note] {x}, [the {k} sound|so this is number {i}|which is number {i}|the {k} in the sequence].",
    "{x} [starts|begins|sets in] at [about|roughly|] {a} and [is the {k} sound|is number {i}|comes {k}|takes place {i}|so counts as number {i}].",
    "{x}, [heard|starting|setting in|beginning] [at|at about|at roughly|around] {a}, [is number {i}|takes place {i}|comes {k}|is the {k} sound|fills place {i}].",
    "[The {k} start|Start number {i}] [lies at|falls at|comes at] [about|roughly|] {a}[ and belongs to|, with|: it is that of|, and it is that of] {x}.",
    "[What|The sound that] [starts|sets in|begins] [at|at about|around] {a} is {x}[, so|, and so|, which means that] [it|this] is [number {i}|the {k} one|the {k} sound].",
    "[In my list|On the list|In the row of sounds], {x} [with its start at|from|at] [about|roughly|] {a} [is|stands as|comes as] [number {i}|the {k} sound|the {k} one].",
    "{a}[| or so|, roughly]: {x}, [number {i}|the {k} sound|in {k} place|place {i}][| in the row| in the list| of the clip].",
)
PLACE_ON = (
    *PLACE,
    "[Going on|Reading on|Moving on|One step further|Further along], [number|place] {i} [is|turns out to be|belongs to] {x}[ at about {a}|, from {a}|, starting at {a}| at {a}|].",
    "[Then|Next|After it|Now] [comes|follows] {x}[, from {a}|, at about {a}|, at {a}|, starting at {a}][, as number {i}|, as the {k} sound|, in {k} place|: number {i}].",
)
"""After the first sound."""
TALLY = (
    "{x} at [about|roughly|] {a}: that [makes|is|brings it to] {n}.",
    "[With|Counting] {x} at [about|roughly|] {a}, [the count is {n}|I am at {n}|it comes to {n}|the count reaches {n}].",
    "[At about|At|Around] {a} [comes|there is|I hear] {x}, [so the count is {n}|which brings the count to {n}|making {n}|so now I have {n}].",
    "{x} [starts|begins|sets in] at [about|roughly|] {a}; the [running count|count|tally] [is now|stands at|becomes] {n}.",
)
TALLY_YES = (
    "[At about|At|Around] {a} {x} [is heard|can be heard|comes]: [the count goes up to {n}|that makes {n}|the count is now {n}|count {n}].",
    "The sound at [about|roughly|] {a} is {x}, [so the count rises to {n}|so I count {n}|and the count becomes {n}].",
    "{x} at [about|roughly|] {a} [counts|is one to count|belongs to the count], which [makes|gives|brings it to] {n}.",
)
TALLY_NO = (
    "[At about|At|Around] {a} {x} [is heard|can be heard|comes]: [not what is counted here|a different sound|it does not count], so the count [stays at|remains at|is still] {n}.",
    "The sound at [about|roughly|] {a} is {x}, [which leaves the count at {n}|so the count stays at {n}|and the count remains {n}].",
    "{x} at [about|roughly|] {a} [is something else|does not count|is of another kind]; [still {n}|the count stays {n}|it remains {n}].",
)
MATCH_NO = (
    "[At about|At|Around] {a} {x} [is heard|can be heard|comes], which is [not|something other than] {y}.",
    "The sound at [about|roughly|] {a} is {x}[ and therefore not {y}|, so not {y}|, not {y}].",
    "{x} at [about|roughly|] {a} [is a different sound|is something else|does not match].",
)
MATCH_YES = (
    "[At about|At|Around] {a} {x} [is heard|can be heard|comes], [which is exactly what I am looking for|and that is what I am looking for|so it does occur].",
    "The sound at [about|roughly|] {a} is {x}, [the very one in question|which settles the matter|the one asked about].",
)
LENGTH = (
    "{x} [goes|lasts] from {a} to {b}, [about|roughly|which is about] {d}.",
    "[Starting at {a} and ending at {b}|From {a} to {b}], {x} [takes|lasts] [about|roughly] {d}.",
    "For {x} I [get|note|have] [about|roughly] {d}, from {a} to {b}.",
)

# Reasoning: options. The head names the option, the rest says why.
HEAD = (
    '[Option ({L}), "{o}",|({L}) "{o}"|"{o}", option ({L}),|Option ({L}) with "{o}"|"{o}" ({L})|Option ({L}), which says "{o}",]',
)
"""An option named as the subject of a sentence; the word after it is a verb."""
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
    "{h} is too short: [the clip goes on well beyond that|at that time the clip is still running|much more time passes].",
    "{h} [would mean|means] that the clip stops [long before|well before] [it does|the moment I hear it end].",
)
TOO_LONG = (
    "{h} is too long: [the clip is over well before|the clip has ended by then|not nearly so much time passes].",
    "{h} [would need|asks for] much more time than [passes|the clip takes|there is].",
)
LENGTH_FIT = ("{h} [agrees with|fits|comes close to] [the time I noted|the time that passes|what I hear].",)
COURSE_YES = (
    "{h} [describes|is] [the course I hear|what I hear|just how the loudness moves].",
    "{h} [fits|agrees with|matches] [both steps|what I noted|this course].",
)
SOUND_NO = (
    "{h} [would sound different|has another character|is a different kind of sound][, so it is out|, so it can be dropped|].",
    "{h} [does not fit|does not agree with] what [I hear|is heard|can be heard].",
    "{h} is not what [I hear|is heard here|the clip holds].",
)
SOUND_YES = (
    "{h} [fits|agrees with|matches] what [I hear|is heard|can be heard].",
    "{h} [is the sound|names the sound] [I hear|that is heard|in the clip].",
)
YES_NO_FIT = (
    '[So|Therefore|It follows that] the answer to the question is "{o}", [which is option ({L})|option ({L})|and that is option ({L})].',
    '[This leads to|That leaves|What follows is|Hence|The answer must be] "{o}"[, option ({L})|, which is option ({L})|: option ({L})].',
    '[Hence|With this|After this] option ({L}), "{o}", [is the answer|is right|holds|can be given|remains].',
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
    "[So|Therefore|This means that|It follows that|In the end|For these reasons] option ({L}) [is the only one that fits|is the one to keep|remains|is the answer|stands].",
    "[That leaves|This leaves|What remains is] option ({L}), [since|because] [the others|all the others|the other options] [have been ruled out|fail|do not fit].",
    "[The comparison|Going through the options|This|All of this|Step by step, it] [leads to|points to|speaks for] option ({L})[ alone| and no other|].",
    "[Only|Of all the options, only|In the end only] option ({L}) [stands up to the comparison|is left after this|agrees with what I heard|passes every test|fits the clip|can be kept].",
)

COURSE_STEPS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "rising": (("[The beginning|The opening] is [clearly|plainly] quieter than the end.", "[Set against the beginning|Compared with the beginning], the end is [clearly|plainly] louder."), ("[On the way|In between] [it does not fall back|there is no drop][ that I could hear|].", "[At no point on the way|Nowhere in between] does it [grow|get] [clearly|noticeably] quieter[ again|].")),
    "falling": (("[The beginning|The opening] is [clearly|plainly] louder than the end.", "[Set against the beginning|Compared with the beginning], the end is [clearly|plainly] quieter."), ("[On the way|In between] [it does not come up again|there is no second rise][ that I could hear|].", "[At no point on the way|Nowhere in between] does it [grow|get] [clearly|noticeably] louder[ again|].")),
    "steady": (("[Beginning and end|The opening and the close] are about equally loud.", "[Set against the beginning|Compared with the beginning], the end is [neither louder nor quieter|about as loud]."), ("[In between|On the way] [nothing stands out|no part stands out], [neither louder nor quieter|up or down].", "[The parts in between|The middle parts] [keep|stay at] that level too.")),
    "rise_fall": (("[It starts|The clip starts|It sets out] [low|rather quietly] and [climbs|grows] up to a [peak|loudest moment] inside.", "[The loudest moment|The peak] lies inside the clip, not at either end."), ("[From that peak|After the peak] it [comes down|sinks] again to the end.", "[The rest|What follows] goes [down|downwards] again, to the end.")),
    "fall_rise": (("[It starts|The clip starts|It sets out] [high|rather loudly] and [sinks|drops] to a [low point|quietest moment] inside.", "[The quietest moment|The low point] lies inside the clip, not at either end."), ("[From that low point|After the low point] it [comes up|rises] again to the end.", "[The rest|What follows] goes [up|upwards] again, to the end.")),
    "varying": (("[The first loud moment|A loud moment] does not last: [a quieter one follows|it gives way to a quieter one].", "[Loud moments|The louder moments] are followed by quieter ones."), ("[Then|Later] the loudness [comes back|returns], [so there is more than one rise|and so there is no single direction].", "[The quieter ones|The quieter moments] are followed by louder ones again.")),
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
    "{h} [would need|asks for] {g}, [but here|while in fact|whereas] [it|the sound] {v}.",
    "{h} [is out|does not fit|fails]: it [would need|asks for] {g}, [but|whereas] here [it|the sound] {v}.",
)
COURSE_HEARD = (
    "[Comparing|When I compare] the [beginning|opening], the middle and the end, [I find|I notice] that {r}.",
    "[Listening|Going] [from the beginning to the end|through the clip], [I notice|I find] that {r}.",
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
    "duration": ("[From start to end|In all|All in all] the clip [takes|lasts|runs for] {c}, [so|and therefore] option ({L}) [is right|fits|is the one].",),
    "loudness": ('[On the whole|All in all|Taken together], [the words that fit are|the loudness fits the words|the course of the loudness is] "{r}", [which is option ({L})|option ({L})].',),
    "sound": ("[What I hear is|The clip holds|The sound in the clip is] {x}, [so|and therefore] option ({L}) [is right|fits|is the one].",),
    "describe": ("[In short|Taken together|All in all], the clip [contains|holds|consists of] {x} [within|over] {c}.",),
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
    "longest": ("[It goes on longer than every other sound|No other sound lasts as long|Its length, about {d}, is the greatest].",),
    "duration": ("[That is|This is] the [time|length] from [the beginning to the end|the first moment to the last|start to end][ of the clip|].", "[That much|About that much] time passes [from start to end|from the first moment to the last|before the clip ends]."),
    "loudness": ("[That is|This is] how the [loudness|volume] [moves|goes|behaves] [from start to end|over the clip|through the clip].", "[This describes|These words describe|This gives] the [course|way] of the loudness [best|as I hear it].", "[The loudness|The volume] [follows|takes] this course[ from start to end| through the clip|].",),
    "sound": ("[That is the sound heard in the clip|This is what can be heard|It is the sound that the clip holds].",),
}  # fmt: skip

# Clips of which only the sound and some measurements are known.
TAG_OVERVIEW = (
    "The [clip|recording] [lasts|runs for|takes] {c}, and {x} [is heard|can be heard] in it.",
    "It is a [clip|recording] of {c} [with|that holds|in which I hear] {x}.",
    "[Within|Over] {c}, {x} [can be heard|is heard].",
    "{x} [can be heard|is heard] in [this clip|this recording|the clip], which [lasts|runs for|takes] {c}.",
)
TAG_OVERVIEW_NO_TIME = (
    "[In the clip|In this recording|Here], {x} [can be heard|is heard].",
    "{x} [can be heard|is heard] in [this clip|this recording|the clip].",
    "[What I hear|The sound in the clip|What can be heard] is {x}.",
)
TAG_MORE = (
    "{x} [is part of it as well|can be heard as well|belongs to it too].",
    "[Besides|Apart from that|In addition], {x} [can be heard|is heard|is there].",
)
STRETCH_ONE = (
    "[The sound|It] [fills one stretch|comes in one piece|is heard in one go], from [about|roughly] {a} to {b}.",
    "[There is one stretch of sound|One stretch of sound can be heard|The sound forms one stretch], [from about {a} to {b}|between {a} and {b}|starting at {a} and ending at {b}].",
    "[The sound|It] [sets in|starts|begins] at [about|roughly] {a} and [is over|ends|stops] at {b}, without a break[ in between|].",
)
STRETCH_FROM_START = (
    "[The sound|It] is [there|present] from the [very beginning|first moment] and [ends|stops|is over] at [about|roughly] {b}.",
    "[The sound|It] [sets in|starts] [at once|right away|without delay] and [lasts|goes on] until [about|roughly] {b}.",
)
TAG_FROM_START = (
    "[It is|The sound is] there [at once|from the first moment] and [lasts|goes on] until [about|roughly|] {b}.",
    "[It|The sound] [starts|begins] with the clip and [ends|stops|is over] at [about|roughly|] {b}.",
)
DESCRIBE_FROM_START = (
    "[Time|Its place in time|Then the timing]: [the sound starts|it starts|it sets in] with the clip and [is over|ends|has ended] at [about|roughly] {b}.",
)
STRETCH_ALL = (
    "[The sound|It] [fills|takes up] [practically|nearly|almost] the whole [clip|recording], [without a clear break|with no real pause].",
    "[From start to end|All the way through], [there is hardly a moment of silence|the sound does not stop for any length of time].",
)
STRETCH_SPAN = "[from {a} to {b}|{a} to {b}|between {a} and {b}]"
STRETCH_SOME = (
    "[The sound|It] [comes in|is heard in|falls into] {n} [separate|] stretches: {r}.",
    "[There are|I hear|I can tell apart] {n} stretches of sound: {r}.",
    "{n} stretches of sound [can be told apart|follow one another|can be heard]: {r}.",
)
STRETCH_MANY = (
    "[The sound|It] [comes in|falls into|is broken into] {n} [separate|short|] stretches, [the first|starting] at {a} [and the last ending|and ending] at {b}.",
    "[There are|I can tell apart] {n} stretches of sound, [spread over the time|in the time] [from {a} to {b}|between {a} and {b}].",
)
STRETCH_LONGEST = (
    "The {e} of [these|them] [lasts|goes on for] [about|roughly] {d}, [from {a} to {b}|between {a} and {b}].",
    "[Of these|Among them], the one from {a} to {b} is the {e}, [about|roughly] {d}.",
)
PAUSE = (
    "The [longest|widest] pause between [them|the stretches] [is|takes|lasts] [about|roughly] {d}, [from {a} to {b}|between {a} and {b}].",
    "[Between|From] {a} and {b} it is [quiet|silent] [for about {d}|, about {d} in all].",
)
TAG_LEAD = (
    "[About|Roughly] {d} of silence [come first|pass at the beginning|go by before it starts].",
    "[It begins|The clip begins|It opens] with [about|roughly] {d} of silence.",
    "The first {d} [are silent|hold no sound|bring nothing].",
)
TAG_TAIL = (
    "[About|Roughly] {d} of silence [come last|follow at the end|are left at the end].",
    "[It ends|The clip ends|It closes] with [about|roughly] {d} of silence.",
)
TAG_HEAR = (
    "[I listen to|I consider|First I take] the sound as a whole: [what I hear is|it is|it comes across as] {x}.",
    "[The character of the sound|What the sound is like] [is clear enough|is easy to recognise|leaves little doubt]: {x}.",
    "[Listening|Going] through the clip, I [recognise|hear|make out] {x}.",
)
TAG_TIME = (
    "[It starts|It sets in|The sound begins] at [about|roughly|] {a} and [ends|stops|is over] at {b}.",
    "From [about|roughly|] {a} to {b} [it can be heard|the sound lasts|the sound is there|there is sound].",
)
TAG_SUM = (
    "[The sound ends at|Sound until] {b}, [then|and then] {d} of silence: [together|in all|that makes] {t}.",
    "[After the sound|Once the sound is over], at {b}, {d} of silence [follow|are left]; [{b} and {d} make {t}|so the clip ends at {t}].",
    "{b} [to the end of the sound|until the sound ends] and {d} [of silence|of quiet] [make|come to] {t}.",
)
TAG_NEAR = (
    "[In round figures|Rounded], [that is|this comes to] {c}.",
    "[A listener would call that|In words, this is] {c}.",
)
TAG_LENGTH = (
    "[Following the clip|Going along] to its end, I [get|note|arrive at] {c}.",
    "[From the first moment to the last|From start to end], [I count|I note|there are] {c}.",
)
MATCH_TAG_NO = (
    "[What I hear is|The sound is|It is] {x}, [not {y}|which is something other than {y}|and that is not {y}].",
)
MATCH_TAG_YES = (
    "[What I hear is|The sound is|It is] {x}, [the very sound in question|which is exactly what is asked about|and this is what the question is about].",
)
DESCRIBE_PLACE = (
    "[Source|What it is|The sound itself]: {x}.",
    "[First the sound itself|To begin with the sound]: [I hear|it is] {x}.",
)
DESCRIBE_TIME = (
    "[Time|Its place in time|Then the timing]: [the sound starts|it starts|it sets in] at [about|roughly] {a} and [is over|ends|has ended] at {b}.",
)
DESCRIBE_STRETCH = (
    "[The {k} stretch|Of the stretches, the {k}] [runs|goes] from {a} to {b}, [which is|so for] [about|roughly] {d}.",
    "From {a} to {b} there is [sound|something to hear], for [about|roughly] {d}.",
    "[About|Roughly] {d} of sound [lie between|fill the time between] {a} and {b}.",
)
DESCRIBE_PAUSE = (
    "[Then|After that] [come|follow] [about|roughly] {d} without it.",
    "A pause of [about|roughly] {d} [follows|comes next|separates it from the next].",
    "[For|During] [about|roughly] {d} [it is quiet|nothing is heard].",
)
DESCRIBE_COURSE = ("[Loudness|As for loudness|The loudness, in short|What the loudness does|Loudness over time]: {r}.",)
DESCRIBE_END = (
    "[Put together|Together|Taken together], [these observations|these points] [give|make] [the description|a full account].",
    "[This|That] [covers|accounts for] [the whole clip|the clip from start to end], so [the description is complete|I can put it into words].",
)
TAG_STEP = (
    "[I will listen|I listen] to the clip [from start to end|as a whole] and [compare what I hear with|hold what I hear against] {x}.",
    "[First|To begin with] I [name|identify] what [can be heard|is heard] in the clip, then I [ask myself whether it is|compare it with] {x}.",
)
STEP_TAG: dict[str, tuple[str, ...]] = {
    "sound": STEP["sound"],
    "loudness": STEP["loudness"],
    "duration": (
        "[I will listen|I listen] [to the very end|until the clip stops] and [judge|keep track of] the time that [passes|goes by].",
        "[The end of the clip|The moment at which the clip stops] is what I have to [listen for|find], [together with|and with it] the time that has passed by then.",
    ),
}
OPTIONS_TAG = (
    "[At the end|Finally|Last of all] I [hold|will hold] the {n} options against [what I heard|the result] and [keep the one that fits|see which one fits].",
    "[Each of the {n} options|All {n} options|Every one of the {n} options] will be [checked|looked at|put to the test], [also|even] when one [looks right early|seems right at once|fits from the start].",
    "[Then|After that] the {n} options can be [judged|checked] one [by one|after another] [until only one is left|and the wrong ones dropped].",
)
SUMMARY_TAG: dict[str, tuple[str, ...]] = {
    "presence_yes": (
        "{x} [is what I hear|is heard|can be heard] in the clip, [so|and therefore] the answer is yes, option ({L}).",
    ),
    "presence_no": (
        "{x} [is not what I hear|is not heard|cannot be heard] in the clip, [so|and therefore] the answer is no, option ({L}).",
    ),
}
RESPONSE_TAG: dict[str, tuple[str, ...]] = {
    "presence_yes": ("{x} [is heard|can be heard|occurs] in the clip.",),
}
