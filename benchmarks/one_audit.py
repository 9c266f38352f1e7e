"""6,500 recorded answers: read, judged, estimated and reported by one command.

Baseline: scikit-learn's TF-IDF of words and logistic regression, reading the same answers in this run.
Aim: under 30 s on two cores, under 1 GB.
"""

import tempfile
import time
from pathlib import Path

import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from _measure import CRITICISM, need_shared_data, sordino

need_shared_data()
answers = pd.read_parquet(CRITICISM)
answers["sample"] = answers["model"].astype("category").cat.codes
answers["model"] = "all"

with tempfile.TemporaryDirectory() as folder:
    file = Path(folder) / "answers.parquet"
    answers.to_parquet(file)
    done = sordino(
        "audit", f"replay:{file}", "--siblings", "question_id", "--out", "report.html", cwd=folder
    )
    report = Path(folder, "report.html").stat().st_size / 1e6

read = answers["response"].fillna("")
baseline = LogisticRegression(max_iter=200)
words = TfidfVectorizer(max_features=50_000)
baseline.fit(words.fit_transform(read[:1000]), answers["label_grok"][:1000])
started = time.perf_counter()
baseline.predict(words.transform(read))
plain = time.perf_counter() - started

print(f"{len(answers):,} answers, report {report:.1f} MB")
print(f"audit {done.seconds:.1f} s (aim: under 30), {done.megabytes:.0f} MB (aim: under 1,024)")
print(
    f"baseline, TF-IDF + logistic regression reading alone: {plain:.1f} s; ratio {done.seconds / plain:.1f}"
)
