"""The option a free reply means, or none (public name: `choices.match_option`).

Decision: deterministic rules over words, tried from the most explicit to the least; whenever two readings of a reply
lead to different options the result is none. A letter counts only where a letter is meant ("(b)", "B.", "option B",
"the answer is B"), never because an article or a chord happens to be one letter long. No rule deduces an option
from the rejection of the others.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Literal, NamedTuple

Rule = Literal[
    "text",  # the whole reply is an option's text, with or without its letter
    "letter",  # the whole reply is a letter
    "boxed",  # \boxed{…} or <answer>…</answer>
    "conclusion",  # "the answer is …", "I choose …", "… is correct"
    "lead",  # the reply starts with "B." or "(b) text" and goes on to explain
    "therefore",  # "so …", "therefore …", "must be …"
    "mention",  # exactly one option is named, and not rejected
    "empty",  # none: no words
    "nothing",  # none: no option is named
    "negated",  # none: options are only rejected
    "several",  # none: several options are left standing
    "conflict",  # none: letter and text, or two explicit statements, disagree
    "out_of_range",  # none: a letter that no option has
]


@dataclass(frozen=True, slots=True)
class OptionMatch:
    """Which option a reply means (0-based, None for none), by which rule, and on what words."""

    index: int | None
    rule: Rule
    detail: str


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SMALL_NUMBERS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen",
    "eighteen nineteen",
)
_ROUND_NUMBERS = "twenty thirty forty fifty sixty seventy eighty ninety"
_NUMBERS = {word: i for i, word in enumerate(" ".join(_SMALL_NUMBERS).split())} | {
    word: 10 * i for i, word in enumerate(_ROUND_NUMBERS.split(), start=2)
}
_TENS = frozenset(range(20, 100, 10))
# "one" is a number in "there is one bark" and a pronoun in "the one that barks".
_ONE_PRONOUN_AFTER = _words("no which the this that any every some each last first another correct right other only")
_ONE_PRONOUN_BEFORE = _words("of that which is who where option")
_UNITS = _words("s sec secs second seconds ms milliseconds hz khz db dbfs min minute minutes bpm st nd rd th kbps")

_CONNECTORS = _words("a an the then and followed finally next lastly afterwards")
_ARTICLES = _words("a an the")
_RESTRICTED = _words("yes no true false none not never")

_NEGATORS = _words(
    "not no isn't isnt wasn't aren't weren't doesn't don't didn't can't cannot won't wouldn't couldn't shouldn't never "
    "neither nor without except excluding unlike eliminate eliminates eliminated eliminating exclude excluded discard "
    "discarded reject rejected rejecting incorrect wrong false ain't n't hardly nowhere 非 没 無 无"
)
_POST_NEGATORS = _NEGATORS | _words("unlikely impossible absent missing inaccurate invalid implausible irrelevant out")
_POST_FILLERS = _words(
    "is are was were be been being seems seem sounds looks can could would does do did must may might has have had "
    "also clearly obviously definitely probably simply just therefore thus both option options choice choices answer "
    "answers the a an and or all are't it's they're ruled which that quite completely totally very most"
)
_REJECTING = _POST_NEGATORS | _words("rather instead other ruled out 不 错 錯")
"""A reply without any of these words rejects nothing."""
_SINGULAR = _words("is was isn't wasn't does doesn't has hasn't")
_CLAUSE_BREAKS = _words(
    "but it it's its so therefore thus hence rather instead however because this that's i i'll i'd answer is's then "
    "actually 而是 而 应"
)
_WINDOW_STOPS = _words(
    "because since as due given if while whereas although though unclear unknown uncertain ambiguous undetermined "
    "impossible hard difficult than before after between until unlike when where who why how 因"
)
_ANSWER_WORDS = _words("answer answers respuesta réponse antwort risposta resposta ответ")
_CHOICE_WORDS = _words("option choice selection pick conclusion guess response verdict")
_CHOICE_QUALIFIERS = _words(
    "correct right best my final chosen likely accurate appropriate suitable matching closest proper only true"
)
_NOT_THE_ANSWER = _words("possible another wrong incorrect an one potential plausible alternative other tempting false")
_COPULAS = _words("is be was 's es est ist è é are equals becomes remains seems would should must 是 为 為 选 選")
_CHOOSING = _words("choose pick select chose selected picked choosing selecting conclude concluded concluding chosen")
_CHOOSING_PAIRS = {"go": "with", "going": "with", "went": "with", "stick": "with", "settle": "on", "opt": "for"}
_THEREFORE = _words("therefore thus hence overall consequently accordingly ultimately")
_THEREFORE_CUES = _THEREFORE | _words("so conclusion be")
_JOINERS = _words("or and maybe perhaps possibly also either the a an option choice letter 或 和")
_PRAISE_FILLERS = _words(
    "is are was be seems appears looks would should must the most clearly definitely likely probably therefore thus "
    "then my final only one option choice that which what indeed a also sounds 's it's this obviously here thing"
)
_PRAISE = _words("correct right answer accurate appropriate 正 对 對")
_LABELS = _ANSWER_WORDS | _CHOICE_WORDS | _words("correct result solution selected prediction chosen output")
"""Words that, with a colon, announce an option: "Result: D"."""
_MAY, _SAY = _words("would might could may"), _words("say argue think claim guess")
_CUES = _LABELS | _CHOOSING | _CHOOSING_PAIRS.keys() | _words("案 选 選")
_DOUBT = _words("unclear unknown uncertain undetermined undeterminable unanswerable")
_PRAISE_CUES = _PRAISE | _words("best likely")
_RIGHT_ELSEWHERE = _words("of channel side after before at in there next near now away when behind ear speaker")
# After a capital A these words show that it is a letter: an article cannot stand before them.
_AFTER_LETTER_A = _words(
    "because since as and or is isn't was wasn't not but for which that while seems matches fits would can cannot "
    "can't could must should has does doesn't instead rather than only too also here in on at due given then so if "
    "over with best fails contains describes lists says states it i"
)
_ANCHORS = _words(
    "option options choice answer answers letter choose pick select chose selected but not or either neither nor and "
    "therefore thus hence so say think guess maybe perhaps probably definitely likely certainly clearly be it's that's "
    "unlike is 是 选 選 是 案 择 擇 为 respuesta réponse antwort"
)
_BETWEEN = _words("the a an option answer")
_IS_SUBJECTS = _words("it this that answer option choice which selection pick respuesta réponse antwort conclusion one")
# "Wait, …" takes back what came before; the "long wait" of an option does not.
_RETRACTION = re.compile(
    r"(?:^|[.!?;…—\n,-])\s*(?:but\s+|no,?\s+|hmm,?\s+|oh,?\s+)?(?:wait(?=\s*[,.!:…—-]|\s+no\b|\s+a\b|\s+that)"
    r"|scratch that|correction(?=\s*[:,])|on second thoughts?|i was wrong|let me reconsider|no, sorry)",
    re.IGNORECASE,
)
_RETRACTING = _words("wait scratch correction second wrong reconsider sorry")
"""A retraction holds one of these words; most replies hold none, and a look at words is cheaper than the search."""
_BOXED = re.compile(r"\\boxed\s*\{((?:[^{}]|\{[^{}]*\})*)\}")
_LATEX = re.compile(r"\\(?:text|textbf|mathrm|mathbf|mathit|textit)\s*\{([^{}]*)\}")

_MARKS = "\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0900-\u0dff\u0e30-\u0e3a\u0e47-\u0e4e"
_CJK = "\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
_TOKEN = re.compile(
    rf"((?<![\w.])[-−]?\d+(?:[.,:]\d+)*%?"  # 12, -3, 0:30, 4.5, 50%
    rf"|[{_CJK}]"
    rf"|(?![{_CJK}\d_])\w(?:(?![{_CJK}_])[\w{_MARKS}])*[#♯♭]*(?:'(?:(?![{_CJK}_])[\w{_MARKS}])+)*"  # dog, don't, F#, A7
    rf"|\d+%?)"
)
# The same for ASCII, three times faster; tests/core/test_choices.py holds them against each other.
_ASCII_TOKEN = re.compile(r"((?<![\w.])-?\d+(?:[.,:]\d+)*%?|[A-Za-z][A-Za-z0-9]*#*(?:'[A-Za-z0-9]+)*|\d+%?)", re.ASCII)
_CJK_CHAR = re.compile(rf"[{_CJK}]")
_BREAKERS = frozenset(".!?;\n。！？；")
_BREAK = re.compile(f"[{''.join(sorted(_BREAKERS))}]")
_OPENERS, _CLOSERS = "([{（【<", ")]}）】>"
_GLUE = frozenset({"-", "‐", "‑", "/", "'", "+", "&", "."})


MOST_JOINED = 30
"""More options than there are letters need not be told apart: several is several."""
LONGEST_WINDOW = 80
"""How many words after "the answer is" an option may come."""


class _Mark(NamedTuple):
    """One place where a reply names an option. Token positions, half-open; option None: a letter no option has."""

    start: int
    end: int
    option: int | None
    kind: Literal["letter", "text", "both", "clash"]
    firm: bool  # whether it may count without a cue beside it
    label: bool  # "(b)", "B." and the like


class _Options(NamedTuple):
    """What the rules need to know about the options; cached, because thousands of replies share them."""

    texts: tuple[str, ...]
    full: tuple[tuple[str, ...], ...]
    keys: tuple[tuple[str, ...], ...]
    same: tuple[int, ...]  # the first option with the same words
    by_first: dict[str, tuple[tuple[tuple[str, ...], int], ...]]
    breaks: tuple[bool, ...]
    lasts: frozenset[str]  # the last words
    vocabulary: frozenset[str]  # all words of the keys, and the connectors
    letter_like: bool  # an option starts with a lone letter A–G ("C major", "A:maj7")


def _clean(text: str) -> str:
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
        for quote in "’‘ʼ`´":
            text = text.replace(quote, "'")
        text = text.replace("\u200b", "").replace("\ufeff", "")
    if "\\" in text:
        text = _LATEX.sub(r"\1", text)
    return text.replace("*", " ").replace("$", " ").replace("`", " ").replace("_", " ")


class _Tokens:
    """The words of a text with what stands between them. `gap[i]` is the text before token i; `gap[n]` the tail."""

    def __init__(self, text: str) -> None:
        self.text = text
        parts = (_ASCII_TOKEN if text.isascii() else _TOKEN).split(text)
        self.gap = parts[0::2]
        self.raw = parts[1::2]
        # All at once: no token holds a space, and folding never makes one.
        self.word = " ".join(self.raw).casefold().split(" ") if self.raw else []
        if not _NUMBERS.keys().isdisjoint(self.word):
            self._numbers()
        self.size = len(self.word)
        self.broken = [gap != " " and not _BREAKERS.isdisjoint(gap) for gap in self.gap]

    @cached_property
    def bracketed(self) -> list[bool]:
        """Whether a "(" is open before each token: in "(option B)" the bracket does not belong to the letter."""
        inside, out = False, []
        for gap in self.gap:
            if "(" in gap or ")" in gap:
                inside = gap.rfind("(") > gap.rfind(")")
            out.append(inside)
        return out

    @cached_property
    def asked(self) -> list[bool]:
        """Whether the sentence around each place is a question that the reply goes on after."""
        out, asked = [], False
        last = len(self.word)
        for place in range(last, -1, -1):
            found = _BREAK.search(self.gap[place]) if self.broken[place] else None
            if found:
                asked = found[0] in "?？" and place < last
            out.append(asked)
        return out[::-1]

    def __len__(self) -> int:
        return self.size

    def _numbers(self) -> None:
        word = self.word
        i = 0
        while i < len(word):
            value = _NUMBERS.get(word[i])
            if value is not None:
                following = _NUMBERS.get(word[i + 1]) if i + 1 < len(word) else None
                if value in _TENS and following is not None and 1 <= following <= 9 and self.gap[i + 1] in (" ", "-"):
                    word[i : i + 2] = [str(value + following)]
                    self.raw[i : i + 2] = [f"{self.raw[i]}{self.gap[i + 1]}{self.raw[i + 1]}"]
                    del self.gap[i + 1]
                elif value != 1 or not (
                    (i and word[i - 1] in _ONE_PRONOUN_AFTER)
                    or (i + 1 < len(word) and word[i + 1] in _ONE_PRONOUN_BEFORE)
                ):
                    word[i] = str(value)
            i += 1

    def glued(self, i: int) -> bool:
        """Whether token i belongs to the one before it ("A:maj7", "hot-dog", "and/or")."""
        if not 0 < i < len(self.word):
            return False
        gap = self.gap[i]
        if gap == "":
            return not (_CJK_CHAR.match(self.raw[i]) or _CJK_CHAR.match(self.raw[i - 1]))
        if gap == ":":
            return self.raw[i - 1].isascii() and len(self.raw[i - 1].rstrip("#♯♭b")) <= 1
        if gap == ".":
            return len(self.raw[i]) == 1 and len(self.raw[i - 1]) == 1
        return gap in _GLUE


_MAY_CONNECT = _CONNECTORS | {"by"}


def _connects(word: Sequence[str], i: int) -> bool:
    return word[i] in _CONNECTORS or (word[i] == "by" and i > 0 and word[i - 1] == "followed")


def _strip(tokens: _Tokens) -> tuple[str, ...]:
    """The words without articles and connectors; "a, chance" and "was, a" keep theirs, which are no articles."""
    last = len(tokens) - 1
    kept = tuple(
        word
        for i, word in enumerate(tokens.word)
        if word not in _MAY_CONNECT or not _connects(tokens.word, i) or i == last or tokens.gap[i + 1].strip()
    )
    return kept or tuple(tokens.word)


class _Option(NamedTuple):
    """What is known of one option by itself."""

    full: tuple[str, ...]
    key: tuple[str, ...]  # without articles and connectors
    connected: bool  # its key still holds a word like "a" or "then"
    breaks: bool
    letter_like: bool


@lru_cache(maxsize=16384)
def _option(text: str) -> _Option:
    """Labels come back in thousands of questions, in ever new company."""
    tokens = _Tokens(_clean(text))
    key = _strip(tokens)
    return _Option(
        full=tuple(tokens.word),
        key=key,
        connected=not _CONNECTORS.isdisjoint(key),
        breaks=any(tokens.broken[1:-1]),
        letter_like=_looks_like_a_letter(tokens),
    )


@lru_cache(maxsize=4096)
def _compile(options: tuple[str, ...]) -> _Options:
    known = [_option(option) for option in options]
    full = tuple([option.full for option in known])
    keys = tuple([option.key for option in known])
    if len(set(keys)) < len(set(full)) or any(option.connected for option in known):
        # Two options differ only in words like "a" or "then", or such a word matters: then every word counts.
        keys = full
    same = tuple([keys.index(key) for key in keys])
    by_first: dict[str, list[tuple[tuple[str, ...], int]]] = {}
    for i, key in enumerate(keys):
        if key and same[i] == i:
            by_first.setdefault(key[0], []).append((key, i))
    return _Options(
        texts=options,
        full=full,
        keys=keys,
        same=same,
        by_first={
            first: tuple(sorted(found, key=lambda kv: -len(kv[0])) if len(found) > 1 else found)
            for first, found in by_first.items()
        },
        breaks=tuple([option.breaks for option in known]),
        lasts=frozenset([words[-1] for words in full if words]),
        vocabulary=_MAY_CONNECT.union(*keys),
        letter_like=any(option.letter_like for option in known),
    )


def _looks_like_a_letter(t: _Tokens) -> bool:
    """Whether an option starts with a lone letter that a reply may name without meaning a label: "C major", "G#m"."""
    if not t.raw or len(t.raw[0].rstrip("#♯♭b")) > 1 or not t.raw[0][:1].isalpha():
        return False
    if t.raw[0] != "A":
        return len(t.raw) == 1 or t.raw[0][:1] in "BCDEFG"
    return len(t.raw) == 1 or t.glued(1) or t.word[1] in ("major", "minor", "sharp", "flat")


def _boxed(reply: str) -> str | None:
    """The content of the last box or pair of answer tags."""
    if "\\boxed" in reply:
        found = _BOXED.findall(reply)
        if found:
            return str(found[-1])
    if "<" in reply:
        lower = reply.lower()
        end = lower.rfind("</answer>")
        start = lower.rfind("<answer>", 0, max(end, 0))
        if start >= 0 and len(lower) == len(reply):
            return reply[start + len("<answer>") : end]
    return None


def match_option(reply: str, options: Sequence[str]) -> OptionMatch:
    """The option a free reply means, or none.

    The rules, in this order: the whole reply is a text or a letter; a boxed answer; the last explicit conclusion; a
    leading label, or a sentence with "therefore", "so", "must be" (both, if both occur, must agree); the only option
    named and not rejected. Equal option texts: a letter decides between them, else the first of them is returned.

    >>> match_option("It isn't the dog, it's the bell.", ["dog", "bell"]).index
    1
    >>> match_option("a or b", ["dog", "bell"]).index is None
    True
    """
    known = _compile(tuple(options))
    boxed = _boxed(reply)
    if boxed is not None:
        inner = match_option(boxed, options)
        return OptionMatch(inner.index, "boxed" if inner.index is not None else inner.rule, inner.detail)
    tokens = _Tokens(_clean(reply))
    if not len(tokens):
        return OptionMatch(None, "empty", "the reply holds no words")
    whole = _whole(tokens, known)
    if whole is not None:
        return whole
    if not _RETRACTING.isdisjoint(tokens.word):
        retractions = list(_RETRACTION.finditer(tokens.text))
        if retractions and retractions[-1].start() > 0:
            tail = tokens.text[retractions[-1].end() :].lstrip(" ,.:;!-—…\n")
            return match_option(tail, options)
    return _Reading(tokens, known).result()


def _text_of(tokens: _Tokens, words: tuple[str, ...], known: _Options) -> int | None:
    """The option whose text is all of the reply."""
    if words in known.full:
        return known.full.index(words)
    if known.keys is known.full or not known.vocabulary.issuperset(words):
        return None
    key = _strip(tokens)
    if key not in known.keys:
        return None
    index = known.keys.index(key)
    return None if any(tokens.broken[1:-1]) and not known.breaks[index] else index


def _whole(tokens: _Tokens, known: _Options) -> OptionMatch | None:
    """The reply as a whole: a text, a letter, or "(b) text"."""
    words = tuple(tokens.word)
    by_text = None
    if words[-1] in known.lasts:
        by_text = _text_of(tokens, words, known)
    by_letter = None
    if len(tokens) == 1 and len(tokens.raw[0]) == 1 and tokens.raw[0].isascii() and tokens.raw[0].isalpha():
        by_letter = ord(words[0]) - ord("a")
        bracketed = tokens.gap[0][-1:] in _OPENERS and tokens.gap[0] and tokens.gap[1][:1] in _CLOSERS
        if by_letter >= len(known.texts):
            if by_text is not None and not bracketed:
                return OptionMatch(by_text, "text", f"the reply is the text of option {_name(by_text)}")
            return OptionMatch(None, "out_of_range", f"there is no option {tokens.raw[0]!r}")
        if by_text is not None and not bracketed and known.same[by_text] != known.same[by_letter]:
            return OptionMatch(None, "conflict", f"{tokens.raw[0]!r} is a letter and the text of another option")
        return OptionMatch(by_letter, "letter", f"the reply is the letter of option {_name(by_letter)}")
    if by_text is not None:
        return OptionMatch(known.same[by_text], "text", f"the reply is the text of option {_name(by_text)}")
    return None


def _name(index: int | None) -> str:
    return f"({chr(97 + index)})" if index is not None else "(?)"


class _Reading:
    """One pass of the rules over one reply."""

    def __init__(self, tokens: _Tokens, known: _Options) -> None:
        self.t = tokens
        self.known = known
        self.marks = self._find_marks()
        self.starts = {mark.start: k for k, mark in enumerate(self.marks)}
        # Words of an option are not words about it: "Noisy overall" concludes nothing, "tea, no milk" rejects nothing.
        self.held = {i for mark in self.marks if mark.kind != "letter" for i in range(mark.start, mark.end)}
        self.may_reject = not _REJECTING.isdisjoint(tokens.word)
        self._rejected: dict[int, bool] = {}  # asked for few marks of a long reply

    # ------------------------------------------------------------------------------------------------ finding marks

    def _text_hits(self) -> list[tuple[int, int, int]]:
        t, known = self.t, self.known
        by_first = known.by_first
        if by_first.keys().isdisjoint(t.word):
            return []
        if known.keys is known.full or _MAY_CONNECT.isdisjoint(t.word):
            places: Sequence[int] = range(t.size)
            words = t.word
        else:
            places = [
                i
                for i, word in enumerate(t.word)
                if word not in _MAY_CONNECT or (word == "by" and not _connects(t.word, i))
            ]
            words = [t.word[i] for i in places]
        hits: list[tuple[int, int, int]] = []
        reach = -1
        for at, word in enumerate(words):
            if word not in by_first:
                continue
            for key, index in by_first[word]:
                stop = at + len(key)
                if stop > at + 1 and tuple(words[at:stop]) != key:
                    continue
                start, end = places[at], places[stop - 1] + 1
                if end <= reach or (t.gap[start] != " " and t.glued(start)) or (t.gap[end] != " " and t.glued(end)):
                    continue
                if not known.breaks[index] and True in t.broken[start + 1 : end]:
                    continue
                if len(key) == 1 and key[0][:1].isdigit() and end < t.size and t.word[end] in _UNITS:
                    continue
                hits.append((start, end, index))
                reach = end
                break
        return hits

    def _find_marks(self) -> list[_Mark]:
        t, known = self.t, self.known
        hits = self._text_hits()
        marks: list[_Mark] = []
        alone = [i for i, raw in enumerate(t.raw) if len(raw) == 1 and raw.isascii() and raw.isalpha()]
        covered, lone = set(), {}
        if alone:
            covered = {
                i for start, end, _ in hits if end - start > 1 or len(t.raw[start]) > 1 for i in range(start, end)
            }
            lone = {start: index for start, end, index in hits if end - start == 1 and len(t.raw[start]) == 1}
        for i in alone:
            if i in covered:
                continue
            if i in lone and marks and marks[-1].label and marks[-1].end == i and not t.broken[i]:
                marks.append(_Mark(i, i + 1, lone[i], "text", True, False))  # "(c) D" where D is a text
                continue
            form = self._letter_form(i)
            if form is None:
                continue
            index = ord(t.word[i]) - 97
            if (
                i in lone
                and form != "label"
                and known.same[lone[i]] != (known.same[index] if index < len(known.texts) else -1)
            ):
                marks.append(_Mark(i, i + 1, None, "clash", False, False))
            elif index < len(known.texts):
                marks.append(_Mark(i, i + 1, index, "letter", form != "bare", form == "label"))
            else:
                marks.append(_Mark(i, i + 1, None, "letter", form != "bare", form == "label"))
        taken = {mark.start for mark in marks}
        for start, end, index in hits:
            if start in taken:
                continue
            if end - start == 1 and len(t.raw[start]) == 1 and t.raw[start].isalpha() and t.raw[start].isascii():
                continue
            firm = not (end - start == 1 and t.word[start] in _RESTRICTED) or self._said_outright(start)
            marks.append(_Mark(start, end, index, "text", firm, False))
        marks.sort()
        return self._combine(marks)

    def _said_outright(self, i: int) -> bool:
        """Whether "yes", "no" and their like are an answer here and not part of a sentence: "it is no, because"."""
        t = self.t
        stands_apart = t.gap[i + 1].strip() != "" or i + 1 == t.size
        if t.broken[i] and (t.broken[i + 1] or i + 1 == t.size):
            return True  # a sentence of its own: "Is there a dog? No."
        return stands_apart and i > 0 and t.word[i - 1] in ("is", "be", "say", "answer", "it's", "that's")

    def _combine(self, marks: list[_Mark]) -> list[_Mark]:
        """Join "B. text" and "text (B)" into one mark that agrees with itself or clashes."""
        out: list[_Mark] = []
        for mark in marks:
            if out and self._restates(out[-1], mark):
                first = out.pop()
                letter = first if first.kind == "letter" else mark
                text = mark if letter is first else first
                agree = letter.option is not None and self._same(letter.option) == self._same(text.option)
                out.append(
                    _Mark(
                        first.start,
                        mark.end,
                        letter.option if agree else None,
                        "both" if agree else "clash",
                        True,
                        letter.label and letter is first,
                    )
                )
            else:
                out.append(mark)
        return out

    def _restates(self, first: _Mark, second: _Mark) -> bool:
        if (first.kind, second.kind) not in (("letter", "text"), ("text", "letter")):
            return False
        t = self.t
        between = t.word[first.end : second.start]
        if between and not _BETWEEN.issuperset(between):
            return False
        gaps = "".join(t.gap[first.end : second.start + 1])
        if first.kind == "letter":
            # "B. dog", "(b) dog", "B: dog", "B, dog", "B - dog", "B (dog)"; never across a second full stop.
            if "." in gaps and second.start > first.end and second.end < t.size and not t.broken[second.end]:
                return False  # "B. The dog is heard later" explains, "B. the dog" restates
            return (first.label or gaps.strip() != "") and not re.search(r"[!?;]|\.\s*\.|\n\s*\n", gaps)
        return second.label and not re.search(r"[.!?;:\n,]", gaps)

    def _letter_form(self, i: int) -> Literal["label", "anchored", "bare"] | None:
        """How sure a lone letter is an option's letter; None: it is not one."""
        t, known = self.t, self.known
        raw, before, after = t.raw[i], t.gap[i], t.gap[i + 1]
        nth = ord(t.word[i]) - 97
        opened = before[-1:] in _OPENERS if before else False
        if opened and after[:1] in _CLOSERS and after:
            attached = len(before) == 1 and i > 0 and not _CJK_CHAR.match(t.raw[i - 1])  # "dog(s)"
            return None if attached and nth >= len(known.texts) else "label"
        quoted = before[-1:] in "\"'“«「" and after[:1] in "\"'”»」" if before and after else False
        if quoted:
            return "label"
        if t.glued(i) or t.glued(i + 1):
            return None
        line_start = i == 0 or "\n" in before
        ends = after.strip() == "" and (i + 1 == t.size or "\n" in after)
        delimited = after[:1] in (")", "]", ".", ":", "、", ",", "-", "–", "—") or after[:2] in (" -", " –", " —", " :")
        if after[:1] == ")" and not t.bracketed[i]:
            return "label"
        upper = raw.isupper()
        if line_start and (after[:1] in (".", ":", "、") or (upper and (delimited or ends))):
            if raw == "I" and len(known.texts) < 9 and after[:1] not in (".", ":"):
                return None
            return "label"
        following = t.word[i + 1] if i + 1 < t.size and not t.broken[i + 1] else ""
        previous = t.word[i - 1] if i and not _BREAK.search(before.replace("\n", " ")) else ""
        keyed = previous in ("option", "choice", "letter", "answer", "options") or (
            previous in _COPULAS
            and i > 1
            and any(w in _ANSWER_WORDS | _CHOICE_WORDS for w in t.word[max(0, i - 7) : i])
        )
        closed = not following or after.strip() != "" or following in _AFTER_LETTER_A
        if raw in "aA" and not (closed or (keyed and previous in ("option", "choice", "letter"))):
            return None
        keyed = keyed or (before.strip(" \"'") in (":", "=") and previous in _LABELS)
        if raw in "iI" and not (keyed and closed):
            return None
        if keyed or (previous in _CHOOSING and closed):
            return "anchored"
        if not upper:
            return "anchored" if before.strip() in (":", "=") and previous in _LABELS else None
        if known.letter_like:
            return "bare"
        if following in ("and", "or") and i + 2 < t.size and len(t.raw[i + 2]) == 1 and t.raw[i + 2].isupper():
            return "anchored"  # "between A and B" names both or neither
        if previous in _ANCHORS and (previous != "is" or (i > 1 and t.word[i - 2] in _IS_SUBJECTS)):
            return "anchored"
        if previous in ("with", "on", "for") and i > 1 and _CHOOSING_PAIRS.get(t.word[i - 2]) == previous:
            return "anchored"
        sentence_start = i == 0 or t.broken[i]
        if sentence_start and (following in _AFTER_LETTER_A or not following):
            return "anchored"
        return "bare"

    def _same(self, index: int | None) -> int | None:
        return None if index is None else self.known.same[index]

    # ---------------------------------------------------------------------------------------------------- negations

    def _negated(self, k: int) -> bool:
        if k not in self._rejected:
            self._rejected[k] = self._is_negated(self.marks[k])
        return self._rejected[k]

    def _standing(self) -> list[_Mark]:
        return [mark for k, mark in enumerate(self.marks) if not self._negated(k)]

    def _is_negated(self, mark: _Mark) -> bool:
        rejecting = self.may_reject and (self._negated_before(mark) or self._negated_after(mark))
        return rejecting or self._questioned(mark)

    def _negated_before(self, mark: _Mark) -> bool:
        t = self.t
        for i in range(mark.start - 1, max(-1, mark.start - 9), -1):
            if t.broken[i + 1] and t.gap[i + 1].strip() != "":
                return False
            if i in self.held:
                continue
            if ":" in t.gap[i + 1] and t.word[i] not in ("out", "wrong", "incorrect", "not"):
                return False
            word = t.word[i]
            following = t.word[i + 1]
            if word in ("rather", "instead", "other") and following in ("than", "of"):
                return True
            if word == "out" and i and t.word[i - 1] in ("rule", "ruled", "ruling", "rules"):
                return True
            if word in ("ruled",) and following == "out":
                return True
            if word == "unlike" and any("," in t.gap[j] for j in range(i + 2, mark.start + 1)):
                return False
            if word in _NEGATORS:
                if word in ("wrong", "incorrect", "false") and i and t.word[i - 1] in _POST_FILLERS - _ARTICLES:
                    continue  # "A is wrong, B is right": it was said of A
                harmless = following in ("only", "just", "doubt", "merely", "wonder", "question")
                if word == "不" or (harmless and i + 1 not in self.held):
                    continue
                return True
            if word == "不":
                return following in "是对對像会會"
            if word in _CLAUSE_BREAKS and not (word in ("rather", "instead") and following in ("than", "of")):
                # "It isn't that it is A": the pronoun opens a new clause only after a comma or a negated thing.
                if (
                    word in ("it", "it's", "i", "this", "answer", "so", "then")
                    and "," not in t.gap[i]
                    and not t.broken[i]
                ):
                    continue
                return False
        return False

    def _negated_after(self, mark: _Mark) -> bool:
        t = self.t
        seen_copula = crossed = False
        for i in range(mark.end, min(t.size, mark.end + 9)):
            if t.broken[i]:
                return False
            word = t.word[i]
            if i in self.held or i in self.starts:
                crossed = crossed or t.word[i - 1] == "and" or (t.word[i - 2] == "and" and t.word[i - 1] in _ARTICLES)
                if "," in t.gap[i] and seen_copula:
                    return False
                continue
            if crossed and word in _SINGULAR:
                return False  # "a bell, and a dog is not heard": only the last of them is rejected
            if word in ("not", "no", "never", "neither", "nor", "without", "except", "unlike", "excluding"):
                if not seen_copula and word != "not":
                    return False
                if not seen_copula:
                    # "B not A" prefers B; "B not present" rejects it.
                    rest = range(i + 1, min(t.size, i + 4))
                    return "," not in t.gap[i] and not any(j in self.starts for j in rest)
                return not (i + 1 < t.size and t.word[i + 1] in ("only", "just", "merely"))
            if word in _POST_NEGATORS and word not in ("out",):
                return not ("," in t.gap[i] and not seen_copula)
            if word == "out" and i and t.word[i - 1] == "ruled":
                return True
            if word in ("不", "错", "錯"):
                return True
            if word not in _POST_FILLERS and word not in "是也都":
                return False
            if "," in t.gap[i] and word not in ("and", "or"):
                return False
            if word not in ("and", "or", "the", "a", "an", "option", "answer", "choice"):
                seen_copula = True
        return False

    def _questioned(self, mark: _Mark) -> bool:
        return "?" in self.t.text and self.t.asked[mark.end]

    # -------------------------------------------------------------------------------------------------- conclusions

    def result(self) -> OptionMatch:
        if not self.marks:
            return OptionMatch(None, "nothing", "the reply names no option")
        strong = self._last_conclusion()
        if strong is not None:
            return self._decide(strong, "conclusion")
        lead = self._lead()
        soft = self._last_therefore()
        if lead is not None and soft is not None:
            if self._options_of(lead) != self._options_of(soft):
                return OptionMatch(None, "conflict", "the beginning and the conclusion of the reply disagree")
            return self._decide(soft, "therefore")
        if lead is not None or soft is not None:
            return self._decide(lead or soft or [], "lead" if lead is not None else "therefore")
        return self._mention()

    def _options_of(self, group: Iterable[_Mark]) -> set[int | None]:
        same = self.known.same
        return {None if mark.option is None else same[mark.option] for mark in group}

    def _quote(self, group: Sequence[_Mark]) -> str:
        t = self.t
        first, last = group[0].start, group[-1].end
        if last == first + 1:
            return t.raw[first][:80]
        inner = (t.gap[i] + t.raw[i] for i in range(first + 1, last))
        return " ".join((t.raw[first] + "".join(inner)).split())[:80]

    def _decide(self, group: Sequence[_Mark], rule: Rule) -> OptionMatch:
        quote = self._quote(group)
        if len(group) == 1 and group[0].option is not None:  # nothing to disagree about
            index = group[0].option if group[0].kind != "text" else self.known.same[group[0].option]
            return OptionMatch(index, rule, f"{quote!r} is option {_name(index)}")
        if any(mark.kind == "clash" for mark in group):
            return OptionMatch(None, "conflict", f"letter and text disagree in {quote!r}")
        options = self._options_of(group)
        if options == {None}:
            return OptionMatch(None, "out_of_range", f"no option has the letter in {quote!r}")
        if len(options) > 1:
            return OptionMatch(None, "several", f"{quote!r} leaves several options standing")
        lettered = next((mark.option for mark in group if mark.kind != "text"), None)
        chosen = lettered if lettered is not None else self._same(group[0].option)
        return OptionMatch(chosen, rule, f"{quote!r} is option {_name(chosen)}")

    def _extend(self, k: int) -> list[_Mark]:
        """The marks joined to mark k by "or", "and", a slash or a comma."""
        t = self.t
        group = [self.marks[k]]
        for j in range(k + 1, min(len(self.marks), k + MOST_JOINED)):
            mark = self.marks[j]
            between = range(group[-1].end, mark.start)
            gaps = [t.gap[i] for i in range(group[-1].end, mark.start + 1)]
            if (
                any(t.word[i] not in _JOINERS for i in between)
                or any(_BREAK.search(g) for g in gaps)
                or self._negated(j)
            ):
                break
            group.append(mark)
        return group

    def _window(self, at: int, near: bool) -> list[_Mark] | None:
        """The first option asserted between token `at` and the end of its sentence, with what is joined to it."""
        t = self.t
        rejected = False
        i = at
        steps = 0
        while i < min(t.size, at + LONGEST_WINDOW):
            if i > at and t.broken[i] and t.gap[i].strip() != "":
                return None
            if i == at and _BREAK.search(t.gap[i].replace("\n", " ").replace(":", " ")):
                return None
            k = self.starts.get(i)
            if k is not None:
                if not self._negated(k):
                    return self._extend(k)
                rejected = True
                i = self.marks[k].end
                continue
            word = t.word[i]
            if word in _WINDOW_STOPS or (word == "but" and not rejected):
                return None
            if word in _NEGATORS and not any(j in self.starts for j in range(i, min(t.size, i + 5))):
                return None
            steps += 1
            if near and steps > 3:
                return None
            i += 1
        return None

    def _last_conclusion(self) -> list[_Mark] | None:
        best: tuple[int, list[_Mark]] | None = None
        for group in self._conclusions():
            place = group[0].start
            if best is None or place >= best[0]:
                best = (place, group)
        return best[1] if best else None

    def _conclusions(self) -> Iterable[list[_Mark]]:
        t = self.t
        for i in [i for i, word in enumerate(t.word) if word in _CUES]:
            if i in self.held:
                continue
            word, group = t.word[i], None
            if word in _ANSWER_WORDS or (word in _CHOICE_WORDS and i and t.word[i - 1] in _CHOICE_QUALIFIERS):
                if (i and t.word[i - 1] in _NOT_THE_ANSWER) or self._somebody_says(i) or self._hypothetical(i):
                    continue
                group = self._after_answer(i)
            elif word in _LABELS and i + 1 in self.starts and t.gap[i + 1].strip(" \"'([") in (":", "="):
                group = None if self._negated(self.starts[i + 1]) else self._extend(self.starts[i + 1])
            elif word in _CHOOSING:
                group = self._window(i + 1, near=False)
            elif word in _CHOOSING_PAIRS and i + 1 < t.size and t.word[i + 1] == _CHOOSING_PAIRS[word]:
                group = self._window(i + 2, near=False)
            elif word == "案" and i and t.word[i - 1] == "答":
                group = self._window(i + 1, near=False)
            elif word in "选選" and i not in self.starts:
                group = self._window(i + 1, near=True)
            if group:
                yield group
        if _PRAISE_CUES.isdisjoint(t.word):
            return
        for k, mark in enumerate(self.marks):
            if self._praised(mark) and not self._negated(k) and not self._hypothetical(mark.end):
                yield self._joined_before(k)

    def _somebody_says(self, i: int) -> bool:
        """Whether the words before token i put it into somebody else's mouth: "many would say the answer is A"."""
        before = self.t.word[max(0, i - 6) : i]
        return not _MAY.isdisjoint(before) and not _SAY.isdisjoint(before) and "i" not in before and "we" not in before

    def _hypothetical(self, i: int) -> bool:
        """Whether the sentence around token i says what would be: "A would be correct if the dog were first"."""
        t = self.t
        near = range(max(0, i - 30), min(t.size, i + 30))
        if "if" not in t.word[near.start : near.stop] or "would" not in t.word[max(0, i - 4) : i + 4]:
            return False
        first = next((j for j in range(i, near.start, -1) if j < t.size and t.broken[j]), near.start)
        last = next((j for j in range(i + 1, near.stop) if t.broken[j]), near.stop)
        return "if" in t.word[first:last]

    def _after_answer(self, i: int) -> list[_Mark] | None:
        t = self.t
        if i + 1 >= t.size:
            return None
        gap = t.gap[i + 1]
        if i + 1 in self.starts and (":" in gap or "=" in gap or "\n" in gap or gap.strip(" \"'([{-–—>") == ""):
            k = self.starts[i + 1]
            return None if self._negated(k) else self._extend(k)
        if ":" in gap or "=" in gap or gap.strip() in ("-", "–", "—", "→", "=>", "->"):
            return self._window(i + 1, near=False)
        if t.broken[i + 1] and gap.strip() != "":
            return None
        for j in range(i + 1, min(t.size, i + 9)):
            if (j > i + 1 and t.broken[j]) or j in self.starts:
                return None
            if t.word[j] in _COPULAS:
                return self._window(j + 1, near=False)
        return None

    def _praised(self, mark: _Mark) -> bool:
        """Whether the words after a mark call it the answer: "B is correct", "the dog is the right answer"."""
        t = self.t
        words: list[str] = []
        for i in range(mark.end, min(t.size, mark.end + 9)):
            if t.broken[i] or ("," in t.gap[i] and i > mark.end):
                return False
            word = t.word[i]
            if word in _PRAISE:
                if word == "right" and i + 1 < t.size and t.word[i + 1] in _RIGHT_ELSEWHERE and not t.broken[i + 1]:
                    return False
                if word in "正对對":
                    return True
                # "dog correct" is no sentence; "the dog answer" neither.
                return bool(words) or word in ("correct", "right")
            if word == "best":
                return True
            if word in ("fits", "matches", "fit", "match") and i + 1 < t.size and t.word[i + 1] == "best":
                return True
            if word not in _PRAISE_FILLERS and word != "是":
                return False
            if word == "likely" and words[-1:] == ["most"] and (i + 1 == t.size or t.broken[i + 1]):
                return True
            words.append(word)
        return False

    def _joined_before(self, k: int) -> list[_Mark]:
        """Mark k with those joined before it: "A and B are correct"."""
        t = self.t
        group = [self.marks[k]]
        for j in range(k - 1, max(-1, k - MOST_JOINED), -1):
            between = range(self.marks[j].end, group[0].start)
            if not between and "," not in t.gap[group[0].start]:
                break
            if any(t.word[i] not in _JOINERS for i in between) or any(
                t.broken[i] for i in range(self.marks[j].end, group[0].start + 1)
            ):
                break
            group.insert(0, self.marks[j])
        return group

    def _lead(self) -> list[_Mark] | None:
        """The label the reply starts with, unless other labels follow it (then it is a list)."""
        first = self.marks[0]
        t = self.t
        if first.start != 0 or self._negated(0):
            return None
        if first.kind == "text" and not first.firm:
            after = t.gap[first.end]
            return [first] if first.end == t.size or after[:1] in ".,;:!\n-—–" else None
        if not first.label:
            return None
        group = self._extend(0)
        group += [m for m in self._standing() if m.label]
        return group

    def _last_therefore(self) -> list[_Mark] | None:
        t = self.t
        cues = {i for i, word in enumerate(t.word) if word in _THEREFORE_CUES and i not in self.held}
        if not any(self._concludes(i) for i in cues):
            return None
        standing = self._standing()
        end = t.size
        for i in range(t.size - 1, -1, -1):
            if i in cues and self._concludes(i):
                group = [m for m in standing if i < m.start < end]
                if group:
                    return group if len(self._options_of(group)) == 1 else None
            if t.broken[i]:
                # Looking backwards: what stands behind this place belongs to a later sentence.
                while standing and standing[-1].start >= i:
                    standing.pop()
                end = i
        return None

    def _concludes(self, i: int) -> bool:
        """Whether token i is "therefore" or says as much."""
        t = self.t
        word = t.word[i]
        return (
            word in _THEREFORE
            or (word == "so" and (i == 0 or t.broken[i] or "," in t.gap[i]))
            or (word == "conclusion" and i > 0 and t.word[i - 1] == "in")
            or (word == "be" and i > 0 and t.word[i - 1] in ("must", "to"))
        )

    def _mention(self) -> OptionMatch:
        standing = [m for m in self._standing() if m.firm]
        if not standing:
            if any(self._rejected.values()):
                return OptionMatch(None, "negated", "the reply only rejects options")
            return OptionMatch(None, "nothing", "the reply names no option clearly")
        if not _DOUBT.isdisjoint(self.t.word):
            doubt = next((w for i, w in enumerate(self.t.word) if w in _DOUBT and i not in self.held), None)
            if doubt is not None:
                return OptionMatch(None, "nothing", f"the reply says {doubt!r}")
        if len(self._options_of(standing)) > 1:
            if any(mark.kind == "clash" for mark in standing):
                return OptionMatch(None, "conflict", "a letter and a text in the reply disagree")
            named = sorted({_name(m.option) for m in standing})
            return OptionMatch(None, "several", f"the reply names several options: {', '.join(named)}")
        decided = self._decide(standing[:1], "mention")
        if decided.index is not None:
            mine = set(self.known.keys[decided.index])
            for j, key in enumerate(self.known.keys):
                if len(key) > len(mine) and mine < set(key) and set(key) <= set(self.t.word):
                    return OptionMatch(None, "several", f"option {_name(decided.index)} lies within option {_name(j)}")
        return decided
