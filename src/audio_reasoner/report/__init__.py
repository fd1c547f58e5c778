"""Pages one can look at: an HTML shell, charts, a player, a browser of entries. Knows no record of this project.

Decision: everything here takes plain values and returns escaped markup, so that the data report, the evaluation report
and later pages look alike and none of them can inject a label into its page.
"""

from __future__ import annotations

from audio_reasoner.report import text
from audio_reasoner.report.browser import Entry, browser, copyable, disclosure, prose, shared
from audio_reasoner.report.charts import Bar, Span, Stage, bars, funnel, histogram, ranges, share_bar, timeline
from audio_reasoner.report.dots import Cell, Curve, Dot, DotLine, curves, dot_plot, mark, matrix, signs
from audio_reasoner.report.page import Section, card, cards, page, table, tile, tiles, write_text
from audio_reasoner.report.player import Listening, encode_listening, player

__all__ = [
    "Bar",
    "Cell",
    "Curve",
    "Dot",
    "DotLine",
    "Entry",
    "Listening",
    "Section",
    "Span",
    "Stage",
    "bars",
    "browser",
    "card",
    "cards",
    "copyable",
    "curves",
    "disclosure",
    "dot_plot",
    "encode_listening",
    "funnel",
    "histogram",
    "mark",
    "matrix",
    "page",
    "player",
    "prose",
    "ranges",
    "share_bar",
    "shared",
    "signs",
    "table",
    "text",
    "tile",
    "tiles",
    "timeline",
    "write_text",
]
