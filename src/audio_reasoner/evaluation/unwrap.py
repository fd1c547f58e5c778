"""Takes a translation out of the words a chatty model wraps it in.

Decision: a short, closed list of wrappings, each removed only if it encloses or precedes the whole reply, and each
removal named; nothing inside the translation is touched and nothing is chosen among several candidates. So the
*extracted* score tells what wrapping costs, and a reader can see row by row what was taken off.
"""

from __future__ import annotations

import re

_FENCE = re.compile(r"```[\w+-]*[ \t]*\n(.*?)\n?[ \t]*```", re.DOTALL)
_TOKEN = re.compile(r"(?:<\|[\w-]{1,40}\|>\s*)+")
_LANGUAGE = r"(?:(?:simplified|traditional|mandarin)\s+)?(?:english|chinese|mandarin)"
_LABEL = re.compile(
    r"(?:(?:sure|certainly|of course|okay|ok)\b[^\w\n:]*\s*)?"
    r"(?:here(?:'s|’s|\s+is|\s+are)\s+)?(?:the\s+|my\s+|a\s+)?"
    rf"(?:(?:final|correct|direct|literal)\s+)?(?:{_LANGUAGE}\s+)?"
    r"(?:translation|translated\s+(?:text|sentence|version)|answer|response)"
    rf"(?:\s+(?:of|for)\s+(?:the|this)\s+(?:audio|speech|sentence|clip|recording|text)(?:\s+clip)?)?"
    rf"(?:\s*[(（]?\s*(?:in|into|to)\s+{_LANGUAGE}[)）]?)?"
    r"(?:\s+(?:is|reads|would\s+be|goes)(?:\s+as\s+follows)?)?\s*[:：]\s*",
    re.IGNORECASE,
)
_CHINESE_LABEL = re.compile(
    r"(?:好的[，,。!！]?\s*)?(?:以下是|这是)?(?:这句话的|该句的|音频的|语音的|英文的|中文的)?"
    r"(?:中文|英文|英语|汉语)?(?:翻译|译文|译为|答案|回答)(?:结果|如下|是|为)*\s*[:：]\s*"
)
_BARE_LANGUAGE = re.compile(rf"(?:{_LANGUAGE}|中文|英文|英语|汉语)\s*[:：]\s*", re.IGNORECASE)
_LABELS = (_LABEL, _CHINESE_LABEL, _BARE_LANGUAGE)
_BOLD_LABEL = re.compile(r"\*\*([^*\n]{1,80}?)(?:\*\*\s*[:：]|[:：]\s*\*\*)\s*")
_BOLD = re.compile(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1", re.DOTALL)
_QUOTES = {
    '"': '"',
    "'": "'",
    "“": "”",
    "‘": "’",
    "「": "」",
    "『": "』",
    "«": "»",
    "`": "`",
    "”": "”",
    "„": "“",
    "＂": "＂",
}
MOST_LAYERS = 8


def quoted(text: str) -> bool:
    """Whether the whole text stands in one pair of quotation marks."""
    return _unquote(text.strip()) is not None


def _unquote(text: str) -> str | None:
    close = _QUOTES.get(text[:1])
    if close is None or len(text) < 3 or text[-1] != close:
        return None
    inner = text[1:-1]
    # '"Yes," he said, "no"' begins and ends with quotation marks, but not with one pair.
    if text[0] in inner or close in inner or not inner.strip():
        return None
    return inner.strip()


def unwrap(reply: str, keep_quotes: bool = False) -> tuple[str, tuple[str, ...]]:
    """The reply without its wrapping, and the names of what was taken off, outermost first.

    Names: "fence" (a code fence around all), "token" (special tokens in front), "label" ("Translation:", "译文："),
    "bold", "quotes". White space at both ends goes too, unnamed.

    Args:
        reply: a RESPONSE body.
        keep_quotes: the sentence to be translated is itself in quotation marks, so they belong to the translation.

    >>> unwrap('Sure! Here is the translation: "我喜歡狗。"')
    ('我喜歡狗。', ('label', 'quotes'))
    """
    text = reply.strip()
    off: list[str] = []
    for _ in range(MOST_LAYERS):
        taken = _layer(text, keep_quotes)
        if taken is None:
            break
        text, name = taken
        off.append(name)
    return text, tuple(off)


def _layer(text: str, keep_quotes: bool) -> tuple[str, str] | None:
    fence = _FENCE.fullmatch(text)
    if fence is not None and "```" not in fence[1]:
        return fence[1].strip(), "fence"
    bold = _BOLD.fullmatch(text)
    if bold is not None and bold[1] not in bold[2]:
        return bold[2].strip(), "bold"
    token = _TOKEN.match(text)
    if token is not None and text[token.end() :].strip():
        return text[token.end() :].strip(), "token"
    end = _label_end(text)
    if text[end:].strip() and end:
        return text[end:].strip(), "label"
    if not keep_quotes:
        inner = _unquote(text)
        if inner is not None:
            return inner, "quotes"
    return None


def _label_end(text: str) -> int:
    """Where a label at the beginning ends; 0 without one."""
    bold = _BOLD_LABEL.match(text)
    if bold is not None and any(pattern.fullmatch(f"{bold[1]}:") for pattern in _LABELS):
        return bold.end()
    return next((found.end() for pattern in _LABELS if (found := pattern.match(text)) is not None), 0)
