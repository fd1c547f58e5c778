"""The Solver: answers questions without the gold answer, with the sound, with silence, or from the text alone.

Decision: it is shown question and options and nothing else: no label, no caption, no evidence. With sound and with
silence the prompt is the same to the letter, so that the difference of the two is what the sound is worth. A refusal
is a wrong answer and not a failure.
"""

from __future__ import annotations

import struct
from pathlib import Path

from audio_reasoner.clients.messages import AudioPart
from audio_reasoner.core import ids
from audio_reasoner.core.choices import match_option
from audio_reasoner.core.errors import ConfigError
from audio_reasoner.core.records import Clip, Question
from audio_reasoner.teachers.asking import Asker, Form
from audio_reasoner.teachers.base import Calls, Hear, Hearing, Solved
from audio_reasoner.teachers.data import question_of
from audio_reasoner.teachers.parse import answer_of
from audio_reasoner.teachers.templates import Flags

SOLVE_TOKENS = 2048
RATE = 16_000


class LLMSolver:
    """A language model as Solver. Arguments as for `teachers.make_solver`."""

    def __init__(
        self,
        spec: str,
        *,
        caller: Calls | None,
        hear: Hear | None,
        prompts: Path | None,
        seed: int,
        retry: bool = False,
    ) -> None:
        self._asker = Asker(
            spec, caller=caller, hear=hear, prompts=prompts, give_evidence=False, seed=seed, retry=retry
        )
        self.name = self._asker.name
        self.model = self._asker.model
        self.prompt_sha = self._asker.templates.sha

    async def solve(self, clip: Clip, question: Question, hearing: Hearing, trial: int) -> Solved:
        """One independent answer.

        Raises:
            ConfigError: solver.deaf: a `text:` solver was asked to listen.
            TeacherError: as `Asker.ask`.
        """
        if hearing == "text":
            sound: tuple[AudioPart, ...] = ()
        elif not self._asker.hears:
            raise ConfigError(
                f"The solver {self.name}:{self.model} hears nothing, so it cannot answer with {hearing}.",
                code="solver.deaf",
                hint="Leave out `text:` in its spec.",
            )
        else:
            sound = self._asker.sound_of(clip)
            if hearing == "silence":
                sound = tuple(silence(part.seconds) for part in sound)
        answer, _ = await self._asker.ask(
            "solve",
            self._asker.prompt(
                question.task,
                "solve",
                question_of(question, gold=False),
                Flags(choice=bool(question.options), hearing="text" if hearing == "text" else "audio"),
            ),
            Form(SOLVE_TOKENS),
            answer_of,
            unit=clip.clip_id,
            sound=sound,
            take=trial,
            priority=4,
        )
        index = match_option(answer, question.options).index if question.options else None
        correct = index == question.gold_index if question.options else None
        return Solved(hearing=hearing, trial=trial, text=answer, index=index, correct=correct)


def silence(seconds: float) -> AudioPart:
    """Digital silence as long as a clip, as 16 kHz mono 16-bit WAV."""
    samples = max(1, round(seconds * RATE))

    async def wav() -> bytes:
        header = struct.pack(
            "<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + 2 * samples, b"WAVE", b"fmt ", 16, 1, 1, RATE, 2 * RATE, 2, 16,
            b"data", 2 * samples,
        )  # fmt: skip
        return header + bytes(2 * samples)

    return AudioPart(ids.digest({"silence": samples, "rate": RATE}).hex(), samples / RATE, wav)
