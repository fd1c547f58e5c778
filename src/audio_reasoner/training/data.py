"""From a run directory to training units: rows, their audio as log-mels in memory, and the order in which they are
seen.

Decision: log-mels are computed before training by worker processes and kept in memory as 16-bit floats (a 3 s clip:
77 kB), because a worker that computes beside two busy training threads slows all three down; four questions a clip
and several epochs use each of them again. What does not fit the memory budget is computed when its turn comes. A
sample that cannot be used is left out with its reason, never cut.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from audio_reasoner.core import ids
from audio_reasoner.core.choices import render_question
from audio_reasoner.core.errors import AudioReasonerError, InputError
from audio_reasoner.core.records import AudioRef, Clip
from audio_reasoner.core.run import RunDir
from audio_reasoner.dataset import Row, read_clips, read_rows
from audio_reasoner.dataset.store import dataset_sha256
from audio_reasoner.models.chat import ChatFormat
from audio_reasoner.models.features import audio_tokens_of
from audio_reasoner.training.collate import Encoded, Unit
from audio_reasoner.training.progress import Progress, Watcher
from audio_reasoner.training.targets import DESCRIBE, Learn, targets

if TYPE_CHECKING:
    import numpy as np
    import torch

    from audio_reasoner.training.recipe import Recipe


class LeftOut(NamedTuple):
    """A sample that is not trained on, and why."""

    sample_id: str
    code: str
    detail: str


class Heard(NamedTuple):
    """A clip's log-mel as float16 [128, frames kept] with its true number of frames, or the error that prevented it."""

    frames: int
    mel: np.ndarray | None
    code: str = ""
    detail: str = ""


@dataclass(frozen=True)
class Samples:
    """The rows of a data set by clip, and where each clip's sound is."""

    rows: dict[str, list[Row]]
    clips: dict[str, Clip]


def read_samples(run_dir: Path, dataset_dir: Path) -> Samples:
    """All rows of a data set, grouped by clip, with their clips.

    Raises:
        InputError: the data set is empty, or a synthetic sample's clip is not in the run.
    """
    rows: dict[str, list[Row]] = {}
    for row in read_rows(dataset_dir):
        rows.setdefault(row.clip_id, []).append(row)
    if not rows:
        raise InputError(
            f"{dataset_dir} holds no samples.",
            code="training.no_samples",
            hint="`audio-reasoner status RUN` tells what became of the clips.",
        )
    clips = {c.clip_id: c for c in read_clips(run_dir) if c.clip_id in rows}
    for clip_id, some in rows.items():
        if clip_id in clips:
            continue
        first = some[0]
        if first.synthetic:
            raise InputError(
                f"the clip {clip_id} of sample {first.sample_id} is not in {run_dir}/clips.", code="training.no_clip"
            )
        clips[clip_id] = _clip_of(first)
    return Samples(rows, clips)


def joined(parts: Sequence[Samples]) -> Samples:
    """Several data sets as one.

    Raises:
        InputError: `training.same_sample`: two of them hold the same sample.
    """
    if len(parts) == 1:
        return parts[0]
    rows: dict[str, list[Row]] = {}
    clips: dict[str, Clip] = {}
    seen: set[str] = set()
    for part in parts:
        clips |= part.clips
        for clip_id, some in part.rows.items():
            for row in some:
                if row.sample_id in seen:
                    raise InputError(
                        f"the sample {row.sample_id} (clip {clip_id}) is in two of the data sets.",
                        code="training.same_sample",
                        hint="Name each run once; runs made with one seed share their clips.",
                    )
                seen.add(row.sample_id)
            rows.setdefault(clip_id, []).extend(some)
    return Samples(rows, clips)


def _clip_of(row: Row) -> Clip:
    """A clip for a row whose run has no clips table (an imported data set): the whole file."""
    return Clip(
        clip_id=row.clip_id,
        source=row.source,
        source_id=row.source_id,
        audio=AudioRef(path=row.audio_path),
        content_key=row.content_key,
        duration_s=row.duration_s,
        domains=row.domains,
        group=row.group,
        split=row.split,
    )


def ensure_dataset(run: RunDir, recipe: Recipe, watch: Watcher) -> None:
    """Build the data set of a run that has clips but none yet; say so if the one there was built otherwise."""
    if run.dataset_dir.is_dir():
        from audio_reasoner.cota.plan import deciding
        from audio_reasoner.cota.statistics import status

        built = status(run).get("settings") or {}
        asked = deciding(recipe.build)
        other = [f"{k} {built[k]!r}, not {asked[k]!r}" for k in asked if k in built and built[k] != asked[k]]
        if other:
            note = f"{run.path} holds a data set built otherwise than the recipe would ({'; '.join(other)}): using it"
            watch(Progress("reading", note=note))
        return
    from audio_reasoner.cota import build_sync

    style = recipe.build.style
    note = f"{run.path} has no data set yet: building it ({recipe.build.teacher}, {style}) before training"
    watch(Progress("building", note=note))
    result = build_sync(run, recipe.build, watch=lambda p: watch(Progress("building", p.tally.clips, p.total)))
    if result.interrupted:
        raise KeyboardInterrupt


def digest(runs: Sequence[RunDir]) -> str:
    """One digest of the data sets of some runs, in any order; that of a single one is its own."""
    found = [dataset_sha256(run.dataset_dir) for run in runs]
    return found[0] if len(found) == 1 else ids.digest({"data": sorted(found)}).hex()


def is_held_out(group: str, fraction: float) -> bool:
    """Whether a group is held out: a function of its name alone, so that it stays so in every run and machine."""
    return ids.derive_seed(0, "held-out", group) / 2**63 < fraction


def held_out(samples: Samples, fraction: float) -> set[str]:
    """The clips that nothing is learned from.

    Those whose labels put them into another split than "train", those of groups that the hash draws, and all that share
    a group or a sound with one of these: two runs may hold copies of one recording under two names, and a model would
    be asked about what it was trained on. What goes together is drawn by the first of its groups' names.
    """
    leader: dict[str, str] = {}

    def first(name: str) -> str:
        while (above := leader.setdefault(name, name)) != name:
            leader[name] = leader[above]
            name = above
        return name

    for clip in samples.clips.values():
        # A group's name sorts before every sound's, so what leads is the least group.
        a, b = sorted((first(f"group {clip.group}"), first(f"sound {clip.content_key}")))
        leader[b] = a
    of = {c: first(f"group {clip.group}") for c, clip in samples.clips.items()}
    out = {name for name in of.values() if is_held_out(name.removeprefix("group "), fraction)}
    out |= {of[c] for c, clip in samples.clips.items() if clip.split not in (None, "", "train")}
    return {c for c, name in of.items() if name in out}


def hear(clip: Clip) -> Heard:
    """A clip's log-mel; runs in a worker process."""
    import numpy as np

    from audio_reasoner.models import features
    from audio_reasoner.synth import clip_audio

    try:
        pcm = clip_audio(clip)
        features.check_pcm(pcm, f"{clip.source}:{clip.source_id}")
    except AudioReasonerError as error:
        return Heard(0, None, error.code, error.message)
    return Heard(features.frames_of(len(pcm)), features.log_mel(pcm).numpy().astype(np.float16))


class Hearing:
    """The log-mels of some clips, in memory as far as the budget goes.

    Args:
        clips: every clip that will be asked for.
        ram_gb: memory for log-mels.
        workers: processes for the first pass; None is one per core.
    """

    def __init__(self, clips: dict[str, Clip], ram_gb: float, workers: int | None) -> None:
        self._clips = clips
        self._budget = int(ram_gb * 2**30)
        self._workers = workers
        self._held: dict[str, Heard] = {}
        self.frames: dict[str, int] = {}
        self.failed: dict[str, Heard] = {}

    def prepare(self, progress: Callable[[int, int], None], part: int = 0, parts: int = 1) -> None:
        """Listen to every clip once; `progress` is told how many of how many are done.

        Of several processes each listens to its `part` of `parts`; `merge` tells it then what the others know.
        """
        from audio_reasoner import compute

        order = sorted(self._clips)[part::parts]
        used = 0
        results = compute.map(hear, (self._clips[c] for c in order), self._workers, chunk=16)
        for done, (clip_id, heard) in enumerate(zip(order, results, strict=True), 1):
            if heard.mel is None:
                self.failed[clip_id] = heard
            else:
                self.frames[clip_id] = heard.frames
                used += heard.mel.nbytes
                if used <= self._budget:
                    self._held[clip_id] = heard
            progress(done, len(order))

    def merge(self, others: Iterable[tuple[dict[str, int], dict[str, Heard]]]) -> None:
        """Take over the lengths (`frames`) and failures (`failed`) that other processes found."""
        for frames, failed in others:
            self.frames.update(frames)
            self.failed.update(failed)

    @property
    def kept(self) -> int:
        """How many clips' log-mels are in memory."""
        return len(self._held)

    def mel(self, clip_id: str) -> torch.Tensor:
        """A clip's log-mel, float32 [128, frames kept].

        Raises:
            InputError: the clip could be heard before and cannot be heard now.
        """
        import numpy as np
        import torch

        heard = self._held.get(clip_id) or hear(self._clips[clip_id])
        if heard.mel is None:
            raise InputError(f"{heard.detail} (it could be read when training began)", code=heard.code)
        return torch.from_numpy(heard.mel.astype(np.float32))


def encode_units(
    samples: Samples,
    frames: dict[str, int],
    failed: dict[str, Heard],
    fmt: ChatFormat,
    max_tokens: int,
    learn: Learn = "chain",
    open_share: float = 0.0,
) -> tuple[list[Unit], list[LeftOut]]:
    """Training units in order of clip id, and the samples left out."""
    units: list[Unit] = []
    left: list[LeftOut] = []
    wanted = targets(samples.rows, learn, open_share)
    for clip_id in sorted(samples.rows):
        if clip_id in failed:
            why = failed[clip_id]
            left += [LeftOut(r.sample_id, why.code, why.detail) for r in samples.rows[clip_id]]
            continue
        heard = frames[clip_id]
        encoded: list[Encoded] = []
        earlier = {row.sample_id: list(earlier_turns(row)) for row in samples.rows[clip_id]}
        for name, question, answer in wanted[clip_id]:
            try:
                prompt = fmt.prompt(question, audio_tokens_of(heard), earlier.get(name, ()))
                full = (*prompt, *fmt.answer(answer))
            except InputError as error:
                left.append(LeftOut(name, error.code, error.message))
                continue
            if len(full) > max_tokens:
                left.append(LeftOut(name, "training.too_long", f"{len(full)} tokens, {max_tokens} are allowed"))
                continue
            encoded.append(Encoded(name, full, fmt.shared_length(prompt), len(prompt)))
        if encoded:
            units.append(Unit(clip_id, heard, tuple(encoded)))
    return units, left


def earlier_turns(row: Row) -> Iterator[tuple[str, str]]:
    """The turns before a row's question as the model sees them; they are read, not learned."""
    for turn in row.history:
        yield render_question(turn.question, turn.options), turn.to_text()


def training_texts(rows: Iterable[Row]) -> Iterator[str]:
    """What a new tokenizer learns from: questions as models see them, and chains.

    The same for all forms of `Learn`, so that arms of a comparison spell alike.
    """
    yield DESCRIBE
    for row in rows:
        for question, answer in earlier_turns(row):
            yield question
            yield answer
        yield render_question(row.question, row.options)
        yield row.chain().to_text()


def plan_epoch(
    units: Sequence[Unit],
    epoch: int,
    seed: int,
    samples: int,
    short_first: float = 0.0,
    questions_per_clip: int | None = None,
    by_length: bool = True,
) -> list[list[Unit]]:
    """The steps of an epoch, each some units with about `samples` samples: a function of (seed, epoch).

    With `questions_per_clip` an epoch is a pass over the clips in which each is asked so many of its questions, other
    ones in the next epoch. Hearing more clips teaches hearing; asking one clip four things at once teaches it once.

    In the first epoch the shortest `short_first` of the clips come first: a clip of one sound teaches what that sound
    is called before clips of five ask for their order.

    With `by_length`, units of similar length go together (within windows of 32 steps, so that order stays random in the
    large), because padding costs what sound and words cost.

    An epoch shows every unit once: the last window's steps share out what would not fill a step. (Left over after
    sorting, it would always be the longest clips, and of a set of one window the same ones in every epoch.)
    """
    import numpy as np

    rng = np.random.default_rng(ids.derive_seed(seed, "epoch", epoch))
    order = [int(i) for i in rng.permutation(len(units))]
    stages = [order]
    if epoch == 0 and short_first:
        shortest = set(sorted(order, key=lambda i: (units[i].frames, i))[: round(short_first * len(order))])
        stages = [[i for i in order if i in shortest], [i for i in order if i not in shortest]]
    turns = [u.turn(epoch + number, questions_per_clip) for number, u in enumerate(units)]
    mean = sum(len(u.samples) for u in turns) / len(turns)
    per_step = max(1, min(len(units), round(samples / mean)))
    steps: list[list[Unit]] = []
    window = per_step * 32
    for stage in filter(None, stages):
        # What would be less than half a step goes with the window before it.
        starts = list(range(0, max(1, len(stage) - per_step // 2), window))
        for start, end in zip(starts, [*starts[1:], len(stage)], strict=True):
            part = stage[start:end]
            if by_length:
                part = sorted(part, key=lambda i: (turns[i].length, i))
            count = max(1, round(len(part) / per_step))
            batches = [part[len(part) * i // count : len(part) * (i + 1) // count] for i in range(count)]
            steps += [[turns[k] for k in batches[int(i)]] for i in rng.permutation(len(batches))]
    return steps


def split_by_tokens(units: Sequence[Unit], tokens: int) -> list[list[Unit]]:
    """Cut a step into parts of at most `tokens` tokens (a single larger unit stays whole)."""
    parts: list[list[Unit]] = []
    size = 0
    for unit in units:
        if not parts or size + unit.tokens > tokens:
            parts.append([])
            size = 0
        parts[-1].append(unit)
        size += unit.tokens
    return parts
