"""`audio-reasoner ask --batch`: a file of questions into a file of answers, with a bar, and going on after a stop."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import typer

from audio_reasoner.cli.progress import BarView, time_text
from audio_reasoner.core.errors import EXIT_INTERRUPTED, EXIT_QUARANTINED, InputError

if TYPE_CHECKING:
    from audio_reasoner.cli.ask import Who
    from audio_reasoner.inference.batch import BatchResult, Progress, Settings
    from audio_reasoner.inference.batch_rows import Questions

SHOWN = 50
"""Bad rows that are listed in the terminal."""


def answer_file(
    questions: Path, out: Path, who: Who, settings: Settings, batch_size: int, resume: bool, skip_bad: bool
) -> None:
    """Run the command.

    Raises:
        typer.Exit: 130 after a Ctrl-C, 4 if rows are without an answer.
    """
    from audio_reasoner.inference.answer import sha_of_system
    from audio_reasoner.inference.batch import run_batch
    from audio_reasoner.inference.batch_file import AnswersFile
    from audio_reasoner.inference.batch_rows import read_questions

    with View() as view:
        try:
            read = read_questions(questions, settings.over_30s, view.reading)
            if read.bad and not skip_bad:
                raise _refusal(read)
            system = sha_of_system(who.system) or "its own"
            config = settings.config({**who.identity(), **_place(who)}, system)
            with AnswersFile(out, config, resume) as file:
                file.check(read.good)
                view.note("loading the model")
                # Nothing left to ask, no model needed.
                missing = any(question.id not in file.rows for question in read.good)
                reasoner = who.load() if missing else None
                try:
                    result = run_batch(reasoner, read, file, settings, batch_size=batch_size, on_progress=view.watch)
                finally:
                    if who.remote and reasoner is not None:
                        reasoner.close()  # type: ignore[union-attr]
        except KeyboardInterrupt:
            view.close()
            words = [Path(sys.argv[0]).name, *sys.argv[1:], *([] if resume else ["--resume"])]
            view.say(f"interrupted; everything answered is stored. Go on with: {shlex.join(words)}")
            raise typer.Exit(EXIT_INTERRUPTED) from None
    view.ended(result, out)
    if result.failed:
        raise typer.Exit(EXIT_QUARANTINED)


def _refusal(read: Questions) -> InputError:
    lines = [f"  line {row.line}: [{row.code}] {row.detail}" for row in read.bad[:SHOWN]]
    if len(read.bad) > SHOWN:
        lines.append(f"  … and {len(read.bad) - SHOWN} more")
    listed = "\n".join(lines)
    return InputError(
        f"{len(read.bad)} of {len(read.good) + len(read.bad)} rows of {read.path} cannot be asked:\n{listed}",
        code="batch.bad_rows",
        hint="Mend them, or answer the others with --skip-bad.",
    )


def _place(who: Who) -> dict[str, Any]:
    """Where a model here computes: its last digits depend on it."""
    if who.remote:
        return {}
    from audio_reasoner.models.qwen2_audio import pick_device

    return {"device": pick_device(who.device)}


class View(BarView):
    """Progress on stderr."""

    def __enter__(self) -> Self:
        super().__enter__()
        if self.bar is not None:
            self._task = self.bar.add_task("looking at the questions", total=None, figures="")
        return self

    def reading(self, line: int) -> None:
        """A row is looked at."""
        if self.bar is not None:
            self.bar.update(self._task, completed=line)

    def note(self, text: str) -> None:
        """What is going on."""
        if self.bar is not None:
            self.bar.update(self._task, description=text, completed=0)

    def watch(self, now: Progress) -> None:
        """Show how far it is."""
        figures = self._figures(now)
        if self.bar is not None:
            self.bar.update(self._task, description="answers", total=now.total, completed=now.done, figures=figures)
            return
        told = " · ".join([f"answers: {now.done}/{now.total}", *([figures] if figures else [])])
        self.line(told, now=now.done >= now.total)

    def _figures(self, now: Progress) -> str:
        parts = [f"{now.rate:.1f}/s" if now.rate >= 1 else f"{60 * now.rate:.1f}/min"] if now.rate else []
        left = now.total - now.done
        if now.rate > 0 and left > 0:
            parts.append(f"{time_text(left / now.rate)} left")
        if now.failed:
            parts.append(f"{now.failed} without an answer")
        return " · ".join(parts)

    def ended(self, result: BatchResult, out: Path) -> None:
        """What was done."""
        before = f", {result.resumed:,} from before" if result.resumed else ""
        speed = result.tokens / result.seconds if result.seconds else 0.0
        self.say(
            f"{result.answered:,} answers in {time_text(result.seconds)}, {result.tokens:,} tokens "
            f"({speed:,.0f} tokens/s){before} → {out}"
        )
        for problem in result.failed[:10]:
            self.say(f"no answer: {problem}", "yellow")
        if len(result.failed) > 10:
            self.say(f"… and {len(result.failed) - 10} more; their rows hold an `error`", "yellow")
        if result.failed:
            self.say("--resume asks them again.", "yellow")
