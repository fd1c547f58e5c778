"""The form of a chain as an automaton over bytes, and for each of its states the tokens that keep to the form.

Decision: bytes, not tokens. In a small model a tag is one token; in a released one it is spelled in several, and they
cross its borders: ``.</`` belongs half to the text and half to the tag, ``>I`` the other way round. An automaton that
reads the bytes of whatever token comes does not care, so a model may write its tags in the pieces it was trained on.

What may stand in a section is text that `core.chain` calls well-formed: valid UTF-8 that is not blank and holds no tag,
in any case or in look-alike letters, but the section's own closing tag. A tag that is out of place is stopped at its
fourth sign ("<THI"), not at its last: a model that wants to leave the section should turn back while its words still
make sense.

The tokens that a state allows are found once and kept. Only the few tokens that could continue a tag, or that are no
text of their own, are read byte by byte; all others are allowed wherever text is.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from audio_reasoner.core.chain import SECTIONS, TAG_LITERALS
from audio_reasoner.core.choices import letter
from audio_reasoner.core.errors import InputError
from audio_reasoner.inference.token_classes import Group, TokenClasses, TokenSet, missing_bytes

_BEGINNINGS = frozenset(literal[:n] for literal in TAG_LITERALS for n in range(1, len(literal)))
_FOLLOWING: dict[str, str] = {
    begun: "".join(sorted({t[len(begun)] for t in TAG_LITERALS if t.startswith(begun)})) for begun in _BEGINNINGS
}
_EARLY = 4
"""Signs after which a tag in capitals that must not come is stopped."""
LOOK_ALIKES = {"\u212a": "K", "\u0131": "I", "\u017f": "S"}
"""Letters that become one of a tag's under NFC or in capitals: Kelvin sign, i without its dot, long s."""


class State(NamedTuple):
    """Where in the form a reply is. `part` counts the form's parts; what else is told depends on the part's kind.

    Attributes:
        part: number of the part; one more than the last when the reply is complete.
        at: bytes of a given part that are spelled.
        ways: which of several given texts are still possible; () for all.
        tag: in a text, what could be the beginning of a tag, in capitals.
        exact: whether it was written so.
        pending: in a text, the bytes of a character that is not complete.
        solid: whether a text has more than white space.
    """

    part: int
    at: int = 0
    ways: tuple[int, ...] = ()
    tag: str = ""
    exact: bool = True
    pending: bytes = b""
    solid: bool = False


class Given(NamedTuple):
    """A part that is spelled as it stands: one text, or one of several."""

    ways: tuple[bytes, ...]


class Text(NamedTuple):
    """A section's text with its closing tag."""

    section: str
    closing: str


def option_texts(options: Sequence[str]) -> tuple[str, ...]:
    """The responses that mean one of the options, as training writes them: "(a) dog".

    Raises:
        InputError: `question.options`: an option holds a tag of the chain or is no valid text.
    """
    out: list[str] = []
    for i, option in enumerate(options):
        text = unicodedata.normalize("NFC", " ".join(option.split()))
        if any(literal in text.upper() for literal in TAG_LITERALS):
            raise InputError(
                f"the option {option[:60]!r} holds a tag of the chain: no well-formed answer can name it.",
                code="question.options",
            )
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            raise InputError(f"the option {option[:60]!r} is no valid text.", code="question.options") from error
        out.append(f"({letter(i)}) {text}")
    return tuple(out)


class Grammar:
    """The form of a reply, and what it allows next.

    Args:
        classes: the model's tokens.
        options: where given, RESPONSE is exactly one of them.

    Raises:
        InputError: as `option_texts` and `TokenClasses.fewest`.
    """

    def __init__(self, classes: TokenClasses, options: Sequence[str] = ()) -> None:
        self.classes = classes
        parts: list[Given | Text] = []
        before = "<THINK>\n"
        for section in SECTIONS:
            if section == SECTIONS[-1]:
                before += "</THINK>\n"
            parts.append(Given(((before + f"<{section.upper()}>").encode(),)))
            closing = f"</{section.upper()}>"
            if options and section == SECTIONS[-1]:
                parts.append(Given(tuple((said + closing).encode() for said in option_texts(options))))
            else:
                parts.append(Text(section, closing))
            before = "\n"
        self.parts = tuple(parts)
        self.start = State(0)
        self._sets: dict[tuple[str, State], TokenSet] = {}
        self._plan()

    # --- how many tokens are still needed

    def _plan(self) -> None:
        """The fewest tokens from every place to the end, and the most that a place of each part can need."""
        fewest = self.classes.fewest
        count = len(self.parts)
        self._after = [0] * (count + 1)  # needed at the beginning of each part
        self._given: list[list[list[int]]] = [[] for _ in self.parts]
        self._closing: list[list[int]] = [[] for _ in self.parts]
        self.most_needed = [0] * (count + 1)
        for n in range(count - 1, -1, -1):
            part = self.parts[n]
            if isinstance(part, Given):
                self._given[n] = [[f + self._after[n + 1] for f in fewest(way)] for way in part.ways]
                self._after[n] = max(way[0] for way in self._given[n])
                worst = max(max(way) for way in self._given[n])
            else:
                rest, end = self._rest_after(n)
                self._closing[n] = [f + self._after[end] for f in fewest(part.closing.encode() + rest)]
                self._after[n] = 1 + self._closing[n][0]
                worst = 3 + 1 + max(self._closing[n])
            self.most_needed[n] = max(worst, self.most_needed[n + 1])

    def _rest_after(self, part: int) -> tuple[bytes, int]:
        """What is given for sure after a text's closing tag, and the part that comes then."""
        following = self.parts[part + 1] if part + 1 < len(self.parts) else None
        if isinstance(following, Given) and len(following.ways) == 1:
            return following.ways[0], part + 2
        return b"", part + 1

    def needed(self, state: State) -> int:
        """The fewest tokens with which a reply that stands here can be completed, or a few more."""
        if self.over(state):
            return 0
        part = self.parts[state.part]
        if isinstance(part, Given):
            given = self._given[state.part]
            return max(given[w][state.at] for w in state.ways or range(len(given)))
        more = max(0, missing_bytes(state.pending)) if state.pending else 0
        return more + (not state.solid) + self._closing[state.part][self._closed(state)]

    def _closed(self, state: State) -> int:
        """How much of its section's closing tag a text has begun to spell."""
        part = self.parts[state.part]
        assert isinstance(part, Text)
        return len(state.tag) if state.exact and state.tag and part.closing.startswith(state.tag) else 0

    # --- going on

    def over(self, state: State) -> bool:
        """Whether the reply is complete."""
        return state.part == len(self.parts)

    def section(self, state: State) -> Text | None:
        """The section whose free text this is, if it is one."""
        part = None if self.over(state) else self.parts[state.part]
        return part if isinstance(part, Text) else None

    def is_closing(self, state: State) -> bool:
        """Whether a section's closing tag has certainly begun."""
        return self._closed(state) > 1

    def step(self, state: State, byte: int) -> State | None:
        """The state after a byte; None if it leaves the form."""
        if self.over(state):
            return None
        part = self.parts[state.part]
        if isinstance(part, Given):
            ways = state.ways or range(len(part.ways))
            left = tuple(w for w in ways if part.ways[w][state.at] == byte)
            if not left:
                return None
            if state.at + 1 == len(part.ways[left[0]]):
                return State(state.part + 1)
            return State(state.part, state.at + 1, left if len(part.ways) > 1 else ())
        if byte < 0x80:
            return None if state.pending else self._sign(part, state, chr(byte))
        pending = state.pending + bytes([byte])
        missing = missing_bytes(pending)
        if missing < 0:
            return None
        if missing:
            return state._replace(pending=pending)
        return self._sign(part, state._replace(pending=b""), pending.decode("utf-8"))

    def _sign(self, part: Text, state: State, sign: str) -> State | None:
        """The state of a text after a whole character."""
        plain = sign.upper() if sign.isascii() else LOOK_ALIKES.get(sign, "")
        solid = state.solid or bool(state.tag)
        if plain and state.tag and plain in _FOLLOWING[state.tag]:
            tag, exact = state.tag + plain, state.exact and sign == plain
            own = exact and part.closing.startswith(tag)
            if tag in TAG_LITERALS:
                return State(state.part + 1) if own and state.solid else None
            if exact and ((len(tag) >= _EARLY and not own) or (len(tag) > 1 and own and not state.solid)):
                return None
            return State(state.part, tag=tag, exact=exact, solid=state.solid)
        if sign == "<":
            return State(state.part, tag="<", solid=solid)
        return State(state.part, solid=solid or not sign.isspace())

    def walk(self, state: State, said: bytes) -> State | None:
        """The state after some bytes; None if they leave the form."""
        here: State | None = state
        for byte in said:
            if here is None:
                return None
            here = self.step(here, byte)
        return here

    def take(self, state: State, token: int) -> State | None:
        """The state after a token; None if it leaves the form."""
        if self._is_plain(state):
            # Nearly all tokens: text of its own, which changes nothing.
            if token in self.classes.solid:
                return state if state.solid else state._replace(solid=True)
            if token in self.classes.blank:
                return state
        if token in self.classes.none:
            return None
        return self.walk(state, self.classes.vocabulary.bytes_of(token))

    # --- what may come

    def banned(self, state: State) -> TokenSet:
        """In a text and between characters: the tokens that leave the form; all others keep to it."""
        return self._kept("banned", state, self._banned)

    def _banned(self, state: State) -> Iterable[int]:
        classes = self.classes
        if not state.tag:
            return [*classes.none, *classes.broken, *(t for t in classes.angled if not self._lives(state, t))]
        out = set(self.banned(State(state.part, solid=True)))
        for begun, group in self._continuing(state.tag):
            here = self.walk(state, begun)
            if here is None:
                out.update(group.own, group.odd)
                continue
            plain = self._is_plain(here)
            for token in group.odd if plain else [*group.own, *group.odd]:
                (out.discard if self._lives(state, token) else out.add)(token)
        return out

    def _continuing(self, tag: str) -> Iterable[tuple[bytes, Group]]:
        """The tokens whose first character may go on with a tag, by their first two bytes."""
        firsts: set[int] = {ord("<")}
        for sign in _FOLLOWING[tag]:
            firsts |= {ord(sign), ord(sign.lower())}
        firsts |= {sign.encode()[0] for sign, plain in LOOK_ALIKES.items() if plain in _FOLLOWING[tag]}
        for first in firsts:
            yield from self.classes.groups.get(first, {}).items()

    def _is_plain(self, state: State) -> bool:
        """Whether this is text between characters, where no tag may have begun: any text may follow."""
        return not state.tag and not state.pending and self.section(state) is not None

    def _lives(self, state: State, token: int) -> bool:
        if token in self.classes.none or token >= self.classes.size:
            return False
        here: State | None = state
        own = token in self.classes.solid or token in self.classes.blank
        for byte in self.classes.vocabulary.bytes_of(token):
            here = self.step(here, byte) if here is not None else None
            if here is None:
                return False
            if own and self._is_plain(here):
                return True
        return here is not None and (self.classes.completes or not here.pending)

    def words(self, state: State) -> TokenSet:
        """In a text and between characters: the tokens that must not come if the next is to be text of its own."""

        def find(state: State) -> Iterable[int]:
            classes = self.classes
            out = {*classes.none, *classes.angled, *classes.partial, *classes.blank}
            for begun, group in self._continuing(state.tag) if state.tag else ():
                here = self.walk(state, begun)
                if here is None or not self._is_plain(here):
                    for token in group.own:
                        after = self.walk(state, classes.vocabulary.bytes_of(token))
                        if after is None or after.tag or after.pending or after.part != state.part:
                            out.add(token)
            return out

        return self._kept("words", state, find)

    def completing(self, state: State, only: bool = False) -> TokenSet:
        """Inside a character: the tokens that complete it; with `only`, those that do no more than that."""

        def find(state: State) -> Iterable[int]:
            missing = missing_bytes(state.pending)
            for first in range(0x80, 0xC0):
                for token in (t for group in self.classes.groups.get(first, {}).values() for t in group.odd):
                    said = self.classes.vocabulary.bytes_of(token)
                    if (not only or len(said) <= missing) and self._lives(state, token):
                        yield token

        return self._kept("only" if only else "completing", state, find)

    def spelling(self, state: State) -> TokenSet:
        """In a given part: the tokens that spell it, and may go beyond it."""

        def find(state: State) -> Iterable[int]:
            part = self.parts[state.part]
            assert isinstance(part, Given)
            found: set[int] = set()
            for way in state.ways or range(len(part.ways)):
                found.update(self.classes.vocabulary.agreeing(part.ways[way][state.at :]))
            return (t for t in found if self._lives(state, t))

        return self._kept("spelling", state, find)

    def closing(self, state: State) -> TokenSet:
        """In a text that may end: the tokens that spell the rest of its closing tag, and may go beyond it."""

        def find(state: State) -> Iterable[int]:
            part = self.parts[state.part]
            assert isinstance(part, Text)
            rest = part.closing.encode()[self._closed(state) :] + self._rest_after(state.part)[0]
            return (t for t in self.classes.vocabulary.agreeing(rest) if self._lives(state, t))

        return self._kept("closing", state, find)

    def whole_tag(self, state: State) -> TokenSet | None:
        """The one token of the tag that comes next, where a given part stands before a tag that is one token."""
        part = self.parts[state.part]
        if not isinstance(part, Given) or len(part.ways) > 1:
            return None
        rest = part.ways[0][state.at :]
        end = rest.find(b">") + 1
        if not rest.startswith(b"<") or rest[:end] not in self.classes.ids:
            return None
        return self._kept("tag", state, lambda _: (self.classes.ids[rest[:end]],))

    def _kept(self, kind: str, state: State, find: Any) -> TokenSet:
        # Only what stands before RESPONSE is the same whatever the options are.
        sets = self.classes.sets if state.part < len(self.parts) - 2 else self._sets
        key = (kind, state)
        if key not in sets:
            sets[key] = TokenSet(find(state))
        return sets[key]
