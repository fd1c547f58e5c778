"""The process pool behind `compute`. See the package's docstring for the decision."""

from __future__ import annotations

import asyncio
import collections
import concurrent.futures
import contextlib
import multiprocessing
import os
import pickle
import queue
import signal
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from types import TracebackType
from typing import Any, Generic, Literal, Self, TypeVar, overload

from audio_reasoner.core.errors import ConfigError, EnvironmentProblem

I = TypeVar("I")  # noqa: E741
T = TypeVar("T")

_BLAS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
_START = threading.Lock()


class WorkerDied(EnvironmentProblem):
    """A worker process ended while it worked on an item, twice: the second time alone with it."""

    default_code = "compute.worker_died"


@dataclass(frozen=True)
class Failure(Generic[I]):
    """An item that could not be worked on, and why. Stands in the place of its value with ``errors="return"``."""

    item: I
    error: Exception


def default_workers() -> int:
    """Processes used when nobody says otherwise: AUDIO_REASONER_WORKERS, else the cores this process may use."""
    text = os.environ.get("AUDIO_REASONER_WORKERS", "")
    if text:
        if not text.isdigit():
            raise ConfigError(f"AUDIO_REASONER_WORKERS is {text!r}, expected a whole number of processes.")
        return int(text)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _portable(error: Exception) -> Exception:
    """The error itself if it survives pickling, else one of the same words. The worker's traceback goes as a note."""
    error.add_note("in a worker process:\n" + "".join(traceback.format_exception(error)))
    try:
        back = pickle.loads(pickle.dumps(error))
    except Exception:
        back = None
    if type(back) is type(error) and str(back) == str(error):
        error.__traceback__ = None
        return error
    return RuntimeError(f"{type(error).__name__}: {error}")


def _apply(fn: Callable[[Any], Any], item: Any) -> Any:
    try:
        return fn(item)
    except Exception as error:
        return Failure(None, _portable(error))


def _leave_with_parent() -> None:
    """End-of-file on the pipe is seen only between two pieces of work; this sees a killed parent during one as well."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _serve(conn: Connection) -> None:
    """A worker's life: read (fn, items), send the results, until the parent's end of the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    while True:
        try:
            data = conn.recv_bytes()
        except (EOFError, OSError):
            break
        try:
            fn, items = pickle.loads(data)
        except Exception as error:  # a function or item this process cannot import
            results: Any = _portable(error)
        else:
            results = [_apply(fn, item) for item in items]
        try:
            reply = pickle.dumps(results, protocol=pickle.HIGHEST_PROTOCOL)
        except Exception as error:
            reply = pickle.dumps(_portable(error))
        try:
            conn.send_bytes(reply)
        except OSError:
            break
    # Straight out: interpreter shutdown could wait for threads of libraries we do not know.
    os._exit(0)


class _Worker:
    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._conn, theirs = context.Pipe()
        self._process: SpawnProcess = context.Process(target=_serve, args=(theirs,), daemon=True)
        with _START:  # the environment and signal mask are inherited at the start, and belong to the whole process
            before = {name: os.environ.get(name) for name in _BLAS}
            os.environ.update(dict.fromkeys(_BLAS, "1"))
            mask = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
            try:
                self._process.start()
            finally:
                signal.pthread_sigmask(signal.SIG_SETMASK, mask)
                for name, value in before.items():
                    if value is None:
                        del os.environ[name]
                    else:
                        os.environ[name] = value
        theirs.close()

    def ask(self, data: bytes) -> Any:
        """Send work, wait for the answer. EOFError or OSError: the worker died."""
        self._conn.send_bytes(data)
        return pickle.loads(self._conn.recv_bytes())

    def exit_text(self) -> str:
        self._process.join(1.0)
        code = self._process.exitcode
        if code is not None and code < 0:
            with contextlib.suppress(ValueError):
                return f"killed by {signal.Signals(-code).name}"
        return f"exit status {code}"

    def kill(self) -> None:
        self._process.kill()
        self._process.join(5.0)
        self._conn.close()


class Pool:
    """Processes that apply picklable functions to picklable items. Thread-safe; a context manager.

    Args:
        workers: number of processes; 0 or 1 works in the calling thread; None is `default_workers()`.

    Processes start when first needed (about half a second each).
    """

    def __init__(self, workers: int | None = None) -> None:
        self.workers = default_workers() if workers is None else workers
        self.inline = self.workers <= 1
        self._free: queue.SimpleQueue[_Worker] = queue.SimpleQueue()
        self._all: set[_Worker] = set()
        self._guard = threading.Lock()
        self._closed = False
        self._threads: concurrent.futures.ThreadPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def call(self, fn: Callable[[I], T], items: list[I]) -> list[T | Failure[I]]:
        """Apply `fn` to every item in one worker and wait. A failed item gives a `Failure` in its place.

        If the worker dies, its items are tried again one by one; the one whose worker dies again is reported as
        `WorkerDied`, the others get their values.
        """
        if self.inline:
            return [self._named(_apply(fn, item), item) for item in items]
        results = self._ask(fn, items)
        if isinstance(results, str):
            results = []
            for item in items:
                one = self._ask(fn, [item])
                if isinstance(one, str):
                    one = [Failure(item, WorkerDied(f"A worker process ended ({one}) while working on {_name(item)}."))]
                results.extend(one)
        return [self._named(r, item) for r, item in zip(results, items, strict=True)]

    async def acall(self, fn: Callable[[I], T], items: list[I]) -> list[T | Failure[I]]:
        """`call` without blocking the event loop."""
        return await asyncio.wrap_future(self.submit(fn, items))

    def submit(self, fn: Callable[[I], T], items: list[I]) -> concurrent.futures.Future[list[T | Failure[I]]]:
        """`call` in a thread."""
        with self._guard:
            if self._closed:
                raise RuntimeError("the pool is closed")
            if self._threads is None:
                self._threads = concurrent.futures.ThreadPoolExecutor(max(1, self.workers), "compute")
        return self._threads.submit(self.call, fn, items)

    def close(self) -> None:
        """Kill the workers, whatever they do, and wait until they are gone."""
        with self._guard:
            self._closed = True
            workers, self._all = self._all, set()
        for worker in workers:
            worker._process.kill()
        if self._threads is not None:
            self._threads.shutdown(wait=True, cancel_futures=True)
        for worker in workers:
            worker.kill()

    def pids(self) -> list[int]:
        """Process ids of the living workers."""
        with self._guard:
            return [w._process.pid for w in self._all if w._process.pid is not None and w._process.is_alive()]

    def _ask(self, fn: Callable[[Any], Any], items: list[Any]) -> list[Any] | str:
        """The results, or how the worker ended."""
        data = pickle.dumps((fn, items), protocol=pickle.HIGHEST_PROTOCOL)
        worker = self._take()
        try:
            results = worker.ask(data)
        except (EOFError, OSError):
            end = worker.exit_text()
            with self._guard:
                self._all.discard(worker)
                closed = self._closed
            if closed:
                raise RuntimeError("the pool was closed") from None
            worker.kill()
            return end
        self._free.put(worker)
        if isinstance(results, Exception):
            if len(items) > 1:  # one item or result of these cannot travel; find out which
                return [r for item in items for r in self._ask(fn, [item])]
            return [Failure(items[0], results)]
        return list(results)

    def _take(self) -> _Worker:
        with contextlib.suppress(queue.Empty):
            return self._free.get_nowait()
        with self._guard:
            if self._closed:
                raise RuntimeError("the pool is closed")
            if len(self._all) < self.workers:
                worker = _Worker()
                self._all.add(worker)
                return worker
        return self._free.get()

    @staticmethod
    def _named(result: Any, item: Any) -> Any:
        return Failure(item, result.error) if isinstance(result, Failure) else result


def _name(item: Any) -> str:
    """A short name of an item for messages: its own id where it has one."""
    for attribute in ("clip_id", "sample_id", "path"):
        value = getattr(item, attribute, None)
        if isinstance(value, str):
            return value
    if isinstance(item, tuple | list) and item:
        return _name(item[0])
    text = repr(item)
    return text if len(text) <= 120 else text[:117] + "..."


@overload
def map(
    fn: Callable[[I], T],
    items: Iterable[I],
    workers: int | None = None,
    *,
    ordered: bool = True,
    window: int | None = None,
    chunk: int = 1,
    errors: Literal["raise"] = "raise",
) -> Iterator[T]: ...
@overload
def map(
    fn: Callable[[I], T],
    items: Iterable[I],
    workers: int | None = None,
    *,
    ordered: bool = True,
    window: int | None = None,
    chunk: int = 1,
    errors: Literal["return"],
) -> Iterator[T | Failure[I]]: ...
def map(
    fn: Callable[[I], T],
    items: Iterable[I],
    workers: int | None = None,
    *,
    ordered: bool = True,
    window: int | None = None,
    chunk: int = 1,
    errors: Literal["raise", "return"] = "raise",
) -> Iterator[T | Failure[I]]:
    """Apply `fn` to `items` in worker processes, with bounded look-ahead.

    Args:
        fn: a picklable function (top level of a module).
        items: read as needed; may be endless.
        workers: processes; 0 or 1 works inline; None is `default_workers()`.
        ordered: results in the order of the items; else as they come.
        window: at most so many chunks are read ahead of the consumer (default four per worker).
        chunk: items that travel together; raise it when an item takes under a millisecond.
        errors: "raise" raises an item's error when its turn comes; "return" yields a `Failure` instead.

    >>> list(map(abs, [-1, -2], workers=0))
    [1, 2]
    """
    with Pool(workers) as pool:
        if pool.inline:
            batches: Iterator[list[Any]] = (pool.call(fn, part) for part in _chunks(items, 1))
        else:
            batches = _ahead(pool, fn, _chunks(items, max(1, chunk)), ordered, window or 4 * pool.workers)
        for batch in batches:
            for result in batch:
                if errors == "raise" and isinstance(result, Failure):
                    raise result.error
                yield result


def _chunks(items: Iterable[I], size: int) -> Iterator[list[I]]:
    part: list[I] = []
    for item in items:
        part.append(item)
        if len(part) == size:
            yield part
            part = []
    if part:
        yield part


def _ahead(
    pool: Pool, fn: Callable[[Any], Any], source: Iterator[list[Any]], ordered: bool, window: int
) -> Iterator[list[Any]]:
    pending: collections.deque[concurrent.futures.Future[list[Any]]] = collections.deque()
    more = True
    while True:
        while more and len(pending) < window:
            part = next(source, None)
            if part is None:
                more = False
            else:
                pending.append(pool.submit(fn, part))
        if not pending:
            return
        if ordered:
            yield pending.popleft().result()
        else:
            done = concurrent.futures.wait(pending, return_when=concurrent.futures.FIRST_COMPLETED).done
            for future in [f for f in pending if f in done]:
                pending.remove(future)
                yield future.result()
