"""Charts say their numbers, draw them to scale and escape what they are given."""

from __future__ import annotations

import doctest
import itertools
import re
import struct
import zlib
from xml.etree import ElementTree

import numpy as np
import pytest
from markupsafe import Markup

from audio_reasoner.report import Bar, Span, Stage, bars, charts, funnel, histogram, ranges, share_bar, text, timeline
from audio_reasoner.report.png import RAMP, encode_png

HOSTILE = "</script><script>alert(1)</script>\"'<img src=x onerror=alert(2)>&\u2028"


def parse(markup: Markup) -> ElementTree.Element:
    """Charts are well-formed XML, so a browser's leniency is not needed."""
    return ElementTree.fromstring(f"<root>{markup}</root>")


def widths(root: ElementTree.Element, colour: str) -> list[float]:
    return [float(r.get("width", "").rstrip("%")) for r in root.iter("rect") if r.get("class") == colour]


@pytest.mark.parametrize("module", [text, charts])
def test_examples_in_docstrings(module: object) -> None:
    result = doctest.testmod(module)  # type: ignore[arg-type]
    assert result.attempted > 0
    assert result.failed == 0


def test_bars_are_proportional_and_say_their_numbers() -> None:
    root = parse(bars([Bar("dog", 400), Bar("cat", 100), Bar("owl", 1)], "Labels", whole=1000))
    assert widths(root, "c0") == [100.0, 25.0, 0.25]
    written = " ".join(root.itertext())
    for piece in ("dog", "400 · 40.0%", "100 · 10.0%", "1 · 0.1%"):
        assert piece in written
    assert "cat 100" in (root.find("svg").get("aria-label") or "")  # type: ignore[union-attr]


def test_bars_beyond_the_limit_are_summed_not_dropped() -> None:
    root = parse(bars([Bar(f"label {i}", 10) for i in range(20)], "Labels", limit=12))
    assert "8 more" in " ".join(root.itertext())
    assert "80" in " ".join(root.itertext())
    assert widths(root, "c0") == [100.0] * 12  # the rest has no bar that would make the others look small


def test_share_bar_fills_the_width_and_lists_every_part() -> None:
    root = parse(share_bar([("easy", 1), ("hard", 3)], "Difficulty"))
    cells = [s for s in root.iter("svg") if s.get("x")]
    assert [c.get("x") for c in cells] == ["0%", "25%"]
    assert [c.get("width") for c in cells] == ["25%", "75%"]
    assert "75.0%" in " ".join(root.itertext())


def test_histogram_heights_follow_shares_and_the_line_is_the_moving_average() -> None:
    counts = [0, 10, 30, 10]
    root = parse(histogram(counts, [0, 100, 200, 300, 400], "Words", x_label="words"))
    tall = [float(r.get("height", "0")) for r in root.iter("rect")]
    assert tall[0] == 0
    assert tall[2] == pytest.approx(3 * tall[1], rel=0.01)
    line = next(root.iter("polyline")).get("points", "").split()
    heights = [100 - float(p.split(",")[1]) for p in line]
    # 20, 60, 20 per cent; the axis ends at 100.
    assert heights == pytest.approx([10, 80 / 3, 100 / 3, 40], abs=0.02)
    assert "100–200 words: 10 (20.0%)" in " ".join(root.itertext())


@pytest.mark.parametrize("counts", [[0, 0, 0, 0], [1], [5] * 12])
def test_histogram_of_little(counts: list[int]) -> None:
    parse(histogram(counts, list(range(len(counts) + 1)), "Words"))


def test_ranges_place_minimum_mean_and_maximum_on_one_scale() -> None:
    root = parse(ranges([("a", 20, 50, 100), ("b", 0, 10, 40)], "Words", unit="words"))
    dots = [c.get("cx") for c in root.iter("circle")]
    assert dots == ["50%", "10%"]
    spans = [(r.get("x"), r.get("width")) for r in root.iter("rect") if r.get("class") == "c1"]
    assert spans == [("20%", "80%"), ("0%", "40%")]


def test_funnel_counts_ratios_and_reasons() -> None:
    stages = [
        Stage("Clips", 8, "clips", (("audio.silent", 2),)),
        Stage("Questions", 24, "questions"),
        Stage("Accepted", 18, "questions", (("claim.contradicted", 6),)),
    ]
    root = parse(funnel(stages, "Funnel"))
    written = " ".join(root.itertext())
    for piece in ("−2", "audio.silent", "3.0 per clip", "75.0%", "claim.contradicted"):
        assert piece in written
    assert widths(root, "lost") == [20.0, 0.0, 25.0]


def test_timeline_places_events_and_cuts_what_lies_outside() -> None:
    root = parse(timeline([Span(1, 2, "dog"), Span(2, 3, "bell"), Span(3.5, 9, "dog")], 4, "Heard"))
    drawn = [(r.get("x"), r.get("width"), r.get("y")) for r in root.iter("rect") if "span" in (r.get("class") or "")]
    assert drawn == [("25%", "25%", "3"), ("87.5%", "12.5%", "3"), ("50%", "25%", "29")]


@pytest.mark.parametrize(
    "draw",
    [
        lambda x: bars([Bar(x, 1, x)], x),
        lambda x: share_bar([(x, 1)], x),
        lambda x: histogram([1], [0, 1], x, x_label=x),
        lambda x: ranges([(x, 0, 1, 2)], x, unit=x),
        lambda x: funnel([Stage(x, 1, x, ((x, 1),))], x),
        lambda x: timeline([Span(0, 1, x, x)], 1, x),
    ],
)
def test_hostile_labels_stay_text(draw) -> None:  # type: ignore[no-untyped-def]
    markup = draw(HOSTILE)
    assert "<script" not in markup
    assert "<img" not in markup
    root = parse(markup)  # quotes have not broken out of an attribute
    assert {e.tag for e in root.iter()} <= {
        "root", "svg", "g", "title", "text", "tspan", "rect", "circle", "line", "polyline", "ul", "ol", "li", "i", "b",
        "small", "span", "code", "div",
    }  # fmt: skip
    assert not [k for e in root.iter() for k in e.attrib if k.startswith("on")]


def read_png(data: bytes) -> np.ndarray:
    """An independent reader of our PNGs, chunk by chunk with its checksum."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, chunks = 8, {}
    while at < len(data):
        (n,) = struct.unpack(">I", data[at : at + 4])
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + n]
        assert struct.unpack(">I", data[at + 8 + n : at + 12 + n])[0] == zlib.crc32(kind + body)
        chunks[kind] = body
        at += 12 + n
    width, height, depth, colour, *_ = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    assert (depth, colour) == (4, 3)
    lines = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, -1)
    assert not lines[:, 0].any()
    pixels = np.empty((height, 2 * (lines.shape[1] - 1)), np.uint8)
    pixels[:, 0::2], pixels[:, 1::2] = lines[:, 1:] >> 4, lines[:, 1:] & 15
    return pixels[:, :width]


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (72, 360)])
def test_png_holds_the_pixels(shape: tuple[int, int]) -> None:
    pixels = np.random.default_rng(0).integers(0, 16, shape).astype(np.uint8)
    np.testing.assert_array_equal(read_png(encode_png(pixels)), pixels)


def test_png_refuses_a_colour_that_is_not_there() -> None:
    with pytest.raises(ValueError, match="index 16"):
        encode_png(np.full((2, 2), 16, np.uint8))


def test_ramp_grows_steadily_lighter() -> None:
    light = [0.2126 * r + 0.7152 * g + 0.0722 * b for r, g, b in RAMP]
    assert all(b - a > 3 for a, b in itertools.pairwise(light))
    assert len(set(RAMP)) == 16


def test_words_and_shares_never_hide_a_rest() -> None:
    assert text.words("狗叫 twice") == 3
    assert text.share(999_999, 1_000_000) == "> 99.9%"
    assert not re.search(r"\d", text.share(0, 0))
