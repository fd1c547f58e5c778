"""`audio-reasoner synth dialogue` as a user runs it: with real servers, real signals and real disks."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from dialogue_scripts import hike, libri, script_file
from script_model import good_text, running

from audio_reasoner.dataset import read_clips
from audio_reasoner.synth import clip_audio
from audio_reasoner.synth.scripts.orders import order, prompt
from audio_reasoner.synth.scripts.script import save_scripts
from loopback_tts import Options, serving

pytestmark = pytest.mark.system
COMMAND = (sys.executable, "-c", "from audio_reasoner.cli import main; main()", "synth", "dialogue")


def synth(*args: object, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *map(str, args)], capture_output=True, text=True, timeout=120, env={**os.environ, **env}
    )


def content(run: Path) -> dict[str, tuple[str, str | None]]:
    return {c.source_id: (c.content_key, c.split) for c in read_clips(run)}


def test_a_speech_server_that_dies_half_way_costs_nothing_spoken(tmp_path: Path) -> None:
    scripts, tree = script_file(tmp_path / "s.jsonl", 6), libri(tmp_path / "libri", 5)
    args = ("--scripts", scripts, "--voices", tree, "--patience", 0.5, "--concurrency", 2)
    with serving(Options(latency=0.02)) as server:
        done = synth(*args, "-o", tmp_path / "whole", "--tts", f"cosyvoice@{server.url}")
        assert done.returncode == 0, done.stderr
        needed = server.stats()["spoken"]
    with serving(Options(latency=0.02, die_after=needed // 2)) as server:
        done = synth(*args, "-o", tmp_path / "half", "--tts", f"cosyvoice@{server.url}")
        assert done.returncode == 1
        assert "voice.server_gone" in done.stderr
        assert "run the same command" in done.stderr
    kept = len(list((tmp_path / "half" / "voices").rglob("*.flac")))
    assert needed // 2 - 4 <= kept <= needed // 2
    with serving(Options(latency=0.02)) as server:
        done = synth(*args, "-o", tmp_path / "half", "--tts", f"cosyvoice@{server.url}")
        assert done.returncode == 0, done.stderr
        assert server.stats()["spoken"] == needed - kept
    # The first server's dialogues and the two servers' ones are the same, and so is their sound.
    assert content(tmp_path / "half") == content(tmp_path / "whole")
    assert {split for _, split in content(tmp_path / "half").values()} == {"train", "test"}
    for a, b in zip(read_clips(tmp_path / "half"), read_clips(tmp_path / "whole"), strict=True):
        np.testing.assert_array_equal(clip_audio(a), clip_audio(b))
        assert a.licence == "CC-BY-4.0"
        assert a.group.startswith("librispeech/")


def test_killed_and_called_again_equals_never_killed(tmp_path: Path) -> None:
    scripts = script_file(tmp_path / "s.jsonl", 10)
    args = ("--scripts", scripts, "--workers", 1)
    process = subprocess.Popen(
        [*COMMAND, *map(str, args), "-o", str(tmp_path / "killed")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    voices, deadline = tmp_path / "killed" / "voices", time.monotonic() + 60
    while len(list(voices.rglob("*.flac"))) < 6 and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    there = len(list(voices.rglob("*.flac")))
    assert 6 <= there < 30
    again = synth(*args, "-o", tmp_path / "killed")
    assert again.returncode == 0, again.stderr
    spoken = int(again.stdout.split(" turns spoken")[0].split("\n")[-1].replace(",", ""))
    assert len(list(voices.rglob("*.flac"))) == spoken + there
    whole = synth(*args, "-o", tmp_path / "whole")
    assert whole.returncode == 0, whole.stderr
    assert content(tmp_path / "killed") == content(tmp_path / "whole")


def test_named_voices_of_a_server_and_their_faults(tmp_path: Path) -> None:
    scripts = script_file(tmp_path / "s.jsonl", 6)
    args = ("--scripts", scripts, "--voice-names", "alloy,echo,nova", "--patience", 2)
    with serving(Options(faults="silent=0.15,short=0.1,html=0.1,500=0.1")) as server:
        done = synth(*args, "-o", tmp_path / "run", "--tts", f"openai:tts-1@{server.url}")
        assert done.returncode in (0, 4), done.stderr
        assert set(server.stats()["voices"]) == {"alloy", "echo", "nova"}
    clips = list(read_clips(tmp_path / "run"))
    assert len(clips) + (tmp_path / "run" / "voices" / "left-out.jsonl").read_text().count("\n") == 6
    assert clips
    for clip in clips:
        assert clip.timeline is not None
        # Nobody knows how a server performs "lively" or "calm": nothing is claimed.
        assert [e.style for e in clip.timeline.events if e.speaker] == [None, "neutral", None, "low"]
    with serving(Options(faults="silent=1")) as server:
        done = synth(*args, "-o", tmp_path / "silent", "--tts", f"openai:tts-1@{server.url}")
        assert done.returncode == 1
        assert "voice.silent" in done.stderr
    with serving(Options(faults="mp3=1")) as server:
        done = synth(*args, "-o", tmp_path / "mp3", "--tts", f"openai:tts-1@{server.url}")
        assert done.returncode == 2
        assert "MP3" in done.stderr


def test_scripts_of_a_language_model_are_paid_once_and_spoken(tmp_path: Path) -> None:
    counts = (2, 3)
    known = {prompt(order(3, i, speakers=counts)): order(3, i, speakers=counts) for i in range(3)}
    sick = prompt(order(3, 1, speakers=counts))
    args = ("-n", 3, "--seed", 3, "--speakers", 2, 3, "-o", tmp_path / "run", "--script-teacher")

    def answer(first: str, _messages: object, before: int) -> str:
        return "no" if first == sick and before < 2 else good_text(known[first])

    with running(answer) as m:
        done = synth(*args, f"openai:writer@{m.url}")
        assert done.returncode == 4, done.stderr
        assert "json.syntax" in done.stderr
        numbers = sorted(int(x.split("/")[1]) for x in content(tmp_path / "run"))
        assert numbers == [0, 2]
        again = synth(*args, f"openai:writer@{m.url}", "--retry-failed")
        assert again.returncode == 0, again.stderr
        asked = len(m.asked)
        other = synth(*args, f"openai:another@{m.url}")
        assert other.returncode == 2
        assert "synth.other_scenes" in other.stderr
        assert len(m.asked) == asked
    assert len(content(tmp_path / "run")) == 3
    for clip in read_clips(tmp_path / "run"):
        assert clip.timeline is not None
        assert len(clip.timeline.facts) > 1


def test_what_cannot_be_done_is_said_before_anybody_is_asked(tmp_path: Path) -> None:
    german = tmp_path / "de.jsonl"
    save_scripts(german, [hike(0, language="de")])
    tree = libri(tmp_path / "libri", 3, ("test-clean",))
    nowhere = "http://127.0.0.1:9"
    out = ("-o", tmp_path / "run")
    cases: list[tuple[tuple[object, ...], str, str]] = [
        (
            ("--scripts", german, "--tts", f"openai:t@{nowhere}", "--voice-names", "a,b,c"),
            "voice.language",
            "--tts-languages",
        ),
        (("-n", 1, "--language", "tlh"), "voice.language", "tlh"),
        (("-n", 1, "--tts", f"cosyvoice@{nowhere}"), "voice.people", "--voices"),
        (("-n", 1, "--tts", f"openai:t@{nowhere}"), "voice.people", "--voice-names"),
        (("-n", 1, "--voices", tree), "voice.people", "--tts"),
        (("-n", 1, "--tts", f"cosyvoice@{nowhere}", "--voices", tmp_path / "no"), "voice.no_tree", "LibriSpeech"),
        (("-n", 1, "--tts", "say"), "voice.spec", "espeak"),
        (("-n", 1, "--speakers", 5, 2), "script.speakers", "2 to 5"),
        (("--scripts", tmp_path / "no.jsonl"), "script.unreadable", "no.jsonl"),
        (
            ("-n", 4, "--speakers", 4, 5, "--tts", f"cosyvoice@{nowhere}", "--voices", tree),
            "voice.too_few",
            "fewer speakers",
        ),
    ]
    cases.append(
        (
            ("-n", 1, "--speakers", 2, 2, "--tts", f"cosyvoice@{nowhere}", "--voices", tree, "--patience", 0.3),
            "voice.unreachable",
            "Is the server running",
        )
    )
    # All in one process: each start costs more than what is tried.
    code = (
        "import json, sys\nfrom audio_reasoner.cli import main\n"
        "for k, args in enumerate(json.loads(sys.argv[1])):\n"
        "    sys.argv = ['audio-reasoner', 'synth', 'dialogue', *args]\n"
        "    try: main()\n"
        "    except SystemExit as e: print(f'\\ncase {k} ended with {e.code}', file=sys.stderr, flush=True)\n"
    )
    given = json.dumps([[str(x) for x in (*args, *out)] for args, _, _ in cases])
    done = subprocess.run([sys.executable, "-c", code, given], capture_output=True, text=True, timeout=120)
    assert "Traceback" not in done.stderr
    before = ""
    for k, (args, error, told) in enumerate(cases):
        said, mark, rest = (before or done.stderr).partition(f"case {k} ended with 2")
        assert mark, (args, done.stderr)
        assert error in said, (args, said)
        assert told in said, (args, said)
        before = rest
    assert not content(tmp_path / "run")


def test_a_full_disk_is_called_one(tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=350k", "tmpfs", str(small)], capture_output=True)
    if mounted.returncode:
        pytest.skip("mounting a small disk is not allowed here")
    try:
        args = ("--scripts", script_file(tmp_path / "s.jsonl", 4), "-o", small / "run")
        done = synth(*args)
        assert done.returncode == 1
        assert "environment.disk_full" in done.stderr, done.stderr
        assert "Traceback" not in done.stderr
        kept = len(list((small / "run").rglob("*.flac")))
        assert kept
        subprocess.run(["mount", "-o", "remount,size=20m", str(small)], check=True)
        done = synth(*args)
        assert done.returncode == 0, done.stderr
        assert len(content(small / "run")) == 4
    finally:
        subprocess.run(["umount", "-l", str(small)], check=False)
