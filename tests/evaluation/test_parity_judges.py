"""Ours against the official judge scripts, case by case (verdicts made by benchmarks/parity_judges.py)."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from audio_reasoner.evaluation import air_chat, chat_judge, rubrics
from audio_reasoner.evaluation.base import Benchmark, Item
from audio_reasoner.evaluation.judge_prompts import Prompt
from audio_reasoner.evaluation.judged import fingerprint
from audio_reasoner.evaluation.predictions import Predictions

PARITY = Path(__file__).parent / "parity"


def verdicts(name: str) -> dict[str, Any]:
    value = json.loads(gzip.decompress((PARITY / f"{name}.json.gz").read_bytes()))
    assert len(value["commit"]) == 40
    return dict(value)


def line(purpose: str, text: str, of: str) -> dict[str, Any]:
    return {"id": "i", "purpose": purpose, "n": 0, "text": text, "of": of, "model": "openai:j", "temperature": 0.0}


# ------------------------------------------------------------------------------------------------------- cal_score.py


def test_every_reply_is_read_as_cal_score_reads_it() -> None:
    rows = verdicts("air_chat_cal_score")["rows"]
    assert len(rows) >= 2000
    for text, *orders in rows:
        for purpose, (counted, won, first, second, attempted) in zip(air_chat.ORDERS, orders, strict=True):
            read = air_chat.read_line(line(purpose, text, ""))
            assert (read.official is not None, read.attempted) == (bool(counted), bool(attempted)), text
            if read.official is not None:
                model, reference = read.official
                expected = (second, first) if purpose == "chat" else (first, second)
                assert (model, reference, int(model > reference)) == (*expected, won), text
                assert read.lenient == read.official


def a_file(tasks: list[str], orders: list[list[str]]) -> air_chat.Score:
    items = [
        Item(str(i), (), "q", (), "a", None, air_chat._item(official_row(i, task), {str(i): 1}).groups, f"c{i}")
        for i, task in enumerate(tasks)
    ]
    of = fingerprint("x")
    judged = {
        str(i): [line(purpose, texts[i], of) for purpose, texts in zip(air_chat.ORDERS, orders, strict=True)]
        for i in range(len(tasks))
    }
    benchmark = Benchmark("air-chat", "chat", Path("m.json"), Path(), "", "", items, [])
    return air_chat.score(benchmark, Predictions({item.id: "x" for item in items}), judged=judged)


def official_row(i: int, task: str) -> dict[str, Any]:
    texts = {"path": f"{i}.wav", "question": "q", "meta_info": "m", "answer_gt": "a", "dataset_name": "d"}
    return texts | {"task_name": task, "uniq_id": i}


def test_whole_files_sum_up_as_cal_score_prints_them() -> None:
    for file in verdicts("air_chat_cal_score")["files"]:
        score = a_file(file["tasks"], [file["normal"], file["swapped"]])
        groups = {g.name: g for g in score.tables["category"]}
        normal, swapped = file["verdicts"]
        for name, (n, won, first, second) in normal["groups"].items():
            n_back, won_back, first_back, second_back = swapped["groups"][name]
            got = {metric: value.value for metric, value in groups[name].values.items()}
            facts = groups[name].facts
            assert facts["reference_first"]["judged"] - facts["reference_first"]["failed"] == n
            assert facts["response_first"]["judged"] - facts["response_first"]["failed"] == n_back
            assert got["reference_first"] == pytest.approx(second, abs=1e-12)
            assert got["response_first"] == pytest.approx(first_back, abs=1e-12)
            assert got["score"] == pytest.approx((second + first_back) / 2, abs=1e-12)
            assert got["reference"] == pytest.approx((first + second_back) / 2, abs=1e-12)
            assert got["win"] == pytest.approx(50 * (won + won_back), abs=1e-9)
        mixed = (
            groups["speech_and_sound"].values["score"].value + groups["speech_and_music"].values["score"].value
        ) / 2
        assert groups["mixed"].values["score"].value == pytest.approx(mixed, abs=1e-12)
        four = [groups[name].values["score"].value for name in ("speech", "sound", "music", "mixed")]
        assert score.paper["Average"] == pytest.approx(sum(four) / 4, abs=1e-12)
        for order, official in (("reference_first", normal), ("response_first", swapped)):
            facts = score.overall.facts[order]
            assert facts["failed"] == official["fail_num"]
            assert facts["judged"] - facts["failed"] + facts["failed_but_counted"] == official["success_num"]


# ------------------------------------------------------------------------------------------------------ score_chat.py


def test_slots_are_filled_and_swapped_as_score_chat_does() -> None:
    held = verdicts("air_chat_score_chat")
    marks = Prompt(
        "", "<0>{description}<1>{question}<2>{assistant_1}<3>{assistant_2}<4>", chat_judge.OURS.slots, "marks"
    )
    items, answers, odd = [], {}, set()
    for path, meta, question, reference, response in held["rows"]:
        row = official_row(0, "sound_QA") | {"meta_info": meta}
        items.append(Item(path, (), question, (), reference, None, {}, path, row))
        if response is not None:
            answers[path] = response
        if any(word in f"{meta}{question}{reference}{response}" for word in chat_judge.OFFICIAL_SLOTS):
            odd.add(path)
    benchmark = Benchmark("air-chat", "chat", Path("m.json"), Path(), "", "", items, [])
    tasks = chat_judge.chat_tasks(benchmark, answers, prompt=marks)
    checked = 0
    for purpose, name in zip(air_chat.ORDERS, ("normal", "swapped"), strict=True):
        ours = {task.id: task.request.messages for task in tasks if task.purpose == purpose}
        assert list(ours) == [path for path, _ in held[name]], "rows without an answer are skipped, empty ones are not"
        for path, content in held[name]:
            assert [m.role for m in ours[path]] == ["user"]
            # The script fills one slot after the other, so only texts with its placeholder words come out otherwise.
            if path not in odd:
                assert ours[path][0].text == content
                checked += 1
    assert checked >= 1700


# ----------------------------------------------------------------------------------------------- evaluation_rubrics.py


def test_rubric_scores_are_those_of_mmars_script() -> None:
    held = verdicts("mmar_rubrics")
    total, evaluated, replies = 0.0, 0, 0
    for row in held["rows"]:
        rubric = [{"name": f"c{k}", "choices": choices} for k, choices in enumerate(row["rubric"])]
        item = Item(
            row["id"], (), "q", tuple(row["choices"]), row["answer"], None, {}, row["id"], {"rubric": rubric or [0]}
        )
        given = rubrics.Submission(row["answer_prediction"], "I hear it.")
        texts = iter(enumerate(row["said"]))
        taken: list[int] = []
        if rubrics.is_right(item, given.answer):
            for _ in range(rubrics.RATERS):
                for _ in range(rubrics.ATTEMPTS):
                    at, text = next(texts)
                    # A reply without content is asked again by the client and never reaches the reader.
                    if text is not None and rubrics.read_opinion(text, rubric).ok:
                        taken.append(at)
                        break
                else:
                    break
        assert next(texts, None) is None, "as many calls as the script made"
        replies += len(row["said"])
        if row["verdict"] is None:
            assert len(taken) < rubrics.RATERS
            continue
        score, correct, used = row["verdict"]
        assert correct == rubrics.is_right(item, given.answer)
        assert taken == used
        lines = [line("rubric", row["said"][at], given.of) | {"n": n} for n, at in enumerate(taken)]
        if rubric:
            assert rubrics.rubric_score(item, given, lines).score == score, row["id"]
        elif correct:
            assert rubrics.official_share(row["said"][taken[0]], rubric) == score
        total, evaluated = total + score, evaluated + 1
    assert replies >= 2000
    assert [round(100 * total / evaluated, 2), evaluated] == held["total"]
