"""A judge that says what a script tells it, over the OpenAI protocol: for tests and for running official scripts.

Decision: what is said is a function of the request and of how often that request has come, so that a judge that is
wrong twice and right the third time, or dies half-way, can be written down in a line. Nothing is patched in the client
or in an official script: they are given this server's address.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

Said = str | None | dict[str, Any]
"""What is answered: a text, null as content, or {"status": 500, "body": "…", "finish": "length", "refusal": "…"}."""
Script = Callable[[dict[str, Any], int], Said]
"""(the request's JSON, how often an equal one came before) → what is answered."""


@dataclass
class ScriptedJudge:
    """The server's address and what it was asked.

    Attributes:
        url: base URL for an OpenAI client.
        requests: bodies in order of arrival.
        gone: set it and every further connection is cut.
    """

    url: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    gone: bool = False
    delay_s: float = 0.0

    @property
    def texts(self) -> list[str]:
        """The user messages."""
        return [body["messages"][-1]["content"] for body in self.requests]


@contextlib.contextmanager
def scripted_judge(script: Script, *, delay_s: float = 0.0, gateway: bool = False) -> Iterator[ScriptedJudge]:
    """Run a judge in a thread; `gateway` answers like the private gateway that AIR-Bench's script calls."""
    judge = ScriptedJudge(delay_s=delay_s)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="scripted-judge", daemon=True)
    thread.start()

    async def answer(request: web.Request) -> web.StreamResponse:
        if judge.gone:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        body = json.loads(await request.read())
        key = json.dumps({k: v for k, v in body.items() if k != "seed"}, sort_keys=True)
        before = judge.counts.get(key, 0)
        judge.counts[key] = before + 1
        judge.requests.append(body)
        if judge.delay_s:
            await asyncio.sleep(judge.delay_s)
        return _response(script(body, before), body, gateway)

    async def start() -> web.AppRunner:
        app = web.Application(client_max_size=1 << 26)
        app.router.add_post("/{path:.*}", answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        judge.url = f"http://127.0.0.1:{port}/v1"
        return runner

    runner = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
    try:
        yield judge
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


def _response(said: Said, body: dict[str, Any], gateway: bool) -> web.Response:
    extra: dict[str, Any] = {}
    if isinstance(said, dict):
        extra, said = said, said.get("text")
        if "body" in extra:
            kind = extra.get("type", "application/json")
            return web.Response(text=extra["body"], status=extra.get("status", 200), content_type=kind)
    message: dict[str, Any] = {"role": "assistant", "content": said}
    if "refusal" in extra:
        message |= {"content": None, "refusal": extra["refusal"]}
    asked = sum(len(str(m["content"])) for m in body["messages"]) // 4 + 1
    wrote = len(said or "") // 4 + 1
    completion = {
        "id": "chatcmpl-scripted",
        "object": "chat.completion",
        "created": 1_790_000_000,
        "model": body["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": extra.get("finish", "stop")}],
        "usage": {"prompt_tokens": asked, "completion_tokens": wrote, "total_tokens": asked + wrote},
    }
    if gateway:
        data = {"response": completion, "prompt_tokens": asked, "completion_tokens": wrote}
        return web.json_response({"code": 200, "data": data})
    return web.json_response(completion)
