"""CoVoST 2, Chinese and English: corpus BLEU by the rule Qwen2-Audio publishes, and the paper's four columns.

Decision: the headline is one well-defined number, corpus BLEU of the raw RESPONSE with sacrebleu's tokenizer for the
target language and nothing normalised. The paper's "BLEU1" to "BLEU4" behave like sacrebleu's four n-gram precisions
and its "Avg" is their mean, so they stand under those names; cumulative BLEU-1..4, the CoVoST authors' character-level
BLEU and chrF stand beside them under their own names. A missing hypothesis is no empty one: both denominators are told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from audio_reasoner.core.chain import parse_chain, response_body
from audio_reasoner.evaluation.base import Benchmark, GroupScore, Item, Metric, Row, Score, Value, foreign_ids
from audio_reasoner.evaluation.covost2_data import Direction
from audio_reasoner.evaluation.predictions import Predictions, fit
from audio_reasoner.evaluation.translation import (
    ORDER,
    Tokens,
    bleu,
    chrf,
    chrf_counts,
    count_all,
    counts,
    interval,
    precisions,
    signature,
    tokenize,
)
from audio_reasoner.evaluation.unwrap import quoted, unwrap

CHRF_MOST = 20_000
"""chrF counts six orders of characters, which costs more than all the rest; larger sets do without it."""
MOST_NAMED = 20


@dataclass(slots=True)
class TranslationRow:
    """How one hypothesis was judged. `strict` and `extracted` are the sentence's counts (see `translation.counts`)."""

    item: Item
    body: str
    text: str
    taken_off: tuple[str, ...]
    tagged: bool
    well_formed: bool
    defects: tuple[str, ...]
    strict: list[int] = field(default_factory=list)
    extracted: list[int] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        """Whether nothing was said."""
        return not self.body.strip()

    def to_dict(self) -> dict[str, Any]:
        """A line of `rows.jsonl`; `statistics` suffice to compare runs without the data."""
        item, s = self.item, self.strict
        if self.empty:
            why = "the reply is empty" if not self.tagged else "the tagged reply has no RESPONSE, or an empty one"
        else:
            found = ", ".join(f"{s[1 + n]} of {s[1 + ORDER + n]}" for n in range(1, ORDER + 1))
            why = f"{s[0]} tokens for {s[1]} of the reference; 1- to 4-grams found there: {found}"
        off = f"taken off first: {', '.join(self.taken_off)}" if self.taken_off else "nothing to take off"
        return {
            "id": item.id,
            "clip": item.clip,
            "groups": dict(item.groups),
            "question": item.question,
            "choices": [],
            "answer": item.answer,
            "gold_index": None,
            "audio": list(item.audio),
            "body": self.body,
            "readings": {
                "strict": round(bleu(self.strict, sentence=True), 4),
                "extracted": round(bleu(self.extracted, sentence=True), 4),
            },
            "why": {"strict": why, "extracted": off},
            "option_index": None,
            "option_rule": "empty" if self.empty else None,
            "option_detail": self.text if self.taken_off else None,
            "from_summary": False,
            "tagged": self.tagged,
            "well_formed": self.well_formed,
            "defects": list(self.defects),
            "statistics": {"strict": self.strict, "extracted": self.extracted},
        }


def judge(item: Item, reply: str, how: Tokens) -> TranslationRow:
    """Count one hypothesis against its reference."""
    row = _read_reply(item, reply)
    reference = tokenize(item.answer, how)
    row.strict = counts(tokenize(row.body, how), reference)
    row.extracted = counts(tokenize(row.text, how), reference) if row.taken_off else row.strict
    return row


def _read_reply(item: Item, reply: str) -> TranslationRow:
    """Everything about a reply but its counts."""
    parsed = parse_chain(reply)
    body = response_body(parsed, reply)
    text, taken_off = unwrap(body, keep_quotes=quoted(str(item.extra.get("sentence", ""))))
    return TranslationRow(
        item=item,
        body=body,
        text=text,
        taken_off=taken_off,
        tagged=parsed.tagged,
        well_formed=parsed.well_formed,
        defects=tuple(dict.fromkeys(defect.code for defect in parsed.defects)),
    )


def metrics(direction: Direction, with_chrf: bool) -> list[Metric]:
    """The columns, in the order they are shown."""
    how = direction.tokens
    found = [
        Metric("strict", "BLEU", "bleu", True, f"corpus BLEU of the RESPONSE as it is; {signature(how)}"),
        Metric("extracted", "BLEU, unwrapped", "bleu", False, "the same without quotes, labels, fences around it"),
    ]
    found += [
        Metric(f"precision_{n}", f"p{n}", "bleu", False, f"{n}-gram precision, the paper's BLEU{n}")
        for n in range(1, ORDER + 1)
    ]
    found.append(Metric("precision_mean", "mean p", "bleu", False, "mean of the four precisions, the paper's Avg"))
    found += [
        Metric(f"bleu_{n}", f"BLEU-{n}", "bleu", False, f"cumulative BLEU up to {n}-grams") for n in range(1, ORDER + 1)
    ]
    if how == "zh":
        told = f"character-level corpus BLEU, the rule of CoVoST 2's authors; {signature('char')}"
        found.append(Metric("char_bleu", "BLEU, characters", "bleu", True, told))
    if with_chrf:
        found.append(Metric("chrf", "chrF2", "bleu", False, "character n-gram F-score, sacrebleu's chrF2"))
    found.append(Metric("length_ratio", "length", "share", False, "tokens of the hypotheses per token of references"))
    return found


@dataclass(slots=True)
class _Counted:
    """All items: a row each (None without a hypothesis) and arrays of one vector each; without one, the hypothesis
    in the vector is empty, so that the reference still counts where every item is to count."""

    rows: list[TranslationRow | None]
    arrays: dict[str, Any]


def score(
    direction: Direction,
    benchmark: Benchmark,
    predictions: Predictions,
    predictions_file: str = "",
    on_row: Callable[[Row], None] | None = None,
    judged: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,  # noqa: ARG001 - no judge has a say here
) -> Score:
    """Score hypotheses, in the order of the data file.

    Raises:
        InputError: `predictions.foreign`, `predictions.other_order` (see `fit`).
    """
    replies = fit(benchmark, predictions)
    how = direction.tokens
    with_chrf = len(benchmark.items) <= CHRF_MOST
    counted = _count(benchmark.items, replies.texts, how, with_chrf)
    rows = [row for row in counted.rows if row is not None]
    if on_row is not None:
        for row in rows:
            on_row(row)
    groups: dict[str, list[int]] = {}
    for i, item in enumerate(benchmark.items):
        groups.setdefault(item.groups["length"], []).append(i)
    overall = _group("overall", counted, range(len(benchmark.items)))
    problems = [*benchmark.problems, *replies.problems, *foreign_ids(benchmark, replies.texts)]
    empty = [row.item.id for row in rows if row.empty]
    if empty:
        more = f", … ({len(empty) - MOST_NAMED} more)" if len(empty) > MOST_NAMED else ""
        problems.append(f"{len(empty)} hypotheses are empty: {', '.join(empty[:MOST_NAMED])}{more}")
    notes = list(replies.notes)
    missing = overall.items - overall.answered
    if missing:
        notes.append(
            f"{missing:,} of {overall.items:,} sentences have no hypothesis; the columns leave them out, "
            "over_all_items counts them as empty hypotheses"
        )
    if not with_chrf:
        notes.append(f"chrF is computed up to {CHRF_MOST:,} sentences only")
    if len(benchmark.items) != direction.published:
        notes.append(
            f"{len(benchmark.items):,} sentences, while {direction.published:,} are published for this test set; "
            "numbers of different subsets must not be compared"
        )
    v = overall.values
    return Score(
        benchmark=benchmark,
        predictions_file=predictions_file,
        metrics=metrics(direction, with_chrf),
        headline="strict",
        overall=overall,
        tables={"length": [_group(name, counted, groups[name]) for name in sorted(groups, key=_first_number)]},
        problems=problems,
        notes=notes,
        deviations=[
            "sacrebleu of today, where Qwen2-Audio pins 1.5.1: both agree unless no n-gram at all matches, "
            "which today is 0 and was a small smoothed number"
        ],
        paper={
            **{f"BLEU{n}": v[f"precision_{n}"].value for n in range(1, ORDER + 1)},
            "Avg": v["precision_mean"].value,
        },
    )


def _first_number(bucket: str) -> int:
    return int("".join(c if c.isdigit() else " " for c in bucket).split()[0])


def _count(items: Sequence[Item], texts: Mapping[str, str], how: Tokens, with_chrf: bool) -> _Counted:
    import numpy as np

    rows = [_read_reply(item, texts[item.id]) if item.id in texts else None for item in items]
    bodies = ["" if row is None else row.body for row in rows]
    hyps, refs = [tokenize(body, how) for body in bodies], [tokenize(item.answer, how) for item in items]
    strict = count_all(hyps, refs)
    arrays = {"strict": strict, "extracted": strict.copy()}
    wrapped = [(i, row.text) for i, row in enumerate(rows) if row is not None and row.taken_off]
    if wrapped:
        at = [i for i, _ in wrapped]
        arrays["extracted"][at] = count_all([tokenize(text, how) for _, text in wrapped], [refs[i] for i in at])
    if how == "zh":
        arrays["char"] = strict.copy()
        # Where every token is one character, both ways of counting are the same.
        at = [i for i in range(len(items)) if not (_characters(hyps[i]) and _characters(refs[i]))]
        if at:
            said = [tokenize(bodies[i], "char") for i in at]
            asked = [tokenize(items[i].answer, "char") for i in at]
            arrays["char"][at] = count_all(said, asked)
    if with_chrf:
        found = [chrf_counts(body, item.answer) for body, item in zip(bodies, items, strict=True)]
        arrays["chrf"] = np.array(found, dtype=np.int64)
    for i, row in enumerate(rows):
        if row is not None:
            row.strict = strict[i].tolist()
            row.extracted = arrays["extracted"][i].tolist() if row.taken_off else row.strict
    return _Counted(rows, arrays)


def _characters(tokens: Sequence[str]) -> bool:
    return len("".join(tokens)) == len(tokens)


def _group(name: str, counted: _Counted, at: Sequence[int]) -> GroupScore:
    rows = [row for i in at if (row := counted.rows[i]) is not None]
    present = [i for i in at if counted.rows[i] is not None]
    n, gaps = len(rows), len(rows) < len(at)
    values: dict[str, Value] = {}

    def put(metric: str, of: Callable[[Any], float], kind: str, spread: bool = False) -> None:
        if not n:
            values[metric] = Value(None, 0)
            return
        vectors = counted.arrays[kind][present]
        whole = of(counted.arrays[kind][at].sum(axis=0).tolist()) if gaps else None
        values[metric] = Value(of(vectors.sum(axis=0).tolist()), n, interval(vectors, of) if spread else None, whole)

    put("strict", bleu, "strict", spread=True)
    put("extracted", bleu, "extracted", spread=True)
    for i in range(ORDER):
        put(f"precision_{i + 1}", lambda sums, i=i: precisions(sums)[i], "strict")  # type: ignore[misc]
    put("precision_mean", lambda sums: sum(precisions(sums)) / ORDER, "strict", spread=True)
    for order in range(1, ORDER + 1):
        put(f"bleu_{order}", lambda sums, order=order: bleu(sums, order), "strict")  # type: ignore[misc]
    if "char" in counted.arrays:
        put("char_bleu", bleu, "char", spread=True)
    if "chrf" in counted.arrays:
        put("chrf", chrf, "chrf", spread=True)
    put("length_ratio", lambda sums: sums[0] / sums[1] if sums[1] else 0.0, "strict")
    empty = sum(row.empty for row in rows)
    off: dict[str, int] = {}
    for row in rows:
        for rule in dict.fromkeys(row.taken_off):
            off[rule] = off.get(rule, 0) + 1
    total = counted.arrays["strict"][present].sum(axis=0).tolist()
    return GroupScore(
        name=name,
        items=len(at),
        answered=n,
        values=values,
        facts={
            "unparsed": {"count": empty, "rate": round(empty / n, 4) if n else None},
            "unwrapped": {"count": sum(bool(row.taken_off) for row in rows), "by_rule": off},
            "tokens": {"hypotheses": total[0], "references": total[1]},
            "tagged": {"count": sum(row.tagged for row in rows), "rate": _rate([row.tagged for row in rows])},
            "well_formed": {
                "count": sum(row.well_formed for row in rows),
                "rate": _rate([row.well_formed for row in rows]),
            },
        },
    )


def _rate(values: Sequence[bool]) -> float | None:
    return round(sum(values) / len(values), 4) if values else None


def official_files(direction: Direction, benchmark: Benchmark, answers: Mapping[str, str], out: Path) -> Iterable[Path]:
    """Write the results file of Qwen2-Audio's script, and plain text files for sacrebleu's own command.

    `results.json` holds {gt, response, source, audio_path} as the script writes it before it scores. In
    `hypotheses.txt` and `references.txt` a line is a sentence, so a line break inside a hypothesis becomes a space.
    """
    from audio_reasoner.evaluation.present import json_text

    target = direction.target.partition("-")[0]
    source = f"covost_{direction.source.partition('-')[0]}_{target}_test"
    held = [item for item in benchmark.items if item.id in answers]
    out.mkdir(parents=True, exist_ok=True)
    results, hypotheses, references = (out / n for n in ("results.json", "hypotheses.txt", "references.txt"))
    rows = [
        {
            "gt": item.answer,
            "response": answers[item.id],
            "source": item.extra.get("source", source),
            "audio_path": item.audio[0],
        }
        for item in held
    ]
    results.write_text(json_text(rows, indent=1) + "\n", encoding="utf-8")
    for path, texts in ((hypotheses, [answers[i.id] for i in held]), (references, [i.answer for i in held])):
        text = "".join(" ".join(t.splitlines()) + "\n" for t in texts)
        path.write_text(text, encoding="utf-8", errors="replace")
    return [results, hypotheses, references]
