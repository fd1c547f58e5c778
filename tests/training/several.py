"""Runs trainings in real processes, one plan after the other: `python several.py PLAN.json`.

Not a test. A plan is a list of trainings: {recipe, data, out, processes, resume, kill}. Their processes are forked of
this one, which has imported everything but computed nothing, and meet as those of a launcher do. `kill` names
the place where process 0 kills itself with signal 9: "step N", "checkpoint N" (its N-th, when its bytes are written and
not yet in place) or "saving" (when half of the final model's files are in place).
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

import torch

torch.set_num_threads(1)

from transformers import Qwen2AudioForConditionalGeneration  # noqa: E402, F401  (imported once, for all)

from audio_reasoner.inference import Reasoner  # noqa: E402, F401
from audio_reasoner.training import Progress, load_recipe, place, sft, train  # noqa: E402


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def arm(kill: str) -> Any:
    """Arrange the death; returns what watches the training."""
    what, _, number = kill.partition(" ")
    count = {"seen": 0}
    if what == "checkpoint":
        real_fsync = os.fsync

        def fsync(descriptor: int) -> None:
            real_fsync(descriptor)
            count["seen"] += 1
            if count["seen"] == int(number):
                die()

        os.fsync = fsync
    if what == "saving":
        real_replace = Path.replace

        def replace(self: Path, target: Any) -> Path:
            if self.parent.name == place.SAVING_NAME:
                count["seen"] += 1
                if count["seen"] == 3:
                    die()
            return real_replace(self, target)

        Path.replace = replace  # type: ignore[method-assign]

    def watch(p: Progress) -> None:
        if what == "step" and p.phase == "training" and p.step == int(number):
            die()

    return watch


def child(job: dict[str, Any], rank: int, port: int) -> None:
    size = job.get("processes", 1)
    if size > 1:
        os.environ.update(
            RANK=str(rank),
            LOCAL_RANK=str(rank),
            WORLD_SIZE=str(size),
            LOCAL_WORLD_SIZE=str(size),
            MASTER_ADDR="127.0.0.1",
            MASTER_PORT=str(port),
        )
    sft.LOG_EVERY_S = 0.0
    watch = arm(job["kill"]) if job.get("kill") and rank == 0 else (lambda _: None)
    train(load_recipe(job["recipe"]), job["data"], job["out"], resume=job.get("resume", False), watch=watch)


def run(job: dict[str, Any]) -> None:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    children = []
    for rank in range(job.get("processes", 1)):
        pid = os.fork()
        if pid == 0:
            try:
                child(job, rank, port)
            except BaseException:
                import traceback

                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        children.append(pid)
    codes = []
    while children:
        pid, status = os.wait()
        children.remove(pid)
        codes.append(os.waitstatus_to_exitcode(status))
        if codes[-1] != 0:
            # As a launcher does: one process gone, the others have nobody to wait for.
            for other in children:
                os.kill(other, signal.SIGKILL)
    if job.get("kill"):
        assert -signal.SIGKILL in codes, (job, codes)
    else:
        assert codes == [0] * len(codes), (job, codes)


if __name__ == "__main__":
    for one in json.loads(Path(sys.argv[1]).read_text()):
        began = time.time()
        run(one)
        print(Path(one["out"]).name, one.get("kill", ""), f"{time.time() - began:.1f} s", file=sys.stderr)
