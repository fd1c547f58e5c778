"""Prompts for judges: ours, or the user's, with named slots.

Decision: slots are filled in one pass, so a text that happens to contain the name of a slot stays as it is; the
official AIR-Bench script replaces one slot after the other and would fill it. A user's file must have every slot of the
purpose, either as `{name}` or, for AIR-Bench chat, with the script's own placeholder words, so that its wording can be
pasted unchanged. Line ends are kept as they are.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from audio_reasoner.core.errors import ConfigError

SYSTEM_MARK = "---user---"
"""A line with only this separates a system message (above) from the user message (below)."""
LONGEST_FILE = 1 << 20


@dataclass(frozen=True)
class Prompt:
    """A prompt with slots.

    Attributes:
        system: the system message; empty for none.
        user: the user message.
        slots: placeholder as it stands in the text → name of the slot.
        name: "ours" or the file's name.
    """

    system: str
    user: str
    slots: Mapping[str, str]
    name: str = "ours"

    @property
    def sha(self) -> str:
        """sha256 of both messages as they are before filling."""
        return hashlib.sha256(f"{self.system}\x1f{self.user}".encode("utf-8", "surrogatepass")).hexdigest()

    def fill(self, values: Mapping[str, str]) -> tuple[str, str]:
        """(system, user) with every placeholder replaced, in one pass."""
        pattern = re.compile("|".join(map(re.escape, self.slots)))

        def filled(text: str) -> str:
            return pattern.sub(lambda match: values[self.slots[match.group()]], text)

        return filled(self.system), filled(self.user)


def braces(*names: str) -> dict[str, str]:
    """Placeholders `{name}`."""
    return {f"{{{name}}}": name for name in names}


def load_prompt(path: Path, *forms: Mapping[str, str]) -> Prompt:
    """A user's prompt; the first form of placeholders that it has completely counts.

    Raises:
        ConfigError: judge.prompt: it cannot be read, or a slot is missing.
    """
    try:
        if path.stat().st_size > LONGEST_FILE:
            raise ConfigError(f"{path} is no prompt: it is larger than 1 MiB.", code="judge.prompt")
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"The prompt {path} cannot be read: {error}.", code="judge.prompt") from None
    for slots in forms:
        if all(placeholder in text for placeholder in slots):
            # Editors end a file with a line break that the message does not have.
            parts = re.split(rf"(?m)^{SYSTEM_MARK}[ \t]*\r?\n", text.removesuffix("\n"), maxsplit=1)
            system, user = parts if len(parts) == 2 else ("", parts[0])
            return Prompt(system.removesuffix("\n"), user, dict(slots), path.name)
    first = forms[0]
    missing = [placeholder for placeholder in first if placeholder not in text]
    raise ConfigError(
        f"The prompt {path} has no place for {', '.join(missing)}.",
        code="judge.prompt",
        hint=f"It needs {', '.join(first)}" + "".join(f", or {', '.join(form)}" for form in forms[1:]) + ".",
    )
