"""The small configuration: Qwen2-Audio's architecture at about two million weights, and a tokenizer trained on its
data.

Decision: nothing in the code knows whether a model is small. `nano` writes a directory in Hugging Face form that
`AutoProcessor`, transformers and `audio_reasoner.models.qwen2_audio.load` read like any other. What differs is sizes,
and a byte-level BPE vocabulary of about a thousand pieces learned from the training text, in which the chain's tags
are single pieces: that brings a brief chain down to about a hundred tokens.

Encoder positions are filled here with Whisper's sinusoids: transformers leaves them random *and* frozen in a model
made from a configuration. Word order needs rotary positions, which Qwen2's text model has.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from audio_reasoner.core.chain import TAG_LITERALS
from audio_reasoner.models.features import MAX_FRAMES
from audio_reasoner.models.qwen2_audio import Loaded

if TYPE_CHECKING:
    import torch

PAD = "<|endoftext|>"
CONTROL = (PAD, "<|im_start|>", "<|im_end|>", "<|AUDIO|>", "<|audio_bos|>", "<|audio_eos|>")
# Digits stand alone so that numbers are spelled the same way wherever they occur. A piece takes its leading space with
# it, but an option letter in its brackets never does: "(b)" in the question and " (b)" in the answer would be two
# different pieces, and looking an option up by its letter, which is what such a model finds hardest, would first mean
# learning that they are the same. The space goes to the mark before it.
PIECES = (
    r"\([a-z]\)|[^\s\p{L}\p{N}()]+ (?=\([a-z]\))|\s+(?=\([a-z]\))"
    r"| ?\p{L}+| ?\p{N}| ?[^\s\p{L}\p{N}]+|\s+"
)

# The form of Qwen2-Audio's own template, without its default system message, which a small model would pay for.
CHAT_TEMPLATE = (
    "{% set ns = namespace(audios=0) %}"
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\\n' }}"
    "{% if message['content'] is string %}"
    "{{ message['content'] }}"
    "{% else %}"
    "{% for part in message['content'] %}"
    "{% if part['type'] == 'audio' %}"
    "{% set ns.audios = ns.audios + 1 %}"
    "{{ 'Audio ' + ns.audios|string + ': <|audio_bos|><|AUDIO|><|audio_eos|>\\n' }}"
    "{% elif part['type'] == 'text' %}"
    "{{ part['text'] }}"
    "{% endif %}"
    "{% endfor %}"
    "{% endif %}"
    "{{ '<|im_end|>\\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)


class NanoSizes(BaseModel):
    """Sizes of a small model. The defaults give about two million weights."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    vocabulary: int = Field(default=1024, ge=300, le=1_000_000, description="upper bound of the tokenizer's size")
    audio_width: int = Field(default=128, ge=4, multiple_of=2, description="half of it sines, half cosines")
    audio_layers: int = Field(default=3, ge=1)
    audio_heads: int = Field(default=4, ge=1)
    audio_ffn: int = Field(default=512, ge=1)
    text_width: int = Field(default=192, ge=2)
    text_layers: int = Field(default=4, ge=1)
    text_heads: int = Field(default=6, ge=1)
    text_ffn: int = Field(default=512, ge=1)
    rope_theta: float = Field(default=10_000.0, gt=0)
    look_up: bool = Field(default=True, description="start two heads as an induction circuit")

    @model_validator(mode="after")
    def _divided(self) -> Self:
        if self.audio_width % self.audio_heads:
            raise ValueError(f"{self.audio_heads} audio_heads do not divide an audio_width of {self.audio_width}")
        # Rotary positions turn the two halves of a head against each other.
        if self.text_width % (2 * self.text_heads):
            raise ValueError(
                f"{self.text_heads} text_heads do not divide a text_width of {self.text_width} into heads of even width"
            )
        return self


def train_tokenizer(texts: Iterable[str], vocabulary: int) -> Any:
    """A byte-level BPE tokenizer learned from `texts`; equal texts give an equal tokenizer. It spells any Unicode text.

    Args:
        texts: the training text (prompts and chains); order does not matter.
        vocabulary: upper bound of its size; 256 bytes, six control pieces and the chain's tags are always in it.
    """
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PIECES), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary - len(TAG_LITERALS),
        min_frequency=2,
        special_tokens=list(CONTROL),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    # The tags must not take part in the merges: they are pieces of their own.
    tags = sorted(TAG_LITERALS)

    def without_tags() -> Iterable[str]:
        for text in sorted(texts):
            for tag in tags:
                text = text.replace(tag, "\n")
            yield text

    backend.train_from_iterator(without_tags(), trainer=trainer)
    # Plain, not special: they are text of the answer and must survive skip_special_tokens.
    backend.add_tokens([AddedToken(tag, normalized=False, special=False) for tag in tags])
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        pad_token=PAD,
        eos_token="<|im_end|>",
        additional_special_tokens=["<|im_start|>", "<|AUDIO|>", "<|audio_bos|>", "<|audio_eos|>"],
        clean_up_tokenization_spaces=False,
        padding_side="right",
    )


def sinusoids(length: int, width: int) -> torch.Tensor:
    """Whisper's positions, float32 [length, width]: sines in the first half of the channels, cosines in the second."""
    import math

    import torch

    rates = torch.exp(-math.log(10_000.0) / (width // 2 - 1) * torch.arange(width // 2))
    angles = torch.arange(length)[:, None] * rates[None, :]
    return torch.cat([angles.sin(), angles.cos()], dim=1)


def _initialise(model: Any, seed: int, look_up: bool) -> None:
    """Fill the encoder's positions, let the sound enter as strong as they are, and lay out a look-up circuit.

    At transformers' common scale of 0.02 the convolutions' output would be about 15 times weaker than its position.
    """
    import torch

    generator = torch.Generator().manual_seed(seed % 2**63)
    tower = model.model.audio_tower
    text = model.model.language_model
    with torch.no_grad():
        tower.embed_positions.weight.copy_(sinusoids(*tower.embed_positions.weight.shape))
        for stem in (tower.conv1, tower.conv2):
            fan_in = stem.weight.shape[1] * stem.weight.shape[2]
            stem.weight.normal_(0.0, (2.0 / fan_in) ** 0.5, generator=generator)
        # 0.02 suits widths of thousands; this model is some hundred wide.
        for name, weight in text.layers.named_parameters():
            if weight.ndim == 2 and "norm" not in name:
                weight.mul_(1.5)
        text.embed_tokens.weight.mul_(2.5)
        model.lm_head.weight.copy_(text.embed_tokens.weight)
        if look_up and len(text.layers) > 1:
            _lay_out_look_up(text, generator)


def _lay_out_look_up(text: Any, generator: torch.Generator) -> None:
    """Start two heads as an induction circuit: "find where this piece stood before, say what followed it there".

    Going through options ("(b) drum no.") is such a look-up at every step. Random heads come to it late; with the
    circuit the loss is at step 100 where it otherwise is at step 160 (`benchmarks/look_up.py`, `docs/training.md`).
    Everything in it is an ordinary weight and goes on learning.

    The first layer's head 0 attends to the previous position, by its rotary biases alone, and writes what stands there
    into a subspace of its own; the second layer's head 0 compares the current piece with that subspace and copies what
    the found position holds.
    """
    import torch

    width, heads = text.config.hidden_size, text.config.num_attention_heads
    size = width // heads
    half = size // 2

    def orthonormal() -> torch.Tensor:
        rows: torch.Tensor = torch.linalg.qr(torch.randn(width, size, generator=generator))[0]
        return rows.T.contiguous()

    here, before, said = orthonormal(), orthonormal(), orthonormal()
    rates = text.config.rope_parameters["rope_theta"] ** (-torch.arange(half) / half)
    peak, gain, match = 5.0, 0.07, 1.3
    first, second = text.layers[0].self_attn, text.layers[1].self_attn
    # A query turned back by one position meets a constant key best at distance one.
    first.k_proj.bias[:half] = peak
    first.k_proj.bias[half:size] = 0.0
    first.q_proj.bias[:half] = peak * rates.cos()
    first.q_proj.bias[half:size] = -peak * rates.sin()
    first.v_proj.weight[:size] = here
    first.o_proj.weight[:, :size] = gain * before.T
    second.q_proj.weight[:size] = match * here
    second.k_proj.weight[:size] = match * before
    second.v_proj.weight[:size] = said
    second.o_proj.weight[:, :size] = gain * said.T


def create(sizes: NanoSizes, texts: Iterable[str], seed: int) -> Loaded:
    """A fresh small model with random weights and a tokenizer learned from `texts`; equal arguments, equal weights."""
    import torch
    from transformers import (
        Qwen2AudioConfig,
        Qwen2AudioEncoderConfig,
        Qwen2AudioForConditionalGeneration,
        Qwen2AudioProcessor,
        Qwen2Config,
        WhisperFeatureExtractor,
    )

    tokenizer = train_tokenizer(texts, sizes.vocabulary)
    # Audio placeholders have embeddings of their own in the table but never use them: the encoder's output stands
    # there.
    config = Qwen2AudioConfig(
        audio_config=Qwen2AudioEncoderConfig(
            num_mel_bins=128,
            d_model=sizes.audio_width,
            encoder_layers=sizes.audio_layers,
            encoder_attention_heads=sizes.audio_heads,
            encoder_ffn_dim=sizes.audio_ffn,
            max_source_positions=MAX_FRAMES // 2,
        ).to_dict(),
        text_config=Qwen2Config(
            vocab_size=len(tokenizer),
            hidden_size=sizes.text_width,
            num_hidden_layers=sizes.text_layers,
            num_attention_heads=sizes.text_heads,
            num_key_value_heads=sizes.text_heads,
            intermediate_size=sizes.text_ffn,
            max_position_embeddings=8192,
            rope_parameters={"rope_type": "default", "rope_theta": sizes.rope_theta},
            tie_word_embeddings=False,
            pad_token_id=tokenizer.pad_token_id,
            eos_token_id=tokenizer.eos_token_id,
            bos_token_id=None,
        ).to_dict(),
        audio_token_index=tokenizer.convert_tokens_to_ids("<|AUDIO|>"),
        # Trainers that let transformers merge text and audio read this; its absence ends them at the first step.
        ignore_index=-100,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed % 2**63)
        model = Qwen2AudioForConditionalGeneration(config)
    _initialise(model, seed, sizes.look_up)
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    model.set_attn_implementation("sdpa")
    processor = Qwen2AudioProcessor(
        feature_extractor=WhisperFeatureExtractor(feature_size=128),
        tokenizer=tokenizer,
        chat_template=CHAT_TEMPLATE,
    )
    return Loaded(model, processor)
