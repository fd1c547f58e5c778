"""The structured answer: planning, caption, reasoning, summary, then the response (paper, equations 3 to 10).

Decision: `Chain` is the strict form that training data must have. What a model writes is read leniently in the
second half of this module and becomes a `Chain` only if nothing is wrong with it.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, field_validator

from audio_reasoner.core.errors import InputError

SECTIONS = ("planning", "caption", "reasoning", "summary", "response")
TAG_LITERALS = tuple(
    literal
    for name in ("THINK", "PLANNING", "CAPTION", "REASONING", "SUMMARY", "RESPONSE")
    for literal in (f"<{name}>", f"</{name}>")
)


class Chain(BaseModel):
    """A complete structured answer. Construction raises ValueError on an empty section or a tag inside one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    planning: str
    caption: str
    reasoning: str
    summary: str
    response: str

    @field_validator(*SECTIONS)
    @classmethod
    def _clean(cls, text: str) -> str:
        text = unicodedata.normalize("NFC", text).strip()
        if not text:
            raise ValueError("a section must not be empty")
        if _SURROGATE.search(text):
            raise ValueError("a section must not contain a lone surrogate: it cannot be stored as UTF-8")
        if "<" in text:  # few texts have one, and a data set is validated by the million
            upper = text.upper()
            for literal in TAG_LITERALS:
                if literal in upper:
                    raise ValueError(f"a section must not contain the tag {literal}")
        return text

    def to_text(self) -> str:
        """The one text form."""
        return (
            "<THINK>\n"
            f"<PLANNING>{self.planning}</PLANNING>\n"
            f"<CAPTION>{self.caption}</CAPTION>\n"
            f"<REASONING>{self.reasoning}</REASONING>\n"
            f"<SUMMARY>{self.summary}</SUMMARY>\n"
            "</THINK>\n"
            f"<RESPONSE>{self.response}</RESPONSE>"
        )

    def replace(self, **sections: str) -> Self:
        """A new chain with some sections changed."""
        return type(self)(**{**self.model_dump(), **sections})


# ---------------------------------------------------------------------------------------------- reading model output

DefectCode = Literal[
    "untagged",
    "missing",
    "empty",
    "repeated",
    "unclosed",
    "stray_close",
    "out_of_order",
    "text_outside",
    "lower_case_tag",
    "cut_tag",
    "invalid_text",
]

OUTSIDE = "outside"
_TAG = re.compile(r"<(/?)(THINK|PLANNING|CAPTION|REASONING|SUMMARY|RESPONSE)>", re.IGNORECASE | re.ASCII)
# A chain as it should be, without any "<" inside a section.
_USUAL = re.compile(
    r"\s*<THINK>\s*<PLANNING>([^<]*)</PLANNING>\s*<CAPTION>([^<]*)</CAPTION>\s*<REASONING>([^<]*)</REASONING>"
    r"\s*<SUMMARY>([^<]*)</SUMMARY>\s*</THINK>\s*<RESPONSE>([^<]*)</RESPONSE>\s*"
)
_SURROGATE = re.compile("[\ud800-\udfff]")
_LONGEST_TAG = max(map(len, TAG_LITERALS))
_TAG_BEGINNINGS = frozenset(literal[:n] for literal in TAG_LITERALS for n in range(1, len(literal)))
_EXCERPT = 40


class Defect(NamedTuple):
    """One thing wrong with a reply: a stable code and a sentence that says where."""

    code: DefectCode
    detail: str


_UNTAGGED = (Defect("untagged", "the reply holds none of the tags"),)


class SectionDelta(NamedTuple):
    """A piece of text that belongs to a section for good; `section` is one of `SECTIONS` or `OUTSIDE`."""

    section: str
    text: str


@dataclass(frozen=True)
class ParsedChain:
    """What could be read from a reply.

    `sections` maps every name of `SECTIONS` to its stripped text; None: its tag never came; "": it held nothing.
    `outside` is the text that stands in no section (all of it for an untagged reply). `tagged` tells whether any of the
    twelve tags occurred, in any case.
    """

    sections: dict[str, str | None]
    outside: str
    tagged: bool
    defects: tuple[Defect, ...]

    @property
    def response(self) -> str | None:
        """The text of RESPONSE, or None if its tag never came."""
        return self.sections["response"]

    @property
    def well_formed(self) -> bool:
        """Whether nothing at all is wrong, so that `chain` exists."""
        return not self.defects

    @property
    def chain(self) -> Chain | None:
        """The strict chain of a well-formed reply, else None."""
        if self.defects:
            return None
        return Chain(**{name: text or "" for name, text in self.sections.items()})


def response_body(parsed: ParsedChain, raw: str) -> str:
    """The text an evaluation may read: the official rule for tagged and untagged replies alike.

    An untagged reply is its own answer and is passed whole. A tagged reply without a RESPONSE has not answered: its
    thoughts must not be searched for an answer, so the body is the empty string.
    """
    return (parsed.response or "") if parsed.tagged else raw


class ChainStream:
    """Reads a reply as it arrives; the cut into pieces never changes the result.

    Policies, the same for whole texts: a tag is one of the twelve literals in any ASCII case, without spaces inside;
    everything else is text. The first occurrence of a section that holds text is the section, later ones are reported
    and dropped. A section ends at its own closing tag, at the opening tag of another, or at `</THINK>`; a closing tag
    of something that is not open is reported and ignored. Held back while streaming: what could be the beginning of a
    tag (at most 11 characters) and white space that might end a section. Joining a section's deltas, `tail` (what
    `finish` released) included, gives its final text.
    Work is linear in the text, whatever it holds.

    >>> stream = ChainStream()
    >>> stream.feed("<RESPONSE>It is a d"), stream.feed("og.</RESP"), stream.feed("ONSE>")
    ([SectionDelta(section='response', text='It is a d')], [SectionDelta(section='response', text='og.')], [])
    >>> stream.finish().response
    'It is a dog.'
    """

    def __init__(self) -> None:
        self.tail: list[SectionDelta] = []
        self._held = ""
        self._blank: list[str] = []
        self._texts: dict[str, list[str]] = {}
        self._defects: dict[Defect, None] = {}
        self._tagged = False
        self._section: str | None = None
        self._dropping = False
        self._furthest = -1
        self._think: Literal["never", "open", "closed"] = "never"
        self._outside_excerpt = ""
        self._outside_stretch = False
        self._result: ParsedChain | None = None

    def feed(self, piece: str) -> list[SectionDelta]:
        """Take the next piece of the reply; return the text that became certain, in order.

        Raises:
            RuntimeError: the stream is finished.
        """
        if self._result is not None:
            raise RuntimeError("feed() after finish()")
        text = self._held + piece
        deltas: list[SectionDelta] = []
        done = 0
        for tag in _TAG.finditer(text):
            self._text(text[done : tag.start()], deltas)
            self._tag(tag)
            done = tag.end()
        rest = text[done:]
        cut = rest.rfind("<", max(0, len(rest) - _LONGEST_TAG + 1))
        if cut >= 0 and rest[cut:].upper() in _TAG_BEGINNINGS:
            self._held = rest[cut:]
            rest = rest[:cut]
        else:
            self._held = ""
        self._text(rest, deltas)
        return deltas

    def finish(self) -> ParsedChain:
        """The whole reply's reading. A tag cut off at the end of a section is dropped and reported as `cut_tag`."""
        if self._result is not None:
            return self._result
        if self._held:
            if self._section is not None and len(self._held) > 2:
                self._note("cut_tag", f"the reply ends inside a tag: {self._held}")
            else:
                self._text(self._held, self.tail)
            self._held = ""
        self._end_stretch()
        self._close_section("the reply ends")
        if self._think == "open":
            self._note("unclosed", "THINK is not closed: the reply ends")
        sections: dict[str, str | None] = dict.fromkeys(SECTIONS)
        for name in SECTIONS:
            if name in self._texts:
                sections[name] = "".join(self._texts[name])
        outside = "".join(self._texts.get(OUTSIDE, ()))
        if not self._tagged:
            self._defects = dict.fromkeys(_UNTAGGED)
        else:
            if self._think == "never":
                self._note("missing", "THINK is missing")
            for name, content in sections.items():
                if content is None:
                    self._note("missing", f"{name.upper()} is missing")
                elif not content:
                    self._note("empty", f"{name.upper()} is empty")
            if not self._defects:
                self._check_strict(sections)
        self._result = ParsedChain(sections, outside, self._tagged, tuple(self._defects))
        return self._result

    def _check_strict(self, sections: dict[str, str | None]) -> None:
        # A look-alike such as "<THIN\u212a>" (Kelvin sign) becomes a tag under NFC, which the strict form refuses, and
        # a lone surrogate cannot be stored: a reply that holds them is not well-formed either.
        for name, content in sections.items():
            try:
                Chain(**dict.fromkeys(SECTIONS, content or ""))
                (content or "").encode("utf-8")
            except ValueError:
                self._note("invalid_text", f"{name.upper()} holds a look-alike of a tag or characters that are no text")

    def _note(self, code: DefectCode, detail: str) -> None:
        self._defects[Defect(code, detail)] = None

    def _text(self, text: str, deltas: list[SectionDelta]) -> None:
        if not text:
            return
        if self._section is None:
            if len(self._outside_excerpt) < _EXCERPT:
                more = text if self._outside_excerpt else text.lstrip()
                self._outside_excerpt += more[: _EXCERPT - len(self._outside_excerpt)]
            target, started = OUTSIDE, self._outside_stretch
        else:
            if self._dropping:
                return
            target, started = self._section, bool(self._texts[self._section])
        if not started:
            text = text.lstrip()
        solid = text.rstrip()
        if solid:
            if target == OUTSIDE and not started:
                if self._texts.get(OUTSIDE):
                    self._blank = ["\n"]
                self._outside_stretch = True
            certain = "".join([*self._blank, solid])
            self._blank = []
            self._texts.setdefault(target, []).append(certain)
            deltas.append(SectionDelta(target, certain))
        if len(solid) < len(text):
            self._blank.append(text[len(solid) :])

    def _end_stretch(self) -> None:
        if self._section is None and self._outside_stretch:
            self._note("text_outside", f"text stands outside every section: {self._outside_excerpt.rstrip()!r}")
        self._blank = []
        self._outside_excerpt = ""
        self._outside_stretch = False

    def _close_section(self, why: str | None) -> None:
        if self._section is not None:
            if why is not None:
                self._note("unclosed", f"{self._section.upper()} is not closed: {why}")
            self._section = None
            self._dropping = False

    def _tag(self, tag: re.Match[str]) -> None:
        self._tagged = True
        closing, name = bool(tag[1]), tag[2].upper()
        if tag[2] != name:
            self._note("lower_case_tag", f"the tag {tag[0]} is not in capitals")
        if closing and name != "THINK" and self._section != name.lower():
            self._note("stray_close", f"</{name}> closes nothing")
            return
        self._end_stretch()
        if closing:
            self._close_tag(name)
        elif name == "THINK":
            self._open_think()
        else:
            self._open_section(name.lower())

    def _close_tag(self, name: str) -> None:
        if name != "THINK":
            self._close_section(None)
        elif self._think == "open":
            self._close_section("</THINK> comes first")
            self._think = "closed"
        else:
            self._close_section("</THINK> comes first")
            self._note("stray_close", "</THINK> closes nothing")

    def _open_think(self) -> None:
        self._close_section("<THINK> comes first")
        if self._think != "never":
            self._note("repeated", "THINK is opened more than once")
        elif self._furthest >= 0:
            self._note("out_of_order", f"THINK comes after {SECTIONS[self._furthest].upper()}")
        if self._think == "open":
            self._note("unclosed", "THINK is not closed: <THINK> comes again")
        self._think = "open"

    def _open_section(self, section: str) -> None:
        name, place = section.upper(), SECTIONS.index(section)
        self._close_section(f"<{name}> comes first")
        if section in self._texts:
            self._note("repeated", f"{name} is opened more than once")
        elif place < self._furthest:
            self._note("out_of_order", f"{name} comes after {SECTIONS[self._furthest].upper()}")
        if section == "response":
            if self._think == "open":
                self._note("unclosed", "THINK is not closed: <RESPONSE> comes first")
                self._think = "closed"
        elif self._think == "closed":
            self._note("out_of_order", f"{name} comes after </THINK>")
        self._furthest = max(self._furthest, place)
        self._dropping = bool(self._texts.get(section))
        self._texts.setdefault(section, [])
        self._section = section


def parse_chain(text: str) -> ParsedChain:
    """Read a model's reply leniently: every section that can be told, and every defect by name."""
    if "<" not in text:
        # No tag and no beginning of one: what the stream would find, without its machinery.
        return ParsedChain(dict.fromkeys(SECTIONS), text.strip(), False, _UNTAGGED)
    usual = _USUAL.fullmatch(text)
    if usual is not None:
        # The common case, eight times faster; what it finds is what the stream finds (tests/core/test_chain.py).
        sections: dict[str, str | None] = {
            name: content.strip() for name, content in zip(SECTIONS, usual.groups(), strict=True)
        }
        if all(sections.values()) and (text.isascii() or not _SURROGATE.search(text)):
            return ParsedChain(sections, "", True, ())
    stream = ChainStream()
    stream.feed(text)
    return stream.finish()


def parse_strict(text: str) -> Chain:
    """Read the form of `Chain.to_text`.

    Tolerated: any white space before, between and after the tags, and at the edges of a section. Everything else that
    `parse_chain` calls a defect is refused.

    Raises:
        InputError: `chain.malformed`, naming every defect.
    """
    parsed = parse_chain(text)
    chain = parsed.chain
    if chain is None:
        listed = "; ".join(f"{defect.code}: {defect.detail}" for defect in parsed.defects)
        raise InputError(
            f"not a well-formed chain ({listed}).",
            code="chain.malformed",
            hint="Expected <THINK> with PLANNING, CAPTION, REASONING, SUMMARY in this order, </THINK>, <RESPONSE>.",
        )
    return chain
