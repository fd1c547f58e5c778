"""English scenarios at work and at school."""

from __future__ import annotations

from audio_reasoner.synth.scripts.scenarios import Ask, Option, Scenario

WORK = (
    Scenario(
        "job interview",
        "a panel after a job interview",
        (
            ("So, that was the last candidate for today.", "Good, my hand hurts from taking notes."),
            ("She was very nervous in the beginning.", "Yes, but she got better with every question."),
            ("What a pile of {letters|applications|files}.", "And those are only the good ones."),
            ("He answered all of our questions.", "Even the difficult one about numbers."),
        ),
        (
            (
                Option(
                    "hire the young engineer",
                    "hiring the young engineer",
                    (
                        "she learns faster than anybody else",
                        "her test was the best by far",
                        "the team could use some fresh ideas",
                        "she could start right away",
                    ),
                ),
                Option(
                    "hire the experienced manager",
                    "hiring the experienced manager",
                    (
                        "he has led three projects like this one",
                        "there's no time to train anybody",
                        "the customers already know and trust him",
                        "his old boss called him a rock",
                    ),
                ),
            ),
            (
                Option(
                    "invite both again",
                    "inviting both again",
                    (
                        "one hour isn't enough to know somebody",
                        "the director hasn't met either of them",
                        "a wrong decision would be expensive",
                    ),
                ),
                Option(
                    "decide this afternoon",
                    "deciding this afternoon",
                    (
                        "good people don't wait for long",
                        "the desk has been empty since March",
                        "all the important things have been said",
                    ),
                ),
            ),
        ),
        (
            Ask("When could she start?", "the young engineer could start on {day}"),
            Ask("How many people applied?", "{many} people applied for the job"),
            Ask("When is the next interview?", "the next interview is at {time}"),
            Ask("Where did he work before?", "the second candidate's last job was in {Cairo|Geneva|Chicago|Nairobi}"),
            Ask("How many languages does she speak?", "the young engineer speaks {count} languages"),
        ),
        (
            "read the references once more",
            "see a trial day first",
            "ask about the long gap",
            "have a decision before the weekend",
            "talk to the team about it",
        ),
    ),
    Scenario(
        "budget meeting",
        "a budget meeting at work",
        (
            ("Is everybody here? Then let's begin.", "The others are stuck in traffic, I think."),
            ("You've all seen the figures, I hope.", "I have, and I didn't sleep well."),
            ("This quarter was {better|worse} than expected.", "It surprised me as well."),
            ("Let's keep this short today.", "That's what we say every time."),
        ),
        (
            (
                Option(
                    "spend the money on training",
                    "spending the money on training",
                    (
                        "nobody really knows the new software",
                        "good people leave when they can't grow",
                        "the machines are fine for another year",
                        "the course is half price until summer",
                    ),
                ),
                Option(
                    "buy new machines",
                    "buying new machines",
                    (
                        "the old ones break down every week",
                        "repairs have doubled since last year",
                        "the customers are waiting for their orders",
                        "the supplier offers a very low rate now",
                    ),
                ),
            ),
            (
                Option(
                    "close the small office",
                    "closing the small office",
                    (
                        "most of the desks there are empty",
                        "the rent goes up again next year",
                        "almost everybody works from home now",
                    ),
                ),
                Option(
                    "keep both offices",
                    "keeping both offices",
                    (
                        "the clients in the north need a place",
                        "moving would cost more than it saves",
                        "some people have no room to work at home",
                    ),
                ),
            ),
        ),
        (
            Ask("How much is left for this year?", "there are {many} thousand euros left for this year"),
            Ask("When is the report due?", "the report is due on {day}"),
            Ask("When does the next meeting start?", "the next meeting starts at {time}"),
            Ask("What does the course cost?", "the course costs {price} per person"),
            Ask("How many new people are planned?", "{count} new people are planned for spring"),
        ),
        (
            "see the exact figures",
            "postpone the trade fair",
            "protect the small projects",
            "leave on time today",
            "get rid of the old printers",
        ),
    ),
    Scenario(
        "school project",
        "a school project in a group",
        (
            ("So, who has got an idea?", "I've written down two or three."),
            ("We're the only group without a topic.", "Then let's hurry up a little."),
            ("The teacher looked at me the whole time.", "She always does that."),
            ("Whose {ruler|pencil|notebook} is this?", "Mine, thanks, I was looking for it."),
        ),
        (
            (
                Option(
                    "build a volcano",
                    "building a volcano",
                    (
                        "everybody loves it when something explodes",
                        "we have all the clay we need",
                        "posters are what all the others do",
                        "it shows how the pressure works",
                    ),
                ),
                Option(
                    "make a poster about bees",
                    "making a poster about bees",
                    (
                        "volcanoes are done every single year",
                        "my uncle keeps bees and could help",
                        "clay takes days to dry properly",
                        "it's something that matters right now",
                    ),
                ),
            ),
            (
                Option(
                    "meet after school",
                    "meeting after school",
                    (
                        "the art room is free until five",
                        "at the weekend nobody has any time",
                        "then it's finished and out of the way",
                    ),
                ),
                Option(
                    "meet on Saturday",
                    "meeting on Saturday",
                    (
                        "there's football practice every afternoon",
                        "one long day is better than three short ones",
                        "the big table at home is free then",
                    ),
                ),
            ),
        ),
        (
            Ask("When is it due?", "the project is due on {day}"),
            Ask("How many pages does it need?", "the report needs {count} pages"),
            Ask("When does the art room close?", "the art room closes at {time}"),
            Ask("What does the cardboard cost?", "the cardboard costs {price}"),
            Ask(
                "Where are the scissors?",
                "the scissors are {in the blue drawer|next to the sink|on the teacher's desk}",
            ),
        ),
        (
            "do the drawings",
            "get a better mark this time",
            "use real photos",
            "give the talk at the end",
            "finish before the holidays",
        ),
    ),
    Scenario(
        "office move",
        "choosing new rooms for an office",
        (
            ("Mind the step, it's dark in here.", "Where on earth is the switch?"),
            ("This used to be a {bakery|printing shop|school}.", "You can still smell it."),
            ("Nice high ceilings.", "Imagine the heating bill, though."),
            ("My footsteps echo in here.", "It'll be better with some carpets."),
        ),
        (
            (
                Option(
                    "rent the old factory",
                    "renting the old factory",
                    (
                        "there's enough space for the next ten years",
                        "the light through those windows is amazing",
                        "bikes can be parked right inside",
                        "the glass tower costs twice as much",
                    ),
                ),
                Option(
                    "rent rooms in the glass tower",
                    "renting rooms in the glass tower",
                    (
                        "it's only two minutes from the station",
                        "an old building always hides surprises",
                        "the clients would find it at once",
                        "meeting rooms are included there",
                    ),
                ),
            ),
            (
                Option(
                    "share one big room",
                    "sharing one big room",
                    (
                        "people talk to each other much more",
                        "walls cost money and time",
                        "it's easier to help new colleagues",
                    ),
                ),
                Option(
                    "have small rooms",
                    "having small rooms",
                    (
                        "nobody can phone in all that noise",
                        "some tasks need complete silence",
                        "one cold and everybody is ill",
                    ),
                ),
            ),
        ),
        (
            Ask("What is the rent per square metre?", "the rent is {price} per square metre"),
            Ask("How many desks fit in here?", "{many} desks fit into this hall"),
            Ask("When can we get the keys?", "the keys will be ready on {day}"),
            Ask("When does the agent come back?", "the agent comes back at {time}"),
            Ask("Where is the fuse box?", "the fuse box is {behind the door|in the cellar|under the stairs}"),
        ),
        (
            "sit near a window",
            "have a proper kitchen",
            "know about the neighbours",
            "keep the way to work short",
            "see the roof terrace",
        ),
    ),
    Scenario(
        "theatre rehearsal",
        "a theatre rehearsal",
        (
            ("Places, please, everybody.", "My costume doesn't close at the back."),
            ("I forgot my line again.", "It happens, just go on talking."),
            ("Who moved the {throne|door|tree} on stage?", "The stage crew did, for the dance."),
            ("The lights are much too bright.", "I can't see a thing from up here."),
        ),
        (
            (
                Option(
                    "cut the second song",
                    "cutting the second song",
                    (
                        "the first half is far too long",
                        "the orchestra only knows the first one",
                        "it stops the story for no reason",
                        "the costume change gets easier without it",
                    ),
                ),
                Option(
                    "keep both songs",
                    "keeping both songs",
                    (
                        "the audience always loves that duet",
                        "the choir has practised it for weeks",
                        "the poster promises a musical after all",
                        "it's the only happy moment in the play",
                    ),
                ),
            ),
            (
                Option(
                    "rehearse the end again",
                    "rehearsing the end again",
                    (
                        "the sword fight still looks dangerous",
                        "half the people came in too late",
                        "it's what the audience remembers",
                    ),
                ),
                Option(
                    "call it a day",
                    "calling it a day",
                    (
                        "everybody's voice is tired by now",
                        "the caretaker wants to lock up",
                        "tomorrow is another long rehearsal",
                    ),
                ),
            ),
        ),
        (
            Ask("When do the doors open?", "the doors open at {time}"),
            Ask("How many tickets are sold?", "{many} tickets are already sold"),
            Ask("What does a seat in front cost?", "a seat in the front row costs {price}"),
            Ask("When is the dress rehearsal?", "the dress rehearsal is on {day}"),
            Ask("Where is the crown?", "the crown is {in the red trunk|behind the curtain|on the piano}"),
        ),
        (
            "change the last line",
            "wear the long coat",
            "practise the fight slowly",
            "have more light on the left",
            "get something to drink first",
        ),
    ),
)
