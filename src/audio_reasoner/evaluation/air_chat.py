"""AIR-Bench chat: open answers about 2,200 recordings, scored by a language model in both orders.

Decision: the official sums to the letter. Every order has its own mean over the replies that its parse survived; a
category is the mean of its two orders, mixed audio the plain mean of its two sets, the average that of four categories.
What failed is counted and named, and the same sums with failures as 0 stand beside, because a judge that cannot be
parsed would otherwise make a score of nothing look like a score.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audio_reasoner.core.chain import parse_chain, response_body
from audio_reasoner.core.errors import InputError
from audio_reasoner.evaluation.base import Benchmark, GroupScore, Item, Metric, Row, Score, foreign_ids
from audio_reasoner.evaluation.chat_judge import (
    OFFICIAL_MODEL,
    addresses_judge,
    attempted,
    lenient_scores,
    official_scores,
)
from audio_reasoner.evaluation.judged import describe, fingerprint, opinions, sentence
from audio_reasoner.evaluation.predictions import Predictions, fit

NAME = "air-chat"
DATA_NAME = "Chat_meta.json"
CATEGORIES: Mapping[str, tuple[str, ...]] = {
    "speech": ("speech_QA", "speech_dialogue_QA"),
    "sound": ("sound_QA", "sound_generation_QA"),
    "music": ("music_QA", "music_generation_analysis_QA"),
    "speech_and_sound": ("speech_and_sound_QA",),
    "speech_and_music": ("speech_and_music_QA",),
}
_CATEGORY_OF = {task: category for category, tasks in CATEGORIES.items() for task in tasks}
_MIXED = ("speech_and_sound", "speech_and_music")
_FULL = 2200
ORDERS = ("chat", "chat_swapped")

_ROLES = "official parse; the mean of both orders, each over its own surviving replies"
METRICS = [
    Metric("score", "score", "score", True, f"The judge's score of the response ({_ROLES})."),
    Metric("lenient", "lenient", "score", False, "The same with every reply that states two scores beyond doubt."),
    Metric("reference", "reference", "score", True, "The judge's score of the reference answer (official parse)."),
    Metric("reference_first", "ref. first", "score", True, "Score of the response where the reference stands first."),
    Metric("response_first", "resp. first", "score", True, "Score of the response where it stands first (swapped)."),
    Metric("win", "win", "percent", True, "How often the response scores above the reference (official parse)."),
    Metric("tie", "tie", "percent", False, "How often both score the same (official parse)."),
]


# ------------------------------------------------------------------------------------------------------------ reading


def data_file(path: Path) -> Path:
    """`Chat_meta.json` itself: `path`, in the directory `path`, or in its `Chat/`.

    Raises:
        InputError: `benchmark.missing`.
    """
    places = [path / DATA_NAME, path / "Chat" / DATA_NAME] if path.is_dir() else [path]
    for place in places:
        if place.is_file():
            return place
    raise InputError(
        f"there is no {places[0]}.",
        code="benchmark.missing",
        hint=f"Give AIR-Bench's directory (with Chat/{DATA_NAME}), its Chat directory, or the file.",
    )


def read(path: Path) -> Benchmark:
    """Read AIR-Bench chat as downloaded.

    An item's id is its `uniq_id`, or `TASK_DATASET_ID` where that is not unique. A row that cannot be judged is named
    in `problems` and left out; so is one of an unknown task, which the official script counts for the previous row's.

    Raises:
        InputError: `benchmark.missing`, `benchmark.unreadable`, `benchmark.no_items`.
    """
    file = data_file(path)
    raw = file.read_bytes()
    try:
        rows = json.loads(raw.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{file} is not JSON: {error}.", code="benchmark.unreadable") from None
    if not isinstance(rows, list):
        raise InputError(
            f"{file} holds {type(rows).__name__}; expected a JSON array of questions.", code="benchmark.unreadable"
        )
    times = Counter(str(row["uniq_id"]) for row in rows if isinstance(row, dict) and "uniq_id" in row)
    items: dict[str, Item] = {}
    problems: list[str] = []
    for number, row in enumerate(rows):
        try:
            item = _item(row, times)
        except ValueError as bad:
            problems.append(f"{file.name} row {number}: {bad}")
            continue
        if item.id in items:
            problems.append(f"{file.name} row {number}: id {item.id} occurs again; only its first row is scored")
            continue
        items[item.id] = item
    if not items:
        raise InputError(
            f"{file} holds no question that can be judged. First problem: {problems[0] if problems else 'it is empty'}",
            code="benchmark.no_items",
        )
    revision = "official size" if len(rows) == _FULL else f"{len(rows)} rows; the official set has {_FULL}"
    sha = hashlib.sha256(raw).hexdigest()
    return Benchmark(NAME, "chat", file, file.parent, sha, revision, list(items.values()), problems)


def _item(row: Any, times: Mapping[str, int]) -> Item:
    if not isinstance(row, dict):
        raise ValueError(f"expected an object, found {type(row).__name__}")
    texts = {}
    for key in ("path", "question", "meta_info", "answer_gt", "task_name", "dataset_name"):
        value = row.get(key)
        if not isinstance(value, str) or not value.strip():
            raise ValueError(f"`{key}` must be text, found {'nothing' if value is None else repr(value)[:60]}")
        texts[key] = value
    task, dataset = texts["task_name"], texts["dataset_name"]
    category = _CATEGORY_OF.get(task)
    if category is None:
        raise ValueError(f"there is no chat task {task!r}; known: {', '.join(_CATEGORY_OF)}")
    number = row.get("uniq_id")
    if isinstance(number, bool) or not isinstance(number, int | str) or not str(number).strip():
        raise ValueError(f"`uniq_id` must be a number or text, found {number!r}")
    name = str(number) if times[str(number)] == 1 else f"{task}_{dataset}_{number}"
    audio = f"{task}_{dataset}/{texts['path']}"
    return Item(
        id=name,
        audio=(audio,),
        question=texts["question"],
        choices=(),
        answer=texts["answer_gt"],
        gold=None,
        groups={"category": category, "task": task, "dataset": f"{task}_{dataset}"},
        clip=audio,
        extra=row,
    )


# ------------------------------------------------------------------------------------------------------------ scoring


@dataclass(frozen=True, slots=True)
class _Read:
    """One reply of the judge: scores of the response and the reference by both rules; `text` as it came."""

    text: str
    official: tuple[float, float] | None
    lenient: tuple[float, float] | None
    attempted: bool
    problem: str | None


@dataclass(slots=True)
class ChatRow:
    """How one answer was judged in both orders; None where an order was not asked or failed."""

    item: Item
    body: str
    tagged: bool
    well_formed: bool
    defects: tuple[str, ...]
    replies: dict[str, _Read | None]

    def reading(self, metric: str, order: str) -> float | None:
        """A metric's value in one order; None where it does not count."""
        if (metric == "reference_first" and order != "chat") or (metric == "response_first" and order == "chat"):
            return None
        reply = self.replies.get(order)
        scores = None if reply is None else reply.lenient if metric == "lenient" else reply.official
        if scores is None:
            return None
        model, reference = scores
        values = {"reference": reference, "win": 100.0 * (model > reference), "tie": 100.0 * (model == reference)}
        return values.get(metric, model)

    def to_dict(self) -> dict[str, Any]:
        """A line of `rows.jsonl`; a reading is the mean of the orders that count."""
        readings: dict[str, float | None] = {}
        for metric in METRICS:
            values = [v for order in ORDERS if (v := self.reading(metric.name, order)) is not None]
            readings[metric.name] = sum(values) / len(values) if values else None
        return {
            "id": self.item.id,
            "clip": self.item.clip,
            "groups": dict(self.item.groups),
            "question": self.item.question,
            "choices": [],
            "answer": self.item.answer,
            "gold_index": None,
            "audio": list(self.item.audio),
            "body": self.body,
            "readings": readings,
            "why": {"reference_first": self._why("chat"), "response_first": self._why("chat_swapped")},
            "option_index": None,
            "option_rule": None,
            "option_detail": None,
            "from_summary": False,
            "tagged": self.tagged,
            "well_formed": self.well_formed,
            "defects": list(self.defects),
        }

    def _why(self, order: str) -> str:
        reply = self.replies.get(order)
        if reply is None:
            return "not judged in this order"
        said = "nothing" if not reply.text.strip() else repr(reply.text[:200])
        if reply.official is not None:
            return f"the judge wrote {said}: response {reply.official[0]:g}, reference {reply.official[1]:g}"
        way = f" ({reply.problem})" if reply.problem else ""
        lenient = ", read leniently" if reply.lenient is not None else ""
        return f"the judge wrote {said}{way}; the official rule cannot read it{lenient}"


def read_line(line: Mapping[str, Any]) -> _Read:
    """A line of `judged.jsonl`, read anew from the judge's text, so that an older file gains by a better reader."""
    text = str(line["text"])
    back = line["purpose"] == "chat_swapped"
    official, lenient = official_scores(text), lenient_scores(text)
    problem = line.get("problem")

    def roles(pair: tuple[float, float] | None) -> tuple[float, float] | None:
        # The model's answer is the second in the normal order and the first in the swapped one.
        return None if pair is None else (pair[0], pair[1]) if back else (pair[1], pair[0])

    return _Read(text, roles(official), roles(lenient), attempted(text), None if problem is None else str(problem))


def score(
    benchmark: Benchmark,
    predictions: Predictions,
    predictions_file: str = "",
    on_row: Callable[[Row], None] | None = None,
    judged: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
) -> Score:
    """Sum up what the judge said (`judged`: lines of `judged.jsonl` by item); without it every score is absent.

    Raises:
        InputError: `predictions.foreign`: not one id belongs to this benchmark.
    """
    predictions = fit(benchmark, predictions)
    problems = [*benchmark.problems, *predictions.problems, *foreign_ids(benchmark, predictions.texts)]
    rows: list[ChatRow] = []
    used: list[Mapping[str, Any]] = []
    stale = 0
    for item in benchmark.items:
        text = predictions.texts.get(item.id)
        if text is None:
            continue
        parsed = parse_chain(text)
        body = response_body(parsed, text)
        replies: dict[str, _Read | None] = {}
        for order in ORDERS:
            lines = opinions(judged, item.id, order, fingerprint(body))
            stale += not lines and any(line.get("purpose") == order for line in (judged or {}).get(item.id, ()))
            used += lines[-1:]
            replies[order] = read_line(lines[-1]) if lines else None
        row = ChatRow(
            item=item,
            body=body,
            tagged=parsed.tagged,
            well_formed=parsed.well_formed,
            defects=tuple(dict.fromkeys(defect.code for defect in parsed.defects)),
            replies=replies,
        )
        rows.append(row)
        if on_row is not None:
            on_row(row)
    if stale:
        problems.append(f"{stale} opinions are about other answers than these and were not used; judge again")
    found = _summed(benchmark, rows, used, predictions_file, problems)
    found.notes = [*predictions.notes, *found.notes]
    return found


def _summed(
    benchmark: Benchmark,
    rows: Sequence[ChatRow],
    used: Sequence[Mapping[str, Any]],
    predictions_file: str,
    problems: list[str],
) -> Score:
    from audio_reasoner.evaluation.chat_sums import Sums

    by_item = {row.item.id: row for row in rows}
    sums = Sums(benchmark.items, by_item, METRICS)

    def of(kind: str) -> dict[str, list[Item]]:
        found: dict[str, list[Item]] = {}
        for item in benchmark.items:
            found.setdefault(item.groups[kind], []).append(item)
        return found

    def group(name: str, parts: Sequence[Sequence[Sequence[Item]]]) -> GroupScore:
        items = [item for part in parts for held in part for item in held]
        answered = [by_item[item.id] for item in items if item.id in by_item]
        return GroupScore(name, len(items), len(answered), sums.values(parts), facts=_facts(items, answered))

    by_category = of("category")
    mixed = [by_category.get(name, []) for name in _MIXED]
    overall = group("overall", [*([by_category.get(name, [])] for name in ("speech", "sound", "music")), mixed])
    categories = [group(name, [[by_category[name]]]) for name in CATEGORIES if name in by_category]
    tables = {
        "category": [*categories, *([group("mixed", [mixed])] if any(mixed) else [])],
        "task": [group(name, [[items]]) for name, items in of("task").items()],
        "dataset": [group(name, [[items]]) for name, items in of("dataset").items()],
    }
    facts = describe(used)
    overall.facts["judge"] = facts
    headline = {g.name: g.values["score"].value for g in tables["category"]}
    return Score(
        benchmark=benchmark,
        predictions_file=predictions_file,
        metrics=list(METRICS),
        headline="score",
        overall=overall,
        tables=tables,
        problems=problems,
        notes=_notes(overall, rows, facts),
        deviations=deviations(facts, rows) if used else [],
        paper={
            "Sound": headline.get("sound"),
            "Music": headline.get("music"),
            "Speech": headline.get("speech"),
            "Mixed Audio": headline.get("mixed"),
            "Average": overall.values["score"].value,
        },
    )


def _facts(items: Sequence[Item], held: Sequence[ChatRow]) -> dict[str, Any]:
    """Counts of a group: what was judged, and what of it failed, in each order."""
    facts: dict[str, Any] = {}
    failed = judged = 0
    for order, name in zip(ORDERS, ("reference_first", "response_first"), strict=True):
        replies = [reply for row in held if (reply := row.replies.get(order)) is not None]
        bad = [reply for reply in replies if reply.official is None]
        facts[name] = {
            "judged": len(replies),
            "failed": len(bad),
            "failed_lenient": sum(reply.lenient is None for reply in replies),
            # What cal_score.py prints as success_num counts these among its successes.
            "failed_but_counted": sum(reply.attempted for reply in bad),
            "not_judged": len(items) - len(replies),
        }
        failed, judged = failed + len(bad), judged + len(replies)
    facts["unparsed"] = {"count": failed, "rate": round(failed / judged, 4) if judged else None}
    facts["tagged"] = _share(sum(row.tagged for row in held), len(held))
    facts["well_formed"] = _share(sum(row.well_formed for row in held), len(held))
    return facts


def _share(count: int, n: int) -> dict[str, Any]:
    return {"count": count, "rate": round(count / n, 4) if n else None}


def _notes(overall: GroupScore, rows: Sequence[ChatRow], facts: Mapping[str, Any]) -> list[str]:
    notes = []
    if not facts["opinions"]:
        notes.append("No opinion of a judge is at hand: run `audio-reasoner eval judge air-chat`.")
    else:
        notes.append(sentence(facts))
    orders = [overall.facts[name] for name in ("reference_first", "response_first")]
    if facts["opinions"] and any(o["failed"] or o["not_judged"] for o in orders):
        value = overall.values["score"].over_all
        beside = "" if value is None else f" With these as 0 the average is {value:.2f}."
        notes.append(
            f"{sum(o['failed'] for o in orders)} of {sum(o['judged'] for o in orders)} replies of the judge fail the "
            f"official parse ({sum(o['failed_lenient'] for o in orders)} the lenient one) and "
            f"{sum(o['not_judged'] for o in orders)} opinions are missing; the official sums leave them out.{beside}"
        )
    empty = sum(not row.body.strip() for row in rows)
    if empty:
        notes.append(f"{empty} answers are empty; they are judged like any other.")
    talking = [row.item.id for row in rows if addresses_judge(row.body)]
    if talking:
        shown = ", ".join(talking[:10]) + (", …" if len(talking) > 10 else "")
        notes.append(
            f"{len(talking)} answers hold text that a judge may take as scores or instructions (look at {shown})."
        )
    return notes


def deviations(facts: Mapping[str, Any], rows: Sequence[ChatRow]) -> list[str]:
    """Where the judging differed from the official one, each a sentence."""
    from audio_reasoner.evaluation.chat_judge import OFFICIAL_PROMPT_SHA

    found = []
    asked = [sum(row.replies.get(order) is not None for row in rows) for order in ORDERS]
    if not all(asked):
        only = "reference first" if asked[0] else "response first"
        found.append(f"Only one order was judged ({only}); the official score is the mean of both.")
    if any(str(m).startswith("file:") for m in facts["models"]):
        return [*found, "Opinions were taken over: which model judged, how it was asked and when is not known here."]
    models = [str(m).partition(":")[2] for m in facts["models"]]
    if facts.get("versions"):
        models = [str(version) for version in facts["versions"]]  # what an alias stood for
    if models != [OFFICIAL_MODEL]:
        found.append(f"The judge is {', '.join(models)}; the official one is {OFFICIAL_MODEL}.")
    if facts["prompts"] != [OFFICIAL_PROMPT_SHA]:
        shown = ", ".join(str(p)[:12] for p in facts["prompts"])
        found.append(f"The judge's prompt ({shown}) has the official layout and slots, but not the official wording.")
    heats = facts["temperatures"]
    if heats != [1.0, 2.0]:
        shown = ", ".join("the server's own" if t is None else f"{t:g}" for t in heats)
        found.append(
            f"Temperature {shown}; the official script draws 1.0 or 2.0 with equal chance for each row and order."
        )
    else:
        found.append("Temperatures 1.0 and 2.0 are drawn by a hash of row and order, not by chance.")
    if len(facts["models"]) > 1 or (len(facts["prompts"]) > 1):
        found.append("Opinions of several judges or prompts are mixed.")
    return found


# ----------------------------------------------------------------------------------------------------- official files


def official_files(
    benchmark: Benchmark,
    answers: Mapping[str, str],
    out: Path,
    judged: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
) -> Iterable[Path]:
    """Write what the official scripts read and write, in data order; returns the files.

    `Chat_result_modelx.jsonl` for `score_chat.py`; with `judged` also its output for both orders
    (`batch_run_output.jsonl`, `batch_run_output_cir.jsonl`, field `gen`) and `chat_score.json`, `chat_score_cir.json`
    (field `gpt-score`) for `cal_score.py`.
    """
    from audio_reasoner.core.run import write_atomic
    from audio_reasoner.evaluation.present import json_text

    out.mkdir(parents=True, exist_ok=True)
    made: list[Path] = []

    def write(name: str, text: str) -> None:
        write_atomic(out / name, text.encode("utf-8"))
        made.append(out / name)

    keys = ("meta_info", "question", "answer_gt", "path", "task_name", "dataset_name")
    held = [item for item in benchmark.items if item.id in answers]
    results = [
        {k: item.extra[k] for k in keys} | {"response": answers[item.id], "uniq_id": item.extra["uniq_id"]}
        for item in held
    ]
    write("Chat_result_modelx.jsonl", "".join(json_text(row) + "\n" for row in results))
    for order, suffix in zip(ORDERS, ("", "_cir"), strict=True):
        rows = []
        for item in held:
            lines = opinions(judged, item.id, order, fingerprint(answers[item.id]))
            if lines:
                row: dict[str, Any] = {k: item.extra[k] for k in keys} | {"uniq_id": item.extra["uniq_id"]}
                row |= {"uuid": lines[-1].get("call_key"), "Audio-LLM-response": answers[item.id]}
                rows.append(row | {"gen": lines[-1]["text"]})
        if rows:
            write(f"batch_run_output{suffix}.jsonl", "".join(json_text(row) + "\n" for row in rows))
            scores = [{("gpt-score" if k == "gen" else k): v for k, v in row.items()} for row in rows]
            write(f"chat_score{suffix}.json", json_text(scores, indent=1) + "\n")
    return made
