"""Scripts: what is said in a dialogue, by whom, and what is true of it; their JSON lines, and what makes one unusable.

Decision: a script is a plain value that knows no voice and no sound, so that a writer (ours, a language model, a user)
and the assembly never meet. Whatever will be asked about a dialogue stands in its facts, and every fact names the lines
that show it; a fact that its lines do not show is an error here, before any audio exists. So a script is either refused
with all its reasons or the gold answers made from it can be heard.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, ClassVar, Literal, Self, get_args

from pydantic import Field, ValidationError, model_validator

from audio_reasoner.core.errors import ConfigError, InputError
from audio_reasoner.core.records import Fact, Record

Prosody = Literal["neutral", "calm", "lively", "low", "loud", "fast", "slow"]
PROSODIES: tuple[Prosody, ...] = get_args(Prosody)
KINDS = (
    "scenario",
    "name",
    "opinion",
    "changed_mind",
    "intent",
    "fact",
    "answer_to",
    "agreed",
    "corrected",
)
"""What a fact may be about; docs/synth-scripts.md says what each needs."""
LIST = "list"
"""Kind of the fact of a script that is no conversation but a list of words (`lists.py`)."""
SCRIPT_VERSION = 1
SCRIPTS_NAME = "scripts.jsonl"
MIN_SPEAKERS, MAX_SPEAKERS = 2, 5
MIN_LINES, MAX_LINES = 2, 40
MAX_LINE_CHARS = 300
MAX_CHARS = 1500
"""All lines together: at 15 to 25 characters a second, about the longest dialogue that is rendered (60 s)."""
MAX_FACTS = 200
_MAX_JSON = 200_000
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_SUBJECT = re.compile(r"s(0|[1-9][0-9]?)")
_MARKUP = re.compile(r"[<>\[\]{}()*_#|`~^\\]|https?:|&[a-z]+;", re.IGNORECASE)
_LABELLED = re.compile(r"^(?:speaker|sprecher|hablante|locuteur|person|s)\s*\d+\s*:", re.IGNORECASE)
_ALLOWED_CONTROLS = "\u200c\u200d\u200e\u200f"
"""Joiners and marks that some scripts need inside words; every other invisible character is refused."""
_UNSPACED = ("zh", "ja", "th", "lo", "km", "my", "yue")
"""Languages written without spaces between words: a name is looked for as a string there, not as a word."""


class Line(Record):
    """One turn.

    Attributes:
        speaker: number of who speaks, from 0.
        text: the words, nothing else.
        prosody: how it is spoken (pitch, range, rate, level); says nothing about anybody's feelings.
        reply_to: index of the earlier line this one reacts to.
        overlap: may begin before the line in front of it has ended.
    """

    speaker: int = Field(ge=0, lt=MAX_SPEAKERS)
    text: str = Field(min_length=1, max_length=MAX_LINE_CHARS)
    prosody: Prosody = "neutral"
    reply_to: int | None = Field(default=None, ge=0)
    overlap: bool = False


class Script(Record):
    """A dialogue before it has voices.

    Attributes:
        scenario: what it is about, a noun phrase ("a hike in the mountains").
        language: BCP-47 tag of the language spoken.
        names: by speaker number; None for somebody whose name nobody says.
        lines: the turns; speakers are numbered in the order in which they first speak.
        facts: what is true of it; `subject` is "s0", "s1", …, `events` are indices of lines.
        written_by: "embedded/1", "openai:MODEL", "user", …

    Raises:
        ValueError: a number points nowhere, or speakers are not numbered by their first line.
    """

    least_speakers: ClassVar[int] = MIN_SPEAKERS

    scenario: str = Field(min_length=1, max_length=120)
    language: str = Field(min_length=2, max_length=35)
    names: tuple[str | None, ...]
    lines: tuple[Line, ...] = Field(min_length=MIN_LINES, max_length=MAX_LINES)
    facts: tuple[Fact, ...] = Field(default=(), max_length=MAX_FACTS)
    written_by: str = Field(default="user", min_length=1, max_length=200)

    @property
    def speakers(self) -> int:
        """How many people speak."""
        return len(self.names)

    def of_kind(self, kind: str) -> tuple[Fact, ...]:
        """The facts of one kind, in their order."""
        return tuple(f for f in self.facts if f.kind == kind)

    @model_validator(mode="after")
    def _points_somewhere(self) -> Self:
        if not _LANGUAGE.fullmatch(self.language):
            raise ValueError(f"language {self.language!r} is not a language tag such as en or pt-BR")
        order = list(dict.fromkeys(line.speaker for line in self.lines))
        if order != list(range(len(order))):
            raise ValueError(
                f"speakers first speak in the order {order}; number them 0, 1, 2, … in the order of their first line"
            )
        if not self.least_speakers <= len(order) <= MAX_SPEAKERS:
            raise ValueError(f"{len(order)} speaker; a dialogue has {self.least_speakers} to {MAX_SPEAKERS}")
        if len(self.names) != len(order):
            raise ValueError(f"{len(self.names)} names for {len(order)} speakers (write null for an unknown name)")
        for i, line in enumerate(self.lines):
            if line.reply_to is not None and line.reply_to >= i:
                raise ValueError(f"line {i} replies to line {line.reply_to}, which is not before it")
            if line.overlap and (i == 0 or self.lines[i - 1].speaker == line.speaker):
                raise ValueError(f"line {i} cannot overlap with a line of another speaker in front of it")
        for fact in self.facts:
            far = [e for e in fact.events if not 0 <= e < len(self.lines)]
            if far:
                raise ValueError(
                    f"fact {fact.kind!r} points to line {far[0]}; there are {len(self.lines)}, counted from 0"
                )
            if fact.subject is not None and not (
                _SUBJECT.fullmatch(fact.subject) and int(fact.subject[1:]) < len(order)
            ):
                raise ValueError(f"fact {fact.kind!r} is about {fact.subject!r}; speakers are s0 to s{len(order) - 1}")
        return self


# --- what a listener could not hear, or a voice not speak ---


def words_of(text: str) -> list[str]:
    """The words of a text, case folded, without punctuation.

    >>> words_of("No, it's at six-thirty!")
    ['no', "it's", 'at', 'six', 'thirty']
    """
    folded = unicodedata.normalize("NFC", text).casefold().replace("\u2019", "'")
    return re.findall(r"[^\W_]+(?:'[^\W_]+)*", folded)


def says(text: str, phrase: str, language: str = "en") -> bool:
    """Whether a text holds a phrase word for word, whatever its case and punctuation."""
    wanted, found = words_of(phrase), words_of(text)
    if language.split("-")[0].lower() in _UNSPACED:
        return "".join(wanted) in "".join(found)
    return bool(wanted) and any(found[i : i + len(wanted)] == wanted for i in range(len(found) - len(wanted) + 1))


def check_language(language: str) -> None:
    """Refuse what is no language tag, before anything is written in it.

    Raises:
        ConfigError: script.language.
    """
    if not _LANGUAGE.fullmatch(language) or len(language) > 35:
        raise ConfigError(
            f"{language[:40]!r} is not a language tag.", code="script.language", hint="Write it like en, de or pt-BR."
        )


def problems_of(script: Script) -> list[str]:
    """Why a script cannot be spoken or its facts not be heard; empty for a good one."""
    found = []
    for i, line in enumerate(script.lines):
        found += [f"line {i}: {p}" for p in text_problems(line.text)]
    total = sum(len(line.text) for line in script.lines)
    if total > MAX_CHARS:
        found.append(f"{total} characters in all; {MAX_CHARS} are about a minute of talk, the most that is rendered")
    for text in (script.scenario, *(f.value for f in script.facts), *(n for n in script.names if n)):
        found += [f"{text[:40]!r}: {p}" for p in text_problems(text)]
    given = [n.casefold() for n in script.names if n]
    if len(set(given)) < len(given):
        found.append("two speakers have the same name")
    for fact in script.facts:
        found += [f"fact {fact.kind!r} ({fact.value[:40]!r}): {p}" for p in _fact_problems(script, fact)]
    for kind in ("scenario", "changed_mind", "agreed"):
        if len(script.of_kind(kind)) > 1:
            found.append(
                f"{len(script.of_kind(kind))} facts of kind {kind!r}: a question about it has no single answer"
            )
    named = {f.subject for f in script.of_kind("name")}
    for k, name in enumerate(script.names):
        if name and f"s{k}" not in named:
            found.append(f"the name {name!r} needs a fact of kind 'name' that tells where it is said")
    return found


def text_problems(text: str) -> list[str]:
    """What makes a text unfit to be spoken."""
    found = []
    bad = [c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")]
    if bad := [c for c in bad if c not in _ALLOWED_CONTROLS]:
        found.append(f"holds the invisible character U+{ord(bad[0]):04X}")
    if markup := _MARKUP.search(text):
        found.append(f"holds {markup.group()!r}: write what is spoken, without markup or stage directions")
    if _LABELLED.match(text):
        found.append("begins with the label of a speaker")
    if not any(c.isalnum() for c in text):
        found.append("holds no word")
    if text != text.strip() or "  " in text:
        found.append("has needless spaces")
    return found


def _fact_problems(script: Script, fact: Fact) -> Iterator[str]:
    kind, events = fact.kind, fact.events
    if kind not in KINDS:
        yield f"is of no known kind ({', '.join(KINDS)})"
        return
    if len(set(events)) < len(events):
        yield "names a line twice"
    if kind in ("name", "opinion", "changed_mind", "intent", "fact", "corrected"):
        if fact.subject is None:
            yield "names no subject"
            return
        if not events:
            yield "names no line that shows it"
            return
    who = int(fact.subject[1:]) if fact.subject else -1
    speakers = [script.lines[e].speaker for e in events]
    if kind in ("opinion", "intent", "fact") and any(s != who for s in speakers):
        yield f"points to a line that {fact.subject} does not speak"
    if kind == "name":
        if script.names[who] != fact.value:
            yield f"{fact.subject} is called {script.names[who]!r} in names"
        for e in events:
            if not says(script.lines[e].text, fact.value, script.language):
                yield f"line {e} does not say the name"
        if not any(_plain_whose(script, who, e) for e in events):
            yield f"nobody can tell whose name it is: {fact.subject} speaks neither those lines nor one beside them"
    if kind == "fact":
        said = [i for i, x in enumerate(script.lines) if says(x.text, fact.value, script.language)]
        if said != list(events):
            yield f"must be said word for word in exactly the lines it names; it is said in {said}"
        elif len(said) > 1:
            yield "is said more than once"
    if kind in ("changed_mind", "corrected"):
        if len(events) != 2 or events[0] >= events[1]:
            yield "needs two lines, the earlier one first"
        elif script.lines[events[1]].speaker != who:
            yield f"points to a line that {fact.subject} does not speak"
        elif (script.lines[events[0]].speaker == who) != (kind == "changed_mind"):
            yield "changed_mind: both lines are the subject's own; corrected: the first line is somebody else's"
    if kind == "answer_to":
        if len(events) != 2 or events[1] >= events[0]:
            yield "needs two lines: the answer, then the earlier line it answers"
        elif speakers[0] == speakers[1]:
            yield "is somebody answering themselves"
    yield from _english(fact)


def _english(fact: Fact) -> Iterator[str]:
    """Values are in English in every language, because they go into English questions; their form is checked."""
    if fact.kind in ("opinion", "changed_mind") and not fact.value.startswith(("for ", "against ")):
        yield "must begin with 'for' or 'against'"
    if fact.kind in ("intent", "agreed") and not fact.value.startswith("to "):
        yield "must begin with 'to'"


def _plain_whose(script: Script, who: int, line: int) -> bool:
    """Whether a name in a line is plainly that person's: two people talk, or the person speaks there or beside it."""
    beside = [script.lines[k].speaker for k in (line - 1, line, line + 1) if 0 <= k < len(script.lines)]
    return script.speakers == 2 or who in beside


# --- JSON lines ---


def script_to_json(script: Script) -> str:
    """One line of JSON, without the line end."""
    return json.dumps(
        {"v": SCRIPT_VERSION, **script.model_dump(mode="json", exclude_defaults=True)}, ensure_ascii=False
    )


def script_from_json(text: str, where: str = "script") -> Script:
    """The script that one line of JSON holds.

    Args:
        text: the line.
        where: names it in errors ("FILE, line 3").

    Raises:
        InputError: script.json (no JSON object), script.version, script.invalid (every reason is told).
    """
    if len(text) > _MAX_JSON:
        raise InputError(
            f"{where}: {len(text)} characters in one script; {_MAX_JSON} are too many.", code="script.json"
        )
    try:
        value: Any = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"{where}: not JSON: {error}.", code="script.json", hint="One script per line, each a JSON object."
        ) from None
    if not isinstance(value, dict):
        raise InputError(f"{where}: a script is a JSON object, not {type(value).__name__}.", code="script.json")
    version = value.pop("v", SCRIPT_VERSION)
    if version != SCRIPT_VERSION or isinstance(version, bool):
        raise InputError(
            f"{where}: version {version!r}; this release reads version {SCRIPT_VERSION}.", code="script.version"
        )
    return script_from_plain(value, where)


def script_from_plain(value: dict[str, Any], where: str = "script", *, all_problems: bool = False) -> Script:
    """The script that plain values make, checked whole.

    Args:
        value: fields of a script.
        where: names it in errors.
        all_problems: tell all that is wrong, however much; else the first eight.

    Raises:
        InputError: script.invalid.
    """
    try:
        script = Script.model_validate(value)
        problems = problems_of(script)
    except ValidationError as error:
        problems = [_told(e) for e in error.errors(include_url=False, include_input=False)]
    if problems:
        told = problems if all_problems else problems[:8]
        more = f" (and {len(problems) - len(told)} more)" if len(problems) > len(told) else ""
        raise InputError(f"{where}: {'; '.join(told)}{more}.", code="script.invalid")
    return script


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [k for k, _ in pairs]
    if len(set(keys)) < len(keys):
        raise ValueError(f"{next(k for k in keys if keys.count(k) > 1)!r} stands twice in one object")
    return dict(pairs)


def _told(error: Any) -> str:
    place = ".".join(str(x) for x in error["loc"])
    message = str(error["msg"]).removeprefix("Value error, ")
    return f"{place}: {message}" if place else message


def read_scripts(path: Path) -> Iterator[Script]:
    """The scripts of a JSON lines file, in its order; blank lines between them are allowed.

    Raises:
        InputError: script.unreadable (no such file, not UTF-8), script.empty, or as `script_from_json`, naming file and
            line.
    """
    count = 0
    try:
        with path.open(encoding="utf-8-sig") as lines:
            number = 0
            while text := lines.readline(_MAX_JSON + 2):  # a file without line ends is not read into memory whole
                number += 1
                if text.strip():
                    yield script_from_json(text.rstrip("\n"), f"{path}, line {number}")
                    count += 1
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read: {error}.", code="script.unreadable") from None
    if not count:
        raise InputError(f"{path} holds no script.", code="script.empty", hint="One JSON object per line.")


def save_scripts(path: Path, scripts: Iterable[Script]) -> int:
    """Write scripts as JSON lines, all or none; returns how many."""
    from audio_reasoner.core.run import write_atomic

    texts = [script_to_json(s) + "\n" for s in scripts]
    write_atomic(path, "".join(texts).encode())
    return len(texts)
