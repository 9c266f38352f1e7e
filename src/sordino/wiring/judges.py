"""Which judges read an audit, and which one a command names."""

from collections.abc import Mapping, Sequence

from sordino.core.errors import SpecError, unknown
from sordino.core.manifest import Owed
from sordino.core.protocols import Judge
from sordino.core.records import Axis


def judges(owed: Sequence[Owed], model: str, *, traces: bool) -> list[Judge]:
    """The shipped judges that have something to read.

    model: the target's name: the classifier reads it with arrays that never saw its labels.
    traces: whether any answer may bring a reasoning trace; one that brings none is unjudged.
    """
    from sordino.judging.classifier import Classifier  # noqa: PLC0415 - loads arrays
    from sordino.judging.facts import Facts  # noqa: PLC0415
    from sordino.judging.flags import Flags  # noqa: PLC0415
    from sordino.judging.reasoning import Reasoning  # noqa: PLC0415

    # By object: the probes of a cell share it, and cells cannot be hashed.
    cells = list({id(o.probe.cell): o.probe.cell for o in owed}.values())
    facts = Facts(cells)
    classifier = Classifier.shipped(model)
    chosen: list[Judge] = [classifier]
    if any(cell.facts for cell in cells):
        chosen.append(facts)
    flags = Flags(cells)
    if any(cell.flags for cell in cells):
        chosen.append(flags)
    if traces:
        chosen.append(Reasoning(classifier, facts, flags))
    return chosen


NAMED = ("classifier",)
"""Judges of engagement that `--judge` knows."""


def named(spec: str, model: str | None = None) -> Judge:
    """The judge of engagement that `--judge` names, to read this model's answers.

    Raises SpecError for a name that does not exist, JudgeError for a judge that cannot be built.
    """
    from sordino.judging.classifier import Classifier  # noqa: PLC0415 - loads arrays
    from sordino.wiring import llm_judging  # noqa: PLC0415 - knows every backend

    if llm_judging.is_llm(spec):
        return llm_judging.judge(spec)
    if spec not in NAMED:
        forms = f"A language model will do too: {', '.join(llm_judging.FORMS.values())}."
        raise SpecError(f"--judge: {unknown('judge', spec, NAMED, forms)}")
    return Classifier.shipped(model)


def is_llm(spec: str) -> bool:
    """Whether `--judge` names a language model, which is asked and takes its time."""
    from sordino.wiring import llm_judging  # noqa: PLC0415

    return llm_judging.is_llm(spec)


def fold(spec: str, model: str | None) -> int | None:
    """The part of the judge that left this model out of its training; models of one fold share a judge.

    None for a model that the judge was not trained on.
    """
    from sordino.judging.card import JudgeCard  # noqa: PLC0415
    from sordino.judging.folds import fold_of  # noqa: PLC0415

    return fold_of(JudgeCard.shipped(spec).folds, model) if spec in NAMED else None


def unsure_below(spec: str) -> float:
    """The confidence below which a reading of this judge is unsure."""
    from sordino.judging.card import UNSURE_BELOW, JudgeCard  # noqa: PLC0415

    return JudgeCard.shipped(spec).unsure_below if spec in NAMED else UNSURE_BELOW


def installed() -> Mapping[str, str]:
    """The ids, by axis and without folds, of shipped judges whose id does not follow what is asked."""
    from sordino.judging.card import JudgeCard  # noqa: PLC0415

    return {Axis.ENGAGEMENT.value: JudgeCard.shipped("classifier").id}


def by_axis(chosen: Sequence[Judge]) -> Mapping[str, str]:
    """Judge id by axis, as manifests keep it."""
    return {Axis(judge.axis).value: judge.id for judge in chosen}
