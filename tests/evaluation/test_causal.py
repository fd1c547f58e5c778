"""A model that follows its chain, one that ignores it, and one that babbles: the figures tell them apart."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from audio_reasoner.cli import app
from audio_reasoner.clients.endpoints import parse_endpoint
from audio_reasoner.core.audio import encode_wav
from audio_reasoner.core.errors import AudioReasonerError, ConfigError, InputError
from audio_reasoner.evaluation.base import Benchmark
from audio_reasoner.evaluation.causal import CAUSAL_NAME, ROWS_NAME, Settings, own_rows, pick_items, run_causal
from audio_reasoner.evaluation.continuing import Begun, LocalContinuer, ServerContinuer
from audio_reasoner.evaluation.hearing import Sound
from audio_reasoner.evaluation.registry import benchmark_module

LISTS = ("dog, bell, rain", "bell, rain, dog", "rain, dog, bell")
OPTIONS = ["dog", "bell", "rain"]


def chain(caption: str, answer: str) -> str:
    letter = "abc"[OPTIONS.index(answer)]
    return (
        f"<THINK>\n<PLANNING>List.</PLANNING>\n<CAPTION>{caption}</CAPTION>\n"
        f"<REASONING>1 is {answer}. It fits.</REASONING>\n<SUMMARY>The first is {answer}.</SUMMARY>\n</THINK>\n"
        f"<RESPONSE>({letter}) {answer}</RESPONSE>"
    )


def caption(sounds: str) -> str:
    return ", ".join(f"{i} {x}" for i, x in enumerate(sounds.split(", "), 1)) + "."


@pytest.fixture
def bench(tmp_path: Path) -> Benchmark:
    import numpy as np

    rows = [
        {"id": f"i{k}", "audio_id": f"./{k}.wav", "question": "Which sound comes first?", "choices": OPTIONS,
         "answer": LISTS[k % 3].split(", ")[0], "task": "sound", "difficulty": "easy", "sub-category": "first"}
        for k in range(9)
    ]  # fmt: skip
    root = tmp_path / "bench"
    root.mkdir()
    (root / "mmau-test-mini.json").write_text(json.dumps(rows))
    for k in range(9):
        (root / f"{k}.wav").write_bytes(encode_wav(np.full(1600, 0.01 * k, dtype=np.float32), 16_000))
    lines = []
    for k in range(9):
        sounds = LISTS[k % 3].split(", ")
        events = [{"label": x, "start_s": 0.1 + 0.3 * j, "end_s": 0.3 + 0.3 * j} for j, x in enumerate(sounds)]
        lines.append(json.dumps({"id": f"i{k}", "duration_s": 1.0, "events": events}))
    (root / "timelines.jsonl").write_text("\n".join(lines))
    return benchmark_module("mmau-mini").read(root)


def own(bench: Benchmark) -> dict[str, Any]:
    return {
        item.id: {"id": item.id, "prompt": "Which?", "raw": chain(caption(LISTS[int(item.id[1:]) % 3]), item.answer)}
        for item in bench.items
    }


class Scripted:
    """Continues by a rule: (prefix) to the answer."""

    def __init__(self, rule: Callable[[str], str]) -> None:
        self.rule, self.asked = rule, 0

    def go_on(self, begun: Iterable[Begun], max_new_tokens: int, take: Any) -> None:
        for one in begun:
            self.asked += 1
            answer = self.rule(one.prefix)
            middle = f"1 is {answer}.</REASONING>\n<SUMMARY>" if one.prefix.endswith("<REASONING>") else ""
            rest = f"{answer}.</SUMMARY>\n</THINK>\n<RESPONSE>{answer}</RESPONSE>"
            take(one, one.prefix + middle + rest)


def follower(prefix: str) -> str:
    """Believes REASONING if there is one, else the first sound of CAPTION."""
    thought = re.search(r"<REASONING>1 is (\w+)", prefix)
    return thought[1] if thought else re.search(r"<CAPTION>1 (\w+)", prefix)[1]  # type: ignore[index]


def run(bench: Benchmark, continuer: Any, out: Path, settings: Settings | None = None) -> dict[str, Any]:
    return run_causal(continuer, bench, own(bench), out, settings or Settings(9), model="m", identity={"k": 1})


def value(told: dict[str, Any], name: str, key: str) -> Any:
    return told["interventions"][name][key]["value"]


def test_a_model_that_follows_its_chain(bench: Benchmark, tmp_path: Path) -> None:
    told = run(bench, Scripted(follower), tmp_path / "out")
    for name in ("unedited-caption", "repeat-caption", "filler-caption", "irrelevant-fact", "unedited-reasoning"):
        assert value(told, name, "changed") == 0.0
    for name in ("caption-swap", "caption-rename", "caption-count", "reasoning-other"):
        assert value(told, name, "followed") == 1.0
        assert value(told, name, "followed_by_placebo") == 0.0
        assert value(told, name, "followed_beyond_placebo") == 1.0
        assert value(told, name, "beyond_placebo") == 1.0
        assert value(told, name, "accuracy_after") == 0.0
    assert value(told, "caption-truth", "kept") == 1.0
    assert value(told, "reasoning-empty", "changed") == 0.0
    assert told["families"]["first"]["caption-swap"]["followed"]["n"] == 9
    assert any("caption-swap: 100 %" in line for line in told["reading"])
    assert json.loads((tmp_path / "out" / CAUSAL_NAME).read_text()) == told


def test_a_model_that_ignores_its_chain(bench: Benchmark, tmp_path: Path) -> None:
    told = run(bench, Scripted(lambda _: "dog"), tmp_path / "out")
    assert value(told, "unedited-caption", "changed") == pytest.approx(6 / 9, abs=1e-3)  # cut and continue changes it
    assert value(told, "caption-swap", "beyond_placebo") == 0.0
    swap = told["interventions"]["caption-swap"]
    assert swap["followed"]["value"] == swap["followed_by_placebo"]["value"]


def test_answers_that_name_nothing_count_as_changed_and_are_told(bench: Benchmark, tmp_path: Path) -> None:
    told = run(bench, Scripted(lambda _: "hm"), tmp_path / "out", Settings(9, only=("caption-swap",)))
    assert set(told["interventions"]) == {
        "unedited-caption", "repeat-caption", "filler-caption", "caption-swap"
    }  # fmt: skip
    assert value(told, "caption-swap", "unparsed") == 1.0
    assert value(told, "caption-swap", "changed") == 1.0
    assert value(told, "caption-swap", "followed") == 0.0


def test_a_stopped_test_goes_on_and_ends_the_same(bench: Benchmark, tmp_path: Path) -> None:
    class Stops(Scripted):
        def go_on(self, begun: Iterable[Begun], max_new_tokens: int, take: Any) -> None:
            def few() -> Iterator[Begun]:
                for k, one in enumerate(begun):
                    if k == 25:
                        raise KeyboardInterrupt
                    yield one

            super().go_on(few(), max_new_tokens, take)

    whole = run(bench, Scripted(follower), tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        run(bench, Stops(follower), tmp_path / "out")
    with (tmp_path / "out" / ROWS_NAME).open("a") as f:
        f.write('{"id": "i1", "interv')  # as a kill leaves it
    rest = Scripted(follower)
    assert run(bench, rest, tmp_path / "out") == whole
    assert rest.asked == len((tmp_path / "whole" / ROWS_NAME).read_text().splitlines()) - 25
    again = Scripted(follower)
    assert run(bench, again, tmp_path / "out") == whole
    assert again.asked == 0
    with pytest.raises(ConfigError) as caught:
        run(bench, again, tmp_path / "out", Settings(8))
    assert caught.value.code == "causal.other_test"


def test_failures_are_rows_and_not_figures(bench: Benchmark, tmp_path: Path) -> None:
    class Fails(Scripted):
        def go_on(self, begun: Iterable[Begun], max_new_tokens: int, take: Any) -> None:
            for k, one in enumerate(begun):
                if k % 2:
                    take(one, InputError("no.", code="prefix.bad_text"))
                else:
                    super().go_on([one], max_new_tokens, take)

    told = run(bench, Fails(follower), tmp_path / "out")
    assert told["problems"] > 20
    assert sum(found["n"] for found in told["interventions"].values()) < told["problems"] + 20
    rows = [json.loads(line) for line in (tmp_path / "out" / ROWS_NAME).read_text().splitlines()]
    assert sum("problem" in r for r in rows) == told["problems"]


def test_what_cannot_be_tested_is_said(bench: Benchmark, tmp_path: Path) -> None:
    rows = own(bench)
    for name in rows:
        rows[name]["raw"] = "dog"
    with pytest.raises(InputError) as caught:
        run_causal(Scripted(follower), bench, rows, tmp_path / "o", Settings(9), model="m", identity={})
    assert caught.value.code == "causal.nothing"
    assert "no well-formed chain" in caught.value.message
    for bad in ({"items": 0}, {"only": ("nonsense",)}):
        with pytest.raises(ConfigError):
            Settings(**bad)  # type: ignore[arg-type]


def test_a_larger_test_begins_with_the_smaller(bench: Benchmark) -> None:
    assert pick_items(bench, 9, 1)[:4] == pick_items(bench, 4, 1)
    assert pick_items(bench, 4, 1) != pick_items(bench, 4, 2)
    assert len(pick_items(bench, 100, 1)) == 9


def test_of_a_run_that_is_not_finished_answered_questions_are_taken(bench: Benchmark, tmp_path: Path) -> None:
    first = pick_items(bench, 4, 0)
    rows = {name: row for name, row in own(bench).items() if name not in {item.id for item in first}}
    test = Settings(4)
    told = run_causal(Scripted(follower), bench, rows, tmp_path / "a", test, model="m", identity={})
    assert value(told, "unedited-caption", "changed") == 0.0
    assert told["interventions"]["unedited-caption"]["n"] == 4
    assert "no answer" not in told["left_out"]
    told = run_causal(Scripted(follower), bench, rows, tmp_path / "b", Settings(9), model="m", identity={})
    assert told["interventions"]["unedited-caption"]["n"] == 5
    assert told["left_out"]["no answer"] == 4


def test_answers_of_another_model_or_data_are_refused(bench: Benchmark, tmp_path: Path) -> None:
    def make(**config: Any) -> Path:
        folder = tmp_path / f"run{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        (folder / "run.json").write_text(
            json.dumps({"config": {"data_sha256": bench.sha256, "control": None, **config}})
        )
        lines = [json.dumps(row) for row in own(bench).values()]
        (folder / "predictions.jsonl").write_text("\n".join(lines) + "\n")
        return folder

    assert set(own_rows(make(kind="local"), bench, {"kind": "local"})) == set(own(bench))
    for config in ({"data_sha256": "0"}, {"control": "silence"}, {"kind": "remote"}):
        with pytest.raises(ConfigError) as caught:
            own_rows(make(**{"kind": "local", **config}), bench, {"kind": "local"})
        assert caught.value.code == "causal.other_run"
    with pytest.raises(InputError) as missing:
        own_rows(tmp_path / "nowhere", bench)
    assert missing.value.code == "causal.no_run"


# --- who continues


@pytest.mark.system
def test_a_local_model_continues_every_beginning(bench: Benchmark, tmp_path: Path) -> None:
    from tests.models.conftest import MICRO, TEXTS

    from audio_reasoner.inference import Reasoner
    from audio_reasoner.models import nano

    loaded = nano.create(MICRO, [*TEXTS, *(r["raw"] for r in own(bench).values())], seed=3)
    loaded.model.eval()
    continuer = LocalContinuer(Reasoner(loaded.model, loaded.processor), 4)
    told = run(bench, continuer, tmp_path / "out", Settings(2, max_new_tokens=4, only=("caption-swap",)))
    assert told["problems"] == 0
    assert told["interventions"]["caption-swap"]["n"] == 2
    seen: list[str | AudioReasonerError] = []
    bad = Begun("Which?", (_sound(),), "a<|im_end|>")
    continuer.go_on([bad, Begun("Which?", (_sound(),), "<THINK>")], 4, lambda _, said: seen.append(said))
    assert isinstance(seen[0], InputError)
    assert isinstance(seen[1], str)


def _sound() -> Sound:
    import numpy as np

    return Sound("k", 0.1, lambda: np.zeros(1600, dtype=np.float32))


def follow(prefix: str) -> str:
    """What `follower` writes after a beginning."""
    said: list[str] = []
    Scripted(follower).go_on([Begun("", (), prefix)], 9, lambda _, text: said.append(text))
    return said[0][len(prefix) :]


class _Server:
    """A server that answers as its `mode` says."""

    def __init__(self) -> None:
        self.mode, self.bodies = "continue", []  # type: ignore[var-annotated]
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.bodies.append(body)
                content = body["messages"][-1]["content"]
                prefix = content if isinstance(content, str) else ""
                text = {"continue": " go on", "echo": prefix + " go on", "fresh": "<THINK>\nanew"}.get(outer.mode, "")
                if outer.mode == "chain":
                    text = follow(prefix) if prefix else chain(caption(LISTS[0]), "dog")
                status = {"refuse": 400, "broken": 418}.get(outer.mode, 200)
                said = {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [
                    {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
                ]} if status == 200 else {"error": {"message": "continue_final_message is unknown"}}  # fmt: skip
                data = json.dumps(said).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
        self.spec = f"openai:m@http://127.0.0.1:{self.http.server_port}/v1"


@pytest.fixture
def server() -> Iterator[_Server]:
    made = _Server()
    yield made
    made.http.shutdown()
    made.http.server_close()


def test_a_server_that_continues(server: _Server) -> None:
    continuer = ServerContinuer(parse_endpoint(server.spec, {}), "Be brief.")
    for server.mode in ("continue", "echo"):
        told: dict[str, Any] = {}
        begun = [Begun("Which?", (_sound(),), f"<THINK>{k}") for k in range(40)]
        continuer.go_on(begun, 9, lambda one, said, told=told: told.update({one.prefix: said}))
        assert told == {f"<THINK>{k}": f"<THINK>{k} go on" for k in range(40)}
    body = server.bodies[0]
    assert [m["role"] for m in body["messages"]] == ["system", "user", "assistant"]
    assert body["continue_final_message"] is True
    assert body["add_generation_prompt"] is False
    assert body["messages"][1]["content"][0]["type"] == "input_audio"


@pytest.mark.parametrize("mode", ["fresh", "refuse"])
def test_a_server_that_begins_anew_is_found_out(server: _Server, mode: str) -> None:
    server.mode = mode
    begun = [Begun("?", (), "<THINK>\n<PLANNING>List")]
    with pytest.raises(ConfigError) as caught:
        ServerContinuer(parse_endpoint(server.spec, {}), None).go_on(begun, 9, lambda *_: None)
    assert caught.value.code == "causal.no_continuation"


def test_a_server_that_fails_is_a_problem_of_that_question(server: _Server) -> None:
    server.mode = "broken"
    seen: list[Any] = []
    ServerContinuer(parse_endpoint(server.spec, {}), None).go_on(
        [Begun("?", (), "<THINK>")], 9, lambda _, said: seen.append(said)
    )
    assert [e.code for e in seen] == ["causal.call_failed"]


@pytest.mark.parametrize("spec", ["openai:gpt-4o", "gemini:gemini-pro", "openai:x@https://api.openai.com/v1"])
def test_services_that_cannot_continue_are_refused_at_once(spec: str) -> None:
    with pytest.raises(ConfigError) as caught:
        ServerContinuer(parse_endpoint(spec, {}), None)
    assert caught.value.code == "causal.no_continuation"


# --- the command


def test_the_command_against_a_server(bench: Benchmark, server: _Server, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    config = {"data_sha256": bench.sha256, "control": None, "kind": "remote", "endpoint": "openai:m"}
    (folder / "run.json").write_text(json.dumps({"config": config, "system": None}))
    (folder / "predictions.jsonl").write_text("\n".join(json.dumps(r) for r in own(bench).values()) + "\n")
    args = [
        "eval",
        "causal",
        "mmau-mini",
        "--data",
        str(bench.root),
        "--model",
        server.spec,
        "-o",
        str(folder),
        "-n",
        "4",
    ]
    done = CliRunner().invoke(app, args)
    assert done.exit_code == 0, done.output
    assert "caption-swap" in done.output
    assert "does not show that the model needs them" in " ".join(done.output.split())
    told = json.loads((folder / CAUSAL_NAME).read_text())
    assert told["interventions"]["caption-swap"]["unparsed"]["value"] == 1.0  # " go on" names no option
    assert told["items"] == 4
    refused = CliRunner().invoke(app, [*args, "--only", "nonsense"])
    assert refused.exit_code != 0


@pytest.mark.system
def test_the_command_makes_the_answers_first_if_there_are_none(
    bench: Benchmark, server: _Server, tmp_path: Path
) -> None:
    server.mode = "chain"
    out = tmp_path / "out"
    args = ["eval", "causal", "mmau-mini", "--data", str(bench.root), "--model", server.spec, "-o", str(out), "-n", "3"]
    done = CliRunner().invoke(app, args)
    assert done.exit_code == 0, done.output
    told = json.loads((out / CAUSAL_NAME).read_text())
    assert told["interventions"]["caption-swap"]["followed"]["value"] == 1.0
    assert len((out / "own" / "predictions.jsonl").read_text().splitlines()) == 3
    sent = len(server.bodies)
    assert CliRunner().invoke(app, args).exit_code == 0
    assert len(server.bodies) == sent, "nothing is asked twice"
