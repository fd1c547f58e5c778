"""From a model's reply to a script, or to everything that is wrong with it.

Decision: lenient about the wrapping and about numbering (speakers are numbered again by their first turn), strict about
everything a question may be made of. All faults are told at once, because there is one chance to put them right.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeGuard

from audio_reasoner.clients.refusals import has_error, is_deaf, is_refusal
from audio_reasoner.clients.replies import Unusable, json_of
from audio_reasoner.core.errors import InputError
from audio_reasoner.synth.scripts.orders import MOST_WORDS, Order
from audio_reasoner.synth.scripts.script import PROSODIES, Script, script_from_plain, words_of

_TEXT: dict[str, Any] = {"type": "string"}
_NUMBER: dict[str, Any] = {"type": "integer"}
_NUMBERS: dict[str, Any] = {"type": "array", "items": _NUMBER}
_KINDS = ("name", "opinion", "changed_mind", "intent", "fact", "corrected", "answer_to", "agreed")
_PERSONS = frozenset(
    ("i", "you", "we", "me", "us", "my", "your", "our", "mine", "yours", "ours", "i'm", "i've", "i'll", "i'd", "we're",
     "we've", "we'll", "you're", "you've", "you'll")
)  # fmt: skip


def _object(**properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


SCHEMA = _object(
    names=_list(_TEXT),
    turns=_list(
        _object(speaker=_NUMBER, text=_TEXT, prosody={"type": "string", "enum": list(PROSODIES)}, reply_to=_NUMBER)
    ),
    facts=_list(
        _object(kind={"type": "string", "enum": list(_KINDS)}, speaker=_NUMBER, value=_TEXT, turns=_NUMBERS),
    ),
)
"""The form of a reply, for servers that can enforce one."""


class BadScript(Exception):
    """A reply that is no usable script.

    Attributes:
        code: `reply.*` or `json.*` of `clients.replies`, or `script.form`, `script.invalid`, `script.order`.
        problems: everything that is wrong.
    """

    def __init__(self, code: str, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.code = code
        self.problems = problems


def script_of(reply: str, order: Order, written_by: str) -> Script:
    """The script of a reply.

    Raises:
        BadScript: why it cannot be used.
    """
    try:
        fields = json_of(reply)
    except Unusable as unusable:
        raise BadScript(unusable.code, [unusable.detail]) from None
    plain = _plain(fields, order, written_by)
    try:
        script = script_from_plain(plain, "the script", all_problems=True)
    except InputError as error:
        raise BadScript("script.invalid", [error.message.removeprefix("the script: ")]) from None
    if problems := list(_against_order(script, order)):
        raise BadScript("script.order", problems)
    return script


def _plain(fields: dict[str, Any], order: Order, written_by: str) -> dict[str, Any]:
    """The reply's numbers turned into ours: lines from 0, speakers by their first turn."""
    wrong: list[str] = []
    turns, names, facts = (_items(fields, name, wrong) for name in ("turns", "names", "facts"))
    speakers: dict[int, int] = {}
    lines: list[dict[str, Any]] = []
    for i, turn in enumerate(turns):
        if not isinstance(turn, dict):
            wrong.append(f"turn {i} is no object")
            continue
        who, text = turn.get("speaker"), turn.get("text")
        if not _is_number(who) or not isinstance(text, str):
            wrong.append(f"turn {i} needs a speaker's number and a text")
            continue
        line: dict[str, Any] = {"speaker": speakers.setdefault(who, len(speakers)), "text": " ".join(text.split())}
        if (prosody := turn.get("prosody", "neutral")) in PROSODIES:
            line["prosody"] = prosody  # any other word is no reason to lose a script: neutral
        reply_to = turn.get("reply_to", 0)
        if _is_number(reply_to) and 0 < reply_to <= i:
            line["reply_to"] = reply_to - 1
        lines.append(line)
    called: list[str | None] = [None] * len(speakers)
    for number, name in enumerate(names, 1):
        if isinstance(name, str) and name.strip() and number in speakers:
            called[speakers[number]] = name.strip()
    made = [{"kind": "scenario", "value": order.scenario}]
    for i, fact in enumerate(facts):
        made += _fact(fact, i, speakers, lines, wrong)
    # A name nobody is said to say is no name a listener could know.
    told = {f.get("subject") for f in made if f["kind"] == "name"}
    called = [name if f"s{k}" in told else None for k, name in enumerate(called)]
    if wrong:
        raise BadScript("script.form", wrong)
    return {
        "scenario": order.scenario, "language": order.language, "names": called, "lines": lines, "facts": made,
        "written_by": written_by,
    }  # fmt: skip


def _fact(
    fact: Any, i: int, speakers: dict[int, int], lines: list[dict[str, Any]], wrong: list[str]
) -> list[dict[str, Any]]:
    """One fact in our numbers, or nothing and what is wrong with it."""
    if not isinstance(fact, dict) or not isinstance(fact.get("kind"), str) or not isinstance(fact.get("value"), str):
        wrong.append(f"fact {i} needs a kind and a value")
        return []
    turns = fact.get("turns")
    if not isinstance(turns, list) or not all(_is_number(t) for t in turns):
        wrong.append(f"fact {i} needs a list of turn numbers")
        return []
    if far := [t for t in turns if not 1 <= t <= len(lines)]:
        wrong.append(f"fact {i} ({fact['kind']}) points to turn {far[0]}; turns count from 1 to {len(lines)}")
        return []
    events = [t - 1 for t in turns]
    kind, who = fact["kind"], fact.get("speaker")
    value = " ".join(fact["value"].split())
    plain: dict[str, Any] = {"kind": kind, "value": value.rstrip(".!?") or value, "events": events}
    if kind == "answer_to":
        if len(events) != 2:
            wrong.append(f"fact {i} (answer_to) needs the answering turn and the turn it answers")
            return []
        # Who speaks stands in the turns; only they can be right.
        plain["subject"], plain["value"] = f"s{lines[events[0]]['speaker']}", f"s{lines[events[1]]['speaker']}"
    elif kind not in ("agreed", "scenario"):
        if not _is_number(who) or who not in speakers:
            wrong.append(f"fact {i} ({kind}) is about speaker {who!r}, who does not speak")
            return []
        plain["subject"] = f"s{speakers[who]}"
    return [plain]


def _items(fields: dict[str, Any], name: str, wrong: list[str]) -> list[Any]:
    value = fields.get(name)
    if not isinstance(value, list):
        wrong.append(f"{name!r} must be a list")
        return []
    return value


def _is_number(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _against_order(script: Script, order: Order) -> Iterator[str]:
    """What the script is besides a good one: not what was ordered."""
    if script.speakers != order.speakers:
        yield f"{script.speakers} people speak; {order.speakers} were asked for"
    if not order.least <= len(script.lines) <= order.most:
        yield f"{len(script.lines)} turns; {order.least} to {order.most} were asked for"
    for i, line in enumerate(script.lines):
        words = len(words_of(line.text))
        if words > MOST_WORDS and " " in line.text:
            yield f"line {i} has {words} words; {MOST_WORDS} at most"
        if i and line.speaker == script.lines[i - 1].speaker:
            yield f"lines {i - 1} and {i} are of the same speaker"
        if (
            (is_refusal(line.text) and "language model" in line.text.lower())
            or is_deaf(line.text)
            or has_error(line.text)
        ):
            yield f"line {i} is not part of a talk: {line.text[:60]!r}"
    changed = script.of_kind("changed_mind")
    if order.changer is None and changed:
        yield "somebody changes their mind; nobody should"
    if order.changer is not None and not changed:
        yield f"speaker s{order.changer} should change their mind, as a fact of kind changed_mind"
    if order.changer is not None and changed and changed[0].subject != f"s{order.changer}":
        yield f"{changed[0].subject} changes their mind; it should be s{order.changer}"
    if order.agreed is False and script.of_kind("agreed"):
        yield "all agree at the end; they should not"
    for kind, wanted in (
        ("fact", order.facts),
        ("agreed", int(order.agreed is True)),
        ("intent", int(order.intent)),
        ("corrected", int(order.corrected)),
        ("opinion", int(order.changer is not None)),
    ):
        if len(script.of_kind(kind)) < wanted:
            yield f"{len(script.of_kind(kind))} facts of kind {kind!r}; at least {wanted}"
    if script.language.split("-")[0].lower() == "en":
        for fact in script.of_kind("fact"):
            if persons := _PERSONS & set(words_of(fact.value)):
                yield f"fact {fact.value[:60]!r} says {min(persons)!r}: outside its turn nobody knows who that is"
