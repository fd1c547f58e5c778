"""Errors a user can act on.

Decision: one exception tree, one stable `code` per failure. The same code stands in the quarantine table, in logs and
in reports, so that "why is my clip missing?" has one answer everywhere. An error's text names the file and row, what
was expected and what was found; `hint` says what to do next. The command line exits with `exit_code`.
"""

from __future__ import annotations

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_LOCKED = 3
EXIT_QUARANTINED = 4
EXIT_SPEND_CAP = 5
EXIT_INTERRUPTED = 130


class AudioReasonerError(Exception):
    """Base of every error this package raises on purpose.

    Args:
        message: what happened, naming the file and row.
        code: stable dotted identifier, e.g. ``audio.truncated``.
        hint: what the user can do next, or an empty string.
    """

    exit_code = EXIT_FAILED
    default_code = "error"

    def __init__(self, message: str, *, code: str | None = None, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class ConfigError(AudioReasonerError):
    """A flag, recipe or run file says something that cannot be done."""

    exit_code = EXIT_USAGE
    default_code = "config"


class InputError(AudioReasonerError):
    """A user's file or row cannot be used."""

    exit_code = EXIT_USAGE
    default_code = "input"


class TeacherError(AudioReasonerError):
    """A teacher failed to give a usable reply.

    Args:
        retryable: whether asking again may help.
    """

    default_code = "teacher"

    def __init__(self, message: str, *, code: str | None = None, hint: str = "", retryable: bool = False) -> None:
        super().__init__(message, code=code, hint=hint)
        self.retryable = retryable


class QuotaError(AudioReasonerError):
    """A spend cap or a provider's quota was reached."""

    exit_code = EXIT_SPEND_CAP
    default_code = "quota"


class IntegrityError(AudioReasonerError):
    """Stored data contradicts itself: a hash, a schema version, a truncated file."""

    default_code = "integrity"


class EnvironmentProblem(AudioReasonerError):
    """The machine cannot do what was asked: no disk left, a missing package, no device."""

    default_code = "environment"


class LockedError(AudioReasonerError):
    """Another process is writing this run directory."""

    exit_code = EXIT_LOCKED
    default_code = "run.locked"
