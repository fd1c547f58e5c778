"""A page on which a person can see and hear every class of the bank: `audio-reasoner synth bank`.

Decision: several renders of each class side by side: the question is whether a class varies and still is itself.
"""

from __future__ import annotations

from audio_reasoner import report
from audio_reasoner.core import ids
from audio_reasoner.synth.bank import BANK, CLASSES, render_event
from audio_reasoner.synth.dsp import RATE


def bank_page(seed: int = 0, renders: int = 3, event_s: float = 0.8) -> str:
    """HTML of the whole bank: `renders` renders of each class, `event_s` seconds each, all inside the page."""
    sections = []
    for name in CLASSES:
        players = []
        for i in range(renders):
            x = render_event(name, ids.derive_seed(seed, "bank-page", name, i), int(event_s * RATE))
            players.append(
                report.card(f"{name} {i + 1}", report.player(event_s, sound=report.encode_listening(x), pcm=x))
            )
        lead = " ".join((BANK[name].__doc__ or "").split())
        sections.append(report.Section(name, name, report.cards(players), lead))
    about = f"{len(CLASSES)} classes, {renders} renders of each with seed {seed}, {event_s:g} seconds long."
    return report.page("The sound bank", about, sections)
