"""`audio-reasoner prompts`, and templates of a user."""

import pytest
from typer.testing import CliRunner

from audio_reasoner.cli import app
from audio_reasoner.core.errors import AudioReasonerError, ConfigError
from audio_reasoner.teachers.templates import STAGES, TASKS, Flags, Templates, variants


def invoke(*words):
    result = CliRunner().invoke(app, ["prompts", *map(str, words)])
    if isinstance(result.exception, AudioReasonerError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result


@pytest.mark.parametrize("stage", STAGES)
def test_every_prompt_holds_the_data_once_and_no_leftovers(stage):
    templates = Templates()
    for task in TASKS:
        for flags in variants(stage):
            text = templates.render(task, stage, '{"mark": 1}', flags).text
            assert text.count('{"mark": 1}') == text.count("<data>") == text.count("</data>") == 1
            assert "{%" not in text
            assert "{{" not in text
            assert "\n\n\n" not in text


def test_what_a_task_is_about_stands_in_its_prompts():
    templates = Templates()

    def think(task, **flags):
        return templates.render(task, "think", "{}", Flags(**flags)).text

    assert "Transcribe, then translate" in think("s2tt")
    assert "Words and voice are weighed" in think("ser")
    assert "clash" in think("sarcasm")
    assert think("music_qa").index("tonality") < think("music_qa").index("genre")
    assert "Attribute every line" in think("multi_speaker")
    assert "in the order in which they begin" in think("complex_audio")
    assert "leave that step out" in think("ser", hears=False)
    assert "leave that step out" not in think("ser")


def test_templates_are_listed_shown_and_exported(tmp_path):
    assert len(invoke("list").stdout.splitlines()) == len(TASKS) * len(STAGES) + 1
    assert "Words and voice are weighed" in invoke("show", "ser", "think").stdout
    assert "Do not write any" in invoke("show", "s2tt", "annotate", "--given").stdout
    assert '{% extends "_base/think.md.j2" %}' in invoke("show", "ser", "think", "--source").stdout
    invoke("export", tmp_path / "mine")
    assert Templates(tmp_path / "mine").sha == Templates().sha
    with pytest.raises(ConfigError, match="nothing was written"):
        invoke("export", tmp_path / "mine")
    with pytest.raises(AudioReasonerError, match="Did you mean sound_qa"):
        invoke("show", "sound_qs", "think")


@pytest.mark.system
def test_a_prompt_can_be_tried_on_a_clip_of_a_run(tmp_path):
    run = tmp_path / "run"
    made = CliRunner().invoke(app, ["synth", "complex", "-n", "2", "-o", str(run)])
    assert made.exit_code == 0, made.output
    shown = invoke("try", run, "annotate")
    assert '"timeline"' in shown.stdout
    assert "s of sound in front" in shown.stderr
    assert '"answer_letter"' in invoke("try", run, "think", "--teacher", "text:openai:m").stdout
    assert '"answer' not in invoke("try", run, "solve").stdout
    with pytest.raises(AudioReasonerError) as caught:
        invoke("try", run, "judge")
    assert caught.value.code == "prompts.no_chain"


@pytest.mark.parametrize(
    ("name", "text", "code", "words"),
    [
        ("sound_qa/thnik.md.j2", "x", "prompts.unknown_file", "sound_qa/think.md.j2"),
        ("sound_qa/think.md.j2", "no data here", "prompts.no_data", "sound_qa/think.md.j2"),
        ("sound_qa/think.md.j2", "{{ data }}{{ dta }}", "prompts.variable", "'dta' is undefined"),
        ("sound_qa/think.md.j2", "{{ data }}\n{% if %}", "prompts.syntax", "line 2"),
        ("sound_qa/think.md.j2", '{% extends "nowhere" %}', "prompts.syntax", "nowhere"),
        # Jinja reads only the blocks of a template that extends another, and says nothing of the rest.
        ("ser/think.md.j2", '{% extends "builtin/ser/think.md.j2" %}\n\nBe short.', "prompts.outside_block", "line 3"),
        ("ser/think.md.j2", '{% extends "_base/think.md.j2" %}\n{{ brief }}', "prompts.outside_block", "line 2"),
        ("ser/think.md.j2", '{% extends "_base/think.md.j2" %}{% block pth %}x{% endblock %}', "prompts.unk", "'pth'"),
        ("_base/data.md.j2", "gone", "prompts.no_data", "leaves out the data"),
        ("ser/judge.md.j2", "{{ data }}{{ ''.__class__.__mro__[1].__subclasses__() }}", "prompts", "unsafe"),
    ],
)
def test_a_mistake_in_a_users_template_is_named_before_anything_is_asked(tmp_path, name, text, code, words):
    path = tmp_path / name
    path.parent.mkdir()
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        Templates(tmp_path)
    assert caught.value.code.startswith(code)
    assert words in str(caught.value)


def test_blocks_and_what_is_no_text_may_stand_in_a_template_that_extends(tmp_path):
    path = tmp_path / "ser" / "think.md.j2"
    path.parent.mkdir()
    path.write_text(
        '{# mine #}\n{% extends "builtin/ser/think.md.j2" %}\n{% set words = "9 to 99" %}\n'
        "{% block path %}{{ super() }} Be short.{% endblock %}\n"
    )
    assert "Be short." in Templates(tmp_path).render("ser", "think", "{}", Flags()).text


def test_a_users_base_reaches_all_tasks_and_hidden_files_are_left_alone(tmp_path):
    (tmp_path / "_base").mkdir()
    (tmp_path / "_base" / "solve.md.j2").write_text("Answer.\n{{ data }}")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "config").write_text("x")
    templates = Templates(tmp_path)
    assert templates.render("sound_qa", "solve", "D", Flags()).text == "Answer.\nD\n"
    assert templates.sha_of("sound_qa", "solve") != Templates().sha_of("sound_qa", "solve")
    assert templates.sha_of("sound_qa", "think") == Templates().sha_of("sound_qa", "think")
    with pytest.raises(ConfigError) as caught:
        Templates(tmp_path / "nothing")
    assert caught.value.code == "prompts.missing"
