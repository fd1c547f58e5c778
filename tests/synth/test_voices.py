"""Voices: what can be spoken, what came back, who speaks, and where it is kept."""

from __future__ import annotations

import hashlib
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from dialogue_scripts import libri

from audio_reasoner.clients.speech import parse_speech
from audio_reasoner.core.errors import ConfigError, EnvironmentProblem, InputError, IntegrityError
from audio_reasoner.synth.store import SourceStore
from audio_reasoner.synth.voices import espeak as voice_espeak
from audio_reasoner.synth.voices.espeak import ENGINE, Espeak
from audio_reasoner.synth.voices.libri import LibriSpeech, prompt_wav, unclean
from audio_reasoner.synth.voices.pitch import median_pitch_hz, pitches_hz, stretched
from audio_reasoner.synth.voices.presets import HIGH_HZ, LEAST_APART, PRESETS, PROSODY, cast, semitones
from audio_reasoner.synth.voices.server import ServerVoices
from audio_reasoner.synth.voices.take import AUDIBLE_DB, Spoilt, Take, take_of
from audio_reasoner.synth.voices.text import expected_seconds, unspeakable
from audio_reasoner.synth.voices.voices import Utterance, VoiceCache, utterance_key
from loopback_tts import Options, buzz, serving

TEXT = "We should take the early train to the harbour."


def speech(text: str = TEXT, voice: str = "anna") -> np.ndarray:
    return buzz(text, voice, 16_000).astype(np.float32) / 32768


# ------------------------------------------------------------------------------------------------ texts


@pytest.mark.parametrize(
    ("text", "language", "fine"),
    [
        ("It costs 1,234 € — that's 50 % off, naïve façade!", "en", True),
        ("你好，今天天气很好。", "zh", True),
        ("你好", "zh-TW", True),
        ("OK，我们走吧。", "zh", True),
        ("Привет, как дела?", "ru", True),
        ("你好", "en", False),
        ("Привет", "en", False),
        ("Привет", "de", False),
        ("Hello 😀", "en", False),
        ("こんにちは", "zh", False),
        ("...", "en", False),
        ("", "en", False),
    ],
)
def test_only_what_a_voice_of_the_language_can_read_is_spoken(text: str, language: str, fine: bool) -> None:
    assert (unspeakable(text, language) is None) is fine


def test_expected_length_follows_the_words() -> None:
    assert 2.0 < expected_seconds(TEXT) < 4.5
    assert expected_seconds(TEXT * 2) == pytest.approx(2 * expected_seconds(TEXT), abs=0.3)
    assert 1.5 < expected_seconds("今天天气很好我们去公园") < 4.0
    assert expected_seconds("2026") > expected_seconds("year")


# ------------------------------------------------------------------------------------------------ takes


def test_a_take_is_what_is_heard_and_nothing_else() -> None:
    x = speech()
    padded = np.concatenate([np.zeros(8_000), x, np.zeros(24_000)]).astype(np.float32)
    a, b = take_of(x, 16_000, TEXT), take_of(padded, 16_000, TEXT)
    assert isinstance(a, Take)
    assert isinstance(b, Take)
    np.testing.assert_allclose(a.pcm, b.pcm, atol=2e-3)
    assert np.max(np.abs(a.pcm)) == pytest.approx(0.9, abs=1e-3)
    frames = np.mean(np.square(a.pcm[: a.pcm.size // 160 * 160].reshape(-1, 160)), axis=1)
    loudest = frames.max() / 10 ** ((AUDIBLE_DB + 3) / 10)
    assert frames[1] > loudest
    assert frames[-2] > loudest


def test_what_is_not_the_text_is_refused() -> None:
    x = speech()
    whole = np.trim_zeros(x)
    cases = {
        "voice.silent": [x * 0, x * 1e-4, x[:100], np.full_like(x, np.nan)],
        "voice.too_short": [x[: x.size // 4]],
        "voice.endless": [np.tile(x, 6), np.tile(x, 60)],
        "voice.pause": [np.concatenate([whole[: whole.size // 2], np.zeros(40_000), whole[whole.size // 2 :]])],
        "voice.cut": [whole[: np.argmax(np.abs(whole[: int(whole.size * 0.8)])) + 100]],
    }
    for code, sounds in cases.items():
        for sound in sounds:
            found = take_of(np.asarray(sound, dtype=np.float32), 16_000, TEXT, server=True)
            assert isinstance(found, Spoilt), code
            assert found.code == code or (code == "voice.cut" and found.code == "voice.too_short")
            assert found.retry


def test_a_faster_pace_keeps_the_pitch() -> None:
    x = speech("This sentence is long enough to be stretched and squeezed without any harm.")
    before = median_pitch_hz(x)
    assert before is not None
    for pace in (0.7, 1.4):
        y = stretched(x, pace)
        assert y.size == pytest.approx(x.size / pace, rel=0.01)
        after = median_pitch_hz(y)
        assert after is not None
        assert abs(semitones(after, before)) < 0.4
    assert stretched(x, 1.0) is x


def test_pitch_is_found_over_the_whole_range_of_voices() -> None:
    t = np.arange(16_000) / 16_000
    for hz in (70.0, 110.0, 180.0, 300.0):
        x = sum(np.sin(2 * np.pi * hz * k * t) / k for k in range(1, 12)).astype(np.float32)  # type: ignore[union-attr]
        found = median_pitch_hz(x)
        assert found is not None
        assert abs(semitones(found, hz)) < 0.4
    assert median_pitch_hz(np.zeros(16_000, dtype=np.float32)) is None
    assert pitches_hz(np.zeros(10, dtype=np.float32)).size == 0


# ------------------------------------------------------------------------------------------------ embedded voices


def test_voices_of_a_dialogue_keep_their_distance() -> None:
    rng = np.random.default_rng(1)
    seen = set()
    for count in (2, 3, 4, 5):
        for _ in range(100):
            places = cast(rng, [None] * count)
            assert len(places) == count
            assert all(abs(a - b) >= LEAST_APART for a, b in combinations(places, 2))
            seen.update(places)
    assert seen == set(range(len(PRESETS)))
    met = [
        (PRESETS[p].pitch_hz > HIGH_HZ) == (w == "f")
        for _ in range(100)
        for w, p in zip("fm", cast(rng, ["f", "m"]), strict=True)
    ]
    assert all(met)
    five = cast(rng, ["m"] * 5)
    assert sum(PRESETS[p].pitch_hz < HIGH_HZ for p in five) == 3  # no more low voices differ


def said(engine: Espeak, place: int, prosody: str, text: str = TEXT) -> Utterance:
    voice = engine.cast(np.random.default_rng(0), [None], "en").voices[0]
    asked = {**voice.asked, "preset": PRESETS[place].name, "semitones": 0.0, "tract": 1.0, "pace": 1.0}
    return Utterance(type(voice)(PRESETS[place].name, ENGINE, asked, voice.licence), text, "en", prosody)


def test_embedded_voices_repeat_themselves_and_differ() -> None:
    places = range(len(PRESETS))
    with Espeak(2) as engine:
        # Twice, some time apart: variants of espeak-ng that draw noise by the clock must not be among the voices.
        sums, pitch = [], {}
        for _ in range(2):
            wanted = {id(u): (u, p) for p in places for u in [said(engine, p, "neutral", "We met at the harbour.")]}
            heard = {wanted[id(u)][1]: take for u, take in engine.speak([u for u, _ in wanted.values()])}
            assert all(isinstance(x, Take) for x in heard.values())
            sums.append({p: hashlib.sha256(heard[p].pcm.tobytes()).hexdigest() for p in places})  # type: ignore[union-attr]
            pitch = {p: median_pitch_hz(heard[p].pcm) for p in places}  # type: ignore[union-attr]
    assert sums[0] == sums[1]
    assert len(set(sums[0].values())) == len(PRESETS)
    for p in places:
        hz = pitch[p]
        assert hz is not None
        assert abs(semitones(hz, PRESETS[p].pitch_hz)) < 2.5


def test_prosody_classes_change_pitch_range_and_pace() -> None:
    with Espeak(2) as engine:
        wanted = {m: said(engine, 2, m) for m in PROSODY}
        heard = {u.prosody: take.pcm for u, take in engine.speak(list(wanted.values())) if isinstance(take, Take)}
    assert set(heard) == set(PROSODY)
    pitch = {m: float(np.median(pitches_hz(x))) for m, x in heard.items()}
    spread = {m: float(np.std(np.log2(pitches_hz(x)))) for m, x in heard.items()}
    assert heard["fast"].size * 1.25 < heard["neutral"].size < heard["slow"].size / 1.25
    assert semitones(pitch["lively"], pitch["neutral"]) > 0.8
    assert semitones(pitch["low"], pitch["neutral"]) < -0.8
    assert spread["calm"] < 0.75 * spread["neutral"] < 0.75 * spread["lively"]
    assert PROSODY["loud"].level_db - PROSODY["low"].level_db >= 10


def test_other_languages_and_unknown_ones() -> None:
    with Espeak(1) as engine:
        for language in ("de-DE", "zh", "pt-BR", "ru"):
            engine.check_language(language)
        with pytest.raises(ConfigError) as e:
            engine.check_language("tlh")
        assert e.value.code == "voice.language"
        assert "de" in e.value.hint
        assert engine.refuses("雨が降る前に帰ろう。", "ja") is not None
        assert engine.refuses("あめがふるまえにかえろう。", "ja") is None
        assert engine.refuses("下雨之前回去吧。", "zh") is None
        voice = engine.cast(np.random.default_rng(3), [None], "de").voices[0]
        ((_, take),) = engine.speak([Utterance(voice, "Guten Morgen, wie geht es Ihnen?", "de", "neutral")])
        assert isinstance(take, Take)


def test_without_espeak_ng_the_hint_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "espeakng_loader", None)
    with pytest.raises(EnvironmentProblem) as e:
        Espeak()
    assert 'pip install "audio-reasoner[voices]"' in e.value.hint


def test_a_broken_espeak_ng_ends_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(voice_espeak, "_CHILD", tmp_path / "gone.py")
    with Espeak(1) as engine, pytest.raises(EnvironmentProblem, match="espeak-ng failed"):
        list(engine.speak([said(engine, 0, "neutral")]))


# ------------------------------------------------------------------------------------------------ what is kept


def test_a_turn_is_kept_once_and_found_again(tmp_path: Path) -> None:
    with Espeak(1) as engine:
        u = said(engine, 5, "neutral")
        key = utterance_key(engine, u)
        assert key != utterance_key(engine, said(engine, 5, "fast"))
        assert key != utterance_key(engine, said(engine, 6, "neutral"))
        ((_, take),) = engine.speak([u])
    assert isinstance(take, Take)
    with VoiceCache(tmp_path) as cache:
        assert cache.get(key, u) is None
        kept = cache.put(key, u, take)
    info = SourceStore.open(tmp_path / "sources.sqlite").info(kept.source_key)
    assert info is not None
    assert (info.label, info.licence, info.extra["text"]) == ("speech", "CC0-1.0", TEXT)
    with VoiceCache(tmp_path) as cache:
        assert cache.get(key, u) == kept
    # The table is lost, the sound is not: it is taken in again, with the same key.
    (tmp_path / "sources.sqlite").unlink()
    with VoiceCache(tmp_path) as cache:
        assert cache.get(key, u) == kept
    # So it is if the table is no table any more; but that is told, not mended behind anybody's back.
    (tmp_path / "sources.sqlite").write_bytes(b"not a table" * 1000)
    with pytest.raises(IntegrityError) as e:
        VoiceCache(tmp_path)
    assert e.value.code == "synth.store_damaged"
    (tmp_path / "sources.sqlite").unlink()
    # Half a file is as good as none.
    path = next((tmp_path / "voices").rglob("*.flac"))
    path.write_bytes(path.read_bytes()[:100])
    with VoiceCache(tmp_path) as cache:
        assert cache.get(key, u) is None


# ------------------------------------------------------------------------------------------------ LibriSpeech


def test_librispeech_voices_stay_in_their_subset(tmp_path: Path) -> None:
    tree = LibriSpeech(libri(tmp_path, 4))
    assert tree.speakers == 8
    rng = np.random.default_rng(2)
    splits = {}
    for _ in range(20):
        block, people = tree.draw(rng, ["f", "m", None])
        assert len({s.number for s, _ in people}) == 3
        assert {s.subset for s, _ in people} == {block.name.split("/")[1]}
        assert [s.sex for s, _ in people[:2]] == ["F", "M"]
        splits[block.name] = block.split
        assert all(3.0 <= len(prompt_wav(p.path)) / 32_000 <= 10.0 and p.text.endswith(".") for _, p in people)
    assert splits == {"librispeech/train-clean-100/000": "train", "librispeech/test-clean/000": "test"}
    assert LibriSpeech(tmp_path, ("test-clean",)).speakers == 4
    assert LibriSpeech(tmp_path).prompt(tree.blocks[0].speakers[0]) == tree.prompt(tree.blocks[0].speakers[0])


def test_a_large_subset_is_dealt_into_blocks_that_share_nobody(tmp_path: Path) -> None:
    for i in range(90):
        (tmp_path / "train-clean-360" / str(i) / "1").mkdir(parents=True)
    blocks = LibriSpeech(tmp_path).blocks
    assert [len(b.speakers) for b in blocks] == [23, 23, 22, 22]
    names = [s.number for b in blocks for s in b.speakers]
    assert len(set(names)) == 90


def test_a_hostile_tree_is_told_and_survived(tmp_path: Path) -> None:
    root = libri(tmp_path, 6, ("test-clean",))
    first, second, third = sorted((root / "test-clean").iterdir())[:3]
    for chapter in ("7", "8"):
        (first / chapter / f"{first.name}-{chapter}.trans.txt").unlink()
        (second / chapter / f"{second.name}-{chapter}-0000.flac").write_bytes(b"fLaC no sound at all")
        (third / chapter / f"{third.name}-{chapter}.trans.txt").write_bytes(b"\xff\xfe\x00 broken \x80")
    other = sorted((root / "test-clean").iterdir())[3]
    (other / "7" / f"{other.name}-7.trans.txt").write_text(
        "../../../etc/passwd WORDS OF SOMEBODY WHO WANTS OUT OF HERE\n"
    )
    (root / "test-clean" / "notes").mkdir()
    (root / "test-clean" / "99").write_text("a file where a folder is expected")
    tree = LibriSpeech(root)
    assert tree.speakers == 6
    _, people = tree.draw(np.random.default_rng(0), [None] * 3)
    assert {s.number for s, _ in people}.isdisjoint({first.name, second.name, third.name})
    with pytest.raises(ConfigError) as e:
        tree.draw(np.random.default_rng(0), [None] * 4)
    assert e.value.code == "voice.too_few"
    assert "without trans.txt" in e.value.message
    assert "unreadable" in e.value.message
    for nothing in (tmp_path / "gone", tmp_path / "test-clean" / first.name / "7"):
        with pytest.raises(InputError) as missing:
            LibriSpeech(nothing)
        assert missing.value.code == "voice.no_tree"
    with pytest.raises(InputError, match="test-clean"):
        LibriSpeech(root, ("train-clean-100",))


def test_only_clean_prompts_serve() -> None:
    text = "the quick train to the harbour left an hour ago and nobody was in it"
    x = speech(text) * 0.4
    rng = np.random.default_rng(0)
    quiet = x + rng.normal(0, 1e-4, x.size).astype(np.float32)
    assert unclean(quiet, text)[0] is None
    assert unclean(x + rng.normal(0, 0.02, x.size).astype(np.float32), text)[0] == "recordings with noise"
    assert unclean(quiet * 0.02, text)[0] == "recordings too soft or too loud"
    assert unclean(np.clip(quiet * 6, -1, 1) * 1.0, text)[0] in (
        "recordings that clip",
        "recordings too soft or too loud",
    )
    gap = np.concatenate([quiet, rng.normal(0, 1e-4, 64_000).astype(np.float32)])
    assert unclean(gap, text * 2)[0] == "recordings with long pauses"
    assert unclean(quiet, "yes")[0] == "recordings whose words do not fit their length"


@pytest.mark.system
def test_a_server_is_asked_for_prosody_in_its_own_terms_and_nothing_is_claimed(tmp_path: Path) -> None:
    tree = LibriSpeech(libri(tmp_path, 3, ("test-clean",)))
    with serving(Options()) as server:
        for spec, people in ((f"cosyvoice@{server.url}", tree), (f"openai:t@{server.url}", ("anna", "bob"))):
            for manner in ("own", "server"):
                with ServerVoices(parse_speech(spec), people, ["en"], prosody=manner) as engine:  # type: ignore[arg-type]
                    voice = engine.cast(np.random.default_rng(0), [None], "en").voices[0]
                    wanted = {m: Utterance(voice, TEXT, "en", m) for m in ("neutral", "calm", "fast")}
                    heard = {u.prosody: t for u, t in engine.speak(list(wanted.values()))}
                    assert all(isinstance(t, Take) for t in heard.values()), heard
                    claimed = [engine.performs(m) for m in wanted]
                    assert claimed == (["neutral", None, "fast"] if manner == "own" else [None] * 3)
                    if manner == "own":
                        fast, plain = heard["fast"], heard["neutral"]
                        assert isinstance(fast, Take)
                        assert isinstance(plain, Take)
                        assert fast.seconds == pytest.approx(plain.seconds / 1.4, rel=0.05)
            told = server.stats()
        # Neutral speech needs no instruction: the prompt's own words are the better guide.
        assert told["paths"]["/inference_instruct2"] == 2
        assert told["paths"]["/inference_zero_shot"] == 4
    with pytest.raises(ConfigError, match="recordings of speakers"):
        ServerVoices(parse_speech("cosyvoice@http://127.0.0.1:9"), ("anna",), ["en"])
