"""How alike the chains are: their commonest sentence skeletons, over a fixed number of chains drawn by hash.

Decision: ten thousand chains, as in the promise that none of the grounded teacher's sentences is commoner than 2 %; more
would change the shares by less than a reader sees and take minutes for a million samples.
"""

# ruff: noqa: E501 (markup and tables are easier to read unbroken)

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

from audio_reasoner.core.chain import SECTIONS, Chain
from audio_reasoner.core.records import Clip, Question
from audio_reasoner.report import card, table, text

DRAWN = 10_000
SHOWN = 20
PROMISE = 0.02
_DISTINCT = 400_000


@dataclass
class Skeletons:
    """How many of `n` chains hold each skeleton, with one sentence's chain for each of the commonest."""

    n: int = 0
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, fields: Mapping[str, Any], clip: Clip | None) -> None:
        """Count the chain of a row, given as its columns. A damaged chain is left to the checks."""
        from audio_reasoner.grounded import skeletons, words_for

        try:
            chain = Chain(**{s: fields[s] for s in SECTIONS})
            question = Question(
                task=fields["task"], family=fields["family"], text=fields["question"],
                options=tuple(fields["options"]), gold_text=fields["gold_text"], gold_index=fields["gold_index"],
                difficulty=fields["difficulty"],
            )  # fmt: skip
        except ValueError:
            return
        self.n += 1
        self.counts.update(set(skeletons(chain, words_for(clip, question))))
        if len(self.counts) > _DISTINCT:
            self.counts = Counter({k: v for k, v in self.counts.items() if v > 1})


def skeletons_card(found: Skeletons, whole: int) -> Markup | None:
    """The twenty commonest, or None where there is no chain."""
    if not found.n:
        return None
    lines: list[list[str | Markup]] = [
        [str(i), Markup('<span dir="auto">{}</span>').format(text.shorten(skeleton, 160)), text.count(n),
         Markup("{}{}").format(text.share(n, found.n), " ▲" if n / found.n > PROMISE and found.n >= 1000 else "")]
        for i, (skeleton, n) in enumerate(sorted(found.counts.items(), key=lambda x: (-x[1], x[0]))[:SHOWN], 1)
    ]  # fmt: skip
    drawn = "all chains" if found.n >= whole else f"{text.count(found.n)} chains drawn by lot of {text.count(whole)}"
    return card(
        "The commonest sentences",
        table(["", "Sentence with labels, numbers and quotations masked", "Chains", "Share"], lines, numeric=(2, 3),
              caption="The twenty commonest sentence skeletons"),
        f"X stands for a label, N for a number, Q for a quotation, L for a letter; counted over {drawn}, each chain once. "
        f"{text.count(len(found.counts))} different skeletons. ▲ marks one in more than 2% of at least 1,000 chains: a "
        "model may learn the phrase instead of the thought.",
        wide=True,
    )  # fmt: skip
