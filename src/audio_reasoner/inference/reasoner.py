"""`Reasoner`: a trained model that answers a question about audio with a chain.

Decision: one object, three ways to ask (one question, many side by side, piece by piece as it is written), all
through the same prompt and the same decoding, so that they give the same words. Decoding is greedy unless `Sampling`
is given: an answer is a function of the model, the sound and the question (and of a seed). Audio is refused, never
cut: the model hears 30 seconds, and what a longer clip's answer would be about is not ours to choose.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, TypeAlias

from audio_reasoner.core import ids as names
from audio_reasoner.core.chain import ChainStream, ParsedChain, SectionDelta, parse_chain, response_body
from audio_reasoner.core.choices import OptionMatch, match_option, render_question
from audio_reasoner.core.errors import ConfigError, InputError
from audio_reasoner.inference.generate import Heard, Prompt, Sampling, decode
from audio_reasoner.inference.prefix import Spelling, Vocabulary
from audio_reasoner.models import features, qwen2_audio
from audio_reasoner.models.chat import ChatFormat

if TYPE_CHECKING:
    import numpy as np

SETTINGS_NAME = "audio_reasoner.json"
"""Written beside a trained model: how it was prompted in training."""
MAX_NEW_TOKENS = 2048
END = "</RESPONSE>"
SYSTEM = (
    "You answer questions about audio. First think inside <THINK>, in four parts: <PLANNING> says how to proceed, "
    "<CAPTION> describes what is heard, <REASONING> works towards the answer, <SUMMARY> concludes. Then answer inside "
    "<RESPONSE>."
)
"""System message for a model that was not trained here and so does not say how it wants to be prompted."""

Audio: TypeAlias = "np.ndarray | Path | str"
Request: TypeAlias = "tuple[Audio | Sequence[Audio] | None, str, Sequence[str] | None]"
"""What is heard (nothing at all, one recording, or several in order), the question, its options."""


@dataclass(frozen=True)
class Answer:
    """What the model said and what it means.

    Attributes:
        text: the raw reply, with the beginning it was forced to have.
        parsed: its sections and defects.
        option: the option it means, None if the question had no options.
        tokens: number of generated tokens, without those that only spell a forced beginning.
        audio_tokens: tokens through which the model heard the clips (25 per second); 0 only if none was given.
        stopped: "end" if the model finished, "length" if it was cut at `max_new_tokens`.
        seconds: wall time; in a batch, that of the whole batch.
        first_token_seconds: wall time until its first token.
    """

    text: str
    parsed: ParsedChain
    option: OptionMatch | None
    tokens: int
    audio_tokens: int
    stopped: Literal["end", "length"]
    seconds: float
    first_token_seconds: float


@dataclass
class _Row:
    """An answer in the making."""

    prompt: Prompt
    audio_tokens: int
    options: tuple[str, ...]
    ids: list[int] = field(default_factory=list)
    fed: int = 0
    """How many of `ids` were given; the others were generated."""
    finished: bool = False
    """The forced beginning is a whole answer already."""
    ended: bool = False
    forced: int = 0
    """How many of the generated tokens only spelled what was forced."""
    first: float = 0.0


class _Words:
    """Token ids to text, piece by piece. A character whose bytes are spread over tokens comes when it is complete."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._ids: list[int] = []
        self._shown = 0

    def _text(self) -> str:
        return str(self._tokenizer.decode(self._ids, skip_special_tokens=True))

    def feed(self, token: int) -> str:
        self._ids.append(token)
        text = self._text()
        if text.endswith("\ufffd"):
            return ""
        piece = text[self._shown :]
        self._shown = len(text)
        # A fresh line is a safe place to forget the past, which keeps the work linear in the length.
        if text.endswith("\n") and len(self._ids) > 64:
            self._ids, self._shown = [], 0
        return piece

    def finish(self) -> str:
        return self._text()[self._shown :]


class Reasoner:
    """A loaded model. Make one with `from_pretrained`.

    >>> reasoner = Reasoner.from_pretrained("models/tiny")  # doctest: +SKIP
    >>> reasoner.ask(Path("clip.wav"), "Which sound comes first?", ["dog", "bell"]).option.index  # doctest: +SKIP
    1
    """

    def __init__(self, model: Any, processor: Any, system: str | None = None) -> None:
        self.model = model
        self.processor = processor
        self.system = system
        self.format = ChatFormat(processor, system)
        tokenizer = processor.tokenizer
        self._stop = frozenset(
            i for i in (self.format.end_id, tokenizer.eos_token_id, tokenizer.pad_token_id) if i is not None
        )
        self._vocabulary: Vocabulary | None = None
        self._pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else self.format.end_id

    @classmethod
    def from_pretrained(cls, path: str | Path, device: str | None = None, dtype: str | None = None) -> Self:
        """Load a model directory (or `org/name` from the Hugging Face hub).

        Raises:
            InputError: the model is missing, incomplete or of another architecture; nothing else is loaded in its
            place.
        """
        loaded = qwen2_audio.load(path, device, dtype)
        file = qwen2_audio.resolve(path) / SETTINGS_NAME
        system: str | None = SYSTEM
        if file.is_file():
            try:
                system = json.loads(file.read_text(encoding="utf-8")).get("system")
            except (ValueError, AttributeError) as error:
                raise InputError(f"{file} cannot be read: {error}", code="model.settings") from error
        return cls(loaded.model, loaded.processor, system)

    def ask(
        self,
        audio: Audio,
        question: str,
        options: Sequence[str] | None = None,
        max_new_tokens: int = MAX_NEW_TOKENS,
    ) -> Answer:
        """Answer one question.

        Args:
            audio: mono samples at 16 kHz, or a file.
            question: the question without its options.
            options: the options to choose from, if any.
            max_new_tokens: most tokens to generate.

        Raises:
            InputError: audio that is missing, unreadable, too short, or longer than 30 seconds; an empty question.
        """
        return self.ask_batch([(audio, question, options)], max_new_tokens)[0]

    def ask_batch(
        self,
        requests: Sequence[Request],
        max_new_tokens: int = MAX_NEW_TOKENS,
        *,
        sampling: Sampling | Sequence[Sampling] | None = None,
        prefixes: Sequence[str] | None = None,
    ) -> list[Answer]:
        """Answer many questions side by side, in order. Questions that share one array or file encode it once.

        Args:
            requests: audio (None for no audio part at all, or a list for several recordings in one prompt), question,
                options.
            max_new_tokens: most tokens to generate per answer.
            sampling: how tokens are drawn; None is greedy. Row `i` draws from random numbers of its own that depend on
                the seed and on `i` alone. A list gives each row its own, which then depends on its seed alone: so a row
                keeps its answer in another batch.
            prefixes: what each answer must begin with ("" for nothing); it is continued, and part of `text`.

        Raises:
            InputError: as `ask`; a prefix with a control token or of no valid text (``prefix.*``).
            ConfigError: `ask.lengths`: not as many samplings or prefixes as requests.
        """
        if not requests:
            return []
        for name, given in (("samplings", sampling), ("prefixes", prefixes)):
            if given is not None and not isinstance(given, Sampling) and len(given) != len(requests):
                raise ConfigError(f"{len(given)} {name} for {len(requests)} requests.", code="ask.lengths")
        rows = self._rows(requests, sampling, prefixes)
        started = time.perf_counter()
        for _ in self._generate([r for r in rows if not r.finished], max_new_tokens, started):
            pass
        seconds = time.perf_counter() - started
        return [self._answer(row, seconds) for row in rows]

    def stream(
        self,
        audio: Audio,
        question: str,
        options: Sequence[str] | None = None,
        max_new_tokens: int = MAX_NEW_TOKENS,
    ) -> Iterator[SectionDelta | Answer]:
        """Yield the sections' text as it is written, then the whole `Answer`, equal to what `ask` returns."""
        row = self._rows([(audio, question, options)])[0]
        words, chain = _Words(self.processor.tokenizer), ChainStream()
        started = time.perf_counter()
        for token in self._generate([row], max_new_tokens, started):
            yield from chain.feed(words.feed(token))
        yield from chain.feed(words.finish())
        chain.finish()
        yield from chain.tail
        yield self._answer(row, time.perf_counter() - started)

    def _rows(
        self,
        requests: Sequence[Request],
        sampling: Sampling | Sequence[Sampling] | None = None,
        prefixes: Sequence[str] | None = None,
    ) -> list[_Row]:
        known: dict[object, Heard] = {}

        def hear(audio: Audio) -> Heard:
            key: object = str(audio) if isinstance(audio, str | Path) else id(audio)
            if key not in known:
                pcm = _samples(audio)
                known[key] = Heard(features.log_mel(pcm), features.frames_of(len(pcm)))
            return known[key]

        rows: list[_Row] = []
        for i, (audio, question, options) in enumerate(requests):
            if not question.strip():
                raise InputError("the question is empty.", code="question.empty")
            several = audio if isinstance(audio, list | tuple) else () if audio is None else (audio,)
            if audio is not None and not several:
                raise InputError("an empty list of recordings was given.", code="audio.missing")
            heard = tuple(hear(a) for a in several)
            tokens = [features.audio_tokens_of(h.frames) for h in heard]
            chosen = tuple(options or ())
            ids = self.format.prompt(render_question(question, chosen), tokens)
            begun, rest = self._begin(prefixes[i]) if prefixes is not None and prefixes[i] else ([], None)
            row_sampling = sampling if sampling is None or isinstance(sampling, Sampling) else sampling[i]
            numbers = None
            if row_sampling is not None:
                own = i if isinstance(sampling, Sampling) else 0
                numbers = random.Random(names.derive_seed(row_sampling.seed, "sampling", own))
            row = _Row(Prompt([*ids, *begun], heard, rest, row_sampling, numbers), sum(tokens), chosen)
            row.ids, row.fed = list(begun), len(begun)
            if prefixes is not None and END in prefixes[i]:
                # Nothing is left to say; what the model would have spelled is taken as it is.
                row.ids = self.format.answer(prefixes[i])[:-1]
                row.fed, row.finished, row.ended = len(row.ids), True, True
            rows.append(row)
        return rows

    def _begin(self, prefix: str) -> tuple[list[int], Spelling]:
        if self._vocabulary is None:
            self._vocabulary = Vocabulary(self.processor.tokenizer)
        begun, rest = self._vocabulary.cut(prefix)
        return begun, Spelling(self._vocabulary, rest)

    def _generate(self, rows: list[_Row], max_new_tokens: int, started: float) -> Iterator[int]:
        """Fill the rows' ids; yields every token as it is made."""
        if not rows:
            return
        tokenizer = self.processor.tokenizer

        def done(row: int) -> bool:
            # The closing tag can be one piece or many; it lies within the last sixteen either way.
            ended = END in tokenizer.decode(rows[row].ids[-16:])
            rows[row].ended |= ended
            return ended

        def take(row: int, token: int) -> bool:
            if len(rows[row].ids) == rows[row].fed:
                rows[row].first = time.perf_counter() - started
            rows[row].ids.append(token)
            return done(row)

        def ended(row: int) -> None:
            rows[row].ended = True

        for token in decode(
            self.model,
            [r.prompt for r in rows],
            stop_ids=self._stop,
            max_new_tokens=max_new_tokens,
            pad_id=self._pad,
            take=take,
            ended=ended,
        ):
            rows[token.row].forced += token.forced
            yield token.id

    def _answer(self, row: _Row, seconds: float) -> Answer:
        text = str(self.processor.tokenizer.decode(row.ids, skip_special_tokens=True))
        parsed = parse_chain(text)
        option = match_option(response_body(parsed, text), row.options) if row.options else None
        return Answer(
            text=text,
            parsed=parsed,
            option=option,
            tokens=len(row.ids) - row.fed - row.forced,
            audio_tokens=row.audio_tokens,
            stopped="end" if row.ended else "length",
            seconds=seconds,
            first_token_seconds=row.first,
        )


def _samples(audio: Audio) -> np.ndarray:
    import numpy as np

    if isinstance(audio, str | Path):
        from audio_reasoner.core.audio import load_mono

        if not str(audio).strip():
            raise InputError("no audio was given: the path is empty.", code="audio.missing")
        pcm, what = load_mono(Path(audio), features.RATE), str(audio)
    else:
        pcm, what = np.asarray(audio), "the audio"
        if not np.issubdtype(pcm.dtype, np.floating):
            raise InputError(
                f"{what} holds {pcm.dtype} values; expected floating point samples between -1 and 1.",
                code="audio.shape",
                hint="Divide 16-bit samples by 32768.",
            )
    features.check_pcm(pcm, what)
    return pcm.astype(np.float32, copy=False)
