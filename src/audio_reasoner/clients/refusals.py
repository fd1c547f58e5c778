"""Replies that are no answers: refusals, error messages of servers, echoes of the prompt.

Decision: such text once stood inside published chains of other data sets, so it has names here. A refusal is looked
for only at the beginning of a reply that has not the asked form, or in what claims to describe the sound: a speaker in
a clip may well say "I'm sorry, I cannot come".
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_HEAD = 240
_APOLOGY = (
    r"(?:i['’]?m|i am|we['’]?re|we are)\s+(?:\w+\s+)?(?:sorry|afraid|unable|not able)|sorry,|my apologies|"
    r"i apologi[sz]e|unfortunately|"
    r"as an? (?:\w+\s+)?(?:ai\b|a\.i\.|artificial|(?:large )?language model|text|assistant)|"
    r"i (?:can['’]?t|cannot|can not|won['’]?t|will not|must decline)|"
    r"i do(?:n['’]t| not) have (?:the )?(?:ability|access)|"
    r"lo siento|lamento|no puedo|como (?:una? )?(?:ia|modelo)|"
    r"je suis désolée?|désolée?|je ne (?:peux|suis) pas|en tant qu(?:e|['’])|malheureusement|"
    r"es tut mir leid|tut mir leid|leider|ich kann (?:\w+ ){0,4}nicht|als (?:ki|sprachmodell)|"
    r"mi dispiace|non posso|purtroppo|sinto muito|desculpe|não posso|infelizmente|"
    r"к сожалению|извините|простите|я не могу|"
    r"抱歉|很抱歉|对不起|對不起|我无法|我無法|我不能|作为(?:一个|一個)?(?:ai|人工智能|语言模型)|"
    r"申し訳|すみません|できません|죄송|할 수 없"
)
# No quotation mark in front: a caption may begin with what somebody says.
_REFUSAL = re.compile(rf"^[\s*#>_-]*(?:{_APOLOGY})", re.IGNORECASE)
# What a model says about its own ears. Whole phrases, and not right behind a quotation mark: "cannot hear" alone may be
# somebody's line in a clip.
_DEAF = re.compile(
    r"(?<![\"“„‘'«])(?:"
    r"\bas an? (?:ai|artificial intelligence|(?:large )?language model|text[- ]based)\b|"
    r"\bi (?:can['’]?t|cannot|can not|am unable to|am not able to|do(?:n['’]t| not) have the ability to) "
    r"(?:actually |directly )?(?:listen to|hear|access|process|play|analy[sz]e) (?:the |this |any |your |provided )*"
    r"(?:audio|recording|sound file)|"
    r"\bno (?:audio|sound file|recording)(?: file| clip)? (?:was|has been|is) (?:provided|attached|given|included)|"
    r"\bplease (?:provide|upload|attach|share) (?:the |an |your )?(?:audio|recording|clip)|"
    r"我(?:无法|無法|不能)(?:直接)?(?:听|聽|访问|訪問|处理|處理)(?:到)?(?:音频|音頻)|"
    r"\bno puedo (?:escuchar|oír|acceder|procesar) (?:el |este |al )?audio|"
    r"\bje ne peux pas (?:écouter|entendre|accéder|traiter)(?: à)? (?:l['’]|cet |le )audio|"
    r"\bich kann (?:die |keine |das )?(?:audio\w*|aufnahme\w*) nicht)",
    re.IGNORECASE,
)
_ERROR = re.compile(
    r"^\W*(?:<!doctype|<html|internal server error|bad gateway|service unavailable|gateway time-?out|too many requests|"
    r"rate limit|(?:error|http)[ :]+[45]\d\d\b|traceback \(most recent call last\)|upstream (?:connect )?error|"
    r"\{\s*\"?(?:error|errors|detail)\"?\s*:|request timed out|context length exceeded)",
    re.IGNORECASE,
)
_ERROR_INSIDE = re.compile(
    r"\{\s*[\"'](?:error|errors)[\"']\s*:|internal server error|traceback \(most recent call last\)|<!doctype html|"
    r"rate limit (?:reached|exceeded)|you exceeded your current quota",
    re.IGNORECASE,
)
ECHO_WORDS = 14
"""A run of this many words of the instructions inside a reply is an echo of the prompt."""


def is_refusal(reply: str) -> bool:
    """Whether a reply without the asked form declines the task."""
    head = reply.strip()[:_HEAD]
    return bool(_REFUSAL.search(head) or _DEAF.search(head))


def is_deaf(text: str) -> bool:
    """Whether a caption or a section speaks of the model's own inability to hear."""
    return bool(_DEAF.search(text))


def is_error(reply: str) -> bool:
    """Whether a reply is a server's error message."""
    return bool(_ERROR.search(reply.strip()[:_HEAD]))


def has_error(text: str) -> bool:
    """Whether a section holds a server's error message."""
    return bool(_ERROR_INSIDE.search(text))


def word_runs(text: str) -> frozenset[tuple[str, ...]]:
    """All runs of `ECHO_WORDS` words of a text."""
    words = re.findall(r"\w+", text.casefold())
    return frozenset(tuple(words[i : i + ECHO_WORDS]) for i in range(len(words) - ECHO_WORDS + 1))


def echoed(instructions: frozenset[tuple[str, ...]], texts: Iterable[str]) -> str:
    """The first run of words of the instructions that stands in one of the texts, or an empty string."""
    for text in texts:
        words = re.findall(r"\w+", text.casefold())
        for i in range(len(words) - ECHO_WORDS + 1):
            if (run := tuple(words[i : i + ECHO_WORDS])) in instructions:
                return " ".join(run)
    return ""
