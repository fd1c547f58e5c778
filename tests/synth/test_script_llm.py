"""Scripts from a language model over real sockets: orders, replies of every kind, money, crashes."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from collections import Counter

import pytest
from script_model import good, good_text, running

from audio_reasoner.clients.ledger import LedgerReader
from audio_reasoner.clients.prices import Price, PriceTable
from audio_reasoner.clients.retry import RetryPolicy
from audio_reasoner.core.errors import ConfigError, EnvironmentProblem, QuotaError
from audio_reasoner.synth.scripts.llm import LEDGER_NAME, forecast, write_scripts
from audio_reasoner.synth.scripts.near import near_duplicates
from audio_reasoner.synth.scripts.orders import order, prompt
from audio_reasoner.synth.scripts.reply import BadScript, script_of
from audio_reasoner.synth.scripts.script import SCRIPTS_NAME, problems_of, read_scripts
from audio_reasoner.synth.scripts.writer import write_script

QUICK = RetryPolicy(max_attempts=3, first_wait_s=0.01, longest_wait_s=0.02, max_total_s=3)
SEED = 5


def orders_by_prompt(n, seed=SEED, **settings):
    return {prompt(o): o for o in (order(seed, i, **settings) for i in range(n))}


def always_good(n, **settings):
    known = orders_by_prompt(n, **settings)
    return lambda first, messages, before: good_text(known[first])


def write(model, n, path, **options):
    return write_scripts(f"openai:writer@{model.url}", n, SEED, path, retry=QUICK, **options)


def test_orders_are_spread_and_repeatable():
    orders = [order(1, i) for i in range(264)]
    assert len({o.scenario for o in orders}) == 66
    assert Counter(o.speakers for o in orders) == {2: 66, 3: 66, 4: 66, 5: 66}
    assert 90 < sum(o.changer is not None for o in orders) < 174
    assert orders[7] == order(1, 7) != order(2, 7)
    assert len({prompt(o) for o in orders}) == 264
    assert all(o.scenario in prompt(o) and f"exactly {o.speakers}" in prompt(o) for o in orders)
    assert "$" not in prompt(orders[0])
    assert order(1, 0, scenarios=["zoo"]).scenario == "a visit to the zoo"


def test_every_order_can_be_filled():
    for i in range(60):
        asked = order(SEED, i)
        script = script_of(good_text(asked), asked, "openai:x")
        assert not problems_of(script)
        assert script.speakers == asked.speakers
        assert script.scenario == asked.scenario


def test_scripts_are_written_kept_and_paid_once(tmp_path):
    with running(always_good(6)) as model:
        first = write(model, 4, tmp_path)
        assert sorted(first.scripts) == [0, 1, 2, 3]
        assert not first.set_aside
        assert (first.asked, first.cached) == (4, 0)
        assert list(read_scripts(tmp_path / SCRIPTS_NAME)) == list(first.scripts.values())
        more = write(model, 6, tmp_path)
        assert (more.asked, more.cached, len(model.asked)) == (2, 4, 6)
        assert {i: more.scripts[i] for i in range(4)} == first.scripts
        assert more.scripts[0].written_by == "openai:writer"


def broken(change):
    def made(asked):
        reply = good(asked)
        change(reply)
        return json.dumps(reply, ensure_ascii=False)

    return made


def swap(reply):
    for turn in reply["turns"]:
        turn["speaker"] = 1


FAULTS = {
    "reply.refused": lambda o: "I'm sorry, but I can't help with that.",
    "json.syntax": lambda o: good_text(o)[: len(good_text(o)) // 2],
    "json.several": lambda o: good_text(o).replace("```", "") + good_text(o).replace("```", ""),
    "script.form": lambda o: '{"names": [], "turns": "none", "facts": []}',
    "script.invalid": broken(lambda r: r["turns"][0].update(text="(laughs) Well, hello there.")),
    "script.order": broken(lambda r: r.update(facts=[f for f in r["facts"] if f["kind"] != "fact"])),
}


@pytest.mark.parametrize("code", FAULTS)
def test_a_bad_reply_is_repaired_once(tmp_path, code):
    known = orders_by_prompt(1)
    with running(
        lambda first, messages, before: good_text(known[first]) if before else FAULTS[code](known[first])
    ) as m:
        result = write(m, 1, tmp_path)
    assert len(result.scripts) == result.repaired == 1
    assert result.asked == 2
    if code.startswith("script."):  # the faults are told, with the reply they are about
        assert [x["role"] for x in m.asked[1]] == ["user", "assistant", "user"]
        assert "cannot be used" in m.asked[1][2]["content"]


@pytest.mark.parametrize("code", ["json.syntax", "script.invalid"])
def test_a_reply_that_stays_bad_is_set_aside_and_can_be_tried_again(tmp_path, code):
    known = orders_by_prompt(2)
    sick = prompt(order(SEED, 0))

    def answer(first, messages, before):
        return FAULTS[code](known[first]) if first == sick and before < 2 else good_text(known[first])

    with running(answer) as model:
        result = write(model, 2, tmp_path)
        assert list(result.scripts) == [1]
        assert [(a.index, a.code) for a in result.set_aside] == [(0, code)]
        with LedgerReader.open(tmp_path / LEDGER_NAME) as ledger:
            (plan,) = ledger.plans()
            assert [(q.unit_id, q.code) for q in ledger.quarantined(plan)] == [("script-0000000", code)]
        asked = len(model.asked)
        assert write(model, 2, tmp_path).set_aside == result.set_aside
        assert len(model.asked) == asked  # a plain second call asks nobody
        again = write(model, 2, tmp_path, retry_failed=True)
        assert list(again.scripts) == [0, 1]
        assert not again.set_aside
        assert write(model, 2, tmp_path).scripts == again.scripts
        assert len(model.asked) == asked + 1


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            lambda r: r["facts"].append({"kind": "fact", "speaker": 1, "value": "the moon is cheese", "turns": [1]}),
            "word",
        ),
        (lambda r: r["facts"].append({"kind": "fact", "speaker": 1, "value": "x", "turns": [99]}), "points to turn 99"),
        (lambda r: r["facts"].append({"kind": "name", "speaker": 2, "value": "Zed", "turns": [1]}), "called"),
        (
            lambda r: r["facts"].append({"kind": "opinion", "speaker": 9, "value": "for x", "turns": [1]}),
            "does not speak",
        ),
        (lambda r: r["turns"][0].update(text="<THINK>hello you two</THINK>"), "markup"),
        (lambda r: r["turns"][0].update(text="Speaker 1: hello you two"), "label"),
        (lambda r: r["turns"][0].update(text="As an AI language model I am happy to help."), "not part of a talk"),
        (lambda r: r["turns"][0].update(text="word " * 40), "words"),
        (lambda r: r["turns"][0].update(text=""), "text"),
        (lambda r: r["turns"].extend(r["turns"] * 9), "at most 40"),
        (swap, "1 speaker"),
        (lambda r: r["turns"].extend({"speaker": 1, "text": f"And {w} too."} for w in ("tea", "milk")), "same speaker"),
        (
            lambda r: r["facts"].append({"kind": "intent", "speaker": 1, "value": "sleep", "turns": [1]}),
            "begin with 'to'",
        ),
        (lambda r: r.pop("turns"), "must be a list"),
    ],
)
def test_what_is_wrong_is_told(change, told):
    asked = order(SEED, 0)
    reply = good(asked)
    change(reply)
    with pytest.raises(BadScript, match=told):
        script_of(json.dumps(reply), asked, "openai:x")


def test_speakers_are_numbered_again_by_their_first_turn():
    asked = order(SEED, 0, speakers=[2])
    reply = good(asked)
    for turn in reply["turns"]:
        turn["speaker"] = {1: 7, 2: 3}[turn["speaker"]]
    for fact in reply["facts"]:
        fact["speaker"] = {1: 7, 2: 3, 0: 0}[fact["speaker"]]
    reply["names"] = ["", "", "", "", "", "", reply["names"][0]]
    assert script_of(json.dumps(reply), asked, "x").lines == script_of(json.dumps(good(asked)), asked, "x").lines


def test_near_duplicates_are_set_aside_and_counted(tmp_path):
    known = orders_by_prompt(3, scenarios=["a picnic"], speakers=[2])
    same = min(known.values(), key=lambda o: o.index)

    def answer(first, messages, before):
        made = good(known[first])
        if known[first].index == 2:  # order 2 in the words of order 0
            made = good(known[first])
            word0 = good(same)["turns"][0]["text"].removeprefix("Here we are at ").removesuffix(", place 0.")
            word2 = made["turns"][0]["text"].removeprefix("Here we are at ").removesuffix(", place 0.")
            return json.dumps(made).replace(word2, word0)
        return json.dumps(made)

    with running(answer) as model:
        result = write(model, 3, tmp_path, scenarios=["a picnic"], speakers=[2])
    assert result.near == 1
    assert sorted(result.scripts) == [0, 1]
    assert result.set_aside[0].code == "script.near_duplicate"
    assert "script 0" in result.set_aside[0].detail


def test_embedded_scripts_are_no_near_duplicates():
    scripts = [write_script(3, i, scenarios=["hiking"], speakers=[2]) for i in range(40)]
    assert len(near_duplicates(scripts)) <= 2
    assert near_duplicates([scripts[0], scripts[1], scripts[0]]) == {2: (0, 1.0)}


def test_a_busy_server_is_waited_for(tmp_path):
    known = orders_by_prompt(3)
    with running(lambda f, m, before: (429, "busy") if before == 0 else good_text(known[f])) as model:
        assert len(write(model, 3, tmp_path).scripts) == 3


def test_garbage_from_the_server_is_an_error_of_that_call_only(tmp_path):
    known = orders_by_prompt(3)
    sick = prompt(order(SEED, 1))
    with running(lambda f, m, b: (200, "<html>nginx</html>") if f == sick else good_text(known[f])) as model:
        result = write(model, 3, tmp_path)
    assert sorted(result.scripts) == [0, 2]
    assert [a.index for a in result.set_aside] == [1]


def test_a_dead_server_is_told_and_what_is_paid_stays(tmp_path):
    with running(always_good(2)) as model:
        write(model, 2, tmp_path)
        dead = model.url
    with pytest.raises((EnvironmentProblem, ConfigError)):
        write_scripts(f"openai:writer@{dead}", 4, SEED, tmp_path, retry=RetryPolicy(max_total_s=0.2, first_wait_s=0.01))
    assert len(list(read_scripts(tmp_path / SCRIPTS_NAME))) == 2


def test_a_spend_cap_holds_and_the_forecast_knows_what_is_paid(tmp_path):
    prices = PriceTable({"writer": Price(input=1.0, output=4.0)})
    with running(always_good(9)) as model:
        spec = f"openai:writer@{model.url}"
        before = forecast(spec, 9, SEED, tmp_path, prices=prices)
        assert (before.calls, before.known) == (9, 0)
        assert 0 < before.likely_micro < before.most_micro
        assert not list(tmp_path.iterdir())  # it makes nothing
        with pytest.raises(QuotaError):
            write(model, 9, tmp_path, prices=prices, max_cost_usd=0.03)
        with LedgerReader.open(tmp_path / LEDGER_NAME) as ledger:
            assert 0 < ledger.spent_micro() <= 30_000
        after = forecast(spec, 9, SEED, tmp_path, prices=prices)
        assert 0 < after.known < 9
        result = write(model, 9, tmp_path, prices=prices, max_cost_usd=1.0)
        assert len(result.scripts) == 9
        assert result.cached >= after.known


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda p: write_scripts("nobody", 1, 0, p), "endpoint.spec"),
        (lambda p: write_scripts("openai:x@http://127.0.0.1:9", 1, 0, p, speakers=[1]), "script.speakers"),
        (lambda p: write_scripts("openai:x@http://127.0.0.1:9", 1, 0, p, scenarios=["<b>"]), "script.scenario"),
        (lambda p: write_scripts("openai:x@http://127.0.0.1:9", 1, 0, p, language="plain English"), "script.language"),
        (lambda p: write_scripts("openai:x@http://127.0.0.1:9", 1, 0, p, max_cost_usd=1, prices=PriceTable({})),
         "price.unknown"),
        (lambda p: write_scripts("openai:x@http://127.0.0.1:9", -1, 0, p), "script.number"),
    ],
)  # fmt: skip
def test_wrong_settings_are_refused_before_anything_is_made(tmp_path, call, code):
    with pytest.raises(ConfigError) as error:
        call(tmp_path / "new")
    assert error.value.code == code
    assert not (tmp_path / "new").exists()


CHILD = """
    import sys
    from pathlib import Path
    from audio_reasoner.synth.scripts.llm import write_scripts
    write_scripts(sys.argv[1], 40, 5, Path(sys.argv[2]))
"""


@pytest.mark.system
def test_killed_and_begun_again_asks_only_for_what_is_missing(tmp_path):
    known = orders_by_prompt(40)
    served = []

    def answer(first, messages, before):
        if len(served) >= 15:
            time.sleep(0.05)
        served.append(first)
        return good_text(known[first])

    with running(answer) as model:
        spec = f"openai:writer@{model.url}"
        child = subprocess.Popen([sys.executable, "-c", textwrap.dedent(CHILD), spec, str(tmp_path)])
        deadline = time.monotonic() + 30
        while len(served) < 20 and time.monotonic() < deadline:
            time.sleep(0.01)
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        with LedgerReader.open(tmp_path / LEDGER_NAME) as ledger:
            paid = len(ledger.done_keys())
        assert 0 < paid < 40
        result = write(model, 40, tmp_path)
        assert len(result.scripts) == 40
        assert result.cached == paid
        assert result.asked == 40 - paid


JUNK = (
    None,
    True,
    -1,
    1.5,
    10**30,
    "",
    "x" * 5000,
    "\ud800",
    "\x00",
    "<THINK>",
    [],
    {},
    [None],
    {"a": 1},
    "\u202e",
    "٣",
)


def spoilt(value, rng):
    """A value with something else in the place of some of its parts."""
    if rng.random() < 0.02:
        return rng.choice(JUNK)
    if isinstance(value, dict):
        return {k: spoilt(v, rng) for k, v in value.items() if rng.random() < 0.99}
    return [spoilt(v, rng) for v in value] if isinstance(value, list) else value


def test_whatever_a_model_says_is_a_script_or_a_reason():
    rng = random.Random(3)
    ends = Counter()
    for i in range(200):
        asked = order(1, i % 40)
        reply = json.dumps(spoilt(good(asked), rng))
        try:
            ends[len(script_of(reply[: rng.choice((len(reply), len(reply), 500))], asked, "x").lines) > 0] += 1
        except BadScript as bad:
            ends[bad.code if bad.problems else "no reason"] += 1
    assert {True, "script.form", "script.invalid", "json.syntax"} <= set(ends)
    assert "no reason" not in ends


@pytest.fixture
def interruptible():
    """Test workers are started with Ctrl-C ignored; a terminal is not."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_keeps_what_is_paid(tmp_path):
    """As the command does it: status 130 is Typer's, the rest is ours."""
    known = orders_by_prompt(12)

    def progress(so_far, of, stats):
        if so_far == 3:
            os.kill(os.getpid(), signal.SIGINT)

    with running(lambda f, m, b: good_text(known[f])) as model:
        with pytest.raises(KeyboardInterrupt):
            write(model, 12, tmp_path, on_progress=progress)
        with LedgerReader.open(tmp_path / LEDGER_NAME) as ledger:
            paid = len(ledger.done_keys())
        assert paid >= 3
        assert len(list(read_scripts(tmp_path / SCRIPTS_NAME))) >= 3
        result = write(model, 12, tmp_path)
        assert len(result.scripts) == 12
        assert result.cached == paid
