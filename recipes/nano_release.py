# ruff: noqa: E501 -- the card is written as it is read
"""A trained small model as the package ships it: weights in 16 bits, tokenizer, figures, and a card of what it can.

    python recipes/nano_release.py FIRST MODEL -o OUT [--figures FIGURES.json] [--real REAL.json]

Without figures only the weights and what belongs to them are written, so that the figures can be measured on exactly
the weights that are shipped (`benchmarks/nano_types.py`).
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path
from typing import Any

from audio_reasoner.models.bundled import FACTS_NAME

ASKED = {
    "first": "which sound comes first",
    "last": "which sound comes last",
    "before": "which sound comes right before another",
    "after": "which sound comes right after another",
    "order": "in which order sounds come",
    "count": "how many sounds there are",
    "count_of": "how often one sound comes",
    "presence": "whether a sound is there, and which",
    "longest": "which sound lasts longest",
    "target": "whether a sound is in a mix of several at once",
    "voices": "how many speakers there are",
    "spoken_order": "in which order digits or names are spoken",
    "spoken_nth": "which digit or name is spoken first, second, last",
    "spoken_count": "how many digits or names are spoken",
    "tempo": "the tempo of music, among three",
    "instrument": "which instrument plays",
}

TOLD = ("steps", "minutes", "samples_seen", "tokens_seen", "tokens_per_second", "training_samples", "training_clips")
"""What of each training's `metrics.json` is shipped."""


def watched(part: Path) -> list[dict[str, Any]]:
    """What the first training's evaluations said of its held-out questions, from its log."""
    seen, out = 0, []
    for line in map(json.loads, (part / "train_log.jsonl").read_text(encoding="utf-8").splitlines()):
        if line["kind"] == "train":
            seen = line["samples"]
        elif line["kind"] == "eval":
            told = {"right": 100 * line["accuracy"], "captions_exact": 100 * line["caption_exact"]}
            out.append({"samples_seen": seen, "n": line["samples"], **{k: round(v, 1) for k, v in told.items()}})
    return out


def write(parts: list[Path], out: Path, figures: dict[str, Any] | None, real: dict[str, Any] | None) -> None:
    """The directory that is shipped."""
    import torch

    from audio_reasoner.inference import SETTINGS_NAME
    from audio_reasoner.models import qwen2_audio
    from audio_reasoner.models.weight_files import readable_like

    model = parts[-1]
    loaded = qwen2_audio.load(model, "cpu", "float32")
    out.mkdir(parents=True, exist_ok=True)
    loaded.model.to(torch.float16).save_pretrained(str(out), safe_serialization=True)
    loaded.processor.save_pretrained(str(out))
    readable_like(out / "config.json")
    shutil.copyfile(model / SETTINGS_NAME, out / SETTINGS_NAME)
    courses = [json.loads((part / "metrics.json").read_text(encoding="utf-8")) for part in parts]
    trained = courses[-1]
    if figures is None:
        return
    facts = {
        **figures,
        "parameters": trained["parameters"],
        "trainings": [{name: c[name] for name in TOLD} for c in courses],
        "course": watched(parts[0]),
        "real": real,
    }
    (out / FACTS_NAME).write_text(json.dumps(facts, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    (out / "README.md").write_text(card(courses, figures, real), encoding="utf-8")


def card(courses: list[dict[str, Any]], figures: dict[str, Any], real: dict[str, Any] | None) -> str:
    """The model card."""
    trained = courses[-1]
    course = "; then ".join(
        f"{c['steps']:,} steps, {c['samples_seen']:,} samples, {c['tokens_seen'] / 1e6:.1f} million tokens in "
        f"{c['minutes']:.0f} minutes"
        for c in courses
    )
    types, k = figures["types"], figures["k"]
    good = [f for f in types if f in figures["advertised"]]
    bad = [f for f in types if f not in figures["advertised"]]

    def rows(names: list[str], table: dict[str, Any], with_vote: bool) -> str:
        out = []
        for f in sorted(names, key=lambda f: -table[f]["over"]):
            t = table[f]
            vote = f" {t['open']:.0f} | {t['vote']:.0f} ({t['vote_greedy']:.0f}) |" if with_vote else ""
            out.append(
                f"| {ASKED.get(f, f)} (`{f}`) | {t['n']} | {t['blind']:.0f} | {t['greedy']:.0f} "
                f"({t['low']:.0f} to {t['high']:.0f}) |{vote} {t['over']:+.0f} |"
            )
        return "\n".join(out)

    head = (
        f"| question | asked | best blind answer, % | right, % (95 %) | without options, % | vote of {k}, % (greedy there) | "
        "points over blind |\n|---|---:|---:|---:|---:|---:|---:|\n"
    )
    transfer = "Not measured."
    if real is not None:
        transfer = (
            "The same question types about scenes made of real recordings (free ones from Debian packages), of sounds "
            "it knows by name only from computed ones (`benchmarks/nano_real.py`), beside computed sounds of the same "
            "classes:\n\n| question | asked | best blind answer, % | right, % (95 %) | computed sounds: right, % |\n"
            "|---|---:|---:|---:|---:|\n"
            + "\n".join(
                f"| {ASKED.get(f, f)} (`{f}`) | {t['real']['n']} | {t['real']['blind']:.0f} | {t['real']['right']:.0f} "
                f"({t['real']['low']:.0f} to {t['real']['high']:.0f}) | {t['made']['right']:.0f} |"
                for f, t in real["types"].items()
                if "real" in t and "made" in t
            )
            + f"\n\nAll: {real['real_right']:.0f} % on real recordings, {real['made_right']:.0f} % on computed sounds of the same classes."
        )
    share = figures["all"]
    return f"""---
license: apache-2.0
library_name: transformers
pipeline_tag: audio-text-to-text
tags: [audio, reasoning, chain-of-thought, qwen2_audio, audio-reasoner]
---

# nano

The small model that comes with audio-reasoner: Qwen2-Audio's architecture with {trained["parameters"] / 1e6:.2f} million weights, trained
from nothing on generated sound. It answers in five sections, on any machine, in a second or two. It is there to try the whole way
and to test with; it knows a small world and nothing else.

    audio-reasoner ask clip.wav "Which sound comes first?" --option dog --option bell

## What it can do

Clips of its own kind (generated, up to about 12 seconds, English questions) of seeds it has never heard. Only types at least
{figures["margin"]:.0f} points above the best blind answer stand here, asked with options. *Without options* right is only the gold answer, word by word;
some types (presence, target, instrument) partly ask "which of these", which nobody can answer without them.

{head}{rows(good, types, True) if good else "| none | | | | | | |"}

## What it has learned too little of

{head}{rows(bad, types, True) if bad else "| nothing that was asked | | | | | | |"}

All {share["n"]} questions: {share["greedy"]:.1f} % greedy. Votes of {k} were taken on the first {max(t["vote_n"] for t in types.values())} of each type, {share["vote_n"]} in all: {share["vote"]:.1f} %,
greedy {share["vote_greedy"]:.1f} % there. Well-formed chains: {share["well_formed"]:.1f} % as `ask` decodes, {share["well_formed_free"]:.1f} % without the constraint that keeps it in
the format; in {share["well_formed_vote"]:.1f} % of the votes every chain.

## Real recordings

{transfer}

## What it knows

Sounds: bell, bird, clap, dog, drum, engine, glass, rain, siren, whistle; one to four in a row, or two at once with others. Speech: digits and
first names said by one to four voices (espeak-ng). Music: piano, violin, trumpet, guitar, drums, bass, 50 to 180 beats a minute. All of
it is computed (`docs/synth.md`): its dogs are cartoons of dogs. No recording, no third party's data and no other model's weights are in it.

## How it was made

`bash recipes/nano.sh` makes it again from nothing, out of {trained["training_samples"]:,} samples about {trained["training_clips"]:,} clips:
{course}.
The chains come from the offline teacher, so its reasoning is the teacher's, shortened; it can be wrong with confidence.
"""


def main() -> None:
    """Read the arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, nargs="+", help="the parts of its training in order; the last is shipped")
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--figures", type=Path)
    parser.add_argument("--real", type=Path)
    args = parser.parse_args()

    def read(path: Path | None) -> dict[str, Any] | None:
        if path is None:
            return None
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return found

    write(args.model, args.out, read(args.figures), read(args.real))
    print(f"{args.out}: {sum(f.stat().st_size for f in args.out.iterdir()) / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
