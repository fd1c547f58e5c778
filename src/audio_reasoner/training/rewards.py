"""Rewards for reinforcement learning on structured chains: plain functions of a reply and what is known about its clip.

Decision: each reward is one number in 0..1 that a person can check by reading the reply, made of the same pieces as the
evaluation (the strict chain form, the option mapper, the claims that a timeline decides), so what is optimised is what
is measured. Nothing here imports torch. `REWARDS` has the batch form that TRL's GRPO trainer and ms-swift call:
``f(completions, **columns) -> list[float]``, with the columns of a data set as lists of the same length.
`rewards_swift.py` registers them with ms-swift.

Columns: ``solution`` (the gold answer's text), ``options`` (list, or its JSON; may be absent), and for the claims
``clip`` (JSON of a `Clip` record) and ``family`` with the question's text in ``question``.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from pydantic import ValidationError

from audio_reasoner.core.chain import parse_chain, response_body
from audio_reasoner.core.choices import match_option
from audio_reasoner.core.errors import InputError
from audio_reasoner.core.records import Clip, Evidence, Question

TARGET_WORDS: Final = 300
"""Up to here a chain costs nothing; the paper's sound chains have about 190 words, its longest sources about 900."""
MOST_WORDS: Final = 900
NEITHER: Final = 0.5
"""What a reply earns where it neither fulfils nor breaks a rule: no claim that can be checked, no option in SUMMARY."""
WEIGHTS: Final[Mapping[str, float]] = {
    "answer": 1.0,
    "format": 0.5,
    "consistency": 0.25,
    "claims": 0.25,
    "length": 0.0,
}
"""Accuracy to format 2 : 1, as in the recipes that raised Qwen2-Audio most; the rest are our additions."""


def answer_reward(reply: str, gold_text: str, options: Sequence[str] = ()) -> float:
    """1 if the RESPONSE means the gold option (or, without options, holds the gold answer's words), else 0.

    A tagged reply without a RESPONSE has not answered; a reply that names two options means neither.

    Raises:
        InputError: ``rewards.gold``: the gold answer is none of the options, so that no reply could earn anything.

    >>> answer_reward("<RESPONSE>(b) bell</RESPONSE>", "bell", ["dog", "bell"])
    1.0
    """
    body = response_body(parse_chain(reply), reply)
    if options:
        if gold_text not in options:
            raise InputError(
                f"the gold answer {gold_text[:80]!r} is none of the options ({', '.join(options)[:200]}).",
                code="rewards.gold",
                hint="Give an option's own text, without its letter or tags.",
            )
        index = match_option(body, options).index
        return float(index is not None and options[index] == gold_text)
    words = _words(body)
    gold = _words(gold_text)
    return float(bool(gold) and any(words[i : i + len(gold)] == gold for i in range(len(words) - len(gold) + 1)))


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", unicodedata.normalize("NFKC", text).casefold())


def format_reward(reply: str) -> float:
    """1 if the reply is a chain with nothing wrong (`parse_chain` finds no defect), else 0."""
    return float(parse_chain(reply).well_formed)


def consistency_reward(reply: str, options: Sequence[str]) -> float:
    """1 if SUMMARY and RESPONSE name one option, 0 if they name two; `NEITHER` where either names none.

    Without options: whether the words of the RESPONSE stand in the SUMMARY.
    """
    sections = parse_chain(reply).sections
    summary, response = sections["summary"], sections["response"]
    if not summary or not response:
        return 0.0
    if options:
        concluded, said = match_option(summary, options).index, match_option(response, options).index
        return NEITHER if concluded is None or said is None else float(concluded == said)
    words, said_words = _words(summary), set(_words(response))
    return len(said_words & set(words)) / len(said_words) if said_words else 0.0


def claims_reward(reply: str, clip: Clip, question: Question, evidence: Evidence | None = None) -> float:
    """The share of supported claims among those that timeline and evidence decide; `NEITHER` if there are none.

    A reply that is no chain makes no claim that counts: 0.
    """
    from audio_reasoner.checks import claims_of

    chain = parse_chain(reply).chain
    if chain is None:
        return 0.0
    decided = [c.status for c in claims_of(clip, question, chain, evidence) if c.status != "undecidable"]
    return sum(s == "supported" for s in decided) / len(decided) if decided else NEITHER


def length_reward(reply: str, target: int = TARGET_WORDS, most: int = MOST_WORDS) -> float:
    """1 up to `target` words, falling evenly to 0 at `most`.

    Raises:
        ValueError: `most` is not above `target`.
    """
    if most <= target:
        raise ValueError(f"most ({most}) must be above target ({target})")
    n = len(reply.split())
    return 1.0 if n <= target else max(0.0, (most - n) / (most - target))


def combined(parts: Mapping[str, float], weights: Mapping[str, float] = WEIGHTS) -> float:
    """The weighted mean of named rewards: 0..1.

    Raises:
        InputError: ``rewards.unknown``: a weight without its part, or no weight above 0.
    """
    used = {k: w for k, w in weights.items() if w > 0}
    lacking = sorted(set(used) - set(parts))
    if lacking or not used:
        raise InputError(
            f"no reward of the name {', '.join(lacking)}." if lacking else "every reward has weight 0.",
            code="rewards.unknown",
            hint=f"There are: {', '.join(WEIGHTS)}.",
        )
    return sum(w * parts[k] for k, w in used.items()) / sum(used.values())


def parts(
    reply: str,
    gold_text: str,
    options: Sequence[str] = (),
    *,
    target: int = TARGET_WORDS,
    most: int = MOST_WORDS,
) -> dict[str, float]:
    """Every reward that a reply and its gold answer decide: all but `claims`, which needs the clip.

    >>> parts("<RESPONSE>bell</RESPONSE>", "bell", ["dog", "bell"])
    {'answer': 1.0, 'format': 0.0, 'consistency': 0.0, 'length': 1.0}
    """
    return {
        "answer": answer_reward(reply, gold_text, options),
        "format": format_reward(reply),
        "consistency": consistency_reward(reply, options),
        "length": length_reward(reply, target, most),
    }


# ---------------------------------------------------------------------------------------------- the form trainers call

Column = Sequence[Any] | None


def text_of(completion: Any) -> str:
    """A completion as trainers hand it over: text, or a list of messages whose last one is the reply."""
    if isinstance(completion, str):
        return completion
    content = completion[-1]["content"] if completion else ""
    return content if isinstance(content, str) else "".join(p.get("text", "") for p in content)


_HINT: Final = "Rewards read the data set's own columns: solution, options, question, family, clip."


def _wrong(name: str, i: int, what: str) -> InputError:
    return InputError(f"value {i + 1} of the column {name!r} is {what}.", code="rewards.column", hint=_HINT)


def _options(column: Column, i: int) -> list[str]:
    """Row i's options: a list, its JSON, or nothing at all for an open question."""
    value = column[i] if column is not None else None
    if isinstance(value, str) and value.strip():
        try:
            value = json.loads(value)
        except ValueError:
            raise _wrong("options", i, f"{value[:80]!r}, expected a list or its JSON") from None
    if not value:
        return []
    if isinstance(value, str) or not isinstance(value, Sequence) or not all(isinstance(x, str) for x in value):
        raise _wrong("options", i, f"{value!r:.80}, expected a list of texts")
    return list(value)


def _gold(column: Sequence[Any], i: int) -> str:
    """Row i's gold answer. A row without one, as joined data sets have them, would earn 0 whatever is said."""
    value = column[i]
    if not isinstance(value, str) or not value.strip():
        raise _wrong("solution", i, f"{value!r:.80}, expected the gold answer's text")
    return value


def _column(name: str, columns: Mapping[str, Any], n: int, needed: bool = True) -> Any:
    found = columns.get(name)
    if found is None and not needed:
        return None
    if found is None or isinstance(found, str) or len(found) != n:
        have = "is missing" if found is None else f"has {len(found)} values for {n} completions"
        raise InputError(
            f"the column {name!r} {have}.",
            code="rewards.column",
            hint=_HINT,
        )
    return found


def batch_answer(completions: Sequence[Any], **columns: Any) -> list[float]:
    """`answer_reward` of each completion; columns `solution`, `options`."""
    n = len(completions)
    gold, options = _column("solution", columns, n), _column("options", columns, n, needed=False)
    return [answer_reward(text_of(c), _gold(gold, i), _options(options, i)) for i, c in enumerate(completions)]


def batch_format(completions: Sequence[Any], **columns: Any) -> list[float]:  # noqa: ARG001
    """`format_reward` of each completion; no columns."""
    return [format_reward(text_of(c)) for c in completions]


def batch_consistency(completions: Sequence[Any], **columns: Any) -> list[float]:
    """`consistency_reward` of each completion; column `options`."""
    options = _column("options", columns, len(completions), needed=False)
    return [consistency_reward(text_of(c), _options(options, i)) for i, c in enumerate(completions)]


def batch_claims(completions: Sequence[Any], **columns: Any) -> list[float]:
    """`claims_reward` of each completion; columns `clip`, `question`, `family`, `solution`, `options`."""
    n = len(completions)
    clips, asked = _column("clip", columns, n), _column("question", columns, n)
    gold, options = _column("solution", columns, n), _column("options", columns, n, needed=False)
    families = _column("family", columns, n, needed=False)
    out = []
    for i, completion in enumerate(completions):
        choices, answer = tuple(_options(options, i)), _gold(gold, i)
        try:
            clip = Clip.model_validate_json(clips[i]) if isinstance(clips[i], str) else Clip.model_validate(clips[i])
            question = Question(
                task="complex_audio",
                family=str(families[i]) if families is not None else "unknown",
                text=str(asked[i]),
                options=choices,
                gold_text=answer,
                gold_index=choices.index(answer) if answer in choices else None,
                difficulty=1,
            )
        except ValidationError as error:
            first = error.errors()[0]
            name = "clip" if error.title == "Clip" else "question"
            raise _wrong(name, i, f"no {error.title}: {first['msg']}") from None
        out.append(claims_reward(text_of(completion), clip, question))
    return out


def batch_length(completions: Sequence[Any], **columns: Any) -> list[float]:  # noqa: ARG001
    """`length_reward` of each completion; no columns."""
    return [length_reward(text_of(c)) for c in completions]


REWARDS: Final[Mapping[str, Callable[..., list[float]]]] = {
    "answer": batch_answer,
    "format": batch_format,
    "consistency": batch_consistency,
    "claims": batch_claims,
    "length": batch_length,
}
"""By name, in the form that TRL's ``reward_funcs`` takes."""
