"""Prices: the embedded table, a user's file over it, reservation and cost."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from audio_reasoner.clients.messages import AudioPart, ChatRequest, Message, Sampling
from audio_reasoner.clients.prices import EMBEDDED, PriceTable
from audio_reasoner.core.errors import ConfigError

DAY = datetime.date(2026, 11, 21)


async def _wav() -> bytes:
    return b""


def request(seconds: float = 10.0, text: str = "What is heard?", max_tokens: int | None = 1000) -> ChatRequest:
    audio = (AudioPart("a" * 64, seconds, _wav),) if seconds else ()
    return ChatRequest("think", (Message("user", text, audio),), Sampling(max_tokens=max_tokens))


def write(folder: Path, text: str) -> Path:
    path = folder / "prices.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_embedded_price_is_dated_and_names_its_source() -> None:
    table = PriceTable.load(today=DAY)
    assert "CHECK" in EMBEDDED.read_text()
    for name in table.names():
        price = table.price(name)
        assert price is not None
        assert datetime.date.fromisoformat(price.dated) <= DAY
        assert price.source.startswith("https://")


def test_sound_and_text_are_paid_apart() -> None:
    table = PriceTable.load(today=DAY)
    # 320 tokens of sound at $1, 680 of text at $0.30, 200 written at $2.50, per million
    assert table.cost_micro("gemini-2.5-flash", 1000, 200, request(10.0)) == 320 + 204 + 500


def test_a_price_that_is_announced_to_change_changes_on_its_day() -> None:
    before, after = PriceTable.load(today=DAY), PriceTable.load(today=datetime.date(2027, 1, 1))
    assert before.cost_micro("gemini-3.8-flash", 10**6, 0) == 750_000
    assert after.cost_micro("gemini-3.8-flash", 10**6, 0) == 1_500_000


def test_what_is_reserved_is_never_less_than_what_is_paid() -> None:
    table = PriceTable.load(today=DAY)
    for text in ("word " * 500, "听到了什么?" * 200, "x" * 10):
        asked = request(30.0, text)
        tokens_in = 32 * 30 + len(text.encode()) // 3
        assert table.reserve_micro("gpt-audio", asked) >= table.cost_micro("gpt-audio", tokens_in - 660, 1000, asked)
        assert table.reserve_micro("gemini-2.5-flash", asked) >= table.cost_micro(
            "gemini-2.5-flash", tokens_in, 1000 + 8192, asked
        )


def test_a_thinking_model_reserves_its_thoughts_unless_told_not_to_think() -> None:
    table = PriceTable.load(today=DAY)
    thinking = table.reserve_micro("gemini-2.5-flash", request())
    assert thinking - table.reserve_micro("gemini-2.5-flash?thinking=0", request()) == 8192 * 2.5


def test_names_of_versions_and_patterns(tmp_path: Path) -> None:
    path = write(tmp_path, "models:\n  'Qwen*': {input: 0, output: 0}\n  '*': {input: 9, output: 9}\n")
    table = PriceTable.load(path, today=DAY)
    assert table.price("gpt-audio-2025-08-28") == table.price("gpt-audio")
    assert table.price("models/gemini-2.5-flash-001") == table.price("gemini-2.5-flash")
    assert table.cost_micro("Qwen3-Omni", 1000, 1000) == 0
    assert table.cost_micro("other", 1, 1) == 18
    assert PriceTable.load(today=DAY).price("gpt-audio-2") is None
    assert PriceTable.load(today=DAY).cost_micro("unknown", 10**6, 10**6) == 0


def test_a_users_file_replaces_field_by_field(tmp_path: Path) -> None:
    path = write(tmp_path, "version: 1\nmodels:\n  gemini-2.5-flash: {output: 1}\n  mine: {input: 1, output: 2}\n")
    table = PriceTable.load(path, today=DAY)
    assert table.cost_micro("gemini-2.5-flash", 0, 10**6) == 1_000_000
    assert table.cost_micro("gemini-2.5-flash", 10**6, 0) == 300_000
    assert table.estimate("mine", characters=400, audio_seconds=0, tokens_out=10).cost_micro == 120


def test_a_batch_costs_its_share() -> None:
    table = PriceTable.load(today=DAY)
    once = table.estimate("gemini-2.5-flash", characters=4000, audio_seconds=10, tokens_out=1000)
    batch = table.estimate("gemini-2.5-flash", characters=4000, audio_seconds=10, tokens_out=1000, batch=True)
    assert batch.cost_micro * 2 == once.cost_micro == 300 + 320 + 2500


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        ("models: [", "price.file", "prices.yaml"),
        ("- 1", "price.file", "version 1"),
        ("version: 7", "price.file", "version 1"),
        ("prices: {}", "price.file", "prices"),
        ("models: {m: 3}", "price.entry", "model m"),
        ("models: {m: {input: 1}}", "price.entry", "output"),
        ("models: {m: {input: 1, output: -1}}", "price.entry", "output"),
        ("models: {m: {input: .nan, output: 1}}", "price.entry", "input"),
        ("models: {m: {input: true, output: 1}}", "price.entry", "input"),
        ("models: {m: {input: 1, output: 1, outptu: 1}}", "price.entry", "outptu"),
        ("models: {m: {input: 1, output: 1, later: {input: 2}}}", "price.entry", "from"),
    ],
)
def test_a_file_that_is_wrong_is_refused_by_name(tmp_path: Path, text: str, code: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        PriceTable.load(write(tmp_path, text))
    assert caught.value.code == code
    assert says in str(caught.value)
    assert "prices.yaml" in str(caught.value)


def test_an_empty_or_missing_file(tmp_path: Path) -> None:
    assert PriceTable.load(write(tmp_path, "")).names() == PriceTable.load().names()
    with pytest.raises(ConfigError, match=r"nowhere\.yaml"):
        PriceTable.load(tmp_path / "nowhere.yaml")
