"""Scores 100,000 predictions: 100 prediction files of a benchmark with 1,000 items, in memory.

    python benchmarks/score_speed.py [--files 100]

The replies are what models write: bare texts, letters, sentences, lists of all options with a conclusion, and whole
chains. Each form is measured alone and then all of them mixed. Target: 100,000 mixed predictions in under 5 s of one
core's time. Wall time is printed beside it; on a busy machine it says more about the neighbours.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable
from pathlib import Path

from audio_reasoner.evaluation.mmau import Benchmark, Item, score
from audio_reasoner.evaluation.predictions import Predictions

TARGET_S = 5.0
ITEMS = 1_000
SOUNDS = ("dog", "cat", "bird", "bell", "siren", "alarm", "phone", "horn", "engine", "rain", "thunder", "knock", "clap")


def make_items(n: int, seed: int) -> list[Item]:
    """`n` four-choice items: half name one sound, half an order of three."""
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
        items.append(Item(str(i), "", "?", choices, choices[gold], "sound", "easy", ("order", "sound")[i % 2], gold))
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


def measure(items: list[Item], forms: list[Callable[[Item], str]], files: int) -> tuple[float, float, float, float]:
    """(wall seconds, CPU seconds, share of options found right, share unparsed) of `files` prediction files."""
    benchmark = Benchmark(Path("made"), "", "", items, [])
    # Built before the clock starts; file f gives item i the form number f + i.
    predictions = [
        Predictions({item.id: forms[(f + i) % len(forms)](item) for i, item in enumerate(items)}) for f in range(files)
    ]
    right = unparsed = 0
    wall, cpu = time.perf_counter(), time.process_time()
    for one in predictions:
        overall = score(benchmark, one).overall
        right += overall.option
        unparsed += overall.unparsed
    n = len(items) * files
    return time.perf_counter() - wall, time.process_time() - cpu, right / n, unparsed / n


def show(name: str, rows: int, wall: float, cpu: float, right: float, unparsed: float) -> None:
    """One line of the table."""
    share = f"{100 * right:>10.2f}{100 * unparsed:>12.2f}"
    print(f"{name:<20}{rows:>10,}{wall:>10.2f}{cpu:>10.2f}{1e6 * cpu / rows:>9.1f}{share}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--files", type=int, default=100)
    files = parser.parse_args().files
    items = make_items(ITEMS, 0)
    measure(items, [chain], 1)  # warm up
    print(f"{'form':<20}{'rows':>10}{'wall s':>10}{'cpu s':>10}{'us/row':>9}{'option %':>10}{'unparsed %':>12}")
    few = max(1, files // 10)
    for name, form in FORMS.items():
        show(name, ITEMS * few, *measure(items, [form], few))
    rows = ITEMS * files
    wall, cpu, right, unparsed = measure(items, list(FORMS.values()), files)
    show("mixed", rows, wall, cpu, right, unparsed)
    target = TARGET_S * rows / 100_000
    print(
        f"score_speed rows={rows} wall_seconds={wall:.2f} cpu_seconds={cpu:.2f} rows_per_cpu_second={rows / cpu:.0f} "
        f"target_seconds={target:.2f} met={'yes' if cpu <= target else 'no'}"
    )


if __name__ == "__main__":
    main()
