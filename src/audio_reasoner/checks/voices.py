# ruff: noqa: E501 -- a regular expression is read in one piece
"""Whether a sentence states anything, and what it states about speech and speakers.

Decision: what somebody in the clip says is no statement about the clip; that somebody speaks is one.
"""

from __future__ import annotations

import re
from typing import Protocol

from audio_reasoner.checks import text as t
from audio_reasoner.checks.truth import Facts
from audio_reasoner.core.records import ClaimKind


class Note(Protocol):
    """How a reader hands in a claim: kind, whether it is true (None: undecidable), and what the truth is."""

    def __call__(self, kind: ClaimKind, good: bool | None, detail: str = "") -> None:
        """Add it."""


DOUBT = re.compile(
    r"\b(?:if|would|had there|were there|could|might|may|perhaps|maybe|possibl[ey]|probably|likely|unlikely|seem\w*|appear(?:s|ed)? to|suppos\w+|"
    r"suspect\w*|assum\w+|imagin\w+|unless|as though|whether|hardly|rather than|instead|unlike|like (?:an?|the)|resembl\w+|similar|reminiscent|"
    r"mistak\w+|confus\w+|wrong\w*|incorrect\w*|false|contradict\w*|reject\w*|rul\w+ (?:it )?out|exclud\w*|eliminat\w*|drop\w*|claim\w*|says|states|"
    r"suggest\w*|lists|puts|places|at first|thought|think|careless|expect\w*|listen(?:ing)? for|look(?:ing)? for|ask\w*|questions?|typical\w*|usually|"
    r"decide|determine|compare\w*|sequence with|such as|idea of|wonder\w*|need\w*|must|should)\b|\?",
)
_DOUBT_PIECES = (
    "if", "would", "were there", "had there", "could", "might", "may", "perhaps", "possibl", "probabl", "likely", "seem", "appear", "suppos", "suspect",
    "assum", "imagin", "unless", "though", "whether", "hardly", "rather than", "instead", "unlike", "like ", "resembl", "similar", "reminiscent", "mistak",
    "confus", "wrong", "correct", "false", "contradict", "reject", "rul", "exclud", "eliminat", "drop", "claim", "says", "states", "suggest", "lists",
    "puts", "places", "at first", "think", "careless", "expect", "listen", "look", "ask", "question", "typical", "usually", "decide", "determine",
    "compare", "sequence with", "such as", "idea of", "wonder", "need", "must", "should", "?",
)  # fmt: skip
NO = re.compile(
    r"\b(?:not|no|never|none|nothing|nobody|nowhere|without|neither|nor|cannot|absent|missing|fails?|differs?)\b|n't\b",
)
OPTION = re.compile(r"\boptions?\b|\bchoices?\b|\([a-h]\)|\b[a-h]\)|[\"“”]")
ADJ = r"(?:separate|distinct|different|individual|unique|clear|discrete|sound|audio|audible|acoustic|successive|consecutive|single)"
_VOICE_PIECES = ("speak", "speech", "talk", "voice", "man", "men", "person", "people", "male", "child", "boy", "girl", "some", "narrat", "announc", "present", "report", "kid", "lady", "guy", "individual", "conver", "dialogue", "words", "monologue", "chatter", "one speaks", "one talks", "one is", "participants", "interlocutors")  # fmt: skip
_WHO = r"(?:m[ae]n|wom[ae]n|persons?|people|males?|females?|child(?:ren)?|boys?|girls?|someone|somebody|voices?|speakers?|narrators?|announcer|presenter|reporter|kid|lady|guy|individuals?)"
SAYS = re.compile(rf"\b{_WHO} (?:\w+ly )?(?:says?|asks?|states?)\b(?! that)")
_SPEECH = re.compile(
    rf"\b{_WHO} (?:\w+ ){{0,2}}?(?:speaks?|speaking|talks?|talking|says?|saying|shouts?|shouting|whispers?|whispering|announces?|utters?|chat(?:s|ting)?|conversing|introduces?|narrates?|explains?|replies|converses?|giv\w+ a (?:\w+ )?speech|in conversation)\b|"
    rf"\b(?:contains|hear|features|includes|there is|presents|recording is|holds|between) (?:\w+ ){{0,3}}?(?:speech|conversation|dialogue|talking|spoken words|exchange of words|(?:few|some) words|monologue|narration|chatter)\b|\b(?:speech|a conversation|dialogue|talking|voices?) (?:is|are|can be) (?:heard|audible|present)\b|\b{_WHO} are having a (?:conversation|discussion|chat)|^(?:a |an )?(?:short |brief )?(?:conversation|dialogue) between\b",
)
_NO_SPEECH = re.compile(
    r"\b(?:no (?:speech|voices?|talking|spoken words|one (?:speaks|talks|is speaking)|conversation|dialogue)|nobody (?:speaks|talks|is (?:speaking|talking)))(?: (?:is|are|can be|to be))?(?: (?:heard|audible|present))?(?: (?:at all|anywhere|(?:in|throughout) (?:the|this) \w+))*\s*[.;,]?\s*$",
)
_PEOPLE = rf"(?P<adj>(?:{ADJ} |male |female |human )*)(?P<who>speakers?|voices?|people|persons|individuals|participants|talkers|interlocutors)\b"
_HOW_MANY_SPEAK = re.compile(
    rf"\b(?:there (?:are|is)|distinguish|identif(?:y|ied)|hear|between|involves?|among|features?|contains?|total,?|count(?:ed)?|belong to|by|has|have|with|makes|heard)(?: (?:a total of|exactly|only|just|in total,?|the voices of)){{0,2}} (?P<n>{t.NUMBER}) {_PEOPLE}(?P<rest>[^.;]*)"
    rf"|(?:^|[,:;] )(?:in total,? |overall,? |altogether,? |so,? |there are )?(?:a total of )?(?P<n2>{t.NUMBER}) {_PEOPLE.replace('?P<adj>', '?:').replace('?P<who>', '?:')} (?:are (?:talking|speaking|heard|present|involved)|take part|speak|talk|participate|converse|can be (?:heard|identified|distinguished|told apart|made out))(?P<rest2>[^.;]*)"
    rf"|\b(?:total )?number of (?:distinct |different )?(?:speakers|voices|people) (?:\w+ ){{0,3}}is (?P<n3>{t.NUMBER})\b(?P<rest3>[^.;]*)",
)
_ONE_VOICE = re.compile(
    r"\b(?:only|just) (?:one|a single) (?:person|speaker|voice)\b|\ba single (?:speaker|voice|person) (?:is|can be) (?:heard|speaking|talking)",
)
_NTH_SPEAKER = re.compile(
    r"\bspeaker (\d)\b(?=[:,]? (?:says|said|speaks|replies|asks|answers|joins|responds)|[:*)(])", re.I
)


def doubtful(text: str) -> bool:
    """Whether a sentence (lower case) doubts, supposes, asks or weighs instead of stating."""
    return t.has(text, _DOUBT_PIECES) and DOUBT.search(text) is not None


def voices(text: str, facts: Facts, denies: bool, note: Note) -> None:
    """Claims of one sentence (lower case) about speech and speakers."""
    if not t.has(text, _VOICE_PIECES):
        return
    if _NO_SPEECH.search(text):
        note("speech", None if facts.speech is None else not facts.speech)
    if denies:
        return
    if facts.speech is not None and _SPEECH.search(text) and not re.search(r"\buser\b", text):
        note("speech", facts.speech, "" if facts.speech else "nobody speaks in the clip")
    _speakers(text, facts, note)


def _speakers(text: str, facts: Facts, note: Note) -> None:
    known = facts.speakers

    def say(said: int) -> None:
        if known is not None:
            note("speakers", said == known, f"in truth {known} speakers")
        elif said < facts.least_speakers:
            note("speakers", False, f"at least {facts.least_speakers} speakers are known")
        else:
            note("speakers", None)

    for m in _HOW_MANY_SPEAK.finditer(text):
        rest = m["rest"] or m["rest2"] or m["rest3"] or ""
        said = t.number(m["n"] or m["n2"] or m["n3"])
        before = text[max(0, m.start("n") - 12) : m.start("n")] if m["n"] else ""
        if (
            said is None
            or re.match(r" (?:before|after|who|whose|at the (?:beginning|start|end)|more)", rest)
            or re.search(r"(?:least|most|than|other|these|those)\s*$", before)
        ):
            continue
        if re.search(r"\bmale|\bfemale", m[0]):
            continue
        say(said)
    if _ONE_VOICE.search(text):
        say(1)
    for m in _NTH_SPEAKER.finditer(text):
        if known is not None and int(m[1]) > known:
            note("speakers", False, f"in truth {known} speakers")
