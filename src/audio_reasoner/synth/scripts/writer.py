"""The embedded writer: scripts out of scenarios and frames, without a language model.

Decision: script number `index` of a seed depends on nothing else, so that writing more keeps the old ones and workers
need not talk to each other. Scenario and number of speakers are dealt like cards (every combination once before any
comes again); who changes their mind is drawn before anything is written, evenly among all who speak, so that neither
the place in the dialogue nor the number of a voice tells the answer. Its course is planned in `script_plan`.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from audio_reasoner.core.errors import ConfigError
from audio_reasoner.core.ids import derive_seed
from audio_reasoner.synth.scripts.phrases import Phrases
from audio_reasoner.synth.scripts.plan import Course, draw_course, write_talk
from audio_reasoner.synth.scripts.scenarios import Pools, Scenario
from audio_reasoner.synth.scripts.script import MAX_SPEAKERS, MIN_SPEAKERS, Script, check_language, words_of
from audio_reasoner.synth.scripts.talk import Talk

TRIES = 40
"""Scripts of one course drawn for a number until one is short enough; then as many of other courses."""
WRITER = "embedded/1"
"""Raised whenever a script of the same seed and index would read differently."""


def languages() -> tuple[str, ...]:
    """Languages the embedded writer writes."""
    return ("en", "es")


def _language(language: str) -> tuple[Phrases, Pools, tuple[Scenario, ...], tuple[str, ...]]:
    check_language(language)
    short = language.split("-")[0].lower()
    if short == "en":
        from audio_reasoner.synth.scripts import scenarios_en as en
        from audio_reasoner.synth.scripts.phrases_en import ENGLISH

        return ENGLISH, en.POOLS, en.SCENARIOS, (*en.WOMEN, *en.MEN, *en.EITHER)
    if short == "es":
        from audio_reasoner.synth.scripts import scenarios_es as es
        from audio_reasoner.synth.scripts.phrases_es import SPANISH

        return SPANISH, es.POOLS, es.SCENARIOS, (*es.WOMEN, *es.MEN)
    raise ConfigError(
        f"The embedded writer does not write {language!r}.",
        code="script.language",
        hint=f"It writes {', '.join(languages())}. A language model or your own file of scripts can do others.",
    )


def scenario_names(language: str = "en") -> tuple[str, ...]:
    """Short names of the scenarios, as `scenarios=` takes them.

    Raises:
        ConfigError: script.language.
    """
    return tuple(s.name for s in _language(language)[2])


def scenario_about(language: str = "en") -> dict[str, str]:
    """What each scenario is about, by its short name.

    Raises:
        ConfigError: script.language.
    """
    return {s.name: s.about for s in _language(language)[2]}


def distinct_names(language: str, n: int, rng: random.Random) -> list[str]:
    """`n` names of a language that begin with different letters, so that ears do not mix them up.

    Raises:
        ConfigError: script.language.
    """
    return _distinct(_language(language)[3], n, rng)


def voice_of_name(name: str) -> str | None:
    """ "f" or "m" for a name of ours that usually goes with such a voice, None for every other name."""
    from audio_reasoner.synth.scripts import scenarios_en as en
    from audio_reasoner.synth.scripts import scenarios_es as es

    return "f" if name in (*en.WOMEN, *es.WOMEN) else "m" if name in (*en.MEN, *es.MEN) else None


def write_script(
    seed: int,
    index: int,
    *,
    language: str = "en",
    scenarios: Sequence[str] = (),
    speakers: Sequence[int] = (),
    seconds: Callable[[Script], float] | None = None,
    max_seconds: float = 0.0,
) -> Script:
    """Script number `index` of a seed.

    Args:
        seed: which sequence of scripts.
        index: which script of it, from 0.
        language: BCP-47 tag; only its first part counts.
        scenarios: short names to choose from; empty for all.
        speakers: numbers of speakers to choose from; empty for 2 to 5.
        seconds: how long a script will take; None: it may take any time.
        max_seconds: what it is to stay within. What is longer is written again, as far as possible with the same
            course; where nothing is short enough the shortest is taken, and whoever speaks it has to
            refuse it.

    Raises:
        ConfigError: script.language, script.scenario, script.speakers.
    """
    phrases, pools, known, names = _language(language)
    chosen = _chosen(known, scenarios)
    counts = tuple(sorted(set(speakers))) or tuple(range(MIN_SPEAKERS, MAX_SPEAKERS + 1))
    if index < 0 or not all(MIN_SPEAKERS <= n <= MAX_SPEAKERS for n in counts):
        raise ConfigError(
            f"{MIN_SPEAKERS} to {MAX_SPEAKERS} people can speak, not {', '.join(map(str, counts))}.",
            code="script.speakers",
        )
    cells = [(s, n) for s in chosen for n in counts]
    deal, place = divmod(index, len(cells))
    random.Random(derive_seed(seed, "script deal", deal)).shuffle(cells)
    scenario, n = cells[place]

    def write(course: Course | None, *again: int) -> tuple[Script, Course]:
        rng = random.Random(derive_seed(seed, "script", index, scenario.name, n, *again))
        talk = Talk(scenario, phrases, pools, n, _distinct(names, n, rng), rng)
        course = course or draw_course(talk)
        write_talk(talk, course)
        return talk.script(language, WRITER), course

    best, course = write(None)
    if seconds is not None:
        shortest, tries = seconds(best), 0
        while shortest > max_seconds and tries < 2 * TRIES:
            tries += 1
            other, _ = write(course if tries <= TRIES else None, tries)
            if (takes := seconds(other)) < shortest:
                best, shortest = other, takes
    return best


def write_embedded(
    n: int,
    seed: int,
    *,
    start: int = 0,
    language: str = "en",
    scenarios: Sequence[str] = (),
    speakers: Sequence[int] = (),
    seconds: Callable[[Script], float] | None = None,
    max_seconds: float = 0.0,
) -> Iterator[Script]:
    """Scripts `start` to `start + n - 1` of a seed, lazily; arguments as for `write_script`.

    Raises:
        ConfigError: as `write_script`, before the first script.
    """
    how: dict[str, Any] = {"language": language, "scenarios": scenarios, "speakers": speakers}
    if n:
        write_script(seed, start, **how)
    return (write_script(seed, i, **how, seconds=seconds, max_seconds=max_seconds) for i in range(start, start + n))


def _chosen(known: tuple[Scenario, ...], names: Sequence[str]) -> list[Scenario]:
    by_name = {s.name: s for s in known}
    if unknown := [n for n in names if n not in by_name]:
        raise ConfigError(
            f"There is no scenario {unknown[0]!r}.", code="script.scenario", hint=f"Known: {', '.join(by_name)}."
        )
    return [by_name[n] for n in dict.fromkeys(names)] or list(known)


def _distinct(names: tuple[str, ...], n: int, rng: random.Random) -> list[str]:
    found: list[str] = []
    for name in rng.sample(names, len(names)):
        if name[0] not in {f[0] for f in found}:
            found.append(name)
        if len(found) == n:
            break
    return found


# --- what a set of scripts consists of ---


def composition(scripts: Iterable[Script]) -> dict[str, Counter[str]]:
    """Distributions of a set of scripts: table name to value to number of scripts (of lines, for "words in a line",
    "prosody" and "lines of speaker"; of facts, for "facts" and "who changes their mind")."""
    tables: dict[str, Counter[str]] = {
        name: Counter()
        for name in (
            "scenario", "language", "speakers", "lines", "words", "words in a line", "names said", "facts", "end",
            "who changes their mind", "line of the change", "lines of speaker", "prosody",
        )
    }  # fmt: skip
    for s in scripts:
        words = [len(words_of(line.text)) for line in s.lines]
        tables["scenario"][s.scenario] += 1
        tables["language"][s.language] += 1
        tables["speakers"][str(s.speakers)] += 1
        tables["lines"][str(len(s.lines))] += 1
        tables["words"][f"{sum(words) // 20 * 20}–{sum(words) // 20 * 20 + 19}"] += 1
        tables["words in a line"].update(map(str, words))
        tables["names said"][str(sum(n is not None for n in s.names))] += 1
        tables["facts"].update(f.kind for f in s.facts)
        changed, agreed = s.of_kind("changed_mind"), s.of_kind("agreed")
        tables["end"][("somebody changes" if changed else "nobody changes") + (", agreed" if agreed else ", open")] += 1
        tables["who changes their mind"].update(f"{f.subject} of {s.speakers}" for f in changed)
        # In quarters of the dialogue, because dialogues differ in length.
        tables["line of the change"].update(f"quarter {4 * f.events[-1] // len(s.lines) + 1}" for f in changed)
        tables["lines of speaker"].update(f"s{line.speaker} of {s.speakers}" for line in s.lines)
        tables["prosody"].update(line.prosody for line in s.lines)
    return tables


def composition_text(tables: dict[str, Counter[str]]) -> str:
    """The tables of `composition` as plain text, one value a line with its share."""
    out = []
    for name, counts in tables.items():
        total = sum(counts.values())
        out.append(f"{name} ({total})")
        # Numbers in their order, words by how common they are.
        numeric = all(k.isdigit() for k in counts)
        rows = sorted(counts.items(), key=lambda kv: (int(kv[0]) if numeric else 0, -kv[1], kv[0]))
        if any(" of " in k or "quarter" in k or "–" in k for k in counts):
            rows = sorted(counts.items(), key=lambda kv: (len(kv[0].split("–")[0]), kv[0].split()[-1], kv[0]))
        out += [f"  {key:<32} {k:>7}  {k / total:6.1%}" for key, k in rows]
    return "\n".join(out)
