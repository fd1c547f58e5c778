"""What a teacher hears of a clip: encoded when a call really goes out, in the process pool, kept for the clip's calls.

Decision: seven calls about a clip send the same bytes, so the last ones encoded are kept, by content, up to `KEPT`
bytes; a second call that needs bytes still being made waits for them. Nothing is encoded for a call that the ledger
answers.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict

from audio_reasoner.clients.messages import AudioPart
from audio_reasoner.compute import Batcher
from audio_reasoner.core.records import Clip

KEPT = 256 << 20
"""Most bytes of encoded audio held in memory; 30 s at 16 kHz and 16 bit are 0.96 MB."""
FIRST = 9
"""Stage in the batcher: a call that has its turn must not wait for estimators."""


class Ear:
    """Makes `AudioPart`s; `hear` is what `teachers.make` takes."""

    def __init__(self, batcher: Batcher, kept: int = KEPT) -> None:
        self._batcher = batcher
        self._kept = kept
        self._size = 0
        self._made: OrderedDict[str, bytes] = OrderedDict()
        self._making: dict[str, asyncio.Future[bytes]] = {}
        self.encoded = 0

    def hear(self, clip: Clip) -> AudioPart:
        """The clip as a promise: 16 kHz mono 16-bit WAV."""

        async def wav() -> bytes:
            return await self._wav(clip)

        return AudioPart(content_key=clip.content_key, seconds=clip.duration_s, wav=wav)

    async def _wav(self, clip: Clip) -> bytes:
        key = clip.content_key
        if key in self._made:
            self._made.move_to_end(key)
            return self._made[key]
        if key not in self._making:
            task = asyncio.ensure_future(self._batcher.run(_encode, clip, stage=FIRST))
            self._making[key] = task
            self.encoded += 1
            task.add_done_callback(lambda done: self._keep(key, done))
        # A caller that gives up must not take the bytes away from the others.
        return await asyncio.shield(self._making[key])

    def _keep(self, key: str, done: asyncio.Future[bytes]) -> None:
        del self._making[key]
        if done.cancelled() or done.exception() is not None:
            return
        self._made[key] = done.result()
        self._size += len(done.result())
        while self._size > self._kept and len(self._made) > 1:
            self._size -= len(self._made.popitem(last=False)[1])


def _encode(clip: Clip) -> bytes:
    from audio_reasoner import synth
    from audio_reasoner.core.audio import encode_wav

    return encode_wav(synth.clip_audio(clip))
