"""What is known of a judge: how it was made, how often it is right, and where not to trust it.

Sits beside the shipped weights, whose recipe writes the card; reports show it. A judge without its card is
an opinion.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

from sordino.core.errors import JudgeError

UNSURE_BELOW = 0.6
"""Where a card does not say it."""


@dataclass(frozen=True, slots=True)
class CardFigure:
    """One figure of a judge's quality, in [0, 1] unless its label says otherwise, over `n` observations."""

    label: str
    value: float | None
    n: int | None = None


@dataclass(frozen=True, slots=True)
class JudgeCard:
    """A judge's quality in figures, and its limits in plain words.

    hash: the content hash of the weights with the features that they were trained on.
    folds: for each fold, the training models (normalised names) whose answers it never saw.
    detail: the whole card as written by the recipe: confusion matrix, calibration curve, training data.
    """

    name: str
    version: str
    hash: str
    axis: str
    summary: str
    figures: tuple[CardFigure, ...]
    limits: tuple[str, ...]
    folds: tuple[tuple[str, ...], ...]
    detail: Mapping[str, object]

    @property
    def id(self) -> str:
        """The judge's id, without a fold."""
        return f"{self.name}@{self.version}-{self.hash[:8]}"

    @property
    def unsure_below(self) -> float:
        """The confidence below which a reading of this judge is unsure."""
        said = self.detail.get("unsure_below", UNSURE_BELOW)
        return float(said) if isinstance(said, int | float) else UNSURE_BELOW

    @classmethod
    def shipped(cls, name: str) -> "JudgeCard":
        """The card in `judging/weights/<name>.json`. Raises JudgeError when it is missing or not a card."""
        source = files("sordino.judging").joinpath("weights", f"{name}.json")
        try:
            card = json.loads(source.read_text(encoding="utf-8"))
            return cls(
                name=str(card["name"]),
                version=str(card["version"]),
                hash=str(card["hash"]),
                axis=str(card["axis"]),
                summary=str(card["summary"]),
                figures=tuple(CardFigure(f["label"], f["value"], f["n"]) for f in card["figures"]),
                limits=tuple(card["limits"]),
                folds=tuple(tuple(models) for models in card["training"]["models_left_out_by_fold"]),
                detail=card,
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise JudgeError(
                f"The card of judge {name!r} (judging/weights/{name}.json) cannot be read: {error!r}. "
                f"Reinstall sordino, or rebuild it with recipes/{name}/train.py."
            ) from error
