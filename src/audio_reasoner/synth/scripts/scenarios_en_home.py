"""English scenarios at home."""

from __future__ import annotations

from audio_reasoner.synth.scripts.scenarios import Ask, Option, Scenario

HOME = (
    Scenario(
        "kitchen",
        "cooking dinner together",
        (
            ("Something smells {wonderful|great} in here.", "That's only the onions so far."),
            ("Who left the fridge open?", "Sorry, that was me."),
            ("Can you pass me the big {pan|knife|bowl}?", "Here you are, but careful, it's wet."),
            ("The water is boiling already.", "Then it's time to put some salt in."),
        ),
        (
            (
                Option(
                    "make a soup",
                    "making a soup",
                    (
                        "the vegetables have to be used up today",
                        "it's cold outside, and soup warms everybody",
                        "the oven has been acting up all week",
                        "it can cook while we set the table",
                    ),
                ),
                Option(
                    "bake a pizza",
                    "baking a pizza",
                    (
                        "the dough has been resting since noon",
                        "the children never finish their soup",
                        "everybody can choose their own topping",
                        "there's far too much cheese in the fridge",
                    ),
                ),
            ),
            (
                Option(
                    "eat in the garden",
                    "eating in the garden",
                    (
                        "it's the first warm evening of the year",
                        "the kitchen table is covered in papers",
                        "the neighbours have just finished mowing",
                    ),
                ),
                Option(
                    "eat inside",
                    "eating inside",
                    (
                        "the wasps are terrible at the moment",
                        "the chairs outside are still wet",
                        "carrying all the dishes takes forever",
                    ),
                ),
            ),
        ),
        (
            Ask("How long does the bread need in the oven?", "the bread needs {many} minutes in the oven"),
            Ask("When are the guests coming?", "the guests are coming at {time}"),
            Ask("How many eggs are left?", "there are {count} eggs left"),
            Ask("Where is the corkscrew?", "the corkscrew is {in the top drawer|behind the toaster|next to the sink}"),
            Ask("What did the cheese cost?", "the cheese cost {price}"),
        ),
        (
            "try a new dessert",
            "use less salt this time",
            "learn grandma's recipe by heart",
            "sit down for five minutes",
            "cook something without meat",
        ),
    ),
    Scenario(
        "moving house",
        "moving into a new flat",
        (
            ("Careful with that box, it's full of plates.", "Then why is it on top of the books?"),
            ("These stairs are killing me.", "Only two more floors, come on."),
            ("I can't believe how much stuff this is.", "And the cellar isn't even empty yet."),
            ("Does this lamp belong in the {kitchen|bedroom}?", "Just put it in the hall for now."),
        ),
        (
            (
                Option(
                    "carry the piano upstairs",
                    "carrying the piano upstairs",
                    (
                        "the strong neighbours leave in half an hour",
                        "the van has to be empty before noon",
                        "it's only going to get hotter today",
                        "nobody will have any strength left later",
                    ),
                ),
                Option(
                    "hire somebody for the piano",
                    "hiring somebody for the piano",
                    (
                        "it doesn't fit around the corner on the stairs",
                        "one slip and somebody gets badly hurt",
                        "the insurance only pays for professionals",
                        "they have straps and a proper trolley",
                    ),
                ),
            ),
            (
                Option(
                    "paint the walls first",
                    "painting the walls first",
                    (
                        "it's so much easier in an empty room",
                        "the old colour gives everybody a headache",
                        "the paint is already standing in the hall",
                    ),
                ),
                Option(
                    "bring in the furniture first",
                    "bringing in the furniture first",
                    (
                        "the van costs extra after today",
                        "it may rain on the sofa any minute",
                        "everybody needs a bed tonight",
                    ),
                ),
            ),
        ),
        (
            Ask("When does the van have to be back?", "the van has to be back at {time}"),
            Ask("What does the van cost per day?", "the van costs {price} a day"),
            Ask("Where are the tools?", "the tools are {in the bathtub|under the blue blanket|in the first box}"),
            Ask("How many boxes are still downstairs?", "there are {many} boxes downstairs"),
            Ask("When will the internet work?", "the internet will work on {day}"),
        ),
        (
            "have the room with the balcony",
            "keep the old sofa",
            "get the bed ready before tonight",
            "meet the new neighbours",
            "throw away half of these boxes",
        ),
    ),
    Scenario(
        "painting",
        "painting a living room",
        (
            ("You've got paint in your hair.", "I've got paint everywhere by now."),
            ("Did you cover the {sofa|carpet|piano}?", "Yes, with two old bed sheets."),
            ("This ladder is a bit wobbly.", "Hold on, I'll stand on the bottom step."),
            ("Open the window, please. It smells in here.", "Good idea, I was getting dizzy."),
        ),
        (
            (
                Option(
                    "paint the walls green",
                    "painting the walls green",
                    (
                        "green goes so well with the wooden floor",
                        "two full buckets are standing here already",
                        "it's calm and fresh at the same time",
                        "the plants would look great in front of it",
                    ),
                ),
                Option(
                    "paint the walls white",
                    "painting the walls white",
                    (
                        "the room is dark enough as it is",
                        "white goes with any kind of furniture",
                        "the landlord wants white walls back one day",
                        "nobody ever gets tired of white",
                    ),
                ),
            ),
            (
                Option(
                    "add a second coat today",
                    "adding a second coat today",
                    (
                        "the old colour is still shining through",
                        "the rollers are still wet and ready",
                        "tomorrow everybody has to work again",
                    ),
                ),
                Option(
                    "stop for today",
                    "stopping for today",
                    (
                        "the first coat isn't dry yet",
                        "in this light nobody sees what they're doing",
                        "tired people make ugly mistakes",
                    ),
                ),
            ),
        ),
        (
            Ask("How long does the paint take to dry?", "the paint takes {count} hours to dry"),
            Ask("What does a bucket of paint cost?", "a bucket of paint costs {price}"),
            Ask("When does the hardware store close?", "the hardware store closes at {time}"),
            Ask("Where is the small brush?", "the small brush is {in the sink|on the windowsill|under the newspaper}"),
            Ask("When is the new sofa coming?", "the new sofa is coming on {day}"),
        ),
        (
            "finish the ceiling first",
            "put up some shelves",
            "hang the big mirror over there",
            "listen to some music while working",
            "wash the brushes before lunch",
        ),
    ),
    Scenario(
        "garden",
        "an afternoon in the garden",
        (
            ("Look how tall the sunflowers are.", "They've doubled since last week."),
            ("Something has eaten the {lettuce|strawberries} again.", "I bet it was the snails."),
            ("My back hurts from all this digging.", "Come and sit in the shade for a bit."),
            ("There's a {hedgehog|frog} under the leaves.", "Oh, how sweet, don't wake it up."),
        ),
        (
            (
                Option(
                    "plant an apple tree",
                    "planting an apple tree",
                    (
                        "a tree gives shade and fruit for decades",
                        "the bees would love the blossom",
                        "autumn is the right season for it",
                        "the nursery has them at half price",
                    ),
                ),
                Option(
                    "dig a pond",
                    "digging a pond",
                    (
                        "the frogs have nowhere to go in summer",
                        "the ground is far too wet for roots there",
                        "water makes the whole garden feel cooler",
                        "the children could watch the dragonflies",
                    ),
                ),
            ),
            (
                Option(
                    "cut the hedge",
                    "cutting the hedge",
                    (
                        "the postman can hardly get to the door",
                        "the neighbours have already complained",
                        "the borrowed clippers go back tomorrow",
                    ),
                ),
                Option(
                    "leave the hedge alone",
                    "leaving the hedge alone",
                    (
                        "there's a nest with young birds inside",
                        "cutting hedges isn't allowed before autumn",
                        "it keeps the noise of the road away",
                    ),
                ),
            ),
        ),
        (
            Ask("When does the sprinkler start?", "the sprinkler starts at {time}"),
            Ask("What does a bag of soil cost?", "a bag of soil costs {price}"),
            Ask("How many tomato plants are there?", "there are {count} tomato plants this year"),
            Ask(
                "Where is the wheelbarrow?", "the wheelbarrow is {behind the shed|under the cherry tree|by the compost}"
            ),
            Ask("When do they collect the branches?", "they collect the branches on {day}"),
        ),
        (
            "grow pumpkins this year",
            "build a bench from old wood",
            "pick some herbs for dinner",
            "repair the old fence",
            "have more flowers for the bees",
        ),
    ),
    Scenario(
        "power cut",
        "a power cut in the evening",
        (
            ("Hey, who turned off the lights?", "Nobody did, the whole street is dark."),
            ("Ouch, I've just walked into the table.", "Stay where you are, I'll find a candle."),
            ("The fridge has stopped humming.", "The router is dead as well."),
            ("It's suddenly so quiet.", "A little spooky, if you ask me."),
        ),
        (
            (
                Option(
                    "call the power company",
                    "calling the power company",
                    (
                        "maybe nobody has told them yet",
                        "the food in the freezer won't last long",
                        "they can say how long it'll take",
                        "last time it was off the whole night",
                    ),
                ),
                Option(
                    "wait for the power",
                    "waiting for the power",
                    (
                        "everybody in town is calling them right now",
                        "it's usually over in a few minutes",
                        "the phone battery is almost empty",
                        "candlelight is actually rather nice",
                    ),
                ),
            ),
            (
                Option(
                    "play cards",
                    "playing cards",
                    (
                        "one candle is enough for a game",
                        "without television the evening is long",
                        "it's ages since the last game night",
                    ),
                ),
                Option(
                    "go to bed early",
                    "going to bed early",
                    (
                        "it's getting cold without the heating",
                        "there are only two candles left",
                        "everybody has to get up at six",
                    ),
                ),
            ),
        ),
        (
            Ask("When did the power go off?", "the power went off at {time}"),
            Ask("Where are the matches?", "the matches are {on top of the fridge|in the sewing box|behind the clock}"),
            Ask("How many candles do we have?", "there are {count} candles in the cupboard"),
            Ask("How many houses are dark?", "{many} houses are without power"),
            Ask("What does a good torch cost?", "a good torch costs {price}"),
        ),
        (
            "finish this email somehow",
            "make some tea on the camping stove",
            "check on the old lady upstairs",
            "look at the stars for once",
            "charge the phone in the car",
        ),
    ),
)
