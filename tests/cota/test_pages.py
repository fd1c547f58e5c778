"""The data report and `show`: what a user reads there is what the run holds."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from audio_reasoner.clients.ledger import Ledger, Quarantined
from audio_reasoner.core import ids
from audio_reasoner.core.chain import SECTIONS, Chain
from audio_reasoner.core.errors import AudioReasonerError
from audio_reasoner.core.records import Annotation, AudioRef, Clip, Event, Label, Question, Timeline
from audio_reasoner.core.run import RunDir
from audio_reasoner.cota.pages import write_report
from audio_reasoner.dataset import Row, read_rows, write_clips, write_dataset
from audio_reasoner.report.browser import unpack
from audio_reasoner.report.page import asset

HOSTILE = "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">'&\u2028[red]"
CHROMIUM = Path("/usr/bin/chromium")
FAMILIES = ("order", "count", "first")


def make_clip(folder: Path, i: int, *, label: str = "dog", seconds: float = 1.0, silent_file: bool = False) -> Clip:
    """A recorded clip: a tone in a WAV file."""
    path = folder / f"{label if label.isalnum() else 'x'}-{i}.wav"
    if not silent_file:
        folder.mkdir(parents=True, exist_ok=True)
        t = np.arange(int(seconds * 16_000)) / 16_000
        soundfile.write(path, 0.3 * np.sin(2 * np.pi * (300 + 50 * i) * t), 16_000)
    length = int(seconds * 16_000)
    events = (
        Event(start=length // 4, end=length // 2, label=label),
        Event(start=length // 2, end=length, label="bell"),
    )
    name = f"{label}/{i}.wav"
    return Clip(
        clip_id=ids.clip_id("field", name, 0, None),
        source="field",
        source_id=name,
        audio=AudioRef(path=str(path)),
        content_key=ids.digest({"i": i, "label": label}).hex(),
        duration_s=seconds,
        domains=("sound",),
        labels=(Label(kind="tag", value=label),),
        licence="CC-BY-4.0",
        group=name,
        timeline=Timeline(sample_rate=16_000, length=length, events=events),
    )


def make_question(clip: Clip, k: int, text: str) -> Question:
    options = (f"{clip.labels[0].value}, bell", "bell, dog and then a third sound", "silence")
    return Question(
        task="complex_audio", family=FAMILIES[k % 3], text=f"{text} {k}", options=options, gold_text=options[k % 3],
        gold_index=k % 3, difficulty=1 + k % 3,
    )  # fmt: skip


def make_row(
    clip: Clip, k: int, *, text: str = "Which sounds are heard?", plan: str = "p1", filler: str = "bark"
) -> Row:
    q = make_question(clip, k, text)
    return Row(
        sample_id=ids.sample_id(clip.clip_id, q.text, q.options, plan), clip_id=clip.clip_id, group=clip.group,
        audio_path=str(clip.audio.path), content_key=clip.content_key, duration_s=clip.duration_s, domains=clip.domains,
        task=q.task, family=q.family, source=clip.source, source_id=clip.source_id, licence=clip.licence,
        question=q.text, options=q.options, gold_text=q.gold_text, gold_index=q.gold_index, difficulty=q.difficulty,
        planning="I listen for each sound.", caption=f"First {filler}.", reasoning=f"{filler} " * (10 + 10 * k),
        summary="It fits.", response=f"({'abc'[k % 3]}) {q.gold_text}", teacher="grounded", model="grounded/1",
        verdicts=({"judge": "checks", "decision": "accepted"},), checks_version="checks/1",
    )  # fmt: skip


def make_run(tmp_path: Path, clips: Sequence[Clip], rows: Sequence[Row] | None) -> Path:
    run = RunDir.create(tmp_path / "run", source={"name": "field"})
    write_clips(run.path, clips)
    if rows is not None:
        write_dataset(run.dataset_dir, rows)
    return run.path


class Page(HTMLParser):
    """What a browser would load, run and show."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.loads: list[str] = []
        self.scripts = 0
        self.handlers: list[str] = []
        self.entries: list[dict[str, str]] = []
        self.sounds = 0
        self.words: list[str] = []
        self._hidden = 0
        self._templates: list[bool] = []
        for kind, text in re.findall(r'<template class="pack" data-kind="(\w+)">([^<]*)</template>', source):
            pack = unpack(text)
            if kind == "index":
                facets = pack["facets"]
                for i, ident in enumerate(pack["ids"]):
                    chosen = {k: f["values"][f["of"][i]] for k, f in facets.items()}
                    self.entries.append({"data-id": ident, "data-facets": json.dumps(chosen)})
            elif kind == "bodies":
                source += "".join(pack)
            elif kind == "parts":
                source += "".join(pack.values())
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        fields = {k: v or "" for k, v in attrs}
        self.loads += [
            f"{tag} {v}" for k, v in fields.items() if k in ("src", "href", "data-src", "action", "poster", "srcset")
        ]
        self.handlers += [k for k in fields if k.startswith("on")]
        self.scripts += tag == "script"
        self.sounds += tag == "audio"
        self._hidden += tag in ("script", "style")
        self._hidden += tag == "template" and fields.get("class") == "pack"
        if tag == "template":
            self._templates.append(fields.get("class") == "pack")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("script", "style") or (tag == "template" and self._templates.pop())

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))


def report(run: Path, **options: Any) -> Page:
    return Page(write_report(run, **options).read_text("utf-8"))


def test_numbers_of_the_page_are_those_of_the_run(tmp_path: Path) -> None:
    clips = [make_clip(tmp_path / "a", i, seconds=0.5 + 0.5 * i) for i in range(4)]
    rows = [make_row(c, k) for c in clips for k in range(3)]
    page = report(make_run(tmp_path, clips, rows))
    assert len(page.entries) == 12
    assert {e["data-id"] for e in page.entries} == {r.sample_id for r in rows}
    assert "All 12 samples." in page.text
    assert page.sounds == 4  # one player per clip, though each has three samples
    # words: 5 + 2 + (10, 20, 30) + 2 + the response's
    total = [len(" ".join(getattr(r, s) for s in SECTIONS).split()) for r in rows]
    assert f"words a chain {round(sum(total) / 12)} {min(total)} to {max(total)}" in page.text
    assert "clips 4 0% synthetic" in page.text
    assert "CC-BY-4.0" in page.text
    assert "3 12 33.3% 33.3% 33.3% 33.3% 0.0" in page.text  # right answers stand evenly at a, b, c
    for row in rows:
        assert row.question in page.text


def test_shortcut_table_finds_a_giveaway(tmp_path: Path) -> None:
    clips = [make_clip(tmp_path / "a", i) for i in range(12)]
    rows = [make_row(c, 1) for c in clips]  # the right answer is always (b), always the longest, always the same
    source = write_report(make_run(tmp_path, clips, rows)).read_text("utf-8")
    line = re.search(r"<tr><td>count</td>(.*?)</tr>", source)
    assert line is not None
    assert re.findall(r">([^<]+)<", line[1]) == ["12", "33.3%", "100%", "100%", "0%", "100%", "100%", " ▲"]


def test_a_fair_set_is_not_accused(tmp_path: Path) -> None:
    clips = [make_clip(tmp_path / "a", i) for i in range(9)]
    rows = [make_row(c, k).model_copy(update={"family": "count"}) for c in clips for k in range(3)]
    source = write_report(make_run(tmp_path, clips, rows)).read_text("utf-8")
    assert "33.3%</b></td>" in source
    assert "</b> ▲" not in source


def test_page_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    clips = [make_clip(tmp_path / "a", 0)]
    source = write_report(make_run(tmp_path, clips, [make_row(clips[0], 0)])).read_text("utf-8")
    page = Page(source)
    assert page.loads
    assert all(x.split(" ", 1)[1].startswith(("data:", "#")) for x in page.loads)
    assert page.scripts == 1
    assert not re.search(r"@import|url\(|https?://", source)
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', source)
    assert policy is not None
    assert "default-src &#39;none&#39;" in policy[1]
    assert "connect-src" not in policy[1]
    script = source[source.index("<script>") + 8 : source.index("</script>")]
    import base64
    import hashlib

    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"sha256-{digest}" in html.unescape(policy[1])  # otherwise the browser would refuse our own script


def test_hostile_labels_and_chains_stay_text(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a", 0, label=HOSTILE)
    row = make_row(clip, 0, text=HOSTILE, filler=HOSTILE)
    run = make_run(tmp_path, [clip], [row])
    quarantine = {"source": HOSTILE, "file": HOSTILE, "code": HOSTILE, "reason": HOSTILE, "hint": HOSTILE}
    (run / "clips" / "quarantine.jsonl").write_text(json.dumps(quarantine) + "\nnot json\n")
    page = report(run)
    assert page.scripts == 1
    assert not page.handlers
    assert all(x.split(" ", 1)[1].startswith(("data:", "#")) for x in page.loads)
    assert page.text.count("document.title='owned'") > 10  # shown as it stands
    assert "line 2 cannot be read" in page.text


def test_a_label_cannot_turn_the_reading_direction(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a", 0, label="a\u202ebell")
    page = report(make_run(tmp_path, [clip], [make_row(clip, 0)]))
    assert "a\ufffdbell" in page.text
    assert "1 samples about 1 clips" in page.text  # descriptions and dialogues are no questions
    assert "The last line says" not in page.text  # one question type: there is no such line


def test_same_run_same_bytes(tmp_path: Path) -> None:
    clips = [make_clip(tmp_path / "a", i) for i in range(3)]
    run = make_run(tmp_path, clips, [make_row(c, k) for c in clips for k in range(3)])
    one = write_report(run, tmp_path / "one.html", max_samples=4).read_bytes()
    assert write_report(run, tmp_path / "two.html", max_samples=4).read_bytes() == one
    assert write_report(run, tmp_path / "three.html", max_samples=4, seed=1).read_bytes() != one


def test_many_samples_are_drawn_evenly_over_types_and_the_page_says_so(tmp_path: Path) -> None:
    clips = [make_clip(tmp_path / "a", i) for i in range(10)]
    rows = [make_row(c, 0) for c in clips] + [make_row(c, 1) for c in clips] + [make_row(clips[0], 2)]
    page = report(make_run(tmp_path, clips, rows), max_samples=7)
    families = [json.loads(e["data-facets"])["type"] for e in page.entries]
    assert {f: families.count(f) for f in FAMILIES} == {"order": 3, "count": 3, "first": 1}
    assert "7 of 21 samples, drawn evenly over the question types." in page.text


def test_budget_is_kept_and_what_is_silent_is_said(tmp_path: Path) -> None:
    clips = [make_clip(tmp_path / "a", i, seconds=4) for i in range(12)]
    run = make_run(tmp_path, clips, [make_row(c, 0) for c in clips])
    full = write_report(run, tmp_path / "full.html").stat().st_size
    small = write_report(run, tmp_path / "small.html", budget_mb=0.2)
    assert full > 200_000 >= small.stat().st_size
    page = Page(small.read_text("utf-8"))
    assert 0 < page.sounds < 12
    assert len(page.entries) == 12
    assert f"To keep the page small, {12 - page.sounds} clip" in page.text


def test_long_chains_beyond_the_budget_mean_fewer_samples_and_the_page_says_so(tmp_path: Path) -> None:
    clips = [make_clip(tmp_path / "a", i) for i in range(16)]
    noise = [np.random.default_rng(i).bytes(8_000).hex() for i in range(16)]  # nothing that could be compressed
    run = make_run(tmp_path, clips, [make_row(c, 0, filler=x) for c, x in zip(clips, noise, strict=True)])
    path = write_report(run, budget_mb=0.3)
    page = Page(path.read_text("utf-8"))
    assert path.stat().st_size <= 300_000
    assert 0 < len(page.entries) < 16
    assert f"{len(page.entries)} of 16 samples" in page.text


def test_missing_sound_is_named_and_the_rest_stays(tmp_path: Path) -> None:
    clips = [make_clip(tmp_path / "a", 0), make_clip(tmp_path / "a", 1, silent_file=True)]
    page = report(make_run(tmp_path, clips, [make_row(c, 0) for c in clips]))
    assert page.sounds == 1
    assert "audio.missing" in page.text
    assert "The sound of 1 clip could not be read" in page.text


def test_sample_whose_clip_is_gone_is_still_shown(tmp_path: Path) -> None:
    clips = [make_clip(tmp_path / "a", i) for i in range(2)]
    page = report(make_run(tmp_path, clips[:1], [make_row(c, 0) for c in clips]))
    assert len(page.entries) == 2
    assert "not in the run's clips" in page.text


def test_clips_only(tmp_path: Path) -> None:
    clips = [make_clip(tmp_path / "a", i) for i in range(2)]
    page = report(make_run(tmp_path, clips, None))
    assert {e["data-id"] for e in page.entries} == {c.clip_id for c in clips}
    assert "none built yet" in page.text
    assert page.sounds == 2


def test_run_without_anything(tmp_path: Path) -> None:
    page = report(make_run(tmp_path, [], []))
    assert not page.entries
    assert "This run has no clips." in page.text


def test_run_where_everything_was_quarantined(tmp_path: Path) -> None:
    run = make_run(tmp_path, [], None)
    lines = [
        {"source": "s", "file": f"x{i}.wav", "code": "audio.silent", "reason": "is silent", "hint": "Replace it."}
        for i in range(3)
    ]
    (run / "clips").mkdir(exist_ok=True)
    (run / "clips" / "quarantine.jsonl").write_text("\n".join(map(json.dumps, lines)))
    page = report(run)
    assert "−3 audio.silent" in page.text
    assert "x2.wav" in page.text
    assert "Replace it." in page.text


def test_long_and_foreign_text(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a", 0, label="собака")
    row = make_row(clip, 0, text="这段录音里有什么?", filler="шум" * 3000).model_copy(update={"language": "zh"})
    page = report(make_run(tmp_path, [clip], [row]))
    assert "这段录音里有什么?" in page.text
    assert "The only sample." in page.text


def build_by_hand(run: Path, clips: Sequence[Clip]) -> None:
    """A ledger as the engine leaves it: clip 0 with one accepted and one rejected question, clip 1 in quarantine."""
    question = [make_question(clips[0], k, "What is heard?") for k in range(2)]
    chain = Chain(planning="p", caption="c", reasoning="Rejected reasoning.", summary="s", response="r")
    config = {
        "settings": {"teacher": "grounded"},
        "versions": {"teacher": "grounded/1", "checks": "checks/1", "evidence": "e/1"},
    }
    good = {"decision": "accepted", "verdicts": [{"judge": "checks", "decision": "accepted", "findings": []}]}
    finding = {"code": "claim.contradicted", "detail": "the bell comes second"}
    bad = {"decision": "rejected", "verdicts": [{"judge": "checks", "decision": "rejected", "findings": [finding]}]}
    with Ledger(run / "ledger.sqlite") as ledger:
        cid = clips[0].clip_id
        writes = [
            ledger.put_plan("p1", config),
            ledger.set_meta("current_plan", "p1"),
            ledger.put_derived(
                "p1",
                cid,
                "annotate",
                Annotation(caption="c", questions=tuple(question)).model_dump_json(),
                parser_version="1",
            ),
            ledger.put_done(cid, 0, "p1"),
            ledger.put_done(clips[1].clip_id, 1, "p1"),
            ledger.put_quarantine(
                "p1", Quarantined(clips[1].clip_id, "annotate", "grounded.nothing_known", "no label", 1)
            ),
        ]
        for k, judged in enumerate((good, bad)):
            writes.append(ledger.put_derived("p1", f"{cid}/{k}", "think", chain.model_dump_json(), parser_version="1"))
            writes.append(ledger.put_derived("p1", f"{cid}/{k}", "check", json.dumps(judged), parser_version="1"))
        ledger.write(writes)


def test_funnel_adds_up_and_rejected_samples_can_be_read(tmp_path: Path) -> None:
    clips = [make_clip(tmp_path / "a", i) for i in range(3)]
    run = make_run(tmp_path, clips, [make_row(clips[0], 0)])
    build_by_hand(run, clips)
    page = report(run)
    assert "Clips with questions 1 clips 33.3%" in page.text
    assert "−1 grounded.nothing_known" in page.text
    assert "−1 not built yet" in page.text
    assert "Questions asked 2 questions 2.0 per clip" in page.text
    assert "Passed the checks 1 questions 50.0% −1 claim.contradicted" in page.text
    assert "Accepted samples 1 questions 100%" in page.text
    assert "Give the clip a label" in page.text
    decisions = [json.loads(e["data-facets"])["decision"] for e in page.entries]
    assert sorted(decisions) == ["accepted", "quarantined", "rejected"]
    assert "the bell comes second" in page.text
    assert "1 quarantined sample can be read here as well, but is not in the data set." in page.text
    assert "1 rejected sample can be read here as well, but is not in the data set." in page.text


def test_damaged_ledger_costs_its_numbers_not_the_report(tmp_path: Path) -> None:
    clips = [make_clip(tmp_path / "a", 0)]
    run = make_run(tmp_path, clips, [make_row(clips[0], 0)])
    (run / "ledger.sqlite").write_bytes(b"this is no database, but it is long enough to look at" * 20)
    page = report(run)
    assert "ledger.damaged" in page.text
    assert len(page.entries) == 1


def test_script_parses() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node here")
    done = subprocess.run([node, "--check", "-"], input=asset("page.js"), text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "</script" not in asset("page.js")
    assert "innerHTML" not in asset("page.js")


def cli(*arguments: str) -> Any:
    from audio_reasoner.cli import app

    return CliRunner().invoke(app, list(arguments))


def test_report_command_prints_the_path(tmp_path: Path) -> None:
    clips = [make_clip(tmp_path / "a", 0)]
    run = make_run(tmp_path, clips, [make_row(clips[0], 0)])
    done = cli("report", str(run), "-o", str(tmp_path / "out" / "my report.html"))
    assert done.exit_code == 0
    assert (tmp_path / "out" / "my report.html").stat().st_size > 10_000
    assert "my report.html" in done.stdout.splitlines()[0]


@pytest.mark.parametrize("place", ["folder", "file/report.html"])
def test_report_that_cannot_be_written_says_why(tmp_path: Path, place: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("in the way")
    done = cli("report", str(make_run(tmp_path, [], None)), "-o", str(tmp_path / place))
    assert isinstance(done.exception, AudioReasonerError)
    assert place in done.exception.message
    assert not [p for p in tmp_path.rglob(".*") if p.is_file()]  # nothing half-written stays behind


def test_show_prints_a_sample(tmp_path: Path) -> None:
    clips = [make_clip(tmp_path / "a", 0, label="[red]dog")]
    row = make_row(clips[0], 1, text="Hear \x1b[31mthis?")
    run = make_run(tmp_path, clips, [row])
    done = cli("show", str(run), row.sample_id[:6])
    assert done.exit_code == 0
    out = done.stdout
    assert "\x1b" not in out
    assert "Hear �[31mthis?" in out
    assert "(b) bell, dog and then a third sound  ✓ right answer" in out
    assert "[red]dog ···" in out  # a label is not markup, and its lane is drawn
    assert "Reasoning  20 words" in out
    assert "CC-BY-4.0" in out


def test_show_as_json_is_the_row(tmp_path: Path) -> None:
    clips = [make_clip(tmp_path / "a", 0)]
    run = make_run(tmp_path, clips, [make_row(clips[0], 0)])
    done = cli("show", str(run), "--random", "--json")
    assert Row.model_validate_json(done.stdout) == next(read_rows(run / "dataset"))


def test_show_lists_the_first_samples(tmp_path: Path) -> None:
    clips = [make_clip(tmp_path / "a", i) for i in range(5)]
    rows = [make_row(c, 0) for c in clips]
    run = make_run(tmp_path, clips, rows)
    done = cli("show", str(run), "-n", "2")
    assert sum(r.sample_id in done.stdout for r in rows) == 2
    assert "2 of 5 samples" in done.stdout


def test_show_before_the_build_says_what_to_do(tmp_path: Path) -> None:
    done = cli("show", str(make_run(tmp_path, [make_clip(tmp_path / "a", 0)], None)))
    assert done.exit_code != 0
    assert "audio-reasoner build" in done.exception.hint  # type: ignore[union-attr]


def dump(page: Path, query: str = "") -> str:
    """The page's DOM after its script has run in a real browser."""
    with tempfile.TemporaryDirectory() as profile:
        command = [
            str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
            f"--user-data-dir={profile}", "--virtual-time-budget=4000", "--dump-dom", page.as_uri() + query,
        ]  # fmt: skip
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout


@pytest.mark.system
@pytest.mark.skipif(not CHROMIUM.exists(), reason="no Chromium here")
def test_browser_filters_searches_and_runs_no_foreign_script(tmp_path: Path) -> None:
    clips = [make_clip(tmp_path / "a", i, label=HOSTILE if i == 0 else "dog") for i in range(3)]
    rows = [make_row(c, k, text="Где — wo?", filler="Gruñó" if k == 1 else "bark") for c in clips for k in range(3)]
    page = write_report(make_run(tmp_path, clips, rows))

    def shown(dom: str) -> tuple[str, int]:
        body = dom[: dom.index("<template", dom.index('class="browser"'))]
        found = re.search(r'class="found"[^>]*>([^<]*)<', body)
        assert found is not None
        size = re.search(r'aria-setsize="(\d+)"', body)  # the list draws only the lines in view
        return found[1], int(size[1]) if size else 0

    dom = dump(page)
    assert re.search(r'data-ready="[0-9]+"', dom)
    assert "<title>run · audio-reasoner" in dom  # no label has renamed the window
    assert shown(dom) == ("9 samples", 9)
    assert 'src="blob:' in dom  # the first sample's sound is ready to play
    assert shown(dump(page, "?type=count")) == ("3 of 9 samples", 3)
    assert shown(dump(page, "?q=где%20gruno")) == ("3 of 9 samples", 3)  # neither case nor accents matter
    none = dump(page, "?q=zebra")
    assert shown(none) == ("0 of 9 samples", 0)
    assert "Nothing matches" in none
    chosen = rows[4].sample_id
    article = dump(page, f"#{chosen}").split("<article", 1)[1].split("</article>", 1)[0]
    assert chosen in article
    assert rows[4].question in article
