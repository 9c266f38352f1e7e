# mypy: allow-untyped-calls
"""Vectors that take the mute off while a model runs, and leave its weights as they are.

Beside the rungs that edit weights: what a search finds can be kept as a file of some kilobytes, put on and
taken off, by transformers' hooks or by llama.cpp. Importing it brings torch.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from math import isfinite
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from sordino.core.errors import SpecError, TargetError
from sordino.modeling.architectures import hidden_size, layers_of
from sordino.modeling.hooks import steered
from sordino.remedy.staging import require_new

WEIGHTS, ABOUT = "steering.safetensors", "steering.json"
SIGN = "A positive strength moves answers away from withholding, a negative one towards it."
_FORMAT = "sordino-steering-1"


@dataclass(frozen=True, eq=False)
class Steering:
    """What is added to the residual stream, at every position, to take one jurisdiction's mute off.

    vectors: (d,) by layer from 0, each added after its layer. model, revision: what they were found in;
    architecture: its `model_type`. jurisdiction: a code. languages: those that they were found in. sign:
    the convention in words. strength: what to multiply them by, as was recommended. Raises ValueError for
    vectors that are none, differ in width or hold no numbers.
    """

    vectors: Mapping[int, Tensor]
    model: str
    revision: str
    architecture: str
    jurisdiction: str
    languages: tuple[str, ...]
    strength: float = 1.0
    sign: str = SIGN

    def __post_init__(self) -> None:
        widths = {tuple(vector.shape) for vector in self.vectors.values()}
        if len(widths) != 1 or len(next(iter(widths))) != 1:
            raise ValueError(f"the vectors must be of one width each, and are {sorted(widths)}")
        if min(self.vectors) < 0 or not all(v.isfinite().all() for v in self.vectors.values()):
            raise ValueError("a vector holds NaN or infinity, or is of a layer below 0")
        if not isfinite(self.strength):
            raise ValueError(f"the strength {self.strength} is no number")

    @property
    def hidden_size(self) -> int:
        """d, the width of the residual stream."""
        return len(next(iter(self.vectors.values())))

    def save(self, folder: Path) -> None:
        """Write `steering.safetensors` and `steering.json` into a folder, which may be new.

        Raises SpecError where one of them exists.
        """
        for name in (WEIGHTS, ABOUT):
            require_new(folder / name)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / WEIGHTS).write_bytes(save({f"layer.{n}": _plain(v) for n, v in self.vectors.items()}))
        (folder / ABOUT).write_text(
            json.dumps(self._about(), ensure_ascii=False, indent=1), encoding="utf-8"
        )

    def export_gguf(self, path: Path) -> None:
        """Write a control vector for llama.cpp, as its loader reads it (`common_control_vector_load`).

        `direction.N`, float32, is what llama.cpp adds after its layer N, counted from 0 as here. It adds
        nothing after layer 0. The strength is not in the vectors: it is given when the file is loaded.
        Raises SpecError for a vector of layer 0 and where the file exists, TargetError without gguf.
        """
        require_new(path)
        if 0 in self.vectors:
            raise SpecError(
                "llama.cpp adds no control vector after its first layer (0), and this steering has one "
                "there. Use it with transformers, or search again without that layer."
            )
        if find_spec("gguf") is None:
            raise TargetError("To write GGUF, gguf must be installed: pip install 'sordino[remedy]'.")
        from gguf import GGUFWriter  # noqa: PLC0415 - of the extra `remedy`

        writer = GGUFWriter(path, "controlvector")
        writer.add_string("controlvector.model_hint", self.architecture)
        writer.add_int32("controlvector.layer_count", len(self.vectors))
        writer.add_name(f"{self.jurisdiction}, {self.model}")
        writer.add_description(f"Strength {self.strength:g}. {self.sign}")
        writer.add_languages(list(self.languages))
        for layer, vector in sorted(self.vectors.items()):
            writer.add_tensor(f"direction.{layer}", _plain(vector).numpy())
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()

    def _about(self) -> dict[str, object]:
        return {
            "format": _FORMAT,
            "model": self.model,
            "revision": self.revision,
            "architecture": self.architecture,
            "hidden_size": self.hidden_size,
            "layers": sorted(self.vectors),
            "jurisdiction": self.jurisdiction,
            "languages": list(self.languages),
            "strength": self.strength,
            "sign": self.sign,
        }


def load(folder: Path) -> Steering:
    """Read what `Steering.save` wrote. Raises TargetError for anything else."""
    try:
        about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        if about["format"] != _FORMAT:
            raise ValueError(f"its format is not {_FORMAT}")  # noqa: TRY301 - one message for all
        with safe_open(folder / WEIGHTS, "pt") as held:
            vectors = {n: held.get_tensor(f"layer.{n}") for n in map(int, about["layers"])}
        steering = Steering(
            vectors,
            **{name: str(about[name]) for name in ("model", "revision", "architecture", "jurisdiction")},
            languages=tuple(map(str, about["languages"])),
            strength=float(about["strength"]),
            sign=str(about["sign"]),
        )
    except (OSError, ValueError, TypeError, LookupError, SafetensorError) as error:
        raise TargetError(
            f"{folder} holds no steering that can be read ({str(error)[:200]}). It needs {ABOUT} and "
            f"{WEIGHTS}, as Sordino writes them."
        ) from error
    return steering


@contextmanager
def applied(model: Any, steering: Steering, strength: float | None = None) -> Iterator[None]:
    """Within it, the model is steered; afterwards it is as it was.

    strength: what to multiply the vectors by; None takes the recommended one. 0 changes nothing. Raises
    TargetError for a model of another architecture, width or depth.
    """
    by = steering.strength if strength is None else strength
    kind, width, depth = str(model.config.model_type), hidden_size(model), len(layers_of(model))
    if (kind, width) != (steering.architecture, steering.hidden_size) or max(steering.vectors) >= depth:
        raise TargetError(
            f"This steering is for {steering.model}, of the architecture {steering.architecture}, width "
            f"{steering.hidden_size} and more than {max(steering.vectors)} layers; the model is {kind}, "
            f"{width} wide, with {depth} layers. Load the model that it was made for."
        )
    with steered(model, {layer: by * vector for layer, vector in steering.vectors.items()}):
        yield


def _plain(vector: Tensor) -> Tensor:
    return vector.detach().to("cpu", torch.float32, copy=True).contiguous()
