"""Chapters about answers and judges: could the right option be guessed, who judged, do they agree, what do solvers find?

Decision: every warning (▲) needs both a difference that matters and one that chance does not explain, because in a large
data set everything is significant and in a small one nothing is.
"""

# ruff: noqa: E501 (markup and tables are easier to read unbroken)

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from markupsafe import Markup

from audio_reasoner.core.choices import letter
from audio_reasoner.core.records import Claim
from audio_reasoner.cota import page_facts
from audio_reasoner.cota.page_facts import RowFacts, Shortcuts, Spread
from audio_reasoner.cota.page_judges import Judgements
from audio_reasoner.cota.page_samples import MARKS
from audio_reasoner.report import Bar, Section, bars, card, cards, histogram, share_bar, table, text
from audio_reasoner.report.measures import evenness, kappa

UNEVEN = 0.03
"""A letter's share further than this from an even one is worth a warning, if chance does not explain it."""


def answers_section(rows: RowFacts) -> Section:
    """Where the right options stand, and what could be guessed without listening."""
    parts: list[Markup] = []
    if rows.letters:
        parts.append(_letters(rows.letters))
        parts.append(_deaf(rows.shortcuts))
    if rows.open_questions:
        parts.append(
            Markup(
                '<p class="note">{} samples without options (open questions, descriptions) are not counted here.</p>'
            ).format(text.count(rows.open_questions))
        )
    return Section("answers", "Answers", cards(parts), "Could the right answer be guessed without listening?")


def _letters(letters: Mapping[int, Counter[int]]) -> Markup:
    lines: list[list[str | Markup]] = []
    widest = max(letters)
    for n in sorted(letters):
        counts = [letters[n][i] for i in range(n)]
        p, deviation = evenness(counts)
        whole = sum(counts)
        warned = p < 0.001 and deviation > UNEVEN
        verdict = "too few to tell" if whole < 5 * n else "uneven ▲" if warned else "even"
        cells = [text.share(c, whole) for c in counts] + [""] * (widest - n)
        lines.append(
            [
                str(n),
                text.count(whole),
                text.share(1, n),
                *cells,
                f"{100 * deviation:.1f}",
                "–" if whole < 5 * n else "< 0.001" if p < 0.001 else f"{p:.3f}",
                verdict,
            ]
        )
    header = [
        "Options",
        "Questions",
        "Even share",
        *(f"({letter(i)})" for i in range(widest)),
        "Largest difference, points",
        "p",
        "",
    ]
    return card(
        "Where the right option stands",
        table(
            header,
            lines,
            numeric=tuple(range(len(header) - 1)),
            caption="Letter of the right option, by number of options",
        ),
        "p is the chance of such differences if letters were drawn by lot (Pearson's test). ▲ needs p below 0.001 and a letter more than 3 points off.",
        wide=True,
    )


def _deaf(shortcuts: Mapping[str, Shortcuts]) -> Markup:
    lines: list[list[str | Markup]] = []
    for family, s in sorted(shortcuts.items(), key=lambda kv: (-kv[1].n, kv[0])):
        best = max(s.letter, s.longest, s.shortest, s.majority)
        cells = [text.share(v, s.n) for v in (s.chance, s.letter, s.longest, s.shortest, s.majority)]
        mark = " ▲" if page_facts.is_shortcut(best, s.chance, s.n) else ""
        lines.append([family, text.count(s.n), *cells, Markup("<b>{}</b>{}").format(text.share(best, s.n), mark)])
    if len(shortcuts) > 1:
        every = list(shortcuts.values())
        n, chance = sum(s.n for s in every), sum(s.chance for s in every)
        longest, shortest = sum(s.longest for s in every), sum(s.shortest for s in every)
        mark = " ▲" if page_facts.is_shortcut(max(longest, shortest), chance, n) else ""
        lines.append(
            ["All, by length alone", text.count(n), text.share(chance, n), "", text.share(longest, n), text.share(shortest, n), "",
             Markup("<b>{}</b>{}").format(text.share(max(longest, shortest), n), mark)]
        )  # fmt: skip
    header = [
        "Question type",
        "Questions",
        "By lot",
        "Commonest letter",
        "Longest option",
        "Shortest option",
        "Commonest answer",
        "Best of these",
    ]
    return card(
        "What a deaf model could score",
        table(header, lines, numeric=tuple(range(1, 8)), caption="Share of questions answered right without listening"),
        "▲ marks a shortcut that training may learn instead of listening: ten points and three standard errors above “by lot”. “Commonest answer” is the majority answer of the type."
        + (
            " The last line says whether the length of an option alone gives the answer away."
            if len(shortcuts) > 1
            else ""
        ),
        wide=True,
    )


def judges_section(rows: RowFacts, judged: Judgements, claims: Sequence[Claim], claimed: int) -> Section | None:
    """Who judged what, how far judges agree, what was found, and what the claims of the shown chains are worth."""
    parts: list[Markup] = []
    verdicts = judged.verdicts or rows.verdicts
    if verdicts:
        counted = [
            Bar(
                f"{MARKS[d]} {d.replace('_', ' ')} · {judge}",
                n,
                colour=2 if d == "accepted" else 5 if d == "rejected" else 7,
            )
            for (judge, d), n in sorted(verdicts.items())
        ]
        parts.append(
            card(
                "Verdicts",
                bars(counted, "Verdicts", limit=16),
                "Of all chains that were judged." if judged.verdicts else "Of the samples in the data set.",
            )
        )
    if judged.codes:
        parts.append(_reasons(judged))
    if judged.opinions:
        parts.append(_agreement(judged))
    if claims:
        parts.append(_claims(claims, claimed))
    if rows.findings:
        items = [Bar(k, v, colour=5) for k, v in sorted(rows.findings.items(), key=lambda kv: (-kv[1], kv[0]))]
        parts.append(
            card(
                "Remarks on kept samples",
                bars(items, "Remarks on kept samples", limit=12),
                "Findings of judges that did not reject the sample.",
            )
        )
    if not parts:
        return None
    return Section(
        "judges",
        "Judges",
        cards(parts),
        "Checks come first, a judge sees what they passed, a solver what the judge passed.",
    )


def _reasons(judged: Judgements) -> Markup:
    looked = {"question": "question, before a chain", "check": "checks", "judge": "judge"}
    seen = judged.seen + Counter({"question": judged.seen["check"]})
    lines: list[list[str | Markup]] = [
        [looked.get(step, step), judge, Markup("<code>{}</code>").format(code), text.count(r.count),
         text.share(r.count, seen[step]), text.shorten(r.example, 160), Markup("<code>{}</code>").format(r.unit)]
        for (step, judge, code), r in sorted(judged.codes.items(), key=lambda x: (-x[1].count, x[0]))[:40]
    ]  # fmt: skip
    header = ["Step", "Who", "Code", "Chains", "of those seen", "For example", "Where"]
    return card(
        "Why chains were rejected",
        table(header, lines, numeric=(3, 4), caption="Findings of rejecting judges"),
        "All findings of each rejecting judge; a chain may have several.",
        wide=True,
    )


def _agreement(judged: Judgements) -> Markup:
    lines: list[list[str | Markup]] = []
    for (one, other), cells in sorted(judged.opinions.items()):
        n = cells.total()
        value = kappa(cells)
        same = cells[True, True] + cells[False, False]
        lines.append(
            [one, other, text.count(n), *(text.count(cells[pair]) for pair in ((True, True), (True, False), (False, True), (False, False))),
             text.share(same, n), "–" if value is None else f"{value:.2f}"]
        )  # fmt: skip
    header = [
        "First",
        "Second",
        "Both judged",
        "Both yes",
        "First only",
        "Second only",
        "Both no",
        "Agree",
        "Cohen's kappa",
    ]
    return card(
        "Do the judges agree?",
        table(header, lines, numeric=tuple(range(2, 9)), caption="Judges that saw the same chains"),
        "Kappa is 1 for full agreement and 0 for what chance gives; a dash where both said the same of everything. A later judge sees only what earlier ones passed, so these pairs are no test of the earlier one. The solver says yes where it gave the gold answer in at least half of its trials with audio.",
        wide=True,
    )


def _claims(claims: Sequence[Claim], chains: int) -> Markup:
    kinds = sorted({c.kind for c in claims})
    lines: list[list[str | Markup]] = []
    for kind in (*kinds, None):
        counts = Counter(c.status for c in claims if kind is None or c.kind == kind)
        n = counts.total()
        lines.append(
            [kind or "All", text.count(n), *(f"{text.count(counts[s])} · {text.share(counts[s], n)}" for s in ("supported", "contradicted", "undecidable")),
             text.shorten(next((c.detail for c in claims if c.status == "contradicted" and (kind is None or c.kind == kind)), ""), 100)]
        )  # fmt: skip
    header = ["Claims about", "All", "✓ supported", "✗ contradicted", "? undecidable", "Contradicted, for example"]
    return card(
        "Claims of the chains, held against timeline and evidence",
        table(header, lines, numeric=(1, 2, 3, 4), caption="Claims by kind"),
        f"Read from the {text.count(chains)} chains shown below, refused ones included; in their texts each claim is underlined.",
        wide=True,
    )


def solver_section(judged: Judgements, rows: RowFacts) -> Section | None:
    """What a solver found: difficulty, doubtful gold answers, dependence on the sound."""
    from_ledger = bool(judged.solvers)
    accuracy = judged.accuracy if from_ledger else rows.accuracy
    blind = judged.blind if from_ledger else rows.blind
    dependence = judged.dependence if from_ledger else rows.dependence
    noise = judged.noise if from_ledger else rows.noise
    if not (accuracy.n or blind.n or dependence.n or noise):
        return None
    parts = []
    if judged.difficulty:
        levels = {1: "1 easy", 2: "2 medium", 3: "3 hard"}
        found = [(levels[d], judged.difficulty[d]) for d in sorted(judged.difficulty)]
        parts.append(card("Difficulty, as the solver found it", share_bar(found, "Difficulty found")))
    if noise:
        doubt = [("gold answer in doubt", noise[True]), ("not in doubt", noise[False])]
        parts.append(
            card(
                "Label noise",
                share_bar(doubt, "Label noise"),
                "In doubt: hearing the clip, the solver settles on another option.",
            )
        )
    for title, spread, colour, note in (
        ("Right answers with audio", accuracy, 2, "Share of trials."),
        (
            "Right answers without audio",
            blind,
            5,
            "The better of question alone and silence. High shares mean that the question gives its answer away.",
        ),
    ):
        if spread.n:
            parts.append(
                card(title, _shares(spread, title, colour), f"{note} Mean {spread.mean:.0%} of {text.count(spread.n)}.")
            )
    if dependence.n:
        counts, edges = [0] * 8, [-1 + 0.25 * i for i in range(9)]
        for value, n in dependence.values.items():
            counts[min(int((value + 1) / 0.25 + 1e-9), 7)] += n
        parts.append(
            card(
                "Audio dependence",
                histogram(counts, edges, "Audio dependence", x_label="0: not at all, 1: fully", colour=4),
                f"How much hearing the clip helps beyond guessing; below 0 it misleads. Mean {dependence.mean:.2f} of {text.count(dependence.n)}.",
            )
        )
    by = ", ".join(sorted(judged.solvers)) if from_ledger else ""
    return Section(
        "solver",
        "Solver",
        cards(parts),
        f"Somebody else answered the questions without knowing the gold answer{': ' + by if by else ''}.",
    )


def _shares(spread: Spread, title: str, colour: int) -> Markup:
    number = 5
    return histogram(
        spread.bins(1 / number, number),
        [100 * i / number for i in range(number + 1)],
        title,
        x_label="% of trials",
        colour=colour,
    )
