"""What labels say together, and by which design their exchanges were drawn: for whoever corrects rates.

Apart from `labelling`, which draws samples and takes them back, so that a run can read its labels.
"""

import pandas as pd

from sordino.auditing import sampling
from sordino.core.records import Axis
from sordino.judging import human
from sordino.store.store import Store


def consensus_of(store: Store, run_id: str, axis: Axis) -> dict[str, str]:
    """What people say of the run's exchanges, by key; without those on which their labels are open."""
    together = human.by_key(store.labels_of(run_id), axis)
    return {key: said for key, some in together.items() if (said := human.consensus(some)) is not None}


def design_of(store: Store, run_id: str, axis: Axis, outcomes: pd.DataFrame | None = None) -> pd.Series:
    """The stratum of each judged answer of a run, by key: those labelled are a random sample within it.

    Labels belong to exchanges, and may have been drawn for another run that another judge read. Then that
    run's strata are the design; where labels were drawn for several runs, their strata crossed. NA where
    no label could have been drawn, because the answer was in none of those runs.
    outcomes: the run's own, where they have been read.
    """
    if outcomes is None:
        outcomes = store.outcomes(run_id, store.manifest(run_id).judges)
    own = sampling.frame(outcomes).set_index("key")["stratum"]
    drawn_for = {label.run or run_id for label in store.labels_of(run_id) if label.axis == axis}
    if drawn_for <= {run_id}:
        return own
    crossed = pd.DataFrame(index=own.index)
    for name in sorted(drawn_for):
        theirs = outcomes if name == run_id else store.outcomes(name, store.manifest(name).judges)
        crossed[name] = sampling.frame(theirs).set_index("key")["stratum"].reindex(own.index)
    names = pd.Series(crossed.fillna("-").to_numpy().tolist(), crossed.index).str.join(" & ")
    return names.where(crossed.notna().any(axis="columns"), None).rename("stratum")
