# ruff: noqa: E501 -- a regular expression is read in one piece
"""Rules about what does not belong into a chain: knowledge of the answer, texts of prompts and servers, other tongues,
pieces of a second chain, ends that were cut off.

Decision: every rule points at words. Quotations and the texts of options and labels are taken out first (`plain`), so
that a label cannot trip a rule; only errors in JSON are looked for in the raw text, because JSON is all quotations.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping

from audio_reasoner.checks import text as t
from audio_reasoner.checks.truth import folded
from audio_reasoner.core.chain import Chain
from audio_reasoner.core.records import Annotation, Finding, Question

THINKING = ("planning", "caption", "reasoning", "summary")
COPIED_WORDS = 8
"""So many words in a row of the annotation's caption, or of an open question's answer, are no coincidence."""

_GIVEN = r"(?:given|told|provided|supplied|shown|handed)"
_TEXTS = r"(?:answer|caption|description|label|annotation|solution|transcript(?:ion)?|metadata)s?"
_KEY = r"(?:answer|solution|result|options?|choice)"
_TOLD = r"told|given|provided|supplied|disclosed|revealed|handed|shown|communicated"
_LEAK = re.compile(
    rf"\bground[ -]truth\b|\bgold(?:en)? (?:answer|label|option)|\b(?:reference|given|provided|supplied|known|stated|accompanying) (?:correct )?{_TEXTS}\b|"
    rf"\bannotat(?:ion|ed|or)|\bmetadata\b|\bfile ?names?\b|\btimeline\b|\blabell?ed (?:as|with)\b|\b(?:the|its|given|this) labels?\b|"
    rf"\baccording to the (?:label|tag|data|description|caption|annotation)|\boriginal (?:description|annotation|caption)|"
    rf"\banswer (?:key|you {_GIVEN}|can refer)|\bas an ai\b|\bi (?:already )?know (?:that )?the (?:correct )?answer|"
    rf"\b(?:was|were|am|been) {_GIVEN} (?:that )?the (?:correct )?{_TEXTS}\b|\b{_TEXTS} (?:that |which )?(?:i|we) (?:was|were|have been|had been|am|are) {_GIVEN}\b|"
    rf"\b{_TEXTS} (?:is |was |were |as )?{_GIVEN} (?:in|by|with|to|above|here|for|beforehand)\b|\bin the prompt\b|\bbeforehand\b|"
    rf"\bthe (?:\w+ )?(?:description|annotation|label|metadata|caption) (?:of (?:this|the) \w+ )?(?:says|states|confirms|mentions|lists|shows|tells|indicates|accompanying|provided|supplied)\b|"
    rf"\bevidence item|\b(?:expected|intended|target|desired|required) {_KEY}\b|\b{_KEY} (?:that |which )?(?:(?:has|have|had) (?:already )?been|is|was|were|are) (?:already |been )*(?:{_TOLD}) (?:to (?:me|us)|already|beforehand|in advance|in the prompt|from the (?:start|outset))|"
    rf"\b(?:i|we) (?:was|were|am|are|have been|had been|have already been) (?:already )?(?:{_TOLD}|informed)(?: (?:of|about|with|that))?(?: the| which| what)? (?:\w+ )?{_KEY}\b|\b{_KEY} (?:that |which )?(?:i|we) (?:was|were|am|are|have been|had been|have already been) (?:already )?(?:{_TOLD})|\b{_KEY} (?:(?:is|was) )?(?:known|fixed) (?:already|beforehand|in advance|to (?:me|us))|\bthe (?:data ?set|dataset) (?:says|states)|\bcorrect answer (?:was|is) (?:given|provided)|\b(?:based on|from) the (?:description|caption|annotation|label)\b"
)
_REPLY = r"(?:reply|response|output|answer|message)"
_HEARING = r"(?:(?:directly|actually|currently) )?(?:assist|help(?! but\b| notic)|comply|fulfil\w*|respond|(?:complete|perform|do) (?:this|the|that|your) (?:task|request)|(?:process|listen to|hear|access|analy[sz]e|play|open)(?: to)?(?: (?:the|this|that|your|any|an))?(?: (?:actual|attached|provided|uploaded|given|original))*(?: (?:audio|sounds? files?|files?|attachments?)\b|[.,;]|$))"
_TEACHER_ERRORS: tuple[tuple[tuple[str, ...], re.Pattern[str]], ...] = tuple(
    (pieces, re.compile(pattern, re.MULTILINE))
    for pieces, pattern in (
        (
            ("limit", "quota", "server error", "unavailable", "gateway", "http", "_exhausted", "_argument", "_exceeded", "<", "traceback"),
            r"\brate limit|\bquota exceeded|internal server error|\bservice unavailable\b|\bbad gateway\b|\bgateway time-?out|\bhttp(?:/\d(?:\.\d)?)? [45]\d\d\b|"
            r"\bresource_exhausted\b|\binvalid_argument\b|\bdeadline_exceeded\b|<!doctype|<html|<body|traceback \(most recent|<\|[a-z_]+\|>",
        ),
        (
            ("connect", "network", "server", "gateway", "upstream", "proxy", "api", "socket", "ssl"),
            r"\b(?:connection|connect|network|server|gateway|upstream|proxy|api|socket|ssl) (?:error|failed|failure|reset|refused|timed out|aborted)\b",
        ),
        (("request", "operation", "call"), r"\b(?:request|operation|call) (?:has )?(?:timed out|failed|was (?:aborted|refused|throttled))"),
        (("status", "error"), r"\b(?:status|error)(?: code)?:? [45]\d\d\b"),
        (("sorry", "apolog"), r"\bi(?:'m| am) sorry\b|^(?:i'm )?sorry,|\bi apologi[sz]e\b"),
        (
            ("i can", "i am ", "i'm ", "i won't", "i will not", "i have no", "i must", "have no way", "for me to", "not able"),
            rf"\bi (?:cannot|can't|can not|am unable to|'m unable to|am not able to|'m not able to|won't be able to|will not be able to|am not allowed to|have no way (?:of|to)|must decline to) {_HEARING}|\b(?:am|'m) not able to complete|\bhave no way (?:of hearing|to hear)|"
            rf"\b(?:it is|it's) (?:not possible|impossible) for me to {_HEARING}",
        ),
        (("guideline", "polic", "safety"), r"\b(?:guidelines|polic(?:y|ies)|safety rules) (?:do(?:es)? not|don't|doesn't|prevents?|prohibits?|forbids?|restricts?|won't) "),
        (("model", "assistant"), r"\bas an? (?:ai|artificial intelligence|large language|language|text-based|text)(?: language)? (?:model|assistant)"),
        (("able to",), r"\b(?:unable|not able) to (?:directly )?(?:process|access|listen|play|hear) "),
        (("[inst", "[/inst", "system prompt", "{"), r"\[/?inst\]|\bsystem prompt\b|\{[a-z_]{3,20}\}"),
        (("no audio", "not have", "n't have"), r"\bno audio (?:file )?(?:was|is|has been) (?:\w+ )?(?:provided|attached|given|uploaded|included)|\bdo(?:n't| not) have (?:the )?(?:ability|capability|access)"),
        (("here is the", "question is:", "***"), r"\bhere is the (?:original )?(?:description|question|answer)\b|\bthe question is: \*|\*\*\* ?\w+ here"),
        (("you must", "you should", "strictly"), r"\byou (?:must|should) (?:absolutely )?(?:not|never) (?:mention|assume|reveal|refer)|\bstrictly follow\b"),
        (("should", "must", "has to", "needs to", "shall"), rf"\b{_REPLY} (?:should|must|has to|needs to|shall) (?:\w+ )?(?:follow|be in|be formatted|adhere|contain|consist|use|start|begin|end|include)"),
        (("provide the", "provide your", "please"), rf"\bprovide (?:the result|your {_REPLY}) in the (?:specified|following) format|\bplease (?:provide|write|give|produce|generate|output|return|use|include|follow|respond|reply)\b[^.!?]{{0,60}}\b(?:{_REPLY}|sections?|format|reasoning|descriptions?|captions?|steps?|json|tags?)\b"),
        (("do not", "don't", "never"), rf"\b(?:do not|don't|never) (?:mention|reveal|disclose|refer to|include|repeat|output|write) (?:\w+ ){{0,4}}?(?:instructions?|prompt|{_REPLY}|tags?|format|annotations?|captions?)\b"),
        (("your ",), rf"\b(?:make sure|ensure|remember|keep in mind) (?:that )?your (?:\w+ )?{_REPLY}\b|\byour (?:final |own |whole |entire )?(?:{_REPLY} (?:ends?|begins?|starts?|follows|contains)|task is to)\b"),
        (("make sure", "ensure", "remember", "in mind"), r"\b(?:make sure|ensure|remember|keep in mind) (?:that )?you\b"),
        (("write ",), rf"(?:^|(?<=[.!?] ))write (?:the|your|a|down) (?:\w+ )?(?:planning|caption|reasoning|summary|{_REPLY}|answer|steps)\b"),
        (("tag",), r"\b(?:opening|closing|xml|exactly these|following) tags?\b"),
        (("in this part", "in this section"), r"^\(?in this (?:part|section),|\(in this (?:part|section),"),
        (
            ("(in ", "(dr", "(de", "(wr", "(gi", "(st", "(li", "(ex", "(an", "(su", "(pr", "(th", "(us", "(pu", "(re", "(ins", "(ad", "(fi"),
            r"^\((?:in this (?:part|section)|draw|describe|write|give|state|list|explain|analy[sz]e|summari[sz]e|provide|think|use|put|answer|repeat|insert|add|fill)\b[^()\n]*\)$|(?<=[.!?] )\((?:draw|describe|write|give|state|list|explain|analy[sz]e|summari[sz]e|provide|think|use|put|answer|repeat|insert|fill)\b[^()\n]*\.\)",
        ),
    )
)  # fmt: skip
"""Signs of an error, a refusal or a prompt, each behind pieces that its texts hold: most sections hold few of them."""
_ERROR_JSON = re.compile(
    r"\{\s*[\"'](?:errors?|detail|status|message|code|type|fault|success|ok)[\"']\s*:", re.IGNORECASE
)
_ANSWER_WORDS = r"(?:correct |right |final |expected )*(?:answer|choice|option|solution)"
_CAPTION_ANSWERS = re.compile(
    rf"\b(?:the )?{_ANSWER_WORDS} (?:is|must be|would be|to the question)\b|\b(?:correct|right) (?:option|choice|answer)\b|\boption \(?[a-h]\)?(?!\w)|(?<!\w)\([a-h]\)(?!\w)",
    re.I,
)


_RESULT = re.compile(r"\b(?:answers?|solution|result|conclusion|correct|right(?! (?:after|before)))\b")
_NO_WORD = re.compile(r"\b(?:two|three|four|five|six|seven|eight|nine|ten)(?= options\b)|\bone\b")
_OPEN = re.compile(r"\b(?:whether|if|or)\b|\?")
_LETTER = re.compile(
    r"\(([a-hA-H])\)|\b(?:[Oo]ption|[Ll]etter|[Cc]hoice|(?:end up|finish) with|arrive at|reach|settle on|(?:answer|result|solution) (?:is|as)) ([A-H])\b"
)


def leak(
    plain: Mapping[str, str], annotation: Annotation | None, question: Question, chain: Chain
) -> Iterator[Finding]:
    """Nothing speaks of an answer, label or description that was known beforehand, or copies it."""
    for name, body in plain.items():
        if m := _LEAK.search(body.lower()):
            yield Finding(code="leak", detail=f"{name} says {m[0]!r}")
    if annotation is not None and (run := _copied(annotation.caption, chain.planning, question.text)):
        yield Finding(code="leak", detail=f"planning quotes the description: {run!r}")


def _copied(source: str, text: str, asked: str) -> str:
    """The first run of `COPIED_WORDS` words of `source` that `text` holds and the question does not, or ""."""
    words, known = source.casefold().split(), " ".join(text.casefold().split())
    if len(words) < COPIED_WORDS:
        return ""
    for k in range(len(words) - COPIED_WORDS + 1):
        run = " ".join(words[k : k + COPIED_WORDS])
        if run in known and run not in asked.casefold():
            return run
    return ""


def answer_early(question: Question, chain: Chain, plain: Mapping[str, str]) -> Iterator[Finding]:
    """Neither the planning nor the caption knows the answer."""
    planning, gold = folded(chain.planning), folded(question.gold_text)
    if m := _CAPTION_ANSWERS.search(plain["caption"]):
        yield Finding(code="answer_early", detail=f"the caption says {m[0]!r}")
    if not question.options:
        if run := _copied(question.gold_text, chain.planning, question.text):
            yield Finding(code="answer_early", detail=f"planning holds a part of the answer: {run!r}")
        return
    letters = {(a or b).lower() for a, b in _LETTER.findall(chain.planning)}
    if len(letters) == 1 and question.gold_index is not None and letters == {chr(97 + question.gold_index)}:
        yield Finding(code="answer_early", detail="planning names the right option and no other")
        return
    said = re.search(
        rf"\b{_ANSWER_WORDS} (?:is|must be|should be|will be|:) (?:the |an? )?['\"]?{re.escape(gold)}(?!\w)", planning
    )
    if said:
        yield Finding(code="answer_early", detail=f"planning says {said[0]!r}")
        return
    # "The four options" and "one by one" do not say "four" and "one", where a spoken word is the answer.
    planning = _NO_WORD.sub(" ", planning)
    options = [folded(o) for o in question.options]
    for sentence in t.sentences(planning):
        if (
            _RESULT.search(sentence)
            and not _OPEN.search(sentence)
            and [o for o in options if t.holds(sentence, o)] == [gold]
            and gold not in folded(question.text)
        ):
            yield Finding(code="answer_early", detail=f"planning says {sentence[:120]!r}")
            return
    if len(options) < 3 or not any(len(w) > 3 and w.isalpha() for w in gold.replace(",", " ").split()):
        return
    named = [o for o in options if t.holds(planning, o)]
    if named == [gold] and gold not in folded(question.text):
        yield Finding(code="answer_early", detail=f"planning names {question.gold_text!r} and no other option")


def teacher_error(chain: Chain, plain: Mapping[str, str]) -> Iterator[Finding]:
    """No error message, refusal or prompt text stands in the chain."""
    for name, body in plain.items():
        low = body.lower()
        found = [m for pieces, sign in _TEACHER_ERRORS if t.has(low, pieces) and (m := sign.search(low))]
        if m := min(found, key=lambda m: m.start(), default=None) or _ERROR_JSON.search(getattr(chain, name)):
            yield Finding(code="teacher_error", detail=f"{name} contains {m[0]!r}")


_HEADING = re.compile(r"^\W*(planning|caption(?:ing)?|reasoning|summary|response)\b\W*(?::|$)|(?<=[.\n])\s*(PLANNING|CAPTION|REASONING|SUMMARY|RESPONSE):", re.IGNORECASE | re.MULTILINE)  # fmt: skip


def two_chains(question: Question, chain: Chain) -> Iterator[Finding]:
    """No section holds headings of other sections, or all of another section.

    Who is asked for a description may weigh and repeat the one in CAPTION: there, only headings tell.
    """
    texts = {name: " ".join(getattr(chain, name).split()) for name in (*THINKING, "response")}
    for name, body in texts.items():
        heads = {(a or b).lower()[:7] for a, b in _HEADING.findall(getattr(chain, name))} - {name[:7]}
        if len(heads) >= 2:
            yield Finding(code="two_chains", detail=f"{name} has headings of its own: {', '.join(sorted(heads))}")
            return
        if question.task == "caption":
            continue
        for other, text in texts.items():
            # What is said or described is worked out before it is answered, so an answer may stand in the reasoning.
            if other not in (name, "response") and len(text) > 60 and len(body) > len(text) and text in body:
                yield Finding(code="two_chains", detail=f"{name} holds all of {other}")
                return


_HANGING = frozenset(
    """
    a an the of in on at to and or with by from for is are was were be that which this its it's as than then because so but if
    between into about around roughly i
    """.split()  # noqa: SIM905
)
_ENDED = tuple(".!?)]\"'”’»:*`…。！？」』%")


def truncated(chain: Chain) -> Iterator[Finding]:
    """No section stops in the middle of a sentence."""
    ends = {name: getattr(chain, name).rstrip().endswith(_ENDED) for name in THINKING}
    for name, ended in ends.items():
        if ended and not getattr(chain, name).rstrip().endswith(")"):
            continue
        last = getattr(chain, name).rstrip().splitlines()[-1]
        words = last.split()
        hangs = words[-1].strip("*_").casefold() in _HANGING or last.endswith((",", "(", "-", "–"))
        bare = re.fullmatch(r"\W*\d+\W*", last) is not None
        alone = all(ok for other, ok in ends.items() if other != name)
        # "(a) bell no. (b)": the next option was never weighed. After a colon a lone letter is an answer.
        bare = bare or re.search(r"(?:^|[.;!?] )(?:\d+[.)] )?(?:Option )?\(?[a-hA-H]\)$", last) is not None
        if hangs or bare or (not ended and alone and (len(words) > 1 or name != "caption")):
            yield Finding(code="truncated", detail=f"{name} ends with {last[-40:]!r}")


_COMMON = {
    "en": "the and is of to a in that it with for from i which on this as are be by at not so no only one",
    "es": "el la los las de que y en un una con por para se lo es como más del al cada su después primero",
    "de": "der die das und ist ich ein eine mit den dem zu von nicht auf für es dann wie im auch sie zuerst",
    "fr": "le la les de des et est un une je que qui dans pour avec sur ce cette son en du au il se ensuite",
    "it": "il lo la gli le di che e un una con per si è come nel della del ogni suono poi sono prima i",
    "pt": "o a os as de que e um uma com por para se é como mais do da no na cada depois primeiro não",
    "nl": "de het een en is van ik dat met voor niet op te zijn er die naar dan eerst elk",
}
_STOPS = {code: frozenset(words.split()) for code, words in _COMMON.items()}


def _tongue(text: str) -> str | None:
    """The language of a Latin text by its commonest words; None where it is not plain."""
    words = [w.strip(".,;:!?()[]'’*").casefold() for w in text.split()]
    if len(words) < 10:
        return None
    english = sum(w in _STOPS["en"] for w in words)
    if english >= 0.25 * len(words):
        return "en"
    hits = {code: sum(w in stops for w in words) for code, stops in _STOPS.items()}
    best = max(hits, key=lambda c: hits[c])
    second = max(n for c, n in hits.items() if c != best)
    return best if hits[best] >= 0.2 * len(words) and hits[best] >= 1.3 * second + 1 else None


def _latin_share(text: str) -> float | None:
    letters = [c for c in text if c.isalpha()]
    if len(letters) < 20:
        return None
    if text.isascii():
        return 1.0
    return sum("LATIN" in unicodedata.name(c, "") for c in letters) / len(letters)


def language(question: Question, plain: Mapping[str, str]) -> Iterator[Finding]:
    """Each section is written in the language of the question (labels and quotations apart)."""
    text = t.unquoted(question.text)
    asked = _latin_share(text)
    asked = 1.0 if asked is None else asked
    tongue = _tongue(text) or ("en" if text.isascii() else None)
    # A translation's chain writes out what is said in two languages, in quotation marks or not.
    names = ("planning",) if question.task == "s2tt" else THINKING
    for name in THINKING:
        share = _latin_share(plain[name]) if name in names or question.task != "s2tt" else None
        if share is not None and (share >= 0.5) != (asked >= 0.5):
            yield Finding(code="language", detail=f"{name} is not written in the question's script")
        elif name in names and share is not None and tongue is not None:
            own = _tongue(plain[name])
            if own is not None and own != tongue:
                yield Finding(
                    code="language", detail=f"{name} is written in another language ({own}) than the question"
                )
