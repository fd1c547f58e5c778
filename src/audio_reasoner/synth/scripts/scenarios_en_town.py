"""English scenarios of errands in town."""

from __future__ import annotations

from audio_reasoner.synth.scripts.scenarios import Ask, Option, Scenario

TOWN = (
    Scenario(
        "waiting room",
        "a doctor's waiting room",
        (
            ("Is this seat free?", "Yes, please, I'll move my coat."),
            ("Have you been waiting long?", "Almost an hour by now."),
            ("It's so full today.", "Half the town seems to have a cold."),
            ("Was that our number?", "No, they called somebody else."),
        ),
        (
            (
                Option(
                    "wait a little longer",
                    "waiting a little longer",
                    (
                        "there are only three people before us",
                        "the next appointment would be in two weeks",
                        "the cough doesn't sound good at all",
                        "the doctor usually works quite fast",
                    ),
                ),
                Option(
                    "come back tomorrow",
                    "coming back tomorrow",
                    (
                        "they take patients without waiting in the morning",
                        "everybody here is coughing and sneezing",
                        "it isn't an emergency after all",
                        "the parking ticket runs out any minute",
                    ),
                ),
            ),
            (
                Option(
                    "ask the nurse again",
                    "asking the nurse again",
                    (
                        "maybe they've lost the file",
                        "people who came later are already inside",
                        "asking politely never hurts anybody",
                    ),
                ),
                Option(
                    "leave the nurse in peace",
                    "leaving the nurse in peace",
                    (
                        "there's only one person at the desk today",
                        "it won't get faster by asking",
                        "there was an emergency a minute ago",
                    ),
                ),
            ),
        ),
        (
            Ask("When does the practice close?", "the practice closes at {time}"),
            Ask("How many people are before us?", "there are {count} people in the queue"),
            Ask("What does the vaccination cost?", "the vaccination costs {price}"),
            Ask(
                "Where is the nearest pharmacy?",
                "the nearest pharmacy is {across the street|next to the bank|at the station}",
            ),
            Ask("When do the results come back?", "the results come back on {day}"),
        ),
        (
            "get a prescription for the cough",
            "be back at work by noon",
            "know what the blood test says",
            "change the appointment",
            "get some fresh air",
        ),
    ),
    Scenario(
        "library",
        "a study group in the library",
        (
            ("Shh, people are looking at us.", "Sorry, I'll whisper."),
            ("Is anybody using this {lamp|chair|socket}?", "No, go ahead."),
            ("I've read this page three times now.", "And I don't understand it either."),
            ("The book I need is out again.", "Somebody always gets there first."),
        ),
        (
            (
                Option(
                    "stay in the reading room",
                    "staying in the reading room",
                    (
                        "all the dictionaries are right here",
                        "it's the only quiet place on campus",
                        "good seats are gone once you leave",
                        "the café is full of noise at this hour",
                    ),
                ),
                Option(
                    "move to the café",
                    "moving to the café",
                    (
                        "nobody can discuss anything in here",
                        "everybody needs a coffee by now",
                        "there's a big free table by the window",
                        "the heating is broken in this room",
                    ),
                ),
            ),
            (
                Option(
                    "write the summary together",
                    "writing the summary together",
                    (
                        "then everybody knows the whole text",
                        "last time the parts didn't fit together",
                        "mistakes are found much sooner that way",
                    ),
                ),
                Option(
                    "split the chapters",
                    "splitting the chapters",
                    (
                        "the exam is only a few days away",
                        "with five chapters it's twice as fast",
                        "some of us write better alone",
                    ),
                ),
            ),
        ),
        (
            Ask("When does the library close?", "the library closes at {time}"),
            Ask("How many books can you borrow?", "students can borrow {count} books"),
            Ask("What does a late book cost?", "a late book costs {price} a month"),
            Ask("Where are the atlases?", "the atlases are {on the second floor|next to the copier|in the cellar}"),
            Ask("When is the exam?", "the exam is on {day}"),
        ),
        (
            "understand the third chapter",
            "return two books today",
            "finish the essay before the weekend",
            "find an article on whales",
            "pass the exam this time",
        ),
    ),
    Scenario(
        "supermarket",
        "shopping at the supermarket",
        (
            ("This trolley has a broken wheel.", "Mine always pulls to the left too."),
            ("Where have they put the {rice|flour|coffee} now?", "They move everything around each month."),
            ("Do we have a shopping list?", "I left it on the kitchen table."),
            ("The line at the till is enormous.", "It's always like this before a holiday."),
        ),
        (
            (
                Option(
                    "buy the big pack",
                    "buying the big pack",
                    (
                        "per kilo it's only half as expensive",
                        "it doesn't go off for months",
                        "fewer trips mean less traffic",
                        "there are guests coming this weekend",
                    ),
                ),
                Option(
                    "buy the small one",
                    "buying the small one",
                    (
                        "half of the last one went into the bin",
                        "there's no room left in the cupboard",
                        "somebody has to carry all of this home",
                        "it's cheaper at the market on Saturday",
                    ),
                ),
            ),
            (
                Option(
                    "pay at the machine",
                    "paying at the machine",
                    ("there's nobody waiting over there", "it's only seven things", "the ice cream is melting already"),
                ),
                Option(
                    "go to the till",
                    "going to the till",
                    (
                        "the machine never accepts the coupons",
                        "somebody has to check the bottles anyway",
                        "the cashier could use a friendly word",
                    ),
                ),
            ),
        ),
        (
            Ask("What do the apples cost?", "the apples cost {price} a box"),
            Ask("When does the shop close today?", "the shop closes at {time} today"),
            Ask("Where is the yeast?", "the yeast is {next to the butter|behind the eggs|above the flour}"),
            Ask("How many bottles are in a crate?", "there are {many} bottles in a crate"),
            Ask("When is fresh fish delivered?", "fresh fish is delivered on {day}"),
        ),
        (
            "try that new cheese",
            "spend less than last week",
            "get some flowers for the table",
            "buy bread without seeds",
            "be out of here quickly",
        ),
    ),
    Scenario(
        "garage",
        "a broken car at the garage",
        (
            ("So, what's wrong with the old car?", "It makes a terrible noise when it starts."),
            ("There's oil all over the floor.", "Mind your shoes, I'll get a cloth."),
            ("It broke down right on the bridge.", "That must have been scary."),
            ("How many kilometres has it done?", "Far too many to count."),
        ),
        (
            (
                Option(
                    "repair the old car",
                    "repairing the old car",
                    (
                        "the engine itself is still in good shape",
                        "a used part costs next to nothing",
                        "new cars are full of electronics that break",
                        "it has never let us down before",
                    ),
                ),
                Option(
                    "look for another car",
                    "looking for another car",
                    (
                        "the rust has eaten half the frame",
                        "next year the brakes will be due as well",
                        "there's a good offer in the window outside",
                        "it uses twice as much fuel as a new one",
                    ),
                ),
            ),
            (
                Option(
                    "leave the car here overnight",
                    "leaving the car here overnight",
                    (
                        "driving with that noise is dangerous",
                        "the bus stops right in front of the gate",
                        "they'd start on it first thing tomorrow",
                    ),
                ),
                Option(
                    "take the car home for now",
                    "taking the car home for now",
                    (
                        "the part won't be here before next week",
                        "the children need a lift in the morning",
                        "they charge for every night on the lot",
                    ),
                ),
            ),
        ),
        (
            Ask("What does the new battery cost?", "the new battery costs {price}"),
            Ask("When will the spare part arrive?", "the spare part will arrive on {day}"),
            Ask("When does the garage open?", "the garage opens at {time}"),
            Ask("How many cars are in front of ours?", "there are {count} cars to be done first"),
            Ask("Where did it break down?", "it broke down {on the ring road|near the airport|right in the tunnel}"),
        ),
        (
            "know the price in advance",
            "borrow a car for the weekend",
            "have the brakes checked too",
            "keep the old radio",
            "drive to the coast on Friday",
        ),
    ),
)
