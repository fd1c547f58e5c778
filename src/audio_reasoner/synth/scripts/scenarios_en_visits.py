"""English scenarios of going out."""

from __future__ import annotations

from audio_reasoner.synth.scripts.scenarios import Ask, Option, Scenario

VISITS = (
    Scenario(
        "restaurant",
        "an evening at a restaurant",
        (
            ("Is this table all right for everybody?", "It's perfect, right next to the window."),
            ("The menu has twelve pages.", "I never know what to choose."),
            ("It's quite loud in here tonight.", "There's a wedding in the next room."),
            ("The waiter has forgotten us, I think.", "No, he's coming right now."),
        ),
        (
            (
                Option(
                    "share a few small dishes",
                    "sharing a few small dishes",
                    (
                        "everybody gets to taste everything that way",
                        "the portions here are enormous",
                        "small plates come much faster",
                        "nobody can decide anyway",
                    ),
                ),
                Option(
                    "order the big menu",
                    "ordering the big menu",
                    (
                        "the cook is famous for it",
                        "there's a dessert included in the price",
                        "everybody skipped lunch today",
                        "it's a special evening after all",
                    ),
                ),
            ),
            (
                Option(
                    "sit outside",
                    "sitting outside",
                    (
                        "it's unbearably hot in here",
                        "there's a free table under the chestnut tree",
                        "out there you can hear yourself talk",
                    ),
                ),
                Option(
                    "keep this table",
                    "keeping this table",
                    (
                        "it's going to rain within the hour",
                        "the service outside is terribly slow",
                        "the people out there are all smoking",
                    ),
                ),
            ),
        ),
        (
            Ask("What does the fish cost?", "the fish costs {price}"),
            Ask("When does the kitchen close?", "the kitchen closes at {time}"),
            Ask("What is the soup of the day?", "the soup of the day is {pumpkin|lentil|tomato|mushroom} soup"),
            Ask("How many tables are free?", "there are {count} tables free"),
            Ask("On which day is it closed?", "the restaurant is closed on {day}"),
        ),
        (
            "try the goat cheese",
            "eat something light tonight",
            "catch the last underground",
            "pay for everybody tonight",
            "hear the story of the honeymoon",
        ),
    ),
    Scenario(
        "museum",
        "a visit to a museum",
        (
            ("Is this a painting or a window?", "You have to step back to see it."),
            ("My audio guide isn't working.", "Just press the green button."),
            ("This hall must be enormous.", "The whale alone is thirty metres long."),
            ("Please don't touch that.", "I only wanted to read the sign."),
        ),
        (
            (
                Option(
                    "see the dinosaurs",
                    "seeing the dinosaurs",
                    (
                        "the skeleton upstairs is the biggest in the world",
                        "the hall upstairs closes an hour earlier",
                        "children get in free over there",
                        "the other rooms are the same as last year",
                    ),
                ),
                Option(
                    "join the guided tour",
                    "joining the guided tour",
                    (
                        "it starts in a minute at the stairs",
                        "without a guide you miss the best stories",
                        "the tour goes into rooms that are usually locked",
                        "the dinosaurs will still be there next week",
                    ),
                ),
            ),
            (
                Option(
                    "take a break",
                    "taking a break",
                    (
                        "my feet hurt from these stone floors",
                        "the cake in the museum café is excellent",
                        "nobody can take in any more pictures",
                    ),
                ),
                Option(
                    "finish this floor first",
                    "finishing this floor first",
                    (
                        "there are only two more rooms",
                        "a school class is coming up behind us",
                        "the café is packed at this time of day",
                    ),
                ),
            ),
        ),
        (
            Ask("When does the next tour start?", "the next tour starts at {time}"),
            Ask("What does the audio guide cost?", "the audio guide costs {price}"),
            Ask("How old is that {mask|vase|sword}?", "this piece is {count} hundred years old"),
            Ask("Where is the cloakroom?", "the cloakroom is {behind the stairs|in the basement|next to the shop}"),
            Ask("On which day is it free?", "the museum is free on {day}"),
        ),
        (
            "see the old globes",
            "buy a poster in the shop",
            "sketch one of the statues",
            "find out who painted this",
            "sit down for a while",
        ),
    ),
    Scenario(
        "hotel",
        "checking in at a hotel",
        (
            ("Is this the reception? I don't see anybody.", "The clerk has just gone upstairs."),
            ("What a long journey that was.", "I could fall asleep right here."),
            ("They've lost our booking, it seems.", "That can't be, I have the email."),
            ("The lobby looks {nicer|smaller} than in the pictures.", "It always does, doesn't it?"),
        ),
        (
            (
                Option(
                    "take the attic room",
                    "taking the attic room",
                    (
                        "the view over the roofs is wonderful",
                        "it's far away from the noisy bar",
                        "it's the only one with enough beds",
                        "they'd give a discount for it",
                    ),
                ),
                Option(
                    "take the room downstairs",
                    "taking the room downstairs",
                    (
                        "there's no lift and the bags are heavy",
                        "it gets terribly hot under the roof",
                        "the door opens straight into the garden",
                        "the attic has only a tiny shower",
                    ),
                ),
            ),
            (
                Option(
                    "have dinner here",
                    "having dinner here",
                    (
                        "it's pouring with rain outside",
                        "the kitchen has a very good name",
                        "everybody is too tired to walk",
                    ),
                ),
                Option(
                    "find a place in town",
                    "finding a place in town",
                    (
                        "the menu here costs a small fortune",
                        "there's a street festival tonight",
                        "we've been sitting in the car all day",
                    ),
                ),
            ),
        ),
        (
            Ask("When is breakfast?", "breakfast starts at {time}"),
            Ask("What does parking cost?", "parking costs {price} a night"),
            Ask("What's the number of the room?", "the room number is {many}"),
            Ask("Where is the sauna?", "the sauna is {in the basement|behind the pool|on the top floor}"),
            Ask("When does the cleaner come?", "the cleaner comes on {day}"),
        ),
        (
            "go for a swim before dinner",
            "have a room without carpet",
            "sleep until ten tomorrow",
            "get the password for the internet",
            "hang up the wet clothes",
        ),
    ),
    Scenario(
        "flea market",
        "selling things at a flea market",
        (
            ("It's only six, and there are people already.", "The early ones find the best things."),
            ("Who is going to buy this old {radio|lamp|clock}?", "You'd be surprised, believe me."),
            ("My fingers are frozen.", "Put your hands around this cup."),
            ("Does somebody have change for a fifty?", "Look in the tin under the table."),
        ),
        (
            (
                Option(
                    "lower the prices",
                    "lowering the prices",
                    (
                        "nobody has bought anything for an hour",
                        "otherwise it all has to go back home",
                        "the stall next door is much cheaper",
                        "it's going to rain after lunch",
                    ),
                ),
                Option(
                    "keep the prices",
                    "keeping the prices",
                    (
                        "the collectors always come around noon",
                        "the clock alone is worth a lot",
                        "people only bargain for fun anyway",
                        "the fee for the stall was high enough",
                    ),
                ),
            ),
            (
                Option(
                    "pack up early",
                    "packing up early",
                    (
                        "there's a storm coming from the west",
                        "most of the visitors have left",
                        "the best pieces are sold anyway",
                    ),
                ),
                Option(
                    "stay until the end",
                    "staying until the end",
                    (
                        "people often buy on their way home",
                        "the car is blocked until four anyway",
                        "last time the final hour was the best",
                    ),
                ),
            ),
        ),
        (
            Ask("What does the old mirror cost?", "the old mirror costs {price}"),
            Ask("When does the market end?", "the market ends at {time}"),
            Ask("How many records are in that box?", "there are {many} records in that box"),
            Ask("Where are the paper bags?", "the paper bags are {under the table|in the van|behind the books}"),
            Ask("When is the next flea market?", "the next flea market is on {day}"),
        ),
        (
            "sell the old bicycle",
            "find a present for a friend",
            "get rid of all these books",
            "earn enough for a new guitar",
            "walk around for a bit",
        ),
    ),
)
