"""A browser of many entries in one page: list, search, filters, previous and next, one entry shown at a time.

Decision: every entry is an inert `<template>` rendered here. The page opens at once however many entries it holds, because
pictures and sound inside a template are not decoded until it is shown, and the script only clones markup, never builds it
from data. Parts that several entries share (the player of a clip with six questions) are stored once and put in place by name.
"""

# ruff: noqa: E501 (markup is easier to read unbroken)

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from audio_reasoner.report.page import facet_controls


@dataclass(frozen=True)
class Entry:
    """One entry: `facets` are what can be filtered by, `badges` stand under its title in the list."""

    ident: str
    title: str
    body: Markup
    facets: Mapping[str, str] = field(default_factory=dict)
    badges: Sequence[str] = ()


def shared(name: str) -> Markup:
    """The place in an entry's body where the shared part of that name is shown."""
    return Markup('<div data-shared="{}"></div>').format(name)


def disclosure(title: str, body: Markup, *, colour: int, aside: str = "", opened: bool = True) -> Markup:
    """A foldable coloured card."""
    return Markup(
        '<details class="fold b{}"{}><summary><span>{}</span><small>{}</small></summary><div class="text">{}</div></details>'
    ).format(colour, Markup(" open") if opened else "", title, aside, body)


def prose(text: str) -> Markup:
    """Text as written: line breaks kept, right-to-left scripts set their own direction."""
    return Markup('<p dir="auto" class="prose">{}</p>').format(text)


def copyable(label: str, value: str) -> Markup:
    """A value with a button that copies it."""
    return Markup(
        '<div class="id"><dt>{}</dt><dd><code>{}</code><button type="button" class="copy" data-copy="{}" aria-label="Copy {}">copy</button></dd></div>'
    ).format(label, value, value, label)


def browser(entries: Sequence[Entry], parts: Mapping[str, Markup], *, name: str = "entries") -> Markup:
    """The browser. `parts` are the shared parts by name; `name` is the plural word for an entry."""
    facets: dict[str, Counter[str]] = {}
    for e in entries:
        for facet, value in e.facets.items():
            facets.setdefault(facet, Counter())[value] += 1
    ordered = {facet: dict(sorted(values.items())) for facet, values in facets.items()}
    templates = Markup("").join(
        [
            Markup(
                '<template class="entry" data-id="{}" data-title="{}" data-facets="{}" data-badges="{}">{}</template>\n'
            ).format(
                e.ident,
                e.title,
                json.dumps(dict(e.facets), ensure_ascii=False),
                json.dumps(list(e.badges), ensure_ascii=False),
                e.body,
            )
            for e in entries
        ]
    )
    stored = Markup("").join(
        [Markup('<template class="part" data-name="{}">{}</template>\n').format(k, v) for k, v in parts.items()]
    )
    return Markup(
        '<div class="browser" data-name="{name}">\n'
        '<noscript><p class="note">The list of {name} needs JavaScript; nothing is loaded from anywhere.</p></noscript>\n'
        '<div class="tools" role="search"><label class="find">Search<input type="search" placeholder="words in a question, chain or label" autocomplete="off"></label>'
        '{controls}<button type="button" class="reset">Reset</button></div>\n'
        '<div class="panes"><div class="side"><p class="found" role="status" aria-live="polite"></p><ol class="list" aria-label="{name}"></ol></div>\n'
        '<div class="main"><div class="steps"><button type="button" class="prev" aria-keyshortcuts="k">← <kbd>k</kbd></button>'
        '<span class="where" aria-live="polite"></span><button type="button" class="next" aria-keyshortcuts="j"><kbd>j</kbd> →</button>'
        '<button type="button" class="random" aria-keyshortcuts="r">random <kbd>r</kbd></button>'
        '<button type="button" class="foldall" aria-keyshortcuts="f">fold <kbd>f</kbd></button>'
        '<span class="keys"><kbd>space</kbd> play <kbd>/</kbd> search</span></div>\n'
        '<article class="shown" tabindex="-1"></article></div></div>\n{templates}{stored}</div>'
    ).format(name=name, controls=facet_controls(ordered), templates=templates, stored=stored)
