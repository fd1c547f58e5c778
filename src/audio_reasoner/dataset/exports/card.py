"""The data-set card (README.md) of a Hugging Face export: what is in it, under which licence, how it was made.

Decision: every figure is counted from the rows that were exported, so the card cannot disagree with the data; what is
not known (a missing licence) is said, not left out.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict

from audio_reasoner.core.chain import SECTIONS
from audio_reasoner.dataset.rows import Row

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
# Names that Hugging Face knows; anything else is "other" there and stays by its own name in the table.
_LICENCES = {
    "cc0-1.0", "cc0", "cc-by-3.0", "cc-by-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0", "cc-by-nc-4.0", "mit", "apache-2.0",
    "gpl-2.0", "gpl-3.0", "bsd-3-clause", "odc-by",
}  # fmt: skip


_SOLVED = {
    "solver_accuracy": "right answers of the solver hearing the clip",
    "blind_accuracy": "right answers without hearing it",
    "audio_dependence": "audio dependence",
    "label_noise": "items where the solver doubts the gold answer",
}


class _Mean:
    """Mean of the figures that are known."""

    def __init__(self) -> None:
        self.n = 0
        self.total = 0.0

    def add(self, value: float) -> None:
        self.n += 1
        self.total += value


class Composition:
    """Counts over exported rows."""

    def __init__(self) -> None:
        self.rows = 0
        self.clips: set[str] = set()
        self.seconds = 0.0
        self.by: dict[str, Counter[str]] = defaultdict(Counter)
        self.words: Counter[str] = Counter()
        self.languages: set[str] = set()
        self.dialogues = 0
        self.solved: dict[str, _Mean] = {name: _Mean() for name in _SOLVED}

    def add(self, row: Row, split: str) -> None:
        self.rows += 1
        if row.clip_id not in self.clips:
            self.clips.add(row.clip_id)
            self.seconds += row.duration_s
        self.by["split"][split] += 1
        self.by["task"][row.task] += 1
        self.by["question type"][row.family] += 1
        self.by["difficulty"][str(row.difficulty)] += 1
        self.by["options"][str(len(row.options)) if row.options else "open question"] += 1
        if row.gold_index is not None:
            self.by["right option"][f"({chr(97 + row.gold_index)})"] += 1
        self.by["source"][row.source] += 1
        self.by["licence"][row.licence or "not stated"] += 1
        self.by["teacher"][f"{row.teacher} ({row.model})"] += 1
        self.by["checks"][row.checks_version] += 1
        for domain in row.domains:
            self.by["domain"][domain] += 1
        for verdict in row.verdicts:
            self.by["verdict"][f"{verdict.judge}: {verdict.decision}"] += 1
        for section in SECTIONS:
            self.words[section] += len(getattr(row, section).split())
        if row.language:
            self.languages.add(row.language)
        if row.history:
            self.dialogues += 1
        self.by["turns"][str(1 + len(row.history))] += 1
        for name in _SOLVED:
            value = getattr(row, name)
            if value is not None:
                self.solved[name].add(float(value))


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _table(title: str, counts: Counter[str], total: int) -> str:
    lines = [f"| {title} | rows | share |", "|---|---:|---:|"]
    for name, n in sorted(counts.items(), key=lambda x: (-x[1], x[0])):
        lines.append(f"| {_cell(name)} | {n:,} | {n / total:.1%} |")
    return "\n".join(lines)


def _header(c: Composition, places: dict[str, dict[str, str]]) -> str:
    licences = {x.lower() for x in c.by["licence"]}
    only = licences.pop() if len(licences) == 1 else "other"
    known = only in _LICENCES
    lines = ["---", f"license: {'cc0-1.0' if only == 'cc0' else only if known else 'other'}"]
    if not known:
        lines += ["license_name: per-row", "license_link: README.md"]
    languages = sorted(x for x in c.languages if re.fullmatch(r"[a-z]{2,3}(-[A-Za-z0-9]+)*", x))
    if languages:
        lines += ["language:", *(f"- {x}" for x in languages)]
    size = next((name for limit, name in _SIZES if c.rows < limit), "1M<n<10M")
    lines += ["task_categories:", "- audio-text-to-text", "size_categories:", f"- {size}"]
    lines += ["tags:", "- audio", "- reasoning", "- chain-of-thought", "- audio-reasoner"]
    lines.append("configs:")
    for config, splits in places.items():
        lines += [f"- config_name: {config}", "  data_files:"]
        for split, path in splits.items():
            lines += [f"  - split: {split}", f"    path: {path}"]
    return "\n".join([*lines, "---"])


def _solved(c: Composition) -> str:
    """The table of what a solver found; empty if none was asked."""
    lines = [
        f"| {title} | {c.solved[name].n:,} | {c.solved[name].total / c.solved[name].n:.1%} |"
        for name, title in _SOLVED.items()
        if c.solved[name].n
    ]
    if not lines:
        return ""
    table = "\n".join(["| what a solver found | rows asked | mean |", "|---|---:|---:|", *lines])
    return (
        f"{table}\n\nThe solver does not know the gold answer. Its figures stand in the columns of the same rows.\n\n"
    )


def render_card(
    c: Composition, places: dict[str, dict[str, str]], audio_note: str, omissions: str, *, all_columns: bool = True
) -> str:
    """README.md: YAML header for the hub, then the tables.

    Args:
        c: what was exported.
        places: configuration → split as the hub calls it → glob of its files.
        audio_note: where the sound is.
        omissions: what was left out, in words; may be empty.
        all_columns: whether the rows have more columns than `audio`, `user` and `assistant`.
    """
    first, splits = next(iter(places.items()))
    chosen = f'"{first}", split="{next(iter(splits))}"' if len(places) > 1 else f'split="{next(iter(splits))}"'
    columns = (
        "whole tagged chain. The other columns hold the parts (question, options, gold_text, planning, …), the source\n"
        "and licence of each clip, and who judged the sample; the audio-reasoner documentation describes them under\n"
        '"Data format".\n'
        if all_columns
        else "whole tagged chain.\n"
    )
    licences = (
        'The licence of each clip stands in its row (`licence`); the table above counts them. "not stated" means that\n'
        "the labels named none: find out before you publish."
        if all_columns
        else 'The table above counts the licences of the clips. "not stated" means that the labels named none: find\n'
        "out before you publish."
    )
    groups = "Rows of one `group`" if all_columns else "Rows of one recording, speaker or dialogue"
    judged = ", ".join(f"{name} {n:,}" for name, n in sorted(c.by["verdict"].items())) or "none"
    words = " · ".join(f"{s} {c.words[s] / c.rows:.0f}" for s in SECTIONS)
    length = f"{c.seconds / 3600:.1f} hours" if c.seconds > 7200 else f"{c.seconds / 60:.1f} minutes"
    held = f"\n\n{omissions.strip()}" if omissions else ""
    dialogues = (
        "\nRows with a `history` are the last turn of a dialogue about their clip: `history` is a JSON list of the\n"
        "earlier turns (question, options, response) in their order, without their THINK parts; put them before\n"
        "`user` and learn the last answer only.\n"
        if c.dialogues
        else ""
    )
    tables = "\n\n".join(
        _table(name, c.by[name], c.rows)
        for name in (
            "split",
            "task",
            "question type",
            "domain",
            "difficulty",
            "options",
            "right option",
            *(["turns"] if c.dialogues else []),
            "source",
            "licence",
        )
        if c.by[name]
    )
    return f"""{_header(c, places)}

# Structured audio reasoning samples

{c.rows:,} questions about {len(c.clips):,} audio clips ({length}), each answered with a structured
chain: planning, caption, reasoning, summary, response.{held}

## Loading

```python
from datasets import Audio, load_dataset

data = load_dataset("PATH_OR_NAME", {chosen})
data = data.cast_column("audio", Audio(decode=False))
row = data[0]
row["audio"]["bytes"], row["user"], row["assistant"]
```

{audio_note}

`user` begins with the literal `<audio>`, then the question and its options, one per line as `(a) …`. `assistant` is the
{columns}{dialogues}
## Composition

{tables}

{_solved(c)}Words per section (mean): {words}.

## How it was built

| teacher | rows |
|---|---:|
{chr(10).join(f"| {_cell(t)} | {n:,} |" for t, n in sorted(c.by["teacher"].items()))}

Built with audio-reasoner: the teacher writes a caption and questions for each clip, then a chain for each question;
checks ({", ".join(sorted(c.by["checks"]))}) accept or reject it. Verdicts: {judged}.

## Licence

{licences} The texts carry no licence of their own beyond that of their source.

## Known limits

- Texts of the `grounded` teacher are made from labels, timelines and measurements by fixed rules: true as far as those
  are, but narrower in wording than human text.
- A label that is wrong in the source is wrong here: checks compare texts with labels and measurements, not with ears.
- The labels of a recording count as complete: "no" to a presence question, and the wrong options, rest on that.
- {groups}, and rows that hear the same sound, are never divided between splits.
"""
