# ruff: noqa: E501 -- a regular expression is read in one piece
"""Reads claims out of plain sentences, as teachers write them.

Decision: a sentence that doubts, denies, supposes, asks or speaks of an option is not read at all (apart from plain
denials such as "there is no dog in the clip"), and a pattern must say who, what and when without help from another
sentence. A claim is contradicted only if no reading of it is true: "the dog before the bell" is false when every dog
starts after every bell, "four sounds" when there are neither four events nor four kinds.
"""

from __future__ import annotations

import itertools
import re

from audio_reasoner.checks import text as t
from audio_reasoner.checks.marks import MARK, NOUNS, Marked, Mention, stem
from audio_reasoner.checks.ontology import confusable
from audio_reasoner.checks.truth import Facts, Truth
from audio_reasoner.checks.voices import ADJ as _ADJ
from audio_reasoner.checks.voices import DOUBT, NO, OPTION, SAYS, Note, doubtful, voices

START_S, SILENT_SHARE, SILENT_S = 0.35, 0.6, 0.5
SHARED_S = 0.15
"""A shorter common stretch, or gap, is neither an overlap nor surely none."""
LOUDER_DB = 2.0
"""Between sounds nearer than this in level a listener may well hear either as the louder one."""


_BACK = re.compile(
    r"\b(?:after(?! which|wards)|follow(?:s|ed|ing)?(?! by)|preceded by|later (?:\w+ ){0,4}than|subsequent to)\b", re.I
)
_FORTH = re.compile(
    r"\b(?:before|precedes?|preceding|ahead of|prior to|earlier (?:\w+ ){0,4}than|then|(?:followed|succeeded)(?: \w+){0,3} by|giv(?:es|ing) way to|leads? (?:\w+ )?(?:in)?to|after which|next|subsequently|afterwards|finally|lastly|later)\b|→|->",
)
_LEAD_BACK = re.compile(
    r"(?:^|[,;:] ?|\b(?:and|that) )(?:(?:right|immediately|directly|shortly|soon|just|only|straight|at once) )*(?:before|prior to|ahead of|preceding) (?:\w+ ){0,3}$",
)
_LEAD_FORTH = re.compile(
    r"(?:^|[,;:] ?|\b(?:and|that) )(?:(?:right|immediately|directly|shortly|soon|just|only|straight|at once) )*(after|following|once|when|as soon as) (?:\w+ ){0,3}$",
)
_ONCE_OVER = re.compile(
    r"^[^,]*\b(?:end\w*|stop\w*|fad\w+|over|finish\w*|ceas\w+|die[sd]?|subsid\w+|pass\w*|gone|silent)\b", re.I
)
_CLOSE = re.compile(r"\b(?:immediately|directly|right|straight|next|at once)\b")
_UNBROKEN = re.compile(
    r",? with (?:nothing|no (?:other )?(?:sounds?|pause|gap|break))(?: else)?(?: (?:in )?between(?: them)?)?(?=[.,;]|$)|,? without (?:any(?:thing)?|a)(?: (?:pause|gap|break|other sound))?(?: (?:in )?between(?: them)?)?(?=[.,;]|$)",
)
_STILL = re.compile(
    r"\b(?:continu\w*|still|ends?|ended|stops?|last(?:s|ed)|until|return\w*|again|back|more|while|during|over|between|other|another|overlap\w*|simultaneous\w*|at the same time|first time|second time)\b",
)
_SKIP_AFTER = re.compile(r"^['’]?s? (?:has |have )?(?:ends?|ended|stops?|finish|fades?|is over|dies)\b")
_CLIP = r"(?:clip|recording|audio(?: clip| file)?|sound ?scape|scene|sequence|track|it)"
_SOUND_OF = r"(?:(?:an?|the|some|that of|sounds? of) ){0,3}(?:\w+ ){0,2}"
_HEARS = r"(?:(?:audible|distinct) )?(?:sound|event|noise)(?: event)?(?: (?:that )?i (?:can )?(?:hear|make out|notice|identify))?(?: (?:heard|here|in the (?:clip|recording|audio)))? (?:is|was)"
_PLACED = r"(?:is|was|marks|forms|makes)"
_ALONE = r"(?! (?:time|of|and|that|which|after|before|to|with|whose|in the (?:first|second|last)))"
_FIRST = re.compile(
    rf"\b(?:{_CLIP}|everything) (?:\w+ )?(?:opens|begins|starts|commences|kicks off|sets off|leads off)(?: out| off)? with {_SOUND_OF}({MARK})|\b(?:the )?(?:very )?(?:first|opening|earliest) {_HEARS} {_SOUND_OF}({MARK})"
    rf"|({MARK}) (?:comes|is heard|occurs|is|sounds) (?:the )?(?:very )?(?:first|earliest)\b(?! (?:time|of two|and last))(?! (?:sound|event|noise))|({MARK})(?: sound)? {_PLACED} the (?:very )?(?:first|earliest|opening) (?:sound|event|noise)(?: event)?\b{_ALONE}"
    rf"|({MARK})(?: sound)? (?:opens|begins|starts|leads off) the (?:whole )?(?:clip|recording|audio|scene|sequence)\b",
)
_LAST = re.compile(
    rf"\b(?:{_CLIP}|everything) (?:\w+ )?(?:ends|closes|concludes|finishes|wraps up|comes to an end|comes to a close) with {_SOUND_OF}({MARK})|\b(?:the )?(?:very )?(?:last|final|closing) {_HEARS} {_SOUND_OF}({MARK})"
    rf"|({MARK}) (?:comes|is heard|occurs|is|sounds) (?:the )?(?:very )?last\b(?! (?:time|sound|event|noise))|^(?:finally|lastly|at the very end|at the end|last of all),? {_SOUND_OF}({MARK})|({MARK})(?: sound)? {_PLACED} the (?:very )?(?:last|final|closing) (?:sound|event|noise)(?: event)?\b{_ALONE}"
    rf"|({MARK})(?: sound)? (?:ends|closes|concludes|finishes|rounds off) the (?:whole )?(?:clip|recording|audio|scene|sequence)\b|({MARK})(?: sound)? brings the (?:clip|recording|audio|scene|sequence) to (?:a close|an end)\b",
)
_AT_FIRST = re.compile(
    rf"^(?:(?:at|in) the (?:very )?(?:beginning|start|outset)(?: of the (?:clip|recording|audio))?|initially|to begin with),? (?:there (?:is|was) |(?:i|we|one|you) (?:can )?(?:\w+ly )?hears? |comes )?{_SOUND_OF}({MARK})",
)
_NEXT_IS = re.compile(
    rf"\b(?:the (?:(?:very|only) )?(?:(?:next|following|first(?= \w+ (?:\w+ )?after)|last(?= \w+ (?:\w+ )?before)) )?(?:sound|event|noise|thing|one)|the (?:very )?next|what)(?: (?:that )?(?:comes|is heard|is|occurs|follows|i hear))? (?:(?:right|just|directly|immediately|straight|at once) )?(after|before|following|preceding) {_SOUND_OF}({MARK})(?:['’]s)?(?: sound)?,? (?:is|was) {_SOUND_OF}({MARK})",
)
_SEQUENCE_CUE = re.compile(
    r"\b(?:order|sequence|chronolog\w*|from (?:start|beginning|first) to (?:finish|end|last)|as follows|unfold\w*|one after (?:the )?(?:other|another)|in turn|succession|(?:arranged|sorted|listed|ordered|ranked) (?:\w+ )?by (?:their )?(?:time|onset|start)\w*)\b",
)
_JOINT = re.compile(
    r"\s*(?:,|;|→|->|>|\band\b|\bthen\b|\bfinally\b|\bfollowed by\b|\bthe\b|\ban?\b|\bsounds?\b|\b\w+ing\b|\b\w+ of\b|\d\.?|\s)*(?:\b(?!or\b|while\b|with\b|again\b|before\b|after\b|until\b)\w+ )?"
)
_N = rf"(?P<n>{t.NUMBER})"
_THING = rf"(?P<adj>(?:{_ADJ} )*)(?:sounds?|sound events?|events?|noises)\b"
_COUNT_LEAD = re.compile(
    rf"\b(?:there (?:are|were|is)|contains?|holds?|has|consists? of|compris\w+|features?|made up of|includes?|presents?|(?:i|we) (?:can |could |was able to |am able to )?(?:\w+ly )?(?:hear|count(?:ed)?|identif(?:y|ied)|detect(?:ed)?|discern(?:ed)?|make out|distinguish(?:ed)?|note[d]?|found|find|get|have)|able to (?:identify|count|distinguish|hear)|makes?|gives?|total (?:is|of|comes to)|(?:tally|count|sum) (?:is|of|comes to|reaches)|comes? to|adds? up to|arrive at|amounts? to|in (?:total|all|sum),?|altogether,?|overall,?)(?: (?:a total of|exactly|precisely|in total|in all|altogether|overall|clearly|just)){{0,2}} {_N} {_THING}(?P<rest>[^.;]*)",
)
_COUNT_ARE = re.compile(
    rf"^(?:in (?:total|all),? |altogether,? |overall,? )?(?:so |thus |hence )?{_N} {_THING} (?:can be heard|are heard|are audible|are present|make up|occur|take place|are there)(?P<rest>[^.;]*)",
)
_COUNT_OF_ALL = re.compile(
    rf"\b(?:total )?(?:number|total|tally|count) of {_THING} (?:in [\w ]+ )?(?:is|comes to|equals|amounts to) {_N}\b(?P<rest>[^.;]*)",
)
_PART = re.compile(
    r"^,? ?(?:before|after|between|within|until|from|at|that|which|who|of (?:them|these|this|that)|follow\w*|remain\w*|left|later|in the (?:first|second|last|beginning|end|middle)|during|per|each|more|in (?:a|quick) row|or)\b",
)
_OFTEN = re.compile(
    rf"(?<!than )(?<!least )(?<!most )(?<!about )(?<!up to )\b(once|twice|{t.NUMBER} times)\b(?! (?:the|it|again|more|as|a|an|{MARK}))(?! \w+ (?:stops|ends|fades))",
)
_EVENT_VERB = re.compile(
    r"\b(?:occurs?|heard|hear|appears?|comes?|present|returns?|recurs?|shows? up|turns? up|counted|count|found|audible)\b",
)
_INSTANCES = re.compile(
    rf"(?<!least )(?<!most )(?<!than )\b({t.NUMBER}) (?:separate |distinct |different |individual )*(?:occurrences?|instances?|appearances?) of {_SOUND_OF}({MARK})",
)
_NUMBER_OF_TIMES = re.compile(
    rf"\bnumber of (?:times|occurrences|instances)\b.*?({MARK}).*?\b(?:is|comes to|equals) ({t.NUMBER})\b|\b(?:number of (?:occurrences|instances) of|(?:count|tally|total) (?:of|for)) {_SOUND_OF}({MARK})(?: sounds?)? (?:is|comes to|equals) ({t.NUMBER})\b",
)
_TAIL = rf"(?:['’]s)?(?: (?:sounds?|noises?|events?))?(?: (?:is|are|was|were|can be|could be|to be|be|gets?|occurs?|appears?|sounds?))?(?: (?:heard|audible|present|detected|found|included|here|there))?(?: (?:at all|anywhere|(?:in|within|throughout|during) (?:the|this) (?:entire |whole )?{_CLIP}|at any (?:point|time|moment)|whatsoever))*\s*[.!;,]?\s*$"
_NAME = rf"(?:(?:the|an?|any|some) )?(?:(?:sounds?|noises?|signs?|traces?|rumble|clap) of (?:an? |the )?)?(?:(?!(?:second|third|fourth|fifth|other|further|more|additional|new|another|extra|later|earlier|different|such|longer|louder|overlapping)\b)\w+ )?({MARK})"
_NONE = re.compile(
    rf"(?:^|[,;:] |\b(?:and|but|that) )(?:there (?:is|are|was|were) |(?:the|this) {_CLIP} (?:contains?|has|holds|includes?|features?) |(?:i|we) (?:can )?hear )?(?:no|not (?:a|one)(?: single)?) {_NAME}{_TAIL}"
    rf"|\b(?:(?:do|does|did|can|could) ?(?:not|n't)|cannot|never) (?:\w+ ){{0,2}}(?:hear|contain|include|have|feature|detect|find|notice) {_NAME}{_TAIL}"
    rf"|^at no (?:point|time|moment)(?: (?:in|of|during) the {_CLIP})? (?:is|are|was|does|do|can) (?:(?:i|we|one) hear )?{_NAME}{_TAIL}"
    rf"|^(?:one (?:thing|sound)|what) is (?:missing|absent)(?:[:,]| is) {_NAME}[.!]?$"
    rf"|^{_NAME}(?: sound)? (?:(?:is|was|are) (?:absent(?: from)?|missing(?: from)?|nowhere|not (?:heard|present|audible|there|in|part of)|never heard)|(?:does|did) ?(?:not|n't) (?:occur|appear|come up|turn up|sound|show up)|never (?:occurs|appears|comes up|shows up|turns up))(?: (?:the|this) {_CLIP})?{_TAIL[: -len('$')]}$",
)
_SET = rf"((?:(?:the|an?|some|\w+ of|and|only|just) |, ?|\w+ (?={MARK})|{MARK}(?:['’]s)?(?: sound)? ?)+)"
_SOUNDS = rf"(?: (?:is|are|can be) (?:heard|audible|present))?(?: in (?:the|this) {_CLIP})?[.;]?$"
_ONLY = re.compile(
    rf"\bonly (?:audible |distinct )?sounds? (?:(?!twice|once|times|before|after|between|during|while)\w+ ){{0,5}}?(?:is|are) {_SET}{_SOUNDS}|\b(?:apart from|besides|other than|aside from|except for) {_SET}(?:, |,? )?(?:nothing|no other|there is nothing|there are no other)|"
    rf"^only {_SET} ?(?:is|are|can be) (?:heard|audible|present)(?! (?:more|once|twice|{t.NUMBER}|at|from|between|before|after|in|again|for|as|first|last|late))|\bnothing (?:\w+ ){{0,4}}(?:but|besides|other than|apart from|except) {_SET}{_SOUNDS}|\b{_CLIP} (?:contains|holds|has) {_SET} ?and (?:nothing (?:else|more)|no(?:thing)? other sounds?|no more sounds?)"
    rf"|\ball (?:that )?(?:(?:i|we|one|you) (?:can |could )?(?:hear|make out)|(?:is|can be) (?:heard|audible)) (?:here )?(?:is|are) {_SET}{_SOUNDS}|\b(?:contains|holds|has|features|consists of|comprises|(?:made up|composed|consists) (?=solely|only|just|exclusively|entirely)) ?(?:solely|only|just|exclusively|entirely|nothing but) (?:of )?{_SET}{_SOUNDS}"
    rf"|^just {_SET}{_SOUNDS[: -len('[.;]?$')]},? (?:and )?nothing (?:else|more)[.;]?$",
)
_HEARD = re.compile(
    r"\b(?:heard|audible|hear|notice|make out|noticeable|detect|present|there (?:is|are)|joins?|sounds? of|accompanied|plays?|barks?|rings?|sets in|comes in|can be made out|appears?)\b",
)
_SILENT = re.compile(r"\b(?:silen\w+|quiet|pauses?|gap|nothing|no sounds?|stillness)\b")
_LOUD = re.compile(
    r"\b(?:no silence|not silent|no pauses?|without (?:a )?(?:pause|silence|gap)|broken|separat|comparatively|relatively|rather|fairly|quieter|almost|near)\b",
)
_SECONDS = r"(\d+(?:\.\d+)?) ?(?:s|sec|seconds?)\b"
_ABOUT = r"(?:about |around |roughly |approximately |some |nearly )?"
_OPENS_SILENT = re.compile(
    rf"\b(?:opens|starts|begins|start|begin) with {_ABOUT}{_SECONDS} of (?:\w+ )?silence|\b(?:first|initial|opening) {_ABOUT}{_SECONDS}(?: of (?:the|this) {_CLIP})? (?:are|is|remain|stay|pass) (?:\w+ )?(?:silent|quiet|empty|in silence|without (?:any )?sound)|\b(?:nothing|no sounds?|silent|quiet|silence)\b[^.,;]*\b(?:for|during|in|over|within|throughout) the (?:first|initial|opening) {_ABOUT}{_SECONDS}",
)
_CLOSES_SILENT = re.compile(
    rf"\b(?:ends|closes|concludes|finishes) with {_ABOUT}{_SECONDS} of (?:\w+ )?silence|\b(?:last|final|closing) {_ABOUT}{_SECONDS}(?: of (?:the|this) {_CLIP})? (?:are|is|remain|stay) (?:\w+ )?(?:silent|quiet|empty)",
)
_LENGTH = re.compile(
    rf"\b(?:clip|recording|audio(?: clip| file)?)(?: as a whole)?(?:,? which)? (?:lasts|runs for|takes|of|is|ends at|goes on for|has a (?:total |overall )?(?:duration|length) of)(?: for)?(?: about| roughly| approximately| around| only| just)* {_SECONDS}(?! (?:into|of silence|later|after))"
    rf"|\b(?:total |overall |whole )?(?:duration|length) of (?:the|this) (?:clip|recording|audio(?: clip| file)?) is {_ABOUT}{_SECONDS}|\b(\d+(?:\.\d+)?)[- ]second(?:-long| long)? (?:clip|recording|audio)|^with a (?:total )?(?:length|duration) of {_ABOUT}{_SECONDS}, the (?:clip|recording|audio)",
)


_TOGETHER = re.compile(
    rf"({MARK})(?: sound)? and {_SOUND_OF}({MARK})(?: sounds?)? (?:\w+ )?(?:overlap\b|(?:are|can be) heard (?:together|at the same time)|sound (?:together|at the same time|at once))"
    rf"|({MARK})(?: sound)? overlaps with {_SOUND_OF}({MARK})",
)
_LOUDEST = re.compile(
    rf"({MARK})(?: sound)? is (?:\w+ )?the loudest(?! (?:so far|for now|until))|\bloudest (?:sound|of them|of all|one)(?: here| in the (?:clip|recording))? is {_SOUND_OF}({MARK})"
)


_EDGE_PIECES = ("first", "open", "begin", "start", "earliest", "last", "final", "end", "clos", "conclude", "finish", "initial", "outset", "commences", "kicks", "sets off", "leads off", "wraps", "rounds")  # fmt: skip
_OFTEN_PIECES = (
    "once",
    "twice",
    " times",
    "instance",
    "occurrence",
    "appearance",
    "number of",
    "count",
    "tally",
    "total",
)
_ONLY_PIECES = (
    "only",
    "nothing",
    "other",
    "just",
    "all ",
    "solely",
    "exclusively",
    "entirely",
    "apart",
    "besides",
    "aside",
    "except",
    "no more",
)
_SILENT_PIECES = ("silen", "quiet", "pause", "gap", "nothing", "no sound", "stillness")


def _groups(m: re.Match[str]) -> str:
    """The group that took part."""
    return next(g for g in m.groups() if g is not None)


class Statements:
    """Reads sentences about one clip."""

    def __init__(self, facts: Facts, counts_events: bool, asked: frozenset[str] = frozenset()) -> None:
        self.facts = facts
        self.truth = facts.truth
        self.counts_events = counts_events
        self.asked = asked

    def read(self, section: str, s: Marked, note: Note) -> None:
        """All claims of one sentence."""
        text = s.text.lower()
        s = Marked(text, s.mentions)
        if doubtful(text):
            # "A woman says something": what somebody says is no statement about the clip, that somebody speaks is.
            if not OPTION.search(text) and not DOUBT.search(SAYS.sub(" ", text)):
                voices(text, self.facts, NO.search(text) is not None, note)
            return
        unbroken = _UNBROKEN.search(text)
        if unbroken is not None:
            text = _UNBROKEN.sub("", text)
            s = Marked(text, s.mentions)
        denies = NO.search(text) is not None
        optional = OPTION.search(text) is not None
        self._length(text, note, denies)
        if not optional:
            self._silence(text, note)
            voices(text, self.facts, denies, note)
        if self.truth is None:
            return
        if denies:
            if not optional:
                self._denied(s, note)
                self._only(s, note)
            return
        if not optional or section in ("summary", "response"):
            self._total(text, note)
            self._sequence(s, note, self.truth)
        if optional:
            return
        if s.mentions:
            self._only(s, note)
            self._edges(s, note, self.truth)
            self._how_often(s, note, self.truth)
            self._pairs(s, note, self.truth, unbroken is not None)
            self._invented(section, s, note)
            self._together(s, note, self.truth)
            self._loudest(s, note, self.truth)

    # --- one over another

    def _together(self, s: Marked, note: Note, truth: Truth) -> None:
        """ "The dog and the bell overlap": they do if some moment belongs to both."""
        for m in _TOGETHER.finditer(s.text) if "overlap" in s.text or "time" in s.text or "together" in s.text else ():
            one, other = (s.of(x).label for x in m.groups() if x is not None)
            if not one or not other or one == other:
                continue
            shared = max(
                min(b, y) - max(a, x) for a, b in truth.spans(one) for x, y in truth.spans(other)
            )  # negative: the gap between them
            if abs(shared) < SHARED_S:
                note("overlap", None)
            else:
                note("overlap", shared > 0, f"{one} and {other} share {max(shared, 0.0):.1f} s")

    def _loudest(self, s: Marked, note: Note, truth: Truth) -> None:
        """ "The bell is the loudest sound": it is if no other one stands as far above the rest as can be heard."""
        for m in _LOUDEST.finditer(s.text) if "loudest" in s.text else ():
            label = s.of(_groups(m)).label
            if not label or len(truth.gains) != len(truth.heard):
                continue
            best: dict[str, float] = {}
            for (x, _, _), gain in zip(truth.heard, truth.gains, strict=True):
                best[x] = max(best.get(x, gain), gain)
            others = max((g for x, g in best.items() if x != label), default=best[label] - 100.0)
            margin = best[label] - others
            good = None if abs(margin) < LOUDER_DB else margin > 0
            note("loudness", good, f"{label} stands {margin:+.1f} dB above the loudest other sound")

    # --- order

    def _pairs(self, s: Marked, note: Note, truth: Truth, unbroken: bool) -> None:
        if len(s.mentions) < 2 or len(s.mentions) > 12:
            return
        for m in _NEXT_IS.finditer(s.text):
            a, b = s.of(m[2]), s.of(m[3])
            if a.label and b.label and a.label != b.label:
                forward = m[1] in ("after", "following")
                self._pair(*((a.label, b.label) if forward else (b.label, a.label)), True, note, truth)
            return
        text, places = s.text, [m.start() for m in re.finditer(MARK, s.text)]
        for k, (i, j) in enumerate(itertools.pairwise(places)):
            a, b = s.mentions[k], s.mentions[k + 1]
            between = text[i + 1 : j]
            if (
                not a.label
                or not b.label
                or a.label == b.label
                or len(between) > 70
                or (_STILL.search(between.replace("is over", "")) and not _ONCE_OVER.match(between))
            ):
                continue
            start = places[k - 1] + 1 if k else 0
            before, after = text[start:i], text[j + 1 : j + 30]
            if _SKIP_AFTER.match(after) or re.search(r"[.;]", between):
                continue
            back, forth = _BACK.search(between), _FORTH.search(_BACK.sub(" ", between))
            lead_back, lead_forth = _LEAD_BACK.search(before), _LEAD_FORTH.search(before)
            if lead_forth and not back and (lead_forth[1] in ("after", "following") or _ONCE_OVER.match(between)):
                forward = True
            elif lead_back and not back and not forth:
                forward = False
            elif lead_back or lead_forth:
                continue
            elif back and not forth:
                forward = False
            elif (forth and not back) or (re.search(r"\bfirst\b", between) and re.search(r"\band\b", between)):
                forward = True
            else:
                continue
            if (
                "and" in between.split()
                and (back or forth)
                and not re.search(
                    r"\b(?:then|and (?:the|an?|is|only|finally|later|subsequently|next|it)\b|first)", between, re.I
                )
            ):
                continue
            close = (
                unbroken or _CLOSE.search(between) or _CLOSE.search(before[-40:])
                if (
                    back
                    or lead_back
                    or lead_forth
                    or "followed" in between
                    or "succeeded" in between
                    or "before" in between
                    or "preced" in between
                    or "lead" in between
                )
                else None
            )
            first, second = (a.label, b.label) if forward else (b.label, a.label)
            self._pair(first, second, bool(close), note, truth)

    def _pair(self, first: str, second: str, close: bool, note: Note, truth: Truth) -> None:
        a = [x for x, _ in truth.spans(first)]
        b = [x for x, _ in truth.spans(second)]
        if not a or not b:
            return
        detail = f"in truth: {', '.join(truth.sequence)}"
        if close and truth.apart and not truth.beneath:
            note("order", (first, second) in set(itertools.pairwise(truth.sequence)), detail)
            return
        if min(a) < max(b):
            note("order", True, detail)
        else:
            note("order", False if min(a) > max(b) + START_S else None, detail)

    def _edges(self, s: Marked, note: Note, truth: Truth) -> None:
        if not t.has(s.text, _EDGE_PIECES):
            return
        for pattern, place in ((_FIRST, 0), (_LAST, -1), (_AT_FIRST, 0)):
            for m in pattern.finditer(s.text):
                mention = s.of(_groups(m))
                right = truth.events[place]
                if any(x == mention.label for x, _, _ in truth.beneath):
                    continue  # what begins first beneath the scene is not what the scene begins with
                if mention.label and mention.label != right[0]:
                    if place == 0:
                        others = [a for x, a, _ in truth.events if x == mention.label]
                        false = min(others) > right[1] + START_S
                    else:
                        others = [b for x, _, b in truth.events if x == mention.label]
                        false = max(others) < max(e[2] for e in truth.events) - START_S
                    note("order", False if false else None, f"in truth: {', '.join(truth.sequence)}")
                elif mention.label:
                    note("order", True)

    def _sequence(self, s: Marked, note: Note, truth: Truth) -> None:
        cue = _SEQUENCE_CUE.search(s.text)
        if cue is None or re.search(r"backward|reverse|from the end|from last", s.text):
            return
        run: list[Mention] = []
        end = None
        for m in re.finditer(MARK, s.text):
            if m.start() < cue.start() and not re.search(r"\b(?:unfold|order)\w*", cue[0]):
                continue
            if end is not None and not _JOINT.fullmatch(s.text[end : m.start()]):
                return
            run.append(s.of(m[0]))
            end = m.end()
        if len(run) < 2 or not all(x.label for x in run) or any(x.label not in truth.sequence for x in run):
            return
        said = [x.label for x in run]
        rest = iter(truth.sequence)
        inside = all(x in rest for x in said)
        detail = f"in truth: {', '.join(truth.sequence)}"
        if len(said) > len(truth.sequence):
            note("count", False, detail)
        elif len(said) == len(truth.sequence) or not inside:
            note("order", inside, detail)
        else:
            note("order", True, detail)

    # --- counts

    def _total(self, text: str, note: Note) -> None:
        if self.truth is None or not t.has(text, ("sound", "event", "noises")):
            return
        n, kinds = len(self.truth.events), len(set(self.truth.sequence))
        under = len(self.truth.beneath)
        for pattern in (_COUNT_LEAD, _COUNT_ARE, _COUNT_OF_ALL):
            for m in pattern.finditer(text):
                if _PART.match(m["rest"]):
                    continue
                said = t.number(m["n"])
                strict = self.counts_events and not re.search(r"different|distinct|unique", m["adj"] or "")
                strict = strict or bool(re.search(r"separate|event|individual", m[0]))
                good = said == n or (not strict and said == kinds)
                if not good and under and said in (n + under, kinds + under):
                    continue  # whoever counts the background too is not wrong
                note("count", good, f"in truth {n} sounds")

    def _how_often(self, s: Marked, note: Note, truth: Truth) -> None:
        if not t.has(s.text, _OFTEN_PIECES):
            return
        found: list[tuple[Mention, int | None, bool]] = []
        found += [(s.of(m[2]), t.number(m[1]), True) for m in _INSTANCES.finditer(s.text)]
        found += [(s.of(m[1] or m[3]), t.number(m[2] or m[4]), True) for m in _NUMBER_OF_TIMES.finditer(s.text)]
        if (
            len(s.mentions) == 1
            and (m := _OFTEN.search(s.text))
            and not re.search(
                r"\bat once\b|\bthe \w+ time\b|\bmore than\b|\bor\b|\bat least\b|\bseveral\b", s.text, re.I
            )
        ):
            found.append((s.mentions[0], t.how_often(m[1]), _EVENT_VERB.search(s.text) is not None))
        for mention, said, of_events in found:
            if not mention.label or said is None:
                continue
            n = len(truth.spans(mention.label))
            # "barks three times" may be three barks of one event; fewer barks than events there cannot be.
            good: bool | None = said == n
            if not good and not of_events and said > n:
                good = None
            note("count", good, f"{mention.label} is heard {n} times")

    def _invented(self, section: str, s: Marked, note: Note) -> None:
        if section != "caption" and not _HEARD.search(s.text):
            return
        for mention in s.mentions:
            if section != "caption" and mention.word in self.asked:
                continue  # "I noted every time the bell is heard": never, as it turned out
            if mention.kind == "absent" and (stem(mention.word) in NOUNS or _HEARD.search(s.text)):
                note("count", False, f"no {mention.word!r} is in the clip")

    def _denied(self, s: Marked, note: Note) -> None:
        for m in _NONE.finditer(s.text):
            mention = s.of(_groups(m))
            if mention.kind == "exact" and mention.label:
                note("count", False, f"{mention.label!r} is in the clip")
            elif mention.kind == "absent":
                note("count", True)

    def _only(self, s: Marked, note: Note) -> None:
        m = _ONLY.search(s.text) if t.has(s.text, _ONLY_PIECES) else None
        if m is None or self.truth is None:
            return
        named = [s.of(x) for x in re.findall(MARK, _groups(m))]
        if not named or not all(x.label or x.kind == "absent" for x in named):
            return
        heard = {x.label for x in named}
        left = [
            x
            for x in dict.fromkeys(x for x, _, _ in self.truth.heard)
            if x not in heard and not any(confusable(x, y.word) for y in named)
        ]
        note("count", not left, f"{', '.join(left)} can be heard too" if left else "")

    # --- lengths, silence, voices

    def _length(self, text: str, note: Note, denies: bool) -> None:
        if denies or not t.has(text, ("clip", "recording", "audio")):
            return
        for m in _LENGTH.finditer(text):
            digits = _groups(m)
            good = abs(float(digits) - self.facts.duration) <= 0.6 + t.slack(digits) + 0.1 * self.facts.duration
            note("duration", good, f"the clip lasts {self.facts.duration:.2f} s")

    def _silence(self, text: str, note: Note) -> None:
        sounding = self.facts.sounding
        if sounding is None or not t.has(text, _SILENT_PIECES) or not _SILENT.search(text) or _LOUD.search(text):
            return
        margin = self.facts.margin
        for m in _OPENS_SILENT.finditer(text):
            self._quiet(0.0, float(_groups(m)), sounding, margin, note)
        for m in _CLOSES_SILENT.finditer(text):
            self._quiet(self.facts.duration - float(_groups(m)), self.facts.duration, sounding, margin, note)
        for a, b in t.ranges(text):
            if re.search(MARK, text) or re.search(r"\bno (?:other|further|more|new)|nothing (?:else|more|new)", text):
                return
            self._quiet(a, b, sounding, margin, note)

    @staticmethod
    def _quiet(a: float, b: float, sounding: tuple[tuple[float, float], ...], margin: float, note: Note) -> None:
        heard = sum(max(0.0, min(b, y - margin) - max(a, x + margin)) for x, y in sounding)
        if heard > SILENT_S and (heard >= SILENT_SHARE * (b - a) or a == 0.0 or heard > 1.0):
            note("silence", False, f"{heard:.1f} s of sound lie between {a:g} s and {b:g} s")
        else:
            note("silence", True if heard <= START_S else None)
