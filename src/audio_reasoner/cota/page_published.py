"""What the paper publishes about CoTA, beside what a run holds: Table 2, Figure 4 and Figure 6.

Decision: only numbers that stand as text or table in the paper are repeated; Figures 4 and 6 are pictures, so of them we
give what the paper says about them in words, and a dash where it says nothing. Every such value is marked "published".
Table 2 sums to 971.3 thousand samples while the text says 1.2 million; both are shown, neither is corrected.
"""

# ruff: noqa: E501 (markup and tables are easier to read unbroken)

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup

from audio_reasoner.core.chain import SECTIONS
from audio_reasoner.cota.page_facts import RowFacts, SourceFacts, Spread
from audio_reasoner.report import card, table, text


@dataclass(frozen=True)
class Published:
    """One line of Table 2, with what Figures 4 and 6 are said to show of it.

    `names` are beginnings of source names that count for this line. Words are those of the answers ("token lengths" in
    appendix C), least, mean, most; `audio_s` is the mean length of the sound. None: the paper gives no number.
    """

    category: str
    name: str
    skill: str
    task: str
    model: str
    thousands: float
    percent: str
    synthetic: bool
    names: tuple[str, ...]
    words: tuple[float | None, float | None, float | None] = (None, None, None)
    audio_s: float | None = None


TABLE_2 = (
    Published("Speech", "Multi-Speaker", "multi-speaker speech QA", "multi_speaker", "gemini-2.0-flash", 117.4, "12.09%", True,
              ("dialogue", "multi", "synth-dialogue"), (None, None, 1454), 26.34),
    Published("Speech", "MELD", "speech emotion QA", "ser", "gemini-2.0-pro-exp", 29.2, "3.01%", False, ("meld",), audio_s=2.84),
    Published("Speech", "CoVoST2", "speech-to-text translation", "s2tt", "gemini-2.0-flash", 224.6, "23.13%", False,
              ("covost",), (None, None, 327)),
    Published("Speech", "Mustard", "sarcasm detection", "sarcasm", "gemini-2.0-pro-exp", 1.0, "0.10%", False, ("mustard",)),
    Published("Music", "MusicBench", "music QA", "music_qa", "gemini-2.0-flash", 137.1, "14.12%", False, ("musicbench",),
              (None, 463.89, None)),
    Published("Sound", "AudioSet", "sound QA", "sound_qa", "gemini-2.0-flash", 315.2, "32.46%", False, ("audioset",),
              (None, 395.26, None)),
    Published("Sound", "Clotho", "sound QA", "sound_qa", "gemini-2.0-pro-exp", 9.3, "0.93%", False, ("clotho",)),
    Published("Sound", "AudioCaps", "sound QA", "sound_qa", "gemini-2.0-flash", 117.5, "12.10%", False, ("audiocap",)),
    Published("Sound", "Complex Audio", "complex audio QA", "complex_audio", "gemini-2.0-flash", 20.0, "2.06%", True,
              ("complex", "synth-complex"), (None, 192.96, 423)),
)  # fmt: skip
TOTAL = sum(line.thousands for line in TABLE_2)
_DASH = "–"


def line_of(source: str, facts: SourceFacts) -> Published | None:
    """The line of Table 2 that a source of ours belongs to: by its name, else by its only task."""
    plain = source.lower().replace("-", "").replace("_", "").replace(" ", "")
    for line in TABLE_2:
        if any(plain.startswith(n.replace("-", "")) for n in line.names):
            return line
    tasks = [t for t in facts.tasks if t != "caption"]
    fitting = [x for x in TABLE_2 if tasks == [x.task]]
    return fitting[0] if len(fitting) == 1 else None


def _merged(sources: Mapping[str, SourceFacts], line: Published | None) -> tuple[list[str], Spread, Spread, int]:
    """Names, words, seconds and samples of our sources on one line (None: those that fit no line)."""
    names, words, audio, samples = [], Spread(), Spread(), 0
    for name, facts in sorted(sources.items()):
        if line_of(name, facts) is line:
            names.append(name)
            words.values.update(facts.words.values)
            audio.values.update(facts.audio.values)
            samples += facts.samples
    return names, words, audio, samples


def _number(value: float | None, digits: int = 0) -> str:
    return _DASH if value is None else f"{value:,.{digits}f}"


def _spread(spread: Spread) -> str:
    return f"{spread.low:,.0f} / {spread.mean:,.1f} / {spread.high:,.0f}" if spread.n else _DASH


def beside_table_2(rows: RowFacts) -> Markup:
    """Table 2 as published, each line beside what this run holds of it."""
    lines: list[list[str | Markup]] = []
    for line in TABLE_2:
        names, _, _, samples = _merged(rows.sources, line)
        ours: list[str | Markup] = [
            ", ".join(names) or _DASH,
            text.count(samples) if samples else _DASH,
            text.share(samples, rows.n) if samples else _DASH,
        ]
        if samples:
            ours = [Markup("<b>{}</b>").format(x) for x in ours]
        lines.append(
            [f"{line.category}: {line.name}", line.skill, line.model, f"{line.thousands:g} k", line.percent,
             "yes" if line.synthetic else "no", *ours]
        )  # fmt: skip
    others, _, _, rest = _merged(rows.sources, None)
    if rest:
        lines.append(
            ["in no line of Table 2", _DASH, _DASH, _DASH, _DASH, _DASH, text.shorten(", ".join(others), 80),
             text.count(rest), text.share(rest, rows.n)]
        )  # fmt: skip
    lines.append(
        ["All", "", "", f"{TOTAL:g} k", "100%", "14.15%", "", text.count(rows.n),
         text.share(sum(s.samples for s in rows.sources.values() if s.synthetic), rows.n) + " synthetic"]
    )  # fmt: skip
    header = ["Published: CoTA source", "Published: skill", "Published: model", "Published: quantity", "Published: share",
              "Published: synthetic", "Here: source", "Here: samples", "Here: share"]  # fmt: skip
    return card(
        "The paper's Table 2 beside this data set",
        table(header, lines, numeric=(3, 4, 7, 8), caption="CoTA as published, and what was built here"),
        "Published values are the paper's own. Its text says 1.2 million samples; its Table 2 sums to "
        f"{TOTAL:g} thousand, and its percentages are of that sum.",
        wide=True,
    )


def beside_figure_6(rows: RowFacts) -> Markup:
    """Figure 6 as far as the paper's text gives its numbers, beside ours."""
    lines: list[list[str | Markup]] = []
    for line in (*TABLE_2, None):
        names, words, audio, samples = _merged(rows.sources, line)
        if line is None and not samples:
            continue
        least, mean, most = line.words if line else (None, None, None)
        published = " / ".join((_number(least), _number(mean, 2), _number(most)))
        lines.append(
            [
                line.name if line else "in no line of Table 2",
                _DASH if line is None or line.words == (None, None, None) else published,
                _DASH if line is None or line.audio_s is None else f"{line.audio_s:.2f} s",
                text.shorten(", ".join(names), 60) or _DASH,
                _spread(words),
                f"{audio.mean:.2f} s" if audio.n else _DASH,
            ]
        )
    header = ["CoTA source", "Words, least / mean / most (published)", "Mean sound (published)", "Here: source",
              "Here: words, least / mean / most", "Here: mean sound"]  # fmt: skip
    return card(
        "The paper's Figure 6 beside this data set",
        table(header, lines, numeric=(1, 2, 4, 5), caption="Words per answer and length of the sound"),
        "Figure 6 is a picture: published are only the numbers that the paper's appendix C writes out (it calls them token "
        "lengths; means lie between 164.48 and 481.57, sounds between 2.85 s and 26.34 s). A dash stands for no number.",
        wide=True,
    )


def beside_figure_4(rows: RowFacts) -> Markup:
    """What the paper says of Figure 4, and the share of our chains in those ranges."""
    whole = rows.all_words

    def between(spread: Spread, low: float, high: float) -> str:
        return text.share(sum(n for v, n in spread.values.items() if low <= v <= high), spread.n)

    lines: list[list[str | Markup]] = [
        ["most responses: 300 to 500 words", "all", between(whole, 300, 500), _spread(whole)],
    ]
    for task, said, low, high in (
        ("s2tt", "concise: typically 100 to 200 words", 100, 200),
        ("multi_speaker", "up to 1,500 words", 0, 1500),
    ):
        spread = rows.words.get(task, Spread())
        lines.append([said, task, between(spread, low, high), _spread(spread)])
    header = [
        "The paper's text says (published)",
        "Task here",
        "Here: share in that range",
        "Here: least / mean / most",
    ]
    return card(
        "The paper's Figure 4 in words",
        table(header, lines, numeric=(2, 3), caption="Words per chain"),
        "Figure 4 is a picture without numbers at its columns; the histograms above have its form.",
        wide=True,
    )


def sections_table(rows: RowFacts) -> Markup:
    """Words per section as numbers: what a histogram cannot be asked for."""
    lines: list[list[str | Markup]] = [
        [name.capitalize(), *(f"{x:,.0f}" for x in (s.low, s.quantile(0.1), s.quantile(0.5), s.quantile(0.9), s.high)),
         f"{s.mean:,.1f}"]
        for name, s in ((n, rows.sections[n]) for n in SECTIONS)
    ]  # fmt: skip
    header = ["Section", "Least", "10%", "Half", "90%", "Most", "Mean"]
    return card(
        "Words per section", table(header, lines, numeric=tuple(range(1, 7)), caption="Words per section"), wide=True
    )
