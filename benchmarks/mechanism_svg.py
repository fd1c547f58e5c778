"""The mechanism check in one picture: how five arms learn, and what each answers by question type.

    python benchmarks/mechanism_svg.py runs/mechanism -o docs/mechanism.svg

Reads what `benchmarks/mechanism.py` wrote and trains nothing. Above: right answers to held-out questions against steps,
letter and word, the mean over seeds with its 95 % t interval as a band; a ring at the end is the test, other questions
about scenes of another seed. Below: the test by question type with the same intervals, beside the best blind answer:
bars for the right word, a mark in them for the right letter with it. Arms or seeds that are not there yet are left out
and named.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

from mechanism import ARMS, interval

NAMES = {
    "answer": "direct answer",
    "caption_answer": "caption, then answer",
    "caption_and_answer": "caption and answer as two tasks",
    "chain": "full chain",
    "foreign_reasoning": "chain, REASONING of another clip",
}
COLOURS = {
    "answer": "#e69f00",
    "caption_answer": "#56b4e9",
    "caption_and_answer": "#009e73",
    "chain": "#0072b2",
    "foreign_reasoning": "#d55e00",
}
SIGNS = {
    "answer": "M-5-5H5V5H-5z",
    "caption_answer": "M0-6L6 5H-6z",
    "caption_and_answer": "M0-6.5L6.5 0L0 6.5L-6.5 0z",
    "chain": "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0",
    "foreign_reasoning": "M-5-5L5 5M5-5L-5 5",
}
WIDTH, HEIGHT = 1000, 812
INK, SOFT, GRID = "#1b2127", "#56606a", "#dfdbd4"


@dataclass
class Found:
    """What a run of the check has so far: per arm and seed, by step and by question type (accuracies in per cent)."""

    families: list[str] = field(default_factory=list)
    questions: dict[str, int] = field(default_factory=dict)
    blind: dict[str, float] = field(default_factory=dict)
    courses: dict[str, list[dict[int, float]]] = field(default_factory=dict)
    tests: dict[str, list[dict[str, float]]] = field(default_factory=dict)
    """The right word."""
    strict: dict[str, list[dict[str, float]]] = field(default_factory=dict)
    """The right letter and word."""
    held_out: int = 0
    majority: float | None = None
    steps: int = 0
    lacking: list[str] = field(default_factory=list)


def read(folder: Path, seeds: Sequence[int]) -> Found:
    """Collect logs and answers; what is missing is named in `lacking`."""
    from audio_reasoner.evaluation.fair import blind
    from audio_reasoner.training.page import majority_of_all

    items: list[dict[str, Any]] = json.loads((folder / "test" / "mmau-test-mini.json").read_text(encoding="utf-8"))
    guess = blind(items)
    types = sorted({i["sub-category"] for i in items})
    found = Found([*types, "all"])
    found.questions = {f: guess[f]["n"] for f in types} | {"all": len(items)}
    found.blind = {f: 100 * guess[f]["best_constant"] for f in types}
    found.blind["all"] = sum(found.blind[f] * guess[f]["n"] for f in types) / len(items)
    for arm in ARMS:
        for seed in seeds:
            log = folder / "models" / f"{arm}-{seed}" / "train_log.jsonl"
            answers = folder / "answers" / f"{arm}-{seed}.json"
            lines = [json.loads(x) for x in log.read_text("utf-8").splitlines()] if log.is_file() else []
            looks = [x for x in lines if x["kind"] == "eval"]
            if not answers.is_file():
                found.lacking.append(f"{arm}-{seed}")
                continue
            said = json.loads(answers.read_text(encoding="utf-8"))
            for reading, into in (("word", found.tests), ("option", found.strict)):
                right = said[reading]["as it is"]
                score = {"all": 100 * sum(right) / len(right)}
                for f in types:
                    own = [r for r, i in zip(right, items, strict=True) if i["sub-category"] == f]
                    score[f] = 100 * sum(own) / len(own)
                into.setdefault(arm, []).append(score)
            found.courses.setdefault(arm, []).append({x["step"]: 100 * x["accuracy"] for x in looks})
            found.steps = max([found.steps, *(x["step"] for x in lines)])
            for x in looks:
                found.held_out, share = x["samples"], majority_of_all(x)
                found.majority = found.majority if share is None else 100 * share
    return found


def picture(found: Found) -> str:
    """The picture as SVG."""
    arms = [a for a in ARMS if a in found.tests]
    seeds = max((len(found.tests[a]) for a in arms), default=0)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="DejaVu Sans, Helvetica, '
        f'Arial, sans-serif" role="img" aria-label="{escape(_spoken(found, arms))}">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" rx="8" fill="#ffffff"/>',
        _text(24, 34, "How the arms learn", 17, bold=True),
        _text(24, 54, f"right letter and word, {found.held_out} held-out questions, %", 12, SOFT),
        *_curves(found, arms),
        *_legend(found, arms, seeds),
        _text(24, 440, "What they answer in the end, by question type", 17, bold=True),
        _text(
            24,
            460,
            f"right word (bars), right letter with it (marks): {found.questions['all']} questions, another seed, %",
            12,
            SOFT,
        ),
        *_bars(found, arms),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _curves(found: Found, arms: Sequence[str]) -> list[str]:
    left, right, top, bottom = 56.0, 668.0, 74.0, 374.0

    def x(step: float) -> float:
        return left + (right - left) * step / max(found.steps, 1)

    def y(value: float) -> float:
        return bottom - (bottom - top) * min(max(value, 0.0), 100.0) / 100

    out = [_grid(left, right, y(v), v) for v in range(0, 101, 20)]
    if found.majority is not None:
        at = y(found.majority)
        out.append(
            f'<path d="M{left} {at:.1f}H{right}" stroke="{INK}" stroke-width="1.6" stroke-dasharray="6 4" fill="none"/>'
        )
    marks = sorted({s for a in arms for c in found.courses[a] for s in c} | {0, found.steps})
    out += [_text(x(s), bottom + 18, f"{s}", 11, SOFT, "middle") for s in marks]
    out.append(_text(right, bottom + 36, "step", 11, SOFT, "end"))
    for arm in arms:
        common = sorted(set.intersection(*(set(c) for c in found.courses[arm])))
        rows = [(s, *interval([c[s] for c in found.courses[arm]])) for s in common]
        colour = COLOURS[arm]
        if len(found.courses[arm]) > 1 and len(rows) > 1:
            edge = [(s, m + h) for s, m, h in rows] + [(s, m - h) for s, m, h in reversed(rows)]
            points = " ".join(f"{x(s):.1f},{y(v):.1f}" for s, v in edge)
            out.append(f'<polygon points="{points}" fill="{colour}" opacity=".13"/>')
        points = " ".join(f"{x(s):.1f},{y(m):.1f}" for s, m, _ in rows)
        out.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2.4"/>')
        out += [_sign(arm, x(s), y(m), f"{NAMES[arm]}: {m:.1f} % at step {s}") for s, m, _ in rows]
    for arm in arms:
        mean, _ = interval([t["all"] for t in found.strict[arm]])
        out.append(
            f'<circle cx="{x(found.steps):.1f}" cy="{y(mean):.1f}" r="5.5" fill="#ffffff" stroke="{COLOURS[arm]}" '
            f'stroke-width="2.4"><title>{NAMES[arm]}: {mean:.1f} % of the test</title></circle>'
        )
    return out


def _legend(found: Found, arms: Sequence[str], seeds: int) -> list[str]:
    out, at = [], 96
    for arm in arms:
        mean, half = interval([t["all"] for t in found.tests[arm]])
        strict, spread = interval([t["all"] for t in found.strict[arm]])
        told = f"word {mean:.0f} ± {half:.0f} %, with its letter {strict:.0f} ± {spread:.0f} %"
        if half != half:
            told = f"word {mean:.0f} %, with its letter {strict:.0f} %"
        out += [
            _sign(arm, 706, at - 5, NAMES[arm]),
            _text(722, at, NAMES[arm], 13),
            _text(722, at + 17, told, 12, SOFT),
        ]
        at += 44
    out.append(f'<path d="M696 {at - 5}h20" stroke="{INK}" stroke-width="1.6" stroke-dasharray="6 4"/>')
    out.append(_text(722, at, "majority answers (held-out)", 12, SOFT))
    out.append(f'<circle cx="706" cy="{at + 17}" r="5.5" fill="#ffffff" stroke="{SOFT}" stroke-width="2.4"/>')
    out.append(_text(722, at + 22, "the test, after the last step", 12, SOFT))
    words = f"band and ±: 95 % t interval over {seeds} seeds" if seeds > 1 else "one seed: no interval"
    out.append(_text(722, at + 44, words, 12, SOFT))
    return out


def _bars(found: Found, arms: Sequence[str]) -> list[str]:
    left, right, top, bottom = 56.0, 976.0, 486.0, 736.0

    def y(value: float) -> float:
        return bottom - (bottom - top) * min(max(value, 0.0), 100.0) / 100

    out = [_grid(left, right, y(v), v) for v in range(0, 101, 20)]
    room = (right - left) / len(found.families)
    wide = min(26.0, 0.8 * room / max(len(arms), 1))
    for i, family in enumerate(found.families):
        start = left + room * i + (room - wide * len(arms)) / 2
        for k, arm in enumerate(arms):
            mean, half = interval([t[family] for t in found.tests[arm]])
            x, tall = start + wide * k, bottom - y(mean)
            told = f"{NAMES[arm]}, {family}: {mean:.1f} %" + (f" ± {half:.1f}" if half == half else "")
            out.append(
                f'<rect x="{x + 1:.1f}" y="{y(mean):.1f}" width="{wide - 2:.1f}" height="{tall:.1f}" '
                f'fill="{COLOURS[arm]}"><title>{escape(told)}</title></rect>'
            )
            strict, _ = interval([t[family] for t in found.strict[arm]])
            out.append(
                f'<path d="M{x + 1:.1f} {y(strict):.1f}h{wide - 2:.1f}" stroke="#ffffff" stroke-width="3.2"/>'
                f'<path d="M{x + 1:.1f} {y(strict):.1f}h{wide - 2:.1f}" stroke="{INK}" stroke-width="1.2">'
                f"<title>{escape(NAMES[arm])}, {family}, letter and word: {strict:.1f} %</title></path>"
            )
            highest = mean
            if half == half:
                middle, highest = x + wide / 2, min(mean + half, 100.0)
                ends = f"M{middle:.1f} {y(mean + half):.1f}V{y(mean - half):.1f}"
                out.append(f'<path d="{ends}" stroke="{INK}" stroke-width="1.2"/>')
            out.append(_text(x + wide / 2, y(highest) - 4, f"{mean:.0f}", 9.5, INK, "middle"))
        at = y(found.blind[family])
        out.append(
            f'<path d="M{start - 7:.1f} {at:.1f}H{start + wide * len(arms) + 7:.1f}" stroke="{INK}" stroke-width="1.8" '
            f'stroke-dasharray="6 4"><title>best blind answer: {found.blind[family]:.1f} %</title></path>'
        )
        middle = left + room * (i + 0.5)
        out.append(_text(middle, bottom + 18, family, 13, INK, "middle", bold=family == "all"))
        out.append(_text(middle, bottom + 35, f"{found.questions[family]} questions", 11, SOFT, "middle"))
    words = "dashed: the best blind answer of the type (always the same option word, or always the same letter)"
    out.append(_text(left, bottom + 60, words, 11.5, SOFT))
    return out


def _grid(left: float, right: float, y: float, value: int) -> str:
    line = f'<path d="M{left} {y:.1f}H{right}" stroke="{GRID}"/>'
    return line + _text(left - 8, y + 4, str(value), 11, SOFT, "end")


def _sign(arm: str, x: float, y: float, told: str) -> str:
    open_sign = arm == "foreign_reasoning"
    paint = (
        f'fill="none" stroke="{COLOURS[arm]}" stroke-width="2.6"'
        if open_sign
        else f'fill="{COLOURS[arm]}" stroke="#ffffff"'
    )
    path = f'<path d="{SIGNS[arm]}" {paint}>'
    return f'<g transform="translate({x:.1f} {y:.1f})">{path}<title>{escape(told)}</title></path></g>'


def _text(
    x: float, y: float, words: str, size: float, colour: str = INK, anchor: str = "start", *, bold: bool = False
) -> str:
    weight = ' font-weight="700"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}" text-anchor="{anchor}"{weight}>'
        f"{escape(words)}</text>"
    )


def _spoken(found: Found, arms: Sequence[str]) -> str:
    means = ", ".join(f"{NAMES[a]} {interval([t['all'] for t in found.tests[a]])[0]:.0f} %" for a in arms)
    return f"Right answers of the mechanism check: {means}; best blind answer {found.blind['all']:.0f} %"


def draw(folder: Path, seeds: Sequence[int], out: Path) -> Found:
    """Read a run of the check and write its picture."""
    found = read(folder, seeds)
    if not found.tests:
        raise SystemExit(f"{folder} has no answers yet")
    out.write_text(picture(found), encoding="utf-8")
    return found


def main() -> None:
    """Draw and say what was drawn."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=5)
    args = parser.parse_args()
    found = draw(args.run, range(1, args.seeds + 1), args.out)
    if found.lacking:
        print(f"not there yet: {', '.join(found.lacking)}", file=sys.stderr)
    drawn = " ".join(f"{a}={len(found.tests[a])}" for a in found.tests)
    print(f"mechanism_svg steps={found.steps} held_out={found.held_out} seeds_drawn {drawn}")


if __name__ == "__main__":
    main()
