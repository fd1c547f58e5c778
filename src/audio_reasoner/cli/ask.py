"""`audio-reasoner ask`: questions about a clip, the chain shown as it is written; or a whole file of questions."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from audio_reasoner.inference import Answer, Budgets, Reasoner, Sampling
    from audio_reasoner.inference.batch import Settings
    from audio_reasoner.inference.history import Earlier
    from audio_reasoner.inference.remote import RemoteReasoner
    from audio_reasoner.inference.votes import Vote

_WHO, _HOW, _MORE, _MANY = "Who answers", "How it answers", "More questions", "Many questions from a file"
OURS = "sections"


class _Over30(StrEnum):
    refuse = "refuse"
    pieces = "split"  # `split` itself is a method of every string
    truncate30 = "truncate30"


def ask(
    audio: Annotated[  # no Path: that of "" is the present directory
        str | None, typer.Argument(help="The clip: any audio file of at most 30 seconds.")
    ] = None,
    question: Annotated[str | None, typer.Argument(help="What to ask about it.")] = None,
    option: Annotated[
        list[str] | None, typer.Option("--option", help="An option to choose from; give it once per option.")
    ] = None,
    more_audio: Annotated[
        list[str] | None, typer.Option("--audio", help="Another clip in the same prompt; give it once per clip.")
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            "-m",
            help="Model directory; org/name on the Hugging Face hub; openai:MODEL@URL for a server. Without it: the "
            "small model that comes with this package.",
            rich_help_panel=_WHO,
        ),
    ] = None,
    device: Annotated[
        str | None, typer.Option(help="cpu, cuda or cuda:N; a GPU if there is one.", rich_help_panel=_WHO)
    ] = None,
    api_key_env: Annotated[
        str | None,
        typer.Option(
            help="Name of the environment variable with the server's key; OPENAI_API_KEY.", rich_help_panel=_WHO
        ),
    ] = None,
    max_in_flight: Annotated[
        int | None,
        typer.Option(min=1, help="Calls at the same time, if known; else found out.", rich_help_panel=_WHO),
    ] = None,
    timeout: Annotated[
        float, typer.Option(min=0.1, help="Seconds until a call counts as lost.", rich_help_panel=_WHO)
    ] = 300.0,
    system_prompt: Annotated[
        Path | None,
        typer.Option(
            help="File with the system message, instead of the model's own; 'sections' is our request for the five "
            "sections.",
            rich_help_panel=_HOW,
        ),
    ] = None,
    max_new_tokens: Annotated[int, typer.Option(min=1, help="Most tokens to generate.", rich_help_panel=_HOW)] = 2048,
    constrained: Annotated[
        bool | None,
        typer.Option(
            "--constrained/--free",
            help="Whether the chain cannot leave the format; by default it cannot for models trained here.",
            rich_help_panel=_HOW,
        ),
    ] = None,
    budget: Annotated[
        str | None,
        typer.Option(help="Most tokens per section, e.g. planning=40,reasoning=120.", rich_help_panel=_HOW),
    ] = None,
    over_30s: Annotated[
        _Over30,
        typer.Option(
            help="Clips over 30 s: refuse them, split them into several recordings of one prompt, or hear only the "
            "first 30 s.",
            rich_help_panel=_HOW,
        ),
    ] = _Over30.refuse,
    samples: Annotated[
        int, typer.Option(min=0, help="Draw so many chains and let them vote.", rich_help_panel=_HOW)
    ] = 0,
    temperature: Annotated[
        float | None,
        typer.Option(
            min=0, help="Draw tokens instead of taking the likeliest; 0.7 with --samples.", rich_help_panel=_HOW
        ),
    ] = None,
    top_p: Annotated[
        float | None,
        typer.Option(min=0.01, max=1.0, help="Draw from the likeliest with this probability.", rich_help_panel=_HOW),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of what is drawn.", rich_help_panel=_HOW)] = 0,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object instead of the sections.", rich_help_panel=_HOW)
    ] = False,
    follow_up: Annotated[
        list[str] | None,
        typer.Option(help="Then this, about the same clip; give it once per question.", rich_help_panel=_MORE),
    ] = None,
    chat: Annotated[
        bool, typer.Option("--chat", help="Then ask for questions until an empty line.", rich_help_panel=_MORE)
    ] = False,
    batch: Annotated[
        Path | None,
        typer.Option(
            help="JSON lines: audio, question, and if wanted id, options, history, meta.", rich_help_panel=_MANY
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Where the answers go.", rich_help_panel=_MANY)
    ] = None,
    batch_size: Annotated[
        int, typer.Option(min=1, help="Questions a model here answers side by side.", rich_help_panel=_MANY)
    ] = 16,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with OUT.", rich_help_panel=_MANY)] = False,
    skip_bad: Annotated[
        bool,
        typer.Option(
            "--skip-bad",
            help="Answer the others if rows are bad; OUT says what is wrong with those.",
            rich_help_panel=_MANY,
        ),
    ] = False,
) -> None:
    """Ask a model about a clip; it plans, describes, reasons, concludes, and answers."""
    from audio_reasoner.core.errors import ConfigError

    if batch is None and (out is not None or resume or skip_bad):
        raise ConfigError("--out, --resume and --skip-bad belong to --batch.", code="ask.arguments")
    if batch is not None:
        wrong = (audio, question, option, more_audio, follow_up, chat or None, as_json or None)
        if any(given is not None for given in wrong) or out is None:
            raise ConfigError(
                "--batch takes its questions from the file and writes to --out."
                if out is not None
                else "--batch needs --out, the file for the answers.",
                code="ask.arguments",
            )
    elif audio is None or question is None:
        raise ConfigError(
            "a clip and a question are needed.",
            code="ask.arguments",
            hint='audio-reasoner ask clip.wav "How many speakers are there?"',
        )
    if chat and as_json:
        raise ConfigError("--chat and --json cannot be had together.", code="ask.arguments")
    if constrained is False and budget is not None:
        raise ConfigError(
            "--free and --budget cannot be had together: a section is closed at its budget only under constraint.",
            code="ask.arguments",
        )
    from audio_reasoner.inference.batch import Settings
    from audio_reasoner.inference.batch_rows import check_options
    from audio_reasoner.inference.hearing import look_at

    options = option or []
    check_options(options)
    clips = [_clip(path) for path in (audio, *(more_audio or ())) if path is not None]
    who = Who(model, device, api_key_env, max_in_flight, timeout, _system(system_prompt))
    long: Any = over_30s.value
    asking = Settings(
        max_new_tokens=max_new_tokens,
        over_30s=long,
        samples=samples,
        sampling=_sampling(samples, temperature, top_p, seed),
        constrain=who.trained_here if constrained is None else constrained,
        budgets=_budgets(budget),
    )
    if batch is not None and out is not None:
        from audio_reasoner.cli.ask_batch import answer_file

        answer_file(batch, out, who, asking, batch_size, resume, skip_bad)
        return
    assert question is not None
    # A server is there at once, and the clip is looked at when it is sent.
    for clip in [] if who.remote else clips:
        look_at(clip, long)
    with contextlib.ExitStack() as stack:
        reasoner = who.load()
        if who.remote:
            stack.callback(reasoner.close)  # type: ignore[union-attr]
        if as_json:
            typer.echo(_as_json(reasoner, clips, question, options, follow_up or [], asking))
            return
        from audio_reasoner.cli.ask_view import View

        view = View(reasoner, clips, asking)
        view.turn(question, options)
        for again in follow_up or ():
            view.follow(again)
        if chat:
            view.chat()


@dataclass(frozen=True)
class Who:
    """The model that answers, from the command line."""

    model: str | None
    device: str | None
    api_key_env: str | None
    max_in_flight: int | None
    timeout: float
    system: str | None

    @property
    def remote(self) -> bool:
        """Whether it is a server."""
        return self.model is not None and self.model.strip().startswith(("openai:", "gemini:"))

    def directory(self) -> Path:
        """Where a model here lies.

        Raises:
            InputError: there is none.
            EnvironmentProblem: no model is named and none came with the package.
        """
        if self.model is None:
            from audio_reasoner.models import bundled

            return bundled.path()
        from audio_reasoner.models.qwen2_audio import resolve

        return resolve(self.model)

    @property
    def trained_here(self) -> bool:
        """Whether the model says that it was trained on our chains."""
        if self.remote:
            return False
        from audio_reasoner.inference import SETTINGS_NAME

        return (self.directory() / SETTINGS_NAME).is_file()

    def load(self) -> Reasoner | RemoteReasoner:
        """The reasoner, ready to answer."""
        from audio_reasoner.core.errors import ConfigError

        if self.remote:
            from audio_reasoner.inference.remote import RemoteReasoner

            assert self.model is not None
            return RemoteReasoner.from_spec(
                self.model,
                self.api_key_env,
                self.system,
                max_in_flight=self.max_in_flight,
                timeout_s=self.timeout,
            )
        if self.api_key_env is not None:
            raise ConfigError("--api-key-env is for servers (openai:MODEL@URL).", code="ask.arguments")
        from audio_reasoner.inference import Reasoner
        from audio_reasoner.models.machine import one_thread_if_small

        reasoner = Reasoner.from_pretrained(self.directory(), self.device, system=self.system)
        one_thread_if_small(reasoner.model.num_parameters())
        return reasoner

    def identity(self) -> dict[str, Any]:
        """What decides the answers of this model, as JSON."""
        if self.remote:
            from audio_reasoner.clients.endpoints import parse_endpoint

            assert self.model is not None
            endpoint = parse_endpoint(self.model)
            # Not the address: a server that moves to another node is still the same model.
            return {"model": f"{endpoint.provider}:{endpoint.model}"}
        from audio_reasoner.inference.batch import fingerprint

        return {"model": fingerprint(self.directory())}


def _clip(path: str) -> Path:
    from audio_reasoner.core.errors import InputError

    if not path.strip():
        raise InputError(
            "no audio was given: the path is empty.", code="audio.missing", hint="Is a variable of the shell not set?"
        )
    return Path(path)


def _system(path: Path | None) -> str | None:
    if path is None:
        return None
    from audio_reasoner.core.errors import ConfigError

    if str(path) == OURS and not path.exists():
        from audio_reasoner.inference import SYSTEM

        return SYSTEM
    try:
        text = path.read_text(encoding="utf-8-sig").strip()  # some editors put a mark before the first word
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"the system prompt {path} cannot be read: {error}.", code="ask.system_prompt") from None
    if not text:
        raise ConfigError(f"the system prompt {path} is empty.", code="ask.system_prompt", hint="Leave the option out.")
    return text


def _sampling(samples: int, temperature: float | None, top_p: float | None, seed: int) -> Sampling | None:
    from audio_reasoner.core.errors import ConfigError
    from audio_reasoner.inference import Sampling
    from audio_reasoner.inference.votes import DRAWN

    if temperature is None and not samples:
        if top_p is not None:
            raise ConfigError("--top-p needs --temperature.", code="ask.arguments")
        return None
    usual = DRAWN if samples else Sampling()
    made = Sampling(
        usual.temperature if temperature is None else temperature, usual.top_p if top_p is None else top_p, seed
    )
    if samples > 1 and not made.temperature:
        raise ConfigError(
            "samples at temperature 0 are all the same.", code="ask.samples", hint="Give --temperature above 0."
        )
    return made


def _budgets(text: str | None) -> Budgets | None:
    if text is None:
        return None
    from audio_reasoner.core.chain import SECTIONS
    from audio_reasoner.core.errors import ConfigError
    from audio_reasoner.inference import Budgets

    given: dict[str, int] = {}
    for part in text.split(","):
        name, equals, number = (x.strip() for x in part.partition("="))
        if name not in SECTIONS or not equals or not number.isascii() or not number.isdecimal() or name in given:
            raise ConfigError(
                f"{part.strip()!r} is no budget of a section.",
                code="ask.budget",
                hint=f"Write planning=40,reasoning=120; sections are {', '.join(SECTIONS)}, each at most once.",
            )
        given[name] = int(number)
    return Budgets(**given)


def put(
    reasoner: Reasoner | RemoteReasoner,
    clips: list[Path],
    question: str,
    options: list[str],
    asking: Settings,
    history: list[Earlier],
) -> Answer | Vote:
    """Ask a question and wait for the whole answer."""
    words = asking.asking()
    if history:
        words["history"] = history
    if asking.samples:
        from audio_reasoner.inference.votes import vote

        return vote(reasoner, clips, question, options, asking.samples, asking.sampling, asking.max_new_tokens, **words)
    return reasoner.ask(clips, question, options, asking.max_new_tokens, sampling=asking.sampling, **words)


def _as_json(
    reasoner: Reasoner | RemoteReasoner,
    clips: list[Path],
    question: str,
    options: list[str],
    follow_ups: list[str],
    asking: Settings,
) -> str:
    from audio_reasoner.inference.batch import standing
    from audio_reasoner.inference.batch_rows import row_bytes

    history: list[Earlier] = []
    turns: list[dict[str, Any]] = []
    for number, text in enumerate([question, *follow_ups]):
        own = options if number == 0 else []
        said = put(reasoner, clips, text, own, asking, history)
        turns.append({**({} if number == 0 else {"question": text}), **fields(said, own)})
        if number < len(follow_ups):
            history.append((text, own, standing(said)))
    first, *later = turns
    return row_bytes({**first, **({"follow_ups": later} if later else {})}).decode().rstrip("\n")


def fields(said: Answer | Vote, options: list[str]) -> dict[str, Any]:
    """An answer or a vote as plain JSON, with its times."""
    from audio_reasoner.inference.batch import standing
    from audio_reasoner.inference.batch_rows import answer_fields
    from audio_reasoner.inference.votes import Vote

    if not isinstance(said, Vote):
        return {**answer_fields(said, options), **_times(said)}
    chains = [{**answer_fields(answer, options), **_times(answer)} for answer in said.answers]
    shown = standing(said)
    return {
        **answer_fields(shown, options),
        **_times(shown),
        "seconds": round(said.seconds, 3),
        "vote": said.report(),
        "samples": chains,
    }


def _times(answer: Answer) -> dict[str, Any]:
    times = answer.timings
    return {
        "seconds": round(answer.seconds, 3),
        "timings": {
            "hearing": round(times.hearing, 4),
            "format": round(times.format, 4),
            "prefill": round(times.prefill, 4),
            "first_token": None if times.first_token is None else round(times.first_token, 4),
            "sections": {name: round(seconds, 4) for name, seconds in times.sections.items()},
            "total": round(times.total, 4),
        },
    }
