"""Scores of questions with options: several readings of one reply side by side, for any official rule.

Decision: one number is never enough. *strict* is the official rule on the RESPONSE, *extracted* first maps the
RESPONSE to an option and then applies the official rule to that option, *option* asks whether that option is the gold
one, *judged* does the same with the option a language model found. A benchmark brings its rule and the names of its
tables as a `Scheme`; everything else is the same for all of them, so a reply is never judged by two standards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from audio_reasoner.core.chain import parse_chain, response_body
from audio_reasoner.core.choices import OptionMatch, letter, match_option
from audio_reasoner.evaluation.base import Benchmark, GroupScore, Item, Metric, Row, Score, foreign_ids
from audio_reasoner.evaluation.judged import describe, fingerprint, opinions, sentence
from audio_reasoner.evaluation.predictions import Predictions, fit
from audio_reasoner.evaluation.tally import Tally


class Verdict(Protocol):
    """What an official rule says of one reply."""

    @property
    def correct(self) -> bool | None:
        """None: the official script leaves the row out of its count."""

    @property
    def reason(self) -> str:
        """Why, in one sentence."""


class Key(Protocol):
    """An official rule, prepared for one item."""

    def judge(self, body: str, /) -> Verdict:
        """Apply it to a RESPONSE."""

    def passes(self, index: int, /) -> bool:
        """Whether it counts choice `index`, given as it wants an answer, as right."""


Further = Callable[[Item, str], bool]
"""One more reading of the RESPONSE."""


@dataclass(frozen=True)
class Scheme:
    """How a benchmark with choices is scored.

    Attributes:
        key: the official rule.
        metrics: columns in order; names among strict, extracted, option, and those of `further`.
        tables: groups of `Item.groups` that get a table.
        headline: the metric that fills the paper's columns.
        further: additional readings by metric name.
        rule: how the official rule is called in notes.
    """

    key: Callable[[Item], Key]
    metrics: tuple[Metric, ...]
    tables: tuple[str, ...]
    rule: str
    headline: str = "extracted"
    further: Mapping[str, Further] = field(default_factory=dict)


EXTRACTED = Metric(
    "extracted",
    "extracted",
    "percent",
    False,
    "The option the RESPONSE means (deterministic; the SUMMARY only if the RESPONSE names none), then the official "
    "rule on that option.",
)
OPTION = Metric("option", "option", "percent", False, "The option the RESPONSE means is the right one.")
MAPPER_DEVIATION = "judged: the prompt that maps replies to options is ours; the authors have published none."
JUDGED = Metric(
    "judged",
    "judged",
    "percent",
    False,
    "The option a language model reads out of the RESPONSE, then the official rule.",
)


@dataclass(slots=True)
class ChoiceRow:
    """How one reply was judged, and why. `readings`: metric name → 1 right, 0 wrong, None left out."""

    item: Item
    body: str
    tagged: bool
    well_formed: bool
    defects: tuple[str, ...]
    official: Verdict
    match: OptionMatch
    from_summary: bool
    readings: dict[str, float | None]
    judged: int | None = None
    """The option a language model found; meaningful only with a reading `judged`."""
    further_why: dict[str, str] = field(default_factory=dict)
    """Reasons of readings that a benchmark adds."""

    def to_dict(self) -> dict[str, Any]:
        """A line of `rows.jsonl`."""
        item = self.item
        why = {"strict": self.official.reason, "extracted": f"{self.match.rule}: {self.match.detail}"}
        why |= self.further_why
        if "judged" in self.readings:
            why["judged"] = "no option" if self.judged is None else f"option ({letter(self.judged)})"
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
            "readings": self.readings,
            "why": why,
            "option_index": self.match.index,
            "option_rule": self.match.rule,
            "option_detail": self.match.detail,
            "from_summary": self.from_summary,
            "tagged": self.tagged,
            "well_formed": self.well_formed,
            "defects": list(self.defects),
        }


_UNTAGGED: tuple[str, ...] = ("untagged",)


def judge(scheme: Scheme, item: Item, reply: str) -> ChoiceRow:
    """Judge one reply. The SUMMARY is asked only if a tagged RESPONSE names no option, and that is flagged."""
    key = scheme.key(item)
    from_summary = False
    defects: tuple[str, ...]
    if "<" not in reply:  # no tag: the reply is its own RESPONSE, and nothing else need be read
        body, tagged, well_formed, defects = reply, False, False, _UNTAGGED
        match = match_option(body, item.choices)
    else:
        parsed = parse_chain(reply)
        body, tagged, well_formed = response_body(parsed, reply), parsed.tagged, not parsed.defects
        defects = tuple(dict.fromkeys([defect.code for defect in parsed.defects])) if parsed.defects else ()
        match = match_option(body, item.choices)
        if match.index is None and tagged and parsed.sections["summary"]:
            second = match_option(parsed.sections["summary"], item.choices)
            if second.index is not None:
                match, from_summary = second, True
    official = key.judge(body)
    index = match.index
    readings: dict[str, float | None] = {
        "strict": None if official.correct is None else int(official.correct),
        "extracted": int(index is not None and key.passes(index)),
        # Two choices with literally the same text are one option: nobody could tell them apart.
        "option": int(index is not None and item.gold is not None and item.choices[index] == item.answer),
    }
    for name, further in scheme.further.items():
        readings[name] = int(further(item, body))
    return ChoiceRow(
        item=item,
        body=body,
        tagged=tagged,
        well_formed=well_formed,
        defects=defects,
        official=official,
        match=match,
        from_summary=from_summary,
        readings=readings,
    )


def mapped_option(judged: Mapping[str, Sequence[Mapping[str, Any]]], item: Item, body: str) -> tuple[bool, int | None]:
    """(whether there is an opinion on this RESPONSE, the option it found) from the lines of `judged.jsonl`."""
    lines = opinions(judged, item.id, "mapper", fingerprint(body))
    if not lines:
        return False, None
    index = lines[-1]["parsed"].get("index")
    known = isinstance(index, int) and not isinstance(index, bool) and 0 <= index < len(item.choices)
    return True, index if known else None


# --------------------------------------------------------------------------------------------------------- a whole file


def score_choices(
    scheme: Scheme,
    benchmark: Benchmark,
    predictions: Predictions,
    predictions_file: str = "",
    on_row: Callable[[Row], None] | None = None,
    judged: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
) -> Score:
    """Judge every answered item, in the order of the data file.

    Args:
        scheme: the benchmark's rule.
        benchmark: the questions.
        predictions: the replies; ids the benchmark does not know become problems.
        predictions_file: what the score calls them.
        on_row: told every judged row.
        judged: lines of `judged.jsonl` by item id; with a mapper among them a column `judged` appears.

    Raises:
        InputError: `predictions.foreign`: not one id belongs to this benchmark.
    """
    predictions = fit(benchmark, predictions)
    problems = [*benchmark.problems, *predictions.problems, *foreign_ids(benchmark, predictions.texts)]
    mapped = {name: held for name, lines in (judged or {}).items() if (held := list(filter(_is_mapper, lines)))}
    metrics = [*scheme.metrics, *([JUDGED] if mapped else [])]
    tally = Tally(benchmark, [metric.name for metric in metrics])
    knows_right = tally.knows_right
    for i, item in enumerate(benchmark.items):
        if not knows_right:
            tally.count_as_right(i, _right_choices(scheme, item))
        reply = predictions.texts.get(item.id)
        if reply is None:
            continue
        row = judge(scheme, item, reply)
        if mapped:
            asked, row.judged = mapped_option(mapped, item, row.body)
            found = row.judged is not None and scheme.key(item).passes(row.judged)
            row.readings["judged"] = int(found) if asked else None
        tally.add(i, row.readings, (row.match.index is None, row.from_summary, row.tagged, row.well_formed))
        if on_row is not None:
            on_row(row)
    overall, tables = tally.finish(scheme.tables)
    notes = [*predictions.notes, *_notes(scheme, overall, mapped)]
    if any(line.get("model") for lines in mapped.values() for line in lines):
        from audio_reasoner.evaluation.mapper import agreement, agreement_sentence

        overall.facts["mapper"] = agreement(benchmark, predictions, mapped)
        notes.append(agreement_sentence(overall.facts["mapper"]))
    return Score(
        benchmark=benchmark,
        predictions_file=predictions_file,
        metrics=metrics,
        headline=scheme.headline,
        overall=overall,
        tables=tables,
        problems=problems,
        notes=notes,
        deviations=[MAPPER_DEVIATION] if mapped else [],
    )


def _right_choices(scheme: Scheme, item: Item) -> list[int]:
    """The choices that the headline counts as right."""
    if scheme.headline == "option":
        return [k for k, choice in enumerate(item.choices) if choice == item.answer]
    key = scheme.key(item)
    return [k for k in range(len(item.choices)) if key.passes(k)]


def _is_mapper(line: Mapping[str, Any]) -> bool:
    return line.get("purpose") == "mapper"


def _notes(scheme: Scheme, overall: GroupScore, mapped: Mapping[str, Sequence[Mapping[str, Any]]]) -> Iterator[str]:
    missing = overall.items - overall.answered
    if missing:
        titles = {metric.name: metric.title for metric in (*scheme.metrics, JUDGED)}
        over_all = ", ".join(
            f"{titles[name]} {value.over_all:.2f}"
            for name, value in overall.values.items()
            if value.over_all is not None
        )
        yield (
            f"{missing} of {overall.items} items have no answer. The columns count answered items, as {scheme.rule} "
            f"does; over all items: {over_all} %."
        )
    strict = overall.values["strict"]
    dropped = overall.answered - strict.n
    if dropped:
        over = "" if strict.over_all is None else f"; over all items strict is {strict.over_all:.2f} %"
        yield f"{scheme.rule} leaves {dropped} answers out of its count because it finds no letter in them{over}."
    unparsed = overall.facts["unparsed"]["count"]
    if unparsed > overall.answered / 2:
        yield (
            f"{unparsed:,} of {overall.answered:,} replies name no option, so this score says more about their form "
            "than about hearing: read some (`--rows`, or rows.jsonl of a run)."
        )
    from_summary = overall.facts["from_summary"]["count"]
    if from_summary:
        yield (
            f"{from_summary} options were found in the SUMMARY, because the RESPONSE named none (extracted and option "
            "only)."
        )
    if mapped:
        asked = [line for lines in mapped.values() for line in lines if line.get("model")]
        yield (
            f"judged: {overall.values['judged'].n} of {overall.answered} answers have an opinion, {len(asked)} of a "
            f"language model and the others by our rules. {sentence(describe(asked))}"
        )
    if overall.answered:
        well, tagged = (100 * overall.facts[name]["count"] / overall.answered for name in ("well_formed", "tagged"))
        yield f"{well:.2f} % of the replies are well-formed chains, {tagged:.2f} % use any tag."
