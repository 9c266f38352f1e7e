"""How often the shipped engagement classifier is right on models it has not seen, and how fast it is.

    python benchmarks/classifier.py

Retrains nothing: every recorded answer is read by the shipped fold that left its model out. Baselines in the
same run on the same answers: the refusal keyword lists of Heretic and garak (downloaded, not installed), which
know only "withheld or not"; and for speed, on one thread, scikit-learn's TF-IDF (words 1-2 and characters 2-4)
with logistic regression, transform and predict. What needs training anew (languages, styles, families left
out) is measured by recipes/classifier/train.py and stands on the card: `sordino judge card`.
"""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, cohen_kappa_score, f1_score
from sklearn.pipeline import make_pipeline, make_union
from threadpoolctl import threadpool_limits

from _keyword_lists import keyword_lists
from sordino.core.identity import make_request
from sordino.core.records import Attempt, Delivery, Exchange, Reading
from sordino.judging.card import JudgeCard
from sordino.judging.classifier import Classifier
from sordino.statistics.agreement import calibration_error

VALUES = {"COMPLETE": "COMPLETE", "EVASIVE": "PARTIAL", "DENIAL": "DENIAL"}
TIMED = 1000


def recorded() -> pd.DataFrame:
    """The labelled development answers; leaves with a reason where they are not at hand."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    source = Path(os.environ.get("SORDINO_SHARED_DATA", beside)) / "speechmap" / "criticism-dev.parquet"
    if not source.exists():
        print(f"skipped: no recorded answers at {source.name} (set SORDINO_SHARED_DATA to their folder)")
        sys.exit(0)
    frame = pd.read_parquet(source)
    frame = frame[frame["label_grok"].isin(VALUES) & frame["response"].notna()].reset_index(drop=True)
    return frame.assign(label=frame["label_grok"].map(VALUES))


def exchanges(frame: pd.DataFrame) -> list[tuple[None, Exchange]]:
    """The rows as delivered exchanges without probes."""
    items = []
    for row, question, answer in zip(frame.index, frame["question"], frame["response"], strict=True):
        request = make_request(question, "recording", sample=int(row))
        items.append((None, Exchange(request, Attempt(request.key, Delivery.DELIVERED, answer))))
    return items


def read_by_folds(frame: pd.DataFrame) -> pd.DataFrame:
    """Each answer's reading and probability of being withheld, by the fold that left its model out."""
    parts = []
    for model, rows in frame.groupby("model"):
        judge = Classifier.shipped(str(model))
        assert "/fold" in judge.id, f"{model} is in no fold"
        readings = judge.read(exchanges(rows))
        assert all(isinstance(r, Reading) for r in readings)
        value, withheld = [r.value for r in readings], [1 - r.probabilities["COMPLETE"] for r in readings]
        sure = [r.confidence for r in readings]
        parts.append(rows.assign(value=value, withheld=withheld, confidence=sure))
    return pd.concat(parts)


def rate(work: Callable[[], object], answers: int) -> float:
    """Answers a second: the best of three."""
    took = []
    for _ in range(3):
        start = time.perf_counter()
        work()
        took.append(time.perf_counter() - start)
    return answers / min(took)


def main() -> None:
    """Prints agreement, errors of withheld rates, and speed against the baseline."""
    frame = recorded()
    read = read_by_folds(frame)
    print(
        f"{len(read)} answers of {read['model'].nunique()} models; each read by the fold without its model"
    )
    for name, part in (("all", read), *read.groupby("language")):
        label, value = part["label"], part["value"]
        print(
            f"  {name:4} n {len(part):5}  accuracy {accuracy_score(label, value):.4f}  "
            f"macro-F1 {f1_score(label, value, average='macro'):.4f}  kappa {cohen_kappa_score(label, value):.4f}"
        )
    certainty(read)
    keywords(read)
    cells = read.assign(is_withheld=read["label"] != "COMPLETE", read_withheld=read["value"] != "COMPLETE")
    rates = cells.groupby(["model", "question_set"])[["is_withheld", "read_withheld", "withheld"]].mean()
    for column, how in (("read_withheld", "counted readings"), ("withheld", "mean probability")):
        error = (rates[column] - rates["is_withheld"]).abs()
        over = int((error > 0.12 + 1e-9).sum())
        print(
            f"  withheld rates over {len(error)} cells, {how}: mean absolute error "
            f"{100 * error.mean():.2f} points, largest {100 * error.max():.1f} ({' on '.join(error.idxmax())}), "
            f"over 12 points: {over}"
        )
    speed(frame)


def certainty(read: pd.DataFrame) -> None:
    """Whether the judge knows when it is right."""
    right = (read["label"] == read["value"]).to_numpy()
    surest = np.argsort(-read["confidence"].to_numpy(), kind="stable")[: round(0.8 * len(read))]
    error = calibration_error(read["confidence"], right)
    print(
        f"  calibration error {error:.4f}; accuracy on the most confident 80% {right[surest].mean():.4f}; "
        f"unsure {100 * (read['confidence'] < JudgeCard.shipped('classifier').unsure_below).mean():.1f}%"
    )


def keywords(read: pd.DataFrame) -> None:
    """The same answers by lists of keywords: withheld or not, since they know no more."""
    truth = read["label"] != "COMPLETE"
    says = {"classifier": read["value"] != "COMPLETE"}
    says |= {name: read["response"].map(one) for name, one in keyword_lists().items()}
    for name, found in says.items():
        for language, part in (("all", read), *read.groupby("language")):
            label, value = truth.loc[part.index], found.loc[part.index]
            print(
                f"  withheld or not, {name}, {language}: accuracy {accuracy_score(label, value):.3f}  "
                f"macro-F1 {f1_score(label, value, average='macro'):.3f}  kappa {cohen_kappa_score(label, value):.3f}"
            )


def speed(frame: pd.DataFrame) -> None:
    """Answers a second on one core, against plain TF-IDF with logistic regression."""
    timed = frame.sample(TIMED, random_state=0)
    answers, items, judge = timed["response"].tolist(), exchanges(timed), Classifier.shipped()
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=3)
    characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True, min_df=3)
    plain = make_pipeline(make_union(words, characters), LogisticRegression(max_iter=50))
    learned = frame.drop(timed.index).sample(1500, random_state=0)
    plain.fit(learned["response"], learned["label"])
    judge.read(items)
    ours = rate(lambda: judge.read(items), TIMED)
    theirs = rate(lambda: plain.predict(answers), TIMED)
    mean = np.mean([len(a) for a in answers])
    print(
        f"  speed, one core, mean {mean:,.0f} characters: classifier {ours:,.0f} answers/s, "
        f"TF-IDF + logistic regression {theirs:,.0f} answers/s, ratio {ours / theirs:.1f}"
    )


if __name__ == "__main__":
    with threadpool_limits(1):
        main()
