"""What is heard of a recording: whole, split, cut, silence, another one; nothing silently."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from audio_reasoner.core.audio import encode_wav
from audio_reasoner.core.errors import ConfigError, InputError
from audio_reasoner.evaluation import reach
from audio_reasoner.evaluation.base import Benchmark, Item
from audio_reasoner.evaluation.hearing import Ear, LongAudio, other_items, shuffled_order, silence
from audio_reasoner.evaluation.prompting import style_named


def wav(path: Path, seconds: float, rate: int = 16_000) -> str:
    tone = (0.3 * np.sin(np.arange(round(seconds * rate)) * 0.05)).astype(np.float32)
    path.write_bytes(encode_wav(tone, rate))
    return path.name


def item(name: str, *audio: str, choices: tuple[str, ...] = ("x", "y", "z")) -> Item:
    return Item(name, audio, "?", choices, "x", 0, {}, audio[0] if audio else name)


def ear(root: Path, policy: LongAudio, *items: Item) -> Ear:
    return Ear(Benchmark("b", "choice", root / "b.json", root, "0" * 64, "", list(items), []), policy)


def test_a_short_recording_is_whole_under_every_policy(tmp_path: Path) -> None:
    one = item("i", wav(tmp_path / "a.wav", 1.5))
    keys = set()
    for policy in ("refuse", "split", "truncate30", "whole"):
        heard = ear(tmp_path, policy, one).hear(one)  # type: ignore[arg-type]
        assert (heard.policy, heard.duration_s, len(heard.parts)) == ("whole", 1.5, 1)
        assert heard.parts[0].load().shape == (24_000,)
        keys.add(heard.parts[0].key)
    assert len(keys) == 1


def test_long_recordings_are_refused_split_or_cut(tmp_path: Path) -> None:
    one = item("i", wav(tmp_path / "a.wav", 70.0))
    with pytest.raises(InputError) as caught:
        ear(tmp_path, "refuse", one).hear(one)
    assert (caught.value.code, "70.00 s" in caught.value.message) == ("audio.too_long", True)
    with pytest.raises(InputError):
        ear(tmp_path, "refuse", one).check(one)
    whole = ear(tmp_path, "whole", one).hear(one)
    assert (whole.policy, whole.parts[0].load().size) == ("whole", 70 * 16_000)
    cut = ear(tmp_path, "truncate30", one).hear(one)
    assert (cut.policy, cut.duration_s, cut.parts[0].seconds) == ("truncate30", 70.0, 30.0)
    assert np.array_equal(cut.parts[0].load(), whole.parts[0].load()[:480_000])
    split = ear(tmp_path, "split", one).hear(one)
    assert (split.policy, len(split.parts)) == ("split:3", 3)
    assert max(part.seconds for part in split.parts) <= 30
    assert np.array_equal(np.concatenate([p.load() for p in split.parts]), whole.parts[0].load())
    assert len({p.key for p in [*split.parts, *cut.parts, *whole.parts]}) == 5


def test_thirty_seconds_exactly_are_not_long_at_any_rate(tmp_path: Path) -> None:
    for rate in (16_000, 44_100, 22_050, 8_000):
        one = item("i", wav(tmp_path / f"{rate}.wav", 30.0, rate))
        heard = ear(tmp_path, "refuse", one).hear(one)
        assert heard.policy == "whole"
        assert heard.parts[0].load().size <= 480_000


def test_silence_is_as_long_and_of_its_own_key(tmp_path: Path) -> None:
    one = item("i", wav(tmp_path / "a.wav", 0.7), wav(tmp_path / "b.wav", 1.1))
    heard = ear(tmp_path, "refuse", one).hear(one)
    quiet = silence(heard)
    assert [p.load().size for p in quiet.parts] == [p.load().size for p in heard.parts]
    assert not any(p.load().any() for p in quiet.parts)
    assert not {p.key for p in quiet.parts} & {p.key for p in heard.parts}


def test_missing_and_broken_recordings_say_so(tmp_path: Path) -> None:
    (tmp_path / "broken.wav").write_bytes(b"RIFFnonsense")
    (tmp_path / "empty.wav").write_bytes(b"")
    for audio, code in (
        (("gone.wav",), "audio.missing"),
        (("broken.wav",), "audio."),
        (("empty.wav",), "audio.zero_bytes"),
        ((), "benchmark.no_audio"),
        (("",), "benchmark.no_audio"),
    ):
        one = item("i", *audio)
        with pytest.raises(InputError) as caught:
            ear(tmp_path, "refuse", one).check(one)
        assert caught.value.code.startswith(code)


def test_every_clip_lends_its_sound_once_to_another() -> None:
    items = [item(f"i{i}", f"{i // 2}.wav") for i in range(40)]
    lent = other_items(items, 3)
    assert all(lent[i.id].clip != i.clip for i in items)
    assert {i.clip for i in lent.values()} == {i.clip for i in items}

    def clips(of: list[Item], seed: int) -> dict[str, str]:
        return {name: other.clip for name, other in other_items(of, seed).items()}

    assert clips(items, 3) == clips(items[::-1], 3) != clips(items, 4)
    with pytest.raises(ConfigError) as caught:
        other_items(items[:2], 0)
    assert caught.value.code == "control.one_clip"


def test_shuffling_is_drawn_by_item_and_never_the_official_order() -> None:
    orders = {shuffled_order(item(f"i{i}", choices=("a", "b", "c", "d")), 7) for i in range(300)}
    assert len(orders) == 23
    assert (0, 1, 2, 3) not in orders
    assert shuffled_order(item("i", choices=("a", "b")), 1) == (1, 0)
    assert shuffled_order(item("i", choices=("a",)), 1) == (0,)
    assert shuffled_order(item("i", choices=()), 1) == ()


def test_a_recording_too_short_to_hear_is_not_taken_to_find_out_whether_sound_arrives(tmp_path: Path) -> None:
    lengths = (1.0, 0.001, 2.0, 0.01, 1.5)
    rng = np.random.default_rng(0)
    for i, seconds in enumerate(lengths):
        pcm = rng.normal(0, 0.1, max(1, int(16_000 * seconds))).astype(np.float32)
        (tmp_path / f"{i}.wav").write_bytes(encode_wav(pcm, 16_000))
    items = [Item(str(i), (f"{i}.wav",), "?", ("a", "b"), "a", 0, {}, f"{i}.wav") for i in range(len(lengths))]
    ear = Ear(Benchmark("made", "choice", tmp_path, tmp_path, "", "", items, []), "refuse")
    style = style_named("ours")
    assert [item.id for item, _ in reach._some(ear, style, items)] == ["0", "2", "4"]
    assert [item.id for item, _ in reach._some(ear, style, [items[1], items[3]])] == ["1", "3"]
