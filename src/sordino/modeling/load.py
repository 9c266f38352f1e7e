# mypy: allow-untyped-calls
"""Loading a located model's weights, ready to answer. Importing it brings torch and transformers."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from safetensors import SafetensorError
from transformers import AutoModelForCausalLM, GenerationConfig
from transformers.utils import logging as transformers_logging

from sordino.core.errors import TargetError
from sordino.modeling import footprint, hardware
from sordino.modeling.locate import Located, first_line


def load(located: Located, device: str, dtype: str) -> Any:
    """The model (a transformers PreTrainedModel) on the device, in evaluation mode.

    device, dtype: as `hardware.device_of` and `hardware.dtype_of` return them.
    Its own defaults for generation are taken out, so that they cannot leak into an answer. Raises
    TargetError for weights that are missing, corrupt or too large.
    """
    size = footprint.of_weights(located, dtype)
    if size > (there := hardware.memory_of(device)):
        raise TargetError(_too_large(located, dtype, size, there))
    try:
        with quiet():
            loaded: Any = AutoModelForCausalLM.from_pretrained(
                located.folder,
                config=located.config,
                dtype=getattr(torch, dtype),
                use_safetensors=True,
                trust_remote_code=False,
                local_files_only=True,
                output_loading_info=True,
            )
            model, report = loaded[0].to(device).eval(), loaded[1]
    except SafetensorError as error:
        raise TargetError(
            f"{located.source}: its safetensors are corrupt ({first_line(error)}). Fetch them again."
        ) from error
    except Exception as error:
        if hardware.is_out_of_memory(error):
            raise TargetError(_too_large(located, dtype, size, there)) from error
        raise TargetError(f"{located.source} cannot be loaded ({first_line(error)}).") from error
    # A layer that the files do not hold is filled with noise, and its answers would look like a finding.
    if missing := sorted(report["missing_keys"]):
        raise TargetError(
            f"{located.source}: its weights lack {len(missing)} tensors of a {type(model).__name__}, the "
            f"first being {missing[0]}. Check that config.json and the weights belong together."
        )
    model.generation_config = GenerationConfig()
    return model


@contextmanager
def quiet() -> Iterator[None]:
    """Keeps the library's advice and bars off the terminal: what matters is raised or recorded."""
    verbosity, bars = transformers_logging.get_verbosity(), transformers_logging.is_progress_bar_enabled()
    transformers_logging.set_verbosity(logging.CRITICAL)
    transformers_logging.disable_progress_bar()
    try:
        yield
    finally:
        transformers_logging.set_verbosity(verbosity)
        if bars:
            transformers_logging.enable_progress_bar()


def _too_large(located: Located, dtype: str, size: int, there: int) -> str:
    smaller = " or --dtype bfloat16" if dtype == "float32" else ""
    return (
        f"{located.source} needs about {size / 1e9:.1f} GB of memory in {dtype} for its weights alone; "
        f"there are {there / 1e9:.1f} GB. Take a smaller model{smaller}, or a larger machine."
    )
