"""MELD: the emotion a speaker expresses, one of seven, by every rule in use.

Decision: the paper's "unweighted accuracy" is the mean recall of the seven classes, and with 48 % of the utterances
neutral it says something else than accuracy; both stand beside macro- and weighted F1. *strict* is Qwen2-Audio's rule,
which lets only white space in front pass; *emobox* the same label in EmoBox's or the list's words, scored with EmoBox's
formulas; *extracted* the label the RESPONSE means. A reply without a label is a class of its own and always wrong.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audio_reasoner.core.chain import parse_chain, response_body
from audio_reasoner.core.choices import OptionMatch
from audio_reasoner.evaluation import emotion, meld_data
from audio_reasoner.evaluation.base import Benchmark, GroupScore, Item, Metric, Row, Score, Value, foreign_ids
from audio_reasoner.evaluation.emotion import EMOBOX, LABELS, UNPARSED, match_label
from audio_reasoner.evaluation.predictions import Predictions, fit
from audio_reasoner.evaluation.statistics import bootstrap_mean

if TYPE_CHECKING:
    from audio_reasoner.evaluation.emotion import Matrix

_READINGS = {
    "strict": "Qwen2-Audio's rule: the RESPONSE equals the gold label literally, white space in front aside",
    "emobox": "the RESPONSE is literally a label, in the list's words or in EmoBox's (joy or Happy); EmoBox's formulas",
    "extracted": "the label the RESPONSE means (deterministic; the SUMMARY only if the RESPONSE names none)",
}
_FIGURES: Mapping[str, tuple[str, str, Callable[[Matrix], Matrix]]] = {
    "": ("WA", "plain accuracy, which EmoBox calls weighted", emotion.weighted),
    "_ua": ("UA", "unweighted accuracy: mean recall of the classes, as in the paper's Table 8", emotion.unweighted),
    "_macro_f1": ("macro-F1", "mean F1; a reply without a label adds a class with F1 0", emotion.macro_f1),
    "_weighted_f1": ("weighted F1", "F1 weighted by class size, as MELD's own baseline prints it", emotion.weighted_f1),
}
_OFFICIAL = {"strict", "emobox", "emobox_ua", "emobox_micro_f1", "emobox_macro_f1"}
HEADLINE = "extracted_ua"


def _metrics() -> list[Metric]:
    found: list[Metric] = []
    for reading, rule in _READINGS.items():
        for ending, (title, explained, _) in _FIGURES.items():
            name = reading + ending
            found.append(Metric(name, f"{title} {reading}", "percent", name in _OFFICIAL, f"{rule}; {explained}"))
            if name == "emobox":
                told = "EmoBox's micro-F1; with one label per utterance it is always the accuracy"
                found.append(Metric("emobox_micro_f1", "micro-F1 emobox", "percent", True, told))
    return found


METRICS = _metrics()


@dataclass(slots=True)
class EmotionRow:
    """How one reply was judged. `predicted`: the class by each reading, `UNPARSED` for none."""

    item: Item
    body: str
    tagged: bool
    well_formed: bool
    defects: tuple[str, ...]
    match: OptionMatch
    from_summary: bool
    strict: bool
    predicted: dict[str, int]
    weight: float = 0.0
    """What a hit adds to UA times the number of answers, so that the mean over rows is UA."""

    def to_dict(self) -> dict[str, Any]:
        """A line of `rows.jsonl`."""
        item, gold = self.item, self.item.extra["class"]
        hits = {name: int(number == gold) for name, number in self.predicted.items()} | {"strict": int(self.strict)}
        named = {name: "no label" if n == UNPARSED else LABELS[n] for name, n in self.predicted.items()}
        literal = f"{_short(self.body.lstrip())!r} is {'' if self.strict else 'not '}literally {item.answer!r}"
        return {
            "id": item.id,
            "clip": item.clip,
            "groups": dict(item.groups),
            "question": item.question,
            "choices": list(item.choices),
            "answer": item.answer,
            "gold_index": item.gold,
            "audio": list(item.audio),
            "body": self.body,
            "readings": {**hits, HEADLINE: round(hits["extracted"] * self.weight, 6)},
            "why": {
                "strict": literal,
                "emobox": f"taken as {named['emobox']}",
                "extracted": f"{self.match.rule}: {self.match.detail} → {named['extracted']}",
            },
            "option_index": self.match.index,
            "option_rule": self.match.rule,
            "option_detail": self.match.detail,
            "from_summary": self.from_summary,
            "tagged": self.tagged,
            "well_formed": self.well_formed,
            "defects": list(self.defects),
        }


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"


def judge(item: Item, reply: str) -> EmotionRow:
    """Judge one reply. The SUMMARY is asked only if a tagged RESPONSE names no label, and that is flagged."""
    parsed = parse_chain(reply)
    body = response_body(parsed, reply)
    match = match_label(body)
    from_summary = False
    if match.index is None and parsed.tagged and parsed.sections["summary"]:
        second = match_label(parsed.sections["summary"])
        if second.index is not None:
            match, from_summary = second, True
    literal = body.lstrip()
    strict = literal == item.answer
    by_list = item.choices.index(literal) if literal in item.choices else UNPARSED
    by_name = EMOBOX.index(literal) if literal in EMOBOX else by_list
    return EmotionRow(
        item=item,
        body=body,
        tagged=parsed.tagged,
        well_formed=parsed.well_formed,
        defects=tuple(dict.fromkeys(defect.code for defect in parsed.defects)),
        match=match,
        from_summary=from_summary,
        strict=strict,
        predicted={
            "strict": item.extra["class"] if strict else by_list,
            "emobox": by_name,
            "extracted": UNPARSED if match.index is None else match.index,
        },
    )


def read(path: Path) -> Benchmark:
    """Read MELD (see `meld_data.read`)."""
    return meld_data.read(path)


def score(
    benchmark: Benchmark,
    predictions: Predictions,
    predictions_file: str = "",
    on_row: Callable[[Row], None] | None = None,
    judged: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,  # noqa: ARG001 - no judge has a say here
) -> Score:
    """Judge every answered utterance, in the order of the list.

    Raises:
        InputError: `predictions.foreign`, `predictions.other_order` (see `fit`).
    """
    replies = fit(benchmark, predictions)
    problems = [*benchmark.problems, *replies.problems, *foreign_ids(benchmark, replies.texts)]
    rows: list[EmotionRow | None] = []
    for item in benchmark.items:
        reply = replies.texts.get(item.id)
        rows.append(None if reply is None else judge(item, reply))
    sizes = Counter(row.item.extra["class"] for row in rows if row is not None)
    answered = sum(sizes.values())
    for row in rows:
        if row is not None:
            row.weight = answered / (len(sizes) * sizes[row.item.extra["class"]])
            if on_row is not None:
                on_row(row)
    kinds: dict[str, dict[str, list[int]]] = {}
    for i, item in enumerate(benchmark.items):
        for kind, name in item.groups.items():
            kinds.setdefault(kind, {}).setdefault(name, []).append(i)
    overall = _group("overall", benchmark.items, rows)
    tables = {
        kind: [
            _group(name, [benchmark.items[i] for i in at], [rows[i] for i in at])
            for name, at in sorted(groups.items(), key=lambda pair: _order(pair[0]))
        ]
        for kind, groups in kinds.items()
    }
    return Score(
        benchmark=benchmark,
        predictions_file=predictions_file,
        metrics=METRICS,
        headline=HEADLINE,
        overall=overall,
        tables=tables,
        problems=problems,
        notes=[*replies.notes, *_notes(overall)],
        deviations=[
            "EmoBox scores class numbers of a classifier; a text that is none of its labels counts as unparsed."
        ],
        paper={"Unweighted_ACC": overall.values[HEADLINE].value},
    )


def _order(name: str) -> tuple[int, str]:
    """Emotions as everywhere, lengths by size, speakers by name, "others" last."""
    if name in LABELS:
        return LABELS.index(name), ""
    digits = re.match(r"\d+", name)
    return (int(digits[0]), "") if digits else (name == "others", name)


def _notes(overall: GroupScore) -> list[str]:
    notes: list[str] = []
    missing = overall.items - overall.answered
    if missing:
        notes.append(
            f"{missing:,} of {overall.items:,} utterances have no answer; the columns leave them out, over_all_items "
            "counts them as wrong"
        )
    letters = overall.facts["by_letter"]
    if letters:
        order = ", ".join(f"({chr(97 + i)}) {label}" for i, label in enumerate(LABELS))
        notes.append(f"{letters:,} replies are letters; extracted reads them as {order}")
    if overall.facts["from_summary"]["count"]:
        notes.append(
            f"{overall.facts['from_summary']['count']:,} labels were found in the SUMMARY, because the RESPONSE named "
            "none (extracted only)"
        )
    return notes


def _group(name: str, items: Sequence[Item], rows: Sequence[EmotionRow | None]) -> GroupScore:
    import numpy as np

    present = [row for row in rows if row is not None]
    n = len(present)
    gold = [row.item.extra["class"] for row in present]
    everyone = [item.extra["class"] for item in items]
    single = len(set(everyone)) < 2
    values: dict[str, Value] = {}
    for reading in _READINGS:
        predicted = [row.predicted[reading] for row in present]
        matrix = emotion.matrix_of(gold, predicted)
        rounds = emotion.drawn(matrix) if n and not single else None
        whole = None
        if n < len(items):
            missed = [UNPARSED if row is None else row.predicted[reading] for row in rows]
            whole = emotion.matrix_of(everyone, missed)
        for ending, (_, _, figure) in _FIGURES.items():
            # In a group of one emotion, recall is all there is: means over classes would repeat or mislead.
            if not n or (single and ending):
                values[reading + ending] = Value(None, n)
                continue
            interval = None
            if not ending:
                hits = [float(g == p) for g, p in zip(gold, predicted, strict=True)]
                low, high = bootstrap_mean(hits, [row.item.clip for row in present])
                interval = (100 * low, 100 * high)
            elif rounds is not None:
                low, high = np.nanquantile(figure(rounds), [0.025, 0.975])
                # No spread in any round (all right, all the same label) is no proof that there is none.
                interval = (100 * float(low), 100 * float(high)) if low < high else None
            over_all = None if whole is None else 100 * float(figure(whole))
            values[reading + ending] = Value(100 * float(figure(matrix)), n, interval, over_all)
    values["emobox_micro_f1"] = values["emobox"]
    return GroupScore(name, len(items), n, values, _facts(everyone, present, gold))


def _facts(everyone: Sequence[int], present: Sequence[EmotionRow], gold: Sequence[int]) -> dict[str, Any]:
    n = len(present)
    facts: dict[str, Any] = {}
    for fact, of in _FACTS.items():
        count = sum(map(of, present))
        facts[fact] = {"count": count, "rate": round(count / n, 4) if n else None}
    facts["by_letter"] = sum(row.match.rule == "letter" for row in present)
    sizes = Counter(everyone)
    label, most = min(sizes.items(), key=lambda pair: (-pair[1], pair[0]))
    majority = {"answer": LABELS[label], "value": round(100 * most / len(everyone), 4)}
    facts["majority"] = majority | {"ua": round(100 / len(sizes), 4)}
    facts["best_constant"] = {"answer": LABELS[label], "kind": "text", "value": round(100 / len(sizes), 4)}
    facts["chance"] = round(100 / len(LABELS), 4)
    matrix = emotion.matrix_of(gold, [row.predicted["extracted"] for row in present])
    facts["confusion"] = {
        "gold": list(LABELS),
        "predicted": [*LABELS, "unparsed"],
        "counts": matrix.astype(int).tolist(),
    }
    support = matrix.sum(axis=1)
    facts["recall"] = {
        label: {"n": int(support[i]), "value": round(100 * float(matrix[i, i] / support[i]), 4) if support[i] else None}
        for i, label in enumerate(LABELS)
        if i in sizes
    }
    return facts


_FACTS: Mapping[str, Callable[[EmotionRow], bool]] = {
    "unparsed": lambda row: row.match.index is None,
    "from_summary": lambda row: row.from_summary,
    "tagged": lambda row: row.tagged,
    "well_formed": lambda row: row.well_formed,
}


def official_files(benchmark: Benchmark, answers: Mapping[str, str], out: Path) -> Iterable[Path]:
    """Write the results file of Qwen2-Audio's script and the two lists EmoBox's documentation describes.

    `results.json` holds {gt, response, source, audio_path}. `emobox_predictions.jsonl` holds {key, pred} and
    `emobox_labels.jsonl` {key, label}, class numbers in the order of EmoBox's label map (`emobox_label_map.json`); a
    reply that is no label becomes number 7, which no utterance has.
    """
    from audio_reasoner.evaluation.present import json_text

    out.mkdir(parents=True, exist_ok=True)
    held = [item for item in benchmark.items if item.id in answers]
    results = [
        {
            "gt": item.answer,
            "response": answers[item.id],
            "source": item.extra.get("source", "meld_test"),
            "audio_path": item.audio[0],
        }
        for item in held
    ]
    keys = [f"meld-{item.id}-test" for item in held]
    predicted = [judge(item, answers[item.id]).predicted["emobox"] for item in held]
    order = {label: i for i, label in enumerate(EMOBOX)} | {"(none)": UNPARSED}
    files = {
        "results.json": json_text(results, indent=1),
        "emobox_predictions.jsonl": "\n".join(
            json_text({"key": k, "pred": p}) for k, p in zip(keys, predicted, strict=True)
        ),
        "emobox_labels.jsonl": "\n".join(
            json_text({"key": k, "label": item.extra["class"]}) for k, item in zip(keys, held, strict=True)
        ),
        "emobox_label_map.json": json_text(order, indent=1),
    }
    for name, text in files.items():
        (out / name).write_text(text + "\n", encoding="utf-8")
    return [out / name for name in files]
