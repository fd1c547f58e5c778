"""Rewards agree with what a reader of the reply would say, alone and in the form trainers call."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from audio_reasoner.core.errors import EnvironmentProblem, InputError
from audio_reasoner.grounded import GroundedTeacher
from audio_reasoner.synth import CLASSES, plan_complex
from audio_reasoner.training import rewards as r
from audio_reasoner.training import rewards_swift

CHAIN = (
    "<THINK>\n<PLANNING>p</PLANNING>\n<CAPTION>c</CAPTION>\n<REASONING>r</REASONING>\n<SUMMARY>{s}</SUMMARY>\n</THINK>"
    "\n<RESPONSE>{a}</RESPONSE>"
)
OPTIONS = ["dog", "bell", "rain"]


def chain(summary: str, answer: str) -> str:
    return CHAIN.format(s=summary, a=answer)


def test_answers() -> None:
    for reply, value in (
        (chain("It is the bell.", "(b) bell"), 1.0),
        (chain("It is the bell.", "The answer is B."), 1.0),
        (chain("It is the bell.", "dog"), 0.0),
        (chain("It is the bell.", "dog or bell"), 0.0),
        ("<THINK><SUMMARY>bell</SUMMARY></THINK>", 0.0),  # it thought of the bell and never answered
        ("bell", 1.0),
        ("", 0.0),
    ):
        assert r.answer_reward(reply, "bell", OPTIONS) == value, reply
    assert r.answer_reward(chain("s", "About Seven  o'clock."), "seven o'clock") == 1.0
    assert r.answer_reward(chain("s", "seventy"), "seven") == 0.0


def test_form_consistency_and_length() -> None:
    good = chain("It is the bell.", "(b) bell")
    assert r.format_reward(good) == 1.0
    assert r.format_reward(good.replace("<SUMMARY>", "")) == 0.0
    assert r.format_reward(good + " and more") == 0.0
    assert r.consistency_reward(good, OPTIONS) == 1.0
    assert r.consistency_reward(chain("It is the dog.", "(b) bell"), OPTIONS) == 0.0
    assert r.consistency_reward(chain("So that is clear.", "(b) bell"), OPTIONS) == r.NEITHER
    assert r.consistency_reward(chain("They meet at noon.", "at noon"), []) == 1.0
    assert r.consistency_reward("<RESPONSE>(b) bell</RESPONSE>", OPTIONS) == 0.0
    assert [r.length_reward("a " * n, 10, 20) for n in (10, 15, 20, 40)] == [1.0, 0.5, 0.0, 0.0]
    with pytest.raises(ValueError, match="above target"):
        r.length_reward("a", 10, 10)


def test_claims_of_a_true_chain_hold_and_those_of_another_scene_do_not() -> None:
    clips = list(plan_complex(40, 5, min_events=3, max_events=5))
    teacher = GroundedTeacher(vocabulary=CLASSES, style="brief", families=("order",))
    own, foreign = [], []
    made = []
    for clip in clips:
        try:
            annotation = teacher.annotate(clip)
        except Exception:  # a scene of one sound has no order
            continue
        question = annotation.questions[0]
        made.append((clip, question, teacher.think(clip, None, annotation, question).to_text()))
    assert len(made) > 10
    for (clip, question, text), (_, _, other) in zip(made, [*made[1:], made[0]], strict=True):
        own.append(r.claims_reward(text, clip, question))
        foreign.append(r.claims_reward(other, clip, question))
    assert min(own) == 1.0
    assert sum(foreign) / len(foreign) < 0.6
    assert r.claims_reward("no chain", made[0][0], made[0][1]) == 0.0
    clip, question, text = made[0]
    columns = {
        "solution": [question.gold_text],
        "options": [json.dumps(question.options)],
        "question": [question.text],
        "family": ["order"],
        "clip": [clip.model_dump_json()],
    }
    assert r.REWARDS["claims"]([text], **columns) == [1.0]
    assert r.REWARDS["answer"]([[{"role": "assistant", "content": text}]], **columns) == [1.0]


def test_batches_name_the_column_that_is_wrong() -> None:
    with pytest.raises(InputError, match="'solution' is missing"):
        r.REWARDS["answer"](["a"])
    with pytest.raises(InputError, match="2 values for 1 completions"):
        r.REWARDS["answer"](["a"], solution=["a", "b"])
    assert r.REWARDS["answer"](["noon"], solution=["noon"]) == [1.0]
    assert r.REWARDS["answer"](["noon"] * 3, solution=["noon"] * 3, options=[None, [], ""]) == [1.0] * 3
    for columns, code, words in (
        ({"solution": [None]}, "rewards.column", "value 1 of the column 'solution'"),
        ({"solution": [" "]}, "rewards.column", "'solution'"),
        ({"solution": ["dog"], "options": ["dog, bell"]}, "rewards.column", "'dog, bell'"),
        ({"solution": ["dog"], "options": ['"dog"']}, "rewards.column", "list of texts"),
        ({"solution": ["dog"], "options": [5]}, "rewards.column", "'options'"),
        # No reply could ever earn anything: the training would learn from nothing and nobody would see why.
        ({"solution": ["(a) dog"], "options": [OPTIONS]}, "rewards.gold", "none of the options"),
    ):
        with pytest.raises(InputError, match=re.escape(words)) as caught:
            r.REWARDS["answer"](["dog"], **columns)
        assert caught.value.code == code
    known = {"solution": ["dog"], "question": ["Which?"]}
    for clip in ("{broken", {"clip_id": "c"}, None):
        with pytest.raises(InputError, match="value 1 of the column 'clip'"):
            r.REWARDS["claims"](["dog"], clip=[clip], **known)
    assert r.combined({"answer": 1.0, "format": 0.0, "consistency": 1.0, "claims": 1.0}) == pytest.approx(0.75)
    with pytest.raises(InputError, match="no reward of the name format"):
        r.combined({"answer": 1.0}, {"answer": 1, "format": 1})


@pytest.mark.parametrize("place", ["swift.rewards", "swift.plugin"])
def test_ms_swift_finds_the_rewards_when_it_runs_the_plug_in_by_its_path(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stands in for ms-swift's two registries; the real package is tried where it is installed."""
    orms: dict[str, type] = {}
    for name in ("swift", "swift.rewards", "swift.plugin"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    sys.modules[place].__dict__.update(vars(SimpleNamespace(ORM=object, orms=orms)))
    spec = importlib.util.spec_from_file_location("plugin", Path(rewards_swift.__file__))
    assert spec is not None
    assert spec.loader is not None
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
    assert sorted(orms) == sorted(f"audio_reasoner_{n}" for n in r.REWARDS)
    call = orms["audio_reasoner_answer"]()
    assert call([chain("s", "(a) dog"), chain("s", "rain")], solution=["dog", "dog"], options=[OPTIONS] * 2) == [1, 0]
    assert orms["audio_reasoner_format"]()(["x"], solution=["dog"]) == [0.0]


def test_without_ms_swift_the_plug_in_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("swift", "swift.rewards", "swift.plugin"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(EnvironmentProblem, match="ms-swift is not installed"):
        rewards_swift.register()
