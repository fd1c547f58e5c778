"""How a training went, as one page: drawn from its log and metrics, while it runs, when it is done, or years later.

Decision: the page reads nothing but what stands in the model directory (`train_log.jsonl`, `metrics.json`,
`recipe.yaml`), so it needs no torch, works on a training that was killed, and a copied directory keeps its history.
Every question type stands in a chart of its own beside its majority answer, because a mean over types hides a type
that is never learned.
Several trainings share the charts; those whose names differ only in a number at the end (`chain-1`, `chain-2`) are
repetitions and become one line, their mean, with a band from the least to the most.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from markupsafe import Markup

from audio_reasoner.core.errors import AudioReasonerError, ConfigError
from audio_reasoner.report import Section, card, page, table, text, tile, tiles, write_text
from audio_reasoner.report.courses import Course, course_chart
from audio_reasoner.report.dots import Shape
from audio_reasoner.training.history import REWARD, Points, Training, number, part, read_trainings
from audio_reasoner.training.place import LOG_NAME, METRICS_NAME, PAGE_NAME

COLOURS = (4, 1, 2, 3, 5, 0, 7)
SHAPES: tuple[Shape, ...] = ("disc", "square", "triangle", "diamond", "cross", "tick")
"""Of lines; a ring is the last look."""
MOST_LINES = 14
_NUMBERED = re.compile(r"(.+?)[-_. ](?:seed-?)?\d+")
_DASH = "–"


def write_page(folders: Sequence[Path | str], out: Path | str | None = None) -> Path:
    """Draw one training, or several beside each other.

    Args:
        folders: model directories.
        out: the file to write; None is FOLDER/training.html, possible for one training only.

    Raises:
        InputError: a folder holds no training.
        ConfigError: several trainings and no `out`, or none at all.
        EnvironmentProblem: the page cannot be written.
    """
    if not folders or (out is None and len(folders) > 1):
        raise ConfigError(
            f"{len(folders)} trainings were named and no file for their page.",
            code="report.out",
            hint="Say where to write it with --out PAGE.html.",
        )
    target = Path(folders[0]) / PAGE_NAME if out is None else Path(out)
    write_text(target, training_page(read_trainings([Path(f) for f in folders])))
    return target


def redraw(folder: Path | str) -> str:
    """Draw a training's page anew while it goes on. A page that cannot be drawn must not end a training of hours:
    returns "" or, in words, why there is none."""
    try:
        write_page([folder])
    except (AudioReasonerError, OSError, ValueError, TypeError, KeyError) as error:
        return f"{Path(folder) / PAGE_NAME} was not drawn: {error}"
    return ""


def training_page(trainings: Sequence[Training]) -> str:
    """The page as HTML; equal logs give equal bytes."""
    one = trainings[0] if len(trainings) == 1 else None
    groups = grouped(trainings)
    steps = max((x for t in trainings for x, _ in t.course("step")), default=0.0)
    draw = _Charts(groups, steps or 1.0)
    learning = [
        draw.card("Loss", lambda t: t.course("loss"), "nats per answer token, log scale", log=True),
        draw.card("Answer tokens predicted right", lambda t: _percent(t.course("token_accuracy")), "% right"),
        draw.rate(),
    ]
    speed = [
        draw.card("Speed", lambda t: t.course("tokens_per_second"), "tokens per second", low=0.0),
        draw.card(
            "Padding", lambda t: _percent(t.course("padding_share")), "% of computed tokens", low=0.0,
            note="What is computed only because samples of a batch differ in length.",
        ),
    ]  # fmt: skip
    asked = any(t.evals for t in trainings)
    chapters = [
        Section("reward", "What it was rewarded for", _duo(_rewards(draw, trainings)), _REWARD),
        Section("learning", "How it learned", _duo([c for c in learning if c is not None])),
        Section("speed", "How fast", _duo([c for c in speed if c is not None])),
        Section("held-out", "On held-out samples", _held_out(draw, trainings), _HELD_OUT if asked else ""),
        Section("end", "At the end", _final(groups, one), _FINAL if len(groups) == 1 else ""),
    ]
    if one is not None and one.recipe:
        chapters.append(Section("recipe", "Recipe", Markup('<pre class="recipe">{}</pre>').format(one.recipe)))
    kept = [c for c in chapters if c.body]
    return page(
        one.name if one is not None else f"{len(trainings)} trainings",
        _subtitle(trainings, groups),
        kept,
        kicker="audio-reasoner training",
        top=_tiles(one) if one is not None else None,
        footer=f"Drawn from {LOG_NAME} and {METRICS_NAME} of the model directory.",
        styles=("compare.css", "courses.css"),
    )


_HELD_OUT = (
    "Dashed: the majority answer, the better of always giving the commonest answer and always choosing the commonest "
    "letter on the same questions. A model that has not learned to hear stays near it. A ring stands for the last look "
    "where that asked more questions than the looks before."
)
_REWARD = (
    "Means over the chains drawn at a step. Each step asks other questions, so neighbours differ by chance too. A "
    "reward that rises says nothing about held-out questions: see below."
)
_FINAL = "Difference: points above the majority answer."


@dataclass(frozen=True)
class Group:
    """Trainings that are drawn as one line."""

    label: str
    members: tuple[Training, ...]


def grouped(trainings: Sequence[Training]) -> list[Group]:
    """Repetitions together: names that differ only in a number at their end. In order of first appearance."""
    stems: dict[str, list[Training]] = {}
    for t in trainings:
        found = _NUMBERED.fullmatch(t.name)
        stems.setdefault(found[1] if found else t.name, []).append(t)
    return [Group(stem if len(some) > 1 else some[0].name, tuple(some)) for stem, some in stems.items()]


def merged(courses: Sequence[Points]) -> tuple[Points, list[tuple[float, float]]]:
    """Mean of several lines at every x that one of them has and all of them cover, and least and most there.

    Between its points a line is straight. Lines without points are left out.

    >>> merged([[(0, 1.0), (2, 3.0)], [(1, 4.0), (2, 5.0)]])
    ([(1, 3.0), (2, 4.0)], [(2.0, 4.0), (3.0, 5.0)])
    """
    some = [c for c in courses if c]
    if not some:
        return [], []
    first, last = max(c[0][0] for c in some), min(c[-1][0] for c in some)
    grid = sorted({x for c in some for x, _ in c if first <= x <= last})
    columns = [[_at(c, x) for c in some] for x in grid]
    means = [(x, sum(column) / len(column)) for x, column in zip(grid, columns, strict=True)]
    return means, [(min(c), max(c)) for c in columns]


def _at(points: Points, x: float) -> float:
    i = bisect_right(points, (x, math.inf))
    if i == len(points):
        return points[-1][1]
    (x0, y0), (x1, y1) = points[i - 1], points[i]
    return y0 if x1 == x0 else y0 + (y1 - y0) * (x - x0) / (x1 - x0)


class _Charts:
    """Draws the same groups in every chart with the same colours and signs."""

    def __init__(self, groups: Sequence[Group], steps: float) -> None:
        self.groups, self.steps = groups[:MOST_LINES], steps

    def courses(self, read: Callable[[Training], Points]) -> list[Course]:
        lines = []
        for i, group in enumerate(self.groups):
            points, band = merged([read(t) for t in group.members])
            several = len(group.members) > 1
            lines.append(
                Course(
                    group.label + (f" ({len(group.members)})" if several else ""),
                    tuple(points),
                    COLOURS[i % len(COLOURS)],
                    SHAPES[i % len(SHAPES)] if len(self.groups) > 1 else None,
                    dashed=i >= len(COLOURS),
                    band=tuple(band) if several else (),
                )
            )
        return [c for c in lines if c.points]

    def card(
        self,
        title: str,
        read: Callable[[Training], Points],
        unit: str,
        *,
        low: float | None = None,
        high: float | None = None,
        height: int = 200,
        signs: bool = False,
        beside: Sequence[Course] = (),
        last: Callable[[Training], Points] | None = None,
        note: str = "",
        legend: bool = True,
        log: bool = False,
    ) -> Markup | None:
        """A chart in a card; None if no training has the value. `last` gives points that no line joins."""
        found = self.courses(read)
        if not found:
            return None
        if signs and len(self.groups) == 1:
            found = [replace(c, shape="disc") for c in found]
        if last is not None:
            ends = self.courses(last)
            found += [replace(c, label=f"{c.label}, at the end", shape="ring", band=()) for c in ends]
        drawn = course_chart(
            [*found, *beside], title, x_label="step", y_label=unit, low=low, high=high, right=self.steps,
            height=height, legend=legend and len(self.groups) > 1, log=log,
        )  # fmt: skip
        return card(title, drawn, note)

    def rate(self) -> Markup | None:
        """Learning rates are tiny: drawn in units that need no zeros."""
        top = max((y for g in self.groups for t in g.members for _, y in t.course("learning_rate")), default=0.0)
        if top <= 0:
            return None
        power = math.floor(math.log10(top))
        return self.card(
            "Learning rate",
            lambda t: [(x, y / 10.0**power) for x, y in t.course("learning_rate")],
            f"units of 1e{power}",
            low=0.0,
        )


def _rewards(draw: _Charts, trainings: Sequence[Training]) -> list[Markup]:
    """Charts of what only a training by reward logs; none for others."""
    names = sorted({k for t in trainings for x in t.train for k in x if k.startswith(REWARD)})
    found = [
        draw.card("Reward", lambda t: t.course("reward"), "weighted mean, 0 to 1", low=0.0, high=1.0),
        *(
            draw.card(name.capitalize(), lambda t, name=name: t.course(name), "0 to 1", low=0.0, high=1.0)  # type: ignore[misc]
            for name in names
        ),
        draw.card("Length", lambda t: t.course("tokens_per_chain"), "tokens per chain", low=0.0),
        draw.card("Divergence from the model it began with", lambda t: t.course("kl"), "nats per token", low=0.0),
        draw.card(
            "Groups that teach nothing", lambda t: _percent(t.course("even_groups")), "% of groups",
            low=0.0, high=100.0, note="All chains of such a group earn the same.",
        ),
    ]  # fmt: skip
    return [c for c in found if c is not None]


def _held_out(draw: _Charts, trainings: Sequence[Training]) -> Markup:
    if not any(t.evals for t in trainings):
        return Markup('<p class="note">{}</p>').format(
            "Nothing was asked while it trained: no samples were held out, watch.eval_samples is 0, or it was shorter "
            "than the time to the first look (watch.eval_every_minutes)."
        )

    def looks(title: str, key: str, unit: str, beside: Sequence[Course] = ()) -> Markup | None:
        return draw.card(
            title, lambda t: _percent(t.course(key, "eval")), unit, low=0.0, high=100.0, signs=True, beside=beside,
            last=lambda t: _percent(t.course(key, "last")),
        )  # fmt: skip

    whole = [
        looks("Right answers, all types", "accuracy", "% right", _majority(trainings, None)),
        looks("Well-formed chains", "well_formed", "% well-formed"),
    ]
    small = [_of_family(draw, trainings, name) for name in families(trainings)]
    return _duo([c for c in whole if c is not None]) + Markup('<div class="multiples below">{}</div>').format(
        Markup("").join([c for c in small if c is not None])
    )


def _of_family(draw: _Charts, trainings: Sequence[Training], name: str) -> Markup | None:
    counts = [sorted({n for t in trainings for _, n in t.family(name, "samples", k)}) for k in ("eval", "last")]
    told = ["–".join(f"{n:.0f}" for n in sorted({c[0], c[-1]})) if c else "" for c in counts]
    note = f"{told[0] or 'no'} question{'' if told[0] == '1' else 's'} each time"
    note += f", {told[1]} at the end (ring)" if told[1] else ""
    return draw.card(
        name, lambda t: _percent(t.family(name, "accuracy")), "% right", low=0.0, high=100.0, height=150, signs=True,
        beside=_majority(trainings, name), last=lambda t: _percent(t.family(name, "accuracy", "last")), note=note,
        legend=False,
    )  # fmt: skip


def _majority(trainings: Sequence[Training], name: str | None) -> list[Course]:
    """The majority answer over steps; of all types together: what answering each type's majority would score."""

    def read(t: Training) -> Points:
        if name is not None:
            return _percent(t.family(name, "majority"))
        out = []
        for line in t.looks:
            step, guess = number(line.get("step")), majority_of_all(line)
            if step is not None and guess is not None:
                out.append((step, 100 * guess))
        return sorted(out)

    points, _ = merged([read(t) for t in trainings])
    return [Course("majority answer", tuple(points), 6, dashed=True)] if points else []


def majority_of_all(found: dict[str, Any]) -> float | None:
    """Share right of who answers each question type with its majority answer; None if the log does not say."""
    parts = [v for v in part(found, "families").values() if isinstance(v, dict)]
    pairs = [(number(p.get("samples")), number(p.get("majority"))) for p in parts]
    known = [(n, m) for n, m in pairs if n and m is not None]
    return sum(n * m for n, m in known) / sum(n for n, _ in known) if known else None


def families(trainings: Sequence[Training]) -> list[str]:
    """Names of all question types that were asked."""
    return sorted({str(f) for t in trainings for found in (*t.evals, t.final) for f in part(found, "families")})


def _final(groups: Sequence[Group], one: Training | None) -> Markup:
    members = [t for g in groups for t in g.members]
    names = families([Training(t.name, [], [t.final]) for t in members])
    if not names:
        return Markup("")
    if one is not None:
        return card("Question types", _table_of_one(one.final, names), _asked(one), wide=True)
    header = ["Question type", "Questions", "Majority answer", *(g.label for g in groups)]
    rows: list[list[str | Markup]] = []
    for name in [*names, None]:
        found = [(g, [_line(t.final, name) for t in g.members]) for g in groups]
        every = [x for _, lines in found for x in lines]
        asked = sorted({int(x["samples"]) for x in every if number(x.get("samples")) is not None})
        guess = [v for x in every if (v := number(x.get("majority"))) is not None]
        rows.append(
            [
                "all" if name is None else name,
                _DASH if not asked else str(asked[0]) if len(asked) == 1 else f"{asked[0]} to {asked[-1]}",
                _percentage(sum(guess) / len(guess)) if guess else _DASH,
                *(_cell([v for x in lines if (v := number(x.get("accuracy"))) is not None]) for _, lines in found),
            ]
        )
    right = table(header, rows, numeric=tuple(range(1, len(header))), caption="Right answers by question type")
    return card("Question types", right, "Several repetitions: their mean, below it the least and the most.", wide=True)


def _table_of_one(final: dict[str, Any], names: Sequence[str]) -> Markup:
    header = ["Question type", "Questions", "Right", "Majority answer", "Difference"]
    rows: list[list[str | Markup]] = []
    for name in [*names, None]:
        line = _line(final, name)
        right, guess, n = (number(line.get(k)) for k in ("accuracy", "majority", "samples"))
        gain = _DASH if right is None or guess is None else f"{100 * (right - guess):+.0f} points"
        label = "all" if name is None else name
        rows.append([label, _DASH if n is None else text.count(int(n)), _percentage(right), _percentage(guess), gain])
    return table(header, rows, numeric=(1, 2, 3, 4), caption="Right answers by question type")


def _line(final: dict[str, Any], name: str | None) -> dict[str, Any]:
    if name is not None:
        return part(part(final, "families"), name)
    return {k: final.get(k) for k in ("samples", "accuracy")} | {"majority": majority_of_all(final)}


def _cell(values: Sequence[float]) -> str | Markup:
    if not values:
        return _DASH
    mean = _percentage(sum(values) / len(values))
    if len(values) == 1:
        return mean
    return Markup('{}<small class="ci">{} to {}</small>').format(
        mean, f"{100 * min(values):.1f}", f"{100 * max(values):.1f}"
    )


def _asked(one: Training) -> str:
    final = one.final
    clips = number(final.get("clips"))
    about = f" about {text.count(int(clips))} held-out clips" if clips else ""
    when = "after the training" if part(one.metrics, "held_out").get("samples") else "in the last look while it trained"
    return f"Greedy answers to {text.count(int(number(final.get('samples')) or 0))} questions{about}, {when}."


def _tiles(one: Training) -> Markup:
    m, last = one.metrics, one.train[-1] if one.train else {}
    found: list[tuple[str, float | None, Callable[[float], str], str]] = [
        ("weights", number(m.get("parameters")), lambda v: f"{v / 1e6:.2f} M", ""),
        ("steps", number(m.get("steps", last.get("step"))), lambda v: text.count(int(v)), ""),
        ("samples seen", number(m.get("samples_seen", last.get("samples"))), lambda v: text.count(int(v)), ""),
        ("trained for", _seconds(m, last), text.seconds, ""),
        ("speed", number(m.get("tokens_per_second")), lambda v: text.count(round(v)), "tokens/s"),
        ("right", number(one.final.get("accuracy")), _percentage, "of held-out questions"),
        ("well-formed", number(one.final.get("well_formed")), _percentage, "chains"),
    ]
    return tiles([tile(label, show(v), note) for label, v, show, note in found if v is not None])


def _seconds(metrics: dict[str, Any], last: dict[str, Any]) -> float | None:
    minutes = number(metrics.get("minutes"))
    return number(last.get("seconds")) if minutes is None else 60 * minutes


def _subtitle(trainings: Sequence[Training], groups: Sequence[Group]) -> Markup:
    parts: list[str] = []
    going = [t.name for t in trainings if not t.metrics]
    if len(trainings) > 1:
        parts.append(f"{len(trainings)} trainings in {len(groups)} lines.")
        if len(groups) < len(trainings):
            parts.append("A band goes from the least to the most of the repetitions.")
    if going and len(trainings) == 1:
        parts.append("Not finished: no metrics.json is there yet.")
    elif going:
        more = f" and {len(going) - 5} more" if len(going) > 6 else ""
        parts.append(f"Not finished: {', '.join(going[:5] if more else going)}{more}.")
    if len(groups) > MOST_LINES:
        parts.append(f"The charts show the first {MOST_LINES} lines of {len(groups)}; the table shows all.")
    lost = sum(t.unreadable for t in trainings)
    if lost:
        parts.append(f"{lost} lines of the log could not be read and are not drawn.")
    return Markup("{}").format(
        " ".join(parts) or "How the training went, and what the model answers on samples it never saw."
    )


def _duo(items: Sequence[Markup]) -> Markup:
    return Markup('<div class="duo">{}</div>').format(Markup("").join(items)) if items else Markup("")


def _percent(points: Points) -> Points:
    return [(x, 100 * y) for x, y in points]


def _percentage(share: float | None) -> str:
    return _DASH if share is None else f"{100 * share:.1f} %"
