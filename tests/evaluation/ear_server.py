"""A server that really listens, for tests of evaluation: it hears whether a tone is loud and answers by the options.

It speaks chat completions and transcriptions of OpenAI's protocol on one port. What it cannot do is chosen by the test:
drop the audio (a deaf server), count no tokens, refuse, be slow.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import io
import re
import wave
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from aiohttp import web
from tests.served import in_thread

LOUD, QUIET = "loud tone", "a quiet tone"


@dataclass
class EarServer:
    """What the server does, and what it was asked."""

    deaf: bool = False
    counts: bool = True
    delay_s: float = 0.0
    refuse_all: bool = False
    url: str = ""
    chats: list[dict[str, Any]] = field(default_factory=list)
    transcriptions: int = 0

    async def chat(self, request: web.Request) -> web.Response:
        body = await request.json()
        texts, levels = [], []
        for message in body["messages"]:
            parts = message["content"]
            for part in [{"type": "text", "text": parts}] if isinstance(parts, str) else parts:
                if part["type"] == "text":
                    texts.append(part["text"])
                elif not self.deaf:
                    levels.append(level(base64.b64decode(part["input_audio"]["data"])))
        text = "\n".join(texts)
        self.chats.append({"text": text, "sounds": len(levels), "body": body})
        await asyncio.sleep(self.delay_s)
        if self.refuse_all:
            return web.json_response({"error": {"message": "audio input is not taken here"}}, status=400)
        usage = {
            "prompt_tokens": len(text) // 4 + 30 * len(levels),
            "completion_tokens": 7,
            "prompt_tokens_details": {"audio_tokens": 30 * len(levels)},
        }
        message = {"role": "assistant", "content": self.said(text, levels)}
        reply: dict[str, Any] = {"choices": [{"message": message, "finish_reason": "stop"}]}
        return web.json_response(reply | ({"usage": usage} if self.counts else {}))

    def said(self, text: str, levels: list[float]) -> str:
        """The option that fits what is heard, or was read; the first one without either."""
        heard = LOUD if levels and max(levels) > 0.3 else QUIET if levels else ""
        if not heard:
            # What another system wrote stands in front of the question, the options behind it.
            before = text.split("You cannot hear it")[0]
            heard = LOUD if LOUD in before else QUIET if QUIET in before else ""
        lines = re.findall(r"^\((\w)\) (.*)$", text, re.MULTILINE)
        if not lines:
            return f"It is {heard or 'silent'}."
        return next((f"({mark}) {option}" for mark, option in lines if option == heard), f"({lines[0][0]})")

    async def transcribe(self, request: web.Request) -> web.Response:
        self.transcriptions += 1
        reader = await request.multipart()
        sound = b""
        async for part in reader:
            if part.name == "file":
                sound = bytes(await part.read())
        found = level(sound)
        said = "" if found == 0 or self.deaf else f"He says: {LOUD if found > 0.3 else QUIET}."
        return web.json_response({"text": said})


def level(wav: bytes) -> float:
    """Peak of 16-bit WAV bytes."""
    with wave.open(io.BytesIO(wav)) as sound:
        assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (16000, 1, 2)
        data = np.frombuffer(sound.readframes(sound.getnframes()), "<i2")
    return float(np.abs(data.astype(np.float64)).max() / 32768) if data.size else 0.0


@contextlib.contextmanager
def serving(**options: Any) -> Iterator[EarServer]:
    """The server in a thread."""
    server = EarServer(**options)
    routes = [
        web.post("/v1/chat/completions", server.chat),
        web.post("/v1/audio/transcriptions", server.transcribe),
    ]
    with in_thread(routes) as server.url:
        yield server
