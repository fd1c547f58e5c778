"""OpenAI's `/v1/audio/transcriptions`, as Whisper servers (vLLM, faster-whisper, whisper.cpp) speak it too.

Decision: a transcription is a call like any other, so it goes through the same `Caller` and ledger. The ledger reads
stored replies as chat completions, so the transcript is kept in that form, with the server's own JSON beside it. An
empty transcript is a good reply, written as `NO_SPEECH`: there was nothing to write down.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
from typing import Any

from audio_reasoner.clients.endpoints import Endpoint, parse_endpoint
from audio_reasoner.clients.messages import ChatRequest
from audio_reasoner.clients.openai_chat import CONNECT_S, OpenAITransport, read_reply
from audio_reasoner.clients.transport import CallFailed, RawReply

KIND = "transcribe"
NO_SPEECH = "[no speech]"
_ACCOUNT = "transcriptions|"


def transcriber(rest: str) -> Endpoint:
    """The endpoint of `MODEL@URL` or `MODEL` (OpenAI's own) for transcriptions.

    Raises:
        ConfigError: as `parse_endpoint`.
    """
    endpoint = parse_endpoint(f"openai:{rest}")
    return dataclasses.replace(endpoint, account=_ACCOUNT + endpoint.account)


def transcribes(endpoint: Endpoint) -> bool:
    """Whether an endpoint was made by `transcriber`."""
    return endpoint.account.startswith(_ACCOUNT)


class TranscriptionTransport(OpenAITransport):
    """One connection pool to one server that writes speech down."""

    async def send(self, request: ChatRequest, timeout_s: float) -> RawReply:
        """Send the one sound of a request and wait at most `timeout_s`; text of the request is not sent.

        Raises:
            CallFailed: as `OpenAITransport.send`.
        """
        import openai

        if self._client is None:
            raise RuntimeError("the transport is not open")
        sounds = [audio for message in request.messages for audio in message.audio]
        if len(sounds) != 1:
            raise ValueError(f"a transcription is of one sound, not of {len(sounds)}")
        wav = await sounds[0].wav()
        where = self._endpoint.spec
        timeout = openai.Timeout(timeout_s, connect=min(CONNECT_S, timeout_s))
        try:
            async with asyncio.timeout(timeout_s):
                response = await self._client.with_options(
                    timeout=timeout
                ).audio.transcriptions.with_raw_response.create(
                    file=("audio.wav", wav, "audio/wav"), model=self._endpoint.model, temperature=0
                )
        except TimeoutError:
            message = f"{where} did not answer within {timeout_s:g} s."
            raise CallFailed("teacher.timeout", retryable=True, message=message, maybe_paid=True) from None
        except openai.APIStatusError as error:
            headers = {k.lower(): v for k, v in error.response.headers.items()}
            raise self._status(error.status_code, error.response.content, headers) from None
        except openai.APIConnectionError as error:
            raise self._lost(error) from None
        return read_transcription(response.content)


def read_transcription(content: bytes) -> RawReply:
    """A server's transcription as a reply.

    Raises:
        CallFailed: teacher.garbage, teacher.error_reply.
    """
    try:
        data = json.loads(content)
    except (ValueError, UnicodeDecodeError, RecursionError):
        data = None
    if isinstance(data, dict) and data.get("error"):
        message = f"The server sent an error: {str(data['error'])[:300]}"
        raise CallFailed("teacher.error_reply", retryable=True, message=message)
    text = data.get("text") if isinstance(data, dict) else None
    if not isinstance(text, str):
        message = f"The server sent no transcription: {content[:80]!r}"
        raise CallFailed("teacher.garbage", retryable=True, message=message, maybe_paid=True)
    usage = data.get("usage") if isinstance(data, dict) else None
    usage = usage if isinstance(usage, dict) else {}
    kept: dict[str, Any] = {
        "choices": [{"message": {"role": "assistant", "content": text.strip() or NO_SPEECH}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": usage.get("input_tokens", 0), "completion_tokens": usage.get("output_tokens", 0)},
        "transcription": data,
    }
    return read_reply(json.dumps(kept, ensure_ascii=False).encode("utf-8", "surrogatepass"))
