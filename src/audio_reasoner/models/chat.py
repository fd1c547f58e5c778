"""A question about a clip as token ids: the one way a prompt is written, in training and in answering alike.

Decision: the model's own chat template is used, so a released checkpoint sees the prompt it was trained on. The
template is rendered once per model with a marker in the question's place, because rendering it for each of a million
samples costs more than tokenizing them. The prompt is tokenized apart from the answer, so that training sees exactly
the ids that generation starts from. Earlier turns of a dialogue are part of the prompt: the clip is heard once, in the
first of them, and nothing of them is learned.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from audio_reasoner.core.errors import InputError

MARK = "\u241fQUESTION\u241f"
_REPLY = "\u241fREPLY\u241f"
_NEXT = "\u241fNEXT\u241f"


class ChatFormat:
    """Writes prompts for one model.

    Args:
        processor: the model's processor.
        system: system message, or None for the template's own choice.
    """

    def __init__(self, processor: Any, system: str | None = None) -> None:
        self.tokenizer = processor.tokenizer
        messages: list[dict[str, Any]] = [{"role": "system", "content": system}] if system else []
        messages.append({"role": "user", "content": [{"type": "audio", "audio": None}, {"type": "text", "text": MARK}]})

        def rendered(turns: list[dict[str, Any]]) -> str:
            return str(processor.apply_chat_template(turns, tokenize=False, add_generation_prompt=True))

        self.head, self.tail = _cut(rendered(messages), MARK)

        def between() -> tuple[str, str, str]:
            later = [
                {"role": "assistant", "content": [{"type": "text", "text": _REPLY}]},
                {"role": "user", "content": [{"type": "text", "text": _NEXT}]},
            ]
            _, rest = _cut(rendered([*messages, *later]), MARK)
            to_reply, rest = _cut(rest, _REPLY)
            to_next, end = _cut(rest, _NEXT)
            return to_reply, to_next, end

        self._between = lru_cache(maxsize=1)(between)
        self.audio_id = int(self.tokenizer.convert_tokens_to_ids("<|AUDIO|>"))
        self.audio_end_id = int(self.tokenizer.convert_tokens_to_ids("<|audio_eos|>"))
        self.end_id = int(self.tokenizer.convert_tokens_to_ids("<|im_end|>"))
        self._control = tuple(
            sorted({*self.tokenizer.all_special_tokens, "<|AUDIO|>", "<|audio_bos|>", "<|audio_eos|>"})
        )
        self._head_ids = lru_cache(maxsize=1)(lambda: self._ids(self.head))

    def _ids(self, text: str) -> list[int]:
        return [int(i) for i in self.tokenizer(text, add_special_tokens=False)["input_ids"]]

    def prompt(self, question: str, audio_tokens: int, earlier: Sequence[tuple[str, str]] = ()) -> list[int]:
        """Ids of the prompt, with `audio_tokens` placeholders where the clip is heard.

        Args:
            question: the question with its options.
            audio_tokens: length of the encoded clip.
            earlier: (question, answer as it was shown) of the turns before, oldest first; the clip stands in the first.

        Raises:
            InputError: a text holds one of the model's control tokens, which would let it speak as somebody else
                (``question.control_token``), or the chat template cannot write a dialogue (``model.chat_template``).
        """
        for text in (question, *(t for turn in earlier for t in turn)):
            for literal in self._control:
                if literal in text:
                    raise InputError(
                        f"the question contains the control token {literal!r}.",
                        code="question.control_token",
                        hint="Take it out: it would change who speaks in the dialogue.",
                    )
        text = self.head + question + self.tail
        if earlier:
            to_reply, to_next, end = self._between()
            asked = [*(q for q, _ in earlier), question]
            text = self.head + asked[0]
            for (_, reply), following in zip(earlier, asked[1:], strict=True):
                text += to_reply + reply + to_next + following
            text += end
        ids = self._ids(text)
        at = ids.index(self.audio_id)
        return [*ids[:at], *[self.audio_id] * audio_tokens, *ids[at + 1 :]]

    def shared_length(self, prompt: list[int]) -> int:
        """Length of the part of a prompt that all questions about a clip share: up to the end of the audio."""
        return len(prompt) - prompt[::-1].index(self.audio_end_id)

    def answer(self, text: str) -> list[int]:
        """Ids of an answer as training shows it, with the end-of-message token."""
        return [*self._ids(text), self.end_id]


def _cut(text: str, mark: str) -> tuple[str, str]:
    """What stands before and after the one mark."""
    if text.count(mark) != 1:
        raise InputError(
            "the model's chat template does not write every message exactly once.",
            code="model.chat_template",
            hint="Use a model whose template writes dialogues, or samples without earlier turns.",
        )
    before, after = text.split(mark)
    return before, after
