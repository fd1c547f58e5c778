"""The structured answer: planning, caption, reasoning, summary, then the response (paper, equations 3 to 10).

Decision: `Chain` is the strict form that training data must have. What a model writes is read leniently elsewhere in this
module and becomes a `Chain` only if nothing is wrong with it.
"""

from __future__ import annotations

import unicodedata
from typing import Self

from pydantic import BaseModel, ConfigDict, field_validator

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
