# mypy: allow-untyped-calls
"""Writing an edited model, or an adapter, as a folder that `hf:FOLDER` opens. Importing it brings torch.

A saved model is its original, file by file and tensor by tensor, but for the numbers that were changed: the
same names, shards and number formats, and the same tokenizer, chat template and configuration.
"""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from os.path import relpath
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers.core_model_loading import revert_weight_conversion

from sordino.core.errors import SpecError, TargetError
from sordino.modeling import adapter
from sordino.modeling.locate import INDEX, WEIGHTS, Located

_CARRIED = (
    "config.json",
    "generation_config.json",
    "chat_template*",
    "additional_chat_templates/*",
    "tokenizer*",
    "special_tokens_map.json",
    "added_tokens.json",
    "tekken.json",
    "*.model",
    "vocab.*",
    "merges.txt",
    "preprocessor_config.json",
    "processor_config.json",
    "LICENSE*",
    "NOTICE*",
    "USE_POLICY*",
)


@contextmanager
def on_disk(folder: Path) -> Iterator[None]:
    """Raises TargetError, and removes the folder, where what is written into it finds no room, or cannot
    be written.
    """
    try:
        yield
    except (OSError, SafetensorError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise TargetError(
            f"{folder} cannot be written ({error}). Make room; the same command then goes on from there."
        ) from error


@torch.no_grad()
def write_model(model: Any, located: Located, into: Path) -> dict[str, int]:
    """Write a whole model into an existing folder; returns how many numbers changed, by tensor.

    model: as `load(located, …)` gave it, edited; an adapter's is merged. A tensor that is as `located`
    stores it is copied from there, digit by digit; any other is written in the number format that it is
    stored in. Raises TargetError for a changed tensor that does not fit its original or holds NaN or
    infinity there.
    """
    whole = located.base or located
    values = revert_weight_conversion(model, model.state_dict())
    # A tied matrix is stored once, under the name of the other.
    missing = set(values) - set(getattr(model, "all_tied_weights_keys", None) or {})
    changed: dict[str, int] = {}
    files = whole.weights()
    for path in files:
        with safe_open(path, "pt") as held:
            shard = {name: held.get_tensor(name) for name in held.keys()}  # noqa: SIM118 - no mapping
            about = held.metadata()
        for name, stored in shard.items():
            missing.discard(name)
            if name in values and (count := _changed(name, stored, values[name])):
                changed[name] = count
                shard[name] = _stored_as(name, stored, values[name])
        save_file(shard, into / path.name, about)
    if missing:
        raise TargetError(
            f"{located.source} stores no {min(missing)}, which the edited model has: it is another model."
        )
    _carry(located, files, into)
    return changed


def write_adapter(model: Any, located: Located, into: Path, folder: Path) -> None:
    """Write a LoRA adapter into an existing folder that is to become `folder`.

    model: a peft PeftModel on what `located` is. Its base is recorded as a Hub id with its commit, or as
    the path of a folder, seen from the adapter's. Raises SpecError where `located` is an adapter itself,
    and TargetError for numbers that are none.
    """
    if located.base is not None:
        raise SpecError(
            f"{located.source} is an adapter, and an adapter on it would lie on nothing that can be named. "
            "Merge the new one into the weights and save the whole model."
        )
    model.save_pretrained(str(into), save_embedding_layers=False)
    (into / "README.md").unlink(missing_ok=True)
    for name, values in load_file(into / adapter.WEIGHTS).items():
        _require_numbers(name, values, values)
    config = json.loads((into / adapter.CONFIG).read_text(encoding="utf-8"))
    base = located.repository or _seen_from(folder, located.folder)
    config |= {"base_model_name_or_path": base, "revision": located.pinned}
    (into / adapter.CONFIG).write_text(json.dumps(config, indent=2, ensure_ascii=False), encoding="utf-8")
    shutil.copymode(into / adapter.CONFIG, into / adapter.WEIGHTS)


def _changed(name: str, stored: Tensor, value: Tensor) -> int:
    """How many numbers differ from what loading the stored ones gives."""
    if stored.shape != value.shape:
        raise TargetError(
            f"{name} is stored as {tuple(stored.shape)} and the edited model has {tuple(value.shape)}: it "
            "is another model, or its vocabulary was extended."
        )
    return int((stored.to(value.device, value.dtype) != value).sum())


def _stored_as(name: str, stored: Tensor, value: Tensor) -> Tensor:
    # A copy, because safetensors refuses tensors that share memory, as tied ones do.
    rounded = value.to("cpu", stored.dtype, copy=True).contiguous()
    _require_numbers(name, rounded, value)
    return rounded


def _require_numbers(name: str, stored: Tensor, edited: Tensor) -> None:
    if bool(stored.isfinite().all()):
        return
    kind = str(stored.dtype).removeprefix("torch.")
    beyond = f", being too large for {kind}" if bool(edited.isfinite().all()) else ""
    raise TargetError(
        f"{name} holds NaN or infinity after the edit{beyond}. Nothing was written. Take a smaller dose."
    )


def _carry(located: Located, weights: list[Path], into: Path) -> None:
    """The files beside the weights: the base's, and over them the adapter's own."""
    for source in (part.folder for part in (located.base, located) if part):
        for path in (path for pattern in _CARRIED for path in source.glob(pattern) if path.is_file()):
            place = into / path.relative_to(source)
            place.parent.mkdir(exist_ok=True)
            shutil.copyfile(path, place)
    if weights[0].name != WEIGHTS:
        shutil.copyfile(weights[0].parent / INDEX, into / INDEX)
    # safetensors makes files that only their maker may read.
    for path in weights:
        shutil.copymode(into / "config.json", into / path.name)


def _seen_from(folder: Path, base: Path) -> str:
    try:
        path = relpath(base.resolve(), folder.resolve())
    except ValueError:  # on another drive
        return str(base.resolve())
    return Path(path).as_posix() if path.startswith("..") else f"./{Path(path).as_posix()}"
