"""Withheld rates of every development model by jurisdiction and language, as `sordino audit` estimates them,
against the recorded labels (`label_grok`). The judge that reads a model never saw its labels.

Baseline: a constant, the mean withheld rate of that jurisdiction and language over the other models.
Aim: mean absolute error at most 3 points, none over 12.
"""

import tempfile
from pathlib import Path

import pandas as pd

import sordino
from _measure import CRITICISM, need_shared_data

need_shared_data()
labels = pd.read_parquet(
    CRITICISM, columns=["model", "question_set", "jurisdiction", "language", "label_grok"]
)
labels = labels[~labels["label_grok"].str.startswith("ERROR")]
codes = {"china": "CN", "eu": "EU", "russia": "RU", "us": "US"}
labels["jurisdiction"] = labels["jurisdiction"].map(codes)
labels["withheld"] = labels["label_grok"] != "COMPLETE"
slices = ["model", "jurisdiction", "language"]
truth = labels.groupby(slices)["withheld"].mean()

estimated = {}
with tempfile.TemporaryDirectory() as folder:
    for model in sorted(labels["model"].unique()):
        run = sordino.audit(
            f"replay:{CRITICISM}", model=model, siblings="question_id", store=Path(folder) / "sordino.db"
        )
        table = run.estimates.query("measure == 'withheld' and contrast == 'rate' and blocks == 'excluded'")
        for row in table.itertuples():
            estimated[(model, row.jurisdiction, row.language)] = (row.value, row.low, row.high)

figures = (
    pd.DataFrame(estimated, index=["value", "low", "high"])
    .T.rename_axis(slices)
    .join(truth.rename("truth"), how="inner")
)
error = 100 * (figures["value"] - figures["truth"])
by_slice = truth.groupby(level=slices[1:])
constant = 100 * (by_slice.transform(lambda rates: (rates.sum() - rates) / (len(rates) - 1)) - truth)
inside = figures["truth"].between(figures["low"], figures["high"])
print(f"{len(figures)} slices of {labels['model'].nunique()} models")
print(
    f"mean absolute error {error.abs().mean():.2f} points (aim: 3), largest {error.abs().max():.1f} (aim: 12)"
)
print(
    f"bias {error.mean():+.2f} points; interval holds the labelled rate in {100 * inside.mean():.0f}% of slices"
)
print(
    f"baseline, mean of the other models: {constant.abs().mean():.2f}; ratio {error.abs().mean() / constant.abs().mean():.2f}"
)
print("largest errors (estimate - labels, points):")
for index in error.abs().nlargest(8).index:
    print(
        f"  {' '.join(index):55s} {100 * figures['value'][index]:5.1f} - {100 * figures['truth'][index]:5.1f} = {error[index]:+.1f}"
    )
