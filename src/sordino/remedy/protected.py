# mypy: allow-untyped-calls
"""Rung A: directions from withheld questions against their answered siblings, less what must stay, taken
out of what the layers write.

The direction is a difference of means (Arditi et al. 2024, arXiv:2406.11717), in each language and layer;
it is projected off a protected subspace, as Wang et al. (ICLR 2025, arXiv:2410.03415) orthogonalise a false
refusal against the true one: the direction of harm, what tells the jurisdiction from others on neutral
matters, and the leading components of general prompts. Importing it brings torch and Optuna.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import optuna
import torch
from torch import Tensor

from sordino.core.errors import TargetError
from sordino.modeling.activations import residuals
from sordino.modeling.architectures import layers_of, writers_of
from sordino.modeling.hooks import ablated
from sordino.modeling.likelihood import continuations
from sordino.remedy.scoring import Battery, Score
from sordino.remedy.searching import search
from sordino.remedy.sets import Item, Sets
from sordino.remedy.subject import Subject

POSITIONS = 2
"""The last tokens of the prompt at which directions are looked for."""
LARGEST_DOSE = 1.5
COMPONENTS = 16
Means = Tensor
"""(layers + 1, positions, d)."""


@dataclass(frozen=True)
class Protected:
    """One edit. directions: by layer from `first` on, (k, d) orthonormal; dose: 1 takes all out."""

    first: int
    directions: tuple[Tensor, ...]
    dose: float

    def applied(self, model: object) -> AbstractContextManager[None]:
        """Within it the model is edited, by hooks."""
        edits = {self.first + i: (d, self.dose) for i, d in enumerate(self.directions)}
        return ablated(model, edits)

    def merge(self, model: object) -> dict[str, int]:
        """Edit the weights for good. Returns how many numbers of which tensors changed."""
        changed = {}
        for writer in writers_of(model):
            index = writer.layer - self.first
            if 0 <= index < len(self.directions):
                writer.ablate(self.directions[index], self.dose)
                changed[writer.name] = writer.weight.numel()
        return changed


class Directions:
    """What edits are made of, measured once."""

    def __init__(self, subject: Subject, sets: Sets) -> None:
        read = partial(_residuals, subject)
        self._raw = _matched(sets, read)
        harm = _apart(sets.harmful, sets.benign, read)
        here = _apart(sets.neutral_here, sets.neutral_elsewhere, read)
        general = [*sets.siblings, *sets.neutral_elsewhere, *sets.benign]
        self._protected = [means for means in (*harm, *here) if means is not None]
        self._components = _leading(read(general))

    def at(self, layer: int, position: int, protection: float, components: int) -> Tensor:
        """(k, d) orthonormal, one direction a language or fewer; see `_apart_from`."""
        raw = self._apart_from(layer, position, protection, components)
        _, size, found = torch.linalg.svd(raw, full_matrices=False)
        chosen: Tensor = found[size > 1e-4 * size[0].clamp(min=1e-12)]
        return chosen

    def shift(self, layer: int) -> Tensor:
        """(d,) from withheld to answered at the prompt's last token, the mean over languages, protected."""
        return -self._apart_from(layer, POSITIONS - 1, 1.0, 0).mean(0)

    def _apart_from(self, layer: int, position: int, protection: float, components: int) -> Tensor:
        """(languages, d). protection: of the protected part, the share that is taken off. layer: from 0,
        after which the residual is read. components: leading ones that are protected as well.
        """
        raw = torch.stack([means[layer + 1, position] for means in self._raw])
        keep = [means[layer + 1, position] for means in self._protected]
        keep += list(self._components[layer + 1, position, :components])
        if keep and protection:
            basis = torch.linalg.qr(torch.stack(keep).T).Q
            raw = raw - protection * (raw @ basis) @ basis.T
        return raw


def fit(
    subject: Subject,
    sets: Sets,
    battery: Battery,
    *,
    trials: int,
    seed: int,
    storage: Path,
    progress: Callable[[int, int], None],
) -> tuple[Protected, dict[str, object], Score] | None:
    """The best edit that keeps to the limits, its settings, its score; None where none does."""
    directions, number = Directions(subject, sets), len(layers_of(subject.model))

    def edit(told: dict[str, object]) -> Protected:
        return _edit(directions, number, told)

    def suggest(trial: optuna.Trial) -> dict[str, object]:
        return {
            "first": trial.suggest_int("first", 0, number - 1),
            "layers": trial.suggest_int("layers", 1, number),
            "source": trial.suggest_int("source", -1, number - 1),
            "position": trial.suggest_int("position", 0, POSITIONS - 1),
            "dose": trial.suggest_float("dose", 0.2, LARGEST_DOSE),
            "protection": trial.suggest_float("protection", 0.0, 1.0),
            "components": trial.suggest_categorical("components", [0, 4, COMPONENTS]),
        }

    def score(told: dict[str, object]) -> Score:
        one = edit(told)
        return battery.score(one.first, lambda: one.applied(subject.model))

    best = search(
        suggest, score, trials=trials, seed=seed, storage=storage, name="protected", progress=progress
    )
    return None if best is None else (edit(best[0]), best[0], best[1])


def _edit(directions: Directions, number: int, told: dict[str, object]) -> Protected:
    first, source, position = (int(str(told[name])) for name in ("first", "source", "position"))
    last = min(first + int(str(told["layers"])), number)
    at = partial(
        directions.at,
        position=position,
        protection=float(str(told["protection"])),
        components=int(str(told["components"])),
    )
    # -1: every layer loses its own direction; else all lose that of one layer.
    return Protected(
        first,
        tuple(at(layer if source == -1 else source) for layer in range(first, last)),
        float(str(told["dose"])),
    )


def _residuals(subject: Subject, items: Sequence[Item]) -> Tensor:
    """(n, layers + 1, positions, d)"""
    batches = continuations([(subject.prompt(i.question), ()) for i in items], most=0)
    return residuals(subject.model, [b.batch for b in batches], positions=POSITIONS)


def _matched(sets: Sets, read: Callable[[Sequence[Item]], Tensor]) -> list[Means]:
    """By language: the mean over topics of withheld less siblings of the same topic. Raises TargetError."""
    found = []
    for language in sorted({i.language for i in sets.withheld}):
        apart = []
        for topic in sorted({i.template for i in sets.withheld}):
            own, other = (
                [i for i in some if i.language == language and i.template == topic]
                for some in (sets.withheld, sets.siblings)
            )
            if own and other:
                apart.append(read(own).mean(0) - read(other).mean(0))
        if apart:
            found.append(torch.stack(apart).mean(0))
    if not found:
        raise TargetError(
            "No withheld question has an answered sibling on its topic in its language, so that there is "
            "no direction from one to the other."
        )
    return found


def _apart(
    some: Sequence[Item], others: Sequence[Item], read: Callable[[Sequence[Item]], Tensor]
) -> list[Means]:
    """By language, one mean less the other, where both have questions."""
    found = []
    for language in sorted({i.language for i in some} & {i.language for i in others}):
        own, other = ([i for i in side if i.language == language] for side in (some, others))
        found.append(read(own).mean(0) - read(other).mean(0))
    return found


def _leading(values: Tensor) -> Tensor:
    """(layers + 1, positions, components, d): the leading principal components of general prompts."""
    centred = (values - values.mean(0)).permute(1, 2, 0, 3)
    found: Tensor = torch.linalg.svd(centred, full_matrices=False).Vh[..., :COMPONENTS, :]
    return found
