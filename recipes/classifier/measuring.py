"""How good the classifier is, out of fold: every figure of its card. Sits beside `train.py`."""

import numpy as np
from fitting import fit_both, folds_by, parted, scores
from own import Own, joined, of_language
from recorded import Recorded
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
    """Scores for every row by models that saw no row of its group."""
    found = np.zeros((len(recorded.label), 3))
    for inside, outside in folds_by(groups, 5):
        found[outside] = scores(fit_both(recorded, inside, own), recorded.features[outside])
    return found


def models_and_topics_apart(recorded: Recorded, fold: np.ndarray, own: Own) -> np.ndarray:
    """The same by models that saw neither the answering model nor the question (five by three folds)."""
    topic = recorded.frame["topic"].to_numpy() % 3
    found = np.zeros((len(recorded.label), 3))
    for f in range(5):
        for t in range(3):
            outside = np.flatnonzero((fold == f) & (topic == t))
            inside = np.flatnonzero((fold != f) & (topic != t))
            found[outside] = scores(fit_both(recorded, inside, own), recorded.features[outside])
    return found


def coverage(label: np.ndarray, found: np.ndarray) -> list[Figure]:
    """Accuracy on the most confident answers, by how many of them are read."""
    order = np.argsort(-found.max(axis=1), kind="stable")
    right = (found.argmax(axis=1) == label)[order]
    shares = (0.95, 0.9, 0.8, 0.7, 0.5)
    sizes = [round(share * len(label)) for share in shares]
    return [
        figure(f"accuracy on the most confident {share:.0%}", right[:n].mean(), n)
        for share, n in zip(shares, sizes, strict=True)
    ]


def languages_apart(recorded: Recorded, own: Own) -> list[Figure]:
    """Our own texts in each language, by models that saw no text in it; its list of words stays.

    And the recorded Chinese answers by a model that saw our own Chinese texts and no recorded one.
    """
    everything, ours = np.arange(len(recorded.label)), own.source == "languages"
    kappas, figures = [], []
    for language in sorted(set(own.group[ours])):
        spoken = own.group == language
        taught = fit_both(recorded, everything[recorded.frame["language"] != language], own.only(~spoken))
        test = own.only(ours & spoken)
        read = scores(taught, test.features).argmax(axis=1)
        kappas.append(cohen_kappa_score(test.label, read))
        figures.append(figure(f"language left out, {language}: kappa", kappas[-1], len(test.label)))
    chinese = recorded.frame["language"].to_numpy() == "zh"
    taught = fit_both(recorded, everything[~chinese], own)
    read = scores(taught, recorded.features[chinese])
    return [
        figure(
            f"language left out, mean of {len(kappas)} own languages: kappa",
            np.mean(kappas),
            int(ours.sum()),
        ),
        figure("language left out, lowest of them: kappa", min(kappas), int(ours.sum())),
        *agreement(
            "recorded Chinese answers left out, own Chinese texts kept", recorded.label[chinese], read
        ),
        *figures,
    ]


def new_sentences(recorded: Recorded, own: Own) -> list[Figure]:
    """Our own texts with sentences and matters kept apart, all languages together."""
    other = own.only(own.source != "languages")
    names = sorted(set(own.group[own.source == "languages"]))
    label, found = [], []
    taught = fit_both(
        recorded, np.arange(len(recorded.label)), joined([other, *(of_language(n, "train") for n in names)])
    )
    for name in names:
        test = of_language(name, "test")
        label.append(test.label)
        found.append(scores(taught, test.features))
    return agreement(
        f"own texts in {len(names)} languages, new sentences", np.concatenate(label), np.concatenate(found)
    )


def styles_apart(recorded: Recorded, own: Own) -> list[Figure]:
    """Our own short chats, each style by models that saw no text of that style, in ten groups of styles.

    Beside the plain accuracy one with labels as frequent as in published sets of such chats: 58% met, 8%
    partly, 34% refused. Ours hold as many evasions as answers.
    """
    chats, part = own.source == "chats", parted(own, 10)
    found = np.zeros((len(own.label), 3))
    for number in range(10):
        held = chats & (part == number)
        styles = set(own.group[held])
        kept = ~np.isin(own.group, sorted(styles))
        taught = fit_both(recorded, np.arange(len(recorded.label)), own.only(kept))
        found[held] = scores(taught, own.features[held])
    label, read = own.label[chats], found[chats].argmax(axis=1)
    recall = [float((read[label == k] == k).mean()) for k in range(3)]
    return [
        figure("short chats, style left out: accuracy", (read == label).mean(), len(label)),
        figure(
            "short chats, style left out: accuracy at 58/8/34",
            np.dot(recall, (0.58, 0.08, 0.34)),
            len(label),
        ),
        *(
            figure(f"short chats, style left out: {name} read so", recall[k], int((label == k).sum()))
            for k, name in enumerate(("COMPLETE", "PARTIAL", "DENIAL"))
        ),
    ]
