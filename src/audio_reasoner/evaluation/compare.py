"""Runs beside each other: what can be compared, what cannot, and which differences are more than luck.

Decision: only scores on the same data (`data_sha256`) are ever set against each other. Runs on another file of the same
benchmark stand in the same chapter, in their own group with a warning, because the file behind one version name has
changed many times. Differences are tested item by item and corrected by Holm over all pairs of one group and metric.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from audio_reasoner.core.errors import ConfigError, InputError
from audio_reasoner.evaluation.compare_read import RunData, read_run
from audio_reasoner.evaluation.mmau import is_made
from audio_reasoner.evaluation.published import PublishedTable, table_for
from audio_reasoner.evaluation.registry import BENCHMARKS
from audio_reasoner.evaluation.statistics import Paired, holm, paired, paired_statistic, sum_by_clip

COMPARISON_VERSION = 1
FACTORS = {"percent": 100.0}
"""Readings of a row that are 0 or 1 stand for percent; all others are in the unit of their metric."""
BLEU_ROUNDS = 500
"""Bootstrap rounds of a pair compared by corpus BLEU: one round over 15,000 sentences costs some 0.2 ms."""
_AGREE = 0.06
"""A metric counts as the mean of its rows if both differ by less (in its unit)."""


@dataclass(frozen=True)
class Pair:
    """Two runs of one group, by one metric; differences in the metric's unit."""

    first: str
    second: str
    metric: str
    result: Paired
    p_holm: float

    def to_dict(self) -> dict[str, Any]:
        """As the JSON file holds it."""
        r = self.result
        return {
            "first": self.first,
            "second": self.second,
            "metric": self.metric,
            "difference": round(r.difference, 4),
            "interval_95": [round(v, 4) for v in r.interval],
            "p": r.p,
            "p_holm": self.p_holm,
            "items": r.n,
            "clips": r.clips,
            "first_better": r.first_better,
            "second_better": r.second_better,
            "test": r.test,
        }


@dataclass(frozen=True)
class ControlLine:
    """A control of a run beside the run itself, on the items that both answered."""

    name: str
    value: dict[str, Any] | None
    against: Paired | None
    consistency: float | None = None
    """Only for shuffled options: share of items on which the same option text was chosen, in percent."""
    explained: float | None = None
    """Share of the run's score above chance that the control reaches too, in percent."""


@dataclass
class Group:
    """Runs on the same data file; `pairs` are tested among them."""

    sha256: str
    revision: str
    runs: list[RunData]
    pairs: list[Pair] = field(default_factory=list)
    metric: str = ""
    untested: str = ""
    """Why no pair was tested, or empty."""

    @property
    def made(self) -> bool:
        """Whether the data only has MMAU's format (`synth benchmark`, or made from a run), so that no published figure
        is about it."""
        return any(run.benchmark == "mmau-mini" for run in self.runs) and is_made(self.revision)


FULL_SETS = {
    "mmau-mini": 1_000,
    "mmar": 1_000,
    "air-chat": 2_200,
    "covost2-en-zh": 15_531,
    "covost2-zh-en": 4_898,
    "meld": 2_610,
}
"""Items of the sets that published figures are about. AIR-Bench foundation's are counted differently by everybody."""


@dataclass
class Chapter:
    """One benchmark."""

    benchmark: str
    title: str
    groups: list[Group]
    warnings: list[str] = field(default_factory=list)
    controls: dict[str, list[ControlLine]] = field(default_factory=dict)

    @property
    def runs(self) -> list[RunData]:
        """All runs of the chapter."""
        return [run for group in self.groups for run in group.runs]

    def label(self, run: RunData) -> str:
        """A run's name, with the number of its data file where the chapter has several."""
        if len(self.groups) < 2:
            return run.name
        return f"{run.name} (data {1 + [g.sha256 for g in self.groups].index(run.sha256)})"

    def made(self, run: RunData) -> bool:
        """Whether a run is about made data (`Group.made`)."""
        return next(g for g in self.groups if g.sha256 == run.sha256).made

    def part(self, run: RunData) -> str:
        """ "40/90": answered items of all, of the published set's where the data has fewer; "" if none is missing."""
        answered, items = run.overall.get("answered"), run.overall.get("items")
        if not isinstance(answered, int) or not isinstance(items, int):
            return ""
        whole = items if self.made(run) else max(items, FULL_SETS.get(self.benchmark, 0))
        return f"{answered:,}/{whole:,}" if answered < whole else ""

    @property
    def metrics(self) -> list[dict[str, Any]]:
        """Every metric that one of the runs has, in order of first appearance."""
        found: dict[str, dict[str, Any]] = {}
        for run in self.runs:
            for metric in run.metrics:
                found.setdefault(metric["name"], metric)
        return list(found.values())

    def metric(self, name: str) -> dict[str, Any]:
        """A metric by its name."""
        return next((m for m in self.metrics if m["name"] == name), {"name": name, "title": name, "unit": "score"})

    @property
    def headline(self) -> str:
        """The metric most runs name as theirs."""
        named = Counter(run.headline for run in self.runs if run.headline)
        return named.most_common(1)[0][0] if named else ""

    @property
    def published(self) -> PublishedTable | None:
        """The paper's table about it."""
        return table_for(self.benchmark)


@dataclass
class Comparison:
    """Everything the page, the Markdown and the JSON are made of."""

    chapters: list[Chapter]
    aside: list[tuple[str, str]] = field(default_factory=list)
    """Directories that take no part, each with the reason."""
    baseline: str = ""

    @property
    def runs(self) -> list[RunData]:
        """All runs that take part."""
        return [run for chapter in self.chapters for run in chapter.runs]

    def to_dict(self) -> dict[str, Any]:
        """The content of `--json`."""
        return {
            "version": COMPARISON_VERSION,
            "baseline": self.baseline or None,
            "aside": [{"run": name, "why": why} for name, why in self.aside],
            "chapters": [
                {
                    "benchmark": c.benchmark,
                    "title": c.title,
                    "headline": c.headline,
                    "warnings": c.warnings,
                    "groups": [
                        {
                            "data_sha256": g.sha256,
                            "revision": g.revision,
                            "metric": g.metric,
                            "untested": g.untested or None,
                            "runs": [_run_dict(r) for r in g.runs],
                            "pairs": [p.to_dict() for p in g.pairs],
                        }
                        for g in c.groups
                    ],
                    "controls": {
                        name: [
                            {
                                "control": line.name,
                                "value": line.value,
                                "difference": None if line.against is None else round(line.against.difference, 4),
                                "p": None if line.against is None else line.against.p,
                                "consistency": line.consistency,
                                "explained": line.explained,
                            }
                            for line in lines
                        ]
                        for name, lines in c.controls.items()
                    },
                }
                for c in self.chapters
            ],
        }


def _run_dict(run: RunData) -> dict[str, Any]:
    effort = run.effort
    return {
        "name": run.name,
        "path": str(run.path),
        "model": run.model or None,
        "config": run.config,
        "score": {k: v for k, v in run.score.items() if k != "problems"},
        "problems": len(run.score.get("problems") or []),
        "mean_tokens": round(sum(effort.tokens) / len(effort.tokens), 2) if effort.tokens else None,
        "seconds": round(sum(effort.seconds), 2) if effort.seconds else None,
        "judges": run.judges,
        "chains": run.chains or None,
        "causal": run.causal or None,
        "samples": run.samples or None,
        "notes": run.notes,
    }


def compare_runs(
    paths: Sequence[Path], baseline: str = "", *, seed: int = 0, on_run: Callable[[str], None] | None = None
) -> Comparison:
    """Read run directories and set them beside each other.

    Args:
        paths: run directories, of one or several benchmarks.
        baseline: name of the run the others are measured against; the pairs with it come first.
        seed: of the bootstrap.
        on_run: told the name of each directory before it is read.

    Raises:
        InputError: `compare.no_run`: not one of the directories holds a run.
        ConfigError: `compare.no_baseline`.
    """
    names = run_names(paths)
    runs: list[RunData] = []
    aside: list[tuple[str, str]] = []
    for path, name in zip(paths, names, strict=True):
        if on_run is not None:
            on_run(name)
        try:
            run = read_run(path, name)
        except InputError as error:
            aside.append((name, error.message))
            continue
        if run.benchmark and run.score:
            runs.append(run)
        else:
            why = " ".join(run.notes) or "Nothing says which benchmark it is about."
            items = run.header.get("items")
            of = f" of {items:,}" if isinstance(items, int) else ""
            aside.append((name, f"{why} {run.effort.n:,}{of} answers lie in its predictions.jsonl."))
    if not runs:
        listed = "; ".join(f"{name}: {why}" for name, why in aside[:5])
        raise InputError(
            f"nothing to compare. {listed}", code="compare.no_run", hint="Score a run first: audio-reasoner eval score."
        )
    if baseline and baseline not in {run.name for run in runs}:
        raise ConfigError(
            f"no run is called {baseline!r}.",
            code="compare.no_baseline",
            hint=f"The runs are: {', '.join(run.name for run in runs)}.",
        )
    known = list(BENCHMARKS)
    order = sorted({r.benchmark for r in runs}, key=lambda b: (known.index(b) if b in known else len(known), b))
    chapters = [_chapter(b, [r for r in runs if r.benchmark == b], baseline, seed) for b in order]
    return Comparison(chapters, aside, baseline)


def run_names(paths: Sequence[Path]) -> list[str]:
    """What the runs are called: the directory's name, with as many parents as it takes to tell them apart.

    >>> run_names([Path("a/tiny"), Path("b/tiny"), Path("c/large")])
    ['a/tiny', 'b/tiny', 'large']
    """
    resolved = [p.resolve() for p in paths]
    names = [p.name or str(p) for p in resolved]
    for depth in range(2, 1 + max((len(p.parts) for p in resolved), default=1)):
        twice = {n for n, k in Counter(n for n, _ in set(zip(names, resolved, strict=True))).items() if k > 1}
        if not twice:
            break
        names = ["/".join(p.parts[-depth:]) if n in twice else n for p, n in zip(resolved, names, strict=True)]
    seen: Counter[str] = Counter()
    for i, name in enumerate(names):  # one directory given twice
        seen[name] += 1
        if seen[name] > 1:
            names[i] = f"{name} ({seen[name]})"
    return names


def _chapter(benchmark: str, runs: list[RunData], baseline: str, seed: int) -> Chapter:
    shas = list(dict.fromkeys(r.sha256 for r in runs))
    shas.sort(key=lambda sha: -sum(r.sha256 == sha for r in runs))
    groups = []
    for sha in shas:
        mine = [r for r in runs if r.sha256 == sha]
        mine.sort(key=lambda r: r.name != baseline)
        groups.append(Group(sha, str(mine[0].score.get("revision") or "unknown revision"), mine))
    listed = BENCHMARKS.get(benchmark)
    chapter = Chapter(benchmark, listed.title if listed else benchmark, groups)
    if len(groups) > 1:
        parts = "; ".join(
            f"Data {i}: {g.revision} (sha256 {g.sha256[:12] or 'not recorded'}…): {', '.join(r.name for r in g.runs)}"
            for i, g in enumerate(groups, 1)
        )
        chapter.warnings.append(
            f"These runs were scored on {len(groups)} different data files. Their numbers must not be compared with "
            f"each other, and no test is made between them. {parts}."
        )
    chapter.warnings += [
        f"{', '.join(r.name for r in g.runs)}: the data ({g.revision}) has the format of {chapter.title} and not its "
        "content, so no published figure is set beside it."
        for g in groups
        if g.made
    ]
    full = FULL_SETS.get(benchmark, 0)
    for group in groups:
        size = max((n for r in group.runs if isinstance(n := r.overall.get("items"), int)), default=full)
        if size < full and not group.made:
            chapter.warnings.append(
                f"{', '.join(r.name for r in group.runs)}: the data has {size:,} items, the published set {full:,}; "
                "published figures are not about these."
            )
    for run in runs:
        chapter.warnings += [f"{run.name}: {note}" for note in run.notes]
    metric = chapter.headline
    for group in groups:
        _test(group, chapter.metric(metric), baseline, seed)
    for run in runs:
        if run.controls:
            chapter.controls[run.name] = [
                control_line(name, run, control, chapter.metric(metric), seed) for name, control in run.controls.items()
            ]
    return chapter


def _test(group: Group, metric: dict[str, Any], baseline: str, seed: int) -> None:
    group.metric = metric["name"]
    able = [run for run in group.runs if run.rows.value(group.metric)]
    if len(able) < 2:
        group.untested = "A test needs two runs with rows on the same data." if len(group.runs) > 1 else ""
        return
    factor = FACTORS.get(metric.get("unit", ""), 1.0)
    for run in able:
        if group.metric in run.rows.statistics:
            continue  # compared by the corpus measure itself
        values = run.rows.value(group.metric)
        told = run.value(group.metric)
        if told is not None and abs(factor * sum(values.values()) / len(values) - told["value"]) > _AGREE:
            title = metric.get("title", group.metric)
            group.untested = f"{title} is no mean over rows, so the pairs test the rows' own values."
    found: list[tuple[str, str, Paired]] = []
    for i, a in enumerate(able):
        for b in able[i + 1 :]:
            result = paired_runs(a, b, group.metric, factor, seed)
            if result is not None:
                found.append((a.name, b.name, result))
    corrected = holm([r.p for _, _, r in found])
    group.pairs = [Pair(a, b, group.metric, result, p) for (a, b, result), p in zip(found, corrected, strict=True)]
    group.pairs.sort(key=lambda p: baseline not in (p.first, p.second))


def paired_runs(a: RunData, b: RunData, metric: str, factor: float, seed: int = 0) -> Paired | None:
    """Compare two runs on the items both have; None if there are none. Differences times `factor`.

    Where the rows hold the counts of BLEU, corpus BLEU is compared and not a mean over sentences.
    """
    if metric in a.rows.statistics and metric in b.rows.statistics:
        return _paired_bleu(a, b, metric, seed)
    first, second = a.rows.value(metric), b.rows.value(metric)
    clip_of = dict(zip(a.rows.ids, a.rows.clips, strict=True))
    common = [i for i in a.rows.ids if i in first and i in second]
    if not common:
        return None
    r = paired([first[i] for i in common], [second[i] for i in common], [clip_of[i] for i in common], seed=seed)
    low, high = r.interval
    return Paired(
        factor * r.difference, (factor * low, factor * high), r.p, r.n, r.clips, r.first_better, r.second_better, r.test
    )


def _paired_bleu(a: RunData, b: RunData, metric: str, seed: int) -> Paired | None:
    from audio_reasoner.evaluation.translation import bleu

    first, second = a.rows.statistics[metric], b.rows.statistics[metric]
    clip_of = dict(zip(a.rows.ids, a.rows.clips, strict=True))
    common = [i for i in a.rows.ids if i in first and i in second]
    if not common:
        return None
    clips = [clip_of[i] for i in common]
    sums = [sum_by_clip([held[i] for i in common], clips) for held in (first, second)]
    return paired_statistic(sums[0], sums[1], bleu, seed=seed, rounds=BLEU_ROUNDS)


def _same_option(run: RunData, control: RunData, facts: object) -> float | None:
    """How often the same option was chosen, in percent: as `controls.json` says, else by the rows."""
    told = facts.get("same_option") if isinstance(facts, dict) else None
    rate = told.get("rate") if isinstance(told, dict) else None
    if isinstance(rate, int | float):
        return round(100 * rate, 4)
    before = {i: s for i, s in zip(run.rows.ids, run.rows.said, strict=True) if s}
    pairs = [(before[i], s) for i, s in zip(control.rows.ids, control.rows.said, strict=True) if s and i in before]
    return round(100 * sum(x == y for x, y in pairs) / len(pairs), 4) if pairs else None


def control_line(name: str, run: RunData, control: RunData, metric: dict[str, Any], seed: int = 0) -> ControlLine:
    """A control beside its run."""
    factor = FACTORS.get(metric.get("unit", ""), 1.0)
    held = run.control_facts.get("controls")
    facts = held.get(name) if isinstance(held, dict) else None
    told = facts.get("explained") if isinstance(facts, dict) else None
    above = told.get("above_chance") if isinstance(told, dict) else None
    same = _same_option(run, control, facts) if name == "shuffled" else None
    return ControlLine(
        name,
        control.value(metric["name"]),
        paired_runs(run, control, metric["name"], factor, seed),
        same,
        round(100 * above, 2) if isinstance(above, int | float) else None,
    )
