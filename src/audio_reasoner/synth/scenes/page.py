"""A page of planned clips: how they are balanced, what happens in them when, and a few to listen to.

Decision: pictures come from timelines, so a page about a million clips costs one pass over a table and no audio; only
the clips with a player are rendered. Clips are shown as they come in the table, whose order is that of their ids, a
hash: a sample without choice. Dialogues and music have chapters of their own, because what is asked about them (who
says what, the key of a piece) does not show in a picture of events.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from markupsafe import Markup

from audio_reasoner import report
from audio_reasoner.core.records import Clip
from audio_reasoner.synth.balance import Composition, scene_difficulty, snr_of, unevenness
from audio_reasoner.synth.dsp import RATE
from audio_reasoner.synth.music.view import Pieces, piece_table, piece_title
from audio_reasoner.synth.recipes import KIND_DIALOGUE, KIND_MUSIC
from audio_reasoner.synth.scripts.view import Talks, people, talk_table, talk_title, turns_of


def spans_of(clip: Clip) -> list[report.Span]:
    """A clip's events as lanes: speakers or labels, the background track first."""
    timeline = clip.timeline
    if timeline is None:
        return []
    events = sorted(timeline.events, key=lambda e: (e.role != "background", e.start))
    who = people(timeline)
    return [
        report.Span(
            start_s=e.start / timeline.sample_rate,
            end_s=e.end / timeline.sample_rate,
            lane=f"{who[e.speaker] if e.speaker else e.label}{' (background)' if e.role == 'background' else ''}",
            text=report.text.shorten(e.text or e.label, 120),
        )
        for e in events
    ]


def _kind(clip: Clip) -> str:
    return str((clip.audio.recipe or {}).get("kind", ""))


def _note(clip: Clip) -> str:
    recipe = clip.audio.recipe or {}
    parts = [_kind(clip), f"{clip.duration_s:.1f} s"]
    if _kind(clip) == KIND_DIALOGUE and clip.timeline is not None:
        parts += [f"{len(people(clip.timeline))} speakers", f"{len(turns_of(clip.timeline))} turns"]
        noise = recipe.get("background")
        parts += [f"{noise['colour']} noise beneath"] if noise else []
    elif _kind(clip) != KIND_MUSIC:
        parts += [f"difficulty {scene_difficulty(clip)}"]
    snr = snr_of(recipe, clip)
    parts += [f"SNR {snr:.1f} dB"] if snr is not None else []
    room = recipe.get("room")
    parts += [f"room {' × '.join(f'{x:g}' for x in room['size_m'])} m"] if room else []
    return ", ".join(x for x in parts if x)


def _title(clip: Clip) -> str:
    if _kind(clip) == KIND_DIALOGUE:
        return talk_title(clip)
    if _kind(clip) == KIND_MUSIC:
        return piece_title(clip)
    return ", ".join(dict.fromkeys(s.lane.removesuffix(" (background)") for s in spans_of(clip))) or clip.clip_id


def _card(clip: Clip, heard: bool) -> Markup:
    from audio_reasoner.synth.audio import clip_audio

    assert clip.timeline is not None
    sound: dict[str, Any] = {}
    if heard:
        x = clip_audio(clip)
        sound = {"sound": report.encode_listening(x), "pcm": x}
    body = report.player(
        clip.timeline.length / RATE, spans=spans_of(clip), spans_title="What is heard when, as planned", **sound
    )
    table = {KIND_DIALOGUE: talk_table, KIND_MUSIC: piece_table}.get(_kind(clip))
    told = table(clip.timeline) if table is not None else ""
    title = report.text.shorten(_title(clip), 80)
    return report.card(title, Markup("{}{}").format(body, told), f"{_note(clip)} · {clip.source_id}", wide=True)


def scenes_page(
    clips: Iterable[Clip],
    name: str,
    *,
    pictures: int = 24,
    players: int = 6,
    on_clip: Callable[[Clip], None] | None = None,
) -> tuple[str, Composition]:
    """HTML of a run's synthetic clips, and what they consist of.

    Args:
        clips: the clips; those without a recipe are passed over.
        name: what the clips are called.
        pictures: clips whose timeline is shown.
        players: how many of them can be heard; these are rendered.
        on_clip: told each clip.

    Raises:
        ConfigError: a recipe cannot be rendered.
        IntegrityError: ``synth.no_source``: a recording that a player needs is gone.
    """
    made = Composition()
    scenes, talks, pieces = Composition(), Talks(), Pieces()
    shown: list[Clip] = []
    kinds: Counter[str] = Counter()
    for clip in clips:
        if on_clip is not None:
            on_clip(clip)
        if clip.audio.recipe is None or clip.timeline is None:
            continue
        made.add(clip)
        kind = _kind(clip)
        counted: Talks | Pieces | Composition = (
            talks if kind == KIND_DIALOGUE else pieces if kind == KIND_MUSIC else scenes
        )
        counted.add(clip)
        kinds[kind] += 1
        # Of each kind as many as there are places, so that a rare kind is seen as well; cut below.
        if kinds[kind] <= pictures:
            shown.append(clip)
    shown = _shared(shown, pictures)
    heard = {clip.clip_id for clip in shown[:players]}
    chapters = (
        ("scenes", "Scenes", scenes.clips, _scene_tiles(scenes), lambda: _charts(scenes)),
        ("dialogues", "Dialogues", talks.dialogues, talks.tiles() if talks.dialogues else [], talks.charts),
        ("music", "Music", pieces.pieces, pieces.tiles() if pieces.pieces else [], pieces.charts),
    )
    several = sum(1 for _, _, count, _, _ in chapters if count) > 1
    top = [report.tile("clips", report.text.count(made.clips), report.text.seconds(made.seconds))]
    sections = []
    for ident, title, count, numbers, charts in chapters:
        if not count:
            continue
        mine = [c for c in shown if {KIND_DIALOGUE: "dialogues", KIND_MUSIC: "music"}.get(_kind(c), "scenes") == ident]
        cards = [_card(c, c.clip_id in heard) for c in mine]
        lead = f"{len(mine)} of {count:,}; {sum(c.clip_id in heard for c in mine)} can be heard."
        sections.append(report.Section(ident, title, report.cards(cards), lead))
        balance = "balance" if not several else f"balance-{ident}"
        name_ = "Balance" if not several else f"Balance of {title.lower()}"
        sections.append(report.Section(balance, name_, report.cards(charts()), "Counted over all of them."))
        top += numbers
    return report.page(name, "Planned clips and their timelines.", sections, top=report.tiles(top)), made


def _scene_tiles(made: Composition) -> list[Markup]:
    clips = max(made.clips, 1)
    return [
        report.tile("events", report.text.count(made.classes.total()), f"{len(made.classes)} classes"),
        report.tile("with sounds at once", report.text.share(made.with_overlap, clips)),
        report.tile("with a repeated class", report.text.share(made.with_repeats, clips)),
        report.tile("in a room", report.text.share(made.in_rooms, clips)),
    ]


def _shared(clips: list[Clip], most: int) -> list[Clip]:
    """At most `most` clips, the kinds in turn."""
    by_kind: dict[str, list[Clip]] = {}
    for c in clips:
        by_kind.setdefault(_kind(c), []).append(c)
    rounds = max((len(x) for x in by_kind.values()), default=0)
    return [x[i] for i in range(rounds) for _, x in sorted(by_kind.items()) if i < len(x)][:most]


def _charts(made: Composition) -> list[Any]:
    def bars(title: str, counts: dict[Any, int], lead: str = "", *, ordered: bool = True, limit: int = 60) -> Any:
        items = sorted(counts.items()) if ordered else sorted(counts.items(), key=lambda x: (-x[1], str(x[0])))
        drawn = [report.Bar(str(k), v) for k, v in items]
        return report.card(title, report.bars(drawn, title, limit=limit), lead)

    cards = [bars("Events in a clip", made.events)]
    cards += [bars("Kind", made.kinds)] if len(made.kinds) > 1 else []
    cards += [bars("Difficulty", made.difficulty, "1 easy, 3 hard: number, overlap, ratio, room")]
    cards += [bars("SNR, dB", made.snr_db, "foreground tracks over background track")] if made.snr_db else []
    for title, counts in (("Classes", made.classes), ("Backgrounds", made.backgrounds)):
        if counts:
            lead = f"{len(counts)}; the commonest {unevenness(counts):.2f} times as often as the rarest"
            cards.append(bars(title, counts, lead, ordered=False))
    for title, several in (("Split", made.splits), ("Licence", made.licences)):
        if len(several) > 1:
            cards.append(bars(title, several, ordered=False, limit=12))
    return cards
