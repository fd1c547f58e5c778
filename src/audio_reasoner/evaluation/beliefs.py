"""What a caption says happens, and which answer that implies: so that a change of the caption has an expected effect.

Decision: two kinds of captions are understood. A numbered list ("1 dog, 2 bell.") is read whole, and the answer to each
of our own question types follows from it; in any other text only the names of sounds and numbers are touched, and an
answer is implied only where a renamed sound is itself the answer. Everything else has no expectation.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from audio_reasoner.checks import text as words
from audio_reasoner.checks.claims import option_labels
from audio_reasoner.evaluation.base import Item
from audio_reasoner.evaluation.chains import family_of, question_of
from audio_reasoner.grounded.questions import TEMPLATES, named_by, sequence_items, target_of

_ITEM = re.compile(r"(\d+) ([^\d.,;:!?]+?)(?: (\d+\.\d) s)?")
_NUMBER = re.compile(
    rf"\b({words.NUMBER})\b(?=(?: \w+){{0,2}} (?:sounds?|events?|times?|occurrences?)\b)", re.IGNORECASE
)


@dataclass(frozen=True)
class Belief:
    """A numbered caption: labels in order and, if it gives them, lengths in seconds as they are written."""

    labels: tuple[str, ...]
    lengths: tuple[str, ...] = ()

    def to_text(self) -> str:
        """As the caption is written."""
        ends = [f" {x} s" for x in self.lengths] or [""] * len(self.labels)
        return ", ".join(f"{i} {x}{e}" for i, (x, e) in enumerate(zip(self.labels, ends, strict=True), 1)) + "."


def belief_of(caption: str) -> Belief | None:
    """The list a caption is; None if it is anything else."""
    found = [_ITEM.fullmatch(part) for part in caption.strip().rstrip(".").split(", ")]
    labels, lengths = [], []
    for m in found:
        if m is None:
            return None
        labels.append(m[2])
        lengths.append(m[3])
    if any(x is None for x in lengths) and any(lengths):
        return None
    belief = Belief(tuple(labels), () if lengths[0] is None else tuple(lengths))
    return belief if belief.to_text() == caption.strip() else None


def own_question(item: Item) -> bool:
    """Whether the item is one of our own question types in our own words."""
    family = family_of(item)
    names = ("presence_which", "presence_is") if family == "presence" else (family,)
    text = item.question.strip()
    return any(t == text or named_by(t, text) is not None for name in names for t in TEMPLATES.get(name, ()))


def implied(item: Item, belief: Belief) -> int | None:
    """The option that is right if the belief is; None if it cannot be told."""
    if not own_question(item):
        return None
    answer = _answer(item, belief)
    found = [i for i, c in enumerate(item.choices) if c.casefold() == answer.casefold()] if answer else []
    return found[0] if len(found) == 1 else None


def _answer(item: Item, belief: Belief) -> str | None:
    seq, target = list(belief.labels), target_of(item.question.strip())
    match family_of(item):
        case "first":
            return seq[0]
        case "last":
            return seq[-1]
        case "before" | "after" as side if target is not None and seq.count(target) == 1:
            at = seq.index(target) + (1 if side == "after" else -1)
            return seq[at] if 0 <= at < len(seq) else None
        case "order":
            return next((c for c in item.choices if sequence_items(c) == seq), None)
        case "count":
            return str(len(seq))
        case "count_of" if target is not None:
            return str(seq.count(target))
        case "presence" if target is not None:
            return "yes" if target in seq else "no"
        case "presence":
            heard = [c for c in item.choices if c in seq]
            return heard[0] if len(heard) == 1 else None
        case "longest" if belief.lengths:
            lengths = [float(x) for x in belief.lengths]
            longest = {x for x, n in zip(seq, lengths, strict=True) if n == max(lengths)}
            return longest.pop() if len(longest) == 1 else None
    return None


@dataclass(frozen=True)
class Change:
    """A changed caption: its text, the option it implies (None: not known), and what was done."""

    caption: str
    implied: int | None
    told: str


def list_changes(kind: str, item: Item, belief: Belief, vocabulary: Sequence[str]) -> Iterator[Change]:
    """Every single change of a numbered caption. `kind`: "swap", "count" or "rename"."""
    seq, lengths = belief.labels, belief.lengths

    def made(labels: Sequence[str], told: str, lens: Sequence[str] = lengths) -> Change:
        changed = Belief(tuple(labels), tuple(lens))
        return Change(changed.to_text(), implied(item, changed), told)

    n = len(seq)
    if kind == "swap":
        for i in range(n):
            for j in range(i + 1, n):
                if seq[i] != seq[j]:
                    other = [*seq[:i], seq[j], *seq[i + 1 : j], seq[i], *seq[j + 1 :]]
                    yield made(other, f"{seq[i]} (number {i + 1}) and {seq[j]} (number {j + 1}) exchanged")
    elif kind == "count":
        for k in range(n if n > 1 else 0):
            rest = [*seq[:k], *seq[k + 1 :]]
            yield made(rest, f"number {k + 1}, {seq[k]}, left out", [*lengths[:k], *lengths[k + 1 :]])
        for label in dict.fromkeys(seq):
            yield made([*seq, label], f"{label} once more at the end", [*lengths, *lengths[-1:]])
    elif kind == "rename":
        offered = dict.fromkeys([*option_labels(question_of(item)), *vocabulary])
        target = target_of(item.question.strip())
        for label in dict.fromkeys([*([target] if target else []), *offered]):
            for k in range(n):
                if label != seq[k]:
                    yield made([*seq[:k], label, *seq[k + 1 :]], f"number {k + 1}, {seq[k]}, called {label}")


def text_changes(kind: str, item: Item, caption: str, own: int, vocabulary: Sequence[str]) -> Iterator[Change]:
    """The same for any other caption: names of sounds and numbers replaced wherever they stand.

    Args:
        own: the option the model chose.
    """
    names = [*option_labels(question_of(item)), *vocabulary]
    labels = list(dict.fromkeys(x for x in names if len(x) > 1 and not x.isdigit()))
    heard = [x for x in labels if _whole(x).search(caption)]
    if kind == "swap":
        for i, a in enumerate(heard):
            for b in heard[i + 1 :]:
                if a not in b and b not in a:
                    text = _replaced(caption, {a: b, b: a})
                    yield Change(text, _renamed(item, own, {a: b, b: a}), f"{a} and {b} exchanged")
    elif kind == "rename":
        for a in [item.choices[own], *heard]:
            if _whole(a).search(caption):
                for b in item.choices:
                    if b not in heard and not b.isdigit() and b.casefold() not in ("yes", "no"):
                        text = _replaced(caption, {a: b})
                        yield Change(text, _renamed(item, own, {a: b}), f"{a} called {b}")
    elif kind == "count" and item.choices[own].isdigit():
        stated = [m for m in _NUMBER.finditer(caption) if words.number(m[1]) == int(item.choices[own])]
        for k, other in enumerate(item.choices):
            if stated and k != own and other.isdigit():
                text = caption
                for m in reversed(stated):
                    text = text[: m.start(1)] + other + text[m.end(1) :]
                yield Change(text, k, f"{item.choices[own]} became {other}")


def _whole(label: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(label)}(?!\w)", re.IGNORECASE)


def _replaced(text: str, names: Mapping[str, str]) -> str:
    found = {k.casefold(): v for k, v in names.items()}
    pattern = re.compile("|".join(_whole(k).pattern for k in names), re.IGNORECASE)

    def new(m: re.Match[str]) -> str:
        word = found[m[0].casefold()]
        return word[:1].upper() + word[1:] if m[0][:1].isupper() else word

    return pattern.sub(new, text)


def _renamed(item: Item, own: int, names: Mapping[str, str]) -> int | None:
    """The option that was chosen, under the new names; None if the question itself names one of the sounds."""
    if any(_whole(a).search(item.question) for a in names):
        return None
    chosen = item.choices[own]
    if not any(_whole(a).search(chosen) for a in names):
        return own
    wanted = _replaced(chosen, names).casefold()
    return next((i for i, c in enumerate(item.choices) if c.casefold() == wanted), None)


Changes = Callable[[str], Iterator[Change]]
