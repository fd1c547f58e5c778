"""The whole way over real sockets: prompts out, replies back, through the caller and the loopback teacher."""

import asyncio

import pytest
from fake_models import EVIDENCE, clip, hear

from audio_reasoner import teachers
from audio_reasoner.clients.caller import Caller
from audio_reasoner.clients.ledger import Ledger
from audio_reasoner.core.choices import match_option
from audio_reasoner.core.errors import TeacherError
from audio_reasoner.synth import plan_complex

CLIPS = {
    "sound_qa": clip(("tag", "dog"), ("tag", "bell")),
    "speech_qa": clip(("transcript", "Where is the station?", "en"), domains=("speech",)),
    "music_qa": clip(("genre", "jazz"), ("instrument", "piano"), domains=("music",)),
    "s2tt": clip(("transcript", "Guten Tag.", "de"), ("translation", "Good day.", "en"), domains=("speech",)),
    "ser": clip(("transcript", "Oh.", "en"), ("emotion", "joy"), domains=("speech",)),
    "sarcasm": clip(("transcript", "Great.", "en"), ("sarcasm", "sarcastic"), domains=("speech",)),
    "multi_speaker": clip(("speaker", "Ann"), ("speaker", "Bob"), domains=("speech",)),
    "complex_audio": next(plan_complex(1, 0)),
}


def build(server, path, made, prefix="", one_call=False, retry=False):
    """All stages of one clip; returns annotation, chains, verdicts, answers."""
    spec = f"{prefix}openai:loop@{server.openai_url}"

    async def whole():
        with Ledger(path / "ledger.sqlite") as ledger:
            async with Caller(ledger) as caller:
                common = {"caller": caller, "hear": hear, "retry": retry}
                teacher = teachers.make(
                    spec, style="full", vocabulary=("joy", "anger", "fear", "sadness"), seed=0, questions_per_clip=3,
                    run=None, one_call=one_call, **common,
                )  # fmt: skip
                annotation = await teacher.annotate(made, EVIDENCE)
                chains = await asyncio.gather(
                    *(teacher.think(made, EVIDENCE, annotation, q) for q in annotation.questions)
                )
                judge = teachers.make_judge(spec, one_call=one_call, **common)
                pairs = list(zip(annotation.questions, chains, strict=True))
                verdicts = await judge.judge_all(made, EVIDENCE, annotation, pairs)
                solver = teachers.make_solver(spec, **common)
                answers = [await solver.solve(made, q, "text", 0) for q in annotation.questions]
                return annotation, chains, verdicts, answers

    return asyncio.run(whole())


@pytest.mark.parametrize("task", CLIPS)
@pytest.mark.parametrize("prefix", ["", "text:"])
def test_every_task_goes_through_all_stages(loopback, tmp_path, task, prefix):
    server = loopback(latency=0.0)
    annotation, chains, verdicts, answers = build(server, tmp_path, CLIPS[task], prefix)
    assert {q.task for q in annotation.questions} == {task}
    for question, chain in zip(annotation.questions, chains, strict=True):
        if question.options:
            assert match_option(chain.response, question.options).index == question.gold_index
    assert [v.decision for v in verdicts] == ["accepted"] * len(chains)
    for question, answer in zip(annotation.questions, answers, strict=True):
        assert (answer.index is None) == (not question.options)
    calls = server.stats()
    build(server, tmp_path, CLIPS[task], prefix)
    assert server.stats()["served"] == calls["served"]  # all of it stands in the ledger


def test_one_call_for_all_questions_makes_three_calls_a_clip(loopback, tmp_path):
    server = loopback(latency=0.0)
    annotation, chains, verdicts, _ = build(server, tmp_path, CLIPS["sound_qa"], one_call=True)
    assert len(annotation.questions) == len(chains) == len(verdicts) == 3
    assert server.stats()["served"] == 3 + 3  # and one of the solver for each question


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("refusal", "teacher.refused"),
        ("error_content", "teacher.error_text"),
        ("two_chains", "teacher.unparsable"),
        ("unclosed", "teacher.unparsable"),
        ("length", "teacher.length"),
    ],
)
def test_replies_that_are_no_answers_never_become_records(loopback, tmp_path, fault, code):
    server = loopback(latency=0.0, faults=f"{fault}=1.0")
    with pytest.raises(TeacherError) as caught:
        build(server, tmp_path, CLIPS["sound_qa"])
    assert caught.value.code == code


def test_trying_again_asks_anew_where_the_service_refused(loopback, tmp_path):
    server = loopback(latency=0.0, faults="refusal=1.0")
    for retry, served in ((False, 1), (False, 1), (True, 2), (True, 3)):
        with pytest.raises(TeacherError) as caught:
            build(server, tmp_path, CLIPS["sound_qa"], retry=retry)
        assert caught.value.code == "teacher.refused"
        assert server.stats()["served"] == served
