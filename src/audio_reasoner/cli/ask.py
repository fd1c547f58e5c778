"""`audio-reasoner ask`: one question about one clip, the chain shown as it is written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from audio_reasoner.inference import Answer, Reasoner

COLOURS = {
    "planning": "cyan",
    "caption": "green",
    "reasoning": "yellow",
    "summary": "magenta",
    "response": "bold white",
    "outside": "red",
}


def ask(
    audio: Annotated[Path, typer.Argument(help="The clip: any audio file of at most 30 seconds.")],
    question: Annotated[str, typer.Argument(help="What to ask about it.")],
    model: Annotated[str, typer.Option("--model", "-m", help="Model directory, or org/name on the Hugging Face hub.")],
    option: Annotated[
        list[str] | None, typer.Option("--option", help="An option to choose from; give it once per option.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of the sections.")] = False,
    max_new_tokens: Annotated[int, typer.Option(min=1, help="Most tokens to generate.")] = 2048,
    device: Annotated[str | None, typer.Option(help="cpu, cuda or cuda:N; a GPU if there is one.")] = None,
) -> None:
    """Ask a trained model about a clip; it plans, describes, reasons, concludes, and answers."""
    from audio_reasoner.core.choices import LEAST_OPTIONS, MOST_OPTIONS
    from audio_reasoner.core.errors import InputError
    from audio_reasoner.inference import Reasoner

    options = option or []
    if options and not LEAST_OPTIONS <= len(options) <= MOST_OPTIONS:
        raise InputError(
            f"{len(options)} options were given; {LEAST_OPTIONS} to {MOST_OPTIONS} are possible.",
            code="question.options",
        )
    seen: set[str] = set()
    for said in (" ".join(o.split()).casefold() for o in options):
        if not said or said in seen:
            raise InputError(
                f"The option {said!r} was given twice." if said else "An option is empty.",
                code="question.options",
                hint="An answer must mean one option and no other.",
            )
        seen.add(said)
    reasoner = Reasoner.from_pretrained(model, device)
    if as_json:
        answer = reasoner.ask(audio, question, options, max_new_tokens)
        typer.echo(_json(answer, options))
    else:
        _show(reasoner, audio, question, options, max_new_tokens)


def _json(answer: Answer, options: list[str]) -> str:
    import json

    meant = answer.option.index if answer.option is not None else None
    return json.dumps(
        {
            **answer.parsed.sections,
            "option": None if meant is None else {"index": meant, "text": options[meant]},
            "option_rule": answer.option.rule if answer.option is not None else None,
            "well_formed": answer.parsed.well_formed,
            "defects": [{"code": d.code, "detail": d.detail} for d in answer.parsed.defects],
            "text": answer.text,
            "stopped": answer.stopped,
            "tokens": answer.tokens,
            "audio_tokens": answer.audio_tokens,
            "seconds": round(answer.seconds, 3),
        },
        ensure_ascii=False,
    )


def _printable(text: str) -> str:
    """Text for a terminal: a model may write control characters, and a terminal would obey them."""
    return "".join(c if c in "\n\t" or c.isprintable() else "\ufffd" for c in text)


def _show(reasoner: Reasoner, audio: Path, question: str, options: list[str], max_new_tokens: int) -> None:
    from rich.console import Console
    from rich.text import Text

    from audio_reasoner.core.chain import SectionDelta
    from audio_reasoner.core.choices import letter

    console = Console(highlight=False, emoji=False)
    section = ""
    for piece in reasoner.stream(audio, question, options, max_new_tokens):
        if isinstance(piece, SectionDelta):
            if piece.section != section:
                if section:
                    console.print("\n")
                name = "OUTSIDE EVERY SECTION" if piece.section == "outside" else piece.section.upper()
                console.print(Text(name, style=f"bold {COLOURS[piece.section]}"))
                section = piece.section
            console.print(
                Text(_printable(piece.text), style="white" if section == "response" else "none"), end="", soft_wrap=True
            )
            continue
        console.print("\n")
        if piece.option is not None:
            meant = piece.option.index
            if meant is not None:
                words = f"({letter(meant)}) {options[meant]}"
                if (
                    piece.option.rule == "lead"
                    and options[meant].casefold() not in (piece.parsed.response or "").casefold()
                ):
                    words += "   by its letter; the text of the response is another"
            else:
                words = f"it means none of the {len(options)} options: {piece.option.detail}"
            console.print(Text.assemble(("→ ", "bold"), (words, "bold green" if meant is not None else "bold red")))
        for defect in piece.parsed.defects:
            console.print(Text(f"the chain is not well-formed: {defect.detail}", style="red"))
        if piece.stopped == "length":
            console.print(Text(f"cut after {piece.tokens} tokens; --max-new-tokens allows more", style="red"))
        console.print(
            Text(
                f"heard {piece.audio_tokens} audio tokens · wrote {piece.tokens} tokens in {piece.seconds:.1f} s",
                style="dim",
            )
        )
