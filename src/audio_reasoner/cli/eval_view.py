"""What `eval run` shows: a bar on a terminal, a line every few seconds elsewhere, a few lines at the end."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from audio_reasoner.cli.progress import BarView, time_text

if TYPE_CHECKING:
    from rich.progress import TaskID

    from audio_reasoner.evaluation.run import Progress
    from audio_reasoner.evaluation.session import SessionResult


class View(BarView):
    """Shows progress and the end on stderr."""

    def __init__(self, max_cost: float | None) -> None:
        super().__init__()
        self._max_cost = max_cost
        self._tasks: dict[str, TaskID] = {}

    def watch(self, part: str, now: Progress) -> None:
        """Show how far a part is."""
        figures = self._figures(now)
        if self.bar is None:
            self.line(f"{part}: {now.done}/{now.total} · {figures}", now=now.done + now.failed >= now.total)
            return
        if part not in self._tasks:
            self._tasks[part] = self.bar.add_task(part, total=now.total, figures="")
        self.bar.update(self._tasks[part], completed=now.done, figures=figures)

    def _figures(self, now: Progress) -> str:
        parts = [f"{now.rate:.1f}/s" if now.rate >= 1 else f"{60 * now.rate:.1f}/min"]
        left = now.total - now.done - now.failed
        if now.rate > 0 and left > 0:
            parts.append(f"{time_text(left / now.rate)} left")
        if now.failed:
            parts.append(f"{now.failed} without an answer")
        if now.meter.limit is not None:
            parts.append(f"{now.meter.in_flight}/{now.meter.limit} in flight")
        if now.meter.spent_usd or self._max_cost is not None:
            cap = "" if self._max_cost is None else f" of ${self._max_cost:.2f}"
            parts.append(f"${now.meter.spent_usd:.4f}{cap}")
        return " · ".join(parts)

    def ended(self, result: SessionResult, out: Path, again: str) -> None:
        """What was done, what is missing, what to do next."""
        parts = {"answers": result.main, **result.after}
        for name, part in parts.items():
            before = f", {part.resumed:,} from before" if part.resumed else ""
            self.say(f"{part.made:,} {name} in {part.seconds:.1f} s{before} → {part.predictions}")
        for name, why in result.left_out.items():
            self.say(f"control {name} left out: {why}", "yellow")
        if (found := result.reached) is not None:
            verdict = "the sound reaches the model" if found["heard"] else "THE SOUND DOES NOT REACH THE MODEL"
            self.say(f"{verdict} ({found['how']})", "" if found["heard"] else "bold red")
        for problem in result.failed[:10]:
            self.say(f"no answer: {problem}", "yellow")
        if len(result.failed) > 10:
            self.say(f"… and {len(result.failed) - 10} more; all are in {out / 'problems.jsonl'}", "yellow")
        if result.interrupted:
            self.say(f"interrupted; everything answered is stored. Go on with: {again}")


def controls_lines(told: dict[str, Any]) -> list[str]:
    """`controls.json` in a few lines."""

    def figure(entry: dict[str, Any]) -> str:
        return "–" if entry["value"] is None else f"{entry['value']:.2f}"

    lines = [f"{told['headline']}: main {figure(told['main'])}"]
    for name, entry in told["controls"].items():
        line = f"  {name:<10} {figure(entry):>6}"
        if (apart := entry.get("minus_main")) is not None:
            low, high = apart["interval_95"]
            line += f"  {apart['value']:+.2f} (95 % {low:+.2f} to {high:+.2f}, p = {apart['p']:.2g})"
        same = entry["same_option"]
        if same["rate"] is not None:
            line += f"  same option {100 * same['rate']:.1f} %"
        share = (entry.get("explained") or {}).get("above_chance")
        if share is not None:
            line += f"  explains {100 * share:.0f} % of what is above chance"
        lines.append(line)
    base = told["baselines"]
    if isinstance(base.get("chance"), int | float):
        best = (base.get("best_constant") or {}).get("value")
        lines.append(f"  chance {base['chance']:.2f}" + (f", best constant {best:.2f}" if best is not None else ""))
    return lines


def samples_lines(told: dict[str, Any]) -> list[str]:
    """`samples.json` in a few lines."""
    lines = [f"votes over {told['items']} questions, temperature {told['temperature']:g}:"]
    points = told["points"]
    shown = [p for p in points if p["n"] in (1, 2, 3, 5, 8, 16, 32, 64) or p is points[-1]]
    for p in shown:
        tokens = "" if p["tokens_per_question"] is None else f"  {p['tokens_per_question']:.0f} tokens"
        value = "–" if p["majority"] is None else f"{p['majority']:.2f} %"
        lines.append(f"  majority of {p['n']:<3} {value}{tokens}")
    return lines
