"""A question about a clip as token ids: the one way a prompt is written, in training and in answering alike.

Decision: the model's own chat template is used, so a released checkpoint sees the prompt it was trained on. The
template is rendered once per model with a marker in the question's place, because rendering it for each of a million
samples costs more than tokenizing them. The prompt is tokenized apart from the answer, so that training sees exactly
the ids that generation starts from. Earlier turns of a dialogue are part of the prompt: the clip is heard once, in the
first of them, and nothing of them is learned.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from audio_reasoner.core.chain import TAG_LITERALS
from audio_reasoner.core.errors import InputError
from audio_reasoner.models.adapter import SETTINGS_NAME
from audio_reasoner.models.json_file import read_object

MARK = "\u241fQUESTION\u241f"
_REPLY = "\u241fREPLY\u241f"
_NEXT = "\u241fNEXT\u241f"


def trained_system(model: Path, otherwise: str | None) -> str | None:
    """The system message that a model was trained under, as audio_reasoner.json beside it says; without that file,
    `otherwise`.

    Raises:
        InputError: ``model.settings``: the file is damaged.
    """
    file = model / SETTINGS_NAME
    if not file.is_file():
        return otherwise
    said = read_object(file, "model.settings").get("system")
    if said is not None and not isinstance(said, str):
        raise InputError(f"{file}: system is {said!r:.80}, expected a text or null.", code="model.settings")
    return said


class ChatFormat:
    """Writes prompts for one model.

    Args:
        processor: the model's processor.
        system: system message, or None for the template's own choice.

    Raises:
        InputError: the system message holds a control token or is no text (``system.control_token``,
            ``system.bad_text``); the chat template is damaged (``model.chat_template``).
    """

    def __init__(self, processor: Any, system: str | None = None) -> None:
        from jinja2 import TemplateError

        self.tokenizer = processor.tokenizer
        self._control = tuple(
            sorted({*self.tokenizer.all_special_tokens, "<|AUDIO|>", "<|audio_bos|>", "<|audio_eos|>"})
        )
        if system:
            self._check("system", "the system message", system)

        def messages(clips: int) -> list[dict[str, Any]]:
            first: list[dict[str, Any]] = [{"role": "system", "content": system}] if system else []
            parts: list[dict[str, Any]] = [{"type": "audio", "audio": None} for _ in range(clips)]
            return [*first, {"role": "user", "content": [*parts, {"type": "text", "text": MARK}]}]

        def rendered(turns: list[dict[str, Any]]) -> str:
            try:
                return str(processor.apply_chat_template(turns, tokenize=False, add_generation_prompt=True))
            except TemplateError as error:
                raise InputError(
                    f"the model's chat template cannot be used: {error}.",
                    code="model.chat_template",
                    hint="Copy it again from the checkpoint that this model was made from.",
                ) from error

        # What stands before and after the question, by the number of clips; the ends do not depend on it.
        self._frame = lru_cache(maxsize=64)(lambda clips: _cut(rendered(messages(clips)), MARK))
        self.head, self.tail = self._frame(1)

        def between() -> tuple[str, str, str]:
            later = [
                {"role": "assistant", "content": [{"type": "text", "text": _REPLY}]},
                {"role": "user", "content": [{"type": "text", "text": _NEXT}]},
            ]
            _, rest = _cut(rendered([*messages(1), *later]), MARK)
            to_reply, rest = _cut(rest, _REPLY)
            to_next, end = _cut(rest, _NEXT)
            return to_reply, to_next, end

        self._between = lru_cache(maxsize=1)(between)
        self.audio_id = int(self.tokenizer.convert_tokens_to_ids("<|AUDIO|>"))
        self.audio_end_id = int(self.tokenizer.convert_tokens_to_ids("<|audio_eos|>"))
        self.end_id = int(self.tokenizer.convert_tokens_to_ids("<|im_end|>"))
        self._head_ids = lru_cache(maxsize=1)(lambda: self._ids(self.head))

    def _ids(self, text: str) -> list[int]:
        return [int(i) for i in self.tokenizer(text, add_special_tokens=False)["input_ids"]]

    def prompt(
        self, question: str, audio_tokens: int | Sequence[int], earlier: Sequence[tuple[str, str]] = ()
    ) -> list[int]:
        """Ids of the prompt, with `audio_tokens` placeholders where the clip is heard.

        Args:
            question: the question with its options.
            audio_tokens: length of the encoded clip; or of each of several clips, heard one after the other; without
                any, the prompt has no audio part at all.
            earlier: (question, answer as it was shown) of the turns before, oldest first; the clip stands in the first.

        Raises:
            InputError: a text holds one of the model's control tokens, which would let it speak as somebody else
                (``question.control_token``), or is no text (``question.bad_text``: bytes of another encoding than the
                terminal's), or the chat template cannot write a dialogue (``model.chat_template``).
        """
        for text in (question, *(t for turn in earlier for t in turn)):
            self._check("question", "the question", text)
        lengths = [audio_tokens] if isinstance(audio_tokens, int) else list(audio_tokens)
        head, tail = self._frame(len(lengths))
        text = head + question + tail
        if earlier:
            to_reply, to_next, end = self._between()
            asked = [*(q for q, _ in earlier), question]
            text = head + asked[0]
            for (_, reply), following in zip(earlier, asked[1:], strict=True):
                text += to_reply + reply + to_next + following
            text += end
        ids = self._ids(text)
        out: list[int] = []
        left = iter(lengths)
        for i in ids:
            out += [i] if i != self.audio_id else [i] * next(left)
        return out

    def _check(self, kind: str, what: str, text: str, apart: Collection[str] = ()) -> None:
        """Refuse a text that the model could not tell from the chat's own frame, or that is none.

        `apart`: literals that may stand in it even where the tokenizer counts them among its control tokens.
        """
        if not _encodable(text):
            raise InputError(
                f"{what} is not valid text: {text[:80]!a}.",
                code=f"{kind}.bad_text",
                hint="It holds bytes that are not UTF-8; write it again in UTF-8.",
            )
        for literal in self._control:
            if literal in text and literal not in apart:
                raise InputError(
                    f"{what} contains the control token {literal!r}.",
                    code=f"{kind}.control_token",
                    hint="Take it out: it would change who speaks in the dialogue.",
                )

    def shared_length(self, prompt: list[int]) -> int:
        """Length of the part of a prompt that all questions about a clip share: up to the end of the audio."""
        return len(prompt) - prompt[::-1].index(self.audio_end_id)

    def answer(self, text: str) -> list[int]:
        """Ids of an answer as training shows it, with the end-of-message token.

        Raises:
            InputError: it holds a control token, which would end it or stand for sound (``answer.control_token``),
                or is no text (``answer.bad_text``).
        """
        self._check("answer", "the answer", text, apart=TAG_LITERALS)
        return [*self._ids(text), self.end_id]


def _encodable(text: str) -> bool:
    """Whether a text has a UTF-8 form; a lone surrogate, as Python makes of undecodable bytes, has none."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


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
