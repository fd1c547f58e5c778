"""`RemoteReasoner`: the same questions, answered by a server that speaks OpenAI's chat completions.

Decision: what is sent is what `Reasoner` would hear: 16 kHz mono WAV parts in front of the question, clips over 30
seconds refused unless the caller says how to cut them (servers cut them without a word), options as `(a) …` lines, of
earlier turns only the RESPONSE. What comes back is read by the same rules. What a server cannot do (tokens counted per
section, an answer with a given beginning) is refused before it is asked; a format that a server was told to keep and
did not keep is an error, not an answer.
"""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import json
import os
import re
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from audio_reasoner.clients.endpoints import Endpoint, api_key, parse_endpoint
from audio_reasoner.clients.messages import AudioPart, ChatRequest, Message
from audio_reasoner.clients.messages import Sampling as Drawn
from audio_reasoner.clients.retry import RetryPolicy
from audio_reasoner.clients.transport import RawReply
from audio_reasoner.core import ids
from audio_reasoner.core.chain import ChainStream, SectionDelta, parse_chain, response_body
from audio_reasoner.core.choices import match_option, render_question
from audio_reasoner.core.errors import AudioReasonerError, ConfigError, InputError, TeacherError
from audio_reasoner.inference.answer import Answer, Budgets, SectionClock, Timings, sha_of_system
from audio_reasoner.inference.generate import Sampling
from audio_reasoner.inference.hearing import Over30, cut
from audio_reasoner.inference.history import Earlier, check_text, earlier_turns
from audio_reasoner.inference.joining import Joiner, join
from audio_reasoner.inference.making import Audio, samples_of
from audio_reasoner.inference.reasoner import MAX_NEW_TOKENS, Request
from audio_reasoner.inference.remote_calls import Line, Loop, is_fatal
from audio_reasoner.models import features

if TYPE_CHECKING:
    import numpy as np

    from audio_reasoner.inference.votes import Vote

WIDEST = 64
"""Most questions prepared at once; how many calls are out is decided by the limiter."""
_TEXT = r"(?:[^<]|<[^/A-Z])+"
FORMAT = (
    r"<THINK>\n<PLANNING>{t}</PLANNING>\n<CAPTION>{t}</CAPTION>\n<REASONING>{t}</REASONING>\n<SUMMARY>{t}</SUMMARY>\n"
    r"</THINK>\n<RESPONSE>{t}</RESPONSE>"
).replace("{t}", _TEXT)
"""The regular expression of a well-formed chain, for servers with guided decoding."""


@dataclass(frozen=True)
class _Asked:
    """A question ready to be sent."""

    request: ChatRequest
    key: str
    options: tuple[str, ...]
    heard: int
    """Recordings in the prompt."""
    constrained: bool
    began: float
    hearing: float


class RemoteReasoner:
    """A model behind an OpenAI-compatible address (vLLM, SGLang, `transformers serve`, a gateway).

    >>> reasoner = RemoteReasoner("http://127.0.0.1:8000/v1", "my-model")  # doctest: +SKIP
    >>> reasoner.ask(Path("clip.wav"), "Which sound comes first?", ["dog", "bell"]).option.index  # doctest: +SKIP
    1

    Args:
        url: the server's address, e.g. ``http://HOST:PORT/v1``; None is OpenAI's own.
        model: the name the server knows the model by.
        api_key_env: name of the environment variable that holds the key; None takes OPENAI_API_KEY (or the host's own
            AUDIO_REASONER_API_KEY_HOST_PORT) if it is set. Keys are never given as values.
        system: system message; None sends none, and the server's chat template decides.
        max_in_flight: calls at the same time; None finds out how many the server takes.
        timeout_s: longest wait for a reply, or for the next piece of a streamed one.
        patience_s: how long failures are tried again, in seconds.
        attempts: failures of one question's own after which it is given up.

    Raises:
        ConfigError: `endpoint.*`: an address that is none, a key that is not set.
    """

    def __init__(
        self,
        url: str | None,
        model: str,
        api_key_env: str | None = None,
        system: str | None = None,
        *,
        max_in_flight: int | None = None,
        timeout_s: float = 300.0,
        patience_s: float = 120.0,
        attempts: int = 5,
    ) -> None:
        spec = f"openai:{model}" + (f"@{url}" if url else "")
        self._set(spec, api_key_env, system, max_in_flight, timeout_s, RetryPolicy(attempts, patience_s))

    @classmethod
    def from_spec(
        cls,
        spec: str,
        api_key_env: str | None = None,
        system: str | None = None,
        *,
        max_in_flight: int | None = None,
        timeout_s: float = 300.0,
        patience_s: float = 120.0,
        attempts: int = 5,
    ) -> Self:
        """From `openai:MODEL@URL`, `openai:MODEL`, `gemini:MODEL` or `gemini:MODEL@URL`; otherwise as the class."""
        made = cls.__new__(cls)
        made._set(spec, api_key_env, system, max_in_flight, timeout_s, RetryPolicy(attempts, patience_s))
        return made

    def _set(
        self,
        spec: str,
        api_key_env: str | None,
        system: str | None,
        max_in_flight: int | None,
        timeout_s: float,
        retry: RetryPolicy,
    ) -> None:
        self.endpoint = _with_key(parse_endpoint(spec), api_key_env)
        api_key(self.endpoint)
        self.system = system
        self._limits = max_in_flight, timeout_s, retry
        self._wide = min(WIDEST, max_in_flight or WIDEST)
        self._opened: tuple[Loop, Line] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections. Asking again opens them again."""
        if self._opened is not None:
            loop, line = self._opened
            self._opened = None
            try:
                loop.run(line.close())
            finally:
                loop.stop()

    def _open(self) -> tuple[Loop, Line]:
        if self._opened is None:
            loop = Loop()

            async def line() -> Line:
                return Line(self.endpoint, *self._limits)

            self._opened = loop, loop.run(line())
        return self._opened

    # ------------------------------------------------------------------------------------------------ asking

    def ask(
        self,
        audio: Audio | Sequence[Audio] | None,
        question: str,
        options: Sequence[str] | None = None,
        max_new_tokens: int = MAX_NEW_TOKENS,
        *,
        history: Sequence[Earlier] | None = None,
        sampling: Sampling | None = None,
        constrain: bool | None = None,
        budgets: Budgets | None = None,
        over_30s: Over30 = "refuse",
    ) -> Answer:
        """Answer one question; arguments as for `Reasoner.ask`.

        Args:
            constrain: True tells the server to keep to the format (vLLM's `structured_outputs`); None and False leave
                the model free; "option" is refused.
            budgets: must be None: a server counts no tokens per section.

        Raises:
            InputError: as `Reasoner.ask`.
            ConfigError: a server that cannot be reached or does not know the model (``teacher.*``); `remote.budgets`;
                `remote.option`; `ask.constrain`; `remote.constrain`: it did not keep to the format.
            TeacherError: this question failed for good.
        """
        _check(budgets, None, constrain)
        loop, line = self._open()
        made = self._maker(max_new_tokens, constrain, over_30s)

        async def work() -> Answer:
            request = (audio, question, options)
            asked = await asyncio.to_thread(made, request, history, sampling, 0)
            return await self._answer(line, asked)

        return loop.run(work())

    def ask_batch(
        self,
        requests: Sequence[Request],
        max_new_tokens: int = MAX_NEW_TOKENS,
        *,
        sampling: Sampling | Sequence[Sampling] | None = None,
        prefixes: Sequence[str] | None = None,
        histories: Sequence[Sequence[Earlier] | None] | None = None,
        constrain: bool | None = None,
        budgets: Budgets | None = None,
        over_30s: Over30 = "refuse",
    ) -> list[Answer]:
        """Answer many questions at the same time, in order.

        One `Sampling` gives row `i` a seed of its own, a list each row its own, as for `Reasoner.ask_batch`.

        Raises:
            AudioReasonerError: as `ask`, for the first question that fails; `remote.prefix`: beginnings were given.
        """
        answers: dict[int, Answer] = {}
        for place, answer in self.ask_each(
            requests,
            max_new_tokens,
            sampling=sampling,
            prefixes=prefixes,
            histories=histories,
            constrain=constrain,
            budgets=budgets,
            over_30s=over_30s,
        ):
            if isinstance(answer, AudioReasonerError):
                raise answer
            answers[place] = answer
        return [answers[i] for i in range(len(requests))]

    def ask_each(
        self,
        requests: Sequence[Request],
        max_new_tokens: int = MAX_NEW_TOKENS,
        *,
        sampling: Sampling | Sequence[Sampling] | None = None,
        prefixes: Sequence[str] | None = None,
        histories: Sequence[Sequence[Earlier] | None] | None = None,
        constrain: bool | None = None,
        budgets: Budgets | None = None,
        over_30s: Over30 = "refuse",
    ) -> Iterator[tuple[int, Answer | AudioReasonerError]]:
        """As `ask_batch`, but (place, answer) as they come; the error of a question stands in its answer's place.

        Raises:
            AudioReasonerError: no further question can be answered.
        """
        _check(budgets, prefixes, constrain)
        for name, given in (("samplings", sampling), ("histories", histories)):
            if given is not None and not isinstance(given, Sampling) and len(given) != len(requests):
                raise ConfigError(f"{len(given)} {name} for {len(requests)} requests.", code="ask.lengths")
        if not requests:
            return
        loop, line = self._open()
        made = self._maker(max_new_tokens, constrain, over_30s)

        async def one(place: int) -> Answer | AudioReasonerError:
            own = sampling if sampling is None or isinstance(sampling, Sampling) else sampling[place]
            number = place if isinstance(sampling, Sampling) else 0
            try:
                asked = await asyncio.to_thread(
                    made, requests[place], histories[place] if histories is not None else None, own, number
                )
                return await self._answer(line, asked)
            except AudioReasonerError as error:
                if is_fatal(error):
                    raise
                return error

        yield from loop.each(range(len(requests)), one, min(self._wide, len(requests)))

    def stream(
        self,
        audio: Audio | Sequence[Audio] | None,
        question: str,
        options: Sequence[str] | None = None,
        max_new_tokens: int = MAX_NEW_TOKENS,
        *,
        history: Sequence[Earlier] | None = None,
        sampling: Sampling | None = None,
        constrain: bool | None = None,
        budgets: Budgets | None = None,
        over_30s: Over30 = "refuse",
    ) -> Iterator[SectionDelta | Answer]:
        """Yield the sections' text as it is written, then the whole `Answer`.

        Raises:
            AudioReasonerError: as `ask`; a stream that breaks off is not begun again once something has come.
        """
        _check(budgets, None, constrain)
        loop, line = self._open()
        asked = self._maker(max_new_tokens, constrain, over_30s)((audio, question, options), history, sampling, 0)

        def source() -> AsyncGenerator[Any, None]:
            return line.stream(asked.request, asked.key)

        chain, joiner, clock = ChainStream(), Joiner(), SectionClock()
        first: float | None = None

        def take(text: str) -> list[SectionDelta]:
            clock.feed(text.encode("utf-8", "surrogatepass"), time.perf_counter() - asked.began)
            return chain.feed(text)

        for item in loop.pieces(source):
            if isinstance(item, RawReply):
                yield from take(joiner.finish())
                chain.finish()
                yield from chain.tail
                yield self._read(line, asked, item, first, clock.seconds)
                return
            first = first if first is not None else time.perf_counter() - asked.began
            yield from take(joiner.feed(item.reasoning, item.text))

    def vote(
        self,
        audio: Audio | Sequence[Audio] | None,
        question: str,
        options: Sequence[str] | None = None,
        k: int = 8,
        sampling: Sampling | None = None,
        max_new_tokens: int = MAX_NEW_TOKENS,
        **asking: Any,
    ) -> Vote:
        """What most of k answers say; k calls at the same time, those no longer needed are cancelled.

        Arguments and errors are those of `votes.vote`.
        """
        from audio_reasoner.inference import votes

        return votes.vote(self, audio, question, options, k, sampling, max_new_tokens, **asking)

    # ------------------------------------------------------------------------------------------------ one question

    def _maker(
        self, max_new_tokens: int, constrain: bool | None, over_30s: Over30
    ) -> Callable[[Request, Sequence[Earlier] | None, Sampling | None, int], _Asked]:
        def make(request: Request, history: Sequence[Earlier] | None, sampling: Sampling | None, number: int) -> _Asked:
            began = time.perf_counter()
            audio, question, options = request
            if not question.strip():
                raise InputError("the question is empty.", code="question.empty")
            chosen = tuple(options or ())
            parts = _heard(audio, over_30s)
            messages = [] if self.system is None else [Message("system", self.system)]
            for asked, told in earlier_turns(history):
                messages += [Message("user", asked), Message("assistant", told)]
            shown = render_question(question, chosen)
            check_text(shown, "the question")
            messages.append(Message("user", shown))
            # The clip is heard once, in the first question.
            place = next(i for i, message in enumerate(messages) if message.role == "user")
            messages[place] = dataclasses.replace(messages[place], audio=parts)
            drawn = sampling is not None and sampling.temperature > 0
            seed = None
            if sampling is not None and drawn:
                seed = ids.derive_seed(sampling.seed, "sampling", number) % 2**31
            chat = ChatRequest(
                kind="answer",
                messages=tuple(messages),
                sampling=Drawn(
                    temperature=sampling.temperature if sampling is not None else 0.0,
                    top_p=sampling.top_p if sampling is not None and drawn and sampling.top_p < 1 else None,
                    max_tokens=max_new_tokens,
                    seed=seed,
                ),
                grammar=FORMAT if constrain else None,
            )
            key = chat.key(self.endpoint.provider, self.endpoint.model)
            hearing = time.perf_counter() - began
            return _Asked(chat, key, chosen, len(parts), bool(constrain), began, hearing)

        return make

    async def _answer(self, line: Line, asked: _Asked) -> Answer:
        reply = await line.call(asked.request, asked.key)
        return self._read(line, asked, reply, None, {})

    def _read(
        self, line: Line, asked: _Asked, reply: RawReply, first: float | None, sections: dict[str, float]
    ) -> Answer:
        if reply.finish not in ("stop", "length", "other"):
            raise TeacherError(
                f"{self.endpoint.spec} withheld the answer ({reply.finish}): {reply.text[:200]}".strip(),
                code="teacher.refused" if reply.finish == "refusal" else f"teacher.{reply.finish}",
            )
        text = join(reply.reasoning, reply.text)
        parsed = parse_chain(text)
        cut_off = reply.finish == "length"
        if asked.constrained and (
            line.without_grammars or not (parsed.well_formed or (cut_off and text.startswith("<THINK>")))
        ):
            raise ConfigError(
                f"{self.endpoint.spec} did not keep to the format that it was told to keep.",
                code="remote.constrain",
                hint="It takes no `structured_outputs` (vLLM does). Ask without constrained decoding (--free).",
            )
        total = time.perf_counter() - asked.began
        heard = audio_tokens_of(self.endpoint.provider, reply.raw)
        return Answer(
            text=text,
            parsed=parsed,
            option=match_option(response_body(parsed, text), asked.options) if asked.options else None,
            tokens=reply.tokens_out,
            audio_tokens=heard if asked.heard else 0,
            stopped="length" if cut_off else "end",
            seconds=total,
            first_token_seconds=total if first is None else first,
            timings=Timings(asked.hearing, 0.0, first, sections, total),
            system_sha=sha_of_system(self.system),
        )


def audio_tokens_of(provider: str, raw: bytes | None) -> int | None:
    """How many input tokens were sound, if the server's reply says so."""
    try:
        data = json.loads(raw or b"")
        if provider == "gemini":
            details = data["usageMetadata"]["promptTokensDetails"]
            return sum(int(d.get("tokenCount", 0)) for d in details if d.get("modality") == "AUDIO")
        value = data["usage"]["prompt_tokens_details"]["audio_tokens"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _with_key(endpoint: Endpoint, api_key_env: str | None) -> Endpoint:
    if api_key_env is None:
        return endpoint
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", api_key_env):
        raise ConfigError(
            "the name of the key's variable is none.",  # it may be the key itself: not repeated
            code="endpoint.key_name",
            hint="--api-key-env takes the name of an environment variable, never the key.",
        )
    if not os.environ.get(api_key_env):
        raise ConfigError(f"{api_key_env} is not set.", code="endpoint.no_key", hint=f"export {api_key_env}=…")
    account = f"{endpoint.provider}|{endpoint.host}|{api_key_env}"
    return dataclasses.replace(endpoint, api_key_env=api_key_env, account=account)


def _check(budgets: Budgets | None, prefixes: Iterable[str] | None, constrain: object) -> None:
    if constrain == "option":
        raise ConfigError(
            "a server cannot be held to the options.",
            code="remote.option",
            hint="Constrain the format alone (constrain=True), or load the model here.",
        )
    if constrain not in (None, True, False):
        raise ConfigError(f"unknown constraint {constrain!r}; expected True or False.", code="ask.constrain")
    if budgets is not None:
        raise ConfigError(
            "a server counts no tokens per section.",
            code="remote.budgets",
            hint="Leave the budgets out; the whole answer can be limited (--max-new-tokens).",
        )
    if prefixes is not None and any(prefixes):
        raise ConfigError(
            "a server cannot be asked for an answer with a given beginning.",
            code="remote.prefix",
            hint="Load the model here for that.",
        )


def _heard(audio: Audio | Sequence[Audio] | None, over_30s: Over30) -> tuple[AudioPart, ...]:
    several = audio if isinstance(audio, list | tuple) else () if audio is None else (audio,)
    if audio is not None and not several:
        raise InputError("an empty list of recordings was given.", code="audio.missing")
    return tuple(_part(piece) for one in several for piece in cut(samples_of(one), over_30s))


def _part(pcm: np.ndarray) -> AudioPart:
    from audio_reasoner.core.audio import encode_wav

    data = encode_wav(pcm, features.RATE)

    async def wav() -> bytes:
        return data

    return AudioPart(content_key=hashlib.sha256(data).hexdigest(), seconds=len(pcm) / features.RATE, wav=wav)
