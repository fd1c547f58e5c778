"""Made pieces of music: questions and steps from what their maker tells (`Known.told`) and from who plays when.

Decision: nothing can be guessed from the options. Metre, loudness and the number of instruments always have the same
four, and the planner makes each equally often; orders and entries are asked only among instruments that are heard;
the melody's player stands among one other instrument that plays and two that do not. A chain walks the way a listener
would: it counts from accent to accent, follows the melody from note to note, compares start and end.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise, permutations

import numpy as np

from audio_reasoner.core.harmony import LETTERS
from audio_reasoner.core.records import Fact, Question
from audio_reasoner.grounded import compose as c
from audio_reasoner.grounded import patterns_pieces as p
from audio_reasoner.grounded.desk import Asking
from audio_reasoner.grounded.known import Known
from audio_reasoner.grounded.language import article, listed, number, ordinal, phrase, seconds
from audio_reasoner.grounded.writer import Writer

MELODIC = (
    "accordion", "clarinet", "flute", "glockenspiel", "guitar", "marimba", "organ", "piano", "trumpet", "violin",
)  # fmt: skip
"""Instruments that play any part of a made piece. The others (bass, drums) could be told by their part alone."""
ENTRY_GAP_S = 1.0
METRES = {"3/4": 3, "4/4": 4, "5/4": 5, "6/8": 6}
BEATS = {**METRES, "6/8": 2}
"""Beats of a told tempo in a bar."""
DIRECTIONS = {
    "rising": "it rises from low to high",
    "falling": "it falls from high to low",
    "arch": "it climbs to a peak and comes back down",
    "wave": "it goes up and down more than once",
    "level": "it stays around one height",
}
DYNAMICS = {
    "crescendo": "it grows louder little by little",
    "diminuendo": "it grows softer little by little",
    "steady": "it keeps about the same loudness",
    "sudden": "its loudness changes all at once",
}
COUNTS = ("1", "2", "3", "4")
_KEEP_COUNT = (0.28, 0.72, 1.0, 1.0)
"""With which chance a clip of one to four instruments is asked for their number."""
FAMILIES = ("metre", "direction", "dynamics", "enters", "entry_order", "how_many_instruments", "melody")

TEMPLATES: dict[str, tuple[str, ...]] = {
    "metre": (
        "In which metre is the music?",
        "What is the time signature of the piece?",
        "Which metre does the piece have?",
    ),
    "direction": (
        "How does the melody of the {x} move from start to end?",
        "Which course does the melody of the {x} take?",
        "What is the shape of the melody of the {x}?",
    ),
    "dynamics": (
        "How does the loudness of the music develop?",
        "What happens to the loudness from start to end?",
        "Which course does the loudness of the piece take?",
    ),
    "enters": (
        "Which instrument enters {x}?",
        "Which instrument is the {x} to come in?",
        "Which instrument joins in {x}?",
    ),
    "entry_order": (
        "In which order do the instruments enter?",
        "How do the instruments come in, one after another?",
        "Which order of entries is right?",
    ),
    "how_many_instruments": (
        "How many different instruments play?",
        "How many instruments can be told apart?",
        "What is the number of different instruments in the piece?",
    ),
    "melody": (
        "Which instrument plays the melody?",
        "Which instrument has the tune?",
        "Which of these instruments leads with the melody?",
    ),
}


def the(name: str) -> str:
    """An instrument on later mention: "the piano", "the drums"."""
    if name == "drums":
        return "the drums"
    return phrase(name).known.removesuffix(" sound") if " sound" in phrase(name).known else phrase(name).known


def new(name: str) -> str:
    """An instrument on first mention: "a piano"."""
    if name == "drums":
        return name
    return f"{article(name)} {name}" if phrase(name).new.endswith(" sound") else phrase(name).new


@dataclass(frozen=True)
class Piece:
    """What is told of a made piece: entries (name, seconds) in their order, facts by kind."""

    entries: tuple[tuple[str, float], ...]
    facts: dict[str, Fact]

    @property
    def names(self) -> tuple[str, ...]:
        """Instruments in order of their entry."""
        return tuple(name for name, _ in self.entries)

    @property
    def in_turn(self) -> bool:
        """Whether the instruments enter one after another, so that the order can be heard."""
        return len(self.entries) > 1 and all(b - a >= ENTRY_GAP_S for (_, a), (_, b) in pairwise(self.entries))

    def told(self, kind: str) -> str | None:
        """The value of a fact, or None."""
        return self.facts[kind].value if kind in self.facts else None


def piece_of(known: Known) -> Piece | None:
    """The piece of a made clip; None where nobody has told anything."""
    if known.scene is None or not known.told:
        return None
    first: dict[str, float] = {}
    for s in known.scene.sounds:
        first.setdefault(s.label, s.exact[0])
    facts: dict[str, Fact] = {}
    for fact in known.told:
        facts.setdefault(fact.kind, fact)
    return Piece(tuple(sorted(first.items(), key=lambda x: x[1])), facts)


def melodic_pool(vocabulary: tuple[str, ...]) -> tuple[str, ...]:
    """Instruments to offer: those that occur in the run, so that none is never right; all where no run is known."""
    words = {w.rpartition(": ")[2] for w in vocabulary}
    found = tuple(x for x in MELODIC if x in words)
    return found if len(found) >= 2 else MELODIC


def _absent(rng: np.random.Generator, piece: Piece, vocabulary: tuple[str, ...], n: int) -> list[str]:
    pool = [x for x in melodic_pool(vocabulary) if x not in piece.names]
    return [pool[int(i)] for i in rng.permutation(len(pool))[:n]]


def ask(family: str, piece: Piece, a: Asking) -> Question | None:
    """A question of one of `FAMILIES`, or None where that is not told."""
    rng = a.rng
    match family:
        case "metre" if (gold := piece.told("metre")) in METRES:
            return _fixed(rng, family, gold, tuple(METRES), 2)
        case "dynamics" if (gold := piece.told("dynamics")) in DYNAMICS:
            return _fixed(rng, family, DYNAMICS[gold], tuple(DYNAMICS.values()), 2)
        case "how_many_instruments" if len(piece.names) <= len(COUNTS):
            # Of a single instrument little else can be asked: without this, one would be the commonest number.
            if rng.random() >= _KEEP_COUNT[len(piece.names) - 1]:
                return None
            return _fixed(rng, family, str(len(piece.names)), COUNTS, 2)
        case "direction" if (gold := piece.told("direction")) in DIRECTIONS and piece.facts["direction"].subject:
            others = [v for k, v in DIRECTIONS.items() if k != gold]
            others = [others[int(i)] for i in rng.permutation(len(others))[:3]]
            text = c.template(rng, TEMPLATES, family, x=str(piece.facts["direction"].subject))
            return c.ask(rng, "music_qa", family, text, DIRECTIONS[gold], others, 2, least=3)
        case "enters" if piece.in_turn:
            at = int(rng.integers(len(piece.names)))
            word = "last" if at == len(piece.names) - 1 and at > 1 else ordinal(at + 1)
            text = c.template(rng, TEMPLATES, family, x=word)
            others = [x for x in piece.names if x != piece.names[at]]
            return c.ask(rng, "music_qa", family, text, piece.names[at], others, 1)
        case "entry_order" if piece.in_turn and 2 <= len(piece.names) <= 4:
            every = [o for o in permutations(piece.names) if o != piece.names]
            chosen = [", ".join(every[int(i)]) for i in rng.permutation(len(every))[:3]]
            text = c.template(rng, TEMPLATES, family)
            return c.ask(rng, "music_qa", family, text, ", ".join(piece.names), chosen, 3)
        case "melody" if (gold := piece.told("melody")) in MELODIC:
            inside = [x for x in piece.names if x in MELODIC and x != gold]
            if not inside:
                return None
            inside = [inside[int(rng.integers(len(inside)))]]
            others = [*inside, *_absent(rng, piece, a.vocabulary, 2)]
            text = c.template(rng, TEMPLATES, family)
            return c.ask(rng, "music_qa", family, text, gold, others, 3)
    return None


def ask_instrument(text: str, piece: Piece, a: Asking) -> Question | None:
    """Which instrument is heard: one that can play any part, among others that can."""
    heard = [x for x in piece.names if x in MELODIC]
    if not heard:
        return None
    gold = heard[int(a.rng.integers(len(heard)))]
    return c.ask(a.rng, "music_qa", "instrument", text, gold, _absent(a.rng, piece, a.vocabulary, 3), 1)


def _fixed(
    rng: np.random.Generator, family: str, gold: str, options: tuple[str, ...], difficulty: int
) -> Question | None:
    others = [o for o in options if o != gold]
    return c.ask(rng, "music_qa", family, c.template(rng, TEMPLATES, family), gold, others, difficulty)


def _groups(metre: str) -> str:
    """How a bar is counted: "one, two, three"."""
    n = METRES[metre]
    words = [number(i) for i in range(1, n + 1)]
    return f"{', '.join(words[:3])}; {', '.join(words[3:])}" if metre == "6/8" else ", ".join(words)


def _height(note: str) -> int:
    """MIDI number of a note's name: "Bb4"."""
    natural = (0, 2, 4, 5, 7, 9, 11)[LETTERS.index(note[0])]
    octave = int(note.lstrip("ABCDEFG#b"))
    return 12 * (octave + 1) + natural + note.count("#") - note[1:].count("b")


def contour(piece: Piece) -> tuple[str, ...]:
    """The melody's notes on the way, as names; empty where they are not told."""
    told = piece.told("contour")
    return tuple(told.split(", ")) if told else ()


def moves(notes: tuple[str, ...]) -> list[tuple[str, str]]:
    """Each note that differs from the one before and how it is reached: "up" or "down"."""
    out = []
    for a, b in pairwise(notes):
        d = _height(b) - _height(a)
        if d:
            out.append((b, "up" if d > 0 else "down"))
    return out


def caption(piece: Piece, w: Writer, family: str) -> list[str]:
    """What a caption says beyond key, tempo and instruments; nothing that answers a question of `family`."""
    out = []
    if (metre := piece.told("metre")) in METRES and family != "metre":
        out.append(w.say(p.CAPTION_METRE, m=metre))
    if piece.in_turn and family not in ("enters", "entry_order", "how_many_instruments", "instrument"):
        out.append(w.say(p.CAPTION_ENTRIES, l=", ".join(f"{the(x)} at {seconds(t)}" for x, t in piece.entries)))
    if (lead := piece.told("melody")) and family not in ("melody", "instrument", "how_many_instruments"):
        out.append(w.say(p.CAPTION_DIRECTION, x=the(lead)))
    if (value := piece.told("dynamics")) in DYNAMICS and family != "dynamics":
        out.append(w.say(p.CAPTION_DYNAMICS, d=w.clause(p.COURSE[value])))
    return out


def planning(family: str, question: Question, piece: Piece, w: Writer) -> list[str]:
    """What is asked, and how to go about it."""
    x = the(str(piece.facts["direction"].subject)) if family == "direction" else ""
    step = "entries" if family in ("enters", "entry_order", "how_many_instruments") else family
    return [w.say(p.ASK[family], x=x, k=c.target(TEMPLATES, question.text)), w.say(p.STEP[step])]


def steps(family: str, piece: Piece, w: Writer) -> list[str]:
    """From what is heard to the answer, before the options are looked at.

    Raises:
        ValueError: what is asked is not told.
    """
    match family:
        case "metre":
            return _metre_steps(piece, w)
        case "direction":
            return _direction_steps(piece, w)
        case "dynamics":
            return _dynamics_steps(piece, w)
        case "enters" | "entry_order":
            return [
                w.say(p.ENTRY, t=seconds(t), x=the(x), i=str(i), k=ordinal(i))
                for i, (x, t) in enumerate(piece.entries, 1)
            ]
        case "how_many_instruments":
            out = [w.say(p.HAVE, x=the(x), i=str(i), k=ordinal(i)) for i, x in enumerate(piece.names, 1)]
            return [*out, w.say(p.HAVE_ALL, n=str(len(piece.names)))]
    lead = piece.told("melody")
    if lead is None:
        raise ValueError("who plays the melody is not told")
    out = []
    chords = {piece.names[i] for i in piece.facts["chords"].events} if "chords" in piece.facts else set()
    for x in piece.names:
        role = x if x in ("bass", "drums") else "chords" if x in chords else "other"
        out.append(w.say(p.LEADS, x=the(x)) if x == lead else w.say(p.SUPPORTS[role], x=the(x)))
    return out


def _metre_steps(piece: Piece, w: Writer) -> list[str]:
    metre = piece.told("metre")
    if metre not in METRES:
        raise ValueError("the metre is not told")
    names = list(dict.fromkeys(piece.names[i] for i in piece.facts["metre"].events if i < len(piece.names)))
    eighths = metre == "6/8"
    out = [w.say(p.ACCENT, x=listed([the(x) for x in names[:2]] or ["the music"]))]
    out.append(w.say(p.COUNT_BAR, c=_groups(metre)))
    if eighths:
        out.append(w.say(p.SPLIT, s="three", n="six"))
    return [*out, w.say(p.BAR_IS, m=metre)]


def _direction_steps(piece: Piece, w: Writer) -> list[str]:
    value, notes = piece.told("direction"), contour(piece)
    if value not in DIRECTIONS or len(notes) < 2:
        raise ValueError("the course of the melody is not told")
    way = moves(notes)
    out = [w.say(p.FIRST_NOTE, a=notes[0])]
    out.append(w.say(p.MOVES, q=", ".join(f"{n} ({d})" for n, d in way)))
    up, down = (sum(d == x for _, d in way) for x in ("up", "down"))
    out.append(w.say(p.TALLY, u=f"{up}", d=f"{down}"))
    ranked = sorted(notes, key=_height)
    return [*out, w.say(p.SHAPE[value], a=notes[0], b=notes[-1], t=ranked[-1], o=ranked[0])]


def _dynamics_steps(piece: Piece, w: Writer) -> list[str]:
    value = piece.told("dynamics")
    if value not in DYNAMICS:
        raise ValueError("the course of the loudness is not told")
    slots = {"z": "the middle", "s": "at one level", "g": "at another"}
    if (change := piece.told("change")) is not None:
        way, _, at = change.partition(" ")
        low, high = ("soft", "loud") if way == "louder" else ("loud", "soft")
        slots = {"z": seconds(float(at)), "s": low, "g": high}
    return [w.say(part, **slots) for part in p.LOUD[value]]


def why(question: Question, i: int, piece: Piece, w: Writer) -> str:
    """Why option `i` fits or fails; its subject is the option."""
    family, option = question.family, question.options[i]
    gold = i == question.gold_index
    slots: dict[str, str] = {}
    kind = family
    if family == "enters":
        at = piece.names.index(option) + 1
        right = piece.names.index(question.gold_text) + 1
        slots = {"t": seconds(piece.entries[at - 1][1]), "i": str(at), "j": str(right), "k": ordinal(at)}
    elif family == "entry_order" and not gold:
        said = option.split(", ")
        slots = {"j": str(next(k for k, (a, b) in enumerate(zip(said, piece.names, strict=True), 1) if a != b))}
    elif family == "metre" and not gold:
        true = piece.told("metre") or ""
        kind = "metre_split" if "6/8" in (option, true) else kind
        slots = {"n": number(METRES[option]), "g": number(METRES[true])}
    elif family == "how_many_instruments" and not gold:
        kind = "how_many_high" if int(option) > len(piece.names) else kind
    elif family == "melody" and not gold:
        kind = kind if option in piece.names else "melody_not"
    return w.clause(p.YES[family], **slots) if gold else w.clause(p.NO[kind], **slots)


def brief(question: Question, piece: Piece, line: str) -> tuple[str, str, str]:
    """Planning, caption and steps of a brief chain."""
    match question.family:
        case "metre":
            metre = piece.told("metre") or ""
            return "Count from accent to accent.", line, f"{_groups(metre)}, accent. So {metre}."
        case "direction":
            notes = contour(piece)
            way = " ".join(f"{n} {d}," for n, d in moves(notes)).rstrip(",")
            return "Follow the melody note by note.", f"{line} From {notes[0]}.", f"{way}."
        case "dynamics":
            ends = {"crescendo": "soft, louder, loud", "diminuendo": "loud, softer, soft", "steady": "same, same, same"}
            value = piece.told("dynamics") or ""
            jump = (piece.told("change") or "other ").partition(" ")[0]
            return (
                "Compare the loudness at start, middle and end.",
                line,
                f"{ends.get(value, f'same, at once {jump}, same')}.",
            )
        case "enters" | "entry_order":
            entries = ", ".join(f"{i} {x}" for i, x in enumerate(piece.names, 1)) + "."
            if question.family == "entry_order":
                return "List the entries in order, then check each order.", entries, ""
            asked = c.target(TEMPLATES, question.text)
            at = piece.names.index(question.gold_text) + 1
            return f"List the entries in order and take the {asked}.", entries, f"{asked.capitalize()} is {at}."
        case "how_many_instruments":
            found = ", ".join(f"{x} {i}" for i, x in enumerate(piece.names, 1))
            return "List the instruments and count.", f"{listed(piece.names)}.", f"{found}."
    lead = piece.told("melody")
    parts = ", ".join(f"{x} {'melody' if x == lead else 'not'}" for x in piece.names)
    return "Find the part that leads.", f"{listed(piece.names)}.", f"{parts}."
