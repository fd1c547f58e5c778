"""English scenarios among family and friends."""

from __future__ import annotations

from audio_reasoner.synth.scripts.scenarios import Ask, Option, Scenario

FRIENDS = (
    Scenario(
        "pet adoption",
        "choosing a pet at the animal shelter",
        (
            ("Oh look, this one is wagging its tail.", "It likes you already."),
            ("I didn't expect it to be so {loud|clean|full} here.", "Neither did I, to be honest."),
            ("That little one is hiding in the corner.", "Poor thing, it must be scared."),
            ("They all look at you with those big eyes.", "Don't, or I'll take all of them."),
        ),
        (
            (
                Option(
                    "adopt the old dog",
                    "adopting the old dog",
                    (
                        "nobody else will ever give him a chance",
                        "he's calm and already knows his commands",
                        "a long walk every day is healthy",
                        "he put his head right on my knee",
                    ),
                ),
                Option(
                    "adopt the two kittens",
                    "adopting the two kittens",
                    (
                        "a dog can't be alone during work",
                        "they're sisters and shouldn't be separated",
                        "the flat is too small for a dog",
                        "cats don't have to be walked in the rain",
                    ),
                ),
            ),
            (
                Option(
                    "sign the papers today",
                    "signing the papers today",
                    (
                        "another family is coming in an hour",
                        "the basket and the food are ready at home",
                        "we've been talking about it for a year",
                    ),
                ),
                Option(
                    "think about it overnight",
                    "thinking about it overnight",
                    (
                        "an animal stays for fifteen years or more",
                        "nobody has asked the landlord yet",
                        "decisions like that need a clear head",
                    ),
                ),
            ),
        ),
        (
            Ask("What does the adoption cost?", "the adoption costs {price}"),
            Ask("How old is the brown dog?", "the brown dog is {count} years old"),
            Ask("When does the shelter close?", "the shelter closes at {time}"),
            Ask("What does the rabbit eat?", "the rabbit eats {mostly hay|a lot of carrots|fresh parsley}"),
            Ask("When does the vet come?", "the vet comes every {day}"),
        ),
        (
            "hold one of the rabbits",
            "have company during the long evenings",
            "help an animal nobody wants",
            "ask the vet a few questions",
            "give it a funny name",
        ),
    ),
    Scenario(
        "birthday party",
        "planning a surprise party",
        (
            ("Shh, not so loud, she could hear us.", "Don't worry, she's out for a run."),
            ("Has anybody written the guest list?", "I've got it right here."),
            ("Turning forty is something special.", "That's why everything has to be perfect."),
            ("Last year's party was a disaster.", "Don't remind me of that cake."),
        ),
        (
            (
                Option(
                    "rent the boathouse",
                    "renting the boathouse",
                    (
                        "there's room for everybody and a dance floor",
                        "nobody there minds loud music",
                        "you can swim there if it's warm",
                        "the flat is too small for so many guests",
                    ),
                ),
                Option(
                    "celebrate at home",
                    "celebrating at home",
                    (
                        "it's cosy, and it doesn't cost a thing",
                        "the last bus from the lake leaves at ten",
                        "it may pour with rain in April",
                        "the kitchen is right there for the food",
                    ),
                ),
            ),
            (
                Option(
                    "hire a band",
                    "hiring a band",
                    (
                        "live music gets everybody dancing",
                        "the drummer would make a special price",
                        "she has loved that group for years",
                    ),
                ),
                Option(
                    "make a playlist",
                    "making a playlist",
                    (
                        "a band would eat up the whole budget",
                        "every guest can add a favourite song",
                        "people also want to talk to each other",
                    ),
                ),
            ),
        ),
        (
            Ask("When should the guests arrive?", "the guests should arrive at {time}"),
            Ask("How many people are coming?", "{many} people have said yes"),
            Ask("What does the cake cost?", "the cake costs {price}"),
            Ask(
                "Where are the presents hidden?",
                "the presents are hidden {in the garage|under the stairs|at the neighbour's}",
            ),
            Ask("On which day is the party?", "the party is on {day}"),
        ),
        (
            "bake the cake alone",
            "give a short speech",
            "invite the old school friends",
            "take lots of pictures",
            "keep it a secret to the end",
        ),
    ),
    Scenario(
        "film night",
        "choosing a film for the evening",
        (
            ("The popcorn is ready.", "Great, I've already got the blankets."),
            ("Move over a little, please.", "There's plenty of room on the other side."),
            ("Every time we need an hour to choose.", "Not tonight, I promise."),
            ("Who has the remote control?", "I think you're sitting on it."),
        ),
        (
            (
                Option(
                    "watch the comedy",
                    "watching the comedy",
                    (
                        "after this week everybody needs a laugh",
                        "it's short, and tomorrow is a working day",
                        "the reviews were fantastic",
                        "some of us can't sleep after scary films",
                    ),
                ),
                Option(
                    "watch the thriller",
                    "watching the thriller",
                    (
                        "it disappears from the programme tomorrow",
                        "the director has won three prizes",
                        "everybody at work is talking about it",
                        "the comedy is just silly jokes",
                    ),
                ),
            ),
            (
                Option(
                    "go to the cinema",
                    "going to the cinema",
                    (
                        "it's half price for students tonight",
                        "a film like that needs a big screen",
                        "it would be nice to get out for once",
                    ),
                ),
                Option(
                    "stay on the sofa",
                    "staying on the sofa",
                    (
                        "it's snowing, and the car is at the garage",
                        "the popcorn there costs a fortune",
                        "at home you can pause whenever you like",
                    ),
                ),
            ),
        ),
        (
            Ask("When does the film start?", "the film starts at {time}"),
            Ask("How long is it?", "the film lasts two hours and {many} minutes"),
            Ask("What does a ticket cost?", "a cinema ticket costs {price}"),
            Ask("Where was it filmed?", "the whole film was shot in {Iceland|Morocco|Scotland|Japan}"),
            Ask("When does the next season come out?", "the next season comes out on {day}"),
        ),
        (
            "see something without violence",
            "be in bed before midnight",
            "order some noodles",
            "hear the original voices",
            "sit in the comfortable chair",
        ),
    ),
    Scenario(
        "family budget",
        "planning the summer holidays",
        (
            ("Let's finally talk about the summer.", "Good, I've brought the calendar."),
            ("I've printed out a few offers.", "The {blue|green} one looks nice."),
            ("It's only four months until the holidays.", "And everything is already filling up."),
            ("Remember the rain last summer?", "Two weeks of it, how could I forget?"),
        ),
        (
            (
                Option(
                    "rent a house by the sea",
                    "renting a house by the sea",
                    (
                        "everybody could sleep late and swim",
                        "with a kitchen the food is much cheaper",
                        "the dog could come along as well",
                        "all of us are tired and need some rest",
                    ),
                ),
                Option(
                    "travel by train",
                    "travelling by train",
                    (
                        "you see five cities for the price of one",
                        "two weeks in one place get boring",
                        "there's a cheap pass for groups this year",
                        "nobody has to drive for ten hours",
                    ),
                ),
            ),
            (
                Option(
                    "book a place tonight",
                    "booking a place tonight",
                    (
                        "the early bird price ends at midnight",
                        "there are only two places left",
                        "it can be cancelled until May anyway",
                    ),
                ),
                Option(
                    "wait for a better price",
                    "waiting for a better price",
                    (
                        "last minute offers are often half the price",
                        "the new dates at work aren't fixed yet",
                        "the car repair was expensive enough",
                    ),
                ),
            ),
        ),
        (
            Ask(
                "When do the school holidays begin?",
                "the school holidays begin in {late June|early July|the middle of July}",
            ),
            Ask("What does one night cost?", "one night there costs {price}"),
            Ask("How many beds does the house have?", "the house has {count} beds"),
            Ask("How long is the drive?", "the drive takes {count} hours"),
            Ask("On which day does the ferry go?", "the ferry only goes on {day}"),
        ),
        (
            "learn to sail",
            "read for two weeks",
            "visit some old friends on the way",
            "climb a volcano",
            "eat fresh fish every day",
        ),
    ),
)
