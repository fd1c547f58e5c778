"""Scenes into a run directory: the table of clips, and on request the audio as files.

Decision: the table holds recipes, so a run of 100,000 scenes is a few megabytes and takes seconds. Audio files are a
convenience for people and other programs; nothing in this package reads them. They are written one by one under a
temporary name, so that an interrupted `--audio` goes on with the files that are missing.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from audio_reasoner.core.errors import ConfigError
from audio_reasoner.core.records import Clip
from audio_reasoner.core.run import RunDir, run_lock, storage_problem
from audio_reasoner.synth.balance import Composition
from audio_reasoner.synth.recipes import RECIPE_VERSION
from audio_reasoner.synth.scenes.complex_audio import SOURCE, plan_complex
from audio_reasoner.synth.scenes.palette import Bank, bank_mark

__all__ = ["Composition", "audio_path", "plan_run", "render_files", "write_run", "write_sound"]


def plan_run(
    path: Path,
    n: int,
    seed: int,
    *,
    banks: Sequence[Bank | str | None] = (None,),
    sources: str | None = None,
    on_clip: Callable[[Clip], None] | None = None,
    told: Callable[[str], None] | None = None,
    **settings: Any,
) -> Composition:
    """Plan `n` scenes with `plan_complex` and store them as the run's clips; see `write_run`.

    Raises:
        ConfigError: the settings are impossible.
    """
    known = [b if b is None or isinstance(b, str) else list(b) for b in banks]
    # First, so that impossible settings leave no directory behind.
    clips = plan_complex(n, seed, banks=known, sources=sources, told=told, **settings)
    plain = {k: list(v) if isinstance(v, tuple) else v for k, v in settings.items() if v is not None}
    if known != [None]:
        plain["banks"] = ["procedural" if b is None else b if isinstance(b, str) else bank_mark(b) for b in known]
    return write_run(path, clips, {"name": SOURCE, "seed": seed, **plain}, on_clip)


def write_run(
    path: Path, clips: Iterable[Clip], source: dict[str, Any], on_clip: Callable[[Clip], None] | None = None
) -> Composition:
    """Store planned clips as a run's clips of one source.

    The same seed and settings may be planned again with another number: the clips they share are equal.

    Args:
        path: the run directory; it is made.
        clips: the clips of one source.
        source: `name` of the source and everything that decides which clips they are, but not how many.
        on_clip: told each clip.

    Raises:
        ConfigError: the run holds clips of this source with other settings (``synth.other_scenes``).
        LockedError: another process writes the run.
    """
    from audio_reasoner.dataset import count_clips, write_clips

    # Recipes of another version sound different, also where their names are equal.
    source = {**source, "recipes": RECIPE_VERSION}
    run = RunDir.create(path)
    composition = Composition()

    def counted() -> Iterator[Clip]:
        for clip in clips:
            composition.add(clip)
            if on_clip is not None:
                on_clip(clip)
            yield clip

    with run_lock(run):
        other = [s for s in run.sources if s.get("name") == source["name"] and s != source]
        if other:
            differ = [
                f"{k} {other[0].get(k, 'as usual')} there, {source.get(k, 'as usual')} here"
                for k in sorted({*other[0], *source})
                if other[0].get(k) != source.get(k)
            ]
            raise ConfigError(
                f"{run.path} already holds scenes of other settings: {'; '.join(differ)}.",
                code="synth.other_scenes",
                hint="Plan these into another directory, so that no sample changes its audio behind your back.",
            )
        before = count_clips(run.path)
        write_clips(run.path, counted())
        composition.dropped = max(before - count_clips(run.path), 0)
        run.add_source(source)
    return composition


def audio_path(run: Path, clip: Clip) -> Path:
    """Where `render_files` puts the audio of a clip: ``RUN/audio/<source>/<source_id>.flac``."""
    return run / "audio" / clip.source / f"{clip.source_id}.flac"


def write_sound(path: Path, clip: Clip) -> bool:
    """Render a clip into a 16-bit FLAC file unless it is there; returns whether it was written.

    Written under a name of its own and moved, so that a killed process leaves no half a file and two processes that
    render one run do not meet. Not synced to the disk: after a power cut an empty file is rendered again.

    Raises:
        EnvironmentProblem: ``environment.disk_full``, ``environment.not_writable``.
    """
    from audio_reasoner.core.audio import encode_flac
    from audio_reasoner.synth.audio import clip_audio

    try:
        if path.is_file() and path.stat().st_size:
            return False
        data = encode_flac(clip_audio(clip))
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        try:
            temporary.write_bytes(data)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise storage_problem(error, path) from error
    return True


def _render_one(run: Path, clip: Clip) -> bool:
    return write_sound(audio_path(run, clip), clip)


def render_files(run: Path, clips: Iterable[Clip], workers: int | None = None) -> Iterator[bool]:
    """Write the audio of planned scenes as 16-bit FLAC files; yields for each whether it was written (or was there).

    Args:
        run: the run directory.
        clips: the run's clips; recordings are passed over.
        workers: processes; None is one per core.

    Raises:
        EnvironmentProblem: the disk is full or not writable.
    """
    from audio_reasoner import compute

    scenes = (c for c in clips if c.audio.recipe is not None)
    yield from compute.map(functools.partial(_render_one, run), scenes, workers, ordered=False, chunk=16)
