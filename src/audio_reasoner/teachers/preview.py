"""What would be sent about one clip: the real teacher with a caller that looks and sends nothing."""

from __future__ import annotations

import asyncio
import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from audio_reasoner.clients.messages import AudioPart, ChatRequest, Reply
from audio_reasoner.core.chain import Chain
from audio_reasoner.core.errors import InputError
from audio_reasoner.core.records import Annotation, Clip, Evidence, Question, Task
from audio_reasoner.teachers import base
from audio_reasoner.teachers.templates import STAGES, TASKS, Stage

if TYPE_CHECKING:
    from audio_reasoner.clients.endpoints import Endpoint


@dataclass(frozen=True)
class Preview:
    """A prompt as it would be sent, and a line about what goes with it."""

    text: str
    note: str


class _Seen(Exception):
    def __init__(self, request: ChatRequest) -> None:
        super().__init__("a request was to be sent")
        self.request = request


class _Looking:
    """A caller that hands the first request to whoever looks."""

    async def call(
        self,
        endpoint: Endpoint,  # noqa: ARG002
        request: ChatRequest,
        *,
        parent_id: str,  # noqa: ARG002
        priority: int = 0,  # noqa: ARG002
    ) -> Reply:
        """Nothing is sent."""
        raise _Seen(request)


@dataclass(frozen=True)
class _Known:
    """What a run holds about a clip."""

    clip: Clip
    evidence: Evidence
    annotation: Annotation | None
    chains: tuple[Chain | None, ...]


def check_names(task: str, stage: str) -> tuple[Task, Stage]:
    """The names, if there is such a task and stage.

    Raises:
        InputError: prompts.unknown_name, with the nearest ones.
    """
    for word, known, what in ((task, TASKS, "task"), (stage, STAGES, "stage")):
        if word not in known:
            near = difflib.get_close_matches(word, known, 2, 0.4)
            raise InputError(
                f"There is no {what} {word!r}.",
                code="prompts.unknown_name",
                hint=f"Did you mean {' or '.join(near)}?" if near else f"Known: {', '.join(known)}.",
            )
    return cast(Task, task), cast(Stage, stage)


def preview(
    run: Path,
    stage: str,
    clip_id: str | None,
    spec: str,
    *,
    prompts: Path | None = None,
    give_evidence: bool = False,
    one_call: bool = False,
    brief: bool = False,
) -> Preview:
    """The request that a stage would send about a clip of a run.

    Raises:
        InputError: prompts.unknown_name, clips.unknown, prompts.no_question, prompts.no_chain.
        ConfigError: the spec, the run or the templates cannot be used.
    """
    _, known_stage = check_names(TASKS[0], stage)
    known = _known(run, clip_id)
    looking = _Looking()

    def hear(clip: Clip) -> AudioPart:
        async def never() -> bytes:
            return b""

        return AudioPart(clip.content_key, clip.duration_s, never)

    async def send() -> None:
        clip, evidence = known.clip, known.evidence
        if known_stage == "annotate":
            await teacher().annotate(clip, evidence)
            return
        annotation = known.annotation or _given(clip)
        question = annotation.questions[0]
        if known_stage == "think":
            await teacher().think(clip, evidence, annotation, question)
        elif known_stage == "judge":
            pairs = _pairs(annotation, known.chains)
            judge = base.make_judge(
                spec, caller=looking, hear=hear, prompts=prompts, give_evidence=give_evidence, one_call=one_call
            )
            await judge.judge_all(clip, evidence, annotation, pairs)
        else:
            solver = base.make_solver(spec, caller=looking, hear=hear, prompts=prompts)
            await solver.solve(clip, question, "audio" if base.hears(spec) else "text", 0)

    def teacher() -> base.Teacher:
        from audio_reasoner.teachers.llm import LLMTeacher

        return LLMTeacher(
            spec, caller=looking, hear=hear, prompts=prompts, give_evidence=give_evidence, seed=0,
            style="brief" if brief else "full", vocabulary=(), questions_per_clip=3, families=(), one_call=one_call,
        )  # fmt: skip

    try:
        asyncio.run(send())
    except _Seen as seen:
        return _shown(seen.request, known.clip)
    raise AssertionError("nothing was sent")  # every branch above asks


def _shown(request: ChatRequest, clip: Clip) -> Preview:
    sound = f"{request.audio_seconds:.1f} s of sound in front" if request.audio_seconds else "no sound"
    form = "a JSON schema" if request.schema else "a grammar of the tags" if request.grammar else "free text"
    note = (
        f"{request.kind} about {clip.clip_id}: {sound}, {len(request.messages[0].text)} characters, "
        f"reply as {form}, at most {request.sampling.max_tokens} tokens, prompt {request.prompt_sha[:12]}."
    )
    return Preview(request.messages[0].text, note)


def _given(clip: Clip) -> Annotation:
    from audio_reasoner.grounded import given_questions

    questions = given_questions(clip, seed=0, questions_per_clip=3, vocabulary=())
    if not questions:
        raise InputError(
            f"Clip {clip.clip_id} has no questions yet: its labels give none and nothing was built.",
            code="prompts.no_question",
            hint="Look at `annotate`, or build the run first (`--limit 1` is enough).",
        )
    return Annotation(caption="(the caption that the annotator writes)", questions=questions)


def _pairs(annotation: Annotation, chains: tuple[Chain | None, ...]) -> list[tuple[Question, Chain]]:
    pairs = [(q, c) for q, c in zip(annotation.questions, chains, strict=False) if c is not None]
    if not pairs:
        raise InputError(
            "The clip has no chain of thought that could be judged.",
            code="prompts.no_chain",
            hint="Build the run first (`--limit 1` is enough).",
        )
    return pairs


def _known(run: Path, clip_id: str | None) -> _Known:
    from audio_reasoner.clients.ledger import LedgerReader
    from audio_reasoner.core.run import RunDir
    from audio_reasoner.dataset import read_clips

    opened = RunDir.open(run)
    clip = next((c for c in read_clips(opened.path) if clip_id is None or c.clip_id.startswith(clip_id)), None)
    if clip is None:
        raise InputError(
            f"{run} has no clip {clip_id or ''}.".replace(" .", "."),
            code="clips.unknown",
            hint="Ids stand in `audio-reasoner show` and in the report.",
        )
    nothing = Evidence(content_key=clip.content_key, version="", items=())
    if not opened.ledger_path.is_file():
        return _Known(clip, nothing, None, ())
    from audio_reasoner import evidence

    with LedgerReader.open(opened.ledger_path) as ledger:
        text = ledger.evidence(clip.content_key, evidence.VERSION)
        measured = Evidence.model_validate_json(text) if text else nothing
        plan = ledger.meta("current_plan")
        stored = ledger.derived(plan, clip.clip_id) if isinstance(plan, str) else {}
    if (annotated := stored.get((clip.clip_id, "annotate"))) is None:
        return _Known(clip, measured, None, ())
    annotation = Annotation.model_validate_json(annotated)
    chains = [stored.get((f"{clip.clip_id}/{k}", "think")) for k in range(len(annotation.questions))]
    return _Known(
        clip, measured, annotation, tuple(Chain.model_validate_json(c) if c else None for c in chains)
    )  # fmt: skip
