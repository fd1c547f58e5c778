# ruff: noqa: E501 -- a pattern is read as one sentence
"""Sentence patterns about music."""

from __future__ import annotations

ASK: dict[str, tuple[str, ...]] = {
    "tempo": (
        "[The question asks|I am asked|What is wanted is] [how fast the music goes|for the tempo|how quick the pulse is].",
        "[I have to|I need to|The task is to] [find|judge] the [tempo|speed of the pulse][, in beats per minute|].",
        "[The pulse matters here|It is the pulse that matters]: how many beats [fall into|pass in] a minute?",
    ),
    "mode": (
        "[The question asks|I am asked|What is wanted is] whether [it is major or minor|the piece stands in major or in minor|the key is a major or a minor one].",
        "[I have to|I need to|The task is to] tell major from minor[ in this piece| here|].",
        "[It is the tonality that matters|The tonality decides|The colour of the key matters]: major or minor[, one of the two|].",
    ),
    "key": (
        "[The question asks|I am asked] [for the key|which key the piece has|in which key the music stands].",
        "[I have to|I need to|The task is to] [name|find] the [keynote and the mode|key, keynote and mode together].",
        "[A key is wanted|The key is wanted]: [the note at which the music comes to rest|its keynote], and major or minor.",
    ),
    "genre": (
        "[The question asks|I am asked] [for the genre|which genre the music belongs to|what kind of music this is].",
        "[I have to|I need to|The task is to] [place|put] the music [in|into] one of the genres[ offered|].",
        "[It is a question of style|Style is the matter here]: which [genre|kind of music] [is this|do I hear]?",
    ),
    "instrument": (
        "[The question asks|I am asked|What is wanted is] which [of the instruments|instrument] [plays|is heard].",
        "[I have to|I need to|The task is to] [recognise|pick out] the instrument [that plays|among the options].",
        "[Several instruments are offered|The options name several instruments], [but|and] [only one of them|just one] [plays|is heard].",
    ),
    "mood": (
        "[The question asks|I am asked] [for the mood that key and tempo suggest|which mood key and tempo suggest|for the mood suggested by key and tempo].",
        "[I have to|I need to|The task is to] [draw|find] the mood [from|out of] [two things|two traits], key and tempo.",
        "[Mood is to be drawn|The mood follows] from [the tonality and the pulse|key and tempo together].",
    ),
    "chords": (
        "[The question asks|I am asked] [for the order of the chords|in which order the chords come].",
        "[I have to|I need to|The task is to] note the order of the chords[, one by one|].",
        "[It is about harmony|Harmony is the matter here]: which chord comes first, which next?",
    ),
    "describe_music": (
        "[The request is|I am asked|The task is] to [describe|give an account of|put into words] the music[ that is heard| of the clip|].",
        "[I have to|I need to|I want to] [put the music into words|describe what is played|say what this music is like][, trait by trait|, as far as I can hear it|].",
        "[A description is wanted|What is wanted is a description|This calls for a description]: [what the music is made of|its traits|the traits of the piece], [and how it comes across|and what follows from them].",
    ),
}
STEP = (
    "[I start with|I begin with|First comes] [the tonality|what the ear can settle], [then come tempo and mood|then tempo and mood follow], [and the style comes last|and at last the style].",
    "[I collect|First I collect|I want to collect] the traits [one by one|in turn], [key, tempo and what follows from them|from the key to the style], and then [answer|decide].",
    "[From the plain to the general|From the simple to the general|What is plain comes first]: [key and tempo first|first what can be counted|first pulse and key|before all else what can be named], [then what they suggest|then the impression|then what follows from it|and the whole at the end].",
    "[Trait by trait|One trait at a time], I [go through|listen through] the piece and keep what [bears on the question|is asked for].",
)
STEP_ONE = (
    "[I listen|I will listen|I want to listen|To begin with I listen] for this [one trait|trait] [first|alone|before all else] and [then hold|only then hold|hold, after that,] the options against it.",
    "[One trait is enough|A single trait is enough|It takes one trait] here, [so I listen for it|so that is what I listen for|and I listen for it] [first|before anything else|alone][, whatever else is played|].",
    "[I settle this|First I settle this|To begin with I settle this] by [ear|listening], [then|and then] [come the options|I go through the options|the options can be judged].",
    "[The rest of the music|Everything else in the music|Whatever else is played] [can wait|is of no concern here|matters less]; [this one trait|one trait|this trait] has to be [found|clear|settled].",
    "[With|Out of] all that [is played|can be heard], [one trait|this one trait|a single trait] [decides|is what counts|has to be picked out], [and the options follow from it|then the options can be judged|so it comes first].",
)
PIECE = (
    "[About|Roughly] {d} of music [can be heard|are heard|make up the clip|fill the clip].",
    "[For|Over] [about|roughly] {d} [there is music|a piece is played|music can be heard|I hear music].",
    "[The clip|The recording] [holds|contains|brings] [music|a piece of music], [about|roughly] {d} [long|in length].",
    "[Music plays|Music is heard|A piece of music plays] [for|over] [about|roughly] {d}.",
    "[What I hear is|It is|This is] [a piece of music|music] of [about|roughly] {d}.",
    "[The music|The piece|The clip, all of it music,] [lasts|goes on for|takes|runs for] [about|roughly] {d}.",
)
KEY = (
    "[The key is|It stands in|The keynote and mode are those of|Its key is|I hear the key as|The key that I hear is|It is written in|The key of the piece is|What I hear is in] {k}.",
    "[The music|The piece|All of it] [moves|is|stays|rests|stands] in {k}.",
    "[As for the key|Its tonality|The tonality|On tonality|The key|Keynote and mode together|Its key, by the notes]: {k}[, as far as I hear|, to my ear|].",
    "[It comes to rest|The lines come to rest|Everything settles] in {k}[, which is the key|].",
    "[The notes|The lines|Its notes|The phrases|All notes together] [point to|belong to|agree with|speak for] {k}[ as the key|, its key| from first to last|].",
)
TEMPO = (
    "[Tapping along|Counting along], I [get to|arrive at|reach] about {t} beats [per minute|a minute], a {p} [pace|tempo].",
    "[The pulse|The beat] [goes at|runs at|comes at] about {t} beats per minute, [which is|so it is] {p}.",
    "[With|At] about {t} beats [per minute|a minute], the [tempo|pace] is {p}.",
    "[The tempo is|It has a tempo of] about {t} beats per minute: {p}.",
    "[The music|The piece] [goes|moves|runs] at a {p} [pace|tempo], about {t} beats [per minute|a minute].",
)
GENRE = (
    "[The style|The genre|The kind of music|Its style] [is|is that of] {g}.",
    "[In style|As for style|By its style|Going by the style], it [belongs to|is|can be called|counts as] {g}.",
    "[The way it is played|The whole|All this|The sound of it] [belongs to|points to|is typical of] {g}.",
    "[I would call it|I put it down as|I would file it under|By its manner I take it for|To my ear it is] {g}[ without much doubt| at once| before anything else|].",
    "[The music|The piece|What is played] [is|counts as|can be called|goes under the name of] {g}[ in style| by its style|].",
)
PLAYS = (
    "[What plays is|What I hear is|I hear|I can make out|The ear catches|Among the sounds is|There is|I recognise|I notice] {i}[ in this piece| in this music| in it| here| throughout the clip|].",
    "{i} [can be heard|can be made out|can be recognised|can be told apart|can be noticed][ in it| in this piece| here| in the music| through the piece| on the way|].",
    "[The music comes from|It is played on|The piece is played on|For instruments there is|For an instrument I hear|The sound is that of|All of it is played on] {i}[|, as far as I hear|, to my ear|, going by the sound|, as far as I can tell].",
    "[As for the instruments|On the side of the instruments|As to what plays|The instruments|What plays here|On instruments|By way of instruments]: {i}[|, as I hear it|, to my ear|, as far as I hear].",
    "[Listening for the instruments|As to instruments|By its sound|In this music], I [hear|recognise|make out|find] {i}.",
)
CHORDS = (
    "[The harmony|The harmony of the piece|Its harmony] [goes|moves|runs|changes] {c}[ in turn| from chord to chord|].",
    "[The chords|Its chords|The chords of the piece] [are|follow as|come as|change as|run] {c}[, in this order| from first to last|].",
    "[I hear the chords|The ear follows the chords|Chord by chord I hear|As to chords, I hear] {c}[, one after another|].",
    "[As for the harmony|The chords, in their order|The harmony, chord by chord|In chords]: {c}.",
)
CHORD = (
    "[Chord {i}|Chord number {i}|Number {i}|The chord in place {i}|The {k} chord] [is|turns out to be|sounds as|is heard as] {c}.",
    "[At|In] place {i} [comes|stands|I hear|I note|I find] {c}.",
    "[Then|Next|Now|Going on], [in place {i}|as number {i}|as the {k} chord], [comes|I hear|there is|follows] {c}.",
    "{c} [takes|fills|has|stands in] [place {i}|the {k} place].",
    "[As the {k} chord|As chord {i}|As number {i}|In {k} place] [I hear|I note|comes|there is] {c}.",
)
MOOD = (
    "[A|The] {m} key and a {p} [pulse|tempo] [together|taken together] [suggest|point to] a {o} mood.",
    "{M} and {p}: [that makes the piece|such music comes across as] {o}.",
    "[Since it is|Being] {m} and {p}, [the piece|the music] [comes across as|sounds] {o}.",
    "[From|Out of] a {m} key and a {p} [pulse|tempo] [comes|follows|I draw] a {o} mood.",
)
MODE_OF = (
    "[The keynote|The note it comes to rest on|The note at which it rests|Its keynote|The home note] is {n}, and the mode is {m}.",
    "[The piece is|It stands|The music is|The music stands|All of it is] in {k}, so the mode is {m}[ and the keynote {n}|].",
    "[The key is|Its key is|I hear the key as|The key that I hear is] {k}: [the mode is {m}|{m} in mode|{n} for keynote, {m} for mode|keynote {n}, mode {m}].",
    "[Resting on|With] {n} as [its keynote|the keynote|home], [the piece|the music] [is|stands] in {m}, [so|that is,] {k}.",
    "[It is|This is|I hear] {k}, [a {m} key|so a {m} key|which is a {m} key] [with {n} as its keynote|on the note {n}|built on {n}].",
)
NO: dict[str, tuple[str, ...]] = {
    "tempo": ("[is too {s}|would be {f} than {z}]", "[does not fit|does not agree with|misses] {z}: [it is too {s}|too {s}]", "[would have|calls for|asks for] a {f} [beat|pulse][ than I hear|]", "[cannot be right|does not fit], since [the pulse is {o}|what I hear is {o}]"),
    "mode": ("does not [fit|agree with|go with] [the key|this key|the key I hear]", "[would need|asks for|calls for|belongs to] [another|a different] key", "is [not the mode|the wrong mode] [of this key|for this key|here]"),
    "key": ("[has another keynote or mode|differs from the key I hear]", "[does not fit|does not agree with] the [keynote and mode|key]", "is [another|a different] key"),
    "genre": ("[would sound different|has other traits]", "[does not fit|does not go with] [what is played|this style]", "is [another|a different] style"),
    "instrument": ("[is not heard|does not play|cannot be heard] [here|in this piece|at any point]", "is [missing|absent] from the [piece|music]"),
    "mood": ("[asks for|would need] {w}", "[does not go with|does not fit] [this key and tempo|both traits]"),
    "chords": ("[goes wrong|differs|breaks down] at place {j}", "[has|puts] [another|the wrong] chord at place {j}"),
}  # fmt: skip
YES: dict[str, tuple[str, ...]] = {
    "tempo": ("[fits|agrees with|matches|is close to|hits] [the pulse|the beat|what I counted|the rate I tapped]", "is [the rate of the pulse|the tempo that I hear|what I counted]"),
    "mode": ("[fits|agrees with|goes with|matches] [the key|this key|the key I hear]", "[is|names] the mode of [this key|the key|the piece]"),
    "key": ("[is|agrees with|matches] the key I hear", "has the right [keynote and mode|note and mode]"),
    "genre": ("[fits|goes with|agrees with] [what is played|this style|what I hear]", "[is|names] the style I hear"),
    "instrument": ("[is heard|plays|can be heard][ here| in this piece|]", "is [the instrument|what] I hear"),
    "mood": ("[goes with|fits] [this key and tempo|both traits]", "[follows from|agrees with] key and tempo"),
    "chords": ("[fits|agrees] at every place", "[has|names] the chords [as they come|in their order]"),
}  # fmt: skip
SUM = (
    "[All in all|Taken together|In the end|Going by all this|Summing up], this [points|leads|comes] to {y}[: option ({L})|, which is option ({L})|, given as option ({L})|, and that is option ({L})].",
    "[What remains|What I arrive at|What I come to|What the music gives|What is left] is {y}, [so|and therefore|hence] option ({L}) [is right|fits|is the answer|can be kept].",
    "[The result|My result|What comes out|The outcome|My answer] is {y}, [option ({L})|which is option ({L})|given as option ({L})|as in option ({L})][, and no other|].",
    "{y} [is what I hear|is what the music gives|agrees with the music|fits the piece|is what comes out], [so|and therefore|hence] option ({L}) [is right|fits|is the answer|can be kept].",
)
SUM_OPEN = (
    "[The traits|All traits] [of the music|of the piece|] [are gathered|have been named|are on the table]: {r}.",
    "[In short|All in all|Summed up|Put together], [the music is told by|what counts here is|the piece has these traits:|what I have is] {r}.",
    "[The music|The piece] is [marked by|known by|made of] [what I found|these traits]: {r}.",
)
REASON: dict[str, tuple[str, ...]] = {
    "tempo": (
        "[That is|This is] the [speed|rate] of the [pulse|beat|music].",
        "[The beat|The pulse|The music] [comes|goes|moves] at this rate.",
        "[Tapping along|Counting along] [gives|leads to] this rate.",
    ),
    "mode": (
        "[That is|This is] the mode of [the key|its key|the piece].",
        "[The key|Its key|The key of the piece] [settles it|decides it|tells the mode|leaves no other mode].",
        "[A key like this|This key|The key that I hear] [is of|has|belongs to] this mode.",
    ),
    "key": (
        "The [music|piece] [comes to rest|stands|moves] in this key.",
        "[That is|This is] [its key|the key of the piece|where it comes to rest].",
    ),
    "genre": (
        "[That is|This is] the [style|kind of music] [I hear|that is played].",
        "The [music|piece] [belongs to|is in] this style.",
        "[The way it is played|The sound of it] [speaks for|points to] this style.",
    ),
    "instrument": (
        "It [is heard|plays|can be heard] in [the piece|this music|the clip].",
        "[That is|This is] [what plays|what I hear|the instrument that plays].",
        "[Of|Among] the [instruments offered|options|instruments named], [this one|only this one|it alone] [plays|is heard].",
    ),
    "mood": (
        "[Key and tempo|The key and the pulse|These two traits] [point to it|suggest it|speak for it|lead there].",
        "[It|This mood] [follows from|goes with|comes from] [key and tempo|the key and the pulse].",
    ),
    "chords": (
        "[Every place|Each place] [agrees|fits|is right][, from the first chord to the last|].",
        "[The chords|The harmonies] [come|follow one another|are heard] in this order[ from first to last| in the piece|].",
        "[This|That] is [how|the way] [I hear them|they come|the chords follow one another].",
    ),
}
