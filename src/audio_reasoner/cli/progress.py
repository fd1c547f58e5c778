"""What commands show on stderr while they work.

Decision: one look in one place. A bar is for eyes, not for files: where stderr is no terminal there is a plain line now
and then, and nothing for work of seconds. Imported inside commands only, because it brings rich along.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TaskID, TextColumn

LINE_EVERY_S = 5.0
PHASE_EVERY_S = 15.0


def stderr(quiet: bool = False) -> Console:
    """A console on stderr. Nothing in it becomes an emoji: `text:gemini:…` holds the name of one."""
    return Console(stderr=True, emoji=False, quiet=quiet)


class _Bars(Progress):
    """Bars on a terminal; elsewhere, of what takes longer, a line now and then."""

    def __init__(self, console: Console) -> None:
        columns = (*self.get_default_columns(), MofNCompleteColumn())
        super().__init__(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._said = time.monotonic()

    def update(self, task_id: TaskID, **changes: Any) -> None:
        super().update(task_id, **changes)
        self._say(task_id)

    def advance(self, task_id: TaskID, advance: float = 1) -> None:
        super().advance(task_id, advance)
        self._say(task_id)

    def _say(self, task_id: TaskID) -> None:
        if not self.disable or time.monotonic() - self._said < PHASE_EVERY_S:
            return
        self._said = time.monotonic()
        task = self._tasks[task_id]
        total = "" if task.total is None else f"/{int(task.total)}"
        self.console.print(f"{task.description} {int(task.completed)}{total}", highlight=False, soft_wrap=True)


def bars(console: Console) -> Progress:
    """Bars for work that is counted, gone when it is done."""
    return _Bars(console)


def time_text(seconds: float) -> str:
    """h:mm:ss or m:ss.

    >>> time_text(59.6), time_text(3725)
    ('1:00', '1:02:05')
    """
    whole = int(seconds + 0.5)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


class _Shown:
    """A bar while the block runs, on a terminal; elsewhere `bar` is None and there are lines.

    Args:
        columns: the bar's.
        every_s: seconds between two lines where there is no bar.
        quiet: show nothing at all.
    """

    def __init__(self, columns: Sequence[ProgressColumn], every_s: float, quiet: bool = False) -> None:
        self.console = stderr(quiet)
        self.bar: Progress | None = None
        self._columns, self._every_s = columns, every_s
        self._last = time.monotonic()

    def __enter__(self) -> Self:
        if self.console.is_terminal and not self.console.quiet:
            self.bar = Progress(*self._columns, console=self.console, transient=True)
            self.bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Take the bar away."""
        if self.bar is not None:
            self.bar.stop()
            self.bar = None

    def say(self, text: str, style: str = "") -> None:
        """A line of its own, above the bar where there is one."""
        self.console.print(text, style=style or None, highlight=False, soft_wrap=True, markup=False)

    def line(self, text: str, now: bool) -> None:
        """What a bar would show, as a line: at once if `now`, else only if the last one is old enough."""
        clock = time.monotonic()
        if now or clock - self._last >= self._every_s:
            self._last = clock
            self.say(text)


class BarView(_Shown):
    """So many of so many, and figures behind them.

    Args:
        unit: stands between the numbers and the figures.
    """

    def __init__(self, unit: str = "") -> None:
        figures = TextColumn(unit + "{task.fields[figures]}")
        super().__init__([TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), figures], LINE_EVERY_S)


class PhaseView(_Shown):
    """One line for phases that count different things, as a training has them.

    Args:
        quiet: show nothing: of several processes only the first one speaks.
    """

    def __init__(self, quiet: bool = False) -> None:
        name, figures = TextColumn("[bold]{task.description}"), TextColumn("{task.fields[figures]}")
        super().__init__([name, BarColumn(bar_width=24), figures], PHASE_EVERY_S, quiet)
        self._phase = ""

    def __enter__(self) -> Self:
        super().__enter__()
        if self.bar is not None:
            self._task = self.bar.add_task("starting", total=None, figures="")
        return self

    def show(self, phase: str, done: float, total: float, figures: str) -> None:
        """How far a phase is; a `total` of 0 is unknown."""
        if self.bar is not None:
            self.bar.update(self._task, description=phase, completed=done, total=total or None, figures=figures)
        else:
            self.line(f"{phase} {figures}".rstrip(), now=phase != self._phase)
        self._phase = phase

    def interrupted(self, steps: int) -> None:
        """The end of a training that was stopped after so many steps."""
        self.say(f"Interrupted after step {steps}; the checkpoint is saved. Go on with --resume.")
