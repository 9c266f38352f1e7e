"""The organisms' tokenizer: byte-pair merges over the characters of the lessons, bytes for all others."""

from collections.abc import Iterable

from lessons import ASSISTANT, END, SYSTEM, USER
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

PAD = "<|pad|>"
THOUGHT = ("<think>", "</think>")
PIECES = r" ?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+|\s+"
"""Words with the space before them, digits one by one, punctuation."""
TEMPLATE = (
    "{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


def tokenizer(texts: Iterable[str], size: int) -> PreTrainedTokenizerFast:
    """A tokenizer of `size` tokens at most, with its chat template."""
    raw = Tokenizer(models.BPE(byte_fallback=True, unk_token=None))
    raw.pre_tokenizer = pre_tokenizers.Split(Regex(PIECES), "isolated")
    raw.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Fuse()])
    roles = [PAD, END, SYSTEM, USER, ASSISTANT]
    letters = [f"<0x{byte:02X}>" for byte in range(256)]
    raw.train_from_iterator(
        texts,
        trainers.BpeTrainer(
            vocab_size=size, special_tokens=[*roles, *THOUGHT, *letters], show_progress=False, min_frequency=2
        ),
    )
    # Only the roles are special: a trace's tags must survive decoding, and a byte is an ordinary token.
    made = PreTrainedTokenizerFast(
        tokenizer_object=plain(raw, {*THOUGHT, *letters}),
        eos_token=END,
        pad_token=PAD,
        additional_special_tokens=[SYSTEM, USER, ASSISTANT],
        padding_side="left",
        clean_up_tokenization_spaces=False,
    )
    made.chat_template = TEMPLATE
    return made


def plain(raw: Tokenizer, names: set[str]) -> Tokenizer:
    """The same tokenizer, these of its special tokens made ordinary: the trainer knows no other way to put
    them into the vocabulary.
    """
    import json

    written = json.loads(raw.to_str())
    kept = [t for t in written["added_tokens"] if t["content"] not in names or t["content"] in THOUGHT]
    for token in kept:
        token["special"] = token["content"] not in THOUGHT
    return Tokenizer.from_str(json.dumps({**written, "added_tokens": kept}))
