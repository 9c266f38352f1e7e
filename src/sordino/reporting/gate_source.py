"""What the outputs of a gate are made from: the checks, and the run that they are about."""

from collections.abc import Sequence
from dataclasses import dataclass

from sordino.comparing.gate import Check, Gate
from sordino.core.manifest import Manifest


@dataclass(frozen=True, slots=True)
class GateSource:
    """A judged run.

    sentence: what the run found. notes: what a reader of its figures must know. baseline: of the run that a
    change is measured from; None where no rule is about one.
    """

    gate: Gate
    manifest: Manifest
    sentence: str
    notes: Sequence[str] = ()
    baseline: Manifest | None = None

    @property
    def checks(self) -> Sequence[Check]:
        return self.gate.checks
