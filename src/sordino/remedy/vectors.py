"""Which vector to steer by: the protected mean shift of one layer, at a strength that keeps to the limits.

A shift towards what the model does where it answers moves every prompt alike (an edit of the weights
cannot, in architectures without biases), and is taken off by not adding it. Importing it brings torch and
Optuna.
"""

from collections.abc import Callable
from typing import Any

from torch import Tensor

from sordino.modeling.architectures import layers_of
from sordino.modeling.hooks import steered
from sordino.remedy.protected import Directions
from sordino.remedy.scoring import Battery, Limits, Score
from sordino.remedy.sets import Sets
from sordino.remedy.subject import Subject

STRENGTHS = (0.5, 1.0, 1.5, 2.0)


def best(
    subject: Subject, sets: Sets, progress: Callable[[str, int, int], None]
) -> tuple[int, Tensor, float, Score] | None:
    """Layer, vector (d,), strength and score of the best within the limits; None where none is.

    From layer 1 on, because llama.cpp can steer after no earlier one.
    """
    directions, battery = Directions(subject, sets), Battery(subject, sets, Limits())
    places = [(n, s) for n in range(1, len(layers_of(subject.model))) for s in STRENGTHS]
    found: list[tuple[int, Tensor, float, Score]] = []
    for done, (layer, strength) in enumerate(places):
        progress("steering", done, len(places))
        vector = directions.shift(layer)
        score = battery.score(layer, _steering(subject.model, layer, strength * vector))
        if score.broken is None:
            found.append((layer, vector, strength, score))
    progress("steering", len(places), len(places))
    return max(found, key=lambda one: one[3].value, default=None)


def _steering(model: Any, layer: int, vector: Tensor) -> Callable[[], Any]:
    return lambda: steered(model, {layer: vector.to(model.device)})
