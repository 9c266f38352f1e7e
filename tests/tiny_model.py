"""Tiny real models, built in a moment: random ones, and ones whose every next token is known.

Tests read it with `runpy.run_path`, because no folder of tests is a package.
"""

from itertools import pairwise

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
THINKING = TEMPLATE.replace("assistant\n{% endif", "assistant\n<think>\n{% endif")
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<think>", "</think>"]
LINES = [
    "user assistant system",
    "What is the harbour known for?",
    "The harbour is known for its lamps.",
    "好的",
]


def tokenizer(template=TEMPLATE, **options):
    """A byte-level BPE of some 300 tokens; any text is some sequence of them."""
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    bpe.train_from_iterator(
        LINES,
        trainers.BpeTrainer(
            vocab_size=300,
            special_tokens=SPECIAL,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        additional_special_tokens=["<|im_start|>"],
        chat_template=template,
        **options,
    )


def random_model(folder, *, seed=0, template=TEMPLATE, dtype=torch.float32, **config):
    """Two layers of noise, large enough that answers differ from question to question."""
    words = tokenizer(template)
    torch.manual_seed(seed)
    model = Qwen2ForCausalLM(
        Qwen2Config(
            vocab_size=len(words),
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=256,
            initializer_range=0.4,
            tie_word_embeddings=False,
            eos_token_id=words.eos_token_id,
            **config,
        )
    )
    return _save(model.to(dtype), words, folder)


def known_model(folder, logits, *, template=TEMPLATE, context=256):
    """A model whose next token depends on the last one alone.

    logits: by last token's text, the next tokens' logits by text; what is not named has -100. After a token
    that is not named, the answer ends.
    """
    words = tokenizer(template)
    size = len(words)
    model = Qwen2ForCausalLM(
        Qwen2Config(
            vocab_size=size,
            hidden_size=size + size % 2,
            intermediate_size=2,
            num_hidden_layers=1,
            num_attention_heads=1,
            num_key_value_heads=1,
            max_position_embeddings=context,
            tie_word_embeddings=False,
            rms_norm_eps=1e-12,
            eos_token_id=words.eos_token_id,
        )
    )
    width = model.config.hidden_size
    table = torch.full((size, size), -100.0)  # next, last
    table[words.eos_token_id] = 0.0
    for last, following in logits.items():
        table[:, one(words, last)] = -100.0
        for text, logit in following.items():
            table[one(words, text), one(words, last)] = logit
    with torch.no_grad():
        for parameter in model.model.layers.parameters():
            parameter.zero_()
        model.model.norm.weight.fill_(1.0)
        model.model.embed_tokens.weight.copy_(torch.eye(size, width))
        # The norm makes a one-hot row sqrt(width) long.
        model.lm_head.weight.zero_()
        model.lm_head.weight[:, :size] = table / width**0.5
    return _save(model, words, folder)


def chain(*texts):
    """Logits by which each of the texts follows the one before, for `known_model`; each must be one token."""
    return {last: {text: 100.0} for last, text in pairwise(texts)}


def one(words, text):
    """The id of a text that is one token."""
    (token,) = words(text, add_special_tokens=False)["input_ids"]
    return token


def _save(model, words, folder):
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    words.save_pretrained(folder)
    return folder
