"""What the loopback teacher says: a pure function of the request.

Decision: it has no marker to go by. It reads the prompt as a model would, as far as it can: the JSON schema or the tags
tell the form, the JSON blocks of the prompt tell what is known about the clip, the question and its answer. It never
hears the sound (a hash of the audio decides where a listener would), so it can serve any prompt, ours or an edited one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from loopback_wire import Asked

SECTIONS = ("planning", "caption", "reasoning", "summary", "response")
_DECODER = json.JSONDecoder()


def reply_to(asked: Asked, answers: str = "good") -> str:
    """The reply to a request.

    Args:
        asked: the request.
        answers: "good"; "mixed" for one wrong answer in ten and one rejection in seven; "other" for a second reply that
            differs from the good one.
    """
    prompt = _Prompt(asked, answers)
    if asked.schema:
        return json.dumps(prompt.instance(asked.schema, ""), ensure_ascii=False)
    if asked.grammar or "<THINK>" in asked.text:
        return _tagged(prompt.chain(prompt.question(0)))
    return prompt.answer()


class _Prompt:
    """What a prompt says about clip, questions and answers."""

    def __init__(self, asked: Asked, answers: str) -> None:
        self.asked = asked
        self.answers = answers
        self.facts: dict[str, Any] = {}
        self.questions: list[dict[str, Any]] = []
        self.chains: list[dict[str, Any]] = []
        self.captions: list[str] = []
        text = asked.turns[-1][1] if asked.turns else ""
        # The examples of a prompt are JSON too; what is known about the clip stands in its data block.
        for value in _json_values(text.rpartition("<data>")[2].partition("</data>")[0]):
            self._read(value)

    def _read(self, value: Any) -> None:
        if isinstance(value, list):
            for item in value:
                self._read(item)
        elif isinstance(value, dict):
            if "labels" in value or "duration_s" in value:
                self.facts = self.facts or value
            if isinstance(value.get("question"), str):
                self.questions.append(value)
            if isinstance(value.get("response"), str):
                self.chains.append(value)
            if isinstance(value.get("caption"), str) and "reasoning" not in value:
                self.captions.append(value["caption"])
            for item in value.values():
                if isinstance(item, dict | list):
                    self._read(item)

    def chance(self, *what: object) -> float:
        """In [0, 1), decided by the request."""
        digest = hashlib.sha256(f"{self.asked.key}/{what}".encode()).digest()
        return int.from_bytes(digest[:8], "big") / 2**64

    # ------------------------------------------------------------------------------------------ what is said

    def sounds(self) -> list[str]:
        """What is in the clip: events in their order, else the values of the labels."""
        named = [str(e.get("sound") or e.get("speaker")) for e in self.facts.get("timeline") or []]
        named = named or [str(x.get("value")) for x in self.facts.get("labels") or [] if len(str(x.get("value"))) < 200]
        return list(dict.fromkeys(x for x in named if x and x != "None"))

    def caption(self) -> str:
        """One or two sentences that say no more than what is known."""
        if self.captions:
            return self.captions[0]
        named = self.sounds()
        if not named:
            return "The recording is clear, and its content can be made out without effort."
        what = named[0] if len(named) == 1 else ", ".join(named[:-1]) + " and " + named[-1]
        return f"What can be heard in this recording is described as {what}. It is clear enough to be made out."

    def question(self, index: int) -> dict[str, Any]:
        """The question of that number that the prompt holds, or an empty one."""
        return self.questions[index] if index < len(self.questions) else {}

    def gold(self, question: dict[str, Any]) -> str:
        """The answer to give: the one that the prompt names, or a choice by hash; letter and text for options."""
        options = _options(question)
        named = str(question.get("answer", ""))
        mark = str(question.get("answer_letter", ""))
        if options and (not named or (self.answers == "mixed" and self.chance("wrong", named) < 0.1)):
            others = [k for k in options if k != mark] or list(options)
            mark = others[int(self.chance("option", named) * len(others))]
            named = options[mark]
        if not mark and named in options.values():
            mark = next(k for k, v in options.items() if v == named)
        return f"({mark}) {named}" if mark else named or "I hear " + (self.sounds() or ["one recording"])[0] + "."

    def chain(self, question: dict[str, Any]) -> dict[str, str]:
        """The five sections that lead to the gold answer."""
        options = _options(question)
        asked = str(question.get("question") or "What can be heard?").strip()
        gold = self.gold(question)
        bare = gold.split(") ", 1)[-1]
        turn = "I weigh the options one after the other" if options else "I work the answer out from what is heard"
        steps = [f'I hold option {mark}, "{text}", against the sound.' for mark, text in options.items()]
        if self.answers == "other":
            turn = "I listen a second time and go about it in another way"
        return {
            "planning": f"The question is: {asked} First I listen to the whole recording, then {turn}.",
            "caption": self.caption(),
            "reasoning": " ".join([*steps, f"What I heard speaks for this: {bare}."]),
            "summary": f"Having listened closely, I settle on {bare}.",
            "response": gold,
        }

    def answer(self) -> str:
        """A free answer to the question."""
        question = self.question(0)
        return self.gold(question) if question else self.caption()

    def verdict(self, index: int) -> bool:
        """Whether a chain reaches the gold answer."""
        chain = self.chains[index] if index < len(self.chains) else {}
        gold = str(self.question(index).get("answer", "")).casefold()
        holds = not gold or not chain or gold in str(chain["response"]).casefold()
        return holds and not (self.answers == "mixed" and self.chance("verdict", index) < 1 / 7)

    # ------------------------------------------------------------------------------------------ by schema

    def instance(self, schema: dict[str, Any], name: str, index: int = 0) -> Any:
        """A value that obeys `schema`; what its fields mean is told by their names."""
        if "enum" in schema:
            values = schema["enum"]
            return values[int(self.chance(name, index) * len(values))]
        kind = schema.get("type")
        kind = kind[0] if isinstance(kind, list) else kind
        if kind == "object":
            return self._object(schema.get("properties", {}), index)
        if kind == "array":
            return self._array(schema, name, index)
        if kind == "boolean":
            return self.verdict(index)
        if kind in ("integer", "number"):
            return index + 1
        return self._text(name, index)

    def _object(self, properties: dict[str, Any], index: int) -> dict[str, Any]:
        if {"reasoning", "response"} <= set(properties):
            chain = self.chain(self.question(index))
            return {k: chain[k] if k in chain else self.instance(v, k, index) for k, v in properties.items()}
        if {"question", "options", "answer"} <= set(properties):
            return self._new_question(index)
        return {k: self.instance(v, k, index) for k, v in properties.items()}

    def _array(self, schema: dict[str, Any], name: str, index: int) -> list[Any]:
        if name == "reasons":
            return ["The steps follow from what is heard."] if self.verdict(index) else ["The answer is not reached."]
        if name == "questions":
            number = int(schema.get("minItems", 3))
        else:
            number = int(schema.get("minItems", max(1, len(self.questions))))
        return [self.instance(schema.get("items", {"type": "string"}), name, i) for i in range(number)]

    def _new_question(self, index: int) -> dict[str, Any]:
        named = self.sounds()
        wrong = ["an empty room", "a helicopter far away", "typing on a keyboard", "waves on a beach", "a church organ"]
        right = named[index % len(named)] if named else "a recording"
        if index == 2 or right in wrong:
            return {"question": "How would you describe what is heard?", "options": [], "answer": right}
        texts = (
            "Which of these can be heard in the recording?",
            "Which description fits what is heard best?",
            "Which of the following belongs to this recording?",
        )
        start = int(self.chance("wrong", index) * len(wrong))
        others = [w for w in wrong[start:] + wrong[:start] if w not in named][:3]
        place = int(self.chance("place", index) * 4)
        options = [*others[:place], right, *others[place:]]
        return {"question": texts[index % len(texts)], "options": options, "answer": right}

    def _text(self, name: str, index: int) -> str:
        if name in ("caption", "description"):
            return self.caption()
        if name in ("answer", "response", "option", "choice"):
            gold = self.gold(self.question(index))
            return gold[1] if name in ("option", "choice") and gold.startswith("(") else gold
        if name in SECTIONS:
            return self.chain(self.question(index))[name]
        return "The steps follow from what is heard."


def _options(question: dict[str, Any]) -> dict[str, str]:
    options = question.get("options") or {}
    if isinstance(options, list):
        return {chr(65 + i): str(text) for i, text in enumerate(options)}
    return {str(k): str(v) for k, v in options.items()}


def _tagged(chain: dict[str, str]) -> str:
    inner = "".join(f"<{s.upper()}>{chain[s]}</{s.upper()}>\n" for s in SECTIONS[:4])
    return f"<THINK>\n{inner}</THINK>\n<RESPONSE>{chain['response']}</RESPONSE>"


def _json_values(text: str) -> Iterator[Any]:
    """All JSON objects and lists of objects that stand in a text, outermost only."""
    at = 0
    while at < len(text):
        at = min((i for i in (text.find("{", at), text.find("[", at)) if i >= 0), default=len(text))
        if at == len(text):
            return
        try:
            value, end = _DECODER.raw_decode(text, at)
        except ValueError:
            at += 1
            continue
        yield value
        at = end
