"""The interventions of the causal test: one reply, changed in one place, cut there, to be continued by the model.

Decision: everything in front of the place stays byte by byte what the model itself has written, and the beginning ends
with the opening tag of the next section, so that a continuation differs by the change alone. Beside the changes stand,
cut at the same places: nothing changed at all (does cutting and continuing do anything by itself?), and placebos: the
last sentence said again (the model's own words, nothing new), a sentence from outside that says nothing, and a changed
fact the question does not turn on. A model may stumble over any words it would not have written, so the placebo in
foreign words tells how much; the one in its own words is what effects are measured against.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from audio_reasoner.core import ids
from audio_reasoner.core.records import Clip
from audio_reasoner.evaluation.beliefs import Belief, Change, belief_of, implied, list_changes, text_changes
from audio_reasoner.evaluation.chains import Reply, family_of

Place = Literal["caption", "reasoning"]
Expects = Literal["new", "same", "unknown"]
INTERVENTIONS: dict[str, tuple[Place, str]] = {
    "unedited-caption": ("caption", "nothing changed; continued after its own CAPTION"),
    "repeat-caption": ("caption", "placebo: the last sentence of CAPTION said again"),
    "filler-caption": ("caption", "placebo in foreign words: a sentence that says nothing at the end of CAPTION"),
    "irrelevant-fact": ("caption", "placebo: a fact in CAPTION that the question does not turn on"),
    "caption-swap": ("caption", "two sounds in CAPTION exchanged"),
    "caption-count": ("caption", "one sound more or less in CAPTION, or another number"),
    "caption-rename": ("caption", "a sound in CAPTION called by another name"),
    "caption-truth": ("caption", "CAPTION replaced by what is really heard"),
    "unedited-reasoning": ("reasoning", "nothing changed; continued after its own REASONING"),
    "repeat-reasoning": ("reasoning", "placebo: the last sentence of REASONING said again"),
    "filler-reasoning": ("reasoning", "placebo in foreign words: a sentence that says nothing at the end of REASONING"),
    "reasoning-half": ("reasoning", "REASONING cut in the middle"),
    "reasoning-empty": ("reasoning", "REASONING left empty"),
    "reasoning-other": ("reasoning", "REASONING of another question of the same family"),
}
"""Every intervention: what is changed, and in words."""
PLACEBO: dict[Place, str] = {"caption": "repeat-caption", "reasoning": "repeat-reasoning"}
FILLER: dict[Place, str] = {"caption": "filler-caption", "reasoning": "filler-reasoning"}
UNEDITED: dict[Place, str] = {"caption": "unedited-caption", "reasoning": "unedited-reasoning"}
FILLERS = ("That is what there is.", "This is all for now.", "So much for this part.", "Let me go on from here.")
FILLERS_ZH = ("以上就是这一部分的内容。", "这一部分就到这里。")
_CJK = re.compile(r"[\u4e00-\u9fff]")
_STOP = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])\s*|\n\s*")
_STEP = re.compile(r"\s*\(?\w{1,2}[.)]")


@dataclass(frozen=True)
class Edit:
    """A reply's changed beginning.

    Attributes:
        intervention: a name of `INTERVENTIONS`.
        prefix: what the model continues.
        expects: "new": an answer in `implied`, which is not the one it gave; "same": the one it gave; "unknown".
        implied: the options that follow from the change.
        told: what was changed, in words.
    """

    intervention: str
    prefix: str
    expects: Expects
    implied: tuple[int, ...] = ()
    told: str = ""


@dataclass(frozen=True)
class Parts:
    """A well-formed reply taken apart: `sections` by name, and the text in front of and behind the two that change."""

    caption: str
    reasoning: str
    head: str
    between: str
    after: str


def parts_of(raw: str) -> Parts | None:
    """Take a well-formed reply apart; None if its tags do not stand once each in their order."""
    marks = ("<CAPTION>", "</CAPTION>", "<REASONING>", "</REASONING>", "<SUMMARY>")
    at = [raw.find(m) for m in marks]
    if min(at) < 0 or at != sorted(at) or any(raw.count(m) != 1 for m in marks):
        return None
    begin = at[0] + len(marks[0])
    think = at[2] + len(marks[2])
    return Parts(
        caption=raw[begin : at[1]],
        reasoning=raw[think : at[3]],
        head=raw[:begin],
        between=raw[at[1] : think],
        after=raw[at[3] : at[4] + len(marks[4])],
    )


class Editor:
    """Makes the interventions of one reply.

    Args:
        seed: which of several possible changes; each reply draws for itself.
        vocabulary: names of sounds of the benchmark, for renaming.
        donors: replies of the benchmark, to take a REASONING from.
    """

    def __init__(self, seed: int, vocabulary: Sequence[str], donors: Sequence[Reply]) -> None:
        self._seed, self._vocabulary = seed, vocabulary
        self._donors: defaultdict[str, list[Reply]] = defaultdict(list)
        for donor in donors:
            self._donors[family_of(donor.item)].append(donor)

    def edits(self, reply: Reply, clip: Clip | None = None, only: Sequence[str] = ()) -> Iterator[Edit]:
        """All interventions that this reply allows, in the order of `INTERVENTIONS`."""
        parts = parts_of(reply.raw)
        if parts is None or reply.response is None:
            return
        for name in only or INTERVENTIONS:
            rng = random.Random(ids.derive_seed(self._seed, "causal", name, reply.item.id))
            made = self._made(name, reply, parts, clip, rng)
            if made is not None:
                yield made

    def _made(self, name: str, reply: Reply, parts: Parts, clip: Clip | None, rng: random.Random) -> Edit | None:
        own = reply.response
        assert own is not None
        if name == "caption-truth":
            return self._truth(reply, parts, clip)
        if name.startswith(("unedited", "repeat", "filler")):
            place = INTERVENTIONS[name][0]
            text = parts.caption if place == "caption" else parts.reasoning
            added = {"unedited": "", "repeat": _last(text)}.get(name.partition("-")[0], _filler(text, rng))
            changed = text if not added else f"{text.rstrip()} {added}"
            return Edit(name, _prefix(parts, place, changed), "same", (own,), added)
        if name == "irrelevant-fact":
            return self._irrelevant(reply, parts, rng)
        if name.startswith("caption-"):
            return self._caption(name, reply, parts, rng)
        if name == "reasoning-empty":
            return Edit(name, _prefix(parts, "reasoning", ""), "unknown", (), "empty")
        if name == "reasoning-half":
            half = _half(parts.reasoning)
            return None if half is None else Edit(name, _prefix(parts, "reasoning", half), "unknown", (), half)
        return self._other(reply, parts, rng)

    def _changes(self, kind: str, reply: Reply, parts: Parts) -> list[Change]:
        assert reply.response is not None
        belief = belief_of(parts.caption)
        if belief is not None:
            return list(list_changes(kind, reply.item, belief, self._vocabulary))
        return list(text_changes(kind, reply.item, parts.caption, reply.response, self._vocabulary))

    def _caption(self, name: str, reply: Reply, parts: Parts, rng: random.Random) -> Edit | None:
        """A change that implies another answer, if there is one; else one whose effect is not known."""
        found = self._changes(name.removeprefix("caption-"), reply, parts)
        own = reply.response
        telling = [c for c in found if c.implied is not None and c.implied != own]
        unknown = [c for c in found if c.implied is None]
        if not telling and not unknown:
            return None
        change = rng.choice(telling or unknown)
        prefix = _prefix(parts, "caption", change.caption)
        if change.implied is None:
            return Edit(name, prefix, "unknown", (), change.told)
        return Edit(name, prefix, "new", (change.implied,), change.told)

    def _irrelevant(self, reply: Reply, parts: Parts, rng: random.Random) -> Edit | None:
        belief = belief_of(parts.caption)
        if belief is None or implied(reply.item, belief) != reply.response:
            return None  # with an answer that does not follow from the caption, no change of it is irrelevant
        found = [
            c
            for kind in ("swap", "count", "rename")
            for c in self._changes(kind, reply, parts)
            if c.implied == reply.response
        ]
        if not found:
            return None
        change = rng.choice(found)
        assert reply.response is not None
        prefix = _prefix(parts, "caption", change.caption)
        return Edit("irrelevant-fact", prefix, "same", (reply.response,), change.told)

    @staticmethod
    def _truth(reply: Reply, parts: Parts, clip: Clip | None) -> Edit | None:
        if clip is None or clip.timeline is None or not clip.timeline.events or reply.item.gold is None:
            return None
        line, belief = clip.timeline, belief_of(parts.caption)
        events = [(e.label, line.seconds(e.start), line.seconds(e.end)) for e in line.events]
        if belief is not None:
            lengths = tuple(f"{b - a:.1f}" for _, a, b in events) if belief.lengths else ()
            text = Belief(tuple(x for x, _, _ in events), lengths).to_text()
        else:
            told = [f"the {x} sound from {a:.1f} to {b:.1f} seconds" for x, a, b in events]
            text = f"In this order I hear {'; then '.join(told)}."
        expects: Expects = "same" if reply.item.gold == reply.response else "new"
        return Edit("caption-truth", _prefix(parts, "caption", text), expects, (reply.item.gold,), text)

    def _other(self, reply: Reply, parts: Parts, rng: random.Random) -> Edit | None:
        """A REASONING that led another question to an answer which here is another option than the one chosen."""
        ranked = [d for d in self._donors[family_of(reply.item)] if d.item.id != reply.item.id]
        rng.shuffle(ranked)
        for donor in ranked:
            theirs = parts_of(donor.raw)
            if theirs is None or donor.response is None:
                continue
            answer = donor.item.choices[donor.response].casefold()
            named = [i for i, c in enumerate(reply.item.choices) if c.casefold() == answer]
            same_place = [donor.response] if donor.response < len(reply.item.choices) else []
            wanted = tuple(dict.fromkeys([*same_place, *named]))
            if wanted and reply.response not in wanted and theirs.reasoning.strip() != parts.reasoning.strip():
                prefix = _prefix(parts, "reasoning", theirs.reasoning)
                return Edit("reasoning-other", prefix, "new", wanted, f"of item {donor.item.id}")
        return None


def _prefix(parts: Parts, place: Place, text: str) -> str:
    if place == "caption":
        return parts.head + text + parts.between
    return parts.head + parts.caption + parts.between + text + parts.after


def _filler(text: str, rng: random.Random) -> str:
    return rng.choice(FILLERS_ZH if _CJK.search(text) else FILLERS)


def _stops(text: str) -> list[tuple[int, int]]:
    """Where a sentence ends and the next begins. The number of a step ("2.") is no sentence."""
    found = [m.span() for m in _STOP.finditer(text)]
    return [
        (a, b) for a, b in found if a > 0 and b < len(text) and not _STEP.fullmatch(text, text.rfind("\n", 0, a) + 1, a)
    ]


def _last(text: str) -> str:
    text = text.strip()
    stops = _stops(text)
    return text[stops[-1][1] :] if stops else text


def _half(text: str) -> str | None:
    """About the first half, by sentences, or by words where there is one sentence; None if it has one word."""
    text = text.strip()
    ends = [a for a, _ in _stops(text)] or [m.start() for m in re.finditer(r"\s+", text)]
    return text[: min(ends, key=lambda a: abs(a - len(text) / 2))] if ends else None
