"""Decoding that cannot leave the format: a guide that lets a model write only well-formed chains, in bounded sections.

Decision: the model chooses every token, also those of the tags, among the tokens that keep to the form; nothing is
written for it. So a model that knows the format writes what it would have written, and one that does not still ends
with five sections. Tokens are counted as they are made, tags included: the guide knows how many are left, and begins to
close sections while there are still enough of them to complete the chain. A section that reaches its own budget is
closed in the same way.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

from audio_reasoner.core.errors import ConfigError, InputError
from audio_reasoner.inference.answer import Budgets
from audio_reasoner.inference.grammar import Grammar, State, Text
from audio_reasoner.inference.prefix import Vocabulary
from audio_reasoner.inference.token_classes import TokenClasses, TokenSet

Constrain: TypeAlias = 'bool | Literal["option"]'
"""False: free; True: a well-formed chain; "option": and RESPONSE is exactly one of the options, if there are any."""
_MOST_KEPT = 256


class Formats:
    """The grammars of one model: made once for each list of options.

    Args:
        vocabulary: the tokens' bytes.
        size: number of the model's outputs.
    """

    def __init__(self, vocabulary: Vocabulary, size: int) -> None:
        self.vocabulary = vocabulary
        self._size = size
        self._classes: TokenClasses | None = None
        self._grammars: dict[tuple[str, ...], Grammar] = {}

    def grammar(self, options: Sequence[str] = ()) -> Grammar:
        """The form of an answer; with options, of one that names one of them."""
        if self._classes is None:
            self._classes = TokenClasses(self.vocabulary, self._size)
        key = tuple(options)
        if key not in self._grammars:
            if len(self._grammars) >= _MOST_KEPT:
                self._grammars.pop(next(iter(self._grammars)))
            self._grammars[key] = Grammar(self._classes, key)
        return self._grammars[key]


class FormatGuide:
    """Keeps one answer within the format (`generate.Guide`).

    Args:
        grammar: the form; shared by any number of guides.
        most: most tokens of the answer.
        budgets: most tokens of each section.
        begun: the bytes of a beginning that is already in the prompt.
        must: the bytes that the first tokens must spell; those that do nothing else do not count.

    Raises:
        InputError: `prefix.bad_form`: no well-formed chain begins so.
        ConfigError: `ask.too_few_tokens`: no chain can be completed in so many tokens.
    """

    def __init__(
        self, grammar: Grammar, most: int, budgets: Budgets | None = None, begun: bytes = b"", must: bytes = b""
    ) -> None:
        self._grammar = grammar
        state = grammar.walk(grammar.start, begun)
        after = grammar.walk(state, must) if state is not None else None
        if state is None or after is None:
            raise InputError(
                "no well-formed chain begins as the answer must begin.",
                code="prefix.bad_form",
                hint="Ask without `constrain`, or mend the beginning.",
            )
        least = grammar.needed(after)
        if most < least:
            raise ConfigError(
                f"{most} new tokens are too few for a well-formed answer; it needs at least {least}.",
                code="ask.too_few_tokens",
                hint="Raise `max_new_tokens` (--max-new-tokens), or ask without `constrain`.",
            )
        self._state: State = state
        self._must = must
        self._left = most
        self._budgets = dict(budgets.given()) if budgets is not None else {}
        self._spent: dict[str, int] = {}
        self.hurried = False
        """Whether sections had to be closed for want of tokens."""
        self.shortened: list[str] = []
        """The sections that were closed, for that reason or because of their budgets."""

    @property
    def over(self) -> bool:
        """Whether the answer is complete."""
        return self._grammar.over(self._state)

    def allowed(self) -> Sequence[int] | None:
        """The only tokens that may come next; None where `banned` tells."""
        state, grammar = self._state, self._grammar
        if self._must:
            return self._beginning()
        section = grammar.section(state)
        if section is None:
            return self._given()
        if not self._closes(section):
            return grammar.completing(state) if state.pending else None
        if state.pending:
            return grammar.completing(state, only=True)
        if not state.solid:
            return None
        return self._affordable(grammar.closing(state))

    def banned(self) -> Sequence[int] | None:
        """The tokens that must not come next; None where `allowed` tells."""
        state, grammar = self._state, self._grammar
        section = grammar.section(state)
        if self._must or section is None or state.pending:
            return None
        if not self._closes(section):
            return grammar.banned(state)
        return None if state.solid else grammar.words(state)

    def take(self, token: int) -> bool:
        """Go on by a token.

        Raises:
            RuntimeError: it was not one of those that may come.
        """
        section = self._grammar.section(self._state)
        after = self._grammar.take(self._state, token)
        if after is None:
            raise RuntimeError(f"token {token} leaves the format")
        self._state = after
        if self._must:
            said = len(self._grammar.classes.vocabulary.bytes_of(token))
            inside = said <= len(self._must)
            self._must = self._must[said:]
            if inside:
                return True
        self._left -= 1
        if section is not None:
            self._spent[section.section] = self._spent.get(section.section, 0) + 1
        return False

    def _closes(self, section: Text) -> bool:
        """Whether the section must come to its end now."""
        grammar, state = self._grammar, self._state
        short = self._left <= grammar.most_needed[state.part]
        budget = self._budgets.get(section.section)
        full = budget is not None and self._spent.get(section.section, 0) >= budget
        if not short and not full:
            return False
        if not grammar.is_closing(state):
            self.hurried = self.hurried or short
            if section.section not in self.shortened:
                self.shortened.append(section.section)
        return True

    def _given(self) -> TokenSet | Sequence[int]:
        grammar, state = self._grammar, self._state
        if self._left > 2 * grammar.most_needed[state.part]:
            return grammar.whole_tag(state) or grammar.spelling(state)
        return self._affordable(grammar.spelling(state))

    def _affordable(self, tokens: TokenSet) -> Sequence[int]:
        """Those of the tokens after which enough are left to complete the answer."""
        grammar, state = self._grammar, self._state
        if self._left > 1 + grammar.most_needed[state.part]:
            return tokens
        out = []
        for token in tokens:
            after = grammar.take(state, token)
            if after is not None and grammar.needed(after) < self._left:
                out.append(token)
        return out

    def _beginning(self) -> Sequence[int]:
        grammar, state = self._grammar, self._state
        out = []
        for token in grammar.classes.vocabulary.agreeing(self._must):
            after = grammar.take(state, token)
            inside = len(grammar.classes.vocabulary.bytes_of(token)) <= len(self._must)
            if after is not None and (inside or grammar.needed(after) < self._left):
                out.append(token)
        return out
