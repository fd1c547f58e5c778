"""The data report: `run/report.html`, one file that shows what a run holds, what it lost and why, and lets one listen.

Decision: the order follows the questions of somebody about to train on the data: how much is there, what was lost, what is it
made of, could a model answer without listening, and then sample after sample with its sound. Where the paper shows a figure or
table of CoTA, ours has the same form, so that the two can be laid side by side (Figure 4, Figure 6, Table 2).
"""

# ruff: noqa: E501 (markup is easier to read unbroken)

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from markupsafe import Markup

from audio_reasoner.clients.ledger import LedgerReader
from audio_reasoner.core.chain import Chain
from audio_reasoner.core.errors import AudioReasonerError
from audio_reasoner.core.records import Claim, Clip, Evidence
from audio_reasoner.core.run import RunDir
from audio_reasoner.cota import page_answers, page_costs, page_published, page_samples
from audio_reasoner.cota.page_clips import ClipFacts, count_clips
from audio_reasoner.cota.page_costs import Costs
from audio_reasoner.cota.page_facts import RowFacts, Selection, Spread, choose, count_rows
from audio_reasoner.cota.page_language import DRAWN, Skeletons, skeletons_card
from audio_reasoner.cota.page_losses import Losses, evidence_of, loss_table, read_losses, segments_in
from audio_reasoner.cota.page_refused import Shown, refused_of, shown_of
from audio_reasoner.dataset import count_clips as clips_stored
from audio_reasoner.report import (
    Bar,
    Section,
    Stage,
    bars,
    browser,
    card,
    cards,
    funnel,
    histogram,
    page,
    ranges,
    share_bar,
    table,
    text,
    tile,
    tiles,
    write_text,
)

DEFAULT_SAMPLES = 5000
DEFAULT_BUDGET_MB = 25.0


@dataclass(frozen=True)
class Facts:
    """Everything a report is made of. `claims` are by the place in `shown` of the entry they belong to."""

    run: RunDir
    rows: RowFacts
    clips: ClipFacts
    losses: Losses
    costs: Costs
    skeletons: Skeletons
    shown: list[Shown]
    claims: list[tuple[Claim, ...]] = field(default_factory=list)
    evidence: dict[str, Evidence] = field(default_factory=dict)


def write_report(
    run_dir: str | Path,
    out: str | Path | None = None,
    seed: int = 0,
    max_samples: int = DEFAULT_SAMPLES,
    budget_mb: float = DEFAULT_BUDGET_MB,
) -> Path:
    """Write the report of a run; returns its path. Equal input gives equal bytes.

    Args:
        run_dir: the run directory; only read, so a build may go on meanwhile.
        out: the file to write; None is RUN/report.html.
        seed: draws the samples that are shown.
        max_samples: how many samples (or, before a build, clips) the page holds.
        budget_mb: largest size of the page in MB (10^6 bytes); sound is left out beyond it, then samples.

    Raises:
        ConfigError: no run there.
        IntegrityError: its clips or data set are damaged.
    """
    run = RunDir.open(run_dir)
    facts = _read(run, seed, max_samples)
    target = Path(out) if out is not None else run.report_path
    write_text(target, _render(facts, int(budget_mb * 1e6)))
    return target


def _read(run: RunDir, seed: int, max_samples: int) -> Facts:
    built = run.dataset_dir.is_dir()
    # Up to a quarter of what is shown did not get into the data set: it teaches what the judges look for.
    losses = read_losses(run, clips_stored(run.path), show=max_samples // 8, seed=seed)
    refused = len(losses.judgements.refused) + len(losses.aside)
    chosen = choose(run.dataset_dir, show=max_samples - refused, drawn=DRAWN, seed=seed) if built else Selection()
    outside = {unit.partition("/")[0] for unit, _ in losses.judgements.refused} | {q.clip_id for q in losses.aside}
    keep = set(chosen.clip_ids) | outside  # of shown and of drawn samples
    clips = count_clips(run.path, keep=keep, show=0 if keep else max_samples, seed=seed)
    skeletons = Skeletons()
    rows = (
        count_rows(run.dataset_dir, chosen, lambda f: skeletons.add(f, clips.kept.get(f["clip_id"])))
        if built
        else RowFacts()
    )
    shown = [shown_of(row) for row in rows.chosen]
    if outside:
        try:
            with LedgerReader.open(run.ledger_path) as ledger:
                shown += refused_of(
                    ledger, losses.plan_id, losses.plan, losses.judgements.refused, losses.aside, clips.kept
                )
        except AudioReasonerError as error:
            losses.warnings.append(f"What was refused cannot be shown: {error.message} [{error.code}]")
    keys = {clips.kept[s.clip_id].content_key for s in shown if s.clip_id in clips.kept}
    evidence = dict(evidence_of(run, keys or {c.content_key for c in clips.kept.values()}))
    claims = [_claims_of(s, clips.kept.get(s.clip_id), evidence) for s in shown]
    costs = page_costs.read_costs(run, losses.plan_id)
    return Facts(run, rows, clips, losses, costs, skeletons, shown, claims, evidence)


def _claims_of(shown: Shown, clip: Clip | None, evidence: dict[str, Evidence]) -> tuple[Claim, ...]:
    from audio_reasoner.checks import claims_of

    if clip is None or shown.question is None or not shown.chain:
        return ()
    try:
        chain = Chain(**shown.chain)
    except ValueError:
        return ()  # the checks have refused it already, or will
    return claims_of(clip, shown.question, chain, evidence.get(clip.content_key))


def _render(facts: Facts, budget: int) -> str:
    # The page without any sound tells how much room is left for sound.
    while True:
        kept = facts.clips.kept
        wanted = [kept[i] for i in dict.fromkeys(s.clip_id for s in facts.shown) if i in kept]
        wanted = wanted or list(kept.values())
        segments = {c.content_key: segments_in(facts.evidence.get(c.content_key)) for c in wanted if c.timeline is None}
        silent = page_samples.lanes_only(wanted, segments)
        without = _page(facts, page_samples.Media(parts=dict(silent)))
        if len(without.encode()) <= budget / 2 or len(facts.shown) < 2:
            break
        facts = replace(facts, shown=facts.shown[::2], claims=facts.claims[::2])
    room = max(budget - len(without.encode()) - 4096, 0)
    media = page_samples.build_media(wanted, _hear, budget=room, segments=segments, silent=silent)
    for s in facts.shown:
        if s.clip_id not in kept:
            media.parts[s.clip_id] = Markup(
                '<p class="note">This clip is not in the run\'s clips, so it cannot be heard here.</p>'
            )
    return _page(facts, media)


def _hear(clip: Clip) -> object:
    from audio_reasoner.synth import clip_audio

    return clip_audio(clip)


def _page(facts: Facts, media: page_samples.Media) -> str:
    rows, judged = facts.rows, facts.losses.judgements
    name = facts.run.path.resolve().name
    every = [c for found in facts.claims for c in found]
    sections: list[Section | None] = [_flow(facts)]
    if rows.n:
        sections += [_composition(rows), _chains(facts), page_answers.answers_section(rows)]
    sections += [
        page_answers.judges_section(rows, judged, every, sum(bool(s.chain) for s in facts.shown)),
        page_answers.solver_section(judged, rows),
        page_costs.costs_section(facts.costs, rows.n),
        _sound(facts),
        _browse(facts, media),
    ]
    if rows.n:
        what = Markup(
            "A structured-reasoning data set: {} samples about {} clips, each with a chain of planning, caption, reasoning and summary "
            "before the response. Every figure below is counted from the run directory; nothing is loaded from elsewhere."
        ).format(text.count(rows.n), text.count(sum(len(s.clips) for s in rows.sources.values())))
    else:
        what = Markup(
            "The clips of a run before any sample has been built. Every figure is counted from the run directory."
        )
    return page(
        name, what, [s for s in sections if s is not None], kicker="audio-reasoner · data report", top=_headline(facts),
        footer="Made by audio-reasoner report. Sounds in this page are 16 kHz mono copies for listening; the data set keeps the originals.",
    )  # fmt: skip


def _headline(facts: Facts) -> Markup:
    rows, clips, losses = facts.rows, facts.clips, facts.losses
    licences = [name or "not stated" for name in sorted(clips.licences)]
    items = [
        tile("clips", text.count(clips.n), f"{text.share(clips.synthetic, clips.n)} synthetic" if clips.n else ""),
        tile(
            "sound",
            text.seconds(clips.seconds) if clips.n else "0 s",
            f"{text.seconds(clips.durations.mean)} a clip" if clips.n else "",
        ),
        tile(
            "samples",
            text.count(rows.n),
            f"{rows.n / clips.n:.1f} a clip"
            if rows.n and clips.n
            else ("written when the build ends" if losses.judged else "none built yet")
            if not rows.n
            else "",
        ),
    ]
    if losses.judged:
        items.append(
            tile("accepted", text.share(losses.accepted, losses.judged), f"of {text.count(losses.judged)} chains")
        )
    if rows.n:
        spread = rows.all_words
        items.append(tile("words a chain", text.count(round(spread.mean)), f"{spread.low:,.0f} to {spread.high:,.0f}"))
        items.append(
            tile(
                "question types",
                text.count(len(rows.families)),
                f"in {len(rows.tasks)} task{'s' * (len(rows.tasks) != 1)}",
            )
        )
    note = text.shorten(", ".join(licences), 60) if len(licences) > 1 else ""
    items.append(
        tile("licence" + "s" * (len(licences) > 1), licences[0] if len(licences) == 1 else str(len(licences)), note)
    )
    return tiles(items)


def _flow(facts: Facts) -> Section:
    losses = facts.losses
    stages = [Stage("Clips read", facts.clips.n, "clips", losses.before_clips)]
    stages += losses.stages
    rows = facts.rows
    if losses.stages and losses.accepted != rows.n - rows.dialogues:
        # A build that was interrupted, or still runs: the data set is written at its end.
        stages.append(Stage("In the data set so far", rows.n, "questions"))
    elif rows.dialogues:
        stages.append(Stage("Rows that join a clip's questions", rows.dialogues, "dialogues"))
    elif rows.n and not losses.stages:
        stages.append(Stage("Samples in the data set", rows.n, "samples"))
    parts = [
        card(
            "What came through",
            funnel(stages, "What came through each step"),
            "Orange did not come through that step, by reason." if any(x.losses for x in stages) else "",
            wide=True,
        )
    ]
    if losses.lines:
        parts.append(card("Quarantined", loss_table(losses.lines, "quarantined"), wide=True))
    if losses.notices:
        parts.append(
            card(
                "Noted",
                loss_table(losses.notices, "notices"),
                "Nothing is wrong with these; they are here so that nobody has to wonder.",
                wide=True,
            )
        )
    parts.extend(Markup('<p class="note">{}</p>').format(warning) for warning in losses.warnings)
    lead = (
        "Nothing is dropped silently: what is missing has a code and a reason."
        if losses.lines or any(s.losses for s in stages)
        else "Nothing was lost."
    )
    return Section("flow", "What happened", cards(parts), lead)


def _bars(counter: dict[str, int], title: str, note: str = "", *, colour: int = 4, limit: int = 12) -> Markup:
    items = [Bar(k, v, colour=colour) for k, v in sorted(counter.items(), key=lambda kv: (-kv[1], kv[0]))]
    return card(title, bars(items, title, whole=sum(counter.values()), limit=limit), note)


def _composition(rows: RowFacts) -> Section:
    lines: list[list[str | Markup]] = []
    for name, s in sorted(rows.sources.items(), key=lambda kv: (-kv[1].samples, kv[0])):
        skills = ", ".join(k for k, _ in s.families.most_common(8)) + (" …" if len(s.families) > 8 else "")
        lines.append(
            [
                ", ".join(sorted(s.domains)), name, f"{', '.join(sorted(s.tasks))}: {skills}", ", ".join(sorted(s.models)), text.count(s.samples),
                text.share(s.samples, rows.n), text.count(len(s.clips)), text.seconds(s.seconds), "yes" if s.synthetic else "no",
                ", ".join(sorted(x or "not stated" for x in s.licences)),
            ]
        )  # fmt: skip
    header = [
        "Category",
        "Source",
        "Main skills",
        "Model used",
        "Quantity",
        "Share",
        "Clips",
        "Sound",
        "Synthetic",
        "Licence",
    ]
    parts = [
        card(
            "By source",
            table(header, lines, numeric=(4, 5, 6, 7), caption="Composition by source"),
            "In the form of the paper's Table 2.",
            wide=True,
        ),
        page_published.beside_table_2(rows),
        _bars(dict(rows.families), "Question types", colour=0, limit=16),
        _bars(dict(rows.tasks), "Tasks", colour=2),
        _bars(dict(rows.domains), "Domains", "A clip may belong to several domains.", colour=3),
    ]
    levels = {1: "1 easy", 2: "2 medium", 3: "3 hard"}
    difficulty = [(levels[d], rows.difficulties[d]) for d in sorted(rows.difficulties)]
    parts.append(card("Difficulty", share_bar(difficulty, "Difficulty")))
    if len(rows.teachers) > 1:
        parts.append(_bars(dict(rows.teachers), "Teacher models", colour=5))
    return Section(
        "composition",
        "What it is made of",
        cards(parts),
        "Samples by source, question type, task, domain and difficulty.",
    )


def _bin_width(spread: Spread) -> int:
    """The paper's 100 words where chains are that long, else finer, so that short chains are not one single column."""
    high = spread.quantile(0.99)
    return next((w for w in (5, 10, 20, 50) if high <= 12 * w), 100)


def _chains(facts: Facts) -> Section:
    rows = facts.rows
    whole = rows.all_words
    width = _bin_width(whole)
    number = max(4, min(12, int(whole.high // width) + 1))
    edges = [i * width for i in range(number + 1)]
    parts = [
        card(
            task,
            histogram(spread.bins(width, number), edges, f"Words per chain, {task}", x_label="words", colour=i % 6),
            f"{text.count(spread.n)} chains"
            + (f"; the last column also holds those above {edges[-1]}" if spread.high > edges[-1] else ""),
        )
        for i, (task, spread) in enumerate(sorted(rows.words.items()))
    ]
    parts.append(
        card(
            "Words per chain: least, mean, most",
            ranges(
                [(t, s.low, s.mean, s.high) for t, s in sorted(rows.words.items())], "Words per chain", unit="words"
            ),
            "As the upper half of the paper's Figure 6.",
        )
    )
    parts.append(
        card(
            "Words per section: least, mean, most",
            ranges(
                [(name, s.low, s.mean, s.high) for name, s in rows.sections.items()], "Words per section", unit="words"
            ),
        )
    )
    parts.append(
        card(
            "Seconds of sound per sample: least, mean, most",
            ranges([(t, s.low, s.mean, s.high) for t, s in sorted(rows.seconds.items())], "Seconds of sound", unit="s"),
            "As the lower half of the paper's Figure 6.",
        )
    )
    parts += [page_published.sections_table(rows), page_published.beside_figure_4(rows)]
    parts.append(page_published.beside_figure_6(rows))
    if (alike := skeletons_card(facts.skeletons, rows.n)) is not None:
        parts.append(alike)
    lead = (
        f"Words of all five sections, in steps of {width}"
        + (
            ", as in the paper's Figure 4"
            if width == 100
            else " (the paper's Figure 4 has steps of 100; these chains are shorter)"
        )
        + ". The line is the moving average over three columns."
    )
    return Section("chains", "How long the chains are", cards(parts), lead)


def _sound(facts: Facts) -> Section:
    clips = facts.clips
    parts: list[Markup] = []
    if clips.n:
        top = clips.durations.quantile(0.99)
        width = next((w for w in (0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0) if top <= 12 * w), 600.0)
        number = max(4, min(12, int(clips.durations.high // width) + 1))
        edges = [i * width for i in range(number + 1)]
        parts.append(
            card(
                "Length of the clips",
                histogram(
                    clips.durations.bins(width, number), edges, "Length of the clips", x_label="seconds", colour=0
                ),
            )
        )
        labels = {
            f"{value} ({kind})" if kind not in ("tag", "sound") else value: n
            for (kind, value), n in clips.labels.items()
        }
        if labels:
            items = [
                Bar(text.printable(k), v, colour=2) for k, v in sorted(labels.items(), key=lambda kv: (-kv[1], kv[0]))
            ]
            note = f"Clips with that label; {text.count(len(labels))} different labels."
            note += f" {text.count(clips.unlabelled)} clips have none." if clips.unlabelled else ""
            parts.append(card("Labels", bars(items, "Labels", limit=15, whole=clips.n), note))
        if clips.events:
            parts.append(
                card(
                    "Sounds per scene",
                    bars(
                        [Bar(f"{k} sound{'s' * (k != 1)}", clips.events[k], colour=3) for k in sorted(clips.events)],
                        "Sounds per scene",
                        whole=clips.n,
                    ),
                )
            )
        parts.append(_bars({k or "not stated": v for k, v in clips.licences.items()}, "Licences", colour=1))
        if len(clips.sources) > 1 or not facts.rows.n:
            parts.append(_bars(dict(clips.sources), "Sources", colour=4))
    return Section(
        "sound",
        "The sound",
        cards(parts) if parts else Markup('<p class="note">This run has no clips.</p>'),
        "All clips of the run.",
    )


def _plural(n: int, noun: str) -> str:
    return f"{text.count(n)} {noun}{'s' * (n != 1)}"


def _browse(facts: Facts, media: page_samples.Media) -> Section:
    rows, clips = facts.rows, facts.clips
    outside = [s for s in facts.shown if s.row is None]
    run = str(facts.run.path)
    if facts.shown:
        entries = [
            page_samples.sample_entry(s, clips.kept.get(s.clip_id), run, claims)
            for s, claims in zip(facts.shown, facts.claims, strict=True)
        ]
        noun, whole = "samples", rows.n
    else:
        entries = [page_samples.clip_entry(c) for c in clips.kept.values()]
        noun, whole = "clips", clips.n
    if not entries:
        empty = "There is nothing to show yet." if not whole else "This page was made without samples (--samples 0)."
        return Section("samples", noun.capitalize(), Markup('<p class="note">{}</p>').format(empty))
    shown = len(entries) - len(outside)
    if shown < whole:
        lead = f"{text.count(shown)} of {text.count(whole)} {noun}" + (
            ", drawn evenly over the question types." if rows.n else ", drawn by lot."
        )
    else:
        lead = (
            f"All {text.count(whole)} {noun}." if whole > 1 else f"The only {noun.removesuffix('s')}." if whole else ""
        )
    for decision in ("rejected", "filtered", "quarantined"):
        if n := sum(s.decision == decision for s in outside):
            lead += f" {_plural(n, f'{decision} sample')} can be read here as well, but {'is' if n == 1 else 'are'} not in the data set."
    if media.over_budget:
        lead += f" To keep the page small, {_plural(media.over_budget, 'clip')} can only be seen, not heard."
    if media.unreadable:
        lead += f" The sound of {_plural(media.unreadable, 'clip')} could not be read; the reason stands there."
    return Section("samples", noun.capitalize(), browser(entries, media.parts, name=noun, alarm="refused"), lead)
