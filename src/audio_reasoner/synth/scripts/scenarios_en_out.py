"""English scenarios outdoors."""

from __future__ import annotations

from audio_reasoner.synth.scripts.scenarios import Ask, Option, Scenario

OUTDOORS = (
    Scenario(
        "hiking",
        "a hike in the mountains",
        (
            ("Wow, this {climb|path|slope} is really steep.", "I know, my legs are burning already."),
            ("Look at that view over the {lake|valley}.", "It was worth getting up so early."),
            ("How far is it to the summit from here?", "Farther than it looks, I'm afraid."),
            ("Can we stop for a minute? I need some water.", "Sure, my bottle is in the side pocket."),
        ),
        (
            (
                Option(
                    "turn back",
                    "turning back",
                    (
                        "the sky over there is getting really dark",
                        "the ranger warned everybody about the weather",
                        "it will be dark in less than two hours",
                        "these rocks are dangerous when they're wet",
                    ),
                ),
                Option(
                    "go on to the summit",
                    "going on to the summit",
                    (
                        "the top is only twenty minutes away",
                        "the clouds are moving the other way",
                        "we came all this way for the view",
                        "there's a shelter right below the summit",
                    ),
                ),
            ),
            (
                Option(
                    "take the forest path",
                    "taking the forest path",
                    (
                        "there's more shade under the trees",
                        "the other way has a lot of loose stones",
                        "it's much easier on the knees",
                    ),
                ),
                Option(
                    "follow the ridge",
                    "following the ridge",
                    (
                        "the view is so much better up there",
                        "the forest is full of mosquitoes this week",
                        "the ridge saves almost an hour",
                    ),
                ),
            ),
        ),
        (
            Ask("When does the last cable car go down?", "the last cable car goes down at {time}"),
            Ask("How many people can sleep in the hut?", "the hut has beds for {many} people"),
            Ask("What does a night in the hut cost?", "a night in the hut costs {price}"),
            Ask(
                "Where is the next spring?", "the next spring is {behind the chapel|below the bridge|near the old barn}"
            ),
            Ask("Which colour are the signs?", "the signs for this trail are {red|yellow|blue|white}"),
        ),
        (
            "take a picture from the top",
            "be home before dinner",
            "see some {eagles|marmots|wild goats}",
            "swim in the lake afterwards",
            "find a quiet place for lunch",
        ),
    ),
    Scenario(
        "camping",
        "a night at a campsite",
        (
            ("Has anybody seen the tent poles?", "They were in the green bag a minute ago."),
            ("It's so quiet out here at night.", "Except for that {owl|frog|dog}, yes."),
            ("The ground feels quite {wet|hard} over here.", "Yes, we should have come earlier."),
            ("I love the smell of pine trees.", "Me too, it reminds me of summer holidays."),
        ),
        (
            (
                Option(
                    "light a fire",
                    "lighting a fire",
                    (
                        "it'll get really cold after sunset",
                        "there's plenty of dry wood behind the tents",
                        "warm food would do everybody good",
                        "the smoke keeps the mosquitoes away",
                    ),
                ),
                Option(
                    "use the gas cooker",
                    "using the gas cooker",
                    (
                        "the grass is far too dry for open flames",
                        "there was a warning sign at the gate",
                        "the wind is blowing right at the tents",
                        "it takes five minutes and leaves no ash",
                    ),
                ),
            ),
            (
                Option(
                    "camp by the river",
                    "camping by the river",
                    (
                        "it's lovely to fall asleep with that sound",
                        "there's flat ground next to the water",
                        "fetching water would be so much easier",
                    ),
                ),
                Option(
                    "camp up on the hill",
                    "camping up on the hill",
                    (
                        "the river can rise quickly after rain",
                        "the morning sun gets there first",
                        "there are far fewer insects up there",
                    ),
                ),
            ),
        ),
        (
            Ask("What does a place for one tent cost?", "a place for one tent costs {price}"),
            Ask("When do they close the gate?", "they close the gate at {time}"),
            Ask(
                "Where are the showers?", "the showers are {behind the kiosk|next to the playground|near the car park}"
            ),
            Ask("How many sleeping bags are in the car?", "there are {count} sleeping bags in the car"),
            Ask("When will the weather change?", "the weather will change on {day}"),
        ),
        (
            "count shooting stars",
            "go fishing at sunrise",
            "sleep as long as possible",
            "learn how to make a proper fire",
            "tell a few ghost stories",
        ),
    ),
    Scenario(
        "beach",
        "a day at the beach",
        (
            ("The water looks {perfect|so clear} today.", "And there's hardly anybody here."),
            ("Did somebody bring the sunscreen?", "It should be in the big blue bag."),
            ("This sand is burning my feet.", "Then put your sandals back on."),
            ("Listen to those waves.", "They're bigger than yesterday, I think."),
        ),
        (
            (
                Option(
                    "rent a boat",
                    "renting a boat",
                    (
                        "the little island looks amazing from the water",
                        "there's almost no wind this afternoon",
                        "nobody gets bored on a boat",
                        "the man at the pier gives a discount today",
                    ),
                ),
                Option(
                    "stay on the sand",
                    "staying on the sand",
                    (
                        "half of us get seasick anyway",
                        "there are dark clouds out over the sea",
                        "a lazy afternoon is what holidays are for",
                        "the boats looked rather old and rusty",
                    ),
                ),
            ),
            (
                Option(
                    "have lunch at the kiosk",
                    "having lunch at the kiosk",
                    (
                        "the fish there is caught the same morning",
                        "the sandwiches are probably full of sand by now",
                        "it's the only place with some shade",
                    ),
                ),
                Option(
                    "eat the sandwiches first",
                    "eating the sandwiches first",
                    (
                        "the queue at the kiosk is endless",
                        "it would be a pity to throw them away",
                        "the cheese won't survive in this heat",
                    ),
                ),
            ),
        ),
        (
            Ask("When is high tide today?", "high tide is at {time}"),
            Ask("What does a sunshade cost?", "a sunshade costs {price} for the whole day"),
            Ask("Where is the lifeguard?", "the lifeguard sits {next to the flag|at the end of the pier|by the rocks}"),
            Ask("When does the last bus go?", "the last bus goes back at {time}"),
            Ask(
                "What does the {red|yellow} flag mean?",
                "the flag means {no swimming|careful swimming|strong currents}",
            ),
        ),
        (
            "collect some shells",
            "finish this novel",
            "build a really big sandcastle",
            "try surfing for the first time",
            "take a long nap",
        ),
    ),
    Scenario(
        "boat trip",
        "a boat trip on a river",
        (
            ("Careful, the deck is slippery.", "Thanks, I nearly lost my balance."),
            ("Is everybody wearing a life jacket?", "Yes, and mine is far too tight."),
            ("The river is wider than I thought.", "It gets narrower after the next bend."),
            ("Did you see that {heron|otter|swan}?", "No, I was looking at the map."),
        ),
        (
            (
                Option(
                    "go through the lock",
                    "going through the lock",
                    (
                        "the lake behind it is the best part",
                        "there are only two boats in front of us",
                        "I've always wanted to see how a lock works",
                        "we have enough fuel for the whole day",
                    ),
                ),
                Option(
                    "stay on this side",
                    "staying on this side",
                    (
                        "the lock closes early at this time of year",
                        "waiting there can take more than an hour",
                        "the engine has made strange noises all morning",
                        "there's a lovely bay just ahead",
                    ),
                ),
            ),
            (
                Option(
                    "stop at the village",
                    "stopping at the village",
                    (
                        "they have fresh bread and cold drinks there",
                        "everybody could stretch their legs a bit",
                        "the old church is supposed to be beautiful",
                    ),
                ),
                Option(
                    "eat on board",
                    "eating on board",
                    (
                        "the basket is still full of food",
                        "it's hard to find a free place at the jetty",
                        "it's so peaceful out here on the water",
                    ),
                ),
            ),
        ),
        (
            Ask("When do we have to return the boat?", "the boat has to be back at {time}"),
            Ask("How deep is the river here?", "the river is {count} metres deep here"),
            Ask("What does a full tank cost?", "a full tank costs {price}"),
            Ask("Where is the next petrol station?", "the next petrol station is {behind the bridge|at the marina}"),
            Ask("How fast may boats go here?", "the speed limit here is {count} kilometres an hour"),
        ),
        (
            "steer the boat for a while",
            "jump into the water",
            "practise tying knots",
            "photograph the water birds",
            "lie in the sun and do nothing",
        ),
    ),
    Scenario(
        "city tour",
        "a walk through a foreign city",
        (
            ("I think we've passed this {fountain|statue|bakery} before.", "You're right, we walked in a circle."),
            ("These little streets are so pretty.", "And they all look exactly the same."),
            ("My phone has only a little battery left.", "Then let me look at the paper map."),
            ("What a beautiful old square.", "The guidebook has a whole page about it."),
        ),
        (
            (
                Option(
                    "visit the castle",
                    "visiting the castle",
                    (
                        "it's free on the first weekend of the month",
                        "the view from the tower must be fantastic",
                        "there's a famous painting in the great hall",
                        "the castle is closed for the rest of the week",
                    ),
                ),
                Option(
                    "go to the market",
                    "going to the market",
                    (
                        "the stalls are only here once a week",
                        "all those stairs would kill my knees",
                        "everybody is getting hungry anyway",
                        "there's live music until the afternoon",
                    ),
                ),
            ),
            (
                Option(
                    "take a taxi",
                    "taking a taxi",
                    (
                        "it's about to start raining",
                        "split between us it's cheaper than tickets",
                        "these shoes weren't made for walking",
                    ),
                ),
                Option(
                    "take the tram",
                    "taking the tram",
                    (
                        "there's a traffic jam in the whole centre",
                        "line two stops right in front of the hotel",
                        "you see so much more of the city from it",
                    ),
                ),
            ),
        ),
        (
            Ask("When does the old town hall open?", "the old town hall opens at {time}"),
            Ask("What does a day ticket cost?", "a day ticket costs {price}"),
            Ask("How old is this bridge?", "this bridge is {count} hundred years old"),
            Ask(
                "Where does the guided tour start?",
                "the guided tour starts {at the station|at the harbour|by the fountain}",
            ),
            Ask("On which day are the museums closed?", "the museums are closed on {day}"),
        ),
        (
            "try the local cake",
            "buy a present for grandma",
            "see the old harbour",
            "send a few postcards",
            "find a good second-hand bookshop",
        ),
    ),
)
