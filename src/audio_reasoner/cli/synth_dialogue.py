"""`audio-reasoner synth dialogue`: several speakers, from a script to a clip."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from audio_reasoner.core.errors import EXIT_QUARANTINED, ConfigError

if TYPE_CHECKING:
    from rich.console import Console

    from audio_reasoner.synth.dialogue_run import LeftOut, Made
    from audio_reasoner.synth.scripts.script import Script
    from audio_reasoner.synth.voices.voices import Engine

ESPEAK = "espeak"
_Written = tuple[Iterable[tuple[int, "Script"]], int, dict[str, Any]]
"""Scripts with their numbers, how many, and what they come from."""


def dialogue(
    out: Annotated[Path, typer.Option("--out", "-o", help="Run directory to write.")],
    n: Annotated[
        int | None, typer.Option("-n", min=1, help="Number of dialogues: 500, or as many as --scripts holds.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Which dialogues. Train with one seed, test with another.")] = 0,
    scripts: Annotated[Path | None, typer.Option(help="Scripts to speak, as JSON lines.")] = None,
    script_teacher: Annotated[
        str | None,
        typer.Option(help="Language model that writes the scripts: gemini:MODEL, openai:MODEL@URL or openai:MODEL."),
    ] = None,
    max_cost: Annotated[
        float | None, typer.Option(min=0, help="Most that the scripts may cost, in dollars, over all calls.")
    ] = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Ask the language model again for scripts that were set aside.")
    ] = False,
    language: Annotated[str, typer.Option(help="Language of the scripts, e.g. en or pt-BR.")] = "en",
    speakers: Annotated[
        tuple[int, int], typer.Option(help="Fewest and most speakers of a dialogue.", metavar="LOW HIGH")
    ] = (2, 5),
    tts: Annotated[
        str, typer.Option(help="Who speaks: espeak, cosyvoice@URL, openai:MODEL@URL or openai:MODEL.")
    ] = ESPEAK,
    voices: Annotated[
        Path | None, typer.Option(help="LibriSpeech tree whose speakers CosyVoice is to imitate.")
    ] = None,
    subset: Annotated[
        list[str] | None, typer.Option(help="Subset of it to use, e.g. train-clean-100; may be given again.")
    ] = None,
    voice_names: Annotated[str | None, typer.Option(help="Voices of a /v1/audio/speech server, with commas.")] = None,
    tts_languages: Annotated[
        str | None, typer.Option(help="Languages that the server's voices speak, with commas.")
    ] = None,
    tts_prosody: Annotated[
        str, typer.Option(help="Who performs pace and level: own, or server (by instruction; nothing is claimed then).")
    ] = "own",
    tts_rate: Annotated[
        int | None, typer.Option(min=8000, max=192000, help="Sample rate of raw samples without a header, Hz.")
    ] = None,
    rooms: Annotated[float, typer.Option(min=0, max=1, help="Share of dialogues that take place in a room.")] = 0.0,
    background: Annotated[
        float, typer.Option(min=0, max=1, help="Share of dialogues with a sound beneath the voices.")
    ] = 0.0,
    overlap: Annotated[float, typer.Option(min=0, max=1, help="Chance that a turn that may begin early does.")] = 0.5,
    max_seconds: Annotated[
        float,
        typer.Option(
            min=15, max=60, help="Longest dialogue. A Qwen2-Audio-class model hears 30 seconds: 30 makes all fit."
        ),
    ] = 60.0,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes that speak and render; one per core if not given.")
    ] = None,
    concurrency: Annotated[
        int | None, typer.Option(min=1, help="Most calls to the speech server at once; found out if not given.")
    ] = None,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds that one call to the speech server may take.")] = 120.0,
    patience: Annotated[
        float, typer.Option(min=0, help="Seconds that a call is tried again for, while the server is away or busy.")
    ] = 120.0,
    audio: Annotated[bool, typer.Option("--audio", help="Also write the audio as FLAC files to RUN/audio.")] = False,
) -> None:
    """Make dialogues of 2 to 5 speakers whose words, turns and facts are known."""
    from rich.console import Console

    from audio_reasoner.cli.progress import bars, stderr
    from audio_reasoner.synth.dialogue import Mixing
    from audio_reasoner.synth.dialogue_run import make_dialogues

    err = stderr()
    mixing = Mixing(overlap=overlap, rooms=rooms, background=background, max_seconds=max_seconds)
    # The voices first: what they cannot do is known before anybody writes a script.
    with _engine(
        tts, voices, subset, voice_names, tts_languages, tts_prosody, tts_rate, workers, concurrency, timeout, patience
    ) as engine:
        if scripts is None:
            engine.check_language(language)
        set_aside: list[LeftOut] = []
        if script_teacher is not None:
            if scripts is not None:
                raise ConfigError("--scripts and --script-teacher are two sources of scripts.", code="config.usage")
            written, count, source = _ask(
                out, n or 500, seed, script_teacher, max_cost, retry_failed, language, speakers, err, set_aside
            )
        else:
            written, count, source = _scripts(n, seed, scripts, language, speakers, engine, max_seconds)
        with bars(err) as progress:
            done = progress.add_task("dialogues", total=count)
            turns = progress.add_task("turns spoken", total=None)
            made = make_dialogues(
                out,
                written,
                engine,
                seed,
                source,
                mixing=mixing,
                on_turn=lambda: progress.advance(turns),
                on_script=lambda: progress.advance(done),
                set_aside=set_aside,
            )
    if audio:
        from audio_reasoner.cli.synth_output import write_audio

        write_audio(out, workers, err)
    _tell(out, made, seed, Console(emoji=False), err)
    if made.left_out:
        raise typer.Exit(EXIT_QUARANTINED)


def _engine(
    tts: str,
    voices: Path | None,
    subset: list[str] | None,
    voice_names: str | None,
    tts_languages: str | None,
    tts_prosody: str,
    tts_rate: int | None,
    workers: int | None,
    concurrency: int | None,
    timeout: float,
    patience: float,
) -> contextlib.AbstractContextManager[Engine]:
    """Who speaks."""
    names = _list(voice_names)
    if tts == ESPEAK:
        if voices is not None or names:
            raise ConfigError(
                "the embedded voices need neither --voices nor --voice-names.",
                code="voice.people",
                hint="Name the server that is to use them: --tts cosyvoice@http://HOST:PORT.",
            )
        from audio_reasoner.synth.voices.espeak import Espeak

        return Espeak(workers)
    from audio_reasoner.clients import Limits, RetryPolicy
    from audio_reasoner.clients.speech import parse_speech
    from audio_reasoner.synth.voices.libri import LibriSpeech
    from audio_reasoner.synth.voices.server import COSYVOICE_LANGUAGES, ServerVoices

    if tts_prosody not in ("own", "server"):
        raise ConfigError(f"--tts-prosody is own or server, not {tts_prosody!r}.", code="config.usage")
    server = parse_speech(tts, tts_rate)
    people: LibriSpeech | tuple[str, ...] = names
    if server.protocol == "cosyvoice":
        if voices is None or names:
            raise ConfigError(
                "CosyVoice speaks like somebody it has heard, and nobody was named.",
                code="voice.people",
                hint="Add --voices with a LibriSpeech tree (and leave --voice-names out).",
            )
        people = LibriSpeech(voices, tuple(dict.fromkeys(subset)) if subset else None)
    elif voices is not None or not names:
        raise ConfigError(
            f"{server.spec} has voices with names, and none was named.",
            code="voice.people",
            hint="Add --voice-names, e.g. alloy,echo,nova (and leave --voices out).",
        )
    return ServerVoices(
        server,
        people,
        _list(tts_languages) or (COSYVOICE_LANGUAGES if server.protocol == "cosyvoice" else ("en",)),
        prosody="server" if tts_prosody == "server" else "own",
        limits=Limits(max_in_flight=concurrency),
        retry=RetryPolicy(max_attempts=4, max_total_s=patience, first_wait_s=min(1.0, patience / 10 + 0.01)),
        timeout_s=timeout,
    )


def _list(text: str | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(x.strip() for x in (text or "").split(",") if x.strip()))


def _scripts(
    n: int | None,
    seed: int,
    scripts: Path | None,
    language: str,
    speakers: tuple[int, int],
    engine: Engine,
    max_seconds: float,
) -> _Written:
    """The scripts of a file or of the embedded writer."""
    if scripts is not None:
        from audio_reasoner.core.ids import file_sha256
        from audio_reasoner.synth.scripts.script import read_scripts

        # Read whole: a fault in line 300 is told before the first call, and so is a language nobody speaks.
        found = list(read_scripts(scripts))[:n]
        for language in dict.fromkeys(s.language for s in found):
            engine.check_language(language)
        return enumerate(found), len(found), {"scripts": file_sha256(scripts)}
    count = n or 500
    counts = _counts(speakers)
    from audio_reasoner.synth.dialogue import MAX_SECONDS, expected_length
    from audio_reasoner.synth.scripts.writer import WRITER, write_embedded

    limit = None if max_seconds == MAX_SECONDS else expected_length
    written = write_embedded(count, seed, language=language, speakers=counts, seconds=limit, max_seconds=max_seconds)
    return enumerate(written), count, {"scripts": WRITER, "language": language, "speakers": list(speakers)}


def _counts(speakers: tuple[int, int]) -> tuple[int, ...]:
    low, high = speakers
    if not 2 <= low <= high <= 5:
        raise ConfigError(
            f"{low} to {high} speakers; 2 to 5 are possible, the lower number first.", code="script.speakers"
        )
    return tuple(range(low, high + 1))


def _ask(
    out: Path,
    n: int,
    seed: int,
    spec: str,
    max_cost: float | None,
    retry_failed: bool,
    language: str,
    speakers: tuple[int, int],
    err: Console,
    set_aside: list[LeftOut],
) -> _Written:
    """Scripts of a language model, kept and paid once in RUN/scripts; what it could not write goes to `set_aside`."""
    from audio_reasoner.cli.progress import bars
    from audio_reasoner.core.run import RunDir
    from audio_reasoner.synth.dialogue import SOURCE
    from audio_reasoner.synth.dialogue_run import LeftOut
    from audio_reasoner.synth.scripts.llm import check_writer, write_scripts

    endpoint, counts = check_writer(spec), _counts(speakers)
    told = {"scripts": f"{endpoint.provider}:{endpoint.model}", "language": language, "speakers": list(speakers)}
    # First, so that nothing is paid for a directory that holds something else.
    for there in RunDir.create(out).sources:
        if there.get("name") == SOURCE and any(there.get(k) != v for k, v in {"seed": seed, **told}.items()):
            raise ConfigError(
                f"{out} already holds dialogues of another seed, language or writer.",
                code="synth.other_scenes",
                hint="Make these in another directory.",
            )
    with bars(err) as progress:
        task = progress.add_task("scripts", total=n)
        run = write_scripts(
            spec,
            n,
            seed,
            out / "scripts",
            language=language,
            speakers=counts,
            retry_failed=retry_failed,
            max_cost_usd=max_cost,
            on_progress=lambda done, _total, _stats: progress.update(task, completed=done),
        )
    err.print(
        f"{len(run.scripts):,} scripts, {run.asked:,} calls, {run.cached:,} were there, "
        f"${run.spent_micro / 1e6:.2f} in all",
        highlight=False,
    )
    set_aside.extend(LeftOut(x.index, None, x.code, x.detail) for x in run.set_aside)
    return sorted(run.scripts.items()), len(run.scripts), told


def _tell(out: Path, made: Made, seed: int, console: Console, err: Console) -> None:
    from rich.markup import escape

    from audio_reasoner.cli.synth_output import print_dropped, print_left_out, print_speakers
    from audio_reasoner.core.audio import HEARD_SECONDS

    c = made.composition
    told: dict[str, Any] = {"highlight": False, "soft_wrap": True}
    console.print(
        f"[bold]{c.clips:,} dialogue{'s' * (c.clips != 1)}[/bold], {c.seconds / 3600:.2f} h, "
        f"{c.classes['speech']:,} turns "
        f"({made.overlaps:,} begin before the last has ended), seed {seed} → {escape(str(out))}",
        **told,
    )
    console.print(f"{made.spoken:,} turns spoken, {made.found:,} were there.", **told)
    print_dropped(c.dropped, "dialogues", console)
    print_speakers(made, "dialogues", console)
    if c.clips:
        for name, counts in (("prosody", made.prosody), ("voices", made.voices)):
            shown = ", ".join(f"{escape(k)} {v:,}" for k, v in counts.most_common(12))
            more = f" and {len(counts) - 12} more" if len(counts) > 12 else ""
            console.print(f"{name}: {shown}{more}", **told)
    if made.long:
        console.print(
            f"{made.long:,} of them last over {HEARD_SECONDS:g} s, more than a Qwen2-Audio-class model hears: "
            f"train and eval leave them out, other trainers may cut them silently; --max-seconds {HEARD_SECONDS:g} "
            "makes shorter ones.",
            **told,
        )
    print_left_out(made, "dialogue", out, err)
    console.print(f"next: audio-reasoner build {escape(str(out))} --teacher grounded", **told)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("dialogue")(dialogue)
