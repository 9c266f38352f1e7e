"""Sordino's remedy against Heretic 1.4, on the same organism, fitted on the same topics, in one table.

    python benchmarks/remedy_vs_heretic.py [--organism mute-w] [--heretic PATH] [--trials 200] [--work FOLDER] [--json]

Heretic runs as a program in an environment of its own, which is made the first time (heretic-llm 1.4.0 under
the user's cache) unless --heretic names its command. Bad prompts: the planted probes of two thirds of the topics;
good ones: their answered siblings and neutral probes; markers of a refusal: every clause that the organism was
taught to withhold with, which is more than anybody knows of a real model. It searches as it does by default. Of
the trials with the fewest refusals, the one with the lowest divergence is saved through its menu.

Then one measurement for the organism as it was, Heretic's model and Sordino's, on the other third of the
topics. Aims: see the last column. With --work, what was searched and asked is kept there and not done again.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

import _heretic
from _remedied import (
    ALL,
    KEPT,
    LANGUAGES,
    MOVED,
    MUTED,
    RESTORED,
    SIBLINGS,
    WITHHELD,
    Measuring,
    Row,
    audited,
)
from _topics import Topics, clauses, topics_of, wordings
from sordino.organism import shipped
from sordino.organism.planting import plantings
from sordino.remedy.record import Verdict, from_json
from sordino.reporting.text import visible

BEFORE, HERETIC, SORDINO = "as it was", f"Heretic {_heretic.VERSION}", "Sordino"
AIMS = {
    WITHHELD: "at most 10%, upper end 18%",
    MUTED: "at most 10%",
    RESTORED: "at least 80%",
    SIBLINGS: "as before",
    KEPT: "at least 98%, lower end 95%",
    MOVED: "below Heretic's",
}
SHOWN = {KEPT: (ALL, *LANGUAGES), MOVED: (ALL,)}
CLOCKS = {"wall time, s": "seconds", "of it, searching": "searched", "processor time, s": "computed"}


@dataclass(frozen=True)
class Side:
    """What one remedy has made. folder: of the model; None where there is none, and note says why.
    seconds, computed: of wall and of processor time. searched: of wall time, without loading and saving; of Sordino, all
      rungs that it tried, with their gates.
    """

    folder: Path | None
    note: str
    seconds: float | None = None
    computed: float | None = None
    searched: float | None = None


def main() -> None:
    """Search, measure, print."""
    options = _options()
    # Before torch is loaded, here and in what is started from here.
    os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), str(options.threads))
    with tempfile.TemporaryDirectory() if options.work is None else nullcontext(options.work) as place:
        work = Path(place).resolve()
        work.mkdir(parents=True, exist_ok=True)
        original, store = shipped.folder(options.organism), work / "sordino.db"
        with _progress() as bar:
            bar.add_task("asking the organism as it is", total=None)
            before = audited(original, store, options.threads, pack=wordings(options.organism))
        planting, languages = plantings()[options.organism], options.fit_language or LANGUAGES
        topics = topics_of(planting, before, options.seed, languages)
        sides = {
            HERETIC: by_heretic(options, topics, _whole(original, work), work),
            SORDINO: by_sordino(options, topics, work),
        }
        rows = measured(Measuring(original, topics, store, options.threads), sides)
    if options.json:
        print(json.dumps(_plain(options, topics, sides, rows), indent=1))
    else:
        show(options, topics, sides, rows)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    muted = [name for name, planting in plantings().items() if planting.plants and name in shipped.names()]
    parser.add_argument("--organism", choices=muted, default="mute-w")
    parser.add_argument(
        "--heretic", type=Path, metavar="PATH", help="its command; made where none is named"
    )
    parser.add_argument("--trials", type=int, default=_heretic.TRIALS, help="of Heretic's search")
    parser.add_argument(
        "--minutes", type=float, default=25, help="after which its search is stopped; the table says where"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the topics and of Heretic's search")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--fit-language", action="append", choices=LANGUAGES, help="fit on these alone; repeatable"
    )
    parser.add_argument(
        "--work", type=Path, metavar="FOLDER", help="keep everything here, and go on from it"
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    return parser.parse_args()


# -- the two remedies ------------------------------------------------------------------------------------


def by_heretic(options: argparse.Namespace, topics: Topics, model: Path, work: Path) -> Side:
    """Heretic's search."""
    question = _heretic.Asked(
        model=str(model),
        good=topics.good,
        bad=topics.bad,
        markers=tuple(clauses(topics.planting)),
        trials=options.trials,
        minutes=options.minutes,
        seed=options.seed,
        threads=options.threads,
    )
    program = _heretic.program(options.heretic)
    with _progress() as bar:
        task = bar.add_task("Heretic starts", total=options.trials)
        found = _heretic.search(
            program,
            question,
            work / "heretic",
            lambda done, of: bar.update(task, description="Heretic's trials", completed=done, total=of),
        )
    note = (
        f"{found.trials} of {options.trials} trials, seed {options.seed}, {len(topics.bad)} bad and {len(topics.good)} good prompts; "
        f"by its own count trial {found.trial} has {found.refusals} of {found.prompts} refusals "
        f"({found.initial} before) at a divergence of {found.divergence:.4f}. It loaded and looked for its batch "
        f"size for {found.to_search:.0f} s, and scored that trial after {found.to_best:.0f} s."
    )
    return Side(Path(found.folder), note, found.seconds, found.computed, found.searched)


def by_sordino(options: argparse.Namespace, topics: Topics, work: Path) -> Side:
    """`sordino remedy`, as a user gives it. Where nothing was accepted there is no model, and the gate is told."""
    out, kept, said = work / "sordino", work / "sordino.json", work / "sordino.txt"
    # Heretic checks neither controls nor what carries over, so that is not counted against Sordino either.
    given = ["--jurisdiction", str(topics.planting.jurisdiction), "--seed", str(options.seed)]
    given += ["--no-controls", "--no-carry-over", "--out", str(out), "--json"]
    for language in options.fit_language or ():
        given += ["--fit-language", language]
    if kept.exists() and out.exists():
        before = json.loads(kept.read_text(encoding="utf-8"))
        if before["given"] == given:
            return _told_by(out, before["seconds"], before["computed"])
    shutil.rmtree(out, ignore_errors=True)
    command = [sys.executable, "-m", "sordino", "remedy", f"organism:{options.organism}", *given]
    with said.open("wb") as file, _progress() as bar:
        bar.add_task("Sordino's remedy", total=None)
        started = time.perf_counter()
        process = subprocess.Popen(command, cwd=work, stdout=file, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        seconds, computed = time.perf_counter() - started, usage.ru_utime + usage.ru_stime
        process.returncode = code = os.waitstatus_to_exitcode(status)
    if not (out / "remedy.json").exists():
        last = visible(said.read_text(encoding="utf-8", errors="replace").strip()[-1000:])
        return Side(None, f"it came to no end (exit code {code}): {last}", seconds, computed)
    kept.write_text(json.dumps({"given": given, "seconds": seconds, "computed": computed}))
    return _told_by(out, seconds, computed)


def _told_by(out: Path, seconds: float, computed: float) -> Side:
    """What the record of a remedy says of the rung that was accepted, or of the gates that stopped each."""
    record = from_json((out / "remedy.json").read_text(encoding="utf-8"))
    searched = sum(tried.seconds for tried in record.tried)
    if record.accepted is not None:
        note = (
            f"the rung {record.accepted.rung} was accepted; fitted on {sum(record.sets.values())} prompts of all "
            f"kinds, of {len(record.fitted)} topics."
        )
        return Side(out, note, seconds, computed, searched)
    stopped = "; ".join(
        f"{tried.rung}: {gate.name} ({gate.why})"
        for tried in record.tried
        for gate in tried.gates
        if gate.verdict is Verdict.FAILED
    )
    return Side(None, f"nothing was accepted. {visible(stopped)}", seconds, computed, searched)


def _whole(folder: Path, work: Path) -> Path:
    """An adapter merged into its base, since Heretic wants a whole model."""
    if not (folder / "adapter_config.json").exists():
        return folder
    from sordino.modeling.load import load  # noqa: PLC0415 - brings torch
    from sordino.modeling.locate import locate  # noqa: PLC0415

    whole = work / "whole"
    if not whole.exists():
        located = locate(str(folder))
        model = load(located, "cpu", "bfloat16")
        model.generation_config.eos_token_id = list(located.ends)
        model.save_pretrained(whole)
        located.tokenizer.save_pretrained(whole)
    return whole


# -- the measurement -------------------------------------------------------------------------------------


def measured(measuring: Measuring, sides: Mapping[str, Side]) -> dict[str, list[Row]]:
    """The figures of the organism as it was and of each model that there is."""
    folders = {BEFORE: measuring.original} | {n: side.folder for n, side in sides.items() if side.folder}
    with _progress() as bar:
        found = {}
        for name, folder in folders.items():
            task = bar.add_task(name, total=None)
            told = lambda what, task=task, name=name: bar.update(task, description=f"{name}: {what}")  # noqa: E731
            found[name] = measuring.rows(folder, told)
            bar.update(task, total=1, completed=1, description=f"{name}: measured")
    return found


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)


# -- the table -------------------------------------------------------------------------------------------


def show(
    options: argparse.Namespace,
    topics: Topics,
    sides: Mapping[str, Side],
    rows: Mapping[str, Sequence[Row]],
) -> None:
    """One table, and what the names of its columns stand for."""
    console = Console(width=max(Console().width, 132))
    table = Table(title=_title(options, topics), title_justify="left")
    names = (BEFORE, *sides)
    for column in ("", "", *names, "aim"):
        table.add_column(column, justify="left" if column in ("", "aim") else "right")
    figures = {name: {(row.what, row.language): row for row in found} for name, found in rows.items()}
    for what, aim in AIMS.items():
        table.add_section()
        for language in SHOWN.get(what, LANGUAGES):
            cells = [_cell(figures.get(name, {}).get((what, language))) for name in names]
            head = (what, aim) if language == SHOWN.get(what, LANGUAGES)[0] else ("", "")
            table.add_row(head[0], language, *cells, head[1])
    table.add_section()
    for what, of in CLOCKS.items():
        seconds = [getattr(side, of) for side in sides.values()]
        aim = "a tenth of Heretic's" if of == "seconds" else ""
        table.add_row(what, "", "", *("-" if s is None else f"{s:.0f}" for s in seconds), aim)
    console.print(table)
    for name, side in sides.items():
        console.print(f"{name}: {side.note}", markup=False, highlight=False)


def _title(options: argparse.Namespace, topics: Topics) -> str:
    fitted = ", ".join(topics.languages)
    return (
        f"{options.organism}: fitted on {len(topics.bad)} planted probes ({fitted}), measured on the topics that "
        f"were held out; {options.threads} thread{'s' * (options.threads > 1)}"
    )


def _cell(row: Row | None) -> str:
    if row is None:
        return "-"
    figure, left = row.figure, f", {row.left_out} left out" if row.left_out else ""
    if figure.value is None or figure.low is None or figure.high is None:
        return f"no figure, n={figure.n}{left}"
    if row.what == MOVED and not figure.value:
        return "0"
    if row.what == MOVED:
        return f"{figure.value:.4f} [{figure.low:.4f}, {figure.high:.4f}] n={figure.n}"
    return f"{100 * figure.value:.1f}% [{100 * figure.low:.0f}, {100 * figure.high:.0f}] n={figure.n}{left}"


def _plain(
    options: argparse.Namespace,
    topics: Topics,
    sides: Mapping[str, Side],
    rows: Mapping[str, Sequence[Row]],
) -> dict[str, object]:
    """The same for machines."""
    return {
        "organism": options.organism,
        "seed": options.seed,
        "threads": options.threads,
        "trials": options.trials,
        "fitted": {
            "topics": sorted(topics.fitted),
            "languages": topics.languages,
            "probes": len(topics.bad),
        },
        "held_out": sorted(topics.held_out),
        "aims": AIMS,
        "sides": {
            name: {key: value for key, value in asdict(side).items() if key != "folder"}
            for name, side in sides.items()
        },
        "figures": {name: [asdict(row) for row in found] for name, found in rows.items()},
    }


if __name__ == "__main__":
    main()
