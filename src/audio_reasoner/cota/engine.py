"""The build: all clips of a run through the pipeline, then the data set.

Decision: one event loop, one coroutine per clip in a bounded window, computing in the process pool. The ledger is the
only state: to resume is to start again and leave out what is there. The data set is written at the end, from the ledger
alone, so it is the same however often the build was interrupted; a Ctrl-C leaves the last complete data set in place.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import json
import logging
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypedDict, Unpack

from audio_reasoner import compute, teachers
from audio_reasoner.clients.ledger import Ledger
from audio_reasoner.core.errors import EXIT_INTERRUPTED, EXIT_OK, EXIT_QUARANTINED, EXIT_SPEND_CAP, ConfigError
from audio_reasoner.core.memory import rare_collections
from audio_reasoner.core.records import Clip
from audio_reasoner.core.run import RunDir, run_lock
from audio_reasoner.cota.collect import rows_of_plan
from audio_reasoner.cota.crew import Crew, Meter, check_calls, crew_of
from audio_reasoner.cota.keep import keep_key
from audio_reasoner.cota.pipeline import Pipeline, Stopped, StopsBuild
from audio_reasoner.cota.plan import FACTS, BuildSettings, Plan, Survey, make_plan, survey
from audio_reasoner.cota.progress import Progress, Tally, Watcher, progress_key
from audio_reasoner.cota.progress import current_plan as current_plan
from audio_reasoner.cota.units import decisions

log = logging.getLogger(__name__)
GRACE_S = 1.5
"""How long a Ctrl-C waits for the steps in flight."""
BEAT_S = 2.0
"""How often the progress is noted in the ledger, for `status`."""
VIEW_S = 0.5
"""How often the view is told of the calls."""
CALLS_GRACE_S = 4.0
"""How long a Ctrl-C waits for calls in flight, which are paid."""
WIDEST = 4096
"""Most clips on their way at once; bounds memory."""


@dataclass(frozen=True)
class BuildResult:
    """What a build left behind. Sample figures are those of the whole plan, `rows` those of the written data set."""

    plan_id: str
    clips: int
    clips_done: int
    accepted: int
    rejected: int
    quarantined: int
    interrupted: bool
    seconds: float
    rows: int | None

    spent_usd: float = 0.0
    capped: str = ""

    @property
    def exit_code(self) -> int:
        """0 done, 4 finished with quarantined items, 5 the money or the quota is spent, 130 interrupted."""
        if self.interrupted:
            return EXIT_INTERRUPTED
        if self.capped:
            return EXIT_SPEND_CAP
        return EXIT_QUARANTINED if self.quarantined else EXIT_OK


class BuildOptions(TypedDict, total=False):
    """How a build is run; none of it changes a sample.

    limit: only the first so many clips in order of clip_id; a later build without it goes on.
    retry_failed: try the plan's quarantined units once more.
    workers: processes for computing; None is `compute.default_workers()`.
    watch: called with the progress whenever a clip is done, every second, and between phases.
    on_stop: called at the first Ctrl-C.
    """

    limit: int | None
    retry_failed: bool
    workers: int | None
    watch: Watcher
    on_stop: Callable[[], None]


@dataclass
class Job:
    """A build in progress. `pilot` names the clips whose calls are metered for a forecast."""

    run: RunDir
    plan: Plan
    survey: Survey
    ledger: Ledger
    chosen: int
    todo: set[str]
    retry: bool
    workers: int
    progress: Progress
    watch: Watcher
    on_stop: Callable[[], None]
    seconds_before: float
    interrupted: bool = False
    capped: str = ""
    pilot: frozenset[str] = frozenset()
    meter: Meter | None = None

    @property
    def seconds(self) -> float:
        """Since the session began."""
        return time.monotonic() - self.progress.started

    def beat(self) -> tuple[str, dict[str, object]]:
        """What `status` is told: a meta key and its value."""
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        return progress_key(self.plan.plan_id), {
            "at": now,
            "total": self.chosen,  # of the build, also while its pilot runs
            "clips_in_run": len(self.survey.clip_ids),
            "rate": round(self.progress.rate, 3),
            "seconds": round(self.seconds_before + self.seconds, 3),
            "phase": self.progress.phase,
            "calls": self.progress.calls_noted(),
        }


async def build(run: RunDir, settings: BuildSettings | None = None, **options: Unpack[BuildOptions]) -> BuildResult:
    """Build (or go on building) the data set of a run with the teacher that the settings name.

    Args:
        run: an existing run directory with clips.
        settings: what decides the samples (the plan's id covers that), and limits.
        options: see `BuildOptions`.

    Returns:
        The result; after a Ctrl-C with `interrupted` set and no data set written, at the spend cap with `capped` set
        and the data set of all finished clips.

    Raises:
        LockedError: somebody else builds here.
        ConfigError: no clips, unknown teacher, a key that is refused, a missing price.
        EnvironmentProblem: disk full, or the teacher does not answer any more; running it again goes on.
    """
    with prepared(run, settings, options) as job:
        await process(job)
        return _finish(job)


def build_sync(run: RunDir, settings: BuildSettings | None = None, **options: Unpack[BuildOptions]) -> BuildResult:
    """`build` for callers without an event loop. Ctrl-C works at once outside the loop too."""
    with prepared(run, settings, options) as job:
        asyncio.run(process(job))
        try:
            return _finish(job)
        except KeyboardInterrupt:
            job.interrupted = True
            return _result(job, None)


@contextlib.contextmanager
def prepared(run: RunDir, settings: BuildSettings | None, options: BuildOptions) -> Iterator[Job]:
    """The job with the run's lock and its open ledger."""
    settings = settings or BuildSettings()
    limit, retry = options.get("limit"), options.get("retry_failed", False)
    workers = options.get("workers")
    check_settings(settings)
    count = compute.default_workers() if workers is None else workers
    with run_lock(run):
        seen = survey(run)
        plan = make_plan(settings, seen.vocabulary)
        with Ledger(run.ledger_path) as ledger:
            changed = _changed(ledger, plan.plan_id, seen)
            quarantined = [q for q in ledger.quarantined(plan.plan_id) if q.clip_id not in changed]
            # One commit before anything is tried: a crash in between must not leave a clip both done and forgotten.
            again = {q.clip_id for q in quarantined} if retry else set()
            done = ledger.done_clips(plan.plan_id) - changed - again
            chosen = seen.clip_ids if limit is None else seen.clip_ids[:limit]
            todo = set(chosen) - done
            if todo:  # a build that asks nobody needs no key: other filters, or the data set written again
                check_calls(settings)
            ledger.write(
                [
                    ledger.put_plan(plan.plan_id, plan.config),
                    ledger.set_meta("current_plan", plan.plan_id),
                    ledger.set_meta(keep_key(plan.plan_id), settings.keep.model_dump()),
                    *(w for clip_id in sorted(changed) for w in ledger.forget_clip(clip_id, plan.plan_id)),
                    *(ledger.forget_done(clip_id, plan.plan_id) for clip_id in sorted(again)),
                ]
            )
            if changed:
                log.info("%d clips have other labels or evidence than when they were built: again", len(changed))
            decided = decisions(ledger, plan.plan_id)
            done_chosen = sum(c in done for c in chosen)
            tally = Tally(
                clips=done_chosen,
                accepted=decided.accepted,
                rejected=decided.rejected,
                quarantined=len(quarantined),
            )
            before = ledger.meta(progress_key(plan.plan_id)) or {}
            log.info(
                "plan %s: %d of %d clips to do", plan.plan_id, len(chosen) - done_chosen, len(seen.clip_ids),
                extra={"fields": {"plan": plan.config, "limit": limit, "workers": count}},
            )  # fmt: skip
            yield Job(
                run=run,
                plan=plan,
                survey=seen,
                ledger=ledger,
                chosen=len(chosen),
                todo=todo,
                retry=retry,
                workers=count,
                progress=Progress(total=len(chosen), tally=tally, done_before=done_chosen, max_cost=settings.max_cost),
                watch=options.get("watch", lambda _: None),
                on_stop=options.get("on_stop", lambda: None),
                seconds_before=float(before.get("seconds", 0.0)),
            )


def _changed(ledger: Ledger, plan_id: str, seen: Survey) -> set[str]:
    """Clips about which something else is known now than when the plan worked on them."""
    built = {unit: bytes.fromhex(json.loads(text)) for unit, _, text in ledger.each_derived(plan_id, [FACTS])}
    if not built:
        return set()
    return {c for c, facts in zip(seen.clip_ids, seen.facts, strict=True) if built.get(c, facts) != facts}


def check_settings(settings: BuildSettings) -> None:
    """Refuse before anything is touched what can be refused.

    Raises:
        ConfigError: an unknown teacher, judge, solver or question type.
    """
    teachers.check_spec(settings.teacher, settings.families)
    for role, spec in (("judge", settings.judge), ("solver", settings.solver)):
        if spec is None:
            continue
        if not teachers.is_remote(spec):
            raise ConfigError(
                f"The {spec} teacher cannot be a {role}.",
                code=f"{role}.offline",
                hint="Name a language model, e.g. openai:MODEL@http://host:8000/v1 or gemini:MODEL.",
            )
        teachers.check_spec(spec)


async def process(job: Job) -> None:
    """All clips that are to be done, through the pipeline."""
    job.watch(job.progress)
    if not job.todo:
        return
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    settings = job.plan.settings
    with compute.Pool(job.workers) as pool:
        async with (
            compute.Batcher(pool) as batcher,
            crew_of(settings, job.plan, job.ledger, batcher, job.pilot, job.retry) as crew,
        ):
            job.meter = crew.meter
            pipeline = Pipeline(
                plan=job.plan,
                teacher=crew.teacher,
                ledger=job.ledger,
                batcher=batcher,
                judge=crew.judge,
                solver=crew.solver,
                solver_hears=settings.solver is not None and teachers.hears(settings.solver),
                remote=teachers.is_remote(settings.teacher),
                quarantine={(q.unit_id, q.stage): q for q in job.ledger.quarantined(job.plan.plan_id)},
                retry=job.retry,
                tally=job.progress.tally,
                outages=crew.outages,
            )

            def interrupt() -> None:
                job.interrupted = True
                pipeline.stopping = True
                batcher.drop_waiting()
                stop.set()
                job.on_stop()
                for sig in signals:
                    loop.remove_signal_handler(sig)
                    signal.signal(sig, signal.SIG_DFL)  # the second one kills

            signals: list[signal.Signals] = []
            for sig in (signal.SIGINT, signal.SIGTERM):
                with contextlib.suppress(ValueError, RuntimeError, NotImplementedError):  # not in the main thread
                    loop.add_signal_handler(sig, interrupt)
                    signals.append(sig)
            heart = asyncio.create_task(_beats(job, crew))
            try:
                await _feed(job, pipeline, crew, stop)
            finally:
                heart.cancel()
                _look(job, crew)
                if not job.interrupted:
                    for sig in signals:
                        loop.remove_signal_handler(sig)
            if pipeline.capped is not None:
                job.capped = str(pipeline.capped)
    with contextlib.suppress(Exception):
        await job.ledger.commit([job.ledger.set_meta(*job.beat())])


def _look(job: Job, crew: Crew) -> None:
    """Bring the progress up to date with the calls."""
    if crew.caller is not None:
        job.progress.calls = crew.caller.stats()
        job.progress.waiting = any(outage.down for outage in crew.outages.values())


async def _beats(job: Job, crew: Crew) -> None:
    while True:
        _look(job, crew)
        await job.ledger.commit([job.ledger.set_meta(*job.beat())])
        for _ in range(round(BEAT_S / VIEW_S)):
            await asyncio.sleep(VIEW_S)
            _look(job, crew)
            job.watch(job.progress)


def _window(job: Job, crew: Crew) -> int:
    """How many clips may be on their way: enough for the workers, and for twice the calls that are allowed at once."""
    window = max(16, 48 * job.workers)
    if crew.caller is not None:
        window += 2 * sum(crew.caller.stats().limits.values())
    return min(WIDEST, window)


async def _feed(job: Job, pipeline: Pipeline, crew: Crew, stop: asyncio.Event) -> None:
    """Start the clips' coroutines, a window of them at a time, and wait for all.

    Raises:
        AudioReasonerError: the first one that concerns the whole build; the others are cancelled.
    """
    from audio_reasoner.dataset import read_clips

    room = asyncio.Event()
    tasks: set[asyncio.Task[None]] = set()
    fatal: list[BaseException] = []

    def ended(task: asyncio.Task[None]) -> None:
        tasks.discard(task)
        room.set()
        if task.cancelled():
            return
        error = task.exception()
        if error is None:
            if job.progress.first_done is None:
                job.progress.first_done = time.monotonic()
            job.watch(job.progress)
        elif not isinstance(error, Stopped):
            fatal.append(error.error if isinstance(error, StopsBuild) else error)
            pipeline.stopping = True
            stop.set()

    for seq, clip in enumerate(_clips(job, read_clips(job.run.path))):
        if clip is None:
            continue
        while len(tasks) >= _window(job, crew) and not stop.is_set():
            room.clear()
            with contextlib.suppress(TimeoutError):  # the window may have grown
                await asyncio.wait_for(room.wait(), VIEW_S)
        if stop.is_set() or pipeline.capped is not None:
            break
        task = asyncio.create_task(pipeline.clip_to_samples(clip, seq))
        tasks.add(task)
        task.add_done_callback(ended)
    stopped = asyncio.create_task(stop.wait())
    while tasks and not stop.is_set():
        await asyncio.wait([*tasks, stopped], return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=GRACE_S if crew.caller is None else CALLS_GRACE_S)
    left = list(tasks)
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    if fatal:
        raise fatal[0]


def _clips(job: Job, clips: Iterator[Clip]) -> Iterator[Clip | None]:
    """The chosen clips in order; None stands for one that is done, so that places can be counted."""
    for seq, clip in enumerate(clips):
        if seq >= job.chosen:
            return
        yield clip if clip.clip_id in job.todo else None


def _finish(job: Job) -> BuildResult:
    if job.interrupted:
        return _result(job, None)
    from audio_reasoner.dataset import write_dataset

    job.progress.phase = "data set"
    job.watch(job.progress)
    with rare_collections():
        rows = write_dataset(job.run.dataset_dir, rows_of_plan(job.run, job.ledger, job.plan.plan_id))
    job.progress.phase = "capped" if job.capped else "done"
    job.ledger.write([job.ledger.set_meta(*job.beat())])
    job.watch(job.progress)
    return _result(job, rows)


def _result(job: Job, rows: int | None) -> BuildResult:
    tally = job.progress.tally
    log.info(
        "%s: %d clips, %d accepted, %d rejected, %d quarantined, %.1f s",
        "interrupted" if job.interrupted else "capped" if job.capped else "done",
        tally.clips, tally.accepted, tally.rejected, tally.quarantined, job.seconds,
    )  # fmt: skip
    return BuildResult(
        plan_id=job.plan.plan_id,
        clips=job.progress.total,
        clips_done=tally.clips,
        accepted=tally.accepted,
        rejected=tally.rejected,
        quarantined=tally.quarantined,
        interrupted=job.interrupted,
        seconds=job.seconds,
        rows=rows,
        spent_usd=0.0 if job.progress.calls is None else job.progress.calls.spent_micro / 1e6,
        capped=job.capped,
    )
