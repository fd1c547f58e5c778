"""The teacher's True/False in the same bench as the checks: fewer defects of each kind, because each costs a call.

Decision: the calls go through the same ledger and limiter as a build's; a second run with the same seed pays nothing.
A judge is measured on the very samples, before any check has seen them. A call that fails is counted and left out.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from audio_reasoner.checks.plant import Item, Planted
from audio_reasoner.clients.messages import AudioPart
from audio_reasoner.core.errors import LockedError, TeacherError
from audio_reasoner.core.records import Annotation, Clip, Evidence, Verdict
from audio_reasoner.cota.bench import Bench, Score, Watch, controls, defects
from audio_reasoner.teachers import Judge

AT_ONCE = 256


@dataclass(frozen=True)
class JudgeSettings:
    """Who judges, how many samples of each kind, and within which limits."""

    spec: str
    n: int = 20
    ledger: Path = Path("bench.ledger.sqlite")
    max_cost_usd: float | None = None
    prompts: Path | None = None


def hear(clip: Clip) -> AudioPart:
    """A clip's sound as it is sent, rendered when a call goes out."""

    async def wav() -> bytes:
        from audio_reasoner.cota.hear import _encode

        return await asyncio.to_thread(_encode, clip)

    return AudioPart(content_key=clip.content_key, seconds=clip.duration_s, wav=wav)


@contextlib.contextmanager
def _alone(ledger: Path) -> Iterator[None]:
    """One writer at a time: two benches with one ledger would pay twice."""
    path = ledger.with_name(ledger.name + ".lock")
    with path.open("a", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise LockedError(f"Another bench is writing {ledger}.", code="bench.locked") from error
        yield


def judge_bench(bench: Bench, items: list[Item], settings: JudgeSettings, watch: Watch | None = None) -> None:
    """Add a language model's scores to `bench`, under its own name.

    Raises:
        ConfigError: the teacher cannot judge (judge.offline), a key or price is missing.
        QuotaError: spend.cap.
    """
    asyncio.run(_run(bench, items, settings, watch))


async def _run(bench: Bench, items: list[Item], settings: JudgeSettings, watch: Watch | None) -> None:
    from audio_reasoner import teachers
    from audio_reasoner.clients.caller import Caller
    from audio_reasoner.clients.ledger import Ledger
    from audio_reasoner.clients.prices import PriceTable

    async with contextlib.AsyncExitStack() as stack:
        stack.enter_context(_alone(settings.ledger))
        ledger = stack.enter_context(Ledger(settings.ledger))
        caller = await stack.enter_async_context(
            Caller(ledger, prices=PriceTable.load(), max_cost_usd=settings.max_cost_usd)
        )
        judge = teachers.make_judge(settings.spec, seed=bench.seed, caller=caller, hear=hear, prompts=settings.prompts)
        await _measure(bench, items, judge, settings.n, watch)
        spent = caller.stats().spent_micro / 1e6
        bench.notes.append(
            f"{judge.name} ({judge.model}): {caller.stats().calls} calls, {spent:.4f} USD in this ledger."
        )


async def _measure(bench: Bench, items: list[Item], judge: Judge, n: int, watch: Watch | None) -> None:
    # Dialogues of the bench exist as timelines only: nobody can hear them.
    audible = [i for i in items if i.clip.source != "bench"]
    name = judge.name
    bench.judge = name
    bench.scores[name], bench.clean[name], bench.traps[name] = {}, Score(), Score()
    kinds = list(bench.scores["checks"])
    work: list[tuple[Score, Planted, bool]] = []
    rng = random.Random(f"{bench.seed}/clean")
    sound = rng.sample(audible, min(5 * n, len(audible)))
    work += [(bench.clean[name], Planted("clean", None, "", "", item), False) for item in sound]
    for kind in kinds:
        score = bench.scores[name][kind] = Score()
        work += [(score, planted, True) for planted in defects(kind, audible, n, bench.seed)]
        work += [(score, planted, False) for planted in controls(kind, audible, n, bench.seed)]
    work += [(bench.traps[name], planted, False) for planted in controls("trap", audible, 2 * n, bench.seed)]
    gate, done, failed = asyncio.Semaphore(AT_ONCE), 0, 0

    async def one(score: Score, planted: Planted, defect: bool) -> None:
        nonlocal done, failed
        async with gate:
            try:
                verdict = await _judged(judge, planted.item)
            except TeacherError:
                failed += 1
                return
            finally:
                done += 1
                if watch:
                    watch(f"{name} judges", done, len(work))
        _score(score, planted, verdict, defect)

    async with asyncio.TaskGroup() as group:
        for entry in work:
            group.create_task(one(*entry))
    if failed:
        bench.notes.append(f"{failed} of {len(work)} calls gave no usable reply and are left out.")


async def _judged(judge: Judge, item: Item) -> Verdict:
    evidence = item.evidence or Evidence(content_key=item.clip.content_key, version="none")
    annotation = item.annotation or Annotation(caption=item.chain.caption, questions=(item.question,))
    return await judge.judge(item.clip, evidence, annotation, item.question, item.chain)


def _score(score: Score, planted: Planted, verdict: Verdict, defect: bool) -> None:
    half, rejected = planted.half or "all", verdict.decision == "rejected"
    if defect:
        score.planted[half] += 1
        score.found[half] += rejected
        score.reasons.update({f.code for f in verdict.findings} if rejected else set())
    else:
        score.controls[half] += 1
        score.alarms[half] += rejected
