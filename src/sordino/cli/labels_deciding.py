"""`sordino labels agreement`, `queue` and `adjudicate`: where people disagree, and who decides."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sordino.cli import labels_options, options, printing

if TYPE_CHECKING:
    from sordino.judging.human import Agreement, Pair

COLUMNS = ("in", "labels", "by", "exchanges", "by 2 or more", "alpha", "decided", "open")


def agreement(
    run: options.RunId = "latest",
    as_json: options.AsJson = False,
    store: options.Store = options.STORE,
) -> None:
    """How far people agree with each other (Krippendorff's alpha, kappa) and the judge with them."""
    from sordino.wiring import adjudication  # noqa: PLC0415 - brings pandas
    from sordino.wiring.run import Run  # noqa: PLC0415

    found = Run.stored(run, store)
    agreements = adjudication.agreement(found)
    if as_json:
        printing.echo_json({"run": found.id, "agreement": [asdict(one) for one in agreements]})
        return
    if not agreements:
        typer.echo(f"The run {found.id} has no labels. `sordino labels export {found.id}` begins.")
        return
    _show(found.id, agreements)


def queue(
    run: options.RunId = "latest",
    output: Annotated[
        Path | None, typer.Option(help="The CSV file to fill in. Default: queue-RUN.csv.")
    ] = None,
    axis: labels_options.AxisName = "engagement",
    judge: Annotated[
        bool, typer.Option("--judge", help="Also where a confident judge says something else than people.")
    ] = False,
    force: labels_options.Force = False,
    as_json: options.AsJson = False,
    store: options.Store = options.STORE,
) -> None:
    """Write the exchanges on which people disagree, with all they said, for somebody to decide."""
    from sordino.judging import human  # noqa: PLC0415
    from sordino.wiring import adjudication  # noqa: PLC0415 - brings pandas
    from sordino.wiring.run import Run  # noqa: PLC0415

    found = Run.stored(run, store)
    path = output or Path(f"queue-{found.id}.csv")
    queued = adjudication.queue(found, path, human.axis_of(axis), judge=judge, force=force)
    written = str(path) if queued.disputed + queued.doubted else None
    if as_json:
        printing.echo_json(asdict(queued) | {"file": written})
        return
    out = printing.console()
    more = f", and a confident judge goes against people on {queued.doubted:,}" if judge else ""
    printing.say(out, f"People disagree on {queued.disputed:,} exchanges{more}.")
    if written is None:
        printing.say(out, "There is nothing to decide; no file was written.")
        return
    printing.say(
        out, f"They are in {options.relative(path)}. What is decided goes into its column `label`."
    )
    decide = f"sordino labels adjudicate {found.id} {options.relative(path)} --annotator NAME"
    printing.say(out, f"Then: {decide}")


def adjudicate(
    run: options.RunId,
    file: Annotated[Path, typer.Argument(help="A queue with its column `label` filled in.")],
    annotator: labels_options.Annotator = None,
    axis: labels_options.AxisName = "engagement",
    replace: labels_options.Replace = False,
    as_json: options.AsJson = False,
    store: options.Store = options.STORE,
) -> None:
    """Store decisions, all or none. A decision counts before all labels, which stay as they are."""
    from sordino.judging import human  # noqa: PLC0415
    from sordino.wiring import adjudication  # noqa: PLC0415 - brings pandas
    from sordino.wiring.run import Run  # noqa: PLC0415

    found = Run.stored(run, store)
    decided = adjudication.adjudicate(found, file, annotator, human.axis_of(axis), replace=replace)
    if as_json:
        printing.echo_json(asdict(decided))
        return
    out = printing.console()
    printing.say(out, f"Stored {decided.stored:,} decisions.")
    if decided.empty:
        printing.say(out, f"{decided.empty:,} rows have none yet.")


def _show(run: str, agreements: Sequence["Agreement"]) -> None:
    for axis in dict.fromkeys(one.axis for one in agreements):
        own = [one for one in agreements if one.axis == axis]
        printing.print_table(f"Agreement on {axis}, {run}", COLUMNS, [_row(one) for one in own])
        pairs = [[one.language, *_pair(pair)] for one in own for pair in (*one.pairs, one.judge) if pair.n]
        printing.print_table("Pairs, on what both have read", ("in", "between", "n", "kappa"), pairs)
    printing.say(
        printing.console(),
        "Consensus is what people say together. The sample holds more than its share of answers on which "
        "the judge is unsure, so the judge's kappa is not that of all answers. A dash: cannot be told.",
        "dim",
    )


def _row(one: "Agreement") -> list[object]:
    counts = (one.language, one.labels, one.annotators, one.exchanges, one.doubly)
    return [*counts, _figure(one.alpha), one.decided, one.open]


def _pair(pair: "Pair") -> list[object]:
    from sordino.reporting.text import visible  # noqa: PLC0415

    return [visible(f"{pair.first} and {pair.second}"), pair.n, _figure(pair.kappa)]


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
