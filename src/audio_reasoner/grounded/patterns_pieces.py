# ruff: noqa: E501 -- a pattern is read as one sentence
"""Sentence patterns about pieces whose maker knows everything: metre, melody, loudness, who enters when."""

from __future__ import annotations

ASK: dict[str, tuple[str, ...]] = {
    "metre": (
        "[The question asks|I am asked|What is wanted is] [in which metre the piece stands|for the metre|how the beats are grouped].",
        "[I have to|I need to|The task is to] [find|hear] [how many beats make a bar|the metre of the piece|the grouping of the beats].",
        "[The metre is wanted|It is about the metre|The bars matter here]: [how often does the accent return|after how many beats does the accent come back|what lies between two accents]?",
    ),
    "direction": (
        "[The question asks|I am asked|What is wanted is] [which way the melody of {x} goes|how the melody of {x} moves|for the course of the melody that {x} plays].",
        "[I have to|I need to|The task is to] [follow|trace] the line of {x} [from its first note to its last|from start to end|all the way].",
        "[The shape of the melody is wanted|It is about the shape of a melody|The melody's outline matters]: {x} plays it, [so I follow {x}|and I follow it note by note|and it has to be followed].",
    ),
    "dynamics": (
        "[The question asks|I am asked|What is wanted is] [how the loudness develops|what the loudness does|for the course of the loudness].",
        "[I have to|I need to|The task is to] [compare|follow] the loudness [from start to end|at the start, in the middle and at the end|over the whole piece].",
        "[Loudness is the matter here|It is about loudness|This is about louder and softer]: [does it stay, grow, fall or jump|is there a change, and is it gradual|how does it change, if at all]?",
    ),
    "enters": (
        "[The question asks|I am asked|What is wanted is] which instrument [enters|comes in] {k}.",
        "[I have to|I need to|The task is to] [note|find out] [who comes in when|the entries|when each instrument enters] and [take|pick] the {k} one.",
        "[The entries matter|It is about the entries|The instruments do not all start together]: [whose entry is the {k} one|which one enters {k}|who is {k} to enter]?",
    ),
    "entry_order": (
        "[The question asks|I am asked|What is wanted is] in which order the instruments [enter|come in].",
        "[I have to|I need to|The task is to] [note|write down] each entry [as it comes|in turn], [then|and then] [compare the orders|check the orders].",
        "[The order of the entries is wanted|It is about the order in which they come in|The entries have to be put in order]: [one instrument after the other|which first, which next|from the first to the last].",
    ),
    "how_many_instruments": (
        "[The question asks|I am asked|What is wanted is] how many [different |]instruments [play|are heard][ in all|].",
        "[I have to|I need to|The task is to] [count|tell apart and count] the instruments[ of the piece|].",
        "[A number is wanted|It is about a number]: [how many instruments are there|how many different sounds are there|how many play]?",
    ),
    "melody": (
        "[The question asks|I am asked|What is wanted is] which instrument [has|plays|leads with] the melody.",
        "[I have to|I need to|The task is to] [tell|separate] the [tune|melody] from what [goes along with it|accompanies it].",
        "[One part leads|One of the parts leads|Somebody has the tune], [the question is which|and I have to say which|and it has to be named].",
    ),
}
STEP: dict[str, tuple[str, ...]] = {
    "metre": (
        "[First|To begin with] I [look for|listen for] the [accent|heavy beat|strongest beat], [then|after that] I count [until it returns|up to the next one|from one to the next].",
        "I [tap|count] along and [start again at|begin anew with] [every accent|each heavy beat|each strong beat].",
        "[Counting|A count] [between two accents|from accent to accent] [will tell|settles it|gives the answer].",
    ),
    "direction": (
        "I [take|note] [some of its notes|a few of its notes|notes along the way] [and compare each with the one before|one after the other and see whether each is higher or lower|in turn, up or down].",
        "[Note against note|Step by step|From note to note], I [ask|mark] [whether it goes up or down|up or down|where the line is heading].",
        "[Its low and high places|The heights it passes|The notes it passes] [will show the shape|give the outline|tell the course].",
    ),
    "dynamics": (
        "I [hold|set] [the beginning, the middle and the end|start, middle and end] [against|beside] [each other|one another].",
        "[First|To begin with] I [judge|take] the [opening|beginning], then [what follows|the middle], then the [close|end].",
        "[Gradual or sudden|Step or slope|All at once or little by little], [that is what to listen for|that has to be heard|this will decide].",
    ),
    "entries": (
        "I [write down|note|mark] [each instrument with the moment of its first note|who starts to play, and when|every new sound as it joins].",
        "[One after the other|Each in turn], [each instrument|every instrument] gets [its place|a number|its time of entry] in my list.",
        "[Each new colour|Each new sound|A new timbre] [counts as|is] an entry, [so I keep a list|and I number them|and I note its time].",
    ),
    "melody": (
        "[A melody|The tune|The leading part] [moves freely|has a line of its own|goes its own way], [while|whereas] an accompaniment [repeats|goes in patterns|keeps to a pattern].",
        "I [ask of each instrument|check for each part] [whether it sings or supports|what it does|whether it leads].",
        "[Part by part|Instrument by instrument], I [listen for the line that moves|look for the one that leads|look for the tune].",
    ),
}
ACCENT = (
    "[An accent|A heavy beat|A strong beat|The strongest beat] [comes|returns|falls] [regularly|again and again|at even distances], [marked by|carried by|clearest in] {x}.",
    "{x} [marks|makes plain|brings out] the [first beat of every bar|accents|heavy beats].",
    "[The lowest notes|The heaviest strokes|The strongest notes] of {x} [fall|come|stand] on [every first beat|the beginning of each bar|the accents].",
    "[In|With] {x} [I hear|one hears|it is plain] where [each bar begins|the accents are|the bars begin].",
)
COUNT_BAR = (
    "[From one accent to the next|Between two accents|Starting at an accent] I [count|get|reach]: {c}, then [the accent again|it starts anew|the next accent].",
    "[Counting|I count], with weight on one: {c}, [and|and then] one again.",
    "[The count|My count] [goes|runs] {c}, {c}, [and so on|without a break|bar after bar].",
    "{c}, [and the accent is back|then the heavy beat is back|and one comes again]: [that is one bar|so long is a bar|a bar is over].",
)
SPLIT = (
    "[Each beat|Every beat] [splits|falls|divides] into {s}, [so that|and] the bar [holds|has] {n} [of them|small ones].",
    "[Within a beat|Inside each beat] [I hear|there are] {s} [small ones|even parts|light notes], {n} in the bar.",
    "[The small notes|The quick notes] go by {s} in a beat, {n} in a bar.",
)
BAR_IS = (
    "[So|Hence|Therefore] [the metre is|the piece is in|it stands in] {m}.",
    "[That is|This makes|It comes to] {m}.",
    "[A bar of this kind|Such a bar|A bar like this] is [written as|called|counted as] {m}.",
)
FIRST_NOTE = (
    "[It|The line|The melody] [starts|begins|sets out] [on|at|from] {a}.",
    "[Its first note is|The first note is|At the beginning stands] {a}.",
    "{a} is [where it starts|its first note|the note it begins with].",
)
MOVES = (
    "[On its way|From there|After that] [it passes|come|I hear] {q}.",
    "[Comparing each note with the one before|Each against the one before|Note against note]: {q}.",
    "[Then|Next|Going on]: {q}.",
    "[The way goes on|It goes on|The line goes on] {q}.",
)
TALLY = (
    "[Counted up|In all|Altogether], it goes up {u} and down {d}.",
    "[Up|Upwards] {u}, [down|downwards] {d}: [that is the balance|so the steps divide|this is the count].",
    "[The steps up|Steps upwards] come {u}, [the steps down|those downwards] {d}.",
)
SHAPE: dict[str, tuple[str, ...]] = {
    "rising": (
        "[The last note|It ends on {b}, which] [lies|is] [clearly|well|far] above the first, [so it rises|and the way leads upwards|so on the whole it climbs].",
        "[From low to high|From {a} up to {b}|Upwards], [with only small steps back|all in all|taken as a whole].",
    ),
    "falling": (
        "[The last note|It ends on {b}, which] [lies|is] [clearly|well|far] below the first, [so it falls|and the way leads downwards|so on the whole it sinks].",
        "[From high to low|From {a} down to {b}|Downwards], [with only small steps up|all in all|taken as a whole].",
    ),
    "arch": (
        "[It climbs|It goes up] to {t} and [comes back down|sinks again|returns] to {b}: [one peak|one hill|an arch].",
        "[The highest place, {t},|{t}, the top,] [lies inside|comes on the way|is in between], [and both ends are low|with low notes before and after|and it falls off to both sides].",
    ),
    "wave": (
        "[It turns|The line turns|It changes direction] [more than twice|again and again|several times]: [now up, now down|up and down by turns|and no direction holds for long].",
        "[After each rise|Having risen] [it falls|it sinks], and [then it climbs again|after that it rises anew], [so it is a wave|so it swings|as waves do].",
    ),
    "level": (
        "[It never goes far|It stays close|All of it lies] [from|to|around] {a}, [so neither end is higher|without rising or falling|so no direction appears].",
        "[Between {o} and {t}|From {o} at the lowest to {t} at the highest] is [little|a small] distance, [so it stays level|so the line is flat|and it keeps its height].",
    ),
}
LOUD: dict[str, tuple[tuple[str, ...], ...]] = {
    "crescendo": (
        (
            "[The opening|The beginning|At first it] is [soft|quiet].",
            "[It starts|The piece starts|The music begins] [softly|quietly|at a low level].",
            "[At the start|To begin with] the [players hold back|level is low|notes are soft].",
        ),
        (
            "[Towards the middle|In the middle|Half-way] it is [already louder|clearly louder than at first|of medium loudness], [without a jump|and no jump led there|by small steps].",
            "[Bar by bar|Little by little|Note by note] [more weight comes in|the level goes up|it grows].",
            "[Each bar|Every bar] is a [little|bit] louder than the [last|one before].",
        ),
        (
            "[The end|The close] is [the loudest place|louder than all before|loud].",
            "[At the end|By the end] [nothing is held back|it is loud|the level is at its highest].",
            "[It closes|It ends] [loudly|at full strength|louder than it ever was].",
        ),
    ),
    "diminuendo": (
        (
            "[The opening|The beginning|At first it] is [loud|strong].",
            "[It starts|The piece starts|The music begins] [loudly|strongly|at a high level].",
            "[At the start|To begin with] the [players give all|level is high|notes are strong].",
        ),
        (
            "[Towards the middle|In the middle|Half-way] it is [already softer|clearly softer than at first|of medium loudness], [without a jump|and no jump led there|by small steps].",
            "[Bar by bar|Little by little|Note by note] [some weight is lost|the level goes down|it fades].",
            "[Each bar|Every bar] is a [little|bit] softer than the [last|one before].",
        ),
        (
            "[The end|The close] is [the softest place|softer than all before|quiet].",
            "[At the end|By the end] [hardly anything is left|it is quiet|the level is at its lowest].",
            "[It closes|It ends] [softly|quietly|softer than it ever was].",
        ),
    ),
    "steady": (
        (
            "[The opening|The beginning|At first it] [has|shows] [one level|a certain level|some medium level].",
            "[I take|I note] the [loudness|level] of the first bars.",
            "[At the start|To begin with] the level is [soon clear|set|given].",
        ),
        (
            "[The middle|What follows|The next part] is [as loud as that|no louder and no softer|at the same level].",
            "[Bar by bar|From bar to bar|Note by note] [it stays as it is|the level is kept|nothing changes].",
            "[Each bar|Every bar] is [about |]as loud as the [last|one before].",
        ),
        (
            "[The end|The close] [has the same level|is as loud as the start|brings no change].",
            "[At the end|By the end] it is [where it was|as loud as ever|neither louder nor softer].",
            "[It closes|It ends] [as it began|at the level of the start|with the same strength].",
        ),
    ),
    "sudden": (
        (
            "[Up to|Until] about {z} the level [stays as it is|is kept|does not change]: [{s}|it is {s}|{s} all the time].",
            "[The first part|The opening], [up to|until] about {z}, is {s}[ throughout|].",
            "[At first|To begin with] it is {s} and [stays so|keeps that] until about {z}.",
        ),
        (
            "[Then|At that moment|There], [from one note to the next|all at once|within a single beat], it is {g}.",
            "[About {z}|Around {z}] [the level jumps|there is a jump|it changes at a stroke]: {g}.",
            "[No slope leads there|Nothing prepares it]: [suddenly|at one stroke] it is {g}.",
        ),
        (
            "[After that|From then on] it [stays|keeps the new level|remains] [so|to the end|until the end].",
            "[The rest|What follows|The second part] is {g} [throughout|from its first note to its last|all the time].",
            "[The new level|It] [holds to the end|is kept|lasts to the end].",
        ),
    ),
}
"""For each value: how it begins, how it goes on, how it ends."""
ENTRY = (
    "[At|At about|About] {t}, {x} [enters|comes in|joins|begins to play].",
    "{x} [enters|comes in|starts|sets in] at [about |]{t}.",
    "[Entry {i}|Number {i}|As number {i} comes|The {k} to play]: {x}, at [about |]{t}.",
    "[In {k} place|As the {k} one|As number {i}] [comes|follows|I hear] {x}, at [about |]{t}.",
    "The {k} entry is [that of {x}|made by {x}], [about|at] {t}.",
)
TOGETHER = (
    "[All of them|They all|All] [play|are there] from the [beginning|first bar].",
    "[They|The instruments] [start|begin] together.",
)
HAVE = (
    "[There is|I hear|I can make out] {x}, [the {k} one|number {i}|which makes {i}].",
    "{x} [is|makes|counts as] number {i}.",
    "[Number {i}|Instrument {i}|The {k} instrument] is {x}.",
    "[A {k} sound|A {k} colour] is {x}: [that makes {i}|the count is at {i}|{i} so far].",
    "[Next on my list|On my list|Added to the list|Told apart from the rest|Also heard] [is|stands] {x}, [number {i}|the {k}|which brings it to {i}|with which I have {i}].",
    "[With|Counting|Taking in|Together with] {x} [I have|the count is|the list has|I get to] {i}[ so far| by now|].",
    "{x} [can be told apart|has a sound of its own|is another one|belongs to the list], [number {i}|the {k}|which makes {i}|so I have {i}].",
)
HAVE_ALL = (
    "[No other instrument|Nothing else|No further sound] [can be heard|joins|plays], so [there are {n}|it stays at {n}|the number is {n}].",
    "[That is all|There are no more|This is the whole list]: {n}.",
    "[The list ends here|Here the list ends|With that the list is complete], at {n}.",
)
LEADS = (
    "{x} [plays a line that moves freely|has a tune of its own|goes its own way, one note after another], [and it is the strongest part|in front of the others|louder than the rest].",
    "[The tune|The leading line] [is with|comes from|lies in] {x}: [it keeps to no pattern|it moves on and on|it goes its own way].",
    "[Of all parts|Among the parts], {x} [is the one that sings|stands in front|has the moving line].",
)
SUPPORTS: dict[str, tuple[str, ...]] = {
    "chords": (
        "{x} [repeats a pattern of chord notes|plays chords, bar by bar|goes through the notes of the chords] [below|behind it|in support].",
        "[What {x} plays|The part of {x}] [is the harmony|are chord notes in a fixed pattern|is an accompaniment].",
    ),
    "bass": (
        "{x} [stays at the bottom|gives the low notes|holds the ground], [one or two notes in a bar|with the roots of the chords|in support of the rest].",
        "[Down below|At the bottom], {x} [gives the roots|supports|marks the chords].",
    ),
    "drums": (
        "{x} [gives the rhythm|keeps the beat] and [has no pitch to sing with|has no tune|plays no notes of the scale].",
        "[The part of {x}|What {x} does] [is rhythm alone|is beats, not notes].",
    ),
    "other": (
        "{x} [supports|goes along with it|accompanies] [in a pattern|without a tune of its own].",
        "[What {x} plays|The part of {x}] [supports the tune|stays behind it|goes along].",
    ),
}
BASS_CHORD = (
    "[Bar {i}|In bar {i}|Chord {i}]: the lowest note is {r}, the third above it is {q}, [so {c}|which gives {c}|so the chord is {c}].",
    "[In the {k} bar|For the {k} chord|Under the {k} chord] the bass [has|stands on|plays] {r}; [with|and with] a {q} third [it is {c}|that makes {c}|this is {c}].",
    "[Number {i}|The {k} one] [stands|is built] on {r} [with|and has] a {q} third: {c}.",
    "[The {k} bass note|Bass note {i}] is {r}, [and above it comes|and over it lies] a {q} third: {c}.",
)
AGAIN = (
    "[After that|Then|With the next bar] the [whole row|same row|row] [begins again|comes again|is repeated].",
    "[These four|The four chords] [go round|are repeated|come again] [until the end|to the end|for the whole piece].",
)
CADENCE = (
    "[The last chord|The final chord|The closing chord] [rests on|is built on|stands on] {n}, [and it sounds like home|and nothing wants to go on from there|where the music comes to rest].",
    "[Each row of four chords|Every group of four chords] [comes home to|returns to|ends on] {n}.",
    "[The note|The place] [to which all returns|where it comes to rest|that feels like home] is {n}.",
)
"""Where the chords are played and told: every row of them ends on the keynote."""
HOME = (
    "[The note|The one note] [to which the others lead|on which it could end|that feels like home] is {n}.",
    "[Of all its notes|Among its notes], {n} [feels like home|is where it comes to rest|is the one the others lead to].",
    "[It centres|All of it centres|The music centres] on {n}.",
)
THIRD = (
    "[Above|Over] {n}, the third is {q}, [so the mode is {m}|which makes it {m}|hence {m}].",
    "[Its third|The third over this note|The home chord's third] is {q}: [{m}|the mode is {m}|that means {m}].",
    "[The home chord|The chord on {n}] has a {q} third, [so it is|and that makes the key] {m}.",
)
"""With `CADENCE`; without chords only the scale can be spoken of (`SCALE`)."""
SCALE = (
    "[Above|Over] {n}, the third [of the scale|note of the scale] is {q}, [so the mode is {m}|which makes it {m}|hence {m}].",
    "[Its scale|The scale on {n}] has a {q} third: [{m}|the mode is {m}|that means {m}].",
)
BEATS_IN = (
    "[In twelve seconds|Over twelve seconds|Within twelve seconds] [I tap|I count|there are] about {b} beats, [and five times that is|times five that makes|so in a minute] about {t}.",
    "[One beat|A beat] [takes|lasts] about {d}; {z} divided by that [gives|is|makes] about {t}.",
    "[From one beat to the next|Between two beats] [pass|there are] about {d}, [which comes to|that is] about {t} in {z}.",
)
NO: dict[str, tuple[str, ...]] = {
    "metre": (
        "[would|should] bring the accent [back|round again] after {n} beats[ already|], [not {g}|and not after {g}]",
        "[asks for|needs|would have] {n} beats from accent to accent, [and I count {g}|but there are {g}|where I count {g}]",
        "[does not fit|cannot be|fails]: [its bar has|it has|there the bar holds] {n} beats, [mine {g}|here there are {g}]",
    ),
    "metre_split": (
        "[would|should] [divide each beat|have its beats divided] [otherwise|in another way]",
        "[asks for|needs|would have] [another grouping|other groups|another division of the beat]",
        "[does not fit|cannot be|fails]: [its beats are grouped otherwise|it divides the bar otherwise]",
    ),
    "direction": (
        "[would need|asks for] [another shape|another outline|a different line]",
        "[does not agree|does not fit|disagrees] with the notes [I followed|along the way|that I noted]",
        "[is not what|differs from what] the [line does|notes do|melody does]",
    ),
    "dynamics": (
        "[does not fit|does not agree with|disagrees with] [start, middle and end|the three places|what I compared]",
        "[would need|asks for] [another course|a different end|other levels]",
        "is [not how it goes|not what I hear|something else]",
    ),
    "enters": (
        "[enters|comes in] at about {t}, [too early or too late|which is another place|and this is not the entry in question]",
        "[comes in|enters] as number {i}, [not at the place that is asked for|so it is not meant|and that is not the place in question]",
        "[comes in|enters] as the {k} of them, [not at the place that is asked for|so it is not meant|and another place is asked for]",
    ),
    "entry_order": (
        "[goes wrong|differs|breaks down] at place {j}",
        "[has|puts|names] [another|the wrong] instrument at place {j}",
        "[is out|fails|cannot be right], [as|since] its place {j} [is wrong|does not agree]",
    ),
    "how_many_instruments": (
        "is too [few|low]: [my list is longer|I have more|the list has more]",
        "[would leave|leaves] [some of the list|instruments] out",
    ),
    "how_many_high": (
        "is too [many|high]: [my list is shorter|I have fewer|the list has fewer]",
        "[would need|asks for] [more than I hear|more than my list has|instruments beyond my list]",
    ),
    "melody": (
        "[accompanies|only supports|stays behind]",
        "[plays|is heard], but [not the tune|in support|as accompaniment]",
        "[goes along|keeps] [with a pattern|to the harmony]",
    ),
    "melody_not": (
        "[is not heard|does not play|is missing] [here|in this piece|at all]",
        "[is no part|is not among the parts] of this piece",
    ),
}
YES: dict[str, tuple[str, ...]] = {
    "metre": ("[fits|agrees with|matches] my count", "[has|brings] the accent where I hear it", "[gives|has] [just this bar|the bar that I counted]"),
    "direction": ("[fits|agrees with|matches] the notes [along the way|I followed|that I noted]", "[is|says] what the line does", "[describes|gives] the [outline|shape] I found"),
    "dynamics": ("[fits|agrees with|matches] [start, middle and end|all three places|what I compared]", "[is|says] how it goes", "[describes|gives] [the course|the change] I heard"),
    "enters": ("[is|stands] at just this place[ of my list|]", "[enters|comes in] {k}, at about {t}", "[fits|agrees]: its entry is number {j}"),
    "entry_order": ("[fits|agrees|is right] at every place", "[names|has|gives] the entries [as they come|in their order]"),
    "how_many_instruments": ("[agrees with|matches|is] [my list|the length of my list|the number in my list]", "[is|gives] the number [I reached|at the end of my list]"),
    "melody": ("[has|plays|carries] the tune", "[leads|is the part that leads|is in front]"),
}  # fmt: skip
REASON: dict[str, tuple[str, ...]] = {
    "metre": (
        "[The accent|The heavy beat] [returns|comes back] after [this|that] many beats.",
        "[Counting|A count] from accent to accent [gives|leads to] this metre.",
        "[That is|This is] how the beats are grouped.",
    ),
    "direction": (
        "[That is|This is] the [course|shape|outline] of the melody.",
        "[Followed from note to note|Taken as a whole|From first note to last], the melody [moves|goes] this way.",
        "The notes [along the way|of the line] [show|tell] it.",
    ),
    "dynamics": (
        "[That is|This is] what the loudness does.",
        "[Beginning, middle and end|Start, middle and close] [show|tell] it.",
        "[From start to end|Over the piece] the loudness [behaves|goes] like this.",
    ),
    "enters": (
        "[Its entry|Its first note] [stands|comes] at this place.",
        "[That is|This is] the [one|instrument] that comes in {k}.",
        "[In the list of entries|Among the entries] it [stands|is] {k}.",
    ),
    "entry_order": (
        "[They|The instruments] [come in|enter] in this order.",
        "[Each|Every] [place|entry] agrees.",
        "[That is|This is] [how they follow one another|the order of the entries].",
    ),
    "how_many_instruments": (
        "[That is|This is] how many [instruments |]I can tell apart.",
        "[So many|That many] [play|are heard|instruments take part].",
        "[The list|My list] [ends|stops] there.",
    ),
    "melody": (
        "[It|This instrument] [has|plays|carries] the [tune|melody].",
        "[The tune|The leading line] [is heard|lies] there.",
        "[That is|This is] the part that leads.",
    ),
}
CAPTION_METRE = (
    "[The metre|Its metre|The metre of the piece|The measure] is {m}[, as the accents tell|, going by the accents|, bar after bar|, from start to end|, as far as I count| throughout|].",
    "[It goes|The piece goes|The music goes|All of it goes|Everything moves] in {m}[, as the accents tell|, going by the accents|, bar after bar|, from start to end|, as far as I count| throughout|].",
    "[The bars are|The beats are grouped|The beats are counted|Its bars stand] in {m}[, as the accents tell|, going by the accents|, without a change|, from start to end|, as far as I count|].",
    "[As for the metre|The metre, by its accents|Counted by accents|By its accents|The metre, as I count it|From accent to accent]: {m}[ throughout| from start to end| in every bar|].",
    "[I count it|It is to be counted|It can be counted|I count the bars|One counts it|The ear counts it] in {m}[ throughout| from start to end| in every bar| without a change|].",
    "[The accents|The heavy beats|The strong beats|Its accents] [make|give|mark|point to|speak for] {m}[ throughout| from start to end| in every bar|].",
)
CAPTION_ENTRIES = (
    "[One after another|In turn|Not all at once] [enter|there come in|join] {l}.",
    "[The entries|Who enters, and when|The instruments enter one by one]: {l}.",
    "[They come in|The instruments come in|They join] one after the other: {l}.",
    "[They do not start together|No two of them start together|The players wait for one another]: {l}.",
)
CAPTION_DIRECTION = (
    "[The melody|The tune|The leading line|The main line] [is with|is played by|comes from|is heard from|lies in] {x}[ and has a shape of its own| and can be followed well| all the time| above the rest|].",
    "{x} [has|plays|carries|leads with|sings] the [tune|melody|leading line][ of the piece| all the time| above the rest|].",
    "[In front of the others|Leading the others], {x} [plays|has|carries] the [tune|melody].",
)
CAPTION_DYNAMICS = (
    "[In loudness|As to loudness|In volume|As far as loudness goes|On the side of loudness], {d}.",
    "[Over the whole piece|From start to end|All through|On the way|From the first bar to the last|Taken as a whole|From beginning to end], {d}.",
    "[As the music goes on|As the bars go by|While it is played|Bar by bar], {d}.",
    "[As for its strength|As for the loudness|Loud and soft|Listening for loud and soft]: {d}.",
)
COURSE: dict[str, tuple[str, ...]] = {
    "crescendo": ("it [grows|gets|becomes] louder [little by little|bit by bit|by and by]", "it [gains in|grows in] [loudness|strength][ little by little| slowly|]", "the [level|loudness] [rises|goes up] [gradually|without a jump|slowly]"),
    "diminuendo": ("it [grows|gets|becomes] softer [little by little|bit by bit|by and by]", "it [loses in|goes down in] [loudness|strength][ little by little| slowly|]", "the [level|loudness] [falls|goes down] [gradually|without a jump|slowly]"),
    "steady": ("it [keeps|holds|stays at] about [the same|one] loudness", "the [level|loudness] [stays about the same|is kept|hardly changes]", "it becomes [neither louder nor softer|no louder and no softer]"),
    "sudden": ("[its|the] [loudness|level] changes [all at once|at a stroke|suddenly]", "it [jumps|changes] from one level to another", "there is one [jump|sudden change] of loudness"),
}  # fmt: skip
"""How a caption tells the course of the loudness."""
