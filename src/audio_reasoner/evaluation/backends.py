"""Who answers: one protocol for a model loaded here, a server, and a chain of two.

Decision: a backend is handed questions as a stream and tells each answer as it comes, in its own order, so that a GPU
may work in batches and a server with hundreds of calls in flight, and the run that writes the answers down knows
neither. A question is complete when it arrives (text, system message, sound, seed): backends decide nothing that could
change an answer without being named in their `identity`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from audio_reasoner.core import ids
from audio_reasoner.core.errors import AudioReasonerError, EnvironmentProblem, InputError, IntegrityError
from audio_reasoner.evaluation.hearing import Sound
from audio_reasoner.inference.batch import fingerprint as fingerprint
from audio_reasoner.inference.parts import in_parts

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Decoding:
    """How tokens are drawn; temperature 0 takes the likeliest."""

    temperature: float = 0.0
    top_p: float = 1.0


GREEDY = Decoding()
FELT = 1e-4
"""Difference of logits, as a share of the largest, from which a sound counts as noticed; rounding stays far below."""


@dataclass(frozen=True)
class Asked:
    """One question as a backend gets it.

    Attributes:
        id: the item's.
        prompt: the whole text of the user's turn.
        audio: what is heard, in order; empty for no audio at all.
        seconds: how long that is.
        sample: which of several answers to the same question (0, 1, …).
        seed: of the random numbers this answer is drawn from.
        about: where the row that comes of it keeps what it needs.
    """

    id: str
    prompt: str
    audio: tuple[Sound, ...] = ()
    seconds: float = 0.0
    sample: int = 0
    seed: int = 0
    about: Any = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Said:
    """One answer.

    Attributes:
        text: the raw reply.
        tokens: generated (server: billed as output); None where nobody counts.
        audio_tokens: through which the sound reached the model; None where the backend cannot say.
        stopped: "end", "length", or why there is no answer ("safety", "refusal", …).
        seconds: wall time; in a batch, the batch's time shared equally.
        first_token_seconds: wall time until the first token; None where unknown.
        prompt: the text that was really sent, where a stage before put something in front of the question.
        extra: more for the row: calls, input tokens, what a first stage said.
    """

    text: str
    tokens: int | None
    audio_tokens: int | None = None
    stopped: str = "end"
    seconds: float = 0.0
    first_token_seconds: float | None = None
    prompt: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Trio:
    """One question four ways, to see whether sound makes a difference: its own audio, silence as long, another clip's
    audio, and no audio."""

    own: Asked
    silence: Asked
    other: Asked
    none: Asked

    def named(self) -> tuple[tuple[str, Asked], ...]:
        """The four with their names."""
        return ("own", self.own), ("silence", self.silence), ("other", self.other), ("none", self.none)


@dataclass(frozen=True)
class Felt:
    """Whether sound makes a difference, how that was found out, and the figures of each question asked."""

    heard: bool
    how: str
    items: Sequence[Mapping[str, Any]]


Take = Callable[[Asked, Said | AudioReasonerError], None]


@dataclass(frozen=True)
class Meter:
    """What a progress view shows of a backend. Money in dollars; `limit` calls in flight now allowed (None: none)."""

    in_flight: int = 0
    limit: int | None = None
    spent_usd: float = 0.0


class Backend(Protocol):
    """Who answers.

    Attributes:
        name: how rows and tables call it.
        identity: all that decides its answers besides questions and decoding, as JSON; two runs are one only if these
            are equal.
        system: system message it is given; None leaves it to the model's own template.
        window_s: longest sound it hears, in seconds; None for no such limit.
        hears: whether sound can reach it at all.
        by_length: it works in batches, so questions should come ordered by length.
    """

    name: str
    identity: Mapping[str, Any]
    system: str | None
    window_s: float | None
    hears: bool
    by_length: bool

    def answer(self, questions: Iterable[Asked], decoding: Decoding, max_new_tokens: int, take: Take) -> None:
        """Answer all questions; `take` is told each answer, or the error that this one question met.

        Raises:
            AudioReasonerError: nothing further can be answered (a key, money, a model); what was told stands.
        """

    def meter(self) -> Meter:
        """Figures of this moment."""

    def feel(self, trios: Sequence[Trio], max_new_tokens: int) -> Felt:
        """Find out whether sound reaches the model."""


def model_hash(backend: Backend) -> str:
    """One hash for a backend's identity."""
    return ids.digest({"identity": dict(backend.identity)}).hex()


class AnswerLike(Protocol):
    """What `ReasonerLike.ask_batch` must give for each request: at least the text and its number of tokens."""

    @property
    def text(self) -> str:
        """The raw output."""

    @property
    def tokens(self) -> int:
        """How many tokens were generated."""


class ReasonerLike(Protocol):
    """Whatever answers questions about audio: 16 kHz mono samples (None: no audio), a question, its options."""

    def ask_batch(
        self, requests: Sequence[tuple[Any, str, None]], max_new_tokens: int, *, sampling: Any = None
    ) -> Sequence[AnswerLike]:
        """One answer per request, in order; `sampling` is one per request, or None for greedy decoding."""


class Local:
    """A model in this process.

    Args:
        reasoner: the loaded model.
        name: how it is called.
        files: `fingerprint` of its directory.
        batch_size: questions answered side by side.
        system: the system message it was loaded with.
        more: further facts that decide answers (the chat template's hash, the device's type).
        facts: for `run.json` only: what its chat template puts around a question.
    """

    window_s: float | None = 30.0
    hears = True
    by_length = True

    def __init__(
        self,
        reasoner: ReasonerLike,
        *,
        name: str,
        files: Mapping[str, str],
        batch_size: int = 8,
        system: str | None = None,
        more: Mapping[str, Any] | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        self.facts = dict(facts or {})
        self.reasoner = reasoner
        self.name = name
        self.system = system
        self.batch_size = batch_size
        self.identity: Mapping[str, Any] = {"kind": "local", "model_files": dict(files), **(more or {})}

    def answer(self, questions: Iterable[Asked], decoding: Decoding, max_new_tokens: int, take: Take) -> None:
        """In batches, in the order given. A recording that cannot be heard leaves its batch."""
        for batch in _batches(questions, self.batch_size):
            ready: list[tuple[Asked, Any]] = []
            for asked in batch:
                try:
                    ready.append((asked, _arrays(asked)))
                except AudioReasonerError as error:
                    take(asked, error)
            if ready:
                self._ask(ready, decoding, max_new_tokens, take)

    def meter(self) -> Meter:
        """Nothing is paid here."""
        return Meter()

    def feel(self, trios: Sequence[Trio], max_new_tokens: int) -> Felt:
        """By the logits of the first step: whatever a model makes of its sound, they differ by it.

        A reasoner that shows no logits is judged by its answers.
        """
        from audio_reasoner.inference import Reasoner

        if not isinstance(self.reasoner, Reasoner):
            return self._feel_answers(trios, max_new_tokens)
        items: list[dict[str, Any]] = []
        for trio in trios:
            own, silence, other = (_first_logits(self.reasoner, q) for q in (trio.own, trio.silence, trio.other))
            size = float(own.abs().max())
            apart = {name: float((own - x).abs().max()) for name, x in (("silence", silence), ("other", other))}
            items.append({"id": trio.own.id, "largest": round(size, 4), **{k: round(v, 6) for k, v in apart.items()}})
        heard = any(max(i["silence"], i["other"]) > FELT * max(i["largest"], 1e-9) for i in items)
        return Felt(heard, "largest difference of the first step's logits", items)

    def _feel_answers(self, trios: Sequence[Trio], max_new_tokens: int) -> Felt:
        items = []
        for trio in trios:
            texts: list[str | None] = []
            for asked in (trio.own, trio.silence, trio.other):
                answer = self.reasoner.ask_batch([(_arrays(asked), asked.prompt, None)], max_new_tokens)[0]
                texts.append(answer.text)
            items.append({"id": trio.own.id, "answers_differ": len(set(texts)) > 1})
        return Felt(any(i["answers_differ"] for i in items), "answers to own audio, silence and another clip", items)

    def _ask(self, ready: Sequence[tuple[Asked, Any]], decoding: Decoding, max_new_tokens: int, take: Take) -> None:
        more: dict[str, Any] = {}
        if decoding.temperature > 0:
            from audio_reasoner.inference import Sampling

            more["sampling"] = [Sampling(decoding.temperature, decoding.top_p, asked.seed) for asked, _ in ready]

        def ask(part: Sequence[tuple[Asked, Any]]) -> list[tuple[AnswerLike, float]]:
            began = time.perf_counter()
            # The prompt is complete; options would be written out a second time.
            answers = self.reasoner.ask_batch([(audio, a.prompt, None) for a, audio in part], max_new_tokens, **more)
            each = (time.perf_counter() - began) / len(part)
            return [(answer, each) for answer in answers]

        for part, answers in in_parts(ready, ask, _too_large):
            for (asked, _), said in zip(part, answers, strict=True):
                take(asked, said if isinstance(said, InputError) else self._said(asked, *said))

    def _said(self, asked: Asked, answer: AnswerLike, seconds: float) -> Said:
        """What is written down of an answer that took so many seconds of its batch."""
        heard = getattr(answer, "audio_tokens", None)
        if asked.audio and heard == 0:
            raise IntegrityError(
                f"the sound of item {asked.id} did not reach {self.name}: no audio token was made of it.",
                code="eval.deaf",
            )
        return Said(
            text=answer.text,
            tokens=answer.tokens,
            audio_tokens=heard,
            stopped=getattr(answer, "stopped", "end"),
            seconds=round(seconds, 4),
            first_token_seconds=_rounded(getattr(answer, "first_token_seconds", None)),
        )


def _too_large(item: tuple[Asked, Any]) -> EnvironmentProblem:
    return EnvironmentProblem(
        f"one question of {item[0].seconds:.0f} s of sound does not fit into memory.",
        code="environment.memory",
        hint="Use a smaller model, another device, or --long-audio truncate30.",
    )


def _first_logits(reasoner: Any, asked: Asked) -> Any:
    """Logits of the first token of an answer, float32 [vocabulary], on the CPU."""
    import torch

    from audio_reasoner.models import features, qwen2_audio

    sounds = [sound.load() for sound in asked.audio]
    for pcm in sounds:
        features.check_pcm(pcm, asked.id)
    frames = [features.frames_of(len(pcm)) for pcm in sounds]
    tokens = [features.audio_tokens_of(f) for f in frames]
    model = reasoner.model
    with torch.inference_mode():
        mels = features.pad_mels([features.log_mel(pcm) for pcm in sounds])
        audio, _ = qwen2_audio.encode(model, mels, frames)
        prompt = torch.tensor([reasoner.format.prompt(asked.prompt, tokens)], device=model.device)
        embeds = qwen2_audio.embed(model, prompt, audio)
        states = model.model.language_model(inputs_embeds=embeds).last_hidden_state[:, -1]
        return model.lm_head(states)[0].float().cpu()


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 4)


def _arrays(asked: Asked) -> np.ndarray | list[np.ndarray] | None:
    """What the model is handed: nothing, one array, or several in order."""
    if not asked.audio:
        return None
    arrays = [sound.load() for sound in asked.audio]
    return arrays[0] if len(arrays) == 1 else arrays


def _batches(questions: Iterable[Asked], size: int) -> Iterator[list[Asked]]:
    batch: list[Asked] = []
    for asked in questions:
        batch.append(asked)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def load_local(model: str, *, batch_size: int, system: str | None, own_system: bool) -> Local:
    """A model directory, or `org/name` of the Hugging Face hub, as a backend.

    Args:
        model: where it lies.
        batch_size: questions answered side by side.
        system: the system message; used if `own_system` is false. None: none, the chat template decides.
        own_system: prompt it as it was trained.

    Raises:
        InputError: the model is missing or cannot be loaded.
    """
    from audio_reasoner.inference import Reasoner
    from audio_reasoner.models.qwen2_audio import resolve

    directory = resolve(model)
    files = fingerprint(directory)
    reasoner = Reasoner.from_pretrained(directory)
    if not own_system:
        reasoner = Reasoner(reasoner.model, reasoner.processor, system)
    device = getattr(getattr(reasoner.model, "device", None), "type", "cpu")
    more = {
        "prompt_head": ids.digest({"head": reasoner.format.head, "tail": reasoner.format.tail}).hex(),
        "device": str(device),
        "dtype": str(getattr(reasoner.model, "dtype", "")).removeprefix("torch."),
    }
    facts = {"around_the_question": [reasoner.format.head, reasoner.format.tail]}
    return Local(
        reasoner, name=model, files=files, batch_size=batch_size, system=reasoner.system, more=more, facts=facts
    )
