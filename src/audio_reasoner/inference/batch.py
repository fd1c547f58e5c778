"""Many questions from a file, answered into a file, by a model here or behind a URL.

Decision: a model here answers `batch_size` questions side by side, always the same ones together, whatever is answered
already, so that an interrupted run gives the words of an uninterrupted one; a server is asked as many as it takes. A
question that fails does not take the others with it: its row says why, and going on asks it again. What no question can
survive (no memory, a wrong address, a full disk) ends the run with everything answered kept.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from audio_reasoner.core import ids
from audio_reasoner.core.errors import AudioReasonerError, EnvironmentProblem, InputError
from audio_reasoner.inference.answer import Answer, Budgets
from audio_reasoner.inference.batch_file import AnswersFile
from audio_reasoner.inference.batch_rows import Question, Questions, answer_row, bad_row, error_row
from audio_reasoner.inference.generate import Sampling
from audio_reasoner.inference.hearing import Over30
from audio_reasoner.inference.parts import in_parts
from audio_reasoner.inference.remote import RemoteReasoner
from audio_reasoner.inference.votes import Vote, vote, vote_batch
from audio_reasoner.models import adapter, qwen2_audio
from audio_reasoner.models.bundled import FACTS_NAME

if TYPE_CHECKING:
    from audio_reasoner.inference.reasoner import Reasoner

Result: TypeAlias = "Answer | Vote | AudioReasonerError"
VOTERS = 8
"""Questions whose votes are asked of a server at the same time."""


@dataclass(frozen=True)
class Settings:
    """How questions are asked; all of it decides answers.

    Attributes:
        samples: chains per question that are voted on; 0 takes one answer.
        constrain: decoding that cannot leave the format.
    """

    max_new_tokens: int = 2048
    over_30s: Over30 = "refuse"
    samples: int = 0
    sampling: Sampling | None = None
    constrain: bool = False
    budgets: Budgets | None = None

    def config(self, identity: Mapping[str, Any], system_sha: str | None) -> dict[str, Any]:
        """All that decides answers besides the questions, as JSON."""
        drawn = self.sampling
        return {
            **identity,
            "system_sha256": system_sha,
            "max_new_tokens": self.max_new_tokens,
            "over_30s": self.over_30s,
            "samples": self.samples,
            "sampling": None if drawn is None else [drawn.temperature, drawn.top_p, drawn.seed],
            "constrain": self.constrain,
            "budgets": None if self.budgets is None else dict(self.budgets.given()),
        }

    def asking(self) -> dict[str, Any]:
        """Keyword arguments for a reasoner."""
        more: dict[str, Any] = {"over_30s": self.over_30s}
        if self.constrain:
            more["constrain"] = True
        if self.budgets is not None:
            more["budgets"] = self.budgets
        return more


@dataclass(frozen=True)
class Progress:
    """How far a batch is. `done` counts rows of earlier runs; `rate` is questions per second of this one."""

    done: int
    failed: int
    total: int
    rate: float
    tokens: int


@dataclass
class BatchResult:
    """What a batch came to. `failed` are rows whose answer is an error, in the order in which they were told."""

    answered: int = 0
    resumed: int = 0
    failed: list[str] = field(default_factory=list)
    tokens: int = 0
    seconds: float = 0.0


def run_batch(
    reasoner: Reasoner | RemoteReasoner | None,
    questions: Questions,
    file: AnswersFile,
    settings: Settings,
    *,
    batch_size: int = 8,
    on_progress: Callable[[Progress], None] = lambda _now: None,
) -> BatchResult:
    """Answer all questions that have no answer yet. Bad rows are written with the reason they cannot be asked.

    Args:
        reasoner: who answers; None if every question has its answer already.
        questions: as `read_questions` gives them.
        file: the opened file of answers.
        settings: how they are asked.
        batch_size: questions that a model here answers side by side.
        on_progress: told after every answer.

    Raises:
        AudioReasonerError: no further question can be answered; what was answered is in the file.
        KeyboardInterrupt: likewise.
    """
    file.check(questions.good)
    result = BatchResult(resumed=len(file.rows))
    began = time.perf_counter()
    total = len(questions.good) + len(questions.bad)

    def tell() -> None:
        result.seconds = time.perf_counter() - began
        done = result.resumed + result.answered + len(result.failed)
        rate = (result.answered + len(result.failed)) / max(1e-6, result.seconds)
        on_progress(Progress(done, len(result.failed), total, rate, result.tokens))

    for row in questions.bad:
        result.failed.append(f"line {row.line}: [{row.code}] {row.detail}")
    file.write(bad_row(row) for row in questions.bad)
    tell()
    answers = _from_server if isinstance(reasoner, RemoteReasoner) else _from_here
    try:
        with contextlib.closing(answers(reasoner, questions.good, file.rows, settings, batch_size)) as told:
            for many in told:
                file.write(_row(question, said) for question, said in many)
                for question, said in many:
                    if isinstance(said, AudioReasonerError):
                        result.failed.append(f"line {question.line}: [{said.code}] {said.message}")
                    else:
                        result.answered += 1
                        result.tokens += said.tokens
                    tell()
    finally:
        result.seconds = time.perf_counter() - began
        file.sync()
    file.put_in_order({question.id: question.line for question in questions.good})
    return result


def _row(question: Question, said: Result) -> dict[str, Any]:
    if isinstance(said, AudioReasonerError):
        return error_row(question, said)
    if isinstance(said, Answer):
        return answer_row(question, said, {})
    return answer_row(question, standing(said), {"vote": said.report()})


def standing(said: Answer | Vote) -> Answer:
    """The answer that stands for a vote; where no option won, the first of the chains, which then means none."""
    if isinstance(said, Answer):
        return said
    return said.answers[0] if said.answer is None else said.answer


def _from_here(
    reasoner: Any, questions: Sequence[Question], known: Mapping[str, Any], settings: Settings, batch_size: int
) -> Generator[list[tuple[Question, Result]], None, None]:
    for start in range(0, len(questions), batch_size):
        part = questions[start : start + batch_size]
        # The whole part again, even if some of it is there: beside others, a row's last digits may be others.
        if all(question.id in known for question in part):
            continue
        for some, answers in in_parts(part, partial(_ask, reasoner, settings), _too_large):
            told = zip(some, answers, strict=True)
            yield [(question, said) for question, said in told if question.id not in known]


def _ask(reasoner: Any, settings: Settings, part: Sequence[Question]) -> Sequence[Result]:
    requests = [question.request for question in part]
    histories = [question.history or None for question in part]
    most, drawn = settings.max_new_tokens, settings.sampling
    if settings.samples:
        return vote_batch(reasoner, requests, settings.samples, drawn, most, histories=histories, **settings.asking())
    samplings = None if drawn is None else [_own(drawn, question) for question in part]
    answers: list[Result] = reasoner.ask_batch(
        requests, most, sampling=samplings, histories=histories, **settings.asking()
    )
    return answers


def _too_large(question: Question) -> EnvironmentProblem:
    return EnvironmentProblem(
        f"the question of line {question.line} does not fit into memory.",
        code="environment.memory",
        hint="Use a smaller model or another device. What is answered is kept.",
    )


def _from_server(
    reasoner: Any, questions: Sequence[Question], known: Mapping[str, Any], settings: Settings, _batch_size: int
) -> Generator[list[tuple[Question, Result]], None, None]:
    todo = [question for question in questions if question.id not in known]
    if settings.samples:
        yield from _votes_from_server(reasoner, todo, settings)
        return
    drawn = settings.sampling
    coming = reasoner.ask_each(
        [question.request for question in todo],
        settings.max_new_tokens,
        sampling=None if drawn is None else [_own(drawn, question) for question in todo],
        histories=[question.history or None for question in todo],
        **settings.asking(),
    )
    with contextlib.closing(coming):
        for place, said in coming:
            yield [(todo[place], said)]


def _votes_from_server(
    reasoner: Any, todo: Sequence[Question], settings: Settings
) -> Generator[list[tuple[Question, Result]], None, None]:
    from concurrent.futures import ThreadPoolExecutor, as_completed

    from audio_reasoner.inference.remote_calls import is_fatal

    def one(question: Question) -> Result:
        audio, text, options = question.request
        try:
            return vote(
                reasoner,
                audio,
                text,
                options,
                settings.samples,
                settings.sampling,
                settings.max_new_tokens,
                history=question.history or None,
                **settings.asking(),
            )
        except AudioReasonerError as error:
            if is_fatal(error):
                raise
            return error

    pool = ThreadPoolExecutor(VOTERS)
    try:
        # In small portions: what waits in a pool cannot be taken back quickly.
        for start in range(0, len(todo), 4 * VOTERS):
            out = {pool.submit(one, question): question for question in todo[start : start + 4 * VOTERS]}
            for future in as_completed(out):
                yield [(out[future], future.result())]
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        reasoner.close()
        raise
    pool.shutdown()


def _own(sampling: Sampling, question: Question) -> Sampling:
    """Random numbers that belong to the question, wherever it stands."""
    return Sampling(sampling.temperature, sampling.top_p, ids.derive_seed(sampling.seed, "row", question.id))


_TOLD = ("metrics.json", FACTS_NAME)
"""What is told about a model: new figures change no answer."""


def fingerprint(model: Path) -> dict[str, str]:
    """SHA-256 of each file of a model directory that can change an answer, by relative path; of an adapter those of its
    base, too, as ``base/…``.

    Raises:
        InputError: `model.missing`: there is no such directory, or it is empty; as `base_of_adapter`.
    """
    files = sorted(
        p
        for p in model.rglob("*")
        if p.is_file()
        and p.suffix in (".json", ".safetensors", ".bin", ".txt", ".model", ".jinja")
        and p.name not in _TOLD
    )
    if not files:
        raise InputError(
            f"{model} is no model directory.", code="model.missing", hint="A model is never replaced by another one."
        )
    found = {p.relative_to(model).as_posix(): ids.file_sha256(p) for p in files}
    if adapter.is_adapter(model):
        found |= {f"base/{name}": sha for name, sha in fingerprint(qwen2_audio.base_of_adapter(model)).items()}
    return found
