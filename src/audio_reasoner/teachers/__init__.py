"""Who plays Annotator, Thinker, Discriminator and Solver: the offline `grounded` teacher or a language model."""

from audio_reasoner.teachers.base import (
    AVAILABLE,
    Hearing,
    Judge,
    Solved,
    Solver,
    Teacher,
    check_spec,
    hears,
    is_remote,
    make,
    make_judge,
    make_solver,
    model_of,
    name_of,
    prompt_sha,
)

__all__ = [
    "AVAILABLE",
    "Hearing",
    "Judge",
    "Solved",
    "Solver",
    "Teacher",
    "check_spec",
    "hears",
    "is_remote",
    "make",
    "make_judge",
    "make_solver",
    "model_of",
    "name_of",
    "prompt_sha",
]
