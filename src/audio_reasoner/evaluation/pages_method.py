"""How it was measured: models, data, prompts, judges, versions, and every deviation from the official procedure."""

# ruff: noqa: E501 (markup and sentences are easier to read unbroken)

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from audio_reasoner.evaluation.compare import Comparison
from audio_reasoner.evaluation.compare_read import RunData
from audio_reasoner.report import Section, card, copyable, disclosure, table, text

_DASH = "–"
MOST_PROBLEMS = 12
_SHOWN = (
    ("prompt", "prompt"),
    ("prompts_sha256", "prompts' hash"),
    ("system_sha256", "system prompt's hash"),
    ("long_audio", "audio over 30 s"),
    ("max_new_tokens", "longest reply, tokens"),
    ("temperature", "temperature"),
    ("top_p", "top p"),
    ("samples", "samples"),
    ("seed", "seed"),
)


def method_section(comparison: Comparison) -> Section:
    """The last chapter."""
    parts: list[Markup] = []
    if comparison.aside:
        items = Markup("").join([Markup("<li><b>{}</b>: {}</li>").format(n, why) for n, why in comparison.aside])
        parts.append(
            card(
                "Left aside",
                Markup('<ul class="remarks">{}</ul>').format(items),
                "These directories take no part in the comparison.",
                wide=True,
            )
        )
    parts += [_settings(comparison), _deviations(comparison)]
    if (judges := _judges(comparison)) is not None:
        parts.append(judges)
    parts.append(_hashes(comparison))
    if (problems := _problems(comparison)) is not None:
        parts.append(problems)
    return Section(
        "method",
        "How it was measured",
        Markup('<div class="stack">{}</div>').format(Markup("").join(parts)),
        "What decides a number besides the model: data, prompt, decoding, judge, and where the official procedure was not followed.",
    )


def _text(value: Any) -> str:
    if value is None or value == "":
        return _DASH
    if isinstance(value, bool):
        return "yes" if value else "no"
    found = str(value)
    return (
        found[:12] + "…"
        if len(found) == 64 and all(c in "0123456789abcdef" for c in found)
        else text.shorten(found, 60)
    )


def _settings(comparison: Comparison) -> Markup:
    rows: list[list[str | Markup]] = []
    for run in comparison.runs:
        config = run.config
        facts = [f"{name} {_text(config[key])}" for key, name in _SHOWN if config.get(key) not in (None, "")]
        effort = run.effort
        policies = ", ".join(f"{k} {v:,}" for k, v in effort.policies.most_common(4))
        stopped = ", ".join(f"{k} {v:,}" for k, v in effort.stopped.most_common(3))
        rows.append([
            run.name, run.benchmark, text.shorten(run.model, 48) or _DASH, "; ".join(facts) or _DASH, policies or _DASH, stopped or _DASH,
            _reached(run), _text(run.header.get("version")),
        ])  # fmt: skip
    header = [
        "Run",
        "Benchmark",
        "Model",
        "Settings",
        "Audio",
        "Replies ended by",
        "Audio reached the model",
        "Version",
    ]
    return card("Settings", table(header, rows, caption="Settings of the runs"), wide=True)


def _reached(run: RunData) -> str:
    found = run.header.get("audio_reached")
    if not isinstance(found, dict):
        return "not probed"
    told = found.get("reached", found.get("heard"))
    if isinstance(told, bool):
        return "yes" if told else "no ▲"
    return text.shorten(", ".join(f"{k} {v}" for k, v in found.items() if isinstance(v, str | int | float | bool)), 60)


def _deviations(comparison: Comparison) -> Markup:
    found: dict[str, list[str]] = {}
    for run in comparison.runs:
        for line in run.score.get("deviations") or []:
            if isinstance(line, str):
                found.setdefault(line, []).append(run.name)
    every = len(comparison.runs)
    items = [
        Markup("<li>{} <small>({})</small></li>").format(
            line, "all runs" if len(names) == every and every > 1 else text.shorten(", ".join(names), 90)
        )
        for line, names in sorted(found.items(), key=lambda kv: -len(kv[1]))
    ]
    body = (
        Markup('<ul class="remarks">{}</ul>').format(Markup("").join(items))
        if items
        else Markup('<p class="note">The scores name none.</p>')
    )
    for run in comparison.runs:
        notes = [Markup("<li>{}</li>").format(n) for n in run.score.get("notes") or [] if isinstance(n, str)]
        if notes:
            listed = Markup('<ul class="remarks">{}</ul>').format(Markup("").join(notes))
            body += disclosure(f"Notes of the scorer: {run.name}", listed, colour=5, aside=run.benchmark, opened=False)
    return card("Deviations from the official procedure", body, wide=True)


def _judges(comparison: Comparison) -> Markup | None:
    rows: list[list[str | Markup]] = []
    for run in comparison.runs:
        for j in run.judges:
            when = j["from"] if j["from"] == j["to"] else f"{j['from']} to {j['to']}"
            rows.append(
                [
                    run.name,
                    j["purpose"],
                    j["model"],
                    Markup("<code>{}</code>").format(_text(j["prompt_sha"])),
                    j["temperature"],
                    text.count(j["n"]),
                    text.count(j["unparsed"]),
                    when or _DASH,
                ]
            )
    if not rows:
        return None
    header = ["Run", "Purpose", "Judge", "Prompt", "Temperature", "Verdicts", "Unreadable", "When"]
    return card("Judges", table(header, rows, numeric=(5, 6), caption="Language models as judges"), wide=True)


def _hashes(comparison: Comparison) -> Markup:
    parts = []
    for run in comparison.runs:
        pairs = [
            ("data sha256", run.sha256),
            ("revision", str(run.score.get("revision") or "")),
            ("data", str(run.score.get("data") or "")),
        ]
        pairs += [("model hash", str(run.header.get("model_hash") or "")), ("directory", str(run.path))]
        pairs += [(name, str(run.config.get(key) or "")) for key, name in _SHOWN[1:3]]
        body = Markup('<dl class="ids">{}</dl>').format(Markup("").join([copyable(k, v) for k, v in pairs if v]))
        parts.append(disclosure(run.name, body, colour=5, aside=run.benchmark, opened=False))
    return card("Hashes", Markup("").join(parts), wide=True)


def _problems(comparison: Comparison) -> Markup | None:
    parts = []
    for run in comparison.runs:
        found = [str(p) for p in run.score.get("problems") or []]
        if not found and not run.problems:
            continue
        items = [Markup("<li>{}</li>").format(text.shorten(p, 300)) for p in found[:MOST_PROBLEMS]]
        if len(found) > MOST_PROBLEMS:
            items.append(Markup("<li>… and {} more, in score.json</li>").format(text.count(len(found) - MOST_PROBLEMS)))
        if run.problems:
            items.append(
                Markup("<li>{} questions could not be asked or answered; they are in problems.jsonl</li>").format(
                    text.count(run.problems)
                )
            )
        parts.append(
            disclosure(
                run.name,
                Markup('<ul class="remarks">{}</ul>').format(Markup("").join(items)),
                colour=1,
                aside=f"{len(found) + run.problems} problems",
                opened=False,
            )
        )
    return card("Problems in files", Markup("").join(parts), wide=True) if parts else None
