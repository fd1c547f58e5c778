"""Building with language models: a real server on this machine, real sockets, real SDKs."""

from __future__ import annotations

import asyncio
import itertools
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cota_runs import ledger_rows, synthetic_run, tree_digest

from audio_reasoner.clients.ledger import Ledger, Write
from audio_reasoner.core.errors import EXIT_SPEND_CAP, ConfigError, EnvironmentProblem, TeacherError
from audio_reasoner.core.records import Question, SolverResult
from audio_reasoner.cota import BuildSettings, Keep, build_sync, engine
from audio_reasoner.cota.dry_run import dry_run
from audio_reasoner.cota.keep import why_left_out
from audio_reasoner.cota.outage import Outage
from audio_reasoner.cota.page_losses import read_losses
from audio_reasoner.cota.solver import result_of
from audio_reasoner.cota.statistics import statistics, status
from audio_reasoner.dataset import read_rows
from audio_reasoner.teachers import Hearing, Solved

if TYPE_CHECKING:
    from loopback import Running

Start = Callable[..., "Running"]


def settings(server: Running, **more: object) -> BuildSettings:
    return BuildSettings.model_validate({"teacher": f"openai:omni@{server.openai_url}", "timeout_s": 5.0, **more})


def test_a_model_writes_and_judges_and_nothing_is_asked_twice(tmp_path: Path, loopback: Start) -> None:
    server = loopback()
    run = synthetic_run(tmp_path / "r", 2)
    result = build_sync(run, settings(server), workers=0)
    rows = list(read_rows(run.dataset_dir))
    assert result.rows == len(rows) == result.accepted > 0
    assert {(r.teacher, r.model) for r in rows} == {("openai", "omni")}
    assert all({v.judge for v in r.verdicts} == {"checks", "openai:omni"} for r in rows)
    before, asked = tree_digest(run.dataset_dir), server.stats()["requests"]
    build_sync(run, settings(server), workers=0)
    assert tree_digest(run.dataset_dir) == before
    assert server.stats()["requests"] == asked
    filtered = settings(server, style="full", max_cost=None)
    assert build_sync(run, filtered, workers=0).plan_id == result.plan_id, "limits are not part of a plan"


def test_what_checks_reject_is_shown_to_no_judge(tmp_path: Path, loopback: Start) -> None:
    server = loopback(answers="mixed")
    run = synthetic_run(tmp_path / "r", 4)
    build_sync(run, settings(server), workers=0)
    found = statistics(run).funnel
    assert found.judged == found.accepted + found.rejected_by_judge
    assert found.rejected == found.rejected_by_checks + found.rejected_by_judge


def test_solver_captions_and_dialogues(tmp_path: Path, loopback: Start) -> None:
    server = loopback()
    run = synthetic_run(tmp_path / "r", 3)
    more = {"solver": f"openai:solve@{server.openai_url}", "trials": 2, "captions": True, "dialogues": True}
    result = build_sync(run, settings(server, **more), workers=0)
    rows = list(read_rows(run.dataset_dir))
    questions = [r for r in rows if r.task != "caption" and not r.history]
    assert all(r.solver_accuracy is not None and r.blind_accuracy is not None for r in questions if r.options)
    judged = {str(row[1]) for row in ledger_rows(run, "derived") if row[2] == "check"}
    assert {f"{r.clip_id}/caption" for r in questions} <= judged, "a description of every clip with a sample is judged"
    for row in rows:
        if row.history:
            own = [q for q in questions if q.clip_id == row.clip_id]
            assert len(row.history) == len(own) - 1
            assert {t.response for t in row.history} <= {q.response for q in own}
    asked = server.stats()["requests"]
    kept = build_sync(run, settings(server, **more, keep={"max_blind": 0.0}), workers=0)
    assert kept.plan_id == result.plan_id
    assert server.stats()["requests"] == asked, "another filter costs no call"
    assert all(not r.blind_accuracy for r in read_rows(run.dataset_dir))


def test_the_funnel_counts_questions_and_descriptions_alike(tmp_path: Path, loopback: Start) -> None:
    server = loopback(answers="mixed", faults="refusal=0.1,two_chains=0.1")
    run = synthetic_run(tmp_path / "r", 5)
    build_sync(run, settings(server, captions=True), workers=0)
    stages = read_losses(run, 5).stages
    assert [s.label for s in stages[:3]] == [
        "Clips with questions",
        "Questions and descriptions asked",
        "Chains written",
    ]
    found = statistics(run).funnel
    assert stages[1].count == found.questions + found.descriptions
    assert found.descriptions > 0
    for before, after in itertools.pairwise(stages[1:]):
        assert after.count + sum(n for _, n in after.losses) == before.count, after.label


def test_best_of_and_one_call(tmp_path: Path, loopback: Start) -> None:
    server = loopback()
    for name, more in (("best", {"best_of": 3}), ("one", {"one_call": True})):
        run = synthetic_run(tmp_path / name, 2)
        server.reset()
        result = build_sync(run, settings(server, **more), workers=0)
        assert result.accepted + result.rejected == statistics(run).funnel.questions
        assert result.rows == result.accepted
        if name == "one":
            assert server.stats()["requests"] <= 3 * 2 + result.rejected + 1


def test_the_spend_cap_stops_the_build_and_keeps_what_is_paid(tmp_path: Path, loopback: Start) -> None:
    server = loopback()
    prices = tmp_path / "prices.yaml"
    run = synthetic_run(tmp_path / "r", 6)
    with pytest.raises(ConfigError, match="price"):
        build_sync(run, settings(server, max_cost=1.0), workers=0)
    prices.write_text("version: 1\nmodels:\n  omni: {input: 1.0, output: 4.0}\n")
    free = {"max_in_flight": 1, "prices": prices}
    result = build_sync(run, settings(server, max_cost=0.03, **free), workers=0)
    assert result.exit_code == EXIT_SPEND_CAP
    assert result.spent_usd <= 0.03
    assert result.rows is not None
    again = build_sync(run, settings(server, **free), workers=0)
    assert again.clips_done == 6


def test_a_build_that_cannot_call_leaves_the_run_as_it_was(
    tmp_path: Path, loopback: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = loopback()
    run = synthetic_run(tmp_path / "r", 2)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    (tmp_path / "bad.yaml").write_text("models: 3")
    teacher = settings(server)
    wrong = {
        "price.unknown": {**teacher.model_dump(), "max_cost": 1.0, "seed": 1},
        "price.file": {**teacher.model_dump(), "prices": tmp_path / "bad.yaml", "seed": 2},
        "endpoint.no_key": {"teacher": "openai:omni", "seed": 3},
        "prompts.missing": {**teacher.model_dump(), "prompts": tmp_path / "none", "seed": 4},
        "teacher.unknown": {"teacher": "oracle", "seed": 5},
    }
    for built in (False, True):
        if built:
            build_sync(run, teacher, workers=0)
        state, plans = status(run)["state"], status(run).get("plans")
        for code, given in wrong.items():
            with pytest.raises(ConfigError) as caught:
                build_sync(run, BuildSettings.model_validate(given), workers=0)
            assert caught.value.code == code
            assert (status(run)["state"], status(run).get("plans")) == (state, plans), code
    assert state == "done"
    # What stands in the ledger is written again without anybody to ask.
    gone = BuildSettings.model_validate({**teacher.model_dump(), "max_cost": 1.0})
    assert build_sync(run, gone, workers=0).rows


def test_a_pilot_is_paid_once(tmp_path: Path, loopback: Start) -> None:
    server = loopback()
    run = synthetic_run(tmp_path / "r", 6)
    first = dry_run(run, settings(server), pilot=2, workers=0)
    asked = server.stats()["requests"]
    assert (first.pilot, first.left) == (2, 4)
    assert first.total is not None
    assert first.total.calls.low <= first.total.calls.value <= first.total.calls.high
    second = dry_run(run, settings(server), pilot=2, workers=0)
    assert server.stats()["requests"] == asked
    assert second.total == first.total
    told = status(run)
    assert (told["done"], told["total"], told["state"]) == (2, 6, "tried by a dry run, not built yet")


def test_a_build_that_dies_at_any_commit_asks_for_nothing_twice(
    tmp_path: Path, loopback: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Replies that cannot be read are asked for again with another number: a resumed build counts from the ledger.
    server = loopback(faults="unclosed=0.15,two_chains=0.1,refusal=0.05,length=0.1,empty=0.05", answers="mixed")
    more = {"max_in_flight": 1, "best_of": 2, "captions": True}
    straight, broken = synthetic_run(tmp_path / "straight", 3), synthetic_run(tmp_path / "broken", 3)
    build_sync(straight, settings(server, **more), workers=0)
    served = server.stats()["served"]
    server.reset()
    left = [0]
    commit = Ledger.commit

    async def until_it_breaks(self: Ledger, writes: Iterable[Write]) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise EnvironmentProblem("the disk is gone", code="disk.full")
        await commit(self, writes)

    monkeypatch.setattr(engine, "CALLS_GRACE_S", 0.1)
    deaths = in_flight = 0
    for room in itertools.count(9, 5):  # further each time, whatever stands in the ledger already
        left[0] = room
        try:
            with monkeypatch.context() as patch:
                patch.setattr(Ledger, "commit", until_it_breaks)
                build_sync(broken, settings(server, **more), workers=0)
            break
        except EnvironmentProblem:
            deaths += 1
            in_flight += sum(row[6] == "sent" for row in ledger_rows(broken, "calls"))
    assert deaths >= 5
    assert server.stats()["served"] <= served + in_flight
    assert in_flight <= 4 * deaths, "one out, some made ready or waiting to be sent again"
    for table in ("derived", "clips", "quarantine"):
        assert ledger_rows(broken, table) == ledger_rows(straight, table)
    assert tree_digest(broken.dataset_dir) == tree_digest(straight.dataset_dir)


@pytest.mark.system  # a server that never answered is waited for half a minute
def test_a_server_that_is_away_quarantines_nobody(tmp_path: Path, loopback: Start) -> None:
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    run = synthetic_run(tmp_path / "r", 12)
    away = BuildSettings(teacher=f"openai:omni@http://127.0.0.1:{port}/v1", patience_s=1.0)
    with pytest.raises(EnvironmentProblem) as caught:
        build_sync(run, away, workers=0)
    assert caught.value.code == "teacher.unreachable"
    assert not ledger_rows(run, "quarantine")


def test_a_wrong_key_stops_at_once(tmp_path: Path, loopback: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    server = loopback(key="right")
    monkeypatch.setenv("OPENAI_API_KEY", "wrong")
    run = synthetic_run(tmp_path / "r", 12)
    with pytest.raises(ConfigError) as caught:
        build_sync(run, settings(server), workers=0)
    assert caught.value.code == "teacher.auth"
    assert not ledger_rows(run, "quarantine")


def test_an_outage_is_told_from_a_request_that_fails() -> None:
    async def main() -> None:
        watch = Outage(patience_s=0.2, pause_s=0.02)

        async def away() -> None:
            raise TeacherError("nobody there", code="teacher.unreachable")

        async def poisoned() -> None:
            await asyncio.sleep(0.01)
            raise TeacherError("it fell over", code="teacher.http_500")

        with pytest.raises(TeacherError) as alone:
            await watch.ask("one", poisoned)
        assert alone.value.code == "teacher.http_500", "one unit that fails is its own fault"
        with pytest.raises(EnvironmentProblem):
            await watch.ask("two", away)
        watch = Outage(patience_s=0.2, pause_s=0.02)
        many = await asyncio.gather(*(watch.ask(str(k), poisoned) for k in range(8)), return_exceptions=True)
        assert all(isinstance(e, EnvironmentProblem) for e in many), "everybody failing is an outage"

    asyncio.run(main())


def test_figures_of_a_solver() -> None:
    question = Question(
        task="sound_qa", family="choice", text="?", options=("a", "b", "c", "d"), gold_text="a", gold_index=0,
        difficulty=1,
    )  # fmt: skip

    def said(hearing: Hearing, *indices: int | None) -> list[Solved]:
        return [Solved(hearing, k, "", i, i == 0) for k, i in enumerate(indices)]

    needs = result_of(question, said("audio", 0, 0, 0, 0) + said("text", 1, 2, 3, 0) + said("silence", 1, 1, 2, 3), 4)
    assert (needs.audio_dependence, needs.difficulty, needs.label_noise) == (1.0, 1, False)
    blind = result_of(question, said("audio", 0, 0) + said("text", 0, 0) + said("silence", 1, 0), 2)
    assert blind.audio_dependence == 0.0
    noisy = result_of(question, said("audio", 2, 2, 2, 0) + said("text", 1, 1, 1, 1), 4)
    assert noisy.label_noise
    assert noisy.difficulty == 3
    assert why_left_out(Keep(drop_label_noise=True), noisy) == "keep.label_noise"
    assert why_left_out(Keep(max_difficulty=2), noisy) == "keep.difficulty"
    assert why_left_out(Keep(max_blind=0.5), blind) == "keep.blind"
    assert why_left_out(Keep(min_audio_dependence=0.5), blind) == "keep.audio_dependence"
    assert why_left_out(Keep(max_blind=0.5), SolverResult()) is None


@pytest.mark.system
def test_three_kills_among_faults_change_no_byte() -> None:
    script = Path(__file__).parents[2] / "benchmarks" / "faults.py"
    faults = "429=0.05,500=0.03,reset=0.05,garbage=0.03,refusal=0.03,two_chains=0.03,unclosed=0.05"
    words = ["--kills", "3", "--clips", "5", "--latency", "0.1", "--faults", faults]
    done = subprocess.run([sys.executable, script, *words], capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "unequal=0 not_ended_once=0 orphans=0" in done.stdout.splitlines()[-1]
