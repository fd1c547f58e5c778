"""Scripts and a LibriSpeech tree for the tests of voices and dialogues."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from audio_reasoner.synth.scripts.script import Line, Script, save_scripts

HIKE = (
    (0, "Wow, this climb is harder than I thought.", "lively", False),
    (1, "We should turn back, the sky looks dark.", "neutral", True),
    (2, "Remember what the ranger told us.", "calm", True),
    (0, "All right, you have convinced me.", "low", False),
)


def hike(number: int = 0, language: str = "en", **more: Any) -> Script:
    """A dialogue of three, different for each number."""
    lines = tuple(
        Line(speaker=s, text=f"{number}. {t}" if i == 0 else t, prosody=p, overlap=o)  # type: ignore[arg-type]
        for i, (s, t, p, o) in enumerate(HIKE)
    )
    return Script(scenario="a hike", language=language, names=(None,) * 3, lines=lines, **more)


def script_file(path: Path, count: int) -> Path:
    """`count` dialogues as a file."""
    save_scripts(path, [hike(i) for i in range(count)])
    return path


def libri(root: Path, per_subset: int, subsets: tuple[str, ...] = ("train-clean-100", "test-clean")) -> Path:
    """A tree like LibriSpeech's whose speakers are buzzes: two chapters each, with transcripts and SPEAKERS.TXT."""
    import soundfile as sf

    from loopback_tts import buzz

    rows = ["; a comment"]
    text = "the quick train to the harbour left an hour ago and nobody was in it"
    for k, subset in enumerate(subsets):
        for i in range(per_subset):
            number = str(1000 * (k + 1) + i)
            rows.append(f"{number} | {'FM'[i % 2]} | {subset} | 25.0 | Somebody {i}")
            for chapter in ("7", "8"):
                folder = root / subset / number / chapter
                folder.mkdir(parents=True)
                name = f"{number}-{chapter}-0000"
                x = buzz(text, number, 16_000).astype(np.float32) / 32768 * 0.4
                x += np.random.default_rng(i).normal(0, 2e-4, x.shape[0]).astype(np.float32)
                sf.write(folder / f"{name}.flac", x, 16_000)
                (folder / f"{number}-{chapter}.trans.txt").write_text(f"{name} {text.upper()}\n", encoding="utf-8")
    (root / "SPEAKERS.TXT").write_text("\n".join(rows), encoding="utf-8")
    return root
