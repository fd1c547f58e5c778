"""Names of languages by their codes."""

from __future__ import annotations

NAMES: dict[str, str] = {
    "ar": "Arabic", "bn": "Bengali", "ca": "Catalan", "cs": "Czech", "cy": "Welsh", "da": "Danish", "de": "German",
    "el": "Greek", "en": "English", "es": "Spanish", "et": "Estonian", "fa": "Persian", "fi": "Finnish",
    "fr": "French", "he": "Hebrew", "hi": "Hindi", "hu": "Hungarian", "id": "Indonesian", "it": "Italian",
    "ja": "Japanese", "ko": "Korean", "lt": "Lithuanian", "lv": "Latvian", "mn": "Mongolian", "nl": "Dutch",
    "no": "Norwegian", "pl": "Polish", "pt": "Portuguese", "ro": "Romanian", "ru": "Russian", "sk": "Slovak",
    "sl": "Slovenian", "sv": "Swedish", "sw": "Swahili", "ta": "Tamil", "th": "Thai", "tr": "Turkish",
    "uk": "Ukrainian", "vi": "Vietnamese", "zh": "Chinese",
}  # fmt: skip
_BY_NAME = {v.casefold(): v for v in NAMES.values()} | {"mandarin": "Chinese", "farsi": "Persian"}
ALIKE: tuple[frozenset[str], ...] = tuple(
    frozenset(g.split())
    for g in (
        "Spanish Portuguese Italian Catalan",
        "Danish Norwegian Swedish",
        "Czech Slovak Polish Slovenian",
        "Russian Ukrainian",
        "German Dutch",
        "Finnish Estonian",
        "Hindi Bengali",
    )
)
"""Languages that a listener might take for one another; never offered together."""
COMMON = ("English", "German", "French", "Spanish", "Italian", "Russian", "Chinese", "Japanese", "Arabic", "Turkish")


def language_name(code: str | None) -> str | None:
    """The English name of a language by code or name, or None.

    >>> language_name("fr-FR"), language_name("zh_CN"), language_name("german"), language_name("xx")
    ('French', 'Chinese', 'German', None)
    """
    if not code:
        return None
    text = code.strip().casefold()
    return _BY_NAME.get(text) or NAMES.get(text.replace("_", "-").split("-")[0])


def alike(a: str, b: str) -> bool:
    """Whether two language names are one, or easily taken for one another."""
    return a == b or any(a in g and b in g for g in ALIKE)
