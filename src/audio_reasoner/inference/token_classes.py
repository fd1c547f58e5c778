"""What kind of text each of a model's tokens is, found once per model; and sets of tokens.

Decision: an automaton that reads bytes would have to read all of a vocabulary's tokens in each of its states. Nearly
all tokens are text of their own, allowed wherever text is; told apart from the few with a "<" or with a part of a
character, and put in order by their first two bytes, they need not be read one by one.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Hashable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, overload

from audio_reasoner.core.chain import TAG_LITERALS
from audio_reasoner.core.errors import InputError
from audio_reasoner.inference.prefix import Vocabulary

if TYPE_CHECKING:
    import torch

_FAR = 10**9
_TAGS = re.compile("|".join(TAG_LITERALS).encode(), re.IGNORECASE)


class TokenSet(Sequence[int]):
    """Token ids in order, made into a tensor once per device."""

    def __init__(self, ids: Iterable[int]) -> None:
        self._ids = tuple(sorted(ids))
        self._tensors: dict[object, torch.Tensor] = {}

    @overload
    def __getitem__(self, index: int) -> int: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[int]: ...
    def __getitem__(self, index: int | slice) -> int | Sequence[int]:
        return self._ids[index]

    def __len__(self) -> int:
        return len(self._ids)

    def tensor(self, device: Any) -> torch.Tensor:
        """The ids, int64 [tokens]."""
        import torch

        if device not in self._tensors:
            self._tensors[device] = torch.tensor(self._ids, dtype=torch.long, device=device)
        return self._tensors[device]


class Group(NamedTuple):
    """Tokens with the same first two bytes: those that are text of their own, and others."""

    own: list[int]
    odd: list[int]


class TokenClasses:
    """What kind of text each token is: found once per model.

    Args:
        vocabulary: the tokens' bytes.
        size: number of the model's outputs; those that are no token are never allowed.
    """

    def __init__(self, vocabulary: Vocabulary, size: int) -> None:
        self.vocabulary = vocabulary
        self.size = size
        self.none: set[int] = set()
        """Control tokens, outputs that are no token, and tokens of more than one tag."""
        self.angled: list[int] = []
        """Tokens with a "<"."""
        self.partial: list[int] = []
        """Tokens with a part of a character, and no "<"."""
        self.broken: list[int] = []
        """Those of them that cannot come between characters."""
        self.solid: set[int] = set()
        """Tokens that are text of their own, and not only white space."""
        self.blank: set[int] = set()
        self.groups: dict[int, dict[bytes, Group]] = {}
        """Tokens by their first byte and, there, by their first two."""
        self.ids: dict[bytes, int] = {}
        longest = 1
        for token in range(size):
            said = vocabulary.bytes_of(token)
            if not said or (said.count(b"<") > 1 and len(_TAGS.findall(said)) > 1):
                self.none.add(token)
                continue
            self.ids.setdefault(said, token)
            longest = max(longest, len(said))
            text = None if b"<" in said else _decoded(said)
            if text is None:
                (self.angled if b"<" in said else self.partial).append(token)
            elif text.strip():
                self.solid.add(token)
            else:
                self.blank.add(token)
            group = self.groups.setdefault(said[0], {}).setdefault(said[:2], Group([], []))
            (group.odd if text is None else group.own).append(token)
        self.longest = longest
        lacking = [b for b in range(0x80, 0xC0) if bytes([b]) not in self.ids]
        self.completes = not lacking
        """Whether every beginning of a character can be completed."""
        self.broken = [t for t in self.partial if not (self.completes and _begins(vocabulary.bytes_of(t)))]
        self.sets: dict[Hashable, TokenSet] = {}
        """What was found for the states that all grammars share."""

    def fewest(self, text: bytes) -> list[int]:
        """For every place of a text (its end included) the fewest tokens that spell the rest.

        Raises:
            InputError: `model.tokenizer`: it cannot be spelled.
        """
        least = [_FAR] * len(text) + [0]
        for start in range(len(text) - 1, -1, -1):
            for end in range(start + 1, min(len(text), start + self.longest) + 1):
                if least[end] + 1 < least[start] and text[start:end] in self.ids:
                    least[start] = least[end] + 1
        if max(least) >= _FAR:
            raise InputError(
                f"the model's tokenizer cannot spell {text.decode('utf-8', 'replace')!r}.", code="model.tokenizer"
            )
        return least


def _decoded(said: bytes) -> str | None:
    try:
        return said.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _begins(said: bytes) -> bool:
    """Whether bytes are whole characters, the last of which may lack its end."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(said)
    except UnicodeDecodeError:
        return False
    return True


def missing_bytes(pending: bytes) -> int:
    """How many bytes a character that begins so still needs; -1 if no character does."""
    lead = pending[0]
    size = 2 if 0xC2 <= lead <= 0xDF else 3 if 0xE0 <= lead <= 0xEF else 4 if 0xF0 <= lead <= 0xF4 else 0
    if not size or len(pending) > size:
        return -1
    if len(pending) > 1:
        low, high = {0xE0: (0xA0, 0xBF), 0xED: (0x80, 0x9F), 0xF0: (0x90, 0xBF), 0xF4: (0x80, 0x8F)}.get(
            lead, (0x80, 0xBF)
        )
        if not low <= pending[1] <= high or any(not 0x80 <= b <= 0xBF for b in pending[2:]):
            return -1
    return size - len(pending)
