"""Entries of a browser come back out of the page as they went in."""

from __future__ import annotations

import re

import pytest
from markupsafe import Markup

from audio_reasoner.report import Entry, browser, prose
from audio_reasoner.report.browser import PACK, unpack
from audio_reasoner.report.measures import chi_square_p, evenness, kappa


def packs(source: str, kind: str) -> list[object]:
    return [unpack(x) for x in re.findall(rf'data-kind="{kind}">([^<]*)<', source)]


def test_many_entries_are_stored_small_and_whole() -> None:
    bodies = [
        Markup("<p>{}</p>").format(f"entry {i} & <tag> " + "the dog barks twice " * 100) for i in range(3 * PACK + 1)
    ]
    entries = [
        Entry(f"id{i}", f"Title {i}", b, {"kind": "even" if i % 2 == 0 else "odd"}) for i, b in enumerate(bodies)
    ]
    source = str(browser(entries, {"a": Markup("<b>light</b>"), "b": Markup("<img src='data:,'>")}))
    assert [x for pack in packs(source, "bodies") for x in pack] == [str(b) for b in bodies]  # type: ignore[attr-defined]
    assert packs(source, "parts") == [{"a": "<b>light</b>"}]
    assert '<template class="part" data-name="b">' in source
    (index,) = packs(source, "index")
    assert index["facets"]["kind"]["values"] == ["", "even", "odd"]  # type: ignore[index]
    assert len(source) < sum(len(b) for b in bodies) / 20


def test_a_lone_surrogate_does_not_break_the_page() -> None:
    source = str(browser([Entry("x", "bad \udc80 name", Markup("<p></p>"))], {}))
    source.encode()
    assert packs(source, "index")


def test_marks_stand_where_they_belong_and_never_overlap() -> None:
    text = "the <dog> barks twice"
    marked = str(prose(text, [(4, 9, "supported", 'it "is"'), (6, 15, "contradicted", ""), (16, 99, "x", "")]))
    assert re.sub(r"<[^>]*>", "", marked) == "the &lt;dog&gt; barks twice"
    assert marked.count("<mark") == 1
    assert '<mark class="supported" title="it &#34;is&#34;">&lt;dog&gt;</mark>' in marked


@pytest.mark.parametrize(
    ("x", "freedom", "p"), [(3.841, 1, 0.05), (6.635, 1, 0.01), (16.266, 3, 0.001), (18.467, 4, 0.001)]
)
def test_chi_square_is_the_tables(x: float, freedom: int, p: float) -> None:
    assert chi_square_p(x, freedom) == pytest.approx(p, rel=0.01)


def test_evenness_sees_a_loaded_letter_and_no_ghosts() -> None:
    assert evenness([400, 200, 200, 200])[0] < 1e-6
    assert evenness([251, 249, 260, 240])[0] > 0.3
    assert evenness([2, 0, 0, 0]) == (1.0, 0.75)  # too few to tell


def test_kappa() -> None:
    assert kappa({(True, True): 50, (False, False): 50}) == 1.0
    assert kappa({(True, True): 25, (True, False): 25, (False, True): 25, (False, False): 25}) == 0.0
    assert kappa({(True, True): 9}) is None
    assert kappa({}) is None
