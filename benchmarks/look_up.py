"""Does a small model learn to look options up sooner if two of its heads start as an induction circuit?

The text half of the small model reads brief chains with the caption given, so hearing plays no part, and learns what
follows it: reasoning, summary, response. Both arms get the same data in the same order for the same number of steps.
Reported is the share of held-out chains whose rest is right to the last token when each token is predicted from the
true ones before it.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass

import numpy as np
import torch

from audio_reasoner import synth
from audio_reasoner.core.choices import render_question
from audio_reasoner.core.ids import derive_seed
from audio_reasoner.grounded import GroundedTeacher
from audio_reasoner.models import nano

CLASSES = ("bell", "bird", "clap", "dog", "drum", "engine", "glass", "rain", "siren", "whistle")
FAMILIES = ("first", "last", "before", "after", "presence", "count", "count_of", "order")


@dataclass(frozen=True)
class Text:
    """A question with its chain; only what follows the caption is learned."""

    family: str
    given: str
    learned: str


def texts(clips: int, seed: int) -> list[Text]:
    teacher = GroundedTeacher(style="brief", vocabulary=CLASSES, seed=seed, questions_per_clip=4, families=FAMILIES)
    found = []
    for clip in synth.plan_complex(clips, seed, max_events=4, classes=CLASSES):
        annotation = teacher.annotate(clip)
        for q in annotation.questions:
            given, learned = teacher.think(clip, None, annotation, q).to_text().split("</CAPTION>")
            asked = f"<|im_start|>user\n{render_question(q.text, q.options)}<|im_end|>\n<|im_start|>assistant\n"
            found.append(Text(q.family, asked + given, "</CAPTION>" + learned + "<|im_end|>"))
    return found


Encoded = tuple[list[int], int]


def batch(rows: list[Encoded]) -> tuple[torch.Tensor, torch.Tensor]:
    width = max(len(ids) for ids, _ in rows)
    ids, labels = torch.zeros(len(rows), width, dtype=torch.long), torch.full((len(rows), width), -100)
    for r, (row, start) in enumerate(rows):
        ids[r, : len(row)] = torch.tensor(row)
        labels[r, start - 1 : len(row) - 1] = torch.tensor(row[start:])
    return ids, labels


def arm(look_up: bool, train: list[Text], test: list[Text], steps: int, batch_size: int, rate: float) -> None:
    sizes = nano.NanoSizes(text_heads=3, look_up=look_up)
    made = nano.create(sizes, [t.given + t.learned for t in train], seed=1)
    tokenizer, model, head = made.processor.tokenizer, made.model.model.language_model, made.model.lm_head

    def encode(t: Text) -> Encoded:
        given = tokenizer.encode(t.given, add_special_tokens=False)
        return given + tokenizer.encode(t.learned, add_special_tokens=False), len(given)

    rows, held_out = [encode(t) for t in train], [encode(t) for t in test]
    parameters = [*model.parameters(), *head.parameters()]
    optimiser = torch.optim.AdamW(parameters, lr=rate, betas=(0.9, 0.98), weight_decay=0.05)
    rng = np.random.default_rng(derive_seed(0, "look-up"))
    model.train()
    start = time.perf_counter()
    total = 0.0
    for step in range(1, steps + 1):
        for group in optimiser.param_groups:
            group["lr"] = rate * min(1.0, step / 30) * (0.1 + 0.9 * (1 - step / steps))
        ids, labels = batch([rows[int(i)] for i in rng.choice(len(rows), batch_size, replace=False)])
        with torch.autocast("cpu", torch.bfloat16):
            states = model(input_ids=ids, use_cache=False).last_hidden_state
            known = labels != -100
            loss = torch.nn.functional.cross_entropy(head(states[known]).float(), labels[known])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        total += loss.item()
        if step % 50 == 0:
            print(
                f"  look_up={look_up}  step {step}  loss {total / 50:.3f}  {time.perf_counter() - start:.0f} s",
                flush=True,
            )
            total = 0.0
    seconds = time.perf_counter() - start
    right: dict[str, list[bool]] = {}
    model.eval()
    with torch.no_grad():
        for at in range(0, len(held_out), 50):
            ids, labels = batch(held_out[at : at + 50])
            guess = head(model(input_ids=ids, use_cache=False).last_hidden_state).argmax(-1)
            for r in range(len(ids)):
                known = labels[r] != -100
                right.setdefault(test[at + r].family, []).append(bool((guess[r][known] == labels[r][known]).all()))
    share = float(np.mean([x for xs in right.values() for x in xs]))
    print(f"  {'family':<10} right to the last token")
    for family, xs in sorted(right.items()):
        print(f"  {family:<10} {np.mean(xs):6.1%}  ({len(xs)})")
    print(f"look_up={look_up} steps={steps} samples={steps * batch_size} seconds={seconds:.0f} right={share:.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=250)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=1.5e-3)
    options = parser.parse_args()
    train, test = texts(4000, 1), texts(120, 2)[:400]
    for look_up in (False, True):
        arm(look_up, train, test, options.steps, options.batch, options.rate)


if __name__ == "__main__":
    main()
