# mypy: allow-untyped-calls
"""Loading a located model's weights, ready to answer. Importing it brings torch and transformers."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from transformers import AutoModelForCausalLM, GenerationConfig
from transformers.utils import logging as transformers_logging

from sordino.core.errors import TargetError
from sordino.modeling import footprint, hardware
from sordino.modeling.locate import Located, first_line


def load(located: Located, device: str, dtype: str) -> Any:
    """The model (a transformers PreTrainedModel) on the device, in evaluation mode.

    device, dtype: as `hardware.device_of` and `hardware.dtype_of` return them.
    An adapter is merged into its base's weights. The model's own defaults for generation are taken out, so
    that they cannot leak into an answer. Raises TargetError for weights that are missing, corrupt or too
    large, and for an adapter that does not fit.
    """
    whole = located.base or located
    size = footprint.of_weights(located, dtype)
    if size > (there := hardware.memory_of(device)):
        raise TargetError(_too_large(located, dtype, size, there))
    try:
        with quiet():
            loaded: Any = AutoModelForCausalLM.from_pretrained(
                whole.folder,
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
    if located.base is not None:
        model = _merged(model, located)
    model.generation_config = GenerationConfig()
    return model


def _merged(model: Any, located: Located) -> Any:
    """The base with the adapter in its weights: W + s·B·A (Hu et al. 2022, ICLR)."""
    from peft import PeftModel, get_peft_model_state_dict  # noqa: PLC0415 - only where there is an adapter

    file = located.weights()[-1]
    try:
        with quiet(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            on_base = PeftModel.from_pretrained(model, str(located.folder), autocast_adapter_dtype=False)
            wanted = get_peft_model_state_dict(on_base, save_embedding_layers=False).keys()
            with safe_open(file, "pt") as held:
                odd = sorted(wanted ^ set(held.keys()))
            merged = on_base.merge_and_unload(safe_merge=True).eval()
    except SafetensorError as error:
        raise TargetError(
            f"{located.source}: {file.name} is corrupt ({first_line(error)}). Fetch it again."
        ) from error
    except Exception as error:
        raise TargetError(_no_fit(located, first_line(error))) from error
    # A tensor that finds no place is dropped, and a place that finds no tensor does nothing.
    if odd:
        raise TargetError(
            _no_fit(located, f"{len(odd)} tensors have no counterpart, the first being {odd[0]}"[:300])
        )
    return merged


def _no_fit(located: Located, why: str) -> str:
    base = located.base.source if located.base else ""
    return (
        f"The adapter {located.source} does not fit its base {base} ({why}). Name the base that it was "
        "made for in its adapter_config.json."
    )


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
