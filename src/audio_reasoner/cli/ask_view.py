"""How `ask` looks: sections as they are written, a vote as bars, a line about what was heard and how long it took."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from audio_reasoner.core.errors import AudioReasonerError

if TYPE_CHECKING:
    from audio_reasoner.inference import Answer, Reasoner
    from audio_reasoner.inference.batch import Settings
    from audio_reasoner.inference.history import Earlier
    from audio_reasoner.inference.remote import RemoteReasoner
    from audio_reasoner.inference.votes import Vote

COLOURS = {
    "planning": "cyan",
    "caption": "green",
    "reasoning": "yellow",
    "summary": "magenta",
    "response": "bold",  # in the colour of the terminal: white would be nothing on white
    "outside": "red",
}
BAR = 24


def printable(text: str) -> str:
    """Text for a terminal: a model may write control characters, and a terminal would obey them."""
    return "".join(c if c in "\n\t" or c.isprintable() else "\ufffd" for c in text)


class View:
    """A dialogue about some clips, on stdout."""

    def __init__(self, reasoner: Reasoner | RemoteReasoner, clips: list[Path], asking: Settings) -> None:
        from rich.console import Console

        self._console = Console(highlight=False, emoji=False)
        self._reasoner = reasoner
        self._clips = clips
        self._asking = asking
        self._history: list[Earlier] = []

    def turn(self, question: str, options: list[str]) -> None:
        """Ask and show one question; it is part of the dialogue from then on."""
        from audio_reasoner.cli.ask import put
        from audio_reasoner.inference.votes import Vote

        if self._asking.samples:
            said = put(self._reasoner, self._clips, question, options, self._asking, self._history)
            assert isinstance(said, Vote)
            answer = self._vote(said)
            self._meaning(answer, options)
            self._vote_foot(said)
        else:
            answer = self._stream(question, options)
            self._meaning(answer, options)
            self._foot(answer)
        self._history.append((question, options, answer))

    def follow(self, question: str) -> None:
        """Ask another question about the same clips."""
        from rich.text import Text

        self._console.print()
        self._console.print(Text.assemble(("? ", "bold"), printable(question)))
        self.turn(question, [])

    def chat(self) -> None:
        """Read questions from stdin until an empty line or its end; a question that fails leaves the dialogue."""
        from rich.text import Text

        while True:
            self._forget_unanswered()
            if sys.stdin.isatty():
                self._console.print()
                self._console.print(Text("? ", style="bold"), end="")
            line = sys.stdin.readline()
            if not line.strip():
                return
            if not sys.stdin.isatty():
                self._console.print()
                self._console.print(Text.assemble(("? ", "bold"), printable(line.strip())))
            before = len(self._history)
            try:
                self.turn(line.strip(), [])
            except AudioReasonerError as error:
                self._console.print(Text(f"[{error.code}] {error}", style="red"))
                del self._history[before:]

    def _forget_unanswered(self) -> None:
        """Take a turn without a RESPONSE out of the dialogue: with it no later question could be asked."""
        from rich.text import Text

        from audio_reasoner.inference.history import response_text

        if not self._history:
            return
        try:
            response_text(self._history[-1][2])
        except AudioReasonerError:
            self._history.pop()
            self._console.print(Text("without a response, this turn is no part of the dialogue", style="yellow"))

    # ------------------------------------------------------------------------------------------------ parts

    def _stream(self, question: str, options: list[str]) -> Answer:
        from audio_reasoner.core.chain import SectionDelta

        words = self._asking.asking()
        if self._history:
            words["history"] = self._history
        section = ""
        for piece in self._reasoner.stream(
            self._clips, question, options, self._asking.max_new_tokens, sampling=self._asking.sampling, **words
        ):
            if not isinstance(piece, SectionDelta):
                if section:
                    self._console.print("\n")
                return piece
            if piece.section != section:
                if section:
                    self._console.print("\n")
                self._title(piece.section)
                section = piece.section
            self._text(piece.section, piece.text)
        raise RuntimeError("a stream ended without an answer")

    def _title(self, section: str) -> None:
        from rich.text import Text

        name = "OUTSIDE EVERY SECTION" if section == "outside" else section.upper()
        self._console.print(Text(name, style=f"bold {COLOURS[section]}"))

    def _text(self, section: str, text: str) -> None:
        from rich.text import Text

        style = "bold" if section == "response" else "none"
        self._console.print(Text(printable(text), style=style), end="", soft_wrap=True)

    def _vote(self, vote: Vote) -> Answer:
        """The votes as bars, then the chain that stands for the winner."""
        from rich.text import Text

        from audio_reasoner.core.choices import letter
        from audio_reasoner.inference.batch import standing

        self._console.print(Text("VOTES", style="bold"))
        most = max([*vote.counts, vote.none, 1])
        names = [f"({letter(i)}) {text}" if self._lettered(vote) else text for i, text in enumerate(vote.choices)]
        rows = [
            (printable(" ".join(name.split())), n, i == vote.winner)
            for i, (name, n) in enumerate(zip(names, vote.counts, strict=True))
        ]
        if vote.none:
            rows.append(("none of them", vote.none, False))
        wide = min(40, max((len(name) for name, _, _ in rows), default=0))
        for name, count, won in rows:
            shown = name if len(name) <= wide else name[: wide - 1] + "…"
            bar = "█" * round(BAR * count / most)
            style = "bold green" if won else "none"
            mark = "→" if won else " "  # a terminal may have no colours
            self._console.print(Text(f"{mark} {shown:<{wide}}  {bar:<{BAR}} {count}", style=style), soft_wrap=True)
        self._console.print(Text(_how_decided(vote), style="dim"))
        self._console.print()
        if vote.answer is None:
            nothing = "means an option" if self._lettered(vote) else "has a response"
            self._console.print(Text(f"no option won: no chain {nothing}; the first one is shown", style="red"))
        answer = standing(vote)
        for name, text in answer.parsed.sections.items():
            if text:
                self._title(name)
                self._text(name, text)
                self._console.print("\n")
        if answer.parsed.outside:
            self._title("outside")
            self._text("outside", answer.parsed.outside)
            self._console.print("\n")
        return answer

    def _lettered(self, vote: Vote) -> bool:
        return any(answer.option is not None for answer in vote.answers)

    def _meaning(self, answer: Answer, options: list[str]) -> None:
        from rich.text import Text

        from audio_reasoner.core.choices import letter

        if answer.option is not None:
            meant = answer.option.index
            if meant is not None:
                words = f"({letter(meant)}) {printable(options[meant])}"
                if (
                    answer.option.rule == "lead"
                    and options[meant].casefold() not in (answer.parsed.response or "").casefold()
                ):
                    words += "   by its letter; the text of the response is another"
            else:
                words = f"it means none of the {len(options)} options: {printable(answer.option.detail)}"
            style = "bold green" if meant is not None else "bold red"
            self._console.print(Text.assemble(("→ ", "bold"), (words, style)))
        for defect in answer.parsed.defects:
            self._console.print(Text(f"the chain is not well-formed: {printable(defect.detail)}", style="red"))
        for name in answer.shortened:
            self._console.print(Text(f"{name.upper()} was closed at its limit of tokens", style="yellow"))
        if answer.stopped == "length":
            self._console.print(Text(f"cut after {answer.tokens} tokens; --max-new-tokens allows more", style="red"))

    def _vote_foot(self, vote: Vote) -> None:
        """Tokens and time of all chains: those of the one that is shown say little."""
        from audio_reasoner.inference.batch import standing

        answer = standing(vote)
        parts = [_heard(answer), f"{vote.k} chains wrote {vote.tokens} tokens in {vote.seconds:.1f} s"]
        if vote.saved_tokens:
            parts.append(f"about {vote.saved_tokens} saved by stopping early")
        self._line(parts, answer)

    def _foot(self, answer: Answer) -> None:
        times = answer.timings
        parts = [_heard(answer), f"wrote {answer.tokens} tokens in {times.total or answer.seconds:.1f} s"]
        if times.first_token is not None:
            parts.append(f"first token after {times.first_token:.2f} s")
        if times.hearing:
            parts.append(f"hearing {times.hearing:.2f} s")
        first = next(iter(times.sections.items()), None)
        if first is not None:
            parts.append(f"{first[0]} took {first[1]:.2f} s")
        self._line(parts, answer)

    def _line(self, parts: list[str], answer: Answer) -> None:
        from rich.text import Text

        if self._reasoner.system is not None and answer.system_sha is not None:
            parts.append(f"system prompt {answer.system_sha[:12]}")
        self._console.print(Text(" · ".join(parts), style="dim"), soft_wrap=True)


def _heard(answer: Answer) -> str:
    # Not 0: the server heard them, or did not, and does not say.
    return "audio tokens unknown" if answer.audio_tokens is None else f"heard {answer.audio_tokens} audio tokens"


def _how_decided(vote: Vote) -> str:
    """After how many chains a vote was decided, and what became of the others."""
    finished, after = len(vote.answers), vote.decided_after
    told = f"decided after {after} of {vote.k} chains"
    if finished > after:
        told += f"; {finished - after} more had ended by then"
    if finished < vote.k:
        told += f"; {vote.k - finished} stopped, because they could change nothing"
    if vote.tied:
        told += "; a tie, decided by how likely the answers were, then by their order"
    return told
