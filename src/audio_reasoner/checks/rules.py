# ruff: noqa: E501 -- a regular expression is read in one piece
"""Judgements that need no model: is this chain one answer to this question, free of what does not belong in training
data?

Decision: a rule fires only on what can be pointed at, and its finding quotes it. Words of the question's options and
quoted passages are taken out before a rule looks for leaks or errors, so that a label cannot trip it.
"""

from __future__ import annotations

import operator
import re
from collections import Counter
from collections.abc import Iterator

from audio_reasoner.checks import leaks
from audio_reasoner.checks import text as t
from audio_reasoner.checks.answers import true_answer
from audio_reasoner.checks.claims import claims_of, contradicted, option_labels
from audio_reasoner.checks.leaks import THINKING
from audio_reasoner.checks.ontology import SOUND_WORDS, words_of
from audio_reasoner.checks.truth import folded
from audio_reasoner.core.chain import SECTIONS, Chain, parse_chain
from audio_reasoner.core.choices import match_option
from audio_reasoner.core.records import Annotation, Clip, Evidence, Finding, Question

MIN_WORDS, MAX_WORDS = 12, 2000
"""Words of a whole chain. The paper's longest have 1,454 tokens; below a dozen nothing can have been reasoned."""
MAX_SENTENCE_REPEATS = 2
MAX_LOOP = 6
"""A phrase repeated this often without anything between is a loop."""
TIME_SLACK_S = 0.35
_NOT_SO = re.compile(r"\b(?:not|never|cannot|rather than|instead of|would|if)\b|n't\b", re.IGNORECASE)
"""A time that is denied or supposed ("it does not last 20 s") is not said to be one of the clip's."""


_TAG = re.compile(r"</?\s*(?:think|planning|caption|reasoning|summary|response)\b", re.IGNORECASE)
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_SUMMARY_LETTER = re.compile(r"\b[Oo]ption \(?([a-zA-Z])\)?(?![\w'’])|\(([a-zA-Z])\)")
_QUOTED_OPTION = re.compile(
    r"\(([a-z])\),?(?: with| which says| that is| namely|:)? [\"“]([^\"”]+)[\"”]"
    r"|[\"“]([^\"”]+)[\"”],?(?: offered as| listed as| given as| as)?(?: in option| option)? \(([a-z])\)"
)
_BARE_OPTION = re.compile(r"\(([a-z])\) (?![\"“])(.{1,200})")
_END_OPTION = re.compile(r"\(([a-z])\) ([^.]+)\.?\s*$")
# Cues of what a question is about, in the question and in any planning that takes it up.
_CUES: tuple[tuple[re.Pattern[str], re.Pattern[str]], ...] = tuple(
    (re.compile(ask, re.IGNORECASE), re.compile(plan, re.IGNORECASE))
    for ask, plan in (
        (r"\bhow many\b|\bhow often\b|\bnumber of\b", r"\bhow (?:many|often)|\bcount|\bnumber|\btotal|\btimes\b"),
        (r"\bin which order\b|\bthe order\b|\bsequence\b|follow one another", r"\border|\bsequence|\bcomes? first|\barrange|\bchronolog"),
        (r"\b(?:comes|is|the) first\b|\bopens?\b|\bbegins?\b", r"\bfirst|\bopen|\bbegin|\bearliest|\bbefore|\bstart"),
        (r"\b(?:comes|is|starts|the) (?:last|final)", r"\blast|\bfinal|\bend\b|\bends\b|\blatest|\bclose\b"),
        (r"\b(?:right|just|directly) (?:before|precedes)", r"\bbefore|\bprecede|\bahead|\bearlier|\bprior"),
        (r"\b(?:right|just|directly) (?:after|follows)", r"\bafter|\bfollow|\bbehind|\blater|\bnext"),
        (r"\blongest\b", r"\blongest|\blength|\blasts?\b|\bduration|\blong\b|\btime\b"),
        (r"\bhow long\b|\blength of\b", r"\blong\b|\blength|\bduration|\btime\b|\bseconds"),
        (r"\bloudness\b|\bvolume\b", r"\bloud|\bvolume|\bdynamic"),
    )
)  # fmt: skip
_NAMED = re.compile(r"[\"“]([^\"”]+)[\"”]|\b(?:the|separate|an?) ((?:(?!of |in |the )[\w'-]+ ){1,4})sounds?\b")
_NOT_A_NAME = frozenset(
    """
    first last next longest shortest loudest final main separate same total number of which other following background
    different dominant order sequence list the
    """.split()  # noqa: SIM905
)


def _clip_labels(clip: Clip) -> list[str]:
    labels = [folded(x.value) for x in clip.labels if x.kind in ("tag", "instrument")]
    return labels if clip.timeline is None else [*labels, *(folded(e.label) for e in clip.timeline.events)]


def _plain(clip: Clip, chain: Chain, question: Question) -> dict[str, str]:
    """Sections without quoted passages and without the texts of options and named sounds."""
    drop = {x for x in (*question.options, *option_labels(question), *_clip_labels(clip)) if len(x) > 3}
    spoken = [x.value for x in clip.labels if x.kind in ("transcript", "translation") and len(x.value) > 3]
    out = {}
    for name in SECTIONS:
        text = getattr(chain, name)
        for said in spoken:
            text = text.replace(said, " ")
        text = t.unquoted(text)
        out[name] = t.without(text, drop)
    if not question.options:
        # What a speaker says ("I'm sorry, I cannot hear you") is the answer wanted, not a teacher's refusal.
        out["response"] = out["response"].replace(question.gold_text, " ")
    return out


def structure(chain: Chain) -> Iterator[Finding]:
    """The text form reads back as the same chain."""
    parsed = parse_chain(chain.to_text())
    if not parsed.well_formed or parsed.chain != chain:
        codes = ", ".join(d.code for d in parsed.defects) or "it reads back differently"
        yield Finding(code="structure", detail=f"the chain's text form does not read back: {codes}")
    for name in THINKING:
        if _TAG.search(getattr(chain, name)):
            yield Finding(code="structure", detail=f"{name} contains a piece of a tag")


def gold_reached(question: Question, chain: Chain) -> Iterator[Finding]:
    """The response means the gold option; a summary that names an option names the same."""
    if not question.options:
        if chain.response.strip().casefold() in chain.planning.casefold():
            yield Finding(code="gold_reached", detail="the response only repeats the planning")
        return
    found = match_option(chain.response, question.options)
    if found.index is None:
        yield Finding(
            code="gold_reached", detail=f"no option can be read from the response ({found.rule}): {found.detail}"[:300]
        )
    elif found.index != question.gold_index:
        yield Finding(
            code="gold_reached",
            detail=f"the response means {question.options[found.index]!r}, the gold answer is {question.gold_text!r}",
        )
    letters = {m.lower() for m in _SUMMARY_LETTER.findall(chain.summary) for m in m if m}
    if letters and question.gold_index is not None:
        if letters != {chr(97 + question.gold_index)}:
            yield Finding(code="summary_disagrees", detail=f"the summary names option {', '.join(sorted(letters))}")
        return
    said = match_option(chain.summary, question.options)
    explicit = said.rule in ("text", "letter", "boxed", "conclusion", "lead", "therefore")
    if said.index is not None and explicit and said.index != question.gold_index:
        yield Finding(code="summary_disagrees", detail=f"the summary means {question.options[said.index]!r}")


def _named(clip: Clip, question: Question) -> set[str]:
    """Words that name a sound in the question's text."""
    found = set(t.mentions(t.label_pattern(_clip_labels(clip)), question.text))
    words = {w for x in found for w in words_of(x)} | (words_of(question.text) & SOUND_WORDS)
    for m in _NAMED.finditer(question.text):
        words |= words_of(m[1] or m[2]) - _NOT_A_NAME
    return words


def question_mismatch(clip: Clip, question: Question, chain: Chain) -> Iterator[Finding]:
    """The chain speaks about this question: its named sound, its options under their letters, its kind."""
    thinking = " ".join(getattr(chain, name) for name in THINKING)
    asked = _named(clip, question)
    # A word asked for may be one that names no sound ("from"), and `words_of` leaves those out.
    if asked and not asked & words_of(thinking) and not any(t.holds(thinking.casefold(), w) for w in asked):
        yield Finding(code="question_mismatch", detail=f"nothing of {', '.join(sorted(asked))} is spoken of")
    wanted = t.unquoted(question.text)  # 'Who says "the last bus"?' is no question about what is last
    for ask, plan in _CUES:
        if ask.search(wanted) and question.options:
            if not plan.search(chain.planning) and not ask.search(chain.planning):
                yield Finding(code="question_mismatch", detail="the planning does not take up what is asked")
            break
    options = [folded(o) for o in question.options]
    for name in ("reasoning", "summary", "response"):
        body = getattr(chain, name)
        for m in _QUOTED_OPTION.finditer(body):
            i = ord(m[1] or m[4]) - 97
            shown = folded(m[2] or m[3])
            if i >= len(options) or shown != options[i]:
                yield Finding(code="question_mismatch", detail=f"{m[0][:120]} is not an option of this question")
                return
        for m in _BARE_OPTION.finditer(body):
            i, rest = ord(m[1]) - 97, folded(m[2])
            if i >= len(options):
                yield Finding(code="question_mismatch", detail=f"there is no option ({m[1]})")
                return
            heads = [re.split(r", |; ", o)[0] for o in options]
            own = rest.startswith(options[i]) or _starts(rest, heads[i])
            others = any(_starts(rest, h) for j, h in enumerate(heads) if j != i)
            if not own and others:
                yield Finding(
                    code="question_mismatch", detail=f"option ({m[1]}) is {question.options[i]!r}, not {m[2][:40]!r}"
                )
                return
    # "The answer is (b) yes" where option b is something else: right by its letter, but from another question.
    end = _END_OPTION.search(chain.response)
    if end is not None and ord(end[1]) - 97 < len(options):
        own_text = options[ord(end[1]) - 97]
        if not words_of(own_text) & words_of(end[2]) and folded(end[2]) not in own_text:
            yield Finding(code="question_mismatch", detail=f"option ({end[1]}) is not {end[2][:60]!r}")
    if question.options and not any(o in folded(thinking) for o in options) and not _speaks_of_letters(thinking):
        yield Finding(code="question_mismatch", detail="no option is spoken of before the response")


def _starts(text: str, head: str) -> bool:
    return text.startswith(head) and not t.is_word(text[len(head) : len(head) + 1])


def _speaks_of_letters(text: str) -> bool:
    return re.search(r"\([a-z]\)|\boption [a-zA-Z]\b", text) is not None


def time_outside(clip: Clip, plain: dict[str, str]) -> Iterator[Finding]:
    """No time lies beyond the clip's end."""
    limit = clip.duration_s + max(TIME_SLACK_S, 0.05 * clip.duration_s)
    for name in ("caption", "reasoning", "summary", "response"):
        if ":" not in plain[name] and not any(float(x) > limit for x in _NUMBER.findall(plain[name])):
            continue  # what holds no number that large names no time that late
        said = [s for s in t.sentences(plain[name]) if not _NOT_SO.search(s)]
        late = [x.value for s in said for x in t.times(s) if x.value > limit]
        if late:
            yield Finding(
                code="time_outside", detail=f"{name} speaks of {late[0]:g} s in a clip of {clip.duration_s:.2f} s"
            )


def length(chain: Chain) -> Iterator[Finding]:
    """Neither a stub nor an endless text."""
    n = sum(len(getattr(chain, name).split()) for name in SECTIONS)
    if not MIN_WORDS <= n <= MAX_WORDS:
        yield Finding(code="length", detail=f"the chain has {n} words; {MIN_WORDS} to {MAX_WORDS} are usual")


_INSIDE, _ENDS = re.compile(r"\"[^\"\n]*\""), re.compile(r"[.!?;](?=\s)")
"""A quotation of several sentences, and where it would be taken apart."""


def repetition(chain: Chain) -> Iterator[Finding]:
    """No sentence three times, no phrase in a loop."""
    every: Counter[str] = Counter()
    for name in SECTIONS:
        # What somebody says may be said three times, so its quotation alone makes no sentence a repetition.
        found = t.sentences(_INSIDE.sub(lambda m: _ENDS.sub(",", m[0]), getattr(chain, name)))
        every.update(folded(s) for s in found if len(s.split()) >= 5 and len(t.unquoted(s).split()) >= 5)
    for sentence, n in every.items():
        if n > MAX_SENTENCE_REPEATS:
            yield Finding(code="repetition", detail=f"{n} times: {sentence[:120]!r}")
    words = " ".join(getattr(chain, name) for name in SECTIONS).casefold().split()
    for size in range(1, 9):
        need = size * (MAX_LOOP - 1)
        same = bytes(map(operator.eq, words[size:], words))
        at = same.find(b"\1" * need)
        if at >= 0:
            word = words[at + need - 1 + size]
            yield Finding(code="repetition", detail=f"a phrase of {size} words runs in a loop, with {word!r}")
            return


def gold_wrong(clip: Clip, evidence: Evidence | None, question: Question) -> Iterator[Finding]:
    """The gold answer is what is known of the clip, where the question's words leave no doubt about what is asked."""
    right = true_answer(clip, evidence, question)
    if right is not None and right != question.gold_index:
        yield Finding(
            code="gold_wrong",
            detail=f"the gold answer is {question.gold_text!r}, what is known says {question.options[right]!r}",
        )


def claims(clip: Clip, evidence: Evidence | None, question: Question, chain: Chain) -> Iterator[Finding]:
    """No claim contradicts what is surely true of the clip."""
    for claim in contradicted(claims_of(clip, question, chain, evidence)):
        detail = f"{claim.kind} in {claim.section}: {claim.text!r}" + (f" ({claim.detail})" if claim.detail else "")
        yield Finding(code="claim.contradicted", detail=detail[:400])


def all_findings(
    clip: Clip,
    evidence: Evidence | None,
    annotation: Annotation | None,
    question: Question,
    chain: Chain,
) -> tuple[Finding, ...]:
    """Every finding of every rule, in a fixed order."""
    plain = _plain(clip, chain, question)
    return (
        *structure(chain),
        *gold_reached(question, chain),
        *question_mismatch(clip, question, chain),
        *gold_wrong(clip, evidence, question),
        *leaks.leak(plain, annotation, question, chain),
        *leaks.answer_early(question, chain, plain),
        *leaks.teacher_error(chain, plain),
        *leaks.two_chains(question, chain),
        *leaks.truncated(chain),
        *time_outside(clip, plain),
        *length(chain),
        *repetition(chain),
        *leaks.language(question, plain),
        *claims(clip, evidence, question, chain),
    )
