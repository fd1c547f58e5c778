"""A server that really listens and speaks chat completions, whole or as events; the test says what it says."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import io
import json
import sys
import time
import wave
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web
from tests.served import in_thread

CHAIN = (
    "<THINK>\n<PLANNING>Listen.</PLANNING>\n<CAPTION>A dog barks.</CAPTION>\n"
    "<REASONING>It is a dog: größer 犬.</REASONING>\n"
    "<SUMMARY>A dog.</SUMMARY>\n</THINK>\n<RESPONSE>(a) dog</RESPONSE>"
)


@dataclass
class Said:
    """One reply: its two fields, and how it is delivered."""

    content: str = CHAIN
    reasoning: str = ""
    field_name: str = "reasoning_content"
    finish: str | None = "stop"
    status: int = 200
    error: str = ""
    delay_s: float = 0.0
    raw: bytes | None = None
    """Sent instead of everything else."""
    piece: int = 7
    """Characters per event."""
    break_after: int | None = None
    """Events after which the connection is dropped."""
    done: bool = True
    headers: dict[str, str] = field(default_factory=dict)
    gate: Callable[[], bool] = lambda: True
    """It waits until this is so."""


@dataclass
class ChatServer:
    """What it says to the n-th request with this body, and what it was asked."""

    say: Callable[[int, dict[str, Any]], Said] = lambda _n, _body: Said()
    url: str = ""
    bodies: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    out: int = 0
    most_out: int = 0
    cancelled: int = 0
    answered: int = 0

    async def chat(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.bodies.append(body)
        self.keys.append(request.headers.get("authorization", ""))
        said = self.say(len(self.bodies) - 1, body)
        self.out += 1
        self.most_out = max(self.out, self.most_out)
        try:
            await asyncio.sleep(said.delay_s)
            while not said.gate():
                await asyncio.sleep(0.02)
            self.answered += 1
            return await (self._events if body.get("stream") else self._whole)(request, body, said)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.out -= 1

    async def _whole(self, request: web.Request, body: dict[str, Any], said: Said) -> web.StreamResponse:
        if said.raw is not None:
            return web.Response(body=said.raw, content_type="application/json")
        if said.status != 200:
            error = {"error": {"message": said.error}}
            return web.json_response(error, status=said.status, headers=said.headers)
        message = {"role": "assistant", "content": said.content, said.field_name: said.reasoning or None}
        sounds = sum(len(sounds_of(m)) for m in body["messages"])
        usage = {
            "prompt_tokens": 90,
            "completion_tokens": len(said.content + said.reasoning) // 4,
            "prompt_tokens_details": {"audio_tokens": 25 * sounds},
        }
        choice = {"index": 0, "message": message, "finish_reason": said.finish}
        return web.json_response({"model": "m", "choices": [choice], "usage": usage})

    async def _events(self, request: web.Request, body: dict[str, Any], said: Said) -> web.StreamResponse:
        if said.status != 200:
            return await self._whole(request, body, said)
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        if said.raw is not None:
            await response.write(said.raw)
            return response
        deltas = [{said.field_name: part} for part in _cut(said.reasoning, said.piece)]
        deltas += [{"content": part} for part in _cut(said.content, said.piece)]
        for n, delta in enumerate(deltas):
            if n == said.break_after:
                if said.done:
                    return response
                assert request.transport is not None
                request.transport.abort()
                return response
            await response.write(_event({"choices": [{"index": 0, "delta": delta, "finish_reason": None}]}))
        await response.write(b": keepalive\n\n")
        await response.write(_event({"choices": [{"index": 0, "delta": {}, "finish_reason": said.finish}]}))
        usage = {"prompt_tokens": 90, "completion_tokens": 12, "prompt_tokens_details": {"audio_tokens": 25}}
        await response.write(_event({"choices": [], "usage": usage}))
        if said.done:
            await response.write(b"data: [DONE]\n\n")
        return response


def _cut(text: str, size: int) -> list[str]:
    return [text[i : i + size] for i in range(0, len(text), size)]


def _event(value: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\r\n\r\n"


def sounds_of(message: dict[str, Any]) -> list[tuple[int, float]]:
    """(rate, seconds) of each recording of a message."""
    found = []
    for part in message["content"] if isinstance(message["content"], list) else ():
        if part["type"] == "input_audio":
            assert part["input_audio"]["format"] == "wav"
            with wave.open(io.BytesIO(base64.b64decode(part["input_audio"]["data"]))) as sound:
                assert (sound.getnchannels(), sound.getsampwidth()) == (1, 2)
                found.append((sound.getframerate(), sound.getnframes() / sound.getframerate()))
    return found


def text_of(message: dict[str, Any]) -> str:
    """The text of a message."""
    content = message["content"]
    return content if isinstance(content, str) else "".join(p.get("text", "") for p in content)


@contextlib.contextmanager
def chatting(say: Callable[[int, dict[str, Any]], Said] | None = None) -> Iterator[ChatServer]:
    """The server in a thread."""
    server = ChatServer()
    if say is not None:
        server.say = say
    with in_thread([web.post("/v1/chat/completions", server.chat)]) as server.url:
        yield server


if __name__ == "__main__":  # for tests whose client is killed: as many answers as a file says, the rest waits
    allowed = Path(sys.argv[1])

    with chatting() as running:

        def in_turn(_n: int, body: dict[str, Any]) -> Said:
            asked = text_of(body["messages"][-1]).splitlines()[0]
            gate = lambda: running.answered < int(allowed.read_text())  # noqa: E731
            return Said(CHAIN.replace("A dog.", f"About {asked}."), gate=gate)

        running.say = in_turn
        print(running.url, flush=True)
        while True:
            time.sleep(3600)
