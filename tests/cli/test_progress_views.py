"""What commands show while they work: lines in a file or a pipe, a bar on a terminal, nothing from a quiet process."""

from __future__ import annotations

import pytest

from audio_reasoner.cli.progress import BarView, PhaseView, bars, stderr


def test_a_pipe_gets_a_line_for_each_phase_and_then_only_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    long = "runs/[red]my run[/red] " + "x" * 100
    with PhaseView() as view:
        assert view.bar is None
        view.say(long)
        for step in range(50):
            view.show("listening", step, 50, f"{step} of 50")
        view.show("saving", 0, 0, "")
        view.line("at the end", now=True)
    assert capsys.readouterr().err.splitlines() == [long, "listening 0 of 50", "saving", "at the end"]


def test_a_quiet_process_says_nothing(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for terminal in ("", "1"):
        monkeypatch.setenv("FORCE_COLOR", terminal)
        with PhaseView(quiet=True) as view:
            view.say("loading")
            view.show("training", 1, 2, "1 of 2")
    assert capsys.readouterr() == ("", "")


def test_a_terminal_gets_a_bar_that_goes_away(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    with BarView("clips · ") as view:
        assert view.bar is not None
        view.bar.add_task("building", total=3, completed=2, figures="7 samples")
        view.bar.refresh()
    assert view.bar is None
    shown = capsys.readouterr().err
    assert "clips · 7 samples" in shown
    assert shown.endswith("\x1b[2K"), "the line is wiped at the end"
    monkeypatch.delenv("FORCE_COLOR")
    with bars(stderr()) as short:
        short.add_task("planning", total=3)
    assert capsys.readouterr().err == ""


def test_a_pipe_gets_a_line_of_long_work_now_and_then(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]
    monkeypatch.setattr("audio_reasoner.cli.progress.time.monotonic", lambda: clock[0])
    with bars(stderr()) as long:
        task = long.add_task("exporting", total=300)
        for _ in range(300):
            clock[0] += 0.25
            long.advance(task)
        clock[0] += 20.0
        long.update(task, completed=300)
    assert capsys.readouterr().err.splitlines() == [f"exporting {n}/300" for n in (60, 120, 180, 240, 300, 300)]
