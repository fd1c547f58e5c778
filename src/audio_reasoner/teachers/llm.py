"""Annotator and Thinker played by a language model (paper, section 3.2.1, stages 1 and 2).

Decision: where question and answer come with the data, the model is asked for the caption only and invents nothing.
The options of invented questions are put into a random order here, because models like to place the right one first or
second. With `one_call` the chains of a clip come from one call: whoever asks for one waits for the same call, and a
chain that is not usable there is asked for alone.
"""

from __future__ import annotations

import asyncio
import random
from collections import OrderedDict
from pathlib import Path

from audio_reasoner.clients.replies import Unusable
from audio_reasoner.core import ids
from audio_reasoner.core.chain import SECTIONS, Chain
from audio_reasoner.core.errors import TeacherError
from audio_reasoner.core.records import Annotation, Clip, Evidence, Question, Style, Task
from audio_reasoner.teachers import schemas
from audio_reasoner.teachers.asking import Asker, Form, unit_of
from audio_reasoner.teachers.base import INVENTED, Calls, Hear
from audio_reasoner.teachers.data import facts_of, numbered, question_of
from audio_reasoner.teachers.parse import Invented, annotation_of, caption_of, chain_of, chains_of
from audio_reasoner.teachers.templates import Flags, levels

ANNOTATE_TOKENS = 4096
THINK_TOKENS = 4096
_REMEMBERED = 4096
"""Clips whose common call is remembered; more than any window of the engine holds."""


class LLMTeacher:
    """A language model as Annotator and Thinker. Arguments as for `teachers.make`."""

    judges_itself = True

    def __init__(
        self,
        spec: str,
        *,
        caller: Calls | None,
        hear: Hear | None,
        prompts: Path | None,
        give_evidence: bool,
        seed: int,
        style: Style,
        vocabulary: tuple[str, ...],
        questions_per_clip: int,
        families: tuple[str, ...],
        one_call: bool,
        retry: bool = False,
    ) -> None:
        self._asker = Asker(
            spec, caller=caller, hear=hear, prompts=prompts, give_evidence=give_evidence, seed=seed, retry=retry
        )
        self.name = self._asker.name
        self.model = self._asker.model
        self.prompt_sha = self._asker.templates.sha
        self._seed = seed
        self._brief = style == "brief"
        self._vocabulary = vocabulary
        self._n = questions_per_clip
        self._families = families
        self._one_call = one_call
        self._common: OrderedDict[tuple[str, bytes, int], asyncio.Future[dict[int, Chain | Unusable]]] = OrderedDict()

    # --- Annotator ---

    async def annotate(self, clip: Clip, evidence: Evidence) -> Annotation:
        """Caption and questions: one call.

        Raises:
            TeacherError: teacher.no_questions: only question types were chosen that this clip cannot answer; else as
                `Asker.ask`.
        """
        from audio_reasoner.grounded import task_of

        task = task_of(clip)
        given = self._given(clip)
        kinds = tuple(x for x in INVENTED if not self._families or x in self._families)
        if not given and not kinds:
            raise TeacherError(
                f"Clip {clip.clip_id} can answer no question of type {', '.join(self._families)}.",
                code="teacher.no_questions",
            )
        if given:
            return Annotation(caption=await self._caption(clip, evidence, task), questions=given)
        flags = self._flags(n=self._n, kinds="both" if len(kinds) == 2 else kinds[0])
        (caption, invented), _ = await self._asker.ask(
            "annotate",
            self._asker.prompt(task, "annotate", self._facts(clip, evidence), flags),
            Form(ANNOTATE_TOKENS, schema=schemas.annotation(self._n)),
            lambda reply: annotation_of(reply, self._n, kinds),
            lambda found: (found[0], *(q.text for q in found[1])),
            unit=clip.clip_id,
            sound=self._asker.sound_of(clip),
            priority=1,
        )
        return Annotation(
            caption=caption,
            questions=tuple(
                self._question(clip, task, k, q, level)
                for k, (q, level) in enumerate(zip(invented, levels(self._n), strict=True))
            ),
        )

    async def _caption(self, clip: Clip, evidence: Evidence, task: Task) -> str:
        caption, _ = await self._asker.ask(
            "annotate",
            self._asker.prompt(task, "annotate", self._facts(clip, evidence), self._flags(given=True)),
            Form(ANNOTATE_TOKENS, schema=schemas.CAPTION),
            caption_of,
            lambda text: (text,),
            unit=clip.clip_id,
            sound=self._asker.sound_of(clip),
            priority=1,
        )
        return caption

    def _given(self, clip: Clip) -> tuple[Question, ...]:
        from audio_reasoner.grounded import given_questions

        families = tuple(f for f in self._families if f not in INVENTED)
        if self._families and not families:
            return ()
        return given_questions(
            clip,
            seed=self._seed,
            questions_per_clip=self._n,
            vocabulary=self._vocabulary,
            families=families,
        )

    def _question(self, clip: Clip, task: Task, k: int, q: Invented, level: int) -> Question:
        options = list(q.options)
        random.Random(ids.derive_seed(self._seed, clip.clip_id, "options", k)).shuffle(options)
        return Question(
            task=task,
            family="choice" if options else "open",
            text=q.text,
            options=tuple(options),
            gold_text=q.answer,
            gold_index=options.index(q.answer) if options else None,
            difficulty=level,
        )

    # --- Thinker ---

    async def think(
        self, clip: Clip, evidence: Evidence, annotation: Annotation, question: Question, take: int = 0
    ) -> Chain:
        """The chain of one question: a call of its own, or its part of the clip's common one.

        Raises:
            TeacherError: as `Asker.ask`.
        """
        k = annotation.questions.index(question) if question in annotation.questions else None
        if self._one_call and k is not None and len(annotation.questions) > 1:
            common = (await self._together(clip, evidence, annotation, take)).get(k)
            if isinstance(common, Chain):
                return common
        chain, _ = await self._asker.ask(
            "think",
            self._asker.prompt(
                question.task,
                "think",
                self._facts(clip, evidence) | {"description": annotation.caption} | question_of(question, gold=True),
                self._flags(choice=bool(question.options)),
            ),
            Form(THINK_TOKENS, grammar=schemas.CHAIN_GRAMMAR),
            chain_of,
            lambda found: (getattr(found, name) for name in SECTIONS),
            unit=unit_of(clip, k),
            sound=self._asker.sound_of(clip),
            take=take,
            priority=2,
        )
        return chain

    async def _together(
        self, clip: Clip, evidence: Evidence, annotation: Annotation, take: int
    ) -> dict[int, Chain | Unusable]:
        """The clip's common call, begun by whoever comes first; the others wait for it."""
        key = (clip.clip_id, ids.digest(annotation.model_dump(mode="json")), take)
        if key not in self._common:
            self._common[key] = asyncio.ensure_future(self._think_all(clip, evidence, annotation, take))
            while len(self._common) > _REMEMBERED:
                self._common.popitem(last=False)
        future = self._common[key]
        try:
            return await asyncio.shield(future)  # one of the waiting may be cancelled; the call is everybody's
        except TeacherError:
            self._common.pop(key, None)  # a failure is not remembered: `--retry-failed` asks again
            raise

    async def _think_all(
        self, clip: Clip, evidence: Evidence, annotation: Annotation, take: int
    ) -> dict[int, Chain | Unusable]:
        questions = annotation.questions
        n = len(questions)
        asked = numbered([question_of(q, gold=True) for q in questions])
        try:
            chains, _ = await self._asker.ask(
                "think",
                self._asker.prompt(
                    questions[0].task,
                    "think",
                    self._facts(clip, evidence) | {"description": annotation.caption, "questions": asked},
                    self._flags(many=True, choice=any(q.options for q in questions)),
                ),
                Form(THINK_TOKENS * n, schema=schemas.chains(n)),
                lambda reply: chains_of(reply, n),
                lambda found: (getattr(c, s) for c in found.values() if isinstance(c, Chain) for s in SECTIONS),
                unit=clip.clip_id,
                sound=self._asker.sound_of(clip),
                take=take,
                priority=2,
            )
        except TeacherError as error:
            if error.code in ("teacher.unparsable", "teacher.length", "teacher.echo"):
                return {}  # a smaller task may succeed: one by one
            raise
        return chains

    # --- both ---

    def _flags(
        self, *, given: bool = False, n: int = 3, kinds: str = "both", many: bool = False, choice: bool = True
    ) -> Flags:
        return Flags(
            hears=self._asker.hears,
            evidence=self._asker.evidence,
            brief=self._brief,
            given=given,
            n=n,
            kinds=kinds,
            many=many,
            choice=choice,
        )

    def _facts(self, clip: Clip, evidence: Evidence) -> dict[str, object]:
        return facts_of(clip, evidence if self._asker.evidence else None)
