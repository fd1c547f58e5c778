"""Voices of a speech server: named ones, or LibriSpeech speakers cloned from a prompt.

Decision: a server is asked for words and gives sound; what it makes of "lively" nobody knows. So by default it is asked
for plain speech, and only what we do ourselves is claimed: pace by our own time stretching, level when the turn is
mixed. A turn of another class is spoken as the server likes, and its timeline says nothing of its prosody. On request
(`prosody="server"`) the class is put into the server's own terms (`instructions` and `speed`, or CosyVoice's
instruction), and again nothing is claimed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from typing import Final, Literal, Self

import numpy as np

from audio_reasoner.clients.limiter import Limits
from audio_reasoner.clients.retry import RetryPolicy
from audio_reasoner.clients.speech import SpeechClient, SpeechEndpoint, SpeechRequest
from audio_reasoner.clients.transport import CallFailed
from audio_reasoner.core.errors import ConfigError, EnvironmentProblem, TeacherError
from audio_reasoner.synth.dsp import RATE
from audio_reasoner.synth.voices.libri import LICENCE, LibriSpeech, Prompt, prompt_wav
from audio_reasoner.synth.voices.pitch import stretched
from audio_reasoner.synth.voices.presets import PROSODY
from audio_reasoner.synth.voices.take import Spoilt, Take, take_of
from audio_reasoner.synth.voices.text import base_of
from audio_reasoner.synth.voices.voices import Cast, Utterance, Voice, utterance_key

TAKES: Final = 3
"""A turn that came back spoilt is spoken again so often: servers do not repeat themselves."""
HOPELESS: Final = 8
"""Turns that fail before one is good: then the server is at fault, not the turns."""
COSYVOICE_LANGUAGES: Final = ("en", "zh", "ja", "ko", "yue")
_CLAIMED: Final = ("neutral", "fast", "slow", "low", "loud")
_INSTRUCTIONS: Final = {
    "calm": "Speak calmly and evenly.",
    "lively": "Speak in a lively way, with a lot of melody.",
    "low": "Speak softly, with a low voice.",
    "loud": "Speak loudly and clearly.",
    "fast": "Speak quickly.",
    "slow": "Speak slowly.",
}


class ServerVoices:
    """An engine whose voices live on a server.

    Args:
        server: where.
        people: the speakers of prompts (CosyVoice) or the names of voices (`/v1/audio/speech`).
        languages: what its voices speak.
        prosody: who performs it; see above.
        limits, retry, timeout_s: as for `SpeechClient`.
    """

    def __init__(
        self,
        server: SpeechEndpoint,
        people: LibriSpeech | Sequence[str],
        languages: Sequence[str],
        *,
        prosody: Literal["own", "server"] = "own",
        limits: Limits | None = None,
        retry: RetryPolicy | None = None,
        timeout_s: float = 120.0,
    ) -> None:
        if isinstance(people, LibriSpeech) != (server.protocol == "cosyvoice"):
            takes = "recordings of speakers" if server.protocol == "cosyvoice" else "names of voices"
            raise ConfigError(
                f"{server.spec} takes {takes}.",
                code="voice.people",
                hint="CosyVoice: --voices LIBRISPEECH. /v1/audio/speech: --voice-names NAME,NAME.",
            )
        self.name: str = server.protocol
        self.version = f"{server.model}/{prosody}"
        self._server = server
        self._people = people
        self._languages = tuple(dict.fromkeys(base_of(x) for x in languages))
        self._prosody = prosody
        self._client = SpeechClient(server, limits or Limits(), retry=retry, timeout_s=timeout_s)
        self._runner: asyncio.Runner | None = None
        self._prompts: dict[str, Prompt] = {}
        self._good = 0
        self._bad = 0

    def __enter__(self) -> Self:
        self._runner = asyncio.Runner()
        self._runner.run(self._client.__aenter__())
        return self

    def __exit__(self, *_: object) -> None:
        if self._runner is not None:
            self._runner.run(self._client.__aexit__())
            self._runner.close()
            self._runner = None

    def check_language(self, language: str) -> None:
        """Refuse a language that nobody said its voices speak."""
        if base_of(language) not in self._languages:
            raise ConfigError(
                f"the voices of {self._server.spec} speak {', '.join(self._languages)}; a script is in {language!r}.",
                code="voice.language",
                hint="If they do speak it, say so: --tts-languages en,de",
            )

    def cast(self, rng: np.random.Generator, wishes: Sequence[str | None], language: str) -> Cast:  # noqa: ARG002
        """Different names, or speakers of one block of LibriSpeech; of named voices nobody knows what suits a name."""
        speakers = len(wishes)
        if isinstance(self._people, LibriSpeech):
            block, found = self._people.draw(rng, wishes)
            voices = []
            for speaker, prompt in found:
                name = f"librispeech-{speaker.number}"
                self._prompts[name] = prompt
                voices.append(Voice(name, self.name, {"prompt": prompt.digest, "words": prompt.text}, LICENCE))
            return Cast(tuple(voices), block.name, block.split)
        if len(self._people) < speakers:
            raise ConfigError(
                f"a script has {speakers} speakers, and {len(self._people)} voices are named.",
                code="voice.too_few",
                hint="Name more with --voice-names, or ask for fewer speakers.",
            )
        names = [self._people[int(i)] for i in rng.permutation(len(self._people))[:speakers]]
        return Cast(tuple(Voice(x, self.name, {"voice": x}) for x in names))

    def refuses(self, text: str, language: str) -> str | None:  # noqa: ARG002
        """Nothing: what a server cannot read shows in what it sends."""
        return None

    def performs(self, prosody: str) -> str | None:
        """Classes of pace and level, where we make them; None for what is left to the server."""
        return prosody if self._prosody == "own" and prosody in _CLAIMED else None

    def speak(self, wanted: Sequence[Utterance]) -> Iterator[tuple[Utterance, Take | Spoilt]]:
        """Have all turns spoken, as many at once as the server takes; what is done is given out before an error."""
        if self._runner is None:
            raise RuntimeError("the voices are not open")
        turns = self._speak(wanted)
        try:
            while True:
                try:
                    yield self._runner.run(_next(turns))
                except StopAsyncIteration:
                    return
        finally:
            self._runner.run(turns.aclose())

    async def _speak(self, wanted: Sequence[Utterance]) -> AsyncGenerator[tuple[Utterance, Take | Spoilt], None]:
        tasks = {asyncio.create_task(self._one(u)): u for u in wanted}
        waiting = set(tasks)
        try:
            while waiting:
                done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                broken: BaseException | None = None
                for task in done:
                    if (error := task.exception()) is not None:
                        broken = broken or error
                    else:
                        yield tasks[task], task.result()
                if broken is not None:
                    raise broken
        finally:
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)

    async def _one(self, u: Utterance) -> Take | Spoilt:
        result: Take | Spoilt = Spoilt("voice.silent", "never asked")
        for take in range(TAKES):
            try:
                sound = await self._client.say(self._request(u, take))
            except CallFailed as failure:
                result = Spoilt(failure.code, failure.message)
                break
            pace = PROSODY[u.prosody].pace
            # Checked as it came: our own stretching must not hide that a third of the words is missing.
            result = take_of(sound.pcm, sound.rate, u.text, 1.0 if self._prosody == "own" else pace, server=True)
            if isinstance(result, Take) and self._prosody == "own" and pace != 1.0:
                result = take_of(stretched(result.pcm, pace), RATE, u.text, pace)
            if isinstance(result, Take):
                self._good += 1
                return result
        self._bad += 1
        if not self._good and self._bad >= HOPELESS and isinstance(result, Spoilt):
            raise TeacherError(
                f"{self._server.spec} has spoken none of {self._bad} turns well: {result.detail}",
                code=result.code,
                hint="Try one turn by hand; the dialogues need sound of speech at 16 kHz or more.",
            )
        return result

    def _request(self, u: Utterance, take: int) -> SpeechRequest:
        key = f"{utterance_key(self, u)}/{take}"
        asks = self._prosody == "server"
        instructions = _INSTRUCTIONS.get(u.prosody, "") if asks else ""
        if self._server.protocol == "cosyvoice":
            if u.voice.name not in self._prompts:
                raise EnvironmentProblem(f"the prompt of {u.voice.name} is not at hand.", code="voice.no_tree")
            prompt = self._prompts[u.voice.name]
            # Its second model takes an instruction in front of this mark.
            told = f"{instructions}<|endofprompt|>" if instructions else ""
            return SpeechRequest(
                key, u.text, prompt_text=prompt.text, prompt_wav=prompt_wav(prompt.path), instructions=told
            )
        speed = PROSODY[u.prosody].pace if asks else 1.0
        return SpeechRequest(key, u.text, voice=str(u.voice.asked["voice"]), instructions=instructions, speed=speed)


async def _next(turns: AsyncIterator[tuple[Utterance, Take | Spoilt]]) -> tuple[Utterance, Take | Spoilt]:
    return await anext(turns)
