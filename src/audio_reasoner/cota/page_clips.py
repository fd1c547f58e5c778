"""What a data report says about all clips of a run, as numbers.

Decision: counted from the stored columns, because making half a million records takes minutes; only the clips that are
shown become records. Captions and transcripts are sentences, nearly all different: they are counted by kind alone.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from audio_reasoner.core.records import Clip
from audio_reasoner.cota.page_facts import Spread, draw, keep_smallest
from audio_reasoner.dataset.clips import find_clips, read_clip_columns

SENTENCES = ("caption", "transcript", "translation")
_COLUMNS = ["clip_id", "source", "recipe", "duration_s", "domains", "labels", "licence", "timeline"]
_DISTINCT = 200_000


@dataclass
class ClipFacts:
    """Everything counted over the clips of a run. `labels` counts clips by (kind, value)."""

    n: int = 0
    seconds: float = 0.0
    durations: Spread = field(default_factory=Spread)
    labels: Counter[tuple[str, str]] = field(default_factory=Counter)
    sentences: Counter[str] = field(default_factory=Counter)
    unlabelled: int = 0
    sources: Counter[str] = field(default_factory=Counter)
    domains: Counter[str] = field(default_factory=Counter)
    licences: Counter[str] = field(default_factory=Counter)
    synthetic: int = 0
    events: Counter[int] = field(default_factory=Counter)
    kept: dict[str, Clip] = field(default_factory=dict)

    @property
    def vocabulary(self) -> list[str]:
        """All label values but sentences."""
        return sorted({value for _, value in self.labels})


def count_clips(run: Path, *, keep: set[str], show: int = 0, seed: int = 0) -> ClipFacts:
    """Count clips, keeping those in `keep` and `show` more, drawn by hash."""
    facts = ClipFacts()
    heap: list[tuple[int, str]] = []
    for row in read_clip_columns(run, _COLUMNS):
        length = row["duration_s"]
        facts.n += 1
        facts.seconds += length
        facts.durations.add(round(length, 1))
        labels = json.loads(row["labels"])
        found = {(x["kind"], x["value"]) for x in labels if x["kind"] not in SENTENCES}
        for kind in {x["kind"] for x in labels} & set(SENTENCES):
            facts.sentences[kind] += 1
        facts.sources[row["source"]] += 1
        facts.domains["+".join(row["domains"])] += 1
        facts.licences[row["licence"] or ""] += 1
        facts.synthetic += row["recipe"] is not None
        if row["timeline"] is not None:
            events = json.loads(row["timeline"])["events"]
            facts.events[len(events)] += 1
            found |= {("sound", e["label"]) for e in events}
        facts.unlabelled += not labels and row["timeline"] is None
        facts.labels.update(found)
        if len(facts.labels) > _DISTINCT:
            facts.labels = Counter({k: v for k, v in facts.labels.items() if v > 1})
        if row["clip_id"] not in keep:
            keep_smallest(heap, (-draw(seed, row["clip_id"]), row["clip_id"]), show)
    drawn = [ident for _, ident in sorted(heap, reverse=True)]
    wanted = keep | set(drawn)
    if wanted:
        facts.kept = find_clips(run, wanted)
        if drawn and not keep:
            facts.kept = {i: facts.kept[i] for i in drawn}
    return facts
