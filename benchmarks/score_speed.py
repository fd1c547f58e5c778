"""Scores 100,000 predictions with all intervals: as 100 files of 1,000 items, and as one file of 100,000.

    taskset -c 1 python benchmarks/score_speed.py

The replies are what models write: bare texts, letters, sentences, lists of all options with a conclusion, and whole
chains; each form is measured alone and then all of them mixed. Tables are those of MMAU (3 tasks, 3 difficulties, 27
sub-categories), each number with its bootstrap interval. Every fifth recording of the one large file has two questions,
so that the bootstrap has clips to draw; that file also asks 100,000 different questions, each of which is prepared for
one reply alone. Target: 100,000 mixed predictions in under 5 s of one core's time. Wall time is printed beside it; on a
busy machine it says more about the neighbours, and processor time grows with them too.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable
from pathlib import Path

from audio_reasoner.core.matching import _compile, _option
from audio_reasoner.evaluation.base import Benchmark, Item
from audio_reasoner.evaluation.mmau import score
from audio_reasoner.evaluation.official import _key
from audio_reasoner.evaluation.predictions import Predictions
from audio_reasoner.evaluation.statistics import _of_counts

TARGET_S = 5.0
ITEMS = 1_000
SOUNDS = ("dog", "cat", "bird", "bell", "siren", "alarm", "phone", "horn", "engine", "rain", "thunder", "knock", "clap")
TASKS = ("sound", "music", "speech")
LEVELS = ("easy", "medium", "hard")


def make_items(n: int, seed: int, shared: bool = False) -> list[Item]:
    """`n` four-choice items: half name one sound, half an order of three; `shared`: some are about one recording."""
    rng = random.Random(seed)
    items = []
    for i in range(n):
        if i % 2:
            choices = tuple(rng.sample(SOUNDS, 4))
        else:
            three = rng.sample(SOUNDS, 3)
            orders = [(0, 1, 2), (1, 0, 2), (2, 1, 0), (1, 2, 0)]
            choices = tuple(", ".join(three[k] for k in order) for order in orders)
        gold = rng.randrange(4)
        clip = f"{i - i % 2 if shared and i % 10 < 2 else i}.wav"
        groups = {
            "task": TASKS[i % 3],
            "difficulty": LEVELS[rng.randrange(3)],
            "sub-category": f"{TASKS[i % 3]} {rng.randrange(9)}",
        }
        items.append(Item(str(i), (clip,), "?", choices, choices[gold], gold, groups, clip))
    return items


def chain(item: Item) -> str:
    """A whole chain of the usual length."""
    answers = ["no", "no", "no", "no"]
    answers[item.gold or 0] = "yes"
    said = "; ".join(f"({x}) {choice}: {yes}" for x, choice, yes in zip("abcd", item.choices, answers, strict=True))
    return (
        f"<THINK>\n<PLANNING>Find what is asked, then go through the options.</PLANNING>\n<CAPTION>In order: "
        f"{item.answer}.</CAPTION>\n<REASONING>{said}</REASONING>\n<SUMMARY>It is {item.answer}.</SUMMARY>\n</THINK>\n"
        f"<RESPONSE>The sounds were compared one by one. The answer is {letter(item)} {item.answer}.</RESPONSE>"
    )


def letter(item: Item) -> str:
    """The gold letter in brackets."""
    return f"({'abcd'[item.gold or 0]})"


FORMS: dict[str, Callable[[Item], str]] = {
    "text": lambda item: item.answer,
    "letter": lambda item: letter(item).upper(),
    "(b) text": lambda item: f"{letter(item)} {item.answer}",
    "The answer is B.": lambda item: f"The answer is {letter(item)[1].upper()}.",
    "mention": lambda item: f"I believe that {item.answer} is what can be heard in this recording.",
    "list + conclusion": lambda item: "Compare " + " ".join(item.choices) + f". So the answer is {letter(item)}.",
    "chain": chain,
}


def replies(items: list[Item], forms: list[Callable[[Item], str]], file: int) -> Predictions:
    """Prediction file number `file`: a fifth of its answers are wrong, each file in its own way."""
    rng = random.Random(file)
    texts = {}
    for i, item in enumerate(items):
        meant = item
        if rng.random() < 0.2:
            other = rng.randrange(4)
            meant = Item(item.id, item.audio, "?", item.choices, item.choices[other], other, item.groups, item.clip)
        texts[item.id] = forms[(file + i) % len(forms)](meant)
    return Predictions(texts)


def measure(
    items: list[Item], forms: list[Callable[[Item], str]], files: int, repeat: int = 1
) -> tuple[float, float, float, float]:
    """(wall seconds, CPU seconds, per cent of options found right, per cent unparsed) of `files` prediction files.

    With `repeat` each file is scored so often, from the same cold start, and its quickest time counts: neighbours on
    the machine disturb some passes, never all.
    """
    benchmark = Benchmark("mmau-mini", "choice", Path("made"), Path("made"), "", "", items, [])
    predictions = [replies(items, forms, file) for file in range(files)]  # built before the clock starts
    right = unparsed = 0.0
    walls, cpus = [float("inf")] * files, [float("inf")] * files
    for done in range(repeat):
        for cached in (_of_counts, _compile, _option, _key):
            cached.cache_clear()
        benchmark.prepared.clear()
        for f, one in enumerate(predictions):
            wall, cpu = time.perf_counter(), time.process_time()
            overall = score(benchmark, one).overall
            walls[f] = min(walls[f], time.perf_counter() - wall)
            cpus[f] = min(cpus[f], time.process_time() - cpu)
            if not done:
                right += overall.values["option"].value or 0.0
                unparsed += 100 * overall.facts["unparsed"]["rate"]
    return sum(walls), sum(cpus), right / files, unparsed / files


def show(name: str, rows: int, wall: float, cpu: float, right: float, unparsed: float) -> None:
    """One line of the table."""
    print(f"{name:<22}{rows:>9,}{wall:>9.2f}{cpu:>9.2f}{1e6 * cpu / rows:>9.1f}{right:>10.2f}{unparsed:>12.2f}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--files", type=int, default=100)
    parser.add_argument("--repeat", type=int, default=1, help="the quickest of so many passes over each file counts")
    given = parser.parse_args()
    files, repeat = given.files, given.repeat
    items = make_items(ITEMS, 0)
    measure(items, [chain], 1)  # imports numpy
    print(f"{'form':<22}{'rows':>9}{'wall s':>9}{'cpu s':>9}{'us/row':>9}{'option %':>10}{'unparsed %':>12}")
    few = max(1, files // 10)
    for name, form in FORMS.items():
        show(name, ITEMS * few, *measure(items, [form], few, repeat))
    rows = ITEMS * files
    forms = list(FORMS.values())
    many = measure(items, forms, files, repeat)
    show(f"mixed, {files} files", rows, *many)
    one = measure(make_items(rows, 1, shared=True), forms, 1, repeat)
    show("mixed, one file", rows, *one)
    target = TARGET_S * rows / 100_000
    print(
        f"score_speed rows={rows} repeat={repeat} files_cpu_seconds={many[1]:.2f} files_wall_seconds={many[0]:.2f} "
        f"one_file_cpu_seconds={one[1]:.2f} one_file_wall_seconds={one[0]:.2f} target_seconds={target:.2f} "
        f"files_met={'yes' if many[1] <= target else 'no'} one_file_met={'yes' if one[1] <= target else 'no'}"
    )


if __name__ == "__main__":
    main()
