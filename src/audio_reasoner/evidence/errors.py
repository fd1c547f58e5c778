"""How often each estimator is wrong, as measured by `benchmarks/evidence_errors.py`; docs/evidence.md says what counts.

Decision: the figures are data beside the code. None means "not measured", and then nobody may speak of the item.
"""

from __future__ import annotations

ERRORS: dict[str, float | None] = {}
