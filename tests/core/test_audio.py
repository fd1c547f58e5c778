"""Reading any audio file, and the one reason for each that cannot be read. Every file is made here."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from audio_reasoner.core import audio
from audio_reasoner.core.errors import InputError

RATE = 24_000
SECONDS = 1.5
LOSSY = ("ogg", "opus", "mp3", "m4a", "mp4", "webm")
EVERY = ("wav", "flac", "aiff", "au", *LOSSY)


def sine(hz: float = 440.0, seconds: float = SECONDS, rate: int = RATE, channels: int = 2) -> np.ndarray:
    """float32 [n, channels]: a sine, softer on each further channel, with a little noise so that codecs have work."""
    t = np.arange(round(seconds * rate)) / rate
    x = 0.5 * np.sin(2 * np.pi * hz * t) + 0.01 * np.random.default_rng(1).standard_normal(t.size)
    return np.stack([x * 0.9**c for c in range(channels)], axis=1).astype(np.float32)


def encode_av(path: Path, x: np.ndarray, rate: int, codec: str, container: str, layout: str = "stereo") -> None:
    import av

    with av.open(str(path), "w", format=container) as out:
        stream = out.add_stream(codec, rate=rate)
        stream.layout = layout
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(x.T), format="fltp", layout=layout)
        frame.sample_rate = rate
        resampler = av.AudioResampler(format=stream.codec_context.format, layout=layout, rate=rate)
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            for packet in stream.encode(piece):
                out.mux(packet)
        for packet in stream.encode(None):
            out.mux(packet)


def write(path: Path, kind: str, x: np.ndarray, rate: int = RATE) -> Path:
    """Write `x` as `kind` into `path`, whatever the path's suffix says."""
    if kind in ("m4a", "mp4"):
        encode_av(path, x, rate, "aac", {"m4a": "ipod", "mp4": "mp4"}[kind])
    elif kind == "webm":
        encode_av(path, x, rate, "libopus", "webm")
    else:
        form, subtype = {
            "wav": ("WAV", "PCM_16"),
            "flac": ("FLAC", "PCM_16"),
            "aiff": ("AIFF", "PCM_16"),
            "au": ("AU", "PCM_16"),
            "ogg": ("OGG", "VORBIS"),
            "opus": ("OGG", "OPUS"),
            "mp3": ("MP3", "MPEG_LAYER_III"),
        }[kind]
        sf.write(str(path), x, rate, format=form, subtype=subtype)
    return path


def video_without_sound(path: Path) -> Path:
    import av

    with av.open(str(path), "w", format="mp4") as out:
        stream = out.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 32
        stream.pix_fmt = "yuv420p"
        for _ in range(5):
            picture = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")
            for packet in stream.encode(picture):
                out.mux(packet)
        for packet in stream.encode(None):
            out.mux(packet)
    return path


def code_of(path: Path, **span: int) -> str:
    with pytest.raises(InputError) as caught:
        audio.decode(path, **span)
    assert path.name in str(caught.value)
    return caught.value.code


def loudest_hz(x: np.ndarray, rate: int) -> float:
    spectrum = np.abs(np.fft.rfft(x * np.hanning(x.size)))
    return float(spectrum.argmax() * rate / x.size)


@pytest.mark.parametrize("kind", EVERY)
def test_every_container_decodes_to_what_was_written_whatever_its_name(tmp_path: Path, kind: str) -> None:
    path = write(tmp_path / "renamed.txt", kind, sine())
    probed = audio.probe(path)
    decoded = audio.decode(path)
    seconds = len(decoded.samples) / decoded.rate
    # Lossy codecs pad to whole frames, AAC by two of 43 ms.
    assert seconds == pytest.approx(SECONDS, abs=0.1 if kind in LOSSY else 0)
    assert probed.duration_s == pytest.approx(seconds, abs=0.1)
    assert (probed.channels, probed.rate) == (2, decoded.rate)
    assert decoded.samples.dtype == np.float32
    left, right = decoded.samples.T
    assert loudest_hz(left, decoded.rate) == pytest.approx(440, abs=2)
    assert np.std(left) == pytest.approx(0.353, rel=0.05)
    assert np.std(right) == pytest.approx(0.353 * 0.9, rel=0.05)


@pytest.mark.parametrize("rate", [8000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000])
def test_any_rate_becomes_16_khz_with_pitch_and_level_kept(tmp_path: Path, rate: int) -> None:
    pcm = audio.load_mono(write(tmp_path / "x.wav", "wav", sine(rate=rate, channels=1), rate))
    assert len(pcm) == pytest.approx(SECONDS * 16_000, abs=2)
    assert loudest_hz(pcm, 16_000) == pytest.approx(440, abs=2)
    assert np.std(pcm) == pytest.approx(0.353, rel=0.02)


def test_what_lies_above_8_khz_does_not_fold_down(tmp_path: Path) -> None:
    path = write(tmp_path / "x.wav", "wav", sine(hz=11_000, rate=44_100, channels=1), 44_100)
    assert np.std(audio.load_mono(path)) < 0.02


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW", "IMA_ADPCM"])
def test_sample_formats_of_wav(tmp_path: Path, subtype: str) -> None:
    path = tmp_path / "x.wav"
    sf.write(str(path), sine(), RATE, subtype=subtype)
    decoded = audio.decode(path)
    assert np.std(decoded.samples[:, 0]) == pytest.approx(0.353, rel=0.05)


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 6, 8])
def test_channels_are_mixed_without_clipping(tmp_path: Path, channels: int) -> None:
    x = np.tile(sine(channels=1), (1, channels))
    mono = audio.load_mono(write(tmp_path / "x.wav", "wav", x), rate=RATE)
    np.testing.assert_allclose(mono, x[:, 0], atol=2e-4)


def test_surround_keeps_the_centre_and_drops_the_low_frequency_channel(tmp_path: Path) -> None:
    x = np.zeros((RATE, 6), np.float32)
    x[:, 2] = sine(300, 1.0, channels=1)[:, 0]
    x[:, 3] = 0.9  # LFE: an offset nobody should hear
    mono = audio.load_mono(write(tmp_path / "x.wav", "wav", x), rate=RATE)
    assert loudest_hz(mono, RATE) == pytest.approx(300, abs=2)
    assert abs(mono.mean()) < 0.01


def test_surround_in_an_mp4_as_films_have_it(tmp_path: Path) -> None:
    path = tmp_path / "dia0_utt0.mp4"
    encode_av(path, sine(rate=48_000, channels=6), 48_000, "aac", "mp4", layout="5.1")
    assert audio.probe(path).channels == 6
    assert loudest_hz(audio.load_mono(path), 16_000) == pytest.approx(440, abs=2)


def test_opposite_phases_do_not_cancel_to_silence() -> None:
    left = sine(channels=1)[:, 0]
    mono = audio.to_mono(np.stack([left, -left], axis=1))
    np.testing.assert_array_equal(mono, left)


def test_spans_give_the_samples_at_their_place(tmp_path: Path) -> None:
    ramp = np.linspace(-0.9, 0.9, RATE * 2, dtype=np.float32)[:, None]
    path = write(tmp_path / "x.wav", "wav", ramp)
    whole = audio.decode(path).samples
    part = audio.decode(path, 500, 1250).samples
    np.testing.assert_array_equal(part, whole[12_000:30_000])
    np.testing.assert_array_equal(audio.cut(audio.decode(path), path, 500, 1250).samples, part)
    np.testing.assert_array_equal(audio.decode(path, 1900).samples, whole[45_600:])


@pytest.mark.parametrize("kind", ["mp3", "m4a", "flac", "ogg"])
def test_a_span_of_a_coded_file_equals_the_same_span_of_the_whole(tmp_path: Path, kind: str) -> None:
    path = write(tmp_path / "x", kind, sine())
    whole = audio.decode(path)
    start, end = round(0.3 * whole.rate), round(0.9 * whole.rate)
    np.testing.assert_allclose(audio.decode(path, 300, 900).samples, whole.samples[start:end], atol=1e-6)


@pytest.mark.parametrize("kind", ["wav", "mp3"])
def test_spans_outside_the_file_are_refused_but_a_rounded_end_is_not(tmp_path: Path, kind: str) -> None:
    path = write(tmp_path / "x", kind, sine())
    assert code_of(path, start_ms=2000) == "audio.span"
    assert code_of(path, start_ms=500, end_ms=9000) == "audio.span"
    assert code_of(path, start_ms=700, end_ms=700) == "audio.span"
    assert code_of(path, start_ms=-5) == "audio.span"
    assert len(audio.decode(path, 1000, 1530).samples) == pytest.approx(0.5 * RATE, abs=0.05 * RATE)


@pytest.mark.parametrize("kind", EVERY)
@pytest.mark.parametrize("share", [0.95, 0.6, 0.3])
def test_a_file_that_ends_early_never_passes_for_a_shorter_one(tmp_path: Path, kind: str, share: float) -> None:
    data = write(tmp_path / "whole", kind, sine(seconds=4.0, rate=48_000), 48_000).read_bytes()
    path = tmp_path / "cut"
    path.write_bytes(data[: int(len(data) * share)])
    assert code_of(path) == "audio.truncated"


def test_an_mp3_cut_between_two_frames_is_noticed_by_its_table(tmp_path: Path) -> None:
    data = write(tmp_path / "whole.mp3", "mp3", sine(seconds=4.0, rate=32_000), 32_000).read_bytes()
    frames = [i for i in range(len(data) - 1) if data[i : i + 2] == data[:2]]
    path = tmp_path / "cut.mp3"
    path.write_bytes(data[: frames[len(frames) // 2]])
    assert code_of(path) == "audio.truncated"


def test_tags_before_and_after_an_mp3_are_no_sound_and_no_damage(tmp_path: Path) -> None:
    data = write(tmp_path / "x.mp3", "mp3", sine()).read_bytes()
    id3v2 = b"ID3\x04\x00\x00" + bytes([0, 0, 8, 0]) + b"\0" * 1024
    id3v1 = b"TAG" + b"x" * 125
    tagged = tmp_path / "tagged.mp3"
    tagged.write_bytes(id3v2 + data + id3v1)
    assert len(audio.decode(tagged).samples) == len(audio.decode(tmp_path / "x.mp3").samples)


def test_a_wav_written_to_a_pipe_has_no_length_and_is_whole(tmp_path: Path) -> None:
    data = bytearray(audio.encode_wav(sine(channels=1)[:, 0], RATE))
    for unknown in (0xFFFFFFFF, 0x7FFFFFFF):
        data[4:8] = data[40:44] = struct.pack("<I", unknown)
        path = tmp_path / f"{unknown}.wav"
        path.write_bytes(data)
        assert len(audio.decode(path).samples) == RATE * SECONDS


def test_chunks_around_the_sound_of_a_wav_do_no_harm(tmp_path: Path) -> None:
    data = audio.encode_wav(sine(channels=1)[:, 0], RATE)
    extra = b"LIST" + struct.pack("<I", 5) + b"INFOx\0"
    path = tmp_path / "x.wav"
    path.write_bytes(data[:12] + extra + data[12:] + extra)
    assert len(audio.decode(path).samples) == RATE * SECONDS


def test_each_way_of_being_no_recording_has_its_own_code(tmp_path: Path) -> None:
    def made(name: str, data: bytes) -> Path:
        (tmp_path / name).write_bytes(data)
        return tmp_path / name

    (tmp_path / "folder").mkdir()
    (tmp_path / "broken").symlink_to(tmp_path / "nowhere.wav")
    os.mkfifo(tmp_path / "pipe.wav")
    assert code_of(tmp_path / "none.wav") == "audio.missing"
    assert code_of(tmp_path / "broken") == "audio.missing"
    assert code_of(tmp_path / "folder") == "audio.is_directory"
    assert code_of(tmp_path / "pipe.wav") == "audio.not_audio"
    assert code_of(made("zero.wav", b"")) == "audio.zero_bytes"
    assert code_of(made("text.wav", "Straße\n".encode() * 500)) == "audio.not_audio"
    assert code_of(made("one.wav", b"x")) == "audio.not_audio"
    assert code_of(made("page.mp3", b"<!DOCTYPE html><html>404 not found</html>")) == "audio.not_audio"
    assert code_of(made("picture.wav", b"\x89PNG\r\n\x1a\n" + b"\0" * 100)) == "audio.not_audio"
    assert code_of(made("zeros.wav", b"\0" * 5000)) == "audio.not_audio"
    assert code_of(video_without_sound(tmp_path / "film.mp4")) == "audio.no_audio_track"
    assert code_of(made("header.wav", audio.encode_wav(np.zeros(0, np.float32)))) == "audio.empty"


def test_random_bytes_never_pass_for_sound(tmp_path: Path) -> None:
    for seed in range(40):
        path = tmp_path / f"{seed}.mp3"
        path.write_bytes(np.random.default_rng(seed).bytes(60_000))
        assert code_of(path) == "audio.not_audio"


def test_damaged_files_end_in_a_stated_reason_never_in_another_exception(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    outcomes = set()
    for kind in EVERY:
        data = write(tmp_path / "whole", kind, sine(seconds=0.5)).read_bytes()
        for i in range(12):
            damaged = bytearray(data)
            for at in rng.integers(0, min(len(data), 400 if i % 2 else len(data)), 8):
                damaged[at] = int(rng.integers(256))
            (tmp_path / "damaged").write_bytes(damaged)
            try:
                assert np.isfinite(audio.load_mono(tmp_path / "damaged")).all()
                outcomes.add("audio.read")
            except InputError as error:
                outcomes.add(error.code)
    assert len(outcomes) > 2
    assert all(code.startswith("audio.") for code in outcomes)


def test_a_playlist_is_not_followed(tmp_path: Path) -> None:
    secret = write(tmp_path / "secret.wav", "wav", sine())
    for name, text in {
        "list.m3u8": f"#EXTM3U\n#EXTINF:1,\n{secret}\n",
        "concat.wav": f"ffconcat version 1.0\nfile '{secret}'\n",
    }.items():
        (tmp_path / name).write_text(text)
        assert code_of(tmp_path / name) == "audio.not_audio"


def test_no_permission_is_not_the_same_as_no_file(tmp_path: Path) -> None:
    path = write(tmp_path / "x.wav", "wav", sine())
    path.chmod(0)
    if os.geteuid() != 0:
        assert code_of(path) == "audio.unreadable"
        return
    # Root reads everything: look through the eyes of another user, with the package already imported.
    child = os.fork()
    if child == 0:
        for folder in (tmp_path, *tmp_path.parents[:3]):
            folder.chmod(0o755)
        os.setuid(65_534)
        try:
            audio.sniff(path)
            audio.decode(path)
        except InputError as error:
            os._exit(0 if error.code == "audio.unreadable" else 2)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_samples_that_are_no_numbers_are_counted_and_located(tmp_path: Path, bad: float) -> None:
    x = sine()
    x[12_000:12_003, 1] = bad
    sf.write(str(tmp_path / "x.wav"), x, RATE, subtype="FLOAT")
    with pytest.raises(InputError, match=r"3 of 36,000 .* first at 0\.500 s") as caught:
        audio.decode(tmp_path / "x.wav")
    assert caught.value.code == "audio.not_finite"
    assert len(audio.decode(tmp_path / "x.wav", 600).samples)


def test_a_header_cannot_make_us_allocate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audio, "MAX_VALUES", 50_000)
    for kind in ("wav", "mp3"):
        path = write(tmp_path / kind, kind, sine())
        assert code_of(path) == "audio.too_long"
        assert len(audio.decode(path, 0, 500).samples) == pytest.approx(RATE / 2, abs=2)


def test_a_very_short_recording_is_a_recording(tmp_path: Path) -> None:
    for samples in (1, 2, 160):
        path = tmp_path / f"{samples}.wav"
        path.write_bytes(audio.encode_wav(np.full(samples, 0.5, np.float32), 16_000))
        assert len(audio.load_mono(path)) == samples


def test_encoding_undoes_decoding_exactly_and_clips_what_is_too_loud(tmp_path: Path) -> None:
    pcm = np.random.default_rng(0).integers(-32768, 32768, 20_000).astype(np.float32) / 32768
    for encode in (audio.encode_wav, audio.encode_flac):
        (tmp_path / "x").write_bytes(encode(pcm, 16_000))
        np.testing.assert_array_equal(audio.load_mono(tmp_path / "x"), pcm)
        assert encode(pcm, 16_000) == encode(pcm.copy(), 16_000)
    (tmp_path / "x").write_bytes(audio.encode_wav(np.array([2.0, -3.0], np.float32)))
    np.testing.assert_allclose(audio.load_mono(tmp_path / "x"), [32767 / 32768, -1.0])
    with pytest.raises(InputError, match="NaN"):
        audio.encode_wav(np.array([0.0, np.nan], np.float32))


def test_nothing_is_said_on_stderr_by_the_libraries(tmp_path: Path) -> None:
    """FFmpeg and mpg123 write warnings past Python; a thousand damaged files must not flood a terminal."""
    paths = []
    for kind in EVERY:
        data = write(tmp_path / kind, kind, sine()).read_bytes()
        for share in (1.0, 0.99, 0.5):
            path = tmp_path / f"{kind}-{share}"
            middle = int(len(data) * share * 0.5)
            path.write_bytes(data[:middle] + b"\xff\xfe\x00" * 30 + data[middle + 90 : int(len(data) * share)])
            paths.append(str(path))
    code = (
        "import sys\nfrom audio_reasoner.core import audio\nfrom audio_reasoner.core.errors import InputError\n"
        "for p in sys.argv[1:]:\n    try: audio.probe(p); audio.load_mono(p)\n    except InputError: pass\n"
        "print('done')"
    )
    done = subprocess.run([sys.executable, "-c", code, *paths], capture_output=True, text=True, check=True)
    assert done.stdout == "done\n"
    assert done.stderr == ""
