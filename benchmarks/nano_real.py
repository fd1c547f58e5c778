"""Transfer: how well does a model that was trained on generated sound answer the same questions about real recordings?

Recordings of five Debian packages (those of `recipes/real_bank.py`) whose class is one of the model's are put into
scenes as `synth complex` makes them, and the same question types are asked. Scenes of generated sounds of the very same
classes, with the same settings, stand beside them: the difference is what is lost on real sound. Per type: the share
right (greedy, in the format) with its 95 % interval (Wilson), beside the best blind answer, for both.

    python benchmarks/nano_real.py --model MODEL -o OUT [--packages ~/real-bank/packages] [--scenes 1000]

Packages that are not there are fetched (240 MB; Debian or Ubuntu). What is done is not done again: it can be stopped
and started, and another model is asked about the same questions. Few recordings stand behind some classes (`dog` and
`siren` have one each), and the names of files, not a listener, say what is heard.
"""

from __future__ import annotations

import argparse
import csv
import fnmatch
import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parent.parent / "recipes"))

from real_bank import CLASSES, FREEDESKTOP, LICENCES, LINCITY, MINETEST, PACKAGES, SONIC_PI, TUXPAINT, unpacked

from audio_reasoner.core.audio import load_mono
from audio_reasoner.core.errors import InputError
from audio_reasoner.evaluation.fair import blind
from audio_reasoner.inference import Reasoner
from nano_types import MOST, wilson

FAMILIES = ("first", "last", "before", "after", "order", "count", "count_of", "presence", "longest")
SCENES = ("--min-events", "1", "--max-events", "4", "--event-seconds", "0.3", "1.2", "--gap-seconds", "0.1", "0.3")
NANO = "bell,bird,clap,dog,drum,engine,glass,rain,siren,whistle"
"""The classes that the bundled model has heard (`recipes/nano.sh`)."""
# A built-in class: the recordings that are plainly of it, (package, end of the path in it).
REAL: dict[str, list[tuple[str, str]]] = {
    "bell": CLASSES["bell"],
    "bird": CLASSES["bird"],
    "cow": CLASSES["cow"],
    "crowd": [(LINCITY, "/SportsCroud[0-9].wav")],
    "dog": [(TUXPAINT, "/animals/mammals/dogs/dog.ogg")],
    "drum": [*CLASSES["tom drum"], *CLASSES["snare drum"], *CLASSES["bass drum"]],
    "fire": CLASSES["fire"],
    "footsteps": CLASSES["footstep"],
    "frog": [(TUXPAINT, "/animals/amphibians/frog.ogg")],
    "glass": [(MINETEST, "/default_break_glass*.ogg")],
    "phone": [(FREEDESKTOP, "/stereo/phone-incoming-call.oga"), (SONIC_PI, "/mehackit_phone1.flac")],
    "saw": [(TUXPAINT, "/household/tools/saw.ogg")],
    "siren": [(TUXPAINT, "/vehicles/emergency/firetruck.ogg")],
    "thunder": [(TUXPAINT, "/naturalforces/lightningbolt.ogg")],
    "train": [(LINCITY, "/RailTrain[0-9].wav")],
    "vacuum": [(TUXPAINT, "/household/vacuum_cleaner.ogg")],
}
BATCH = 32
BENCH = "mmau-test-mini.json"
Rows = list[dict[str, Any]]


def command(*args: object) -> None:
    """Run `audio-reasoner`; status 4 tells that something was left out, which the command itself has said."""
    beside = Path(sys.executable).with_name("audio-reasoner")
    words = [str(beside if beside.is_file() else "audio-reasoner"), *map(str, args)]
    print("$", " ".join(["audio-reasoner", *words[1:]]), file=sys.stderr)
    status = subprocess.run(words, check=False, stdout=sys.stderr).returncode
    if status not in (0, 4):
        sys.exit(status)


def lay_out(sounds: Path, packages: Path, classes: list[str]) -> dict[str, int]:
    """Link the recordings into a folder per class, with labels.csv; how many each class has."""
    files = {p: sorted(x for x in unpacked(p, packages).rglob("*") if x.is_file()) for p in PACKAGES}
    half = sounds.with_name(f"{sounds.name}.part")
    shutil.rmtree(half, ignore_errors=True)
    rows, found = [], {}
    for label in classes:
        for package, pattern in REAL[label]:
            for path in (x for x in files[package] if fnmatch.fnmatchcase(x.as_posix(), f"*{pattern}")):
                link = half / label / path.name
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(path.resolve())
                group = f"{package}:{pattern.lstrip('/')}"
                rows.append((f"{label}/{path.name}", label, group, LICENCES[package], package))
                found[label] = found.get(label, 0) + 1
    with (half / "labels.csv").open("w", encoding="utf-8", newline="") as f:
        csv.writer(f).writerows([("file", "label", "group", "licence", "source"), *rows])
    shutil.rmtree(sounds, ignore_errors=True)
    half.rename(sounds)
    return found


def questions(out: Path, name: str, scenes: int, seed: int, *which: object) -> Path:
    """A benchmark of questions about scenes made of `which` sounds; made once."""
    bench = out / f"bench-{name}"
    if not (bench / BENCH).is_file():
        command("synth", "complex", "-n", scenes, "--seed", seed, *SCENES, *which, "-o", out / name)
        # As many as stay balanced: few recordings of some classes allow fewer questions than were asked for.
        command(
            "synth", "benchmark", "--run", out / name, "--seed", seed, "--families", ",".join(FAMILIES), "-o", bench
        )
    return bench


def answers(model: Path, mark: str, bench: Path, reasoner: list[Reasoner]) -> Rows:
    """Every question answered; each batch is kept at once in a file of the model's own."""
    items = json.loads((bench / BENCH).read_text(encoding="utf-8"))
    file = bench / f"answers-{mark}.jsonl"
    done: dict[str, dict[str, Any]] = {}
    if file.is_file():
        for line in file.read_text(encoding="utf-8").splitlines():
            try:
                row = json.loads(line)
            except ValueError:  # the last line of a run that was killed
                continue
            done[row["id"]] = row
        file.write_text("".join(json.dumps(x) + "\n" for x in done.values()), encoding="utf-8")
    rest = [i for i in items if i["id"] not in done]
    for start in range(0, len(rest), BATCH):
        if not reasoner:
            reasoner.append(Reasoner.from_pretrained(model))
        part = rest[start : start + BATCH]
        asked = [(load_mono(bench / i["audio_id"], 16_000), i["question"], i["choices"]) for i in part]
        with file.open("a", encoding="utf-8") as f:
            for item, a in zip(part, reasoner[0].ask_batch(asked, MOST, constrain=True), strict=True):
                right = a.option.index is not None and item["choices"][a.option.index] == item["answer"]
                done[item["id"]] = {"id": item["id"], "right": right, "text": a.text}
                f.write(json.dumps(done[item["id"]]) + "\n")
        print(f"{bench.name}: {len(done)} of {len(items)}", file=sys.stderr)
    return [{**i, "right": done[i["id"]]["right"]} for i in items]


def tabulate(found: dict[str, Rows]) -> dict[str, Any]:
    """Print the table; the same as plain values."""
    print(f"{'type':12s}" + "".join(f"{name:>8s}{'n':>5s}{'blind':>7s}{'right':>7s}{'95 %':>12s}" for name in found))
    types: dict[str, dict[str, Any]] = {}
    guess = {name: blind(rows) for name, rows in found.items()}
    for family in (f for f in FAMILIES if any(f in g for g in guess.values())):
        line, types[family] = f"{family:12s}", {}
        for name, rows in found.items():
            own = [r["right"] for r in rows if r["sub-category"] == family]
            if not own:
                line += f"{'':8s}{0:5d}{'':26s}"
                continue
            g, right, (low, high) = guess[name][family], 100 * sum(own) / len(own), wilson(sum(own), len(own))
            best = 100 * max(g["best_constant"], g["value"], g["learned"])
            types[family][name] = {
                "n": len(own), "blind": round(best, 1), "right": round(right, 1), "low": round(low, 1),
                "high": round(high, 1),
            }  # fmt: skip
            line += f"{'':8s}{len(own):5d}{best:7.1f}{right:7.1f}{f'{max(low, 0):.0f} to {high:.0f}':>12s}"
        print(line)
    return types


def share(rows: Rows) -> float:
    """Right answers, per cent."""
    return round(100 * sum(r["right"] for r in rows) / max(len(rows), 1), 1)


def main() -> None:
    """Arrange, ask, tabulate."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, type=Path)
    parser.add_argument("-o", "--out", required=True, type=Path)
    parser.add_argument(
        "--packages", type=Path, default=Path("~/real-bank/packages"), help="where packages lie unpacked"
    )
    parser.add_argument("--classes", default=NANO, help="classes that the model knows; those with recordings are used")
    parser.add_argument("--scenes", type=int, default=1000, help="of each kind of sound; one question each at most")
    parser.add_argument("--seed", type=int, default=9300)
    args = parser.parse_args()
    if not (args.model / "model.safetensors").is_file():
        sys.exit(f"{args.model} holds no model")
    classes = [c for c in args.classes.split(",") if c in REAL]
    if len(classes) < 4:
        sys.exit(f"recordings of {len(classes)} of these classes; four are needed. There are: {', '.join(REAL)}")
    settings = {"classes": classes, "scenes": args.scenes, "seed": args.seed}
    out = args.out / hashlib.sha256(json.dumps(settings).encode()).hexdigest()[:8]
    out.mkdir(parents=True, exist_ok=True)
    (out / "settings.json").write_text(json.dumps(settings) + "\n", encoding="utf-8")
    bank = out / "real.bank"
    if not bank.exists():
        recordings = lay_out(out / "sounds", args.packages.expanduser(), classes)
        print(", ".join(f"{c} {n}" for c, n in recordings.items()), file=sys.stderr)
        command("synth", "bank", "make", out / "sounds", "-o", bank)
    real = questions(out, "real", args.scenes, args.seed, "--bank", bank)
    made = questions(out, "made", args.scenes, args.seed + 1, "--classes", ",".join(classes))
    mark = hashlib.sha256((args.model / "model.safetensors").read_bytes()).hexdigest()[:8]
    reasoner: list[Reasoner] = []
    try:
        found = {"real": answers(args.model, mark, real, reasoner), "made": answers(args.model, mark, made, reasoner)}
    except InputError as error:
        sys.exit(str(error))
    types = tabulate(found)
    figures = {"model": mark, **settings, "types": types, **{f"{k}_right": share(v) for k, v in found.items()}}
    (out / f"figures-{mark}.json").write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    over = {k: sum(t[k]["right"] - t[k]["blind"] for t in types.values() if k in t) / max(len(types), 1) for k in found}
    print(
        f"model={mark} classes={len(classes)} questions={len(found['real'])}+{len(found['made'])} "
        f"real_right={share(found['real'])} made_right={share(found['made'])} "
        f"real_over_blind={over['real']:+.1f} made_over_blind={over['made']:+.1f}"
    )


if __name__ == "__main__":
    main()
