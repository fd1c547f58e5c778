"""What a bank of recordings holds, for people: a table of classes, pairs that sound alike, a page."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from audio_reasoner.checks.ontology import confusable
from audio_reasoner.core.errors import AudioReasonerError
from audio_reasoner.synth.dsp import RATE
from audio_reasoner.synth.store import SourceInfo, SourceStore

MOST_ALIKE = 600
"""Classes compared in pairs; more would take seconds and no one would read the list."""
MOST_SHOWN = 200
"""Classes with players on a page; three of each are some 15 MB."""


@dataclass(frozen=True)
class Class:
    """One class of a bank: `groups` are independent recordings, `refused` are those of its label that are not used."""

    label: str
    recordings: int
    groups: int
    several: int
    shortest_s: float
    longest_s: float
    refused: int


def classes_of(store: SourceStore) -> list[Class]:
    """The classes of a bank in alphabetical order, those of which nothing can be used included."""
    infos: dict[str, list[SourceInfo]] = defaultdict(list)
    for info in store:
        infos[info.label].append(info)
    refused = Counter(r.label for r in store.refused() if r.label)
    out = []
    for label in sorted({*infos, *refused}):
        own = infos.get(label, [])
        lengths = [i.length / RATE for i in own] or [0.0]
        out.append(
            Class(
                label, len(own), len({i.group for i in own}), sum(i.kind == "several" for i in own), min(lengths),
                max(lengths), refused[label],
            )
        )  # fmt: skip
    return out


def alike(labels: Sequence[str]) -> list[tuple[str, str]]:
    """Pairs of labels that a listener could take for each other (`checks.ontology.confusable`).

    >>> alike(["dog", "wolf", "piano"])
    [('dog', 'wolf')]
    """
    names = sorted(labels)[:MOST_ALIKE]
    return [(a, b) for i, a in enumerate(names) for b in names[i + 1 :] if confusable(a, b)]


def store_page(
    store: SourceStore, players: int = 3, advance: Callable[[], None] = lambda: None, only: str | None = None
) -> str:
    """HTML of a bank: figures, up to `players` recordings of each class to see and hear, what is not used and why.

    Players of the first `MOST_SHOWN` classes, or of the class `only`.
    """
    from audio_reasoner import report

    infos: dict[str, list[SourceInfo]] = defaultdict(list)
    for info in store:
        infos[info.label].append(info)
    refused = store.refused()
    sections = []
    shown = [only] if only is not None else sorted(infos)[:MOST_SHOWN]
    for number, label in enumerate(shown):
        own = infos[label]
        # One of each group first: three takes of one recording would show little.
        seen: Counter[str] = Counter()
        ranked = []
        for info in own:
            ranked.append((seen[info.group], info.key, info))
            seen[info.group] += 1
        cards = []
        for _, _, info in sorted(ranked, key=lambda x: x[:2])[:players]:
            seconds = info.length / RATE
            about = f"{info.path} · {seconds:.2f} s · {info.gain_db:+.1f} dB · {info.licence or 'licence not stated'}"
            about += f" · {info.note}" if info.note else ""
            try:
                x = store.pcm(info.key)
                player = report.player(seconds, sound=report.encode_listening(x), pcm=x)
            except AudioReasonerError as error:
                player = report.player(seconds, note=str(error))
            cards.append(report.card(PurePosixPath(info.source_id).name, player, about))
        several = sum(i.kind == "several" for i in own)
        lead = f"{len(own)} recordings, {len(seen)} independent" + (
            f"; {several} with several events, never counted as one" if several else ""
        )
        sections.append(report.Section(f"c{number}", label, report.cards(cards), lead))
        advance()
    if refused:
        rows = [(r.path, r.label, r.code, r.reason) for r in refused[:2000]]
        more = f" The first 2,000 of {len(refused):,}." if len(refused) > 2000 else ""
        body = report.table(("file", "class", "code", "why"), rows)
        sections.append(report.Section("refused", "Not used", body, "Every file that is not part of the bank." + more))
    pairs = alike(list(infos))
    if pairs:
        body = report.table(("one", "the other"), pairs)
        lead = "Classes that a listener can take for each other; they never stand against each other in a question."
        sections.append(report.Section("alike", "Sound alike", body, lead))
    total = sum(map(len, infos.values()))
    tiles = report.tiles(
        [
            report.tile("recordings", f"{total:,}"),
            report.tile("classes", f"{len(infos):,}"),
            report.tile("independent", f"{len({i.group for own in infos.values() for i in own}):,}"),
            report.tile("not used", f"{len(refused):,}"),
        ]
    )
    said = str(store.meta("said") or "")
    if len(shown) < len(infos):
        said += f". {len(shown):,} of {len(infos):,} classes can be heard here; --label NAME shows another."
    return report.page(f"Bank {store.path.name}", said, sections, top=tiles)
