"""`sordino judge drift`: a judge reads the reference set again, and is held against what it said before.

    reference set -> readings -> a pin (kept in a file), or the distance from one

The shipped classifier's pins ship with it; those of other judges lie in a file of the user's. A language
model is asked anew, never answered from the cache of rulings: that would say what it said before.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sordino.core.errors import JudgeError, SpecError, unknown
from sordino.core.protocols import Item, Judge
from sordino.core.records import Reading, Unjudged
from sordino.core.tokens import estimated_tokens
from sordino.judging import drift, pins
from sordino.judging.drift import Drift
from sordino.judging.llm import FAILURE, LLMJudge
from sordino.judging.pins import Pin
from sordino.judging.reference_set import ReferenceSet
from sordino.reporting import document
from sordino.store.location import url_of
from sordino.wiring import judges, llm_judging
from sordino.wiring.llm_judging import JudgeSettings

BESIDE_STORE = "judge-pins.json"
BATCH = 64
IN_A_ROW = 32
"""Failures after which a language model is given up: its server is gone."""

SHIPPED = "shipped with Sordino"
UNCACHED = JudgeSettings(caches=False)
Progress = Callable[[str, int, int], None]
Result = Reading | Unjudged


@dataclass(frozen=True, slots=True)
class Job:
    """What `sordino judge drift` is told.

    pin_to: the id of the judge whose pin is the measure, or its beginning; None is the judge's own.
    pins: the user's file of pins; None is `judge-pins.json` beside the store. asking: of a language model.
    """

    judge: str = "classifier"
    pin_to: str | None = None
    pins: Path | None = None
    store: str = "sordino.db"
    asking: JudgeSettings = UNCACHED

    @property
    def file(self) -> Path:
        """The user's file of pins, there or not. Raises SpecError where a store has no folder."""
        if self.pins is not None:
            return self.pins
        url = url_of(self.store)
        if url.get_backend_name() != "sqlite" or url.database is None:
            raise SpecError("Beside a store on a server is no room for pins. Say where: --pins FILE.")
        return Path(url.database).with_name(BESIDE_STORE)


@dataclass(frozen=True, slots=True)
class Known:
    """A pin and where it was found."""

    pin: Pin
    where: str


@dataclass(frozen=True, slots=True)
class Drifted:
    """How far the judge is from a pin. others: further pins of this reference set, the newest first."""

    drift: Drift
    where: str
    others: Sequence[Known]


@dataclass(frozen=True, slots=True)
class Pinned:
    """A pin that was kept. before: the date of one that says the same and stays in its stead."""

    pin: Pin
    file: Path
    before: str | None


@dataclass(frozen=True, slots=True)
class Asked:
    """What a language model must be asked: how many times, and about how many tokens go in."""

    judge: str
    requests: int
    tokens: int


Told = Callable[[Asked], None]


def measure(job: Job, progress: Progress, told: Told = lambda _asked: None) -> Drifted:
    """Read the reference set and compare with a pin. told: called before a language model is asked.

    Raises JudgeError for a judge without a pin, a pin of another reference set, or pins that are damaged.
    """
    reference = ReferenceSet.shipped()
    known = _known(job)
    with ExitStack() as held:
        judge = _judge(job, held)
        chosen = _chosen(known, judge.id, job)
        drift.check(chosen.pin, reference)
        results = _read(judge, reference, progress, told)
    now = {name: pins.read_of(result) for name, result in results.items()}
    found = drift.compare(reference, chosen.pin, judge.id, now)
    others = [k for k in known if k is not chosen and k.pin.reference == reference.hash]
    return Drifted(found, chosen.where, others)


def pin(job: Job, progress: Progress, told: Told = lambda _asked: None) -> Pinned:
    """Read the reference set and keep what was read in the user's file of pins.

    Raises JudgeError when the judge did not read half of it, and then keeps nothing.
    """
    reference, file = ReferenceSet.shipped(), job.file
    document.check_writable(file)
    there = _of_file(file)
    with ExitStack() as held:
        judge = _judge(job, held)
        results = _read(judge, reference, progress, told)
    made = Pin.of(judge.id, reference, results, datetime.now(UTC).date().isoformat())
    _check_read(made, results)
    kept = pins.added(there, made)
    before = next((p.judged for p in there if p in kept and _same(p, made)), None)
    document.replace(file, pins.text(kept))
    return Pinned(made, file, before)


# -- pins ----------------------------------------------------------------------------------------------


def _same(one: Pin, other: Pin) -> bool:
    return (one.judge, one.reference, one.readings) == (other.judge, other.reference, other.readings)


def _known(job: Job) -> list[Known]:
    """The user's pins before those that ship, the newest first."""
    if job.pins is not None and not job.pins.exists():
        raise JudgeError(f"There is no file of pins {job.pins}. `sordino judge drift --pin` writes one.")
    own = [Known(one, str(job.file)) for one in reversed(_of_file(job.file))] if _has_file(job) else []
    return own + [Known(one, SHIPPED) for one in reversed(pins.shipped())]


def _has_file(job: Job) -> bool:
    return job.pins is not None or (url_of(job.store).get_backend_name() == "sqlite" and job.file.exists())


def _of_file(file: Path) -> list[Pin]:
    if not file.exists():
        return []
    try:
        return pins.parsed(file.read_text(encoding="utf-8"), str(file))
    except (OSError, UnicodeDecodeError) as error:
        raise JudgeError(f"{file} cannot be read: {error}. Name another file with --pins.") from error


def _chosen(known: Sequence[Known], judge: str, job: Job) -> Known:
    """The pin to hold the judge against."""
    if job.pin_to is None:
        own = next((k for k in known if k.pin.judge == judge), None)
        if own is None:
            others = [f"{k.pin.judge} ({k.pin.judged})" for k in known]
            or_other = (
                f", or hold it against another's with --pin-to: {', '.join(others)}" if others else ""
            )
            raise JudgeError(f"There is no pin of {judge}. Make one with --pin{or_other}.")
        return own
    meant = [k for k in known if k.pin.judge == job.pin_to]
    meant = meant or [k for k in known if job.pin_to and k.pin.judge.startswith(job.pin_to)]
    ids = list(dict.fromkeys(k.pin.judge for k in meant))
    if len(ids) > 1:
        raise SpecError(
            f"--pin-to {job.pin_to!r} begins {len(ids)} pins: {', '.join(ids)}. Give more of it."
        )
    if not meant:
        names = list(dict.fromkeys(k.pin.judge for k in known))
        raise SpecError(f"--pin-to: {unknown('pin', job.pin_to, names, 'Make one with --pin.')}")
    return meant[0]


def _check_read(made: Pin, results: Mapping[str, Result]) -> None:
    unread = [result.why for result in results.values() if isinstance(result, Unjudged)]
    if len(unread) * 2 > len(made.readings):
        raise JudgeError(
            f"{made.judge} did not read {len(unread):,} of {len(made.readings):,} cases (for one: "
            f"{unread[0][:200]}). Nothing was pinned. Mend the judge, and give the command again."
        )


# -- reading -------------------------------------------------------------------------------------------


def _judge(job: Job, held: ExitStack) -> Judge:
    if llm_judging.is_llm(job.judge):
        return held.enter_context(llm_judging.judge(job.judge, job.asking))
    if job.asking.rubric is not None:
        raise SpecError(f"--rubric is for language models, and {job.judge} is none. Leave it out.")
    return judges.named(job.judge)


def _read(judge: Judge, reference: ReferenceSet, progress: Progress, told: Told) -> dict[str, Result]:
    """Results by the case's id."""
    names = {item[1].key: name for name, item in reference.items}
    items = [item for _, item in reference.items]
    stream = _asked(judge, items, told) if isinstance(judge, LLMJudge) else _batched(judge, items)
    found: dict[str, Result] = {}
    progress("reading the reference set", 0, len(items))
    for result in stream:
        found[names[result.key]] = result
        progress("reading the reference set", len(found), len(items))
    return found


def _batched(judge: Judge, items: Sequence[Item]) -> Iterator[Result]:
    for start in range(0, len(items), BATCH):
        yield from judge.read(items[start : start + BATCH])


def _asked(judge: LLMJudge, items: Sequence[Item], told: Told) -> Iterator[Result]:
    requests = [request for item in items if (request := judge.request(item))]
    tokens = sum(estimated_tokens(m.content) for request in requests for m in request.messages)
    told(Asked(judge.id, len(requests), tokens))
    failures = 0
    for result in judge.stream(items):
        failed = isinstance(result, Unjudged) and result.why.startswith(FAILURE)
        failures = failures + 1 if failed else 0
        if isinstance(result, Unjudged) and failures >= IN_A_ROW:
            raise JudgeError(
                f"The judge {judge.identity.spec} failed {failures} times in a row; the last time: "
                f"{result.why.removeprefix(f'{FAILURE}: ')[:200]}. Check its address, the model's name and "
                "the key (SORDINO_JUDGE_KEY)."
            )
        yield result
