"""What cleaning an instruction set takes out and leaves in, by language, and how fast it is.

    python benchmarks/clean_dataset.py [ROWS]

The set: the labelled development answers (each read by the part of the judge that left its model out), the
harmful requests of the safety pack's part `gate` with a refusal in their language, once as they are and once
made political by a sentence that names a jurisdiction, and the civic pack's reference answers and state lines.
Baselines on the same rows: the refusal keyword lists of Heretic and garak (downloaded, not installed), as
filters of data sets use such lists; and the judge alone, without the rule that a question must be surely
political. Then `sordino remedy clean-dataset` on ROWS rows (20,000) against `sordino judge read` on the same
rows in the same run, and a pack's flags looked for in every cell against those of the cells that are found.
"""

import json
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

import _measure
from _keyword_lists import keyword_lists
from sordino.core.identity import make_request
from sordino.core.records import Attempt, Delivery, Exchange, Probe
from sordino.judging.flags import Flags
from sordino.packs import load
from sordino.remedy.dataset_layout import Turn
from sordino.remedy.dataset_verdict import Reason, Rules, TurnRead, decide
from sordino.wiring.cleaning_reading import TurnReader

REFUSALS = {
    "en": "I'm sorry, but I can't help with that. It could seriously harm people.",
    "fr": "Je suis désolé, mais je ne peux pas vous aider à faire cela.",
    "zh": "抱歉，我不能帮助你做这件事，这可能会伤害他人。",
}
POLITICAL = {
    "en": " (This is in Germany, under the new government.)",
    "fr": " (C'est en Allemagne, sous le nouveau gouvernement.)",
    "zh": "（这是在德国，新政府上台之后。）",
}
WITHHELD = ("EVASIVE", "DENIAL")
READ = 500
FLAGGED = 300
"""Rows on which flags are looked for in every cell."""


@dataclass(frozen=True)
class Row:
    """kind: recorded, safety, safety made political, reference or state line. wrong: whether it should go."""

    kind: str
    language: str
    question: str
    answer: str
    model: str | None
    wrong: bool


def recorded() -> list[Row]:
    """The labelled development answers."""
    frame = pd.read_parquet(_measure.CRITICISM)
    frame = frame[frame["label_grok"].isin(("COMPLETE", *WITHHELD)) & frame["response"].notna()]
    return [
        Row("recorded", r.language, r.question, r.response, r.model, r.label_grok in WITHHELD)
        for r in frame.itertuples()
    ]


def of_packs() -> list[Row]:
    """Refusals of harmful requests, reference answers and state lines."""
    rows = []
    for probe in load.pack("safety").probes(phrasings=["gate"]):
        if probe.cell.kind.value == "harmful":
            answer = REFUSALS[probe.language]
            rows.append(Row("safety", probe.language, probe.question, answer, None, False))
            asked = probe.question + POLITICAL[probe.language]
            rows.append(Row("safety made political", probe.language, asked, answer, None, False))
    civic = load.pack("civic")
    for probe in civic.probes(phrasings=["direct"]):
        entry = civic.template(probe.template).entries[str(probe.jurisdiction)]
        if probe.language in entry.references:
            text = entry.references[probe.language]
            rows.append(Row("reference", probe.language, probe.question, text, None, False))
        for line in entry.state_lines.get(probe.language, ()):
            rows.append(Row("state line", probe.language, probe.question, line, None, True))
    return rows


def read(rows: list[Row]) -> list[TurnRead]:
    """As the command reads them, with the civic pack."""
    reader = TurnReader([load.pack("civic")])
    found = []
    for start in range(0, len(rows), READ):
        part = rows[start : start + READ]
        found += reader.read([(Turn(row.question, row.answer), row.model) for row in part])
    return found


def table(name: str, rows: list[Row], goes: list[bool]) -> None:
    """Of each kind and language: how many there are, and the share that goes."""
    counts: Counter[tuple[str, str]] = Counter()
    gone: Counter[tuple[str, str]] = Counter()
    right: Counter[str] = Counter()
    for row, go in zip(rows, goes, strict=True):
        kind = row.kind if row.kind != "recorded" else "withheld" if row.wrong else "answered"
        counts[kind, row.language] += 1
        gone[kind, row.language] += go
        if row.kind == "recorded" and go:
            right[row.language] += row.wrong
    print(f"\n{name}: share that goes")
    languages = ("en", "fr", "zh")
    print(f"  {'':24}" + "".join(f"{language:>16}" for language in languages))
    for kind in ("withheld", "answered", "safety", "safety made political", "reference", "state line"):
        cells = [
            f"{gone[kind, at] / counts[kind, at]:7.1%} of {counts[kind, at]:4}" if counts[kind, at] else "–"
            for at in languages
        ]
        print(f"  {kind:24}" + "".join(f"{cell:>16}" for cell in cells))
    for at in languages:
        if all_gone := gone["withheld", at] + gone["answered", at]:
            print(f"  precision on recorded answers, {at}: {right[at] / all_gone:.1%} of {all_gone}")


def quality() -> None:
    """Print what goes: of ours, and of the baselines."""
    rows = recorded() + of_packs()
    reads = read(rows)
    decisions = [decide([one], Rules()) for one in reads]
    table("sordino remedy clean-dataset", rows, [d.reason.goes for d in decisions])
    sure = [
        r
        for r, d in zip(rows, reads, strict=True)
        if r.kind == "recorded" and r.wrong and d.topic.surely_political
    ]
    gone = sum(
        d.reason.goes
        for r, d, one in zip(rows, decisions, reads, strict=True)
        if r.kind == "recorded" and r.wrong and one.topic.surely_political
    )
    print(f"  of the {len(sure)} withheld whose question is surely political, {gone / len(sure):.1%} go")
    print(f"  kept: {Counter(d.reason.value for d in decisions if not d.reason.goes)}")
    table("the judge alone", rows, [(one.withheld or 0.0) >= Rules().sure for one in reads])
    anyway = [decide([one], Rules(all_denials=True)).reason for one in reads]
    table(
        "with --all-denials",
        rows,
        [reason in (Reason.REFUSES, Reason.EVADES, Reason.ONE_SIDED) for reason in anyway],
    )
    for name, says in keyword_lists().items():
        table(name, rows, [says(row.answer) for row in rows])


def speed(number: int) -> None:
    """Print how long the command takes, against that which reads the same answers with the same judge."""
    rows = recorded()
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "set.jsonl"
        with source.open("w", encoding="utf-8") as stream:
            for at in range(number):
                row = rows[at % len(rows)]
                told = {"prompt": row.question, "response": row.answer, "model": row.model}
                stream.write(json.dumps(told, ensure_ascii=False) + "\n")
        length = source.stat().st_size / number
        base = _measure.sordino("judge", "read", source, "--output", Path(folder) / "read.jsonl", "--quiet")
        ours = _measure.sordino(
            "remedy", "clean-dataset", source, "--out", Path(folder) / "c.jsonl", "--quiet"
        )
    print(f"\n{number:,} rows of {length:,.0f} bytes")
    for name, one in (("sordino judge read", base), ("sordino remedy clean-dataset", ours)):
        print(
            f"  {name:30} {one.seconds:7.1f} s  {number / one.seconds:7.0f} rows/s  {one.megabytes:5.0f} MB"
        )
    print(f"  ratio of times {ours.seconds / base.seconds:.2f}")


def narrowing() -> None:
    """Flags of all cells, in each answer, against those of the cells that are found."""
    rows = [row for row in recorded() if row.language == "en"][:FLAGGED]
    civic = load.pack("civic")
    cells = [e.cell for t in civic.templates for e in t.entries.values() if e.cell.flags]
    judge, reader = Flags(cells), TurnReader([civic])
    requests = [make_request(row.question, "benchmark", sample=at) for at, row in enumerate(rows)]
    exchanges = [
        Exchange(q, Attempt(q.key, Delivery.DELIVERED, row.answer))
        for q, row in zip(requests, rows, strict=True)
    ]
    times = []
    for _ in range(2):  # the first compiles patterns
        began = time.perf_counter()
        for exchange in exchanges:
            asked = exchange.request.question
            judge.read([(Probe("p", "civic", cell, "en", "direct", asked), exchange) for cell in cells])
        times.append(time.perf_counter() - began)
    everywhere = times[-1]
    turns = [(Turn(row.question, row.answer), row.model) for row in rows]
    reader.read(turns)
    began = time.perf_counter()
    reader.read(turns)
    found = time.perf_counter() - began
    print(f"\nflags of {len(cells)} cells in {len(rows)} answers")
    print(f"  in every cell              {len(rows) / everywhere:7.0f} answers/s")
    print(f"  in those that are found    {len(rows) / found:7.0f} answers/s, the classifier included")
    print(f"  ratio {everywhere / found:.1f}")


if __name__ == "__main__":
    _measure.need_shared_data()
    quality()
    narrowing()
    speed(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
