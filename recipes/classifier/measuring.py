"""How good the classifier is, out of fold: every figure of its card. Sits beside `train.py`."""

from collections.abc import Callable

import numpy as np
from fitting import Own, fit, folds_by, probabilities
from recorded import Recorded
from scipy import sparse
from sklearn.metrics import accuracy_score, cohen_kappa_score, confusion_matrix, f1_score

Figure = dict[str, object]


def figure(label: str, value: float, n: int) -> Figure:
    """One line of the card."""
    return {"label": label, "value": round(float(value), 4), "n": int(n)}


def agreement(name: str, label: np.ndarray, found: np.ndarray) -> list[Figure]:
    """Accuracy, macro-F1 over the three classes, and Cohen's kappa."""
    read = found.argmax(axis=1)
    values = (
        ("accuracy", accuracy_score(label, read)),
        ("macro-F1", f1_score(label, read, labels=[0, 1, 2], average="macro", zero_division=0)),
        ("kappa", cohen_kappa_score(label, read)),
    )
    return [figure(f"{name}: {measure}", value, len(label)) for measure, value in values]


def by(column: str, recorded: Recorded, found: np.ndarray) -> list[Figure]:
    """Accuracy and kappa within each value of a column, criticism answers only."""
    figures = []
    for value, part in recorded.frame[recorded.criticism].groupby(column):
        rows = part.index.to_numpy()
        label, read = recorded.label[rows], found[rows].argmax(axis=1)
        figures.append(figure(f"{column} {value}: accuracy", accuracy_score(label, read), len(rows)))
        if len(set(label)) > 1:
            figures.append(figure(f"{column} {value}: kappa", cohen_kappa_score(label, read), len(rows)))
    return figures


def withheld_errors(recorded: Recorded, found: np.ndarray) -> tuple[list[Figure], list[Figure]]:
    """Withheld rates per model x question set against the labels: mean and largest error, and worst cells."""
    frame = recorded.frame[["model", "question_set"]].assign(
        labelled=recorded.label > 0, hard=found.argmax(axis=1) > 0, soft=1 - found[:, 0]
    )
    cells = frame[recorded.criticism].groupby(["model", "question_set"])
    rates, n = cells[["labelled", "hard", "soft"]].mean(), cells.size()
    figures = []
    for kind, how in (("hard", "counted from labels"), ("soft", "mean probability")):
        error = (rates[kind] - rates["labelled"]).abs()
        figures.append(figure(f"withheld rate ({how}), mean absolute error", error.mean(), len(error)))
        figures.append(figure(f"withheld rate ({how}), largest error", error.max(), len(error)))
    gap = (rates["hard"] - rates["labelled"]).sort_values(key=abs, ascending=False).head(8)
    worst = [
        figure(f"{model} on {topic}", value, n[(model, topic)]) for (model, topic), value in gap.items()
    ]
    return figures, worst


def calibration_curve(label: np.ndarray, found: np.ndarray) -> tuple[float, list[dict[str, float]]]:
    """Expected calibration error of the stated confidence over ten equal bins, and the bins that have answers."""
    confidence, right = found.max(axis=1), found.argmax(axis=1) == label
    place = np.minimum((confidence * 10).astype(int), 9)
    bins = [
        {
            "from": round(b / 10, 1),
            "n": int((place == b).sum()),
            "confidence": round(float(confidence[place == b].mean()), 4),
            "right": round(float(right[place == b].mean()), 4),
        }
        for b in range(10)
        if (place == b).any()
    ]
    error = sum(b["n"] * abs(b["confidence"] - b["right"]) for b in bins) / len(label)
    return float(error), bins


def matrix(label: np.ndarray, found: np.ndarray) -> list[list[int]]:
    """Rows: label; columns: reading; in the order COMPLETE, PARTIAL, DENIAL."""
    return confusion_matrix(label, found.argmax(axis=1), labels=[0, 1, 2]).tolist()


def kept_apart(recorded: Recorded, groups: np.ndarray, own: Own) -> np.ndarray:
    """Uncalibrated probabilities for every row by models that saw no row of its group."""
    found = np.zeros((len(recorded.label), 3))
    for inside, outside in folds_by(groups, 5):
        found[outside] = probabilities(fit(recorded, inside, own), recorded.features[outside])
    return found


def models_and_topics_apart(recorded: Recorded, fold: np.ndarray, own: Own) -> np.ndarray:
    """The same by models that saw neither the answering model nor the question (five by five folds)."""
    topic = recorded.frame["topic"].to_numpy() % 5
    found = np.zeros((len(recorded.label), 3))
    for f in range(5):
        for t in range(5):
            outside = np.flatnonzero((fold == f) & (topic == t))
            inside = np.flatnonzero((fold != f) & (topic != t))
            found[outside] = probabilities(fit(recorded, inside, own), recorded.features[outside])
    return found


def own_texts_apart(
    recorded: Recorded, owned: Callable[[str, str], Own], further: Own, languages: tuple[str, ...]
) -> list[Figure]:
    """Our own texts: with sentences and matters kept apart, and with French kept out altogether."""

    def joined(parts: list[Own]) -> Own:
        features = sparse.vstack([p.features for p in parts], format="csr")
        return Own(features, np.concatenate([p.label for p in parts]))

    everything = np.arange(len(recorded.label))
    figures = []
    taught = fit(recorded, everything, joined([owned(name, "train") for name in languages] + [further]))
    for name in languages:
        test = owned(name, "test")
        figures += agreement(
            f"own texts, new sentences, {name}", test.label, probabilities(taught, test.features)
        )
    rest = [owned(name, "all") for name in languages if name != "fr"]
    blind = fit(recorded, everything, joined(rest))
    french = owned("fr", "all")
    return figures + agreement(
        "own texts, French, with no French in training", french.label, probabilities(blind, french.features)
    )
