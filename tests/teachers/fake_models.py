"""Callers for tests: no network, replies decided by a function of the request."""

import json

from audio_reasoner.clients.messages import AudioPart, Reply
from audio_reasoner.core.chain import Chain
from audio_reasoner.core.records import AudioRef, Clip, Evidence, Label
from audio_reasoner.teachers.solver import silence

CHAIN = Chain(
    planning="Listen for the animal.", caption="A dog barks.", reasoning="1. A bark is a dog's.", summary="A dog.",
    response="It barks. The answer is (a) dog.",
)  # fmt: skip
EVIDENCE = Evidence(content_key="0" * 64, version="1")


class FakeCaller:
    """Answers with `reply(request)`: a text, or (text, finish). Keeps the requests; equal ones come from memory."""

    def __init__(self, reply=None):
        self.reply = reply or good
        self.requests = []
        self.units = []
        self.known = {}

    async def call(self, endpoint, request, *, parent_id, priority=0):
        key = request.key(endpoint.provider, endpoint.model)
        if cached := key in self.known:
            return Reply(**{**vars(self.known[key]), "cached": cached})
        self.requests.append(request)
        self.units.append(parent_id)
        answer = self.reply(request)
        text, finish = answer if isinstance(answer, tuple) else (answer, "stop")
        self.known[key] = Reply(key, text, finish, 1, 1, 0)
        return self.known[key]


def data_of(request):
    """The data block of a request's prompt."""
    text = request.messages[0].text
    return json.loads(text[text.rindex("<data>") + 6 : text.rindex("</data>")])


def good(request):
    """What a well-behaved model says."""
    fields = set((request.schema or {}).get("properties", ()))
    if fields == {"caption"}:
        return json.dumps({"caption": "A dog barks in a yard."})
    if fields == {"caption", "questions"}:
        n = request.schema["properties"]["questions"]["minItems"]
        return json.dumps({"caption": "A dog barks in a yard.", "questions": [question(i) for i in range(n)]})
    if fields == {"chains"}:
        numbers = [q["number"] for q in data_of(request)["questions"]]
        return json.dumps({"chains": [{"question": i, **CHAIN.model_dump()} for i in numbers]})
    if fields == {"reasons", "verdict"}:
        return json.dumps({"reasons": [], "verdict": True})
    if fields == {"verdicts"}:
        numbers = [q["number"] for q in data_of(request)["questions"]]
        return json.dumps(
            {"verdicts": [{"question": i, "reasons": ["wrong"] * (i == 2), "verdict": i != 2} for i in numbers]}
        )
    return CHAIN.to_text() if request.kind == "think" else "(a)"


def question(i):
    """Question number i of the fake Annotator; the last of three is open."""
    if i % 3 == 2:
        return {"question": f"What happens, {i}?", "options": [], "answer": "A dog barks."}
    return {"question": f"Which animal, {i}?", "options": ["dog", "cat", "cow", "hen"], "answer": "dog"}


def clip(*labels, clip_id="c1", domains=("sound",), **more):
    """A clip of two seconds with labels given as (kind, value) or (kind, value, language)."""
    made = tuple(Label(**dict(zip(("kind", "value", "language"), x, strict=False))) for x in labels or [("tag", "dog")])
    return Clip(
        clip_id=clip_id, source="s", source_id="i", audio=AudioRef(path="/x.wav"), content_key="0" * 64, duration_s=2.0,
        domains=domains, group="g", labels=made, **more,
    )  # fmt: skip


def hear(of):
    """The clip's sound: silence, under the clip's own key."""
    return AudioPart(of.content_key, of.duration_s, silence(of.duration_s).wav)
