"""audio-reasoner: structured reasoning for audio language models, from data to score.

The names below are the public interface, with the record classes and the documented file formats. They are imported
when they are used, so that ``import audio_reasoner`` costs nothing and needs no torch.

>>> from audio_reasoner import plan_complex
>>> [event.label for event in next(plan_complex(1, seed=7, classes=["bell"], max_events=1)).timeline.events]
['bell']
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from audio_reasoner.checks import check_sample, claims_of
    from audio_reasoner.core.chain import Chain, ChainStream, ParsedChain, parse_chain, parse_strict
    from audio_reasoner.core.choices import OptionMatch, match_option, render_question
    from audio_reasoner.core.errors import AudioReasonerError
    from audio_reasoner.core.records import (
        Annotation,
        AudioRef,
        Claim,
        Clip,
        Event,
        Evidence,
        EvidenceItem,
        Fact,
        Label,
        Question,
        Sample,
        Timeline,
        Verdict,
    )
    from audio_reasoner.core.run import RunDir
    from audio_reasoner.cota import BuildSettings, build, build_sync
    from audio_reasoner.dataset import Row, read_clips, read_rows, write_clips
    from audio_reasoner.evaluation import benchmark_module, make_benchmark, make_benchmark_from_clips
    from audio_reasoner.evidence import measure
    from audio_reasoner.grounded import GroundedTeacher
    from audio_reasoner.inference import Answer, Reasoner, Sampling
    from audio_reasoner.models.layout import convert
    from audio_reasoner.synth import clip_audio, plan_complex, render, render_event
    from audio_reasoner.synth.music.music import plan_music
    from audio_reasoner.synth.recordings.bank import make_bank, open_bank
    from audio_reasoner.synth.scripts.script import Script, read_scripts
    from audio_reasoner.synth.scripts.writer import write_script
    from audio_reasoner.training import Recipe, load_recipe, train

_HOMES = {
    "checks": ("check_sample", "claims_of"),
    "core.chain": ("Chain", "ChainStream", "ParsedChain", "parse_chain", "parse_strict"),
    "core.choices": ("OptionMatch", "match_option", "render_question"),
    "core.errors": ("AudioReasonerError",),
    "core.records": (
        "Annotation", "AudioRef", "Claim", "Clip", "Event", "Evidence", "EvidenceItem", "Fact", "Label", "Question",
        "Sample", "Timeline", "Verdict",
    ),
    "core.run": ("RunDir",),
    "cota": ("BuildSettings", "build", "build_sync"),
    "dataset": ("Row", "read_clips", "read_rows", "write_clips"),
    "evaluation": ("benchmark_module", "make_benchmark", "make_benchmark_from_clips"),
    "evidence": ("measure",),
    "grounded": ("GroundedTeacher",),
    "inference": ("Answer", "Reasoner", "Sampling"),
    "models.layout": ("convert",),
    "synth": ("clip_audio", "plan_complex", "render", "render_event"),
    "synth.music.music": ("plan_music",),
    "synth.recordings.bank": ("make_bank", "open_bank"),
    "synth.scripts.script": ("Script", "read_scripts"),
    "synth.scripts.writer": ("write_script",),
    "training": ("Recipe", "load_recipe", "train"),
}  # fmt: skip
_HOME = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Annotation",
    "Answer",
    "AudioReasonerError",
    "AudioRef",
    "BuildSettings",
    "Chain",
    "ChainStream",
    "Claim",
    "Clip",
    "Event",
    "Evidence",
    "EvidenceItem",
    "Fact",
    "GroundedTeacher",
    "Label",
    "OptionMatch",
    "ParsedChain",
    "Question",
    "Reasoner",
    "Recipe",
    "Row",
    "RunDir",
    "Sample",
    "Sampling",
    "Script",
    "Timeline",
    "Verdict",
    "benchmark_module",
    "build",
    "build_sync",
    "check_sample",
    "claims_of",
    "clip_audio",
    "convert",
    "load_recipe",
    "make_bank",
    "make_benchmark",
    "make_benchmark_from_clips",
    "match_option",
    "measure",
    "open_bank",
    "parse_chain",
    "parse_strict",
    "plan_complex",
    "plan_music",
    "read_clips",
    "read_rows",
    "read_scripts",
    "render",
    "render_event",
    "render_question",
    "train",
    "write_clips",
    "write_script",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
