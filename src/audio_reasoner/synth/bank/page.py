"""A page on which a person can see and hear every class of the procedural bank, and the picture of it for the docs.

Decision: several renders of each class side by side, because the question is whether a class varies and still is
itself; a stretch of a track below them, because it has to go on without a seam; and under each class the sounds that
may and may not stand against it, because that is what questions are made with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from audio_reasoner import report
from audio_reasoner.checks.ontology import found_with, kinds, places_of, rivals, similarity
from audio_reasoner.core import ids
from audio_reasoner.synth.bank.render import BANK, CLASSES, KINDS_OF_SOUND, TRACK_CLASSES, render_event
from audio_reasoner.synth.dsp import RATE

if TYPE_CHECKING:
    from markupsafe import Markup

TRACK_S = 6.0
"""Length of the stretch of a track on the page, seconds."""
_SAID = {"event": "short events", "track": "tracks", "both": "short events and tracks"}
_LEVELS = {
    1: ("·", "of one family", "#8883"),
    2: ("+", "alike", "#3b82c455"),
    3: ("×", "confusable", "#d9662a77"),
}
"""Marks of the square of similarities: what the mark says, and a colour that shows on light and dark ground."""


def bank_page(seed: int = 0, renders: int = 3, event_s: float = 0.8) -> str:
    """HTML of the whole bank: `renders` renders of each class and a stretch of each track, all inside the page.

    Args:
        seed: which renders.
        renders: renders of each class.
        event_s: length of a render, seconds.
    """
    sections = [report.Section("relations", "Which sounds are alike", _relations(), _HOW_TO_READ)]
    for name in CLASSES:
        players = [_player(f"{name} {i + 1}", name, seed, i, event_s) for i in range(renders)]
        if name in TRACK_CLASSES:
            players.append(_player(f"{name}, a track", name, seed, renders, TRACK_S))
        lead = " ".join((BANK[name].__doc__ or "").split())
        body = report.cards([*players, report.card("Relations", _company(name))])
        sections.append(report.Section(name, name, body, lead))
    each = "one render" if renders == 1 else f"{renders} renders"
    about = (
        f"{len(CLASSES)} classes, {each} of each with seed {seed}, {event_s:g} seconds long, and {TRACK_S:g} seconds "
        "of each class that can be a track. Cartoons of their names, made from parameters: no recording, and no claim "
        "to sound real."
    )
    top = report.tiles(
        [
            report.tile("classes", str(len(CLASSES))),
            *(
                report.tile(_SAID[kind], str(sum(k == kind for k in KINDS_OF_SOUND.values())), "classes")
                for kind in ("event", "both", "track")
            ),
        ]
    )
    return report.page("The sound bank", about, sections, top=top)


_HOW_TO_READ = (
    "× one could be called the other: they never stand in one question. + alike: a hard wrong option. "
    "· of one family. Empty: unrelated, an easy wrong option."
)


def _player(title: str, name: str, seed: int, number: int, length_s: float) -> Markup:
    x = render_event(name, ids.derive_seed(seed, "bank-page", name, number), int(length_s * RATE))
    return report.card(title, report.player(length_s, sound=report.encode_listening(x), pcm=x))


def _relations() -> Markup:
    """The similarity of every pair of classes as a square of marks, names at both sides."""
    from markupsafe import Markup

    step, edge = 22, 92
    size = edge + step * len(CLASSES) + 4
    out = []
    for i, a in enumerate(CLASSES):
        at = edge + step * i + step // 2
        out.append(
            Markup(
                '<text x="{}" y="{}" text-anchor="end">{}</text>'
                '<text transform="translate({},{}) rotate(-60)">{}</text>'
            ).format(edge - 8, at + 4, a, at + 2, edge - 8, a)
        )
        for j, b in enumerate(CLASSES):
            level = similarity(a, b)
            if a == b or not level:
                continue
            mark, said, fill = _LEVELS[level]
            x, y = edge + step * j, edge + step * i
            out.append(
                Markup(
                    '<g><title>{} and {}: {}</title><rect x="{}" y="{}" width="{}" height="{}" rx="3" fill="{}"/>'
                    '<text x="{}" y="{}" text-anchor="middle">{}</text></g>'
                ).format(a, b, said, x + 1, y + 1, step - 2, step - 2, fill, x + step // 2, y + 15, mark)
            )
    return Markup(
        '<div style="overflow-x:auto" tabindex="0" role="region" aria-label="Similarity of the classes">'
        '<svg role="img" aria-label="Similarity of every pair of classes" viewBox="0 0 {} {}" width="{}" '
        'height="{}" font-size="12" fill="currentColor" style="max-width:none">{}</svg></div>'
    ).format(size, size, size, size, Markup("").join(out))


def _company(name: str) -> Markup:
    """What the ontology says about a class, as a small table."""
    offered = rivals([name], [c for c in CLASSES if c != name])
    never = [c for c in CLASSES if c != name and c not in offered]
    hard = [c for c in offered if similarity(name, c) == 2]
    near = [c for c in found_with(name) if c in offered]
    rows = [
        ("used for", _SAID[KINDS_OF_SOUND[name]]),
        ("is a", ", ".join(kinds(name))),
        ("heard in", ", ".join(places_of(name))),
        ("found with", ", ".join(near[:10])),
        ("hard against", ", ".join(hard)),
        ("never against", ", ".join(never)),
    ]
    return report.table(("relation", "sounds"), [(a, b or "none") for a, b in rows])


def bank_picture(seed: int = 0) -> str:
    """SVG of the bank: a spectrogram of an event of each class, and of eight seconds where it can be a track.

    Sixteen colours and few pixels, so that the picture can live in a repository.
    """
    import base64

    from audio_reasoner.report.player import spectrogram
    from audio_reasoner.report.png import encode_png

    columns, wide, high, gap = 4, 118, 56, 6
    tile_w, tile_h = 2 * wide + gap + 18, high + 34
    rows = -(-len(CLASSES) // columns)
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{columns * tile_w + 12}" height="{rows * tile_h + 12}" '
        f'viewBox="0 0 {columns * tile_w + 12} {rows * tile_h + 12}" font-family="system-ui, sans-serif">',
        '<rect width="100%" height="100%" rx="8" fill="#fff"/>',
    ]
    for i, name in enumerate(CLASSES):
        x, y = 14 + i % columns * tile_w, 12 + i // columns * tile_h
        out.append(f'<text x="{x}" y="{y + 13}" font-size="14" font-weight="600" fill="#14213d">{name}</text>')
        lengths = {"event": (0.8,), "both": (0.8, 8.0), "track": (8.0,)}[KINDS_OF_SOUND[name]]
        width = wide if len(lengths) == 2 else 2 * wide + gap
        for j, length_s in enumerate(lengths):
            left = x + j * (wide + gap)
            pcm = render_event(name, ids.derive_seed(seed, "bank-picture", name, j), int(length_s * RATE))
            data = base64.b64encode(encode_png(spectrogram(pcm, width=width, height=high))).decode("ascii")
            out.append(
                f'<text x="{left + width}" y="{y + 13}" font-size="11" text-anchor="end" fill="#5b6b7f">{length_s:g} s'
                f'</text><image x="{left}" y="{y + 18}" width="{width}" height="{high}" '
                f'href="data:image/png;base64,{data}"/>'
            )
    return "\n".join([*out, "</svg>\n"])
