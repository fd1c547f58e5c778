"""Work spread over processes: `map` for scripts and verbs, `Pool` for the engine.

Decision: our own small pool instead of `concurrent.futures`. Each worker has its own pipe and one piece of work at a
time, so when a worker dies (out of memory, a crash in a codec) we know which item it held; the standard pool breaks as
a whole and cannot say. A worker leaves when its parent is gone, so `kill -9` leaves no orphans. Workers are spawned,
not forked (threads, torch), ignore Ctrl-C (the parent decides) and use one BLAS thread each.
"""

from audio_reasoner.compute.batcher import Batcher
from audio_reasoner.compute.pool import Failure, Pool, WorkerDied, default_workers, map

__all__ = ["Batcher", "Failure", "Pool", "WorkerDied", "default_workers", "map"]
