"""Which judges read an audit, and their cards for its report."""

from collections.abc import Mapping, Sequence

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
    if any(cell.flags for cell in cells):
        chosen.append(Flags(cells))
    if traces:
        chosen.append(Reasoning(classifier, facts))
    return chosen


def by_axis(chosen: Sequence[Judge]) -> Mapping[str, str]:
    """Judge id by axis, as manifests keep it."""
    return {Axis(judge.axis).value: judge.id for judge in chosen}
