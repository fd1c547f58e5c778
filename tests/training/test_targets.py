"""An ablation learns other texts about the same clips and questions, and nothing else changes."""

from __future__ import annotations

from typing import get_args

import pytest

from audio_reasoner.core.chain import parse_chain
from audio_reasoner.core.choices import render_question
from audio_reasoner.core.run import RunDir
from audio_reasoner.cota import BuildSettings, build_sync
from audio_reasoner.dataset import Row, read_rows
from audio_reasoner.synth.job import plan_run
from audio_reasoner.training.targets import DESCRIBE, Learn, targets, without_options


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Row]]:
    run = tmp_path_factory.mktemp("targets") / "run"
    plan_run(run, 12, 4, min_events=2, max_events=4)
    build_sync(RunDir.open(run), BuildSettings(style="brief", questions_per_clip=3), watch=lambda _: None)
    out: dict[str, list[Row]] = {}
    for row in read_rows(run / "dataset"):
        out.setdefault(row.clip_id, []).append(row)
    return out


@pytest.mark.parametrize("learn", get_args(Learn))
def test_every_form_asks_the_same_and_ends_with_the_same_answer(learn: Learn, rows: dict[str, list[Row]]) -> None:
    found = targets(rows, learn)
    assert list(found) == list(rows)
    for clip, some in rows.items():
        asked = [t for t in found[clip] if t.question != DESCRIBE]
        assert [t.sample_id for t in asked] == [r.sample_id for r in some]
        assert [t.question for t in asked] == [render_question(r.question, r.options) for r in some]
        assert all(t.answer.endswith(f"<RESPONSE>{r.response}</RESPONSE>") for t, r in zip(asked, some, strict=True))


def test_the_forms_differ_in_what_stands_before_the_answer(rows: dict[str, list[Row]]) -> None:
    clip, some = next(iter(rows.items()))
    row = some[0]
    by_form = {learn: targets(rows, learn)[clip] for learn in get_args(Learn)}
    assert by_form["chain"][0].answer == row.chain().to_text()
    assert by_form["answer"][0].answer == f"<RESPONSE>{row.response}</RESPONSE>"
    assert by_form["caption_answer"][0].answer.startswith(f"<CAPTION>{row.caption}</CAPTION>")
    assert "REASONING" not in by_form["caption_answer"][0].answer
    pair = by_form["caption_and_answer"][:2]
    assert [t.question == DESCRIBE for t in pair] == [False, True]
    assert pair[1].answer == f"<CAPTION>{row.caption}</CAPTION>"


def test_foreign_reasoning_comes_from_another_clip_and_is_used_once(rows: dict[str, list[Row]]) -> None:
    of = {r.reasoning: r.clip_id for some in rows.values() for r in some}
    for clip, some in targets(rows, "foreign_reasoning").items():
        for target, row in zip(some, rows[clip], strict=True):
            reasoning = target.answer.split("<REASONING>")[1].split("</REASONING>")[0]
            same_type = [r for k in rows.values() for r in k if r.family == row.family and r.clip_id != clip]
            assert reasoning in {r.reasoning for r in same_type} or not same_type
            assert of[reasoning] != clip or not same_type
            assert target.answer == row.chain().replace(reasoning=reasoning).to_text()


def test_a_question_without_options_has_a_chain_without_them(rows: dict[str, list[Row]]) -> None:
    told = {t.sample_id: t for some in targets(rows, "chain", 1.0).values() for t in some}
    asked = [r for some in rows.values() for r in some]
    assert set(told) == {r.sample_id for r in asked}
    changed = 0
    for row in asked:
        question, answer = told[row.sample_id].question, told[row.sample_id].answer
        chain = parse_chain(answer)
        assert chain.well_formed
        if question == row.question:
            changed += 1
            assert chain.response == row.gold_text
            assert "(a)" not in answer
            assert chain.sections["caption"] == row.caption
        else:
            assert answer == row.chain().to_text()
    assert changed > len(asked) // 2
    some = {t.question for ts in targets(rows, "chain", 0.5).values() for t in ts}
    assert 0 < len(some & {r.question for r in asked}) < changed


def test_a_question_about_its_options_keeps_them(rows: dict[str, list[Row]]) -> None:
    row = next(iter(rows.values()))[0]
    assert without_options(row.model_copy(update={"question": "Which of these sounds is heard?"})) is None
    assert without_options(row.model_copy(update={"family": "instrument"})) is None
    assert without_options(row.model_copy(update={"response": "a bell, I think"})) is None
