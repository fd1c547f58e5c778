"""What the chains of all tasks share: questions by template, options walked one by one, numbered steps, both styles.

Decision: a task's module says what is known and why an option fits or fails; this one puts it into a chain, so that
every task has the same form: what is asked, what is heard, small steps, all options, a result.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from audio_reasoner.core.chain import Chain
from audio_reasoner.core.choices import match_option
from audio_reasoner.core.records import Question, Task
from audio_reasoner.grounded import patterns_options as po
from audio_reasoner.grounded import patterns_tagged as pt
from audio_reasoner.grounded.brief import option_letter, scan
from audio_reasoner.grounded.language import number
from audio_reasoner.grounded.questions import N_OPTIONS, named_by, pick
from audio_reasoner.grounded.writer import Writer

Templates = Mapping[str, tuple[str, ...]]
_SENTENCES = re.compile(r"[.!?…。！？]\s*[^\W\d_]")


def letter(i: int) -> str:
    """a, b, …"""
    return chr(97 + i)


def quoted(text: str) -> str:
    """A passage in double quotes."""
    return f'"{text}"'


def ask(
    rng: np.random.Generator,
    task: Task,
    family: str,
    text: str,
    gold: str,
    others: Sequence[str],
    difficulty: int,
    least: int = 1,
) -> Question | None:
    """A choice question with its options in random order; None with fewer than `least` wrong options."""
    wrong = [o for o in dict.fromkeys(others) if o.casefold() != gold.casefold()][: N_OPTIONS - 1]
    if len(wrong) < least:
        return None
    options = [gold, *wrong]
    options = [options[int(i)] for i in rng.permutation(len(options))]
    # "(b) A minor" among keys: an answer that could be read as another letter is no fair answer.
    at = options.index(gold)
    if match_option(f"That is so. The answer is ({letter(at)}) {gold}.", tuple(options)).index != at:
        return None
    return Question(
        task=task,
        family=family,
        text=text,
        options=tuple(options),
        gold_text=gold,
        gold_index=options.index(gold),
        difficulty=difficulty,
    )


def ask_open(task: Task, family: str, text: str, gold: str, difficulty: int) -> Question:
    """A question without options."""
    return Question(task=task, family=family, text=text, gold_text=gold, difficulty=difficulty)


def ask_yes_no(
    rng: np.random.Generator, task: Task, family: str, text: str, yes: bool, difficulty: int
) -> Question | None:
    """Yes or no, in either order."""
    return ask(rng, task, family, text, "yes" if yes else "no", ["no" if yes else "yes"], difficulty)


def target(templates: Templates, text: str) -> str:
    """What a question's text names; empty if it names nothing."""
    return next((x for ts in templates.values() for t in ts if (x := named_by(t, text)) is not None), "")


def template(rng: np.random.Generator, templates: Templates, family: str, **slots: str) -> str:
    """A question's text."""
    return pick(rng, templates[family]).format(**slots)


@dataclass
class Draft:
    """A chain in pieces: sentences, in the order in which they are told.

    Args:
        planning: what is asked and how to go about it.
        caption: what is heard.
        steps: what leads to the answer, before the options.
        why: for each option the rest of a sentence whose subject is the option, e.g. "is never said".
        check: steps after the options.
        summary: the result; `{L}` has been filled in by the caller.
        reason: the response's first sentence, before the answer itself.
    """

    planning: list[str]
    caption: list[str]
    steps: list[str]
    why: list[str] = field(default_factory=list)
    check: list[str] = field(default_factory=list)
    summary: str = ""
    reason: str = ""

    def chain(self, question: Question, w: Writer) -> Chain:
        """The full chain; the answer of an open question is its gold text."""
        planning, steps = list(self.planning), list(self.steps)
        gold = question.gold_index
        if gold is not None:
            if len(question.options) > 2:
                planning.append(w.say(pt.OPTIONS_TAG, n=number(len(question.options))))
            for i, why in enumerate(self.why):
                # An option of several sentences is told by its letter; to quote it whole is to repeat the question.
                long = _SENTENCES.search(question.options[i]) is not None
                head = w.bit((po.HEAD_LONG if long else po.HEAD)[0], L=letter(i), o=question.options[i])
                steps.append(f"{head} {why}.")
            steps += self.check
            steps.append(w.say(po.CONCLUDE, L=letter(gold)))
            stop = "" if question.gold_text[-1:] in ".!?…。！？" else "."
            response = f"{self.reason} The answer is ({letter(gold)}) {question.gold_text}{stop}"
        else:
            steps += self.check
            response = question.gold_text
        return Chain(
            planning=" ".join(planning),
            caption=" ".join(self.caption),
            reasoning="\n".join(f"{i}. {s}" for i, s in enumerate(steps, 1)),
            summary=self.summary,
            response=response.strip(),
        )


def brief(question: Question, planning: str, caption: str, steps: str, summary: str) -> Chain:
    """A brief chain: the steps, then the options with yes and no up to the one that fits."""
    gold = question.gold_index
    if gold is None:
        return Chain(planning=planning, caption=caption, reasoning=steps, summary=summary, response=question.gold_text)
    reasoning = f"{steps} {scan(question.options, gold)}".strip()
    response = f"{option_letter(gold)} {question.gold_text}"
    return Chain(planning=planning, caption=caption, reasoning=reasoning, summary=summary, response=response)
