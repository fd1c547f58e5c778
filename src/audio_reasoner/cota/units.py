"""Names of what a clip is worked on as, and when a unit is a sample.

Decision: a unit is a clip, a question of it (`clip_id/k`), or the request for its description (`clip_id/caption`). A
unit is accepted when everybody who was asked has spoken and nobody rejected it; pipeline, rows and figures all use this
one rule.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from audio_reasoner.clients.ledger import LedgerReader
from audio_reasoner.core.ids import derive_seed
from audio_reasoner.core.records import Annotation, Clip, Question

CAPTION = "caption"
_DESCRIBE = (
    "Describe in detail what can be heard in this recording.",
    "What can be heard in this recording? Describe it in full.",
    "Give a detailed description of this audio clip.",
    "Listen to the clip and write down everything that can be heard in it.",
    "Please describe this audio as completely as you can.",
    "What does this clip sound like? Answer with a detailed description.",
)


@dataclass(frozen=True)
class Roles:
    """Who speaks after the checks."""

    judged: bool
    solved: bool

    @property
    def last(self) -> tuple[str, str]:
        """Stage and decision of a unit that got through everything."""
        if self.solved:
            return "solve", "solved"
        return ("judge", "accepted") if self.judged else ("check", "accepted")


def roles_of(config: dict[str, Any]) -> Roles:
    """The roles of a plan, by its configuration (older ones have no judge and no solver)."""
    settings = config["settings"]
    return Roles(judged=settings.get("discriminator") not in (None, "none"), solved=settings.get("solver") is not None)


def unit_of(clip_id: str, k: int | str) -> str:
    """Ledger unit of a clip's question number k, or of its caption."""
    return f"{clip_id}/{k}"


def outcome(stored: Mapping[tuple[str, str], str], unit: str, roles: Roles) -> str | None:
    """ "accepted", "rejected", or None while somebody has not spoken."""
    for stage, asked in (("check", True), ("judge", roles.judged)):
        if not asked:
            continue
        text = stored.get((unit, stage))
        if text is None:
            return None
        if json.loads(text)["decision"] != "accepted":
            return "rejected"
    if roles.solved and (unit, "solve") not in stored:
        return None
    return "accepted"


def descriptions(ledger: LedgerReader, plan_id: str, config: Mapping[str, Any]) -> int:
    """How many clips were asked for their description besides their questions."""
    return ledger.count_units(plan_id, unit_of("", CAPTION)) if config["settings"].get("captions") else 0


def caption_question(clip: Clip, annotation: Annotation, seed: int) -> Question | None:
    """The request for the clip's description, or None if the annotation asks for it already."""
    if any(q.task == "caption" for q in annotation.questions):
        return None
    text = _DESCRIBE[derive_seed(seed, clip.clip_id, CAPTION) % len(_DESCRIBE)]
    return Question(task="caption", family=CAPTION, text=text, gold_text=annotation.caption, difficulty=2)


@dataclass(frozen=True)
class Decisions:
    """How many units of a plan are through, and who rejected the others."""

    accepted: int
    by_checks: int
    by_judge: int

    @property
    def rejected(self) -> int:
        """All rejected units."""
        return self.by_checks + self.by_judge


def decisions(ledger: LedgerReader, plan_id: str) -> Decisions:
    """Count what the ledger holds by the rule of `outcome`, without reading every row."""
    config = ledger.plan(plan_id)
    stage, decision = roles_of(config).last if config else ("check", "accepted")
    return Decisions(
        accepted=ledger.decisions(plan_id, stage).get(decision, 0),
        by_checks=ledger.decisions(plan_id, "check").get("rejected", 0),
        by_judge=ledger.decisions(plan_id, "judge").get("rejected", 0),
    )
