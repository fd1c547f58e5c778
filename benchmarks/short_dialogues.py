"""What does a limit of 30 s cost the embedded dialogues?

Writes the same scripts within 60, 45 and 30 s (`synth dialogue --max-seconds`), and prints how many
fit by their expected length, in how many of these somebody changes their mind, and how many of five speakers are left.

    python benchmarks/short_dialogues.py [--scripts 240] [--seed 9]
"""

from __future__ import annotations

import argparse

from audio_reasoner.synth.dialogue import expected_length
from audio_reasoner.synth.scripts.script import Script
from audio_reasoner.synth.scripts.writer import write_embedded


def speakers(script: Script) -> int:
    """How many people speak."""
    return len({line.speaker for line in script.lines})


def main() -> None:
    """Write, count, print one line per limit and one of figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scripts", type=int, default=240)
    parser.add_argument("--seed", type=int, default=9)
    args = parser.parse_args()
    figures = []
    for limit in (60.0, 45.0, 30.0):
        scripts = list(write_embedded(args.scripts, args.seed, seconds=expected_length, max_seconds=limit))
        fit = [s for s in scripts if expected_length(s) <= limit]
        changed = sum(bool(s.of_kind("changed_mind")) for s in fit) / max(len(fit), 1)
        five, left = (sum(speakers(s) == 5 for s in part) for part in (scripts, fit))
        print(f"{limit:g} s: {len(fit)} of {len(scripts)} fit, {changed:.0%} change minds, of fives {left} of {five}")
        figures.append(f"fit_{limit:g}={len(fit)} changed_{limit:g}={changed:.3f}")
    print(f"scripts={args.scripts} " + " ".join(figures))


if __name__ == "__main__":
    main()
