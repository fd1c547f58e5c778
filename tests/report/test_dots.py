"""Dots, curves and matrices: everything is escaped, positions are right, and nothing breaks on little data."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest

from audio_reasoner.report import Cell, Curve, Dot, DotLine, curves, dot_plot, mark, matrix, signs

EVIL = "<script>alert(1)</script>\"'&"


def _placed(markup: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r'<svg class="mk [^"]*" x="([-\d.]+)%" y="([-\d.]+)"', markup)]


def test_a_dot_stands_where_its_value_is() -> None:
    lines = [DotLine("a", (Dot(25.0), Dot(75.0, "ring", interval=(50.0, 100.0)))), DotLine("b", (Dot(0.0, "tick"),))]
    drawn = str(dot_plot(lines, "Title"))
    assert [x for x, _ in _placed(drawn)] == [25.0, 75.0, 0.0]
    assert 'class="whisker k4" x1="50%" x2="100%"' in drawn
    assert "a:  75.00 (50.0 to 100.0)" in drawn
    shifted = str(dot_plot([DotLine("a", (Dot(5.5),))], "t", low=1.0, high=10.0))
    assert _placed(shifted)[0][0] == 50.0


def test_what_lies_beyond_stands_at_the_edge() -> None:
    drawn = str(dot_plot([DotLine("a", (Dot(-5.0), Dot(250.0, interval=(90.0, 400.0))))], "t"))
    assert [x for x, _ in _placed(drawn)] == [0.0, 100.0]
    assert 'x2="100%"' in drawn


def test_spread_dots_do_not_hide_each_other_and_ticks_stay() -> None:
    line = DotLine("a", (Dot(30.0, "tick"), Dot(50.0), Dot(50.0, "square"), Dot(50.0, "diamond")), spread=True)
    (tick, *others) = _placed(str(dot_plot([line], "t")))
    heights = [y for _, y in others]
    assert heights == sorted(set(heights))
    assert len(heights) == 3
    assert tick[1] == pytest.approx(sum(heights) / 3)


@pytest.mark.parametrize("lines", [[], [DotLine("only a name", ())]])
def test_little_is_drawn_too(lines: list[DotLine]) -> None:
    ET.fromstring(str(dot_plot(lines, "t")))
    ET.fromstring(str(dot_plot([DotLine("a", (Dot(3.0),))], "t", low=3.0, high=3.0)))


def test_hostile_words_stay_words() -> None:
    drawn = dot_plot([DotLine(EVIL, (Dot(1.0, name=EVIL),), EVIL)], EVIL)
    drawn += curves([Curve(EVIL, ((1.0, 2.0, EVIL),))], EVIL, x_label=EVIL, y_label=EVIL)
    drawn += matrix([EVIL], [[Cell(EVIL, 1.0, True, EVIL)]], EVIL) + signs([("disc", 1, EVIL)]) + mark("cross", 99)
    assert "<script>" not in drawn
    ET.fromstring(f"<div>{drawn}</div>")  # well-formed: no quote has ended an attribute


def test_a_curve_goes_through_its_points() -> None:
    drawn = str(
        curves([Curve("a", ((0.0, 0.0, "none"), (10.0, 100.0, "all")), dashed=True)], "t", x_label="x", y_label="y")
    )
    assert "0.00,100.00 100.00,0.00" in drawn
    assert "dashed" in drawn
    assert [x for x, _ in _placed(drawn)] == [0.0, 100.0]


def test_a_matrix_says_what_is_more_than_luck_without_colour() -> None:
    cells = [[None, Cell("+3 ▲", 3.0, True, "a minus b")], [Cell(".02"), None]]
    drawn = str(matrix(["a", "b"], cells, "t"))
    assert '<td class="sure up" title="a minus b">+3 ▲</td>' in drawn
    assert '<td class="self"></td>' in drawn
    assert "dense" not in drawn
    many = [str(i) for i in range(13)]
    assert "matrix dense" in str(matrix(many, [[None] * 13] * 13, "t"))
