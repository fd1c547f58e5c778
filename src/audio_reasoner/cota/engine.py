"""The build: all clips of a run through the pipeline, then the data set.

Decision: one event loop, one coroutine per clip in a bounded window, computing in the process pool. The ledger is the
only state: to resume is to start again and leave out what is there. The data set is written at the end, from the ledger
alone, so it is the same however often the build was interrupted; a Ctrl-C leaves the last complete data set in place.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import logging
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from audio_reasoner import compute, teachers
from audio_reasoner.clients.ledger import Ledger, LedgerReader
from audio_reasoner.core.errors import EXIT_INTERRUPTED, EXIT_OK, EXIT_QUARANTINED
from audio_reasoner.core.records import Clip
from audio_reasoner.core.run import RunDir, run_lock
from audio_reasoner.cota.collect import rows_of_plan
from audio_reasoner.cota.pipeline import Pipeline, Stopped, Tally
from audio_reasoner.cota.plan import BuildSettings, Plan, Survey, make_plan, survey

log = logging.getLogger(__name__)
GRACE_S = 1.5
"""How long a Ctrl-C waits for the steps in flight."""
BEAT_S = 2.0
"""How often the progress is noted in the ledger, for `status`."""


@dataclass
class Progress:
    """How far a build is. `total` counts the clips of this build (all, or `--limit`), `tally` the whole plan."""

    total: int
    tally: Tally
    done_before: int
    phase: str = "clips"
    started: float = field(default_factory=time.monotonic)
    first_done: float | None = None

    @property
    def rate(self) -> float:
        """Clips per second since the first one was done (workers take seconds to start); 0 until a few are."""
        finished = self.tally.clips - self.done_before
        if self.first_done is None or finished < 8:
            return 0.0
        return finished / max(1e-6, time.monotonic() - self.first_done)


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

    @property
    def exit_code(self) -> int:
        """0 done, 4 finished with quarantined items, 130 interrupted."""
        if self.interrupted:
            return EXIT_INTERRUPTED
        return EXIT_QUARANTINED if self.quarantined else EXIT_OK


Watcher = Callable[[Progress], None]


@dataclass
class _Job:
    run: RunDir
    plan: Plan
    survey: Survey
    ledger: Ledger
    chosen: int
    todo: set[str]
    pipeline_retry: bool
    workers: int
    progress: Progress
    watch: Watcher
    on_stop: Callable[[], None]
    seconds_before: float
    interrupted: bool = False

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.progress.started

    def beat(self) -> tuple[str, dict[str, object]]:
        """What `status` is told: a meta key and its value."""
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        return progress_key(self.plan.plan_id), {
            "at": now,
            "total": self.progress.total,
            "clips_in_run": len(self.survey.clip_ids),
            "rate": round(self.progress.rate, 3),
            "seconds": round(self.seconds_before + self.seconds, 3),
            "phase": self.progress.phase,
        }


def progress_key(plan_id: str) -> str:
    """Meta key of a plan's progress."""
    return f"progress:{plan_id}"


async def build(
    run: RunDir,
    settings: BuildSettings | None = None,
    *,
    limit: int | None = None,
    retry_failed: bool = False,
    workers: int | None = None,
    watch: Watcher = lambda _: None,
    on_stop: Callable[[], None] = lambda: None,
) -> BuildResult:
    """Build (or go on building) the data set of a run with the teacher that the settings name.

    Args:
        run: an existing run directory with clips.
        settings: what decides the samples; the plan's id covers it.
        limit: only the first so many clips in order of clip_id; a later build without it goes on.
        retry_failed: try the plan's quarantined units once more.
        workers: processes for computing; None is `compute.default_workers()`.
        watch: called with the progress whenever a clip is done and between phases.
        on_stop: called at the first Ctrl-C.

    Returns:
        The result; after a Ctrl-C with `interrupted` set and no data set written.

    Raises:
        LockedError: somebody else builds here.
        ConfigError: no clips, unknown teacher.
        EnvironmentProblem: disk full; running it again goes on.
    """
    with _prepared(run, settings, limit, retry_failed, workers, watch, on_stop) as job:
        await _process(job)
        return _finish(job)


def build_sync(
    run: RunDir,
    settings: BuildSettings | None = None,
    *,
    limit: int | None = None,
    retry_failed: bool = False,
    workers: int | None = None,
    watch: Watcher = lambda _: None,
    on_stop: Callable[[], None] = lambda: None,
) -> BuildResult:
    """`build` for callers without an event loop. Ctrl-C works at once outside the loop too."""
    with _prepared(run, settings, limit, retry_failed, workers, watch, on_stop) as job:
        asyncio.run(_process(job))
        try:
            return _finish(job)
        except KeyboardInterrupt:
            job.interrupted = True
            return _result(job, None)


@contextlib.contextmanager
def _prepared(
    run: RunDir,
    settings: BuildSettings | None,
    limit: int | None,
    retry_failed: bool,
    workers: int | None,
    watch: Watcher,
    on_stop: Callable[[], None],
) -> Iterator[_Job]:
    settings = settings or BuildSettings()
    teachers.check_spec(settings.teacher, settings.families)
    count = compute.default_workers() if workers is None else workers
    with run_lock(run):
        seen = survey(run)
        plan = make_plan(settings, seen.vocabulary)
        with Ledger(run.ledger_path) as ledger:
            ledger.write([ledger.put_plan(plan.plan_id, plan.config), ledger.set_meta("current_plan", plan.plan_id)])
            quarantined = ledger.quarantined(plan.plan_id)
            if retry_failed:
                # One commit before anything is tried: a crash in between must not leave a clip both done and forgotten.
                ledger.write([ledger.forget_done(c, plan.plan_id) for c in sorted({q.clip_id for q in quarantined})])
            done = ledger.done_clips(plan.plan_id)
            chosen = seen.clip_ids if limit is None else seen.clip_ids[:limit]
            decisions = ledger.decisions(plan.plan_id, "check")
            done_chosen = sum(c in done for c in chosen)
            tally = Tally(
                clips=done_chosen,
                accepted=decisions.get("accepted", 0),
                rejected=decisions.get("rejected", 0),
                quarantined=len(quarantined),
            )
            before = ledger.meta(progress_key(plan.plan_id)) or {}
            log.info(
                "plan %s: %d of %d clips to do", plan.plan_id, len(chosen) - done_chosen, len(seen.clip_ids),
                extra={"fields": {"plan": plan.config, "limit": limit, "workers": count}},
            )  # fmt: skip
            yield _Job(
                run=run,
                plan=plan,
                survey=seen,
                ledger=ledger,
                chosen=len(chosen),
                todo=set(chosen) - done,
                pipeline_retry=retry_failed,
                workers=count,
                progress=Progress(total=len(chosen), tally=tally, done_before=done_chosen),
                watch=watch,
                on_stop=on_stop,
                seconds_before=float(before.get("seconds", 0.0)),
            )


async def _process(job: _Job) -> None:
    job.watch(job.progress)
    if not job.todo:
        return
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    with compute.Pool(job.workers) as pool:
        async with compute.Batcher(pool) as batcher:
            settings = job.plan.settings
            pipeline = Pipeline(
                plan=job.plan,
                teacher=teachers.make(
                    settings.teacher,
                    style=settings.style,
                    vocabulary=job.plan.vocabulary,
                    seed=settings.seed,
                    questions_per_clip=settings.questions_per_clip,
                    families=settings.families,
                    run=batcher.run,
                ),
                ledger=job.ledger,
                batcher=batcher,
                quarantine={(q.unit_id, q.stage): q for q in job.ledger.quarantined(job.plan.plan_id)},
                retry=job.pipeline_retry,
                tally=job.progress.tally,
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
            heart = asyncio.create_task(_beats(job))
            try:
                await _feed(job, pipeline, stop)
            finally:
                heart.cancel()
                if not job.interrupted:
                    for sig in signals:
                        loop.remove_signal_handler(sig)
    with contextlib.suppress(Exception):
        await job.ledger.commit([job.ledger.set_meta(*job.beat())])


async def _beats(job: _Job) -> None:
    while True:
        await job.ledger.commit([job.ledger.set_meta(*job.beat())])
        await asyncio.sleep(BEAT_S)


async def _feed(job: _Job, pipeline: Pipeline, stop: asyncio.Event) -> None:
    """Start the clips' coroutines, a window of them at a time, and wait for all.

    Raises:
        EnvironmentProblem: the first one that any of them met; the others are cancelled.
    """
    from audio_reasoner.dataset import read_clips

    window = asyncio.Semaphore(max(16, 48 * job.workers))
    tasks: set[asyncio.Task[None]] = set()
    fatal: list[BaseException] = []

    def ended(task: asyncio.Task[None]) -> None:
        tasks.discard(task)
        window.release()
        if task.cancelled():
            return
        error = task.exception()
        if error is None:
            if job.progress.first_done is None:
                job.progress.first_done = time.monotonic()
            job.watch(job.progress)
        elif not isinstance(error, Stopped):
            fatal.append(error)
            pipeline.stopping = True
            stop.set()

    for seq, clip in enumerate(_clips(job, read_clips(job.run.path))):
        if clip is None:
            continue
        await window.acquire()
        if stop.is_set():
            break
        task = asyncio.create_task(pipeline.clip_to_samples(clip, seq))
        tasks.add(task)
        task.add_done_callback(ended)
    stopped = asyncio.create_task(stop.wait())
    while tasks and not stop.is_set():
        await asyncio.wait([*tasks, stopped], return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=GRACE_S)
    left = list(tasks)
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    if fatal:
        raise fatal[0]


def _clips(job: _Job, clips: Iterator[Clip]) -> Iterator[Clip | None]:
    """The chosen clips in order; None stands for one that is done, so that places can be counted."""
    for seq, clip in enumerate(clips):
        if seq >= job.chosen:
            return
        yield clip if clip.clip_id in job.todo else None


def _finish(job: _Job) -> BuildResult:
    if job.interrupted:
        return _result(job, None)
    from audio_reasoner.dataset import write_dataset

    job.progress.phase = "data set"
    job.watch(job.progress)
    rows = write_dataset(job.run.dataset_dir, rows_of_plan(job.run, job.ledger, job.plan.plan_id))
    job.progress.phase = "done"
    job.ledger.write([job.ledger.set_meta(*job.beat())])
    job.watch(job.progress)
    return _result(job, rows)


def _result(job: _Job, rows: int | None) -> BuildResult:
    tally = job.progress.tally
    log.info(
        "%s: %d clips, %d accepted, %d rejected, %d quarantined, %.1f s",
        "interrupted" if job.interrupted else "done", tally.clips, tally.accepted, tally.rejected, tally.quarantined,
        job.seconds,
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
    )


def current_plan(ledger: LedgerReader) -> str | None:
    """The plan that was built last: the one whose samples stand in the data set."""
    plan = ledger.meta("current_plan")
    return plan if isinstance(plan, str) else None
