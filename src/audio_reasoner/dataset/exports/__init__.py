"""Exports of a data set to the formats trainers read: Hugging Face, ms-swift, WebDataset, and the layout of CoTA.

Decision: one function for all of them; a format is a name in `FORMATS`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from audio_reasoner.core.errors import ConfigError, InputError
from audio_reasoner.core.memory import rare_collections
from audio_reasoner.dataset.exports import common
from audio_reasoner.dataset.exports.common import AudioMode, AudioOf, ExportOptions, ExportResult, Progress, counted
from audio_reasoner.dataset.exports.cota import export_cota
from audio_reasoner.dataset.exports.hf import export_hf
from audio_reasoner.dataset.exports.ms_swift import export_ms_swift
from audio_reasoner.dataset.exports.webdataset import export_webdataset

__all__ = [
    "DEFAULT_AUDIO",
    "FORMATS",
    "AudioMode",
    "AudioOf",
    "ExportOptions",
    "ExportResult",
    "Progress",
    "counted",
    "export_run",
]

FORMATS = {"hf": export_hf, "ms-swift": export_ms_swift, "webdataset": export_webdataset, "cota": export_cota}
DEFAULT_AUDIO: dict[str, AudioMode] = {"hf": "embed", "ms-swift": "reference", "webdataset": "embed", "cota": "embed"}


def export_run(
    run_dir: Path | str,
    fmt: str,
    audio: AudioOf,
    *,
    out: Path | str | None = None,
    audio_mode: str | None = None,
    split: str | None = None,
    val_fraction: float = 0.0,
    seed: int = 0,
    system_prompt: str | None = None,
    where: Sequence[str] = (),
    progress: Progress | None = None,
) -> ExportResult:
    """Export a run's data set.

    Args:
        run_dir: the run directory (with `clips/` and `dataset/`).
        fmt: "hf", "ms-swift", "webdataset" or "cota".
        audio: row → 16 kHz mono float32 [n]; called only where sound must be rendered.
        out: directory to make; default `run_dir/export/<fmt>`. An earlier export there is replaced as a whole.
        audio_mode: "embed" (16 kHz mono FLAC), "copy" (whole files as they are) or "reference" (paths); None: the
            format's default.
        split: only this split.
        val_fraction: share of groups held out as the split "val".
        seed: of the hold-out.
        system_prompt: text of a system message (ms-swift only).
        where: conditions that all rows must satisfy, e.g. ``["difficulty>=2", "label_noise=false"]``.
        progress: called with (rows done, rows in all).

    Returns:
        what was written; `quarantined` rows are named in `quarantine.jsonl`.

    Raises:
        ConfigError, InputError, IntegrityError, EnvironmentProblem: see their codes in docs/exports.md.
    """
    if fmt not in FORMATS:
        raise ConfigError(
            f"{fmt!r} is no export format", code="config.export_format", hint=f"Formats: {', '.join(FORMATS)}."
        )
    mode = audio_mode or DEFAULT_AUDIO[fmt]
    modes: dict[str, AudioMode] = {"embed": "embed", "reference": "reference", "copy": "copy"}
    if mode not in modes:
        raise ConfigError(f"{mode!r} is no audio mode", code="config.audio_mode", hint=f"Modes: {', '.join(modes)}.")
    if system_prompt is not None and fmt != "ms-swift":
        raise ConfigError(
            f"a system prompt has no place in the {fmt} format", code="config.system_prompt", hint="Leave it out."
        )
    run = Path(run_dir)
    place = Path(out) if out is not None else run / "export" / fmt
    if run.resolve().is_relative_to(place.resolve()):
        raise InputError(
            f"{place} holds the run itself", code="output.in_the_way", hint="Name another directory with -o."
        )
    for own in (run / "clips", run / "dataset"):
        if place.resolve().is_relative_to(own.resolve()):
            raise InputError(
                f"{place} lies in the run's own {own.name}/", code="output.in_the_way", hint="Name another directory."
            )
    common.refuse_foreign(place)
    options = ExportOptions(modes[mode], split, val_fraction, seed, system_prompt, tuple(where))
    with rare_collections():
        return FORMATS[fmt](run, run / "dataset", place, audio, options, progress)
