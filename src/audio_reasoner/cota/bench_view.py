"""The bench's result for people: a table on the terminal and a page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audio_reasoner.cota.bench import Bench, Score

if TYPE_CHECKING:
    from rich.console import Console


def _share(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f}"


def _rows(bench: Bench) -> list[tuple[str, ...]]:
    out = []
    for kind, score in bench.scores["checks"].items():
        row = [kind, str(score.planted.total()), _share(score.recall("seen")), _share(score.recall("held_out"))]
        row += [_share(score.recall()), _share(bench.precision("checks", kind)), _share(score.alarm_rate())]
        row.append(_share(bench.scores["claims"][kind].recall()))
        if bench.judge is not None:
            judged = bench.scores[bench.judge][kind]
            row += [_share(judged.recall()), _share(bench.precision(bench.judge, kind))]
        out.append(tuple(row))
    return out


def _header(bench: Bench) -> list[str]:
    head = ["defect", "planted", "seen", "held out", "recall", "precision", "alarms", "claims"]
    return head + ([f"{bench.judge}", "precision"] if bench.judge is not None else [])


def _false(score: Score) -> str:
    return f"{score.alarms.total()} of {score.controls.total()}"


def mean_recall(bench: Bench, judge: str, half: str | None = None) -> float | None:
    """Mean over the kinds that have such defects."""
    found = [r for s in bench.scores[judge].values() if (r := s.recall(half)) is not None]
    return sum(found) / len(found) if found else None


def print_bench(bench: Bench, console: Console) -> None:
    """The table and what to keep in mind."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for i, name in enumerate(_header(bench)):
        table.add_column(name, justify="left" if i == 0 else "right", no_wrap=i == 0)
    for row in _rows(bench):
        table.add_row(*row)
    console.print(table)
    console.print("Per cent. alarms: the same sentences with true values that were rejected.")
    for judge in bench.clean:
        console.print(
            f"{judge}: false alarms {_false(bench.clean[judge])} sound samples, "
            f"{_false(bench.traps[judge])} sentences that only look false."
        )
    console.print(
        f"Mean recall of the checks: {_share(mean_recall(bench, 'checks'))} % "
        f"(seen sentences {_share(mean_recall(bench, 'checks', 'seen'))} %, "
        f"held out {_share(mean_recall(bench, 'checks', 'held_out'))} %); {bench.cost_ms:.2f} ms per sample."
    )
    for note in bench.notes:
        console.print(note)


def bench_page(bench: Bench) -> str:
    """The self-contained page."""
    from markupsafe import Markup

    from audio_reasoner.report import Bar, Section, bars, card, cards, page, table, tile, tiles

    checks = bench.scores["checks"]
    top = tiles(
        [
            tile("kinds of defects", str(len(checks))),
            tile("planted", f"{sum(s.planted.total() for s in checks.values()):,}"),
            tile("found", f"{_share(mean_recall(bench, 'checks'))} %", "mean over kinds"),
            tile(
                "held out", f"{_share(mean_recall(bench, 'checks', 'held_out'))} %", "sentences no rule was made with"
            ),
            tile("false alarms", _false(bench.clean["checks"]), "sound samples"),
            tile("traps", _false(bench.traps["checks"]), "look false, are not"),
        ]
    )
    ordered = sorted(checks, key=lambda k: checks[k].recall() or 0.0)
    missed = [
        Bar(k, round(100 * (1 - (checks[k].recall() or 0.0)), 1)) for k in ordered if (checks[k].recall() or 0.0) < 1.0
    ]
    charts: list[Any] = (
        [card("Missed, per cent of the planted", bars(missed, "Missed", limit=40), wide=True)] if missed else []
    )
    examples = [(k, "missed", x) for k in ordered for x in checks[k].missed[:4]]
    examples += [(k, "false alarm", x) for k in ordered for x in checks[k].cried[:4]]
    examples += [("trap", "false alarm", x) for x in bench.traps["checks"].cried]
    numeric = tuple(range(1, len(_header(bench))))
    sections = [
        Section(
            "kinds",
            "What is found",
            table(_header(bench), _rows(bench), numeric=numeric, caption="Recall and precision by kind of defect"),
            "Seen and held out are the two halves of the sentences that were planted: rules were mended with the first "
            "and only counted on the second. False alarms are the same sentences filled with true values.",
        ),
        Section("missed", "What is missed", cards(charts) if charts else Markup("<p>Nothing.</p>")),
    ]
    if examples:
        sections.append(
            Section(
                "examples",
                "Examples",
                table(("defect", "what", "text"), examples),
                "Misses and false alarms of the seen half; those of the held-out half are not shown to anybody.",
            )
        )
    if bench.notes:
        sections.append(Section("notes", "Notes", Markup("<br>").join(bench.notes)))
    return page(
        "How good is the Discriminator?",
        f"{bench.n} defects of each kind planted in sound samples, seed {bench.seed}.",
        sections,
        top=top,
    )
