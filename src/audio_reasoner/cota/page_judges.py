"""What became of every chain: checks, judges, solver and filter, counted in one pass over the ledger.

Decision: the judgements come in order of their units and are let go one by one; what stays are counters, one example
per code, and the units that will be shown, drawn by hash. A sample lost at several steps counts at the first of them,
so that the funnel adds up. The solver counts as a judge of the gold answer: it agrees where it gave that answer,
hearing the clip, in at least half of its trials.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations, groupby
from typing import Any

from audio_reasoner.clients.ledger import LedgerReader
from audio_reasoner.core.records import SolverResult
from audio_reasoner.cota import keep as filters
from audio_reasoner.cota.page_facts import Spread, draw, keep_smallest
from audio_reasoner.cota.plan import Keep
from audio_reasoner.cota.solver import from_json
from audio_reasoner.cota.units import Roles

STEPS = ("check", "judge", "solve")
AGREES = 0.5


@dataclass
class Reason:
    """Why units were lost at a step: how many, and one of them in words."""

    count: int = 0
    example: str = ""
    unit: str = ""

    def add(self, unit: str, detail: str) -> None:
        """Count one unit; the first one stands as the example."""
        self.count += 1
        if not self.example:
            self.example, self.unit = detail, unit


@dataclass
class Judgements:
    """What the ledger says of the chains of a plan, and of questions that were refused before a chain was written.

    The latter are lost at the step "question"; all else is about chains. `passed` counts them by the steps they came
    through ("check", "judge", "solve", "keep"); `seen` those that a step looked at; `lost` the reasons of each step by
    code (each chain once); `codes` all findings of rejecting judges by (step, judge, code); `opinions` yes and no of
    two judges about the same chain; `refused` the units drawn to be shown, with their decision ("rejected" or
    "filtered").
    """

    seen: Counter[str] = field(default_factory=Counter)
    passed: Counter[str] = field(default_factory=Counter)
    lost: dict[str, dict[str, Reason]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(Reason)))
    codes: dict[tuple[str, str, str], Reason] = field(default_factory=lambda: defaultdict(Reason))
    verdicts: Counter[tuple[str, str]] = field(default_factory=Counter)
    opinions: dict[tuple[str, str], Counter[tuple[bool, bool]]] = field(default_factory=lambda: defaultdict(Counter))
    difficulty: Counter[int] = field(default_factory=Counter)
    noise: Counter[bool] = field(default_factory=Counter)
    accuracy: Spread = field(default_factory=Spread)
    blind: Spread = field(default_factory=Spread)
    dependence: Spread = field(default_factory=Spread)
    solvers: Counter[str] = field(default_factory=Counter)
    refused: list[tuple[str, str]] = field(default_factory=list)
    not_yet: Counter[str] = field(default_factory=Counter)

    @property
    def kept(self) -> int:
        """Chains that nothing speaks against."""
        return self.passed["keep"]

    def waiting(self, step: str, aside: int = 0) -> tuple[tuple[str, int], ...]:
        """Chains that the step has not looked at, without those that it set aside: the build has not come so far."""
        left = self.not_yet[step] - aside
        return ((f"not {'judged' if step == 'judge' else 'solved'} yet", left),) if left > 0 else ()

    def reasons(self, step: str) -> tuple[tuple[str, int], ...]:
        """Codes of a step with their counts, most frequent first."""
        return tuple(sorted(((c, r.count) for c, r in self.lost[step].items()), key=lambda x: (-x[1], x[0])))


def read_judgements(ledger: LedgerReader, plan_id: str, roles: Roles, *, show: int = 0, seed: int = 0) -> Judgements:
    """Count a plan's judgements and draw at most `show` units that were refused."""
    out = Judgements()
    keep = filters.keep_of(ledger, plan_id)
    heap: list[tuple[int, str, str]] = []
    chainless = ledger.units_without(plan_id, "check", "think")
    rows = ledger.each_derived(plan_id, STEPS)
    for unit, group in groupby(rows, key=lambda r: r[0]):
        stored = {"question" if stage == "check" and unit in chainless else stage: text for _, stage, text in group}
        decision = _count(out, keep, roles, unit, stored)
        if decision in ("rejected", "filtered"):
            keep_smallest(heap, (-draw(seed, unit), unit, decision), show)
    out.refused = [(unit, decision) for _, unit, decision in sorted(heap, reverse=True)]
    return out


def verdicts_in(text: str) -> list[dict[str, Any]]:
    """The verdicts of a stored judgement: {"verdicts": […]} or a verdict alone."""
    stored = json.loads(text)
    found = stored.get("verdicts")
    if isinstance(found, list):
        return found
    return [stored] if "judge" in stored else []


def _count(out: Judgements, keep: Keep, roles: Roles, unit: str, stored: dict[str, str]) -> str:
    """Count one chain; its fate: accepted, rejected, filtered or waiting."""
    opinions: dict[str, bool] = {}
    fate = ""
    for step in ("question", "check", "judge"):
        if step not in stored:
            continue
        out.seen[step] += 1
        verdicts = verdicts_in(stored[step])
        against = [v for v in verdicts if v["decision"] == "rejected"]
        for v in verdicts:
            out.verdicts[v["judge"], v["decision"]] += 1
            if v["decision"] != "not_applicable":
                opinions[v["judge"]] = v["decision"] == "accepted"
        for v in against:
            for code, detail in {f["code"]: f["detail"] for f in v.get("findings", ())}.items():
                out.codes[step, v["judge"], code].add(unit, detail)
        if against and not fate:
            first = next((f for v in against for f in v.get("findings", ())), None)
            code, detail = (first["code"], first["detail"]) if first else ("no reason given", "")
            out.lost[step][code].add(unit, detail)
            fate = "rejected"
        elif not fate:
            out.passed[step] += 1
    solve: SolverResult | None = None
    if "solve" in stored:
        solve = from_json(stored["solve"])
        out.seen["solve"] += 1
        _solved(out, solve, str(json.loads(stored["solve"]).get("solver", "solver")), opinions)
    for pair in combinations(sorted(opinions), 2):
        out.opinions[pair][opinions[pair[0]], opinions[pair[1]]] += 1
    if not fate and "check" in stored and True not in opinions.values():
        out.lost["check"]["not accepted by anyone"].add(unit, "")
        out.passed["check"] -= 1
        fate = "rejected"
    for step, asked in (("judge", roles.judged), ("solve", roles.solved)):
        if not fate and asked and step not in stored:
            out.not_yet[step] += 1
            fate = "waiting"
    if not fate and (code := filters.why_left_out(keep, solve)):
        out.lost["keep"][code].add(unit, _figures(solve))
        fate = "filtered"
    if not fate:
        out.passed["keep"] += 1
    return fate or "accepted"


def _solved(out: Judgements, solve: SolverResult, solver: str, opinions: dict[str, bool]) -> None:
    out.passed["solve"] += 1
    out.solvers[solver] += 1
    if solve.accuracy is not None:
        out.accuracy.add(round(solve.accuracy, 3))
        opinions[f"solver {solver}"] = solve.accuracy >= AGREES
    if solve.blind is not None:
        out.blind.add(round(solve.blind, 3))
    if solve.audio_dependence is not None:
        out.dependence.add(round(solve.audio_dependence, 3))
    if solve.difficulty is not None:
        out.difficulty[solve.difficulty] += 1
    if solve.label_noise is not None:
        out.noise[solve.label_noise] += 1


def _figures(solve: SolverResult | None) -> str:
    if solve is None:
        return ""
    named = (
        ("right with audio", solve.accuracy), ("right blind", solve.blind),
        ("audio dependence", solve.audio_dependence), ("difficulty", solve.difficulty),
    )  # fmt: skip
    return ", ".join(f"{name} {value:g}" for name, value in named if value is not None)


def units_by_clip(units: list[tuple[str, str]]) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """(clip_id, [(unit_id, decision), …]) of drawn units."""
    ordered = sorted(units)
    for clip_id, group in groupby(ordered, key=lambda u: u[0].split("/", 1)[0]):
        yield clip_id, list(group)
