"""The automaton of the format: nothing that leaves it is allowed, nothing that keeps to it is refused."""

from __future__ import annotations

import itertools
import random
import re
import unicodedata

import pytest
from tests.inference.writers import CHAIN, pieces_tokenizer
from tests.models.conftest import TEXTS

from audio_reasoner.core.chain import TAG_LITERALS, parse_chain
from audio_reasoner.core.choices import match_option
from audio_reasoner.core.errors import ConfigError, InputError
from audio_reasoner.inference import Budgets
from audio_reasoner.inference.constrain import FormatGuide, Formats
from audio_reasoner.inference.grammar import LOOK_ALIKES, State, option_texts
from audio_reasoner.inference.prefix import Vocabulary
from audio_reasoner.inference.token_classes import missing_bytes
from audio_reasoner.models import nano

KINDS = ("tags are tokens", "tags are pieces", "anything joins anything")
FORM = re.compile(
    r"<THINK>\n<PLANNING>(.+?)</PLANNING>\n<CAPTION>(.+?)</CAPTION>\n<REASONING>(.+?)</REASONING>\n"
    r"<SUMMARY>(.+?)</SUMMARY>\n</THINK>\n<RESPONSE>(.+?)</RESPONSE>",
    re.DOTALL,
)
UNUSED = 7
"""Outputs of the model that are no token, as released checkpoints have them."""


@pytest.fixture(scope="module", params=KINDS)
def written(request: pytest.FixtureRequest) -> tuple[object, Formats]:
    tokenizer = {
        KINDS[0]: lambda: nano.train_tokenizer([CHAIN, *TEXTS] * 4, 420),
        KINDS[1]: pieces_tokenizer,
        KINDS[2]: lambda: pieces_tokenizer("", 600),
    }[request.param]()
    return tokenizer, Formats(Vocabulary(tokenizer), len(tokenizer) + UNUSED)


def test_the_pieces_cross_the_borders_of_the_tags() -> None:
    pieces = set(pieces_tokenizer().get_vocab())
    assert {".</", ">Ċ", ">List"} <= pieces, "these tokenizers test nothing"
    assert not set(TAG_LITERALS) & pieces


def choices(guide: FormatGuide, size: int) -> list[int]:
    allowed, banned = guide.allowed(), guide.banned()
    if allowed is not None:
        return list(allowed)
    assert banned is not None, "a constrained token must be constrained"
    out = set(banned)
    return [t for t in range(size) if t not in out]


def tokens_inside(text: str, pieces: list[bytes], section: str) -> int:
    """How many tokens lie wholly within a section's text."""
    whole, name = text.encode(), section.upper().encode()
    start = whole.index(b"<" + name + b">") + len(name) + 2
    end = whole.index(b"</" + name + b">")
    ends = list(itertools.accumulate(map(len, pieces)))
    return sum(start <= stop - len(piece) and stop <= end for piece, stop in zip(pieces, ends, strict=True))


def test_whatever_is_drawn_is_a_well_formed_chain(written: tuple[object, Formats]) -> None:
    """A writer that loves tags, closes them at once or never, in any case, within a handful of tokens."""
    tokenizer, formats = written
    size = len(tokenizer) + UNUSED  # type: ignore[arg-type]
    said = [formats.vocabulary.bytes_of(t) for t in range(size)]
    likes = [1.0] * size
    for token, text in enumerate(said):
        if text and all(c in b"<>/\nTHINKPLANGCOERSUMYthinkplangcoersumy " for c in text):
            likes[token] = 30.0
        if text.startswith((b"<", b"/", b"\xc4", b"\xc5", b"\xe2")):
            likes[token] *= 10
    rng = random.Random(11)
    given = (), ("dog", "bell"), ("é 你好", "x" * 30, "1", "10")
    hurried = 0
    for number in range(150):
        options = given[number % 3]
        grammar = formats.grammar(options)
        most = grammar.needed(grammar.start) + int(rng.expovariate(1 / 60))
        budgets = Budgets(*(rng.choice([None, 1, 2, 10]) for _ in range(5))) if number % 2 else None
        guide = FormatGuide(grammar, most, budgets)
        out: list[int] = []
        while not guide.over:
            open_ids = choices(guide, size)
            out.append(rng.choices(open_ids, [likes[t] for t in open_ids])[0])
            assert guide.take(out[-1]) is False
        text = b"".join(said[t] for t in out).decode("utf-8")
        parsed = parse_chain(text)
        assert parsed.well_formed, (text, parsed.defects)
        assert parsed.chain is not None
        assert FORM.fullmatch(text)
        assert tokenizer.decode(out, skip_special_tokens=True) == text  # type: ignore[attr-defined]
        assert len(out) <= most
        hurried += guide.hurried
        for name, limit in budgets.given() if budgets is not None else ():
            # A character that is not complete, or nothing but white space, is completed first.
            if name != "response" or not options:
                assert tokens_inside(text, [said[t] for t in out], name) <= limit + 4
        if options:
            meant = match_option(parsed.chain.response, options)
            assert meant.index is not None
            assert parsed.chain.response == option_texts(options)[meant.index]
    assert hurried > 10, "no chain ever ran out of tokens"


@pytest.mark.parametrize(
    "text",
    [
        CHAIN,
        CHAIN.replace("bell.", "a <3 b, x<y, </p>, <b>bold</b>, <think, </R, <RE, <<, <"),
        CHAIN.replace("bell.", "<|im_end|>"[:2] + " ünï <res <Planning " + "\u0301"),
        CHAIN.replace("1 dog", "\n\n\t  \u3000dog\x85 \U0001f9d1\u200d\U0001f680"),
    ],
)
def test_every_well_formed_chain_can_be_written(written: tuple[object, Formats], text: str) -> None:
    tokenizer, formats = written
    assert parse_chain(text).well_formed
    size = len(tokenizer) + UNUSED  # type: ignore[arg-type]
    several = formats.grammar().classes.none
    ways = [tokenizer(text, add_special_tokens=False)["input_ids"]]  # type: ignore[operator]
    ways = [ids for ids in ways if not several & set(ids)]
    ids = formats.grammar().classes.ids
    ways.append([ids[bytes([b])] for b in text.encode()])
    for options in ((), ("dog", "bell")):
        for way in ways:
            guide = FormatGuide(formats.grammar(options), 2048)
            for token in way:
                # Where a tag is one token, it is not spelled in pieces.
                if token not in (open_ids := choices(guide, size)):
                    assert len(open_ids) == 1
                    assert formats.vocabulary.bytes_of(open_ids[0]).decode() in TAG_LITERALS
                    break
                guide.take(token)
            else:
                assert guide.over
            assert not guide.hurried
            assert not guide.shortened


@pytest.mark.parametrize("begun", ["<THI", "</TH", "<CAP", "x</CA", "</"])
def test_a_tag_in_the_wrong_place_is_stopped_early(written: tuple[object, Formats], begun: str) -> None:
    grammar = written[1].grammar()
    head = b"<THINK>\n<PLANNING>"
    assert begun.startswith("</") or grammar.walk(grammar.start, head + begun[:-1].encode()) is not None
    assert grammar.walk(grammar.start, head + begun.encode()) is None


def test_what_is_banned_is_what_leaves_the_form(written: tuple[object, Formats]) -> None:
    """The quick sets against reading every token byte by byte, in states of all kinds."""
    tokenizer, formats = written
    size = len(tokenizer) + UNUSED  # type: ignore[arg-type]
    grammar = formats.grammar()
    said = [formats.vocabulary.bytes_of(t) for t in range(size)]
    unused = grammar.classes.none
    begun = [
        "",
        " ",
        "a",
        "a<",
        "<",
        "a</",
        "a</P",
        "a</PLANNING",
        "a<th",
        "a<Thin",
        "x</plan",
        "a<\u212a",
        "a<th\u0131",
    ]
    for inside in begun:
        state = grammar.walk(grammar.start, b"<THINK>\n<PLANNING>" + inside.encode())
        assert state is not None, inside
        banned = set(grammar.banned(state))
        assert banned == {t for t in range(size) if t in unused or grammar.walk(state, said[t]) is None}, inside
    for pending in (b"\xe4", b"\xe4\xbd", b"\xf0\x9f", b"\xc4", b"a<THI\xe2\x84"):
        state = grammar.walk(grammar.start, b"<THINK>\n<PLANNING>" + pending)
        if state is None:
            continue
        assert set(grammar.completing(state)) == {t for t in range(size) if said[t] and grammar.walk(state, said[t])}


@pytest.mark.parametrize("inside", ["", " ", "\n\t\u3000", "\xa0"])
def test_a_blank_section_cannot_be_closed(written: tuple[object, Formats], inside: str) -> None:
    grammar = written[1].grammar()
    assert grammar.walk(grammar.start, f"<THINK>\n<PLANNING>{inside}</PLANNING>".encode()) is None
    assert grammar.walk(grammar.start, f"<THINK>\n<PLANNING>{inside}x</PLANNING>".encode()) is not None


def test_no_tag_stands_in_a_section_in_any_letters(written: tuple[object, Formats]) -> None:
    grammar = written[1].grammar()
    alike = {plain: odd for odd, plain in LOOK_ALIKES.items()}
    for tag in TAG_LITERALS:
        own = tag == "</PLANNING>"
        for form in (tag, tag.lower(), tag.title(), "".join(alike.get(c, c) for c in tag)):
            after = grammar.walk(grammar.start, f"<THINK>\n<PLANNING>x{form}".encode())
            assert (after is None) == (not (own and form == tag)), form


def test_the_look_alikes_are_all_there_are() -> None:
    """Letters that NFC or capitals turn into a tag's, over all of Unicode."""
    signs = set("".join(TAG_LITERALS))
    found = {}
    for code in range(0x80, 0x110000):
        if 0xD800 <= code < 0xE000:
            continue
        plain = unicodedata.normalize("NFC", chr(code)).upper()
        if set(plain) <= signs and any(plain in tag for tag in TAG_LITERALS):
            found[chr(code)] = plain
    assert found == LOOK_ALIKES


def test_beginnings_of_characters_are_those_of_utf8() -> None:
    for code in [*range(0x80, 0x3000, 7), 0xD7FF, 0xE000, 0xFFFF, 0x10000, 0x10FFFF]:
        whole = chr(code).encode()
        for n in range(1, len(whole) + 1):
            assert missing_bytes(whole[:n]) == len(whole) - n
    for wrong in (b"\x80", b"\xc0", b"\xc1\x80", b"\xe0\x80", b"\xed\xa0", b"\xf0\x80", b"\xf4\x90", b"\xf5", b"\xe4A"):
        assert missing_bytes(wrong) == -1


def test_the_fewest_tokens_are_enough_and_one_less_is_refused(written: tuple[object, Formats]) -> None:
    tokenizer, formats = written
    size = len(tokenizer) + UNUSED  # type: ignore[arg-type]
    for options in ((), ("dog", "a long bell")):
        grammar = formats.grammar(options)
        least = grammar.needed(grammar.start)
        with pytest.raises(ConfigError) as caught:
            FormatGuide(grammar, least - 1)
        assert caught.value.code == "ask.too_few_tokens"
        assert str(least) in caught.value.message
        guide = FormatGuide(grammar, least)
        rng, out = random.Random(0), []
        while not guide.over:
            out.append(rng.choice(choices(guide, size)))
            guide.take(out[-1])
        assert len(out) <= least


def test_a_beginning_that_no_chain_has_is_refused(written: tuple[object, Formats]) -> None:
    grammar = written[1].grammar(("dog", "bell"))
    for begun in (
        b"Well, ",
        b"<THINK>\n<CAPTION>",
        b"<think>",
        b"<THINK>\n<PLANNING></PLANNING>",
        CHAIN.encode() + b".",
    ):
        with pytest.raises(InputError) as caught:
            FormatGuide(grammar, 200, must=begun)
        assert caught.value.code == "prefix.bad_form"
    FormatGuide(grammar, 200, begun=CHAIN[:30].encode(), must=CHAIN[30:40].encode())


@pytest.mark.parametrize("option", ["</RESPONSE>", "a <think> b", "<THIN\u212a>", "<re\u017fponse>", "\ud800"])
def test_options_that_no_answer_can_name_are_refused(option: str) -> None:
    with pytest.raises(InputError) as caught:
        option_texts(["dog", option])
    assert caught.value.code == "question.options"


def test_options_are_written_as_they_are_shown() -> None:
    assert option_texts(["a  dog\n", "e\u0301", "<3"]) == ("(a) a dog", "(b) é", "(c) <3")


def test_a_state_after_the_end_takes_nothing(written: tuple[object, Formats]) -> None:
    grammar = written[1].grammar()
    end = grammar.walk(grammar.start, CHAIN.encode())
    assert end == State(len(grammar.parts))
    assert end is not None
    assert grammar.over(end)
    assert grammar.step(end, ord("\n")) is None
