"""How numbers and words are written in a report: one place, so that every page says "12,345" and "3.4%" alike."""

from __future__ import annotations

import re

# Chinese, Japanese and Korean text has no spaces between words. A character counts as one word there, so that a Chinese
# chain is not reported as "3 words".
_WORD = re.compile(
    r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]|[^\s\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]+"
)


def words(text: str) -> int:
    """Number of words: runs without white space; a CJK character counts as one.

    >>> words("the dog barks"), words("狗叫 twice")
    (3, 3)
    """
    # The regular expression is four times as slow, and a report counts millions of sections.
    return len(text.split()) if text.isascii() else len(_WORD.findall(text))


def count(n: int | float) -> str:
    """An integer with thousands separators; a fraction with one decimal.

    >>> count(12345), count(3.25)
    ('12,345', '3.2')
    """
    return f"{n:,}" if isinstance(n, int) else f"{n:,.1f}"


def share(part: float, whole: float) -> str:
    """A percentage with one decimal, or a dash when there is nothing to divide by. Never rounds a rest away.

    >>> share(1, 3), share(0, 0), share(99999, 100000), share(1, 100000)
    ('33.3%', '–', '> 99.9%', '< 0.1%')
    """
    if whole <= 0:
        return "–"
    percent = 100 * part / whole
    if percent == 100 or percent == 0:
        return f"{percent:.0f}%"
    if percent >= 99.95:
        return "> 99.9%"
    if percent < 0.05:
        return "< 0.1%"
    return f"{percent:.1f}%"


def seconds(s: float) -> str:
    """A duration for reading.

    >>> seconds(4.2), seconds(185), seconds(7300), seconds(0.05)
    ('4.2 s', '3 min 05 s', '2.0 h', '0.05 s')
    """
    if s < 1:
        return f"{s:.2f} s"
    if s < 59.95:
        return f"{s:.1f} s"
    if s < 3600:
        whole = round(s)
        return f"{whole // 60} min {whole % 60:02d} s" if whole < 3600 else "1.0 h"
    return f"{s / 3600:,.1f} h"


def size(n: int) -> str:
    """Bytes for reading, in powers of 1000.

    >>> size(999), size(25_300_000)
    ('999 B', '25.3 MB')
    """
    if n < 1000:
        return f"{n} B"
    value = float(n)
    for unit in ("kB", "MB", "GB"):
        value /= 1000
        if value < 999.95 or unit == "GB":
            break
    return f"{value:,.1f} {unit}"


def shorten(text: str, limit: int) -> str:
    """The text on one line, cut to `limit` characters with an ellipsis.

    >>> shorten("a  long\\nname", 7)
    'a long…'
    """
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


# Control codes other than line feed and tab, and the marks that reverse the reading direction of what follows them.
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    """The text without anything that steers a terminal; what was there is shown as �.

    >>> printable("a\x1b[31mb")
    'a�[31mb'
    """
    return _UNPRINTABLE.sub("�", text)
