"""docs/published-versus-recomputable.md, whole: `python -m audio_reasoner.evaluation.published_page` prints it.

Decision: the page is made by the code it speaks of, so no figure in it can be mistyped or grow old.
"""

# ruff: noqa: E501 (sentences and tables are easier to read unbroken)

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from audio_reasoner.evaluation.published import (
    MMAU_SIZES,
    OURS,
    averages,
    cota,
    elsewhere,
    foundation_leaderboard,
    gains,
    mmau_fractions,
    nearest_counts,
    paper,
    possible_counts,
    published_table,
    published_tables,
    remarks,
)


def _two(value: Fraction | float) -> str:
    return f"{float(value):.2f}"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [
        "| " + " | ".join(header) + " |",
        "|" + "---|" * len(header),
        *("| " + " | ".join(r) + " |" for r in rows),
        "",
    ]


def to_markdown() -> str:
    """docs/published-versus-recomputable.md, whole; `python -m audio_reasoner.evaluation.published` prints it."""
    lines = [
        "# Published versus recomputable",
        "",
        f"Arithmetic on the figures that {paper()} prints. Every number below is computed by",
        "`audio_reasoner.evaluation.published` from `published.yaml`, which repeats the tables digit by digit; a test keeps",
        "this page equal to what the code says. `eval compare` marks published rows with the same remarks.",
        "",
        "## Averages",
        "",
        "A printed average counts as recomputed if the columns of its row give it within one unit of its last digit.",
        "",
    ]
    rows = []
    for table in published_tables():
        for a in averages(table):
            ways = "; ".join(f"{name} {_two(value)}" for name, value in a.ways)
            rows.append([str(table.number), a.model, a.column, a.printed, ways, a.agrees or "**not recomputable**"])
    lines += _table(["table", "model", "column", "printed", "recomputed", "it is the"], rows)
    lines += [
        "## Table 4 in counts of right answers",
        "",
        "An accuracy over n questions is a count divided by n. The official file has 333 sound, 334 music and 333 speech",
        "questions. A cell names the count that gives the printed figure, “(cut)” where digits were cut off instead of",
        "rounded, and **none** with the two nearest possible percentages where no count gives it. “all” is the percentage",
        "of all 1,000 that the three counts would make.",
        "",
    ]
    rows = []
    for f in mmau_fractions():
        cells = []
        for printed, column, counts in zip(f.printed, MMAU_SIZES, f.counts, strict=True):
            n = MMAU_SIZES[column]
            if counts:
                cells.append(
                    f"{printed} = " + ", ".join(f"{k}/{n}" + (" (cut)" if how == "cut" else "") for k, how in counts)
                )
            else:
                low, high = nearest_counts(printed, n)
                cells.append(f"{printed}: **none** ({_two(low)}, {_two(high)})")
        rows.append([f.model, *cells, _two(f.micro) if f.micro is not None else "–"])
    lines += _table(["model", *MMAU_SIZES, "all"], rows)
    fifteen = possible_counts("61.71", 1500)
    lines += [
        "The paper's introduction speaks of 1,500 questions. "
        + ("No count of 1,500 gives 61.71 either." if not fifteen else f"61.71 would be {fifteen[0][0]} of 1,500."),
        "",
        "## Gains",
        "",
        "A gain is compared with the ratio of the two table entries (in per cent of the other model) and with their difference.",
        "",
    ]
    lines += _table(
        ["where", "claim", "printed", "from", "ratio", "points", "the printed figure is"],
        [
            [g.where, g.claim, f"+{g.printed} %", f"{_two(g.better)} over {_two(g.than)} ({g.than_model}, Table {g.table})",
             f"+{_two(g.relative)} %", f"+{_two(g.points)}", g.how]
            for g in gains()
        ],
    )  # fmt: skip
    chat = published_table(5)
    own = next(a for a in averages(chat) if a.model == OURS)
    base = chat.value("Qwen2-Audio-Instruct", "Average")
    assert base is not None
    recomputed = dict(own.ways)["mean of the columns"]
    lines += [
        f"With the mean of its own columns ({_two(recomputed)}) the gain on AIR-Bench chat is +{_two(100 * (recomputed / base - 1))} %.",
        "",
        "## Remarks table by table",
        "",
    ]
    for table in published_tables():
        lines += [f"- Table {table.number}, {table.title}: {remark}" for remark in remarks(table)]
    sizes, claimed = cota()
    total = sum((n for n, _ in sizes.values()), Fraction(0))
    lines += [
        "",
        "## The data set",
        "",
        f"The text says {float(claimed) / 1000:g} million samples; Table 2 sums to {float(total):g} thousand. Its printed shares are of that sum:",
        "",
    ]
    lines += _table(
        ["source", "thousand", "printed share", "of the sum", "of 1.2 million"],
        [
            [k, f"{float(n):g}", f"{_two(s)} %", f"{_two(100 * n / total)} %", f"{_two(100 * n / claimed)} %"]
            for k, (n, s) in sizes.items()
        ],
    )
    lines += [
        "## AIR-Bench foundation: which average",
        "",
        "The benchmark's leaderboard prints an “Average” that no script of it computes. It is the mean of the three domain means:",
        "",
    ]
    lines += _table(
        ["model", "printed", "mean of 19 tasks", "mean of 3 domains", "it is the"],
        [
            [x["model"], x["printed"], x["mean_of_tasks"], x["mean_of_domains"],
             "mean of domains" if abs(Fraction(x["printed"]) - Fraction(x["mean_of_domains"])) <= Fraction(6, 100) else "neither"]
            for x in foundation_leaderboard()
        ],
    )  # fmt: skip
    lines += ["## The same benchmarks, printed elsewhere", ""]
    lines += _table(
        ["benchmark", "model", "value", "kind", "source", "remark"],
        [[e.benchmark, e.model, e.value, e.kind, e.source, e.remark] for e in elsewhere()],
    )
    lines += [
        "## What cannot be recomputed at all",
        "",
        "- which file behind “MMAU test-mini” the paper used, its prompt, and how an option was read from a reply;",
        "- which judge scored AIR-Bench chat, in which order of the two answers, and on how many rows;",
        "- the tool, the tokenizer and the subset behind the BLEU columns of Table 7;",
        "- the number of MELD's test utterances that were scored, and what became of replies without a label.",
        "",
        "For runs of this package all of these stand in `run.json`, `score.json` and `rows.jsonl`.",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(to_markdown(), end="")
