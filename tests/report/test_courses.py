"""Lines over steps: the scale holds the data, long lines are thinned and keep their ends, hostile words stay words."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_reasoner.report.courses import Course, course_chart, scale, thinned

EVIL = "<script>alert(1)</script>\"'&"


def drawn(*items: Course, **more: object) -> str:
    markup = str(course_chart(items, "Title", x_label="step", y_label="y", **more))  # type: ignore[arg-type]
    ET.fromstring(f"<div>{markup}</div>")
    return markup


def places(markup: str, tag: str = "polyline") -> list[list[tuple[float, float]]]:
    found = re.findall(rf'<{tag} class="[^"]*" points="([^"]*)"', markup)
    return [[(float(a), float(b)) for a, b in (p.split(",") for p in x.split())] for x in found]


def test_a_line_stands_where_its_values_are() -> None:
    line = Course("a", ((0.0, 0.0), (5.0, 50.0), (10.0, 100.0)))
    assert places(drawn(line, low=0.0, high=100.0)) == [[(0.0, 100.0), (50.0, 50.0), (100.0, 0.0)]]


def test_a_log_axis_gives_every_power_of_ten_the_same_height() -> None:
    ((_, a), (_, b), (_, c)) = places(drawn(Course("a", ((1.0, 1.0), (2.0, 0.1), (3.0, 0.01))), log=True))[0]
    assert b - a == pytest.approx(c - b, abs=0.02)
    assert (a, c) == (0.0, 100.0)
    # A loss of zero has no logarithm: it is left out, the rest is drawn.
    assert len(places(drawn(Course("a", ((1.0, 1.0), (2.0, 0.0), (3.0, 0.5))), log=True))[0]) == 2


def test_a_band_goes_up_one_side_and_down_the_other() -> None:
    line = Course("a", ((0.0, 5.0), (10.0, 5.0)), band=((0.0, 10.0), (4.0, 6.0)))
    assert places(drawn(line, low=0.0, high=10.0), "polygon") == [
        [(0.0, 0.0), (100.0, 40.0), (100.0, 60.0), (0.0, 100.0)]
    ]


def test_a_long_line_is_thinned_by_means_and_ends_where_it_ended() -> None:
    points = [(float(i), float(i % 7)) for i in range(100_000)]
    few = thinned(points)
    assert len(few) == 240
    assert few[-1][0] == 99_999.0
    assert all(2.9 < y < 3.1 for _, y in few)
    assert len(drawn(Course("a", tuple(points), shape="disc"))) < 20_000


@pytest.mark.parametrize("points", [(), ((0.0, math.nan),), ((3.0, 2.0),), ((0.0, 0.0), (0.0, 0.0))])
def test_little_is_drawn_too(points: tuple[tuple[float, float], ...]) -> None:
    for log in (False, True):
        drawn(Course("a", points, shape="disc"), log=log)


@given(st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=20))
def test_the_scale_holds_all_values(values: list[float]) -> None:
    low, high, step = scale(values)
    room = 1e-6 * max(1.0, abs(low), abs(high))
    assert low <= min(values) + room
    assert high >= max(values) - room
    assert step > 0


def test_hostile_words_stay_words() -> None:
    markup = course_chart([Course(EVIL, ((1.0, 2.0),), shape="ring")] * 2, EVIL, x_label=EVIL, y_label=EVIL)
    assert "<script>" not in markup
    ET.fromstring(f"<div>{markup}</div>")
