"""What stands in the replies besides an answer: sections, whether SUMMARY and RESPONSE agree, and claims against truth.

Decision: everything is decided by rules, without a language model. Claims are read by the checks that also guard the
training data, so only what they can decide counts; what they cannot read is undecidable and neither for nor against a
reply. Only the first sample of a question is looked at. `analyse` writes `chains.json`:

    version, answered, items
    tagged, well_formed, in_order          rates
    sections     name → {present, words: {median, p90, longest}}
    defects      code → replies
    agreement    {both, same, different, summary_unparsed, response_unparsed, none}: counts; {rate}: same among both
    claims       null without timelines; else
        items, by_section (name → {supported, contradicted, undecidable, rate}), by_kind (the same),
        chains {right, wrong, undecided}   CAPTION and REASONING: a claim decided and none contradicted; one
                                           contradicted; none decided
        accuracy {right, wrong, undecided} rates of right options, difference (right minus wrong), within_families (the
                 same compared only among questions of one family), by_section (caption, reasoning: the same of each)
    families     name → {n, accuracy, agreement, claims_right}
    examples     {contradicted, disagreeing, malformed}: a few replies of each, told with their claims

A rate is {"value", "n", "interval_95"}: a share from 0 to 1, its denominator, and its interval over clips; value and
interval are null where n is 0.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from audio_reasoner.core.chain import SECTIONS, ParsedChain, parse_chain, response_body
from audio_reasoner.core.choices import MOST_OPTIONS, match_option
from audio_reasoner.core.errors import InputError
from audio_reasoner.core.records import Claim, Clip, Question
from audio_reasoner.evaluation.base import Benchmark, Item
from audio_reasoner.evaluation.present import json_text
from audio_reasoner.evaluation.rundir import PREDICTIONS_NAME, rows_in
from audio_reasoner.evaluation.statistics import bootstrap_mean, bootstrap_statistic, sum_by_clip
from audio_reasoner.evaluation.timelines import find_timelines, read_timelines

CHAINS_NAME = "chains.json"
VERSION = 1
HEARD = ("caption", "reasoning")
"""The sections whose claims say whether a chain is right about its clip."""
VERDICTS = ("right", "wrong", "undecided")
EXAMPLES = 5
LONGEST_EXAMPLE = 4000
_OUT_OF_ORDER = frozenset(("out_of_order", "repeated"))
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]|[^\s\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]+")


@dataclass(frozen=True)
class Reply:
    """One reply as analysed. `order[place]` is the official number of the option shown there."""

    item: Item
    raw: str
    order: tuple[int, ...]
    parsed: ParsedChain
    response: int | None
    summary: int | None
    claims: tuple[Claim, ...] = ()
    known: bool = False

    @property
    def verdict(self) -> str:
        """Whether CAPTION and REASONING are "right", "wrong" or "undecided"."""
        return verdict_of(self.claims, HEARD)

    @property
    def correct(self) -> float | None:
        """1.0 if the RESPONSE means the right option; None for a question without one."""
        return None if self.item.gold is None else float(self.response == self.item.gold)


def verdict_of(claims: Iterable[Claim], sections: Sequence[str]) -> str:
    """Whether these sections are "right" (something decided, nothing contradicted), "wrong" or "undecided"."""
    found = {c.status for c in claims if c.section in sections}
    return "wrong" if "contradicted" in found else "right" if "supported" in found else "undecided"


def family_of(item: Item) -> str:
    """By what questions are told apart: the sub-category, else the first group."""
    groups = item.groups
    for name in ("sub-category", "family"):
        if groups.get(name):
            return groups[name]
    return next(iter(groups.values()), "")


def question_of(item: Item) -> Question:
    """An item as the checks know questions."""
    options = item.choices if item.gold is not None and 2 <= len(item.choices) <= MOST_OPTIONS else ()
    return Question(
        task="complex_audio",
        family=family_of(item),
        text=item.question.strip() or "-",
        options=options,
        gold_text=options[item.gold] if options and item.gold is not None else item.answer or "-",
        gold_index=item.gold if options else None,
        difficulty=1,
    )


def claims_in(sections: Mapping[str, str | None], item: Item, clip: Clip) -> tuple[Claim, ...]:
    """Claims of the sections that are there, held against the clip's timeline."""
    from audio_reasoner.checks.claims import Reader
    from audio_reasoner.checks.truth import facts_of

    reader = Reader(facts_of(clip, None), question_of(item))
    for name in ("caption", "reasoning", "summary", "response"):
        if sections.get(name):
            reader.read(name, sections[name] or "")
    return tuple(reader.claims)


def read_reply(item: Item, raw: str, order: Sequence[int] | None = None, clip: Clip | None = None) -> Reply:
    """Analyse one reply.

    Args:
        item: what was asked.
        raw: the reply.
        order: for options that were shown in another order, the official number of the option at each place.
        clip: the item's clip with its timeline, if it is known.
    """
    parsed = parse_chain(raw)
    places = tuple(order) if order else tuple(range(len(item.choices)))
    shown = [item.choices[i] for i in places]

    def option(text: str) -> int | None:
        if not shown or not text:
            return None
        found = match_option(text, shown).index
        return None if found is None else places[found]

    claims = claims_in(parsed.sections, item, clip) if clip is not None and parsed.tagged else ()
    return Reply(
        item=item,
        raw=raw,
        order=places,
        parsed=parsed,
        response=option(response_body(parsed, raw)),
        summary=option(parsed.sections["summary"] or ""),
        claims=claims,
        known=clip is not None and parsed.tagged,
    )


def rate(values: Sequence[float], clips: Sequence[str]) -> dict[str, Any]:
    """A share with its denominator and interval."""
    if not values:
        return {"value": None, "n": 0, "interval_95": None}
    low, high = bootstrap_mean(values, clips)
    return {
        "value": round(sum(values) / len(values), 4),
        "n": len(values),
        "interval_95": [round(low, 4), round(high, 4)],
    }


def _share(replies: Iterable[tuple[Reply, bool | float | None]]) -> dict[str, Any]:
    counted = [(float(v), r.item.clip) for r, v in replies if v is not None]
    return rate([v for v, _ in counted], [c for _, c in counted])


def difference(a: Sequence[tuple[float, str]], b: Sequence[tuple[float, str]]) -> dict[str, Any]:
    """Mean of `a` minus mean of `b`, (value, clip) each, with its interval over clips; null where one is empty."""
    if not a or not b:
        return {"value": None, "n": len(a) + len(b), "interval_95": None}
    rows = [[v, 1.0, 0.0, 0.0] for v, _ in a] + [[0.0, 0.0, v, 1.0] for v, _ in b]
    sums = sum_by_clip(rows, [c for _, c in (*a, *b)])

    def statistic(s: Any) -> float:
        return float(s[0] / s[1] - s[2] / s[3]) if s[1] and s[3] else float("nan")

    mean = sum(v for v, _ in a) / len(a) - sum(v for v, _ in b) / len(b)
    low, high = bootstrap_statistic(sums, statistic)
    return {"value": round(mean, 4), "n": len(a) + len(b), "interval_95": [round(low, 4), round(high, 4)]}


# ------------------------------------------------------------------------------------------------------- the analysis


def analyse(
    run_dir: Path, benchmark: Benchmark, *, timelines: Path | None = None, examples: int = EXAMPLES, write: bool = True
) -> dict[str, Any] | None:
    """Analyse the chains of a run directory's `predictions.jsonl` and write `chains.json` beside it.

    Args:
        run_dir: what `eval run` wrote; a control's directory will do as well.
        benchmark: what was asked.
        timelines: what is heard when; None looks for `timelines.jsonl` beside the benchmark's data.
        examples: how many replies of each kind are told in full.
        write: whether to write the file.

    Returns:
        Its content; None, and no file, if no reply has any of the tags.

    Raises:
        InputError: `eval.bad_predictions`, `timelines.*`.
    """
    path = run_dir / PREDICTIONS_NAME
    if not path.is_file():
        raise InputError(f"there is no {path}.", code="chains.no_predictions", hint="Give a directory of `eval run`.")
    rows: dict[str, tuple[str, Sequence[int] | None]] = {}
    for row in rows_in(path):
        if not row.get("sample"):
            order = row.get("options_order")
            rows[row["id"]] = (row["raw"] if isinstance(row.get("raw"), str) else "", order or None)
    found = analyse_replies(rows, benchmark, timelines=timelines, examples=examples)
    if found is not None and write:
        from audio_reasoner.core.run import write_atomic

        write_atomic(run_dir / CHAINS_NAME, (json_text(found, indent=1) + "\n").encode("utf-8"))
    return found


def analyse_replies(
    replies: Mapping[str, str | tuple[str, Sequence[int] | None]],
    benchmark: Benchmark,
    *,
    timelines: Path | None = None,
    examples: int = EXAMPLES,
) -> dict[str, Any] | None:
    """The same for replies by item id, each a text or (text, order of the options as shown)."""
    texts = {k: v if isinstance(v, tuple) else (v, None) for k, v in replies.items()}
    if not any("<" in text for text, _ in texts.values()):
        return None
    where = timelines or find_timelines(benchmark)
    clips = read_timelines(where) if where is not None else {}
    read = [
        read_reply(item, text, _permutation(order, item), clips.get(item.id))
        for item in benchmark.items
        if item.id in texts
        for text, order in (texts[item.id],)
    ]
    if not any(r.parsed.tagged for r in read):
        return None
    return summary_of(read, len(benchmark.items), where is not None, examples)


def _permutation(order: Any, item: Item) -> Sequence[int] | None:
    if order is None:
        return None
    if not isinstance(order, list | tuple) or sorted(order) != list(range(len(item.choices))):
        raise InputError(
            f"the answer to item {item.id} names an impossible order of its options.", code="eval.bad_predictions"
        )
    return order


def lines_of(found: Mapping[str, Any]) -> list[str]:
    """What an analysis says, in a few lines for a terminal."""

    def percent(value: Mapping[str, Any]) -> str:
        return "–" if value["value"] is None else f"{100 * value['value']:.1f} % of {value['n']:,}"

    agreement = found["agreement"]
    out = [
        f"chains: well-formed {percent(found['well_formed'])}; SUMMARY and RESPONSE name the same option "
        f"{percent(agreement['rate'])} ({agreement['summary_unparsed'] + agreement['none']:,} SUMMARY and "
        f"{agreement['response_unparsed'] + agreement['none']:,} RESPONSE name none)"
    ]
    if (claims := found["claims"]) is not None:
        chains, accuracy = claims["chains"], claims["accuracy"]
        out.append(
            f"claims of CAPTION and REASONING: none contradicted in {chains['right']:,} chains (right answers "
            f"{percent(accuracy['right'])}), some in {chains['wrong']:,} (right answers {percent(accuracy['wrong'])}), "
            f"nothing to decide in {chains['undecided']:,}"
        )
    return out


def summary_of(read: Sequence[Reply], items: int, with_claims: bool, examples: int = EXAMPLES) -> dict[str, Any]:
    """The content of `chains.json`."""
    tagged = [r for r in read if r.parsed.tagged]
    families: defaultdict[str, list[Reply]] = defaultdict(list)
    for r in read:
        families[family_of(r.item)].append(r)
    return {
        "version": VERSION,
        "items": items,
        "answered": len(read),
        "tagged": _share((r, r.parsed.tagged) for r in read),
        "well_formed": _share((r, r.parsed.well_formed) for r in read),
        "in_order": _share((r, _in_order(r.parsed)) for r in tagged),
        "sections": {name: _section(name, tagged) for name in SECTIONS},
        "defects": dict(Counter(code for r in tagged for code in {d.code for d in r.parsed.defects}).most_common()),
        "agreement": _agreement(tagged),
        "claims": _claims(tagged) if with_claims else None,
        "families": {
            name: {
                "n": len(found),
                "accuracy": _share((r, r.correct) for r in found),
                "agreement": _share((r, r.summary == r.response) for r in found if _both(r)),
                "claims_right": _share(
                    (r, r.verdict == "right") for r in found if r.known and r.verdict != "undecided"
                ),
            }
            for name, found in sorted(families.items())
        },
        "examples": _examples(tagged, examples),
    }


def _in_order(parsed: ParsedChain) -> bool:
    return not _OUT_OF_ORDER & {d.code for d in parsed.defects}


def _both(r: Reply) -> bool:
    return r.summary is not None and r.response is not None


def _section(name: str, tagged: Sequence[Reply]) -> dict[str, Any]:
    texts = [r.parsed.sections[name] for r in tagged]
    lengths = sorted(len(_WORD.findall(text)) for text in texts if text)
    words = None
    if lengths:
        words = {
            "median": lengths[len(lengths) // 2],
            "p90": lengths[min(len(lengths) - 1, len(lengths) * 9 // 10)],
            "longest": lengths[-1],
        }
    return {"present": _share((r, bool(t)) for r, t in zip(tagged, texts, strict=True)), "words": words}


def _agreement(tagged: Sequence[Reply]) -> dict[str, Any]:
    asked = [r for r in tagged if r.item.choices]
    both = [r for r in asked if _both(r)]
    return {
        "both": len(both),
        "same": sum(r.summary == r.response for r in both),
        "different": sum(r.summary != r.response for r in both),
        "summary_unparsed": sum(r.summary is None and r.response is not None for r in asked),
        "response_unparsed": sum(r.summary is not None and r.response is None for r in asked),
        "none": sum(r.summary is None and r.response is None for r in asked),
        "rate": _share((r, r.summary == r.response) for r in both),
    }


@dataclass
class _Tally:
    """Claims of one kind or section: (1 supported or 0 contradicted, clip) of each decided one, and the others."""

    decided: list[tuple[float, str]] = field(default_factory=list)
    undecidable: int = 0

    def to_dict(self) -> dict[str, Any]:
        good = int(sum(v for v, _ in self.decided))
        return {
            "supported": good,
            "contradicted": len(self.decided) - good,
            "undecidable": self.undecidable,
            "rate": rate([v for v, _ in self.decided], [c for _, c in self.decided]),
        }


def _claims(tagged: Sequence[Reply]) -> dict[str, Any]:
    known = [r for r in tagged if r.known]
    by_section: defaultdict[str, _Tally] = defaultdict(_Tally)
    by_kind: defaultdict[str, _Tally] = defaultdict(_Tally)
    for r in known:
        for claim in r.claims:
            for tally in (by_section[claim.section], by_kind[claim.kind]):
                if claim.status == "undecidable":
                    tally.undecidable += 1
                else:
                    tally.decided.append((float(claim.status == "supported"), r.item.clip))
    return {
        "items": len(known),
        "by_section": {name: by_section[name].to_dict() for name in SECTIONS if name in by_section},
        "by_kind": {name: tally.to_dict() for name, tally in sorted(by_kind.items())},
        "chains": {name: sum(r.verdict == name for r in known) for name in VERDICTS},
        "accuracy": {
            **_accuracy(known, HEARD),
            "by_section": {name: _accuracy(known, (name,)) for name in HEARD},
        },
    }


def _accuracy(known: Sequence[Reply], sections: Sequence[str]) -> dict[str, Any]:
    """How often the answer is right where the claims of these sections are right, and where they are wrong."""
    groups: dict[str, list[tuple[float, str]]] = {name: [] for name in VERDICTS}
    rows: list[tuple[str, str, float, str]] = []
    for r in known:
        if r.correct is not None:
            verdict = verdict_of(r.claims, sections)
            groups[verdict].append((r.correct, r.item.clip))
            rows.append((family_of(r.item), verdict, r.correct, r.item.clip))
    return {
        **{name: rate([v for v, _ in found], [c for _, c in found]) for name, found in groups.items()},
        "difference": difference(groups["right"], groups["wrong"]),
        "within_families": _within(rows),
    }


def _within(rows: Sequence[tuple[str, str, float, str]]) -> dict[str, Any]:
    """The difference of right and wrong chains within each family, averaged with the weight n·m / (n + m).

    Hard families have more wrong chains and more wrong answers, whatever the chains do to the answers.
    """
    names = sorted({family for family, *_ in rows})
    kept = [row for row in rows if row[1] != "undecided"]
    if not kept:
        return {"value": None, "n": 0, "interval_95": None}
    sums = []
    for family, verdict, correct, _ in kept:
        cells = [0.0] * (4 * len(names))
        at = 4 * names.index(family) + (0 if verdict == "right" else 2)
        cells[at], cells[at + 1] = correct, 1.0
        sums.append(cells)

    def statistic(total: Any) -> float:
        weighted = weights = 0.0
        for k in range(0, 4 * len(names), 4):
            a, n, b, m = (float(x) for x in total[k : k + 4])
            if n and m:
                weighted += (a / n - b / m) * n * m / (n + m)
                weights += n * m / (n + m)
        return weighted / weights if weights else float("nan")

    value = statistic([sum(column) for column in zip(*sums, strict=True)])
    if value != value:
        return {"value": None, "n": len(kept), "interval_95": None}
    low, high = bootstrap_statistic(sum_by_clip(sums, [clip for *_, clip in kept]), statistic)
    return {"value": round(value, 4), "n": len(kept), "interval_95": [round(low, 4), round(high, 4)]}


def _examples(tagged: Sequence[Reply], most: int) -> dict[str, list[dict[str, Any]]]:
    kinds = {
        "contradicted": [r for r in tagged if r.known and r.verdict == "wrong"],
        "disagreeing": [r for r in tagged if _both(r) and r.summary != r.response],
        "malformed": [r for r in tagged if not r.parsed.well_formed],
    }
    return {name: [_told(r) for r in _spread(found, most)] for name, found in kinds.items()}


def _spread(found: Sequence[Reply], most: int) -> list[Reply]:
    """A few, from different families first."""
    seen: Counter[str] = Counter()
    ranked = []
    for place, r in enumerate(found):
        family = family_of(r.item)
        ranked.append((seen[family], place))
        seen[family] += 1
    return [found[place] for _, place in sorted(ranked)[:most]]


def _told(r: Reply) -> dict[str, Any]:
    def name(option: int | None) -> str | None:
        return None if option is None else r.item.choices[option]

    return {
        "id": r.item.id,
        "question": r.item.question,
        "choices": list(r.item.choices),
        "answer": r.item.answer,
        "raw": r.raw[:LONGEST_EXAMPLE],
        "response_option": name(r.response),
        "summary_option": name(r.summary),
        "defects": [d.code for d in r.parsed.defects],
        "claims": [
            {"section": c.section, "kind": c.kind, "status": c.status, "text": c.text, "detail": c.detail}
            for c in r.claims
            if c.status == "contradicted"
        ],
    }
