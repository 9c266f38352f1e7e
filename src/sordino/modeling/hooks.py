# mypy: allow-untyped-calls
"""Changing or reading a forward pass, and leaving the model as it was.

A search tries many edits: by hooks each costs nothing to put on and take off, and a pass may start in the
middle, at the first layer that an edit touches. Importing it brings torch.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

from torch import Tensor, nn

from sordino.modeling.architectures import layers_of, less, writers_of


@contextmanager
def ablated(model: Any, edits: Mapping[int, tuple[Tensor, float]]) -> Iterator[None]:
    """Within it, every writer of the named layers writes less along directions.

    edits: by layer (from 0), the directions, (k, d) orthonormal, and the dose. Does what `Writer.ablate`
    does with the same arguments to every writer of the layer, behind norms and in mixtures of experts too
    (a mixture's output is linear in what its experts write, so the sum may lose the direction at once).
    Equal up to rounding: in bfloat16 the edit rounds weights, and the hook outputs.
    """
    writers = writers_of(model)
    _require_layers(edits, len(layers_of(model)))
    with ExitStack() as hooks:
        for writer in writers:
            if writer.layer in edits:
                directions, dose = edits[writer.layer]
                hook = _losing(writer.facing(directions), dose)
                hooks.callback(writer.module.register_forward_hook(hook).remove)
        yield


@contextmanager
def steered(model: Any, vectors: Mapping[int, Tensor]) -> Iterator[None]:
    """Within it, a vector (d,) is added to the residual after each named layer (from 0), at every
    position.
    """
    layers = layers_of(model)
    _require_layers(vectors, len(layers))
    with ExitStack() as hooks:
        for index, vector in vectors.items():
            hooks.callback(layers[index].register_forward_hook(_adding(vector)).remove)
        yield


@contextmanager
def captured(
    model: Any, layers: Iterable[int], *, positions: int | None = None
) -> Iterator[dict[int, Tensor]]:
    """The residuals of the last forward pass within it, by layer: each (batch, positions, d), detached.

    layers: from 0, each meaning the residual after it; -1 means the residual that enters layer 0.
    positions: keep the last so many alone, and free the others as the pass goes on; None keeps all.
    Steering put on before is seen.
    """
    found: dict[int, Tensor] = {}
    there, wanted = layers_of(model), sorted(set(layers))
    _require_layers([index for index in wanted if index != -1], len(there))

    def keep(index: int, value: Tensor) -> None:
        found[index] = value.detach() if positions is None else value[:, -positions:].detach().clone()

    def entering(module: nn.Module, args: tuple[Any, ...]) -> None:
        keep(-1, args[0])

    def after(index: int) -> Callable[..., None]:
        return lambda module, args, output: keep(index, _residual(output))

    with ExitStack() as hooks:
        for index in wanted:
            handle = (
                there[0].register_forward_pre_hook(entering)
                if index == -1
                else there[index].register_forward_hook(after(index))
            )
            hooks.callback(handle.remove)
        yield found


def run(model: Any, batch: Mapping[str, Tensor], *, logits_to_keep: int = 0) -> Tensor:
    """The logits (batch, positions, vocabulary) of one pass without a cache.

    batch: `input_ids` and `attention_mask`, padded on the left; positions are counted from the first token
    that is no padding, as when generating. logits_to_keep: the last so many positions; 0 means all.
    """
    return _logits(model, batch["attention_mask"], logits_to_keep, input_ids=batch["input_ids"])


def run_from(
    model: Any, layer: int, hidden: Tensor, attention_mask: Tensor, *, logits_to_keep: int = 0
) -> Tensor:
    """The logits that `run` would give, from the residual that enters `layer`: the rest alone is computed.

    hidden: (batch, positions, d), as `captured(model, [layer - 1])` holds it of a pass over the same mask;
    layer may be the number of layers, which leaves the final norm and the head. The layers before are
    passed through: put hooks on layers from `layer` on alone.
    """
    layers = layers_of(model)
    if not 0 <= layer <= len(layers):
        raise ValueError(f"There is no layer {layer} to start from: there are {len(layers)}.")
    with _passed_through(layers[:layer]):
        return _logits(model, attention_mask, logits_to_keep, inputs_embeds=hidden.to(model.dtype))


def _logits(model: Any, mask: Tensor, keep: int, **given: Tensor) -> Tensor:
    inputs = {name: value.to(model.device) for name, value in given.items()}
    mask = mask.to(model.device)
    positions = (mask.long().cumsum(-1) - 1).clamp(min=0)
    output = model(
        **inputs, attention_mask=mask, position_ids=positions, use_cache=False, logits_to_keep=keep
    )
    logits: Tensor = output.logits
    return logits


@contextmanager
def _passed_through(layers: Iterable[nn.Module]) -> Iterator[None]:
    # The modules stay in place, since models pick masks and rotations by a layer's index or attributes.
    with ExitStack() as stubs:
        for layer in layers:
            own = layer.__dict__.get("forward")  # as accelerate sets it on an instance
            stubs.callback(_restore, layer, own)
            layer.forward = _unchanged
        yield


def _unchanged(hidden_states: Tensor, *_: Any, **__: Any) -> Tensor:
    return hidden_states


def _restore(layer: nn.Module, own: Any) -> None:
    del layer.forward
    if own is not None:
        layer.forward = own


def _losing(basis: Tensor, dose: float) -> Callable[..., Tensor]:
    return lambda module, args, output: less(output, basis, dose)


def _adding(vector: Tensor) -> Callable[..., Any]:
    def hook(module: nn.Module, args: tuple[Any, ...], output: Any) -> Any:
        before = _residual(output)
        after = before + vector.to(before)
        return (after, *output[1:]) if isinstance(output, tuple) else after

    return hook


def _residual(output: Any) -> Tensor:
    residual: Tensor = output[0] if isinstance(output, tuple) else output
    return residual


def _require_layers(named: Iterable[int], number: int) -> None:
    if outside := [index for index in named if not 0 <= index < number]:
        raise ValueError(f"There is no layer {outside[0]}: the model has 0 to {number - 1}.")
