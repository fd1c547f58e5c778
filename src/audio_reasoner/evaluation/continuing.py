"""Who goes on from a given beginning of an answer: a model loaded here, or a server that can.

Decision: a local model continues in the tokens of its training (see `inference.prefix`). Of servers only those that
speak vLLM's two switches (`continue_final_message`, `add_generation_prompt`) can do it; any other would begin a new
answer, and a test of something that did not happen is worse than none, so that is found out and said.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from audio_reasoner.clients.endpoints import Endpoint, api_key
from audio_reasoner.core.errors import AudioReasonerError, ConfigError, EnvironmentProblem, TeacherError
from audio_reasoner.evaluation.hearing import RATE, Sound

IN_FLIGHT = 16
TIMEOUT_S = 300.0


@dataclass(frozen=True)
class Begun:
    """A question with the beginning of its answer."""

    prompt: str
    sounds: tuple[Sound, ...]
    prefix: str
    about: Any = field(default=None, compare=False, repr=False)


Take = Callable[[Begun, "str | AudioReasonerError"], None]


class Continuer(Protocol):
    """Continues answers."""

    def go_on(self, begun: Iterable[Begun], max_new_tokens: int, take: Take) -> None:
        """Tell the whole text of every answer, beginning included, or the error it met."""


class LocalContinuer:
    """A loaded `inference.Reasoner`; greedy. Beginnings that share a recording encode it once if they stand together.

    Args:
        reasoner: the model.
        batch_size: answers continued side by side.
    """

    def __init__(self, reasoner: Any, batch_size: int = 16) -> None:
        self._reasoner = reasoner
        self._batch = batch_size

    def go_on(self, begun: Iterable[Begun], max_new_tokens: int, take: Take) -> None:
        """In batches, in order."""
        for batch in _batches(begun, self._batch):
            self._ask(batch, max_new_tokens, take)

    def _ask(self, batch: Sequence[Begun], max_new_tokens: int, take: Take) -> None:
        arrays: dict[str, Any] = {}
        try:
            for sound in (s for b in batch for s in b.sounds):
                if sound.key not in arrays:
                    arrays[sound.key] = sound.load()
            requests = [(_heard([arrays[s.key] for s in b.sounds]), b.prompt, None) for b in batch]
            answers = self._reasoner.ask_batch(requests, max_new_tokens, prefixes=[b.prefix for b in batch])
        except AudioReasonerError as error:
            if len(batch) == 1:
                take(batch[0], error)
                return
            for one in batch:  # one that cannot be asked must not take the others with it
                self._ask([one], max_new_tokens, take)
            return
        for one, answer in zip(batch, answers, strict=True):
            take(one, answer.text)


def _heard(arrays: list[Any]) -> Any:
    return None if not arrays else arrays[0] if len(arrays) == 1 else arrays


def _batches(begun: Iterable[Begun], size: int) -> Iterator[list[Begun]]:
    batch: list[Begun] = []
    for one in begun:
        batch.append(one)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


class ServerContinuer:
    """An OpenAI-compatible server that continues a last message of the assistant, as vLLM does.

    Args:
        endpoint: whom to ask.
        system: the system message, or None.

    Raises:
        ConfigError: `causal.no_continuation`: it is a service that cannot.
    """

    def __init__(self, endpoint: Endpoint, system: str | None) -> None:
        if endpoint.provider != "openai" or endpoint.base_url is None or endpoint.host == "api.openai.com":
            raise _cannot(f"{endpoint.spec} begins every answer itself; it does not continue one that is begun.")
        self._endpoint, self._system = endpoint, system

    def go_on(self, begun: Iterable[Begun], max_new_tokens: int, take: Take) -> None:
        """Many at a time; stops at the first that shows that the server does not continue."""
        asyncio.run(self._all(iter(begun), max_new_tokens, take))

    async def _all(self, begun: Iterator[Begun], max_new_tokens: int, take: Take) -> None:
        try:
            import openai
        except ImportError as error:
            raise EnvironmentProblem(
                f"The package openai cannot be used: {error}.", code="environment.package", hint="pip install openai"
            ) from error
        key = api_key(self._endpoint) or "none"
        async with openai.AsyncOpenAI(
            api_key=key, base_url=self._endpoint.url, max_retries=3, timeout=TIMEOUT_S
        ) as client:

            async def work() -> None:
                for one in begun:
                    try:
                        said = await self._say(client, one, max_new_tokens)
                    except ConfigError:
                        raise
                    except AudioReasonerError as error:
                        take(one, error)
                    else:
                        take(one, said)

            try:
                async with asyncio.TaskGroup() as group:
                    for _ in range(IN_FLIGHT):
                        group.create_task(work())
            except BaseExceptionGroup as several:
                raise several.exceptions[0] from None

    async def _say(self, client: Any, one: Begun, max_new_tokens: int) -> str:
        import openai

        parts: list[dict[str, Any]] = []
        for sound in one.sounds:
            wav = await asyncio.to_thread(_wav, sound)
            data = base64.b64encode(wav).decode("ascii")
            parts.append({"type": "input_audio", "input_audio": {"data": data, "format": "wav"}})
        parts.append({"type": "text", "text": one.prompt})
        messages: list[dict[str, Any]] = [{"role": "system", "content": self._system}] if self._system else []
        messages += [{"role": "user", "content": parts}, {"role": "assistant", "content": one.prefix}]
        try:
            reply = await client.chat.completions.create(
                model=self._endpoint.model,
                messages=messages,
                temperature=0.0,
                max_tokens=max_new_tokens,
                extra_body={"continue_final_message": True, "add_generation_prompt": False},
            )
            said = reply.choices[0].message.content or ""
        except openai.BadRequestError as error:
            raise _cannot(f"{self._endpoint.spec} refuses to continue an answer: {_short(error)}") from None
        except (openai.APIError, AttributeError, IndexError, TypeError) as error:
            raise TeacherError(
                f"{self._endpoint.spec} gave no answer: {_short(error)}", code="causal.call_failed"
            ) from None
        if said.startswith(one.prefix):
            return str(said)  # servers that echo
        if said.lstrip().startswith(("<THINK>", "<PLANNING>")):
            raise _cannot(f"{self._endpoint.spec} began a new answer instead of continuing the one given.")
        return one.prefix + str(said)


def _wav(sound: Sound) -> bytes:
    from audio_reasoner.core.audio import encode_wav

    return encode_wav(sound.load(), RATE)


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


def _cannot(message: str) -> ConfigError:
    return ConfigError(
        message,
        code="causal.no_continuation",
        hint="Use a local model, or a vLLM server without a reasoning parser (it takes continue_final_message).",
    )
