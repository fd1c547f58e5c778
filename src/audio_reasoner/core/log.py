"""Logging: stderr for people, `run.log.jsonl` for later, both through one redaction.

Decision: secrets are removed from the finished line (message, arguments and exception text alike), in one place, by
shape (`sk-…`, `AIza…`, `Bearer …`) and by value (whatever stands in environment variables named like a key). A log that
cannot be written, for instance on a full disk, is given up with one line on stderr: it must never stop the work or
print a traceback of its own.
"""

from __future__ import annotations

import datetime
import json
import logging
import os
import re
import sys
from pathlib import Path
from typing import Any, TextIO

LOGGER_NAME = "audio_reasoner"
REDACTED = "[redacted]"
_SHAPES = re.compile(
    r"""(?:\bsk-[A-Za-z0-9_\-]{8,})          # OpenAI and its imitators
      | (?:\bAIza[A-Za-z0-9_\-]{8,})         # Google
      | (?:\bhf_[A-Za-z0-9]{8,})             # Hugging Face
      | (?:(?<=Bearer\ )[A-Za-z0-9._~+/=\-]+)
      | (?:(?<=[?&]key=)[^&\s"']+)           # Google's key in a URL
    """,
    re.VERBOSE,
)
_SECRET_NAME = re.compile(r"KEY|TOKEN|SECRET|PASSWORD", re.IGNORECASE)
# Shorter values ("1", "true") would black out ordinary words.
_MIN_SECRET = 8


def redact(text: str) -> str:
    """`text` without anything that looks like a key or equals one from the environment.

    >>> redact("Authorization: Bearer abc.def and sk-0123456789abcdef")
    'Authorization: Bearer [redacted] and [redacted]'
    """
    for name, value in os.environ.items():
        if len(value) >= _MIN_SECRET and _SECRET_NAME.search(name) and value in text:
            text = text.replace(value, REDACTED)
    return _SHAPES.sub(REDACTED, text)


class _Plain(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


class _Json(logging.Formatter):
    """One JSON object a line; `extra={"fields": {...}}` adds fields."""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, Any] = {
            "at": datetime.datetime.fromtimestamp(record.created, datetime.UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "pid": record.process,
            "message": record.getMessage(),
        }
        fields = getattr(record, "fields", None)
        if isinstance(fields, dict):
            entry.update({str(k): v for k, v in fields.items() if k not in entry})
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        # Redaction before encoding: JSON escapes would hide a secret that holds a quote or a backslash.
        return json.dumps(_redact_values(entry), ensure_ascii=False, default=str)


def _redact_values(value: Any) -> Any:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {redact(str(k)): _redact_values(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_redact_values(v) for v in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return redact(str(value))


class _Stderr(logging.StreamHandler[TextIO]):
    """Writes to whatever `sys.stderr` is now, so that a progress bar that took it over keeps lines apart."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        return sys.stderr

    def handleError(self, record: logging.LogRecord) -> None:
        """A closed stderr is nobody's problem."""


class _RunLog(logging.FileHandler):
    def __init__(self, path: Path) -> None:
        super().__init__(path, mode="a", encoding="utf-8", delay=True)
        self._broken = False

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002
        """Say once that the log cannot be written, then stay silent."""
        if not self._broken:
            self._broken = True
            sys.stderr.write(f"warning: {self.baseFilename} cannot be written: {sys.exc_info()[1]}\n")

    def close(self) -> None:
        try:
            super().close()
        except OSError:  # the last buffered line found no space
            self.handleError(logging.LogRecord("", 0, "", 0, "", None, None))


def setup_logging(run_log: Path | None = None, verbose: bool = False) -> logging.Logger:
    """Send this package's log to stderr and, if given, to `run_log`; calling again replaces the earlier setting.

    Args:
        run_log: path of `run.log.jsonl`; lines are appended.
        verbose: stderr shows INFO instead of WARNING, the file DEBUG instead of INFO.
    """
    logger = logging.getLogger(LOGGER_NAME)
    for handler in list(logger.handlers):
        if isinstance(handler, _Stderr | _RunLog):
            logger.removeHandler(handler)
            handler.close()
    logger.setLevel(logging.DEBUG if verbose else logging.INFO)
    stderr = _Stderr()
    stderr.setLevel(logging.INFO if verbose else logging.WARNING)
    stderr.setFormatter(_Plain("%(levelname)s %(name)s: %(message)s"))
    logger.addHandler(stderr)
    if run_log is not None:
        file = _RunLog(run_log)
        file.setFormatter(_Json())
        logger.addHandler(file)
    return logger
