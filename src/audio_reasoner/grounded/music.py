# ruff: noqa: E501 -- a pattern is read as one sentence
"""Music: from tonality and tempo to the mood that follows from these two, then to genre and instruments.

Decision: a mood word is spoken only where key and tempo both point one way (a minor key and a slow pulse: sombre); the
chain says that it follows from them. Genres and instruments are the owner's words. A tempo is told to 5 beats a minute
and asked among three on one ladder, far enough apart to be told by tapping; keys are offered from the usual 24, and
chords in the same key from the usual patterns, so that the words of the options give nothing away. What only the maker
of a piece can tell (metre, melody, loudness, entries) is asked in `pieces.py`.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from audio_reasoner.core.chain import Chain
from audio_reasoner.core.harmony import PROGRESSIONS, TONICS, Key, key_named
from audio_reasoner.core.records import Question, Style
from audio_reasoner.grounded import compose as c
from audio_reasoner.grounded import patterns_music as p
from audio_reasoner.grounded import patterns_pieces as pp
from audio_reasoner.grounded import pieces
from audio_reasoner.grounded.desk import Asking
from audio_reasoner.grounded.known import Known
from audio_reasoner.grounded.language import listed, ordinal, seconds
from audio_reasoner.grounded.pieces import Piece, piece_of
from audio_reasoner.grounded.questions import distractors
from audio_reasoner.grounded.vocabulary import of_kind
from audio_reasoner.grounded.writer import Writer

SLOW, FAST = 80.0, 112.0
"""Beats per minute up to which music is slow, and from which on it is fast; between them no mood is spoken of."""
TEMPO_STEP = 3.6 ** (1.0 / 3.0)
"""Neighbouring tempo options differ by this factor (1.53). Twice the tempo, tapped as easily, lies well between two."""
LOWEST_TEMPO = 50.0
"""Every tempo from here to 180 has one set of three options in that range, and each of the three is right for it as
often: neither the number in the middle nor the likeliest number is."""
GENRES = ("classical", "jazz", "rock", "pop", "hip hop", "techno", "folk", "reggae", "ambient", "flamenco")
GENRE_GROUPS: tuple[frozenset[str], ...] = tuple(
    frozenset(g.split(", "))
    for g in (
        "rock, metal, heavy metal, punk, indie, alternative, grunge, hard rock, pop rock, blues rock",
        "pop, indie pop, disco, dance, synth pop, pop rock, r&b, soul, funk",
        "techno, house, electronic, edm, trance, dance, disco, drum and bass, dubstep",
        "ambient, new age, chillout, electronic, drone, downtempo, lo-fi",
        "folk, country, bluegrass, singer-songwriter, world, acoustic",
        "hip hop, hip-hop, hiphop, rap, trap, r&b",
        "jazz, blues, swing, bebop, soul, funk, fusion, bossa nova",
        "classical, baroque, romantic, opera, orchestral, film, soundtrack, chamber",
        "reggae, ska, dub, dancehall",
        "flamenco, latin, salsa, world, bossa nova",
    )
)
MOODS = {
    ("major", "fast"): "bright and lively",
    ("major", "slow"): "calm and warm",
    ("minor", "fast"): "dark and driven",
    ("minor", "slow"): "slow and sombre",
}
TEMPLATES: dict[str, tuple[str, ...]] = {
    "tempo": (
        "What is the tempo of the music?",
        "At what tempo does the music go?",
        "How fast is the music?",
    ),
    "mode": (
        "Is the music in a major or a minor key?",
        "Which mode is the piece in?",
        "Does the piece stand in major or in minor?",
    ),
    "key": (
        "In which key is the music?",
        "What is the key of the piece?",
        "Which key is the piece in?",
    ),
    "genre": (
        "Which genre does the music belong to?",
        "What style of music is this?",
        "Which of these genres fits the piece?",
    ),
    "instrument": (
        "Which instrument is heard?",
        "Which of these instruments plays?",
        "What instrument can be heard in the piece?",
    ),
    "mood": (
        "Which mood do key and tempo suggest?",
        "Going by its key and tempo, what is the mood of the piece?",
        "Which of these moods do tempo and key point to?",
    ),
    "chords": (
        "In which order do the chords come?",
        "Which chord sequence is played?",
        "How do the chords follow one another?",
    ),
    "describe_music": (
        "Describe the music.",
        "What characterises this piece of music?",
        "Give a short account of the music in the clip.",
    ),
}


def pace(bpm: float) -> str:
    """Slow, moderate or fast, by the tempo as it is told: "about 80" is slow everywhere."""
    told = float(tempo_text(bpm))
    return "slow" if told <= SLOW else "fast" if told >= FAST else "moderate"


def tempo_text(bpm: float) -> str:
    """To five beats a minute, as it is told and offered."""
    return f"{round(bpm / 5) * 5}"


def _mode(key: str) -> str:
    return key.split()[1]


def mood_of(known: Known) -> str | None:
    """The mood that key and tempo point to, or None."""
    if known.key is None or known.tempo is None or pace(known.tempo) == "moderate":
        return None
    return MOODS[_mode(known.key), pace(known.tempo)]


def genres_alike(a: str, b: str) -> bool:
    """Whether two genres could be taken for one another; one nobody here has heard of is like all that share a word."""
    x, y = a.casefold(), b.casefold()
    if set(x.split()) & set(y.split()):
        return True
    return any(_in(x, g) and _in(y, g) for g in GENRE_GROUPS)


def _in(genre: str, group: frozenset[str]) -> bool:
    return genre in group or any(w in group for w in genre.split())


def _named(names: tuple[str, ...]) -> str:
    """Instruments in words."""
    return listed([pieces.new(x) for x in names])


class Music:
    """Key, tempo, mood, style, instruments."""

    tiers = (
        ("instrument", "mode", "enters", "how_many_instruments"),
        ("tempo", "genre", "metre", "direction", "dynamics", "melody"),
        ("mood", "key", "chords", "entry_order", "describe_music"),
    )
    given = (*pieces.FAMILIES, "instrument", "mode", "tempo", "key", "chords", "mood")

    def ask(self, family: str, a: Asking) -> Question | None:
        """One of the families."""
        k, rng, piece = a.known, a.rng, piece_of(a.known)
        if family in pieces.FAMILIES:
            return pieces.ask(family, piece, a) if piece is not None else None
        text = c.template(rng, TEMPLATES, family)
        match family:
            case "instrument" if piece is not None:
                return pieces.ask_instrument(text, piece, a)
            case "instrument" if k.instruments:
                gold = k.instruments[int(rng.integers(len(k.instruments)))]
                others = distractors(rng, (*k.instruments, *k.tags), _INSTRUMENTS, 3)
                return c.ask(rng, "music_qa", family, text, gold, others, 1, least=3)
            case "mode" if k.key is not None:
                gold = _mode(k.key)
                return c.ask(rng, "music_qa", family, text, gold, ["minor" if gold == "major" else "major"], 1)
            case "tempo" if k.tempo is not None:
                return self._tempo(k.tempo, text, rng)
            case "genre" if k.genres:
                return self._genre(k.genres, text, a)
            case "mood" if (mood := mood_of(k)) is not None:
                return c.ask(rng, "music_qa", family, text, mood, [m for m in MOODS.values() if m != mood], 3)
            case "key" if k.key is not None:
                return self._key(k.key, text, rng)
            case "chords" if k.key is not None and (usual := _usual(k.key, k.chords, rng)):
                return c.ask(rng, "music_qa", family, text, ", ".join(k.chords), usual, 3, least=3)
            case "chords" if 3 <= len(k.chords) <= 6 and len(set(k.chords)) >= 3:
                return self._chords(k.chords, text, rng)
            case "describe_music" if a.style == "full" and len(_traits(k)) >= 2:
                return c.ask_open("caption", family, text, a.caption, 3)
        return None

    @staticmethod
    def _tempo(bpm: float, text: str, rng: np.random.Generator) -> Question | None:
        rung = math.floor(math.log(bpm / LOWEST_TEMPO) / math.log(TEMPO_STEP) + 1e-9)
        # A tempo outside the usual range has no set of its own: there the place is drawn.
        below = rung if 0 <= rung <= 2 else int(rng.integers(3))
        gold = f"about {tempo_text(bpm)} beats per minute"
        values = [bpm * TEMPO_STEP ** (j - below) for j in range(3)]
        others = [f"about {tempo_text(v)} beats per minute" for j, v in enumerate(values) if j != below]
        return c.ask(rng, "music_qa", "tempo", text, gold, others, 2, least=2)

    @staticmethod
    def _genre(genres: tuple[str, ...], text: str, a: Asking) -> Question | None:
        gold = genres[int(a.rng.integers(len(genres)))].lower()
        own = [x.lower() for x in of_kind(a.vocabulary, "genre")]
        out: list[str] = []
        for pool in (own, list(GENRES)):
            for i in a.rng.permutation(len(pool)):
                if not any(genres_alike(pool[int(i)], x) for x in (*genres, gold, *out)):
                    out.append(pool[int(i)])
        return c.ask(a.rng, "music_qa", "genre", text, gold, out, 2, least=3)

    @staticmethod
    def _key(gold: str, text: str, rng: np.random.Generator) -> Question | None:
        """Two keys of each mode from the usual 24, no two of them relatives or on one note called A."""
        key = key_named(gold)
        if key is None:
            return None
        chosen = [(key, gold)]
        every = [Key(t, mode) for mode in TONICS for t in range(12)]
        for i in rng.permutation(len(every)):
            other = every[int(i)]
            modes = [k.mode for k, _ in chosen]
            if modes.count(other.mode) < 2 and not any(_close(other, k) for k, _ in chosen):
                chosen.append((other, other.name))
        if len(chosen) < 4:
            return None
        names = [chosen[int(i)][1] for i in rng.permutation(4)]
        # "(b) A minor" could be read as another letter; a key on A, right or wrong, always comes first.
        names.sort(key=lambda x: not x.startswith("A "))
        at = names.index(gold)
        return Question(task="music_qa", family="key", text=text, options=tuple(names), gold_text=gold, gold_index=at, difficulty=3)  # fmt: skip

    @staticmethod
    def _chords(chords: tuple[str, ...], text: str, rng: np.random.Generator) -> Question | None:
        options = {chords}
        for _ in range(40):
            options.add(tuple(chords[int(i)] for i in rng.permutation(len(chords))))
            if len(options) == 4:
                break
        others = sorted(", ".join(o) for o in options if o != chords)
        return c.ask(rng, "music_qa", "chords", text, ", ".join(chords), others, 3, least=3)

    def caption(self, known: Known, w: Writer) -> str:
        """All traits."""
        return " ".join(self._about(known, w, ""))

    @staticmethod
    def _about(known: Known, w: Writer, family: str) -> list[str]:
        out = [w.say(p.PIECE, d=seconds(known.facts.duration))]
        # The list of the instruments would answer two questions and half of a third.
        if known.instruments and family not in ("instrument", "how_many_instruments", "melody"):
            out.append(w.say(p.PLAYS, i=_named(known.instruments)))
        if known.key is not None and family not in ("key", "mode"):
            out.append(w.say(p.KEY, k=known.key))
        if known.tempo is not None and family != "tempo":
            out.append(w.say(p.TEMPO, t=tempo_text(known.tempo), p=pace(known.tempo)))
        if known.chords and len(known.chords) <= 8 and family != "chords":
            out.append(w.say(p.CHORDS, c=" – ".join(known.chords)))
        if known.genres and family != "genre":
            out.append(w.say(p.GENRE, g=listed([g.lower() for g in known.genres])))
        piece = piece_of(known)
        return [*out, *(pieces.caption(piece, w, family) if piece is not None else ())]

    def think(self, question: Question, known: Known, w: Writer, style: Style) -> Chain:
        """Tonality, tempo, mood, style, then the options."""
        family, gold = question.family, question.gold_index
        piece = piece_of(known)
        if family in pieces.FAMILIES and piece is not None:
            return self._of_piece(question, piece, known, w, style)
        if not _traits(known) or family not in TEMPLATES:
            raise ValueError(f"a question of family {family!r} needs what is not known")
        if style == "brief":
            return c.brief(question, _BRIEF[family], _line(known, family), "", f"The answer is {question.gold_text}.")
        steps: list[str] = []
        if known.key is not None and family in ("mode", "key", "mood", "genre", "describe_music"):
            note, mode = known.key.split()
            steps.append(
                w.say(p.MODE_OF, n=note, m=mode, k=known.key)
                if family in ("mode", "key", "mood", "describe_music")
                else w.say(p.KEY, k=known.key)
            )
            if family in ("mode", "key") and piece is not None:
                steps.insert(0, w.say(pp.CADENCE if known.chords else pp.HOME, n=note))
            if family in ("mode", "key"):
                steps.append(w.say(pp.THIRD if known.chords else pp.SCALE, n=note, q=mode, m=mode))
        if known.tempo is not None and family in ("tempo", "mood", "genre", "describe_music"):
            if family == "tempo":
                # Tempi are told in fives, so twelve seconds hold a whole number of beats: 13 times five is 65.
                beats = f"{round(known.tempo / 5)}"
                slots = {"b": beats, "d": f"{60.0 / known.tempo:.2f} s", "z": "a minute", "t": tempo_text(known.tempo)}
                steps.append(w.say(pp.BEATS_IN, **slots))
            steps.append(w.say(p.TEMPO, t=tempo_text(known.tempo), p=pace(known.tempo)))
        if (
            known.key is not None
            and (mood := mood_of(known))
            and known.tempo
            and family in ("mood", "genre", "describe_music")
        ):
            mode = _mode(known.key)
            steps.append(w.say(p.MOOD, m=mode, M=mode, p=pace(known.tempo), o=mood))
        if family in ("genre", "describe_music") and known.genres:
            steps.append(w.say(p.GENRE, g=listed([g.lower() for g in known.genres])))
        if family in ("instrument", "describe_music") and known.instruments:
            steps.append(w.say(p.PLAYS, i=_named(known.instruments)))
        if family == "chords":
            steps = _chord_steps(known, piece, w)
        about = self._about(known, w, family) if family != "describe_music" else self._about(known, w, "")[:1]
        slots = {
            "L": c.letter(gold or 0),
            "y": question.gold_text if gold is not None else "",
            "r": listed(_traits(known)),
        }
        draft = c.Draft(planning=[w.say(p.ASK[family]), w.say(p.STEP if family in ("genre", "mood", "describe_music") else p.STEP_ONE)], caption=about, steps=steps, summary=w.say(p.SUM if gold is not None else p.SUM_OPEN, **slots))  # fmt: skip
        if gold is not None:
            draft.why = [self._why(question, i, known, w) for i in range(len(question.options))]
            draft.reason = w.say(p.REASON[family])
        return draft.chain(question, w)

    def _of_piece(self, question: Question, piece: Piece, known: Known, w: Writer, style: Style) -> Chain:
        """What the maker tells: the steps of `pieces.steps`, then the options."""
        gold = question.gold_index
        assert gold is not None
        if style == "brief":
            planning, caption, line = pieces.brief(question, piece, f"{listed(piece.names)}.")
            return c.brief(question, planning, caption, line, f"The answer is {question.gold_text}.")
        family = question.family
        draft = c.Draft(
            planning=pieces.planning(family, question, piece, w),
            caption=self._about(known, w, family),
            steps=pieces.steps(family, piece, w),
        )
        draft.why = [pieces.why(question, i, piece, w) for i in range(len(question.options))]
        draft.summary = w.say(p.SUM, L=c.letter(gold), y=f'"{question.gold_text}"', r="")
        draft.reason = w.say(pp.REASON[family], k=c.target(pieces.TEMPLATES, question.text))
        return draft.chain(question, w)

    @staticmethod
    def _why(question: Question, i: int, known: Known, w: Writer) -> str:
        family = question.family
        if i == question.gold_index:
            return w.clause(p.YES[family])
        option = question.options[i]
        if family == "tempo" and known.tempo is not None:
            slow = float(option.split()[1]) < known.tempo
            return w.clause(
                p.NO["tempo"],
                s="slow" if slow else "fast",
                f="slower" if slow else "faster",
                o="faster" if slow else "slower",
                z=w.bit("[what I hear|the pulse|the beat]"),
            )
        if family == "mood":
            traits = next(k for k, v in MOODS.items() if v == option)
            return w.clause(p.NO[family], w=f"a {traits[0]} key and a {traits[1]} pulse")
        if family == "chords":
            said = option.split(", ")
            j = next(k for k, (a, b) in enumerate(zip(said, known.chords, strict=False), 1) if a != b)
            return w.clause(p.NO[family], j=str(j))
        return w.clause(p.NO[family])


_INSTRUMENTS = (
    "piano",
    "guitar",
    "violin",
    "flute",
    "trumpet",
    "drums",
    "accordion",
    "harp",
    "saxophone",
    "cello",
    "organ",
    "clarinet",
)
_BRIEF = {
    "tempo": "Feel the pulse and check each option.",
    "mode": "Find the key, then its mode.",
    "key": "Find the key and check each option.",
    "genre": "Hear the style and check each option.",
    "instrument": "Hear the instruments and check each option.",
    "mood": "Take key and tempo, then the mood.",
    "chords": "List the chords, then check each order.",
}


def _close(a: Key, b: Key) -> bool:
    """Whether two keys are one, relatives, or both on A."""
    if a.mode == b.mode:
        return a.tonic == b.tonic
    major, minor = (a, b) if a.mode == "major" else (b, a)
    return (major.tonic - minor.tonic) % 12 == 3 or a.tonic == b.tonic == 9


def _usual(name: str, chords: tuple[str, ...], rng: np.random.Generator) -> list[str] | None:
    """Three other rows of chords in that key, where the clip's own is one of the usual patterns."""
    key = key_named(name)
    if key is None or key.name != name:
        return None
    rows = [", ".join(key.chord(d) for d in row) for row in PROGRESSIONS[key.mode]]
    own = ", ".join(chords)
    if own not in rows:
        return None
    rows.remove(own)
    return [rows[int(i)] for i in rng.permutation(len(rows))[:3]]


def _chord_steps(known: Known, piece: Piece | None, w: Writer) -> list[str]:
    """The chords one by one; of a made piece, each from its lowest note and its third."""
    out = []
    for i, name in enumerate(known.chords, 1):
        slots = {"i": str(i), "k": ordinal(i), "c": name}
        if piece is None:
            out.append(w.say(p.CHORD if i > 1 else p.CHORD[:2], **slots))
        else:
            root = name[:2] if name[1:2] in ("#", "b") and name[1:2] else name[:1]
            out.append(w.say(pp.BASS_CHORD, r=root, q="minor" if name[len(root) :] == "m" else "major", **slots))
    return [*out, w.say(pp.AGAIN)] if piece is not None and _come_again(piece, known) else out


def _come_again(piece: Piece, known: Known) -> bool:
    """Whether the row of chords, one a bar, is heard a second time."""
    metre = piece.told("metre")
    if metre not in pieces.BEATS or known.tempo is None or not piece.facts["chords"].events:
        return False
    first = piece.entries[piece.facts["chords"].events[0]][1]
    row = len(known.chords) * pieces.BEATS[metre] * 60.0 / known.tempo
    return known.facts.duration - first > 1.5 * row


def _traits(known: Known) -> list[str]:
    out = []
    if known.key:
        out.append(known.key)
    if known.tempo:
        out.append(f"about {tempo_text(known.tempo)} beats per minute")
    out += [g.lower() for g in known.genres]
    out += [x.lower() for x in known.instruments]
    if known.chords:
        out.append(" – ".join(known.chords[:8]))
    return out


def _line(known: Known, family: str) -> str:
    """What a brief chain tells of the music: what its question needs, and who plays."""
    key = known.key if family in ("key", "mode", "mood", "chords") else None
    needed = replace(
        known,
        key=key,
        tempo=known.tempo if family in ("tempo", "mood", "genre") else None,
        chords=known.chords if family in ("chords", "key", "mode") else (),
    )
    return f"{', '.join(_traits(needed) or _traits(known))}."
