"""The benchmarks by name.

Decision: a table of module names, imported when one is asked for, so that `--help` and a score of one benchmark pay
for nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, cast

from audio_reasoner.core.errors import ConfigError

if TYPE_CHECKING:
    from audio_reasoner.evaluation.base import Module


@dataclass(frozen=True)
class Listed:
    """A benchmark: the module that reads and scores it, a title, and what `--data` must be."""

    module: str
    title: str
    data: str


BENCHMARKS: dict[str, Listed] = {
    "mmau-mini": Listed("mmau", "MMAU test-mini", "mmau-test-mini.json or its directory"),
    "mmau-test": Listed("mmau_test", "MMAU test (no public answers)", "mmau-test.json or its directory"),
    "mmar": Listed("mmar", "MMAR", "MMAR-meta.jsonl or its directory"),
    "air-foundation": Listed("air_foundation", "AIR-Bench foundation", "the directory with Foundation/"),
    "air-chat": Listed("air_chat", "AIR-Bench chat", "the directory with Chat/"),
    "covost2-en-zh": Listed("covost2_en_zh", "CoVoST 2 English to Chinese", "the directory with the TSV and clips/"),
    "covost2-zh-en": Listed("covost2_zh_en", "CoVoST 2 Chinese to English", "the directory with the TSV and clips/"),
    "meld": Listed("meld", "MELD test", "test_sent_emo.csv or its directory"),
}


def benchmark_module(name: str) -> Module:
    """The module of a benchmark.

    Raises:
        ConfigError: `eval.unknown_benchmark`.
    """
    listed = BENCHMARKS.get(name)
    if listed is None:
        raise ConfigError(
            f"there is no benchmark {name!r}.",
            code="eval.unknown_benchmark",
            hint=f"Known: {', '.join(BENCHMARKS)}.",
        )
    return cast("Module", import_module(f"audio_reasoner.evaluation.{listed.module}"))
