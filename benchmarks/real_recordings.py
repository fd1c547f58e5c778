"""Gathers freely licensed recordings from Debian packages into a folder, arranged as users arrange theirs.

    apt install --no-install-recommends tuxpaint-stamps-default minetest-data sonic-pi-samples lincity-ng-data \\
        asterisk-core-sounds-en asterisk-core-sounds-en-wav asterisk-core-sounds-es asterisk-core-sounds-es-wav \\
        asterisk-core-sounds-fr asterisk-core-sounds-fr-wav
    python benchmarks/real_recordings.py OUT

OUT/effects   one folder per label: animals, tools, weather, traffic, footsteps, doors (tuxpaint, minetest, lincity)
OUT/samples   flat, labels in the file names: drums, tabla, electronics (sonic-pi)
OUT/prompts   labels.csv with transcripts: a telephone voice (asterisk)
OUT/parallel  labels.csv with transcripts and English translations: the same prompts read in Spanish and French. The
              packages of further languages (Italian, Russian) are read too if they are installed with their texts.

The recordings are copied for trying and testing on this machine; each package's licence is in /usr/share/doc/PACKAGE.
What is copied depends only on the packages.
"""

from __future__ import annotations

import csv
import gzip
import re
import shutil
import subprocess
import sys
from pathlib import Path

# A file's path within its package, matched from the start of its name; the label is the folder that a user would make.
EFFECTS: dict[str, dict[str, str]] = {
    "tuxpaint-stamps-default": {
        r"animals/amphibians/frog": "frog",
        r"animals/birds/(blackbird|lark|quetzal)": "songbird",
        r"animals/birds/(crow|cuckoo|owl|penguin|rooster|seagull|turkey|vulture)": r"\1",
        r"animals/birds/(drake|duck)": "duck",
        r"animals/birds/gander": "goose",
        r"animals/birds/hen": "hen",
        r"animals/insects/(bee|hornet|mosquito|grasshopper)": r"\1",
        r"animals/mammals/apes/(chimp|gorilla)": r"\1",
        r"animals/mammals/aquatic/(dolphin|orca|whale)": r"\1",
        r"animals/mammals/aquatic/sea_lion": "sea lion",
        r"animals/mammals/bears/bear": "bear",
        r"animals/mammals/bovines/(bison|bull|cow|goat|ram)\b": r"\1",
        r"animals/mammals/bovines/cow_white": "cow",
        r"animals/mammals/bovines/mountaingoat": "goat",
        r"animals/mammals/bovines/sheep": "sheep",
        r"animals/mammals/camel/": "camel",
        r"animals/mammals/cats/(lion|tiger)": r"\1",
        r"animals/mammals/dogs/(dog|fox)": r"\1",
        r"animals/mammals/(elephant|hippopotamus|ferret|badger)": r"\1",
        r"animals/mammals/equines/(donkey|horse|zebra)": r"\1",
        r"animals/mammals/pig": "pig",
        r"animals/mammals/rodents/(beaver|mouse|squirrel)": r"\1",
        r"hobbies/camera_35mm": "camera shutter",
        r"hobbies/music/string/(cello|violin)": r"\1",
        r"hobbies/music/wind/bassoon": "bassoon",
        r"household/Washing-machine": "washing machine",
        r"household/arttools/scissors": "scissors",
        r"household/(kettle|toilet)": r"\1",
        r"household/rubberduck": "rubber duck",
        r"household/tools/(hammer|saw)": r"\1",
        r"household/vacuum_cleaner": "vacuum cleaner",
        r"naturalforces/lightningbolt": "thunder",
        r"seasonal/newyears/fireworks": "fireworks",
        r"vehicles/emergency/firetruck": "fire engine",
    },
    "minetest-data": {
        r".*_break_glass": "breaking glass",
        r".*_chest_(open|close)": "wooden chest",
        r".*_(dig_choppy|dig_cracky|dig_crumbly|dig_snappy|gravel_dig|ice_dig)": "digging",
        r".*_(dirt|grass|gravel|hard|ice|sand|snow|wood|metal|glass)_footstep": "footsteps",
        r".*_water_footstep": "splashing water",
        r".*_(dug_metal|dig_metal|place_node_metal)": "metal clang",
        r".*_tool_breaks": "breaking tool",
        r".*_door_(open|close)": "door",
        r".*_fencegate": "gate",
        r".*env_sounds_water": "flowing water",
        r".*env_sounds_lava": "lava",
        r".*fire_extinguish": "hissing",
        r".*(fire_fire|fire_small|fire_large|furnace_active)": "fire",
        r".*tnt_explode": "explosion",
        r".*cart_moving": "mine cart",
    },
    "lincity-ng-data": {
        r".*(Blacksmith|Harbor|Fire|School|University|Rocket|Pottery|Recycle|Shanty|Farm|Mill|Click)\d": r"\1",
        r".*(CoalMine|OreMine|FireStation|WindMill|WindMillHTech|OrganicFarm)\d": r"\1",
        r".*RailTrain\d": "train",
        r".*Trafic(High|Low)\d": "traffic",
        r".*SportsCroud\d": "crowd",
        r".*ParklandLake\d": "lake",
        r".*ParklandPlane\d": "plane",
        r".*Water\d": "flowing water",
        r".*Health\d": "hospital",
        r".*Rocket(Explosion|Takeoff)\d": "rocket",
        r".*Industry(High|Light)\d": "factory",
        r".*Market(Empty|Low|Med|Full)\d": "market",
        r".*Residential\w+\d": "neighbourhood",
        r".*Build\d": "building site",
        r".*PowerLine\d": "power line",
        r".*Substation\d": "electric hum",
    },
}  # fmt: skip
PROMPTS = 150
LANGUAGES = ("es", "fr", "it", "ru")


def package_files(package: str) -> list[Path]:
    """The package's files, sorted; exits with what to install if it is not there."""
    found = subprocess.run(["dpkg", "-L", package], capture_output=True, text=True, check=False)
    if found.returncode:
        sys.exit(f"{package} is not installed: apt install {package}")
    return sorted(Path(line) for line in found.stdout.splitlines() if line and Path(line).is_file())


def effects(out: Path) -> int:
    """One folder per label."""
    copied = 0
    for package, rules in EFFECTS.items():
        for path in package_files(package):
            if path.suffix not in (".ogg", ".wav", ".flac") or "_desc" in path.stem:
                continue
            inside = path.as_posix().partition("/stamps/")[2] or path.name
            for rule, label in rules.items():
                match = re.match(rule, inside)
                if match:
                    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", match.expand(label)).lower()
                    folder = out / words.replace("harbor", "harbour")
                    folder.mkdir(parents=True, exist_ok=True)
                    shutil.copy(path, folder / path.name)
                    copied += 1
                    break
    return copied


def samples(out: Path) -> int:
    """Flat, as the package has them."""
    out.mkdir(parents=True, exist_ok=True)
    paths = [p for p in package_files("sonic-pi-samples") if p.suffix == ".flac"]
    for path in paths:
        shutil.copy(path, out / path.name)
    return len(paths)


def spoken(language: str) -> dict[str, str]:
    """What is said in each prompt of a language, by its file's name; empty where the package has no text."""
    path = Path(f"/usr/share/doc/asterisk-core-sounds-{language}/core-sounds-{language}.txt.gz")
    if not path.is_file():
        return {}
    text = gzip.decompress(path.read_bytes()).decode("utf-8")
    lines = re.findall(r"^([\w/-]+): ([^\[\n].*)$", text, re.MULTILINE)
    return {name: " ".join(words.split()) for name, words in lines}


def parallel(out: Path) -> int:
    """Prompts of other languages with their transcripts and what the English voice says in the same prompt."""
    (out / "audio").mkdir(parents=True, exist_ok=True)
    english, rows = spoken("en"), []
    for language in LANGUAGES:
        words = spoken(language)
        if not words:
            continue
        for path in package_files(f"asterisk-core-sounds-{language}-wav"):
            name = next(
                (n for n in (path.stem, f"{path.parent.name}/{path.stem}") if n in words and n in english), None
            )
            # A single word or a letter is no speech to translate.
            if path.suffix != ".wav" or name is None or len(words[name].split()) < 3 or "(" in words[name]:
                continue
            file = f"audio/{language}-{name.replace('/', '-')}.wav"
            shutil.copy(path, out / file)
            rows.append((file, words[name], english[name], language, "en", f"{language}-voice"))
    header = ("file", "transcript", "translation", "language", "translation_language", "speaker")
    with (out / "labels.csv").open("w", encoding="utf-8", newline="") as f:
        csv.writer(f).writerows([header, *rows])
    return len(rows)


def prompts(out: Path) -> int:
    """Spoken prompts with a table of transcripts."""
    (out / "audio").mkdir(parents=True, exist_ok=True)
    transcripts = spoken("en")
    rows = []
    for path in package_files("asterisk-core-sounds-en-wav"):
        if path.suffix == ".wav" and path.stem in transcripts and len(rows) < PROMPTS:
            shutil.copy(path, out / "audio" / path.name)
            rows.append((f"audio/{path.name}", transcripts[path.stem], "Allison", "en"))
    with (out / "labels.csv").open("w", encoding="utf-8", newline="") as f:
        csv.writer(f).writerows([("file", "transcript", "speaker", "language"), *rows])
    return len(rows)


def main() -> None:
    """Copy everything and say how much."""
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    out = Path(sys.argv[1])
    counts = {f.__name__: f(out / f.__name__) for f in (effects, samples, prompts, parallel)}
    labels = len(list((out / "effects").iterdir()))
    print(" ".join(f"{k}={v}" for k, v in counts.items()), f"labels={labels} total={sum(counts.values())}")


if __name__ == "__main__":
    main()
