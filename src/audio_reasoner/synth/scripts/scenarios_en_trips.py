"""English scenarios of trips and journeys."""

from __future__ import annotations

from audio_reasoner.synth.scripts.scenarios import Ask, Option, Scenario

TRIPS = (
    Scenario(
        "zoo",
        "a visit to the zoo",
        (
            ("Did you hear that? That must be the {lion|tiger}.", "It sounded more like somebody's stomach."),
            ("Look, the little {monkey|bear|penguin} is waving.", "I think it just wants your banana."),
            ("I haven't been here since I was a child.", "They've changed almost everything."),
            ("It smells a bit strange over here.", "That's the camels, believe me."),
        ),
        (
            (
                Option(
                    "watch the seals first",
                    "watching the seals first",
                    (
                        "the feeding starts in a few minutes",
                        "the best seats are always gone quickly",
                        "it's the funniest show in the whole place",
                        "the elephants are still inside at this hour",
                    ),
                ),
                Option(
                    "start with the elephants",
                    "starting with the elephants",
                    (
                        "there's a baby elephant since last week",
                        "they're right here at the entrance",
                        "the seals are fed again in the afternoon",
                        "later there'll be crowds around them",
                    ),
                ),
            ),
            (
                Option(
                    "take the little train",
                    "taking the little train",
                    (
                        "the park is enormous and it's hot",
                        "it stops at all the big houses",
                        "some of us have been walking all morning",
                    ),
                ),
                Option(
                    "explore on foot",
                    "exploring on foot",
                    (
                        "you can stop wherever you like",
                        "the train is packed with school classes",
                        "the shady path leads past the wolves",
                    ),
                ),
            ),
        ),
        (
            Ask("When are the penguins fed?", "the penguins are fed at {time}"),
            Ask("What does a family ticket cost?", "a family ticket costs {price}"),
            Ask("How old is the giant tortoise?", "the giant tortoise is {many} years old"),
            Ask(
                "Where is the petting zoo?",
                "the petting zoo is {behind the restaurant|next to the pond|by the north gate}",
            ),
            Ask("How many wolves live here?", "{count} wolves live in the enclosure"),
        ),
        (
            "feed the goats",
            "see the night house with the bats",
            "draw the flamingos",
            "get a balloon for the kids",
            "talk to one of the keepers",
        ),
    ),
    Scenario(
        "bike tour",
        "a bike tour with a flat tyre",
        (
            ("Wait, something is wrong with my back wheel.", "Oh no, that looks like a flat tyre."),
            ("That last hill was brutal.", "At least it's downhill from now on."),
            ("Who has got the {pump|repair kit}?", "It's in my bag, under the sandwiches."),
            ("Was that a drop of rain?", "I felt one too, right on my nose."),
        ),
        (
            (
                Option(
                    "fix the tyre right here",
                    "fixing the tyre right here",
                    (
                        "we have glue, patches and a pump",
                        "the next village is an hour away on foot",
                        "there's a nice dry spot under that tree",
                        "it takes ten minutes if everybody helps",
                    ),
                ),
                Option(
                    "walk to the bike shop",
                    "walking to the bike shop",
                    (
                        "the whole tyre is torn, not just the tube",
                        "they have proper tools and spare parts",
                        "the last repair on the road didn't hold",
                        "the owner there is a friend of my brother",
                    ),
                ),
            ),
            (
                Option(
                    "take the country road",
                    "taking the country road",
                    (
                        "the gravel track is bad for thin tyres",
                        "it's the shortest way to the hostel",
                        "there's hardly any traffic on a weekend",
                    ),
                ),
                Option(
                    "follow the river",
                    "following the river",
                    (
                        "there isn't a single hill on that way",
                        "the trucks on the road scare me",
                        "there's a good ice cream place by the water",
                    ),
                ),
            ),
        ),
        (
            Ask("How far is it to the next town?", "it's {many} kilometres to the next town"),
            Ask("When does the bike shop close?", "the bike shop closes at {time}"),
            Ask("What does a new tyre cost?", "a new tyre costs {price}"),
            Ask(
                "Where is the key for the lock?",
                "the key for the lock is in {the front pocket|the blue pouch|the lunch box}",
            ),
            Ask("How many spare tubes are left?", "there are {count} spare tubes left"),
        ),
        (
            "reach the coast before sunset",
            "stop for ice cream",
            "beat last year's time",
            "get out of the rain",
            "see the old windmill",
        ),
    ),
    Scenario(
        "train station",
        "a delay at a train station",
        (
            ("Did you understand that announcement?", "Only the word delay, unfortunately."),
            ("It's freezing on this platform.", "The waiting room is closed as well."),
            ("Are you sure this is the right platform?", "That's what the board said a minute ago."),
            ("Our train has vanished from the board.", "That can't be a good sign."),
        ),
        (
            (
                Option(
                    "wait for the next train",
                    "waiting for the next train",
                    (
                        "the tickets are only valid on this line",
                        "the next one is already on the board",
                        "the bus stops in every single village",
                        "there are reserved seats on that one",
                    ),
                ),
                Option(
                    "take the bus",
                    "taking the bus",
                    (
                        "there's a fallen tree on the tracks",
                        "the bus leaves from right outside",
                        "nobody knows how long this will last",
                        "the driver accepts train tickets today",
                    ),
                ),
            ),
            (
                Option(
                    "complain at the counter",
                    "complaining at the counter",
                    (
                        "they have to pay part of the fare back",
                        "it's the third delay this month",
                        "the woman at the counter was very helpful last time",
                    ),
                ),
                Option(
                    "get some coffee",
                    "getting some coffee",
                    (
                        "the queue at the counter is endless",
                        "it's warm in there, and you can see the board",
                        "the form can be filled in at home",
                    ),
                ),
            ),
        ),
        (
            Ask("When does the next train leave?", "the next train leaves at {time}"),
            Ask("Which platform is it now?", "the train leaves from platform {count} now"),
            Ask("What does a single ticket cost?", "a single ticket costs {price}"),
            Ask("Where are the lockers?", "the lockers are {behind the stairs|next to the kiosk|in the tunnel}"),
            Ask("How long is the delay?", "the delay is {many} minutes"),
        ),
        (
            "get home tonight",
            "sit by the window",
            "catch the night train to Vienna",
            "call the hotel",
            "buy something to read",
        ),
    ),
    Scenario(
        "lost luggage",
        "a lost suitcase at the airport",
        (
            ("The belt has stopped, and my suitcase isn't there.", "Mine is missing too."),
            ("I've been standing here for half an hour.", "Same here, and nobody tells us anything."),
            ("Is that your bag over there?", "No, mine has a {red|green|yellow} ribbon."),
            ("What a terrible flight that was.", "And now this, on top of everything."),
        ),
        (
            (
                Option(
                    "wait at the belt",
                    "waiting at the belt",
                    (
                        "there's a second cart of bags on its way",
                        "last time the bags came half an hour late",
                        "the screen still shows our flight number",
                        "it would be silly to leave too early",
                    ),
                ),
                Option(
                    "go to the lost property desk",
                    "going to the lost property desk",
                    (
                        "every other passenger has gone home by now",
                        "reports have to be made before leaving the hall",
                        "there's nobody in the queue at the moment",
                        "the bags may still be in another country",
                    ),
                ),
            ),
            (
                Option(
                    "buy some clothes here",
                    "buying some clothes here",
                    (
                        "the airline pays for whatever is needed",
                        "the dinner with the clients is tonight",
                        "the shops in town close very early",
                    ),
                ),
                Option(
                    "go straight to the hotel",
                    "going straight to the hotel",
                    (
                        "everything at the airport is twice the price",
                        "the last shuttle leaves any minute",
                        "they often deliver bags the same night",
                    ),
                ),
            ),
        ),
        (
            Ask("When does the desk close?", "the desk closes at {time}"),
            Ask("How much does the airline pay for a day?", "the airline pays {price} for each day"),
            Ask("Where did the bags end up?", "the bags ended up in {Lisbon|Oslo|Madrid|Athens|Dublin}"),
            Ask("When will the suitcases arrive?", "the suitcases will arrive on {day}"),
            Ask("How many bags are missing?", "{many} bags from this flight are missing"),
        ),
        (
            "have a hot shower",
            "get the medicine out of the suitcase",
            "speak to the manager",
            "catch the last shuttle",
            "change these wet shoes",
        ),
    ),
)
