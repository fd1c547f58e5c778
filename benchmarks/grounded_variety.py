"""How varied, how balanced and how guessable are the grounded teacher's questions and chains?

Claims measured: the commonest sentence skeleton (labels, numbers and quotations masked) stands in at most 2 % of full
chains; blind guesses stay near chance; gold positions are even; the checks accept every chain; speed per clip.

Run: python benchmarks/grounded_variety.py [--chains 10000] [--seed 0] [--style full|brief] [--clips scenes|mixed|music]
"""

from __future__ import annotations

import argparse
import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from audio_reasoner.checks import check_sample
from audio_reasoner.core import ids
from audio_reasoner.core.records import (
    AudioRef,
    Clip,
    Domain,
    Event,
    Evidence,
    EvidenceItem,
    Label,
    Question,
    Timeline,
)
from audio_reasoner.grounded import GroundedTeacher, skeletons, words_for, words_of_clip
from audio_reasoner.synth import CLASSES, plan_complex
from audio_reasoner.synth.music.music import plan_music

SENTENCES = (
    ("Please leave your message after the tone.", "Veuillez laisser votre message après le signal."),
    ("The number you have dialled is not in service.", "Le numéro composé n'est pas en service."),
    ("Oh great, another meeting on a Friday, I love it.", "Super, encore une réunion un vendredi, j'adore."),
    ("I hate waiting here. When does the bus come?", "Je déteste attendre ici. Quand arrive le bus ?"),
    ("We walked along the river until the rain stopped.", "Nous avons longé la rivière jusqu'à la fin de la pluie."),
    ("Thanks, that was a wonderful evening.", "Merci, c'était une soirée merveilleuse."),
    ("Nobody told me, so I stayed at home.", "Personne ne me l'a dit, alors je suis resté chez moi."),
    ("Turn left at the church, then go straight on.", "Tournez à gauche à l'église, puis continuez tout droit."),
)
EMOTIONS = ("joy", "sadness", "anger", "fear", "surprise", "disgust", "neutral")
COURSES = ("rising", "falling", "steady", "rise_fall", "fall_rise", "varying")


def mixed(n: int, seed: int) -> Iterator[tuple[Clip, Evidence | None]]:
    """Clips of all tasks in turn: scenes, tagged recordings, speech, translation, emotion, sarcasm, music, talks."""
    scenes = plan_complex(n, seed)
    rng = np.random.default_rng(seed)
    for i in range(n):
        kind = i % 8
        if kind == 0:
            yield next(scenes), None
            continue
        said, translated = SENTENCES[int(rng.integers(len(SENTENCES)))]
        labels: list[Label] = []
        domain: Domain = "speech"
        line = None
        seconds = float(rng.uniform(1.5, 9.0))
        if kind == 1:
            domain, labels = "sound", [Label(kind="tag", value=CLASSES[int(rng.integers(len(CLASSES)))])]
        elif kind == 2:
            labels = [Label(kind="transcript", value=said, language="en")]
        elif kind == 3:
            pair = (("transcript", translated, "fr"), ("translation", said, "en"))
            labels = [Label(kind=k, value=v, language=x) for k, v, x in pair]  # type: ignore[arg-type]
        elif kind == 4:
            emotion = EMOTIONS[int(rng.integers(len(EMOTIONS)))]
            labels = [Label(kind="transcript", value=said), Label(kind="emotion", value=emotion)]
        elif kind == 5:
            labels = [Label(kind="transcript", value=said), Label(kind="sarcasm", value=str(rng.random() < 0.5))]
        elif kind == 6:
            domain = "music"
            keys = ("A minor", "C major", "G minor", "Bb major", "F# minor")
            genres = ("jazz", "techno", "folk", "rock")
            tunes = ("Am F C G", "C G Am F", "Dm G C", "Em C D Bm")
            plays = ("piano", "guitar", "violin", "flute")
            labels = [
                Label(kind="tempo", value=str(int(rng.integers(60, 180)))),
                Label(kind="key", value=keys[int(rng.integers(5))]),
                Label(kind="genre", value=genres[int(rng.integers(4))]),
                Label(kind="chords", value=tunes[int(rng.integers(4))]),
                Label(kind="instrument", value=plays[int(rng.integers(4))]),
            ]
        else:
            line = talk(rng)
            seconds = line.length / line.sample_rate
        clip_id = ids.clip_id("variety", f"{seed}/{i}", 0, None)
        recipe = {"variety": i, "seed": seed}
        clip = Clip(
            clip_id=clip_id, source="variety", source_id=str(i), audio=AudioRef(recipe=recipe), duration_s=seconds,
            content_key=ids.content_key_of_recipe(recipe), domains=(domain,), labels=tuple(labels), group=clip_id,
            timeline=line,
        )  # fmt: skip
        yield clip, measured(clip, rng)


def talk(rng: np.random.Generator) -> Timeline:
    """Two or three voices that take turns."""
    voices, at, last, events = int(rng.integers(2, 4)), 0.2, -1, []
    order = rng.permutation(len(SENTENCES))
    for _ in range(int(rng.integers(3, 7))):
        voice = int(rng.integers(voices))
        voice = (voice + 1) % voices if voice == last else voice
        last, length = voice, float(rng.uniform(0.8, 2.5))
        text = SENTENCES[order[len(events)]][0]
        span = (int(at * 16_000), int((at + length) * 16_000))
        events.append(Event(start=span[0], end=span[1], label="speech", speaker=f"v{voice}", text=text))
        at += length + float(rng.uniform(0.2, 0.6))
    return Timeline(sample_rate=16_000, length=int(at * 16_000), events=tuple(events))


def measured(clip: Clip, rng: np.random.Generator) -> Evidence:
    """A loudness course and active stretches, as a clip of that length would have them."""
    cut = round(clip.duration_s * float(rng.uniform(0.3, 0.6)), 1)
    spans = [[0.1, cut], [cut + 0.4, round(clip.duration_s - 0.1, 1)]] if rng.random() < 0.5 else [[0.0, cut + 0.5]]
    values = {"loudness_course": COURSES[int(rng.integers(len(COURSES)))], "segments": spans}
    items = tuple(EvidenceItem(name=k, value=v, source="measured:benchmark", error=0.01) for k, v in values.items())
    return Evidence(content_key=clip.content_key, version="benchmark", items=items)


def by_place(q: Question) -> int:
    """Majority vote per place over the orderings."""
    rows = [o.split(", ") for o in q.options]
    votes = [Counter(r[i] for r in rows if len(r) > i) for i in range(max(map(len, rows)))]
    return max(range(len(rows)), key=lambda k: sum(votes[i][x] for i, x in enumerate(rows[k])))


def common_first(q: Question) -> int:
    """The ordering with the commonest first sound."""
    firsts = Counter(o.split(", ")[0] for o in q.options)
    return max(range(len(q.options)), key=lambda k: firsts[q.options[k].split(", ")[0]])


def rank(k: int) -> Callable[[Question], int]:
    """The k-th smallest number."""
    return lambda q: sorted(range(len(q.options)), key=lambda i: float(re.findall(r"[\d.]+", q.options[i])[0]))[k]


def longest_text(q: Question) -> int:
    """The option with the most characters."""
    return max(range(len(q.options)), key=lambda k: len(q.options[k]))


def main() -> None:
    """Print the tables; the last line holds the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chains", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--style", choices=("full", "brief"), default="full")
    parser.add_argument("--clips", choices=("scenes", "composite", "mixed", "music"), default="scenes")
    args = parser.parse_args()

    vocabulary = CLASSES
    if args.clips == "composite":  # backgrounds stand beside backgrounds, as in a build
        some = plan_complex(400, args.seed, kind="composite")
        vocabulary = tuple(sorted({w for clip in some for w in words_of_clip(clip)}))
    teacher = GroundedTeacher(style=args.style, vocabulary=vocabulary, seed=args.seed)
    seen: Counter[str] = Counter()
    words: Counter[int] = Counter()
    where: dict[str, str] = {}
    by_task: dict[str, Counter[str]] = defaultdict(Counter)
    of_task: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    questions: list[Question] = []
    chains = clips = rejected = 0
    spent = checked = 0.0
    pairs: Iterable[tuple[Clip, Evidence | None]] = mixed(args.chains, args.seed)
    if args.clips == "scenes":
        pairs = ((clip, None) for clip in plan_complex(args.chains, args.seed))
    if args.clips == "composite":
        pairs = ((clip, None) for clip in plan_complex(args.chains, args.seed, kind="composite"))
    if args.clips == "music":
        pairs = ((clip, None) for clip in plan_music(args.chains, args.seed))
    for clip, evidence in pairs:
        if chains >= args.chains:
            break
        clips += 1
        began = time.process_time()
        annotation = teacher.annotate(clip, evidence)
        made = [(q, teacher.think(clip, evidence, annotation, q)) for q in annotation.questions]
        spent += time.process_time() - began
        for question, chain in made:
            chains += 1
            questions.append(question)
            found = skeletons(chain, words_for(clip, question))
            seen.update(found)
            by_task[question.task].update(found)
            of_task[question.task] += 1
            for x in found:
                where.setdefault(x, question.task)
            words[len(re.sub(r"</?[A-Z]+>", " ", chain.to_text()).split()) // 50 * 50] += 1
            began = time.process_time()
            verdict = check_sample(clip, evidence, annotation, question, chain)
            rejected += verdict.decision != "accepted"
            reasons.update(f"{question.family}: {f.code} {f.detail[:150]}" for f in verdict.findings)
            checked += time.process_time() - began

    print(f"{chains} {args.style} chains of {clips} clips; {rejected} rejected by the checks")
    for reason, n in reasons.most_common(10):
        print(f"  {n:5d}  {reason}")
    print("\nthe twenty commonest sentence skeletons (share of chains)")
    for skeleton, n in seen.most_common(20):
        print(f"  {n / chains:6.2%}  {where[skeleton]:13s} {skeleton[:110]}")
    print(f"  {len(seen)} different skeletons in all")
    print("\nwithin each task: chains, share of its commonest skeleton")
    for task, n in of_task.most_common():
        skeleton, k = by_task[task].most_common(1)[0]
        print(f"  {task:13s} {n:6d} {k / n:6.2%}  {skeleton[:100]}")
    print("\nwords per chain")
    for start in sorted(words):
        print(f"  {start:4d}–{start + 49:<4d} {words[start] / chains:6.1%}")

    four = [q for q in questions if len(q.options) == 4]
    positions = Counter(q.gold_index for q in four)
    yes = Counter(q.gold_text for q in questions if len(q.options) == 2)
    print("\ngold positions", {i: f"{positions[i] / len(four):.1%}" for i in range(4)}, "yes/no", dict(yes))
    print("\nquestions and majority answer")
    for family, n in Counter(q.family for q in questions).most_common():
        top, k = Counter(q.gold_text for q in questions if q.family == family).most_common(1)[0]
        print(f"  {family:9s} {n:6d}   {k / n:6.1%} {top!r}")

    guesses: list[tuple[str, tuple[str, ...], Callable[[Question], int]]] = [
        ("order: vote per place", ("order",), by_place),
        ("order: commonest first sound", ("order",), common_first),
        *((f"count, count_of: number of rank {k + 1}", ("count", "count_of"), rank(k)) for k in range(4)),
        *((f"duration: length of rank {k + 1}", ("duration",), rank(k)) for k in range(4)),
        ("labels: longest option", ("first", "last", "before", "after", "longest", "presence"), longest_text),
    ]
    print("\nblind guesses (chance 25 %)")
    worst = 0.0
    for name, families, guess in guesses:
        pool = [q for q in four if q.family in families]
        if pool:
            rate = sum(guess(q) == q.gold_index for q in pool) / len(pool)
            worst = max(worst, rate)
            print(f"  {rate:6.1%} of {len(pool):5d}  {name}")
    top = seen.most_common(1)[0][1] / chains
    print(
        f"\ntop_skeleton={top:.4f} distinct={len(seen)} rejected={rejected} best_blind={worst:.3f} "
        f"ms_per_clip={spent / clips * 1e3:.2f} ms_per_check={checked / chains * 1e3:.2f}"
    )


if __name__ == "__main__":
    main()
