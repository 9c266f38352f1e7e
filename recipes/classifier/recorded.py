"""The recorded answers the classifier learns from: SpeechMap (Apache-2.0), as development data lays it out.

Sits beside `train.py`. Not shipped: only weights made from it are.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse

from sordino.judging.classifier import BATCH, normalised
from sordino.judging.features import rows

LABELS = {"COMPLETE": 0, "EVASIVE": 1, "DENIAL": 2}
# Models made from another family's weights count with it.
FAMILIES = {"tngtech": "deepseek", "microsoft_mai-ds": "deepseek"}


def shared_data() -> Path:
    """Where the public recordings lie: SORDINO_SHARED_DATA, or shared/data beside the repository."""
    beside = Path(__file__).resolve().parents[3] / "shared" / "data"
    return Path(os.environ.get("SORDINO_SHARED_DATA", beside)) / "speechmap"


@dataclass(frozen=True)
class Recorded:
    """Answers with features, one row each.

    label: 0 COMPLETE, 1 PARTIAL, 2 DENIAL by the first labeller; second: by the other one (label where it
    gave none). criticism: False for the hard answers on contested topics.
    """

    frame: pd.DataFrame
    features: sparse.csr_array
    label: np.ndarray
    second: np.ndarray

    @property
    def criticism(self) -> np.ndarray:
        return self.frame["question_set"].to_numpy() != "contested"


def featured(questions: list[str], answers: list[str]) -> sparse.csr_array:
    """The rows of any number of texts, a batch at a time."""
    parts = [
        rows(questions[i : i + BATCH], answers[i : i + BATCH]) for i in range(0, len(questions), BATCH)
    ]
    return sparse.csr_array(sparse.vstack(parts, format="csr"))


def family(model: str) -> str:
    """Whose weights a model is made from, as far as its name says."""
    return next(
        (f for prefix, f in FAMILIES.items() if model.startswith(prefix)), model.split("_", maxsplit=1)[0]
    )


def load() -> Recorded:
    """All recorded answers that have a label of the three. Rows with an ERROR label or no text are left out."""
    folder = shared_data()
    criticism = pd.read_parquet(folder / "criticism-dev.parquet")
    contested = pd.read_parquet(folder / "contested-dev.parquet").rename(columns={"label": "label_grok"})
    contested = contested.assign(question_set="contested", language="en", jurisdiction="us")
    frame = pd.concat([criticism, contested], ignore_index=True)
    frame["response"] = frame["response"].fillna("")
    frame = frame[frame["label_grok"].isin(LABELS) & (frame["response"].str.strip() != "")]
    frame = frame.reset_index(drop=True)
    frame["model"] = [normalised(m) for m in frame["model"]]
    frame["family"] = [family(m) for m in frame["model"]]
    frame["topic"] = frame["question_id"].str.extract(r"(\d+)$")[0].fillna(0).astype(int)
    label = frame["label_grok"].map(LABELS).to_numpy()
    second = frame["label_gpt4o"].map(LABELS).fillna(pd.Series(label)).astype(int).to_numpy()
    features = featured(frame["question"].tolist(), frame["response"].tolist())
    return Recorded(frame, features, label, second)
