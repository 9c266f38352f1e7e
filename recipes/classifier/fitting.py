"""One linear model, and its calibration. Sits beside `train.py`; the only place that knows scikit-learn."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from own import Own
from recorded import Recorded
from scipy import optimize, sparse
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from sordino.judging.classifier import Arrays, by_length, packed, unpacked
from sordino.judging.features import HASHED

# Far from converged: stopping early keeps it from trusting single words, better than any penalty that was tried.
INVERSE_PENALTY = 20.0
TOLERANCE = 1e-3
DENSE_SCALE = 0.3
SECOND_OPINION = 0.4  # weight of the other labeller where the two disagree
WITHHELD_WEIGHT = 2.5  # PARTIAL and DENIAL are rare; the intercepts take back what it adds to their level
INNER_FOLDS = 3


def folds_by(groups: np.ndarray, number: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Row numbers (inside, outside) of each fold; no group is on both sides."""
    yield from GroupKFold(number).split(np.zeros(len(groups)), groups=groups)


def parted(own: Own, number: int) -> np.ndarray:
    """Which of so many parts each of our own texts is in, by its group, the same everywhere."""
    return np.array([zlib.crc32(str(group).encode()) % number for group in own.group])


def _scale(features: sparse.csr_array) -> np.ndarray:
    """What each column is multiplied by: inverse document frequency, and one number for dense columns."""
    hashed = features[:, :HASHED]
    frequency = np.bincount(hashed.indices, minlength=HASHED)
    rarity = np.log((1 + hashed.shape[0]) / (1 + frequency)) + 1
    return np.concatenate([rarity, np.full(features.shape[1] - HASHED, DENSE_SCALE)])


@dataclass(frozen=True)
class Model:
    """One linear model, not calibrated: weights (3, features), intercept (3,)."""

    weights: np.ndarray
    intercept: np.ndarray

    def scores(self, features: sparse.csr_array) -> np.ndarray:
        """(rows, 3)"""
        return np.asarray(features @ self.weights.T + self.intercept, np.float64)


def fit(recorded: Recorded, chosen: np.ndarray, own: Own) -> Model:
    """A model of the chosen rows and our own texts, its scaling folded into the weights."""
    label, second = recorded.label[chosen], recorded.second[chosen]
    disputed = label != second
    parts = [recorded.features[chosen], recorded.features[chosen[disputed]]]
    labels = [label, second[disputed]]
    weights = [np.where(disputed, 1 - SECOND_OPINION, 1.0), np.full(disputed.sum(), SECOND_OPINION)]
    for all_parts, some in zip((parts, labels, weights), own.stacked(), strict=True):
        all_parts.extend(some)
    scale = _scale(recorded.features[chosen])
    stacked = sparse.vstack(parts, format="csr") @ sparse.diags_array(scale)
    given = np.concatenate(labels)
    weight = np.concatenate(weights) * np.where(given > 0, WITHHELD_WEIGHT, 1.0)
    model = LogisticRegression(C=INVERSE_PENALTY, max_iter=300, tol=TOLERANCE)
    model.fit(sparse.csr_matrix(stacked), given, weight)
    intercept = model.intercept_ - np.log([1.0, WITHHELD_WEIGHT, WITHHELD_WEIGHT])
    return Model(as_shipped(np.asarray(model.coef_ * scale, np.float32)), intercept.astype(np.float32))


def as_shipped(weights: np.ndarray) -> np.ndarray:
    """What ships is rounded; what is measured must be what ships."""
    words = unpacked(*packed(weights[:, :HASHED]))
    return np.concatenate([words, weights[:, HASHED:].astype(np.float16).astype(np.float32)], axis=1)


def fit_both(recorded: Recorded, chosen: np.ndarray, own: Own) -> Arrays:
    """Models of short answers and of long, not calibrated.

    Our chats are all short, and what they teach of evasion is wrong for essays: only the one sees them.
    """
    both = [fit(recorded, chosen, some) for some in (own, own.essays())]
    return Arrays(
        np.stack([m.weights for m in both]),
        np.stack([m.intercept for m in both]),
        np.ones(2, np.float32),
        np.zeros((2, 3), np.float32),
    )


def scores(arrays: Arrays, features: sparse.csr_array) -> np.ndarray:
    """(rows, 3) before calibration, each by the model of its length."""
    found = np.zeros((features.shape[0], 3))
    for kind, here in enumerate(by_length(features)):
        found[here] = Model(arrays.weights[kind], arrays.intercept[kind]).scores(features[here])
    return found


def is_long(features: sparse.csr_array) -> np.ndarray:
    """A mask of the long answers."""
    mask = np.zeros(features.shape[0], bool)
    mask[by_length(features)[1]] = True
    return mask


def calibration(logits: np.ndarray, label: np.ndarray, weight: np.ndarray) -> tuple[float, np.ndarray]:
    """Temperature and class shifts by maximum likelihood (Guo et al., ICML 2017, with a shift a class)."""

    def loss(free: np.ndarray) -> float:
        z = logits / np.exp(free[0]) + np.array([0.0, free[1], free[2]])
        z = z - z.max(axis=1, keepdims=True)
        picked = z[np.arange(len(label)), label]
        return float(np.average(np.log(np.exp(z).sum(axis=1)) - picked, weights=weight))

    best = optimize.minimize(
        loss, np.zeros(3), method="Nelder-Mead", options={"xatol": 1e-5, "fatol": 1e-9}
    )
    return float(np.exp(best.x[0])), np.array([0.0, best.x[1], best.x[2]], np.float32)


def fit_calibrated(recorded: Recorded, chosen: np.ndarray, own: Own) -> Arrays:
    """`fit`, calibrated on answers by inner models that had not seen the answering model, language or style.

    Long answers are calibrated on the recordings of criticism. Short ones, which recordings hardly have, on
    these and on our own texts together, with labels as frequent as `SHORT_SHARES`, by a temperature alone.
    Only the chosen rows have any part in it, so a fold's calibration is as blind to its left-out models as its
    weights are.
    """
    rows, part = np.zeros((len(chosen), 3)), parted(own, INNER_FOLDS)
    texts = np.zeros((len(own.label), 3))
    inner_folds = folds_by(recorded.frame["model"].to_numpy()[chosen], INNER_FOLDS)
    for number, (inside, outside) in enumerate(inner_folds):
        inner = fit_both(recorded, chosen[inside], own.only(part != number))
        rows[outside] = scores(inner, recorded.features[chosen[outside]])
        texts[part == number] = scores(inner, own.features[part == number])
    usual, far = recorded.criticism[chosen], is_long(recorded.features[chosen])
    label = recorded.label[chosen]
    long = calibration(rows[usual & far], label[usual & far], np.ones((usual & far).sum()))
    short = _short_temperature(rows[usual & ~far], label[usual & ~far], texts, own)
    model = fit_both(recorded, chosen, own)
    temperature = np.array([short, long[0]], np.float32)
    shift = np.stack([np.zeros(3, np.float32), long[1]])
    return Arrays(model.weights, model.intercept, temperature, shift)


SHORT_SHARES = np.array([0.5, 0.2, 0.3])
"""How often short answers are taken to be COMPLETE, PARTIAL and DENIAL where their calibration is fitted."""


def _short_temperature(rows: np.ndarray, label: np.ndarray, texts: np.ndarray, own: Own) -> float:
    """Fitted beside a shift that is dropped: it would suppose how often short answers are complete, which is
    not the same in audits and in chats.
    """
    near = ~is_long(own.features)
    # A chat counts as much as a recorded answer; a composed text, of which there are thousands, a tenth.
    counts = np.where(own.source == "chats", 1.0, 0.1)[near]
    logits, given = np.concatenate([rows, texts[near]]), np.concatenate([label, own.label[near]])
    weight = np.concatenate([np.ones(len(label)), counts])
    share = np.bincount(given, weight, minlength=3) / weight.sum()
    return calibration(logits, given, weight * (SHORT_SHARES / share)[given])[0]
