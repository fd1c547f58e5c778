"""The protocols of those who write, judge and answer, and who plays them: `make`, `make_judge`, `make_solver`.

Decision: a teacher is asynchronous and knows nothing of ledgers, retries or other clips; it turns one clip (and one
question) into one record or raises `TeacherError`. The grounded teacher computes, so its adapter sends it to the
process pool; a teacher behind a network awaits its reply instead, and the engine cannot tell.

A spec names who it is: `grounded`; `openai:MODEL@URL`, `gemini:MODEL` and what else `clients.endpoints` reads; or
`text:` in front of such a spec for a model that hears nothing and is given labels and evidence instead.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

from audio_reasoner.clients.messages import AudioPart, ChatRequest, Reply
from audio_reasoner.core.chain import Chain
from audio_reasoner.core.errors import ConfigError
from audio_reasoner.core.records import Annotation, Clip, Evidence, Question, Style, Verdict

if TYPE_CHECKING:
    from audio_reasoner.clients.endpoints import Endpoint

AVAILABLE = ("grounded", "openai:MODEL@URL", "openai:MODEL", "gemini:MODEL", "text:SPEC")
"""The forms a spec may have."""
OFFLINE = "grounded"
TEXT = "text:"
INVENTED = ("choice", "open")
"""Families of the questions that a language model makes up: four options to choose from, or none."""
T = TypeVar("T")
Hear = Callable[[Clip], AudioPart]


class Teacher(Protocol):
    """Stages 1 and 2 of the paper's pipeline (Annotator and Thinker) for one clip at a time.

    Attributes:
        name: who it is without address, e.g. "grounded", "openai", "text:gemini".
        model: what answered, with its version; part of every sample's provenance.
        prompt_sha: hash of the prompt templates; empty for a teacher that reads none.
        judges_itself: whether its own True/False on its samples means anything.
    """

    name: str
    model: str
    prompt_sha: str
    judges_itself: bool

    async def annotate(self, clip: Clip, evidence: Evidence) -> Annotation:
        """Caption and questions."""

    async def think(
        self, clip: Clip, evidence: Evidence, annotation: Annotation, question: Question, take: int = 0
    ) -> Chain:
        """The chain that answers one question; `take` counts the candidates when the best of several is kept."""


class Judge(Protocol):
    """Stage 3 (Discriminator): True or False with reasons about one sample."""

    name: str
    model: str

    async def judge(
        self, clip: Clip, evidence: Evidence, annotation: Annotation, question: Question, chain: Chain
    ) -> Verdict:
        """`accepted` or `rejected` with findings; the verdict's `judge` is "name:model"."""

    async def judge_all(
        self, clip: Clip, evidence: Evidence, annotation: Annotation, pairs: Sequence[tuple[Question, Chain]]
    ) -> list[Verdict]:
        """The verdicts on several samples of one clip, in their order: one call for a judge made with `one_call`."""


Hearing = Literal["audio", "silence", "text"]


@dataclass(frozen=True)
class Solved:
    """One blind answer: what was said and which option it means.

    `index` is None where no option is meant and for open questions; `correct` is None for open questions only.
    """

    hearing: Hearing
    trial: int
    text: str
    index: int | None
    correct: bool | None


class Solver(Protocol):
    """Answers a question without knowing the gold answer, hearing the clip, silence, or nothing at all."""

    name: str
    model: str

    async def solve(self, clip: Clip, question: Question, hearing: Hearing, trial: int) -> Solved:
        """One independent answer; `trial` counts from 0."""


class Run(Protocol):
    """How an adapter gets something computed: `compute.Batcher.run`."""

    def __call__(self, fn: Callable[[Any], T], item: Any, stage: int = 0) -> Awaitable[T]:
        """`fn(item)` in a worker; higher stages go first."""


class Calls(Protocol):
    """How a teacher gets something asked: `clients.caller.Caller`."""

    async def call(self, endpoint: Endpoint, request: ChatRequest, *, parent_id: str, priority: int = 0) -> Reply:
        """The reply to one request, from the ledger if it is there; higher priorities go first."""


# --- specs ---


def is_remote(spec: str) -> bool:
    """Whether the spec names a language model behind a network (or a server on this machine)."""
    return spec != OFFLINE


def hears(spec: str) -> bool:
    """Whether the spec's model is given the sound."""
    return is_remote(spec) and not spec.startswith(TEXT)


def endpoint_of(spec: str) -> Endpoint:
    """Where a remote spec's calls go.

    Raises:
        ConfigError: teacher.unknown, or what `clients.endpoints` says about the spec.
    """
    from audio_reasoner.clients.endpoints import parse_endpoint

    inner = spec.removeprefix(TEXT)
    if not inner.startswith(("openai:", "gemini:")):
        raise ConfigError(
            f"There is no teacher {spec!r}.", code="teacher.unknown", hint=f"Available: {', '.join(AVAILABLE)}."
        )
    return parse_endpoint(inner)


def name_of(spec: str) -> str:
    """The spec without model and address: it may stand in a data set."""
    if not is_remote(spec):
        return spec
    return (TEXT if spec.startswith(TEXT) else "") + endpoint_of(spec).provider


def check_spec(spec: str, families: tuple[str, ...] = ()) -> None:
    """Refuse a teacher that does not exist, and question types that it does not ask.

    Raises:
        ConfigError: teacher.unknown, teacher.unknown_family, or the endpoint's own.
    """
    if is_remote(spec):
        endpoint_of(spec)
    if families:
        from audio_reasoner.grounded import FAMILIES

        known = (*FAMILIES, *INVENTED) if is_remote(spec) else tuple(FAMILIES)
        if unknown := sorted(set(families) - set(known)):
            raise ConfigError(
                f"The {name_of(spec)} teacher asks no questions of type {', '.join(unknown)}.",
                code="teacher.unknown_family",
                hint=f"It asks: {', '.join(known)}.",
            )


def model_of(spec: str) -> str:
    """The model name of a teacher, as it goes into the plan.

    Raises:
        ConfigError: as `check_spec`.
    """
    if is_remote(spec):
        return endpoint_of(spec).model
    from audio_reasoner.grounded import GroundedTeacher

    return GroundedTeacher.model


def prompt_sha(spec: str, prompts: Path | None = None) -> str:
    """Hash of all templates in effect; empty for the grounded teacher, which reads none.

    Raises:
        ConfigError: prompts.*: the folder of a user's templates cannot be used.
    """
    if not is_remote(spec):
        return ""
    from audio_reasoner.teachers.templates import templates_of

    return templates_of(prompts).sha


# --- who plays them ---


def make(
    spec: str,
    *,
    style: Style,
    vocabulary: tuple[str, ...],
    seed: int,
    questions_per_clip: int,
    run: Run,
    families: tuple[str, ...] = (),
    caller: Calls | None = None,
    hear: Hear | None = None,
    prompts: Path | None = None,
    give_evidence: bool = False,
    one_call: bool = False,
    retry: bool = False,
) -> Teacher:
    """The teacher that `spec` names.

    Args:
        spec: see the module's text.
        style: "full" or "brief".
        vocabulary: all labels of the run, for wrong options.
        seed: global seed.
        questions_per_clip: how many questions to ask about a clip that can answer that many.
        run: where computing happens.
        families: ask only these question types; empty for all.
        caller: asks language models; needed by a remote spec.
        hear: the sound of a clip as it is sent; needed by a remote spec without `text:`.
        prompts: folder with templates that replace ours.
        give_evidence: write the evidence into the prompts (a `text:` teacher always gets it).
        one_call: one call for all chains of a clip instead of one for each.
        retry: failed units are tried again: unusable replies that the ledger holds do not count as tries.

    Raises:
        ConfigError: as `check_spec` and `prompt_sha`.
    """
    check_spec(spec, families)
    if not is_remote(spec):
        from audio_reasoner.grounded import GroundedTeacher
        from audio_reasoner.teachers.offline import GroundedAdapter

        return GroundedAdapter(
            GroundedTeacher(
                style=style, vocabulary=vocabulary, seed=seed, questions_per_clip=questions_per_clip, families=families
            ),
            run,
        )
    from audio_reasoner.teachers.llm import LLMTeacher

    return LLMTeacher(
        spec,
        caller=caller,
        hear=hear,
        prompts=prompts,
        give_evidence=give_evidence,
        seed=seed,
        style=style,
        vocabulary=vocabulary,
        questions_per_clip=questions_per_clip,
        families=families,
        one_call=one_call,
        retry=retry,
    )


def make_judge(
    spec: str,
    *,
    seed: int = 0,
    caller: Calls | None = None,
    hear: Hear | None = None,
    prompts: Path | None = None,
    give_evidence: bool = False,
    one_call: bool = False,
    retry: bool = False,
) -> Judge:
    """The judge that `spec` names: a language model. Arguments as for `make`.

    Raises:
        ConfigError: judge.offline: the grounded teacher judges nobody; else as `check_spec` and `prompt_sha`.
    """
    _needs_model(spec, "judge")
    from audio_reasoner.teachers.judge import LLMJudge

    return LLMJudge(
        spec,
        caller=caller,
        hear=hear,
        prompts=prompts,
        give_evidence=give_evidence,
        seed=seed,
        one_call=one_call,
        retry=retry,
    )


def make_solver(
    spec: str,
    *,
    seed: int = 0,
    caller: Calls | None = None,
    hear: Hear | None = None,
    prompts: Path | None = None,
    retry: bool = False,
) -> Solver:
    """The solver that `spec` names: a language model. Arguments as for `make`.

    Raises:
        ConfigError: solver.offline: the grounded teacher knows the answers; else as `check_spec` and `prompt_sha`.
    """
    _needs_model(spec, "solver")
    from audio_reasoner.teachers.solver import LLMSolver

    return LLMSolver(spec, caller=caller, hear=hear, prompts=prompts, seed=seed, retry=retry)


def _needs_model(spec: str, role: str) -> None:
    if not is_remote(spec):
        raise ConfigError(
            f"The {spec} teacher cannot be a {role}.",
            code=f"{role}.offline",
            hint="Name a language model, e.g. openai:MODEL@http://host:8000/v1 or gemini:MODEL.",
        )
    check_spec(spec)
