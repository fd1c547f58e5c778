"""What a plan of scenes may be asked for, and what is refused before anything is planned."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from audio_reasoner.core.errors import ConfigError
from audio_reasoner.synth.bank.render import MAX_INNER_GAP_S, MIN_EVENT_S, MIN_TRACK_S
from audio_reasoner.synth.recipes import MAX_SECONDS

Kind = Literal["temporal", "composite", "mixed"]
SCENE_KINDS: Final = ("temporal", "composite", "mixed")
SAME_CLASS_GAP_S: Final = 2 * MAX_INNER_GAP_S
"""Least distance between two neighbouring events of one class: twice the longest pause inside an event."""
MAX_TRACKS: Final = 6


@dataclass(frozen=True)
class Settings:
    """Settings of `plan_complex`, whose documentation explains them."""

    kind: str = "temporal"
    min_events: int = 1
    max_events: int = 6
    min_gap_s: float = 0.1
    max_gap_s: float = 0.6
    event_seconds: tuple[float, float] = (0.3, 1.2)
    edge_seconds: tuple[float, float] = (0.05, 0.4)
    gain_db: tuple[float, float] = (-6.0, 6.0)
    background_db: tuple[float, float] | None = (-70.0, -50.0)
    repeat_probability: float = 0.25
    crossfade_probability: float = 0.0
    crossfade_seconds: tuple[float, float] = (0.05, 0.25)
    tracks: tuple[int, int] = (2, 4)
    track_seconds: tuple[float, float] = (10.0, 25.0)
    targets: tuple[int, int] = (0, 3)
    snr_db: tuple[float, float] = (0.0, 10.0)
    plausible_probability: float = 0.0
    rooms: float = 0.0

    def plain(self) -> dict[str, Any]:
        """As values that JSON knows."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}

    def check(self) -> None:
        """Refuse what cannot be planned.

        Raises:
            ConfigError: ``synth.bad_range``, ``synth.bad_kind``, ``synth.too_long``.
        """
        if self.kind not in SCENE_KINDS:
            raise ConfigError(
                f"{self.kind!r} is no kind of scene; known are {', '.join(SCENE_KINDS)}.", code="synth.bad_kind"
            )
        if not 1 <= self.min_events <= self.max_events:
            raise _bad(f"a scene of {self.min_events} to {self.max_events} events; expected 1 <= min <= max.")
        _range("the gap", self.min_gap_s, self.max_gap_s, 0.1)
        _range("the length of an event in seconds", *self.event_seconds, MIN_EVENT_S)
        _range("the stretch at the edges in seconds", *self.edge_seconds, 0.0)
        _range("the gain in dB", *self.gain_db, -30.0, 6.0)
        if self.background_db is not None:
            _range("the background in dBFS", *self.background_db, -120.0, -20.0)
        for name, share in (
            ("repeat_probability", self.repeat_probability),
            ("crossfade_probability", self.crossfade_probability),
            ("plausible_probability", self.plausible_probability),
            ("the share of scenes in rooms", self.rooms),
        ):
            if not 0.0 <= share <= 1.0:
                raise _bad(f"{name} is {share}, not within 0..1.")
        _range("the crossfade in seconds", *self.crossfade_seconds, 0.01, 2.0)
        if self.kind != "composite":
            self._check_length()
        if self.kind != "temporal":
            _range("the number of tracks", *self.tracks, 2, MAX_TRACKS)
            _range("the number of targets", *self.targets, 0, 8)
            _range("the length of a track in seconds", *self.track_seconds, MIN_TRACK_S)
            _range("the SNR in dB", *self.snr_db, -10.0, 20.0)

    def _check_length(self) -> None:
        widest_gap = self.max_gap_s + max(SAME_CLASS_GAP_S - self.min_gap_s, 0.0)
        longest = self.max_events * self.event_seconds[1] + (self.max_events - 1) * widest_gap
        longest += 2 * self.edge_seconds[1]
        if longest > MAX_SECONDS:
            raise ConfigError(
                f"a scene of {self.max_events} events could last {longest:.1f} s; {MAX_SECONDS:g} s are possible.",
                code="synth.too_long",
                hint="Ask for fewer or shorter events, or for shorter gaps.",
            )


def _bad(what: str) -> ConfigError:
    return ConfigError(what, code="synth.bad_range")


def _range(name: str, low: float, high: float, least: float, most: float = MAX_SECONDS) -> None:
    if not least <= low <= high <= most:  # also where one of them is no number
        raise _bad(f"{name} goes from {low:g} to {high:g}; expected {least:g} <= low <= high <= {most:g}.")
