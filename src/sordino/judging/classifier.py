"""The engagement judge that ships: linear arrays over `judging/features.py`, calibrated, on numpy alone.

It reads a question with the delivered answer, never the reasoning and never who answered or about whom,
and says COMPLETE, PARTIAL or DENIAL with probabilities. `recipes/classifier/train.py` makes its weights
and card.

Six sets of arrays ship: one trained on everything, and five that each left some models out. The audit of a
model that is among the training models is read by the set that never saw its labels.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Self

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load
from scipy import sparse

from sordino.core.errors import JudgeError
from sordino.core.protocols import Item
from sordino.core.records import Axis, Delivery, Engagement, Exchange, Reading, Unjudged
from sordino.judging.card import JudgeCard
from sordino.judging.features import LONG, fingerprint, rows
from sordino.judging.folds import fold_of
from sordino.judging.window import answer_window

VALUES = (Engagement.COMPLETE, Engagement.PARTIAL, Engagement.DENIAL)
BATCH = 128


def normalised(name: str) -> str:
    """A training model's name as the card lists it: lower case, `_` for `/`."""
    return name.strip().lower().replace("/", "_")


def content_hash(weights: bytes) -> str:
    """What the judge is: its arrays and the features that they were trained on."""
    return hashlib.sha256(weights + fingerprint().encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Arrays:
    """Two linear models, of short answers and of long, each with its calibration.

    weights: (2, 3, features) float32; intercept, and shift by class: (2, 3); temperature: (2,) above 0.
    """

    weights: npt.NDArray[np.float32]
    intercept: npt.NDArray[np.float32]
    temperature: npt.NDArray[np.float32]
    shift: npt.NDArray[np.float32]

    @classmethod
    def of(cls, stored: Mapping[str, npt.NDArray[np.generic]], chosen: int) -> Self:
        """One of the sets that a file holds: the words' weights as `packed`, the others as they are."""
        words = unpacked(stored["words"][chosen], stored["words_scale"][chosen])
        weights = np.concatenate([words, stored["dense"][chosen].astype(np.float32)], axis=2)
        rest = (stored[name][chosen].astype(np.float32) for name in ("intercept", "temperature", "shift"))
        return cls(weights, *rest)

    def probabilities(self, questions: Sequence[str], answers: Sequence[str]) -> npt.NDArray[np.float64]:
        """(texts, 3) calibrated probabilities of COMPLETE, PARTIAL, DENIAL; rows sum to 1."""
        return self.of_features(rows(questions, answers))

    def of_features(self, features: sparse.csr_array) -> npt.NDArray[np.float64]:
        """The same from features already made."""
        logits = np.zeros((features.shape[0], len(VALUES)))
        for kind, here in enumerate(by_length(features)):
            scores = features[here] @ self.weights[kind].T + self.intercept[kind]
            logits[here] = scores / self.temperature[kind] + self.shift[kind]
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(odds / odds.sum(axis=1, keepdims=True), np.float64)


def by_length(features: sparse.csr_array) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Which rows are short answers, and which long."""
    is_long = features[:, [LONG]].toarray().ravel() > 0
    return np.flatnonzero(~is_long), np.flatnonzero(is_long)


def packed(weights: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """Weights (..., columns) as square roots in bytes, and the scale of each row: small ones count too."""
    scale = np.abs(weights).max(axis=-1, keepdims=True).astype(np.float32)
    root = np.sqrt(np.abs(weights) / np.maximum(scale, np.float32(1e-12)))
    return np.round(np.sign(weights) * root * 127).astype(np.int8), scale


def unpacked(stored: npt.NDArray[np.generic], scale: npt.NDArray[np.generic]) -> npt.NDArray[np.float32]:
    """What `packed` was given, as near as it kept it."""
    root = stored.astype(np.float32) / 127
    return np.asarray(np.sign(root) * root**2 * scale.astype(np.float32), np.float32)


class Classifier:
    """Judge of engagement. Build it with `shipped`."""

    axis = Axis.ENGAGEMENT

    def __init__(self, identity: str, arrays: Arrays) -> None:
        self._id, self._arrays = identity, arrays

    @classmethod
    def shipped(cls, target_name: str | None = None) -> Self:
        """The shipped classifier; for a training model, the fold that left its labels out.

        target_name: the model under audit, e.g. "deepseek/deepseek-r1". Raises JudgeError when the weights
        are missing, broken, or do not belong to the card and features beside them.
        """
        card = JudgeCard.shipped("classifier")
        source = files("sordino.judging").joinpath("weights", "classifier.safetensors")
        try:
            content = source.read_bytes()
            found = content_hash(content)
            if found != card.hash:
                raise JudgeError(
                    f"The classifier's weights and features (content {found}) are not those of its card "
                    f"({card.hash}). Reinstall sordino, or rebuild with recipes/classifier/train.py."
                )
            arrays = load(content)
        except (OSError, SafetensorError) as error:
            raise JudgeError(
                f"The classifier's weights (weights/classifier.safetensors) cannot be read: {error}. "
                "Reinstall sordino, or rebuild them with recipes/classifier/train.py."
            ) from error
        fold = fold_of(card.folds, target_name)
        chosen = 0 if fold is None else fold + 1
        identity = card.id if fold is None else f"{card.id}/fold{fold}"
        return cls(
            identity,
            Arrays.of(arrays, chosen),
        )

    @property
    def id(self) -> str:
        """Name, version and content hash, and the fold where one is used."""
        return self._id

    def read(self, items: Sequence[Item]) -> list[Reading | Unjudged]:
        """One result for each item, in order; only delivered answers with words in them are read."""
        why = [_why_not(exchange) for _, exchange in items]
        readable = [item for item, reason in zip(items, why, strict=True) if reason is None]
        readings = self._readings(readable)
        return [
            next(readings) if reason is None else Unjudged(exchange.key, self.axis, self.id, reason)
            for (_, exchange), reason in zip(items, why, strict=True)
        ]

    def _readings(self, items: Sequence[Item]) -> Iterator[Reading]:
        for start in range(0, len(items), BATCH):
            batch = items[start : start + BATCH]
            questions = [
                probe.question if probe else exchange.request.question for probe, exchange in batch
            ]
            found = self._arrays.probabilities(questions, [exchange.attempt.text for _, exchange in batch])
            for (_, exchange), row in zip(batch, found.tolist(), strict=True):
                best = int(np.argmax(row))
                probabilities = {value.value: p for value, p in zip(VALUES, row, strict=True)}
                yield Reading(
                    exchange.key, self.axis, self.id, VALUES[best].value, row[best], probabilities
                )


def _why_not(exchange: Exchange) -> str | None:
    """Why this judge does not read an exchange, if so."""
    if exchange.attempt.delivery is not Delivery.DELIVERED:
        return f"not delivered: {exchange.attempt.delivery.value}"
    if not exchange.attempt.text.strip():
        return "empty text"
    window = answer_window(exchange.attempt.text)[0]
    # The features know the first plane of Unicode only: an answer outside it would be read as nothing said.
    if any(c.isalnum() and c <= "\uffff" for c in window):
        return None
    return "no word that it can read" if any(map(str.isalnum, window)) else "no words in the answer"
