"""What a text tells before it is spoken: whether a voice of its language can read it, and about how long it takes.

Decision: nobody is asked to speak what cannot be spoken. A Chinese line in an English voice comes out as "Chinese
letter, Chinese letter", and an emoji is skipped or read out by its name; the words of the timeline would not be the
words of the sound. So letters of another writing system and pictures are refused by name, before any call.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_SCRIPTS: Final[dict[str, tuple[str, ...]]] = {
    "zh": ("CJK",),
    "cmn": ("CJK",),
    "yue": ("CJK",),
    "ja": ("CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA"),
    "ko": ("HANGUL", "CJK"),
    **dict.fromkeys(("ru", "uk", "bg", "be", "mk", "sr", "kk", "ky", "tt", "ba", "cv"), ("CYRILLIC",)),
    "el": ("GREEK",),
    **dict.fromkeys(("ar", "fa", "ur", "sd", "ug"), ("ARABIC",)),
    "he": ("HEBREW",),
    **dict.fromkeys(("hi", "mr", "ne", "kok"), ("DEVANAGARI",)),
    **{"bn": ("BENGALI",), "as": ("BENGALI",), "pa": ("GURMUKHI",), "gu": ("GUJARATI",), "or": ("ORIYA",)},
    **{"ta": ("TAMIL",), "te": ("TELUGU",), "kn": ("KANNADA",), "ml": ("MALAYALAM",), "si": ("SINHALA",)},
    **{"th": ("THAI",), "my": ("MYANMAR",), "am": ("ETHIOPIC",), "ka": ("GEORGIAN",), "hy": ("ARMENIAN",)},
}
"""Writing systems of languages that are not written in Latin letters, by the first word of Unicode's names."""
_ANYWHERE: Final = ("FEMININE", "MASCULINE", "MODIFIER")
_PICTURES: Final = ("So", "Sk", "Cn", "Co", "Cs")
_SPOKEN_SIGNS: Final = "°©®№´¨¸¯"
_SYLLABIC: Final = {"CJK": 0.24, "HANGUL": 0.19, "HIRAGANA": 0.14, "KATAKANA": 0.14}
"""Seconds that one sign takes."""
SECONDS_PER_LETTER: Final = 0.066
"""About 15 letters and spaces in a second, which is 170 words in a minute."""
SECONDS_PER_DIGIT: Final = 0.32


def base_of(language: str) -> str:
    """The language of a tag without its region.

    >>> base_of("pt-BR")
    'pt'
    """
    return language.split("-")[0].lower()


def _system(char: str) -> str:
    return unicodedata.name(char, "UNNAMED").split()[0]


def unspeakable(text: str, language: str) -> str | None:
    """Why a voice of this language cannot read the text; None if it can.

    >>> unspeakable("你好", "en")
    "'你' is not written in the letters of 'en'"
    >>> unspeakable("See you at six.", "en") is None
    True
    """
    if not any(c.isalnum() for c in text):
        return "there is no word in it"
    allowed = (*_SCRIPTS.get(base_of(language), ()), "LATIN", *_ANYWHERE)
    for char in text:
        if char.isascii():
            continue
        category = unicodedata.category(char)
        if category.startswith("L") and _system(char) not in allowed:
            return f"{char!r} is not written in the letters of {language!r}"
        if category in _PICTURES and char not in _SPOKEN_SIGNS:
            return f"{char!r} is a picture, not a word"
    return None


def expected_seconds(text: str) -> float:
    """About how long the text takes at 170 words a minute, by its letters, digits and pauses.

    >>> 2.0 < expected_seconds("I think we should turn back before the weather changes.") < 4.5
    True
    """
    total = 0.0
    for char in text:
        if char.isdigit():
            total += SECONDS_PER_DIGIT
        elif char.isascii():
            total += SECONDS_PER_LETTER
        else:
            total += _SYLLABIC.get(_system(char), SECONDS_PER_LETTER)
    return total + 0.25 * len(re.findall(r"[.!?…。！？;:]+\s", text))
