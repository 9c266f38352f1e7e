"""Jobs on a Ray cluster: on this machine, or on many.

Ray finds the machine, and says when a process died; what is done about it is decided as for processes here
(`execution.jobs`). Several machines, accelerators and Ray's client (`ray://`) were not run here.
"""

import os
import socket
from collections import deque
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, chdir, redirect_stdout
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from sordino.core.errors import SpecError
from sordino.core.jobs import Done, Event, Failed, Job, Lost
from sordino.execution.jobs import Deaths, carried_out, limit_threads

Result = TypeVar("Result")
EVERY = 0.5
"""Seconds between two words about a stage's progress: each is a message over the network."""
POLL = 0.2
OBJECT_STORE = 100 << 20
"""Bytes of shared memory of a cluster that is begun here; only settings and sentences go through it."""
SECONDS_TO_STOP = 20.0
SECONDS_TO_ANSWER = 10.0
_RESOURCES = {"num_cpus": "CPU", "num_gpus": "GPU"}
_ABSENT = "--executor ray needs Ray. Install it with: pip install 'sordino[ray]'"
_MEND = "Memory is the usual reason: do fewer jobs at once (--jobs), or give it a smaller batch_size."


class RayCluster:
    """Does jobs as tasks of a Ray cluster.

    address: of one that runs, as `ray.init` takes it; None begins one on this machine, and ends it.
    tasks: at once; None means as many as the cluster has room for. threads: cores of each in which a model
    runs; None means all of its smallest machine. Where the cluster has accelerators, a task in which a
    model runs has one of them, and one core.
    """

    def __init__(self, address: str | None, tasks: int | None = None, threads: int | None = None) -> None:
        self.address, self.tasks = address, tasks
        self._threads = threads
        self._held = ExitStack()

    def __enter__(self) -> Self:
        """Raises SpecError where Ray is not installed, or no cluster answers."""
        ray = _ray()
        _knock(self.address)
        # Its driver prints what befalls its processes on stdout, whatever it is told about logs.
        nowhere = self._held.enter_context(Path(os.devnull).open("w", encoding="utf-8"))
        self._held.enter_context(redirect_stdout(nowhere))
        try:
            self._held.callback(ray.shutdown)
            ray.init(log_to_driver=False, logging_level="ERROR", **self._begun())
        except (ConnectionError, ValueError, RuntimeError, TimeoutError) as error:
            self._held.close()
            raise SpecError(_unreachable(self.address, error)) from error
        except BaseException:
            self._held.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._held.close()

    def run(self, jobs: Sequence[Job[Result]]) -> Generator[Event[Result], None, None]:
        """What happens, until every job is done or has failed. Closing it stops them, in order."""
        flight = _Flight(self, jobs)
        try:
            yield from flight.events()
        finally:
            flight.stop()

    @cached_property
    def threads(self) -> int:
        """Cores of a task in which a model runs."""
        return self._threads or max(1, int(min(node.get("CPU", 0) for node in self._nodes)))

    @cached_property
    def _nodes(self) -> list[Mapping[str, float]]:
        return [node["Resources"] for node in _ray().nodes() if node["Alive"]]

    @property
    def machines(self) -> int:
        return len(self._nodes)

    def needs(self, job: Job[Result]) -> dict[str, float]:
        """What a job's task has to itself."""
        if not job.computes:
            return {"num_cpus": 1}
        if any(node.get("GPU", 0) for node in self._nodes):
            return {"num_cpus": 1, "num_gpus": 1}
        return {"num_cpus": self.threads}

    def room(self, jobs: Sequence[Job[Result]]) -> int:
        """How many of the jobs may be under way at once. A task that waits for a free core would begin
        whenever another waits for a word to arrive, and both would then share it.
        """
        if self.tasks is not None:
            return self.tasks
        most = [
            int(
                sum(
                    min(node.get(_RESOURCES[what], 0) // n for what, n in self.needs(job).items())
                    for node in self._nodes
                )
            )
            for job in jobs
        ]
        return max(1, min(most, default=1))

    def _begun(self) -> dict[str, object]:
        if self.address is not None:
            return {"address": self.address}
        return {
            "address": "local",
            # One more than the tasks take: what Ray itself runs may want a slot.
            "num_cpus": (self.tasks or 1) * (self._threads or 1) + 1,
            "include_dashboard": False,
            "object_store_memory": OBJECT_STORE,
        }


class _Flight(Generic[Result]):
    """The tasks that are under way, and the jobs that nobody has had yet."""

    def __init__(self, of: RayCluster, jobs: Sequence[Job[Result]]) -> None:
        from ray.util.queue import Queue  # noqa: PLC0415
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy  # noqa: PLC0415

        self._ray, self._of = _ray(), of
        self._due = deque(jobs)
        self._room = of.room(jobs)
        self._tasks: dict[Any, Job[Result]] = {}
        self._deaths = Deaths()
        # Beside whoever listens: it must not go with a machine that goes.
        here = NodeAffinitySchedulingStrategy(self._ray.get_runtime_context().get_node_id(), soft=False)
        self._said = Queue(actor_options={"num_cpus": 0, "scheduling_strategy": here})

    def events(self) -> Generator[Event[Result], None, None]:
        """What is heard of the jobs; of each in order."""
        while self._due or self._tasks:
            self._submit()
            ended, _ = self._ray.wait(list(self._tasks), timeout=POLL)
            yield from self._heard()  # all that an ended task said is there
            for task in ended:
                yield self._ended(task)

    def stop(self) -> None:
        """Interrupt what is under way, and wait until it has stopped."""
        for task in self._tasks:
            self._ray.cancel(task)
        if self._tasks:
            tasks = list(self._tasks)
            self._ray.wait(tasks, num_returns=len(tasks), timeout=SECONDS_TO_STOP)
        self._said.shutdown(force=True)

    def _submit(self) -> None:
        # A death is ours to count, and to tell of.
        work = self._ray.remote(max_retries=0)(_work)
        while self._due and len(self._tasks) < self._room:
            job = self._due.popleft()
            options = {"name": "sordino", **self._of.needs(job)}
            task = work.options(**options).remote(job, self._said, str(Path.cwd()), self._of.threads)
            self._tasks[task] = job

    def _heard(self) -> list[Event[Result]]:
        return list(self._said.get_nowait_batch(self._said.qsize()))

    def _ended(self, task: Any) -> Done[Result] | Failed | Lost:
        errors, job = self._ray.exceptions, self._tasks.pop(task)
        died = (errors.WorkerCrashedError, errors.NodeDiedError, errors.OutOfMemoryError)
        try:
            ended: Done[Result] | Failed = self._ray.get(task)
        except died as death:
            said = self._deaths.after(job, type(death).__name__, _MEND)
            if isinstance(said, Lost):
                self._due.append(self._deaths.again(job))
            return said
        except errors.RayError as error:
            where = "Is this Sordino, with what the job needs, installed on every machine of the cluster?"
            return Failed(job.name, f"Ray could not do it. {where}", str(error))
        return ended


def _work(job: Job[Result], said: Any, folder: str, threads: int) -> Done[Result] | Failed:
    """What a task does, in a process of the cluster."""
    limit_threads(threads)
    with ExitStack() as held:
        if Path(folder).is_dir():
            held.enter_context(chdir(folder))
        return carried_out(job, said.put, EVERY)


def check_installed() -> None:
    """Raises SpecError where Ray is not. It is not loaded for that, which takes seconds."""
    if find_spec("ray") is None:
        raise SpecError(_ABSENT)


def _ray() -> Any:
    # It must be told before it is loaded; nobody asked for reports to its makers.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray  # noqa: PLC0415 - most sweeps need none
    except ImportError as error:
        raise SpecError(_ABSENT) from error
    return ray


def _knock(address: str | None) -> None:
    """Ray itself tries for many minutes to reach a machine that is not there."""
    host, _, port = (address or "").rpartition("://")[2].rpartition(":")
    if not port.isdecimal():
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), SECONDS_TO_ANSWER).close()
    except (OSError, OverflowError) as error:
        raise SpecError(_unreachable(address, error)) from error


def _unreachable(address: str | None, error: Exception) -> str:
    said = (str(error).strip() or type(error).__name__).partition("\n")[0]
    if address is None:
        return f"Ray cannot begin on this machine: {said}"
    return f"No Ray cluster can be reached at {address!r} ({said}). Begin one with `ray start --head`."
