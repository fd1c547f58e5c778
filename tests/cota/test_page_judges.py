"""What a report says of a build with language models: every loss at its step, judges, solver and money."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from test_pages import make_clip, make_row, make_run, report

from audio_reasoner.clients.ledger import Ledger, LedgerReader, Quarantined
from audio_reasoner.core.chain import Chain
from audio_reasoner.core.records import Annotation, Clip, Question
from audio_reasoner.core.run import RunDir
from audio_reasoner.cota.keep import keep_key
from audio_reasoner.cota.page_costs import money, read_costs
from audio_reasoner.cota.page_facts import RowFacts, SourceFacts
from audio_reasoner.cota.page_judges import read_judgements
from audio_reasoner.cota.page_published import TABLE_2, TOTAL, line_of
from audio_reasoner.cota.units import Roles

CONFIG = {
    "settings": {"teacher": "openai:m", "discriminator": "openai:j", "solver": "openai:s", "seed": 0},
    "versions": {"teacher": "m", "checks": "checks/1", "evidence": "e/1"},
}


def judged(judge: str, code: str = "") -> str:
    decision = "rejected" if code else "accepted"
    findings = [{"code": code, "detail": f"detail of {code}"}] if code else []
    return json.dumps(
        {"decision": decision, "verdicts": [{"judge": judge, "decision": decision, "findings": findings}]}
    )


def solved(accuracy: float, *, blind: float = 0.25, noise: bool = False) -> str:
    return json.dumps(
        {
            "decision": "solved", "solver": "openai:s", "blind": {"text": blind, "silence": None},
            "audio": {"accuracy": accuracy}, "difficulty": 1 if accuracy > 0.8 else 3, "label_noise": noise,
            "audio_dependence": round(accuracy - blind, 3), "trials": 3,
        }
    )  # fmt: skip


def remote_run(tmp_path: Path) -> tuple[RunDir, list[Clip]]:
    """Question 0 is kept, 1 fails the checks, 2 the judge, 3 is filtered, 4 has no chain, 5 waits for its judge."""
    clips = [make_clip(tmp_path / "a", i) for i in range(2)]
    clip = clips[0].clip_id
    run = RunDir.open(make_run(tmp_path, clips, [make_row(clips[0], 0)]))
    options = ("dog", "bell", "silence")
    questions = tuple(
        Question(
            task="sound_qa", family="order", text=f"What is heard, {k}?", options=options, gold_text=options[k % 3],
            gold_index=k % 3, difficulty=2,
        )
        for k in range(6)
    )  # fmt: skip
    chain = Chain(
        planning="p", caption="The bell comes first.", reasoning="So it is.", summary="s", response="r"
    ).model_dump_json()
    stages: dict[tuple[int, str], str] = {(k, "think"): chain for k in (0, 1, 2, 3, 5)}
    stages |= {(k, "check"): judged("checks", "leak.gold" if k == 1 else "") for k in (0, 1, 2, 3, 5)}
    stages |= {(k, "judge"): judged("openai:j", "teacher.says_false" if k == 2 else "") for k in (0, 2, 3)}
    stages |= {(0, "solve"): solved(1.0), (3, "solve"): solved(0.0, noise=True)}
    with Ledger(run.ledger_path) as ledger:
        key = "k" * 64
        ledger.write(
            [
                ledger.put_plan("p1", CONFIG),
                ledger.set_meta("current_plan", "p1"),
                ledger.set_meta(keep_key("p1"), {"drop_label_noise": True}),
                ledger.put_derived(
                    "p1", clip, "annotate", Annotation(caption="c", questions=questions).model_dump_json(),
                    parser_version="2", call_key=key,
                ),
                ledger.put_done(clip, 0, "p1"),
                ledger.put_quarantine("p1", Quarantined(f"{clip}/4", "think", "teacher.safety", "blocked", 1)),
                ledger.put_attempt(key, 1, "teacher.http_429", 429),
                *(
                    ledger.put_derived("p1", f"{clip}/{k}", stage, text, parser_version="2", call_key=key)
                    for (k, stage), text in stages.items()
                ),
                (
                    "INSERT INTO calls (call_key, kind, provider, model, prompt_sha, state, finish, tokens_in, "
                    "tokens_out, cost_micro, started_at, ended_at) "
                    "VALUES (?, 'annotate', 'openai', 'm', '', 'done', 'stop', 900, 100, 12500, 'a', 'b')",
                    (key,),
                ),
            ]
        )  # fmt: skip
    return run, clips


def test_every_chain_is_lost_at_one_step_and_the_funnel_adds_up(tmp_path: Path) -> None:
    run, _ = remote_run(tmp_path)
    with LedgerReader.open(run.ledger_path) as ledger:
        found = read_judgements(ledger, "p1", Roles(judged=True, solved=True), show=10)
    assert found.seen == {"check": 5, "judge": 3, "solve": 2}
    assert found.reasons("check") == (("leak.gold", 1),)
    assert found.reasons("judge") == (("teacher.says_false", 1),)
    assert found.reasons("keep") == (("keep.label_noise", 1),)
    assert found.waiting("judge") == (("not judged yet", 1),)
    assert found.kept == 1
    assert sorted(decision for _, decision in found.refused) == ["filtered", "rejected", "rejected"]
    assert found.codes["judge", "openai:j", "teacher.says_false"].example == "detail of teacher.says_false"


def test_a_question_refused_before_its_chain_is_lost_before_the_chains(tmp_path: Path) -> None:
    run, clips = remote_run(tmp_path)
    with Ledger(run.ledger_path) as ledger:
        unit = f"{clips[0].clip_id}/4"  # has no chain
        ledger.write(
            [
                ledger.clear_quarantine("p1", unit, "think"),
                ledger.put_derived("p1", unit, "check", judged("checks", "question.no_gold"), parser_version="2"),
            ]
        )
    page = report(run.path)
    assert "Chains written 5 questions 83.3% −1 question.no_gold" in page.text
    assert "Passed the checks 4 questions 80.0% −1 leak.gold" in page.text
    assert "question, before a chain checks question.no_gold 1" in page.text


def test_page_of_a_remote_build_shows_losses_judges_solver_and_money(tmp_path: Path) -> None:
    run, _ = remote_run(tmp_path)
    with Ledger(run.ledger_path) as ledger:
        ledger.write([Ledger.put_answered("openai", "m", ["m-2026-01-15"])])
    page = report(run.path)
    assert "openai: m m-2026-01-15" in page.text  # the model behind a name
    assert "Passed the checks 4 questions 80.0% −1 leak.gold" in page.text
    assert "Passed the judge 2 questions 50.0%" in page.text
    assert "−1 teacher.says_false" in page.text
    assert "−1 keep.label_noise" in page.text
    assert "−1 teacher.safety" in page.text
    decisions = sorted(json.loads(e["data-facets"])["decision"] for e in page.entries)
    assert decisions == ["accepted", "filtered", "quarantined", "rejected", "rejected"]
    assert "blocked (step think, attempt 1)" in page.text
    assert "checks openai:j 3 2 1 0 0 66.7% 0.00" in page.text  # agreement, with Cohen's kappa
    assert "gold answer in doubt" in page.text
    assert "$0.013" in page.text or "$0.012" in page.text
    assert "annotate openai: m 1 0 0 1 1 900 100" in page.text  # one failed try, and it was a 429
    assert "What it cost" in page.text


def test_claims_are_marked_in_the_text(tmp_path: Path) -> None:
    run, _ = remote_run(tmp_path)  # the timeline begins with a dog, the chains say bell
    from audio_reasoner.cota.pages import write_report
    from audio_reasoner.report.browser import unpack

    source = write_report(run.path).read_text("utf-8")
    import re

    bodies = "".join("".join(unpack(x)) for x in re.findall(r'data-kind="bodies">([^<]*)<', source))
    assert '<mark class="contradicted"' in bodies
    assert "contradicted" in report(run.path).text


def test_offline_build_has_no_chapter_about_money(tmp_path: Path) -> None:
    clips = [make_clip(tmp_path / "a", 0)]
    run = make_run(tmp_path, clips, [make_row(clips[0], 0)])
    assert not read_costs(RunDir.open(run), "p1").totals
    assert "What it cost" not in report(run).text


def test_published_table_is_the_papers() -> None:
    assert round(TOTAL, 1) == 971.3
    assert [x.name for x in TABLE_2 if x.synthetic] == ["Multi-Speaker", "Complex Audio"]
    for line in TABLE_2:  # the printed percentages are those of the printed quantities
        assert abs(100 * line.thousands / TOTAL - float(line.percent.rstrip("%"))) < 0.04, line.name


@pytest.mark.parametrize(
    ("source", "task", "line"),
    [("MELD", "ser", "MELD"), ("covost2-de", "s2tt", "CoVoST2"), ("synth-complex", "complex_audio", "Complex Audio"),
     ("mine", "sarcasm", "Mustard"), ("mine", "sound_qa", None)],
)  # fmt: skip
def test_sources_find_their_line(source: str, task: str, line: str | None) -> None:
    facts = SourceFacts()
    facts.tasks[task] += 1
    found = line_of(source, facts)
    assert (found.name if found else None) == line


def test_small_sums_are_not_rounded_away() -> None:
    assert money(420) == "$0.00042"
    assert money(1_234_567) == "$1.23"


def test_letters_are_tested_per_number_of_options() -> None:
    from audio_reasoner.cota.page_answers import answers_section

    rows: Any = RowFacts()
    rows.letters[4].update({0: 700, 1: 100, 2: 100, 3: 100})
    rows.letters[2].update({0: 501, 1: 499})
    text = str(answers_section(rows).body)
    assert text.count("uneven ▲") == 1
    assert "<td>even</td>" in text
