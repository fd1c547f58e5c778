"""How much of what a teacher's server could have served we get out of it, with the ledger on.

A loopback teacher (OpenAI protocol, log-normal latency of mean 1 s, its own process) refuses above 64 calls in flight,
or above 3,000 requests in a sliding minute, and does not say how long to wait. The same clips, each with three calls in
turn, are asked for through `Caller`: once told the limit, once left to find it out, and by a naive
`asyncio.gather` per stage with the SDK's own retries.

    python benchmarks/limit.py [--seconds 150] [--limit 64] [--quota 3000] [--only given,found,naive]

"could have served": places x time / mean latency of the calls it did serve; quota x minutes.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audio_reasoner.clients import Caller, ChatRequest, Ledger, Limits, Message, Sampling, parse_endpoint
from loopback import Running, in_process

STAGES = ("annotate", "think", "judge")
WARM_S = 60
SETTLE_S = 3
CLIPS_IN_PROGRESS = 512


@dataclass(frozen=True)
class Result:
    """Shares of what could have been served: in the first minute, afterwards, in all; 429s per call; calls lost."""

    name: str
    first: float
    after: float
    whole: float
    refused: float
    served: int
    lost: int
    groups: int = 0

    def row(self) -> str:
        return (
            f"{self.name:<28}{self.first:>10.1%}{self.after:>11.1%}{self.whole:>9.1%}{self.refused:>9.2%}"
            f"{self.served:>9}{self.lost:>7}{self.groups:>9}"
        )


def request(kind: str, clip: int) -> ChatRequest:
    """One call about a clip."""
    return ChatRequest(kind, (Message("user", f"{kind}: what is heard in clip {clip}?"),), Sampling(max_tokens=256))


async def ours(server: Running, limits: Limits, seconds: float, folder: Path) -> tuple[int, int]:
    """All we can get in so many seconds; returns 429s and the ledger's commits."""
    endpoint = parse_endpoint(f"openai:teacher@{server.openai_url}", {})
    numbers = itertools.count()
    with Ledger(folder / "ledger.sqlite") as ledger:
        async with Caller(ledger, limits=limits) as caller:

            async def clips() -> None:
                while True:
                    clip = next(numbers)
                    for priority, kind in enumerate(STAGES):
                        await caller.call(endpoint, request(kind, clip), parent_id=f"c{clip}", priority=priority)

            tasks = [asyncio.ensure_future(clips()) for _ in range(CLIPS_IN_PROGRESS)]
            done, _ = await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for task in done:
                task.result()
            return caller.stats().refused, ledger.groups


async def naive(server: Running, seconds: float) -> int:
    """A gather per stage over all clips, as one writes it first; returns calls that failed in the end."""
    import openai

    client = openai.AsyncOpenAI(base_url=server.openai_url, api_key="none", http_client=openai.DefaultAioHttpClient())
    lost = 0

    async def one(kind: str, clip: int) -> bool:
        try:
            await client.chat.completions.create(
                model="teacher", messages=[{"role": "user", "content": f"{kind}: what is heard in clip {clip}?"}]
            )
        except openai.APIError:
            return False
        return True

    async def all_stages() -> None:
        nonlocal lost
        for batch in itertools.count():
            clips = list(range(batch * CLIPS_IN_PROGRESS, (batch + 1) * CLIPS_IN_PROGRESS))
            for kind in STAGES:
                answers = await asyncio.gather(*(one(kind, clip) for clip in clips))
                lost += answers.count(False)
                clips = [clip for clip, good in zip(clips, answers, strict=True) if good]

    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await all_stages()
    await client.close()
    return lost


def measure(name: str, server_options: dict[str, Any], limits: Limits | None, seconds: float) -> Result:
    """One scenario; `limits` None is the naive one."""
    import openai  # noqa: F401 -- loaded before the clock starts

    options = {"latency": 1.0, "retry_after": False, **server_options}
    with in_process(**options) as server, tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        refused, lost, groups = 0, 0, 0
        if limits is None:
            lost = asyncio.run(naive(server, seconds))
        else:
            refused, groups = asyncio.run(ours(server, limits, seconds, Path(folder)))
        seconds = min(seconds, time.monotonic() - began)
        stats = server.stats()
    # Not the first seconds, in which no reply can be there yet, nor the last, which are cut.
    served = stats["served_per_second"][: max(SETTLE_S + 1, int(seconds) - 3)]
    settled = served[SETTLE_S:]
    if "limit" in options:
        rate = options["limit"] / (stats["latency_s"] / max(1, stats["admitted"]))
    else:
        rate = options["quota"] / 60
    refused = refused if limits is not None else sum(stats["refused"].values())
    total = sum(served)
    return Result(
        name,
        sum(served[SETTLE_S:WARM_S]) / (rate * max(1, min(len(served), WARM_S) - SETTLE_S)),
        sum(served[WARM_S:]) / (rate * max(1, len(served) - WARM_S)),
        sum(settled) / (rate * max(1, len(settled))),
        refused / max(1, stats["requests"]),
        total,
        lost,
        groups,
    )


def main() -> None:
    """Run all scenarios and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=150)
    parser.add_argument("--limit", type=int, default=64)
    parser.add_argument("--quota", type=int, default=3000)
    parser.add_argument("--only", default="given,found,naive")
    parser.add_argument("--servers", default="limit,quota")
    arguments = parser.parse_args()
    chosen = arguments.only.split(",")
    print(f"{'':<28}{'1st min':>10}{'afterwards':>11}{'whole':>9}{'429s':>9}{'served':>9}{'lost':>7}{'commits':>9}")
    line = []
    for what in arguments.servers.split(","):
        size = arguments.limit if what == "limit" else arguments.quota
        known = Limits(max_in_flight=size) if what == "limit" else Limits(requests_per_minute=size)
        for how, limits in (("given", known), ("found", Limits()), ("naive", None)):
            if how not in chosen:
                continue
            result = measure(f"{what} {size}, {how}", {what: size}, limits, arguments.seconds)
            print(result.row(), flush=True)
            share = result.after if how == "found" else result.whole
            line.append(f"{what}_{how}={share:.3f} {what}_{how}_429={result.refused:.4f}")
    print(" ".join(line))


if __name__ == "__main__":
    main()
