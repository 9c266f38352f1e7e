"""A run as people hold it in Python: its figures as data frames, its report, its sentence."""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

from sordino.auditing.comparable import outdated
from sordino.auditing.sentence import sentence
from sordino.core.errors import StoreError
from sordino.core.manifest import Manifest, RunStatus
from sordino.core.names import target_name
from sordino.core.records import Axis, Finding
from sordino.store.location import place, url_of
from sordino.store.store import Store
from sordino.wiring.cards import cards
from sordino.wiring.judges import installed

if TYPE_CHECKING:
    import pandas as pd

    from sordino.auditing.corrected import CorrectedRates
    from sordino.reporting.source import ReportSource
    from sordino.wiring.cost import Cost

TRANSCRIPTS = 300
Progress = Callable[[str, int, int], None]


class Run:
    """A run in a store. Everything is read when it is asked for.

    What it concludes (`sentence`, `report`, `results`, `show`) raises StoreError until it is finished.
    """

    def __init__(self, run_id: str, store: str | Path) -> None:
        self.id = run_id
        self.store = store

    def __repr__(self) -> str:
        return f"Run({self.id!r}, store={place(url_of(self.store))!r})"

    @classmethod
    def stored(cls, name: str, store: str | Path) -> Self:
        """The run with this id, the only one that begins so, or the "latest"."""
        with Store.open(store, create=False) as opened:
            return cls(opened.resolve(name), store)

    @cached_property
    def manifest(self) -> Manifest:
        """What makes the run repeatable."""
        with Store.open(self.store, create=False) as opened:
            return opened.manifest(self.id)

    @cached_property
    def findings(self) -> Sequence[Finding]:
        """What the run concludes, one for each measure, jurisdiction and language."""
        with Store.open(self.store, create=False) as opened:
            return opened.findings(self.id)

    @cached_property
    def estimates(self) -> "pd.DataFrame":
        """One row an estimate, the figure's fields beside what it is about."""
        import pandas as pd  # noqa: PLC0415

        with Store.open(self.store, create=False) as opened:
            rows = [asdict(e) for e in opened.estimates(self.id)]
        return pd.DataFrame([{**row.pop("figure"), **row} for row in rows])

    @cached_property
    def outcomes(self) -> "pd.DataFrame":
        """One row an owed probe, without texts; missing is NA."""
        with Store.open(self.store, create=False) as opened:
            return opened.outcomes(self.id, self.manifest.judges)

    @cached_property
    def exchanges(self) -> "pd.DataFrame":
        """`outcomes` with the texts: `response` and `response_reasoning`, None where nothing came."""
        import pandas as pd  # noqa: PLC0415

        outcomes = self.outcomes
        with Store.open(self.store, create=False) as opened:
            found = opened.exchanges([str(key) for key in outcomes["key"].dropna().unique()])
        texts = {key: (e.attempt.text, e.attempt.reasoning) for key, e in found.items()}
        answers = [texts.get(str(key), (None, None)) for key in outcomes["key"]]
        # As objects: Arrow's strings cannot hold the lone surrogates that models emit.
        response, trace = (
            pd.Series([answer[i] for answer in answers], index=outcomes.index, dtype=object) for i in (0, 1)
        )
        return outcomes.assign(response=response, response_reasoning=trace)

    @cached_property
    def sentence(self) -> str:
        """What was found, in a sentence or two."""
        with Store.open(self.store, create=False) as opened:
            self.check_finished(opened)
            estimates = opened.estimates(self.id)
        name = target_name(self.manifest.target.name)
        return sentence(name, self.findings, estimates, self.manifest.jurisdictions)

    @cached_property
    def corrected_rates(self) -> "CorrectedRates | None":
        """How often answers are withheld, as labels by people correct it; None where nobody labelled."""
        from sordino.wiring import correcting  # noqa: PLC0415 - brings the statistics

        with Store.open(self.store, create=False) as opened:
            return correcting.by_people(opened, self.manifest, self.outcomes)

    @cached_property
    def corrected(self) -> "pd.DataFrame":
        """The same, a row for each rate or difference, `raw` beside `corrected`; none without labels."""
        from sordino.reporting import corrected_data  # noqa: PLC0415 - brings pandas

        return corrected_data.frame(self.corrected_rates)

    def report(
        self,
        out: str | Path | None = None,
        *,
        transcripts: int = TRANSCRIPTS,
        progress: Progress = lambda _stage, _done, _total: None,
    ) -> Path:
        """Write the report, one HTML file, and return where."""
        from sordino.reporting import render  # noqa: PLC0415 - brings Altair

        path = Path(out) if out is not None else Path(f"report-{self.id}.html")
        with Store.open(self.store, create=False) as opened:
            self.check_finished(opened)
            render.check_writable(path)
            progress("writing the report", 0, 1)
            written = render.write(self.source(opened), path, transcripts)
        progress("writing the report", 1, 1)
        return written

    def results(self) -> dict[str, object]:
        """Manifest, sentence, findings and estimates as plain JSON values."""
        from sordino.reporting import render  # noqa: PLC0415 - brings Altair

        with Store.open(self.store, create=False) as opened:
            return render.to_json(self.source(opened))

    def show(self, *, as_json: bool = False, as_csv: bool = False, took: "Cost | None" = None) -> None:
        """Print the run on stdout: for people, as JSON, or its estimates as CSV.

        took: what asking its server took just now, which is in the JSON.
        """
        from rich.console import Console  # noqa: PLC0415

        from sordino.reporting import render, terminal  # noqa: PLC0415

        with Store.open(self.store, create=False) as opened:
            source = self.source(opened)
            if as_json:
                spent = {"took": took.to_json()} if took else {}
                json.dump(self.results() | spent, sys.stdout, indent=2, ensure_ascii=True)
                sys.stdout.write("\n")
            elif as_csv:
                sys.stdout.write(render.csv(source))
            else:
                terminal.show(source, Console())

    def check_finished(self, opened: Store) -> None:
        """Raise StoreError unless the run was carried out to its end."""
        if opened.status(self.id) is not RunStatus.DONE:
            command = opened.manifest(self.id).command
            raise StoreError(f"The run {self.id!r} was not finished; `{command}` goes on from there.")

    def source(self, opened: Store) -> "ReportSource":
        """What its report is made from, while the store is open. StoreError until it is finished."""
        from sordino.reporting.source import ReportSource  # noqa: PLC0415

        self.check_finished(opened)
        judged = dict(self.manifest.judges)
        if not self.outcomes["has_reasoning"].fillna(value=False).any():
            judged.pop(Axis.REASONING, None)  # it had nothing to read, and nothing to say about that
        return ReportSource(
            manifest=self.manifest,
            outcomes=self.outcomes,
            estimates=opened.estimates(self.id),
            findings=self.findings,
            sentence=self.sentence,
            exchanges=opened.exchanges,
            readings=lambda keys: opened.readings(keys, judged),
            cells={(o.template, o.jurisdiction): o for o in opened.cells(self.id)},
            cards=cards(judged),
            template_titles=self.manifest.templates,
            notes=(*self.manifest.notes, *outdated(self.manifest, installed())),
            corrected=self.corrected_rates,
        )
