"""What was measured and what the user brought, as one `Evidence`.

Decision: names never collide (a brought item may not bear the name of a measured one, `sources.brought` sees to that),
so to merge is to append; who said what stays in every item's `source`.
"""

from __future__ import annotations

from audio_reasoner.core.records import Clip, Evidence, EvidenceItem

SPEAKING_ERROR = 0.05
"""From this error rate on an item is not spoken of."""
USER = "user:"


def merge(measured: Evidence, clip: Clip) -> Evidence:
    """The clip's measured evidence with what its owner brought, measured items first."""
    if not clip.evidence:
        return measured
    return measured.model_copy(update={"items": (*measured.items, *clip.evidence)})


def speaks(item: EvidenceItem) -> bool:
    """Whether a statement may rest on the item.

    An estimator of ours speaks below 5 % measured error. A user vouches for what he brings, unless he gives an error of
    5 % or more with it.
    """
    if item.source.startswith(USER):
        return item.error is None or item.error < SPEAKING_ERROR
    return item.error is not None and item.error < SPEAKING_ERROR
