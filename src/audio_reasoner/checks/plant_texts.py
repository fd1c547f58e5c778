# ruff: noqa: E501 -- a sentence is read in one piece
"""Sentences in which teachers state things, written down before the rules that read them were widened.

Decision: each kind has two halves. Rules are mended with `seen` open on the table; `held_out` is only ever counted, so
its recall says what a rule is worth against wordings it was not made for. Where a held-out sentence has been looked at
to learn what kind of statement is missed, it moves to `seen` and new ones are written before the rules are touched. The same sentences filled with true values
are the controls: a rule that fires on them is wrong. `TRAPS` are sentences that look like false statements and are
none: negations, doubts, suppositions, rejected options, quotations.

Fields: {a} {b} sounds, {n} a number, {times} "twice", {t} {u} moments and {d} a length in seconds, {list} sounds in
order, {w} a sound that is not there, {X} and {x} an option's letter, {o} its text.
"""

from __future__ import annotations

from typing import Literal

Half = Literal["seen", "held_out"]

STATEMENTS: dict[str, dict[Half, tuple[str, ...]]] = {
    "order_pair": {
        "seen": (
            "The {a} comes before the {b}.",
            "I can clearly hear the {a} first, and the {b} only later.",
            "The {b} is heard after the {a}.",
            "After the {a}, the {b} can be heard.",
            "First there is the {a}, then the {b}.",
            "The {a} precedes the {b} in the recording.",
            "Once the {a} has faded, the {b} takes over.",
        ),
        "held_out": (
            "The {b} follows the {a}.",
            "The {a} occurs earlier than the {b}.",
            "I hear the {a}, and later on the {b}.",
            "Listening chronologically, the {a} gives way to the {b}.",
            "The {b} appears later in the clip than the {a}.",
            "Prior to the {b} we hear the {a}.",
            "The {a} shows up, and subsequently the {b}.",
        ),
    },
    "order_next": {
        "seen": (
            "The {b} comes immediately after the {a}.",
            "Right after the {a} we hear the {b}.",
            "The {a} is directly followed by the {b}.",
            "Immediately before the {b}, there is the {a}.",
            "The very next sound after the {a} is the {b}.",
            "The {b} follows directly on the {a}, with nothing in between.",
            "The sound just before the {b} is the {a}.",
            "The {a} leads straight into the {b}.",
        ),
        "held_out": (
            "What comes right after the {a} is the {b}.",
            "The {a} is succeeded at once by the {b}.",
            "Straight after the {a}, one hears the {b}.",
            "Immediately preceding the {b} is the {a}.",
        ),
    },
    "first": {
        "seen": (
            "The clip opens with the {a}.",
            "The first sound I can make out is the {a}.",
            "The {a} comes first.",
            "The audio begins with the sound of the {a}.",
            "At the very beginning, we hear the {a}.",
            "The recording kicks off with the {a}.",
            "The {a} is the earliest event in the clip.",
            "Initially, the {a} can be heard.",
        ),
        "held_out": (
            "It all starts with the {a}.",
            "The {a} opens the recording.",
            "The sequence commences with the {a}.",
            "In the beginning there is the {a}.",
        ),
    },
    "last": {
        "seen": (
            "The clip ends with the {a}.",
            "The last sound heard is the {a}.",
            "The {a} comes last.",
            "Finally, the {a} can be heard.",
        ),
        "held_out": (
            "The recording closes with the {a}.",
            "The final event is the {a}.",
            "At the very end, the {a} is audible.",
            "The audio concludes with the sound of the {a}.",
        ),
    },
    "order_list": {
        "seen": (
            "The correct order is: {list}.",
            "The sounds occur in the following sequence: {list}.",
            "So the order of events is {list}.",
            "In chronological order I hear {list}.",
            "Listed from start to end, the sounds are {list}.",
            "The sequence I identified ({list}) is clear.",
            "The events unfold as follows: {list}.",
            "Putting them in order gives {list}.",
        ),
        "held_out": (
            "Arranged by time, the events are {list}.",
            "The chronology is {list}.",
            "From first to last, I hear {list}.",
            "My notes give the order {list}.",
        ),
    },
    "count": {
        "seen": (
            "There are {n} separate sound events in total.",
            "I count {n} sounds altogether.",
            "The clip contains {n} distinct sound events.",
            "In total, {n} sounds can be heard.",
            "The audio consists of {n} individual sounds.",
            "That makes {n} sound events overall.",
        ),
        "held_out": (
            "The total number of sound events is {n}.",
            "Adding everything up, we arrive at a total of {n} events.",
            "Altogether the recording features {n} separate sounds.",
            "{N} sound events are present in this clip.",
            "Overall, I was able to identify {n} individual sound events.",
            "The final tally comes to {n} sounds.",
        ),
    },
    "count_of": {
        "seen": (
            "The {a} is heard {times}.",
            "The {a} occurs {times} in the clip.",
            "I hear the {a} {times} overall.",
            "In all, the {a} appears {times}.",
            "There are {n} occurrences of the {a}.",
            "The {a} can be heard {times} over the course of the recording.",
            "I counted the {a} {times}.",
            "The number of times the {a} occurs is {n}.",
            "There are {n} instances of the {a}.",
            "The {a} shows up {times} in this audio.",
        ),
        "held_out": (
            "All in all, the {a} sounds {times}.",
            "The {a} turns up {times} in the clip.",
            "The {a} is repeated so that it occurs {times} in all.",
            "My count for the {a} is {n}.",
        ),
    },
    "time": {
        "seen": (
            "The {a} starts at about {t} seconds.",
            "At around {t} s, the {a} begins.",
            "The {a} sets in {t} seconds into the clip.",
            "Around the {t}-second mark, the {a} starts.",
            "The {a} begins at {t}s.",
            "The onset of the {a} is at roughly {t} seconds.",
            "The {a} enters approximately {t} seconds into the recording.",
            "After about {t} seconds, the {a} begins to sound.",
            "The {a} (starting at {t} s) is clear.",
            "At the {t}-second point the {a} comes in.",
        ),
        "held_out": (
            "About {t} seconds in, the {a} appears.",
            "The {a} can first be heard at {t} s.",
            "It takes roughly {t} seconds until the {a} sets in.",
            "The start of the {a} falls at {t} s.",
        ),
    },
    "time_range": {
        "seen": (
            "The {a} is heard from {t} to {u} seconds.",
            "Between {t} s and {u} s, the {a} is audible.",
            "From {t} s to {u} s the {a} sounds.",
            "[{t}s - {u}s] The {a}.",
        ),
        "held_out": (
            "The {a} runs from about {t} seconds until {u} seconds.",
            "The {a} ({t}–{u} s) is quite prominent.",
            "The {a} spans the interval between {t} and {u} seconds.",
            "{t}s-{u}s: the {a}.",
        ),
    },
    "duration": {
        "seen": (
            "The {a} lasts about {d} seconds.",
            "The {a} goes on for roughly {d} s.",
            "The {a} lasts for {d} seconds.",
            "The {a} has a duration of about {d} seconds.",
            "The {a} is around {d} seconds long.",
            "The {a} continues for {d} seconds.",
            "A {d}-second {a} is heard.",
            "The length of the {a} is about {d} seconds.",
        ),
        "held_out": (
            "The {a} keeps going for {d} seconds.",
            "The {a}, which lasts {d} seconds, is easy to recognise.",
            "For about {d} seconds the {a} is audible.",
            "The duration of the {a} comes to {d} s.",
        ),
    },
    "clip_length": {
        "seen": (
            "The clip lasts about {d} seconds.",
            "The recording is about {d} seconds long.",
            "The audio has a total duration of {d} seconds.",
            "This is a {d}-second recording.",
        ),
        "held_out": (
            "The whole clip runs for approximately {d} seconds.",
            "The audio clip is {d} s in length.",
            "With a length of about {d} seconds, the recording is easy to survey.",
            "The total length of the audio is {d} seconds.",
        ),
    },
    "silence": {
        "seen": (
            "Between {t} s and {u} s there is silence.",
            "From {t} to {u} seconds, nothing is heard.",
            "There is a pause from {t} s to {u} s.",
            "The clip is silent between {t} and {u} seconds.",
        ),
        "held_out": (
            "No sound occurs from {t} s to {u} s.",
            "A gap of silence separates the sounds between {t} and {u} seconds.",
            "The stretch from {t} to {u} seconds is completely quiet.",
            "Complete silence reigns between {t} s and {u} s.",
        ),
    },
    "leading_silence": {
        "seen": (
            "The clip opens with {d} seconds of silence.",
            "The first {d} seconds are silent.",
            "Nothing is heard for the first {d} seconds.",
        ),
        "held_out": (
            "The recording starts with about {d} seconds of silence before anything is heard.",
            "It is quiet for the first {d} seconds.",
            "There is no sound during the initial {d} seconds.",
        ),
    },
    "denied": {
        "seen": (
            "There is no {a} in the recording.",
            "No {a} can be heard in this clip.",
            "The {a} does not occur at all.",
            "I do not hear any {a} in the audio.",
            "The {a} is absent from the recording.",
            "At no point is a {a} audible.",
            "The clip contains no {a}.",
            "The {a} never appears in the clip.",
        ),
        "held_out": (
            "The {a} is nowhere to be heard.",
            "One thing is missing: the {a}.",
            "I listened for it, but there was no {a}.",
            "Not a single {a} can be heard.",
        ),
    },
    "only": {
        "seen": (
            "The only sounds are {set}.",
            "Apart from {set}, nothing else is heard.",
            "Only {set} can be heard.",
            "There is nothing in the clip besides {set}.",
            "The recording contains {set} and no other sound.",
            "All I can hear is {set}.",
        ),
        "held_out": (
            "Nothing apart from {set} can be heard.",
            "The clip is made up solely of {set}.",
            "Just {set} can be heard, nothing else.",
            "The entire recording holds only {set}.",
        ),
    },
    "invented": {
        "seen": (
            "A {w} can also be heard.",
            "There is also the sound of a {w}.",
            "In the background a {w} is audible.",
            "I also notice a {w} towards the middle.",
        ),
        "held_out": (
            "Somewhere in between, a {w} joins in.",
            "One can make out the {w} as well.",
            "The scene is accompanied by a distant {w}.",
            "A faint {w} is present throughout.",
        ),
    },
    "speech": {
        "seen": (
            "A man is speaking in the background.",
            "A female voice says something indistinct.",
            "Two people are having a conversation.",
            "Speech can be heard throughout the clip.",
            "Someone is talking quietly while the sounds go on.",
            "A narrator introduces the scene.",
            "There is a brief exchange of words between a woman and a child.",
            "The recording contains human speech.",
        ),
        "held_out": (
            "You can hear a woman talking.",
            "There are voices in conversation.",
            "A person says a few words.",
            "Somebody gives a short speech.",
        ),
    },
    "speakers": {
        "seen": (
            "There are {n} speakers in the recording.",
            "I can distinguish {n} different voices.",
            "The conversation involves {n} people.",
            "In total, {n} distinct speakers take part.",
            "The dialogue is between {n} individuals.",
            "{N} people are talking in this clip.",
            "The number of speakers is {n}.",
            "Based on the timbre, {n} separate speakers can be identified.",
        ),
        "held_out": (
            "I hear {n} different people speak.",
            "A total of {n} voices can be told apart.",
            "Altogether {n} persons speak.",
            "It is a talk among {n} speakers.",
        ),
    },
}  # fmt: skip

TRAPS: dict[Half, tuple[str, ...]] = {
    "seen": (
        "If the {w} were part of the scene, it would be easy to notice.",
        "One might think that the {b} comes before the {a}, but that is not the case.",
        "There are not {n} sounds, as one option claims.",
        "At least one sound is heard before the clip ends.",
        "Perhaps there were {n} sounds, I thought at first, so I counted again.",
        "It is not a {w}, although the timbre is similar.",
        "The option that puts the {b} before the {a} cannot be right.",
        "A careless listener could take this for {n} sounds.",
        "I ask myself whether the {b} comes before the {a}.",
        "The sign says \"a {w} rings {n} times\", but that is only an option.",
        "More than one sound is needed for an order to exist.",
        "No second {a} follows directly on the first one.",
        "Nothing suggests that a {w} is involved.",
        "Option ({x}) says the {b} opens the clip, so I drop it.",
        "Two of these sounds stand close together.",
        "The {a} does not last {d} seconds.",
        "Do I hear a {w}?",
        "Unlike a {w}, it has a clear beginning.",
    ),
    "held_out": (
        "Had there been a {w}, I would have noticed it.",
        "It would be wrong to say that the {b} precedes the {a}.",
        "Hardly anyone would count {n} sounds here.",
        "Up to {n} sounds would be possible in a clip of this kind.",
        "I first suspected a {w}, then ruled it out.",
        "It resembles a {w}, yet it is something else.",
        "A sequence with the {b} ahead of the {a} contradicts what I hear.",
        "Is the {a} heard {n} times?",
        "Suppose the {b} came first: that would not fit.",
        "Choice {X} lists the {b} in front of the {a}, which fails.",
        "It is unlikely that somebody is speaking here.",
        "Neither a {w} nor any other extra sound is present.",
        "Fewer than {m} sounds can be heard.",
        "The answer \"{n}\" would leave the count unexplained.",
        "Instead of a {w}, the clip offers something different.",
        "I checked that no {w} was hidden behind the rest.",
        "Rejecting the idea of {n} events, I stay with my list.",
        "It could be {n} or so, but I had better count.",
    ),
}  # fmt: skip

SURFACE: dict[str, dict[Half, tuple[str, ...]]] = {
    "dog": {"seen": ("dog", "dog bark"), "held_out": ("barking dog", "barking")},
    "cat": {"seen": ("cat",), "held_out": ("cat's meow", "meowing")},
    "bird": {"seen": ("bird", "bird chirping"), "held_out": ("birdsong", "chirping bird")},
    "bell": {"seen": ("bell",), "held_out": ("ringing bell",)},
    "siren": {"seen": ("siren",), "held_out": ("wailing siren",)},
    "alarm": {"seen": ("alarm",), "held_out": ("beeping alarm",)},
    "phone": {"seen": ("phone",), "held_out": ("telephone",)},
    "horn": {"seen": ("horn",), "held_out": ("car horn",)},
    "engine": {"seen": ("engine",), "held_out": ("running engine",)},
    "rain": {"seen": ("rain",), "held_out": ("falling rain",)},
    "thunder": {"seen": ("thunder",), "held_out": ("rumble of thunder",)},
    "knock": {"seen": ("knock", "knocking"), "held_out": ("knocking on a door",)},
    "clap": {"seen": ("clap",), "held_out": ("hand clapping",)},
    "footsteps": {"seen": ("footsteps",), "held_out": ("sound of footsteps",)},
    "whistle": {"seen": ("whistle",), "held_out": ("whistling",)},
    "drum": {"seen": ("drum",), "held_out": ("drumming",)},
    "glass": {"seen": ("glass",), "held_out": ("breaking glass",)},
    "clock": {"seen": ("clock", "ticking clock"), "held_out": ("clock ticking",)},
    "saw": {"seen": ("saw",), "held_out": ("sawing",)},
    "frog": {"seen": ("frog",), "held_out": ("croaking frog",)},
}
"""How teachers name the bank's sounds; a label that is not here is named as it is."""

INVENTED: dict[Half, tuple[str, ...]] = {
    "seen": ("piano", "cow", "guitar", "train", "helicopter", "rooster", "violin", "sheep"),
    "held_out": ("trumpet", "horse", "baby", "airplane", "duck", "crow", "motorcycle", "waterfall"),
}
"""Sounds that no class of the bank can be mistaken for."""
