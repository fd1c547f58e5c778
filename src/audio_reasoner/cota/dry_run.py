"""What a build will need: calls, tokens, money and time, from a pilot of real calls.

Decision: a few clips, spread over tasks and lengths, go through the whole pipeline. Their results stand in the ledger,
so the build does not pay for them again, and a second dry run reads the pilot's figures instead of calling. From their
mean per clip the rest is extrapolated with a 90 % interval (Student's t); few clips give a wide one, and it says so.
"""

from __future__ import annotations

import asyncio
import math
import statistics
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from audio_reasoner import teachers
from audio_reasoner.clients.ledger import LedgerReader
from audio_reasoner.core.errors import QuotaError
from audio_reasoner.core.ids import derive_seed
from audio_reasoner.core.records import Clip
from audio_reasoner.core.run import RunDir
from audio_reasoner.cota.crew import Used
from audio_reasoner.cota.engine import BuildOptions, Job, prepared, process
from audio_reasoner.cota.plan import BuildSettings

GROUNDED_PILOT = 40
"""Clips of a pilot that costs nothing but time."""
_T90 = (6.314, 2.920, 2.353, 2.132, 2.015, 1.943, 1.895, 1.860, 1.833, 1.812)
"""Student's t for 90 % within, by degrees of freedom from 1; beyond these 1.7 is close enough."""


@dataclass(frozen=True)
class Estimate:
    """A sum over all clips that are left, with its 90 % interval; equal ends where one clip is all there is."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class StageForecast:
    """What one kind of call will need for the clips that are left. Money in USD."""

    kind: str
    calls: Estimate
    tokens_in: Estimate
    tokens_out: Estimate
    cost_usd: Estimate


@dataclass(frozen=True)
class Forecast:
    """What a build will need.

    Attributes:
        clips: of the build; `left` of them are still to do, the pilot's not counted.
        pilot: clips that the figures come from; `spent_usd` what the pilot's calls have cost, now or earlier.
        stages: by kind of call; empty for a teacher that calls nobody. `total` sums them.
        priced: whether every model has a price.
        seconds: how long the rest will take at `limit`, or None if that cannot be said.
        limit: what holds the build back, in words.
        clips_per_s: of a teacher that calls nobody.
    """

    clips: int
    left: int
    pilot: int
    spent_usd: float
    stages: tuple[StageForecast, ...]
    total: StageForecast | None
    priced: bool
    seconds: float | None
    limit: str
    clips_per_s: float | None = None


def pilot_key(plan_id: str) -> str:
    """Meta key of a pilot's figures."""
    return f"pilot:{plan_id}"


def dry_run(run: RunDir, settings: BuildSettings | None = None, *, pilot: int = 5, **options: Any) -> Forecast:
    """Run the pilot and extrapolate.

    Args:
        run: an existing run directory with clips.
        settings: as for `build`.
        pilot: clips to try (a teacher that calls nobody tries more).
        options: `BuildOptions`.

    Raises:
        QuotaError: the spend cap does not allow the pilot.
        AudioReasonerError: as `build`.
    """
    how = BuildOptions(**options)  # type: ignore[typeddict-item]
    with prepared(run, settings, how) as job:
        remote = any(teachers.is_remote(spec) for spec in job.plan.settings.specs)
        known = _known(job.ledger, job.plan.plan_id) if remote else {}
        wanted = (pilot if remote else max(pilot, GROUNDED_PILOT)) - len(known)
        chosen = _spread(job, max(0, wanted)) if job.todo else []
        all_todo = set(job.todo)
        begun = time.monotonic()
        if chosen:
            job.todo, job.pilot = set(chosen), frozenset(chosen)
            job.progress.total = len(chosen)
            asyncio.run(process(job))
            if job.capped:
                raise QuotaError(f"The pilot did not fit: {job.capped}", code="spend.cap")
            job.progress.phase = "pilot"
            job.ledger.write([job.ledger.set_meta(*job.beat())])
        seconds = time.monotonic() - begun
        left = len(all_todo - set(chosen))
        if not remote:
            first = job.progress.first_done
            rate = (len(chosen) - 1) / max(1e-3, time.monotonic() - first) if first and len(chosen) > 1 else None
            rate = rate if rate is None else max(rate, len(chosen) / seconds)
            limit = f"{job.workers} processes" if job.workers else "this process"
            return Forecast(
                job.chosen, left, len(chosen), 0.0, (), None, True, left / rate if rate else None, limit, rate
            )
        assert job.meter is not None or not chosen
        used = {**known, **_by_clip(job, chosen)}
        job.ledger.write(
            [job.ledger.set_meta(pilot_key(job.plan.plan_id), {c: _plain(kinds) for c, kinds in used.items()})]
        )
        return _forecast(job, used, left)


def _known(ledger: LedgerReader, plan_id: str) -> dict[str, dict[str, Used]]:
    noted = ledger.meta(pilot_key(plan_id)) or {}
    return {clip: {kind: Used(**fields) for kind, fields in kinds.items()} for clip, kinds in noted.items()}


def _plain(kinds: dict[str, Used]) -> dict[str, Any]:
    return {kind: asdict(used) for kind, used in kinds.items()}


def _by_clip(job: Job, chosen: Sequence[str]) -> dict[str, dict[str, Used]]:
    out: dict[str, dict[str, Used]] = {clip: {} for clip in chosen}
    if job.meter is not None:
        for (clip, kind), used in job.meter.used.items():
            out[clip][kind] = used
    return out


def _spread(job: Job, n: int) -> list[str]:
    """Clips in turn from every task, and in each from short to long."""
    from audio_reasoner.dataset import read_clips
    from audio_reasoner.grounded import task_of

    by_task: dict[str, list[tuple[float, int, str]]] = defaultdict(list)
    clip: Clip
    for clip in read_clips(job.run.path):
        if clip.clip_id in job.todo:
            by_task[task_of(clip)].append((clip.duration_s, derive_seed(0, clip.clip_id), clip.clip_id))
    tasks = [sorted(by_task[task]) for task in sorted(by_task, key=lambda t: (-len(by_task[t]), t))]
    share = [n // len(tasks) + (i < n % len(tasks)) for i in range(len(tasks))]
    chosen: list[str] = []
    for clips, k in zip(tasks, share, strict=True):
        k = min(k, len(clips))
        chosen += [clips[(2 * i + 1) * len(clips) // (2 * k)][2] for i in range(k)]
    return chosen


def _estimate(per_clip: Sequence[float], left: int) -> Estimate:
    mean = statistics.fmean(per_clip)
    if len(per_clip) < 2:
        return Estimate(mean * left, mean * left, mean * left)
    t = _T90[len(per_clip) - 2] if len(per_clip) - 2 < len(_T90) else 1.7
    half = t * statistics.stdev(per_clip) / math.sqrt(len(per_clip))
    return Estimate(mean * left, max(0.0, mean - half) * left, (mean + half) * left)


def _stage(kind: str, used: Sequence[Used], left: int) -> StageForecast:
    return StageForecast(
        kind,
        calls=_estimate([u.calls for u in used], left),
        tokens_in=_estimate([u.tokens_in for u in used], left),
        tokens_out=_estimate([u.tokens_out for u in used], left),
        cost_usd=_estimate([u.cost_micro / 1e6 for u in used], left),
    )


def _forecast(job: Job, used: dict[str, dict[str, Used]], left: int) -> Forecast:
    settings = job.plan.settings
    clips = list(used.values())
    kinds = [k for k in ("annotate", "think", "judge", "solve") if any(k in c for c in clips)]
    kinds += sorted({k for c in clips for k in c} - set(kinds))
    sums = [
        Used(
            calls=sum(u.calls for u in c.values()),
            tokens_in=sum(u.tokens_in for u in c.values()),
            tokens_out=sum(u.tokens_out for u in c.values()),
            cost_micro=sum(u.cost_micro for u in c.values()),
            seconds=sum(u.seconds for u in c.values()),
            timed=sum(u.timed for u in c.values()),
        )
        for c in clips
    ]
    total = _stage("all", sums, left) if sums else None
    seconds, limit = _time(job, total, sums) if total is not None else (None, "")
    return Forecast(
        clips=job.chosen,
        left=left,
        pilot=len(clips),
        spent_usd=sum(u.cost_micro for u in sums) / 1e6,
        stages=tuple(_stage(kind, [c.get(kind, Used()) for c in clips], left) for kind in kinds),
        total=total,
        priced=_priced(settings),
        seconds=seconds,
        limit=limit,
    )


def _priced(settings: BuildSettings) -> bool:
    from audio_reasoner.clients.prices import PriceTable

    table = PriceTable.load(settings.prices)
    remote = [spec for spec in settings.specs if teachers.is_remote(spec)]
    return all(table.price(teachers.model_of(spec)) is not None for spec in remote)


def _time(job: Job, total: StageForecast, sums: Sequence[Used]) -> tuple[float | None, str]:
    """Seconds for the rest and what decides them: the slowest of the limits that are known."""
    settings = job.plan.settings
    ways: list[tuple[float, str]] = []
    if settings.rpm is not None:
        ways.append((total.calls.value / settings.rpm * 60, f"{settings.rpm:g} requests a minute"))
    if settings.tpm is not None:
        tokens = total.tokens_in.value + total.tokens_out.value
        ways.append((tokens / settings.tpm * 60, f"{settings.tpm:g} tokens a minute"))
    timed = sum(u.timed for u in sums)
    if timed:
        latency = sum(u.seconds for u in sums) / timed
        if settings.max_in_flight is not None:
            at_once, name = settings.max_in_flight, "calls at once"
        else:
            limits = job.progress.calls.limits.values() if job.progress.calls is not None else ()
            at_once, name = max(1, sum(limits)), "calls at once, where the pilot ended; the build will look for more"
        ways.append((total.calls.value * latency / at_once, f"{latency:.2f} s a call, {at_once} {name}"))
    return max(ways) if ways else (None, "")
