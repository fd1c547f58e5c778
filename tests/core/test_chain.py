"""The chain's text form: strict for data, lenient for what a model writes, whole or in pieces."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio_reasoner.core.chain import (
    OUTSIDE,
    SECTIONS,
    TAG_LITERALS,
    Chain,
    ChainStream,
    ParsedChain,
    parse_chain,
    parse_strict,
    response_body,
)
from audio_reasoner.core.errors import InputError

GOOD = Chain(
    planning="Count the barks.",
    caption="A dog barks twice (at 0.5 s < 1 s).",
    reasoning="One, two.",
    summary="Two barks.",
    response="(b) 2",
)


def codes(parsed: ParsedChain) -> list[str]:
    return [defect.code for defect in parsed.defects]


def stream(pieces: list[str]) -> tuple[ParsedChain, dict[str, str]]:
    """What the stream reads, and the text it gave out per section."""
    reader = ChainStream()
    told: dict[str, str] = {}
    deltas = [delta for piece in pieces for delta in reader.feed(piece)]
    parsed = reader.finish()
    for section, text in [*deltas, *reader.tail]:
        told[section] = told.get(section, "") + text
    return parsed, told


# ---------------------------------------------------------------------------------------------------------- strict form

TEXT = st.text(max_size=60).filter(lambda t: t.strip() and not any(tag in t.upper() for tag in TAG_LITERALS))
ANY_TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=60)


@given(st.lists(ANY_TEXT, min_size=5, max_size=5))
@settings(deadline=None)
def test_every_chain_is_read_back_from_its_text(texts: list[str]) -> None:
    try:
        chain = Chain(**dict(zip(SECTIONS, texts, strict=True)))
    except ValueError:
        return  # blank or a tag inside
    assert parse_strict(chain.to_text()) == chain
    parsed = parse_chain(chain.to_text())
    assert parsed.well_formed
    assert parsed.chain == chain
    assert stream(list(chain.to_text()))[0] == parsed


def test_strict_reading_tolerates_white_space_around_tags_only() -> None:
    spaced = GOOD.to_text().replace(">", ">\r\n  ").replace("</", "\n </")
    assert parse_strict("\n\n" + spaced + "\n") == GOOD
    for text in (GOOD.to_text() + ".", "Sure! " + GOOD.to_text(), GOOD.to_text().replace("<THINK>", "<think>")):
        with pytest.raises(InputError) as caught:
            parse_strict(text)
        assert caught.value.code == "chain.malformed"


def test_strict_reading_names_every_defect() -> None:
    text = "Hm. <THINK><PLANNING>p</PLANNING><reasoning>r</reasoning><CAPTION></CAPTION></THINK>"
    with pytest.raises(InputError) as caught:
        parse_strict(text)
    for code in ("text_outside", "lower_case_tag", "out_of_order", "empty", "missing"):
        assert code in caught.value.message
    assert "SUMMARY is missing" in caught.value.message
    assert "RESPONSE is missing" in caught.value.message


# -------------------------------------------------------------------------------------------------------------- defects


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda t: "", ["untagged"]),
        (lambda t: "It is a dog.", ["untagged"]),
        (lambda t: t.replace("<SUMMARY>Two barks.</SUMMARY>\n", ""), ["missing"]),
        (lambda t: t.replace("Two barks.", "  \n"), ["empty"]),
        (lambda t: t + "<RESPONSE>again</RESPONSE>", ["repeated"]),
        (lambda t: t.replace("</PLANNING>", ""), ["unclosed"]),
        (lambda t: t.replace("</RESPONSE>", ""), ["unclosed"]),
        (lambda t: t.replace("</THINK>\n", ""), ["unclosed"]),
        (lambda t: t.replace("</SUMMARY>\n</THINK>", "</THINK>"), ["unclosed"]),
        (lambda t: t.replace("<THINK>\n", "").replace("</THINK>\n", ""), ["missing"]),
        (lambda t: t.replace("<THINK>\n", ""), ["stray_close", "missing"]),
        (lambda t: t.replace("One, two.", "One, </CAPTION> two."), ["stray_close"]),
        (lambda t: t + "</PLANNING>", ["stray_close"]),
        (lambda t: "Well. " + t, ["text_outside"]),
        (lambda t: t.replace("<CAPTION>", "and <CAPTION>"), ["text_outside"]),
        (lambda t: t + " Thanks!", ["text_outside"]),
        (lambda t: t.replace("RESPONSE>", "Response>"), ["lower_case_tag", "lower_case_tag"]),
        (lambda t: t.replace("</RESPONSE>", "</RESPO"), ["cut_tag", "unclosed"]),
        (lambda t: t.replace("Two barks.", "<THIN\u212a>"), ["invalid_text"]),
        (lambda t: t.replace("Two barks.", "\ud800"), ["invalid_text"]),
        (
            lambda t: t.replace("One, two.", "One, <SUMMARY>two</SUMMARY>."),
            ["unclosed", "text_outside", "stray_close", "repeated"],
        ),
        (lambda t: t.replace("<THINK>", "<THINK><THINK>"), ["repeated", "unclosed"]),
        (
            lambda t: t.replace("<PLANNING>Count the barks.</PLANNING>\n", "").replace(
                "</THINK>", "<PLANNING>late</PLANNING></THINK>"
            ),
            ["out_of_order"],
        ),
        (
            lambda t: t.replace("<SUMMARY>Two barks.</SUMMARY>\n", "") + "<SUMMARY>late</SUMMARY>",
            ["out_of_order", "out_of_order"],
        ),
    ],
)
def test_each_defect_has_its_name(change, expected: list[str]) -> None:  # type: ignore[no-untyped-def]
    text = change(GOOD.to_text())
    parsed = parse_chain(text)
    assert sorted(codes(parsed)) == sorted(expected), parsed.defects
    assert not parsed.well_formed
    assert parsed.chain is None
    assert all(defect.detail for defect in parsed.defects)


def test_a_reply_cut_off_in_its_thoughts_keeps_what_it_has() -> None:
    text = GOOD.to_text()
    parsed = parse_chain(text[: text.index("two.")])
    assert parsed.sections["caption"] == GOOD.caption
    assert parsed.sections["reasoning"] == "One,"
    assert parsed.response is None
    assert codes(parsed) == ["unclosed", "unclosed", "missing", "missing"]


def test_the_first_occurrence_with_text_counts() -> None:
    parsed = parse_chain("<RESPONSE> </RESPONSE><RESPONSE>B</RESPONSE><RESPONSE>C</RESPONSE>")
    assert parsed.response == "B"
    assert "repeated" in codes(parsed)


def test_almost_tags_are_text() -> None:
    text = GOOD.to_text().replace("One, two.", "< PLANNING > <PLANING> <b>x</b> 3 < 4 <THINK")
    parsed = parse_chain(text)
    assert parsed.well_formed
    assert parsed.sections["reasoning"] == "< PLANNING > <PLANING> <b>x</b> 3 < 4 <THINK"


@pytest.mark.parametrize(
    ("reply", "body"),
    [
        ("It is a dog.", "It is a dog."),
        ("", ""),
        (GOOD.to_text(), "(b) 2"),
        ("<THINK>the answer is (b)</THINK>", ""),
        ("<THINK>x</THINK> (b)", ""),
        ("<think>the answer is (a)</think><response>(b)</response>", "(b)"),
        ("<RESPONSE>(b)", "(b)"),
        ("I write <b>bold</b>", "I write <b>bold</b>"),
    ],
)
def test_only_the_response_of_a_tagged_reply_is_its_answer(reply: str, body: str) -> None:
    assert response_body(parse_chain(reply), reply) == body


# --------------------------------------------------------------------------------------------------------------- stream

PIECES = st.sampled_from(
    [
        *TAG_LITERALS,
        *[tag.lower() for tag in TAG_LITERALS],
        "<Caption>",
        "</tHINK>",
        "<",
        "</",
        ">",
        "<THIN",
        "K>",
        "</RESPO",
        "NSE>",
        "<<THINK>>",
        "< THINK>",
        "<PLANING>",
        " ",
        "\n",
        "\u2003",
        "word",
        "a < b",
        "é",
        "\u0301",
        "\u212a",
        "狗",
        "x" * 50,
    ]
)
GARBLED = st.lists(PIECES, max_size=40).map("".join)


@given(GARBLED, st.data())
@settings(deadline=None, max_examples=500)
def test_cutting_a_reply_into_pieces_changes_nothing(text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=12)))
    pieces = [text[i:j] for i, j in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    whole = parse_chain(text)
    for way in (pieces, list(text), [text]):
        parsed, told = stream(way)
        assert parsed == whole
        for section in SECTIONS:
            assert told.get(section, "") == (whole.sections[section] or "")
        assert told.get(OUTSIDE, "") == whole.outside
    for content in whole.sections.values():
        assert content is None or content == content.strip()


@given(st.lists(TEXT, min_size=5, max_size=5), st.data())
@settings(deadline=None)
def test_good_chains_stream_like_they_are_read(texts: list[str], data: st.DataObject) -> None:
    text = GOOD.replace(**dict(zip(SECTIONS, texts, strict=True))).to_text()
    cut = data.draw(st.integers(0, len(text)))
    assert stream([text[:cut], text[cut:]])[0] == parse_chain(text)


def test_text_comes_out_as_early_as_is_safe() -> None:
    reader = ChainStream()
    assert reader.feed("<RESPONSE>") == []
    assert [d.text for d in reader.feed("It")] == ["It"]
    assert [d.text for d in reader.feed(" is ")] == [" is"]  # a blank at the end may belong to nothing
    assert [d.text for d in reader.feed("<")] == []  # may be a tag
    assert [d.text for d in reader.feed("b>")] == [" <b>"]  # is none
    assert [d.text for d in reader.feed("x</RES")] == ["x"]
    assert reader.feed("PONSE>") == []
    assert reader.finish().response == "It is <b>x"
    with pytest.raises(RuntimeError):
        reader.feed("more")
    assert reader.finish().response == "It is <b>x"


def test_untagged_text_streams_as_outside() -> None:
    parsed, told = stream(["It is ", "a dog <", " 3"])
    assert told == {OUTSIDE: "It is a dog < 3"}
    assert not parsed.tagged


@pytest.mark.parametrize("unit", ["<", "</", "<THINK>", "<RESPONSE>", " ", "\n", "</PLANNING>", "a <", "<THIN", ">"])
def test_hostile_text_is_read_in_linear_time(unit: str) -> None:
    text = unit * (1_000_000 // len(unit))
    start = time.process_time()
    parsed = parse_chain(text)
    assert time.process_time() - start < 5
    assert not parsed.well_formed
    start = time.process_time()
    stream([text[i : i + 3] for i in range(0, 300_000, 3)])
    assert time.process_time() - start < 5


def test_a_lone_surrogate_is_refused_because_no_file_can_hold_it() -> None:
    with pytest.raises(ValueError, match="surrogate"):
        Chain(planning="a", caption="b \ud800", reasoning="c", summary="d", response="e")
