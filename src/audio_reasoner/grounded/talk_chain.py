"""Chains about the content of a conversation: whose turn it is, the words that carry the answer, option by option.

Decision: attribution comes before the answer. Every chain first gives all turns to their voices (turn by turn, or voice
by voice where there are many), then quotes the turns that carry the answer, then says of each option where it is heard
and from whom, or that nobody says it. A name is used only as a name that is heard.
"""

from __future__ import annotations

from audio_reasoner.core.chain import Chain
from audio_reasoner.core.records import Question, Style
from audio_reasoner.grounded import compose as c
from audio_reasoner.grounded import patterns_dialogue as pd
from audio_reasoner.grounded import patterns_talk as p
from audio_reasoner.grounded.brief import option_letter, scan
from audio_reasoner.grounded.known import Known, Turn
from audio_reasoner.grounded.language import listed, number, ordinal, seconds
from audio_reasoner.grounded.quoting import pieces
from audio_reasoner.grounded.story import Story, content_words, opposite, overlaps, stance, stem, story_of
from audio_reasoner.grounded.talk import NOBODY, OVERLAP_S, STYLES, Case, cases, speaker
from audio_reasoner.grounded.writer import Writer

TURN_BY_TURN = 8
"""So many turns are told one by one; more are told voice by voice."""
MOST_QUOTED = 16
"""So many turns are quoted in a caption; of a longer talk only the first and last ones are."""
KEPT = 6
"""How many are kept at either end there."""
LONG_PAUSE_S = 1.0
EVEN = "in an even way"
_OF_ALL = ("topic", "prosody", "agreed", "overlap_talk", "says_nth")
"""Families in which the single turns are not needed to know who speaks."""


def quote(t: Turn, words: int = 0) -> str:
    """The words of a turn in double quotes, in pieces where they are long; only the first `words` if that is given."""
    text = (t.text or "").rstrip(" .")
    if not text:
        return "[no words]"
    if words and len(text.split()) > words + 1:
        return f'"{" ".join(text.split()[:words])} …"'
    return " ".join(f'"{x}"' for x in pieces(text))


def places(turns: tuple[int, ...]) -> str:
    """Places as they are told, from 1.

    >>> places((2,)), places((0, 2, 4)), places((0, 1, 2, 6))
    ('turn 3', 'turns 1, 3 and 5', 'turns 1 to 3 and 7')
    """
    if len(turns) == 1:
        return f"turn {turns[0] + 1}"
    told: list[str] = []
    at = 0
    while at < len(turns):
        end = at
        while end + 1 < len(turns) and turns[end + 1] == turns[end] + 1:
            end += 1
        long = end - at >= 2
        told += [f"{turns[at] + 1} to {turns[end] + 1}"] if long else [str(i + 1) for i in turns[at : end + 1]]
        at = end + 1
    return f"turns {listed(told)}"


def turns_by_voice(story: Story) -> str:
    """All places of every voice, shortly."""
    return ". ".join(
        f"{ordinal(v + 1).capitalize()} speaker: {', '.join(str(i + 1) for i in story.turns_of(v))}"
        for v in range(story.voices)
    )


def story_caption(story: Story, known: Known, w: Writer, about: bool = True, count: bool = True) -> list[str]:
    """How many speak, what about, who says what, how, and what is to be heard between the turns.

    Args:
        story: the conversation.
        known: what else is known of the clip.
        w: the chain's writer.
        about: whether the situation is told, which is an answer in itself.
        count: whether the number of speakers is told.
    """
    turns = story.turns
    out = [
        w.say(
            p.TALK_OVERVIEW,
            d=seconds(known.facts.duration),
            n=number(story.voices) if count else "several",
            t=number(len(turns)) if len(turns) > 1 else "one",
        )
    ]
    scenario = story.of("scenario")
    if about and scenario:
        out.append(w.say(p.ABOUT, v=c.quoted(scenario[0].value)))
    shown = _shown(turns)
    for v in range(story.voices):
        mine = story.turns_of(v)
        told = [quote(turns[i]) for i in mine if i in shown and turns[i].text]
        if told:
            out.append(w.say(p.LINES_OF, x=speaker(v), r=places(mine), q="; ".join(told).replace('; "', ', "')))
        else:
            out.append(w.say(p.HAS, x=speaker(v), r=places(mine)))
    heard = manners(story)
    for v in range(story.voices):
        told = [f"{m} in {places(at)}" for (u, m), at in heard.items() if u == v and m != EVEN]
        if told:
            out.append(w.say(p.MANNER, x=speaker(v), m=listed(told)))
    pause = max(range(1, len(turns)), key=lambda i: turns[i].start - turns[i - 1].end)
    gap = round(turns[pause].start - turns[pause - 1].end, 1)
    if gap >= LONG_PAUSE_S:
        out.append(w.say(p.PAUSE, i=str(pause + 1), d=seconds(gap)))
    for i, k in overlaps(turns, OVERLAP_S)[:2]:
        out.append(w.say(p.TOGETHER, i=str(k + 1), x=speaker(turns[k].voice), y=speaker(turns[i].voice)))
    return out


def _shown(turns: tuple[Turn, ...]) -> frozenset[int]:
    if len(turns) <= MOST_QUOTED:
        return frozenset(range(len(turns)))
    return frozenset((*range(KEPT), *range(len(turns) - KEPT, len(turns))))


def manners(story: Story) -> dict[tuple[int, str], tuple[int, ...]]:
    """By voice and manner the turns that are spoken so; empty where no class of prosody is known."""
    out: dict[tuple[int, str], tuple[int, ...]] = {}
    for v in range(story.voices):
        for i in story.turns_of(v):
            if (style := story.turns[i].style) is not None:
                key = (v, STYLES.get(style, EVEN))
                out[key] = (*out.get(key, ()), i)
    return out


def case_of(question: Question, story: Story) -> Case:
    """What a question asks.

    Raises:
        ValueError: nothing of the kind can be asked about this conversation.
    """
    for case in cases(story, question.family):
        if case.asks(question.text):
            return case
    raise ValueError("what is asked is not shown by the turns")


def think(question: Question, known: Known, w: Writer, style: Style) -> Chain:
    """The chain of one question; raises ValueError where what is asked is not known."""
    story = story_of(known)
    case = case_of(question, story)
    voice_of = _voices_of(question.options, story)
    if style == "brief":
        return _brief(question, case, story)
    gold = question.gold_index or 0
    at = places(_answering(case)) if case.turns else "all turns"
    plan = {
        "x": case.x.replace(" say in ", " in "),
        "v": speaker(story.turns[case.turns[-1]].voice) if case.turns else "",
    }
    steps = [*_attribution(case, story, w), *_called(question, voice_of, story, w), *_carrying(case, story, w)]
    why = [_why(option, i == gold, case, story, voice_of, w) for i, option in enumerate(question.options)]
    said = question.gold_text if case.voice is not None else c.quoted(question.gold_text)
    result = question.gold_text if case.gold in (NOBODY, "yes", "no") else "who" if case.voice is not None else "what"
    return c.Draft(
        planning=[w.say(p.ASK[case.form], **plan), w.say(p.STEP)],
        caption=story_caption(story, known, w, about=case.family != "topic"),
        steps=steps,
        why=why,
        summary=w.say(p.SUM[result], y=said, r=at, L=c.letter(gold)),
        reason=w.say(
            p.REASON[case.family if case.form not in p.REASON else case.form],
            r=places(case.turns) if case.family == "answers" else at,
        ),
    ).chain(question, w)


def _answering(case: Case) -> tuple[int, ...]:
    """The turns in which the answer itself is said: not the question that is answered, not the view given up."""
    return case.turns[-1:] if case.form in ("answers", "changed_mind/to") else case.turns


def _voices_of(options: tuple[str, ...], story: Story) -> dict[str, int]:
    """The voices that options name, by order or by a heard name."""
    known = {speaker(v): v for v in range(story.voices)}
    for v in range(story.voices):
        if (name := story.name(v)) is not None:
            known.setdefault(name.value, v)
    return {o: known[o] for o in options if o in known}


def _attribution(case: Case, story: Story, w: Writer) -> list[str]:
    turns = story.turns
    if len(turns) > TURN_BY_TURN or case.family in _OF_ALL:
        return [w.say(p.HAS, x=speaker(v), r=places(story.turns_of(v))) for v in range(story.voices)]
    told = []
    for i, t in enumerate(turns, 1):
        # What is quoted in full later on is only given to its voice here.
        q = f": {quote(t, 4)}" if t.text and i - 1 not in case.turns else ""
        slots = {"i": str(i), "k": ordinal(i), "a": seconds(t.start), "x": speaker(t.voice)}
        told.append(w.say(pd.GIVE if i > 1 else pd.GIVE[:5], q=q, **slots))
    return told


def _called(question: Question, voice_of: dict[str, int], story: Story, w: Writer) -> list[str]:
    """Where options are names: whose they are."""
    if question.family == "named":
        return []
    out = []
    for option in question.options:
        v = voice_of.get(option)
        if v is not None and option != speaker(v):
            out.append(_whose_name(v, story, w))
    return out


def _whose_name(voice: int, story: Story, w: Writer) -> str:
    name = story.name(voice)
    assert name is not None
    i = next((k for k in name.turns if story.turns[k].voice == voice), name.turns[0])
    t = story.turns[i]
    after = i + 1 < len(story.turns) and story.turns[i + 1].voice == voice
    slots = {"x": speaker(voice), "v": c.quoted(name.value), "h": "speaks next" if after else "spoke just before"}
    says = w.say(p.SAYS, i=str(i + 1), x=speaker(t.voice), a=seconds(t.start), q=quote(t))
    pattern = p.NAME_OWN if t.voice == voice else p.NAME_TWO if story.voices == 2 else p.NAME_NEXT
    return f"{says} {w.say(pattern, **slots)}"


def _carrying(case: Case, story: Story, w: Writer) -> list[str]:
    """The turns that carry the answer, in full, and what they show."""
    turns = story.turns

    def says(i: int) -> str:
        return w.say(p.SAYS, i=str(i + 1), x=speaker(turns[i].voice), a=seconds(turns[i].start), q=quote(turns[i]))

    def shows(patterns: tuple[str, ...], **slots: str) -> str:
        return w.say(patterns, **slots)

    v = c.quoted(case.gold)
    last = case.turns[-1] if case.turns else 0
    x = speaker(turns[last].voice)
    match case.form:
        case "named" | "named/who":
            name = case.gold if case.form == "named" else case.x
            voice = next(q.voice for q in story.of("name") if q.value == name)
            assert voice is not None
            return [_whose_name(voice, story, w)]
        case "topic":
            found = [
                w_ for i in case.turns for w_ in content_words(turns[i].text or "") if stem(w_) in _keys(case.gold)
            ]
            words = list(dict.fromkeys(y.casefold() for y in found))[:4]
            out = [says(i) for i in case.turns]
            told = shows(
                p.KEYS if len(words) > 1 else p.KEY if words else p.SITUATION,
                k=listed([c.quoted(y) for y in words]) if words else "",
                v=v,
            )
            return [*out, told]
        case "opinion_of" | "opinion_of/who":
            view = case.gold if case.form == "opinion_of" else case.x
            return [*(f"{says(i)} {shows(p.VIEW, x=x, v=c.quoted(view))}" for i in case.turns), shows(p.VIEW_STAYS)]
        case "changed_mind" if case.gold == NOBODY:
            held = story.of("opinion")
            return [
                f"{says(q.turns[0])} {shows(p.VIEW, x=speaker(q.voice or 0), v=c.quoted(q.value))}" for q in held
            ] + [shows(p.VIEW_STAYS)]
        case "changed_mind" | "changed_mind/to":
            new = story.of("changed_mind")[0].value
            i, k = case.turns
            return [
                f"{says(i)} {shows(p.VIEW_FIRST, x=x)}",
                f"{says(k)} {shows(p.VIEW_LATER, x=x, v=c.quoted(new))}",
            ]
        case "intent" | "intent/who":
            wish = case.gold if case.form == "intent" else case.x
            return [*(says(i) for i in case.turns), shows(p.PURPOSE, x=x, v=c.quoted(wish))]
        case "who_mentions" | "who_mentions/what":
            detail = case.x if case.form == "who_mentions" else case.gold
            return [f"{says(i)} {shows(p.DETAIL, v=c.quoted(detail))}" for i in case.turns]
        case "answers" | "answers/who":
            i, k = case.turns
            return [
                shows(p.QUESTION, i=str(i + 1), z=case.x, q=quote(turns[i])),
                shows(p.REPLY, i=str(k + 1), x=x, q=quote(turns[k])),
            ]
        case "corrects":
            i, k = case.turns
            return [f"{says(i)} {shows(p.WRONG)}", f"{says(k)} {shows(p.RIGHT, x=x)}"]
        case "says_nth":
            mine = story.turns_of(turns[last].voice)
            rank = ordinal(mine.index(last) + 1)
            return [
                shows(p.NTH, x=x, r=listed([str(i + 1) for i in mine]), k=rank, i=str(last + 1), q=quote(turns[last]))
            ]
        case "overlap_talk":
            pairs = [case.turns] if case.gold == "yes" else [(i, i + 1) for i in range(len(turns) - 1)]
            return [
                shows(p.ENDS, i=str(i + 1), j=str(k + 1), b=seconds(turns[i].end), a=seconds(turns[k].start),
                      v="both are heard for a while" if case.gold == "yes" else "one after the other")
                for i, k in pairs[:10]
            ]  # fmt: skip
        case "prosody":
            return [shows(p.SOUNDS, x=speaker(v), m=m, r=places(at)) for (v, m), at in manners(story).items()]
        case "prosody/how":
            i, k = case.turns
            m, o = (STYLES.get(turns[n].style or "", EVEN) for n in (i, k))
            return [says(i), says(k), shows(p.BESIDE, i=str(i + 1), j=str(k + 1), m=m, o=o)]
        case _:  # agreed
            return [*(says(i) for i in case.turns), shows(p.SETTLED, v=v)]


def _keys(value: str) -> set[str]:
    return {stem(x) for x in content_words(value)}


def _why(option: str, right: bool, case: Case, story: Story, voice_of: dict[str, int], w: Writer) -> str:
    """The rest of a sentence whose subject is the option."""
    voice, at = voice_of.get(option), places(_answering(case)) if case.turns else ""
    if case.form == "overlap_talk":
        return w.clause(p.YES_NO_FIT if right else p.YES_NO_OUT)
    if case.form == "prosody" and voice is not None:
        mine = case.turns if right else story.turns_of(voice)
        return w.clause(p.THAT_MANNER if right else p.OTHER_MANNER, m=case.x, r=places(mine))
    if case.form == "prosody/how":
        return w.clause(p.GOLD if right else p.CONTRARY, r=at)
    if option == NOBODY:
        return w.clause(p.NOBODY_YES if right else p.NOBODY_NO, r=at)
    if case.form == "changed_mind" and voice is not None and not right:
        mine = tuple(sorted({i for q in story.of("opinion", voice) for i in q.turns}))
        return w.clause(p.KEEPS, r=places(mine)) if mine else w.clause(p.NO_VIEW)
    if case.voice is not None and voice is not None:
        if right:
            return w.clause(
                p.WHO_YES, r=places(tuple(i for i in case.turns if story.turns[i].voice == voice) or case.turns)
            )
        if case.form == "opinion_of/who" and (views := story.of("opinion", voice)):
            return w.clause(p.OTHER_VIEW, v=c.quoted(views[0].value), r=places(views[0].turns))
        return w.clause(p.WHO_NO, r=places(story.turns_of(voice)))
    if right:
        return w.clause(p.GOLD, r=at)
    if stance(option) is not None and stance(case.gold) is not None and option == opposite(case.gold):
        return w.clause(p.CONTRARY, r=at)
    there = case.where.get(option)
    if there:
        there = there[-1:] if case.family == "answers" else there
        who = story.turns[there[0]].voice
        if case.form == "changed_mind/to" and there[-1] == case.turns[0]:
            return w.clause(p.VIEW_BEFORE, r=places(there[-1:]))
        if case.turns and who == story.turns[case.turns[-1]].voice:
            return w.clause(p.SAME_OTHER, r=places(there))
        return w.clause(p.ELSEWHERE, r=places(there), x=speaker(who))
    return w.clause(p.NOWHERE)


_BRIEF = {
    "named": "Find the name of {x}.",
    "named/who": "Find the name and whom it means.",
    "topic": "Hear what they talk about.",
    "opinion_of": "Find the view of {x}.",
    "opinion_of/who": "Find the view and its speaker.",
    "changed_mind": "Compare first and last views.",
    "changed_mind/to": "Find the view that changes.",
    "intent": "Find what {x} wants.",
    "intent/who": "Find the wish and its speaker.",
    "who_mentions": "Find the words and their speaker.",
    "who_mentions/what": "Go through the turns of {x}.",
    "answers": "Find {x}, then its answer.",
    "answers/who": "Find {x}, then who answers.",
    "corrects": "Find the mistake and who puts it right.",
    "says_nth": "Find {x}.",
    "overlap_talk": "Compare ends and starts of turns.",
    "prosody": "Compare how the voices speak.",
    "prosody/how": "Hear how {x}.",
    "agreed": "Find what they agree on.",
}


def _brief(question: Question, case: Case, story: Story) -> Chain:
    """Who has which turns, the words that decide, the options with yes and no."""
    turns = story.turns
    names = [o for o, v in _voices_of(question.options, story).items() if o != speaker(v)]
    told = [f"{o} is {speaker(v)}." for o, v in _voices_of(question.options, story).items() if o in names]
    if case.form == "overlap_talk":
        if case.turns:
            i, k = case.turns
            told.append(f"Turn {i + 1} ends at {turns[i].end:g}, turn {k + 1} starts at {turns[k].start:g}.")
        else:
            told.append("Each turn starts after the one before.")
    elif case.family == "prosody":
        told += [f"{speaker(v).capitalize()}, {places(at)}: {m}." for (v, m), at in manners(story).items()]
    else:
        shown = case.turns if case.gold != NOBODY else case.turns[:3]
        told += [f"Turn {i + 1}, {speaker(turns[i].voice)}: {quote(turns[i], 12)}." for i in shown[-3:]]
    gold = question.gold_index or 0
    return Chain(
        planning=_BRIEF[case.form].format(x=case.x.replace(" say in ", " in ").replace(" speak in ", " sounds in ")),
        caption=f"{turns_by_voice(story)}.",
        reasoning=f"{' '.join(told)} {scan(question.options, gold)}",
        summary=f"The answer is {option_letter(gold)}.",
        response=f"{option_letter(gold)} {question.gold_text}",
    )
