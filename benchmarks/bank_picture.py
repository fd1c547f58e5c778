"""Draws the spectrograms of the procedural bank that the docs show.

python benchmarks/bank_picture.py [-o docs/synth-bank.svg] [--seed 0]
"""

from __future__ import annotations

import argparse
from pathlib import Path

from audio_reasoner.report import write_text
from audio_reasoner.synth.bank.page import bank_picture
from audio_reasoner.synth.bank.render import CLASSES


def main() -> None:
    """Write the picture, print its size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--out", type=Path, default=Path("docs/synth-bank.svg"))
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    size = write_text(args.out, bank_picture(args.seed))
    print(f"classes={len(CLASSES)} bytes={size} out={args.out}")


if __name__ == "__main__":
    main()
