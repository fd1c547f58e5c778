"""Reading sound: any container, any rate, any channel count, and one stable reason when it cannot be read.

Decisions:

* The content decides, never the file name. The first bytes choose the decoder: libsndfile for WAV, AIFF, FLAC, Ogg, AU
  and CAF (several times faster on short files), FFmpeg through PyAV for the rest. FFmpeg is only ever given the one
  container that was recognised: a playlist or concat script posing as audio cannot make it open other files or
  addresses.
* MP3 goes to FFmpeg although libsndfile reads it too: libsndfile's MP3 decoder writes warnings to the process's stderr.
* A file that ends early is an error, not a shorter clip: its labels speak of the part that is missing. What each
  container lets us know is listed at `check_whole`.
* Sound is handed on as float32 in -1..1, mono is a mean (see `to_mono`), resampling is soxr HQ. Equal bytes give equal
  samples.
* No header can make us allocate memory: files are decoded in blocks, up to `MAX_VALUES` values.

Heavy libraries are imported where they are used.
"""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from audio_reasoner.core.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]

HEARD_SECONDS = 30.0
"""What a Qwen2-Audio-class model hears of a recording; many trainers cut the rest off without a word."""
SAMPLE_RATE = 16_000
"""Hz; what every model and estimator here hears."""

MAX_VALUES = 1 << 28
"""Most values (frames times channels) decoded at once: 1 GiB of float32, 93 minutes of 48 kHz stereo."""

SPAN_TOLERANCE_MS = 50
"""A span may end this much after the file does: tables round times to a tenth or a frame."""

_BLOCK = 1 << 20
_SOUNDFILE = {"wav", "rf64", "w64", "aiff", "flac", "ogg", "au", "caf"}
_FFMPEG_FORMAT = {
    "wav": "wav",
    "aiff": "aiff",
    "flac": "flac",
    "ogg": "ogg",
    "au": "au",
    "caf": "caf",
    "w64": "w64",
    "mp3": "mp3",
    "aac": "aac",
    "mp4": "mov",
    "matroska": "matroska",
    "avi": "avi",
    "asf": "asf",
    "flv": "flv",
    "mpegts": "mpegts",
    "mpeg": "mpeg",
    "ac3": "ac3",
    "amr": "amr",
    "wavpack": "wv",
    "ape": "ape",
    "tta": "tta",
}


@dataclass(frozen=True)
class Decoded:
    """Sound as it lies in the file: `samples` float32 [frames, channels], `rate` in Hz."""

    samples: Samples
    rate: int


@dataclass(frozen=True)
class Probe:
    """What a file says of itself: length in seconds, rate in Hz, channels, container and codec names."""

    duration_s: float
    rate: int
    channels: int
    container: str
    codec: str


# --- what is it? -----------------------------------------------------------------------------------------------------


def _refuse(path: Path, code: str, what: str, hint: str = "") -> InputError:
    return InputError(f"{path}: {what}", code=f"audio.{code}", hint=hint)


def _open(path: Path) -> BinaryIO:
    """The file, open for reading, once it is sure that it is a regular file with bytes in it."""
    try:
        info = path.stat()
    except FileNotFoundError:
        if path.is_symlink():
            raise _refuse(path, "missing", f"a link to {path.readlink()}, which does not exist") from None
        raise _refuse(path, "missing", "no such file") from None
    except PermissionError:
        raise _refuse(path, "unreadable", "may not be looked at", "Check the permissions of its folders.") from None
    except OSError as error:
        raise _refuse(path, "unreadable", error.strerror or str(error)) from None
    if stat.S_ISDIR(info.st_mode):
        raise _refuse(path, "is_directory", "a folder, expected an audio file")
    if not stat.S_ISREG(info.st_mode):
        raise _refuse(path, "not_audio", "not a regular file (a pipe, socket or device)")
    if info.st_size == 0:
        raise _refuse(path, "zero_bytes", "zero bytes long", "An interrupted copy or download leaves such files.")
    try:
        return path.open("rb")
    except PermissionError:
        raise _refuse(path, "unreadable", "may not be read", "Check the permissions of the file.") from None
    except OSError as error:
        raise _refuse(path, "unreadable", error.strerror or str(error)) from None


def _mpeg_frame(header: bytes) -> tuple[int, int, int, int] | None:
    """(bytes, samples, rate, channels) of the MPEG audio frame that begins with these four bytes, or None."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return None
    version = (header[1] >> 3) & 3  # 0: MPEG 2.5, 2: MPEG 2, 3: MPEG 1
    layer = 4 - ((header[1] >> 1) & 3)  # 1, 2, 3; 4 is reserved
    bitrate_index, rate_index, padding = header[2] >> 4, (header[2] >> 2) & 3, (header[2] >> 1) & 1
    if version == 1 or layer == 4 or rate_index == 3 or bitrate_index in (0, 15):
        return None
    rate = (44100, 48000, 32000)[rate_index] >> {3: 0, 2: 1, 0: 2}[version]
    if version == 3:
        table = {
            1: (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
            2: (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
            3: (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
        }[layer]
    elif layer == 1:
        table = (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256)
    else:
        table = (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
    bitrate = table[bitrate_index - 1] * 1000
    channels = 1 if header[3] >> 6 == 3 else 2
    if layer == 1:
        return (12 * bitrate // rate + padding) * 4, 384, rate, channels
    samples = 576 if layer == 3 and version != 3 else 1152
    return samples // 8 * bitrate // rate + padding, samples, rate, channels


def _id3_size(head: bytes) -> int:
    """Bytes of an ID3v2 tag at the start of a file; 0 if there is none."""
    if head[:3] != b"ID3" or len(head) < 10 or any(b & 0x80 for b in head[6:10]):
        return 0
    size = (head[6] << 21) | (head[7] << 14) | (head[8] << 7) | head[9]
    return 10 + size + (10 if head[5] & 0x10 else 0)


def _mpeg_start(f: BinaryIO, offset: int) -> int | None:
    """Where MPEG audio begins at or soon after `offset`: four frames in a row that agree on the rate, or None.

    Fewer frames are accepted only if they fill the file to its end, so that random bytes do not pass for sound.
    """
    f.seek(0, os.SEEK_END)
    size = f.tell()
    f.seek(offset)
    window = f.read(1 << 16)
    for at in range(max(len(window) - 3, 0)):
        if window[at] != 0xFF:
            continue
        position, frames, rate = offset + at, 0, 0
        while frames < 4 and position < size:
            f.seek(position)
            frame = _mpeg_frame(f.read(4))
            if frame is None or (rate and frame[2] != rate):
                break
            rate, position, frames = frame[2], position + frame[0], frames + 1
        if frames == 4 or (frames and at == 0 and position >= size):
            return offset + at
    return None


_IMAGES = {
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
    b"BM": "a bitmap image",
    b"II*\x00": "a TIFF image",
    b"MM\x00*": "a TIFF image",
    b"%PDF": "a PDF document",
    b"PK\x03\x04": "a ZIP archive",
    b"\x1f\x8b": "a gzip archive",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"Rar!": "a RAR archive",
    b"MThd": "a MIDI score, which holds no sound",
    b"\x7fELF": "a program",
    b"SQLite format 3": "an SQLite database",
    b"PAR1": "a Parquet table",
}


def _looks_like(head: bytes) -> str:
    """In words, what a file that is no audio seems to be."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "a WebP image"
    for magic, words in _IMAGES.items():
        if head.startswith(magic):
            return words
    if not head.strip(b"\x00"):
        return "nothing but zero bytes"
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text[:1] == b"<":
        return "an HTML or XML page"
    try:
        head[: len(head) - 3].decode("utf-8")
    except UnicodeDecodeError:
        pass
    else:
        if b"\x00" not in head:
            return "text"
    return "no audio container known here"


def _sniff(f: BinaryIO) -> str | None:
    """The container's name by the file's first bytes, or None."""
    f.seek(0)
    head = f.read(4096)
    tag, form = head[:4], head[8:12]
    if tag in (b"RIFF", b"RIFX") and form == b"WAVE":
        return "wav"
    if tag == b"RIFF" and form == b"AVI ":
        return "avi"
    fixed = {
        b"RF64": "rf64",
        b"riff": "w64",
        b"fLaC": "flac",
        b"OggS": "ogg",
        b".snd": "au",
        b"caff": "caf",
        b"\x1aE\xdf\xa3": "matroska",
        b"0&\xb2u": "asf",
        b"wvpk": "wavpack",
        b"MAC ": "ape",
        b"#!AM": "amr",
        b"TTA1": "tta",
        b"\x00\x00\x01\xba": "mpeg",
    }
    if tag in fixed:
        return fixed[tag]
    if tag == b"FORM" and form in (b"AIFF", b"AIFC"):
        return "aiff"
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
        return "mp4"
    if tag[:3] == b"FLV":
        return "flv"
    if len(head) > 376 and head[0] == head[188] == head[376] == 0x47:
        return "mpegts"
    if tag[:2] == b"\x0bw":
        return "ac3"
    if any(head.startswith(magic) for magic in _IMAGES):
        return None
    if len(head) > 6 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0:
        size = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
        if head[size : size + 1] in (b"\xff", b""):
            return "aac"
    skip = _id3_size(head)
    if skip:
        f.seek(skip)
        after = f.read(4)
        if after == b"fLaC":
            return "flac"
    if _mpeg_start(f, skip) is not None:
        return "mp3"
    return None


def sniff(path: str | Path) -> str | None:
    """The container a file's first bytes show ("wav", "ogg", "mp4", …), or None if it is no audio or cannot be read.

    >>> sniff("/etc/passwd") is None
    True
    """
    try:
        with _open(Path(path)) as f:
            return _sniff(f)
    except InputError:
        return None


# --- is it whole? ----------------------------------------------------------------------------------------------------


def _size(f: BinaryIO) -> int:
    return f.seek(0, os.SEEK_END)


def _short_by(have: float, promised: float, what: str) -> str | None:
    return f"ends early: {what} promises {promised:,.0f} bytes, the file holds {have:,.0f}" if have < promised else None


def _wav_defect(f: BinaryIO) -> str | None:
    size = _size(f)
    f.seek(0)
    little = f.read(12)[:4] != b"RIFX"
    long_data: int | None = None
    position = 12
    while position + 8 <= size:
        f.seek(position)
        name, raw = f.read(4), f.read(4)
        length = int.from_bytes(raw, "little" if little else "big")
        if name == b"ds64":
            long_data = struct.unpack("<8xQ", f.read(16))[0] if length >= 16 else None
        if name == b"data":
            if length == 0xFFFFFFFF and long_data is not None:
                length = long_data
            elif length == 0 or length >= 0x7FFFF000:
                return None  # written to a pipe: the length was not known, so nothing can be missing
            return _short_by(size - position - 8, length, "its header")
        position += 8 + length + (length & 1)
    return "ends early: it has no data chunk"


def _aiff_defect(f: BinaryIO) -> str | None:
    size = _size(f)
    position = 12
    while position + 8 <= size:
        f.seek(position)
        name, length = f.read(4), int.from_bytes(f.read(4), "big")
        if name == b"SSND":
            return _short_by(size - position - 8, length, "its header")
        position += 8 + length + (length & 1)
    return "ends early: it has no sound chunk"


def _au_defect(f: BinaryIO) -> str | None:
    size = _size(f)
    f.seek(4)
    offset, length = struct.unpack(">II", f.read(8).ljust(8, b"\0"))
    return None if length == 0xFFFFFFFF else _short_by(size - offset, length, "its header")


def _ogg_defect(f: BinaryIO) -> str | None:
    """The last page must be complete and marked as the last of its stream (RFC 3533)."""
    size = _size(f)
    tail_at = max(0, size - 2 * 65_307)
    f.seek(tail_at)
    tail = f.read()
    at = len(tail)
    while (at := tail.rfind(b"OggS\x00", 0, at)) >= 0:
        page = tail[at:]
        if len(page) < 27 or len(page) < 27 + page[26]:
            return "ends early: its last page is cut"
        length = 27 + page[26] + sum(page[27 : 27 + page[26]])
        if len(page) < length:
            return "ends early: its last page is cut"
        return None if page[5] & 4 else "ends early: its last page is not marked as the end of the stream"
    return "ends early: no whole page at its end"


def _mp4_defect(f: BinaryIO) -> str | None:
    size = _size(f)
    position, seen = 0, set()
    while position + 8 <= size:
        f.seek(position)
        head = f.read(16)
        length, name = int.from_bytes(head[:4], "big"), head[4:8]
        if length == 1 and len(head) == 16:
            length = int.from_bytes(head[8:16], "big")
        seen.add(name)
        if length == 0:  # "to the end of the file"
            position = size
            break
        if length < 8:
            break
        if position + length > size:
            kind = name.decode("latin-1")
            return f"ends early: its {kind!r} part promises {length:,} bytes, the file holds {size - position:,}"
        position += length
    if b"moov" not in seen:
        return "ends early: its index (moov) is missing"
    return None


def _ebml_number(data: bytes, at: int, keep_marker: bool) -> tuple[int, int, bool]:
    """(value, bytes used, all bits set) of a variable-length number; (0, 0, False) if there is none."""
    if at >= len(data) or not data[at]:
        return 0, 0, False
    length = 9 - data[at].bit_length()
    raw = int.from_bytes(data[at : at + length], "big")
    value = raw & ((1 << 7 * length) - 1)
    return raw if keep_marker else value, length, value == (1 << 7 * length) - 1


def _matroska_defect(f: BinaryIO) -> str | None:
    """The segment states its size unless it was recorded live."""
    size = _size(f)
    f.seek(0)
    head = f.read(4096)
    at = 0
    for _ in range(2):  # the header, then the segment
        name, used, _ = _ebml_number(head, at, True)
        length, more, unknown = _ebml_number(head, at + used, False)
        if not used or not more:
            return None
        at += used + more
        if name == 0x18538067:
            return None if unknown else _short_by(size - at, length, "its header")
        at += length
    return None


@dataclass(frozen=True)
class _Mpeg:
    start: int
    rate: int
    channels: int
    samples: int
    defect: str | None


def _walk_mpeg(f: BinaryIO) -> _Mpeg | None:
    """Every frame of an MP3 (or MP2) file: its length, and whether it ends inside a frame or before its promise."""
    f.seek(0)
    start = _mpeg_start(f, _id3_size(f.read(10)))
    if start is None:
        return None
    f.seek(start)
    data = f.read()
    if data[-128:-125] == b"TAG":
        data = data[:-128]
    first = _mpeg_frame(data[:4])
    assert first is not None
    size, per_frame, rate, channels = first
    # The first frame may be no sound but a table ("Xing": variable, "Info": constant bit rate) naming what follows.
    mark = -1
    for magic in (b"Xing", b"Info"):
        mark = max(mark, data[:size].find(magic, 4, 4 + 40))
    frames_promised = bytes_promised = 0
    gap = 0
    if mark >= 0:
        flags = int.from_bytes(data[mark + 4 : mark + 8], "big")
        at = mark + 8
        if flags & 1:
            frames_promised = int.from_bytes(data[at : at + 4], "big")
            at += 4
        if flags & 2:
            bytes_promised = int.from_bytes(data[at : at + 4], "big")
            at += 4
        at += (100 if flags & 4 else 0) + (4 if flags & 8 else 0)
        if data[at : at + 4] in (b"LAME", b"Lavc", b"Lavf"):
            delays = int.from_bytes(data[at + 21 : at + 24], "big")
            gap = (delays >> 12) + (delays & 0xFFF)
    position, frames = (size if mark >= 0 else 0), 0
    defect = None
    while position + 4 <= len(data):
        frame = _mpeg_frame(data[position : position + 4])
        if frame is None:
            if data[position : position + 8] == b"APETAGEX" or not data[position:].strip(b"\0"):
                break
            found = data.find(b"\xff", position + 1)
            if found < 0:
                break
            position = found  # junk between frames: decoders skip it too
            continue
        if position + frame[0] > len(data):
            defect = "ends early: its last frame is cut"
            break
        frames += 1
        position += frame[0]
    if frames_promised and frames < frames_promised - 1:
        defect = f"ends early: its header promises {frames_promised:,} frames, the file holds {frames:,}"
    elif bytes_promised and len(data) < bytes_promised - 2 * size:
        defect = _short_by(len(data), bytes_promised, "its header")
    samples = max(0, (frames_promised or frames) * per_frame - gap)
    return _Mpeg(start, rate, channels, samples, defect)


def _mp3_defect(f: BinaryIO) -> str | None:
    walked = _walk_mpeg(f)
    return walked.defect if walked else None


_DEFECT: dict[str, Callable[[BinaryIO], str | None]] = {
    "wav": _wav_defect,
    "rf64": _wav_defect,
    "aiff": _aiff_defect,
    "au": _au_defect,
    "ogg": _ogg_defect,
    "mp4": _mp4_defect,
    "mp3": _mp3_defect,
    "matroska": _matroska_defect,
}


def check_whole(path: Path) -> str:
    """The container of a file that is all there; raises `audio.truncated` if it shows that its end is missing.

    What can be told: WAV, RF64, AIFF, AU: fewer bytes than the header promises. Ogg (Vorbis, Opus, FLAC): a cut last
    page, or no page marked as the last. MP4/M4A: a cut part, a missing index. MP3: a cut last frame, fewer frames than
    its Xing/Info table says. Matroska/WebM: fewer bytes than its segment states. FLAC, ASF, CAF: only by decoding,
    which `decode` compares with the stated length.

    What cannot be told: a WAV written to a pipe (no length in the header); an MP3 without a table, an ADTS-AAC or an
    AMR file cut exactly between two frames; a WebM recorded live (no length stated).
    """
    with _open(path) as f:
        container = _sniff(f)
        if container is None:
            f.seek(0)
            words = _looks_like(f.read(4096))
            raise _refuse(path, "not_audio", f"not audio: it looks like {words}", "Remove it or give the right file.")
        defect = _DEFECT[container](f) if container in _DEFECT else None
    if defect:
        raise _refuse(path, "truncated", defect, "Copy or download it again.")
    return container


# --- decoding --------------------------------------------------------------------------------------------------------


def _quiet_ffmpeg() -> Any:
    import av
    import av.logging

    av.logging.set_level(None)
    return av


def _open_ffmpeg(path: Path, container: str) -> Any:
    """The open PyAV container, certain to have an audio stream."""
    av = _quiet_ffmpeg()
    try:
        opened = av.open(f"file:{path}", format=_FFMPEG_FORMAT.get(container))
    except (av.FFmpegError, ValueError, OSError) as error:
        raise _refuse(path, "not_audio", f"begins like {container} but cannot be read: {_reason(error)}") from None
    if not opened.streams.audio:
        kinds = sorted({s.type for s in opened.streams}) or ["nothing"]
        opened.close()
        raise _refuse(path, "no_audio_track", f"a {container} file without an audio track (it has {', '.join(kinds)})")
    if opened.streams.audio[0].codec_context is None:
        opened.close()
        raise _refuse(path, "not_audio", f"a {container} file whose sound is in an unknown coding")
    return opened


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error).strip() or type(error).__name__


def _bounds(path: Path, rate: int, start_ms: int, end_ms: int | None) -> tuple[int, int | None]:
    """The span in frames; raises `audio.span` if it has no length."""
    if start_ms < 0 or (end_ms is not None and end_ms <= start_ms):
        raise _refuse(path, "span", f"the span {start_ms} to {end_ms} ms has no length")
    start = round(start_ms * rate / 1000)
    return start, None if end_ms is None else max(start + 1, round(end_ms * rate / 1000))


def _outside(path: Path, start_ms: int, end_ms: int | None, frames: int, rate: int) -> InputError:
    end = "the end" if end_ms is None else f"{end_ms} ms"
    return _refuse(
        path,
        "span",
        f"the span {start_ms} ms to {end} lies outside the file, which is {frames / rate * 1000:.0f} ms long",
        "Times are seconds in tables and milliseconds here.",
    )


def _too_long(path: Path, seconds: float) -> InputError:
    return _refuse(
        path,
        "too_long",
        f"would decode to more than {MAX_VALUES * 4 >> 20} MiB ({seconds:.0f} s or more)",
        "Give a span (start and end) or cut the file.",
    )


def _decode_soundfile(path: Path, container: str, start_ms: int, end_ms: int | None) -> Decoded | None:
    """None if libsndfile knows the container but not the codec in it (MP3 in WAV, Theora in Ogg)."""
    import numpy as np
    import soundfile as sf

    try:
        opened = sf.SoundFile(str(path))
    except (sf.LibsndfileError, TypeError, ValueError):
        return None
    with opened as f:
        rate, channels, total = int(f.samplerate), int(f.channels), int(f.frames)
        start, end = _bounds(path, rate, start_ms, end_ms)
        # A length that libsndfile cannot know is stated as a huge number.
        known = 0 < total < 1 << 48
        if total == 0:
            raise _refuse(path, "empty", "holds no samples")
        if known:
            tolerance = SPAN_TOLERANCE_MS * rate // 1000
            if start >= total or (end is not None and end > total + tolerance):
                raise _outside(path, start_ms, end_ms, total, rate)
            end = total if end is None else min(end, total)
            if (end - start) * channels > MAX_VALUES:
                raise _too_long(path, (end - start) / rate)
        blocks: list[Samples] = []
        got = 0
        per_block = max(1024, _BLOCK // channels)
        try:
            if start:
                f.seek(start)
            while end is None or got < end - start:
                want = per_block if end is None else min(per_block, end - start - got)
                block = f.read(want, dtype="float32", always_2d=True)
                if not len(block):
                    break
                blocks.append(block)
                got += len(block)
                if got * channels > MAX_VALUES:
                    raise _too_long(path, got / rate)
        except (sf.LibsndfileError, RuntimeError) as error:
            raise _refuse(path, "truncated", f"the {container} data is cut or damaged ({_reason(error)})") from None
    if known and end is not None and got < end - start:
        raise _refuse(
            path,
            "truncated",
            f"ends early: its header promises {(end - start) / rate:.2f} s, {got / rate:.2f} s could be decoded",
            "Copy or download it again.",
        )
    if not got:
        raise _refuse(path, "empty", "holds no samples")
    return Decoded(blocks[0] if len(blocks) == 1 else np.concatenate(blocks), rate)


def _pieces(opened: Any, rate: int) -> Iterator[Samples]:
    """float32 [channels, frames] pieces of the first audio stream, whatever sample format it has."""
    av = _quiet_ffmpeg()
    stream = opened.streams.audio[0]
    resampler = None
    for frame in opened.decode(stream):
        if resampler is None:
            resampler = av.AudioResampler(format="fltp", layout=frame.layout, rate=rate)
        for out in resampler.resample(frame):
            yield out.to_ndarray()
    if resampler is not None:
        for out in resampler.resample(None):
            yield out.to_ndarray()


def _decode_ffmpeg(path: Path, container: str, start_ms: int, end_ms: int | None) -> Decoded:
    import numpy as np

    av = _quiet_ffmpeg()
    with _open_ffmpeg(path, container) as opened:
        stream = opened.streams.audio[0]
        rate = int(stream.rate or 0)
        if rate <= 0:
            raise _refuse(path, "not_audio", f"a {container} file that names no sample rate")
        stated = _stated_seconds(opened)
        start, end = _bounds(path, rate, start_ms, end_ms)
        blocks: list[Samples] = []
        position = 0
        try:
            for piece in _pieces(opened, rate):
                if blocks and piece.shape[0] != blocks[0].shape[1]:
                    raise _refuse(path, "not_audio", f"changes from {blocks[0].shape[1]} to {piece.shape[0]} channels")
                length = piece.shape[1]
                low, high = max(start - position, 0), length if end is None else min(end - position, length)
                if low < high:
                    blocks.append(np.ascontiguousarray(piece[:, low:high].T))
                position += length
                if (position - start) * piece.shape[0] > MAX_VALUES:
                    raise _too_long(path, (position - start) / rate)
                if end is not None and position >= end:
                    break
        except av.FFmpegError as error:
            raise _refuse(
                path,
                "truncated",
                f"the {container} data is cut or damaged ({_reason(error)})",
            ) from None
    whole = end is None or position < end
    # The container's length counts padding, and cut frames at the end: half a second and 2 % are no loss.
    if whole and stated is not None and position / rate < stated * 0.98 - 0.5:
        raise _refuse(
            path,
            "truncated",
            f"ends early: its header promises {stated:.2f} s, {position / rate:.2f} s could be decoded",
            "Copy or download it again.",
        )
    if not position:
        raise _refuse(path, "empty", "holds no samples")
    tolerance = SPAN_TOLERANCE_MS * rate // 1000
    if not blocks or (end is not None and end > position + tolerance):
        raise _outside(path, start_ms, end_ms, position, rate)
    return Decoded(blocks[0] if len(blocks) == 1 else np.concatenate(blocks), rate)


def _stated_seconds(opened: Any) -> float | None:
    """The length the container states, in seconds; None if it states none."""
    stream = opened.streams.audio[0]
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return opened.duration / 1_000_000 if opened.duration else None


def decode(path: str | Path, start_ms: int = 0, end_ms: int | None = None) -> Decoded:
    """The samples of a file, or of a span of it, at the file's own rate.

    Args:
        path: any audio or video file; its content decides how it is read, not its name.
        start_ms: start of the span in milliseconds.
        end_ms: its end; None is the end of the file. Up to `SPAN_TOLERANCE_MS` after the file's end counts as its end.

    Raises:
        InputError: with one of the codes audio.missing, .is_directory, .unreadable, .zero_bytes, .not_audio,
            .no_audio_track, .truncated, .empty, .not_finite, .span, .too_long.
    """
    import numpy as np

    path = Path(path).absolute()
    container = check_whole(path)
    decoded = _decode_soundfile(path, container, start_ms, end_ms) if container in _SOUNDFILE else None
    if decoded is None:
        decoded = _decode_ffmpeg(path, container, start_ms, end_ms)
    finite = np.isfinite(decoded.samples)
    if not finite.all():
        bad = np.flatnonzero(~finite.all(axis=1))
        raise _refuse(
            path,
            "not_finite",
            f"{len(bad):,} of {len(finite):,} sample frames hold NaN or infinity, "
            f"the first at {bad[0] / decoded.rate:.3f} s",
            "The program that wrote it failed; write it again.",
        )
    return decoded


def probe(path: str | Path) -> Probe:
    """What a file says of itself, without decoding it (an MP3's frames are counted).

    Raises:
        InputError: as `decode`, except what only decoding can tell (audio.not_finite, a FLAC's missing end).
    """
    path = Path(path).absolute()
    container = check_whole(path)
    if container in _SOUNDFILE:
        import soundfile as sf

        try:
            info = sf.info(str(path))
        except (sf.LibsndfileError, TypeError, ValueError):
            pass
        else:
            if info.frames == 0:
                raise _refuse(path, "empty", "holds no samples")
            if info.frames < 1 << 48:
                return Probe(
                    info.frames / info.samplerate, info.samplerate, info.channels, container, info.subtype.lower()
                )
    if container == "mp3":
        with _open(path) as f:
            walked = _walk_mpeg(f)
        if walked is not None and walked.samples:
            return Probe(walked.samples / walked.rate, walked.rate, walked.channels, container, "mp3")
    with _open_ffmpeg(path, container) as opened:
        stream = opened.streams.audio[0]
        seconds = _stated_seconds(opened)
        facts = int(stream.rate or 0), int(stream.channels or 0), str(stream.codec_context.name)
    if seconds is None:
        decoded = decode(path)
        seconds = len(decoded.samples) / decoded.rate
    return Probe(seconds, facts[0], facts[1], container, facts[2])


def cut(decoded: Decoded, path: str | Path, start_ms: int, end_ms: int | None) -> Decoded:
    """A span of what `decode` gave for a whole file; `path` is for messages.

    Raises:
        InputError: audio.span.
    """
    path = Path(path)
    rate, total = decoded.rate, len(decoded.samples)
    start, end = _bounds(path, rate, start_ms, end_ms)
    if start >= total or (end is not None and end > total + SPAN_TOLERANCE_MS * rate // 1000):
        raise _outside(path, start_ms, end_ms, total, rate)
    return Decoded(decoded.samples[start:end], rate)


# --- mono, rate ------------------------------------------------------------------------------------------------------


def to_mono(samples: Samples) -> Samples:
    """One channel: [frames, channels] (or [frames]) to [frames].

    Stereo and unknown layouts: the mean. 5.1 and 7.1: front, centre and surround at the ITU-R BS.775 weights, divided
    by their sum so that nothing clips; the low-frequency channel is left out. If the mix cancels itself (opposite
    phase), the loudest channel stands for it, because the recording is not silent.
    """
    import numpy as np

    if samples.ndim == 1:
        return np.ascontiguousarray(samples, dtype=np.float32)
    channels = samples.shape[1]
    if channels == 1:
        return np.ascontiguousarray(samples[:, 0], dtype=np.float32)
    if channels in (6, 8):  # FL FR FC LFE, then pairs of surround channels
        weights = np.array([0.5, 0.5, 0.7071, 0.0] + [0.3536] * (channels - 4), dtype=np.float32)
    else:
        weights = np.ones(channels, dtype=np.float32)
    weights /= weights.sum()
    mono: Samples = (samples @ weights).astype(np.float32)
    heard = weights > 0
    power = np.einsum("nc,nc->c", samples, samples, dtype=np.float64) * heard
    loudest = int(power.argmax())
    # A channel alone reaches the mix with exactly its weight; 13 dB less than that means that others cancel it.
    if float(np.dot(mono.astype(np.float64), mono)) < power[loudest] * float(weights[loudest]) ** 2 * 0.05:
        return np.ascontiguousarray(samples[:, loudest], dtype=np.float32)
    return mono


def resample(samples: Samples, src: int, dst: int) -> Samples:
    """Another rate: [frames] or [frames, channels], `src` to `dst` Hz (soxr HQ). An equal rate returns the input."""
    import numpy as np

    if src == dst:
        return samples
    import soxr

    return np.ascontiguousarray(soxr.resample(samples, src, dst, quality="HQ"), dtype=np.float32)


def load_mono(path: str | Path, rate: int = SAMPLE_RATE, start_ms: int = 0, end_ms: int | None = None) -> Samples:
    """A file, or a span of it, as models hear it: float32 [n], mono, at `rate` Hz.

    Raises:
        InputError: as `decode`; audio.empty too if less than one sample is left at `rate`.
    """
    decoded = decode(path, start_ms, end_ms)
    pcm = resample(to_mono(decoded.samples), decoded.rate, rate)
    if not len(pcm):
        raise _refuse(Path(path), "empty", f"{len(decoded.samples)} samples leave nothing at {rate} Hz")
    return pcm


# --- encoding --------------------------------------------------------------------------------------------------------


def to_pcm16(pcm: Samples) -> NDArray[np.int16]:
    """float32 in -1..1 to 16-bit integers, louder values clipped. Undoes the decoding of a 16-bit file exactly.

    Raises:
        InputError: audio.not_finite.
    """
    import numpy as np

    if not np.isfinite(pcm).all():
        raise InputError(f"{int((~np.isfinite(pcm)).sum()):,} samples are NaN or infinite", code="audio.not_finite")
    return np.clip(np.rint(np.asarray(pcm, dtype=np.float64) * 32768.0), -32768, 32767).astype("<i2")


def encode_wav(pcm: Samples, rate: int = SAMPLE_RATE) -> bytes:
    """16-bit WAV bytes of [n] or [n, channels]; equal samples give equal bytes."""
    data = to_pcm16(pcm).tobytes()
    channels = 1 if pcm.ndim == 1 else pcm.shape[1]
    form = struct.pack("<HHIIHH", 1, channels, rate, rate * channels * 2, channels * 2, 16)
    body = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


def encode_flac(pcm: Samples, rate: int = SAMPLE_RATE) -> bytes:
    """16-bit FLAC bytes of [n] or [n, channels]: the same samples as `encode_wav`, in about half the space."""
    import io

    import soundfile as sf

    out = io.BytesIO()
    sf.write(out, to_pcm16(pcm), rate, format="FLAC", subtype="PCM_16")
    return out.getvalue()
