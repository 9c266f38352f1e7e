"""`sordino judge evaluate --run`: a judge held against what people say of a stored run's answers.

The labels are those of `sordino labels`; where people differ and nobody has decided there is none. The
judge reads the answers anew, so any judge can be measured, and not only the one that read the run.
"""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from sordino.core.errors import LabelError
from sordino.core.records import Axis, Delivery, Engagement
from sordino.judging.validation import SEED, validate
from sordino.reporting.judge_views import About, ModelRead
from sordino.store.store import Store
from sordino.wiring.answer_files import Progress
from sordino.wiring.judge_evaluation import Evaluated, Labelled, measure
from sordino.wiring.judge_rows import Asked, Readers
from sordino.wiring.label_design import consensus_of

DRAWN = (
    "Labels are drawn from strata of the run's own judge, doubtful answers more often than others. "
    "Agreement here is that of the sample; `sordino labels rates` has rates that allow for the draw."
)


def evaluate_run(
    run: str,
    store: str | Path,
    *,
    judge: str = "classifier",
    seed: int = SEED,
    progress: Progress = lambda _stage, _done, _total: None,
) -> Evaluated:
    """Measure a judge on a run's labelled answers. Raises LabelError where the run has no settled label."""
    begun = time.monotonic()
    with Store.open(store, create=False) as opened:
        name = opened.resolve(run)
        said = consensus_of(opened, name, Axis.ENGAGEMENT)
        if not said:
            raise LabelError(
                f"The run {name!r} has no label by people that stands. Draw a sample with "
                f"`sordino labels export {name}`, and import it."
            )
        model = opened.manifest(name).target.name
        rows = list(_rows(opened, name, said, model))
    with Readers(judge, model) as readers:
        judged = list(measure(rows, readers, len(rows), progress))
        readers.check()
        about = About(
            judge=readers.id,
            source=f"run {name}",
            label="",
            columns={},
            models=(ModelRead(model, len(rows), readers.fold(model)),),
            left_out={"not delivered, or asked no more": lost} if (lost := len(said) - len(rows)) else {},
            notes=(DRAWN, *readers.warnings),
        )
        unsure_below = readers.unsure_below
    return Evaluated(
        about, validate(judged, unsure_below=unsure_below, seed=seed), time.monotonic() - begun
    )


def _rows(store: Store, run: str, said: Mapping[str, str], model: str) -> Iterator[Labelled]:
    """The labelled answers, each once, with the groups that the run's probes know."""
    exchanges = store.exchanges(list(said))
    for owed in store.owed(run):
        exchange = exchanges.pop(owed.request.key, None) if owed.request else None
        if exchange is None or exchange.attempt.delivery is not Delivery.DELIVERED:
            continue
        probe = owed.probe
        groups = {
            "language": probe.language,
            "jurisdiction": probe.jurisdiction,
            "kind": probe.cell.kind.value,
        }
        yield Labelled(Asked((probe, exchange), "", model), Engagement(said[exchange.key]), groups)
