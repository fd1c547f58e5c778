"""The page of a comparison: one file with the paper's tables, our runs beside them, and every answer that is shown.

Decision: the order follows a reader who does not yet believe the numbers. First where the runs stand among published
figures; then, benchmark by benchmark, whether the reading of the replies, luck, or something other than listening could
explain it; then the answers themselves; last what was measured how. A value without an interval says so by having none.
"""

# ruff: noqa: E501 (markup and sentences are easier to read unbroken)

from __future__ import annotations

from pathlib import Path

from markupsafe import Markup

from audio_reasoner.evaluation.compare import Comparison
from audio_reasoner.evaluation.pages_answers import answers_section
from audio_reasoner.evaluation.pages_benchmark import benchmark_section
from audio_reasoner.evaluation.pages_method import method_section
from audio_reasoner.evaluation.pages_paper import glance_section, paper_section
from audio_reasoner.evaluation.pages_values import partly, shown_value
from audio_reasoner.report import page, text, tile, tiles, write_text

DEFAULT_ENTRIES = 2000
DEFAULT_CLIPS = 60


def write_comparison(
    comparison: Comparison,
    out: Path,
    *,
    entries: int = DEFAULT_ENTRIES,
    clips: int = DEFAULT_CLIPS,
    audio: Path | None = None,
    seed: int = 0,
) -> Path:
    """Write the page. Equal input gives equal bytes.

    Args:
        comparison: what `compare_runs` found.
        out: the file.
        entries: how many answers the page holds at most.
        clips: how many recordings can be heard in it; the others are named.
        audio: a directory to look for recordings in, besides where the data lies.
        seed: draws what is shown if not everything is.

    Raises:
        EnvironmentProblem: it cannot be written.
    """
    write_text(out, render(comparison, entries=entries, clips=clips, audio=audio, seed=seed))
    return out


def render(
    comparison: Comparison,
    *,
    entries: int = DEFAULT_ENTRIES,
    clips: int = DEFAULT_CLIPS,
    audio: Path | None = None,
    seed: int = 0,
) -> str:
    """The page as text; see `write_comparison`."""
    sections = [
        glance_section(comparison),
        paper_section(comparison),
        *(benchmark_section(chapter, comparison.baseline) for chapter in comparison.chapters),
        answers_section(comparison, entries=entries, clips=clips, audio=audio, seed=seed),
        method_section(comparison),
    ]
    n, benchmarks = len(comparison.runs), len(comparison.chapters)
    subtitle = (
        f"{n} run{'s' * (n != 1)} on {benchmarks} benchmark{'s' * (benchmarks != 1)}. Filled marks are measured here, hollow "
        "marks are figures as published and were not measured here. Nothing on this page is loaded from elsewhere."
    )
    return page(
        "Evaluation",
        subtitle,
        [s for s in sections if s is not None],
        kicker="audio-reasoner · comparison of runs",
        top=_headline(comparison),
        footer="Made by audio-reasoner eval compare. Intervals are 95 % bootstrap intervals over clips unless a note says otherwise.",
        styles=("compare.css",),
    )


def _headline(comparison: Comparison) -> Markup:
    runs = comparison.runs
    pairs = [p for c in comparison.chapters for g in c.groups for p in g.pairs]
    sure = sum(p.p_holm < 0.05 for p in pairs)
    answers = sum(r.overall.get("answered") or 0 for r in runs)
    items = [
        tile("runs", text.count(len(runs)), f"{len(comparison.aside)} left aside" if comparison.aside else ""),
        tile("answers", text.count(answers)),
    ]
    for chapter in comparison.chapters[:4]:
        metric = chapter.metric(chapter.headline)
        first = chapter.groups[0]
        found = [(v["value"], r) for r in first.runs if (v := r.value(chapter.headline)) is not None]
        # An unfinished run is the best only among its like: its questions are fewer and perhaps easier.
        found = [(value, r) for value, r in found if not partly(r.overall)] or found
        if found:
            best, run = max(found, key=lambda pair: (pair[0], pair[1].name))
            part = chapter.part(run)
            name = run.name + (f" ({part})" if part else "")
            if len(chapter.groups) > 1:  # values of several data files have no common best
                name = f"{text.shorten(name, 18)} (data 1)"
            items.append(
                tile(
                    f"best on {chapter.title}{', made data' * first.made}",
                    shown_value(best, metric.get("unit", "")),
                    text.shorten(name, 26),
                )
            )
    if pairs:
        items.append(
            tile("differences beyond luck", f"{sure} of {len(pairs)}", "pairs of runs, Holm-corrected, p < 0.05")
        )
    return tiles(items)
