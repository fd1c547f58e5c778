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
        "[The task is|I need|I have] to count [how often {x} is heard|the times that {x} is heard|how often {x} comes up][ and to leave the other sounds aside| and let every other sound pass|, whatever else is going on].",
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
        "[I need to|The task is to|I have to] decide whether {x} [occurs|is to be found|comes up] [in the clip|in this recording], yes or no.",
        "[It is a yes or no question|This needs a yes or a no]: is {x} [heard|to be heard] [at any moment of|anywhere in|at some point of] the [clip|recording]?",
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
        "[The request is|I am asked|My task is] to [describe|put into words|give an account of] [what is heard|what can be heard|the sound of the clip] and [how|the way] it [unfolds|develops|goes on] over time.",
        "[I need to|The task is to|I have to] [describe|give an account of] the [clip|recording]: what [can be heard|is heard], [when, and for how long|at what time, and how long|where it begins and where it stops].",
        "[A description is wanted|What is wanted is a description|This calls for a description|No options here, but a description]: the sound itself, [and then|together with|along with] the way it [takes up|fills] the time of the [clip|recording].",
        "[There are no options to choose from|No choice is offered|Nothing is offered to choose from]; [what I hear has|the sound has|the clip has] to be [described|put into words], [with its times|and so has its place in time|with the course it takes].",
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
        "[I will name the sound first|First comes the sound itself|To begin with I name the sound|The sound itself comes first], then [where it sets in and where it stops|the times at which it sets in and stops|its place in time|when it is heard], [and then|and last|and at the end] the clip as a whole.",
        "[Three things will do|Three points are enough|I go by three points]: [what it is|what sounds], [when it sounds|when it can be heard], [how it goes on|what it does over time|how it unfolds].",
        "[What|The sound], [when|its times] and [how|its course]: [in this order|one after the other] I [collect|gather|note] [the points|what is needed], [and join them|then I put them together|to be joined at the end].",
        "[I follow|I will follow|I want to follow] the clip [in time|from start to end], [note|write down] what [sounds|is heard] and [when|at what times], and [sum it up|put it together] [at the end|afterwards].",
    ),
    # Where no times are known, none are promised.
    "describe_course": (
        "[I will name the sound first|First comes the sound itself|To begin with I name the sound|The sound itself comes first], then [how its loudness moves|whether it grows louder or quieter|what its volume does], [and then|and last|and at the end] the clip as a whole.",
        "[Two things will do|Two points are enough|I go by two points]: [what it is|what sounds], and [how loud it is over time|how its loudness goes|what its volume does][ over the clip| from start to end|].",
        "[I follow|I will follow|I want to follow] the clip [in time|from start to end], [note|write down] what [sounds|is heard] and [how loud|how its volume goes], and [sum it up|put it together] [at the end|afterwards].",
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
    "[About|Roughly] {d} [pass|go by|are left] [after the last sound|after that|at the end] [before the clip ends|without a further sound|until the clip is over].",
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
        "[The sound|What I hear] [grows louder|swells|gains strength] [at first|in the beginning] and [then fades|grows quieter again|dies down] [towards the end|later on].",
        _MOVES + " [rises|swells|climbs] and then [falls again|fades again|drops back|sinks].",
        "[The sound|What I hear] is [loudest|strongest] [somewhere in the middle|neither at the start nor at the end|between start and end].",
        "[Up|Louder] at first, [down|quieter] [later|afterwards]: [so goes|that is] [the loudness|the volume|the level].",
    ),
    "fall_rise": (
        "[The sound|What I hear] [grows quieter|fades|loses strength] [at first|in the beginning] and [then becomes louder again|swells again|comes back] [towards the end|later on].",
        _MOVES + " [falls|drops|sinks] at first and then [rises again|comes back|climbs again].",
        "[The sound|What I hear] is [quietest|weakest] [somewhere in the middle|neither at the start nor at the end|between start and end].",
        "[Down|Quieter] at first, [up|louder] [later|afterwards]: [so goes|that is] [the loudness|the volume|the level].",
    ),
    "varying": (
        _MOVES + " [goes up and down|changes back and forth|rises and falls|moves up and down] [several times|more than once|again and again].",
        "[Louder and quieter moments|Loud and quiet stretches|Stronger and weaker moments|Loud parts and quiet ones] [alternate|take turns|follow one another|come by turns][ several times| along the way| in this clip|].",
        "[The sound|What I hear] [swells and fades|grows and sinks|gets louder and quieter] [several times|more than once|again and again].",
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
