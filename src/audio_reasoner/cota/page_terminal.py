"""One sample in a terminal: `audio-reasoner show`.

Decision: the same order as in the HTML report (sound, question, chain, verdicts, origin), so that one who knows one
view finds his way in the other. Nothing of the data is read as markup or as a control code: a label like ``[red]`` is
printed as it stands, and an escape sequence in a file name cannot repaint the user's terminal.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from audio_reasoner.core.chain import SECTIONS
from audio_reasoner.core.choices import letter
from audio_reasoner.core.records import Clip
from audio_reasoner.cota.page_refused import decision_of
from audio_reasoner.cota.page_samples import MARKS, spans_of
from audio_reasoner.dataset import Row
from audio_reasoner.report import Span, text

if TYPE_CHECKING:
    from rich.console import Group, RenderableType
    from rich.text import Text

COLOURS = {"planning": "blue", "caption": "yellow", "reasoning": "green", "summary": "magenta", "response": "red"}
_STYLES = {"accepted": "green", "rejected": "red", "not_applicable": "dim", "not judged": "dim"}


R = TypeVar("R", Row, Clip)


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return text.printable(value)
    if isinstance(value, dict):
        return {k: _clean(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(v) for v in value]
    return value


def clean(record: R) -> R:
    """The record with everything that steers a terminal made visible in all of its texts."""
    return type(record).model_validate(_clean(record.model_dump()))


def strip(spans: Sequence[Span], duration_s: float, width: int) -> list[str]:
    """The timeline as lines of text: a lane per name with blocks where it sounds, then an axis in seconds.

    >>> for line in strip([Span(0.0, 1.0, "dog"), Span(2.0, 4.0, "bell")], 4.0, 16): print(line)
    dog  ███········
    bell ·····▐█████
         0         4
    """
    if not spans or duration_s <= 0:
        return []
    lanes = list(dict.fromkeys(s.lane for s in spans))
    names = {lane: text.shorten(lane, max(width // 3, 4)) for lane in lanes}
    margin = max(len(n) for n in names.values()) + 1
    room = max(width - margin, 8)
    lines = []
    for lane in lanes:
        # Two half cells per character, so that a short sound is seen and two near ones stay apart.
        halves = [False] * (2 * room)
        for s in spans:
            if s.lane == lane:
                first = min(int(2 * room * max(s.start_s, 0.0) / duration_s), 2 * room - 1)
                last = max(first + 1, min(round(2 * room * s.end_s / duration_s), 2 * room))
                halves[first:last] = [True] * (last - first)
        cells = zip(halves[0::2], halves[1::2], strict=True)
        drawn = "".join("█" if a and b else "▌" if a else "▐" if b else "·" for a, b in cells)
        lines.append(names[lane].ljust(margin) + drawn)
    end = f"{duration_s:.3g}"
    lines.append(" " * margin + "0" + end.rjust(room - 1))
    return lines


def _section(name: str, content: str) -> RenderableType:
    from rich.panel import Panel
    from rich.text import Text

    title = Text.assemble(
        (name.capitalize(), f"bold {COLOURS[name]}"), (f"  {text.count(text.words(content))} words", "dim")
    )
    return Panel(Text(content), title=title, title_align="left", border_style=COLOURS[name], padding=(0, 1))


def _heard(row: Row, clip: Clip | None, segments: Sequence[Sequence[float]] | None, width: int) -> Iterator[Text]:
    from rich.text import Text

    where = "rendered from its recipe" if row.synthetic else row.audio_path
    if clip is not None and not row.synthetic and (clip.start_ms or clip.end_ms is not None):
        until = "its end" if clip.end_ms is None else f"{clip.end_ms / 1000:g} s"
        where += f", from {clip.start_ms / 1000:g} s to {until}"
    yield Text.assemble((text.seconds(row.duration_s), "bold"), f"  {'+'.join(row.domains)}  ", (where, "cyan"))
    licence = row.licence or "licence not stated"
    yield Text(
        f"{row.source}: {row.source_id} · {licence}" + (f" · {row.language}" if row.language else ""), style="dim"
    )
    if clip is None:
        yield Text("This clip is not in the run's clips; its labels and timeline are not known here.", style="yellow")
        return
    if clip.labels:
        yield Text.assemble(
            ("labels  ", "dim"),
            ", ".join(f"{x.value}" if x.kind == "tag" else f"{x.kind}: {x.value}" for x in clip.labels),
        )
    spans, title = spans_of(clip, segments)
    if spans:
        yield Text(title, style="dim")
        lines = strip(spans, clip.duration_s, width)
        for line in lines[:-1]:
            yield Text(line, no_wrap=True)
        yield Text(lines[-1], style="dim", no_wrap=True)


def sample_view(
    row: Row,
    clip: Clip | None,
    segments: Sequence[Sequence[float]] | None = None,
    *,
    width: int = 100,
) -> Group:
    """A sample for a rich console of `width` columns."""
    from rich.console import Group
    from rich.padding import Padding
    from rich.rule import Rule
    from rich.text import Text

    row, clip = clean(row), clean(clip) if clip is not None else None
    verdict = decision_of(row.verdicts)
    parts: list[RenderableType] = [
        Rule(
            Text.assemble((row.sample_id, "bold"), f"  {row.task} · {row.family} · difficulty {row.difficulty} of 3  ",
                          (f"{MARKS.get(verdict, '–')} {verdict}", _STYLES[verdict])),
            align="left",
        )
    ]  # fmt: skip
    parts += [Padding(line, (0, 1)) for line in _heard(row, clip, segments, width - 2)]
    parts += [Text(), Padding(Text(row.question, style="bold"), (0, 1))]
    for i, option in enumerate(row.options):
        gold = i == row.gold_index
        line = Text.assemble(f"({letter(i)}) ", option, style="bold green" if gold else "")
        parts.append(Padding(line + Text("  ✓ right answer") if gold else line, (0, 1, 0, 3)))
    if not row.options:
        parts.append(Padding(Text.assemble(("answer on record  ", "dim"), row.gold_text), (0, 1, 0, 3)))
    parts.append(Text())
    parts += [_section(name, getattr(row, name)) for name in SECTIONS]
    for v in row.verdicts:
        parts.append(
            Padding(
                Text(f"{MARKS[v.decision]} {v.decision.replace('_', ' ')} by {v.judge}", style=_STYLES[v.decision]),
                (0, 1),
            )
        )
        parts += [Padding(Text.assemble((f.code, "bold"), "  ", f.detail), (0, 1, 0, 3)) for f in v.findings]
    made = f"{row.teacher} ({row.model})" + (f", prompt {row.prompt_sha[:12]}" if row.prompt_sha else "")
    words = sum(text.words(getattr(row, name)) for name in SECTIONS)
    origin = [
        ("clip", row.clip_id),
        ("made by", made),
        ("checks", row.checks_version),
        ("words", text.count(words)),
        ("split", row.split or ""),
    ]
    parts.append(
        Padding(
            Text.assemble(*(piece for k, v in origin if v for piece in ((f"{k} ", "dim"), f"{v}   "))), (1, 1, 0, 1)
        )
    )
    return Group(*parts)


def list_view(rows: Sequence[Row], total: int, run: str) -> Group:
    """The first samples of a data set, one a line."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("sample", "type", "level", "seconds"):
        table.add_column(name, no_wrap=True, justify="right" if name == "seconds" else "left")
    table.add_column("question", ratio=1)
    for row in map(clean, rows):
        level = "●" * row.difficulty + "○" * (3 - row.difficulty)
        question = Text(text.shorten(row.question, 120))
        table.add_row(Text(row.sample_id), Text(row.family), level, f"{row.duration_s:.1f}", question)
    more = f"{text.count(len(rows))} of {text.count(total)} samples. " if len(rows) < total else ""
    return Group(table, Text(f"{more}See one with: audio-reasoner show {run} SAMPLE_ID, or --random.", style="dim"))
