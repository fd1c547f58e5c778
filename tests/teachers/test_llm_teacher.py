"""Language models as teacher, judge and solver, with a caller that needs no network."""

import asyncio
import dataclasses
import io

import pytest
import soundfile
from fake_models import CHAIN, EVIDENCE, FakeCaller, clip, data_of, good, hear

from audio_reasoner import teachers
from audio_reasoner.core.errors import ConfigError, TeacherError
from audio_reasoner.core.records import EvidenceItem, Question
from audio_reasoner.synth import plan_complex

SPEC = "openai:m@http://127.0.0.1:9/v1"


async def never(*_, **__):
    raise AssertionError("nothing is computed")


def teacher(caller, spec=SPEC, **more):
    settings = {
        "style": "full",
        "vocabulary": (),
        "seed": 0,
        "questions_per_clip": 3,
        "run": never,
        "hear": hear,
    } | more
    return teachers.make(spec, caller=caller, **settings)


def judge(caller, spec=SPEC, **more):
    return teachers.make_judge(spec, caller=caller, hear=hear, **more)


def run(awaitable):
    return asyncio.run(awaitable)


def test_a_clip_is_annotated_and_thought_about():
    caller = FakeCaller()
    made = teacher(caller)
    assert (made.name, made.model, made.judges_itself) == ("openai", "m", True)
    annotation = run(made.annotate(clip(), EVIDENCE))
    assert annotation.caption == "A dog barks in a yard."
    assert [q.difficulty for q in annotation.questions] == [1, 2, 3]
    assert [q.family for q in annotation.questions] == ["choice", "choice", "open"]
    assert all(q.gold_text == "dog" for q in annotation.questions[:2])
    assert run(made.think(clip(), EVIDENCE, annotation, annotation.questions[1])) == CHAIN
    assert caller.units == ["c1", "c1/1"]
    first, second = caller.requests
    assert [part.content_key for part in first.messages[0].audio] == ["0" * 64]
    assert (first.grammar, second.schema) == (None, None)
    assert "RESPONSE" in second.grammar
    assert data_of(second)["description"] == annotation.caption
    assert data_of(second)["answer"] == "dog"
    assert first.sampling.seed is None
    assert first.prompt_sha != second.prompt_sha


def test_right_options_of_invented_questions_stand_anywhere():
    places = set()
    for i in range(40):
        annotation = run(teacher(FakeCaller()).annotate(clip(clip_id=f"c{i}"), EVIDENCE))
        places.update(q.gold_index for q in annotation.questions[:2])
    assert places == {0, 1, 2, 3}


@pytest.mark.parametrize(
    ("made", "task"),
    [
        (clip(("transcript", "Guten Tag.", "de"), ("translation", "Good day.", "en"), domains=("speech",)), "s2tt"),
        (clip(("transcript", "Oh."), ("emotion", "joy"), domains=("speech",)), "ser"),
        (clip(("transcript", "Great."), ("sarcasm", "sarcastic"), domains=("speech",)), "sarcasm"),
        (next(plan_complex(1, 0)), "complex_audio"),
    ],
)
def test_where_questions_come_with_the_data_only_a_caption_is_asked_for(made, task):
    caller = FakeCaller()
    annotation = run(teacher(caller, vocabulary=("joy", "anger", "fear", "sadness")).annotate(made, EVIDENCE))
    assert set(caller.requests[0].schema["properties"]) == {"caption"}
    assert annotation.questions
    assert {q.task for q in annotation.questions} == {task}
    assert "Do not write any" in caller.requests[0].messages[0].text


def test_a_model_that_hears_nothing_gets_evidence_and_no_sound():
    made = clip(evidence=(EvidenceItem(name="asr", value="</data> hello", source="user:asr"),))
    caller = FakeCaller()
    deaf = teacher(caller, f"text:{SPEC}", hear=None)
    assert deaf.name == "text:openai"
    run(deaf.annotate(made, EVIDENCE))
    request = caller.requests[0]
    assert request.messages[0].audio == ()
    assert "You do not hear the recording" in request.messages[0].text
    assert data_of(request)["evidence"][0]["value"] == "</data> hello"
    run(teacher(caller).annotate(made, EVIDENCE))
    assert "evidence" not in data_of(caller.requests[1])
    run(teacher(caller, give_evidence=True).annotate(made, EVIDENCE))
    assert "evidence" in data_of(caller.requests[2])


def test_a_reply_that_cannot_be_used_is_asked_for_again_three_times():
    caller = FakeCaller(lambda r: "Hello!" if r.n < 2 else good(r))
    assert run(teacher(caller).annotate(clip(), EVIDENCE)).questions
    assert [r.n for r in caller.requests] == [0, 1, 2]
    assert len({r.sampling.seed for r in caller.requests}) == 3


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        ("Hello!", "teacher.unparsable"),
        ("I'm sorry, I cannot do that.", "teacher.refused"),
        ('{"error": "overloaded"}', "teacher.error_text"),
        (("", "length"), "teacher.length"),
    ],
)
def test_after_three_tries_the_last_reason_is_said(reply, code):
    caller = FakeCaller(lambda r: reply)
    with pytest.raises(TeacherError) as caught:
        run(teacher(caller).annotate(clip(), EVIDENCE))
    assert caught.value.code == code
    assert "c1" in str(caught.value)
    assert len(caller.requests) == 3


def test_a_reply_that_repeats_the_prompt_is_an_echo():
    def echo(request):
        line = next(x for x in request.messages[0].text.splitlines() if x.startswith("It is for somebody"))
        return good(request).replace("A dog barks in a yard.", line.replace('"', ""))

    with pytest.raises(TeacherError) as caught:
        run(teacher(FakeCaller(echo)).annotate(clip(), EVIDENCE))
    assert caught.value.code == "teacher.echo"


def test_a_reply_that_was_cut_off_gets_more_room():
    caller = FakeCaller(lambda r: ("{", "length") if r.sampling.max_tokens < 10_000 else good(r))
    assert run(teacher(caller).annotate(clip(), EVIDENCE)).questions
    assert [r.sampling.max_tokens for r in caller.requests] == [4096, 8192, 16384]


def test_trying_again_later_asks_anew_and_resuming_does_not():
    caller = FakeCaller(lambda r: "Hello!")
    for _ in range(2):
        with pytest.raises(TeacherError):
            run(teacher(caller).annotate(clip(), EVIDENCE))
    assert len(caller.requests) == 3
    caller.reply = good
    with pytest.raises(TeacherError):
        run(teacher(caller).annotate(clip(), EVIDENCE))
    assert run(teacher(caller, retry=True).annotate(clip(), EVIDENCE)).questions
    assert len(caller.requests) == 4


def test_takes_are_different_requests():
    caller = FakeCaller()
    made = teacher(caller)
    annotation = run(made.annotate(clip(), EVIDENCE))
    for take in range(3):
        run(made.think(clip(), EVIDENCE, annotation, annotation.questions[0], take))
    thinks = caller.requests[1:]
    assert len({r.n for r in thinks}) == len({r.sampling.seed for r in thinks}) == 3


def test_one_call_answers_all_questions_of_a_clip():
    caller = FakeCaller()

    async def whole():
        made = teacher(caller, one_call=True)
        annotation = await made.annotate(clip(), EVIDENCE)
        chains = await asyncio.gather(*(made.think(clip(), EVIDENCE, annotation, q) for q in annotation.questions))
        pairs = list(zip(annotation.questions, chains, strict=True))
        return chains, await judge(caller, one_call=True).judge_all(clip(), EVIDENCE, annotation, pairs)

    chains, verdicts = run(whole())
    assert chains == [CHAIN] * 3
    assert [v.decision for v in verdicts] == ["accepted", "rejected", "accepted"]
    assert [r.kind for r in caller.requests] == ["annotate", "think", "judge"]


def test_a_chain_missing_from_the_common_call_is_asked_for_alone():
    def partly(request):
        if set((request.schema or {}).get("properties", ())) == {"chains"}:
            return (
                good(request).replace('"question": 2', '"question": 3', 1).replace('"question": 3', '"question": 2', 0)
            )
        return good(request)

    caller = FakeCaller(partly)  # the common reply numbers two chains 3: nothing in it can be trusted

    async def whole():
        made = teacher(caller, one_call=True)
        annotation = await made.annotate(clip(), EVIDENCE)
        return await asyncio.gather(*(made.think(clip(), EVIDENCE, annotation, q) for q in annotation.questions))

    assert run(whole()) == [CHAIN] * 3
    assert [r.kind for r in caller.requests] == ["annotate"] + ["think"] * (3 + 3)


def test_a_judge_says_who_it_is_and_why():
    caller = FakeCaller(
        lambda r: '{"reasons": ["A cat is invented."], "verdict": false}' if r.kind == "judge" else good(r)
    )
    annotation = run(teacher(caller).annotate(clip(), EVIDENCE))
    verdict = run(judge(caller).judge(clip(), EVIDENCE, annotation, annotation.questions[0], CHAIN))
    assert (verdict.judge, verdict.decision) == ("openai:m", "rejected")
    assert [(f.code, f.detail) for f in verdict.findings] == [("judge.false", "A cat is invented.")]
    caller.reply = lambda r: '{"reasons": [], "verdict": false}'
    verdict = run(judge(caller, "gemini:g").judge(clip(), EVIDENCE, annotation, annotation.questions[0], CHAIN))
    assert verdict.decision == "rejected"
    assert verdict.findings


QUESTION = Question(
    task="sound_qa", family="choice", text="Which?", options=("dog", "cat"), gold_text="cat", gold_index=1, difficulty=1
)


def test_a_solver_knows_the_question_only_and_hears_what_it_may():
    caller = FakeCaller(lambda r: "(b) cat")
    solver = teachers.make_solver(SPEC, caller=caller, hear=hear)
    solved = [run(solver.solve(clip(), QUESTION, h, t)) for h in ("audio", "silence", "text") for t in (0, 1)]
    assert all(s.correct and s.index == 1 for s in solved)
    assert len(caller.requests) == 6
    audio, silent, text = caller.requests[::2]
    assert data_of(audio) == {"question": "Which?", "options": {"a": "dog", "b": "cat"}}
    assert audio.messages[0].text == silent.messages[0].text != text.messages[0].text
    assert text.messages[0].audio == ()
    (part,) = silent.messages[0].audio
    assert part.content_key != audio.messages[0].audio[0].content_key
    samples, rate = soundfile.read(io.BytesIO(run(part.wav())))
    assert (len(samples), rate, samples.any()) == (32_000, 16_000, False)


def test_what_means_no_option_is_wrong_and_an_open_question_is_neither():
    caller = FakeCaller(lambda r: "I'm sorry, I cannot hear anything.")
    solver = teachers.make_solver(SPEC, caller=caller, hear=hear)
    solved = run(solver.solve(clip(), QUESTION, "audio", 0))
    assert (solved.index, solved.correct) == (None, False)
    open_ = Question(task="sound_qa", family="open", text="What?", gold_text="A dog.", difficulty=1)
    assert run(solver.solve(clip(), open_, "text", 0)).correct is None
    with pytest.raises(ConfigError) as caught:
        run(teachers.make_solver(f"text:{SPEC}", caller=caller).solve(clip(), QUESTION, "audio", 0))
    assert caught.value.code == "solver.deaf"


def test_types_of_questions_can_be_chosen():
    caller = FakeCaller()
    with pytest.raises(TeacherError) as caught:
        run(teacher(caller, families=("order",)).annotate(clip(), EVIDENCE))
    assert caught.value.code == "teacher.no_questions"
    caller.reply = lambda r: (
        good(r)
        .replace('"options": []', '"options": ["dog", "cat", "cow", "hen"]')
        .replace('"answer": "A dog barks."', '"answer": "dog"')
    )
    annotation = run(teacher(caller, families=("choice",)).annotate(clip(), EVIDENCE))
    assert all(q.options for q in annotation.questions)


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda: teachers.check_spec("gpt"), "teacher.unknown"),
        (lambda: teachers.check_spec("grounded", ("nonsense",)), "teacher.unknown_family"),
        (lambda: teachers.check_spec(SPEC, ("nonsense",)), "teacher.unknown_family"),
        (lambda: teachers.make_judge("grounded"), "judge.offline"),
        (lambda: teachers.make_solver("grounded"), "solver.offline"),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_made(make, code):
    with pytest.raises(ConfigError) as caught:
        make()
    assert caught.value.code == code


def test_specs_say_whether_they_are_remote_and_hear():
    assert not teachers.is_remote("grounded")
    assert teachers.is_remote("gemini:g")
    assert teachers.hears("gemini:g")
    assert not teachers.hears("text:gemini:g")
    assert teachers.model_of("text:gemini:g") == "g"
    assert teachers.prompt_sha("grounded") == ""
    assert teachers.prompt_sha("gemini:g") == teachers.prompt_sha(SPEC)


def test_a_changed_template_changes_only_requests_that_use_it(tmp_path):
    (tmp_path / "sound_qa").mkdir()
    (tmp_path / "sound_qa" / "think.md.j2").write_text(
        '{% extends "builtin/sound_qa/think.md.j2" %}{% block path %}In my own way.{% endblock %}'
    )
    keys = {}
    for folder in (None, tmp_path):
        caller = FakeCaller()
        made = teacher(caller, prompts=folder)
        annotation = run(made.annotate(clip(), EVIDENCE))
        run(made.think(clip(), EVIDENCE, annotation, annotation.questions[0]))
        keys[folder] = [r.key("openai", "m") for r in caller.requests]
        shas = [r.prompt_sha for r in caller.requests]
        keys[folder, "sha"] = shas
    assert keys[None][0] == keys[tmp_path][0]
    assert keys[None][1] != keys[tmp_path][1]
    assert keys[None, "sha"][0] == keys[tmp_path, "sha"][0]
    assert keys[None, "sha"][1] != keys[tmp_path, "sha"][1]
    assert dataclasses.is_dataclass(caller.requests[0])
    assert "In my own way." in caller.requests[1].messages[0].text
