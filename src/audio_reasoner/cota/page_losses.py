"""What a run lost and why, as the report shows it: rows that never became clips, and units the build quarantined."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field

from audio_reasoner.core.run import RunDir
from audio_reasoner.report import Stage


@dataclass(frozen=True)
class Loss:
    """One quarantined thing."""

    stage: str
    code: str
    where: str
    why: str
    hint: str = ""


@dataclass
class Losses:
    """All losses of a run, the funnel's stages between clips and samples, and how many chains were judged."""

    lines: list[Loss] = field(default_factory=list)
    before_clips: tuple[tuple[str, int], ...] = ()
    stages: list[Stage] = field(default_factory=list)
    judged: int = 0
    accepted: int = 0
    warnings: list[str] = field(default_factory=list)


def read_losses(run: RunDir) -> Losses:
    """Read both quarantines of a run."""
    losses = Losses()
    path = run.clips_dir / "quarantine.jsonl"
    if path.is_file():
        for number, line in enumerate(path.read_text("utf-8", "replace").splitlines(), 1):
            try:
                item = json.loads(line)
            except ValueError:
                losses.warnings.append(f"{path.name}, line {number} is not JSON and is not counted here.")
                continue
            where = str(item.get("file") or item.get("source_id") or "") + (
                f", row {item['row']}" if item.get("row") is not None else ""
            )
            losses.lines.append(
                Loss(
                    "clips",
                    str(item.get("code", "?")),
                    where,
                    str(item.get("detail") or item.get("reason") or ""),
                    str(item.get("hint") or ""),
                )
            )
    losses.before_clips = tuple(sorted(Counter(x.code for x in losses.lines).items(), key=lambda kv: (-kv[1], kv[0])))
    return losses
