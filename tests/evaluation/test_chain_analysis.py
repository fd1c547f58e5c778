"""What is said about chains is true of them: every figure here can be counted by hand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from audio_reasoner.core.errors import InputError
from audio_reasoner.evaluation.base import Benchmark, Item
from audio_reasoner.evaluation.chains import CHAINS_NAME, analyse, analyse_replies, difference, lines_of, read_reply
from audio_reasoner.evaluation.timelines import read_timelines

OPTIONS = ("dog", "bell", "rain")


def chain(caption: str, reasoning: str, summary: str, response: str) -> str:
    return (
        f"<THINK>\n<PLANNING>List.</PLANNING>\n<CAPTION>{caption}</CAPTION>\n<REASONING>{reasoning}</REASONING>\n"
        f"<SUMMARY>{summary}</SUMMARY>\n</THINK>\n<RESPONSE>{response}</RESPONSE>"
    )


GOOD = chain("1 dog, 2 bell.", "1 is dog. (a) dog yes.", "The first is dog.", "(a) dog")
REPLIES: dict[str, str] = {
    "good": GOOD,
    "wrong-caption": chain("1 bell, 2 dog.", "1 is bell. (b) bell yes.", "The first is bell.", "(b) bell"),
    "lucky": chain("1 bell, 2 dog.", "1 is bell.", "The first is bell.", "(a) dog"),
    "vague": chain("Sounds.", "Hm.", "I cannot tell.", "(c) rain"),
    "no-response": GOOD[: GOOD.index("</THINK>")],
    "swapped": GOOD.replace("PLANNING", "@").replace("CAPTION", "PLANNING").replace("@", "CAPTION"),
    "untagged": "dog",
    "empty": "",
}


def item(name: str, gold: int | None = 0, choices: Sequence[str] = OPTIONS) -> Item:
    answer = choices[gold] if gold is not None else ""
    return Item(name, (f"{name}.wav",), "Which sound comes first?", tuple(choices), answer, gold,
                {"task": "sound", "sub-category": "first"}, name)  # fmt: skip


def bench(root: Path, names: Sequence[str]) -> Benchmark:
    return Benchmark("mmau-mini", "choice", root / "x.json", root, "0" * 64, "", [item(n) for n in names], [])


def timelines(root: Path, names: Sequence[str]) -> None:
    events = [{"label": "dog", "start_s": 0.2, "end_s": 0.8}, {"label": "bell", "start_s": 1.0, "end_s": 1.5}]
    lines = [json.dumps({"id": n, "duration_s": 2.0, "events": events}) for n in names]
    (root / "timelines.jsonl").write_text("\n".join(lines) + "\n")


@pytest.fixture
def found(tmp_path: Path) -> dict[str, Any]:
    timelines(tmp_path, list(REPLIES))
    result = analyse_replies(REPLIES, bench(tmp_path, [*REPLIES, "unanswered"]))
    assert result is not None
    return result


def test_sections_order_and_defects(found: dict[str, Any]) -> None:
    assert (found["items"], found["answered"]) == (9, 8)
    assert (found["tagged"]["value"], found["tagged"]["n"]) == (0.75, 8)
    assert found["well_formed"]["value"] == 0.5  # good, wrong-caption, lucky, vague
    assert found["sections"]["response"]["present"] == {
        "value": 0.8333, "n": 6, "interval_95": found["sections"]["response"]["present"]["interval_95"]
    }  # fmt: skip
    assert found["in_order"]["value"] == pytest.approx(5 / 6, abs=1e-4)
    assert found["defects"]["missing"] == 1
    assert found["sections"]["caption"]["words"]["longest"] == 4
    assert found["sections"]["reasoning"]["words"]["median"] == 6


def test_summary_and_response(found: dict[str, Any]) -> None:
    agreement = {k: v for k, v in found["agreement"].items() if k != "rate"}
    # good, wrong-caption, swapped agree; lucky does not; vague has no summary, no-response no response.
    assert agreement == {
        "both": 4, "same": 3, "different": 1, "summary_unparsed": 1, "response_unparsed": 1, "none": 0
    }  # fmt: skip
    assert found["agreement"]["rate"]["value"] == 0.75
    assert [e["id"] for e in found["examples"]["disagreeing"]] == ["lucky"]


def test_claims_and_what_they_are_worth(found: dict[str, Any]) -> None:
    claims = found["claims"]
    assert claims["items"] == 6
    # "swapped" has its list in PLANNING, which makes no claims; its reasoning is right.
    assert claims["chains"] == {"right": 3, "wrong": 2, "undecided": 1}
    assert claims["by_section"]["caption"]["contradicted"] == 2
    assert claims["by_section"]["caption"]["supported"] == 2
    assert claims["accuracy"]["right"]["value"] == pytest.approx(2 / 3, abs=1e-4)  # no-response is right in vain
    assert claims["accuracy"]["wrong"]["value"] == 0.5  # lucky
    assert claims["accuracy"]["difference"]["value"] == pytest.approx(2 / 3 - 1 / 2, abs=1e-4)
    assert claims["accuracy"]["within_families"]["value"] == claims["accuracy"]["difference"]["value"]
    assert claims["accuracy"]["by_section"]["caption"]["wrong"]["n"] == 2
    wrong = found["examples"]["contradicted"][0]
    assert wrong["claims"][0]["detail"] == "in truth: dog, bell"


def test_a_terminal_is_told_the_figures(found: dict[str, Any], tmp_path: Path) -> None:
    first, second = lines_of(found)
    assert "well-formed 50.0 % of 8; SUMMARY and RESPONSE name the same option 75.0 % of 4 (1 SUMMARY" in first
    assert "none contradicted in 3 chains (right answers 66.7 % of 3), some in 2 (right answers 50.0 % of 2)" in second
    plain = analyse_replies(REPLIES, bench(tmp_path / "no", list(REPLIES)))
    assert plain is not None
    assert len(lines_of(plain)) == 1


def test_hard_families_do_not_pass_for_bad_chains(tmp_path: Path) -> None:
    """All easy answers right with right chains, all hard ones wrong with wrong chains, and one of each other kind."""
    names = [f"{kind}{i}" for kind in ("easy", "hard") for i in range(4)]
    timelines(tmp_path, names)
    items = [Item(n, ("a.wav",), "Which?", OPTIONS, "dog", 0, {"sub-category": n[:4]}, n) for n in names]
    b = Benchmark("x", "choice", tmp_path / "x.json", tmp_path, "0" * 64, "", items, [])
    good, bad = "1 dog, 2 bell.", "1 bell, 2 dog."
    replies = {
        n: chain(
            (bad if n == "easy0" else good) if n[:4] == "easy" else (good if n == "hard0" else bad),
            "Hm.", "x.", "(a) dog" if n[:4] == "easy" else "(b) bell",
        )
        for n in names
    }  # fmt: skip
    found = analyse_replies(replies, b)
    assert found is not None
    assert found["claims"]["accuracy"]["difference"]["value"] == 0.5
    assert found["claims"]["accuracy"]["within_families"]["value"] == 0.0


def test_without_timelines_there_are_no_claims_and_without_tags_no_analysis(tmp_path: Path) -> None:
    found = analyse_replies(REPLIES, bench(tmp_path, list(REPLIES)))
    assert found is not None
    assert found["claims"] is None
    assert found["examples"]["contradicted"] == []
    plain = {"good": "dog", "lucky": "a < b"}
    assert analyse_replies(plain, bench(tmp_path, list(REPLIES))) is None
    assert analyse_replies({}, bench(tmp_path, list(REPLIES))) is None


def test_options_shown_in_another_order_are_read_in_that_order(tmp_path: Path) -> None:
    reply = read_reply(item("x"), chain("1 dog.", "x.", "It is (b).", "(b)"), [2, 0, 1])
    assert (reply.response, reply.summary) == (0, 0)
    for order in ([0, 0, 1], [0, 1], "012"):
        with pytest.raises(InputError) as caught:
            analyse_replies({"x": (GOOD, order)}, bench(tmp_path, ["x"]))  # type: ignore[dict-item]
        assert caught.value.code == "eval.bad_predictions"


def test_a_run_directory_gets_its_file_and_only_first_samples_count(tmp_path: Path) -> None:
    names = ["a", "b"]
    timelines(tmp_path, names)
    run = tmp_path / "run"
    run.mkdir()
    rows = [
        {"id": "a", "raw": GOOD, "sample": 0, "options_order": None},
        {"id": "a", "raw": "dog", "sample": 1},
        {"id": "b", "raw": REPLIES["lucky"]},
        {"id": "unknown", "raw": GOOD},
    ]
    (run / "predictions.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n")
    found = analyse(run, bench(tmp_path, names))
    assert found is not None
    assert found["answered"] == 2
    assert found["claims"]["chains"] == {"right": 1, "wrong": 1, "undecided": 0}
    assert json.loads((run / CHAINS_NAME).read_text()) == found
    with pytest.raises(InputError) as caught:
        analyse(tmp_path / "nowhere", bench(tmp_path, names))
    assert caught.value.code == "chains.no_predictions"


def test_hostile_replies_are_analysed(tmp_path: Path) -> None:
    hostile = {
        "a": "<THINK>" * 3000, "b": "<CAPTION>" + "1 dog, " * 5000, "c": "<RESPONSE>\ud800</RESPONSE>",
        "d": "<SUMMARY></SUMMARY><RESPONSE></RESPONSE>", "e": "<caption>1 dog, 2 bell.</caption>",
    }  # fmt: skip
    timelines(tmp_path, list(hostile))
    found = analyse_replies(hostile, bench(tmp_path, list(hostile)))
    assert found is not None
    assert found["well_formed"]["value"] == 0.0
    assert found["claims"]["by_section"]["caption"]["supported"] >= 1


@pytest.mark.parametrize(
    "line",
    [
        "{", "[]", "{}", '{"id": 3, "duration_s": 1, "events": []}', '{"id": "a", "duration_s": NaN, "events": []}',
        '{"id": "a", "duration_s": 1, "events": [{"label": "dog", "start_s": 0.5, "end_s": 0.2}]}',
        '{"id": "a", "duration_s": 1, "events": [{"label": "", "start_s": 0.1, "end_s": 0.2}]}',
        '{"id": "a", "duration_s": 0, "events": []}', '{"id": "a", "duration_s": true, "events": []}',
        '{"id": "a", "duration_s": 1, "events": 3}',
    ],
)  # fmt: skip
def test_a_line_that_is_no_timeline_is_named(tmp_path: Path, line: str) -> None:
    file = tmp_path / "timelines.jsonl"
    file.write_text('{"id": "ok", "duration_s": 1, "events": []}\n' + line + "\n")
    with pytest.raises(InputError) as caught:
        read_timelines(file)
    assert caught.value.code == "timelines.bad_line"
    assert "line 2" in caught.value.message


def test_a_changed_timeline_of_a_made_benchmark_is_refused(tmp_path: Path) -> None:
    timelines(tmp_path, ["a"])
    manifest = {"timelines": {"file": "timelines.jsonl", "sha256": "0" * 64}}
    (tmp_path / "benchmark.json").write_text(json.dumps(manifest))
    with pytest.raises(InputError) as caught:
        read_timelines(tmp_path / "timelines.jsonl")
    assert caught.value.code == "timelines.changed"
    (tmp_path / "benchmark.json").write_text("[]")
    assert set(read_timelines(tmp_path / "timelines.jsonl")) == {"a"}


def test_a_difference_of_nothing_is_none() -> None:
    assert difference([], [(1.0, "a")])["value"] is None
    assert difference([(1.0, "a"), (1.0, "b")], [(0.0, "c")])["value"] == 1.0
