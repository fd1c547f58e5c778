"""Made questions with options and replies of every shape, for holding scorers against the official scripts.

Not a program: `parity_mmau.py`, `parity_mmar.py` and `parity_air_foundation.py` take their cases from here, run the
user's own copy of the official script on them and write its verdicts, which the tests compare with ours row by row.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

PARITY = Path(__file__).resolve().parents[1] / "tests/evaluation/parity"

WORDS = (
    "dog",
    "Dog",
    "DOG",
    "a dog",
    "the dog",
    "bell",
    "Bell.",
    "church bell",
    "bell tower",
    "a",
    "A",
    "b",
    "C",
    "D",
    "A:maj7",
    "C major",
    "F#",
    "G# minor",
    "none",
    "None",
    "not sure",
    "none of the above",
    "ninety",
    "ninety-one",
    "91",
    "2",
    "two",
    "2.5 seconds",
    "don't",
    "Dont",
    "yes",
    "no",
    "true",
    "x_1",
    "x 1",
    "first: anger, second: neutral",
    "first: neutral, second: anger",
    "anger",
    "joy and anger",
    "café",
    "cafe",
    "CAFÉ",
    "狗",
    "狗叫",
    "собака",
    "İstanbul",
    "istanbul",
    "straße",
    "STRASSE",
    "ﬁle",
    "🔔",
    "!!!",
    "...",
    "the answer",
    "it is the bell",
    "both",
    "Blues",
    "Classical",
    "siren (far)",
    "rain, then thunder",
    "thunder, then rain",
    "man\u00a0speaking",
    "woman speaking",
    "line\nbreak",
)
ODD = (
    "",
    " ",
    "\n",
    "None",
    "none",
    "...",
    "?",
    "A",
    "a",
    "B.",
    "(C)",
    "D)",
    "E",
    "I do not know.",
    "A or B",
    "Both",
    "Cat",
    "Dog barks",
    "Answer: A",
    "The answer is B",
    "The answer is B.",
    "the answer is (c).",
    "\n\nA\n",
    "B\n",
    "\tC",
    "Ａ",
    "Α",
    "А.",
    "A" * 300,
    "0",
    "🔔",
    "<b>A</b>",
    "AB",
    "xA.",
    "xA",
    "A ",
    " D . ",
    "Não sei",
    "\u200bA",
    "\ufeffB.",
    "C\r\n",
    "x\nB\n.",
)

Kept = Literal["text", "null", "missing"]


@dataclass(frozen=True)
class Case:
    """A question and one reply; `kept`: the reply is a text, the value null, or no key at all."""

    choices: tuple[str, ...]
    answer: str
    reply: str
    kept: Kept


def cases(n: int, seed: int, most_options: int, lettered: float = 0.0) -> Iterator[Case]:
    """`n` cases; choices are drawn with replacement, so that duplicates occur.

    Args:
        n: how many.
        seed: of everything drawn.
        most_options: two to so many choices.
        lettered: share of replies that are a letter in some form; the others are of every shape.
    """
    rng = random.Random(seed)
    for i in range(n):
        count = rng.randint(2, most_options)
        choices = [rng.choice(WORDS) if rng.random() < 0.8 else _phrase(rng) for _ in range(count)]
        if rng.random() < 0.15:
            choices[rng.randrange(count)] = rng.choice(choices).swapcase()
        gold = rng.randrange(count)
        # Now and then the answer is none of the choices, as a damaged row has it.
        answer = choices[gold] if i % 50 != 23 else _phrase(rng)
        reply = _letter(rng, gold, count) if rng.random() < lettered else _reply(rng, choices, gold)
        kept: Kept = "missing" if i % 40 == 7 else "null" if i % 120 == 11 else "text"
        yield Case(tuple(choices), answer, reply, kept)


def _phrase(rng: random.Random) -> str:
    return rng.choice((" ", ", ", "-", " / ")).join(rng.choices(WORDS, k=rng.randint(1, 4)))


def _letter(rng: random.Random, gold: int, count: int) -> str:
    letter = "ABCDEFGH"[gold if rng.random() < 0.6 else rng.randrange(count + 1)]
    forms = (
        "{}",
        "{}.",
        "{}. because",
        "{}) x",
        "The answer is {}.",
        "So it is ({})",
        "\n{}\n",
        "{}\n.",
        "it is {}\n.",
    )
    return rng.choice(forms).format(letter if rng.random() < 0.9 else letter.lower())


def _reply(rng: random.Random, choices: list[str], gold: int) -> str:
    right = choices[gold]
    other = rng.choice(choices)
    letter = "ABCDEFGH"[gold]
    wrong = rng.choice("ABCDEFGH"[: len(choices)])
    listed = " ".join(f"({x}) {choice}" for x, choice in zip("abcdefgh", choices, strict=False))
    forms = (
        right,
        right,
        right.upper(),
        right.lower() + ".",
        f"  {right}\n",
        other,
        f"{right} {other}",
        f"{other}, not {right}",
        letter,
        f"{letter}.",
        f"({letter.lower()})",
        f"{wrong}",
        f"({letter}) {right}",
        f"{letter}. {right}",
        f"{wrong}) {other}",
        f"The answer is {letter}.",
        f"The answer is {wrong}",
        f"The correct answer is {right}.",
        f"I hear {right}; it cannot be {other}.",
        f"It is not {right}.",
        f"{listed}. So the answer is {letter}.",
        f"**{right}**",
        f'"{right}"',
        f"{right[: len(right) // 2]}",
        right.replace(" ", "_"),
        right.replace(" ", "  "),
        right.replace(" ", "\n"),
        "".join(reversed(right)),
        " ".join(reversed(right.split())),
        f"{right} {_phrase(rng)}",
        _phrase(rng),
        rng.choice(ODD),
        rng.choice(ODD),
        rng.choice(ODD) + rng.choice(ODD),
    )
    return rng.choice(forms)


def script_facts(path: Path, repository: str, commit: str) -> dict[str, str]:
    """What the verdict file says of the script it comes from."""
    return {
        "repository": repository,
        "file": path.name,
        "commit": commit,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }


def write_verdicts(name: str, content: dict[str, Any], out: Path | None) -> None:
    """Write `tests/evaluation/parity/NAME.json.gz`, equal bytes for equal content."""
    path = out or PARITY / f"{name}.json.gz"
    path.parent.mkdir(parents=True, exist_ok=True)
    data = json.dumps(content, ensure_ascii=True, separators=(",", ":"), sort_keys=True).encode()
    path.write_bytes(gzip.compress(data, 9, mtime=0))
    kinds = dict(sorted(Counter(str(row["verdict"]) for row in content["cases"]).items()))
    print(f"parity_{name} cases={len(content['cases'])} verdicts={kinds} bytes={path.stat().st_size} file={path}")
