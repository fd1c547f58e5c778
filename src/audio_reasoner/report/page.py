"""The shell of a report: one HTML file that needs nothing else, today or in ten years.

Decision: style and script are written into the file, data is markup (never script), and a content security policy forbids
the page to load or run anything but that: a label like ``<script>`` stays text even if an escape were forgotten somewhere. No
date and no path of this machine is written by the shell, so equal input gives equal bytes.
"""

# ruff: noqa: E501 (markup is easier to read unbroken)

from __future__ import annotations

import base64
import hashlib
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from markupsafe import Markup

from audio_reasoner.core.run import storage_problem


@dataclass(frozen=True)
class Section:
    """One chapter: `ident` is its anchor, `body` its HTML, `lead` one sentence on what to look for."""

    ident: str
    title: str
    body: Markup
    lead: str | Markup = ""


def asset(name: str) -> str:
    """Text of a file in this package's assets/."""
    return files("audio_reasoner.report").joinpath("assets", name).read_text(encoding="utf-8")


def tile(label: str, value: str, note: str = "") -> Markup:
    """A headline number."""
    # A value of more than eight characters is set smaller, so that it stays on one line in a row of seven tiles.
    return Markup('<div class="tile"><dt>{}</dt><dd{}>{}</dd>{}</div>').format(
        label,
        Markup(' class="long"') if len(value) > 8 else "",
        value,
        Markup("<small>{}</small>").format(note) if note else "",
    )


def tiles(items: Sequence[Markup]) -> Markup:
    """A row of headline numbers."""
    return Markup('<dl class="tiles">{}</dl>').format(Markup("").join(items))


def card(title: str, body: Markup, note: str | Markup = "", *, wide: bool = False) -> Markup:
    """A framed chart or table with its heading and, below, one line on how to read it."""
    return Markup('<section class="card{}"><h3>{}</h3>{}{}</section>').format(
        " wide" if wide else "", title, body, Markup('<p class="hint">{}</p>').format(note) if note else ""
    )


def cards(items: Sequence[Markup]) -> Markup:
    """Cards side by side where the window is wide enough."""
    return Markup('<div class="cards">{}</div>').format(Markup("").join(items))


def table(
    header: Sequence[str], rows: Sequence[Sequence[str | Markup]], *, numeric: Sequence[int] = (), caption: str = ""
) -> Markup:
    """A table that scrolls sideways inside its own box on a narrow screen. `numeric` columns stand flush right."""
    head = Markup("").join(
        [
            Markup('<th scope="col"{}>{}</th>').format(Markup(' class="n"') if i in numeric else "", h)
            for i, h in enumerate(header)
        ]
    )
    body = Markup("").join(
        [
            Markup("<tr>{}</tr>").format(
                Markup("").join(
                    [
                        Markup("<td{}>{}</td>").format(Markup(' class="n"') if i in numeric else "", cell)
                        for i, cell in enumerate(row)
                    ]
                )
            )
            for row in rows
        ]
    )
    cap = Markup("<caption>{}</caption>").format(caption) if caption else ""
    return Markup(
        '<div class="scroll" tabindex="0" role="region" aria-label="{}"><table{}>{}<thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>'
    ).format(caption or "Table", Markup(' class="many"') if len(header) > 4 else "", cap, head, body)


def page(
    title: str,
    subtitle: str | Markup,
    sections: Sequence[Section],
    *,
    kicker: str = "audio-reasoner",
    top: Markup | None = None,
    footer: str | Markup = "",
    styles: Sequence[str] = (),
) -> str:
    """The whole document.

    Args:
        title: heading and window title.
        subtitle: what this page is, in a sentence or two.
        sections: chapters, also the navigation.
        kicker: small line above the title.
        top: what stands between the heading and the first chapter, e.g. tiles.
        footer: last line.
        styles: further style sheets of assets/ that charts of this page need.
    """
    css, js = "".join(map(asset, ("page.css", *styles))), asset("page.js")
    # The browser hashes exactly what stands between the tags.
    script_hash = base64.b64encode(hashlib.sha256(js.encode("utf-8")).digest()).decode("ascii")
    policy = (
        f"default-src 'none'; script-src 'sha256-{script_hash}'; style-src 'unsafe-inline'; img-src data:; media-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )
    nav = Markup("").join([Markup('<a href="#{}">{}</a>').format(s.ident, s.title) for s in sections])
    chapters = Markup("").join(
        [
            Markup(
                '<section class="chapter" id="{}" aria-labelledby="h-{}"><h2 id="h-{}">{}</h2>{}{}</section>\n'
            ).format(
                s.ident,
                s.ident,
                s.ident,
                s.title,
                Markup('<p class="lead">{}</p>').format(s.lead) if s.lead else "",
                s.body,
            )
            for s in sections
        ]
    )
    return str(
        Markup(
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="generator" content="audio-reasoner">\n'
            '<title>{title} · {kicker}</title>\n<link rel="icon" href="data:,">\n<style>\n{css}</style>\n</head>\n<body>\n'
            '<a class="skip" href="#main">Skip to the content</a>\n'
            '<div class="bar"><nav aria-label="Chapters">{nav}</nav><button id="theme" type="button" aria-label="Colours: as the system">◐</button></div>\n'
            '<header><p class="kicker">{kicker}</p><h1>{title}</h1><p class="subtitle">{subtitle}</p></header>\n'
            '<main id="main">\n{top}{chapters}</main>\n<footer>{footer}</footer>\n<script>{js}</script>\n</body>\n</html>\n'
        ).format(
            policy=policy,
            title=title,
            kicker=kicker,
            css=Markup(css),
            js=Markup(js),
            nav=nav,
            subtitle=subtitle,
            top=top or "",
            chapters=chapters,
            footer=footer,
        )
    )


def facet_controls(facets: Mapping[str, Mapping[str, int]]) -> Markup:
    """One select per facet, its values with their counts."""
    out = []
    for name, values in facets.items():
        if len(values) < 2:
            continue  # a filter with one value filters nothing
        options = Markup("").join(
            [Markup('<option value="{}">{} ({})</option>').format(v, v, n) for v, n in values.items()]
        )
        out.append(
            Markup('<label>{}<select data-facet="{}"><option value="">all</option>{}</select></label>').format(
                name, name, options
            )
        )
    return Markup("").join(out)


def write_text(path: Path, text: str) -> int:
    """Write a page so that a reader never sees half of it; returns its size in bytes.

    A lone surrogate (an undecodable file name) is written as an escape instead of failing the whole report.

    Raises:
        EnvironmentProblem: the disk is full, or nothing may be written there.
    """
    data = text.encode("utf-8", "backslashreplace")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as f:
                f.write(data)
            temporary.chmod(0o644)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise storage_problem(error, path) from error
    return len(data)
