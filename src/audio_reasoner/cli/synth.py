"""`audio-reasoner synth`: make clips whose content is known to the sample. Each verb has a module of its own."""

from __future__ import annotations

import typer

from audio_reasoner.cli import (
    synth_bank,
    synth_benchmark,
    synth_complex,
    synth_dialogue,
    synth_export,
    synth_lists,
    synth_music,
    synth_scripts,
    synth_show,
)

app = typer.Typer(no_args_is_help=True, help="Synthesise clips whose content is known exactly.")
for module in (
    synth_complex,
    synth_dialogue,
    synth_lists,
    synth_scripts,
    synth_music,
    synth_benchmark,
    synth_bank,
    synth_show,
    synth_export,
):
    module.register(app)
