"""The Discriminator's opinion (paper, section 3.2.1, stage 3): true or false with reasons.

Decision: an opinion is a verdict like any other, with the judge's name and model in it; it comes after the
deterministic checks and never overrules them. What a judge rejects without saying why is rejected all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from audio_reasoner.core.chain import Chain
from audio_reasoner.core.errors import TeacherError
from audio_reasoner.core.records import Annotation, Clip, Evidence, Finding, Question, Verdict
from audio_reasoner.teachers import schemas
from audio_reasoner.teachers.asking import Asker, Form, unit_of
from audio_reasoner.teachers.base import Calls, Hear
from audio_reasoner.teachers.data import chain_of, facts_of, numbered, question_of
from audio_reasoner.teachers.parse import Judged, judged_of, judgements_of
from audio_reasoner.teachers.templates import Flags

JUDGE_TOKENS = 2048
_NO_REASON = "The judge says false and gives no reason."


class LLMJudge:
    """A language model as Discriminator. Arguments as for `teachers.make_judge`."""

    def __init__(
        self,
        spec: str,
        *,
        caller: Calls | None,
        hear: Hear | None,
        prompts: Path | None,
        give_evidence: bool,
        seed: int,
        one_call: bool,
        retry: bool = False,
    ) -> None:
        self._asker = Asker(
            spec, caller=caller, hear=hear, prompts=prompts, give_evidence=give_evidence, seed=seed, retry=retry
        )
        self.name = self._asker.name
        self.model = self._asker.model
        self.prompt_sha = self._asker.templates.sha
        self._one_call = one_call

    async def judge(
        self, clip: Clip, evidence: Evidence, annotation: Annotation, question: Question, chain: Chain
    ) -> Verdict:
        """One call.

        Raises:
            TeacherError: as `Asker.ask`.
        """
        k = annotation.questions.index(question) if question in annotation.questions else None
        value = self._facts(clip, evidence, annotation)
        judged, _ = await self._asker.ask(
            "judge",
            self._asker.prompt(
                question.task,
                "judge",
                value | question_of(question, gold=True) | {"chain": chain_of(chain)},
                self._flags(False, bool(question.options)),
            ),
            Form(JUDGE_TOKENS, schema=schemas.JUDGEMENT),
            judged_of,
            unit=unit_of(clip, k),
            sound=self._asker.sound_of(clip),
            priority=3,
        )
        return self._verdict(judged)

    async def judge_all(
        self, clip: Clip, evidence: Evidence, annotation: Annotation, pairs: Sequence[tuple[Question, Chain]]
    ) -> list[Verdict]:
        """One call for all pairs if the judge was made with `one_call`, else one each; what fails there is asked alone.

        Raises:
            TeacherError: as `Asker.ask`.
        """
        found: dict[int, Judged | object] = {}
        if self._one_call and len(pairs) > 1:
            n = len(pairs)
            items = [question_of(q, gold=True) | {"chain": chain_of(c)} for q, c in pairs]
            try:
                judged, _ = await self._asker.ask(
                    "judge",
                    self._asker.prompt(
                        pairs[0][0].task,
                        "judge",
                        self._facts(clip, evidence, annotation) | {"questions": numbered(items)},
                        self._flags(True, any(q.options for q, _ in pairs)),
                    ),
                    Form(JUDGE_TOKENS * n, schema=schemas.judgements(n)),
                    lambda reply: judgements_of(reply, n),
                    unit=clip.clip_id,
                    sound=self._asker.sound_of(clip),
                    priority=3,
                )
                found.update(judged)
            except TeacherError as error:
                if error.code not in ("teacher.unparsable", "teacher.length"):
                    raise
        verdicts = []
        for i, (question, chain) in enumerate(pairs):
            judgement = found.get(i)
            if isinstance(judgement, Judged):
                verdicts.append(self._verdict(judgement))
            else:
                verdicts.append(await self.judge(clip, evidence, annotation, question, chain))
        return verdicts

    def _verdict(self, judged: Judged) -> Verdict:
        reasons = () if judged.verdict else judged.reasons or (_NO_REASON,)
        return Verdict(
            judge=f"{self.name}:{self.model}",
            decision="accepted" if judged.verdict else "rejected",
            findings=tuple(Finding(code="judge.false", detail=reason) for reason in reasons),
        )

    def _flags(self, many: bool, choice: bool) -> Flags:
        return Flags(hears=self._asker.hears, evidence=self._asker.evidence, many=many, choice=choice)

    def _facts(self, clip: Clip, evidence: Evidence, annotation: Annotation) -> dict[str, object]:
        return facts_of(clip, evidence if self._asker.evidence else None) | {"description": annotation.caption}
