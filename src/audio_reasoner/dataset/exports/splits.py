"""Who goes into which split: rows of one `group`, and rows that hear the same sound, never land in two.

Decision: groups are numbered as they are met and everything else is a list by that number: a million samples about
400,000 recordings take some 150 MB.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from audio_reasoner.core import ids
from audio_reasoner.core.errors import ConfigError, InputError
from audio_reasoner.dataset.store import read_columns

VALIDATION = "val"


def assign_splits(dataset_dir: Path, val_fraction: float, seed: int) -> dict[str, str]:
    """Group → split, such that neither a group nor a sound stands in two splits.

    A stored split stays. With `val_fraction`, groups without one (or in "train") whose hash falls below the fraction
    become "val"; a group keeps its side when the data set grows. Groups that share a sound (two copies of one file)
    move together.

    Raises:
        InputError: ``export.split_leak``: the stored splits themselves divide a group or a sound.
        ConfigError: ``config.val_fraction``, ``config.split_name``.
    """
    if not 0 <= val_fraction < 1:
        raise ConfigError(
            f"the validation fraction is {val_fraction}; it must be at least 0 and below 1", code="config.val_fraction"
        )
    number: dict[str, int] = {}  # group → its number
    side: list[str] = []  # its split
    parent: list[int] = []  # a group of lower number that hears the same sound, or itself
    heard: dict[bytes, int] = {}  # content → the first group that hears it
    known: dict[str, str] = {}

    def root(group: int) -> int:
        while parent[group] != group:
            parent[group] = parent[parent[group]]
            group = parent[group]
        return group

    for fields in read_columns(dataset_dir, ["sample_id", "group", "split", "content_key"], batch=8192):
        split, sample = fields["split"] or "train", fields["sample_id"]
        if split not in known:
            if not re.fullmatch(r"\w+", split):
                raise ConfigError(
                    f"sample {sample} has the split {split!r}; a split's name may hold letters, digits and _ only",
                    code="config.split_name",
                    hint="Rename it in your labels file and build again.",
                )
            known[split] = split
        group = number.setdefault(fields["group"], len(side))
        if group == len(side):
            side.append(known[split])
            parent.append(group)
        elif side[group] != split:
            raise _leak(dataset_dir, f"group {fields['group']!r}", "group", fields["group"])
        content = hashlib.blake2b(fields["content_key"].encode(), digest_size=12).digest()
        other = heard.setdefault(content, group)
        if other != group:
            if side[other] != split:
                key = fields["content_key"]
                raise _leak(dataset_dir, f"the sound {key[:12]}…", "content_key", key)
            a, b = sorted((root(group), root(other)))
            parent[b] = a
    del heard
    splits = dict(zip(number, side, strict=True))
    if val_fraction:
        least: dict[int, str] = {}  # groups that move together are drawn by the first of their names
        for name, n in number.items():
            least[root(n)] = min(name, least.get(root(n), name))
        _hold_out(splits, {name: least[root(n)] for name, n in number.items()}, val_fraction, seed)
    return splits


def _leak(dataset_dir: Path, what: str, column: str, value: str) -> InputError:
    """The two first samples that stand in different splits although they share `value`."""
    seen: dict[str, str] = {}
    for fields in read_columns(dataset_dir, ["sample_id", "split", column], batch=8192):
        if fields[column] == value:
            seen.setdefault(fields["split"] or "train", fields["sample_id"])
    (one, first), (two, second) = list(seen.items())[:2]
    return InputError(
        f"{what} stands in two splits: {one!r} (sample {first}) and {two!r} (sample {second})",
        code="export.split_leak",
        hint="A model would be tested on what it was trained on: give all its rows one split in your labels file.",
    )


def _hold_out(splits: dict[str, str], root_of: dict[str, str], fraction: float, seed: int) -> None:
    draw: dict[str, float] = {}
    for group, root in root_of.items():
        if splits[group] == "train":
            draw[root] = ids.derive_seed(seed, "split", root) / 2**63
    if len(draw) < 2:
        raise ConfigError(
            "nothing can be held out for validation: all training rows belong to one group",
            code="config.val_fraction",
            hint="Leave out --val-fraction, or give the clips groups that tell recordings apart.",
        )
    held = {root for root, x in draw.items() if x < fraction} or {min(draw, key=lambda r: (draw[r], r))}
    if len(held) == len(draw):
        held.discard(max(draw, key=lambda r: (draw[r], r)))  # a training split with nothing in it serves nobody
    for group, root in root_of.items():
        if root in held and splits[group] == "train":
            splits[group] = VALIDATION
