"""LibriSpeech speakers as voices: a clean prompt of each, out of a tree on disk, and blocks that keep splits apart.

Decision: a cloned voice is its speaker. If a speaker is heard in training and in a test, a model may know the voice;
so the speakers of each subset are dealt into fixed blocks, a dialogue takes all of its voices from one block, and the
block is the clip's group: whoever splits by group never hears a speaker on both sides, and the subset's own split is
kept on the clip. A prompt has to be clean, since a cloned voice clones its room and its noise: 3 to 10 s, a level far
above the noise, few pauses, no clipping, and as many words as its length lets expect.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np

from audio_reasoner.core import ids
from audio_reasoner.core.errors import ConfigError, InputError
from audio_reasoner.synth.dsp import RATE
from audio_reasoner.synth.voices.pitch import median_pitch_hz

LICENCE: Final = "CC-BY-4.0"
PROMPT_S: Final = (3.0, 10.0)
LEVEL_DBFS: Final = (-35.0, -8.0)
LEAST_SNR_DB: Final = 25.0
MOST_SILENCE: Final = 0.35
LETTERS_PER_S: Final = (8.0, 22.0)
TRIED: Final = 12
"""Recordings of a speaker that are listened to before he is given up."""
GOOD: Final = 3
"""Clean ones after which the best is taken."""
BLOCK: Final = 20
APART_SEMITONES: Final = 1.5
"""Two voices of one sex in one dialogue differ in pitch by at least this, as far as the block allows."""
_FRAME: Final = RATE // 50


@dataclass(frozen=True)
class Prompt:
    """A clean recording of a speaker: where it lies, the hash of what `prompt_wav` makes of it, words, median pitch."""

    path: Path
    text: str
    pitch_hz: float | None
    digest: str
    source_id: str


@dataclass(frozen=True)
class Speaker:
    """A speaker of the tree. `sex` is "F", "M" or "" where SPEAKERS.TXT does not say."""

    number: str
    subset: str
    folder: Path
    sex: str


@dataclass(frozen=True)
class Block:
    """Speakers that may meet: part of one subset."""

    name: str
    split: str
    speakers: tuple[Speaker, ...]


def split_of(subset: str) -> str:
    """ "train", "validation" or "test", by a subset's name.

    >>> split_of("train-clean-100"), split_of("dev-clean"), split_of("test-other")
    ('train', 'validation', 'test')
    """
    return {"dev": "validation", "test": "test"}.get(subset.split("-")[0], "train")


class LibriSpeech:
    """A tree `subset/speaker/chapter/*.flac` with `*.trans.txt`, or the folder that holds it.

    Args:
        root: the tree.
        subsets: which ones to use; None is all that are there.

    Raises:
        InputError: ``voice.no_tree``: no such folder, no speakers in it, or a subset that is not there.
    """

    def __init__(self, root: Path, subsets: tuple[str, ...] | None = None) -> None:
        self.root = root / "LibriSpeech" if (root / "LibriSpeech").is_dir() else root
        self.passed_over: Counter[str] = Counter()
        """Why recordings and chapters were not used, and how often."""
        self._prompts: dict[str, Prompt | None] = {}
        if not self.root.is_dir():
            raise InputError(f"{root} is not a folder.", code="voice.no_tree", hint=_HINT)
        found = self._subsets()
        if unknown := sorted(set(subsets or ()) - set(found)):
            raise InputError(
                f"{self.root} has no subset {', '.join(unknown)}; it has {', '.join(sorted(found)) or 'none'}.",
                code="voice.no_tree",
            )
        self.blocks = [b for name in sorted(subsets or found) for b in _dealt(name, found[name])]
        if not self.blocks:
            raise InputError(f"{self.root} holds no speakers.", code="voice.no_tree", hint=_HINT)

    def _subsets(self) -> dict[str, list[Speaker]]:
        sexes = self._sexes()
        found: dict[str, list[Speaker]] = {}
        try:
            for subset in sorted(p for p in self.root.iterdir() if p.is_dir()):
                folders = [p for p in subset.iterdir() if p.is_dir() and p.name.isdigit()]
                speakers = [Speaker(p.name, subset.name, p, sexes.get(p.name, "")) for p in folders]
                if speakers:
                    found[subset.name] = sorted(speakers, key=lambda s: int(s.number))
        except OSError as error:
            raise InputError(f"{self.root} cannot be read: {error}.", code="voice.no_tree") from error
        return found

    def _sexes(self) -> dict[str, str]:
        """Speaker numbers and "F" or "M", of SPEAKERS.TXT beside or above the subsets; empty without one."""
        for folder in (self.root, self.root.parent):
            path = folder / "SPEAKERS.TXT"
            if path.is_file():
                try:
                    text = path.read_text(encoding="utf-8", errors="replace")
                except OSError:
                    return {}
                rows = [x.split("|") for x in text.splitlines() if not x.startswith(";")]
                return {r[0].strip(): r[1].strip() for r in rows if len(r) > 1 and r[1].strip() in ("F", "M")}
        return {}

    @property
    def speakers(self) -> int:
        """How many speakers the chosen subsets have."""
        return sum(len(b.speakers) for b in self.blocks)

    def draw(
        self, rng: np.random.Generator, wishes: Sequence[str | None]
    ) -> tuple[Block, list[tuple[Speaker, Prompt]]]:
        """Speakers of one block, each with a prompt, as far apart in pitch as the block allows.

        Args:
            rng: decides the block and its speakers.
            wishes: for each speaker "f", "m" or None; met where the block and the distances allow it.

        Raises:
            ConfigError: ``voice.too_few``: no block has so many speakers with a clean prompt.
        """
        count = len(wishes)
        for k in rng.permutation(len(self.blocks)):
            block = self.blocks[int(k)]
            shuffled = [block.speakers[int(i)] for i in rng.permutation(len(block.speakers))]
            order = _wished_first(shuffled, wishes)
            chosen: list[tuple[Speaker, Prompt]] = []
            near: list[tuple[Speaker, Prompt]] = []
            for speaker in order:
                if len(chosen) == count:
                    break
                prompt = self.prompt(speaker)
                if prompt is not None:
                    fits = all(_apart(speaker, prompt, s, p) >= APART_SEMITONES for s, p in chosen)
                    (chosen if fits else near).append((speaker, prompt))
            while len(chosen) < count and near:
                near.sort(key=lambda x: -min(_apart(x[0], x[1], c[0], c[1]) for c in chosen))
                chosen.append(near.pop(0))
            if len(chosen) == count:
                return block, _seated(chosen, wishes)
        passed = ", ".join(f"{n} {why}" for why, n in self.passed_over.most_common(4))
        raise ConfigError(
            f"{self.root} has no block with {count} speakers of whom a clean prompt was found"
            f"{f' (passed over: {passed})' if passed else ''}.",
            code="voice.too_few",
            hint="Ask for fewer speakers, or add subsets.",
        )

    def prompt(self, speaker: Speaker) -> Prompt | None:
        """The cleanest of the first recordings of a speaker that may serve; None if none does."""
        key = f"{speaker.subset}/{speaker.number}"
        if key not in self._prompts:
            self._prompts[key] = self._find(speaker)
        return self._prompts[key]

    def _find(self, speaker: Speaker) -> Prompt | None:
        lines = self._transcripts(speaker)
        seed = ids.derive_seed(0, "librispeech/prompt", speaker.subset, speaker.number)
        order = np.random.default_rng(seed).permutation(len(lines))
        good: list[tuple[float, str, Prompt]] = []
        tried = 0
        for i in order:
            path, text = lines[int(i)]
            # A glance at the words spares the decoding of what is too long or too short by far.
            if not PROMPT_S[0] * LETTERS_PER_S[0] <= len(text) <= PROMPT_S[1] * LETTERS_PER_S[1]:
                continue
            if tried >= TRIED or len(good) >= GOOD:
                break
            tried += 1
            if (found := self._listen(path, text)) is not None:
                good.append((found[0], path.name, found[1]))
        return max(good, key=lambda g: (g[0], g[1]))[2] if good else None

    def _transcripts(self, speaker: Speaker) -> list[tuple[Path, str]]:
        lines: list[tuple[Path, str]] = []
        try:
            chapters = sorted(p for p in speaker.folder.iterdir() if p.is_dir())
        except OSError:
            self.passed_over["unreadable folders"] += 1
            return []
        for chapter in chapters:
            path = chapter / f"{speaker.number}-{chapter.name}.trans.txt"
            try:
                text = path.read_text(encoding="utf-8")
            except FileNotFoundError:
                self.passed_over["chapters without trans.txt"] += 1
                continue
            except (OSError, UnicodeDecodeError):
                self.passed_over["unreadable trans.txt"] += 1
                continue
            for line in text.splitlines():
                name, _, words = line.strip().partition(" ")
                # The name is a file's name in this folder and nothing else, whatever the text says.
                if words.strip() and name.replace("-", "").isalnum():
                    lines.append((chapter / f"{name}.flac", words.strip()))
        return lines

    def _listen(self, path: Path, text: str) -> tuple[float, Prompt] | None:
        """The signal-to-noise ratio and the prompt of a recording, or None if it cannot serve."""
        from audio_reasoner.core.audio import encode_wav, load_mono, probe

        try:
            if not PROMPT_S[0] <= probe(path).duration_s <= PROMPT_S[1]:
                self.passed_over["recordings too short or too long"] += 1
                return None
            x = load_mono(path, rate=RATE)
        except InputError:
            self.passed_over["recordings missing or unreadable"] += 1
            return None
        why, snr = unclean(x, text)
        if why is not None:
            self.passed_over[why] += 1
            return None
        digest = hashlib.sha256(encode_wav(x)).hexdigest()
        words = text[:1].upper() + text[1:].lower() + "."
        source_id = path.relative_to(self.root).as_posix()
        return snr, Prompt(path, words, median_pitch_hz(x), digest, source_id)


@lru_cache(maxsize=256)
def prompt_wav(path: Path) -> bytes:
    """A prompt as it is sent: WAV, 16 bits, 16 kHz. The last 256 are kept (50 MB), not those of 2,000 speakers.

    Raises:
        InputError: the file is gone or damaged (codes ``audio.*``).
    """
    from audio_reasoner.core.audio import encode_wav, load_mono

    return encode_wav(load_mono(path, rate=RATE))


def unclean(x: np.ndarray, text: str) -> tuple[str | None, float]:
    """Why a recording (float32 [n], 16 kHz) is no clean prompt, or None; and its signal-to-noise ratio in dB."""
    n = x.shape[0] // _FRAME
    if n < 10:
        return "recordings too short or too long", 0.0
    power = np.mean(np.square(x[: n * _FRAME].astype(np.float64)).reshape(n, _FRAME), axis=1) + 1e-12
    level = 10.0 * np.log10(power)
    loud = float(np.percentile(level, 90))
    snr = loud - float(np.percentile(level, 5))
    letters = sum(c.isalpha() for c in text) * RATE / x.shape[0]
    if not LEVEL_DBFS[0] <= 10.0 * math.log10(float(np.mean(power))) <= LEVEL_DBFS[1]:
        return "recordings too soft or too loud", snr
    if float(np.max(np.abs(x))) >= 0.999:
        return "recordings that clip", snr
    if snr < LEAST_SNR_DB:
        return "recordings with noise", snr
    if float(np.mean(level < loud - 30.0)) > MOST_SILENCE:
        return "recordings with long pauses", snr
    if not LETTERS_PER_S[0] <= letters <= LETTERS_PER_S[1]:
        return "recordings whose words do not fit their length", snr
    return None, snr


def _dealt(subset: str, speakers: list[Speaker]) -> list[Block]:
    """A subset's speakers in blocks of about `BLOCK`, always the same ones, both sexes in each."""
    rng = np.random.default_rng(ids.derive_seed(0, "librispeech/blocks", subset))
    order = [speakers[int(i)] for i in rng.permutation(len(speakers))]
    order.sort(key=lambda s: s.sex)  # stable: dealt out in turn, each block gets its share of both
    count = max(1, len(order) // BLOCK)
    return [Block(f"librispeech/{subset}/{k:03d}", split_of(subset), tuple(order[k::count])) for k in range(count)]


def _wished_first(speakers: list[Speaker], wishes: Sequence[str | None]) -> list[Speaker]:
    """The speakers with as many of each sex as are wished for in front."""
    wanted = Counter(w for w in wishes if w)
    first: list[Speaker] = []
    rest: list[Speaker] = []
    for speaker in speakers:
        sex = speaker.sex.lower()
        (first if wanted[sex] > 0 else rest).append(speaker)
        wanted[sex] -= 1
    return first + rest


def _seated(chosen: list[tuple[Speaker, Prompt]], wishes: Sequence[str | None]) -> list[tuple[Speaker, Prompt]]:
    """The speakers in an order that meets as many wishes as they can meet."""
    left = list(chosen)
    seats: list[tuple[Speaker, Prompt] | None] = [None] * len(wishes)
    for i, wish in enumerate(wishes):
        found = next((x for x in left if wish and x[0].sex.lower() == wish), None)
        if found is not None:
            seats[i] = found
            left.remove(found)
    return [left.pop(0) if seat is None else seat for seat in seats]


def _apart(a: Speaker, p: Prompt, b: Speaker, q: Prompt) -> float:
    """Distance of two voices in semitones; voices of two sexes count an octave more."""
    other = 12.0 if a.sex and b.sex and a.sex != b.sex else 0.0
    if p.pitch_hz is None or q.pitch_hz is None:
        return other
    return other + abs(12.0 * math.log2(p.pitch_hz / q.pitch_hz))


_HINT: Final = "Name the folder that holds train-clean-100, test-clean or other subsets of LibriSpeech."
