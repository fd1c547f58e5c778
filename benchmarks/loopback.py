"""A teacher on this machine that speaks the wire formats of the OpenAI and Gemini services, for tests and benchmarks.

Decision: one small aiohttp server answers both protocols on one port, so that the real SDKs, real sockets and our whole
client are exercised and nothing is patched. Replies are a pure function of the request (`loopback_replies`), therefore
an interrupted build can be compared byte by byte with one that was not. Limits, quotas and faults are those of real
services: refusal above a number in flight, a sliding window of requests or tokens, 429 with and without a delay,
resets, stalls, broken bodies, and everything a model says instead of an answer.

    python benchmarks/loopback.py --port 0 --limit 64 --latency 1.0 --faults 429=0.02,reset=0.01,refusal=0.01

prints its URL on the first line (`--protocol gemini` prints the Gemini one) and its counts as JSON under `/stats`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import json
import math
import random
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from aiohttp import web

sys.path.insert(0, str(Path(__file__).parent))

import loopback_gemini
import loopback_openai
from loopback_replies import reply_to
from loopback_wire import Asked, BadRequest, Refused, Spoken, tokens_of_text

CALL_FAULTS = ("429", "429_bare", "500", "503", "reset", "stall", "garbage", "html", "error_200", "empty")
"""Faults of a call: chosen by hash of request and attempt, so that asking again helps."""
CONTENT_FAULTS = (
    "refusal", "safety", "blocked", "recitation", "error_content", "two_chains", "unclosed", "length",
)  # fmt: skip
"""Faults of a reply: chosen by hash of the request alone, so that an equal request gets an equal reply for ever."""


@dataclass(frozen=True)
class Options:
    """How the server behaves.

    Attributes:
        port: TCP port; 0 for a free one.
        limit: most requests in flight; more get 429. 0 for no limit.
        queue: wait instead of refusing when `limit` or a quota is reached.
        quota: requests in a sliding `window`; 0 for none.
        token_quota: tokens (in and out) in a sliding `window`; 0 for none.
        window: seconds of the sliding window.
        retry_after: whether refusals say how long to wait.
        latency: mean of the log-normal latency in seconds; 0 answers at once.
        sigma: sigma of its logarithm.
        seed: seed of latencies and faults.
        faults: "kind=share,…" of CALL_FAULTS and CONTENT_FAULTS; "all=0.01" sets every kind.
        fault_attempts: a request has call faults in its first so many attempts only.
        stall_s: seconds a stalled call hangs.
        answers: "good": replies that should pass; "mixed": some wrong answers, doubts and rejections.
        reasoning: whether the model also sends its thoughts.
        key: the API key that is asked for; empty for none.
        strict: refuse audio that is not 16 kHz mono 16-bit WAV, or that comes after text.
    """

    port: int = 0
    limit: int = 0
    queue: bool = False
    quota: int = 0
    token_quota: int = 0
    window: float = 60.0
    retry_after: bool = True
    latency: float = 0.0
    sigma: float = 0.5
    seed: int = 0
    faults: str = ""
    fault_attempts: int = 3
    stall_s: float = 3600.0
    answers: str = "good"
    reasoning: bool = False
    key: str = ""
    strict: bool = True

    def shares(self) -> dict[str, float]:
        """Faults as {kind: share}; ValueError for an unknown kind."""
        shares: dict[str, float] = {}
        for item in filter(None, self.faults.split(",")):
            kind, _, share = item.strip().partition("=")
            kinds = (*CALL_FAULTS, *CONTENT_FAULTS) if kind == "all" else (kind,)
            if unknown := set(kinds) - {*CALL_FAULTS, *CONTENT_FAULTS}:
                raise ValueError(f"no fault named {unknown}; there are {CALL_FAULTS + CONTENT_FAULTS}")
            shares |= dict.fromkeys(kinds, float(share or 0.01))
        return shares


def unit(*parts: object) -> float:
    """A number in [0, 1) that is a function of its arguments."""
    text = "\x1f".join(map(str, parts))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") / 2**64


class Loopback:
    """The server; `await start()`, use `url`, `await stop()`."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.shares = options.shares()
        self.url = ""
        self.files = loopback_gemini.Files()
        self._runner: web.AppRunner | None = None
        self.reset()

    def reset(self) -> None:
        """Forget all counts."""
        self.requests = self.served = self.in_flight = self.peak = 0
        self.admitted, self.latency_s = 0, 0.0
        self.refused: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.audio = {"parts": 0, "seconds": 0.0, "bad": 0, "not_first": 0, "by_file": 0}
        self.tokens = {"in": 0, "out": 0}
        self.served_keys: Counter[str] = Counter()
        self.attempts: Counter[str] = Counter()
        self.kinds: Counter[str] = Counter()
        self.per_second: Counter[int] = Counter()
        self.began: float | None = None
        self._recent: deque[tuple[float, int]] = deque()
        self._recent_tokens = 0
        self._freed = asyncio.Condition()

    # ------------------------------------------------------------------------------------------ life

    async def start(self) -> str:
        """Listen; returns the root URL without a path."""
        app = web.Application(client_max_size=1 << 28)
        app.add_routes(
            [
                web.post("/v1/chat/completions", self._openai),
                web.get("/v1/models", loopback_openai.models),
                web.post("/{version:v1|v1beta}/models/{model}:generateContent", self._gemini),
                web.get("/{version:v1|v1beta}/models/{model}", loopback_gemini.model),
                web.get("/stats", self._stats),
                web.post("/reset", self._reset),
                *self.files.routes(),
            ]
        )
        # Handlers are cancelled when the client goes away: a killed client holds no place in flight.
        self._runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.options.port, backlog=4096)
        await site.start()
        port = self._runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{port}"
        return self.url

    async def stop(self) -> None:
        """Close the socket."""
        if self._runner is not None:
            await self._runner.cleanup()

    # ------------------------------------------------------------------------------------------ protocols

    async def _openai(self, request: web.Request) -> web.StreamResponse:
        return await self._serve(request, loopback_openai)

    async def _gemini(self, request: web.Request) -> web.StreamResponse:
        return await self._serve(request, loopback_gemini)

    async def _serve(self, request: web.Request, protocol: Any) -> web.StreamResponse:
        self.requests += 1
        now = time.monotonic()
        self.began = now if self.began is None else self.began
        try:
            protocol.check_key(request, self.options.key)
            asked: Asked = protocol.parse(await request.read(), request, self.files, self.options.strict)
        except Refused as refusal:
            self.refused[refusal.kind] += 1
            return protocol.refuse(refusal)
        except BadRequest as error:
            if error.audio:
                self.audio[error.audio] += 1
            self.refused["bad_request"] += 1
            return protocol.bad_request(str(error))
        attempt = self.attempts[asked.key]
        self.attempts[asked.key] += 1
        spoken = self._spoken(asked)
        tokens = asked.tokens_in + tokens_of_text(spoken.text)
        try:
            await self._admit(tokens)
        except Refused as refusal:
            self.refused[refusal.kind] += 1
            return protocol.refuse(refusal)
        try:
            fault = self._call_fault(asked, attempt)
            if fault:
                self.faults[fault] += 1
                return await self._fail(request, protocol, fault, asked, attempt)
            latency = self._latency(asked, attempt)
            self.admitted += 1
            self.latency_s += latency
            await asyncio.sleep(latency)
            self._count(asked, spoken)
            return protocol.answer(asked, spoken, self.options.reasoning, self._headers())
        finally:
            self.in_flight -= 1
            if self.options.queue:
                async with self._freed:
                    self._freed.notify()

    # ------------------------------------------------------------------------------------------ limits

    async def _admit(self, tokens: int) -> None:
        while True:
            refusal = self._refusal(tokens)
            if refusal is None:
                break
            if not self.options.queue:
                raise refusal
            if refusal.kind == "in_flight":
                async with self._freed:
                    await self._freed.wait()
            else:
                await asyncio.sleep(min(refusal.wait_s, 0.05) + 0.001)
        now = time.monotonic()
        self._recent.append((now, tokens))
        self._recent_tokens += tokens
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)

    def _refusal(self, tokens: int) -> Refused | None:
        options = self.options
        now = time.monotonic()
        while self._recent and self._recent[0][0] <= now - options.window:
            self._recent_tokens -= self._recent.popleft()[1]
        oldest = self._recent[0][0] + options.window - now if self._recent else 0.0
        after = options.retry_after
        if options.limit and self.in_flight >= options.limit:
            return Refused("in_flight", max(options.latency, 0.05), after)
        if options.quota and len(self._recent) >= options.quota:
            return Refused("requests", oldest, after)
        if options.token_quota and self._recent and self._recent_tokens + tokens > options.token_quota:
            return Refused("tokens", oldest, after)
        return None

    def _latency(self, asked: Asked, attempt: int) -> float:
        options = self.options
        if not options.latency:
            return 0.0
        rng = random.Random(f"{options.seed}/{asked.key}/{attempt}")
        return rng.lognormvariate(math.log(options.latency) - options.sigma**2 / 2, options.sigma)

    # ------------------------------------------------------------------------------------------ faults

    def _pick(self, kinds: tuple[str, ...], *what: object) -> str:
        at, below = unit(self.options.seed, *what), 0.0
        for kind in kinds:
            below += self.shares.get(kind, 0.0)
            if at < below:
                return kind
        return ""

    def _call_fault(self, asked: Asked, attempt: int) -> str:
        if attempt >= self.options.fault_attempts:
            return ""
        return self._pick(CALL_FAULTS, "call", asked.key, attempt)

    def _spoken(self, asked: Asked) -> Spoken:
        text = reply_to(asked, self.options.answers)
        fault = self._pick(CONTENT_FAULTS, "content", asked.key)
        spoken = Spoken(text, "stop", fault)
        if fault in ("refusal", "safety", "blocked", "recitation"):
            spoken = Spoken("I'm sorry, but I can't help with that." if fault == "refusal" else "", "stop", fault)
        elif fault == "error_content":
            error = {"error": {"code": 500, "message": "Internal server error: upstream model overloaded"}}
            spoken = Spoken(json.dumps(error), "stop", fault)
        elif fault == "two_chains":
            spoken = Spoken(f"{text}\n\n{reply_to(asked, 'other')}", "stop", fault)
        elif fault == "unclosed":
            cut = max(text.rfind("</SUMMARY>"), 0) or text.rfind("</") if "</" in text else len(text) - 1
            end = text.find(">", cut) + 1 or len(text)
            spoken = Spoken(text[:cut] + text[end:], "stop", fault)
        elif fault == "length":
            spoken = Spoken(text[: max(1, len(text) * 2 // 3)], "length", fault)
        most = asked.max_tokens
        if most is not None and tokens_of_text(spoken.text) > most:
            spoken = Spoken(spoken.text[: most * 4], "length", fault)
        return spoken

    async def _fail(
        self, request: web.Request, protocol: Any, fault: str, asked: Asked, attempt: int
    ) -> web.StreamResponse:
        if fault in ("429", "429_bare"):
            return protocol.refuse(Refused("requests", 0.05 + unit("wait", asked.key, attempt) / 5, fault == "429"))
        if fault in ("500", "503"):
            return protocol.broken(int(fault))
        if fault == "empty":
            return protocol.answer(asked, Spoken("", "stop", fault), False, {})
        if fault == "reset":
            self._cut(request)
            return web.Response()
        if fault == "stall":
            await asyncio.sleep(self.options.stall_s)
            self._cut(request)
            return web.Response()
        if fault == "garbage":
            noise = hashlib.sha256(asked.key.encode()).digest() * 9
            return web.Response(body=b'{"id":' + noise, content_type="application/json")
        if fault == "html":
            status = 200 if unit("html", asked.key, attempt) < 0.5 else 502
            page = "<html><head><title>Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>"
            return web.Response(text=page, content_type="text/html", status=status)
        body = {
            "error": {"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE", "type": "server"}
        }
        return web.json_response(body)  # error_200

    @staticmethod
    def _cut(request: web.Request) -> None:
        transport = request.transport
        if transport is None:
            return
        sock = transport.get_extra_info("socket")
        if sock is not None:  # no lingering: the peer gets RST, not an orderly end
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()

    # ------------------------------------------------------------------------------------------ counts

    def _count(self, asked: Asked, spoken: Spoken) -> None:
        self.served += 1
        self.served_keys[asked.key] += 1
        self.kinds[asked.kind] += 1
        if spoken.fault:
            self.faults[spoken.fault] += 1
        self.audio["parts"] += len(asked.audio)
        self.audio["seconds"] += sum(seconds for _, seconds in asked.audio)
        self.audio["by_file"] += asked.by_file
        self.tokens["in"] += asked.tokens_in
        self.tokens["out"] += tokens_of_text(spoken.text)
        assert self.began is not None
        self.per_second[int(time.monotonic() - self.began)] += 1

    def _headers(self) -> dict[str, str]:
        if not self.options.quota:
            return {}
        left = max(0, self.options.quota - len(self._recent))
        return {
            "x-ratelimit-limit-requests": str(self.options.quota),
            "x-ratelimit-remaining-requests": str(left),
        }

    def stats(self) -> dict[str, Any]:
        """All counts, ready for JSON."""
        last = max(self.per_second, default=-1)
        return {
            "requests": self.requests,
            "served": self.served,
            "refused": dict(self.refused),
            "faults": dict(self.faults),
            "admitted": self.admitted,
            "latency_s": round(self.latency_s, 6),
            "in_flight": self.in_flight,
            "peak_in_flight": self.peak,
            "audio": dict(self.audio),
            "tokens": dict(self.tokens),
            "kinds": dict(self.kinds),
            "distinct": len(self.served_keys),
            "served_more_than_once": sum(n > 1 for n in self.served_keys.values()),
            "served_again": sum(n - 1 for n in self.served_keys.values()),
            "served_per_second": [self.per_second[second] for second in range(last + 1)],
            "files": self.files.stats(),
            "options": asdict(self.options),
        }

    async def _stats(self, _: web.Request) -> web.Response:
        return web.json_response(self.stats())

    async def _reset(self, _: web.Request) -> web.Response:
        in_flight = self.in_flight
        self.reset()
        self.in_flight = in_flight
        return web.json_response({})


# -------------------------------------------------------------------------------- for tests and benchmarks


@dataclass(frozen=True)
class Running:
    """A server in a thread or a process: its root URL and what it counted."""

    root: str

    @property
    def openai_url(self) -> str:
        """Base URL for an OpenAI client."""
        return f"{self.root}/v1"

    @property
    def gemini_url(self) -> str:
        """Base URL for a Gemini client."""
        return self.root

    def stats(self) -> dict[str, Any]:
        """The counts so far."""
        with urllib.request.urlopen(f"{self.root}/stats", timeout=30) as response:
            return json.load(response)

    def reset(self) -> None:
        """Forget the counts."""
        urllib.request.urlopen(urllib.request.Request(f"{self.root}/reset", method="POST"), timeout=30).close()


@contextlib.contextmanager
def in_thread(**options: Any) -> Iterator[Running]:
    """A server in a thread of this process; `options` as in `Options`. Quick to start: for tests."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="loopback", daemon=True)
    thread.start()

    async def made() -> Loopback:
        server = Loopback(Options(**options))
        await server.start()
        return server

    server = asyncio.run_coroutine_threadsafe(made(), loop).result(10)
    try:
        yield Running(server.url)
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


@contextlib.contextmanager
def in_process(**options: Any) -> Iterator[Running]:
    """A server in a process of its own; for measurements, and for clients that are killed."""
    words = [sys.executable, str(Path(__file__)), "--protocol", "root"]
    for name, value in options.items():
        flag = "--" + name.replace("_", "-")
        words += [flag if value else f"--no-{flag[2:]}"] if isinstance(value, bool) else [flag, str(value)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        if not select.select([process.stdout], [], [], 30)[0]:
            raise RuntimeError("the loopback server did not start within 30 s")
        root = process.stdout.readline().strip()
        if not root:
            raise RuntimeError(f"the loopback server ended with status {process.wait(5)}")
        yield Running(root)
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    for field in fields(Options):
        flag = "--" + field.name.replace("_", "-")
        if isinstance(field.default, bool):
            parser.add_argument(flag, action=argparse.BooleanOptionalAction, default=field.default)
        else:
            parser.add_argument(flag, type=type(field.default), default=field.default)
    parser.add_argument("--protocol", choices=("openai", "gemini", "root"), default="openai", help="whose URL to print")
    return parser


async def _main(options: Options, protocol: str) -> None:
    server = Loopback(options)
    root = await server.start()
    print(f"{root}/v1" if protocol == "openai" else root, flush=True)
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    await ended.wait()
    await server.stop()


if __name__ == "__main__":
    arguments = vars(_parser().parse_args())
    which = arguments.pop("protocol")
    chosen = Options(**arguments)
    try:
        chosen.shares()
    except ValueError as problem:
        sys.exit(f"--faults: {problem}")
    asyncio.run(_main(chosen, which))
