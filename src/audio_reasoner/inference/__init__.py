"""The generation engine: a `Reasoner` answers questions about audio with structured chains."""

from audio_reasoner.inference.answer import Answer, Budgets, Timings
from audio_reasoner.inference.generate import Sampling
from audio_reasoner.inference.reasoner import MAX_NEW_TOKENS, SETTINGS_NAME, SYSTEM, Reasoner
from audio_reasoner.inference.votes import Vote, vote, vote_batch

__all__ = [
    "MAX_NEW_TOKENS",
    "SETTINGS_NAME",
    "SYSTEM",
    "Answer",
    "Budgets",
    "Reasoner",
    "Sampling",
    "Timings",
    "Vote",
    "vote",
    "vote_batch",
]
