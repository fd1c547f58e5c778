"""A bank of real recordings from five Debian packages: classes with at least three independent recordings each.

    python recipes/real_bank.py ~/real-bank            # Debian or Ubuntu, no root; 240 MB to fetch, 270 MB unpacked

    ~/real-bank/packages/    the packages, unpacked
    ~/real-bank/sounds/      links into them, a folder per class, and labels.csv: file, label, group, licence, source
    ~/real-bank/real.bank    the bank:  audio-reasoner synth complex --bank ~/real-bank/real.bank -o RUN

The names of the files in these packages say what is heard. A line below is one recording as far as anyone can tell from
outside: numbered cuts of one take, and files cut from one another (their cross-correlation shows it), share a line and
so a group, and never stand on two sides of a split. A class whose name a listener might not choose is left out. Copy
this file and edit the table to make a bank of your own.
"""

# ruff: noqa: SIM905  (a line of words reads better here than a list of strings)

from __future__ import annotations

import csv
import fnmatch
import shutil
import subprocess
import sys
from pathlib import Path

TUXPAINT, MINETEST, SONIC_PI, LINCITY, FREEDESKTOP = PACKAGES = (
    "tuxpaint-stamps-default", "minetest-data", "sonic-pi-samples", "lincity-ng-data", "sound-theme-freedesktop",
)  # fmt: skip
# A LicenseRef: several licences; packages/PACKAGE/usr/share/doc/PACKAGE/copyright says which file has which.
LICENCES = {
    TUXPAINT: "GPL-2.0-or-later",
    MINETEST: "LicenseRef-minetest-data",
    SONIC_PI: "CC0-1.0",
    LINCITY: "GPL-2.0-or-later",
    FREEDESKTOP: "LicenseRef-sound-theme-freedesktop",
}
AT_LEAST = 3

# class: one line per recording: (package, end of the path in it)
CLASSES: dict[str, list[tuple[str, str]]] = {
    "bass drum": [
        *((SONIC_PI, f"/bd_{x}.flac") for x in "808 ada gas haus klub mehackit pure".split()),
        *((SONIC_PI, f"/bd_{x}.flac") for x in "sone zome zum [bft]*".split()),
        (SONIC_PI, "/drum_bass_*.flac"),
        (SONIC_PI, "/drum_heavy_kick.flac"),
    ],
    "bass note": [
        *((SONIC_PI, f"/bass_{x}_[a-g].flac") for x in "dnb drop hard hit thick trance woodsy".split()),
        (SONIC_PI, "/bass_voxy_*.flac"),
    ],
    "beep": [(SONIC_PI, f"/elec_{x}.flac") for x in "beep blip blip2 ping plip".split()],
    "bell": [
        (SONIC_PI, "/perc_bell.flac"),
        (SONIC_PI, "/perc_bell2.flac"),
        (SONIC_PI, "/elec_bell.flac"),
        (FREEDESKTOP, "/stereo/bell.oga"),
    ],
    "bird": [(TUXPAINT, f"/animals/birds/{x}.ogg") for x in "blackbird lark cuckoo quetzal tucan seagull owl".split()],
    "cow": [(TUXPAINT, f"/animals/mammals/bovines/{x}.ogg") for x in "cow cow_white bull".split()],
    "cymbal": [
        (SONIC_PI, "/drum_cymbal_*.flac"),
        (SONIC_PI, "/drum_splash_*.flac"),
        (SONIC_PI, "/elec_cymbal.flac"),
        (TUXPAINT, "/hobbies/music/percussion/cymbal_crash.ogg"),
    ],
    "deer": [(TUXPAINT, f"/animals/mammals/deer/{x}.ogg") for x in "caribou deer doe".split()],
    "door": [
        (MINETEST, "/doors_door_*.ogg"),
        (MINETEST, "/doors_glass_door_*.ogg"),
        (MINETEST, "/doors_steel_door_*.ogg"),
        (MINETEST, "/xpanes_steel_bar_door_*.ogg"),
        (SONIC_PI, "/perc_door.flac"),
    ],
    "drone": [
        *((SONIC_PI, f"/ambi_{x}.flac") for x in "drone haunted_hum lunar_land glass_hum soft_buzz".split()),
        (SONIC_PI, "/loop_drone_g_97.flac"),
    ],
    "drum loop": [
        (SONIC_PI, "/loop_amen*.flac"),
        *((SONIC_PI, f"/loop_{x}.flac") for x in "breakbeat compus industrial mehackit1 mehackit2 mika".split()),
    ],
    "factory": [(LINCITY, f"/{x}[0-9].wav") for x in "IndustryHigh IndustryLight Mill".split()],
    "fire": [
        (MINETEST, "/fire_[fls][ima]*.ogg"),
        (MINETEST, "/default_furnace_active.ogg"),
        (LINCITY, "/Fire[0-9].wav"),
    ],
    "footstep": [
        (MINETEST, f"/default_{x}_footstep*.ogg")
        for x in "dirt glass grass gravel hard ice metal sand snow wood".split()
    ],
    "guitar": [(SONIC_PI, f"/guit_{x}.flac") for x in "e_fifths e_slide em9 harmonics".split()],
    "hammer": [
        (TUXPAINT, "/household/tools/hammer.ogg"),
        (TUXPAINT, "/household/tools/mallet_metal.ogg"),
        (LINCITY, "/Blacksmith[0-9].wav"),
    ],
    "insect": [(TUXPAINT, f"/animals/insects/{x}.ogg") for x in "bee hornet mosquito".split()],
    "pig": [(TUXPAINT, f"/animals/mammals/{x}.ogg") for x in "pig pig_golden pig_golden2".split()],
    "record scratching": [(SONIC_PI, f"/vinyl_{x}.flac") for x in "backspin rewind scratch".split()],
    "sheep": [(TUXPAINT, f"/animals/mammals/bovines/{x}.ogg") for x in "sheep sheep_lamb ram".split()],
    "snare drum": [
        *((SONIC_PI, f"/sn_{x}.flac") for x in "dolf dub generic zome".split()),
        (SONIC_PI, "/drum_snare_*.flac"),
        *((SONIC_PI, f"/elec_{x}snare.flac") for x in ("", "filt_", "hi_", "lo_", "mid_")),
    ],
    "tom drum": [
        (SONIC_PI, "/drum_tom_*.flac"),
        (SONIC_PI, "/elec_fuzz_tom.flac"),
        (TUXPAINT, "/hobbies/music/percussion/drum_tomtom_floor.ogg"),
    ],
    "whale": [(TUXPAINT, f"/animals/mammals/aquatic/{x}.ogg") for x in "whale orca dolphin".split()],
}  # fmt: skip


def unpacked(package: str, packages: Path) -> Path:
    """The folder into which a package is unpacked; fetched and unpacked if it is not there."""
    folder = packages / package
    if folder.is_dir():
        return folder
    packages.mkdir(parents=True, exist_ok=True)
    for old in packages.glob(f"{package}_*.deb"):
        old.unlink()
    if not shutil.which("apt-get") or not shutil.which("dpkg"):
        sys.exit("apt-get and dpkg are needed: run this on Debian or Ubuntu, or unpack the packages there yourself")
    if subprocess.run(["apt-get", "download", package], cwd=packages, check=False).returncode:
        sys.exit(f"{package} cannot be fetched; does `apt-cache policy {package}` know it? (apt-get update needs root)")
    archive = next(packages.glob(f"{package}_*.deb"))
    half = packages / f"{package}.part"
    shutil.rmtree(half, ignore_errors=True)
    subprocess.run(["dpkg", "-x", archive.name, half.name], cwd=packages, check=True)
    half.rename(folder)
    archive.unlink()
    return folder


def lay_out(out: Path) -> tuple[int, int]:
    """Link the recordings and write labels.csv; returns the numbers of classes and recordings."""
    files = {
        package: sorted(p for p in unpacked(package, out / "packages").rglob("*") if p.is_file())
        for package in PACKAGES
    }
    sounds = out / "sounds"
    shutil.rmtree(sounds, ignore_errors=True)
    rows = []
    for label, recordings in CLASSES.items():
        found = []
        for package, pattern in recordings:
            takes = [p for p in files[package] if fnmatch.fnmatchcase(p.as_posix(), f"*{pattern}")]
            if not takes:
                print(f"{label}: {package} has no …{pattern} any more", file=sys.stderr)
            found += [(package, f"{package}:{pattern.lstrip('/')}", p) for p in takes]
        if len({group for _, group, _ in found}) < AT_LEAST:
            print(f"{label}: fewer than {AT_LEAST} recordings; left out", file=sys.stderr)
            continue
        folder = sounds / label
        folder.mkdir(parents=True)
        for package, group, path in found:
            link = folder / path.name
            link.symlink_to(Path("../..") / path.relative_to(out))
            rows.append((f"{label}/{path.name}", label, group, LICENCES[package], package))
    with (sounds / "labels.csv").open("w", encoding="utf-8", newline="") as f:
        csv.writer(f).writerows([("file", "label", "group", "licence", "source"), *rows])
    return len({label for _, label, *_ in rows}), len(rows)


def main() -> None:
    """Fetch, lay out, make the bank."""
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    out = Path(sys.argv[1]).expanduser()
    beside = Path(sys.executable).with_name("audio-reasoner")
    command = str(beside) if beside.is_file() else shutil.which("audio-reasoner")
    if command is None:
        sys.exit(f"audio-reasoner is neither beside {sys.executable} nor on the PATH: run this with its Python")
    classes, recordings = lay_out(out)
    print(f"{recordings} recordings of {classes} classes in {out / 'sounds'}")
    bank = out / "real.bank"
    made = subprocess.run([command, "synth", "bank", "make", out / "sounds", "-o", bank], check=False)
    # 4: the bank is made, and some recordings are of no use to it; they are named by `synth bank show`.
    sys.exit(0 if made.returncode == 4 else made.returncode)


if __name__ == "__main__":
    main()
