"""How an embedded dialogue goes: an opening, an opinion round, an argument, an end, and what is asked in between.

Decision: the plan is made of moves, each a line or a few. What decides a question (who changes their mind, who tells a
fact) is drawn first and evenly, and the moves are fitted to it; a name is spoken to the one who spoke last or speaks
next, so that a listener can tell whose it is.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from audio_reasoner.synth.scripts.scenarios import Ask, Filled, Option, fill
from audio_reasoner.synth.scripts.script import words_of
from audio_reasoner.synth.scripts.talk import MAX_WORDS, Talk

MIN_TURNS, MAX_TURNS = 6, 14
CHANGED, UNANIMOUS, SPLIT = "changed", "unanimous", "split"
_ENDS = (CHANGED, CHANGED, CHANGED, UNANIMOUS, SPLIT, SPLIT)
_ALONE = 0.5
"""How often, among three or more, whoever changes their mind was the only one of that opinion: then all agree."""


# --- the whole ---


@dataclass(frozen=True)
class Course:
    """What is drawn before anything is written: the end, who changes their mind (if anybody), who tells a fact."""

    end: str
    changer: int | None
    teller: int


def draw_course(talk: Talk) -> Course:
    """A course for a talk, evenly among all who speak."""
    end = talk.rng.choice(_ENDS)
    changer = talk.rng.randrange(talk.n) if end == CHANGED else None
    return Course(end, changer, talk.rng.randrange(talk.n))


def write_talk(talk: Talk, course: Course) -> None:
    """Fill a talk with lines and facts.

    What gets too short, too long or leaves the fact out is begun again, so what is hard to write does not become rare.
    """
    while not _good(talk, course.teller):
        talk.clear()
        _write(talk, course.end, course.changer, course.teller)


def _good(talk: Talk, teller: int) -> bool:
    return (
        MIN_TURNS <= len(talk.lines) <= MAX_TURNS
        and any(f.kind == "fact" and f.subject == f"s{teller}" for f in talk.facts)
        and all(2 <= len(words_of(line.text)) <= MAX_WORDS for line in talk.lines)
    )


def _write(talk: Talk, end: str, changer: int | None, teller: int) -> None:
    rng, n = talk.rng, talk.n
    camps = _camps(end, changer, n, rng)
    options = list(rng.choice(talk.scenario.choices))
    rng.shuffle(options)
    # What must be said: everybody's opinion, an argument and what comes of it, an end.
    need = n + {CHANGED: 3, UNANIMOUS: 2, SPLIT: 3}[end]
    shortest = max(MIN_TURNS, need + 2)
    turns = min(rng.randint(shortest, MAX_TURNS), rng.randint(shortest, MAX_TURNS))
    spare = turns - need
    extras = _extras(talk, spare, teller)
    places = [_place(x, rng) for x in extras]
    if spare >= 2:
        _opening(talk)
    for extra, place in zip(extras, places, strict=True):
        if place == "before":
            extra(talk, _room(talk, need, turns))
    opinions = _round(talk, camps, options, loose=_room(talk, need, turns) > 0)
    need -= n
    for extra, place in zip(extras, places, strict=True):
        if place == "between":
            extra(talk, _room(talk, need, turns))
    if end != UNANIMOUS:
        _argument(talk, camps, options, opinions, changer, turns)
    for extra, place in zip(extras, places, strict=True):
        if place == "after":
            extra(talk, _room(talk, 1, turns))
    after = [1 - c if k == changer else c for k, c in enumerate(camps)]
    _end(talk, options, after, turns)


def _room(talk: Talk, need: int, turns: int) -> int:
    """How many lines may be spent on something else."""
    return turns - need - len(talk.lines)


def _camps(end: str, changer: int | None, n: int, rng: random.Random) -> list[int]:
    """Which of the two options each is for, at first."""
    if end == UNANIMOUS:
        return [0] * n
    if changer is not None:
        others = [0] * n if n == 2 or rng.random() < _ALONE else [rng.randrange(2) for _ in range(n)]
        if not any(c == 0 for k, c in enumerate(others) if k != changer):
            others[rng.choice([k for k in range(n) if k != changer])] = 0
        return [1 if k == changer else c for k, c in enumerate(others)]
    while len(set(camps := [rng.randrange(2) for _ in range(n)])) < 2:
        pass
    return camps


# --- opening, extras ---


def _opening(talk: Talk) -> None:
    first, second = (fill(x, talk.pools, talk.rng).text for x in talk.rng.choice(talk.scenario.opens))
    name = None
    if talk.rng.random() < 0.3 and len(words_of(first)) <= MAX_WORDS - 2:
        name = 1
        first = talk.frame(talk.phrases.hello_name, name=talk.names[1]) + " " + first
    i = talk.say(0, first, "open", name=name)
    talk.say(1, second, "reply", reply_to=i)


def _asker(talk: Talk, who: int) -> int | None:
    """Somebody who could speak now and whom `who` could answer."""
    askers = [k for k in talk.may(who) if who <= max(talk.spoken, k + 1)]
    return talk.pick(askers) if askers else None


@dataclass(frozen=True)
class _Told:
    """Something that `who` knows is asked and answered, or told."""

    ask: Ask
    who: int

    def __call__(self, talk: Talk, room: int) -> None:
        rng, p, who = talk.rng, talk.phrases, self.who
        asker = _asker(talk, who) if room >= 2 else None
        alone = room >= 1 and who in talk.may()
        if asker is None and not alone:
            return
        question = fill(self.ask.question, talk.pools, rng).text
        clause = fill(self.ask.clause, talk.pools, rng)
        if asker is None or (alone and rng.random() < 0.35):
            told = talk.say(who, talk.frame(p.tell, clause=clause.text), "tell")
            room -= 1
        else:
            named = rng.random() < (0.35 if talk.n == 2 else 0.6)
            text = talk.frame(
                p.ask_name if named else p.ask, question=_lower(question), name=talk.names[who], Question=question
            )
            asked = talk.say(asker, text, "ask", name=who if named else None)
            told = talk.say(who, talk.frame(p.answer, clause=clause.text), "tell", reply_to=asked)
            talk.answers(told, asked)
            room -= 2
        talk.fact("fact", clause.text, who, told)
        if clause.misheard and room >= 3 and rng.random() < 0.5:
            _misheard(talk, clause, who, told)
        elif room >= 1 and rng.random() < 0.4:
            named = rng.random() < 0.4
            text = talk.frame(p.thank_name if named else p.ack, name=talk.names[who])
            talk.say(talk.pick(talk.may()), text, "ack", reply_to=told, name=who if named else None)


def _misheard(talk: Talk, clause: Filled, teller: int, told: int) -> None:
    p, values = talk.phrases, {"heard": clause.heard, "misheard": clause.misheard}
    listener = talk.pick(talk.may())
    wrong = talk.say(listener, talk.frame(p.mishear, **values), "ack", reply_to=told)
    right = talk.say(teller, talk.frame(p.correct, **values), "tell", reply_to=wrong)
    talk.fact("corrected", f"{clause.heard}, not {clause.misheard}", teller, wrong, right)
    talk.answers(right, wrong)
    talk.say(listener, talk.frame(p.sorted_out), "ack", reply_to=right)


@dataclass(frozen=True)
class _Wanted:
    """`who` says what they want, asked or not."""

    want: str
    who: int

    def __call__(self, talk: Talk, room: int) -> None:
        rng, p, who = talk.rng, talk.phrases, self.who
        asker = _asker(talk, who) if room >= 2 else None
        alone = room >= 1 and who in talk.may()
        if asker is None and not alone:
            return
        want, _, english = fill(self.want, talk.pools, rng).text.partition(" = ")
        if asker is None or (alone and rng.random() < 0.5):
            i = talk.say(who, talk.frame(p.want, want=want), "want")
        else:
            named = talk.n > 2 or rng.random() < 0.4
            frames = p.ask_want_name if named else p.ask_want
            q = talk.say(asker, talk.frame(frames, name=talk.names[who]), "ask", name=who if named else None)
            i = talk.say(who, talk.frame(p.want, want=want), "want", reply_to=q)
            talk.answers(i, q)
        talk.fact("intent", f"to {english or want}", who, i)
        if room >= 3 and rng.random() < 0.5:
            talk.say(talk.pick(talk.may()), talk.frame(p.ack_want), "ack", reply_to=i)


class _Arrives:
    """Somebody new comes in and is named."""

    def __call__(self, talk: Talk, room: int) -> None:
        new = talk.spoken
        if room < 2 or new < 2 or new >= talk.n:
            return
        greeter = talk.pick([k for k in talk.may() if k != new])
        i = talk.say(greeter, talk.frame(talk.phrases.arrive, name=talk.names[new]), "open", name=new)
        talk.say(new, talk.frame(talk.phrases.arrived), "reply", reply_to=i)


def _place(extra: _Told | _Wanted | _Arrives, rng: random.Random) -> str:
    """Before the opinions, between them and the argument, or after it."""
    late = isinstance(extra, _Told | _Wanted) and extra.who > 3  # out of reach of the first two
    return rng.choices(("before", "between", "after"), (0 if late else 4, 2, 3))[0]


def _extras(talk: Talk, spare: int, teller: int) -> list[_Told | _Wanted | _Arrives]:
    rng = talk.rng
    # Who knows and wants is drawn evenly; whoever has not spoken yet gets the word later.
    first, *others = rng.sample(talk.scenario.asks, 3)
    asks = [_Told(first, teller), *(_Told(a, rng.randrange(talk.n)) for a in others)]
    wants = [_Wanted(w, rng.randrange(talk.n)) for w in rng.sample(talk.scenario.wants, 2)]
    deck: list[_Told | _Wanted | _Arrives] = [asks[0]]
    more: list[_Told | _Wanted | _Arrives] = [wants[0], asks[1], wants[1], asks[2]]
    rng.shuffle(more)
    deck += more
    if talk.n > 2 and rng.random() < 0.35:
        deck.insert(rng.randrange(2), _Arrives())
    return deck[: max(1, spare // 2)]


# --- opinions, arguments, the end ---


def _round(talk: Talk, camps: list[int], options: list[Option], loose: bool) -> dict[int, int]:
    """Everybody's opinion once; returns the line of each."""
    rng, p = talk.rng, talk.phrases
    if loose and rng.random() < 0.4 and talk.lines:
        do, other = rng.sample(options, 2)
        question = talk.frame(p.raise_choice, do=do.do, other=other.do)
        if len(words_of(question)) <= MAX_WORDS:
            talk.say(talk.pick(talk.may()), question, "ask")
    opinions: dict[int, int] = {}
    asked: int | None = None
    while len(opinions) < talk.n:
        if asked is None:
            open_to = [k for k in talk.may() if k not in opinions]
            if not open_to:  # only the last speaker is left: somebody asks
                asker = talk.pick(talk.may())
                who = next(k for k in range(talk.n) if k not in opinions)
                talk.say(asker, talk.frame(p.ask_opinion_name, name=talk.names[who]), "ask", name=who)
                asked = who
                continue
            who = talk.pick(open_to)
        else:
            who = asked
        i = len(talk.lines)
        text, value = _opinion(talk, who, camps, options, opinions, asked is not None)
        tail, nxt = _hand_over(talk, who, opinions, text)
        talk.say(who, text + tail, "oppose", reply_to=_previous(talk, opinions, asked), name=nxt if tail else None)
        talk.fact("opinion", value, who, i)
        if asked is not None and i:
            talk.answers(i, i - 1)
        opinions[who] = i
        asked = nxt if tail else None
    return opinions


def _previous(talk: Talk, opinions: dict[int, int], asked: int | None) -> int | None:
    i = len(talk.lines) - 1
    return i if asked is not None or i in opinions.values() else None


def _hand_over(talk: Talk, who: int, opinions: dict[int, int], text: str) -> tuple[str, int | None]:
    """A question to the next one at the end of an opinion, or nothing."""
    known = max(talk.spoken, who + 1)
    waiting = [k for k in range(min(known + 1, talk.n)) if k != who and k not in opinions]
    if not waiting or talk.rng.random() > 0.4:
        return "", None
    nxt = talk.rng.choice(waiting)
    tail = " " + talk.frame(talk.phrases.ask_opinion_name, name=talk.names[nxt])
    return (tail, nxt) if len(words_of(text + tail)) <= MAX_WORDS else ("", None)


def _opinion(
    talk: Talk, who: int, camps: list[int], options: list[Option], opinions: dict[int, int], asked: bool
) -> tuple[str, str]:
    """What somebody says for one option or against the other, and the value of that opinion."""
    rng, p = talk.rng, talk.phrases
    mine, other = options[camps[who]], options[1 - camps[who]]
    at = {line: speaker for speaker, line in opinions.items()}
    before = at.get(len(talk.lines) - 1)
    allies = any(camps[k] == camps[who] for k in opinions)
    if before is not None and camps[before] != camps[who]:
        if not allies and not asked and rng.random() < 0.35:
            text = talk.frame(p.against, do=other.do, doing=other.doing)
            return _with_reason(talk, text, mine), other.contra
        frames = p.side if allies else p.state if asked else p.oppose
    elif before is not None:
        frames = p.support
    elif allies:
        frames = p.side
    else:
        frames = p.state if asked or opinions else p.propose
    text = talk.frame(frames, do=mine.do, doing=mine.doing)
    return _with_reason(talk, text, mine), mine.pro


def _with_reason(talk: Talk, text: str, option: Option) -> str:
    """The text with a reason behind it, now and then, where both fit into one line."""
    said = {line.text.casefold() for line in talk.lines}
    fresh = [r for r in option.reasons if not any(r.casefold() in s for s in said)]
    if fresh and talk.rng.random() < 0.35:
        reason = talk.rng.choice(fresh)
        longer = f"{text} {reason[:1].upper() + reason[1:]}."
        if len(words_of(longer)) <= MAX_WORDS:
            return longer
    return text


def _reason(talk: Talk, option: Option) -> str | None:
    """A reason nobody has given yet."""
    said = " ".join(line.text.casefold() for line in talk.lines)
    fresh = [r for r in option.reasons if r.casefold() not in said]
    return talk.rng.choice(fresh) if fresh else None


def _argument(
    talk: Talk, camps: list[int], options: list[Option], opinions: dict[int, int], changer: int | None, turns: int
) -> None:
    """Reasons and what comes of them: the changer is convinced, or nobody is."""
    rng, p = talk.rng, talk.phrases
    rounds = 1 + (_room(talk, 3, turns) >= 2 and rng.random() < 0.5)
    for k in range(rounds):
        # Somebody who stands firm may be anybody; the one who is convinced must be the one that was drawn.
        target = changer if changer is not None else rng.choice([x for x in range(talk.n) if _others(camps, x)])
        convincing = changer is not None and k == rounds - 1
        option = options[1 - camps[target]]
        i = _give_reason(talk, target, camps, option)
        if convincing and changer is not None:
            j = talk.say(changer, talk.frame(p.change, do=option.do, doing=option.doing), "change", reply_to=i)
            talk.fact("changed_mind", option.pro, changer, opinions[changer], j)
        else:
            own = options[camps[target]]
            talk.say(target, talk.frame(p.firm, do=own.do, doing=own.doing), "oppose", reply_to=i)


def _others(camps: list[int], who: int) -> list[int]:
    return [k for k, c in enumerate(camps) if c != camps[who]]


def _give_reason(talk: Talk, target: int, camps: list[int], option: Option) -> int:
    """A line of the other camp with a reason; the target asks for it where nobody else could speak. Its index."""
    p = talk.phrases
    reason = _reason(talk, option) or talk.rng.choice(option.reasons)
    arguers = [k for k in _others(camps, target) if k != talk.last]
    if arguers and (talk.last != target or talk.rng.random() < 0.7):
        return talk.say(talk.pick(arguers), talk.frame(p.argue, reason=reason), "argue")
    if talk.last == target:  # the target spoke last, so somebody of the other camp may
        return talk.say(talk.pick(_others(camps, target)), talk.frame(p.argue, reason=reason), "argue")
    arguer = talk.last
    # A bare "why" only right behind the opinion it asks about.
    bare = talk.moves[-1] == "oppose"
    text = talk.frame(p.why if bare else p.why_do, do=option.do, doing=option.doing)
    asked = talk.say(target, text, "ask", reply_to=len(talk.lines) - 1 if bare else None)
    i = talk.say(arguer, talk.frame(p.because, reason=reason), "argue", reply_to=asked)
    talk.answers(i, asked)
    return i


def _end(talk: Talk, options: list[Option], camps: list[int], turns: int) -> None:
    p = talk.phrases
    who = talk.pick(talk.may())
    if len(set(camps)) == 1:
        option = options[camps[0]]
        frames = p.agreed if talk.moves[-1] in ("change", "oppose") else p.agreed_later
        i = talk.say(who, talk.frame(frames, do=option.do, all=p.both if talk.n == 2 else p.all), "agree")
        talk.fact("agreed", option.to, None, i)
        reply = p.agreed_reply
    else:
        frames = p.open if talk.moves[-1] in ("change", "oppose") else p.open_later
        i = talk.say(who, talk.frame(frames), "close")
        reply = p.open_reply
    if _room(talk, 0, turns) > 0 and talk.rng.random() < 0.7:
        talk.say(talk.pick(talk.may()), talk.frame(reply), "close", reply_to=i)


def _lower(sentence: str) -> str:
    """A question as it goes on inside a sentence."""
    begin = 1 + sentence.startswith("¿")
    return sentence[:begin].lower() + sentence[begin:]
