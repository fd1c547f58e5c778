"""What can be asked about the content of a conversation: every case that its turns answer, with the turns that do.

Decision: a case is worked out the same way when a question is asked and when it is answered, and is found again by the
question's own text, so a question carries no hidden fields. No word of a question's text may point at its answer:
where wrong options are lines or wishes, two come from this conversation and two from one other conversation of the run
(`square`), so that nothing but listening tells them apart. Speakers are offered all, so that each is right as often
as the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from audio_reasoner.grounded.known import Turn
from audio_reasoner.grounded.language import ordinal
from audio_reasoner.grounded.scene import ORDER_GAP_S
from audio_reasoner.grounded.story import (
    Point,
    Story,
    alike,
    content_words,
    follow_one_another,
    holds_word,
    overlaps,
    passage,
    replies_by_rank,
    stem,
)
from audio_reasoner.grounded.talk_words import Group, Pool, groups_of, once

OVERLAP_S = 0.3
"""A shorter time of two voices at once may pass unnoticed."""
NO_OVERLAP_S = 0.05
"""So little is nobody's idea of talking at once."""
MOST_TURNS = 40
"""Longer conversations are not asked about."""
BY_NAME = 0.4
"""How often speakers are offered by name, where all of them have one that is heard."""
NOBODY = "nobody"

TEMPLATES: dict[str, tuple[str, ...]] = {
    "named": ("What is the name of {x}?", "What is {x} called?", "Under which name is {x} known?"),
    "named/who": ("Which of the speakers is {x}?", "Which speaker is called {x}?", "To whom does the name {x} belong?"),
    "topic": (
        "What is the conversation about?",
        "Which situation is heard?",
        "What is going on in this conversation?",
        "What do these people talk about?",
    ),
    "opinion_of": ("What is the opinion of {x}?", "Which view does {x} hold?", "What does {x} think?"),
    "opinion_of/who": ("Who is {x}?", "Which of the speakers is {x}?", "Who speaks up {x}?"),
    "changed_mind": (
        "Does anybody change their mind, and if so, who?",
        "Who changes their mind, if anybody does?",
        "Which of the speakers thinks otherwise by the end than at first?",
    ),
    "changed_mind/to": (
        "What does the speaker whose mind changes think in the end?",
        "Which view is held in the end by the one who changes their mind?",
    ),
    "intent": ("What does {x} want?", "What is the purpose of {x}?", "What does {x} have in mind?"),
    "intent/who": ("Who wants {x}?", "Which of the speakers wants {x}?", "Who has the plan {x}?"),
    "who_mentions": ('Who mentions "{x}"?', 'Which speaker brings up "{x}"?', 'From whom does "{x}" come?'),
    "who_mentions/what": (
        "Which of these does {x} mention?",
        "What is mentioned by {x}?",
        "Which of these comes from {x}?",
    ),
    "answers": (
        "What is said in reply to {x}?",
        "Which words are the answer to {x}?",
        "How is {x} answered?",
    ),
    "answers/who": ("Who answers {x}?", "From whom does the answer to {x} come?", "Who replies to {x}?"),
    "corrects": (
        "Who corrects somebody?",
        "Which of the speakers puts a mistake right?",
        "Who points out that something was misheard or misstated?",
    ),
    "says_nth": ("What does {x}?", "Which words does {x}?", "Which of these does {x}?"),
    "overlap_talk": (
        "Do two people ever talk at once?",
        "Does anybody start to speak before somebody else has finished?",
        "Are there two voices at the same moment?",
    ),
    "prosody": (
        "Who speaks {x} at some point?",
        "Which of the speakers talks {x} in some turn?",
        "Whose voice is heard to speak {x} at least once?",
    ),
    "prosody/how": (
        "How does {x}?",
        "In which manner does {x}?",
    ),
    "agreed": (
        "What do they settle on?",
        "What do they agree to do?",
        "On what do the speakers agree?",
        "What is the outcome of the conversation?",
    ),
}
"""Wordings by family and form; `{x}` is a speaker, a turn, a question or a thing that is said."""
DIFFICULTY: dict[str, int] = {
    "named": 1, "named/who": 2, "topic": 1, "opinion_of": 2, "opinion_of/who": 2, "changed_mind": 3,
    "changed_mind/to": 3, "intent": 2, "intent/who": 2, "who_mentions": 1, "who_mentions/what": 2, "answers": 3,
    "answers/who": 3, "says_nth": 3,
    "corrects": 2, "overlap_talk": 2, "prosody": 2, "prosody/how": 2, "agreed": 1,
}  # fmt: skip
FAMILIES = tuple(dict.fromkeys(form.partition("/")[0] for form in TEMPLATES))
STYLES: dict[str, str] = {
    "loud": "loudly",
    "low": "quietly",
    "fast": "fast",
    "slow": "slowly",
    "lively": "in a lively way",
    "calm": "calmly",
}
"""What a prosody class is called; "neutral" is no manner of its own."""
MORE: dict[str, tuple[str, str, frozenset[str]]] = {
    "loud": ("louder", "more quietly", frozenset(("neutral", "calm", "low"))),
    "low": ("more quietly", "louder", frozenset(("neutral", "lively", "loud"))),
    "fast": ("faster", "more slowly", frozenset(("neutral", "calm", "slow"))),
    "slow": ("more slowly", "faster", frozenset(("neutral", "lively", "fast"))),
}
"""How a turn of a class differs from a turn of certain other classes by the same voice, and the contrary."""
LOUDER_DB = 5.0
"""So much tells a louder turn of one voice from a softer one."""
OF_ALL_DB = 3.0
"""So much tells a loud turn from those of all others, whose voices have levels of their own."""


def speaker(voice: int) -> str:
    """ "the first speaker"."""
    return f"the {ordinal(voice + 1)} speaker"


@dataclass(frozen=True)
class Case:
    """One thing that can be asked.

    Args:
        form: family and form, a key of `TEMPLATES`.
        x: what the text names; empty where it names nothing.
        gold: the right option; for a voice the way in which it is called by order.
        voice: the voice that is the answer, for the forms that ask who.
        turns: the places that carry the answer.
        where: other values of this conversation that may be offered, with the places that carry them.
        group: the values of this conversation that the right option is one of.
    """

    form: str
    x: str
    gold: str
    turns: tuple[int, ...]
    voice: int | None = None
    where: Mapping[str, tuple[int, ...]] = field(default_factory=dict, hash=False)
    group: Group | None = None
    of: int | None = None
    """The voice that the question is about, where it is another than the answer."""

    @property
    def kind(self) -> str:
        """Among which questions all answers are to be equally likely: whoever asks is not who replies."""
        return self.form if self.of is None else f"{self.form}{self.of}"

    @property
    def family(self) -> str:
        """The question's family."""
        return self.form.partition("/")[0]

    def asks(self, text: str) -> bool:
        """Whether a question's text is one of this case."""
        return any(t.replace("{x}", self.x) == text for t in TEMPLATES[self.form])


def cases(story: Story, family: str) -> list[Case]:
    """All that can fairly be asked in a family, in a fixed order."""
    if story.voices < 2:
        return []
    found = list(_MAKERS[family](story))
    texts = [(c.form, c.x) for c in found]
    return [c for c in found if texts.count((c.form, c.x)) == 1]


def _who(form: str, x: str, p: Point, turns: tuple[int, ...] | None = None) -> Case:
    assert p.voice is not None
    return Case(form, x, speaker(p.voice), p.turns if turns is None else turns, p.voice)


def _named(s: Story) -> Iterator[Case]:
    names = {p.value: p.turns for v in range(s.voices) if (p := s.name(v)) is not None}
    for v in range(s.voices):
        p = s.name(v)
        if p is None:
            continue
        yield Case("named", speaker(v), p.value, p.turns, None, {n: t for n, t in names.items() if n != p.value})
        yield _who("named/who", p.value, p)


def _topic(s: Story) -> Iterator[Case]:
    for p in s.of("scenario"):
        keys = {stem(w) for w in content_words(p.value)}
        hits = [sum(stem(w) in keys for w in content_words(t.text or "")) for t in s.turns]
        best = sorted((i for i, n in enumerate(hits) if n), key=lambda i: (-hits[i], i))[:3]
        told = [i for i, t in enumerate(s.turns) if t.text][:3]
        if told:
            yield Case("topic", "", p.value, tuple(sorted(best or told)))


def _groups(s: Story, kind: str) -> Iterator[tuple[Group, str, tuple[int, ...]]]:
    for group in groups_of(s):
        if group.kind == kind:
            for value, turns in group.members:
                yield group, value, turns


def _opinion(s: Story) -> Iterator[Case]:
    opinions, changed = s.of("opinion"), {p.voice for p in s.of("changed_mind")}
    for group, value, _ in _groups(s, "opinion"):
        for p in opinions:
            if (
                p.value == value
                and p.voice is not None
                and p.voice not in changed
                and len(s.of("opinion", p.voice)) == 1
            ):
                yield Case("opinion_of", speaker(p.voice), value, p.turns, None, group.beside(value), group)
    held = [(p.voice, p.value) for p in (*opinions, *s.of("changed_mind"))]
    for p in opinions:
        if {v for v, value in held if value == p.value} == {p.voice} and p.voice not in changed:
            yield _who("opinion_of/who", p.value, p)


def _changed(s: Story) -> Iterator[Case]:
    changed, opinions = s.of("changed_mind"), s.of("opinion")
    if len(changed) == 1:
        (p,) = changed
        yield _who("changed_mind", "", p)
        for group, value, _ in _groups(s, "opinion"):
            if value == p.value:
                yield Case("changed_mind/to", "", value, p.turns, None, group.beside(value), group)
    elif not changed and len({p.voice for p in opinions}) >= 2:
        yield Case("changed_mind", "", NOBODY, tuple(sorted({i for p in opinions for i in p.turns})))


def _intent(s: Story) -> Iterator[Case]:
    found = s.of("intent")
    for group, value, turns in _groups(s, "intent"):
        voice = s.turns[turns[0]].voice
        yield Case("intent", speaker(voice), value, turns, None, group.beside(value), group)
    for p in found:
        if not any(alike(p.value, q.value) for q in found if q.voice != p.voice):
            yield _who("intent/who", p.value, p)


def _mentions(s: Story) -> Iterator[Case]:
    placed = set(lines_to_place(s.turns))
    for p in s.of("fact"):
        if once(s, p.value) and placed.issuperset(p.turns):
            yield _who("who_mentions", p.value, p)
    for group, value, turns in _groups(s, "fact"):
        voice = s.turns[turns[0]].voice
        yield Case("who_mentions/what", speaker(voice), value, turns, None, group.beside(value), group)


def lines_to_place(turns: tuple[Turn, ...]) -> list[int]:
    """Turns whose words may be asked about: a voice's first words and the last ones of all tell their place."""
    seen: set[int] = set()
    out = []
    for i, t in enumerate(turns[:-1]):
        if t.voice in seen and t.text:
            out.append(i)
        seen.add(t.voice)
    return out


def lines_by_sort(s: Story) -> dict[str, dict[int, list[int]]]:
    """Turns whose words may be asked about, by what they do in the talk and by voice.

    What a turn does tells who says it: whoever is asked answers, and is seldom the first speaker. So the speakers of
    each sort are to be equally likely.
    """
    told = {i for p in s.of("answer_to") for i in p.turns[:1]}
    news = {i for p in s.of("fact") for i in p.turns}
    views = {i for kind in ("opinion", "changed_mind") for p in s.of(kind) for i in p.turns}
    out: dict[str, dict[int, list[int]]] = {}
    for i in lines_to_place(s.turns):
        text = passage(s.turns[i].text or "")
        if len(text.split()) < 3 or sum(text in (t.text or "") for t in s.turns) > 1:
            continue
        sort = "view" if i in views else "reply" if i in told else "news" if i in news else "plain"
        sort = "asks" if text.endswith("?") else sort
        out.setdefault(sort, {}).setdefault(s.turns[i].voice, []).append(i)
    return out


def _answers(s: Story) -> Iterator[Case]:
    for group, value, (asked, reply) in _groups(s, "reply"):
        x = f"the {ordinal(int(group.head))} question of {speaker(s.turns[asked].voice)}"
        yield Case("answers", x, value, (asked, reply), None, group.beside(value), group)
    if s.voices > 2:
        for rank, found in replies_by_rank(s).items():
            for asked, reply in found:
                voice, who = s.turns[asked].voice, s.turns[reply].voice
                x = f"the {ordinal(rank)} question of {speaker(voice)}"
                yield Case("answers/who", x, speaker(who), (asked, reply), who, {speaker(voice): ()}, of=voice)


def _says_nth(s: Story) -> Iterator[Case]:
    for group, value, turns in _groups(s, "line"):
        x = f"{speaker(s.turns[turns[0]].voice)} say in their {ordinal(int(group.head))} turn"
        yield Case("says_nth", x, value, turns, None, group.beside(value), group)


def _overlap(s: Story) -> Iterator[Case]:
    found = overlaps(s.turns, OVERLAP_S)
    if found:
        yield Case("overlap_talk", "", "yes", found[0])
    elif not overlaps(s.turns, NO_OVERLAP_S):
        yield Case("overlap_talk", "", "no", ())


def _prosody(s: Story) -> Iterator[Case]:
    if any(t.style is None for t in s.turns):
        return
    for style, (more, less, beside) in MORE.items():
        mine = [i for i, t in enumerate(s.turns) if t.style == style]
        voices = {s.turns[i].voice for i in mine}
        others = [t for t in s.turns if t.voice not in voices]
        if len(voices) == 1 and others and _stands_out(style, [s.turns[i] for i in mine], others):
            yield Case("prosody", STYLES[style], speaker(min(voices)), tuple(mine), min(voices))
        for i in mine:
            for k in s.turns_of(s.turns[i].voice):
                if s.turns[k].style in beside and abs(_step(s, i, k)) >= (LOUDER_DB if style in _LEVELS else 0.0):
                    yield from (_compared(s, i, k, more, less), _compared(s, k, i, less, more))


_LEVELS = ("loud", "low")


def _step(s: Story, i: int, k: int) -> float:
    return s.turns[i].gain_db - s.turns[k].gain_db


def _stands_out(style: str, mine: list[Turn], others: list[Turn]) -> bool:
    """Whether a manner is plain beside all other voices: its level, or that nobody has a manner like it."""
    if style == "loud":
        return min(t.gain_db for t in mine) - max(t.gain_db for t in others) >= OF_ALL_DB
    if style == "low":
        return min(t.gain_db for t in others) - max(t.gain_db for t in mine) >= OF_ALL_DB
    return all(t.style not in _NEAR[style] for t in others)


_NEAR = {"fast": ("lively",), "slow": ("calm", "low")}


def _compared(s: Story, i: int, k: int, gold: str, wrong: str) -> Case:
    """Turn `i` against turn `k` of the same voice."""
    mine = s.turns_of(s.turns[i].voice)
    here, there = mine.index(i) + 1, mine.index(k) + 1
    x = f"{speaker(s.turns[i].voice)} speak in their {ordinal(here)} turn, compared with their {ordinal(there)}"
    return Case("prosody/how", x, gold, (i, k), None, {wrong: ()})


def _corrects(s: Story) -> Iterator[Case]:
    found = s.of("corrected")
    if len({p.voice for p in found}) == 1:
        yield _who("corrects", "", found[0])


def _agreed(s: Story) -> Iterator[Case]:
    found = s.of("agreed")
    if len(found) == 1:
        yield Case("agreed", "", found[0].value, found[0].turns)


_MAKERS = {
    "named": _named,
    "topic": _topic,
    "opinion_of": _opinion,
    "changed_mind": _changed,
    "intent": _intent,
    "who_mentions": _mentions,
    "answers": _answers,
    "says_nth": _says_nth,
    "overlap_talk": _overlap,
    "prosody": _prosody,
    "agreed": _agreed,
    "corrects": _corrects,
}


def drawn(found: list[Case], rng: np.random.Generator) -> list[Case]:
    """The cases in random order: first the form, then its kind, then the voice that is the answer, so that none is
    likelier for having more cases."""
    groups: dict[tuple[str, str, int | None], list[Case]] = {}
    for case in found:
        groups.setdefault((case.form, case.kind, case.voice), []).append(case)
    return [case for key in shuffled_tree(list(groups), rng) for case in _permuted(groups[key], rng)]


def shuffled_tree(keys: list[tuple[Any, ...]], rng: np.random.Generator, depth: int = 0) -> list[tuple[Any, ...]]:
    """Keys in random order, those that share their first parts together."""
    if len(keys) < 2 or depth == len(keys[0]):
        return keys
    parts = sorted({k[depth] for k in keys}, key=str)
    return [
        k
        for i in rng.permutation(len(parts))
        for k in shuffled_tree([k for k in keys if k[depth] == parts[int(i)]], rng, depth + 1)
    ]


def _permuted(members: list[Case], rng: np.random.Generator) -> list[Case]:
    return [members[int(k)] for k in rng.permutation(len(members))]


# --- options


def called(case: Case, others: list[str], s: Story, rng: np.random.Generator) -> tuple[str, list[str]]:
    """Right and wrong options, voices by their order or all by their names, in random order."""
    # Also where nobody is right: with the first three of five voices beside it, "nobody" would give itself away.
    others = _shuffled(tuple(others), rng) if case.voice is not None or case.gold == NOBODY else others
    names = {speaker(v): p.value for v in range(s.voices) if (p := s.name(v)) is not None}
    voices = [o for o in (case.gold, *others) if o != NOBODY]
    named = case.voice is not None and case.family != "named" and all(o in names for o in voices)
    # A name in the question would tell who is not meant, or who is.
    if not named or any(holds_word(case.x, n) for n in names.values()) or rng.random() >= BY_NAME:
        return case.gold, others
    return names.get(case.gold, case.gold), [names.get(o, o) for o in others]


def options_of(case: Case, s: Story, pool: Pool, rng: np.random.Generator) -> list[str] | None:
    """Wrong options of a case; None where there are no fair ones."""
    if case.voice is not None or case.gold == NOBODY:
        out = [speaker(v) for v in range(s.voices) if v != case.voice and speaker(v) not in case.where]
        return [*out, NOBODY] if case.form == "changed_mind" and case.gold != NOBODY else out
    if case.form == "overlap_talk":
        return ["no" if case.gold == "yes" else "yes"]
    if case.form == "prosody/how":
        return list(case.where)
    return _of_plain(case, s, pool, rng) if case.group is None else _of_groups(case.group, case.gold, s, pool, rng)


def _of_groups(group: Group, gold: str, s: Story, pool: Pool, rng: np.random.Generator) -> list[str] | None:
    """The other value of this conversation and both of one other; or single ones of three others."""
    if not pool.holds(group):
        return None
    out = list(group.beside(gold))
    found = [g for g in pool.groups.get((group.kind, group.head), ()) if len(g) == len(group.members)]
    for i in rng.permutation(len(found)):
        values = found[int(i)]
        if any(alike(x, y) for x in values for y in (gold, *out)) or any(_spoken_of(x, s) for x in values):
            continue
        out += values
        if len(out) >= 3:
            return out[:3]
    return None


_PLAIN_OF = {"named": "name", "topic": "topic", "agreed": "agreed"}


def _of_plain(case: Case, s: Story, pool: Pool, rng: np.random.Generator) -> list[str] | None:
    """Values of other conversations; names also of this one."""
    kind = _PLAIN_OF[case.form]
    out = _shuffled(tuple(case.where), rng)[:1]
    for value in _shuffled(pool.plain.get(kind, ()), rng):
        if len(out) == 3:
            break
        if kind == "name":
            fits = value not in (case.gold, *out) and not any(holds_word(t.text, value) for t in s.turns)
        else:
            fits = not any(alike(value, x) for x in (case.gold, *out)) and not _spoken_of(value, s)
        if fits:
            out.append(value)
    return out if len(out) >= (1 if kind == "name" else 3) else None


def _shuffled(values: tuple[str, ...], rng: np.random.Generator) -> list[str]:
    return [values[int(i)] for i in rng.permutation(len(values))]


def _spoken_of(value: str, s: Story) -> bool:
    """Whether a value of another conversation could be taken for one of this: most of its words are said here."""
    keys = {stem(w) for w in content_words(value)}
    return bool(keys) and 2 * len(keys & s.words) > len(keys)


def ordered(s: Story) -> bool:
    """Whether it can be heard who starts before whom."""
    return follow_one_another(s.turns, ORDER_GAP_S)
