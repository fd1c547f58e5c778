"""What a data set cost: calls, tokens and money by stage and model, what failed, and what one kept sample comes to.

Decision: sums come from the ledger's calls, which all plans of a run share: an equal request is paid once, whatever plan
asks it. So the money is the run's, and a second plan that uses the same answers makes its samples cheaper, as it should.
"""

# ruff: noqa: E501 (markup and tables are easier to read unbroken)

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from markupsafe import Markup

from audio_reasoner.clients.ledger import CallTotals, LedgerReader
from audio_reasoner.core.errors import AudioReasonerError
from audio_reasoner.core.run import RunDir
from audio_reasoner.report import Section, card, cards, table, text, tile, tiles


@dataclass
class Costs:
    """Calls of a run. `used` counts results of the plan that come from a call, `different` the calls behind them.

    `answered`: the models behind a (provider, model), as the servers named them.
    """

    totals: list[CallTotals] = field(default_factory=list)
    failures: list[tuple[str, str, str, int | None, int]] = field(default_factory=list)
    used: int = 0
    different: int = 0
    answered: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)

    @property
    def micro(self) -> int:
        """Micro-dollars of all calls."""
        return sum(t.cost_micro for t in self.totals)


def read_costs(run: RunDir, plan_id: str) -> Costs:
    """The calls of a run; none where nobody was called or the ledger cannot be read."""
    if not run.ledger_path.is_file():
        return Costs()
    try:
        with LedgerReader.open(run.ledger_path) as ledger:
            totals = ledger.call_totals()
            if not totals:
                return Costs()
            used, different = ledger.calls_used(plan_id)
            return Costs(totals, ledger.failures_by_kind(), used, different, ledger.answered())
    except AudioReasonerError:
        return Costs()  # the funnel says what is wrong with the ledger


def money(micro: float) -> str:
    """Micro-dollars for reading.

    >>> money(0), money(420), money(1_234_567), money(12_345_678_900)
    ('$0', '$0.00042', '$1.23', '$12,345.68')
    """
    dollars = micro / 1e6
    if not dollars:
        return "$0"
    return f"${dollars:,.2f}" if dollars >= 0.1 else f"${dollars:.2g}"


def costs_section(costs: Costs, accepted: int) -> Section | None:
    """The chapter about cost, or None where nothing was called."""
    if not costs.totals:
        return None
    tried: dict[tuple[str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for kind, model, code, status, n in costs.failures:
        mine = tried[kind, model]
        mine["failed"] += n
        mine["429"] += n if status == 429 or "429" in code else 0
    groups: dict[tuple[str, str, str], list[CallTotals]] = defaultdict(list)
    for total in costs.totals:
        groups[total.kind, total.provider, total.model].append(total)
    calls = sum(t.calls for t in costs.totals)
    failed = sum(t.calls for t in costs.totals if t.state == "failed")
    tokens_in, tokens_out = sum(t.tokens_in for t in costs.totals), sum(t.tokens_out for t in costs.totals)
    lines: list[list[str | Markup]] = []
    for (kind, provider, model), found in sorted(groups.items()):
        of = {state: sum(t.calls for t in found if t.state == state) for state in ("done", "failed", "sent")}
        n = sum(t.calls for t in found)
        spent = sum(t.cost_micro for t in found)
        mine = tried.get((kind, model), {})
        lines.append(
            [kind, f"{provider}: {model}", text.count(n), text.count(of["failed"]), text.count(of["sent"]),
             text.count(mine.get("failed", 0)), text.count(mine.get("429", 0)), text.count(sum(t.tokens_in for t in found)),
             text.count(sum(t.tokens_out for t in found)), money(spent),
             money(spent / accepted) if accepted else "–"]
        )  # fmt: skip
    lines.append(
        ["All", "", text.count(calls), text.count(failed), text.count(sum(t.calls for t in costs.totals if t.state == "sent")),
         text.count(sum(m["failed"] for m in tried.values())), text.count(sum(m["429"] for m in tried.values())),
         text.count(tokens_in), text.count(tokens_out), Markup("<b>{}</b>").format(money(costs.micro)),
         Markup("<b>{}</b>").format(money(costs.micro / accepted) if accepted else "–")]
    )  # fmt: skip
    header = ["Stage", "Model", "Calls", "Failed", "No reply yet", "Failed tries", "of these 429", "Tokens in", "Tokens out",
              "Money", "per kept sample"]  # fmt: skip
    parts = [
        card(
            "By stage and model",
            table(header, lines, numeric=tuple(range(2, 11)), caption="Calls, tokens and money"),
            "A call is one request with an answer of its own; a failed try was sent again. Calls without a reply yet count "
            "with the price reserved for them. A model without a price counts as free.",
            wide=True,
        )
    ]
    if costs.answered:
        named: list[list[str | Markup]] = [
            [f"{provider}: {model}", ", ".join(versions)]
            for (provider, model), versions in sorted(costs.answered.items())
        ]
        parts.append(
            card(
                "Who answered",
                table(["Model asked for", "Answered as"], named, caption="Models behind the names"),
                "As the servers named themselves. Several names: an alias moved on, or a gateway chose.",
            )
        )
    if costs.failures:
        wrong: list[list[str | Markup]] = [
            [kind or "–", model or "–", Markup("<code>{}</code>").format(code), str(status or "–"), text.count(n)]
            for kind, model, code, status, n in costs.failures[:20]
        ]
        parts.append(
            card(
                "Tries that failed",
                table(["Stage", "Model", "Code", "HTTP", "How often"], wrong, numeric=(3, 4), caption="Failed tries"),
                "Each was tried again, was set aside with that code, or ended the build.",
                wide=True,
            )
        )
    again = costs.used - costs.different
    top = tiles(
        [
            tile("calls", text.count(calls), f"{text.share(failed, calls)} failed"),
            tile("spent", money(costs.micro), "all plans of this run" if costs.micro else "as far as prices are known"),
            tile("a kept sample", money(costs.micro / accepted) if accepted else "–", f"{text.count(accepted)} kept"),
            tile(
                "tokens",
                text.count(tokens_in + tokens_out),
                f"{text.share(tokens_out, tokens_in + tokens_out)} written",
            ),
            tile("answers used again", text.count(max(again, 0)), f"of {text.count(costs.used)} results from calls"),
        ]
    )
    return Section(
        "cost",
        "What it cost",
        top + Markup('<div class="below">{}</div>').format(cards(parts)),
        "From the ledger: every call that was sent, whatever became of its sample.",
    )
