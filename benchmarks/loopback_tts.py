"""A speech server on this machine, for tests and benchmarks: CosyVoice's runtime and OpenAI's `/v1/audio/speech`.

Decision: one small aiohttp server speaks both forms on one port, so that real sockets, the real client and the real
checks are exercised. Its speech is a buzz with syllables whose pitch and timbre are a function of the voice's name or
of the prompt's bytes, and as long as the words let expect: enough to be told apart, trimmed and timed, and equal
requests get equal samples, so that an interrupted run can be compared with one that was not. `--voice espeak` speaks
with espeak-ng instead. It can fail in the ways of real servers, and it can die for good after so many turns.

    python benchmarks/loopback_tts.py --port 0 --latency 0.2 --limit 4 --faults 500=0.05,silent=0.05 --die-after 100

prints its URL on the first line and its counts as JSON under `/stats`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import io
import json
import os
import select
import subprocess
import sys
import time
import urllib.request
import wave
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from aiohttp import web

FAULTS = (
    "500", "503", "429", "400", "401", "404", "reset", "stall", "empty", "html", "json", "json_200", "mp3", "garbage",
    "half", "silent", "short", "cut", "endless", "rate",
)  # fmt: skip


@dataclass(frozen=True)
class Options:
    """How the server behaves.

    Attributes:
        port: TCP port; 0 for a free one.
        latency: seconds before a turn is answered.
        limit: turns at once; more get 429. 0 for no limit.
        faults: "kind=share,…" of FAULTS, by hash of the request and the attempt; a share of 1 is every attempt.
        die_after: the process ends without a word when so many turns were spoken; 0 for never.
        rate: sample rate of what it speaks.
        key: the API key that is asked for; empty for none.
        voice: "buzz" or "espeak".
    """

    port: int = 0
    latency: float = 0.0
    limit: int = 0
    faults: str = ""
    die_after: int = 0
    rate: int = 24_000
    key: str = ""
    voice: str = "buzz"

    def shares(self) -> dict[str, float]:
        """Faults as {kind: share}; ValueError for an unknown kind."""
        shares: dict[str, float] = {}
        for item in filter(None, self.faults.split(",")):
            kind, _, share = item.strip().partition("=")
            if kind not in FAULTS:
                raise ValueError(f"no fault named {kind}; there are {FAULTS}")
            shares[kind] = float(share or 1.0)
        return shares


def _digest(*parts: object) -> int:
    return int.from_bytes(hashlib.sha256("\x1f".join(map(str, parts)).encode()).digest()[:6], "big")


def buzz(text: str, voice: str, rate: int, speed: float = 1.0) -> np.ndarray:
    """int16 [n]: syllables of a buzz, 15 letters a second, pitch and timbre by the voice's name."""
    letters = max(sum(c.isalnum() or c == " " for c in text), 3)
    wide = sum(ord(c) > 0x2E80 for c in text)
    seconds = ((letters - wide) / 15 + wide * 0.24) / speed
    n = int(seconds * rate)
    t = np.arange(n) / rate
    seed = _digest("voice", voice)
    f0 = 80.0 * 2.0 ** (seed % 1000 / 1000 * 1.8)
    slope = 0.6 + (seed // 1000) % 100 / 100
    pitch = f0 * (1.0 + 0.06 * np.sin(2 * np.pi * 0.7 * t + _digest(text) % 7))
    phase = 2 * np.pi * np.cumsum(pitch) / rate
    tone = sum(np.sin(k * phase) / k**slope for k in range(1, int(min(24, 7000 / f0))))
    syllables = 0.55 - 0.45 * np.cos(2 * np.pi * 4.5 * speed * t)
    ends = np.minimum(1.0, np.minimum(t, seconds - t) / 0.04)
    x = np.asarray(tone) * syllables * ends
    pad = np.zeros(int(0.15 * rate))
    whole = np.concatenate([pad, x / (np.max(np.abs(x)) + 1e-9) * 0.5, pad, pad])
    return (whole * 32767).astype("<i2")


def espeak(text: str, voice: str, rate: int, speed: float = 1.0) -> np.ndarray:
    """int16 [n]: espeak-ng in a process of its own, pitch by the voice's name."""
    import espeakng_loader

    from audio_reasoner.core.audio import resample, to_pcm16
    from audio_reasoner.synth.voices import child as voice_child

    variant = ("m1", "m3", "m7", "f1", "f2", "f5", "Annie", "belinda")[_digest("voice", voice) % 8]
    job = {
        "library": espeakng_loader.get_library_path(), "data": str(espeakng_loader.get_data_path()), "text": text,
        "voice": f"en-us+{variant}", "rate": int(170 * speed), "pitch": 20 + _digest(voice) % 60, "range": 50,
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(voice_child.__file__)], input=json.dumps(job).encode(), capture_output=True
    )
    pcm = np.frombuffer(done.stdout[4:], "<i2").astype(np.float32) / 32768
    return to_pcm16(resample(pcm, int.from_bytes(done.stdout[:4], "little"), rate))


def wav(pcm: np.ndarray, rate: int) -> bytes:
    """A WAV file of int16 samples."""
    out = io.BytesIO()
    with wave.open(out, "wb") as f:
        f.setnchannels(1)
        f.setsampwidth(2)
        f.setframerate(rate)
        f.writeframes(pcm.tobytes())
    return out.getvalue()


class Server:
    """The server; `await start()`, use `url`, `await stop()`."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.shares = options.shares()
        self.url = ""
        self.requests = self.spoken = self.in_flight = self.peak = 0
        self.faults: Counter[str] = Counter()
        self.attempts: Counter[str] = Counter()
        self.paths: Counter[str] = Counter()
        self.voices: Counter[str] = Counter()
        self.texts: Counter[str] = Counter()
        self.last: dict[str, Any] = {}
        self._runner: web.AppRunner | None = None

    async def start(self) -> str:
        """Listen; returns the root URL."""
        app = web.Application(client_max_size=1 << 26)
        app.add_routes(
            [
                web.post("/v1/audio/speech", self._openai),
                web.post("/inference_zero_shot", self._cosyvoice),
                web.post("/inference_instruct2", self._cosyvoice),
                web.get("/stats", self._stats),
            ]
        )
        self._runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.options.port)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self.url

    async def stop(self) -> None:
        """Close the socket."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _openai(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        for name in ("model", "input", "voice"):
            if not isinstance(body.get(name), str) or not body[name]:
                return web.json_response({"error": {"message": f"{name} is missing"}}, status=400)
        self.last = {k: body[k] for k in body}
        return await self._speak(request, body["input"], body["voice"], float(body.get("speed", 1.0)), as_wav=True)

    async def _cosyvoice(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        words = "instruct_text" if request.path.endswith("instruct2") else "prompt_text"
        prompt = form.get("prompt_wav")
        if "tts_text" not in form or words not in form or not isinstance(prompt, web.FileField):
            return web.json_response({"detail": [{"msg": "Field required"}]}, status=422)
        data = prompt.file.read()
        with wave.open(io.BytesIO(data)) as f:
            seconds = f.getnframes() / f.getframerate()
        if not 1.0 <= seconds <= 30.0:
            return web.json_response({"detail": "the prompt does not last 1 to 30 s"}, status=400)
        self.last = {"tts_text": form["tts_text"], words: form[words], "prompt_s": seconds}
        return await self._speak(
            request, str(form["tts_text"]), hashlib.sha256(data).hexdigest()[:12], 1.0, as_wav=False
        )

    async def _speak(
        self, request: web.Request, text: str, voice: str, speed: float, *, as_wav: bool
    ) -> web.StreamResponse:
        options = self.options
        self.requests += 1
        self.paths[request.path] += 1
        if options.key and request.headers.get("Authorization") != f"Bearer {options.key}":
            return web.json_response({"error": {"message": "Incorrect API key provided"}}, status=401)
        if options.limit and self.in_flight >= options.limit:
            self.faults["429"] += 1
            return web.json_response({"error": {"message": "busy"}}, status=429, headers={"Retry-After": "0.05"})
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)
        try:
            asked = f"{text}/{voice}"
            attempt = self.attempts[asked]
            self.attempts[asked] += 1
            fault = self._fault(asked, attempt)
            await asyncio.sleep(options.latency)
            if options.die_after and self.spoken >= options.die_after:
                os._exit(9)
            if fault:
                self.faults[fault] += 1
            self.voices[voice] += 1
            self.texts[asked] += 1
            self.spoken += 1
            say = espeak if options.voice == "espeak" else buzz
            pcm = await asyncio.to_thread(say, text, voice, options.rate, speed)
            return await self._reply(request, pcm, fault, as_wav=as_wav)
        finally:
            self.in_flight -= 1

    def _fault(self, asked: str, attempt: int) -> str:
        at, below = _digest("fault", asked, attempt) % 10**9 / 10**9, 0.0
        for kind, share in self.shares.items():
            below += share
            if at < below:
                return kind
        return ""

    async def _reply(self, request: web.Request, pcm: np.ndarray, fault: str, *, as_wav: bool) -> web.StreamResponse:
        rate = self.options.rate
        if fault in ("500", "503", "429", "400", "401", "404"):
            return web.json_response({"error": {"message": f"made to fail with {fault}"}}, status=int(fault))
        if fault == "reset":
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        if fault == "stall":
            await asyncio.sleep(3600)
        if fault == "html":
            return web.Response(text="<html><body>502 Bad Gateway</body></html>", content_type="text/html")
        if fault in ("json", "json_200"):
            return web.json_response({"error": {"message": "model is still loading"}}, status=200)
        if fault == "mp3":
            frame = b"\xff\xfb\x90\x64" + bytes(413)
            return web.Response(body=b"ID3\x04\x00\x00\x00\x00\x00\x00" + frame * 20, content_type="audio/mpeg")
        if fault == "empty":
            return web.Response(body=b"", content_type="audio/wav")
        if fault == "garbage":
            return web.Response(body=b"RIFF\x00\x00\x00\x00WAVEfmt broken", content_type="audio/wav")
        if fault == "rate":
            return web.Response(body=wav(pcm[::3], 8_000), content_type="audio/wav")
        if fault == "silent":
            pcm = np.zeros_like(pcm)
        elif fault == "short":
            pcm = pcm[: len(pcm) // 5]
        elif fault == "cut":
            pcm = pcm[: int(0.15 * rate) + int(np.argmax(np.abs(pcm[int(0.15 * rate) :]))) + len(pcm) // 2]
            pcm = np.concatenate([pcm, np.full(rate // 50, 12_000, dtype="<i2") * np.resize([1, -1], rate // 50)])
        elif fault == "endless":
            pcm = np.tile(pcm, 12)
        body = wav(pcm.astype("<i2"), rate) if as_wav else pcm.astype("<i2").tobytes()
        if fault == "half":
            body = body[:-1]
        # In pieces and without a length, as the real runtimes stream.
        response = web.StreamResponse(headers={"Content-Type": "audio/wav"} if as_wav else {})
        await response.prepare(request)
        for at in range(0, len(body), 1 << 15):
            await response.write(body[at : at + (1 << 15)])
        await response.write_eof()
        return response

    async def _stats(self, _: web.Request) -> web.Response:
        return web.json_response(
            {
                "requests": self.requests, "spoken": self.spoken, "peak": self.peak, "faults": self.faults,
                "paths": self.paths, "voices": self.voices, "twice": sum(n > 1 for n in self.texts.values()),
                "last": self.last,
            }
        )  # fmt: skip


class Remote:
    """A server in a process of its own."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self.process = process
        self.url = url

    def stats(self) -> dict[str, Any]:
        """Its counts."""
        with urllib.request.urlopen(f"{self.url}/stats", timeout=10) as reply:
            return dict(json.load(reply))


@contextlib.contextmanager
def serving(options: Options, wait_s: float = 20.0) -> Iterator[Remote]:
    """A server in a process of its own, ended with the block."""
    flags = [f"--{k.replace('_', '-')}={v}" for k, v in asdict(options).items()]
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).resolve()), *flags],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        ready, _, _ = select.select([process.stdout], [], [], wait_s)
        url = process.stdout.readline().strip() if ready else ""
        if not url:
            raise RuntimeError(f"the speech server did not start within {wait_s:g} s")
        yield Remote(process, url)
    finally:
        process.kill()
        process.wait()


async def _main(options: Options) -> None:
    server = Server(options)
    print(await server.start(), flush=True)
    while True:
        await asyncio.sleep(3600)


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for f in fields(Options):
        parser.add_argument(f"--{f.name.replace('_', '-')}", type=type(f.default), default=f.default)
    options = Options(**vars(parser.parse_args()))
    began = time.monotonic()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_main(options))
    print(f"{time.monotonic() - began:.1f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
