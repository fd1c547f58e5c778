"""Speech servers: what their replies are, and how the client behaves towards one that fails (a real socket)."""

from __future__ import annotations

import asyncio
import json

import numpy as np
import pytest

from audio_reasoner.clients.limiter import Limits
from audio_reasoner.clients.retry import RetryPolicy
from audio_reasoner.clients.speech import Sound, SpeechClient, SpeechRequest, parse_speech, sound_of
from audio_reasoner.clients.transport import CallFailed
from audio_reasoner.core.errors import AudioReasonerError, ConfigError, TeacherError
from loopback_tts import Options, Server, buzz, wav

COSYVOICE = parse_speech("cosyvoice@http://127.0.0.1:1")
OPENAI = parse_speech("openai:tts@http://127.0.0.1:1")
SPEECH = buzz("Hello there, how are you?", "anna", 24_000)
QUICK = RetryPolicy(max_attempts=3, max_total_s=5.0, first_wait_s=0.01)


def test_addresses_are_read_and_refused() -> None:
    assert COSYVOICE.endpoint.url == "http://127.0.0.1:1"
    assert COSYVOICE.rate == 24_000
    assert parse_speech("cosyvoice:CosyVoice-300M@http://gpu:50000/", 22_050).model == "CosyVoice-300M"
    assert parse_speech("cosyvoice@https://host/tts").endpoint.url == "https://host/tts"
    assert OPENAI.endpoint.url == "http://127.0.0.1:1/v1"
    for bad in ("", "espeak-ng", "cosyvoice", "cosyvoice@", "cosyvoice@gpu:50000", "gemini:tts", "http://host"):
        with pytest.raises(ConfigError) as e:
            parse_speech(bad)
        assert e.value.code == "voice.spec"
    with pytest.raises(ConfigError) as e:
        parse_speech("cosyvoice@http://me:secret@host:1")
    assert "secret" not in str(e.value)


def test_samples_come_raw_and_in_files() -> None:
    raw = sound_of(SPEECH.tobytes(), {}, COSYVOICE)
    filed = sound_of(wav(SPEECH, 24_000), {"content-type": "audio/wav"}, OPENAI)
    assert raw.rate == filed.rate == 24_000
    np.testing.assert_allclose(raw.pcm, filed.pcm, atol=1e-6)
    assert sound_of(SPEECH.tobytes(), {"x-custom-header-samplerate": "22050"}, COSYVOICE).rate == 22_050
    assert sound_of(SPEECH.tobytes(), {"content-type": "audio/pcm;rate=48000"}, OPENAI).rate == 48_000
    # A streamed WAV does not know its length when its header is written.
    streamed = bytearray(wav(SPEECH, 24_000))
    streamed[4:8] = streamed[40:44] = b"\xff\xff\xff\xff"
    np.testing.assert_allclose(sound_of(bytes(streamed), {}, OPENAI).pcm[: len(SPEECH)], raw.pcm, atol=1e-6)


@pytest.mark.parametrize(
    ("body", "kind", "code"),
    [
        (b"", "", "voice.empty"),
        (b"<html>502 Bad Gateway</html>", "text/html", "voice.garbage"),
        (b"<html>502 Bad Gateway</html>", "", "voice.garbage"),
        (b'{"error": "loading"}', "application/json", "voice.error_reply"),
        (b'{"error": "loading"}', "", "voice.error_reply"),
        (b"ID3\x04" + bytes(400), "audio/mpeg", "voice.format"),
        (b"\xff\xfb\x90\x64" + bytes(413), "application/octet-stream", "voice.format"),
        (b"OggS" + bytes(400), "", "voice.format"),
        (b"RIFF\x00\x00\x00\x00WAVEnonsense", "audio/wav", "voice.garbage"),
        (wav(SPEECH[:0], 24_000), "audio/wav", "voice.empty"),
        (wav(SPEECH[::3], 8_000), "audio/wav", "voice.rate"),
        (SPEECH.tobytes()[:-1], "", "voice.cut"),
    ],
)
def test_what_is_no_speech_is_called_what_it_is(body: bytes, kind: str, code: str) -> None:
    with pytest.raises(CallFailed) as e:
        sound_of(body, {"content-type": kind} if kind else {}, OPENAI)
    assert e.value.code == code


def test_samples_beyond_all_measure_are_refused() -> None:
    import io

    import soundfile as sf

    for bad in (np.nan, np.inf, 1e30):
        out = io.BytesIO()
        sf.write(out, np.full(24_000, bad, dtype=np.float32), 24_000, format="WAV", subtype="FLOAT")
        with pytest.raises(CallFailed) as e:
            sound_of(out.getvalue(), {}, OPENAI)
        assert e.value.code == "voice.garbage"


def test_raw_samples_may_begin_like_a_text() -> None:
    for first in (b"{\x01", b"[\x10", b"<\x7f"):
        data = first + SPEECH.tobytes()
        assert sound_of(data, {}, COSYVOICE).pcm.shape[0] == len(data) // 2


def ask(options: Options, count: int = 6, protocol: str = "openai", **more: object) -> tuple[list[object], Server]:
    """What `count` turns came to: sounds and errors."""

    async def run() -> tuple[list[object], Server]:
        server = Server(options)
        url = await server.start()
        spec = f"openai:tts@{url}" if protocol == "openai" else f"cosyvoice@{url}"
        settings = {"retry": QUICK, "timeout_s": 5.0, **more}
        async with SpeechClient(parse_speech(spec), Limits(), **settings) as client:  # type: ignore[arg-type]
            prompt = wav(buzz("a prompt of three seconds or a bit more for the clone", "bob", 16_000), 16_000)
            requests = [
                SpeechRequest(
                    f"k{i}", f"This is turn number {i}.", voice="anna", prompt_text="A prompt.", prompt_wav=prompt
                )
                for i in range(count)
            ]
            found = await asyncio.gather(*(client.say(r) for r in requests), return_exceptions=True)
        await server.stop()
        return list(found), server

    return asyncio.run(run())


def test_both_protocols_are_spoken() -> None:
    for protocol in ("openai", "cosyvoice"):
        found, server = ask(Options(), 3, protocol)
        assert all(isinstance(x, Sound) and x.rate == 24_000 for x in found), found
        assert str(server.last.get("input", server.last.get("tts_text"))).startswith("This is turn number")
        assert sum(server.texts.values()) == len(server.texts) == 3
    assert server.last["prompt_text"] == "A prompt."
    assert 2.0 < server.last["prompt_s"] < 8.0


def test_a_failing_server_is_asked_again() -> None:
    found, server = ask(Options(faults="500=0.25,reset=0.15,html=0.15,json_200=0.1,half=0.1", limit=3), 24)
    good = [x for x in found if isinstance(x, Sound)]
    assert len(good) >= 12, found
    assert all(isinstance(x, CallFailed) and x.code.startswith("voice.") for x in found if not isinstance(x, Sound))
    assert sum(server.faults.values()) >= 8
    assert server.peak <= 3


@pytest.mark.parametrize(
    ("fault", "code"),
    [("mp3", "voice.format"), ("rate", "voice.rate"), ("404", "voice.unknown_model"), ("401", "voice.auth")],
)
def test_what_every_call_would_meet_ends_the_work(fault: str, code: str) -> None:
    found, server = ask(Options(faults=f"{fault}=1"), 1)
    assert isinstance(found[0], ConfigError)
    assert found[0].code == code
    assert found[0].hint
    assert server.requests == 1


def test_a_slow_server_is_not_waited_for_longer_than_told() -> None:
    found, server = ask(Options(faults="stall=1"), 1, timeout_s=0.2)
    assert isinstance(found[0], CallFailed)
    assert found[0].code == "voice.timeout"
    assert server.requests == 3


def test_nobody_there_and_gone_again_are_told_apart() -> None:
    async def nobody() -> None:
        async with SpeechClient(
            parse_speech("openai:t@http://127.0.0.1:9"), Limits(), retry=RetryPolicy(2, 0.2, 0.05)
        ) as c:
            await c.say(SpeechRequest("k", "Hello.", voice="a"))

    with pytest.raises(ConfigError, match="cannot be reached"):
        asyncio.run(nobody())

    async def gone() -> None:
        server = Server(Options())
        spec = parse_speech(f"openai:t@{await server.start()}")
        async with SpeechClient(spec, Limits(), retry=RetryPolicy(2, 0.2, 0.05)) as c:
            await c.say(SpeechRequest("k", "Hello.", voice="a"))
            await server.stop()
            await c.say(SpeechRequest("k2", "Hello again.", voice="a"))

    with pytest.raises(TeacherError) as e:
        asyncio.run(gone())
    assert e.value.code == "voice.server_gone"
    assert "kept" in e.value.hint


def test_the_key_is_sent_and_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-topsecret")
    assert all(isinstance(x, Sound) for x in ask(Options(key="sk-topsecret"), 1)[0])
    refused = ask(Options(key="another"), 1)[0][0]
    assert isinstance(refused, AudioReasonerError)
    assert "OPENAI_API_KEY" in str(refused)
    assert "topsecret" not in str(refused)


def test_speed_and_instructions_are_sent_only_where_they_say_something() -> None:
    async def run() -> list[dict[str, object]]:
        server = Server(Options())
        url = await server.start()
        seen = []
        async with SpeechClient(parse_speech(f"openai:tts@{url}"), Limits()) as client:
            for more in ({}, {"speed": 1.4, "instructions": "Speak quickly."}):
                await client.say(SpeechRequest("k", "Hello there.", voice="a", **more))  # type: ignore[arg-type]
                seen.append(json.loads(json.dumps(server.last)))
        await server.stop()
        return seen

    plain, told = asyncio.run(run())
    assert set(plain) == {"model", "input", "voice", "response_format"}
    assert told["speed"] == 1.4
    assert told["instructions"] == "Speak quickly."
