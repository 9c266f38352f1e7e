"""One linear model, and its calibration. Sits beside `train.py`; the only place that knows scikit-learn."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from recorded import Recorded
from scipy import optimize, sparse
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from sordino.judging.classifier import Arrays
from sordino.judging.features import HASHED

INVERSE_PENALTY = 20.0
DENSE_SCALE = 0.3
SECOND_OPINION = 0.4  # weight of the other labeller where the two disagree
OWN_WEIGHT = 0.3
WITHHELD_WEIGHT = 2.5  # PARTIAL and DENIAL are rare; the intercepts take back what it adds to their level
INNER_FOLDS = 4


@dataclass(frozen=True)
class Own:
    """Our own composed texts with their features."""

    features: sparse.csr_array
    label: np.ndarray


def folds_by(groups: np.ndarray, number: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Row numbers (inside, outside) of each fold; no group is on both sides."""
    yield from GroupKFold(number).split(np.zeros(len(groups)), groups=groups)


def _scale(features: sparse.csr_array) -> np.ndarray:
    """What each column is multiplied by: inverse document frequency, and one number for dense columns."""
    hashed = features[:, :HASHED]
    frequency = np.bincount(hashed.indices, minlength=HASHED)
    rarity = np.log((1 + hashed.shape[0]) / (1 + frequency)) + 1
    return np.concatenate([rarity, np.full(features.shape[1] - HASHED, DENSE_SCALE)])


def fit(recorded: Recorded, chosen: np.ndarray, own: Own | None) -> Arrays:
    """A model of the chosen rows and our own texts, its scaling folded into the weights; not calibrated."""
    label, second = recorded.label[chosen], recorded.second[chosen]
    disputed = label != second
    parts = [recorded.features[chosen], recorded.features[chosen[disputed]]]
    labels = [label, second[disputed]]
    weights = [np.where(disputed, 1 - SECOND_OPINION, 1.0), np.full(disputed.sum(), SECOND_OPINION)]
    if own is not None:
        parts.append(own.features)
        labels.append(own.label)
        weights.append(np.full(len(own.label), OWN_WEIGHT))
    scale = _scale(recorded.features[chosen])
    stacked = sparse.vstack(parts, format="csr") @ sparse.diags_array(scale)
    given = np.concatenate(labels)
    weight = np.concatenate(weights) * np.where(given > 0, WITHHELD_WEIGHT, 1.0)
    model = LogisticRegression(C=INVERSE_PENALTY, max_iter=400, tol=1e-3)
    model.fit(sparse.csr_matrix(stacked), given, weight)
    # What ships is rounded; what is measured must be what ships.
    rounded = (model.coef_ * scale).astype(np.float16).astype(np.float32)
    intercept = model.intercept_ - np.log([1.0, WITHHELD_WEIGHT, WITHHELD_WEIGHT])
    return Arrays(rounded, intercept.astype(np.float32), 1.0, np.zeros(3, np.float32))


def scores(arrays: Arrays, features: sparse.csr_array) -> np.ndarray:
    """(rows, 3) before calibration."""
    return np.asarray(features @ arrays.weights.T + arrays.intercept, np.float64)


def probabilities(arrays: Arrays, features: sparse.csr_array) -> np.ndarray:
    """(rows, 3) as `Arrays.probabilities` gives them, from features already made."""
    logits = scores(arrays, features) / arrays.temperature + arrays.shift
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return odds / odds.sum(axis=1, keepdims=True)


def calibration(logits: np.ndarray, label: np.ndarray) -> tuple[float, np.ndarray]:
    """Temperature and class shifts by maximum likelihood (Guo et al., ICML 2017, with a shift a class)."""

    def loss(free: np.ndarray) -> float:
        z = logits / np.exp(free[0]) + np.array([0.0, free[1], free[2]])
        z = z - z.max(axis=1, keepdims=True)
        picked = z[np.arange(len(label)), label]
        return float(np.mean(np.log(np.exp(z).sum(axis=1)) - picked))

    best = optimize.minimize(
        loss, np.zeros(3), method="Nelder-Mead", options={"xatol": 1e-5, "fatol": 1e-9}
    )
    return float(np.exp(best.x[0])), np.array([0.0, best.x[1], best.x[2]], np.float32)


def fit_calibrated(recorded: Recorded, chosen: np.ndarray, own: Own | None) -> Arrays:
    """`fit`, calibrated on scores of chosen rows by inner models that had not seen the answering model.

    Only the chosen rows have any part in it, so a fold's calibration is as blind to its left-out models as
    its weights are. Calibrated for answers like the criticism recordings.
    """
    logits = np.zeros((len(chosen), 3))
    for inside, outside in folds_by(recorded.frame["model"].to_numpy()[chosen], INNER_FOLDS):
        inner = fit(recorded, chosen[inside], own)
        logits[outside] = scores(inner, recorded.features[chosen[outside]])
    usual = recorded.criticism[chosen]
    temperature, shift = calibration(logits[usual], recorded.label[chosen][usual])
    model = fit(recorded, chosen, own)
    return Arrays(model.weights, model.intercept, temperature, shift)
