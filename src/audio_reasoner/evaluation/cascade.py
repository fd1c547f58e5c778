"""Two stages instead of one model: something that hears writes a text, something that reads answers from it.

Decision: this is the paper's "Whisper + GPT-4" and "caption + GPT-4o" made repeatable. The first stage never sees the
question, so a recording is described once however many questions are about it, and the second never gets sound, so what
it knows is in the row. Both stages' wordings are ours, with their hash in the run's identity.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from audio_reasoner.clients.endpoints import Endpoint
from audio_reasoner.core import ids
from audio_reasoner.evaluation.backends import GREEDY, Asked, Decoding, Felt, Meter, Said, Take, Trio
from audio_reasoner.evaluation.hearing import Sound
from audio_reasoner.evaluation.remote import Lines, Remote, audio_part, chat, said_by

if TYPE_CHECKING:
    from audio_reasoner.clients.caller import Caller

First = Literal["transcript", "caption", "both", "whisper", "evidence"]
FIRST_TOKENS = 1024
"""Longest text of the first stage."""
WORDS: Mapping[str, str] = {
    "transcript": "Write down word for word what is said in this recording, in its own language. If nothing is said, "
    "write [no speech]. Write nothing else.",
    "caption": "Describe this recording for somebody who cannot hear it: every sound in its order, who speaks and how, "
    "the music with its instruments, tempo and mood, the place. Say only what can be heard.",
    "both": "First write down word for word what is said in this recording, in its own language ([no speech] if "
    "nothing is said). Then, in a new paragraph, describe everything else that can be heard, in its order.",
}
"""What the first stage is asked; `whisper` and `evidence` are asked nothing."""
NAMED: Mapping[str, str] = {
    "transcript": "This is a transcript of the recording that the question is about, made by another system:",
    "whisper": "This is a transcript of the recording that the question is about, made by another system:",
    "caption": "This is a description of the recording that the question is about, made by another system:",
    "both": "This is a transcript and description of the recording that the question is about, made by another system:",
    "evidence": "These are measurements of the recording that the question is about:",
}
NOTHING = "Nothing is known of the recording that the question is about."
REST = "You cannot hear it yourself. Answer from this text; where it says too little, give the likeliest answer."


class Cascade:
    """A hearing stage and a reading stage.

    Args:
        first: what the first stage makes.
        hearing: who makes it; None for `evidence`, which is measured here.
        reading: who answers.
        lines: the calls of the run.
        system: system message of the reading stage.
    """

    window_s: float | None = None
    hears = True
    by_length = False

    def __init__(
        self, first: First, hearing: Endpoint | None, reading: Endpoint, lines: Lines, system: str | None = None
    ) -> None:
        if (hearing is None) != (first == "evidence"):
            raise ValueError(f"{first} and {hearing} do not belong together")
        self.first = first
        self.hearing = hearing
        self.reading = reading
        self.lines = lines
        self.system = system
        stage = first if hearing is None else f"{first}:{hearing.model if first == 'whisper' else hearing.spec}"
        if first == "whisper" and hearing is not None and hearing.base_url:
            stage += f"@{hearing.base_url}"
        self.name = f"cascade:{stage}+{reading.spec}"
        words = ids.digest({"ask": WORDS.get(first, ""), "named": NAMED[first], "nothing": NOTHING, "rest": REST}).hex()
        who = "evidence" if hearing is None else f"{hearing.provider}:{hearing.model}"
        self.identity: Mapping[str, Any] = {
            "kind": "cascade",
            "first": first,
            "hearing": f"{who}/{_evidence_version()}" if hearing is None else who,
            "endpoint": f"{reading.provider}:{reading.model}",
            "stage_words": words,
        }

    def meter(self) -> Meter:
        """Figures of this moment."""
        return self.lines.meter()

    def answer(self, questions: Iterable[Asked], decoding: Decoding, max_new_tokens: int, take: Take) -> None:
        """As `Backend.answer`."""

        async def one(caller: Caller, asked: Asked) -> Said:
            return await self._say(caller, asked, decoding, max_new_tokens)

        self.lines.run(questions, one, take)

    async def _say(self, caller: Caller, asked: Asked, decoding: Decoding, max_new_tokens: int) -> Said:
        began = time.perf_counter()
        heard = [await self._hear(caller, asked, sound) for sound in asked.audio]
        # A reply may hold half a character, which cannot be sent on.
        text = "\n\n".join(said.text for said in heard).encode("utf-8", "replace").decode("utf-8")
        known = f"{NAMED[self.first]}\n\n{text}\n\n{REST}" if heard else f"{NOTHING} {REST}"
        prompt = f"{known}\n\n{asked.prompt}"
        request = chat(
            "answer",
            prompt,
            system=self.system,
            audio=(),
            decoding=decoding,
            max_tokens=max_new_tokens,
            seed=asked.seed,
            n=asked.sample,
        )
        said = await said_by(caller, self.lines, self.reading, request, asked.id)
        calls = [call for s in (*heard, said) for call in s.extra.get("calls", ())]
        stages = [
            {"kind": self.first, "model": self._who(), "text": s.text, "stopped": s.stopped, "tokens": s.tokens}
            for s in heard
        ]
        cost = round(sum(float(s.extra.get("cost_usd") or 0.0) for s in (*heard, said)), 6)
        audio_tokens = [s.audio_tokens for s in heard if s.audio_tokens is not None]
        return replace(
            said,
            prompt=prompt,
            audio_tokens=sum(audio_tokens) if audio_tokens else None,
            seconds=round(time.perf_counter() - began, 4),
            extra={**said.extra, "calls": calls, "cost_usd": cost, "stages": stages},
        )

    def _who(self) -> str:
        return "measured" if self.hearing is None else self.hearing.spec

    async def _hear(self, caller: Caller, asked: Asked, sound: Sound) -> Said:
        """The first stage's text about one sound; equal sounds are one call, of whatever question."""
        if self.hearing is None:
            return Said(await asyncio.to_thread(describe, sound), None)
        kind = "transcribe" if self.first == "whisper" else "hear"
        request = chat(
            kind,
            WORDS.get(self.first, ""),
            system=None,
            audio=(audio_part(sound),),
            decoding=GREEDY,
            max_tokens=FIRST_TOKENS,
        )
        return await said_by(caller, self.lines, self.hearing, request, asked.id)

    def feel(self, trios: Sequence[Trio], max_new_tokens: int) -> Felt:
        """Whether the first stage hears: by its input tokens (a transcriber or measurements: by its texts)."""
        if self.hearing is not None and self.first != "whisper":
            words = WORDS[self.first]
            own = Remote(self.hearing, self.lines)
            asked = [Trio(*(replace(q, prompt=words) for _, q in trio.named())) for trio in trios]
            return own.feel(asked, min(max_new_tokens, FIRST_TOKENS))
        told: dict[tuple[str, str], str] = {}
        named = [(name, q) for trio in trios for name, q in trio.named() if name != "none"]
        where = {id(q): (q.id, name) for name, q in named}

        async def one(caller: Caller, asked: Asked) -> Said:
            texts = [(await self._hear(caller, asked, sound)).text for sound in asked.audio]
            return Said("\n\n".join(texts), None)

        def take(asked: Asked, said: Any) -> None:
            told[where[id(asked)]] = said.text if isinstance(said, Said) else f"[{said.code}]"

        self.lines.run([q for _, q in named], one, take)
        items = []
        for trio in trios:
            texts = {name: told.get((trio.own.id, name), "") for name in ("own", "silence", "other")}
            items.append({"id": trio.own.id, "answers_differ": len(set(texts.values())) > 1})
        return Felt(any(i["answers_differ"] for i in items), "texts of the first stage", items)


def describe(sound: Sound) -> str:
    """What our own estimators say of a sound, one measurement a line; those whose error is 5 % or more are left out."""
    from audio_reasoner.evidence import measure, speaks

    evidence = measure(sound.load(), sound.key)
    lines = []
    for item in evidence.items:
        if not speaks(item) and item.name != "duration_s":
            continue
        value = "none" if item.value is None else item.value
        unit = f" {item.unit}" if item.unit else ""
        lines.append(f"{item.name.removesuffix('_s').removesuffix('_hz').replace('_', ' ')}: {value}{unit}")
    return "\n".join(lines) or "nothing could be measured"


def _evidence_version() -> str:
    from audio_reasoner.evidence import VERSION

    return VERSION
