"""An answer that must begin with given words: where its tokens are cut, so that the model can go on naturally.

Decision: the last few pieces of a forced beginning are not fed but spelled by the model itself, among the tokens that
agree with the text. A beginning may stop in the middle of a word, or where the next letters would have changed the
tokens before them ("engine." is one piece more than "engine. (a)"); fed as it stands, it would be a text the model has
never seen in training, and what it says next would tell about the cut, not about the words.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Sequence
from typing import Any

from audio_reasoner.core.errors import InputError

PIECES_BACK = 3
"""How many of the last words or signs the model spells itself; the rules that join signs look no further."""
_CONTROL = re.compile(r"<\|.*\|>")
MOST_BACK = 12
"""At most so many tokens are spelled again: scripts without spaces have words as long as a sentence."""


def _byte_letters() -> dict[str, int]:
    """The letter by which byte-level tokenizers write each byte."""
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [b for b in range(256) if b not in set(plain)]
    return {**{chr(b): b for b in plain}, **{chr(256 + n): b for n, b in enumerate(others)}}


class Pieces:
    """The bytes of tokens, one by one as they are asked for: cheap to make, for a vocabulary of any size."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._letters = _byte_letters()
        self._known: dict[int, bytes] = {}

    def bytes_of(self, token: int) -> bytes:
        """What a token spells; empty for a control token."""
        known = self._known.get(token)
        if known is None:
            known = self._known[token] = self._spelled(token)
        return known

    def _spelled(self, token: int) -> bytes:
        kind = self._tokenizer.added_tokens_decoder.get(token)
        if kind is not None:
            return b"" if kind.special else str(kind.content).encode()
        word = self._tokenizer.convert_ids_to_tokens(token)
        if word and all(c in self._letters for c in word):
            return bytes(self._letters[c] for c in word)
        return str(self._tokenizer.decode([token], skip_special_tokens=True)).encode()


class Vocabulary:
    """The bytes of every token, sorted, so that the tokens that agree with a text are found without a search.

    Raises:
        InputError: `model.tokenizer`: the tokenizer does not write bytes.
    """

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        letters = _byte_letters()
        added = tokenizer.get_added_vocab()
        kinds = tokenizer.added_tokens_decoder
        # Released models have thousands of control tokens; only plain ones, such as our tags, are text of an answer.
        plain = {
            i: w for w, i in added.items() if not (getattr(kinds.get(i), "special", True) or _CONTROL.fullmatch(w))
        }
        self._added = {int(i): word.encode() for i, word in plain.items()}
        self._bytes: dict[int, bytes] = {}
        for word, i in tokenizer.get_vocab().items():
            if word not in added and word and all(c in letters for c in word):
                self._bytes[int(i)] = bytes(letters[c] for c in word)
        self._bytes |= self._added
        if len({b for b in self._bytes.values() if len(b) == 1}) < 200:
            raise InputError(
                "the model's tokenizer is not a byte-level one, so an answer cannot be continued.",
                code="model.tokenizer",
            )
        self._order = sorted(self._bytes, key=lambda i: (self._bytes[i], i))
        self._keys = [self._bytes[i] for i in self._order]

    def bytes_of(self, token: int) -> bytes:
        """What a token spells; empty for a control token."""
        return self._bytes.get(token, b"")

    def agreeing(self, text: bytes) -> list[int]:
        """Tokens that are a beginning of `text` or begin with it, in order of their ids; never none for a real text."""
        out: list[int] = []
        for n in range(1, len(text)):
            out += self._equal(text[:n])
        at = bisect.bisect_left(self._keys, text)
        while at < len(self._keys) and self._keys[at].startswith(text):
            out.append(self._order[at])
            at += 1
        return sorted(out)

    def _equal(self, text: bytes) -> list[int]:
        low, high = bisect.bisect_left(self._keys, text), bisect.bisect_right(self._keys, text)
        return self._order[low:high]

    def cut(self, text: str) -> tuple[list[int], bytes]:
        """Token ids of a beginning, and the bytes after them that the model must spell itself.

        Raises:
            InputError: `prefix.control_token`: it holds a control token; `prefix.bad_text`: it cannot be written in
                tokens and read back as the same text.
        """
        try:
            whole = text.encode("utf-8")
            ids = [int(i) for i in self._tokenizer(text, add_special_tokens=False)["input_ids"]]
        except (UnicodeEncodeError, TypeError) as error:
            raise InputError("the beginning of the answer is no valid text.", code="prefix.bad_text") from error
        for i in ids:
            if i not in self._bytes:
                raise InputError(
                    f"the beginning of the answer holds the control token {self._tokenizer.decode([i])!r}.",
                    code="prefix.control_token",
                )
        if b"".join(self.bytes_of(i) for i in ids) != whole:
            raise InputError(
                "the beginning of the answer is another text once the model's tokenizer has read it.",
                code="prefix.bad_text",
                hint="Write it in composed Unicode (NFC).",
            )
        solid = max((k + 1 for k, i in enumerate(ids) if i in self._added), default=0)
        if solid == len(ids) or not text:
            return ids, b""
        start = sum(len(self.bytes_of(i)) for i in ids[:solid])
        tail = whole[start:].decode("utf-8")
        back = len(whole) - self._loose(tail)
        kept, end = solid, start
        for i in ids[solid:]:
            if end + len(self.bytes_of(i)) > back:
                break
            kept, end = kept + 1, end + len(self.bytes_of(i))
        if len(ids) - kept > MOST_BACK:
            kept = len(ids) - MOST_BACK
            end = sum(len(self.bytes_of(i)) for i in ids[:kept])
        return ids[:kept], whole[end:]

    def _loose(self, tail: str) -> int:
        """How many bytes at the end of a text without added tokens could be other tokens if it went on."""
        backend = self._tokenizer.backend_tokenizer.pre_tokenizer
        spans = [span for _, span in backend.pre_tokenize_str(tail)]
        loose = len(tail[spans[-min(PIECES_BACK, len(spans))][0] :].encode())
        whole = tail.encode()
        for word in self._added.values():  # "<REAS" may be on its way to a tag that is one token
            for n in range(min(len(word) - 1, len(whole)), loose, -1):
                if whole.endswith(word[:n]):
                    loose = n
                    break
        return loose


class Spelling:
    """What is left to spell of a forced beginning."""

    def __init__(self, vocabulary: Vocabulary, rest: bytes) -> None:
        self._vocabulary = vocabulary
        self.rest = rest
        self.spelled = 0
        """How many tokens spelled nothing but forced words."""

    def allowed(self) -> Sequence[int] | None:
        """The tokens that agree with what is left; None (any) once all is spelled."""
        return self._vocabulary.agreeing(self.rest) if self.rest else None

    def take(self, token: int) -> bool:
        """Go on by a token; True if it spelled nothing but forced words."""
        if not self.rest:
            return False
        said = self._vocabulary.bytes_of(token)
        inside = len(said) <= len(self.rest)
        self.rest = self.rest[len(said) :]
        self.spelled += inside
        return inside
