"""What teachers, judges and solvers behind a network share: one prompt, one reply, asked again if it cannot be used.

Decision: everything stands in one user message, the sound in front, so that all calls about a clip begin with the same
bytes and a server's prefix cache hits. A reply that cannot be parsed is asked for again with a new `n` (and then with a
seed, so that a server sees another request), three times in all; one that was cut off gets twice the room. Failures of
the network are the caller's business.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from audio_reasoner.clients.messages import AudioPart, ChatRequest, Message, Sampling
from audio_reasoner.clients.refusals import echoed
from audio_reasoner.clients.replies import Unusable
from audio_reasoner.core import ids
from audio_reasoner.core.errors import TeacherError
from audio_reasoner.core.records import Clip, Task
from audio_reasoner.teachers import base
from audio_reasoner.teachers.data import to_block
from audio_reasoner.teachers.templates import Flags, Prompt, Stage, templates_of

TRIES = 3
_MOST_ROOM = 8
_ROUNDS = 100
"""How often a build may try again."""
T = TypeVar("T")
_CODES = {
    "reply.refused": "teacher.refused",
    "reply.error_text": "teacher.error_text",
    "reply.echo": "teacher.echo",
    "reply.cut": "teacher.length",
}
"""What an error is called when the last try ended so; everything else is teacher.unparsable."""


@dataclass(frozen=True)
class Form:
    """The form a reply shall have, and the room it gets (tokens, thoughts of a reasoning model included)."""

    max_tokens: int
    schema: dict[str, Any] | None = None
    grammar: str | None = None


class Asker:
    """One model with our prompts.

    Attributes:
        name: spec without model and address.
        model: the endpoint's model.
        hears: whether the sound is sent.
        evidence: whether evidence stands in the prompts.

    With `retry`, unusable replies that the ledger holds do not count as tries.

    Raises:
        ConfigError: the spec or the folder of prompts cannot be used.
        ValueError: no caller, or no `hear` for a model that hears.
    """

    def __init__(
        self,
        spec: str,
        *,
        caller: base.Calls | None,
        hear: base.Hear | None,
        prompts: Path | None,
        give_evidence: bool,
        seed: int,
        retry: bool,
    ) -> None:
        self.endpoint = base.endpoint_of(spec)
        self.name = base.name_of(spec)
        self.model = self.endpoint.model
        self.hears = base.hears(spec)
        self.evidence = give_evidence or not self.hears
        self.templates = templates_of(prompts)
        if caller is None or (self.hears and hear is None):
            raise ValueError(f"{spec} needs a caller, and the sound of clips unless it is a text: teacher")
        self._caller = caller
        self._hear = hear
        self._seed = seed
        self._retry = retry

    def sound_of(self, clip: Clip) -> tuple[AudioPart, ...]:
        """The clip's sound as it is sent; nothing for a model that does not hear."""
        return (self._hear(clip),) if self.hears and self._hear is not None else ()

    def prompt(self, task: Task, stage: Stage, value: Any, flags: Flags) -> Prompt:
        """The prompt around `value`, which becomes the data block."""
        return self.templates.render(task, stage, to_block(value), flags)

    async def ask(
        self,
        kind: str,
        prompt: Prompt,
        form: Form,
        parse: Callable[[str], T],
        texts: Callable[[T], Iterable[str]] = lambda _: (),
        *,
        unit: str,
        sound: tuple[AudioPart, ...] = (),
        take: int = 0,
        priority: int = 0,
    ) -> tuple[T, str]:
        """What `parse` makes of a usable reply, and its call key.

        Args:
            kind: the ledger's word for the call.
            parse: raises `Unusable`.
            texts: those texts of the result in which no instruction may be repeated.
            unit: clip or question the call is about.
            take: counts independent answers to the same request.

        Raises:
            TeacherError: teacher.unparsable, teacher.refused, teacher.error_text, teacher.echo, teacher.length after
                three tries; or what the caller says.
        """
        room = form.max_tokens
        problem = Unusable("reply.empty", "never asked")
        fresh = 0
        for n in _numbers(take):
            if fresh == TRIES:
                break
            request = ChatRequest(
                kind=kind,
                messages=(Message("user", prompt.text, sound),),
                sampling=Sampling(max_tokens=room, seed=self._seed_of(unit, kind, n)),
                schema=form.schema,
                grammar=form.grammar,
                prompt_sha=prompt.sha,
                n=n,
            )
            try:
                reply = await self._caller.call(self.endpoint, request, parent_id=unit, priority=priority)
            except TeacherError as error:
                if self._retry and getattr(error, "cached", False):
                    continue  # a refusal of an earlier build
                raise
            # A resumed build counts what the ledger holds, so that it ends like one that was not interrupted; one that
            # was told to try again does not, else it would read the same useless replies.
            fresh += not (reply.cached and self._retry)
            if reply.finish == "length":
                problem = Unusable("reply.cut", f"the reply was cut off at {room} tokens")
                room = min(2 * room, _MOST_ROOM * form.max_tokens)
                continue
            try:
                result = parse(reply.text)
                if run := echoed(prompt.instructions, texts(result)):
                    raise Unusable("reply.echo", f"the reply repeats the prompt: {run!r}")
            except Unusable as unusable:
                problem = unusable
                continue
            return result, reply.call_key
        raise TeacherError(
            f"{self.name}:{self.model} gave no usable reply ({kind}) about {unit} in {TRIES} tries; "
            f"the last one: [{problem.code}] {problem.detail}.",
            code=_CODES.get(problem.code, "teacher.unparsable"),
        ) from problem

    def _seed_of(self, unit: str, kind: str, n: int) -> int | None:
        # The first request carries none: some servers refuse the field, others sample slower with it.
        return ids.derive_seed(self._seed, unit, kind, n) & 0x7FFFFFFF if n else None


def _numbers(take: int) -> Iterator[int]:
    """The `n` of one take's requests: three of its own, then, for builds that try again, others that no take uses."""
    for k in range(_ROUNDS * TRIES):
        yield take * TRIES + k % TRIES + k // TRIES * 10_000


def unit_of(clip: Clip, k: int | None) -> str:
    """The ledger's unit of a clip's question number k, or of the clip."""
    return clip.clip_id if k is None else f"{clip.clip_id}/{k}"
