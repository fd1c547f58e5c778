"""AIR-Bench foundation: 25 pairs of task and data set, 19 tasks, scored by a letter.

Decision: *strict* is the authors' rule with all its quirks. It looks at two characters of the reply, so "Both" means B
and "(A) cat" means nothing; and it leaves replies without a letter out of the count, so a model that rambles may score
higher than one that answers. Therefore the share of replies left out and the accuracy over all items stand beside it.
The leaderboard's average is the mean of the three domain means, not the mean over tasks; how two data sets of one task
are joined is published nowhere, so both ways are given.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from audio_reasoner.evaluation.base import Benchmark, GroupScore, Item, Metric, Row, Score, Value
from audio_reasoner.evaluation.choice import EXTRACTED, OPTION, ChoiceRow, Scheme, score_choices
from audio_reasoner.evaluation.choice_rows import find_file, id_of, read_items, read_rows, text_of
from audio_reasoner.evaluation.predictions import Predictions

NAME = "air-foundation"
TRACK = "Foundation"
DATA_NAME = "Foundation_meta.json"
RESULT_NAME = "Foundation_result_modelx.jsonl"
"""The name the official script reads, in the directory it is started in."""
LETTERS = "ABCD"
FLAC_TASK = "Audio_Grounding"
NO_CHOICE = "None"

# The metadata's own spelling, in the order of the leaderboard.
DOMAINS: Mapping[str, tuple[str, ...]] = {
    "speech": (
        "Speech_Grounding",
        "Spoken_Language_Identification",
        "Speaker_Gender_Recognition",
        "Speaker_Emotion_Recontion",
        "Speaker_Age_Prediction",
        "Speech_Entity_Reconition",
        "Speaker_Intent_Classification",
        "Speaker_Number_Verification",
        "Synthesized_Voice_Detection",
    ),
    "sound": ("Audio_Grounding", "vocal_sound_classification", "Acoustic_Scene_Classification", "Sound_AQA"),
    "music": (
        "Music_Instruments_Classfication",
        "Music_Genre_Recognition",
        "Music_Midi_Pitch_Analysis",
        "Music_Midi_Velocity_Analysis",
        "Music_AQA",
        "Music_Mood_Recognition",
    ),
}
DOMAIN_OF: Mapping[str, str] = {task: domain for domain, tasks in DOMAINS.items() for task in tasks}
PAPER_COLUMNS: Mapping[str, str] = {
    "SoundAQA": "Sound_AQA",
    "MusicAQA": "Music_AQA",
    "SER": "Speaker_Emotion_Recontion",
    "SIC": "Speaker_Intent_Classification",
    "SNV": "Speaker_Number_Verification",
}


class LetterVerdict(NamedTuple):
    """What the official rule makes of a reply. `letter` is None where it finds none; `correct` is then None too."""

    correct: bool | None
    letter: str | None
    reason: str


def official_letter(reply: str) -> tuple[str | None, str]:
    """The letter the official script reads, and where it stood.

    >>> [official_letter(reply)[0] for reply in ("A. cat", "Both", "It is B.", "(C) cat", "It is B", "None", "a")]
    ['A', 'B', 'B', None, None, None, None]
    """
    said = reply.strip().replace("\n", "")
    if not said or said == NO_CHOICE:
        return None, "the reply is empty" if not said else 'the reply is "None"'
    if said[0] in LETTERS:
        return said[0], "the first character"
    if len(said) > 1 and said[-2] in LETTERS:
        return said[-2], "the last character but one"
    return None, "neither the first character nor the last but one is A, B, C or D"


class LetterKey(NamedTuple):
    """The official rule for one item: `gold` is the letter of the first choice that is the answer's text."""

    gold: str | None

    def judge(self, body: str) -> LetterVerdict:
        """Apply the rule."""
        found, where = official_letter(body)
        if found is None:
            return LetterVerdict(None, None, f"{where}; the official script leaves the row out")
        return LetterVerdict(found == self.gold, found, f"read as {found} ({where}); right is {self.gold or 'none'}")

    def passes(self, index: int) -> bool:
        """Whether the letter of choice `index` is the right one."""
        return index < len(LETTERS) and LETTERS[index] == self.gold


def _key(item: Item) -> LetterKey:
    return LetterKey(LETTERS[item.gold] if item.gold is not None else None)


STRICT = Metric(
    "strict",
    "strict",
    "percent",
    True,
    "AIR-Bench's score_foundation.py: a letter as first or last but one character; other replies leave the count.",
)
SCHEME = Scheme(
    key=_key,
    metrics=(STRICT, EXTRACTED, OPTION),
    tables=("domain", "task", "pair"),
    rule="AIR-Bench's script",
)


# -------------------------------------------------------------------------------------------------------------- reading


def read(path: Path) -> Benchmark:
    """Read `Foundation_meta.json`: `path` is the file, its directory `Foundation`, or the directory with `Foundation`.

    Recordings lie in `TASK_DATASET/PATH` beside the file. For Audio_Grounding the metadata says .wav and the files are
    .flac, which the official script knows; should only the named file exist, it is taken.

    Raises:
        InputError: `benchmark.missing`, `benchmark.unreadable`, `benchmark.no_items`.
    """
    folder = path / TRACK if (path / TRACK).is_dir() else path
    file = find_file(folder, DATA_NAME, f"Give the directory that holds {TRACK}/{DATA_NAME}.")
    rows, sha = read_rows(file)
    # Ids are unique within a pair at least; where they are not unique in the whole file, the pair goes before them.
    ids = [str(row["uniq_id"]) for row in rows if isinstance(row, dict) and row.get("uniq_id") is not None]
    unique = len(set(ids)) == len(ids)
    items, problems = read_items(file, rows, lambda row: _item(row, file.parent, unique))
    unheard = sorted({item.groups["task"] for item in items} - DOMAIN_OF.keys())
    if unheard:
        problems.append(f"{file.name}: tasks of no known domain: {', '.join(unheard)}; they are in no domain's mean")
    if not unique:
        problems.append(f"{file.name}: `uniq_id` repeats between pairs; ids here are TASK_DATASET:uniq_id")
    return Benchmark(
        NAME, "choice", file, file.parent, sha, f"AIR-Bench foundation, {len(items)} items", items, problems
    )


def _item(row: Any, root: Path, unique: bool) -> Item:
    name = id_of(row, "uniq_id")
    task, dataset = text_of(row, "task_name"), text_of(row, "dataset_name")
    pair = f"{task}_{dataset}"
    choices = [text_of(row, "choice_a"), text_of(row, "choice_b")]
    more = [row.get("choice_c"), row.get("choice_d")]
    while more and more[-1] is None:
        more.pop()
    # A gap before choice D keeps its place, with the text the official prompt shows there.
    choices += [NO_CHOICE if choice is None else str(choice) for choice in more]
    answer = text_of(row, "answer_gt")
    # The first literal equal of the answer; the text that fills a gap is no choice and cannot be right.
    gold = [i for i, key in enumerate(("choice_a", "choice_b", "choice_c", "choice_d")) if row.get(key) == answer]
    audio = f"{pair}/{text_of(row, 'path')}"
    if task == FLAC_TASK and len(audio) > 3:
        flac = f"{audio[:-3]}flac"
        if (root / flac).exists() or not (root / audio).exists():
            audio = flac
    groups = {"domain": DOMAIN_OF[task]} if task in DOMAIN_OF else {}
    return Item(
        id=name if unique else f"{pair}:{name}",
        audio=(audio,),
        question=text_of(row, "question"),
        choices=tuple(choices),
        answer=answer,
        gold=gold[0] if gold else None,
        groups={**groups, "task": task, "pair": pair},
        clip=audio,
        extra={"row": row},
    )


# -------------------------------------------------------------------------------------------------------------- scoring


def score(
    benchmark: Benchmark,
    predictions: Predictions,
    predictions_file: str = "",
    on_row: Callable[[Row], None] | None = None,
    judged: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
) -> Score:
    """Judge every answered item; see `score_choices`.

    A further table, *leaderboard*, holds the averages; `paper` the columns of the paper's Table 6 by *extracted*, each
    the mean of its task's data sets, and their plain mean.
    """
    drawn = _Draws()

    def and_count(row: Row) -> None:
        drawn.add(row)
        if on_row is not None:
            on_row(row)

    found = score_choices(SCHEME, benchmark, predictions, predictions_file, and_count, judged)
    found.tables["leaderboard"] = _leaderboard(found, drawn)
    by_task = _task_means(found, found.headline)
    found.paper = {column: by_task.get(task) for column, task in PAPER_COLUMNS.items()}
    present = [value for value in found.paper.values() if value is not None]
    found.paper["Average"] = sum(present) / len(present) if len(present) == len(PAPER_COLUMNS) else None
    absent = [task for task in DOMAIN_OF if task not in {group.name for group in found.tables["task"]}]
    if absent:
        found.notes.append(
            f"{len(absent)} of {len(DOMAIN_OF)} tasks are not in the data: {', '.join(absent)}. Means are over those "
            "that are there, so they are no leaderboard figures."
        )
    found.notes.append(
        "The leaderboard's Average is the mean of the three domain means. Tasks with two data sets: their mean (as in "
        "the paper's columns here) or all their items together; the authors do not say which."
    )
    return found


def _value(group: GroupScore, metric: str, over_all: bool) -> float | None:
    """A group's value; with `over_all` the one with every item in the denominator."""
    value = group.values[metric]
    return value.over_all if over_all and value.over_all is not None else value.value


def _task_means(score: Score, metric: str, over_all: bool = False) -> dict[str, float]:
    """Each task's value as the plain mean of its pairs that have one."""
    task_of = {item.groups["pair"]: item.groups["task"] for item in score.benchmark.items}
    held: dict[str, list[float]] = {}
    for group in score.tables["pair"]:
        value = _value(group, metric, over_all)
        if value is not None:
            held.setdefault(task_of[group.name], []).append(value)
    return {task: sum(values) / len(values) for task, values in held.items()}


def _pooled(score: Score, metric: str, over_all: bool = False) -> dict[str, float]:
    """Each task's value over all items of its pairs together."""
    return {g.name: v for g in score.tables["task"] if (v := _value(g, metric, over_all)) is not None}


class _Draws:
    """Bootstrap rounds of each pair. Pairs share no recording, so each is drawn by itself and averages combine them."""

    def __init__(self) -> None:
        self._clips: dict[tuple[str, str], dict[str, tuple[float, int]]] = {}
        self._task_of: dict[str, str] = {}

    def add(self, row: Row) -> None:
        """Count a judged row."""
        if not isinstance(row, ChoiceRow):
            return
        pair = row.item.groups["pair"]
        self._task_of[pair] = row.item.groups["task"]
        for metric, value in row.readings.items():
            if value is not None:
                clips = self._clips.setdefault((metric, pair), {})
                total, n = clips.get(row.item.clip, (0.0, 0))
                clips[row.item.clip] = (total + value, n + 1)

    def tasks(self, metric: str, pooled: bool) -> dict[str, Any]:
        """Each task's value in percent, as an array over the rounds."""
        from audio_reasoner.evaluation.statistics import bootstrap_draws

        held: dict[str, list[Any]] = {}
        for seed, ((name, pair), clips) in enumerate(sorted(self._clips.items(), key=lambda kv: kv[0])):
            if name == metric:
                held.setdefault(self._task_of[pair], []).append(bootstrap_draws(Counter(clips.values()), seed=seed))
        return {
            task: 100 * sum(d[:, 0] for d in draws) / sum(d[:, 1] for d in draws)
            if pooled
            else sum(100 * d[:, 0] / d[:, 1] for d in draws) / len(draws)
            for task, draws in held.items()
        }


def _leaderboard(score: Score, drawn: _Draws) -> list[GroupScore]:
    """Averages that are no counts: of domain means, over tasks, each with tasks joined both ways."""
    from audio_reasoner.evaluation.statistics import percentiles

    lines: list[tuple[str, Callable[[Mapping[str, Any]], Any], bool]] = [
        ("Average (mean of domain means)", _of_domains, False),
        ("Average, data sets of a task pooled", _of_domains, True),
        ("mean over tasks", _mean, False),
    ]
    lines += [(f"{domain}, mean over tasks", partial(_domain_mean, domain), False) for domain in DOMAINS]
    overall = score.overall
    found = [GroupScore(name, overall.items, overall.answered, {}) for name, _, _ in lines]
    for metric in (m.name for m in score.metrics):
        rounds = {pooled: drawn.tasks(metric, pooled) for pooled in (False, True)}
        n = overall.values[metric].n
        for group, (_, average, pooled) in zip(found, lines, strict=True):
            joined = _pooled if pooled else _task_means
            spread = average(rounds[pooled])
            group.values[metric] = Value(
                average(joined(score, metric)),
                n,
                None if spread is None else percentiles(spread),
                average(joined(score, metric, True)) if n < overall.items else None,
            )
    return found


def _mean(tasks: Mapping[str, Any]) -> Any:
    """The mean of tasks' values (numbers, or arrays over bootstrap rounds); None without any."""
    return sum(tasks.values()) / len(tasks) if tasks else None


def _domain_mean(domain: str, tasks: Mapping[str, Any]) -> Any:
    return _mean({task: value for task, value in tasks.items() if DOMAIN_OF.get(task) == domain})


def _of_domains(tasks: Mapping[str, Any]) -> Any:
    return _mean({d: mean for d in DOMAINS if (mean := _domain_mean(d, tasks)) is not None})


def official_files(benchmark: Benchmark, answers: Mapping[str, str], out: Path) -> Iterable[Path]:
    """Write `Foundation_result_modelx.jsonl`, which `score_foundation.py` reads in its working directory.

    Items without an answer are not in it, as the official inference script leaves out what it cannot hear.
    """
    from audio_reasoner.core.run import write_atomic

    out.mkdir(parents=True, exist_ok=True)
    path = out / RESULT_NAME
    lines = [
        json.dumps(dict(item.extra["row"]) | {"response": answers[item.id]}, ensure_ascii=True) + "\n"
        for item in benchmark.items
        if item.id in answers
    ]
    write_atomic(path, "".join(lines).encode())
    return [path]
