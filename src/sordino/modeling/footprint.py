"""How much memory a model and its answers take, to cut batches by before the weights are loaded."""

from typing import Any

import torch

from sordino.modeling.locate import Located


def of_weights(model: Located, dtype: str) -> int:
    """About how many bytes the weights take in this number format. Fetches them where they are not here."""
    stored = getattr(model.config, "dtype", None) or torch.float32
    stored = getattr(torch, stored) if isinstance(stored, str) else stored
    on_disk = sum(path.stat().st_size for path in model.weights())
    return int(on_disk * itemsize(dtype) / stored.itemsize)


def of_sequence(config: Any, tokens: int, dtype: str) -> int:
    """About how many bytes a sequence of so many tokens, prompt and answer, takes while it is generated.

    config: a transformers PreTrainedConfig. Counted are the keys and values of every layer, one layer's
    activations over the prompt, and the logits of one step in float32, four times. Names that an
    architecture does not use are guessed from those that it does: running out of memory is met by halving,
    so the guess need not be good.
    """
    text = config.get_text_config()
    hidden = _number(text, "hidden_size", 4096)
    heads = _number(text, "num_attention_heads", 32)
    width = _number(text, "head_dim", hidden // heads or 1)
    cached = (
        2 * _number(text, "num_hidden_layers", 32) * _number(text, "num_key_value_heads", heads) * width
    )
    active = 8 * hidden + 3 * _number(text, "intermediate_size", 4 * hidden)
    return tokens * (cached + active) * itemsize(dtype) + 4 * 4 * _number(text, "vocab_size", 128_000)


def itemsize(dtype: str) -> int:
    """Bytes of one number."""
    return int(getattr(torch, dtype).itemsize)


def _number(config: Any, name: str, otherwise: int) -> int:
    value = getattr(config, name, None)
    return value if isinstance(value, int) and value > 0 else otherwise
