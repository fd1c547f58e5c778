"""English scenarios on stage, in a shop, in a laboratory."""

from __future__ import annotations

from audio_reasoner.synth.scripts.scenarios import Ask, Option, Scenario

STAGE = (
    Scenario(
        "newspaper",
        "a meeting at a local newspaper",
        (
            ("What do we have for tomorrow?", "Mostly sports and the weather."),
            ("The phone hasn't stopped all morning.", "That's because of the {bridge|festival|flood}."),
            ("Who wrote this headline?", "I did, and I like it."),
            ("There's a hole on page three.", "An empty page, on a day like this."),
        ),
        (
            (
                Option(
                    "print the story tomorrow",
                    "printing the story tomorrow",
                    (
                        "two people have confirmed every word",
                        "the other paper knows about it as well",
                        "readers have a right to know it",
                        "next week nobody will care any more",
                    ),
                ),
                Option(
                    "wait for more proof",
                    "waiting for more proof",
                    (
                        "the mayor hasn't answered yet",
                        "a mistake could ruin somebody's life",
                        "the letter may well be a fake",
                        "the lawyer wants to read it first",
                    ),
                ),
            ),
            (
                Option(
                    "put the fire on page one",
                    "putting the fire on page one",
                    (
                        "everybody in town has seen the smoke",
                        "the pictures are extraordinary",
                        "it's the biggest news in months",
                    ),
                ),
                Option(
                    "put the school on page one",
                    "putting the school on page one",
                    (
                        "hundreds of families are affected",
                        "the fire was over in ten minutes",
                        "nobody else has that story",
                    ),
                ),
            ),
        ),
        (
            Ask("When is the deadline?", "the deadline is {time}"),
            Ask("How many copies are printed?", "{many} thousand copies are printed tonight"),
            Ask("When does the mayor speak?", "the mayor speaks on {day}"),
            Ask("What does a full page cost?", "a full page now costs {price} more"),
            Ask("Where did it happen?", "it happened {near the old mill|at the harbour|behind the stadium}"),
        ),
        (
            "interview the fire chief",
            "use a bigger picture",
            "check the names again",
            "write something cheerful for once",
            "have page two for the concert",
        ),
    ),
    Scenario(
        "charity run",
        "organising a charity run",
        (
            ("Did everybody get my message?", "Yes, but I haven't read it to the end."),
            ("The {banner|poster} looks fantastic.", "The kids painted it themselves."),
            ("Only three weeks left.", "And so much is still open."),
            ("My phone is full of new messages.", "Those are all people who want to run."),
        ),
        (
            (
                Option(
                    "run through the park",
                    "running through the park",
                    (
                        "no road has to be closed for it",
                        "there are toilets and water everywhere",
                        "the ground is soft and shady",
                        "families can sit on the grass and cheer",
                    ),
                ),
                Option(
                    "run through the old town",
                    "running through the old town",
                    (
                        "many more people would stop and watch",
                        "the shops have promised to help",
                        "the paths in the park are muddy",
                        "the finish at the town hall looks great",
                    ),
                ),
            ),
            (
                Option(
                    "ask for a starting fee",
                    "asking for a starting fee",
                    (
                        "the shirts have to be paid somehow",
                        "people who pay really do come",
                        "every coin goes to the hospital",
                    ),
                ),
                Option(
                    "make the run free",
                    "making the run free",
                    (
                        "then nobody has to stay at home",
                        "runners give more when they aren't forced",
                        "the bank covers all the costs anyway",
                    ),
                ),
            ),
        ),
        (
            Ask("When does the run start?", "the run starts at {time}"),
            Ask("How many runners are there so far?", "{many} runners have signed up"),
            Ask("How long is one lap?", "one lap is {count} kilometres long"),
            Ask("What does a shirt cost?", "a shirt costs {price}"),
            Ask("When will the medals arrive?", "the medals will arrive on {day}"),
        ),
        (
            "hand out the water",
            "run the long distance",
            "get the local radio interested",
            "beat last year's sum",
            "have a race for children too",
        ),
    ),
    Scenario(
        "band practice",
        "a band practising in a cellar",
        (
            ("Can you hear yourselves?", "Only the drums, as usual."),
            ("One of my strings just broke.", "There are new ones in the case."),
            ("That was almost perfect.", "Except for the end, maybe."),
            ("It's {hot|damp|dark} down here today.", "Somebody should open the door."),
        ),
        (
            (
                Option(
                    "start with the slow song",
                    "starting with the slow song",
                    (
                        "it gives everybody time to calm down",
                        "the sound is never right in the beginning",
                        "people will listen instead of chatting",
                        "the fast one needs warm fingers",
                    ),
                ),
                Option(
                    "start with the fast song",
                    "starting with the fast song",
                    (
                        "it wakes everybody up at once",
                        "slow songs are for the end of the night",
                        "it's the one that people know",
                        "the drummer plays it in his sleep",
                    ),
                ),
            ),
            (
                Option(
                    "play at the wedding",
                    "playing at the wedding",
                    (
                        "they pay really well for two hours",
                        "the food at weddings is always good",
                        "other guests may book a band as well",
                    ),
                ),
                Option(
                    "play at the club",
                    "playing at the club",
                    (
                        "the club is where people hear new music",
                        "nobody wants to play waltzes all night",
                        "the owner has asked three times now",
                    ),
                ),
            ),
        ),
        (
            Ask("When does the concert begin?", "the concert begins at {time}"),
            Ask("What does an hour in the studio cost?", "an hour in the studio costs {price}"),
            Ask("How many songs are ready?", "{count} songs are ready by now"),
            Ask("When is the sound check?", "the sound check is on {day}"),
            Ask("Where is the long cable?", "the long cable is {behind the amplifier|in the van|under the keyboard}"),
        ),
        (
            "play a solo in the middle",
            "record it before summer",
            "sing the second verse",
            "try it without drums",
            "have a new name for the band",
        ),
    ),
    Scenario(
        "new shop",
        "opening a small shop",
        (
            ("The sign is finally up.", "It looks wonderful from across the street."),
            ("I've been unpacking since five.", "Then sit down, I'll take over."),
            ("The first customer was already here.", "Really? Before the opening?"),
            ("What's in all these {crates|boxes|bags}?", "Mostly paper and more paper."),
        ),
        (
            (
                Option(
                    "open on Sundays",
                    "opening on Sundays",
                    (
                        "Sunday is when the tourists walk past",
                        "the bakery next door does very well then",
                        "rent has to be paid for Sundays as well",
                        "the big stores are all closed",
                    ),
                ),
                Option(
                    "close on Sundays",
                    "closing on Sundays",
                    (
                        "everybody needs one free day",
                        "the extra staff would cost too much",
                        "the children are at home then",
                        "the street is empty outside the season",
                    ),
                ),
            ),
            (
                Option(
                    "sell coffee here",
                    "selling coffee here",
                    (
                        "people stay longer with a cup in their hand",
                        "there's a nice corner by the window",
                        "the old machine still works perfectly",
                    ),
                ),
                Option(
                    "stick to books",
                    "sticking to books",
                    (
                        "cups and paper don't go together",
                        "there are four cafés on this street",
                        "a kitchen needs a special permit",
                    ),
                ),
            ),
        ),
        (
            Ask("When is the opening?", "the opening is on {day}"),
            Ask("What does the till cost?", "the new till costs {price} a month"),
            Ask("When does the delivery come?", "the delivery comes at {time}"),
            Ask("How many chairs were ordered?", "{count} chairs were ordered for the corner"),
            Ask("Where is the ladder?", "the ladder is {in the back room|in the yard|behind the counter}"),
        ),
        (
            "decorate the window",
            "read to the children once a week",
            "have a small party first",
            "learn how the till works",
            "sell old maps as well",
        ),
    ),
    Scenario(
        "science lab",
        "an experiment in a laboratory",
        (
            ("Don't touch that, it's still hot.", "Thanks for telling me."),
            ("The numbers are {strange|odd} again.", "Maybe the scale isn't level."),
            ("It's turning purple.", "That wasn't supposed to happen yet."),
            ("Goggles on, everybody.", "Mine keep fogging up."),
        ),
        (
            (
                Option(
                    "repeat the measurement",
                    "repeating the measurement",
                    (
                        "the third value can't be right",
                        "somebody slammed the door in the middle",
                        "a single run proves nothing at all",
                        "there's enough powder for one more",
                    ),
                ),
                Option(
                    "change the temperature",
                    "changing the temperature",
                    (
                        "nothing at all has happened for an hour",
                        "the paper used a much warmer bath",
                        "the same try will give the same result",
                        "the heater is finally working again",
                    ),
                ),
            ),
            (
                Option(
                    "tell the professor",
                    "telling the professor",
                    (
                        "she has seen this kind of thing before",
                        "hiding a mistake makes it worse",
                        "she'll be back from lunch in a minute",
                    ),
                ),
                Option(
                    "check everything alone first",
                    "checking everything alone first",
                    (
                        "it may be nothing but a wrong button",
                        "she has a class until four",
                        "it takes only five minutes to check",
                    ),
                ),
            ),
        ),
        (
            Ask("How hot is the bath?", "the bath is at {many} degrees"),
            Ask("When did the run start?", "the run started at {time}"),
            Ask("What does a new sensor cost?", "a new sensor costs {price}"),
            Ask("Where are the gloves?", "the gloves are {in the second drawer|next to the scale|by the sink}"),
            Ask("When is the talk?", "the talk is on {day}"),
        ),
        (
            "understand the second curve",
            "write down every step",
            "use the new microscope",
            "clean the glass before lunch",
            "show it to the first years",
        ),
    ),
)
