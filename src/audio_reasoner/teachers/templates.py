"""The prompts: Jinja2 templates by task and stage, ours or the user's.

Decision: a template is `<task>/<stage>.md.j2` and extends one base per stage, so that what tasks share is written once;
a task without a template of its own for a stage uses the base. A user's folder replaces files by their relative names
and may extend ours as `builtin/<name>`. Templates run in a sandbox and get no label, transcript or question, only the
finished data block (`data.py`) and a few flags, so no template can open a way out of it.

A stage's hash covers the files that stage really uses: editing one template changes the prompts of what depends on it,
and because calls are found again by what was sent, everything else is not paid a second time.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from audio_reasoner.clients.refusals import word_runs
from audio_reasoner.core.errors import ConfigError
from audio_reasoner.core.records import Task

if TYPE_CHECKING:
    from jinja2 import Environment, Template

Stage = Literal["annotate", "think", "judge", "solve"]
TASKS: tuple[Task, ...] = get_args(Task)
STAGES: tuple[Stage, ...] = get_args(Stage)
OURS = Path(__file__).parent / "prompts"
SUFFIX = ".md.j2"
BUILTIN = "builtin/"
_SENTINEL = "the data of this clip"


@dataclass(frozen=True)
class Flags:
    """What decides which variant of a prompt is written; every template may read all of them.

    Attributes:
        hears: the model is given the sound.
        evidence: the data block holds evidence.
        brief: short captions and chains.
        given: the questions come with the data (annotate).
        n: how many questions to write (annotate).
        kinds: "choice", "open" or "both" (annotate).
        many: several questions in one reply (think, judge).
        choice: there is a question with options (think, judge, solve).
        hearing: "audio", "silence" or "text" (solve).
    """

    hears: bool = True
    evidence: bool = False
    brief: bool = False
    given: bool = False
    n: int = 3
    kinds: str = "both"
    many: bool = False
    choice: bool = True
    hearing: str = "audio"


@dataclass(frozen=True)
class Prompt:
    """A rendered prompt. `sha` names the templates behind it; `instructions` are its word runs without the data."""

    text: str
    sha: str
    instructions: frozenset[tuple[str, ...]]


def levels(n: int) -> list[int]:
    """Difficulties of `n` questions in rising order.

    >>> levels(3), levels(4), levels(1)
    ([1, 2, 3], [1, 1, 2, 3], [1])
    """
    return [1 + 3 * i // n for i in range(n)]


class Templates:
    """All templates in effect.

    Args:
        folder: a user's templates, or None.

    Raises:
        ConfigError: prompts.missing, prompts.unknown_file, prompts.unreadable, prompts.syntax, prompts.variable,
            prompts.no_data, prompts.outside_block, prompts.unknown_block.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._ours = dict(_files(OURS))
        self._users: dict[str, str] = {}
        self.folder = folder
        self._shas: dict[tuple[Task, Stage], str] = {}
        self._rendered: dict[tuple[Task, Stage, Flags], frozenset[tuple[str, ...]]] = {}
        if folder is not None:
            self._users = _users_files(folder, self.names)
            self._try_all()

    @property
    def names(self) -> tuple[str, ...]:
        """Every name a template may have: our files, and one for each task and stage."""
        return tuple(sorted({*self._ours, *(f"{t}/{s}{SUFFIX}" for t in TASKS for s in STAGES)}))

    def source(self, name: str) -> str | None:
        """The text of a template in effect; None if there is none of that name."""
        if name.startswith(BUILTIN):
            return self._ours.get(name.removeprefix(BUILTIN))
        return self._users.get(name, self._ours.get(name))

    def is_users(self, name: str) -> bool:
        """Whether the template comes from the user's folder."""
        return name in self._users

    def name_of(self, task: Task, stage: Stage) -> str:
        """The template that a task uses at a stage: its own, else the stage's base."""
        own = f"{task}/{stage}{SUFFIX}"
        return own if self.source(own) is not None else f"_base/{stage}{SUFFIX}"

    @cached_property
    def sha(self) -> str:
        """Hash of all templates in effect."""
        return _sha({name: text for name in self.names if (text := self.source(name)) is not None})

    def sha_of(self, task: Task, stage: Stage) -> str:
        """Hash of the templates that one task uses at one stage."""
        if (task, stage) not in self._shas:
            used = self.used_by(self.name_of(task, stage))
            self._shas[task, stage] = _sha({name: self.source(name) or "" for name in used})
        return self._shas[task, stage]

    def used_by(self, name: str) -> tuple[str, ...]:
        """A template and everything that it extends or includes."""
        from jinja2 import meta

        found: dict[str, None] = {}
        waiting = [name]
        while waiting:
            current = waiting.pop()
            text = self.source(current)
            if current in found or text is None:
                continue
            found[current] = None
            waiting += [x for x in meta.find_referenced_templates(self._environment.parse(text)) if x is not None]
        return tuple(sorted(found))

    def render(self, task: Task, stage: Stage, data: str, flags: Flags) -> Prompt:
        """The prompt of a task and stage around a finished data block (`data.to_block`).

        Raises:
            ConfigError: prompts.syntax, prompts.variable: a user's template.
        """
        if (task, stage, flags) not in self._rendered:
            self._rendered[task, stage, flags] = word_runs(self._render(task, stage, "", flags))
        return Prompt(
            text=self._render(task, stage, data, flags),
            sha=self.sha_of(task, stage),
            instructions=self._rendered[task, stage, flags],
        )

    def export(self, folder: Path) -> list[Path]:
        """Write all of our templates into a folder, as a beginning for a user's own.

        Raises:
            ConfigError: prompts.exists: a file of that name is there already.
        """
        targets = {folder / name: text for name, text in self._ours.items()}
        if there := next((p for p in targets if p.exists()), None):
            raise ConfigError(
                f"{there} exists already.", code="prompts.exists", hint="Choose a new folder: nothing was written."
            )
        for path, text in targets.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        return sorted(targets)

    # --- inside ---

    @cached_property
    def _environment(self) -> Environment:
        from jinja2 import FunctionLoader, StrictUndefined
        from jinja2.sandbox import ImmutableSandboxedEnvironment

        def load(name: str) -> tuple[str, str, Any] | None:
            text = self.source(name)
            return None if text is None else (text, name, lambda: True)

        environment = ImmutableSandboxedEnvironment(
            loader=FunctionLoader(load), undefined=StrictUndefined, autoescape=False, keep_trailing_newline=False
        )
        environment.filters["as_json"] = lambda value: json.dumps(value, ensure_ascii=False)
        return environment

    def _template(self, name: str) -> Template:
        return self._environment.get_template(name)

    def _render(self, task: Task, stage: Stage, data: str, flags: Flags) -> str:
        from jinja2 import TemplateError, TemplateSyntaxError, UndefinedError

        def example_questions(questions: list[dict[str, Any]]) -> list[dict[str, Any]]:
            fitting = [q for q in questions if flags.kinds == "both" or bool(q["options"]) == (flags.kinds == "choice")]
            return fitting[: flags.n]

        name = self.name_of(task, stage)
        where = f"{self.folder / name}" if self.folder is not None and self.is_users(name) else f"template {name}"
        try:
            text = self._template(name).render(
                task=task,
                stage=stage,
                data=data,
                levels=levels(flags.n),
                example_questions=example_questions,
                **asdict(flags),
            )
        except TemplateSyntaxError as error:
            raise ConfigError(
                f"{where}: line {error.lineno} of {error.name or name}: {error.message}.", code="prompts.syntax"
            ) from error
        except UndefinedError as error:
            raise ConfigError(
                f"{where}: {error.message}.",
                code="prompts.variable",
                hint=f"Known are data, task, stage, levels, {', '.join(asdict(flags))}.",
            ) from error
        except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, RecursionError) as error:
            raise ConfigError(f"{where} cannot be rendered: {error}.", code="prompts.syntax") from error
        # The data block has no empty lines, so this only closes gaps that branches of a template leave.
        return re.sub(r"\n{3,}", "\n\n", text.strip()) + "\n"

    def _refuse_unread(self, name: str) -> None:
        """Refuse what Jinja leaves out in silence: in a template that extends another, only its blocks are read."""
        from jinja2 import nodes

        tree = self._environment.parse(self._users[name])
        if tree.find(nodes.Extends) is None:
            return
        blocks = self._blocks_above(name)
        for node in tree.body:
            if isinstance(node, nodes.Output):
                line = next((_first_line(part) for part in node.nodes if _first_line(part)), None)
                if line is not None:
                    raise ConfigError(
                        f"{self.folder}/{name}: line {line} stands outside of every block, so it would not be sent.",
                        code="prompts.outside_block",
                        hint=f"A template that extends another replaces blocks. Here: {', '.join(blocks)}; "
                        "{{ super() }} in a block keeps what stood there.",
                    )
            if isinstance(node, nodes.Block) and node.name not in blocks:
                raise ConfigError(
                    f"{self.folder}/{name}: line {node.lineno}: nothing would read the block {node.name!r}.",
                    code="prompts.unknown_block",
                    hint=f"Blocks here: {', '.join(blocks)}.",
                )

    def _blocks_above(self, name: str) -> list[str]:
        """The blocks of whatever a template extends."""
        from jinja2 import nodes

        found: dict[str, None] = {}
        seen = {name}
        waiting = [name]
        while waiting:
            current = waiting.pop()
            tree = self._environment.parse(self.source(current) or "")
            if current != name:
                found |= dict.fromkeys(block.name for block in tree.find_all(nodes.Block))
            for parent in tree.find_all(nodes.Extends):
                # A name that is worked out while rendering cannot be followed; the renderer finds it.
                if isinstance(parent.template, nodes.Const) and parent.template.value not in seen:
                    seen.add(parent.template.value)
                    waiting.append(parent.template.value)
        return sorted(found)

    def _try_all(self) -> None:
        """Render whatever a user's file takes part in, so that a mistake shows before anything is paid for."""
        from jinja2 import TemplateSyntaxError

        try:
            touched = [
                (t, s) for t in TASKS for s in STAGES if any(self.is_users(x) for x in self.used_by(self.name_of(t, s)))
            ]
        except TemplateSyntaxError as error:
            bad = next((x for x in self._users if not _parses(self._environment, self._users[x])), "a template")
            raise ConfigError(
                f"{self.folder}/{bad}: line {error.lineno}: {error.message}.", code="prompts.syntax"
            ) from error
        for name in self._users:
            self._refuse_unread(name)
        for task, stage in touched:
            for flags in variants(stage):
                if _SENTINEL not in self._render(task, stage, _SENTINEL, flags):
                    raise ConfigError(
                        f"{self.folder}/{self.name_of(task, stage)} leaves out the data.",
                        code="prompts.no_data",
                        hint='Write {{ data }} into it, or {% include "_base/data.md.j2" %}.',
                    )


@lru_cache(maxsize=1)
def _builtin() -> Templates:
    return Templates()


def templates_of(folder: Path | None) -> Templates:
    """Our templates (compiled once), or those with a user's folder in front (read anew). Raises as `Templates`."""
    return _builtin() if folder is None else Templates(folder)


def variants(stage: Stage) -> Iterator[Flags]:
    """One set of flags for every branch that our templates have at a stage."""
    for hears in (True, False):
        base = Flags(hears=hears, evidence=not hears, brief=not hears)
        if stage == "annotate":
            yield from (
                base,
                replace(base, given=True),
                replace(base, kinds="choice", n=1),
                replace(base, kinds="open"),
            )
        elif stage == "solve":
            yield from (replace(base, hearing=h, choice=c) for h in ("audio", "silence", "text") for c in (True, False))
        else:
            yield from (replace(base, many=m, choice=c) for m in (True, False) for c in (True, False))


def _first_line(node: Any) -> int | None:
    """The first line of a part of a template's text that would be seen; None for white space."""
    from jinja2 import nodes

    if not isinstance(node, nodes.TemplateData):
        return int(node.lineno)
    text = node.data
    return int(node.lineno) + text[: len(text) - len(text.lstrip())].count("\n") if text.strip() else None


def _parses(environment: Environment, text: str) -> bool:
    from jinja2 import TemplateSyntaxError

    try:
        environment.parse(text)
    except TemplateSyntaxError:
        return False
    return True


def _sha(texts: dict[str, str]) -> str:
    h = hashlib.sha256()
    for name, text in sorted(texts.items()):
        h.update(f"{name}\0{len(text.encode())}\0{text}".encode())
    return h.hexdigest()


def _files(folder: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_file() and not any(part.startswith(".") for part in name.parts):
            yield name.as_posix(), path.read_text("utf-8")


def _users_files(folder: Path, known: tuple[str, ...]) -> dict[str, str]:
    if not folder.is_dir():
        raise ConfigError(
            f"{folder} is no folder.",
            code="prompts.missing",
            hint="Make one with `audio-reasoner prompts export DIR`.",
        )
    try:
        files = dict(_files(folder))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"A file in {folder} cannot be read: {error}.", code="prompts.unreadable") from error
    for name in files:
        if name not in known:
            near = difflib.get_close_matches(name, known, 3, 0.5)
            raise ConfigError(
                f"{folder / name} is no template of ours, so nothing would read it.",
                code="prompts.unknown_file",
                hint=f"Near: {', '.join(near)}." if near else "See `audio-reasoner prompts list`.",
            )
    return files
