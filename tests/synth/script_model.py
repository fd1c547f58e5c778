"""A chat model on a real socket that writes scripts: good ones, or whatever a test wants to hear."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from audio_reasoner.synth.scripts.orders import Order

PLACES = ("station", "harbour", "market", "tower", "meadow", "chapel", "quarry", "bakery", "lagoon", "orchard", "mill")
Answer = Callable[[str, list[dict[str, Any]], int], "str | tuple[int, str]"]
"""What is said to (first user text, all messages, how often that text came before): a text, or a status and a body."""


@dataclass
class Model:
    """A running model; `asked` holds the messages of every request."""

    url: str = ""
    asked: list[list[dict[str, Any]]] = field(default_factory=list)


@contextlib.contextmanager
def running(answer: Answer) -> Iterator[Model]:
    """Serve `/v1/chat/completions` in a thread until the block ends."""
    model = Model()
    seen: dict[str, int] = {}

    async def serve(request: web.Request) -> web.Response:
        body = await request.json()
        messages = body["messages"]
        for m in messages:
            if isinstance(m["content"], list):
                m["content"] = "".join(p.get("text", "") for p in m["content"])
        model.asked.append(messages)
        first = messages[0]["content"]
        before = seen[first] = seen.get(first, -1) + 1
        said = answer(first, messages, before)
        if isinstance(said, tuple):
            return web.Response(status=said[0], text=said[1], headers={"Retry-After": "0"})
        return web.json_response(
            {
                "id": "x",
                "object": "chat.completion",
                "created": 0,
                "model": body["model"],
                "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": said}}],
                "usage": {"prompt_tokens": 700, "completion_tokens": 900, "total_tokens": 1600},
            }
        )

    loop = asyncio.new_event_loop()
    ready = threading.Event()

    async def begin() -> web.AppRunner:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", serve)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        model.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        ready.set()
        return runner

    def work() -> None:
        asyncio.set_event_loop(loop)
        runner = loop.run_until_complete(begin())
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())
        loop.close()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield model
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)


def good(order: Order, **changes: Any) -> dict[str, Any]:
    """A reply that obeys an order; `changes` replace fields."""
    n = order.speakers
    turns: list[dict[str, Any]] = []
    facts: list[dict[str, Any]] = []
    mark = "".join(chr(ord("a") + int(d)) for d in f"{order.index:04d}")  # words that no other reply has
    word = f"{mark}ton {mark}wick {order.scenario} {mark}ham"

    def say(text: str, who: int | None = None, reply_to: int = 0) -> int:
        speaker = who if who is not None else len(turns) % n + 1
        if turns and turns[-1]["speaker"] == speaker:
            say(f"Well, that is {word} number {len(turns)} for you.", speaker % n + 1)
        turns.append({"speaker": speaker, "text": text, "prosody": "calm", "reply_to": reply_to})
        return len(turns)

    def fact(kind: str, who: int, value: str, *at: int) -> None:
        facts.append({"kind": kind, "speaker": who, "value": value, "turns": list(at)})

    name = order.names[0] if order.names else "Ana"
    for k in range(n):
        text = f"{name}, listen, {word} looks odd." if k == 1 else f"Here we are at {word}, place {k}."
        at = say(text, k + 1)
        if k == 1:
            fact("name", 1, name, at)
    for k in range(order.facts):
        who = turns[-1]["speaker"] % n + 1
        at = say(f"By the way, the {PLACES[k]} near {word} opens at {PLACES[-k - 1]} street.", who)
        fact("fact", who, f"The {PLACES[k]} near {word} opens at {PLACES[-k - 1]} street.", at)
    if order.intent:
        who = turns[-1]["speaker"] % n + 1
        fact("intent", who, "to see the boats", say(f"I want to see the boats of {word}.", who))
    if order.corrected:
        first = turns[-1]["speaker"] % n + 1
        a = say(f"Did you say fifty for {word}?", first)
        b = say("No, fifteen.", first % n + 1, a)
        fact("corrected", first % n + 1, "fifteen", a, b)
        fact("answer_to", 0, "answer", b, a)
    if order.changer is not None:
        who = order.changer + 1
        a = say(f"I am against walking to {word}.", who)
        say(f"But walking to {word} keeps us warm.")
        b = say(f"True, then I am for walking to {word}.", who)
        fact("opinion", who, "against walking", a)
        fact("changed_mind", who, "for walking", a, b)
    if order.agreed:
        who = turns[-1]["speaker"] % n + 1
        fact("agreed", 0, "to walk", say(f"Then we all walk to {word}.", who))
    while len(turns) < order.least:
        say(f"Look at {word} number {len(turns)}.", turns[-1]["speaker"] % n + 1)
    return {"names": [name] + [""] * (n - 1), "turns": turns, "facts": facts} | changes


def good_text(order: Order, **changes: Any) -> str:
    """`good` as a model writes it."""
    return "Here you are:\n```json\n" + json.dumps(good(order, **changes), ensure_ascii=False) + "\n```"
