"""The loopback teacher: what the benchmarks measure against must itself be right. Through the real OpenAI SDK."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import subprocess
import sys
import wave
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from audio_reasoner.core.chain import SECTIONS

if TYPE_CHECKING:
    from loopback import Running

Start = Callable[..., "Running"]
DATA = {
    "duration_s": 4.0,
    "timeline": [{"start_s": 0.5, "end_s": 1.0, "sound": "dog"}, {"start_s": 2.0, "end_s": 3.0, "sound": "bell"}],
    "question": "Which sound comes last?",
    "options": {"A": "dog", "B": "bell"},
    "answer": "bell",
    "answer_letter": "B",
}
THINK = f'Example: {{"question": "What else?"}} <THINK>…\n<data>\n{json.dumps(DATA, indent=1)}\n</data>\nNow write.'


def wav(rate: int = 16000, seconds: float = 1.0) -> dict[str, Any]:
    data = io.BytesIO()
    with wave.open(data, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(bytes(round(seconds * rate) * 2))
    return {"type": "input_audio", "input_audio": {"data": base64.b64encode(data.getvalue()).decode(), "format": "wav"}}


def chat(running: Running, *bodies: dict[str, Any]) -> list[Any]:
    """Send all at once; failures come back as values."""
    from openai import AsyncOpenAI

    async def run() -> list[Any]:
        async with AsyncOpenAI(base_url=running.openai_url, api_key="k", max_retries=0, timeout=20) as client:
            calls = (client.chat.completions.create(**{"model": "m", **body}) for body in bodies)
            return await asyncio.gather(*calls, return_exceptions=True)

    return asyncio.run(run())


def said(text: str, *parts: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": [*parts, {"type": "text", "text": text}]}], **more}


def test_a_chain_reaches_the_gold_answer_and_repeats(loopback: Start) -> None:
    running = loopback()
    first, again, other = chat(running, said(THINK, wav()), said(THINK, wav()), said(THINK, wav(seconds=2.0)))
    text = first.choices[0].message.content
    assert text == again.choices[0].message.content
    assert text.endswith("<RESPONSE>(B) bell</RESPONSE>")
    assert all(f"<{name.upper()}>" in text for name in SECTIONS)
    assert (first.id, first.choices[0].finish_reason) == (again.id, "stop")
    assert first.id != other.id
    assert first.usage.prompt_tokens_details.audio_tokens == 32
    stats = running.stats()
    assert (stats["distinct"], stats["served_more_than_once"], stats["served_again"]) == (2, 1, 1)
    assert sum(stats["served_per_second"]) == stats["served"] == 3


def test_replies_obey_the_schemas_of_the_teachers(loopback: Start) -> None:
    from audio_reasoner.teachers import schemas

    forms = {"annotation": schemas.annotation(3), "caption": schemas.CAPTION, "judge": schemas.JUDGEMENT}
    bodies = [
        said(THINK, response_format={"type": "json_schema", "json_schema": {"name": n, "schema": s, "strict": True}})
        for n, s in forms.items()
    ]
    annotation, caption, judgement = (json.loads(r.choices[0].message.content) for r in chat(loopback(), *bodies))
    assert "dog and bell" in annotation["caption"] == caption["caption"]
    assert len(annotation["questions"]) == 3
    for question in annotation["questions"]:
        assert not question["options"] or question["answer"] in question["options"]
    assert judgement["verdict"] is True


def test_sound_that_is_not_as_agreed_is_refused(loopback: Start) -> None:
    from openai import BadRequestError

    running = loopback()
    late = {"messages": [{"role": "user", "content": [{"type": "text", "text": "x"}, wav()]}]}
    broken = {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}
    replies = chat(running, said("x", wav(rate=8000)), late, said("x", broken))
    assert all(isinstance(r, BadRequestError) for r in replies), replies
    assert (running.stats()["audio"]["bad"], running.stats()["audio"]["not_first"]) == (2, 1)


def test_more_in_flight_than_allowed_is_refused_or_waits(loopback: Start) -> None:
    from openai import RateLimitError

    bodies = [said(f"{i}") for i in range(20)]
    refusing, queueing = loopback(limit=4, latency=0.2), loopback(limit=4, latency=0.05, queue=True)
    replies = chat(refusing, *bodies)
    assert sum(isinstance(r, RateLimitError) for r in replies) == refusing.stats()["refused"]["in_flight"] >= 8
    assert not any(isinstance(r, Exception) for r in chat(queueing, *bodies))
    assert refusing.stats()["peak_in_flight"] == queueing.stats()["peak_in_flight"] == 4


@pytest.mark.parametrize(("retry_after", "present"), [(True, True), (False, False)])
def test_a_quota_slides(loopback: Start, retry_after: bool, present: bool) -> None:
    from openai import RateLimitError

    running = loopback(quota=3, window=1.2, retry_after=retry_after)
    replies = chat(running, *(said(f"{i}") for i in range(5)))
    refused = [r for r in replies if isinstance(r, RateLimitError)]
    assert len(refused) == 2
    assert all(("retry-after" in r.response.headers) == present for r in refused)
    asyncio.run(asyncio.sleep(1.25))
    assert not isinstance(chat(running, said("5"))[0], Exception)


def test_a_quota_of_tokens(loopback: Start) -> None:
    running = loopback(token_quota=200, window=60)
    replies = chat(running, *(said("x" * 400 + str(i)) for i in range(3)))
    assert sum(isinstance(r, Exception) for r in replies) == running.stats()["refused"]["tokens"] == 2


def test_faults_come_in_their_shares_and_content_faults_for_ever(loopback: Start) -> None:
    running = loopback(faults="500=0.2,refusal=0.2,two_chains=0.2,unclosed=0.1", fault_attempts=1)
    bodies = [said(f"{THINK}{i}") for i in range(100)]
    first, second = chat(running, *bodies), chat(running, *bodies)
    assert 8 <= sum(isinstance(r, Exception) for r in first) <= 34
    assert not any(isinstance(r, Exception) for r in second)
    texts = [r.choices[0].message.content for r in second]
    served = [
        (r.choices[0].message.content, t) for r, t in zip(first, texts, strict=True) if not isinstance(r, Exception)
    ]
    assert all(a == b for a, b in served)
    assert 8 <= sum(t.startswith("I'm sorry") for t in texts) <= 34
    assert 8 <= sum(t.count("<THINK>") == 2 for t in texts) <= 34
    assert sum("</SUMMARY>" not in t and t.startswith("<THINK>") for t in texts) >= 2


def test_the_longest_answer_is_kept_to(loopback: Start) -> None:
    (reply,) = chat(loopback(), said(THINK, max_completion_tokens=10))
    assert reply.choices[0].finish_reason == "length"
    assert len(reply.choices[0].message.content) == 40


@pytest.mark.system
def test_it_runs_by_itself() -> None:
    from loopback import in_process

    with in_process(limit=2, faults="all=0") as running:
        assert not isinstance(chat(running, said("hello"))[0], Exception)
        assert running.stats()["options"]["limit"] == 2
    script = Path(__file__).parents[2] / "benchmarks" / "loopback.py"
    wrong = subprocess.run(
        [sys.executable, script, "--faults", "nothing=1"], capture_output=True, text=True, timeout=30
    )
    assert wrong.returncode != 0
    assert "nothing" in wrong.stderr
    assert "Traceback" not in wrong.stderr
