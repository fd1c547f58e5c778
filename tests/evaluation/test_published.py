"""The paper's figures: kept as printed, recomputed by code, and the page in docs equal to what the code says."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from audio_reasoner.evaluation.published import (
    OURS,
    averages,
    cota,
    elsewhere,
    gains,
    geometric_mean,
    mmau_fractions,
    nearest_counts,
    possible_counts,
    published_table,
    published_tables,
    remarks,
    table_for,
    written,
)
from audio_reasoner.evaluation.published_page import to_markdown
from audio_reasoner.evaluation.registry import BENCHMARKS

DOC = Path(__file__).parents[2] / "docs" / "published-versus-recomputable.md"


def test_the_page_in_docs_is_what_the_code_says() -> None:
    hint = "python -m audio_reasoner.evaluation.published_page > docs/published-versus-recomputable.md"
    assert DOC.read_text(encoding="utf-8") == to_markdown(), hint


def test_tables_have_a_value_for_every_column() -> None:
    assert [t.number for t in published_tables()] == [4, 5, 6, 7, 8]
    assert [len(t.rows) for t in published_tables()] == [12, 12, 9, 3, 4]
    for table in published_tables():
        assert set(table.benchmarks) <= set(BENCHMARKS)
        assert table.headline in table.columns
        assert [r.model for r in table.rows if r.access == "paper"] == [OURS]
        for row in table.rows:
            assert len(row.values) == len(table.columns), row
            for value in row.values:
                assert value is None or 0 < Fraction(value) < 100
    assert {e.benchmark for e in elsewhere()} <= set(BENCHMARKS)
    assert table_for("covost2-zh-en") is published_table(7)
    assert table_for("mmar") is None


def test_which_fractions_are_possible() -> None:
    assert possible_counts("64.30", 334) == []
    assert possible_counts("60.70", 333) == []
    assert possible_counts("61.71", 1000) == []
    assert possible_counts("61.71", 1500) == []
    assert possible_counts("60.06", 333) == [(200, "rounded")]
    assert possible_counts("0.00", 10) == [(0, "rounded")]
    assert possible_counts("100.00", 10) == [(10, "rounded")]
    assert [f"{float(v):.2f}" for v in nearest_counts("60.70", 333)] == ["60.66", "60.96"]
    # Every count that is printed can be found again, rounded or cut.
    for n in (1, 7, 333, 334):
        for count in range(n + 1):
            cut = Decimal(10000 * count // n).scaleb(-2)
            assert count in [k for k, _ in possible_counts(f"{cut:.2f}", n)]
    ours = next(f for f in mmau_fractions() if f.model == OURS)
    assert [bool(c) for c in ours.counts] == [True, False, False, False]
    gemini = next(f for f in mmau_fractions() if f.model == "gemini-1.5-pro")
    assert gemini.micro == Fraction("54.9")


def test_digits_are_rounded_or_cut() -> None:
    assert written("0.67", Fraction(2, 3)) == "rounded"
    assert written("0.66", Fraction(2, 3)) == "cut"
    assert written("0.65", Fraction(2, 3)) is None
    assert written("8", Fraction(15, 2)) == "rounded"


def test_averages_of_the_specification() -> None:
    found = {(t.number, a.model, a.column): a for t in published_tables() for a in averages(t)}
    ours = found[4, OURS, "Avg"]
    assert ours.agrees == ""
    assert f"{float(dict(ours.ways)['mean of the columns']):.2f}" == "61.69"
    chat = found[5, OURS, "Average"]
    assert chat.agrees == ""
    assert f"{float(dict(chat.ways)['mean of the columns']):.2f}" == "7.64"
    assert found[5, "Qwen2-Audio-Instruct", "Average"].agrees == "mean of the columns"
    foundation = dict(found[6, OURS, "Average"].ways)
    assert f"{float(foundation['mean of the columns']):.2f}" == "65.16"
    assert f"{float(foundation['mean of the domain means']):.2f}" == "63.07"
    assert all(a.agrees for (number, _, _), a in found.items() if number in (6, 7))


def test_gains_of_the_specification() -> None:
    found = {(g.where, g.claim): g for g in gains()}
    assert found["abstract", "MMAU-mini"].how == "the ratio, cut"
    assert found["conclusion", "MMAU-mini"].how == "neither ratio nor difference"
    assert f"{float(found['abstract', 'MMAU-mini'].points):.2f}" == "12.51"
    assert found["introduction", "CoVoST 2"].how == "the ratio, rounded"
    assert found["conclusion", "CoVoST 2"].how == "neither ratio nor difference"
    assert found["abstract", "MELD"].how == "the ratio, cut"


def test_the_data_set_sums_to_less_than_claimed() -> None:
    sizes, claimed = cota()
    total = sum(n for n, _ in sizes.values())
    assert total == Fraction("971.3")
    assert claimed == 1200
    for name, (thousands, printed) in sizes.items():
        assert abs(100 * thousands / total - printed) < Fraction(5, 100), name


def test_remarks_name_what_does_not_add_up() -> None:
    joined = {t.number: " ".join(remarks(t)) for t in published_tables()}
    assert "61.71 is not what its columns give" in joined[4]
    assert "64.30 (Music, 334 questions)" in joined[4]
    assert "7.94 is not what its columns give (mean of the columns 7.64)" in joined[5]
    assert "48.2" in joined[6]
    assert "62.5" in joined[6]
    assert "48.8" in joined[7]
    assert "24.5" in joined[7]
    assert geometric_mean([Fraction(4), Fraction(9)]) == pytest.approx(6)
