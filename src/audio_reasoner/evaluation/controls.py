"""What a score owes to listening: the same questions without audio, with silence, with another clip, options shuffled.

Decision: every control is a run directory of its own under `controls/`, asked of exactly the items the main run has
answered, and scored by the benchmark's own rules; the summary compares item by item. A shuffled item is scored as it
was shown, with its options in that order, because a reply "(b)" means the second option that was shown.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from audio_reasoner.core.errors import ConfigError
from audio_reasoner.core.run import write_atomic
from audio_reasoner.evaluation.base import Benchmark, Item, Module, Row, Score
from audio_reasoner.evaluation.hearing import CONTROLS, Control, shuffled_order
from audio_reasoner.evaluation.predictions import read_predictions
from audio_reasoner.evaluation.present import json_text
from audio_reasoner.evaluation.rundir import PREDICTIONS_NAME, read_header, rows_in

CONTROLS_VERSION = 1
SUMMARY_NAME = "controls.json"
SCORE_NAME, ROWS_NAME = "score.json", "rows.jsonl"


def parse_controls(text: str) -> tuple[Control, ...]:
    """The controls a user names: "all", or some of them separated by commas.

    Raises:
        ConfigError: `eval.unknown_control`.
    """
    wanted = [word.strip() for word in text.split(",") if word.strip()]
    if wanted == ["all"]:
        return CONTROLS
    if unknown := [word for word in wanted if word not in CONTROLS]:
        raise ConfigError(
            f"there is no control {unknown[0]!r}.",
            code="eval.unknown_control",
            hint=f"Write all, or some of {', '.join(CONTROLS)}.",
        )
    return tuple(name for name in CONTROLS if name in wanted)


def pointless(controls: Sequence[Control], benchmark: Benchmark, hears: bool) -> dict[str, str]:
    """Why some controls make no sense here, by name."""
    why: dict[str, str] = {}
    for name in controls:
        if name == "shuffled" and not any(len(item.choices) > 1 for item in benchmark.items):
            why[name] = "the questions have no options"
        elif name == "other-clip" and len({item.clip for item in benchmark.items}) < 2:
            why[name] = "all questions are about one clip"
        elif name != "shuffled" and not hears:
            why[name] = "the model hears nothing anyway"
    return why


def shown(benchmark: Benchmark, control: Control | None, seed: int, only: frozenset[str] | None = None) -> Benchmark:
    """The benchmark as a control has shown it: options in the shuffled order, and no other items than were asked."""
    items = [item for item in benchmark.items if only is None or item.id in only]
    if control == "shuffled":
        items = [_reordered(item, shuffled_order(item, seed)) for item in items]
    return dataclasses.replace(benchmark, items=items)


def as_asked(benchmark: Benchmark, run_dir: Path) -> Benchmark:
    """The benchmark as the run in a directory has shown it; unchanged unless that is the control `shuffled`."""
    try:
        header = read_header(run_dir)
    except ConfigError:  # predictions of somebody else's, with a run.json of theirs
        return benchmark
    config = (header or {}).get("config", {})
    if config.get("control") != "shuffled" or not isinstance(config.get("seed"), int):
        return benchmark
    return shown(benchmark, "shuffled", config["seed"])


def _reordered(item: Item, order: Sequence[int]) -> Item:
    choices = tuple(item.choices[i] for i in order)
    # Of two choices with the same text either is right, and the first one shown stands for both.
    gold = None if item.gold is None else choices.index(item.choices[item.gold])
    return dataclasses.replace(item, choices=choices, gold=gold)


def score_run(module: Module, benchmark: Benchmark, run_dir: Path) -> Score:
    """Score a run directory, with the opinions about it: writes `score.json` and `rows.jsonl` there."""
    from audio_reasoner.evaluation.judged import JUDGED_NAME, judged_directory, read_judged

    lines: list[str] = []
    opinions = read_judged(judged_directory(run_dir) / JUDGED_NAME) or None

    def on_row(row: Row) -> None:
        lines.append(json_text(row.to_dict()) + "\n")

    replies = read_predictions(run_dir / PREDICTIONS_NAME)
    score = module.score(benchmark, replies, PREDICTIONS_NAME, on_row, opinions)
    write_atomic(run_dir / ROWS_NAME, "".join(lines).encode("utf-8"))
    write_atomic(run_dir / SCORE_NAME, (json_text(score.to_dict(), indent=1) + "\n").encode("utf-8"))
    return score


def summary(benchmark: Benchmark, main: Path, controls: Mapping[Control, Path], seed: int = 0) -> dict[str, Any]:
    """The content of `controls.json`, from run directories that are scored.

    Args:
        benchmark: the official items.
        main: the main run.
        controls: the controls' run directories.
        seed: of the intervals.
    """
    from audio_reasoner.evaluation.statistics import paired

    score = _json(main / SCORE_NAME)
    headline = str(score["headline"])
    unit = next((m["unit"] for m in score["metrics"] if m["name"] == headline), "")
    own_rows, own_options = _readings(main, headline), _options(main)
    told: dict[str, Any] = {}
    # Without listening means: on the questions that the run answered, which may be fewer than the benchmark has. The
    # controls' scores are of these.
    baselines = score["overall"]
    for name, path in controls.items():
        rows, options = _readings(path, headline), _options(path)
        both = [i for i in own_rows if own_rows[i][0] is not None and rows.get(i, (None, ""))[0] is not None]
        scored = _json(path / SCORE_NAME)
        entry = _entry(scored, headline)
        if both and unit in ("percent", "score"):
            scale = 100.0 if unit == "percent" else 1.0
            mine = [float(own_rows[i][0] or 0) for i in both]
            theirs = [float(rows[i][0] or 0) for i in both]
            found = paired(theirs, mine, [own_rows[i][1] for i in both], seed=seed)
            value = (score["overall"]["values"].get(headline) or {}).get("value")
            # A headline like unweighted accuracy is no mean over items; then the difference is of items right.
            plain = value is not None and abs(scale * sum(mine) / len(mine) - value) < 0.01
            entry["minus_main"] = {
                "of": "headline" if plain and len(both) == len(own_rows) else "items",
                "value": round(scale * found.difference, 4),
                "interval_95": [round(scale * x, 4) for x in found.interval],
                "p": found.p,
                "items": found.n,
            }
            if unit == "percent":
                entry["right"] = _crossed(mine, theirs)
        entry["same_option"] = _same(own_options, options)
        if name != "shuffled":
            baselines = scored["overall"]
            entry["explained"] = _explained(score, entry, headline, baselines.get("chance"))
        told[name] = entry
    out: dict[str, Any] = {
        "version": CONTROLS_VERSION,
        "benchmark": benchmark.name,
        "headline": headline,
        "main": _entry(score, headline),
        "controls": told,
        "baselines": {k: baselines.get(k) for k in ("chance", "majority", "best_constant")},
        "places": {"main": _places(benchmark, main)},
        "explained_means": "share of the main run's headline reached without hearing the right recording; "
        "above_chance: the same after chance is taken from both",
    }
    if "shuffled" in controls:
        out["places"]["shuffled"] = _places(benchmark, controls["shuffled"])
    return out


def _json(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _entry(score: Mapping[str, Any], headline: str) -> dict[str, Any]:
    overall = score["overall"]
    value = overall["values"].get(headline) or {}
    return {
        "items": overall["items"],
        "answered": overall["answered"],
        "value": value.get("value"),
        "interval_95": value.get("interval_95"),
        "unparsed": (overall.get("unparsed") or {}).get("rate"),
    }


def _readings(run_dir: Path, headline: str) -> dict[str, tuple[float | None, str]]:
    """(reading of the headline, clip) by item id."""
    found: dict[str, tuple[float | None, str]] = {}
    with (run_dir / ROWS_NAME).open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            found[row["id"]] = ((row.get("readings") or {}).get(headline), row["clip"])
    return found


def _options(run_dir: Path) -> dict[str, int | None]:
    """The official option each reply means, by item id."""
    return {row["id"]: row.get("option") for row in rows_in(run_dir / PREDICTIONS_NAME)}


def _same(own: Mapping[str, int | None], other: Mapping[str, int | None]) -> dict[str, Any]:
    """How often two runs mean the same option: `rate` where both name one, `over_all` of all common items."""
    common = [i for i in own if i in other]
    named = [i for i in common if own[i] is not None and other[i] is not None]
    same = sum(own[i] == other[i] for i in named)
    return {
        "items": len(common),
        "both_named": len(named),
        "same": same,
        "rate": round(same / len(named), 4) if named else None,
        "over_all": round(same / len(common), 4) if named else None,
    }


def _crossed(mine: Sequence[float], theirs: Sequence[float]) -> dict[str, int]:
    pairs = [(m > 0, t > 0) for m, t in zip(mine, theirs, strict=True)]
    names = {(True, True): "both", (True, False): "main_only", (False, True): "control_only", (False, False): "neither"}
    return {name: pairs.count(pair) for pair, name in names.items()}


def _explained(score: Mapping[str, Any], entry: Mapping[str, Any], headline: str, chance: object) -> dict[str, Any]:
    value, reached = (score["overall"]["values"].get(headline) or {}).get("value"), entry["value"]
    told: dict[str, Any] = {"of_main": None, "above_chance": None}
    if value and reached is not None:
        told["of_main"] = round(reached / value, 4)
        if isinstance(chance, int | float) and value > chance:
            # Below chance nothing is reached; it is not less than nothing.
            told["above_chance"] = round(max(0.0, reached - chance) / (value - chance), 4)
    return told


def _places(benchmark: Benchmark, run_dir: Path) -> dict[str, list[int]]:
    """How often each place was chosen and how often it held the right option, as shown; for a taste for a letter."""
    items = {item.id: item for item in benchmark.items}
    most = max((len(item.choices) for item in items.values()), default=0)
    chosen, gold = [0] * most, [0] * most
    for row in rows_in(run_dir / PREDICTIONS_NAME):
        item = items.get(row["id"])
        if item is None or not item.choices:
            continue
        order = row.get("options_order") or list(range(len(item.choices)))
        if item.gold is not None:
            gold[order.index(item.gold)] += 1
        if row.get("option") is not None:
            chosen[order.index(row["option"])] += 1
    return {"chosen": chosen, "gold": gold}
