"""The tables behind the relations of sounds: families (is-a), traits (sounds-like), places (found-with).

Decision: three tables a person can read and mend, of single words, and no list of pairs: that a relation holds both
ways follows from two words standing on one line. They are ours and small; they say nothing about how often the sounds
of the world keep such company.
"""

from __future__ import annotations

FAMILIES: dict[str, str] = {
    "signal": "alarm bell beep buzzer chime doorbell gong horn phone ringtone siren telephone whistle",
    "weather": "hail rain storm thunder wind",
    "human sound": "applause baby breath cheer clap cough crowd crying footsteps laughter scream shout sigh singing "
    "sneeze snore speech voice whistle",
    "handiwork": "clap drum hammer knock typing writing zipper",
    "household sound": "blender clock dish door doorbell fan fridge glass kettle knock phone tap toilet typing vacuum "
    "washing",
    "motor sound": "airplane boat bus car chainsaw drill engine fan helicopter lawnmower mower motor motorcycle plane "
    "tractor train tram truck vacuum",
    "cutting sound": "chainsaw drill saw scissors",
    "burning": "campfire fire fireplace",
    "insect": "bee cicada cricket crickets fly grasshopper mosquito wasp",
}
"""Is-a beyond `ontology.KINDS`: a family, and words for sounds of that family."""

TRAITS: dict[str, str] = {
    "short dry blows": "ball clap clock door drum footsteps hammer knock typing woodblock gunshot fire",
    "something rings": "alarm bell chime clock glass gong phone piano triangle xylophone",
    "one high tone": "alarm bird crickets flute kettle violin whistle",
    "notes held": "accordion horn organ phone siren train trumpet violin",
    "a voice that glides": "baby cat cow dog laughter sheep siren wolf whistle owl",
    "short calls in a row": "bird crow dog duck frog laughter owl rooster seal sheep cough",
    "a low rumble": "airplane cow drum engine explosion fan helicopter thunder train truck wind",
    "turns and hums": "airplane bee blender drill engine fan helicopter mower saw train vacuum",
    "a steady rush": "airplane crowd fan fire rain shower stream train vacuum waterfall waves wind applause",
    "crackles and grains": "applause fire footsteps frying glass rain stream typing",
    "chopped into pulses": "alarm crickets engine frog helicopter phone drill",
}
"""Sounds-like: what can be heard, and words for sounds of which it is true."""

FORMS: dict[str, str] = {
    "dog": "bark barking puppy",
    "cat": "kitten meow meowing",
    "chicken": "hen hens",
    "bird": "birdsong chirp chirping",
    "cow": "moo mooing",
    "cough": "coughing",
    "sneeze": "sneezing",
    "snore": "snoring",
    "breath": "breathing",
    "laughter": "laugh laughing giggle",
    "clap": "clapping",
    "cheer": "cheering",
    "speech": "talk talking conversation",
    "footsteps": "step steps walking",
    "typing": "keyboard",
    "knock": "knocking",
    "thunder": "thunderstorm",
    "explosion": "firework fireworks",
    "gunshot": "gun shot",
    "drill": "drilling jackhammer",
    "saw": "sawing",
    "hammer": "hammering",
    "whistle": "whistling",
    "drum": "drumming",
    "frying": "sizzling",
    "fan": "conditioner ventilator",
    "vacuum": "hoover",
    "stream": "brook",
    "fire": "bonfire campfire fireplace",
    "tap": "faucet pouring",
    "airplane": "aeroplane aircraft jet",
    "motorcycle": "motorbike",
    "phone": "cellphone ringtone",
    "clock": "tick ticking",
}
"""Other words for a sound that the tables name once: corpora say "sneezing", "thunderstorm", "air conditioner"."""

PLACES: dict[str, str] = {
    "a street": "alarm bicycle bird bus car crowd dog engine footsteps horn motorcycle rain siren thunder traffic "
    "truck whistle wind bell",
    "a house": "alarm baby cat clock cough dog door fan footsteps glass knock laughter phone piano shower speech "
    "telephone vacuum",
    "a kitchen": "cat clock dish fan footsteps frying glass kettle knock phone speech tap",
    "an office": "alarm clock cough door fan footsteps knock laughter phone printer speech typing",
    "a farmyard": "bird cat chicken cow crow dog donkey duck engine frog goat goose horse pig rooster sheep tractor "
    "wind",
    "a wood": "bird crickets crow frog footsteps owl saw stream thunder wind wolf woodpecker rain whistle chainsaw",
    "a meadow at night": "bird cow crickets dog fire footsteps frog owl stream thunder wind",
    "a camp": "bird crickets dog fire footsteps guitar laughter saw singing stream wind whistle owl",
    "a station": "bell clock crowd engine footsteps horn phone speech train whistle alarm laughter typing",
    "a valley": "bell bird cow dog engine footsteps frog horn stream thunder train wind",
    "a workshop": "alarm clock drill engine fan footsteps hammer horn knock phone saw vacuum whistle",
    "a building site": "crowd drill engine footsteps hammer horn saw truck whistle helicopter",
    "a stage": "applause bell clap crowd drum footsteps guitar laughter piano singing trumpet violin whistle horn",
    "a restaurant": "bell clap crowd dish fan glass laughter phone piano speech footsteps",
    "a harbour": "bell bird boat engine horn rain seagull ship siren waves wind helicopter thunder",
    "an accident": "alarm crowd dog engine fire glass helicopter horn siren explosion",
    "a stadium": "applause clap crowd drum helicopter horn laughter siren whistle bell",
}
"""Found-with: places, and words for sounds one may well hear there together."""
