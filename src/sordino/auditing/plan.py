"""What an audit owes: every probe with the request that asks it."""

from collections.abc import Callable, Iterable

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
    samples: int = 1,
    epoch: str = "",
    holds: Callable[[Request], bool] | None = None,
) -> list[Owed]:
    """One entry a probe and sample, in the probes' order.

    holds: for a target that cannot be asked anew (a recording), whether it has an answer; what it
      does not have is owed without a request and stays "not asked".
    """
    owed = []
    for probe in probes:
        for sample in range(samples):
            request = make_request(
                probe.question,
                target.revision,
                sampling=sampling,
                system=system,
                sample=sample,
                epoch=epoch,
            )
            asked = holds is None or holds(request)
            if asked or sample == 0:
                owed.append(Owed(probe, request if asked else None))
    return owed
