"""A gate from what people write: rules from options or a file, runs from a store, and what judges them."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, ValidationError, model_validator

from sordino.auditing import comparable
from sordino.comparing import comparison, differences, reachable
from sordino.comparing.align import paired, unpaired
from sordino.comparing.gate import Result, applicable, judge
from sordino.comparing.owed import with_unmet
from sordino.comparing.relation import relate
from sordino.comparing.rules import DEFAULTS, Rule, parse
from sordino.core.errors import PackError, SpecError
from sordino.core.records import Estimate
from sordino.packs import errors, reading
from sordino.packs.schema import Text, Written, refuse
from sordino.reporting import gate_words
from sordino.reporting.gate_source import GateSource
from sordino.store.store import Store
from sordino.wiring.judges import installed
from sordino.wiring.run import Run

Progress = Callable[[str, int, int], None]


def gate(
    run: Run,
    rules: Sequence[Rule],
    *,
    baseline: Run | None = None,
    allows_undecided: bool = False,
    progress: Progress = lambda _stage, _done, _total: None,
) -> GateSource:
    """Judge a finished run by rules; by the default ones where there are none.

    baseline: the run from which a change is measured.
    Raises SpecError for a rule that names no estimate, StoreError for a run that is not finished.
    """
    _check_changes(rules, baseline)
    with Store.open(run.store, create=False) as opened:
        run.check_finished(opened)
        estimates = opened.estimates(run.id)
    notes = [*run.manifest.notes, *comparable.outdated(run.manifest, installed())]
    if baseline is not None:
        estimates += _changes(baseline, run, estimates, progress)
        notes += _between(baseline, run)
    judged = judge(
        rules or _default(estimates),
        estimates,
        allows_undecided=allows_undecided,
        places=run.manifest.jurisdictions,
    )
    if missing := gate_words.scarce(judged.rules, estimates, run.manifest):
        notes.append(missing)
    if judged.count(Result.UNDECIDED):
        progress("what can be shown", 0, 1)
        judged = reachable.with_best(judged, run.outcomes)
        progress("what can be shown", 1, 1)
    return GateSource(
        replace(judged, by_default=not rules),
        run.manifest,
        run.sentence,
        tuple(notes),
        None if baseline is None else baseline.manifest,
    )


def _check_changes(rules: Sequence[Rule], baseline: Run | None) -> None:
    """A rule about a change needs a baseline, and a baseline such a rule."""
    about = [rule for rule in rules if rule.is_change]
    if about and baseline is None:
        raise SpecError(f"The rule '{about[0]}' needs a run that it is a change from: --against RUN.")
    if baseline is not None and not about:
        raise SpecError(
            f"--against {baseline.id}: no rule is about a change. Add one, such as "
            "--rule 'withheld.change <= 10 points'."
        )


def _changes(baseline: Run, run: Run, estimates: Sequence[Estimate], progress: Progress) -> list[Estimate]:
    if baseline.id == run.id:
        raise SpecError(f"--against {baseline.id}: the run would be judged against itself. Name another.")
    with Store.open(baseline.store, create=False) as opened:
        baseline.check_finished(opened)
    seed = int(str(run.manifest.settings.get("seed") or 0))
    found = differences.changes(baseline.outcomes, run.outcomes, seed=seed, progress=progress)
    if not found:
        raise SpecError(
            f"--against {baseline.id}: it shares no probe with {run.id}, so there is no change to judge. "
            "Audit both with the same --pack; of recordings, with the same --siblings and columns."
        )
    return with_unmet([change.estimate for change in found], run.outcomes, estimates)


def _between(baseline: Run, run: Run) -> list[str]:
    """What a reader of changes must know: as a comparison of the two says it, and what has no partner."""
    a, b = baseline.manifest, run.manifest
    pairs = paired(baseline.outcomes, run.outcomes)
    alone = [sum(left.values()) for left in unpaired(baseline.outcomes, run.outcomes)]
    told = comparison.notes(a, b, pairs, relate(a, b), sum(alone))
    return told + [
        f"{left:,} of {left + len(pairs):,} questions of {mine} have no partner in {other}: they are in no "
        "change."
        for left, mine, other in zip(alone, (baseline.id, run.id), (run.id, baseline.id), strict=True)
        if left
    ]


def _default(estimates: Sequence[Estimate]) -> list[Rule]:
    found = applicable(DEFAULTS, estimates)
    if not found:
        raise SpecError(
            "Nothing in this run is judged by the default rules "
            f"({', '.join(map(str, DEFAULTS))}). Name a rule: --rule 'withheld.rate <= 20%'."
        )
    return found


def rules(texts: Sequence[str], file: Path | None = None) -> list[Rule]:
    """Those of the options, then those of the file.

    Raises SpecError for what is no rule, and for one rule in two sets of words, of which one would be lost.
    """
    found = [parse(text) for text in texts] + ([] if file is None else read(file))
    kept: dict[Rule, Rule] = {}
    for rule in found:
        first = kept.setdefault(rule, rule)
        if (first.name, first.why) != (rule.name, rule.why):
            words = " and ".join(
                repr(one.name or one.why) if one.name or one.why else "no name" for one in (first, rule)
            )
            raise SpecError(f"The rule '{rule}' is given twice, with {words}. Keep one of them.")
    return list(kept)


def read(path: Path) -> list[Rule]:
    """The rules of a file. Raises SpecError, which names the file, the line and the mend.

    rules:
      - withheld.selectivity <= 25 points
      - {rule: withheld.rate <= 20%, name: Speaks, why: What users were promised.}
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SpecError(f"--rules {path} cannot be read: {error.strerror}.") from error
    if not content.strip():
        raise SpecError(f"{path}: the file is empty. Write `rules:` and one `- ` a line.")
    try:
        document = reading.read(content, str(path))
    except PackError as error:
        raise SpecError(str(error)) from error
    try:
        return [entry.parsed for entry in _File.model_validate(document.value).rules]
    except ValidationError as error:
        raise SpecError(str(errors.from_validation(error, document))) from error


class _Entry(Written):
    rule: Text
    name: str = ""
    why: str = ""

    @model_validator(mode="before")
    @classmethod
    def _rule_alone(cls, value: Any) -> Any:
        return {"rule": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        try:
            self.parsed  # noqa: B018 - for what it raises
        except SpecError as error:
            refuse(str(error), "rule")
        return self

    @property
    def parsed(self) -> Rule:
        return replace(parse(self.rule), name=self.name, why=self.why)


class _File(Written):
    rules: Annotated[list[_Entry], Field(min_length=1)]
