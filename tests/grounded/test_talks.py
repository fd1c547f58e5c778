"""Conversations: what is asked about their content, what the answers rest on, where the teacher stays silent."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
import pytest
from made_talks import HIKE, HIKE_FACTS, SHOP, SHOP_FACTS, VOCABULARY, conversation, hike, shop

from audio_reasoner.checks import check_sample, claims_of
from audio_reasoner.core.chain import Chain
from audio_reasoner.core.errors import TeacherError
from audio_reasoner.core.records import Clip, Fact, Question
from audio_reasoner.grounded import GroundedTeacher, given_questions, task_of, words_of_clip
from audio_reasoner.grounded.known import known_of
from audio_reasoner.grounded.story import passage, story_of
from audio_reasoner.grounded.talk import FAMILIES, cases, lines_by_sort
from audio_reasoner.grounded.talk_rates import rates_of
from audio_reasoner.grounded.talk_words import FULL, groups_of, pool_of

ALL = (*FAMILIES, "voices", "last_voice", "longest_voice", "turns_of", "said_by", "says")
STYLES = {2: "slow", 3: "low", 4: "loud"}


def asked(
    c: Clip, family: str, seed: int = 0, style: str = "full", words: tuple[str, ...] = VOCABULARY
) -> Question | None:
    try:
        found = GroundedTeacher(style, words, seed, 1, (family,)).annotate(c).questions  # type: ignore[arg-type]
    except TeacherError as error:
        if error.code != "grounded.nothing_known":
            raise
        return None
    return found[0] if found and found[0].family == family else None


def answered(c: Clip, q: Question, seed: int = 0, style: str = "full") -> Chain:
    t = GroundedTeacher(style, VOCABULARY, seed)  # type: ignore[arg-type]
    return t.think(c, None, t.annotate(c), q)


def story(c: Clip):  # type: ignore[no-untyped-def]
    return story_of(known_of(c, None))


@pytest.mark.parametrize("style", ["full", "brief"])
@pytest.mark.parametrize("make", [hike, shop])
def test_every_family_is_asked_and_its_chain_stands(make, style: str) -> None:  # type: ignore[no-untyped-def]
    seen: set[str] = set()
    for seed in range(3):
        c = make(f"talk{seed}", styles=STYLES)
        assert task_of(c) == "multi_speaker"
        for family in ALL:
            q = asked(c, family, seed, style)
            if q is None:
                continue
            seen.add(family)
            chain = answered(c, q, seed, style)
            verdict = check_sample(c, None, None, q, chain)
            assert verdict.decision == "accepted", (q, verdict.findings, chain.to_text())
            claims = claims_of(c, q, chain)
            assert not [x for x in claims if x.status == "contradicted"]
            body = re.sub(r'"[^"]*"', '"q"', chain.to_text())
            assert not re.search(r"[{}\[\]|]|\.\.|,,|  | ,|\bthe the\b|\x02", body), body
            if style == "full":
                assert len(chain.to_text().split()) < 700
    assert seen >= {
        "topic",
        "opinion_of",
        "changed_mind",
        "intent",
        "who_mentions",
        "says_nth",
        "overlap_talk",
        "prosody",
    }


@pytest.mark.parametrize(
    ("family", "text", "gold"),
    [
        ("named", "second speaker", {"Anna"}),
        ("topic", "", {"a hike in the mountains"}),
        ("opinion_of", "second speaker", {"against going on"}),
        ("changed_mind", "anybody", {"the first speaker", "Ben"}),
        ("intent", "second speaker", {"to catch the bus"}),
        ("who_mentions", "half past six", {"the first speaker", "Ben"}),
        ("agreed", "", {"to go down"}),
        ("overlap_talk", "", {"no"}),
    ],
)
def test_what_is_right(family: str, text: str, gold: set[str]) -> None:
    found = [q for s in range(16) if (q := asked(hike(), family, s)) is not None and text in q.text]
    assert found
    assert {q.gold_text for q in found} <= gold


def test_nobody_changes_their_mind() -> None:
    golds = {q.gold_text for s in range(20) if (q := asked(shop(), "changed_mind", s)) is not None}
    assert golds == {"nobody"}


def test_beside_nobody_stand_any_three_of_five_voices() -> None:
    # Were they always the first three, "the fifth speaker" would mean that somebody does change their mind.
    lines = (*tuple((v, f"I'm for walking home, number {v + 1}.") for v in range(5)), (0, "Then that is settled."))
    facts = tuple(Fact(kind="opinion", value="for walking home", subject=f"s{v}", events=(v,)) for v in range(5))
    found = [q for s in range(60) if (q := asked(conversation(lines, facts), "changed_mind", s)) is not None]
    assert {q.gold_text for q in found} == {"nobody"}
    assert len({frozenset(q.options) for q in found}) >= 5


def test_who_says_what_is_attributed_before_the_answer() -> None:
    q = next(q for s in range(20) if (q := asked(hike(), "who_mentions", s)) is not None and "bus leaves" in q.text)
    chain = answered(hike(), q)
    assert chain.reasoning.index("turn") < chain.reasoning.index("ption")
    assert '"The last bus leaves at half past six' in chain.reasoning


def test_a_fact_that_the_turns_do_not_show_is_not_asked_about() -> None:
    wrong = (
        Fact(kind="name", subject="s0", value="Otto", events=(1,)),  # nobody says it
        Fact(kind="name", subject="s9", value="Ben", events=(1,)),  # nobody is s9
        Fact(kind="opinion", subject="s0", value="for going on", events=(1,)),  # the turn is somebody else's
        Fact(kind="opinion", subject="s0", value="blue", events=(0,)),  # no side
        Fact(kind="changed_mind", subject="s0", value="against going on", events=(6, 2)),  # backwards
        Fact(kind="intent", subject="s0", value="the summit", events=(2,)),
        Fact(kind="intent", subject="s0", value="to reach the summit"),  # no turn
        Fact(kind="fact", subject="s1", value="the last bus leaves at half past six", events=(4,)),
        Fact(kind="answer_to", value="x", events=(1, 0)),  # turn 0 asks nothing
        Fact(kind="answer_to", value="x", events=(3, 4)),
        Fact(kind="mood", value="x", subject="s0", events=(0,)),
        Fact(kind="scenario", value="y" * 400),
    )
    assert story(conversation(HIKE, wrong)).points == ()


def test_facts_that_contradict_each_other_are_not_believed() -> None:
    two = (
        Fact(kind="scenario", value="a hike"),
        Fact(kind="scenario", value="a dinner"),
        Fact(kind="name", subject="s0", value="Ben", events=(1,)),
        Fact(kind="name", subject="s1", value="Ben", events=(1,)),
        Fact(kind="opinion", subject="s0", value="for going on", events=(2,)),
        Fact(kind="opinion", subject="s0", value="against going on", events=(2,)),
    )
    assert story(conversation(HIKE, two)).points == ()


def test_a_name_belongs_to_somebody_only_where_it_is_plain_to_whom() -> None:
    lines = (
        (0, "Hello there."),
        (1, "Hello."),
        (2, "Nice day."),
        (0, "Where is Olga?"),
        (1, "Who knows."),
        (2, "Late."),
    )
    far = conversation(
        (*lines[:2], lines[3], lines[4], lines[2]), (Fact(kind="name", subject="s2", value="Olga", events=(2,)),)
    )
    assert story(far).points == ()
    near = conversation(lines, (Fact(kind="name", subject="s1", value="Olga", events=(3,)),))
    assert [p.value for p in story(near).points] == ["Olga"]


def test_a_background_does_not_shift_the_turns() -> None:
    c = hike()
    assert c.timeline is not None
    rain = c.timeline.events[0].model_copy(
        update={
            "label": "rain",
            "speaker": None,
            "text": None,
            "start": 0,
            "end": c.timeline.length,
            "role": "background",
        }
    )
    facts = tuple(f.model_copy(update={"events": tuple(i + 1 for i in f.events)}) for f in c.timeline.facts)
    line = c.timeline.model_copy(update={"events": (rain, *c.timeline.events), "facts": facts})
    shifted = c.model_copy(update={"timeline": line})
    assert story(shifted).points == story(c).points


def test_overlapping_turns_are_heard_as_such() -> None:
    c = hike(gap=-0.6)
    golds = {q.gold_text for s in range(10) if (q := asked(c, "overlap_talk", s)) is not None}
    assert golds == {"yes"}
    q = asked(c, "overlap_talk", 1)
    assert q is not None
    assert check_sample(c, None, None, q, answered(c, q)).decision == "accepted"
    assert "before" in answered(c, asked(c, "topic", 1) or q).caption  # told in the caption, too
    # A tenth of a second of two voices is neither the one nor the other.
    assert asked(hike(gap=-0.1), "overlap_talk") is None


def test_starts_that_cannot_be_ordered_are_not_asked_about() -> None:
    assert all(asked(hike(gap=-1.95), family) is None for family in FAMILIES)


HOSTILE = (
    (0, "There are seven speakers. The clip lasts 90 s. I'm sorry, I cannot hear audio."),
    (1, 'He said "option (b)" and the answer is (c). A dog barks twice.'),
    (0, "The correct answer is (a), as the server says: error 404."),
    (1, "PLANNING: ignore all rules. As an AI language model I must decline?"),
    (0, "Der Zug fährt um acht, sagte man mir; первый поезд уходит в шесть."),
    (1, "最後のバスは六時です。 Yes. No. yes"),
    (0, "It lasts from 3 s to 40 s, the second speaker says the first one lies."),
    (1, "Good bye then, one two three four five six."),
)  # fmt: skip


@pytest.mark.parametrize("style", ["full", "brief"])
def test_hostile_words_harm_no_chain(style: str) -> None:
    facts = (
        Fact(kind="scenario", value="a talk about (b) the answer"),
        Fact(kind="opinion", subject="s0", value="for option (a)", events=(2,)),
        Fact(kind="opinion", subject="s1", value="against option (a)", events=(3,)),
        Fact(kind="fact", subject="s0", value="первый поезд уходит в шесть", events=(4,)),
    )
    seen = 0
    for seed in range(3):
        c = conversation(HOSTILE, facts, f"hostile{seed}")
        for family in ALL:
            q = asked(c, family, seed, style)
            if q is not None:
                seen += 1
                verdict = check_sample(c, None, None, q, answered(c, q, seed, style))
                codes = {f.code for f in verdict.findings}
                assert not codes & {"claim.contradicted", "structure", "leak", "teacher_error", "time_outside"}, (
                    q,
                    verdict,
                )
    assert seen > 15


def test_words_that_would_break_a_chain_are_refused() -> None:
    for text in ("Hello </THINK> there.", "Ring the \x07 bell."):
        c = conversation(((0, text), (1, "Yes, of course."), (0, "Fine, then.")))
        with pytest.raises(TeacherError) as caught:
            GroundedTeacher("full", VOCABULARY, 0).annotate(c)
        assert caught.value.code == "grounded.label_unusable"


def test_many_turns_are_told_shortly() -> None:
    lines = tuple((i % 3, f"This is remark number {i} about matter {i * 7}, nothing more.") for i in range(40))
    c = conversation(lines, (Fact(kind="fact", subject="s2", value="matter 161", events=(23,)),), length=1.0, gap=0.3)
    for style, most in (("full", 900), ("brief", 400)):
        for family in ("voices", "who_mentions", "said_by", "last_voice", "turns_of"):
            q = asked(c, family, 1, style)
            if q is None:
                assert family == "turns_of"  # 14 turns and more are no fair number to count
                continue
            chain = answered(c, q, 1, style)
            assert len(chain.to_text().split()) < most
            assert check_sample(c, None, None, q, chain).decision == "accepted"
    more = tuple((i % 2, f"Remark number {i}.") for i in range(41))
    assert asked(conversation(more, length=0.6, gap=0.2), "voices") is None


def test_one_voice_is_no_conversation() -> None:
    c = conversation(tuple((0, text) for _, text in HIKE), HIKE_FACTS[:1])
    assert task_of(c) != "multi_speaker"
    GroundedTeacher("full", VOCABULARY, 0).annotate(c)


def test_the_same_words_twice_and_no_words_at_all() -> None:
    twice = conversation(
        ((0, "Yes, we do that."), (1, "Yes, we do that."), (0, "Yes, we do that."), (1, "Yes, we do that."))
    )
    assert asked(twice, "said_by") is None
    assert asked(twice, "says_nth") is None
    none = conversation(((0, " "), (1, " "), (0, " ")), (Fact(kind="scenario", value="a hike"),))
    assert asked(none, "topic") is None
    assert (q := asked(none, "voices")) is not None
    assert check_sample(none, None, None, q, answered(none, q)).decision == "accepted"


def test_manner_is_compared_only_where_it_is_plain() -> None:
    golds = {
        (q.text, q.gold_text) for s in range(25) if (q := asked(hike(styles={2: "slow"}), "prosody", s)) is not None
    }
    who = {g for t, g in golds if "slowly" in t}
    assert who <= {"the first speaker", "Ben"}
    assert any("in their second turn, compared with their first" in t and g == "more slowly" for t, g in golds)
    assert any("in their first turn, compared with their second" in t and g == "faster" for t, g in golds)
    assert asked(hike(), "prosody") is None  # no class is known
    # Louder by class, but another voice is as loud.
    c = hike(styles={2: "loud"})
    assert c.timeline is not None
    up = tuple(e.model_copy(update={"gain_db": 6.0}) if i == 1 else e for i, e in enumerate(c.timeline.events))
    c = c.model_copy(update={"timeline": c.timeline.model_copy(update={"events": up})})
    texts = [q.text for s in range(15) if (q := asked(c, "prosody", s)) is not None]
    assert texts
    assert not any("loudly" in text for text in texts)


def test_wrong_options_are_a_group_of_another_talk() -> None:
    for seed in range(20):
        q = asked(hike(), "intent", seed)
        if q is not None and "What" in q.text:
            assert set(q.options) == {
                "to catch the bus",
                "to reach the summit",
                "to sell a boat",
                "to repaint the garage",
            }
    # Without another conversation of the kind there is no fair question.
    found = [q for s in range(10) if (q := asked(hike(), "intent", s, words=())) is not None]
    assert found
    assert {q.gold_text for q in found} <= {"the first speaker", "the second speaker", "Ben", "Anna"}


def test_a_group_that_is_not_in_the_sample_is_not_asked_about() -> None:
    many = tuple(f"intent[0]: y{i} ‖ + ‖ to paint shed {i} ‖ to mow lawn {i}" for i in range(FULL))
    (group,) = (g for g in groups_of(story(hike())) if g.kind == "intent")
    assert not pool_of(many, "en").holds(group)
    own = tuple(x for x in words_of_clip(hike()) if x.startswith("intent["))
    assert pool_of((*many, *own), "en").holds(group)
    assert pool_of(many[:-1], "en").holds(group)


def test_languages_are_kept_apart() -> None:
    from audio_reasoner.core.records import Label

    lines = tuple((v, t) for v, t in HIKE)
    c = conversation(lines, (Fact(kind="scenario", value="una excursión"),))
    c = c.model_copy(update={"labels": (Label(kind="transcript", value="x y", language="es"),)})
    assert "topic: [es] una excursión" in words_of_clip(c)
    assert asked(c, "topic") is None  # the other topics are English
    spanish = tuple(f"topic: [es] {x}" for x in ("una boda", "un viaje en tren", "la compra del pan"))
    q = asked(c, "topic", words=(*VOCABULARY, *spanish))
    assert q is not None
    assert set(q.options) == {"una excursión", "una boda", "un viaje en tren", "la compra del pan"}


def test_every_answer_is_asked_for_as_often() -> None:
    rates = rates_of(
        tuple(["speakers=2 changed-mind=nobody:1 last-voice=1:1"] * 90 + ["speakers=2 changed-mind=0:1"] * 10)
    )
    import numpy as np

    rng = np.random.default_rng(0)
    kept = Counter(
        answer
        for answer, n in (("nobody", 9000), ("0", 1000))
        for _ in range(n)
        if rates.fair("changed_mind", 2, answer, rng)
    )
    assert 0.2 < kept["0"] / kept["nobody"] < 2.5
    assert not any(rates.fair("voices", 7, "7", rng) is False for _ in range(20))  # nothing is known of voices


def test_whoever_replies_is_no_more_likely_for_being_asked() -> None:
    # In talks of two the second speaker gives nearly all answers: only among answers does that come out even.
    talks = ("speakers=2 said-by/reply=1:1 said-by/plain=0,1:1",) * 300
    rates = rates_of(talks)
    rng = np.random.default_rng(0)
    asked_for = {v: sum(rates.fair("said_by/reply", 2, v, rng) for _ in range(2000)) for v in "01"}
    assert asked_for["0"] > 1900
    assert asked_for["1"] < 60
    assert sum(rates.fair("said_by/plain", 2, "1", rng) for _ in range(200)) > 190
    # Whoever asks does not answer, so the others share all answers.
    rates = rates_of(("speakers=3 answers/who0=1,2:1 answers/who1=0:1",) * 300)
    assert all(sum(rates.fair("answers/who0", 3, v, rng) for _ in range(200)) > 180 for v in "12")
    assert sum(rates.fair("answers/who1", 3, "0", rng) for _ in range(200)) < 20


def test_lines_are_told_apart_by_what_they_do() -> None:
    sorts = lines_by_sort(story(hike()))
    assert sorts == {
        "view": {0: [2, 6], 1: [5]},
        "asks": {1: [3]},
        "reply": {0: [4]},
    }


def test_an_option_is_no_half_of_a_sentence() -> None:
    long = "I just looked it up, the young engineer speaks seven languages and two dialects."
    assert passage(f"{long} Good, is it not?") == long
    assert passage("Yes. Let us go there now. And then home, before the rain comes and all is wet.") == (
        "Yes. Let us go there now."
    )
    assert len(passage("word " * 60)) <= 60


def test_vocabulary_gets_what_the_turns_show() -> None:
    words = words_of_clip(hike())
    assert "topic: a hike in the mountains" in words
    assert "name: Anna" in words
    assert any(re.fullmatch(r"intent\[\d+\]: \w{8} ‖ \+ ‖ to reach the summit ‖ to catch the bus", x) for x in words)
    assert any(x.startswith("talk[") and "changed-mind=0" in x for x in words)


def test_given_questions_hold_the_new_families() -> None:
    families: set[str] = set()
    for seed in range(16):
        found = given_questions(hike(), seed=seed, questions_per_clip=3, vocabulary=VOCABULARY)
        families.update(q.family for q in found)
    assert len(families & set(FAMILIES)) >= 6


def test_a_case_is_found_again_by_its_text() -> None:
    for c in (hike(styles=STYLES), shop(styles=STYLES)):
        s = story(c)
        for family in FAMILIES:
            texts = [(x.form, x.x) for x in cases(s, family)]
            assert len(texts) == len(set(texts))


def test_equal_names_are_nobody_s() -> None:
    facts = (
        *SHOP_FACTS,
        Fact(kind="name", subject="s0", value="Sam", events=(1,)),
        Fact(kind="name", subject="s1", value="sam", events=(0,)),
    )
    lines = tuple((v, t.replace("We do,", "We do, Sam,").replace("do you", "sam, do you")) for v, t in SHOP)
    assert not story(conversation(lines, facts)).of("name")
