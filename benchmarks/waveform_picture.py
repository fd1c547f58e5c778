# ruff: noqa: E501 -- words are written as they are drawn
"""Draws `docs/waveform.svg`: one question from its waveform to the response, with the numbers and words of a real model.

Everything in it is computed: the scene, its log-mel, the numbers of frames and tokens at each step, and the chain is
what the bundled model says (or the one that `--model` names).

    python benchmarks/waveform_picture.py [-o docs/waveform.svg] [--model MODEL] [--seed 9200]
"""

from __future__ import annotations

import argparse
import base64
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from audio_reasoner.core.chain import SECTIONS
from audio_reasoner.inference import Reasoner
from audio_reasoner.models import bundled, features
from audio_reasoner.models.qwen2_audio import parameter_count
from audio_reasoner.report import write_text
from audio_reasoner.report.player import waveform_path
from audio_reasoner.report.png import encode_png
from audio_reasoner.synth import clip_audio, plan_complex

CLASSES = ("bell", "bird", "clap", "dog", "drum", "engine", "glass", "rain", "siren", "whistle")
INK, SOFT, LINE = "#1f2937", "#4b5563", "#334155"
FILL = {"given": "#f1f5f9", "sound": "#dbeafe", "model": "#fef3c7", "think": "#ecfdf5", "response": "#d1fae5"}
WIDTH = 1120


class Drawing:
    """SVG elements as they are added."""

    def __init__(self) -> None:
        self.parts: list[str] = []

    def box(self, x: float, y: float, w: float, h: float, fill: str) -> None:
        """A rounded rectangle."""
        self.parts.append(
            f'<rect x="{x}" y="{y}" width="{w}" height="{h}" rx="8" fill="{fill}" stroke="{LINE}" stroke-width="1.1"/>'
        )

    def text(self, x: float, y: float, said: str, size: float = 13, **how: str) -> None:
        """One line of text."""
        more = "".join(f' {k.replace("_", "-")}="{v}"' for k, v in how.items())
        self.parts.append(f'<text x="{x}" y="{y}" font-size="{size}"{more}>{escape(said)}</text>')

    def arrow(self, x1: float, y1: float, x2: float, y2: float) -> None:
        """A line with a head."""
        self.parts.append(
            f'<path d="M{x1} {y1}L{x2} {y2}" stroke="{LINE}" stroke-width="1.4" fill="none" marker-end="url(#a)"/>'
        )


def wrap(text: str, width: int) -> list[str]:
    """Lines of at most `width` letters."""
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def mel_png(mel: Any) -> str:
    """A log-mel [bands, frames] as a data URI, low bands below."""
    x = np.asarray(mel)[::-1]
    low, high = np.percentile(x, 5), x.max()
    pixels = np.clip((x - low) / max(high - low, 1e-6) * 15.99, 0, 15).astype(np.uint8)
    return "data:image/png;base64," + base64.b64encode(encode_png(pixels)).decode("ascii")


def draw(reasoner: Reasoner, seed: int) -> str:
    """The picture."""
    plan = plan_complex(
        40, seed, min_events=3, max_events=3, event_seconds=(0.4, 0.9), classes=CLASSES, repeat_probability=0.0
    )
    for clip in plan:
        pcm = clip_audio(clip)
        assert clip.timeline is not None
        labels = [e.label for e in clip.timeline.events]
        options = sorted({*labels, next(c for c in CLASSES if c not in labels)})
        answer = reasoner.ask(pcm, "Which sound comes first?", options, constrain=True)
        # A model is wrong at times; the picture shows how it works, the card how well.
        if answer.option and answer.option.index is not None and options[answer.option.index] == labels[0]:
            break
    else:
        raise SystemExit("the model answered none of 40 clips rightly; no picture of it would help anybody")
    model = reasoner.model
    frames = features.frames_of(len(pcm))
    tokens = features.audio_tokens_of(frames)
    config = model.config
    d = Drawing()
    top = 54
    d.text(20, 30, "From waveform to response", 20, font_weight="700")
    size = parameter_count(model) / 1e6
    d.text(
        WIDTH - 20, 30, f"numbers of this clip in a model of {size:.1f} million weights; Qwen2-Audio-7B in brackets",
        12.5, fill=SOFT, text_anchor="end",
    )  # fmt: skip

    # the sound
    d.box(20, top, 330, 250, FILL["sound"])
    d.text(36, top + 24, "1  waveform", 15, font_weight="700")
    d.text(334, top + 24, f"{len(pcm) / 16000:.2f} s, 16 kHz mono", 12.5, fill=SOFT, text_anchor="end")
    d.parts.append(
        f'<svg x="36" y="{top + 34}" width="298" height="60" viewBox="0 0 240 100" preserveAspectRatio="none">'
        f'<path d="{waveform_path(pcm)}" fill="#2563eb"/></svg>'
    )
    for event in clip.timeline.events:
        at = 36 + 298 * (event.start + event.end) / 2 / len(pcm)
        d.text(at, top + 108, event.label, 12, text_anchor="middle", fill=INK)
    d.text(36, top + 136, "2  log-mel", 15, font_weight="700")
    d.text(334, top + 136, f"128 bands × {frames} frames (100/s)", 12.5, fill=SOFT, text_anchor="end")
    d.parts.append(
        f'<image x="36" y="{top + 146}" width="298" height="90" preserveAspectRatio="none" '
        f'href="{mel_png(features.log_mel(pcm)[:, :frames])}"/>'
    )

    # the tower
    audio, text = config.audio_config, config.text_config
    steps = [
        ("3  two convolutions", f"{(frames - 1) // 2 + 1} frames, 50 a second", f"{audio.d_model} wide [1280]"),
        ("4  audio tower", f"{audio.encoder_layers} layers, {audio.encoder_attention_heads} heads [32, 20]", "only the clip's frames"),
        ("5  mean of two", f"{tokens} audio tokens", "25 a second"),
        ("6  projector", f"{audio.d_model} → {text.hidden_size} [1280 → 4096]", "one linear map"),
    ]  # fmt: skip
    x, w, h = 400, 230, 52
    for n, (name, first, second) in enumerate(steps):
        y = top + n * 66
        d.box(x, y, w, h, FILL["model"])
        d.text(x + 12, y + 19, name, 13.5, font_weight="700")
        d.text(x + 12, y + 35, first, 12, fill=SOFT)
        d.text(x + 12, y + 48, second, 11, fill=SOFT)
        if n:
            d.arrow(x + w / 2, y - 14, x + w / 2, y - 1)
    d.arrow(350, top + 26, 398, top + 26)

    # the prompt
    px, pw = 680, 420
    d.box(px, top, pw, 250, FILL["given"])
    d.text(px + 14, top + 24, "7  prompt", 15, font_weight="700")
    ids = reasoner.format.prompt(f"Which sound comes first?\n{options}", [tokens])
    d.text(px + pw - 14, top + 24, f"about {len(ids)} tokens, no loss in training", 12.5, fill=SOFT, text_anchor="end")
    mono = {"font_family": "DejaVu Sans Mono, monospace"}
    y = top + 48
    d.text(px + 14, y, "<|im_start|>user", 12, fill=SOFT, **mono)
    d.text(px + 14, y + 20, "Audio 1: <|audio_bos|>", 12, fill=SOFT, **mono)
    shown = 14
    for k in range(shown):
        d.parts.append(f'<rect x="{px + 184 + k * 11}" y="{y + 10}" width="9" height="12" rx="2" fill="#60a5fa"/>')
    d.text(px + 184 + shown * 11 + 4, y + 20, f"× {tokens}", 12, fill=INK)
    d.text(px + 14, y + 40, "<|audio_eos|>", 12, fill=SOFT, **mono)
    d.text(px + 14, y + 62, "Which sound comes first?", 12.5, **mono)
    for k, option in enumerate(options):
        d.text(px + 14, y + 82 + 19 * k, f"({'abcdef'[k]}) {option}", 12.5, **mono)
    d.text(px + 14, y + 90 + 19 * len(options), "<|im_end|>", 12, fill=SOFT, **mono)
    d.text(px + 14, y + 109 + 19 * len(options), "<|im_start|>assistant", 12, fill=SOFT, **mono)
    d.parts.append(
        f'<path d="M{x + w} {top + 3 * 66 + 26}C{x + w + 30} {top + 224} {x + w + 10} {top + 62} {px - 2} {top + 62}" '
        f'stroke="{LINE}" stroke-width="1.4" fill="none" marker-end="url(#a)"/>'
    )

    # the language model
    ly = top + 286
    d.box(20, ly, WIDTH - 40, 48, FILL["model"])
    d.text(36, ly + 20, "8  language model (Qwen2)", 14, font_weight="700")
    told = (
        f"{text.num_hidden_layers} layers [32], {text.hidden_size} wide [4096], vocabulary {text.vocab_size:,} [156,032]. "
        "The prompt is read once; from its keys and values one answer or many go on, a token at a time."
    )
    d.text(36, ly + 38, told, 12, fill=SOFT)
    d.arrow(px + pw / 2, top + 250, px + pw / 2, ly - 2)

    # the chain
    cy = ly + 78
    d.arrow(WIDTH / 2, ly + 48, WIDTH / 2, cy - 2)
    x = 20.0
    names = [s for s in SECTIONS if s != "response"]
    gap, cw = 10.0, (WIDTH - 40 - 40) / 5
    texts = {s: answer.parsed.sections[s] or "" for s in (*names, "response")}
    lines = {s: wrap(t, 29) for s, t in texts.items()}
    ch = 52 + 17 * max(len(v) for v in lines.values())
    for s in (*names, "response"):
        d.box(x, cy, cw, ch, FILL["response" if s == "response" else "think"])
        d.text(x + 12, cy + 22, s.upper(), 13.5, font_weight="700")
        for n, line in enumerate(lines[s]):
            d.text(x + 12, cy + 44 + 17 * n, line, 12.5)
        x += cw + gap
    d.text(
        20,
        cy + ch + 22,
        f"<THINK> … </THINK>: {answer.tokens} tokens in all, learned in training; the loss is their cross entropy.",
        12.5,
        fill=SOFT,
    )
    d.text(WIDTH - 20, cy + ch + 22, "<RESPONSE>", 12.5, fill=SOFT, text_anchor="end")
    height = cy + ch + 38
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" fill="{INK}" '
        'font-family="DejaVu Sans, Helvetica, Arial, sans-serif" role="img" '
        'aria-label="From waveform to response: log-mel, audio tower, projector, prompt, language model, five sections">'
        '<defs><marker id="a" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" '
        f'orient="auto-start-reverse"><path d="M0 0L10 5L0 10z" fill="{LINE}"/></marker></defs>'
        f'<rect width="{WIDTH}" height="{height:.0f}" fill="#ffffff"/>' + "\n".join(d.parts) + "</svg>\n"
    )


def main() -> None:
    """Write the picture, print its size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--out", type=Path, default=Path("docs/waveform.svg"))
    parser.add_argument("--model", type=Path)
    parser.add_argument("--seed", type=int, default=9200)
    args = parser.parse_args()
    reasoner = Reasoner.from_pretrained(args.model or bundled.path())
    print(f"bytes={write_text(args.out, draw(reasoner, args.seed))} out={args.out}")


if __name__ == "__main__":
    main()
