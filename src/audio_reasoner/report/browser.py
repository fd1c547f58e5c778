"""A browser of many entries in one page: list, search, filters, previous and next, one entry shown at a time.

Decision: entries are rendered here and stored compressed, in packs of 64 that the page unpacks when it needs them (the
browser's own DecompressionStream; five thousand chains of 400 words take some 6 MB). The list holds only the lines in
view. Markup comes from this package alone and everything in it is escaped; the script clones it and never builds markup
from data. Parts that several entries share (the player of a clip with six questions) are stored once and put in place by
name; those that hold pictures or sound are compressed already and stand in the page as inert templates.
"""

# ruff: noqa: E501 (markup is easier to read unbroken)

from __future__ import annotations

import base64
import json
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

from audio_reasoner.report.page import facet_controls

PACK = 64
"""Entries in one pack: showing one costs the unpacking of its pack, some milliseconds."""
PLAIN = "data:"
"""A part with this in it is not packed again."""


@dataclass(frozen=True)
class Entry:
    """One entry: `facets` are what can be filtered by, `badges` stand under its title in the list.

    `alarm` marks entries that the key `x` jumps to, for example refused ones.
    """

    ident: str
    title: str
    body: Markup
    facets: Mapping[str, str] = field(default_factory=dict)
    badges: Sequence[str] = ()
    alarm: bool = False


def shared(name: str) -> Markup:
    """The place in an entry's body where the shared part of that name is shown."""
    return Markup('<div data-shared="{}"></div>').format(name)


def disclosure(title: str, body: Markup, *, colour: int, aside: str = "", opened: bool = True) -> Markup:
    """A foldable coloured card."""
    return Markup(
        '<details class="fold b{}"{}><summary><span>{}</span><small>{}</small></summary><div class="text">{}</div></details>'
    ).format(colour, Markup(" open") if opened else "", title, aside, body)


def prose(text: str, marks: Sequence[tuple[int, int, str, str]] = ()) -> Markup:
    """Text as written: line breaks kept, right-to-left scripts set their own direction.

    Args:
        text: any text.
        marks: (start, end, class, explanation) of what is marked in it, by character; what overlaps an earlier mark or
            lies outside the text is left unmarked.
    """
    out: list[Markup] = []
    at = 0
    for start, end, name, why in sorted(marks):
        if start < at or end > len(text) or start >= end:
            continue
        out.append(Markup('{}<mark class="{}" title="{}">{}</mark>').format(text[at:start], name, why, text[start:end]))
        at = end
    out.append(Markup("{}").format(text[at:]))
    return Markup('<p dir="auto" class="prose">{}</p>').format(Markup("").join(out))


def copyable(label: str, value: str) -> Markup:
    """A value with a button that copies it."""
    return Markup(
        '<div class="id"><dt>{}</dt><dd><code>{}</code><button type="button" class="copy" data-copy="{}" aria-label="Copy {}">copy</button></dd></div>'
    ).format(label, value, value, label)


def _pack(kind: str, value: Any) -> Markup:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")
    packed = base64.b64encode(zlib.compress(text, 9)).decode("ascii")
    return Markup('<template class="pack" data-kind="{}">{}</template>\n').format(kind, packed)


def unpack(text: str) -> Any:
    """What a pack holds: for tests and for tools that read a page."""
    return json.loads(zlib.decompress(base64.b64decode(text)))


def _chunks(items: Sequence[Any]) -> list[Sequence[Any]]:
    return [items[i : i + PACK] for i in range(0, len(items), PACK)]


def _index(entries: Sequence[Entry]) -> tuple[dict[str, Any], dict[str, dict[str, int]]]:
    """What the list and the filters need, column by column; and how many entries have each value of each facet."""
    names = list(dict.fromkeys(facet for e in entries for facet in e.facets))
    facets: dict[str, Any] = {}
    counts: dict[str, dict[str, int]] = {}
    for name in names:
        of = [e.facets.get(name, "") for e in entries]
        counts[name] = dict(sorted((k, n) for k, n in Counter(of).items() if k))
        values = ["", *counts[name]]
        place = {v: i for i, v in enumerate(values)}
        facets[name] = {"values": values, "of": [place[v] for v in of]}
    index = {
        "ids": [e.ident for e in entries],
        "titles": [e.title for e in entries],
        "badges": [" · ".join(e.badges) for e in entries],
        "alarms": [i for i, e in enumerate(entries) if e.alarm],
        "facets": facets,
        "pack": PACK,
    }
    return index, counts


def browser(entries: Sequence[Entry], parts: Mapping[str, Markup], *, name: str = "entries", alarm: str = "") -> Markup:
    """The browser.

    Args:
        entries: in the order of the list.
        parts: the shared parts by name.
        name: the plural word for an entry.
        alarm: what the marked entries are ("refused"); nothing hides the button that jumps to them.
    """
    index, facets = _index(entries)
    packs = [_pack("index", index)]
    packs += [_pack("bodies", [str(e.body) for e in chunk]) for chunk in _chunks(entries)]
    # In the order in which the entries use them, so that neighbours lie in the same pack.
    light = [(k, str(v)) for k, v in parts.items() if PLAIN not in v]
    packs.append(_pack("places", {k: i // PACK for i, (k, _) in enumerate(light)}))
    packs += [_pack("parts", dict(chunk)) for chunk in _chunks(light)]
    stored = [
        Markup('<template class="part" data-name="{}">{}</template>\n').format(k, v)
        for k, v in parts.items()
        if PLAIN in v
    ]
    jump = (
        Markup('<button type="button" class="alarm" aria-keyshortcuts="x">{} <kbd>x</kbd></button>').format(alarm)
        if alarm and index["alarms"]
        else ""
    )
    return Markup(
        '<div class="browser" data-name="{name}">\n'
        '<noscript><p class="note">The list of {name} needs JavaScript; nothing is loaded from anywhere.</p></noscript>\n'
        '<div class="tools" role="search"><label class="find">Search<input type="search" placeholder="words in a question, chain or label" autocomplete="off"></label>'
        '{controls}<button type="button" class="reset">Reset</button></div>\n'
        '<div class="panes"><div class="side"><p class="found" role="status" aria-live="polite"></p><div class="window" tabindex="-1"><ol class="list" aria-label="{name}"></ol></div></div>\n'
        '<div class="main"><div class="steps"><button type="button" class="prev" aria-keyshortcuts="k">← <kbd>k</kbd></button>'
        '<span class="where" aria-live="polite"></span><button type="button" class="next" aria-keyshortcuts="j"><kbd>j</kbd> →</button>'
        '{jump}<button type="button" class="random" aria-keyshortcuts="r">random <kbd>r</kbd></button>'
        '<button type="button" class="foldall" aria-keyshortcuts="f">fold <kbd>f</kbd></button>'
        '<span class="keys"><kbd>space</kbd> play <kbd>/</kbd> search</span></div>\n'
        '<article class="shown" tabindex="-1"></article></div></div>\n{packs}{stored}</div>'
    ).format(
        name=name,
        controls=facet_controls(facets),
        jump=jump,
        packs=Markup("").join(packs),
        stored=Markup("").join(stored),
    )
