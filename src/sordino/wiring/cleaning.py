"""`sordino remedy clean-dataset`: an instruction set in, the same set without its mute out.

    rows -> turns -> topics and readings -> what goes, and why -> the rows that stay, as they were

Two passes: one judges, one copies. Memory holds one batch of rows, two numbers a row, the cases that a
person may look at, and nothing else.
"""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TextIO, TypeAlias

from sordino.core.errors import RecordingError, SpecError
from sordino.generation.columns import Row
from sordino.remedy.dataset_balance import Rebalance, Stratum, rebalance
from sordino.remedy.dataset_language import UNKNOWN
from sordino.remedy.dataset_layout import Layout, Turn, Unread
from sordino.remedy.dataset_tally import LOOK, Case, Tally, after, before
from sordino.remedy.dataset_verdict import Decision, Reason, Rules, TurnRead, decide
from sordino.reporting.cleaning_source import CleaningSource
from sordino.reporting.cleaning_words import REASONS
from sordino.wiring import cleaning_copy, cleaning_review
from sordino.wiring.answer_files import named
from sordino.wiring.cleaning_copy import Types
from sordino.wiring.cleaning_places import Places, parts
from sordino.wiring.cleaning_reading import TurnReader, packs
from sordino.wiring.cleaning_source import Source, is_parquet

BATCH = 256
"""Rows that are read together."""
NOWHERE: Stratum = ((), UNKNOWN)

Progress: TypeAlias = Callable[[str, int, int | None], None]


@dataclass(frozen=True, slots=True)
class Job:
    """What `sordino remedy clean-dataset` is told.

    keep: a file of words; a question that holds one stays. marks: a review file that a person filled in.
    balanced: whether rows are dropped until the jurisdictions have their ratios again; balance: whether the
    report says how they changed. sample: cases of each reason to look at.
    """

    source: str
    out: Path
    layout: Layout = field(default_factory=Layout)
    packs: tuple[str, ...] = ("civic",)
    rules: Rules = field(default_factory=Rules)
    keep: Path | None = None
    marks: Path | None = None
    config: str | None = None
    split: str | None = None
    balanced: bool = False
    balance: bool = True
    seed: int = 0
    sample: int = 100
    force: bool = False


def clean(job: Job, progress: Progress = lambda _stage, _done, _total: None) -> CleaningSource:
    """Read every row, and write the set that is left with what tells how it came about.

    Raises RecordingError or TargetError for the set, SpecError for an option, PackError for a pack and
    ReportError for a place; then nothing is written.
    """
    begun = time.monotonic()
    places = Places.beside(job.out)
    marks = cleaning_review.read(job.marks) if job.marks else {}
    kept = words_of(job.keep) if job.keep else ()
    source = Source.open(job.source, job.config, job.split)
    read = (*source.paths, *(path for path in (job.keep, job.marks) if path))
    places.check(read, job.marks, force=job.force)
    reader = TurnReader(packs(job.packs), kept)
    with parts() as made:
        run = _Cleaning(job, source, reader, marks)
        with made.of(places.removed).open("w", encoding="utf-8", errors="backslashreplace") as removed:
            run.judge(removed, progress)
            run.check()
            balanced = run.rebalance(removed) if job.balanced else None
        run.copy(made.of(places.out), progress)
        reviewed = 0 if job.marks else run.review(made.of(places.review))
        done = run.told(places, reviewed, balanced, time.monotonic() - begun)
        _report(done, made.of(places.report))
        made.settle(places.written(job.marks))
    return done


def words_of(path: Path) -> tuple[str, ...]:
    """The lines of a text file that hold anything. Raises SpecError."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(
            f"--keep {path} cannot be read as UTF-8 text ({error}). Name another file."
        ) from None
    words = tuple(line.strip() for line in lines if line.strip())
    if not words:
        raise SpecError(f"--keep {path} holds no words. Write one word or phrase a line.")
    return words


def _report(done: CleaningSource, path: Path) -> None:
    from sordino.reporting import cleaning_page  # noqa: PLC0415 - brings Altair

    path.write_text(cleaning_page.html(done), encoding="utf-8")


class _Cleaning:
    """One run, from the first row on."""

    def __init__(self, job: Job, source: Source, reader: TurnReader, marks: Mapping[str, str]) -> None:
        self._job, self._source, self._reader, self._marks = job, source, reader, marks
        self._tally = Tally(job.sample, job.seed)
        self._types = Types()
        self._unread, self._layouts = Counter[str](), Counter[str]()
        self._met: set[str] = set()
        self._held: list[int] = []
        self._notes: list[str] = []
        self._columns: dict[str, None] = {}

    def judge(self, removed: TextIO, progress: Progress) -> None:
        """The first pass: what becomes of every row; those that go are written down."""
        rows = self._source.rows(self._job.layout, self._notes)
        learns = is_parquet(self._job.out) and self._source.schema is None
        while batch := list(islice(rows, BATCH)):
            if learns:
                self._types.learn([row for _, row in batch], batch[0][0])
            for number, turns, reads in self._read(batch):
                case = self._settle(number, turns, reads)
                if case is not None and case.decision.reason.goes:
                    removed.write(_line(case))
            progress("judging rows", len(self._tally), self._source.total)

    def _read(
        self, batch: Sequence[tuple[int, Row]]
    ) -> Iterator[tuple[int, Sequence[Turn], Sequence[TurnRead]]]:
        """Each row with its turns and what was read of them; both empty where there are none."""
        found: list[Sequence[Turn] | Unread] = [self._job.layout.turns(row) for _, row in batch]
        models = [
            named(row.get("model")) if isinstance(row.get("model"), str) else None for _, row in batch
        ]
        flat = [
            (turn, model)
            for turns, model in zip(found, models, strict=True)
            if not isinstance(turns, Unread)
            for turn in turns
        ]
        reads = iter(self._reader.read(flat))
        for (number, row), turns in zip(batch, found, strict=True):
            self._columns.update(dict.fromkeys(row))
            if isinstance(turns, Unread):
                self._unread[turns.why] += 1
                yield number, (), ()
            else:
                self._layouts[self._job.layout.of(row) or ""] += 1
                yield number, turns, [next(reads) for _ in turns]

    def _settle(self, number: int, turns: Sequence[Turn], reads: Sequence[TurnRead]) -> Case | None:
        """Decide about a row and count it; the case where it is one to write down or to look at."""
        decision = decide(reads, self._job.rules) if reads else Decision(Reason.UNREAD)
        if reads and decision.reason is Reason.UNREAD:
            self._unread[reads[decision.turn].why] += 1
        key = cleaning_review.key_of(turns) if self._marks else ""
        if key in self._marks:
            self._met.add(key)
            if self._marks[key] == cleaning_review.KEEP:
                self._held.append(len(self._tally))
            decision = _marked(decision, self._marks[key])
        codes = {code for read in reads for code in read.topic.jurisdictions}
        stratum = (tuple(sorted(codes)), reads[0].topic.language) if reads else NOWHERE
        self._tally.add(decision.reason, stratum)
        if not (decision.reason.goes or decision.reason in LOOK or decision.reason is Reason.UNSURE):
            return None
        case = _case(number, turns, decision, stratum)
        self._tally.show(case)
        return case

    def check(self) -> None:
        """Raise where no row could be read, or no mark belongs to this set."""
        name = self._source.spec
        if not len(self._tally):
            raise RecordingError(f"{name} holds no rows. " + " ".join(self._notes))
        if not self._layouts:
            whys = "; ".join(f"{why} ({n:,})" for why, n in self._unread.most_common(3))
            raise RecordingError(
                f"{name}: no row could be read: {whys}. "
                f"Its columns: {', '.join(list(self._columns)[:40])}. "
                "Say where question and answer are: --question COLUMN --answer COLUMN."
            )
        if self._marks and not self._met:
            raise SpecError(
                f"--review {self._job.marks}: none of its rows is in {name}. Name the set's own file."
            )

    def rebalance(self, removed: TextIO) -> Rebalance:
        """Let more rows go, so that the ratios of before come back."""
        counts = self._tally.counts
        planned = rebalance(before(counts), after(counts))
        places = set(self._tally.drop(planned.drop, self._held))
        if not places:
            return planned
        for at, (number, row) in enumerate(self._source.rows(self._job.layout, [])):
            if at in places:
                turns = self._job.layout.turns(row)
                assert not isinstance(turns, Unread)  # it touches a jurisdiction, and so was read
                case = _case(number, turns, Decision(Reason.REBALANCED), self._tally.stratum(at))
                removed.write(_line(case))
        return planned

    def copy(self, out: Path, progress: Progress) -> None:
        """The second pass: the rows that stay."""
        total = len(self._tally)
        cleaning_copy.copy(
            self._source,
            out,
            self._job.out,
            self._tally.stays,
            self._types,
            lambda done: progress("writing rows", min(done, total), total),
        )

    def review(self, path: Path) -> int:
        """The rows for a person to mark; returns how many."""
        return cleaning_review.write(path, self._tally.cases, REASONS)

    def told(
        self, places: Places, reviewed: int, balanced: Rebalance | None, seconds: float
    ) -> CleaningSource:
        """All that is known of the run."""
        job = self._job
        files = {
            "out": places.out,
            "removed": places.removed,
            "review": places.review,
            "report": places.report,
        }
        if job.marks:
            files["review"] = job.marks
        return CleaningSource(
            source=job.source,
            files={name: str(path) for name, path in files.items()},
            rules=job.rules,
            seed=job.seed,
            counts=self._tally.counts,
            unread=self._unread,
            unjudged=self._reader.unjudged,
            layouts=self._layouts,
            judges=self._reader.judges,
            packs=[f"{p.identity.name} {p.identity.version}" for p in self._reader.packs],
            names={code: by for pack in self._reader.packs for code, by in pack.jurisdictions.items()},
            cases=self._tally.cases,
            reviewed=reviewed,
            marks=(len(self._marks), len(self._met)) if self._marks else None,
            rebalance=balanced,
            balance=job.balance,
            seconds=seconds,
            notes=tuple(self._notes),
        )


def _marked(decision: Decision, mark: str) -> Decision:
    """A person's mark wins; one that agrees with the judges changes no reason."""
    goes = mark == cleaning_review.REMOVE
    if goes == decision.reason.goes:
        return decision
    return Decision(Reason.MARKED if goes else Reason.KEPT, decision.turn, decision.read)


def _case(number: int, turns: Sequence[Turn], decision: Decision, stratum: Stratum) -> Case:
    turn = turns[decision.turn] if turns else Turn("", "")
    return Case(number, cleaning_review.key_of(turns), decision, stratum, turn.question, turn.answer)


def _line(case: Case) -> str:
    """A row that goes, as one line of JSON: what decided, and the turn."""
    decision = case.decision
    read = decision.read
    claims = read.claims if read is not None else ()
    sided = decision.reason is Reason.ONE_SIDED
    judge = "" if read is None else read.flags if sided else read.judge
    judged = decision.reason in (Reason.REFUSES, Reason.EVADES, Reason.ONE_SIDED)
    told = {
        "row": case.row,
        "key": case.key,
        "reason": decision.reason.value,
        "judge": judge if judged else None,
        "confidence": None if decision.confidence is None else round(decision.confidence, 6),
        "political": read.topic.political if read is not None else None,
        "claims": [{"cell": c.cell, "flag": c.flag, "claim": c.text, "words": c.words} for c in claims],
        "language": case.language,
        "jurisdictions": list(case.jurisdictions),
        "turn": decision.turn,
        "question": case.question,
        "answer": case.answer,
    }
    return json.dumps(told, ensure_ascii=False) + "\n"
