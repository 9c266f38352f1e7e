"""Where the jobs of a sweep run: which executor, and how many of them at once."""

from collections.abc import Sequence
from dataclasses import dataclass

from sordino.core.errors import SpecError, unknown
from sordino.core.protocols import Executor
from sordino.execution.job_processes import JobProcesses, cores
from sordino.wiring.sweeping import Planned

KINDS = ("local", "ray")
WAITING = 4
"""Audits of servers and recordings at once, on a machine with fewer cores: servers take their time."""


@dataclass(frozen=True, slots=True)
class Room:
    """What this machine has room for.

    processes: at once. computing: how many of them may run a model. threads: that each computes with.
    workers: processes within each audit; None where it may take what it would alone.
    """

    processes: int
    computing: int
    threads: int
    workers: int | None


def check(jobs: int | None, kind: str, address: str | None) -> None:
    """Raises SpecError for what cannot be, whatever is to be done: known before anything is looked up."""
    if kind not in KINDS:
        raise SpecError(f"--executor: {unknown('executor', kind, KINDS)}")
    if jobs is not None and jobs < 1:
        raise SpecError(f"--jobs {jobs}: give a number of processes, such as --jobs 2, or leave it out.")
    if kind == "ray":
        from sordino.execution.ray import check_installed  # noqa: PLC0415

        check_installed()
    elif address is not None:
        raise SpecError("--ray-address is for --executor ray. Give that too, or leave it out.")


def room(planned: Sequence[Planned], jobs: int | None, kind: str) -> Room:
    """What this machine has room for. jobs: how many at once, where somebody says so. kind: of executor."""
    due = [one for one in planned if not one.finished]
    models = [one for one in due if one.device is not None]
    computing = _computing(models, jobs)
    others = max(cores(), WAITING) if len(models) < len(due) else 0
    processes = max(1, min(jobs or max(computing, others), len(due)))
    threads = max(1, cores() // (computing if models else processes))
    workers = 1 if computing > 1 else None
    if kind == "ray":
        # Its tasks take turns at cores alone, and must not begin processes that it does not know of.
        processes, workers = min(computing, processes) if models else processes, 1
    return Room(processes, computing, threads, workers)


def executor(kind: str, fits: Room, jobs: int | None, address: str | None) -> Executor:
    """The executor of a kind. address: of a Ray cluster that runs; None begins one on this machine."""
    if kind == "local":
        return JobProcesses(fits.processes, fits.threads, fits.computing)
    from sordino.execution.ray import RayCluster  # noqa: PLC0415

    if address is not None:
        return RayCluster(address, jobs)
    return RayCluster(None, fits.processes, fits.threads)


def _computing(models: Sequence[Planned], jobs: int | None) -> int:
    """How many of the models may run at once: one on an accelerator, and one of those whose size is known
    only once they are fetched. Else as many as there are cores, if so many leave half of the memory.
    """
    sizes = [one.weights for one in models]
    if not models or any(one.device != "cpu" for one in models):
        return 1
    if jobs is not None:
        return jobs
    known = [size for size in sizes if size is not None]
    if len(known) < len(sizes):
        return 1
    from sordino.modeling import hardware  # noqa: PLC0415 - brings torch

    fitting = hardware.memory_of("cpu") // 2 // max(1, *known)
    return max(1, min(cores(), fitting, len(models)))
