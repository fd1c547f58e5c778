"""Building in this process: what comes out, what is set aside, what a second build does."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cota_runs import ledger_rows, recordings_run, synthetic_run, tree_digest

from audio_reasoner import checks, evidence, synth, teachers
from audio_reasoner.core import ids
from audio_reasoner.core.errors import EXIT_OK, EXIT_QUARANTINED, ConfigError, EnvironmentProblem
from audio_reasoner.core.records import Annotation, EvidenceItem, Finding, Verdict
from audio_reasoner.core.run import RunDir
from audio_reasoner.cota import BuildSettings, build_sync, sample_audio
from audio_reasoner.cota.statistics import losses, statistics, status
from audio_reasoner.dataset import read_clips, read_rows, verify_dataset, write_clips
from audio_reasoner.grounded import GroundedTeacher

BRIEF = BuildSettings(style="brief", questions_per_clip=2)


def codes(run: RunDir) -> Counter[str]:
    return Counter(str(row[3]) for row in ledger_rows(run, "quarantine"))


def test_clips_become_samples(tmp_path: Path) -> None:
    run = synthetic_run(tmp_path / "r", 6)
    result = build_sync(run, BRIEF, workers=0)
    rows = list(read_rows(run.dataset_dir))
    assert result.exit_code == EXIT_OK
    assert result.rows == len(rows) == result.accepted == verify_dataset(run.dataset_dir)
    assert result.clips_done == 6
    assert result.rejected == 0
    assert {r.clip_id for r in rows} == {c.clip_id for c in read_clips(run.path)}
    for row in rows:
        assert row.sample_id == ids.sample_id(row.clip_id, row.question, row.options, result.plan_id)
        assert row.teacher == "grounded"
        assert row.options[row.gold_index or 0] == row.gold_text
        judges = {v.judge: v.decision for v in row.verdicts}
        assert judges == {"checks": "accepted", "grounded": "not_applicable"}


def test_workers_do_not_change_a_byte(tmp_path: Path) -> None:
    one, two = synthetic_run(tmp_path / "one", 9), synthetic_run(tmp_path / "two", 9)
    build_sync(one, BRIEF, workers=0)
    build_sync(two, BRIEF, workers=2)
    assert tree_digest(one.dataset_dir) == tree_digest(two.dataset_dir)


def test_a_limit_takes_the_first_and_a_later_build_goes_on(tmp_path: Path) -> None:
    straight, halved = synthetic_run(tmp_path / "a", 6), synthetic_run(tmp_path / "b", 6)
    build_sync(straight, BRIEF, workers=0)
    first = build_sync(halved, BRIEF, workers=0, limit=2)
    ordered = [c.clip_id for c in read_clips(halved.path)]
    assert first.clips == first.clips_done == 2
    assert {r.clip_id for r in read_rows(halved.dataset_dir)} == set(sorted(ordered)[:2])
    build_sync(halved, BRIEF, workers=0)
    assert tree_digest(straight.dataset_dir) == tree_digest(halved.dataset_dir)


def test_a_finished_build_is_not_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = synthetic_run(tmp_path / "r", 3)
    build_sync(run, BRIEF, workers=0)
    before = tree_digest(run.dataset_dir), ledger_rows(run, "derived")

    def never(*_: object) -> None:
        raise AssertionError("asked again")

    monkeypatch.setattr(GroundedTeacher, "annotate", never)
    monkeypatch.setattr(evidence, "measure", never)
    result = build_sync(run, BRIEF, workers=0)
    assert result.quarantined == 0
    assert (tree_digest(run.dataset_dir), ledger_rows(run, "derived")) == before


def test_evidence_is_measured_once_for_all_plans(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = synthetic_run(tmp_path / "r", 3)
    build_sync(run, BRIEF, workers=0)
    calls = []
    monkeypatch.setattr(evidence, "measure", lambda *a, **_: calls.append(a))
    result = build_sync(run, BuildSettings(style="brief", questions_per_clip=2, seed=5), workers=0)
    assert result.accepted > 0
    assert not calls


def test_a_plan_is_what_decides_the_samples(tmp_path: Path) -> None:
    run = synthetic_run(tmp_path / "r", 4)
    plan = build_sync(run, BRIEF, workers=0).plan_id
    assert build_sync(run, BRIEF, workers=2, limit=2).plan_id == plan
    for other in ({"seed": 1}, {"style": "full"}, {"questions_per_clip": 1}):
        assert build_sync(run, BRIEF.model_copy(update=other), workers=0, limit=1).plan_id != plan
    recordings = recordings_run(tmp_path / "more", tmp_path / "audio", ("accordion",))
    write_clips(run.path, read_clips(recordings.path))
    assert build_sync(run, BRIEF, workers=0).plan_id != plan, "new labels are new wrong options"


def test_an_earlier_plan_comes_back_without_new_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = synthetic_run(tmp_path / "r", 4)
    build_sync(run, BRIEF, workers=0)
    first = tree_digest(run.dataset_dir)
    build_sync(run, BRIEF.model_copy(update={"seed": 1}), workers=0)
    assert tree_digest(run.dataset_dir) != first
    monkeypatch.setattr(GroundedTeacher, "annotate", None)
    build_sync(run, BRIEF, workers=0)
    assert tree_digest(run.dataset_dir) == first


def test_a_file_that_vanished_or_changed_is_set_aside_until_it_is_back(tmp_path: Path) -> None:
    clean, run = (recordings_run(tmp_path / name, tmp_path / "audio") for name in ("clean", "run"))
    build_sync(clean, BRIEF, workers=0)
    gone, changed = tmp_path / "audio" / "0.wav", tmp_path / "audio" / "1.wav"
    good = gone.read_bytes(), changed.read_bytes()
    gone.unlink()
    changed.write_bytes(good[0])
    result = build_sync(run, BRIEF, workers=0)
    assert result.exit_code == EXIT_QUARANTINED
    assert codes(run) == {"audio.missing": 1, "clip.changed": 1}
    assert {r.source_id for r in read_rows(run.dataset_dir)} == {"2.wav"}
    details = [str(row[4]) for row in ledger_rows(run, "quarantine")]
    assert any(str(gone) in d for d in details)

    again = build_sync(run, BRIEF, workers=0)
    assert again.quarantined == 2, "only --retry-failed tries them again"
    gone.write_bytes(good[0])
    half = build_sync(run, BRIEF, workers=0, retry_failed=True)
    assert half.quarantined == 1
    assert [row[5] for row in ledger_rows(run, "quarantine")] == [2], "the second attempt"
    changed.write_bytes(good[1])
    whole = build_sync(run, BRIEF, workers=0, retry_failed=True)
    assert whole.exit_code == EXIT_OK
    assert tree_digest(run.dataset_dir) == tree_digest(clean.dataset_dir)


def test_a_changed_file_is_noticed_even_when_its_evidence_is_known(tmp_path: Path) -> None:
    run = recordings_run(tmp_path / "r", tmp_path / "audio")
    build_sync(run, BRIEF, workers=0)
    (tmp_path / "audio" / "1.wav").unlink()
    build_sync(run, BuildSettings(style="brief", seed=3), workers=0)
    assert codes(run) == {"audio.missing": 1}


def test_a_clip_that_the_teacher_refuses_is_set_aside(tmp_path: Path) -> None:
    run = recordings_run(tmp_path / "r", tmp_path / "audio", ("dog", "a <THINK> tag", "bell"))
    result = build_sync(run, BRIEF, workers=0)
    [aside] = ledger_rows(run, "quarantine")
    assert aside[2:4] == ("annotate", "grounded.label_unusable")
    assert result.exit_code == EXIT_QUARANTINED
    assert {r.source_id for r in read_rows(run.dataset_dir)} == {"0.wav", "2.wav"}
    assert statistics(run).funnel.quarantine == {"annotate grounded.label_unusable": 1}
    [loss] = losses(run, result.plan_id)
    assert (loss.reason, loss.count) == ("annotate grounded.label_unusable", 1)
    assert "1.wav" in loss.example


def test_an_error_nobody_expected_costs_one_clip_and_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = synthetic_run(tmp_path / "r", 4)
    victim = next(read_clips(run.path)).clip_id
    annotate = GroundedTeacher.annotate

    def broken(self: GroundedTeacher, clip: Any, evidence: Any = None) -> Annotation:
        if clip.clip_id == victim:
            raise ZeroDivisionError("a bug")
        return annotate(self, clip, evidence)

    monkeypatch.setattr(GroundedTeacher, "annotate", broken)
    assert build_sync(run, BRIEF, workers=0).clips_done == 4
    assert codes(run) == {"internal.ZeroDivisionError": 1}
    monkeypatch.setattr(GroundedTeacher, "annotate", annotate)
    assert build_sync(run, BRIEF, workers=0, retry_failed=True).exit_code == EXIT_OK


def test_a_question_that_fails_leaves_the_others_of_its_clip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = synthetic_run(tmp_path / "r", 5)
    think = GroundedTeacher.think

    def broken(self: GroundedTeacher, clip: Any, evidence: Any, annotation: Annotation, question: Any) -> Any:
        if question == annotation.questions[0]:
            raise ValueError("no")
        return think(self, clip, evidence, annotation, question)

    monkeypatch.setattr(GroundedTeacher, "think", broken)
    result = build_sync(run, BRIEF, workers=0)
    assert result.quarantined == 5
    assert result.accepted == 5
    monkeypatch.setattr(GroundedTeacher, "think", think)
    assert build_sync(run, BRIEF, workers=0, retry_failed=True).accepted == 10
    clean = synthetic_run(tmp_path / "clean", 5)
    build_sync(clean, BRIEF, workers=0)
    assert tree_digest(clean.dataset_dir) == tree_digest(run.dataset_dir)


def test_a_clip_listed_again_with_other_labels_or_evidence_is_built_again_and_no_other(tmp_path: Path) -> None:
    run = synthetic_run(tmp_path / "r", 3)
    build_sync(run, BRIEF, workers=0)
    stamp = {row[1]: row for row in ledger_rows(run, "derived") if row[2] == "annotate"}
    clips = list(read_clips(run.path))
    heard = EvidenceItem(name="asr", value="nothing is said", source="user:asr")
    write_clips(run.path, [clips[0].model_copy(update={"evidence": (heard,)}), *clips[1:]])
    done: list[int] = []
    result = build_sync(run, BRIEF, workers=0, watch=lambda p: done.append(p.done_before))
    assert result.clips_done == 3
    assert done[0] == 2  # one of three had to be made again
    again = {row[1]: row for row in ledger_rows(run, "derived") if row[2] == "annotate"}
    assert set(again) == set(stamp)
    build_sync(run, BRIEF, workers=0, watch=lambda p: done.append(p.done_before))
    assert done[-1] == 3


def test_the_same_question_twice_is_one_sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = synthetic_run(tmp_path / "r", 2)
    annotate = GroundedTeacher.annotate

    def stutter(self: GroundedTeacher, clip: Any, evidence: Any = None) -> Annotation:
        made = annotate(self, clip, evidence)
        return made.model_copy(update={"questions": (made.questions[0],) * 2})

    monkeypatch.setattr(GroundedTeacher, "annotate", stutter)
    result = build_sync(run, BRIEF, workers=0)
    assert result.rows == 2
    assert codes(run) == {"teacher.duplicate_question": 2}


def test_rejected_samples_are_counted_and_kept_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = synthetic_run(tmp_path / "r", 4)
    check = checks.check_sample

    def strict(clip: Any, evidence: Any, annotation: Annotation, question: Any, chain: Any) -> Verdict:
        if question == annotation.questions[0]:
            finding = Finding(code="chain.too_easy", detail="it is the first one")
            return Verdict(judge="checks", decision="rejected", findings=(finding,))
        return check(clip, evidence, annotation, question, chain)

    monkeypatch.setattr(checks, "check_sample", strict)
    result = build_sync(run, BRIEF, workers=0)
    assert (result.accepted, result.rejected, result.rows) == (4, 4, 4)
    assert result.exit_code == EXIT_OK, "a rejection is a judgement, not a failure"
    found = statistics(run)
    assert found.funnel.rejections == {"chain.too_easy": 4}
    assert found.funnel.questions == found.funnel.chains == 8
    assert found.composition is not None
    assert found.composition.samples == 4


def test_a_machine_problem_stops_the_build_and_it_resumes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = synthetic_run(tmp_path / "r", 30)
    measure, calls = evidence.measure, []

    def full(*a: Any, **more: Any) -> Any:
        calls.append(1)
        if len(calls) > 10:
            raise EnvironmentProblem("The disk is full.", code="environment.disk_full")
        return measure(*a, **more)

    monkeypatch.setattr(evidence, "measure", full)
    with pytest.raises(EnvironmentProblem, match="disk is full"):
        build_sync(run, BRIEF, workers=0)
    assert status(run)["state"] == "interrupted"
    assert not run.dataset_dir.exists()
    monkeypatch.setattr(evidence, "measure", measure)
    result = build_sync(run, BRIEF, workers=0)
    assert result.exit_code == EXIT_OK
    clean = synthetic_run(tmp_path / "clean", 30)
    build_sync(clean, BRIEF, workers=0)
    assert tree_digest(clean.dataset_dir) == tree_digest(run.dataset_dir)


def test_no_clips_and_no_such_teacher(tmp_path: Path) -> None:
    run = RunDir.create(tmp_path / "r")
    with pytest.raises(ConfigError, match="no clips") as error:
        build_sync(run, BRIEF, workers=0)
    assert "audio-reasoner clips folder" in error.value.hint
    with pytest.raises(ConfigError, match="'gemini'") as error:
        build_sync(run, BuildSettings(teacher="gemini"), workers=0)
    assert "grounded" in error.value.hint


def test_a_sample_is_heard_as_its_clip_sounds(tmp_path: Path) -> None:
    run = synthetic_run(tmp_path / "r", 2)
    build_sync(run, BRIEF, workers=0)
    clips = {c.clip_id: c for c in read_clips(run.path)}
    hear = sample_audio(run)
    for row in read_rows(run.dataset_dir):
        heard = hear(row)
        assert heard.dtype == np.float32
        assert np.array_equal(heard, synth.clip_audio(clips[row.clip_id]))
        assert len(heard) == round(row.duration_s * 16000)


def test_status_before_and_after(tmp_path: Path) -> None:
    run = RunDir.create(tmp_path / "r")
    assert status(run)["state"] == "no clips yet"
    synthetic_run(run.path, 4)
    assert status(run)["state"] == "not built"
    assert status(run)["clips"] == 4
    result = build_sync(run, BRIEF, workers=0)
    before = {p: p.stat().st_mtime_ns for p in run.path.iterdir()}
    found = status(run)
    assert {p: p.stat().st_mtime_ns for p in run.path.iterdir()} == before
    assert (found["state"], found["done"], found["total"], found["writer"]) == ("done", 4, 4, None)
    assert found["funnel"]["accepted"] == result.accepted


def test_statistics_add_up(tmp_path: Path) -> None:
    run = synthetic_run(tmp_path / "r", 5)
    result = build_sync(run, BuildSettings(style="brief"), workers=0)
    found = statistics(run).composition
    assert found is not None
    rows = list(read_rows(run.dataset_dir))
    assert found.samples == result.rows == sum(found.tasks.values()) == sum(found.difficulties.values())
    assert found.families == Counter(r.family for r in rows)
    assert sum(sum(c.values()) for c in found.letters.values()) == sum(r.gold_index is not None for r in rows)
    assert found.audio_s == pytest.approx(sum(c.duration_s for c in read_clips(run.path)))
    chain = found.words["chain"]
    assert chain.total == sum(len(" ".join(r.chain().model_dump().values()).split()) for r in rows)
    assert chain.least <= chain.mean <= chain.most


def test_a_question_type_that_nobody_asks_is_refused_by_name() -> None:
    with pytest.raises(ConfigError, match="counting") as caught:
        teachers.check_spec("grounded", ("count", "counting"))
    assert caught.value.code == "teacher.unknown_family"
    assert "count_of" in caught.value.hint
