"""The forms replies must have: JSON schemas, and the regular expression of a chain.

Decision: every schema is closed and names all of its fields as required, because that is the common subset that today's
servers enforce. Reasons stand before the verdict, so that a model that writes in this order decides after it has
looked. One chain is asked for in its tags (what the trained model will write); several in one reply as JSON, where no
tag can be mistaken for another chain's.
"""

from __future__ import annotations

from typing import Any

from audio_reasoner.core.chain import SECTIONS

Schema = dict[str, Any]


def _object(**properties: Schema) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _list(items: Schema, length: int | None = None) -> Schema:
    schema: Schema = {"type": "array", "items": items}
    return schema if length is None else schema | {"minItems": length, "maxItems": length}


_TEXT: Schema = {"type": "string"}
_NUMBER: Schema = {"type": "integer"}

CAPTION: Schema = _object(caption=_TEXT)
"""Annotator's reply where the questions come with the data."""


def annotation(n: int) -> Schema:
    """Annotator's reply with `n` questions of its own; an open question has no options."""
    question = _object(question=_TEXT, options=_list(_TEXT), answer=_TEXT)
    return _object(caption=_TEXT, questions=_list(question, n))


def chains(n: int) -> Schema:
    """Thinker's reply to `n` questions at once; `question` counts from 1."""
    return _object(chains=_list(_object(question=_NUMBER, **dict.fromkeys(SECTIONS, _TEXT)), n))


JUDGEMENT: Schema = _object(reasons=_list(_TEXT), verdict={"type": "boolean"})
"""Discriminator's reply."""


def judgements(n: int) -> Schema:
    """Discriminator's reply on `n` chains at once; `question` counts from 1."""
    return _object(verdicts=_list(_object(question=_NUMBER, reasons=_list(_TEXT), verdict={"type": "boolean"}), n))


CHAIN_GRAMMAR = (
    "<THINK>\n"
    + "".join(f"<{name}>[^<>]+</{name}>\n" for name in ("PLANNING", "CAPTION", "REASONING", "SUMMARY"))
    + "</THINK>\n<RESPONSE>[^<>]+</RESPONSE>"
)
"""A chain in its tags, for servers with guided decoding. No angle bracket stands inside a section."""
