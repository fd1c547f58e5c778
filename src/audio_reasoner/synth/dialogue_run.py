"""Scripts into a run of dialogues: speak what is missing, put it together, listen, keep.

Decision: dialogue `i` is a function of (seed, i, its script, the voices and the settings); it does not matter which
others are made, in how many goes, or what was spoken before. Work goes on in blocks of `BLOCK` scripts: all their
missing turns are spoken at once, then the block is put together in order. A turn that no voice gets right, and a
dialogue that is too long or in which somebody is not heard, are left out with a code and a reason; nothing is cut to
make it fit.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np

from audio_reasoner.core import ids
from audio_reasoner.core.audio import HEARD_SECONDS
from audio_reasoner.core.errors import ConfigError
from audio_reasoner.core.records import Clip
from audio_reasoner.core.run import write_atomic
from audio_reasoner.synth.balance import Composition
from audio_reasoner.synth.dialogue import MAX_SECONDS, SOURCE, Mixing, assemble, unheard
from audio_reasoner.synth.job import write_run
from audio_reasoner.synth.scripts.script import Script
from audio_reasoner.synth.scripts.writer import voice_of_name
from audio_reasoner.synth.store import SourceStore
from audio_reasoner.synth.voices.presets import PROSODY
from audio_reasoner.synth.voices.take import Spoilt
from audio_reasoner.synth.voices.text import expected_seconds, unspeakable
from audio_reasoner.synth.voices.voices import Cast, Engine, Kept, Utterance, VoiceCache, utterance_key

BLOCK: Final = 32
LEAST_SECONDS: Final = 15.0
"""Nobody writes a dialogue of six turns and an argument that is over sooner."""
LEFT_OUT: Final = "left-out.jsonl"
"""RUN/voices/left-out.jsonl: what was left out the last time, and why."""
HOPELESS: Final = 1.5
"""A script expected to last this many times the most is not spoken at all."""


@dataclass(frozen=True)
class LeftOut:
    """A dialogue that was not made: its number, the line at fault (None: the whole), code and reason."""

    index: int
    line: int | None
    code: str
    detail: str


@dataclass
class Made:
    """What a run of dialogues came to."""

    composition: Composition = field(default_factory=Composition)
    left_out: list[LeftOut] = field(default_factory=list)
    spoken: int = 0
    """Turns spoken this time."""
    found: int = 0
    """Turns that were spoken before."""
    speakers: Counter[int] = field(default_factory=Counter)
    voices: Counter[str] = field(default_factory=Counter)
    prosody: Counter[str] = field(default_factory=Counter)
    overlaps: int = 0
    long: int = 0
    """Dialogues over `HEARD_SECONDS`."""


@dataclass
class _Planned:
    index: int
    script: Script
    cast: Cast
    turns: list[Utterance]
    keys: list[str]


def make_dialogues(
    run: Path,
    scripts: Iterable[tuple[int, Script]],
    engine: Engine,
    seed: int,
    source: dict[str, Any],
    *,
    name: str = SOURCE,
    mixing: Mixing | None = None,
    on_turn: Callable[[], None] | None = None,
    on_script: Callable[[], None] | None = None,
    set_aside: Sequence[LeftOut] = (),
) -> Made:
    """Speak scripts and store the dialogues as the run's clips.

    Args:
        run: the run directory; it is made.
        scripts: with their numbers, which are the dialogues' numbers.
        engine: an opened engine.
        seed: decides voices, pauses, levels, rooms and backgrounds.
        source: what else decides the clips (where the scripts come from, settings); the rest is added here.
        name: of the source.
        mixing: how dialogues are put together.
        on_turn: told each turn that was spoken or left out.
        on_script: told each script that was dealt with.
        set_aside: scripts that could not be had; told with the rest of what was left out.

    Raises:
        ConfigError: ``voice.language``, ``synth.other_scenes``, ``synth.bad_range``.
        AudioReasonerError: what the engine raises; everything spoken until then is kept.
    """
    mixing = mixing or Mixing()
    for what, share in (("overlap", mixing.overlap), ("rooms", mixing.rooms), ("background", mixing.background)):
        if not 0.0 <= share <= 1.0:
            raise ConfigError(f"the share of {what} is {share:g}, not within 0..1.", code="synth.bad_range")
    if name == SOURCE and not LEAST_SECONDS <= mixing.max_seconds <= MAX_SECONDS:
        raise ConfigError(
            f"dialogues of at most {mixing.max_seconds:g} s; {LEAST_SECONDS:g} to {MAX_SECONDS:g} s are possible.",
            code="synth.bad_range",
        )
    if mixing.rooms:
        from audio_reasoner.synth.rooms import need_rooms

        need_rooms()
    plain = {
        "name": name,
        "seed": seed,
        "voices": engine.name,
        "voices_version": engine.version,
        "overlap": mixing.overlap,
        "rooms": mixing.rooms,
        "background": mixing.background,
        # Named only where it was asked for: runs made without it stay the runs they are.
        **({"max_seconds": mixing.max_seconds} if name == SOURCE and mixing.max_seconds != MAX_SECONDS else {}),
        **source,
    }
    place = f"{seed}-{ids.digest({'dialogues': plain}).hex()[:8]}"
    made = Made(left_out=list(set_aside))

    def clips() -> Iterator[Clip]:
        with VoiceCache(run) as cache:
            rest = iter(scripts)
            store = SourceStore.open(cache.store_path)  # once: a reader sees what is committed later
            while block := list(islice(rest, BLOCK)):
                planned = [p for i, s in block if (p := _plan(i, s, engine, seed, mixing, made)) is not None]
                failed = _speak(planned, engine, cache, made, on_turn)
                for p in planned:
                    clip = _finish(p, cache, failed, engine, store, seed, place, mixing, name)
                    if isinstance(clip, LeftOut):
                        made.left_out.append(clip)
                    else:
                        _count(made, clip, p)
                        yield clip
                if on_script is not None:
                    for _ in block:
                        on_script()
        made.left_out.sort(key=lambda x: x.index)
        (run / "voices").mkdir(exist_ok=True)
        told = [{"index": x.index, "line": x.line, "code": x.code, "detail": x.detail} for x in made.left_out]
        lines = "".join(json.dumps(x, ensure_ascii=False) + "\n" for x in told)
        write_atomic(run / "voices" / LEFT_OUT, lines.encode())

    made.composition = write_run(run, clips(), plain)
    return made


def _plan(index: int, script: Script, engine: Engine, seed: int, mixing: Mixing, made: Made) -> _Planned | None:
    """Voices and turns of a script, or None where it is left out before anybody speaks."""
    engine.check_language(script.language)
    expected = 0.0
    for i, line in enumerate(script.lines):
        why = unspeakable(line.text, script.language) or engine.refuses(line.text, script.language)
        if why is not None:
            made.left_out.append(LeftOut(index, i, "voice.unspeakable", f"{why}: {line.text[:60]}"))
            return None
        expected += expected_seconds(line.text) / PROSODY[line.prosody].pace
    if expected > HOPELESS * (most := mixing.max_seconds):
        detail = f"about {expected:.0f} s of speech; {most:g} s are allowed, and nothing is cut"
        made.left_out.append(LeftOut(index, None, "dialogue.too_long", detail))
        return None
    rng = np.random.default_rng(ids.derive_seed(seed, "dialogue/cast", index))
    wishes = [voice_of_name(name) if name else None for name in script.names]
    cast = engine.cast(rng, wishes, script.language)
    turns = [Utterance(cast.voices[x.speaker], x.text, script.language, x.prosody) for x in script.lines]
    return _Planned(index, script, cast, turns, [utterance_key(engine, u) for u in turns])


def _speak(
    planned: list[_Planned], engine: Engine, cache: VoiceCache, made: Made, on_turn: Callable[[], None] | None
) -> dict[str, Spoilt]:
    """Speak what the cache lacks; the turns that could not be had, by key."""
    missing: dict[str, Utterance] = {}
    for p in planned:
        for key, turn in zip(p.keys, p.turns, strict=True):
            if key not in missing and cache.get(key, turn) is None:
                missing[key] = turn
            else:
                made.found += 1
    failed: dict[str, Spoilt] = {}
    keys = {id(u): key for key, u in missing.items()}
    try:
        for turn, result in engine.speak(list(missing.values())):
            key = keys[id(turn)]
            if isinstance(result, Spoilt):
                failed[key] = result
            else:
                cache.put(key, turn, result)
                made.spoken += 1
            if on_turn is not None:
                on_turn()
    finally:
        cache.commit()
    return failed


def _finish(
    p: _Planned,
    cache: VoiceCache,
    failed: dict[str, Spoilt],
    engine: Engine,
    store: SourceStore,
    seed: int,
    place: str,
    mixing: Mixing,
    source: str,
) -> Clip | LeftOut:
    kept: list[Kept] = []
    for i, (key, turn) in enumerate(zip(p.keys, p.turns, strict=True)):
        if key in failed:
            return LeftOut(p.index, i, failed[key].code, f"{failed[key].detail}: {turn.text[:60]}")
        found = cache.get(key, turn)
        assert found is not None  # spoken a moment ago
        kept.append(found)
    styles = [engine.performs(u.prosody) for u in p.turns]
    clip = assemble(p.script, p.cast, kept, styles, seed=seed, place=place, index=p.index, mixing=mixing, source=source)
    if isinstance(clip, Spoilt):
        return LeftOut(p.index, None, clip.code, clip.detail)
    if (why := unheard(clip, store)) is not None:
        return LeftOut(p.index, None, why.code, why.detail)
    return clip


def _count(made: Made, clip: Clip, p: _Planned) -> None:
    assert clip.timeline is not None
    made.speakers[p.script.speakers] += 1
    made.voices.update(v.name for v in p.cast.voices)
    made.prosody.update(u.prosody for u in p.turns)
    made.long += clip.duration_s > HEARD_SECONDS
    turns = [e for e in clip.timeline.events if e.speaker]
    made.overlaps += sum(b.start < a.end for a, b in pairwise(turns))
