# ruff: noqa: E501 -- a pattern is read as one sentence
"""Sentence patterns for sounds that lie over one another: backgrounds, tracks, overlaps, loudness, intervals.

Slots as in `patterns`; {e} {f} are the ends of a stretch, {v} a level relative to the loudest sound in words.
"""

from __future__ import annotations

_ASKED = "[The question asks|I am asked|What is wanted is|What I have to tell is]"
_MUST = "[I need to|The task is to|I have to|My task is to]"
_DECIDE = "[The question asks|I am asked|What has to be decided is|What I have to tell is]"

ASK: dict[str, tuple[str, ...]] = {
    "loudest": (
        _ASKED + " which sound is [the loudest|louder than all the others|the strongest of all|heard most strongly].",
        _MUST
        + " [compare|weigh|set against each other] the sounds [by their loudness|for how loud they are] and [find|pick out|name] the [loudest|strongest].",
        "[Loudness decides here|Volume is what counts here|It is strength that matters here]: which [of the sounds|one of them] [stands out above|is stronger than|drowns] [all the others|every other]?",
    ),
    "overlap_is": (
        _DECIDE
        + " whether {x} and {y} [overlap|are heard at the same time|sound together|can be heard together] [at any moment|anywhere|at some point|in the clip].",
        _MUST
        + " find out whether one of the two, {x} or {y}, [is still going on|has not yet ended|still lasts] when the other [is heard|comes in|begins].",
        "[It is a yes or no question|This needs a yes or a no|Yes or no]: do {x} and {y} [share|have] [a moment|some time|a stretch of time] [in common|with each other]?",
    ),
    "overlap_which": (
        _ASKED
        + " which sound [can be heard while {x} lasts|is heard together with {x}|shares its time with {x}|overlaps with {x}].",
        _MUST + " [find|name] the sound that [lies over or under|runs alongside|is heard at the same time as] {x}.",
        "{x} is the [landmark|reference] here, and [what sounds together with it|its companion in time|the sound at the same moment] is [what I need|what is wanted|to be found].",
    ),
    "overlap_pair": (
        _ASKED + " which two [of the sounds|sounds] [overlap|are heard together|share some time|run into each other].",
        _MUST
        + " [find|name|pick out] the [pair|two sounds] of which [one starts before the other has ended|neither waits for the other to end].",
        "[Somewhere in the clip|At some point] two sounds [are heard at once|lie over each other], and [the right pair|that pair] [has to be found|is what I need|is wanted].",
    ),
    "interval": (
        _ASKED + " how much time [passes|lies|goes by] between the [start|first moment] of {x} and that of {y}.",
        _MUST
        + " [measure|judge|estimate] the time from the moment {x} [sets in|starts] to the moment {y} [does|starts|sets in].",
        "[This is about a distance in time|A distance in time is wanted]: from the start of {x} to the start of {y}.",
    ),
    "target_which": (
        _ASKED
        + " which of the [listed|offered|four] sounds [is really in the mix|is one of those mixed together|can be picked out of the mix].",
        _MUST
        + " [take the mix apart|listen into the mix|separate the mix] and [find|tell] which [option|one of the options] [names one of its sounds|is in it].",
        "[Several sounds lie over one another|The clip is a mixture], and [one of the options|just one of the options] [names a part of it|is among them].",
    ),
    "target_is": (
        _DECIDE + " whether {x} [is part of the mix|is one of the sounds in the mix|can be picked out of the mix].",
        _MUST
        + " [take the mix apart|listen into the mix|separate the mix] and [tell|decide] whether {x} [is in it|is among its sounds].",
        "[It is a yes or no question|This needs a yes or a no|Yes or no]: is {x} [mixed in here|a part of this mixture|among the sounds of the mix]?",
    ),
    "target_count": (
        _ASKED
        + " how [often|many times] {x} [occurs|is heard|comes up] [within the mix|among all that is mixed here].",
        _MUST
        + " [pick|single] {x} out of the mix and count [how often it is heard|the times it comes up|each time it is heard].",
        "[One sound has to be followed through the mix|In this mixture a single sound matters]: {x}. [What counts is|I need|Wanted is] the number of [separate times|occasions].",
    ),
    "background": (
        _ASKED
        + " which sound [goes on in the background|lies beneath|is heard behind everything] while {x} is [heard|in front].",
        _MUST + " [look behind|listen past|hear through] {x} and [name|find] [what goes on beneath it|the background].",
        "{x} [stands in front|is what comes forward|holds the front]; what [lies behind it|goes on in the background|carries on beneath it] is [what I need|what is wanted|the question].",
    ),
}
STEP: dict[str, tuple[str, ...]] = {
    "loudest": (
        "[For each sound|Sound by sound] I [note|judge|listen for] how loud it is and [keep|hold on to] the [loudest so far|strongest so far].",
        "[Going through the sounds|Taking them one by one], I [replace the loudest so far|change my choice] [only when|whenever] a louder one comes.",
        "[A running comparison|Comparing as I go] [will do|is enough]: [each|every] sound against the loudest [before it|so far].",
    ),
    "overlap_is": (
        "[It is enough to|I only need to] [compare|set side by side] the [start of the later one|later start] with the [end of the earlier one|earlier end].",
        "[Two moments decide|Two times decide|What decides is two moments]: [when the later of the two starts|the start of the later one], and [when the earlier of the two ends|the end of the earlier one].",
    ),
    "overlap_which": (
        "[I take|I will take|I first take] the time that {x} [fills|takes] and [hold|set] [every other sound|each of the others] against it.",
        "[With start and end of {x}|Once I know when {x} starts and ends], I [check|test] [each|every] other sound for [a common moment|time in common].",
    ),
    "overlap_pair": (
        "For [each|every] pair [offered|among the options] I [compare|set] the later start [with|against] the earlier end.",
        "[A pair overlaps if|Two sounds overlap if] the [second|later] one starts before the [first|earlier] has ended; [I test this pair by pair|this can be tested for every pair].",
    ),
    "interval": (
        "[I note|I take|I write down] both starts, [subtract|take one from the other], and [see which option is nearest|look for the nearest option].",
        "[Two starts and their difference|The difference of the two starts] [will do|is all I need|gives the answer].",
    ),
    "target_which": (
        "[I list|I name|I single out] what [the mix holds|is mixed], [layer by layer|one by one], and then [look for|search for] [each option|every option] in it.",
        "[First the parts of the mix|The parts of the mix first], then the options [one after another|against that list].",
    ),
    "target_is": (
        "[I go through|I take] the parts of the mix [one by one|in turn] and [hold|compare] each [against|with] {x}.",
        "[Each|Every] sound of the mix is [held against|compared with] {x}, [until one agrees or none is left|one after another].",
    ),
    "target_count": (
        "A running count that grows only when {x} is heard [is enough|will do|settles it].",
        "[For each sound|Sound by sound] I [ask|check] whether it is {x}, and [count it only then|raise the count only then].",
    ),
    "background": (
        "[I separate|I will separate|I keep apart] what [comes and goes|stands in front] from what [goes on beneath|lies behind].",
        "[First what stands in front|The front first], then [what carries on behind it|what lies beneath it], then the options.",
    ),
}
ASIDE_PLAN = (
    "The background [does not count|is left out of this|is put aside|plays no part|is not asked about|is no part of the question|is set apart][| here| in this| this time|, as the question says].",
    "[What lies in the background|What goes on beneath|Whatever lies beneath|What is heard underneath|What carries on behind the rest] [does not count|is not meant|is left aside|is not asked about|can be left out|is set apart][| here| in this| this time].",
    "[Here only|In this only|This time only|For this, only] what [stands in front|is in front|lies over the background|comes and goes in front] [counts|is meant|matters|is asked about|decides].",
    "[I leave|I put|I will leave|I have to leave|I can leave] [the background|what lies beneath|what goes on behind the rest] [aside|out of account|out of it][| for this| for this question|, as the question says].",
)
ASIDE_END = (
    "[, the background aside|, not counting the background|, with the background left out|, apart from the background]."
)
"""Ends a result that is true of what stands in front."""

# Caption.
OVERVIEW_MIX = (
    "The [clip|recording] [lasts|runs for|takes|goes on for] {c} and is a [mix|mixture|blend] of [several sounds|sounds at the same time|sounds that lie over one another|sounds that share their time|sounds that cover one another in part].",
    "[In|Within|Over] {c}, [several|a number of|different] sounds [are mixed|lie over one another|sound at once|are layered|share the time|are heard together|go on side by side].",
    "[It is|What I hear is|This is|I hear] a [mix|blend|mixture|layering] of [several|different|a number of] sounds that [takes|lasts|goes on for|runs for] {c}.",
    "[In the mix|In this mix|In this mixture|In the mixture] of {c}, [several|different|a number of] sounds [lie over one another|are heard together|share the time|sound at once].",
)
_WHEN = (
    "[from about {a} to {b}|from {a} to about {b}|between {a} and {b}|from {a} on, for roughly {d}|from roughly {a} until {b}"
    "|starting at {a} and ending at {b}|from {a} until {b}]"
)
_SOUNDS = "[is heard|can be heard|sounds|is there|can be made out|is present|can be told apart|makes itself heard|is to be heard]"
_UNDER = "[in the background|beneath the rest|underneath|behind the rest|below what stands in front|at the back of the scene]"
BENEATH = (
    "[In the background|Beneath it all|Behind the rest|Underneath|Below all this|At the back of the scene|Under the other sounds], {x} [goes on|can be heard|is heard|carries on|keeps going|lasts] "
    + _WHEN
    + ".",
    "{x} [forms|makes up|is|provides|gives] the background[,| and lasts| and goes on| and is heard| and carries on] "
    + _WHEN
    + ".",
    "[From {a} to {b}|Between {a} and {b}|From {a} until {b}], {x} [goes on|lies|carries on|is heard|keeps sounding|can be heard] "
    + _UNDER
    + ".",
    "[There is|I hear|Also there is|The clip has|To this comes|What remains is] a background[ as well|]: {x}, "
    + _WHEN
    + ".",
)
TRACK = (
    "{x} [goes on|can be heard|is heard|runs|carries on|keeps going|lasts] [all the way|without a break|throughout|the whole time|for the whole clip], [from|lasting from] {a} to {b}.",
    "[From {a} to {b}|Between {a} and {b}|From {a} until {b}], [throughout the clip|all the way through|without a break|the whole time], {x} [is heard|can be heard|goes on|runs|carries on|sounds].",
    "[One layer|A layer of the mix|One part of the mix|A part that never stops|One of the sounds at work] is {x}, [from {a} to {b}|lasting from {a} to {b}|which goes on from {a} to {b}|heard from {a} until {b}].",
)
LAYER = (
    "{x} " + _SOUNDS + " " + _WHEN + "[| in this clip| in the mix| among the sounds].",
    "[I hear|There is|I make out|I can pick out|The clip has|The mix holds|I notice|Part of it is|Also there is|To this comes] {x}, "
    + _WHEN
    + "[|, among the sounds|, in the mix].",
    "[As one layer|As a further layer|As part of the mix|Among the layers|Within the mix|In this mixture|Among the sounds|As another part], {x} "
    + _SOUNDS
    + " "
    + _WHEN
    + ".",
    "[From about {a} to {b}|Between {a} and {b}|From {a} until about {b}|From {a} on, for roughly {d}|Starting at {a} and ending at {b}], {x} "
    + _SOUNDS
    + "[| in the mix| in this clip| among the sounds].",
    "[One|Another|A further] [layer|part|sound][ of the mix| of the clip|] is {x}, [heard |to be heard |lasting |]"
    + _WHEN
    + ".",
    "[Of|About] {x} [it can be said that it|I can tell that it|I note that it] [lasts|is heard|can be heard|goes on|sounds|is there] "
    + _WHEN
    + ".",
)
_FOR = "[about|roughly|some|around]"
BOTH = (
    "[For|Over|During] "
    + _FOR
    + " {d}, {x} and {y} [overlap|are heard together|sound at once|are heard at the same time|can be heard together|sound together][| in the mix| in this clip].",
    "{x} and {y} [overlap|share their time|sound together|are heard together|lie over each other|run side by side|are heard at the same time] for "
    + _FOR
    + " {d}[ in all|].",
    "[There is|I hear|I note|I find|The clip has|What I also note is] an overlap of "
    + _FOR
    + " {d} [between {x} and {y}|of {x} and {y}|that {x} and {y} share].",
    "[Between {x} and {y}|Of {x} and {y}], "
    + _FOR
    + " {d} [are shared|lie in common|belong to both|overlap][| in this clip| in the mix].",
    "[While|As long as] {x} [lasts|is heard|goes on], {y} [is heard too|can be heard as well|sounds as well|is there as well], [the two|both] [sharing|having in common] "
    + _FOR
    + " {d}.",
)
LOUDEST_FACT = (
    "{x} is the [loudest|strongest] [of the sounds|sound here|of all|sound of the clip|of them|sound in the mix].",
    "[None is|No sound is|Nothing is|No other one is|Not one of the others is] [as loud as|louder than|as strong as|a match in loudness for] {x}[| in this clip].",
    "[The loudest of them|The strongest sound|What stands out most by its loudness|The sound that stands out|In loudness, the first|What comes through most strongly|The loudest sound here] is {x}[| in this clip| in the mix].",
    "{x} [stands out by its loudness|stands above the rest in loudness|comes through most strongly|is heard above all the rest|drowns the others][| in this clip| in the mix].",
)
BELOW_FRONT = (
    "The background is [clearly|plainly|audibly|well] [quieter|softer|weaker] than [what stands in front|what lies over it|the rest|the sounds in front|what is heard over it].",
    "[By its loudness|In loudness|As to loudness|In strength], the background [stays|keeps|lies|remains] [clearly|well|plainly|audibly] below [what stands in front|the rest|the sounds in front|what lies over it].",
    "[What stands in front|What lies over it|The front|Everything in front] is [clearly|plainly|audibly|well] [louder|stronger] than the background[| in this clip].",
)

# Reasoning.
NOTED = (
    "{x}[:| is heard| lasts| can be heard| is there| sounds| stands on my list] "
    + _WHEN
    + "[| by my notes| as noted| in the clip].",
    "[I note|I hear|I have|There is|I write down|I keep|I list|I find] {x}, " + _WHEN + "[|, in the clip|, so far].",
    "[From {a} to {b}|Between {a} and {b}|From {a} until {b}|From {a} on, for roughly {d},] [there is|I hear|comes|I note|I have|I find|it is] {x}[| in the clip| in the mix| on my list].",
    "[Starting at {a}|From {a} on|Beginning at {a}|With its start at {a}], {x} [is heard|can be heard|is there|sounds|goes on|lasts] [until {b}|up to {b}|until about {b}|up to about {b}][| in the clip| in the mix].",
    "[On my list|In my list|Of the sounds I noted|Among the sounds|In the mix|In the clip|On the list|In what I hear]: {x}, "
    + _WHEN
    + "[|, as noted].",
    "[Listed|Further|Also|A further entry|Another entry|One more|To be noted]: {x}, "
    + _WHEN
    + "[| in the clip| in the mix].",
    "[It is|This is|That is] {x} [that is heard|that can be heard|that I hear|that I note|that sounds|which is there] "
    + _WHEN
    + ".",
)
NOTED_BENEATH = (
    "[In the background|Beneath|Behind that|Underneath|At the back|Below the rest] [there is|I hear|I note|goes on|I find|lasts] {x}, "
    + _WHEN
    + ".",
    "{x} [stays|lies|goes on|is heard|carries on|is to be heard] " + _UNDER + ", " + _WHEN + ".",
    "[The background|What lies beneath|What goes on behind the rest|The sound underneath] [is|consists of|is given by|is made up of] {x}[, |, lasting |, heard |, going on ]"
    + _WHEN
    + ".",
)
LOUD_FIRST = (
    "{x} at [about|] {a} is the [first to judge|one to start with|first on the list] and [so|thus|for now] the loudest so far.",
    "[I start|The comparison starts] with {x} at [about|] {a}, [the loudest for now|which leads for now].",
    "[To begin with|At first], {x} at [about|] {a} [leads|holds the lead|is in front].",
)
LOUD_MORE = (
    "{x} at [about|] {a} is louder[ than {y}|] and [takes the lead|leads now|becomes the loudest so far].",
    "[Then|Next|Now] {x} at [about|] {a}: louder[ than {y}|], [so it takes the lead|so it is the loudest so far|and it leads from here].",
    "[At about|At|Around] {a} {x} [is heard|can be heard|comes], [stronger|louder] than {y}, [and takes its place|so the lead changes].",
)
LOUD_LESS = (
    "{x} at [about|] {a} [stays below|is quieter than|does not reach] {y}.",
    "[Then|Next|Now] {x} at [about|] {a}: [quieter than|softer than|below] {y}, [so nothing changes|which keeps the lead|which stays in front].",
    "[At about|At|Around] {a} {x} [is heard|can be heard|comes], [weaker|softer|quieter] than {y}.",
)
LOUD_SAME = (
    "{x} at [about|] {a} [is heard again|comes back|returns] and [stays below|is no louder than] the first time.",
    "[Again|Once more] {x}, at [about|] {a}, [no louder than before|without a gain in loudness].",
)
LOUD_AGAIN = (
    "{x} at [about|] {a} [is heard again|comes back|returns], louder than [before|the first time], and [keeps|holds] the lead.",
    "[Again|Once more] {x}, at [about|] {a}, [now even louder|louder this time].",
)
LOUD_BENEATH = (
    "The background, {x}, [stays below|is quieter than|does not reach] {y}.",
    "{x} in the background is [quieter|softer|weaker] than {y}.",
)
IS_LOUDEST = (
    "{h} [leads at the end|is where the comparison ended|is the loudest of those I heard].",
    "{h} [kept|has] the lead [to the end|after all the others].",
    "{h} [agrees with|is] [the result of the comparison|the winner of the comparison].",
)
LESS_LOUD = (
    "{h} is [quieter|softer|weaker] than {y}[, so it is out|, so it can be dropped|].",
    "{h} [stays below|lost to|does not reach] {y}.",
    "{h} [fell behind|lost the comparison]: {y} is louder.",
)
PAIR_TIMES = (
    "{y} [starts|sets in|begins] at [about|] {b}.",
    "[The later of the two|The one that comes later] is {y}, from {b} on.",
    "At [about|] {b} {y} [starts|sets in|begins].",
)
PAIR_ENDS = (
    "{x} [ends|stops|is over] at [about|] {e}.",
    "[The earlier one|The one before it] is {x}, which [ends|stops] at [about|] {e}.",
    "At [about|] {e} {x} [ends|stops|is over].",
)
PAIR_YES = (
    "{b} [comes|lies|is] before {e}, so [the two are heard together|they share some time|the two overlap] for [about|roughly] {d}.",
    "[Since|As] {b} [comes|is] earlier than {e}, [about|roughly] {d} [belong to both|are shared].",
)
PAIR_NO = (
    "{b} [comes|lies|is] after {e}, so [one is over before the other starts|they never meet|there is no common moment].",
    "[Since|As] {b} [comes|is] later than {e}, [nothing is shared|the two stay apart|they do not meet].",
)
MEETS = (
    "{y}, from {b} to {f}, [meets it|shares about {d} with it|has about {d} in common with it|lies over it in part|is heard beside it|runs beside it for a while].",
    "[Against|Next to|Compared with|Beside|Set against] it {y}, [from {b} to {f}|between {b} and {f}]: [about|roughly|some] {d} [in common|shared|of both|that both have].",
    "[From {b} to {f}|Between {b} and {f}] [there is|comes|I have|it is] {y}, [which meets it|so the two meet|and the two share about {d}|so they have about {d} in common].",
)
MISSES = (
    "{y}, from {b} to {f}, [misses it|has no moment in common with it|stays clear of it|does not meet it|is heard at another time|keeps away from it].",
    "[Against|Next to|Compared with|Beside|Set against] it {y}, [from {b} to {f}|between {b} and {f}]: [nothing in common|no shared moment|no time of both].",
    "[From {b} to {f}|Between {b} and {f}] [there is|comes|I have|it is] {y}, [which misses it|so the two never meet|and the two share nothing].",
)
SPAN = (
    "{x} [fills|takes|lasts for|covers|occupies] the time from {a} to {e}[| in the clip].",
    "[The time to look at|The stretch that matters|The time that counts|What has to be met|The time in question|The span to hold the others against] [is that of {x}: from {a} to {e}|is {a} to {e}, that of {x}|lies between {a} and {e}, as {x} does].",
    "[I hold on to|I keep in mind|I note|I start with] the time of {x}: [from {a} to {e}|{a} to {e}|between {a} and {e}].",
)
WITH_IT = (
    "{h} [is heard during that time|is heard together with {x}|shares its time with {x}].",
    "{h} [fits|agrees|is right]: it [meets|overlaps with] {x}.",
)
NOT_WITH_IT = (
    "{h} [is heard at another time|comes at another time|has no moment with {x}|does not meet {x}].",
    "{h} [does occur|is heard], but not [while {x} lasts|together with {x}|at the same time as {x}].",
)
PAIR_OPTION_YES = (
    "{h} [fits|stands|is right]: {y} starts at {b}, before {x} ends at {e}.",
    "{h} [names two sounds that meet|is a pair that meets|holds]: {b} for the start of {y} comes before {e} for the end of {x}.",
)
PAIR_OPTION_NO = (
    "{h} [is out|can be dropped|fails]: {y} starts at {b}, after {x} has ended at {e}.",
    "{h} [names two sounds that never meet|is no such pair]: {x} is over at {e}, {y} [starts|begins] at {b}.",
)
START_OF = (
    "{x} [starts|sets in|begins] at [about|roughly|] {a}.",
    "[The start of|The first moment of] {x} [lies|is|falls] at [about|roughly|] {a}.",
    "At [about|roughly|] {a} {x} [starts|sets in|begins].",
)
DIFFERENCE = (
    "[From|Counting from] {a} to {b} [it is|there are|that makes] [about|roughly|] {d}.",
    "{b} minus {a} [is|makes|gives] [about|roughly|] {d}.",
    "[The difference|The distance|What lies between] [is|comes to] [about|roughly|] {d}, [from|going from] {a} to {b}.",
)
INTERVAL_FIT = (
    "{h} [is nearest to|agrees with|comes close to|matches] {d}.",
    "{h} [fits|is the nearest|comes nearest], [with|given] [the|a] distance of {d}.",
)
INTERVAL_LOW = (
    "{h} is too short: {d} [have passed|pass|lie between].",
    "{h} [falls short|is not enough|is over too early], [with|given] {d} between the starts.",
)
INTERVAL_HIGH = (
    "{h} is too long: only {d} [have passed|pass|lie between].",
    "{h} [goes too far|is too much|takes too long], [with|given] only {d} between the starts.",
)
IN_MIX = (
    "{h} [is among them|is one of the parts|can be picked out]: [from|it lasts from] {a} to {b}.",
    "{h} [is in the mix|belongs to the mix|is there], [from|heard from] {a} to {b}.",
)
UNDER = (
    "{h} [is what lies beneath|is the background|is what goes on behind the rest].",
    "{h} [fits|agrees|is right]: [that is what goes on beneath|it carries on behind the rest].",
)

CHECK: dict[str, tuple[str, ...]] = {
    "loudest": (
        "[As a check|To be sure], [the second loudest|the runner-up], {y}, is [clearly|plainly|audibly] [quieter|softer].",
        "[As a check|To be sure], I [set|hold] {x} against {y}, the second loudest: [the difference is plain|it is clearly louder].",
    ),
    "overlap_which": (
        "[As a check|To be sure|For safety|Once more], both [are there|are heard|can be heard|sound] [between {e} and {f}|from {e} to {f}|from {e} until {f}].",
        "[As a check|To be sure|For safety|Once more]: {x} and {y} [share|have in common|fill together|both take up] the time [from {e} to {f}|between {e} and {f}|from {e} until {f}].",
        "[The time of both|What they share|The common stretch|The time in common] [goes|lasts|runs] from {e} [to|until] {f}.",
    ),
    "background": (
        "[As a check|To be sure]: {y} [comes and goes|stands in front|is in front], {x} [carries on|goes on|lasts] [beneath it|behind it|underneath].",
    ),
}
SUMMARY: dict[str, tuple[str, ...]] = {
    "loudest": ("{x}[, at {a},|] is [louder than|stronger than|above] [all the others|every other sound|the rest], [so|and therefore] option ({L}) [is right|fits|is the one].", "[In loudness|By its loudness], {x} [leads|wins|is ahead of the others]: option ({L})[ is right| fits|]."),
    "overlap_yes": ("{x} and {y} [overlap|are heard together|share some time], [about|roughly] {d}, [so|and therefore] the answer is yes, option ({L}).", "[For about {d}|For roughly {d}] both {x} and {y} [are heard|sound]: yes, option ({L})."),
    "overlap_no": ("{x} and {y} [never meet|stay apart|have no moment in common], [so|and therefore] the answer is no, option ({L}).", "[One of the two is over|One of them has ended] before the other [starts|begins], [so|and therefore] the answer is no, option ({L})."),
    "overlap_which": ("[While|As long as] {x} [lasts|is heard], {y} [is heard too|can be heard as well], [so|and therefore] option ({L}) [is right|fits|is the one].", "{y} [shares its time with|is heard together with|overlaps with] {x}: option ({L})[ is right| fits|]."),
    "overlap_pair": ("{x} and {y} [overlap|are heard together|share some time], [so|and therefore] option ({L}) [is right|fits|is the one].", "The two sounds that [meet|overlap|share their time] are {x} and {y}: option ({L})."),
    "interval": ("[From the start of {x} to that of {y}|Between the starts of {x} and {y}] there are {c}, [so|and therefore] option ({L}) [is right|fits|is the one].", "[The distance|The time] between the two starts [is|comes to] {c}[, option ({L})|: option ({L})|, which is option ({L})]."),
    "target_which": ("Of the options, only {x} is [in the mix|part of the mix|among the sounds that are mixed], [so|and therefore] option ({L}) [is right|fits|is the one].", "{x} [can be picked out of|is a part of|belongs to] the mix, [so|and therefore] option ({L}) [is right|fits|is the one]."),
    "target_yes": ("{x} is [in the mix|part of the mix|among the sounds that are mixed], [so|and therefore] the answer is yes, option ({L}).", "[Taken apart|Part by part], the mix [does hold|holds] {x}: yes, option ({L})."),
    "target_no": ("[I went through all the parts of the mix|All the parts of the mix are accounted for], and {x} [is not among them|does not occur|never turns up], [so|and therefore] the answer is no, option ({L}).", "[Taken apart|Part by part], the mix [holds no such sound|does not hold {x}|lacks {x}]: no, option ({L})."),
    "target_count": ("[Within|In] the mix {x} [is heard|occurs|comes up] {t}, [so|and therefore|which means that] option ({L}) [is right|fits|is the one].", "{x} [is heard|occurs|comes up] {t} in the mix: option ({L})[ is right| fits|]."),
    "background": ("[Beneath|Behind|Under] {y}, {x} [goes on|carries on|lasts], [so|and therefore] option ({L}) [is right|fits|is the one].", "{x} [forms|is|makes up] the background, [so|and therefore] option ({L}) [is right|fits|is the one]."),
}  # fmt: skip
RESPONSE: dict[str, tuple[str, ...]] = {
    "loudest": ("[No other sound|None of the others|Nothing else] [is as loud|comes up to it|reaches its loudness][ in the clip|].", "[It is|This is] the [loudest|strongest] [sound|of all|of the sounds][ that is heard|].", "[Every other sound|Each of the others] is [quieter|softer|weaker][ than this one|]."),
    "overlap_yes": ("{x} and {y} [overlap|are heard at the same time|can be heard together] for about {d}.",),
    "overlap_no": ("{x} and {y} [do not overlap|are never heard at the same time|stay apart in time].", "[One of them|One] [has ended|is over] before the other [starts|begins]."),
    "overlap_which": ("[It|This sound|The sound in question] [overlaps with|shares its time with|is heard together with] {x}[ for a while|].", "[While|As long as] {x} [lasts|is heard], [this one|it] [is heard too|can be heard as well]."),
    "overlap_pair": ("[These two|The two of them|Both] [overlap|are heard at the same time|share some time][ in the clip|].", "[The later of them|The second one] [starts|sets in|begins] before the [earlier|first] [has ended|is over]."),
    "interval": ("[That is|This is] the [time|distance] [from one start to the other|between the two starts].", "[That much|About that much] time [passes|lies|goes by] between the [two starts|start of the one and the start of the other]."),
    "target_which": ("[Of|Among] the [sounds offered|options|sounds listed], [this one|only this one|just this one] [is in the mix|is part of the mix|can be picked out].", "[None of the other options|Not one of the others|None of the rest] [is part of the mix|can be picked out|is mixed in]."),
    "target_yes": ("{x} is [part of|in|one of the sounds of] the mix[, from about {a}|].",),
    "target_no": ("{x} is [not part of|not in|none of the sounds of] the mix.", "[The mix|This mix] [does not hold|lacks] {x}."),
    "target_count": ("[I counted|I noted|I kept count of|I added up] [each time|every time|each occasion on which|every occasion on which] {x} is heard[ in the mix| through the mix| and nothing else|].",),
    "background": ("[It|This sound] [goes on|carries on|lies] beneath {x}[ and what else is heard|].", "[This is|It is|That is] [what goes on|what lies|what can be heard] [in the background|beneath the rest|behind the rest]."),
}  # fmt: skip
