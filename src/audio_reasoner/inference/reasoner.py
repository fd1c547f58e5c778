"""`Reasoner`: a trained model that answers a question about audio with a chain.

Decision: one object, three ways to ask (one question, many side by side, piece by piece as it is written), all
through the same prompt and the same decoding, so that they give the same words. Decoding is greedy unless `Sampling`
is given: an answer is a function of the model, the sound and the question (and of a seed). Audio over the 30 seconds
that the model hears at once is refused unless the caller says what is meant: what a cut clip's answer would be about is
not ours to choose. So is a prompt that does not fit the model's context: past its last position a model gives no error
but words without sense.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeAlias

from audio_reasoner.core import ids as names
from audio_reasoner.core.chain import ChainStream, SectionDelta, parse_chain, response_body
from audio_reasoner.core.choices import match_option, render_question
from audio_reasoner.core.errors import ConfigError, InputError
from audio_reasoner.inference import hearing
from audio_reasoner.inference.answer import Answer, Budgets, Timings, mean_in_response, sha_of_system
from audio_reasoner.inference.constrain import Constrain, FormatGuide, Formats
from audio_reasoner.inference.generate import Guide, Heard, Prompt, Sampling, Token, decode
from audio_reasoner.inference.grammar import option_texts
from audio_reasoner.inference.hearing import Over30
from audio_reasoner.inference.history import Earlier, check_text, earlier_turns
from audio_reasoner.inference.making import Audio, Row, Watch, Words, each, samples_of
from audio_reasoner.inference.prefix import Pieces, Spelling, Vocabulary
from audio_reasoner.models import features, qwen2_audio
from audio_reasoner.models.chat import ChatFormat, trained_system

if TYPE_CHECKING:
    from audio_reasoner.inference.votes import Vote

SETTINGS_NAME = "audio_reasoner.json"
"""Written beside a trained model: how it was prompted in training."""
MAX_NEW_TOKENS = 2048
END = "</RESPONSE>"
SYSTEM = (
    "You answer questions about audio. First think inside <THINK>, in four parts: <PLANNING> says how to proceed, "
    "<CAPTION> describes what is heard, <REASONING> works towards the answer, <SUMMARY> concludes. Then answer inside "
    "<RESPONSE>."
)
"""System message for a model that was not trained here and so does not say how it wants to be prompted."""

Request: TypeAlias = "tuple[Audio | Sequence[Audio] | None, str, Sequence[str] | None]"
"""What is heard (nothing at all, one recording, or several in order), the question, its options."""
_QUESTION_ROOM = 256
"""Tokens left to the question and the chat's frame when it is decided how much audio fits."""


class Reasoner:
    """A loaded model. Make one with `from_pretrained`.

    >>> reasoner = Reasoner.from_pretrained("models/tiny")  # doctest: +SKIP
    >>> reasoner.ask(Path("clip.wav"), "Which sound comes first?", ["dog", "bell"]).option.index  # doctest: +SKIP
    1
    """

    def __init__(self, model: Any, processor: Any, system: str | None = None) -> None:
        self.model = model
        self.processor = processor
        self.system = system
        self.system_sha = sha_of_system(system)
        self.format = ChatFormat(processor, system)
        tokenizer = processor.tokenizer
        self.stop_ids = frozenset(
            i for i in (self.format.end_id, tokenizer.eos_token_id, tokenizer.pad_token_id) if i is not None
        )
        self._pieces = Pieces(tokenizer)
        self._formats: Formats | None = None
        self.pad_id = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else self.format.end_id

    @classmethod
    def from_pretrained(
        cls, path: str | Path, device: str | None = None, dtype: str | None = None, system: str | None = None
    ) -> Self:
        """Load a model directory (or `org/name` from the Hugging Face hub).

        Args:
            path: the model.
            device: cpu, cuda, cuda:N or mps; None picks a GPU if there is one.
            dtype: float32, bfloat16 or float16; None is bfloat16 on a GPU and float32 on the CPU.
            system: the system message to ask it under; None is the one it was trained under, or our own request for the
                five sections if the model does not say.

        Raises:
            InputError: the model is missing, incomplete or of another architecture; nothing else is loaded in its
            place.
        """
        loaded = qwen2_audio.load(path, device, dtype)
        own = trained_system(qwen2_audio.resolve(path), SYSTEM)
        return cls(loaded.model, loaded.processor, own if system is None else system)

    def ask(
        self,
        audio: Audio | Sequence[Audio] | None,
        question: str,
        options: Sequence[str] | None = None,
        max_new_tokens: int = MAX_NEW_TOKENS,
        *,
        history: Sequence[Earlier] | None = None,
        sampling: Sampling | None = None,
        constrain: Constrain | None = None,
        budgets: Budgets | None = None,
        over_30s: Over30 = "refuse",
    ) -> Answer:
        """Answer one question.

        Args:
            audio: mono samples at 16 kHz, or a file; several of them in one prompt; None for no audio part at all.
            question: the question without its options.
            options: the options to choose from, if any.
            max_new_tokens: most tokens to generate.
            history: earlier turns about the same audio, oldest first: (question, options, its `Answer` or response). Of
                an answer only the RESPONSE is read, never what was thought.
            sampling: how tokens are drawn; None is greedy.
            constrain: True: the answer is a well-formed chain whatever the model would say; "option": and its RESPONSE
                is exactly one of the options, if there are any. None is False, or True where there are budgets.
            budgets: most tokens of each section, for constrained answers.
            over_30s: what to do with a clip over 30 seconds, see `hearing.cut`.

        Raises:
            InputError: audio that is missing, unreadable, too short, or longer than 30 seconds; an empty question; a
                prompt that does not fit the model's context (``question.too_long``); a history without responses.
            ConfigError: `ask.too_few_tokens`: no constrained answer can be so short; `ask.constrain`: a constraint that
                is none, or budgets without one.
        """
        return self.ask_batch(
            [(audio, question, options)],
            max_new_tokens,
            sampling=sampling,
            histories=[history],
            constrain=constrain,
            budgets=budgets,
            over_30s=over_30s,
        )[0]

    def ask_batch(
        self,
        requests: Sequence[Request],
        max_new_tokens: int = MAX_NEW_TOKENS,
        *,
        sampling: Sampling | Sequence[Sampling] | None = None,
        prefixes: Sequence[str] | None = None,
        histories: Sequence[Sequence[Earlier] | None] | None = None,
        constrain: Constrain | Sequence[Constrain | None] | None = None,
        budgets: Budgets | Sequence[Budgets | None] | None = None,
        over_30s: Over30 = "refuse",
        finished: Callable[[int, Answer], None] = lambda _number, _answer: None,
        wanted: Callable[[int], bool] = lambda _number: True,
    ) -> list[Answer]:
        """Answer many questions side by side, in order. Questions that share a recording encode it once.

        Args:
            requests: audio (None for no audio part at all, or a list for several recordings in one prompt), question,
                options.
            max_new_tokens: most tokens to generate per answer.
            sampling: how tokens are drawn; None is greedy. Row `i` draws from random numbers of its own that depend on
                the seed and on `i` alone. A list gives each row its own, which then depends on its seed alone: so a row
                keeps its answer in another batch.
            prefixes: what each answer must begin with ("" for nothing); it is continued, and part of `text`.
            histories: the earlier turns of each request, None for none.
            constrain: as in `ask`, for all or one for each request.
            budgets: as in `ask`, for all or one for each request.
            over_30s: what to do with clips over 30 seconds.
            finished: told the number of each request and its answer as soon as it is over.
            wanted: asked, token by token, about every request that is still being answered; False abandons it.

        Raises:
            InputError: as `ask`; a prefix with a control token, of no valid text, or that no constrained answer begins
                with (``prefix.*``).
            ConfigError: as `ask`; `ask.lengths`: a list that is not as long as the requests.
        """
        if not requests:
            return []
        watch = Watch()
        rows = self._rows(
            requests,
            sampling,
            prefixes,
            histories=histories,
            constrain=constrain,
            budgets=budgets,
            over_30s=over_30s,
            max_new_tokens=max_new_tokens,
            watch=watch,
        )
        for number, row in enumerate(rows):
            if row.finished:
                finished(number, self._answer(row, watch))

        def closed(number: int) -> None:
            finished(number, self._answer(rows[number], watch))

        for _ in self._generate(rows, max_new_tokens, watch, wanted, closed):
            pass
        return [self._answer(row, watch) for row in rows]

    def stream(
        self,
        audio: Audio | Sequence[Audio] | None,
        question: str,
        options: Sequence[str] | None = None,
        max_new_tokens: int = MAX_NEW_TOKENS,
        *,
        history: Sequence[Earlier] | None = None,
        sampling: Sampling | None = None,
        constrain: Constrain | None = None,
        budgets: Budgets | None = None,
        over_30s: Over30 = "refuse",
    ) -> Iterator[SectionDelta | Answer]:
        """Yield the sections' text as it is written, then the whole `Answer`, with the words that `ask` returns."""
        watch = Watch()
        rows = self._rows(
            [(audio, question, options)],
            sampling,
            histories=[history],
            constrain=constrain,
            budgets=budgets,
            over_30s=over_30s,
            max_new_tokens=max_new_tokens,
            watch=watch,
        )
        words, chain = Words(self.processor.tokenizer), ChainStream()
        for token in self._generate(rows, max_new_tokens, watch):
            yield from chain.feed(words.feed(token.id))
        yield from chain.feed(words.finish())
        chain.finish()
        yield from chain.tail
        yield self._answer(rows[0], watch)

    def vote(
        self,
        audio: Audio | Sequence[Audio] | None,
        question: str,
        options: Sequence[str] | None = None,
        k: int = 8,
        sampling: Sampling | None = None,
        max_new_tokens: int = MAX_NEW_TOKENS,
        **more: Any,
    ) -> Vote:
        """Ask one question k times from one shared prefill and count what the answers mean: see `votes.vote`."""
        from audio_reasoner.inference import votes

        return votes.vote(self, audio, question, options, k, sampling, max_new_tokens, **more)

    def _rows(
        self,
        requests: Sequence[Request],
        sampling: Sampling | Sequence[Sampling] | None = None,
        prefixes: Sequence[str] | None = None,
        *,
        histories: Sequence[Sequence[Earlier] | None] | None = None,
        constrain: Constrain | Sequence[Constrain | None] | None = None,
        budgets: Budgets | Sequence[Budgets | None] | None = None,
        over_30s: Over30 = "refuse",
        max_new_tokens: int = MAX_NEW_TOKENS,
        watch: Watch | None = None,
    ) -> list[Row]:
        """Each request as an answer about to be made. Recordings given twice are read once."""
        count = len(requests)
        watch = watch or Watch()
        samplings = each(sampling, Sampling, count, "samplings")
        begins = each(prefixes, (), count, "prefixes")
        turns = each(histories, (), count, "histories")
        constraints = each(constrain, (bool, str), count, "constraints")
        limits = each(budgets, Budgets, count, "budgets")
        known: dict[object, tuple[Heard, ...]] = {}
        room = hearing.room_for_audio(self.model.config, max_new_tokens + _QUESTION_ROOM)

        def hear(audio: Audio) -> tuple[Heard, ...]:
            key: object = str(audio) if isinstance(audio, str | Path) else id(audio)
            if key not in known:
                name = str(audio) if isinstance(audio, str | Path) else "audio"
                pcm = samples_of(audio)
                pieces = hearing.cut(pcm, over_30s, room if len(pcm) > hearing.MAX_SAMPLES else None, name)
                known[key] = tuple(Heard(features.log_mel(pcm), features.frames_of(len(pcm))) for pcm in pieces)
            return known[key]

        rows: list[Row] = []
        for i, (audio, question, options) in enumerate(requests):
            if not question.strip():
                raise InputError("the question is empty.", code="question.empty")
            several = audio if isinstance(audio, list | tuple) else () if audio is None else (audio,)
            if audio is not None and not several:
                raise InputError("an empty list of recordings was given.", code="audio.missing")
            heard = tuple(h for a in several for h in hear(a))
            tokens = [features.audio_tokens_of(h.frames) for h in heard]
            chosen = tuple(options or ())
            asked = render_question(question, chosen)
            option_texts(chosen)  # refuses those that no answer could name
            check_text(asked, "the question")
            ids = self.format.prompt(asked, tokens, earlier_turns(turns[i]))
            # Before anything is planned for options that are too long to be asked at all.
            self._check_room(len(ids), sum(tokens), max_new_tokens)
            prefix = begins[i] or ""
            before = watch.now()
            begun, guide = self._guide(prefix, chosen, constraints[i], limits[i], max_new_tokens)
            watch.planned += watch.now() - before
            # What the model spells itself of a beginning takes no more positions than it has bytes.
            rest = len(prefix.encode()) - sum(len(self._pieces.bytes_of(t)) for t in begun)
            self._check_room(len(ids) + len(begun) + rest, sum(tokens), max_new_tokens)
            row_sampling = samplings[i]
            numbers = None
            if row_sampling is not None:
                own = i if isinstance(sampling, Sampling) else 0
                numbers = random.Random(names.derive_seed(row_sampling.seed, "sampling", own))
            row = Row(Prompt([*ids, *begun], heard, guide, row_sampling, numbers), sum(tokens), chosen)
            row.ids, row.fed = list(begun), len(begun)
            if END in prefix:
                # Nothing is left to say; what the model would have spelled is taken as it is.
                row.ids = self.format.answer(prefix)[:-1]
                row.fed, row.finished, row.ended = len(row.ids), True, True
            rows.append(row)
        return rows

    def _check_room(self, prompt: int, audio: int, max_new_tokens: int) -> None:
        if max_new_tokens < 1:
            raise ConfigError(f"{max_new_tokens} new tokens; expected at least 1.", code="ask.too_few_tokens")
        config = getattr(self.model.config, "text_config", self.model.config)
        context = int(config.max_position_embeddings)
        if prompt + max_new_tokens > context:
            heard = f", {audio} of them audio," if audio else ""
            raise InputError(
                f"the prompt has {prompt} tokens{heard} and the answer may have {max_new_tokens}; the model's context "
                f"holds {context}.",
                code="question.too_long",
                hint="Shorten the question, its history or the system message, or allow fewer new tokens.",
            )

    def least_new_tokens(self, options: Sequence[str] = ()) -> int:
        """The fewest `max_new_tokens` of a constrained answer; with options, of one that must name one of them."""
        grammar = self._format().grammar(options)
        return grammar.needed(grammar.start)

    def _format(self) -> Formats:
        if self._formats is None:
            vocabulary = Vocabulary(self.processor.tokenizer)
            self._formats = Formats(vocabulary, int(self.model.lm_head.weight.shape[0]))
        return self._formats

    def _guide(
        self,
        prefix: str,
        options: tuple[str, ...],
        constrain: Constrain | None,
        budgets: Budgets | None,
        max_new_tokens: int,
    ) -> tuple[list[int], Guide | None]:
        """The token ids of a beginning, and what the tokens after them must keep to."""
        if constrain not in (None, True, False, "option"):
            raise ConfigError(
                f"unknown constraint {constrain!r}; expected True, False or 'option'.", code="ask.constrain"
            )
        if budgets is not None and constrain is False:
            raise ConfigError("budgets need a constrained answer.", code="ask.constrain")
        wanted = bool(constrain) or budgets is not None
        if not prefix and not wanted:
            return [], None
        formats = self._format()
        begun, rest = formats.vocabulary.cut(prefix) if prefix else ([], b"")
        if not wanted:
            return begun, Spelling(formats.vocabulary, rest)
        grammar = formats.grammar(options if constrain == "option" else ())
        done = prefix.encode()
        return begun, FormatGuide(grammar, max_new_tokens, budgets, done[: len(done) - len(rest)], rest)

    def _generate(
        self,
        rows: Sequence[Row],
        max_new_tokens: int,
        watch: Watch,
        wanted: Callable[[int], bool] = lambda _row: True,
        closed: Callable[[int], None] = lambda _row: None,
    ) -> Iterator[Token]:
        """Fill the ids of the rows that are not finished; yields every token as it is made.

        A token's `row` counts the rows that are not finished; what `wanted` is asked (False abandons the row) and
        `closed` is told counts all.
        """
        place = [i for i, r in enumerate(rows) if not r.finished]
        rows = [rows[i] for i in place]
        if not rows:
            return
        for row in rows:
            for token in row.ids[: row.fed]:
                row.clock.feed(self._pieces.bytes_of(token), 0.0)

        def take(number: int, token: int) -> bool:
            row, now = rows[number], watch.now()
            if row.first is None:
                row.first = now
            row.ids.append(token)
            over = row.clock.feed(self._pieces.bytes_of(token), now)
            row.ended = row.ended or over
            return over

        def ended(number: int) -> None:
            rows[number].ended = True

        def still(number: int) -> bool:
            rows[number].abandoned = not wanted(place[number])
            return not rows[number].abandoned

        for made in decode(
            self.model,
            [r.prompt for r in rows],
            stop_ids=self.stop_ids,
            max_new_tokens=max_new_tokens,
            pad_id=self.pad_id,
            take=take,
            ended=ended,
            closed=lambda number: closed(place[number]),
            wanted=still,
            reached=watch.reached,
        ):
            rows[made.row].forced += made.forced
            rows[made.row].logprobs.append(made.logprob)
            yield made

    def _answer(self, row: Row, watch: Watch) -> Answer:
        text = str(self.processor.tokenizer.decode(row.ids, skip_special_tokens=True))
        parsed = parse_chain(text)
        option = match_option(response_body(parsed, text), row.options) if row.options else None
        total = watch.now()
        guide = row.prompt.guide if isinstance(row.prompt.guide, FormatGuide) else None
        return Answer(
            text=text,
            parsed=parsed,
            option=option,
            tokens=len(row.ids) - row.fed - row.forced,
            audio_tokens=row.audio_tokens,
            stopped="abandoned"
            if row.abandoned
            else "end"
            if row.ended and not (guide is not None and guide.hurried)
            else "length",
            seconds=total,
            first_token_seconds=row.first or 0.0,
            timings=Timings(
                hearing=max(0.0, watch.heard - watch.planned),
                prefill=max(0.0, watch.read - watch.heard),
                first_token=row.first,
                sections=row.clock.seconds,
                total=total,
                format=watch.planned,
            ),
            system_sha=self.system_sha,
            response_logprob=mean_in_response([self._pieces.bytes_of(i) for i in row.ids], row.logprobs),
            shortened=tuple(guide.shortened) if guide is not None else (),
        )
