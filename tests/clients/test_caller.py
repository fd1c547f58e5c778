"""Calls against the loopback teacher: real sockets, real SDK, real ledger."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from audio_reasoner.clients import (
    Caller,
    ChatRequest,
    Ledger,
    LedgerReader,
    Limits,
    Message,
    RetryPolicy,
    Sampling,
    parse_endpoint,
)
from audio_reasoner.clients.prices import Price, PriceTable
from audio_reasoner.clients.transport import CallFailed, RawReply
from audio_reasoner.core.errors import ConfigError, QuotaError, TeacherError

if TYPE_CHECKING:
    from loopback import Running

QUICK = RetryPolicy(first_wait_s=0.02, longest_wait_s=0.1, max_total_s=20)
DEAR = PriceTable({"teacher": Price(input=1.0, output=1000.0)})


def ask(text: str, n: int = 0) -> ChatRequest:
    return ChatRequest("annotate", (Message("user", text),), Sampling(max_tokens=50), n=n)


def endpoint(url: str) -> Any:
    return parse_endpoint(f"openai:teacher@{url}", {})


def calling(ledger: Path, use: Callable[[Caller], Any], **options: Any) -> Any:
    async def made() -> Any:
        with Ledger(ledger) as opened:
            async with Caller(opened, **{"retry": QUICK, "timeout_s": 5.0, **options}) as caller:
                return await use(caller)

    return asyncio.run(made())


def test_the_model_behind_a_name_is_noted(tmp_path: Path, loopback: Callable[..., Running]) -> None:
    server = loopback()
    gemini = parse_endpoint(f"gemini:gemini-flash-latest@{server.gemini_url}", {})

    async def both(caller: Caller) -> None:
        await caller.call(endpoint(server.openai_url), ask("hello"), parent_id="c1")
        await caller.call(gemini, ask("hello"), parent_id="c1")

    with Ledger(tmp_path / "l") as ledger:
        ledger.write([Ledger.put_answered("gemini", "gemini-flash-latest", ["gemini-loopback-flash-001"])])
    calling(tmp_path / "l", both)
    with LedgerReader.open(tmp_path / "l") as reader:
        assert reader.answered() == {
            ("openai", "teacher"): ("teacher",),
            ("gemini", "gemini-flash-latest"): ("gemini-loopback-flash-001", "gemini-loopback-flash-002"),
        }


def test_a_call_is_paid_once_also_by_the_next_process(tmp_path: Path, loopback: Callable[..., Running]) -> None:
    server = loopback()
    where = endpoint(server.openai_url)

    async def twice(caller: Caller) -> Any:
        return [await caller.call(where, ask("hello"), parent_id="c1") for _ in range(2)]

    first, second = calling(tmp_path / "l", twice, prices=DEAR)
    assert not first.cached
    assert second.cached
    assert first.text == second.text
    assert first.cost_micro == first.tokens_in + 1000 * first.tokens_out
    third, _ = calling(tmp_path / "l", twice, prices=DEAR)
    assert third.cached
    assert server.stats()["requests"] == 1


def test_equal_calls_in_progress_share_one_request(tmp_path: Path, loopback: Callable[..., Running]) -> None:
    server = loopback(latency=0.2)
    where = endpoint(server.openai_url)

    async def crowd(caller: Caller) -> Any:
        tasks = [asyncio.ensure_future(caller.call(where, ask("same"), parent_id="c")) for _ in range(20)]
        await asyncio.sleep(0.05)
        tasks[0].cancel()  # the one that makes the call: another takes over
        return await asyncio.gather(*tasks, return_exceptions=True)

    replies = calling(tmp_path / "l", crowd)
    assert isinstance(replies[0], asyncio.CancelledError)
    assert len({reply.text for reply in replies[1:]}) == 1
    assert server.stats()["requests"] <= 2


def test_every_fault_of_a_server_is_survived_and_noted(tmp_path: Path, loopback: Callable[..., Running]) -> None:
    faults = "429_bare=0.06,500=0.1,503=0.05,reset=0.1,garbage=0.1,html=0.1,error_200=0.1,stall=0.02"
    server = loopback(faults=faults, fault_attempts=3, retry_after=False)
    where = endpoint(server.openai_url)

    async def many(caller: Caller) -> Any:
        return await asyncio.gather(*(caller.call(where, ask(f"clip {i}"), parent_id="c") for i in range(80)))

    replies = calling(tmp_path / "l", many, limits=Limits(max_in_flight=40), timeout_s=0.5)
    assert len({reply.call_key for reply in replies}) == 80
    with Ledger(tmp_path / "l") as ledger:
        failed = ledger.failed_attempts()
        totals = ledger.call_totals()
    assert sum(total.calls for total in totals) == 80
    assert {total.state for total in totals} == {"done"}
    assert {"teacher.rate_limited", "teacher.garbage"} <= set(failed)


def test_a_withheld_reply_is_paid_once_and_never_asked_again(tmp_path: Path, loopback: Callable[..., Running]) -> None:
    server = loopback(faults="safety=1.0")
    where = endpoint(server.openai_url)
    for _ in range(2):
        with pytest.raises(TeacherError) as error:
            calling(tmp_path / "l", lambda caller: caller.call(where, ask("hello"), parent_id="c"))
        assert error.value.code == "teacher.safety"
        assert not error.value.retryable
    assert server.stats()["requests"] == 1


def test_a_cut_reply_is_returned(tmp_path: Path, loopback: Callable[..., Running]) -> None:
    where = endpoint(loopback(faults="length=1.0").openai_url)
    reply = calling(tmp_path / "l", lambda caller: caller.call(where, ask("hello"), parent_id="c"))
    assert reply.finish == "length"


def test_the_spend_cap_holds_across_runs(tmp_path: Path, loopback: Callable[..., Running]) -> None:
    server = loopback(latency=0.01)
    where = endpoint(server.openai_url)

    async def until_refused(caller: Caller) -> tuple[int, int]:
        replies = await asyncio.gather(
            *(caller.call(where, ask(f"clip {i}"), parent_id="c") for i in range(60)), return_exceptions=True
        )
        refused = [r for r in replies if isinstance(r, QuotaError)]
        assert all(r.code == "spend.cap" for r in refused)
        assert not [r for r in replies if isinstance(r, BaseException) and not isinstance(r, QuotaError)]
        stats = caller.stats()
        assert stats.reserved_micro == 0
        return stats.spent_micro, len(refused)

    spent, refused = calling(tmp_path / "l", until_refused, prices=DEAR, max_cost_usd=0.3)
    # Nothing is refused while the room could still be there: less than one call's reservation is left.
    assert 0.3e6 - 52_000 < spent <= 0.3e6
    assert refused > 0
    again, _ = calling(tmp_path / "l", until_refused, prices=DEAR, max_cost_usd=0.3)
    assert again == spent
    more, none = calling(tmp_path / "l", until_refused, prices=DEAR, max_cost_usd=5.0)
    assert none == 0
    assert more > spent


def test_a_model_without_a_price_is_no_way_around_the_cap(tmp_path: Path) -> None:
    where = endpoint("http://127.0.0.1:9/v1")
    with pytest.raises(ConfigError, match="price") as error:
        calling(
            tmp_path / "l",
            lambda caller: caller.call(where, ask("hello"), parent_id="c"),
            prices=PriceTable({}),
            max_cost_usd=1.0,
        )
    assert error.value.code == "price.unknown"


@pytest.mark.system
def test_calls_that_were_out_at_a_kill_count_as_paid(tmp_path: Path, loopback: Callable[..., Running]) -> None:
    server = loopback(latency=30.0)
    code = (
        "import asyncio, sys\nfrom pathlib import Path\n"
        "sys.path.insert(0, sys.argv[1])\nimport test_caller as t\n"
        "async def use(caller):\n"
        "    w = t.endpoint(sys.argv[3])\n"
        "    await asyncio.gather(*(caller.call(w, t.ask(f'clip {i}'), parent_id='c') for i in range(5)))\n"
        "t.calling(Path(sys.argv[2]), use, prices=t.DEAR, max_cost_usd=1.0, timeout_s=60)\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(Path(__file__).parent), tmp_path / "l", server.openai_url]
    )
    deadline = time.monotonic() + 30
    while server.stats()["in_flight"] < 4 and time.monotonic() < deadline:
        time.sleep(0.05)
    child.send_signal(signal.SIGKILL)
    child.wait()
    with Ledger(tmp_path / "l") as ledger:
        sent = [total for total in ledger.call_totals() if total.state == "sent"]
        assert 4 <= sum(total.calls for total in sent) <= 5
        assert ledger.spent_micro() >= 4 * 50_000
    # Answered in the second run they cost what they cost, and what the first run may have paid stays.
    quick = loopback()
    reply = calling(
        tmp_path / "l", lambda c: c.call(endpoint(quick.openai_url), ask("clip 0"), parent_id="c"), prices=DEAR
    )
    assert reply.cost_micro > 50_000


def test_a_wrong_key_stops_everything_at_once(tmp_path: Path, loopback: Callable[..., Running]) -> None:
    server = loopback(key="right-key-123456")
    with pytest.raises(ConfigError) as error:
        calling(tmp_path / "l", lambda caller: caller.call(endpoint(server.openai_url), ask("hello"), parent_id="c"))
    assert error.value.code == "teacher.auth"
    assert error.value.message.endswith("Incorrect API key provided.")  # not taken for a key and blacked out
    assert "No key was sent: set AUDIO_REASONER_API_KEY_127_0_0_1_" in error.value.hint
    assert server.stats()["requests"] == 1


def test_a_refused_key_is_named_by_its_variable(
    tmp_path: Path, loopback: Callable[..., Running], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = loopback(key="right-key-123456")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-wrong-key-123456")
    where = parse_endpoint(f"openai:teacher@{server.openai_url}")
    with pytest.raises(ConfigError) as error:
        calling(tmp_path / "l", lambda caller: caller.call(where, ask("hello"), parent_id="c"))
    assert error.value.hint.startswith("The key in OPENAI_API_KEY was sent.")


def test_no_key_is_ever_written_down(
    tmp_path: Path, loopback: Callable[..., Running], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    server = loopback(key="sk-secret-abcdef123456", faults="500=0.5")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret-abcdef123456")
    where = parse_endpoint(f"openai:teacher@{server.openai_url}")
    with caplog.at_level("DEBUG", logger="audio_reasoner"):
        calling(tmp_path / "l", lambda caller: caller.call(where, ask("hello"), parent_id="c"))
    assert "sk-secret" not in caplog.text
    assert b"sk-secret" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert "sk-secret" not in repr(where)


def test_nobody_there_is_said_and_stops_the_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from audio_reasoner.clients import caller as module

    monkeypatch.setattr(module, "NEVER_REACHED_S", 0.3)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        where = endpoint(f"http://127.0.0.1:{closed.getsockname()[1]}/v1")
        with pytest.raises(ConfigError, match="cannot be reached") as error:
            calling(tmp_path / "l", lambda caller: caller.call(where, ask("hello"), parent_id="c"))
    assert error.value.code == "teacher.unreachable"


def test_cancelled_calls_leave_the_caller_usable(tmp_path: Path, loopback: Callable[..., Running]) -> None:
    server = loopback(latency=0.2)
    where = endpoint(server.openai_url)

    async def use(caller: Caller) -> Any:
        tasks = [asyncio.ensure_future(caller.call(where, ask(f"{i}"), parent_id="c")) for i in range(30)]
        await asyncio.sleep(0.1)
        for task in tasks[::2]:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        stats = caller.stats()
        assert (stats.in_flight, stats.queued, stats.reserved_micro) == (0, 0, 0)
        return await caller.call(where, ask("after"), parent_id="c")

    assert calling(tmp_path / "l", use, limits=Limits(max_in_flight=4), prices=DEAR, max_cost_usd=50).text


def test_giving_up_is_a_teacher_error_and_may_be_tried_by_a_later_run(tmp_path: Path) -> None:
    class Broken:
        sent = 0

        async def __aenter__(self) -> Broken:
            return self

        async def __aexit__(self, *_: object) -> None:
            pass

        async def send(self, request: ChatRequest, timeout_s: float) -> RawReply:
            Broken.sent += 1
            raise CallFailed("teacher.http_500", retryable=True, http_status=500, message="broken")

    def use(caller: Caller) -> Any:
        return caller.call(endpoint("http://x/v1"), ask("hello"), parent_id="c")

    for run in (1, 2):
        with pytest.raises(TeacherError) as error:
            calling(tmp_path / "l", use, connect=lambda _: Broken(), retry=RetryPolicy(3, 5.0, 0.01, 0.02))
        assert (error.value.code, error.value.retryable) == ("teacher.http_500", True)
        with Ledger(tmp_path / "l") as ledger:
            stored = ledger.call(ask("hello").key("openai", "teacher"))
            assert stored is not None
            assert stored.state == "failed"
            assert ledger.attempts_of(ask("hello").key("openai", "teacher")) == 3 * run


def test_a_reply_in_the_ledger_is_never_changed(tmp_path: Path) -> None:
    with Ledger(tmp_path / "l") as ledger:
        sent = Ledger.put_sent(
            "k", kind="think", parent_id="c", provider="openai", model="m", prompt_sha="", cost_micro=9
        )
        reply = Ledger.put_reply("k", b'{"a": 1}', finish="stop", tokens_in=1, tokens_out=2, cost_micro=5)
        other = Ledger.put_reply("k", b"other", finish="stop", tokens_in=7, tokens_out=7, cost_micro=7)
        ledger.write([sent, reply, other, sent, Ledger.put_call_failed("k", cost_micro=1)])
        stored = ledger.call("k")
        assert stored is not None
        assert (stored.state, json.loads(stored.raw or b""), stored.cost_micro) == ("done", {"a": 1}, 5)
        assert ledger.spent_micro() == 5
