"""What an audit owes: every probe with the request that asks it."""

from collections.abc import Callable, Iterable

from sordino.core.errors import SpecError
from sordino.core.identity import make_request
from sordino.core.manifest import Owed
from sordino.core.protocols import TargetIdentity
from sordino.core.records import Probe, Request, Sampling


def plan(
    probes: Iterable[Probe],
    target: TargetIdentity,
    *,
    sampling: Sampling | None = None,
    system: str | None = None,
    prefill: str | None = None,
    samples: int = 1,
    epoch: str = "",
    holds: Callable[[Request], bool] | None = None,
) -> list[Owed]:
    """One entry a probe and sample, in the probes' order.

    holds: for a target that cannot be asked anew (a recording), whether it has an answer; what it
      does not have is owed without a request and stays "not asked".

    Raises SpecError when two cells ask the same question but require different facts: one answer cannot be
    read for both.
    """
    owed = []
    asked_by: dict[str, Probe] = {}
    for probe in probes:
        for sample in range(samples):
            request = make_request(
                probe.question,
                target.revision,
                sampling=sampling,
                system=system,
                prefill=prefill,
                sample=sample,
                epoch=epoch,
            )
            other = asked_by.setdefault(request.key, probe)
            if other.cell != probe.cell and (probe.cell.facts or probe.cell.flags):
                raise SpecError(
                    f"{other.id} and {probe.id} ask the same question ({probe.question[:60]!r}) "
                    "about different cells. Word one of them differently."
                )
            asked = holds is None or holds(request)
            if asked or sample == 0:
                owed.append(Owed(probe, request if asked else None))
    return owed
