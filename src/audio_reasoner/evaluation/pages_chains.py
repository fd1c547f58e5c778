"""Cards about the chains of replies: which sections they have, what their claims are worth, and the causal test.

Decision: a chain is shown as three questions a number can answer. Is it there (sections), does the reply keep to it
(SUMMARY and RESPONSE agree, the causal test), and is it true (claims against timelines, where there are any)?
"""

# ruff: noqa: E501 (markup and sentences are easier to read unbroken)

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from audio_reasoner.core.chain import SECTIONS
from audio_reasoner.evaluation.compare import Chapter
from audio_reasoner.evaluation.compare_read import RunData
from audio_reasoner.report import Dot, DotLine, card, disclosure, dot_plot, signs, table, text
from audio_reasoner.report.dots import Shape

_DASH = "–"


def chains_cards(chapter: Chapter) -> list[Markup]:
    """The cards that the runs of a chapter have something for."""
    return [c for c in (_sections(chapter), _claims(chapter), _causal(chapter)) if c is not None]


def _object(found: object, *path: str) -> dict[str, Any]:
    for key in path:
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


def _number(found: object) -> float | None:
    return float(found) if isinstance(found, int | float) and abs(found) < 1e12 else None


def rate_cell(found: object) -> str | Markup:
    """A rate of `chains.json` ({"value", "n", "interval_95"}, shares) in per cent, with its interval and denominator."""
    if not isinstance(found, dict) or (value := _number(found.get("value"))) is None:
        return _DASH
    ends = _ends(found)
    below = []
    if ends is not None:
        between = " to " if ends[0] < 0 else "–"
        below.append(f"{ends[0]:.1f}{between}{ends[1]:.1f}".replace("-", "−"))
    if isinstance(found.get("n"), int):
        below.append(f"of {found['n']:,}")
    return Markup("{}{}").format(
        f"{100 * value:.1f}".replace("-", "−"),
        Markup("").join([Markup('<small class="ci">{}</small>').format(b) for b in below]),
    )


def _counted(run: RunData, name: str) -> str:
    n = run.effort.n
    return f"{100 * run.effort.sections[name] / n:.1f}" if n else _DASH


def _sections(chapter: Chapter) -> Markup | None:
    if not any(run.chains or run.effort.sections for run in chapter.runs):
        return None
    rows: list[list[str | Markup]] = []
    for run in chapter.runs:
        held = run.chains
        if not held and not run.effort.n:
            continue
        cells: list[str | Markup] = [Markup('<span class="run">{}</span>').format(chapter.label(run))]
        for name in SECTIONS:
            section = _object(held, "sections", name)
            present = _number(_object(section, "present").get("value"))
            cells.append(f"{100 * present:.1f}" if present is not None else _counted(run, name))
        words = sum(_number(_object(held, "sections", name, "words").get("median")) or 0.0 for name in SECTIONS)
        cells.append(text.count(round(words)) if words else _DASH)
        cells.append(rate_cell(held.get("well_formed")) if held else _well_formed(run))
        cells.append(rate_cell(_object(held, "agreement").get("rate")))
        rows.append(cells)
    header = ["Run", *[n.upper() for n in SECTIONS], "Median words", "Well-formed, %", "SUMMARY and RESPONSE agree, %"]
    return card(
        "Are the chains there?",
        table(
            header, rows, numeric=tuple(range(1, len(header))), caption=f"Sections of the replies on {chapter.title}"
        ),
        "Per cent of the replies that have each section. Agreement: of the replies whose SUMMARY and RESPONSE both name an option, how many name the same one. A dash: not analysed.",
        wide=True,
    )


def _well_formed(run: RunData) -> str:
    found = run.overall.get("well_formed")
    rate = found.get("rate") if isinstance(found, dict) else None
    return f"{100 * rate:.1f}" if isinstance(rate, int | float) else _DASH


def _claims(chapter: Chapter) -> Markup | None:
    rows: list[list[str | Markup]] = []
    kinds: list[str] = []
    for run in chapter.runs:
        claims = _object(run.chains, "claims")
        if not claims:
            continue
        mine: list[list[str | Markup]] = [
            [str(name).upper(), *_claim_counts(held), "", ""] for name, held in _object(claims, "by_section").items()
        ]
        accuracy, chains = _object(claims, "accuracy"), _object(claims, "chains")
        for name, says in (
            ("right", "chains without a contradicted claim"),
            ("wrong", "chains with a contradicted claim"),
        ):
            n = chains.get(name)
            mine.append(
                [says, "", "", "", "", f"{n:,}" if isinstance(n, int) else _DASH, rate_cell(accuracy.get(name))]
            )
        if _object(accuracy, "difference"):
            mine.append(["difference of these two, points", "", "", "", "", "", rate_cell(accuracy["difference"])])
        label = Markup('<b class="run">{}</b>').format(chapter.label(run))
        rows += [[label if i == 0 else "", *line] for i, line in enumerate(mine)]
        found = [f"{kind} {_counts_text(held)}" for kind, held in _object(claims, "by_kind").items()]
        if found:
            kinds.append(f"{chapter.label(run)}: {', '.join(found)}")
    if not rows:
        return None
    header = [
        "Run",
        "Where",
        "Supported",
        "Contradicted",
        "Undecidable",
        "Supported of decided, %",
        "Chains",
        "Right answers, %",
    ]
    by_kind = (
        Markup('<p class="hint">By kind of claim, supported/contradicted: {}.</p>').format(
            text.shorten("; ".join(kinds), 1200)
        )
        if kinds
        else Markup("")
    )
    return card(
        "Are the chains true?",
        table(header, rows, numeric=tuple(range(2, len(header))), caption="Claims of the chains against the timelines")
        + by_kind,
        "Only claims that a rule can read and the timeline can decide count. If chains that contradict the recording are followed by right answers as often as others, the answer does not rest on the chain.",
        wide=True,
    )


def _claim_counts(held: object) -> list[str | Markup]:
    found = held if isinstance(held, dict) else {}
    counts: list[str | Markup] = [
        f"{n:,}" if isinstance(n := found.get(k), int) else _DASH for k in ("supported", "contradicted", "undecidable")
    ]
    return [*counts, rate_cell(found.get("rate"))]


def _counts_text(held: object) -> str:
    found: Mapping[str, Any] = held if isinstance(held, dict) else {}
    return f"{found.get('supported', 0)}/{found.get('contradicted', 0)}"


MOST_LINES = 42
"""Changes drawn in one chart: three runs with all of them."""
_CAUSAL = ("changed", "beyond_placebo", "followed", "followed_by_placebo", "kept", "accuracy_after")


def _sentences(found: object) -> list[str]:
    return [line for line in found if isinstance(line, str)] if isinstance(found, list) else []


def _causal(chapter: Chapter) -> Markup | None:
    rows: list[list[str | Markup]] = []
    lines: list[DotLine] = []
    caveats: list[str] = []
    reading = Markup("")
    several = sum(bool(run.causal) for run in chapter.runs) > 1
    for run in chapter.runs:
        label = Markup('<b class="run">{}</b>').format(chapter.label(run))
        for i, (name, held) in enumerate(_object(run.causal, "interventions").items()):
            found = held if isinstance(held, dict) else {}
            told = str(found.get("told") or found.get("place") or "")
            # What changes nothing that matters is drawn hollow: the others are read against it.
            idle = told.startswith(("placebo", "nothing"))
            dots = (
                _rate_dot(found.get("changed"), "ring" if idle else "disc", 4, "changed"),
                _rate_dot(found.get("followed"), "square", 1, "became the implied answer"),
                _rate_dot(found.get("followed_by_placebo"), "cross", 7, "the placebo gives the implied answer"),
            )
            kept = tuple(d for d in dots if d is not None)
            if kept:
                drawn = f"{chapter.label(run)}: {name}" if several else str(name)
                lines.append(DotLine(drawn, kept, f"{kept[0].value:.0f} %" if dots[0] is not None else "", spread=True))
            what = Markup('{}<br><small class="published">{}</small>').format(name, text.shorten(told, 100))
            rows.append([label if i == 0 else "", what, *(rate_cell(found.get(k)) for k in _CAUSAL)])
        caveats += [c for c in _sentences(run.causal.get("not_shown")) if c not in caveats]
        if said := _sentences(run.causal.get("reading")):
            listed = Markup("").join([Markup("<li>{}</li>").format(x) for x in said])
            reading += disclosure(
                f"In words: {chapter.label(run)}",
                Markup('<ul class="remarks">{}</ul>').format(listed),
                colour=5,
                opened=False,
            )
    if not rows:
        return None
    header = [
        "Run",
        "Change",
        "Answer changed, %",
        "Beyond placebo, points",
        "Became the implied one, %",
        "Placebo gives it, %",
        "Kept, %",
        "Right after, %",
    ]
    chart = dot_plot(lines[:MOST_LINES], "Answers that change", left=30) + signs(
        [("disc", 4, "the answer changed"), ("ring", 4, "changed by an edit that should not matter"),
         ("square", 1, "it became the one the changed chain implies"), ("cross", 7, "the placebo gives that one by itself")]
    )  # fmt: skip
    numbers = table(header, rows, numeric=tuple(range(2, len(header))), caption="Causal test")
    listed = Markup('<ul class="remarks">{}</ul>').format(
        Markup("").join([Markup("<li>{}</li>").format(c) for c in caveats])
    )
    more = f" The chart shows the first {MOST_LINES} changes." if len(lines) > MOST_LINES else ""
    return card(
        "Does the answer follow the chain?",
        chart + Markup('<div class="below">{}</div>').format(numbers) + reading + listed,
        "A fact or a step of the chain is changed and the model goes on from there. “Beyond placebo”: how much more often the answer changes than after the placebo, on the same questions. “Kept”: how often the old answer stayed where the change still implies it."
        + more,
        wide=True,
    )


def _ends(found: dict[str, Any]) -> tuple[float, float] | None:
    ends = found.get("interval_95")
    if not isinstance(ends, list) or len(ends) != 2:
        return None
    low, high = _number(ends[0]), _number(ends[1])
    return None if low is None or high is None else (100 * low, 100 * high)


def _rate_dot(found: object, shape: Shape, colour: int, name: str) -> Dot | None:
    if not isinstance(found, dict) or (value := _number(found.get("value"))) is None:
        return None
    return Dot(100 * value, shape, colour, name, _ends(found))
