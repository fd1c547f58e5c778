"""`audio-reasoner eval`: answer benchmarks, and score any prediction file offline; one file per command."""

from __future__ import annotations

import typer

from audio_reasoner.cli import eval_causal, eval_compare, eval_judge, eval_official, eval_run, eval_score

app = typer.Typer(no_args_is_help=True, help="Answer benchmarks and score predictions.")

eval_score.register(app)
eval_run.register(app)
eval_judge.register(app)
eval_compare.register(app)
eval_official.register(app)
eval_causal.register(app)
