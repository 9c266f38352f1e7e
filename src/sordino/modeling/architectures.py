# mypy: allow-untyped-calls
"""Which architectures can be opened, and where each keeps what writes into the residual stream.

Everything that reads or edits a model's inside goes through this table, so that a model which is not in it
is refused by name instead of being edited in the wrong place. Paths are those of transformers 5.23.
Importing it brings torch.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

from sordino.core.errors import TargetError

Kind = Literal["attention", "mlp", "experts", "shared"]
_FLOATS = (torch.float32, torch.bfloat16, torch.float16, torch.float64)


@dataclass(frozen=True)
class Architecture:
    """Paths: `layers` from the model, the others from a decoder layer.

    A layer has either `mlp` or `experts`, and with experts perhaps `shared`. `experts` names a module whose
    `down_proj` packs the experts: (experts, out, in), or (experts, in, out) where `transposed`.
    `attention_norm`, `mlp_norm`: a norm between what is written and the residual it is added to, which
    multiplies by its weight plus `gain_offset`.
    """

    name: str
    model_types: tuple[str, ...]
    layers: str = "model.layers"
    attention: str = "self_attn.o_proj"
    mlp: str | None = "mlp.down_proj"
    experts: str | None = None
    shared: str | None = None
    transposed: bool = False
    attention_norm: str | None = None
    mlp_norm: str | None = None
    gain_offset: float = 0.0


_GEMMA = {
    "attention_norm": "post_attention_layernorm",
    "mlp_norm": "post_feedforward_layernorm",
    "gain_offset": 1.0,
}
TABLE: tuple[Architecture, ...] = (
    Architecture("Llama", ("llama",)),
    Architecture("Qwen2", ("qwen2",)),
    Architecture("Qwen2 MoE", ("qwen2_moe",), experts="mlp.experts", shared="mlp.shared_expert.down_proj"),
    Architecture("Qwen3", ("qwen3",)),
    Architecture("Qwen3 MoE", ("qwen3_moe",), experts="mlp.experts"),
    Architecture("Mistral", ("mistral",)),
    Architecture("Mixtral", ("mixtral",), mlp=None, experts="mlp.experts"),
    Architecture("Gemma 2 and 3", ("gemma2", "gemma3_text"), **_GEMMA),  # type: ignore[arg-type]
    Architecture(
        "Gemma 3 with images",
        ("gemma3",),
        layers="model.language_model.layers",
        **_GEMMA,  # type: ignore[arg-type]
    ),
    Architecture(
        "Phi-1 and 2",
        ("phi",),
        attention="self_attn.dense",
        mlp="mlp.fc2",
    ),
    Architecture("Phi-3 and 4", ("phi3",)),
    Architecture("GLM", ("glm",)),
    Architecture(
        "GLM-4", ("glm4",), attention_norm="post_self_attn_layernorm", mlp_norm="post_mlp_layernorm"
    ),
    Architecture(
        "DeepSeek-V2 and V3",
        ("deepseek_v2", "deepseek_v3"),
        experts="mlp.experts",
        shared="mlp.shared_experts.down_proj",
    ),
    Architecture("gpt-oss", ("gpt_oss",), mlp=None, experts="mlp.experts", transposed=True),
)
_BY_TYPE = {model_type: row for row in TABLE for model_type in row.model_types}


@dataclass(frozen=True, eq=False)
class Writer:
    """A tensor that writes into the residual stream.

    layer: from 0. module.parameter is the tensor, and `name` its whole name within the model: (out, in),
    or (in, out) where `transposed`, with a first axis of experts where kind is "experts". `norm`: what its
    output passes before it is added to the residual; it multiplies by its weight plus `gain_offset`.
    """

    layer: int
    kind: Kind
    name: str
    module: nn.Module
    parameter: str
    transposed: bool = False
    norm: nn.Module | None = None
    gain_offset: float = 0.0

    @property
    def weight(self) -> Tensor:
        """The tensor itself."""
        return self.module.get_parameter(self.parameter)

    @property
    def bias(self) -> Tensor | None:
        """(out,), or (experts, out), or None."""
        name = "bias" if self.parameter == "weight" else f"{self.parameter}_bias"
        bias: Tensor | None = getattr(self.module, name, None)
        return bias

    @property
    def gain(self) -> Tensor | None:
        """What the norm behind the writer multiplies by, (out,) in float32; None without one."""
        if self.norm is None:
            return None
        return self.norm.get_parameter("weight").detach().float() + self.gain_offset

    def facing(self, directions: Tensor) -> Tensor:
        """Directions of the residual, (k, out) orthonormal, as the writer must lose them: (at most k, out).

        Behind a norm of gain g the residual receives g * x / rms(x), whose part along v is (g * v) . x up
        to a factor: the writer must lose the span of the g * v. The residual then gets nothing along v, and
        the rest in another length and mix, since rms(x) shrinks and the g * v are not the v. Raises
        ValueError for directions that are not orthonormal.
        """
        directions = directions.detach().to(self.weight.device, torch.float32)
        if directions.dim() != 2 or not torch.allclose(
            directions @ directions.T, torch.eye(len(directions), device=directions.device), atol=1e-3
        ):
            raise ValueError(f"Directions must be the orthonormal rows of a matrix; {directions.shape=}.")
        if (gain := self.gain) is None:
            return directions
        _, sizes, rows = torch.linalg.svd(directions * gain, full_matrices=False)
        basis: Tensor = rows[sizes > 1e-6 * gain.abs().max()]
        return basis

    @torch.no_grad()
    def ablate(self, directions: Tensor, dose: float) -> None:
        """Take `dose` of what is written along directions, (k, out) orthonormal, out of weight and bias.

        W - dose V^T V W (Arditi et al. 2024, arXiv 2406.11717), in place, reckoned in float32 or finer.
        A dose of 1 leaves nothing; above 1 it turns the sign. Behind a norm see `facing`.
        """
        basis = self.facing(directions)
        # Expert by expert: all of them in float32 may not fit.
        for matrix in self.weight if self.kind == "experts" else (self.weight,):
            rows = matrix if self.transposed else matrix.T
            rows.copy_(less(rows, basis, dose))
        if self.bias is not None:
            self.bias.copy_(less(self.bias, basis, dose))

    @torch.no_grad()
    def add(self, delta: Tensor) -> None:
        """Add (out, in) to the weight, in place. Raises TargetError for packed experts."""
        self.require_dense()
        weight = self.weight
        if delta.shape != weight.shape:
            raise ValueError(f"{self.name} is {tuple(weight.shape)}; the change is {tuple(delta.shape)}.")
        exact = torch.promote_types(weight.dtype, torch.float32)
        weight.copy_(weight.to(exact) + delta.to(weight.device, exact))

    def require_dense(self) -> None:
        """Raises TargetError for packed experts, whose inputs differ from expert to expert."""
        if self.kind == "experts":
            raise TargetError(
                f"{self.name} packs the experts of a mixture, each with its own input: a conditional edit "
                "cannot be merged into it. Take an edit of directions, or a LoRA adapter."
            )


def less(values: Tensor, basis: Tensor, dose: float) -> Tensor:
    """(..., d) minus `dose` of its part within the span of the basis, (k, d) orthonormal; same dtype."""
    exact = values.to(torch.promote_types(values.dtype, torch.float32))
    basis = basis.to(exact)
    return (exact - dose * (exact @ basis.T) @ basis).to(values.dtype)


def architecture_in(config: Any) -> Architecture:
    """The row of a config (a transformers PreTrainedConfig), before any weights are loaded.

    Raises TargetError for an architecture that is not in the table, and for quantised weights.
    """
    model_type = getattr(config, "model_type", None)
    if (row := _BY_TYPE.get(str(model_type))) is None:
        raise TargetError(
            f"The architecture {model_type!r} is not among those that can be opened: "
            f"{', '.join(sorted(_BY_TYPE))}. Take a model of one of these."
        )
    if any(getattr(part, "quantization_config", None) for part in (config, config.get_text_config())):
        raise TargetError(_quantised("its config.json has a quantization_config"))
    return row


def architecture_of(model: Any) -> Architecture:
    """The row of a loaded model. Raises TargetError as `architecture_in` does."""
    row = architecture_in(model.config)
    for name, parameter in model.named_parameters():
        if parameter.dtype not in _FLOATS:
            raise TargetError(_quantised(f"{name} is {str(parameter.dtype).removeprefix('torch.')}"))
    return row


def layers_of(model: Any) -> list[nn.Module]:
    """The decoder layers of the language model, first to last."""
    layers = list(_required(model, architecture_in(model.config).layers).children())
    # Modules that predict several tokens ahead may be appended to them.
    return layers[: model.config.get_text_config().num_hidden_layers]


def hidden_size(model: Any) -> int:
    """The width of the residual stream."""
    return int(model.config.get_text_config().hidden_size)


def writers_of(model: Any) -> list[Writer]:
    """Every tensor of the decoder layers that writes into the residual stream, in the order of the layers.

    The embedding, which writes the residual's beginning, is not among them. Raises TargetError.
    """
    row = architecture_of(model)
    return [
        writer
        for index, layer in enumerate(layers_of(model))
        for writer in _writers(row, index, layer, f"{row.layers}.{index}.")
    ]


def _writers(row: Architecture, index: int, layer: nn.Module, prefix: str) -> Iterator[Writer]:
    def writer(kind: Kind, path: str, norm: str | None, parameter: str = "weight") -> Writer:
        return Writer(
            layer=index,
            kind=kind,
            name=f"{prefix}{path}.{parameter}",
            module=_required(layer, path),
            parameter=parameter,
            transposed=kind == "experts" and row.transposed,
            norm=_required(layer, norm) if norm else None,
            gain_offset=row.gain_offset,
        )

    yield writer("attention", row.attention, row.attention_norm)
    # A mixture may keep its first layers, or every other one, dense.
    if row.experts and (row.mlp is None or _at(layer, row.experts) is not None):
        yield writer("experts", row.experts, row.mlp_norm, "down_proj")
        if row.shared:
            yield writer("shared", row.shared, row.mlp_norm)
    elif row.mlp:
        yield writer("mlp", row.mlp, row.mlp_norm)


def _at(module: nn.Module, path: str) -> nn.Module | None:
    try:
        return module.get_submodule(path)
    except AttributeError:
        return None


def _required(module: nn.Module, path: str) -> nn.Module:
    if (found := _at(module, path)) is None:
        raise TargetError(
            f"This {type(module).__name__} has no {path}, where the table of architectures looks for it: "
            "it is wrapped, or this version of transformers lays it out otherwise. Take the plain model, "
            "as AutoModelForCausalLM loads it with transformers 5.23."
        )
    return found


def _quantised(why: str) -> str:
    return (
        f"The weights are quantised ({why}); an edit would be lost in their rounding. Take the unquantised "
        "weights (bfloat16, float16 or float32) of the same model, or a dequantised copy, and quantise "
        "after the edit."
    )
